import { describe, expect, it } from 'vitest';
import { SampledTable } from '../../../electron/classify/behaviour/sampled-table.ts';

/** Counts each key so many times as it comes. */
function filled(keys: readonly number[], mostSlots: number): SampledTable {
  const table = new SampledTable(2, 1, 1, mostSlots);
  for (const key of keys) {
    const slot = table.slotOf(Uint32Array.of(key, key * 3));
    if (slot < 0) continue;
    table.words[slot * table.stride + 2]++;
    table.values[slot] += 0.5;
  }
  return table;
}

/** Keys with their counts, ascending. */
function entries(table: SampledTable): [number, number, number][] {
  const found: [number, number, number][] = [];
  for (let slot = 0; slot < table.slots; slot++) {
    const at = slot * table.stride;
    if (table.isUsed(slot)) found.push([table.words[at], table.words[at + 2], table.values[slot]]);
  }
  return found.toSorted((one, other) => one[0] - other[0]);
}

const keys = Array.from({ length: 60_000 }, (_, i) => (i % 20_000) + 1);

describe('a table in bounded memory', () => {
  it('keeps every key while there is room', () => {
    const table = filled(keys, 2 ** 16);
    expect([table.entries, table.scale]).toEqual([20_000, 1]);
    expect(entries(table).every(([, count, value]) => count === 3 && value === 1.5)).toBe(true);
    expect(table.find(Uint32Array.of(20_001, 60_003))).toBe(-1);
  });

  it('then keeps a sample that no order changes, each key counted whole', () => {
    const table = filled(keys, 4096);
    expect(table.slots).toBe(4096);
    expect(table.entries).toBeLessThanOrEqual(3072);
    // 20,000 keys: one in eight has room.
    expect(table.scale).toBe(8);
    expect(table.entries * table.scale).toBeGreaterThan(17_500);
    expect(table.entries * table.scale).toBeLessThan(22_500);
    expect(entries(table).every(([, count, value]) => count === 3 && value === 1.5)).toBe(true);
    expect(entries(filled(keys.toReversed(), 4096))).toEqual(entries(table));
    expect(
      entries(
        filled(
          keys.toSorted((one, other) => one - other),
          4096,
        ),
      ),
    ).toEqual(entries(table));
    for (const [key] of entries(table)) expect(table.find(Uint32Array.of(key, key * 3))).toBeGreaterThanOrEqual(0);
  });
});
