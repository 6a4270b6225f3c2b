import { PairIndex } from '../casefile/pair-index.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ANSWERED, FAILED } from '../../shared/flow-shape.ts';
import type { FirstContacts } from './first-contacts.ts';
import { contactsUntilScanner } from './statistics/threshold-random-walk.ts';

/** Sources whose contacts have the shape of probes: many targets, many ports of one target, or one target again and again. */

export type ProbeShape = 'horizontal' | 'vertical' | 'repeated-probe';

/** Targets of one port that fail within an hour, or within a day, and the share of first contacts that must fail there. */
export const HORIZONTAL_TARGETS = 30;
export const SLOW_TARGETS = 100;
const FAILED_SHARE = 0.8;
/** The same within an hour on ports on which programs meet many hosts, of which some are gone; and a day's share there. */
export const BUSY_TARGETS = 50;
const BUSY_FAILED_SHARE = 0.95;
/** Ports of one target that fail within a day; and below 1024, or else in all on TCP: clients of FTP and calls try high ones. */
export const VERTICAL_PORTS = 25;
export const LOW_PORTS = 10;
const HIGH_PORTS = 100;
/** Failed flows to one port of one target on a day, days of that kind, and their share of all failed ones. */
export const REPEATED_FLOWS = 10;
export const REPEATED_DAYS = 3;
const REPEATED_SHARE = 0.8;
/** Hours of a day that hold most of its failed flows: a program that retries does so all day. */
const BURST_HOURS = 3;
const MOST_ANSWERED = 0.1;
/** Sources that probe the ports of one target at once, from which on they are taken for forged. */
const FORGED_SOURCES = 10;
/** First contacts with the web in an hour, and the share of them that fails, when the way out itself is taken to be down. */
const OUTAGE_CONTACTS = 20;
const OUTAGE_SHARE = 0.5;
const FALSE_ALARM = 1e-4;
const MISS = 1e-2;

const HOUR = 3600;
const DAY = 24 * HOUR;

const WEB_PORTS: ReadonlySet<number> = new Set([80, 443, 8080]);
/** Ports on which clients and servers of good will meet many hosts: web, names, time, mail, NetBIOS. */
const BUSY_PORTS: ReadonlySet<number> = new Set([25, 53, 80, 123, 137, 443, 465, 587, 853, 8080]);
/** Ports above 1023 of services that many have; others belong to peers of overlays and to programs of one maker. */
const SERVICE_PORTS: ReadonlySet<number> = new Set([
  1080, 1433, 1521, 1723, 2222, 2323, 3306, 3389, 5060, 5432, 5555, 5900, 5985, 6379, 7547, 8000, 8080, 8081, 8443,
  8888, 9200, 11_211, 27_017, 37_215, 52_869,
]);

/** What was looked for, for the parameters of findings. */
export const PROBE_PARAMETERS = {
  horizontalTargetsInAnHour: HORIZONTAL_TARGETS,
  horizontalTargetsInADay: SLOW_TARGETS,
  failedShare: FAILED_SHARE,
  busyPorts: [...BUSY_PORTS],
  busyTargets: BUSY_TARGETS,
  busyFailedShare: BUSY_FAILED_SHARE,
  verticalPorts: VERTICAL_PORTS,
  verticalLowPorts: LOW_PORTS,
  verticalHighPorts: HIGH_PORTS,
  repeatedFlowsADay: REPEATED_FLOWS,
  repeatedDays: REPEATED_DAYS,
  repeatedShare: REPEATED_SHARE,
  burstHours: BURST_HOURS,
  mostAnswered: MOST_ANSWERED,
  forgedSources: FORGED_SOURCES,
  falseAlarm: FALSE_ALARM,
  miss: MISS,
} as const;

/** One source and one shape. Numbers of addresses are those of the contacts. */
export interface Probe {
  readonly source: number;
  readonly isInbound: boolean;
  readonly shape: ProbeShape;
  /** Distinct, ascending by number. */
  readonly targets: readonly number[];
  /** Transport and port, ascending. */
  readonly ports: readonly { readonly transport: number; readonly port: number }[];
  /** First contacts behind it (repeated: flows), and how many of them failed. */
  readonly contacts: number;
  readonly failed: number;
  /** Seconds since the epoch, of the first and the last. */
  readonly from: number;
  readonly to: number;
  /** Targets by class. */
  readonly classes: Readonly<Record<string, number>>;
}

export interface Probes {
  readonly found: readonly Probe[];
  /** What had the shape of a probe and was ruled out. */
  readonly ruledOut: {
    /** The way out was down: contacts with the web failed too. */
    readonly outages: number;
    /** Targets probed by many sources at once: forged sources, of which only one, or none, is real. */
    readonly forged: number;
    /** Programs that retry all day. */
    readonly retries: number;
    /** Peers of overlays. */
    readonly peers: number;
  };
}

/** All probes, in the order of their direction, shape, size and source. */
export function findProbes(contacts: FirstContacts): Probes {
  const ruledOut = { outages: 0, forged: 0, retries: 0, peers: 0 };
  const found = [
    ...horizontal(contacts, ruledOut),
    ...vertical(contacts, ruledOut),
    ...repeated(contacts, ruledOut),
  ].toSorted(
    (x, y) =>
      Number(x.isInbound) - Number(y.isInbound) ||
      y.targets.length - x.targets.length ||
      y.contacts - x.contacts ||
      contacts.addresses.compare(x.source, y.source) ||
      (x.shape < y.shape ? -1 : x.shape > y.shape ? 1 : x.from - y.from),
  );
  return { found, ruledOut };
}

type RuledOut = { -readonly [Reason in keyof Probes['ruledOut']]: number };

/** Contacts that make up a probe, whatever its shape. */
interface Part {
  readonly source: number;
  readonly isInbound: boolean;
  readonly contacts: readonly number[];
}

function isBusy(port: number): boolean {
  return BUSY_PORTS.has(port);
}

function isPeerPort(transport: number, port: number): boolean {
  return (transport === TCP || transport === UDP) && port >= 1024 && !SERVICE_PORTS.has(port);
}

function failedByApproach(contacts: FirstContacts): Uint32Array {
  const failed = new Uint32Array(contacts.approaches.size);
  for (let i = 0; i < contacts.contacts.size; i++)
    if (contacts.outcome[i] === FAILED) failed[contacts.contacts.first(i)]++;
  return failed;
}

function horizontal(contacts: FirstContacts, ruledOut: RuledOut): Probe[] {
  const failed = failedByApproach(contacts);
  const parts: Part[] = [];
  let outages: Outages | null = null;
  for (const { approach, contacts: ordered } of contacts.inOrder((i) => failed[i] >= HORIZONTAL_TARGETS)) {
    const { source, isInbound, transport, port } = contacts.approach(approach);
    if (transport === UDP && (isInbound ? contacts.inbound : contacts.outbound).udpAnswered === 0) continue;
    const isPeer = isPeerPort(transport, port);
    const isStrict = isBusy(port) || isPeer;
    const share = isStrict ? BUSY_FAILED_SHARE : FAILED_SHARE;
    const told = ordered.filter((contact) => contacts.outcome[contact] !== 0);
    const outcomes = Array.from(told, (contact) => contacts.outcome[contact] === FAILED);
    if (contactsUntilScanner(outcomes, FALSE_ALARM, MISS) === null) continue;
    const within = (length: number, least: number): Uint8Array => inWindows(contacts, told, length, least, share);
    const fast = within(HOUR, isStrict ? BUSY_TARGETS : HORIZONTAL_TARGETS);
    const slow = within(DAY, SLOW_TARGETS);
    const picked = [...told].filter((_, i) => fast[i] === 1 || slow[i] === 1);
    if (picked.length === 0) continue;
    if (isPeer && !isInbound && contacts.peers.has(source)) {
      ruledOut.peers++;
      continue;
    }
    if (!isInbound && (outages ??= new Outages(contacts)).isDown(picked, source, WEB_PORTS.has(port))) {
      ruledOut.outages++;
      continue;
    }
    parts.push({ source, isInbound, contacts: picked });
  }
  return bySource(contacts, parts, 'horizontal');
}

/**
 * Marks the contacts that lie in any stretch of `length` seconds in which at least `least` of them, and at least this share,
 * failed.
 */
function inWindows(
  contacts: FirstContacts,
  ordered: Uint32Array,
  length: number,
  least: number,
  share: number,
): Uint8Array {
  const marks = new Uint8Array(ordered.length);
  let failed = 0;
  let left = 0;
  let markedTo = 0;
  for (let i = 0; i < ordered.length; i++) {
    if (contacts.outcome[ordered[i]] === FAILED) failed++;
    while (contacts.second[ordered[i]] - contacts.second[ordered[left]] >= length) {
      if (contacts.outcome[ordered[left]] === FAILED) failed--;
      left++;
    }
    if (failed < least || failed < share * (i - left + 1)) continue;
    for (let at = Math.max(left, markedTo); at <= i; at++) marks[at] = 1;
    markedTo = i + 1;
  }
  return marks;
}

/** Hours in which contacts with the web failed, whoever sought them. */
class Outages {
  readonly #contacts: FirstContacts;
  /** By UTC hour: web contacts, and those that failed; and by (hour, source). */
  readonly #all = new Map<number, [number, number]>();
  readonly #own = new Map<string, [number, number]>();

  constructor(contacts: FirstContacts) {
    this.#contacts = contacts;
    for (let i = 0; i < contacts.contacts.size; i++) {
      const { source, isInbound, port } = contacts.approach(contacts.contacts.first(i));
      if (isInbound || !WEB_PORTS.has(port) || contacts.outcome[i] === 0) continue;
      const hour = Math.floor(contacts.second[i] / HOUR);
      const failed = contacts.outcome[i] === FAILED ? 1 : 0;
      add(this.#all, hour, failed);
      add(this.#own, `${hour} ${source}`, failed);
    }
  }

  /** Whether the web failed for others (for all, unless the contacts are themselves with the web) in an hour of most of the contacts. */
  isDown(contacts: readonly number[], source: number, isWeb: boolean): boolean {
    let down = 0;
    for (const contact of contacts) {
      const hour = Math.floor(this.#contacts.second[contact] / HOUR);
      const [all, allFailed] = this.#all.get(hour) ?? [0, 0];
      const [own, ownFailed] = isWeb ? (this.#own.get(`${hour} ${source}`) ?? [0, 0]) : [0, 0];
      const others = all - own;
      if (others >= OUTAGE_CONTACTS && allFailed - ownFailed >= OUTAGE_SHARE * others) down++;
    }
    return down * 2 > contacts.length;
  }
}

function add<Key>(counts: Map<Key, [number, number]>, key: Key, failed: number): void {
  const held = counts.get(key);
  if (held === undefined) counts.set(key, [1, failed]);
  else {
    held[0]++;
    held[1] += failed;
  }
}

function vertical(contacts: FirstContacts, ruledOut: RuledOut): Probe[] {
  const table = contacts.contacts;
  const pairs = new PairIndex();
  // Ports of a pair of source and target that failed; then its contacts.
  const ofContact = new Int32Array(table.size).fill(-1);
  let counts = new Uint32Array(1024);
  for (let i = 0; i < table.size; i++) {
    const { source, isInbound, transport, port } = contacts.approach(table.first(i));
    if (contacts.outcome[i] === 0 || (transport !== TCP && transport !== UDP)) continue;
    if (!isInbound && isPeerPort(transport, port) && contacts.peers.has(source)) continue;
    const pair = pairs.number(source, table.second(i));
    ofContact[i] = pair;
    if (pair >= counts.length) {
      const larger = new Uint32Array(counts.length * 2);
      larger.set(counts);
      counts = larger;
    }
    if (contacts.outcome[i] === FAILED) counts[pair]++;
  }
  const ofPair = new Map<number, number[]>();
  for (let i = 0; i < table.size; i++) {
    const pair = ofContact[i];
    if (pair < 0 || counts[pair] < VERTICAL_PORTS) continue;
    const held = ofPair.get(pair);
    if (held === undefined) ofPair.set(pair, [i]);
    else held.push(i);
  }
  const found: (Part & { readonly target: number })[] = [];
  for (const [pair, members] of ofPair) {
    const ordered = contacts.byTime(Uint32Array.from(members));
    const marks = inWindows(contacts, ordered, DAY, VERTICAL_PORTS, FAILED_SHARE);
    const picked = [...ordered].filter((_, i) => marks[i] === 1);
    if (!isSweepOfPorts(contacts, picked)) continue;
    const { isInbound } = contacts.approach(table.first(members[0] ?? 0));
    found.push({ source: pairs.first(pair), target: pairs.second(pair), isInbound, contacts: picked });
  }
  const sourcesOf = new Map<number, number>();
  for (const { target, isInbound } of found) {
    if (isInbound) sourcesOf.set(target, (sourcesOf.get(target) ?? 0) + 1);
  }
  const real = found.filter(({ target, isInbound }) => !isInbound || (sourcesOf.get(target) ?? 0) < FORGED_SOURCES);
  ruledOut.forged += [...sourcesOf.values()].filter((sources) => sources >= FORGED_SOURCES).length;
  return bySource(contacts, real, 'vertical');
}

/** Low ports, which services have; or so many ports of TCP that no client tries them. */
function isSweepOfPorts(contacts: FirstContacts, picked: readonly number[]): boolean {
  let low = 0;
  let tcp = 0;
  for (const contact of picked) {
    if (contacts.outcome[contact] !== FAILED) continue;
    const { transport, port } = contacts.approach(contacts.contacts.first(contact));
    if (port < 1024) low++;
    if (transport === TCP) tcp++;
  }
  return low >= LOW_PORTS || tcp >= HIGH_PORTS;
}

function repeated(contacts: FirstContacts, ruledOut: RuledOut): Probe[] {
  const { failedHours, failedInHour } = contacts;
  const isCandidate = (contact: number): boolean => {
    const failed = contacts.failedFlows[contact];
    if (failed < REPEATED_FLOWS * REPEATED_DAYS) return false;
    if (contacts.answeredFlows[contact] > MOST_ANSWERED * (failed + contacts.answeredFlows[contact])) return false;
    const { source, transport, port } = contacts.approach(contacts.contacts.first(contact));
    // UDP without an answer is what many programs send for ever: logs, reports, discovery.
    return transport === TCP && !(isPeerPort(transport, port) && contacts.peers.has(source));
  };
  const hoursOf = new Map<number, { hour: number; flows: number }[]>();
  for (let i = 0; i < failedHours.size; i++) {
    const contact = failedHours.first(i);
    if (!isCandidate(contact)) continue;
    const held = hoursOf.get(contact) ?? [];
    held.push({ hour: failedHours.second(i), flows: failedInHour[i] });
    hoursOf.set(contact, held);
  }
  const parts: Part[] = [];
  for (const [contact, hours] of hoursOf) {
    const { source, isInbound, port } = contacts.approach(contacts.contacts.first(contact));
    const days = new Map<number, number[]>();
    for (const { hour, flows } of hours) {
      const day = Math.floor(hour / 24);
      days.set(day, [...(days.get(day) ?? []), flows]);
    }
    const least = isBusy(port) ? BUSY_TARGETS : REPEATED_FLOWS;
    const heavy = [...days.values()].filter((flows) => total(flows) >= least);
    const bursts = heavy.filter((flows) => {
      const top = flows.toSorted((x, y) => y - x).slice(0, BURST_HOURS);
      return total(top) >= REPEATED_SHARE * total(flows);
    });
    const inBursts = bursts.reduce((sum, flows) => sum + total(flows), 0);
    if (bursts.length >= REPEATED_DAYS && inBursts >= REPEATED_SHARE * contacts.failedFlows[contact]) {
      parts.push({ source, isInbound, contacts: [contact] });
    } else if (heavy.length >= REPEATED_DAYS) ruledOut.retries++;
  }
  return bySource(contacts, parts, 'repeated-probe');
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Parts of one source and direction as one probe. */
function bySource(contacts: FirstContacts, parts: readonly Part[], shape: ProbeShape): Probe[] {
  const sources = new Map<string, Part[]>();
  for (const part of parts) {
    const key = `${part.isInbound} ${part.source}`;
    sources.set(key, [...(sources.get(key) ?? []), part]);
  }
  return [...sources.values()].map((held) => probeOf(contacts, held, shape));
}

function probeOf(contacts: FirstContacts, parts: readonly Part[], shape: ProbeShape): Probe {
  const countsFlows = shape === 'repeated-probe';
  const [first] = parts;
  const members = parts.flatMap((part) => part.contacts);
  const targets = new Map<number, number>();
  const ports = new Set<number>();
  let [from, to, all, failed] = [Infinity, -Infinity, 0, 0];
  for (const contact of members) {
    const target = contacts.contacts.second(contact);
    const { transport, port } = contacts.approach(contacts.contacts.first(contact));
    targets.set(target, contacts.weightierClass(targets.get(target) ?? 0, contacts.targetClass[contact]));
    ports.add(transport * 65_536 + port);
    from = Math.min(from, contacts.second[contact]);
    to = Math.max(to, countsFlows ? contacts.lastSecond[contact] : contacts.second[contact]);
    all += countsFlows ? contacts.failedFlows[contact] + contacts.answeredFlows[contact] : 1;
    failed += countsFlows ? contacts.failedFlows[contact] : contacts.outcome[contact] === ANSWERED ? 0 : 1;
  }
  const classes: Record<string, number> = {};
  const named = [...targets.values()].map((number) => contacts.classes[number] ?? '').toSorted();
  for (const name of named) classes[name] = (classes[name] ?? 0) + 1;
  return {
    source: first.source,
    isInbound: first.isInbound,
    shape,
    targets: [...targets.keys()].toSorted((x, y) => contacts.addresses.compare(x, y)),
    ports: [...ports]
      .toSorted((x, y) => x - y)
      .map((key) => ({ transport: Math.floor(key / 65_536), port: key % 65_536 })),
    contacts: all,
    failed,
    from,
    to,
    classes,
  };
}
