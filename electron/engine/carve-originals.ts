import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { hashFile } from '../capture/evidence-file.ts';
import type { EvidenceInfo } from '../casefile/case-reader.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { type EvidencePath, evidencePaths } from './evidence-paths.ts';

/** Finds the originals of a case's evidence again, and which of them have to be read together. */

/** Contents that hold packets, as the formats of evidence name them. */
const CAPTURES: ReadonlySet<string> = new Set(['pcap', 'pcapng', 'snoop']);
/** Formats whose files may be pieces of one capture, see capture-runs. */
const CUT_FORMATS: ReadonlySet<string> = new Set(['pcap', 'pcapng']);

/** Whether evidence of this format (`pcap.gz`, `zip(pcap,zeek-tsv)`) holds packets. */
export function holdsPackets(format: string): boolean {
  return format.split(/[^\w-]+/).some((part) => CAPTURES.has(part));
}

/** Whether it holds nothing but packets. */
export function holdsPacketsOnly(format: string): boolean {
  const contents = /\((.*)\)/.exec(format)?.[1] ?? format;
  return contents.split(',').every((content) => CAPTURES.has(content.split('.')[0]));
}

/** Files in a folder and its subfolders that may be originals; none without a folder. */
export function filesIn(directory: string | null): EvidencePath[] {
  return directory === null ? [] : evidencePaths([directory]).filter(({ fault }) => fault === null);
}

/** Paths of the files that may be the original, the likeliest first. */
function candidates(evidence: EvidenceInfo, files: readonly EvidencePath[]): string[] {
  const name = basename(evidence.path);
  const ofSize = files.filter(({ bytes }) => bytes === evidence.bytes).map(({ path }) => path);
  const byName = ofSize.filter((path) => basename(path) === name);
  const others = ofSize.filter((path) => basename(path) !== name);
  const recorded = sizeOf(evidence.path) === evidence.bytes ? [evidence.path] : [];
  return [...new Set([...recorded, ...byName, ...others])];
}

function sizeOf(path: string): number | null {
  try {
    const stat = statSync(path);
    return stat.isFile() ? stat.size : null;
  } catch {
    return null;
  }
}

/** Where an original lies, or why it cannot be used: not found, or not what was imported. */
export type Original = { path: string } | { fault: 'missing' | 'changed'; why: string };

/**
 * Looks for the original of evidence at its recorded path, then among `files`: those of its name first, any of its size after.
 * Where there are several, their hashes decide; one alone is hashed when it is read.
 *
 * @param files see `filesIn`; @param progress called while files are hashed; throws to stop
 */
export function findOriginal(evidence: EvidenceInfo, files: readonly EvidencePath[], progress: () => void): Original {
  const found = candidates(evidence, files);
  const [only] = found;
  if (only === undefined) {
    const size = sizeOf(evidence.path);
    if (size === null) return { fault: 'missing', why: 'not found; name its folder with --evidence' };
    return { fault: 'changed', why: `refused: it has ${size} bytes, the case has ${evidence.bytes}` };
  }
  if (found.length === 1) return { path: only };
  for (const path of found) {
    try {
      if (hashFile(path, progress) === evidence.sha256) return { path };
    } catch (error) {
      if (!(error instanceof EnclaveError) || error.code !== 'evidence-unreadable') throw error;
    }
  }
  return { fault: 'changed', why: `refused: none of ${found.length} files of its size has its SHA-256` };
}

/**
 * Puts evidence with flows to be carved together with the files that its flows go on in: pieces of one capture were read as one
 * (see capture-runs), and a flow belongs to the piece where it began. Flows that end behind the last packet of their file tell
 * that it was such a piece. Where packets of two pieces have the same time that does not show: `isBroad` takes any file for the
 * next piece that begins before the flows end, which does no harm to flows that do not go on there.
 *
 * @param all evidence of the case in the order of import
 * @param lastEnd latest end of the sought flows of evidence, microseconds since the epoch; undefined where none is sought
 */
export function evidenceRuns(
  all: readonly EvidenceInfo[],
  lastEnd: (evidence: EvidenceInfo) => number | undefined,
  isBroad = false,
): EvidenceInfo[][] {
  const runs: EvidenceInfo[][] = [];
  let run: EvidenceInfo[] = [];
  let until = -Infinity;
  for (const evidence of all) {
    const end = lastEnd(evidence);
    const last = run.at(-1);
    const goesOn =
      last !== undefined && (isBroad || until > (last.lastSeen ?? Infinity)) && isNextPiece(last, evidence, until);
    if (goesOn) run.push(evidence);
    else if (end !== undefined) {
      run = [evidence];
      runs.push(run);
      until = -Infinity;
    }
    // A file between two pieces that has no part in this ends no run: pieces need not be neighbours in the case.
    if (end !== undefined && run.at(-1) === evidence) until = Math.max(until, end);
  }
  return runs;
}

function isNextPiece(last: EvidenceInfo, next: EvidenceInfo, until: number): boolean {
  return (
    CUT_FORMATS.has(next.format) &&
    next.format === last.format &&
    dirname(next.path) === dirname(last.path) &&
    next.linkTypes.some((linkType) => last.linkTypes.includes(linkType)) &&
    next.custody.clockOffset === last.custody.clockOffset &&
    next.firstSeen !== null &&
    next.firstSeen >= (last.firstSeen ?? Infinity) &&
    next.firstSeen <= until
  );
}
