import type { CaseOverview, RejectedEvidence } from '../../shared/case-overview.ts';
import { z } from 'zod';
import { LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { isSealed } from '../casefile/case-file.ts';
import type { CaseReader } from '../casefile/case-reader.ts';

/** What the case holds: its facts and its completed evidence, in the order of import. Flows and times also of evidence in work, if the reader shows it. */
export function overviewOf(reader: CaseReader): CaseOverview {
  const evidence = reader.evidence();
  let firstSeen: number | null = null;
  let lastSeen: number | null = null;
  let flows = 0;
  for (const segment of reader.segments()) {
    flows += segment.rows;
    firstSeen = Math.min(firstSeen ?? Infinity, segment.firstStart);
    lastSeen = Math.max(lastSeen ?? -Infinity, segment.lastEnd);
  }
  for (const file of evidence) {
    if (file.firstSeen !== null) firstSeen = Math.min(firstSeen ?? Infinity, file.firstSeen);
    if (file.lastSeen !== null) lastSeen = Math.max(lastSeen ?? -Infinity, file.lastSeen);
  }
  return {
    path: reader.path,
    sealed: isSealed(reader.path),
    title: reader.meta('title') ?? '',
    examiner: reader.meta('examiner') ?? '',
    authority: reader.meta('authority') ?? '',
    profile: reader.profile,
    leaveOutDuplicates: reader.meta(LEAVE_OUT_DUPLICATES) === 'yes',
    evidence,
    rejected: rejectedEvidence(reader, new Set(evidence.map(({ sha256 }) => sha256))),
    countryTables: countryTables(reader),
    events: reader.events(),
    flows,
    firstSeen: flows === 0 ? null : firstSeen,
    lastSeen: flows === 0 ? null : lastSeen,
  };
}

const Rejection = z.object({ path: z.string(), sha256: z.string().nullable(), bytes: z.number(), why: z.string() });

/** The last rejection of each path. @param taken hashes of the evidence that the case holds */
function rejectedEvidence(reader: CaseReader, taken: ReadonlySet<string>): RejectedEvidence[] {
  const byPath = new Map<string, RejectedEvidence>();
  for (const { time, detail } of reader.auditOf('reject')) {
    const { path, sha256, bytes, why } = Rejection.parse(JSON.parse(detail));
    if (sha256 === null || !taken.has(sha256)) byPath.set(path, { path, bytes, why, at: time });
  }
  return [...byPath.values()];
}

const Basis = z.object({ tables: z.array(z.object({ kind: z.string(), source: z.string(), date: z.string() })) });

function countryTables(reader: CaseReader): CaseOverview['countryTables'] {
  const basis = Basis.safeParse(reader.labelBasis());
  const tables = basis.success ? basis.data.tables : [];
  return tables.filter(({ kind }) => kind === 'country').map(({ source, date }) => ({ source, date }));
}
