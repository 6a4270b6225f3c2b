import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { captureRuns } from '../../electron/engine/capture-runs.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import type { ImportSummary } from '../../shared/jobs.ts';
import { faultsOf, flowLines } from '../cli/case-state.ts';
import { conversations, type Packet, pcap, pcapng } from '../fixtures/captures.ts';

/** A capture cut into pieces is imported as one: flows that cross a cut are not cut. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-runs-'));
const engine = new Engine();
afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true });
});

const PACKETS = conversations(60).toSorted((a, b) => a.time - b.time);

interface Imported {
  summary: ImportSummary;
  flows: FlowRecord[];
  casePath: string;
}

let number = 0;
async function imported(files: Readonly<Record<string, Buffer>>): Promise<Imported> {
  const folder = join(ROOT, `evidence-${++number}`);
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const casePath = join(ROOT, `case-${number}.enclave`);
  await engine.run('new', { case: casePath, profile: readProfile('default'), title: '', examiner: '', authority: '' });
  const summary = await engine.run('import', { case: casePath, paths: [folder] });
  expect(await faultsOf(engine, casePath)).toEqual([]);
  const flows = (await flowLines(engine, casePath)).map((line) => JSON.parse(line) as FlowRecord);
  return { summary, flows, casePath };
}

/** Flows without what tells the file and the packets in it. */
function apartFromPlace(flows: readonly FlowRecord[]): string[] {
  return flows
    .map(({ id: _id, evidence: _evidence, locator: _locator, nameAt: _nameAt, payloadAt: _payloadAt, ...rest }) =>
      JSON.stringify({ ...rest, labelDetail: rest.labelDetail?.replace(/ in packet \d+/, '') }),
    )
    .toSorted();
}

/** Cuts after the packets with these numbers. */
function pieces(packets: readonly Packet[], ...cuts: readonly number[]): Packet[][] {
  return [0, ...cuts].map((from, i) => packets.slice(from, cuts[i] ?? packets.length));
}

describe.each([
  ['pcap', pcap],
  ['pcapng', pcapng],
])('a %s cut into pieces', (_format, write) => {
  it('gives the flows of the whole, each with the place of its first packet', async () => {
    const whole = await imported({ 'whole.cap': write(PACKETS) });
    // Named so that the order of names is not that of time.
    const cut = pieces(PACKETS, 61, 140, 141);
    const names = ['d', 'a', 'c', 'b'];
    const parts = await imported(Object.fromEntries(cut.map((packets, i) => [`${names[i]}.cap`, write(packets)])));
    expect(parts.summary.totals).toMatchObject({ imported: 4, flows: whole.flows.length, packets: PACKETS.length });
    expect(apartFromPlace(parts.flows)).toEqual(apartFromPlace(whole.flows));
    const before = new Map<string, number>();
    let sum = 0;
    for (const [i, packets] of cut.entries()) {
      const evidence = parts.summary.evidence.find(({ path }) => path.endsWith(`/${names[i]}.cap`));
      expect(evidence?.packets).toBe(packets.length);
      before.set(evidence?.id ?? '', sum);
      sum += packets.length;
    }
    const places = parts.flows.map(({ evidence, locator }) => (before.get(evidence) ?? Number.NaN) + locator);
    expect(places.toSorted((a, b) => a - b)).toEqual(
      whole.flows.map(({ locator }) => locator).toSorted((a, b) => a - b),
    );
    for (const { id, evidence, locator, nameAt, payloadAt } of parts.flows) {
      expect(id).toBe(`${evidence}:${locator}:0`);
      // The request is the third packet; where that lies in the next file, this one has no number for it.
      const packets = parts.summary.evidence.find((file) => file.id === evidence)?.packets ?? 0;
      const request = locator + 2 > packets ? null : locator + 2;
      expect([nameAt, payloadAt]).toEqual([request, request]);
    }
    for (const { flows, id } of parts.summary.evidence) {
      expect(flows).toBe(parts.flows.filter(({ evidence }) => evidence === id).length);
    }
  });
});

describe('captures that are no pieces of one', () => {
  it('do not join when one begins before the end of the other', async () => {
    const [first, second] = pieces(PACKETS, 100);
    const overlapping = [...(first ?? []), ...PACKETS.slice(-1)];
    const { flows } = await imported({ 'a.cap': pcap(overlapping), 'b.cap': pcap(second ?? []) });
    const alone = await imported({ 'a.cap': pcap(overlapping) });
    const other = await imported({ 'b.cap': pcap(second ?? []) });
    // What both saw at the same time is told.
    expect(flows.filter(({ duplicate }) => duplicate !== null).length).toBeGreaterThan(0);
    const unmarked = flows.map((flow) => ({ ...flow, duplicate: null }));
    expect(apartFromPlace(unmarked)).toEqual(
      [...apartFromPlace(alone.flows), ...apartFromPlace(other.flows)].toSorted(),
    );
  });

  it('are told apart by folder, format and link type', () => {
    const files = ['x/a.cap', 'x/b.cap', 'y/c.cap', 'x/d.cap', 'x/e.cap'].map((name) => join(ROOT, name));
    mkdirSync(join(ROOT, 'x'));
    mkdirSync(join(ROOT, 'y'));
    const [first, second, third, fourth, fifth] = pieces(PACKETS, 20, 40, 60, 80);
    const written = [
      pcap(second ?? []),
      pcap(first ?? []),
      pcap(third ?? []),
      pcapng(fourth ?? []),
      pcap(fifth ?? [], 113),
    ];
    for (const [i, path] of files.entries()) writeFileSync(path, written[i] ?? '');
    const text = join(ROOT, 'x/notes.txt');
    writeFileSync(text, 'no capture');
    const found = [...files, text].map((path) => ({ path, bytes: 1, named: false, fault: null }));
    const [a, b, c, d, e] = files;
    expect(captureRuns(found).map((run) => run.map(({ path }) => path))).toEqual([[b, a], [c], [d], [e], [text]]);
  });
});

describe('a piece that cannot be used', () => {
  it('costs its own flows only', async () => {
    const [first, , third] = pieces(PACKETS, 80, 160);
    const damaged = Buffer.concat([pcap(PACKETS.slice(80, 81)).subarray(0, 30), Buffer.alloc(200)]);
    const { summary, flows } = await imported({
      'a.cap': pcap(first ?? []),
      'b.cap': damaged,
      'c.cap': pcap(third ?? []),
    });
    expect(summary.totals.imported).toBe(2);
    expect(flows.length).toBeGreaterThan(0);
    const evidence = new Set(flows.map((flow) => flow.evidence));
    expect(evidence.size).toBe(2);
  });
});
