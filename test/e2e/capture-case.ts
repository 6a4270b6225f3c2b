import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { ask } from './ask.ts';
import { sampleCapture } from './sample-capture.ts';

/** Makes a case of the sample's capture below `folder`, not analysed; `further` does more to it. Returns its path. */
export async function captureCase(
  folder: string,
  title: string,
  further: (engine: Engine, casePath: string) => Promise<void> = async () => undefined,
): Promise<string> {
  const casePath = join(folder, 'case.enclave');
  const engine = new Engine();
  const facts = { title, examiner: 'E. First', authority: '', profile: shippedProfile('dprk-2017') };
  await engine.run('new', { case: casePath, ...facts });
  await engine.run('import', { case: casePath, paths: [await sampleCapture(join(folder, 'sample'))] });
  await further(engine, casePath);
  await engine.close();
  return casePath;
}

/** Opens a case from the first screen, at 1440 × 900, and waits for its overview. */
export async function showCase(page: Page, casePath: string): Promise<void> {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByText('Recent cases').waitFor();
  await ask(page, 'openCase', { path: casePath });
  await page.getByText('Host-hours').first().waitFor();
}
