import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparisonsOf } from '../../electron/classify/indicators-stix.ts';
import { readIndicators } from '../../electron/classify/indicators.ts';
import { EnclaveError } from '../../shared/problem.ts';

const read = (content: unknown) =>
  readIndicators(Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)), 'file');
const told = (content: unknown) => read(content).indicators.map(({ kind, value, label }) => [kind, value, label]);
const faults = (content: unknown) =>
  read(content).notUsed.map(({ kind, count, firstOffset }) => [kind, count, firstOffset]);
const JA3 = 'e7d705a3286e19ea42f587b344ee6865';
const JA4 = 't13d1516h2_8daaf6152771_b186095e22b6';

describe('patterns of STIX', () => {
  const comparisons = (pattern: string) => {
    const found = comparisonsOf(pattern);
    return 'fault' in found ? found.fault : found.comparisons.map(({ path, value }) => [path, value]);
  };

  it('are used where one comparison alone decides', () => {
    expect(comparisons("[ipv4-addr:value = '198.51.100.1/32']")).toEqual([['ipv4-addr:value', '198.51.100.1/32']]);
    expect(comparisons("[domain-name:value IN ('a.test', 'b.test')] OR [url:value='http://c.test/it\\'s']")).toEqual([
      ['domain-name:value', 'a.test'],
      ['domain-name:value', 'b.test'],
      ['url:value', "http://c.test/it's"],
    ]);
    expect(comparisons("([ipv4-addr:value ISSUBSET '10.0.0.0/8' OR (ipv6-addr:value = '::1')])")).toHaveLength(2);
  });

  it('are used where the other comparison only says what kind of thing an end is', () => {
    const type = "network-traffic:dst_ref.type = 'ipv4-addr'";
    const value = "network-traffic:dst_ref.value = '198.51.100.1'";
    const used = [['network-traffic:dst_ref.value', '198.51.100.1']];
    expect(comparisons(`[${type} AND ${value}]`)).toEqual(used);
    expect(comparisons(`[(${value} AND ${type})]`)).toEqual(used);
    expect(comparisons(`[domain-name:value = 'a.test' OR ${type} AND ${value}]`)).toHaveLength(2);
    expect(comparisons(`[${type} AND ${value} AND network-traffic:dst_port = 443]`)).toBe('combined-pattern');
    expect(comparisons(`[${type} AND ${value.replace('dst_ref', 'src_ref')}]`)).toBe('combined-pattern');
    expect(comparisons(`[network-traffic:dst_ref.type = 'mac-addr' AND ${value}]`)).toBe('combined-pattern');
    expect(comparisons(`[${type} OR ${value}]`)).toHaveLength(2);
  });

  it.each([
    ["[ipv4-addr:value = '198.51.100.1' AND network-traffic:dst_port = 443]", 'combined-pattern'],
    ["[domain-name:value = 'a.test'] FOLLOWEDBY [ipv4-addr:value = '198.51.100.1']", 'combined-pattern'],
    ["[domain-name:value = 'a.test'] WITHIN 5 SECONDS", 'combined-pattern'],
    ["[domain-name:value != 'a.test']", 'combined-pattern'],
    ["[domain-name:value LIKE '%.test']", 'combined-pattern'],
    ["[NOT domain-name:value = 'a.test']", 'combined-pattern'],
    ["domain-name:value = 'a.test'", 'bad-pattern'],
    ["[domain-name:value = 'a.test'", 'bad-pattern'],
    ["[domain-name:value = 'a.test')", 'bad-pattern'],
    ["[domain-name:value = 'a.test' ipv4-addr:value = '10.0.0.1']", 'bad-pattern'],
    ["[domain-name:value IN ('a.test' 'b.test')]", 'bad-pattern'],
    ["[domain-name:value = 'a.test] OR", 'bad-pattern'],
    ['', 'bad-pattern'],
    ['[', 'bad-pattern'],
  ])('%s: %s', (pattern, fault) => {
    expect(comparisons(pattern)).toBe(fault);
  });

  it('take time in line with their length', () => {
    const begun = process.cpuUsage();
    comparisonsOf(`[${"domain-name:value = 'a' OR ".repeat(2400)}`);
    comparisonsOf("[x:'".padEnd(65_000, "\\'"));
    comparisonsOf('['.repeat(65_000));
    expect(process.cpuUsage(begun).user).toBeLessThan(1e6);
  });
});

describe('readIndicators', () => {
  const indicator = (pattern: string, more: object = {}) => ({
    type: 'indicator',
    id: 'indicator--1',
    pattern,
    ...more,
  });

  it('reads a STIX bundle and counts what no flow can meet', () => {
    const bundle = {
      type: 'bundle',
      objects: [
        indicator("[ipv4-addr:value = '198.51.100.7']", { name: 'Sinkhole', valid_from: '2018-01-01T00:00:00Z' }),
        indicator("[domain-name:value = 'Bad.Example.TEST.'] OR [url:value = 'https://u:p@host.test:8443/x?y']"),
        indicator(`[network-traffic:x_ja3 = '${JA3}'] OR [x509-certificate:serial_number = '12']`),
        { type: 'malware', id: 'malware--1' },
        indicator("[file:hashes.'SHA-256' = 'aa']"),
        indicator('rule x {}', { pattern_type: 'yara' }),
        indicator("[ipv4-addr:value = '198.51.100.8']", { revoked: true }),
        indicator("[ipv4-addr:value = '0.0.0.0/0']"),
        indicator("[ipv4-addr:value = '198.51.100.8']", { valid_from: 'yesterday' }),
        indicator("[domain-name:value = 'com']"),
        { type: 'indicator', pattern: 7 },
        null,
      ],
    };
    expect(told(bundle)).toEqual([
      ['address', '198.51.100.7', 'Sinkhole'],
      ['domain', 'bad.example.test', 'indicator--1'],
      ['url-host', 'host.test', 'indicator--1'],
      ['ja3', JA3, 'indicator--1'],
    ]);
    expect(read(bundle).indicators[0]).toMatchObject({ validFrom: Date.UTC(2018, 0, 1) * 1000, validUntil: null });
    expect(faults(bundle)).toEqual([
      ['stix-x509-certificate', 1, 3],
      ['other-object', 2, 4],
      ['stix-file', 1, 5],
      ['other-language', 1, 6],
      ['revoked', 1, 7],
      ['too-broad', 1, 8],
      ['bad-validity', 1, 9],
      ['bad-name', 1, 10],
      ['bad-indicator', 1, 11],
    ]);
  });

  it('reads MISP events', () => {
    const attribute = (type: string, value: string, more: object = {}) => ({ type, value, ...more });
    const event = {
      Event: {
        info: 'Campaign',
        Attribute: [
          attribute('ip-dst|port', '198.51.100.1|443', { comment: 'C2' }),
          attribute('hostname', 'www.bad.test'),
          attribute('domain|ip', 'bad.test|2001:db8::1'),
          attribute('ja3-fingerprint-md5', JA3.toUpperCase()),
          attribute('md5', 'd41d8cd98f00b204e9800998ecf8427e'),
          attribute('domain', 'context.test', { to_ids: false }),
        ],
        Object: [{ Attribute: [attribute('url', 'hxxp://[2001:db8::2]/x')] }],
      },
    };
    expect(told({ response: [event] })).toEqual([
      ['address', '198.51.100.1', 'Campaign: C2'],
      ['host', 'www.bad.test', 'Campaign'],
      ['domain', 'bad.test', 'Campaign'],
      ['address', '2001:db8::1', 'Campaign'],
      ['ja3', JA3, 'Campaign'],
      ['address', '2001:db8::2', 'Campaign'],
    ]);
    expect(faults(event)).toEqual([
      ['misp-md5', 1, 5],
      ['not-for-detection', 1, 6],
    ]);
  });

  it('reads what searches of MISP and TAXII answer, and MISP’s CSV', () => {
    const attribute = { type: 'ip-dst', value: '198.51.100.1', to_ids: '1', deleted: '0', Event: { info: 'Kit' } };
    const context = { ...attribute, value: '198.51.100.2', to_ids: '0' };
    const answer = { response: { Attribute: [attribute, context] } };
    expect(told(answer)).toEqual([['address', '198.51.100.1', 'Kit']]);
    expect(faults(answer)).toEqual([['not-for-detection', 1, 2]]);
    expect(told({ more: false, objects: [indicator("[domain-name:value = 'a.test']")] })).toHaveLength(1);
    const csv =
      'uuid,event_id,category,type,value,comment,to_ids,date\n' +
      '"x",7,"Network activity","ip-dst|port","198.51.100.1|443","c2",1,1510000000\n' +
      '"y",7,"Network activity","domain|ip","a.test|198.51.100.3","",1,1510000000\n' +
      '"z",7,"Network activity","ip-dst","198.51.100.2","",0,1510000000\n';
    expect(told(csv)).toEqual([
      ['address', '198.51.100.1', 'c2'],
      ['domain', 'a.test', ''],
    ]);
    expect(faults(csv)).toEqual([['not-for-detection', 1, 4]]);
  });

  it('reads lists, with and without a header', () => {
    const list = `# of a friend\n198.51.100.0/24;a net\n bad[.]test ;"x; ""y"""\nhxxps://c.test/p\n${JA3}\n${JA4}\n*.d.test\n0.0.0.0 hosts.test\n`;
    expect(told(list)).toEqual([
      ['address', '198.51.100.0/24', 'a net'],
      ['domain', 'bad.test', 'x; "y"'],
      ['url-host', 'c.test', ''],
      ['ja3', JA3, ''],
      ['ja4', JA4, ''],
      ['domain', 'd.test', ''],
      ['domain', 'hosts.test', ''],
    ]);
    const named =
      'id,indicator,valid_until,name\n1,bad.test,2017-05-01,First\n2,пример.test,soon,x\n3,пример.test,,x\n';
    expect(read(named).indicators).toEqual([
      { kind: 'domain', value: 'bad.test', label: 'First', validFrom: null, validUntil: Date.UTC(2017, 4, 1) * 1000 },
      { kind: 'domain', value: 'xn--e1afmkfd.test', label: 'x', validFrom: null, validUntil: null },
    ]);
    expect(faults(named)).toEqual([['bad-validity', 1, 3]]);
    const faulty = `ok.test\n10.0.0.0/7\n"open\n${'a'.repeat(64)}\nok.test\nlocalhost\n`;
    expect(faults(faulty)).toEqual([
      ['too-broad', 1, 2],
      ['bad-quote', 1, 3],
      ['file-hash', 1, 4],
      ['stands-twice', 1, 5],
      ['bad-name', 1, 6],
    ]);
  });

  it('refuses what holds nothing, in one line', () => {
    for (const nothing of [
      '',
      '{}',
      '[1,2]',
      '{"type":"bundle","objects":[]}',
      '{',
      'no such\n',
      '[[[[',
      `[${'['.repeat(100_000)}`,
    ]) {
      expect(() => read(nothing)).toThrow(EnclaveError);
    }
  });

  it('throws nothing but an EnclaveError, whatever the file', () => {
    let refused = 0;
    const json = fc.json({ maxDepth: 4 }).map((text) => text.replaceAll('"a', '"type'));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          json,
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
        ),
        (text) => {
          try {
            read(text);
          } catch (error) {
            if (!(error instanceof EnclaveError)) throw error;
            refused++;
          }
        },
      ),
      { seed: 41, numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
