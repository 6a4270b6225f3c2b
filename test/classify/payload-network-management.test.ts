import { networkManagementRules } from '../../electron/classify/payload/network-management.ts';
import { UDP } from '../../shared/flow.ts';
import { ascii, describeCases, hex, join, type PayloadCase, zeros } from './payload-trial.ts';

const datagram = (rule: string, port: number, bytes: Buffer): PayloadCase => ({ rule, port, bytes, transport: UDP });
const stream = (rule: string, port: number, bytes: Buffer): PayloadCase => ({ rule, port, bytes });

const ones = Buffer.alloc(16, 0xff);
const bfd = (length: string): Buffer => join('20 c0 03', length, '00000001 00000000', zeros(12));
const hsrp = (state: string): Buffer => join('00 00', state, '03 0a 64 01 00', ascii('cisco\0\0\0'), 'c0000201');
const radius = (code: string, length: string, attributes: string): Buffer =>
  join(code, '01', length, zeros(16), attributes);
const three = '01 05 626f62 04 06 c0000201 05 06 00000001';
const diameter = (flags: string): Buffer =>
  join('01 000030', flags, '000101 00000000 00000001 00000002 00000108 40 00001b', ascii('host.example.example'));
const v2 =
  '30 26 02 01 01 04 06 7075626c6963 a0 19 02 01 01 02 01 00 02 01 00 30 0e 30 0c 06 08 2b06010201010100 05 00';
const v3 = '30 20 02 01 03 30 0d 02 01 01 02 02 05dc 04 01 04 02 01 03 04 02 3000 30 08 04 00 04 00 a0 02 0500';
const sflow = (agent: string): Buffer =>
  join('00000005', agent, 'c0000201 00000000 00000001 00000001 00000001 00000001 00000008', zeros(8));
const lispMap = join('30 00 00 01', zeros(8), '0001 0014', zeros(20), zeros(16));
const collectd = join('0000 0009', ascii('host\0'), '0001 000c 0000000000000001');
const innerIpv4 = join('4500 0020 0000 0000 40 11 0000 c0000201 c0000202', zeros(12));

describeCases(networkManagementRules, [
  stream('bgp-message', 1790, join(ones, '0013 04')),
  datagram('ldp-hello', 646, join('0001 001e 0a000001 0000 0100 0014 00000001 0400 0004 000f 0000 0401 0004 0a000001')),
  stream('ldp-session', 646, join('0001 0020 0a000001 0000 0200 0016 00000001 0500 000e 0001 00b4', zeros(10))),
  datagram('bfd-control', 3784, bfd('18')),
  datagram('hsrp-message', 1985, hsrp('10')),
  datagram('hsrp-message', 1985, join('01 28 02 00 06 04', zeros(36))),
  datagram('glbp-message', 3222, join('01 00 0001 0000 001122334455 01 1c', zeros(26))),
  datagram('lisp-control', 4342, lispMap),
  datagram('lisp-control', 4342, join('80000000', innerIpv4)),
  datagram('lisp-data', 4341, join('80000001 00000001', innerIpv4)),
  stream('lisp-stream', 4342, hex('0011 0010 00000001 00000000 9facade9')),
  datagram('dlep-signal', 854, join(ascii('DLEP'), '0001 0000')),
  stream('dlep-message', 854, hex('0001 0008 0005 0004 0000ea60')),
  stream('openflow-message', 6653, hex('01 00 0008 00000001')),
  stream('openflow-message', 6700, hex('04 00 0010 00000001 0001 0008 00000010')),
  datagram('snmp-message', 161, hex(v2)),
  datagram('snmp-message', 10_161, hex(v3)),
  datagram('syslog-datagram', 5140, ascii('<34>Oct 11 22:14:15 host su: failed')),
  datagram('syslog-datagram', 514, ascii('<134>something else')),
  stream('syslog-stream', 6514, ascii('42 <165>1 2017-05-17T00:00:00Z host app - - -')),
  stream('', 6514, ascii('99 <165>1 2017-05-17T00:00:00Z host app - - -')),
  stream('', 6514, ascii('42 <199>1 2017-05-17T00:00:00Z host app - - -')),
  stream('', 6514, ascii('42  165>1 2017-05-17T00:00:00Z host app - - -')),
  stream('ipfix-stream', 4739, join('000a 0020', zeros(12), '0002 0010 0100 0002 0008 0004 000c 0004', '000a 0020')),
  stream('', 4740, join('000a 0020', zeros(12), '0002 0010 0100 0002 0008 0004 000c 0004')),
  stream('', 4739, join('000a 0024', zeros(12), '0002 0010 0100 0002 0008 0004 000c 0004')),
  stream('syslog-stream', 5140, ascii('<165>1 2017-05-17T00:00:00Z host app - - -')),
  datagram('radius-packet', 1812, radius('01', '0019', '01 05 626f62')),
  datagram('radius-packet', 11_812, radius('01', '0025', three)),
  stream('diameter-message', 3868, diameter('80')),
  datagram('rmcp-message', 623, hex('0600ff07 00 00000000 00000000 09 2018c8 81 00 38 8e 04 b5')),
  datagram('capwap-packet', 5246, join('00 10 02 00 0000 0000 00000001 00 0003 00', zeros(0))),
  datagram('capwap-packet', 5246, hex('01000000 16 feff 0000 0000')),
  datagram('netflow-records', 2055, join('0005 0001', zeros(20), zeros(48))),
  datagram('netflow-sets', 2055, join('0009 0001', zeros(16), '0000 0010 0100 0002 0008 0004 000c 0004')),
  datagram('netflow-sets', 4739, join('000a 0020', zeros(12), '0002 0010 0100 0002 0008 0004 000c 0004')),
  datagram('sflow-datagram', 6343, sflow('00000001')),
  datagram('collectd-packet', 25_826, collectd),
  datagram('collectd-protected', 25_826, join('0210 0040 0004', ascii('user'), zeros(54))),
  datagram('collectd-protected', 25_826, join('0200 0028', zeros(32), ascii('user'), collectd)),
  datagram('', 25_826, join('0210 0041 0004', ascii('user'), zeros(54))),
  stream('zabbix-message', 10_051, join(ascii('ZBXD\x01'), '0200000000000000', ascii('{}'))),
  { ...stream('munin-greeting', 4949, ascii('# munin node at host.example\n')), answer: true },
  datagram('gtp-user-plane', 2152, join('30 ff 0020 00000001', innerIpv4)),
  datagram('gtp-control-plane', 2123, hex('32 01 0004 00000000 0001 0000')),
  datagram('gtp-control-plane', 2123, hex('48 20 0008 00000000 000001 00')),
  datagram('gtp-prime-message', 3386, hex('0e 01 0000 0001')),
  datagram('pfcp-message', 8805, hex('20 05 000d 000001 00 003c 0005 00 c0000201')),
  datagram('ripe-atlas-datagram', 1114, ascii('MGLNDD_192.0.2.1_1114')),
  stream('ripe-atlas-stream', 1114, ascii('MGLNDD_192.0.2.1_1114\n')),
  // Not theirs.
  stream('', 179, join(ones.subarray(1), 'fe 0013 04')),
  stream('', 179, join(ones, '0013 06')),
  datagram('', 646, join('0001 0040 0a000001 0000 0100 0014 00000001 0400 0004 000f 0000')),
  datagram('', 3784, bfd('19')),
  datagram('', 13_784, bfd('18')),
  datagram('', 1985, hsrp('03')),
  datagram('', 3222, join('01 00 0001 0000 001122334455 01 1d', zeros(26))),
  datagram('', 14_342, lispMap),
  datagram('', 4342, join('80000000', innerIpv4, '00')),
  datagram('', 4341, join('80000001 00000001', innerIpv4, '00')),
  stream('', 4342, hex('0011 0010 00000001 00000000 9facade8')),
  datagram('', 854, join(ascii('DLEP'), '0001 0001')),
  stream('', 854, hex('0001 0008 0005 0005 0000ea60')),
  stream('', 1502, hex('01 00 0008 00000001')),
  datagram('', 161, hex(v2).subarray(1)),
  datagram('', 161, join(hex(v2), '00')),
  datagram('', 514, ascii('<192>something else')),
  datagram('', 5140, ascii('<134>something else')),
  stream('', 80, ascii('<html><body>Oct</body></html>')),
  datagram('', 1812, radius('01', '001a', '01 05 626f62')),
  datagram('', 1812, radius('01', '0019', '01 06 626f62')),
  datagram('', 11_812, radius('01', '0019', '01 05 626f62')),
  stream('', 3868, diameter('81')),
  datagram('', 623, hex('0600ff05')),
  datagram('', 5246, hex('00 10 02 00 0000 0000 00000001 00 0004 00')),
  datagram('', 2055, join('0005 0002', zeros(20), zeros(48))),
  datagram('', 2055, join('0009 0001', zeros(16), '0005 0010 0100 0002 0008 0004 000c 0004')),
  datagram('', 4739, join('000a 0021', zeros(12), '0002 0010 0100 0002 0008 0004 000c 0004')),
  datagram('', 6343, sflow('00000003')),
  datagram('', 25_826, join('0000 0009', ascii('host\0'), '0001 000d 0000000000000001')),
  stream('', 10_051, ascii('ZBXX\x01\0')),
  datagram('', 2152, join('30 ff 0021 00000001', innerIpv4)),
  datagram('', 12_152, join('30 ff 0020 00000001', innerIpv4)),
  datagram('', 2123, hex('32 01 0005 00000000 0001 0000')),
  datagram('', 3386, hex('0e 09 0000 0001')),
  datagram('', 8805, hex('28 05 000d 000001 00 003c 0005 00 c0000201')),
  datagram('', 1114, ascii('MGLNDD_x')),
]);
