import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasItsLetters, printedWithPages } from '../../shared/report-print.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** Prints a report to PDF with a Chromium that is installed already: no download, no network, no profile left behind. */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** A long report of many thousand evidence files takes well under a minute. */
const TIME_LIMIT_MS = 120_000;

/** How often a page is printed whose letters were not there in time. */
const MOST_TRIES = 3;

/** As many characters of Chromium's complaints as an error message quotes. */
const QUOTED = 300;

/** Every switch that keeps Chromium from speaking to anyone, and what headless printing needs. */
const SWITCHES = [
  '--headless=new',
  '--disable-gpu',
  '--disable-extensions',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-dev-shm-usage',
  '--disable-features=MediaRouter,OptimizationHints,Translate',
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pdf-header-footer',
  '--generate-pdf-document-outline',
  // Time stands still while letters are decoded: without it Chromium printed 4 pages of 10 without their text when the machine was busy.
  '--virtual-time-budget=10000',
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * A Chromium on this machine: the one named in ENCLAVE_CHROMIUM, else the first known name on the PATH. Null when there is
 * none, or when ENCLAVE_CHROMIUM names no program: a wrong choice of the user is not silently replaced.
 */
export function findChromium(): string | null {
  const chosen = process.env['ENCLAVE_CHROMIUM'];
  if (chosen) return isExecutable(chosen) ? chosen : null;
  for (const name of NAMES) {
    for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
      if (directory !== '' && isExecutable(join(directory, name))) return join(directory, name);
    }
  }
  return null;
}

/**
 * Prints the HTML of a report to a PDF, with page numbers in its contents. The PDF appears whole or not at all. Throws EnclaveError `print-failed` when Chromium
 * cannot be started, fails or takes longer than two minutes, and `print-not-written` when the place cannot be written.
 */
export async function printPdf(chromium: string, html: string, pdfPath: string): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'enclave-print-'));
  try {
    const page = join(profile, 'report.html');
    const made = join(profile, 'report.pdf');
    // Chromium's own sandbox cannot start as root.
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const switches = [...SWITCHES, ...asRoot, `--user-data-dir=${join(profile, 'profile')}`, `--print-to-pdf=${made}`];
    const pdf = await printedWithPages(html, async (text) => {
      writeFileSync(page, text);
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        rmSync(made, { force: true });
        const complaint = await run(chromium, [...switches, pathToFileURL(page).href]);
        if (!(statSync(made, { throwIfNoEntry: false })?.size ?? 0)) {
          throw printFailed(chromium, `no PDF was made${complaint === '' ? '' : `: ${complaint}`}`);
        }
        const printed = readFileSync(made, 'latin1');
        if (hasItsLetters(text, printed)) return printed;
      }
      throw printFailed(chromium, 'the letters of the report were not there in time');
    });
    writeBeside(pdf, pdfPath);
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function printFailed(chromium: string, what: string): EnclaveError {
  return new EnclaveError(
    'print-failed',
    `the PDF could not be printed (${what})`,
    chromium,
    'name another Chromium in ENCLAVE_CHROMIUM, or write the report as .html and print that',
  );
}

/** Runs Chromium to its end; resolves to the last line that it wrote to stderr. */
function run(chromium: string, switches: readonly string[]): Promise<string> {
  return new Promise((settle, reject) => {
    const child = spawn(chromium, switches, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let complaint = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stopGroup(child.pid);
    }, TIME_LIMIT_MS);
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      complaint = (complaint + text).slice(-4096);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(printFailed(chromium, error.message));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      stopGroup(child.pid);
      const lastLine = (complaint.trim().split('\n').at(-1) ?? '').slice(0, QUOTED);
      if (isLate) reject(printFailed(chromium, `it took longer than ${TIME_LIMIT_MS / 1000} s`));
      else if (code !== 0) reject(printFailed(chromium, `it ended with ${signal ?? `code ${code}`}: ${lastLine}`));
      else settle(lastLine);
    });
  });
}

/** Ends what the child left running: it leads a process group of its own. */
function stopGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

function writeBeside(pdf: string, pdfPath: string): void {
  const beside = join(dirname(resolve(pdfPath)), `.${process.pid}.enclave-print.pdf`);
  try {
    writeFileSync(beside, pdf, 'latin1');
    renameSync(beside, pdfPath);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new EnclaveError(
      'print-not-written',
      `the PDF cannot be written (${error instanceof Error ? error.message : String(error)})`,
      pdfPath,
      'choose another place, or free some space',
    );
  }
}
