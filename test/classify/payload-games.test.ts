import { expect, it } from 'vitest';
import { gameRules } from '../../electron/classify/payload/games.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import type { Payload } from '../../shared/payload.ts';
import { ascii, hex, ruleFor, type Said } from './payload-trial.ts';

const udp = (bytes: Buffer, changes: Partial<Payload> = {}): string =>
  ruleFor(gameRules, [['>', bytes]], { transport: UDP, ...changes });
const tcp = (bytes: Buffer): string => ruleFor(gameRules, [['>', bytes]], { transport: TCP });
const join = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)));

it('server queries of Source and GoldSrc', () => {
  const info = join('ffffffff 54', ascii('Source Engine Query\0'));
  expect(udp(info)).toBe('source-engine-query');
  expect(udp(hex('ffffffff 55 ffffffff'))).toBe('source-engine-query');
  expect(udp(hex('ffffffff 41 0ac3f21b'))).toBe('source-engine-query');
  expect(udp(join('ffffffff 49 11', ascii('A server\0de_dust\0cstrike\0')))).toBe('source-engine-query');
  expect(udp(join('ffffffff 6d', ascii('192.0.2.1:27015\0A server\0')))).toBe('source-engine-query');
  expect(udp(info.subarray(0, -1))).toBe('');
  expect(udp(hex('ffffffff 55 ffffff'))).toBe('');
  expect(udp(hex('fffffffe 55 ffffffff'))).toBe('');
  expect(udp(Buffer.alloc(40, 0xff))).toBe('');
  expect(udp(join('ffffffff', ascii('getstatus\n')))).toBe('');
});

it('Steam', () => {
  const datagram = join(ascii('VS01'), '0400 06 00', Buffer.alloc(28), '01020304');
  expect(udp(datagram)).toBe('steam-wire-datagram');
  expect(udp(datagram.subarray(0, -1))).toBe('');
  expect(tcp(join('10000000', ascii('VT01'), '1f050000'))).toBe('steam-wire-stream');
  expect(tcp(join('10000000', ascii('VT02'), '1f050000'))).toBe('');
  expect(tcp(join('00000000', ascii('VT01')))).toBe('');
  expect(udp(hex('ffffffff 214c5fa0 02000000 0801 02000000 0801'))).toBe('steam-wire-discovery');
  expect(udp(hex('ffffffff 214c5fa0 20000000 0801 02000000 0801'))).toBe('');
  expect(udp(join('0181', ascii('sdping'), '00000000'))).toBe('steam-datagram-relay-ping');
  expect(udp(join('0181', ascii('sdpong'), '00000000'))).toBe('');
});

it('RakNet by its sixteen bytes, where they belong', () => {
  const magic = '00ffff00fefefefefdfdfdfd12345678';
  expect(udp(hex(`05 ${magic} 0b 0000`))).toBe('raknet-offline');
  expect(udp(hex(`01 0000000000000001 ${magic} 0000000000000002`))).toBe('raknet-offline');
  expect(udp(hex(`1c 0000000000000001 0000000000000002 ${magic} 0000`))).toBe('raknet-offline');
  expect(udp(hex(`01 000006 aabb 7b ${magic}`))).toBe('raknet-offline');
  expect(udp(hex(`05 00 00 ${magic}`))).toBe('');
  expect(udp(hex(`05 ${magic.slice(0, -2)}`))).toBe('');
  expect(udp(hex(`60 ${magic}`))).toBe('');
});

it('Armagetron by messages that fill the datagram, on its ports or from both sides', () => {
  const request = hex('0035 0000 0000 0000');
  const description = hex('0033 0000 0002 11b70000 0001');
  expect(udp(request, { destinationPort: 4534 })).toBe('armagetron-message');
  expect(udp(request)).toBe('');
  const flow = (second: Said): string => ruleFor(gameRules, [['>', request], second], { transport: UDP }); // prettier-ignore
  expect(flow(['<', description])).toBe('armagetron-message');
  expect(flow(['>', request])).toBe('');
  expect(flow(['<', description.subarray(1)])).toBe('');
  expect(udp(Buffer.alloc(8), { destinationPort: 4534 })).toBe('');
});

it("CryEngine's request", () => {
  const request = Buffer.alloc(70, 0x99);
  request.set(hex('3c0000 08ed 0000000000000000000000 01000000 07000000 03 07000000 04 00000000000000 04'));
  expect(udp(request)).toBe('crynetwork-connect');
  expect(udp(request.subarray(0, 69))).toBe('');
  request[10] = 1;
  expect(udp(request)).toBe('');
});

it('StarCraft II on its port', () => {
  const logon = hex('4a 00000a66 020aed2d 66');
  const on = (bytes: Buffer, destinationPort: number): string =>
    ruleFor(gameRules, [['>', bytes]], { transport: TCP, destinationPort });
  expect(on(logon, 1119)).toBe('starcraft-logon');
  expect(on(logon, 1120)).toBe('');
  expect(on(logon.subarray(0, 9), 1119)).toBe('');
});
