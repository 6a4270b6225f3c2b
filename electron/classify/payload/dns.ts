import { type AddressWords, isIpv4 } from '../../../shared/address.ts';
import { NAME_ORIGINS, TCP, UDP, UNASKED_CLIENTS } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type Payload, WANTS_MORE, WATCH } from '../../../shared/payload.ts';
import { type PayloadRule, u16, u32 } from './rule.ts';

/** DNS messages (RFC 1035, RFC 3596 for AAAA), over UDP and TCP (RFC 7766); multicast forms RFC 6762, RFC 4795. */

const MAX_NAME = 255;
const MAX_JUMPS = 32;
const MAX_ANSWERS = 256;
const TYPE_A = 1;
const TYPE_CNAME = 5;
const TYPE_AAAA = 28;
const CLASS_IN = 1;
const QUESTION_ORIGIN = NAME_ORIGINS.indexOf('dns-question');

/**
 * Receives the addresses that a client was told for a name, or (one of UNASKED_CLIENTS) that got a name unasked. Times in
 * microseconds since the epoch.
 */
export type AnswerSink = (
  client: AddressWords,
  address: AddressWords,
  name: string,
  from: number,
  until: number,
) => void;

const nameBytes = Buffer.alloc(MAX_NAME * 4);

/**
 * Reads a name at `at`; compression pointers are followed (RFC 1035, 4.1.4), letters made lower case, other bytes than
 * visible ASCII printed as \DDD (RFC 4343). Returns the offset behind it, or −1 when it is malformed.
 * The text lies in `nameBytes[0 … nameLength)`.
 */
let nameLength = 0;
function readName(bytes: Uint8Array, start: number, end: number, from: number): number {
  let at = from;
  let after = -1;
  let length = 0;
  let wire = 0;
  for (let jumps = 0; ;) {
    if (at >= end) return -1;
    const label = bytes[at];
    if (label === 0) {
      if (after < 0) after = at + 1;
      break;
    }
    if (label >= 0xc0) {
      if (at + 1 >= end || ++jumps > MAX_JUMPS) return -1;
      if (after < 0) after = at + 2;
      at = start + (((label & 0x3f) << 8) | bytes[at + 1]);
      continue;
    }
    wire += label + 1;
    if (label > 63 || wire > MAX_NAME || at + 1 + label > end) return -1;
    if (length > 0) nameBytes[length++] = 0x2e;
    for (let i = at + 1; i <= at + label; i++) {
      const byte = bytes[i];
      if (byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c) {
        nameBytes[length++] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
      } else {
        nameBytes[length++] = 0x5c;
        nameBytes[length++] = 0x30 + Math.floor(byte / 100);
        nameBytes[length++] = 0x30 + (Math.floor(byte / 10) % 10);
        nameBytes[length++] = 0x30 + (byte % 10);
      }
    }
    at += label + 1;
  }
  nameLength = length;
  return after;
}

/** The same without keeping the text. */
function skipName(bytes: Uint8Array, end: number, from: number): number {
  let at = from;
  while (at < end) {
    const label = bytes[at];
    if (label === 0) return at + 1;
    if (label >= 0xc0) return at + 2 <= end ? at + 2 : -1;
    if (label > 63) return -1;
    at += label + 1;
  }
  return -1;
}

/**
 * Checks that a DNS message begins at `start`, takes the first question into `payload.name` and hands addresses of an
 * answer to the sink.
 */
function readMessage(payload: Payload, start: number, answers: AnswerSink | null): boolean {
  const { bytes, end } = payload;
  if (end - start < 17) return false;
  const flags = u16(bytes, start + 2);
  const questions = u16(bytes, start + 4);
  const answerCount = u16(bytes, start + 6);
  const isResponse = (flags & 0x8000) !== 0;
  const opcode = (flags >>> 11) & 15;
  if (opcode > 6 || opcode === 3 || questions > 32 || answerCount > MAX_ANSWERS) return false;
  if (u16(bytes, start + 8) > MAX_ANSWERS || u16(bytes, start + 10) > MAX_ANSWERS) return false;
  if (questions === 0) return isResponse && answerCount > 0 && plausibleRecord(bytes, start, end);
  if (!isResponse && opcode === 0 && (flags & 0x000f) !== 0) return false;
  const afterName = readName(bytes, start, end, start + 12);
  if (afterName < 0 || afterName + 4 > end) return false;
  const type = u16(bytes, afterName);
  const klass = u16(bytes, afterName + 2) & 0x7fff;
  if (type === 0 || (klass !== CLASS_IN && klass !== 255 && klass !== 3 && klass !== 254)) return false;
  takeQuestion(payload);
  if (!isResponse || answers === null || answerCount === 0 || (type !== TYPE_A && type !== TYPE_AAAA)) return true;

  // An answer by way of other names is good as long as the shortest step on that way (RFC 1034, 3.6.2).
  let shortest = Infinity;
  let at = afterName + 4;
  for (let i = 1; i < questions && at >= 0; i++) {
    at = skipName(bytes, end, at);
    if (at >= 0) at += 4;
  }
  for (let i = 0; i < answerCount && at >= 0; i++) {
    at = skipName(bytes, end, at);
    if (at < 0 || at + 10 > end) break;
    const recordType = u16(bytes, at);
    const given = u32(bytes, at + 4);
    // Lifetimes beyond 2^31 - 1 s count as 0 (RFC 2181, 8).
    const ttl = Math.min(given > 0x7fffffff ? 0 : given, shortest);
    const length = u16(bytes, at + 8);
    const data = at + 10;
    if (data + length > end) break;
    const until = payload.time + ttl * 1e6;
    if (recordType === TYPE_CNAME) shortest = ttl;
    else if (recordType === TYPE_A && length === 4) {
      answers(clientOf(payload), [0, 0, 0xffff, u32(bytes, data)], payload.name, payload.time, until);
    } else if (recordType === TYPE_AAAA && length === 16) {
      const address: AddressWords = [
        u32(bytes, data),
        u32(bytes, data + 4),
        u32(bytes, data + 8),
        u32(bytes, data + 12),
      ];
      answers(clientOf(payload), address, payload.name, payload.time, until);
    }
    at = data + length;
  }
  return true;
}

/** Takes the name read last. */
function takeQuestion(payload: Payload): void {
  payload.name = nameLength > 0 ? nameBytes.toString('latin1', 0, nameLength) : '.';
  payload.nameOrigin = QUESTION_ORIGIN;
}

/**
 * A multicast DNS message (RFC 6762). A host that announces its own address under one name below `.local` names itself; what
 * hosts say of others is not kept.
 */
function readMulticast(payload: Payload, answers: AnswerSink): boolean {
  if (!readMessage(payload, payload.start, null)) return false;
  const { bytes, start, end, source } = payload;
  if ((u16(bytes, start + 2) & 0x8000) === 0) return true;
  let at = start + 12;
  for (let i = u16(bytes, start + 4); i > 0 && at >= 0; i--) {
    at = skipName(bytes, end, at);
    if (at >= 0) at += 4;
  }
  const records = Math.min(u16(bytes, start + 6) + u16(bytes, start + 8) + u16(bytes, start + 10), MAX_ANSWERS);
  for (let i = 0; i < records && at >= 0; i++) {
    const name = at;
    at = skipName(bytes, end, at);
    if (at < 0 || at + 10 > end) break;
    const data = at + 10;
    const length = u16(bytes, at + 8);
    if (data + length > end) break;
    if (isOwnAddress(bytes, at, data, length, source) && readName(bytes, start, end, name) >= 0) {
      const text = nameBytes.toString('latin1', 0, nameLength);
      const until = payload.time + Math.min(u32(bytes, at + 4), 0x7fffffff) * 1e6;
      if (LOCAL_NAME.test(text)) {
        answers(UNASKED_CLIENTS['mdns-announcement'], wordsOf(source), text, payload.time, until);
      }
    }
    at = data + length;
  }
  return true;
}

/** One label below `.local` (RFC 6762, 3). */
const LOCAL_NAME = /^[a-z0-9_-]{1,63}\.local$/;

/** Whether an address record (its type at `at`) holds the sender's address. */
function isOwnAddress(bytes: Uint8Array, at: number, data: number, length: number, source: Int32Array): boolean {
  const type = u16(bytes, at);
  if (type === TYPE_A && length === 4) {
    return isIpv4(source[0], source[1], source[2]) && u32(bytes, data) === source[3] >>> 0;
  }
  if (type !== TYPE_AAAA || length !== 16) return false;
  for (let i = 0; i < 4; i++) if (u32(bytes, data + i * 4) !== source[i] >>> 0) return false;
  return true;
}

function plausibleRecord(bytes: Uint8Array, start: number, end: number): boolean {
  const at = skipName(bytes, end, start + 12);
  return at >= 0 && at + 10 <= end && at + 10 + u16(bytes, at + 8) <= end && (u16(bytes, at + 2) & 0x7fff) === CLASS_IN;
}

/** The receiver of an answer is the client. */
function clientOf(payload: Payload): AddressWords {
  return wordsOf(payload.destination);
}

/** The address in four signed words. */
export function wordsOf([a, b, c, d]: Int32Array): AddressWords {
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

function uses(payload: Payload, port: number): boolean {
  return payload.sourcePort === port || payload.destinationPort === port;
}

/**
 * Whether the port makes a DNS message one of a multicast form. Port 53 at the other end makes it plain DNS: a resolver may
 * send its query from any port.
 */
function isMulticastForm(payload: Payload, port: number): boolean {
  return uses(payload, port) && !uses(payload, 53);
}

/** Rules for DNS and its multicast forms; addresses in answers of unicast DNS go to `answers`. */
export function dnsRules(answers: AnswerSink): PayloadRule[] {
  return [
    {
      id: 'mdns-message',
      protocol: 'mdns',
      transport: UDP,
      recognise: (payload) =>
        isMulticastForm(payload, 5353) && readMulticast(payload, answers) ? WATCH : NOT_RECOGNISED,
    },
    {
      id: 'llmnr-message',
      protocol: 'llmnr',
      transport: UDP,
      recognise: (payload) =>
        isMulticastForm(payload, 5355) && readMessage(payload, payload.start, null) ? WATCH : NOT_RECOGNISED,
    },
    {
      id: 'dns-message',
      protocol: 'dns',
      transport: UDP,
      recognise(payload) {
        // NetBIOS name service (RFC 1002) shares the header but encodes its names otherwise.
        const isOther = uses(payload, 137) || uses(payload, 5353) || uses(payload, 5355);
        if (isOther && !uses(payload, 53)) return NOT_RECOGNISED;
        if (!uses(payload, 53) && payload.rule === 0 && !wholeMessage(payload)) return NOT_RECOGNISED;
        if (readMessage(payload, payload.start, answers)) return WATCH;
        if (!uses(payload, 53) || !isStandardHeader(payload)) return payload.rule === 0 ? NOT_RECOGNISED : WATCH;
        const { bytes, start, end } = payload;
        // Of a damaged message, no name at all is more likely another damage than a question for the root.
        if (readName(bytes, start, end, start + 12) >= 0 && nameLength > 0) takeQuestion(payload);
        return WATCH;
      },
    },
    {
      id: 'dns-stream',
      protocol: 'dns',
      transport: TCP,
      recognise(payload) {
        const { bytes, start, end } = payload;
        if (!uses(payload, 53) && !uses(payload, 5353)) {
          if (payload.rule === 0 && !(fillsStream(payload) && wholeMessage(payload, start + 2))) return NOT_RECOGNISED;
          readMessage(payload, start + 2, answers);
          return WATCH;
        }
        if (end - start < 2) return WANTS_MORE;
        if (readMessage(payload, start + 2, answers)) return WATCH;
        if (payload.rule !== 0) return WATCH;
        return u16(bytes, start) > end - start - 2 ? WANTS_MORE : NOT_RECOGNISED;
      },
    },
  ];
}

/**
 * A query or answer of one question by its header (RFC 1035, 4.1.1): on port 53 that tells the protocol though the rest is
 * damaged or was not captured.
 */
function isStandardHeader({ bytes, start, end }: Payload): boolean {
  if (end - start < 12 || u16(bytes, start + 4) !== 1) return false;
  const flags = u16(bytes, start + 2);
  // A query leaves all but RD, AD and CD zero; an answer has opcode 0, a zero bit and an error code of RFC 1035.
  return (flags & 0xfecf) === 0 || ((flags & 0xf840) === 0x8000 && (flags & 15) <= 5);
}

/** Whether the length in front of a message of a stream (RFC 7766, 8) is that of the segment. */
function fillsStream({ bytes, start, end }: Payload): boolean {
  return end - start >= 19 && u16(bytes, start) === end - start - 2;
}

/** On an odd port only a message that fills what carries it exactly counts: a query of one question, or its answer. */
function wholeMessage(payload: Payload, start = payload.start): boolean {
  const { bytes, end } = payload;
  if (end - start < 17 || u16(bytes, start + 4) !== 1) return false;
  let at = skipName(bytes, end, start + 12);
  if (at < 0) return false;
  at += 4;
  const records = u16(bytes, start + 6) + u16(bytes, start + 8) + u16(bytes, start + 10);
  if (records > MAX_ANSWERS) return false;
  for (let i = 0; i < records; i++) {
    at = skipName(bytes, end, at);
    if (at < 0 || at + 10 > end) return false;
    at += 10 + u16(bytes, at + 8);
  }
  return at === end;
}
