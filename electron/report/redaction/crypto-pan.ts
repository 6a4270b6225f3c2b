import { createCipheriv } from 'node:crypto';
import {
  type AddressBlock,
  type AddressWords,
  formatAddress,
  formatBlock,
  isIpv4,
  parseBlock,
} from '../../../shared/address.ts';

/** Bytes of a key: one half for AES, the other for the padding. */
export const KEY_BYTES = 32;

const BLOCK = 16;

/**
 * Pseudonyms of addresses that keep prefixes: two addresses that share their first k bits, and no more, get pseudonyms that do
 * so too; one key maps every address to one other (Crypto-PAn: Xu, Fan, Ammar and Moon, "Prefix-Preserving IP Address
 * Anonymization", ICNP 2002; with AES-128). IPv4 over 32 bits, IPv6 over 128.
 */
export class CryptoPan {
  readonly #key: Uint8Array;
  readonly #pad: Buffer;
  readonly #known = new Map<string, AddressWords>();

  /** @param key 32 bytes; throws RangeError for any other number */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
    this.#key = key.subarray(0, BLOCK);
    this.#pad = this.#encrypt(Buffer.from(key.subarray(BLOCK)));
  }

  #encrypt(blocks: Buffer): Buffer {
    const cipher = createCipheriv('aes-128-ecb', this.#key, null);
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(blocks), cipher.final()]);
  }

  address(words: AddressWords): AddressWords {
    const text = words.join();
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const isShort = isIpv4(words[0], words[1], words[2]);
    const original = isShort ? [words[3]] : words;
    const mixed = this.#mixed(original);
    const mapped: AddressWords = isShort
      ? [words[0], words[1], words[2], mixed[0] ?? 0]
      : [mixed[0] ?? 0, mixed[1] ?? 0, mixed[2] ?? 0, mixed[3] ?? 0];
    this.#known.set(text, mapped);
    return mapped;
  }

  /** Bit i of the result is bit i of the original, turned by the first bit of AES(the i bits before it, then the padding). */
  #mixed(original: readonly number[]): number[] {
    const bits = original.length * 32;
    const blocks = Buffer.alloc(bits * BLOCK);
    for (let i = 0; i < bits; i++) {
      this.#pad.copy(blocks, i * BLOCK);
      for (let word = 0; word * 32 < i; word++) {
        const taken = Math.min(32, i - word * 32);
        const mask = taken === 32 ? 0xffffffff : (0xffffffff << (32 - taken)) >>> 0;
        const pad = this.#pad.readUInt32BE(word * 4);
        blocks.writeUInt32BE((((original[word] ?? 0) & mask) | (pad & ~mask)) >>> 0, i * BLOCK + word * 4);
      }
    }
    const turned = this.#encrypt(blocks);
    return original.map((value, word) => {
      let turn = 0;
      for (let bit = 0; bit < 32; bit++) turn = (turn << 1) | ((turned[(word * 32 + bit) * BLOCK] ?? 0) >>> 7);
      return (value ^ turn) >>> 0;
    });
  }

  /** The block that the addresses of a block are mapped into. */
  block(block: AddressBlock): AddressBlock {
    const length = formatBlock(block).split('/')[1] ?? '';
    const mapped = parseBlock(`${formatAddress(...this.address(block.words))}/${length}`);
    return mapped ?? block;
  }
}
