import type { AddressWords } from '../../../shared/address.ts';
import { u16, u32 } from './exported-records.ts';
import {
  ADDRESS_PLACE,
  ALL_PLACES,
  type Element,
  FLOW_BYTES,
  INITIATOR_OCTETS,
  INITIATOR_PACKETS,
  IPV4,
  IPV6,
  LAYER_2_OCTETS,
  PLACE,
  REVERSE_ENTERPRISE,
  UNSIGNED,
  usedElement,
} from './ipfix-fields.ts';

/**
 * Templates of NetFlow v9 (RFC 3954, 5.2 and 6.1) and IPFIX (RFC 7011, 3.4), and what else an exporter has said of its
 * records: sampling, when it started. Bounded, since anyone can send templates.
 */

export type TemplateVersion = 9 | 10;

/** Bytes of a field of variable length (RFC 7011, 7), as its template states it. */
export const VARIABLE = 65_535;

export const LIMITS = {
  fields: 1024,
  recordBytes: 65_535,
  templatesOfExporter: 4096,
  exporters: 4096,
  domainsOfExporter: 512,
  domains: 16_384,
  /** Fields of all templates together. */
  allFields: 1_000_000,
  /** Fields of the templates that are kept to be known again from another exporter. */
  madeFields: 10_000,
  samplersOfDomain: 256,
  waitingBytes: 16 * 1024 * 1024,
} as const;

/** A field of a template that is read. Offsets are from the record's first byte; rewritten for each variable record. */
export interface Reading extends Element {
  readonly field: number;
  offset: number;
  length: number;
}

/** A field that is a vendor's own: kept as it is, by its number. Offset and length as in a Reading. */
export interface EnterpriseField {
  readonly field: number;
  /** `29305.12`: enterprise and element; enterprise 0 in NetFlow v9, which numbers only fields (above 32767). */
  readonly number: string;
  offset: number;
  length: number;
}

/** First number of a vendor's own field in NetFlow v9: IANA's end before it (RFC 7011, 3.2). */
const FIRST_VENDOR_FIELD_OF_9 = 32_768;

/** Scopes of NetFlow v9 (RFC 3954, 6.1) that are used, and the elements that tell the same: the interface. */
const SCOPES_OF_9: ReadonlyMap<number, number> = new Map([[2, 10]]);

export class Template {
  readonly version: TemplateVersion;
  readonly isOptions: boolean;
  /** Lengths of all fields, VARIABLE among them. */
  readonly lengths: Uint16Array;
  /** In the order of the fields. */
  readonly readings: readonly Reading[];
  /** 1 at the places that the records tell. */
  readonly has = new Uint8Array(ALL_PLACES);
  readonly isVariable: boolean;
  /** Bytes of the shortest record; of every record when it is not variable. */
  readonly minimum: number;
  readonly hasAddresses: boolean;
  /** The records count both directions, each by itself. */
  readonly isTwoWay: boolean;
  /** They do so as RFC 5103 has it, where the source need not be the end that began. */
  readonly isBiflow: boolean;
  /** The octets are those of frames. */
  readonly countsFrames: boolean;
  /** The octets are those of both directions together. */
  readonly sumsDirections: boolean;
  /** Cisco ASA's log of events (NSEL): the end of a flow counts all of it, what updates before it counted included. */
  readonly isEventLog: boolean;
  /** Fields of vendors that nothing is read from, in the order of the fields; none of options. */
  readonly enterpriseFields: readonly EnterpriseField[];
  /** Their enterprise numbers. */
  readonly enterprises: readonly number[];
  /** The template as it came, to know it again. */
  readonly source: Uint8Array;

  constructor(version: TemplateVersion, isOptions: boolean, fields: readonly TemplateField[], source: Uint8Array) {
    this.version = version;
    this.isOptions = isOptions;
    this.source = source;
    this.lengths = Uint16Array.from(fields, (field) => field.length);
    this.isVariable = fields.some((field) => field.length === VARIABLE);
    this.minimum = fields.reduce((sum, field) => sum + (field.length === VARIABLE ? 1 : field.length), 0);
    const chosen = new Map<number, Reading>();
    const enterprises = new Set<number>();
    const enterpriseFields: EnterpriseField[] = [];
    let offset = 0;
    for (const [index, field] of fields.entries()) {
      const isScopeOf9 = field.isScope && version === 9;
      const number = isScopeOf9 ? (SCOPES_OF_9.get(field.element) ?? 0) : field.element;
      const element = usedElement(version, number, field.enterprise);
      if (element === undefined) {
        if (field.enterprise !== 0) enterprises.add(field.enterprise);
        const isOwn = field.enterprise !== 0 || (version === 9 && field.element >= FIRST_VENDOR_FIELD_OF_9);
        if (isOwn && !isOptions) {
          enterpriseFields.push({
            field: index,
            number: `${field.enterprise}.${field.element}`,
            offset,
            length: field.length,
          });
        }
      } else if (isReadable(element, field.length)) {
        const better = chosen.get(element.place);
        if (better === undefined || element.rank < better.rank) {
          chosen.set(element.place, { ...element, field: index, offset, length: field.length });
        }
      }
      offset += field.length;
    }
    this.enterprises = [...enterprises];
    this.enterpriseFields = enterpriseFields;
    const number = (place: number): number => fields[chosen.get(place)?.field ?? -1]?.element ?? -1;
    const octets = number(PLACE.octets);
    // responderOctets stands alone in Huawei's templates, with a length that no counter has: it belongs to its pair.
    if (number(PLACE.reverseOctets) === 232 && octets !== INITIATOR_OCTETS) chosen.delete(PLACE.reverseOctets);
    if (number(PLACE.reversePackets) === 299 && number(PLACE.packets) !== INITIATOR_PACKETS) {
      chosen.delete(PLACE.reversePackets);
    }
    moveOutgoing(chosen, PLACE.outOctets, PLACE.octets, PLACE.reverseOctets);
    moveOutgoing(chosen, PLACE.outPackets, PLACE.packets, PLACE.reversePackets);
    for (const place of chosen.keys()) this.has[place] = 1;
    this.readings = [...chosen]
      .map(([place, reading]) => ({ ...reading, place }))
      .toSorted((one, other) => one.field - other.field);
    const { has } = this;
    this.hasAddresses =
      (has[ADDRESS_PLACE.source4] & has[ADDRESS_PLACE.destination4]) !== 0 ||
      (has[ADDRESS_PLACE.source6] & has[ADDRESS_PLACE.destination6]) !== 0;
    const isReverse = (place: number): boolean =>
      fields[chosen.get(place)?.field ?? -1]?.enterprise === REVERSE_ENTERPRISE;
    this.isBiflow = isReverse(PLACE.reversePackets) || isReverse(PLACE.reverseOctets);
    this.isTwoWay = (has[PLACE.reverseOctets] | has[PLACE.reversePackets]) !== 0;
    this.countsFrames = LAYER_2_OCTETS.has(octets);
    const hasEvent = has[PLACE.firewallEvent] === 1;
    this.sumsDirections = version === 9 && octets === FLOW_BYTES && hasEvent;
    this.isEventLog = this.sumsDirections || (octets === INITIATOR_OCTETS && hasEvent);
  }
}

/** NetFlow v9 has outgoing counts for the way back where it has incoming ones, and for the flow itself where not. */
function moveOutgoing(chosen: Map<number, Reading>, from: number, alone: number, reverse: number): void {
  const reading = chosen.get(from);
  if (reading === undefined) return;
  chosen.delete(from);
  const to = chosen.has(alone) ? reverse : alone;
  if (!chosen.has(to)) chosen.set(to, reading);
}

function isReadable(element: Element, length: number): boolean {
  if (length === VARIABLE) return true;
  switch (element.encoding) {
    case IPV4:
      return length === 4;
    case IPV6:
      return length === 16;
    case UNSIGNED:
      return length >= 1 && length <= 8;
    default:
      return length === 8 || (length === 4 && element.place === PLACE.samplingProbability);
  }
}

export interface TemplateField {
  element: number;
  /** 0 = IANA's own. */
  enterprise: number;
  length: number;
  isScope: boolean;
}

/** What a template set says, one after another. `fault` ends the set: where the next template begins is not known then. */
export interface TemplateVisitor {
  template(id: number, isOptions: boolean, template: Template): void;
  /** `id` 0 = all of the kind. */
  withdrawal(id: number, isOptions: boolean): void;
  fault(at: number, message: string): void;
}

/**
 * Reads a set of templates from behind its header.
 *
 * @param known the template of that id, to be handed on again when nothing changed
 */
export function readTemplates(
  version: TemplateVersion,
  isOptions: boolean,
  bytes: Uint8Array,
  from: number,
  end: number,
  known: (id: number) => Template | undefined,
  visitor: TemplateVisitor,
): void {
  let at = from;
  while (end - at >= 4) {
    const id = u16(bytes, at);
    const count = u16(bytes, at + 2);
    if (version === 10 && count === 0 && (id > 255 || id === (isOptions ? 3 : 2))) {
      visitor.withdrawal(id > 255 ? id : 0, isOptions);
      at += 4;
      continue;
    }
    // Zeros are padding.
    if (id === 0) return;
    const next = readTemplate(version, isOptions, bytes, at, end, known, visitor);
    if (next < 0) return;
    at = next;
  }
}

/** Reads one template; gives where the next begins, -1 after a fault. */
function readTemplate(
  version: TemplateVersion,
  isOptions: boolean,
  bytes: Uint8Array,
  from: number,
  end: number,
  known: (id: number) => Template | undefined,
  visitor: TemplateVisitor,
): number {
  const fault = (message: string): number => {
    visitor.fault(from, message);
    return -1;
  };
  const id = u16(bytes, from);
  const former = known(id);
  // Exporters send their templates again and again.
  if (former?.isOptions === isOptions && startsWith(bytes, from, end, former.source)) {
    visitor.template(id, isOptions, former);
    return from + former.source.length;
  }
  if (id < 256) return fault(`template ${id} has a number that is not a template's`);
  const header = isOptions ? 6 : 4;
  if (end - from < header) return fault(`template ${id} ends inside its header`);
  let count = u16(bytes, from + 2);
  let scopes = isOptions ? u16(bytes, from + 4) : 0;
  if (isOptions && version === 9) {
    // Given in bytes there, the options' own behind those of the scopes.
    count = Math.floor((count + scopes) / 4);
    scopes = Math.floor(u16(bytes, from + 2) / 4);
  }
  if (count === 0) return fault(`template ${id} has no fields`);
  if (scopes > count) return fault(`template ${id} has more scopes than fields`);
  if (count > LIMITS.fields) return fault(`template ${id} has ${count} fields, more than ${LIMITS.fields}`);
  const fields: TemplateField[] = [];
  let at = from + header;
  let length = 0;
  for (let i = 0; i < count; i++) {
    const size = version === 10 && end - at >= 4 && bytes[at] >= 0x80 ? 8 : 4;
    if (end - at < size) return fault(`template ${id} announces ${count} fields and holds ${i}`);
    const field: TemplateField = {
      element: size === 8 ? u16(bytes, at) & 0x7fff : u16(bytes, at),
      enterprise: size === 8 ? u32(bytes, at + 4) : 0,
      length: u16(bytes, at + 2),
      isScope: i < scopes,
    };
    length += version === 10 && field.length === VARIABLE ? 1 : field.length;
    fields.push(field);
    at += size;
  }
  if (length === 0) return fault(`the records of template ${id} have no length`);
  if (length >= LIMITS.recordBytes) return fault(`the records of template ${id} are longer than any message`);
  visitor.template(id, isOptions, madeTemplate(version, isOptions, fields, bytes, from, at));
  return at;
}

/** Exporters of one make send the same templates; those made last, by what they came as. */
const MADE = new Map<string, Template>();
let madeFields = 0;

function madeTemplate(
  version: TemplateVersion,
  isOptions: boolean,
  fields: readonly TemplateField[],
  bytes: Uint8Array,
  from: number,
  to: number,
): Template {
  const source = new Uint8Array(bytes.subarray(from, to));
  const key = `${version} ${isOptions} ${source.join()}`;
  let template = MADE.get(key);
  if (template === undefined) {
    template = new Template(version, isOptions, fields, source);
    madeFields += fields.length;
    if (madeFields > LIMITS.madeFields) {
      MADE.clear();
      madeFields = fields.length;
    }
    MADE.set(key, template);
  }
  return template;
}

function startsWith(bytes: Uint8Array, from: number, end: number, beginning: Uint8Array): boolean {
  if (end - from < beginning.length) return false;
  for (let i = 0; i < beginning.length; i++) if (bytes[from + i] !== beginning[i]) return false;
  return true;
}

/** A data set that came before its template. */
export interface WaitingSet {
  readonly bytes: Uint8Array;
  readonly exporter: AddressWords | undefined;
  readonly exportTime: number;
  readonly uptime: number;
  readonly place: number;
  /** Of the set in its message, bytes. */
  readonly offset: number;
  /** Number of its first record in the message, as far as told. */
  readonly firstRecord: number;
}

/** Memory of a waiting set beside its bytes, roughly. */
const WAITING_OVERHEAD = 256;

/** Rates, 1:N, of the samplers or interfaces of a domain. */
class SamplingRates {
  /** What all agree on; 0 = none known, NaN = they differ. */
  common = 0;
  readonly #rates = new Map<number, number>();
  /** How many have each rate. */
  readonly #counts = new Map<number, number>();

  /** 0 = not known. */
  of(id: number): number {
    return this.#rates.get(id) ?? 0;
  }

  /** @returns false when there are too many */
  set(id: number, rate: number): boolean {
    const former = this.#rates.get(id);
    if (former === rate) return true;
    if (former === undefined && this.#rates.size >= LIMITS.samplersOfDomain) return false;
    this.#rates.set(id, rate);
    if (former !== undefined) {
      const others = (this.#counts.get(former) ?? 0) - 1;
      if (others > 0) this.#counts.set(former, others);
      else this.#counts.delete(former);
    }
    this.#counts.set(rate, (this.#counts.get(rate) ?? 0) + 1);
    this.common = this.#counts.size === 1 ? rate : Number.NaN;
    return true;
  }
}

/** Stands for an exporter whose address is not told; no address has such a word. */
const NO_ADDRESS: AddressWords = [-1, 0, 0, 0];

/** One observation domain of an exporter (NetFlow v9: source id). */
export class Domain {
  readonly exporter: Exporter;
  readonly templates = new Map<number, Template>();
  /** Ids of the templates of data and of options, so that withdrawing all of a kind costs no more than they did. */
  readonly ids: Readonly<Record<'data' | 'options', Set<number>>> = { data: new Set(), options: new Set() };
  readonly waiting = new Map<number, WaitingSet[]>();
  /** Sampling that the exporter states for all flows, 1:N; 0 = not told. */
  sampling = 0;
  /** By number of the sampler, and by interface. */
  readonly samplers = new SamplingRates();
  readonly interfaces = new SamplingRates();
  /** When the exporter started, microseconds since the epoch; 0 = not told. */
  systemStart = 0;

  constructor(exporter: Exporter) {
    this.exporter = exporter;
  }
}

class Exporter {
  readonly domains = new Map<number, Domain>();
  templates = 0;
}

/**
 * All that exporters have said so far. Templates belong to an exporter and a domain: NetFlow v9 knows an exporter by its
 * address (RFC 3954, 5.1), IPFIX by its transport session, hence address and port (RFC 7011, 3.4 and 8).
 */
export class TemplateStore {
  readonly #exporters = new Map<string, Exporter>();
  /** The domain asked for last: version, address, port and id, and itself. Messages of one come in a row. */
  readonly #lastWords = new Float64Array(7);
  #last: Domain | null = null;
  #domains = 0;
  #fields = 0;
  #waitingBytes = 0;

  /** The domain, made when it is new; null when there are too many. */
  domain(version: TemplateVersion, address: AddressWords | undefined, port: number, id: number): Domain | null {
    const words = this.#lastWords;
    const [a, b, c, d] = address ?? NO_ADDRESS;
    const isSender = words[0] === version && words[1] === a && words[2] === b && words[3] === c && words[4] === d;
    if (isSender && words[5] === port && words[6] === id) return this.#last;
    words.set([version, a, b, c, d, port, id]);
    this.#last = this.#find(version, `${a}.${b}.${c}.${d}`, port, id);
    return this.#last;
  }

  #find(version: TemplateVersion, host: string, port: number, id: number): Domain | null {
    const key = version === 9 ? `9/${host}` : `10/${host}/${port}`;
    let exporter = this.#exporters.get(key);
    const known = exporter?.domains.get(id);
    if (known !== undefined) return known;
    if (this.#domains >= LIMITS.domains) return null;
    if (exporter === undefined) {
      if (this.#exporters.size >= LIMITS.exporters) return null;
      exporter = new Exporter();
      this.#exporters.set(key, exporter);
    }
    if (exporter.domains.size >= LIMITS.domainsOfExporter) return null;
    const domain = new Domain(exporter);
    exporter.domains.set(id, domain);
    this.#domains++;
    return domain;
  }

  /** Sets or replaces a template; false when there are too many. */
  set(domain: Domain, id: number, template: Template): boolean {
    const former = domain.templates.get(id);
    if (former === template) return true;
    const added = former === undefined ? 1 : 0;
    const fields = this.#fields + template.lengths.length - (former?.lengths.length ?? 0);
    if (domain.exporter.templates + added > LIMITS.templatesOfExporter || fields > LIMITS.allFields) return false;
    domain.templates.set(id, template);
    domain.ids[template.isOptions ? 'data' : 'options'].delete(id);
    domain.ids[template.isOptions ? 'options' : 'data'].add(id);
    domain.exporter.templates += added;
    this.#fields = fields;
    return true;
  }

  /** Withdraws a template, or with id 0 all of the kind. */
  withdraw(domain: Domain, id: number, isOptions: boolean): void {
    const ids = domain.ids[isOptions ? 'options' : 'data'];
    for (const known of id === 0 ? [...ids] : [id]) {
      const template = domain.templates.get(known);
      if (template?.isOptions !== isOptions) continue;
      domain.templates.delete(known);
      ids.delete(known);
      domain.exporter.templates--;
      this.#fields -= template.lengths.length;
    }
  }

  /** Keeps a set until its template comes; false when too much waits already. */
  wait(domain: Domain, id: number, set: WaitingSet): boolean {
    const size = set.bytes.length + WAITING_OVERHEAD;
    if (this.#waitingBytes + size > LIMITS.waitingBytes) return false;
    this.#waitingBytes += size;
    const others = domain.waiting.get(id);
    if (others === undefined) domain.waiting.set(id, [set]);
    else others.push(set);
    return true;
  }

  /** Takes the sets that waited for a template, in the order in which they came. */
  takeWaiting(domain: Domain, id: number): readonly WaitingSet[] {
    const sets = domain.waiting.get(id) ?? [];
    domain.waiting.delete(id);
    for (const set of sets) this.#waitingBytes -= set.bytes.length + WAITING_OVERHEAD;
    return sets;
  }

  /** Takes all that still wait, with the template that each waits for. */
  *takeAllWaiting(): Generator<readonly [template: number, set: WaitingSet]> {
    for (const exporter of this.#exporters.values()) {
      for (const domain of exporter.domains.values()) {
        for (const id of domain.waiting.keys()) for (const set of this.takeWaiting(domain, id)) yield [id, set];
      }
    }
  }
}
