import { remoteAccessRules } from '../../electron/classify/payload/remote-access.ts';
import { UDP } from '../../shared/flow.ts';
import { ascii, describeCases, hex, join, zeros } from './payload-trial.ts';

const x224 = (kind: string, rest: Buffer): Buffer => {
  const length = 11 + rest.length;
  return join('0300', Buffer.from([0, length, length - 5]), kind, '0000 0000 00', rest);
};
const negotiation = '01 00 0800 0b000000';
const rdpSyn = (up = '04d0'): Buffer => join('ffffffff 0040 0001 12345678', up, '04d0', zeros(1216));

describeCases(remoteAccessRules, [
  { rule: 'rdp-connection', port: 13_389, bytes: x224('e0', ascii('Cookie: mstshash=user\r\n')) },
  { rule: 'rdp-connection', port: 13_389, bytes: x224('e0', hex(negotiation)) },
  { rule: 'rdp-connection', port: 13_389, bytes: x224('d0', hex('02 1f 0800 02000000')), answer: true },
  { rule: 'rdp-connection', port: 3389, bytes: x224('e0', zeros(0)) },
  { rule: 'rdp-datagram', port: 3389, transport: UDP, bytes: rdpSyn() },
  { rule: 'vnc-version', port: 5900, bytes: ascii('RFB 003.008\n'), answer: true },
  { rule: 'telnet-negotiation', port: 2323, bytes: hex('fffd18 fffd20 fffd23'), answer: true },
  { rule: 'telnet-negotiation', port: 2323, bytes: hex('fffb01 fffb03') },
  { rule: 'telnet-negotiation', port: 23, bytes: hex('fffd25'), answer: true },
  { rule: 'rsh-request', port: 514, bytes: ascii('1022\0local\0remote\0ls -l\0') },
  { rule: 'citrix-ica', port: 1494, bytes: hex('7f7f 494341 00 7f7f'), answer: true },
  { rule: 'citrix-common-gateway', port: 2598, bytes: ascii('\x1aCGP/01\x01\0') },
  { rule: 'nomachine-version', port: 4000, bytes: ascii('NXSH-4.6.16\n') },
  { rule: 'radmin-hello', port: 4899, bytes: hex('01000000 01000000 0808') },
  { rule: 'teamviewer-message', port: 443, bytes: join('1724 0a 2000', zeros(32)) },
  { rule: 'teamviewer-message', port: 5938, bytes: hex('1130 1a 00000000') },
  { rule: 'teamviewer-datagram', port: 5938, transport: UDP, bytes: join('00', zeros(10), '1724 0a 2000') },
  { rule: 'anydesk-discovery', port: 50_001, transport: UDP, bytes: hex('3ed1 01 02 03040506 0708') },
  { rule: 'xdmcp-message', port: 177, transport: UDP, bytes: hex('0001 0002 0001 00') },
  // Not theirs: S7 and H.323 connect alike, on any port but RDP's; a length that is no length; other bytes.
  { rule: '', port: 102, bytes: x224('e0', hex('c1 02 0100 c2 02 0102 c0 01 0a')) },
  { rule: '', port: 1720, bytes: x224('e0', zeros(0)) },
  { rule: '', port: 3389, bytes: x224('f0', hex(negotiation)) },
  { rule: '', port: 3389, transport: UDP, bytes: rdpSyn('0600') },
  { rule: '', port: 27_015, transport: UDP, bytes: join('ffffffff 54', ascii('Source Engine Query\0')) },
  { rule: '', port: 5900, bytes: ascii('RFB 003,008\n'), answer: true },
  { rule: '', port: 2323, bytes: hex('fffd18 41') },
  { rule: '', port: 23, bytes: hex('fff118') },
  { rule: '', port: 514, bytes: ascii('1022\0\0\0\0') },
  { rule: '', port: 8514, bytes: ascii('1022\0local\0remote\0ls -l\0') },
  { rule: '', port: 4899, bytes: hex('01000000 01000000 0808'), answer: true },
  { rule: '', port: 4899, bytes: hex('01000000 01000000 0809') },
  { rule: '', port: 443, bytes: join('1724 0a 2100', zeros(32)) },
  { rule: '', port: 5000, transport: UDP, bytes: join('00', zeros(10), '1724 0a 2000') },
  { rule: '', port: 50_004, transport: UDP, bytes: hex('3ed1 01 02 03040506 0708') },
  { rule: '', port: 177, transport: UDP, bytes: hex('0001 0002 0002 00') },
  { rule: '', port: 4000, bytes: ascii('NXSH-') },
]);
