import { industrialRules } from '../../electron/classify/payload/industrial.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ascii, describeCaptures, describeCases, hex } from './payload-trial.ts';

const tcp = { transport: TCP };
const udp = { transport: UDP };
const on = (transport: number, port: number) => ({ transport, destinationPort: port });

const modbusRequest = hex('0007 0000 0006 11 03 006b 0003');
const modbusAnswer = hex('0007 0000 0009 11 03 06 022b 0000 0064');
const s7 = hex('0300 0019 02f080 32 01 0000 0001 0008 0000 f0 00 0001 0001 01e0');
const s7plus = hex('0300 0012 02f080 72 01 0003 310000 72 01 0000');
const mms = hex('0300 001c 02f080 0d 11 05 06 1301 0016 0102 06 05 28ca220203 00000000');
const mmsData = hex('0300 001c 02f080 01000100 61 0f 30 0d 020103 a0 08 a0 06 020101 a1 01 00');
const dnp3 = hex('05 64 05 c0 0100 0004 e921');
const enip = (command: string, length: string, rest = ''): Buffer =>
  hex(`${command} ${length} 00000000 00000000 ${'0'.repeat(16)} 00000000 ${rest}`);
const cip = hex('0200 0280 0800 01020304 05000000 b100 0400 01020304');
const whoIs = hex('81 0b 000c 01 20 ffff 00 ff 10 08');
const iec = hex('68 0e 0200 0000 64 01 0600 0100 000000 14');
const hello = Buffer.concat([ascii('HELF'), hex('20000000 00000000 ffff0000 ffff0000 00000000 00000000 00000000')]);
const profinet = (tail: string): Buffer =>
  hex(
    `04 00 2000 100000 00 ${'11'.repeat(16)} 0100a0de 976cd111 827100a0 ${tail} ${'22'.repeat(16)} ${'00'.repeat(24)}`,
  );
const fins = hex('80 00 02 00 01 00 00 0a 00 19 0101 82 0064 00 0001');
const finsAnswer = hex('c0 00 02 00 0a 00 00 01 00 19 0101 0000 0005');
const melsec = hex('5000 00 ff ff03 00 0c00 1000 0104 0000 640000 a8 0100');
const knx = hex('0610 0201 000e 08 01 c0a80102 0e57');

describeCases(industrialRules, [
  { what: 'a request on its port', rule: 'modbus-message', said: [['>', modbusRequest]], flow: on(TCP, 502) },
  { what: 'request and response elsewhere', rule: 'modbus-message', said: [['>', modbusRequest], ['<', modbusAnswer]], flow: tcp },
  { what: 'a request in a datagram', rule: 'modbus-datagram', said: [['>', modbusRequest]], flow: on(UDP, 502) },
  { what: 'request and response in datagrams elsewhere', rule: '', said: [['>', modbusRequest], ['<', modbusAnswer]], flow: udp },
  { what: 'an exception', rule: 'modbus-message', said: [['<', hex('0007 0000 0003 11 83 02')]], flow: on(TCP, 502) },
  { what: 'a request elsewhere', rule: '', said: [['>', modbusRequest]], flow: tcp },
  { what: 'Modbus, another transaction', rule: '', said: [['>', modbusRequest], ['<', hex('0008 0000 0009 11 03 06 022b 0000 0064')]], flow: tcp },
  { what: 'Modbus, protocol 1', rule: '', said: [['>', hex('0007 0001 0006 11 03 006b 0003')]], flow: on(TCP, 502) },
  { what: 'Modbus, a byte too many', rule: '', said: [['>', Buffer.concat([modbusRequest, hex('00')])]], flow: on(TCP, 502) },
  { what: 'Modbus, function 99', rule: '', said: [['>', hex('0007 0000 0006 11 63 006b 0003')]], flow: on(TCP, 502) },
  { what: 'an answer that only repeats the head, on port 502', rule: '', said: [['<', hex('0300 0000 0003 00 80 01')]], flow: on(TCP, 502) },
  { what: 'set-up', rule: 's7comm-message', said: [['>', s7]], flow: tcp },
  { what: 'a head in a segment of its own', rule: 's7comm-message', said: [['>', s7.subarray(0, 4)], ['>', s7]], flow: tcp },
  { what: 'S7, message 9', rule: '', said: [['>', Buffer.concat([s7.subarray(0, 8), hex('09'), s7.subarray(9)])]], flow: on(TCP, 102) },
  { what: 'S7, wrong length', rule: '', said: [['>', Buffer.concat([s7, hex('00')])]], flow: on(TCP, 102) },
  { what: 'a connect request to ISO', rule: '', said: [['>', hex('0300 000b 06 e0 0000 0001 00')]], flow: on(TCP, 102) },
  { what: 'a request', rule: 's7comm-plus-message', said: [['>', s7plus]], flow: tcp },
  { what: 'S7 plus, length beyond its packet', rule: '', said: [['>', hex('0300 0012 02f080 72 01 0033 310000 72 01 0000')]], flow: tcp },
  { what: 'an association', rule: 'mms-message', said: [['>', mms]], flow: tcp },
  { what: 'data', rule: 'mms-message', said: [['>', mmsData]], flow: tcp },
  { what: 'an association of another application', rule: '', said: [['>', hex('0300 001c 02f080 0d 11 05 06 1301 0016 0102 06 05 28ca220204 00000000')]], flow: on(TCP, 102) },
  { what: 'a link reset', rule: 'dnp3-link-header', said: [['>', dnp3]], flow: tcp },
  { what: 'a link reset', rule: 'dnp3-link-header-udp', said: [['>', dnp3]], flow: udp },
  { what: 'DNP3, wrong check sum', rule: '', said: [['>', hex('05 64 05 c0 0100 0004 e922')]], flow: on(TCP, 20_000) },
  { what: 'a session is asked for', rule: 'ethernet-ip-encapsulation', said: [['>', enip('6500', '0400', '0100 0000')]], flow: tcp },
  { what: 'who is there', rule: 'ethernet-ip-encapsulation-udp', said: [['>', enip('6300', '0000')]], flow: on(UDP, 44_818) },
  { what: 'who is there, elsewhere', rule: '', said: [['>', enip('6300', '0000')]], flow: udp },
  { what: 'EtherNet/IP, wrong length', rule: '', said: [['>', enip('6500', '0500', '0100 0000')]], flow: on(TCP, 44_818) },
  { what: 'EtherNet/IP, session of version 2 elsewhere', rule: '', said: [['>', enip('6500', '0400', '0200 0000')]], flow: tcp },
  { what: 'input and output', rule: 'cip-io', said: [['>', cip]], flow: udp },
  { what: 'CIP, wrong length', rule: '', said: [['>', Buffer.concat([cip, hex('00')])]], flow: on(UDP, 2222) },
  { what: 'Who-Is', rule: 'bacnet-message', said: [['>', whoIs]], flow: on(UDP, 47_808) },
  { what: 'an answer to one, elsewhere', rule: 'bacnet-message', said: [['>', hex('81 0a 000c 01 00 30 01 0c 0c 0200')]], flow: udp },
  { what: 'BACnet, wrong length', rule: '', said: [['>', hex('81 0b 000d 01 20 ffff 00 ff 10 08')]], flow: on(UDP, 47_808) },
  { what: 'BACnet, network version 2 elsewhere', rule: '', said: [['>', hex('81 0a 000c 02 00 30 01 0c 0c 0200')]], flow: udp },
  { what: 'STARTDT', rule: 'iec104-frame', said: [['>', hex('68 04 07 000000')]], flow: tcp },
  { what: 'an interrogation', rule: 'iec104-frame', said: [['>', iec]], flow: tcp },
  { what: 'IEC 104, an object too long', rule: '', said: [['>', hex('68 0f 0200 0000 64 01 0600 0100 000000 14 00')]], flow: on(TCP, 2404) },
  { what: 'IEC 104, two control functions at once', rule: '', said: [['>', hex('68 04 0f 000000')]], flow: on(TCP, 2404) },
  { what: 'IEC 104, a receipt elsewhere', rule: '', said: [['>', hex('68 04 01 00 0200')]], flow: tcp },
  { what: 'Hello', rule: 'opc-ua-message', said: [['>', hello]], flow: tcp },
  { what: 'OPC UA, wrong length', rule: '', said: [['>', Buffer.concat([hello, hex('00')])]], flow: on(TCP, 4840) },
  { what: 'OPC UA, chunk X', rule: '', said: [['>', Buffer.concat([ascii('HELX'), hello.subarray(4)])]], flow: on(TCP, 4840) },
  { what: 'a request', rule: 'profinet-io-rpc', said: [['>', profinet('2442df7d')]], flow: udp },
  { what: 'RPC of others', rule: '', said: [['>', profinet('2442df7e')]], flow: on(UDP, 34_964) },
  { what: 'a read on its port', rule: 'fins-datagram', said: [['>', fins]], flow: on(UDP, 9600) },
  { what: 'a read and its answer', rule: 'fins-datagram', said: [['>', fins], ['<', finsAnswer]], flow: udp },
  { what: 'FINS elsewhere', rule: '', said: [['>', fins]], flow: udp },
  { what: 'FINS, an answer with another service id', rule: '', said: [['>', fins], ['<', hex('c0 00 02 00 0a 00 00 01 00 1a 0101 0000 0005')]], flow: udp },
  { what: 'an address is asked for', rule: 'fins-stream', said: [['>', hex('46494e53 0000000c 00000000 00000000 00000000')]], flow: tcp },
  { what: 'FINS, command 9', rule: '', said: [['>', hex('46494e53 0000000c 00000009 00000000 00000000')]], flow: on(TCP, 9600) },
  { what: 'a read', rule: 'melsec-frame', said: [['>', melsec]], flow: tcp },
  { what: 'a read', rule: 'melsec-frame-udp', said: [['>', melsec]], flow: udp },
  { what: 'its answer', rule: 'melsec-frame', said: [['<', hex('d000 00 ff ff03 00 0400 0000 3412')]], flow: tcp },
  { what: 'MELSEC, wrong length', rule: '', said: [['>', Buffer.concat([melsec, hex('00')])]], flow: on(TCP, 5007) },
  { what: 'MELSEC, another processor', rule: '', said: [['>', hex('5000 00 ff ff04 00 0c00 1000 0104 0000 640000 a8 0100')]], flow: on(TCP, 5007) },
  { what: 'a search', rule: 'knxnet-ip-frame', said: [['>', knx]], flow: udp },
  { what: 'a search', rule: 'knxnet-ip-frame-tcp', said: [['>', knx]], flow: tcp },
  { what: 'KNX, wrong length', rule: '', said: [['>', Buffer.concat([knx, hex('00')])]], flow: on(UDP, 3671) },
  { what: 'a connection request', rule: 'tristation-message', said: [['>', hex('01 00 0000 0000')]], flow: on(UDP, 1502) },
  { what: 'a command', rule: 'tristation-message', said: [['<', hex('05 00 0400 01 02 0000 1122')]], flow: on(UDP, 1502) },
  { what: 'TriStation, a wrong length', rule: '', said: [['>', hex('05 00 0500 01 02 0304 1122')]], flow: on(UDP, 1502) },
  { what: 'KNX, service 0666', rule: '', said: [['>', hex('0610 0666 000e 08 01 c0a80102 0e57')]], flow: on(UDP, 3671) },
]); // prettier-ignore

describeCaptures(industrialRules, [
  ['zeek/Traces/modbus/modbus-and-non-modbus-p502.pcap', 'modbus-message', 1],
  ['zeek/Traces/modbus/fuzz-1011.pcap', 'modbus-message', 3],
  ['ndpi/pcap/modbus.pcap', 'modbus-message', 1],
  ['arkime/pcap/s7comm_synthetic.pcap', 's7comm-message', 3],
  ['arkime/pcap/s7comm_synthetic.pcap', 's7comm-plus-message', 1],
  ['wireshark-wiki/SampleCaptures/s7comm_reading_setting_plc_time.pcap', 's7comm-message', 1],
  ['ndpi/pcap/s7comm-plus.pcap', 's7comm-plus-message', 1],
  ['ndpi/pcap/iso9506-1-mms.pcap', 'mms-message', 1],
  ['zeek/Traces/dnp3/dnp3.pcap', 'dnp3-link-header', 9],
  ['arkime/pcap/dnp3_synthetic.pcap', 'dnp3-link-header', 2],
  ['arkime/pcap/dnp3_synthetic.pcap', 'dnp3-link-header-udp', 1],
  ['ndpid-rebuilt/pcap/ethernet_ip-cip.rebuilt.pcap', 'ethernet-ip-encapsulation', 2],
  ['ndpid-rebuilt/pcap/ethernet_ip-cip_io.rebuilt.pcap', 'cip-io', 1],
  ['ndpi/pcap/bacnet.pcap', 'bacnet-message', 10],
  ['arkime/pcap/opcua_synthetic.pcap', 'opc-ua-message', 5],
  ['wireshark-wiki/SampleCaptures/fins-tcp.pcapng', 'fins-stream', 1],
]);
