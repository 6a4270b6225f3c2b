import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { responsePart, statedTolerance } from '../../electron/analysis/claim-rules.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import type { ClaimCheckFinding, Finding } from '../../shared/finding.ts';
import type { Claim, Profile } from '../../shared/profile.ts';
import { PLANTED_PROFILE, type PlantedFlow, plantCase, plantWorld } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-claims-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Three weeks from Monday 2017-04-24: busy from nine to nine, Mondays and Tuesdays more, 42 % entertainment by flows. */
const FLOWS = plantWorld({
  days: 21,
  seed: 4,
  flowsPerHour: 30,
  hourLevel: (hour) => (hour >= 9 && hour < 21 ? 1 : 0.1),
  weekdayLevel: (weekday) => (weekday <= 2 ? 1.8 : weekday >= 6 ? 0.5 : 1),
  entertainment: 0.42,
});

function claim(parts: Pick<Claim, 'kind' | 'subject' | 'expected'> & Partial<Claim>): Claim {
  return { id: 'T1', text: 'What is claimed.', source: 'Test', ...parts };
}

let cases = 0;

function findingsFor(claims: Claim[], flows: PlantedFlow[] = FLOWS, events: Profile['events'] = []): Finding[] {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: 'one.pcap', flows }], { profile: { ...PLANTED_PROFILE, claims, events } });
  const reader = new CaseReader(path);
  try {
    return analyseCase(reader);
  } finally {
    reader.close();
  }
}

function checked(claims: Claim[], flows?: PlantedFlow[], events?: Profile['events']): ClaimCheckFinding[] {
  return findingsFor(claims, flows, events).filter((finding) => finding.kind === 'claim-check');
}

describe('claims put to the test', () => {
  const share = { kind: 'activity-share', subject: 'group:gaming-and-streaming' };

  it('come first, one finding a claim, resting on findings of the same run', () => {
    const findings = findingsFor([claim({ ...share, metric: 'flows', expected: { value: 0.42 } })]);
    const [first] = findings;
    if (first?.kind !== 'claim-check') throw new Error('the claim is not told first');
    const rests = findings.find(({ id }) => id === first.restsOn[0]);
    expect(rests).toMatchObject({ kind: 'activity-share', metric: 'flows' });
    expect(first).toMatchObject({
      verdict: 'supported',
      verdictOnClaim: 'holds',
      claim: { id: 'T1', text: 'What is claimed.', source: 'Test' },
      value: rests?.value,
      interval: rests?.interval,
      where: rests?.where,
    });
    expect(first.why).toMatch(/^The share of flows is 4\d(\.\d)? % \(95 % interval .+\); stated is 42\.0 %\.$/);
  });

  it('are refuted by an interval that leaves the stated number out', () => {
    const [finding] = checked([claim({ ...share, metric: 'flows', expected: { value: 0.65 } })]);
    expect(finding).toMatchObject({ verdict: 'not-supported', verdictOnClaim: 'refuted' });
  });

  it('cannot be told when the metric is left open and the metrics disagree', () => {
    const [finding] = checked([claim({ ...share, expected: { value: 0.42 } })]);
    expect(finding?.verdictOnClaim).toBe('cannot-be-told');
    expect(finding?.why).toContain('does not name its metric');
    expect(finding?.restsOn).toHaveLength(4);
  });

  it('are refuted all the same when every metric leaves the number out', () => {
    const [finding] = checked([claim({ ...share, expected: { value: 0.02 } })]);
    expect(finding?.verdictOnClaim).toBe('refuted');
  });

  it('cannot be told when they hold only with activity that no rule names', () => {
    const named = FLOWS.filter(({ category }) => category !== 'unknown');
    const stated = [claim({ ...share, metric: 'flows', expected: { value: 0.475, tolerance: 0.005 } })];
    const [open] = checked(stated);
    expect(open?.verdictOnClaim).toBe('cannot-be-told');
    expect(open?.why).toContain('for activity that no rule names');
    expect(checked(stated, named)[0]?.verdictOnClaim).toBe('refuted');
  });

  it('cannot be told of a time that the evidence does not cover', () => {
    const coverage = { kind: 'coverage', subject: 'ranges' };
    const [inside, outside, range] = checked([
      claim({ id: 'T1', ...coverage, expected: { interval: ['2017-04-25', '2017-05-10'] } }),
      claim({ id: 'T2', ...coverage, expected: { interval: ['2017-04-01', '2017-07-06'] } }),
      claim({ id: 'T3', ...coverage, expected: { list: ['175.45.176.0/22', '210.52.109.0/24'] } }),
    ]);
    expect(inside?.verdictOnClaim).toBe('holds');
    expect(outside?.verdictOnClaim).toBe('cannot-be-told');
    expect(outside?.why).toContain('2017-04-24 to 2017-05-14');
    expect(range?.verdictOnClaim).toBe('refuted');
    expect(range?.why).toContain('210.52.109.0/24 is no range of the profile');
  });

  it('name the leading service of a category, and what is used', () => {
    const ranking = { kind: 'service-ranking', subject: 'category:social' };
    const [leads, other, used, unused] = checked([
      claim({ id: 'T1', ...ranking, expected: { value: 'facebook' } }),
      claim({ id: 'T2', ...ranking, expected: { value: 'twitter' } }),
      claim({ id: 'T3', ...ranking, expected: { list: ['baidu', 'xinhua', 'news'] } }),
      claim({ id: 'T4', ...ranking, expected: { list: ['baidu', 'twitter'] } }),
    ]);
    expect([leads, other, used, unused].map((finding) => finding?.verdictOnClaim)).toEqual([
      'holds',
      'refuted',
      'holds',
      'refuted',
    ]);
    expect(unused?.why).toMatch(
      /^Service twitter is met by 0 of [\d,]+ activity flows, on 0 of 21 days with activity \(refuted\)\. Service baidu is met by .+ \(holds\)\.$/,
    );
  });

  it('do not take what coarse sampling hides for absent', () => {
    const sampled = FLOWS.map((flow) => ({ ...flow, sampling: 1000 }));
    const [finding] = checked(
      [claim({ kind: 'service-ranking', subject: 'all', expected: { list: ['twitter'] } })],
      sampled,
    );
    expect(finding?.verdictOnClaim).toBe('cannot-be-told');
    expect(finding?.why).toContain('1:1000');
  });

  it('compare hours of the day to within one hour, and weekdays with their ties', () => {
    const rhythm = { kind: 'daily-rhythm', subject: 'all', metric: 'flows' };
    const [hours, night, weekdays, sundays] = checked([
      claim({ id: 'T1', ...rhythm, expected: { interval: [9, 20] } }),
      claim({ id: 'T2', ...rhythm, expected: { interval: [21, 6] } }),
      claim({ id: 'T3', ...rhythm, expected: { list: ['Monday', 'Tuesday'] } }),
      claim({ id: 'T4', ...rhythm, expected: { list: ['Sunday'] } }),
    ]);
    expect([hours, night, weekdays, sundays].map((finding) => finding?.verdictOnClaim)).toEqual([
      'holds',
      'refuted',
      'holds',
      'refuted',
    ]);
  });

  it('do not take a response that was not found for one that is not there', () => {
    const event = { time: '2017-05-01T03:00:00Z', label: 'one', kind: 'launch', source: 'Test' };
    const finding = findingsFor([], FLOWS, [event]).find(({ kind }) => kind === 'event-association');
    if (finding?.kind !== 'event-association') throw new Error('no finding about the event');
    const told = (interval: [number, number] | null): string =>
      responsePart('not-supported', { ...finding, verdict: 'not-supported', interval }).verdict;
    expect([told([0.9, 1.2]), told([1.03, 1.32]), told([0.7, 1.1]), told(null)]).toEqual([
      'holds',
      'cannot-be-told',
      'cannot-be-told',
      'cannot-be-told',
    ]);
  });

  it('carry the number compared, the flows of all they rest on, and no figure of one finding among several', () => {
    const [used, open] = checked([
      claim({ id: 'T1', kind: 'service-ranking', subject: 'category:social', expected: { list: ['baidu', 'news'] } }),
      claim({ id: 'T2', ...share, expected: { value: 0.42 } }),
    ]);
    expect(used).toMatchObject({ value: null, numerator: null, unit: 'none' });
    expect(used?.where).toMatch(/^\(.+ and service = baidu\) or \(.+ and category = news\)$/);
    expect(open).toMatchObject({ value: null, interval: null });
  });

  it('say so when no analysis can compare them', () => {
    const [finding] = checked([claim({ kind: 'horoscope', subject: 'all', expected: { value: 1 } })]);
    expect(finding).toMatchObject({ verdictOnClaim: 'cannot-be-told', restsOn: [], where: '' });
  });
});

describe('a stated number', () => {
  it('may be off by half a unit of its last digit', () => {
    expect([0.65, 0.2, 7, 12, 1, 0].map(statedTolerance)).toEqual([0.005, 0.05, 0.5, 0.5, 0.05, 0.05]);
  });
});
