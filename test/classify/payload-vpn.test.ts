import { vpnRules } from '../../electron/classify/payload/vpn.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ascii, describeCaptures, describeCases, hex } from './payload-trial.ts';

const udp = { transport: UDP };
const tcp = { transport: TCP };
const on = (transport: number, port: number) => ({ transport, destinationPort: port });
/** Bytes without zeros, as keys and ciphertext look. */
const dense = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => 1 + ((i * 37) % 255)));
const ONE = '0102030405060708';
const TWO = 'a1a2a3a4a5a6a7a8';

const plainReset = hex(`38 ${ONE} 00 00000000`);
const answer = hex(`40 ${TWO} 01 00000000 ${ONE} 00000000`);
const vpnData = (head: string): Buffer => Buffer.concat([hex(head), dense(60)]);
const tlsAuth = Buffer.concat([hex(`38 ${ONE}`), dense(20), hex('00000001 591c0000 00 00000000')]);
const tlsCrypt = Buffer.concat([hex(`38 ${ONE} 00000001 591c0000`), dense(32 + 5)]);
const tlsCryptV2 = Buffer.concat([hex(`50 ${ONE} 0f000001 591c0000`), dense(32 + 5), dense(298), hex('012c')]);
const wireGuardHello = Buffer.concat([hex('01000000'), dense(128), Buffer.alloc(16)]);
const wireGuardData = (counter: string) => Buffer.concat([hex(`04000000 9a8b7c6d ${counter} 00000000`), dense(48)]);
const ike2 = hex(`${ONE} 0000000000000000 21 20 22 08 00000000 00000020 00000004`);
const ike1 = hex(`${ONE} 0000000000000000 01 10 02 00 00000000 00000020 00000004`);
const esp = (sequence: string) => Buffer.concat([hex(`c0ffee01 ${sequence}`), dense(40)]);
const l2tp = hex('c802 0014 0000 0000 0000 0000 8008 0000 0000 0001');
const ipv6 = (destination: string, length = '0000') =>
  hex(`60000000 ${length} 3b 15 20010db8${'00'.repeat(12)} ${destination}`);
const toTeredo = `20010000${'00'.repeat(12)}`;
const dtlsHello = hex(`16 feff 0000 000000000000 0010 01 000004 0000 000000 000004 feff0102`);

describeCases(vpnRules, [
  { what: 'a client begins', rule: 'openvpn-udp-reset', said: [['>', plainReset]], flow: udp },
  { what: 'a server answers', rule: 'openvpn-udp-reset', said: [['<', answer]], flow: udp },
  { what: 'tls-auth with SHA-1', rule: 'openvpn-udp-reset', said: [['>', tlsAuth]], flow: udp },
  { what: 'tls-crypt', rule: 'openvpn-udp-reset', said: [['>', tlsCrypt]], flow: udp },
  { what: 'tls-crypt-v2', rule: 'openvpn-udp-reset', said: [['>', tlsCryptV2]], flow: udp },
  { what: 'OpenVPN, message 1 first', rule: '', said: [['>', hex(`38 ${ONE} 00 00000001`)]], flow: udp },
  { what: 'OpenVPN without a session', rule: '', said: [['>', hex('38 0000000000000000 00 00000000')]], flow: udp },
  { what: 'OpenVPN, a byte more', rule: '', said: [['>', Buffer.concat([plainReset, hex('00')])]], flow: udp },
  { what: 'tls-crypt, packet id 0', rule: '', said: [['>', Buffer.concat([hex(`38 ${ONE} 00000000 591c0000`), dense(37)])]], flow: udp },
  { what: 'a client begins', rule: 'openvpn-tcp-reset', said: [['>', Buffer.concat([hex('000e'), plainReset])]], flow: tcp },
  { what: 'OpenVPN over TCP, wrong length', rule: '', said: [['>', Buffer.concat([hex('000d'), plainReset])]], flow: tcp },
  { what: 'a handshake begins', rule: 'wireguard-message', said: [['>', wireGuardHello]], flow: udp },
  { what: 'two data messages', rule: 'wireguard-message', said: [['>', wireGuardData('05000000')], ['>', wireGuardData('06000000')]], flow: udp },
  { what: 'two data messages with an answer between', rule: 'wireguard-message', said: [['>', wireGuardData('05000000')], ['<', hex('04000000 11223344 00000000 00000000'.padEnd(80, 'a5'))], ['>', wireGuardData('06000000')]], flow: udp },
  { what: 'WireGuard, a reserved byte set', rule: '', said: [['>', Buffer.concat([hex('01000001'), wireGuardHello.subarray(4)])]], flow: udp },
  { what: 'WireGuard, 147 bytes', rule: '', said: [['>', wireGuardHello.subarray(0, 147)]], flow: udp },
  { what: 'WireGuard’s length, but zeros for a key', rule: '', said: [['>', Buffer.concat([hex('01000000'), Buffer.alloc(144)])]], flow: udp },
  { what: 'WireGuard, the counter goes back', rule: '', said: [['>', wireGuardData('06000000')], ['>', wireGuardData('05000000')]], flow: udp },
  { what: 'WireGuard, one data message', rule: '', said: [['>', wireGuardData('05000000')]], flow: udp },
  { what: 'version 2', rule: 'ipsec-ike', said: [['>', ike2]], flow: on(UDP, 500) },
  { what: 'version 1', rule: 'ipsec-ike', said: [['>', ike1]], flow: udp },
  { what: 'IKE, wrong length', rule: '', said: [['>', Buffer.concat([ike2, hex('00')])]], flow: on(UDP, 500) },
  { what: 'IKE, version 3', rule: '', said: [['>', Buffer.concat([ike2.subarray(0, 17), hex('30'), ike2.subarray(18)])]], flow: on(UDP, 500) },
  { what: 'IKE, exchange 99', rule: '', said: [['>', Buffer.concat([ike2.subarray(0, 18), hex('63'), ike2.subarray(19)])]], flow: on(UDP, 500) },
  { what: 'behind the marker', rule: 'ipsec-ike-nat', said: [['>', Buffer.concat([hex('00000000'), ike2])]], flow: on(UDP, 4500) },
  { what: 'two packets of an association', rule: 'ipsec-esp-in-udp', said: [['>', esp('00000001')], ['>', esp('00000002')]], flow: on(UDP, 4500) },
  { what: 'two packets of an association, answers between', rule: 'ipsec-esp-in-udp', said: [['>', esp('00000001')], ['<', Buffer.concat([hex('0a0b0c0d 00000001'), dense(40)])], ['>', esp('00000002')]], flow: on(UDP, 4500) },
  { what: 'data midway', rule: 'openvpn-udp-data', said: [['>', vpnData('48 000002 00000101')], ['<', vpnData('48 000000 00000777')], ['>', vpnData('48 000002 00000103')]], flow: on(UDP, 1194) },
  { what: 'data midway, version 1', rule: 'openvpn-udp-data', said: [['<', vpnData('31 00000101')], ['<', vpnData('31 00000102')]], flow: on(UDP, 1194) },
  { what: 'data on another port', rule: '', said: [['>', vpnData('48 000002 00000101')], ['>', vpnData('48 000002 00000103')]], flow: udp },
  { what: 'data of two peers', rule: '', said: [['>', vpnData('48 000002 00000101')], ['>', vpnData('48 000003 00000103')]], flow: on(UDP, 1194) },
  { what: 'ESP, one packet', rule: '', said: [['>', esp('00000001')]], flow: on(UDP, 4500) },
  { what: 'ESP on another port', rule: '', said: [['>', esp('00000001')], ['>', esp('00000002')]], flow: udp },
  { what: 'ESP, the same number again', rule: '', said: [['>', esp('00000002')], ['>', esp('00000002')]], flow: on(UDP, 4500) },
  { what: 'start-control-connection-request', rule: 'pptp-control', said: [['>', hex('009c 0001 1a2b3c4d 0001 0000 0100 0000')]], flow: tcp },
  { what: 'PPTP, another cookie', rule: '', said: [['>', hex('009c 0001 1a2b3c4e 0001 0000 0100 0000')]], flow: on(TCP, 1723) },
  { what: 'SCCRQ', rule: 'l2tp-control', said: [['>', l2tp]], flow: udp },
  { what: 'an acknowledgement on its port', rule: 'l2tp-control', said: [['>', hex('c802 000c 0001 0000 0001 0001')]], flow: on(UDP, 1701) },
  { what: 'an acknowledgement elsewhere', rule: '', said: [['>', hex('c802 000c 0001 0000 0001 0001')]], flow: udp },
  { what: 'L2TP, first attribute no message type', rule: '', said: [['>', Buffer.concat([l2tp.subarray(0, 16), hex('0007 0001')])]], flow: on(UDP, 1701) },
  { what: 'PPP in a data message', rule: 'l2tp-data', said: [['>', hex('0002 0001 0001 ff03 0021 4500')]], flow: on(UDP, 1701) },
  { what: 'the same elsewhere', rule: '', said: [['>', hex('0002 0001 0001 ff03 0021 4500')]], flow: udp },
  { what: 'a bubble', rule: 'teredo-packet', said: [['>', ipv6(toTeredo)]], flow: udp },
  { what: 'behind an origin', rule: 'teredo-packet', said: [['>', Buffer.concat([hex('0000 1234 56789abc'), ipv6(toTeredo)])]], flow: udp },
  { what: 'with a nonce behind', rule: 'teredo-packet', said: [['>', Buffer.concat([ipv6(toTeredo), hex('0104 77a05e76')])]], flow: udp },
  { what: 'IPv6 of others in UDP', rule: '', said: [['>', ipv6(`20010db8${'00'.repeat(12)}`)]], flow: on(UDP, 3544) },
  { what: 'Teredo, wrong length', rule: '', said: [['>', ipv6(toTeredo, '0001')]], flow: on(UDP, 3544) },
  { what: 'a ping', rule: 'tailscale-disco', said: [['>', Buffer.concat([ascii('TS\xf0\x9f\x92\xac'), dense(56)])]], flow: udp },
  { what: 'disco cut short', rule: '', said: [['>', Buffer.concat([ascii('TS\xf0\x9f\x92\xac'), dense(55)])]], flow: udp },
  { what: 'tinc 1.1', rule: 'tinc-greeting', said: [['>', ascii('0 node_a 17.7\n')]], flow: tcp },
  { what: 'tinc 1.0', rule: 'tinc-greeting', said: [['<', ascii('0 b 17\n')]], flow: tcp },
  { what: 'tinc, protocol 18', rule: '', said: [['>', ascii('0 node_a 18\n')]], flow: tcp },
  { what: 'tinc, a name with a blank', rule: '', said: [['>', ascii('0 node a 17\n')]], flow: tcp },
  { what: 'between its ports', rule: 'cisco-vpn-udp', said: [['>', Buffer.concat([hex('fe577e2b'), dense(40)])]], flow: { ...on(UDP, 10_000), sourcePort: 10_000 } },
  { what: 'Cisco’s bytes elsewhere', rule: '', said: [['>', Buffer.concat([hex('fe577e2b'), dense(40)])]], flow: udp },
  { what: 'a ClientHello', rule: 'dtls-record', said: [['>', dtlsHello]], flow: udp },
  { what: 'AnyConnect’s version', rule: 'dtls-record', said: [['>', hex('17 0100 0001 000000000001 0004 01020304')]], flow: udp },
  { what: 'DTLS, a byte too many', rule: '', said: [['>', Buffer.concat([dtlsHello, hex('00')])]], flow: udp },
  { what: 'DTLS, a fragment beyond its message', rule: '', said: [['>', hex('16 feff 0000 000000000000 0010 01 000004 0000 000001 000004 feff0102')]], flow: udp },
  { what: 'TLS in UDP', rule: '', said: [['>', hex('16 0301 0000 000000000000 0004 01000000')]], flow: udp },
  { what: 'Hamachi', rule: 'hamachi-login', said: [['>', Buffer.concat([hex('00000144 0000000000000000 7b7a0dad'), dense(308 + 4)])]], flow: tcp },
  { what: 'Hamachi, a byte short', rule: '', said: [['>', Buffer.concat([hex('00000144 0000000000000000 7b7a0dad'), dense(311)])]], flow: tcp },
  { what: 'Hamachi between members', rule: 'hamachi-tunnel', said: [['>', Buffer.concat([hex('11223344 00000005 aabb'), dense(40)])], ['>', Buffer.concat([hex('11223344 00000006 aabb'), dense(60)])]], flow: on(UDP, 17_771) },
  { what: 'Hamachi’s port, another head', rule: '', said: [['>', Buffer.concat([hex('11223344 00000005 aabb'), dense(40)])], ['>', Buffer.concat([hex('11223345 00000006 aabb'), dense(60)])]], flow: on(UDP, 17_771) },
  { what: 'SoftEther tells an address', rule: 'softether-pack', said: [['<', ascii('IP=192.0.2.17,PORT=4096')]], flow: udp },
  { what: 'no address', rule: '', said: [['<', ascii('IP=example,PORT=4096')]], flow: udp },
  { what: 'a pack of SoftEther', rule: 'softether-pack', said: [['>', Buffer.concat([hex('00000003 0000000a'), ascii('host_name'), hex('00000002 00000001 00000003'), ascii('abc')])]], flow: udp },
  { what: 'a pack with five types', rule: '', said: [['>', Buffer.concat([hex('00000003 0000000a'), ascii('host_name'), hex('00000005 00000001 00000003'), ascii('abc')])]], flow: udp },
]); // prettier-ignore

describeCaptures(vpnRules, [
  ['ndpi/pcap/openvpn-tlscrypt.pcap', 'openvpn-udp-reset', 1],
  ['ndpi-split/pcap/openvpn.dev.pcap', 'openvpn-udp-reset', 4],
  ['ndpi-split/pcap/openvpn.dev.pcap', 'openvpn-tcp-reset', 1],
  ['spicy-openvpn/tests/traces/openvpn_udp_tls-auth.pcap', 'openvpn-udp-reset', 2],
  ['mercury/unit_tests/pcaps/openvpn_tcp_multi.pcap', 'openvpn-tcp-reset', 2],
  ['ndpi/pcap/wireguard.pcap', 'wireguard-message', 3],
  ['pcapplusplus/Tests/Packet++Test/PacketExamples/WireGuard.pcap', 'wireguard-message', 1],
  ['spicy-ipsec/tests/traces/ikev1-certs.pcap', 'ipsec-ike', 1],
  ['tcpdump/isakmp4500.pcap', 'ipsec-ike', 1],
  ['tcpdump/isakmp4500.pcap', 'ipsec-ike-nat', 1],
  ['ndpi/pcap/pptp.pcap', 'pptp-control', 1],
  ['packetnet/Test/CaptureFiles/l2tp.pcap', 'l2tp-data', 1],
  ['ndpi/pcap/teredo.pcap', 'teredo-packet', 5],
  ['zeek/Traces/tunnels/gtp/gtp8_teredo.pcap', 'teredo-packet', 9],
  ['ndpi/pcap/tailscale.pcap', 'tailscale-disco', 1],
  ['ndpi/pcap/dtls2.pcap', 'dtls-record', 3],
  ['ndpi/pcap/dtls_old_version.pcapng', 'dtls-record', 1],
  ['zeek/Traces/tls/dtls13-wolfssl.pcap', 'dtls-record', 1],
]);
