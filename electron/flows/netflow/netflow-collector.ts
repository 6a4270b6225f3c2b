import type { AddressWords } from '../../../shared/address.ts';
import { ExportSequences, MOST_STREAMS } from './export-sequences.ts';
import { ExportedRecords, u16, u32 } from './exported-records.ts';
import type { EvidenceSink } from '../flow-sink.ts';
import { isFixedNetflow, readFixedNetflow } from './netflow-fixed.ts';
import { DataSetReader, type MessageContext, SHORTEST_FLOW_RECORD } from './netflow-records.ts';
import {
  type Domain,
  readTemplates,
  type Template,
  TemplateStore,
  type TemplateVersion,
  type TemplateVisitor,
} from './netflow-templates.ts';

/** Datagrams of flow exports: told from other traffic on whatever port, and read. */

export type ExportKind = 'netflow1' | 'netflow5' | 'netflow7' | 'netflow9' | 'ipfix' | 'sflow5';

const FIXED_HEADER = 24;
const V9_HEADER = 20;
export const IPFIX_HEADER = 16;
const SET_HEADER = 4;

/**
 * What export a UDP payload is, by its structure alone: version, and lengths and set numbers that fit to the last byte.
 * Null when it is none, or damaged. sFlow has a module of its own.
 */
export function recogniseExport(bytes: Uint8Array, from: number, to: number): ExportKind | null {
  if (to - from < IPFIX_HEADER || bytes[from] !== 0) return null;
  switch (bytes[from + 1]) {
    case 1:
      return isFixedNetflow(1, bytes, from, to) ? 'netflow1' : null;
    case 5:
      return isFixedNetflow(5, bytes, from, to) ? 'netflow5' : null;
    case 7:
      return isFixedNetflow(7, bytes, from, to) ? 'netflow7' : null;
    case 9:
      return u16(bytes, from + 2) > 0 && hasSets(9, bytes, from, to) ? 'netflow9' : null;
    case 10:
      return u16(bytes, from + 2) === to - from && hasSets(10, bytes, from, to) ? 'ipfix' : null;
    default:
      return null;
  }
}

function hasSets(version: TemplateVersion, bytes: Uint8Array, from: number, to: number): boolean {
  const first = from + (version === 9 ? V9_HEADER : IPFIX_HEADER);
  // A message without sets says nothing; and without a time it is none.
  return first < to && u32(bytes, from + (version === 9 ? 8 : 4)) !== 0 && setsEnd(version, bytes, first, to) === to;
}

/**
 * Follows a chain of sets.
 *
 * @param limit sets looked at
 * @returns where the chain stops: `to` when it is sound, else the set that is not
 */
export function setsEnd(
  version: TemplateVersion,
  bytes: Uint8Array,
  from: number,
  to: number,
  limit = Infinity,
): number {
  let at = from;
  for (let i = 0; at < to && i < limit; i++) {
    if (to - at < SET_HEADER || !isSetId(version, u16(bytes, at))) return at;
    const length = u16(bytes, at + 2);
    if (length < SET_HEADER || length > to - at) return at;
    at += length;
  }
  return at;
}

function isSetId(version: TemplateVersion, id: number): boolean {
  return id >= 256 || (version === 9 ? id <= 1 : id === 2 || id === 3);
}

/** Enterprise numbers that are told one by one. */
const ENTERPRISES_TOLD = 64;

/**
 * Reads NetFlow v1, v5, v7, v9 and IPFIX messages, each whole in its buffer, to flows as recorded: one record a flow, counts
 * not scaled, `oneWay` where the way back has a record of its own. Bad input costs a record, a set or a message, and
 * nothing throws.
 *
 * Problems stand at the packet number (`packets`), or the byte offset in the file (`records`). Lost: `unknown-version`,
 * `truncated-message`, `damaged-set`, `damaged-record`, `bad-template`, `too-many-templates`, `too-many-exporters`,
 * `data-before-template` (a set each), `no-addresses`, `bad-number`. Not lost, told: `end-before-start`,
 * `impossible-time`, `no-time`, `no-system-start`, `no-transport`, `nsel-event`, `nat-event`, `options-not-used`,
 * `enterprise-fields`, `sampling-unclear`, `too-many-samplers`, `frame-bytes`, `directions-summed`, `initiator-not-told`; of what never came, told at
 * the end and counted in the unit of the name: `records-missing`, `messages-missing`, `sequence-unclear` (messages),
 * `sequences-over-budget` (messages).
 */
export class NetflowCollector {
  readonly #records: ExportedRecords;
  readonly #store = new TemplateStore();
  readonly #reader: DataSetReader;
  readonly #enterprises = new Set<number>();
  readonly #sequences = new ExportSequences();

  /** @param numbering `packets`: messages come in numbered packets of a capture; `records`: one after another in a file */
  constructor(sink: EvidenceSink, numbering: 'packets' | 'records') {
    this.#records = new ExportedRecords(sink, numbering);
    this.#reader = new DataSetReader(this.#records);
  }

  /** Data records read without fault so far: flows, options and events. */
  get records(): number {
    return this.#records.count;
  }

  /** Earliest start and latest end of a flow so far, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return Number.isFinite(this.#records.firstSeen) ? this.#records.firstSeen : null;
  }

  get lastSeen(): number | null {
    return Number.isFinite(this.#records.lastSeen) ? this.#records.lastSeen : null;
  }

  /**
   * Reads one message.
   *
   * @param exporter who sent it; the object may be used anew after the call
   * @param receivedAt microseconds since the epoch; stands in where the message has no time
   * @param place packet number, from 1, or byte offset of the message in its file
   * @returns records read without fault, those that had waited for a template of this message included
   */
  message(
    bytes: Uint8Array,
    from: number,
    to: number,
    exporter: AddressWords | undefined,
    exporterPort: number,
    receivedAt: number,
    place: number,
  ): number {
    const before = this.#records.count;
    const version = to - from < 2 ? 0 : u16(bytes, from);
    switch (version) {
      case 1:
      case 5:
      case 7:
        readFixedNetflow(version, bytes, from, to, exporter, receivedAt, place, this.#records);
        if (version !== 1 && to - from >= FIXED_HEADER) {
          // Version 7 has no engines.
          const engine = version === 5 ? u16(bytes, from + 20) : 0;
          const count = u16(bytes, from + 2);
          this.#sequences.message(version, exporter, exporterPort, engine, u32(bytes, from + 16), count, place);
        }
        break;
      case 9:
      case 10:
        this.#withTemplates(version, bytes, from, to, exporter, exporterPort, receivedAt, place);
        break;
      default:
        this.#records.problem('unknown-version', place, 0, `a message has version ${version}, which is not read`);
    }
    return this.#records.count - before;
  }

  /** Tells of the sets whose templates never came, and of what is missing by the sequence numbers. */
  end(): void {
    this.#tellMissing();
    for (const [id, set] of this.#store.takeAllWaiting()) {
      this.#records.problem('data-before-template', set.place, set.offset, `a data set's template ${id} never came`);
    }
  }

  #tellMissing(): void {
    const where = this.#records.numbering === 'packets' ? 'packet' : 'byte';
    for (const { unit, missing, received, exporters, firstGap } of this.#sequences.missing()) {
      const share = ((missing / (missing + received)) * 100).toFixed(1);
      const what = unit === 'records' ? 'exported records' : 'export messages';
      const message =
        `${missing} of ${missing + received} ${what} (${share} %) are missing by the sequence numbers of ${exporters} ` +
        `exporters, the first before ${where} ${firstGap}`;
      this.#records.sink.problem(`${unit}-missing`, firstGap, message, missing);
    }
    const { unclear, unwatched } = this.#sequences;
    if (unclear > 0) {
      const message = `the sequence numbers of ${unclear} export messages follow no known count: what is missing cannot be told`;
      this.#records.sink.problem('sequence-unclear', 0, message, unclear);
    }
    if (unwatched > 0) {
      const message = `the sequence numbers of the first ${MOST_STREAMS} exporters were followed, not of ${unwatched} messages of others`;
      this.#records.sink.problem('sequences-over-budget', 0, message, unwatched);
    }
  }

  #withTemplates(
    version: TemplateVersion,
    bytes: Uint8Array,
    from: number,
    to: number,
    exporter: AddressWords | undefined,
    exporterPort: number,
    receivedAt: number,
    place: number,
  ): void {
    const header = version === 9 ? V9_HEADER : IPFIX_HEADER;
    const name = version === 9 ? 'NetFlow v9' : 'IPFIX';
    if (to - from < header) {
      this.#records.problem('truncated-message', place, 0, `a ${name} message ends inside its header`);
      return;
    }
    let end = to;
    let isCut = false;
    if (version === 10) {
      const length = u16(bytes, from + 2);
      isCut = length > to - from;
      if (isCut) this.#records.problem('truncated-message', place, 0, 'an IPFIX message is shorter than it says');
      else end = from + Math.max(length, header);
    }
    const domain = this.#store.domain(version, exporter, exporterPort, u32(bytes, from + header - 4));
    if (domain === null) {
      const message = 'a message was passed by: too many exporters and observation domains';
      this.#records.problem('too-many-exporters', place, 0, message);
      return;
    }
    const seconds = u32(bytes, from + (version === 9 ? 8 : 4));
    const context: MessageContext = {
      domain,
      exporter,
      exportTime: seconds === 0 ? receivedAt : seconds * 1e6,
      uptime: version === 9 ? u32(bytes, from + 4) : -1,
      place,
      records: 0,
      counted: isCut ? -1 : 0,
    };
    let at = from + header;
    while (at < end) {
      const next = this.#set(version, bytes, at, end, isCut, context, at - from);
      if (next < 0) {
        context.counted = -1;
        break;
      }
      at = next;
    }
    const number = u32(bytes, from + header - 8);
    this.#sequences.message(
      version,
      exporter,
      exporterPort,
      u32(bytes, from + header - 4),
      number,
      context.counted,
      place,
    );
  }

  /** Reads one set; gives where the next begins, -1 when that is not known. */
  #set(
    version: TemplateVersion,
    bytes: Uint8Array,
    at: number,
    end: number,
    isCut: boolean,
    context: MessageContext,
    offset: number,
  ): number {
    const length = end - at < SET_HEADER ? 0 : u16(bytes, at + 2);
    const isWhole = length >= SET_HEADER && length <= end - at;
    if (!isWhole && (!isCut || length < SET_HEADER)) {
      const message = 'a set has a length that cannot be; the rest of its message was passed by';
      if (!isCut) this.#records.problem('damaged-set', context.place, offset, message);
      return -1;
    }
    const id = u16(bytes, at);
    const content = at + SET_HEADER;
    const setEnd = isWhole ? at + length : end;
    const options = version === 9 ? 1 : 3;
    if (id >= 256) this.#data(id, bytes, content, setEnd, context, offset + SET_HEADER);
    else if (isSetId(version, id)) {
      this.#templates(version, id === options, bytes, content, setEnd, context, offset + SET_HEADER);
    } else {
      this.#records.problem('damaged-set', context.place, offset, `a set has the number ${id}, which means nothing`);
    }
    return isWhole ? setEnd : -1;
  }

  #data(id: number, bytes: Uint8Array, from: number, end: number, context: MessageContext, offset: number): void {
    const template = context.domain.templates.get(id);
    if (template !== undefined) {
      this.#reader.read(template, bytes, from, end, context, offset);
      return;
    }
    context.counted = -1;
    const set = {
      bytes: new Uint8Array(bytes.subarray(from, end)),
      exporter: context.exporter === undefined ? undefined : ([...context.exporter] as const),
      exportTime: context.exportTime,
      uptime: context.uptime,
      place: context.place,
      offset,
      firstRecord: context.records,
    };
    // Its records keep their numbers free, however many they turn out to be.
    context.records += Math.floor((end - from) / SHORTEST_FLOW_RECORD);
    if (this.#store.wait(context.domain, id, set)) return;
    const message = 'a data set came before its template, and too many wait already: it was dropped';
    this.#records.problem('data-before-template', context.place, offset, message);
  }

  #templates(
    version: TemplateVersion,
    isOptions: boolean,
    bytes: Uint8Array,
    from: number,
    end: number,
    context: MessageContext,
    offset: number,
  ): void {
    const { domain, place } = context;
    const known = (id: number): Template | undefined => domain.templates.get(id);
    const visitor: TemplateVisitor = {
      template: (id, _, template) => {
        if (!this.#store.set(domain, id, template)) {
          const message = `template ${id} was passed by: the exporter, or all together, have too many`;
          this.#records.problem('too-many-templates', place, offset, message);
          return;
        }
        this.#tellEnterprises(template, place, offset);
        this.#readWaiting(domain, id, template);
      },
      withdrawal: (id, kind) => this.#store.withdraw(domain, id, kind),
      fault: (at, message) => this.#records.problem('bad-template', place, offset + at - from, message),
    };
    readTemplates(version, isOptions, bytes, from, end, known, visitor);
  }

  #readWaiting(domain: Domain, id: number, template: Template): void {
    if (!domain.waiting.has(id)) return;
    for (const set of this.#store.takeWaiting(domain, id)) {
      const { exporter, exportTime, uptime, place, offset, firstRecord } = set;
      const context: MessageContext = {
        domain,
        exporter,
        exportTime,
        uptime,
        place,
        records: firstRecord,
        counted: -1,
      };
      this.#reader.read(template, set.bytes, 0, set.bytes.length, context, offset);
    }
  }

  #tellEnterprises(template: Template, place: number, offset: number): void {
    for (const enterprise of template.enterprises) {
      if (this.#enterprises.has(enterprise) || this.#enterprises.size >= ENTERPRISES_TOLD) continue;
      this.#enterprises.add(enterprise);
      const message = `fields of private enterprises are kept by number and tell nothing here, first of enterprise ${enterprise}`;
      this.#records.problem('enterprise-fields', place, offset, message);
    }
  }
}
