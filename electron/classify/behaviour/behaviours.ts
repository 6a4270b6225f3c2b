import { TCP, UDP } from '../../../shared/flow.ts';
import { registeredOn } from '../registered-ports.ts';
import type { BehaviourMark } from './behaviour-mark.ts';
import {
  ACTIVE,
  answeredFlows,
  BYTES_IN,
  BYTES_OUT,
  CALL_CONTROL,
  CONTACT_KEY,
  ContactTables,
  dayOf,
  DNS_FLOWS,
  FAILED_PORTS,
  FLAGS,
  type FlowColumnsView,
  FTP_CONTROL,
  HOST_KEY,
  hostDayInto,
  KILOBYTES,
  COIN_PORT,
  MAIL,
  NETWORK_PORT,
  PACKETS_IN,
  PACKETS_OUT,
  PEER_PORTS,
  PORT_GROUPS,
  portGroup,
  SESSION_END,
  SESSION_FLOATS,
  SESSION_KEY,
  SESSION_START,
  SOCKET_CATEGORIES,
  SOCKET_FAR_PORT,
  SOCKET_KEY,
  TCP_PEERS,
  UDP_PEERS,
} from './contacts.ts';
import { CALL_MEDIA, isCallMedia } from './call-media.ts';
import { DNS_PORT, lastingQueries, longQueries } from './dns-tunnels.ts';
import { FTP_DATA } from './ftp-data.ts';
import { isGroupAddress, isProbe, NOT_TOLD, outcomeOf } from '../../../shared/flow-shape.ts';
import { isMailPort, mailServer } from './mail-servers.ts';
import { pacedCall, pacedStream } from './media.ts';
import { poolPolling } from './mining.ts';
import { coinNodes, isCoinPort, isNetworkPort, isPeerPort, peersOnPort, peerToPeer } from './peer-to-peer.ts';
import { finished, mixed, SampledTable } from './sampled-table.ts';
import { horizontalScan, isScanner, isScanOf, LEAST_FAILURES, verticalScan } from './scans.ts';
import type { Session } from './sessions.ts';
import { sameSocket, SOCKET_SPAN } from './sockets.ts';
import { singleServerTunnel } from './tunnels.ts';

/**
 * Behaviours of hosts and pairs, told from counts and times alone, for flows that neither payload nor name nor address labels.
 * `gatherBehaviours` passes over all flows of the case; what it finds marks single flows. One file a behaviour holds its rule, with
 * the publication behind it.
 */

/** What the labeller asks. */
export type BehaviourLookup = Pick<Behaviours, 'columnsOf' | 'markOf'>;

/** By column of a segment's facts. */
type MarkColumns = Readonly<
  Record<
    | 'start'
    | 'transports'
    | 'initiator'
    | 'responder'
    | 'initiatorPort'
    | 'responderPort'
    | 'packetsOut'
    | 'bytesOut'
    | 'packetsIn'
    | 'bytesIn'
    | 'flags'
    | 'state'
    | 'sampling',
    ArrayLike<number>
  >
>;

/** Words of a host-day behind its key. */
const FAILED_CONTACTS = 2;
const PEERS = 3;
const UDP_ONES = 4;
const BOTH = 5;
const MAIL_OUT = 6;
const MAIL_IN = 7;
const OWN_PORTS = 8;
const OWN_WORDS = 2;
const FAR_PORTS = 10;
const FAR_WORDS = 8;
const ON_NETWORK_PORT = 18;
const ON_COIN_PORT = 19;
const CALLS = 20;
const HOST_COUNTERS = 19;
const MOST_HOSTS = 2 ** 18;
/** Of a walk behind its key: targets that failed, by group of ports, then flows that were answered. */
const WALK_FAILED = 2;
const WALK_ANSWERED = WALK_FAILED + PORT_GROUPS;
const MOST_WALKS = 2 ** 16;
const MOST_MARKED = 2 ** 20;
/** Counters behind the keys of what is marked: number of a mark + 1. */
const PEER_MARK = 2;
const MAIL_MARK = 3;
const NETWORK_MARK = 4;
const COIN_MARK = 5;
const CALL_MARK = 6;
const HOST_MARKS = 5;

const SESSION_RULES = [lastingQueries, pacedCall, singleServerTunnel, poolPolling, pacedStream] as const;

export interface SampleOf {
  readonly hosts: number;
  readonly contacts: number;
  readonly sessions: number;
  readonly sockets: number;
}

/** What is marked: host-days, pairs and sessions with their marks. */
export class Behaviours {
  /** Scanners: contacts by group of ports. */
  readonly walks = new SampledTable(HOST_KEY, PORT_GROUPS * 2, 0, MOST_WALKS);
  readonly hosts = new SampledTable(HOST_KEY, HOST_MARKS, 0, MOST_MARKED);
  readonly pairs = new SampledTable(CONTACT_KEY, 3, 0, MOST_MARKED);
  readonly sessions = new SampledTable(SESSION_KEY, 1, 0, MOST_MARKED);
  readonly sockets = new SampledTable(SOCKET_KEY, 1, 0, MOST_MARKED);
  /** Of each kind one in so many was looked at: 1 until memory's bound was met. */
  readonly sampleOf: SampleOf;
  readonly #marks: BehaviourMark[] = [];
  readonly #numbers = new Map<string, number>();
  /** Numbers of marks by slot of a walk and group of ports. */
  readonly #scanMarks = new Map<number, number>();
  readonly #key = new Uint32Array(SESSION_KEY);
  readonly #far = new Uint32Array(HOST_KEY);
  readonly #socket = new Uint32Array(SOCKET_KEY);

  constructor(sampleOf: SampleOf) {
    this.sampleOf = sampleOf;
  }

  /** Number + 1 of a mark, 0 for null; equal marks are one. */
  keep(mark: BehaviourMark | null): number {
    if (mark === null) return 0;
    const kept =
      this.sampleOf.contacts === 1
        ? mark
        : { ...mark, detail: `${mark.detail}; counted in a sample of 1 in ${this.sampleOf.contacts} contacts` };
    const known = this.#numbers.get(kept.detail);
    if (known !== undefined) return known;
    this.#marks.push(kept);
    this.#numbers.set(kept.detail, this.#marks.length);
    return this.#marks.length;
  }

  /** Whether memory's bound was met, so that only a sample was looked at. */
  get isSample(): boolean {
    return Math.max(...Object.values(this.sampleOf)) > 1;
  }

  /** Whether nothing was found, so that no flow need be asked about. */
  get isEmpty(): boolean {
    return (
      this.walks.entries + this.hosts.entries + this.pairs.entries + this.sessions.entries + this.sockets.entries === 0
    );
  }

  /** What `markOf` reads of the flows of a segment; null when it would say nothing of any. */
  columnsOf(facts: FlowColumnsView): MarkColumns | null {
    if (this.isEmpty) return null;
    return {
      start: facts.column('start'),
      transports: facts.column('transport'),
      initiator: facts.column('initiator'),
      responder: facts.column('responder'),
      initiatorPort: facts.column('initiatorPort'),
      responderPort: facts.column('responderPort'),
      packetsOut: facts.column('packetsOut'),
      bytesOut: facts.column('bytesOut'),
      packetsIn: facts.column('packetsIn'),
      bytesIn: facts.column('bytesIn'),
      flags: facts.column('tcpFlags'),
      state: facts.column('state'),
      sampling: facts.column('sampling'),
    };
  }

  /**
   * What the behaviour of its ends says of a row's flow, null when nothing. Whether payload, name or address label the flow is the
   * caller's to know.
   */
  markOf(columns: MarkColumns, row: number): BehaviourMark | null {
    const { initiator, responder } = columns;
    const transport = columns.transports[row];
    if (transport !== TCP && transport !== UDP) return null;
    const at = row * 4;
    if (isGroupAddress(responder[at], responder[at + 1], responder[at + 2], responder[at + 3])) return null;
    const key = this.#key;
    const start = columns.start[row];
    const day = dayOf(start);
    hostDayInto(key, 0, initiator, at, day);
    hostDayInto(key, 2, responder, at, day);
    const ownPort = columns.initiatorPort[row];
    const port = columns.responderPort[row];
    const out = columns.packetsOut[row];
    const into = columns.packetsIn[row];
    const bytesOut = columns.bytesOut[row];
    const bytesIn = columns.bytesIn[row];
    const isBare =
      columns.sampling[row] <= 1 &&
      isProbe(transport, out, bytesOut, into, bytesIn) &&
      outcomeOf(transport, columns.state[row], columns.flags[row], ownPort, out, into) !== NOT_TOLD;
    // On a registered port the port itself tells.
    const ofSocket = transport === UDP && this.sockets.entries > 0 && (into === 0 || registeredOn(UDP, port) === null);
    const found =
      (isBare && this.#scanMark(transport, port)) ||
      this.#hostMark(ownPort, transport, port) ||
      (ofSocket && this.#socketMark(initiator, at, start, ownPort)) ||
      (ofSocket && this.#socketMark(responder, at, start, port)) ||
      this.#sessionMark(transport, port) ||
      this.#pairMark(ownPort, transport, port, out > 0 && into > 0) ||
      (isCallMedia(transport, out + into, bytesOut + bytesIn) ? this.#callMark(ownPort, port) : 0);
    return this.#marks[found - 1] ?? null;
  }

  #scanMark(transport: number, port: number): number {
    const { walks } = this;
    const slot = walks.find(this.#key);
    if (slot >= 0) {
      const group = portGroup(transport, port);
      const at = slot * walks.stride + group;
      const [failed, answered] = [walks.words[at + WALK_FAILED], walks.words[at + WALK_ANSWERED]];
      if (isScanOf(transport, port, failed, answered)) {
        const walk = slot * PORT_GROUPS + group;
        const known = this.#scanMarks.get(walk) ?? this.keep(horizontalScan(failed, answered));
        this.#scanMarks.set(walk, known);
        return known;
      }
    }
    return counter(this.pairs, this.#key, CONTACT_KEY);
  }

  #pairMark(ownPort: number, transport: number, port: number, isAnswered: boolean): number {
    if (port === DNS_PORT) return counter(this.pairs, this.#key, CONTACT_KEY + 1);
    const isData = isAnswered && transport === TCP && isPeerPort(port) && isPeerPort(ownPort);
    return isData ? counter(this.pairs, this.#key, CONTACT_KEY + 2) : 0;
  }

  #hostMark(ownPort: number, transport: number, port: number): number {
    if (this.hosts.entries === 0) return 0;
    if (isMailPort(transport, port)) return this.#endMark(MAIL_MARK);
    if (!isPeerPort(port) || !isPeerPort(ownPort)) return 0;
    // A coin's network is P2P too: its ports say which.
    return (
      (isCoinPort(transport, port) && this.#endMark(COIN_MARK)) ||
      this.#endMark(PEER_MARK) ||
      (isNetworkPort(port) ? this.#endMark(NETWORK_MARK) : 0)
    );
  }

  #callMark(ownPort: number, port: number): number {
    const isAgreed = (one: number): boolean => one >= 1024 && registeredOn(UDP, one) === null;
    return this.hosts.entries > 0 && isAgreed(ownPort) && isAgreed(port) ? this.#endMark(CALL_MARK) : 0;
  }

  /** The mark that the initiator bears, else the responder's. */
  #endMark(place: number): number {
    const far = this.#far;
    far[0] = this.#key[2];
    far[1] = this.#key[3];
    return counter(this.hosts, this.#key, place) || counter(this.hosts, far, place);
  }

  /** The mark of a UDP port of an address (four words at `at`) at a time. */
  #socketMark(words: ArrayLike<number>, at: number, time: number, port: number): number {
    hostDayInto(this.#socket, 0, words, at, Math.floor(time / SOCKET_SPAN));
    this.#socket[2] = port;
    return counter(this.sockets, this.#socket, SOCKET_KEY);
  }

  #sessionMark(transport: number, port: number): number {
    this.#key[4] = (transport << 16) | port;
    return counter(this.sessions, this.#key, SESSION_KEY);
  }
}

/** The counter of an entry; 0 when there is no such key. */
function counter(table: SampledTable, key: Uint32Array, place: number): number {
  if (table.entries === 0) return 0;
  const slot = table.find(key);
  return slot < 0 ? 0 : table.words[slot * table.stride + place];
}

/** Passes over the flows of a case. @param check called once a segment; throws to stop */
export function gatherBehaviours(segments: Iterable<FlowColumnsView>, check: () => void): Behaviours {
  const tables = new ContactTables();
  for (const facts of segments) {
    check();
    tables.add(facts);
  }
  return behavioursIn(tables);
}

/** What contacts and sessions, gathered from flows in any order, show. */
export function behavioursIn(tables: ContactTables): Behaviours {
  const { initiators, contacts, sessions, sockets } = tables;
  const behaviours = new Behaviours({
    hosts: initiators.scale,
    contacts: contacts.scale,
    sessions: sessions.scale,
    sockets: sockets.scale,
  });
  const hosts = hostDays(contacts);
  findScanners(tables, hosts, behaviours);
  markPairs(contacts, behaviours);
  markHosts(hosts, behaviours);
  markSessions(sessions, initiators, behaviours);
  markSockets(sockets, behaviours);
  return behaviours;
}

/** Sums over the contacts of each host-day. */
function hostDays(contacts: SampledTable): SampledTable {
  const hosts = new SampledTable(HOST_KEY, HOST_COUNTERS, 0, MOST_HOSTS);
  const key = new Uint32Array(CONTACT_KEY);
  const near = key.subarray(0, 2);
  const far = key.subarray(2, 4);
  const back = new Uint32Array(CONTACT_KEY);
  const { words } = contacts;
  eachContact(contacts, key, (at) => {
    const flags = words[at + FLAGS];
    const isPeer = (flags & (TCP_PEERS | UDP_PEERS)) !== 0;
    if (words[at + FAILED_PORTS] !== 0) addTo(hosts, near, FAILED_CONTACTS);
    if ((flags & MAIL) !== 0) {
      addTo(hosts, near, MAIL_OUT);
      addTo(hosts, far, MAIL_IN);
    }
    if ((flags & CALL_CONTROL) !== 0) {
      addTo(hosts, near, CALLS);
      addTo(hosts, far, CALLS);
    }
    if (!isPeer) return;
    if ((flags & NETWORK_PORT) !== 0) addTo(hosts, near, ON_NETWORK_PORT);
    if ((flags & COIN_PORT) !== 0) addTo(hosts, near, ON_COIN_PORT);
    const own = hosts.slotOf(near);
    if (own >= 0) countPeer(hosts.words, own * hosts.stride, flags, words[at + PEER_PORTS]);
    // Both transports between the two, whoever began; a pair with contacts both ways is counted at one of them.
    back[0] = key[2];
    back[1] = key[3];
    back[2] = key[0];
    back[3] = key[1];
    const reverse = contacts.find(back);
    const reverseFlags = reverse < 0 ? 0 : words[reverse * contacts.stride + FLAGS] & (TCP_PEERS | UDP_PEERS);
    if (((flags | reverseFlags) & (TCP_PEERS | UDP_PEERS)) !== (TCP_PEERS | UDP_PEERS)) return;
    if (reverseFlags !== 0 && isAfter(key, back)) return;
    addTo(hosts, near, BOTH);
    addTo(hosts, far, BOTH);
  });
  return hosts;
}

function addTo(table: SampledTable, key: Uint32Array, place: number): void {
  const slot = table.slotOf(key);
  if (slot >= 0) table.words[slot * table.stride + place]++;
}

function eachContact(contacts: SampledTable, key: Uint32Array, visit: (at: number) => void): void {
  for (let slot = 0; slot < contacts.slots; slot++) {
    if (!contacts.isUsed(slot)) continue;
    const at = slot * contacts.stride;
    for (let i = 0; i < CONTACT_KEY; i++) key[i] = contacts.words[at + i];
    visit(at);
  }
}

function isAfter(one: Uint32Array, other: Uint32Array): boolean {
  return one[0] === other[0] ? one[1] > other[1] : one[0] > other[0];
}

function countPeer(words: Uint32Array, at: number, flags: number, ports: number): void {
  words[at + PEERS]++;
  setBit(words, at + FAR_PORTS, FAR_WORDS, ports & 0xffff);
  if ((flags & UDP_PEERS) === 0) return;
  words[at + UDP_ONES]++;
  setBit(words, at + OWN_PORTS, OWN_WORDS, ports >>> 16);
}

/** Bitmaps for linear counting: Whang, Vander-Zanden, Taylor, ACM TODS 1990. */
function setBit(words: Uint32Array, at: number, length: number, value: number): void {
  const bit = finished(mixed(length, value)) & (length * 32 - 1);
  words[at + (bit >>> 5)] |= 1 << (bit & 31);
}

/** Distinct values behind a bitmap; of a full one as many as make it so most likely. */
function distinct(words: Uint32Array, at: number, length: number): number {
  const bits = length * 32;
  let set = 0;
  for (let i = 0; i < length; i++) for (let left = words[at + i]; left !== 0; left &= left - 1) set++;
  if (set === 0) return 0;
  return bits * Math.log(bits / Math.max(bits - set, 0.5));
}

/** Walks over the contacts of every host-day with enough failures, port group by port group; scanners are kept. */
function findScanners({ contacts, initiators }: ContactTables, hosts: SampledTable, behaviours: Behaviours): void {
  const walks = new SampledTable(HOST_KEY, PORT_GROUPS * 2, 0, MOST_WALKS);
  const key = new Uint32Array(CONTACT_KEY);
  for (let slot = 0; slot < hosts.slots; slot++) {
    const at = slot * hosts.stride;
    if (hosts.words[at + FAILED_CONTACTS] >= LEAST_FAILURES) walks.slotOf(hosts.words.subarray(at, at + HOST_KEY));
  }
  if (walks.entries === 0) return;
  eachContact(contacts, key, (at) => {
    const failed = contacts.words[at + FAILED_PORTS];
    const slot = failed === 0 ? -1 : walks.find(key);
    if (slot < 0) return;
    const base = slot * walks.stride + WALK_FAILED;
    for (let group = 0; group < PORT_GROUPS; group++) walks.words[base + group] += (failed >>> group) & 1;
  });
  for (let slot = 0; slot < walks.slots; slot++) {
    if (!walks.isUsed(slot)) continue;
    const counts = walks.words.subarray(slot * walks.stride, (slot + 1) * walks.stride);
    const host = initiators.find(counts);
    if (host < 0) continue;
    let isOne = false;
    for (let group = 0; group < PORT_GROUPS; group++) {
      const answered = answeredFlows(initiators.words, host * initiators.stride, group);
      counts[WALK_ANSWERED + group] = answered;
      isOne ||= isScanner(counts[WALK_FAILED + group], answered);
    }
    if (!isOne) continue;
    const to = behaviours.walks.slotOf(counts);
    if (to >= 0) behaviours.walks.words.set(counts, to * walks.stride);
  }
}

/** Vertical scans, DNS tunnels of many flows, and data connections of FTP. */
function markPairs(contacts: SampledTable, behaviours: Behaviours): void {
  const key = new Uint32Array(CONTACT_KEY);
  eachContact(contacts, key, (at) => {
    const { words } = contacts;
    const dns = words[at + DNS_FLOWS];
    const scan = verticalScan(distinct(words, at + FAILED_PORTS, 1));
    const tunnel = longQueries(dns & 0xffff, dns >>> 16);
    const data = (words[at + FLAGS] & FTP_CONTROL) === 0 ? null : FTP_DATA;
    if (scan === null && tunnel === null && data === null) return;
    const slot = behaviours.pairs.slotOf(key);
    if (slot < 0) return;
    const to = slot * behaviours.pairs.stride;
    behaviours.pairs.words[to + CONTACT_KEY] = behaviours.keep(scan);
    behaviours.pairs.words[to + CONTACT_KEY + 1] = behaviours.keep(tunnel);
    behaviours.pairs.words[to + CONTACT_KEY + 2] = behaviours.keep(data);
  });
}

function markHosts(hosts: SampledTable, behaviours: Behaviours): void {
  for (let slot = 0; slot < hosts.slots; slot++) {
    if (!hosts.isUsed(slot)) continue;
    const at = slot * hosts.stride;
    const { words } = hosts;
    const peers = peerToPeer({
      peers: words[at + PEERS],
      peerPorts: Math.min(distinct(words, at + FAR_PORTS, FAR_WORDS), words[at + PEERS]),
      udpPeers: words[at + UDP_ONES],
      ownPorts: distinct(words, at + OWN_PORTS, OWN_WORDS),
      both: words[at + BOTH],
    });
    const mail = mailServer(words[at + MAIL_OUT], words[at + MAIL_IN]);
    const onPort = peersOnPort(words[at + ON_NETWORK_PORT]);
    const coins = coinNodes(words[at + ON_COIN_PORT]);
    const calls = words[at + CALLS] === 0 ? null : CALL_MEDIA;
    if (peers === null && mail === null && onPort === null && coins === null && calls === null) continue;
    const to = behaviours.hosts.slotOf(words.subarray(at, at + HOST_KEY));
    if (to < 0) continue;
    const base = to * behaviours.hosts.stride;
    behaviours.hosts.words[base + PEER_MARK] = behaviours.keep(peers);
    behaviours.hosts.words[base + MAIL_MARK] = behaviours.keep(mail);
    behaviours.hosts.words[base + NETWORK_MARK] = behaviours.keep(onPort);
    behaviours.hosts.words[base + COIN_MARK] = behaviours.keep(coins);
    behaviours.hosts.words[base + CALL_MARK] = behaviours.keep(calls);
  }
}

function markSockets(known: SampledTable, behaviours: Behaviours): void {
  if (known.entries === 0) return;
  const { words } = known;
  for (let slot = 0; slot < known.slots; slot++) {
    if (!known.isUsed(slot)) continue;
    const at = slot * known.stride;
    const mark = sameSocket(words[at + SOCKET_CATEGORIES], words[at + SOCKET_FAR_PORT] - 1);
    const to = mark === null ? -1 : behaviours.sockets.slotOf(words.subarray(at, at + SOCKET_KEY));
    if (to >= 0) behaviours.sockets.words[to * behaviours.sockets.stride + SOCKET_KEY] = behaviours.keep(mark);
  }
}

function markSessions(sessions: SampledTable, initiators: SampledTable, behaviours: Behaviours): void {
  for (let slot = 0; slot < sessions.slots; slot++) {
    if (!sessions.isUsed(slot)) continue;
    const key = sessions.words.subarray(slot * SESSION_KEY, (slot + 1) * SESSION_KEY);
    const host = initiators.find(key);
    const session = sessionOf(sessions, slot, host < 0 ? null : initiators.words[host * initiators.stride + KILOBYTES]);
    let mark: BehaviourMark | null = null;
    for (const rule of SESSION_RULES) mark ??= rule(session);
    if (mark === null) continue;
    const to = behaviours.sessions.slotOf(key);
    if (to >= 0) behaviours.sessions.words[to * behaviours.sessions.stride + SESSION_KEY] = behaviours.keep(mark);
  }
}

/** @param kilobytes of all that the initiator began that day; null when it is not of the sample */
function sessionOf(sessions: SampledTable, slot: number, kilobytes: number | null): Session {
  const { words, values } = sessions;
  const at = slot * SESSION_FLOATS;
  const ends = words[slot * SESSION_KEY + 4];
  const bytes = values[at + BYTES_OUT] + values[at + BYTES_IN];
  const whole = values[at + SESSION_END] - values[at + SESSION_START];
  return {
    transport: ends >>> 16,
    port: ends & 0xffff,
    span: whole,
    // Two observers of one session count its time twice.
    active: Math.min(values[at + ACTIVE], whole),
    bytesOut: values[at + BYTES_OUT],
    bytesIn: values[at + BYTES_IN],
    packetsOut: values[at + PACKETS_OUT],
    packetsIn: values[at + PACKETS_IN],
    shareOfHost: kilobytes === null ? 0 : Math.min(bytes / Math.max(kilobytes * 1024, 1), 1),
  };
}
