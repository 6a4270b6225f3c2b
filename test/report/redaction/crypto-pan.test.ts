import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CryptoPan } from '../../../electron/report/redaction/crypto-pan.ts';
import {
  type AddressWords,
  blockContains,
  formatAddress,
  formatBlock,
  parseAddress,
  parseBlock,
} from '../../../shared/address.ts';

/** Key of the sample in the Crypto-PAn source distribution. */
const KEY = Uint8Array.of(
  21,
  34,
  23,
  141,
  51,
  164,
  207,
  128,
  19,
  10,
  91,
  22,
  73,
  144,
  125,
  16,
  216,
  152,
  143,
  131,
  121,
  121,
  101,
  39,
  98,
  87,
  76,
  45,
  42,
  132,
  34,
  2,
);
const pan = new CryptoPan(KEY);

function words(text: string): AddressWords {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`no address: ${text}`);
  return parsed;
}

function mapped(text: string): string {
  return formatAddress(...pan.address(words(text)));
}

/** Bits from the most significant on that two addresses share. */
function shared(one: AddressWords, other: AddressWords): number {
  let bits = 0;
  for (let i = 0; i < 4; i++) {
    const differing = ((one[i] ?? 0) ^ (other[i] ?? 0)) >>> 0;
    bits += Math.clz32(differing);
    if (differing !== 0) break;
  }
  return bits;
}

const word = fc.integer({ min: 0, max: 0xffffffff });
const short = word.map((last): AddressWords => [0, 0, 0xffff, last]);
const long = fc.tuple(fc.integer({ min: 1, max: 0xffffffff }), word, word, word).map((each): AddressWords => each);
/** Two addresses that share a given number of bits and differ in the next. */
const pair = fc
  .tuple(fc.oneof(short, long), fc.nat(127), word, word, word, word)
  .map(([one, at, ...noise]): [AddressWords, AddressWords] => {
    const isShort = one[0] === 0 && one[1] === 0 && one[2] === 0xffff;
    const from = isShort ? 96 + (at % 32) : at;
    const other = one.map((value, i) => {
      const first = from - 32 * i;
      if (first >= 32) return value;
      if (first < 0) return noise[i] ?? 0;
      const flipped = value ^ (1 << (31 - first));
      const rest = first === 31 ? 0 : 0xffffffff >>> (first + 1);
      return ((flipped & ~rest) | ((noise[i] ?? 0) & rest)) >>> 0;
    });
    return [one, [other[0] ?? 0, other[1] ?? 0, other[2] ?? 0, other[3] ?? 0]];
  });

describe('Crypto-PAn', () => {
  it.each([
    ['128.11.68.132', '135.242.180.132'],
    ['129.118.74.4', '134.136.186.123'],
    ['130.132.252.244', '133.68.164.234'],
    ['141.223.7.43', '141.167.8.160'],
    ['141.233.145.108', '141.129.237.235'],
    ['152.163.225.39', '151.140.114.167'],
    ['156.29.3.236', '147.225.12.42'],
    ['165.247.96.84', '162.9.99.234'],
    ['166.107.77.190', '160.132.178.185'],
    ['192.102.249.13', '252.138.62.131'],
    ['192.215.32.125', '252.43.47.189'],
    ['192.233.80.103', '252.25.108.8'],
    ['192.41.57.43', '252.222.221.184'],
    ['193.150.244.223', '253.169.52.216'],
    ['195.205.63.100', '255.186.223.5'],
    ['198.200.171.101', '249.199.68.213'],
    ['198.26.132.101', '249.36.123.202'],
    ['198.36.213.5', '249.7.21.132'],
    ['198.51.77.238', '249.18.186.254'],
    ['199.217.79.101', '248.38.184.213'],
    ['202.49.198.20', '245.206.7.234'],
    ['63.14.55.111', '95.9.215.7'],
    ['64.39.15.238', '0.219.7.41'],
  ])('maps %s as the sample of its authors does', (original, sanitised) => {
    expect(mapped(original)).toBe(sanitised);
  });

  it.each([
    ['::1', '78ff:f001:9fc0:20df:8380:b1f1:704:ed'],
    ['::2', '78ff:f001:9fc0:20df:8380:b1f1:704:ef'],
    ['::ffff', '78ff:f001:9fc0:20df:8380:b1f1:704:f838'],
    ['2001:db8::1', '4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e'],
    ['2001:db8::2', '4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c'],
  ])('maps %s as other implementations do', (original, pseudonym) => {
    expect(mapped(original)).toBe(pseudonym);
  });

  it('keeps the length of every shared prefix, and no more', () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(shared(pan.address(one), pan.address(other))).toBe(shared(one, other));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('maps a block to the block that holds its addresses, host bits zero', () => {
    fc.assert(
      fc.property(fc.oneof(short, long), fc.nat(128), (address, length) => {
        const isShort = address[0] === 0 && address[1] === 0 && address[2] === 0xffff;
        const block = parseBlock(`${formatAddress(...address)}/${isShort ? length % 33 : length}`);
        if (block === null) throw new Error('no block');
        const image = pan.block(block);
        expect(image.bits).toBe(block.bits);
        const [a, b, c, d] = pan.address(address);
        expect(blockContains(image, a, b, c, d)).toBe(true);
        expect(formatBlock(parseBlock(formatBlock(image)) ?? block)).toBe(formatBlock(image));
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it('gives other pseudonyms under another key', () => {
    const other = new CryptoPan(KEY.map((byte) => byte ^ 1));
    expect(formatAddress(...other.address(words('128.11.68.132')))).not.toBe('135.242.180.132');
    expect(() => new CryptoPan(KEY.subarray(1))).toThrow(RangeError);
  });
});
