import { type FormEvent, type ReactNode, useEffect, useMemo, useState } from 'react';
import { clockTime } from '../../shared/calendar.ts';
import { formatAmount, formatCount, formatShare, weekdayName } from '../../shared/number-format.ts';
import { useAsk } from '../bridge-access.ts';
import { type TimeLayer, type TimeStack, binsOfSpan, stackByTime } from '../charts/stack-by-time.ts';
import { TimeStackChart, binName, layerColour } from '../charts/time-stack-chart.tsx';
import { type HeatCell, WeekHeatMap, weekGrid } from '../charts/week-heat-map.tsx';
import { filterFault } from './filter-bar.tsx';
import type { Selection } from '../state/history.ts';
import { localTime } from '../state/local-time.ts';
import { amountsIn, useMarked } from '../state/highlight.ts';
import { isHourly, joinFilters, splitTime, withTime } from '../state/time-filter.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Inspected } from './inspected.tsx';
import { Empty, ErrorNotice } from './notice.tsx';

/** Activity over time: stacked by category, with the brush that sets `start` in the filter; hour × weekday below. */

/** Amounts of the bin under the cursor, else of the brushed span, else of the whole chart. */
function Legend(props: {
  onChoose: (selection: Selection) => void;
  stack: TimeStack;
  cursor: number | null;
  brush: readonly [number, number] | null;
}): ReactNode {
  const { stack, cursor, brush } = props;
  const { metric, where, setWhere } = useWorkbench();
  const bin = cursor === null ? undefined : stack.bins[cursor];
  const amountOf = (layer: TimeLayer): number => {
    if (cursor !== null) return layer.values[cursor] ?? 0;
    return brush === null ? layer.total : layer.values.slice(brush[0], brush[1] + 1).reduce((a, b) => a + b, 0);
  };
  const first = brush === null ? undefined : stack.bins[brush[0]];
  const last = brush === null ? undefined : stack.bins[brush[1]];
  const total = stack.layers.reduce((sum, layer) => sum + amountOf(layer), 0);
  const span =
    first === undefined || last === undefined
      ? 'Whole chart'
      : `${binName(stack.step, first)} – ${binName(stack.step, last)}`;
  return (
    <div className="legend">
      <h3>{bin === undefined ? span : binName(stack.step, bin)}</h3>
      <ul>
        {stack.layers.map((layer) => {
          const value = amountOf(layer);
          const name = layer.category ?? `${layer.members} other categories`;
          const content = (
            <>
              <span className="swatch" style={{ backgroundColor: layerColour(layer) }} />
              <span className="clip">{name}</span>
              <span className="number">{formatAmount(metric, value).replace(/ (flows|packets|host-hours)$/, '')}</span>
              <span className="number quiet">{formatShare(total === 0 ? null : value / total)}</span>
            </>
          );
          return (
            <li key={name}>
              {layer.category === null ? (
                <span className="legend-row">{content}</span>
              ) : (
                <button
                  type="button"
                  className="legend-row"
                  title={`Look closer at ${name}; with Shift, show it only`}
                  onClick={(event) => {
                    const filter = `category = ${name}`;
                    if (event.shiftKey) setWhere(joinFilters(where, filter));
                    else props.onChoose({ id: filter, kind: 'Category', title: name, filter });
                  }}
                >
                  {content}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <p className="legend-total">
        <span>{metric === 'host-hours' ? 'Sum of the categories' : 'Total'}</span>
        <strong>{formatAmount(metric, total)}</strong>
      </p>
    </div>
  );
}

/** The brush in words, for the keyboard: two times in the profile's zone. */
function SpanForm({ from, to }: { from: string | null; to: string | null }): ReactNode {
  const { where, setWhere, profileZone } = useWorkbench();
  const [draft, setDraft] = useState({ from: from ?? '', to: to ?? '' });
  useEffect(() => setDraft({ from: from ?? '', to: to ?? '' }), [from, to]);
  const isWrong = (text: string): boolean => text.trim() !== '' && filterFault(`start >= ${text.trim()}`) !== null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isWrong(draft.from) || isWrong(draft.to)) return;
    setWhere(withTime(where, { from: draft.from.trim() || null, to: draft.to.trim() || null }));
  };
  return (
    <form className="span-form" onSubmit={submit}>
      <label>
        From
        <input
          className="mono"
          size={16}
          value={draft.from}
          placeholder="2017-05-01"
          aria-invalid={isWrong(draft.from)}
          onChange={(event) => setDraft({ ...draft, from: event.target.value })}
        />
      </label>
      <label>
        to before
        <input
          className="mono"
          size={16}
          value={draft.to}
          placeholder="2017-05-08"
          aria-invalid={isWrong(draft.to)}
          onChange={(event) => setDraft({ ...draft, to: event.target.value })}
        />
      </label>
      <button type="submit" className="small">
        Set
      </button>
      {(from !== null || to !== null) && (
        <button
          type="button"
          className="quiet small"
          onClick={() => setWhere(withTime(where, { from: null, to: null }))}
        >
          Whole time
        </button>
      )}
      <span className="quiet">{profileZone}</span>
    </form>
  );
}

function Heat({ onChoose }: { onChoose: (selection: Selection) => void }): ReactNode {
  const { where, metric, version, profileZone } = useWorkbench();
  const { value, error, pending } = useAsk('summary', { by: ['weekday', 'hour'], metric, where }, version);
  const [cell, setCell] = useState<HeatCell | null>(null);
  const days = useAsk('summary', { by: ['weekday', 'day'], metric: 'flows', where }, version, cell !== null).value;
  const [box, { width }] = useSize<HTMLDivElement>();
  const grid = useMemo(() => weekGrid(value ?? []), [value]);
  const amount = cell === null ? null : (grid[cell.weekday - 1]?.[cell.hour] ?? 0);
  const daysOf = (weekday: number): number => (days ?? []).filter((row) => row['weekday'] === weekday).length;
  return (
    <section className={pending ? 'panel pending' : 'panel'} aria-labelledby="heat-title">
      <header>
        <h2 id="heat-title">Hour by weekday</h2>
        <span className="quiet" aria-live="polite">
          {cell === null || amount === null
            ? `${metric} in each clock hour, ${profileZone}; the fullest cell holds ${formatAmount(metric, Math.max(...grid.flat(), 0))}`
            : `${weekdayName(cell.weekday)} ${clockTime(cell.hour)}–${clockTime(cell.hour + 1)}: ${formatAmount(metric, amount)} in all, on ${days === null ? '…' : formatCount(daysOf(cell.weekday))} ${weekdayName(cell.weekday)}s with flows`}
        </span>
      </header>
      {error !== null && <ErrorNotice error={error} />}
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
    </section>
  );
}

export function TimelineView(): ReactNode {
  const { where, setWhere, metric, version, overview, timeZone, profileZone, select } = useWorkbench();
  const split = useMemo(() => splitTime(where), [where]);
  const by = isHourly(overview) ? ['day', 'hour', 'category'] : ['day', 'category'];
  // The chart keeps the whole time, so that the brush has something to stand on.
  const { value, error, pending } = useAsk('summary', { by, metric, where: split.rest }, version);
  const stack = useMemo(() => stackByTime(value ?? []), [value]);
  const times = isHourly(overview) ? ['day', 'hour'] : ['day'];
  const markedWhere = useMarked(split.rest);
  // The question of the strip below.
  const asked = { by: times, metric, where: markedWhere ?? '' };
  const markedRows = useAsk('summary', asked, version, markedWhere !== null).value;
  const marked = useMemo(
    () => (markedWhere === null ? null : amountsIn(stack.bins, markedRows ?? [])),
    [stack, markedWhere, markedRows],
  );
  const [cursor, setCursor] = useState<number | null>(null);
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const brush = useMemo(() => binsOfSpan(stack.bins, split.from, split.to), [stack, split]);

  const onBrush = (bins: readonly [number, number] | null): void => {
    const first = bins === null ? undefined : stack.bins[bins[0]];
    const last = bins === null ? undefined : stack.bins[bins[1]];
    setWhere(withTime(where, { from: first?.from ?? null, to: last?.to ?? null }));
  };

  return (
    <Inspected>
      <div className="view timeline">
        <section className={pending ? 'panel grow pending' : 'panel grow'} aria-labelledby="time-title">
          <header>
            <h2 id="time-title">
              {metric} per {stack.step}, by category
            </h2>
            <SpanForm from={split.from} to={split.to} />
          </header>
          {error !== null && <ErrorNotice error={error} />}
          {value !== null && stack.bins.length === 0 ? (
            <Empty title="No flow matches the filter">
              <p>Clear the filter or widen it.</p>
            </Empty>
          ) : (
            <div className="chart-and-legend">
              <div ref={box} className="chart-box grow">
                {width > 0 && stack.bins.length > 0 && (
                  <TimeStackChart
                    stack={stack}
                    metric={metric}
                    marked={marked}
                    width={width}
                    height={Math.max(180, height)}
                    brush={brush}
                    cursor={cursor}
                    onCursor={setCursor}
                    onBrush={onBrush}
                  />
                )}
              </div>
              {value !== null && (
                <Legend
                  onChoose={select}
                  stack={stack}
                  brush={brush}
                  cursor={cursor !== null && cursor < stack.bins.length ? cursor : null}
                />
              )}
            </div>
          )}
          <p className="foot quiet">
            {profileZone} time. Drag to choose a span for all views; click it to let go.{' '}
            {metric === 'flows' || metric === 'host-hours'
              ? ''
              : `The ${metric} of a flow are spread evenly over its hours. `}
            {metric === 'host-hours' ? 'A host-hour counts once in each category that it touched. ' : ''}
            {stack.undated > 0 ? `${formatAmount(metric, stack.undated)} bear no date that can be shown. ` : ''}
            {brush === null && (split.from !== null || split.to !== null)
              ? 'The span of the filter is finer than the chart’s steps or lies outside it.'
              : ''}
            {overview.lastSeen !== null &&
              ` Last packet ${localTime(overview.lastSeen, timeZone, 'minute')} (${timeZone}).`}
          </p>
        </section>
        <Heat onChoose={select} />
      </div>
    </Inspected>
  );
}
