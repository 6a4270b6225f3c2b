import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Launched, launch } from './launch.ts';
import { openSample, SAMPLE_PATIENCE } from './open-sample.ts';
import { PATIENCE } from './patience.ts';
import { failByErrors } from './story.ts';

/**
 * The window with the sample case open, for all tests of the `describe` that calls this: there once its `beforeAll` is through.
 * Errors of the page fail the test in which they come.
 *
 * @param size of the window, CSS pixels
 */
export function sampleWindow(size: {
  readonly width: number;
  readonly height: number;
}): Pick<Launched, 'page' | 'app'> {
  let folder = '';
  let launched: Launched | null = null;
  const watch = failByErrors();
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-sample-'));
    launched = await launch({ userData: join(folder, 'userData'), hasSample: true });
    const { page } = launched;
    page.setDefaultTimeout(PATIENCE);
    watch(page);
    await page.setViewportSize(size);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openSample(page);
  }, SAMPLE_PATIENCE + PATIENCE);
  afterAll(async () => {
    await launched?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const there = (): Launched => {
    if (launched === null) throw new Error('the window is launched in beforeAll');
    return launched;
  };
  return {
    get page() {
      return there().page;
    },
    get app() {
      return there().app;
    },
  };
}
