import type { AddressWords } from '../../../shared/address.ts';
import { ABSENT_VALUE, JsonFields, type JsonKey, NULL, NUMBER, OBJECT, STRING } from '../json-fields.ts';
import { ShortTexts } from '../short-texts.ts';
import type { JsonObject } from '../zeek/zeek-json.ts';
import { type AddressBuffer, type IsoTimes, readAddress, type Transports } from './text-values.ts';

/** Values of the `flow` and `netflow` events of an EVE log, read from the bytes of a plain line or from a parsed object. */

export type FlowKind = 'flow' | 'netflow';

/** Keys of an event, and of the object named by its kind. */
export const EVENT_KEYS = [
  'proto',
  'flow_id',
  'src_ip',
  'dest_ip',
  'src_port',
  'dest_port',
  'icmp_type',
  'icmp_code',
  'app_proto',
] as const;
export const TOLD_KEYS = [
  'start',
  'end',
  'pkts',
  'bytes',
  'pkts_toserver',
  'bytes_toserver',
  'pkts_toclient',
  'bytes_toclient',
] as const;
export type EventKey = (typeof EVENT_KEYS)[number];
export type ToldKey = (typeof TOLD_KEYS)[number];

/** What an event tells. NaN and null stand for what is there and cannot be read. */
export interface FlowEvent {
  has(key: ToldKey): boolean;
  /** Microseconds since the epoch. */
  time(key: ToldKey): number;
  address(key: EventKey): AddressWords | null;
  /** IP protocol number. */
  transport(): number;
  /** A whole number from 0 to 2^53 - 1; 0 when not given. */
  count(key: EventKey | ToldKey): number;
  /** '' when not given. */
  applicationProtocol(): string;
  tcpFlags(): string;
  /** The flow's id; '' when it has none. */
  uid(): string;
}

/** Longest text that is a time, an address or a transport. */
const LONGEST = 64;
const LONGEST_ID = 64;
const DIGIT_0 = 0x30;
/** A number up to which one more digit leaves a safe integer. */
const MOST_BEFORE_A_DIGIT = (Number.MAX_SAFE_INTEGER - 9) / 10;

function flowId(id: unknown): string {
  if (typeof id === 'number' && Number.isFinite(id)) return String(id);
  return typeof id === 'string' ? id.slice(0, LONGEST_ID) : '';
}

function wholeCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}

const isToldKey = (key: EventKey | ToldKey): key is ToldKey => (TOLD_KEYS as readonly string[]).includes(key);

const scratch = Buffer.alloc(LONGEST * 3);

/** Puts a text into the scratch bytes; one that is longer than a value can be is none. */
export function scratchBytes(value: unknown): { bytes: Buffer; to: number } {
  return { bytes: scratch, to: typeof value === 'string' && value.length <= LONGEST ? scratch.write(value) : 0 };
}

/** An event that was parsed. */
export class ParsedFlow implements FlowEvent {
  readonly #event: JsonObject;
  readonly #told: JsonObject;
  readonly #times: IsoTimes;
  readonly #transports: Transports;

  /** @param told the object named by the event's kind */
  constructor(event: JsonObject, told: JsonObject, times: IsoTimes, transports: Transports) {
    this.#event = event;
    this.#told = told;
    this.#times = times;
    this.#transports = transports;
  }

  has(key: ToldKey): boolean {
    return this.#told[key] !== undefined;
  }

  time(key: ToldKey): number {
    const { bytes, to } = scratchBytes(this.#told[key]);
    return this.#times.read(bytes, 0, to);
  }

  address(key: EventKey): AddressWords | null {
    const { bytes, to } = scratchBytes(this.#event[key]);
    const words: AddressBuffer = [0, 0, 0, 0];
    return readAddress(bytes, 0, to, words) ? words : null;
  }

  transport(): number {
    const { bytes, to } = scratchBytes(this.#event.proto);
    return this.#transports.read(bytes, 0, to);
  }

  count(key: EventKey | ToldKey): number {
    return wholeCount((isToldKey(key) ? this.#told : this.#event)[key] ?? 0);
  }

  applicationProtocol(): string {
    const value = this.#event.app_proto;
    return typeof value === 'string' ? value.toWellFormed() : '';
  }

  tcpFlags(): string {
    const { tcp } = this.#event;
    if (typeof tcp !== 'object' || tcp === null || Array.isArray(tcp)) return '';
    const value = (tcp as JsonObject).tcp_flags;
    return typeof value === 'string' ? value.toWellFormed() : '';
  }

  uid(): string {
    return flowId(this.#event.flow_id);
  }
}

const HEAD_KEYS = ['event_type', 'timestamp', 'flow', 'netflow', 'tcp'] as const;
const KEYS: readonly JsonKey[] = [
  ...HEAD_KEYS,
  ...EVENT_KEYS,
  ['tcp', 'tcp_flags'],
  ...TOLD_KEYS.map((key) => ['flow', key] as const),
  ...TOLD_KEYS.map((key) => ['netflow', key] as const),
];
const [KIND, TIMESTAMP, FLOW, NETFLOW] = HEAD_KEYS.map((_, number) => number);
const TCP_FLAGS = HEAD_KEYS.length + EVENT_KEYS.length;

/** Numbers of the keys of an event in KEYS, where those of the object named by its kind begin with `told`. */
function placesOf(told: number): Readonly<Record<EventKey | ToldKey, number>> {
  const places = [
    ...EVENT_KEYS.map((key, place) => [key, HEAD_KEYS.length + place] as const),
    ...TOLD_KEYS.map((key, place) => [key, told + place] as const),
  ];
  return Object.fromEntries(places) as Record<EventKey | ToldKey, number>;
}

const PLACES = { flow: placesOf(TCP_FLAGS + 1), netflow: placesOf(TCP_FLAGS + 1 + TOLD_KEYS.length) };

/** The event of the line read last, if that is plain. */
export class PlainFlow implements FlowEvent {
  readonly #fields = new JsonFields(KEYS);
  readonly #texts = new ShortTexts();
  readonly #times: IsoTimes;
  readonly #transports: Transports;
  #line: Buffer = Buffer.alloc(0);
  #places = PLACES.flow;

  constructor(times: IsoTimes, transports: Transports) {
    this.#times = times;
    this.#transports = transports;
  }

  /** Reads a line; null when it is not a plain one of these events. */
  read(line: Buffer, from: number, to: number): FlowKind | null {
    const fields = this.#fields;
    if (!fields.scan(line, from, to)) return null;
    if (fields.kind(KIND) !== STRING || fields.kind(TIMESTAMP) !== STRING) return null;
    this.#line = line;
    const kind = this.#textAt(KIND);
    if (kind !== 'flow' && kind !== 'netflow') return null;
    if (fields.kind(kind === 'flow' ? FLOW : NETFLOW) !== OBJECT) return null;
    this.#places = PLACES[kind];
    return kind;
  }

  #textAt(number: number): string {
    const { starts, ends } = this.#fields;
    return this.#fields.kind(number) === STRING ? this.#texts.of(this.#line, starts[number], ends[number]) : '';
  }

  /** End of a text that a value can be; its start where it is none. */
  #end(number: number): number {
    const start = this.#fields.starts[number];
    const end = this.#fields.ends[number];
    return this.#fields.kind(number) === STRING && end - start <= LONGEST ? end : start;
  }

  has(key: ToldKey): boolean {
    return this.#fields.kind(this.#places[key]) !== ABSENT_VALUE;
  }

  time(key: ToldKey): number {
    const number = this.#places[key];
    return this.#times.read(this.#line, this.#fields.starts[number], this.#end(number));
  }

  address(key: EventKey): AddressWords | null {
    const number = this.#places[key];
    const words: AddressBuffer = [0, 0, 0, 0];
    return readAddress(this.#line, this.#fields.starts[number], this.#end(number), words) ? words : null;
  }

  transport(): number {
    const number = this.#places.proto;
    const start = this.#fields.starts[number];
    const end = this.#end(number);
    return end > start ? this.#transports.read(this.#line, start, end) : Number.NaN;
  }

  count(key: EventKey | ToldKey): number {
    const number = this.#places[key];
    const kind = this.#fields.kind(number);
    if (kind === ABSENT_VALUE || kind === NULL) return 0;
    return kind === NUMBER ? wholeCount(this.#numberAt(number)) : Number.NaN;
  }

  #numberAt(number: number): number {
    const start = this.#fields.starts[number];
    const end = this.#fields.ends[number];
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = this.#line[at] - DIGIT_0;
      if (digit < 0 || digit > 9 || value > MOST_BEFORE_A_DIGIT)
        return Number(this.#line.toString('latin1', start, end));
      value = value * 10 + digit;
    }
    return value;
  }

  applicationProtocol(): string {
    return this.#textAt(this.#places.app_proto);
  }

  tcpFlags(): string {
    return this.#textAt(TCP_FLAGS);
  }

  uid(): string {
    const number = this.#places.flow_id;
    return flowId(this.#fields.kind(number) === NUMBER ? this.#numberAt(number) : this.#textAt(number));
  }
}
