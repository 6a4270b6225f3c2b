import type { EvidenceResult, ImportSummary } from '../../shared/jobs.ts';
import { bytes, count, note, out, safe, table } from './terminal.ts';

/** The result of an import for a person. */

/** Offsets of text are lines; those of captures bytes, or packet numbers where the message says so. */
function problemLines(evidence: EvidenceResult): string {
  return evidence.problems
    .map(({ kind, count: times, firstOffset, message }) => {
      const place = evidence.format?.startsWith('zeek') ? 'line' : 'offset';
      return `  ${safe(evidence.path)}: ${kind}: ${safe(message)} (${count(times)}×, first at ${place} ${count(firstOffset)})\n`;
    })
    .join('');
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
  for (const evidence of summary.evidence) note(problemLines(evidence));
}

/** 2 when nothing could be used, 3 when something was lost, else 0. */
export function importExitCode(summary: ImportSummary): number {
  const { files, rejected, partial } = summary.totals;
  if (rejected === files) return 2;
  return rejected + partial > 0 ? 3 : 0;
}
