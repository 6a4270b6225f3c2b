import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { textTable } from '../score/text-table.ts';
import { measureQueries } from './queries.ts';

/**
 * `npm run bench -- FILE [--rounds N] [--flows N]`: how fast one file is imported, beside other tools on the same file in
 * the same run, and how long each kind of query takes on an invented case of N flows (0 leaves the queries out).
 */

const LAUNCHER = fileURLToPath(new URL('../../electron/cli/launch.js', import.meta.url));
const GNU_TIME = '/usr/bin/time';

interface Run {
  seconds: number;
  /** Of the largest process; null when GNU time is not there. */
  peakRssBytes: number | null;
  status: number | null;
  stdout: string;
  stderr: string;
}

function timed(folder: string, command: string, args: readonly string[]): Run {
  const report = path.join(folder, 'time');
  const measured = existsSync(GNU_TIME);
  const [program, given] = measured ? [GNU_TIME, ['-v', '-o', report, command, ...args]] : [command, args];
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync(program, given, { encoding: 'utf8', maxBuffer: 1 << 30, cwd: folder });
  const seconds = (performance.now() - begun) / 1000;
  const kbytes = measured ? /Maximum resident set size \(kbytes\): (\d+)/.exec(readFileSync(report, 'utf8')) : null;
  return { seconds, peakRssBytes: kbytes === null ? null : Number(kbytes[1]) * 1024, status, stdout, stderr };
}

const ImportSummary = z.object({
  evidence: z.array(z.object({ packets: z.number(), flows: z.number(), bytes: z.number() })),
  peakRssBytes: z.number().optional(),
});

function importSummary(stdout: string): z.infer<typeof ImportSummary> | null {
  try {
    return ImportSummary.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  } catch {
    return null;
  }
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((x, y) => x - y);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
  return [sorted[0] ?? 0, median, sorted.at(-1) ?? 0].map((value) => value.toFixed(digits)).join(' / ');
}

function row(what: string, values: readonly number[], digits: number): string[] {
  return [what, spread(values, digits)];
}

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);

/** Seconds of an import into a new case that ends with the labels, as the tools beside it do; null when it fails. */
function labelledSeconds(folder: string, file: string): number | null {
  const made = timed(folder, process.execPath, [LAUNCHER, 'new', 'labels.enclave']);
  const done = timed(folder, process.execPath, [LAUNCHER, 'import', 'labels.enclave', file, '--no-analyse', '--json']);
  return made.status === 0 && (done.status === 0 || done.status === 3) ? done.seconds : null;
}

function benchImport(file: string, rounds: number, scratch: string): string {
  const runs: { seconds: number; labelled: number; packets: number; flows: number; rss: number; ownRss: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const folder = path.join(scratch, `round-${round}`);
    mkdirSync(folder);
    const made = timed(folder, process.execPath, [LAUNCHER, 'new', 'bench.enclave']);
    const done = timed(folder, process.execPath, [LAUNCHER, 'import', 'bench.enclave', file, '--json']);
    const labelled = labelledSeconds(folder, file);
    rmSync(folder, { recursive: true });
    if (made.status !== 0 || (done.status !== 0 && done.status !== 3)) {
      return `import failed (exit codes ${made.status}, ${done.status}): ${made.stderr}${done.stderr}`.trimEnd();
    }
    const summary = importSummary(done.stdout);
    if (summary === null) return 'import gave no summary as its last line';
    if (labelled === null) return 'import --no-analyse failed';
    const { evidence, peakRssBytes } = summary;
    runs.push({
      seconds: done.seconds,
      labelled,
      packets: evidence.reduce((sum, each) => sum + each.packets, 0),
      flows: evidence.reduce((sum, each) => sum + each.flows, 0),
      rss: done.peakRssBytes ?? 0,
      ownRss: peakRssBytes ?? 0,
    });
  }
  const size = statSync(file).size;
  return textTable(
    ['enclave import, whole process', `min / median / max of ${rounds}`],
    [
      row(
        'seconds, findings included',
        runs.map((run) => run.seconds),
        2,
      ),
      row(
        'seconds to labels in the case (--no-analyse)',
        runs.map((run) => run.labelled),
        2,
      ),
      row(
        'packets a second',
        runs.map((run) => run.packets / run.seconds),
        0,
      ),
      row(
        'MB (10^6 bytes of the file) a second',
        runs.map((run) => size / 1e6 / run.seconds),
        1,
      ),
      row(
        'flows a second',
        runs.map((run) => run.flows / run.seconds),
        0,
      ),
      ...(existsSync(GNU_TIME)
        ? [
            row(
              'peak memory, MiB (GNU time)',
              runs.map((run) => run.rss / 1024 ** 2),
              0,
            ),
          ]
        : [['peak memory (GNU time)', 'skipped: /usr/bin/time is not installed']]),
      row(
        'peak memory, MiB (peakRssBytes of the summary)',
        runs.map((run) => run.ownRss / 1024 ** 2),
        0,
      ),
    ],
  );
}

/** Other tools on the same file; `{}` stands for a folder to write to. */
const PEERS: readonly [string, (file: string) => string[], string][] = [
  ['capinfos', (file) => [file], 'walks the packets'],
  ['argus', (file) => ['-r', file, '-w', '/dev/null'], 'makes flows'],
  ['nfpcapd', (file) => ['-r', file, '-w', '{}'], 'makes and stores flows'],
  ['ndpiReader', (file) => ['-q', '-i', file], 'makes and labels flows'],
];

function benchPeers(file: string, rounds: number, scratch: string): string {
  const rows = PEERS.map(([tool, argsFor, task]) => {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
      return [tool, task, 'skipped: not installed', '', ''];
    const folder = path.join(scratch, tool);
    mkdirSync(folder);
    const args = argsFor(file).map((arg) => (arg === '{}' ? folder : arg));
    const runs = Array.from({ length: rounds }, () => timed(scratch, tool, args));
    rmSync(folder, { recursive: true });
    const failed = runs.find((run) => run.status !== 0);
    const rss = runs.map((run) => run.peakRssBytes ?? 0);
    return [
      tool,
      task,
      spread(
        runs.map((run) => run.seconds),
        2,
      ),
      existsSync(GNU_TIME) ? mebibytes(Math.max(...rss)) : '',
      failed === undefined ? '' : `exit code ${failed.status}: ${failed.stderr.trimEnd().split('\n').at(-1) ?? ''}`,
    ];
  });
  return textTable(['beside it', 'does', 'seconds, min / median / max', 'peak MiB', 'remark'], rows);
}

function print(text: string): void {
  process.stdout.write(`${text}\n\n`);
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '3' }, flows: { type: 'string', default: '1000000' } },
  });
  const rounds = Number(values.rounds);
  const flows = Number(values.flows);
  const [given] = positionals;
  if (given === undefined || positionals.length > 1 || !(rounds >= 1) || !(flows >= 0)) {
    process.stderr.write('usage: npm run bench -- FILE [--rounds N] [--flows N]\n');
    return 1;
  }
  const file = path.resolve(given);
  const scratch = mkdtempSync(path.join(tmpdir(), 'enclave-bench-'));
  try {
    const [cpu] = cpus();
    print(
      `${path.basename(file)}: ${statSync(file).size} bytes; Node ${process.versions.node}; ${cpus().length} × ` +
        `${cpu?.model ?? 'unknown processor'}; ${mebibytes(totalmem())} MiB memory`,
    );
    print(benchImport(file, rounds, scratch));
    print(benchPeers(file, rounds, scratch));
    if (flows > 0) {
      const queries = measureQueries(path.join(scratch, 'queries.enclave'), flows, rounds);
      print(
        textTable(
          [`queries over ${flows} flows`, 'cold, ms', 'warm, ms, min / median / max', 'results'],
          queries.map((query) => [query.name, query.coldMs.toFixed(1), spread(query.warmMs, 1), query.results]),
        ),
      );
      print('Cold: a reader just opened (the file may be in the page cache). Warm: its columns are read already.');
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
