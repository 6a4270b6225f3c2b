import { zstdDecompressSync } from 'node:zlib';
import { decompressBzip2 } from '../capture/bzip2.ts';
import { unpackLz4Block } from '../capture/lz4.ts';
import { decompressLzo1x } from '../capture/lzo1x.ts';
import { ArgusReader, detectArgus } from '../flows/argus/argus.ts';
import type { EvidenceSink } from '../flows/flow-sink.ts';
import { detectIpfixFile, IpfixFileReader } from '../flows/netflow/ipfix-file.ts';
import { type BlockDecompressors, detectNfcapd, NfcapdReader } from '../flows/nfcapd/nfcapd.ts';
import { AzureFlowLogReader, detectAzureFlowLog } from '../flows/text/azure-flow-log.ts';
import { detectText, TextExportReader, type TextFormat } from '../flows/text/text-exports.ts';
import { detectZeek, ZeekReader } from '../flows/zeek/zeek.ts';
import type { Mapping } from '../../shared/mapping.ts';

/** Which reader takes a file that is a flow export. */

/** Reads one flow export in pieces of any size, decompressed. */
export interface ExportReader {
  /** Records read without fault so far. */
  readonly records: number;
  /** Earliest and latest moment that a record tells of, microseconds since the epoch; null before the first. */
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
  push(chunk: Uint8Array): void;
  end(): void;
}

export interface ExportFormat {
  /** As it stands in the evidence's `format`. */
  readonly id: string;
  /** Lines of text, which locators count; else records. */
  readonly isText: boolean;
  readonly open: (sink: EvidenceSink) => ExportReader;
}

/**
 * The decompressors of nfcapd's blocks for one file, each to at most `maximum` bytes; null for a block that is not sound. What
 * one gives is good until the next call.
 */
function blockDecompressors(): BlockDecompressors {
  let room = new Uint8Array(0);
  return {
    lzo: decompressLzo1x,
    bz2: decompressBzip2,
    lz4: (block, maximum) =>
      unpackLz4Block(block, maximum, (bytes) => {
        if (room.length < bytes) room = new Uint8Array(bytes);
        return room;
      }),
    zstd(block, maximum) {
      try {
        return zstdDecompressSync(block, { maxOutputLength: maximum });
      } catch {
        return null;
      }
    },
  };
}

/** What is known of text exports beforehand. */
export interface Mappings {
  /** For every text export of the import. */
  readonly given: Mapping | null;
  /** Each for the exports that have its columns. */
  readonly ofProfile: readonly Mapping[];
}

/** Tells a flow export by its beginning; null when it is none. */
export function exportFormatOf(head: Uint8Array, { given, ofProfile }: Mappings): ExportFormat | null {
  if (detectNfcapd(head)) {
    return { id: 'nfcapd', isText: false, open: (sink) => new NfcapdReader(sink, blockDecompressors()) };
  }
  if (detectArgus(head)) return { id: 'argus', isText: false, open: (sink) => new ArgusReader(sink) };
  if (detectIpfixFile(head)) return { id: 'ipfix', isText: false, open: (sink) => new IpfixFileReader(sink) };
  if (detectAzureFlowLog(head))
    return { id: 'azure-flow-log', isText: false, open: (sink) => new AzureFlowLogReader(sink) };
  const zeek = detectZeek(head);
  if (zeek !== null) return { id: zeek.id, isText: true, open: (sink) => new ZeekReader(zeek, sink) };
  const text = textFormatOf(head, { given, ofProfile });
  return text === null ? null : { id: text.id, isText: true, open: (sink) => new TextExportReader(text, sink) };
}

/** The same for text alone. */
export function textFormatOf(head: Uint8Array, { given, ofProfile }: Mappings): TextFormat | null {
  if (given !== null) return detectText(head, given);
  for (const mapping of ofProfile) {
    const found = detectText(head, mapping);
    if (found !== null) return found;
  }
  return detectText(head, null);
}
