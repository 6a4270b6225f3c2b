import { createCipheriv, createHmac } from 'node:crypto';

/** Writes first payloads of protocols for tests. */

const u16 = (value: number): Buffer => Buffer.from([value >>> 8, value & 255]);
const u24 = (value: number): Buffer => Buffer.from([value >>> 16, (value >>> 8) & 255, value & 255]);
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

function extension(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([u16(type), u16(body.length), body]);
}

/** A ClientHello handshake message (RFC 8446, 4.1.2) of about `length` bytes; padding comes before the server name. */
export function clientHello(name: string, length = 0): Buffer {
  const host = Buffer.from(name, 'latin1');
  const sni = extension(0, Buffer.concat([u16(host.length + 3), Buffer.of(0), u16(host.length), host]));
  const padding = extension(21, Buffer.alloc(Math.max(0, length - 100 - host.length)));
  const extensions = Buffer.concat([extension(43, Buffer.from([2, 3, 4])), padding, sni]);
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 0xab),
    Buffer.from([0]),
    u16(2),
    u16(0x1301),
    Buffer.from([1, 0]),
    u16(extensions.length),
    extensions,
  ]);
  return Buffer.concat([Buffer.of(1), u24(body.length), body]);
}

/** A DNS query of one question for an address, or its answer when addresses are given (RFC 1035). */
export function dnsMessage({ name, addresses, ttl = 0 }: { name: string; addresses?: number[]; ttl?: number }): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  const answers = addresses ?? [];
  return Buffer.concat([
    u16(0x1234),
    u16(addresses === undefined ? 0x0100 : 0x8180),
    u16(1),
    u16(answers.length),
    u32(0),
    ...labels,
    Buffer.of(0),
    u16(1),
    u16(1),
    ...answers.flatMap((address) => [u16(0xc00c), u16(1), u16(1), u32(ttl), u16(4), u32(address)]),
  ]);
}

const SALTS = {
  quic: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a',
  quicv2: '0dede3def700a6db819381be6e269dcbf9bd2ed9',
} as const;

/** HKDF (RFC 5869) and its use by TLS 1.3 (RFC 8446, 7.1), written apart from the code under test. */
const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac('sha256', key).update(data).digest();
function expandLabel(secret: Uint8Array, label: string, length: number): Buffer {
  const text = Buffer.from(`tls13 ${label}`);
  return hmac(secret, Buffer.concat([u16(length), Buffer.of(text.length), text, Buffer.from([0, 1])])).subarray(
    0,
    length,
  );
}

interface InitialOptions {
  version: number;
  label: keyof typeof SALTS;
  /** Long packet type of an Initial in this version. */
  type: number;
  destination: Uint8Array;
  hello: Uint8Array;
  /** Where in the handshake `hello` begins. */
  offset?: number;
  number?: number;
  numberLength?: number;
}

/** A client's Initial packet of 1200 bytes or more with one CRYPTO frame (RFC 9000, 17.2.2; RFC 9001, 5), and its key. */
export function quicInitial(options: InitialOptions): { packet: Buffer; key: Buffer } {
  const { version, label, type, destination, hello, offset = 0, number = 0, numberLength = 1 } = options;
  const secret = expandLabel(hmac(Buffer.from(SALTS[label], 'hex'), destination), 'client in', 32);
  const key = expandLabel(secret, `${label} key`, 16);
  const nonce = expandLabel(secret, `${label} iv`, 12);
  const crypto = [Buffer.of(6), offset === 0 ? Buffer.of(0) : u16(0x4000 | offset), u16(0x4000 | hello.length), hello];
  const head = Buffer.concat([u32(version), Buffer.of(destination.length), destination, Buffer.from([0, 0])]);
  const room = 1200 - 1 - head.length - 2 - numberLength - 16;
  const frames = Buffer.concat(crypto);
  const plain = Buffer.concat([frames, Buffer.alloc(Math.max(0, room - frames.length))]);
  const numberBytes = u32(number).subarray(4 - numberLength);
  const header = Buffer.concat([
    Buffer.of(0xc0 | (type << 4) | (numberLength - 1)),
    head,
    u16(0x4000 | (numberLength + plain.length + 16)),
    numberBytes,
  ]);
  for (let i = 0; i < numberLength; i++) nonce[12 - numberLength + i] ^= numberBytes[i];
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(header);
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const packet = Buffer.concat([header, body]);
  const numberAt = header.length - numberLength;
  const mask = createCipheriv('aes-128-ecb', expandLabel(secret, `${label} hp`, 16), null)
    .setAutoPadding(false)
    .update(packet.subarray(numberAt + 4, numberAt + 20));
  packet[0] ^= mask[0] & 15;
  for (let i = 0; i < numberLength; i++) packet[numberAt + i] ^= mask[1 + i];
  return { packet, key };
}
