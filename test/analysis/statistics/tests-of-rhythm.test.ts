import { describe, expect, it } from 'vitest';
import { adjustPValues } from '../../../electron/analysis/statistics/benjamini-hochberg.ts';
import { circularShiftTest } from '../../../electron/analysis/statistics/circular-shift-test.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';
import { type DayValue, compareWeekdays } from '../../../electron/analysis/statistics/weekday-comparison.ts';

/** Days of bursty activity: each day one burst of eight hours, starting at `startHour(day)`. */
function burstyDays(days: number, random: Random, startHour: () => number): Float64Array {
  const activity = new Float64Array(days * 24);
  for (let day = 0; day < days; day++) {
    const start = startHour();
    for (let h = 0; h < 24; h++) activity[day * 24 + h] = random.below(20);
    for (let h = 0; h < 8; h++) activity[day * 24 + ((start + h) % 24)] += 200 + random.below(400);
  }
  return activity;
}

describe('circular shift test', () => {
  const all = new Uint8Array(21 * 24).fill(1);

  it('finds bursts that keep to the clock', () => {
    const random = Random.seeded(1);
    const p = circularShiftTest(
      burstyDays(21, random, () => 9 + random.below(3)),
      all,
      999,
      1,
    );
    expect(p).toBe(0.001);
  });

  it('holds its level on bursts at random hours, which a chi-square on flows would call a rhythm', () => {
    const random = Random.seeded(2);
    let rejected = 0;
    for (let world = 0; world < 200; world++) {
      const activity = burstyDays(21, random, () => random.below(24));
      if ((circularShiftTest(activity, all, 199, world) ?? 1) <= 0.05) rejected++;
    }
    // 10 expected; 19 is the 99.7 % point of Binomial(200, 0.05).
    expect(rejected).toBeLessThanOrEqual(19);
    expect(rejected).toBeGreaterThanOrEqual(2);
  });

  it('does not take hours that were never watched for hours of rest', () => {
    const observed = new Uint8Array(14 * 24);
    const activity = new Float64Array(14 * 24);
    const random = Random.seeded(3);
    for (let i = 0; i < observed.length; i++) {
      if (i % 24 >= 8 && i % 24 < 18) {
        observed[i] = 1;
        activity[i] = 50 + random.below(20);
      }
    }
    expect(circularShiftTest(activity, observed, 499, 1)).toBeGreaterThan(0.05);
  });

  it('says nothing without activity', () => {
    expect(circularShiftTest(new Float64Array(48), new Uint8Array(48).fill(1), 99, 1)).toBeNull();
  });
});

function weeks(count: number, random: Random, level: (weekday: number) => number): DayValue[] {
  return Array.from({ length: count * 7 }, (_, i) => {
    const weekday = (i % 7) + 1;
    return { week: Math.floor(i / 7), weekday, value: level(weekday) + random.below(200) };
  });
}

describe('comparison of weekdays', () => {
  it('names the planted top days and no others', () => {
    const days = weeks(4, Random.seeded(4), (weekday) => (weekday <= 2 ? 2000 : weekday >= 6 ? 600 : 1200));
    const compared = compareWeekdays(days, 999, 1, 0.95);
    expect(compared.pValue).toBe(0.001);
    expect(compared.highest).toEqual([1, 2]);
    expect(compared.means.map((mean) => mean.days)).toEqual([4, 4, 4, 4, 4, 4, 4]);
  });

  it('sees through weeks of very different level, and through missing days', () => {
    const days = weeks(4, Random.seeded(6), (weekday) => (weekday === 3 ? 1500 : 1000))
      .map((day) => ({ ...day, value: day.value + 20_000 * day.week }))
      .filter((_, i) => i > 2 && i !== 12);
    const compared = compareWeekdays(days, 999, 1, 0.95);
    expect(compared.pValue).toBeLessThan(0.01);
    expect(compared.highest).toContain(3);
  });

  it('ties everything when nothing is planted', () => {
    const random = Random.seeded(5);
    let rejected = 0;
    let untied = 0;
    for (let world = 0; world < 200; world++) {
      const compared = compareWeekdays(
        weeks(3, random, () => 1000),
        199,
        world,
        0.95,
      );
      if ((compared.pValue ?? 1) <= 0.05) rejected++;
      if (compared.highest.length < 7) untied++;
    }
    expect(rejected).toBeLessThanOrEqual(19);
    expect(untied).toBeLessThanOrEqual(19);
  });

  it("gives Student's interval with the pooled variance", () => {
    // Two weekdays, values 1, 3 and 11, 13: pooled variance 2, 2 degrees of freedom, t = 4.302653.
    const values: DayValue[] = [1, 3].map((value, week) => ({ week, weekday: 1, value }));
    values.push(...[11, 13].map((value, week) => ({ week, weekday: 2, value })));
    const [top] = compareWeekdays(values, 99, 1, 0.95).means;
    expect(top?.weekday).toBe(2);
    expect(top?.interval?.[0]).toBeCloseTo(12 - 4.302653, 5);
    expect(top?.interval?.[1]).toBeCloseTo(12 + 4.302653, 5);
  });

  it('makes no test from one day each, and none from nothing', () => {
    const compared = compareWeekdays(
      weeks(1, Random.seeded(1), () => 5),
      99,
      1,
      0.95,
    );
    expect(compared.pValue).toBeNull();
    expect(compared.highest).toHaveLength(7);
    expect(compareWeekdays([], 99, 1, 0.95)).toEqual({ means: [], highest: [], pValue: null });
  });
});

describe('Benjamini-Hochberg', () => {
  it('adjusts the fifteen p-values of the 1995 paper so that four stay below 0.05', () => {
    const published = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    const adjusted = adjustPValues(published);
    expect(adjusted.filter((p) => p !== null && p <= 0.05)).toHaveLength(4);
    expect(adjusted[0]).toBeCloseTo(0.0015, 10);
    expect(adjusted[3]).toBeCloseTo(0.035625, 10);
    expect(adjusted[4]).toBeCloseTo(0.0603, 10);
  });

  it('leaves out what was not tested and keeps the order', () => {
    expect(adjustPValues([0.02, null, 0.01])).toEqual([0.02, null, 0.02]);
    expect(adjustPValues([null, null])).toEqual([null, null]);
  });
});
