import { TCP, UDP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload, RECOGNISED } from '../../../shared/payload.ts';
import { u16LE, u32LE, usesPort, verdict } from './payload-fields.ts';
import { type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/** Games and their platforms. Each function names its specification, or says that there is none. */

const OUT_OF_BAND = 0xffffffff;
const A2S_INFO = 'Source Engine Query\0';

/** Whether a printable text of at least one character ends in NUL. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] >= 0x20) at++;
  return at > start && at < end && bytes[at] === 0;
}

/** Server queries of Source and GoldSrc (Valve developer wiki, "Server queries"), by the letter after four bytes ff. */
function isServerQuery({ bytes, start, end }: Payload): boolean {
  const length = end - start;
  if (length < 5 || u32(bytes, start) !== OUT_OF_BAND) return false;
  switch (bytes[start + 4]) {
    case 0x54: // A2S_INFO
      return startsWith(bytes, start + 5, end, A2S_INFO);
    case 0x55: // A2S_PLAYER and A2S_RULES: a challenge
    case 0x56:
    case 0x41: // The challenge
      return length === 9;
    case 0x57: // A2S_SERVERQUERY_GETCHALLENGE
      return length === 5;
    case 0x49: // Information: version, name of the server
      return length > 16 && isText(bytes, start + 6, end);
    case 0x6d: // GoldSrc's: address as text, name of the server
      return length > 16 && bytes[start + 5] >= 0x30 && bytes[start + 5] <= 0x39 && isText(bytes, start + 5, end);
    default:
      return false;
  }
}

const STEAM_CLIENT_UDP = 0x56533031;
const STEAM_CLIENT_TCP = 0x56543031;
const STEAM_UDP_HEADER = 36;
const MAX_STEAM_MESSAGE = 1 << 24;

/** Steam client to its servers (form after SteamKit's published description): `VS01` with the length behind the header. */
function isSteamDatagram({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= STEAM_UDP_HEADER &&
    u32(bytes, start) === STEAM_CLIENT_UDP &&
    u16LE(bytes, start + 4) === end - start - STEAM_UDP_HEADER
  );
}

/** The same over TCP: a length, then `VT01`. */
function isSteamStream({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 8 &&
    u32(bytes, start + 4) === STEAM_CLIENT_TCP &&
    (u32LE(bytes, start) - 1) >>> 0 < MAX_STEAM_MESSAGE
  );
}

/** Steam's discovery in the house: four bytes ff, a magic, then the length of a header within the datagram. Observed. */
function isSteamDiscovery({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 16 &&
    u32(bytes, start) === OUT_OF_BAND &&
    u32(bytes, start + 4) === 0x214c5fa0 &&
    u32LE(bytes, start + 8) <= end - start - 16
  );
}

/** Sixteen bytes that mark RakNet's messages without a connection (RakNet, published source, `OFFLINE_MESSAGE_DATA_ID`). */
function isRakNetMagic(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 16 &&
    u32(bytes, at) === 0x00ffff00 &&
    u32(bytes, at + 4) === 0xfefefefe &&
    u32(bytes, at + 8) === 0xfdfdfdfd &&
    u32(bytes, at + 12) === 0x12345678
  );
}

/** The magic behind the message number, a time, a time and a number, or (Roblox) a head that tells its own length. */
function isRakNet({ bytes, start, end }: Payload): boolean {
  return (
    isRakNetMagic(bytes, start + 1, end) ||
    isRakNetMagic(bytes, start + 2, end) ||
    isRakNetMagic(bytes, start + 9, end) ||
    isRakNetMagic(bytes, start + 17, end) ||
    (bytes[start] === 1 && isRakNetMagic(bytes, start + u24(bytes, start + 1) + 1, end))
  );
}

/** Unconnected ping and pong, open connection, refusals; the last four as Roblox numbers them. */
const RAKNET_NUMBERS = [
  0x01, 0x02, 0x05, 0x06, 0x07, 0x08, 0x11, 0x12, 0x14, 0x17, 0x19, 0x1a, 0x1c, 0x78, 0x7b, 0x7d, 0x7e,
];

/** Steam datagram relay: a message number and `sdping`. Observed. */
const isRelayPing = ({ bytes, start, end }: Payload): boolean => startsWith(bytes, start + 2, end, 'sdping');

const ARMAGETRON_PORTS = { from: 4533, to: 4545 } as const;
const LAST_ARMAGETRON_DESCRIPTOR = 500;

/** Who sent a well-formed Armagetron packet before. */
class ArmagetronPacket {
  readonly fromInitiator: boolean;
  constructor(fromInitiator: boolean) {
    this.fromInitiator = fromInitiator;
  }
}

const isArmagetronPort = (port: number): boolean => port >= ARMAGETRON_PORTS.from && port <= ARMAGETRON_PORTS.to;

/**
 * Armagetron Advanced (published source, `nNetwork`): messages of descriptor, number, count of 16-bit words and the words,
 * then the sender's number, fill the datagram. From both sides, or on the game's ports.
 */
function armagetron(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  let at = start;
  while (at + 8 <= end) {
    const descriptor = u16(bytes, at);
    if (descriptor < 1 || descriptor > LAST_ARMAGETRON_DESCRIPTOR) return NOT_RECOGNISED;
    at += 6 + u16(bytes, at + 4) * 2;
  }
  if (at === start || at + 2 !== end) return NOT_RECOGNISED;
  if (isArmagetronPort(payload.sourcePort) || isArmagetronPort(payload.destinationPort)) return RECOGNISED;
  const before = payload.memory;
  if (before instanceof ArmagetronPacket && before.fromInitiator !== fromInitiator) return RECOGNISED;
  payload.memory = new ArmagetronPacket(fromInitiator);
  return NOT_RECOGNISED;
}

/** CryEngine's request for a connection: 70 bytes of fixed numbers between zeros and a hash. Observed, no specification. */
function isCryNetwork({ bytes, start, end }: Payload): boolean {
  if (end - start !== 70 || u32LE(bytes, start + 16) !== 1 || u32LE(bytes, start + 20) !== 7) return false;
  for (let at = start + 5; at < start + 16; at++) if (bytes[at] !== 0) return false;
  return bytes[start + 24] === 3 && u32LE(bytes, start + 25) === 7 && bytes[start + 29] === bytes[start + 37];
}

const STARCRAFT_PORT = 1119;

/** StarCraft II's logon to Battle.net: ten fixed bytes, of which the first differs by version, on its port. Observed. */
function isStarcraftLogon(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  return (
    usesPort(payload, STARCRAFT_PORT) &&
    end - start >= 10 &&
    u32(bytes, start + 1) === 0x00000a66 &&
    u32(bytes, start + 5) === 0x020aed2d &&
    bytes[start + 9] === 0x66
  );
}

export const gameRules: readonly PayloadRule[] = [
  {
    id: 'source-engine-query',
    protocol: 'source-engine',
    transport: UDP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(isServerQuery(payload)),
  },
  {
    id: 'steam-wire-datagram',
    protocol: 'steam-wire',
    transport: UDP,
    firstBytes: [0x56],
    recognise: (payload) => verdict(isSteamDatagram(payload)),
  },
  {
    id: 'steam-wire-stream',
    protocol: 'steam-wire',
    transport: TCP,
    recognise: (payload) => verdict(isSteamStream(payload)),
  },
  {
    id: 'steam-wire-discovery',
    protocol: 'steam-wire',
    transport: UDP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(isSteamDiscovery(payload)),
  },
  {
    id: 'steam-datagram-relay-ping',
    protocol: 'steam-datagram-relay',
    transport: UDP,
    firstBytes: [0x01],
    recognise: (payload) => verdict(isRelayPing(payload)),
  },
  {
    id: 'raknet-offline',
    protocol: 'raknet',
    transport: UDP,
    firstBytes: RAKNET_NUMBERS,
    recognise: (payload) => verdict(isRakNet(payload)),
  },
  { id: 'armagetron-message', protocol: 'armagetron', transport: UDP, firstBytes: [0x00, 0x01], recognise: armagetron },
  {
    id: 'starcraft-logon',
    protocol: 'starcraft',
    transport: TCP,
    firstBytes: [0x49, 0x4a],
    recognise: (payload) => verdict(isStarcraftLogon(payload)),
  },
  {
    id: 'crynetwork-connect',
    protocol: 'crynetwork',
    transport: UDP,
    firstBytes: [0x3c],
    recognise: (payload) => verdict(isCryNetwork(payload)),
  },
];
