import { statSync } from 'node:fs';
import { lookInto } from '../capture/evidence-file.ts';
import type { CaptureReader, NameSink, PacketSink } from '../capture/packet-sink.ts';
import { PCAP_MAGICS, PcapReader } from '../capture/pcap.ts';
import { PcapngReader } from '../capture/pcapng.ts';
import { SnoopReader } from '../capture/snoop.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** Which reader takes a file that is a capture. */

export interface CaptureFormat {
  /** As it stands in the evidence's `format`. */
  readonly id: string;
  /** @param storeName takes the names that the capture itself gives to addresses */
  readonly open: (sink: PacketSink, storeName: NameSink) => CaptureReader;
}

const PCAP: CaptureFormat = { id: 'pcap', open: (sink) => new PcapReader(sink) };
const PCAPNG: CaptureFormat = { id: 'pcapng', open: (sink, storeName) => new PcapngReader(sink, storeName) };
const SNOOP: CaptureFormat = { id: 'snoop', open: (sink) => new SnoopReader(sink) };

/** By so many bytes a capture is known. */
const MAGIC_BYTES = 8;

function magicOf(head: Uint8Array): number {
  return head.length < 4 ? 0 : ((head[0] << 24) | (head[1] << 16) | (head[2] << 8) | head[3]) >>> 0;
}

function isSnoop(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 8)).toString('latin1') === 'snoop\0\0\0';
}

/** Tells a capture by its beginning; null when it is none. */
export function captureFormatOf(head: Uint8Array): CaptureFormat | null {
  const magic = magicOf(head);
  if (PCAP_MAGICS.has(magic)) return PCAP;
  if (magic === 0x0a0d0d0a) return PCAPNG;
  return isSnoop(head) ? SNOOP : null;
}

/** False for folders, pipes and devices: opening a pipe would wait for whoever fills it. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether a file is a capture outside any container; null for what is no file or cannot be read. */
export function isCaptureFile(path: string): boolean | null {
  if (!isFile(path)) return null;
  try {
    return lookInto(path, (file) => captureFormatOf(file.read(0, MAGIC_BYTES)) !== null);
  } catch (error) {
    if (error instanceof EnclaveError) return null;
    throw error;
  }
}
