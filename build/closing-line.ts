import type { Reporter, TestModule } from 'vitest/node';

/** What a test run came to. */
export interface TestTotals {
  passed: number;
  failed: number;
  skipped: number;
}

/** `N passed, N failed`, and `, N skipped` when there were any. */
export function closingLine({ passed, failed, skipped }: TestTotals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A file that could not be loaded, and an error outside any test, count as one failure each. */
export function countTests(
  modules: readonly Pick<TestModule, 'children' | 'errors'>[],
  strayErrors: number,
): TestTotals & { skipNotes: string[] } {
  const totals = { passed: 0, failed: strayErrors, skipped: 0, skipNotes: [] as string[] };
  for (const module of modules) {
    if (module.errors().length > 0) totals.failed++;
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) totals.failed++;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') totals.passed++;
      else if (result.state === 'failed') totals.failed++;
      else {
        totals.skipped++;
        const note = result.state === 'skipped' && result.note !== undefined ? `: ${result.note}` : '';
        totals.skipNotes.push(`skipped: ${test.fullName}${note}`);
      }
    }
  }
  return totals;
}

/** Vitest reporter: tells why tests were skipped, and ends with one plain line that any script can read. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly unknown[]): void {
    const totals = countTests(modules, strayErrors.length);
    for (const note of totals.skipNotes) process.stdout.write(`${note}\n`);
    process.stdout.write(`${closingLine(totals)}\n`);
  }
}
