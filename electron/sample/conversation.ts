import { ICMP, TCP, UDP } from '../../shared/flow.ts';
import * as payload from './sample-payloads.ts';
import type { SampleRandom } from './sample-random.ts';

/**
 * How conversations go, packet by packet: what is said first (byte by byte, by the protocol's specification), what
 * follows, how it is spread over time. The one description from which captures are written and flow records are counted, so
 * that both agree.
 */

export const CONVERSATIONS = [
  'dns',
  'ntp',
  'ping',
  'tls',
  'http',
  'tanks',
  'source',
  'bittorrent',
  'openvpn',
  'wireguard',
  'ssh',
  'bitcoin',
  'stratum',
  'smtp',
  'dns-tunnel',
  'probe',
  'refused-probe',
  'backscatter',
  'reflected',
] as const;
export type Conversation = (typeof CONVERSATIONS)[number];

/** IP protocol number of a conversation. */
export function transportOf(kind: Conversation): typeof TCP | typeof UDP | typeof ICMP {
  return kind === 'ping' ? ICMP : UDP_KINDS.has(kind) ? UDP : TCP;
}
const UDP_KINDS: ReadonlySet<Conversation> = new Set([
  'dns',
  'ntp',
  'tanks',
  'source',
  'openvpn',
  'wireguard',
  'dns-tunnel',
  'reflected',
]);

/** Payload of one message of the exchange that follows the opening, client's and server's, bytes. */
const MESSAGES: Partial<Record<Conversation, readonly [up: number, down: number]>> = {
  ping: [32, 32],
  tanks: [70, 160],
  source: [90, 180],
  openvpn: [300, 900],
  wireguard: [160, 912],
  bitcoin: [61, 265],
  stratum: [120, 60],
  ssh: [84, 148],
};

/** Whether what follows the opening is an exchange of messages; else one transfer. */
export function isExchange(kind: Conversation): boolean {
  return MESSAGES[kind] !== undefined;
}

/** Messages that carry so many bytes from the server, at least one. */
export function messagesFor(kind: Conversation, down: number): number {
  return Math.max(1, Math.round(down / (MESSAGES[kind]?.[1] ?? 1)));
}

/** What a conversation is about; `eachPacket` and `openingOf` need nothing else. */
export interface Subject {
  readonly kind: Conversation;
  /** Host name; '' where there is none. */
  readonly name: string;
  readonly userAgent: string;
  /** Which client's TLS hello. */
  readonly tls: number;
  /** Addresses that the DNS answers with, as words. */
  readonly answers: readonly number[];
}

/** One flow's own figures. */
export interface Course {
  /** Bytes transferred by client and server beyond the opening. Of an exchange: unused. */
  up: number;
  down: number;
  /** Messages of an exchange, each way. */
  count: number;
  /** Microseconds between segments of a transfer, or between messages. */
  pace: number;
  /** Microseconds from the vantage point to the server and back. */
  roundTrip: number;
}

/** One piece of the opening. `transfer` comes right behind it, from the same side. */
export interface Turn {
  readonly fromClient: boolean;
  readonly length: number;
  readonly transfer: boolean;
}

export const SEGMENT = 1460;
/** Seconds that an answer of the DNS may be kept. */
export const DNS_LIFETIME = 600;
const IP_HEADER = 20;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
export const SYN_OPTIONS = 8;
/** Time that an end takes to react, and to acknowledge, microseconds. */
const REACTION = 1500;
const ACKNOWLEDGE = 300;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

/** Receives the packets of a flow in order of time. */
export interface PacketVisitor {
  /**
   * @param offset microseconds since the flow began
   * @param payloadLength bytes behind the transport header
   * @param ipLength bytes of the IP packet with all headers
   * @param turn number of the piece of the opening that the payload belongs to; -1 = message of an exchange, or none
   * @param at how far into the piece (and the transfer behind it) the payload begins
   */
  packet(
    offset: number,
    fromClient: boolean,
    tcpFlags: number,
    payloadLength: number,
    ipLength: number,
    turn: number,
    at: number,
  ): void;
}

/** The packets of a flow. */
export function eachPacket(kind: Conversation, turns: readonly Turn[], course: Course, visitor: PacketVisitor): void {
  if (transportOf(kind) === TCP) segments(kind, turns, course, visitor);
  else datagrams(kind, turns, course, visitor);
}

function datagrams(kind: Conversation, turns: readonly Turn[], course: Course, visitor: PacketVisitor): void {
  const headers = IP_HEADER + UDP_HEADER;
  let time = 0;
  for (let turn = 0; turn < turns.length; turn++) {
    const { fromClient, length } = turns[turn];
    if (turn > 0) time += fromClient ? REACTION : course.roundTrip;
    visitor.packet(time, fromClient, 0, length, headers + length, turn, 0);
  }
  const [up, down] = MESSAGES[kind] ?? [0, 0];
  if (kind === 'reflected') {
    // Answers that nobody here asked for: one side speaks.
    for (let i = 1; i < course.count; i++) {
      time += course.pace;
      visitor.packet(time, true, 0, turns[0].length, headers + turns[0].length, 0, 0);
    }
    return;
  }
  const messages = up > 0 ? course.count : 0;
  for (let i = 0; i < messages; i++) {
    if (i > 0 || turns.length > 0) time += course.pace;
    visitor.packet(time, true, 0, up, headers + up, -1, 0);
    time += course.roundTrip;
    visitor.packet(time, false, 0, down, headers + down, -1, 0);
  }
}

function segments(kind: Conversation, turns: readonly Turn[], course: Course, visitor: PacketVisitor): void {
  const headers = IP_HEADER + TCP_HEADER;
  if (kind === 'backscatter') {
    visitor.packet(0, true, SYN | ACK, 0, headers + SYN_OPTIONS, -1, 0);
    return;
  }
  visitor.packet(0, true, SYN, 0, headers + SYN_OPTIONS, -1, 0);
  if (kind === 'probe') return;
  const { roundTrip, pace } = course;
  let time = roundTrip;
  if (kind === 'refused-probe') {
    visitor.packet(time, false, RST | ACK, 0, headers, -1, 0);
    return;
  }
  visitor.packet(time, false, SYN | ACK, 0, headers + SYN_OPTIONS, -1, 0);
  time += REACTION;
  visitor.packet(time, true, ACK, 0, headers, -1, 0);
  for (let turn = 0; turn < turns.length; turn++) {
    const { fromClient, length: opening, transfer } = turns[turn];
    const length = opening + (transfer ? (fromClient ? course.up : course.down) : 0);
    time += fromClient ? REACTION : roundTrip;
    for (let at = 0, number = 1; at < length; at += SEGMENT, number++) {
      if (at > 0) time += pace;
      const size = Math.min(SEGMENT, length - at);
      const isLast = at + SEGMENT >= length;
      visitor.packet(time, fromClient, isLast ? ACK | PSH : ACK, size, headers + size, turn, at);
      if (isLast || number % 2 === 0) visitor.packet(time + ACKNOWLEDGE, !fromClient, ACK, 0, headers, -1, 0);
    }
  }
  const [up, down] = MESSAGES[kind] ?? [0, 0];
  const messages = up > 0 ? course.count : 0;
  for (let i = 0; i < messages; i++) {
    time += pace;
    visitor.packet(time, true, ACK | PSH, up, headers + up, -1, 0);
    visitor.packet(time + ACKNOWLEDGE, false, ACK, 0, headers, -1, 0);
    time += roundTrip;
    visitor.packet(time, false, ACK | PSH, down, headers + down, -1, 0);
    visitor.packet(time + ACKNOWLEDGE, true, ACK, 0, headers, -1, 0);
  }
  time += REACTION;
  visitor.packet(time, true, FIN | ACK, 0, headers, -1, 0);
  time += roundTrip;
  visitor.packet(time, false, FIN | ACK, 0, headers, -1, 0);
  time += REACTION;
  visitor.packet(time, true, ACK, 0, headers, -1, 0);
}

/** What is said in each turn of the opening. */
export interface Opening {
  readonly turns: readonly Turn[];
  readonly heads: readonly Buffer[];
}

/** Bytes of a packet that carries what nobody needs to read. */
export interface Filler {
  readonly bytes: Buffer;
}

const HTTP_TYPE = 'text/html';

/** Path of a web page or file, of a fixed length. */
export function httpPath(random: SampleRandom): string {
  return `/c/${random.word().toString(16).padStart(8, '0')}`;
}

/**
 * The opening of a conversation. Lengths depend on the subject alone, bytes also on `random`.
 *
 * @param down bytes of the transfer, which HTTP states ahead
 * @param time microseconds since the epoch
 */
export function openingOf(subject: Subject, random: SampleRandom, down: number, time: number): Opening {
  const turns: Turn[] = [];
  const heads: Buffer[] = [];
  const say = (fromClient: boolean, head: Buffer, transfer = false): void => {
    turns.push({ fromClient, length: head.length, transfer });
    heads.push(head);
  };
  const { kind, name } = subject;
  switch (kind) {
    case 'dns':
    case 'dns-tunnel': {
      const id = random.word() & 0xffff;
      say(true, payload.dnsQuestion(id, name));
      say(false, payload.dnsAnswer(id, name, undefined, subject.answers, DNS_LIFETIME));
      break;
    }
    case 'ntp':
      say(true, payload.ntpPacket(random, 3));
      say(false, payload.ntpPacket(random, 4));
      break;
    case 'tls': {
      const session = random.bytes(32);
      say(true, payload.clientHello(random, name, subject.tls, session));
      say(false, payload.serverHello(random, session));
      say(true, payload.clientFinish(random, 300), true);
      say(false, payload.applicationData(random.bytes(64), 64), true);
      break;
    }
    case 'http':
      say(true, payload.httpRequest(name, httpPath(random), subject.userAgent));
      say(false, payload.httpResponseHead(down, HTTP_TYPE), true);
      break;
    case 'tanks':
      say(true, random.bytes(12));
      break;
    case 'source':
      say(true, payload.SOURCE_QUERY);
      say(false, payload.SOURCE_ANSWER);
      break;
    case 'bittorrent': {
      const infoHash = random.bytes(20);
      say(true, payload.bittorrentHandshake(random, infoHash));
      say(false, payload.bittorrentHandshake(random, infoHash));
      say(true, Buffer.from([0, 0, 0, 1, 2]), true);
      say(false, Buffer.from([0, 0, 0x40, 9, 7]), true);
      break;
    }
    case 'openvpn': {
      const [client, server] = [random.bytes(8), random.bytes(8)];
      say(true, payload.openvpnReset(client, null));
      say(false, payload.openvpnReset(client, server));
      break;
    }
    case 'wireguard':
      say(true, payload.wireguardInitiation(random));
      say(false, payload.wireguardResponse(random));
      break;
    case 'ssh':
      say(true, payload.sshBanner('PuTTY_Release_0.67'));
      say(false, payload.sshBanner('OpenSSH_7.2p2 Ubuntu-4ubuntu2.1'));
      break;
    case 'bitcoin': {
      const version = payload.bitcoinMessage('version', payload.bitcoinVersion(random, Math.floor(time / 1e6)));
      const ready = payload.bitcoinMessage('verack', Buffer.alloc(0));
      say(true, version);
      say(false, Buffer.concat([version, ready]));
      say(true, ready);
      break;
    }
    case 'stratum':
      say(true, payload.stratumSubscribe());
      say(false, payload.stratumSubscribed(random));
      say(true, payload.stratumAuthorize());
      say(false, payload.stratumAuthorized());
      break;
    case 'smtp':
      say(false, Buffer.from('220 mx.example.org ESMTP Postfix\r\n'));
      say(true, Buffer.from('EHLO localhost\r\n'));
      say(false, Buffer.from('250 mx.example.org\r\n'));
      say(true, Buffer.from('MAIL FROM:<news@example.net>\r\n'));
      say(false, Buffer.from('250 2.1.0 Ok\r\n'));
      say(true, Buffer.from('RCPT TO:<info@example.org>\r\n'));
      say(false, Buffer.from('250 2.1.5 Ok\r\n'));
      say(true, Buffer.from('DATA\r\n'));
      say(false, Buffer.from('354 End data with <CR><LF>.<CR><LF>\r\n'));
      say(true, Buffer.from('Subject: offer\r\n\r\n'), true);
      say(false, Buffer.from('250 2.0.0 Ok: queued\r\n'));
      say(true, Buffer.from('QUIT\r\n'));
      say(false, Buffer.from('221 2.0.0 Bye\r\n'));
      break;
    case 'reflected':
      say(true, payload.reflectedAnswer(random));
      break;
    case 'ping':
    case 'probe':
    case 'refused-probe':
    case 'backscatter':
  }
  return { turns, heads };
}

/** Payload of one message of an exchange, in `filler` where it need not be told apart. */
export function messageHead(kind: Conversation, fromClient: boolean): Buffer | null {
  switch (kind) {
    case 'openvpn':
      return OPENVPN_DATA;
    case 'wireguard':
      return WIREGUARD_DATA;
    case 'stratum':
      return fromClient ? STRATUM_SUBMIT : STRATUM_RESULT;
    case 'bitcoin':
      return fromClient ? BITCOIN_INV : BITCOIN_TX;
    default:
      return null;
  }
}
const OPENVPN_DATA = Buffer.from([0x30]);
const WIREGUARD_DATA = Buffer.from([4, 0, 0, 0]);
const STRATUM_SUBMIT = Buffer.from('{"id":4,"method":"mining.submit","params":["worker.1","');
const STRATUM_RESULT = Buffer.from('{"id":4,"result":true,"error":null}\n');
const BITCOIN_INV = payload.bitcoinMessage('inv', Buffer.alloc(37));
const BITCOIN_TX = payload.bitcoinMessage('tx', Buffer.alloc(241));
