import type { CaseOverview } from './case-overview.ts';
import type { EventFile } from './event.ts';
import type { Finding } from './finding.ts';
import type { FlowRecord } from './flow.ts';
import type { IndicatorFile } from './indicator.ts';
import type { Mapping } from './mapping.ts';
import type { Overlay, OverlayKind } from './overlay.ts';
import type { Problem } from './problem.ts';

/** The jobs that the engine does for the command line and the window: name → request, response, progress. */

/** What the examiner asks for, or states, of all files of an import. */
export interface Custody {
  /** Hashes to be made beside SHA-256. */
  alsoHash?: readonly FurtherHash[];
  /** Seconds that the capturing clock was slow (negative: fast): added to every time of the evidence. */
  clockOffset?: number;
  /** How the offset is known. */
  clockReason?: string;
  /** What the columns of text exports mean; without it only exports that explain themselves are read. */
  mapping?: Mapping;
}

export type FurtherHash = 'sha1' | 'md5';

/** What is kept of it with the evidence. */
export interface KeptCustody {
  /** In hex, as far as they were asked for. */
  hashes: Partial<Record<FurtherHash, string>>;
  /** Seconds added to every time, 0 when nothing was stated. */
  clockOffset: number;
  clockReason: string;
  /** The mapping that was given, when there was one. */
  mapping?: Mapping;
}

export interface EvidenceResult {
  /** First 16 hex digits of the SHA-256; null when the file could not be read at all. */
  id: string | null;
  path: string;
  sha256: string | null;
  bytes: number;
  format: string | null;
  linkTypes: string[];
  packets: number;
  flows: number;
  records: number;
  /** ISO 8601, UTC, microseconds. */
  firstSeen: string | null;
  lastSeen: string | null;
  durationMs: number;
  duplicateOf: string | null;
  status: 'imported' | 'partial' | 'rejected' | 'duplicate';
  problems: Problem[];
  /** Only what was asked for or stated. */
  custody?: KeptCustody;
}

export interface ImportSummary {
  case: string;
  evidence: EvidenceResult[];
  totals: {
    files: number;
    imported: number;
    partial: number;
    rejected: number;
    duplicate: number;
    bytes: number;
    packets: number;
    flows: number;
    records: number;
    durationMs: number;
  };
  peakRssBytes: number;
}

/** What is known of an evidence file of an import: sent when it changes while the file is read, and when it is done. */
export type EvidenceNews = Pick<EvidenceResult, 'path' | 'bytes' | 'format' | 'flows' | 'problems'> & {
  status: EvidenceResult['status'] | 'reading';
};

/** Sent about five times a second. Rates are means since the job began; `secondsLeft` is null until it can be told. */
export interface Progress {
  step: 'read' | 'label' | 'analyse' | 'verify' | 'print';
  /** File or thing in work. */
  what: string;
  file: number;
  files: number;
  bytes: number;
  bytesTotal: number;
  packets: number;
  flows: number;
  bytesPerSecond: number;
  packetsPerSecond: number;
  secondsLeft: number | null;
}

export interface VerifyResult {
  case: string;
  holds: boolean;
  checks: { check: string; result: 'holds' | 'fails' | 'not-checked'; detail: string }[];
}

/** Flows that had one value and now have another; null = none. */
export interface LabelChange {
  before: string | null;
  after: string | null;
  flows: number;
}

/** What a new labelling changed: `flows` in all, then by field, the most flows first (at most 1,000 changes a field). */
export interface LabelChanges {
  flows: number;
  service: LabelChange[];
  category: LabelChange[];
  protocol: LabelChange[];
  country: LabelChange[];
  asn: LabelChange[];
}

/** A case labelled anew: flows in all, and what changed. */
export interface Relabelling {
  flows: number;
  changes: LabelChanges;
}

export interface SummaryResult {
  rows: Record<string, string | number | boolean | null>[];
}

/** Key numbers of the matching flows. Bytes and packets both ways, scaled by sampling; days in the profile's zone. */
export interface CaseTotals {
  flows: number;
  /** Flows opened from inside the ranges. */
  outbound: number;
  bytes: number;
  packets: number;
  /** Distinct (host, local clock hour). */
  hostHours: number;
  hosts: number;
  /** Days on which a flow starts. */
  days: number;
}

export interface TopRows {
  by: string;
  rows: SummaryResult['rows'];
  /** Rows in all, and those of them with a value. */
  all: number;
  named: number;
}

/** The beginning of a text export and what a mapping makes of it. */
export interface TextPreview {
  /** Of Parquet the columns have names and types; nothing stands between them. */
  kind: 'text' | 'parquet';
  /** Names of columns, or keys of JSON with dots between; null where the first line is a record already. */
  columns: string[] | null;
  rows: string[][];
  /** How the text is written, as far as its beginning tells. */
  look: Pick<Mapping, 'format' | 'delimiter' | 'skipLines'>;
  /** The mapping that was asked for, is shipped, or is proposed; null when the columns cannot be guessed. */
  mapping: Mapping | null;
  /** `refused`: the import would not read the file, `why` says why. */
  origin: 'given' | 'shipped' | 'proposed' | 'refused';
  /** 0..1: how sure a proposal is. */
  confidence: number;
  why: string[];
  flows: PreviewedFlow[];
  problems: { kind: string; count: number; line: number; message: string }[];
}

export interface PreviewedFlow {
  /** ISO 8601, UTC, microseconds. */
  start: string;
  end: string;
  initiator: string;
  initiatorPort: number;
  responder: string;
  responderPort: number;
  transport: string;
  packetsOut: number;
  bytesOut: number;
  packetsIn: number;
  bytesIn: number;
  name: string | null;
}

export interface Jobs {
  new: {
    request: { case: string; profile: unknown; title: string; examiner: string; authority: string };
    response: { case: string };
  };
  /**
   * `live`: flows get provisional labels as they come, for queries that are `live` too. `leaveOutDuplicates`: whether analyses
   * shall leave out flows that other evidence holds too; absent: as the case had it.
   */
  import: {
    request: { case: string; paths: string[]; custody?: Custody; live?: boolean; leaveOutDuplicates?: boolean };
    response: ImportSummary;
  };
  reclassify: { request: { case: string; leaveOutDuplicates?: boolean }; response: Relabelling };
  /**
   * Lays a table of the examiner's over the shipped ones and labels anew. `added` false: the case had the same file already, and
   * nothing changed. `kind` and `date` (ISO 8601) are found in the file where they are null.
   */
  addOverlay: {
    request: { case: string; path: string; kind: OverlayKind | null; date: string | null };
    response: { overlay: Overlay; added: boolean; relabelling: Relabelling | null };
  };
  /** Takes an overlay out and labels anew. */
  removeOverlay: { request: { case: string; id: string }; response: Relabelling };
  overlays: { request: { case: string }; response: Overlay[] };
  /** Adds indicators from a file; flows meet them from then on. `added` false: the case had the same file already. */
  addIndicators: {
    request: { case: string; path: string };
    response: { file: IndicatorFile; added: boolean };
  };
  removeIndicators: { request: { case: string; id: string }; response: null };
  indicatorFiles: { request: { case: string }; response: IndicatorFile[] };
  /** Adds dated events from a file; the findings made without them are dropped. `added` false: the case had the same file already. */
  addEvents: { request: { case: string; path: string }; response: { file: EventFile; added: boolean } };
  /** Takes a file of events out; the findings made with it are dropped. */
  removeEvents: { request: { case: string; id: string }; response: null };
  eventFiles: { request: { case: string }; response: EventFile[] };
  analyse: { request: { case: string }; response: Finding[] };
  saveFindings: { request: { case: string; findings: Finding[] }; response: null };
  findings: { request: { case: string }; response: Finding[] };
  /** `live` queries also see the evidence in work. */
  summary: {
    request: { case: string; by: string[]; metric: string; where: string; live?: boolean };
    response: SummaryResult;
  };
  flows: {
    /** `explain`: ndjson only; each record has an `explanation` of its labels. */
    request: {
      case: string;
      where: string;
      limit: number | null;
      format: string;
      out: string | null;
      explain?: boolean;
    };
    response: { flows: number };
  };
  totals: { request: { case: string; where: string; live?: boolean }; response: CaseTotals };
  /** The largest rows of a summary by each of some dimensions on its own, and how many there are in all. */
  top: {
    request: { case: string; by: string[]; metric: string; where: string; limit: number; live?: boolean };
    response: TopRows[];
  };
  overview: { request: { case: string; live?: boolean }; response: CaseOverview };
  /** A page of the matching flows in their stored order (`offset` from 0, `limit` 0 or more), and how many match in all. */
  flowsPage: {
    request: { case: string; where: string; offset: number; limit: number; live?: boolean };
    response: { flows: FlowRecord[]; total: number };
  };
  /** What a mapping makes of a text export; without one, what Enclave would make of it unasked. Imports nothing. */
  previewText: {
    request: { path: string; mapping: Mapping | null };
    response: TextPreview;
  };
  /** The report as it would be printed now. */
  reportHtml: { request: { case: string }; response: string };
  report: { request: { case: string; out: string }; response: { path: string; sha256: string } };
  /** Writes the sample evidence into a folder. */
  sample: { request: { directory: string }; response: { files: string[] } };
  audit: { request: { case: string; action: string; detail: Record<string, unknown> }; response: null };
  verify: { request: { case: string; evidenceDirectory: string | null }; response: VerifyResult };
}

export type JobName = keyof Jobs;

/** Jobs that write run in the writer's thread, the others in the query thread. */
export const WRITING_JOBS: ReadonlySet<JobName> = new Set([
  'new',
  'import',
  'reclassify',
  'addOverlay',
  'removeOverlay',
  'addIndicators',
  'removeIndicators',
  'addEvents',
  'removeEvents',
  'saveFindings',
  'audit',
]);

/** Words of the progress memory that a job's thread shares with the engine, as float64. */
export const PROGRESS_BYTES = 0;
export const PROGRESS_PACKETS = 1;
export const PROGRESS_FLOWS = 2;
/** Bytes of the files before the one in work. */
export const PROGRESS_BYTES_BEFORE = 3;
export const PROGRESS_PACKETS_BEFORE = 4;
export const PROGRESS_FLOWS_BEFORE = 5;
export const PROGRESS_WORDS = 6;
