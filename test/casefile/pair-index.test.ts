import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PairGrid, PairIndex } from '../../electron/casefile/pair-index.ts';

/** Numbers pairs in the order of their first sight, with a map of texts. */
class PlainIndex {
  readonly #numbers = new Map<string, number>();

  number(first: number, second: number): number {
    const key = `${first} ${second}`;
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}

describe('PairIndex', () => {
  it('numbers as a map does, while it grows', () => {
    const half = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(half, half), { maxLength: 500 }), (pairs) => {
        const index = new PairIndex();
        const plain = new PlainIndex();
        for (const [first, second] of pairs) {
          const number = index.number(first, second);
          expect(number).toBe(plain.number(first, second));
          expect([index.first(number), index.second(number)]).toEqual([first, second]);
        }
      }),
      { seed: 5 },
    );
  });
});

describe('PairGrid', () => {
  it.each([
    ['of few pairs', 30],
    ['that outgrows its table', 6000],
  ])('numbers as a map does, one by one and all at once: a grid %s', (_, most) => {
    const steps = fc.array(
      fc.record({ below: fc.integer({ min: 1, max: most }), draws: fc.array(fc.tuple(fc.nat(), fc.nat())) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(steps, (rounds) => {
        const grid = new PairGrid();
        const plain = new PlainIndex();
        let below = 1;
        for (const [round, step] of rounds.entries()) {
          below = Math.max(below, step.below);
          grid.reserve(below, below);
          const firsts = Uint32Array.from(step.draws, ([first]) => first % below);
          const seconds = Uint32Array.from(step.draws, ([, second]) => second % below);
          const numbers = new Uint32Array(firsts.length);
          if (round % 2 === 0) grid.numberAll(firsts, seconds, numbers, numbers.length);
          else firsts.forEach((first, i) => (numbers[i] = grid.number(first, seconds[i])));
          expect([...numbers]).toEqual([...firsts].map((first, i) => plain.number(first, seconds[i])));
          expect([...numbers].map((number) => grid.firsts[number])).toEqual([...firsts]);
          expect([...numbers].map((number) => grid.seconds[number])).toEqual([...seconds]);
        }
      }),
      { seed: 6, numRuns: 40 },
    );
  });

  it('numbers a single row alike', () => {
    const grid = new PairGrid();
    grid.numberAlike(3);
    grid.numberAlike(200);
    grid.numberAlike(100);
    expect(grid.size).toBe(200);
    for (const second of [0, 2, 3, 199]) expect(grid.number(0, second)).toBe(second);
  });
});
