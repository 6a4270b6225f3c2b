import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { detectZeek, ZeekReader } from '../../electron/flows/zeek/zeek.ts';
import { DEMO_SCALE, generateSample, type SampleEvidence } from '../../electron/sample/generate-sample.ts';
import { DPRK_2017, readWorld } from '../../electron/sample/world.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { formatAddress } from '../../shared/address.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ZoneClock } from '../../shared/time.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const WORLD = readWorld(DPRK_2017);
const CLOCK = new ZoneClock(WORLD.timeZone);
/** Midnight in Pyongyang of 1 April 2017, microseconds since the epoch. */
const BEGIN = CLOCK.instantOfLocal(Date.parse(`${WORLD.from}T00:00:00Z`) * 1000);
const folder = mkdtempSync(join(tmpdir(), 'enclave-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hashes = (sample: SampleEvidence) =>
  sample.files.map((file) => [basename(file), createHash('sha256').update(readFileSync(file)).digest('hex')]);
const flowsOf = (sample: SampleEvidence): number => Object.values(sample.flows).reduce((sum, count) => sum + count, 0);

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
      flow: (flow) => flows.push({ ...flow, initiator: [...flow.initiator], responder: [...flow.responder] }),
      logName: (name) => names.push({ ...name }),
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
  for (let at = 0; at < bytes.length; at++) sum += at % 2 === 0 ? bytes[at] * 256 : bytes[at];
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return sum;
}

it('has the ranges, the zone, the events and the groups of the profile of the study', () => {
  const profile = shippedProfile('dprk-2017');
  expect(WORLD.timeZone).toBe(profile.timeZone);
  expect(WORLD.ranges).toEqual(profile.ranges.map(({ label, cidr }) => ({ label, cidr })));
  const launches = profile.events.filter(({ kind, time }) => kind === 'missile-launch' && inWindow(time));
  expect(WORLD.events.map(({ time }) => time)).toEqual(launches.map(({ time }) => time));
  expect(WORLD.groups).toEqual(profile.groups);
});

function inWindow(time: string): boolean {
  const us = Date.parse(time) * 1000;
  return us >= BEGIN && us < BEGIN + WORLD.days * DAY;
}

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
      const sample = await generateSample(join(folder, 'tshark'), { days: 5, captureDays: 5, seed: 7, scale: 0.5 });
      const checks = ['ip', 'tcp', 'udp'].flatMap((layer) => ['-o', `${layer}.check_checksum:TRUE`]);
      const fields = [
        'ip.checksum.status',
        'tcp.checksum.status',
        'udp.checksum.status',
        'tls.handshake.extensions_server_name',
        'http.host',
        'dns.qry.name',
        'frame.protocols',
        '_ws.malformed',
      ].flatMap((field) => ['-e', field]);
      const text = execFileSync('tshark', ['-r', sample.files[0], ...checks, '-T', 'fields', ...fields], {
        encoding: 'utf8',
        maxBuffer: 256 * 1024 * 1024,
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
    180_000,
  );
});

describe('the whole sample, as the demo has it', () => {
  let sample: SampleEvidence;
  let logs: ReturnType<typeof readLogs>;
  beforeAll(async () => {
    sample = await generateSample(join(folder, 'whole'), { scale: DEMO_SCALE });
    logs = readLogs(sample);
  }, 60_000);

  it('is small', () => {
    expect(sample.bytes).toBeLessThan(25_000_000);
    expect(flowsOf(sample)).toBeGreaterThan(30_000);
    expect(flowsOf(sample)).toBeLessThan(80_000);
  });

  it('holds a bit of everything', () => {
    const causes = ['people', 'update', 'time', 'visit', 'scan', 'backscatter', 'reflection', 'transit'];
    const few = [...causes, 'reconnaissance', 'beacon'].filter((cause) => (sample.flows[cause] ?? 0) < 100);
    expect(few).toEqual([]);
  });

  it('holds a capture of the first week: in order of time, headers and checksums right', () => {
    const packets = readCapture(sample.files[0]);
    expect(packets).toHaveLength(sample.packets);
    let before = BEGIN;
    const tuples = new Set<string>();
    let checked = 0;
    for (const { time, frame, length } of packets) {
      if (time < before) throw new Error('packets out of order');
      before = time;
      const ip = frame.subarray(14, 34);
      if (onesComplement(ip) !== 0xffff) throw new Error('wrong IP checksum');
      if (ip.readUInt16BE(2) !== length - 14) throw new Error('wrong IP length');
      const protocol = ip[9];
      if (length === frame.length && (protocol === TCP || protocol === UDP)) {
        const pseudo = onesComplement(ip.subarray(12, 20), protocol + length - 34);
        if (onesComplement(frame.subarray(34), pseudo) !== 0xffff) throw new Error('wrong TCP or UDP checksum');
        checked++;
      }
      const ends = [ip.toString('hex', 12, 16) + frame.toString('hex', 34, 36)];
      ends.push(ip.toString('hex', 16, 20) + frame.toString('hex', 36, 38));
      if (protocol !== 1) tuples.add(`${protocol} ${ends.toSorted().join(' ')}`);
    }
    expect(checked).toBeGreaterThan(10_000);
    // A conversation that begins in the first week may end in the next.
    expect(before).toBeLessThan(BEGIN + 7 * DAY + HOUR);
    const captured = flowsOf(sample) - logs.flows.length;
    // Every flow has a tuple of its own, but for the pings (ICMP, not counted here).
    expect(tuples.size).toBeGreaterThan(captured * 0.98);
    expect(tuples.size).toBeLessThanOrEqual(captured);
  });

  it('holds Zeek logs of the other weeks that our reader reads whole and joins', () => {
    expect(logs.problems).toEqual([]);
    const uids = new Set(logs.flows.map((flow) => flow.uid));
    expect(uids.size).toBe(logs.flows.length);
    expect(logs.names.length).toBeGreaterThan(10_000);
    expect(logs.names.filter(({ uid }) => !uids.has(uid))).toEqual([]);
    for (const { start } of logs.flows) {
      if (start < BEGIN + 7 * DAY || start >= BEGIN + 97 * DAY) throw new Error('out of span');
    }
    expect(new Set(logs.names.map(({ origin }) => origin))).toEqual(new Set(['zeek-dns', 'zeek-ssl', 'zeek-http']));
    expect([...logs.answered].some((answer) => answer.endsWith(' www.facebook.com'))).toBe(true);
    const established = logs.flows.filter(({ transport, state }) => transport === TCP && state === 'SF');
    expect(established.every(({ tcpFlags = 0 }) => (tcpFlags & 0b1_0011) === 0b1_0011)).toBe(true);
  });

  it('is silent in the gap, without its own in the outage of the network, quiet at night, busiest early in the week', () => {
    const isOurs = ({ initiator, responder }: ExportedFlow): boolean =>
      [initiator, responder].some((words) =>
        /^(175\.45\.17[6-9]|210\.52\.109|77\.94\.35)\./.test(formatAddress(...words)),
      );
    const [gap, network] = WORLD.outages.map(({ from, hours }) => {
      const begin = CLOCK.instantOfLocal(Date.parse(`${from}:00Z`) * 1000);
      return logs.flows.filter(({ start, end }) => end > begin && start < begin + hours * HOUR);
    });
    expect(gap).toEqual([]);
    expect(network.length).toBeGreaterThan(0);
    expect(network.filter(isOurs)).toEqual([]);
    const hourly = Array.from({ length: 24 }, () => 0);
    const daily = Array.from({ length: 7 }, () => 0);
    for (const { start, initiator, responderPort } of logs.flows) {
      // What people do: no knocks from outside, no visits to servers, no name and time look-ups.
      if (!formatAddress(...initiator).startsWith('175.45.') || [53, 123].includes(responderPort)) continue;
      const hour = CLOCK.localHour(start);
      hourly[ZoneClock.hourOfDay(hour)]++;
      daily[ZoneClock.weekday(hour) - 1]++;
    }
    expect(Math.max(...hourly.slice(1, 5))).toBeLessThan(Math.min(...hourly.slice(9, 20)) / 4);
    const [monday, tuesday, ...others] = daily;
    expect(Math.min(monday, tuesday)).toBeGreaterThan(Math.max(...others.slice(3)));
  });

  it('shows the Bitcoin node from 17 May on, from one host', () => {
    const bitcoin = logs.flows.filter(({ responderPort }) => responderPort === 8333);
    expect(bitcoin.length).toBeGreaterThan(1000);
    const first = Math.min(...bitcoin.map(({ start }) => start));
    expect(ZoneClock.day(CLOCK.localHour(first))).toBe('2017-05-17');
    expect(new Set(bitcoin.map(({ initiator }) => formatAddress(...initiator))).size).toBe(1);
  });
});
