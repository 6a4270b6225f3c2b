import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEPTH,
  DESTINATION,
  DESTINATION_PORT,
  FRAGMENT,
  HEADER_WORDS,
  IP_BYTES,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE,
  SOURCE_PORT,
  TCP_FLAGS,
  TCP_SEQUENCE,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';
import { FlowTable } from '../../electron/flows/flow-table.ts';
import { type FilledSegment, SegmentBuilder } from '../../electron/flows/segment-builder.ts';
import { allocateColumn, CONN_STATES, FACT_COLUMNS, type FactColumn, TCP, UDP } from '../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  WANTS_MORE,
  WATCH,
} from '../../shared/payload.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 200 });

const SECOND = 1e6;
const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

interface Packet {
  /** Last word of the IPv4 addresses. */
  from: number;
  to: number;
  fromPort: number;
  toPort: number;
  transport: number;
  flags: number;
  bytes: number;
  /** Seconds. */
  time: number;
  sequence: number;
  payload: string;
  /** Payload bytes on the wire; default: as many as were captured. */
  payloadLength: number | null;
  fragment: number;
  depth: number;
  /** Index of the packet around this one. */
  inside: number | null;
}

const packet = (changes: Partial<Packet> = {}): Packet => ({
  from: 1,
  to: 2,
  fromPort: 50_000,
  toPort: 50_001,
  transport: UDP,
  flags: 0,
  bytes: 100,
  time: 1_495_000_000,
  sequence: 0,
  payload: '',
  payloadLength: null,
  fragment: 0,
  depth: 0,
  inside: null,
  ...changes,
});

/** The same conversation from the other side. */
const back = (one: Packet, changes: Partial<Packet> = {}): Packet => ({
  ...one,
  from: one.to,
  to: one.from,
  fromPort: one.toPort,
  toPort: one.fromPort,
  ...changes,
});

interface Flow {
  initiator: number;
  responder: number;
  initiatorPort: number;
  responderPort: number;
  transport: number;
  packets: [out: number, back: number];
  bytes: [out: number, back: number];
  start: number;
  end: number;
  state: (typeof CONN_STATES)[number];
  locator: number;
  depth: number;
  tunnel: number;
  /** Packets that name and rule were known by. */
  seenAt: [name: number, payload: number];
}

/** Runs packets through a table; `inspect` sees the payloads as text. */
function flowsOf(
  packets: readonly Packet[],
  inspect: (payload: Payload, text: string) => InspectionResult = () => NOT_RECOGNISED,
): Flow[] {
  const flows: Flow[] = [];
  const read = (segment: FilledSegment): void => {
    const column = (name: FactColumn) => segment.columns[name] ?? allocateColumn(FACT_COLUMNS[name], segment.rows);
    for (let row = 0; row < segment.rows; row++) {
      const value = (name: FactColumn): number => column(name)[row];
      flows.push({
        initiator: column('initiator')[row * 4 + 3],
        responder: column('responder')[row * 4 + 3],
        initiatorPort: value('initiatorPort'),
        responderPort: value('responderPort'),
        transport: value('transport'),
        packets: [value('packetsOut'), value('packetsIn')],
        bytes: [value('bytesOut'), value('bytesIn')],
        start: value('start') / SECOND,
        end: value('end') / SECOND,
        state: CONN_STATES[value('state')],
        locator: value('locator'),
        depth: value('depth'),
        tunnel: value('tunnel'),
        seenAt: [value('nameAt'), value('payloadAt')],
      });
    }
  };
  const builder = new SegmentBuilder(read);
  const rules = [
    { protocol: '', id: '' },
    { protocol: 'test', id: 'test' },
  ];
  const table = new FlowTable(builder, {
    rules,
    inspect: (payload) => inspect(payload, Buffer.from(payload.bytes.subarray(payload.start, payload.end)).toString()),
  });
  const header = new Int32Array(HEADER_WORDS);
  const locators: number[] = [];
  packets.forEach((one, index) => {
    header.set([0, 0, 0xffff, one.from], SOURCE);
    header.set([0, 0, 0xffff, one.to], DESTINATION);
    header[SOURCE_PORT] = one.fromPort;
    header[DESTINATION_PORT] = one.toPort;
    header[TRANSPORT] = one.transport;
    header[TCP_FLAGS] = one.flags;
    header[TCP_SEQUENCE] = one.sequence;
    header[IP_BYTES] = one.bytes;
    header[FRAGMENT] = one.fragment;
    header[DEPTH] = one.depth;
    const bytes = Buffer.from(`~~~${one.payload}~~~`);
    header[PAYLOAD] = 3;
    header[PAYLOAD_CAPTURED] = one.payload.length;
    header[PAYLOAD_LENGTH] = one.payloadLength ?? one.payload.length;
    const tunnel = one.inside === null ? 0 : (locators[one.inside] ?? 0);
    table.add(header, bytes, one.time * SECOND, index + 1, tunnel);
    locators.push(table.locator);
  });
  table.endAll();
  builder.flush();
  expect(table.active).toBe(0);
  return flows.toSorted((x, y) => x.locator - y.locator);
}

const anyPacket = fc
  .record({
    ends: fc.constantFrom([1, 2], [2, 1], [1, 3], [3, 1], [2, 2]),
    ports: fc.constantFrom([50_000, 50_001], [50_001, 50_000], [443, 50_000], [50_000, 443], [7, 7]),
    transport: fc.constantFrom(TCP, UDP),
    flags: fc.constantFrom(0, ACK, SYN, SYN | ACK, FIN | ACK, RST),
    bytes: fc.integer({ min: 20, max: 65_535 }),
    gap: fc.oneof({ weight: 8, arbitrary: fc.nat(20) }, fc.constantFrom(60, 61, 300, 301, 1799, 1900, 4_000_000)),
  })
  .map(({ ends, ports, gap, ...rest }) => ({
    gap,
    one: packet({
      ...rest,
      flags: rest.transport === TCP ? rest.flags : 0,
      from: ends[0],
      to: ends[1],
      fromPort: ports[0],
      toPort: ports[1],
    }),
  }));

/** Packets in the order of their times. */
const inOrder = fc.array(anyPacket, { maxLength: 300 }).map((all) => {
  let time = 1_495_000_000;
  return all.map(({ gap, one }) => ({ ...one, time: (time += gap) }));
});

/** Records by the contract's rule alone: first packet's number → packets and bytes. */
function splitByContract(packets: readonly Packet[]): { locator: number; packets: number; bytes: number }[] {
  interface Open {
    locator: number;
    packets: number;
    bytes: number;
    first: number;
    last: number;
    fins: Set<string>;
    reset: boolean;
  }
  const open = new Map<string, Open>();
  const all: Open[] = [];
  packets.forEach((one, index) => {
    const side = `${one.from} ${one.fromPort}`;
    const key = `${one.transport} ${[side, `${one.to} ${one.toPort}`].toSorted().join(' ')}`;
    let flow = open.get(key);
    if (flow !== undefined) {
      const closed = flow.reset || flow.fins.size === 2;
      const idle = one.transport === TCP && !closed ? 300 : 60;
      const reopened = closed && (one.flags & (SYN | ACK)) === SYN;
      if (reopened || one.time - flow.last > idle || one.time - flow.first > 1800) flow = undefined;
    }
    if (flow === undefined) {
      flow = {
        locator: index + 1,
        packets: 0,
        bytes: 0,
        first: one.time,
        last: one.time,
        fins: new Set(),
        reset: false,
      };
      open.set(key, flow);
      all.push(flow);
    }
    flow.packets++;
    flow.bytes += one.bytes;
    flow.last = one.time;
    if (one.flags & FIN) flow.fins.add(side);
    if (one.flags & RST) flow.reset = true;
  });
  return all.map(({ locator, packets: count, bytes }) => ({ locator, packets: count, bytes }));
}

describe('conservation', () => {
  const sum = (flows: readonly Flow[]): [number, number] => [
    flows.reduce((total, flow) => total + flow.packets[0] + flow.packets[1], 0),
    flows.reduce((total, flow) => total + flow.bytes[0] + flow.bytes[1], 0),
  ];

  it('what goes in comes out once, in any order of times', () => {
    const anyOrder = fc.array(fc.tuple(anyPacket, fc.integer({ min: 0, max: 2_000_000_000 })), { maxLength: 300 });
    fc.assert(
      fc.property(anyOrder, (all) => {
        const packets = all.map(([{ one }, time]) => ({ ...one, time }));
        const flows = flowsOf(packets);
        expect(sum(flows)).toEqual([packets.length, packets.reduce((total, one) => total + one.bytes, 0)]);
        for (const flow of flows) expect(flow.end).toBeGreaterThanOrEqual(flow.start);
      }),
    );
  });

  it('records are split where the contract says, and nowhere else', () => {
    fc.assert(
      fc.property(inOrder, (packets) => {
        const got = flowsOf(packets).map(({ locator, packets: [out, answered], bytes }) => ({
          locator,
          packets: out + answered,
          bytes: bytes[0] + bytes[1],
        }));
        expect(got).toEqual(splitByContract(packets));
      }),
    );
  });

  it('keeps apart more flows than fit at first', () => {
    const packets = Array.from({ length: 40_000 }, (_, i) => packet({ from: i >> 8, fromPort: 1024 + (i & 255) }));
    const flows = flowsOf([...packets, ...packets.map((one) => back(one))]);
    expect(flows.length).toBe(40_000);
    expect(flows.every((flow) => flow.packets[0] === 1 && flow.packets[1] === 1)).toBe(true);
  });
});

describe('timeouts', () => {
  const tcp = packet({ transport: TCP, flags: ACK });
  it.each([
    ['UDP, 60 s', packet(), 60, 1],
    ['UDP, 61 s', packet(), 61, 2],
    ['TCP, 300 s', tcp, 300, 1],
    ['TCP, 301 s', tcp, 301, 2],
  ])('idle: %s', (_name, one, gap, flows) => {
    expect(flowsOf([one, back(one, { time: one.time + gap })]).length).toBe(flows);
  });

  it('active: a flow of an hour makes three records that keep their direction', () => {
    const packets = Array.from({ length: 361 }, (_, i) => {
      const one = packet({ toPort: 443, time: 1_495_000_000 + i * 10 });
      return i % 2 === 0 ? one : back(one);
    });
    const flows = flowsOf(packets);
    expect(flows.map((flow) => flow.packets[0] + flow.packets[1])).toEqual([181, 180]);
    expect(flows.every((flow) => flow.responderPort === 443)).toBe(true);
  });

  it('a close and a new SYN split; a SYN without a close does not', () => {
    const syn = packet({ transport: TCP, flags: SYN });
    const fin = packet({ transport: TCP, flags: FIN | ACK });
    expect(flowsOf([syn, fin, back(fin), syn]).map((flow) => flow.state)).toEqual(['SF', 'S0']);
    expect(flowsOf([syn, back(syn, { flags: RST | ACK }), syn]).map((flow) => flow.state)).toEqual(['REJ', 'S0']);
    expect(flowsOf([syn, syn]).length).toBe(1);
  });

  it('a jump of the clock ends no flow that goes on', () => {
    const old = Array.from({ length: 200 }, (_, i) => packet({ from: 7, fromPort: 2000 + i }));
    const later = Array.from({ length: 100 }, (_, i) => packet({ time: 1_600_000_000 + i * 0.01 }));
    const flows = flowsOf([...old, ...later]);
    expect(flows.filter((flow) => flow.initiator === 1).map((flow) => flow.packets[0])).toEqual([100]);
  });
});

describe('direction', () => {
  const between = (one: Packet): number[] => flowsOf([one]).map((flow) => flow.initiatorPort);
  it('by the handshake, whatever came first', () => {
    const synAck = packet({ transport: TCP, fromPort: 50_001, toPort: 443, flags: SYN | ACK });
    expect(between(synAck)).toEqual([443]);
    const late = packet({ transport: TCP, fromPort: 443, toPort: 50_001, flags: ACK });
    expect(flowsOf([late, { ...late, flags: SYN }])[0]?.initiatorPort).toBe(443);
  });

  it('else by a port where servers listen, else by the first packet', () => {
    expect(between(packet({ fromPort: 53, toPort: 50_000 }))).toEqual([50_000]);
    expect(between(packet({ fromPort: 50_000, toPort: 53 }))).toEqual([50_000]);
    expect(between(packet({ fromPort: 123, toPort: 123 }))).toEqual([123]);
    expect(between(packet({ fromPort: 40_000, toPort: 50_000 }))).toEqual([40_000]);
    // A peer sends UDP from the port it listens on; a TCP connection to it comes from another.
    expect(between(packet({ fromPort: 6881, toPort: 50_000 }))).toEqual([6881]);
    expect(between(packet({ transport: TCP, flags: ACK, fromPort: 6881, toPort: 50_000 }))).toEqual([50_000]);
  });
});

/** Zeek, base/protocols/conn/main.zeek: what each letter means, from who sent what. */
describe('conn_state', () => {
  const S: Partial<Packet> = { flags: SYN };
  const SA: Partial<Packet> = { flags: SYN | ACK };
  const A: Partial<Packet> = { flags: ACK };
  const F: Partial<Packet> = { flags: FIN | ACK };
  const R: Partial<Packet> = { flags: RST };
  type Step = readonly ['>' | '<', Partial<Packet>];
  it.each<[string, string, Step[]]>([
    ['S0', 'attempt without reply', [['>', S]]],
    ['S1', 'established, not terminated', [['>', S], ['<', SA], ['>', A]]],
    ['SF', 'established and finished', [['>', S], ['<', SA], ['>', F], ['<', F]]],
    [
      'SF',
      'finished, its beginning not seen',
      [
        ['>', F],
        ['<', F],
      ],
    ],
    ['REJ', 'attempt rejected', [['>', S], ['<', R]]],
    ['S2', 'close by the originator only', [['>', S], ['<', SA], ['>', F]]],
    ['S3', 'close by the responder only', [['>', S], ['<', SA], ['<', F]]],
    ['RSTO', 'originator aborted', [['>', S], ['<', SA], ['>', R]]],
    ['RSTR', 'responder sent a reset', [['>', S], ['<', SA], ['<', R]]],
    ['RSTOS0', 'SYN then reset by the originator', [['>', S], ['>', R]]],
    ['RSTRH', 'SYN-ACK then reset by the responder', [['<', SA], ['<', R]]],
    ['SH', 'SYN then FIN by the originator', [['>', S], ['>', F]]],
    ['SHR', 'SYN-ACK then FIN by the responder', [['<', SA], ['<', F]]],
    ['OTH', 'no SYN, midstream', [['>', A], ['<', A]]],
  ])('%s: %s', (state, _meaning, steps) => {
    const one = packet({ transport: TCP, toPort: 443 });
    const packets = steps.map(([way, changes]) => (way === '>' ? { ...one, ...changes } : back(one, changes)));
    const flows = flowsOf(packets);
    expect(flows.map((flow) => [flow.state, flow.initiatorPort])).toEqual([[state, 50_000]]);
  }); // prettier-ignore

  it('of UDP says whether both sides spoke', () => {
    expect(flowsOf([packet()])[0]?.state).toBe('S0');
    expect(flowsOf([packet(), back(packet())])[0]?.state).toBe('SF');
    expect(flowsOf([packet({ fromPort: 53 })])[0]?.state).toBe('SHR');
  });
});

describe('tunnels', () => {
  it('keep apart what has the same ends at another depth, and name the flow around', () => {
    const outer = packet({ time: 1_495_000_000 });
    const packets: Packet[] = [];
    for (let i = 0; i < 3; i++) {
      packets.push({ ...outer, time: outer.time + i }, { ...outer, time: outer.time + i, depth: 1, inside: 2 * i });
    }
    const flows = flowsOf(packets);
    expect(flows.map(({ depth, tunnel, locator, packets: [out] }) => [depth, tunnel, locator, out])).toEqual([
      [0, 0, 1, 3],
      [1, 1, 2, 3],
    ]);
  });

  it('a flow that goes on in a new record names the record around it at that time', () => {
    const packets = Array.from({ length: 400 }, (_, i) => {
      const time = 1_495_000_000 + Math.floor(i / 2) * 10;
      return i % 2 === 0 ? packet({ time }) : packet({ time, from: 3, to: 4, depth: 1, inside: i - 1 });
    });
    const flows = flowsOf(packets);
    expect(flows.map(({ depth, tunnel, locator }) => [depth, tunnel, locator])).toEqual([
      [0, 0, 1],
      [1, 1, 2],
      [0, 0, 363],
      [1, 363, 364],
    ]);
  });

  it('a flow outside a tunnel takes nothing from the one whose record it reuses', () => {
    const first = packet({ depth: 1, inside: 0, from: 3 });
    const later = Array.from({ length: 300 }, (_, i) => packet({ time: 1_496_000_000 + i * 100, from: 10 + i }));
    expect(flowsOf([packet(), first, ...later]).filter(({ tunnel }) => tunnel !== 0).length).toBe(1);
  });
});

describe('fragments', () => {
  it('later ones are counted, but not looked at', () => {
    const seen: string[] = [];
    const first = packet({ fragment: 1, bytes: 1500, payload: 'head' });
    const later = packet({ fragment: 2, bytes: 600, payload: 'tail' });
    const flows = flowsOf([first, later], (_payload, text) => {
      seen.push(text);
      return NOT_RECOGNISED;
    });
    expect(flows.map((flow) => [flow.packets[0], flow.bytes[0]])).toEqual([[2, 2100]]);
    expect(seen).toEqual(['head']);
  });
});

describe('transport truth', () => {
  const tcp = (changes: Partial<Packet>): Packet => packet({ transport: TCP, toPort: 443, flags: ACK, ...changes });

  it('retransmissions and duplicates count as packets and bytes, and are shown once', () => {
    const seen: string[] = [];
    const syn = tcp({ flags: SYN, sequence: 9 });
    const one = tcp({ sequence: 10, payload: 'abc' });
    const two = tcp({ sequence: 13, payload: 'def' });
    const flows = flowsOf([syn, one, one, two, one, two], (_payload, text) => {
      seen.push(text);
      return NOT_RECOGNISED;
    });
    expect(flows.map((flow) => [flow.packets[0], flow.bytes[0]])).toEqual([[6, 600]]);
    expect(seen).toEqual(['abc', 'def']);
  });

  it('keep-alives hold a flow open, and their byte from before is not shown', () => {
    const seen: string[] = [];
    const syn = tcp({ flags: SYN, sequence: 9, time: 1_495_000_000 });
    const data = tcp({ sequence: 10, payload: 'abc', time: 1_495_000_001 });
    const alive = (after: number) => tcp({ sequence: 12, payload: 'c', time: 1_495_000_001 + after });
    const flows = flowsOf([syn, data, alive(250), alive(500), alive(750)], (_payload, text) => {
      seen.push(text);
      return NOT_RECOGNISED;
    });
    expect(flows.length).toBe(1);
    expect(seen).toEqual(['abc']);
  });

  it('behind a segment cut by the snapshot length nothing is joined', () => {
    const seen: string[] = [];
    const syn = tcp({ flags: SYN, sequence: 9 });
    const cut = tcp({ sequence: 10, payload: 'abc', payloadLength: 1400 });
    const next = tcp({ sequence: 1410, payload: 'def' });
    const flows = flowsOf([syn, cut, next], (_payload, text) => {
      seen.push(text);
      return WANTS_MORE;
    });
    expect(flows.length).toBe(1);
    expect(seen).toEqual(['abc']);
  });

  it('time that goes back a little belongs to the flow, which then began earlier', () => {
    const flows = flowsOf([packet({ time: 1000 }), packet({ time: 990 }), packet({ time: 1010 })]);
    expect(flows.map(({ start, end, packets: [out] }) => [start, end, out])).toEqual([[990, 1010, 3]]);
  });

  it('time that jumps years, back or forth, splits and does not freeze', () => {
    const years = [2017, 2037, 1970, 2017, 2106].map((year) => Date.UTC(year, 4, 17) / 1000);
    const flows = flowsOf(years.map((time) => packet({ time })));
    expect(flows.map(({ start, end }) => [start, end])).toEqual(years.map((time) => [time, time]));
    const wild = Array.from({ length: 20_000 }, (_, i) => packet({ from: i % 50, time: ((i * 7919) % 4000) * 1e6 }));
    const counted = flowsOf(wild).reduce((sum, flow) => sum + flow.packets[0] + flow.packets[1], 0);
    expect(counted).toBe(20_000);
  });
});

describe('stream heads', () => {
  const text = 'the quick brown fox jumps over the lazy dog';
  /** The segments of `text`, cut at these places, in this order, and what the inspector saw last. */
  function lastSeen(segments: readonly (readonly [from: number, to: number])[], base: number): string {
    const syn = packet({ transport: TCP, toPort: 443, flags: SYN, sequence: base });
    let last = '';
    const packets = segments.map(([from, to]) =>
      packet({ transport: TCP, toPort: 443, flags: ACK, sequence: base + 1 + from, payload: text.slice(from, to) }),
    );
    flowsOf([syn, ...packets], (_payload, seen) => {
      last = seen;
      return seen === text ? RECOGNISED : WANTS_MORE;
    });
    return last;
  }

  it('are put together from segments in any order, repeated and overlapping', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { minLength: 1, maxLength: 3 });
    const bases = fc.constantFrom(0, 1000, 0x7fffffff, 0xfffffff0);
    fc.assert(
      fc.property(cuts, bases, fc.infiniteStream(fc.nat()), fc.nat(5), (places, base, order, overlap) => {
        const edges = [0, ...places.toSorted((x, y) => x - y), text.length];
        const segments = edges.slice(1).map((to, i) => [Math.max(0, (edges[i] ?? 0) - overlap), to] as const);
        const twice = [...segments, ...segments].map((one) => ({ one, rank: order.next().value ?? 0 }));
        const shuffled = twice.toSorted((x, y) => x.rank - y.rank).map(({ one }) => one);
        expect(lastSeen(shuffled, base)).toBe(text);
      }),
    );
  });

  it('stop at a gap, and do not join what does not belong together', () => {
    expect(lastSeen([[0, 10], [20, 30]], 5)).toBe(text.slice(0, 10)); // prettier-ignore
  });

  it('a watched stream is seen message by message', () => {
    const seen: string[] = [];
    const messages = ['ab', 'cd', 'ef', 'gh'].map((payload, i) =>
      packet({ transport: TCP, flags: ACK, toPort: 53, sequence: i * 2, payload }),
    );
    flowsOf(messages, (payload, given) => {
      seen.push(given);
      payload.rule = 1;
      return given === 'ab' ? WANTS_MORE : WATCH;
    });
    expect(seen).toEqual(['ab', 'abcd', 'ef', 'gh']);
  });

  it('keep which packet made the rule sure and the name whole, beyond the active timeout too', () => {
    const message = ['hel', 'lo ', 'a.test', ''].map((payload, i) =>
      packet({ transport: TCP, flags: ACK, toPort: 80, sequence: i * 3, payload, time: 1_495_000_000 + i }),
    );
    const later = Array.from({ length: 10 }, (_, i) => back(message[0] ?? packet(), { time: 1_495_000_100 + i * 250 }));
    const flows = flowsOf([packet({ toPort: 9 }), ...message, ...later], (payload, given) => {
      if (given.length >= 6) payload.rule = 1;
      if (given.length < 12) return WANTS_MORE;
      payload.name = 'a.test';
      return RECOGNISED;
    });
    expect(flows.map(({ seenAt }) => seenAt)).toEqual([[0, 0], [4, 3], [4, 3]]); // prettier-ignore
  });
});
