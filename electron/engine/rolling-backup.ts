import { backUpCase } from '../casefile/case-backup.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** Made when a case was written to and then left alone for so long, and at the latest after so long; milliseconds. */
const QUIET_MS = 20_000;
const AT_LATEST_MS = 300_000;

/** Backs cases up behind the work on them: after a burst of changes, and at the end of a sitting. */
export class RollingBackup {
  /** Cases that changed since their last backup: timer, and when the first change came. */
  readonly #waiting = new Map<string, { timer: NodeJS.Timeout; since: number }>();
  readonly #tell: (text: string) => void;

  /** @param tell is given a line when a backup cannot be made: no reason to stop the work */
  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** A case was written to. */
  changed(path: string): void {
    const now = performance.now();
    const before = this.#waiting.get(path);
    clearTimeout(before?.timer);
    const since = before?.since ?? now;
    const wait = Math.min(QUIET_MS, Math.max(0, since + AT_LATEST_MS - now));
    const timer = setTimeout(() => this.#backUp(path), wait);
    timer.unref();
    this.#waiting.set(path, { timer, since });
  }

  /** A job is at work on the case: no backup until it has ended. */
  pause(path: string): void {
    clearTimeout(this.#waiting.get(path)?.timer);
  }

  /** Makes the backups that wait. */
  finish(): void {
    for (const path of this.#waiting.keys()) this.#backUp(path);
  }

  #backUp(path: string): void {
    this.pause(path);
    this.#waiting.delete(path);
    try {
      backUpCase(path, new Date());
    } catch (error) {
      // A case that was taken away meanwhile needs none.
      if (error instanceof EnclaveError && error.code === 'no-case') return;
      const why = error instanceof Error ? error.message : String(error);
      this.#tell(`no backup of the case was made: ${why}`);
    }
  }
}
