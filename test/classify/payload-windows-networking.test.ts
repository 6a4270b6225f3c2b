import { describe, expect, it } from 'vitest';
import { windowsNetworkingRules } from '../../electron/classify/payload/windows-networking.ts';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { Payload } from '../../shared/payload.ts';
import { ascii, describeCases, hex, join, zeros } from './payload-trial.ts';

const encoded = ascii('CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
const nameQuery = (type = '0021', name = encoded): Buffer =>
  join('1234 0010 0001 0000 0000 0000 20', name, '00', type, '0001');
const datagram = join('11 02 1234 c0000201 008a 00bb 0000 20', encoded, '00 20', encoded, '00', zeros(60));
const session = join('81000044 20', encoded, '00 20', encoded, '00');
const ldapBind = hex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00');
const search =
  '30 25 02 01 01 63 20 04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 0b 6f626a656374436c617373 30 00';
const kerberosBody = join('30 5c a1 03 02 01 05 a2 03 02 01 0a', zeros(82));
const asRequest = join('6a 5e', kerberosBody);
const apRequest = join('6e 5e 30 5c a0 03 02 01 05 a1 03 02 01 0e', zeros(82));
const passwordChange = join('0066 0001 0060', apRequest);
const rpcBind = join('05 00 0b 03 10000000 4800 0000 01000000', zeros(56));
const rpcDatagram = (object = zeros(16)): Buffer =>
  join('04 00 28 00 10 00 00 00', object, zeros(50), '0400 00000000', '01020304');
const profinet = hex('0100a0de 976c d111 8271 00a02442df7d');

describeCases(windowsNetworkingRules, [
  { rule: 'netbios-name', port: 137, transport: UDP, bytes: nameQuery() },
  { rule: 'netbios-datagram', port: 138, transport: UDP, bytes: datagram },
  { rule: 'netbios-session', port: 139, bytes: hex('83000001 82'), answer: true },
  { rule: 'netbios-session', port: 139, bytes: join(session, zeros(20)) },
  // Nothing follows, as the refused and those at a capture's end.
  { rule: 'netbios-session', port: 139, bytes: session },
  { rule: 'ldap-message', port: 389, bytes: ldapBind },
  {
    rule: 'ldap-message',
    port: 3268,
    bytes: hex('30 84 00000010 02 01 01 61 84 00000007 0a 01 00 04 00 04 00'),
    answer: true,
  },
  { rule: 'ldap-datagram', port: 389, transport: UDP, bytes: hex(search) },
  { rule: 'kerberos-datagram', port: 88, transport: UDP, bytes: asRequest },
  { rule: 'kerberos-datagram', port: 464, transport: UDP, bytes: passwordChange },
  { rule: 'kerberos-stream', port: 88, bytes: join('00000060', asRequest) },
  { rule: 'dcerpc-connection', port: 135, bytes: rpcBind },
  { rule: 'dcerpc-over-http', port: 593, bytes: ascii('ncacn_http/1.0'), answer: true },
  { rule: 'dcerpc-datagram', port: 135, transport: UDP, bytes: rpcDatagram() },
  // Not theirs.
  { rule: '', port: 137, transport: UDP, bytes: nameQuery('0001') },
  { rule: '', port: 137, transport: UDP, bytes: nameQuery('0021', ascii('CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ')) },
  { rule: '', port: 138, transport: UDP, bytes: datagram.subarray(0, 40) },
  { rule: '', port: 139, bytes: join(session, '00000054 ff534d42', zeros(80)) },
  { rule: '', port: 139, bytes: hex('82000000'), answer: true },
  { rule: '', port: 389, bytes: hex('30 0c 02 01 01 60 07 02 01 05 04 00 80 00') },
  {
    rule: '',
    port: 161,
    transport: UDP,
    bytes: hex('30 1a 02 01 01 04 06 7075626c6963 a0 0d 02 01 01 02 01 00 02 01 00 30 02 30 00'),
  },
  { rule: '', port: 389, transport: UDP, bytes: hex(search).subarray(0, 30) },
  { rule: '', port: 88, transport: UDP, bytes: join('6b 5e', kerberosBody) },
  { rule: '', port: 88, transport: UDP, bytes: join('6a 5e 30 5c a1 03 02 01 04 a2 03 02 01 0a', zeros(82)) },
  { rule: '', port: 135, bytes: join('05 00 0b 03 20000000 4800 0000 01000000', zeros(56)) },
  { rule: '', port: 1080, bytes: hex('05 01 00') },
  { rule: '', port: 34_964, transport: UDP, bytes: rpcDatagram(profinet) },
  { rule: '', port: 135, transport: UDP, bytes: join(rpcDatagram(), '00') },
]);

describe('a session request', () => {
  it.each([
    ['ff', 'smb1-message'],
    ['fe', 'smb2-message'],
  ])('gives way to the SMB behind it (%s)', (mark, rule) => {
    const recogniser = new PayloadRecogniser(() => undefined);
    const payload = Object.assign(new Payload(), { transport: TCP, sourcePort: 50_000, destinationPort: 139 });
    const show = (bytes: Buffer): string | undefined => {
      Object.assign(payload, { bytes, start: 0, end: bytes.length });
      recogniser.inspect(payload);
      payload.looks++;
      return recogniser.rules[payload.rule]?.id;
    };
    expect(show(session)).toBe('netbios-session');
    expect(show(join(session, `00000054 ${mark}534d42`, zeros(80)))).toBe(rule);
  });
});
