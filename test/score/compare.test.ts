import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { type FlowComparison, type OurFlow, compareFile } from './compare.ts';
import { questionsOf } from './dns-questions.ts';
import { type NameTable, expectedLabel, readVocabulary } from './expected-label.ts';
import { type ExpectedFlow, expectedFlow, readExpected } from './expected.ts';
import { isSameHostname, isSameJa4, KINSHIP_IDS } from './kinship.ts';
import { addUp, printTotals, share } from './tally.ts';
import { textTable } from './text-table.ts';

const SHARED = fileURLToPath(new URL('../../../shared', import.meta.url));
const VOCABULARY = path.join(SHARED, 'vocabulary.tsv');
const EXPECTED = path.join(SHARED, 'corpus/expected.jsonl');

const table: NameTable = {
  ndpi: new Map([
    ['TLS', { kind: 'protocol', id: 'tls' }],
    ['DNS', { kind: 'protocol', id: 'dns' }],
    ['HTTP', { kind: 'protocol', id: 'http' }],
    ['DoH_DoT', { kind: 'protocol', id: 'encrypted-dns' }],
    ['Telegram', { kind: 'protocol', id: 'telegram-mtproto' }],
    ['Facebook', { kind: 'service', id: 'facebook' }],
    ['Google', { kind: 'service', id: 'google' }],
    ['YouTube', { kind: 'service', id: 'youtube' }],
  ]),
  protocols: new Set(['tls', 'dns', 'http', 'encrypted-dns', 'teredo', 'smb1', 'smb2']),
  services: new Set(['facebook', 'google', 'youtube']),
};

function theirs(changes: Record<string, unknown> = {}): ExpectedFlow {
  const line = {
    path: 'a.pcap',
    kind: 'flow',
    engine: 'nDPI-test',
    l4: 'tcp',
    src_ip: '10.0.0.1',
    src_port: 1000,
    dst_ip: '10.0.0.2',
    dst_port: 443,
    proto: 'TLS.Facebook',
    guessed: false,
    packets_c2s: 2,
    bytes_c2s: 228,
    packets_s2c: 1,
    bytes_s2c: 114,
    ...changes,
  };
  const flow = expectedFlow(JSON.stringify(line));
  if (flow === null) throw new Error('not a flow record');
  return flow;
}

function ours(changes: Partial<OurFlow> = {}): OurFlow {
  return {
    id: 'e:1:0',
    start: '2017-05-01T00:00:00.000000Z',
    initiator: '10.0.0.1',
    initiatorPort: 1000,
    responder: '10.0.0.2',
    responderPort: 443,
    transport: 'tcp',
    packetsOut: 2,
    packetsIn: 1,
    bytesOut: 200,
    bytesIn: 100,
    hostname: null,
    protocol: 'tls',
    service: 'facebook',
    ja3: null,
    ja4: null,
    tunnel: null,
    ...changes,
  };
}

const reversed: Partial<OurFlow> = {
  initiator: '10.0.0.2',
  initiatorPort: 443,
  responder: '10.0.0.1',
  responderPort: 1000,
  packetsOut: 1,
  packetsIn: 2,
  bytesOut: 100,
  bytesIn: 200,
};

function only(expected: ExpectedFlow, flow: OurFlow): FlowComparison {
  const [first, ...rest] = compareFile([expected], [flow], table).flows;
  expect(rest).toEqual([]);
  if (first === undefined) throw new Error('nothing compared');
  return first;
}

const outcome = (expected: ExpectedFlow, flow: OurFlow, aspect: keyof FlowComparison['verdicts']): string | undefined =>
  only(expected, flow).verdicts[aspect]?.outcome;

describe('labels', () => {
  it.each([
    ['TLS.Facebook', 'tls', 'agree'],
    ['TLS.Facebook', 'unknown', 'missing'],
    ['TLS.Facebook', 'http', 'differ'],
    ['TLS', 'encrypted-dns', 'more-specific'],
    ['TLS.DoH_DoT', 'tls', 'less-specific'],
    ['TLS.DoH_DoT', 'encrypted-dns', 'agree'],
    ['TLS.Telegram', 'tls', 'agree'],
    ['Telegram', 'tls', 'differ'],
    ['Facebook', 'tls', undefined],
    ['Unknown', 'unknown', undefined],
    ['Unknown', 'tls', 'more-specific'],
    ['EAQ', 'tls', 'not-in-vocabulary'],
    ['HTTP.EAQ', 'http', 'agree'],
  ])('protocol: they say %s, we %s: %s', (proto, protocol, expected) => {
    expect(outcome(theirs({ proto }), ours({ protocol }), 'protocol')).toBe(expected);
  });

  it.each([
    ['TLS.Facebook', 'facebook', 'agree'],
    ['TLS.Facebook', null, 'missing'],
    ['TLS.Facebook', 'google', 'differ'],
    ['TLS.Google', 'youtube', 'more-specific'],
    ['TLS.YouTube', 'google', 'less-specific'],
    ['TLS', 'google', 'more-specific'],
    ['TLS', null, undefined],
    ['DNS.Facebook', null, undefined],
    ['DNS.Facebook', 'facebook', 'more-specific'],
    ['TLS.Telegram', 'telegram', 'agree'],
    ['TLS.EAQ', null, 'not-in-vocabulary'],
    ['EAQ', null, 'not-in-vocabulary'],
  ])('service: they say %s, we %s: %s', (proto, service, expected) => {
    expect(outcome(theirs({ proto }), ours({ service }), 'service')).toBe(expected);
  });

  it("reads Zeek's and Arkime's names, several side by side", () => {
    const zeek = theirs({ engine: 'zeek', proto: 'ntlm,ssl' });
    expect(expectedLabel(zeek, table)).toMatchObject({ protocols: ['tls'], chain: false, outside: [] });
    expect(outcome(zeek, ours(), 'protocol')).toBe('agree');
    expect(outcome(zeek, ours(), 'service')).toBeUndefined();
    const arkime = theirs({ engine: 'arkime', proto: undefined, protocols: ['tcp', 'smb', 'adb'] });
    expect(expectedLabel(arkime, table)).toMatchObject({ protocols: ['smb1', 'smb2'], outside: ['adb'] });
    expect(outcome(arkime, ours({ protocol: 'smb2' }), 'protocol')).toBe('agree');
  });

  it('compares host names without case, port and last dot, and fingerprints letter by letter', () => {
    const flow = theirs({ hostname: 'A.example.:443', ja3: 'ab', ja4: ['t13', 't12'] });
    const same = ours({ hostname: 'a.EXAMPLE', ja3: 'ab', ja4: 't12' });
    for (const aspect of ['hostname', 'ja3', 'ja4'] as const) expect(outcome(flow, same, aspect)).toBe('agree');
    expect(outcome(flow, ours({ hostname: 'b.example' }), 'hostname')).toBe('differ');
    expect(outcome(flow, ours({ ja3: 'AB' }), 'ja3')).toBe('differ');
    expect(outcome(flow, ours(), 'ja4')).toBe('missing');
  });
});

describe('questions of DNS', () => {
  const asked = theirs({ l4: 'udp', dst_port: 53, proto: 'DNS', hostname: 'second.test' });
  const flow = ours({ transport: 'udp', responderPort: 53, protocol: 'dns', hostname: 'first.test' });
  const questioned = (...names: string[]): string | undefined =>
    compareFile([asked], [flow], table, new Map([['udp 10.0.0.1 1000 10.0.0.2 53', names]])).flows[0]?.verdicts.hostname
      ?.outcome;

  it('are the same flow when the packets ask both, and only then', () => {
    expect(questioned('first.test', 'second.test')).toBe('other-form');
    expect(questioned('first.test')).toBe('differ');
    expect(outcome(asked, flow, 'hostname')).toBe('differ');
  });

  it('are read from a message as far as they are whole', () => {
    const head = Buffer.from('123401000002000000000000', 'hex');
    const name = Buffer.from('03777777024142002f', 'hex');
    const two = Buffer.concat([head, name.subarray(0, 8), Buffer.from('00010001', 'hex'), name.subarray(0, 8)]);
    expect(questionsOf(two)).toEqual(['www.ab', 'www.ab']);
    expect(questionsOf(two.subarray(0, 19))).toEqual([]);
    expect(questionsOf(two.subarray(0, 24))).toEqual(['www.ab']);
    expect(questionsOf(Buffer.concat([head, Buffer.from('0261070000010001', 'hex')]))).toEqual(['a\\007']);
    expect(questionsOf(head.subarray(0, 5))).toEqual([]);
  });
});

describe('counts', () => {
  it('takes frame bytes for IP bytes plus what a link layer adds', () => {
    expect(outcome(theirs(), ours(), 'bytes')).toBe('agree');
    expect(outcome(theirs({ bytes_c2s: 199 }), ours(), 'bytes')).toBe('differ');
    expect(outcome(theirs({ bytes_c2s: 200 + 2 * 48 + 1 }), ours(), 'bytes')).toBe('differ');
    expect(outcome(theirs(), ours({ tunnel: 'e:1:0' }), 'bytes')).toBeUndefined();
  });

  it('takes IP bytes as they are', () => {
    const zeek = { engine: 'zeek', proto: 'ssl', ip_bytes_c2s: 200, ip_bytes_s2c: 100 };
    expect(outcome(theirs(zeek), ours(), 'bytes')).toBe('agree');
    expect(outcome(theirs(zeek), ours({ bytesIn: 101 }), 'bytes')).toBe('differ');
  });

  it('turns the counts of a flow that is seen the other way round', () => {
    const turned = only(theirs(), ours(reversed));
    expect(turned.presence).toBe('found');
    expect(turned.verdicts.packets?.outcome).toBe('agree');
    expect(turned.verdicts.bytes?.outcome).toBe('agree');
    expect(turned.verdicts.direction?.outcome).toBe('differ');
    expect(outcome(theirs(), ours({ ...reversed, packetsOut: 2, packetsIn: 1 }), 'packets')).toBe('differ');
  });

  it('sums our parts of one flow of theirs', () => {
    const parts = [
      ours({ packetsOut: 1, packetsIn: 0 }),
      ours({ ...reversed, id: 'e:9:0', packetsOut: 1, packetsIn: 1 }),
    ];
    const [flow] = compareFile([theirs()], parts, table).flows;
    expect(flow?.verdicts.packets).toEqual({ outcome: 'agree', expected: '2 + 1', ours: '2 + 1' });
  });
});

describe('pairing', () => {
  it('prefers the same direction, then the closest start', () => {
    const early = ours({ id: 'early', start: '2017-05-01T00:00:00.000000Z' });
    const late = ours({ id: 'late', start: '2017-05-01T01:00:00.000000Z' });
    const back = ours({ ...reversed, id: 'back', start: '2017-05-01T01:00:00.000000Z' });
    const at = Date.UTC(2017, 4, 1, 0, 59) / 1000;
    const pair = (flows: OurFlow[]): string | null | undefined =>
      compareFile([theirs({ first_ts: at })], flows, table).flows[0]?.ourFlow;
    expect(pair([early, late])).toBe('late');
    expect(pair([early, back])).toBe('early');
  });

  it('gives each of ours to one of theirs, and tells the rest', () => {
    const two = [theirs({ id: 1 }), theirs({ id: 2 })];
    expect(compareFile(two, [ours()], table).flows.map((flow) => flow.presence)).toEqual(['found', 'shared']);
    expect(compareFile(two, [], table).flows.map((flow) => flow.presence)).toEqual(['missing', 'missing']);
    expect(only(theirs({ dst_port: 444 }), ours()).presence).toBe('missing');
    expect(only(theirs({ l4: 'udp' }), ours()).presence).toBe('missing');
    expect(only(theirs({ l4: 'arp' }), ours()).presence).toBe('not-comparable');
    expect(compareFile([theirs({ dst_port: 444 })], [ours()], table).oursOnly).toEqual(new Map([['nDPI-test', 1]]));
  });

  it('matches what has no ports by its addresses, whatever the family is called', () => {
    const six = {
      src_ip: 'fe80:0::1',
      dst_ip: 'FF02::1',
      src_port: '0x85',
      dst_port: 0,
      l4: 'icmpv6',
      proto: 'ICMPV6',
    };
    const flow = ours({ transport: 'icmp6', initiator: 'fe80::1', responder: 'ff02::1', initiatorPort: 133 });
    expect(only(theirs(six), flow).presence).toBe('found');
    expect(only(theirs({ ...six, l4: 'icmp' }), flow).presence).toBe('found');
    expect(only(theirs({ ...six, l4: 58 }), flow).presence).toBe('found');
  });
});

describe('totals', () => {
  it('keep guessed labels apart and print shares with their denominator', () => {
    const file = compareFile(
      [theirs(), theirs({ src_port: 1001, guessed: true }), theirs({ src_port: 1002 })],
      [ours(), ours({ initiatorPort: 1001, protocol: 'http' })],
      table,
    );
    const totals = addUp([file]);
    const protocol = totals.outcomes.filter((row) => row.aspect === 'protocol');
    expect(protocol.map((row) => [row.basis, row.agree, row.differ])).toEqual([
      ['detected', 1, 0],
      ['guessed', 0, 1],
    ]);
    expect(totals.presence).toMatchObject([{ engine: 'nDPI-test', files: 1, expected: 3, found: 2, missing: 1 }]);
    expect(totals.protocols).toMatchObject([{ name: 'tls', agree: 1, differ: 0 }]);
    expect(printTotals(totals)).toContain('66.7 % of 3');
    expect(share(0, 0)).toBe('-');
  });

  it('print no control or direction characters of a capture', () => {
    expect(textTable(['name'], [['a\u001b[31m\u202eb']])).toBe('name\n--------\na?[31m?b');
  });
});

describe('what is the same in another form', () => {
  it.each([
    ['host?name.test', 'host\\007name.test', true],
    ['host_name.test', 'host=name.test', true],
    ['host-name.test', 'hostname.test', false],
    ['host_name.test', 'hostxname.test', false],
    ['b'.repeat(74) + '.test', 'a'.repeat(9) + 'b'.repeat(74) + '.test', true],
    ['b'.repeat(73) + '.test', 'a'.repeat(9) + 'b'.repeat(73) + '.test', false],
    ['c'.repeat(74) + '.test', 'a'.repeat(9) + 'b'.repeat(74) + '.test', false],
  ])('host names %s and %s: %s', (theirName, ourName, isSame) =>
    expect(isSameHostname(theirName, ourName)).toBe(isSame),
  );

  it.each([
    ['q13d0310h3_55b375c5d22e_b064f0e3421d', 'q13d0310h9_55b375c5d22e_b064f0e3421d', true],
    ['t12d1909ht_b5dc49c6fcca_2cdefc264be7', 't12i1909h1_b5dc49c6fcca_2cdefc264be7', true],
    ['d00d010000_692296a295db_e3b0c44298fc', 'd00i010000_692296a295db_000000000000', true],
    ['t12i1909h2_b5dc49c6fcca_2cdefc264be7', 't12d1909h2_b5dc49c6fcca_2cdefc264be7', false],
    ['t12d1908h2_b5dc49c6fcca_2cdefc264be7', 't12d1909h2_b5dc49c6fcca_2cdefc264be7', false],
    ['t12d1909h2_b5dc49c6fcca_2cdefc264be7', 't12d1909h2_b5dc49c6fcca_2cdefc264be8', false],
  ])('JA4 %s and %s: %s', (theirPrint, ourPrint, isSame) => expect(isSameJa4(theirPrint, ourPrint)).toBe(isSame));
});

describe.skipIf(!existsSync(EXPECTED))('the corpus (skipped where it is absent)', () => {
  it('agrees with itself: every flow of every engine, mirrored as ours, is found and agrees', () => {
    const names = readVocabulary(VOCABULARY);
    expect(names.protocols.size).toBeGreaterThan(100);
    let flows = 0;
    for (const expected of readExpected(EXPECTED).values()) {
      for (const run of new Set(expected.map((flow) => `${flow.engine} ${flow.run}`))) {
        const own = expected.filter((flow) => `${flow.engine} ${flow.run}` === run);
        const mirrored = own.flatMap((flow, place) => mirror(flow, place, names));
        for (const flow of compareFile(own, mirrored, names).flows) {
          flows++;
          if (flow.presence === 'not-comparable') continue;
          const wrong = Object.values(flow.verdicts).filter(
            (one) => !['agree', 'not-in-vocabulary', 'more-specific'].includes(one.outcome),
          );
          expect([flow.path, flow.flow, flow.presence, wrong]).toEqual([flow.path, flow.flow, 'found', []]);
        }
      }
    }
    expect(flows).toBeGreaterThan(5000);
  });

  it('knows only ids of the vocabulary in its table of kinship', () => {
    const names = readVocabulary(VOCABULARY);
    expect(KINSHIP_IDS.protocols.filter((id) => !names.protocols.has(id))).toEqual([]);
    const catalogue = Catalogue.load();
    // Finer services of ours lie in the catalogue.
    const strange = KINSHIP_IDS.services.filter((id) => !names.services.has(id) && catalogue.service(id) === null);
    expect(strange).toEqual([]);
  });
});

function mirror(flow: ExpectedFlow, place: number, names: NameTable): OurFlow[] {
  const { tuple } = flow;
  if (tuple === null) return [];
  const label = expectedLabel(flow, names);
  const links = flow.byteBasis === 'frame' ? 14 : 0;
  return [
    {
      id: `e:${place + 1}:0`,
      start: new Date((flow.start ?? place * 1e6) / 1000).toISOString(),
      initiator: tuple.source,
      initiatorPort: tuple.sourcePort,
      responder: tuple.destination,
      responderPort: tuple.destinationPort,
      transport: tuple.transport,
      packetsOut: flow.packetsOut ?? 0,
      packetsIn: flow.packetsIn ?? 0,
      bytesOut: (flow.bytesOut ?? 0) - links * (flow.packetsOut ?? 0),
      bytesIn: (flow.bytesIn ?? 0) - links * (flow.packetsIn ?? 0),
      hostname: flow.hostname[0] ?? null,
      protocol: label.protocols.at(-1) ?? 'unknown',
      service: label.service,
      ja3: flow.ja3[0] ?? null,
      ja4: flow.ja4[0] ?? null,
      tunnel: null,
    },
  ];
}
