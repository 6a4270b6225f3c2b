import { defineConfig } from 'vitest/config';
import ClosingLine from './build/closing-line.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, not threads: better-sqlite3 is a native addon, and tests start and kill child processes.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new ClosingLine()],
  },
});
