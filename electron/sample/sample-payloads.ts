import { createHash } from 'node:crypto';
import type { SampleRandom } from './sample-random.ts';

/** First bytes of conversations, valid by their specifications, for a reader of payloads to recognise. */

const u16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255]);
const vector8 = (body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length]), body]);
const vector16 = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body]);
const list16 = (values: readonly number[]): Buffer => Buffer.concat(values.map(u16));

/** Cipher suites and groups that a client offers: Chrome 57, Internet Explorer 11, Safari on iOS 10. */
const TLS_CLIENTS: readonly { readonly ciphers: readonly number[]; readonly groups: readonly number[] }[] = [
  {
    ciphers: [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35],
    groups: [0x1d, 0x17, 0x18],
  },
  { ciphers: [0xc028, 0xc027, 0xc014, 0xc013, 0x9d, 0x9c, 0x3d, 0x3c, 0x35, 0x2f], groups: [0x17, 0x18] },
  { ciphers: [0xc02c, 0xc02b, 0xc024, 0xc023, 0xc030, 0xc02f, 0xc028, 0xc027, 0x9d, 0x9c], groups: [0x17, 0x18, 0x19] },
];

/** TLS record (RFC 5246, 6.2.1) of version 1.2. */
function tlsRecord(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 3]), vector16(body)]);
}

function tlsHandshake(type: number, body: Buffer): Buffer {
  return tlsRecord(22, Buffer.concat([Buffer.from([type, 0]), vector16(body)]));
}

/** ClientHello (RFC 5246, 7.4.1.2) that resumes a session, with server name (RFC 6066), groups and signatures. */
export function clientHello(random: SampleRandom, name: string, profile: number, session: Buffer): Buffer {
  const client = TLS_CLIENTS[profile % TLS_CLIENTS.length] ?? { ciphers: [], groups: [] };
  const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), vector16(body)]);
  const hostName = Buffer.concat([Buffer.from([0]), vector16(Buffer.from(name, 'ascii'))]);
  const extensions = [
    extension(0, vector16(hostName)),
    extension(10, vector16(list16(client.groups))),
    extension(11, vector8(Buffer.from([0]))),
    extension(13, vector16(list16([0x0403, 0x0401, 0x0501, 0x0201]))),
  ];
  return tlsHandshake(
    1,
    Buffer.concat([
      Buffer.from([3, 3]),
      random.bytes(32),
      vector8(session),
      vector16(list16(client.ciphers)),
      vector8(Buffer.from([0])),
      vector16(Buffer.concat(extensions)),
    ]),
  );
}

const CHANGE_CIPHER = tlsRecord(20, Buffer.from([1]));

/** ServerHello of an abbreviated handshake (RFC 5246, 7.3), the change of cipher and the encrypted Finished. */
export function serverHello(random: SampleRandom, session: Buffer): Buffer {
  const hello = Buffer.concat([Buffer.from([3, 3]), random.bytes(32), vector8(session), u16(0xc02f), Buffer.from([0])]);
  return Buffer.concat([tlsHandshake(2, hello), CHANGE_CIPHER, tlsRecord(22, random.bytes(40))]);
}

/** The client's end of the handshake and its encrypted request. */
export function clientFinish(random: SampleRandom, requestLength: number): Buffer {
  return Buffer.concat([CHANGE_CIPHER, tlsRecord(22, random.bytes(40)), tlsRecord(23, random.bytes(requestLength))]);
}

/** Encrypted application data, `length` bytes in all with the record's header. */
export function applicationData(filler: Buffer, length: number): Buffer {
  return tlsRecord(23, filler.subarray(0, Math.max(1, length - 5)));
}

export function httpRequest(host: string, path: string, userAgent: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${userAgent}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    'ascii',
  );
}

/** Of one length whatever `length` (up to nine digits): blanks may stand before a value (RFC 9110, 5.5). */
export function httpResponseHead(length: number, type: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: ${type}\r\n` +
      `Content-Length: ${String(length).padStart(9)}\r\nConnection: close\r\n\r\n`,
    'ascii',
  );
}

function dnsName(name: string): Buffer {
  const labels = name.split('.').map((label) => vector8(Buffer.from(label, 'ascii')));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** DNS question for an A record (RFC 1035, 4). */
export function dnsQuestion(id: number, name: string): Buffer {
  return Buffer.concat([list16([id, 0x0100, 1, 0, 0, 0]), dnsName(name), list16([1, 1])]);
}

/** DNS answer: the alias, if any, then one A record for each address. TTL in seconds. */
export function dnsAnswer(
  id: number,
  name: string,
  alias: string | undefined,
  addresses: readonly number[],
  lifetime: number,
): Buffer {
  const count = addresses.length + (alias === undefined ? 0 : 1);
  const question = Buffer.concat([dnsName(name), list16([1, 1])]);
  const record = (owner: Buffer, type: number, body: Buffer): Buffer =>
    Buffer.concat([owner, list16([type, 1, lifetime >>> 16, lifetime & 0xffff]), vector16(body)]);
  const pointer = u16(0xc00c);
  const parts = [list16([id, 0x8180, 1, count, 0, 0]), question];
  let owner = pointer;
  if (alias !== undefined) {
    parts.push(record(pointer, 5, dnsName(alias)));
    owner = dnsName(alias);
  }
  for (const address of addresses) parts.push(record(owner, 1, list16([address >>> 16, address & 0xffff])));
  return Buffer.concat(parts);
}

/** BitTorrent handshake (BEP 3) of uTorrent 3.5. */
export function bittorrentHandshake(random: SampleRandom, infoHash: Buffer): Buffer {
  const reserved = Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 5]);
  const peer = Buffer.concat([Buffer.from('-UT3500-', 'ascii'), random.bytes(12)]);
  return Buffer.concat([Buffer.from([19]), Buffer.from('BitTorrent protocol', 'ascii'), reserved, infoHash, peer]);
}

/** Identification line (RFC 4253, 4.2). */
export function sshBanner(software: string): Buffer {
  return Buffer.from(`SSH-2.0-${software}\r\n`, 'ascii');
}

/** NTP version 4 packet (RFC 5905): mode 3 client, 4 server. */
export function ntpPacket(random: SampleRandom, mode: 3 | 4): Buffer {
  const packet = Buffer.alloc(48);
  packet[0] = (4 << 3) | mode;
  packet[1] = mode === 4 ? 2 : 0;
  packet[2] = 6;
  packet[3] = 0xe9;
  random.bytes(8).copy(packet, 40);
  return packet;
}

/** OpenVPN: reset of client or server that opens a session (P_CONTROL_HARD_RESET_*_V2), UDP. */
export function openvpnReset(client: Buffer, server: Buffer | null): Buffer {
  if (server === null) return Buffer.concat([Buffer.from([0x38]), client, Buffer.from([0, 0, 0, 0, 0])]);
  const acknowledged = Buffer.from([1, 0, 0, 0, 0]);
  return Buffer.concat([Buffer.from([0x40]), server, acknowledged, client, Buffer.from([0, 0, 0, 0])]);
}

/** WireGuard handshake (whitepaper, 5.4.2 and 5.4.3): initiation of 148 bytes, response of 92. */
export function wireguardInitiation(random: SampleRandom): Buffer {
  return Buffer.concat([Buffer.from([1, 0, 0, 0]), random.bytes(128), Buffer.alloc(16)]);
}
export function wireguardResponse(random: SampleRandom): Buffer {
  return Buffer.concat([Buffer.from([2, 0, 0, 0]), random.bytes(72), Buffer.alloc(16)]);
}

/** Stratum version 1 (JSON-RPC, one object a line): a miner subscribes and logs in. */
export function stratumSubscribe(): Buffer {
  return Buffer.from('{"id":1,"method":"mining.subscribe","params":["cgminer/4.10.0"]}\n');
}
export function stratumSubscribed(random: SampleRandom): Buffer {
  const id = random.bytes(4).toString('hex');
  return Buffer.from(`{"id":1,"result":[[["mining.notify","${id}"]],"${id}",4],"error":null}\n`);
}
export function stratumAuthorize(): Buffer {
  return Buffer.from('{"id":2,"method":"mining.authorize","params":["worker.1","x"]}\n');
}
export function stratumAuthorized(): Buffer {
  return Buffer.from('{"id":2,"result":true,"error":null}\n');
}

/** An answer of the Apple Remote Desktop service (UDP 3283), 1,034 bytes, as floods of reflected answers carry them. */
export function reflectedAnswer(random: SampleRandom): Buffer {
  return Buffer.concat([Buffer.from([0, 1, 3, 0xea, 0, 1, 0, 0]), random.bytes(1026)]);
}

/** Source engine query A2S_INFO (Valve developer wiki, "Server queries") and the head of its answer. */
export const SOURCE_QUERY: Buffer = Buffer.from('\xff\xff\xff\xffTSource Engine Query\0', 'latin1');
export const SOURCE_ANSWER: Buffer = Buffer.from('\xff\xff\xff\xffI\x11sample\0de_dust2\0csgo\0game\0', 'latin1');

/** Bitcoin message with its header (main network). */
export function bitcoinMessage(command: string, body: Buffer): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xd9b4bef9, 0);
  head.write(command, 4, 'ascii');
  head.writeUInt32LE(body.length, 16);
  const digest = createHash('sha256').update(createHash('sha256').update(body).digest()).digest();
  digest.copy(head, 20, 0, 4);
  return Buffer.concat([head, body]);
}

/** Body of Bitcoin's `version` message: protocol 70015, /Satoshi:0.14.1/. `seconds` since the epoch. */
export function bitcoinVersion(random: SampleRandom, seconds: number): Buffer {
  const fixed = Buffer.alloc(72);
  fixed.writeInt32LE(70_015, 0);
  fixed.writeBigUInt64LE(BigInt(seconds), 12);
  const tail = Buffer.alloc(5);
  tail.writeInt32LE(466_000, 0);
  return Buffer.concat([fixed, random.bytes(8), vector8(Buffer.from('/Satoshi:0.14.1/', 'ascii')), tail]);
}
