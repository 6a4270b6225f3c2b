import * as column from './flow-batch.ts';
import { CAUSE_NUMBERS, lastOffset } from './traffic.ts';
import { type Population, SCAN } from './population.ts';

/** Labels that a population may have. */
export const MOST_LABELS = 256;

/**
 * What flows add up to, under the definitions of the findings, worked out from what was simulated and never from evidence:
 * the ground on which findings are judged. Activity = flows opened from inside, without probes and without the servers that
 * the profile knows.
 */
export class Tally {
  readonly population: Population;
  readonly groups: readonly (readonly string[])[];
  readonly days: number;
  /** Flows, bytes and packets of activity by day and label. */
  readonly sums: Float64Array;
  /** Activity by local hour of the day: flows by their start, bytes spread evenly over the hours covered. */
  readonly hourFlows = new Float64Array(24);
  readonly hourBytes = new Float64Array(24);
  /** Bytes spread by day. */
  readonly dayBytes: Float64Array;
  /** Activity flows and inbound flows by day and country. */
  readonly countryFlows: Float64Array;
  readonly countryInbound: Float64Array;
  /** Activity flows of each host. */
  readonly hostFlows: Float64Array;
  /** All flows, whoever opened them. */
  flows = 0;
  /** Sums of host-hours: all, then of each group. */
  readonly hostHours: Float64Array;
  /** Bits of the groups (from 1; bit 0 = any) that a host was seen with, for the hours of the days around the present one. */
  #touched: Uint32Array;
  readonly #groupsOf: Uint32Array;

  constructor(population: Population, groups: readonly (readonly string[])[]) {
    if (groups.length > 30) throw new RangeError('at most 30 groups');
    this.population = population;
    this.groups = groups;
    this.days = population.world.days;
    this.sums = new Float64Array(this.days * MOST_LABELS * 3);
    this.dayBytes = new Float64Array(this.days + 1);
    this.countryFlows = new Float64Array(this.days * MOST_LABELS);
    this.countryInbound = new Float64Array(this.days * MOST_LABELS);
    this.hostFlows = new Float64Array(population.hosts.length);
    this.hostHours = new Float64Array(groups.length + 1);
    this.#touched = new Uint32Array(population.hosts.length * (this.days + 1) * 24);
    this.#groupsOf = new Uint32Array(MOST_LABELS);
  }

  /** Forgets which host-hours were touched, so that another run of the same population may be added. */
  nextRun(): void {
    for (const bits of this.#touched) {
      for (let group = 0; group <= this.groups.length; group++) if (bits & (1 << group)) this.hostHours[group]++;
    }
    this.#touched.fill(0);
  }

  addDay(values: Float64Array, order: Uint32Array, day: number): void {
    const { population } = this;
    this.#nameGroups();
    for (const at of order) {
      this.flows++;
      const label = values[at + column.LABEL];
      const country = values[at + column.COUNTRY];
      const host = values[at + column.HOST];
      if (values[at + column.CAUSE] === CAUSE_NUMBERS.visit) this.countryInbound[day * MOST_LABELS + country]++;
      if (host < 0 || label === SCAN || population.isDeclaredServer(values[at + column.SERVER])) continue;
      const bytes = values[at + column.BYTES_OUT] + values[at + column.BYTES_IN];
      const to = (day * MOST_LABELS + label) * 3;
      this.sums[to]++;
      this.sums[to + 1] += bytes;
      this.sums[to + 2] += values[at + column.PACKETS_OUT] + values[at + column.PACKETS_IN];
      this.countryFlows[day * MOST_LABELS + country]++;
      this.hostFlows[host]++;
      this.#spread(values, at, host, label, bytes);
    }
  }

  #spread(values: Float64Array, at: number, host: number, label: number, bytes: number): void {
    const { clock, firstDay } = this.population;
    const start = values[at + column.START];
    const first = clock.localHour(start);
    const end = start + lastOffset(values, at);
    const last = clock.localHour(end);
    this.hourFlows[((first % 24) + 24) % 24]++;
    const part = bytes / (last - first + 1);
    const bits = this.#groupsOf[label] | 1;
    for (let hour = first; hour <= last; hour++) {
      this.hourBytes[((hour % 24) + 24) % 24] += part;
      const since = hour - firstDay * 24;
      this.dayBytes[Math.floor(since / 24)] += part;
      this.#touched[host * (this.days + 1) * 24 + since] |= bits;
    }
  }

  #nameGroups(): void {
    this.population.labels.forEach(({ category, service }, label) => {
      this.groups.forEach((members, group) => {
        if (members.includes(category) || (service !== null && members.includes(service))) {
          this.#groupsOf[label] |= 2 << group;
        }
      });
    });
  }

  /** Sum over the days of one metric of the labels that `counts`: 0 flows, 1 bytes, 2 packets. */
  total(metric: 0 | 1 | 2, counts: (label: number) => boolean, fromDay = 0, untilDay = this.days): number {
    let sum = 0;
    const labels = this.population.labels.length;
    for (let label = 0; label < labels; label++) {
      if (!counts(label)) continue;
      for (let day = fromDay; day < untilDay; day++) sum += this.sums[(day * MOST_LABELS + label) * 3 + metric];
    }
    return sum;
  }
}
