import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FragmentReassembler } from '../../electron/decode/fragment-reassembly.ts';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import {
  DECODED,
  DESTINATION_PORT,
  FRAGMENT,
  HEADER_WORDS,
  IP_BYTES,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  SOURCE_PORT,
  TCP_FLAGS,
  TRANSPORT,
  WHOLE,
} from '../../electron/decode/packet-header.ts';
import { bytes, ipv4, ipv6, u16 } from './frames.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 300 });

const SECOND = 1e6;

/** One packet as it is to be counted. */
interface Seen {
  number: number;
  ports: [number, number];
  transport: number;
  ipBytes: number;
  /** The datagram's payload, where this packet made it whole. */
  whole: string | null;
  flags: number;
}

interface Sent {
  packet: Buffer;
  /** Seconds. */
  time?: number;
  captured?: number;
}

function reassemble(sent: readonly Sent[], end = true) {
  const seen: Seen[] = [];
  const reassembler = new FragmentReassembler({
    fragment(header, buffer, _time, number) {
      const from = header[PAYLOAD];
      seen.push({
        number,
        ports: [header[SOURCE_PORT], header[DESTINATION_PORT]],
        transport: header[TRANSPORT],
        ipBytes: header[IP_BYTES],
        whole:
          header[FRAGMENT] === WHOLE
            ? Buffer.from(buffer.subarray(from, from + header[PAYLOAD_CAPTURED])).toString('latin1')
            : null,
        flags: header[TCP_FLAGS],
      });
    },
  });
  const header = new Int32Array(HEADER_WORDS);
  sent.forEach(({ packet, time = 0, captured = packet.length }, index) => {
    expect(decodePacket(packet, 0, captured, packet.length, 101, header)).toBe(DECODED);
    expect(header[FRAGMENT]).not.toBe(WHOLE);
    reassembler.add(header, packet, time * SECOND, index + 1, 0);
  });
  if (end) reassembler.end();
  const { orphans, overlaps, malformed, incomplete, overBudget } = reassembler;
  return { seen, counts: { orphans, overlaps, malformed, incomplete, overBudget } };
}

const NONE = { orphans: 0, overlaps: 0, malformed: 0, incomplete: 0, overBudget: 0 };
const udp = (text: string): Buffer => bytes('3039 0035', u16(8 + text.length), '0000', Buffer.from(text, 'latin1'));

/** A fragment of `whole`, from byte to byte; of IPv6 behind destination options when `options`. */
function fragment4(whole: Buffer, from: number, to: number, more = to < whole.length, transport = 17): Buffer {
  return ipv4(whole.subarray(from, to), { fragment: from / 8 + (more ? 0x2000 : 0), transport });
}
function fragment6(whole: Buffer, from: number, to: number, next = 17): Buffer {
  const place = u16(from + (to < whole.length ? 1 : 0));
  return ipv6(bytes(next.toString(16).padStart(2, '0'), '00', place, '00000007', whole.subarray(from, to)), 44);
}

const TEXT = 'The quick brown fox jumps over the lazy dog, twice and once more.';

describe('fragments', () => {
  it.each([
    ['IPv4', fragment4, udp(TEXT)],
    ['IPv6', (whole: Buffer, from: number, to: number) => fragment6(whole, from, to), udp(TEXT)],
    [
      'IPv6 with options in the fragmented part',
      (whole: Buffer, from: number, to: number) => fragment6(whole, from, to, 60),
      bytes('1100 0104 00000000', udp(TEXT)),
    ],
  ])('%s: whole in any order, some twice; each counted once in the flow of its ports', (_name, cut, whole) => {
    const places = fc.uniqueArray(fc.integer({ min: 1, max: Math.floor((whole.length - 1) / 8) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(places, fc.infiniteStream(fc.nat()), fc.boolean(), (cuts, order, isFirstAgain) => {
        const edges = [0, ...cuts.map((place) => place * 8).toSorted((x, y) => x - y), whole.length];
        const pieces = edges.slice(1).map((to, i) => cut(whole, edges[i] ?? 0, to));
        const again = isFirstAgain ? pieces.slice(0, 1) : pieces.slice(1);
        const ranked = [...pieces, ...again].map((packet) => ({ packet, rank: order.next().value ?? 0 }));
        const sent = ranked.toSorted((x, y) => x.rank - y.rank);
        const { seen, counts } = reassemble(sent);
        expect(seen.map(({ number }) => number).toSorted((x, y) => x - y)).toEqual(sent.map((_one, i) => i + 1));
        expect(new Set(seen.map(({ ports }) => ports.join()))).toEqual(new Set(['12345,53']));
        expect(new Set(seen.map(({ transport }) => transport))).toEqual(new Set([17]));
        expect(seen.reduce((sum, { ipBytes }) => sum + ipBytes, 0)).toBe(
          sent.reduce((sum, { packet }) => sum + packet.length, 0),
        );
        // A copy of the first fragment behind the whole datagram begins another, which stays incomplete.
        expect(seen.filter((one) => one.whole !== null).map((one) => one.whole)).toEqual([TEXT]);
        expect({ ...counts, incomplete: 0 }).toEqual(NONE);
      }),
    );
  });

  it('the first one shows its ports at once, the last one the whole; TCP flags come with the part that holds them', () => {
    const whole = bytes('3039 0050 00000001 00000000 5002 2000 0000 0000');
    const sent = [0, 8, 16].map((from) => ({ packet: fragment4(whole, from, Math.min(from + 8, 20), from < 16, 6) }));
    expect(reassemble(sent).seen.map(({ ports, flags, whole: made }) => [ports[1], flags, made])).toEqual([
      [80, 0, null],
      [80, 0, null],
      [80, 2, ''],
    ]);
  });

  it('later ones wait for the first: thirty seconds, or the end', () => {
    const whole = udp(TEXT);
    const [first, last] = [fragment4(whole, 0, 32), fragment4(whole, 32, whole.length)];
    const inTime = reassemble([{ packet: last }, { packet: first, time: 30 }]);
    expect(inTime.seen.map(({ number, ports }) => [number, ports[1]])).toEqual([[1, 53], [2, 53]]); // prettier-ignore
    expect(inTime.seen[1]?.whole).toBe(TEXT);
    for (const time of [31, -31, 4e9]) {
      const late = reassemble([{ packet: last }, { packet: first, time }]);
      expect(late.seen.map(({ number, ports }) => [number, ports[1]])).toEqual([[1, 0], [2, 53]]); // prettier-ignore
      expect(late.counts).toEqual({ ...NONE, orphans: 1, incomplete: 2 });
    }
    expect(reassemble([{ packet: last }], false).seen).toEqual([]);
    expect(reassemble([{ packet: last }]).counts).toEqual({ ...NONE, orphans: 1, incomplete: 1 });
  });

  it('of a datagram cut by the snapshot length are counted, and not put together', () => {
    const whole = udp(TEXT);
    const sent = [{ packet: fragment4(whole, 0, 32), captured: 40 }, { packet: fragment4(whole, 32, whole.length) }];
    const { seen, counts } = reassemble(sent);
    expect(seen.map(({ ports, whole: made }) => [ports[1], made])).toEqual([[53, null], [53, null]]); // prettier-ignore
    expect(counts).toEqual({ ...NONE, incomplete: 1 });
  });

  it('with a number that comes round again make the next datagram', () => {
    const sent = ['first datagram, long enough', 'second datagram, long as well'].flatMap((text) => {
      const whole = udp(text);
      return [{ packet: fragment4(whole, 0, 16) }, { packet: fragment4(whole, 16, whole.length) }];
    });
    const { seen, counts } = reassemble(sent);
    expect(seen.flatMap((one) => one.whole ?? [])).toEqual([
      'first datagram, long enough',
      'second datagram, long as well',
    ]);
    expect(counts).toEqual(NONE);
  });

  it('of other ends, protocol or number are kept apart', () => {
    const whole = udp(TEXT);
    const other = fragment4(whole, 32, whole.length);
    other[19] = 9;
    const numbered = fragment4(whole, 32, whole.length);
    numbered[5] = 9;
    const sent = [fragment4(whole, 0, 32), other, numbered, fragment4(whole, 32, whole.length, false, 6)];
    const { seen, counts } = reassemble(sent.map((packet) => ({ packet })));
    expect(seen.every((one) => one.whole === null)).toBe(true);
    expect(counts.orphans).toBe(3);
  });
});

describe('hostile fragments', () => {
  const whole = udp(TEXT);
  const other = udp(TEXT.toUpperCase());

  it('that overlap: what came first stays, and the contradiction is counted', () => {
    const sent = [
      fragment4(whole, 0, 32),
      fragment4(other, 24, 48),
      fragment4(other, 0, 32),
      fragment4(whole, 48, whole.length),
    ];
    const { seen, counts } = reassemble(sent.map((packet) => ({ packet })));
    expect(seen.length).toBe(4);
    expect(seen[3]?.whole).toBe(TEXT.slice(0, 24) + TEXT.slice(24, 40).toUpperCase() + TEXT.slice(40));
    expect(counts).toEqual({ ...NONE, overlaps: 2 });
  });

  it('teardrop: one that lies within another', () => {
    const sent = [fragment4(whole, 0, 40), fragment4(whole, 24, 28, false), fragment4(whole, 40, whole.length)];
    const { seen, counts } = reassemble(sent.map((packet) => ({ packet })));
    expect(seen.length).toBe(3);
    expect(seen.every((one) => one.whole === null || one.whole.length <= TEXT.length)).toBe(true);
    expect(counts.overlaps).toBeGreaterThan(0);
  });

  it('ping of death: a datagram longer than IP allows', () => {
    const big = ipv4(Buffer.alloc(1480, 8), { fragment: 0x1fff, transport: 1 });
    const { seen, counts } = reassemble([{ packet: big }]);
    expect([seen.length, counts.malformed]).toEqual([1, 1]);
  });

  it('with lengths that are no multiple of eight, or nothing in them', () => {
    for (const packet of [fragment4(whole, 8, 29), fragment4(whole, 8, 8)]) {
      expect(reassemble([{ packet: fragment4(whole, 0, 8) }, { packet }]).counts.malformed).toBe(1);
    }
  });

  it('in a flood keep within the budget; every one is counted', () => {
    const flood = Array.from({ length: 3000 }, (_, id) => {
      const packet = ipv4(Buffer.alloc(1480), { fragment: 0x2000 + 8000 - 185 });
      packet.writeUInt16BE(id, 4);
      return { packet };
    });
    const { seen, counts } = reassemble(flood);
    expect(seen.length).toBe(3000);
    expect(counts.orphans).toBe(3000);
    // Each reserves 64 KiB of 16 MiB.
    expect(counts.overBudget).toBe(3000 - 256);
    const same = Array.from({ length: 1000 }, () => ({ packet: fragment4(whole, 8, 16) }));
    expect(reassemble(same, false).seen.length).toBeGreaterThan(800);
  });

  it('of any shape never throw, and every one is counted once', () => {
    const any = fc.record({
      place: fc.oneof(fc.nat(20), fc.nat(0x1fff)),
      more: fc.boolean(),
      length: fc.oneof(fc.nat(40), fc.nat(1500)),
      id: fc.nat(2),
      transport: fc.constantFrom(17, 6, 1, 47),
      time: fc.oneof(fc.nat(5), fc.integer({ min: -100, max: 4_000_000 })),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40 }), (all) => {
        const sent = all.flatMap(({ place, more, length, id, transport, time }) => {
          if (place === 0 && (!more || length < 20)) return [];
          const packet = ipv4(Buffer.alloc(length, 0x50), { fragment: place + (more ? 0x2000 : 0), transport });
          packet.writeUInt16BE(id, 4);
          return [{ packet, time }];
        });
        const { seen } = reassemble(sent);
        expect(seen.map(({ number }) => number).toSorted((x, y) => x - y)).toEqual(sent.map((_one, i) => i + 1));
      }),
    );
  });
});
