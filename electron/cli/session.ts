import {
  type BundleResult,
  type ImportSummary,
  type JobName,
  type Jobs,
  type Progress,
  WRITING_JOBS,
} from '../../shared/jobs.ts';
import { importAndAnalyse, sealCase } from '../engine/case-jobs.ts';
import { Engine } from '../engine/engine.ts';
import { type ProgressDisplay, progressDisplay } from './progress-display.ts';
import { out } from './terminal.ts';

/** What every verb works with: an engine, a display, the user's interrupt, and who is at work. */

/** Options of a verb that its session heeds. */
export interface Asked {
  json?: boolean | undefined;
  /** Who does it; absent: whoever was at work on the case last. */
  examiner?: string | undefined;
}

/** An engine for one command, with its display and the user's interrupt. */
export class Session {
  readonly #engine = new Engine();
  readonly #interrupt = new AbortController();
  readonly display: ProgressDisplay;
  /** Named for this command and not yet entered into the case. */
  #examiner: string | null;

  constructor(asked: Asked) {
    this.display = progressDisplay(asked.json ?? false);
    this.#examiner = asked.examiner ?? null;
    // A second interrupt ends the process at once.
    process.once('SIGINT', () => this.#interrupt.abort());
    process.once('SIGTERM', () => this.#interrupt.abort());
  }

  run<Name extends JobName>(
    name: Name,
    request: Jobs[Name]['request'],
    onText?: (chunk: string | Uint8Array) => Promise<void>,
  ): Promise<Jobs[Name]['response']> {
    return this.#shown(async (options) => {
      if (WRITING_JOBS.has(name) && name !== 'new' && 'case' in request) await this.#beginSitting(request.case);
      return this.#engine.run(name, request, { ...options, ...(onText === undefined ? {} : { onText }) });
    });
  }

  importAndAnalyse(request: Jobs['import']['request']): Promise<ImportSummary> {
    return this.#shown(async (options) => {
      await this.#beginSitting(request.case);
      return importAndAnalyse(this.#engine, request, options);
    });
  }

  seal(request: Jobs['bundle']['request']): Promise<BundleResult> {
    return this.#shown(async (options) => {
      await this.#beginSitting(request.case);
      return sealCase(this.#engine, request, options);
    });
  }

  /** Work whose progress is shown, and that an interrupt cancels. */
  async #shown<T>(
    work: (options: { onProgress: (progress: Progress) => void; signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await work({
        onProgress: (progress) => this.display.show(progress),
        signal: this.#interrupt.signal,
      });
    } finally {
      this.display.end();
    }
  }

  /** Enters who is at work, before the first change of the command. */
  async #beginSitting(casePath: string): Promise<void> {
    const examiner = this.#examiner;
    this.#examiner = null;
    if (examiner !== null) await this.#engine.run('beginSitting', { case: casePath, examiner });
  }

  /** Makes the findings anew and stores them. */
  async analyse(casePath: string): Promise<Jobs['analyse']['response']> {
    const findings = await this.run('analyse', { case: casePath });
    await this.run('saveFindings', { case: casePath, findings });
    return findings;
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }
}

/** @param asked the verb's options, or whether its progress goes out as JSON */
export async function inSession<T>(asked: Asked | boolean, work: (session: Session) => Promise<T>): Promise<T> {
  const session = new Session(typeof asked === 'boolean' ? { json: asked } : asked);
  try {
    return await work(session);
  } finally {
    session.display.end();
    await session.close();
  }
}

export function printJson(value: unknown): void {
  out(`${JSON.stringify(value)}\n`);
}

export const JSON_OPTION = { json: { type: 'boolean', default: false } } as const;
/** For verbs that change a case. */
export const EXAMINER_OPTION = { examiner: { type: 'string' } } as const;
