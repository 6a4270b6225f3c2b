import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { rename, rm, writeFile } from 'node:fs/promises';
import { BrowserWindow } from 'electron';
import { EnclaveError } from '../../shared/problem.ts';
import { hasItsLetters, printedWithPages } from '../../shared/report-print.ts';
import { serveReport } from './app-protocol.ts';
import { SAFE_PREFERENCES } from './case-window.ts';

/**
 * Prints a report to a PDF at `path` (absolute) in a hidden window that runs no script, with page numbers in its contents; resolves
 * to the SHA-256 of the file. The file appears whole or not at all.
 */
export async function printReport(html: string, path: string): Promise<string> {
  const printed = await printedWithPages(html, async (text) => (await print(text)).toString('latin1'));
  const pdf = Buffer.from(printed, 'latin1');
  const beside = `${path}.${process.pid}.part`;
  try {
    await writeFile(beside, pdf);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('not-writable', `the file cannot be written (${why})`, path, 'choose another place');
  }
  return createHash('sha256').update(pdf).digest('hex');
}

/** How often a page is printed whose letters were not there in time, and the pause before the next try, milliseconds. */
const MOST_TRIES = 20;
const PAUSE = 250;

/** Throws EnclaveError `print-failed` when the letters of the page do not come. */
async function print(html: string): Promise<Buffer> {
  const report = serveReport(html);
  const window = new BrowserWindow({ show: false, webPreferences: { ...SAFE_PREFERENCES, javascript: false } });
  try {
    await window.loadURL(report.url);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const pdf = await window.webContents.printToPDF({
        preferCSSPageSize: true,
        printBackground: true,
        generateTaggedPDF: true,
        generateDocumentOutline: true,
      });
      if (hasItsLetters(html, pdf.toString('latin1'))) return pdf;
      await setTimeout(PAUSE);
    }
    throw new EnclaveError('print-failed', 'the letters of the report were not there in time', '', 'print again');
  } finally {
    window.destroy();
    report.withdraw();
  }
}
