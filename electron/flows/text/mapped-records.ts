import type { AddressWords } from '../../../shared/address.ts';
import { CONN_STATES, type ConnState, ICMP, ICMP6, SCTP, TCP, UDP } from '../../../shared/flow.ts';
import { columnsOf, type MappedField, type Mapping, type MappingColumn } from '../../../shared/mapping.ts';
import { visibleText } from '../../../shared/visible-text.ts';
import { PROTOCOLS } from '../../../shared/vocabulary.ts';
import type { TableRow } from './delimited-text.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import {
  type AddressBuffer,
  clockMicroseconds,
  decimalAsMicroseconds,
  IsoTimes,
  LocalTimes,
  PatternTimes,
  readAddress,
  readAddressAndPort,
  readIntegerAddress,
  readPaddedAddress,
  readTcpFlags,
  Transports,
  wholeNumber,
} from './text-values.ts';
import type { JsonObject } from '../zeek/zeek-json.ts';
import { serviceProtocol } from '../zeek/zeek-services.ts';

/** Records of a text export to flows, as a mapping says. */

/** What a mapping can give a column for; the place in this list is the field's number. */
const SLOTS = [
  'start',
  'end',
  'duration',
  'initiator',
  'responder',
  'initiatorPort',
  'responderPort',
  'icmpType',
  'icmpCode',
  'transport',
  'packetsOut',
  'bytesOut',
  'packetsIn',
  'bytesIn',
  'packetsTotal',
  'bytesTotal',
  'tcpFlags',
  'state',
  'sampling',
  'exporter',
  'nextHop',
  'inputInterface',
  'outputInterface',
  'protocol',
  'name',
  'userAgent',
  'ja3',
  'ja4',
  'only',
] as const satisfies readonly (MappedField | 'only')[];

const SLOT = Object.fromEntries(SLOTS.map((slot, index) => [slot, index])) as Readonly<
  Record<(typeof SLOTS)[number], number>
>;

/** Fields without which there is no flow. */
const NEEDED = [SLOT.start, SLOT.initiator, SLOT.responder, SLOT.transport];

/** Texts that stand for a value that is not given, besides the empty one. */
const NOT_GIVEN: ReadonlySet<string> = new Set([
  '-',
  'null',
  'NULL',
  'None',
  'N/A',
  'n/a',
  'nan',
  'NaN',
  '(empty)',
  '<none>',
]);
const NOT_GIVEN_BYTES = [...NOT_GIVEN].map((text) => Buffer.from(text));
const NOT_GIVEN_FIRST = new Uint8Array(256);
for (const text of NOT_GIVEN) NOT_GIVEN_FIRST[text.charCodeAt(0)] = 1;

const LATEST = Number.MAX_SAFE_INTEGER;
const ABSENT = -1;
/** More of a name of a column than this is not shown in messages. */
const SHOWN = 64;

/** Names of columns as messages show them. */
export function shownColumns(from: Mapping['fields']['initiator']['from']): string {
  const names = columnsOf(from).map((column) => (typeof column === 'number' ? `column ${column}` : column));
  return visibleText(names.join(' or ').slice(0, SHOWN));
}

function columnsBySlot(mapping: Mapping): (readonly MappingColumn[])[] {
  return SLOTS.map((slot) => {
    const spec = slot === 'only' ? mapping.only : mapping.fields[slot];
    return spec !== undefined && 'from' in spec ? columnsOf(spec.from) : [];
  });
}

/**
 * One record, whatever its encoding. `locate` finds a field's value: bytes in `buffer` from `from` to `to`, or in `numeric`
 * if it is a JSON number (NaN if not).
 */
interface RecordSource {
  buffer: Buffer;
  from: number;
  to: number;
  numeric: number;
  /** Whether the export has a column for the field at all. */
  has(slot: number): boolean;
  /** Whether the record gives the field. */
  locate(slot: number): boolean;
  /** Text of the field located last. */
  text(): string;
}

function isNotGiven(buffer: Buffer, from: number, to: number): boolean {
  if (from >= to) return true;
  if (NOT_GIVEN_FIRST[buffer[from] ?? 0] === 0 || to - from > 8) return false;
  return NOT_GIVEN_BYTES.some((bytes) => {
    if (bytes.length !== to - from) return false;
    for (let at = 0; at < bytes.length; at++) if (bytes[at] !== buffer[from + at]) return false;
    return true;
  });
}

/** Records of delimited text. */
export class TableSource implements RecordSource {
  buffer: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  readonly numeric = Number.NaN;
  /** Columns of the mapping that the header lacks. */
  missing: string[] = [];
  readonly #named: readonly (readonly MappingColumn[])[];
  #columns: readonly Int32Array[];
  #row: TableRow | null = null;

  constructor(mapping: Mapping) {
    this.#named = columnsBySlot(mapping);
    this.#columns = this.#resolve([]);
  }

  #resolve(header: readonly string[]): Int32Array[] {
    return this.#named.map((columns) =>
      Int32Array.from(
        columns
          .map((column) => (typeof column === 'number' ? column - 1 : header.indexOf(column)))
          .filter((column) => column >= 0),
      ),
    );
  }

  setHeader(names: readonly string[]): void {
    this.#columns = this.#resolve(names);
    this.missing = this.#named.flatMap((columns, slot) =>
      columns.length > 0 && !this.has(slot) ? columns.map(String).slice(0, 1) : [],
    );
  }

  /** Columns that a record must have for all fields: the largest column number of the mapping. */
  get width(): number {
    return Math.max(2, ...this.#named.flat().map((column) => (typeof column === 'number' ? column : 0)));
  }

  setRow(row: TableRow): void {
    this.#row = row;
    this.buffer = row.buffer;
  }

  has(slot: number): boolean {
    return (this.#columns[slot]?.length ?? 0) > 0;
  }

  locate(slot: number): boolean {
    const columns = this.#columns[slot];
    const row = this.#row;
    if (columns === undefined || row === null) return false;
    const { buffer } = this;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] ?? 0;
      if (column >= row.count) continue;
      let from = row.starts[column] ?? 0;
      let to = row.ends[column] ?? 0;
      while (from < to && buffer[from] === 0x20) from++;
      while (to > from && buffer[to - 1] === 0x20) to--;
      if (isNotGiven(buffer, from, to)) continue;
      this.from = from;
      this.to = to;
      return true;
    }
    return false;
  }

  text(): string {
    const text = this.buffer.toString('utf8', this.from, this.to);
    return this.#row?.quoted === true ? text.replaceAll('""', '"') : text;
  }
}

/** Value at a path with dots: a key of just that name, or objects in objects. Undefined when there is none. */
export function valueAt(object: JsonObject, key: string): unknown {
  return valueAtPath(object, key, key.split('.'));
}

function valueAtPath(object: JsonObject, key: string, path: readonly string[]): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  if (path.length === 1) return undefined;
  let value: unknown = object;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as JsonObject)[part];
  }
  return value;
}

/** Longest JSON string that can be a number, time or address. */
const LONGEST_VALUE = 128;

/** Records that are JSON objects. */
export class JsonSource implements RecordSource {
  readonly buffer = Buffer.alloc(LONGEST_VALUE);
  readonly from = 0;
  to = 0;
  numeric = Number.NaN;
  readonly #keys: readonly (readonly { readonly key: string; readonly path: readonly string[] }[])[];
  #object: JsonObject = {};
  #text = '';

  constructor(mapping: Mapping) {
    this.#keys = columnsBySlot(mapping).map((columns) =>
      columns.map((column) => ({ key: String(column), path: String(column).split('.') })),
    );
  }

  setObject(object: JsonObject): void {
    this.#object = object;
  }

  has(slot: number): boolean {
    return (this.#keys[slot]?.length ?? 0) > 0;
  }

  locate(slot: number): boolean {
    const keys = this.#keys[slot];
    if (keys === undefined) return false;
    for (let index = 0; index < keys.length; index++) {
      const { key = '', path = [] } = keys[index] ?? {};
      // Of a key without dots a text, number or truth value is the object's own: prototypes hold none.
      const value = path.length === 1 ? this.#object[key] : valueAtPath(this.#object, key, path);
      if (typeof value === 'number') {
        this.numeric = value;
        return true;
      }
      const text = typeof value === 'boolean' ? String(value) : value;
      if (typeof text !== 'string' || text === '' || (text.length <= 8 && NOT_GIVEN.has(text))) continue;
      this.numeric = Number.NaN;
      this.#text = text;
      this.to = this.#toBytes(text);
      return true;
    }
    return false;
  }

  /** Puts a text into the buffer. What is longer than a value can be, or not ASCII, is none: cut, it shall not become one. */
  #toBytes(text: string): number {
    const { buffer } = this;
    const { length } = text;
    if (length > LONGEST_VALUE) return 0;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) return 0;
      buffer[at] = unit;
    }
    return length;
  }

  text(): string {
    return Number.isNaN(this.numeric) ? this.#text.toWellFormed() : String(this.numeric);
  }
}

/** Reads times of one field; which way, its type says. */
class TimeReader {
  readonly local: LocalTimes;
  /** Whether the mapping states the zone of times that carry none. */
  readonly zone: string | undefined;
  readonly #iso: IsoTimes | null;
  readonly #pattern: PatternTimes | null;
  /** Places that the decimal point of a number moves to give microseconds. */
  readonly #shift: number;

  constructor(type: string, zone: string | undefined) {
    this.zone = zone;
    this.local = new LocalTimes(zone ?? 'UTC');
    this.#iso = type === 'iso8601' ? new IsoTimes(this.local) : null;
    this.#pattern = type.includes('%') ? new PatternTimes(type, this.local) : null;
    this.#shift = { 'unix-s': 6, 'unix-ms': 3, 'unix-us': 0, 'unix-ns': -3 }[type] ?? 6;
  }

  /** Microseconds since the epoch; NaN when the value is no such time. */
  read(source: RecordSource): number {
    const { buffer, from, to, numeric } = source;
    if (this.#iso !== null) return Number.isNaN(numeric) ? this.#iso.read(buffer, from, to) : Number.NaN;
    if (this.#pattern !== null) return Number.isNaN(numeric) ? this.#pattern.read(buffer, from, to) : Number.NaN;
    return shifted(source, this.#shift);
  }
}

/** A decimal number with its point moved by `shift` places, as a whole number; NaN when negative or beyond 2^53 - 1. */
function shifted(source: RecordSource, shift: number): number {
  const { buffer, from, to, numeric } = source;
  if (Number.isNaN(numeric)) return decimalAsMicroseconds(buffer, from, to, shift);
  const value = Math.round(shift < 0 ? numeric / 1000 : numeric * 10 ** shift);
  return value >= 0 && value <= LATEST ? value : Number.NaN;
}

/** Milliseconds of 64 bits, in seconds; a double has steps of two seconds there. */
const WRAPPED = 2 ** 64 / 1000;
const MOST_BELOW = 2 ** 31;

/**
 * A duration below zero that was printed as a number without sign, in microseconds: nfdump 1.7.1 does so for flows whose times
 * it stored the wrong way round. NaN when it is none.
 */
function belowZero({ buffer, from, to, numeric }: RecordSource): number {
  if (Number.isNaN(numeric) && to - from > 32) return Number.NaN;
  const seconds = Number.isNaN(numeric) ? Number(buffer.toString('latin1', from, to)) : numeric;
  return seconds <= WRAPPED && seconds > WRAPPED - MOST_BELOW ? (seconds - WRAPPED) * 1e6 : Number.NaN;
}

const DURATION_SHIFT = { s: 6, ms: 3, us: 0, ns: -3, clock: 0 } as const;

const HAS_PORTS: ReadonlySet<number> = new Set([TCP, UDP, SCTP, ICMP, ICMP6, 33, 136]);

const STATES: ReadonlyMap<string, ConnState> = new Map(
  CONN_STATES.flatMap((state) => (state === null ? [] : [[state, state]])),
);

const REMEMBERED_PROTOCOLS = 1024;

type RecordFault = 'bad-time' | 'bad-number' | 'bad-address' | 'unknown-transport';

const FAULT_WORDS: Readonly<Record<RecordFault, string>> = {
  'bad-time': 'is not a time between 1970 and 2255 of the type that the mapping states',
  'bad-number': 'is not a number in range',
  'bad-address': 'is not an IP address',
  'unknown-transport': 'is neither a number nor a name of a transport that we know',
};

const BYTES_WORDS = {
  frame: ['frame-bytes', 'bytes of this export count whole frames, link headers included'],
  payload: ['payload-bytes-only', 'bytes of this export count payload only, header bytes are missing'],
  unknown: ['bytes-not-defined', 'whether bytes of this export count IP packets, frames or payload is not known'],
} as const;

/**
 * Turns records into flows. Whatever is wrong with one costs that record and is counted under its line: `bad-time`,
 * `bad-number`, `bad-address`, `unknown-transport` (each one record lost). Told without loss:
 * `times-swapped`, `end-before-start`, `unknown-conn-state`, `row-passed-by`, `exporter-lost-records` (each time), `time-zone-assumed`, `frame-bytes`,
 * `payload-bytes-only`, `bytes-not-defined`, `no-end`, `count-of-both-directions` (once).
 */
export class MappedRecords {
  records = 0;
  flows = 0;
  from = Infinity;
  to = -Infinity;
  readonly #mapping: Mapping;
  readonly #source: RecordSource;
  readonly #sink: EvidenceSink;
  readonly #start: TimeReader;
  readonly #end: TimeReader | null;
  readonly #transports = new Transports();
  readonly #fixedTransport: number;
  readonly #fixedSampling: number;
  readonly #fixedExporter: AddressWords | undefined;
  readonly #protocols = new Map<string, string | undefined>();
  readonly #told = new Set<string>();
  readonly #initiator: AddressBuffer = [0, 0, 0, 0];
  readonly #responder: AddressBuffer = [0, 0, 0, 0];
  readonly #exporter: AddressBuffer = [0, 0, 0, 0];
  readonly #nextHop: AddressBuffer = [0, 0, 0, 0];
  readonly #oneWay: boolean;
  readonly #flow: ExportedFlow;
  /** Port that stood behind the address read last; -1 = none. */
  #portBehind = ABSENT;
  #line = 0;
  /** Whether the record in work is lost. */
  #lost = false;

  constructor(mapping: Mapping, source: RecordSource, sink: EvidenceSink) {
    this.#mapping = mapping;
    this.#source = source;
    this.#sink = sink;
    const { fields } = mapping;
    this.#start = new TimeReader(fields.start.type, fields.start.zone);
    this.#end = fields.end === undefined ? null : new TimeReader(fields.end.type, fields.end.zone);
    this.#fixedTransport = 'fixed' in fields.transport ? this.#fixed(fields.transport.fixed) : ABSENT;
    const { sampling, exporter } = fields;
    this.#fixedSampling =
      sampling !== undefined && 'fixed' in sampling
        ? Math.min(Math.max(1, Number(sampling.fixed) || 1), 0xffffffff)
        : 1;
    const words: AddressBuffer = [0, 0, 0, 0];
    if (exporter !== undefined && 'fixed' in exporter) {
      const bytes = Buffer.from(String(exporter.fixed));
      if (readAddress(bytes, 0, bytes.length, words)) this.#fixedExporter = words;
    }
    this.#oneWay = mapping.direction === 'one-way';
    this.#flow = {
      start: 0,
      end: 0,
      initiator: this.#initiator,
      responder: this.#responder,
      initiatorPort: 0,
      responderPort: 0,
      transport: 0,
      packetsOut: 0,
      bytesOut: 0,
      packetsIn: 0,
      bytesIn: 0,
      tcpFlags: 0,
      state: null,
      locator: 0,
      sampling: 1,
      oneWay: this.#oneWay,
      exporter: undefined,
      nextHop: undefined,
      inputInterface: 0,
      outputInterface: 0,
      protocol: undefined,
      rule: undefined,
      name: undefined,
      nameOrigin: undefined,
      userAgent: undefined,
      ja3: undefined,
      ja4: undefined,
    };
  }

  #fixed(transport: string | number): number {
    const bytes = Buffer.from(String(transport));
    const number = this.#transports.read(bytes, 0, bytes.length);
    return Number.isNaN(number) ? ABSENT : number;
  }

  #tell(kind: string, message: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#sink.problem(kind, this.#line, message);
  }

  #lose(kind: string, message: string): void {
    if (!this.#lost) this.#sink.problem(kind, this.#line, message);
    this.#lost = true;
  }

  #fault(kind: RecordFault, slot: number, words: string = FAULT_WORDS[kind]): void {
    if (this.#lost) return;
    const field = SLOTS[slot] ?? 'only';
    const spec = field === 'only' ? this.#mapping.only : this.#mapping.fields[field];
    const column = spec !== undefined && 'from' in spec ? shownColumns(spec.from) : '';
    const shown = column === '' || column === field ? '' : ` (${column})`;
    this.#lose(kind, `${field}${shown} ${words}`);
  }

  #time(slot: number, reader: TimeReader): number {
    const source = this.#source;
    if (!source.locate(slot)) return ABSENT;
    const time = reader.read(source);
    if (Number.isNaN(time)) {
      this.#fault('bad-time', slot);
      return ABSENT;
    }
    if (reader.local.used && reader.zone === undefined) {
      this.#tell('time-zone-assumed', 'times carry no zone and were read as UTC; a mapping can state the zone');
    }
    return time;
  }

  /** A whole number from 0 to `most`; ABSENT when not given. */
  #count(slot: number, most: number = LATEST): number {
    const source = this.#source;
    if (!source.locate(slot)) return ABSENT;
    const { numeric } = source;
    let value = numeric;
    if (Number.isNaN(numeric)) value = wholeNumber(source.buffer, source.from, source.to);
    else if (!Number.isSafeInteger(numeric) || numeric < 0) value = Number.NaN;
    if (value <= most) return value;
    this.#fault('bad-number', slot);
    return ABSENT;
  }

  /** Reads an address into `words`; false when not given. `portSlot`: the field for the port that may stand behind it. */
  #address(slot: number, words: AddressBuffer, type: string | undefined, portSlot: number): boolean {
    const source = this.#source;
    this.#portBehind = ABSENT;
    if (!source.locate(slot)) return false;
    const { buffer, from, to, numeric } = source;
    if (type === 'integer') {
      if (numeric >= 0 && numeric <= 0xffffffff && Number.isInteger(numeric)) {
        [words[0], words[1], words[2], words[3]] = [0, 0, 0xffff, numeric];
        return true;
      }
      if (Number.isNaN(numeric) && readIntegerAddress(buffer, from, to, words)) return true;
    }
    if (Number.isNaN(numeric)) {
      if (readAddress(buffer, from, to, words)) return true;
      if (type === 'zero-padded' && readPaddedAddress(buffer, from, to, words)) return true;
      if (portSlot >= 0 && !source.has(portSlot)) {
        this.#portBehind = readAddressAndPort(buffer, from, to, words);
        if (this.#portBehind >= 0) return true;
      }
    }
    this.#fault('bad-address', slot);
    return false;
  }

  /** An address that may be left out, or be all zeros for not told. */
  #further(slot: number, words: AddressBuffer): AddressWords | undefined {
    if (!this.#source.has(slot) || !this.#address(slot, words, undefined, ABSENT)) return undefined;
    const [a, b, c, d] = words;
    return (a | b | d) === 0 && (c === 0 || c === 0xffff) ? undefined : words;
  }

  #text(slot: number): string | undefined {
    const source = this.#source;
    return source.has(slot) && source.locate(slot) ? source.text() : undefined;
  }

  /** Whether the record is one of those that the mapping asks for. */
  #isAsked(): boolean {
    const { only } = this.#mapping;
    if (only === undefined || !this.#source.has(SLOT.only)) return true;
    const value = this.#text(SLOT.only);
    if (
      value === undefined ? only.is === undefined : only.is?.includes(value) !== false && !only.not?.includes(value)
    ) {
      return true;
    }
    const column = shownColumns(only.from);
    if (value !== undefined && only.lost?.includes(value) === true) {
      this.#sink.problem('exporter-lost-records', this.#line, `${column} says that the exporter lost records`);
    } else this.#sink.problem('row-passed-by', this.#line, `${column} says that the record is no flow to be read`);
    return false;
  }

  /** Ports, or what stands for them in ICMP: type and code. */
  #ports(transport: number, behindInitiator: number, behindResponder: number): void {
    const flow = this.#flow;
    const source = this.#source;
    flow.initiatorPort = 0;
    flow.responderPort = 0;
    if (!HAS_PORTS.has(transport)) return;
    const icmp = transport === ICMP || transport === ICMP6;
    if (icmp && source.has(SLOT.icmpType) && source.locate(SLOT.icmpType)) {
      flow.initiatorPort = Math.max(0, this.#count(SLOT.icmpType, 255));
      flow.responderPort = Math.max(0, this.#count(SLOT.icmpCode, 255));
      return;
    }
    if (icmp && this.#mapping.icmp === 'responder-port') {
      if (!source.locate(SLOT.responderPort)) return;
      const { buffer, from, to, numeric } = source;
      // nfdump writes `type.code` where others write type × 256 + code.
      const point = Number.isNaN(numeric) ? buffer.subarray(from, to).indexOf(0x2e) : -1;
      if (point > 0) {
        const type = wholeNumber(buffer, from, from + point);
        const code = wholeNumber(buffer, from + point + 1, to);
        if (type <= 255 && code <= 255) {
          flow.initiatorPort = type;
          flow.responderPort = code;
        } else this.#fault('bad-number', SLOT.responderPort);
        return;
      }
      const both = Math.max(0, this.#count(SLOT.responderPort, 65_535));
      flow.initiatorPort = both >> 8;
      flow.responderPort = both & 0xff;
      return;
    }
    const initiatorPort = behindInitiator >= 0 ? behindInitiator : this.#count(SLOT.initiatorPort, 65_535);
    flow.initiatorPort = Math.max(0, initiatorPort);
    if (icmp && this.#mapping.icmp === 'initiator-port') {
      flow.responderPort = flow.initiatorPort >> 8;
      flow.initiatorPort &= 0xff;
      return;
    }
    const responderPort = behindResponder >= 0 ? behindResponder : this.#count(SLOT.responderPort, 65_535);
    flow.responderPort = Math.max(0, responderPort);
  }

  #transport(): number {
    const source = this.#source;
    if (this.#fixedTransport >= 0) return this.#fixedTransport;
    if (!source.locate(SLOT.transport)) {
      this.#fault('unknown-transport', SLOT.transport, 'is not given');
      return ABSENT;
    }
    const { buffer, from, to, numeric } = source;
    let transport = numeric;
    if (Number.isNaN(numeric)) transport = this.#transports.read(buffer, from, to);
    if (!(Number.isInteger(transport) && transport >= 0 && transport <= 255)) {
      this.#fault('unknown-transport', SLOT.transport);
      return ABSENT;
    }
    return transport;
  }

  /** Counts of each direction; where only the sum of both is told, it stands as those of the initiator. */
  #counts(): void {
    const flow = this.#flow;
    const source = this.#source;
    flow.packetsOut = this.#count(SLOT.packetsOut);
    flow.packetsIn = this.#count(SLOT.packetsIn);
    flow.bytesOut = this.#count(SLOT.bytesOut);
    flow.bytesIn = this.#count(SLOT.bytesIn);
    if (source.has(SLOT.packetsTotal)) {
      const total = this.#count(SLOT.packetsTotal);
      if (total >= 0)
        [flow.packetsOut, flow.packetsIn] = this.#split(total, flow.packetsOut, flow.packetsIn, 'packets');
    }
    if (source.has(SLOT.bytesTotal)) {
      const total = this.#count(SLOT.bytesTotal);
      if (total >= 0) [flow.bytesOut, flow.bytesIn] = this.#split(total, flow.bytesOut, flow.bytesIn, 'bytes');
    }
    flow.packetsOut = Math.max(0, flow.packetsOut);
    flow.packetsIn = Math.max(0, flow.packetsIn);
    flow.bytesOut = Math.max(0, flow.bytesOut);
    flow.bytesIn = Math.max(0, flow.bytesIn);
  }

  #split(total: number, out: number, back: number, what: string): [number, number] {
    if (out === ABSENT && back === ABSENT) {
      const message = `${what} are told for both directions together: they stand as the initiator's, the responder's are 0`;
      this.#tell('count-of-both-directions', message);
      return [total, 0];
    }
    const [first, second] = [out === ABSENT ? total - back : out, back === ABSENT ? total - out : back];
    if (first < 0 || second < 0) this.#lose('bad-number', `${what} of one direction are more than those of both`);
    return [first, second];
  }

  #names(transport: number): void {
    const flow = this.#flow;
    const { name } = this.#mapping.fields;
    flow.name = this.#text(SLOT.name);
    flow.nameOrigin = flow.name === undefined ? undefined : name?.origin;
    flow.userAgent = this.#text(SLOT.userAgent);
    flow.ja3 = this.#text(SLOT.ja3);
    flow.ja4 = this.#text(SLOT.ja4);
    const protocol = this.#text(SLOT.protocol);
    flow.protocol = protocol === undefined ? undefined : this.#protocol(protocol.toLowerCase(), transport);
    flow.rule = flow.protocol === undefined ? undefined : 'export-protocol';
    const state = this.#text(SLOT.state);
    flow.state = state === undefined ? null : (STATES.get(state) ?? null);
    if (state !== undefined && flow.state === null) {
      this.#sink.problem(
        'unknown-conn-state',
        this.#line,
        'state is none of the conn_state letters of Zeek; left empty',
      );
    }
  }

  /** Our protocol id for what the exporter's analyser says; undefined when we know none of that name. */
  #protocol(name: string, transport: number): string | undefined {
    if (name === 'unknown') return undefined;
    if (Object.hasOwn(PROTOCOLS, name)) return name;
    if (this.#protocols.has(name)) return this.#protocols.get(name);
    const protocol = serviceProtocol(name, transport, this.#flow.responderPort);
    if (this.#protocols.size < REMEMBERED_PROTOCOLS) this.#protocols.set(name, protocol);
    return protocol;
  }

  /** Reads the record that the source holds. */
  read(line: number): void {
    this.#line = line;
    this.#lost = false;
    if (!this.#isAsked()) {
      this.records++;
      return;
    }
    const source = this.#source;
    const flow = this.#flow;
    const { fields, bytes } = this.#mapping;
    let start = this.#time(SLOT.start, this.#start);
    if (start === ABSENT) this.#fault('bad-time', SLOT.start, 'is not given');
    let end = this.#end === null ? ABSENT : this.#time(SLOT.end, this.#end);
    if (end === ABSENT) end = start + this.#duration();
    const initiator = this.#address(SLOT.initiator, this.#initiator, fields.initiator.type, SLOT.initiatorPort);
    const behindInitiator = this.#portBehind;
    const responder = this.#address(SLOT.responder, this.#responder, fields.responder.type, SLOT.responderPort);
    const behindResponder = this.#portBehind;
    if (!initiator) this.#fault('bad-address', SLOT.initiator, 'is not given');
    if (!responder) this.#fault('bad-address', SLOT.responder, 'is not given');
    const transport = this.#transport();
    if (this.#lost) return;
    this.#ports(transport, behindInitiator, behindResponder);
    this.#counts();
    flow.tcpFlags = 0;
    if (source.has(SLOT.tcpFlags) && transport === TCP && source.locate(SLOT.tcpFlags)) flow.tcpFlags = this.#flags();
    flow.sampling = this.#fixedSampling;
    if (source.has(SLOT.sampling)) flow.sampling = Math.max(1, this.#count(SLOT.sampling, 0xffffffff));
    flow.exporter = source.has(SLOT.exporter) ? this.#further(SLOT.exporter, this.#exporter) : this.#fixedExporter;
    flow.nextHop = this.#further(SLOT.nextHop, this.#nextHop);
    flow.inputInterface = Math.max(0, this.#count(SLOT.inputInterface, 0xffffffff));
    flow.outputInterface = Math.max(0, this.#count(SLOT.outputInterface, 0xffffffff));
    if (end > LATEST) this.#fault('bad-time', SLOT.end, 'lies after 2255');
    if (this.#lost) return;
    // An end of 0 is none.
    if (end < start && end > 0 && this.#end !== null) {
      // Two instants, as nfdump prints what nfcapd 1.7.1 stored: as when its file is read itself.
      this.#sink.problem('times-swapped', line, 'the flow starts after its end, as recorded; the times were swapped');
      [start, end] = [end, start];
    } else if (end < start) {
      this.#sink.problem('end-before-start', line, 'the flow ends before it starts: taken as ending when it starts');
      end = start;
    }
    if (!source.has(SLOT.end) && !source.has(SLOT.duration)) {
      this.#tell('no-end', 'the export tells no end of its flows: each is taken as ending when it starts');
    }
    flow.start = start;
    flow.end = end;
    flow.transport = transport;
    flow.locator = line;
    flow.oneWay = this.#oneWay && flow.packetsIn === 0 && flow.bytesIn === 0;
    this.#names(transport);
    if (bytes !== 'ip' && (source.has(SLOT.bytesOut) || source.has(SLOT.bytesTotal))) {
      const [kind, message] = BYTES_WORDS[bytes];
      this.#tell(kind, message);
    }
    this.records++;
    this.flows++;
    if (start < this.from) this.from = start;
    if (end > this.to) this.to = end;
    this.#sink.flow(flow);
  }

  #duration(): number {
    const source = this.#source;
    const { duration } = this.#mapping.fields;
    if (duration === undefined || !source.locate(SLOT.duration)) return 0;
    const value =
      duration.type === 'clock'
        ? clockMicroseconds(source.buffer, source.from, Number.isNaN(source.numeric) ? source.to : source.from)
        : shifted(source, DURATION_SHIFT[duration.type]);
    if (!Number.isNaN(value)) return value;
    const below = duration.type === 's' ? belowZero(source) : Number.NaN;
    if (!Number.isNaN(below)) return below;
    this.#fault('bad-number', SLOT.duration, 'is not a duration of the type that the mapping states');
    return 0;
  }

  #flags(): number {
    const source = this.#source;
    const { numeric } = source;
    const flags = Number.isNaN(numeric)
      ? readTcpFlags(source.buffer, source.from, source.to, this.#mapping.fields.tcpFlags?.type)
      : Number.isInteger(numeric) && numeric >= 0 && numeric <= 0xffff
        ? numeric & 0xff
        : Number.NaN;
    if (!Number.isNaN(flags)) return flags;
    this.#fault('bad-number', SLOT.tcpFlags, 'are neither letters nor a number');
    return 0;
  }

  /** Fields that no flow can do without and for which the export has no column, as a list; '' when it has all. */
  lacking(): string {
    return NEEDED.filter((slot) => !this.#source.has(slot) && !(slot === SLOT.transport && this.#fixedTransport >= 0))
      .map((slot) => SLOTS[slot])
      .join(', ');
  }
}
