import type { Language } from './text/language.ts';
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
import type { EventChange, EventFile, EventList } from './event.ts';
import type { CaseTotals } from './case-totals.ts';
import type { Finding, Metric } from './finding.ts';
import type { FlowRecord } from './flow.ts';
import type { FlowOrder } from './flow-order.ts';
import type {
  CarveResult,
  CountedField,
  CountedTexts,
  CountryAgreement,
  Custody,
  EvidenceNews,
  FlowPackets,
  HostList,
  HostPairs,
  ListedHost,
  ImportSummary,
  ProfileCorrection,
  Progress,
  TableFormat,
  TextPreview,
  TopRows,
  VerifyResult,
} from './jobs.ts';
import type { Mapping } from './mapping.ts';
import type { PeriodPair } from './period-pair.ts';
import type { CountedOwnFinding, NewOwnFinding, OwnFinding, OwnFindingChange } from './own-finding.ts';
import type { ErrorValue } from './problem.ts';
import type { Profile } from './profile.ts';
import type { ReportSettings } from './report-settings.ts';

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
  /** An encrypted case that the window was started with, and whose passphrase is still to be asked for. */
  lockedCase: string | null;
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

/** `YYYY-MM-DD` or `YYYY-MM-DDTHH:00` in the profile's zone; `to` is exclusive. */
export interface TimeSpan {
  from: string;
  to: string;
}

export const FIGURE_FORMATS = ['svg', 'png', 'csv'] as const;
export type FigureFormat = (typeof FIGURE_FORMATS)[number];

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
      /** The case is encrypted with it. */
      passphrase?: string;
    } & FactsOfNewCase;
    response: CaseOverview | null;
  };
  /** Asks which when `path` is null. Without its passphrase an encrypted case is refused (`case-encrypted`). */
  openCase: { request: { path: string | null; passphrase?: string }; response: CaseOverview | null };
  /** Brings a damaged or lost case back from its newest backup: name of the backup, and how many evidence files are to be imported again. */
  restoreCase: { request: { path: string }; response: { backup: string; evidence: number } };
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
  /** Has the import in work wait before it reads on, or lets it go on. */
  pause: { request: { paused: boolean }; response: null };
  /** The window's language: that of menus and dialogs too. */
  tellLanguage: { request: { language: Language }; response: null };
  summary: { request: { by: string[]; metric: Metric; where: string }; response: SummaryRowValue[] };
  totals: { request: { where: string }; response: CaseTotals };
  /** Amounts in steps of minutes from `from` (microseconds, a whole minute); `step` of a row counts from 0. */
  minutes: {
    request: {
      by: string | null;
      metric: 'flows' | 'bytes' | 'packets';
      where: string;
      from: number;
      minutes: number;
      steps: number;
    };
    response: SummaryRowValue[];
  };
  /** Two periods side by side: whole local hours, `to` exclusive. */
  comparePair: {
    request: { by: string; metric: Metric; where: string; periods: [TimeSpan, TimeSpan] };
    response: PeriodPair;
  };
  countryAgreement: { request: { where: string }; response: CountryAgreement };
  eventLists: { request: null; response: EventList[] };
  /** Changes the events that were entered by hand, and makes the findings anew. */
  changeEvents: { request: { change: EventChange }; response: null };
  /** Asks for a file of events, adds it and makes the findings anew; null when the user thought better of it. */
  importEvents: { request: null; response: { file: EventFile; added: boolean } | null };
  /** Takes a file of events out, and makes the findings anew. */
  removeEventFile: { request: { id: string }; response: null };
  /** Asks where to save; null when the user thought better of it. `content`: text, of a PNG base64. */
  saveFigure: {
    request: { title: string; format: FigureFormat; content: string };
    response: { path: string; sha256: string } | null;
  };
  /** The busiest `limit` hosts of the matching flows, and how many there are. */
  hosts: { request: { where: string; limit: number }; response: HostList };
  /** The same at once: exact where that is quick, else estimated from some of the flows. */
  estimateHosts: {
    request: { where: string; limit: number };
    response: { list: HostList<ListedHost>; isExact: boolean };
  };
  /** The texts that stand in most of the matching flows, field by field. */
  texts: { request: { where: string; fields: CountedField[]; limit: number }; response: CountedTexts[] };
  /** `summary` (`limit` null) or `top` at once: exact where that is quick, else estimated from some of the flows. */
  estimate: {
    request: { by: string[]; metric: Metric; where: string; limit: number | null };
    response: { rows: SummaryRowValue[]; tops: TopRows[]; isExact: boolean };
  };
  /** The largest `limit` rows of a summary by each of some dimensions on its own, and how many there are. */
  top: { request: { by: string[]; metric: Metric; where: string; limit: number }; response: TopRows[] };
  /** The largest `limit` pairs of hosts that opened flows with each other. */
  hostPairs: {
    request: { where: string; metric: Exclude<Metric, 'host-hours'>; limit: number };
    response: HostPairs;
  };
  /** The same at once: exact where that is quick, else estimated from some of the flows. */
  estimatePairs: {
    request: { where: string; metric: Exclude<Metric, 'host-hours'>; limit: number };
    response: { pairs: HostPairs; isExact: boolean };
  };
  /** A page of the matching flows in an order, else as stored (`limit` 0: none), and how many match in all. */
  flowsPage: {
    request: { where: string; offset: number; limit: number; order?: FlowOrder };
    response: { flows: FlowRecord[]; total: number };
  };
  /** Asks where to save the matching flows; null when the user thought better of it. Entered into the audit chain. */
  saveFlows: {
    request: { where: string; format: TableFormat };
    response: { path: string; flows: number; sha256: string } | null;
  };
  /**
   * Asks where to save the packets of the matching flows, out of the original captures; null when the user thought better of
   * it. `progress` events come meanwhile. Entered into the audit chain.
   */
  carvePackets: { request: { where: string }; response: CarveResult | null };
  /** The first packets of a flow, out of the original capture; errors tell why there are none. */
  flowPackets: { request: { flow: string }; response: FlowPackets };
  findings: { request: null; response: Finding[] };
  /** The examiners' own findings, with what their exhibits come to now. */
  ownFindings: { request: null; response: CountedOwnFinding[] };
  addOwnFinding: { request: { finding: NewOwnFinding }; response: OwnFinding };
  changeOwnFinding: { request: { id: string; change: OwnFindingChange }; response: OwnFinding };
  removeOwnFinding: { request: { id: string }; response: null };
  /** Makes the findings anew: how many there are. */
  analyse: { request: null; response: number };
  /** Checks evidence, audit chain, flows, labels and findings, and enters the result into the audit chain. */
  verify: { request: null; response: VerifyResult };
  /** Puts another profile in the place of the case's, labels and analyses anew; `progress` events come meanwhile. */
  changeProfile: { request: { profile: Profile }; response: ProfileCorrection };
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
  /** Something to know that no call answers for: little room on the disk, a copy that was made, a backup that was not. */
  notice: string;
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
