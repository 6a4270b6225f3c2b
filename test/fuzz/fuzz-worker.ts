import { rmSync, writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parentPort, workerData } from 'node:worker_threads';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { writeTar, writeZip } from '../capture/archive-writer.ts';
import { type Random, seededRandom } from './bend.ts';
import { captureSeeds } from './capture-seeds.ts';
import { exportSeeds, GIVEN_MAPPING } from './export-seeds.ts';
import { captureMutant } from './mutate-captures.ts';
import { exportMutant } from './mutate-exports.ts';

/**
 * Feeds batches of inputs to the decoder, and tells what it is at before it begins. A batch is an archive of many small inputs, or
 * one input by itself, which may also be compressed.
 */

/** What inputs are made of. */
export type FuzzFamily = 'captures' | 'exports';

export interface FuzzWork {
  folder: string;
  /** Of all inputs; null = either, a batch at a time. */
  only: FuzzFamily | null;
  /** Number of the first batch, then every `stride`th, `count` of them. */
  first: number;
  stride: number;
  count: number;
  /**
   * Float64 × 4: number of the batch in work (-1 = none), when it began (ms since the epoch), inputs done, and the thread's own
   * time at the beginning (ms).
   */
  shared: SharedArrayBuffer;
}

export interface FuzzFailure {
  batch: number;
  why: string;
}

/** Inputs in an archive: making the decoder's tables takes longer than reading a small input. */
const TOGETHER = 50;
/** Share of the batches that are one input by itself. */
const ALONE = 0.2;
/** Of exports by themselves, those in a container. */
const WRAPPED = 0.2;
/** Of the others, those for which a mapping is given. */
const MAPPED = 0.5;

export interface FuzzBatch {
  bytes: Buffer;
  inputs: number;
  /** What the analyst says of a text export or Parquet. */
  mapping: Mapping | null;
}

/** A batch, by its number alone; with `only`, as many of one family. */
export function fuzzBatch(batch: number, only: FuzzFamily | null): FuzzBatch {
  const random = seededRandom(Math.imul(batch + 1, 0x9e3779b1));
  const family = only ?? (random() < 0.5 ? 'captures' : 'exports');
  const isAlone = random() < ALONE;
  const input = (): Buffer =>
    family === 'captures' ? captureMutant(captureSeeds(), random) : exportMutant(exportSeeds(), random, isAlone);
  if (!isAlone) {
    const members = Array.from({ length: TOGETHER }, (_, i) => ({ name: `input-${i}`, content: input() }));
    return { bytes: writeTar(members), inputs: TOGETHER, mapping: null };
  }
  if (family === 'captures' || random() < WRAPPED) return wrapped(input, random);
  return { bytes: input(), inputs: 1, mapping: random() < MAPPED ? GIVEN_MAPPING : null };
}

/** An input by itself, mostly in a container, whose bytes are bent too. */
function wrapped(input: () => Buffer, random: Random): FuzzBatch {
  const wrapping = random();
  const bytes = input();
  if (wrapping < 0.2) return { bytes: bendOne(gzipSync(bytes, { level: 1 }), random), inputs: 1, mapping: null };
  if (wrapping < 0.4) return { bytes: bendOne(zstdCompressSync(bytes), random), inputs: 1, mapping: null };
  if (wrapping < 0.6) {
    const archive = writeZip(
      [
        { name: 'a', content: bytes },
        { name: 'b', content: input() },
      ],
      { method: random() < 0.5 ? 8 : 0 },
    );
    return { bytes: bendOne(archive, random), inputs: 2, mapping: null };
  }
  if (wrapping < 0.7)
    return { bytes: bendOne(writeTar([{ name: 'a', content: bytes }]), random), inputs: 1, mapping: null };
  return { bytes, inputs: 1, mapping: null };
}

function bendOne(bytes: Buffer, random: Random): Buffer {
  if (random() < 0.7) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}

async function work({ folder, only, first, stride, count, shared }: FuzzWork): Promise<void> {
  const told = new Float64Array(shared);
  const path = `${folder}/batch-${first}`;
  for (let done = 0; done < count; done++) {
    const batch = first + done * stride;
    const { bytes, inputs, mapping } = fuzzBatch(batch, only);
    writeFileSync(path, bytes);
    told[1] = Date.now();
    const { user, system } = process.threadCpuUsage();
    told[3] = (user + system) / 1000;
    told[0] = batch;
    try {
      const ignore = (): undefined => undefined;
      const given = mapping === null ? {} : { mapping };
      const output = { segment: ignore, names: ignore, progress: ignore };
      const decoded = await decodeEvidence(path, DEFAULT_TIMEOUTS, output, given);
      if (decoded.bytes !== bytes.length) throw new Error(`${decoded.bytes} of ${bytes.length} bytes were read`);
    } catch (error) {
      if (!(error instanceof EnclaveError)) {
        const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
        parentPort?.postMessage({ batch, why } satisfies FuzzFailure);
      }
    }
    told[0] = -1;
    told[2] = (told[2] ?? 0) + inputs;
  }
  rmSync(path, { force: true });
}

if (parentPort !== null) await work(workerData as FuzzWork);
