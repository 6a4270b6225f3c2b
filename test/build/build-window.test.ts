import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildWhenStale, isStale } from '../../build/build-window.ts';

const DIST = fileURLToPath(new URL('../../dist/renderer/', import.meta.url));

test('the window that tests build is the one that is shipped', { timeout: 120_000 }, async () => {
  await buildWhenStale();
  expect(isStale()).toBe(false);
  const scripts = globSync('assets/*.js', { cwd: DIST });
  expect(scripts.length).toBeGreaterThan(0);
  // Every element that React's development build makes goes through this function.
  for (const script of scripts) expect(readFileSync(DIST + script, 'utf8')).not.toContain('jsxDEV');
  expect(process.env.NODE_ENV).toBe('test');
});
