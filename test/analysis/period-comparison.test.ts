import { afterAll, describe, expect, it } from 'vitest';
import type { Finding, PeriodComparisonFinding } from '../../shared/finding.ts';
import { PLANTED_PROFILE, type PlantedFlow, plantWorld } from './planted-case.ts';
import { PlantedCases, SIX_WEEKS, cutDifferently, dateOf, dayOf, flowsOn, matching, ofKind } from './planted-change.ts';

const cases = new PlantedCases();
afterAll(() => cases.remove());

const VPN: Partial<PlantedFlow> = { category: 'vpn', protocol: 'openvpn' };
const base = plantWorld(SIX_WEEKS);
const inOrder = (flows: PlantedFlow[]): PlantedFlow[] => flows.toSorted((x, y) => x.start - y.start);

function changeOf(
  findings: readonly Finding[],
  subject: string,
  metric = 'flows',
): PeriodComparisonFinding | undefined {
  return ofKind(findings, 'period-comparison').find((each) => each.subject === subject && each.metric === metric);
}

/** From day 21 four fifths of what went to Facebook go to VK, of the same category. */
const substituted = base.map((flow, i): PlantedFlow =>
  flow.service === 'facebook' && dayOf(flow) >= 21 && i % 5 !== 0 ? { ...flow, service: 'vk' } : flow,
);

describe('two halves of a window', () => {
  const flows = inOrder([...substituted, ...flowsOn(0, 21, 2, VPN), ...flowsOn(21, 42, 14, VPN, 2)]);
  const findings = cases.findings([{ path: 'a', flows }]);

  it('tell what fell, what took its place, and what rose', () => {
    const facebook = changeOf(findings, 'service:facebook');
    expect(facebook).toMatchObject({ verdict: 'supported', substitutedBy: ['service:vk'] });
    expect(facebook?.change).toBeLessThan(-0.7);
    expect(facebook?.interval?.[0]).toBeLessThan(facebook?.change ?? 0);
    expect(facebook?.interval?.[1]).toBeGreaterThan(facebook?.change ?? 0);
    expect(facebook?.statement).toContain('fell between the periods');
    expect(changeOf(findings, 'service:vk')).toMatchObject({ verdict: 'supported', substitutedBy: [] });
    const concealed = changeOf(findings, 'technique:all');
    expect(concealed?.verdict).toBe('supported');
    expect(concealed?.change).toBeGreaterThan(4);
    expect(concealed?.change).toBeLessThan(9);
    expect(concealed?.shares[1]).toBeGreaterThan(concealed?.shares[0] ?? 1);
  });

  it('tell what took a place where all else became busier, too', () => {
    const busier = substituted.flatMap((flow, i) => (dayOf(flow) >= 21 && i % 3 !== 0 ? [flow, { ...flow }] : [flow]));
    const facebook = changeOf(cases.findings([{ path: 'a', flows: busier }]), 'service:facebook');
    expect(facebook).toMatchObject({ verdict: 'supported', substitutedBy: ['service:vk'] });
  });

  it('tell how large a change would have been told', () => {
    const volume = changeOf(findings, 'volume');
    const least = volume?.minimumDetectableEffect ?? 0;
    // The interval must lie beyond a fifth, so that no smaller change is told however alike the days are.
    expect(least).toBeGreaterThan(1.2);
    expect(least).toBeLessThan(1.6);
    expect(volume?.statement).toContain(
      `a rise to ${Math.round(least * 100) / 100} times as much, or as large a fall,`,
    );
    const rare = changeOf(findings, 'service:vk');
    expect(rare?.minimumDetectableEffect).toBeGreaterThan(least);
  });

  it('tell no change of what did not change', () => {
    const calm = ofKind(findings, 'period-comparison').filter(
      ({ subject }) => !/facebook|vk|technique|vpn/.test(subject),
    );
    expect(calm.length).toBeGreaterThan(10);
    for (const { subject, verdict } of calm) expect([subject, verdict]).toEqual([subject, 'not-supported']);
    expect(changeOf(findings, 'volume', 'bytes')?.verdict).toBe('not-supported');
  });

  it('select by `where` and `whereEarlier` what they count', () => {
    const reader = cases.open([{ path: 'a', flows }]);
    for (const { where, whereEarlier, numerator, denominator, metric } of ofKind(findings, 'period-comparison')) {
      if (metric !== 'flows') continue;
      expect([matching(reader, where), matching(reader, whereEarlier)]).toEqual([numerator, denominator]);
    }
    reader.close();
  });

  it('are the same whatever the cut and order of segments', () => {
    const other = cases.findings(cutDifferently(flows), { rows: 499 });
    expect(JSON.stringify(ofKind(other, 'period-comparison'))).toBe(
      JSON.stringify(ofKind(findings, 'period-comparison')),
    );
  });

  it('cover a planted doubling with their interval, and scale sampled counts, whose flows have none', () => {
    const doubled = base.flatMap((flow) => (dayOf(flow) >= 21 ? [flow, { ...flow }] : [flow]));
    const plain = changeOf(cases.findings([{ path: 'a', flows: doubled }]), 'volume');
    const flows100 = doubled.map((flow): PlantedFlow => ({ ...flow, sampling: 100 }));
    const sampled = changeOf(cases.findings([{ path: 'a', flows: flows100 }]), 'volume');
    for (const volume of [plain, sampled]) expect(volume?.verdict).toBe('supported');
    expect(plain?.interval?.[0]).toBeLessThan(1);
    expect(plain?.interval?.[1]).toBeGreaterThan(0.95);
    expect(sampled?.interval).toBeNull();
    expect(sampled?.caveats.map(({ id }) => id)).toContain('sampled-flows');
    expect(plain?.caveats.map(({ id }) => id)).not.toContain('sampled-flows');
    expect(sampled?.numerator).toBe((plain?.numerator ?? 0) * 100);
    expect(sampled?.scaled).toBe(true);
  });
});

describe('how a window is divided', () => {
  const eventOn = (day: number, kind: string) => ({
    time: `${dateOf(day)}T12:00:00+08:30`,
    label: `It came out`,
    kind,
    source: 'made up',
  });

  it('at events of the kinds that divide, with two weeks on either side', () => {
    const events = [eventOn(16, 'publication'), eventOn(20, 'missile-launch'), eventOn(39, 'sanctions')];
    const findings = ofKind(
      cases.findings([{ path: 'a', flows: base }], { profile: { ...PLANTED_PROFILE, events } }),
      'period-comparison',
    );
    const periods = new Set(findings.map((finding) => JSON.stringify(finding.periods)));
    expect([...periods].map((text) => JSON.parse(text) as unknown)).toEqual([
      [
        { from: dateOf(0), to: dateOf(20) },
        { from: dateOf(21), to: dateOf(41) },
      ],
      [
        { from: dateOf(0), to: dateOf(15) },
        { from: dateOf(17), to: dateOf(41) },
      ],
    ]);
    const caveats = findings[0]?.caveats ?? [];
    expect(caveats.find(({ id }) => id === 'events-inside')?.text).toContain('publication');
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
  });

  it('at a pause of the recording', () => {
    const flows = base.filter((flow) => dayOf(flow) < 15 || dayOf(flow) >= 26);
    const froms = ofKind(cases.findings([{ path: 'a', flows }]), 'period-comparison').map(
      ({ periods }) => periods[1].from,
    );
    expect(froms).toContain(dateOf(26));
  });
});

describe('what is no change of habits', () => {
  it('days that were hardly observed, which are left out', () => {
    const cut = base.filter((flow) => {
      const hour = ((flow.start + 8.5 * 3.6e9) / 3.6e9) % 24;
      return ![25, 26, 30, 33].includes(dayOf(flow)) || hour < 6;
    });
    const volume = changeOf(cases.findings([{ path: 'a', flows: cut }]), 'volume');
    expect(volume?.verdict).toBe('not-supported');
    expect(Math.abs(volume?.change ?? 1)).toBeLessThan(0.1);
    expect(volume?.caveats.map(({ id }) => id)).toContain('days-cut');
  });

  it('evidence that begins inside the periods: then recordings would be compared', () => {
    const findings = cases.findings([
      { path: 'a.pcap', flows: base },
      { path: 'b.pcap', flows: flowsOn(24, 42, 200, {}).toSorted((x, y) => x.start - y.start) },
    ]);
    const volume = changeOf(findings, 'volume');
    expect(volume).toMatchObject({ verdict: 'insufficient-data', pValue: null });
    expect(volume?.caveats.find(({ id }) => id === 'recording-changes')?.text).toContain('evidence begins');
  });

  it('another sampling rate, where all activity changes alike', () => {
    const flows = base.flatMap((flow, i): PlantedFlow[] =>
      dayOf(flow) < 21 ? [flow] : i % 2 === 0 ? [{ ...flow, sampling: 4 }] : [],
    );
    const volume = changeOf(cases.findings([{ path: 'a', flows }]), 'volume');
    expect(volume?.change).toBeGreaterThan(0.5);
    expect(volume?.verdict).toBe('not-supported');
    expect(volume?.caveats.find(({ id }) => id === 'recording-changes')?.text).toContain('sampling rate');
  });

  it('a window of less than four weeks', () => {
    const findings = ofKind(
      cases.findings([{ path: 'a', flows: base.filter((flow) => dayOf(flow) < 20) }]),
      'period-comparison',
    );
    expect(findings.map(({ subject, metric }) => `${subject} ${metric ?? ''}`)).toEqual([
      'volume flows',
      'volume bytes',
    ]);
    for (const { verdict, caveats } of findings)
      expect([verdict, caveats[0]?.id]).toEqual(['insufficient-data', 'too-little-data']);
  });

  it('anything in worlds without change', () => {
    for (let seed = 51; seed < 55; seed++) {
      const told = ofKind(
        cases.findings([{ path: 'a', flows: plantWorld({ ...SIX_WEEKS, seed }) }]),
        'period-comparison',
      );
      for (const { subject, verdict } of told) expect([subject, verdict]).toEqual([subject, 'not-supported']);
    }
  });
});
