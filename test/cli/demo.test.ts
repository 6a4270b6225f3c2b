import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../electron/report/report-pdf.ts';
import { linesOf, runEnclave } from './run-enclave.ts';

/** The main job from nothing, as a user starts it. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-demo-'));
const OUT = join(ROOT, 'out');
const CHROMIUM = findChromium() !== null;
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** Addresses that a browser would fetch or follow. */
function outsideReferences(html: string): string[] {
  const references = [...html.matchAll(/(?:src|href|action|data|poster|srcset)\s*=\s*["']?([^"'\s>]+)/gi)].map(
    (m) => m[1],
  );
  const styles = [...html.matchAll(/(?:url\(\s*["']?|@import\s+["']?)([^"')\s]+)/gi)].map((m) => m[1]);
  return [...references, ...styles].filter((reference) => !/^(?:#|data:)/.test(reference));
}

describe('enclave demo', () => {
  it.each(['new', 'over the one made before'])(
    'makes a case and its report in one call: %s',
    async () => {
      const run = await runEnclave(['demo', '--out', OUT], { cwd: ROOT });
      expect(linesOf(run.stderr).filter((line) => CHROMIUM || !line.startsWith('no report.pdf: '))).toEqual([]);
      expect(run.code).toBe(0);
      const files = readdirSync(OUT).toSorted();
      const reports = ['report.html', ...(CHROMIUM ? ['report.pdf'] : [])];
      expect(files).toEqual(['case.enclave', 'case.enclave.backups', 'evidence', ...reports]);
      const beginnings = files
        .filter((file) => file.endsWith('.pdf'))
        .map((file) => readFileSync(join(OUT, file), 'latin1'));
      expect(beginnings.every((text) => text.startsWith('%PDF-'))).toBe(true);
      const lines = linesOf(run.stdout);
      expect(lines.find((line) => /Finding +Verdict +Value/.test(line))).toBeDefined();
      expect(lines.filter((line) => /^ *\d+ {2}\S/.test(line)).length).toBeGreaterThan(10);
      expect(run.stdout).not.toMatch(/partial|rejected/);
      expect(run.stdout).toContain(join(OUT, 'report.html'));
      expect((await runEnclave(['verify', join(OUT, 'case.enclave')])).code).toBe(0);
    },
    90_000,
  );

  it('the report needs nothing from outside and runs nothing', () => {
    expect(existsSync(join(OUT, 'report.html'))).toBe(true);
    const html = readFileSync(join(OUT, 'report.html'), 'utf8');
    expect(outsideReferences(html)).toEqual([]);
    expect(html).not.toMatch(/<script|javascript:|\son[a-z]+\s*=|<iframe|<object|<embed|<base|http-equiv="refresh"/i);
    expect(html).toContain('</html>');
    // The test of references can fail.
    expect(outsideReferences('<a href="https://example.org/x"><p style="background:url(//a/b)">')).toHaveLength(2);
  });

  it('touches nothing else in its folder', async () => {
    writeFileSync(join(OUT, 'my-notes.txt'), 'mine');
    const before = readdirSync(OUT).toSorted();
    expect((await runEnclave(['flows', join(OUT, 'case.enclave'), '--limit', '1'])).code).toBe(0);
    expect((await runEnclave(['findings', join(OUT, 'case.enclave')])).code).toBe(0);
    expect(readdirSync(OUT).toSorted()).toEqual(before);
    expect(readFileSync(join(OUT, 'my-notes.txt'), 'utf8')).toBe('mine');
  });
});
