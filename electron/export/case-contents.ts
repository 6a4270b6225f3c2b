import type { CaseRecord, Note } from '../../shared/case-record.ts';
import type { Finding } from '../../shared/finding.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import type { OwnFinding } from '../../shared/own-finding.ts';
import type { CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';

/** What the exports tell of a case. */
export interface CaseContents {
  readonly record: CaseRecord;
  readonly evidence: readonly EvidenceInfo[];
  readonly findings: readonly Finding[];
  /** The examiners' own findings that are meant for the report. */
  readonly ownFindings: readonly OwnFinding[];
  readonly notes: readonly Note[];
  /** Of Enclave. */
  readonly version: string;
  /** When the case last changed, ISO 8601, UTC, milliseconds: the same case gives the same bytes, whenever it is written. */
  readonly asOf: string;
}

/** The kind by which exports mark a finding that an examiner stated, and no method of Enclave. */
export const EXAMINERS_OWN = 'examiner-own';

/** What stands behind an examiner's own finding: who stated it, and the flows it rests on as Enclave counted them. */
export function basisOf({ examiner, madeAt, exhibits }: OwnFinding): string[] {
  return [
    `Stated by ${examiner}, ${madeAt}; no method and no verdict of Enclave stands behind the words.`,
    ...exhibits.map(({ where, totals: { flows, bytes, packets, hostHours } }) => {
      const amounts = `${formatCount(flows)} flows, ${formatBytes(bytes)}, ${formatCount(packets)} packets, ${formatCount(hostHours)} host-hours`;
      return `Rests on ${amounts}, scaled by sampling: ${where === '' ? 'every flow' : where}`;
    }),
  ];
}

/** Actions after which the case says what it said before. */
const UNCHANGING: ReadonlySet<string> = new Set(['bundle', 'carve', 'export', 'report', 'sign', 'sitting', 'verify']);

export function caseContents(reader: CaseReader, version: string): CaseContents {
  const changed = reader.audit().findLast(({ action }) => !UNCHANGING.has(action))?.time ?? '1970-01-01T00:00:00Z';
  return {
    record: reader.record(),
    evidence: reader.evidence(),
    findings: reader.findings(),
    ownFindings: reader.ownFindings().filter(({ inReport }) => inReport),
    notes: reader.notes(),
    version,
    asOf: new Date(changed).toISOString(),
  };
}

/** Addresses of hosts and peers that a finding is about. */
export function addressesOf(finding: Finding): string[] {
  switch (finding.kind) {
    case 'beacon':
      return [finding.host, finding.peer].filter((address) => address !== null);
    case 'host-profile':
      return [finding.host];
    case 'reconnaissance':
      return finding.source === null ? [] : [finding.source];
    case 'server-inventory':
      return [...new Set(finding.servers.map(({ address }) => address))];
    default:
      return [];
  }
}
