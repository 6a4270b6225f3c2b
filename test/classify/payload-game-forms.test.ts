import { gameFormRules } from '../../electron/classify/payload/game-forms.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ascii, describeCases, hex, join, zeros } from './payload-trial.ts';

const udp = { transport: UDP, destinationPort: 3074 };
const tcp = { transport: TCP, destinationPort: 5555 };

describeCases(gameFormRules, [
  {
    what: 'both openings, then the next kind',
    rule: 'activision-opening',
    said: [
      ['>', join('0c02', zeros(20))],
      ['<', join('0d02', zeros(20))],
      ['>', join('29', zeros(20))],
    ],
    flow: udp,
  },
  {
    what: 'openings without what follows',
    rule: '',
    said: [
      ['>', join('0c02', zeros(20))],
      ['<', join('0d02', zeros(20))],
    ],
    flow: udp,
  },
  { what: 'greeting', rule: 'dofus-message', said: [['<', ascii(`HC${'abcdefgh'.repeat(4)}\0`)]], flow: tcp },
  { what: 'greeting by the client', rule: '', said: [['>', ascii(`HC${'abcdefgh'.repeat(4)}\0`)]], flow: tcp },
  { what: 'version 2', rule: 'dofus-message', said: [['>', hex('000508000005 1234 000518')]], flow: tcp },
  {
    what: 'two texts',
    rule: 'dofus-message',
    said: [['<', join('01b926 0010', zeros(16), '0012', zeros(18))]],
    flow: tcp,
  },
  {
    what: 'two texts and a byte',
    rule: '',
    said: [['<', join('01b926 0010', zeros(16), '0012', zeros(19))]],
    flow: tcp,
  },
  {
    what: 'part 2',
    rule: 'path-of-exile-login',
    said: [['>', hex('00 0300 00000000 0200 0000000000 00000040 00')]],
    flow: tcp,
  },
  {
    what: 'with a name',
    rule: 'path-of-exile-login',
    said: [['>', join('00 0300 112200 00 0200', ascii('Exile name'), '00000000 40000001')]],
    flow: tcp,
  },
  { what: 'another number', rule: '', said: [['>', hex('00 0301 00000000 0200 0000000000 00000040 00')]], flow: tcp },
  { what: 'opening', rule: 'netease-games-opening', said: [['>', hex('01 77 d001 11223344 00010101')]], flow: udp },
  { what: 'the same by the server', rule: '', said: [['<', hex('01 77 d001 11223344 00010101')]], flow: udp },
  { what: 'another game', rule: 'netease-games-opening', said: [['>', join('b3af8de8', zeros(40))]], flow: udp },
  { what: 'hello', rule: 'gaijin-opening', said: [['>', join('8fff0001 82ff0001', zeros(44))]], flow: udp },
  { what: 'hello, a byte more', rule: '', said: [['>', join('8fff0001 82ff0001', zeros(45))]], flow: udp },
  { what: 'by name', rule: 'gaijin-opening', said: [['>', join(ascii('app.start'), zeros(100))]], flow: udp },
  { what: 'head', rule: 'tencent-games-head', said: [['>', join('3366000b 000b', zeros(60))]], flow: tcp },
  { what: 'head alone', rule: '', said: [['>', join('4366aa00', zeros(60))]], flow: tcp },
  {
    what: 'on its port',
    rule: 'cod-mobile-ping',
    said: [['>', join('0102030405060708', ascii('ping'))]],
    flow: { ...udp, destinationPort: 7500 },
  },
  { what: 'elsewhere', rule: '', said: [['>', join('0102030405060708', ascii('ping'))]], flow: udp },
  { what: 'a login', rule: 'nexon-message', said: [['>', join('18000000 64000000', zeros(16))]], flow: tcp },
  { what: 'a byte short', rule: '', said: [['>', join('18000000 64000000', zeros(15))]], flow: tcp },
  {
    what: 'asks for the status',
    rule: 'minecraft-handshake',
    said: [['>', join('10 00 f805 09', ascii('127.0.0.1'), '63dd 01 0100')]],
    flow: tcp,
  },
  {
    what: 'a modded client logs in',
    rule: 'minecraft-handshake',
    said: [['>', join('19 00 fc05 12', ascii('mc.example.net\0FML'), '63dd 02')]],
    flow: tcp,
  },
  { what: 'by the server', rule: '', said: [['<', join('10 00 f805 09', ascii('127.0.0.1'), '63dd 01')]], flow: tcp },
  { what: 'purpose 4', rule: '', said: [['>', join('10 00 f805 09', ascii('127.0.0.1'), '63dd 04')]], flow: tcp },
  { what: 'client', rule: 'overwatch-greeting', said: [['>', ascii('HELLO PRO CLIENT\0')]], flow: tcp },
  { what: 'server', rule: 'overwatch-greeting', said: [['<', ascii('HELLO PRO SERVER\0')]], flow: tcp },
  { what: 'a text that goes on', rule: '', said: [['>', ascii('HELLO PRO CLIENT\r\n')]], flow: tcp },
  {
    what: 'all of it',
    rule: 'warcraft-rumble-hello',
    said: [['>', hex('ffffffff a31fb61e 00004001 00000000000000 04030201')]],
    flow: udp,
  },
  {
    what: 'kind 7',
    rule: 'mihoyo-stream',
    said: [['>', join('01 00000020 07', zeros(10), '4da6', zeros(14))]],
    flow: tcp,
  },
  {
    what: 'a wrong length',
    rule: '',
    said: [['>', join('01 00000021 07', zeros(10), '4da6', zeros(14))]],
    flow: tcp,
  },
]);
