import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../../electron/casefile/case-reader.ts';
import { findLeak, pageParts, refuseLeaks } from '../../../electron/report/redaction/leak-check.ts';
import { Redactor } from '../../../electron/report/redaction/redactor.ts';
import type { Redaction } from '../../../shared/redaction.ts';
import { reportHtml } from '../../../electron/report/report-html.ts';
import { PLANTED_PROFILE, plantCase, plantWorld } from '../../analysis/planted-case.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'enclave-leaks-'));
const path = join(FOLDER, 'case of kim.enclave');
const AGENT = 'Whitefinch-Agent/7.1 (build 4)';
let reader: CaseReader;

beforeAll(() => {
  const flows = plantWorld({
    days: 3,
    seed: 1,
    flowsPerHour: 4,
    hourLevel: () => 1,
    weekdayLevel: () => 1,
    entertainment: 0.4,
  });
  const [first] = flows;
  if (first !== undefined) first.texts = { userAgent: AGENT, name: 'printer-7.corp' };
  plantCase(path, [{ path: '/evidence/finch.pcap', flows }], {
    profile: { ...PLANTED_PROFILE, ranges: [{ label: 'finch-net', cidr: '175.45.176.0/22' }] },
    meta: { title: 'Finch & sons <private>', examiner: 'Ada Mueller', authority: 'case' },
  });
  const db = new Database(path);
  db.prepare("INSERT INTO meta VALUES ('redactionKey', ?)").run('0f'.repeat(32));
  db.close();
  reader = new CaseReader(path);
});
afterAll(() => {
  reader.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

const redactor = (level: Redaction): Redactor => new Redactor(reader, level, new Uint8Array(32).fill(3), []);
const page = (body: string, head = ''): string => `<!doctype html>
<html lang="en"><head><title>Redacted case</title>${head}<style>@page { content: "Case \\31 "; }</style></head>
<body><section><h2>3  Evidence</h2><p>Nothing <b>here</b>.</p>${body}</section></body></html>`;

describe('the check of a redacted report', () => {
  it.each([
    ['text', '<p>of 10.1.2.3</p>'],
    ['text', '<td>10.<wbr>1.<wbr>2.<wbr>3</td>'],
    ['text', '<code>10.1.<span class="together">2.3</span></code>'],
    ['text', '<svg><text x="1" y="2">10.1.2.3</text></svg>'],
    ['attribute aria-label', '<svg aria-label="Host 10.1.2.3"></svg>'],
    ['attribute href', '<a href="#10.1.2.3">x</a>'],
    ['text', '<p>2001:0DB8:0::1</p>'],
    ['text', '<p>ip-10-1-2-3</p>'],
  ])('finds an address in %s', (what, body) => {
    for (const level of ['addresses', 'full'] as const) {
      expect(findLeak(page(body), redactor(level), [])).toEqual({ kind: 'an address', place: `${what} in “Evidence”` });
    }
    expect(findLeak(page(body), redactor('names'), [])).toBeNull();
  });

  it.each([
    ['the fact “Title”', 'text', '<p>Finch &amp; sons &lt;private&gt;</p>'],
    ['the fact “Title”', 'text', '<p>FINCH &amp; <wbr>SONS &lt;private&gt;</p>'],
    ['the fact “Examiner”', 'attribute title', '<i title="by Ada Mueller"></i>'],
    ['a label of the profile', 'text', '<svg><text>finch-net</text></svg>'],
    ['the path of evidence', 'text', '<p>/evidence/<wbr>finch.pcap</p>'],
    ['the name of an evidence file', 'text', '<text>finch.pcap</text>'],
    ['the name of the case file', 'text', '<code>enclave flows &#39;case of kim.enclave&#39;</code>'],
    ['a user agent', 'text', `<td>User-Agent ${AGENT} (3 flows)</td>`],
    ['a host name', 'text', '<td>mail.kim.example.com</td>'],
    ['a host name', 'text', '<td>printer-7.corp</td>'],
  ])('finds %s in %s', (kind, what, body) => {
    for (const level of ['names', 'full'] as const) {
      expect(findLeak(page(body), redactor(level), [])).toEqual({ kind, place: `${what} in “Evidence”` });
    }
  });

  it('finds what stands in the title, and in strings of the style sheet', () => {
    const title = page('').replace('Redacted case', 'Finch &amp; sons &lt;private&gt;');
    expect(findLeak(title, redactor('names'), [])?.place).toBe('text in “first page”');
    const style = page('').replace('Case \\31 ', 'Ada\\20 Mueller');
    expect(findLeak(style, redactor('names'), [])).toEqual({
      kind: 'the fact “Examiner”',
      place: 'style in “first page”',
    });
  });

  it('finds MAC addresses, and hosts that were left out', () => {
    expect(findLeak(page('<p>00:11:22:33:44:55</p>'), redactor('addresses'), [])).not.toBeNull();
    const without = new Redactor(reader, 'none', new Uint8Array(32), [[0, 0, 0xffff, 0x0a010203]]);
    expect(findLeak(page('<p>10.1.2.3</p>'), without, [])?.kind).toBe('an address');
    expect(findLeak(page('<p>10.1.2.4</p>'), without, [])).toBeNull();
  });

  it('lets pass what was printed on purpose, and words of Enclave', () => {
    const full = redactor('full');
    const told = full.text('from 10.1.2.3 and 8.8.8.0/24 to 175.45.176.9');
    expect(told).toMatch(/^from [\d.]+ and [\d.]+\/24 to host A\d+$/);
    expect(told).not.toContain('10.1.2.3');
    expect(findLeak(page(`<p>${told}</p>`), full, [])).toBeNull();
    // The authority of the case is the word “case”.
    expect(findLeak(page('<p>The case holds the original; evidence-1.pcap, example.com</p>'), full, [])).toBeNull();
    expect(findLeak(page('<p>RFC 4291, 2.5.5.2</p>'), full, ['RFC 4291, 2.5.5.2'])).toBeNull();
  });

  it('refuses the report by an error that tells kind and place, not the thing', () => {
    const refuse = (): void => refuseLeaks(page('<p>finch.pcap</p>'), redactor('names'), []);
    expect(refuse).toThrow('it still held the name of an evidence file (text in “Evidence”)');
    expect(refuse).not.toThrow(/finch/);
  });

  it('reads every text of a real report', () => {
    const html = reportHtml(reader, { version: '0.1.0', printedAt: '2026-01-02T10:10:00Z' });
    const text = pageParts(html)
      .map((part) => part.text)
      .join('\n');
    for (const known of ['Finch & sons <private>', 'Ada Mueller', '175.45.176.0/22', '/evidence/finch.pcap', 'Terms']) {
      expect(text).toContain(known);
    }
  });
});
