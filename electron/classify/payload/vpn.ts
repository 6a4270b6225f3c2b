import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { u32LE, usesPort, verdict } from './payload-fields.ts';
import { type PayloadRule, latin1, startsWith, u16, u24, u32 } from './rule.ts';

/**
 * Tunnels that their owners do not hide: OpenVPN, WireGuard, IPsec's key exchange, PPTP, L2TP, Teredo, Tailscale, tinc,
 * and DTLS, over which many others run.
 */

/** OpenVPN opcodes that open a session; the low three bits of the byte are the key id, 0 then. */
const CLIENT_RESET_V2 = 7 << 3;
const SERVER_RESET_V2 = 8 << 3;
const CLIENT_RESET_V3 = 10 << 3;
/** Lengths of the HMAC that `--auth` may give: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. */
const HMAC_LENGTHS = [16, 20, 28, 32, 48, 64];
/** Opcode and session id. */
const OPENVPN_HEAD = 9;
/** Packet id and time that guard a reset against replay. */
const REPLAY_HEAD = 8;
const TLS_CRYPT_TAG = 32;
/** Resets that are sent again count up their packet id. */
const MOST_RESENT = 32;
/** Packet id with which OpenVPN 2.6 offers early negotiation. */
const EARLY_NEGOTIATION = 0x0f00_0000;

function isResetNumber(bytes: Uint8Array, at: number): boolean {
  const number = u32(bytes, at);
  const counted = number >= EARLY_NEGOTIATION ? number - EARLY_NEGOTIATION : number;
  return counted >= 1 && counted <= MOST_RESENT;
}

/** What an unwrapped reset ends in: of a client no acknowledgement and message 0, of a server that of the client's message 0. */
function isResetTail(bytes: Uint8Array, at: number, isServer: boolean): boolean {
  if (!isServer) return bytes[at] === 0 && u32(bytes, at + 1) === 0;
  return (
    bytes[at] === 1 &&
    u32(bytes, at + 1) === 0 &&
    (u32(bytes, at + 5) !== 0 || u32(bytes, at + 9) !== 0) &&
    u32(bytes, at + 13) === 0
  );
}

/**
 * The first message of either side of OpenVPN (openvpn.net, "OpenVPN network protocol"; draft-openvpn-wire-protocol):
 * plain, with an HMAC (`tls-auth`), encrypted (`tls-crypt`), or encrypted with the client's own key behind
 * (`tls-crypt-v2`).
 */
function isOpenVpnReset(bytes: Uint8Array, start: number, end: number): boolean {
  const opcode = bytes[start];
  const isServer = opcode === SERVER_RESET_V2;
  if (!isServer && opcode !== CLIENT_RESET_V2 && opcode !== CLIENT_RESET_V3) return false;
  const length = end - start;
  const tail = isServer ? 17 : 5;
  if (length < OPENVPN_HEAD + tail || (u32(bytes, start + 1) === 0 && u32(bytes, start + 5) === 0)) return false;
  if (opcode !== CLIENT_RESET_V3) {
    if (length === OPENVPN_HEAD + tail) return isResetTail(bytes, start + OPENVPN_HEAD, isServer);
    for (const hmac of HMAC_LENGTHS) {
      if (length !== OPENVPN_HEAD + hmac + REPLAY_HEAD + tail) continue;
      const replay = start + OPENVPN_HEAD + hmac;
      if (isResetNumber(bytes, replay) && isResetTail(bytes, replay + REPLAY_HEAD, isServer)) return true;
    }
  }
  const sealed = OPENVPN_HEAD + REPLAY_HEAD + TLS_CRYPT_TAG + tail;
  if (length < sealed || !isResetNumber(bytes, start + OPENVPN_HEAD)) return false;
  if (opcode === CLIENT_RESET_V3) return length === sealed + u16(bytes, end - 2);
  return isServer ? length <= sealed + 64 : length === sealed;
}

/** What the first of two WireGuard data messages of one side said. */
class WireGuardData {
  readonly fromInitiator: boolean;
  readonly receiver: number;
  readonly counter: number;

  constructor(payload: Payload, receiver: number, counter: number) {
    this.fromInitiator = payload.fromInitiator;
    this.receiver = receiver;
    this.counter = counter;
  }
}

/** Keys, ciphertext and MACs hold hardly a zero byte; fixed fields of other protocols hold many. */
function isDense(bytes: Uint8Array, from: number, to: number): boolean {
  let zeros = 0;
  for (let i = from; i < to; i++) if (bytes[i] === 0) zeros++;
  return zeros <= 4 + ((to - from) >>> 6);
}

/** Packets that may be lost between two data messages of one side. */
const WIREGUARD_GAP = 1000;

/** WireGuard (wireguard.com/protocol, "WireGuard: Next Generation Kernel Network Tunnel", NDSS 2017, 5.4). */
function isWireGuard(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const length = end - start;
  if (length < 32 || u24(bytes, start + 1) !== 0) return false;
  switch (bytes[start]) {
    case 1:
      return length === 148 && isDense(bytes, start + 8, start + 132);
    case 2:
      return length === 92 && isDense(bytes, start + 12, start + 76);
    case 3:
      return length === 64 && isDense(bytes, start + 8, end);
    default:
      return isWireGuardData(payload);
  }
}

/** Data alone has little form: two messages of one side have the same receiver, and the second a higher counter. */
function isWireGuardData(payload: Payload): boolean {
  const { bytes, start, end, memory } = payload;
  // The padded content and its tag; the counter's high half stays zero for 2^32 messages, the receiver is random.
  const receiver = u32LE(bytes, start + 4);
  if ((end - start) % 16 !== 0 || u32(bytes, start + 12) !== 0 || receiver < 0x10000) return false;
  if (!isDense(bytes, start + 16, Math.min(end, start + 80))) return false;
  const counter = u32LE(bytes, start + 8);
  if (!(memory instanceof WireGuardData)) payload.memory = new WireGuardData(payload, receiver, counter);
  else if (memory.fromInitiator === payload.fromInitiator) {
    return receiver === memory.receiver && counter > memory.counter && counter - memory.counter <= WIREGUARD_GAP;
  }
  return false;
}

const IKE_NAT_PORT = 4500;
const IKE_HEADER = 28;

/**
 * Header of IKE version 1 (RFC 2408, 3.1; exchanges also RFC 2409) or 2 (RFC 7296, 3.1) whose length is that of the
 * datagram.
 */
function isIke(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < IKE_HEADER || u32(bytes, start + 24) !== end - start) return false;
  if (u32(bytes, start) === 0 && u32(bytes, start + 4) === 0) return false;
  const next = bytes[start + 16];
  const exchange = bytes[start + 18];
  const flags = bytes[start + 19];
  switch (bytes[start + 17]) {
    case 0x10:
      return (exchange <= 6 || (exchange >= 32 && exchange <= 34)) && exchange > 0 && flags <= 7 && next <= 21;
    case 0x20:
      return exchange >= 34 && exchange <= 44 && (flags & 0xc7) === 0 && (next === 0 || (next >= 33 && next <= 55));
    default:
      return false;
  }
}

/** A datagram of one side of a flow seen midway: the next one of the same head has a higher number. */
class NumberedDatagram {
  readonly fromInitiator: boolean;
  readonly head: number;
  readonly number: number;

  constructor(fromInitiator: boolean, head: number, number: number) {
    this.fromInitiator = fromInitiator;
    this.head = head;
    this.number = number;
  }
}

/** Datagrams that may be lost between two. */
const MOST_LOST = 1000;

/** Whether a datagram counts up from one of the same side before it; else it is kept for the next, unless it is of the other side. */
function countsUp(payload: Payload, head: number, number: number): boolean {
  const { memory, fromInitiator } = payload;
  if (memory instanceof NumberedDatagram) {
    if (memory.fromInitiator !== fromInitiator) return false;
    if (memory.head === head && number > memory.number && number - memory.number <= MOST_LOST) return true;
  }
  payload.memory = new NumberedDatagram(fromInitiator, head, number);
  return false;
}

const OPENVPN_PORT = 1194;
/** Data messages by opcode: of version 2 a peer's number goes before the packet's. */
const DATA_V1 = 6;
const DATA_V2 = 9;

/** OpenVPN's data, seen midway (draft-openvpn-wire-protocol, 7, AEAD ciphers): on its port, two packets of one side that count up. */
function isOpenVpnData(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, OPENVPN_PORT) || end - start < 24) return false;
  const isV2 = bytes[start] >>> 3 === DATA_V2;
  return countsUp(payload, isV2 ? u32(bytes, start) : bytes[start], u32(bytes, start + (isV2 ? 4 : 1)));
}

/** ESP in UDP (RFC 3948, 2.1): on its port, two packets of one association that count up. */
function isEspInUdp(payload: Payload): boolean {
  if (!usesPort(payload, IKE_NAT_PORT) || payload.end - payload.start < 24) return false;
  const { bytes, start } = payload;
  const association = u32(bytes, start);
  // Associations up to 255 are reserved (RFC 4303, 2.1).
  return association > 255 && countsUp(payload, association, u32(bytes, start + 4));
}

const PPTP_COOKIE = 0x1a2b3c4d;
const L2TP_PORT = 1701;
/** Type, length and sequence are there, and nothing else that a control message may not have. */
const L2TP_CONTROL = 0xc8;

/** L2TP (RFC 2661, 3.1 and 4.1; version 3 RFC 3931, 3.2.1 and 4.1.2.2). */
function isL2tpControl(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 12 || u16(bytes, start + 2) !== end - start) return false;
  const version = bytes[start + 1];
  if (version !== 2 && version !== 3) return false;
  if (end - start === 12) return usesPort(payload, L2TP_PORT);
  // The first attribute is the message type: mandatory, 8 bytes, of no vendor, number 0.
  return (
    end - start >= 20 && (u16(bytes, start + 12) & 0xbfff) === 0x8008 && u32(bytes, start + 14) === 0 &&
    u16(bytes, start + 18) <= 28
  ); // prettier-ignore
}

/** A data message on L2TP's port that carries PPP in HDLC framing (RFC 1662): address ff, control 03. */
function isL2tpData(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, L2TP_PORT) || end - start < 10) return false;
  const flags = u16(bytes, start);
  if ((flags & 0xb4ff) !== 2) return false;
  let at = start + 6;
  if ((flags & 0x4000) !== 0) {
    if (u16(bytes, start + 2) !== end - start) return false;
    at += 2;
  }
  if ((flags & 0x0800) !== 0) at += 4;
  if ((flags & 0x0200) !== 0) at += 2 + u16(bytes, at);
  return at + 4 <= end && bytes[at] === 0xff && bytes[at + 1] === 3;
}

const TEREDO_PORT = 3544;
const TEREDO_PREFIX = 0x2001_0000;
const IPV6_HEADER = 40;

/** Whether trailers (type, length, value; MS-TERE, 2.2.4) fill the bytes. */
function areTrailers(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (end - at >= 2) {
    if (bytes[at] < 1 || bytes[at] > 5) return false;
    at += 2 + bytes[at + 1];
  }
  return at === end;
}

/**
 * Teredo (RFC 4380, 5.1.1): authentication and origin may stand before the IPv6 packet, which fills the datagram but for
 * trailers.
 */
function isTeredo(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let at = start;
  if (end - at > 4 && u16(bytes, at) === 1) at += 13 + bytes[at + 2] + bytes[at + 3];
  if (end - at > 8 && u16(bytes, at) === 0) at += 8;
  if (end - at < IPV6_HEADER || bytes[at] >>> 4 !== 6) return false;
  const packetEnd = at + IPV6_HEADER + u16(bytes, at + 4);
  if (packetEnd > end || !areTrailers(bytes, packetEnd, end)) return false;
  if (u32(bytes, at + 8) === TEREDO_PREFIX || u32(bytes, at + 24) === TEREDO_PREFIX) return true;
  // A client that asks for its address, and the answer, have link-local ones (RFC 4380, 5.2.1).
  return usesPort(payload, TEREDO_PORT) && u16(bytes, at + 8) === 0xfe80;
}

/** "TS" and U+1F4AC, before the sender's key and a nonce (tailscale.com, package disco). */
const DISCO_MAGIC = 'TS\xf0\x9f\x92\xac';
const DISCO_HEAD = 6 + 32 + 24;

/** `0 NAME 17.x`, tinc's first line, of both sides (tinc manual, "Meta-protocol", and 1.1, "Simple Peer-to-Peer Security"). */
function isTincGreeting({ bytes, start, end }: Payload): boolean {
  if (bytes[start + 1] !== 0x20) return false;
  let at = start + 2;
  if (bytes[at] === 0x3f) at++;
  const name = at;
  while (at < end && isNameByte(bytes[at])) at++;
  if (at === name || !startsWith(bytes, at, end, ' 17')) return false;
  at += 3;
  if (bytes[at] === 0x2e) {
    at++;
    while (at < end && bytes[at] >= 0x30 && bytes[at] <= 0x39) at++;
  }
  return at < end && bytes[at] === 10;
}

function isNameByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f
  );
}

const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const DTLS_HEAD = 13;
const MOST_CIPHERTEXT = 16_384 + 2048;
/** An association does not change its keys so often (RFC 6347, 4.1). */
const MOST_EPOCHS = 64;

function isDtlsVersion(version: number): boolean {
  // 1.0, 1.2, and 1.0 as OpenSSL first had it, which Cisco AnyConnect still speaks (OpenConnect, "DTLS").
  return version === 0xfeff || version === 0xfefd || version === 0x0100;
}

/**
 * DTLS records that fill the datagram (RFC 6347, 4.1 and 4.3.1; RFC 9147, 4): versions, epochs of a young association, sequence
 * numbers below 2^32, handshake fragments that lie within their message.
 */
function isDtls({ bytes, start, end }: Payload): boolean {
  let at = start;
  const version = u16(bytes, start + 1);
  if (end - start < DTLS_HEAD + 1 || !isDtlsVersion(version)) return false;
  while (end - at >= DTLS_HEAD) {
    const type = bytes[at];
    const length = u16(bytes, at + 11);
    if (type < CHANGE_CIPHER_SPEC || type > 26 || length === 0 || length > MOST_CIPHERTEXT) return false;
    if (!isDtlsVersion(u16(bytes, at + 1)) || u16(bytes, at + 3) > MOST_EPOCHS || u16(bytes, at + 5) !== 0)
      return false;
    const body = at + DTLS_HEAD;
    if (type === HANDSHAKE && u16(bytes, at + 3) === 0 && body + 12 <= end) {
      // Type, length, number, and a fragment that lies within the message.
      if (bytes[body] > 25 || u24(bytes, body + 6) + u24(bytes, body + 9) > u24(bytes, body + 1)) return false;
    }
    at = body + length;
  }
  return at === end;
}

const HAMACHI_LOGIN = 0x7b7a0dad;

/** Hamachi's client to its servers: length of the rest, and a constant within the first message. No public specification: observed. */
function isHamachiLogin({ bytes, start, end }: Payload): boolean {
  return end - start > 64 && u32(bytes, start) === end - start - 4 && u32(bytes, start + 12) === HAMACHI_LOGIN;
}

const HAMACHI_PORT = 17_771;

/** What Hamachi's datagrams of one side keep, and their number. */
interface HamachiSide {
  readonly head: number;
  readonly kind: number;
  readonly serial: number;
}

/** Hamachi between two members, on its port: of one side two datagrams with the same head and kind, numbered upwards. Observed. */
function hamachiTunnel(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  if (end - start < 46 || !usesPort(payload, HAMACHI_PORT)) return NOT_RECOGNISED;
  const now: HamachiSide = { head: u32(bytes, start), kind: u16(bytes, start + 8), serial: u32(bytes, start + 4) };
  if (now.serial === 0 || now.serial > 0xffff) return NOT_RECOGNISED;
  const sides = payload.memory instanceof Map ? payload.memory : new Map<boolean, HamachiSide>();
  const before = sides.get(fromInitiator) as HamachiSide | undefined;
  if (before !== undefined && before.head === now.head && before.kind === now.kind && now.serial > before.serial) {
    return RECOGNISED;
  }
  sides.set(fromInitiator, now);
  payload.memory = sides;
  return NOT_RECOGNISED;
}

/** An address behind a NAT as SoftEther's keep-alive service tells it. */
const SOFTETHER_ADDRESS = /^IP=[\d.]{7,15},PORT=\d{1,5}\0?$/;
const SOFTETHER_LAST_TYPE = 4;

/**
 * SoftEther's UDP services (published source, `Pack`): the answer that tells the client its address, or a pack: a count, then a name behind
 * its length (one more than its letters), a type and one value.
 */
function isSoftEther({ bytes, start, end }: Payload): boolean {
  if (end - start < 30 && startsWith(bytes, start, end, 'IP='))
    return SOFTETHER_ADDRESS.test(latin1(bytes, start, end));
  if (end - start < 24) return false;
  const count = u32(bytes, start);
  const letters = u32(bytes, start + 4) - 1;
  const type = start + 8 + letters;
  return (
    count > 0 &&
    count <= 128 &&
    letters > 0 &&
    letters <= 64 &&
    type + 8 <= end &&
    /^[a-z][a-z\d_]*$/i.test(latin1(bytes, start + 8, type)) &&
    u32(bytes, type) <= SOFTETHER_LAST_TYPE &&
    u32(bytes, type + 4) === 1
  );
}

export const vpnRules: readonly PayloadRule[] = [
  {
    id: 'openvpn-udp-reset',
    protocol: 'openvpn',
    transport: UDP,
    firstBytes: [CLIENT_RESET_V2, SERVER_RESET_V2, CLIENT_RESET_V3],
    recognise: ({ bytes, start, end }) => verdict(isOpenVpnReset(bytes, start, end)),
  },
  {
    id: 'openvpn-udp-data',
    protocol: 'openvpn',
    transport: UDP,
    firstBytes: [DATA_V1, DATA_V2].flatMap((opcode) => Array.from({ length: 8 }, (_, key) => (opcode << 3) | key)),
    recognise: (payload) => verdict(isOpenVpnData(payload)),
  },
  {
    id: 'openvpn-tcp-reset',
    protocol: 'openvpn',
    transport: TCP,
    firstBytes: [0, 1, 2, 3, 4],
    recognise({ bytes, start, end }) {
      // A length goes before each message (draft-openvpn-wire-protocol, 3.2).
      if (end - start < 16) return NOT_RECOGNISED;
      const messageEnd = start + 2 + u16(bytes, start);
      const opcode = bytes[start + 2];
      if (opcode !== CLIENT_RESET_V2 && opcode !== SERVER_RESET_V2 && opcode !== CLIENT_RESET_V3) return NOT_RECOGNISED;
      if (messageEnd > end) return opcode === CLIENT_RESET_V3 ? WANTS_MORE : NOT_RECOGNISED;
      return verdict(isOpenVpnReset(bytes, start + 2, messageEnd));
    },
  },
  {
    id: 'wireguard-message',
    protocol: 'wireguard',
    transport: UDP,
    firstBytes: [1, 2, 3, 4],
    recognise: (payload) => verdict(isWireGuard(payload)),
  },
  {
    id: 'ipsec-ike-nat',
    protocol: 'ipsec',
    transport: UDP,
    firstBytes: [0],
    // The non-ESP marker (RFC 3948, 2.2).
    recognise: ({ bytes, start, end }) => verdict(u32(bytes, start) === 0 && isIke(bytes, start + 4, end)),
  },
  {
    id: 'ipsec-ike',
    protocol: 'ipsec',
    transport: UDP,
    recognise: ({ bytes, start, end }) => verdict(isIke(bytes, start, end)),
  },
  {
    id: 'ipsec-esp-in-udp',
    protocol: 'ipsec',
    transport: UDP,
    recognise: (payload) => verdict(isEspInUdp(payload)),
  },
  {
    // RFC 2637, 2: length, type 1 (control), cookie.
    id: 'pptp-control',
    protocol: 'pptp',
    transport: TCP,
    firstBytes: [0],
    recognise: ({ bytes, start, end }) =>
      verdict(
        end - start >= 12 &&
          u16(bytes, start) >= 12 &&
          u16(bytes, start + 2) === 1 &&
          u32(bytes, start + 4) === PPTP_COOKIE,
      ),
  },
  {
    id: 'l2tp-control',
    protocol: 'l2tp',
    transport: UDP,
    firstBytes: [L2TP_CONTROL],
    recognise: (payload) => verdict(isL2tpControl(payload)),
  },
  {
    id: 'l2tp-data',
    protocol: 'l2tp',
    transport: UDP,
    // Any of length, sequence, offset and priority.
    firstBytes: [0, 0x40].flatMap((length) => [0, 1, 2, 3, 8, 9, 10, 11].map((flags) => length | flags)),
    recognise: (payload) => verdict(isL2tpData(payload)),
  },
  {
    id: 'teredo-packet',
    protocol: 'teredo',
    transport: UDP,
    firstBytes: [0, ...Array.from({ length: 16 }, (_, low) => 0x60 | low)],
    recognise: (payload) => verdict(isTeredo(payload)),
  },
  {
    id: 'tailscale-disco',
    protocol: 'tailscale',
    transport: UDP,
    firstBytes: [0x54],
    recognise: ({ bytes, start, end }) =>
      verdict(end - start >= DISCO_HEAD && startsWith(bytes, start, end, DISCO_MAGIC)),
  },
  {
    id: 'tinc-greeting',
    protocol: 'tinc',
    transport: TCP,
    firstBytes: [0x30],
    recognise: (payload) => verdict(isTincGreeting(payload)),
  },
  {
    // Cisco's ESP in UDP on port 10000, of before RFC 3948: no public specification, four bytes as seen in public captures.
    id: 'cisco-vpn-udp',
    protocol: 'cisco-vpn',
    transport: UDP,
    firstBytes: [0xfe],
    recognise: (payload) =>
      verdict(
        payload.sourcePort === 10_000 &&
          payload.destinationPort === 10_000 &&
          payload.end - payload.start >= 32 &&
          u32(payload.bytes, payload.start) === 0xfe577e2b,
      ),
  },
  {
    id: 'dtls-record',
    protocol: 'dtls',
    transport: UDP,
    firstBytes: [20, 21, 22, 23, 24, 25, 26],
    recognise: (payload) => verdict(isDtls(payload)),
  },
  {
    id: 'hamachi-login',
    protocol: 'hamachi',
    transport: TCP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(isHamachiLogin(payload)),
  },
  { id: 'hamachi-tunnel', protocol: 'hamachi', transport: UDP, recognise: hamachiTunnel },
  {
    id: 'softether-pack',
    protocol: 'softether',
    transport: UDP,
    firstBytes: [0x00, 0x49],
    recognise: (payload) => verdict(isSoftEther(payload)),
  },
];
