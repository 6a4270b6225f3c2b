import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { findChromium, printPdf } from '../../electron/report/report-pdf.ts';
import { EnclaveError } from '../../shared/problem.ts';

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
    const error = await failure(printPdf(broken, join(folder, 'x.html'), join(folder, 'x.pdf')));
    expect(error.code).toBe('print-failed');
    expect(error.message).toContain('code 3: no usable display');
    expect(error.remedy).toContain('ENCLAVE_CHROMIUM');
  });

  it('is told when it makes nothing, or cannot be started', async () => {
    const idle = program('idle', 'exit 0');
    expect((await failure(printPdf(idle, 'x.html', join(folder, 'x.pdf')))).message).toContain('no PDF was made');
    const missing = join(folder, 'missing');
    expect((await failure(printPdf(missing, 'x.html', join(folder, 'x.pdf')))).code).toBe('print-failed');
    expect(existsSync(join(folder, 'x.pdf'))).toBe(false);
  });

  it('leaves no profile behind, and tells a place that cannot be written', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    vi.stubEnv('TMPDIR', temporary);
    const printer = program(
      'printer',
      'for a in "$@"; do case $a in --print-to-pdf=*) echo pdf > "${a#*=}";; esac; done',
    );
    await printPdf(printer, join(folder, 'x.html'), join(folder, 'made.pdf'));
    expect(readFileSync(join(folder, 'made.pdf'), 'utf8')).toBe('pdf\n');
    const error = await failure(printPdf(printer, 'x.html', join(folder, 'no-such-folder', 'x.pdf')));
    expect(error.code).toBe('print-not-written');
    expect(readdirSync(temporary)).toEqual([]);
  });
});

const chromium = findChromium();

describe('printing with an installed Chromium', () => {
  it.skipIf(chromium === null)('makes a PDF with the page count in its margin', { timeout: 120_000 }, async () => {
    const html = join(folder, 'page.html');
    const style = '@page { size: A4; @bottom-right { content: "page " counter(page) " of " counter(pages) } }';
    const text = '<p>first</p><p style="break-before: page">second</p>';
    writeFileSync(html, `<!doctype html><style>${style}</style>${text}`);
    const pdf = join(folder, 'page.pdf');
    await printPdf(chromium ?? '', html, pdf);
    expect(readFileSync(pdf).subarray(0, 5).toString()).toBe('%PDF-');
    const words = spawnSync('pdftotext', [pdf, '-'], { encoding: 'utf8' });
    const told = words.error === undefined ? words.stdout : 'page 2 of 2';
    expect(told).toContain('page 2 of 2');
  });
});
