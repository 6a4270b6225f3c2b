import { readIpv4, readIpv6, readU64 } from './nfcapd-values.ts';
import { NfcapdRecords, RECORD } from './nfcapd-records.ts';

/** Records of nfdump 1.7: a header, and elements of a type and a length each (nfxV3.h, "V3 extension format"). */

const HEADER = 12;
const ELEMENT_HEADER = 4;
/** Elements of one record that the format can have; more are damage. */
const MAX_ELEMENTS = 64;
/** Highest type of element of nfdump 1.7. */
const LAST_ELEMENT = 42;
/** Bytes that may lie behind the last element, to align the next record. */
const MAX_SLACK = 7;

const FLAG_EVENT = 1;
const FLAG_SAMPLED = 2;
const VERSION_SFLOW = 0x80;

const ELEMENT = {
  genericFlow: 1,
  ipv4Flow: 2,
  ipv6Flow: 3,
  flowMisc: 4,
  countsBack: 5,
  bgpNextHopV4: 8,
  bgpNextHopV6: 9,
  nextHopV4: 10,
  nextHopV6: 11,
  receivedV4: 12,
  receivedV6: 13,
  samplerInfo: 18,
  firewallEvent: 19,
} as const;

/** Least length of the elements that are read, header included, bytes; 0 = passed over, whatever its length. */
const LEAST_BYTES = new Uint8Array(LAST_ELEMENT + 1);
LEAST_BYTES[ELEMENT.genericFlow] = 52;
LEAST_BYTES[ELEMENT.ipv4Flow] = 12;
LEAST_BYTES[ELEMENT.ipv6Flow] = 36;
LEAST_BYTES[ELEMENT.flowMisc] = 16;
LEAST_BYTES[ELEMENT.countsBack] = 28;
LEAST_BYTES[ELEMENT.bgpNextHopV4] = 8;
LEAST_BYTES[ELEMENT.bgpNextHopV6] = 20;
LEAST_BYTES[ELEMENT.nextHopV4] = 8;
LEAST_BYTES[ELEMENT.nextHopV6] = 20;
LEAST_BYTES[ELEMENT.receivedV4] = 8;
LEAST_BYTES[ELEMENT.receivedV6] = 20;
LEAST_BYTES[ELEMENT.samplerInfo] = 16;
LEAST_BYTES[ELEMENT.firewallEvent] = 20;

/** Length of `samplerInfo` where it brings the sampling interval itself (early nfdump 1.7), bytes. */
const SAMPLER_INFO_WITH_INTERVAL = 16;
/** From this length on, `flowMisc` has the direction of a biflow. */
const FLOW_MISC_WITH_DIRECTION = 20;

/** Layout 2. NAT translations, MAC addresses, labels and payloads are passed over. */
export class NfcapdRecordsV2 extends NfcapdRecords {
  isSound(view: DataView, at: number, end: number): boolean {
    if (end - at < HEADER || view.getUint16(at, true) !== RECORD.v3) return false;
    const size = view.getUint16(at + 2, true);
    return size <= end - at && this.#addsUp(view, at, size) && view.getUint16(at + 4, true) > 0;
  }

  #addsUp(view: DataView, at: number, size: number): boolean {
    if (size < HEADER) return false;
    const elements = view.getUint16(at + 4, true);
    if (elements > MAX_ELEMENTS) return false;
    const end = at + size;
    let place = at + HEADER;
    for (let i = 0; i < elements; i++) {
      if (end - place < ELEMENT_HEADER) return false;
      const type = view.getUint16(place, true);
      const length = view.getUint16(place + 2, true);
      if (length < ELEMENT_HEADER || length > end - place) return false;
      if (type <= LAST_ELEMENT && length < LEAST_BYTES[type]) return false;
      place += length;
    }
    return end - place <= MAX_SLACK;
  }

  protected readOwn(view: DataView, type: number, at: number, size: number, offset: number): boolean {
    if (type !== RECORD.v3) return true;
    this.met++;
    if (!this.#addsUp(view, at, size)) return false;
    const { flow } = this;
    flow.clear();
    const flags = view.getUint8(at + 10);
    flow.isEvent = (flags & FLAG_EVENT) !== 0;
    flow.isScaled = (flags & FLAG_SAMPLED) !== 0;
    flow.isSflow = (view.getUint8(at + 11) & VERSION_SFLOW) !== 0;
    flow.exporter = view.getUint16(at + 8, true);
    const elements = view.getUint16(at + 4, true);
    let place = at + HEADER;
    for (let i = 0; i < elements; i++) {
      this.#readElement(view, place, offset);
      place += view.getUint16(place + 2, true);
    }
    flow.emit(this.met, offset);
    return true;
  }

  #readElement(view: DataView, place: number, offset: number): void {
    const { flow } = this;
    const at = place + ELEMENT_HEADER;
    const type = view.getUint16(place, true);
    switch (type) {
      case ELEMENT.genericFlow:
        flow.hasCounts = true;
        flow.first = readU64(view, at);
        flow.last = readU64(view, at + 8);
        flow.received = readU64(view, at + 16);
        flow.packets = readU64(view, at + 24);
        flow.bytes = readU64(view, at + 32);
        flow.sourcePort = view.getUint16(at + 40, true);
        flow.destinationPort = view.getUint16(at + 42, true);
        flow.transport = view.getUint8(at + 44);
        flow.tcpFlags = view.getUint8(at + 45);
        break;
      case ELEMENT.ipv4Flow:
        flow.hasAddresses = true;
        readIpv4(view, at, flow.source);
        readIpv4(view, at + 4, flow.destination);
        break;
      case ELEMENT.ipv6Flow:
        flow.hasAddresses = true;
        readIpv6(view, at, flow.source);
        readIpv6(view, at + 16, flow.destination);
        break;
      case ELEMENT.flowMisc:
        flow.inputInterface = view.getUint32(at, true);
        flow.outputInterface = view.getUint32(at + 4, true);
        if (view.getUint16(place + 2, true) >= FLOW_MISC_WITH_DIRECTION) flow.biflowDirection = view.getUint8(at + 12);
        break;
      case ELEMENT.countsBack:
        flow.aggregated = readU64(view, at);
        flow.packetsBack = readU64(view, at + 8);
        flow.bytesBack = readU64(view, at + 16);
        break;
      case ELEMENT.nextHopV4:
        flow.hasNextHop = true;
        readIpv4(view, at, flow.nextHop);
        break;
      case ELEMENT.nextHopV6:
        flow.hasNextHop = true;
        readIpv6(view, at, flow.nextHop);
        break;
      case ELEMENT.bgpNextHopV4:
        flow.hasBgpNextHop = true;
        readIpv4(view, at, flow.bgpNextHop);
        break;
      case ELEMENT.bgpNextHopV6:
        flow.hasBgpNextHop = true;
        readIpv6(view, at, flow.bgpNextHop);
        break;
      case ELEMENT.receivedV4:
        flow.hasSender = true;
        readIpv4(view, at, flow.sender);
        break;
      case ELEMENT.receivedV6:
        flow.hasSender = true;
        readIpv6(view, at, flow.sender);
        break;
      case ELEMENT.samplerInfo:
        if (view.getUint16(place + 2, true) === SAMPLER_INFO_WITH_INTERVAL) {
          flow.samplerId = view.getInt32(at, true);
          flow.ownRate = view.getUint32(at + 4, true);
        } else flow.samplerId = readU64(view, at);
        break;
      case ELEMENT.firewallEvent:
        flow.firewallEvent = view.getUint8(at + 14);
        break;
      default:
        if (type > LAST_ELEMENT) {
          const message = `the record has an element of type ${type}, which nfdump 1.7 does not have; it was passed over`;
          this.sink.problem('extension-unknown', offset, message);
        }
    }
  }
}
