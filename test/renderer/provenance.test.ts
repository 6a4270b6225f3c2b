import { expect, it } from 'vitest';
import { figureLine, findingLine } from '../../renderer/state/provenance.ts';
import type { CaseOverview } from '../../shared/bridge.ts';
import type { Coverage, Finding } from '../../shared/finding.ts';

const OVERVIEW = {
  title: 'Paper\u202ecrane',
  firstSeen: Date.UTC(2017, 4, 1) * 1000,
  profile: { timeZone: 'Asia/Pyongyang' },
} as CaseOverview;
const COVERAGE: Coverage = {
  from: '2017-05-01T00:00:00.000000Z',
  to: '2017-05-31T00:00:00.000000Z',
  observedFraction: 0.975,
  sampling: [1],
};

it('says a figure in one line with denominator, filter, coverage, zone and case', () => {
  const figure = {
    subject: 'Category gaming',
    amounts: ['12 flows (3.0 % of the 400 flows of the case)'],
    where: 'category = gaming',
  };
  const text = figureLine(figure, OVERVIEW, COVERAGE);
  expect(text).toBe(
    'Category gaming: 12 flows (3.0 % of the 400 flows of the case); filter: category = gaming; evidence 2017-05-01 08:30 to ' +
      '2017-05-31 08:30 (Asia/Pyongyang), 97.5 % of the clock hours observed, unsampled; days and hours in Asia/Pyongyang (UTC+08:30); case “Paper\\u202ecrane”',
  );
  expect(figureLine({ ...figure, where: '' }, OVERVIEW, null)).toContain(
    'filter: every flow of the case; coverage not yet told',
  );
});

it('says a finding in one line, with its caveats', () => {
  const finding = {
    id: 'f1',
    title: 'Share of gaming',
    statement: 'Gaming holds 3 %\nof it.',
    verdict: 'insufficient-data',
    population: 'activity',
    where: 'category = gaming',
    coverage: { ...COVERAGE, sampling: [1, 100] },
    caveats: [{ id: 'few-days', text: 'Few days.' }],
    method: { name: 'Count', source: '' },
  } as unknown as Finding;
  const text = findingLine(finding, [['95 % interval', '2 % to 4 %']], OVERVIEW);
  expect(text).not.toMatch(/\n/);
  for (const part of [
    'Share of gaming (insufficient data): Gaming holds 3 %',
    '95 % interval 2 % to 4 %',
    'counted: activity',
    'filter: category = gaming',
    'sampled 1:1, 1:100',
    'caveats: Few days.',
    'method: Count',
    'finding f1 of case',
  ]) {
    expect(text).toContain(part);
  }
});
