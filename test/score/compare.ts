import type { FlowRecord } from '../../shared/flow.ts';
import { type ExpectedFlow, type Tuple, hasPorts, tupleKey } from './expected.ts';
import { type ExpectedLabel, type NameTable, expectedLabel } from './expected-label.ts';
import { isSameHostname, isSameJa4, protocolIsWithin, serviceIsWithin } from './kinship.ts';

/** Compares the flows of one evidence file with what other tools say of it. */

/** The part of a flow record that is compared. */
export type OurFlow = Pick<
  FlowRecord,
  | 'id'
  | 'start'
  | 'initiator'
  | 'initiatorPort'
  | 'responder'
  | 'responderPort'
  | 'transport'
  | 'packetsOut'
  | 'packetsIn'
  | 'bytesOut'
  | 'bytesIn'
  | 'hostname'
  | 'protocol'
  | 'service'
  | 'ja3'
  | 'ja4'
  | 'tunnel'
>;

export const ASPECTS = ['protocol', 'service', 'hostname', 'ja3', 'ja4', 'packets', 'bytes', 'direction'] as const;
export type Aspect = (typeof ASPECTS)[number];

/**
 * `other-form`: the same, which the engine is known to write otherwise. `missing`: the engine states it and we do not.
 * `not-in-vocabulary`: no id of ours means what it says.
 */
export const OUTCOMES = [
  'agree',
  'other-form',
  'more-specific',
  'less-specific',
  'differ',
  'missing',
  'not-in-vocabulary',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Verdict {
  outcome: Outcome;
  expected: string;
  ours: string;
}

/** `shared`: our flow is already paired with another of theirs (they split, or list each direction apart). */
export type Presence = 'found' | 'shared' | 'missing' | 'not-comparable';

export interface FlowComparison {
  path: string;
  engine: string;
  guessed: boolean;
  flow: string;
  presence: Presence;
  ourFlow: string | null;
  /** Aspects that the engine states (or that we state beyond it); others are absent. */
  verdicts: Partial<Record<Aspect, Verdict>>;
}

export interface FileComparison {
  flows: FlowComparison[];
  /** By engine: flows of ours whose five-tuple it does not list. */
  oursOnly: Map<string, number>;
}

/** Most bytes a packet that a link layer adds: Ethernet header, two VLAN tags, padding of a bare IPv4 header to 60 bytes. */
const MOST_LINK_BYTES = 48;

/** Protocols whose host name means the same to all: SNI, Host header, first question. */
const NAMED_PROTOCOLS = new Set(['tls', 'quic', 'dtls', 'http', 'http2', 'dns']);

function ourTuple(flow: OurFlow): Tuple {
  return {
    transport: flow.transport,
    source: flow.initiator,
    sourcePort: flow.initiatorPort,
    destination: flow.responder,
    destinationPort: flow.responderPort,
  };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function isReversed(tuple: Tuple, ours: OurFlow): boolean {
  return (
    tuple.source !== ours.initiator ||
    (tuple.source === tuple.destination && hasPorts(tuple) && tuple.sourcePort !== ours.initiatorPort)
  );
}

interface Pair {
  expected: ExpectedFlow;
  ours: OurFlow;
  /** All our flows that together are this one of theirs; empty when counts cannot be compared. */
  parts: OurFlow[];
  presence: 'found' | 'shared';
}

/** Pairs flows of one five-tuple: same direction first, then the closest start, then the order in time. */
function pairGroup(expected: readonly ExpectedFlow[], ours: readonly OurFlow[]): Pair[] {
  const inTime = ours.toSorted((x, y) => (x.start < y.start ? -1 : 1));
  const candidates = expected.flatMap((theirs, place) =>
    inTime.map((flow, rank) => {
      const far =
        theirs.start === null ? Math.abs(rank - place) : Math.abs(Date.parse(flow.start) * 1000 - theirs.start);
      const reversed = theirs.tuple !== null && isReversed(theirs.tuple, flow);
      return { theirs, flow, reversed, far };
    }),
  );
  candidates.sort((x, y) => Number(x.reversed) - Number(y.reversed) || x.far - y.far);
  const pairs = new Map<ExpectedFlow, Pair>();
  const used = new Set<OurFlow>();
  for (const { theirs, flow } of candidates) {
    if (pairs.has(theirs) || used.has(flow)) continue;
    used.add(flow);
    const alone = expected.length === 1 ? inTime : expected.length === inTime.length ? [flow] : [];
    pairs.set(theirs, { expected: theirs, ours: flow, parts: alone, presence: 'found' });
  }
  for (const { theirs, flow } of candidates) {
    if (!pairs.has(theirs)) pairs.set(theirs, { expected: theirs, ours: flow, parts: [], presence: 'shared' });
  }
  return [...pairs.values()];
}

function verdict(outcome: Outcome, expected: string, ours: string | null): Verdict {
  return { outcome, expected, ours: ours ?? 'none' };
}

/** Compares protocols; null when the engine states none. */
export function compareProtocol(label: ExpectedLabel, ours: string): Verdict | null {
  const { protocols, chain } = label;
  const silent = ours === 'unknown';
  const stated = protocols.join('.');
  if (protocols.length === 0) {
    if (label.outside.length > 0 && label.service === null) {
      return verdict('not-in-vocabulary', label.outside.join('.'), ours);
    }
    return label.unknown && !silent ? verdict('more-specific', 'unknown', ours) : null;
  }
  const meant = chain ? protocols.slice(-1) : protocols;
  if (meant.includes(ours)) return verdict('agree', stated, ours);
  if (silent) return verdict('missing', stated, ours);
  if (protocols.includes(ours) || meant.some((each) => protocolIsWithin(each, ours))) {
    return verdict('less-specific', stated, ours);
  }
  if (meant.some((each) => protocolIsWithin(ours, each))) return verdict('more-specific', stated, ours);
  return verdict('differ', stated, ours);
}

/** Compares services; null when neither side names one. */
export function compareService(label: ExpectedLabel, ours: string | null): Verdict | null {
  const { service } = label;
  if (service === null) {
    if (label.outside.length > 0) return verdict('not-in-vocabulary', label.outside.join('.'), ours);
    return ours === null ? null : verdict('more-specific', 'none', ours);
  }
  if (ours === service) return verdict('agree', service, ours);
  if (ours === null) return verdict('missing', service, ours);
  if (serviceIsWithin(ours, service)) return verdict('more-specific', service, ours);
  if (serviceIsWithin(service, ours)) return verdict('less-specific', service, ours);
  return verdict('differ', service, ours);
}

function plainHost(name: string): string {
  return name
    .toLowerCase()
    .replace(/^([^:]*):\d+$/, '$1')
    .replace(/\.$/, '');
}

/** Compares texts; `isSame` tells which of another form mean the same. */
function compareText(
  expected: readonly string[],
  ours: string | null,
  isSame: (expected: string, ours: string) => boolean = () => false,
): Verdict | null {
  if (expected.length === 0) return null;
  const stated = expected.join(', ');
  if (ours === null) return verdict('missing', stated, ours);
  if (expected.includes(ours)) return verdict('agree', stated, ours);
  return verdict(expected.some((each) => isSame(each, ours)) ? 'other-form' : 'differ', stated, ours);
}

/** All questions of DNS messages by the key of their five-tuple. */
export type DnsQuestions = ReadonlyMap<string, readonly string[]>;

/** @param questions what else this flow asks: engines show the last question, the contract wants the first */
function compareHostname(
  flow: ExpectedFlow,
  label: ExpectedLabel,
  ours: string | null,
  questions: readonly string[],
): Verdict | null {
  if (flow.names.length > 0 && !label.protocols.some((protocol) => NAMED_PROTOCOLS.has(protocol))) return null;
  return compareText(
    flow.hostname.map(plainHost),
    ours === null ? null : plainHost(ours),
    (theirs, own) =>
      isSameHostname(theirs, own) || questions.some((one) => one === theirs || isSameHostname(theirs, one)),
  );
}

/** Counts of one direction, summed over our parts, as the engine's source and destination see them. */
function sum(parts: readonly OurFlow[], tuple: Tuple, field: 'packets' | 'bytes', forward: boolean): number {
  return parts.reduce(
    (total, flow) => total + flow[`${field}${isReversed(tuple, flow) === forward ? 'In' : 'Out'}`],
    0,
  );
}

function comparePackets(flow: ExpectedFlow, tuple: Tuple, parts: readonly OurFlow[]): Verdict | null {
  if (parts.length === 0 || flow.packetsOut === null) return null;
  const ours = [sum(parts, tuple, 'packets', true), sum(parts, tuple, 'packets', false)];
  const expected = [flow.packetsOut, flow.packetsIn ?? 0];
  const same = ours[0] === expected[0] && (flow.packetsIn === null || ours[1] === expected[1]);
  return verdict(same ? 'agree' : 'differ', expected.join(' + '), ours.join(' + '));
}

/**
 * Bytes are the same number where the engine counts IP bytes. Where it counts frames, ours must be smaller by what a link
 * layer can add to these packets (0 to 48 bytes each); flows in tunnels are left out, for their frames hold other headers.
 */
function compareBytes(flow: ExpectedFlow, tuple: Tuple, parts: readonly OurFlow[]): Verdict | null {
  const { byteBasis, bytesOut, bytesIn, packetsOut, packetsIn } = flow;
  if (parts.length === 0 || byteBasis === null || bytesOut === null) return null;
  if (byteBasis === 'frame' && parts.some((part) => part.tunnel !== null)) return null;
  const fits = (expected: number | null, packets: number | null, ours: number): boolean => {
    if (expected === null) return true;
    const surplus = expected - ours;
    return byteBasis === 'frame' ? surplus >= 0 && surplus <= (packets ?? 0) * MOST_LINK_BYTES : surplus === 0;
  };
  const oursOut = sum(parts, tuple, 'bytes', true);
  const oursIn = sum(parts, tuple, 'bytes', false);
  const same = fits(bytesOut, packetsOut, oursOut) && fits(bytesIn, packetsIn, oursIn);
  return verdict(same ? 'agree' : 'differ', `${bytesOut} + ${bytesIn ?? 0}`, `${oursOut} + ${oursIn}`);
}

function comparePair(pair: Pair, table: NameTable, questions: DnsQuestions): FlowComparison['verdicts'] {
  const { expected, ours, parts } = pair;
  const { tuple } = expected;
  const label = expectedLabel(expected, table);
  const found: [Aspect, Verdict | null][] = [
    ['protocol', compareProtocol(label, ours.protocol)],
    ['service', expected.names.length === 0 || !label.chain ? null : compareService(label, ours.service)],
    ['hostname', compareHostname(expected, label, ours.hostname, questions.get(tupleKey(ourTuple(ours))) ?? [])],
    ['ja3', compareText(expected.ja3, ours.ja3)],
    ['ja4', compareText(expected.ja4, ours.ja4, isSameJa4)],
  ];
  if (tuple !== null) {
    found.push(['packets', comparePackets(expected, tuple, parts)], ['bytes', compareBytes(expected, tuple, parts)]);
    if (pair.presence === 'found') {
      const same = !isReversed(tuple, ours);
      found.push(['direction', verdict(same ? 'agree' : 'differ', tuple.source, ours.initiator)]);
    }
  }
  const verdicts: FlowComparison['verdicts'] = {};
  for (const [aspect, one] of found) if (one !== null) verdicts[aspect] = one;
  return verdicts;
}

function describeTuple(tuple: Tuple): string {
  return `${tuple.transport} ${tuple.source} ${tuple.sourcePort} → ${tuple.destination} ${tuple.destinationPort}`;
}

/**
 * Compares all that engines say of one file with our flows of it. Pure.
 * @param questions of the file's DNS messages, where they were read
 */
export function compareFile(
  expected: readonly ExpectedFlow[],
  ours: readonly OurFlow[],
  table: NameTable,
  questions: DnsQuestions = new Map(),
): FileComparison {
  const flows: FlowComparison[] = [];
  const oursOnly = new Map<string, number>();
  const oursByKey = groupBy(ours, (flow) => tupleKey(ourTuple(flow)));
  for (const run of groupBy(expected, (flow) => `${flow.engine} ${flow.run}`).values()) {
    const { engine } = run[0] ?? { engine: '' };
    const groups = groupBy(run, (flow) => (flow.tuple === null ? '' : tupleKey(flow.tuple)));
    for (const [key, group] of groups) {
      const pairs = new Map(pairGroup(group, oursByKey.get(key) ?? []).map((pair) => [pair.expected, pair]));
      for (const flow of group) {
        const pair = pairs.get(flow);
        flows.push({
          path: flow.path,
          engine,
          guessed: flow.guessed,
          flow: flow.tuple === null ? 'no addresses' : describeTuple(flow.tuple),
          presence: flow.tuple === null ? 'not-comparable' : (pair?.presence ?? 'missing'),
          ourFlow: pair?.ours.id ?? null,
          verdicts: pair === undefined ? {} : comparePair(pair, table, questions),
        });
      }
    }
    let only = 0;
    for (const [key, group] of oursByKey) if (!groups.has(key)) only += group.length;
    oursOnly.set(engine, (oursOnly.get(engine) ?? 0) + only);
  }
  return { flows, oursOnly };
}
