import { TCP, UDP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type Payload } from '../../../shared/payload.ts';
import { httpRequestRule } from './http.ts';
import { u32LE, verdict } from './payload-fields.ts';
import { type PayloadRule, latin1, startsWith, u16, u32 } from './rule.ts';

/** BitTorrent (BEP 3, 5, 14, 15, 29) and other ways to share files; each function names its specification. */

const HANDSHAKE = '\x13BitTorrent protocol';
/** `connection_id` of a UDP tracker's connect request (BEP 15). */
const TRACKER_MAGIC_HIGH = 0x417;
const TRACKER_MAGIC_LOW = 0x27101980;
const DHT_STARTS = ['d1:ad2:id20:', 'd1:rd2:id20:', 'd2:ip', 'd1:el'];

/** What the last µTP packet of a flow said; the next one must fit it. */
class UtpPacket {
  readonly fromInitiator: boolean;
  readonly connection: number;
  readonly sequence: number;
  readonly acknowledged: number;
  /** The sender's clock, microseconds. */
  readonly sent: number;
  /** The capture's clock, microseconds. */
  readonly seen: number;

  constructor({ bytes, start, fromInitiator, time }: Payload) {
    this.fromInitiator = fromInitiator;
    this.connection = u16(bytes, start + 2);
    this.sent = u32(bytes, start + 4);
    this.sequence = u16(bytes, start + 16);
    this.acknowledged = u16(bytes, start + 18);
    this.seen = time;
  }
}

/** Packets that may be under way unacknowledged when the other side answers. */
const UTP_WINDOW = 64;
/** How far the sender's clock and the capture's may drift apart between two packets, microseconds. */
const UTP_CLOCK_DRIFT = 50_000;

/** Whether `later` acknowledges `earlier`, which came from the other side; a mere echo has its clock too. */
function answersUtp(earlier: UtpPacket, later: UtpPacket): boolean {
  const apart = ((later.connection - earlier.connection) << 16) >> 16;
  const unacknowledged = (earlier.sequence - later.acknowledged) & 0xffff;
  return apart >= -1 && apart <= 1 && unacknowledged < UTP_WINDOW && later.sent !== earlier.sent;
}

/** Whether `later` goes on where `earlier` from the same side ended: by its numbers, of which one has moved, and by its clock. */
function continuesUtp(earlier: UtpPacket, later: UtpPacket): boolean {
  const sent = (later.sequence - earlier.sequence) & 0xffff;
  const acknowledged = (later.acknowledged - earlier.acknowledged) & 0xffff;
  return (
    earlier.connection === later.connection &&
    sent < UTP_WINDOW &&
    acknowledged < UTP_WINDOW &&
    sent + acknowledged > 0 &&
    later.sent !== earlier.sent &&
    Math.abs(((later.sent - earlier.sent) | 0) - (later.seen - earlier.seen)) < UTP_CLOCK_DRIFT
  );
}

/** µTP (BEP 29): a packet that carries BitTorrent's handshake, or two that answer or continue each other. */
function isUtp(payload: Payload): boolean {
  const { bytes, start, end, memory } = payload;
  if (end - start < 20 || (bytes[start] & 15) !== 1 || bytes[start] >>> 4 > 4 || bytes[start + 1] > 2) return false;
  if (startsWith(bytes, start + 20, end, HANDSHAKE)) return true;
  const packet = new UtpPacket(payload);
  payload.memory = packet;
  if (!(memory instanceof UtpPacket)) return false;
  return memory.fromInitiator === packet.fromInitiator ? continuesUtp(memory, packet) : answersUtp(memory, packet);
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

const LONGEST_TARGET = 2048;

/** A request to an HTTP tracker (BEP 3, BEP 48): the path ends in `announce` or `scrape`, the query has an `info_hash`. */
function isTrackerRequest({ bytes, start, end }: Payload): boolean {
  if (!startsWith(bytes, start, end, 'GET /')) return false;
  const reach = Math.min(end, start + LONGEST_TARGET);
  let at = start + 5;
  while (at < reach && bytes[at] > 0x20 && bytes[at] !== 0x3f) at++;
  if (at >= reach || bytes[at] !== 0x3f) return false;
  const path = latin1(bytes, start + 4, at);
  return /\/(announce|scrape)(\.php)?$/.test(path) && /[?&]info_hash=\S/.test(latin1(bytes, at, reach));
}

/** Gnutella's handshake, and a request for a file by its hash (Gnutella protocol 0.6, draft; HUGE 0.94). */
const GNUTELLA_STARTS = ['GNUTELLA CONNECT/0.', 'GNUTELLA/0.', 'GET /uri-res/N2R?urn:sha1:', 'GET /get/'];

function isGnutella({ bytes, start, end }: Payload): boolean {
  const found = GNUTELLA_STARTS.find((text) => startsWith(bytes, start, end, text));
  if (found !== 'GET /get/') return found !== undefined;
  // The older form bears the file's number, and the version of a library that speaks to Gnutella only.
  return /^GET \/get\/\d+\/[^\r\n]* HTTP\/1\.[01]\r\n(.*\r\n)*?X-(Gnutella|Queue|Features):/i.test(
    latin1(bytes, start, Math.min(end, start + LONGEST_TARGET)),
  );
}

const DESCRIPTOR_HEADER = 23;
/** Ping, pong, bye, route table, vendor messages, push, query, hit. */
const DESCRIPTORS: ReadonlySet<number> = new Set([0x00, 0x01, 0x02, 0x30, 0x31, 0x32, 0x40, 0x80, 0x81]);

/**
 * A Gnutella descriptor in a datagram (Gnutella protocol 0.6, draft, 2.2): its length fills it, and the id is marked as one of
 * a modern client's by its ninth and its last byte.
 */
function isGnutellaDatagram({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= DESCRIPTOR_HEADER &&
    u32LE(bytes, start + 19) === end - start - DESCRIPTOR_HEADER &&
    bytes[start + 8] === 0xff &&
    bytes[start + 15] <= 1 &&
    DESCRIPTORS.has(bytes[start + 16]) &&
    bytes[start + 17] >= 1 &&
    bytes[start + 17] + bytes[start + 18] <= 16
  );
}

/** eDonkey, eMule's extension, and packed (Kulbak and Bickson, "The eMule Protocol Specification", 2005, 1.5). */
const EDONKEY_MARKS = [0xe3, 0xc5, 0xd4];
const MAX_EDONKEY_MESSAGE = 1 << 20;

/** Messages of mark, length and content that fill the payload. */
function isEdonkey({ bytes, start, end }: Payload): boolean {
  let at = start;
  while (at + 6 <= end && EDONKEY_MARKS.includes(bytes[at])) {
    const length = u32LE(bytes, at + 1);
    if (length < 1 || length > MAX_EDONKEY_MESSAGE) return false;
    at += 5 + length;
  }
  return at === end;
}

const SERVER_STATUS_REQUEST = 0xe396;
const SERVER_STATUS = 0xe397;
const KADEMLIA_REQUEST = 0xe421;
const KADEMLIA_RESPONSE = 0xe429;
const KADEMLIA_CONTACT = 25;

/** What a peer asked for: four bytes of a challenge or of a target. */
class EdonkeyRequest {
  readonly kind: number;
  readonly token: number;
  readonly fromInitiator: boolean;

  constructor(kind: number, token: number, fromInitiator: boolean) {
    this.kind = kind;
    this.token = token;
    this.fromInitiator = fromInitiator;
  }
}

/** eDonkey over UDP: a server's status or Kademlia's nodes, asked for and answered with the same challenge or target. */
function isEdonkeyDatagram(payload: Payload): boolean {
  const { bytes, start, end, memory, fromInitiator } = payload;
  const length = end - start;
  if (length < 6) return false;
  const kind = u16(bytes, start);
  if ((kind === SERVER_STATUS_REQUEST && length === 6) || (kind === KADEMLIA_REQUEST && length === 35)) {
    const at = kind === KADEMLIA_REQUEST ? start + 3 : start + 2;
    payload.memory = new EdonkeyRequest(kind, u32(bytes, at), fromInitiator);
    return false;
  }
  if (!(memory instanceof EdonkeyRequest) || memory.fromInitiator === fromInitiator) return false;
  if (memory.token !== u32(bytes, start + 2)) return false;
  if (kind === SERVER_STATUS) return memory.kind === SERVER_STATUS_REQUEST && length >= 14;
  return (
    kind === KADEMLIA_RESPONSE &&
    memory.kind === KADEMLIA_REQUEST &&
    length >= 19 &&
    length === 19 + bytes[start + 18] * KADEMLIA_CONTACT
  );
}

const SYNCTHING_DISCOVERY = 0x2ea7d90b;
const SYNCTHING_RELAY = 0x9e79bc40;

/** Syncthing's local discovery (Local Discovery Protocol v4): magic, then the device's number of 32 bytes. */
const isSyncthingDiscovery = ({ bytes, start, end }: Payload): boolean =>
  end - start >= 38 && u32(bytes, start) === SYNCTHING_DISCOVERY && u16(bytes, start + 4) === 0x0a20;

/** Syncthing's relays (Relay Protocol v1): magic, message type, length. */
const isSyncthingRelay = ({ bytes, start, end }: Payload): boolean =>
  end - start >= 12 &&
  u32(bytes, start) === SYNCTHING_RELAY &&
  u32(bytes, start + 4) <= 7 &&
  u32(bytes, start + 8) <= end - start - 12;

/** Kontiki's delivery network: three messages of fixed length with a constant at their end. No public specification: observed. */
function isKontiki({ bytes, start, end }: Payload): boolean {
  switch (end - start) {
    case 4:
      return u32(bytes, start) === 0x02010100;
    case 16:
      return u32(bytes, start + 12) === 0x000004e4;
    case 20:
      return u32(bytes, start + 16) === 0x02040100;
    default:
      return false;
  }
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
    id: 'bittorrent-tracker-request',
    protocol: 'bittorrent',
    transport: TCP,
    firstBytes: [0x47],
    recognise: (payload) =>
      payload.rule !== 0 || isTrackerRequest(payload) ? httpRequestRule.recognise(payload) : NOT_RECOGNISED,
  },
  {
    id: 'gnutella-handshake',
    protocol: 'gnutella',
    transport: TCP,
    firstBytes: [0x47],
    recognise: (payload) => verdict(isGnutella(payload)),
  },
  {
    id: 'gnutella-descriptor',
    protocol: 'gnutella',
    transport: UDP,
    recognise: (payload) => verdict(isGnutellaDatagram(payload)),
  },
  {
    id: 'edonkey-message',
    protocol: 'edonkey',
    transport: TCP,
    firstBytes: EDONKEY_MARKS,
    recognise: (payload) => verdict(isEdonkey(payload)),
  },
  {
    id: 'edonkey-exchange',
    protocol: 'edonkey',
    transport: UDP,
    firstBytes: [0xe3, 0xe4],
    recognise: (payload) => verdict(isEdonkeyDatagram(payload)),
  },
  {
    id: 'syncthing-discovery',
    protocol: 'syncthing',
    transport: UDP,
    firstBytes: [0x2e],
    recognise: (payload) => verdict(isSyncthingDiscovery(payload)),
  },
  {
    id: 'syncthing-relay',
    protocol: 'syncthing',
    transport: TCP,
    firstBytes: [0x9e],
    recognise: (payload) => verdict(isSyncthingRelay(payload)),
  },
  {
    id: 'kontiki-message',
    protocol: 'kontiki',
    transport: UDP,
    firstBytes: [0x02],
    recognise: (payload) => verdict(isKontiki(payload)),
  },
];
