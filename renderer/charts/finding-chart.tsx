import { scaleLinear } from 'd3';
import type { ReactNode } from 'react';
import { clockTime, dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { LagChart, StepsChart, StripsChart } from '../../shared/finding-chart.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { categoryColour, inkOn } from '../category-colours.ts';
import { FigureFrame } from './figure-frame.tsx';
import { say } from '../../shared/text/say.ts';

/** The charts of shared/finding-chart.ts but for dots: pure functions of the chart and its width in pixels. */

const HEIGHT = 190;
const LEFT = 50;
const RIGHT = 8;
const TOP = 14;
const BOTTOM = HEIGHT - 24;

function r(value: number): number {
  return Math.round(value * 100) / 100;
}

function Grid(props: {
  ticks: readonly number[];
  y: (value: number) => number;
  width: number;
  text: (value: number) => string;
}): ReactNode {
  return props.ticks.map((tick) => (
    <g key={tick} transform={`translate(0,${Math.round(props.y(tick)) + 0.5})`}>
      <line x1={LEFT} x2={props.width - RIGHT} className={tick === 0 ? 'baseline' : 'gridline'} />
      <text x={LEFT - 8} dy="0.32em" textAnchor="end">
        {props.text(tick)}
      </text>
    </g>
  ));
}

/** What two dates beside each other need, pixels. */
const DATE_ROOM = 100;

/** The firsts of months after `first` and before `last`, as numbers of days; none where they would stand too close. */
function monthsBetween(first: number, last: number): number[] {
  const days: number[] = [];
  for (let day = first + 1; day < last; day++) if (dateOfDay(day).endsWith('-01')) days.push(day);
  return days.length > 6 ? [] : days;
}

/** Levels over days, with the marked day as a line and its interval as a shade. */
export function Steps({ chart, width, label }: { chart: StepsChart; width: number; label: string }): ReactNode {
  const first = Math.min(...chart.steps.map(({ from }) => dayNumber(from)));
  const last = Math.max(...chart.steps.map(({ to }) => dayNumber(to))) + 1;
  const x = scaleLinear([first, last], [LEFT, width - RIGHT]);
  const y = scaleLinear([0, Math.max(...chart.steps.map(({ level }) => level)) || 1], [BOTTOM, TOP]).nice(4);
  const interval = chart.markedInterval?.map(dayNumber);
  return (
    <FigureFrame width={width} height={HEIGHT} label={label}>
      {interval !== undefined && (
        <rect
          className="interval"
          x={r(x(interval[0] ?? first))}
          width={r(x((interval[1] ?? first) + 1) - x(interval[0] ?? first))}
          y={TOP}
          height={BOTTOM - TOP}
        />
      )}
      <g className="axis">
        <Grid ticks={y.ticks(4)} y={y} width={width} text={formatCount} />
        {monthsBetween(first, last)
          .filter((day) => x(day) > LEFT + DATE_ROOM && x(day) < width - RIGHT - DATE_ROOM)
          .map((day) => (
            <text key={day} x={r(x(day))} y={HEIGHT - 6} textAnchor="middle">
              {dateOfDay(day)}
            </text>
          ))}
        <text x={LEFT} y={HEIGHT - 6}>
          {dateOfDay(first)}
        </text>
        <text x={width - RIGHT} y={HEIGHT - 6} textAnchor="end">
          {dateOfDay(last - 1)}
        </text>
      </g>
      {chart.steps.map(({ from, to, level }) => (
        <rect
          key={from}
          className={chart.marked !== null && from >= chart.marked ? 'bar marked' : 'bar'}
          x={r(x(dayNumber(from)))}
          width={r(Math.max(1, x(dayNumber(to) + 1) - x(dayNumber(from)) - 1))}
          y={r(y(level))}
          height={r(BOTTOM - y(level))}
        >
          <title>{say('{from} to {to}: {level} flows a day', { from, to, level: formatCount(level) })}</title>
        </rect>
      ))}
      {chart.marked !== null && (
        <g className="axis" transform={`translate(${r(x(dayNumber(chart.marked)))},0)`}>
          <line y1={TOP - 10} y2={BOTTOM} className="baseline" />
          <text x={5} y={TOP - 3}>
            {chart.marked}
          </text>
        </g>
      )}
    </FigureFrame>
  );
}

/** Ratios by hours from an event; 1 = as expected. */
export function Lags({ chart, width, label }: { chart: LagChart; width: number; label: string }): ReactNode {
  const lags = chart.points.map(({ lag }) => lag);
  const x = scaleLinear([Math.min(...lags), Math.max(...lags) + 1], [LEFT, width - RIGHT]);
  const y = scaleLinear([0, Math.max(2, ...chart.points.map(({ ratio }) => ratio))], [BOTTOM, TOP]).nice(4);
  return (
    <FigureFrame width={width} height={HEIGHT} label={label}>
      <g className="axis">
        <Grid ticks={y.ticks(4)} y={y} width={width} text={(ratio) => `× ${r(ratio)}`} />
        {lags
          .filter((lag) => lag % 12 === 0)
          .map((lag) => (
            <text key={lag} x={r(x(lag))} y={HEIGHT - 6} textAnchor="middle">
              {lag === 0 ? say('event') : `${lag > 0 ? '+' : '−'}${Math.abs(lag)} h`}
            </text>
          ))}
      </g>
      {chart.points.map(({ lag, ratio }) => (
        <rect
          key={lag}
          className={lag >= 0 ? 'bar marked' : 'bar'}
          x={r(x(lag) + 0.5)}
          width={r(Math.max(1, x(lag + 1) - x(lag) - 1))}
          y={r(y(ratio))}
          height={r(BOTTOM - y(ratio))}
        >
          <title>{`${lag} h: × ${r(ratio)}`}</title>
        </rect>
      ))}
      <g className="axis">
        <line x1={LEFT} x2={width - RIGHT} y1={r(y(1))} y2={r(y(1))} className="baseline expected" />
      </g>
    </FigureFrame>
  );
}

const STRIP = 30;
const MOST_STRIPS = 10;

/** What was met in the hours of some days, coloured by category and named where a name has room. */
export function Strips({ chart, width, label }: { chart: StripsChart; width: number; label: string }): ReactNode {
  const left = 92;
  const days = chart.days.slice(0, MOST_STRIPS);
  const x = scaleLinear([0, 24], [left, width - RIGHT]);
  const height = days.length * STRIP + 26;
  const categories = [...new Set(days.flatMap(({ spans }) => spans.map(({ category }) => category)))];
  return (
    <>
      <FigureFrame width={width} height={height} label={label}>
        <g className="axis">
          {[0, 3, 6, 9, 12, 15, 18, 21, 24].map((hour) => (
            <g key={hour} transform={`translate(${Math.round(x(hour)) + 0.5},0)`}>
              <line y1={0} y2={height - 22} className="gridline" />
              <text y={height - 7} textAnchor={hour === 24 ? 'end' : 'middle'}>
                {clockTime(hour)}
              </text>
            </g>
          ))}
        </g>
        {days.map(({ date, spans }, i) => (
          <g key={date} transform={`translate(0,${i * STRIP + 3})`}>
            <text x={left - 10} y={13} textAnchor="end" className="name">
              {date}
            </text>
            {spans.map((span) => {
              const room = x(span.to) - x(span.from);
              const word = visibleText(span.service ?? span.category);
              const colour = categoryColour(span.category);
              return (
                <g key={`${span.from} ${word}`} transform={`translate(${r(x(span.from))},0)`}>
                  <rect className="strip" width={r(Math.max(1, room - 1))} height={20} rx={2} fill={colour}>
                    <title>{`${date} ${clock(span.from)}–${clock(span.to)}: ${word} (${span.category})`}</title>
                  </rect>
                  {room > word.length * 6.4 + 8 && (
                    <text x={4} y={13.5} className="on-strip" style={{ fill: inkOn(colour) }}>
                      {word}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        ))}
      </FigureFrame>
      <ul className="strip-legend" aria-label={say('Categories by colour')}>
        {categories.map((category) => (
          <li key={category}>
            <span className="swatch" style={{ backgroundColor: categoryColour(category) }} aria-hidden="true" />
            {visibleText(category)}
          </li>
        ))}
      </ul>
    </>
  );
}

function clock(hour: number): string {
  return `${String(Math.floor(hour)).padStart(2, '0')}:${String(Math.round((hour % 1) * 60)).padStart(2, '0')}`;
}
