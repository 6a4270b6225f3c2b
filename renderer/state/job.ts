import type { ImportSummary, Progress } from '../../shared/jobs.ts';
import type { ErrorValue } from '../../shared/problem.ts';

/** The job in work, or the last one, as the window shows it. */
export interface Job {
  readonly kind: 'sample' | 'import';
  readonly state: 'running' | 'cancelling' | 'done' | 'failed' | 'cancelled';
  readonly progress: Progress | null;
  readonly summary: ImportSummary | null;
  readonly error: ErrorValue | null;
  /** Ids of the evidence that was in the case before. */
  readonly earlier: ReadonlySet<string>;
}

export function startedJob(kind: Job['kind'], earlier: ReadonlySet<string> = new Set()): Job {
  return { kind, state: 'running', progress: null, summary: null, error: null, earlier };
}
