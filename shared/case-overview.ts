import type { CaseEvent } from './event.ts';
import type { KeptCustody } from './custody.ts';
import type { Problem } from './problem.ts';
import type { Profile } from './profile.ts';

export interface RejectedEvidence {
  path: string;
  bytes: number;
  why: string;
  /** ISO 8601, UTC: when it was offered last. */
  at: string;
}

/** What a case holds, at a glance. */
export interface CaseOverview {
  path: string;
  /** A sealed case can only be read. */
  sealed: boolean;
  title: string;
  examiner: string;
  authority: string;
  profile: Profile;
  /** Whether activity leaves out flows that other evidence of the case holds too. */
  leaveOutDuplicates: boolean;
  evidence: {
    id: string;
    path: string;
    sha256: string;
    bytes: number;
    format: string;
    linkTypes: string[];
    packets: number;
    records: number;
    flows: number;
    /** Microseconds since the epoch. */
    firstSeen: number | null;
    lastSeen: number | null;
    status: 'imported' | 'partial';
    problems: Problem[];
    /** ISO 8601, UTC. */
    importedAt: string;
    custody: KeptCustody;
  }[];
  /** Files that were offered and not taken in, as the audit chain has them; those taken in since are left out. */
  rejected: RejectedEvidence[];
  /** The tables that gave addresses their country: where from, and the day that each describes (ISO 8601). */
  countryTables: { source: string; date: string }[];
  /** The profile's events and those added, in order of time. */
  events: CaseEvent[];
  flows: number;
  /** Microseconds since the epoch; null without flows. */
  firstSeen: number | null;
  lastSeen: number | null;
}
