import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockContains, blocksBetween, formatBlock, parseAddress } from '../../shared/address.ts';

const between = (first: string, last: string): string[] | null => {
  const [from, to] = [parseAddress(first), parseAddress(last)];
  return from === null || to === null ? null : (blocksBetween(from, to)?.map((block) => formatBlock(block)) ?? null);
};

describe('blocks between two addresses', () => {
  it.each([
    ['198.51.100.0', '198.51.100.255', ['198.51.100.0/24']],
    ['198.51.100.1', '198.51.100.4', ['198.51.100.1/32', '198.51.100.2/31', '198.51.100.4/32']],
    ['0.0.0.0', '255.255.255.255', ['0.0.0.0/0']],
    ['255.255.255.255', '255.255.255.255', ['255.255.255.255/32']],
    ['2001:db8::', '2001:db8:0:1:ffff:ffff:ffff:ffff', ['2001:db8::/63']],
    ['198.51.100.2', '198.51.100.1', null],
    ['198.51.100.2', '2001:db8::', null],
  ])('%s to %s', (first, last, blocks) => expect(between(first, last)).toEqual(blocks));

  it('hold these addresses, no others, and each once', () => {
    const span = fc.tuple(fc.nat(0xffff), fc.nat(300), fc.integer({ min: -300, max: 600 }));
    fc.assert(
      fc.property(span, ([start, length, probe]) => {
        const address = (offset: number) => [0, 0, 0xffff, 0x0a000000 + start + offset] as const;
        const blocks = blocksBetween(address(0), address(length)) ?? [];
        const holding = blocks.filter((block) => blockContains(block, ...address(probe)));
        expect(holding.length).toBe(probe >= 0 && probe <= length ? 1 : 0);
      }),
    );
  });
});
