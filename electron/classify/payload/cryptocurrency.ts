import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { httpRequestRule } from './http.ts';
import { u16LE, u32LE, verdict } from './payload-fields.ts';
import { latin1, type PayloadRule, startsWith, u16, u32 } from './rule.ts';

/** Nodes of cryptocurrencies and the way of miners to their pools. Each function names its specification. */

/**
 * Four bytes that begin each message of a Bitcoin-like network, from each project's chain parameters. Bitcoin's: main,
 * testnet3, regtest, signet (BIP 325), testnet4 (BIP 94). Forks that kept a magic are not told apart.
 */
const NETWORK_MAGICS: Readonly<Record<string, readonly number[]>> = {
  bitcoin: [0xf9beb4d9, 0x0b110907, 0xfabfb5da, 0x0a03cf40, 0x1c163f28],
  'bitcoin-cash': [0xe3e1f3e8],
  'bitcoin-gold': [0xe1476d44],
  litecoin: [0xfbc0b6db],
  dogecoin: [0xc0c0c0c0],
  dash: [0xbf0c6bbd],
  zcash: [0x24e92764],
};
const MAX_BITCOIN_MESSAGE = 32 << 20;

/**
 * A message header of the Bitcoin network (Bitcoin developer reference, "P2P network"): magic, a command in ASCII padded with
 * NUL to 12 bytes, a length of at most 32 MiB.
 */
function isBitcoinMessage({ bytes, start, end }: Payload, magics: readonly number[]): boolean {
  if (end - start < 20 || !magics.includes(u32(bytes, start))) return false;
  let at = start + 4;
  while (at < start + 16 && bytes[at] >= 0x61 && bytes[at] <= 0x7a) at++;
  if (at === start + 4) return false;
  while (at < start + 16 && bytes[at] >= 0x30 && bytes[at] <= 0x39) at++;
  for (; at < start + 16; at++) if (bytes[at] !== 0) return false;
  return u32LE(bytes, start + 16) <= MAX_BITCOIN_MESSAGE;
}

/** The same messages whatever the coin: the protocol is Bitcoin's, the rule tells the network. */
function bitcoinRule(network: string, magics: readonly number[]): PayloadRule {
  return {
    id: `${network}-message`,
    protocol: 'bitcoin',
    transport: TCP,
    firstBytes: [...new Set(magics.map((magic) => magic >>> 24))],
    recognise: (payload) => verdict(isBitcoinMessage(payload, magics)),
  };
}

const STRATUM_LOOK = 2048;
/** Methods that only miners and pools use: Stratum v1 with BIP 310, and Ethereum's over Stratum (EIP-1571). */
const STRATUM_METHOD =
  /"method"\s*:\s*"(mining\.(subscribe|authorize|notify|submit|set_difficulty|set_target|set_extranonce|configure|extranonce\.subscribe|suggest_difficulty|suggest_target|multi_version|hello|noop)|eth_submitLogin|eth_submitWork|eth_submitHashrate|eth_getWork|keepalived)"/;
/** CryptoNote's methods have common names; what they carry has not. */
const CRYPTONOTE_LOGIN = /"method"\s*:\s*"login"[^]*"login"\s*:[^]*"pass"\s*:/;
const CRYPTONOTE_JOB = /"(method"\s*:\s*"job"|result"\s*:\s*\{)[^]*"blob"\s*:[^]*"target"\s*:/;
const CRYPTONOTE_JOB_TURNED = /"(method"\s*:\s*"job"|result"\s*:\s*\{)[^]*"target"\s*:[^]*"blob"\s*:/;
const CRYPTONOTE_SUBMIT = /"method"\s*:\s*"submit"[^]*"job_id"\s*:[^]*"nonce"\s*:/;
const STRATUM = [STRATUM_METHOD, CRYPTONOTE_LOGIN, CRYPTONOTE_JOB, CRYPTONOTE_JOB_TURNED, CRYPTONOTE_SUBMIT];

/** Stratum v1: an object a line (Stratum mining protocol; CryptoNote's form as miners publish it). */
function stratum({ bytes, start, end }: Payload): InspectionResult {
  const text = latin1(bytes, start, Math.min(end, start + STRATUM_LOOK));
  if (STRATUM.some((each) => each.test(text))) return RECOGNISED;
  return /^\{\s*("|$)/.test(text) && text.length < STRATUM_LOOK && !text.includes('\n') ? WANTS_MORE : NOT_RECOGNISED;
}

/**
 * Mining over HTTP: getwork and getblocktemplate (BIP 22, BIP 23) by method or by the header of getwork's extensions; the same
 * for Ethereum.
 */
function isGetwork({ bytes, start, end }: Payload): boolean {
  if (!startsWith(bytes, start, end, 'POST /')) return false;
  // Pools and nodes serve it at the root or at a short path.
  if (bytes[start + 6] !== 0x20 && !/^[A-Za-z\d_-]{1,16} /.test(latin1(bytes, start + 6, Math.min(end, start + 23)))) {
    return false;
  }
  const text = latin1(bytes, start, Math.min(end, start + STRATUM_LOOK));
  return /\r\nX-Mining-(Extensions|Hashrate):|"method"\s*:\s*"(getwork|getblocktemplate|submitblock|eth_getWork|eth_submitWork)"/i.test(
    text,
  );
}

const LEVIN_HEADER = 33;
const LEVIN_HIGH = 0x01210101;
const LEVIN_LOW = 0x01010101;

/** Monero's peers (LEVIN_PROTOCOL.md): signature, length of 64 bits, whether an answer is wanted. */
function isLevin({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= LEVIN_HEADER &&
    u32(bytes, start) === LEVIN_HIGH &&
    u32(bytes, start + 4) === LEVIN_LOW &&
    u32LE(bytes, start + 12) === 0 &&
    bytes[start + 16] <= 1
  );
}

const NANO_HEADER = 8;
const NANO_KEEPALIVE = 2;
const NANO_NODE_ID = 10;

/**
 * Nano's messages (Nano documentation, "Protocol specification"): `R` and the network's letter, versions highest, used and
 * lowest, type, extensions; a greeting or a list of peers of exactly the length that these say.
 */
function isNano({ bytes, start, end }: Payload): boolean {
  if (end - start < NANO_HEADER || bytes[start] !== 0x52) return false;
  const network = bytes[start + 1];
  if (network < 0x41 || (network > 0x43 && network !== 0x58)) return false;
  const [highest, used, lowest] = [bytes[start + 2], bytes[start + 3], bytes[start + 4]];
  if (highest < used || used < lowest || lowest < 1 || highest > 64) return false;
  const length = end - start - NANO_HEADER;
  if (bytes[start + 5] === NANO_KEEPALIVE) return length === 8 * 18;
  if (bytes[start + 5] !== NANO_NODE_ID) return false;
  const extensions = u16LE(bytes, start + 6);
  const query = (extensions & 1) === 0 ? 0 : 32;
  const response = (extensions & 2) === 0 ? 0 : (extensions & 4) === 0 ? 96 : 160;
  return extensions > 0 && extensions < 8 && length === query + response;
}

/** Order of the field of secp256k1 (SEC 2, 2.4.1), on which Ethereum's keys lie. */
const FIELD = 2n ** 256n - 2n ** 32n - 977n;

/** Whether 64 bytes are a point of secp256k1; of random bytes one in 2^256 is. */
function isOnCurve(bytes: Uint8Array, at: number): boolean {
  const number = (from: number): bigint =>
    BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset + from, 32).toString('hex')}`);
  const x = number(at);
  const y = number(at + 32);
  return x < FIELD && y < FIELD && (y * y - x * x * x - 7n) % FIELD === 0n;
}

/** Lengths of the first handshake form, initiator's and recipient's. */
const OLD_RLPX: ReadonlySet<number> = new Set([307, 210]);
const UNCOMPRESSED_POINT = 4;

/**
 * RLPx (devp2p, "The RLPx Transport Protocol", with EIP-8): a handshake message that fills the payload and begins with an
 * ephemeral public key, which must lie on the curve.
 */
function isRlpx({ bytes, start, end }: Payload): boolean {
  const length = end - start;
  if (length < 210) return false;
  if (bytes[start] === UNCOMPRESSED_POINT && OLD_RLPX.has(length)) return isOnCurve(bytes, start + 1);
  return u16(bytes, start) === length - 2 && bytes[start + 2] === UNCOMPRESSED_POINT && isOnCurve(bytes, start + 3);
}

/** Where the RLP item at `at` begins its content (Ethereum yellow paper, appendix B); its end in `itemEnd`; −1 when it does not fit. */
let itemEnd = 0;
function rlpContent(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const first = bytes[at];
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  let content = at + 1;
  let length = short;
  if (first < 0x80) {
    content = at;
    length = 1;
  } else if (short > 55) {
    content += short - 55;
    if (short - 55 > 2 || content > end) return -1;
    length = short === 56 ? bytes[at + 1] : u16(bytes, at + 1);
  }
  itemEnd = content + length;
  return itemEnd <= end ? content : -1;
}

const DISCOVERY_HEADER = 98;
const LONGEST_DISCOVERY = 1280;
const ENR_RESPONSE = 6;
/** How far a packet's expiration may lie from its time in the capture, seconds. */
const EXPIRATION_WINDOW = 30 * 86_400;

/**
 * Ethereum's node discovery (devp2p, "Node Discovery Protocol v4"): hash, signature with a recovery number of 0 or 1, type,
 * then a list whose items fill the packet; the second last or last of these is the time when it expires. Answers with a node's
 * record have no such time: they give the hash of 32 bytes that was asked for.
 */
function isDiscovery({ bytes, start, end, time }: Payload): boolean {
  const length = end - start;
  if (length < DISCOVERY_HEADER + 6 || length > LONGEST_DISCOVERY) return false;
  const type = bytes[start + 97];
  if (bytes[start + 96] > 1 || type < 1 || type > ENR_RESPONSE || bytes[start + DISCOVERY_HEADER] < 0xc0) return false;
  let at = rlpContent(bytes, start + DISCOVERY_HEADER, end);
  if (at < 0 || itemEnd !== end) return false;
  if (type === ENR_RESPONSE) return bytes[at] === 0xa0 && at + 34 < end && bytes[at + 33] >= 0xc0;
  const now = time / 1e6;
  let hasExpiration = false;
  while (at < end) {
    const content = rlpContent(bytes, at, end);
    if (content < 0) return false;
    if (bytes[at] === 0x84 && Math.abs(u32(bytes, content) - now) < EXPIRATION_WINDOW) hasExpiration = true;
    at = itemEnd;
  }
  return hasExpiration;
}

export const cryptocurrencyRules: readonly PayloadRule[] = [
  ...Object.entries(NETWORK_MAGICS).map(([network, magics]) => bitcoinRule(network, magics)),
  { id: 'stratum-line', protocol: 'stratum', transport: TCP, firstBytes: [0x7b], recognise: stratum },
  {
    id: 'stratum-getwork',
    protocol: 'stratum',
    transport: TCP,
    firstBytes: [0x50],
    recognise: (payload) =>
      payload.rule !== 0 || isGetwork(payload) ? httpRequestRule.recognise(payload) : NOT_RECOGNISED,
  },
  {
    id: 'monero-levin',
    protocol: 'monero',
    transport: TCP,
    firstBytes: [0x01],
    recognise: (payload) => verdict(isLevin(payload)),
  },
  {
    id: 'nano-message',
    protocol: 'nano',
    transport: TCP,
    firstBytes: [0x52],
    recognise: (payload) => verdict(isNano(payload)),
  },
  {
    id: 'nano-message-udp',
    protocol: 'nano',
    transport: UDP,
    firstBytes: [0x52],
    recognise: (payload) => verdict(isNano(payload)),
  },
  {
    id: 'ethereum-rlpx',
    protocol: 'ethereum',
    transport: TCP,
    firstBytes: [0x00, 0x01, 0x02, 0x03, UNCOMPRESSED_POINT],
    recognise: (payload) => verdict(isRlpx(payload)),
  },
  {
    id: 'ethereum-discovery',
    protocol: 'ethereum',
    transport: UDP,
    recognise: (payload) => verdict(isDiscovery(payload)),
  },
];
