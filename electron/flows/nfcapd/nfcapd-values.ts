/** Values as nfcapd writes them, of 32 and 64 bits, least significant byte first. */

/** An address to be overwritten. */
export type Words = [number, number, number, number];

export function wordsAreZero(words: Readonly<Words>): boolean {
  return (words[0] | words[1] | words[3]) === 0 && (words[2] === 0 || words[2] === 0xffff);
}

/** Reads an unsigned 64-bit number; beyond 2^53 it is not exact. */
export function readU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true);
}

/** Reads an IPv4 address stored as one number. */
export function readIpv4(view: DataView, at: number, words: Words): void {
  words[0] = 0;
  words[1] = 0;
  words[2] = 0xffff;
  words[3] = view.getUint32(at, true);
}

/** Reads an IPv6 address stored as two numbers of 64 bits, the leading one first. */
export function readIpv6(view: DataView, at: number, words: Words): void {
  words[0] = view.getUint32(at + 4, true);
  words[1] = view.getUint32(at, true);
  words[2] = view.getUint32(at + 12, true);
  words[3] = view.getUint32(at + 8, true);
}
