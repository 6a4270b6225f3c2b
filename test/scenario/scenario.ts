import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../../electron/engine/engine.ts';
import { type EvidenceForm, FORMS } from '../../electron/sample/evidence.ts';
import type { World } from '../../electron/sample/world.ts';
import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { compareForms, type FormAgreement, formTable } from './compare-forms.ts';
import { judgeWorld, TRUTH_RUNS } from './judge-world.ts';
import type { JudgedRow } from './judges/judged-row.ts';
import {
  coverageTable,
  familyTable,
  foundTable,
  gatherMeasures,
  markdownTable,
  percent,
  wilson,
  type WorldRows,
} from './result-table.ts';
import { repeatedIntervals } from './repeated-intervals.ts';
import { eventWorld, nullWorld, plantedWorld, smallWorld } from './vary-world.ts';

/**
 * `npm run scenario`: judges the findings on worlds with known truth. Prints, for planted worlds, truth, estimate and interval
 * of every quantity, and how often 95 % intervals hold the truth; for null worlds, what was told though nothing is there;
 * for worlds with events, how often a response of which size is found.
 */

const USAGE = `npm run scenario -- [--worlds N] [--only KIND] [--form FORM] [--sampling N] [--power N] [--forms N] [--repeats N] [--seed N] [--rows] [--write FILE]
  --worlds N   planted worlds, and as many null worlds (default 50)
  --power N    worlds for each size of response to events (default 10; 0 = none)
  --forms N    worlds compared in every form of evidence (default 2; 0 = none)
  --repeats N  planted worlds whose shares are judged in many runs each (default 24; 0 = none)
  --only KIND  one kind of finding
  --form FORM  ${FORMS.join(', ')} (default zeek)
  --sampling N packets sampled at 1:N, in flow exports only (default 1)
  --seed N     first seed (default 1)
  --rows       prints every comparison
  A first interrupt (Ctrl-C) ends it early, with tables of the worlds judged so far.
  --keep FILE  adds what was judged of each world to FILE, and does not judge again what stands in it: a long run can go on after a
               break. Delete it when the program changed
  --write FILE puts the tables between the marks of a document: those of worlds (sampled ones apart), of forms and of power, each where
               it was run
  --help       prints this
`;
type Part = 'scenario' | 'sampled' | 'repeats' | 'forms' | 'power';
const marksOf = (part: Part): [string, string] => [`<!-- ${part}: begin -->`, `<!-- ${part}: end -->`];
/** Sizes of the response to events, and how many events. */
const RATIOS = [1.5, 2, 3, 5];
const EVENT_COUNTS = [8, 16];
/** Runs of a world whose intervals of shares are judged. */
const JUDGED_RUNS = 8;

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '50' },
    power: { type: 'string', default: '10' },
    forms: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '24' },
    only: { type: 'string' },
    form: { type: 'string', default: 'zeek' },
    sampling: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    rows: { type: 'boolean', default: false },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const form = FORMS.find((each) => each === values.form);
const only = values.only ?? null;
if (form === undefined || (only !== null && !Object.hasOwn(FINDING_KINDS, only))) {
  process.stderr.write(USAGE);
  process.exit(1);
}
const count = Number(values.worlds);
const powerCount = Number(values.power);
const formCount = Number(values.forms);
const repeatCount = Number(values.repeats);
const firstSeed = Number(values.seed);
const sampling = Number(values.sampling);
const sampled = (world: World): World => ({ ...world, sampling });

/** What `--keep` holds of earlier runs, by world and how it was judged; a line that was cut off is judged again. */
const keptRows = new Map<string, readonly JudgedRow[]>();
if (values.keep !== undefined && existsSync(values.keep)) {
  const lines = readFileSync(values.keep, 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    const [key, rows] = JSON.parse(line) as [string, JudgedRow[]];
    keptRows.set(key, rows);
  }
  writeFileSync(values.keep, lines.map((line) => `${line}\n`).join(''));
}

const folder = mkdtempSync(join(tmpdir(), 'enclave-scenario-'));
const engines = [new Engine(), new Engine()];
const begun = performance.now();
/** On an interrupt the worlds at hand are finished, and what was judged is told. */
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  const how = sampling > 1 ? ` --form ${form} --sampling ${sampling}` : '';
  const made = `Made by \`npm run scenario -- --worlds ${count} --power ${powerCount}${how}\` with evidence of the form ${form}${
    sampling > 1 ? `, sampled at 1:${sampling}` : ''
  }, seeds from ${firstSeed}.`;
  const ofSample = sampling > 1 ? `, sampled at 1:${sampling}` : '';
  const seeds = Array.from({ length: count }, (_, i) => firstSeed + i);
  const judged = await judgeAll(
    seeds.flatMap((seed) => [
      { what: 'planted', world: sampled(plantedWorld(seed)), seed, form, runs: TRUTH_RUNS },
      { what: 'null', world: sampled(nullWorld(seed)), seed, form, runs: TRUTH_RUNS },
    ]),
  );
  const planted = judged.filter(({ name }) => name.startsWith('planted'));
  const nulls = judged.filter(({ name }) => name.startsWith('null'));
  if (planted.length > 0) {
    const measures = gatherMeasures(planted);
    tell(sampling > 1 ? 'sampled' : 'scenario', [
      made,
      `Expected values rest on ${TRUTH_RUNS} simulated runs each.`,
      ...(nulls.length < count
        ? [`Stopped early, after ${planted.length} planted and ${nulls.length} null worlds.`]
        : []),
      '',
      `### Intervals: ${planted.length} planted worlds${ofSample}`,
      '',
      coverageTable(measures),
      '',
      `### Found and not found: ${planted.length} planted worlds${ofSample}`,
      '',
      foundTable(measures),
      '',
      `### False findings: ${nulls.length} null worlds${ofSample}`,
      '',
      familyTable(nulls).text,
    ]);
  }
  if (repeatCount > 0 && only === null && !stop.signal.aborted) {
    const worlds = Array.from({ length: repeatCount }, (_, i) =>
      repeatedIntervals(plantedWorld(firstSeed + i), firstSeed + i, TRUTH_RUNS, JUDGED_RUNS),
    );
    tell('repeats', [
      '### Intervals of shares in many runs of a world',
      '',
      `${JUDGED_RUNS} runs each of ${repeatCount} planted worlds, seeds from ${firstSeed}; expected values rest on ${TRUTH_RUNS} runs.`,
      '',
      coverageTable(gatherMeasures(worlds)),
    ]);
  }
  if (formCount > 0 && only === null && !stop.signal.aborted) {
    tell('forms', [
      '### One world in several forms of evidence',
      '',
      `The same flows of ${formCount} planted worlds of four weeks (seeds from ${firstSeed}) as Zeek logs, as IPFIX without payload, with DNS ` +
        'logs beside it, and as packets: how the findings of each form agree with those of the logs.',
      '',
      await comparedForms(),
    ]);
  }
  if (powerCount > 0 && !stop.signal.aborted && (only === null || only === 'event-association')) {
    tell('power', ['### Power: response to events', '', made, '', await powerCurves(form)]);
  }
  process.stderr.write(`${Math.round((performance.now() - begun) / 1000)} s\n`);
} finally {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(folder, { recursive: true, force: true });
}

function tell(part: Part, lines: readonly string[]): void {
  const text = lines.join('\n');
  process.stdout.write(`${text}\n`);
  if (values.write !== undefined) writeBetweenMarks(values.write, part, text);
}

interface Task {
  readonly what: string;
  readonly world: World;
  readonly seed: number;
  readonly form: EvidenceForm;
  /** Simulated runs behind each expected value. */
  readonly runs: number;
}

/** Judges worlds two at a time: one is laid out here while threads import and analyse the other. In the order of `tasks`. */
async function judgeAll(tasks: readonly Task[]): Promise<WorldRows[]> {
  const judged: (WorldRows | null)[] = tasks.map(() => null);
  let next = 0;
  const lane = async (engine: Engine, number: number): Promise<void> => {
    while (next < tasks.length && !stop.signal.aborted) {
      const at = next++;
      judged[at] = await judgeOne(engine, join(folder, String(number)), tasks[at]);
    }
  };
  await Promise.all(engines.map(lane));
  return judged.filter((world) => world !== null);
}

async function judgeOne(engine: Engine, at: string, { what, world, seed, form: as, runs }: Task): Promise<WorldRows> {
  const name = `${what}-${seed} (${world.name})`;
  const key = [name, as, world.sampling, runs, only ?? ''].join(' ');
  const kept = keptRows.get(key);
  if (kept !== undefined) return { name, rows: kept };
  const { rows, truth } = await judgeWorld(engine, at, world, { seed, form: as, runs }, only);
  rmSync(at, { recursive: true });
  const falsehoods = rows.filter(({ isFalse }) => isFalse);
  process.stderr.write(`${name}: ${truth.flows} flows, ${rows.length} comparisons, ${falsehoods.length} false\n`);
  for (const row of values.rows ? rows : falsehoods) process.stdout.write(`${name}\t${lineOf(row)}\n`);
  if (values.keep !== undefined) appendFileSync(values.keep, `${JSON.stringify([key, rows])}\n`);
  return { name, rows };
}

function lineOf(row: JudgedRow): string {
  const figure = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(4))));
  const interval = row.interval === null ? '–' : row.interval.map(figure).join(' … ');
  const verdict = row.isFalse
    ? 'FALSE'
    : row.isFound === false
      ? 'missed'
      : row.isCovered === false
        ? 'not covered'
        : 'right';
  const cells = [
    row.kind,
    row.subject,
    row.measure,
    row.metric ?? '',
    row.item,
    figure(row.truth),
    figure(row.estimate),
  ];
  return [...cells, interval, verdict].join('\t');
}

async function comparedForms(): Promise<string> {
  const agreements: (FormAgreement & { form: EvidenceForm })[] = [];
  for (let seed = firstSeed; seed < firstSeed + formCount; seed++) {
    const world = smallWorld(plantedWorld(seed));
    const told = new Map<EvidenceForm, readonly Finding[]>();
    for (const each of FORMS) {
      const where = join(folder, each);
      told.set(each, (await judgeWorld(engines[0], where, world, { seed, form: each, runs: 1 })).findings);
      rmSync(where, { recursive: true });
      process.stderr.write(`form ${each} of ${world.name}, seed ${seed}\n`);
    }
    const logs = told.get('zeek') ?? [];
    for (const [each, findings] of told) {
      if (each !== 'zeek') agreements.push(...compareForms(logs, findings).map((row) => ({ form: each, ...row })));
    }
  }
  return formTable(agreements.toSorted((x, y) => FORMS.indexOf(x.form) - FORMS.indexOf(y.form)));
}

async function powerCurves(as: EvidenceForm): Promise<string> {
  const rows: string[][] = [];
  for (const events of EVENT_COUNTS) {
    for (const ratio of RATIOS) {
      const what = `response × ${ratio} to ${events} events`;
      // Only what was told counts, so that expected values are not needed.
      const judged = await judgeAll(
        Array.from({ length: powerCount }, (_, i) => {
          const seed = firstSeed + i;
          return { what, world: eventWorld(seed, ratio, events), seed, form: as, runs: 1 };
        }),
      );
      const told = judged.filter((world) =>
        world.rows.some(({ measure, estimate }) => measure === 'response told' && estimate === 1),
      );
      const [low, high] = wilson(told.length, judged.length);
      const share = percent(told.length / judged.length);
      rows.push([String(events), String(ratio), String(judged.length), share, `${percent(low)} to ${percent(high)}`]);
    }
  }
  return markdownTable(['events', 'ratio of activity', 'worlds', 'told', '95 % interval'], rows);
}

function writeBetweenMarks(file: string, part: Part, text: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '# Findings\n';
  const [first, last] = marksOf(part);
  const [begin, end] = [before.indexOf(first), before.indexOf(last)];
  const block = `${first}\n\n${text}\n\n${last}`;
  const after = begin < 0 ? `${before.trimEnd()}\n\n${block}\n` : null;
  if (begin >= 0 && end < begin) throw new RangeError(`${file} has the mark ${first} and no ${last}`);
  writeFileSync(file, after ?? `${before.slice(0, begin)}${block}${before.slice(end + last.length)}`);
}
