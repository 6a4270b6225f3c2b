import type { EvidenceSink } from '../flow-sink.ts';
import { Exporters, MAX_SAMPLERS } from './nfcapd-exporters.ts';
import { NfcapdFlow } from './nfcapd-flow.ts';
import { readIpv4, readIpv6, readU64, type Words } from './nfcapd-values.ts';

/** Records that both layouts of nfcapd share: their frame, exporters and samplers (nfdump 1.6 nffile.h, 1.7 id.h). */

export const RECORD = {
  commonV0: 1,
  extensionMap: 2,
  exporter: 7,
  legacySampler: 9,
  common: 10,
  v3: 11,
  sampler: 15,
} as const;
const LAST_TYPE = 15;
/** Types of the appendix: the name of the source, and its statistics. */
const FIRST_APPENDIX_TYPE = 0x8001;
const STATISTICS = 0x8002;

export const RECORD_HEADER = 4;
const AF_INET = 2;
const EXPORTER_BYTES = 32;
const LEGACY_SAMPLER_BYTES = 16;
const SAMPLER_BYTES = 24;
/** Of the statistics, as much as must be there: the number of flows. */
const STATISTICS_BYTES = 12;
/** Where in the statistics of layout 2 the sequence failures stand; records of earlier versions of it end before. */
const FAILURES_V2 = 140;
/** No collector counts more: a number above it is none. */
const MOST_FAILURES = 2 ** 32 - 1;

/** True when a record of a type and a size that can be begins here. */
export function isRecordHeader(view: DataView, at: number, end: number): boolean {
  if (end - at < RECORD_HEADER) return false;
  const type = view.getUint16(at, true);
  const size = view.getUint16(at + 2, true);
  const isKnown = (type > 0 && type <= LAST_TYPE) || (type >= FIRST_APPENDIX_TYPE && type <= STATISTICS);
  return isKnown && size >= RECORD_HEADER && size <= end - at;
}

/** Where a block's records lie, and how far they can be trusted. */
export interface BlockPlace {
  /** Offset in the file of the view's first byte; of a compressed block, the offset under which all of it stands. */
  readonly base: number;
  readonly isCompressed: boolean;
  /** The file ends inside the block, which is told elsewhere. */
  readonly isCut: boolean;
  /** After damage, go on with the next sound record; else stop. */
  readonly skipsDamage: boolean;
}

/** What is read of the records of a file, block after block. */
export abstract class NfcapdRecords {
  protected readonly sink: EvidenceSink;
  protected readonly exporters = new Exporters();
  readonly flow: NfcapdFlow;
  /** Flow records met, faulty ones included. */
  protected met = 0;
  /** Flows of the file by its own statistics; 0 = not told. */
  statedFlows = 0;
  /** Times that the collector, by the file's own statistics, found the number of an export message not to follow the last. */
  statedFailures = 0;
  readonly #address: Words = [0, 0, 0, 0];

  constructor(sink: EvidenceSink) {
    this.sink = sink;
    this.flow = new NfcapdFlow(sink, this.exporters);
  }

  /** True when what begins here is surely a flow record: its parts add up. For finding the way back after damage. */
  abstract isSound(view: DataView, at: number, end: number): boolean;

  /** Reads a record of this layout's own types; false when its parts do not add up. */
  protected abstract readOwn(view: DataView, type: number, at: number, size: number, offset: number): boolean;

  /**
   * Reads the records of a block from `from` to `end`.
   *
   * @returns how many were there, and where the first damage began (-1 = none)
   */
  readBlock(view: DataView, from: number, end: number, block: BlockPlace): { count: number; damage: number } {
    let count = 0;
    let damage = -1;
    for (let at = from; at < end;) {
      const offset = block.isCompressed ? block.base : block.base + at;
      const size = isRecordHeader(view, at, end) ? view.getUint16(at + 2, true) : 0;
      if (size > 0 && this.#read(view, at, size, offset)) {
        count++;
        at += size;
        continue;
      }
      const behind = at + size;
      if (size > 0 && (behind === end || isRecordHeader(view, behind, end))) {
        this.sink.problem('damaged-record', offset, 'the parts of the record do not add up to its size');
        count++;
        at = behind;
        continue;
      }
      if (damage < 0) damage = at;
      if (!block.skipsDamage) {
        this.sink.problem('damaged-record', offset, 'no record begins here; searching for the next sound block');
        break;
      }
      let found = at + 1;
      while (found < end && !this.isSound(view, found, end)) found++;
      if (found < end) {
        const message = `no record begins here; ${found - at} bytes up to the next sound one were passed over`;
        this.sink.problem('damaged-record', offset, message);
      } else if (!block.isCut) {
        const message = `no record begins here; the last ${end - at} bytes of the block were passed over`;
        this.sink.problem('damaged-record', offset, message);
      }
      at = found;
    }
    return { count, damage };
  }

  /** Tells, at the end of the file, when records are missing by its own statistics: of the file, or before it was written. */
  compareStatistics(offset: number): void {
    if (this.statedFailures > 0) {
      const what = `the collector met ${this.statedFailures} failures in the sequence numbers of its exporters`;
      const message = `${what}: exports were lost, came late, or are numbered otherwise than it expects; how many are missing it does not tell`;
      this.sink.problem('sequence-failures', offset, message, this.statedFailures);
    }
    // What nfdump put together it may count in either way.
    if (this.statedFlows === 0 || this.statedFlows === this.met || this.flow.hasAggregated) return;
    const message = `the file's own statistics tell of ${this.statedFlows} flows, ${this.met} records of flows were met`;
    this.sink.problem('flow-count-differs', offset, message);
  }

  #read(view: DataView, at: number, size: number, offset: number): boolean {
    const type = view.getUint16(at, true);
    switch (type) {
      case RECORD.exporter:
        if (size < EXPORTER_BYTES) return false;
        this.#readExporter(view, at);
        return true;
      case RECORD.legacySampler:
        if (size < LEGACY_SAMPLER_BYTES) return false;
        this.#readSampler(
          view.getUint16(at + 14, true),
          view.getInt32(at + 4, true),
          1,
          view.getUint32(at + 8, true) - 1,
          offset,
        );
        return true;
      case RECORD.sampler: {
        if (size < SAMPLER_BYTES) return false;
        const id = view.getInt32(at + 12, true) * 4_294_967_296 + view.getUint32(at + 8, true);
        const interval = view.getUint32(at + 16, true);
        this.#readSampler(view.getUint16(at + 4, true), id, interval, view.getUint32(at + 20, true), offset);
        return true;
      }
      case STATISTICS:
        if (size < STATISTICS_BYTES) return false;
        this.statedFlows = readU64(view, at + RECORD_HEADER);
        if (size >= FAILURES_V2 + 8) this.statedFailures = Math.min(readU64(view, at + FAILURES_V2), MOST_FAILURES);
        return true;
      default:
        return this.readOwn(view, type, at, size, offset);
    }
  }

  /** The address lies in network order, or, where its family is told beside it, in numbers of the host's order. */
  #readExporter(view: DataView, at: number): void {
    const address = this.#address;
    const family = view.getUint16(at + 24, true);
    if (family === AF_INET) readIpv4(view, at + 16, address);
    else if (family !== 0) readIpv6(view, at + 8, address);
    else for (let i = 0; i < 4; i++) address[i] = view.getUint32(at + 8 + 4 * i);
    this.exporters.enter(view.getUint16(at + 26, true), address, view.getUint32(at + 4, true));
  }

  #readSampler(exporter: number, id: number, interval: number, space: number, offset: number): void {
    if (interval < 1 || space < 0) return;
    if (!this.exporters.enterSampler(exporter, id, interval, space)) {
      const message = `more than ${MAX_SAMPLERS} samplers are told of; the sampling rates of further ones are not known`;
      this.sink.problem('too-many-samplers', offset, message);
    }
  }
}
