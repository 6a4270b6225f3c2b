import { locatorInFile, packetOf } from '../flows/locators.ts';
import type { FlowTap } from './packet-path.ts';
import type { MatchedFlows } from './carve-matches.ts';

/** Chooses packets while evidence is decoded again: those that are counted to a flow that is sought. */

/** Datagrams whose fragments are remembered for the packets inside them. */
const MAX_REMEMBERED = 65_536;

/** Fragments in packets `pieces` made a datagram whole, `depth` tunnels deep. */
interface PutTogether {
  readonly depth: number;
  readonly pieces: readonly number[];
}

/** Numbers of packets, each once, as bits. */
class NumberSet {
  #bits = new Uint8Array(4096);
  size = 0;

  add(number: number): void {
    const byte = Math.floor(number / 8);
    if (byte >= this.#bits.length) {
      const longer = new Uint8Array(Math.max(byte + 1, this.#bits.length * 2));
      longer.set(this.#bits);
      this.#bits = longer;
    }
    const bit = 1 << (number % 8);
    if ((this.#bits[byte] & bit) !== 0) return;
    this.#bits[byte] |= bit;
    this.size++;
  }

  has(number: number): boolean {
    const byte = Math.floor(number / 8);
    return byte < this.#bits.length && (this.#bits[byte] & (1 << (number % 8))) !== 0;
  }
}

/**
 * The packets of the matching flows of a run of files (most runs have one). Packets are numbered on from file to file; a flow
 * belongs to the file of its first packet.
 */
export class PacketChoice implements FlowTap {
  readonly #matches: readonly (MatchedFlows | undefined)[];
  /** Packets and lines before each file. */
  readonly #before: number[] = [];
  readonly #chosen = new NumberSet();
  readonly #datagrams = new Set<number>();
  readonly #putTogether = new Map<number, PutTogether[]>();

  /** @param matches by file of the run */
  constructor(matches: readonly (MatchedFlows | undefined)[]) {
    this.#matches = matches;
    for (const flows of matches) flows?.recount();
  }

  /** The next file begins; `before` packets and lines are numbered before it. */
  beginFile(before: number): void {
    const matches = this.#matches[this.#before.length];
    this.#before.push(before);
    for (const number of matches?.datagrams ?? []) {
      this.#chosen.add(before + number);
      this.#datagrams.add(before + number);
    }
  }

  /** Packets and lines before a file of the run. */
  before(file: number): number {
    return this.#before[file] ?? 0;
  }

  /** Packets chosen so far. */
  get size(): number {
    return this.#chosen.size;
  }

  has(number: number): boolean {
    return this.#chosen.has(number);
  }

  counted(number: number, locator: number, depth: number): void {
    let file = this.#before.length - 1;
    while (file > 0 && packetOf(locator) <= this.#before[file]) file--;
    const matches = this.#matches[file];
    if (matches?.count(locatorInFile(locator, this.#before[file]), depth) === true) this.#choose(number, depth);
  }

  putTogether(number: number, depth: number, pieces: readonly number[]): void {
    const known = this.#putTogether.get(number);
    if (known !== undefined) known.push({ depth, pieces });
    else {
      this.#putTogether.set(number, [{ depth, pieces }]);
      if (this.#putTogether.size > MAX_REMEMBERED) {
        const oldest = this.#putTogether.keys().next().value;
        if (oldest !== undefined) this.#putTogether.delete(oldest);
      }
    }
    if (this.#datagrams.has(packetOf(number))) this.#choose(number, Infinity);
  }

  /** With a packet that carries what lies `depth` tunnels deep go the fragments that were put together to get there. */
  #choose(number: number, depth: number): void {
    this.#chosen.add(packetOf(number));
    if (this.#putTogether.size === 0) return;
    for (const datagram of this.#putTogether.get(number) ?? []) {
      if (datagram.depth >= depth) continue;
      for (const piece of datagram.pieces) {
        if (piece !== number) this.#choose(piece, datagram.depth);
      }
    }
  }
}
