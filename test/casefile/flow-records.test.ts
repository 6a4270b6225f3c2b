import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { buildCase, type SyntheticFlow } from './synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-records-'));
const opened: CaseReader[] = [];

function open(name: string, flows: SyntheticFlow[], segmentRows = 65_536): CaseReader {
  const path = join(folder, name);
  buildCase(path, flows, { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS, segmentRows });
  const reader = new CaseReader(path);
  opened.push(reader);
  return reader;
}

afterAll(() => {
  for (const reader of opened) reader.close();
  rmSync(folder, { recursive: true });
});

describe('flowRecords', () => {
  it('tells every field of a flow', () => {
    const reader = open('one.enclave', [
      {
        start: Date.UTC(2017, 4, 17, 1, 2, 3) * 1000 + 4,
        end: Date.UTC(2017, 4, 17, 1, 2, 5) * 1000,
        initiator: '8.8.8.8',
        responder: '175.45.176.1',
        initiatorPort: 443,
        responderPort: 51_000,
        packetsOut: 3,
        bytesOut: 2 ** 40,
        packetsIn: 1,
        bytesIn: 60,
        tcpFlags: 0x1b,
        state: 'SF',
        locator: 12,
        depth: 1,
        tunnel: 7,
        name: 'video.youku.com',
        nameOrigin: 'tls-sni',
        nameAt: 14,
        payloadAt: 15,
        linkedName: 'other.test',
        linkedOrigin: 'dns-answer-client',
        linkedUserAgent: 'curl/7',
        via: '1.1 proxy.test',
        forwardedFor: '10.0.0.7',
        synOptions: 'mss=1460',
        enterpriseFields: '29305.12=0a',
        protocol: 'tls',
        service: 'youku',
        category: 'streaming',
        labelEvidence: 'hostname',
        match: 'youku.com',
        confidence: 95,
        country: 'CN',
        asn: 4837,
        subjectSide: 'responder',
        range: 2,
        direction: 'inbound',
      },
    ]);
    expect([...flowRecords(reader)]).toEqual([
      {
        id: '00000000000000e1:12:1',
        start: '2017-05-17T01:02:03.000004Z',
        end: '2017-05-17T01:02:05.000000Z',
        initiator: '8.8.8.8',
        initiatorPort: 443,
        responder: '175.45.176.1',
        responderPort: 51_000,
        transport: 'tcp',
        packetsOut: 3,
        bytesOut: 2 ** 40,
        packetsIn: 1,
        bytesIn: 60,
        tcpFlags: '...AP.SF',
        state: 'SF',
        subjectSide: 'responder',
        host: '175.45.176.1',
        range: 'kp-main',
        peer: '8.8.8.8',
        direction: 'inbound',
        country: 'CN',
        asn: 4837,
        organisation: 'China Unicom',
        hostname: 'video.youku.com',
        protocol: 'tls',
        service: 'youku',
        category: 'streaming',
        labelEvidence: 'hostname',
        labelDetail: 'TLS SNI video.youku.com in packet 14 → youku.com → youku',
        confidence: 0.95,
        nameAt: 14,
        payloadAt: 15,
        ja3: null,
        ja4: null,
        userAgent: 'curl/7',
        via: '1.1 proxy.test',
        forwardedFor: '10.0.0.7',
        synOptions: 'mss=1460',
        sampling: 1,
        exporter: null,
        nextHop: null,
        inputInterface: null,
        outputInterface: null,
        assembly: null,
        enterpriseFields: '29305.12=0a',
        duplicate: null,
        indicator: null,
        tunnel: '00000000000000e1:7:0',
        evidence: '00000000000000e1',
        locator: 12,
      },
    ]);
  });

  it('leaves absent what is absent', () => {
    const reader = open('bare.enclave', [{ start: 0, initiator: '::1', responder: '::2', transport: 47 }]);
    const [record] = [...flowRecords(reader)];
    expect(record).toMatchObject({
      transport: 'gre',
      tcpFlags: null,
      state: null,
      subjectSide: 'none',
      host: null,
      peer: null,
      range: null,
      direction: 'transit',
      country: null,
      asn: null,
      organisation: null,
      hostname: null,
      protocol: 'unknown',
      service: null,
      category: 'unknown',
      labelEvidence: 'none',
      labelDetail: 'no rule matched',
      confidence: 0,
      sampling: 1,
    });
  });

  it('gives back what was put in, in order, whatever the segments', () => {
    const flows = variedFlows(200);
    const records = [...flowRecords(open('varied.enclave', flows, 7))];
    expect(records.map(({ locator, evidence }) => [locator, evidence])).toEqual(
      flows.map(({ evidence }, i) => [i + 1, evidence]),
    );
    for (const [i, record] of records.entries()) {
      const flow = flows[i];
      const side = flow?.subjectSide ?? 'none';
      const ends = { initiator: flow?.initiator, both: flow?.initiator, responder: flow?.responder, none: null };
      expect(record).toMatchObject({
        initiator: flow?.initiator,
        responder: flow?.responder,
        host: ends[side],
        hostname: flow?.name ?? flow?.linkedName ?? null,
        userAgent: flow?.userAgent ?? flow?.linkedUserAgent ?? null,
        ja3: flow?.ja3 ?? flow?.linkedJa3 ?? null,
        ja4: flow?.ja4 ?? flow?.linkedJa4 ?? null,
        protocol: flow?.protocol ?? 'unknown',
        country: flow?.country ?? null,
        bytesOut: flow?.bytesOut,
        sampling: flow?.sampling ?? 1,
      });
      expect(record.tcpFlags === null).toBe(flow?.transport !== 6);
    }
  });

  it('obeys selection and limit, and reads no segment after the limit', () => {
    const reader = open('limit.enclave', variedFlows(100), 10);
    const selection = compileFilter(parseFilter('transport = tcp'), reader);
    const all = [...flowRecords(reader, { selection })].map(({ id }) => id);
    expect(all).toEqual([...flowRecords(reader)].filter(({ transport }) => transport === 'tcp').map(({ id }) => id));
    expect([...flowRecords(reader, { selection, limit: 3 })].map(({ id }) => id)).toEqual(all.slice(0, 3));
    expect([...flowRecords(reader, { limit: 0 })]).toEqual([]);
    let marked = 0;
    const counting = {
      mark: (...given: Parameters<typeof selection.mark>): number => {
        marked++;
        return selection.mark(...given);
      },
    };
    expect([...flowRecords(reader, { selection: counting, limit: 1 })].length).toBe(1);
    expect(marked).toBeLessThan(reader.segments().length);
  });
});
