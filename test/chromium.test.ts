import { expect, it } from 'vitest';
import { chromiumStep, type Machine } from './chromium.ts';

const BARE: Machine = { hasChromium: false, chosen: undefined, onElectron: false, isRoot: true, hasApt: true };

it('does nothing where a Chromium is there or Electron brings its own', () => {
  expect(chromiumStep({ ...BARE, hasChromium: true })).toEqual({ kind: 'nothing' });
  expect(chromiumStep({ ...BARE, onElectron: true })).toEqual({ kind: 'nothing' });
});

it('installs one only as root, by apt, and never against a choice of the user', () => {
  expect(chromiumStep(BARE)).toEqual({ kind: 'install' });
  expect(chromiumStep({ ...BARE, chosen: '' })).toEqual({ kind: 'install' });
  const line = (machine: Partial<Machine>): string => {
    const step = chromiumStep({ ...BARE, ...machine });
    if (step.kind !== 'say') throw new Error(`told nothing: ${step.kind}`);
    return step.line;
  };
  expect(line({ isRoot: false })).toMatch(/^no Chromium: .* skipped; install it as root \(apt-get install chromium\)/);
  expect(line({ hasApt: false })).toMatch(/^no Chromium: .* skipped; install chromium, or name one/);
  expect(line({ chosen: '/nowhere' })).toMatch(/^ENCLAVE_CHROMIUM names no program \(\/nowhere\)/);
});
