import { berContent, berLength } from './payload-fields.ts';
import { latin1, u16, u24 } from './rule.ts';

/**
 * The host name of an X.509 certificate (RFC 5280) in DER (X.690): the common name of its subject where that is a host name,
 * else the first DNS name of subjectAltName (RFC 6125, 6.4.4 knows both). Walks the bytes and allocates nothing but the name.
 */

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_ID = 0x06;
const BOOLEAN = 0x01;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
/** Common name, 2.5.4.3, and subjectAltName, 2.5.29.17. */
const COMMON_NAME = 0x55_04_03;
const ALTERNATIVE_NAME = 0x55_1d_11;
/** Names and extensions looked at; real certificates have some ten. */
const MAX_PARTS = 64;

/** Content of the value at `at` as far as it lies before `end`; its end is −1 when it does not. */
let content = 0;
function contentEnd(bytes: Uint8Array, at: number, end: number): number {
  const length = berLength(bytes, at, end);
  if (length < 0) return -1;
  content = berContent(bytes, at);
  return content + length > end ? -1 : content + length;
}

/** Place behind the value at `at`; −1 when it has another tag than `tag` or does not end before `end`. */
function behind(bytes: Uint8Array, at: number, end: number, tag: number): number {
  return at < end && bytes[at] === tag ? contentEnd(bytes, at, end) : -1;
}

function isObject(bytes: Uint8Array, at: number, end: number, id: number): boolean {
  return at + 5 <= end && u16(bytes, at) === ((OBJECT_ID << 8) | 3) && u24(bytes, at + 2) === id;
}

function isLabelByte(byte: number): boolean {
  const folded = byte | 0x20;
  return (folded >= 0x61 && folded <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f;
}

/** Two labels or more, the last with a letter in front; the first may be `*` (RFC 6125, 6.4.3). */
function isHostName(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (end - start > 253) return false;
  if (bytes[at] === 0x2a && bytes[at + 1] === 0x2e) at += 2;
  let label = at;
  let dots = at - start > 0 ? 1 : 0;
  for (; at < end; at++) {
    if (bytes[at] === 0x2e) {
      if (at === label || at - label > 63) return false;
      label = at + 1;
      dots++;
    } else if (!isLabelByte(bytes[at])) return false;
  }
  const initial = bytes[label] | 0x20;
  return dots > 0 && label < end && end - label <= 63 && initial >= 0x61 && initial <= 0x7a;
}

const hostName = (bytes: Uint8Array, start: number, end: number): string =>
  isHostName(bytes, start, end) ? latin1(bytes, start, end).toLowerCase() : '';

/** Common name of a Name: a sequence of sets of type and value; of several the last, which is the most specific. */
function commonName(bytes: Uint8Array, start: number, end: number): string {
  let name = '';
  let at = start;
  for (let i = 0; i < MAX_PARTS && at < end; i++) {
    const setEnd = behind(bytes, at, end, SET);
    if (setEnd < 0) break;
    const pairEnd = behind(bytes, content, setEnd, SEQUENCE);
    if (pairEnd >= 0 && isObject(bytes, content, pairEnd, COMMON_NAME)) {
      const textEnd = contentEnd(bytes, content + 5, pairEnd);
      if (textEnd >= 0) name = hostName(bytes, content, textEnd);
    }
    at = setEnd;
  }
  return name;
}

/** Attributes of a subject that tell of its owner, by the last byte of their id (2.5.4.x): common name, organisation, unit. */
const OWNER_ATTRIBUTES: ReadonlyMap<number, string> = new Map([
  [0x55_04_03, 'CN'],
  [0x55_04_0a, 'O'],
  [0x55_04_0b, 'OU'],
]);

/** Owner attributes of a Name, as `O=Example`. */
function ownerAttributes(bytes: Uint8Array, start: number, end: number): string[] {
  const attributes: string[] = [];
  let at = start;
  for (let i = 0; i < MAX_PARTS && at < end; i++) {
    const setEnd = behind(bytes, at, end, SET);
    if (setEnd < 0) break;
    const pairEnd = behind(bytes, content, setEnd, SEQUENCE);
    const id = content;
    if (pairEnd >= id + 5 && u16(bytes, id) === ((OBJECT_ID << 8) | 3)) {
      const kind = OWNER_ATTRIBUTES.get(u24(bytes, id + 2));
      const textEnd = kind === undefined ? -1 : contentEnd(bytes, id + 5, pairEnd);
      if (textEnd >= 0) attributes.push(`${kind}=${latin1(bytes, content, textEnd)}`);
    }
    at = setEnd;
  }
  return attributes;
}

/** First DNS name among extensions: a sequence of id, critical flag, and octets that hold a sequence of names. */
function alternativeName(bytes: Uint8Array, start: number, end: number): string {
  let at = start;
  for (let i = 0; i < MAX_PARTS && at < end; i++) {
    const extensionEnd = behind(bytes, at, end, SEQUENCE);
    if (extensionEnd < 0) return '';
    at = extensionEnd;
    if (!isObject(bytes, content, extensionEnd, ALTERNATIVE_NAME)) continue;
    let value = content + 5;
    if (bytes[value] === BOOLEAN) value += 3;
    const octetsEnd = behind(bytes, value, extensionEnd, OCTET_STRING);
    const namesEnd = octetsEnd < 0 ? -1 : behind(bytes, content, octetsEnd, SEQUENCE);
    let name = content;
    for (let j = 0; j < MAX_PARTS && name < namesEnd; j++) {
      const nameEnd = contentEnd(bytes, name, namesEnd);
      if (nameEnd < 0) return '';
      const found = bytes[name] === DNS_NAME ? hostName(bytes, content, nameEnd) : '';
      if (found !== '') return found;
      name = nameEnd;
    }
    return '';
  }
  return '';
}

/** Where the subject's content begins and ends, then the end of the certificate's body; null when malformed before it. */
function findSubject(
  bytes: Uint8Array,
  start: number,
  end: number,
): [from: number, to: number, bodyEnd: number] | null {
  const certificateEnd = behind(bytes, start, end, SEQUENCE);
  if (certificateEnd < 0) return null;
  const bodyEnd = behind(bytes, content, certificateEnd, SEQUENCE);
  if (bodyEnd < 0) return null;
  let at = content;
  if (bytes[at] === VERSION) at = contentEnd(bytes, at, bodyEnd);
  // Serial number, signature algorithm, issuer, validity.
  for (let i = 0; i < 4 && at >= 0; i++) at = contentEnd(bytes, at, bodyEnd);
  if (at < 0) return null;
  const subjectEnd = behind(bytes, at, bodyEnd, SEQUENCE);
  return subjectEnd < 0 ? null : [content, subjectEnd, bodyEnd];
}

/** What the subject of the certificate in `bytes[start … end)` says of its owner: `CN=…`, `O=…`, `OU=…`, in its order. */
export function certificateOwner(bytes: Uint8Array, start: number, end: number): string[] {
  const subject = findSubject(bytes, start, end);
  return subject === null ? [] : ownerAttributes(bytes, subject[0], subject[1]);
}

/**
 * Host name of the certificate in `bytes[start … end)`, in lower case, a wildcard kept (`*.example.com`); '' when it has none
 * or is malformed before it.
 */
export function certificateName(bytes: Uint8Array, start: number, end: number): string {
  const subject = findSubject(bytes, start, end);
  if (subject === null) return '';
  const [from, subjectEnd, bodyEnd] = subject;
  const common = commonName(bytes, from, subjectEnd);
  if (common !== '') return common;
  let at = subjectEnd;
  // Public key, unique ids.
  for (let i = 0; i < 3 && at >= 0 && at < bodyEnd && bytes[at] !== EXTENSIONS; i++)
    at = contentEnd(bytes, at, bodyEnd);
  if (at < 0 || behind(bytes, at, bodyEnd, EXTENSIONS) < 0) return '';
  const listEnd = behind(bytes, content, bodyEnd, SEQUENCE);
  return listEnd < 0 ? '' : alternativeName(bytes, content, listEnd);
}
