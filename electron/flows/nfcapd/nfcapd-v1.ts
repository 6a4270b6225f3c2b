import { readIpv4, readIpv6, readU64 } from './nfcapd-values.ts';
import { NfcapdRecords, RECORD } from './nfcapd-records.ts';

/**
 * Records of nfdump 1.6: a common part, then the extensions that a map record lists (nffile.h, "Extension map"). The
 * file's flags tell the width of addresses and counts.
 */

/** Bytes of the common part: of type 1, and of type 10, which has room for more exporters. */
const COMMON_V0 = 28;
const COMMON = 32;
const MAP_HEADER = 8;
/** Extensions of one map that the format can have; more are damage. */
const MAX_EXTENSIONS = 64;
/** Bytes that may lie behind the last extension, to align the next record. */
const MAX_SLACK = 7;

const FLAG_IPV6 = 1;
const FLAG_PACKETS_64 = 2;
const FLAG_BYTES_64 = 4;
const FLAG_EVENT = 64;
const FLAG_SAMPLED = 128;

const EXTENSION = {
  interfaces16: 4,
  interfaces32: 5,
  nextHopV4: 9,
  nextHopV6: 10,
  bgpNextHopV4: 11,
  bgpNextHopV6: 12,
  packetsBack32: 14,
  packetsBack64: 15,
  bytesBack32: 16,
  bytesBack64: 17,
  flows32: 18,
  flows64: 19,
  routerV4: 23,
  routerV6: 24,
  received: 27,
  firewallEvent: 37,
} as const;

/** Bytes of each extension by its number; 0 = not known. */
const EXTENSION_BYTES: readonly number[] = [
  0, 0, 0, 0, 4, 8, 4, 8, 4, 4, 16, 4, 16, 4, 4, 8, 4, 8, 4, 8, 16, 16, 40, 4, 16, 4, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  20, 4, 8, 32, 24, 24, 72, 0, 24, 12, 8, 8,
];

interface ExtensionMap {
  /** Extensions in the order of their bytes, as far as their lengths are known. */
  readonly extensions: readonly number[];
  /** First extension whose length is not known; 0 = none. */
  readonly unknown: number;
  /** Bytes of the known extensions. */
  readonly bytes: number;
}

const NO_EXTENSIONS: ExtensionMap = { extensions: [], unknown: 0, bytes: 0 };

/** Layout 1. */
export class NfcapdRecordsV1 extends NfcapdRecords {
  readonly #maps = new Map<number, ExtensionMap>();

  isSound(view: DataView, at: number, end: number): boolean {
    if (end - at < COMMON) return false;
    const type = view.getUint16(at, true);
    if (type !== RECORD.common && type !== RECORD.commonV0) return false;
    const size = view.getUint16(at + 2, true);
    const map = this.#maps.get(view.getUint16(at + 6, true));
    return size <= end - at && map !== undefined && this.#addsUp(view, type, at, size, map);
  }

  #addsUp(view: DataView, type: number, at: number, size: number, map: ExtensionMap): boolean {
    const common = type === RECORD.common ? COMMON : COMMON_V0;
    if (size < common) return false;
    const slack = size - (common + fixedBytes(view.getUint8(at + 4)) + map.bytes);
    return slack >= 0 && (slack <= MAX_SLACK || map.unknown > 0 || map === NO_EXTENSIONS);
  }

  protected readOwn(view: DataView, type: number, at: number, size: number, offset: number): boolean {
    if (type === RECORD.extensionMap) return this.#readMap(view, at, size);
    if (type !== RECORD.common && type !== RECORD.commonV0) return true;
    this.met++;
    const map = this.#maps.get(size < COMMON_V0 ? -1 : view.getUint16(at + 6, true)) ?? NO_EXTENSIONS;
    if (!this.#addsUp(view, type, at, size, map)) return false;
    if (map === NO_EXTENSIONS) {
      const message = 'the record refers to a list of extensions that did not come before it; they were passed over';
      this.sink.problem('no-extension-map', offset, message);
    } else if (map.unknown > 0) {
      const message = `the record has extension ${map.unknown}, which nfdump 1.6 does not have; it and further ones were passed over`;
      this.sink.problem('extension-unknown', offset, message);
    }
    this.#readCommon(view, type, at);
    let place = at + (type === RECORD.common ? COMMON : COMMON_V0) + fixedBytes(view.getUint8(at + 4));
    for (const extension of map.extensions) {
      this.#readExtension(view, extension, place);
      place += EXTENSION_BYTES[extension];
    }
    this.flow.emit(this.met, offset);
    return true;
  }

  #readMap(view: DataView, at: number, size: number): boolean {
    if (size < MAP_HEADER) return false;
    const extensions: number[] = [];
    let bytes = 0;
    let unknown = 0;
    for (let place = at + MAP_HEADER; place + 2 <= at + size; place += 2) {
      const extension = view.getUint16(place, true);
      if (extension === 0) break;
      const length = EXTENSION_BYTES[extension] ?? 0;
      // The first three are in every record and in no map.
      if (extension <= 3) continue;
      if (length === 0) {
        unknown = extension;
        break;
      }
      if (extensions.length === MAX_EXTENSIONS) return false;
      extensions.push(extension);
      bytes += length;
    }
    this.#maps.set(view.getUint16(at + 4, true), { extensions, unknown, bytes });
    return true;
  }

  #readCommon(view: DataView, type: number, at: number): void {
    const { flow } = this;
    flow.clear();
    const flags = view.getUint8(at + 4);
    flow.isEvent = (flags & FLAG_EVENT) !== 0;
    flow.isScaled = (flags & FLAG_SAMPLED) !== 0;
    flow.samplerId = null;
    flow.exporter = type === RECORD.common ? view.getUint16(at + 28, true) : view.getUint8(at + 5);
    flow.isSflow = this.exporters.isSflow(flow.exporter);
    flow.first = view.getUint32(at + 12, true) * 1000 + view.getUint16(at + 8, true);
    flow.last = view.getUint32(at + 16, true) * 1000 + view.getUint16(at + 10, true);
    flow.tcpFlags = view.getUint8(at + 21);
    flow.transport = view.getUint8(at + 22);
    flow.sourcePort = view.getUint16(at + 24, true);
    flow.destinationPort = view.getUint16(at + 26, true);
    flow.hasCounts = true;
    flow.hasAddresses = true;
    let place = at + (type === RECORD.common ? COMMON : COMMON_V0);
    if (flags & FLAG_IPV6) {
      readIpv6(view, place, flow.source);
      readIpv6(view, place + 16, flow.destination);
      place += 32;
    } else {
      readIpv4(view, place, flow.source);
      readIpv4(view, place + 4, flow.destination);
      place += 8;
    }
    flow.packets = flags & FLAG_PACKETS_64 ? readU64(view, place) : view.getUint32(place, true);
    place += flags & FLAG_PACKETS_64 ? 8 : 4;
    flow.bytes = flags & FLAG_BYTES_64 ? readU64(view, place) : view.getUint32(place, true);
  }

  #readExtension(view: DataView, extension: number, at: number): void {
    const { flow } = this;
    switch (extension) {
      case EXTENSION.interfaces16:
        flow.inputInterface = view.getUint16(at, true);
        flow.outputInterface = view.getUint16(at + 2, true);
        break;
      case EXTENSION.interfaces32:
        flow.inputInterface = view.getUint32(at, true);
        flow.outputInterface = view.getUint32(at + 4, true);
        break;
      case EXTENSION.nextHopV4:
        flow.hasNextHop = true;
        readIpv4(view, at, flow.nextHop);
        break;
      case EXTENSION.nextHopV6:
        flow.hasNextHop = true;
        readIpv6(view, at, flow.nextHop);
        break;
      case EXTENSION.bgpNextHopV4:
        flow.hasBgpNextHop = true;
        readIpv4(view, at, flow.bgpNextHop);
        break;
      case EXTENSION.bgpNextHopV6:
        flow.hasBgpNextHop = true;
        readIpv6(view, at, flow.bgpNextHop);
        break;
      case EXTENSION.packetsBack32:
        flow.packetsBack = view.getUint32(at, true);
        break;
      case EXTENSION.packetsBack64:
        flow.packetsBack = readU64(view, at);
        break;
      case EXTENSION.bytesBack32:
        flow.bytesBack = view.getUint32(at, true);
        break;
      case EXTENSION.bytesBack64:
        flow.bytesBack = readU64(view, at);
        break;
      case EXTENSION.flows32:
        flow.aggregated = view.getUint32(at, true);
        break;
      case EXTENSION.flows64:
        flow.aggregated = readU64(view, at);
        break;
      case EXTENSION.routerV4:
        flow.hasSender = true;
        readIpv4(view, at, flow.sender);
        break;
      case EXTENSION.routerV6:
        flow.hasSender = true;
        readIpv6(view, at, flow.sender);
        break;
      case EXTENSION.received:
        flow.received = readU64(view, at);
        break;
      case EXTENSION.firewallEvent:
        flow.firewallEvent = view.getUint8(at + 14);
        break;
    }
  }
}

/** Bytes of addresses and counts, by the record's flags. */
function fixedBytes(flags: number): number {
  return (flags & FLAG_IPV6 ? 32 : 8) + (flags & FLAG_PACKETS_64 ? 8 : 4) + (flags & FLAG_BYTES_64 ? 8 : 4);
}
