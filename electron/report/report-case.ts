import type { CaseRecord, Note, NoteQuery } from '../../shared/case-record.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Profile } from '../../shared/profile.ts';
import type { AuditEntry, CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';

/** What the report tells of a case: the case as it is, or a redacted view of it. */
export interface ReportCase {
  readonly path: string;
  readonly profile: Profile;
  readonly labelVersion: number;
  meta(key: string): string | null;
  findings(): Finding[];
  evidence(): EvidenceInfo[];
  audit(): AuditEntry[];
  labelBasis(): Record<string, unknown> | null;
  record(): CaseRecord;
  notes(query?: NoteQuery): Note[];
  /** The case itself, for what is counted anew from its flows: no text of it may be printed. */
  readonly counted: CaseReader;
  /** The filter of a finding that `findings` told, as the case understands it. */
  filterOf(finding: Finding): string;
  /** How it is redacted, in words for the first page; null when nothing is. */
  readonly redaction: string | null;
}

/** The case with nothing hidden. */
export function wholeCase(reader: CaseReader): ReportCase {
  return {
    path: reader.path,
    profile: reader.profile,
    labelVersion: reader.labelVersion,
    meta: (key) => reader.meta(key),
    findings: () => reader.findings(),
    evidence: () => reader.evidence(),
    audit: () => reader.audit(),
    labelBasis: () => reader.labelBasis(),
    record: () => reader.record(),
    notes: (query) => reader.notes(query),
    counted: reader,
    filterOf: (finding) => finding.where,
    redaction: null,
  };
}
