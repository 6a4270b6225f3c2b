import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { worldPaths } from '../../build/compile-world-paths.ts';

it('the countries of the report are those that the atlas gives', () => {
  const committed = readFileSync(new URL('../../electron/report/world-paths.json', import.meta.url), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(worldPaths()));
});
