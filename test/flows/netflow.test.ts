import { describe, expect, it } from 'vitest';
import { NetflowCollector } from '../../electron/flows/netflow/netflow-collector.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { ICMP, ICMP6, TCP } from '../../shared/flow.ts';
import {
  CollectedFlows,
  EXPORT_SECONDS,
  type Field,
  fixedNetflow,
  ipfix,
  ipv4,
  line,
  netflow9,
  optionsTemplate,
  optionsTemplate9,
  set,
  template,
  uint,
  UPTIME,
} from './netflow-messages.ts';

const EXPORT = EXPORT_SECONDS * 1e6;
const EXPORTER: AddressWords = [0, 0, 0xffff, 0x0a000009];
const A = '10.0.0.1';
const B = '10.0.0.2';
const ADDRESSES: readonly Field[] = [
  [8, 4],
  [12, 4],
];
const ENDS = [...ipv4(A), ...ipv4(B)];

/** Reads messages as packets 1, 2, … of one exporter. */
function read(...messages: readonly Uint8Array[]) {
  const found = new CollectedFlows();
  const collector = new NetflowCollector(found, 'packets');
  for (const [i, bytes] of messages.entries()) {
    collector.message(bytes, 0, bytes.length, EXPORTER, 2055, EXPORT, i + 1);
  }
  collector.end();
  return { found, collector, flow: found.flows[0], problems: found.problemCounts };
}

/** One record of one template behind the addresses, by both versions or one of them. */
const record9 = (fields: readonly Field[], ...values: number[][]) =>
  netflow9([set(0, template(300, [...ADDRESSES, ...fields])), set(300, ENDS, ...values)]);
const record10 = (fields: readonly Field[], ...values: number[][]) =>
  ipfix([set(2, template(300, [...ADDRESSES, ...fields])), set(300, ENDS, ...values)]);

const millis = (seconds: number): number[] => uint(BigInt(EXPORT_SECONDS + seconds) * 1000n, 8);

describe('NetFlow v1, v5, v7', () => {
  for (const [version, padding] of [
    [1, 7],
    [1, 11],
    [5, 0],
    [7, 0],
  ] as const) {
    it(`reads v${version}${padding === 11 ? " with Extreme's longer padding" : ''}`, () => {
      const tcp = {
        source: A,
        destination: B,
        nextHop: '10.0.0.3',
        input: 4,
        output: 5,
        packets: 6,
        bytes: 700,
        sourcePort: 1234,
        destinationPort: 80,
        flags: 0x1b,
      };
      const { found, flow } = read(
        fixedNetflow(
          version,
          [tcp, { source: A, destination: B, transport: ICMP, destinationPort: 0x0301 }],
          0,
          UPTIME,
          padding,
        ),
      );
      expect(found.problemCounts).toEqual({});
      expect(line(flow)).toBe('10.0.0.1 1234 > 10.0.0.2 80 6 6/700');
      expect(flow).toMatchObject({
        start: EXPORT + 0.5e6 - 2e6,
        end: EXPORT + 0.5e6 - 1e6,
        tcpFlags: 0x1b,
        oneWay: true,
        sampling: 0,
        inputInterface: 4,
        outputInterface: 5,
        exporter: EXPORTER,
        nextHop: [0, 0, 0xffff, 0x0a000003],
        locator: 1.0001,
      });
      expect(found.flows[1]).toMatchObject({ initiatorPort: 3, responderPort: 1, nextHop: undefined, locator: 1.0002 });
    });
  }

  it('takes the sampling interval whether or not the mode bits are set', () => {
    const rate = (field: number) => read(fixedNetflow(5, [{ source: A, destination: B }], field)).flow.sampling;
    expect([rate(0x4000 + 512), rate(512), rate(0x4001), rate(0)]).toEqual([512, 512, 0, 0]);
  });

  it('counts time across the wrap of the exporter clock', () => {
    const { flow } = read(fixedNetflow(5, [{ source: A, destination: B, first: 2 ** 32 - 4000, last: 1000 }], 0, 6000));
    expect([flow.start, flow.end]).toEqual([EXPORT + 0.5e6 - 10e6, EXPORT + 0.5e6 - 5e6]);
  });

  it('lets a flow end a little after its export, and none before its start', () => {
    const late = read(fixedNetflow(5, [{ source: A, destination: B, first: UPTIME, last: UPTIME + 20 }]));
    expect(late.flow.end).toBe(EXPORT + 0.5e6 + 20e3);
    const turned = read(fixedNetflow(5, [{ source: A, destination: B, first: UPTIME, last: UPTIME - 20 }]));
    expect(turned.problems).toEqual({ 'end-before-start': 1 });
    expect(turned.flow.end).toBe(turned.flow.start);
  });

  it('reads what is whole of a message that was cut', () => {
    const whole = fixedNetflow(5, [
      { source: A, destination: B },
      { source: B, destination: A },
    ]);
    const { found, problems } = read(whole.subarray(0, -1), whole.subarray(0, 20));
    expect(found.flows).toHaveLength(1);
    expect(problems).toEqual({ 'truncated-message': 2 });
  });
});

describe('fields', () => {
  it('reads ports, protocol, flags, interfaces, next hop and exporter, of any reduced size', () => {
    const fields: Field[] = [
      [1, 3],
      [2, 5],
      [4, 1],
      [6, 2],
      [7, 2],
      [11, 2],
      [10, 2],
      [14, 4],
      [15, 4],
      [130, 4],
    ];
    const values = [
      uint(70_000, 3),
      uint(9, 5),
      [TCP],
      uint(0x112, 2),
      uint(1234, 2),
      uint(80, 2),
      uint(3, 2),
      uint(4, 4),
    ];
    const { flow } = read(record9(fields, ...values, ipv4('10.9.9.9'), ipv4('10.8.8.8')));
    expect(line(flow)).toBe('10.0.0.1 1234 > 10.0.0.2 80 6 9/70000');
    expect(flow).toMatchObject({ tcpFlags: 0x12, inputInterface: 3, outputInterface: 4, oneWay: true });
    expect(formatAddress(...(flow.nextHop ?? EXPORTER))).toBe('10.9.9.9');
    expect(formatAddress(...(flow.exporter ?? EXPORTER))).toBe('10.8.8.8');
  });

  it('reads IPv6, and takes the family that is set where a template has both', () => {
    const both: Field[] = [...ADDRESSES, [27, 16], [28, 16], [1, 8]];
    const v6 = (last: number): number[] => [...uint(0x20010db8, 4), ...uint(last, 12)];
    const message = ipfix([
      set(2, template(300, both)),
      set(300, [...uint(0, 8), ...v6(1), ...v6(2), ...uint(5, 8), ...ENDS, ...uint(0, 32), ...uint(6, 8)]),
    ]);
    expect(read(message).found.flows.map(line)).toEqual([
      '2001:db8::1 0 > 2001:db8::2 0 0 0/5',
      '10.0.0.1 0 > 10.0.0.2 0 0 0/6',
    ]);
  });

  it('puts ICMP type and code in the ports, from whichever field has them', () => {
    const counts: Field[] = [
      [4, 1],
      [2, 1],
    ];
    const ports = (message: Uint8Array) => [read(message).flow.initiatorPort, read(message).flow.responderPort];
    expect(ports(record9([...counts, [7, 2], [11, 2]], [ICMP, 1], [9, 9], [8, 1]))).toEqual([8, 1]);
    expect(ports(record9([...counts, [11, 2], [32, 2]], [ICMP, 1], [0, 0], [8, 1]))).toEqual([8, 1]);
    expect(ports(record10([...counts, [139, 2]], [ICMP6, 1], [128, 3]))).toEqual([128, 3]);
    expect(ports(record10([...counts, [178, 1], [179, 1]], [ICMP6, 1], [128], [3]))).toEqual([128, 3]);
  });

  it('reads every encoding of time', () => {
    const span = (message: Uint8Array) => {
      const { flow, problems } = read(message);
      expect(problems).toEqual({ 'no-transport': 1 });
      return [(flow.start - EXPORT) / 1e6, (flow.end - EXPORT) / 1e6];
    };
    const ntp = (seconds: number, fraction: number): number[] => [
      ...uint(EXPORT_SECONDS + seconds + 2_208_988_800, 4),
      ...uint(fraction, 4),
    ];
    const [s, e] = [-20, -5];
    const seconds = [uint(EXPORT_SECONDS + s, 4), uint(EXPORT_SECONDS + e, 4)];
    expect(
      span(
        record10(
          [
            [150, 4],
            [151, 4],
          ],
          ...seconds,
        ),
      ),
    ).toEqual([s, e]);
    expect(
      span(
        record10(
          [
            [152, 8],
            [153, 8],
          ],
          millis(s),
          millis(e),
        ),
      ),
    ).toEqual([s, e]);
    expect(
      span(
        record10(
          [
            [154, 8],
            [155, 8],
          ],
          ntp(s, 2 ** 31),
          ntp(e, 0),
        ),
      ),
    ).toEqual([s + 0.5, e]);
    expect(
      span(
        record10(
          [
            [156, 8],
            [157, 8],
          ],
          ntp(s, 2 ** 30),
          ntp(e, 0),
        ),
      ),
    ).toEqual([s + 0.25, e]);
    const plain = [uint(BigInt(EXPORT + s * 1e6), 8), uint(BigInt(EXPORT + e * 1e6), 8)];
    expect(
      span(
        record10(
          [
            [154, 8],
            [155, 8],
          ],
          ...plain,
        ),
      ),
    ).toEqual([s, e]);
    expect(
      span(
        record10(
          [
            [158, 4],
            [159, 4],
          ],
          uint(20_000_000, 4),
          uint(5_000_000, 4),
        ),
      ),
    ).toEqual([s, e]);
    expect(
      span(
        record10(
          [
            [152, 8],
            [161, 4],
          ],
          millis(s),
          uint(15_000, 4),
        ),
      ),
    ).toEqual([s, e]);
    expect(
      span(
        record10(
          [
            [153, 8],
            [162, 4],
          ],
          millis(e),
          uint(15_000_000, 4),
        ),
      ),
    ).toEqual([s, e]);
    const uptimes = [uint(UPTIME - 20_000, 4), uint(UPTIME - 5000, 4)];
    expect(
      span(
        record9(
          [
            [22, 4],
            [21, 4],
          ],
          ...uptimes,
        ),
      ),
    ).toEqual([s, e]);
    const start = BigInt(EXPORT_SECONDS) * 1000n - BigInt(UPTIME) - 2n ** 32n;
    expect(
      span(
        record10(
          [
            [22, 4],
            [21, 4],
            [160, 8],
          ],
          ...uptimes,
          uint(start, 8),
        ),
      ),
    ).toEqual([s, e]);
    expect(span(record9([[323, 8]], millis(s)))).toEqual([s, s]);
  });

  it('tells where the time of the export stands for that of the record', () => {
    const absent = read(record10([[2, 1]], [1]));
    expect(absent.problems).toMatchObject({ 'no-time': 1 });
    expect([absent.flow.start, absent.flow.end]).toEqual([EXPORT, EXPORT]);
    expect(
      read(
        record10(
          [
            [22, 4],
            [21, 4],
          ],
          uint(1, 8),
        ),
      ).problems,
    ).toMatchObject({ 'no-system-start': 2, 'no-time': 1 });
    const absurd = read(
      record10(
        [
          [152, 8],
          [153, 8],
        ],
        uint(2n ** 63n, 8),
        uint(2n ** 63n, 8),
      ),
    );
    expect(absurd.problems).toMatchObject({ 'impossible-time': 1 });
    expect(absurd.flow.start).toBe(EXPORT);
  });

  it('loses a record, and no other, over an impossible count or missing addresses', () => {
    const huge = ipfix([
      set(2, template(300, [...ADDRESSES, [1, 8], [4, 1], [152, 8]])),
      set(300, ENDS, uint(2n ** 60n, 8), [6], millis(0), ENDS, uint(5, 8), [6], millis(0)),
      set(
        2,
        template(301, [
          [12, 4],
          [1, 4],
        ]),
      ),
      set(301, uint(1, 8), uint(2, 8)),
    ]);
    const { found, problems, collector } = read(huge);
    expect(found.flows.map(line)).toEqual(['10.0.0.1 0 > 10.0.0.2 0 6 0/5']);
    expect(problems).toEqual({ 'bad-number': 1, 'no-addresses': 2 });
    expect(collector.records).toBe(1);
  });
});

describe('both directions in one record', () => {
  const base: readonly Field[] = [
    [1, 4],
    [2, 4],
  ];
  const values = [uint(100, 4), uint(1, 4), uint(200, 4), uint(2, 4)];
  const twoWay = { bytesOut: 100, packetsOut: 1, bytesIn: 200, packetsIn: 2, oneWay: false };

  it('reads reverse fields of biflows (RFC 5103), and the direction', () => {
    const reverse: readonly Field[] = [...base, [1, 4, 29_305], [2, 4, 29_305], [7, 2], [11, 2]];
    const ports = [uint(1234, 2), uint(80, 2)];
    expect(read(record10(reverse, ...values, ...ports)).flow).toMatchObject(twoWay);
    const { flow } = read(record10([...reverse, [239, 1]], ...values, ...ports, [2]));
    expect(line(flow)).toBe('10.0.0.2 80 > 10.0.0.1 1234 0 2/200');
    expect([flow.packetsIn, flow.bytesIn]).toEqual([1, 100]);
  });

  it('takes for the initiator of a biflow whom flags, ports or times show, when nothing says', () => {
    const all: Field[] = [...base, [1, 4, 29_305], [2, 4, 29_305], [7, 2], [11, 2], [4, 1], [6, 1], [6, 1, 29_305]];
    const times: Field[] = [
      [152, 8],
      [153, 8],
      [152, 8, 29_305],
    ];
    const begun = (ports: readonly number[], flags: readonly number[], starts = [-9, -9], counts = values): string => {
      const data = [...counts, ...ports.map((port) => uint(port, 2)), [6], ...flags.map((each) => [each])];
      const [start = 0, reverse = 0] = starts;
      const { flow, problems } = read(
        record10([...all, ...times], ...data, millis(start), millis(-1), millis(reverse)),
      );
      expect(problems).toEqual({ 'initiator-not-told': 1 });
      expect([flow.packetsOut, flow.start]).toEqual([
        flow.initiatorPort === ports[0] ? 1 : 2,
        EXPORT + Math.min(start, reverse) * 1e6,
      ]);
      return line(flow);
    };
    const [there, back] = ['10.0.0.1 40000 > 10.0.0.2 50000 6 1/100', '10.0.0.2 50000 > 10.0.0.1 40000 6 2/200'];
    // Nothing tells; a SYN without acknowledgement; the earlier start.
    expect(begun([40_000, 50_000], [0x1a, 0x1a])).toBe(there);
    expect(begun([40_000, 50_000], [0x12, 0x02])).toBe(back);
    expect(begun([40_000, 50_000], [0x02, 0x12], [-8, -9])).toBe(there);
    expect(begun([40_000, 50_000], [0x1a, 0x1a], [-8, -9])).toBe(back);
    // A port of servers, unless flags tell otherwise.
    expect(begun([443, 50_000], [0x1a, 0x1a])).toBe('10.0.0.2 50000 > 10.0.0.1 443 6 2/200');
    expect(begun([443, 50_000], [0x02, 0x12])).toBe('10.0.0.1 443 > 10.0.0.2 50000 6 1/100');
    // A way out on which nothing went.
    const none = read(
      record10(all, uint(0, 4), uint(0, 4), ...values.slice(2), uint(40_000, 2), uint(53, 2), [17], [0], [0]),
    );
    expect([line(none.flow), none.flow.packetsIn]).toEqual(['10.0.0.2 53 > 10.0.0.1 40000 17 2/200', 0]);
  });

  it('widens the times by those of the way back, and joins its flags', () => {
    const fields: Field[] = [
      [4, 1],
      [6, 1],
      [6, 1, 29_305],
      [152, 8],
      [153, 8],
      [153, 8, 29_305],
    ];
    const { flow } = read(record10(fields, [6], [2], [0x10], millis(-9), millis(-8), millis(-7)));
    expect([flow.start, flow.end, flow.tcpFlags]).toEqual([EXPORT - 9e6, EXPORT - 7e6, 0x12]);
  });

  it('reads initiator and responder counts, and NetFlow v9 incoming and outgoing ones', () => {
    expect(
      read(
        record10(
          [
            [231, 4],
            [298, 4],
            [232, 4],
            [299, 4],
          ],
          ...values,
        ),
      ).flow,
    ).toMatchObject(twoWay);
    expect(read(record9([...base, [23, 4], [24, 4]], ...values)).flow).toMatchObject(twoWay);
    const outgoing = read(
      record9(
        [
          [23, 4],
          [24, 4],
        ],
        uint(7, 4),
        uint(1, 4),
      ),
    ).flow;
    expect(outgoing).toMatchObject({ bytesOut: 7, packetsOut: 1, bytesIn: 0, oneWay: true });
    // In IPFIX these are counts after a middlebox.
    expect(read(record10([...base, [23, 4], [24, 4]], ...values)).flow).toMatchObject({ bytesIn: 0, oneWay: true });
    // A responder's count without the initiator's is none (Huawei).
    expect(read(record9([...base, [232, 2]], uint(1, 4), uint(1, 4), uint(9, 2))).flow).toMatchObject({ bytesIn: 0 });
  });

  it('counts the end of a firewall flow once, and tells other events', () => {
    const nsel: readonly Field[] = [
      [233, 1],
      [231, 4],
      [232, 4],
    ];
    const event = (number: number) => [...ENDS, number, ...uint(5, 4), ...uint(6, 4)];
    const log = netflow9([
      set(0, template(300, [...ADDRESSES, ...nsel])),
      set(300, event(1), event(5), event(2), event(3)),
    ]);
    const { found, problems } = read(log);
    expect(found.flows).toMatchObject([{ bytesOut: 5, bytesIn: 6, oneWay: false, locator: 1.0003 }]);
    expect(problems).toMatchObject({ 'nsel-event': 3 });
    const update = read(
      record9(
        [
          [233, 1],
          [1, 4],
        ],
        [5],
        uint(8, 4),
      ),
    );
    expect(update.flow).toMatchObject({ bytesOut: 8, oneWay: false });
  });
});

describe('sampling', () => {
  const COUNT: readonly Field[] = [[1, 1]];
  const plain = set(0, template(300, [...ADDRESSES, ...COUNT]));
  const flow = set(300, ENDS, [9]);

  it('of options holds for the flows behind it, of the same exporter and source', () => {
    const options = set(
      1,
      optionsTemplate9(
        400,
        [[1, 4]],
        [
          [34, 4],
          [35, 1],
        ],
      ),
    );
    const rate = set(400, uint(0, 4), uint(128, 4), [2]);
    const { found } = read(netflow9([plain, flow, options, rate, flow]), netflow9([flow]), netflow9([plain, flow], 7));
    expect(found.flows.map(({ sampling }) => sampling)).toEqual([0, 128, 128, 0]);
  });

  it('goes by interface, in or out, where options have that scope, and by the rate of all else', () => {
    const rate = (iface: number, one: number): number[] => set(400, uint(iface, 4), uint(one, 4));
    const data = set(2, template(301, [...ADDRESSES, [10, 2], [14, 2]]));
    const options = set(3, optionsTemplate(400, 1, [[10, 4], [34, 4]])); // prettier-ignore
    const options9 = set(1, optionsTemplate9(400, [[2, 4]], [[34, 4]]));
    const between = (input: number, output: number): number[] => set(301, ENDS, uint(input, 2), uint(output, 2));
    const flows = [between(5, 1), between(1, 6), between(1, 2)];
    for (const found of [
      read(ipfix([options, data, rate(5, 100), rate(6, 1000), ...flows])),
      read(netflow9([options9, set(0, template(301, [...ADDRESSES, [10, 2], [14, 2]])), rate(5, 100), rate(6, 1000), ...flows])), // prettier-ignore
    ]) {
      expect(found.found.flows.map(({ sampling }) => sampling)).toEqual([100, 1000, 0]);
      expect(found.problems).toMatchObject({ 'sampling-unclear': 1 });
    }
    const { found } = read(ipfix([options, data, rate(5, 100), rate(6, 100), ...flows]));
    expect(found.flows.map(({ sampling }) => sampling)).toEqual([100, 100, 100]);
  });

  it('goes by sampler where the record names one', () => {
    const samplers = set(
      1,
      optionsTemplate9(
        400,
        [[1, 4]],
        [
          [48, 2],
          [50, 4],
        ],
      ),
    );
    const rates = set(400, uint(0, 4), uint(1, 2), uint(10, 4), uint(0, 4), uint(2, 2), uint(20, 4));
    const named = set(0, template(301, [...ADDRESSES, [48, 1], [1, 1]]));
    const flows = set(301, ENDS, [2, 9], ENDS, [1, 9], ENDS, [0, 9]);
    const { found, problems } = read(netflow9([samplers, rates, named, flows, plain, flow]));
    expect(found.flows.map(({ sampling }) => sampling)).toEqual([20, 10, 0, 0]);
    expect(problems).toMatchObject({ 'sampling-unclear': 1 });
    const one = set(400, uint(0, 4), uint(1, 2), uint(10, 4));
    expect(read(netflow9([samplers, one, plain, flow])).flow.sampling).toBe(10);
  });

  it('reads the ways of IPFIX to state it', () => {
    const stated = (fields: readonly Field[], ...values: number[][]) =>
      read(
        ipfix([
          set(3, optionsTemplate(400, 1, [[302, 2], ...fields])),
          set(400, uint(5, 2), ...values),
          set(2, template(300, [...ADDRESSES, [302, 4]])),
          set(300, ENDS, uint(5, 4)),
        ]),
      ).flow.sampling;
    expect(
      stated(
        [
          [305, 4],
          [306, 4],
        ],
        uint(2, 4),
        uint(998, 4),
      ),
    ).toBe(500);
    expect(
      stated(
        [
          [309, 2],
          [310, 4],
        ],
        uint(1, 2),
        uint(4096, 4),
      ),
    ).toBe(4096);
    expect(stated([[311, 8]], [0x3f, 0x84, 0x7a, 0xe1, 0x47, 0xae, 0x14, 0x7b])).toBe(100);
    expect(stated([[34, 4]], uint(64, 4))).toBe(64);
  });

  it('of the record itself comes first; other options are told', () => {
    const options = set(
      3,
      optionsTemplate(400, 1, [
        [144, 4],
        [34, 4],
      ]),
    );
    const names = set(
      3,
      optionsTemplate(401, 1, [
        [10, 4],
        [82, 4],
      ]),
    );
    const {
      flow: own,
      problems,
      collector,
    } = read(
      ipfix([
        options,
        set(400, uint(0, 4), uint(64, 4)),
        names,
        set(401, uint(1, 8)),
        set(2, template(300, [...ADDRESSES, [34, 4]])),
        set(300, ENDS, uint(32, 4)),
      ]),
    );
    expect(own.sampling).toBe(32);
    expect(problems).toMatchObject({ 'options-not-used': 1 });
    expect(collector.records).toBe(3);
  });
});

describe('templates', () => {
  const narrow = template(300, [...ADDRESSES, [1, 1], [4, 1]]);
  const wide = template(300, [...ADDRESSES, [1, 2], [4, 1]]);

  it('are kept by exporter and domain, of IPFIX by port too', () => {
    const found = new CollectedFlows();
    const collector = new NetflowCollector(found, 'packets');
    const send = (message: Uint8Array, exporter: AddressWords, port: number): number =>
      collector.message(message, 0, message.length, exporter, port, EXPORT, 1);
    const other: AddressWords = [0, 0, 0xffff, 1];
    const data = [set(300, ENDS, [1, 6])];
    send(netflow9([set(0, narrow)], 1), EXPORTER, 1);
    send(ipfix([set(2, narrow)], 1), EXPORTER, 1);
    expect(send(netflow9(data, 1), EXPORTER, 2)).toBe(1);
    expect(send(ipfix(data, 1), EXPORTER, 1)).toBe(1);
    const unknown = [send(netflow9(data, 2), EXPORTER, 1), send(netflow9(data, 1), other, 1)];
    expect([...unknown, send(ipfix(data, 1), EXPORTER, 2), send(ipfix(data, 2), EXPORTER, 1)]).toEqual([0, 0, 0, 0]);
    collector.end();
    expect(found.problemCounts).toMatchObject({ 'data-before-template': 4 });
  });

  it('change, and are withdrawn one by one or all', () => {
    const data = set(300, ENDS, [1, 6]);
    const wideData = set(300, ENDS, [1, 0, 6]);
    const changed = read(ipfix([set(2, narrow), data]), ipfix([set(2, wide), wideData]));
    expect(changed.found.flows.map((flow) => flow.bytesOut)).toEqual([1, 256]);
    for (const withdrawn of [template(300, []), template(2, [])]) {
      const { found, problems } = read(ipfix([set(2, narrow)]), ipfix([set(2, withdrawn), data]));
      expect(found.flows).toEqual([]);
      expect(problems).toEqual({ 'data-before-template': 1 });
    }
    expect(read(ipfix([set(2, narrow), set(3, template(3, [])), data])).found.flows).toHaveLength(1);
  });

  it('come late: the data waits, with its own time and place, and numbers of its own', () => {
    const later = netflow9([set(0, narrow)], 0, UPTIME + 9);
    const known = template(301, [...ADDRESSES, [1, 1], [4, 1]]);
    const first = netflow9([
      set(0, known),
      set(301, ENDS, [5, 6]),
      set(300, ENDS, [1, 6], ENDS, [2, 6]),
      set(301, ENDS, [3, 6]),
    ]);
    const { found, problems } = read(first, later);
    expect(problems).toEqual({ 'no-time': 4 });
    expect(found.flows.map((flow) => [flow.bytesOut, flow.locator])).toEqual([
      [5, 1.0001],
      [3, 1.0004],
      [1, 1.0002],
      [2, 1.0003],
    ]);
  });

  it('with padding, strings of variable length and fields of enterprises are read by their lengths', () => {
    const fields: Field[] = [[82, 65_535], ...ADDRESSES, [9, 4, 35_632], [1, 65_535], [4, 1]];
    const record = (name: number[]) => [...name, ...ENDS, ...uint(7, 4), 2, 1, 0, 6];
    const long = [255, ...uint(300, 2), ...Array.from({ length: 300 }, () => 65)];
    const { found, problems } = read(
      ipfix([
        set(2, template(300, fields), uint(0, 3)),
        set(300, record([3, 1, 2, 3]), record(long), record([0]), [0, 0]),
      ]),
    );
    expect(found.flows.map(line)).toEqual(Array.from({ length: 3 }, () => '10.0.0.1 0 > 10.0.0.2 0 6 0/256'));
    expect(problems).toEqual({ 'no-time': 3, 'enterprise-fields': 1 });
    const lying = read(ipfix([set(2, template(300, fields)), set(300, record([200]), [1, 2, 3])]));
    expect(lying.problems).toMatchObject({ 'damaged-record': 1 });
  });

  it('keep fields of enterprises by number, as far as there is room', () => {
    const fields: Field[] = [[7, 2, 9], ...ADDRESSES, [5, 65_535, 35_632], [1, 1], [4, 1], [3, 1, 6871]];
    const record = (text: number[]) => [1, 2, ...ENDS, text.length, ...text, 7, 6, 5];
    const kept = (data: number[], given = fields) => {
      const { found, problems } = read(ipfix([set(2, template(300, given)), set(300, data)]));
      return [found.flows[0]?.enterpriseFields, problems['enterprise-fields-cut']];
    };
    expect(kept(record([0xab, 0xcd]))).toEqual(['9.7=0102 35632.5=abcd 6871.3=05', undefined]);
    expect(kept(record([]))).toEqual(['9.7=0102 35632.5= 6871.3=05', undefined]);
    const [long, wasCut] = kept(record(Array.from({ length: 254 }, () => 0x41)));
    expect(long).toMatch(/^9\.7=0102 35632\.5=(41){240,}$/);
    expect(wasCut).toBe(1);
    const many = Array.from({ length: 100 }, (_, i): Field => [i, 1, 9]);
    const [text, cut] = kept([...ENDS, ...many.map((_, i) => i)], [...ADDRESSES, ...many]);
    expect(String(text).split(' ').at(-1)).toMatch(/^9\.\d+=[\da-f]{2}$/);
    expect([String(text).length <= 512, String(text).length > 500, cut]).toEqual([true, true, 1]);
    const [plain] = read(netflow9([set(0, template(300, [...ADDRESSES, [40_001, 2]])), set(300, ENDS, [3, 4])])).found
      .flows;
    expect(plain?.enterpriseFields).toBe('0.40001=0304');
  });

  it('that lie are refused, and nothing loops', () => {
    const count = (...sets: number[][]) => read(ipfix(sets)).problems['bad-template'];
    expect(
      count(
        set(
          2,
          template(300, [
            [8, 0],
            [12, 0],
          ]),
        ),
      ),
    ).toBe(1);
    expect(
      count(
        set(
          2,
          template(300, [
            [8, 60_000],
            [12, 60_000],
          ]),
        ),
      ),
    ).toBe(1);
    expect(count(set(2, template(40, ADDRESSES)))).toBe(1);
    expect(count(set(2, uint(300, 2), uint(9, 2), [0, 8, 0, 4]))).toBe(1);
    expect(count(set(3, optionsTemplate(300, 3, ADDRESSES)))).toBe(1);
    expect(
      count(
        set(
          2,
          template(
            300,
            Array.from({ length: 1025 }, () => [1, 1] as const),
          ),
        ),
      ),
    ).toBe(1);
    expect(read(netflow9([set(0, template(300, [[8, 65_535]]))])).problems).toEqual({ 'bad-template': 1 });
    const sound = read(ipfix([set(2, template(300, [[8, 0]])), set(2, narrow), set(300, ENDS, [1, 6])]));
    expect(sound.found.flows).toHaveLength(1);
  });

  it('behind a set whose length cannot be, nothing of the message is read', () => {
    const bytes = ipfix([set(2, narrow), set(300, ENDS, [1, 6]), set(300, ENDS, [2, 6])]);
    bytes[bytes.length - 11] = 200;
    const { found, problems } = read(bytes);
    expect(found.flows).toHaveLength(1);
    expect(problems).toMatchObject({ 'damaged-set': 1 });
  });
});
