import { describe, expect, it } from 'vitest';
import {
  DECODED,
  DESTINATION,
  DESTINATION_PORT,
  FRAGMENT,
  ICMP_ANSWER,
  IP_BYTES,
  MALFORMED,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE,
  SOURCE_PORT,
  TCP_FLAGS,
  TCP_SEQUENCE,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';
import { bytes, decode, ETHERNET, expectUdp, ipv4, ipv6, UDP_PACKET } from './frames.ts';

describe('IPv4', () => {
  it('with options', () => {
    const { header } = decode(ipv4(UDP_PACKET, { options: '0101010101010101' }), 101);
    expect([header[IP_BYTES], header[SOURCE_PORT], header[PAYLOAD_LENGTH]]).toEqual([40, 12_345, 4]);
  });

  it('of length 0 (segmentation offload) counts what was on the wire', () => {
    const frame = bytes(ETHERNET, '0800', ipv4(UDP_PACKET, { total: 0 }));
    const { result, header } = decode(frame, 1, 1514);
    expect([result, header[IP_BYTES], header[PAYLOAD_LENGTH], header[PAYLOAD_CAPTURED]]).toEqual([
      DECODED,
      1500,
      1472,
      4,
    ]);
  });

  it('fragments: the first has ports, later ones none', () => {
    const first = decode(ipv4(UDP_PACKET, { fragment: 0x2000 }), 101).header;
    expect([first[FRAGMENT], first[SOURCE_PORT]]).toEqual([1, 12_345]);
    const later = decode(ipv4(UDP_PACKET, { fragment: 0x2005 }), 101).header;
    expect([later[FRAGMENT], later[SOURCE_PORT], later[IP_BYTES]]).toEqual([2, 0, 32]);
  });

  it('with lying lengths is malformed', () => {
    expect(decode(ipv4(UDP_PACKET, { total: 12 }), 101).result).toBe(MALFORMED);
    expect(decode(bytes('44', ipv4(UDP_PACKET).subarray(1)), 101).result).toBe(MALFORMED);
  });

  it('TCP: flags, sequence and options', () => {
    const segment = bytes('1f90 c001 01020304 00000000 6018 0200 0000 0000 02040218', '6869');
    const { result, header } = decode(ipv4(segment, { transport: 6 }), 101);
    expect(result).toBe(DECODED);
    expect([header[SOURCE_PORT], header[DESTINATION_PORT], header[TCP_SEQUENCE]]).toEqual([8080, 49_153, 0x01020304]);
    expect([header[TCP_FLAGS], header[PAYLOAD_LENGTH], header[PAYLOAD_CAPTURED]]).toEqual([0x18, 2, 2]);
    const short = bytes('1f90 c001 01020304 00000000 4018 0200 0000 0000');
    expect(decode(ipv4(short, { transport: 6 }), 101).result).toBe(MALFORMED);
  });
});

describe('IPv6', () => {
  const EXTENSION = '00 0104 00000000';
  it.each([
    ['none', '', 17],
    ['hop by hop', `11${EXTENSION}`, 0],
    ['routing, destination options', `3c${EXTENSION} 11 01 0104 00000000 0000000000000000`, 43],
    ['mobility, HIP, shim6', `8b${EXTENSION} 8c${EXTENSION} 11${EXTENSION}`, 135],
  ])('extension headers: %s', (_name, extensions, next) => {
    const body = bytes(extensions, UDP_PACKET);
    const decoded = decode(ipv6(body, next), 101);
    expectUdp(decoded);
    expect(decoded.header[IP_BYTES]).toBe(40 + body.length);
    expect([...decoded.header.subarray(SOURCE, DESTINATION + 4)].map((word) => word >>> 0)).toEqual([
      0x20010db8, 0, 0, 2, 0x20010db8, 0, 0, 1,
    ]);
  });

  it('fragments', () => {
    const first = decode(ipv6(bytes('1100 0001 00000009', UDP_PACKET), 44), 101).header;
    expect([first[FRAGMENT], first[SOURCE_PORT]]).toEqual([1, 12_345]);
    const later = decode(ipv6(bytes('1100 0009 00000009', UDP_PACKET), 44), 101).header;
    expect([later[FRAGMENT], later[SOURCE_PORT], later[TRANSPORT]]).toEqual([2, 0, 17]);
    const atomic = decode(ipv6(bytes('1100 0000 00000009', UDP_PACKET), 44), 101).header;
    expect([atomic[FRAGMENT], atomic[SOURCE_PORT]]).toEqual([0, 12_345]);
  });

  it('payload length 0 counts what was on the wire', () => {
    const { header } = decode(ipv6(UDP_PACKET, 17, 0), 101, 9000);
    expect([header[IP_BYTES], header[PAYLOAD_LENGTH]]).toEqual([9000, 9000 - 48]);
  });

  it('endless extension headers are malformed', () => {
    expect(decode(ipv6(bytes(`00${EXTENSION}`.repeat(40)), 0), 101).result).toBe(MALFORMED);
    expect(decode(ipv6(bytes('11ff 0104 00000000', UDP_PACKET), 0), 101).result).toBe(MALFORMED);
  });
});

describe('ICMP', () => {
  it('has type and code for ports, an answer those of its request', () => {
    const request = decode(ipv4(bytes('0800 0000 0001 0001'), { transport: 1 }), 101).header;
    const answer = decode(ipv4(bytes('0000 0000 0001 0001'), { transport: 1 }), 101).header;
    expect([request[SOURCE_PORT], request[DESTINATION_PORT], request[ICMP_ANSWER]]).toEqual([8, 0, 0]);
    expect([answer[SOURCE_PORT], answer[DESTINATION_PORT], answer[ICMP_ANSWER]]).toEqual([0, 8, 1]);
  });

  it('told to a group answers nobody', () => {
    const advertisement = ipv6(bytes('8600 0000 40000000'), 58);
    expect(decode(advertisement, 101).header[ICMP_ANSWER]).toBe(1);
    advertisement.set(bytes('ff02'), 24);
    const { header } = decode(advertisement, 101);
    expect([header[ICMP_ANSWER], header[SOURCE_PORT], header[DESTINATION_PORT]]).toEqual([0, 134, 0]);
  });
});
