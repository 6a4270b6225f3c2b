import { type ReactNode, useMemo, useRef, useState } from 'react';
import type { CaseEvent } from '../../shared/event.ts';
import type { Finding, OnsetFinding } from '../../shared/finding.ts';
import { formatAmount } from '../../shared/number-format.ts';
import { useAsk } from '../bridge-access.ts';
import type { FigureTable } from '../charts/figure-table.ts';
import { layerColour } from '../charts/layer-colours.ts';
import { binsOfSpan, placeAmong } from '../charts/stack-by-time.ts';
import { LEFT, RIGHT, TimeStackChart, binName, layerName, leastHeight } from '../charts/time-stack-chart.tsx';
import { panned, zoomed } from '../charts/time-zoom.ts';
import { spanOf } from './case-timeline.tsx';
import { EventForm } from './event-form.tsx';
import { EventsPanel } from './events-panel.tsx';
import { FigureTools } from './figure-tools.tsx';
import { localMs, localTime } from '../state/local-time.ts';
import { useMarked } from '../state/highlight.ts';
import { splitTime, withTime } from '../state/time-filter.ts';
import { timelineSettings } from '../state/timeline-settings.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Inspected } from './inspected.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { PeriodComparison } from './period-comparison.tsx';
import { TimeControls } from './time-controls.tsx';
import { TimeLegend } from './time-legend.tsx';
import { localName, useMarkedSteps, useTimeStack } from './use-time-stack.ts';
import { WeekHeat } from './week-heat.tsx';
import { said, say } from '../../shared/text/say.ts';

/**
 * Activity over time by a dimension, with the brush that sets `start` in the filter, events and onsets as pins; below hour × weekday
 * and the events, or two periods side by side.
 */

const STEP_NAMES = said({
  minute: 'a minute',
  '5 minutes': '5 minutes',
  '15 minutes': '15 minutes',
  hour: 'a clock hour',
  day: 'a day',
  week: 'a week',
  month: 'a month',
  year: 'a year',
});

function onsetsOf(findings: readonly Finding[] | null): OnsetFinding[] {
  return (findings ?? [])
    .filter(
      (finding): finding is OnsetFinding =>
        finding.kind === 'onset' && finding.verdict === 'supported' && finding.date !== null,
    )
    .toSorted((a, b) => onsetMs(a) - onsetMs(b));
}

/** Noon of an onset's day: it is told by days. */
function onsetMs({ date }: OnsetFinding): number {
  return Date.parse(`${date ?? ''}T12:00:00Z`);
}

export function TimelineView(): ReactNode {
  const { where, setWhere, metric, version, overview, timeZone, profileZone, select, busy } = useWorkbench();
  const { by, form, isLog, zoom, isComparing, stating } = timelineSettings.use();
  const split = useMemo(() => splitTime(where), [where]);
  const whole = useMemo(() => spanOf(overview) ?? { first: 0, last: 0, hourly: true }, [overview]);
  const isZoomed = zoom !== null && zoom.first <= whole.last && zoom.last >= whole.first;
  const span = useMemo(() => (isZoomed ? { ...zoom, hourly: true } : whole), [isZoomed, zoom, whole]);
  // The chart keeps the whole time, so that the brush has something to stand on.
  const { shown, error, pending } = useTimeStack(split.rest, span, by, isZoomed);
  const stack = shown?.stack ?? null;
  const bins = stack?.bins ?? [];
  const isShort = stack !== null && /minute/.test(stack.step);
  const isStacked = form === 'stacked' && !isLog;
  const marked = useMarkedSteps(shown, useMarked(split.rest), span, !isStacked);
  const findings = useAsk('findings', null, version, !busy).value;
  const onsets = useMemo(() => onsetsOf(findings), [findings]);
  const [cursor, setCursor] = useState<number | null>(null);
  const [pinned, setPinned] = useState<number | null>(null);
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const figure = useRef<HTMLDivElement>(null);
  const brush = useMemo(() => binsOfSpan(bins, split.from, split.to), [bins, split]);
  const at = cursor !== null && cursor < bins.length ? cursor : null;

  /** What is dated in each bin. */
  const dated = useMemo(() => {
    const found = new Map<number, (CaseEvent | OnsetFinding)[]>();
    const put = (ms: number, what: CaseEvent | OnsetFinding): void => {
      const place = placeAmong(bins, ms);
      if (place <= 0 || place >= bins.length) return;
      const bin = Math.floor(place);
      found.set(bin, [...(found.get(bin) ?? []), what]);
    };
    for (const event of overview.events) put(localMs(event.time, profileZone), event);
    for (const onset of onsets) put(onsetMs(onset), onset);
    return found;
  }, [bins, overview, onsets, profileZone]);
  const pins = useMemo(
    () =>
      [...dated].flatMap(([bin, all]) => [
        ...(all.some((each) => 'time' in each) ? [{ bin, kind: 'event' as const }] : []),
        ...(all.some((each) => !('time' in each)) ? [{ bin, kind: 'onset' as const }] : []),
      ]),
    [dated],
  );
  const pinnedHere = useMemo(() => (pinned === null ? [] : (dated.get(pinned) ?? [])), [dated, pinned]);

  const onBrush = (chosen: readonly [number, number] | null): void => {
    const first = chosen === null ? undefined : bins[chosen[0]];
    const last = chosen === null ? undefined : bins[chosen[1]];
    setWhere(withTime(where, { from: first?.from ?? null, to: last?.to ?? null }));
  };
  const msOf = (name: string | undefined): number =>
    Date.parse(name?.length === 10 ? `${name}T00:00Z` : `${name ?? ''}Z`);
  const zoomBy = (factor: number): void => {
    const around = at === null ? (span.first + span.last) / 2 : msOf(bins[at]?.from);
    setCursor(null);
    timelineSettings.set({ zoom: zoomed(span, whole, factor, around) });
  };
  const zoomToBrush = (): void => {
    if (brush === null) return;
    setCursor(null);
    timelineSettings.set({ zoom: { first: msOf(bins[brush[0]]?.from), last: msOf(bins[brush[1]]?.to) - 1 } });
  };
  const pan = (share: number): void => timelineSettings.set({ zoom: panned(span, whole, share) });
  const showAll = (): void => timelineSettings.set({ zoom: null });
  const showAt = (ms: number): void => {
    const place = placeAmong(bins, ms);
    if (place <= 0 || place >= bins.length) {
      showAll();
      return;
    }
    setCursor(Math.floor(place));
  };

  const title =
    stack === null
      ? say(metric)
      : say('{metric} per {step}, by {by}', { metric: say(metric), step: say(stack.step), by: say(shown?.by ?? by) });
  const table = (): FigureTable => ({
    heads: [say('from'), say('to before'), say(shown?.by ?? by), say(metric)],
    rows: (stack?.layers ?? []).flatMap((layer) =>
      bins.flatMap((bin, i) => {
        const value = layer.values[i] ?? 0;
        return value === 0 ? [] : [[bin.from, bin.to, layerName(layer, by), value]];
      }),
    ),
  });
  const pitch = (width - LEFT - RIGHT) / Math.max(1, bins.length);

  return (
    <Inspected>
      <div className="view timeline">
        <section className="panel grow" aria-busy={pending} aria-labelledby="time-title">
          <header>
            <h2 id="time-title">{title}</h2>
            <button
              type="button"
              className="small compare"
              aria-pressed={isComparing}
              onClick={() => timelineSettings.set({ isComparing: !isComparing })}
            >
              {say('Compare two periods')}
            </button>
            <FigureTools
              title={title}
              box={figure}
              table={table}
              legend={() => [
                ...(stack?.layers ?? []).map((layer, place) => ({
                  colour: layerColour(layer, by, place),
                  name: layerName(layer, by),
                })),
                ...(pins.length > 0 ? [{ colour: 'none', name: say('▼ event, ◇ onset of a finding') }] : []),
              ]}
              facts={{
                filter: split.rest === '' ? say('every flow') : split.rest,
                shown: say('{low} to {high}', { low: localName(span.first), high: localName(span.last) }),
                zone: profileZone,
                case: overview.title,
              }}
            />
          </header>
          <TimeControls
            by={by}
            form={isStacked ? 'stacked' : 'rows'}
            isLog={isLog}
            isZoomed={isZoomed}
            onZoom={zoomBy}
            onPan={pan}
            onShowAll={showAll}
            onZoomToSpan={brush === null ? null : zoomToBrush}
            from={split.from}
            to={split.to}
          />
          {error !== null && <ErrorNotice error={error} />}
          {stack !== null && bins.length === 0 ? (
            <Empty title={say('No flow matches the filter')}>
              <p>{say('Clear the filter or widen it.')}</p>
            </Empty>
          ) : (
            <div className="chart-and-legend">
              <div ref={box} className="chart-box grow">
                <div ref={figure} className="chart-scroll">
                  {width > 0 && stack !== null && shown !== null && (
                    <>
                      <TimeStackChart
                        stack={stack}
                        by={shown.by}
                        form={isStacked ? 'stacked' : 'rows'}
                        isLog={isLog}
                        metric={metric}
                        marked={marked}
                        pins={pins}
                        width={width}
                        height={Math.max(leastHeight(stack, isStacked ? 'stacked' : 'rows'), height)}
                        brush={brush}
                        cursor={at}
                        keys={{
                          '+': () => zoomBy(0.5),
                          '=': () => zoomBy(0.5),
                          '-': () => zoomBy(2),
                          '0': showAll,
                          Enter: () => setPinned(at),
                        }}
                        onCursor={setCursor}
                        onBrush={onBrush}
                      />
                      {[...dated].map(([bin, all]) => (
                        <button
                          key={bin}
                          type="button"
                          className="pin-button"
                          tabIndex={-1}
                          style={{ left: LEFT + (bin + 0.5) * pitch }}
                          title={all.map((each) => ('time' in each ? each.label : each.title)).join('; ')}
                          aria-label={say('{all|mark|marks} at {step}', {
                            all: all.length,
                            step: binName(stack.step, bins[bin] ?? { from: '', to: '' }),
                          })}
                          onClick={() => setPinned(bin)}
                        />
                      ))}
                    </>
                  )}
                </div>
              </div>
              {shown !== null && <TimeLegend onChoose={select} shown={shown} brush={brush} cursor={at} />}
            </div>
          )}
          <p className="foot quiet">
            {stack !== null &&
              say('Steps of {step}, chosen by the length shown. ', {
                step: STEP_NAMES[stack.step],
              })}
            {say('{profileZone} time. Drag to choose a span for all views; click it to let go.', { profileZone })}{' '}
            {metric === 'flows' || metric === 'host-hours'
              ? ''
              : say('The {metric} of a flow are spread evenly over its {steps}. ', {
                  metric: say(metric),
                  steps: isShort ? say('minutes') : say('hours'),
                })}
            {metric === 'host-hours'
              ? say('A host-hour counts once in each {by} that it touched; an hour is its shortest step. ', {
                  by: say(by),
                })
              : ''}
            {shown?.scaled === true ? say('Sampled flows are multiplied by their rate. ') : ''}
            {isLog ? say('Bars of the logarithmic axis begin at its lowest tick, not at 0. ') : ''}
            {!isStacked ? say('All rows with a name are to one scale. ') : ''}
            {stack !== null && stack.undated > 0
              ? say('{amount} bear no date that can be shown. ', { amount: formatAmount(metric, stack.undated) })
              : ''}
            {brush === null && (split.from !== null || split.to !== null)
              ? say('The span of the filter is finer than the chart’s steps or lies outside it.')
              : ''}
            {overview.lastSeen !== null &&
              say(' Last packet {lastSeen} ({timeZone}).', {
                lastSeen: localTime(overview.lastSeen, timeZone, 'minute'),
                timeZone,
              })}
          </p>
        </section>
        {isComparing && <PeriodComparison />}
        <div className="time-below">
          <WeekHeat onChoose={select} />
          <EventsPanel
            onsets={onsets}
            shown={pinnedHere}
            onShow={(us) => showAt(localMs(us, profileZone))}
            onShowOnset={(onset) => showAt(onsetMs(onset))}
          />
        </div>
        {stating !== null && (
          <EventForm
            event={stating === 'new' ? null : stating}
            at={at === null ? (split.from ?? '') : (bins[at]?.from ?? '')}
            onClose={() => timelineSettings.set({ stating: null })}
          />
        )}
      </div>
    </Inspected>
  );
}
