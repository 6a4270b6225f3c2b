import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type FileComparison, OurFlow, compareFile } from './compare.ts';
import { readVocabulary } from './expected-label.ts';
import { readExpected } from './expected.ts';
import { addUp, printTotals } from './tally.ts';

/**
 * `npm run score -- DIR [--json FILE] [--limit N] [--vocabulary FILE]`: imports every evidence file of which
 * DIR/expected.jsonl has flow records, one case each, and compares our flows and labels with what other tools say.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = path.join(ROOT, 'electron/cli/launch.js');
const PARALLEL = 2;
const TIME_LIMIT_MS = 120_000;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(launcher: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 30, timeout: TIME_LIMIT_MS };
    execFile(process.execPath, [launcher, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Our flows of one evidence file, or why there are none. */
export type FlowSource = (evidence: string) => Promise<{ flows: OurFlow[] } | { failure: string }>;

function failureOf(verb: string, { code, stderr }: Ended): { failure: string } {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return { failure: `${verb}: ${code === null ? 'killed or out of time' : `exit code ${code}`}: ${last}` };
}

function ndjsonFlows(text: string): { flows: OurFlow[] } | { failure: string } {
  const flows: OurFlow[] = [];
  for (const [place, line] of text.split('\n').entries()) {
    if (line === '') continue;
    try {
      flows.push(OurFlow.parse(JSON.parse(line)));
    } catch (error) {
      return { failure: `flows: line ${place + 1} is no flow record: ${error instanceof Error ? error.message : ''}` };
    }
  }
  return { flows };
}

/** Imports by the command line (`launcher`), each file into a fresh copy of an empty case in `folder`. */
export async function commandLineSource(folder: string, launcher: string = LAUNCHER): Promise<FlowSource> {
  const enclave = (...args: string[]): Promise<Ended> => run(launcher, args);
  const empty = path.join(folder, 'empty.enclave');
  const made = await enclave('new', empty);
  if (made.code !== 0) throw new Error(failureOf('new', made).failure);
  let serial = 0;
  return async (evidence) => {
    const name = path.join(folder, `${++serial}.enclave`);
    copyFileSync(empty, name);
    try {
      const imported = await enclave('import', name, evidence, '--no-analyse', '--json');
      if (imported.code !== 0 && imported.code !== 3) return failureOf('import', imported);
      const listed = await enclave('flows', name, '--format', 'ndjson');
      if (listed.code !== 0) return failureOf('flows', listed);
      return ndjsonFlows(listed.stdout);
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(name + suffix, { force: true });
    }
  };
}

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
    const flowsOf = await commandLineSource(scratch);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let place = next++; place < paths.length; place = next++) {
        const evidence = paths[place] ?? '';
        const file = path.join(folder, evidence);
        const got = existsSync(file) ? await flowsOf(file) : { failure: 'the file is not there' };
        if ('failure' in got) failures.push({ path: evidence, failure: got.failure });
        compared.push(compareFile(byPath.get(evidence) ?? [], 'flows' in got ? got.flows : [], table));
        if (process.stderr.isTTY) process.stderr.write(`\r${compared.length} of ${paths.length} files`);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
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
