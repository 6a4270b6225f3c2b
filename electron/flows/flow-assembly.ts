import type { AddressWords } from '../../shared/address.ts';
import { ASSEMBLY, CONN_STATES, ICMP, ICMP6, TCP } from '../../shared/flow.ts';
import {
  ASKED_BY_HIGH,
  ASKED_BY_LOW,
  AssemblyTable,
  BEGUN_BY_HIGH,
  BYTES,
  COVERED,
  END,
  EXPORTER,
  FLOATS,
  HIGH_ADDRESS,
  INPUT,
  LIVE,
  LOCATOR,
  LOW_ADDRESS,
  NEXT_HOP,
  OBSERVER,
  observerOf,
  OUTLINE,
  OUTPUT,
  PACKETS,
  PORTS,
  PROTOCOL,
  RECORDS,
  SAMPLING,
  SEEN,
  START,
  STATUS,
  STRIDE,
  TIMES,
  TWO_WAY,
} from './flow-assembly-table.ts';
import type { EvidenceSink, ExportedFlow, LogName } from './flow-sink.ts';
import { type FlowTimeouts, isServerPort } from './flow-table.ts';

/** Flows that may be open at a time: 61 MB. */
export const OPEN_FLOWS = 262_144;
/** Open flows that are looked at to find what a record belongs to. */
const LOOKED_AT = 64;
/** Slots that the sweeper visits with each new flow; a round through the table then outruns its growth. */
const SWEEP_STEP = 2;
/** Open flows among which one is chosen to be given out for want of room. */
const ROOM_CANDIDATES = 4;
/** Records whose lower quartile of ends is the sweeper's clock, so that some absurd times end nothing, and stop nothing. */
const CLOCK_RECORDS = 64;
/** How far the clocks of two exporters may differ, microseconds. */
const CLOCK_SKEW = 100_000;
/** Link-layer bytes of a packet that an exporter may count beside those of IP: Ethernet, one VLAN tag, check sequence. */
const FRAME_BYTES = 22;
/** From here on ports are assigned to no service, and clients take theirs (RFC 6335, 6). */
const DYNAMIC_PORTS = 49_152;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

const NOT_TOLD: AddressWords = [0, 0, 0, 0];

/** What few records bear; kept beside the table. */
type Extras = Pick<
  ExportedFlow,
  'protocol' | 'rule' | 'name' | 'nameOrigin' | 'userAgent' | 'ja3' | 'ja4' | 'enterpriseFields'
>;

/** Request type of an ICMP answer type, −1 when the type answers nothing (RFC 792, RFC 950, RFC 1256; RFC 4443, 4861, 2710). */
function icmpRequestOf(transport: number, type: number): number {
  if (transport === ICMP) {
    if (type === 0) return 8;
    if (type === 9) return 10;
    return type === 14 || type === 16 || type === 18 ? type - 1 : -1;
  }
  return type === 129 || type === 131 || type === 134 || type === 136 ? type - 1 : -1;
}

function isGroup(address: AddressWords): boolean {
  if (address[0] === 0 && address[1] === 0 && address[2] === 0xffff) return address[3] >>> 28 >= 14;
  return address[0] >>> 24 === 0xff;
}

/** Whether the numbers of a record are such that its flow can be put together with others. */
function isSound(flow: ExportedFlow): boolean {
  const ports = flow.initiatorPort | flow.responderPort | flow.transport;
  return (
    ports >>> 16 === 0 &&
    flow.transport < 256 &&
    Number.isFinite(flow.start + flow.end + flow.packetsOut + flow.packetsIn + flow.bytesOut + flow.bytesIn)
  );
}

/**
 * Whether two packet counts, each sampled at 1:N, may be of the same packets. Of different rates: the scaled counts lie
 * within three standard deviations of each other, where the variance of a count k scaled from 1:N is k N (N − 1).
 */
function isAlike(count: number, rate: number, other: number, otherRate: number): boolean {
  const difference = Math.abs(count * rate - other * otherRate);
  if (rate !== otherRate) {
    return difference <= 3 * Math.sqrt(count * rate * (rate - 1) + other * otherRate * (otherRate - 1));
  }
  return rate === 1 ? difference <= 1 : difference <= Math.max(2, 0.1 * Math.max(count, other)) * rate;
}

/**
 * Puts the records of flow exports together into flows, as far as that is sound, and marks what was done (ASSEMBLY).
 * Counts stay as recorded and are added; nothing is scaled.
 *
 * 1. **Pairs.** Two `oneWay` records of one five-tuple and opposite directions that overlap in time, or of which one
 *    follows the other within the idle timeout, are one flow (`paired`), as long as the whole does not last longer than
 *    the active timeout, or they run side by side for half of it; an ICMP answer goes with its request, as in the flow
 *    table. Of a TCP flow that was closed, no record with a SYN that begins later. Sampling rates must be equal. The
 *    initiator is told as the flow table does: by the handshake (a SYN without ACK on one side; SYNs on both: whose
 *    record starts earlier), else by a server's port on one side only, else, of samples, whose first packet is one of
 *    chance, by a dynamic port on one side only, else by the earlier start, else the lower port is the server's. So a lone record of the way back has its counts in `packetsIn`. A flow of which one direction was
 *    met is marked `oneWay`. Two-way records are never swapped.
 * 2. **Pieces.** A record of the same direction (of two-way records: the same initiator), exporter, interfaces and
 *    sampling rate that begins where another ended, or within the idle timeout after, continues it (`joined`), unless
 *    the whole would last longer than the active timeout, or the earlier one was closed (FIN or RST, of either side)
 *    and the later has a SYN. A late record may fill the gap between others: the records of one direction must fit into
 *    the time from the first to the last. After a close the idle timeout is that of UDP. Pieces from another exporter
 *    or interface (the route changed) are joined only when the flow is given out, and only when nothing overlaps.
 * 3. **Duplicates.** When a flow is given out, it is compared with the other open ones of its five-tuple. Each
 *    direction that both have must be recorded by another exporter or at other interfaces; overlap by at least half of
 *    the shorter (clocks may differ by 0.1 s); have as many packets (unsampled: ±1, and as many bytes when the packets
 *    are equal, up to 10 % or a link header a packet; one sampling rate: within 10 % or ±2; different rates: within 3
 *    standard deviations of the scaled counts); and, if both are sampled, last longer than a moment. Then the flow
 *    whose record came first in the file stays (`deduplicated`), and each record left out is counted as
 *    `duplicate-record`; no traffic is lost by it.
 * 4. **Fields.** TCP flags are united; `state` is that of the later piece; `exporter`, `nextHop`, interfaces and
 *    `locator` are those of the first record in the file; `start` is the earliest, `end` the latest; names come from
 *    the first record that has them.
 * 5. **When.** A flow is given out when three in four of the last 64 records end later than it by more than the idle
 *    and the active timeout (exporters deliver late), so that single absurd times move nothing. At most 262,144 are
 *    open; beyond that those furthest from now (of four at a time) are given out before that wait is over. At most 64
 *    open flows are looked at for a record. Told as `assembly-over-budget` when not even the idle timeout was waited
 *    for, or when there were more to look at: nothing is lost, but records that belong together may stay apart.
 *
 * Passed on at once: records with a `uid` (a log of whole connections), or with numbers that no packet can have.
 */
export class FlowAssembly implements EvidenceSink {
  readonly #next: EvidenceSink;
  readonly #idle: number;
  readonly #idleTcp: number;
  readonly #active: number;
  /** Longest time between two flows that may have to do with each other. */
  readonly #gap: number;
  readonly #table: AssemblyTable;
  readonly #overBudgetMessage: string;
  readonly #extras = new Map<number, Extras>();
  /** The slot into which the next record is read. */
  #fresh: number;
  #hand = 0;
  #roomHand = 0;
  /** Three in four of the last 64 records ended later, microseconds since the epoch. */
  #clock = -Infinity;
  readonly #recentEnds = new Float64Array(CLOCK_RECORDS);
  /** Ascending. */
  readonly #leastEnds = new Float64Array(CLOCK_RECORDS / 4 + 1);
  #recent = 0;
  readonly #initiator: [number, number, number, number] = [0, 0, 0, 0];
  readonly #responder: [number, number, number, number] = [0, 0, 0, 0];
  readonly #exporter: [number, number, number, number] = [0, 0, 0, 0];
  readonly #nextHop: [number, number, number, number] = [0, 0, 0, 0];
  /** Handed on with each flow; the sink keeps nothing of it. */
  readonly #out: ExportedFlow = {
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
    oneWay: false,
    exporter: undefined,
    nextHop: undefined,
    inputInterface: 0,
    outputInterface: 0,
    assembly: 0,
    protocol: undefined,
    rule: undefined,
    name: undefined,
    nameOrigin: undefined,
    userAgent: undefined,
    ja3: undefined,
    ja4: undefined,
    enterpriseFields: undefined,
    uid: undefined,
  };

  /** @param openFlows flows that may be open at a time, at least 1 */
  constructor(next: EvidenceSink, timeouts: FlowTimeouts, openFlows = OPEN_FLOWS) {
    this.#next = next;
    this.#idle = timeouts.idle * 1e6;
    this.#idleTcp = timeouts.idleTcp * 1e6;
    this.#active = timeouts.active * 1e6;
    this.#gap = Math.max(this.#idle, this.#idleTcp, CLOCK_SKEW);
    this.#overBudgetMessage =
      `more flows were open at a time than are kept (${openFlows} in all, ${LOOKED_AT} of one five-tuple): ` +
      'some did not wait for further records of theirs, which may stand as flows of their own; no traffic is lost';
    this.#table = new AssemblyTable(openFlows + 1);
    this.#fresh = this.#table.allocate();
  }

  flow(flow: ExportedFlow): void {
    if (flow.uid !== undefined || !isSound(flow)) {
      this.#next.flow(flow);
      return;
    }
    const slot = this.#fresh;
    this.#fill(slot, flow);
    this.#tick(Math.max(flow.start, flow.end));
    const partner = this.#partnerOf(slot);
    if (partner < 0) {
      this.#table.link(slot);
      this.#sweep();
      this.#fresh = this.#room();
    } else {
      this.#join(partner, slot);
    }
  }

  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    this.#next.answer(client, address, name, from, until);
  }

  logName(name: LogName): void {
    this.#next.logName(name);
  }

  problem(kind: string, offset: number, message: string, count?: number): void {
    this.#next.problem(kind, offset, message, count);
  }

  /** Gives out every open flow. */
  end(): void {
    const table = this.#table;
    for (let slot = 0; slot < table.used; slot++) {
      if ((table.words[slot * STRIDE + STATUS] & LIVE) !== 0) this.#giveOut(slot, Infinity);
    }
    this.#clock = -Infinity;
    this.#recent = 0;
  }

  #fill(slot: number, flow: ExportedFlow): void {
    const { words, floats, outlines, times } = this.#table;
    const at = slot * STRIDE;
    const { initiator, responder, transport } = flow;
    const isOneWay = flow.oneWay === true;
    let from = flow.initiatorPort;
    let to = flow.responderPort;
    let isAnswer = false;
    if (isOneWay && (transport === ICMP || transport === ICMP6)) {
      const request = icmpRequestOf(transport, from);
      if (request >= 0 && !isGroup(responder)) {
        from = to;
        to = request;
        isAnswer = true;
      }
    }
    const order =
      (initiator[3] | 0) - (responder[3] | 0) ||
      (initiator[2] | 0) - (responder[2] | 0) ||
      (initiator[1] | 0) - (responder[1] | 0) ||
      (initiator[0] | 0) - (responder[0] | 0) ||
      from - to;
    const way = order > 0 ? 1 : 0;
    const source = at + (way === 0 ? LOW_ADDRESS : HIGH_ADDRESS);
    words[source] = initiator[0];
    words[source + 1] = initiator[1];
    words[source + 2] = initiator[2];
    words[source + 3] = initiator[3];
    const target = at + (way === 0 ? HIGH_ADDRESS : LOW_ADDRESS);
    words[target] = responder[0];
    words[target + 1] = responder[1];
    words[target + 2] = responder[2];
    words[target + 3] = responder[3];
    words[at + PORTS] = way === 0 ? from | (to << 16) : to | (from << 16);
    words[at + PROTOCOL] = isOneWay ? transport : transport | TWO_WAY | (way === 0 ? 0 : BEGUN_BY_HIGH);
    words[at + SAMPLING] = Math.max(1, flow.sampling ?? 1);
    const { exporter = NOT_TOLD, nextHop = NOT_TOLD } = flow;
    for (let i = 0; i < 4; i++) {
      words[at + EXPORTER + i] = exporter[i];
      words[at + NEXT_HOP + i] = nextHop[i];
    }
    const input = flow.inputInterface ?? 0;
    const output = flow.outputInterface ?? 0;
    words[at + INPUT] = input;
    words[at + OUTPUT] = output;
    const state = flow.state === undefined ? 0 : CONN_STATES.indexOf(flow.state);
    words[at + SEEN] = (((flow.tcpFlags ?? 0) & 255) << (way * 8)) | ((flow.assembly ?? 0) << 16) | (state << 24);
    words[at + STATUS] = isAnswer ? (way === 0 ? ASKED_BY_HIGH : ASKED_BY_LOW) : 0;

    const observer = observerOf(exporter, input, output);
    outlines[slot * OUTLINE + OBSERVER] = observer;
    outlines[slot * OUTLINE + OBSERVER + 1] = observer;
    const { start, locator } = flow;
    const end = Math.max(start, flow.end);
    const there = slot * FLOATS + way;
    const thereTimes = slot * TIMES + way;
    words[at + RECORDS + way] = 1;
    times[thereTimes + START] = start;
    times[thereTimes + END] = end;
    times[thereTimes + COVERED] = end - start;
    floats[there + LOCATOR] = locator;
    floats[there + PACKETS] = flow.packetsOut;
    floats[there + BYTES] = flow.bytesOut;
    const back = slot * FLOATS + 1 - way;
    const backTimes = slot * TIMES + 1 - way;
    words[at + RECORDS + 1 - way] = isOneWay ? 0 : 1;
    times[backTimes + START] = isOneWay ? Infinity : start;
    times[backTimes + END] = isOneWay ? -Infinity : end;
    times[backTimes + COVERED] = isOneWay ? 0 : end - start;
    floats[back + LOCATOR] = isOneWay ? Infinity : locator;
    floats[back + PACKETS] = isOneWay ? 0 : flow.packetsIn;
    floats[back + BYTES] = isOneWay ? 0 : flow.bytesIn;
    this.#table.draw(slot);
    if (
      flow.protocol !== undefined ||
      flow.name !== undefined ||
      flow.userAgent !== undefined ||
      flow.ja3 !== undefined ||
      flow.ja4 !== undefined ||
      flow.enterpriseFields !== undefined
    ) {
      const { protocol, rule, name, nameOrigin, userAgent, ja3, ja4, enterpriseFields } = flow;
      this.#extras.set(slot, { protocol, rule, name, nameOrigin, userAgent, ja3, ja4, enterpriseFields });
    }
  }

  /** The open flow that a new record belongs to: one that it overlaps, of the same exporter, nearest in time; −1 = none. */
  #partnerOf(fresh: number): number {
    const table = this.#table;
    let best = -1;
    let bestRank = -1;
    let bestShared = 0;
    let looks = 0;
    for (let slot = table.first(fresh); slot >= 0; slot = table.next(slot)) {
      if (++looks > LOOKED_AT) {
        this.#overBudget(fresh);
        break;
      }
      if (!table.mayBeRelated(slot, fresh, this.#gap, true)) continue;
      const shared = this.#shared(slot, fresh);
      const least = shared >= 0 ? 2 : 0;
      // Most of a long chain cannot come before the best, whatever their exporter.
      if (least + 1 < bestRank || (least + 1 === bestRank && shared <= bestShared)) continue;
      if (!this.#belongTogether(slot, fresh, true)) continue;
      const rank = least + (this.#isSameExporter(slot, fresh) ? 1 : 0);
      if (rank > bestRank || (rank === bestRank && shared > bestShared)) {
        best = slot;
        bestRank = rank;
        bestShared = shared;
      }
    }
    return best;
  }

  /** Microseconds that two flows have in common; negative: the gap between them. */
  #shared(a: number, b: number): number {
    return (
      Math.min(this.#table.endOf(a), this.#table.endOf(b)) - Math.max(this.#table.startOf(a), this.#table.startOf(b))
    );
  }

  #locatorOf(slot: number): number {
    const at = slot * FLOATS + LOCATOR;
    return Math.min(this.#table.floats[at], this.#table.floats[at + 1]);
  }

  #isSameExporter(a: number, b: number): boolean {
    const { words } = this.#table;
    for (let i = EXPORTER; i < EXPORTER + 4; i++) if (words[a * STRIDE + i] !== words[b * STRIDE + i]) return false;
    return true;
  }

  /** Rules 1 and 2, for two slots of one key. `isNew`: b is a record just read, else both are open flows. */
  #belongTogether(a: number, b: number, isNew: boolean): boolean {
    const { words, outlines, times } = this.#table;
    const wordsA = a * STRIDE;
    const wordsB = b * STRIDE;
    if (words[wordsA + SAMPLING] !== words[wordsB + SAMPLING]) return false;
    const startA = this.#table.startOf(a);
    const startB = this.#table.startOf(b);
    const endA = this.#table.endOf(a);
    const endB = this.#table.endOf(b);
    const shared = Math.min(endA, endB) - Math.max(startA, startB);
    const isAFirst = startA < startB || (startA === startB && endA <= endB);
    const earlier = words[(isAFirst ? wordsA : wordsB) + SEEN];
    const later = words[(isAFirst ? wordsB : wordsA) + SEEN];
    const isTcp = (words[wordsA + PROTOCOL] & 255) === TCP;
    const isClosed = isTcp && ((earlier | (earlier >>> 8)) & (FIN | RST)) !== 0;
    if (shared < (isTcp && !isClosed ? -this.#idleTcp : -this.#idle)) return false;
    const isReopened = isClosed && ((later | (later >>> 8)) & SYN) !== 0;
    if (shared < 0 && isReopened) return false;

    let continues = false;
    for (let side = 0; side < 2; side++) {
      if (words[wordsA + RECORDS + side] === 0 || words[wordsB + RECORDS + side] === 0) continue;
      continues = true;
      const timesA = a * TIMES + side;
      const timesB = b * TIMES + side;
      const first = Math.min(times[timesA + START], times[timesB + START]);
      const last = Math.max(times[timesA + END], times[timesB + END]);
      const isApart =
        Math.min(times[timesA + END], times[timesB + END]) <= Math.max(times[timesA + START], times[timesB + START]);
      const isOneObserver = outlines[a * OUTLINE + OBSERVER + side] === outlines[b * OUTLINE + OBSERVER + side];
      if (!isOneObserver && (isNew || !isApart)) return false;
      if (isApart) {
        if (isReopened) return false;
      } else if (times[timesA + COVERED] + times[timesB + COVERED] > last - first) {
        return false;
      }
    }
    const whole = Math.max(endA, endB) - Math.min(startA, startB);
    return whole <= this.#active || (!continues && shared * 2 >= whole);
  }

  /** Rule 3, for two open flows of one key. */
  #areDuplicates(a: number, b: number): boolean {
    const { words, floats, outlines, times } = this.#table;
    const wordsA = a * STRIDE;
    const wordsB = b * STRIDE;
    const rateA = words[wordsA + SAMPLING] >>> 0;
    const rateB = words[wordsB + SAMPLING] >>> 0;
    let common = false;
    for (let side = 0; side < 2; side++) {
      const hasA = words[wordsA + RECORDS + side] !== 0;
      const hasB = words[wordsB + RECORDS + side] !== 0;
      if (!hasA || !hasB) {
        if (hasA !== hasB && rateA !== rateB) return false;
        continue;
      }
      common = true;
      if (outlines[a * OUTLINE + OBSERVER + side] === outlines[b * OUTLINE + OBSERVER + side]) return false;
      const floatA = a * FLOATS + side;
      const floatB = b * FLOATS + side;
      const timesA = a * TIMES + side;
      const timesB = b * TIMES + side;
      const startA = times[timesA + START];
      const startB = times[timesB + START];
      const endA = times[timesA + END];
      const endB = times[timesB + END];
      const shorter = Math.min(endA - startA, endB - startB);
      if (Math.min(endA, endB) - Math.max(startA, startB) + CLOCK_SKEW < shorter / 2) return false;
      if (shorter === 0 && rateA > 1 && rateB > 1) return false;
      const packetsA = floats[floatA + PACKETS];
      const packetsB = floats[floatB + PACKETS];
      if (!isAlike(packetsA, rateA, packetsB, rateB)) return false;
      if (rateA === 1 && rateB === 1 && packetsA === packetsB) {
        const bytesA = floats[floatA + BYTES];
        const bytesB = floats[floatB + BYTES];
        const tolerance = Math.max(0.1 * Math.max(bytesA, bytesB), FRAME_BYTES * packetsA);
        if (Math.abs(bytesA - bytesB) > tolerance) return false;
      }
    }
    return common;
  }

  /** Adds what `gone` holds to `keep`. */
  #join(keep: number, gone: number): void {
    const { words, floats, times } = this.#table;
    const to = keep * STRIDE;
    const from = gone * STRIDE;
    this.#takeFields(keep, gone, this.#table.startOf(gone) >= this.#table.startOf(keep));
    for (let side = 0; side < 2; side++) {
      const records = words[from + RECORDS + side];
      if (records === 0) continue;
      if (words[to + RECORDS + side] === 0) {
        this.#moveSide(keep, gone, side);
        continue;
      }
      words[to + SEEN] |= ASSEMBLY.joined << 16;
      words[to + RECORDS + side] += records;
      const a = keep * FLOATS + side;
      const b = gone * FLOATS + side;
      if (floats[b + LOCATOR] < floats[a + LOCATOR]) floats[a + LOCATOR] = floats[b + LOCATOR];
      floats[a + PACKETS] += floats[b + PACKETS];
      floats[a + BYTES] += floats[b + BYTES];
      const timesA = keep * TIMES + side;
      const timesB = gone * TIMES + side;
      if (times[timesB + START] < times[timesA + START]) times[timesA + START] = times[timesB + START];
      if (times[timesB + END] > times[timesA + END]) times[timesA + END] = times[timesB + END];
      times[timesA + COVERED] += times[timesB + COVERED];
    }
    this.#table.redraw(keep);
  }

  /** Leaves out the directions of `gone` that `keep` has too, and takes over one that it has not. */
  #leaveOut(keep: number, gone: number): void {
    const { words, floats } = this.#table;
    const to = keep * STRIDE;
    const from = gone * STRIDE;
    const isTwoWay = (words[to + PROTOCOL] & TWO_WAY) !== 0;
    const seen = words[to + SEEN];
    this.#takeFields(keep, gone, false);
    words[to + SEEN] = seen | (ASSEMBLY.deduplicated << 16);
    for (let side = 0; side < 2; side++) {
      const records = words[from + RECORDS + side];
      if (records === 0) continue;
      if (words[to + RECORDS + side] === 0) {
        words[to + SEEN] |= words[from + SEEN] & (255 << (side * 8));
        this.#moveSide(keep, gone, side);
      } else if (side === 0 || !isTwoWay) {
        for (let i = 0; i < records; i++) {
          const message =
            'the record was left out: another exporter or interface had recorded the same packets; no traffic is lost';
          this.#next.problem('duplicate-record', floats[gone * FLOATS + LOCATOR + side], message);
        }
      }
    }
    this.#table.redraw(keep);
  }

  #takeFields(keep: number, gone: number, isGoneLater: boolean): void {
    const { words } = this.#table;
    const to = keep * STRIDE;
    const from = gone * STRIDE;
    if (this.#locatorOf(gone) < this.#locatorOf(keep)) {
      words.copyWithin(to + EXPORTER, from + EXPORTER, from + OUTPUT + 1);
    }
    const mine = words[to + SEEN];
    const other = words[from + SEEN];
    const state = other >>> 24 !== 0 && (isGoneLater || mine >>> 24 === 0) ? other : mine;
    words[to + SEEN] = ((mine | other) & 0xffffff) | (state & (255 << 24));
    words[to + STATUS] |= words[from + STATUS] & (ASKED_BY_LOW | ASKED_BY_HIGH);
    if (this.#extras.size === 0) return;
    const extras = this.#extras.get(gone);
    if (extras === undefined) return;
    this.#extras.delete(gone);
    this.#extras.set(keep, united(this.#extras.get(keep), extras));
  }

  #moveSide(keep: number, gone: number, side: number): void {
    const { words, floats, outlines, times } = this.#table;
    words[keep * STRIDE + SEEN] |= ASSEMBLY.paired << 16;
    words[keep * STRIDE + RECORDS + side] = words[gone * STRIDE + RECORDS + side];
    outlines[keep * OUTLINE + OBSERVER + side] = outlines[gone * OUTLINE + OBSERVER + side];
    const a = keep * FLOATS + side;
    const b = gone * FLOATS + side;
    for (let i = PACKETS; i <= LOCATOR; i += 2) floats[a + i] = floats[b + i];
    const timesA = keep * TIMES + side;
    const timesB = gone * TIMES + side;
    for (let i = START; i <= COVERED; i += 2) times[timesA + i] = times[timesB + i];
  }

  /**
   * Gives a flow out, once it was put together with the other open ones that it belongs to; if it has become one that
   * further records may yet join by `clock`, it stays.
   */
  #giveOut(given: number, clock: number): void {
    const table = this.#table;
    let slot = given;
    for (;;) {
      const other = this.#relativeOf(slot);
      if (other < 0) break;
      const isFirst = this.#locatorOf(slot) <= this.#locatorOf(other);
      const keep = isFirst ? slot : other;
      const gone = isFirst ? other : slot;
      if (this.#areDuplicates(keep, gone)) this.#leaveOut(keep, gone);
      else this.#join(keep, gone);
      table.unlink(gone);
      slot = keep;
      if (!this.#isOver(slot, clock)) return;
    }
    this.#handOn(slot);
    table.unlink(slot);
  }

  /** Another open flow that holds the same packets as this one, else one that belongs together with it; −1 = none. */
  #relativeOf(slot: number): number {
    const table = this.#table;
    let relative = -1;
    let looks = 0;
    let other = table.first(slot);
    while (other >= 0 && ++looks <= LOOKED_AT) {
      if (other !== slot && table.mayBeRelated(slot, other, this.#gap, false)) {
        if (this.#areDuplicates(slot, other)) return other;
        if (relative < 0 && this.#belongTogether(slot, other, false)) relative = other;
      }
      other = table.next(other);
    }
    return relative;
  }

  #isOver(slot: number, clock: number): boolean {
    return this.#idleUntil(slot) + this.#active < clock;
  }

  /** End of a flow and the idle timeout that holds after it. */
  #idleUntil(slot: number): number {
    const { words } = this.#table;
    const seen = words[slot * STRIDE + SEEN];
    const isOpenTcp = (words[slot * STRIDE + PROTOCOL] & 255) === TCP && ((seen | (seen >>> 8)) & (FIN | RST)) === 0;
    return this.#table.endOf(slot) + (isOpenTcp ? this.#idleTcp : this.#idle);
  }

  #tick(time: number): void {
    this.#recentEnds[this.#recent++] = time;
    if (this.#recent < CLOCK_RECORDS) return;
    this.#clock = this.#lowerQuartile();
    this.#recent = 0;
  }

  /** Of the recent ends: of 64, the one before which 16 come. */
  #lowerQuartile(): number {
    const least = this.#leastEnds;
    let count = 0;
    for (const end of this.#recentEnds) {
      if (count === least.length && end >= least[count - 1]) continue;
      let at = count < least.length ? count++ : count - 1;
      for (; at > 0 && least[at - 1] > end; at--) least[at] = least[at - 1];
      least[at] = end;
    }
    return least[count - 1];
  }

  /** Gives out flows for which no further record is to be expected, looking at a few slots at a time. */
  #sweep(): void {
    const clock = this.#clock;
    const wait = Math.min(this.#idle, this.#idleTcp) + this.#active;
    const table = this.#table;
    for (let i = 0; i < SWEEP_STEP; i++) {
      if (this.#hand >= table.used) this.#hand = 0;
      const slot = this.#hand++;
      // The outline tells of most slots that they are not over.
      if (table.endOf(slot) + wait >= clock) continue;
      if ((table.words[slot * STRIDE + STATUS] & LIVE) !== 0 && this.#isOver(slot, clock)) this.#giveOut(slot, clock);
    }
  }

  /** A slot for the next record; when all are taken, the flow furthest from now of the next few has to go. */
  #room(): number {
    const table = this.#table;
    let slot = table.allocate();
    while (slot < 0) {
      const clock = this.#clock;
      let furthest = -1;
      let distance = -1;
      // Neighbours are of one age, so the candidates lie all over the table.
      this.#roomHand = (this.#roomHand + 1) % table.used;
      for (let i = 0; i < ROOM_CANDIDATES; i++) {
        const candidate = (this.#roomHand + Math.floor((i * table.used) / ROOM_CANDIDATES)) % table.used;
        const away = Math.abs(this.#table.endOf(candidate) - clock);
        if (away > distance) {
          furthest = candidate;
          distance = away;
        }
      }
      if (this.#idleUntil(furthest) >= clock) this.#overBudget(furthest);
      this.#giveOut(furthest, Infinity);
      slot = table.allocate();
    }
    return slot;
  }

  #overBudget(slot: number): void {
    this.#next.problem('assembly-over-budget', this.#locatorOf(slot), this.#overBudgetMessage);
  }

  /** Whether the low end is the initiator of a flow of one-way records (rule 1). */
  #isBegunByLow(slot: number): boolean {
    const { words, floats, times } = this.#table;
    const at = slot * STRIDE;
    const float = slot * FLOATS;
    const status = words[at + STATUS] & (ASKED_BY_LOW | ASKED_BY_HIGH);
    if (status === ASKED_BY_LOW || status === ASKED_BY_HIGH) return status === ASKED_BY_LOW;
    const startLow = times[slot * TIMES + START];
    const startHigh = times[slot * TIMES + START + 1];
    const transport = words[at + PROTOCOL] & 255;
    if (transport === ICMP || transport === ICMP6) return startLow <= startHigh;
    if (transport === TCP) {
      const low = words[at + SEEN] & 255;
      const high = (words[at + SEEN] >>> 8) & 255;
      const isSynLow = (low & (SYN | ACK)) === SYN;
      const isSynHigh = (high & (SYN | ACK)) === SYN;
      if (isSynLow !== isSynHigh) return isSynLow;
      // Of several packets the flags do not tell whether SYN and ACK stood in one.
      const isAnswerLow = floats[float + PACKETS] === 1 && (low & (SYN | ACK)) === (SYN | ACK);
      const isAnswerHigh = floats[float + PACKETS + 1] === 1 && (high & (SYN | ACK)) === (SYN | ACK);
      if (isAnswerLow !== isAnswerHigh) return isAnswerHigh;
      if ((low & high & SYN) !== 0 && words[at + SAMPLING] === 1 && startLow !== startHigh) return startLow < startHigh;
    }
    const portLow = words[at + PORTS] & 0xffff;
    const portHigh = words[at + PORTS] >>> 16;
    const isServerLow = isServerPort(portLow, transport);
    if (isServerLow !== isServerPort(portHigh, transport)) return !isServerLow;
    if (words[at + SAMPLING] >>> 0 > 1 && portLow >= DYNAMIC_PORTS !== portHigh >= DYNAMIC_PORTS) {
      return portLow >= DYNAMIC_PORTS;
    }
    if (startLow !== startHigh) return startLow < startHigh;
    return portLow >= portHigh;
  }

  #handOn(slot: number): void {
    const { words, floats } = this.#table;
    const out = this.#out;
    const at = slot * STRIDE;
    const float = slot * FLOATS;
    const kind = words[at + PROTOCOL];
    const isTwoWay = (kind & TWO_WAY) !== 0;
    const byLow = isTwoWay ? (kind & BEGUN_BY_HIGH) === 0 : this.#isBegunByLow(slot);
    const outSide = byLow ? 0 : 1;
    const inSide = 1 - outSide;
    out.start = this.#table.startOf(slot);
    out.end = this.#table.endOf(slot);
    for (let i = 0; i < 4; i++) {
      const low = words[at + LOW_ADDRESS + i] >>> 0;
      const high = words[at + HIGH_ADDRESS + i] >>> 0;
      this.#initiator[i] = byLow ? low : high;
      this.#responder[i] = byLow ? high : low;
    }
    const portLow = words[at + PORTS] & 0xffff;
    const portHigh = words[at + PORTS] >>> 16;
    out.initiatorPort = byLow ? portLow : portHigh;
    out.responderPort = byLow ? portHigh : portLow;
    out.transport = kind & 255;
    out.packetsOut = floats[float + PACKETS + outSide];
    out.packetsIn = floats[float + PACKETS + inSide];
    out.bytesOut = floats[float + BYTES + outSide];
    out.bytesIn = floats[float + BYTES + inSide];
    const seen = words[at + SEEN];
    out.tcpFlags = (seen | (seen >>> 8)) & 255;
    out.state = CONN_STATES[seen >>> 24] ?? null;
    out.locator = this.#locatorOf(slot);
    out.sampling = words[at + SAMPLING] >>> 0;
    const isAlone = !isTwoWay && (words[at + RECORDS] === 0 || words[at + RECORDS + 1] === 0);
    out.oneWay = isAlone;
    out.assembly = ((seen >>> 16) & 255) | (isAlone ? ASSEMBLY.oneWay : 0);
    out.exporter = this.#addressAt(at + EXPORTER, this.#exporter);
    out.nextHop = this.#addressAt(at + NEXT_HOP, this.#nextHop);
    out.inputInterface = words[at + INPUT] >>> 0;
    out.outputInterface = words[at + OUTPUT] >>> 0;
    const extras = this.#extras.size === 0 ? undefined : this.#extras.get(slot);
    out.protocol = extras?.protocol;
    out.rule = extras?.rule;
    out.name = extras?.name;
    out.nameOrigin = extras?.nameOrigin;
    out.userAgent = extras?.userAgent;
    out.ja3 = extras?.ja3;
    out.ja4 = extras?.ja4;
    out.enterpriseFields = extras?.enterpriseFields;
    if (extras !== undefined) this.#extras.delete(slot);
    this.#next.flow(out);
  }

  #addressAt(at: number, to: [number, number, number, number]): AddressWords | undefined {
    const { words } = this.#table;
    let given = 0;
    for (let i = 0; i < 4; i++) {
      given |= words[at + i];
      to[i] = words[at + i] >>> 0;
    }
    return given === 0 ? undefined : to;
  }
}

/** What either record tells, the first one where both do; a name stays with its origin, a protocol with its rule. */
function united(first: Extras | undefined, second: Extras): Extras {
  if (first === undefined) return second;
  const named = first.name === undefined ? second : first;
  const recognised = first.protocol === undefined ? second : first;
  return {
    protocol: recognised.protocol,
    rule: recognised.rule,
    name: named.name,
    nameOrigin: named.nameOrigin,
    userAgent: first.userAgent ?? second.userAgent,
    ja3: first.ja3 ?? second.ja3,
    ja4: first.ja4 ?? second.ja4,
    enterpriseFields: first.enterpriseFields ?? second.enterpriseFields,
  };
}
