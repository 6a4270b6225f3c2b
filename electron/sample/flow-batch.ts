/**
 * Flows of a made-up world, one record of numbers each in one typed array: a world has many, and none needs an object.
 * Times are microseconds since the epoch, addresses IPv4 words.
 */

export const START = 0;
export const CLIENT = 1;
export const SERVER = 2;
export const CLIENT_PORT = 3;
export const SERVER_PORT = 4;
/** Number in CONVERSATIONS. */
export const KIND = 5;
/** Number in Population.names; −1 = none. */
export const NAME = 6;
/** Number in DEVICES. */
export const DEVICE = 7;
/** Seed of the bytes that it says. */
export const SEED = 8;
/** Course of the conversation, see `Course`. */
export const ROUND_TRIP = 9;
export const PACE = 10;
export const COUNT = 11;
export const UP = 12;
export const DOWN = 13;
/** Number in Population.labels: what a perfect observer would call it. */
export const LABEL = 14;
/** Number in Population.hosts of the end inside; −1 = none. */
export const HOST = 15;
/** Number in Population.countries of the far end. */
export const COUNTRY = 16;
/** Number in CAUSES. */
export const CAUSE = 17;
/** Number in Population.userAgents of a program that speaks for itself; −1 = the device. */
export const AGENT = 18;
/** Measured: packets and bytes of the IP layer, client's and server's. */
export const PACKETS_OUT = 19;
export const BYTES_OUT = 20;
export const PACKETS_IN = 21;
export const BYTES_IN = 22;
/** Measured: offsets from START, microseconds; −1 where a side sends nothing. */
export const LAST_OUT = 23;
export const FIRST_IN = 24;
export const LAST_IN = 25;
/** Measured: payload bytes, client's and server's. */
export const PAYLOAD_OUT = 26;
export const PAYLOAD_IN = 27;
export const STRIDE = 28;

/** Why a flow is there. */
export const CAUSES = [
  'people',
  'update',
  'time',
  'visit',
  'scan',
  'backscatter',
  'reflection',
  'transit',
  'reconnaissance',
  'beacon',
  'dns-tunnel',
  'spam',
] as const;
export type Cause = (typeof CAUSES)[number];

export class FlowBatch {
  values = new Float64Array(STRIDE * 1024);
  count = 0;

  /** Room for one more record; gives where it begins. Its values are left over from before: set all. */
  add(): number {
    const at = this.count * STRIDE;
    if (at + STRIDE > this.values.length) {
      const larger = new Float64Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.count++;
    return at;
  }

  /** Where the records begin, in order of their start; ties as they were added. */
  inOrder(): Uint32Array {
    const { values, count } = this;
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i * STRIDE;
    return order.toSorted((x, y) => values[x + START] - values[y + START] || x - y);
  }

  /** Copies a record of another batch. */
  copy(from: FlowBatch, at: number): void {
    const to = this.add();
    this.values.set(from.values.subarray(at, at + STRIDE), to);
  }

  clear(): void {
    this.count = 0;
  }
}
