import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { getPriority, setPriority } from 'node:os';

/** 0 = as every thread, 19 = only what nobody else wants. */
const BEHIND = 10;

/**
 * Lets the calling thread, and those that it starts after, wait behind the others when there are more than processors: a
 * window stays fluent while evidence is read, and an import that has the machine to itself takes as long as before.
 *
 * On Linux `setpriority(2)` holds for a thread where POSIX means the process, and new threads inherit it (sched(7)). Elsewhere,
 * and where it is refused, nothing changes.
 */
export function stepBehind(): void {
  if (process.platform !== 'linux') return;
  try {
    // `PID/task/TID`
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, Math.max(BEHIND, getPriority(thread)));
  } catch {
    // Without /proc, or where a sandbox forbids it, threads stay equal.
  }
}
