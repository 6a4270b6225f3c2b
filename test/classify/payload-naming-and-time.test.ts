import { expect, it } from 'vitest';
import { namingAndTimeRules } from '../../electron/classify/payload/naming-and-time.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { Payload } from '../../shared/payload.ts';
import { ascii, describeCases, hex, join, type PayloadCase, zeros } from './payload-trial.ts';

const datagram = (rule: string, port: number, bytes: Buffer, changes: Partial<PayloadCase> = {}): PayloadCase => ({
  rule,
  port,
  bytes,
  transport: UDP,
  ...changes,
});
const answer = { answer: true };

const ntp = (first: string, stratum = '00', poll = '06', precision = 'fa'): Buffer =>
  join(first, stratum, poll, precision, zeros(44));
const ptp = (type: string, control: string, length = '002c'): Buffer =>
  join(type, '02', length, zeros(28), control, '00', zeros(10));
const roughtime = (tag: string): Buffer => join('02000000 40000000', ascii(tag), ascii('PAD\xff'), zeros(64 + 100));
const bootp = (cookie: string, hops = '00'): Buffer => join('010106', hops, zeros(232), cookie, zeros(60));
const slp = (length: string): Buffer => join('02 01', length, '0000 000000 1234 0002', ascii('en'), zeros(10));
const whois = (bytes: Buffer, port = 43): PayloadCase => ({ rule: 'whois-query', port, bytes, transport: TCP });

describeCases(namingAndTimeRules, [
  datagram('ntp-packet', 123, ntp('1b')),
  datagram('ntp-packet', 123, ntp('24', '02', '0a', 'e9'), answer),
  datagram('ntp-packet', 123, hex('1602 0001 0000 0000 0000 0000')),
  datagram('ntp-packet', 123, hex('1700032a 00000000')),
  datagram('ptp-message', 319, ptp('00', '00')),
  datagram('ptp-message', 320, ptp('0b', '05')),
  datagram('ptp-version-1', 319, join('0001 0001', ascii('_DFLT'), zeros(40))),
  datagram('roughtime-message', 2002, roughtime('NONC')),
  datagram('roughtime-message', 2002, join(ascii('ROUGHTIM'), zeros(20))),
  datagram('dhcp-message', 67, bootp('63825363')),
  datagram('dhcp-message', 67, bootp('00000000').subarray(0, 60)),
  datagram('dhcpv6-message', 547, hex('01 123456 0008 0002 0000 0006 0004 0017 0018')),
  datagram('nat-pmp-message', 5351, hex('0000')),
  datagram('nat-pmp-message', 5351, hex('0001 0000 1f90 1f90 00001c20')),
  datagram('nat-pmp-message', 5351, hex('0080 0000 00000001 c0000201'), answer),
  datagram('nat-pmp-message', 5351, join('02 01 0000 00001c20', zeros(52))),
  datagram('ssdp-message', 1900, ascii('M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n')),
  datagram('ssdp-message', 1900, ascii('HTTP/1.1 200 OK\r\nEXT:\r\nSt: upnp:rootdevice\r\n\r\n'), answer),
  datagram(
    'ws-discovery-message',
    3702,
    ascii('<?xml version="1.0"?><e xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery">'),
  ),
  datagram('slp-message', 427, slp('00001a')),
  { rule: 'slp-stream', port: 427, transport: TCP, bytes: slp('00001a') },
  whois(ascii('example.org\r\n')),
  datagram('bjnp-message', 8611, join(ascii('BJNP'), '01 01 0000 0001 0000 00000000')),
  // Not theirs.
  datagram('', 1123, ntp('1b')),
  datagram('', 123, ntp('1b', '20')),
  datagram('', 123, ntp('3b')),
  datagram('', 123, ntp('1b').subarray(0, 47)),
  datagram('', 123, hex('1700992a 00000000')),
  datagram('', 319, ptp('00', '05')),
  datagram('', 319, ptp('00', '00', '0040')),
  datagram('', 2002, roughtime('NONE')),
  datagram('', 1067, bootp('63825364')),
  datagram('', 67, bootp('00000000', '40')),
  datagram('', 547, hex('01 123456 0008 0002 0000 0006 0005 0017 0018')),
  datagram('', 5351, hex('000000')),
  datagram('', 5351, hex('0080 0009 00000001 c0000201'), answer),
  datagram('', 1900, ascii('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), answer),
  datagram('', 1900, ascii('M-SEARCH / HTTP/1.1\r\n\r\n')),
  datagram('', 3702, ascii('<?xml version="1.0"?><e xmlns="http://www.w3.org/2003/05/soap-envelope">')),
  datagram('', 427, slp('00001b')),
  { ...whois(ascii('GET / HTTP/1.0\r\nHost: x\r\n\r\n')), rule: '' },
  { ...whois(ascii('example.org\r\n'), 4343), rule: '' },
  { ...whois(hex('16030100 0d0a')), rule: '' },
  datagram('', 8611, join(ascii('BJNP'), '01 01 0000 0001 0000 00000001')),
]);

it('SSDP tells the sender’s system', () => {
  const [rule] = namingAndTimeRules.filter(({ id }) => id === 'ssdp-message');
  const system = (text: string, fromInitiator = true): string => {
    const bytes = ascii(text);
    const payload = Object.assign(new Payload(), { bytes, end: bytes.length, transport: UDP, fromInitiator });
    rule?.recognise(payload);
    return payload.userAgent;
  };
  const search = 'M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\nUser-Agent: Chromium/80 Windows\r\n\r\n';
  expect(system(search)).toBe('Chromium/80 Windows');
  expect(system('NOTIFY * HTTP/1.1\r\nSERVER: Linux/3.14 UPnP/1.0 x/1\r\n\r\n')).toBe('Linux/3.14 UPnP/1.0 x/1');
  expect(system('M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n')).toBe('');
  expect(system(search, false)).toBe('');
});
