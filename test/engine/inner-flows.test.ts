import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FlowRecord } from '../../shared/flow.ts';
import { writePcap } from '../capture/capture-writer.ts';
import { clientHello, dnsMessage } from '../classify/payload-writer.ts';
import { bytes, ETHERNET, ipv4, ipv6, u16 } from '../decode/frames.ts';
import { ownFlowSource } from '../score/own-flows.ts';

/** Flows inside tunnels bear labels of their own and name the flow around them. */

const folder = mkdtempSync(path.join(tmpdir(), 'enclave-inner-'));
afterAll(() => rmSync(folder, { recursive: true }));
const flowsOf = ownFlowSource(folder);

const NAME = 'www.example.net';
const question = dnsMessage({ name: NAME });
const udp = (from: number, to: number, body: Uint8Array): Buffer =>
  bytes(u16(from), u16(to), u16(8 + body.length), '0000', body);
const query = udp(40_000, 53, question);
const hello = clientHello(NAME);
const segment = bytes(
  u16(40_001),
  u16(443),
  '00000001 00000001 5018 ffff 0000 0000',
  '160301',
  u16(hello.length),
  hello,
);

/** A DNS query and a TLS hello inside; the frame of each kind of tunnel; what is said of the flow around. */
const four = [ipv4(query), ipv4(segment, { transport: 6 })];
const six = [ipv6(query, 17), ipv6(segment, 6)];
const teredoHead = (body: Buffer, next: number): Buffer =>
  bytes(
    '60000000',
    u16(body.length),
    next.toString(16).padStart(2, '0'),
    '40 2001000053aa064c0000fbfe3f57fffe 20010db8000000000000000000000001',
    body,
  );
const KINDS: Readonly<Record<string, { packets: Buffer[]; transport: string; protocol: string }>> = {
  GRE: {
    packets: four.map((inner) => ipv4(bytes('0000 0800', inner), { transport: 47 })),
    transport: 'gre',
    protocol: 'unknown',
  },
  '6in4': { packets: six.map((inner) => ipv4(inner, { transport: 41 })), transport: 'ipv6', protocol: 'unknown' },
  VXLAN: {
    packets: four.map((inner) => ipv4(udp(50_000, 4789, bytes('08000000 00000100', ETHERNET, '0800', inner)))),
    transport: 'udp',
    protocol: 'unknown',
  },
  'GTP-U': {
    packets: four.map((inner) => ipv4(udp(2152, 2152, bytes('30ff', u16(inner.length), '00000001', inner)))),
    transport: 'udp',
    protocol: 'gtp-u',
  },
  Teredo: {
    packets: [teredoHead(query, 17), teredoHead(segment, 6)].map((inner) => ipv4(udp(50_000, 3544, inner))),
    transport: 'udp',
    protocol: 'teredo',
  },
  L2TP: {
    packets: four.map((inner) => ipv4(udp(1701, 1701, bytes('0002 0001 0001 ff03 0021', inner)))),
    transport: 'udp',
    protocol: 'l2tp',
  },
};

const said = ({ depth, protocol, hostname, labelEvidence, tunnel }: FlowRecord & { depth: string }) => ({
  depth,
  protocol,
  hostname,
  labelEvidence,
  tunnel,
});

describe('flows inside a tunnel', () => {
  it.each(Object.keys(KINDS))('of %s are labelled by what they hold, and linked to the flow around', async (kind) => {
    const { packets, transport, protocol } = KINDS[kind] ?? { packets: [], transport: '', protocol: '' };
    const file = path.join(folder, `${kind}.pcap`);
    const written = packets.map((data, i) => ({
      time: 1_495_000_000_000_000_000n + BigInt(i),
      data,
      original: data.length,
    }));
    writeFileSync(file, writePcap(written, { bigEndian: false, nanoseconds: false, linkType: 101 }));
    const got = await flowsOf(file);
    if ('failure' in got) throw new Error(got.failure);
    const [outer, ...inner] = got.flows
      .map((flow) => ({ ...flow, depth: flow.id.split(':')[2] ?? '' }))
      .toSorted((one, other) => Number(one.depth) - Number(other.depth) || one.locator - other.locator);
    expect(outer).toMatchObject({ depth: '0', transport, protocol, tunnel: null, hostname: null, service: null });
    expect(inner.map(said)).toEqual([
      { depth: '1', protocol: 'dns', hostname: NAME, labelEvidence: 'payload', tunnel: outer?.id },
      { depth: '1', protocol: 'tls', hostname: NAME, labelEvidence: 'payload', tunnel: outer?.id },
    ]);
  });
});
