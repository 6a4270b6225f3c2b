import { afterAll, describe, expect, it } from 'vitest';
import type { Finding, OnsetFinding } from '../../shared/finding.ts';
import { PLANTED_PROFILE, type PlantedFlow, plantWorld } from './planted-case.ts';
import { PlantedCases, SIX_WEEKS, cutDifferently, dateOf, dayOf, flowsOn, matching, ofKind } from './planted-change.ts';

const cases = new PlantedCases();
afterAll(() => cases.remove());

const COIN: Partial<PlantedFlow> = { category: 'crypto', service: 'bitcoin-network', protocol: 'bitcoin' };
const base = plantWorld(SIX_WEEKS);
const inOrder = (flows: PlantedFlow[]): PlantedFlow[] => flows.toSorted((x, y) => x.start - y.start);

function onsetOf(findings: readonly Finding[], subject: string): OnsetFinding | undefined {
  return ofKind(findings, 'onset').find((finding) => finding.subject === subject);
}

describe('an onset', () => {
  const flows = inOrder([...base, ...flowsOn(20, 42, 12, COIN)]);
  const profile = {
    ...PLANTED_PROFILE,
    events: [
      { time: `${dateOf(18)}T12:00:00+08:30`, label: 'Near', kind: 'cyber', source: 'made up' },
      { time: `${dateOf(30)}T12:00:00+08:30`, label: 'Far', kind: 'cyber', source: 'made up' },
    ],
  };
  const reader = cases.open([{ path: 'one.pcap', flows }], { profile });
  const findings = cases.findings([{ path: 'one.pcap', flows }], { profile });

  it('from nothing is dated, with before and after, for category and service', () => {
    for (const subject of ['category:crypto', 'service:bitcoin-network']) {
      const onset = onsetOf(findings, subject);
      expect(onset).toMatchObject({ verdict: 'supported', date: dateOf(20), before: 0, stillActive: true });
      expect(onset?.after).toBeGreaterThan(10);
      expect(onset?.after).toBeLessThan(14);
      expect(onset?.interval?.[0]).toBeLessThan(12);
      expect(onset?.interval?.[1]).toBeGreaterThan(12);
      expect(onset?.beforeInterval?.[1]).toBeLessThan(0.2);
      const [low = '', high = ''] = onset?.dateInterval ?? [];
      expect([low <= dateOf(20), high >= dateOf(20)]).toEqual([true, true]);
      expect(onset?.nearbyEvents.map(({ label }) => label)).toEqual(['Near']);
      expect(onset?.episodes.map(({ from }) => from)).toEqual([dateOf(0), dateOf(20)]);
      expect(onset?.statement).toContain('flows opened from inside the ranges');
    }
    expect(new Set(ofKind(findings, 'onset').map(({ id }) => id)).size).toBe(ofKind(findings, 'onset').length);
  });

  it('is told of nothing else', () => {
    const others = ofKind(findings, 'onset').filter(({ subject }) => !/crypto|bitcoin/.test(subject));
    expect(others.length).toBeGreaterThan(12);
    for (const { verdict, date, dateInterval } of others) {
      expect([verdict, date, dateInterval]).toEqual(['not-supported', null, null]);
    }
  });

  it('selects by `where` what its numerator counts', () => {
    for (const { where, numerator } of ofKind(findings, 'onset')) expect(matching(reader, where)).toBe(numerator);
  });

  it('is the same whatever the cut and order of segments, and when computed again', () => {
    const other = cases.findings(cutDifferently(flows), { profile, rows: 499 });
    expect(JSON.stringify(ofKind(other, 'onset'))).toBe(JSON.stringify(ofKind(findings, 'onset')));
    const again = cases.findings([{ path: 'one.pcap', flows }], { profile });
    expect(JSON.stringify(ofKind(again, 'onset'))).toBe(JSON.stringify(ofKind(findings, 'onset')));
  });
});

describe('what is told of changes', () => {
  it('an episode is an onset that is no longer active; a fall is none', () => {
    const episode = cases.findings([{ path: 'a', flows: inOrder([...base, ...flowsOn(16, 30, 15, COIN)]) }]);
    expect(onsetOf(episode, 'category:crypto')).toMatchObject({
      verdict: 'supported',
      date: dateOf(16),
      stillActive: false,
    });
    const fall = cases.findings([{ path: 'a', flows: inOrder([...base, ...flowsOn(0, 20, 15, COIN)]) }]);
    expect(onsetOf(fall, 'category:crypto')).toMatchObject({ verdict: 'not-supported', date: null });
    expect(onsetOf(fall, 'category:crypto')?.episodes.map(({ from }) => from)).toEqual([dateOf(0), dateOf(20)]);
  });

  it('a rise in steps begins with the first that goes half of the way', () => {
    const steps = (first: number): PlantedFlow[] =>
      inOrder([...base, ...flowsOn(0, 18, 2, COIN), ...flowsOn(18, 22, first, COIN), ...flowsOn(22, 42, 60, COIN)]);
    const dated = (first: number): string | null | undefined =>
      onsetOf(cases.findings([{ path: 'a', flows: steps(first) }]), 'category:crypto')?.date;
    expect([dated(8), dated(30)]).toEqual([dateOf(22), dateOf(18)]);
  });

  it('what is not found without names, or labelled by behaviour alone, is not told', () => {
    const unnamed = (flow: PlantedFlow): PlantedFlow => ({ ...flow, labelEvidence: 'port' });
    const without = cases.findings([
      { path: 'a', flows: inOrder([...base, ...flowsOn(20, 42, 12, COIN)]).map(unnamed) },
    ]);
    expect(onsetOf(without, 'category:crypto')).toMatchObject({ verdict: 'supported', date: dateOf(20) });
    expect(onsetOf(without, 'category:gaming')).toMatchObject({ verdict: 'insufficient-data', date: null });
    expect(onsetOf(without, 'total')?.verdict).toBe('not-supported');
    const behaving = flowsOn(20, 42, 12, { ...COIN, labelEvidence: 'behaviour' });
    const weak = onsetOf(cases.findings([{ path: 'a', flows: inOrder([...base, ...behaving]) }]), 'category:crypto');
    expect([weak?.verdict, weak?.pValue, weak?.caveats[0]?.id]).toEqual(['insufficient-data', null, 'labels-too-weak']);
  });

  it('a doubling is no onset', () => {
    const flows = inOrder([...base, ...flowsOn(0, 20, 10, COIN), ...flowsOn(20, 42, 20, COIN)]);
    expect(onsetOf(cases.findings([{ path: 'a', flows }]), 'category:crypto')).toMatchObject({
      verdict: 'not-supported',
      date: null,
    });
  });

  it('reaches over days that were not observed', () => {
    const silent = (flow: PlantedFlow): boolean => dayOf(flow) >= 18 && dayOf(flow) < 22;
    const flows = inOrder([...base, ...flowsOn(20, 42, 12, COIN)]).filter((flow) => !silent(flow));
    const onset = onsetOf(cases.findings([{ path: 'a', flows }]), 'category:crypto');
    expect(onset).toMatchObject({ verdict: 'supported', date: dateOf(22), dateInterval: [dateOf(18), dateOf(22)] });
    expect(onset?.caveats.map(({ id }) => id)).toContain('recording-changes');
  });

  it('lays a rise of everything to evidence that begins', () => {
    const more = flowsOn(20, 42, 900, { category: 'web' }).toSorted((x, y) => x.start - y.start);
    const findings = cases.findings([
      { path: 'thin.pcap', flows: base },
      { path: 'thick.pcap', flows: more },
    ]);
    const total = onsetOf(findings, 'total');
    expect(total).toMatchObject({ verdict: 'not-supported', date: null });
    expect(total?.caveats.find(({ id }) => id === 'recording-changes')?.text).toContain('evidence begins');
  });

  it('scales sampled counts and tells what they could not show', () => {
    const sampled = (flow: PlantedFlow): PlantedFlow => ({ ...flow, sampling: 100 });
    const flows = inOrder([...base, ...flowsOn(20, 42, 12, COIN)]).map(sampled);
    const onset = onsetOf(cases.findings([{ path: 'a', flows }]), 'category:crypto');
    expect(onset).toMatchObject({ verdict: 'supported', date: dateOf(20), scaled: true });
    expect(onset?.after).toBeGreaterThan(1000);
    expect(onset?.caveats.map(({ id }) => id)).toEqual(expect.arrayContaining(['sampled', 'sampling-detection-limit']));
  });

  it('needs two weeks', () => {
    const findings = cases.findings([{ path: 'a', flows: base.filter((flow) => dayOf(flow) < 13) }]);
    const [total, ...others] = ofKind(findings, 'onset');
    expect([total?.verdict, total?.caveats[0]?.id, others]).toEqual(['insufficient-data', 'too-little-data', []]);
  });

  it('tells no onset in worlds without any', () => {
    for (let seed = 11; seed < 19; seed++) {
      for (const { verdict } of ofKind(
        cases.findings([{ path: 'a', flows: plantWorld({ ...SIX_WEEKS, seed }) }]),
        'onset',
      )) {
        expect(verdict).toBe('not-supported');
      }
    }
  });
});
