import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts the command line as a user does: as a process of its own. */

export const LAUNCHER = fileURLToPath(new URL('../../electron/cli/launch.js', import.meta.url));

export interface EnclaveRun {
  /** Exit code; null when a signal ended the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  durationMs: number;
}

export interface RunOptions {
  /** Command that runs the command line, such as `unshare -n`. */
  under?: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** A signal and when to send it: milliseconds after the start, or when this text has come on stderr. */
  signal?: { name: NodeJS.Signals; after: number | string };
  /** Closes our end of stdout after the first piece of it. */
  closeStdout?: boolean;
}

/** Runs `enclave` with these arguments to its end. */
export function runEnclave(args: readonly string[], options: RunOptions = {}): Promise<EnclaveRun> {
  const { under = [], env = {}, signal, closeStdout = false } = options;
  const [command, ...rest] = [...under, process.execPath, LAUNCHER, ...args];
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    let signalled = false;
    let timer: NodeJS.Timeout | undefined;
    if (typeof signal?.after === 'number') timer = setTimeout(() => child.kill(signal.name), signal.after);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (closeStdout) child.stdout.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (typeof signal?.after === 'string' && !signalled && stderr.includes(signal.after)) {
        signalled = true;
        child.kill(signal.name);
      }
    });
    child.on('error', reject);
    child.on('close', (code, endedBy) => {
      clearTimeout(timer);
      resolve({ code, signal: endedBy, stdout, stderr, durationMs: performance.now() - begun });
    });
  });
}

/** Lines of a text, without the empty one at its end. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
