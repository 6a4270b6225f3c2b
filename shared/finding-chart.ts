import type { ActivityShareFinding, Finding } from './finding.ts';

/** What is drawn of a finding, apart from how: the window and the report each draw these forms. */

/** Estimates with their intervals, one under the other, on a scale of shares (0..1) from 0. */
export interface DotsChart {
  readonly form: 'dots';
  readonly rows: readonly { name: string; value: number; interval: readonly [number, number] | null }[];
  readonly caption: string;
}

/** Levels over stretches of local days (YYYY-MM-DD, both ends included). */
export interface StepsChart {
  readonly form: 'steps';
  readonly steps: readonly { from: string; to: string; level: number }[];
  /** A day to mark, and its interval. */
  readonly marked: string | null;
  readonly markedInterval: readonly [string, string] | null;
  readonly caption: string;
}

/** A ratio (1 = as expected) by hours before and after something. */
export interface LagChart {
  readonly form: 'lags';
  readonly points: readonly { lag: number; ratio: number }[];
  readonly caption: string;
}

/** What was met in the hours (0..24) of some days. */
export interface StripsChart {
  readonly form: 'strips';
  readonly days: readonly {
    date: string;
    spans: readonly { from: number; to: number; category: string; service: string | null }[];
  }[];
  readonly caption: string;
}

export type FindingChart = DotsChart | StepsChart | LagChart | StripsChart;

/** The chart of a finding; null for kinds that have a figure of their own, or none. */
export function findingChart(finding: Finding): FindingChart | null {
  switch (finding.kind) {
    case 'foreign-presence': {
      const rows = Object.entries(finding.shareBy ?? {}).map(([metric, share]) => ({ name: `by ${metric}`, ...share }));
      return rows.length === 0
        ? null
        : { form: 'dots', rows, caption: 'Share of activity that involves the country, with 95 % intervals.' };
    }
    case 'onset':
      return finding.episodes.length < 2
        ? null
        : {
            form: 'steps',
            steps: finding.episodes.map(({ from, to, perDay }) => ({ from, to, level: perDay })),
            marked: finding.date,
            markedInterval: finding.dateInterval,
            caption: 'Activity flows a day, by stretches of one level. Line: the onset; shade: its 95 % interval.',
          };
    case 'event-association':
      return finding.epochs.length < 2
        ? null
        : {
            form: 'lags',
            points: finding.epochs,
            caption:
              'Mean ratio of activity to what the same hours of the week hold in other weeks, by hours from the event; ' +
              '1 = no difference.',
          };
    case 'host-profile':
      return finding.days.length === 0
        ? null
        : {
            form: 'strips',
            days: finding.days.map(({ date, sequence }) => ({
              date,
              spans: leading(sequence),
            })),
            caption: 'What the host met most in each hour of its days, local time.',
          };
    default:
      return null;
  }
}

type Stretch = Extract<Finding, { kind: 'host-profile' }>['days'][number]['sequence'][number];

/** Hour by hour the stretch with most flows an hour, joined where it goes on. */
function leading(sequence: readonly Stretch[]): StripsChart['days'][number]['spans'] {
  const stretches = sequence.map((each) => {
    const [from, to] = [hourOf(each.from), hourOf(each.to)];
    return { from, to, category: each.category, service: each.service, rate: each.flows / (to - from) };
  });
  const spans: { from: number; to: number; category: string; service: string | null }[] = [];
  for (let hour = 0; hour < 24; hour++) {
    const first = stretches
      .filter(({ from, to }) => from <= hour && to > hour)
      .reduce<(typeof stretches)[number] | null>(
        (best, each) => (best === null || each.rate > best.rate ? each : best),
        null,
      );
    if (first === null) continue;
    const { category, service } = first;
    const last = spans.at(-1);
    if (last?.to === hour && last.category === category && last.service === service) last.to = hour + 1;
    else spans.push({ from: hour, to: hour + 1, category, service });
  }
  return spans;
}

/** The hour of a clock time, `09:00`. */
function hourOf(text: string): number {
  return Number(text.slice(0, 2));
}

/**
 * Where the interval of a share ends without activity that no rule names; null where it ends there with it, too. Findings made before
 * such activity was reckoned with do not tell it.
 */
export function endOfNamed({
  interval,
  namedInterval,
}: Pick<ActivityShareFinding, 'interval' | 'namedInterval'>): number | null {
  if (interval === null || namedInterval === undefined) return null;
  const end = Math.max(interval[0], namedInterval?.[1] ?? 0);
  return end < interval[1] ? end : null;
}
