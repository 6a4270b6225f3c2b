import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { blockContains, parseBlock } from '../../shared/address.ts';
import { fillerBytes, frameOf, type IsInside, packetsOf, pcapHeader, pcapRecord } from './sample-packets.ts';
import { SampleRandom } from './sample-random.ts';
import { type SampleFlow, SampleTraffic } from './sample-traffic.ts';
import { SAMPLE_WORLD } from './sample-world.ts';
import { zeekLogs } from './sample-zeek-logs.ts';

export interface SampleOptions {
  /** Same seed, same flows. Default 2017. */
  seed?: number;
  /** Days laid out, from 24 April 2017; default 21. */
  days?: number;
  /** Of these, the first so many become packets, the rest Zeek logs; default 7. */
  captureDays?: number;
}

export interface SampleEvidence {
  /** Paths of the files written, the capture first. */
  readonly files: string[];
  readonly bytes: number;
  readonly packets: number;
  readonly captureFlows: number;
  readonly logFlows: number;
  /** Flows by what they were planted as: a category, `inbound` or `scan`. */
  readonly planted: Readonly<Record<string, number>>;
  /** Share of games and streams among flows to services (without names, times, updates, visits and scans), 0..1. */
  readonly playShare: number;
}

const RANGES = SAMPLE_WORLD.ranges.map(parseBlock);

const isInside: IsInside = (address) =>
  RANGES.some((block) => block !== null && blockContains(block, 0, 0, 0xffff, address));

const DAY = 86_400_000_000;

function capture(flows: readonly SampleFlow[], random: SampleRandom, filler: Buffer): Buffer[] {
  const records: { time: number; record: Buffer }[] = [];
  let id = 0;
  for (const flow of flows) {
    for (const packet of packetsOf(flow, random, filler)) {
      const frame = frameOf(flow, packet, id++, isInside);
      records.push({ time: packet.time, record: pcapRecord(packet.time, frame) });
    }
  }
  return records.toSorted((one, other) => one.time - other.time).map(({ record }) => record);
}

/**
 * Writes the sample evidence into `directory` (made when absent; files of the same names are replaced): one week as a
 * capture (`week-1.pcap`), two weeks of the same world as Zeek logs (`zeek/conn.log.gz`, `dns.log`, `ssl.log`,
 * `http.log`). All of it is made up (see sample-world.ts). Same options, same bytes; the gzip file on the same zlib only.
 * Rejects with the file system's error when it cannot write.
 */
export async function generateSample(directory: string, options: SampleOptions = {}): Promise<SampleEvidence> {
  const { seed = 2017, days = SAMPLE_WORLD.days, captureDays = SAMPLE_WORLD.captureDays } = options;
  const boundary = SAMPLE_WORLD.begin + captureDays * DAY;
  const flows = new SampleTraffic(SAMPLE_WORLD, seed, days, boundary).flows.toSorted(
    (one, other) => one.start - other.start,
  );
  const random = new SampleRandom(seed + 1);
  const filler = fillerBytes(random);
  const captured = flows.filter(({ start }) => start < boundary);
  const logged = flows.filter(({ start }) => start >= boundary);
  const records = capture(captured, random, filler);
  const logs = zeekLogs(logged, random, filler, isInside, SAMPLE_WORLD.dnsLifetime);
  const contents: readonly (readonly [path: string, bytes: Buffer])[] = [
    ['week-1.pcap', Buffer.concat([pcapHeader(), ...records])],
    ['zeek/conn.log.gz', gzipSync(logs.conn)],
    ['zeek/dns.log', Buffer.from(logs.dns)],
    ['zeek/ssl.log', Buffer.from(logs.ssl)],
    ['zeek/http.log', Buffer.from(logs.http)],
  ];
  await mkdir(join(directory, 'zeek'), { recursive: true });
  const files: string[] = [];
  for (const [path, bytes] of contents) {
    const file = join(directory, path);
    await writeFile(file, bytes);
    files.push(file);
  }
  return {
    files,
    bytes: contents.reduce((sum, [, bytes]) => sum + bytes.length, 0),
    packets: records.length,
    captureFlows: captured.length,
    logFlows: logged.length,
    ...plantedIn(flows),
  };
}

function plantedIn(flows: readonly SampleFlow[]): Pick<SampleEvidence, 'planted' | 'playShare'> {
  const planted: Record<string, number> = {};
  for (const flow of flows) planted[flow.planted] = (planted[flow.planted] ?? 0) + 1;
  const play = (planted.gaming ?? 0) + (planted.streaming ?? 0);
  const aside = ['infra', 'update', 'inbound', 'scan'].reduce((sum, kind) => sum + (planted[kind] ?? 0), 0);
  return { planted, playShare: play / Math.max(1, flows.length - aside) };
}
