import { scaleLinear } from 'd3';
import type { ReactNode } from 'react';
import type {
  ActivityShareFinding,
  CoverageFinding,
  DailyRhythmFinding,
  Finding,
  ServiceRankingFinding,
  WeeklyRhythmFinding,
} from '../../shared/finding.ts';
import { clockTime } from '../../shared/calendar.ts';
import { endOfNamed, findingChart } from '../../shared/finding-chart.ts';
import { formatAmount, formatCount, formatShare, weekdayName } from '../../shared/number-format.ts';
import { parseInstant } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { axisAmount } from './amount-axis.tsx';
import { Lags, Steps, Strips } from './finding-chart.tsx';
import { FigureFrame } from './figure-frame.tsx';
import { sharesOf } from './finding-numbers.ts';
import { locale, perLanguage } from '../../shared/text/language.ts';
import { say } from '../../shared/text/say.ts';

/** One figure a kind of finding: estimates as dots, their 95 % intervals as bars. Pure functions of the finding. */

function r(value: number): number {
  return Math.round(value * 100) / 100;
}

const LONGEST_NAME = 26;

function percentTick(share: number): string {
  return `${r(share * 100)} %`;
}

interface DotRow {
  readonly name: string;
  readonly value: number;
  readonly interval: readonly [number, number] | null;
  /** Where the interval goes on as far as what is not known may reach. */
  readonly endOfKnown?: number | null;
  readonly marked: boolean;
}

function DotChart(props: {
  rows: readonly DotRow[];
  width: number;
  label: string;
  format: (value: number) => string;
  /** Ticks, where they are rounder than values. */
  formatTick?: (value: number) => string;
}): ReactNode {
  const { rows, width, format } = props;
  const longest = Math.max(...rows.map((row) => Math.min(row.name.length, LONGEST_NAME)));
  const left = Math.max(80, 20 + longest * 6.4);
  const right = 92;
  const pitch = 24;
  const height = rows.length * pitch + 26;
  const most = Math.max(...rows.map((row) => row.interval?.[1] ?? row.value), 0) || 1;
  const x = scaleLinear([0, most], [left, width - right]);
  x.nice(5);
  const formatTick = props.formatTick ?? format;
  return (
    <FigureFrame width={width} height={height} label={props.label}>
      <g className="axis">
        {x.ticks(5).map((tick) => (
          <g key={tick} transform={`translate(${r(x(tick))},0)`}>
            <line y1={0} y2={height - 22} className="gridline" />
            <text y={height - 7} textAnchor="middle">
              {formatTick(tick)}
            </text>
          </g>
        ))}
      </g>
      {rows.map((row, i) => (
        <g
          key={row.name}
          transform={`translate(0,${i * pitch + pitch / 2})`}
          className={row.marked ? 'dot marked' : 'dot'}
        >
          <text x={left - 12} dy="0.32em" textAnchor="end" className="name">
            {visibleText(row.name.length > LONGEST_NAME ? `${row.name.slice(0, LONGEST_NAME - 1)}…` : row.name)}
          </text>
          {row.interval !== null && (
            <rect
              className="interval"
              x={r(x(row.interval[0]))}
              width={r(Math.max(1, x(row.endOfKnown ?? row.interval[1]) - x(row.interval[0])))}
              y={-3}
              height={6}
              rx={3}
            />
          )}
          {row.interval !== null && typeof row.endOfKnown === 'number' && (
            <line className="reach" x1={r(x(row.endOfKnown))} x2={r(x(row.interval[1]))} />
          )}
          <circle cx={r(x(row.value))} r={4.5} />
          <text x={width - right + 14} dy="0.32em">
            {format(row.value)}
          </text>
        </g>
      ))}
    </FigureFrame>
  );
}

function Ranking({ finding, width }: { finding: ServiceRankingFinding; width: number }): ReactNode {
  return (
    <DotChart
      width={width}
      label={finding.title}
      format={formatShare}
      formatTick={percentTick}
      rows={finding.ranking.map(({ service, value, interval }, i) => ({
        name: service,
        value,
        interval,
        marked: i === 0,
      }))}
    />
  );
}

/** The same group by every metric, the finding in view marked. */
function Shares(props: { finding: ActivityShareFinding; all: readonly Finding[]; width: number }): ReactNode {
  const { finding, all, width } = props;
  const rows = sharesOf(finding, all).flatMap((each) => {
    const { id, metric, value, interval } = each;
    const name = say('by {metric}', { metric: say(metric) });
    return value === null ? [] : [{ name, value, interval, endOfKnown: endOfNamed(each), marked: id === finding.id }];
  });
  return rows.length === 0 ? null : (
    <DotChart
      width={width}
      label={say('{group} by metric', { group: finding.group })}
      format={formatShare}
      formatTick={percentTick}
      rows={rows}
    />
  );
}

function Weekly({ finding, width }: { finding: WeeklyRhythmFinding; width: number }): ReactNode {
  const metric = finding.metric ?? 'flows';
  return (
    <DotChart
      width={width}
      label={finding.title}
      format={(value) => axisAmount(metric, value)}
      rows={finding.ranking
        .toSorted((a, b) => a.weekday - b.weekday)
        .map(({ weekday, value, interval, daysObserved }) => ({
          name: say('{weekday} ({days} days)', { weekday: weekdayName(weekday), days: daysObserved }),
          value,
          interval: interval === null ? null : [Math.max(0, interval[0]), interval[1]],
          marked: finding.highest.includes(weekday),
        }))}
    />
  );
}

function Daily({ finding, width }: { finding: DailyRhythmFinding; width: number }): ReactNode {
  const height = 190;
  const left = 50;
  const highest = Math.max(...finding.profile, 0);
  if (highest === 0) return null;
  const y = scaleLinear([0, highest], [height - 24, 10]).nice(4);
  const pitch = (width - left - 8) / 24;
  const { activeFrom, activeTo } = finding;
  const isActive = (hour: number): boolean =>
    activeFrom !== null &&
    activeTo !== null &&
    (activeFrom < activeTo ? hour >= activeFrom && hour < activeTo : hour >= activeFrom || hour < activeTo);
  return (
    <FigureFrame
      width={width}
      height={height}
      label={say('{title}: share of the day in each local hour', { title: finding.title })}
    >
      <g className="axis">
        {y.ticks(4).map((tick) => (
          <g key={tick} transform={`translate(0,${Math.round(y(tick)) + 0.5})`}>
            <line x1={left} x2={width - 8} className={tick === 0 ? 'baseline' : 'gridline'} />
            <text x={left - 8} dy="0.32em" textAnchor="end">
              {`${r(tick * 100)} %`}
            </text>
          </g>
        ))}
        {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
          <text key={hour} x={r(left + (hour + 0.5) * pitch)} y={height - 6} textAnchor="middle">
            {clockTime(hour)}
          </text>
        ))}
      </g>
      {finding.profile.map((share, hour) => (
        <rect
          key={hour}
          className={isActive(hour) ? 'bar marked' : 'bar'}
          x={r(left + hour * pitch + 1)}
          width={r(pitch - 2)}
          y={r(y(share))}
          height={r(y(0) - y(share))}
        >
          <title>{`${clockTime(hour)}–${clockTime(hour + 1)}: ${formatShare(share)}`}</title>
        </rect>
      ))}
    </FigureFrame>
  );
}

function Cover({ finding, width }: { finding: CoverageFinding; width: number }): ReactNode {
  const start = finding.coverage.from === null ? null : parseInstant(finding.coverage.from, 'UTC');
  const end = finding.coverage.to === null ? null : parseInstant(finding.coverage.to, 'UTC');
  if (start === null || end === null || end <= start) return null;
  const x = scaleLinear([start, end], [0, width]);
  return (
    <FigureFrame width={width} height={34} label={say('{gaps} gaps in the evidence', { gaps: finding.gaps.length })}>
      <rect className="covered" x={0} y={4} width={width} height={26} rx={3} />
      {finding.gaps.map((gap) => {
        const from = parseInstant(gap.from, 'UTC') ?? start;
        const to = parseInstant(gap.to, 'UTC') ?? from;
        return (
          <rect key={gap.from} className="gap" x={r(x(from))} y={4} width={r(Math.max(2, x(to) - x(from)))} height={26}>
            <title>{`${gap.from} – ${gap.to}`}</title>
          </rect>
        );
      })}
    </FigureFrame>
  );
}

/** The figure of a finding, `width` pixels wide; null when its kind has none or it holds no data. */
export function FindingFigure(props: { finding: Finding; all: readonly Finding[]; width: number }): ReactNode {
  const { finding, all, width } = props;
  switch (finding.kind) {
    case 'activity-share':
      return Shares({ finding, all, width });
    case 'service-ranking':
      return finding.ranking.length === 0 ? null : <Ranking finding={finding} width={width} />;
    case 'daily-rhythm':
      return Daily({ finding, width });
    case 'weekly-rhythm':
      return finding.ranking.length === 0 ? null : <Weekly finding={finding} width={width} />;
    case 'coverage':
      return Cover({ finding, width });
    default:
      return Drawn({ finding, width });
  }
}

/** The chart that shared/finding-chart.ts makes of a finding. */
function Drawn({ finding, width }: { finding: Finding; width: number }): ReactNode {
  const chart = findingChart(finding);
  const label = finding.title;
  switch (chart?.form) {
    case 'dots':
      return (
        <DotChart
          rows={chart.rows.map((row) => ({ ...row, marked: false }))}
          width={width}
          label={label}
          format={formatShare}
          formatTick={percentTick}
        />
      );
    case 'steps':
      return <Steps chart={chart} width={width} label={label} />;
    case 'lags':
      return <Lags chart={chart} width={width} label={label} />;
    case 'strips':
      return <Strips chart={chart} width={width} label={label} />;
    default:
      return null;
  }
}

/** What the dots, bars and shades of a kind's figure mean. */
export function figureCaption(finding: Finding): string {
  switch (finding.kind) {
    case 'activity-share':
      return [
        say('Share of activity in {group} by each metric, with 95 % intervals. Filled: by {metric}.', {
          group: finding.group,
          metric: say(finding.metric),
        }),
        ...(endOfNamed(finding) === null ? [] : [say('Dashed: with activity that no rule names.')]),
      ].join(' ');
    case 'service-ranking':
      return say('Share of {unit} by service, with 95 % intervals.', { unit: finding.unit.replace(/^share of /, '') });
    case 'daily-rhythm':
      return say(
        "Share of a day's {metric} in each hour, {timeZone} time, corrected for coverage. Filled: the active hours.",
        { metric: say(finding.metric ?? 'flows'), timeZone: finding.timeZone },
      );
    case 'weekly-rhythm':
      return say(
        'Mean {metric} per observed day of each weekday, with 95 % intervals. Filled: cannot be told from the highest.',
        { metric: say(finding.metric ?? 'flows') },
      );
    case 'coverage':
      return say('From the first to the last packet; broken where a gap lasts an hour or more.');
    default:
      return findingChart(finding)?.caption ?? '';
  }
}

/** A relative change in percent, its sign always told. */
const change = perLanguage(
  (tag) => new Intl.NumberFormat(tag, { maximumSignificantDigits: 3, signDisplay: 'exceptZero' }),
);

/** The value of a finding with its unit: a share or a change in percent, a ratio as a factor, an amount, or the bare number. */
export function findingValue(finding: Finding, value: number | null = finding.value): string {
  if (value === null) return '–';
  if (finding.unit.startsWith('share')) return formatShare(value);
  if (finding.unit.startsWith('relative')) return `${change().format(value * 100)} %`;
  if (finding.unit.startsWith('ratio')) return `× ${formatCount(value)}`;
  if (finding.metric !== null && finding.unit.startsWith(finding.metric)) {
    return `${formatAmount(finding.metric, value)}${finding.unit.slice(finding.metric.length)}`;
  }
  return `${value.toLocaleString(locale(), { maximumSignificantDigits: 4 })} ${finding.unit}`;
}
