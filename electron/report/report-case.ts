import type { CaseRecord, Note, NoteQuery } from '../../shared/case-record.ts';
import type { Finding } from '../../shared/finding.ts';
import type { OwnFinding } from '../../shared/own-finding.ts';
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
  ownFindings(): OwnFinding[];
  /** The case itself, for what is counted anew from its flows: its texts are printed by way of `text` and `range` only. */
  readonly counted: CaseReader;
  /** A finding that `findings` told, as the case has it. */
  originalOf<Told extends Finding>(finding: Told): Told;
  /** An address, or a text that holds some, as it is printed. */
  text(text: string): string;
  /** The label of a range of the profile. */
  range(label: string): string;
  /** Whether a host, by its address, was chosen to be left out. */
  leavesOut(address: string): boolean;
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
    ownFindings: () => reader.ownFindings(),
    counted: reader,
    originalOf: (finding) => finding,
    text: (text) => text,
    range: (label) => label,
    leavesOut: () => false,
    redaction: null,
  };
}
