import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { noticeText } from '../../build/notice.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('NOTICE of the project', () => {
  it('is what build/notice.ts makes', () => {
    expect(readFileSync(path.join(ROOT, 'NOTICE'), 'utf8')).toBe(noticeText(ROOT));
  });

  it('names every production dependency of package.json with its version', () => {
    const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const text = noticeText(ROOT);
    for (const [name, version] of Object.entries(manifest.dependencies)) expect(text).toContain(`${name} ${version} (`);
    expect(text).toContain('Copyright (c) 2017 Joshua Wise');
  });
});

describe('a planted project', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'enclave-notice-'));
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const lock = (packages: Record<string, object>): void => write('package-lock.json', JSON.stringify({ packages }));
  afterAll(() => rmSync(root, { recursive: true }));

  it('takes production packages only, nested ones too, and sorts them', () => {
    write('node_modules/zeta/LICENSE', 'zeta terms\r\n');
    write('node_modules/zeta/node_modules/@scope/alpha/licence.md', 'alpha\tterms \u001b[31m');
    lock({
      '': {},
      'node_modules/zeta/node_modules/@scope/alpha': { version: '2.0.0', license: 'ISC' },
      'node_modules/zeta': { version: '1.0.0', license: 'MIT' },
      'node_modules/tool': { version: '9.0.0', license: 'MIT', dev: true },
      'node_modules/platform': { version: '3.0.0', license: 'MIT', optional: true },
    });
    const text = noticeText(root);
    expect(text.indexOf('zeta 1.0.0 (MIT)')).toBeGreaterThan(0);
    expect(text.indexOf('@scope/alpha 2.0.0 (ISC)')).toBeGreaterThan(text.indexOf('zeta 1.0.0 (MIT)'));
    expect(text).toContain('  platform 3.0.0 (MIT)');
    expect(text).not.toContain('tool');
    for (const control of ['\r', '\t', '\u001b']) expect(text).not.toContain(control);
  });

  it('adds the attributions of the reference data, whatever their order', () => {
    const file = 'electron/reference/tables/attributions.json';
    const data = [
      { name: 'B table', licence: 'CC0', attribution: 'by B' },
      { name: 'A table', licence: 'CC BY 4.0', attribution: 'by A' },
    ];
    write(file, JSON.stringify(data));
    const text = noticeText(root);
    expect(text).toContain('A table (CC BY 4.0)\nby A\n\nB table (CC0)\nby B');
    write(file, JSON.stringify(data.toReversed()));
    expect(noticeText(root)).toBe(text);
  });

  it('refuses a production package without a licence text', () => {
    cpSync(path.join(root, 'node_modules/zeta'), path.join(root, 'node_modules/bare'), { recursive: true });
    rmSync(path.join(root, 'node_modules/bare/LICENSE'));
    lock({ 'node_modules/bare': { version: '1.0.0', license: 'MIT' } });
    expect(() => noticeText(root)).toThrow('node_modules/bare');
  });
});
