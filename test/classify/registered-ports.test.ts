import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type FlowCounts,
  innerWebOn,
  registeredOn,
  speechOf,
  webOn,
} from '../../electron/classify/registered-ports.ts';
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
  expect(speechOf('ssh', seen)).toBe('none');
  expect(speechOf('ssh', { ...seen, bytesIn: 121 })).toBe('conversation');
  expect(speechOf('ssh', { ...seen, bytesOut: 240, bytesIn: 160, isIpv6: true })).toBe('none');
  expect(speechOf('ssh', { ...seen, bytesIn: 161, isIpv6: true })).toBe('conversation');
});

it('one direction of TCP is enough when it carries data: probes do not', () => {
  const oneWay = { ...seen, packetsIn: 0, bytesIn: 0 };
  expect(speechOf('ssh', oneWay)).toBe('none');
  expect(speechOf('ssh', { ...oneWay, bytesOut: 9000 })).toBe('conversation');
  expect(speechOf('ssh', { ...oneWay, packetsOut: 1, bytesOut: 400 })).toBe('none');
  expect(speechOf('ssh', { ...oneWay, packetsOut: 1, bytesOut: 92, tcpFlags: 0x18 })).toBe('conversation');
  expect(speechOf('ssh', { ...oneWay, tcpFlags: 0x02 })).toBe('none');
  expect(speechOf('ssh', { ...oneWay, tcpFlags: 0x29 })).toBe('none');
});

const unanswered = { ...seen, transport: UDP, packetsOut: 1, packetsIn: 0, bytesOut: 71, bytesIn: 0 };

it('over UDP both ends spoke, or nobody has to answer', () => {
  const said = (name: string, flow: Partial<FlowCounts>): string => speechOf(name, { ...unanswered, ...flow });
  expect(said('snmp', { responderPort: 161, packetsIn: 1 })).toBe('conversation');
  expect(said('snmp', { responderPort: 161, packetsOut: 0, packetsIn: 1 })).toBe('conversation');
  expect(said('snmp', { responderPort: 162 })).toBe('conversation');
  expect(said('ipsec', { initiatorPort: 500, responderPort: 500 })).toBe('conversation');
  expect(said('dhcp', { initiatorPort: 67, responderPort: 68 })).toBe('conversation');
  expect(said('syslog', { responderPort: 514 })).toBe('conversation');
  expect(said('db-lsp', { packetsIn: 1, responderPort: 17_500 })).toBe('none');
  expect(said('db-lsp', { responderPort: 17_500, toMany: true })).toBe('conversation');
  expect(said('ssdp', { responderPort: 1900, toMany: true })).toBe('conversation');
});

it('UDP that nobody was seen to answer is a question when it carries a message, and nothing when it is a bare probe', () => {
  const said = (flow: Partial<FlowCounts>): string => speechOf('snmp', { ...unanswered, responderPort: 161, ...flow });
  expect(said({})).toBe('question');
  expect(said({ bytesOut: 28 })).toBe('none');
  expect(said({ bytesOut: 31 })).toBe('none');
  expect(said({ bytesOut: 32 })).toBe('question');
  expect(said({ packetsOut: 3, bytesOut: 84 })).toBe('none');
  expect(said({ bytesOut: 48, isIpv6: true })).toBe('none');
  expect(said({ bytesOut: 52, isIpv6: true })).toBe('question');
  expect(said({ packetsOut: 0, bytesOut: 0 })).toBe('none');
});

it('the port of plain HTTP alone tells of an end of the own network', () => {
  expect([80, 443, 8080].map((port) => innerWebOn(TCP, port)?.name)).toEqual(['http', undefined, undefined]);
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
