import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type FlowCounts, isConversation, registeredOn, webOn } from '../../electron/classify/registered-ports.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { ownFlowSource } from '../score/own-flows.ts';

const MIX = fileURLToPath(new URL('../../../shared/corpus/generated', import.meta.url));

it('a port is registered for one transport', () => {
  const on = (transport: number, port: number): string | null => registeredOn(transport, port)?.name ?? null;
  expect([on(TCP, 22), on(UDP, 22), on(UDP, 123), on(1, 53), on(TCP, 443)]).toEqual(['ssh', null, 'ntp', null, null]);
  expect([webOn(TCP, 443)?.name, webOn(TCP, 22)]).toEqual(['tls', null]);
  expect(registeredOn(TCP, 25_565)).toEqual({ name: 'minecraft', category: 'gaming' });
});

const seen: FlowCounts = {
  transport: TCP,
  initiatorPort: 50_000,
  responderPort: 22,
  packetsOut: 3,
  packetsIn: 2,
  bytesOut: 180,
  bytesIn: 120,
  tcpFlags: 0,
  isIpv6: false,
  toMany: false,
};

it('over TCP more than handshakes must have passed', () => {
  expect(isConversation('ssh', seen)).toBe(false);
  expect(isConversation('ssh', { ...seen, bytesIn: 121 })).toBe(true);
  expect(isConversation('ssh', { ...seen, bytesOut: 240, bytesIn: 160, isIpv6: true })).toBe(false);
  expect(isConversation('ssh', { ...seen, bytesIn: 161, isIpv6: true })).toBe(true);
});

it('one direction of TCP is enough when it carries data: probes do not', () => {
  const oneWay = { ...seen, packetsIn: 0, bytesIn: 0 };
  expect(isConversation('ssh', oneWay)).toBe(false);
  expect(isConversation('ssh', { ...oneWay, bytesOut: 9000 })).toBe(true);
  expect(isConversation('ssh', { ...oneWay, packetsOut: 1, bytesOut: 400 })).toBe(false);
  expect(isConversation('ssh', { ...oneWay, packetsOut: 1, bytesOut: 92, tcpFlags: 0x18 })).toBe(true);
  expect(isConversation('ssh', { ...oneWay, tcpFlags: 0x02 })).toBe(false);
  expect(isConversation('ssh', { ...oneWay, tcpFlags: 0x29 })).toBe(false);
});

it('over UDP both ends spoke, or nobody has to answer', () => {
  const unanswered = { ...seen, transport: UDP, packetsIn: 0, bytesIn: 0, responderPort: 161 };
  expect(isConversation('snmp', unanswered)).toBe(false);
  expect(isConversation('snmp', { ...unanswered, packetsIn: 1 })).toBe(true);
  expect(isConversation('snmp', { ...unanswered, packetsOut: 0, packetsIn: 1 })).toBe(true);
  expect(isConversation('snmp', { ...unanswered, responderPort: 162 })).toBe(true);
  expect(isConversation('ipsec', { ...unanswered, initiatorPort: 500, responderPort: 500 })).toBe(true);
  expect(isConversation('ipsec', { ...unanswered, responderPort: 500 })).toBe(false);
  expect(isConversation('dhcp', { ...unanswered, initiatorPort: 67, responderPort: 68 })).toBe(true);
  expect(isConversation('syslog', { ...unanswered, responderPort: 514 })).toBe(true);
  expect(isConversation('ssdp', { ...unanswered, responderPort: 1900 })).toBe(false);
  expect(isConversation('db-lsp', { ...unanswered, packetsIn: 1, responderPort: 17_500 })).toBe(false);
  expect(isConversation('db-lsp', { ...unanswered, responderPort: 17_500, toMany: true })).toBe(true);
  expect(isConversation('ssdp', { ...unanswered, responderPort: 1900, toMany: true })).toBe(true);
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
      const told = new Map((await flowsOf('mix.pcap')).map((flow) => [keyOf(flow), flow.category]));
      const byPort = (await flowsOf(name)).filter(({ labelEvidence }) => labelEvidence === 'port');
      expect(byPort.length).toBeGreaterThan(20);
      expect(byPort.filter((flow) => told.get(keyOf(flow)) !== flow.category)).toEqual([]);
    });
  },
);
