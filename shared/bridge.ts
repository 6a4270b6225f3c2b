import type { CaseOverview } from './case-overview.ts';
import type {
  CaseFacts,
  CaseRecord,
  FactChange,
  KeptState,
  NewNote,
  NewState,
  Note,
  NoteChange,
  NoteQuery,
} from './case-record.ts';
import type { Finding, Metric } from './finding.ts';
import type { FlowRecord } from './flow.ts';
import type {
  CaseTotals,
  CountedField,
  CountedTexts,
  Custody,
  EvidenceNews,
  FlowPackets,
  HostList,
  ImportSummary,
  Progress,
  ReportSettings,
  TextPreview,
  TopRows,
} from './jobs.ts';
import type { Mapping } from './mapping.ts';
import type { ErrorValue } from './problem.ts';
import type { Profile } from './profile.ts';

export type { CaseOverview } from './case-overview.ts';

/**
 * What the window and the main process say to each other: every call by name with its request and response, and the
 * events that main pushes. One window shows one case. Calls answer with `Answer`: errors are values, never exceptions.
 */

export type Answer<T> = { ok: true; value: T } | { ok: false; error: ErrorValue };

export interface RecentCase {
  path: string;
  title: string;
  /** ISO 8601, UTC. */
  openedAt: string;
}

export interface AppInfo {
  version: string;
  /** True when the window runs on the stand-in for Electron. */
  preview: boolean;
  recentCases: RecentCase[];
  /** Profiles that come with Enclave. */
  profiles: Pick<Profile, 'name' | 'timeZone' | 'ranges'>[];
}

export type SummaryRowValue = Record<string, string | number | boolean | null>;

/** Whose traffic a case is about, where it is not the profile's. */
export interface Subject {
  /** IANA name. */
  timeZone: string;
  /** Null: those of the profile. */
  ranges: { label: string; cidr: string }[] | null;
}

/** Facts that are stated at the beginning; those left out are not supplied. */
export type FactsOfNewCase = Pick<CaseFacts, 'title' | 'examiner' | 'authority'> & Partial<CaseFacts>;

export interface Calls {
  appInfo: { request: null; response: AppInfo };
  /** Evidence that this window was opened with (absolute paths), handed out once. */
  takeEvidence: { request: null; response: string[] };
  /**
   * The case of this window; null when it shows the first screen. While evidence is imported, this, `summary` and
   * `flowsPage` also see what was read of the file in work, with provisional labels.
   */
  overview: { request: null; response: CaseOverview | null };
  /**
   * Asks where to save when `path` is null; null when the user thought better of it. `profile` is a shipped name; `subject`
   * replaces its time zone and ranges.
   */
  newCase: {
    request: {
      path: string | null;
      profile: string;
      subject?: Subject;
    } & FactsOfNewCase;
    response: CaseOverview | null;
  };
  /** Asks which when `path` is null. */
  openCase: { request: { path: string | null }; response: CaseOverview | null };
  /** Makes the sample case in the user's documents folder (or opens it when it is there). */
  openSample: { request: null; response: CaseOverview };
  closeCase: { request: null; response: null };
  /** Asks for files, or for folders; an empty list when the user thought better of it. */
  chooseEvidence: { request: { what: 'files' | 'folders' }; response: string[] };
  /**
   * Imports files and folders into the case and makes the findings; `progress` events come meanwhile. `custody`: what is
   * stated of all of them.
   */
  importEvidence: { request: { paths: string[]; custody?: Custody }; response: ImportSummary };
  /**
   * What a mapping (null: none) makes of the beginning of a text export. Only of what was chosen for this window, dropped on it,
   * named at its start or imported in it, or lies in such a folder.
   */
  previewText: { request: { path: string; mapping: Mapping | null }; response: TextPreview };
  /** Asks for the file of a mapping and reads it; null when the user thought better of it. */
  chooseMapping: { request: null; response: { path: string; mapping: Mapping } | null };
  /** Asks where to save; null when the user thought better of it. */
  saveMapping: { request: { mapping: Mapping }; response: { path: string } | null };
  /** Stops the job in work, if any. */
  cancel: { request: null; response: null };
  summary: { request: { by: string[]; metric: Metric; where: string }; response: SummaryRowValue[] };
  totals: { request: { where: string }; response: CaseTotals };
  /** The busiest `limit` hosts of the matching flows, and how many there are. */
  hosts: { request: { where: string; limit: number }; response: HostList };
  /** The texts that stand in most of the matching flows, field by field. */
  texts: { request: { where: string; fields: CountedField[]; limit: number }; response: CountedTexts[] };
  /** The largest `limit` rows of a summary by each of some dimensions on its own, and how many there are. */
  top: { request: { by: string[]; metric: Metric; where: string; limit: number }; response: TopRows[] };
  /** A page of the matching flows in their stored order (`limit` 0: none), and how many match in all. */
  flowsPage: {
    request: { where: string; offset: number; limit: number };
    response: { flows: FlowRecord[]; total: number };
  };
  /** The first packets of a flow, out of the original capture; errors tell why there are none. */
  flowPackets: { request: { flow: string }; response: FlowPackets };
  findings: { request: null; response: Finding[] };
  /** Facts of the case, who works on it, and the head of its audit chain. */
  record: { request: null; response: CaseRecord };
  changeFacts: { request: { change: FactChange }; response: CaseRecord };
  /** This examiner works on the case from now on. */
  beginSitting: { request: { examiner: string }; response: null };
  notes: { request: NoteQuery; response: Note[] };
  addNote: { request: { note: NewNote }; response: Note };
  changeNote: { request: { id: string; change: NoteChange }; response: Note };
  removeNote: { request: { id: string }; response: null };
  keptStates: { request: null; response: KeptState[] };
  /** Keeps the filter, view and metric under a name; a state of the same name is replaced. */
  keepState: { request: { state: NewState }; response: KeptState };
  removeState: { request: { name: string }; response: null };
  /** The report as it would be printed now; null: whole. */
  reportHtml: { request: ReportSettings | null; response: string };
  /** Asks where to save; null when the user thought better of it. */
  saveReport: {
    request: { format: 'html' | 'pdf' } & ReportSettings;
    response: { path: string; sha256: string } | null;
  };
}

export type CallName = keyof Calls;

export interface Events {
  progress: Progress;
  /** An evidence file of the import: its problems so far, or its end. */
  evidence: EvidenceNews;
  /** The case changed (imported, analysed, closed, another opened). */
  caseChanged: null;
  /** Evidence named when Enclave was started again on the case of this window (absolute paths). */
  evidenceGiven: string[];
  /** An action chosen in the menu or by its shortcut, see shared/actions. */
  action: string;
}

export type EventName = keyof Events;

/** Channel by which the preload, never the page, tells main the paths of dropped files. */
export const DROPPED_PATHS = 'droppedPaths';

/** What the preload puts into the page as `window.enclave`. */
export type Bridge = {
  [Name in CallName]: (request: Calls[Name]['request']) => Promise<Answer<Calls[Name]['response']>>;
} & {
  /** Listens to an event; returns a function that ends it. */
  on<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void;
  /** Absolute paths of dropped files and folders; '' for what has none. */
  pathsOf(files: readonly File[]): string[];
};
