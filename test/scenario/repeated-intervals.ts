import { LEVEL, RESAMPLES, SEED } from '../../electron/analysis/analysis-frame.ts';
import { ratioInterval, resampleDays } from '../../electron/analysis/statistics/day-bootstrap.ts';
import { Observation } from '../../electron/sample/observation.ts';
import { Population } from '../../electron/sample/population.ts';
import { MOST_LABELS, Tally } from '../../electron/sample/tally.ts';
import { Traffic } from '../../electron/sample/traffic.ts';
import type { World } from '../../electron/sample/world.ts';
import type { JudgedRow } from './judges/judged-row.ts';
import type { WorldRows } from './result-table.ts';

/**
 * The intervals of shares held against many runs of each world, without evidence in between. One run of a world gives some ten
 * intervals that hang together, so that fifty worlds still leave several per cent to chance; runs of one population are
 * independent of one another. The shares are the findings' own (`ratioInterval` of daily sums), the expected value is that of all
 * runs together, its error 1 / √runs of the spread that an interval covers.
 */

const METRICS = ['flows', 'bytes', 'packets'] as const;
/** Services rarer than this in what is ranked are not judged, as in judges/service-ranking.ts. */
const LEAST_SHARE = 0.01;

/** @param runs simulated runs behind each expected value @param judged of them, those whose intervals are judged */
export function repeatedIntervals(world: World, seed: number, runs: number, judged: number): WorldRows {
  const population = new Population(world, seed);
  const tallies = Array.from({ length: runs }, (_, run) => talliedRun(population, run));
  const { labels } = population;
  const resamples = resampleDays(world.days, RESAMPLES, SEED, LEVEL);
  const rows: JudgedRow[] = [];
  const judge = (
    parts: Pick<JudgedRow, 'kind' | 'subject' | 'metric'>,
    counts: (label: number) => boolean,
    among: (label: number) => boolean,
    least: number,
  ): void => {
    const metric = METRICS.findIndex((each) => each === parts.metric);
    const [all, of] = [counts, among].map((which) =>
      tallies.map((tally) => daily(tally, labels.length, metric, which)),
    );
    const total = (series: readonly Float64Array[]): number =>
      series.reduce((sum, days) => days.reduce((x, y) => x + y, sum), 0);
    const truth = total(all) / total(of);
    if (!(truth >= least && truth < 1)) return;
    for (let run = 0; run < judged; run++) {
      const [numerators, denominators] = [all[run], of[run]];
      const estimate = total([numerators]) / total([denominators]);
      const interval = estimate > 0 ? ratioInterval(resamples, numerators, denominators, 'share') : null;
      const isCovered = interval === null ? null : truth >= interval[0] && truth <= interval[1];
      const about = { ...parts, measure: 'share', item: String(run), isFound: null, isFalse: false };
      rows.push({ ...about, truth, estimate, interval, isCovered });
    }
  };
  const every = (): boolean => true;
  for (const [name, members] of Object.entries(world.groups)) {
    const inGroup = (label: number): boolean => {
      const { category, service } = labels[label];
      return members.includes(category) || (service !== null && members.includes(service));
    };
    for (const metric of METRICS) judge({ kind: 'activity-share', subject: name, metric }, inGroup, every, 0);
  }
  labels.forEach(({ category, service }, label) => {
    if (service === null) return;
    const own = (of: number): boolean => of === label;
    const inCategory = (of: number): boolean => labels[of].category === category;
    const parts = { kind: 'service-ranking', metric: 'flows' } as const;
    judge({ ...parts, subject: service }, own, every, LEAST_SHARE);
    judge({ ...parts, subject: `${service} in ${category}` }, own, inCategory, LEAST_SHARE);
  });
  return { name: world.name, rows };
}

function talliedRun(population: Population, run: number): Tally {
  const tally = new Tally(population, []);
  const observation = new Observation(population);
  new Traffic(population, -1 - run).run(({ values }, order, day) =>
    tally.addDay(values, observation.seen(values, order), day),
  );
  return tally;
}

/** What the labels that pass add up to on each day; metric 0 flows, 1 bytes, 2 packets. */
function daily(
  { sums, days }: Tally,
  labels: number,
  metric: number,
  counts: (label: number) => boolean,
): Float64Array {
  const series = new Float64Array(days);
  for (let label = 0; label < labels; label++) {
    if (!counts(label)) continue;
    for (let day = 0; day < days; day++) series[day] += sums[(day * MOST_LABELS + label) * 3 + metric];
  }
  return series;
}
