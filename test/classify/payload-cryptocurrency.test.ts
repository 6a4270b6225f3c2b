import { createECDH } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cryptocurrencyRules } from '../../electron/classify/payload/cryptocurrency.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ascii, hex, ruleFor } from './payload-trial.ts';

const tcp = (bytes: Buffer): string => ruleFor(cryptocurrencyRules, [['>', bytes]], { transport: TCP });
const text = (line: string): string => tcp(ascii(line));
const NOW = 1_495_000_000;
const udp = (bytes: Buffer): string =>
  ruleFor(cryptocurrencyRules, [['>', bytes]], { transport: UDP, time: NOW * 1e6 });

it('the messages of Bitcoin and its kin by magic, command and length', () => {
  const version = '76657273696f6e0000000000 66000000 00000000';
  for (const [magic, rule] of [
    ['f9beb4d9', 'bitcoin-message'],
    ['0b110907', 'bitcoin-message'],
    ['e3e1f3e8', 'bitcoin-cash-message'],
    ['e1476d44', 'bitcoin-gold-message'],
    ['fbc0b6db', 'litecoin-message'],
    ['c0c0c0c0', 'dogecoin-message'],
    ['bf0c6bbd', 'dash-message'],
    ['24e92764', 'zcash-message'],
    ['24e92765', ''],
    ['f9beb4d8', ''],
  ]) {
    expect([magic, tcp(hex(`${magic} ${version}`))]).toEqual([magic, rule]);
  }
  expect(tcp(hex('f9beb4d9 76657273696f6e0000000000 66000070 00000000'))).toBe('');
  expect(tcp(hex('f9beb4d9 76657273696f6e0000000001 66000000 00000000'))).toBe('');
  expect(tcp(hex('f9beb4d9 000000000000000000000000 66000000 00000000'))).toBe('');
});

describe('Stratum', () => {
  it('by methods of its own, and by what CryptoNote sends', () => {
    for (const line of [
      '{"id":1,"method":"mining.subscribe","params":["miner/1.0"]}\n',
      '{"id": 2, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": ["0x0"]}\n',
      '{"params":["a"],"id":null,"method": "mining.notify"}\n',
      '{"method":"login","params":{"login":"4A","pass":"x","agent":"m/1"},"id":1}\n',
      '{"jsonrpc":"2.0","method":"job","params":{"blob":"07","job_id":"1","target":"b8"}}\n',
      '{"id":1,"result":{"id":"x","job":{"blob":"07","job_id":"1","target":"b8"}}}\n',
    ]) {
      expect([line, text(line)]).toEqual([line, 'stratum-line']);
    }
  });

  it('not other JSON', () => {
    for (const line of [
      '{"id":1,"method":"login","params":{"user":"a","pass":"b"}}\n',
      '{"method":"mining.news","params":[]}\n',
      '{"id":1,"result":true,"error":null}\n',
      '{"text":"mining.subscribe"}\n',
      '{"version": [2, 0], "port": 17500}\n',
    ]) {
      expect([line, text(line)]).toEqual([line, '']);
    }
  });

  it('getwork and its kin over HTTP', () => {
    const post = (target: string, header: string, body: string): string =>
      text(`POST ${target} HTTP/1.1\r\nHost: pool.example\r\n${header}\r\n${body}`);
    expect(post('/', '', '{"method":"getwork","params":[],"id":1}')).toBe('stratum-getwork');
    expect(post('/', 'X-Mining-Extensions: longpoll\r\n', '')).toBe('stratum-getwork');
    expect(post('/json_rpc', '', '{"method": "getblocktemplate"}')).toBe('stratum-getwork');
    expect(post('/', '', '{"method":"getblockcount"}')).toBe('');
    expect(post('/a/b/c/getwork', '', '{"method":"getwork"}')).toBe('');
  });
});

it('Monero and Nano by their headers', () => {
  const levin = hex('0121010101010101 e200000000000000 01 e9030000 00000000 01000000 01000000');
  expect(tcp(levin)).toBe('monero-levin');
  expect(tcp(levin.subarray(0, 32))).toBe('');
  expect(tcp(hex('0121010101010102 e200000000000000 01 e9030000 00000000 01000000 01000000'))).toBe('');
  const query = Buffer.concat([hex('5243 14 14 12 0a 0100'), Buffer.alloc(32, 3)]);
  expect(tcp(query)).toBe('nano-message');
  expect(udp(query)).toBe('nano-message-udp');
  expect(tcp(query.subarray(0, -1))).toBe('');
  expect(tcp(Buffer.concat([hex('5243 12 14 12 0a 0100'), Buffer.alloc(32, 3)]))).toBe('');
  expect(text('RCPT TO:<a@b.example>\r\n')).toBe('');
});

describe('Ethereum', () => {
  const keys = createECDH('secp256k1');
  keys.setPrivateKey(hex('b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291'));
  const point = keys.getPublicKey();

  it('RLPx by a key that lies on the curve, old form and new', () => {
    const greeting = Buffer.concat([hex('012b'), point, Buffer.alloc(234, 0x77)]);
    expect(greeting.length).toBe(0x12b + 2);
    expect(tcp(greeting)).toBe('ethereum-rlpx');
    expect(tcp(Buffer.concat([point, Buffer.alloc(242, 0x77)]))).toBe('ethereum-rlpx');
    expect(tcp(greeting.subarray(0, -1))).toBe('');
    const beside = Buffer.from(greeting);
    beside[40] ^= 1;
    expect(tcp(beside)).toBe('');
    expect(tcp(Buffer.concat([hex('012b04'), Buffer.alloc(298, 0xff)]))).toBe('');
  });

  const packet = (type: string, list: string): Buffer =>
    Buffer.concat([Buffer.alloc(96, 0x5a), hex(`00 ${type} ${list}`)]);
  const expiration = (seconds: number): string => `84${seconds.toString(16).padStart(8, '0')}`;

  it('discovery by a list that fills the packet and a time near the packet', () => {
    const ends = 'cb 84c0000201 82765f 82765f'.replaceAll(' ', '');
    const ping = `de 04 ${ends} ${ends} ${expiration(NOW + 60)}`;
    expect(udp(packet('01', ping))).toBe('ethereum-discovery');
    expect(udp(packet('02', `ef cb 84c0000201 82765f 82765f a0${'11'.repeat(30)}`))).toBe('');
    expect(udp(packet('05', `c5 ${expiration(NOW + 20)}`))).toBe('ethereum-discovery');
    expect(udp(packet('05', `c5 ${expiration(NOW - 1e8)}`))).toBe('');
    expect(udp(packet('07', `c5 ${expiration(NOW + 20)}`))).toBe('');
    expect(udp(packet('05', `c6 ${expiration(NOW + 20)}`))).toBe('');
    expect(udp(packet('05', `c5 ${expiration(NOW + 20)} 00`))).toBe('');
    const recovery = packet('05', `c5 ${expiration(NOW + 20)}`);
    recovery[96] = 2;
    expect(udp(recovery)).toBe('');
  });

  it('discovery of a record by the hash that it answers', () => {
    const answer = packet('06', `e5 a0 ${'22'.repeat(32)} c3 010203`);
    expect(udp(answer)).toBe('ethereum-discovery');
    expect(udp(packet('06', `e5 a1 ${'22'.repeat(32)} c3 010203`))).toBe('');
  });
});
