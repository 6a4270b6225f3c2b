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

/** Bytes of the longest hello that is read, which is as much as is put together of one. */
const LONGEST_HELLO = 16_384;

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

/**
 * What the fingerprints are made of, as 16-bit numbers: carrier, version of the hello, highest version offered, application
 * protocol (two characters); then, each with its count in front, cipher suites, extensions, groups, point formats and
 * signature algorithms, without GREASE. No list has more numbers than the hello has bytes.
 */
const shape = new Uint16Array(LONGEST_HELLO + 16);
const shapeBytes = Buffer.from(shape.buffer);
const CARRIER = 0;
const LEGACY_VERSION = 1;
const HIGHEST_VERSION = 2;
const PROTOCOL = 3;
const LISTS = 5;
let shapeLength = 0;

/** Adds the 16-bit values in `bytes[start … end)`, without GREASE, behind their count. */
function addValues(bytes: Uint8Array, start: number, end: number): void {
  const count = shapeLength++;
  for (let at = start; at + 2 <= end; at += 2) {
    const value = u16(bytes, at);
    if (!isGrease(value)) shape[shapeLength++] = value;
  }
  shape[count] = shapeLength - count - 1;
}

/** The values of the list that begins at `at`, and where the next list begins. */
function listAt(at: number): { values: number[]; next: number } {
  const next = at + 1 + shape[at];
  return { values: [...shape.subarray(at + 1, next)], next };
}

function highestOf(bytes: Uint8Array, start: number, end: number): number {
  let highest = 0;
  for (let at = start; at + 2 <= end; at += 2) {
    const value = u16(bytes, at);
    if (value > highest && !isGrease(value)) highest = value;
  }
  return highest;
}

const fourDigits = (value: number): string => value.toString(16).padStart(4, '0');
const twoDigits = (count: number): string => String(Math.min(count, 99)).padStart(2, '0');
const inOrder = (values: readonly number[]): string =>
  values
    .toSorted((x, y) => x - y)
    .map(fourDigits)
    .join(',');
const shortHash = (text: string): string => hash('sha256', text).slice(0, 12);

function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
}

const HEX = '0123456789abcdef';

/** First and last character of the first application protocol, or of its bytes in hexadecimal. */
function setProtocol(bytes: Uint8Array, start: number, end: number): void {
  const [first, last] = start < end ? [bytes[start], bytes[end - 1]] : [0x30, 0x30];
  const isText = isAlphanumeric(first) && isAlphanumeric(last);
  shape[PROTOCOL] = isText ? first : HEX.charCodeAt(first >>> 4);
  shape[PROTOCOL + 1] = isText ? last : HEX.charCodeAt(last & 15);
}

interface Fingerprints {
  /** MD5 in hexadecimal. */
  readonly ja3: string;
  readonly ja4: string;
}

/** Fingerprints of the shapes met of late: a program's hellos differ in what no fingerprint holds. */
const known = new Map<string, Fingerprints>();
const MOST_KNOWN = 1024;
/** Longer shapes are no program's of today, and not kept. */
const LONGEST_KNOWN = 512;

function fingerprints(): Fingerprints {
  if (shapeLength > LONGEST_KNOWN) return makeFingerprints();
  const key = shapeBytes.toString('utf16le', 0, shapeLength * 2);
  let made = known.get(key);
  if (made === undefined) {
    made = makeFingerprints();
    if (known.size === MOST_KNOWN) known.clear();
    known.set(key, made);
  }
  return made;
}

/**
 * Of the shape as it stands. The version of JA4 is the highest number among those offered: a draft's or a vendor's own version
 * (0x7f1c, 0xfb1a) makes '00', and DTLS 1.2 (0xfefd) comes before DTLS 1.3 (0xfefc).
 */
function makeFingerprints(): Fingerprints {
  const ciphers = listAt(LISTS);
  const extensions = listAt(ciphers.next);
  const groups = listAt(extensions.next);
  const formats = listAt(groups.next);
  const signatures = listAt(formats.next);
  const lists = [ciphers, extensions, groups, formats].map(({ values }) => values.join('-'));
  const counts = twoDigits(ciphers.values.length) + twoDigits(extensions.values.length);
  const destination = extensions.values.includes(SERVER_NAME) ? 'd' : 'i';
  const others = inOrder(extensions.values.filter((type) => type !== SERVER_NAME && type !== APPLICATION_PROTOCOLS));
  const signed = signatures.values.length === 0 ? others : `${others}_${signatures.values.map(fourDigits).join(',')}`;
  const carrier = String.fromCharCode(shape[CARRIER]);
  const version = JA4_VERSIONS.get(shape[HIGHEST_VERSION]) ?? '00';
  const protocol = String.fromCharCode(shape[PROTOCOL], shape[PROTOCOL + 1]);
  return {
    ja3: hash('md5', [shape[LEGACY_VERSION], ...lists].join(',')),
    ja4: [
      `${carrier}${version}${destination}${counts}${protocol}`,
      ciphers.values.length === 0 ? NOTHING : shortHash(inOrder(ciphers.values)),
      signed === '' ? NOTHING : shortHash(signed),
    ].join('_'),
  };
}

/**
 * Reads the body of a ClientHello (what follows type and length) that lies whole in `bytes[start … end)`. Returns null when
 * its lengths lie, or it is longer than 16 KiB.
 */
export function readClientHello(
  bytes: Uint8Array,
  start: number,
  end: number,
  carrier: HelloCarrier,
): ClientHello | null {
  if (end - start < 38 || end - start > LONGEST_HELLO) return null;
  let at = start + 34;
  at += 1 + bytes[at];
  if (carrier === 'd') at += 1 + bytes[at];
  if (at + 2 > end) return null;
  const ciphersStart = at + 2;
  const ciphersEnd = ciphersStart + u16(bytes, at);
  if (ciphersEnd + 1 > end) return null;
  at = ciphersEnd + 1 + bytes[ciphersEnd];
  if (at > end) return null;
  const extensionsEnd = at + 2 <= end ? at + 2 + u16(bytes, at) : end;
  if (extensionsEnd > end) return null;

  shape[CARRIER] = carrier.charCodeAt(0);
  shape[LEGACY_VERSION] = u16(bytes, start);
  shape[HIGHEST_VERSION] = shape[LEGACY_VERSION];
  setProtocol(bytes, 0, 0);
  shapeLength = LISTS;
  addValues(bytes, ciphersStart, ciphersEnd);
  const extensions = shapeLength++;
  let [groupsStart, groupsEnd, formatsStart, formatsEnd, signaturesStart, signaturesEnd] = [0, 0, 0, 0, 0, 0];
  let serverName = '';
  let hasHiddenName = false;
  at += 2;
  while (at + 4 <= extensionsEnd) {
    const type = u16(bytes, at);
    const from = at + 4;
    const to = from + u16(bytes, at + 2);
    if (to > extensionsEnd) return null;
    at = to;
    if (isGrease(type)) continue;
    shape[shapeLength++] = type;
    switch (type) {
      case SERVER_NAME:
        serverName = serverNameIn(bytes, from, to);
        break;
      case SUPPORTED_GROUPS:
        groupsStart = from + 2;
        groupsEnd = to;
        break;
      case POINT_FORMATS:
        formatsStart = Math.min(from + 1, to);
        formatsEnd = to;
        break;
      case SIGNATURE_ALGORITHMS:
        signaturesStart = from + 2;
        signaturesEnd = to;
        break;
      case APPLICATION_PROTOCOLS:
        if (to - from > 3) setProtocol(bytes, from + 3, Math.min(to, from + 3 + bytes[from + 2]));
        break;
      case SUPPORTED_VERSIONS:
        shape[HIGHEST_VERSION] = highestOf(bytes, from + 1, to);
        break;
      case ENCRYPTED_HELLO:
      case ENCRYPTED_SERVER_NAME:
        hasHiddenName = true;
        break;
      default:
    }
  }
  shape[extensions] = shapeLength - extensions - 1;
  addValues(bytes, groupsStart, groupsEnd);
  shape[shapeLength++] = formatsEnd - formatsStart;
  for (let format = formatsStart; format < formatsEnd; format++) shape[shapeLength++] = bytes[format];
  addValues(bytes, signaturesStart, signaturesEnd);
  return { serverName, hasHiddenName, ...fingerprints() };
}

/** Host name in a server name extension: list length, name type 0, name length, name (RFC 6066, 3). */
export function serverNameIn(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 5 || bytes[start + 2] !== 0) return '';
  const to = start + 5 + u16(bytes, start + 3);
  return to > end ? '' : visibleText(bytes, start + 5, to).toLowerCase();
}
