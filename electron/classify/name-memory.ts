import { compareAddresses, type AddressWords } from '../../shared/address.ts';
import { NAME_ORIGINS, type NameOrigin, UNASKED_CLIENTS } from '../../shared/flow.ts';
import { compareText, type LinkedName, type LogNameChunk, LogNames } from './log-names.ts';

/**
 * What the case learnt about names beside the flows: DNS answers (who was told which name for which address, and until
 * when), and names that other logs give to a flow by its id. Kept in sorted typed arrays: 60 bytes an answer. How much there is of
 * both is limited where they are stored (`MOST_NAME_BYTES`).
 */

/** Stands for the client where nobody was seen to ask: names that a capture file itself gives to addresses. */
export const NO_CLIENT: AddressWords = UNASKED_CLIENTS['name-record'];

/** A stored chunk of DNS answers; `name` indexes `names` from 1. Times in microseconds since the epoch. */
export interface AnswerChunk {
  rows: number;
  client: Uint32Array;
  address: Uint32Array;
  name: Uint32Array;
  from: Float64Array;
  until: Float64Array;
  names: readonly string[];
}

/** The name that an address was known by. */
export interface FoundName {
  name: string;
  /** Index in NAME_ORIGINS. */
  origin: number;
  /** Another name that was valid for the address at the time, from the same source; empty when none, and for names that nobody asked for. */
  rival: string;
}

const FROM_CLIENT = NAME_ORIGINS.indexOf('dns-answer-client');
const FROM_OTHER = NAME_ORIGINS.indexOf('dns-answer-other-client');
/** By client: where a name that nobody asked for came from, most telling first. */
const UNASKED = (['dhcp-lease', 'mdns-announcement', 'netbios-name', 'name-record'] as const).map(
  (origin: keyof typeof UNASKED_CLIENTS & NameOrigin) => ({
    client: UNASKED_CLIENTS[origin],
    origin: NAME_ORIGINS.indexOf(origin),
  }),
);
/** A client may open a connection a while after the answer ran out: browsers and systems keep answers at least this long. */
const GRACE = 600e6;
/** Answers for an address that are looked through: for one that fits, and behind it for another name. */
const MOST_ANSWERS = 4096;
const MOST_RIVALS = 64;
/** An answer may be stamped a little later than the flow that uses it when clocks of sources differ. */
const EARLY = 2e6;

/** 64-bit FNV-1a of a log's flow id, as two words; ids are compared by it alone (chance of a clash below 10⁻⁶ at 10⁷ ids). */
export function uidWords(uid: string): [number, number] {
  let high = 0xcbf29ce4 | 0;
  let low = 0x84222325 | 0;
  for (let i = 0; i < uid.length; i++) {
    low ^= uid.charCodeAt(i);
    // times 0x100000001b3: low * 0x1b3 with carry, plus high * 0x1b3, plus low << 8 into the high word
    const carry = ((low >>> 16) * 0x1b3 + (((low & 0xffff) * 0x1b3) >>> 16)) >>> 16;
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) | 0;
    low = Math.imul(low, 0x1b3);
  }
  return [high >>> 0, low >>> 0];
}

export class NameMemory {
  #answers = 0;
  #client = new Uint32Array(0);
  #address = new Uint32Array(0);
  #from = new Float64Array(0);
  #until = new Float64Array(0);
  #name = new Uint32Array(0);
  readonly #names: string[] = [];
  readonly #logNames: LogNames;

  constructor(answers: Iterable<AnswerChunk>, logNames: Iterable<LogNameChunk>) {
    this.#loadAnswers([...answers]);
    this.#logNames = new LogNames(logNames);
  }

  #loadAnswers(chunks: readonly AnswerChunk[]): void {
    const total = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
    const numbers = new Map<string, number>();
    const client = new Uint32Array(total * 4);
    const address = new Uint32Array(total * 4);
    const from = new Float64Array(total);
    const until = new Float64Array(total);
    const name = new Uint32Array(total);
    let row = 0;
    for (const chunk of chunks) {
      client.set(chunk.client, row * 4);
      address.set(chunk.address, row * 4);
      from.set(chunk.from, row);
      until.set(chunk.until, row);
      const renumbered = chunk.names.map((text) => {
        const known = numbers.get(text);
        if (known !== undefined) return known;
        this.#names.push(text);
        numbers.set(text, this.#names.length - 1);
        return this.#names.length - 1;
      });
      for (let i = 0; i < chunk.rows; i++) name[row + i] = renumbered[chunk.name[i] - 1];
      row += chunk.rows;
    }
    const order = new Uint32Array(total);
    for (let i = 0; i < total; i++) order[i] = i;
    const words = (array: Uint32Array, i: number): AddressWords => [
      array[i * 4],
      array[i * 4 + 1],
      array[i * 4 + 2],
      array[i * 4 + 3],
    ];
    order.sort(
      (x, y) =>
        address[x * 4 + 3] - address[y * 4 + 3] ||
        compareAddresses(words(address, x), words(address, y)) ||
        from[x] - from[y] ||
        until[x] - until[y] ||
        // Ties end by name and client, so that the order of files cannot matter.
        compareText(this.#names[name[x]], this.#names[name[y]]) ||
        compareAddresses(words(client, x), words(client, y)),
    );
    this.#answers = total;
    this.#client = new Uint32Array(total * 4);
    this.#address = new Uint32Array(total * 4);
    this.#from = Float64Array.from(order, (i) => from[i]);
    this.#until = Float64Array.from(order, (i) => until[i]);
    this.#name = Uint32Array.from(order, (i) => name[i]);
    for (let i = 0; i < total; i++) {
      this.#client.set(client.subarray(order[i] * 4, order[i] * 4 + 4), i * 4);
      this.#address.set(address.subarray(order[i] * 4, order[i] * 4 + 4), i * 4);
    }
  }

  get hasAnswers(): boolean {
    return this.#answers > 0;
  }

  get hasLogNames(): boolean {
    return !this.#logNames.isEmpty;
  }

  /** What other logs say of the flow with this id, where they give it no name that of its certificate; null when none does. */
  byUid(high: number, low: number): LinkedName | null {
    return this.#logNames.find(high, low);
  }

  /**
   * The name that a client knew an address by at a time: its own latest valid answer first, else the latest that any
   * client got, else what the host at the address said of itself. Writes it into `found`; false when no answer fits. A rival is looked
   * for among the 64 answers before an own one, and must not have run out.
   */
  byAddress(
    client: Uint32Array,
    clientAt: number,
    address: Uint32Array,
    addressAt: number,
    time: number,
    found: FoundName,
  ): boolean {
    const a0 = address[addressAt];
    const a1 = address[addressAt + 1];
    const a2 = address[addressAt + 2];
    const a3 = address[addressAt + 3];
    // First row behind the answers for this address that began by `time`.
    let low = 0;
    let high = this.#answers;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * 4;
      const order =
        this.#address[at + 3] - a3 ||
        this.#address[at] - a0 ||
        this.#address[at + 1] - a1 ||
        this.#address[at + 2] - a2 ||
        this.#from[middle] - (time + EARLY);
      if (order <= 0) low = middle + 1;
      else high = middle;
    }
    let own = -1;
    let other = -1;
    let otherRank = Infinity;
    let rival = -1;
    for (let i = low - 1; i >= 0 && low - i <= MOST_ANSWERS + 1; i--) {
      const at = i * 4;
      if (
        this.#address[at + 3] !== a3 ||
        this.#address[at] !== a0 ||
        this.#address[at + 1] !== a1 ||
        this.#address[at + 2] !== a2
      ) {
        break;
      }
      if (own >= 0 && own - i > MOST_RIVALS) break;
      if (this.#until[i] + GRACE < time) continue;
      if (
        this.#client[at + 3] === client[clientAt + 3] &&
        this.#client[at + 2] === client[clientAt + 2] &&
        this.#client[at + 1] === client[clientAt + 1] &&
        this.#client[at] === client[clientAt]
      ) {
        if (own < 0) {
          own = i;
          rival = -1;
        } else if (this.#name[i] !== this.#name[own] && this.#until[i] >= time) {
          rival = i;
          break;
        }
        continue;
      }
      if (own >= 0) continue;
      const rank = this.#rank(i);
      if (rank < otherRank) {
        other = i;
        otherRank = rank;
        rival = -1;
      } else if (rank < 0 && rival < 0 && this.#name[i] !== this.#name[other] && this.#until[i] >= time) rival = i;
    }
    const best = own < 0 ? other : own;
    if (best < 0) return false;
    found.name = this.#names[this.#name[best]];
    found.origin = own >= 0 ? FROM_CLIENT : otherRank < 0 ? FROM_OTHER : UNASKED[otherRank].origin;
    found.rival = rival < 0 ? '' : this.#names[this.#name[rival]];
    return true;
  }

  /** −1 for an answer that a client asked for, else the place in UNASKED. */
  #rank(row: number): number {
    const at = row * 4;
    for (let i = 0; i < UNASKED.length; i++) {
      const { client } = UNASKED[i];
      if (
        this.#client[at + 3] === client[3] &&
        this.#client[at + 2] === client[2] &&
        this.#client[at + 1] === client[1] &&
        this.#client[at] === client[0]
      ) {
        return i;
      }
    }
    return -1;
  }
}
