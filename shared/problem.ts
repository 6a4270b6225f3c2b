/** Errors and warnings as values: a code, a place and a remedy. */

/** What went wrong, where, and what the user can do. `exitCode` is the command line's. */
export class EnclaveError extends Error {
  readonly code: string;
  /** File, and byte offset or line where known. */
  readonly place: string;
  readonly remedy: string;
  readonly exitCode: number;

  constructor(code: string, message: string, place: string, remedy: string, exitCode = 2) {
    super(message);
    this.name = 'EnclaveError';
    this.code = code;
    this.place = place;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** An EnclaveError as plain data, to cross a thread or process border. */
export interface ErrorValue {
  code: string;
  message: string;
  place: string;
  remedy: string;
  exitCode: number;
}

export function toErrorValue(error: unknown): ErrorValue {
  if (error instanceof EnclaveError) {
    const { code, message, place, remedy, exitCode } = error;
    return { code, message, place, remedy, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal',
    message: `internal error: ${message}`,
    place: '',
    remedy: 'please report it',
    exitCode: 2,
  };
}

export function fromErrorValue(value: ErrorValue): EnclaveError {
  return new EnclaveError(value.code, value.message, value.place, value.remedy, value.exitCode);
}

/** One kind of problem met in an evidence file: how often, and where first (byte offset, or line for text). */
export interface Problem {
  kind: string;
  count: number;
  firstOffset: number;
  message: string;
}

/** Counts problems by kind and keeps the first place of each. */
export class ProblemCounter {
  readonly #byKind = new Map<string, Problem>();
  /** Problems of all kinds. */
  total = 0;

  /** Counts one problem; `offset` is the byte offset (or line) in the file as given. */
  add(kind: string, offset: number, message: string, count = 1): void {
    this.total += count;
    const known = this.#byKind.get(kind);
    if (known) known.count += count;
    else this.#byKind.set(kind, { kind, count, firstOffset: offset, message });
  }

  list(): Problem[] {
    return [...this.#byKind.values()].map((problem) => ({ ...problem }));
  }
}
