import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { getPriority, setPriority } from 'node:os';

/**
 * Who goes first when there are more threads than processors. 0 = as every thread, 19 = only what nobody else wants.
 *
 * On Linux `setpriority(2)` holds for a thread where POSIX means the process, and new threads inherit it (sched(7)). Elsewhere,
 * and where it is refused, nothing changes.
 */

/** Behind a window, which stays fluent while evidence is read; an import that has the machine to itself takes as long as before. */
export const BEHIND_WINDOW = 10;
/**
 * Behind the decoding thread, for which all others wait in the end: it stood in line for a fifth of its time, mostly behind V8's four
 * compilers. Little enough to get on where other programs want the machine, too.
 */
export const BEHIND_DECODING = 7;

/** Lets the calling thread, and those that it starts after, step behind. */
export function stepBehind(nice: number): void {
  step((own) => [own], nice);
}

/** Lets all other threads of the process step behind but its first, whose children inherit it. */
export function letOthersStepBehind(nice: number): void {
  step(
    (own) =>
      readdirSync('/proc/self/task')
        .map(Number)
        .filter((thread) => thread !== own && thread !== process.pid),
    nice,
  );
}

function step(threads: (own: number) => readonly number[], nice: number): void {
  if (process.platform !== 'linux') return;
  try {
    // `PID/task/TID`
    const own = Number(basename(readlinkSync('/proc/thread-self')));
    for (const thread of threads(own)) setPriority(thread, Math.max(nice, getPriority(thread)));
  } catch {
    // Without /proc, where a sandbox forbids it, and for a thread that just ended, they stay equal.
  }
}
