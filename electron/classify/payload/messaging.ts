import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { u16LE, u32LE, usesPort, verdict } from './payload-fields.ts';
import { latin1, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/** Text, voice and presence of messengers. Each function names its specification, or says that there is none. */

const XMPP_LOOK = 512;

/** The opening of an XMPP stream (RFC 6120, 4.2), with or without an XML declaration (11.5). */
function xmpp({ bytes, start, end }: Payload): InspectionResult {
  if (startsWith(bytes, start, end, '<stream:stream')) return RECOGNISED;
  if (!startsWith(bytes, start, end, '<?xml ')) return NOT_RECOGNISED;
  const text = latin1(bytes, start, Math.min(end, start + XMPP_LOOK));
  if (/^<\?xml [^<>]*\?>\s*<stream:stream[\s>]/.test(text)) return RECOGNISED;
  return /^<\?xml [^<>]*(\?>\s*)?$/.test(text) && text.length < XMPP_LOOK ? WANTS_MORE : NOT_RECOGNISED;
}

const IRC_LOOK = 512;
const IRC_COMMANDS = ['NICK ', 'USER ', 'CAP ', 'PASS ', 'NOTICE ', 'PRIVMSG ', 'JOIN ', 'PING ', 'PONG '];
/** NICK with one nickname, USER with four parameters, or capability negotiation (RFC 2812, 3.1; IRCv3). */
const IRC_CLIENT = /^(NICK :?[^\s:]{1,64}|USER \S+ \S+ \S+ :?.+|CAP (LS( \d+)?|REQ :?.+|LIST|END))$/;
/** A server's notice or numbered reply, or one of the notices without a prefix (RFC 2812, 2.3 and 2.4). */
const IRC_SERVER = /^(:\S{1,255} (NOTICE|0\d\d|\d{3}) \S+ :?.*|NOTICE (AUTH|\*) :.*)$/;

/** What a server passes on of others: who, in full, and what they did (RFC 2812, 2.3.1 and 3). */
const IRC_PASSED_ON =
  /^:[^\s!@]{1,64}![^\s@]{1,64}@\S{1,255} (PRIVMSG|NOTICE|JOIN|PART|QUIT|NICK|MODE|TOPIC|KICK|INVITE)( .*)?$/;
/** A session seen midway, on the ports of IRC alone: a message to somebody, or the sign of life. */
const IRC_MIDWAY = /^((PRIVMSG|NOTICE) [^\s:]{1,200} :.+|JOIN [#&][^\s,]{1,200}( \S+)?|P[IO]NG :?\S{1,255})$/;
const isIrcPort = (port: number): boolean => (port >= 6660 && port <= 6669) || port === 7000;

/** IRC (RFC 1459, RFC 2812): the first whole line of either side; a password (which POP3 and FTP have too) waits for the next. */
function irc({ bytes, start, end, sourcePort, destinationPort }: Payload): InspectionResult {
  if (bytes[start] !== 0x3a && !IRC_COMMANDS.some((command) => startsWith(bytes, start, end, command))) {
    return NOT_RECOGNISED;
  }
  const lines = latin1(bytes, start, Math.min(end, start + IRC_LOOK)).split('\n', 3);
  if (lines.length < 2) return NOT_RECOGNISED;
  const [first, second] = lines.map((line) => line.trimEnd());
  if (first.startsWith('PASS ')) {
    if (lines.length < 3) return second === '' ? WANTS_MORE : NOT_RECOGNISED;
    return verdict(IRC_CLIENT.test(second));
  }
  if (IRC_CLIENT.test(first) || IRC_SERVER.test(first) || IRC_PASSED_ON.test(first)) return RECOGNISED;
  return verdict((isIrcPort(sourcePort) || isIrcPort(destinationPort)) && IRC_MIDWAY.test(first));
}

const OICQ_PORT = 8000;
/** Commands of the old QQ protocol; observed and described by Wireshark's and others' analysts, without a specification. */
const OICQ_COMMANDS: ReadonlySet<number> = new Set([
  0x01, 0x02, 0x04, 0x05, 0x06, 0x09, 0x0a, 0x0b, 0x0d, 0x0e, 0x12, 0x16, 0x17, 0x1a, 0x1c, 0x1d, 0x1e, 0x21, 0x22,
  0x26, 0x27, 0x28, 0x29, 0x30, 0x31, 0x3c, 0x3d, 0x58, 0x5c, 0x62, 0x65, 0x67, 0x81, 0x91, 0xb5, 0xba, 0xcd, 0xce,
  0xdd, 0xe1, 0xe3,
]);

/** QQ over UDP: frame marks 02 … 03, a known command and the account, on QQ's port. No public specification: observed. */
function isOicq(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  return (
    end - start >= 12 &&
    bytes[end - 1] === 3 &&
    usesPort(payload, OICQ_PORT) &&
    bytes[start + 1] >= 0x08 &&
    bytes[start + 1] <= 0x3f &&
    OICQ_COMMANDS.has(u16(bytes, start + 3)) &&
    u32(bytes, start + 7) >= 10_000
  );
}

/** Bytes of a WhatsApp frame at `at` with its head of three bytes; 0 when the head is not there. */
function whatsAppFrame(bytes: Uint8Array, at: number, end: number): number {
  return end - at < 3 ? 0 : 3 + (u24(bytes, at) & 0xfffff);
}

/**
 * WhatsApp's own protocol: `WA` and a version, or `ED` with routing first, then frames that follow on each other. No public
 * specification: observed.
 */
function isWhatsApp({ bytes, start, end, fromInitiator }: Payload): boolean {
  if (!fromInitiator) return false;
  let at = start;
  if (startsWith(bytes, at, end, 'ED\0\x01')) at += 4 + whatsAppFrame(bytes, at + 4, end);
  if (!startsWith(bytes, at, end, 'WA') || bytes[at + 2] > 9 || bytes[at + 3] > 9) return false;
  at += 4;
  while (at < end) {
    const length = whatsAppFrame(bytes, at, end);
    if (length <= 3) return false;
    at += length;
  }
  return at === end && end - start > 7;
}

/** Constructors of `req_pq`, `req_pq_multi` and `resPQ`, little endian (core.telegram.org/mtproto/auth_key). */
const MTPROTO_CONSTRUCTORS: ReadonlySet<number> = new Set([0x60469778, 0xbe7e8ef1, 0x05162463]);

/** An unencrypted MTProto message: key id 0, message id, length, and a constructor of the key exchange. */
function isPlainMessage(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 24 &&
    u32(bytes, at) === 0 &&
    u32(bytes, at + 4) === 0 &&
    MTPROTO_CONSTRUCTORS.has(u32LE(bytes, at + 20))
  );
}

/**
 * MTProto over TCP, not obfuscated (core.telegram.org/mtproto/mtproto-transports): abridged (`ef`) and full when the key
 * exchange shows, intermediate (`eeeeeeee`, then the length) always.
 */
function isMtproto({ bytes, start, end }: Payload): boolean {
  if (end - start < 12) return false;
  if (bytes[start] === 0xef) return bytes[start + 1] < 0x7f && isPlainMessage(bytes, start + 2, end);
  if (u32(bytes, start) === 0xeeeeeeee) return u32LE(bytes, start + 4) === end - start - 8;
  return u32LE(bytes, start) === end - start && u32LE(bytes, start + 4) === 0 && isPlainMessage(bytes, start + 8, end);
}

const REFLECTOR_REQUEST = 40;

/**
 * A request of a Telegram call to its reflector (libtgvoip, published source): 16 bytes that name the call, −1 three times,
 * −2, a number of 64 bits.
 */
function isReflectorRequest({ bytes, start, end }: Payload): boolean {
  return (
    end - start === REFLECTOR_REQUEST &&
    u32(bytes, start + 16) === 0xffffffff &&
    u32(bytes, start + 20) === 0xffffffff &&
    u32(bytes, start + 24) === 0xffffffff &&
    u32(bytes, start + 28) === 0xfeffffff
  );
}

const VIBER_PORTS = [5243, 7985, 7987, 9785];

/** Viber's calls to its relays: kinds of packet told by bytes 2 and 3 and by length, on its ports. No public specification: observed. */
function isViber(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const length = end - start;
  if (length < 6 || bytes[start + 3] !== 0 || !VIBER_PORTS.some((port) => usesPort(payload, port))) return false;
  switch (bytes[start + 2]) {
    case 0x01:
      return bytes[start + 4] === 5 && bytes[start + 5] === 0;
    case 0x03:
      return length === 12;
    case 0x09:
      return length === 20;
    case 0x19:
    case 0x1b:
      return length === 34;
    default:
      return false;
  }
}

/** Viber to its servers: the length of all, little endian, then one of two kinds by their constants. No public specification: observed. */
function isViberStream({ bytes, start, end }: Payload): boolean {
  if (end - start < 11 || u16LE(bytes, start) !== end - start) return false;
  return (
    (u16(bytes, start + 6) === 0xfcff && bytes[start + 9] === 0x80) ||
    (u16(bytes, start + 4) === 0x0380 && bytes[start + 10] === 0x0a)
  );
}

const TEAMSPEAK_3_INIT = 'TS3INIT1';

/** TeamSpeak: the init packet of version 3, or the login of version 2 before a session has numbers. Published observations. */
function isTeamSpeak({ bytes, start, end }: Payload): boolean {
  if (bytes[start] === 0x54) return end - start >= 12 && startsWith(bytes, start, end, TEAMSPEAK_3_INIT);
  return (
    end - start >= 20 &&
    u32(bytes, start) === 0xf4be0300 &&
    u32(bytes, start + 4) === 0 &&
    u32(bytes, start + 8) === 0 &&
    u32LE(bytes, start + 12) <= 16
  );
}

/** The number that a Mumble client put into its ping. */
class MumblePing {
  readonly high: number;
  readonly low: number;

  constructor(bytes: Uint8Array, start: number) {
    this.high = u32(bytes, start + 4);
    this.low = u32(bytes, start + 8);
  }
}

/** Mumble's ping without a connection (Mumble protocol documentation, "UDP ping packet"): 12 bytes, and 24 that repeat the number. */
function mumble(payload: Payload): InspectionResult {
  const { bytes, start, end, memory } = payload;
  if (payload.fromInitiator) {
    if (end - start === 12 && u32(bytes, start) === 0) payload.memory = new MumblePing(bytes, start);
    return NOT_RECOGNISED;
  }
  if (end - start !== 24 || !(memory instanceof MumblePing)) return NOT_RECOGNISED;
  return verdict(u32(bytes, start + 4) === memory.high && u32(bytes, start + 8) === memory.low);
}

export const messagingRules: readonly PayloadRule[] = [
  { id: 'xmpp-stream', protocol: 'xmpp', transport: TCP, firstBytes: [0x3c], recognise: xmpp },
  {
    id: 'irc-line',
    protocol: 'irc',
    transport: TCP,
    firstBytes: [...new Set([...IRC_COMMANDS, ':'].map((text) => text.charCodeAt(0)))],
    recognise: irc,
  },
  {
    id: 'oicq-packet',
    protocol: 'oicq',
    transport: UDP,
    firstBytes: [0x02],
    recognise: (payload) => verdict(isOicq(payload)),
  },
  {
    id: 'whatsapp-wire-hello',
    protocol: 'whatsapp-wire',
    transport: TCP,
    firstBytes: [0x57, 0x45],
    recognise: (payload) => verdict(isWhatsApp(payload)),
  },
  {
    id: 'telegram-mtproto-plain',
    protocol: 'telegram-mtproto',
    transport: TCP,
    recognise: (payload) => verdict(isMtproto(payload)),
  },
  {
    id: 'telegram-mtproto-reflector',
    protocol: 'telegram-mtproto',
    transport: UDP,
    recognise: (payload) => verdict(isReflectorRequest(payload)),
  },
  {
    id: 'viber-call',
    protocol: 'viber',
    transport: UDP,
    recognise: (payload) => verdict(isViber(payload)),
  },
  {
    id: 'viber-stream',
    protocol: 'viber',
    transport: TCP,
    recognise: (payload) => verdict(isViberStream(payload)),
  },
  {
    id: 'teamspeak-login',
    protocol: 'teamspeak',
    transport: UDP,
    firstBytes: [0x54, 0xf4],
    recognise: (payload) => verdict(isTeamSpeak(payload)),
  },
  { id: 'mumble-ping', protocol: 'mumble', transport: UDP, firstBytes: [0x00], recognise: mumble },
];
