import { type AddressWords, compareAddresses } from '../address.ts';

/** CIDR blocks as spans from a first to a last address. */

/** Last address of the block that starts at `words`; `bits` counts from the mapped form (IPv4 /24 = 120). */
export function lastOfBlock(words: AddressWords, bits: number): AddressWords {
  const last = (i: number): number => {
    const hostBits = Math.min(32, Math.max(0, 32 * (i + 1) - bits));
    return hostBits === 32 ? 0xffffffff : ((words[i] ?? 0) | (2 ** hostBits - 1)) >>> 0;
  };
  return [last(0), last(1), last(2), last(3)];
}

/** Length (counted from the mapped form) of the block that is exactly this span; null when no block is. */
export function blockBits(low: AddressWords, high: AddressWords): number | null {
  let bits = 0;
  for (let i = 0; i < 4; i++) {
    const differing = ((low[i] ?? 0) ^ (high[i] ?? 0)) >>> 0;
    bits += Math.clz32(differing);
    if (differing !== 0) break;
  }
  for (let i = 0; i < 4; i++) {
    const hostBits = Math.min(32, Math.max(0, 32 * (i + 1) - bits));
    if ((low[i] ?? 0) % 2 ** hostBits !== 0) return null;
  }
  return compareAddresses(lastOfBlock(low, bits), high) === 0 ? bits : null;
}
