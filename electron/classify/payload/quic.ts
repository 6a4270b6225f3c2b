import { type Cipheriv, createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { NAME_ORIGINS, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
  RECOGNISED_WANTS_MORE,
} from '../../../shared/payload.ts';
import { readClientHello } from './client-hello.ts';
import { type PayloadRule, startsWith, u16, u24, u32, visibleText } from './rule.ts';
import { serverNameOf, takeHello } from './tls.ts';

/**
 * QUIC: the client's Initial packets are protected with keys that anyone can derive (RFC 9001, 5.2), so the ClientHello
 * inside can be read. Google's own QUIC before IETF's sent its client hello in the clear ("QUIC Crypto", tag SNI).
 */

interface QuicVersion {
  readonly salt: Buffer;
  /** Label prefix of the key derivation. */
  readonly label: 'quic' | 'quicv2';
  /** Long-packet type of an Initial (RFC 9000, 17.2.2; RFC 9369, 3.2). */
  readonly initialType: number;
  /** Type of the frame that carries the handshake (RFC 9000, 19.6; Google's versions number it 8). */
  readonly cryptoFrame: number;
}

const salt = (hex: string): Buffer => Buffer.from(hex, 'hex');
const DRAFT_23 = salt('c3eef712c72ebb5a11a7d2432bb46365bef9f502');
const DRAFT_29 = salt('afbfec289993d24c9e9786f19c6111e04390a899');
const DRAFT_33 = salt('38762cf7f55934b34d179ae6a4c80cadccbb7f0a');
const DRAFT_21 = salt('7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a');
const VERSION_2 = salt('0dede3def700a6db819381be6e269dcbf9bd2ed9');
/** Google's last version with its own handshake, Q050, which already protected the hello (same source). */
const GOOGLE_Q050 = salt('504574efd066fe2f9d945cfcdbd3a7f0d3b56b45');
/** Google's versions with TLS: T050 and T051 (Chromium, `quic/core/crypto/crypto_utils.cc`). */
const GOOGLE_T050 = salt('7ff579e5acd072915580304c43a2367c60488310');
const GOOGLE_T051 = salt('7a4edef4e7ccee5fa4506c19124fc8ccda6e033d');

/** Salts by version (RFC 9001, RFC 9369 and the drafts' own sections 5.2); null when the version is not known. */
function quicVersion(version: number): QuicVersion | null {
  if (version === 1) return { salt: DRAFT_33, label: 'quic', initialType: 0, cryptoFrame: 6 };
  if (version === 0x6b3343cf) return { salt: VERSION_2, label: 'quicv2', initialType: 1, cryptoFrame: 6 };
  if (version >>> 8 === 0xff0000) {
    const draft = version & 0xff;
    if (draft >= 33 && draft <= 34) return { salt: DRAFT_33, label: 'quic', initialType: 0, cryptoFrame: 6 };
    if (draft >= 29 && draft <= 32) return { salt: DRAFT_29, label: 'quic', initialType: 0, cryptoFrame: 6 };
    if (draft >= 23 && draft <= 28) return { salt: DRAFT_23, label: 'quic', initialType: 0, cryptoFrame: 6 };
    if (draft >= 21 && draft <= 22) return { salt: DRAFT_21, label: 'quic', initialType: 0, cryptoFrame: 6 };
  }
  if (version === 0x51303530) return { salt: GOOGLE_Q050, label: 'quic', initialType: 0, cryptoFrame: 8 };
  if (version === 0x54303530) return { salt: GOOGLE_T050, label: 'quic', initialType: 0, cryptoFrame: 8 };
  if (version === 0x54303531) return { salt: GOOGLE_T051, label: 'quic', initialType: 0, cryptoFrame: 8 };
  if (version === 0xfaceb001) return { salt: DRAFT_21, label: 'quic', initialType: 0, cryptoFrame: 6 };
  if (version === 0xfaceb002 || version === 0xfaceb00e)
    return { salt: DRAFT_23, label: 'quic', initialType: 0, cryptoFrame: 6 };
  return null;
}

const QUIC_SNI_ORIGIN = NAME_ORIGINS.indexOf('quic-sni');
const QUIC_SNI_ECH_ORIGIN = NAME_ORIGINS.indexOf('quic-sni-ech');
const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const MAX_CRYPTO_BYTES = 16_384;
/** Room for a ClientHello at first; few need more. */
const USUAL_CRYPTO_BYTES = 2048;
/** Packets of one flow whose pieces of the ClientHello are put together. */
const MAX_PIECES = 64;

/** Keys are objects: with bare bytes Node 24 takes six times as long over making a cipher (33 µs instead of 5). */
interface InitialKeys {
  readonly key: KeyObject;
  readonly iv: Buffer;
  /** Makes the mask of a packet's header from a block of it; one block knows nothing of the one before. */
  readonly header: Cipheriv;
}

/** Blocks that HMAC hashes; its texts here are connection ids and labels of at most 64 bytes. */
const innerBlock = Buffer.alloc(128);
const outerBlock = Buffer.alloc(96);

/** HMAC-SHA-256 (RFC 2104) by one-shot hashes: ten times as fast here as an Hmac object for each short input. */
function hmac(key: Uint8Array, text: Uint8Array): Buffer {
  innerBlock.fill(0x36, 0, 64);
  outerBlock.fill(0x5c, 0, 64);
  for (let i = 0; i < key.length; i++) {
    innerBlock[i] ^= key[i];
    outerBlock[i] ^= key[i];
  }
  innerBlock.set(text, 64);
  outerBlock.set(hash('sha256', innerBlock.subarray(0, 64 + text.length), 'buffer'), 64);
  return hash('sha256', outerBlock, 'buffer');
}

/** The text that HKDF-Expand-Label (RFC 8446, 7.1) expands a secret with to at most one SHA-256 block. */
function labelText(label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`, 'latin1');
  return Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0, 1)]);
}

const CLIENT_SECRET = labelText('client in', 32);
const keyTexts = (label: string): { key: Buffer; iv: Buffer; header: Buffer } => ({
  key: labelText(`${label} key`, KEY_BYTES),
  iv: labelText(`${label} iv`, NONCE_BYTES),
  header: labelText(`${label} hp`, KEY_BYTES),
});
const KEY_TEXTS = { quic: keyTexts('quic'), quicv2: keyTexts('quicv2') };

function clientKeys(version: QuicVersion, connectionId: Uint8Array): InitialKeys {
  const secret = hmac(hmac(version.salt, connectionId), CLIENT_SECRET);
  const texts = KEY_TEXTS[version.label];
  const headerKey = createSecretKey(hmac(secret, texts.header).subarray(0, KEY_BYTES));
  return {
    key: createSecretKey(hmac(secret, texts.key).subarray(0, KEY_BYTES)),
    iv: hmac(secret, texts.iv).subarray(0, NONCE_BYTES),
    header: createCipheriv('aes-128-ecb', headerKey, null).setAutoPadding(false),
  };
}

/** What one flow has shown of its ClientHello: pieces by offset, and the keys. */
interface HelloMemory {
  readonly keys: InitialKeys;
  bytes: Uint8Array;
  readonly pieces: { from: number; to: number }[];
}

/** A variable-length integer (RFC 9000, 16): its value, or −1 beyond the end; `integerEnd` is the offset behind it. */
let integerEnd = 0;
function readInteger(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const length = 1 << (bytes[at] >>> 6);
  if (at + length > end) return -1;
  let value = bytes[at] & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + bytes[at + i];
  integerEnd = at + length;
  return value;
}

/** Opens the Initial packet at `start`; returns its frames, or null when it is none, cut or does not authenticate. */
function openInitial(
  bytes: Uint8Array,
  start: number,
  numberOffset: number,
  packetEnd: number,
  keys: InitialKeys,
): Uint8Array | null {
  if (numberOffset + 20 > packetEnd) return null;
  const mask = keys.header.update(bytes.subarray(numberOffset + 4, numberOffset + 20));
  const first = bytes[start] ^ (mask[0] & 0x0f);
  const numberLength = (first & 3) + 1;
  const header = Buffer.from(bytes.subarray(start, numberOffset + numberLength));
  header[0] = first;
  const nonce = Buffer.from(keys.iv);
  for (let i = 0; i < numberLength; i++) {
    const place = header.length - numberLength + i;
    header[place] ^= mask[1 + i];
    nonce[12 - numberLength + i] ^= header[place];
  }
  const tagStart = packetEnd - 16;
  const body = numberOffset + numberLength;
  if (tagStart <= body) return null;
  try {
    const decipher = createDecipheriv('aes-128-gcm', keys.key, nonce);
    decipher.setAAD(header);
    decipher.setAuthTag(bytes.subarray(tagStart, packetEnd));
    const frames = decipher.update(bytes.subarray(body, tagStart));
    decipher.final();
    return frames;
  } catch {
    return null;
  }
}

/** Puts the CRYPTO frames of an Initial into the memory. */
function collectCrypto(frames: Uint8Array, memory: HelloMemory, cryptoFrame: number): void {
  let at = 0;
  while (at < frames.length) {
    const type = frames[at];
    if (type === 0 || type === 1) {
      at++;
      continue;
    }
    if (type !== cryptoFrame) {
      if (type !== 2 && type !== 3) return;
      at = skipAcknowledgement(frames, at);
      if (at < 0) return;
      continue;
    }
    const offset = readInteger(frames, at + 1, frames.length);
    if (offset < 0) return;
    const length = readInteger(frames, integerEnd, frames.length);
    if (length < 0 || integerEnd + length > frames.length) return;
    if (offset + length <= MAX_CRYPTO_BYTES && memory.pieces.length < MAX_PIECES) {
      if (offset + length > memory.bytes.length) {
        const { bytes } = memory;
        memory.bytes = new Uint8Array(MAX_CRYPTO_BYTES);
        memory.bytes.set(bytes);
      }
      memory.bytes.set(frames.subarray(integerEnd, integerEnd + length), offset);
      memory.pieces.push({ from: offset, to: offset + length });
    }
    at = integerEnd + length;
  }
}

function skipAcknowledgement(frames: Uint8Array, start: number): number {
  const hasCounts = frames[start] === 3;
  integerEnd = start + 1;
  if (readInteger(frames, integerEnd, frames.length) < 0) return -1;
  if (readInteger(frames, integerEnd, frames.length) < 0) return -1;
  const ranges = readInteger(frames, integerEnd, frames.length);
  if (ranges < 0 || ranges > 256) return -1;
  for (let i = 0; i < 1 + ranges * 2 + (hasCounts ? 3 : 0); i++) {
    if (readInteger(frames, integerEnd, frames.length) < 0) return -1;
  }
  return integerEnd;
}

/** Bytes of the ClientHello that are there without a gap from its beginning. */
function contiguous(memory: HelloMemory): number {
  let end = 0;
  for (const piece of memory.pieces.toSorted((x, y) => x.from - y.from)) {
    if (piece.from > end) break;
    end = Math.max(end, piece.to);
  }
  return end;
}

/** Takes what the hello tells as far as it is there; true when it is whole. */
function takeClientHello(payload: Payload, memory: HelloMemory): boolean {
  const have = contiguous(memory);
  if (have < 4) return false;
  if (startsWith(memory.bytes, 0, have, 'CHLO')) {
    takeGoogleHello(payload, memory.bytes, 0, have);
    return payload.name !== '';
  }
  const end = 4 + u24(memory.bytes, 1);
  const hello = have < end ? null : readClientHello(memory.bytes, 4, end, 'q');
  if (hello === null) {
    payload.name = serverNameOf(memory.bytes, 0, Math.min(have, end)) ?? '';
    payload.nameOrigin = QUIC_SNI_ORIGIN;
  } else takeHello(payload, hello, hello.hasHiddenName ? QUIC_SNI_ECH_ORIGIN : QUIC_SNI_ORIGIN);
  return have >= end;
}

function isMemory(memory: unknown): memory is HelloMemory {
  return typeof memory === 'object' && memory !== null && 'keys' in memory && 'pieces' in memory;
}

function recogniseIetf(payload: Payload): InspectionResult {
  const { bytes, end } = payload;
  const known = payload.rule !== 0;
  let { start } = payload;
  while (start < end && (bytes[start] & 0xc0) === 0xc0 && end - start >= 7) {
    const number = u32(bytes, start + 1);
    const version = quicVersion(number);
    const destinationLength = bytes[start + 5];
    if (version === null) {
      // Version negotiation, or a version whose keys are not public: QUIC by RFC 8999 when the ids fit.
      // The client may come again with a version that both know (RFC 9000, 6).
      return known || plausibleInvariant(payload, start, number) ? RECOGNISED_LOOK_ON : NOT_RECOGNISED;
    }
    if (destinationLength > 20 || start + 7 + destinationLength > end) return known ? RECOGNISED : NOT_RECOGNISED;
    const destination = bytes.subarray(start + 6, start + 6 + destinationLength);
    let at = start + 6 + destinationLength;
    at += 1 + bytes[at];
    const type = (bytes[start] >>> 4) & 3;
    if (type !== version.initialType || !payload.fromInitiator) return RECOGNISED_WANTS_MORE;
    const token = readInteger(bytes, at, end);
    if (token < 0) return known ? RECOGNISED : NOT_RECOGNISED;
    const length = readInteger(bytes, integerEnd + token, end);
    const packetEnd = integerEnd + length;
    // A cut packet cannot be authenticated, so its name stays unknown.
    if (length < 20 || packetEnd > end) return RECOGNISED_WANTS_MORE;
    if (!isMemory(payload.memory)) {
      const memory: HelloMemory = {
        keys: clientKeys(version, destination),
        bytes: new Uint8Array(USUAL_CRYPTO_BYTES),
        pieces: [],
      };
      payload.memory = memory;
    }
    const { memory } = payload;
    if (!isMemory(memory)) return RECOGNISED;
    const frames = openInitial(bytes, start, integerEnd, packetEnd, memory.keys);
    if (frames !== null) {
      collectCrypto(frames, memory, version.cryptoFrame);
      if (takeClientHello(payload, memory)) return RECOGNISED;
    }
    start = packetEnd;
  }
  return known || start > payload.start ? RECOGNISED_WANTS_MORE : NOT_RECOGNISED;
}

function plausibleInvariant(payload: Payload, start: number, version: number): boolean {
  const { bytes, end } = payload;
  const destinationLength = bytes[start + 5];
  const sourceLength = bytes[start + 6 + destinationLength];
  if (destinationLength > 20 || !(sourceLength <= 20)) return false;
  const after = start + 7 + destinationLength + sourceLength;
  if (version === 0) return destinationLength + sourceLength >= 8 && after < end && (end - after) % 4 === 0;
  // Reserved for greasing negotiation (RFC 9000, 15), or Google's and Meta's own numbering.
  const isGrease = (version & 0x0f0f0f0f) === 0x0a0a0a0a;
  const isVendor = version >>> 24 === 0x51 || version >>> 24 === 0x54 || version >>> 12 === 0xfaceb;
  return (isGrease || isVendor) && end - start >= 1200 - 40;
}

/** Google QUIC up to Q046: flags, 8-byte connection id and the version as text "Q0dd". */
function recogniseGoogle(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if (end - start < 30) return NOT_RECOGNISED;
  const publicHeader = (bytes[start] & 0x89) === 0x09 && isGoogleVersion(bytes, start + 9, end);
  const longHeader = (bytes[start] & 0xc0) === 0xc0 && isGoogleVersion(bytes, start + 1, end);
  if (!publicHeader && !longHeader) return payload.rule !== 0 ? RECOGNISED_WANTS_MORE : NOT_RECOGNISED;
  const hello = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).indexOf('CHLO');
  if (hello < 0) return RECOGNISED_WANTS_MORE;
  takeGoogleHello(payload, bytes, start + hello, end);
  return RECOGNISED;
}

/** Name and user agent of a "CHLO" message: number of tags, tags with the ends of their values, values ("QUIC Crypto"). */
function takeGoogleHello(payload: Payload, bytes: Uint8Array, at: number, end: number): void {
  const pairs = bytes[at + 4] | (bytes[at + 5] << 8);
  const values = at + 8 + pairs * 8;
  if (pairs > 128 || values > end) return;
  let from = 0;
  for (let i = 0; i < pairs; i++) {
    const tag = at + 8 + i * 8;
    const to = (bytes[tag + 4] | (bytes[tag + 5] << 8) | (bytes[tag + 6] << 16) | (bytes[tag + 7] << 24)) >>> 0;
    if (to < from || values + to > end) break;
    if (startsWith(bytes, tag, end, 'SNI\0')) {
      payload.name = visibleText(bytes, values + from, values + to).toLowerCase();
      payload.nameOrigin = QUIC_SNI_ORIGIN;
    } else if (startsWith(bytes, tag, end, 'UAID')) {
      payload.userAgent = visibleText(bytes, values + from, values + to);
    }
    from = to;
  }
}

function isGoogleVersion(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 4 > end || bytes[at] !== 0x51 || bytes[at + 1] !== 0x30) return false;
  return isDigit(bytes[at + 2]) && isDigit(bytes[at + 3]) && u16(bytes, at + 2) < 0x3530;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

const longHeaderBytes = Array.from({ length: 64 }, (_, i) => 0xc0 + i);

export const quicRules: readonly PayloadRule[] = [
  {
    id: 'quic-google-hello',
    protocol: 'quic',
    transport: UDP,
    firstBytes: [0x09, 0x0d, 0x0b, 0x0f, 0x19, 0x1d, 0x29, 0x2d, 0x39, 0x3d, ...longHeaderBytes],
    recognise: recogniseGoogle,
  },
  { id: 'quic-initial', protocol: 'quic', transport: UDP, firstBytes: longHeaderBytes, recognise: recogniseIetf },
];
