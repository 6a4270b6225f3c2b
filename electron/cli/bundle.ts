import { resolve } from 'node:path';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson } from './session.ts';
import { bytes, count, out, safe } from './terminal.ts';
import { readArguments, usageError } from './usage.ts';

/** `enclave bundle`: a sealed case for others. */
export function bundle(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    'bundle',
    args,
    {
      out: { type: 'string' },
      'with-evidence': { type: 'string', default: 'none' },
      evidence: { type: 'string' },
      report: { type: 'boolean', default: false },
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  const { out: folder, report, 'with-evidence': chosen } = values;
  if (folder === undefined || folder === '') throw usageError('bundle', '--out DIRECTORY or FILE.tar is missing');
  const evidence =
    chosen === 'none' || chosen === 'all' ? chosen : [...new Set(chosen.split(',').map((id) => id.trim()))];
  return inSession(values, async (session) => {
    const made = await session.seal({
      case: resolve(positionals[0]),
      out: resolve(folder),
      evidence,
      evidenceDirectory: values.evidence === undefined ? null : resolve(values.evidence),
      report,
    });
    if (values.json) printJson(made);
    else {
      const whole = made.evidence.filter(({ included }) => included).length;
      out(
        `${safe(made.out)}: ${count(made.files)} files, ${bytes(made.bytes)}; ` +
          `of ${count(made.evidence.length)} evidence files ${count(whole)} whole${whole < made.evidence.length ? ', the others by their hashes' : ''}\n` +
          `SHA-256 of manifest.json: ${made.manifestSha256}\nCheck it with: enclave verify ${safe(made.out)}\n`,
      );
    }
    return 0;
  });
}
