import { describe, expect, it } from 'vitest';
import { Random } from '../../../electron/analysis/statistics/random.ts';
import {
  type EpochQuestion,
  type HourSeries,
  WEEK_HOURS,
  compareEpochs,
  epochCurve,
  expectationOfAll,
  undisturbedExpectation,
  weeksOf,
  windowSums,
} from '../../../electron/analysis/statistics/superposed-epochs.ts';

const WINDOWS = [
  { from: 0, to: 24 },
  { from: -24, to: 0 },
];

/** Weeks of a network that sleeps, with days busier or quieter than others. */
function habit(weeks: number, seed: number, spread: number): Float64Array {
  const random = Random.seeded(seed);
  let mood = 1;
  return Float64Array.from({ length: weeks * WEEK_HOURS }, (_, hour) => {
    if (hour % 24 === 0) mood = Math.exp((random.below(2000) / 1000 - 1) * spread);
    return Math.round((hour % 24 < 8 ? 4 : 40) * mood + random.below(5));
  });
}

function seriesOf(values: Float64Array): HourSeries {
  return { values, observed: new Uint8Array(values.length).fill(1) };
}

function ask(series: HourSeries, events: readonly number[], draws = 999): EpochQuestion {
  const reference = Uint8Array.from(series.observed);
  for (const event of events) reference.fill(0, event, event + 24);
  return {
    series,
    expected: expectationOfAll(series),
    undisturbed: undisturbedExpectation(series, reference),
    events,
    windows: WINDOWS,
    unit: 1,
    draws,
    seed: 1,
    level: 0.95,
  };
}

/** Dawns of different weekdays, one a week. */
const dawns = (weeks: readonly number[]): number[] =>
  weeks.map((week, i) => week * WEEK_HOURS + ((i * 2) % 7) * 24 + 5);

describe('matched expectation', () => {
  it('is the mean of the same hour of the other weeks', () => {
    const values = new Float64Array(5 * WEEK_HOURS).fill(10);
    for (const [week, value] of [10, 20, 30, 40, 50].entries()) values[week * WEEK_HOURS + 7] = value;
    const expected = undisturbedExpectation(seriesOf(values), new Uint8Array(values.length).fill(1));
    const at = (week: number): number => expected[week * WEEK_HOURS + 7] ?? 0;
    // Four others each; the sum over all weeks is that of the values.
    expect([0, 1, 2, 3, 4].map(at)).toEqual([35, 32.5, 30, 27.5, 25].map((value) => expect.closeTo(value, 9)));
  });

  it('leaves out the lowest and the highest of five or more, and hours that are not observed', () => {
    const values = new Float64Array(7 * WEEK_HOURS).fill(10);
    const observed = new Uint8Array(values.length).fill(1);
    for (const [week, value] of [1, 8, 9, 10, 11, 12, 500].entries()) values[week * WEEK_HOURS] = value;
    const expected = undisturbedExpectation({ values, observed }, observed);
    const ofOthers = [10.5, 10.25, 10, 9.75, 9.5, 9.5, 9.5].map((_, week) => expected[week * WEEK_HOURS] ?? 0);
    // Up to one common factor: means of 9..12, 9..12 …, without own, lowest and highest.
    const factor = (ofOthers[0] ?? 0) / 10.5;
    expect((ofOthers[6] ?? 0) / factor).toBeCloseTo(9.5, 9);
    observed.fill(0, 0, 4 * WEEK_HOURS);
    const few = expectationOfAll({ values, observed });
    expect([few[0], few[6 * WEEK_HOURS]].every(Number.isNaN)).toBe(true);
    expect(weeksOf({ values, observed })).toEqual([4, 5, 6]);
  });
});

describe('superposed epochs', () => {
  it('does not take the rhythm of day and week for an effect', () => {
    const values = habit(12, 1, 0.2);
    const question = ask(seriesOf(values), dawns([1, 3, 4, 6, 8, 10]));
    const { seen, expected } = windowSums(question, WINDOWS[0] ?? { from: 0, to: 0 });
    expect(seen / expected).toBeGreaterThan(0.85);
    expect(seen / expected).toBeLessThan(1.15);
    expect(compareEpochs(question)?.pValue).toBeGreaterThan(0.05);
  });

  it('finds a planted ratio, with an interval around it and the hours that it lasts', () => {
    const events = dawns([1, 3, 4, 6, 8, 10]);
    const values = habit(12, 1, 0.2);
    for (const event of events) for (let hour = event; hour < event + 24; hour++) values[hour] *= 2;
    const question = ask(seriesOf(values), events);
    const answer = compareEpochs(question);
    expect(answer?.pValue).toBeLessThanOrEqual(0.004);
    expect(answer?.strongest).toBe(0);
    const [low, high] = answer?.interval ?? [0, 0];
    expect([low < 2, high > 2, high - low < 1]).toEqual([true, true, true]);
    const curve = epochCurve(question, -24, 48);
    const mean = (from: number, to: number): number =>
      curve.filter(({ lag }) => lag >= from && lag < to).reduce((x, { ratio }) => x + ratio, 0) / (to - from);
    expect([mean(-24, 0), mean(0, 24), mean(24, 48)].map((ratio) => Math.round(ratio * 2) / 2)).toEqual([1, 2, 1]);
  });

  it('cannot tell what happens every week from the rhythm', () => {
    const events = [0, 1, 2, 3, 4, 5].map((week) => week * WEEK_HOURS + 29);
    const values = habit(6, 2, 0.2);
    for (const event of events) for (let hour = event; hour < event + 24; hour++) values[hour] *= 3;
    expect(
      compareEpochs({ ...ask(seriesOf(values), events), undisturbed: expectationOfAll(seriesOf(values)) })?.pValue,
    ).toBe(1);
  });

  it('tries every way to deal few weeks, and says then that nothing could have been found', () => {
    const events = dawns([0, 1, 2, 3]);
    const values = habit(4, 3, 0.2);
    for (const event of events) for (let hour = event; hour < event + 24; hour++) values[hour] *= 5;
    const answer = compareEpochs({
      ...ask(seriesOf(values), events),
      undisturbed: expectationOfAll(seriesOf(values)),
    });
    // Four weeks can be dealt to four events in 24 ways.
    expect((answer?.pValue ?? 0) * 24).toBeCloseTo(Math.round((answer?.pValue ?? 0) * 24), 9);
    expect(answer?.minimumDetectable(0.01, 0.8)).toBeNull();
  });

  it('holds its level where there is no effect, and finds its least detectable ratio four times in five', () => {
    const runs = 40;
    let hits = 0;
    let found = 0;
    for (let run = 0; run < runs; run++) {
      const random = Random.seeded(run + 100);
      const weeks = [...Array(12).keys()].filter((week) => week > 0 && random.below(3) > 0).slice(0, 8);
      const events = weeks.map((week) => week * WEEK_HOURS + random.below(6) * 24 + 5);
      const values = habit(13, run + 1, 0.4);
      const answer = compareEpochs(ask(seriesOf(values), events, 299));
      if ((answer?.pValue ?? 1) <= 0.05) hits++;
      const least = answer?.minimumDetectable(0.05, 0.8) ?? 1;
      const planted = Float64Array.from(values);
      for (const event of events) for (let hour = event; hour < event + 24; hour++) planted[hour] *= least;
      if ((compareEpochs(ask(seriesOf(planted), events, 299))?.pValue ?? 1) <= 0.05) found++;
    }
    expect(hits).toBeLessThanOrEqual(5);
    expect(found / runs).toBeGreaterThan(0.65);
    expect(found / runs).toBeLessThan(0.95);
  });
});
