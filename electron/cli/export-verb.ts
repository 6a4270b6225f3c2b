import { basename, resolve } from 'node:path';
import { EXPORT_TABLES, WHOLE_EXPORTS } from '../../shared/jobs.ts';
import { formatCounted } from '../../shared/number-format.ts';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson } from './session.ts';
import { out, safe } from './terminal.ts';
import { readArguments, usageError } from './usage.ts';

const ROW_FORMATS = ['csv', 'ndjson', 'parquet'];

/** Writes a table of the case, or all of it, and enters the file with its hash into the audit chain. */
export function exportVerb(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    'export',
    args,
    {
      what: { type: 'string' },
      format: { type: 'string' },
      out: { type: 'string' },
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  const { format } = values;
  if (values.out === undefined) throw usageError('export', '--out FILE is missing');
  if (format === undefined) throw usageError('export', '--format is missing');
  const what = EXPORT_TABLES.find((table) => table === values.what) ?? null;
  if (values.what !== undefined && what === null) throw usageError('export', `unknown table "${values.what}"`);
  const formats: readonly string[] = what === null ? WHOLE_EXPORTS : ROW_FORMATS;
  if (!formats.includes(format)) {
    const isRows = what === null && ROW_FORMATS.includes(format);
    throw usageError('export', isRows ? `--what is missing for ${format}` : `unknown format "${format}"`);
  }
  const path = resolve(positionals[0]);
  const file = resolve(values.out);
  return inSession(values, async (session) => {
    const result = await session.run('exportCase', { case: path, what, format, out: file });
    const detail = { what: what ?? 'case', format, file: basename(file), ...result };
    await session.run('audit', { case: path, action: 'export', detail });
    if (values.json) printJson({ path: file, ...result });
    else {
      const rows = result.rows === null ? '' : `${formatCounted(result.rows, 'row')}, `;
      out(`${safe(file)}: ${rows}${formatCounted(result.bytes, 'byte')}, SHA-256 ${result.sha256}\n`);
    }
    return 0;
  });
}
