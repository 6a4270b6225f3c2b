import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type FileComparison, compareFile } from './compare.ts';
import { readVocabulary } from './expected-label.ts';
import { readExpected } from './expected.ts';
import { ownFlowSource } from './own-flows.ts';
import { addUp, printTotals } from './tally.ts';

/**
 * `npm run score -- DIR [--json FILE] [--limit N] [--vocabulary FILE]`: imports every evidence file of which
 * DIR/expected.jsonl has flow records, one case each, and compares our flows and labels with what other tools say.
 */

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' }, limit: { type: 'string' }, vocabulary: { type: 'string' } },
  });
  const [folder] = positionals;
  const limit = values.limit === undefined ? Infinity : Number(values.limit);
  if (folder === undefined || positionals.length > 1 || !(limit > 0)) {
    process.stderr.write('usage: npm run score -- DIR [--json FILE] [--limit N] [--vocabulary FILE]\n');
    return 1;
  }
  const table = readVocabulary(values.vocabulary ?? path.join(folder, '../vocabulary.tsv'));
  const byPath = readExpected(path.join(folder, 'expected.jsonl'));
  const paths = [...byPath.keys()].filter((_, place) => place < limit);
  const scratch = mkdtempSync(path.join(tmpdir(), 'enclave-score-'));
  const compared: FileComparison[] = [];
  const failures: { path: string; failure: string }[] = [];
  const begun = performance.now();
  try {
    const flowsOf = ownFlowSource(scratch);
    for (const evidence of paths) {
      const file = path.join(folder, evidence);
      const got = existsSync(file) ? await flowsOf(file) : { failure: 'the file is not there' };
      if ('failure' in got) failures.push({ path: evidence, failure: got.failure });
      compared.push(compareFile(byPath.get(evidence) ?? [], 'flows' in got ? got.flows : [], table));
      if (process.stderr.isTTY) process.stderr.write(`\r${compared.length} of ${paths.length} files`);
    }
    if (process.stderr.isTTY) process.stderr.write('\n');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }

  const totals = addUp(compared);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  process.stdout.write(`${printTotals(totals)}\n\n`);
  for (const { path: file, failure } of failures) process.stdout.write(`could not be scored: ${file}: ${failure}\n`);
  process.stdout.write(
    `${paths.length - failures.length} of ${byPath.size} files scored in ${seconds} s, ${failures.length} failed\n`,
  );
  if (values.json !== undefined) {
    const differences = compared
      .flatMap((file) => file.flows)
      .flatMap((flow) => {
        const wrong = Object.entries(flow.verdicts).filter(([, verdict]) => verdict.outcome !== 'agree');
        if (wrong.length === 0 && flow.presence === 'found') return [];
        return [{ ...flow, verdicts: Object.fromEntries(wrong) }];
      });
    writeFileSync(
      values.json,
      `${JSON.stringify({ files: paths.length, failures, ...totals, differences }, null, 1)}\n`,
    );
  }
  return failures.length === 0 ? 0 : 3;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`score: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
