import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { SUBJECT_SIDES, UDP } from '../../shared/flow.ts';
import { REFLECTOR_PORTS } from '../../shared/flow-shape.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { FlowCollector } from './flow-collector.ts';
import { grown } from './grown-array.ts';

/**
 * Reflection, from both of its ends: addresses inside that answer questions in somebody's name with far more than was asked
 * (reflectors), and addresses inside to which such answers come that they did not ask for (victims). Rossow, "Amplification
 * Hell: Revisiting Network Protocols for DDoS Abuse", NDSS 2014: services, amplification factors.
 */

/** Answered questions to one port within an hour in one client's name, and bytes of answer for each byte asked. */
export const REFLECTOR_FLOWS = 100;
export const AMPLIFICATION = 5;
/** Sources of unasked answers from one port within an hour. */
export const VICTIM_SOURCES = 20;
const MOST_KEPT = 1 << 20;

export interface Reflection {
  readonly address: string;
  readonly port: number;
  /** Most answered questions (reflector) or sources (victim) within a UTC hour. */
  readonly most: number;
}

export class ReflectionCollector implements FlowCollector {
  readonly #addresses = new AddressNumbers();
  readonly #ports = new PairIndex();
  readonly #ends = new PairIndex();
  /** (port of an address and its other end, UTC hour), with flows; of answers the same end to end. */
  readonly #asked = new PairIndex();
  #askedFlows = new Uint32Array(256);
  readonly #struckHours = new PairIndex();
  readonly #struck = new PairIndex();
  #struckSources = new Uint32Array(256);
  leftOut = 0;

  addSegment(reader: CaseReader, segment: SegmentInfo): void {
    const transport = reader.column(segment, 'transport');
    const side = reader.column(segment, 'subjectSide');
    const start = reader.column(segment, 'start');
    const initiator = reader.column(segment, 'initiator');
    const responder = reader.column(segment, 'responder');
    const ownPort = reader.column(segment, 'initiatorPort');
    const port = reader.column(segment, 'responderPort');
    const packetsIn = reader.column(segment, 'packetsIn');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    const inside = SUBJECT_SIDES.indexOf('responder');
    for (let row = 0; row < segment.rows; row++) {
      if (transport[row] !== UDP || side[row] !== inside) continue;
      if (!(start[row] >= 0 && start[row] < 4_294_967_295e6)) continue;
      const isAsked = packetsIn[row] > 0 && REFLECTOR_PORTS.has(port[row]);
      const isStruck = packetsIn[row] === 0 && REFLECTOR_PORTS.has(ownPort[row]);
      if ((!isAsked && !isStruck) || (isAsked && bytesIn[row] < AMPLIFICATION * bytesOut[row])) continue;
      if (this.#asked.size >= MOST_KEPT || this.#struck.size >= MOST_KEPT) {
        this.leftOut++;
        continue;
      }
      const hour = Math.floor(start[row] / 3_600_000_000);
      const own = this.#addresses.number(responder, row * 4);
      const other = this.#addresses.number(initiator, row * 4);
      if (isAsked) {
        const ends = this.#ends.number(this.#ports.number(own, port[row]), other);
        const at = this.#asked.number(ends, hour);
        if (at >= this.#askedFlows.length) this.#askedFlows = grown(this.#askedFlows);
        this.#askedFlows[at]++;
      } else {
        const at = this.#struckHours.number(this.#ports.number(own, ownPort[row]), hour);
        if (at >= this.#struckSources.length) this.#struckSources = grown(this.#struckSources);
        const known = this.#struck.size;
        if (this.#struck.number(at, other) === known) this.#struckSources[at]++;
      }
    }
  }

  reflectors(): Reflection[] {
    const most = new Map<number, number>();
    for (let at = 0; at < this.#asked.size; at++) {
      const port = this.#ends.first(this.#asked.first(at));
      most.set(port, Math.max(most.get(port) ?? 0, this.#askedFlows[at]));
    }
    return this.#told(most, REFLECTOR_FLOWS);
  }

  victims(): Reflection[] {
    const most = new Map<number, number>();
    for (let at = 0; at < this.#struckHours.size; at++) {
      const port = this.#struckHours.first(at);
      most.set(port, Math.max(most.get(port) ?? 0, this.#struckSources[at]));
    }
    return this.#told(most, VICTIM_SOURCES);
  }

  #told(most: ReadonlyMap<number, number>, least: number): Reflection[] {
    return [...most]
      .filter(([, count]) => count >= least)
      .toSorted(
        ([x, inX], [y, inY]) =>
          inY - inX ||
          this.#addresses.compare(this.#ports.first(x), this.#ports.first(y)) ||
          this.#ports.second(x) - this.#ports.second(y),
      )
      .map(([port, count]) => ({
        address: this.#addresses.text(this.#ports.first(port)),
        port: this.#ports.second(port),
        most: count,
      }));
  }
}
