import { TCP, UDP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type Payload, RECOGNISED } from '../../../shared/payload.ts';
import { type PayloadRule, latin1, startsWith, u16, u32 } from './rule.ts';

/** BitTorrent (BEP 3, 5, 14, 15, 29), Bitcoin and its kin (Bitcoin developer reference, "P2P network"). */

const verdict = (yes: boolean): typeof RECOGNISED | typeof NOT_RECOGNISED => (yes ? RECOGNISED : NOT_RECOGNISED);

const HANDSHAKE = '\x13BitTorrent protocol';
/** `connection_id` of a UDP tracker's connect request (BEP 15). */
const TRACKER_MAGIC_HIGH = 0x417;
const TRACKER_MAGIC_LOW = 0x27101980;
const DHT_STARTS = ['d1:ad2:id20:', 'd1:rd2:id20:', 'd2:ip', 'd1:el'];

/** Four bytes that begin each message, by network: main, testnet3, regtest, signet (BIP 325), testnet4 (BIP 94). */
const BITCOIN_MAGICS: ReadonlySet<number> = new Set([0xf9beb4d9, 0x0b110907, 0xfabfb5da, 0x0a03cf40, 0x1c163f28]);
const MAX_BITCOIN_MESSAGE = 32 << 20;

/** Command names are ASCII, padded with NUL to 12 bytes; the length that follows is at most 32 MiB. */
function isBitcoinMessage({ bytes, start, end }: Payload): boolean {
  if (end - start < 20 || !BITCOIN_MAGICS.has(u32(bytes, start))) return false;
  let at = start + 4;
  while (at < start + 16 && bytes[at] >= 0x61 && bytes[at] <= 0x7a) at++;
  if (at === start + 4) return false;
  for (; at < start + 16; at++) if (bytes[at] !== 0 && (bytes[at] < 0x30 || bytes[at] > 0x39)) return false;
  const length =
    (bytes[start + 16] | (bytes[start + 17] << 8) | (bytes[start + 18] << 16) | (bytes[start + 19] << 24)) >>> 0;
  return length <= MAX_BITCOIN_MESSAGE;
}

/** What the last µTP packet of a flow said; the other side's next one must fit it. */
class UtpPacket {
  readonly fromInitiator: boolean;
  readonly connection: number;
  readonly sequence: number;

  constructor({ bytes, start, fromInitiator }: Payload) {
    this.fromInitiator = fromInitiator;
    this.connection = u16(bytes, start + 2);
    this.sequence = u16(bytes, start + 16);
  }
}

/** Packets that may be under way unacknowledged when the other side answers. */
const UTP_WINDOW = 64;

/**
 * µTP (BEP 29): a packet that carries BitTorrent's handshake, or one of either side whose connection ids are at most one
 * apart and of which the later acknowledges the earlier.
 */
function isUtp(payload: Payload): boolean {
  const { bytes, start, end, memory } = payload;
  if (end - start < 20 || (bytes[start] & 15) !== 1 || bytes[start] >>> 4 > 4 || bytes[start + 1] > 2) return false;
  if (startsWith(bytes, start + 20, end, HANDSHAKE)) return true;
  if (memory instanceof UtpPacket && memory.fromInitiator !== payload.fromInitiator) {
    const apart = ((u16(bytes, start + 2) - memory.connection) << 16) >> 16;
    const behind = (memory.sequence - u16(bytes, start + 18)) & 0xffff;
    if (apart >= -1 && apart <= 1 && behind < UTP_WINDOW) return true;
  }
  payload.memory = new UtpPacket(payload);
  return false;
}

function isDht({ bytes, start, end }: Payload): boolean {
  if (end - start < 20 || bytes[end - 1] !== 0x65 || !DHT_STARTS.some((text) => startsWith(bytes, start, end, text))) {
    return false;
  }
  return (
    /1:y1:[qre]e?$/.test(latin1(bytes, Math.max(start, end - 40), end)) ||
    /1:t\d+:|1:y1:[qre]/.test(latin1(bytes, start, end))
  );
}

export const peerToPeerRules: readonly PayloadRule[] = [
  {
    id: 'bittorrent-handshake',
    protocol: 'bittorrent',
    transport: TCP,
    firstBytes: [0x13],
    recognise: ({ bytes, start, end }) => verdict(startsWith(bytes, start, end, HANDSHAKE)),
  },
  {
    id: 'bittorrent-dht',
    protocol: 'bittorrent',
    transport: UDP,
    firstBytes: [0x64],
    recognise: (payload) => verdict(isDht(payload)),
  },
  {
    id: 'bittorrent-utp',
    protocol: 'bittorrent',
    transport: UDP,
    firstBytes: [0x01, 0x11, 0x21, 0x31, 0x41],
    recognise: (payload) => verdict(isUtp(payload)),
  },
  {
    id: 'bittorrent-tracker',
    protocol: 'bittorrent',
    transport: UDP,
    firstBytes: [0x00],
    recognise: ({ bytes, start, end }) =>
      verdict(
        end - start === 16 &&
          u32(bytes, start) === TRACKER_MAGIC_HIGH &&
          u32(bytes, start + 4) === TRACKER_MAGIC_LOW &&
          u32(bytes, start + 8) === 0,
      ),
  },
  {
    id: 'bittorrent-local-discovery',
    protocol: 'bittorrent',
    transport: UDP,
    firstBytes: [0x42],
    recognise: ({ bytes, start, end }) => verdict(startsWith(bytes, start, end, 'BT-SEARCH * HTTP/1.1\r\n')),
  },
  {
    id: 'bitcoin-message',
    protocol: 'bitcoin',
    transport: TCP,
    firstBytes: [...BITCOIN_MAGICS].map((magic) => magic >>> 24),
    recognise: (payload) => verdict(isBitcoinMessage(payload)),
  },
];
