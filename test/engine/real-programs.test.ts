import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';
import { faultsOf, flowLines } from '../cli/case-state.ts';
import { makeCapture, whyNone, whyNot } from '../fixtures/real-programs/make.ts';
import type { KnownFlows } from '../fixtures/real-programs/scene.ts';
import { SCENES } from '../fixtures/real-programs/scenes.ts';

/** Captures made on the spot by real programs, through the engine: what they are known to hold is what the case says. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-real-programs-'));
const NONE = whyNone();
const ETHERTYPE_IPV4 = 0x0800;
const RECOGNISED = new Set(new PayloadRecogniser(() => undefined).rules.map(({ protocol }) => protocol));

let engine: Engine;
beforeAll(() => {
  engine = new Engine();
});
afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

/** Packets and bytes of IPv4 in a classic little-endian Ethernet capture, by the headers' own lengths. */
function ipv4In(path: string): { records: number; packets: number; bytes: number } {
  const file = readFileSync(path);
  expect([file.readUInt32LE(0), file.readUInt32LE(20)]).toEqual([0xa1b2c3d4, 1]);
  const seen = { records: 0, packets: 0, bytes: 0 };
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8)) {
    seen.records++;
    if (file.readUInt16BE(at + 16 + 12) !== ETHERTYPE_IPV4) continue;
    seen.packets++;
    seen.bytes += file.readUInt16BE(at + 16 + 14 + 2);
  }
  return seen;
}

/** Packets by capinfos; null where it is not installed. */
function countedByCapinfos(path: string): number | null {
  const { status, stdout } = spawnSync('capinfos', ['-T', '-r', '-M', '-c', path], { encoding: 'utf8' });
  return status === 0 ? Number(stdout.trim().split('\t').at(-1)) : null;
}

const sum = (flows: readonly FlowRecord[], of: (flow: FlowRecord) => number): number =>
  flows.reduce((total, flow) => total + of(flow), 0);
const packetsOf = (flow: FlowRecord): number => flow.packetsOut + flow.packetsIn;
const bytesOf = (flow: FlowRecord): number => flow.bytesOut + flow.bytesIn;

function expectKnown(all: readonly FlowRecord[], known: KnownFlows): void {
  const flows = all.filter((flow) => flow.transport === known.transport && flow.responderPort === known.responderPort);
  expect(flows.length).toBeGreaterThanOrEqual(known.flows);
  // A protocol that no payload rule knows yet must not be taken for another.
  const protocol = RECOGNISED.has(known.protocol) ? known.protocol : 'unknown';
  expect(new Set(flows.map((flow) => flow.protocol))).toEqual(new Set([protocol]));
  const names = new Set(flows.map((flow) => flow.hostname).filter((name) => name !== null));
  expect(names).toEqual(new Set(known.names));
  expect(sum(flows, bytesOf)).toBeGreaterThan(known.bytes);
}

describe.skipIf(NONE !== null)(`captures of real programs${NONE === null ? '' : ` (skipped: ${NONE})`}`, () => {
  it.for(SCENES)('$name', { timeout: 40_000 }, async (scene, { skip }) => {
    const why = whyNot(scene);
    if (why !== null) skip(why);
    const known = await makeCapture(scene, ROOT);
    const path = join(ROOT, `${scene.name}.pcap`);
    const seen = ipv4In(path);
    expect(seen.records).toBe(known.packets);
    expect([known.packets, null]).toContain(countedByCapinfos(path));

    const casePath = join(ROOT, `${scene.name}.enclave`);
    const profile = readProfile('default');
    await engine.run('new', { case: casePath, profile, title: '', examiner: '', authority: '' });
    const { evidence } = await engine.run('import', { case: casePath, paths: [path] });
    expect(evidence).toMatchObject([
      { status: 'imported', format: 'pcap', packets: known.packets, problems: [], linkTypes: ['EN10MB'] },
    ]);
    const flows = (await flowLines(engine, casePath)).map((line) => JSON.parse(line) as FlowRecord);
    expect(new Set(flows.flatMap(({ initiator, responder }) => [initiator, responder]))).toEqual(
      new Set([known.client, known.server]),
    );
    expect({ packets: sum(flows, packetsOf), bytes: sum(flows, bytesOf) }).toEqual({
      packets: seen.packets,
      bytes: seen.bytes,
    });
    expect(known.flows.length).toBeGreaterThan(0);
    for (const each of known.flows) {
      expect(each.protocol === 'unknown' || Object.hasOwn(PROTOCOLS, each.protocol)).toBe(true);
      expectKnown(flows, each);
    }
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });
});
