import { hash } from 'node:crypto';
import { u16, visibleText } from './rule.ts';

/**
 * The ClientHello of TLS (RFC 5246, RFC 8446), DTLS (RFC 6347, RFC 9147) and QUIC (RFC 9001): server name (RFC 6066), sign of
 * an encrypted name, and the fingerprints JA3 (Althouse, Atkinson, Atkins; BSD 3-Clause) and JA4 (FoxIO, the TLS client
 * fingerprint only; BSD 3-Clause). Reserved values (GREASE, RFC 8701) are left out of both, as their authors have it.
 */

export interface ClientHello {
  /** '' when there is none. */
  readonly serverName: string;
  /** The hello also holds a name that only the server can read (ECH), or its forerunner ESNI. It may be a mere decoy. */
  readonly hasHiddenName: boolean;
  /** MD5 in hexadecimal. */
  readonly ja3: string;
  readonly ja4: string;
}

/** What carries the hello, as JA4 writes it: TCP, QUIC, DTLS. */
export type HelloCarrier = 't' | 'q' | 'd';

const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const APPLICATION_PROTOCOLS = 16;
const SUPPORTED_VERSIONS = 43;
/** RFC 9849 (draft-ietf-tls-esni from -13 on) and draft-ietf-tls-esni-02. */
const ENCRYPTED_HELLO = 0xfe0d;
const ENCRYPTED_SERVER_NAME = 0xffce;

/** Versions as JA4 writes them. */
const JA4_VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0002, 's2'],
  [0x0300, 's3'],
  [0x0301, '10'],
  [0x0302, '11'],
  [0x0303, '12'],
  [0x0304, '13'],
  [0xfeff, 'd1'],
  [0xfefd, 'd2'],
  [0xfefc, 'd3'],
]);
const NOTHING = '000000000000';

function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 255);
}

/** 16-bit values in `bytes[start … end)`, without GREASE. */
function valuesIn(bytes: Uint8Array, start: number, end: number): number[] {
  const values: number[] = [];
  for (let at = start; at + 2 <= end; at += 2) {
    const value = u16(bytes, at);
    if (!isGrease(value)) values.push(value);
  }
  return values;
}

const fourDigits = (value: number): string => value.toString(16).padStart(4, '0');
const twoDigits = (count: number): string => String(Math.min(count, 99)).padStart(2, '0');
const inOrder = (values: readonly number[]): string =>
  values
    .toSorted((x, y) => x - y)
    .map(fourDigits)
    .join(',');
const shortHash = (text: string): string => hash('sha256', text).slice(0, 12);

/**
 * The highest number among the offered versions, as JA4 has it: a draft's or a vendor's own version (0x7f1c, 0xfb1a) makes
 * '00', and DTLS 1.2 (0xfefd) comes before DTLS 1.3 (0xfefc).
 */
function ja4Version(offered: readonly number[]): string {
  return JA4_VERSIONS.get(Math.max(...offered)) ?? '00';
}

function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
}

/** First and last character of the first application protocol, or of its bytes in hexadecimal. */
function ja4Protocol(bytes: Uint8Array, start: number, end: number): string {
  if (start >= end) return '00';
  const [first, last] = [bytes[start], bytes[end - 1]];
  if (isAlphanumeric(first) && isAlphanumeric(last)) return String.fromCharCode(first, last);
  return (first >>> 4).toString(16) + (last & 15).toString(16);
}

/**
 * Reads the body of a ClientHello (what follows type and length) that lies whole in `bytes[start … end)`. Returns null when
 * its lengths lie.
 */
export function readClientHello(
  bytes: Uint8Array,
  start: number,
  end: number,
  carrier: HelloCarrier,
): ClientHello | null {
  if (end - start < 38) return null;
  const legacyVersion = u16(bytes, start);
  let at = start + 34;
  at += 1 + bytes[at];
  if (carrier === 'd') at += 1 + bytes[at];
  if (at + 2 > end) return null;
  const ciphersEnd = at + 2 + u16(bytes, at);
  if (ciphersEnd + 1 > end) return null;
  const ciphers = valuesIn(bytes, at + 2, ciphersEnd);
  at = ciphersEnd + 1 + bytes[ciphersEnd];
  if (at > end) return null;

  const extensions: number[] = [];
  let versions: readonly number[] = [legacyVersion];
  let groups: readonly number[] = [];
  let formats = '';
  let signatures: readonly number[] = [];
  let protocol = '00';
  let serverName = '';
  let hasHiddenName = false;
  const extensionsEnd = at + 2 <= end ? at + 2 + u16(bytes, at) : end;
  if (extensionsEnd > end) return null;
  at += 2;
  while (at + 4 <= extensionsEnd) {
    const type = u16(bytes, at);
    const from = at + 4;
    const to = from + u16(bytes, at + 2);
    if (to > extensionsEnd) return null;
    at = to;
    if (isGrease(type)) continue;
    extensions.push(type);
    switch (type) {
      case SERVER_NAME:
        serverName = serverNameIn(bytes, from, to);
        break;
      case SUPPORTED_GROUPS:
        groups = valuesIn(bytes, from + 2, to);
        break;
      case POINT_FORMATS:
        formats = bytes.subarray(from + 1, to).join('-');
        break;
      case SIGNATURE_ALGORITHMS:
        signatures = valuesIn(bytes, from + 2, to);
        break;
      case APPLICATION_PROTOCOLS:
        if (to - from > 3) protocol = ja4Protocol(bytes, from + 3, Math.min(to, from + 3 + bytes[from + 2]));
        break;
      case SUPPORTED_VERSIONS:
        versions = valuesIn(bytes, from + 1, to);
        break;
      case ENCRYPTED_HELLO:
      case ENCRYPTED_SERVER_NAME:
        hasHiddenName = true;
        break;
      default:
    }
  }
  const ja3 = [legacyVersion, ciphers.join('-'), extensions.join('-'), groups.join('-'), formats].join(',');
  const counts = twoDigits(ciphers.length) + twoDigits(extensions.length);
  const destination = extensions.includes(SERVER_NAME) ? 'd' : 'i';
  const others = inOrder(extensions.filter((type) => type !== SERVER_NAME && type !== APPLICATION_PROTOCOLS));
  const signed = signatures.length === 0 ? others : `${others}_${signatures.map(fourDigits).join(',')}`;
  return {
    serverName,
    hasHiddenName,
    ja3: hash('md5', ja3),
    ja4: [
      `${carrier}${ja4Version(versions)}${destination}${counts}${protocol}`,
      ciphers.length === 0 ? NOTHING : shortHash(inOrder(ciphers)),
      signed === '' ? NOTHING : shortHash(signed),
    ].join('_'),
  };
}

/** Host name in a server name extension: list length, name type 0, name length, name (RFC 6066, 3). */
export function serverNameIn(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 5 || bytes[start + 2] !== 0) return '';
  const to = start + 5 + u16(bytes, start + 3);
  return to > end ? '' : visibleText(bytes, start + 5, to).toLowerCase();
}
