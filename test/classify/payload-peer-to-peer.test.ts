import { describe, expect, it } from 'vitest';
import { peerToPeerRules } from '../../electron/classify/payload/peer-to-peer.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ascii, hex, ruleFor, type Said } from './payload-trial.ts';

const udp = (conversation: readonly Said[]): string => ruleFor(peerToPeerRules, conversation, { transport: UDP });
const tcp = (bytes: Buffer): string => ruleFor(peerToPeerRules, [['>', bytes]], { transport: TCP });
const text = (line: string): string => tcp(ascii(line));

describe('BitTorrent', () => {
  it('handshake, tables, trackers and local discovery', () => {
    expect(text(`\u0013BitTorrent protocol${'\0'.repeat(48)}`)).toBe('bittorrent-handshake');
    expect(text(`\u0013BitTorrent protocod${'\0'.repeat(48)}`)).toBe('');
    expect(udp([['>', ascii('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe')]])).toBe('bittorrent-dht');
    expect(udp([['>', ascii('d1:ad2:id19:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe')]])).toBe('');
    expect(udp([['>', hex('0000041727101980 00000000 12345678')]])).toBe('bittorrent-tracker');
    expect(udp([['>', hex('0000041727101981 00000000 12345678')]])).toBe('');
    expect(udp([['>', ascii('BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n')]])).toBe(
      'bittorrent-local-discovery',
    );
    expect(udp([['>', ascii('M-SEARCH * HTTP/1.1\r\n')]])).toBe('');
  });

  it('HTTP trackers by path and query', () => {
    const request = (target: string): string => text(`GET ${target} HTTP/1.1\r\nHost: t.example\r\n\r\n`);
    expect(request('/announce?info_hash=%12&peer_id=-x&port=6881')).toBe('bittorrent-tracker-request');
    expect(request('/x/scrape.php?a=1&info_hash=%12')).toBe('bittorrent-tracker-request');
    expect(request('/announce?peer_id=x')).toBe('');
    expect(request('/denounce?info_hash=%12')).toBe('');
    expect(request('/search?q=/announce?info_hash=1')).toBe('');
  });

  const utp = (sent: number, sequence: number, acknowledged: number, connection = 0x4567): Buffer => {
    const packet = hex('0100 0000 00000000 00000010 00100000 0000 0000');
    packet.writeUInt16BE(connection, 2);
    packet.writeUInt32BE(sent, 4);
    packet.writeUInt16BE(sequence, 16);
    packet.writeUInt16BE(acknowledged, 18);
    return packet;
  };

  it('µTP of one side by numbers and clock', () => {
    const first: Said = ['>', utp(5_000_000, 7, 3), 0];
    expect(udp([first, ['>', utp(5_200_000, 8, 3), 200_000]])).toBe('bittorrent-utp');
    expect(udp([first, ['>', utp(5_200_000, 8, 3), 900_000]])).toBe('');
    expect(udp([first, ['>', utp(5_200_000, 7, 3), 200_000]])).toBe('');
    expect(udp([first, ['>', utp(5_200_000, 900, 3), 200_000]])).toBe('');
    expect(udp([first, ['>', utp(5_200_000, 8, 3, 0x4568), 200_000]])).toBe('');
  });
});

describe('Gnutella', () => {
  it('by its handshake and its requests', () => {
    expect(text('GNUTELLA CONNECT/0.6\r\n')).toBe('gnutella-handshake');
    expect(text('GNUTELLA/0.6 200 OK\r\n')).toBe('gnutella-handshake');
    expect(text('GET /uri-res/N2R?urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB HTTP/1.1\r\n')).toBe('gnutella-handshake');
    expect(text('GET /get/12/song.mp3 HTTP/1.1\r\nHost: 192.0.2.1\r\nX-Queue: 0.1\r\n\r\n')).toBe('gnutella-handshake');
    expect(text('GET /get/12/song.mp3 HTTP/1.1\r\nHost: a.example\r\n\r\n')).toBe('');
    expect(text('GNUTELLIUM/0.6\r\n')).toBe('');
  });

  it('over UDP by a descriptor of the right length', () => {
    const ping = hex('0102030405060708ff0a0b0c0d0e0f00 00 01 00 00000000');
    expect(udp([['>', ping]])).toBe('gnutella-descriptor');
    expect(udp([['>', Buffer.concat([ping, hex('00')])]])).toBe('');
    expect(udp([['>', hex('0102030405060708000a0b0c0d0e0f00 00 01 00 00000000')]])).toBe('');
    expect(udp([['>', hex('0102030405060708ff0a0b0c0d0e0f00 77 01 00 00000000')]])).toBe('');
  });
});

describe('eDonkey', () => {
  it('by messages that fill the payload', () => {
    const hello = hex('e3 03000000 4c0102');
    expect(tcp(hello)).toBe('edonkey-message');
    expect(tcp(Buffer.concat([hello, hex('c5 02000000 9201')]))).toBe('edonkey-message');
    expect(tcp(Buffer.concat([hello, hex('00')]))).toBe('');
    expect(tcp(hex('e3 04000000 4c0102'))).toBe('');
    expect(tcp(hex('e4 03000000 4c0102'))).toBe('');
  });

  it('over UDP by an answer to what was asked', () => {
    const ask: Said = ['>', Buffer.concat([hex('e421 02'), Buffer.alloc(16, 1), Buffer.alloc(16, 2)])];
    const found = Buffer.concat([hex('e429'), Buffer.alloc(16, 1), hex('01'), Buffer.alloc(25, 9)]);
    expect(udp([ask, ['<', found]])).toBe('edonkey-exchange');
    expect(udp([ask])).toBe('');
    expect(udp([ask, ['>', found]])).toBe('');
    expect(udp([ask, ['<', found.subarray(0, -1)]])).toBe('');
    const status = hex('e397 55aa1234 00000010 00000020');
    expect(udp([['>', hex('e396 55aa1234')], ['<', status]])).toBe('edonkey-exchange'); // prettier-ignore
    expect(udp([['>', hex('e396 55aa1235')], ['<', status]])).toBe(''); // prettier-ignore
  });
});

it('Syncthing by its magics', () => {
  expect(udp([['>', Buffer.concat([hex('2ea7d90b 0a20'), Buffer.alloc(32, 5)])]])).toBe('syncthing-discovery');
  expect(udp([['>', Buffer.concat([hex('2ea7d90c 0a20'), Buffer.alloc(32, 5)])]])).toBe('');
  expect(tcp(hex('9e79bc40 00000002 00000000'))).toBe('syncthing-relay');
  expect(tcp(hex('9e79bc40 00000002 00000010'))).toBe('');
});

it('Kontiki by the constants at the end of its messages', () => {
  expect(udp([['>', hex('02010100')]])).toBe('kontiki-message');
  expect(udp([['>', hex('02112233 44556677 8899aabb 000004e4')]])).toBe('kontiki-message');
  expect(udp([['>', hex('02112233 44556677 8899aabb 000004e5')]])).toBe('');
});
