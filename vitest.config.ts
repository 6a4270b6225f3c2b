import { defineConfig } from 'vitest/config';
import ClosingLine from './build/closing-line.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/chromium.ts',
    // Processes, not threads: better-sqlite3 is a native addon, and tests start and kill child processes.
    pool: 'forks',
    // One more than the cores of the machine that this is built on: a fifth of the time goes to waiting for windows and processes.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes on a busy machine too, only later.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default', new ClosingLine()],
  },
});
