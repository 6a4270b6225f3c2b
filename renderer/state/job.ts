import type { EvidenceNews, ImportSummary, Progress } from '../../shared/jobs.ts';
import type { ErrorValue } from '../../shared/problem.ts';

/** The job in work, or the last one, as the window shows it. */
export interface Job {
  readonly kind: 'sample' | 'import' | 'verify' | 'profile' | 'analyse';
  readonly state: 'running' | 'cancelling' | 'done' | 'failed' | 'cancelled';
  readonly progress: Progress | null;
  /** What was told of each evidence file so far, by path. */
  readonly news: ReadonlyMap<string, EvidenceNews>;
  readonly summary: ImportSummary | null;
  readonly error: ErrorValue | null;
}

export function startedJob(kind: Job['kind']): Job {
  return { kind, state: 'running', progress: null, news: new Map(), summary: null, error: null };
}
