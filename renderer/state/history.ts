import type { Metric } from '../../shared/finding.ts';
import { splitTime } from './time-filter.ts';
import type { View } from './views.ts';
import { type Text } from '../../shared/text/say.ts';

/** Where the examiner was in a case, step by step: back, forward, undo, and the filters used. Pure. */

/** Something that was clicked in a view. */
export interface Selection {
  /** What it is called in its view: no two have one id. */
  readonly id: string;
  /** What kind of thing it is: `Category`, `Host`, … */
  readonly kind: Text;
  /** What was clicked, as it stands on the screen. */
  readonly title: string;
  /** What selects its flows within the filter of the view. */
  readonly filter: string;
}

export interface Place {
  readonly view: View;
  /** A valid filter; empty = every flow. */
  readonly where: string;
  readonly metric: Metric;
  readonly selection: Selection | null;
}

export interface History {
  /** Oldest first. */
  readonly past: readonly Place[];
  readonly now: Place;
  /** Next first. */
  readonly future: readonly Place[];
  /** Milliseconds on any clock: when the gesture began that took the last step. */
  readonly at: number;
  /** The last step moved the brush only. */
  readonly wasBrush: boolean;
}

const MOST_PLACES = 300;
/** A brush that is moved on within this time is one step. */
const BRUSH_MS = 1500;
const MOST_FILTERS = 12;

export const FIRST_PLACE: Place = { view: 'overview', where: '', metric: 'flows', selection: null };

export function historyOf(now: Place): History {
  return { past: [], now, future: [], at: -Infinity, wasBrush: false };
}

function isSame(a: Place, b: Place | undefined): boolean {
  return a.view === b?.view && a.where === b.where && a.metric === b.metric && a.selection?.id === b.selection?.id;
}

function movesBrush(from: Place, to: Place): boolean {
  return isSame({ ...from, where: to.where }, to) && splitTime(from.where).rest === splitTime(to.where).rest;
}

/**
 * Goes on to a place that differs from the one before by `change`; what was undone before is given up. `at` is the time of the
 * gesture (ms): changes of one time are one step.
 */
export function visit(history: History, change: Partial<Place>, at: number): History {
  const { past, now } = history;
  const next = { ...now, ...change };
  if (isSame(next, now)) return history;
  const wasBrush = movesBrush(now, next);
  const since = at - history.at;
  const isOneStep = since === 0 || (wasBrush && history.wasBrush && since < BRUSH_MS);
  const before = isOneStep ? past : [...past, now].slice(-MOST_PLACES);
  return {
    past: isSame(next, before.at(-1)) ? before.slice(0, -1) : before,
    now: next,
    future: [],
    at,
    wasBrush,
  };
}

/** The place before, as it was; the same history where there is none. */
export function back(history: History): History {
  return leap(history, history.past.length - 1);
}

/** What `back` or `undo` left. */
export function forward(history: History): History {
  const [now, ...future] = history.future;
  if (now === undefined) return history;
  return { past: [...history.past, history.now], now, future, at: -Infinity, wasBrush: false };
}

/** Takes back the last change of filter or metric, and stays in the view. */
export function undo(history: History): History {
  const { past, now } = history;
  const index = past.findLastIndex(({ where, metric }) => where !== now.where || metric !== now.metric);
  const found = leap(history, index);
  return found === history ? history : { ...found, now: { ...found.now, view: now.view, selection: null } };
}

export function canUndo({ past, now }: History): boolean {
  return past.some(({ where, metric }) => where !== now.where || metric !== now.metric);
}

function leap(history: History, index: number): History {
  const { past, now, future } = history;
  const target = past[index];
  if (target === undefined) return history;
  return {
    past: past.slice(0, index),
    now: target,
    future: [...past.slice(index + 1), now, ...future].slice(0, MOST_PLACES),
    at: -Infinity,
    wasBrush: false,
  };
}

/** Filters used, the last one first. Of those that differ by the brush only the last is kept; the brush alone is none. */
export function rememberFilter(filters: readonly string[], where: string): readonly string[] {
  const { rest } = splitTime(where);
  if (rest === '') return filters;
  return [where, ...filters.filter((filter) => splitTime(filter).rest !== rest)].slice(0, MOST_FILTERS);
}
