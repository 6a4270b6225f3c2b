import { afterAll, describe, expect, it } from 'vitest';
import type { EventAssociationFinding } from '../../shared/finding.ts';
import type { Profile } from '../../shared/profile.ts';
import { FIRST_MONDAY, PLANTED_PROFILE, type PlantedFlow, plantWorld } from './planted-case.ts';
import { HOUR, PlantedCases, SIX_WEEKS, cutDifferently, flowsOn, matching, ofKind } from './planted-change.ts';

const cases = new PlantedCases();
afterAll(() => cases.remove());

/** Ten weeks, with events at dawn of different days. */
const TEN_WEEKS = { ...SIX_WEEKS, days: 70, flowsPerHour: 5 };
const EVENT_DAYS = [8, 13, 24, 29, 40, 46, 53, 62];
const base = plantWorld(TEN_WEEKS);
const isoOf = (day: number, hour: number): string =>
  new Date((FIRST_MONDAY + (day * 24 + hour) * HOUR) / 1000).toISOString();

function profileWith(days: readonly number[], more: Partial<Profile['events'][number]> = {}): Profile {
  const events = days.map((day) => ({
    time: isoOf(day, 5),
    label: `day ${day}`,
    kind: 'launch',
    source: 'made up',
    ...more,
  }));
  return { ...PLANTED_PROFILE, events };
}

function launches(flows: PlantedFlow[], profile: Profile): EventAssociationFinding | undefined {
  return ofKind(cases.findings([{ path: 'a', flows }], { profile }), 'event-association')[0];
}

/** Flows in the 24 hours from each event, as many again as there are, times `share`. */
function around(share: number): PlantedFlow[] {
  const hours = new Set(EVENT_DAYS.flatMap((day) => Array.from({ length: 24 }, (_, h) => day * 24 + 5 + h)));
  const again = base.filter(
    (flow, i) =>
      flow.subjectSide === undefined &&
      i % 10 < share * 10 &&
      hours.has(Math.floor((flow.start - FIRST_MONDAY) / HOUR)),
  );
  return [...base, ...again.map((flow) => ({ ...flow }))].toSorted((x, y) => x.start - y.start);
}

describe('events without effect', () => {
  it('are told as such, with what would have been found; dawn is not taken for one', () => {
    const finding = launches(base, profileWith(EVENT_DAYS));
    expect(finding).toMatchObject({ verdict: 'not-supported', events: 8, lag: null, windowDays: 1 });
    expect(finding?.matchedOn).toEqual(['hour', 'weekday']);
    expect(finding?.effect).toBeGreaterThan(0.9);
    expect(finding?.effect).toBeLessThan(1.1);
    expect(finding?.minimumDetectableEffect).toBeGreaterThan(1);
    expect(finding?.minimumDetectableEffect).toBeLessThan(2);
    expect(finding?.epochs).toHaveLength(72);
    expect(finding?.statement).toMatch(/no difference can be told; a ratio of \d/);
    expect(finding?.caveats.map(({ id }) => id)).toContain('timing-only');
  });

  it('are told in no null world', () => {
    for (let seed = 31; seed < 34; seed++) {
      expect(launches(plantWorld({ ...TEN_WEEKS, seed }), profileWith(EVENT_DAYS))?.verdict).not.toBe('supported');
    }
  });
});

describe('events with an effect', () => {
  const flows = around(0.8);
  const profile = profileWith(EVENT_DAYS);
  const finding = launches(flows, profile);

  it('are found, with ratio, interval and lag', () => {
    expect(finding).toMatchObject({ verdict: 'supported', lag: 0 });
    expect(finding?.effect).toBeGreaterThan(1.6);
    expect(finding?.effect).toBeLessThan(2);
    expect(finding?.interval?.[0]).toBeLessThan(1.8);
    expect(finding?.interval?.[1]).toBeGreaterThan(1.7);
    expect(finding?.adjustedPValue).toBeLessThanOrEqual(0.05);
    expect(finding?.statement).toContain('times its expectation');
  });

  it('select by `where` what the numerator counts', () => {
    const reader = cases.open([{ path: 'a', flows }], { profile });
    expect(matching(reader, finding?.where ?? '')).toBe(finding?.numerator);
    reader.close();
  });

  it('are the same whatever the cut and order of segments', () => {
    const [other] = ofKind(cases.findings(cutDifferently(flows), { profile, rows: 499 }), 'event-association');
    expect(JSON.stringify(other)).toBe(JSON.stringify(finding));
  });

  it('are found in sampled data too', () => {
    const sampled = launches(
      flows.map((flow) => ({ ...flow, sampling: 50 })),
      profile,
    );
    expect(sampled).toMatchObject({ verdict: 'supported', scaled: true });
    expect(sampled?.effect).toBeCloseTo(finding?.effect ?? 0, 1);
  });
});

describe('events that cannot be compared', () => {
  it('are too few below five, or in three weeks', () => {
    for (const days of [EVENT_DAYS.slice(0, 4), [3, 5, 7, 9, 11, 13]]) {
      const short = days.length === 6 ? base.filter(({ start }) => start < FIRST_MONDAY + 15 * 24 * HOUR) : base;
      const finding = launches(short, profileWith(days));
      expect(finding).toMatchObject({ verdict: 'insufficient-data', pValue: null, minimumDetectableEffect: null });
      expect(finding?.caveats[0]?.id).toBe('too-little-data');
    }
  });

  it('are left out, and counted, when their time is not known or they follow another', () => {
    const profile = profileWith(EVENT_DAYS);
    const [first] = profile.events;
    const time = isoOf(8, 15);
    const events = [...profile.events, { ...(first ?? profile.events[1]), time, label: 'again' }] as Profile['events'];
    const close = launches(base, { ...profile, events });
    expect(close?.events).toBe(8);
    expect(close?.caveats.find(({ id }) => id === 'events-left-out')?.text).toContain('1 within 24 hours');
    const vague = launches(base, profileWith(EVENT_DAYS, { uncertaintyMinutes: 720 }));
    expect(vague).toMatchObject({ verdict: 'insufficient-data', events: 0, numerator: 0, effect: null });
    expect(vague?.caveats.find(({ id }) => id === 'events-left-out')?.text).toContain('8 known no better');
  });

  it('are not told from the rhythm when they come every week at one hour', () => {
    const mondays = [0, 7, 14, 21, 28, 35, 42, 49, 56, 63];
    const finding = launches(
      [...base, ...mondays.flatMap((day) => flowsOn(day, day + 1, 90, {}))],
      profileWith(mondays),
    );
    expect(finding?.verdict).toBe('insufficient-data');
  });

  it('outside the window make no finding', () => {
    expect(launches(base, profileWith([-20, 90]))).toBeUndefined();
  });

  it('meet no gap: hours that were not recorded are no silence', () => {
    const gap = plantWorld({ ...TEN_WEEKS, silent: (hour) => hour >= 29 * 24 + 5 && hour < 29 * 24 + 40 });
    const finding = launches(gap, profileWith(EVENT_DAYS));
    expect(finding).toMatchObject({ verdict: 'not-supported', events: 7 });
    expect(finding?.caveats.find(({ id }) => id === 'events-left-out')?.text).toContain(
      '1 whose hours are not observed',
    );
  });
});
