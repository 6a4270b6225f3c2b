import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { makeSampleCase } from '../../electron/engine/case-jobs.ts';
import { Engine } from '../../electron/engine/engine.ts';

/**
 * The sample case, made once in a run of the tests by whichever spec wants it first: three months of evidence take a while to
 * make, import and analyse. Each spec works on a copy of its own.
 */

const LOOK_MS = 200;

/** The folder that holds the sample, whole; null where nothing is shared (ENCLAVE_TEST_SHARED is set by test/chromium.ts). */
export async function sharedSample(): Promise<string | null> {
  const shared = process.env['ENCLAVE_TEST_SHARED'];
  if (shared === undefined) return null;
  const [folder, done, failed] = ['Enclave sample', 'done', 'failed'].map((name) => join(shared, name)) as [
    string,
    string,
    string,
  ];
  // Who makes the folder makes the sample, the others wait.
  if (mkdirSync(join(shared, 'begun'), { recursive: true }) !== undefined) {
    const engine = new Engine();
    try {
      await makeSampleCase(engine, folder);
      // Files of its journal go away with it: only then the folder is whole.
      await engine.close();
      writeFileSync(done, '');
    } catch (error) {
      writeFileSync(failed, '');
      throw error;
    }
  }
  while (!existsSync(done) && !existsSync(failed)) await wait(LOOK_MS);
  return existsSync(done) ? folder : null;
}
