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
import { type PayloadRule, u16, u24 } from './rule.ts';
import { takeHello } from './tls.ts';

/** The ClientHello of DTLS (RFC 6347, RFC 9147), put together from fragments in any order. */

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 13;
const MESSAGE_HEADER = 12;
const SNI_ORIGIN = NAME_ORIGINS.indexOf('dtls-sni');
const LONGEST_HELLO = 16_384;
const MAX_FRAGMENTS = 64;

class HelloFragments {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  readonly pieces: { from: number; to: number }[] = [];

  constructor(length: number, sequence: number) {
    this.bytes = new Uint8Array(length);
    this.sequence = sequence;
  }

  /** Whether the pieces leave no gap. */
  get isWhole(): boolean {
    let end = 0;
    for (const piece of this.pieces.toSorted((x, y) => x.from - y.from)) {
      if (piece.from > end) return false;
      end = Math.max(end, piece.to);
    }
    return end === this.bytes.length;
  }
}

/** 1.0 and 1.2, and the number that OpenSSL wrote before 0.9.8f and Cisco's AnyConnect kept. */
function isVersion(version: number): boolean {
  return version === 0xfeff || version === 0xfefd || version === 0x0100;
}

/** A record of the first epoch with a message of which a fragment lies in it. */
function recogniseHello(payload: Payload): typeof NOT_RECOGNISED | typeof RECOGNISED | typeof RECOGNISED_WANTS_MORE {
  const { bytes, start, end } = payload;
  const other = payload.rule !== 0 ? RECOGNISED : NOT_RECOGNISED;
  const message = start + RECORD_HEADER;
  const body = message + MESSAGE_HEADER;
  if (body > end || bytes[start] !== HANDSHAKE || !isVersion(u16(bytes, start + 1)) || u16(bytes, start + 3) !== 0)
    return other;
  if (bytes[message] !== CLIENT_HELLO) return other;
  const length = u24(bytes, message + 1);
  const from = u24(bytes, message + 6);
  const size = u24(bytes, message + 9);
  if (u16(bytes, start + 11) < MESSAGE_HEADER + size || length < 36 || length > LONGEST_HELLO || from + size > length) {
    return other;
  }
  if (body + size > end) return RECOGNISED_WANTS_MORE;
  let [source, at] = [bytes, body];
  if (size < length) {
    const sequence = u16(bytes, message + 4);
    const known = payload.memory;
    const isSame = known instanceof HelloFragments && known.bytes.length === length && known.sequence === sequence;
    const fragments = isSame ? known : new HelloFragments(length, sequence);
    payload.memory = fragments;
    if (fragments.pieces.length >= MAX_FRAGMENTS) return RECOGNISED;
    fragments.bytes.set(bytes.subarray(body, body + size), from);
    fragments.pieces.push({ from, to: from + size });
    if (!fragments.isWhole) return RECOGNISED_WANTS_MORE;
    [source, at] = [fragments.bytes, 0];
  }
  const hello = readClientHello(source, at, at + length, 'd');
  if (hello !== null) takeHello(payload, hello, SNI_ORIGIN);
  return RECOGNISED;
}

export const dtlsHelloRule: PayloadRule = {
  id: 'dtls-hello',
  protocol: 'dtls',
  transport: UDP,
  firstBytes: [HANDSHAKE],
  recognise: recogniseHello,
};

/**
 * Further payloads of a flow that another rule recognised: looked at until a ClientHello has come, whose name and fingerprints are the flow's
 * (media paths share one pair of ports, RFC 7983).
 */
export function awaitHello(payload: Payload): InspectionResult {
  if (payload.bytes[payload.start] !== HANDSHAKE) return RECOGNISED_LOOK_ON;
  const result = recogniseHello(payload);
  return result === RECOGNISED && payload.ja4 === '' ? RECOGNISED_LOOK_ON : result;
}
