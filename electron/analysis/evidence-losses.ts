import type { EvidenceInfo } from '../casefile/case-reader.ts';
import type { EvidenceLoss } from '../../shared/finding.ts';
import { formatCounted, formatShare } from '../../shared/number-format.ts';

/** What evidence says of itself that it lost: packets not captured, records and messages that never came. */

interface LossWords {
  /** One of what was lost, and what is told of it. */
  readonly noun: string;
  readonly how: string;
  /** How many of the same were kept, where the case knows. */
  readonly kept: (file: EvidenceInfo) => number | null;
}

const notKnown = (): null => null;

/** By the kind of the problem that tells it. */
const LOSSES: Readonly<Record<string, LossWords>> = {
  'capture-dropped': {
    noun: 'packet',
    how: 'dropped by the capturing machine',
    kept: ({ packets }) => packets,
  },
  'probe-dropped': { noun: 'report', how: 'of a probe that it dropped packets', kept: notKnown },
  'records-missing': {
    noun: 'exported record',
    how: 'missing by sequence numbers',
    kept: ({ records }) => records,
  },
  'messages-missing': { noun: 'export message', how: 'missing by sequence numbers', kept: notKnown },
  'sflow-gap': { noun: 'sFlow datagram', how: 'missing by sequence numbers', kept: notKnown },
  'sflow-samples-missing': { noun: 'flow sample', how: 'missing by sequence numbers', kept: notKnown },
  'sflow-dropped': { noun: 'sample', how: 'dropped by agents for want of resources', kept: notKnown },
  'exporter-lost-records': { noun: 'record', how: 'that an exporter lost others', kept: notKnown },
  'sequence-failures': { noun: 'failure', how: 'of sequence numbers met by a collector', kept: notKnown },
  'missing-blocks': { noun: 'file', how: 'with fewer blocks than its header tells', kept: notKnown },
};

/** Losses of all files by kind, in a fixed order; `share` of what was sent, where it is known of every file. */
export function lossesOf(evidence: readonly EvidenceInfo[]): EvidenceLoss[] {
  return Object.entries(LOSSES).flatMap(([kind, { kept }]) => {
    let [lost, rest, files] = [0, 0, 0];
    let isKnown = true;
    for (const file of evidence) {
      const count = file.problems.reduce((sum, problem) => (problem.kind === kind ? sum + problem.count : sum), 0);
      if (count === 0) continue;
      const of = kept(file);
      if (of === null || of === 0) isKnown = false;
      lost += count;
      rest += of ?? 0;
      files++;
    }
    return lost === 0 ? [] : [{ kind, lost, share: isKnown ? lost / (lost + rest) : null, files }];
  });
}

/** `12 exported records missing by sequence numbers (1.3 % of those of 1 file)`. */
export function lossInWords({ kind, lost, share, files }: EvidenceLoss): string {
  const words = LOSSES[kind];
  if (words === undefined) return kind;
  const of = `of ${formatCounted(files, 'file')}`;
  return `${formatCounted(lost, words.noun)} ${words.how} (${share === null ? of : `${formatShare(share)} of those ${of}`})`;
}
