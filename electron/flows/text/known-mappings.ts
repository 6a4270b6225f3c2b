import type { Mapping } from '../../../shared/mapping.ts';

/** Mappings of exports that are recognised by their columns or keys. What each tells and cannot tell: docs/mappings.md. */

export interface KnownMapping {
  /** Format of the evidence. */
  readonly id: 'nfdump-csv' | 'nfdump-json' | 'silk-rwcut' | 'vpc-flow-log' | 'csv' | 'ndjson';
  readonly mapping: Mapping;
  /** Columns or keys, all of which have to be there; the others of the mapping may be missing. */
  readonly marks: readonly string[];
  /** How to print the export so that it can be read, said where its columns are there and its records are not; begins with what parts it. */
  readonly hint?: string;
}

const defaults = { header: true, skipLines: 0, icmp: 'ports' } as const;

export const NFDUMP = {
  ...defaults,
  direction: 'one-way',
  bytes: 'ip',
  icmp: 'responder-port',
  until: 'Summary',
} as const;

/** Columns of AWS VPC flow logs, version 2, in their order where there is no header. */
const VPC_COLUMNS = [
  'version',
  'account-id',
  'interface-id',
  'srcaddr',
  'dstaddr',
  'srcport',
  'dstport',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'action',
  'log-status',
] as const;

/** @param column what stands for a column of this name */
function vpc(name: string, header: boolean, column: (name: string) => string | number): Mapping {
  const from = (field: string): { from: string | number } => ({ from: column(field) });
  return {
    ...defaults,
    header,
    name,
    format: 'space',
    only: { ...from('log-status'), is: ['OK'], lost: ['SKIPDATA'] },
    fields: {
      start: { ...from('start'), type: 'unix-s' },
      end: { ...from('end'), type: 'unix-s' },
      initiator: from('srcaddr'),
      responder: from('dstaddr'),
      initiatorPort: from('srcport'),
      responderPort: from('dstport'),
      transport: from('protocol'),
      packetsOut: from('packets'),
      bytesOut: from('bytes'),
      ...(header ? { tcpFlags: { from: 'tcp-flags', type: 'decimal' } } : {}),
    },
    direction: 'one-way',
    bytes: 'unknown',
  };
}

/** SiLK's rwcut prints times and addresses as it was asked to. */
const SILK: readonly Mapping[] = ([{}, { type: 'zero-padded' }, { type: 'integer' }] as const).flatMap((address) =>
  (['iso8601', 'unix-s'] as const).map((type) => ({
    ...defaults,
    name: `SiLK rwcut${type === 'unix-s' ? ', times since the epoch' : ''}`,
    format: 'pipe',
    fields: {
      start: { from: ['sTime', 'sTime+msec'], type },
      end: { from: ['eTime', 'eTime+msec'], type },
      duration: { from: ['duration', 'dur', 'durat', 'dur+msec'], type: 's' },
      initiator: { from: 'sIP', ...address },
      responder: { from: 'dIP', ...address },
      initiatorPort: { from: ['sPort', 'sPor'] },
      responderPort: { from: ['dPort', 'dPor'] },
      icmpType: { from: ['iType', 'iTy'] },
      icmpCode: { from: ['iCode', 'iCo'] },
      transport: { from: ['pro', 'protocol'] },
      packetsOut: { from: ['packets', 'pkts'] },
      bytesOut: { from: 'bytes' },
      tcpFlags: { from: 'flags' },
      // A next hop is read as it usually is only.
      ...('type' in address ? {} : { nextHop: { from: 'nhIP' } }),
      inputInterface: { from: 'in' },
      outputInterface: { from: 'out' },
    },
    direction: 'one-way',
    bytes: 'ip',
    icmp: 'responder-port',
  })),
);

function argus(name: string, type: string): Mapping {
  return {
    ...defaults,
    name,
    format: 'csv',
    only: { from: 'Proto', not: ['man', 'arp', 'rarp', 'llc', 'ether', 'eapol', 'loop', 'lldp', 'cdp'] },
    fields: {
      start: { from: 'StartTime', type },
      end: { from: 'LastTime', type },
      duration: { from: 'Dur', type: 's' },
      initiator: { from: 'SrcAddr' },
      responder: { from: 'DstAddr' },
      initiatorPort: { from: 'Sport' },
      responderPort: { from: 'Dport' },
      transport: { from: 'Proto' },
      packetsOut: { from: 'SrcPkts' },
      packetsIn: { from: 'DstPkts' },
      bytesOut: { from: 'SrcBytes' },
      bytesIn: { from: 'DstBytes' },
      packetsTotal: { from: 'TotPkts' },
      bytesTotal: { from: 'TotBytes' },
    },
    direction: 'two-way',
    bytes: 'frame',
    icmp: 'initiator-port',
  };
}

const ARGUS_HINT = ': print numbers instead of names of ports, and times with their dates (ra -n -u)';
const ARGUS_MARKS = ['StartTime', 'Proto', 'SrcAddr', 'DstAddr'];

const PMACCT_JSON: Mapping['fields'] = {
  start: { from: 'timestamp_start', type: 'iso8601' },
  end: { from: 'timestamp_end', type: 'iso8601' },
  initiator: { from: 'ip_src' },
  responder: { from: 'ip_dst' },
  initiatorPort: { from: 'port_src' },
  responderPort: { from: 'port_dst' },
  transport: { from: 'ip_proto' },
  packetsOut: { from: 'packets' },
  bytesOut: { from: 'bytes' },
  tcpFlags: { from: 'tcp_flags', type: 'decimal' },
  sampling: { from: 'sampling_rate' },
  exporter: { from: 'peer_ip_src' },
  nextHop: { from: 'peer_ip_dst' },
  inputInterface: { from: 'iface_in' },
  outputInterface: { from: 'iface_out' },
};

const ENCLAVE: Mapping['fields'] = {
  start: { from: 'start', type: 'iso8601' },
  end: { from: 'end', type: 'iso8601' },
  initiator: { from: 'initiator' },
  responder: { from: 'responder' },
  initiatorPort: { from: 'initiatorPort' },
  responderPort: { from: 'responderPort' },
  transport: { from: 'transport' },
  packetsOut: { from: 'packetsOut' },
  bytesOut: { from: 'bytesOut' },
  packetsIn: { from: 'packetsIn' },
  bytesIn: { from: 'bytesIn' },
  tcpFlags: { from: 'tcpFlags', type: 'letters' },
  state: { from: 'state' },
  sampling: { from: 'sampling' },
  exporter: { from: 'exporter' },
  nextHop: { from: 'nextHop' },
  inputInterface: { from: 'inputInterface' },
  outputInterface: { from: 'outputInterface' },
  protocol: { from: 'protocol' },
  userAgent: { from: 'userAgent' },
  ja3: { from: 'ja3' },
  ja4: { from: 'ja4' },
};
const ENCLAVE_MARKS = ['start', 'end', 'initiator', 'responder', 'transport', 'packetsOut', 'bytesOut', 'evidence'];

export const KNOWN_MAPPINGS: readonly KnownMapping[] = [
  {
    id: 'nfdump-csv',
    marks: ['ts', 'td', 'sa', 'da', 'sp', 'dp', 'pr', 'flg', 'ipkt', 'ibyt'],
    mapping: {
      ...NFDUMP,
      name: 'nfdump csv',
      format: 'csv',
      fields: {
        start: { from: 'ts', type: 'iso8601' },
        // `te` has whole seconds only, and may differ from `ts` plus `td` by one.
        duration: { from: 'td', type: 's' },
        initiator: { from: 'sa' },
        responder: { from: 'da' },
        initiatorPort: { from: 'sp' },
        responderPort: { from: 'dp' },
        transport: { from: 'pr' },
        packetsOut: { from: 'ipkt' },
        bytesOut: { from: 'ibyt' },
        packetsIn: { from: 'opkt' },
        bytesIn: { from: 'obyt' },
        tcpFlags: { from: 'flg' },
        exporter: { from: 'ra' },
        nextHop: { from: 'nh' },
        inputInterface: { from: 'in' },
        outputInterface: { from: 'out' },
      },
    },
  },
  {
    id: 'nfdump-csv',
    marks: ['firstSeen', 'duration', 'proto', 'srcAddr', 'srcPort', 'dstAddr', 'dstPort', 'packets', 'bytes'],
    mapping: {
      ...NFDUMP,
      name: 'nfdump csv (1.7.3 and later)',
      format: 'csv',
      fields: {
        start: { from: 'firstSeen', type: 'iso8601' },
        duration: { from: 'duration', type: 's' },
        initiator: { from: 'srcAddr' },
        responder: { from: 'dstAddr' },
        initiatorPort: { from: 'srcPort' },
        responderPort: { from: 'dstPort' },
        transport: { from: 'proto' },
        packetsOut: { from: 'packets' },
        bytesOut: { from: 'bytes' },
        tcpFlags: { from: 'flags' },
      },
    },
  },
  {
    id: 'nfdump-csv',
    marks: ['af', 'firstSeen', 'lastSeen', 'proto', 'srcAddr', 'srcPort', 'dstAddr', 'dstPort', 'packets', 'bytes'],
    mapping: {
      ...NFDUMP,
      name: 'nfdump csv-fast',
      format: 'csv',
      fields: {
        start: { from: 'firstSeen', type: 'unix-ms' },
        end: { from: 'lastSeen', type: 'unix-ms' },
        initiator: { from: 'srcAddr' },
        responder: { from: 'dstAddr' },
        initiatorPort: { from: 'srcPort' },
        responderPort: { from: 'dstPort' },
        transport: { from: 'proto' },
        packetsOut: { from: 'packets' },
        bytesOut: { from: 'bytes' },
        tcpFlags: { from: 'flags' },
        inputInterface: { from: 'input' },
        outputInterface: { from: 'output' },
      },
    },
  },
  {
    id: 'nfdump-json',
    marks: ['type', 'first', 'last', 'in_packets', 'in_bytes', 'proto', 'export_sysid'],
    mapping: {
      ...defaults,
      name: 'nfdump json',
      format: 'ndjson',
      only: { from: 'type', is: ['FLOW'] },
      fields: {
        start: { from: 'first', type: 'iso8601' },
        end: { from: 'last', type: 'iso8601' },
        initiator: { from: ['src4_addr', 'src6_addr'] },
        responder: { from: ['dst4_addr', 'dst6_addr'] },
        initiatorPort: { from: 'src_port' },
        responderPort: { from: 'dst_port' },
        icmpType: { from: 'icmp_type' },
        icmpCode: { from: 'icmp_code' },
        transport: { from: 'proto' },
        packetsOut: { from: 'in_packets' },
        bytesOut: { from: 'in_bytes' },
        packetsIn: { from: 'out_packets' },
        bytesIn: { from: 'out_bytes' },
        tcpFlags: { from: 'tcp_flags' },
        exporter: { from: ['ip4_router', 'ip6_router'] },
        nextHop: { from: ['ip4_next_hop', 'ip6_next_hop'] },
        inputInterface: { from: 'input_snmp' },
        outputInterface: { from: 'output_snmp' },
      },
      direction: 'one-way',
      bytes: 'ip',
    },
  },
  ...['pro', 'protocol'].flatMap((transport) =>
    SILK.map((mapping) => ({ id: 'silk-rwcut' as const, marks: ['sIP', 'dIP', transport], mapping })),
  ),
  {
    id: 'vpc-flow-log',
    marks: ['srcaddr', 'dstaddr', 'protocol', 'start', 'end'],
    mapping: vpc('AWS VPC flow log', true, (name) => name),
  },
  {
    id: 'csv',
    marks: ARGUS_MARKS,
    mapping: argus('argus ra, times since the epoch', 'unix-s'),
    hint: ARGUS_HINT,
  },
  { id: 'csv', marks: ARGUS_MARKS, mapping: argus('argus ra, dated times', 'iso8601'), hint: ARGUS_HINT },
  {
    id: 'csv',
    marks: ['SRC_IP', 'DST_IP', 'PROTOCOL', 'PACKETS', 'BYTES', 'TIMESTAMP_START'],
    mapping: {
      ...defaults,
      name: 'pmacct csv',
      format: 'csv',
      fields: {
        start: { from: 'TIMESTAMP_START', type: 'iso8601' },
        end: { from: 'TIMESTAMP_END', type: 'iso8601' },
        initiator: { from: 'SRC_IP' },
        responder: { from: 'DST_IP' },
        initiatorPort: { from: 'SRC_PORT' },
        responderPort: { from: 'DST_PORT' },
        transport: { from: 'PROTOCOL' },
        packetsOut: { from: 'PACKETS' },
        bytesOut: { from: 'BYTES' },
        tcpFlags: { from: 'TCP_FLAGS', type: 'decimal' },
        sampling: { from: 'SAMPLING_RATE' },
        exporter: { from: 'PEER_SRC_IP' },
        inputInterface: { from: 'IN_IFACE' },
        outputInterface: { from: 'OUT_IFACE' },
      },
      direction: 'one-way',
      bytes: 'ip',
    },
  },
  {
    id: 'ndjson',
    marks: ['ip_src', 'ip_dst', 'ip_proto', 'packets', 'bytes', 'timestamp_start'],
    mapping: {
      ...defaults,
      name: 'pmacct json',
      format: 'ndjson',
      fields: PMACCT_JSON,
      direction: 'one-way',
      bytes: 'ip',
    },
  },
  {
    id: 'ndjson',
    marks: ['ip_src', 'ip_dst', 'ip_proto', 'packets', 'bytes', 'timestamp_start'],
    mapping: {
      ...defaults,
      name: 'pmacct json, times since the epoch',
      format: 'ndjson',
      fields: {
        ...PMACCT_JSON,
        start: { from: 'timestamp_start', type: 'unix-s' },
        end: { from: 'timestamp_end', type: 'unix-s' },
      },
      direction: 'one-way',
      bytes: 'ip',
    },
  },
  {
    id: 'ndjson',
    marks: ['jsonPayload.connection.src_ip', 'jsonPayload.connection.dest_ip', 'jsonPayload.start_time'],
    mapping: {
      ...defaults,
      name: 'Google Cloud VPC flow log',
      format: 'ndjson',
      fields: {
        start: { from: 'jsonPayload.start_time', type: 'iso8601' },
        end: { from: 'jsonPayload.end_time', type: 'iso8601' },
        initiator: { from: 'jsonPayload.connection.src_ip' },
        responder: { from: 'jsonPayload.connection.dest_ip' },
        initiatorPort: { from: 'jsonPayload.connection.src_port' },
        responderPort: { from: 'jsonPayload.connection.dest_port' },
        transport: { from: 'jsonPayload.connection.protocol' },
        packetsOut: { from: 'jsonPayload.packets_sent' },
        bytesOut: { from: 'jsonPayload.bytes_sent' },
      },
      direction: 'one-way',
      bytes: 'unknown',
    },
  },
  {
    id: 'ndjson',
    marks: ['source.ip', 'destination.ip', 'network.transport', 'event.start'],
    mapping: {
      ...defaults,
      name: 'Elastic Common Schema',
      format: 'ndjson',
      // Packetbeat reports a long flow many times, each time with all counts so far; the last report is the final one.
      only: { from: 'flow.final', not: ['false'] },
      fields: {
        start: { from: 'event.start', type: 'iso8601' },
        end: { from: 'event.end', type: 'iso8601' },
        duration: { from: 'event.duration', type: 'ns' },
        initiator: { from: 'source.ip' },
        responder: { from: 'destination.ip' },
        initiatorPort: { from: 'source.port' },
        responderPort: { from: 'destination.port' },
        transport: { from: ['network.iana_number', 'network.transport'] },
        packetsOut: { from: 'source.packets' },
        bytesOut: { from: 'source.bytes' },
        packetsIn: { from: 'destination.packets' },
        bytesIn: { from: 'destination.bytes' },
        packetsTotal: { from: 'network.packets' },
        bytesTotal: { from: 'network.bytes' },
        protocol: { from: 'network.protocol' },
      },
      direction: 'two-way',
      bytes: 'unknown',
    },
  },
  {
    id: 'csv',
    marks: ENCLAVE_MARKS,
    mapping: { ...defaults, name: 'Enclave csv', format: 'csv', fields: ENCLAVE, direction: 'two-way', bytes: 'ip' },
  },
  {
    id: 'ndjson',
    marks: ENCLAVE_MARKS,
    mapping: {
      ...defaults,
      name: 'Enclave ndjson',
      format: 'ndjson',
      fields: ENCLAVE,
      direction: 'two-way',
      bytes: 'ip',
    },
  },
];

/** AWS VPC flow logs without a header: as they are, and with the time that CloudWatch puts before each line. */
export const VPC_WITHOUT_HEADER: readonly Mapping[] = [0, 1].map((before) =>
  vpc(
    'AWS VPC flow log without header',
    false,
    (name) => VPC_COLUMNS.findIndex((column) => column === name) + 1 + before,
  ),
);

/** Whether a line's columns are those of an AWS VPC flow log in its default order. */
export function isVpcRecord(columns: readonly string[], before: number): boolean {
  const [version, action, status] = [0, 12, 13].map((column) => columns[column + before] ?? '');
  return (
    columns.length === VPC_COLUMNS.length + before &&
    version === '2' &&
    ['ACCEPT', 'REJECT', '-'].includes(action ?? '') &&
    ['OK', 'NODATA', 'SKIPDATA'].includes(status ?? '')
  );
}
