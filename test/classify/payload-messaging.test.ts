import { describe, expect, it } from 'vitest';
import { messagingRules } from '../../electron/classify/payload/messaging.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import type { Payload } from '../../shared/payload.ts';
import { ascii, hex, ruleFor, type Said } from './payload-trial.ts';

const udp = (conversation: readonly Said[], changes: Partial<Payload> = {}): string =>
  ruleFor(messagingRules, conversation, { transport: UDP, ...changes });
const tcp = (conversation: readonly Said[], changes: Partial<Payload> = {}): string =>
  ruleFor(messagingRules, conversation, { transport: TCP, ...changes });
const text = (line: string, side: '>' | '<' = '>'): string => tcp([[side, ascii(line)]]);

describe('XMPP', () => {
  it('by the opening of a stream', () => {
    expect(text("<stream:stream to='a.example' xmlns='jabber:client'>")).toBe('xmpp-stream');
    expect(text("<?xml version='1.0'?>\n<stream:stream to='a.example'>")).toBe('xmpp-stream');
    expect(text('<?xml version="1.0"?><soap:Envelope>')).toBe('');
    expect(text('<stream>')).toBe('');
  });

  it('whose declaration came first', () => {
    const whole = ascii("<?xml version='1.0'?><stream:stream to='a.example'>");
    expect(tcp([['>', whole.subarray(0, 21)], ['>', whole]])).toBe('xmpp-stream'); // prettier-ignore
  });
});

describe('IRC', () => {
  it('by what only IRC says', () => {
    expect(text('NICK wiz\r\n')).toBe('irc-line');
    expect(text('USER guest 0 * :Ronnie Reagan\r\n')).toBe('irc-line');
    expect(text('PASS secret\r\nNICK wiz\r\n')).toBe('irc-line');
    expect(text('CAP LS 302\r\n')).toBe('irc-line');
    expect(text(':irc.example NOTICE * :*** Looking up your hostname\r\n', '<')).toBe('irc-line');
    expect(text(':irc.example 001 wiz :Welcome\r\n', '<')).toBe('irc-line');
  });

  it('by what a server passes on of others', () => {
    expect(text(':wiz!~wiz@host.example PRIVMSG #channel :hello\r\n', '<')).toBe('irc-line');
    expect(text(':wiz!~wiz@host.example QUIT :bye\r\n', '<')).toBe('irc-line');
    expect(text(':wiz PRIVMSG #channel :hello\r\n', '<')).toBe('');
    expect(text(':wiz!~wiz@host.example GET / HTTP/1.1\r\n', '<')).toBe('');
  });

  it('seen midway on its ports alone', () => {
    const midway = (line: string, destinationPort: number): string => tcp([['>', ascii(line)]], { destinationPort });
    for (const line of ['PRIVMSG victim :DCC SEND file.txt 1 2 3\r\n', 'JOIN #channel\r\n', 'PING :irc.example\r\n']) {
      expect([line, midway(line, 6667)]).toEqual([line, 'irc-line']);
      expect([line, midway(line, 6379)]).toEqual([line, '']);
    }
    expect(midway('PRIVMSG\r\n', 6667)).toBe('');
  });

  it('not what FTP, POP3 and others say', () => {
    for (const line of [
      'USER anonymous\r\n',
      'PASS secret\r\n',
      'USER anonymous\r\nPASS x\r\n',
      'CAPA\r\n',
      'NICK wiz of oz\r\n',
      'NICK wiz',
      ':status: 200 OK\r\n',
      'NOOP\r\n',
    ]) {
      expect([line, text(line)]).toEqual([line, '']);
    }
  });
});

describe('messengers without a specification', () => {
  const packet = hex('02 3b0b 0002 001a 0001e240 00000000 03');
  it('QQ by marks, command, account and port', () => {
    expect(udp([['>', packet]], { destinationPort: 8000 })).toBe('oicq-packet');
    expect(udp([['>', packet]], { destinationPort: 8001 })).toBe('');
    expect(udp([['>', packet.subarray(0, -1)]], { destinationPort: 8000 })).toBe('');
    expect(udp([['>', hex('02 3b0b 7777 001a 0001e240 00000000 03')]], { destinationPort: 8000 })).toBe('');
  });

  it('WhatsApp by its frames, from the initiator only', () => {
    const hello = hex('5741 0502 000004 01020304');
    expect(tcp([['>', hello]])).toBe('whatsapp-wire-hello');
    expect(tcp([['<', hello]])).toBe('');
    expect(tcp([['>', hex('45440001 000002 0802 5741 0502 000004 01020304')]])).toBe('whatsapp-wire-hello');
    expect(tcp([['>', hex('5741 0502 000005 01020304')]])).toBe('');
    expect(text('WALK THE LINE')).toBe('');
    expect(text('EDITOR')).toBe('');
  });
});

describe('Telegram', () => {
  const message = hex('0000000000000000 51e57ac42770964a 14000000 78974660 3e0549828cca27e966b301a48fece2fc');
  it('MTProto that is not obfuscated', () => {
    expect(message.length).toBe(40);
    expect(tcp([['>', Buffer.concat([hex('ef 0a'), message])]])).toBe('telegram-mtproto-plain');
    expect(tcp([['>', Buffer.concat([hex('eeeeeeee 28000000'), message])]])).toBe('telegram-mtproto-plain');
    expect(tcp([['>', Buffer.concat([hex('34000000 00000000'), message, hex('01020304')])]])).toBe(
      'telegram-mtproto-plain',
    );
  });

  it('not another key, constructor or length', () => {
    const other = Buffer.from(message);
    other[20] ^= 1;
    expect(tcp([['>', Buffer.concat([hex('ef 0a'), other])]])).toBe('');
    other[20] ^= 1;
    other[0] = 1;
    expect(tcp([['>', Buffer.concat([hex('ef 0a'), other])]])).toBe('');
    expect(tcp([['>', Buffer.concat([hex('eeeeeeee 29000000'), message])]])).toBe('');
  });

  it('a call by its request to the reflector', () => {
    const request = Buffer.concat([Buffer.alloc(16, 7), hex('ffffffff ffffffff ffffffff feffffff 0102030405060708')]);
    expect(udp([['>', request]])).toBe('telegram-mtproto-reflector');
    expect(udp([['>', request.subarray(0, 39)]])).toBe('');
    expect(udp([['>', Buffer.alloc(40, 0xff)]])).toBe('');
  });
});

describe('voice servers', () => {
  it('TeamSpeak 2 and 3', () => {
    expect(udp([['>', Buffer.concat([ascii('TS3INIT1'), hex('0065000088 06eabd17 00')])]])).toBe('teamspeak-login');
    expect(udp([['>', ascii('TS3INIT2 and more')]])).toBe('');
    expect(udp([['>', hex('f4be0300 00000000 00000000 01000000 01020304')]])).toBe('teamspeak-login');
    expect(udp([['>', hex('f4be0300 00000000 00000001 01000000 01020304')]])).toBe('');
  });

  it('Mumble by an answer that repeats the number', () => {
    const ping = hex('00000000 1122334455667788');
    const answer = hex('00010204 1122334455667788 00000003 00000064 00011940');
    expect(udp([['>', ping], ['<', answer]])).toBe('mumble-ping'); // prettier-ignore
    expect(udp([['>', ping]])).toBe('');
    expect(udp([['<', answer]])).toBe('');
    expect(udp([['>', hex('00000000 1122334455667789')], ['<', answer]])).toBe(''); // prettier-ignore
  });
});

it('Viber by kind and length, on its ports', () => {
  const packet = (kind: string, length: number): Buffer =>
    Buffer.concat([hex(`0000 ${kind} 00`), Buffer.alloc(length - 4)]);
  const on = (bytes: Buffer, destinationPort = 7985): string => udp([['>', bytes]], { destinationPort });
  expect(on(packet('03', 12))).toBe('viber-call');
  expect(on(packet('09', 20))).toBe('viber-call');
  expect(on(packet('1b', 34), 5243)).toBe('viber-call');
  expect(on(packet('03', 13))).toBe('');
  expect(on(packet('04', 12))).toBe('');
  expect(on(packet('03', 12), 7986)).toBe('');
});

it('Viber’s streams by their length and two constants', () => {
  const message = (constants: string, length = 0x20): Buffer =>
    Buffer.concat([hex('2000'), hex(constants), Buffer.alloc(length - 2 - hex(constants).length)]);
  expect(tcp([['>', message('0000 0380 00000000 0a')]])).toBe('viber-stream');
  expect(tcp([['>', message('00000000 fcff 00 80')]])).toBe('viber-stream');
  expect(tcp([['>', message('0000 0380 00000000 0b')]])).toBe('');
  expect(tcp([['>', message('0000 0380 00000000 0a', 0x21)]])).toBe('');
});
