import { i32 } from '../../decode/packet-header.ts';

/** The layout of sFlow version 5 datagrams (sflow.org, sflow_version_5.txt): XDR, all numbers of four bytes, big-endian. */

/** Formats of samples: enterprise in the upper 20 bits, number in the lower 12. */
export const FLOW_SAMPLE = 1;
export const COUNTER_SAMPLE = 2;
export const EXPANDED_FLOW_SAMPLE = 3;
export const EXPANDED_COUNTER_SAMPLE = 4;
/** A notice of a packet that a device dropped (sflow_drops.txt). */
export const DISCARDED_PACKET = 5;

/** Formats of the records in a flow sample. */
export const RAW_HEADER = 1;
export const SAMPLED_IPV4 = 3;
export const SAMPLED_IPV6 = 4;
export const EXTENDED_ROUTER = 1002;

/** Places in a flow sample, from its first byte behind format and length. */
export interface FlowSampleLayout {
  readonly rate: number;
  readonly drops: number;
  readonly input: number;
  readonly output: number;
  readonly count: number;
  /** Where its first record begins. */
  readonly records: number;
}
export const COMPACT: FlowSampleLayout = { rate: 8, drops: 16, input: 20, output: 24, count: 28, records: 32 };
export const EXPANDED: FlowSampleLayout = { rate: 12, drops: 20, input: 24, output: 32, count: 40, records: 44 };

/** Samples in one datagram, which is at most 65,535 bytes long; each is 8 bytes or more. */
const MOST_SAMPLES = 8192;

export function u32(bytes: Uint8Array, at: number): number {
  return i32(bytes, at) >>> 0;
}

/** Bytes of an address behind its type: 4, 16, 0 when the agent does not know it, −1 when the type is none. */
export function addressBytes(type: number): number {
  switch (type) {
    case 0:
      return 0;
    case 1:
      return 4;
    case 2:
      return 16;
    default:
      return -1;
  }
}

/**
 * Tells an sFlow 5 datagram that is there to its last byte: version, agent, then samples that end exactly where the payload
 * does, the records of each flow sample exactly where the sample does.
 */
export function isSflow5(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 36 || u32(bytes, from) !== 5) return false;
  const agent = addressBytes(u32(bytes, from + 4));
  if (agent <= 0) return false;
  let at = from + 8 + agent + 16;
  if (to - at < 8) return false;
  const samples = u32(bytes, at - 4);
  if (samples === 0 || samples > MOST_SAMPLES) return false;
  for (let sample = 0; sample < samples; sample++) {
    if (to - at < 8) return false;
    const format = u32(bytes, at);
    const length = u32(bytes, at + 4);
    at += 8;
    if (length % 4 !== 0 || length > to - at) return false;
    if (format === FLOW_SAMPLE && !holdsRecords(bytes, at, at + length, COMPACT)) return false;
    if (format === EXPANDED_FLOW_SAMPLE && !holdsRecords(bytes, at, at + length, EXPANDED)) return false;
    at += length;
  }
  return at === to;
}

function holdsRecords(bytes: Uint8Array, from: number, to: number, layout: FlowSampleLayout): boolean {
  if (to - from < layout.records) return false;
  let at = from + layout.records;
  let left = u32(bytes, from + layout.count);
  for (; left > 0 && to - at >= 8; left--) {
    const length = u32(bytes, at + 4);
    // Some agents give the length of a record without the padding behind it.
    at += 8 + length + (-length & 3);
  }
  return left === 0 && at === to;
}

/**
 * Tells an sFlow datagram of version 2 or 4, whose samples have no lengths: version, agent, a plausible count of samples,
 * the first of which is of flows or counters.
 */
export function isOlderSflow(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 36) return false;
  const version = u32(bytes, from);
  if (version !== 2 && version !== 4) return false;
  const agent = addressBytes(u32(bytes, from + 4));
  if (agent <= 0) return false;
  const samples = from + 8 + agent + 8;
  if (to - samples < 16) return false;
  const count = u32(bytes, samples);
  const first = u32(bytes, samples + 4);
  return count > 0 && count <= 1024 && (first === 1 || first === 2);
}
