import type { AddressWords } from '../../../shared/address.ts';
import { ICMP, ICMP6, TCP, UDP } from '../../../shared/flow.ts';
import { isServerPort } from '../flow-table.ts';
import { type ExportedRecords, type MutableAddress, u32, uptimeTime } from './exported-records.ts';
import {
  ADDRESS_PLACE,
  FLOAT,
  IPV4,
  IPV6,
  NTP_NANOSECONDS,
  PLACE,
  PLACES,
  ALL_PLACES,
  UNSIGNED,
} from './ipfix-fields.ts';
import { type Domain, type Reading, type Template, VARIABLE } from './netflow-templates.ts';

/** Data sets of NetFlow v9 (RFC 3954, 5.3) and IPFIX (RFC 7011, 3.4.3) to flows, by the template of each. */

/** The message around a data set. */
export interface MessageContext {
  readonly domain: Domain;
  readonly exporter: AddressWords | undefined;
  /** Microseconds since the epoch. */
  readonly exportTime: number;
  /** The exporter's own clock at the export, milliseconds; IPFIX does not tell it: -1. */
  readonly uptime: number;
  /** Packet number, or offset of the message in its file. */
  readonly place: number;
  /** Flow records of the message so far. */
  records: number;
  /** All its records so far, those of options and unsound ones included; -1 = not known. */
  counted: number;
}

/** Shortest record that has both addresses: what a set whose template is not known may hold at most. */
export const SHORTEST_FLOW_RECORD = 8;

/** Firewall events (element 233) that may carry counts. */
const FLOW_DELETED = 2;
const FLOW_UPDATED = 5;

/** biflowDirection (RFC 5103, 6.3): the source of the record is the one that answered. */
const REVERSE_INITIATOR = 2;
const SYN = 2;
const SYN_ACK = 0x12;

/** Seconds of NTP's era 0 at 1970-01-01. */
const NTP_EPOCH = 2_208_988_800;

const WRAP = 2 ** 32;

/** What is kept of a record in fields that are a vendor's own, characters. */
const MOST_OF_RECORD = 512;
const SPACE = 0x20;
const HEX_DIGITS = Buffer.from('0123456789abcdef');

export class DataSetReader {
  readonly #records: ExportedRecords;
  readonly #numbers = new Float64Array(PLACES);
  readonly #words = new Uint32Array((ALL_PLACES - PLACES) * 4);
  #current: Template | null = null;
  readonly #exporter: MutableAddress = [0, 0, 0, 0];
  readonly #nextHop: MutableAddress = [0, 0, 0, 0];
  readonly #text = Buffer.alloc(MOST_OF_RECORD);

  constructor(records: ExportedRecords) {
    this.#records = records;
  }

  /**
   * Reads the records between two places of `bytes`; what is left at the end, shorter than any record, is padding.
   *
   * @param offset of `at` in its message
   */
  read(
    template: Template,
    bytes: Uint8Array,
    from: number,
    end: number,
    context: MessageContext,
    offset: number,
  ): void {
    if (template !== this.#current) {
      this.#current = template;
      this.#numbers.fill(0);
      this.#words.fill(0);
    }
    let at = from;
    while (end - at >= template.minimum) {
      const next = template.isVariable ? locate(template, bytes, at, end) : at + template.minimum;
      const place = offset + at - from;
      if (next < 0) {
        this.#problem(context, place, 'damaged-record', 'a field of variable length runs beyond its set');
        context.counted = -1;
        return;
      }
      if (template.isOptions) {
        this.#take(template.readings, bytes, at);
        this.#options(template, context, place);
      } else if (template.hasAddresses) {
        this.#take(template.readings, bytes, at);
        this.#flow(template, bytes, at, context, place);
      } else {
        this.#problem(context, place, 'no-addresses', 'a record does not tell who spoke to whom (no IP addresses)');
      }
      at = next;
      if (context.counted >= 0) context.counted++;
    }
  }

  #problem(context: MessageContext, offset: number, kind: string, message: string): void {
    this.#records.problem(kind, context.place, offset, message);
  }

  #take(readings: readonly Reading[], bytes: Uint8Array, record: number): void {
    const numbers = this.#numbers;
    for (let i = 0; i < readings.length; i++) {
      const { place, encoding, factor, offset, length } = readings[i];
      const at = record + offset;
      switch (encoding) {
        case UNSIGNED:
          numbers[place] = unsigned(bytes, at, length) * factor;
          break;
        case IPV4:
          this.#setAddress(place, 0, 0, 0xffff, length === 4 ? u32(bytes, at) : 0);
          break;
        case IPV6:
          if (length !== 16) this.#setAddress(place, 0, 0, 0, 0);
          else this.#setAddress(place, u32(bytes, at), u32(bytes, at + 4), u32(bytes, at + 8), u32(bytes, at + 12));
          break;
        case FLOAT:
          numbers[place] = float(bytes, at, length);
          break;
        default:
          numbers[place] = length === 8 ? ntpTime(bytes, at, encoding === NTP_NANOSECONDS) : 0;
      }
    }
  }

  #setAddress(place: number, a: number, b: number, c: number, d: number): void {
    const at = (place - PLACES) * 4;
    this.#words[at] = a;
    this.#words[at + 1] = b;
    this.#words[at + 2] = c;
    this.#words[at + 3] = d;
  }

  #getAddress(place: number, address: MutableAddress): void {
    const at = (place - PLACES) * 4;
    for (let i = 0; i < 4; i++) address[i] = this.#words[at + i];
  }

  /** False for 0.0.0.0, `::` and an address that the template does not have. */
  #isGiven(template: Template, place: number): boolean {
    const at = (place - PLACES) * 4;
    const words = this.#words;
    const isNull =
      (words[at] | words[at + 1] | words[at + 3]) === 0 && (words[at + 2] === 0 || words[at + 2] === 0xffff);
    return template.has[place] === 1 && !isNull;
  }

  #options(template: Template, context: MessageContext, offset: number): void {
    const { domain } = context;
    const rate = this.#rate(template);
    this.#records.count++;
    if (this.#numbers[PLACE.systemStart] > 0) domain.systemStart = this.#numbers[PLACE.systemStart];
    if (rate > 0) {
      const { has } = template;
      let isKept = true;
      if (has[PLACE.sampler] === 1) isKept = domain.samplers.set(this.#numbers[PLACE.sampler], rate);
      else if (has[PLACE.inputInterface] === 1) {
        isKept = domain.interfaces.set(this.#numbers[PLACE.inputInterface], rate);
      } else domain.sampling = rate;
      if (!isKept) {
        const message = 'an exporter tells of too many samplers or sampled interfaces; one was passed by';
        this.#problem(context, offset, 'too-many-samplers', message);
      }
    } else if (template.has[PLACE.systemStart] === 0) {
      const message =
        'records of options (names, counters, settings) were passed by: of them sampling and start are used';
      this.#problem(context, offset, 'options-not-used', message);
    }
  }

  /** Sampling that the record itself states, 1:N; 0 = none. */
  #rate(template: Template): number {
    const { has } = template;
    const numbers = this.#numbers;
    let rate = 0;
    if (numbers[PLACE.samplingSize] > 0) rate = numbers[PLACE.samplingPopulation] / numbers[PLACE.samplingSize];
    if (rate === 0 && has[PLACE.samplingSpace] === 1 && numbers[PLACE.samplingPackets] > 0) {
      rate = (numbers[PLACE.samplingPackets] + numbers[PLACE.samplingSpace]) / numbers[PLACE.samplingPackets];
    }
    if (rate === 0) rate = numbers[PLACE.samplingInterval];
    if (rate === 0 && numbers[PLACE.samplingProbability] > 0) rate = 1 / numbers[PLACE.samplingProbability];
    return rate > 0 ? Math.min(WRAP - 1, Math.max(1, Math.round(rate))) : 0;
  }

  /** Sampling of a flow: its own, its sampler's, that of its interface in or out, or the domain's; 0 = not told. */
  #sampling(template: Template, context: MessageContext, offset: number): number {
    const { domain } = context;
    const own = this.#rate(template);
    if (own > 0) return own;
    if (template.has[PLACE.sampler] === 1) {
      const rate = domain.samplers.of(this.#numbers[PLACE.sampler]);
      // Sampler 0 is none.
      if (rate > 0 || this.#numbers[PLACE.sampler] === 0) return rate || domain.sampling;
    }
    const { interfaces } = domain;
    const ofInterface =
      interfaces.of(this.#numbers[PLACE.inputInterface]) || interfaces.of(this.#numbers[PLACE.outputInterface]);
    if (ofInterface > 0) return ofInterface;
    if (domain.sampling > 0) return domain.sampling;
    const common = domain.samplers.common === 0 ? interfaces.common : domain.samplers.common;
    if (!Number.isNaN(common)) return common;
    const message =
      'an exporter has samplers or interfaces of several rates, and its flows do not tell which: taken as unsampled';
    this.#problem(context, offset, 'sampling-unclear', message);
    return 0;
  }

  #flow(template: Template, bytes: Uint8Array, at: number, context: MessageContext, offset: number): void {
    const records = this.#records;
    const { flow } = records;
    const numbers = this.#numbers;
    const { has } = template;
    flow.locator = records.locator(context.place, ++context.records);
    flow.packetsOut = numbers[PLACE.packets];
    flow.bytesOut = numbers[PLACE.octets];
    flow.packetsIn = numbers[PLACE.reversePackets];
    flow.bytesIn = numbers[PLACE.reverseOctets];
    const total = flow.packetsOut + flow.bytesOut + flow.packetsIn + flow.bytesIn;
    if (total > Number.MAX_SAFE_INTEGER) {
      this.#problem(context, offset, 'bad-number', 'a record has a count that no traffic reaches');
      return;
    }
    if (this.#isEvent(template, total, context, offset)) {
      records.count++;
      return;
    }
    this.#tellLimits(template, context, offset);
    this.#addresses(template, context);
    this.#transport(template);
    this.#times(template, context, offset);
    flow.oneWay = !template.isTwoWay && has[PLACE.firewallEvent] === 0;
    flow.sampling = this.#sampling(template, context, offset);
    flow.inputInterface = word(numbers[PLACE.inputInterface]);
    flow.outputInterface = word(numbers[PLACE.outputInterface]);
    flow.enterpriseFields = this.#enterpriseFields(template, bytes, at, context, offset);
    if (has[PLACE.biflowDirection] === 1) {
      if (numbers[PLACE.biflowDirection] === REVERSE_INITIATOR) this.#turn();
    } else if (template.isBiflow) {
      const message =
        'two-way records do not tell which end began (biflowDirection): SYN flags, a port of servers or the earlier start tell, else the source stands';
      this.#problem(context, offset, 'initiator-not-told', message);
      if (this.#isBegunByDestination()) this.#turn();
    }
    records.hand(context.exportTime, context.place, offset);
  }

  /** True when the record tells of an event that makes no flow: it counts nothing, or what the flow's end counts again. */
  #isEvent(template: Template, total: number, context: MessageContext, offset: number): boolean {
    const event = this.#numbers[PLACE.firewallEvent];
    const isCounted = event === 0 || event === FLOW_DELETED || (event === FLOW_UPDATED && !template.isEventLog);
    if (!isCounted && (total === 0 || template.isEventLog)) {
      const message =
        'events of a firewall other than the end of a flow (created, updated, denied, alert) make no flow';
      this.#problem(context, offset, 'nsel-event', message);
      return true;
    }
    if (template.has[PLACE.natEvent] === 0 || template.has[PLACE.octets] + template.has[PLACE.packets] > 0)
      return false;
    this.#problem(context, offset, 'nat-event', 'events of address translation, which count nothing, make no flow');
    return true;
  }

  #tellLimits(template: Template, context: MessageContext, offset: number): void {
    if (template.has[PLACE.transport] === 0) {
      this.#problem(context, offset, 'no-transport', 'a record does not tell its protocol; 0 stands for it');
    }
    if (template.countsFrames) {
      const message = 'the exporter counts the bytes of frames, link headers included; they stand as recorded';
      this.#problem(context, offset, 'frame-bytes', message);
    }
    if (template.sumsDirections) {
      const message = 'the exporter gives one count for both directions; it stands as that of the way out';
      this.#problem(context, offset, 'directions-summed', message);
    }
  }

  /** Fields of vendors as text, in their order; those beyond the room that a record has are told. */
  #enterpriseFields(
    { enterpriseFields }: Template,
    bytes: Uint8Array,
    record: number,
    context: MessageContext,
    offset: number,
  ): string | undefined {
    if (enterpriseFields.length === 0) return undefined;
    const text = this.#text;
    let to = 0;
    let isWhole = true;
    for (const field of enterpriseFields) {
      const room = (MOST_OF_RECORD - to - field.number.length - 2) >> 1;
      const kept = Math.max(0, Math.min(field.length, room));
      isWhole &&= kept === field.length;
      if (room <= 0) break;
      if (to > 0) text[to++] = SPACE;
      to += text.write(`${field.number}=`, to, 'latin1');
      const at = record + field.offset;
      for (let i = at; i < at + kept; i++) {
        text[to++] = HEX_DIGITS[bytes[i] >>> 4];
        text[to++] = HEX_DIGITS[bytes[i] & 15];
      }
    }
    if (!isWhole) {
      const message = `a record has more in fields of private enterprises than is kept, ${MOST_OF_RECORD} characters`;
      this.#problem(context, offset, 'enterprise-fields-cut', message);
    }
    return text.toString('latin1', 0, to);
  }

  #addresses(template: Template, context: MessageContext): void {
    const { flow } = this.#records;
    const { has } = template;
    const has4 = (has[ADDRESS_PLACE.source4] & has[ADDRESS_PLACE.destination4]) !== 0;
    const has6 = (has[ADDRESS_PLACE.source6] & has[ADDRESS_PLACE.destination6]) !== 0;
    const is6 =
      !has4 ||
      (has6 && !this.#isGiven(template, ADDRESS_PLACE.source4) && !this.#isGiven(template, ADDRESS_PLACE.destination4));
    this.#getAddress(is6 ? ADDRESS_PLACE.source6 : ADDRESS_PLACE.source4, flow.initiator);
    this.#getAddress(is6 ? ADDRESS_PLACE.destination6 : ADDRESS_PLACE.destination4, flow.responder);
    flow.nextHop = undefined;
    if (this.#isGiven(template, ADDRESS_PLACE.nextHop)) {
      this.#getAddress(ADDRESS_PLACE.nextHop, this.#nextHop);
      flow.nextHop = this.#nextHop;
    }
    flow.exporter = context.exporter;
    if (this.#isGiven(template, ADDRESS_PLACE.exporter)) {
      this.#getAddress(ADDRESS_PLACE.exporter, this.#exporter);
      flow.exporter = this.#exporter;
    }
  }

  #transport(template: Template): void {
    const { flow } = this.#records;
    const { has } = template;
    const numbers = this.#numbers;
    flow.transport = numbers[PLACE.transport] & 0xff;
    flow.initiatorPort = numbers[PLACE.sourcePort] & 0xffff;
    flow.responderPort = numbers[PLACE.destinationPort] & 0xffff;
    flow.tcpFlags = flow.transport === TCP ? (numbers[PLACE.tcpFlags] | numbers[PLACE.reverseTcpFlags]) & 0xff : 0;
    if (flow.transport !== ICMP && flow.transport !== ICMP6) return;
    if ((has[PLACE.icmpType] & has[PLACE.icmpCode]) === 1) {
      flow.initiatorPort = numbers[PLACE.icmpType] & 0xff;
      flow.responderPort = numbers[PLACE.icmpCode] & 0xff;
      return;
    }
    const typeCode = has[PLACE.icmpTypeCode] === 1 ? numbers[PLACE.icmpTypeCode] & 0xffff : flow.responderPort;
    flow.initiatorPort = typeCode >>> 8;
    flow.responderPort = typeCode & 0xff;
  }

  #times(template: Template, context: MessageContext, offset: number): void {
    const { flow } = this.#records;
    const { has } = template;
    const numbers = this.#numbers;
    let start = numbers[PLACE.start];
    let end = numbers[PLACE.end];
    if (start === 0) {
      if (has[PLACE.startUptime] === 1) start = this.#uptime(numbers[PLACE.startUptime], context, offset);
      else if (has[PLACE.startBefore] === 1) start = context.exportTime - numbers[PLACE.startBefore];
    }
    if (end === 0) {
      if (has[PLACE.endUptime] === 1) end = this.#uptime(numbers[PLACE.endUptime], context, offset);
      else if (has[PLACE.endBefore] === 1) end = context.exportTime - numbers[PLACE.endBefore];
    }
    const observed = numbers[PLACE.observed];
    const duration = numbers[PLACE.duration];
    if (start === 0 && end === 0) {
      if (observed === 0) {
        this.#problem(context, offset, 'no-time', 'a record has no time; that of its export stands for it');
      }
      end = observed || context.exportTime;
      start = end - duration;
    } else if (start === 0) start = end - duration;
    else if (end === 0) end = has[PLACE.duration] === 1 ? start + duration : Math.max(start, observed);
    const reverseStart = numbers[PLACE.reverseStart];
    if (reverseStart > 0 && reverseStart < start) start = reverseStart;
    if (numbers[PLACE.reverseEnd] > end) end = numbers[PLACE.reverseEnd];
    flow.start = start;
    flow.end = end;
  }

  /** A time by the exporter's own clock; 0 when it is not told when that started. */
  #uptime(milliseconds: number, context: MessageContext, offset: number): number {
    if (context.uptime >= 0) return uptimeTime(milliseconds, context.uptime, context.exportTime);
    const systemStart = this.#numbers[PLACE.systemStart] || context.domain.systemStart;
    if (systemStart === 0) {
      const message = 'an exporter gives times by its own clock and does not tell when that started';
      this.#problem(context, offset, 'no-system-start', message);
      return 0;
    }
    return uptimeTime(milliseconds, ((context.exportTime - systemStart) / 1e3) % WRAP, context.exportTime);
  }

  /**
   * Whether the destination of a biflow began it, as far as anything tells: exporters were seen (softflowd) whose source is the lower
   * address. The order of proofs is that of one-way records (`flow-assembly.ts`).
   */
  #isBegunByDestination(): boolean {
    const { flow } = this.#records;
    const numbers = this.#numbers;
    const { transport } = flow;
    if (transport === ICMP || transport === ICMP6) return false;
    if (flow.packetsOut === 0 && flow.packetsIn > 0) return true;
    if (transport === TCP) {
      const isSyn = (numbers[PLACE.tcpFlags] & SYN_ACK) === SYN;
      const isReverseSyn = (numbers[PLACE.reverseTcpFlags] & SYN_ACK) === SYN;
      if (isSyn !== isReverseSyn) return isReverseSyn;
    }
    if (transport === TCP || transport === UDP) {
      const isServer = isServerPort(flow.initiatorPort, transport);
      if (isServer !== isServerPort(flow.responderPort, transport)) return isServer;
    }
    return numbers[PLACE.reverseStart] > 0 && numbers[PLACE.reverseStart] < numbers[PLACE.start];
  }

  /** The record's source answered: its counts are those of the way back. */
  #turn(): void {
    const { flow } = this.#records;
    const { initiator, initiatorPort, packetsOut, bytesOut } = flow;
    flow.initiator = flow.responder;
    flow.responder = initiator;
    if (flow.transport !== ICMP && flow.transport !== ICMP6) {
      flow.initiatorPort = flow.responderPort;
      flow.responderPort = initiatorPort;
    }
    flow.packetsOut = flow.packetsIn;
    flow.bytesOut = flow.bytesIn;
    flow.packetsIn = packetsOut;
    flow.bytesIn = bytesOut;
  }
}

/** Finds the fields of a record of variable length (RFC 7011, 7); gives its end, -1 when it runs beyond `end`. */
function locate(template: Template, bytes: Uint8Array, record: number, end: number): number {
  const { lengths, readings, enterpriseFields } = template;
  let at = record;
  let next = 0;
  let nextEnterprise = 0;
  for (let field = 0; field < lengths.length; field++) {
    let length = lengths[field];
    if (length === VARIABLE) {
      if (at >= end) return -1;
      length = bytes[at];
      at++;
      if (length === 255) {
        if (end - at < 2) return -1;
        length = (bytes[at] << 8) | bytes[at + 1];
        at += 2;
      }
    }
    if (length > end - at) return -1;
    for (; next < readings.length && readings[next].field === field; next++) {
      readings[next].offset = at - record;
      readings[next].length = length;
    }
    if (nextEnterprise < enterpriseFields.length && enterpriseFields[nextEnterprise].field === field) {
      enterpriseFields[nextEnterprise].offset = at - record;
      enterpriseFields[nextEnterprise++].length = length;
    }
    at += length;
  }
  return at;
}

/** An unsigned number of 1 to 8 bytes (RFC 7011, 6.2: reduced-size encoding); 0 when it has another length. */
function unsigned(bytes: Uint8Array, at: number, length: number): number {
  switch (length) {
    case 1:
      return bytes[at];
    case 2:
      return (bytes[at] << 8) | bytes[at + 1];
    case 4:
      return u32(bytes, at);
    case 8:
      return u32(bytes, at) * WRAP + u32(bytes, at + 4);
    default: {
      if (length > 8) return 0;
      let value = 0;
      for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i];
      return value;
    }
  }
}

const floatBytes = new DataView(new ArrayBuffer(8));

function float(bytes: Uint8Array, at: number, length: number): number {
  if (length !== 4 && length !== 8) return 0;
  for (let i = 0; i < length; i++) floatBytes.setUint8(i, bytes[at + i]);
  return length === 4 ? floatBytes.getFloat32(0) : floatBytes.getFloat64(0);
}

/**
 * NTP's fraction format as microseconds since the epoch. As such a time would lie before 1970, exporters that write plain
 * microseconds or nanoseconds since 1970 there are understood as well (the other reading, NTP's era after 2036, is lost).
 */
function ntpTime(bytes: Uint8Array, at: number, isNanoseconds: boolean): number {
  const seconds = u32(bytes, at);
  const fraction = u32(bytes, at + 4);
  if (seconds === 0 && fraction === 0) return 0;
  if (seconds >= NTP_EPOCH) return (seconds - NTP_EPOCH) * 1e6 + Math.round((fraction * 1e6) / WRAP);
  const plain = seconds * WRAP + fraction;
  return isNanoseconds ? Math.floor(plain / 1e3) : plain;
}

/** A number that a column of 32 bits can hold; 0 when it can not. */
function word(value: number): number {
  return value <= 0xffffffff ? value : 0;
}
