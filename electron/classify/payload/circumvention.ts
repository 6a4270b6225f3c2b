import { TCP, UDP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload, WANTS_MORE } from '../../../shared/payload.ts';
import { httpRequestRule } from './http.ts';
import { verdict } from './payload-fields.ts';
import { isPrintable, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';
import { serverNameOf, tlsRule } from './tls.ts';

/**
 * Proxies, encrypted name resolution and ways around filters, as far as they can be seen. What obfuscates itself (obfs4, meek,
 * Shadowsocks, Psiphon's OSSH) has no form of its own: `looksEncrypted` says so, and no rule names it.
 *
 * Rules that look into HTTP and TLS must be tried before the rules of those: they take what those would, and name it closer.
 */

const SOCKS5 = 5;
const SOCKS4 = 4;
const CONNECT = 1;
const BIND = 2;
const NONE_ACCEPTABLE = 0xff;

/** What a SOCKS client asked, for its server's answer to be held against. */
class SocksGreeting {
  /** Methods offered, as bits of the numbers 0 to 9; −1 for version 4, which has none. */
  readonly methods: number;

  constructor(methods: number) {
    this.methods = methods;
  }
}

/** Length of a SOCKS5 request or reply at `at` (RFC 1928, 4 and 6), or −1; 0 when it is not whole. */
function socksRequestLength(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 5) return 0;
  if (bytes[at] !== SOCKS5 || bytes[at + 1] > 8 || bytes[at + 2] !== 0) return -1;
  const length = bytes[at + 3] === 1 ? 10 : bytes[at + 3] === 4 ? 22 : bytes[at + 3] === 3 ? 7 + bytes[at + 4] : -1;
  return length > end - at ? 0 : length;
}

/**
 * SOCKS 5 (RFC 1928): the client's first bytes offer distinct methods and nothing else; the server then chooses one of them.
 * A capture of the client alone must show its request behind the offer.
 */
function recogniseSocks5(payload: Payload): InspectionResult {
  const { bytes, start, end, memory } = payload;
  if (!payload.fromInitiator) {
    if (!(memory instanceof SocksGreeting) || memory.methods < 0 || end - start < 2) return NOT_RECOGNISED;
    const method = bytes[start + 1];
    const isOffered = method <= 9 && (memory.methods & (1 << method)) !== 0;
    return verdict((isOffered || method === NONE_ACCEPTABLE) && (end - start === 2 || bytes[start + 2] === SOCKS5));
  }
  if (end - start < 2) return payload.looks === 0 ? WANTS_MORE : NOT_RECOGNISED;
  const count = bytes[start + 1];
  const behind = start + 2 + count;
  if (count === 0 || count > 10 || behind > end) return NOT_RECOGNISED;
  let methods = 0;
  for (let at = start + 2; at < behind; at++) {
    if (bytes[at] > 9 || (methods & (1 << bytes[at])) !== 0) return NOT_RECOGNISED;
    methods |= 1 << bytes[at];
  }
  if (behind < end) return verdict(socksRequestLength(bytes, behind, end) === end - behind && bytes[behind + 1] <= 3);
  if (payload.looks === 0) payload.memory = new SocksGreeting(methods);
  return WANTS_MORE;
}

/**
 * SOCKS 4 (Koblas, "SOCKS: A protocol for TCP proxy across firewalls") and 4A (Lee): command, port, address, user, and in 4A
 * a host name. Only 4A is sure by itself; 4 waits for the answer.
 */
function recogniseSocks4(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if (!payload.fromInitiator || payload.looks > 0 || end - start < 9 || bytes[end - 1] !== 0) return NOT_RECOGNISED;
  if ((bytes[start + 1] !== CONNECT && bytes[start + 1] !== BIND) || u16(bytes, start + 2) === 0) return NOT_RECOGNISED;
  let user = start + 8;
  while (bytes[user] !== 0) user++;
  if (!isPrintable(bytes, start + 8, user)) return NOT_RECOGNISED;
  const isNamed = u24(bytes, start + 4) === 0 && bytes[start + 7] !== 0;
  if (isNamed) return verdict(end - user > 4 && isPrintable(bytes, user + 1, end - 1));
  if (user !== end - 1 || bytes[start + 4] === 0) return NOT_RECOGNISED;
  payload.memory = new SocksGreeting(-1);
  return NOT_RECOGNISED;
}

/** Methods with which a request for a whole address, and so to a proxy, begins (RFC 9112, 3.2.2). */
const ABSOLUTE_FORMS = ['GET http://', 'POST http://', 'HEAD http://', 'PUT http://', 'OPTIONS http://'];

/** A request to a proxy: CONNECT (RFC 9110, 9.3.6), or the address in full. */
function recogniseProxyRequest(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if (payload.rule !== 0) return httpRequestRule.recognise(payload);
  const isConnect = bytes[start] === 0x43 && startsWith(bytes, start, end, 'CONNECT ');
  if (!isConnect && !ABSOLUTE_FORMS.some((form) => startsWith(bytes, start, end, form))) return NOT_RECOGNISED;
  // Two lines at least, so that a cut request line is not taken for a whole one.
  if (bytes.subarray(start, end).indexOf(10) < 0) return WANTS_MORE;
  return httpRequestRule.recognise(payload);
}

const DNS_OVER_TLS_PORT = 853;
const CLIENT_HELLO = 1;

/** Whether a ClientHello at `bytes[start … end)` (record header in front) offers only the application protocol "dot" (RFC 7858). */
function offersDot(bytes: Uint8Array, start: number, end: number): boolean {
  // Extension 16, length 6, list length 4, name length 3 (RFC 7301, 3.1).
  for (let at = start + 43; at + 10 <= end; at++) {
    if (bytes[at + 1] === 16 && bytes[at] === 0 && u32(bytes, at + 2) === 0x0006_0004) {
      if (u32(bytes, at + 6) === 0x0364_6f74) return true;
    }
  }
  return false;
}

/** DNS over TLS (RFC 7858, 3.1): a TLS handshake with its own port, or one that asks for nothing but "dot". */
function recogniseDnsOverTls(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if (payload.rule !== 0) return tlsRule.recognise(payload);
  const isOwnPort = payload.sourcePort === DNS_OVER_TLS_PORT || payload.destinationPort === DNS_OVER_TLS_PORT;
  if (!isOwnPort && (bytes[start + 5] !== CLIENT_HELLO || !offersDot(bytes, start, end))) return NOT_RECOGNISED;
  return tlsRule.recognise(payload);
}

const ALPN_EXTENSION = 16;
/** `www.`, 4 to 25 characters of base32, `.com` (Tor's source, `tor_tls_new`); fewer than 8 are too few to tell chance from choice. */
const TOR_NAME = /^www\.([a-z2-7]{8,25})\.com$/;

/** Whether a ClientHello offers application protocols, as browsers have since 2014 and Tor does not. */
function hasAlpn(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + 43;
  at += 1 + bytes[at];
  at += 2 + u16(bytes, at);
  at += 1 + bytes[at];
  at += 2;
  while (at + 4 <= end) {
    if (u16(bytes, at) === ALPN_EXTENSION) return true;
    at += 4 + u16(bytes, at + 2);
  }
  return false;
}

/** Place of "www." in the bytes, or −1. */
function findWww(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 4 <= end; at++) {
    if (bytes[at] === 0x77 && bytes[at + 1] === 0x77 && bytes[at + 2] === 0x77 && bytes[at + 3] === 0x2e) return at;
  }
  return -1;
}

/**
 * Whether letters and the digits 2 to 7 stand as chance sets them: a digit between letters, and either digits in two places or six
 * consonants on end. Of names that Tor makes up about two in three do; of names that people choose hardly any.
 */
export function isRandomBase32(text: string): boolean {
  if (!/[a-z][2-7]+[a-z]/.test(text)) return false;
  return (text.match(/[2-7]+/g) ?? []).length >= 2 || /[bcdfghjklmnpqrstvwxz]{6}/.test(text);
}

/** Tor's link handshake by the name that it makes up for each connection. */
function recogniseTor(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if (payload.rule !== 0) return tlsRule.recognise(payload);
  if (!payload.fromInitiator || end - start < 60 || bytes[start + 1] !== 3 || bytes[start + 5] !== CLIENT_HELLO) {
    return NOT_RECOGNISED;
  }
  if (findWww(bytes, start + 43, Math.min(end, start + 1500)) < 0) return NOT_RECOGNISED;
  const label = TOR_NAME.exec(serverNameOf(bytes, start + 5, end) ?? '')?.[1];
  if (label === undefined || !isRandomBase32(label) || hasAlpn(bytes, start, end)) return NOT_RECOGNISED;
  return tlsRule.recognise(payload);
}

/** Resolver's magic before each answer (DNSCrypt protocol, version 2, "Server responses"). */
const DNSCRYPT_MAGIC = 'r6fnvWj8';
const DNSCRYPT_LEAST = 8 + 24 + 16;

/** The first bytes of Ultrasurf's client over TCP. No public specification: observed. */
const ULTRASURF_MAGIC = [0xcc1c3041, 0x5ba43866] as const;

export const circumventionRules: readonly PayloadRule[] = [
  {
    id: 'socks5-greeting',
    protocol: 'socks',
    transport: TCP,
    firstBytes: [SOCKS5],
    recognise: recogniseSocks5,
  },
  {
    id: 'socks4-request',
    protocol: 'socks',
    transport: TCP,
    firstBytes: [SOCKS4],
    recognise: recogniseSocks4,
  },
  {
    // Eight bytes: zero, and 90 to 93 (granted, refused, no identd, other user).
    id: 'socks4-reply',
    protocol: 'socks',
    transport: TCP,
    firstBytes: [0],
    recognise: ({ bytes, start, end, fromInitiator, memory }) =>
      verdict(
        memory instanceof SocksGreeting &&
          memory.methods < 0 &&
          !fromInitiator &&
          end - start >= 8 &&
          bytes[start + 1] >= 90 &&
          bytes[start + 1] <= 93,
      ),
  },
  {
    id: 'http-proxy-request',
    protocol: 'http-proxy',
    transport: TCP,
    firstBytes: [...new Set(['C', ...ABSOLUTE_FORMS].map((form) => form.charCodeAt(0)))],
    recognise: recogniseProxyRequest,
  },
  {
    id: 'encrypted-dns-over-tls',
    protocol: 'encrypted-dns',
    transport: TCP,
    firstBytes: [22],
    recognise: recogniseDnsOverTls,
  },
  {
    id: 'tor-made-up-name',
    protocol: 'tor',
    transport: TCP,
    firstBytes: [22],
    recognise: recogniseTor,
  },
  {
    id: 'dnscrypt-answer',
    protocol: 'dnscrypt',
    transport: UDP,
    firstBytes: [0x72],
    recognise: ({ bytes, start, end }) =>
      verdict(end - start >= DNSCRYPT_LEAST && startsWith(bytes, start, end, DNSCRYPT_MAGIC)),
  },
  {
    id: 'dnscrypt-answer-tcp',
    protocol: 'dnscrypt',
    transport: TCP,
    firstBytes: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    recognise: ({ bytes, start, end }) =>
      verdict(end - start >= 2 + DNSCRYPT_LEAST && startsWith(bytes, start + 2, end, DNSCRYPT_MAGIC)),
  },
  {
    id: 'ultrasurf-opening',
    protocol: 'ultrasurf',
    transport: TCP,
    firstBytes: [0xcc],
    recognise: ({ bytes, start, end }) =>
      verdict(
        end - start >= 8 && u32(bytes, start) === ULTRASURF_MAGIC[0] && u32(bytes, start + 4) === ULTRASURF_MAGIC[1],
      ),
  },
];

/** Why a first payload counts as encrypted throughout; shares are of all its bytes. */
export interface EncryptedLook {
  /** Length of the payload, bytes. */
  readonly bytes: number;
  /** Set bits a byte, 3.4 to 4.6. */
  readonly bitsPerByte: number;
  /** Share of printable ASCII, 0 to 0.5. */
  readonly printable: number;
}

const LEAST_BITS = 3.4;
const MOST_BITS = 4.6;
const LEAST_LENGTH = 32;
const LONGEST_TEXT = 20;

/** Set bits of each byte value. */
const SET_BITS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

/** Of the byte values that random bytes would hold, the share that must be there: padding and other repetition has the bits but few values. */
const LEAST_VARIETY = 0.6;
const seenValues = new Uint8Array(256);

/**
 * Whether a client's first payload is encrypted throughout and nothing else: no greeting, no text, no lengths that show, by
 * the rules measured of the Great Firewall (Wu et al., "How the Great Firewall of China Detects and Blocks Fully Encrypted
 * Traffic", USENIX Security 2023, algorithm 1), with a least length of 32 bytes for the count to mean anything, and as many different bytes as
 * random ones have, so that what we say of it holds. That is how
 * Shadowsocks, obfs4 and Psiphon's OSSH look, and any other protocol without a greeting; compressed data may too. It says
 * nothing of what it is: call it only for a flow that no rule recognised.
 *
 * @returns the figures behind it, or null
 */
export function looksEncrypted(payload: Uint8Array): EncryptedLook | null {
  const { length } = payload;
  if (length < LEAST_LENGTH || isPrintable(payload, 0, 6)) return null;
  let bits = 0;
  let printable = 0;
  let run = 0;
  let values = 0;
  seenValues.fill(0);
  for (const byte of payload) {
    if (seenValues[byte] === 0) {
      seenValues[byte] = 1;
      values++;
    }
    bits += SET_BITS[byte];
    run = byte >= 0x20 && byte <= 0x7e ? run + 1 : 0;
    if (run > 0) printable++;
    if (run > LONGEST_TEXT) return null;
  }
  if (values < LEAST_VARIETY * 256 * (1 - Math.exp(-length / 256))) return null;
  const bitsPerByte = bits / length;
  if (bitsPerByte <= LEAST_BITS || bitsPerByte >= MOST_BITS || printable > length / 2) return null;
  // TLS and HTTP, which that algorithm lets pass; HTTP is text above.
  if (payload[0] >= 20 && payload[0] <= 23 && payload[1] === 3 && payload[2] <= 4) return null;
  return { bytes: length, bitsPerByte, printable: printable / length };
}

/** Bytes of a payload that are looked at: what is random is so from the beginning. */
const MOST_LOOKED_AT = 1500;

/**
 * Stands in a flow's facts for such a look at the client's first payload that was seen, while no rule recognises the flow: neither a
 * protocol nor a service, and never tried.
 */
export const ENCRYPTED_UNCLASSIFIED: PayloadRule = {
  id: 'encrypted-unclassified',
  protocol: '',
  transport: -1,
  recognise: () => NOT_RECOGNISED,
};

/** Whether a flow's first payload is the client's, and encrypted throughout. */
export function isEncryptedLook({ looks, fromInitiator, bytes, start, end }: Payload): boolean {
  if (looks !== 0 || !fromInitiator) return false;
  return looksEncrypted(bytes.subarray(start, Math.min(end, start + MOST_LOOKED_AT))) !== null;
}
