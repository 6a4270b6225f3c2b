import { clockTime } from '../../shared/calendar.ts';
import type { ActivityShareFinding, Finding } from '../../shared/finding.ts';
import { findingChart } from '../../shared/finding-chart.ts';
import { weekdayName } from '../../shared/number-format.ts';
import type { FigureTable } from './figure-table.ts';
import { say } from '../../shared/text/say.ts';

/** The numbers behind the figure of a finding, in its units and not rounded. Pure. */

interface Estimate {
  readonly name: string;
  readonly value: number;
  readonly interval: readonly [number, number] | null;
}

function estimates(what: string, unit: string, rows: readonly Estimate[]): FigureTable {
  return {
    heads: [what, unit, say('from (95 %)'), say('to (95 %)')],
    rows: rows.map(({ name, value, interval }) => [name, value, interval?.[0] ?? null, interval?.[1] ?? null]),
  };
}

/** The findings that the figure of a share shows beside each other: the same group by every metric. */
export function sharesOf(finding: ActivityShareFinding, all: readonly Finding[]): ActivityShareFinding[] {
  return all.filter(
    (other): other is ActivityShareFinding => other.kind === 'activity-share' && other.group === finding.group,
  );
}

/** @param all the findings of the case */
export function findingNumbers(finding: Finding, all: readonly Finding[]): FigureTable {
  switch (finding.kind) {
    case 'activity-share':
      return estimates(
        'by',
        'share',
        sharesOf(finding, all).flatMap(({ metric, value, interval }) =>
          value === null ? [] : [{ name: metric ?? '', value, interval }],
        ),
      );
    case 'service-ranking':
      return estimates(
        'service',
        finding.unit,
        finding.ranking.map(({ service, ...estimate }) => ({ name: service, ...estimate })),
      );
    case 'weekly-rhythm':
      return estimates(
        'weekday',
        say('{metric} per observed day', { metric: say(finding.metric ?? 'flows') }),
        finding.ranking.map(({ weekday, ...estimate }) => ({ name: weekdayName(weekday), ...estimate })),
      );
    case 'daily-rhythm':
      return {
        heads: [say('hour from'), say('share of a day’s {metric}', { metric: say(finding.metric ?? 'flows') })],
        rows: finding.profile.map((share, hour) => [clockTime(hour), share]),
      };
    case 'coverage':
      return { heads: [say('gap from'), say('to')], rows: finding.gaps.map(({ from, to }) => [from, to]) };
    default:
      break;
  }
  const chart = findingChart(finding);
  switch (chart?.form) {
    case 'dots':
      return estimates('what', 'share', chart.rows);
    case 'steps':
      return {
        heads: [say('from'), say('to'), say('flows a day')],
        rows: chart.steps.map(({ from, to, level }) => [from, to, level]),
      };
    case 'lags':
      return {
        heads: [say('hours from the event'), say('ratio to what was expected')],
        rows: chart.points.map(({ lag, ratio }) => [lag, ratio]),
      };
    case 'strips':
      return {
        heads: [say('day'), say('hour from'), say('hour to'), say('category'), say('service')],
        rows: chart.days.flatMap(({ date, spans }) =>
          spans.map(({ from, to, category, service }) => [date, from, to, category, service]),
        ),
      };
    default:
      return { heads: [], rows: [] };
  }
}
