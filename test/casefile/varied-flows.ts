import * as fc from 'fast-check';
import { CONN_STATES, DIRECTIONS, DUPLICATES, LABEL_EVIDENCE, NAME_ORIGINS, SUBJECT_SIDES } from '../../shared/flow.ts';
import type { Indicator } from '../../shared/indicator.ts';
import type { SyntheticFlow } from './synthetic-case.ts';

/** Flows in which every column takes few values, so that tests and groups meet; each field may be absent. */

const T0 = Date.UTC(2017, 4, 17, 12) * 1000;
const HOUR = 3_600_000_000;

const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 3 });
const address = fc.constantFrom(
  '175.45.176.1',
  '175.45.177.9',
  '10.0.0.1',
  '8.8.8.8',
  '2001:db8::1',
  '2001:db8::ffff:1',
  '::1',
  '0.0.0.0',
);
const port = fc.constantFrom(0, 53, 80, 443, 1024, 65_535);
const amount = fc.constantFrom(0, 1, 40, 1500, 1e6, 4_294_967_296, 2 ** 53);
const name = fc.constantFrom(
  'www.facebook.com',
  'video.YOUKU.com',
  '=cmd|calc',
  '\u202emoc.lapyap',
  'a\nb',
  '<b>x</b>',
  '*',
);

export const anyFlow: fc.Arbitrary<SyntheticFlow> = fc
  .record({
    evidence: fc.constantFrom('00000000000000e1', '00000000000000e2'),
    start: fc.oneof(
      fc.integer({ min: -40, max: 40 }).map((hours) => T0 + hours * HOUR),
      fc.integer({ min: T0 - 40 * HOUR, max: T0 + 40 * HOUR }),
    ),
    lasting: fc.oneof(
      fc.constantFrom(0, HOUR - 1, HOUR, 5 * HOUR, -HOUR, 1e17),
      fc.integer({ min: 0, max: 30 * HOUR }),
    ),
    initiator: address,
    responder: address,
    initiatorPort: port,
    responderPort: port,
    transport: fc.constantFrom(6, 17, 1, 58, 200),
    packetsOut: amount,
    bytesOut: amount,
    packetsIn: amount,
    bytesIn: amount,
    tcpFlags: optional(fc.constantFrom(0x02, 0x1b, 0xff)),
    state: optional(fc.constantFrom(...CONN_STATES.filter((state) => state !== null))),
    depth: fc.constantFrom(0, 0, 1),
    tunnel: fc.constantFrom(3, 2 ** 33 + 1),
    sampling: optional(fc.constantFrom(1, 100)),
    payloadRule: optional(fc.constantFrom('bitcoin-magic', 'tls-client-hello')),
    name: optional(name),
    nameOrigin: optional(fc.constantFrom(...NAME_ORIGINS)),
    userAgent: optional(fc.constantFrom('curl/7.1', 'Mozilla/5.0 (X11)')),
    ja3: optional(fc.constantFrom('e7d705a3286e19ea42f587b344ee6865')),
    ja4: optional(fc.constantFrom('t13d1516h2_8daaf6152771_b186095e22b6')),
    exporter: optional(fc.constantFrom('192.0.2.1', '2001:db8::1')),
    nextHop: optional(fc.constantFrom('192.0.2.254')),
    inputInterface: optional(fc.constantFrom(1, 4_294_967_295)),
    outputInterface: optional(fc.constantFrom(7)),
    assembly: optional(fc.constantFrom(1, 3, 12)),
    protocol: optional(fc.constantFrom('tls', 'dns', 'unknown')),
    service: optional(fc.constantFrom('facebook', 'youku')),
    category: optional(fc.constantFrom('social', 'streaming', 'unknown')),
    labelEvidence: optional(fc.constantFrom(...LABEL_EVIDENCE)),
    confidence: optional(fc.constantFrom(29, 57, 100)),
    match: optional(fc.constantFrom('facebook.com', '157.240.0.0/16')),
    conflict: optional(fc.constantFrom('address block 31.13.64.0/18 → facebook')),
    linkedName: optional(name),
    linkedOrigin: optional(fc.constantFrom(...NAME_ORIGINS)),
    linkedUserAgent: optional(fc.constantFrom('linked/1')),
    linkedJa3: optional(fc.constantFrom('6734f37431670b3ab4292b8f60f29984')),
    linkedJa4: optional(fc.constantFrom('t13d1516h2_8daaf6152771_b186095e22b6')),
    country: optional(fc.constantFrom('CN', 'RU')),
    asn: optional(fc.constantFrom(4837, 131_279, 4_294_967_295)),
    subjectSide: optional(fc.constantFrom(...SUBJECT_SIDES)),
    range: optional(fc.constantFrom(1, 2, 3)),
    direction: optional(fc.constantFrom(...DIRECTIONS)),
    duplicate: fc.constantFrom(...DUPLICATES),
    via: optional(fc.constantFrom('1.1 cache.example', '1.1 "=cmd"')),
    forwardedFor: optional(fc.constantFrom('10.0.0.7', '10.0.0.7, 192.0.2.3')),
    synOptions: optional(fc.constantFrom('mss=1460,sok,nop,ws=7', 'none')),
    enterpriseFields: optional(fc.constantFrom('6871.40=0001 29305.58=0000', '9.12232=05')),
  })
  .map(({ lasting, ...rest }) => {
    const flow: Record<string, unknown> = { ...rest, end: Math.min(rest.start + lasting, 2 ** 53) };
    if (rest.depth === 0) delete flow['tunnel'];
    for (const key of Object.keys(flow)) if (flow[key] === undefined) delete flow[key];
    return flow as unknown as SyntheticFlow;
  });

/** A fixed list of such flows, in the order of their evidence. */
export function variedFlows(count: number): SyntheticFlow[] {
  const flows = fc.sample(anyFlow, { numRuns: count, seed: 42 });
  return flows.toSorted((x, y) => ((x.evidence ?? '') < (y.evidence ?? '') ? -1 : 1));
}

export const VARIED_PROFILE = {
  timeZone: 'Asia/Pyongyang',
  ranges: [
    { label: 'kp-main', cidr: '175.45.176.0/23' },
    { label: 'kp-main', cidr: '2001:db8::/32' },
    { label: 'other range', cidr: '10.0.0.0/8' },
  ],
};

/** Some of these flows meet one of them, some meet several. */
export const VARIED_INDICATORS: readonly Indicator[] = [
  { kind: 'address', value: '8.8.8.0/24', label: 'a resolver', validFrom: null, validUntil: T0 },
  { kind: 'address', value: '2001:db8::ffff:1', label: '', validFrom: T0, validUntil: null },
  { kind: 'domain', value: 'youku.com', label: 'videos <b>', validFrom: null, validUntil: null },
  { kind: 'host', value: 'www.facebook.com', label: '=cmd', validFrom: null, validUntil: null },
  { kind: 'host', value: 'facebook.com', label: 'not met: another host', validFrom: null, validUntil: null },
  { kind: 'ja3', value: 'e7d705a3286e19ea42f587b344ee6865', label: 'a client', validFrom: null, validUntil: null },
];

export const VARIED_ORGANISATIONS = { 4837: 'China Unicom', 131279: 'Star Joint Venture Co Ltd' };
