import { TCP, UDP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload, WANTS_MORE } from '../../../shared/payload.ts';
import { httpRequestRule } from './http.ts';
import { usesPort, verdict } from './payload-fields.ts';
import { isPrintable, latin1, type PayloadRule, startsWith, u16 } from './rule.ts';

/** What sensors, appliances and printers speak: MQTT, CoAP, IPP. */

const MQTT_PORT = 1883;
const MQTT_CONNECT = 0x10;
const MQTT_CONNACK = 0x20;

/** A variable byte integer (MQTT 5.0, 1.5.5): its value × 8 + its length; −1 when it is longer than 4 bytes or cut. */
function variableInteger(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let length = 1; length <= 4 && at < end; length++, at++) {
    value += (bytes[at] & 0x7f) << (7 * (length - 1));
    if (bytes[at] < 0x80) return value * 8 + length;
  }
  return -1;
}

/** CONNECT of MQTT 3.1 ("MQIsdp"), 3.1.1 and 5 ("MQTT"; OASIS standards, 3.1). */
function isMqttConnect({ bytes, start, end }: Payload): boolean {
  const integer = variableInteger(bytes, start + 1, end);
  if (integer < 0) return false;
  const at = start + 1 + (integer & 7);
  const level = startsWith(bytes, at, end, '\0\x04MQTT')
    ? bytes[at + 6]
    : startsWith(bytes, at, end, '\0\x06MQIsdp')
      ? bytes[at + 8]
      : 0;
  // A bridge sets the highest bit (mosquitto).
  return (level & 0x7f) >= 3 && (level & 0x7f) <= 5 && integer >>> 3 >= 12;
}

/** CONNACK on MQTT's port: four bytes up to version 3.1.1 (3.2), properties behind them in version 5. */
function isMqttConnack(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (payload.sourcePort !== MQTT_PORT || end - start < 4 || bytes[start + 2] > 1) return false;
  if (bytes[start + 1] === 2) return bytes[start + 3] <= 5;
  return end - start >= 5 && bytes[start + 1] === bytes[start + 4] + 3 && start + 2 + bytes[start + 1] <= end;
}

/** Kinds of packet that go on in a session, by first byte, with the least that follows the length. */
function isMqttPacket(bytes: Uint8Array, at: number, behind: number, end: number): boolean {
  const kind = bytes[at] >>> 4;
  const flags = bytes[at] & 15;
  const body = end - behind;
  switch (kind) {
    case 3: {
      const topic = u16(bytes, behind);
      return (flags & 6) !== 6 && body > 2 + topic && topic > 0 && isPrintable(bytes, behind + 2, behind + 2 + topic);
    }
    case 4:
    case 5:
    case 7:
      return flags === 0 && body >= 2 && body <= 4;
    case 6:
      return flags === 2 && body >= 2 && body <= 4;
    case 8: {
      const topic = u16(bytes, behind + 2);
      return flags === 2 && topic > 0 && body >= 5 + topic && isPrintable(bytes, behind + 4, behind + 4 + topic);
    }
    case 9:
      return flags === 0 && body >= 3;
    case 12:
    case 13:
      return flags === 0 && body === 0;
    default:
      return false;
  }
}

/** A message that wants an acknowledgement: PUBLISH of quality 1. */
class MqttPublish {
  readonly fromInitiator: boolean;
  readonly packet: number;

  constructor(fromInitiator: boolean, packet: number) {
    this.fromInitiator = fromInitiator;
    this.packet = packet;
  }
}

const PUBLISH_ONCE = 0x32;
const PUBACK = 0x4002;

/**
 * A session seen midway. On MQTT's port: whole packets to the segment's end, with a topic in one, or two of them. Elsewhere: one
 * message with a topic, which the other side acknowledges by its number.
 */
function isMqttMidway(payload: Payload): boolean {
  const { bytes, start, end, fromInitiator, memory } = payload;
  if (memory instanceof MqttPublish && memory.fromInitiator !== fromInitiator && end - start >= 4) {
    return u16(bytes, start) === PUBACK && u16(bytes, start + 2) === memory.packet;
  }
  let strong = 0;
  for (let at = start; at < end;) {
    const integer = variableInteger(bytes, at + 1, end);
    if (integer < 0) return false;
    const behind = at + 1 + (integer & 7);
    const packetEnd = behind + (integer >>> 3);
    if (packetEnd > end || !isMqttPacket(bytes, at, behind, packetEnd)) return false;
    const kind = bytes[at] >>> 4;
    strong += kind === 3 || kind === 8 ? 2 : 1;
    if (at === start && packetEnd === end && bytes[at] === PUBLISH_ONCE) {
      payload.memory = new MqttPublish(fromInitiator, u16(bytes, behind + 2 + u16(bytes, behind)));
    }
    at = packetEnd;
  }
  return strong >= 2 && usesPort(payload, MQTT_PORT);
}

const COAP_PORT = 5683;
const COAP_SECURE_PORT = 5684;
const MARKER = 0xff;

/** Longest value of each option (RFC 7252, 5.10; 7641; 7959; 8768; 9175; 7967; 8613; 8132). */
const COAP_OPTIONS: ReadonlyMap<number, number> = new Map([
  [1, 8], [3, 255], [4, 8], [5, 0], [6, 3], [7, 2], [8, 255], [9, 255], [11, 255], [12, 2], [14, 4], [15, 255], [16, 1],
  [17, 2], [19, 3], [20, 255], [23, 3], [27, 3], [28, 4], [31, 3], [35, 1034], [39, 255], [60, 4], [252, 40], [258, 1],
  [292, 8],
]); // prettier-ignore
/** Options that hold text. */
const COAP_TEXT: ReadonlySet<number> = new Set([3, 8, 11, 15, 20, 35, 39]);

function isCoapCode(code: number): boolean {
  const detail = code & 0x1f;
  switch (code >>> 5) {
    case 0:
      return detail >= 1 && detail <= 7;
    case 2:
      return (detail >= 1 && detail <= 5) || detail === 31;
    case 4:
      return detail <= 9 || (detail >= 12 && detail <= 15) || detail === 22 || detail === 29;
    case 5:
      return detail <= 5 || detail === 8;
    default:
      return false;
  }
}

/**
 * Known options in order, to the end or to a payload behind the marker: their weight as evidence, about a bit a point (three an
 * option, one a byte of text); −1 when they are not.
 */
function coapOptions(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  let number = 0;
  let weight = 0;
  while (at < end) {
    if (bytes[at] === MARKER) return at + 1 < end ? weight : -1;
    let delta = bytes[at] >>> 4;
    let length = bytes[at] & 15;
    at++;
    if (delta === 15 || length === 15) return -1;
    if (delta === 13) delta = 13 + bytes[at++];
    else if (delta === 14) {
      delta = 269 + u16(bytes, at);
      at += 2;
    }
    if (length === 13) length = 13 + bytes[at++];
    else if (length === 14) {
      length = 269 + u16(bytes, at);
      at += 2;
    }
    number += delta;
    const longest = COAP_OPTIONS.get(number);
    if (longest === undefined || length > longest || at + length > end) return -1;
    if (COAP_TEXT.has(number) && !isPrintable(bytes, at, at + length)) return -1;
    weight += COAP_TEXT.has(number) ? 3 + length : 3;
    at += length;
  }
  return weight;
}

/** Highest option number of the drafts that counted options. */
const LAST_DRAFT_OPTION = 21;
const DRAFT_URI_PATH = 9;

/**
 * The form of before the standard (draft-ietf-core-coap-03 to -12): the low half of the first byte counts options, and the payload
 * follows the last without a marker. Whether that many lie in the datagram, with a path of four letters at least.
 */
function isDraftCoap(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + 4;
  let number = 0;
  let pathBytes = 0;
  for (let left = bytes[start] & 15; left > 0; left--) {
    number += bytes[at] >>> 4;
    let length = bytes[at++] & 15;
    if (length === 15) length += bytes[at++];
    if (number === 0 || number > LAST_DRAFT_OPTION || at + length > end) return false;
    if (number === DRAFT_URI_PATH) {
      if (length === 0 || !isPrintable(bytes, at, at + length)) return false;
      pathBytes += length;
    }
    at += length;
  }
  return pathBytes >= 4;
}

/** Weight of options that names a message on CoAP's port, and that makes a request elsewhere worth remembering. */
const SURE_COAP = 12;
const LIKELY_COAP = 6;

/** A CoAP request, for the response to be held against. */
class CoapRequest {
  readonly fromInitiator: boolean;
  readonly message: number;
  readonly token: string;

  constructor({ bytes, start, fromInitiator }: Payload) {
    this.fromInitiator = fromInitiator;
    this.message = u16(bytes, start + 2);
    this.token = latin1(bytes, start + 4, start + 4 + (bytes[start] & 15));
  }
}

/**
 * CoAP (RFC 7252, 3): a message of an assigned code whose options are all known and fill the datagram. On its port one with
 * text enough is sure; otherwise a response must repeat the request's token, and its message id when it acknowledges it.
 */
function isCoap(payload: Payload): boolean {
  const { bytes, start, end, memory } = payload;
  const tokenLength = bytes[start] & 15;
  const code = bytes[start + 1];
  if (end - start < 4 + tokenLength || !isCoapCode(code)) return false;
  const weight = tokenLength > 8 ? -1 : coapOptions(bytes, start + 4 + tokenLength, end);
  const isRequest = code < 0x20;
  const isOwnPort = usesPort(payload, COAP_PORT) || usesPort(payload, COAP_SECURE_PORT);
  if (weight < 0) return isOwnPort && isRequest && isDraftCoap(bytes, start, end);
  if (isOwnPort && weight >= SURE_COAP) return true;
  if (isRequest) {
    if (isOwnPort || weight >= LIKELY_COAP) payload.memory = new CoapRequest(payload);
    return false;
  }
  if (!(memory instanceof CoapRequest) || memory.fromInitiator === payload.fromInitiator) return false;
  const isAcknowledgement = ((bytes[start] >>> 4) & 3) === 2;
  if (isAcknowledgement && u16(bytes, start + 2) !== memory.message) return false;
  const token = latin1(bytes, start + 4, start + 4 + tokenLength);
  return token === memory.token && (isAcknowledgement || tokenLength >= 2);
}

/** Capabilities and settings, the message that opens either side of CoAP over TCP (RFC 8323, 5.3). */
const SETTINGS_CODE = 0xe1;
/** Its options: the longest message (4 bytes at most), and the willingness to take blocks (none). */
const LONGEST_SETTINGS = 12;

/** CoAP over TCP (RFC 8323, 3.2): settings first, without a token, of the length that the first half byte tells, on its port. */
function isCoapStream(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 2 || !usesPort(payload, COAP_PORT) || bytes[start + 1] !== SETTINGS_CODE) return false;
  const length = bytes[start] >>> 4;
  return (bytes[start] & 15) === 0 && length <= LONGEST_SETTINGS && start + 2 + length <= end;
}

const IPP_PORT = 631;
const IPP_TYPE = 'application/ipp';
const NEWLINE = 10;

/** A POST of the media type that IPP alone uses (RFC 8010, 4), to its port or a printer's path. */
function recogniseIpp(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  if (payload.rule !== 0) return httpRequestRule.recognise(payload);
  if (!startsWith(bytes, start, end, 'POST /')) return NOT_RECOGNISED;
  if (
    payload.destinationPort !== IPP_PORT &&
    !startsWith(bytes, start + 6, end, 'ipp') &&
    !startsWith(bytes, start + 6, end, 'printers/')
  ) {
    return NOT_RECOGNISED;
  }
  let line = start;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== NEWLINE) continue;
    if (at - line <= 1) return NOT_RECOGNISED;
    line = at + 1;
    if ((bytes[line] | 0x20) !== 0x63 || !/^content-type:\s*/i.test(latin1(bytes, line, Math.min(end, line + 13))))
      continue;
    let value = line + 13;
    while (value < end && bytes[value] === 0x20) value++;
    return startsWith(bytes, value, end, IPP_TYPE) ? httpRequestRule.recognise(payload) : NOT_RECOGNISED;
  }
  return WANTS_MORE;
}

export const iotRules: readonly PayloadRule[] = [
  {
    id: 'mqtt-connect',
    protocol: 'mqtt',
    transport: TCP,
    firstBytes: [MQTT_CONNECT],
    recognise: (payload) => verdict(isMqttConnect(payload)),
  },
  {
    id: 'mqtt-connack',
    protocol: 'mqtt',
    transport: TCP,
    firstBytes: [MQTT_CONNACK],
    recognise: (payload) => verdict(isMqttConnack(payload)),
  },
  {
    id: 'mqtt-midway',
    protocol: 'mqtt',
    transport: TCP,
    firstBytes: [
      0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x38, 0x3a, 0x3b, 0x3c, 0x3d, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xc0, 0xd0,
    ],
    recognise: (payload) => verdict(isMqttMidway(payload)),
  },
  {
    id: 'coap-message',
    protocol: 'coap',
    transport: UDP,
    // Version 1, any type, a token of 0 to 8 bytes.
    firstBytes: [4, 5, 6, 7].flatMap((type) => Array.from({ length: 9 }, (_, token) => (type << 4) | token)),
    recognise: (payload) => verdict(isCoap(payload)),
  },
  {
    id: 'coap-stream',
    protocol: 'coap',
    transport: TCP,
    firstBytes: Array.from({ length: LONGEST_SETTINGS + 1 }, (_, length) => length << 4),
    recognise: (payload) => verdict(isCoapStream(payload)),
  },
  {
    id: 'ipp-request',
    protocol: 'ipp',
    transport: TCP,
    firstBytes: [0x50],
    recognise: recogniseIpp,
  },
];
