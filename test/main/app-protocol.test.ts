import { normalize, sep } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileOf } from '../../electron/main/app-protocol.ts';

const ROOT = '/app/dist/renderer';

describe('fileOf', () => {
  it('names files of the renderer', () => {
    expect(fileOf(ROOT, 'app://enclave/index.html')).toBe(`${ROOT}/index.html`);
    expect(fileOf(ROOT, 'app://enclave/assets/a%20b.js?x=1#y')).toBe(`${ROOT}/assets/a b.js`);
  });

  it('takes dots away before it looks', () => {
    expect(fileOf(ROOT, 'app://enclave/%2e%2e/%2e%2e/secret.json')).toBe(`${ROOT}/secret.json`);
  });

  it.each([
    'app://enclave/',
    'app://enclave/..',
    'app://enclave/..%2f..%2fpackage.json',
    'app://enclave/..%5c..%5csecret.json',
    'app://enclave/a%00.html',
    'app://enclave/%E0%A4%A.html',
    'app://enclave/main.ts',
    'app://enclave/constructor',
    'app://other/index.html',
    'https://enclave/index.html',
    'not a url',
  ])('refuses %s', (url) => {
    expect(fileOf(ROOT, url)).toBeNull();
  });

  it('never leaves the folder', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2f',
      '%5c',
      '/',
      '\\',
      'a',
      '%00',
      '~',
      ':',
      '%',
      '%252e%252e',
    );
    const runs = fc.check(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const file = fileOf(ROOT, `app://enclave/${pieces.join('')}/x.html`);
        return file === null || (file.startsWith(ROOT + sep) && normalize(file) === file);
      }),
      { seed: 5, numRuns: 2000 },
    );
    expect(runs.counterexample).toBeNull();
  });
});
