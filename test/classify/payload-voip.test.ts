import { describe, expect, it } from 'vitest';
import { voipRules } from '../../electron/classify/payload/voip.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { Payload, RECOGNISED, RECOGNISED_LOOK_ON } from '../../shared/payload.ts';
import { ascii, hex, ruleFor, type Said } from './payload-trial.ts';

const udp = (conversation: readonly Said[], changes: Partial<Payload> = {}): string =>
  ruleFor(voipRules, conversation, { transport: UDP, ...changes });
const tcp = (conversation: readonly Said[], changes: Partial<Payload> = {}): string =>
  ruleFor(voipRules, conversation, { transport: TCP, ...changes });

describe('SIP', () => {
  it('by its start lines', () => {
    expect(udp([['>', ascii('REGISTER sip:registrar.example SIP/2.0\r\nVia: x\r\n')]])).toBe('sip-message');
    expect(udp([['>', ascii('INVITE tel:+1-201-555-0123 SIP/2.0\r\n')]])).toBe('sip-message');
    expect(udp([['<', ascii('SIP/2.0 180 Ringing\r\n')]])).toBe('sip-message');
    expect(tcp([['>', ascii('OPTIONS sip:a@b.example SIP/2.0\r\n')]])).toBe('sip-message-tcp');
  });

  it('over TCP waits for the end of the line', () => {
    const line = ascii('MESSAGE sip:a@b.example SIP/2.0\r\n');
    expect(tcp([['>', line.subarray(0, 20)]])).toBe('');
    expect(tcp([['>', line.subarray(0, 20)], ['>', line]])).toBe('sip-message-tcp'); // prettier-ignore
  });

  it('not other methods, versions or codes', () => {
    for (const text of [
      'OPTIONS * RTSP/1.0\r\n',
      'OPTIONS / HTTP/1.1\r\n',
      'INVITED sip:a@b.example SIP/2.0\r\n',
      'INVITE sip:a@b.example SIP/3.0\r\n',
      'SIP/2.0 999 No\r\n',
      'SIP/2.0 18',
      'MESSAGE in a bottle\r\n',
    ]) {
      expect([text, udp([['>', ascii(text)]])]).toEqual([text, '']);
    }
  });
});

describe('gateway control', () => {
  it('MGCP by verb, transaction, endpoint and version', () => {
    expect(udp([['>', ascii('RSIP 1200 *@gw.example MGCP 1.0\r\nRM: restart\r\n')]])).toBe('mgcp-command');
    expect(udp([['>', ascii('RSIP 1200 *@gw.example HTTP 1.0\r\n')]])).toBe('');
    expect(udp([['>', ascii('RSIP twelve *@gw.example MGCP 1.0\r\n')]])).toBe('');
  });

  it('H.248 by version and sender', () => {
    expect(udp([['>', ascii('MEGACO/1 [192.0.2.1]:2944 Transaction = 9998 {')]])).toBe('megaco-text');
    expect(udp([['>', ascii('!/1 [192.0.2.1]:55555 T=1{C=-{SC=ROOT')]])).toBe('megaco-text');
    const packet = Buffer.concat([hex('0300 0029'), ascii('!/1 [192.0.2.1]:55555 T=1{C=-{SC=ROOT')]);
    expect(tcp([['>', packet]])).toBe('megaco-stream');
    expect(tcp([['>', packet.subarray(4)]])).toBe('');
    expect(tcp([['>', Buffer.concat([hex('0301'), packet.subarray(2)])]])).toBe('');
    expect(udp([['>', ascii('!/bin/sh -c id')]])).toBe('');
    expect(udp([['>', ascii('MEGACO/ [192.0.2.1]')]])).toBe('');
  });
});

describe('STUN', () => {
  const cookie = hex('0001 0000 2112a442 000102030405060708090a0b');
  it('by cookie and length', () => {
    expect(udp([['>', cookie]])).toBe('stun-message');
    expect(udp([['>', Buffer.concat([cookie, hex('00')])]])).toBe('');
    expect(udp([['>', hex('0001 0000 2112a443 000102030405060708090a0b')]])).toBe('');
    expect(udp([['>', hex('4001 0000 2112a442 000102030405060708090a0b')]])).toBe('');
  });

  it('of RFC 3489 by type, length and attributes; without attributes on its port only', () => {
    const answer = hex('0101 000c 0123456789abcdef0123456789abcdef 0001 0008 0001 1388 c0000201');
    expect(udp([['<', answer]])).toBe('stun-message');
    expect(udp([['<', hex('0101 000c 0123456789abcdef0123456789abcdef 0031 0008 0001 1388 c0000201')]])).toBe('');
    expect(udp([['<', hex('0101 000c 0123456789abcdef0123456789abcdef 0001 0007 0001 1388 c0000201')]])).toBe('');
    const bare = hex('0001 0000 0123456789abcdef0123456789abcdef');
    expect(udp([['>', bare]], { destinationPort: 3478 })).toBe('stun-message');
    expect(udp([['>', bare]])).toBe('');
  });

  it('takes the realm that a relay tells when it refuses, and no other text for one', () => {
    const [rule] = voipRules.filter(({ id }) => id === 'stun-message');
    if (rule === undefined) throw new Error('no rule');
    const shown = (attribute: Buffer): [number, string] => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(attribute.length);
      const bytes = Buffer.concat([hex('0113'), length, hex('2112a442 000102030405060708090a0b'), attribute]);
      const payload = Object.assign(new Payload(), { bytes, end: bytes.length, transport: UDP, fromInitiator: false });
      return [rule.recognise(payload), payload.name];
    };
    const realm = (text: string): Buffer =>
      Buffer.concat([hex('0014'), Buffer.from([0, text.length]), ascii(text), Buffer.alloc(-text.length & 3)]);
    expect(shown(realm('Relay.Example'))).toEqual([RECOGNISED, 'relay.example']);
    expect(shown(Buffer.concat([hex('0009 0004 00000401'), realm('relay.example')]))).toEqual([
      RECOGNISED,
      'relay.example',
    ]);
    for (const text of ['localhost', '192.0.2.1', 'two words.example', '.example']) {
      expect(shown(realm(text))).toEqual([RECOGNISED_LOOK_ON, '']);
    }
    expect(shown(realm('relay.example').subarray(0, 8))).toEqual([RECOGNISED_LOOK_ON, '']);
  });

  it('over TCP, plain and in a frame', () => {
    expect(tcp([['>', cookie]])).toBe('stun-message-tcp');
    expect(tcp([['>', Buffer.concat([hex('0014'), cookie])]])).toBe('stun-message-tcp');
    expect(tcp([['>', Buffer.concat([hex('0013'), cookie])]])).toBe('');
    expect(tcp([['>', cookie.subarray(0, 12)]])).toBe('');
  });
});

describe('media', () => {
  const rtp = (sequence: number, timestamp: number, source = 0xdecafbad, first = 0x80, type = 0): Buffer => {
    const packet = Buffer.alloc(172, 0xd5);
    packet.writeUInt8(first, 0);
    packet.writeUInt8(type, 1);
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE(timestamp >>> 0, 4);
    packet.writeUInt32BE(source, 8);
    return packet;
  };

  it('RTP by two packets that follow on each other, over the end of the numbers too', () => {
    expect(udp([['>', rtp(1, 160)]])).toBe('');
    expect(udp([['>', rtp(1, 160)], ['>', rtp(2, 320)]])).toBe('rtp-sequence'); // prettier-ignore
    expect(udp([['>', rtp(0xffff, 0xffffff60)], ['<', rtp(9, 9, 7)], ['>', rtp(0x10000, 0)]])).toBe('rtp-sequence'); // prettier-ignore
  });

  it('RTP in frames over TCP', () => {
    const framed = (packet: Buffer): Buffer => Buffer.concat([hex('00ac'), packet]);
    expect(tcp([['>', framed(rtp(1, 160))], ['>', framed(rtp(2, 320))]])).toBe('rtp-sequence-tcp'); // prettier-ignore
    expect(tcp([['>', framed(rtp(1, 160)).subarray(1)], ['>', framed(rtp(2, 320)).subarray(1)]])).toBe(''); // prettier-ignore
  });

  it('RTP not when direction, source, number, time, type or header do not fit', () => {
    const misses: Said[][] = [
      [['>', rtp(1, 160)], ['<', rtp(2, 320)]],
      [['>', rtp(1, 160)], ['>', rtp(2, 320, 1)]],
      [['>', rtp(1, 160)], ['>', rtp(1, 160)]],
      [['>', rtp(2, 160)], ['>', rtp(1, 320)]],
      [['>', rtp(1, 160)], ['>', rtp(200, 320)]],
      [['>', rtp(1, 160)], ['>', rtp(2, 90_000_000)]],
      [['>', rtp(1, 160, 5, 0x80, 72)], ['>', rtp(2, 320, 5, 0x80, 72)]],
      [['>', rtp(1, 160, 5, 0x90)], ['>', rtp(2, 320, 5, 0x90)]],
    ]; // prettier-ignore
    for (const [number, miss] of misses.entries()) expect([number, udp(miss)]).toEqual([number, '']);
  });

  it('RTCP by a compound packet in clear, or two reports of one source', () => {
    const report = hex('80c90001 01020304');
    const description = hex('81ca0003 01020304 01 06 616263646566');
    expect(udp([['>', Buffer.concat([report, description])]])).toBe('rtcp-report');
    expect(udp([['>', report]])).toBe('');
    expect(udp([['>', report], ['>', Buffer.concat([report, hex('80000001aabbccdd')])]])).toBe('rtcp-report'); // prettier-ignore
    expect(udp([['>', report], ['<', report]])).toBe(''); // prettier-ignore
    expect(udp([['>', report], ['>', hex('80c90001 05060708')]])).toBe(''); // prettier-ignore
    expect(udp([['>', Buffer.concat([report, description.subarray(0, -1)])]])).toBe('');
  });

  it('ZRTP by cookie, preamble and length', () => {
    const hello = Buffer.concat([
      hex('10000001 5a525450 01020304 505a 0003'),
      ascii('Hello   '),
      hex('0000000000000000'),
    ]);
    expect(hello.length).toBe(32);
    hello.writeUInt16BE(4, 14);
    expect(udp([['>', hello]])).toBe('srtp-zrtp');
    expect(udp([['>', hello.subarray(0, 31)]])).toBe('');
  });
});

describe('H.323', () => {
  it('call signalling by TPKT and Q.931', () => {
    expect(tcp([['>', hex('03000010 0802 27f4 05 0403 8890a5 7e00')]], { destinationPort: 1720 })).toBe('h323-call-signalling'); // prettier-ignore
    expect(tcp([['>', hex('03000013 0ee0 0000 000100080003000000')]])).toBe('');
    expect(tcp([['>', hex('03000010 0802 27f4 7f 0403 8890a5 7e00')]])).toBe('');
  });

  it('capability exchange and RAS by their protocol identifiers', () => {
    expect(tcp([['>', hex('0300001c0230010600088175000501800000000000000000000000')]])).toBe('h323-capability-set');
    expect(tcp([['>', hex('0300001c0230010600088176000501800000000000000000000000')]])).toBe('');
    expect(udp([['>', hex('0220000006 0008914a 0004 00112233')]])).toBe('h323-ras');
    expect(udp([['>', hex('0220000006 0008914b 0004 00112233')]])).toBe('');
  });
});

describe('Skinny, IAX and BFCP', () => {
  const register = hex('08000000 14000000 88000000 01000000').subarray(0, 16);
  it('Skinny by a message that fills the payload on its port, or by two', () => {
    expect(tcp([['>', register]], { destinationPort: 2000 })).toBe('skinny-message');
    expect(tcp([['>', register]])).toBe('');
    expect(tcp([['>', Buffer.concat([register, register])]])).toBe('skinny-message');
    expect(tcp([['>', register.subarray(0, 15)]], { destinationPort: 2000 })).toBe('');
    expect(tcp([['>', hex('08000000 14000000 88008800 01000000')]], { destinationPort: 2000 })).toBe('');
  });

  it('IAX by NEW with its version, or by elements that fill the frame on its port', () => {
    const call = hex('8001 0000 00000003 00 00 06 01 0b020002 0103616263');
    expect(udp([['>', call]])).toBe('iax-control');
    expect(udp([['>', call.subarray(0, -1)]], { destinationPort: 4569 })).toBe('');
    const poke = hex('8001 0000 00000003 00 00 06 1e');
    expect(udp([['>', poke]], { destinationPort: 4569 })).toBe('iax-control');
    expect(udp([['>', poke]])).toBe('');
  });

  it('BFCP by an answer for the same conference and user', () => {
    const hello = hex('200b0000 00000007 0001 0002');
    const answer = hex('200c0001 00000007 0001 0002 0a04 0102');
    expect(udp([['>', hello], ['<', answer]])).toBe('bfcp-exchange'); // prettier-ignore
    expect(tcp([['>', hello], ['<', answer]])).toBe('bfcp-exchange-tcp'); // prettier-ignore
    expect(udp([['>', hello], ['>', hello]])).toBe(''); // prettier-ignore
    expect(udp([['>', hello], ['<', hex('200c0001 00000008 0001 0002 0a04 0102')]])).toBe(''); // prettier-ignore
    expect(udp([['>', hello], ['<', hex('200c0001 00000007 0001 0002 0a09 0102')]])).toBe(''); // prettier-ignore
  });
});
