import { type ReactNode, useMemo, useRef, useState } from 'react';
import { clockTime } from '../../shared/calendar.ts';
import { formatAmount, formatCount, weekdayName } from '../../shared/number-format.ts';
import { useAsk } from '../bridge-access.ts';
import { type HeatCell, WeekHeatMap, weekGrid } from '../charts/week-heat-map.tsx';
import type { Selection } from '../state/history.ts';
import { useEstimatedSummary } from '../state/use-estimated.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ESTIMATED, EstimateMark } from './estimate-mark.tsx';
import { FigureTools } from './figure-tools.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** Hour of the day by weekday: how much is done when in the week. */
export function WeekHeat({ onChoose }: { onChoose: (selection: Selection) => void }): ReactNode {
  const { where, metric, version, profileZone, overview } = useWorkbench();
  const figure = useRef<HTMLDivElement>(null);
  const { value, error, pending, estimated } = useEstimatedSummary({ by: ['weekday', 'hour'], metric, where }, version);
  const [cell, setCell] = useState<HeatCell | null>(null);
  const days = useAsk('summary', { by: ['weekday', 'day'], metric: 'flows', where }, version, cell !== null).value;
  const [box, { width }] = useSize<HTMLDivElement>();
  const grid = useMemo(() => weekGrid(value ?? []), [value]);
  const amount = cell === null ? null : (grid[cell.weekday - 1]?.[cell.hour] ?? 0);
  const daysOf = (weekday: number): number => (days ?? []).filter((row) => row['weekday'] === weekday).length;
  return (
    <section className="panel" aria-busy={pending && !estimated} aria-labelledby="heat-title">
      <header>
        <h2 id="heat-title">{say('Hour by weekday')}</h2>
        <EstimateMark when={estimated} />
        <span className="quiet clip" aria-live="polite">
          {cell === null || amount === null
            ? say('{metric} by clock hour, {profileZone}; fullest: {amount}', {
                metric: say(metric),
                profileZone,
                amount: formatAmount(metric, Math.max(...grid.flat(), 0)),
              })
            : say('{weekday} {from}–{to}: {amount} in all, on {days} {weekday}s with flows', {
                weekday: weekdayName(cell.weekday),
                from: clockTime(cell.hour),
                to: clockTime(cell.hour + 1),
                amount: formatAmount(metric, amount),
                days: days === null ? '…' : formatCount(daysOf(cell.weekday)),
              })}
        </span>
        <FigureTools
          title={say('Hour by weekday: {metric}', { metric: say(metric) })}
          box={figure}
          table={() => ({
            heads: [say('weekday'), say('hour from'), say(metric)],
            rows: grid.flatMap((line, i) => line.map((held, hour) => [weekdayName(i + 1), clockTime(hour), held])),
          })}
          facts={{
            filter: where === '' ? say('every flow') : where,
            ...(estimated ? ESTIMATED : {}),
            zone: profileZone,
            case: overview.title,
          }}
        />
      </header>
      {error !== null && <ErrorNotice error={error} />}
      <div ref={figure}>
        <div ref={box} className="chart-box">
          {width > 0 && (
            <WeekHeatMap
              grid={grid}
              metric={metric}
              width={width}
              height={206}
              cell={cell}
              onCell={setCell}
              onChoose={({ weekday, hour }) => {
                const filter = `weekday = ${weekday} and hour = ${hour}`;
                const title = `${weekdayName(weekday)} ${clockTime(hour)}–${clockTime(hour + 1)}`;
                onChoose({ id: filter, kind: 'Hour of the week', title, filter });
              }}
            />
          )}
        </div>
      </div>
    </section>
  );
}
