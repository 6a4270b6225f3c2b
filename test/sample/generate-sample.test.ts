import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { detectZeek, ZeekReader } from '../../electron/flows/zeek/zeek.ts';
import { generateSample, type SampleEvidence } from '../../electron/sample/generate-sample.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';
import { SAMPLE_WORLD } from '../../electron/sample/sample-world.ts';
import { formatAddress } from '../../shared/address.ts';
import { TCP, UDP } from '../../shared/flow.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const folder = mkdtempSync(join(tmpdir(), 'enclave-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hashes = (sample: SampleEvidence) =>
  sample.files.map((file) => [basename(file), createHash('sha256').update(readFileSync(file)).digest('hex')]);

function readLogs(sample: SampleEvidence) {
  const flows: ExportedFlow[] = [];
  const names: LogName[] = [];
  const answered = new Set<string>();
  const problems: string[] = [];
  for (const file of sample.files.filter((path) => path.includes('.log'))) {
    const raw = readFileSync(file);
    const bytes = file.endsWith('.gz') ? gunzipSync(raw) : raw;
    const format = detectZeek(bytes.subarray(0, 65_536));
    if (format === null) throw new Error(`${file} is not recognised`);
    const reader = new ZeekReader(format, {
      flow: (flow) => flows.push(flow),
      logName: (name) => names.push(name),
      answer: (_client, address, name) => answered.add(`${formatAddress(...address)} ${name}`),
      problem: (kind, line, message) => problems.push(`${file}:${line} ${kind} ${message}`),
    });
    reader.push(bytes);
    reader.end();
  }
  return { flows, names, answered, problems };
}

/** The packets of the capture, as few fields as the tests need. */
function readCapture(file: string) {
  const bytes = readFileSync(file);
  expect(bytes.readUInt32LE(0)).toBe(0xa1b2c3d4);
  const packets: { time: number; frame: Buffer; length: number }[] = [];
  for (let at = 24; at < bytes.length;) {
    const kept = bytes.readUInt32LE(at + 8);
    packets.push({
      time: bytes.readUInt32LE(at) * 1_000_000 + bytes.readUInt32LE(at + 4),
      frame: bytes.subarray(at + 16, at + 16 + kept),
      length: bytes.readUInt32LE(at + 12),
    });
    at += 16 + kept;
  }
  return packets;
}

function onesComplement(bytes: Buffer, begin = 0): number {
  let sum = begin;
  for (let at = 0; at < bytes.length; at++) sum += at % 2 === 0 ? (bytes[at] ?? 0) * 256 : (bytes[at] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return sum;
}

/** Hours since the first local midnight. */
const local = (time: number) => (time - SAMPLE_WORLD.begin) / HOUR;

const firstWords = (seed: number) => {
  const random = new SampleRandom(seed);
  return Array.from({ length: 4 }, () => random.word());
};

it('random numbers repeat with the seed and are even', () => {
  expect(firstWords(1)).toEqual(firstWords(1));
  expect(firstWords(1)).not.toEqual(firstWords(2));
  const random = new SampleRandom(5);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 10_000; draw++) {
    const bucket = random.whole(0, 9);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

describe('a short span', () => {
  it('is the same, byte for byte, for the same seed, and another for another', async () => {
    const short = { days: 2, captureDays: 1 };
    const one = await generateSample(join(folder, 'one'), { ...short, seed: 7 });
    const two = await generateSample(join(folder, 'two'), { ...short, seed: 7 });
    const other = await generateSample(join(folder, 'other'), { ...short, seed: 8 });
    expect(hashes(two)).toEqual(hashes(one));
    expect(hashes(other)).not.toEqual(hashes(one));
  }, 60_000);

  const tshark = spawnSync('tshark', ['--version']).status === 0;
  it.skipIf(!tshark)(
    'is read by tshark (skipped without it): checksums right, names and protocols found',
    async () => {
      const sample = await generateSample(join(folder, 'tshark'), { days: 1, captureDays: 1, seed: 7 });
      const capture = sample.files[0] ?? '';
      const checks = ['ip', 'tcp', 'udp'].flatMap((layer) => ['-o', `${layer}.check_checksum:TRUE`]);
      const fields = [
        'ip.checksum.status',
        'tcp.checksum.status',
        'udp.checksum.status',
        'tls.handshake.extensions_server_name',
        'http.host',
        'dns.qry.name',
        'frame.protocols',
      ].flatMap((field) => ['-e', field]);
      const text = execFileSync('tshark', ['-r', capture, ...checks, '-T', 'fields', ...fields], {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const rows = text
        .trimEnd()
        .split('\n')
        .map((row) => row.split('\t'));
      expect(rows).toHaveLength(sample.packets);
      // 0 = bad, 1 = good, 2 = not checked (cut packets).
      for (const column of [0, 1, 2]) expect(rows.filter((row) => row[column] === '0')).toEqual([]);
      expect(rows.filter((row) => row[1] === '1').length).toBeGreaterThan(1000);
      const column = (at: number) => new Set(rows.map((row) => row[at] ?? ''));
      expect(column(3)).toContain('www.facebook.com');
      expect(column(4)).toContain('www.xinhuanet.com');
      expect(column(5)).toContain('login.worldoftanks.asia');
      const protocols = [...column(6)].join(' ');
      for (const protocol of ['tls', 'http', 'dns', 'ntp', 'icmp', 'bittorrent', 'ssh']) {
        expect(protocols).toContain(`:${protocol}`);
      }
    },
    60_000,
  );
});

describe('the whole sample', () => {
  let sample: SampleEvidence;
  let logs: ReturnType<typeof readLogs>;
  beforeAll(async () => {
    sample = await generateSample(join(folder, 'whole'));
    logs = readLogs(sample);
  }, 60_000);

  it('is small, and of the planted size and mixture', () => {
    expect(sample.bytes).toBeLessThan(25_000_000);
    const flows = sample.captureFlows + sample.logFlows;
    expect(flows).toBeGreaterThan(35_000);
    expect(flows).toBeLessThan(80_000);
    expect(Object.values(sample.planted).reduce((sum, count) => sum + count, 0)).toBe(flows);
    expect(sample.playShare).toBeGreaterThan(0.55);
    expect(sample.playShare).toBeLessThan(0.65);
  });

  it('holds a capture of the first week: in order of time, headers and checksums right', () => {
    const packets = readCapture(sample.files[0] ?? '');
    expect(packets).toHaveLength(sample.packets);
    let before = SAMPLE_WORLD.begin;
    const tuples = new Set<string>();
    let checked = 0;
    for (const { time, frame, length } of packets) {
      if (time < before) throw new Error('packets out of order');
      before = time;
      const ip = frame.subarray(14, 34);
      if (onesComplement(ip) !== 0xffff) throw new Error('wrong IP checksum');
      if (ip.readUInt16BE(2) !== length - 14) throw new Error('wrong IP length');
      const protocol = ip[9] ?? 0;
      if (length === frame.length && (protocol === TCP || protocol === UDP)) {
        const pseudo = onesComplement(ip.subarray(12, 20), protocol + length - 34);
        if (onesComplement(frame.subarray(34), pseudo) !== 0xffff) throw new Error('wrong TCP or UDP checksum');
        checked++;
      }
      const ends = [ip.toString('hex', 12, 16) + frame.toString('hex', 34, 36)];
      ends.push(ip.toString('hex', 16, 20) + frame.toString('hex', 36, 38));
      if (protocol !== 1) tuples.add(`${protocol} ${ends.toSorted().join(' ')}`);
    }
    expect(checked).toBeGreaterThan(50_000);
    expect(before).toBeLessThan(SAMPLE_WORLD.begin + 7 * DAY);
    // Every flow has a tuple of its own, but for the pings (ICMP, not counted here).
    expect(tuples.size).toBeGreaterThan(sample.captureFlows * 0.99);
    expect(tuples.size).toBeLessThanOrEqual(sample.captureFlows);
  });

  it('holds Zeek logs of the next two weeks that our reader reads whole and joins', () => {
    expect(logs.problems).toEqual([]);
    expect(logs.flows).toHaveLength(sample.logFlows);
    const uids = new Set(logs.flows.map((flow) => flow.uid));
    expect(uids.size).toBe(sample.logFlows);
    expect(logs.names.length).toBeGreaterThan(10_000);
    expect(logs.names.filter(({ uid }) => !uids.has(uid))).toEqual([]);
    for (const { start, end } of logs.flows) {
      if (start < SAMPLE_WORLD.begin + 7 * DAY || end >= SAMPLE_WORLD.begin + 21 * DAY) throw new Error('out of span');
    }
    expect(new Set(logs.names.map(({ origin }) => origin))).toEqual(new Set(['zeek-dns', 'zeek-ssl', 'zeek-http']));
    expect([...logs.answered].some((answer) => answer.endsWith(' www.facebook.com'))).toBe(true);
    const established = logs.flows.filter(({ transport, state }) => transport === TCP && state === 'SF');
    expect(established.every(({ tcpFlags = 0 }) => (tcpFlags & 0b1_0011) === 0b1_0011)).toBe(true);
  });

  it('is quiet at night and in the outage, and busiest on Mondays and Tuesdays', () => {
    const outage = SAMPLE_WORLD.outages[0];
    const from = outage.day * 24 + outage.hour;
    const inOutage = logs.flows.filter(({ start, end }) => local(end) > from && local(start) < from + outage.hours);
    expect(inOutage).toEqual([]);
    const hourly = Array.from({ length: 24 }, () => 0);
    const daily = Array.from({ length: 7 }, () => 0);
    for (const { start, responder, state, transport } of logs.flows) {
      // What people do: no knocks from outside, no visits to the server, no name and time lookups.
      if (transport !== TCP || state !== 'SF' || formatAddress(...responder) === SAMPLE_WORLD.server.address) continue;
      const hour = Math.floor(local(start));
      hourly[hour % 24] = (hourly[hour % 24] ?? 0) + 1;
      daily[Math.floor(hour / 24) % 7] = (daily[Math.floor(hour / 24) % 7] ?? 0) + 1;
    }
    expect(Math.max(...hourly.slice(0, 6))).toBeLessThan(Math.min(...hourly.slice(9, 21)) / 5);
    const [monday = 0, tuesday = 0, ...others] = daily;
    expect(Math.min(monday, tuesday)).toBeGreaterThan(Math.max(...others));
  });

  it('shows the Bitcoin node in the last days alone', () => {
    const bitcoin = logs.flows.filter(({ responderPort }) => responderPort === 8333);
    expect(bitcoin.length).toBeGreaterThan(200);
    expect(Math.min(...bitcoin.map(({ start }) => local(start) / 24))).toBeGreaterThan(SAMPLE_WORLD.bitcoin.firstDay);
    expect(new Set(bitcoin.map(({ initiator }) => formatAddress(...initiator)))).toEqual(
      new Set([SAMPLE_WORLD.bitcoin.host]),
    );
  });
});
