import { deflateSync, inflateSync } from 'node:zlib';
import { type AddressBlock, isIpv4 } from '../../shared/address.ts';
import { EnclaveError } from '../../shared/problem.ts';

/**
 * Countries and networks of address blocks, from a table that an examiner brings. As the shipped tables do, it tells IPv6
 * by /64.
 */

/** What a table says of a block. */
export interface AddressFacts {
  /** ISO 3166-1 alpha-2; null when not told. */
  readonly country: string | null;
  /** 0 = not told. */
  readonly asn: number;
  readonly organisation: string | null;
  /** Microseconds since the epoch: before it the table says nothing of the block; null = always. */
  readonly fromUs: number | null;
}

/** As it is stored: run i goes from its start to before the next one's; value n is entry n - 1 of `facts`, 0 = nothing. */
export interface AddressTableData {
  readonly facts: readonly (readonly [string | null, number, string | null, number | null])[];
  readonly starts4: readonly number[];
  readonly values4: readonly number[];
  /** Top 64 bits, high and low word. */
  readonly high6: readonly number[];
  readonly low6: readonly number[];
  readonly values6: readonly number[];
}

/** Blocks of a table at most. */
export const MOST_BLOCKS = 2_000_000;
/** Bytes of a stored overlay at most, inflated. */
const MOST_STORED = 512 * 1024 * 1024;

interface Span {
  readonly first: bigint;
  last: bigint;
  readonly value: number;
}

/** Codes in geographic tables that are no country. */
const NO_COUNTRY = new Set(['EU', 'AP', 'A1', 'A2', 'O1', 'ZZ', 'XX', 'UN', 'AN', 'CS', 'SU', 'YU']);

/** An ISO 3166-1 alpha-2 code in upper case; null for anything that names no country. */
export function countryOf(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  const code = text.trim().toUpperCase();
  return /^[A-Z]{2}$/.test(code) && !NO_COUNTRY.has(code) ? code : null;
}

/** An AS number, with or without `AS` before it; 0 for none and for what is none (RFC 6793: 32 bits). */
export function asnOf(text: unknown): number {
  const digits = typeof text === 'number' ? String(text) : typeof text === 'string' ? text.trim() : '';
  const number = /^(as)?\d{1,10}$/i.test(digits) ? Number(digits.replace(/^as/i, '')) : 0;
  return number <= 0xffff_ffff ? number : 0;
}

export class AddressTableBuilder {
  readonly #facts: [string | null, number, string | null, number | null][] = [];
  readonly #numbers = new Map<string, number>();
  readonly #spans4: Span[] = [];
  readonly #spans6: Span[] = [];
  /** IPv6 blocks longer than /64, which are not kept. */
  tooSmall = 0;

  get blocks(): number {
    return this.#spans4.length + this.#spans6.length;
  }

  /** Number of these facts, from 1; 0 when they say nothing. */
  value({ country, asn, organisation, fromUs }: AddressFacts): number {
    if (country === null && asn === 0) return 0;
    const facts: [string | null, number, string | null, number | null] = [country, asn, organisation, fromUs];
    const key = JSON.stringify(facts);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#facts.push(facts);
    this.#numbers.set(key, this.#facts.length);
    return this.#facts.length;
  }

  /** Adds a block. Where blocks overlap the smallest wins, of equal ones the one added last. Throws when there are too many. */
  add(block: AddressBlock, value: number): void {
    const [a, b, c, d] = block.words;
    if (isIpv4(a, b, c) && block.bits >= 96) {
      const first = BigInt(d);
      this.#push(this.#spans4, first, first + (1n << BigInt(128 - block.bits)) - 1n, value);
    } else if (block.bits > 64) this.tooSmall++;
    else {
      const first = (BigInt(a) << 32n) | BigInt(b);
      this.#push(this.#spans6, first, first + (1n << BigInt(64 - block.bits)) - 1n, value);
    }
  }

  /** Adds the next of disjoint spans that come in ascending order; neighbours of one value become one. `last` is included. */
  addNext(family: 4 | 6, first: bigint, last: bigint, value: number): void {
    const spans = family === 4 ? this.#spans4 : this.#spans6;
    const before = spans.at(-1);
    if (before !== undefined && before.value === value && before.last + 1n === first) before.last = last;
    else this.#push(spans, first, last, value);
  }

  #push(spans: Span[], first: bigint, last: bigint, value: number): void {
    if (this.blocks >= MOST_BLOCKS) {
      throw new EnclaveError('overlay-too-large', `the table has more than ${MOST_BLOCKS} blocks`, '', 'cut it down');
    }
    spans.push({ first, last, value });
  }

  finish(): AddressTableData {
    const v4 = flatten(this.#spans4, 1n << 32n);
    const v6 = flatten(this.#spans6, 1n << 64n);
    return {
      facts: this.#facts,
      starts4: v4.starts.map(Number),
      values4: v4.values,
      high6: v6.starts.map((start) => Number(start >> 32n)),
      low6: v6.starts.map((start) => Number(start & 0xffff_ffffn)),
      values6: v6.values,
    };
  }
}

/** Disjoint runs of spans of which any two are apart or one within the other. */
function flatten(spans: Span[], end: bigint): { starts: bigint[]; values: number[] } {
  const order = spans.map((span, position) => ({ ...span, position }));
  const compare = (x: bigint, y: bigint): number => (x < y ? -1 : x > y ? 1 : 0);
  order.sort((x, y) => compare(x.first, y.first) || compare(y.last, x.last) || x.position - y.position);
  const starts: bigint[] = [0n];
  const values: number[] = [0];
  const emit = (start: bigint, value: number): void => {
    if (start >= end) return;
    if (starts.at(-1) === start) {
      starts.pop();
      values.pop();
    }
    if (values.at(-1) === value) return;
    starts.push(start);
    values.push(value);
  };
  const open: { last: bigint; value: number }[] = [];
  const closeBefore = (first: bigint): void => {
    for (let top = open.at(-1); top !== undefined && top.last < first; top = open.at(-1)) {
      open.pop();
      emit(top.last + 1n, open.at(-1)?.value ?? 0);
    }
  };
  for (const { first, last, value } of order) {
    closeBefore(first);
    open.push({ last, value });
    emit(first, value);
  }
  closeBefore(end + 1n);
  return { starts, values };
}

/** What is stored of an overlay: JSON, deflated (RFC 1950). */
export function packOverlay(value: unknown): Buffer {
  return deflateSync(Buffer.from(JSON.stringify(value), 'utf8'));
}

/** What was stored. Throws an EnclaveError when it is damaged. @param name of the overlay */
export function unpackOverlay(data: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(inflateSync(data, { maxOutputLength: MOST_STORED }).toString('utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError(
      'overlay-damaged',
      `an overlay of the case is damaged (${why})`,
      name,
      'remove it and add it again',
    );
  }
}

/** Looks addresses up in a table. */
export class AddressTable {
  readonly facts: readonly AddressFacts[];
  /** Microseconds since the epoch: between two of these, the table says the same of an address at all times. */
  readonly changeTimes: readonly number[];
  readonly #starts4: Uint32Array;
  readonly #values4: Uint32Array;
  readonly #high6: Uint32Array;
  readonly #low6: Uint32Array;
  readonly #values6: Uint32Array;

  constructor(data: AddressTableData) {
    this.facts = data.facts.map(([country, asn, organisation, fromUs]) => ({ country, asn, organisation, fromUs }));
    this.changeTimes = [...new Set(this.facts.flatMap(({ fromUs }) => (fromUs === null ? [] : [fromUs])))];
    this.#starts4 = Uint32Array.from(data.starts4);
    this.#values4 = Uint32Array.from(data.values4);
    this.#high6 = Uint32Array.from(data.high6);
    this.#low6 = Uint32Array.from(data.low6);
    this.#values6 = Uint32Array.from(data.values6);
  }

  /** What the table says of the address at a time (microseconds since the epoch); null when nothing. */
  find(a: number, b: number, c: number, d: number, timeUs: number): AddressFacts | null {
    const value = isIpv4(a, b, c) ? this.#find4(d) : this.#find6(a, b);
    if (value === 0) return null;
    const facts = this.facts[value - 1] ?? null;
    return facts !== null && facts.fromUs !== null && timeUs < facts.fromUs ? null : facts;
  }

  #find4(address: number): number {
    const starts = this.#starts4;
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    return this.#values4[low] ?? 0;
  }

  #find6(highWord: number, lowWord: number): number {
    const [highs, lows] = [this.#high6, this.#low6];
    let [low, high] = [0, highs.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const start = highs[middle] ?? 0;
      if (start < highWord || (start === highWord && (lows[middle] ?? 0) <= lowWord)) low = middle;
      else high = middle - 1;
    }
    return this.#values6[low] ?? 0;
  }
}
