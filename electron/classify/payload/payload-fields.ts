import { NOT_RECOGNISED, type Payload, RECOGNISED, WANTS_MORE } from '../../../shared/payload.ts';
import { startsWith } from './rule.ts';

/** What the rules of many families ask of a payload: ports, text, lengths. Nothing here allocates. */

export function verdict(yes: boolean): typeof RECOGNISED | typeof NOT_RECOGNISED {
  return yes ? RECOGNISED : NOT_RECOGNISED;
}

/** Whether either end has the port. */
export function usesPort(payload: Payload, port: number): boolean {
  return payload.sourcePort === port || payload.destinationPort === port;
}

export function u16LE(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

export function u32LE(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function folded(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}

/** True when `text` (ASCII, upper case) stands at `start`, in whatever case. */
export function startsWithFolded(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (folded(bytes[start + i]) !== text.charCodeAt(i)) return false;
  return true;
}

/** True when one of the texts stands at `start`. */
export function startsWithAny(bytes: Uint8Array, start: number, end: number, texts: readonly string[]): boolean {
  for (const text of texts) if (startsWith(bytes, start, end, text)) return true;
  return false;
}

/** True when one of the texts (ASCII, upper case) stands at `start`, in whatever case. */
export function startsWithAnyFolded(bytes: Uint8Array, start: number, end: number, texts: readonly string[]): boolean {
  for (const text of texts) if (startsWithFolded(bytes, start, end, text)) return true;
  return false;
}

/** True when `text` (ASCII, upper case) stands anywhere in the range, in whatever case. */
export function containsFolded(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const first = text.charCodeAt(0);
  for (let at = start; at + text.length <= end; at++) {
    if (folded(bytes[at]) === first && startsWithFolded(bytes, at, end, text)) return true;
  }
  return false;
}

/** Recognised when the payload begins with `magic` (one character a byte); a shorter one that fits so far wants more. */
export function beginsWith(
  { bytes, start, end }: Payload,
  magic: string,
): typeof RECOGNISED | typeof NOT_RECOGNISED | typeof WANTS_MORE {
  const there = Math.min(magic.length, end - start);
  for (let i = 0; i < there; i++) if (bytes[start + i] !== magic.charCodeAt(i)) return NOT_RECOGNISED;
  return there === magic.length ? RECOGNISED : WANTS_MORE;
}

const NEWLINE = 10;
const RETURN = 13;

/**
 * End of the text of the first line (its CR or LF), at most `limit` bytes on; −1 when there is no line end, or a byte that is
 * neither visible ASCII, space nor tab stands before it.
 */
export function textLineEnd(bytes: Uint8Array, start: number, end: number, limit = 512): number {
  const last = Math.min(end, start + limit);
  for (let at = start; at < last; at++) {
    const byte = bytes[at];
    if (byte === NEWLINE) return at;
    if (byte === RETURN) return at + 1 < end && bytes[at + 1] === NEWLINE ? at : -1;
    if ((byte < 0x20 && byte !== 9) || byte === 0x7f) return -1;
  }
  return -1;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** What `recognise` says of the payload from `at` on: of a message inside another. */
export function behind(payload: Payload, at: number, recognise: (payload: Payload) => boolean): boolean {
  const { start } = payload;
  payload.start = at;
  const isRecognised = recognise(payload);
  payload.start = start;
  return isRecognised;
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Length of a BER or DER value whose identifier is at `at` (X.690, 8.1.3: definite forms up to 4 bytes); −1 when malformed. */
export function berLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  const first = bytes[at + 1];
  if (first < 0x80) return first;
  const size = first & 0x7f;
  if (size === 0 || size > 4 || at + 2 + size > end) return -1;
  let length = 0;
  for (let i = 0; i < size; i++) length = length * 256 + bytes[at + 2 + i];
  return length;
}

/** Where the content of such a value begins. */
export function berContent(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1];
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

/** Character codes of ASCII text: first bytes of a rule. */
export function charactersOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
