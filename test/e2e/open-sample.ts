import type { Page } from 'playwright-core';
import { PATIENCE } from './patience.ts';

/** How long `openSample` may take: three months of evidence are made, imported and analysed. Milliseconds. */
export const SAMPLE_PATIENCE = 2 * PATIENCE;

/** Opens the sample case from the first screen, and waits for its overview. */
export async function openSample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open sample case' }).click();
  await page.getByRole('heading', { name: 'Categories' }).waitFor({ timeout: SAMPLE_PATIENCE });
}
