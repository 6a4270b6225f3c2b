import type { CaseKeys } from '../casefile/case-cipher.ts';
import type { NameChunk } from '../casefile/case-writer.ts';
import type { FlowTimeouts } from '../flows/flow-table.ts';
import type { FilledSegment } from '../flows/segment-builder.ts';
import type { ColumnArray } from '../../shared/flow.ts';
import type { Custody, EvidenceNews, JobName } from '../../shared/jobs.ts';
import type { Mapping } from '../../shared/mapping.ts';
import type { ErrorValue, Problem } from '../../shared/problem.ts';
import type { DecodedEvidence } from './decode-evidence.ts';

/** Messages between the threads of the engine. */

/**
 * Memory that a job's threads share: set `control[CANCEL]` to stop; `control[WAITING]` counts segments not yet stored;
 * `control[PAUSE]` is set to `PAUSE_ASKED` to have reading wait, which makes it `STANDS_STILL`, and to 0 to have it go on.
 */
export interface SharedControl {
  /** Int32 × 3. */
  control: SharedArrayBuffer;
  /** Float64 × PROGRESS_WORDS, see shared/jobs. */
  progress: SharedArrayBuffer;
}

export const CANCEL = 0;
export const WAITING = 1;
export const PAUSE = 2;
export const PAUSE_ASKED = 1;
export const STANDS_STILL = 2;
/** Segments that may wait for the writer before the decoder stops: bounds the memory between the two. */
export const MAX_WAITING = 2;

/** What carries columns to another thread. */
export function buffersOf(columns: Readonly<Partial<Record<string, ColumnArray>>>): ArrayBuffer[] {
  return Object.values(columns).flatMap((column) => (column === undefined ? [] : [column.buffer as ArrayBuffer]));
}

export function makeControl(progressWords: number): SharedControl {
  return {
    control: new SharedArrayBuffer(12),
    progress: new SharedArrayBuffer(progressWords * Float64Array.BYTES_PER_ELEMENT),
  };
}

/** What the writing thread is started with. */
export interface WriteThreadOptions {
  /** Another script for the decoding thread. */
  decodeWorker: string | undefined;
  behindWindow: boolean;
  /** The job that it is started for; null when that is not known. */
  firstJob: JobName | null;
  /** What the decoding thread is started with, ahead of its first request. */
  decoding: DecodeThreadOptions;
}

/** What a decoding thread may be started with. */
export interface DecodeThreadOptions {
  /** Paths that requests may come for, if they are paths at all: a guess. */
  expected: readonly string[];
  /** Whether the other threads of the process step behind it. */
  goesFirst: boolean;
}

export interface DecodeRequest {
  /** One file, or the files of a run (see capture-runs). */
  paths: readonly string[];
  custody: Custody;
  /** Of the case's profile. */
  mappings: readonly Mapping[];
  timeouts: FlowTimeouts;
  shared: SharedControl;
}

export type DecodeReply =
  | { type: 'file'; file: number }
  | { type: 'segment'; segment: FilledSegment; file: number }
  | { type: 'names'; chunk: NameChunk; file: number }
  | { type: 'problems'; format: string | null; problems: Problem[] }
  | { type: 'done'; evidence: (DecodedEvidence | ErrorValue)[] }
  | { type: 'error'; error: ErrorValue };

export interface JobRequest {
  id: number;
  name: JobName;
  request: unknown;
  shared: SharedControl;
  /** Of encrypted cases that were unlocked. */
  keys: CaseKeys;
}

/** Asks an idle thread to close what it has open and to end. */
export interface CloseRequest {
  close: true;
}

export type JobReply =
  /** Something that whoever works with the case should know, whichever job is at work. */
  | { type: 'notice'; text: string }
  | { id: number; type: 'progress'; step: string; what: string; file: number; files: number; bytesTotal: number }
  | { id: number; type: 'evidence'; news: EvidenceNews }
  | { id: number; type: 'text'; chunk: string | Uint8Array }
  | { id: number; type: 'done'; response: unknown }
  | { id: number; type: 'error'; error: ErrorValue };
