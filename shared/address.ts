/**
 * IP addresses and CIDR blocks.
 *
 * An address is four unsigned 32-bit words, most significant first. IPv4 lies in the IPv4-mapped block ::ffff:0:0/96
 * (RFC 4291, 2.5.5.2), so that both families compare, sort and store alike.
 */
export type AddressWords = readonly [number, number, number, number];

/** A block of addresses; `bits` counts from the mapped form, so an IPv4 /24 has 120. */
export interface AddressBlock {
  readonly words: AddressWords;
  readonly bits: number;
}

const MAPPED_WORD = 0xffff;

/** True when the words hold an IPv4 address in mapped form. */
export function isIpv4(a: number, b: number, c: number): boolean {
  return a === 0 && b === 0 && c === MAPPED_WORD;
}

function parseIpv4(text: string): number | null {
  let word = 0;
  let value = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && value === 0) return null;
      value = value * 10 + digit;
      digits++;
      if (value > 255) return null;
    } else {
      if (text[i] !== '.' || digits === 0 || dots === 3) return null;
      word = word * 256 + value;
      value = 0;
      digits = 0;
      dots++;
    }
  }
  return dots === 3 && digits > 0 ? word * 256 + value : null;
}

/** Reads an IPv4 or IPv6 address (RFC 4291, 2.2; no zone id). Returns null when the text is neither. */
export function parseAddress(text: string): AddressWords | null {
  if (!text.includes(':')) {
    const word = parseIpv4(text);
    return word === null ? null : [0, 0, MAPPED_WORD, word];
  }
  let head = text;
  const tail: number[] = [];
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.')) {
    const word = parseIpv4(text.slice(lastColon + 1));
    if (word === null) return null;
    head = text.slice(0, lastColon);
    tail.push(word >>> 16, word & 0xffff);
    if (head.endsWith(':')) head += ':';
  }
  const halves = head.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const left = groups[0] ?? [];
  const right = groups[1] ?? [];
  const given = left.length + right.length + tail.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  const values: number[] = [];
  for (const group of [...left, ...Array<string>(8 - given).fill('0'), ...right]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
    values.push(Number.parseInt(group, 16));
  }
  values.push(...tail);
  const word = (i: number): number => (((values[i] ?? 0) << 16) | (values[i + 1] ?? 0)) >>> 0;
  return [word(0), word(2), word(4), word(6)];
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** Prints an address in canonical form: dotted quad for IPv4, RFC 5952 for IPv6. */
export function formatAddress(a: number, b: number, c: number, d: number): string {
  if (isIpv4(a, b, c)) return formatIpv4(d);
  const groups = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > bestLength) {
      bestStart = i;
      bestLength = j - i;
    }
    if (j > i) i = j;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** Reads `address` or `address/length`. Host bits below the length are cleared. Returns null when malformed. */
export function parseBlock(text: string): AddressBlock | null {
  const slash = text.indexOf('/');
  const words = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (words === null) return null;
  const width = text.includes(':') ? 128 : 32;
  let length = width;
  if (slash >= 0) {
    const digits = text.slice(slash + 1);
    if (!/^\d{1,3}$/.test(digits)) return null;
    length = Number(digits);
    if (length > width) return null;
  }
  const bits = length + 128 - width;
  const masked = words.map((word, i) => (word & maskWord(bits - 32 * i)) >>> 0);
  return { words: [masked[0] ?? 0, masked[1] ?? 0, masked[2] ?? 0, masked[3] ?? 0], bits };
}

function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  if (bits >= 32) return 0xffffffff;
  return (0xffffffff << (32 - bits)) >>> 0;
}

/** Prints a block as CIDR. */
export function formatBlock(block: AddressBlock): string {
  const [a, b, c, d] = block.words;
  const v4 = isIpv4(a, b, c) && block.bits >= 96;
  return `${formatAddress(a, b, c, d)}/${v4 ? block.bits - 96 : block.bits}`;
}

/** True when the address lies in the block. */
export function blockContains(block: AddressBlock, a: number, b: number, c: number, d: number): boolean {
  const [wa, wb, wc, wd] = block.words;
  const { bits } = block;
  return (
    ((a ^ wa) & maskWord(bits)) === 0 &&
    ((b ^ wb) & maskWord(bits - 32)) === 0 &&
    ((c ^ wc) & maskWord(bits - 64)) === 0 &&
    ((d ^ wd) & maskWord(bits - 96)) === 0
  );
}

/**
 * The fewest blocks that together hold all addresses from `first` to `last`, both included, in ascending order. Null when `last` comes first, or
 * one of the two is IPv4 and the other is not.
 */
export function blocksBetween(first: AddressWords, last: AddressWords): AddressBlock[] | null {
  const isOfIpv4 = ([a, b, c]: AddressWords): boolean => isIpv4(a, b, c);
  if (isOfIpv4(first) !== isOfIpv4(last)) return null;
  const number = (words: AddressWords): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const end = number(last) + 1n;
  const blocks: AddressBlock[] = [];
  for (let from = number(first); from < end;) {
    let hostBits = 0n;
    while (hostBits < 128n && (from >> hostBits) % 2n === 0n && from + (2n << hostBits) <= end) hostBits++;
    const word = (shift: bigint): number => Number((from >> shift) & 0xffff_ffffn);
    blocks.push({ words: [word(96n), word(64n), word(32n), word(0n)], bits: 128 - Number(hostBits) });
    from += 1n << hostBits;
  }
  return blocks.length === 0 ? null : blocks;
}

/** Orders two addresses numerically: negative, zero or positive. */
export function compareAddresses(x: AddressWords, y: AddressWords): number {
  for (let i = 0; i < 4; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
