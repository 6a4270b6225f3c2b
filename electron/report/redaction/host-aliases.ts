import { createCipheriv, createHmac } from 'node:crypto';
import { type AddressBlock, type AddressWords, blockContains, formatBlock } from '../../../shared/address.ts';

/** Names for the hosts of a case's ranges that tell nothing of their addresses: `A17`. */

/** Widest range (bits that tell hosts apart) whose hosts are numbered without gaps; hosts of wider ones get a number by hash. */
const MOST_HOST_BITS = 16;
const HASHED_BITS = 32;

/** `A` … `Z`, `AA` …: a letter for each label of a range. */
export function letters(index: number): string {
  let text = '';
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    text = String.fromCharCode(65 + ((rest - 1) % 26)) + text;
  }
  return text;
}

export interface AliasedRange {
  readonly letter: string;
  readonly block: AddressBlock;
}

/**
 * Aliases of hosts. They follow from the case's key and ranges alone, so that a host keeps its alias from report to report,
 * whatever else is left out. Ranges with one letter share their numbers: the second goes on where the first ends.
 */
export class HostAliases {
  readonly #key: Buffer;
  readonly #ranges: readonly { letter: string; block: AddressBlock; first: number; hostBits: number }[];
  readonly #orders = new Map<number, Uint32Array>();

  constructor(key: Uint8Array, ranges: readonly AliasedRange[]) {
    this.#key = createHmac('sha256', key).update('host aliases').digest().subarray(0, 16);
    const next = new Map<string, number>();
    this.#ranges = ranges.map(({ letter, block }) => {
      const hostBits = 128 - block.bits;
      const first = next.get(letter) ?? 1;
      next.set(letter, first + 2 ** Math.min(hostBits, HASHED_BITS));
      return { letter, block, first, hostBits };
    });
  }

  /** `A17`; null for an address outside the ranges. */
  of(words: AddressWords): string | null {
    const index = this.#ranges.findIndex(({ block }) => blockContains(block, ...words));
    const range = this.#ranges[index];
    if (range === undefined) return null;
    const { letter, first, hostBits, block } = range;
    if (hostBits > MOST_HOST_BITS) {
      const hash = createHmac('sha256', this.#key)
        .update(`${formatBlock(block)} ${words.join()}`)
        .digest();
      return `${letter}${first + hash.readUInt32BE(0)}`;
    }
    return `${letter}${first + (this.#order(index, hostBits)[words[3] % 2 ** hostBits] ?? 0)}`;
  }

  /** For each host of a range its rank when all are put in the order of their ciphertexts. */
  #order(range: number, hostBits: number): Uint32Array {
    const known = this.#orders.get(range);
    if (known !== undefined) return known;
    const size = 2 ** hostBits;
    const blocks = Buffer.alloc(size * 16);
    for (let host = 0; host < size; host++) {
      blocks.writeUInt32BE(range, host * 16);
      blocks.writeUInt32BE(host, host * 16 + 4);
    }
    const cipher = createCipheriv('aes-128-ecb', this.#key, null);
    cipher.setAutoPadding(false);
    const sealed = cipher.update(blocks);
    const hosts = Array.from({ length: size }, (_, host) => host).toSorted((one, other) =>
      sealed.compare(sealed, other * 16, other * 16 + 16, one * 16, one * 16 + 16),
    );
    const ranks = new Uint32Array(size);
    hosts.forEach((host, rank) => {
      ranks[host] = rank;
    });
    this.#orders.set(range, ranks);
    return ranks;
  }
}
