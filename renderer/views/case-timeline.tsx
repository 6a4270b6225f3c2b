import { memo, type ReactNode, startTransition, useMemo, useState } from 'react';
import type { CaseOverview } from '../../shared/bridge.ts';
import type { Finding } from '../../shared/finding.ts';
import { formatAmount } from '../../shared/number-format.ts';
import { parseInstant } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { CaseStrip, STRIP_HEIGHT, type Stretch, stripPins, stripSpans } from '../charts/case-strip.tsx';
import { type LocalSpan, type TimeStack, binsOfSpan, stackByTime } from '../charts/stack-by-time.ts';
import { binName } from '../charts/time-stack-chart.tsx';
import type { BinSpan } from '../charts/use-brush.ts';
import { formatDuration, localMs, localTime } from '../state/local-time.ts';
import { amountsIn, useMarked } from '../state/highlight.ts';
import { isHourly, splitTime, withTime } from '../state/time-filter.ts';
import { useFollowing } from '../state/use-following.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** Below every view: the whole case in time, with the brush, what the evidence leaves out, and the events. */

function stretches(spans: readonly { from: string; to: string }[]): Stretch[] {
  return spans.flatMap(({ from, to }) => {
    const [first, last] = [parseInstant(from, 'UTC'), parseInstant(to, 'UTC')];
    return first === null || last === null ? [] : [{ from: first, to: last }];
  });
}

/** What the finding on coverage tells of silence; nothing while there is none. */
function silenceOf(findings: readonly Finding[] | null): { gaps: Stretch[]; outages: Stretch[] } {
  const coverage = findings?.find((finding) => finding.kind === 'coverage');
  return { gaps: stretches(coverage?.gaps ?? []), outages: stretches(coverage?.outages ?? []) };
}

/** The calendar from the case's first packet to its last; null without flows. */
export function spanOf(overview: CaseOverview): LocalSpan | null {
  const { firstSeen, lastSeen, profile } = overview;
  if (firstSeen === null || lastSeen === null) return null;
  const [first, last] = [localMs(firstSeen, profile.timeZone), localMs(lastSeen, profile.timeZone)];
  return { first, last: Math.max(first, last), hourly: isHourly(overview) };
}

function amountOf(stack: TimeStack, first: number, last: number): number {
  return stack.layers.reduce((sum, { values }) => sum + values.slice(first, last + 1).reduce((a, b) => a + b, 0), 0);
}

export const CaseTimeline = memo(function CaseTimeline(): ReactNode {
  const workbench = useWorkbench();
  const { where, setWhere, metric, version, overview, timeZone, profileZone, busy, highlight } = workbench;
  const split = useMemo(() => splitTime(where), [where]);
  const span = useMemo(() => spanOf(overview), [overview]);
  const by = span?.hourly === true ? ['day', 'hour'] : ['day'];
  const { value, pending } = useAsk('summary', { by, metric, where: split.rest }, version);
  // While evidence is read there are none, and each news of it would ask again.
  const findings = useAsk('findings', null, version, !busy).value;
  const stack = useMemo(() => stackByTime(value ?? [], span), [value, span]);
  const markedWhere = useMarked(split.rest);
  const markedRows = useAsk('summary', { by, metric, where: markedWhere ?? '' }, version, markedWhere !== null).value;
  const marked = useMemo(
    () => (markedWhere === null ? null : amountsIn(stack.bins, markedRows ?? [])),
    [stack, markedWhere, markedRows],
  );
  const silence = useMemo(() => silenceOf(findings), [findings]);
  const marks = useMemo(
    () => ({
      gaps: stripSpans(stack.bins, silence.gaps, profileZone),
      outages: stripSpans(stack.bins, silence.outages, profileZone),
      pins: stripPins(stack.bins, overview.events, profileZone),
    }),
    [stack, silence, overview, profileZone],
  );
  const [pointed, setPointed] = useState<number | null>(null);
  const [box, { width }] = useSize<HTMLDivElement>();
  const brush = useMemo(() => binsOfSpan(stack.bins, split.from, split.to), [stack, split]);
  const cursor = pointed !== null && pointed < stack.bins.length ? pointed : null;
  const hasSpan = split.from !== null || split.to !== null;
  const whereOf = (bins: BinSpan | null): string => {
    const [first, last] = bins === null ? [] : bins.map((bin) => stack.bins[bin]);
    return withTime(where, { from: first?.from ?? null, to: last?.to ?? null });
  };
  const { follow, stop } = useFollowing<BinSpan | null>((bins) =>
    startTransition(() => workbench.preview(bins === null ? null : whereOf(bins))),
  );

  const readout = (): readonly [string, string, string] => {
    const bin = cursor === null ? undefined : stack.bins[cursor];
    if (cursor !== null && bin !== undefined) {
      const events = marks.pins.filter(({ at }) => Math.floor(at) === cursor).map(({ event }) => event);
      const [event] = events;
      const [silent] = [...marks.gaps, ...marks.outages]
        .filter(({ from, to }) => from < cursor + 1 && to > cursor)
        .map(({ stretch }) => stretch)
        .toSorted((a, b) => b.to - b.from - (a.to - a.from));
      const more = events.length > 1 ? say(' and {events} more', { events: events.length - 1 }) : '';
      return [
        binName(stack.step, bin),
        `${formatAmount(metric, amountOf(stack, cursor, cursor))}${marked === null ? '' : say(', {amount} highlighted', { amount: formatAmount(metric, marked[cursor] ?? 0) })}`,
        event !== undefined
          ? `${localTime(event.time, timeZone, 'minute')} ${timeZone}: ${visibleText(event.label)}${more}`
          : silent === undefined
            ? profileZone
            : say('silent {length} from {from} {timeZone}', {
                length: formatDuration((silent.to - silent.from) / 1e6),
                from: localTime(silent.from, timeZone, 'minute'),
                timeZone,
              }),
      ];
    }
    const [first, last] = brush ?? [0, stack.bins.length - 1];
    const [from, to] = [stack.bins[first], stack.bins[last]];
    const name =
      from === undefined || to === undefined ? '' : `${binName(stack.step, from)} – ${binName(stack.step, to)}`;
    const silent = [
      ...(silence.gaps.length > 0 ? [say('{count|gap|gaps}', { count: silence.gaps.length })] : []),
      ...(silence.outages.length > 0 ? [say('{count|outage|outages}', { count: silence.outages.length })] : []),
      ...(marks.pins.length > 0 ? [say('{count|event|events}', { count: marks.pins.length })] : []),
    ];
    return [
      hasSpan
        ? brush === null
          ? say('Span finer than a step')
          : name
        : say('{what}, {metric} per {step}', {
            what: split.rest === '' ? say('Whole case') : say('Under the filter'),
            metric: say(metric),
            step: say(stack.step),
          }),
      hasSpan
        ? say('Chosen: {amount}', {
            amount: formatAmount(metric, brush === null ? null : amountOf(stack, first, last)),
          })
        : silent.join(', '),
      profileZone,
    ];
  };
  const [title, amount, note] = readout();

  return (
    <section className="case-timeline" aria-busy={pending} aria-label={say('The whole case in time')}>
      <p id="case-timeline-readout" aria-live="polite">
        <strong className="clip" title={title}>
          {title}
        </strong>
        <span className="clip">{amount}</span>
        <span className="clip quiet" title={note}>
          {note}
        </span>
      </p>
      <div ref={box} className="strip-box" style={{ height: STRIP_HEIGHT }}>
        {width > 0 && stack.bins.length > 0 && (
          <CaseStrip
            stack={stack}
            {...marks}
            marked={marked}
            width={width}
            brush={brush}
            cursor={cursor}
            onCursor={setPointed}
            onBrush={(bins) => {
              stop();
              setWhere(whereOf(bins));
            }}
            onDrag={follow}
          />
        )}
      </div>
      <div className="strip-actions">
        {highlight !== null && (
          <button
            type="button"
            className="small chip"
            title={say('Highlighted: {filter}. Click to clear.', { filter: visibleText(highlight.filter) })}
            aria-label={say('Clear the highlight of {title}', { title: visibleText(highlight.title) })}
            onClick={() => workbench.setHighlight(null)}
          >
            <span className="swatch" />
            <span className="clip">{visibleText(highlight.title)}</span>
            <span aria-hidden="true">×</span>
          </button>
        )}
        {hasSpan && (
          <button
            type="button"
            className="quiet small"
            onClick={() => setWhere(withTime(where, { from: null, to: null }))}
          >
            {say('Whole time')}
          </button>
        )}
      </div>
    </section>
  );
});
