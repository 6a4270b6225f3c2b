import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExportCollectors, ExportDatagrams } from '../../electron/engine/export-datagrams.ts';
import { NetflowCollector, recogniseExport } from '../../electron/flows/netflow/netflow-collector.ts';
import { formatAddress } from '../../shared/address.ts';
import { formatTcpFlags, ICMP, ICMP6, transportName } from '../../shared/flow.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { bytes as joined, decode, ipv4 as packetOf, u16 } from '../decode/frames.ts';
import {
  collect,
  CollectedFlows,
  datagrams,
  fixedNetflow,
  ipfix,
  ipv4,
  netflow9,
  set,
  template,
  uint,
} from './netflow-messages.ts';

const RECORD = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1234, destinationPort: 80 };
const FIELDS = [[8, 4] as const, [12, 4] as const, [1, 4] as const, [2, 4] as const];
const DATA = [...ipv4('10.0.0.1'), ...ipv4('10.0.0.2'), ...uint(100, 4), ...uint(2, 4)];

const kind = (bytes: Uint8Array) => recogniseExport(bytes, 0, bytes.length);

describe('recognition', () => {
  const sound = {
    netflow1: fixedNetflow(1, [RECORD, RECORD]),
    netflow5: fixedNetflow(5, [RECORD, RECORD]),
    netflow7: fixedNetflow(7, [RECORD]),
    netflow9: netflow9([set(0, template(256, FIELDS)), set(256, DATA)]),
    ipfix: ipfix([set(2, template(256, FIELDS)), set(256, DATA)]),
  };

  for (const [name, bytes] of Object.entries(sound)) {
    it(`tells ${name} by its structure, to the last byte`, () => {
      expect(kind(bytes)).toBe(name);
      expect(kind(bytes.subarray(0, -1))).toBeNull();
      expect(kind(Uint8Array.from([...bytes, 0]))).toBeNull();
      const inside = Uint8Array.from([9, 9, 9, ...bytes, 9]);
      expect(recogniseExport(inside, 3, inside.length - 1)).toBe(name);
    });
  }

  it('takes no message without sets, records or a time', () => {
    expect(kind(ipfix([]))).toBeNull();
    expect(kind(netflow9([]))).toBeNull();
    expect(kind(fixedNetflow(5, []))).toBeNull();
    expect(kind(ipfix([set(256, DATA)], 0, 0))).toBeNull();
    expect(kind(ipfix([set(4, DATA)]))).toBeNull();
    expect(kind(netflow9([set(2, DATA)]))).toBeNull();
  });

  it('takes no random payload behind a version number', () => {
    const taken: Uint8Array[] = [];
    const payload = fc.tuple(fc.constantFrom(1, 5, 7, 9, 10), fc.uint8Array({ minLength: 14, maxLength: 200 }));
    for (const [version, rest] of fc.sample(payload, { numRuns: 5000, seed: 4 })) {
      const bytes = Uint8Array.from([0, version, ...rest]);
      if (kind(bytes) !== null) taken.push(bytes);
    }
    expect(taken).toEqual([]);
  });
});

describe('several datagrams in one frame (802.11 aggregate)', () => {
  it('are read as far as their records have locators: the first is, the others are told', () => {
    const found = new CollectedFlows();
    const exports = new ExportDatagrams(found, new ExportCollectors(found));
    const message = Buffer.from(fixedNetflow(5, [RECORD, RECORD]));
    const packet = packetOf(joined('0807 0807', u16(8 + message.length), '0000', message));
    const { header } = decode(packet, 101);
    // `decode` puts 64 bytes before the packet.
    const buffer = Buffer.concat([Buffer.alloc(64), packet]);
    for (const number of [1, 1, 2]) exports.packet(header, buffer, 1e15, number);
    expect(found.flows.map(({ locator }) => locator)).toEqual([1.0001, 1.0002, 2.0001, 2.0002]);
    expect(found.problemCounts).toEqual({ 'export-not-read': 1 });
  });
});

interface Expected {
  l4: string;
  src_ip: string;
  src_port: number;
  dst_ip: string;
  dst_port: number;
  packets_c2s?: number;
  bytes_c2s?: number;
  tcp_flags?: string;
}

/** What nfdump read of a file, a line a flow, without times. */
function nfdumpLines(expected: readonly string[], path: string): string[] {
  return expected
    .filter((line) => line.includes(`"path":"${path}","kind":"flow","engine":"nfdump`))
    .map((text) => {
      const flow = JSON.parse(text) as Expected;
      const ends = `${flow.src_ip} ${flow.src_port} ${flow.dst_ip} ${flow.dst_port}`;
      return `${flow.l4} ${ends} ${flow.packets_c2s ?? 0} ${flow.bytes_c2s ?? 0} ${flow.l4 === 'tcp' ? flow.tcp_flags : ''}`;
    })
    .toSorted();
}

function ourLines({ flows }: CollectedFlows): string[] {
  return flows
    .map((flow) => {
      const { initiator, responder, initiatorPort, responderPort, transport } = flow;
      const isIcmp = transport === ICMP || transport === ICMP6;
      const ports = isIcmp ? [0, initiatorPort * 256 + responderPort] : [initiatorPort, responderPort];
      const ends = `${formatAddress(...initiator)} ${ports[0]} ${formatAddress(...responder)} ${ports[1]}`;
      const l4 = transportName(transport);
      const flags = l4 === 'tcp' ? formatTcpFlags(flow.tcpFlags ?? 0) : '';
      return `${l4} ${ends} ${flow.packetsOut} ${flow.bytesOut} ${flags}`;
    })
    .toSorted();
}

describe.skipIf(!corpusIsThere)('captured exports of the corpus (skipped without ../shared/corpus)', () => {
  let expected: string[] = [];
  beforeAll(() => {
    expected = readFileSync(`${CORPUS}expected.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"engine":"nfdump'));
  });

  const SAME_AS_NFDUMP: readonly (readonly [string, number])[] = [
    ['generated/softflowd-v5.pcap', 231],
    ['generated/softflowd-ipfix.pcap', 237],
    ['libnetflow9/testcases/1.pcap', 2],
    ['logstash-netflow/ipfix_test_vmware_vds.pcap', 5],
    // nfdump leaves out the way back of yaf's biflows; the way out agrees.
    ['logstash-netflow/ipfix_test_yaf.pcap', 2],
    ['telegraf/ipfix_example.pcap', 29],
    ['logstash-netflow/netflow9_test_cisco_asr9k.pcap', 21],
    ['logstash-netflow/netflow9_test_huawei_netstream.pcap', 1],
    ['logstash-netflow/netflow9_test_iptnetflow_reduced_size_encoding.pcap', 12],
    ['logstash-netflow/netflow9_test_streamcore.pcap', 4],
    ['logstash-netflow/netflow9_test_ubnt_edgerouter.pcap', 16],
    ['telegraf/netflow_v5_example.pcap', 8],
  ];
  for (const [path, flows] of SAME_AS_NFDUMP) {
    it(`${path}: the flows that nfdump finds`, () => {
      const { found } = collect(CORPUS + path);
      expect(found.flows).toHaveLength(flows);
      const [ours, theirs] = [ourLines(found), nfdumpLines(expected, path)];
      // A biflow seen midway, from a server's port 443: the client began it. nfdump has its ends the other way round.
      const turned = path === 'telegraf/ipfix_example.pcap' ? 1 : 0;
      const [ourOwn, theirOwn] = [
        ours.filter((each) => !theirs.includes(each)),
        theirs.filter((each) => !ours.includes(each)),
      ];
      expect([ourOwn.length, theirOwn.length]).toEqual([turned, turned]);
      const endsOf = (text: string): string[] => text.split(' ').slice(1, 5);
      expect(ourOwn.map((each) => endsOf(each).join(' '))).toEqual(
        theirOwn.map((each) => [...endsOf(each).slice(2), ...endsOf(each).slice(0, 2)].join(' ')),
      );
    });
  }

  it('generated/softflowd-v9.pcap: the flows of its IPFIX twin (nfdump leaves ICMPv6 type and code out of v9)', () => {
    const { found } = collect(`${CORPUS}generated/softflowd-v9.pcap`);
    expect(ourLines(found)).toEqual(nfdumpLines(expected, 'generated/softflowd-ipfix.pcap'));
  });

  it('keeps the sampling of Juniper beside raw counts, where nfdump multiplies', () => {
    const { found } = collect(`${CORPUS}logstash-netflow/netflow5_test_juniper_mx80.pcap`);
    expect(found.flows).toHaveLength(29);
    expect(new Set(found.flows.map((flow) => flow.sampling))).toEqual(new Set([1000]));
    expect([found.packets * 1000, found.bytes * 1000]).toEqual([31_000, 3_989_000]);
  });

  it('counts the end of a Cisco ASA flow, not the update that says the same before', () => {
    const { found, collector } = collect(`${CORPUS}logstash-netflow/netflow9_test_cisco_asa_2.pcap`);
    expect(collector.records).toBe(19);
    expect(found.flows).toHaveLength(8);
    expect(found.problemCounts).toEqual({ 'nsel-event': 11 });
    expect(found.flows[0]).toMatchObject({ bytesOut: 81, bytesIn: 763, oneWay: false, locator: 3.0001 });
  });

  it('reads data that came before its template as if it had come after', () => {
    const folder = `${CORPUS}akvorado/outlet/flow/decoder/netflow/testdata/`;
    const after = collect(`${folder}icmp-template.pcap`, `${folder}icmp-data.pcap`);
    const before = collect(`${folder}icmp-data.pcap`, `${folder}icmp-template.pcap`);
    expect(after.found.flows).toHaveLength(4);
    expect(ourLines(before.found)).toEqual(ourLines(after.found));
    expect(before.found.problemCounts).toEqual({});
    const ports = after.found.flows.map((flow) => [flow.transport, flow.initiatorPort, flow.responderPort]);
    expect(ports.toSorted()).toEqual([
      [ICMP, 0, 0],
      [ICMP, 8, 0],
      [ICMP6, 128, 0],
      [ICMP6, 129, 0],
    ]);
  });

  it('says what makes no flow: translation events, frames without addresses, sets without templates', () => {
    const folder = `${CORPUS}akvorado/outlet/flow/decoder/netflow/testdata/`;
    expect(collect(`${folder}nat.pcap`).found.problemCounts).toEqual({ 'nat-event': 9 });
    const frames = collect(`${folder}juniper-cpid-template.pcap`, `${folder}juniper-cpid-data.pcap`).found;
    expect(frames.problemCounts).toEqual({ 'enterprise-fields': 1, 'no-addresses': 1 });
    const orphans = collect(`${CORPUS}ndpi/pcap/netflowv9.pcap`).found;
    expect(orphans.problemCounts).toEqual({ 'data-before-template': 23 });
  });

  it('the same mix by NetFlow v9 and IPFIX has the same totals, by v5 what is IPv4 of it', () => {
    const [v5, v9, v10] = ['v5', 'v9', 'ipfix'].map((name) => collect(`${CORPUS}generated/softflowd-${name}.pcap`));
    expect(ourLines(v9.found)).toEqual(ourLines(v10.found));
    const isIpv4 = (flow: { initiator: readonly number[] }): boolean => flow.initiator[2] === 0xffff;
    const ipv4Only = new CollectedFlows();
    ipv4Only.flows = v9.found.flows.filter(isIpv4);
    expect(ourLines(v5.found)).toEqual(ourLines(ipv4Only));
    for (const { collector } of [v5, v9, v10]) {
      expect(Math.abs((collector.firstSeen ?? 0) - 1_700_000_000e6)).toBeLessThan(2e6);
    }
  });
});

describe('hostile input', () => {
  const made = [
    netflow9([set(0, template(256, FIELDS)), set(256, DATA), set(257, DATA)]),
    netflow9([set(1, [1, 0, 0, 4, 0, 8, 0, 1, 0, 4, 0, 34, 0, 4, 0, 48, 0, 2]), set(256, uint(1, 10))]),
    ipfix([
      set(2, template(256, [...FIELDS, [96, 65_535], [2, 4, 29_305]])),
      set(256, [...DATA, 2, 65, 66, 0, 0, 0, 1]),
    ]),
    ipfix([set(3, [1, 0, 0, 2, 0, 1, 1, 46, 0, 4, 1, 49, 0, 4]), set(256, uint(3, 8)), set(2, [1, 0, 0, 0])]),
    fixedNetflow(5, [RECORD, RECORD, RECORD]),
    fixedNetflow(1, [RECORD]),
    fixedNetflow(7, [RECORD]),
  ];

  it(
    'survives 20,000 mutated messages in one collector, each within 0.5 s of processor time',
    { timeout: 60_000 },
    () => {
      const paths = corpusIsThere
        ? [
            'telegraf/ipfix_example.pcap',
            'logstash-netflow/netflow9_test_cisco_asa_2.pcap',
            'generated/softflowd-v9.pcap',
          ]
        : [];
      const seeds = [...made, ...paths.flatMap((path) => datagrams(CORPUS + path).map(({ bytes }) => bytes))];
      let state = 20_240_601;
      const random = (below: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const found = new CollectedFlows();
      found.flow = (flow) => {
        for (const value of [flow.start, flow.end, flow.packetsOut, flow.bytesOut, flow.packetsIn, flow.bytesIn]) {
          if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw new Error(`a flow has ${value}`);
        }
        if (flow.end < flow.start) throw new Error('a flow ends before it starts');
      };
      const collector = new NetflowCollector(found, 'packets');
      let slowest = 0;
      for (let i = 1; i <= 20_000; i++) {
        const bytes = Uint8Array.from(seeds[random(seeds.length)]);
        for (let change = 0; change <= random(4); change++) {
          const at = random(bytes.length);
          bytes[at] = [0, 255, random(256), bytes[at] ^ (1 << random(8))][random(4)];
        }
        const to = random(4) === 0 ? random(bytes.length + 1) : bytes.length;
        const began = process.cpuUsage();
        recogniseExport(bytes, 0, to);
        collector.message(bytes, 0, to, [0, 0, 0xffff, random(3)], random(2), 0, i);
        slowest = Math.max(slowest, process.cpuUsage(began).user);
      }
      collector.end();
      expect(collector.records).toBeGreaterThan(1000);
      expect(found.problems.total).toBeGreaterThan(1000);
      expect(slowest).toBeLessThan(500_000);
    },
  );

  it('floods of domains, templates and data without templates are bounded and told', () => {
    const found = new CollectedFlows();
    const collector = new NetflowCollector(found, 'packets');
    const pad = Array.from({ length: 60_000 }, () => 7);
    const orphan = netflow9([set(300, pad)]);
    for (let i = 1; i <= 300; i++) collector.message(orphan, 0, orphan.length, undefined, 0, 0, i);
    for (let i = 0; i < 600; i++) {
      const message = ipfix([set(2, template(256, FIELDS))], i);
      collector.message(message, 0, message.length, [0, 0, 0xffff, 1], 0, 0, 1);
    }
    const many = Array.from({ length: 5000 }, (_, i) => template(256 + i, [[8, 4]]));
    const message = ipfix([set(2, ...many)]);
    collector.message(message, 0, message.length, [0, 0, 0xffff, 2], 0, 0, 1);
    // 16 MiB hold 278 of them; the others are dropped at once, and these at the end.
    expect(found.problemCounts['data-before-template']).toBe(300 - Math.floor((16 * 2 ** 20) / 60_256));
    expect(found.problemCounts['too-many-exporters']).toBe(600 - 512);
    expect(found.problemCounts['too-many-templates']).toBe(5000 - 4096);
    collector.end();
    expect(found.problemCounts['data-before-template']).toBe(300);
  });
});
