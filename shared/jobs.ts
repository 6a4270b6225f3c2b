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
import type { CaseTotals } from './case-totals.ts';
import type { FurtherHash, KeptCustody } from './custody.ts';
import type { EventChange, EventFile, EventList } from './event.ts';
import type { Finding } from './finding.ts';
import type { FlowRecord } from './flow.ts';
import type { FlowOrder } from './flow-order.ts';
import type { IndicatorFile } from './indicator.ts';
import type { Mapping } from './mapping.ts';
import type { Overlay, OverlayKind } from './overlay.ts';
import type { CountedOwnFinding, NewOwnFinding, OwnFinding, OwnFindingChange } from './own-finding.ts';
import type { PeriodPair } from './period-pair.ts';
import type { Problem } from './problem.ts';
import type { Profile } from './profile.ts';
import type { ReportSettings } from './report-settings.ts';

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

/** Sent about five times a second. Rates are means since the job began, pauses left out; `secondsLeft` is null until it can be told. */
export interface Progress {
  step: 'read' | 'label' | 'analyse' | 'verify' | 'print' | 'seal';
  /** Reading waits until it is told to go on. */
  paused: boolean;
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

/** How tables are written. */
export const TABLE_FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Tables of a case that go out as rows, and forms in which all of it does. */
export const EXPORT_TABLES = ['findings', 'own-findings', 'hosts', 'evidence', 'notes'] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];
export const WHOLE_EXPORTS = ['stix', 'case', 'markdown'] as const;
export type WholeExport = (typeof WHOLE_EXPORTS)[number];

export interface ExportResult {
  sha256: string;
  bytes: number;
  /** Rows written; null for a form of the whole case. */
  rows: number | null;
}

/** A sealed bundle that was made. */
export interface BundleResult {
  /** The folder, or the file. */
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

/** What a corrected profile changed: nothing where it is the same. */
export interface ProfileCorrection {
  profile: Profile;
  /** Names of the parts that differ. */
  changed: string[];
  relabelling: Relabelling | null;
  /** Of the whole case. */
  before: CaseTotals;
  after: CaseTotals;
}

export interface SummaryResult {
  rows: Record<string, string | number | boolean | null>[];
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

/** A host of a list that may be estimated: some of the flows do not tell when it was seen first and last. */
export type ListedHost = Omit<HostActivity, 'firstSeen' | 'lastSeen'> & {
  firstSeen: number | null;
  lastSeen: number | null;
};

export interface HostList<Host extends ListedHost = HostActivity> {
  hosts: Host[];
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

/** A backup of a case: all of it but flows, labels and names. */
export interface Backup {
  path: string;
  /** ISO 8601, UTC, seconds. */
  made: string;
  /** Of the audit chain that it holds. */
  entries: number;
  /** First 8 hex digits of the case's id, the hash of its first audit entry. */
  caseId: string;
  bytes: number;
}

/** A case that was brought back from a backup. */
export interface RestoredCase {
  case: string;
  /** Name of the backup, and SHA-256 of the file. */
  backup: string;
  sha256: string;
  /** Entries and head of the audit chain that came back. */
  entries: number;
  head: string;
  /** Whose flows come again when it is imported. */
  evidence: { id: string; path: string; sha256: string; bytes: number }[];
  /** Where the file that lay there is now; null when none did. */
  aside: string | null;
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

/** How far the dated country tables agree on the peers of some flows. */
export interface CountryAgreement {
  /** The tables that were asked; `date` is the day that one describes (ISO 8601). */
  tables: { table: string; date: string | null }[];
  /** By the country that the labels give (null: none): flows with a peer, and those of them that the tables place in different countries. */
  countries: {
    country: string | null;
    flows: number;
    disagree: number;
    /** The other countries named, most flows first. */
    others: { country: string; flows: number }[];
  }[];
}

/** Hosts of the ranges among themselves, the largest pairs first; amounts are scaled by sampling, `flows` are not. */
export interface HostPairs {
  pairs: { initiator: string; responder: string; value: number; flows: number }[];
  /** Pairs in all, and their amounts and flows together. */
  all: number;
  total: number;
  flows: number;
  scaled: boolean;
}

export interface TopRows {
  by: string;
  /** Rows by `asn` have the `organisation` as well. */
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
    /** `cipherHeader`: of the engine's keyring, under which the case is encrypted; absent: it is not. */
    request: { case: string; profile: unknown; cipherHeader?: string } & Partial<CaseFacts>;
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
   * Puts another profile in the place of the case's and labels anew, in one transaction; findings made before are dropped. `changed`:
   * parts that differ; without any nothing is done, and `relabelling` is null.
   */
  changeProfile: {
    request: { case: string; profile: unknown };
    response: { profile: Profile; changed: string[]; relabelling: Relabelling | null };
  };
  profile: { request: { case: string }; response: Profile };
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
  /** The files of events with what is in each. */
  eventLists: { request: { case: string }; response: EventList[] };
  /** Adds, removes or restates one event of the list that was entered by hand; the findings made without that are dropped. */
  changeEvents: { request: { case: string; change: EventChange }; response: null };
  analyse: { request: { case: string }; response: Finding[] };
  saveFindings: { request: { case: string; findings: Finding[] }; response: null };
  findings: { request: { case: string }; response: Finding[] };
  /** The examiners' own findings, with what their exhibits come to now. */
  ownFindings: { request: { case: string }; response: CountedOwnFinding[] };
  addOwnFinding: { request: { case: string; finding: NewOwnFinding }; response: OwnFinding };
  changeOwnFinding: { request: { case: string; id: string; change: OwnFindingChange }; response: OwnFinding };
  removeOwnFinding: { request: { case: string; id: string }; response: null };
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
  /** The same at once: exact where that was quick the last time, else estimated from some of the flows, `all` being those met. */
  estimateHosts: {
    request: { case: string; where: string; limit: number; live?: boolean };
    response: { list: HostList<ListedHost>; isExact: boolean };
  };
  /** The texts that stand in most of the matching flows, field by field. */
  texts: {
    request: { case: string; where: string; fields: CountedField[]; limit: number; live?: boolean };
    response: CountedTexts[];
  };
  /**
   * The same as `summary` (`limit` null, in `rows`) or `top` (in `tops`), at once: exact where that was quick the last time,
   * else estimated from some of the flows. What needs every flow (host-hours) and what is `live` is always exact.
   */
  estimate: {
    request: { case: string; by: string[]; metric: string; where: string; limit: number | null; live?: boolean };
    response: { rows: SummaryResult['rows']; tops: TopRows[]; isExact: boolean };
  };
  /** The largest rows of a summary by each of some dimensions on its own, and how many there are in all. */
  top: {
    request: { case: string; by: string[]; metric: string; where: string; limit: number; live?: boolean };
    response: TopRows[];
  };
  /**
   * Amounts in `steps` steps of so many minutes from `from` (microseconds, a whole minute), by a dimension other than time or
   * none; `step` of a row counts from 0.
   */
  minutes: {
    request: {
      case: string;
      by: string | null;
      metric: string;
      where: string;
      from: number;
      minutes: number;
      steps: number;
      live?: boolean;
    };
    response: SummaryResult;
  };
  /** Two periods side by side; see electron/analysis/period-pair.ts. */
  comparePair: {
    request: {
      case: string;
      by: string;
      metric: string;
      where: string;
      periods: [{ from: string; to: string }, { from: string; to: string }];
    };
    response: PeriodPair;
  };
  countryAgreement: { request: { case: string; where: string }; response: CountryAgreement };
  /** The largest `limit` pairs of hosts that opened flows with each other. */
  hostPairs: {
    request: { case: string; where: string; metric: string; limit: number; live?: boolean };
    response: HostPairs;
  };
  /** The same at once, as with `estimateHosts`. */
  estimatePairs: {
    request: { case: string; where: string; metric: string; limit: number; live?: boolean };
    response: { pairs: HostPairs; isExact: boolean };
  };
  overview: { request: { case: string; live?: boolean }; response: CaseOverview };
  /** A page of the matching flows in an order, else as stored (`offset` from 0, `limit` 0 or more), and how many match in all. */
  flowsPage: {
    request: { case: string; where: string; offset: number; limit: number; order?: FlowOrder; live?: boolean };
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
   * Makes a sealed bundle, a new folder or (`.tar`) file; its audit entry is for the caller to make. `evidence`: ids of what goes in whole, else only hashes;
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
  /** The backups of a case, the newest first; the case itself may be gone. */
  backups: { request: { case: string }; response: Backup[] };
  /** Brings a case back from a backup; what lies in its place is set aside. */
  restore: { request: { case: string; from: string }; response: RestoredCase };
  /** Of a case, or of a sealed bundle (its folder or manifest, or its `.tar`). */
  verify: { request: { case: string; evidenceDirectory: string | null }; response: VerifyResult };
}

export type JobName = keyof Jobs;

/** Jobs that write run in the writer's thread, the others in the query thread. */
export const WRITING_JOBS: ReadonlySet<JobName> = new Set([
  'new',
  'import',
  'reclassify',
  'changeProfile',
  'addOverlay',
  'removeOverlay',
  'addIndicators',
  'removeIndicators',
  'addEvents',
  'removeEvents',
  'changeEvents',
  'saveFindings',
  'addOwnFinding',
  'changeOwnFinding',
  'removeOwnFinding',
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
  'restore',
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
