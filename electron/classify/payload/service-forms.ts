import { NAME_ORIGINS, TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
} from '../../../shared/payload.ts';
import { awaitHello } from './dtls.ts';
import { isDigit, isZero, startsWithFolded, u16LE, u32LE, usesPort, verdict } from './payload-fields.ts';
import { NO_PROTOCOL, type PayloadRule, isPrintable, latin1, startsWith, u16, u32 } from './rule.ts';

/**
 * Forms that one service alone speaks, so that the payload names the service too (`serviceOfRule`). Where the form is no protocol of
 * the vocabulary, the protocol stays unknown. Each function names its specification, or says that the form was observed.
 */

const STUN_COOKIE = 0x2112a442;
const STUN_HEADER = 20;
const MESSAGE_INTEGRITY = 0x0008;
const NO_ATTRIBUTE = -1;

/** Whether a STUN message with its cookie (RFC 8489, 5) fills the bytes. */
function isStunMessage(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= STUN_HEADER &&
    bytes[start] < 0x40 &&
    u32(bytes, start + 4) === STUN_COOKIE &&
    u16(bytes, start + 2) === end - start - STUN_HEADER
  );
}

/** Kind of the first attribute of a STUN message; -1 when it has none. */
function firstAttribute(bytes: Uint8Array, start: number, end: number): number {
  return end - start >= STUN_HEADER + 4 ? u16(bytes, start + STUN_HEADER) : NO_ATTRIBUTE;
}

/** A form within STUN, behind which a DTLS handshake may come on the same ports (RFC 7983): its name and fingerprints are the flow's. */
function thenDtls(payload: Payload, isForm: (payload: Payload) => boolean): InspectionResult {
  if (payload.rule !== 0) return awaitHello(payload);
  return isForm(payload) ? RECOGNISED_LOOK_ON : NOT_RECOGNISED;
}

/** WhatsApp's numbers for its relays' messages, which no RFC gives out. Observed. */
const WHATSAPP_MESSAGES: ReadonlySet<number> = new Set([0x0800, 0x0801, 0x0802, 0x0804, 0x0805]);
const WHATSAPP_ATTRIBUTES = { first: 0x4000, last: 0x4007 } as const;
const BINDING_REQUEST = 0x0001;
const ALLOCATE_REQUEST = 0x0003;

/**
 * WhatsApp's calls: its own message numbers, its own attributes first in a request, or a connectivity check with nothing but
 * an integrity value, which ICE forbids (RFC 8445, 7.1.2 demands PRIORITY). Observed in public captures, no specification.
 */
function isWhatsAppCall({ bytes, start, end }: Payload): boolean {
  if (!isStunMessage(bytes, start, end)) return false;
  const message = u16(bytes, start);
  if (WHATSAPP_MESSAGES.has(message)) return true;
  const attribute = firstAttribute(bytes, start, end);
  if (message === BINDING_REQUEST && attribute === MESSAGE_INTEGRITY) {
    return end - start === STUN_HEADER + 24 && u16(bytes, start + STUN_HEADER + 2) === 20;
  }
  return (
    (message === BINDING_REQUEST || message === ALLOCATE_REQUEST) &&
    attribute >= WHATSAPP_ATTRIBUTES.first &&
    attribute <= WHATSAPP_ATTRIBUTES.last
  );
}

/**
 * Attributes that only Microsoft's STUN and TURN know ([MS-TURN], 2.2.2; [MS-ICE2], 2.2.1): version, sequence number, candidate
 * identifier, service quality, implementation version, multiplexed session; two more were observed in calls of Teams.
 */
const MICROSOFT_ATTRIBUTES: ReadonlySet<number> = new Set([
  0x8008, 0x8050, 0x8054, 0x8055, 0x8070, 0x8095, 0x24df, 0x3802,
]);

function hasAttribute(bytes: Uint8Array, start: number, end: number, kinds: ReadonlySet<number>): boolean {
  if (!isStunMessage(bytes, start, end)) return false;
  for (let at = start + STUN_HEADER; at + 4 <= end; at += 4 + ((u16(bytes, at + 2) + 3) & ~3)) {
    if (kinds.has(u16(bytes, at))) return true;
  }
  return false;
}

/** Calls of Skype for Business and Teams: an attribute of Microsoft's in a STUN message. */
function isMicrosoftCall(bytes: Uint8Array, start: number, end: number): boolean {
  return hasAttribute(bytes, start, end, MICROSOFT_ATTRIBUTES);
}

const MULTIPLEXED_TURN = 0xff10;
const MULTIPLEXED_HEADER = 12;

/** Teams' relay of many calls on one port ([MS-TURN], 2.2.4): kind, length of the rest, session, then STUN with its cookie. */
function isMultiplexedTurn({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= MULTIPLEXED_HEADER + STUN_HEADER &&
    u16(bytes, start) === MULTIPLEXED_TURN &&
    u16(bytes, start + 2) === end - start - 4 &&
    isStunMessage(bytes, start + MULTIPLEXED_HEADER, end)
  );
}

/** An attribute that calls of Google's Meet and Duo send and no register lists. Observed. */
const GOOGLE_ATTRIBUTES: ReadonlySet<number> = new Set([0xff03]);

/** The rule of the service whose calls a STUN message shows by its numbers or attributes; '' for those of anybody. */
export function callOf(payload: Payload): string {
  const { bytes, start, end } = payload;
  if (isWhatsAppCall(payload)) return 'whatsapp-call';
  if (isMicrosoftCall(bytes, start, end)) return 'microsoft-call';
  return hasAttribute(bytes, start, end, GOOGLE_ATTRIBUTES) ? 'google-call' : '';
}

/**
 * Zoom's connectivity test: the messages of RFC 3489 with numbers of its own, and one attribute that no RFC gives out ("Enabling
 * Passive Measurement of Zoom Performance in Production Networks", IMC 2022).
 */
function isZoomTest({ bytes, start, end }: Payload): boolean {
  if (end - start < STUN_HEADER + 4 || u16(bytes, start + 2) !== end - start - STUN_HEADER) return false;
  const attribute = u32(bytes, start + STUN_HEADER);
  const message = u16(bytes, start);
  return message === 1 ? attribute === 0x01010014 : message === 2 && attribute === 0x01030008;
}

const ZOOM_MEDIA_PORTS = { first: 8801, last: 8810 } as const;

function isZoomPort(port: number): boolean {
  return port >= ZOOM_MEDIA_PORTS.first && port <= ZOOM_MEDIA_PORTS.last;
}

/** Length of the proof in a Zoom server's echo. */
const ZOOM_PROOF = 64;

/** An echo between a client and a Zoom server: two numbers, then a proof behind its length, to the end. Observed, on Zoom's ports. */
function isZoomEcho(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!isZoomPort(payload.sourcePort) && !isZoomPort(payload.destinationPort)) return false;
  return (
    end - start === 17 + ZOOM_PROOF && u16(bytes, start + 1) === 0 && u16(bytes, start + 13) === 0x0105 &&
    bytes[start + 15] === ZOOM_PROOF
  ); // prettier-ignore
}

/** The opening of a media session with a Zoom server: its kind, a session number, the same time twice. Observed, on Zoom's ports. */
function isZoomOpening({ bytes, start, end, destinationPort }: Payload): boolean {
  if (end - start < 100 || !isZoomPort(destinationPort) || bytes[start + 1] !== 0) return false;
  const version = bytes[start + 2];
  const time = u32(bytes, start + 27);
  return (
    (version === 2 || version === 3) &&
    u32(bytes, start + 19) === 0 &&
    time !== 0 &&
    time === u32(bytes, start + 31) &&
    u32(bytes, start + 35) < end - start
  );
}

const DISCOVERY_LENGTH = 74;

/**
 * IP discovery of Discord's voice servers (discord.com/developers, "Voice Connections", "IP Discovery"): type 1 or 2, length 70, SSRC,
 * address as text, port.
 */
function isDiscordDiscovery({ bytes, start, end }: Payload): boolean {
  if (end - start !== DISCOVERY_LENGTH || u16(bytes, start + 2) !== DISCOVERY_LENGTH - 4) return false;
  const address = start + 8;
  if (u16(bytes, start) === 1) return isZero(bytes, address + 2, end - 2);
  return u16(bytes, start) === 2 && isDigit(bytes[address]) && bytes[end - 3] === 0;
}

const DISCORD_PING = 0x1337cafe;

/** Discord's measuring of its voice servers: a magic and a small number, little endian. Observed. */
function isDiscordPing({ bytes, start, end }: Payload): boolean {
  return end - start === 8 && u32(bytes, start) === DISCORD_PING && u32LE(bytes, start + 4) < 1 << 24;
}

const DROPBOX_PORT = 17_500;
const DROPBOX_LOOK = 256;

/** Dropbox's search for other hosts on the local network: JSON with the installation's number, on its port. Observed. */
function isDropboxSearch(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, DROPBOX_PORT) || !startsWith(bytes, start, end, '{"')) return false;
  return latin1(bytes, start, Math.min(end, start + DROPBOX_LOOK)).includes('"host_int": ');
}

/** Spotify's search for players on the local network. Observed. */
const SPOTIFY_SEARCH = 'SpotUdp0';

/**
 * The first message to Spotify's access points (librespot, published source): 0, 4, its length with this head, and a protocol buffer that
 * begins with field 10 (build information).
 */
function isSpotifyHello({ bytes, start, end }: Payload): boolean {
  return (
    end - start > 64 && u16(bytes, start) === 4 && u32(bytes, start + 2) === end - start && bytes[start + 6] === 0x52
  );
}

const ALIYUN_MAGIC = 0xcefabeba;
const LONGEST_ALIYUN_FRAME = 1 << 16;

/** Frames to hosts of Alibaba Cloud: a magic, the length that follows. Observed, no specification. */
function isAliyunFrame({ bytes, start, end, fromInitiator }: Payload): boolean {
  if (!fromInitiator || end - start < 8 || u32(bytes, start) !== ALIYUN_MAGIC) return false;
  const length = u32LE(bytes, start + 4);
  return length > 0 && length <= LONGEST_ALIYUN_FRAME && (end - start === 8 || end - start === 8 + length);
}

/**
 * The first handshake packet to a game server of Epic (Unreal Engine, published source, `StatelessConnectHandlerComponent`): the magic header
 * that Epic's own games are configured with, and a time and cookie that are still zero. Magic observed.
 */
function isEpicHandshake({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 48 &&
    end - start <= 80 &&
    (bytes[start] & 0x3f) === 0x07 &&
    bytes[start + 1] === 0x1a &&
    (bytes[start + 2] & 0x3f) === 0x20 &&
    isZero(bytes, start + 16, start + 36)
  );
}

const THREEMA_PORT = 5222;
const THREEMA_CLIENT_HELLO = 48;
const THREEMA_SERVER_HELLO = 80;
const THREEMA_HELLO_SEEN = { threemaHello: true } as const;

/**
 * Threema's chat protocol (threema.ch, "Cryptography Whitepaper"; published source): 32 bytes of key and 16 of cookie, answered
 * by a cookie and a sealed box, 80 bytes, on its port.
 */
function threemaHello(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  if (!usesPort(payload, THREEMA_PORT)) return NOT_RECOGNISED;
  if (!fromInitiator) {
    return verdict(payload.memory === THREEMA_HELLO_SEEN && end - start === THREEMA_SERVER_HELLO);
  }
  if (end - start === THREEMA_CLIENT_HELLO && !isPrintable(bytes, start, start + 8)) {
    payload.memory = THREEMA_HELLO_SEEN;
  }
  return NOT_RECOGNISED;
}

/** Riot's measuring of its servers, which answer alike, by one of two ends. Observed. */
function isRiotPing({ bytes, start, end }: Payload): boolean {
  if (end - start <= 8) return false;
  const last = u32(bytes, end - 4);
  const before = u32(bytes, end - 8);
  return (before === 0xaaaaaaaa && last === 0xbbbbbbbb) || (before === 0x3cb11f2d && last === 0xea23460c);
}

/** Client versions of Among Us: year × 25,000 + month × 1,800 + day × 50 + revision. */
const AMONG_US_VERSIONS = { first: 2018 * 25_000, last: 2040 * 25_000 } as const;

/**
 * The hello of Among Us (Impostor, published description): Hazel's message 8 with number 1, Hazel's version 0, the client's version,
 * the player's name.
 */
function isAmongUsHello({ bytes, start, end, fromInitiator }: Payload): boolean {
  if (!fromInitiator || end - start < 10 || bytes[start + 3] !== 0 || u16(bytes, start + 1) > 16) return false;
  const version = u32LE(bytes, start + 4);
  const name = bytes[start + 8];
  return (
    version >= AMONG_US_VERSIONS.first &&
    version < AMONG_US_VERSIONS.last &&
    name > 0 &&
    name <= 40 &&
    start + 9 + name <= end
  );
}

const WARCRAFT_GREETING = 'WORLD OF WARCRAFT CONNECTION';

/** World of Warcraft's greeting, which both sides send in clear text behind its length. Observed. */
function isWarcraftGreeting({ bytes, start, end }: Payload): boolean {
  return startsWith(bytes, start + 2, end, WARCRAFT_GREETING) || startsWith(bytes, start, end, WARCRAFT_GREETING);
}

const GEARUP_PORT = 9999;

/** Measurements that wait for their echo. */
class GearUpPings {
  readonly sent: { readonly length: number; readonly low: number }[] = [];
}

/** GearUP Booster's measuring of its relays: 4 or 8 bytes to port 9999 that come back as they were. Observed. */
function gearUpEcho(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator, memory } = payload;
  const length = end - start;
  if ((length !== 4 && length !== 8) || !usesPort(payload, GEARUP_PORT)) return NOT_RECOGNISED;
  if (fromInitiator) {
    if (payload.destinationPort !== GEARUP_PORT) return NOT_RECOGNISED;
    const pings = memory instanceof GearUpPings ? memory : new GearUpPings();
    pings.sent.push({ length, low: u32(bytes, start) });
    payload.memory = pings;
    return NOT_RECOGNISED;
  }
  const low = u32(bytes, start);
  return verdict(memory instanceof GearUpPings && memory.sent.some((one) => one.length === length && one.low === low));
}

const TUYA_PREFIX = 0x000055aa;
const TUYA_SUFFIX = 0x0000aa55;

/** Tuya's local protocol, version 3 (tinytuya, published description): prefix, number, command, length of the rest, suffix. */
function isTuyaFrame({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 24 &&
    u32(bytes, start) === TUYA_PREFIX &&
    u32(bytes, start + 12) === end - start - 16 &&
    u32(bytes, end - 4) === TUYA_SUFFIX
  );
}

/** TiVo's beacon ("TiVo Connect Automatic Machine Discovery", 1.5): lines of `name=value`, the first of which is the version. */
const TIVO_BEACON = 'TIVOCONNECT=';

/**
 * The handshake of miHoYo's games (form after published descriptions of Genshin Impact's KCP): 20 bytes, a magic before and behind, and
 * 1234567890 or the time of the session between.
 */
function isMihoyoHandshake({ bytes, start, end }: Payload): boolean {
  if (end - start !== 20) return false;
  const before = u32(bytes, start);
  const behind = u32(bytes, end - 4);
  return (
    (before === 0x000000ff && behind === 0xffffffff) ||
    (before === 0x00000145 && behind === 0x14514545) ||
    (before === 0x00000194 && behind === 0x19419494)
  );
}

/** The greeting of MapleStory's servers (published descriptions): 14 bytes follow, version, a text of one digit, two keys, a region. */
function isMapleGreeting({ bytes, start, end, fromInitiator }: Payload): boolean {
  return (
    !fromInitiator &&
    end - start === 16 &&
    u16LE(bytes, start) === 14 &&
    bytes[start + 3] <= 3 &&
    u16LE(bytes, start + 4) === 1 &&
    isDigit(bytes[start + 6]) &&
    bytes[end - 1] >= 1 &&
    bytes[end - 1] <= 9
  );
}

/** Nintendo's Pia, by which consoles play together (NintendoClients wiki, "Pia Protocol"): magic and version. */
function isPia({ bytes, start, end }: Payload): boolean {
  return end - start >= 24 && u32(bytes, start) === 0x32ab9864 && (bytes[start + 4] & 0x7f) <= 15;
}

const LAGOFAST_MAGIC = 0x006e5d03;

/** LagoFast's relays: a magic and the length of the rest. Observed. */
function isLagoFast({ bytes, start, end }: Payload): boolean {
  return end - start >= 6 && u32(bytes, start) === LAGOFAST_MAGIC && u16(bytes, start + 4) === end - start - 6;
}

const MUDFISH_PORTS = { first: 10_000, last: 10_010 } as const;
const MUDFISH_PING = 0x50;
const MUDFISH_PING_SEEN = { mudfishPing: true } as const;

/** Mudfish's measuring of its nodes, on their ports: one letter, which comes back. Observed. */
function mudfishPing(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  const port = fromInitiator ? payload.destinationPort : payload.sourcePort;
  if (end - start !== 1 || bytes[start] !== MUDFISH_PING) return NOT_RECOGNISED;
  if (port < MUDFISH_PORTS.first || port > MUDFISH_PORTS.last) return NOT_RECOGNISED;
  if (!fromInitiator) return verdict(payload.memory === MUDFISH_PING_SEEN);
  payload.memory = MUDFISH_PING_SEEN;
  return NOT_RECOGNISED;
}

/** Mudfish's search for nodes: a question by version, an answer of addresses. Observed. */
function isMudfishSearch({ bytes, start, end }: Payload): boolean {
  return (
    (end - start === 7 && startsWith(bytes, start, end, 'UN v2\r\n')) || startsWith(bytes, start, end, 'UN AF_INET')
  );
}

/** Paltalk's client and server: messages of 20 and 22 bytes with two constants each. Observed. */
function isPaltalk({ bytes, start, end }: Payload): boolean {
  if (end - start === 20) return u32(bytes, start + 8) === 0x00020001 && u32(bytes, start + 16) === 0x5afdffff;
  return end - start === 22 && u32(bytes, start + 2) === 0x24c2e80b && u32(bytes, start + 17) === 0x5b732b00;
}

/** DingTalk's own protocol: a kind, a number, then 14 constant bytes. Observed. */
function isDingTalk({ bytes, start, end }: Payload): boolean {
  return (
    end - start > 90 &&
    u32(bytes, start + 2) === 0x87800100 &&
    u32(bytes, start + 6) === 0x01000200 &&
    u32(bytes, start + 10) === 0x02646b03 &&
    u16(bytes, start + 14) === 0x0020
  );
}

/** Xiaomi's push channel: magic and version, length of the rest, kind. Observed. */
function isXiaomiPush({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 12 &&
    u32(bytes, start) === 0xc2fe0005 &&
    u32(bytes, start + 4) === end - start - 12 &&
    u32(bytes, start + 8) === 0x00020016
  );
}

const OOKLA_SEEN = { ooklaHello: true } as const;
const LONGEST_OOKLA_LINE = 64;

/** Ookla's own measuring: the client says `HI`, the server `HELLO` and its version, a line each. Observed. */
function ooklaHello(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  if (end - start > LONGEST_OOKLA_LINE) return NOT_RECOGNISED;
  const line = latin1(bytes, start, end);
  if (fromInitiator) {
    if (/^HI( [\w-]+)?\r?\n?$/.test(line)) payload.memory = OOKLA_SEEN;
    return NOT_RECOGNISED;
  }
  return verdict(payload.memory === OOKLA_SEEN && /^HELLO [\d.]+/.test(line));
}

const WEAVE_PORT = 11_095;
const WEAVE_SEEN = { weaveMessage: true } as const;

/** Nest's devices to their log servers, on Weave's port (OpenWeave, published source): two messages with the same head. */
function nestMessage(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  const isMessage =
    end - start >= 8 &&
    usesPort(payload, WEAVE_PORT) &&
    bytes[start + 1] <= 2 &&
    (bytes[start + 2] === 0 || bytes[start + 2] === 0x10) &&
    bytes[start + 3] === 0x13;
  if (!isMessage) return NOT_RECOGNISED;
  if (payload.memory === WEAVE_SEEN) return RECOGNISED;
  payload.memory = WEAVE_SEEN;
  return NOT_RECOGNISED;
}

const QUESTION_ORIGIN = NAME_ORIGINS.indexOf('dns-question');
const TEXT_RECORD = 0x0010_0001;
const LONGEST_NAME = 255;
/** Behind the one-digit label of the version, upper case: a provider's name of DNSCrypt, and Avast's, which leaves the label out. */
const CERTIFICATE_LABEL = '\x0dDNSCRYPT-CERT';
const AVAST_NAME = '\x09SECUREDNS\x05AVAST\x03COM\0';

/** The name of a question, in lower case; empty when it runs beyond the bytes or holds what is no visible ASCII. */
function questionName(bytes: Uint8Array, start: number, end: number): string {
  const labels: string[] = [];
  let at = start;
  while (at < end && bytes[at] !== 0 && at - start < LONGEST_NAME) {
    const next = at + 1 + bytes[at];
    if (next > end || !isPrintable(bytes, at + 1, next)) return '';
    labels.push(latin1(bytes, at + 1, next));
    at = next;
  }
  return at + 5 <= end && bytes[at] === 0 && u32(bytes, at + 1) === TEXT_RECORD ? labels.join('.').toLowerCase() : '';
}

/**
 * A client of DNSCrypt asks a resolver for its certificate (dnscrypt.info, "DNSCrypt version 2 protocol specification", 4): a
 * DNS question for the text record of the provider's name. That name is the far end's own, so it names the flow.
 */
function certificateQuestion(payload: Payload, name: string): InspectionResult {
  const { bytes, start, end } = payload;
  // One question; a query, or the answer to it.
  if (end - start < 30 || (bytes[start + 2] & 0x78) !== 0 || u16(bytes, start + 4) !== 1) return NOT_RECOGNISED;
  if (bytes[start + 12] !== 1 || !isDigit(bytes[start + 13])) return NOT_RECOGNISED;
  if (!startsWithFolded(bytes, start + 14, end, name)) return NOT_RECOGNISED;
  const asked = questionName(bytes, start + 12, end);
  if (asked === '') return NOT_RECOGNISED;
  payload.name = asked;
  payload.nameOrigin = QUESTION_ORIGIN;
  return RECOGNISED;
}

export const serviceFormRules: readonly PayloadRule[] = [
  {
    id: 'whatsapp-call',
    protocol: 'stun',
    transport: UDP,
    firstBytes: [0x00, 0x08],
    recognise: (payload) => verdict(isWhatsAppCall(payload)),
  },
  {
    id: 'microsoft-call',
    protocol: 'stun',
    transport: UDP,
    firstBytes: [0x00, 0x01],
    recognise: (payload) => thenDtls(payload, ({ bytes, start, end }) => isMicrosoftCall(bytes, start, end)),
  },
  {
    // In frames of RFC 4571.
    id: 'microsoft-call-tcp',
    protocol: 'stun',
    transport: TCP,
    firstBytes: [0x00, 0x01, 0x02],
    recognise: ({ bytes, start, end }) =>
      verdict(end - start > 2 && isMicrosoftCall(bytes, start + 2, Math.min(end, start + 2 + u16(bytes, start)))),
  },
  {
    id: 'microsoft-call-multiplexed',
    protocol: 'stun',
    transport: UDP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(isMultiplexedTurn(payload)),
  },
  {
    id: 'google-call',
    protocol: 'stun',
    transport: UDP,
    firstBytes: [0x00, 0x01],
    recognise: (payload) =>
      thenDtls(payload, ({ bytes, start, end }) => hasAttribute(bytes, start, end, GOOGLE_ATTRIBUTES)),
  },
  {
    id: 'zoom-connectivity-test',
    protocol: 'stun',
    transport: UDP,
    firstBytes: [0x00],
    recognise: (payload) => thenDtls(payload, isZoomTest),
  },
  {
    id: 'zoom-media-opening',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x01],
    recognise: (payload) => verdict(isZoomOpening(payload)),
  },
  {
    id: 'zoom-echo',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x03, 0x04],
    recognise: (payload) => verdict(isZoomEcho(payload)),
  },
  {
    // Encrypted RTP follows.
    id: 'discord-ip-discovery',
    protocol: 'rtp',
    transport: UDP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isDiscordDiscovery(payload)),
  },
  {
    id: 'discord-voice-ping',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x13],
    recognise: (payload) => verdict(isDiscordPing(payload)),
  },
  {
    id: 'dropbox-lan-search',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x7b],
    recognise: (payload) => verdict(isDropboxSearch(payload)),
  },
  {
    id: 'spotify-lan-search',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x53],
    recognise: ({ bytes, start, end }) => verdict(startsWith(bytes, start, end, SPOTIFY_SEARCH)),
  },
  {
    id: 'spotify-client-hello',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isSpotifyHello(payload)),
  },
  {
    id: 'aliyun-frame',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0xce],
    recognise: (payload) => verdict(isAliyunFrame(payload)),
  },
  {
    id: 'epic-games-handshake',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x07, 0x47, 0x87, 0xc7],
    recognise: (payload) => verdict(isEpicHandshake(payload)),
  },
  { id: 'threema-client-hello', protocol: NO_PROTOCOL, transport: TCP, recognise: threemaHello },
  {
    id: 'riot-games-ping',
    protocol: NO_PROTOCOL,
    transport: UDP,
    recognise: (payload) => verdict(isRiotPing(payload)),
  },
  {
    id: 'among-us-hello',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x08],
    recognise: (payload) => verdict(isAmongUsHello(payload)),
  },
  {
    id: 'world-of-warcraft-greeting',
    protocol: NO_PROTOCOL,
    transport: TCP,
    recognise: (payload) => verdict(isWarcraftGreeting(payload)),
  },
  { id: 'gearup-booster-echo', protocol: NO_PROTOCOL, transport: UDP, recognise: gearUpEcho },
  {
    id: 'tuya-lan-frame',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isTuyaFrame(payload)),
  },
  {
    id: 'tivo-beacon',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x54, 0x74],
    recognise: ({ bytes, start, end }) => verdict(startsWithFolded(bytes, start, end, TIVO_BEACON)),
  },
  {
    id: 'mihoyo-handshake',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isMihoyoHandshake(payload)),
  },
  {
    id: 'maplestory-greeting',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x0e],
    recognise: (payload) => verdict(isMapleGreeting(payload)),
  },
  {
    id: 'nintendo-pia',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x32],
    recognise: (payload) => verdict(isPia(payload)),
  },
  {
    id: 'lagofast-frame',
    protocol: NO_PROTOCOL,
    transport: UDP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isLagoFast(payload)),
  },
  { id: 'mudfish-ping', protocol: NO_PROTOCOL, transport: UDP, firstBytes: [MUDFISH_PING], recognise: mudfishPing },
  {
    id: 'mudfish-search',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x55],
    recognise: (payload) => verdict(isMudfishSearch(payload)),
  },
  { id: 'paltalk-message', protocol: NO_PROTOCOL, transport: TCP, recognise: (payload) => verdict(isPaltalk(payload)) },
  {
    id: 'dingtalk-message',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0x10],
    recognise: (payload) => verdict(isDingTalk(payload)),
  },
  {
    id: 'xiaomi-push',
    protocol: NO_PROTOCOL,
    transport: TCP,
    firstBytes: [0xc2],
    recognise: (payload) => verdict(isXiaomiPush(payload)),
  },
  { id: 'ookla-hello', protocol: NO_PROTOCOL, transport: TCP, firstBytes: [0x48], recognise: ooklaHello },
  { id: 'nest-message', protocol: NO_PROTOCOL, transport: TCP, recognise: nestMessage },
  {
    id: 'dnscrypt-certificate-question',
    protocol: 'dnscrypt',
    transport: UDP,
    recognise: (payload) => certificateQuestion(payload, CERTIFICATE_LABEL),
  },
  {
    id: 'avast-certificate-question',
    protocol: 'dnscrypt',
    transport: UDP,
    recognise: (payload) => certificateQuestion(payload, AVAST_NAME),
  },
];
