import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostHours } from '../../electron/analysis/host-hours.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';

describe('distinct host-hours', () => {
  it('counts as a plain set does, with the groups of each pair', () => {
    const touch = fc.record({
      host: fc.nat(40),
      family: fc.boolean(),
      hour: fc.integer({ min: -50, max: 420_000 }),
      group: fc.nat(39),
    });
    fc.assert(
      fc.property(fc.array(touch, { maxLength: 300 }), (touches) => {
        const counted = new HostHours(40);
        const expected = new Map<string, Set<number>>();
        for (const { host, family, hour, group } of touches) {
          const address = family ? [0x2001_0db8, 0, 0, host] : [0, 0, 0xffff, host];
          const masks = [0, 0];
          masks[group >>> 5] = 1 << (group & 31);
          counted.add(counted.hostNumber(address, 0), hour, masks, 0);
          const key = `${address.join('.')}/${hour}`;
          expected.set(key, (expected.get(key) ?? new Set()).add(group));
        }
        expect(counted.count).toBe(expected.size);
        const groups = new Float64Array(40);
        counted.forEach((_, inGroup) => {
          for (let group = 0; group < 40; group++) if (inGroup(group)) groups[group]++;
        });
        const wanted = new Float64Array(40);
        for (const seen of expected.values()) for (const group of seen) wanted[group]++;
        expect(groups).toEqual(wanted);
      }),
      { seed: 1 },
    );
  });

  it('keeps counting right while it grows', () => {
    const random = Random.seeded(9);
    const counted = new HostHours(1);
    const expected = new Set<number>();
    for (let i = 0; i < 60_000; i++) {
      const host = random.below(3000);
      const hour = random.below(20);
      counted.add(counted.hostNumber([0, 0, 0xffff, 0xaf2d_b000 + host], 0), hour, [1], 0);
      expected.add(host * 100 + hour);
    }
    expect(counted.count).toBe(expected.size);
    expect(counted.full).toBe(false);
  });
});
