import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type FileComparison, compareFile } from './compare.ts';
import { dnsQuestions } from './dns-questions.ts';
import { readVocabulary } from './expected-label.ts';
import { readExpected } from './expected.ts';
import { addKept, noKeptCategories, precisionByEvidence } from './flow-only.ts';
import { ownFlowSource } from './own-flows.ts';
import { summarise } from './summary.ts';
import { seenProtocols, type SeenProtocols } from './suricata-checks.ts';
import { addUp, printTotals } from './tally.ts';

/**
 * `npm run score -- DIR [--json FILE] [--write FILE] [--limit N] [--vocabulary FILE]`: imports every evidence file of which DIR/expected.jsonl
 * has flow records, one case each, and compares our flows and labels with what other tools say. `--write` puts the summary between the
 * marks in FILE.
 */

const BEGIN = '<!-- score begins -->';
const END = '<!-- score ends -->';

/** Puts a text between the marks of a file. Throws when they are not there. */
function writeBetweenMarks(file: string, text: string): void {
  const old = readFileSync(file, 'utf8');
  const from = old.indexOf(BEGIN);
  const to = old.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${file} has no marks ${BEGIN} and ${END}`);
  writeFileSync(file, `${old.slice(0, from + BEGIN.length)}\n\n${text}\n\n${old.slice(to)}`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      write: { type: 'string' },
      limit: { type: 'string' },
      vocabulary: { type: 'string' },
    },
  });
  const [folder] = positionals;
  const limit = values.limit === undefined ? Infinity : Number(values.limit);
  if (folder === undefined || positionals.length > 1 || !(limit > 0)) {
    process.stderr.write('usage: npm run score -- DIR [--json FILE] [--write FILE] [--limit N] [--vocabulary FILE]\n');
    return 1;
  }
  const table = readVocabulary(values.vocabulary ?? path.join(folder, '../vocabulary.tsv'));
  const byPath = readExpected(path.join(folder, 'expected.jsonl'));
  const paths = [...byPath.keys()].filter((_, place) => place < limit);
  const scratch = mkdtempSync(path.join(tmpdir(), 'enclave-score-'));
  const compared: FileComparison[] = [];
  const kept = noKeptCategories();
  let suricata: SeenProtocols | null = null;
  const failures: { path: string; failure: string }[] = [];
  const begun = performance.now();
  try {
    const flowsOf = ownFlowSource(scratch);
    const flowsWithoutPayload = ownFlowSource(scratch, true);
    for (const evidence of paths) {
      const file = path.join(folder, evidence);
      const got = existsSync(file) ? await flowsOf(file) : { failure: 'the file is not there' };
      if ('failure' in got) failures.push({ path: evidence, failure: got.failure });
      const expected = byPath.get(evidence) ?? [];
      const flows = 'flows' in got ? got.flows : [];
      const comparison = compareFile(expected, flows, table);
      const namesDiffer = comparison.flows.some(({ verdicts }) => verdicts.hostname?.outcome === 'differ');
      compared.push(namesDiffer ? compareFile(expected, flows, table, await dnsQuestions(file)) : comparison);
      if ('flows' in got) {
        const stripped = await flowsWithoutPayload(file);
        if ('flows' in stripped) addKept(kept, got.flows, stripped.flows);
      }
      if (process.stderr.isTTY) process.stderr.write(`\r${compared.length} of ${paths.length} files`);
    }
    if (process.stderr.isTTY) process.stderr.write('\n');
    if (limit === Infinity) suricata = await seenProtocols(folder, flowsOf);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }

  const totals = addUp(compared);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  process.stdout.write(`${printTotals(totals)}\n\n`);
  const { text, unjudged } = summarise(compared, kept, suricata);
  process.stdout.write(`SUMMARY\n\n${text}\n\n`);
  for (const [evidence, { labelled, kept: right }] of precisionByEvidence(kept, true)) {
    process.stdout.write(`without payload: ${evidence}: ${right} of ${labelled} as by payload\n`);
  }
  for (const difference of unjudged) process.stdout.write(`not judged: ${difference}\n`);
  for (const pair of suricata?.unseen ?? []) process.stdout.write(`expected by Suricata, not seen: ${pair}\n`);
  if (values.write !== undefined) writeBetweenMarks(values.write, text);
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
