import { type AddressBlock, isIpv4, parseBlock } from '../../shared/address.ts';
import type { Indicator } from '../../shared/indicator.ts';
import { formatUtc } from '../../shared/time.ts';
import type { CaseReader, SegmentInfo, StoredIndicator } from './case-reader.ts';

/** Indicators of a flow that are told one by one; of more, the number. */
const TOLD = 5;

const KIND_WORDS: Readonly<Record<Indicator['kind'], string>> = {
  address: 'address',
  domain: 'domain',
  host: 'host name',
  'url-host': 'host of a listed URL,',
  ja3: 'JA3',
  ja4: 'JA4',
};

/** What flows that meet the same indicators have in common. */
interface Met {
  /** As the flow record tells it. */
  readonly text: string;
  /** Label and text of each indicator. */
  readonly each: readonly { readonly label: string; readonly text: string }[];
}

/**
 * Which indicators of the case a flow meets: by either address, host name (its own or a linked one) or client fingerprint.
 * Worked out once a segment and kept in the reader's cache. An indicator is met whatever its validity; where the flow began
 * outside it, the text says so.
 */
export class IndicatorMatches {
  readonly #reader: CaseReader;
  readonly #indicators: readonly StoredIndicator[];
  readonly #blocks = new BlockIndex();
  readonly #byName = new Map<string, number[]>();
  readonly #byDomain = new Map<string, number[]>();
  readonly #byJa3 = new Map<string, number[]>();
  readonly #byJa4 = new Map<string, number[]>();
  /** Entry n - 1 belongs to number n of the column. */
  readonly #met: Met[] = [];
  readonly #numbers = new Map<string, number>();

  /** The matches for a case as it was read last. */
  static of(reader: CaseReader): IndicatorMatches {
    return reader.ofSnapshot(IndicatorMatches, () => new IndicatorMatches(reader));
  }

  private constructor(reader: CaseReader) {
    this.#reader = reader;
    this.#indicators = reader.indicators();
    for (const [index, { kind, value }] of this.#indicators.entries()) {
      if (kind === 'address') {
        const block = parseBlock(value);
        if (block !== null) this.#blocks.add(block, index);
      } else if (kind === 'domain') listIn(this.#byDomain, value, index);
      else if (kind === 'ja3') listIn(this.#byJa3, value, index);
      else if (kind === 'ja4') listIn(this.#byJa4, value, index);
      else listIn(this.#byName, value, index);
    }
  }

  /** A function that tells what a row of the segment meets; null for nothing. */
  ofSegment(segment: SegmentInfo): (row: number) => string | null {
    if (this.#indicators.length === 0) return () => null;
    const numbers = this.#column(segment);
    return (row) => this.#met[numbers[row] - 1]?.text ?? null;
  }

  /** Marks the rows that meet an indicator of which label or text, or the text of the record, passes. Returns how many. */
  mark(segment: SegmentInfo, passes: (text: string) => boolean, mask: Uint8Array): number {
    mask.fill(0, 0, segment.rows);
    if (this.#indicators.length === 0) return 0;
    const numbers = this.#column(segment);
    const table = Uint8Array.from([
      0,
      ...this.#met.map(({ text, each }) =>
        passes(text) || each.some((one) => passes(one.label) || passes(one.text)) ? 1 : 0,
      ),
    ]);
    let marked = 0;
    for (let row = 0; row < segment.rows; row++) marked += mask[row] = table[numbers[row]];
    return marked;
  }

  #column(segment: SegmentInfo): Uint32Array {
    return this.#reader.derived(segment, 'indicator', () => this.#read(segment));
  }

  #read(segment: SegmentInfo): Uint32Array {
    const reader = this.#reader;
    const [initiators, responders] = [reader.column(segment, 'initiator'), reader.column(segment, 'responder')];
    const starts = reader.column(segment, 'start');
    const [names, linkedNames] = [reader.column(segment, 'name'), reader.column(segment, 'linkedName')];
    const [ja3s, linkedJa3s] = [reader.column(segment, 'ja3'), reader.column(segment, 'linkedJa3')];
    const [ja4s, linkedJa4s] = [reader.column(segment, 'ja4'), reader.column(segment, 'linkedJa4')];
    const ofName = [NONE, ...reader.dictionary(segment, 'name').map((name) => this.#nameHits(name))];
    const ofLinkedName = [NONE, ...reader.dictionary(segment, 'linkedName').map((name) => this.#nameHits(name))];
    const fingerprintHits = (
      column: 'ja3' | 'linkedJa3' | 'ja4' | 'linkedJa4',
      known: ReadonlyMap<string, readonly number[]>,
    ): (readonly number[])[] => [NONE, ...reader.dictionary(segment, column).map((text) => known.get(text) ?? NONE)];
    const [ofJa3, ofLinkedJa3] = [fingerprintHits('ja3', this.#byJa3), fingerprintHits('linkedJa3', this.#byJa3)];
    const [ofJa4, ofLinkedJa4] = [fingerprintHits('ja4', this.#byJa4), fingerprintHits('linkedJa4', this.#byJa4)];
    const numbers = new Uint32Array(segment.rows);
    for (let row = 0; row < segment.rows; row++) {
      const hits = [
        ...this.#blocks.holding(initiators, row * 4),
        ...this.#blocks.holding(responders, row * 4),
        ...(names[row] === 0 ? ofLinkedName[linkedNames[row]] : ofName[names[row]]),
        ...(ja3s[row] === 0 ? ofLinkedJa3[linkedJa3s[row]] : ofJa3[ja3s[row]]),
        ...(ja4s[row] === 0 ? ofLinkedJa4[linkedJa4s[row]] : ofJa4[ja4s[row]]),
      ];
      if (hits.length > 0) numbers[row] = this.#number(hits, starts[row]);
    }
    return numbers;
  }

  #nameHits(hostname: string): readonly number[] {
    const name = asciiLower(hostname.endsWith('.') ? hostname.slice(0, -1) : hostname);
    const hits = [...(this.#byName.get(name) ?? NONE)];
    if (this.#byDomain.size === 0 || name.length > 255) return hits;
    for (let at = 0; ;) {
      hits.push(...(this.#byDomain.get(name.slice(at)) ?? NONE));
      const dot = name.indexOf('.', at);
      if (dot < 0) return hits;
      at = dot + 1;
    }
  }

  #number(hits: readonly number[], start: number): number {
    const met = [...new Set(hits)].toSorted((x, y) => x - y);
    const keys = met.map((index) => `${index}${validityAt(this.#indicators[index], start)?.charAt(0) ?? ''}`);
    const key = keys.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const each = met.map((index) => {
      const indicator = this.#indicators[index];
      return { label: indicator.label, text: textOf(indicator, validityAt(indicator, start)) };
    });
    const told = each.slice(0, TOLD).map(({ text }) => text);
    if (each.length > TOLD) told.push(`and ${each.length - TOLD} more`);
    this.#met.push({ text: told.join('; '), each });
    this.#numbers.set(key, this.#met.length);
    return this.#met.length;
  }
}

const NONE: readonly number[] = [];

function listIn(map: Map<string, number[]>, key: string, index: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [index]);
  else known.push(index);
}

/** Only ASCII letters are folded (RFC 4343): others could pass for a listed name. */
function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function validityAt({ validFrom, validUntil }: Indicator, start: number): 'before' | 'after' | null {
  if (validFrom !== null && start < validFrom) return 'before';
  return validUntil !== null && start >= validUntil ? 'after' : null;
}

function textOf(indicator: StoredIndicator, outside: 'before' | 'after' | null): string {
  const { kind, value, label, file, validFrom, validUntil } = indicator;
  const what = `${KIND_WORDS[kind]} ${value}`;
  const named = label === '' || label === value ? what : `${label} (${what})`;
  const limit = outside === 'before' ? validFrom : validUntil;
  if (outside === null || limit === null) return `listed in ${file}: ${named}`;
  const word = outside === 'before' ? 'from' : 'until';
  return `listed in ${file}: ${named}, outside its validity (${word} ${formatUtc(limit)})`;
}

/** Blocks by length and leading bits, so that an address costs one look a length. */
class BlockIndex {
  readonly #lengths: { readonly bits: number; readonly byBits: Map<string, number[]> }[] = [];
  /** IPv4 blocks apart: their leading bits are one number. */
  readonly #lengths4: { readonly mask: number; readonly byBits: Map<number, number[]> }[] = [];

  add(block: AddressBlock, index: number): void {
    const [a, b, c, d] = block.words;
    if (isIpv4(a, b, c) && block.bits >= 96) {
      const mask = maskOf(block.bits - 96);
      let length = this.#lengths4.find((each) => each.mask === mask);
      if (length === undefined) this.#lengths4.push((length = { mask, byBits: new Map() }));
      const known = length.byBits.get(d & mask);
      if (known === undefined) length.byBits.set(d & mask, [index]);
      else known.push(index);
      return;
    }
    let length = this.#lengths.find(({ bits }) => bits === block.bits);
    if (length === undefined) this.#lengths.push((length = { bits: block.bits, byBits: new Map() }));
    listIn(length.byBits, leadingBits(a, b, c, d, block.bits), index);
  }

  /** The blocks that hold the address whose four words start at `at`. */
  holding(words: ArrayLike<number>, at: number): readonly number[] {
    const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]];
    let hits = NONE;
    if (isIpv4(a, b, c)) {
      for (const { mask, byBits } of this.#lengths4) {
        const found = byBits.get(d & mask);
        if (found !== undefined) hits = hits.length === 0 ? found : [...hits, ...found];
      }
      return hits;
    }
    for (const { bits, byBits } of this.#lengths) {
      const found = byBits.get(leadingBits(a, b, c, d, bits));
      if (found !== undefined) hits = hits.length === 0 ? found : [...hits, ...found];
    }
    return hits;
  }
}

function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function leadingBits(a: number, b: number, c: number, d: number, bits: number): string {
  return `${a & maskOf(bits)},${b & maskOf(bits - 32)},${c & maskOf(bits - 64)},${d & maskOf(bits - 96)}`;
}
