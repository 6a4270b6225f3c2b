import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { reportHtml } from '../../electron/report/report-html.ts';
import type { ReportSettings } from '../../shared/report-settings.ts';
import { type PlantedFile, PLANTED_PROFILE, plantCase, plantWorld } from '../analysis/planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-report-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;
const OPTIONS = { version: '0.1.0', printedAt: '2026-01-02T10:10:00Z' };

function report(
  files: PlantedFile[],
  options: Parameters<typeof plantCase>[2] = {},
  settings: ReportSettings = {},
): string {
  const path = join(folder, `case ${cases++}'s.enclave`);
  plantCase(path, files, options);
  const reader = new CaseReader(path);
  const findings = analyseCase(reader);
  reader.close();
  const db = new Database(path);
  findings.forEach((finding, position) =>
    db.prepare('INSERT INTO finding VALUES (?, ?, ?)').run(finding.id, position, JSON.stringify(finding)),
  );
  db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)').run(
    1,
    '2026-01-02T10:00:00Z',
    'case created',
    '<b>someone</b>',
    HOSTILE,
    '0'.repeat(64),
    'ab'.repeat(32),
  );
  db.close();
  const printing = new CaseReader(path);
  const html = reportHtml(printing, { ...OPTIONS, ...settings });
  expect(reportHtml(printing, { ...OPTIONS, ...settings })).toBe(html);
  printing.close();
  return html;
}

const HOSTILE = `</style><script>alert(1)</script><img src=x onerror="alert(1)">\u202egnp.exe\u0007'"\\}@page{}`;

const WORLD = {
  days: 21,
  seed: 1,
  flowsPerHour: 15,
  hourLevel: (hour: number): number => (hour >= 9 && hour < 21 ? 1 : 0.15),
  weekdayLevel: (weekday: number): number => (weekday <= 2 ? 1.4 : 1),
  entertainment: 0.42,
};

describe('the report', () => {
  const html = report([
    { path: '/evidence/one.pcap', flows: plantWorld(WORLD) },
    {
      path: '/evidence/two.pcap',
      flows: [],
      status: 'partial',
      problems: [{ kind: 'truncated-packet', count: 3, firstOffset: 123_456, message: 'a packet is cut' }],
    },
  ]);

  it('tells what the brief of a case report asks for', () => {
    for (const text of [
      'Planted case',
      'not supplied',
      'Asia/Pyongyang',
      'What was not determined',
      'Head of the chain',
      'a packet is cut',
      '123,456',
      'Gaming-and-streaming',
      'enclave flows',
      'Monday',
      'country-2017-07',
    ]) {
      expect(html).toContain(text);
    }
    expect(html.match(/<figure>/g)?.length).toBeGreaterThanOrEqual(7);
  });

  it('needs nothing from outside and runs nothing', () => {
    expect(html).toContain(`default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:`);
    expect(html).not.toMatch(/<script|<link|<iframe|<object|<form|<[^>]*\son\w+=|javascript:/i);
    const withoutLetters = html.replaceAll(/url\(data:font\/woff2;base64,[\w+/=]+\)/g, '');
    const references = [...withoutLetters.matchAll(/(?:src|href|xlink:href)="([^"]*)"|url\(([^)]*)\)/g)].map(
      (x) => x[1] ?? x[2],
    );
    expect(references.filter((reference) => !reference?.startsWith('#') && !reference?.startsWith('&quot;#'))).toEqual(
      [],
    );
    expect(html).not.toMatch(/https?:\/\//);
  });

  it('balances its elements', () => {
    const open: string[] = [];
    const mismatched: string[] = [];
    const voids = new Set(['meta', 'br', 'wbr', 'col']);
    for (const [, slash, name = '', rest] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/gi)) {
      if (voids.has(name) || rest?.endsWith('/')) continue;
      if (!slash) open.push(name);
      else if (open.pop() !== name) mismatched.push(name);
    }
    expect(mismatched).toEqual([]);
    expect(open).toEqual([]);
  });
});

it('is cut for the paper that was chosen', () => {
  expect(report([], {}, { paper: 'Letter' })).toContain('@page { size: Letter;');
  expect(report([])).toContain('@page { size: A4;');
});

describe('the brief report', () => {
  const files = [{ path: '/evidence/one.pcap', flows: plantWorld(WORLD) }];
  const [full, brief] = [report(files), report(files, {}, { form: 'brief' })];
  const chaptersOf = (html: string): (string | undefined)[] =>
    [...html.matchAll(/<h2>([^<]+)</g)].map(([, title]) => title);
  const anchorsOf = (html: string): (string | undefined)[] =>
    [...html.matchAll(/href="#(chapter-\d+)"/g)].map(([, anchor]) => anchor);

  it('tells every kind of finding, without how it was come by', () => {
    expect(full).toContain('Flows behind it');
    expect(brief).not.toContain('Flows behind it');
    for (const text of [
      'Share of activity',
      'Daily rhythm',
      'Coverage',
      'What was not determined',
      'Head of the chain',
    ]) {
      expect(brief).toContain(text);
    }
    expect(chaptersOf(brief).length).toBeLessThan(chaptersOf(full).length);
  });

  it.each([
    ['full', full],
    ['brief', brief],
  ])('names each chapter in the contents (%s)', (_form, html) => {
    expect(anchorsOf(html)).toEqual(chaptersOf(html).map((_title, index) => `chapter-${index + 1}`));
    for (const anchor of anchorsOf(html)) expect(html).toContain(`<section id="${anchor}"`);
  });
});

describe.each(['full', 'brief'] as const)('a hostile case (%s)', (form) => {
  const profile = {
    ...PLANTED_PROFILE,
    name: HOSTILE,
    ranges: [{ label: HOSTILE, cidr: '175.45.176.0/22' }],
    groups: { [HOSTILE]: ['gaming', HOSTILE] },
  };
  const flows = plantWorld(WORLD).map((flow) => (flow.service === 'youku' ? { ...flow, service: HOSTILE } : flow));
  const problems = [{ kind: HOSTILE, count: 1, firstOffset: 1, message: HOSTILE }];
  const meta = { title: HOSTILE, examiner: HOSTILE, authority: HOSTILE };
  const html = report([{ path: `/evidence/${HOSTILE}`, flows, problems }], { profile, meta }, { form });

  it('puts no markup, no style and no invisible character of its own into the page', () => {
    expect(html).not.toMatch(/<script|<img|<b>/i);
    expect(html.match(/<\/style>/g)).toHaveLength(1);
    expect(html).not.toContain('\u202e');
    expect(html).not.toContain('\u0007');
    expect(html).toContain('\\u202e');
    const style = html.slice(html.indexOf('<style>'), html.indexOf('</style>'));
    expect(style.match(/@page/g)).toHaveLength(1);
  });
});

describe('a case with nothing in it', () => {
  it('says so', () => {
    const html = report([]);
    expect(html).toContain('The case holds no flow');
    expect(html).toContain('No evidence was imported');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('prints findings of too little data as such', () => {
    const html = report([{ path: 'short.pcap', flows: plantWorld({ ...WORLD, days: 2 }) }]);
    expect(html).toContain('Findings: insufficient data');
    expect(html).toContain('at least 7 are needed');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });
});
