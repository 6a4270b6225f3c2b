import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { launchOnStandin as Launch } from '../../build/electron-standin/launch.ts';
import { decodeMessage, encodeMessage } from '../../build/electron-standin/message-coding.ts';
import { missing, strict } from '../../build/electron-standin/strict.ts';

describe('message coding', () => {
  it('gives back what structured cloning would', () => {
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.constant(undefined),
        fc.bigInt(),
        fc.date(),
        fc.uint8Array(),
      ),
      value: fc.oneof(
        { maxDepth: 3 },
        tie('leaf'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.string(), fc.constant('$')), tie('value'), { maxKeys: 4, noNullPrototype: true }),
        fc.array(fc.tuple(tie('leaf'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
        fc.array(tie('leaf'), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    })).value;
    fc.assert(
      fc.property(value, (given) => {
        expect(decodeMessage(encodeMessage(given))).toEqual(structuredClone(given));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('refuses functions in the words of Electron', () => {
    expect(() => encodeMessage({ nested: [() => undefined] })).toThrow('An object could not be cloned.');
  });
});

describe('what the stand-in does not have', () => {
  it('throws by name', () => {
    const shell = missing('shell') as { openExternal(url: string): void };
    expect(() => shell.openExternal('x')).toThrow('stand-in: electron.shell.openExternal is not implemented');
    const Tray = missing('Tray') as new () => object;
    expect(() => new Tray()).toThrow('stand-in: electron.Tray is not implemented');
    const app = strict('app', { quit: () => 1 }) as { quit(): number; beep?: () => void };
    expect(app.quit()).toBe(1);
    expect(() => app.beep).toThrow('stand-in: electron.app.beep is not implemented');
  });
});

describe('an app that ends before it shows a window', () => {
  it('is told to whoever waits for one', async () => {
    // Loaded by Node itself, as the specs of the window do.
    const { launchOnStandin } = createRequire(import.meta.url)('../../build/electron-standin/launch.ts') as {
      launchOnStandin: typeof Launch;
    };
    const appPath = fileURLToPath(new URL('../..', import.meta.url));
    const folder = mkdtempSync(`${tmpdir()}/enclave-standin-`);
    try {
      const settings = { appPath, userData: folder, documents: folder, chromium: '/bin/false', headless: true };
      const app = await launchOnStandin(settings, []);
      await expect(app.firstPage()).rejects.toThrow('stand-in: the app ended before it showed a window');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
