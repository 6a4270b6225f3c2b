import { PairIndex } from '../casefile/pair-index.ts';
import type { Metric } from '../../shared/finding.ts';
import type { AnalysisFrame } from './analysis-frame.ts';
import { grown } from './grown-array.ts';

/** Sums of numbered subjects by local day, with the hosts that were seen with each; for few subjects beside many flows. */
export class SubjectDays {
  readonly #days = new PairIndex();
  readonly #hosts = new PairIndex();
  /** Pairs of each subject; made when all flows were seen. */
  #daysOf: ReadonlyMap<number, readonly number[]> | null = null;
  #hostsOf: ReadonlyMap<number, readonly number[]> | null = null;
  readonly #sums = { flows: new Float64Array(256), bytes: new Float64Array(256), packets: new Float64Array(256) };

  /**
   * @param day local days since 1970-01-01
   * @param host number of the host; below 0 = it is not kept who was seen with the subject
   * @param flows as many as the record stands for (its sampling rate)
   */
  add(subject: number, day: number, host: number, flows: number, bytes: number, packets = 0): void {
    this.#daysOf = null;
    this.#hostsOf = null;
    if (host >= 0) this.#hosts.number(subject, host);
    const at = this.#days.number(subject, day);
    const sums = this.#sums;
    if (at === sums.flows.length) {
      sums.flows = grown(sums.flows);
      sums.bytes = grown(sums.bytes);
      sums.packets = grown(sums.packets);
    }
    sums.flows[at] += flows;
    sums.bytes[at] += bytes;
    sums.packets[at] += packets;
  }

  /** Sums of a subject on each day of the frame. */
  series(frame: AnalysisFrame, subject: number, metric: Exclude<Metric, 'host-hours'> = 'flows'): Float64Array {
    const sums = this.#sums[metric];
    const of = new Map<number, number>();
    for (const at of (this.#daysOf ??= bySubject(this.#days)).get(subject) ?? [])
      of.set(this.#days.second(at), sums[at]);
    return Float64Array.from(frame.days, ({ day }) => of.get(day) ?? 0);
  }

  /** Numbers of the hosts seen with a subject, in no order. */
  hosts(subject: number): number[] {
    const pairs = (this.#hostsOf ??= bySubject(this.#hosts)).get(subject) ?? [];
    return pairs.map((at) => this.#hosts.second(at));
  }
}

/** Numbers of the pairs of each first member. */
export function bySubject(pairs: PairIndex): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let at = 0; at < pairs.size; at++) {
    const subject = pairs.first(at);
    const held = found.get(subject);
    if (held === undefined) found.set(subject, [at]);
    else held.push(at);
  }
  return found;
}
