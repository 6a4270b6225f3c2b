import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DecodedEvidence, decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { outcomeOf } from '../../electron/engine/import-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { CORPUS, type CorpusFile, corpusFiles, corpusIsThere } from '../corpus.ts';

/**
 * `node test/engine/corpus-table.ts` rewrites `corpus-captures.tsv`: what becomes of each file of ../shared/corpus. Nothing
 * of their content stands in it. `corpus-captures.test.ts` keeps it true.
 */

const TABLE = fileURLToPath(new URL('./corpus-captures.tsv', import.meta.url));

const COLUMNS = ['path', 'sha256', 'format', 'link types', 'packets', 'flows', 'status', 'problems'];

/** Decodes a file of the corpus; the flows that came out are counted apart from what the decoder says of them. */
export async function decodeCorpusFile(file: CorpusFile): Promise<{ decoded: DecodedEvidence; rows: number }> {
  let rows = 0;
  const decoded = await decodeEvidence(`${CORPUS}${file.path}`, DEFAULT_TIMEOUTS, {
    file: () => undefined,
    segment: (segment) => {
      rows += segment.rows;
    },
    names: () => undefined,
    progress: () => undefined,
  });
  return { decoded, rows };
}

/** A file's line of the table: its hash by the first 16 digits, `-` where a column is empty, problems as kind×count. */
export function tableLine(file: CorpusFile, decoded: DecodedEvidence): string {
  const problems = decoded.problems.map(({ kind, count }) => `${kind}×${count}`).toSorted();
  return [
    file.path,
    decoded.sha256.slice(0, 16),
    decoded.format ?? '-',
    decoded.linkTypes.join(', ') || '-',
    decoded.packets,
    decoded.flows,
    outcomeOf(decoded).status,
    problems.join(' ') || '-',
  ].join('\t');
}

/** Lines of the committed table, without its head. */
export function committedLines(): string[] {
  return readFileSync(TABLE, 'utf8').trimEnd().split('\n').slice(1);
}

if (import.meta.main) {
  if (corpusIsThere) {
    const lines = [COLUMNS.join('\t')];
    for (const file of corpusFiles()) lines.push(tableLine(file, (await decodeCorpusFile(file)).decoded));
    writeFileSync(TABLE, `${lines.join('\n')}\n`);
    process.stdout.write(`${lines.length - 1} files written to ${TABLE}\n`);
  } else {
    process.stderr.write('corpus-table: ../shared/corpus is not there\n');
    process.exitCode = 2;
  }
}
