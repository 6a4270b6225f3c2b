import { TCP, UDP } from '../../../shared/flow.ts';
import { registeredOn } from '../registered-ports.ts';
import { isCallControlPort } from './call-media.ts';
import { DNS_PORT, LONG_QUERY } from './dns-tunnels.ts';
import { ANSWERED, FAILED, isGroupAddress, isProbe, isTracerouteProbe, outcomeOf } from '../../../shared/flow-shape.ts';
import { FTP_PORT } from './ftp-data.ts';
import { SMTP_PORT } from './mail-servers.ts';
import { isCoinPort, isNetworkPort, isPeerPort } from './peer-to-peer.ts';
import { finished, mixed, SampledTable } from './sampled-table.ts';
import { LEAST_PIECE } from './sessions.ts';
import { categoryBit, SOCKET_SPAN } from './sockets.ts';

/**
 * What a pass over the flows gathers: contacts (who sought whom on a day, with what result) and sessions (what lasted
 * between two ends on a day). A day is a UTC day of the flow's start, and part of the key: an address may be another machine
 * tomorrow. All counters are sums of whole numbers, minima or unions, so that the order of flows does not matter.
 */

/** Kept at once (some 25, 25 and 9 MB); beyond, a sample is. */
const MOST_INITIATORS = 2 ** 18;
const MOST_CONTACTS = 2 ** 20;
const MOST_SESSIONS = 2 ** 17;
const MOST_SOCKETS = 2 ** 17;

/** Words of a host-day as initiator: its key, kilobytes of both directions (each flow rounded up), and the flows that were
 * answered by group of ports, two to a word, each stopping at 65,535. */
export const HOST_KEY = 2;
export const KILOBYTES = 2;
export const ANSWERED_FLOWS = 3;
export const PORT_GROUPS = 32;
const INITIATOR_COUNTERS = 1 + PORT_GROUPS / 2;

/**
 * Words of a contact: its key of two host-days; what it was; the groups of ports that failed; DNS flows in the low half and those with
 * long queries in the high one, each stopping at 65,535; between ports of peers the initiator's least UDP port + 1 in the high half and
 * the responder's least port + 1 in the low. Ordinary contacts (the web's) have no entry.
 */
export const CONTACT_KEY = 4;
export const FLAGS = 4;
export const FAILED_PORTS = 5;
export const DNS_FLOWS = 6;
export const PEER_PORTS = 7;
const CONTACT_COUNTERS = 4;

/** Bits of FLAGS. */
export const TCP_PEERS = 1;
export const UDP_PEERS = 2;
export const MAIL = 4;
export const NETWORK_PORT = 8;
export const COIN_PORT = 16;
export const FTP_CONTROL = 32;
export const CALL_CONTROL = 64;

/** Words of a session behind its key: two host-days and transport with the responder's port. */
export const SESSION_KEY = 5;
export const SESSION_FLOATS = 7;
export const SESSION_START = 0;
export const SESSION_END = 1;
export const ACTIVE = 2;
export const BYTES_OUT = 3;
export const BYTES_IN = 4;
export const PACKETS_OUT = 5;
export const PACKETS_IN = 6;

/** Words of a socket: its key of an address in a span of time and a UDP port; the categories that it was answered in, as bits, and the least
 * registered port of the far ends + 1. */
export const SOCKET_KEY = 3;
export const SOCKET_CATEGORIES = 3;
export const SOCKET_FAR_PORT = 4;
const SOCKET_COUNTERS = 2;

const DAY = 86_400e6;

/** Group of a port, 0 to 31: an even spread. */
export function portGroup(transport: number, port: number): number {
  return finished(mixed(transport, port)) & 31;
}

/** Writes the 64-bit fingerprint of an address on a day into a key. */
export function hostDayInto(key: Uint32Array, place: number, words: ArrayLike<number>, at: number, day: number): void {
  let low = mixed(day, words[at + 3]);
  let high = mixed(~day, words[at + 3]);
  if ((words[at] | words[at + 1]) !== 0 || words[at + 2] !== 0xffff) {
    for (let i = 2; i >= 0; i--) {
      low = mixed(low, words[at + i]);
      high = mixed(high, words[at + i]);
    }
  }
  // The first word of a key is never 0.
  key[place] = finished(low) | 1;
  key[place + 1] = finished(high);
}

export function dayOf(time: number): number {
  return Math.floor(time / DAY);
}

/** Columns of facts that the pass reads. */
export const GATHERED_COLUMNS = [
  'start',
  'end',
  'initiator',
  'responder',
  'initiatorPort',
  'responderPort',
  'transport',
  'packetsOut',
  'bytesOut',
  'packetsIn',
  'bytesIn',
  'tcpFlags',
  'state',
  'sampling',
] as const;
export type GatheredColumn = (typeof GATHERED_COLUMNS)[number];

export interface FlowColumnsView {
  readonly rows: number;
  column(name: GatheredColumn): ArrayLike<number>;
}

export class ContactTables {
  readonly initiators = new SampledTable(HOST_KEY, INITIATOR_COUNTERS, 0, MOST_INITIATORS);
  readonly contacts = new SampledTable(CONTACT_KEY, CONTACT_COUNTERS, 0, MOST_CONTACTS);
  readonly sessions = new SampledTable(SESSION_KEY, 0, SESSION_FLOATS, MOST_SESSIONS);
  readonly sockets = new SampledTable(SOCKET_KEY, SOCKET_COUNTERS, 0, MOST_SOCKETS);
  readonly #key = new Uint32Array(SESSION_KEY);
  readonly #socket = new Uint32Array(SOCKET_KEY);

  /** Adds the flows of a segment. Sampled flows show no failures. */
  add(facts: FlowColumnsView): void {
    const [start, end] = [facts.column('start'), facts.column('end')];
    const [initiator, responder] = [facts.column('initiator'), facts.column('responder')];
    const [initiatorPort, responderPort] = [facts.column('initiatorPort'), facts.column('responderPort')];
    const [packetsOut, bytesOut] = [facts.column('packetsOut'), facts.column('bytesOut')];
    const [packetsIn, bytesIn] = [facts.column('packetsIn'), facts.column('bytesIn')];
    const [transports, flags, state] = [facts.column('transport'), facts.column('tcpFlags'), facts.column('state')];
    const sampling = facts.column('sampling');
    const { initiators } = this;
    const key = this.#key;

    for (let row = 0; row < facts.rows; row++) {
      const transport = transports[row];
      if (transport !== TCP && transport !== UDP) continue;
      const at = row * 4;
      if (isGroupAddress(responder[at], responder[at + 1], responder[at + 2], responder[at + 3])) continue;
      const day = dayOf(start[row]);
      hostDayInto(key, 0, initiator, at, day);
      const out = packetsOut[row];
      const into = packetsIn[row];
      const ownPort = initiatorPort[row];
      const port = responderPort[row];
      const factor = sampling[row] || 1;
      const outcome = outcomeOf(transport, state[row], flags[row], ownPort, out, into);

      const host = initiators.slotOf(key);
      if (host >= 0) {
        const { words } = initiators;
        const entry = host * initiators.stride;
        const kilobytes = Math.ceil(((bytesOut[row] + bytesIn[row]) * factor) / 1024);
        words[entry + KILOBYTES] = Math.min(words[entry + KILOBYTES] + kilobytes, 0xffffffff);
        if (outcome === ANSWERED) countAnswered(words, entry, portGroup(transport, port));
      }

      if (transport === UDP && outcome === ANSWERED && ownPort >= 1024) {
        this.#addSocket(initiator, at, start[row], ownPort, port);
      }
      let flag = 0;
      let failed = 0;
      if (outcome === ANSWERED) {
        if (isPeerPort(port) && isPeerPort(ownPort)) {
          flag = transport === TCP ? TCP_PEERS : UDP_PEERS;
          if (isNetworkPort(port)) flag |= NETWORK_PORT;
          else if (isCoinPort(transport, port)) flag |= COIN_PORT;
        }
        if (port === SMTP_PORT && transport === TCP) flag = MAIL;
        if (port === FTP_PORT && transport === TCP) flag = FTP_CONTROL;
        if (isCallControlPort(transport, port)) flag |= CALL_CONTROL;
      } else if (outcome === FAILED && factor === 1 && isProbe(transport, out, bytesOut[row], into, bytesIn[row])) {
        if (!isTracerouteProbe(transport, port)) failed = 1 << portGroup(transport, port);
      }
      const isLasting = end[row] - start[row] >= LEAST_PIECE;
      if (flag === 0 && failed === 0 && port !== DNS_PORT && !isLasting) continue;

      hostDayInto(key, 2, responder, at, day);
      if (flag !== 0 || failed !== 0 || port === DNS_PORT) {
        const isLong = port === DNS_PORT && out > 0 && bytesOut[row] >= LONG_QUERY * out;
        this.#addContact(flag, failed, ownPort, port, isLong);
      }
      if (!isLasting) continue;
      key[4] = (transport << 16) | port;
      const session = this.sessions.slotOf(key);
      if (session < 0) continue;
      const { values } = this.sessions;
      const base = session * SESSION_FLOATS;
      const first = values[base + SESSION_START];
      if (first === 0 || start[row] < first) values[base + SESSION_START] = start[row];
      if (end[row] > values[base + SESSION_END]) values[base + SESSION_END] = end[row];
      values[base + ACTIVE] += end[row] - start[row];
      values[base + BYTES_OUT] += bytesOut[row] * factor;
      values[base + BYTES_IN] += bytesIn[row] * factor;
      values[base + PACKETS_OUT] += out * factor;
      values[base + PACKETS_IN] += into * factor;
    }
  }

  /** Notes what a socket speaks, for the span of the flow's start and its neighbours. */
  #addSocket(words: ArrayLike<number>, at: number, time: number, ownPort: number, port: number): void {
    const registered = registeredOn(UDP, port);
    const category = registered === null ? 0 : categoryBit(registered.category);
    if (category === 0) return;
    const key = this.#socket;
    const { sockets } = this;
    key[2] = ownPort;
    const span = Math.floor(time / SOCKET_SPAN);
    for (let near = span - 1; near <= span + 1; near++) {
      hostDayInto(key, 0, words, at, near);
      const slot = sockets.slotOf(key);
      if (slot < 0) continue;
      const entry = slot * sockets.stride;
      sockets.words[entry + SOCKET_CATEGORIES] |= category;
      sockets.words[entry + SOCKET_FAR_PORT] = leastKnown(sockets.words[entry + SOCKET_FAR_PORT], port);
    }
  }

  #addContact(flag: number, failed: number, ownPort: number, port: number, isLong: boolean): void {
    const { contacts } = this;
    const slot = contacts.slotOf(this.#key);
    if (slot < 0) return;
    const { words } = contacts;
    const at = slot * contacts.stride;
    words[at + FLAGS] |= flag;
    words[at + FAILED_PORTS] |= failed;
    if (port === DNS_PORT) {
      const known = words[at + DNS_FLOWS];
      const all = Math.min((known & 0xffff) + 1, 0xffff);
      const long = Math.min((known >>> 16) + (isLong ? 1 : 0), 0xffff);
      words[at + DNS_FLOWS] = (long << 16) | all;
    }
    if ((flag & (TCP_PEERS | UDP_PEERS)) === 0) return;
    const known = words[at + PEER_PORTS];
    const own = (flag & UDP_PEERS) !== 0 ? leastKnown(known >>> 16, ownPort) : known >>> 16;
    words[at + PEER_PORTS] = (own << 16) | leastKnown(known & 0xffff, port);
  }
}

function countAnswered(words: Uint32Array, entry: number, group: number): void {
  const place = entry + ANSWERED_FLOWS + (group >>> 1);
  const known = words[place];
  if ((group & 1) === 0) {
    if ((known & 0xffff) !== 0xffff) words[place] = known + 1;
  } else if (known >>> 16 !== 0xffff) words[place] = known + 0x10000;
}

/** Answered flows of a host-day to a group of ports. */
export function answeredFlows(words: Uint32Array, entry: number, group: number): number {
  const both = words[entry + ANSWERED_FLOWS + (group >>> 1)];
  return (group & 1) === 0 ? both & 0xffff : both >>> 16;
}

/** The lesser of a port and one kept as port + 1 (0 = none yet), kept likewise; port 65,535 counts as 65,534. */
function leastKnown(known: number, port: number): number {
  const kept = Math.min(port, 0xfffe) + 1;
  return known === 0 ? kept : Math.min(known, kept);
}
