import { closeSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PacketSink } from '../capture/packet-sink.ts';
import { PCAP_MAGICS, PcapReader } from '../capture/pcap.ts';
import { PcapngReader } from '../capture/pcapng.ts';
import type { EvidencePath } from './evidence-paths.ts';

/** Finds files that look like one capture cut into pieces, as rotating capture programs leave it. */

/** What is read of a file to see its first packet. */
const HEAD_BYTES = 1 << 16;
/** A run is committed as a whole: a longer one is cut here, and so are the flows that cross the cut. */
const MAX_RUN_BYTES = 2 ** 30;
const MAX_RUN_FILES = 512;

interface FirstPacket {
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly linkType: number;
  readonly format: 'pcap' | 'pcapng';
}

/** The first packet of an uncompressed capture; null when the file is none, or cannot be read. */
function firstPacketOf(path: string): FirstPacket | null {
  const head = Buffer.alloc(HEAD_BYTES);
  let length: number;
  try {
    const fd = openSync(path, 'r');
    try {
      length = readSync(fd, head, 0, HEAD_BYTES, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
  if (length < 24) return null;
  const magic = head.readUInt32BE(0);
  const format = PCAP_MAGICS.has(magic) ? 'pcap' : magic === 0x0a0d0d0a ? 'pcapng' : null;
  if (format === null) return null;
  let first: FirstPacket | null = null;
  const sink: PacketSink = {
    packet: (_bytes, _start, _end, _originalLength, time, linkType) => {
      first ??= { time, linkType, format };
    },
    problem: () => undefined,
  };
  const reader = format === 'pcap' ? new PcapReader(sink) : new PcapngReader(sink);
  reader.consume(head.subarray(0, length), length, 0, length < HEAD_BYTES);
  return first;
}

/**
 * Puts the files into runs, most of them of one file. A run is several uncompressed captures of one folder, of one format and
 * link type, that begin one after the other; they stand in the order of their first packets, where the first of them stood.
 */
export function captureRuns(files: readonly EvidencePath[]): EvidencePath[][] {
  const runs: EvidencePath[][] = [];
  const families = new Map<string, { run: { file: EvidencePath; time: number }[]; place: EvidencePath[] }>();
  for (const file of files) {
    const first = file.fault === null ? firstPacketOf(file.path) : null;
    if (first === null) {
      runs.push([file]);
      continue;
    }
    const key = `${dirname(file.path)}\0${first.format}\0${first.linkType}`;
    const family = families.get(key);
    if (family !== undefined) {
      family.run.push({ file, time: first.time });
      continue;
    }
    const place: EvidencePath[] = [];
    runs.push(place);
    families.set(key, { run: [{ file, time: first.time }], place });
  }
  for (const { run, place } of families.values()) {
    place.push(...run.toSorted((x, y) => x.time - y.time).map(({ file }) => file));
  }
  return runs.flatMap(cutLong);
}

function cutLong(run: EvidencePath[]): EvidencePath[][] {
  const parts: EvidencePath[][] = [];
  let bytes = 0;
  for (const file of run) {
    const part = parts.at(-1);
    bytes += file.bytes;
    if (part === undefined || bytes > MAX_RUN_BYTES || part.length === MAX_RUN_FILES) {
      parts.push([file]);
      bytes = file.bytes;
    } else part.push(file);
  }
  return parts;
}
