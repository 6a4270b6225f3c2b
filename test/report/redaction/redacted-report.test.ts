import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../../electron/analysis/analyse.ts';
import { CaseReader } from '../../../electron/casefile/case-reader.ts';
import { readProfile } from '../../../electron/cli/profile-file.ts';
import { importAndAnalyse } from '../../../electron/engine/case-jobs.ts';
import { Engine } from '../../../electron/engine/engine.ts';
import { addressesIn } from '../../../electron/report/redaction/address-text.ts';
import { pageParts } from '../../../electron/report/redaction/leak-check.ts';
import { hostNamesIn, registrableDomain } from '../../../electron/report/redaction/registrable-domain.ts';
import { reportHtml } from '../../../electron/report/report-html.ts';
import { generateSample } from '../../../electron/sample/generate-sample.ts';
import type { Finding } from '../../../shared/finding.ts';
import { REDACTIONS, type RedactionChoice } from '../../../shared/redaction.ts';
import { PLANTED_PROFILE, plantCase, plantWorld } from '../../analysis/planted-case.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'enclave-redaction-'));
const OPTIONS = { version: '0.1.0', printedAt: '2026-01-02T10:10:00Z' };
const KEY = 'a1b2c3d4'.repeat(8);
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

function textOf(html: string): string {
  return pageParts(html)
    .map(({ text }) => text)
    .join('\n');
}

const kept = new Map<string, string>();

/** A report, printed once for all tests. */
function printed(path: string, choice: RedactionChoice & { form?: 'full' | 'brief' } = {}): string {
  const key = JSON.stringify([path, choice]);
  const html = kept.get(key) ?? printedAnew(path, choice);
  kept.set(key, html);
  return html;
}

function printedAnew(path: string, choice: RedactionChoice & { form?: 'full' | 'brief' } = {}): string {
  const reader = new CaseReader(path);
  try {
    return reportHtml(reader, { ...OPTIONS, ...choice });
  } finally {
    reader.close();
  }
}

function setMeta(path: string, key: string, value: string): void {
  const db = new Database(path);
  db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(key, value);
  db.close();
}

describe('the sample case', () => {
  const path = join(FOLDER, 'made for mueller.enclave');
  const engine = new Engine();
  let hosts: Set<string>;
  let agents: string[];
  let names: string[];
  let whole: string;
  let findings: Finding[];

  beforeAll(async () => {
    const { files } = await generateSample(join(FOLDER, 'evidence of mueller'), { days: 12, captureDays: 1 });
    await engine.run('new', {
      case: path,
      profile: readProfile('dprk-2017'),
      title: 'Operation Whitefinch',
      examiner: 'Ada Mueller',
      authority: 'Order 77/2026 of the Court of Whitefinch',
    });
    await importAndAnalyse(engine, { case: path, paths: [...files] }, {});
    await engine.run('makeRedactionKey', { case: path });
    const reader = new CaseReader(path);
    whole = reportHtml(reader, OPTIONS);
    findings = reader.findings();
    const segments = reader.segments();
    agents = [...new Set(segments.flatMap((segment) => reader.dictionary(segment, 'userAgent')))];
    names = [...new Set(segments.flatMap((segment) => reader.dictionary(segment, 'name')))];
    reader.close();
    // Of the ranges of the profile.
    hosts = new Set(
      [...addressesIn(textOf(whole)).addresses].filter((address) =>
        /^(175\.45\.17[6-9]|210\.52\.109|77\.94\.35)\./.test(address),
      ),
    );
    await engine.close();
  }, 180_000);

  it('holds what is to be hidden', () => {
    expect(hosts.size).toBeGreaterThan(20);
    expect(agents.length).toBeGreaterThan(3);
    expect(names.length).toBeGreaterThan(50);
    const text = textOf(whole);
    for (const secret of [
      'Whitefinch',
      'Mueller',
      'kp-main',
      'security-vendors',
      'missile-launch',
      'Mozilla/5.0',
      'week-1.pcap',
    ]) {
      expect(text).toContain(secret);
    }
  });

  it('gives the same bytes twice, and without redaction those of before', () => {
    for (const redact of REDACTIONS) expect(printed(path, { redact }) === printedAnew(path, { redact })).toBe(true);
    expect(printed(path, { redact: 'none' }) === whole).toBe(true);
    expect(whole).not.toContain('<dt>Redaction</dt>');
  });

  it.each(['addresses', 'full'] as const)('shows no address of it (%s)', (redact) => {
    for (const form of ['full', 'brief'] as const) {
      const html = printed(path, { redact, form });
      const left = addressesIn(textOf(html)).addresses;
      expect([...hosts].filter((host) => left.has(host))).toEqual([]);
      for (const host of hosts) expect(html.includes(`${host}<`) || html.includes(`${host} `)).toBe(false);
      expect(html).not.toContain('175.45.');
    }
  });

  it.each(['names', 'full'] as const)('shows no name of it (%s)', (redact) => {
    for (const form of ['full', 'brief'] as const) {
      const text = textOf(printed(path, { redact, form })).toLowerCase();
      for (const secret of ['whitefinch', 'mueller', 'kp-main', 'security-vendors', 'missile', 'dprk']) {
        expect(text).not.toContain(secret);
      }
      const long = agents.filter((agent) => agent.length > 20);
      expect(long.filter((agent) => text.includes(agent.slice(0, 60).toLowerCase()))).toEqual([]);
      const shown = new Set(hostNamesIn(text));
      const cut = names.filter((name) => (registrableDomain(name) ?? name) !== name.toLowerCase());
      expect(cut.length).toBeGreaterThan(20);
      expect(cut.filter((name) => shown.has(name.toLowerCase()))).toEqual([]);
      expect(text).toContain('evidence-1.pcap');
      expect(text).not.toContain('week-1');
    }
  });

  it('keeps addresses where only names are hidden, and names where only addresses are', () => {
    expect(textOf(printed(path, { redact: 'names' }))).toContain('175.45.176.0/22');
    const text = textOf(printed(path, { redact: 'addresses' }));
    expect(text).toContain('Operation Whitefinch');
    expect(text).toContain('kp-main');
  });

  it('tells on its first page how it was redacted, and that the case has the original', () => {
    for (const redact of ['addresses', 'names', 'full'] as const) {
      const [first] = printed(path, { redact }).split('<section id="chapter-1"');
      expect(first).toContain('<dt>Redaction</dt>');
      expect(first).toContain('The case holds the original');
    }
  });

  it('never prints the key', () => {
    const reader = new CaseReader(path);
    const key = reader.meta('redactionKey') ?? '';
    reader.close();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    for (const redact of REDACTIONS) expect(printed(path, { redact })).not.toContain(key.slice(0, 16));
  });

  it('tells numbers, verdicts and figures of the whole report', () => {
    const shape = (html: string): unknown[] => [
      html.match(/<figure>/g)?.length,
      html.match(/class="verdict [a-z-]+"/g),
      html.match(/\d+\.\d %/g),
    ];
    for (const redact of ['addresses', 'names'] as const)
      expect(shape(printed(path, { redact }))).toEqual(shape(whole));
  });

  it('gives a host one alias, in sentences, tables and filters, whatever is left out', () => {
    const profile = findings.find((finding) => finding.kind === 'host-profile' && finding.verdict === 'supported');
    if (profile?.kind !== 'host-profile') throw new Error('no host with a profile');
    const text = textOf(printed(path, { redact: 'full' }));
    const [, alias = ''] = /Host ([A-C]\d+) \(/.exec(text) ?? [];
    expect(text).toContain(`initiator = ${alias}`);
    expect(text).toContain(`\nhost ${alias}\n`);
    const other = findings.find(({ kind }) => kind === 'coverage');
    expect(textOf(printed(path, { redact: 'full', leaveOutFindings: [other?.id ?? ''] }))).toContain(`Host ${alias} (`);
    expect(/.{0,60}hosts? host.{0,30}/i.exec(text)).toBeNull();
  });

  it('prints no id that the address of its host could be tried against', () => {
    const html = printed(path, { redact: 'addresses' });
    const about = findings.filter(
      (finding) => JSON.stringify(finding.parameters).includes('175.45.') && finding.kind !== 'claim-check',
    );
    expect(about.length).toBeGreaterThan(5);
    expect(about.filter(({ id }) => html.includes(id))).toEqual([]);
    const rhythms = findings.filter(({ kind }) => kind === 'daily-rhythm');
    expect(rhythms.filter(({ id }) => !html.includes(id))).toEqual([]);
  });

  it('leaves out chosen hosts and findings, and says how many', () => {
    const profile = findings.find((finding) => finding.kind === 'host-profile' && finding.verdict === 'supported');
    const ranking = findings.find(({ kind, verdict }) => kind === 'daily-rhythm' && verdict === 'supported');
    if (profile?.kind !== 'host-profile' || ranking === undefined) throw new Error('the sample lacks a finding');
    const choice = { leaveOutHosts: [profile.host], leaveOutFindings: [ranking.id] };
    for (const redact of REDACTIONS) {
      const html = printed(path, { redact, ...choice });
      const text = textOf(html);
      expect(addressesIn(text).addresses.has(profile.host)).toBe(false);
      expect(text).not.toContain(ranking.id);
      expect(text).not.toContain(ranking.statement);
      expect(text).toContain('1 host and ');
    }
    expect(() => printed(path, { leaveOutFindings: ['0123456789abcdef'] })).toThrow(/no finding/);
    expect(() => printed(path, { leaveOutHosts: ['example.com'] })).toThrow(/no address/);
  });
});

describe('a hostile case', () => {
  const path = join(FOLDER, 'hostile.enclave');
  const NAMES = [
    '.*',
    '</style><script>alert(1)</script>',
    '\u202egnp.exe',
    '$& $1 \\b',
    'kim & söhne',
    '한글 이름',
    "o'neill",
  ];
  const [group = '', range = '', title = '', examiner = '', event = '', note = '', kind = ''] = NAMES;
  const profile = {
    ...PLANTED_PROFILE,
    name: note,
    ranges: [{ label: range, cidr: '175.45.176.0/22' }],
    groups: { [group]: ['gaming', 'streaming'], social: ['social'] },
    watchLists: { [title]: ['mail.kim.example.com', '10.1.2.0/24'] },
    events: [{ time: '2017-05-01T00:00:00Z', label: event, kind, source: examiner }],
    claims: [
      {
        id: 'x<y',
        text: `${event} began`,
        source: examiner,
        kind: 'activity-share',
        subject: `group:${group}`,
        expected: { value: 0.4 },
      },
    ],
  };

  beforeAll(() => {
    plantCase(
      path,
      [
        {
          path: `/home/${examiner}/10.20.30.40 ${title}.pcap.gz`,
          flows: plantWorld({
            days: 21,
            seed: 1,
            flowsPerHour: 10,
            hourLevel: (hour) => (hour >= 9 && hour < 21 ? 1 : 0.15),
            weekdayLevel: () => 1,
            entertainment: 0.42,
          }),
          problems: [
            { kind: 'odd-name', count: 1, firstOffset: 3, message: `the name “${event}” of 10.20.30.41 is odd` },
          ],
        },
      ],
      { profile, meta: { title, examiner, authority: note } },
    );
    const reader = new CaseReader(path);
    const found = analyseCase(reader);
    reader.close();
    const db = new Database(path);
    found.forEach((finding, position) =>
      db.prepare('INSERT INTO finding VALUES (?, ?, ?)').run(finding.id, position, JSON.stringify(finding)),
    );
    const put = db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)');
    const detail = JSON.stringify({
      path: `/x/${title}`,
      [title]: event,
      at: '10.20.30.42',
      mac: '00:11:22:33:44:55',
      sha256: 'ab'.repeat(32),
    });
    put.run(1, '2026-01-02T10:00:00Z', 'import', examiner, detail, '0'.repeat(64), 'ab'.repeat(32));
    put.run(2, '2026-01-02T10:00:00Z', title, examiner, `not JSON: ${event}`, 'ab'.repeat(32), 'cd'.repeat(32));
    db.close();
    setMeta(path, 'redactionKey', KEY);
  });

  it.each(['names', 'full'] as const)('leaves nothing of what people wrote (%s)', (redact) => {
    const html = printed(path, { redact });
    const parts = pageParts(html);
    for (const name of NAMES.slice(1)) {
      for (const form of [name, name.replaceAll('\u202e', '\\u202e')]) {
        expect(parts.filter(({ text }) => text.toLowerCase().includes(form.toLowerCase()))).toEqual([]);
      }
    }
    expect(html).not.toMatch(/<script/i);
    expect(textOf(html)).toContain('examiner 1');
    expect(textOf(html)).toContain('ab'.repeat(32));
  });

  it.each(['addresses', 'full'] as const)('leaves no address of paths, messages and the audit log (%s)', (redact) => {
    const text = textOf(printed(path, { redact }));
    expect(text).not.toMatch(/10\.20\.30\.4|00:11:22|175\.45\.17/);
  });

  it('keeps words of the vocabulary', () => {
    expect(textOf(printed(path, { redact: 'names' }))).toContain('Share of social in activity');
  });

  it('is not printed redacted without a key', () => {
    const db = new Database(path);
    db.prepare("DELETE FROM meta WHERE key = 'redactionKey'").run();
    db.close();
    expect(() => printedAnew(path, { redact: 'full' })).toThrow(/no key/);
    setMeta(path, 'redactionKey', KEY);
  });
});

describe('a case with what proxies, exporters and examiners add', () => {
  const path = join(FOLDER, 'added.enclave');
  const engine = new Engine();
  /** By the level that has to hide them; all stand in the whole report. */
  const ADDRESSES = ['10.77.1.9', '10.77.1.10', '2001:db8:77::9', '::ffff:10.77.1.11'];
  const TEXTS = [
    '1.1 gate.frobisher-works.example (squid/3.5)',
    'gate.frobisher-works.example',
    'FrobisherAgent/7.1 (badge 4711)',
    'Frobisher Hall',
    'Hall of Frobisher',
    'frobisher.pcap',
    'Grace Quill',
    'tagged-quill',
    'printer7.quill.corp',
  ];

  beforeAll(async () => {
    const start = Date.parse('2017-05-01T00:00:00Z') * 1000;
    const flows = Array.from({ length: 60 }, (_, i) => ({
      start: start + i * 3_600_000_000,
      protocol: 'http',
      category: 'web',
      labelEvidence: 'hostname' as const,
      responder: i % 2 === 0 ? '10.77.1.9' : '2001:db8:77::9',
      texts: {
        via: '1.1 gate.frobisher-works.example (squid/3.5)',
        forwardedFor: '10.77.1.10, ::ffff:10.77.1.11',
        userAgent: 'FrobisherAgent/7.1 (badge 4711)',
        enterpriseFields: 'Frobisher Hall',
        name: i % 3 === 0 ? 'printer7.quill.corp' : 'www.a.gate.frobisher-works.example',
      },
    }));
    plantCase(path, [{ path: '/home/quill/frobisher.pcap', flows }], { meta: { examiner: 'Grace Quill' } });
    setMeta(path, 'redactionKey', KEY);
    const filters = [
      'via = "1.1 gate.frobisher-works.example (squid/3.5)"',
      'forwardedFor ~ "10.77.1.10"',
      'userAgent ~ "FrobisherAgent"',
      'userAgent = "FrobisherAgent/7.1 (badge 4711)" and address = 10.77.1.9',
      'enterpriseFields ~ "Frobisher Hall"',
      'hostname ~ "quill" or hostname = "printer7.quill.corp"',
      'range ~ "main" or evidence ~ "quill"',
      'address in (10.77.1.9, 2001:db8:77::9) and not peer = ::ffff:10.77.1.11',
    ];
    const settled = { tags: ['tagged-quill'], inReport: true, decision: null };
    const text =
      'Seen by Grace Quill at 10.77.1.10 and [2001:db8:77::9]:443 behind gate.frobisher-works.example, Hall of Frobisher.';
    for (const filter of filters)
      await engine.run('addNote', { case: path, note: { target: `filter:${filter}`, text, ...settled } });
    await engine.run('addNote', { case: path, note: { target: 'host:10.77.1.9', text, ...settled } });
    const exhibits = filters.map((where) => ({ label: 'Hall of Frobisher', where }));
    await engine.run('addOwnFinding', {
      case: path,
      finding: { title: 'Hall of Frobisher', statement: text, exhibits, inReport: true },
    });
    await engine.close();
  }, 60_000);

  /** What a reader of the file gets who knows nothing of how the check reads it: tags, entities, spaces and isolates taken out. */
  const letters = (html: string): string =>
    html
      .replace(/<[^>]*>/g, '')
      .replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ({ '&amp;': '&', '&lt;': '<', '&gt;': '>' })[entity] ?? '"')
      .replace(/[\s\u2066-\u2069\u00ad\u200b-\u200d]/g, '')
      .toLowerCase();
  const left = (html: string, secrets: readonly string[]): string[] => {
    const text = letters(html);
    const attributes = letters([...html.matchAll(/="([^"]*)"/g)].map(([, value]) => value).join(' '));
    return secrets.filter((secret) => [text, attributes].some((each) => each.includes(letters(secret))));
  };

  it('tells all of it in the whole report', () => {
    expect(left(printed(path), [...ADDRESSES, ...TEXTS])).toEqual([...ADDRESSES, ...TEXTS]);
  });

  it.each(['addresses', 'full'] as const)('leaves no address of it (%s)', (redact) => {
    expect(left(printed(path, { redact }), [...ADDRESSES, '10.77.', '2001:db8:77'])).toEqual([]);
  });

  it.each(['names', 'full'] as const)('leaves no text of it (%s)', (redact) => {
    const html = printed(path, { redact });
    expect(
      left(html, [...TEXTS, 'frobisheragent', '4711', 'quill', 'gate.', 'squid', 'Hall of', 'range~"main"']),
    ).toEqual([]);
  });
});
