import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { findChromium, printPdf } from '../../electron/report/report-pdf.ts';
import { chaptersMarkup, contentsMarkup } from '../../electron/report/chapter.ts';
import { reportStyle } from '../../electron/report/style.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { pagesOfDestinations, printedWithPages, withContentsPages } from '../../shared/report-print.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-pdf-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function program(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function failure(work: Promise<void>): Promise<EnclaveError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EnclaveError)) throw new TypeError(`not an EnclaveError: ${String(error)}`);
  return error;
}

describe('finding Chromium', () => {
  it('takes the one that the user names, and no other in its place', () => {
    const own = program('my-chromium', 'exit 0');
    vi.stubEnv('ENCLAVE_CHROMIUM', own);
    expect(findChromium()).toBe(own);
    vi.stubEnv('ENCLAVE_CHROMIUM', join(folder, 'missing'));
    expect(findChromium()).toBeNull();
  });

  it('looks along the PATH', () => {
    vi.stubEnv('ENCLAVE_CHROMIUM', '');
    vi.stubEnv('PATH', folder);
    expect(findChromium()).toBeNull();
    const found = program('google-chrome', 'exit 0');
    expect(findChromium()).toBe(found);
  });
});

describe('a Chromium that fails', () => {
  it('is told with its last words and what to do', async () => {
    const broken = program('broken', 'echo "no usable display" >&2; exit 3');
    const error = await failure(printPdf(broken, '<p>x', join(folder, 'x.pdf')));
    expect(error.code).toBe('print-failed');
    expect(error.message).toContain('code 3: no usable display');
    expect(error.remedy).toContain('ENCLAVE_CHROMIUM');
  });

  it('is told when it makes nothing, or cannot be started', async () => {
    const idle = program('idle', 'exit 0');
    expect((await failure(printPdf(idle, '<p>x', join(folder, 'x.pdf')))).message).toContain('no PDF was made');
    const missing = join(folder, 'missing');
    expect((await failure(printPdf(missing, '<p>x', join(folder, 'x.pdf')))).code).toBe('print-failed');
    expect(existsSync(join(folder, 'x.pdf'))).toBe(false);
  });

  it('is asked again when the letters of the page were not there in time, and no page without them is given out', async () => {
    const page = '<style>@font-face { font-family: "Enclave Noto Sans"; src: url(x) }</style><p>x';
    const count = join(folder, 'count');
    const late = (times: number): string =>
      program(
        'late',
        `n=$(cat ${count} 2>/dev/null || echo 0); n=$((n + 1)); echo $n > ${count}
for a in "$@"; do case $a in --print-to-pdf=*) [ $n -gt ${times} ] && echo "/BaseFont /AAAAAA+NotoSans-Regular" > "\${a#*=}" || echo empty > "\${a#*=}";; esac; done`,
      );
    await printPdf(late(2), page, join(folder, 'late.pdf'));
    expect(readFileSync(join(folder, 'late.pdf'), 'utf8')).toContain('NotoSans-Regular');
    rmSync(count);
    const error = await failure(printPdf(late(9), page, join(folder, 'never.pdf')));
    expect(error.message).toContain('letters');
    expect(existsSync(join(folder, 'never.pdf'))).toBe(false);
  });

  it('leaves no profile behind, and tells a place that cannot be written', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    vi.stubEnv('TMPDIR', temporary);
    const printer = program(
      'printer',
      'for a in "$@"; do case $a in --print-to-pdf=*) echo pdf > "${a#*=}";; esac; done',
    );
    await printPdf(printer, '<p>x', join(folder, 'made.pdf'));
    expect(readFileSync(join(folder, 'made.pdf'), 'utf8')).toBe('pdf\n');
    const error = await failure(printPdf(printer, '<p>x', join(folder, 'no-such-folder', 'x.pdf')));
    expect(error.code).toBe('print-not-written');
    expect(readdirSync(temporary)).toEqual([]);
  });
});

const chromium = findChromium();

describe('printing with an installed Chromium', () => {
  it.skipIf(chromium === null)('makes a PDF with the page count in its margin', { timeout: 120_000 }, async () => {
    const style = '@page { size: A4; @bottom-right { content: "page " counter(page) " of " counter(pages) } }';
    const text = '<p>first</p><p style="break-before: page">second</p>';
    const pdf = join(folder, 'page.pdf');
    await printPdf(chromium ?? '', `<!doctype html><style>${style}</style>${text}`, pdf);
    expect(readFileSync(pdf).subarray(0, 5).toString()).toBe('%PDF-');
    const words = spawnSync('pdftotext', [pdf, '-'], { encoding: 'utf8' });
    const told = words.error === undefined ? words.stdout : 'page 2 of 2';
    expect(told).toContain('page 2 of 2');
  });

  it.skipIf(chromium === null)('tells the pages of the chapters in the contents', { timeout: 120_000 }, async () => {
    const chapters = [{ title: 'One' }, { title: 'Two' }, { title: 'Three' }].map(({ title }) => {
      return { title, markup: '<p style="height: 1500px">long</p>', ownPage: true };
    });
    const style = `<style>${reportStyle('t', 'id', '', 'A4')}</style>`;
    const html = `<!doctype html>${style}${contentsMarkup(chapters)}${chaptersMarkup(chapters)}`;
    const pdf = join(folder, 'contents.pdf');
    await printPdf(chromium ?? '', html, pdf);
    const pages = pagesOfDestinations(readFileSync(pdf, 'latin1'));
    expect([...pages].toSorted()).toEqual([
      ['chapter-1', 2],
      ['chapter-2', 4],
      ['chapter-3', 6],
    ]);
    const words = spawnSync('pdftotext', ['-l', '1', '-layout', pdf, '-'], { encoding: 'utf8' });
    const first = words.error === undefined ? words.stdout : '1 One 2 3 Three 6';
    expect(first).toMatch(/1\s+One\s+2[^]*2\s+Two\s+4|One\s+2\s+3\s+Three\s+6/);
  });
});

describe('the pages of the contents', () => {
  const contents = '<a href="#chapter-1">1 One</a><a href="#chapter-2">2 Two</a><a href="#other">x</a>';
  const pdf = (second: number): string =>
    `%PDF-1.4
1 0 obj
<</Type /Catalog
/Pages 2 0 R
/Dests 3 0 R>>
endobj
2 0 obj
<</Type /Pages
/Kids [4 0 R 5 0 R]>>
endobj
3 0 obj
<</chapter-1 [6 0 R /XYZ 0 1 0]
/chapter-2 [${second} 0 R /XYZ 0 1 0]
/chapter-9 [77 0 R /XYZ 0 1 0]>>
endobj
4 0 obj
<</Type /Pages
/Kids [6 0 R 7 0 R 4 0 R]>>
endobj
5 0 obj
<</Type /Page>>
endobj
6 0 obj
<</Type /Page>>
endobj
7 0 obj
<</Type /Page>>
endobj
`;

  it('are read from the tree of pages, and left out where nothing tells them', () => {
    expect([...pagesOfDestinations(pdf(5))]).toEqual([
      ['chapter-1', 1],
      ['chapter-2', 3],
    ]);
    expect([...pagesOfDestinations('%PDF-1.7 all compressed')]).toEqual([]);
    expect(withContentsPages(contents, new Map([['chapter-2', 3]]))).toBe(
      '<a href="#chapter-1">1 One</a><a href="#chapter-2" data-page="3">2 Two</a><a href="#other">x</a>',
    );
  });

  it('are not printed when they would move a chapter', async () => {
    const printed = (moves: boolean): Promise<string> =>
      printedWithPages(contents, (html) => {
        const isNumbered = html.includes('data-page');
        return Promise.resolve(`${pdf(isNumbered && moves ? 7 : 5)}${isNumbered ? 'numbered' : 'plain'}`);
      });
    expect(await printed(false)).toContain('numbered');
    expect(await printed(true)).toContain('plain');
    expect(await printedWithPages(contents, () => Promise.resolve('%PDF-1.7 plain'))).toContain('plain');
  });
});
