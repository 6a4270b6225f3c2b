import { useMemo, useRef } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { parseInstant } from '../../shared/time.ts';
import { useAsk } from '../bridge-access.ts';
import {
  type LocalSpan,
  MINUTES_OF,
  MOST_LAYERS,
  type TimeStack,
  type TimeStep,
  fineStepFor,
  stackByTime,
} from '../charts/stack-by-time.ts';
import { filterWord } from '../state/filter-completion.ts';
import { amountsIn } from '../state/highlight.ts';
import { joinFilters } from '../state/time-filter.ts';
import type { TimeDimension } from '../state/timeline-settings.ts';
import { useWorkbench } from '../state/workbench.ts';

/** The amounts that the timeline draws: by which steps they are asked for, and of what. */

/** Of these a case has few values: all are asked for. Of others those with most, and the rest as one. */
const FEW_VALUES: readonly TimeDimension[] = ['category', 'range'];

export interface ShownStack {
  readonly stack: TimeStack;
  readonly by: TimeDimension;
  /** Counts were multiplied by a sampling rate. */
  readonly scaled: boolean;
}

export interface AskedStack {
  /** The last whole answer; null before the first. */
  readonly shown: ShownStack | null;
  readonly error: ErrorValue | null;
  readonly pending: boolean;
}

/** A local time as the filter writes it: `2017-05-17T09:05`. */
export function localName(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

/** Flows of a filter by steps of local time. `span`: what is shown; with `isPart`, of more. */
export function useTimeStack(
  filter: string,
  span: LocalSpan,
  by: TimeDimension,
  isPart: boolean,
  given: TimeStep | null = null,
): AskedStack {
  const { metric, version, profileZone } = useWorkbench();
  const finest = metric === 'host-hours' ? 'hour' : 'minute';
  const step = given ?? fineStepFor((span.last - span.first) / 86_400_000, finest);
  const minutes = MINUTES_OF[step] ?? null;
  // Flows that began before but lie inside are asked for as well.
  const base = isPart
    ? joinFilters(filter, `end >= ${localName(span.first)} and start < ${localName(span.last + 1)}`)
    : filter;
  const isFew = FEW_VALUES.includes(by);
  const top = useAsk('top', { by: [by], metric, where: base, limit: MOST_LAYERS + 1 }, version, !isFew);
  const names = (top.value?.[0]?.rows ?? [])
    .flatMap((row) => (typeof row[by] === 'string' ? [row[by]] : []))
    .slice(0, MOST_LAYERS);
  const isNamed = isFew || (!top.pending && names.length > 0);
  const isRest = !isFew && !top.pending && top.value !== null;
  const list = `${by} in (${names.map(filterWord).join(', ')})`;
  const namedWhere = isFew || names.length === 0 ? base : joinFilters(base, list);
  const restWhere = names.length === 0 ? base : joinFilters(base, `not (${list})`);
  const named = useSteps(by, namedWhere, span, step, isNamed);
  const rest = useSteps(null, restWhere, span, step, isRest);

  const shown = useRef<ShownStack | null>(null);
  const pending = top.pending || named.pending || rest.pending;
  const rows = isNamed ? named.rows : [];
  const restRows = isRest ? rest.rows : [];
  const isWhole = !pending && (isNamed || isRest) && rows !== null && restRows !== null;
  const members = isFew ? 0 : Math.max(0, (top.value?.[0]?.named ?? 0) - names.length);
  const made = useMemo((): ShownStack | null => {
    if (!isWhole) return null;
    const options = { by, step, isClipped: isPart || minutes !== null, rest: { rows: restRows, members } };
    return {
      stack: stackByTime(rows, isPart || minutes !== null ? span : null, options),
      by,
      scaled: [...rows, ...restRows].some((row) => row['scaled'] === true),
    };
  }, [isWhole, rows, restRows, by, step, members, span.first, span.last, isPart, profileZone]);
  if (made !== null) shown.current = made;
  return { shown: shown.current, error: top.error ?? named.error ?? rest.error, pending };
}

/**
 * Amounts of a part of what is shown, in its steps: of all of it, or of each layer.
 *
 * @param where of the part; null: none is asked for
 */
export function useMarkedSteps(
  shown: ShownStack | null,
  where: string | null,
  span: LocalSpan,
  isByLayer: boolean,
): readonly (readonly number[])[] | null {
  const layers = shown?.stack.layers ?? [];
  const by = shown?.by ?? 'category';
  const step = shown?.stack.step ?? 'day';
  const isAsked = where !== null && layers.length > 0;
  const names = layers.flatMap(({ name }) => (name === null ? [] : [filterWord(name)]));
  const hasRest = isAsked && isByLayer && names.length > 0 && layers.some(({ isRest }) => isRest);
  const all = where ?? '';
  const list = `${by} in (${names.join(', ')})`;
  const named = useSteps(isByLayer ? by : null, hasRest ? joinFilters(all, list) : all, span, step, isAsked);
  const rest = useSteps(null, hasRest ? joinFilters(all, `not (${list})`) : all, span, step, hasRest);
  return useMemo(() => {
    if (!isAsked || shown === null) return null;
    const { bins } = shown.stack;
    const rows = named.rows ?? [];
    if (!isByLayer) return [amountsIn(bins, rows)];
    return layers.map(({ name, isRest }) =>
      amountsIn(bins, isRest ? (rest.rows ?? []) : rows.filter((row) => row[by] === name)),
    );
  }, [isAsked, shown, named.rows, rest.rows, isByLayer]);
}

/** Rows with `day`, `hour` and `minute` as far as the step needs them. */
function useSteps(
  by: TimeDimension | null,
  where: string,
  span: LocalSpan,
  step: TimeStep,
  when: boolean,
): { rows: readonly SummaryRowValue[] | null; error: ErrorValue | null; pending: boolean } {
  const { metric, version, profileZone } = useWorkbench();
  const minutes = MINUTES_OF[step] ?? null;
  const first = minutes === null ? 0 : Math.floor(span.first / (minutes * 60_000)) * minutes * 60_000;
  const steps = minutes === null ? 1 : Math.max(1, Math.ceil((span.last + 1 - first) / (minutes * 60_000)));
  const instant = minutes === null ? 0 : (parseInstant(localName(first), profileZone) ?? 0);
  const short = useAsk(
    'minutes',
    {
      by,
      metric: metric === 'host-hours' ? 'flows' : metric,
      where,
      from: Math.floor(instant / 60e6) * 60e6,
      minutes: minutes ?? 1,
      steps,
    },
    version,
    when && minutes !== null,
  );
  const times = step === 'hour' ? ['day', 'hour'] : ['day'];
  const long = useAsk(
    'summary',
    { by: by === null ? times : [...times, by], metric, where },
    version,
    when && minutes === null,
  );
  const { value, error, pending } = minutes === null ? long : short;
  const rows = useMemo(
    () => (minutes === null || value === null ? value : value.map((row) => dated(row, first, minutes))),
    [value, first, minutes],
  );
  return { rows, error, pending };
}

/** A row of `minutes` as one of `summary`. */
function dated(row: SummaryRowValue, first: number, minutes: number): SummaryRowValue {
  const date = new Date(first + Number(row['step']) * minutes * 60_000);
  return { ...row, day: date.toISOString().slice(0, 10), hour: date.getUTCHours(), minute: date.getUTCMinutes() };
}
