import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../../electron/engine/engine.ts';
import { type EvidenceForm, FORMS } from '../../electron/sample/evidence.ts';
import type { World } from '../../electron/sample/world.ts';
import { FINDING_KINDS } from '../../shared/finding.ts';
import { judgeWorld, TRUTH_RUNS } from './judge-world.ts';
import type { JudgedRow } from './judges/judged-row.ts';
import {
  coverageTable,
  familyTable,
  foundTable,
  gatherMeasures,
  markdownTable,
  percent,
  type WorldRows,
} from './result-table.ts';
import { eventWorld, nullWorld, plantedWorld } from './vary-world.ts';

/**
 * `npm run scenario`: judges the findings on worlds with known truth. Prints, for planted worlds, truth, estimate and interval
 * of every quantity, and how often 95 % intervals hold the truth; for null worlds, what was told though nothing is there;
 * for worlds with events, how often a response of which size is found.
 */

const USAGE = `npm run scenario -- [--worlds N] [--only KIND] [--form FORM] [--power N] [--seed N] [--rows] [--write FILE]
  --worlds N   planted worlds, and as many null worlds (default 50)
  --power N    worlds for each size of response to events (default 10; 0 = none)
  --only KIND  one kind of finding
  --form FORM  ${FORMS.join(', ')} (default zeek)
  --seed N     first seed (default 1)
  --rows       prints every comparison
  A first interrupt (Ctrl-C) ends it early, with tables of the worlds judged so far.
  --write FILE puts the tables between the marks of a document: those of worlds, those of power, each where it was run
`;
const marksOf = (part: 'scenario' | 'power'): [string, string] => [`<!-- ${part}: begin -->`, `<!-- ${part}: end -->`];
/** Sizes of the response to events, and how many events. */
const RATIOS = [1, 1.5, 2, 3, 5];
const EVENT_COUNTS = [8, 16];

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '50' },
    power: { type: 'string', default: '10' },
    only: { type: 'string' },
    form: { type: 'string', default: 'zeek' },
    seed: { type: 'string', default: '1' },
    rows: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
const form = FORMS.find((each) => each === values.form);
const only = values.only ?? null;
if (form === undefined || (only !== null && !Object.hasOwn(FINDING_KINDS, only))) {
  process.stderr.write(USAGE);
  process.exit(1);
}
const count = Number(values.worlds);
const powerCount = Number(values.power);
const firstSeed = Number(values.seed);

const folder = mkdtempSync(join(tmpdir(), 'enclave-scenario-'));
const engine = new Engine();
const begun = performance.now();
/** On an interrupt the world at hand is finished, and what was judged is told. */
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  const made = `Made by \`npm run scenario -- --worlds ${count} --power ${powerCount}\` with evidence of the form ${form}, seeds from ${firstSeed}.`;
  const planted: WorldRows[] = [];
  const nulls: WorldRows[] = [];
  for (let seed = firstSeed; seed < firstSeed + count && !stop.signal.aborted; seed++) {
    planted.push(await judgeOne('planted', plantedWorld(seed), seed, form));
    if (!stop.signal.aborted) nulls.push(await judgeOne('null', nullWorld(seed), seed, form));
  }
  if (planted.length > 0) {
    const measures = gatherMeasures(planted);
    tell('scenario', [
      made,
      `Expected values rest on ${TRUTH_RUNS} simulated runs each.`,
      ...(nulls.length < count
        ? [`Stopped early, after ${planted.length} planted and ${nulls.length} null worlds.`]
        : []),
      '',
      `### Intervals: ${planted.length} planted worlds`,
      '',
      coverageTable(measures),
      '',
      `### Found and not found: ${planted.length} planted worlds`,
      '',
      foundTable(measures),
      '',
      `### False findings: ${nulls.length} null worlds`,
      '',
      familyTable(nulls).text,
    ]);
  }
  if (powerCount > 0 && !stop.signal.aborted && (only === null || only === 'event-association')) {
    tell('power', ['### Power: response to events', '', made, '', await powerCurves(form)]);
  }
  process.stderr.write(`${Math.round((performance.now() - begun) / 1000)} s\n`);
} finally {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
}

function tell(part: 'scenario' | 'power', lines: readonly string[]): void {
  const text = lines.join('\n');
  process.stdout.write(`${text}\n`);
  if (values.write !== undefined) writeBetweenMarks(values.write, part, text);
}

async function judgeOne(what: string, world: World, seed: number, as: EvidenceForm): Promise<WorldRows> {
  const name = `${what}-${seed} (${world.name})`;
  const { rows, truth } = await judgeWorld(
    engine,
    join(folder, what),
    world,
    { seed, form: as, runs: TRUTH_RUNS },
    only,
  );
  rmSync(join(folder, what), { recursive: true });
  const falsehoods = rows.filter(({ isFalse }) => isFalse);
  process.stderr.write(`${name}: ${truth.flows} flows, ${rows.length} comparisons, ${falsehoods.length} false\n`);
  for (const row of values.rows ? rows : falsehoods) process.stdout.write(`${name}\t${lineOf(row)}\n`);
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

async function powerCurves(as: EvidenceForm): Promise<string> {
  const rows: string[][] = [];
  for (const events of EVENT_COUNTS) {
    for (const ratio of RATIOS) {
      const what = `response × ${ratio} to ${events} events`;
      const judged: WorldRows[] = [];
      for (let seed = firstSeed; seed < firstSeed + powerCount; seed++) {
        judged.push(await judgeOne(what, eventWorld(seed, ratio, events), seed, as));
      }
      const told = judged.filter((world) =>
        world.rows.some(
          ({ kind, estimate, measure }) =>
            kind === 'event-association' && measure === 'response told' && estimate === 1,
        ),
      );
      rows.push([String(events), String(ratio), String(judged.length), percent(told.length / judged.length)]);
    }
  }
  return markdownTable(['events', 'ratio of activity', 'worlds', 'told'], rows);
}

function writeBetweenMarks(file: string, part: 'scenario' | 'power', text: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '# Findings\n';
  const [first, last] = marksOf(part);
  const [begin, end] = [before.indexOf(first), before.indexOf(last)];
  const block = `${first}\n\n${text}\n\n${last}`;
  const after = begin < 0 ? `${before.trimEnd()}\n\n${block}\n` : null;
  if (begin >= 0 && end < begin) throw new RangeError(`${file} has the mark ${first} and no ${last}`);
  writeFileSync(file, after ?? `${before.slice(0, begin)}${block}${before.slice(end + last.length)}`);
}
