import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { checkMapping, type Mapping } from '../../shared/mapping.ts';
import { CORPUS, corpusFiles } from '../corpus.ts';
import {
  counts,
  encapsulation,
  flowRecord,
  ipv4Key,
  ipv6Key,
  management,
  probe,
  tcpPerformance,
  timeRange,
} from '../flows/argus-files.ts';
import {
  datagrams,
  type Field,
  fixedNetflow,
  ipfix,
  ipv4,
  netflow9,
  optionsTemplate,
  optionsTemplate9,
  set,
  template,
  uint,
  UPTIME,
} from '../flows/netflow-messages.ts';
import {
  block,
  exporterRecord,
  fileV1,
  fileV2,
  legacySamplerRecord,
  recordsV1,
  recordV2,
  samplerRecord,
  statisticsRecord,
  type WrittenFlow,
} from '../flows/nfcapd-files.ts';
import {
  datagram,
  ethernet,
  expandedFlowSample,
  flowSample,
  ipv4Packet,
  opaque,
  rawHeader,
  router,
  sampledIpv4,
  sampledIpv6,
  tcpBytes,
} from '../flows/sflow-datagrams.ts';
import type { ExportSeeds } from './mutate-exports.ts';

/** What mutants of flow exports are made of: exports of our own, and those of the corpus where it is there. */

/** Bytes of a seed: of longer files of the corpus the beginning, since many small inputs find more than few large ones. */
const SEED_BYTES = 12 * 1024;
const TEXT_SEED_BYTES = 4 * 1024;
/** Blocks of nfcapd can only be unpacked whole. */
const NFCAPD_SEED_BYTES = 20 * 1024;
/** Datagrams of a seed. */
const SEED_DATAGRAMS = 12;

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

function fixtures(folder: string, wanted: RegExp): Buffer[] {
  const names = readdirSync(FIXTURES + folder).filter((name) => wanted.test(name));
  return names.toSorted().map((name) => readFileSync(`${FIXTURES}${folder}/${name}`));
}

const FIELDS: readonly Field[] = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [6, 1],
  [1, 4],
  [2, 4],
  [22, 4],
  [21, 4],
  [48, 1],
];
const FIELDS_6: readonly Field[] = [
  [27, 16],
  [28, 16],
  [4, 1],
  [1, 8],
  [2, 8],
  [152, 8],
  [153, 8],
  [1, 8, 29_305],
  [2, 8, 29_305],
  [82, 65_535],
];

function ownRecords(count: number): number[][] {
  return Array.from({ length: count }, (_, i) => [
    ...ipv4('10.0.0.1'),
    ...ipv4(`192.0.2.${i % 250}`),
    ...uint(40_000 + i, 2),
    ...uint(443, 2),
    6,
    0x1b,
    ...uint(1000 + i, 4),
    ...uint(10, 4),
    ...uint(UPTIME - 2000, 4),
    ...uint(UPTIME - 1000, 4),
    1,
  ]);
}

function ownDatagrams(): Buffer[][] {
  const record6 = [
    ...uint(1, 16),
    ...uint(2, 16),
    17,
    ...uint(500, 8),
    ...uint(5, 8),
    ...uint(1_700_000_000_000, 8),
    ...uint(1_700_000_001_000, 8),
    ...uint(900, 8),
    ...uint(9, 8),
    4,
    ...uint(0x65746830, 4),
  ];
  const fixed = { source: '10.0.0.1', destination: '192.0.2.9', sourcePort: 40_000, destinationPort: 80 };
  const raw = rawHeader(1, ethernet(0x0800, ipv4Packet(6, 1500, tcpBytes(24))));
  const samples = [
    flowSample([raw, router('10.9.9.9')]),
    expandedFlowSample([sampledIpv4('10.0.0.1', '192.0.2.1', [1400, 6, 443, 50_000, 24])]),
    flowSample([sampledIpv6([90, 17, 53, 40_000, 0])]),
    opaque(2, Buffer.alloc(40)),
  ];
  const messages: Uint8Array[][] = [
    [
      netflow9([
        set(0, template(256, FIELDS)),
        set(
          1,
          optionsTemplate9(
            257,
            [[1, 4]],
            [
              [48, 1],
              [50, 4],
            ],
          ),
        ),
      ]),
      netflow9([set(257, uint(1, 4), uint(1, 1), uint(100, 4)), set(256, ...ownRecords(5))]),
      netflow9([set(256, ...ownRecords(20))]),
    ],
    [
      ipfix([set(256, record6, record6)]),
      ipfix([
        set(2, template(256, FIELDS_6)),
        set(
          3,
          optionsTemplate(258, 1, [
            [149, 4],
            [302, 2],
            [305, 4],
            [306, 4],
          ]),
        ),
      ]),
      ipfix([set(258, uint(0, 4), uint(1, 2), uint(1, 4), uint(99, 4)), set(256, record6, record6)]),
      ipfix([set(2, uint(256, 2), uint(0, 2)), set(256, record6)]),
    ],
    [fixedNetflow(1, [fixed, fixed]), fixedNetflow(5, [fixed, fixed], 0x4064), fixedNetflow(7, [fixed])],
    [datagram(samples), datagram(samples.slice(1), { sequence: 4 }), datagram([], { version: 4 })],
  ];
  return messages.map((list) => list.map((message) => Buffer.from(message)));
}

function ownNfcapd(): Buffer[] {
  const flow = (i: number): WrittenFlow => ({
    first: 1_700_000_000_000 + i * 1000,
    last: 1_700_000_001_000 + i * 1000,
    source: i % 3 === 0 ? '2001:db8::1' : '10.0.0.1',
    destination: i % 3 === 0 ? '2001:db8::2' : `192.0.2.${i}`,
    sourcePort: 40_000 + i,
    destinationPort: 443,
    transport: i % 5 === 0 ? 1 : 6,
    tcpFlags: 0x1b,
    packets: 10 * (i + 1),
    bytes: 1000 * (i + 1),
    inputInterface: 3,
    nextHop: '10.9.9.9',
    sender: '10.8.8.8',
    exporter: 1,
    ...(i % 2 === 0 ? { packetsBack: 7, bytesBack: 700, isScaled: true, samplerId: 1 } : {}),
  });
  const flows = Array.from({ length: 12 }, (_, i) => flow(i));
  const heads = [exporterRecord(1, '10.8.8.8', 'network'), samplerRecord(1, 1, 1, 9)];
  const second = [block([...heads, ...flows.map((one) => recordV2(one))]), block(flows.map((one) => recordV2(one)))];
  const first = [legacySamplerRecord(1, 1, 10), ...flows.flatMap((one, i) => recordsV1(one, 1 + i))];
  return [
    fileV2([...second, block([statisticsRecord(24)], { type: 4 })]),
    fileV2(
      [
        block(
          flows.map((one) => recordV2(one)),
          { compression: 'lz4' },
        ),
      ],
      { compression: 'lz4' },
    ),
    fileV1([block([exporterRecord(1, '10.8.8.8', 'host'), ...first], { type: 2 })], 'none', 12),
  ];
}

function ownArgus(): Buffer {
  return Buffer.concat([
    management({ interfaceType: 1 }),
    flowRecord([probe('10.8.8.8')]),
    flowRecord([ipv6Key(), timeRange(60), counts(8, true, 9, 900, 8, 800)]),
    flowRecord([ipv4Key({ transport: 6, destinationPort: 443 }), tcpPerformance(0x7, 0x12, 0x12), encapsulation(6, 6)]),
    flowRecord([ipv4Key({ transport: 1, sourcePort: 8 * 256, destinationPort: 1 })], 5),
    management({ dropped: 5 }),
  ]);
}

/** Parquet of other makers: the three of the fixtures; our own export; one of numbers and times. */
function ownParquet(): Buffer[] {
  const rows = Array.from({ length: 20 }, (_, i) => i);
  const text = (name: string, value: (i: number) => string) => ({
    name,
    data: rows.map(value),
    type: 'STRING' as const,
  });
  const enclave = parquetWriteBuffer({
    columnData: [
      text('id', (i) => `0123456789abcdef:${i}:0`),
      text('start', (i) => `2017-05-17T01:02:${10 + i}.000000Z`),
      text('end', (i) => `2017-05-17T01:03:${10 + i}.000000Z`),
      text('initiator', (i) => `10.0.0.${i}`),
      { name: 'initiatorPort', data: rows.map((i) => 40_000 + i), type: 'INT32' },
      text('responder', () => '2001:db8::7'),
      { name: 'responderPort', data: rows.map(() => 443), type: 'INT32' },
      text('transport', () => 'tcp'),
      text('subjectSide', () => 'initiator'),
      text('labelEvidence', () => 'hostname'),
      text('hostname', (i) => `host-${i}.example`),
      text('protocol', () => 'tls'),
      text('assembly', () => 'paired, joined'),
      { name: 'locator', data: rows.map((i) => i + 0.5), type: 'DOUBLE' },
      { name: 'bytesOut', data: rows.map((i) => BigInt(i) * 1000n), type: 'INT64' },
    ],
  });
  const others = parquetWriteBuffer({
    columnData: [
      { name: 'ts', data: rows.map((i) => new Date(1_494_982_923_000 + i)), type: 'TIMESTAMP' },
      text('src_ip', (i) => `10.0.0.${i % 3}`),
      text('dst_ip', () => '192.0.2.7'),
      { name: 'src_port', data: rows, type: 'INT32' },
      { name: 'dst_port', data: rows, type: 'INT32' },
      text('proto', () => 'udp'),
      { name: 'bytes', data: rows.map(BigInt), type: 'INT64' },
      { name: 'packets', data: rows.map((i) => i * 1.5), type: 'DOUBLE' },
    ],
    codec: 'UNCOMPRESSED',
    rowGroupSize: 7,
  });
  return [...fixtures('parquet', /\.parquet$/), Buffer.from(enclave), Buffer.from(others)];
}

function ownText(): Buffer[] {
  const head = '#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n';
  const ends = 'id.orig_h\tid.orig_p\tid.resp_h\tid.resp_p';
  const tuple = '10.0.0.1\t40000\t192.0.2.1\t443';
  return [
    ...fixtures('text-exports', /./),
    Buffer.from(
      `${head}#path\tconn\n#fields\tts\tuid\t${ends}\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\n` +
        '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\n' +
        `1494201600.5\tCabc1\t${tuple}\ttcp\tssl\t1.5\t300\t4000\tSF\n`.repeat(3),
    ),
    Buffer.from(
      `${head}#path\tdns\n#fields\tts\tuid\t${ends}\tproto\tquery\tanswers\tTTLs\n` +
        '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tvector[string]\tvector[interval]\n' +
        `1494201600.5\tCabc2\t${tuple}\tudp\twww.example.org\t192.0.2.1,192.0.2.2\t60.0,60.0\n`.repeat(3),
    ),
    Buffer.from(
      `${head}#path\tx509\n#fields\tts\tid\tsan.dns\tcertificate.subject\n#types\ttime\tstring\tvector[string]\tstring\n` +
        '1494201600.5\tF1\twww.example.org,\\x2cb.example\tCN=www.example.org\n',
    ),
    Buffer.from(
      '{"_path":"files","ts":1494201600.5,"fuid":"F1","conn_uids":["C1"],"source":"SSL","mime_type":"application/x-x509-user-cert","is_orig":false}\n',
    ),
    Buffer.from(
      '{"records":[{"properties":{"Version":2,"flows":[{"rule":"a\\"]","flows":[{"mac":"00","flowTuples":' +
        '["1542110377,10.5.16.4,192.0.2.143,59831,443,T,O,A,B,,,,","1542110379,2001:db8::1,192.0.2.143,59932,443,U,O,A,E,1,66,1,66"]}]}]}}]}',
    ),
  ];
}

/** Exports in captures of the corpus, which are called by what they hold. */
function corpusDatagrams(): Buffer[][] {
  return corpusFiles()
    .filter(({ path, format }) => format === 'pcap' && /flow|ipfix/i.test(path))
    .map(({ path }) => {
      const exported = datagrams(CORPUS + path).filter(({ bytes }) => bytes[0] === 0 && (bytes[1] ?? 11) <= 10);
      return exported.slice(0, SEED_DATAGRAMS).map(({ bytes }) => Buffer.from(bytes));
    })
    .filter((list) => list.length > 0);
}

function corpusOf(format: RegExp, most: number): Buffer[] {
  return corpusFiles()
    .filter((file) => format.test(file.format) && file.bytes > 0)
    .map(({ path }) => readFileSync(CORPUS + path).subarray(0, most));
}

/** By which every row of the Parquet fixtures is read, in all their encodings; other exports lack its columns. */
export const GIVEN_MAPPING: Mapping = fixtureMapping();

function fixtureMapping(): Mapping {
  const checked = checkMapping({
    name: 'fixtures',
    format: 'ndjson',
    direction: 'one-way',
    bytes: 'ip',
    fields: {
      start: { from: 'ts', type: 'unix-us' },
      end: { from: 'ts_ns', type: 'unix-us' },
      initiator: { from: 'src' },
      responder: { from: 'dst' },
      responderPort: { from: 'dport' },
      transport: { from: 'inner.proto' },
      bytesOut: { from: 'bytes' },
      ja3: { from: 'change' },
      ja4: { from: 'rate' },
      userAgent: { from: 'host' },
    },
  });
  if (!checked.ok) throw new Error(checked.fault);
  return checked.mapping;
}

let seeds: ExportSeeds | null = null;

/** The seeds, always in the same order. */
export function exportSeeds(): ExportSeeds {
  seeds ??= {
    datagrams: [...ownDatagrams(), ...corpusDatagrams()],
    ipfix: [
      ...ownDatagrams()
        .slice(1, 2)
        .map((list) => Buffer.concat(list)),
      ...corpusOf(/^ipfix-file$/, SEED_BYTES),
    ],
    nfcapd: [...ownNfcapd(), ...corpusOf(/^nfcapd$/, NFCAPD_SEED_BYTES)],
    argus: [ownArgus(), ...corpusOf(/^argus$/, SEED_BYTES)],
    parquet: ownParquet(),
    // The corpus has mostly logs of Zeek.
    text: [
      ...ownText(),
      ...ownText(),
      ...ownText(),
      ...corpusOf(/^(zeek-tsv|zeek-json|suricata-eve|json)$/, TEXT_SEED_BYTES),
    ],
  };
  return seeds;
}
