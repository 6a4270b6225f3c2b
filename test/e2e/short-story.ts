import { join } from 'node:path';
import { dropFiles } from './drop.ts';
import { launch } from './launch.ts';
import { PATIENCE } from './patience.ts';

/**
 * The window's work in short, as a process of its own: `node short-story.ts CAPTURE FOLDER` makes a case of the capture, looks
 * at every view, prints the report to FOLDER/report.pdf and quits. Says `done` at the end.
 */

const [capture = '', folder = ''] = process.argv.slice(2);
const { page, app, close } = await launch({ userData: join(folder, 'userData') });
try {
  page.setDefaultTimeout(PATIENCE);
  await page.getByRole('heading', { name: 'Recent cases' }).waitFor();
  await dropFiles(page, [capture]);
  await page.getByLabel('Title').fill('Silence');
  await app.answerNextDialog([join(folder, 'silence.enclave')]);
  await page.getByRole('button', { name: 'Choose where to save…' }).click();
  await page.getByText('Import finished').waitFor();
  for (const view of ['Timeline', 'Map', 'Services', 'Hosts', 'Flows', 'Findings', 'Report']) {
    await page.getByRole('navigation').getByRole('button', { name: view, exact: true }).click();
  }
  await page
    .frameLocator('iframe')
    .getByRole('heading', { name: /Summary$/ })
    .waitFor();
  await app.answerNextDialog([join(folder, 'report.pdf')]);
  await page.getByRole('button', { name: 'Save as PDF…' }).click();
  await page.getByText('Report saved').waitFor();
  await app.quit();
} finally {
  await close();
}
process.stdout.write('done\n');
