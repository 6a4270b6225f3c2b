import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { shareOfSilence } from '../../electron/analysis/observed-days.ts';
import { DayTally } from '../../electron/analysis/traffic-tally.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { activityFilter, filterValue } from '../../shared/activity.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Finding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { findingTables } from '../../shared/finding-tables.ts';
import type { Problem } from '../../shared/problem.ts';
import {
  FIRST_MONDAY,
  PLANTED_PROFILE,
  type PlantedFile,
  type PlantedFlow,
  type PlantedWorld,
  plantCase,
  plantWorld,
} from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-analysis-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

function plant(files: PlantedFile[], options: Parameters<typeof plantCase>[2] = {}): CaseReader {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, files, options);
  return new CaseReader(path);
}

function findingsOf(flows: PlantedFlow[], options: Parameters<typeof plantCase>[2] = {}): Finding[] {
  const reader = plant([{ path: 'one.pcap', flows }], options);
  const findings = analyseCase(reader);
  reader.close();
  return findings;
}

function only<Kind extends Finding['kind']>(findings: Finding[], kind: Kind): Extract<Finding, { kind: Kind }>[] {
  return findings.filter((finding): finding is Extract<Finding, { kind: Kind }> => finding.kind === kind);
}

/** Kinds that count what is there: no number of days is too few for them. */
const COUNTS: ReadonlySet<Finding['kind']> = new Set<Finding['kind']>([
  'coverage',
  'malicious-activity',
  'reconnaissance',
  'server-inventory',
]);

const HOUR = 3_600_000_000;
const WORLD: PlantedWorld = {
  days: 21,
  seed: 1,
  flowsPerHour: 30,
  hourLevel: (hour) => (hour >= 9 && hour < 21 ? 1 : 0.15),
  weekdayLevel: (weekday) => (weekday <= 2 ? 1.4 : weekday >= 6 ? 0.6 : 1),
  entertainment: 0.42,
};
const FLAT: PlantedWorld = { ...WORLD, hourLevel: () => 0.5, weekdayLevel: () => 1 };

describe('a planted world', () => {
  const flows = plantWorld(WORLD);
  const reader = plant([{ path: 'one.pcap', flows }]);
  const findings = analyseCase(reader);
  const activity = flows.filter((flow) => flow.subjectSide === undefined);

  it('finds the planted share by flows, and counts every metric as a plain count does', () => {
    const group = activity.filter((flow) => flow.category === 'gaming' || flow.category === 'streaming');
    const shares = only(findings, 'activity-share').filter((finding) => finding.group === 'gaming-and-streaming');
    expect(shares.map((finding) => finding.metric)).toEqual(['flows', 'bytes', 'packets', 'host-hours']);
    const [byFlows, byBytes, byPackets, byHostHours] = shares;
    expect(byFlows?.verdict).toBe('supported');
    expect(byFlows?.interval?.[0]).toBeLessThan(0.42);
    expect(byFlows?.interval?.[1]).toBeGreaterThan(0.42);
    expect([byFlows?.numerator, byFlows?.denominator]).toEqual([group.length, activity.length]);
    const total = (of: PlantedFlow[], key: 'bytes' | 'packets'): number =>
      of.reduce((x, flow) => x + (flow[key] ?? 0), 0);
    expect([byBytes?.numerator, byBytes?.denominator]).toEqual([total(group, 'bytes'), total(activity, 'bytes')]);
    expect([byPackets?.numerator, byPackets?.denominator]).toEqual([
      total(group, 'packets'),
      total(activity, 'packets'),
    ]);
    const hostHours = (of: PlantedFlow[]): number => {
      const touched = new Set<string>();
      for (const flow of of) {
        const hour = (time: number): number => Math.floor((time - FIRST_MONDAY) / HOUR);
        for (let h = hour(flow.start); h <= hour(flow.end ?? flow.start); h++) touched.add(`${flow.initiator} ${h}`);
      }
      return touched.size;
    };
    expect([byHostHours?.numerator, byHostHours?.denominator]).toEqual([hostHours(group), hostHours(activity)]);
    expect(byFlows?.caveats.map((caveat) => caveat.id)).toContain('metrics-differ');
  });

  it('gives each finding a filter that selects exactly what its numerator counts', () => {
    const mask = new Uint8Array(SEGMENT_ROWS);
    const matching = (where: string): number => {
      const selection = compileFilter(parseFilter(where), reader);
      return reader.segments().reduce((x, segment) => x + selection.mark(segment, mask), 0);
    };
    const counted = findings.filter((finding) => finding.metric === 'flows');
    expect(counted.length).toBeGreaterThan(8);
    expect(counted.map(({ where }) => matching(where))).toEqual(counted.map(({ numerator }) => numerator));
  });

  it('finds the planted hours and the planted top days, in local time', () => {
    for (const daily of only(findings, 'daily-rhythm')) {
      expect(daily.verdict).toBe('supported');
      expect([daily.activeFrom, daily.activeTo]).toEqual([9, 21]);
      expect(daily.profile.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 7);
      expect(daily.adjustedPValue).toBeLessThanOrEqual(0.05);
    }
    const weekly = only(findings, 'weekly-rhythm')[0];
    expect(weekly?.verdict).toBe('supported');
    expect(weekly?.highest).toEqual([1, 2]);
    expect(weekly?.ranking).toHaveLength(7);
  });

  it('ranks services with shares of all flows, named or not', () => {
    const [overall, ...categories] = only(findings, 'service-ranking');
    expect(overall?.category).toBeNull();
    const facebook = activity.filter((flow) => flow.service === 'facebook').length;
    expect(overall?.ranking.find((row) => row.service === 'facebook')?.value).toBeCloseTo(
      facebook / activity.length,
      8,
    );
    expect(categories.map((finding) => finding.category)).toEqual(
      [...new Set(activity.filter((flow) => flow.service).map((flow) => flow.category))].toSorted(),
    );
  });

  it('is the same byte for byte whatever the cut and order of segments', () => {
    const middle = Math.floor(flows.length / 2);
    const halves = [
      { path: 'b.pcap', flows: flows.slice(middle) },
      { path: 'a.pcap', flows: flows.slice(0, middle).toReversed() },
    ];
    const other = plant(halves, { rows: 499 });
    expect(other.segments().length).toBeGreaterThan(10);
    expect(JSON.stringify(analyseCase(other))).toBe(JSON.stringify(findings));
    other.close();
  });

  it('keeps ids when only the data differ, and tells findings apart', () => {
    const ids = (of: Finding[]): string[] =>
      of
        .filter((finding) => finding.kind !== 'service-ranking')
        .map(({ id }) => id)
        .toSorted();
    expect(ids(findingsOf(plantWorld({ ...WORLD, seed: 2, days: 14 })))).toEqual(ids(findings));
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
    expect(findings.every(({ id }) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
  });

  it('speaks of activity and directions, never of attacks or nationality', () => {
    for (const { statement, title } of findings) {
      expect(`${title} ${statement}`).not.toMatch(/attack|korean|undefined|NaN|null/i);
      expect(statement).toMatch(/\d{4}-\d\d-\d\d/);
    }
  });
});

describe('worlds with nothing in them', () => {
  it('finds no rhythm in a flat world', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const findings = findingsOf(plantWorld({ ...FLAT, seed }));
      for (const finding of [...only(findings, 'daily-rhythm'), ...only(findings, 'weekly-rhythm')]) {
        expect(finding.verdict).toBe('not-supported');
      }
      expect(only(findings, 'daily-rhythm').map((finding) => finding.activeFrom)).toEqual([null, null]);
    }
  });

  it('says nothing but its coverage of a case without flows', () => {
    const findings = findingsOf([]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      kind: 'coverage',
      verdict: 'insufficient-data',
      value: null,
      coverage: { from: null, to: null, observedFraction: 0, sampling: [] },
    });
  });

  it('says not-supported of a group that was never seen, and makes no interval of it where every flow is named', () => {
    const named = plantWorld({ ...WORLD, entertainment: 0 }).filter(({ category }) => category !== 'unknown');
    const shares = only(findingsOf(named), 'activity-share');
    for (const share of shares.filter((finding) => finding.group === 'gaming-and-streaming')) {
      expect(share).toMatchObject({ verdict: 'not-supported', value: 0, interval: null, numerator: 0 });
      expect(share).toMatchObject({ unnamedShare: 0, namedInterval: null });
      expect(share.caveats.map((caveat) => caveat.id)).toContain('none-seen');
    }
  });

  it('bounds a group that was never seen by what no rule names', () => {
    const shares = only(findingsOf(plantWorld({ ...WORLD, entertainment: 0 })), 'activity-share');
    for (const share of shares.filter((finding) => finding.group === 'gaming-and-streaming')) {
      const { interval, unnamedShare } = share;
      const isWide = (interval?.[1] ?? 1) > 0.1;
      const verdict = isWide ? 'insufficient-data' : 'not-supported';
      expect(share).toMatchObject({ verdict, value: 0, numerator: 0, namedInterval: null });
      expect(share.caveats.map((caveat) => caveat.id)).toContain(isWide ? 'too-much-unnamed' : 'none-seen');
      expect(interval?.[0]).toBe(0);
      expect(interval?.[1]).toBeGreaterThan(unnamedShare ?? 1);
      expect(share.statement).toContain('% that no rule names');
    }
  });

  it('reaches from the share without what no rule names to that with all of it', () => {
    const flows = plantWorld(WORLD);
    const [whole] = only(findingsOf(flows), 'activity-share');
    const as = (category: string): Finding[] =>
      findingsOf(flows.map((flow): PlantedFlow => (flow.category === 'unknown' ? { ...flow, category } : flow)));
    const [none, all] = [only(as('infra'), 'activity-share')[0], only(as('gaming'), 'activity-share')[0]];
    expect([whole?.value, whole?.namedInterval]).toEqual([none?.value, none?.interval]);
    expect((whole?.value ?? 0) + (whole?.unnamedShare ?? 0)).toBeCloseTo(all?.value ?? 0, 8);
    const [low = 1, high = 0] = whole?.interval ?? [];
    expect([low, high]).toEqual([none?.interval?.[0], all?.interval?.[1]]);
  });

  it('says nothing of users when no flow was opened from inside', () => {
    const flows = plantWorld(WORLD).map((flow): PlantedFlow => ({ ...flow, subjectSide: 'none' }));
    const findings = findingsOf(flows);
    for (const finding of findings.filter(({ kind }) => kind !== 'coverage')) {
      expect(finding.verdict).toBe('insufficient-data');
    }
    expect(findings.at(-1)?.caveats.map((caveat) => caveat.id)).toContain('no-activity');
  });
});

describe('too little data', () => {
  it('gives values and no verdict for five days', () => {
    const findings = findingsOf(plantWorld({ ...WORLD, days: 5 }));
    for (const finding of findings.filter(({ kind }) => !COUNTS.has(kind))) {
      expect(finding.verdict).toBe('insufficient-data');
      expect(finding.pValue).toBeNull();
      expect(finding.value).not.toBeNull();
      expect(finding.caveats.map((caveat) => caveat.id)).toContain('too-little-data');
    }
  });

  it('makes no weekly rhythm of ten days', () => {
    const findings = findingsOf(plantWorld({ ...WORLD, days: 10 }));
    for (const weekly of only(findings, 'weekly-rhythm')) expect(weekly.verdict).toBe('insufficient-data');
    for (const daily of only(findings, 'daily-rhythm')) expect(daily.verdict).toBe('supported');
  });

  it('does not let a cut first day pull its weekday down', () => {
    const whole = plantWorld({ ...WORLD, weekdayLevel: () => 1 });
    const cut = whole.filter((flow) => flow.start >= FIRST_MONDAY + 18 * HOUR);
    const [weekly] = only(findingsOf(cut), 'weekly-rhythm');
    expect(weekly?.ranking.find((row) => row.weekday === 1)?.daysObserved).toBe(2);
    expect(weekly?.caveats.map((caveat) => caveat.id)).toContain('days-cut');
    expect(weekly?.verdict).toBe('not-supported');
  });
});

describe('coverage', () => {
  const others = plantWorld({ ...WORLD, silent: (hour) => hour >= 100 && hour < 106, others: 4 });

  it('tells a planted gap from its last flow before to its first after', () => {
    const [coverage] = only(findingsOf(others), 'coverage');
    const gap = (coverage?.gaps ?? []).find(({ from, to }) => Date.parse(to) - Date.parse(from) > 4 * 3_600_000);
    const begins = (FIRST_MONDAY + 100 * HOUR) / 1000;
    expect(Date.parse(gap?.to ?? '')).toBeGreaterThanOrEqual(begins + 6 * 3_600_000);
    expect(Date.parse(gap?.to ?? '')).toBeLessThan(begins + 7 * 3_600_000);
    expect(coverage?.numerator).toBeLessThanOrEqual(504 - 5);
    expect(coverage?.denominator).toBe(504);
    expect(coverage?.value).toBeCloseTo((coverage?.numerator ?? 0) / 504, 8);
  });

  it('tells an outage when other traffic goes on, and says when it cannot', () => {
    const dark = (flow: PlantedFlow): boolean => {
      const hour = (flow.start - FIRST_MONDAY) / HOUR;
      return flow.subjectSide !== 'none' && hour > 198 && hour < 205;
    };
    const [coverage] = only(findingsOf(others.filter((flow) => !dark(flow))), 'coverage');
    const outage = coverage?.outages.find(({ from, to }) => Date.parse(to) - Date.parse(from) > 4 * 3_600_000);
    expect(Date.parse(outage?.from ?? '')).toBeGreaterThan((FIRST_MONDAY + 198 * HOUR) / 1000);
    const [alone] = only(findingsOf(plantWorld({ ...WORLD, days: 8 })), 'coverage');
    expect(alone?.outages).toEqual([]);
    expect(alone?.caveats.map((caveat) => caveat.id)).toContain('outages-cannot-be-told');
  });

  it('takes one stray packet for no outage', () => {
    const hour = FIRST_MONDAY + 36 * HOUR;
    const quiet = others.filter(({ start }) => start < hour - HOUR || start >= hour + HOUR);
    const stray = {
      ...others.find(({ subjectSide }) => subjectSide === 'none'),
      start: hour + 600e6,
      end: hour + 601e6,
    };
    const told = (flows: PlantedFlow[]): number =>
      only(findingsOf(flows.toSorted((x, y) => x.start - y.start)), 'coverage')[0]?.outages.filter(
        ({ from }) => Math.abs(Date.parse(from) - hour / 1000) < 3_600_000,
      ).length ?? -1;
    expect(told([...quiet, stray])).toBe(0);
    expect(told([...quiet, stray, { ...stray, start: hour + 3000e6, end: hour + 3001e6 }])).toBe(1);
  });

  it('takes a quiet hour of the night for no outage, and a silent hour of the day for one', () => {
    // Six weeks; the ranges have forty flows in an hour of the day and in every seventh hour of the night two, others always two.
    const hours = Array.from({ length: 42 * 24 }, (_, hour) => hour);
    const flowsAt = (hour: number, count: number, subjectSide: PlantedFlow['subjectSide']): PlantedFlow[] =>
      Array.from({ length: count }, (_, i) => ({
        start: FIRST_MONDAY + hour * HOUR + i * 80e6,
        end: FIRST_MONDAY + hour * HOUR + i * 80e6 + 1e6,
        subjectSide: subjectSide ?? 'initiator',
      }));
    const isDay = (hour: number): boolean => hour % 24 >= 8 && hour % 24 < 20;
    const dark = 24 * 22 + 12;
    const flows = hours.flatMap((hour) => [
      ...flowsAt(hour, hour === dark ? 0 : isDay(hour) ? 40 : hour % 7 === 0 ? 2 : 0, 'initiator'),
      ...flowsAt(hour, 2, 'none'),
    ]);
    const [coverage] = only(findingsOf(flows.toSorted((x, y) => x.start - y.start)), 'coverage');
    const [outage, ...more] = coverage?.outages ?? [];
    expect(more).toEqual([]);
    expect(Date.parse(outage?.from ?? '')).toBe((FIRST_MONDAY + dark * HOUR) / 1000);
    expect(coverage?.caveats.map(({ id }) => id)).toContain('silence-as-expected');
  });

  it('takes hours without a flow for silence as far as nearly silent ones make it likely', () => {
    // Twenty nights with no, one or two flows at three o'clock, and two days without any at noon.
    const day = (number: number): DayTally => {
      const tally = new DayTally(number);
      for (let hour = 0; hour < 24; hour++) tally.touching[hour] = 50;
      tally.touching[3] = number % 3;
      if (number < 2) tally.touching[12] = 0;
      return tally;
    };
    const silence = shareOfSilence(Array.from({ length: 20 }, (_, number) => day(number)));
    // 7 nights with none, 7 with one, 6 with two: at least 7 * 6 / (2 * 7) = 3 silent ones.
    expect(silence[3]).toBeCloseTo(3 / 7, 12);
    expect([silence[12], silence[5]]).toEqual([0, 0]);
  });

  it('tells what the evidence says that it lost', () => {
    const problem = (kind: string, count: number): Problem => ({ kind, count, firstOffset: 1, message: 'made up' });
    const flows = plantWorld({ ...WORLD, days: 8 });
    const packets = flows.reduce((sum, flow) => sum + (flow.packets ?? 10), 0);
    const reader = plant([
      { path: 'a.pcap', flows, problems: [problem('capture-dropped', packets), problem('mac-address', 3)] },
      { path: 'b.nf', flows: [], problems: [problem('messages-missing', 12)] },
    ]);
    const told = analyseCase(reader);
    reader.close();
    const [coverage] = only(told, 'coverage');
    expect(coverage?.losses).toEqual([
      { kind: 'capture-dropped', lost: packets, share: 0.5, files: 1 },
      { kind: 'messages-missing', lost: 12, share: null, files: 1 },
    ]);
    expect(coverage?.statement).toContain('packets dropped by the capturing machine (50.0 % of those of 1 file)');
    expect(findingTables(coverage ?? told[0])[0]?.rows.length).toBe(2);
    const silent = told.filter(({ caveats }) => caveats.every(({ id }) => id !== 'evidence-lost'));
    expect(silent.map(({ kind }) => kind)).toEqual([]);
  });

  it('corrects the profile for hours that were not watched', () => {
    // A flat world watched in the evening on every day, by night on a third of them.
    const watched = (hour: number): boolean => hour % 24 >= 12 || Math.floor(hour / 24) % 3 === 0;
    const flows = plantWorld({ ...FLAT, silent: (hour) => !watched(hour) });
    const [daily] = only(findingsOf(flows.map((flow) => ({ ...flow, end: flow.start }))), 'daily-rhythm');
    for (const share of daily?.profile ?? []) expect(Math.abs(share - 1 / 24)).toBeLessThan(0.012);
    expect(daily?.verdict).toBe('not-supported');
  });
});

describe('definitions', () => {
  const steady = plantWorld({ ...WORLD, days: 8 });

  it('spreads bytes in equal parts over the hours that a flow touches, and counts a flow at its start', () => {
    const flow: PlantedFlow = { start: FIRST_MONDAY + 1.5 * HOUR, end: FIRST_MONDAY + 3.25 * HOUR, bytes: 3000 };
    const [byFlows, byBytes] = only(findingsOf([flow]), 'daily-rhythm');
    expect(byFlows?.profile.slice(0, 5)).toEqual([0, 1, 0, 0, 0]);
    expect(byBytes?.profile.slice(0, 5)).toEqual([0, 0.333333333, 0.333333333, 0.333333333, 0]);
  });

  it('does not let a lying end fill the calendar', () => {
    const lie: PlantedFlow = { start: FIRST_MONDAY, end: FIRST_MONDAY + 200 * 365 * 24 * HOUR, bytes: 5 };
    const [coverage] = only(findingsOf([...steady, lie]), 'coverage');
    expect(coverage?.denominator).toBe(only(findingsOf(steady), 'coverage')[0]?.denominator);
    expect(coverage?.caveats.map((caveat) => caveat.id)).toContain('endless-flows');
  });

  it('leaves out flows with impossible times and says so', () => {
    const impossible = [Number.NaN, -1, 1e18, Infinity].map((start): PlantedFlow => ({ start, end: start }));
    const findings = findingsOf([...steady, ...impossible]);
    expect(findings.at(-1)?.caveats.find((caveat) => caveat.id === 'impossible-times')?.text).toContain('4 flows');
  });

  it('leaves out excluded and server addresses at either end', () => {
    const profile = {
      ...PLANTED_PROFILE,
      excluded: [{ cidr: '175.45.177.0/24', why: 'an embassy' }],
      servers: ['175.45.176.15'],
    };
    const kept = steady.filter(
      ({ initiator = '', subjectSide }) =>
        subjectSide === undefined && !initiator.startsWith('175.45.177.') && initiator !== '175.45.176.15',
    );
    const [share] = only(findingsOf(steady, { profile }), 'activity-share');
    expect(share?.denominator).toBe(kept.length);
    expect(share?.where).toContain('not address in (175.45.177.0/24, 175.45.176.15)');
  });

  it('multiplies sampled counts by their rate and says so', () => {
    const sampled = steady.map((flow): PlantedFlow => ({ ...flow, sampling: 100 }));
    const plain = only(findingsOf(steady), 'activity-share');
    const scaled = only(findingsOf(sampled), 'activity-share');
    expect(scaled.map((share) => share.scaled)).toEqual([true, true, true, false, true, true, true, false]);
    expect(scaled[1]?.numerator).toBe((plain[1]?.numerator ?? 0) * 100);
    expect(scaled[3]?.numerator).toBe(plain[3]?.numerator);
    expect(scaled[0]?.caveats[0]?.id).not.toBeUndefined();
    expect(scaled[0]?.caveats.map((caveat) => caveat.id)).toContain('sampled');
    expect(scaled[0]?.coverage.sampling).toEqual([100]);
    // Recorded flows are the long ones: shares of flows and host-hours are not told, of bytes and packets they are.
    const toldOf = (shares: typeof scaled): string[][] =>
      shares.slice(0, 4).map(({ metric, verdict }) => [metric, verdict]);
    expect(toldOf(plain).every(([, verdict]) => verdict === 'supported')).toBe(true);
    expect(toldOf(scaled)).toEqual([
      ['flows', 'insufficient-data'],
      ['bytes', 'supported'],
      ['packets', 'supported'],
      ['host-hours', 'insufficient-data'],
    ]);
    const areScaled = scaled.slice(0, 4).map(({ statement }) => statement.includes('multiplied by their rate'));
    expect(areScaled).toEqual([true, true, true, false]);
  });

  it('stops when cancelled', () => {
    const reader = plant([{ path: 'one.pcap', flows: steady }]);
    expect(() => analyseCase(reader, { cancelled: () => true })).toThrow(/cancelled/);
    const seen: string[] = [];
    analyseCase(reader, { progress: (done, of, what) => seen.push(`${done}/${of} ${what}`) });
    expect(seen).toEqual(['0/1 reading flows', '1/1 making findings']);
    reader.close();
  });

  it('quotes hostile names of groups and services so that the filter still parses', () => {
    const hostile = 'a" or (country = "CN\\ \n\u202e';
    expect(() => parseFilter(`service = ${filterValue(hostile)}`)).not.toThrow();
    const profile = { ...PLANTED_PROFILE, groups: { [hostile]: [hostile, 'and', 'gaming'] } };
    const [share] = only(findingsOf(steady, { profile }), 'activity-share');
    expect(() => parseFilter(share?.where ?? '')).not.toThrow();
    expect(parseFilter(activityFilter(profile))).toBeDefined();
  });
});
