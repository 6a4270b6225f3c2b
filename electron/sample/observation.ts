import * as column from './flow-batch.ts';
import type { Population } from './population.ts';
import { lastOffset } from './traffic.ts';

interface Cut {
  readonly from: number;
  readonly to: number;
  readonly kind: 'gap' | 'network';
}

/** What the recording could hold of what happened: no flow that touches an outage. */
export class Observation {
  readonly #population: Population;
  readonly #cuts: readonly Cut[];

  constructor(population: Population, kinds: readonly ('gap' | 'network')[] = ['gap', 'network']) {
    this.#population = population;
    this.#cuts = population.world.outages
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ from, hours, kind }) => {
        const begin = population.instantOf(from);
        return { from: begin, to: begin + hours * 3600e6, kind };
      });
  }

  /** The records that are left, in their order. */
  seen(values: Float64Array, order: Uint32Array): Uint32Array {
    if (this.#cuts.length === 0) return order;
    return order.filter((at) => {
      const start = values[at + column.START];
      const end = start + lastOffset(values, at);
      return !this.#cuts.some(
        ({ from, to, kind }) => start < to && end >= from && (kind === 'gap' || this.#isOurs(values, at)),
      );
    });
  }

  #isOurs(values: Float64Array, at: number): boolean {
    const population = this.#population;
    return population.isInside(values[at + column.CLIENT]) || population.isInside(values[at + column.SERVER]);
  }
}
