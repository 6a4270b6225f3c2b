import type { AddressWords } from '../../../shared/address.ts';

/**
 * The Zeek fields that we use, each with the spellings met in the wild: Zeek's own first, then that of exporters that
 * may not use dots in keys.
 */
export const FIELD_NAMES = [
  ['ts'],
  ['uid'],
  ['id.orig_h', 'id_orig_h'],
  ['id.orig_p', 'id_orig_p'],
  ['id.resp_h', 'id_resp_h'],
  ['id.resp_p', 'id_resp_p'],
  ['proto'],
  ['ip_proto'],
  ['service'],
  ['duration'],
  ['orig_bytes'],
  ['resp_bytes'],
  ['conn_state'],
  ['history'],
  ['orig_pkts'],
  ['orig_ip_bytes'],
  ['resp_pkts'],
  ['resp_ip_bytes'],
  ['rtt'],
  ['query'],
  ['qtype'],
  ['answers'],
  ['TTLs'],
  ['version'],
  ['server_name'],
  ['host'],
  ['user_agent'],
  ['uids', 'conn_uids'],
  ['client'],
  ['host_name'],
  ['assigned_addr'],
  ['lease_time'],
  ['msg_types'],
  // Of packages that many install: ja3 (Salesforce), ja4 (FoxIO).
  ['ja3'],
  ['ja4'],
  ['subject', 'certificate.subject', 'certificate_subject'],
  ['san.dns', 'san_dns'],
  // A certificate is known by its fingerprint, before Zeek 4.1 by the id of the file that it came as.
  ['fingerprint'],
  ['id'],
  ['cert_chain_fps'],
  ['cert_chain_fuids'],
  ['fuid'],
  ['sha256'],
  ['source'],
  ['mime_type'],
  ['is_orig'],
] as const;

/** Number of each field in FIELD_NAMES. */
export const FIELD = {
  time: 0,
  uid: 1,
  initiator: 2,
  initiatorPort: 3,
  responder: 4,
  responderPort: 5,
  transport: 6,
  transportNumber: 7,
  service: 8,
  duration: 9,
  payloadOut: 10,
  payloadIn: 11,
  state: 12,
  history: 13,
  packetsOut: 14,
  bytesOut: 15,
  packetsIn: 16,
  bytesIn: 17,
  roundTrip: 18,
  query: 19,
  queryType: 20,
  answers: 21,
  lifetimes: 22,
  version: 23,
  serverName: 24,
  host: 25,
  userAgent: 26,
  uids: 27,
  client: 28,
  hostName: 29,
  assignedAddress: 30,
  leaseTime: 31,
  messageTypes: 32,
  ja3: 33,
  ja4: 34,
  subject: 35,
  alternativeNames: 36,
  fingerprint: 37,
  certificateFile: 38,
  chainFingerprints: 39,
  chainFiles: 40,
  file: 41,
  sha256: 42,
  source: 43,
  mimeType: 44,
  isFromInitiator: 45,
} as const;

export type Field = (typeof FIELD)[keyof typeof FIELD];

/** What a numeric field gives when it is absent or unset. */
export const ABSENT = -1;

/** What can be wrong with one field of one record. */
export type FieldFault = 'bad-time' | 'bad-number' | 'bad-address' | 'bad-text';

export const FAULT_WORDS: Readonly<Record<FieldFault, string>> = {
  'bad-time': 'is not a time between 1970 and 2255',
  'bad-number': 'is not a number in range',
  'bad-address': 'is not an IP address',
  'bad-text': 'is not a text',
};

/**
 * One record of a log, whatever its encoding. A field that cannot be read sets `fault` (the first one stays) and gives a
 * harmless value, so that the reader of a record asks once, at the end, whether the record is lost.
 */
export interface ZeekRecord {
  readonly fault: FieldFault | null;
  readonly faultField: Field;
  /** Text of a field, of a truth value `T` or `F`; '' when absent, unset or empty. */
  text(field: Field): string;
  /** Point in time, microseconds since the epoch, UTC; ABSENT when not given. */
  time(field: Field): number;
  /** Duration in microseconds, 0 or more; ABSENT when not given. */
  interval(field: Field): number;
  /** Whole number from 0 to 2^53 - 1; ABSENT when not given. */
  count(field: Field): number;
  /** IP address; null when not given. */
  address(field: Field): AddressWords | null;
  /** Elements of a vector or set; an unset element is ''. */
  list(field: Field): string[];
}

/** Largest time that float64 microseconds keep exactly: 2^53 - 1 (the year 2255). */
const LAST_MICROSECOND = Number.MAX_SAFE_INTEGER;

const DOT = 0x2e;
const DIGIT_0 = 0x30;

/**
 * Reads decimal seconds (`1324071333.493287`) as whole microseconds without passing through floating-point seconds;
 * digits after the sixth round half up. Returns NaN when the bytes are no such number or beyond 2^53 - 1 microseconds.
 */
export function decimalMicroseconds(bytes: Uint8Array, from: number, to: number): number {
  let whole = 0;
  let at = from;
  for (; at < to; at++) {
    const digit = bytes[at] - DIGIT_0;
    if (digit < 0 || digit > 9) break;
    whole = whole * 10 + digit;
  }
  if (at === from || at - from > 15) return Number.NaN;
  let fraction = 0;
  if (at < to) {
    if (bytes[at] !== DOT) return Number.NaN;
    const first = at + 1;
    let scale = 100_000;
    for (at = first; at < to; at++) {
      const digit = bytes[at] - DIGIT_0;
      if (digit < 0 || digit > 9) return Number.NaN;
      if (scale >= 1) fraction += digit * scale;
      else if (at === first + 6 && digit >= 5) fraction++;
      scale = scale > 1 ? scale / 10 : 0;
    }
    if (at === first) return Number.NaN;
  }
  const total = whole * 1_000_000 + fraction;
  return total <= LAST_MICROSECOND ? total : Number.NaN;
}

/**
 * Floating-point seconds as whole microseconds. Exact for every decimal of at most six places below 2^32 seconds (2106):
 * the nearest double is at most 2^-22 s (0.24 us) away and the product rounds by at most 0.25 us, together under 0.5.
 * Returns NaN when negative, not finite or beyond 2^53 - 1 microseconds.
 */
export function secondsToMicroseconds(seconds: number): number {
  const total = Math.round(seconds * 1_000_000);
  return total >= 0 && total <= LAST_MICROSECOND ? total : Number.NaN;
}

function digitsAt(text: string, from: number, length: number): number {
  let value = 0;
  for (let at = from; at < from + length; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Reads an ISO 8601 time as Zeek prints it (`2018-03-24T17:15:21.155638Z`, zone `Z` or `+hh:mm`) as microseconds since
 * the epoch; places after the sixth are dropped. Returns NaN when malformed, without a zone, or before 1970.
 */
export function isoMicroseconds(text: string): number {
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') return Number.NaN;
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2) - 1;
  const day = digitsAt(text, 8, 2);
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const second = digitsAt(text, 17, 2);
  if (year < 1970 || month > 11 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const whole = Date.UTC(year, month, day, hour, minute, second);
  if (new Date(whole).getUTCDate() !== day) return Number.NaN;
  let at = 19;
  let fraction = 0;
  if (text[at] === '.') {
    let scale = 100_000;
    for (at++; ; at++) {
      const digit = text.charCodeAt(at) - DIGIT_0;
      if (!(digit >= 0 && digit <= 9)) break;
      fraction += digit * scale;
      scale = scale > 1 ? scale / 10 : 0;
    }
  }
  const zone = zoneMinutes(text.slice(at));
  const total = (whole - zone * 60_000) * 1000 + fraction;
  return total >= 0 && total <= LAST_MICROSECOND ? total : Number.NaN;
}

function zoneMinutes(zone: string): number {
  if (zone === 'Z') return 0;
  if (zone.length !== 6 || zone[3] !== ':') return Number.NaN;
  const minutes = digitsAt(zone, 1, 2) * 60 + digitsAt(zone, 4, 2);
  if (zone[0] === '+') return minutes;
  return zone[0] === '-' ? -minutes : Number.NaN;
}
