import { type ReactNode, useMemo, useRef } from 'react';
import type { TimeSpan } from '../../shared/bridge.ts';
import { dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { Finding } from '../../shared/finding.ts';
import { formatBareAmount, formatCount } from '../../shared/number-format.ts';
import type { PairRow } from '../../shared/period-pair.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { layerColour } from '../charts/layer-colours.ts';
import { type LocalSpan, fineStepFor } from '../charts/stack-by-time.ts';
import { TimeStackDrawing, layerName } from '../charts/time-stack-chart.tsx';
import { filterWord } from '../state/filter-completion.ts';
import { splitTime } from '../state/time-filter.ts';
import type { TimeDimension } from '../state/timeline-settings.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { FigureTools } from './figure-tools.tsx';
import { ErrorNotice } from './notice.tsx';
import { useTimeStack } from './use-time-stack.ts';
import { say } from '../../shared/text/say.ts';
import { NAMES } from './period-form.tsx';
import { changeText, intervalText, periodText } from './period-words.ts';

/** Two periods, each drawn on the same scale, and their numbers row by row. */

const CHART_HEIGHT = 190;

function spanOf({ from, to }: TimeSpan): LocalSpan {
  const ms = (time: string): number => Date.parse(time.length === 10 ? `${time}T00:00Z` : `${time}Z`);
  return { first: ms(from), last: ms(to) - 1, hourly: true };
}

/** The finding that compares these very periods for a row, if there is one. */
function findingOf(
  findings: readonly Finding[],
  by: string,
  row: PairRow,
  isAll: boolean,
  metric: string,
  periods: readonly TimeSpan[],
): Finding | undefined {
  const subject = isAll ? 'volume' : `${by}:${row.value ?? ''}`;
  return findings.find(
    (finding) =>
      finding.kind === 'period-comparison' &&
      finding.subject === subject &&
      finding.metric === metric &&
      finding.periods.every(
        ({ from, to }, i) => from === periods[i]?.from && dateOfDay(dayNumber(to) + 1) === periods[i]?.to,
      ),
  );
}

export function Pair({
  periods,
  by,
  rest,
}: {
  periods: [TimeSpan, TimeSpan];
  by: TimeDimension;
  rest: string;
}): ReactNode {
  const { metric, version, overview, profileZone, select, go, where } = useWorkbench();
  const { value, error, pending } = useAsk('comparePair', { by, metric, where: rest, periods }, version);
  const findings = useAsk('findings', null, version).value ?? [];
  const spans = periods.map(spanOf);
  const days = Math.max(...spans.map(({ first, last }) => (last - first) / 86_400_000));
  const step = fineStepFor(days, metric === 'host-hours' ? 'hour' : 'minute');
  const [spanA, spanB] = [
    spans[0] ?? { first: 0, last: 0, hourly: true },
    spans[1] ?? { first: 0, last: 0, hourly: true },
  ];
  const asked = [useTimeStack(rest, spanA, by, true, step), useTimeStack(rest, spanB, by, true, step)];
  const [box, { width }] = useSize<HTMLDivElement>();
  const figure = useRef<HTMLDivElement>(null);
  const highest = Math.max(0, ...asked.map(({ shown }) => shown?.stack.highest ?? 0));
  const places = useMemo(() => new Map((value?.rows ?? []).map((row, i) => [row.value ?? '', i])), [value]);
  const unit = value?.unit ?? 'day';
  const each = unit === 'day' ? 'observed day' : 'hour';
  const rows: { row: PairRow; isAll: boolean }[] =
    value === null ? [] : [{ row: value.all, isAll: true }, ...value.rows.map((row) => ({ row, isAll: false }))];
  const nameOf = (row: PairRow, isAll: boolean): string =>
    isAll ? say('all') : row.value === null ? say('no {by}', { by: say(by) }) : visibleText(row.value);
  const chartWidth = Math.max(200, Math.floor((width - 16) / 2));
  return (
    <div ref={box} className="pair-box" aria-busy={pending}>
      {[error, ...asked.map((one) => one.error)].map(
        (fault, i) => fault !== null && <ErrorNotice key={i} error={fault} />,
      )}
      <div className="pair-charts" ref={figure}>
        {width > 0 && (
          <svg
            className="chart"
            width={2 * chartWidth + 16}
            height={CHART_HEIGHT + 18}
            viewBox={`0 0 ${2 * chartWidth + 16} ${CHART_HEIGHT + 18}`}
            role="img"
            aria-label={say('{metric} per {step} in either period, on one scale', {
              metric: say(metric),
              step: say(step),
            })}
          >
            {asked.map(({ shown }, side) => {
              const [period, told] = [periods[side], value?.periods[side]];
              return (
                <g key={side} transform={`translate(${side * (chartWidth + 16)},18)`}>
                  <text className="pair-name" x={0} y={-5}>
                    {say('{side}: {from} to before {to}', {
                      side: NAMES[side] ?? '',
                      from: period?.from ?? '',
                      to: period?.to ?? '',
                    })}
                    {told === undefined ? '' : ` (${periodText(told, unit)})`}
                  </text>
                  {shown !== null && (
                    <TimeStackDrawing
                      stack={shown.stack}
                      by={by}
                      metric={metric}
                      highest={highest}
                      places={places}
                      width={chartWidth}
                      height={CHART_HEIGHT}
                      brush={null}
                      cursor={null}
                    />
                  )}
                </g>
              );
            })}
          </svg>
        )}
      </div>
      {value !== null && (
        <>
          <div className="pair-tools">
            <FigureTools
              title={say('Two periods: {metric} by {by}', { metric: say(metric), by: say(by) })}
              box={figure}
              legend={() =>
                asked
                  .flatMap(({ shown }) => shown?.stack.layers ?? [])
                  .filter((layer, i, all) => all.findIndex((other) => other.name === layer.name) === i)
                  .map((layer, i) => ({
                    colour: layerColour(layer, by, places.get(layer.name ?? '') ?? i),
                    name: layer.isRest ? say('others') : layerName(layer, by),
                  }))
              }
              table={() => ({
                heads: [
                  say(by),
                  `A, ${say(metric)}`,
                  say('A, {metric} per {each}', { metric: say(metric), each: say(each) }),
                  `B, ${say(metric)}`,
                  say('B, {metric} per {each}', { metric: say(metric), each: say(each) }),
                  say('relative change of the rate, B over A'),
                  say('from (95 %)'),
                  say('to (95 %)'),
                ],
                rows: rows.map(({ row, isAll }) => [
                  nameOf(row, isAll),
                  row.totals[0],
                  row.rates[0],
                  row.totals[1],
                  row.rates[1],
                  row.change,
                  row.interval?.[0] ?? null,
                  row.interval?.[1] ?? null,
                ]),
              })}
              facts={{
                periodA: say('{from} to before {to}; {periods}', {
                  from: periods[0].from,
                  to: periods[0].to,
                  periods: periodText(value.periods[0], unit),
                }),
                periodB: say('{from} to before {to}; {periods}', {
                  from: periods[1].from,
                  to: periods[1].to,
                  periods: periodText(value.periods[1], unit),
                }),
                filter: rest === '' ? say('every flow') : rest,
                zone: profileZone,
                case: overview.title,
              }}
            />
          </div>
          <table className="pair-table">
            <thead>
              <tr>
                <th scope="col">{say(by)}</th>
                {NAMES.map((name) => (
                  <th key={name} scope="col" className="number">
                    {name}, {say(metric)}
                  </th>
                ))}
                {NAMES.map((name) => (
                  <th key={name} scope="col" className="number">
                    {say('{name} per {each}', { name, each: say(each) })}
                  </th>
                ))}
                <th scope="col" className="number">
                  {say('change, B over A')}
                </th>
                <th scope="col" className="number">
                  {say('95 % interval')}
                </th>
                <th scope="col">
                  <span className="hidden">{say('Finding')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ row, isAll }) => {
                const name = nameOf(row, isAll);
                const finding = findingOf(findings, by, row, isAll, metric, periods);
                const filter = `${by} = ${filterWord(row.value ?? '')}`;
                return (
                  <tr key={isAll ? ' all' : name}>
                    <th scope="row">
                      {isAll || row.value === null ? (
                        name
                      ) : (
                        <button
                          type="button"
                          className="link"
                          onClick={() => select({ id: filter, kind: by, title: name, filter })}
                        >
                          {name}
                        </button>
                      )}
                    </th>
                    {row.totals.map((total, i) => (
                      <td key={i} className="number">
                        {formatBareAmount(metric, total)}
                      </td>
                    ))}
                    {row.rates.map((rate, i) => (
                      <td key={i} className="number">
                        {formatBareAmount(metric, rate)}
                      </td>
                    ))}
                    <td className="number">{changeText(row)}</td>
                    <td className="number">{intervalText(row)}</td>
                    <td>
                      {finding !== undefined && (
                        <button
                          type="button"
                          className="quiet tiny"
                          aria-label={say('Finding on {name} in these periods', { name })}
                          title={say(
                            'The finding counts activity, by the rules of the analysis; the row what matches the filter',
                          )}
                          onClick={() =>
                            go('findings', {
                              id: finding.id,
                              kind: 'Finding',
                              title: finding.title,
                              filter: finding.where,
                            })
                          }
                        >
                          {say('Finding')}
                        </button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          <p className="foot quiet">
            {value.rows.length < value.rowsInAll &&
              say('The {rows} of {rowsInAll} with most. ', {
                rows: formatCount(value.rows.length),
                rowsInAll: formatCount(value.rowsInAll),
              })}
            {unit === 'day'
              ? say(
                  'Rates are per observed day: days with less than three quarters of their weekday’s usual hours are left out, others count by their observed hours. ',
                )
              : say(
                  'Periods cut within a day have rates per hour of their length, whatever was observed of it, and no interval. ',
                )}
            {value.overlap && say('The periods overlap: what lies in both counts in both. ')}
            {unit === 'day' &&
              say(
                'The interval is that of the findings on periods (day-block bootstrap, widened by autocorrelation), given with 14 comparable days on either side and 20 flows; each is for one row looked at alone, not corrected for many. ',
              )}
            {Math.abs(
              value.periods[0].observedHours / value.periods[0].hours -
                value.periods[1].observedHours / value.periods[1].hours,
            ) > 0.05 &&
              say('The coverage of the two differs by more than 5 points: part of a difference may be the recording. ')}
            {splitTime(where).from !== null && say('The span of the filter is put aside here; the rest of it holds. ')}
            {say('Times in {profileZone}; counted: flows that match the filter, at their start.', { profileZone })}
          </p>
        </>
      )}
    </div>
  );
}
