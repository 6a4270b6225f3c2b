import { NAME_ORIGINS, TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { awaitHello } from './dtls.ts';
import { behind, u32LE, usesPort, verdict } from './payload-fields.ts';
import { CloserRule, latin1, type PayloadRule, startsWith, u16, u32 } from './rule.ts';
import { callOf } from './service-forms.ts';

/** Signalling and media of calls. Each function names its specification. */

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const LONGEST_START_LINE = 1024;

/** The first line as far as it is there; null when it is longer than any start line. */
function firstLine(bytes: Uint8Array, start: number, end: number): { text: string; complete: boolean } | null {
  const reach = Math.min(end, start + LONGEST_START_LINE);
  const length = bytes.subarray(start, reach).indexOf(10);
  if (length < 0) return reach < end ? null : { text: latin1(bytes, start, reach), complete: false };
  return { text: latin1(bytes, start, start + length).trimEnd(), complete: true };
}

/** Methods of RFC 3261, 3262, 3311, 3428, 3515, 3903, 6086 and 6665. */
const SIP_METHODS = [
  'INVITE', 'ACK', 'BYE', 'CANCEL', 'REGISTER', 'OPTIONS', 'PRACK', 'UPDATE', 'MESSAGE', 'REFER', 'PUBLISH', 'INFO',
  'SUBSCRIBE', 'NOTIFY',
].map((method) => `${method} `); // prettier-ignore
const SIP_REQUEST = /^[A-Z]+ [a-z][a-z\d+.-]*:\S+ SIP\/2\.0$/i;
const SIP_REQUEST_BEGUN = /^[A-Z]+ (sips?|tel):\S* ?\S*$/i;

/** SIP start lines (RFC 3261, 7.1 and 7.2). */
function sip({ bytes, start, end, transport }: Payload): InspectionResult {
  if (bytes[start] === 0x53 && startsWith(bytes, start, end, 'SIP/2.0 ')) {
    const code = bytes[start + 8];
    return verdict(end - start >= 12 && code >= 0x31 && code <= 0x36 && bytes[start + 11] === 0x20);
  }
  if (!SIP_METHODS.some((method) => startsWith(bytes, start, end, method))) return NOT_RECOGNISED;
  const line = firstLine(bytes, start, end);
  if (line === null) return NOT_RECOGNISED;
  if (line.complete) return verdict(SIP_REQUEST.test(line.text));
  return transport === TCP && SIP_REQUEST_BEGUN.test(line.text) ? WANTS_MORE : NOT_RECOGNISED;
}

const MGCP_VERBS = ['EPCF ', 'CRCX ', 'MDCX ', 'DLCX ', 'RQNT ', 'NTFY ', 'AUEP ', 'AUCX ', 'RSIP ', 'MESG '];

/** MGCP commands: verb, transaction, endpoint, version (RFC 3435, 3.2.1). */
function isMgcp({ bytes, start, end }: Payload): boolean {
  if (!MGCP_VERBS.some((verb) => startsWith(bytes, start, end, verb))) return false;
  return /^[A-Z]{4} \d{1,9} \S+ MGCP \d\.\d(\s|$)/.test(firstLine(bytes, start, end)?.text ?? '');
}

/** H.248 text messages (RFC 3525, annex B.2): version and the sender's address. */
function isMegaco({ bytes, start, end }: Payload): boolean {
  if (!startsWith(bytes, start, end, 'MEGACO/') && !startsWith(bytes, start, end, '!/')) return false;
  return /^(MEGACO|!)\/[1-9]\d?\s+(\[[\d.:a-f]+\]|<[\w.-]+>|MTP\{|[\w.-]+@|[\w/.-]+\s)/i.test(
    latin1(bytes, start, Math.min(end, start + 100)),
  );
}

/** The same over TCP, each message in a TPKT packet of its length (RFC 3525, D.2; RFC 1006, 6). */
function isMegacoStream(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const isPacket = end - start >= 16 && u16(bytes, start) === 0x0300 && u16(bytes, start + 2) >= 16;
  return isPacket && behind(payload, start + 4, isMegaco);
}

const RTP_HEADER = 12;
const MAX_SEQUENCE_STEP = 32;
/** Ten seconds at the video clock of 90 kHz. */
const MAX_TIMESTAMP_STEP = 900_000;

/** What the last packets of a media flow said, by direction: 0 = from the initiator. */
class MediaMemory {
  readonly rtp: (RtpHeader | null)[] = [null, null];
  /** Sender's SSRC of the last RTCP packet; −1 before the first. */
  readonly rtcpSource = [-1, -1];
}

interface RtpHeader {
  readonly source: number;
  readonly sequence: number;
  readonly timestamp: number;
}

function mediaMemory(payload: Payload): MediaMemory {
  if (payload.memory instanceof MediaMemory) return payload.memory;
  const memory = new MediaMemory();
  payload.memory = memory;
  return memory;
}

/**
 * Whether an RTP header stands at `at` and fits (RFC 3550, 5.1): payload types 0–63 and 96–127, since the others would be
 * RTCP's (RFC 5761, 4); contributing sources and extension lie within the packet. Padding may be encrypted (RFC 3711).
 */
function isRtpHeader(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at <= RTP_HEADER || bytes[at] >>> 6 !== 2) return false;
  const type = bytes[at + 1] & 0x7f;
  if (type >= 64 && type <= 95) return false;
  const headerEnd = at + RTP_HEADER + (bytes[at] & 15) * 4;
  if ((bytes[at] & 0x10) === 0) return headerEnd <= end;
  return headerEnd + 4 <= end && headerEnd + 4 + u16(bytes, headerEnd + 2) * 4 <= end;
}

/** Two RTP packets of one direction and source, of which the later goes on where the earlier ended (RFC 3550, A.1). */
function rtp(payload: Payload, at: number): InspectionResult {
  const { bytes, end } = payload;
  if (!isRtpHeader(bytes, at, end)) return NOT_RECOGNISED;
  const header: RtpHeader = {
    source: u32(bytes, at + 8),
    sequence: u16(bytes, at + 2),
    timestamp: u32(bytes, at + 4),
  };
  const memory = mediaMemory(payload);
  const direction = payload.fromInitiator ? 0 : 1;
  const last = memory.rtp[direction];
  memory.rtp[direction] = header;
  if (last === null || last.source !== header.source) return NOT_RECOGNISED;
  const step = (header.sequence - last.sequence) & 0xffff;
  const time = Math.abs((header.timestamp - last.timestamp) | 0);
  return verdict(step >= 1 && step <= MAX_SEQUENCE_STEP && time <= MAX_TIMESTAMP_STEP);
}

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const LAST_RTCP_TYPE = 207;

/** Whether a compound packet of two or more whole RTCP packets fills the bytes (RFC 3550, 6.1). */
function isCompound(bytes: Uint8Array, start: number, end: number): boolean {
  let packets = 0;
  let at = start;
  for (; at + 4 <= end; packets++) {
    if (bytes[at] >>> 6 !== 2 || bytes[at + 1] < SENDER_REPORT || bytes[at + 1] > LAST_RTCP_TYPE) return false;
    at += (u16(bytes, at + 2) + 1) * 4;
  }
  return at === end && packets >= 2;
}

/**
 * RTCP (RFC 3550, 6.4) or SRTCP (RFC 3711, 3.4), which leaves the first eight bytes in clear: a compound packet in clear, or
 * two reports of one direction from one source.
 */
function rtcp(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  const type = bytes[start + 1];
  if (end - start < 8 || (type !== SENDER_REPORT && type !== RECEIVER_REPORT)) return NOT_RECOGNISED;
  const words = u16(bytes, start + 2);
  const reports = (bytes[start] & 31) * 6 + (type === SENDER_REPORT ? 6 : 1);
  if (words < reports || start + (words + 1) * 4 > end) return NOT_RECOGNISED;
  if (isCompound(bytes, start, end)) return RECOGNISED;
  const memory = mediaMemory(payload);
  const direction = payload.fromInitiator ? 0 : 1;
  const source = u32(bytes, start + 4);
  const isSame = memory.rtcpSource[direction] === source;
  memory.rtcpSource[direction] = source;
  return verdict(isSame);
}

const STUN_COOKIE = 0x2112a442;
const STUN_HEADER = 20;
const STUN_PORTS = [3478, 3479];
/** Binding and shared secret, each as request, response and error response (RFC 3489, 11.1). */
const CLASSIC_STUN_TYPES: ReadonlySet<number> = new Set([0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112]);

/** Whether attributes of RFC 3489, 11.2 fill the bytes. */
function areClassicAttributes(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at + 4 <= end) {
    const type = u16(bytes, at);
    if (type < 0x8000 && (type < 1 || type > 11)) return false;
    at += 4 + u16(bytes, at + 2);
  }
  return at === end && end > start;
}

/** STUN and TURN (RFC 8489, 5; RFC 8656); without the cookie the messages of RFC 3489. */
function isStun(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < STUN_HEADER || u16(bytes, start + 2) !== end - start - STUN_HEADER) return false;
  if (u32(bytes, start + 4) === STUN_COOKIE) return true;
  if (!CLASSIC_STUN_TYPES.has(u16(bytes, start))) return false;
  if (end - start === STUN_HEADER) return STUN_PORTS.some((port) => usesPort(payload, port));
  return areClassicAttributes(bytes, start + STUN_HEADER, end);
}

const REALM = 0x0014;
const LONGEST_REALM = 128;
const REALM_ORIGIN = NAME_ORIGINS.indexOf('stun-realm');

/** Takes the realm (RFC 8489, 14.9), by which a relay names whose it is; false when there is none that is a domain name. */
function readRealm(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let at = start + STUN_HEADER;
  while (at + 4 <= end) {
    const length = u16(bytes, at + 2);
    const value = at + 4;
    if (u16(bytes, at) === REALM && length > 0 && length <= LONGEST_REALM && value + length <= end) {
      const realm = latin1(bytes, value, value + length).toLowerCase();
      if (!/^[a-z\d-]+(\.[a-z\d-]+)+$/.test(realm) || /^[\d.]+$/.test(realm)) return false;
      payload.name = realm;
      payload.nameOrigin = REALM_ORIGIN;
      return true;
    }
    at = value + ((length + 3) & ~3);
  }
  return false;
}

/**
 * STUN, watched on until a relay has told its realm, which it does when it refuses the first request (RFC 8656, 7.3), until a message shows whose
 * call it is, or until a handshake of DTLS comes on the same ports (RFC 7983): its names and fingerprints are the flow's.
 */
function stun(payload: Payload): InspectionResult {
  const { bytes, start } = payload;
  if (!isStun(payload)) return payload.rule === 0 ? NOT_RECOGNISED : awaitHello(payload);
  const call = payload.rule === 0 ? '' : callOf(payload);
  if (call !== '') {
    payload.memory = new CloserRule(call);
    return RECOGNISED_LOOK_ON;
  }
  return u32(bytes, start + 4) !== STUN_COOKIE || readRealm(payload) ? RECOGNISED : RECOGNISED_LOOK_ON;
}

/** The same over TCP, plain (RFC 8489, 6.2.2) or in frames (RFC 4571). */
function isStunOverTcp({ bytes, start, end }: Payload): boolean {
  if (end - start >= STUN_HEADER && u32(bytes, start + 4) === STUN_COOKIE) return u16(bytes, start + 2) % 4 === 0;
  return (
    end - start >= STUN_HEADER + 2 &&
    u32(bytes, start + 6) === STUN_COOKIE &&
    bytes[start + 2] < 0x40 &&
    u16(bytes, start) >= u16(bytes, start + 4) + STUN_HEADER
  );
}

/** ZRTP packets, by which the ends of SRTP agree on keys (RFC 6189, 5): cookie, preamble and length of the message. */
function isZrtp({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 28 &&
    u32(bytes, start + 4) === 0x5a525450 &&
    u16(bytes, start + 12) === 0x505a &&
    u16(bytes, start + 14) * 4 + 16 === end - start
  );
}

/** A TPKT (RFC 1006, 6): its length, or 0. */
function tpktLength(bytes: Uint8Array, start: number, end: number): number {
  return end - start >= 4 && bytes[start] === 3 && bytes[start + 1] === 0 ? u16(bytes, start + 2) : 0;
}

/** Message types of Q.931 that H.225.0, 7.2 uses. */
const Q931_TYPES: ReadonlySet<number> = new Set([
  0x01, 0x02, 0x03, 0x05, 0x07, 0x0d, 0x5a, 0x62, 0x6e, 0x75, 0x7b, 0x7d,
]);

/** H.225.0 call signalling: a Q.931 message in a TPKT, with a call reference of two bytes. */
function isCallSignalling({ bytes, start, end }: Payload): boolean {
  return (
    tpktLength(bytes, start, end) >= 9 &&
    end - start >= 9 &&
    bytes[start + 4] === 8 &&
    bytes[start + 5] === 2 &&
    Q931_TYPES.has(bytes[start + 8])
  );
}

/** H.245: a terminal capability set in a TPKT, known by its protocol identifier 0.0.8.245 (ITU-T H.245, annex A). */
function isCapabilitySet({ bytes, start, end }: Payload): boolean {
  if (tpktLength(bytes, start, end) < 14 || end - start < 14) return false;
  for (let at = start + 5; at <= start + 9; at++) {
    if (bytes[at] === 6 && u32(bytes, at + 1) === 0x00088175) return true;
  }
  return false;
}

/** H.225.0 RAS: choice, request number, then the protocol identifier 0.0.8.2250.0 (ITU-T H.225.0, annex H). */
function isRas({ bytes, start, end }: Payload): boolean {
  if (end - start < 12) return false;
  const at = bytes[start + 4] === 6 ? start + 5 : bytes[start + 5] === 6 ? start + 6 : 0;
  return at !== 0 && u32(bytes, at) === 0x0008914a && bytes[at + 4] === 0;
}

const SKINNY_PORTS = [2000, 2443];
const MAX_SKINNY_MESSAGE = 4096;

/**
 * Cisco's Skinny Client Control Protocol (form after Wireshark's description): messages of length, version and number, little
 * endian, that fill the payload; on the registered port, or two at once.
 */
function isSkinny(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let messages = 0;
  let at = start;
  while (at + 12 <= end) {
    const length = u32LE(bytes, at);
    if (length < 4 || length > MAX_SKINNY_MESSAGE || u32LE(bytes, at + 4) > 0x20) return false;
    const number = u32LE(bytes, at + 8);
    if (number > 0x163 && (number < 0x8000 || number > 0x8200)) return false;
    at += 8 + length;
    messages++;
  }
  return at === end && (messages >= 2 || SKINNY_PORTS.some((port) => usesPort(payload, port)));
}

const IAX_PORT = 4569;
const IAX_HEADER = 12;
const IAX_CONTROL = 6;
const LAST_IAX_CONTROL = 0x28;
/** Milliseconds since a call began (8.1.1): 37 hours. */
const LONGEST_IAX_CALL = 1 << 27;
/** Information elements (RFC 5456, 8.6), with room for newer ones. */
const LAST_IAX_ELEMENT = 0x40;
/** The first element of NEW must be VERSION, two bytes, 2 (RFC 5456, 6.2.2). */
const IAX_VERSION = 0x0b020002;

/** IAX2 (RFC 5456, 8.1): a full frame of IAX control whose elements fill it; NEW anywhere, others on the registered port. */
function isIax(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < IAX_HEADER || bytes[start + 10] !== IAX_CONTROL) return false;
  const control = bytes[start + 11];
  if (control < 1 || control > LAST_IAX_CONTROL || u32(bytes, start + 4) > LONGEST_IAX_CALL) return false;
  let at = start + IAX_HEADER;
  while (at + 2 <= end && bytes[at] > 0 && bytes[at] <= LAST_IAX_ELEMENT) at += 2 + bytes[at + 1];
  if (at !== end) return false;
  const isNew =
    control === 1 &&
    end - start >= IAX_HEADER + 4 &&
    u16(bytes, start + 2) === 0 &&
    u16(bytes, start + 8) === 0 &&
    u32(bytes, start + IAX_HEADER) === IAX_VERSION;
  return isNew || usesPort(payload, IAX_PORT);
}

/** Whose BFCP message came, and for which conference and user. */
class BfcpMemory {
  readonly fromInitiator: boolean;
  readonly conference: number;
  readonly user: number;

  constructor({ bytes, start, fromInitiator }: Payload) {
    this.fromInitiator = fromInitiator;
    this.conference = u32(bytes, start + 4);
    this.user = u16(bytes, start + 10);
  }
}

/** BFCP (RFC 8855, 5.1): a whole message with its attributes, answered for the same conference and user. */
function bfcp(payload: Payload): InspectionResult {
  const { bytes, start, end, memory, fromInitiator } = payload;
  if (end - start < 12 || u16(bytes, start + 2) * 4 + 12 !== end - start) return NOT_RECOGNISED;
  if (bytes[start + 1] < 1 || bytes[start + 1] > 18) return NOT_RECOGNISED;
  let at = start + 12;
  while (at + 2 <= end && bytes[at + 1] >= 2) at += (bytes[at + 1] + 3) & ~3;
  if (at !== end) return NOT_RECOGNISED;
  const now = new BfcpMemory(payload);
  if (memory instanceof BfcpMemory && memory.fromInitiator !== fromInitiator) {
    return verdict(memory.conference === now.conference && memory.user === now.user);
  }
  payload.memory = now;
  return NOT_RECOGNISED;
}

const sipInitials = [...new Set(['S', ...SIP_METHODS].map((text) => text.charCodeAt(0)))];
const bfcpFirstBytes = [0x20, 0x30, 0x40, 0x50];
const mediaFirstBytes = range(0x80, 0xbf);

export const voipRules: readonly PayloadRule[] = [
  { id: 'sip-message', protocol: 'sip', transport: UDP, firstBytes: sipInitials, recognise: sip },
  { id: 'sip-message-tcp', protocol: 'sip', transport: TCP, firstBytes: sipInitials, recognise: sip },
  {
    id: 'mgcp-command',
    protocol: 'mgcp',
    transport: UDP,
    firstBytes: [...new Set(MGCP_VERBS.map((verb) => verb.charCodeAt(0)))],
    recognise: (payload) => verdict(isMgcp(payload)),
  },
  {
    id: 'megaco-text',
    protocol: 'megaco',
    transport: UDP,
    firstBytes: [0x4d, 0x21],
    recognise: (payload) => verdict(isMegaco(payload)),
  },
  {
    id: 'megaco-stream',
    protocol: 'megaco',
    transport: TCP,
    firstBytes: [3],
    recognise: (payload) => verdict(isMegacoStream(payload)),
  },
  {
    id: 'stun-message',
    protocol: 'stun',
    transport: UDP,
    firstBytes: range(0x00, 0x3f),
    recognise: stun,
  },
  {
    id: 'stun-message-tcp',
    protocol: 'stun',
    transport: TCP,
    firstBytes: range(0x00, 0x3f),
    recognise: (payload) => verdict(isStunOverTcp(payload)),
  },
  {
    id: 'srtp-zrtp',
    protocol: 'srtp',
    transport: UDP,
    firstBytes: [0x10],
    recognise: (payload) => verdict(isZrtp(payload)),
  },
  {
    id: 'h323-call-signalling',
    protocol: 'h323',
    transport: TCP,
    firstBytes: [0x03],
    recognise: (payload) => verdict(isCallSignalling(payload)),
  },
  {
    id: 'h323-capability-set',
    protocol: 'h323',
    transport: TCP,
    firstBytes: [0x03],
    recognise: (payload) => verdict(isCapabilitySet(payload)),
  },
  {
    id: 'h323-ras',
    protocol: 'h323',
    transport: UDP,
    firstBytes: range(0x00, 0x7f),
    recognise: (payload) => verdict(isRas(payload)),
  },
  { id: 'skinny-message', protocol: 'skinny', transport: TCP, recognise: (payload) => verdict(isSkinny(payload)) },
  { id: 'bfcp-exchange', protocol: 'bfcp', transport: UDP, firstBytes: bfcpFirstBytes, recognise: bfcp },
  { id: 'bfcp-exchange-tcp', protocol: 'bfcp', transport: TCP, firstBytes: bfcpFirstBytes, recognise: bfcp },
  {
    id: 'iax-control',
    protocol: 'iax',
    transport: UDP,
    firstBytes: range(0x80, 0xff),
    recognise: (payload) => verdict(isIax(payload)),
  },
  { id: 'rtcp-report', protocol: 'rtcp', transport: UDP, firstBytes: mediaFirstBytes, recognise: rtcp },
  {
    id: 'rtp-sequence',
    protocol: 'rtp',
    transport: UDP,
    firstBytes: mediaFirstBytes,
    recognise: (payload) => rtp(payload, payload.start),
  },
  {
    id: 'rtp-sequence-tcp',
    protocol: 'rtp',
    transport: TCP,
    firstBytes: range(0x00, 0x05),
    recognise(payload) {
      // Frames of RFC 4571: a length, then the packet.
      const { bytes, start, end } = payload;
      return u16(bytes, start) === end - start - 2 ? rtp(payload, start + 2) : NOT_RECOGNISED;
    },
  },
];
