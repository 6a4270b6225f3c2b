import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isConversation, registeredOn } from '../../electron/classify/registered-ports.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { ownFlowSource } from '../score/own-flows.ts';

const MIX = fileURLToPath(new URL('../../../shared/corpus/generated', import.meta.url));

it('a port is registered for one transport', () => {
  expect([registeredOn(TCP, 22), registeredOn(UDP, 22), registeredOn(UDP, 123), registeredOn(1, 53)]).toEqual([
    'ssh',
    null,
    'ntp',
    null,
  ]);
});

it('over TCP more than handshakes must have passed', () => {
  const flow = { transport: TCP, packetsOut: 3, packetsIn: 2, bytesOut: 180, bytesIn: 120, toMany: false };
  expect(isConversation(flow)).toBe(false);
  expect(isConversation({ ...flow, bytesIn: 121 })).toBe(true);
  expect(isConversation({ ...flow, bytesOut: 9000, packetsIn: 0, bytesIn: 0 })).toBe(false);
});

describe.skipIf(!existsSync(MIX))(
  'exports of the packets of a capture (skipped without the corpus beside the project)',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'enclave-ports-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const source = ownFlowSource(folder);
    const flowsOf = async (name: string): Promise<FlowRecord[]> => {
      const read = await source(path.join(MIX, name));
      if ('failure' in read) throw new Error(read.failure);
      return read.flows;
    };
    const keyOf = ({ transport, initiator, initiatorPort, responder, responderPort }: FlowRecord): string =>
      [transport, ...[`${initiator} ${initiatorPort}`, `${responder} ${responderPort}`].toSorted()].join(' ');

    it.each(['nfcapd.ipfix.lz4', 'mix.argus'])('%s: what the port tells is what the payload told', async (name) => {
      const seen = new Map((await flowsOf('mix.pcap')).map((flow) => [keyOf(flow), flow.category]));
      const byPort = (await flowsOf(name)).filter(({ labelEvidence }) => labelEvidence === 'port');
      expect(byPort.length).toBeGreaterThan(20);
      expect(byPort.filter((flow) => seen.get(keyOf(flow)) !== flow.category)).toEqual([]);
    });
  },
);
