import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { commandMarkup } from '../../electron/report/markup.ts';
import { reportHtml } from '../../electron/report/report-html.ts';
import { serialTable } from '../../electron/report/serial-findings.ts';
import type { Finding } from '../../shared/finding.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { HOST_PAGES, type ReportSettings } from '../../shared/report-settings.ts';
import { plantCase, plantWorld } from '../analysis/planted-case.ts';

/** What is chosen of a report, and the chapters that are counted anew from the flows. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-chapters-'));
const path = join(folder, 'case.enclave');
afterAll(() => rmSync(folder, { recursive: true }));

function inCase<T>(work: (reader: CaseReader) => T): T {
  const reader = new CaseReader(path);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

const printed = (settings: ReportSettings = {}): string =>
  inCase((reader) => reportHtml(reader, { version: '0.1.0', printedAt: '2026-01-02T10:10:00Z', ...settings }));
const chaptersOf = (html: string): string[] =>
  [...html.matchAll(/<h2>\d+ {2}([^<]+)</g)].map(([, title]) => title ?? '');

beforeAll(() => {
  const flows = plantWorld({
    days: 21,
    seed: 5,
    flowsPerHour: 15,
    hourLevel: (hour) => (hour >= 9 && hour < 21 ? 1 : 0.15),
    weekdayLevel: () => 1,
    entertainment: 0.42,
  });
  plantCase(path, [{ path: '/evidence/one.pcap', flows }]);
  const findings = inCase(analyseCase);
  const db = new Database(path);
  findings.forEach((finding, position) =>
    db.prepare('INSERT INTO finding VALUES (?, ?, ?)').run(finding.id, position, JSON.stringify(finding)),
  );
  db.close();
});

describe('chapters', () => {
  it('are those that were chosen, in their own order, and the first page tells which are missing', () => {
    const html = printed({ chapters: ['evidence', 'summary'] });
    expect(chaptersOf(html)).toEqual(['Summary', 'Evidence']);
    expect(html).toContain('“Claims put to the test”');
    expect(printed()).not.toContain('without the chapters');
    const brief = chaptersOf(printed({ form: 'brief', chapters: ['findings', 'terms'] }));
    expect(brief).toEqual(['Findings in short', 'Terms']);
  });
});

describe('pages of hosts', () => {
  const pagesOf = (html: string): string[] =>
    [...html.matchAll(/<div class="host-figures">\n<h3>Host ([^<]+)</g)].map(([, host]) => host ?? '');

  it('are of the busiest, or of those chosen; the others are counted', () => {
    const profiles = inCase((reader) => reader.findings().filter((finding) => finding.kind === 'host-profile'));
    expect(profiles.length).toBeGreaterThan(1);
    expect(pagesOf(printed())).toEqual(profiles.slice(0, HOST_PAGES).map(({ host }) => host));
    const last = profiles.at(-1)?.host ?? '';
    const html = printed({ hosts: [last, '9.9.9.9'] });
    expect(pagesOf(html)).toEqual([last]);
    expect(html).toContain(`${profiles.length - 1} further host`);
    expect(html).toContain('no profile: 1 chosen host');
  });
});

describe('exhibits', () => {
  it('are flows that the finding’s filter selects, with file and place', () => {
    const html = printed({ chapters: ['exhibits'] });
    const groups = [...html.matchAll(/class="mono quiet">([0-9a-f]{16})<\/span><\/td><\/tr>(.*?)<\/tbody>/gs)];
    expect(groups.length).toBeGreaterThan(2);
    for (const [, id, rows = ''] of groups) {
      const shown = [...rows.matchAll(/<td>([0-9a-f]{16}:(?:<wbr>)?[\d.]+:(?:<wbr>)?\d+)<br>/g)].map(([, flow = '']) =>
        flow.replaceAll('<wbr>', ''),
      );
      const behind = inCase((reader) => {
        const where = reader.findings().find((finding) => finding.id === id)?.where ?? '';
        return [...flowRecords(reader, { selection: compileFilter(parseFilter(where), reader), limit: 3 })];
      });
      expect(shown).toEqual(behind.map((flow) => flow.id));
    }
    expect(html).toContain('one.<wbr>pcap');
  });
});

describe('who was met', () => {
  it('draws bands between ranges, services and countries, and the table adds up', () => {
    const html = printed({ chapters: ['services'] });
    expect(html).toContain('<path d="M');
    expect(html).not.toMatch(/NaN|undefined/);
    const flows = [...html.matchAll(/<tr><td>[^<]*<\/td><td class="number">([\d,]+)<\/td>/g)].map(([, count = '']) =>
      Number(count.replaceAll(',', '')),
    );
    const activity = inCase((reader) => reader.findings().find(({ kind }) => kind === 'daily-rhythm')?.numerator ?? 0);
    expect(flows.reduce((sum, count) => sum + count, 0)).toBe(activity);
  });
});

describe('a long list of what was looked for and not found', () => {
  const compared = (change: number, interval: [number, number]): Finding => {
    const [period] = [{ from: '2017-05-01', to: '2017-05-31' }];
    return {
      kind: 'period-comparison',
      id: `id${change}`,
      title: 'Periods compared',
      statement: '',
      verdict: 'insufficient-data',
      value: change,
      interval,
      level: 0.95,
      unit: 'relative change per observed day',
      pValue: null,
      adjustedPValue: null,
      method: { name: '', source: '' },
      parameters: {},
      population: '',
      metric: 'flows',
      where: '',
      numerator: null,
      denominator: null,
      scaled: false,
      caveats: [],
      coverage: { from: null, to: null, observedFraction: 1, sampling: [1] },
      periods: [period, period],
      subject: `service:s${change}`,
      change,
      minimumDetectableEffect: null,
      substitutedBy: [],
      perDay: [1, 1],
      shares: [null, null],
      whereEarlier: '',
    };
  };
  const many = Array.from({ length: 140 }, (_, i) => compared(i, [-0.5, i]));
  const rows = (html: string): string[] => [...html.matchAll(/>(id\d+)</g)].map(([, id]) => id ?? '');

  it('is cut to the most telling, and says how many there are and where the others stand', () => {
    const telling = [compared(1000, [4, 20]), compared(1001, [-0.9, -0.7])];
    const html = serialTable([...many, ...telling]);
    expect(rows(html)).toHaveLength(20);
    expect(rows(html).slice(0, 2)).toEqual(['id1000', 'id1001']);
    expect(html).toContain('The 20 most telling of 142');
    expect(html).toContain('The other 122 are in the case');
  });

  it('is whole when it is short, or borne out', () => {
    expect(rows(serialTable(many.slice(0, 20)))).toHaveLength(20);
    expect(serialTable(many.slice(0, 20))).not.toContain('most telling');
    const supported = many.map((finding): Finding => ({ ...finding, verdict: 'supported' }));
    expect(rows(serialTable(supported))).toHaveLength(140);
  });
});

it('breaks filters and commands between words only, and long words behind their separators', () => {
  expect(commandMarkup('address = 10.1.2.3 and start >= 2017-04-05T21:30:00Z')).toBe(
    'address <span class="together">=</span> <span class="together">10.1.2.3</span> and start ' +
      '<span class="together">&gt;=</span> <span class="together">2017-04-05T21:30:00Z</span>',
  );
  expect(commandMarkup(`${'a'.repeat(30)}.${'b'.repeat(30)}`)).toBe(`${'a'.repeat(30)}.<wbr>${'b'.repeat(30)}`);
});
