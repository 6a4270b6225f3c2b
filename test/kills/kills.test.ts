import { expect, it } from 'vitest';
import { killRuns } from './kills.ts';

/** A few kills with every run of the tests; `npm run kills` makes hundreds. */

it('a killed import, analysis, note-taking or change of profile leaves a sound case with all that was told as saved', async () => {
  const { kills, faults } = await killRuns(8, 7, () => undefined);
  expect(faults).toEqual([]);
  expect(Object.values(kills).reduce((sum, count) => sum + count)).toBe(8);
}, 600_000);
