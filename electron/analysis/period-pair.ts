import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Metric } from '../../shared/finding.ts';
import type { ComparedPeriod, PairRow, PeriodPair } from '../../shared/period-pair.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { type Dimension, type SummaryRow, summarise } from '../casefile/summary.ts';
import { dayNumber } from '../../shared/calendar.ts';
import { ZoneClock } from '../../shared/time.ts';
import { MINIMUM_SUBJECT_FLOWS } from './activity-subjects.ts';
import { LEVEL, RESAMPLES, SEED, daysPerBlock, sum } from './analysis-frame.ts';
import { WHOLE_DAY_SHARE } from './observed-days.ts';
import { LEAST_DAYS } from './period-divisions.ts';
import { resampleDays } from './statistics/day-bootstrap.ts';
import { changeInterval } from './statistics/period-interval.ts';
import { comparePeriods } from './statistics/period-test.ts';

/** Rows told, those of the largest totals. */
const MOST_ROWS = 200;

export interface PairQuestion {
  /** A filter expression; empty: every flow. */
  readonly where: string;
  readonly by: Dimension;
  readonly metric: Metric;
  /** Whole local hours: `YYYY-MM-DD` or `YYYY-MM-DDTHH:00`; `to` is exclusive. */
  readonly periods: readonly [Span, Span];
}

interface Span {
  readonly from: string;
  readonly to: string;
}

/** Local hours since 1970-01-01T00:00. */
function hourOf(time: string): number {
  return dayNumber(time.slice(0, 10)) * 24 + Number(time.slice(11, 13) || 0);
}

/** A day of a period that can be compared. */
interface Day {
  readonly day: number;
  readonly exposure: number;
  readonly isLater: boolean;
}

/**
 * Two periods side by side, by a dimension, for the flows of a filter. A flow counts at its start; bytes and packets are
 * spread over the hours that a flow covers, host-hours are distinct within a row.
 *
 * Of whole days, rates are per observed day by the rules of the finding `period-comparison`: a day of which less than three quarters
 * of its weekday's usual hours were observed is left out, the others count by their observed hours. The interval of the change is that finding's as well
 * (day-block bootstrap of the log ratio, widened by the square root of the variance inflation; statistics/period-test.ts), given
 * where either period has 14 comparable days, the row 20 flows, and the periods do not overlap. It is for one row looked at alone: no correction for
 * many. Periods that are cut within a day have rates per hour of their length, and no interval.
 */
export function comparePair(reader: CaseReader, question: PairQuestion): PeriodPair {
  const { where, by, metric, periods } = question;
  const hours = periods.map(({ from, to }) => ({ from: hourOf(from), to: hourOf(to) }));
  const isDaily = hours.every(({ from, to }) => from % 24 === 0 && to % 24 === 0);
  const overlap = hours[0].from < hours[1].to && hours[1].from < hours[0].to;
  const observed = observedHours(reader);
  const days = isDaily ? comparableDays(observed, hours) : [];
  const within = (filter: string, { from, to }: Span): string => {
    const inside = `end >= ${from} and start < ${to}`;
    return filter === '' ? inside : `(${filter}) and ${inside}`;
  };
  const times: Dimension[] = isDaily ? ['day'] : ['day', 'hour'];
  const rowsOf = (dimensions: readonly Dimension[], side: 0 | 1): SummaryRow[] =>
    summarise(reader, {
      by: [...times, ...dimensions],
      metric,
      selection: compileFilter(parseFilter(within(where, periods[side])), reader),
    }).filter((row) => {
      const hour = dayNumber(String(row.day)) * 24 + (isDaily ? 0 : Number(row.hour));
      return hour >= hours[side].from && hour < hours[side].to;
    });
  const told = periods.map((period, side): ComparedPeriod => {
    const { from, to } = hours[side];
    const compared = days.filter(({ isLater }) => isLater === (side === 1));
    return {
      ...period,
      hours: to - from,
      observedHours: [...observed].filter((hour) => hour >= from && hour < to).length,
      compared: isDaily ? sum(compared.map(({ exposure }) => exposure)) : to - from,
      daysLeftOut: isDaily ? (to - from) / 24 - compared.length : 0,
    };
  });
  const [first, second] = told;
  const isJudged =
    isDaily &&
    !overlap &&
    [0, 1].every((side) => days.filter((day) => Number(day.isLater) === side).length >= LEAST_DAYS);

  const pair = (value: string | null, sides: readonly (readonly SummaryRow[])[]): PairRow => {
    const total = (side: number): number => sum(sides[side].map((row) => row.value));
    const flows = sides.map((rows) => sum(rows.map((row) => row.flows)));
    const scaled = sides.flat().some((row) => row.scaled);
    const totals: [number, number] = [total(0), total(1)];
    const amounts = sides.map((rows) => {
      const byDay = new Map<number, number>();
      for (const row of rows) {
        const day = dayNumber(String(row.day));
        byDay.set(day, (byDay.get(day) ?? 0) + row.value);
      }
      return byDay;
    });
    const values = days.map(({ day, isLater }) => amounts[Number(isLater)].get(day) ?? 0);
    const counted: [number, number] = isDaily
      ? ([0, 1].map((side) => sum(values.filter((_, i) => Number(days[i].isLater) === side))) as [number, number])
      : totals;
    const all = flows[0] + flows[1];
    // What one recorded flow adds.
    const unit = all === 0 ? 1 : (totals[0] + totals[1]) / all;
    const rates: [number | null, number | null] = [
      first.compared > 0 ? counted[0] / first.compared : null,
      second.compared > 0 ? counted[1] / second.compared : null,
    ];
    const isSeen = rates[0] !== null && rates[1] !== null && counted[0] + counted[1] > 0;
    const ratio = (counted[1] + unit / 2) / second.compared / ((counted[0] + unit / 2) / first.compared);
    const isEnough = all >= MINIMUM_SUBJECT_FLOWS;
    return {
      value,
      totals,
      flows: [flows[0], flows[1]],
      scaled,
      rates,
      change: isSeen ? ratio - 1 : null,
      interval: isSeen && isJudged && isEnough ? intervalOf(days, Float64Array.from(values), unit) : null,
    };
  };

  const sides = [rowsOf([by], 0), rowsOf([by], 1)];
  const values = new Map<string | null, [SummaryRow[], SummaryRow[]]>();
  sides.forEach((rows, side) => {
    for (const row of rows) {
      const name = row[by] === null || row[by] === undefined ? null : String(row[by]);
      const known = values.get(name) ?? [[], []];
      known[side].push(row);
      values.set(name, known);
    }
  });
  const weight = ([a, b]: readonly (readonly SummaryRow[])[]): number => sum([...a, ...b].map((row) => row.value));
  const largest = [...values].toSorted(
    ([x, ofX], [y, ofY]) => weight(ofY) - weight(ofX) || (String(x) < String(y) ? -1 : 1),
  );
  return {
    unit: isDaily ? 'day' : 'hour',
    periods: [first, second],
    overlap,
    all: pair(null, [rowsOf([], 0), rowsOf([], 1)]),
    rows: largest.slice(0, MOST_ROWS).map(([value, ofValue]) => pair(value, ofValue)),
    rowsInAll: largest.length,
  };
}

/** Local hours in which the evidence shows a flow from or to the ranges. */
function observedHours(reader: CaseReader): ReadonlySet<number> {
  const selection = compileFilter(parseFilter('subjectSide in (initiator, responder, both)'), reader);
  const rows = summarise(reader, { by: ['day', 'hour'], metric: 'packets', selection });
  return new Set(rows.map(({ day, hour }) => dayNumber(String(day)) * 24 + Number(hour)));
}

/** The days of both periods that can be compared, in order of time; see compared-days.ts. */
function comparableDays(observed: ReadonlySet<number>, periods: readonly { from: number; to: number }[]): Day[] {
  const perDay = new Map<number, number>();
  for (const hour of observed) perDay.set(Math.floor(hour / 24), (perDay.get(Math.floor(hour / 24)) ?? 0) + 1);
  const weekdayOf = (day: number): number => ZoneClock.weekday(day * 24);
  const usual = [1, 2, 3, 4, 5, 6, 7].map((weekday) => {
    const counts = [...perDay].filter(([day]) => weekdayOf(day) === weekday).map(([, count]) => count);
    return counts.toSorted((x, y) => x - y)[Math.floor(counts.length / 2)] ?? 0;
  });
  const days = periods.flatMap(({ from, to }, side) =>
    Array.from({ length: (to - from) / 24 }, (_, i) => ({ day: from / 24 + i, isLater: side === 1 })),
  );
  return days
    .flatMap(({ day, isLater }) => {
      const hours = perDay.get(day) ?? 0;
      const share = hours === 0 ? 0 : hours / usual[weekdayOf(day) - 1];
      return share >= WHOLE_DAY_SHARE ? [{ day, isLater, exposure: Math.min(1, share) }] : [];
    })
    .toSorted((x, y) => x.day - y.day);
}

/** 95 % interval of the relative change of the mean per observed day, second period over first. */
function intervalOf(days: readonly Day[], values: Float64Array, unit: number): [number, number] | null {
  const exposures = Float64Array.from(days, ({ exposure }) => exposure);
  const isLater = Uint8Array.from(days, (day) => Number(day.isLater));
  const weekdays = Uint8Array.from(days, ({ day }) => ZoneClock.weekday(day * 24));
  const compared = { values, exposures, isLater, weekdays, unit };
  const size = daysPerBlock(days.length);
  const resamples = resampleDays(Math.ceil(days.length / size), RESAMPLES, SEED, LEVEL);
  const blocks = days.map((_, i) => Math.floor(i / size));
  return changeInterval(compared, resamples, blocks, comparePeriods(compared, 1, 1, SEED));
}
