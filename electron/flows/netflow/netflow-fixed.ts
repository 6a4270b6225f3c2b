import type { AddressWords } from '../../../shared/address.ts';
import { ICMP, ICMP6, TCP } from '../../../shared/flow.ts';
import { type ExportedRecords, u16, u32, uptimeTime } from './exported-records.ts';

/**
 * NetFlow v1, v5 and v7: records of fixed layout (Cisco, "NetFlow Export Datagram Formats"; v1 as softflowd writes it and Wireshark
 * reads it). The three share the first 36 bytes of a record and the first 16 of the header. Each record counts one direction; IPv4 only.
 *
 * Sampling is told by v5 alone, in the low 14 bits of its last header field; the two bits above name the mode. Exporters
 * were seen that leave the mode 0 and sample nevertheless, so an interval above 1 counts whatever the mode.
 */

export type FixedVersion = 1 | 5 | 7;

interface Layout {
  readonly header: number;
  readonly record: number;
  readonly transport: number;
  readonly tcpFlags: number;
  /** Records that fit a datagram: more were never sent. */
  readonly limit: number;
}

const LAYOUTS: Readonly<Record<FixedVersion, Layout>> = {
  1: { header: 16, record: 48, transport: 38, tcpFlags: 40, limit: 30 },
  5: { header: 24, record: 48, transport: 38, tcpFlags: 37, limit: 1365 },
  7: { header: 24, record: 52, transport: 38, tcpFlags: 37, limit: 1259 },
};

/** Extreme Networks' v1, whose records end in eleven bytes of padding instead of seven (Packet Over SONET Module guide, table 3-12). */
const LONG_V1: Layout = { ...LAYOUTS[1], record: 52, limit: 28 };

/** How a message's records lie: of v1 its length tells. */
function layoutOf(version: FixedVersion, bytes: Uint8Array, from: number, to: number): Layout {
  const isLong = version === 1 && to - from === LONG_V1.header + u16(bytes, from + 2) * LONG_V1.record;
  return isLong ? LONG_V1 : LAYOUTS[version];
}

/** Exporters' clocks of before 1990 or after 2100 are taken for something that is no clock, seconds since the epoch. */
const EARLIEST = 631_152_000;
const LATEST = 4_102_444_800;

/** True when the bytes are exactly one such message: count, length and time fit each other. */
export function isFixedNetflow(version: FixedVersion, bytes: Uint8Array, from: number, to: number): boolean {
  const { header, record, limit } = layoutOf(version, bytes, from, to);
  if (to - from < header + record || u16(bytes, from) !== version) return false;
  const count = u16(bytes, from + 2);
  if (count === 0 || count > limit || to - from !== header + count * record) return false;
  const seconds = u32(bytes, from + 8);
  if (seconds < EARLIEST || seconds > LATEST || u32(bytes, from + 12) >= 1e9) return false;
  return version !== 1 || hasPlausibleV1Records(bytes, from + header, count, record);
}

/** v1 has little to tell it by, so its padding must be empty too, and no flow longer than 24.8 days. */
function hasPlausibleV1Records(bytes: Uint8Array, from: number, count: number, record: number): boolean {
  for (let i = 0, at = from; i < count; i++, at += record) {
    if (u16(bytes, at + 36) !== 0) return false;
    if ((u32(bytes, at + 28) - u32(bytes, at + 24)) >> 31 !== 0) return false;
  }
  return true;
}

/**
 * Hands on the records of a message; those that are whole when it is cut. Problems: `truncated-message`,
 * `end-before-start`, `impossible-time`.
 *
 * @param place packet number, or offset of the message in its file
 * @returns how many records were handed on
 */
export function readFixedNetflow(
  version: FixedVersion,
  bytes: Uint8Array,
  from: number,
  to: number,
  exporter: AddressWords | undefined,
  receivedAt: number,
  place: number,
  records: ExportedRecords,
): number {
  const layout = layoutOf(version, bytes, from, to);
  if (to - from < layout.header) {
    records.problem('truncated-message', place, 0, `a NetFlow v${version} message ends inside its header`);
    return 0;
  }
  const count = u16(bytes, from + 2);
  const whole = Math.min(count, Math.floor((to - from - layout.header) / layout.record));
  if (whole < count) {
    const message = `a NetFlow v${version} message announces ${count} records and holds ${whole}`;
    records.problem('truncated-message', place, 0, message);
  }
  const uptime = u32(bytes, from + 4);
  const seconds = u32(bytes, from + 8);
  const exportTime = seconds === 0 ? receivedAt : seconds * 1e6 + Math.floor(u32(bytes, from + 12) / 1e3);
  const interval = version === 5 ? u16(bytes, from + 22) & 0x3fff : 0;
  const { flow } = records;
  flow.exporter = exporter;
  flow.sampling = interval > 1 ? interval : 0;
  flow.oneWay = true;
  flow.packetsIn = 0;
  flow.bytesIn = 0;
  const nextHop: [number, number, number, number] = [0, 0, 0xffff, 0];
  setIpv4(flow.initiator, 0);
  setIpv4(flow.responder, 0);
  for (let record = 1; record <= whole; record++) {
    const at = from + layout.header + (record - 1) * layout.record;
    flow.initiator[3] = u32(bytes, at);
    flow.responder[3] = u32(bytes, at + 4);
    nextHop[3] = u32(bytes, at + 8);
    flow.nextHop = nextHop[3] === 0 ? undefined : nextHop;
    flow.inputInterface = u16(bytes, at + 12);
    flow.outputInterface = u16(bytes, at + 14);
    flow.packetsOut = u32(bytes, at + 16);
    flow.bytesOut = u32(bytes, at + 20);
    flow.start = uptimeTime(u32(bytes, at + 24), uptime, exportTime);
    flow.end = uptimeTime(u32(bytes, at + 28), uptime, exportTime);
    flow.initiatorPort = u16(bytes, at + 32);
    flow.responderPort = u16(bytes, at + 34);
    flow.transport = bytes[at + layout.transport];
    flow.tcpFlags = flow.transport === TCP ? bytes[at + layout.tcpFlags] : 0;
    if (flow.transport === ICMP || flow.transport === ICMP6) {
      flow.initiatorPort = flow.responderPort >>> 8;
      flow.responderPort &= 0xff;
    }
    flow.locator = records.locator(place, record);
    records.hand(exportTime, place, at - from);
  }
  return whole;
}

function setIpv4(address: [number, number, number, number], word: number): void {
  address[0] = 0;
  address[1] = 0;
  address[2] = 0xffff;
  address[3] = word;
}
