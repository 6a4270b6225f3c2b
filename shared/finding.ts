/** A finding: one statement about the network with its numbers, method, interval, coverage and caveats. */

export const METRICS = ['flows', 'bytes', 'packets', 'host-hours'] as const;
export type Metric = (typeof METRICS)[number];

export type Verdict = 'supported' | 'not-supported' | 'insufficient-data';

export interface Caveat {
  id: string;
  text: string;
}

export interface Coverage {
  /** ISO 8601, UTC; null when the case holds no flow. */
  from: string | null;
  to: string | null;
  /** Share (0..1) of the clock hours between `from` and `to` in which the evidence shows any packet. */
  observedFraction: number;
  /** Sampling rates met, 1 = unsampled, N = 1:N. */
  sampling: number[];
}

/** What every finding carries, whatever its kind. Shares are 0..1, intervals at `level`. */
export interface FindingBase {
  /** Stable across runs on the same data: a hash of kind, subject and parameters. */
  id: string;
  title: string;
  /** One sentence with direction and unit. */
  statement: string;
  verdict: Verdict;
  value: number | null;
  interval: [number, number] | null;
  level: 0.95;
  unit: string;
  pValue: number | null;
  adjustedPValue: number | null;
  method: { name: string; source: string };
  parameters: Record<string, unknown>;
  /** Which flows count, in words ("activity: flows opened from inside the ranges…"). */
  population: string;
  metric: Metric | null;
  /** Filter expression that selects the flows behind it. */
  where: string;
  numerator: number | null;
  denominator: number | null;
  /** True when sampled counts were multiplied by their rate. */
  scaled: boolean;
  caveats: Caveat[];
  coverage: Coverage;
}

export interface ActivityShareFinding extends FindingBase {
  kind: 'activity-share';
  group: string;
  members: string[];
  metric: Metric;
  /** Share of activity that no rule names, so that it may be the group's or not; null when the shares cannot be told. */
  unnamedShare: number | null;
  /** The interval if none of that is the group's: `interval` reaches from there to where all of it is. */
  namedInterval: [number, number] | null;
}

export interface ServiceRankingFinding extends FindingBase {
  kind: 'service-ranking';
  category: string | null;
  country: string | null;
  ranking: { service: string; value: number; interval: [number, number] | null; daysActive: number }[];
}

export interface DailyRhythmFinding extends FindingBase {
  kind: 'daily-rhythm';
  timeZone: string;
  /** 24 shares that sum to 1, corrected for coverage; index = local hour. Empty when there is no data. */
  profile: number[];
  activeFrom: number | null;
  /** Exclusive. */
  activeTo: number | null;
  /** Mean activity per observed weekday over mean per observed weekend day; null without both. */
  weekdayVsWeekend: number | null;
}

export interface WeeklyRhythmFinding extends FindingBase {
  kind: 'weekly-rhythm';
  timeZone: string;
  ranking: { weekday: number; value: number; interval: [number, number] | null; daysObserved: number }[];
  /** Weekdays (1 = Monday) that cannot be told apart from the top one. */
  highest: number[];
}

export interface CoverageFinding extends FindingBase {
  kind: 'coverage';
  gaps: { from: string; to: string }[];
  outages: { from: string; to: string }[];
  /** Shares of flows (0..1) that no rule named, and whose content is encrypted. */
  unknownShare: number | null;
  encryptedShare: number | null;
  sampling: number[];
  /** What the evidence says of itself that it lost; absent in findings of earlier versions. */
  losses?: EvidenceLoss[];
}

/** A loss that evidence tells of itself: packets not captured, records that never came. */
export interface EvidenceLoss {
  /** Kind of the problem that tells it (`capture-dropped`, `records-missing`, …). */
  kind: string;
  lost: number;
  /** Share (0..1) of what was sent; null where it cannot be told. */
  share: number | null;
  /** Evidence files that tell of it. */
  files: number;
}

/** A claim of the profile put to the test. */
export interface ClaimCheckFinding extends FindingBase {
  kind: 'claim-check';
  claim: { id: string; text: string; source: string };
  expected: Record<string, unknown>;
  verdictOnClaim: VerdictOnClaim;
  /** Why it holds, is refuted or cannot be told; each part names the finding that it rests on. */
  why: string;
  /** Ids of the findings that it rests on. */
  restsOn: string[];
}

export type VerdictOnClaim = 'holds' | 'refuted' | 'cannot-be-told';

export interface EventAssociationFinding extends FindingBase {
  kind: 'event-association';
  eventKind: string;
  /** Events inside the window. */
  events: number;
  windowDays: number;
  /** Hours from the event at which activity differs most; null when none is told. */
  lag: number | null;
  /** Ratio of activity near the events to its matched expectation; 1 = none. */
  effect: number | null;
  /** Least ratio above 1 that would have been found in 80 % of such cases; null when it cannot be told. */
  minimumDetectableEffect: number | null;
  /** What expectation was matched on: `hour`, `weekday`, `week`. */
  matchedOn: string[];
  /** Mean ratio of activity to its expectation by hour from the event. */
  epochs: { lag: number; ratio: number }[];
}

export interface ForeignPresenceFinding extends FindingBase {
  kind: 'foreign-presence';
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** Share of activity flows whose peer lies in the country, 0..1. */
  share: number;
  /** The same share by every metric. */
  shareBy?: Partial<Record<Metric, { value: number; interval: [number, number] | null }>>;
  /** Share of these that were for institutions and sites of the country itself. */
  localShare: number;
  localOrganisations: { name: string; class: string; daysActive: number }[];
  /** Distinct local organisations by class. */
  classes: Record<string, number>;
  daysActive: number;
  /** The share without the profile's global services, CDN, cloud, VPN and P2P peers. */
  withoutGlobalServices: number;
  /** The same figures where each country table alone places the peers that it knows; the table's date is ISO 8601. */
  byTable?: {
    table: string;
    date: string | null;
    share: number;
    withoutGlobalServices: number;
    /** Whether the country would be flagged. */
    flagged: boolean;
  }[];
  /** Answered flows that addresses of the country opened to the ranges. */
  inboundFlows: number;
  score: number;
  /** True exactly when `verdict` is `supported`. */
  flagged: boolean;
}

export interface OnsetFinding extends FindingBase {
  kind: 'onset';
  /** `category:crypto`, `service:facebook`. */
  subject: string;
  /** First local day (YYYY-MM-DD) of the new level; null when no change is told. */
  date: string | null;
  /** Interval of the date, first and last day. */
  dateInterval: [string, string] | null;
  /** Flows a day before and after. */
  before: number | null;
  after: number | null;
  /** Interval of `before`; that of `after` is `interval`. */
  beforeInterval: [number, number] | null;
  stillActive: boolean | null;
  /** Stretches of days at one level, in order. */
  episodes: { from: string; to: string; perDay: number }[];
  /** Events within three days of the date: timing only. */
  nearbyEvents: { time: string; label: string; kind: string }[];
}

export interface ObfuscationFinding extends FindingBase {
  kind: 'obfuscation';
  technique: string;
  share: number | null;
  hosts: number;
  daysActive: number;
}

export interface CryptocurrencyFinding extends FindingBase {
  kind: 'cryptocurrency';
  role: 'node-activity' | 'pool-mining' | 'wallet-or-exchange';
  coin: string | null;
  hosts: number;
  perDay: number;
  daysActive: number;
}

export interface WatchListFinding extends FindingBase {
  kind: 'watch-list';
  list: string;
  daysActive: number;
  shareOfDays: number | null;
  /** What of the list was met. */
  members: { member: string; daysActive: number; flows: number }[];
}

export interface ReconnaissanceFinding extends FindingBase {
  kind: 'reconnaissance';
  /** Which way the probes went: out of the ranges or into them. */
  direction: 'outbound' | 'inbound';
  source: string | null;
  targets: number;
  shape: 'horizontal' | 'vertical' | 'repeated-probe' | null;
  reflectionRuledOut: boolean;
  /** Targets by class of institution or category. */
  targetClasses: Record<string, number>;
  /** Ports met, as `tcp/445`; the first 50. */
  targetPorts: string[];
  from: string | null;
  to: string | null;
  /** Of a finding about all sources of a direction: each of them, most targets first. */
  sources: {
    source: string;
    shape: 'horizontal' | 'vertical' | 'repeated-probe';
    targets: number;
    targetPorts: string[];
    from: string;
    to: string;
  }[];
}

export interface MaliciousActivityFinding extends FindingBase {
  kind: 'malicious-activity';
  /** `hits`: hosts inside the ranges that it reports; `decides`: whether they count in `hits` of the finding. */
  detectors: {
    id: string;
    ran: boolean;
    hits: number;
    decides: boolean;
    minimumDetectable: string;
    /** The hosts, most telling first; the first 50. */
    hosts: string[];
  }[];
  /** Detections (host and detector) of all detectors that decide. */
  hits: number;
}

export interface BeaconFinding extends FindingBase {
  kind: 'beacon';
  host: string | null;
  peer: string | null;
  /** Seconds. */
  period: number | null;
  /** Median absolute deviation of the gaps over their median, 0..1. */
  jitter: number | null;
  count: number;
}

export interface HostProfileFinding extends FindingBase {
  kind: 'host-profile';
  host: string;
  role: 'client' | 'server' | 'gateway';
  devices: { kind: string; why: string }[];
  topServices: { service: string; flows: number; daysActive: number }[];
  /** Local hours that hold the activity; null when none can be told. */
  activeHours: { from: number; to: number } | null;
  /** What was met hour after hour on the host's days; the first and the busiest ones. */
  days: {
    date: string;
    sequence: { from: string; to: string; service: string | null; category: string; flows: number }[];
  }[];
}

export interface ServerInventoryFinding extends FindingBase {
  kind: 'server-inventory';
  range: string | null;
  servers: {
    address: string;
    protocol: string;
    port: number;
    firstSeen: string;
    lastSeen: string;
    clients: number;
  }[];
}

export interface PeriodComparisonFinding extends FindingBase {
  kind: 'period-comparison';
  /** Local days, both included. */
  periods: [{ from: string; to: string }, { from: string; to: string }];
  /** `volume`, `technique:all`, `category:…`, `service:…`, `upstream:…`. */
  subject: string;
  /** Relative: 2 = tripled; null when it cannot be told. */
  change: number | null;
  /** What of the subject's category gained as much as it lost. */
  /** Ratio of the later mean to the earlier, or its inverse, from which on a change is told in 80 % of cases; null = not judged. */
  minimumDetectableEffect: number | null;
  substitutedBy: string[];
  /** Flows (or bytes) per observed day in either period. */
  perDay: [number, number];
  /** The subject's share of all activity in either period, 0..1; null without activity. */
  shares: [number | null, number | null];
  /** Selects the flows of the earlier period; `where` those of the later one. */
  whereEarlier: string;
}

export type Finding =
  | ClaimCheckFinding
  | ActivityShareFinding
  | ServiceRankingFinding
  | DailyRhythmFinding
  | WeeklyRhythmFinding
  | EventAssociationFinding
  | ForeignPresenceFinding
  | OnsetFinding
  | ObfuscationFinding
  | CryptocurrencyFinding
  | WatchListFinding
  | ReconnaissanceFinding
  | MaliciousActivityFinding
  | BeaconFinding
  | HostProfileFinding
  | ServerInventoryFinding
  | PeriodComparisonFinding
  | CoverageFinding;

/** Kinds in the order in which they are told, with their names. */
export const FINDING_KINDS = {
  'claim-check': 'Claims put to the test',
  'activity-share': 'Share of activity',
  'service-ranking': 'Ranking of services',
  'daily-rhythm': 'Daily rhythm',
  'weekly-rhythm': 'Weekly rhythm',
  'event-association': 'Activity around events',
  'foreign-presence': 'Presence in a country',
  onset: 'Onset and change',
  obfuscation: 'Obfuscation',
  cryptocurrency: 'Cryptocurrency',
  'watch-list': 'Watch lists',
  reconnaissance: 'Possible reconnaissance',
  'malicious-activity': 'Detectors of malicious activity',
  beacon: 'Beacons',
  'host-profile': 'Hosts',
  'server-inventory': 'Servers',
  'period-comparison': 'Periods compared',
  coverage: 'Coverage',
} as const satisfies Record<Finding['kind'], string>;
