import type { CaseOverview } from './case-overview.ts';
import type {
  AuditEntry,
  CaseFacts,
  CaseRecord,
  FactChange,
  KeptState,
  NewNote,
  NewState,
  Note,
  NoteChange,
  NoteQuery,
  SignatureFacts,
} from './case-record.ts';
import type { EventFile } from './event.ts';
import type { Finding } from './finding.ts';
import type { FlowRecord } from './flow.ts';
import type { IndicatorFile } from './indicator.ts';
import type { Mapping } from './mapping.ts';
import type { Overlay, OverlayKind } from './overlay.ts';
import type { Problem } from './problem.ts';
import type { RedactionChoice } from './redaction.ts';

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
  step: 'read' | 'label' | 'analyse' | 'verify' | 'print' | 'seal';
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

/** Tables of a case that go out as rows, and forms in which all of it does. */
export const EXPORT_TABLES = ['findings', 'hosts', 'evidence', 'notes'] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];
export const WHOLE_EXPORTS = ['stix', 'case', 'markdown'] as const;
export type WholeExport = (typeof WHOLE_EXPORTS)[number];

export interface ExportResult {
  sha256: string;
  bytes: number;
  /** Rows written; null for a form of the whole case. */
  rows: number | null;
}

/** What the user chooses of a report. */
export interface ReportSettings extends RedactionChoice {
  /**
   * `brief` tells each finding that is borne out in a sentence, and leaves out method, versions, audit entries and terms.
   * Default: `full`.
   */
  form?: 'full' | 'brief';
  /** Of the PDF. Default: `A4`. */
  paper?: Paper;
}

export const PAPERS = ['A4', 'Letter'] as const;
export type Paper = (typeof PAPERS)[number];

/** A sealed bundle that was made. */
export interface BundleResult {
  /** The folder. */
  out: string;
  /** Of manifest.json, which holds the hashes of all others: this one binds the bundle. */
  manifestSha256: string;
  files: number;
  bytes: number;
  evidence: { id: string; included: boolean }[];
  /** Head of the audit chain of the sealed case. */
  chainHead: string;
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

/** A host of the profile's ranges, and what it did. Bytes both ways, scaled by sampling; times in microseconds since the epoch. */
export interface HostActivity {
  host: string;
  flows: number;
  bytes: number;
  firstSeen: number;
  lastSeen: number;
  /** One digit of base 36 a step: flows that start in it, over those of the host's fullest step; `0` exactly for none. */
  activity: string;
}

export interface HostList {
  hosts: HostActivity[];
  /** Hosts in all. */
  all: number;
  /** Local day (YYYY-MM-DD) on which the first step, that of the case's first flow, begins; null without hosts. */
  firstDay: string | null;
  daysPerStep: number;
  steps: number;
}

/** Fields whose texts can be counted. */
export const COUNTED_FIELDS = ['hostname', 'userAgent', 'ja3', 'ja4'] as const;
export type CountedField = (typeof COUNTED_FIELDS)[number];

export interface CountedTexts {
  field: CountedField;
  rows: { text: string; flows: number }[];
  /** Different texts in all. */
  all: number;
}

/** What was carved out of the evidence of a case. */
export interface CarveResult {
  path: string;
  sha256: string;
  bytes: number;
  packets: number;
  /** Flows that match; those of them that have packets in the file. */
  flows: number;
  carved: number;
  /** Flows that match and come from flow exports and logs. */
  withoutPackets: number;
  /** Flows that match and whose evidence was refused. */
  unread: number;
  /** Flows of which another number of packets was found than the case counted. */
  otherwise: number;
  /** Evidence with packets in the file, in the order in which they stand there. */
  evidence: { id: string; path: string; packets: number }[];
  /** Evidence with matching flows, or with packets of them, that is gone or not what was imported; `why` in words. */
  refused: { id: string; path: string; flows: number; why: string }[];
}

/** A packet as its capture has it. */
export interface CarvedPacket {
  /** In its evidence, from 1. */
  number: number;
  /** ISO 8601, UTC, microseconds; with the clock offset of the evidence, as all times of the case. */
  time: string;
  /** Length on the wire, and how much of it the capture has; bytes. */
  length: number;
  captured: number;
  /** The beginning, in hex. */
  bytes: string;
}

export interface FlowPackets {
  /** Where the original lies. */
  path: string;
  packets: CarvedPacket[];
  /** Packets of the flow in the evidence, as the case counted them; 1 for the datagram that carried an exported record. */
  all: number;
  /** The flow is a record of an export; the packet is the datagram that carried it. */
  isExport: boolean;
}

/** Packets of a flow that are shown at most, and bytes of each. */
export const MAX_FLOW_PACKETS = 500;
export const MAX_SHOWN_BYTES = 512;

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
    request: { case: string; profile: unknown } & Partial<CaseFacts>;
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
    /** `sha256` of the file; null without one. */
    response: { flows: number; sha256: string | null };
  };
  totals: { request: { case: string; where: string; live?: boolean }; response: CaseTotals };
  /** The busiest `limit` hosts of the matching flows. */
  hosts: { request: { case: string; where: string; limit: number; live?: boolean }; response: HostList };
  /** The texts that stand in most of the matching flows, field by field. */
  texts: {
    request: { case: string; where: string; fields: CountedField[]; limit: number; live?: boolean };
    response: CountedTexts[];
  };
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
  /** Makes the key of a case's redacted reports, unless it has one. */
  makeRedactionKey: { request: { case: string }; response: null };
  /** The report as it would be printed now. */
  reportHtml: { request: { case: string; settings?: ReportSettings }; response: string };
  report: {
    request: { case: string; out: string; settings?: ReportSettings };
    response: { path: string; sha256: string };
  };
  /** Writes the sample evidence into a folder. */
  sample: { request: { directory: string }; response: { files: string[] } };
  record: { request: { case: string }; response: CaseRecord };
  changeFacts: { request: { case: string; change: FactChange }; response: CaseRecord };
  /** Enters that this examiner works on the case from now on. */
  beginSitting: { request: { case: string; examiner: string }; response: null };
  notes: { request: { case: string } & NoteQuery; response: Note[] };
  addNote: { request: { case: string; note: NewNote }; response: Note };
  changeNote: { request: { case: string; id: string; change: NoteChange }; response: Note };
  removeNote: { request: { case: string; id: string }; response: null };
  keptStates: { request: { case: string }; response: KeptState[] };
  keepState: { request: { case: string; state: NewState }; response: KeptState };
  removeState: { request: { case: string; name: string }; response: null };
  auditEntries: { request: { case: string }; response: AuditEntry[] };
  /** The audit chain as text, written to a file where `out` names one; `sha256` is of the text as UTF-8. */
  /** Writes a table of the case as rows, or (`what` null) all of it in one form, to `out` (absolute). */
  exportCase: {
    request: { case: string; what: ExportTable | null; format: string; out: string };
    response: ExportResult;
  };
  exportAudit: {
    request: { case: string; format: 'csv' | 'ndjson'; out: string | null };
    response: { text: string; entries: number; head: string | null; sha256: string };
  };
  /** Signs the head of the audit chain with the private key in a file (Ed25519, PKCS #8, PEM). */
  sign: { request: { case: string; keyFile: string }; response: SignatureFacts };
  /** Writes the packets of the matching flows into a .pcap or .pcapng. `evidenceDirectory`: where originals may lie by now. */
  carve: {
    request: { case: string; where: string; out: string; evidenceDirectory: string | null };
    response: CarveResult;
  };
  /** The first packets of a flow, `limit` of them and MAX_FLOW_PACKETS at most. */
  flowPackets: {
    request: { case: string; flow: string; limit: number; evidenceDirectory: string | null };
    response: FlowPackets;
  };
  /** Enters something into the audit chain. */
  audit: { request: { case: string; action: string; detail: Record<string, unknown> }; response: null };
  /**
   * Makes a sealed bundle in a new folder; its audit entry is for the caller to make. `evidence`: ids of what goes in whole, else only hashes;
   * `evidenceDirectory`: where it lies now, null: where it was.
   */
  bundle: {
    request: {
      case: string;
      out: string;
      evidence: 'none' | 'all' | string[];
      evidenceDirectory: string | null;
      report: boolean;
    };
    response: BundleResult;
  };
  /** Of a case, or of a sealed bundle (its folder or manifest). */
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
  'makeRedactionKey',
  'changeFacts',
  'beginSitting',
  'addNote',
  'changeNote',
  'removeNote',
  'keepState',
  'removeState',
  'sign',
  'audit',
]);

/** Jobs that read evidence again; they have a thread of their own, so that queries need not wait for them. */
export const CARVING_JOBS: ReadonlySet<JobName> = new Set(['carve', 'flowPackets']);

/** Words of the progress memory that a job's thread shares with the engine, as float64. */
export const PROGRESS_BYTES = 0;
export const PROGRESS_PACKETS = 1;
export const PROGRESS_FLOWS = 2;
/** Bytes of the files before the one in work. */
export const PROGRESS_BYTES_BEFORE = 3;
export const PROGRESS_PACKETS_BEFORE = 4;
export const PROGRESS_FLOWS_BEFORE = 5;
export const PROGRESS_WORDS = 6;
