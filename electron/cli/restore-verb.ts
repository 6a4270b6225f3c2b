import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { RestoredCase } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { inSession, JSON_OPTION, printJson } from './session.ts';
import { bytes, count, out, safe, table } from './terminal.ts';
import { readArguments } from './usage.ts';

const LATEST = 'latest';

function restoredText({ case: path, backup, entries, evidence, aside }: RestoredCase): string {
  const lines = [
    `${safe(path)}: back from ${safe(backup)}, ${count(entries)} entries of its audit chain\n`,
    'Back: facts, notes, decisions, kept states, indicators, events, overlays of at most 4 MB, findings, audit chain.\n',
    'Not back: flows, their labels, names learnt beside them.\n',
  ];
  if (aside !== null) lines.push(`What lay there is kept as ${safe(aside)}\n`);
  if (evidence.length > 0) {
    lines.push(
      `\nImport this evidence again (enclave import ${safe(path)} PATH...):\n`,
      table(
        ['ID', 'SHA-256', 'Size', 'Was'],
        evidence.map((each) => [each.id, each.sha256, bytes(each.bytes), each.path]),
        [2],
      ),
    );
  }
  return lines.join('');
}

/** `enclave restore`: the backups of a case, or the case out of one of them. */
export function restoreVerb(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    'restore',
    args,
    { from: { type: 'string' }, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  const path = resolve(positionals[0]);
  return inSession(values, async (session) => {
    const backups = await session.run('backups', { case: path });
    const { from } = values;
    if (from === undefined) {
      if (values.json) printJson(backups);
      else if (backups.length === 0) out(`${safe(path)}: no backups\n`);
      else {
        const rows = backups.map((each) => [basename(each.path), count(each.entries), bytes(each.bytes), each.caseId]);
        out(table(['Backup', 'Audit entries', 'Size', 'Case'], rows, [1, 2]));
      }
      return 0;
    }
    const known = from === LATEST ? backups[0] : backups.find((each) => basename(each.path) === from);
    const backup = known?.path ?? resolve(from);
    if (known === undefined && !existsSync(backup)) {
      throw new EnclaveError(
        'no-backup',
        'there is no such backup',
        from === LATEST ? path : backup,
        'see which there are: enclave restore CASE',
      );
    }
    await session.unlock(backup);
    const restored = await session.run('restore', { case: path, from: backup });
    if (values.json) printJson(restored);
    else out(restoredText(restored));
    return 0;
  });
}
