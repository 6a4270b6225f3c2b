import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveMember } from '../../electron/capture/archive-member.ts';
import { type EvidenceReading, readEvidence, type ReadingOptions } from '../../electron/capture/evidence-file.ts';
import { PcapReader } from '../../electron/capture/pcap.ts';
import { Collected, type ReadPacket } from './capture-writer.ts';

/** Reads files through the whole of capture/ for tests, and calls the real tools that make them. */

export interface Read {
  reading: EvidenceReading;
  /** Packets of each content, with the member's name; '' when it is none. */
  contents: { member: string; packets: ReadPacket[] }[];
  problems: { kind: string; offset: number; message: string }[];
}

/** Runs `use` with a file of these bytes. */
export async function withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-capture-'));
  try {
    const path = join(folder, 'evidence');
    writeFileSync(path, bytes);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads bytes as evidence; contents that begin like a pcap are captures, others are no evidence. */
export function readBytes(bytes: Uint8Array, options: ReadingOptions = {}): Promise<Read> {
  return withFile(bytes, async (path) => {
    const contents: Read['contents'] = [];
    const problems: Read['problems'] = [];
    const choose = (head: Uint8Array, member: ArchiveMember | null) => {
      if (head[0] !== 0xd4 || head[1] !== 0xc3) return null;
      const sink = new Collected();
      contents.push({ member: member?.name ?? '', packets: sink.packets });
      return { format: 'pcap', reader: new PcapReader(sink) };
    };
    const reading = await readEvidence(
      path,
      {
        choose,
        problem: (kind, offset, message) => problems.push({ kind, offset, message }),
        progress: () => undefined,
      },
      options,
    );
    return { reading, contents, problems };
  });
}

/** What a program makes of its input; null when it is not installed. */
export function pipeThrough(program: string, args: readonly string[], input: Uint8Array): Buffer | null {
  const { error, status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 1 << 28 });
  if (error !== undefined) return null;
  if (status !== 0) throw new Error(`${program}: ${stderr.toString()}`);
  return stdout;
}

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}
