import type { Worker } from 'node:worker_threads';
import type { ColumnArray } from '../../shared/flow.ts';
import { formatUtc } from '../../shared/time.ts';
import {
  type Custody,
  type EvidenceNews,
  type EvidenceResult,
  type ImportSummary,
  PROGRESS_BYTES,
  PROGRESS_BYTES_BEFORE,
  PROGRESS_FLOWS,
  PROGRESS_FLOWS_BEFORE,
  PROGRESS_PACKETS,
  PROGRESS_PACKETS_BEFORE,
} from '../../shared/jobs.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { EnclaveError, fromErrorValue, type Problem } from '../../shared/problem.ts';
import { hashFile } from '../capture/evidence-file.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import type { FlowTimeouts } from '../flows/flow-table.ts';
import type { FilledSegment } from '../flows/segment-builder.ts';
import { cancelledError } from './cancelled.ts';
import { captureRuns } from './capture-runs.ts';
import type { DecodedEvidence } from './decode-evidence.ts';
import { newDecodingThread } from './decoding-thread.ts';
import { type EvidencePath, evidencePaths } from './evidence-paths.ts';
import { refuseImportWithoutRoom } from './free-space.ts';
import { isLoss } from './losing-kinds.ts';
import { CANCEL, type DecodeReply, type DecodeRequest, type SharedControl, WAITING } from './worker-messages.ts';

/** The import: each evidence file through the decoding thread into the case, one commit a file. */

export interface ImportHooks {
  custody: Custody;
  /** What the case's profile knows of text exports. */
  mappings: readonly Mapping[];
  shared: SharedControl;
  progress(what: string, file: number, files: number, bytesTotal: number): void;
  evidence(news: EvidenceNews): void;
  /** Called with each segment and its number once it is stored. */
  stored(segment: number, facts: FilledSegment): void;
  /** Called when names beside the flows were stored. */
  storedNames(): void;
  /** The decoding thread's script; tests put a failing one here. */
  decodeWorker?: URL | undefined;
}

interface RunHooks extends ImportHooks {
  /** A file of the run begins, by its place there. */
  file(file: number): void;
}

/**
 * Gives the memory of stored columns back at once. This thread makes few objects, so its garbage collector comes late,
 * and megabytes of columns would wait for it.
 */
function release(columns: Readonly<Partial<Record<string, ColumnArray>>>): void {
  for (const column of Object.values(columns)) {
    if (column !== undefined && column.buffer instanceof ArrayBuffer) column.buffer.transfer(0);
  }
}

/** The decoding thread, made anew after it died. */
class Decoder {
  readonly #script: URL | undefined;
  #worker: Worker | null = null;

  constructor(script: URL | undefined) {
    this.#script = script;
  }

  #start(): Worker {
    const worker = newDecodingThread(this.#script);
    const forget = (): void => {
      if (this.#worker === worker) this.#worker = null;
    };
    // It may also die between two files; without a listener that would end the writing thread.
    return worker.on('error', forget).on('exit', forget);
  }

  /**
   * Decodes the files of a run; segments and names go to the writer in order. Rejects with an EnclaveError.
   *
   * @param evidence by file: its row in the case
   * @returns by file: what it holds, or why it cannot be read
   */
  decode(
    paths: readonly string[],
    timeouts: FlowTimeouts,
    hooks: RunHooks,
    writer: CaseWriter,
    evidence: readonly number[],
  ): Promise<(DecodedEvidence | EnclaveError)[]> {
    let path = paths[0] ?? '';
    const worker = (this.#worker ??= this.#start());
    const { shared } = hooks;
    const control = new Int32Array(shared.control);
    const counters = new Float64Array(shared.progress);
    Atomics.store(control, WAITING, 0);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        settle();
      };
      const die = (why: string): void => {
        this.#worker = null;
        finish(() =>
          reject(
            new EnclaveError(
              'decoder-died',
              `the decoding thread ended unexpectedly (${why})`,
              path,
              'report it; the other files are not concerned',
            ),
          ),
        );
      };
      let failure: string | null = null;
      const onError = (error: unknown): void => {
        failure = error instanceof Error ? error.message : String(error);
      };
      // What it sent before it died comes before its exit, but not always before its error.
      const onExit = (code: number): void => die(failure ?? `exit code ${code}`);
      const onMessage = (reply: DecodeReply): void => {
        switch (reply.type) {
          case 'segment':
          case 'names':
            try {
              if (reply.type === 'segment') {
                const segment = writer.addSegment(evidence[reply.file], reply.segment);
                hooks.stored(segment, reply.segment);
              } else {
                if (writer.addNameChunk(evidence[reply.file], reply.chunk)) hooks.storedNames();
              }
              release(reply.type === 'segment' ? reply.segment.columns : reply.chunk.columns);
            } catch (error) {
              // The decoder must not go on for nothing, and must not be left asleep.
              this.#worker = null;
              finish(() => {
                void worker.terminate();
                reject(error);
              });
            }
            Atomics.sub(control, WAITING, 1);
            Atomics.notify(control, WAITING);
            break;
          case 'file':
            path = paths[reply.file] ?? '';
            hooks.file(reply.file);
            break;
          case 'problems': {
            const { format, problems } = reply;
            const [bytes, flows] = [counters[PROGRESS_BYTES], counters[PROGRESS_FLOWS]];
            hooks.evidence({ path, bytes, format, flows, problems, status: 'reading' });
            break;
          }
          case 'done':
            finish(() => resolve(reply.evidence.map((file) => ('sha256' in file ? file : fromErrorValue(file)))));
            break;
          case 'error':
            finish(() => reject(fromErrorValue(reply.error)));
            break;
        }
      };
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage({
        paths,
        timeouts,
        custody: hooks.custody,
        mappings: hooks.mappings,
        shared,
      } satisfies DecodeRequest);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }
}

function result(path: EvidencePath, decoded: DecodedEvidence | null, durationMs: number): EvidenceResult {
  const time = (us: number | null | undefined): string | null =>
    us === null || us === undefined ? null : formatUtc(us);
  return {
    id: decoded?.sha256.slice(0, 16) ?? null,
    path: path.path,
    sha256: decoded?.sha256 ?? null,
    bytes: decoded?.bytes ?? path.bytes,
    format: decoded?.format ?? null,
    linkTypes: decoded?.linkTypes ?? [],
    packets: decoded?.packets ?? 0,
    flows: decoded?.flows ?? 0,
    records: decoded?.records ?? 0,
    firstSeen: time(decoded?.firstSeen),
    lastSeen: time(decoded?.lastSeen),
    durationMs,
    duplicateOf: null,
    status: 'imported',
    problems: decoded?.problems ?? [],
  };
}

/** Why nothing of a decoded file can be used; null when something can. */
function uselessBecause({ format, packets, records, flows, problems }: DecodedEvidence): string | null {
  const has = (kind: string): Problem | undefined => problems.find((problem) => problem.kind === kind);
  if (format === null) {
    return (has('empty') ?? has('not-recognised') ?? has('damaged-compression'))?.message ?? 'not recognised';
  }
  const header = has('truncated-header');
  if (header) return header.message;
  const link = has('link-type-unknown');
  if (link && flows === 0 && link.count === packets) return link.message;
  // An empty capture is sound evidence of nothing; one of which nothing could be read is not.
  if (packets + records > 0) return null;
  return problems.find(({ kind }) => isLoss(kind))?.message ?? null;
}

/** What an import makes of a decoded file that is not in the case yet; `why` it is rejected, else null. */
export function outcomeOf(
  decoded: DecodedEvidence,
): { status: 'rejected'; why: string } | { status: 'imported' | 'partial'; why: null } {
  const why = uselessBecause(decoded);
  if (why !== null) return { status: 'rejected', why };
  return { status: decoded.problems.some(({ kind }) => isLoss(kind)) ? 'partial' : 'imported', why };
}

/**
 * Imports files and folders. Files that cannot be used are told as `rejected`; errors of the case itself (disk full,
 * damage) and cancelling throw, and the files committed before stay.
 */
export async function importEvidence(
  writer: CaseWriter,
  paths: readonly string[],
  timeouts: FlowTimeouts,
  hooks: ImportHooks,
): Promise<ImportSummary> {
  const files = evidencePaths(paths);
  const begun = performance.now();
  const bytesTotal = files.reduce((sum, file) => sum + file.bytes, 0);
  refuseImportWithoutRoom(writer.path, bytesTotal);
  const control = new Int32Array(hooks.shared.control);
  const counters = new Float64Array(hooks.shared.progress);
  const decoder = new Decoder(hooks.decodeWorker);
  const evidence: EvidenceResult[] = [];
  try {
    for (const run of captureRuns(files)) {
      const before = evidence.length;
      const told: RunHooks = {
        ...hooks,
        file: (file) => hooks.progress(run[file]?.path ?? '', before + file + 1, files.length, bytesTotal),
      };
      told.file(0);
      for (const done of await importRun(writer, run, timeouts, told, decoder)) {
        evidence.push(done);
        hooks.evidence(done);
        counters[PROGRESS_PACKETS_BEFORE] += done.packets;
        counters[PROGRESS_FLOWS_BEFORE] += done.flows;
      }
      counters[PROGRESS_BYTES_BEFORE] += run.reduce((sum, { bytes }) => sum + bytes, 0);
      counters[PROGRESS_BYTES] = counters[PROGRESS_PACKETS] = counters[PROGRESS_FLOWS] = 0;
      if (Atomics.load(control, CANCEL) !== 0) throw cancelledError();
    }
  } finally {
    await decoder.close();
  }
  if (evidence.every((each) => each.status === 'rejected') && files.every((file) => !file.named)) {
    throw new EnclaveError(
      'no-evidence',
      `none of the ${files.length} files in it is a capture or flow export known to this version`,
      paths.join(', '),
      'name a capture, a flow export or a folder of them',
    );
  }
  const count = (status: EvidenceResult['status']): number => evidence.filter((each) => each.status === status).length;
  const kept = evidence.filter((each) => each.status === 'imported' || each.status === 'partial');
  const sum = (of: (each: EvidenceResult) => number): number => kept.reduce((total, each) => total + of(each), 0);
  return {
    case: writer.path,
    evidence,
    totals: {
      files: files.length,
      imported: count('imported'),
      partial: count('partial'),
      rejected: count('rejected'),
      duplicate: count('duplicate'),
      bytes: sum((each) => each.bytes),
      packets: sum((each) => each.packets),
      flows: sum((each) => each.flows),
      records: sum((each) => each.records),
      durationMs: Math.round(performance.now() - begun),
    },
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** Imports a run, file by file where the decoding thread dies over it or the disk is full. */
async function importRun(
  writer: CaseWriter,
  run: readonly EvidencePath[],
  timeouts: FlowTimeouts,
  hooks: RunHooks,
  decoder: Decoder,
): Promise<EvidenceResult[]> {
  const begun = performance.now();
  const elapsed = (): number => Math.round(performance.now() - begun);
  const results = new Map<EvidencePath, EvidenceResult>();
  for (const file of run) {
    const known = knownBefore(writer, file, hooks, elapsed);
    if (known !== null) results.set(file, known);
  }
  const files = run.filter((file) => !results.has(file));
  const numbers: number[] = [];
  try {
    for (const file of files) numbers.push(writer.beginEvidence(file.path, file.bytes));
    const paths = files.map(({ path }) => path);
    const decoded = files.length === 0 ? [] : await decoder.decode(paths, timeouts, hooks, writer, numbers);
    for (const [index, file] of files.entries()) {
      const done = decoded[index];
      results.set(
        file,
        done instanceof EnclaveError
          ? unreadable(writer, file, numbers[index], done, elapsed())
          : commitDecoded(writer, file, numbers[index], done, hooks.custody, elapsed()),
      );
    }
  } catch (error) {
    for (const number of numbers) abandon(writer, number);
    const code = error instanceof EnclaveError ? error.code : '';
    const ofFile = code === 'evidence-unreadable' || code === 'decoder-died';
    // What does not fit as a whole may fit in part.
    if (!ofFile && !(code === 'disk-full' && files.length > 1)) throw error;
    const [only] = files;
    if (files.length === 1 && only !== undefined && error instanceof EnclaveError) {
      results.set(only, rejected(writer, only, null, error.code, error.message, elapsed()));
    } else {
      const counters = new Float64Array(hooks.shared.progress);
      counters[PROGRESS_BYTES] = counters[PROGRESS_PACKETS] = counters[PROGRESS_FLOWS] = 0;
      for (const file of files) {
        const alone = { ...hooks, file: () => hooks.file(run.indexOf(file)) };
        for (const done of await importRun(writer, [file], timeouts, alone, decoder)) results.set(file, done);
      }
    }
  }
  return run.flatMap((file) => results.get(file) ?? []);
}

/** What is known of a file without decoding it; null when it has to be. */
function knownBefore(
  writer: CaseWriter,
  file: EvidencePath,
  hooks: RunHooks,
  elapsed: () => number,
): EvidenceResult | null {
  if (file.fault !== null) return rejected(writer, file, null, file.fault.kind, file.fault.message, elapsed());
  if (!writer.hasEvidenceOfSize(file.bytes)) return null;
  try {
    const duplicateOf = writer.evidenceWithHash(hashFile(file.path, checkCancelled(hooks.shared)));
    return duplicateOf === null ? null : duplicate(file, duplicateOf, elapsed());
  } catch (error) {
    if (!(error instanceof EnclaveError) || error.code !== 'evidence-unreadable') throw error;
    return rejected(writer, file, null, error.code, error.message, elapsed());
  }
}

function rejected(
  writer: CaseWriter,
  file: EvidencePath,
  decoded: DecodedEvidence | null,
  kind: string,
  why: string,
  durationMs: number,
): EvidenceResult {
  writer.audit('reject', { path: file.path, sha256: decoded?.sha256 ?? null, bytes: file.bytes, why });
  const others = decoded?.problems ?? [];
  // The reason comes first.
  const reason = others.find((problem) => problem.message === why) ?? { kind, count: 1, firstOffset: 0, message: why };
  const problems = [reason, ...others.filter((problem) => problem !== reason)];
  return { ...result(file, decoded, durationMs), status: 'rejected', flows: 0, problems };
}

function unreadable(
  writer: CaseWriter,
  file: EvidencePath,
  number: number,
  error: EnclaveError,
  durationMs: number,
): EvidenceResult {
  writer.abandonEvidence(number);
  return rejected(writer, file, null, error.code, error.message, durationMs);
}

/** Commits a decoded file, or takes it back when it is of no use or in the case already. */
function commitDecoded(
  writer: CaseWriter,
  file: EvidencePath,
  number: number,
  decoded: DecodedEvidence,
  stated: Custody,
  durationMs: number,
): EvidenceResult {
  if (decoded.format !== null && decoded.packets + decoded.records === 0) {
    decoded.problems.push({
      kind: 'no-packets',
      count: 1,
      firstOffset: 0,
      message: 'it holds no packet and no record',
    });
  }
  const leftOut = writer.namesLeftOut(number);
  if (leftOut > 0) {
    const message =
      'the case holds as many DNS answers, or names that logs give to flows, as it may: these were left out';
    decoded.problems.push({ kind: 'names-over-budget', count: leftOut, firstOffset: 0, message });
  }
  // Only records that tell of connections set the time.
  const isZeek = decoded.format?.includes('zeek-') === true && decoded.firstSeen !== null;
  if (isZeek && decoded.flows === 0 && !writer.hasZeekFlows()) {
    const message =
      'records of a Zeek log that only name connections, by their uid: without their conn.log, of which the case has nothing yet, ' +
      'they make no flow';
    decoded.problems.push({ kind: 'no-conn-log', count: decoded.records, firstOffset: 0, message });
  }
  const { status, why } = outcomeOf(decoded);
  if (status === 'rejected') {
    writer.abandonEvidence(number);
    return rejected(writer, file, decoded, 'not-usable', why, durationMs);
  }
  // A twin of another size cannot be; but a file may change between two looks at it.
  const duplicateOf = writer.evidenceWithHash(decoded.sha256);
  if (duplicateOf !== null) {
    writer.abandonEvidence(number);
    return duplicate(file, duplicateOf, durationMs);
  }
  const { clockOffset = 0, clockReason = '', mapping } = stated;
  const custody = { hashes: decoded.hashes, clockOffset, clockReason, ...(mapping === undefined ? {} : { mapping }) };
  writer.finishEvidence(number, { ...decoded, format: decoded.format ?? '', status, custody });
  const isStated = Object.keys(stated).length > 0;
  return { ...result(file, decoded, durationMs), status, ...(isStated ? { custody } : {}) };
}

/** Takes back what was begun; when even that fails (a full disk), opening the case anew will do it. */
function abandon(writer: CaseWriter, evidence: number): void {
  try {
    writer.abandonEvidence(evidence);
  } catch {
    // The error that led here is the one to be told.
  }
}

function duplicate(file: EvidencePath, duplicateOf: string, durationMs: number): EvidenceResult {
  return { ...result(file, null, durationMs), id: duplicateOf, duplicateOf, status: 'duplicate' };
}

function checkCancelled(shared: SharedControl): (bytes: number) => void {
  const control = new Int32Array(shared.control);
  const counters = new Float64Array(shared.progress);
  return (bytes) => {
    counters[PROGRESS_BYTES] = bytes;
    if (Atomics.load(control, CANCEL) !== 0) throw cancelledError();
  };
}
