import { expect } from 'vitest';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import {
  DECODED,
  type DecodeResult,
  DESTINATION_PORT,
  HEADER_WORDS,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE_PORT,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';

/** Frames written in hex, and their decoding with other bytes around them. */

export const bytes = (...parts: (string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part)));
export const u16 = (value: number): string => value.toString(16).padStart(4, '0');

export const UDP_PACKET = bytes('3039 0035 000c 0000 61626364');
/** 198.51.100.2 to 192.0.2.1; fields that tests vary come as options. */
export function ipv4(
  body: Uint8Array,
  { transport = 17, fragment = 0, total = 20 + body.length, options = '' } = {},
): Buffer {
  const words = (20 + options.length / 2) / 4;
  const length = total === 0 ? 0 : total + options.length / 2;
  const head = `${(0x40 + words).toString(16)}00${u16(length)}0007${u16(fragment)}40${transport.toString(16).padStart(2, '0')}`;
  return bytes(head, '0000 c6336402 c0000201', options, body);
}
/** 2001:db8::2 to 2001:db8::1. */
export function ipv6(body: Uint8Array, next: number, payloadLength = body.length): Buffer {
  const addresses = '20010db8000000000000000000000002 20010db8000000000000000000000001';
  return bytes('60000000', u16(payloadLength), next.toString(16).padStart(2, '0'), '40', addresses, body);
}

/** A packet as part of an 802.11 aggregate (A-MSDU). */
export function subframe(packet: Uint8Array, etherType = '0800'): Buffer {
  const body = bytes('aaaa03 000000', etherType, packet);
  return bytes('020000000001 020000000002', u16(body.length), body);
}
/** An 802.11 frame of several packets, each but the last padded to four bytes. */
export function aggregate(...parts: readonly Buffer[]): Buffer {
  const padded = parts.map((part, i) => (i === parts.length - 1 ? part : bytes(part, Buffer.alloc(-part.length & 3))));
  return bytes('8801 0000', '020000000001'.repeat(3), '1000 8000', ...padded);
}

export interface Decoded {
  result: DecodeResult;
  header: Int32Array;
}

export function decode(frame: Uint8Array, linkType: number, originalLength = frame.length): Decoded {
  const header = new Int32Array(HEADER_WORDS).fill(-1);
  // Other bytes around the frame, so that a read beyond it changes the outcome.
  const buffer = Buffer.concat([Buffer.alloc(64, 0xff), frame, Buffer.alloc(64, 0xff)]);
  const result = decodePacket(buffer, 64, 64 + frame.length, originalLength, linkType, header);
  const other = new Int32Array(HEADER_WORDS).fill(-1);
  const surrounded = Buffer.concat([Buffer.alloc(64, 0x45), frame, Buffer.alloc(64, 0x45)]);
  expect(decodePacket(surrounded, 64, 64 + frame.length, originalLength, linkType, other)).toBe(result);
  const seen = (words: Int32Array): number[] => (result === DECODED ? [...words] : []);
  expect(seen(other)).toEqual(seen(header));
  return { result, header };
}

export function expectUdp({ result, header }: Decoded, payloadLength = 4): void {
  expect(result).toBe(DECODED);
  expect([header[SOURCE_PORT], header[DESTINATION_PORT], header[TRANSPORT]]).toEqual([12_345, 53, 17]);
  expect([header[PAYLOAD_CAPTURED], header[PAYLOAD_LENGTH]]).toEqual([payloadLength, payloadLength]);
}

export const ETHERNET = '020000000001 020000000002';
