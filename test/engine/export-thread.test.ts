import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type DecodedEvidence, decodeRun } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { FilledSegment } from '../../electron/flows/segment-builder.ts';
import { FACT_COLUMNS, type FactColumn } from '../../shared/flow.ts';
import { conversations, type Packet, pcap, udpFrame } from '../fixtures/captures.ts';
import { fixedNetflow, ipv4, netflow9, set, template, uint } from '../flows/netflow-messages.ts';
import { datagram, flowSample, sampledIpv4 } from '../flows/sflow-datagrams.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-exports-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BEGIN = 1_700_000_000e6;
const FIELDS = [
  [8, 4] as const,
  [12, 4] as const,
  [7, 2] as const,
  [11, 2] as const,
  [4, 1] as const,
  [1, 4] as const,
  [2, 4] as const,
];

function address(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

/** One datagram of NetFlow v5, v9 (now and then damaged) or sFlow; every number makes flows of its own. */
function exportOf(number: number): Buffer {
  const [source, destination] = [address(number), '192.0.2.7'];
  switch (number % 4) {
    case 0: {
      const record = { source, destination, sourcePort: 40_000, destinationPort: 443 };
      return Buffer.from(
        fixedNetflow(
          5,
          Array.from({ length: 28 }, (_, i) => ({ ...record, sourcePort: 1024 + i })),
        ),
      );
    }
    case 1:
    case 2: {
      const record = (port: number): number[] => [
        ...ipv4(source),
        ...ipv4(destination),
        ...uint(port, 2),
        ...uint(53, 2),
        17,
        ...uint(700, 4),
        ...uint(7, 4),
      ];
      const records = Array.from({ length: 40 }, (_, i) => record(2000 + i)).flat();
      const sets = [...(number % 100 === 1 ? [set(0, template(256, FIELDS))] : []), set(256, records)];
      const message = Buffer.from(netflow9(sets, 1));
      return number % 500 === 1 ? message.subarray(0, message.length - 3) : message;
    }
    default:
      return Buffer.from(datagram([flowSample([sampledIpv4(source, destination, [1400, 6, 3000, 80, 16])])]));
  }
}

function capture(name: string, exports: number): string {
  const packets: Packet[] = conversations(200);
  for (let number = 0; number < exports; number++) {
    const ends = {
      source: [198, 51, 100, number % 3],
      destination: [203, 0, 113, 1],
      sourcePort: 5000,
      destinationPort: 2055,
    };
    packets.push({ time: BEGIN + number * 1000, frame: udpFrame(ends, exportOf(number)) });
  }
  const path = join(folder, name);
  writeFileSync(path, pcap(packets));
  return path;
}

interface Decoded {
  evidence: DecodedEvidence;
  segments: FilledSegment[];
}

async function decoded(
  path: string,
  isExportThread: boolean,
  progress: () => void = () => undefined,
): Promise<Decoded> {
  const segments: FilledSegment[] = [];
  const output = { segment: (segment: FilledSegment) => void segments.push(segment), names: () => undefined, progress };
  const [evidence] = await decodeRun([path], DEFAULT_TIMEOUTS, output, {}, [], {}, isExportThread);
  if (evidence === undefined || evidence instanceof Error) throw evidence;
  return { evidence, segments };
}

/** Every row of every segment with all its columns, in the order of the segments. */
function rows(segments: readonly FilledSegment[]): string[] {
  return segments.flatMap((segment) =>
    Array.from({ length: segment.rows }, (_, row) =>
      (Object.keys(FACT_COLUMNS) as FactColumn[])
        .map((name) => {
          const { width, coding } = FACT_COLUMNS[name];
          const values = Array.from(segment.columns[name]?.subarray(row * width, (row + 1) * width) ?? []);
          if (coding === 'term') return values.map((number) => segment.terms[number - 1] ?? '').join();
          if (coding === 'dictionary')
            return values.map((number) => segment.dictionaries[name]?.[number - 1] ?? '').join();
          return values.some((value) => value !== 0) ? values.join() : '';
        })
        .join(' '),
    ),
  );
}

const byKind = ({ problems, ...evidence }: DecodedEvidence) => ({
  ...evidence,
  problems: problems.toSorted((x, y) => (x.kind < y.kind ? -1 : 1)),
});

describe('flow exports among packets, read in a thread of their own', () => {
  it('are the same flows and problems as read on the way, and always in the same order', async () => {
    const path = capture('many.pcap', 6000);
    const here = await decoded(path, false);
    const apart = await decoded(path, true);
    expect(byKind(apart.evidence)).toEqual(byKind(here.evidence));
    expect(here.evidence.problems.length).toBeGreaterThan(1);
    expect(here.evidence.flows).toBeGreaterThan(100_000);
    expect(rows(apart.segments).toSorted()).toEqual(rows(here.segments).toSorted());
    // Those of the thread come in segments of their own.
    expect(apart.segments.length).toBeGreaterThan(here.segments.length);
    const again = await decoded(path, true);
    expect(rows(again.segments)).toEqual(rows(apart.segments));
  });

  it('are the same where there are too few for a thread', async () => {
    const path = capture('few.pcap', 50);
    const here = await decoded(path, false);
    const apart = await decoded(path, true);
    expect(byKind(apart.evidence)).toEqual(byKind(here.evidence));
    expect(rows(apart.segments).toSorted()).toEqual(rows(here.segments).toSorted());
  });

  it('end with the decoding when that is cancelled', async () => {
    const path = capture('cancelled.pcap', 6000);
    let calls = 0;
    const cancel = () => {
      if (++calls > 1) throw new Error('cancelled');
    };
    await expect(decoded(path, true, cancel)).rejects.toThrow('cancelled');
    // Nothing of it is left that would hold up the next.
    expect((await decoded(path, true)).evidence.packets).toBe(200 * 6 + 6000);
  });
});
