import { type AddressWords, parseAddress } from '../../../shared/address.ts';
import { TRANSPORT_NAMES } from '../../../shared/flow.ts';
import { ZoneClock } from '../../../shared/time.ts';

/**
 * Values of text exports, read from bytes: `from` inclusive, `to` exclusive. Nothing here throws on any input; what cannot
 * be read is NaN, or false.
 */

/** Largest time that float64 microseconds keep exactly: 2^53 - 1 (the year 2255). */
const LAST_MICROSECOND = Number.MAX_SAFE_INTEGER;
const DIGIT_0 = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;
const COMMA = 0x2c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const SLASH = 0x2f;
const SPACE = 0x20;
const LOWER = 0x20;

function digitOf(byte: number | undefined): number {
  const digit = (byte ?? 0) - DIGIT_0;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function hexDigitOf(byte: number | undefined): number {
  const digit = digitOf(byte);
  if (digit >= 0 || byte === undefined) return digit;
  const lower = byte | LOWER;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Number that exactly `length` digits write; NaN when one is none. */
function fixedDigits(bytes: Uint8Array, from: number, length: number): number {
  let value = 0;
  for (let at = from; at < from + length; at++) {
    const digit = digitOf(bytes[at]);
    if (digit < 0) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** A whole number from 0 to 2^53 - 1: decimal, hexadecimal after `0x`, or with nothing but zeros behind a decimal point. */
export function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  let at = from;
  for (; at < to; at++) {
    const digit = (bytes[at] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (at === from) return Number.NaN;
  if (at < to) {
    if (bytes[at] === DOT) {
      for (at++; at < to; at++) if (bytes[at] !== DIGIT_0) return Number.NaN;
    } else if (at === from + 1 && value === 0 && ((bytes[at] ?? 0) | LOWER) === 0x78 && at + 1 < to) {
      for (at++; at < to; at++) {
        const digit = hexDigitOf(bytes[at]);
        if (digit < 0) return Number.NaN;
        value = value * 16 + digit;
      }
    } else return Number.NaN;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

/**
 * A decimal number of seconds (`shift` 6), milliseconds (3), microseconds (0) or nanoseconds (-3) as whole microseconds,
 * without passing through floating-point fractions; what is finer rounds half up. NaN beyond 2^53 - 1 microseconds.
 */
export function decimalAsMicroseconds(bytes: Uint8Array, from: number, to: number, shift: number): number {
  let point = from;
  while (point < to && bytes[point] !== DOT) point++;
  if (point === from || point === to - 1) return Number.NaN;
  // Digits that count: those of the whole part and, of the fraction, `shift` more (or `-shift` less of the whole part).
  const last = point + shift + (shift > 0 ? 1 : 0);
  let value = 0;
  for (let at = from; at < to; at++) {
    if (at === point) continue;
    const digit = (bytes[at] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (at < last) value = value * 10 + digit;
    else if (at === (last === point ? point + 1 : last) && digit >= 5) value++;
  }
  for (let missing = last - Math.max(to, point + 1); missing > 0; missing--) value *= 10;
  return value <= LAST_MICROSECOND ? value : Number.NaN;
}

/** A duration as clocks write it, `[days-]hours:minutes:seconds[.fraction]` or `minutes:seconds`, in microseconds. */
export function clockMicroseconds(bytes: Uint8Array, from: number, to: number): number {
  let whole = 0;
  let part = 0;
  let digits = 0;
  let colons = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === COLON || (byte === MINUS && colons === 0 && whole === 0)) {
      if (digits === 0) return Number.NaN;
      whole = byte === MINUS ? part * 24 : (whole + part) * 60;
      if (byte === COLON) colons++;
      part = 0;
      digits = 0;
    } else if (byte === DOT || byte === COMMA) {
      const fraction = decimalFraction(bytes, at + 1, to);
      const total = (whole + part) * 1_000_000 + fraction;
      return colons > 0 && colons < 3 && digits > 0 && total <= LAST_MICROSECOND ? total : Number.NaN;
    } else {
      const digit = digitOf(byte);
      if (digit < 0 || ++digits > 9) return Number.NaN;
      part = part * 10 + digit;
    }
  }
  const total = (whole + part) * 1_000_000;
  return colons > 0 && colons < 3 && digits > 0 && total <= LAST_MICROSECOND ? total : Number.NaN;
}

/** Microseconds that the digits behind a decimal point write; places after the sixth are dropped. NaN when one is none. */
function decimalFraction(bytes: Uint8Array, from: number, to: number): number {
  let fraction = 0;
  let scale = 100_000;
  for (let at = from; at < to; at++) {
    const digit = digitOf(bytes[at]);
    if (digit < 0) return Number.NaN;
    fraction += digit * scale;
    scale = scale > 1 ? scale / 10 : 0;
  }
  return to > from ? fraction : Number.NaN;
}

/** Offset of a zone written as `Z`, `UTC`, `GMT`, `+hh`, `+hhmm` or `+hh:mm` (`-` alike), in microseconds; NaN when it is none. */
function zoneOffset(bytes: Uint8Array, from: number, to: number): number {
  const sign = bytes[from];
  if (sign !== PLUS && sign !== MINUS) {
    if (to - from === 1) return (sign ?? 0) === 0x5a || sign === 0x7a ? 0 : Number.NaN;
    const word = to - from <= 3 ? String.fromCharCode(...bytes.subarray(from, to)) : '';
    return word === 'UTC' || word === 'GMT' ? 0 : Number.NaN;
  }
  const hours = fixedDigits(bytes, from + 1, 2);
  let minutes = 0;
  if (to - from === 6 && bytes[from + 3] === COLON) minutes = fixedDigits(bytes, from + 4, 2);
  else if (to - from === 5) minutes = fixedDigits(bytes, from + 3, 2);
  else if (to - from !== 3) return Number.NaN;
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  const offset = (hours * 60 + minutes) * 60_000_000;
  return sign === MINUS ? -offset : offset;
}

/** Microseconds from the epoch to the first moment of a date; NaN when there is no such day, or before 1970. */
function dateMicroseconds(year: number, month: number, day: number): number {
  if (!(year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const ms = Date.UTC(year, month - 1, day);
  return new Date(ms).getUTCDate() === day ? ms * 1000 : Number.NaN;
}

/** Local clock time to instants, in one zone; remembers whether it had to. */
export class LocalTimes {
  /** True once a time without a zone of its own was read. */
  used = false;
  readonly #clock: ZoneClock | null;

  /** Throws RangeError when `timeZone` is not an IANA zone. */
  constructor(timeZone: string) {
    this.#clock = timeZone === 'UTC' ? null : new ZoneClock(timeZone);
  }

  instant(local: number): number {
    this.used = true;
    return this.#clock === null || Number.isNaN(local) ? local : this.#clock.instantOfLocal(local);
  }
}

/**
 * ISO 8601 dates with times (`2017-05-17T01:02:03.4Z`), also with a blank for the T, slashes in the date, a comma before
 * the fraction, or no seconds. Places after the sixth are dropped.
 */
export class IsoTimes {
  readonly #local: LocalTimes;
  /** The date read last, as its bytes' digits, and its first moment: records of one file share few dates. */
  #date = -1;
  #dateStart = Number.NaN;

  constructor(local: LocalTimes) {
    this.#local = local;
  }

  /** Microseconds since the epoch; NaN when the bytes are no such time, or it lies before 1970 or after 2255. */
  read(bytes: Uint8Array, from: number, to: number): number {
    if (to - from < 16) return Number.NaN;
    const mark = bytes[from + 4];
    if ((mark !== MINUS && mark !== SLASH) || bytes[from + 7] !== mark || bytes[from + 13] !== COLON) return Number.NaN;
    const between = bytes[from + 10];
    if (between !== 0x54 && between !== 0x74 && between !== SPACE) return Number.NaN;
    const date =
      fixedDigits(bytes, from, 4) * 10_000 + fixedDigits(bytes, from + 5, 2) * 100 + fixedDigits(bytes, from + 8, 2);
    if (date !== this.#date) {
      this.#dateStart = dateMicroseconds(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
      this.#date = date;
    }
    const hour = fixedDigits(bytes, from + 11, 2);
    const minute = fixedDigits(bytes, from + 14, 2);
    let second = 0;
    let at = from + 16;
    if (bytes[at] === COLON && at < to) {
      second = fixedDigits(bytes, at + 1, 2);
      at += 3;
      if (at > to) return Number.NaN;
    }
    if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
    let fraction = 0;
    if (at < to && (bytes[at] === DOT || bytes[at] === COMMA)) {
      const first = ++at;
      while (at < to && digitOf(bytes[at]) >= 0) at++;
      fraction = decimalFraction(bytes, first, at);
    }
    const clock = this.#dateStart + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    if (at < to && bytes[at] === SPACE) at++;
    const time = at < to ? clock - zoneOffset(bytes, at, to) : this.#local.instant(clock);
    return time >= 0 && time <= LAST_MICROSECOND ? time : Number.NaN;
  }
}

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';

/**
 * Times written as a strptime pattern says (`shared/mapping.ts` tells the directives). `%b` are English months, a blank
 * matches any number of blanks, numbers may lack leading zeros; `%y` below 69 means 20xx (POSIX).
 */
export class PatternTimes {
  readonly #pattern: string;
  readonly #local: LocalTimes;

  constructor(pattern: string, local: LocalTimes) {
    this.#pattern = pattern.replaceAll('%F', '%Y-%m-%d').replaceAll('%T', '%H:%M:%S');
    this.#local = local;
  }

  /** Microseconds since the epoch; NaN when the bytes do not follow the pattern, or the time lies before 1970 or after 2255. */
  read(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let [year, month, day, hour, minute, second, fraction] = [1970, 1, 1, 0, 0, 0, 0];
    let afternoon = -1;
    let zone = Number.NaN;
    const number = (most: number): number => {
      const first = at;
      let value = 0;
      while (at < to && at - first < most && digitOf(bytes[at]) >= 0) value = value * 10 + digitOf(bytes[at++]);
      return at > first ? value : Number.NaN;
    };
    const pattern = this.#pattern;
    for (let place = 0; place < pattern.length; place++) {
      const letter = pattern[place];
      if (letter === ' ') {
        if (bytes[at] !== SPACE || at >= to) return Number.NaN;
        while (at < to && bytes[at] === SPACE) at++;
        continue;
      }
      if (letter !== '%' || pattern[place + 1] === '%') {
        if (letter === '%') place++;
        if (at >= to || bytes[at] !== pattern.charCodeAt(place)) return Number.NaN;
        at++;
        continue;
      }
      switch (pattern[++place]) {
        case 'Y':
          year = number(4);
          break;
        case 'y':
          year = number(2);
          year += year < 69 ? 2000 : 1900;
          break;
        case 'm':
          month = number(2);
          break;
        case 'b': {
          const name = String.fromCharCode(...bytes.subarray(at, Math.min(at + 3, to))).toLowerCase();
          const index = MONTHS.indexOf(name);
          if (name.length < 3 || index % 3 !== 0) return Number.NaN;
          month = index / 3 + 1;
          at += 3;
          break;
        }
        case 'd':
          day = number(2);
          break;
        case 'H':
        case 'I':
          hour = number(2);
          break;
        case 'M':
          minute = number(2);
          break;
        case 'S':
          second = number(2);
          break;
        case 'f': {
          const first = at;
          while (at < to && digitOf(bytes[at]) >= 0) at++;
          fraction = decimalFraction(bytes, first, at);
          break;
        }
        case 'p': {
          const half = (bytes[at] ?? 0) | LOWER;
          if ((half !== 0x61 && half !== 0x70) || ((bytes[at + 1] ?? 0) | LOWER) !== 0x6d || at + 2 > to)
            return Number.NaN;
          afternoon = half === 0x70 ? 1 : 0;
          at += 2;
          break;
        }
        case 'z': {
          const first = at;
          while (at < to && bytes[at] !== SPACE) at++;
          zone = zoneOffset(bytes, first, at);
          if (Number.isNaN(zone)) return Number.NaN;
          break;
        }
        default:
          return Number.NaN;
      }
    }
    if (at !== to) return Number.NaN;
    if (afternoon >= 0) {
      if (!(hour >= 1 && hour <= 12)) return Number.NaN;
      hour = (hour % 12) + 12 * afternoon;
    }
    if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
    const clock = dateMicroseconds(year, month, day) + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    const time = Number.isNaN(zone) ? this.#local.instant(clock) : clock - zone;
    return time >= 0 && time <= LAST_MICROSECOND ? time : Number.NaN;
  }
}

/** A writable AddressWords. */
export type AddressBuffer = [number, number, number, number];

/** The dotted quad as one word; -1 when the bytes are none. Leading zeros are refused: some read them as octal. */
export function ipv4Word(bytes: Uint8Array, from: number, to: number): number {
  let word = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === DOT) {
      if (digits === 0 || dots === 3) return -1;
      word = word * 256 + octet;
      dots++;
      octet = 0;
      digits = 0;
      continue;
    }
    const digit = byte - DIGIT_0;
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return -1;
    octet = octet * 10 + digit;
    digits++;
    if (octet > 255) return -1;
  }
  return dots === 3 && digits > 0 ? word * 256 + octet : -1;
}

const groups = new Uint16Array(8);

/** Reads an IPv4 or IPv6 address (RFC 4291, 2.2), a zone id after `%` left out, into `words`; false when it is neither. */
export function readAddress(bytes: Uint8Array, from: number, to: number, words: AddressBuffer): boolean {
  const word = ipv4Word(bytes, from, to);
  if (word >= 0) {
    words[0] = 0;
    words[1] = 0;
    words[2] = 0xffff;
    words[3] = word;
    return true;
  }
  return readIpv6(bytes, from, to, words);
}

function readIpv6(bytes: Uint8Array, from: number, to: number, words: AddressBuffer): boolean {
  if (to - from < 2 || to - from > 128) return false;
  let count = 0;
  /** Groups before `::`; -1 = none met. */
  let gap = -1;
  let at = from;
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON) return false;
    gap = 0;
    at += 2;
  }
  while (at < to && bytes[at] !== 0x25) {
    const first = at;
    let group = 0;
    let digit = hexDigitOf(bytes[at]);
    while (at < to && digit >= 0) {
      group = group * 16 + digit;
      digit = hexDigitOf(bytes[++at]);
    }
    const end = at >= to || bytes[at] === 0x25;
    if (!end && bytes[at] === DOT) {
      let last = at;
      while (last < to && bytes[last] !== 0x25) last++;
      const word = ipv4Word(bytes, first, last);
      if (word < 0 || count > 6) return false;
      groups[count++] = word >>> 16;
      groups[count++] = word & 0xffff;
      at = last;
      break;
    }
    if (at === first || at - first > 4 || count === 8) return false;
    groups[count++] = group;
    if (end) break;
    if (bytes[at] !== COLON) return false;
    at++;
    if (at < to && bytes[at] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    } else if (at >= to || bytes[at] === 0x25) return false;
  }
  if (at < to && at + 1 === to) return false;
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const left = gap < 0 ? 8 : gap;
  const shift = 8 - count;
  const group = (index: number): number =>
    index < left ? (groups[index] ?? 0) : index < left + shift ? 0 : (groups[index - shift] ?? 0);
  for (let word = 0; word < 4; word++) words[word] = (group(word * 2) * 65_536 + group(word * 2 + 1)) >>> 0;
  return true;
}

/**
 * Reads an address with the port behind it: `1.2.3.4:80`, `[2001:db8::1]:80`, and for IPv6 `2001:db8::1.80` (nfdump).
 * Returns the port, or -1 when the bytes are no such thing.
 */
export function readAddressAndPort(bytes: Uint8Array, from: number, to: number, words: AddressBuffer): number {
  let mark = to - 1;
  while (mark > from && digitOf(bytes[mark]) >= 0) mark--;
  const port = mark < to - 1 ? wholeNumber(bytes, mark + 1, to) : Number.NaN;
  if (!(port <= 65_535)) return -1;
  if (bytes[mark] === COLON) {
    if (bytes[from] === 0x5b && bytes[mark - 1] === 0x5d) {
      return readIpv6(bytes, from + 1, mark - 1, words) ? port : -1;
    }
    return ipv4Word(bytes, from, mark) >= 0 && readAddress(bytes, from, mark, words) ? port : -1;
  }
  return bytes[mark] === DOT && readIpv6(bytes, from, mark, words) ? port : -1;
}

/** An IPv4 address written as one number from 0 to 2^32 - 1. */
export function readIntegerAddress(bytes: Uint8Array, from: number, to: number, words: AddressBuffer): boolean {
  const word = wholeNumber(bytes, from, to);
  if (!(word <= 0xffffffff)) return false;
  words[0] = 0;
  words[1] = 0;
  words[2] = 0xffff;
  words[3] = word;
  return true;
}

/** An address whose parts have leading zeros (`010.000.000.001`, SiLK's `--zero-pad-ips`). */
export function readPaddedAddress(bytes: Uint8Array, from: number, to: number, words: AddressBuffer): boolean {
  if (to - from > 45) return false;
  const text = String.fromCharCode(...bytes.subarray(from, to));
  const parsed: AddressWords | null = parseAddress(text.includes(':') ? text : text.replaceAll(/\b0{1,2}(?=\d)/g, ''));
  if (parsed === null) return false;
  [words[0], words[1], words[2], words[3]] = parsed;
  return true;
}

/** Names of transports that tools print besides those of TRANSPORT_NAMES. */
const OTHER_TRANSPORTS: Readonly<Record<string, number>> = {
  hopopt: 0,
  ip: 4,
  'ip-in-ip': 4,
  'ipv6-icmp': 58,
  icmpv6: 58,
  'icmp-v6': 58,
  'udp-lite': 136,
  egp: 8,
  igp: 9,
  rdp: 27,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvpe2ei: 134,
  'ipv6-no': 59,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  ospfigp: 89,
  ipip: 4,
  etherip: 97,
  encap: 98,
  ipcomp: 108,
};

const TRANSPORTS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(OTHER_TRANSPORTS),
  ...Object.entries(TRANSPORT_NAMES).map(([number, name]): [string, number] => [name, Number(number)]),
]);

/** Most different spellings remembered; a hostile file can have any number of them. */
const REMEMBERED = 1024;

/** Transports by name or number. */
export class Transports {
  /** Names of at most six bytes, as one number, → protocol number; NaN for those that we do not know. */
  readonly #known = new Map<number, number>();

  /** IP protocol number (0..255); NaN when the bytes are neither a number nor a name that we know. */
  read(bytes: Uint8Array, from: number, to: number): number {
    if (digitOf(bytes[from]) >= 0) {
      const number = wholeNumber(bytes, from, to);
      return number <= 255 ? number : Number.NaN;
    }
    if (to - from > 6) return nameToTransport(bytes, from, to);
    let key = to - from;
    for (let at = from; at < to; at++) key = key * 256 + (bytes[at] ?? 0);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const number = nameToTransport(bytes, from, to);
    if (this.#known.size < REMEMBERED) this.#known.set(key, number);
    return number;
  }
}

function nameToTransport(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > 16) return Number.NaN;
  return TRANSPORTS.get(String.fromCharCode(...bytes.subarray(from, to)).toLowerCase()) ?? Number.NaN;
}

const FLAG_BITS: Readonly<Record<number, number>> = {
  0x46: 1, // F
  0x53: 2, // S
  0x52: 4, // R
  0x50: 8, // P
  0x41: 16, // A
  0x55: 32, // U
  0x45: 64, // E
  0x43: 128, // C
  0x57: 128, // W
};

/**
 * TCP flags as letters in any order, dots and blanks between (nfdump, SiLK), or as a number, hexadecimal after `0x` or when
 * `type` says so. NaN when the bytes are neither. Bits above the eighth are dropped.
 */
export function readTcpFlags(bytes: Uint8Array, from: number, to: number, type: string | undefined): number {
  if (type === 'hex' && bytes[from + 1] !== 0x78) {
    let value = 0;
    for (let at = from; at < to; at++) {
      const digit = hexDigitOf(bytes[at]);
      if (digit < 0 || at - from > 7) return Number.NaN;
      value = value * 16 + digit;
    }
    return value & 0xff;
  }
  if (type !== 'letters' && digitOf(bytes[from]) >= 0) {
    const value = wholeNumber(bytes, from, to);
    return value <= 0xffff ? value & 0xff : Number.NaN;
  }
  let flags = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === DOT || byte === SPACE || byte === MINUS) continue;
    const bit = FLAG_BITS[byte];
    if (bit === undefined) return Number.NaN;
    flags |= bit;
  }
  return flags;
}
