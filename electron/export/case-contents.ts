import type { CaseRecord, Note } from '../../shared/case-record.ts';
import type { Finding } from '../../shared/finding.ts';
import type { CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';

/** What the exports tell of a case. */
export interface CaseContents {
  readonly record: CaseRecord;
  readonly evidence: readonly EvidenceInfo[];
  readonly findings: readonly Finding[];
  readonly notes: readonly Note[];
  /** Of Enclave. */
  readonly version: string;
  /** When the case last changed, ISO 8601, UTC, milliseconds: the same case gives the same bytes, whenever it is written. */
  readonly asOf: string;
}

/** Actions after which the case says what it said before. */
const UNCHANGING: ReadonlySet<string> = new Set(['bundle', 'carve', 'export', 'report', 'sign', 'sitting', 'verify']);

export function caseContents(reader: CaseReader, version: string): CaseContents {
  const changed = reader.audit().findLast(({ action }) => !UNCHANGING.has(action))?.time ?? '1970-01-01T00:00:00Z';
  return {
    record: reader.record(),
    evidence: reader.evidence(),
    findings: reader.findings(),
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
