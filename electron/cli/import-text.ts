import type { EvidenceResult, ImportSummary } from '../../shared/jobs.ts';
import type { Problem } from '../../shared/problem.ts';
import { isLoss } from '../engine/losing-kinds.ts';
import { bytes, count, faultLine, note, out, table } from './terminal.ts';

/** The result of an import in words. */

const KNOWN_FORMATS = 'give a capture or a flow export (docs/evidence-formats.md), or a folder of them';
const COPY_AGAIN = 'if the original is whole, copy it again and import that; what is readable was imported';
const COMPARE = 'what is sound was imported; compare the file with its original';

/** What to do about a kind of problem; kinds that are not here cost nothing of the evidence. */
const REMEDIES: Readonly<Record<string, string>> = {
  'evidence-unreadable': 'check the path, its permissions and the medium',
  'no-evidence': KNOWN_FORMATS,
  empty: 'copy it again from its source',
  'not-recognised': KNOWN_FORMATS,
  'truncated-header': 'copy it again from its source',
  'no-packets': 'check that it is the right file',
  'truncated-packet': COPY_AGAIN,
  'damaged-compression': COPY_AGAIN,
  'changed-while-read': 'import it again when nothing writes to it any more',
  'link-type-unknown': 'these packets are in no flow; capture on another interface, or convert them',
  'no-conn-log': 'import the conn.log of the same time too; the order does not matter',
  'decoder-died': 'please report it; the other files are not concerned',
};

const TEXT_FORMAT = /^(zeek-|nfdump-|silk-|vpc-|azure-|suricata-|csv|tsv|pipe|space|ndjson)/;
const BINARY_EXPORT = /^(nfcapd|argus|ipfix)/;

/** Text is located by line, other files by byte, as far as a problem has a place; problems of packets name the packet in their message. */
function placeOf({ path, format }: EvidenceResult, { kind, firstOffset }: Problem): string {
  const inner = format ?? '';
  if (firstOffset === 0) return path;
  if (TEXT_FORMAT.test(inner)) return `${path}, line ${firstOffset}`;
  const isLocated = /^(truncated|damaged|packet-without-time|long-block)/.test(kind) && kind !== 'truncated-header';
  if (!isLocated && !BINARY_EXPORT.test(inner)) return path;
  const isInside = /\.(gz|zst|lz4|bz2|xz)$/.test(inner) && kind !== 'damaged-compression';
  return `${path}, byte ${firstOffset}${isInside ? ' when decompressed' : ''}`;
}

/** One line a problem: what, where, what to do. A rejected file gets one line, its reason. */
function problemLines(evidence: EvidenceResult): string {
  const { status, problems } = evidence;
  const told = status === 'rejected' ? problems.slice(0, 1) : problems;
  return told
    .map((problem) => {
      const { kind, message } = problem;
      const what = status === 'rejected' ? 'rejected' : status === 'partial' && isLoss(kind) ? 'partly read' : 'note';
      const times = problem.count > 1 ? `, ${count(problem.count)} times` : '';
      const remedy = REMEDIES[kind] ?? (isLoss(kind) ? COMPARE : 'nothing needs to be done');
      return faultLine(`${what}: ${message}${times}`, placeOf(evidence, problem), remedy);
    })
    .join('');
}

/** Tells on stderr what was rejected, could not be read, or should be known. */
export function noteProblems(summary: ImportSummary): void {
  for (const evidence of summary.evidence) note(problemLines(evidence));
}

export function printImport(summary: ImportSummary): void {
  const rows = summary.evidence.map((evidence) => [
    evidence.path.split('/').at(-1) ?? '',
    evidence.status === 'duplicate' ? `in the case already (${evidence.duplicateOf})` : evidence.status,
    evidence.format ?? '–',
    bytes(evidence.bytes),
    count(evidence.packets + evidence.records),
    count(evidence.flows),
    evidence.sha256?.slice(0, 16) ?? '–',
  ]);
  out(table(['File', 'Status', 'Format', 'Size', 'Packets, records', 'Flows', 'SHA-256 begins'], rows, [3, 4, 5]));
  const { totals } = summary;
  const seconds = totals.durationMs / 1000;
  out(
    `\n${count(totals.flows)} flows from ${count(totals.imported + totals.partial)} of ${count(totals.files)} files` +
      ` (${bytes(totals.bytes)}) in ${seconds.toFixed(1)} s, peak memory ${bytes(summary.peakRssBytes)}\n`,
  );
}

/** 2 when nothing could be used, 3 when something was lost, else 0. */
export function importExitCode(summary: ImportSummary): number {
  const { files, rejected, partial } = summary.totals;
  if (rejected === files) return 2;
  return rejected + partial > 0 ? 3 : 0;
}
