import { TCP, UDP } from '../../../shared/flow.ts';
import { type Payload, WANTS_MORE } from '../../../shared/payload.ts';
import { u16LE, u32LE, usesPort, verdict } from './payload-fields.ts';
import { type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/** What controllers, substations and buildings speak. Each rule names its specification. */

const MODBUS_PORT = 502;
const MBAP_HEAD = 7;

/**
 * Whether a Modbus function's data may have this length (Modbus application protocol 1.1b3, 6), as request or as response.
 * `at` is the function code, `length` counts from there.
 */
function isModbusPdu(bytes: Uint8Array, at: number, length: number): boolean {
  const code = bytes[at];
  if (code >= 0x81 && code <= 0xab) return length === 2 && bytes[at + 1] >= 1 && bytes[at + 1] <= 11;
  const count = bytes[at + 1];
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
      return length === 5 ? u16(bytes, at + 3) <= 2000 : count > 0 && length === 2 + count;
    case 5:
      return length === 5 && (bytes[at + 3] === 0xff || bytes[at + 3] === 0) && bytes[at + 4] === 0;
    case 6:
      return length === 5;
    case 7:
      return length === 1 || length === 2;
    case 11:
      return length === 1 || length === 5;
    case 12:
    case 17:
      return length === 1 || length === 2 + count;
    case 15:
    case 16:
      return length === 5 || (length >= 7 && length === 6 + bytes[at + 5]);
    case 22:
      return length === 7;
    case 23:
      return length === 2 + count || (length >= 11 && length === 10 + bytes[at + 9]);
    case 8:
      return length >= 5 && u16(bytes, at + 1) <= 20;
    case 20:
    case 21:
      return length === 2 + count;
    case 43:
      return length >= 3 && (count === 13 || count === 14);
    default:
      return false;
  }
}

/** The first message of a flow off Modbus's port, for the other side's answer to be held against. */
class ModbusMessage {
  readonly fromInitiator: boolean;
  readonly transaction: number;
  readonly unit: number;
  readonly code: number;

  constructor({ bytes, start, fromInitiator }: Payload) {
    this.fromInitiator = fromInitiator;
    this.transaction = u16(bytes, start);
    this.unit = bytes[start + 6];
    this.code = bytes[start + 7] & 0x7f;
  }
}

/**
 * Modbus/TCP (Modbus messaging on TCP/IP 1.0b, 3.1.3): protocol 0 and lengths that fill the segment. On its port one such
 * message is enough, elsewhere the answer must repeat transaction, unit and function.
 */
function isModbus(payload: Payload): boolean {
  const { bytes, start, end, memory } = payload;
  if (end - start < MBAP_HEAD + 1 || u16(bytes, start + 2) !== 0) return false;
  let at = start;
  while (at < end) {
    if (end - at < MBAP_HEAD + 1 || u16(bytes, at + 2) !== 0) return false;
    const length = u16(bytes, at + 4);
    if (length < 2 || length > 254 || at + 6 + length > end) return false;
    if (!isModbusPdu(bytes, at + MBAP_HEAD, length - 1)) return false;
    at += 6 + length;
  }
  if (usesPort(payload, MODBUS_PORT)) return true;
  const message = new ModbusMessage(payload);
  if (memory instanceof ModbusMessage && memory.fromInitiator !== payload.fromInitiator) {
    const { transaction, unit, code } = message;
    return transaction === memory.transaction && unit === memory.unit && code === memory.code && transaction !== 0;
  }
  payload.memory = message;
  return false;
}

const TPKT = 3;
/** TPKT (4) and a COTP data header (3): length 2, DT, end of unit (RFC 1006, 6; ISO 8073, 13.7). */
const COTP_DATA = 0x02f080;
const ISO_HEAD = 7;

/** Whether a TPKT packet with COTP data begins here whose length is that of the segment, or one that more follow. */
function isIsoData(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < ISO_HEAD + 4 || u16(bytes, start) !== 0x0300 || u24(bytes, start + 4) !== COTP_DATA) return false;
  const length = u16(bytes, start + 2);
  return length >= ISO_HEAD + 4 && (start + length === end || start + length + 4 <= end);
}

/** Whether the TPKT header has come without what it heads. */
function isTpktAlone({ bytes, start, end }: Payload): boolean {
  return end - start === 4 && u16(bytes, start) === 0x0300 && u16(bytes, start + 2) > 4;
}

/** S7 communication over ISO on TCP (RFC 1006); its header has no public specification: id 32, kind of message, two zero bytes. */
function isS7({ bytes, start, end }: Payload): boolean {
  if (!isIsoData(bytes, start, end) || end - start < ISO_HEAD + 10 || bytes[start + 7] !== 0x32) return false;
  const kind = bytes[start + 8];
  return (kind === 1 || kind === 2 || kind === 3 || kind === 7) && u16(bytes, start + 9) === 0;
}

/** S7 communication plus: id 72, version, a length that fits, and the operation where it stands in clear. */
function isS7Plus({ bytes, start, end }: Payload): boolean {
  if (!isIsoData(bytes, start, end) || end - start < ISO_HEAD + 5 || bytes[start + 7] !== 0x72) return false;
  const version = bytes[start + 8];
  const length = u16(bytes, start + 9);
  if (version < 1 || (version > 3 && version < 0xfd)) return false;
  return start + ISO_HEAD + 4 + length <= start + u16(bytes, start + 2) && start + ISO_HEAD + 4 + length >= end - 8;
}

/** Object identifier 1.0.9506.2.3, MMS's application context (ISO 9506-2, 24). */
const MMS_CONTEXT = '\x06\x05\x28\xca\x22\x02\x03';
/** Session's "give tokens" and "data transfer", each without parameters, and presentation data (ISO 8327, 8823). */
const SESSION_DATA = 0x01000100;
const PRESENTATION_DATA = 0x61;
const CONNECT_SPDU = 13;
const ACCEPT_SPDU = 14;

/** MMS (ISO 9506-2) over ISO on TCP: its application context as the association is made, or its kind of data afterwards. */
function isMms({ bytes, start, end }: Payload): boolean {
  if (!isIsoData(bytes, start, end)) return false;
  const spdu = bytes[start + 7];
  if (spdu === CONNECT_SPDU || spdu === ACCEPT_SPDU) {
    for (let at = start + 12; at + MMS_CONTEXT.length <= end; at++) {
      if (bytes[at] === 6 && startsWith(bytes, at, end, MMS_CONTEXT)) return true;
    }
    return false;
  }
  if (end - start < 24 || u32(bytes, start + 7) !== SESSION_DATA || bytes[start + 11] !== PRESENTATION_DATA) {
    return false;
  }
  // Presentation data 61, its list 30, presentation context 3 (02 01 03), single ASN.1 type a0, then a message of MMS (a0–ad).
  let at = lengthEnd(bytes, start + 12);
  if (bytes[at] !== 0x30) return false;
  at = lengthEnd(bytes, at + 1);
  if (u24(bytes, at) !== 0x020103 || bytes[at + 3] !== 0xa0) return false;
  at = lengthEnd(bytes, at + 4);
  return at < end && bytes[at] >= 0xa0 && bytes[at] <= 0xad;
}

/** Place behind a BER length at `at` (X.690, 8.1.3). */
function lengthEnd(bytes: Uint8Array, at: number): number {
  return at + 1 + (bytes[at] > 0x80 ? bytes[at] & 3 : 0);
}

/** Remainders of DNP3's CRC-16: polynomial 0x3d65, reflected. */
const DNP3_CRC = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa6bc : crc >>> 1;
  return crc;
});

/** DNP3's link header with its check sum (IEEE 1815, 9.2). */
function isDnp3({ bytes, start, end }: Payload): boolean {
  if (end - start < 10 || bytes[start + 1] !== 0x64 || bytes[start + 2] < 5) return false;
  let crc = 0;
  for (let at = start; at < start + 8; at++) crc = (crc >>> 8) ^ DNP3_CRC[(crc ^ bytes[at]) & 0xff];
  return (~crc & 0xffff) === u16LE(bytes, start + 8);
}

/** Commands of EtherNet/IP's encapsulation, all below 256. */
const ENIP_COMMANDS = [0x04, 0x63, 0x64, 0x65, 0x66, 0x6f, 0x70, 0x72, 0x73];
const ENIP_STATUS: ReadonlySet<number> = new Set([0, 1, 2, 3, 0x64, 0x65, 0x69, 0x6a]);
const ENIP_HEAD = 24;

const ENIP_PORT = 44818;
const ENIP_REGISTER = 0x65;
const ENIP_SEND_DATA = 0x6f;
const ENIP_SEND_UNIT = 0x70;

/**
 * EtherNet/IP (ODVA, CIP networks library volume 2, 2-3): encapsulation header with options 0 and a length that fits. Off its
 * port what follows must be a session's version or CIP's items as well.
 */
function isEtherNetIp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < ENIP_HEAD || bytes[start + 1] !== 0 || u32(bytes, start + 20) !== 0) return false;
  const length = u16LE(bytes, start + 2);
  const body = start + ENIP_HEAD;
  if (!ENIP_STATUS.has(u32LE(bytes, start + 8)) || (body + length !== end && body + length + ENIP_HEAD > end))
    return false;
  if (usesPort(payload, ENIP_PORT)) return true;
  if (bytes[start] === ENIP_REGISTER) return length === 4 && u32(bytes, body) === 0x0100_0000;
  if (bytes[start] !== ENIP_SEND_DATA && bytes[start] !== ENIP_SEND_UNIT) return false;
  // Interface CIP, a timeout, two to four items.
  return length >= 16 && u32(bytes, body) === 0 && u16LE(bytes, body + 6) >= 2 && u16LE(bytes, body + 6) <= 4;
}

/** CIP I/O (same, 2-6 and 3-2): two items, a sequenced address (8002, 8 bytes) and connected data (00b1) to the end. */
function isCipIo({ bytes, start, end }: Payload): boolean {
  return (
    end - start >= 18 &&
    u32(bytes, start) === 0x0200_0280 &&
    u16(bytes, start + 4) === 0x0800 &&
    u16(bytes, start + 14) === 0xb100 &&
    start + 18 + u16LE(bytes, start + 16) === end
  );
}

const BACNET_PORT = 0xbac0;
const BACNET_FORWARDED = 4;
const BACNET_UNICAST = 10;
const BACNET_BROADCAST = 11;

/** BACnet/IP (ASHRAE 135, annex J.2): function, length of the datagram, and a network message of version 1 where one follows. */
function isBacnet(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const kind = bytes[start + 1];
  if (end - start < 4 || u16(bytes, start + 2) !== end - start || kind > 12) return false;
  const isNearPort = (port: number): boolean => port >= BACNET_PORT && port <= BACNET_PORT + 15;
  if (isNearPort(payload.sourcePort) || isNearPort(payload.destinationPort)) return true;
  const network = kind === BACNET_FORWARDED ? start + 10 : start + 4;
  if (kind !== BACNET_FORWARDED && kind !== BACNET_UNICAST && kind !== BACNET_BROADCAST) return false;
  // Version 1; bits 4 and 6 of the control byte are reserved (6.2.2); an application message is of a known kind.
  if (end - network < 4 || bytes[network] !== 1 || (bytes[network + 1] & 0x50) !== 0) return false;
  return (bytes[network + 1] & 0xac) === 0 && bytes[network + 2] >>> 4 <= 7 && u16(bytes, network + 2) >= 0x1000;
}

const IEC104_PORT = 2404;
const IEC104_START = 0x68;
/** Bytes of one information element, by type of unit (IEC 60870-5-101, 7.3). */
const ELEMENT_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 1], [3, 1], [5, 2], [7, 5], [9, 3], [11, 3], [13, 5], [15, 5], [20, 5], [21, 2],
  [30, 8], [31, 8], [32, 9], [33, 12], [34, 10], [35, 10], [36, 12], [37, 12],
  [45, 1], [46, 1], [47, 1], [48, 3], [49, 3], [50, 5], [51, 4],
  [58, 8], [59, 8], [60, 8], [61, 10], [62, 10], [63, 12], [64, 11],
  [70, 1], [100, 1], [101, 1], [102, 0], [103, 7], [104, 2], [105, 1], [106, 2], [107, 9],
]); // prettier-ignore

/** STARTDT, STOPDT and TESTFR, each to act and to confirm. */
const U_FRAMES: ReadonlySet<number> = new Set([0x07, 0x0b, 0x13, 0x23, 0x43, 0x83]);

/** Whether a data unit's length is that of its objects (IEC 60870-5-104, 5 and 7; addresses of three bytes, cause of two). */
function isAsdu(bytes: Uint8Array, at: number, length: number): boolean {
  const size = ELEMENT_BYTES.get(bytes[at]);
  const count = bytes[at + 1] & 0x7f;
  const cause = bytes[at + 2] & 0x3f;
  if (size === undefined || count === 0 || cause === 0 || cause > 47) return false;
  return length === 6 + ((bytes[at + 1] & 0x80) === 0 ? count * (3 + size) : 3 + count * size);
}

/**
 * IEC 60870-5-104 (5.1): frames that follow one another to the segment's end, and among them a control frame with its zero
 * bytes, or data whose length is that of its objects.
 */
function isIec104(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let sure = false;
  let frames = 0;
  for (let at = start; at < end; frames++) {
    const length = bytes[at + 1];
    if (end - at < 6 || bytes[at] !== IEC104_START || length < 4 || length > 253 || at + 2 + length > end) return false;
    const control = bytes[at + 2];
    if ((control & 3) === 3) {
      if (length !== 4 || !U_FRAMES.has(control) || u24(bytes, at + 3) !== 0) return false;
      sure = true;
    } else if ((control & 3) === 1) {
      if (length !== 4 || control !== 1 || bytes[at + 3] !== 0 || (bytes[at + 4] & 1) !== 0) return false;
      if (usesPort(payload, IEC104_PORT)) sure = true;
    } else {
      if (length < 10 || (bytes[at + 4] & 1) !== 0) return false;
      if (isAsdu(bytes, at + 6, length - 4)) sure = true;
    }
    at += 2 + length;
  }
  return sure || frames >= 3;
}

/** OPC UA connection protocol (OPC 10000-6, 7.1.2): kind of message, of chunk, length. */
const OPC_MESSAGES = ['HEL', 'ACK', 'ERR', 'RHE', 'OPN', 'MSG', 'CLO'];
const MOST_OPC_MESSAGE = 1 << 24;

function isOpcUa({ bytes, start, end }: Payload): boolean {
  if (end - start < 12 || !OPC_MESSAGES.some((kind) => startsWith(bytes, start, end, kind))) return false;
  const chunk = bytes[start + 3];
  const length = u32LE(bytes, start + 4);
  if ((chunk !== 0x46 && chunk !== 0x43 && chunk !== 0x41) || length < 12 || length > MOST_OPC_MESSAGE) return false;
  // Either all of it is there, or a long one fills the segment.
  return start + length === end || start + length + 8 <= end || (end - start > 512 && start + length > end);
}

/** Interfaces of PROFINET IO, DEA0000x-6C97-11D1-8271-00A02442DF7D (IEC 61158-6-10; PNO guide "PROFINET IO"), as UDP carries RPC (C706, 12). */
function isProfinet({ bytes, start, end }: Payload): boolean {
  if (end - start < 80 || bytes[start + 1] > 10) return false;
  const isLittle = (bytes[start + 4] & 0x10) !== 0;
  const head = isLittle
    ? (u32LE(bytes, start + 24) & 0xfffffff0) >>> 0 === 0xdea00000 && u32LE(bytes, start + 28) === 0x11d16c97
    : (u32(bytes, start + 24) & 0xfffffff0) >>> 0 === 0xdea00000 && u32(bytes, start + 28) === 0x6c9711d1;
  return head && u32(bytes, start + 32) === 0x827100a0 && u32(bytes, start + 36) === 0x2442df7d;
}

const FINS_PORT = 9600;
/** Main groups of FINS commands: memory, parameters, programs, run, identity, status, clock, messages, access, errors, files, debug. */
const FINS_GROUPS: ReadonlySet<number> = new Set([
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x09, 0x0c, 0x21, 0x22, 0x23, 0x26,
]);

/** What a FINS datagram said, for the answer to be held against. */
class FinsMessage {
  readonly addresses: number;
  readonly service: number;
  readonly command: number;

  constructor(addresses: number, service: number, command: number) {
    this.addresses = addresses;
    this.service = service;
    this.command = command;
  }
}

/**
 * FINS over UDP (Omron W342, 3): a command frame (80, 81) on its port, or a response (c0, c1) that repeats the command and swaps
 * the addresses.
 */
function isFinsDatagram(payload: Payload): boolean {
  const { bytes, start, end, memory } = payload;
  if (end - start < 12 || bytes[start + 1] !== 0 || bytes[start + 2] > 7 || bytes[start + 2] < 2) return false;
  const command = u16(bytes, start + 10);
  if (!FINS_GROUPS.has(command >>> 8) || (command & 0xff) > 0x40) return false;
  if (usesPort(payload, FINS_PORT)) return true;
  const service = bytes[start + 9];
  const destination = u24(bytes, start + 3);
  const source = u24(bytes, start + 6);
  if ((bytes[start] & 0x40) === 0) payload.memory = new FinsMessage(destination ^ (source << 8), service, command);
  else if (memory instanceof FinsMessage) {
    const isSwapped = memory.addresses === (source ^ (destination << 8));
    return isSwapped && memory.service === service && memory.command === command;
  }
  return false;
}

/** FINS over TCP (Omron W421, 7-4): "FINS", length of the rest, command, error. */
function isFinsStream({ bytes, start, end }: Payload): boolean {
  if (end - start < 16 || !startsWith(bytes, start, end, 'FINS')) return false;
  const length = u32(bytes, start + 4);
  return length >= 8 && length <= 4096 && u32(bytes, start + 8) <= 6 && u32(bytes, start + 12) <= 0x25;
}

/** What SLMP's fixed fields lead to: the place of the length; −1 when they are not those of SLMP. */
function slmpLengthAt({ bytes, start }: Payload): number {
  const head = bytes[start];
  const isLong = head === 0x54 || head === 0xd4;
  if (bytes[start + 1] !== 0) return -1;
  if (isLong && u16(bytes, start + 4) !== 0) return -1;
  return start + (isLong ? 11 : 7);
}

/**
 * MELSEC's messages, 3E and 4E frames in binary (Mitsubishi SH-080956ENG, "SLMP reference manual", 4): station's own processor
 * (03ff), a length that fits, and in a request a known subcommand.
 */
function isMelsec(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const lengthAt = slmpLengthAt(payload);
  if (lengthAt < 0 || end - lengthAt < 4 || lengthAt + 2 + u16LE(bytes, lengthAt) !== end) return false;
  // Network and station, then the processor's number and multidrop station 0.
  if (u24(bytes, lengthAt - 3) !== 0xff0300) return false;
  if ((bytes[start] & 0x80) !== 0) return true;
  return end - lengthAt >= 8 && (u16LE(bytes, lengthAt + 6) & 0xff3c) === 0;
}

/** KNXnet/IP (ISO 22510, 5.2; KNX 03_08_02): header length 6, version 1.0, service, length of all. */
function isKnxNetIp({ bytes, start, end }: Payload): boolean {
  if (end - start < 8 || bytes[start + 1] !== 0x10 || u16(bytes, start + 4) !== end - start) return false;
  const service = u16(bytes, start + 2);
  switch (service >>> 8) {
    case 2:
      return (service & 0xff) >= 1 && (service & 0xff) <= 12;
    case 3:
    case 4:
      return (service & 0xfe) === 0x10 || (service & 0xff) === 0x20 || (service & 0xff) === 0x21;
    case 5:
      return (service & 0xff) >= 0x30 && (service & 0xff) <= 0x33;
    case 7:
      return (service & 0xff) >= 0x40 && (service & 0xff) <= 0x43;
    case 9:
      return (service & 0xff) >= 0x50 && (service & 0xff) <= 0x55;
    default:
      return false;
  }
}

/** A rule for a protocol in TPKT packets, whose header some stacks send in a segment of its own. */
function isoRule(id: string, protocol: string, test: (payload: Payload) => boolean): PayloadRule {
  return {
    id,
    protocol,
    transport: TCP,
    firstBytes: [TPKT],
    recognise: (payload) => (isTpktAlone(payload) ? WANTS_MORE : verdict(test(payload))),
  };
}

const TRISTATION_PORT = 1502;
const LAST_TRISTATION_COMMAND = 0x0b;

/**
 * TriStation of Triconex's safety controllers (no public specification; form after Nozomi's and FireEye's published descriptions of 2018):
 * command, channel, length without head and check sum, little endian, direction and connection.
 */
function isTriStation(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const length = u16LE(bytes, start + 2);
  return (
    end - start >= 6 &&
    usesPort(payload, TRISTATION_PORT) &&
    bytes[start] >= 1 &&
    bytes[start] <= LAST_TRISTATION_COMMAND &&
    bytes[start + 1] <= 8 &&
    length === end - start - 6 &&
    (length === 0 || bytes[start + 4] <= 1)
  );
}

export const industrialRules: readonly PayloadRule[] = [
  isoRule('s7comm-message', 's7comm', isS7),
  isoRule('s7comm-plus-message', 's7comm-plus', isS7Plus),
  isoRule('mms-message', 'mms', isMms),
  ...[TCP, UDP].map((transport): PayloadRule => ({
    id: transport === TCP ? 'dnp3-link-header' : 'dnp3-link-header-udp',
    protocol: 'dnp3',
    transport,
    firstBytes: [5],
    recognise: (payload) => verdict(isDnp3(payload)),
  })),
  ...[TCP, UDP].map((transport): PayloadRule => ({
    id: transport === TCP ? 'ethernet-ip-encapsulation' : 'ethernet-ip-encapsulation-udp',
    protocol: 'ethernet-ip',
    transport,
    firstBytes: ENIP_COMMANDS,
    recognise: (payload) => verdict(isEtherNetIp(payload)),
  })),
  {
    id: 'cip-io',
    protocol: 'cip',
    transport: UDP,
    firstBytes: [2],
    recognise: (payload) => verdict(isCipIo(payload)),
  },
  {
    id: 'bacnet-message',
    protocol: 'bacnet',
    transport: UDP,
    firstBytes: [0x81],
    recognise: (payload) => verdict(isBacnet(payload)),
  },
  {
    id: 'iec104-frame',
    protocol: 'iec104',
    transport: TCP,
    firstBytes: [IEC104_START],
    recognise: (payload) => verdict(isIec104(payload)),
  },
  {
    id: 'opc-ua-message',
    protocol: 'opc-ua',
    transport: TCP,
    firstBytes: [...new Set(OPC_MESSAGES.map((kind) => kind.charCodeAt(0)))],
    recognise: (payload) => verdict(isOpcUa(payload)),
  },
  {
    id: 'profinet-io-rpc',
    protocol: 'profinet-io',
    transport: UDP,
    firstBytes: [4],
    recognise: (payload) => verdict(isProfinet(payload)),
  },
  {
    id: 'fins-datagram',
    protocol: 'fins',
    transport: UDP,
    firstBytes: [0x80, 0x81, 0xc0, 0xc1],
    recognise: (payload) => verdict(isFinsDatagram(payload)),
  },
  {
    id: 'fins-stream',
    protocol: 'fins',
    transport: TCP,
    firstBytes: [0x46],
    recognise: (payload) => verdict(isFinsStream(payload)),
  },
  ...[TCP, UDP].map((transport): PayloadRule => ({
    id: transport === TCP ? 'melsec-frame' : 'melsec-frame-udp',
    protocol: 'melsec',
    transport,
    firstBytes: [0x50, 0x54, 0xd0, 0xd4],
    recognise: (payload) => verdict(isMelsec(payload)),
  })),
  ...[TCP, UDP].map((transport): PayloadRule => ({
    id: transport === TCP ? 'knxnet-ip-frame-tcp' : 'knxnet-ip-frame',
    protocol: 'knxnet-ip',
    transport,
    firstBytes: [6],
    recognise: (payload) => verdict(isKnxNetIp(payload)),
  })),
  {
    id: 'modbus-message',
    protocol: 'modbus',
    transport: TCP,
    recognise: (payload) => verdict(isModbus(payload)),
  },
  {
    // The same message in a datagram, as many gateways take it, on its port alone.
    id: 'modbus-datagram',
    protocol: 'modbus',
    transport: UDP,
    recognise: (payload) => verdict(usesPort(payload, MODBUS_PORT) && isModbus(payload)),
  },
  {
    id: 'tristation-message',
    protocol: 'tristation',
    transport: UDP,
    recognise: (payload) => verdict(isTriStation(payload)),
  },
];
