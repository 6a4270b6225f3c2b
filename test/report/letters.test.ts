import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FIXED_WIDTH, LETTERS, letterFaces } from '../../electron/report/letters.ts';
import { breakable, cssString, escapeAttribute, escapeHtml, escapeSvg, prose } from '../../electron/report/markup.ts';
import { findChromium, printPdf } from '../../electron/report/report-pdf.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-letters-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = {
  Arabic: 'تقرير الشبكة',
  Hebrew: 'דוח רשת',
  Chinese: '网络取证',
  Japanese: 'ネットワーク',
  Korean: '네트워크 보고서',
  Russian: 'Отчёт',
} as const;

const facesOf = (text: string): number => letterFaces(text).match(/@font-face/g)?.length ?? 0;

describe('the letters of a page', () => {
  it('are of the alphabets that it uses, and no others', () => {
    expect(facesOf('Plain “text” – with signs… 1,000 € × 2')).toBe(3);
    expect(facesOf('Отчёт')).toBe(1);
    expect(facesOf(`Report ${NAMES.Hebrew}`)).toBe(4);
    expect(facesOf(`Report ${NAMES.Arabic} ${NAMES.Hebrew}`)).toBe(5);
    expect(facesOf(NAMES.Chinese)).toBeGreaterThan(0);
    // No letters of ours: the machine's own are used.
    expect(letterFaces('ไทย')).toBe('');
  });

  it('stay small, and are the same for the same text', () => {
    expect(letterFaces('abc').length).toBeLessThan(60_000);
    const all = Object.values(NAMES).join();
    expect(letterFaces(all)).toBe(letterFaces([...all].toReversed().join('')));
    expect(letterFaces(all)).not.toMatch(/url\((?!data:font\/woff2;base64,)/);
  });
});

describe('right-to-left words', () => {
  it('are set apart one by one, so that what stands around them keeps its order', () => {
    expect(escapeHtml(`${NAMES.Hebrew}, ${NAMES.Arabic} (5 flows)`)).toBe(
      `<bdi>${NAMES.Hebrew}</bdi>, <bdi>${NAMES.Arabic}</bdi> (5 flows)`,
    );
    expect(prose('שלום on 2017-04-01')).toBe('<bdi>שלום</bdi> on <span class="together">2017-04-01</span>');
    expect(breakable('/a/שלום.pcap')).toBe('/<wbr>a/<wbr><bdi>שלום</bdi>.<wbr>pcap');
    expect(escapeSvg('<שלום>')).toBe('&lt;\u2068שלום\u2069&gt;');
    expect(escapeAttribute('"שלום')).toBe('&quot;שלום');
    expect(cssString('aשל')).toBe('"a\\2068 \\5e9 \\5dc \\2069 "');
  });

  it('are found in long hostile text in no time', () => {
    const hostile = `${'א '.repeat(20_000)}${'1'.repeat(50_000)}${'ב-'.repeat(20_000)}`;
    const before = process.cpuUsage();
    escapeHtml(hostile);
    expect(process.cpuUsage(before).user).toBeLessThan(2e6);
  });
});

const chromium = findChromium();

describe('in a PDF', () => {
  it.skipIf(chromium === null)('are embedded, and read back as they were', { timeout: 120_000 }, async () => {
    const pdf = join(folder, 'page.pdf');
    const names = Object.values(NAMES);
    const latin = '<p>Report <strong style="font-weight: 600">of</strong> <code>0123abcd</code></p>';
    const body = latin + names.map((name) => `<p>${escapeHtml(name)} (5)</p>`).join('');
    const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; font-src data:">`;
    const html = `<!doctype html><meta charset="utf-8">${policy}<style>html { font-family: ${LETTERS}; } code { font-family: ${FIXED_WIDTH}; }${letterFaces(body)}</style>${body}`;
    await printPdf(chromium ?? '', html, pdf);
    expect(readFileSync(pdf, 'latin1').slice(0, 5)).toBe('%PDF-');
    const fonts = spawnSync('pdffonts', [pdf], { encoding: 'utf8' });
    if (fonts.error !== undefined) return;
    const rows = fonts.stdout
      .split('\n')
      .slice(2)
      .filter((row) => row !== '');
    // Latin letters keep their names; variable ones become Type 3; a font of the machine would have a name of its own.
    const ours = /^(?:\w+\+NotoSans(?:Mono)?-(?:Regular|SemiBold) +CID TrueType|\[none\] +Type 3) .* yes +\w+ +yes/;
    expect(rows.filter((row) => !ours.test(row))).toEqual([]);
    for (const name of ['NotoSans-Regular', 'NotoSans-SemiBold', 'NotoSansMono-Regular']) {
      expect(fonts.stdout).toContain(name);
    }
    expect(rows.filter((row) => row.startsWith('[none]')).length).toBeGreaterThanOrEqual(4);
    const text = spawnSync('pdftotext', [pdf, '-'], { encoding: 'utf8' }).stdout.normalize('NFKC');
    for (const name of [NAMES.Chinese, NAMES.Japanese, NAMES.Korean, NAMES.Russian]) expect(text).toContain(name);
  });
});
