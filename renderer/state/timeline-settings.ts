import type { TimeSpan } from '../../shared/bridge.ts';
import type { CaseEvent } from '../../shared/event.ts';
import { settingStore } from './setting-store.ts';

/** How the timeline shows activity, and what is compared there. */

export const TIME_DIMENSIONS = ['category', 'service', 'country', 'range', 'host'] as const;
export type TimeDimension = (typeof TIME_DIMENSIONS)[number];

export interface TimelineSettings {
  readonly by: TimeDimension;
  readonly form: 'stacked' | 'rows';
  readonly isLog: boolean;
  /** Milliseconds of the local calendar, taken as UTC; null: the whole case. */
  readonly zoom: { readonly first: number; readonly last: number } | null;
  readonly isComparing: boolean;
  readonly periods: readonly [TimeSpan | null, TimeSpan | null];
  /** The event that is being stated: a new one, or one entered by hand that is restated. */
  readonly stating: 'new' | CaseEvent | null;
}

export const timelineSettings = settingStore<TimelineSettings>({
  by: 'category',
  form: 'stacked',
  isLog: false,
  zoom: null,
  isComparing: false,
  periods: [null, null],
  stating: null,
});
