import { createHash } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { BrowserWindow } from 'electron';
import { EnclaveError } from '../../shared/problem.ts';
import { serveReport } from './app-protocol.ts';
import { SAFE_PREFERENCES } from './case-window.ts';

/**
 * Prints a report to a PDF at `path` (absolute) in a hidden window that runs no script; resolves to the SHA-256 of the file.
 * The file appears whole or not at all.
 */
export async function printReport(html: string, path: string): Promise<string> {
  const report = serveReport(html);
  const window = new BrowserWindow({ show: false, webPreferences: { ...SAFE_PREFERENCES, javascript: false } });
  let pdf: Buffer;
  try {
    await window.loadURL(report.url);
    pdf = await window.webContents.printToPDF({
      preferCSSPageSize: true,
      printBackground: true,
      generateTaggedPDF: true,
      generateDocumentOutline: true,
    });
  } finally {
    window.destroy();
    report.withdraw();
  }
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
