import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVE_PROTOCOLS, eveEvent } from '../../electron/flows/text/eve.ts';
import { REMEMBERED_FLOWS } from '../../electron/flows/text/recent-flows.ts';
import { detectText } from '../../electron/flows/text/text-exports.ts';
import { ASSEMBLY } from '../../shared/flow.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';
import { type Collected, line, readFixture, readText } from './read-text-export.ts';

function readEve(text: string): Collected {
  return readText(Buffer.from(text), { id: 'suricata-eve', mapping: null, origin: 'shipped' }).found;
}

const FLOW = {
  timestamp: '2017-05-17T01:03:00.000000+0000',
  flow_id: 77,
  event_type: 'flow',
  src_ip: '192.0.2.10',
  src_port: 50123,
  dest_ip: '198.51.100.7',
  dest_port: 443,
  proto: 'TCP',
  flow: {
    pkts_toserver: 9,
    pkts_toclient: 11,
    bytes_toserver: 1326,
    bytes_toclient: 9154,
    start: '2017-05-17T01:02:03.125000+0000',
    end: '2017-05-17T01:02:04.375000+0000',
  },
};

describe('Suricata EVE', () => {
  it('knows only protocols of the vocabulary', () => {
    expect(EVE_PROTOCOLS.filter((protocol) => !Object.hasOwn(PROTOCOLS, protocol))).toEqual([]);
  });

  it('gives flows, names, DNS answers, fingerprints, and counts what it does not use', () => {
    const { format, found, reader } = readFixture('eve.log');
    expect(format.id).toBe('suricata-eve');
    expect(found.flows.map(line)).toEqual([
      '01:02:03.125 01:02:04.375 192.0.2.10:50123 > 198.51.100.7:443 tcp 9/1326 11/9154',
      '01:02:04.000 01:02:04.100 2001:db8::1:128 > 2001:db8::2:0 icmp6 1/118 1/118',
    ]);
    expect(found.flows[0]).toMatchObject({
      uid: '1357003807701028',
      tcpFlags: 0x1b,
      protocol: 'tls',
      rule: 'suricata-app-proto',
      ja3: '72a589da586844d7f0818ce684948eea',
      ja4: 't12d0100h0_aaaaaaaaaaaa_bbbbbbbbbbbb',
      oneWay: false,
      locator: 7,
    });
    expect(found.flows[1]).not.toHaveProperty('ja3');
    expect(found.names.flatMap(({ protocol, ja3, ja4 }) => (ja3 === undefined ? [] : [[protocol, ja3, ja4]]))).toEqual([
      ['tls', '72a589da586844d7f0818ce684948eea', 't12d0100h0_aaaaaaaaaaaa_bbbbbbbbbbbb'],
    ]);
    expect(
      found.names.map(({ uid, name, origin, protocol, userAgent }) => [
        uid.slice(-2),
        name,
        origin,
        protocol,
        userAgent,
      ]),
    ).toEqual([
      ['27', 'www.example.com', 'dns-question', 'dns', undefined],
      ['27', 'www.example.com', 'dns-question', 'dns', undefined],
      ['28', 'www.example.com', 'tls-sni', 'tls', undefined],
      ['29', 'plain.example.org', 'http-host', 'http', 'curl/7.52.1'],
      ['30', 'quic.example.org', 'quic-sni', 'quic', undefined],
    ]);
    expect(found.answers).toEqual([
      {
        client: '192.0.2.10',
        address: '198.51.100.7',
        name: 'www.example.com',
        from: '2017-05-17T01:02:03.250000Z',
        until: '2017-05-17T01:03:03.250000Z',
      },
    ]);
    expect(found.told).toEqual([
      ['alert-event', 1, 4],
      ['unused-event', 1, 9],
      ['frame-bytes', 1, 1],
    ]);
    expect(reader.records).toBe(9);
  });

  it('puts the netflow events of a flow together, and takes no flow twice', () => {
    const { found } = readFixture('eve-netflow.log');
    expect(found.flows.map(line)).toEqual([
      '01:02:03.125 01:02:04.375 192.0.2.10:50123 > 198.51.100.7:443 tcp 9/1326 11/9154',
      '01:02:09.000 01:02:09.000 192.0.2.10:50124 > 198.51.100.7:443 tcp 1/60 0/0',
    ]);
    expect(found.flows.map(({ assembly, oneWay, tcpFlags, locator }) => [assembly, oneWay, tcpFlags, locator])).toEqual(
      [
        [ASSEMBLY.paired, false, 0x12, 1],
        [ASSEMBLY.oneWay, true, undefined, 3],
      ],
    );
    expect(found.told[0]).toEqual(['netflow-beside-flow', 1, 4]);
  });

  it('reads DNS events of every version, whichever end the log puts first', () => {
    const dns = (from: string, to: string, ports: [number, number], event: object): string =>
      JSON.stringify({
        timestamp: '2017-05-17T01:02:03Z',
        flow_id: '5',
        event_type: 'dns',
        src_ip: from,
        dest_ip: to,
        src_port: ports[0],
        dest_port: ports[1],
        proto: 'UDP',
        dns: event,
      });
    const found = readEve(
      [
        dns('192.0.2.53', '192.0.2.10', [53, 50001], {
          type: 'answer',
          rrname: 'a.test',
          rrtype: 'A',
          ttl: 60,
          rdata: '198.51.100.1',
        }),
        dns('192.0.2.10', '192.0.2.53', [50001, 53], {
          version: 3,
          type: 'response',
          queries: [{ rrname: 'b.test', rrtype: 'AAAA' }],
          answers: [
            { rrname: 'c.test', rrtype: 'AAAA', ttl: 2 ** 40, rdata: '2001:db8::1' },
            { rrtype: 'A', rdata: 'no' },
            null,
            7,
          ],
        }),
        dns('192.0.2.10', '224.0.0.251', [5353, 5353], { type: 'query', rrname: 'd.local', rrtype: 'PTR' }),
      ].join('\n'),
    );
    expect(
      found.answers.map(({ client, address, name, from, until }) => [client, address, name, from === until]),
    ).toEqual([
      ['192.0.2.10', '198.51.100.1', 'a.test', false],
      ['192.0.2.10', '2001:db8::1', 'b.test', true],
    ]);
    expect(found.names.map(({ name, protocol }) => [name, protocol])).toEqual([
      ['a.test', 'dns'],
      ['b.test', 'dns'],
      ['d.local', 'mdns'],
    ]);
    expect(found.told).toEqual([['no-flow-event', 1, 1]]);
  });

  it('takes a port that is lists within lists for none: made a number, it would need more stack than there is', () => {
    const event = {
      timestamp: FLOW.timestamp,
      flow_id: 5,
      event_type: 'dns',
      src_ip: '192.0.2.10',
      dest_ip: '192.0.2.53',
    };
    const dns = { type: 'query', rrname: 'www.example.org', id: 1 };
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const found = readEve(
      JSON.stringify({ ...event, src_port: 50_000, dest_port: 0, dns }).replace(':0,', `:${deep},`),
    );
    expect(found.names.map(({ name, protocol }) => [name, protocol])).toEqual([['www.example.org', 'dns']]);
  });

  it('loses what is wrong alone, under its line', () => {
    const bad = (changes: object): string => JSON.stringify({ ...FLOW, ...changes });
    const found = readEve(
      [
        bad({ proto: 'constructor' }),
        bad({ src_ip: null }),
        bad({ src_port: 65_536 }),
        bad({ flow: null }),
        bad({ flow: { ...FLOW.flow, start: 'now' } }),
        bad({ flow: { ...FLOW.flow, bytes_toserver: -1 } }),
        bad({ event_type: 'tls', flow_id: null }),
        '{"a":1}',
        '{"timestamp":"2017-05-17T01:02:03Z"',
        bad({ app_proto: 'constructor', tcp: { tcp_flags: 'zz' } }),
      ].join('\n'),
    );
    expect(found.flows.map(({ locator, protocol, tcpFlags }) => [locator, protocol, tcpFlags])).toEqual([
      [10, undefined, undefined],
    ]);
    expect(found.told).toEqual([
      ['unknown-transport', 1, 1],
      ['bad-address', 1, 2],
      ['bad-number', 2, 3],
      ['bad-json', 2, 4],
      ['bad-time', 1, 5],
      ['no-uid', 1, 7],
      ['not-an-event', 1, 8],
      ['frame-bytes', 1, 1],
    ]);
  });

  it('names a flow by the certificate where no name was asked', () => {
    const tls = { subject: 'C=US, O=Google LLC, CN=dns.Google', issuerdn: 'C=US, CN=ca.example' };
    const events = [tls, { ...tls, sni: 'asked.example' }, { subject: 'CN=Some CA' }];
    const found = readEve(events.map((each) => JSON.stringify({ ...FLOW, event_type: 'tls', tls: each })).join('\n'));
    expect(found.names.map(({ name, origin }) => [name, origin])).toEqual([
      ['dns.google', 'tls-certificate'],
      ['asked.example', 'tls-sni'],
      [undefined, 'tls-sni'],
    ]);
  });

  it('remembers a bounded number of flows, and says so', () => {
    const events = Array.from({ length: 2 * REMEMBERED_FLOWS }, (_, flow) =>
      JSON.stringify({ ...FLOW, flow_id: flow + 1 }),
    );
    const found = readEve(events.join('\n'));
    expect(found.flows).toHaveLength(2 * REMEMBERED_FLOWS);
    expect(found.told).toEqual([
      ['frame-bytes', 1, 1],
      ['flows-over-budget', 1, 1],
    ]);
  });

  it('is read as AWS Network Firewall wraps it, and in a time without zone', () => {
    expect(eveEvent({ firewall_name: 'f', event: FLOW })).toBe(FLOW);
    expect(eveEvent({ event: 'flow' })).toBeNull();
    const open = { ...FLOW, flow: { ...FLOW.flow, start: '2017-05-17T01:02:03', end: undefined } };
    const found = readEve(JSON.stringify({ firewall_name: 'f', event: open }));
    expect(found.flows.map(({ start, end }) => end - start)).toEqual([0]);
    expect(found.told.map(([kind]) => kind)).toEqual(['time-zone-assumed', 'frame-bytes']);
  });
});

describe.skipIf(!corpusIsThere)('EVE logs of the corpus (skipped: ../shared/corpus is not there)', () => {
  it('are all recognised, and give what they hold', () => {
    const seen = corpusFiles()
      .filter(({ format }) => format === 'suricata-eve')
      .map(({ path }) => {
        const bytes = readFileSync(CORPUS + path);
        expect([path, detectText(bytes.subarray(0, 65_536), null)?.id]).toEqual([path, 'suricata-eve']);
        const { found, reader } = readText(bytes, { id: 'suricata-eve', mapping: null, origin: 'shipped' });
        return `${path.split('/').at(-1) ?? ''} ${reader.records} ${found.flows.length} ${found.names.length} ${found.answers.length}`;
      });
    expect(seen.toSorted()).toEqual([
      'PSEXEC-RCE-network-monitoring-logs-example.json 100 1 0 0',
      'alertify_input.json 3 0 3 0',
      'eve-alert.json 1 0 0 0',
      'eve-flow.json 1 1 0 0',
      'eve-tls.json 1 0 1 0',
      'jsonparse_eve_broken1.json 2 0 2 1',
      'jsonparse_eve_nulls.json 1 0 0 0',
      'suricata-eve-detect.log 4 0 0 0',
      'suricata-logs-evelog.log 8 2 0 0',
    ]);
  });
});
