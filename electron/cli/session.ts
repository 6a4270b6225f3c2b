import {
  type BundleResult,
  type ImportSummary,
  type JobName,
  type Jobs,
  type ProfileCorrection,
  type Progress,
  WRITING_JOBS,
} from '../../shared/jobs.ts';
import { importAndAnalyse, sealCase } from '../engine/case-jobs.ts';
import { correctProfile } from '../engine/change-profile.ts';
import { Engine } from '../engine/engine.ts';
import { isEncrypted } from '../engine/keyring.ts';
import { passphraseFor } from './passphrase.ts';
import { type ProgressDisplay, progressDisplay } from './progress-display.ts';
import { note, out, safe } from './terminal.ts';

/** What every verb works with: an engine, a display, the user's interrupt, and who is at work. */

/** Options of a verb that its session heeds. */
export interface Asked {
  json?: boolean | undefined;
  /** Who does it; absent: whoever was at work on the case last. */
  examiner?: string | undefined;
}

/** Jobs for which no case is opened that is there already. */
const NOT_OPENED: ReadonlySet<JobName> = new Set(['new', 'backups', 'restore']);

/** An engine for one command, with its display and the user's interrupt. */
export class Session {
  readonly #engine = new Engine({
    // A command that fails ends with the one line that says why.
    onNotice: (text) => this.failed || note(`enclave: ${safe(text)}\n`),
  });
  failed = false;
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
      if ('case' in request && !NOT_OPENED.has(name)) {
        await this.unlock(request.case);
        if (WRITING_JOBS.has(name)) await this.#beginSitting(request.case);
      }
      const response = await this.#engine.run(name, request, {
        ...options,
        ...(onText === undefined ? {} : { onText }),
      });
      if ('case' in request && 'out' in request && request.out !== null) this.#tellLeaving(request.case, request.out);
      return response;
    });
  }

  /** Asks for the passphrase of an encrypted case, once. */
  async unlock(casePath: string): Promise<void> {
    const { keyring } = this.#engine;
    if (keyring.isLocked(casePath)) await keyring.unlock(casePath, await passphraseFor(casePath, false));
  }

  /** Chooses the passphrase of a new case: the header under which the case is to be made. */
  async encryptNew(casePath: string): Promise<string> {
    return this.#engine.keyring.make(await passphraseFor(casePath, true));
  }

  #tellLeaving(casePath: string, path: string): void {
    if (isEncrypted(casePath))
      note(`enclave: the case is encrypted, what was taken out of it is not (${safe(path)})\n`);
  }

  importAndAnalyse(request: Jobs['import']['request']): Promise<ImportSummary> {
    return this.#shown(async (options) => {
      await this.#beginSitting(request.case);
      return importAndAnalyse(this.#engine, request, options);
    });
  }

  correctProfile(request: Jobs['changeProfile']['request']): Promise<ProfileCorrection> {
    return this.#shown(async (options) => {
      await this.#beginSitting(request.case);
      return correctProfile(this.#engine, request, options);
    });
  }

  seal(request: Jobs['bundle']['request']): Promise<BundleResult> {
    return this.#shown(async (options) => {
      await this.#beginSitting(request.case);
      const sealed = await sealCase(this.#engine, request, options);
      if (isEncrypted(request.case)) {
        note('enclave: the sealed case is encrypted like this one; manifest, report and evidence beside it are not\n');
      }
      return sealed;
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
    await this.unlock(casePath);
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
  } catch (error) {
    session.failed = true;
    throw error;
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
