import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { ExpectedFlows } from '../../electron/classify/payload/expected-flows.ts';
import { fileTransferRules } from '../../electron/classify/payload/file-transfer.ts';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { NO_PROTOCOL } from '../../electron/classify/payload/rule.ts';
import { serviceFormRules } from '../../electron/classify/payload/service-forms.ts';
import { SERVICE_OF_RULE } from '../../electron/classify/service-of-rule.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { Payload } from '../../shared/payload.ts';
import { ascii, describeCaptures, describeCases, hex, join, type RuleCase, ruleFor, zeros } from './payload-trial.ts';

const COOKIE = '2112a442';
const TRANSACTION = '0102030405060708090a0b0c';
const udp = (port: number): Partial<{ transport: number; destinationPort: number }> => ({
  transport: UDP,
  destinationPort: port,
});
const tcp = (port: number): Partial<{ transport: number; destinationPort: number }> => ({
  transport: TCP,
  destinationPort: port,
});
/** 48 bytes that look like a key. */
const key = Buffer.from(Array.from({ length: 48 }, (_, i) => (i * 151 + 0x80) & 0xff));
const certificate = (...labels: string[]): Buffer =>
  join(
    '0102 0100 0001 0000 0000 0000',
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), ascii(label)])),
    '00 0010 0001',
  );
const zoomOpening = (second: string): Buffer =>
  join('010003', zeros(16), '00000000 00000002 006f613f', second, '00000040', zeros(84));
const epic = join('471a2000 0898226574 04', zeros(26), '70550f8a268e79a2dd0000000000000000aa');

const CASES: readonly RuleCase[] = [
  {
    what: 'a request with an attribute of its own first',
    rule: 'whatsapp-call',
    said: [['>', join(`0003 000c ${COOKIE} ${TRANSACTION} 4000 0008 0605030826d884ea`)]],
    flow: udp(3478),
  },
  {
    what: 'its own message number',
    rule: 'whatsapp-call',
    said: [['>', join(`0801 0000 ${COOKIE} ${TRANSACTION}`)]],
    flow: udp(3478),
  },
  {
    what: 'a check with an integrity value alone',
    rule: 'whatsapp-call',
    said: [['>', join(`0001 0018 ${COOKIE} ${TRANSACTION} 0008 0014`, zeros(20))]],
    flow: udp(50_000),
  },
  {
    what: 'a check that ICE allows',
    rule: '',
    said: [['>', join(`0001 0024 ${COOKIE} ${TRANSACTION} 0006 0008`, ascii('aaaa:bbb'), '0008 0014', zeros(20))]],
    flow: udp(50_000),
  },
  {
    what: 'version of the implementation',
    rule: 'microsoft-call',
    said: [['>', join(`0001 0010 ${COOKIE} ${TRANSACTION} 0024 0004 6efffdfe 8070 0004 00000004`)]],
    flow: udp(50_016),
  },
  {
    what: 'an attribute that all of WebRTC has',
    rule: '',
    said: [['>', join(`0001 0008 ${COOKIE} ${TRANSACTION} c057 0004 0003000a`)]],
    flow: udp(3478),
  },
  {
    what: 'candidate identifier, framed',
    rule: 'microsoft-call-tcp',
    said: [['>', join(`001c 0001 0008 ${COOKIE} ${TRANSACTION} 8054 0004 31320000`)]],
    flow: tcp(443),
  },
  {
    what: 'the question',
    rule: 'zoom-connectivity-test',
    said: [['>', join('0001 0018', zeros(16), '0101 0014', ascii('1234567890123456789\0'))]],
    flow: udp(3478),
  },
  {
    what: 'an attribute of RFC 3489',
    rule: '',
    said: [['>', join('0001 0008', zeros(16), '0003 0004 00000000')]],
    flow: udp(3500),
  },
  { what: 'the same time twice', rule: 'zoom-media-opening', said: [['>', zoomOpening('006f613f')]], flow: udp(8801) },
  { what: 'two times', rule: '', said: [['>', zoomOpening('006f6140')]], flow: udp(8801) },
  { what: 'another port', rule: '', said: [['>', zoomOpening('006f613f')]], flow: udp(9801) },
  {
    what: 'two numbers and a proof',
    rule: 'zoom-echo',
    said: [['>', join('03 00000012 0ffe98d2 00272ec9 0105 40', zeros(65))]],
    flow: udp(8801),
  },
  {
    what: 'a question',
    rule: 'discord-ip-discovery',
    said: [['>', join('0001 0046 0000ace3', zeros(66))]],
    flow: udp(50_004),
  },
  {
    what: 'an answer alone',
    rule: 'discord-ip-discovery',
    said: [['<', join('0002 0046 0000ace3', ascii('192.0.2.17'), zeros(54), 'ace3')]],
    flow: udp(50_004),
  },
  { what: 'another length', rule: '', said: [['>', join('0001 0045 0000ace3', zeros(65))]], flow: udp(50_004) },
  { what: 'magic and number', rule: 'discord-voice-ping', said: [['>', hex('1337cafe 09000000')]], flow: udp(50_004) },
  { what: 'a large number', rule: '', said: [['>', hex('1337cafe 09000001')]], flow: udp(50_004) },
  {
    what: 'version first',
    rule: 'dropbox-lan-search',
    said: [['>', ascii('{"version": [2, 0], "port": 17500, "host_int": 123456789, "displayname": ""}')]],
    flow: udp(17_500),
  },
  { what: 'other JSON', rule: '', said: [['>', ascii('{"version": [2, 0], "port": 17500}')]], flow: udp(17_500) },
  {
    what: 'its word',
    rule: 'spotify-lan-search',
    said: [['>', join(ascii('SpotUdp0'), zeros(32))]],
    flow: udp(57_621),
  },
  {
    what: 'length and field 10',
    rule: 'spotify-client-hello',
    said: [['>', join('0004 00000050 52 0e', zeros(72))]],
    flow: tcp(4070),
  },
  { what: 'another length', rule: '', said: [['>', join('0004 00000051 52 0e', zeros(72))]], flow: tcp(4070) },
  { what: 'a head alone', rule: 'aliyun-frame', said: [['>', hex('cefabeba 80000000')]], flow: tcp(8999) },
  { what: 'a length that is not there', rule: '', said: [['>', hex('cefabeba 80000000 0102')]], flow: tcp(8999) },
  { what: 'magic, no cookie yet', rule: 'epic-games-handshake', said: [['>', epic]], flow: udp(15_011) },
  {
    what: 'another game’s magic',
    rule: '',
    said: [['>', join('471b', epic.subarray(2))]],
    flow: udp(15_011),
  },
  {
    what: 'key and cookie, answered',
    rule: 'threema-client-hello',
    said: [
      ['>', key],
      ['<', zeros(80)],
    ],
    flow: tcp(5222),
  },
  {
    what: 'a longer answer',
    rule: '',
    said: [
      ['>', key],
      ['<', zeros(81)],
    ],
    flow: tcp(5222),
  },
  {
    what: 'the fixed end',
    rule: 'riot-games-ping',
    said: [['>', join(zeros(28), 'aaaaaaaa bbbbbbbb')]],
    flow: udp(7998),
  },
  { what: 'no fixed end', rule: '', said: [['>', join(zeros(28), 'aaaaaaaa bbbbbbbc')]], flow: udp(7998) },
  {
    what: 'version and name',
    rule: 'among-us-hello',
    said: [['>', join('08 0001 00 80d90203 06', ascii('player'))]],
    flow: udp(22_023),
  },
  {
    what: 'a version of no year',
    rule: '',
    said: [['>', join('08 0001 00 80d90243 06', ascii('player'))]],
    flow: udp(22_023),
  },
  {
    what: 'the server first',
    rule: 'world-of-warcraft-greeting',
    said: [['<', join('3000', ascii('WORLD OF WARCRAFT CONNECTION - SERVER TO CLIENT\0'))]],
    flow: tcp(3724),
  },
  {
    what: 'the second of two comes back',
    rule: 'gearup-booster-echo',
    said: [
      ['>', hex('ef9c82e011000000')],
      ['>', hex('fb9d9be011000000')],
      ['<', hex('fb9d9be011000000')],
    ],
    flow: udp(9999),
  },
  {
    what: 'another answer',
    rule: '',
    said: [
      ['>', hex('da73dfa5')],
      ['<', hex('da73dfa6')],
    ],
    flow: udp(9999),
  },
  {
    what: 'prefix, length and suffix',
    rule: 'tuya-lan-frame',
    said: [['>', join('000055aa 00000000 00000013 0000000c', ascii('abcd'), '00000000 0000aa55')]],
    flow: udp(6667),
  },
  {
    what: 'another suffix',
    rule: '',
    said: [['>', join('000055aa 00000000 00000013 0000000c', ascii('abcd'), '00000000 0000aa56')]],
    flow: udp(6667),
  },
  {
    what: 'the first line',
    rule: 'tivo-beacon',
    said: [['>', ascii('TiVoConnect=1\nmethod=broadcast\n')]],
    flow: udp(2190),
  },
  {
    what: 'the opening',
    rule: 'mihoyo-handshake',
    said: [['>', hex('000000ff 00000000 00000000 499602d2 ffffffff')]],
    flow: udp(22_102),
  },
  {
    what: 'another end',
    rule: '',
    said: [['>', hex('000000ff 00000000 00000000 499602d2 14514545')]],
    flow: udp(22_102),
  },
  {
    what: 'version 83.1',
    rule: 'maplestory-greeting',
    said: [['<', hex('0e00 5300 0100 31 46727a52 52307801 08')]],
    flow: tcp(8484),
  },
  { what: 'magic', rule: 'nintendo-pia', said: [['>', join('32ab9864 02', zeros(24))]], flow: udp(50_000) },
  { what: 'no magic', rule: '', said: [['>', join('32ab9865 02', zeros(24))]], flow: udp(50_000) },
  {
    what: 'provider name',
    rule: 'dnscrypt-certificate-question',
    said: [['>', certificate('2', 'dnscrypt-cert', 'resolver', 'test')]],
    flow: udp(443),
  },
  {
    what: 'in mixed case',
    rule: 'avast-certificate-question',
    said: [['>', certificate('2', 'SEcUREdNS', 'AVASt', 'coM')]],
    flow: udp(443),
  },
  { what: 'another name', rule: '', said: [['>', certificate('2', 'other', 'test')]], flow: udp(53) },
  {
    what: 'many calls on one port',
    rule: 'microsoft-call-multiplexed',
    said: [['>', join('ff10 001c', zeros(8), `0001 0000 ${COOKIE} ${TRANSACTION}`)]],
    flow: udp(3478),
  },
  {
    what: 'an attribute of its own',
    rule: 'google-call',
    said: [['>', join(`0001 0008 ${COOKIE} ${TRANSACTION} ff03 0004 00000001`)]],
    flow: udp(19_305),
  },
  {
    what: 'the other end',
    rule: 'riot-games-ping',
    said: [['>', join(zeros(45), '3cb11f2d ea23460c')]],
    flow: udp(7000),
  },
  { what: 'its length', rule: 'lagofast-frame', said: [['>', hex('006e5d03 0003 010203')]], flow: udp(9000) },
  { what: 'another length', rule: '', said: [['>', hex('006e5d03 0004 010203')]], flow: udp(9000) },
  {
    what: 'there and back',
    rule: 'mudfish-ping',
    said: [
      ['>', ascii('P')],
      ['<', ascii('P')],
    ],
    flow: udp(10_005),
  },
  {
    what: 'no answer',
    rule: '',
    said: [
      ['>', ascii('P')],
      ['>', ascii('P')],
    ],
    flow: udp(10_005),
  },
  { what: 'question', rule: 'mudfish-search', said: [['>', ascii('UN v2\r\n')]], flow: tcp(10_008) },
  { what: 'answer', rule: 'mudfish-search', said: [['<', ascii('UN AF_INET 192.0.2.1\n')]], flow: tcp(10_008) },
  {
    what: '20 bytes',
    rule: 'paltalk-message',
    said: [['>', join(zeros(8), '00020001 00000000 5afdffff')]],
    flow: tcp(5001),
  },
  { what: '20 other bytes', rule: '', said: [['>', join(zeros(8), '00020001 00000000 5afdfffe')]], flow: tcp(5001) },
  {
    what: 'constants',
    rule: 'dingtalk-message',
    said: [['>', join('1005 87800100 01000200 02646b03 0020', zeros(80))]],
    flow: tcp(443),
  },
  {
    what: 'its length',
    rule: 'xiaomi-push',
    said: [['>', hex('c2fe0005 00000004 00020016 01020304')]],
    flow: tcp(5222),
  },
  { what: 'another length', rule: '', said: [['>', hex('c2fe0005 00000005 00020016 01020304')]], flow: tcp(5222) },
  {
    what: 'HI and HELLO',
    rule: 'ookla-hello',
    said: [
      ['>', ascii('HI\n')],
      ['<', ascii('HELLO 2.9 (2.9.6) 2021-01-01.1\n')],
    ],
    flow: tcp(8080),
  },
  {
    what: 'SMTP',
    rule: '',
    said: [
      ['>', ascii('HELO a\r\n')],
      ['<', ascii('HELLO\n')],
    ],
    flow: tcp(25),
  },
  {
    what: 'two heads',
    rule: 'nest-message',
    said: [
      ['>', hex('40000013 01020304')],
      ['<', hex('30001013 01020304')],
    ],
    flow: tcp(11_095),
  },
  { what: 'one head', rule: '', said: [['>', hex('40000013 01020304')]], flow: tcp(11_095) },
];

describeCases(serviceFormRules, CASES);

describeCaptures(serviceFormRules, [
  ['ndpi/pcap/avast_securedns.pcapng', 'avast-certificate-question', 39],
  ['ndpi/pcap/threema.pcap', 'threema-client-hello', 6],
]);

describe('services of rules', () => {
  const catalogue = Catalogue.load();
  const rules = new PayloadRecogniser(() => undefined).rules;

  it('are of the catalogue, with its category', () => {
    for (const { service, category } of Object.values(SERVICE_OF_RULE)) {
      expect([service, catalogue.service(service)?.category]).toEqual([service, category]);
    }
  });

  it('stand behind rules that there are, and behind every form without a protocol', () => {
    const ids = new Set(rules.map(({ id }) => id));
    expect(Object.keys(SERVICE_OF_RULE).filter((id) => !ids.has(id))).toEqual([]);
    const forms = serviceFormRules.filter(({ protocol }) => protocol === NO_PROTOCOL);
    expect(forms.filter(({ id }) => SERVICE_OF_RULE[id] === undefined)).toEqual([]);
    expect(forms.length).toBeGreaterThan(10);
  });
});

it('a call is told by a later message too', () => {
  const binding = hex(`0001 0000 ${COOKIE} ${TRANSACTION}`);
  const ofTeams = hex(`0101 0008 ${COOKIE} ${TRANSACTION} 8070 0004 00000003`);
  const ruleOf = (later: Buffer): string => {
    const recogniser = new PayloadRecogniser(() => undefined);
    const payload = Object.assign(new Payload(), { ...udp(50_000), sourcePort: 50_001 });
    for (const [fromInitiator, bytes] of [[true, binding], [false, later]] as const) {
      Object.assign(payload, { fromInitiator, bytes, start: 0, end: bytes.length });
      recogniser.inspect(payload);
    } // prettier-ignore
    return recogniser.rules[payload.rule]?.id ?? '';
  };
  expect(ruleOf(ofTeams)).toBe('microsoft-call');
  expect(ruleOf(hex(`0101 0008 ${COOKIE} ${TRANSACTION} c057 0004 00000003`))).toBe('stun-message');
});

describe('flows that another one announced', () => {
  const client = Int32Array.of(0, 0, 0xffff, 0x0a000001);
  const server = Int32Array.of(0, 0, 0xffff, 0x0a000002);
  const control = fileTransferRules.filter(({ protocol }) => protocol === 'ftp');
  const announce = (expected: ExpectedFlows, side: '>' | '<', line: string): string =>
    ruleFor(
      control.map((rule) => expected.heard(rule)),
      [[side, ascii(`${line}\r\n`)]],
      { transport: TCP, destinationPort: 21, source: side === '>' ? client : server },
    );
  const data = (expected: ExpectedFlows, port: number, time = 0): string =>
    ruleFor(expected.rules, [['>', ascii('GET /etc/motd')]], {
      transport: TCP,
      source: client,
      destination: server,
      destinationPort: port,
      time,
    });

  it.each([
    ['<', '227 Entering Passive Mode (10,0,0,2,200,13)', 51_213],
    ['<', '229 Entering Extended Passive Mode (|||51213|)', 51_213],
  ] as const)('%s %s', (side, line, port) => {
    const expected = new ExpectedFlows();
    expect(data(expected, port)).toBe('');
    expect(announce(expected, side, line)).toBe('ftp-reply');
    expect(data(expected, port)).toBe('ftp-data-announced');
    expect(data(expected, port + 1)).toBe('');
    expect(data(expected, port, 301e6)).toBe('');
  });

  it.each([
    ['PORT 10,0,0,1,200,13', 51_213],
    ['EPRT |2|2001:db8::1|51213|', 51_213],
  ])('%s by the client', (line, port) => {
    const expected = new ExpectedFlows();
    announce(expected, '>', line);
    const back = ruleFor(expected.rules, [['>', ascii('-rw-')]], {
      transport: TCP,
      source: server,
      sourcePort: 20,
      destination: client,
      destinationPort: port,
    });
    expect(back).toBe('ftp-data-announced');
  });

  it('a client that measures once is known to measure', () => {
    const expected = new ExpectedFlows();
    const ping = { transport: UDP, source: client, destination: server, destinationPort: 9999 };
    expect(ruleFor(expected.rules, [['>', hex('fb6d36f3')]], ping)).toBe('');
    const heard = serviceFormRules.filter(({ id }) => id === 'gearup-booster-echo').map((rule) => expected.heard(rule));
    const echo = [['>', hex('da73dfa5')], ['<', hex('da73dfa5')]] as const; // prettier-ignore
    expect(ruleFor(heard, echo, { ...ping, destination: client })).toBe('gearup-booster-echo');
    expect(ruleFor(expected.rules, [['>', hex('fb6d36f3')]], ping)).toBe('gearup-booster-ping');
    expect(ruleFor(expected.rules, [['>', hex('fb6d36f3')]], { ...ping, destinationPort: 9998 })).toBe('');
  });
});
