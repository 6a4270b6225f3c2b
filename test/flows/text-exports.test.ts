import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KNOWN_MAPPINGS, VPC_WITHOUT_HEADER } from '../../electron/flows/text/known-mappings.ts';
import { detectText, explainText, previewText, sampleText } from '../../electron/flows/text/text-exports.ts';
import { formatAddress } from '../../shared/address.ts';
import { checkMapping } from '../../shared/mapping.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { type Collected, FIXTURES, line, readFixture, readText } from './read-text-export.ts';

const TCP = '192.0.2.10:50123 > 198.51.100.7:443 tcp';
/** Detects and reads a text. */
function detected(text: string) {
  const bytes = Buffer.from(text);
  const format = detectText(bytes, null);
  if (format === null) throw new Error('not recognised');
  return { format, ...readText(bytes, format) };
}

const SPAN = '01:02:03.125 01:02:04.375';

describe('known text exports', () => {
  it('are described by mappings that pass their own check', () => {
    for (const mapping of [...KNOWN_MAPPINGS.map((known) => known.mapping), ...VPC_WITHOUT_HEADER]) {
      expect(checkMapping(JSON.parse(JSON.stringify(mapping)))).toEqual({ ok: true, mapping });
    }
  });

  it('of nfdump: csv of 1.6 and 1.7, of 1.7.3 and later, csv-fast, and json', () => {
    const csv = readFixture('nfdump-1.7.csv');
    expect(csv.format).toMatchObject({ id: 'nfdump-csv', origin: 'shipped' });
    expect(csv.found.flows.map(line)).toEqual([
      `01:02:03.000 01:02:04.250 ${TCP} 9/1200 0/0`,
      '01:02:03.000 01:02:04.250 198.51.100.7:443 > 192.0.2.10:50123 tcp 11/9000 0/0',
      '01:02:04.000 01:02:04.000 2001:db8::1:128 > 2001:db8::2:0 icmp6 1/104 0/0',
      '01:02:09.000 01:02:09.000 192.0.2.10:3 > 198.51.100.9:1 icmp 2/112 0/0',
    ]);
    expect(csv.found.flows[0]).toMatchObject({
      oneWay: true,
      tcpFlags: 0x1b,
      inputInterface: 3,
      outputInterface: 7,
      locator: 2,
    });
    expect(
      csv.found.flows.map(({ exporter, nextHop }) => [exporter, nextHop].map((one) => one && formatAddress(...one))),
    ).toEqual([['203.0.113.1', '192.0.2.254'], ...[2, 3, 4].map(() => ['203.0.113.1', undefined])]);
    expect(csv.found.told).toEqual([['time-zone-assumed', 1, 2]]);
    expect(csv.reader).toMatchObject({ records: 4, firstSeen: 1494982923000000, lastSeen: 1494982929000000 });

    const later = readFixture('nfdump-1.7.4.csv');
    expect(later.format.id).toBe('nfdump-csv');
    expect(later.found.flows.map(line)[0]).toBe(`${SPAN} ${TCP} 9/1200 0/0`);

    const fast = readFixture('nfdump-fast.csv');
    expect(fast.format.id).toBe('nfdump-csv');
    expect(fast.found.flows.map(line)).toEqual([
      `${SPAN} ${TCP} 9/1200 0/0`,
      '01:02:04.000 01:02:04.000 2001:db8::1:128 > 2001:db8::2:0 icmp6 1/104 0/0',
    ]);
    expect(fast.found.told).toEqual([]);

    const json = readFixture('nfdump-json.txt');
    expect(json.format.id).toBe('nfdump-json');
    expect(json.found.flows.map(line)).toEqual(fast.found.flows.map(line));
    expect(json.found.flows.map(({ locator }) => locator)).toEqual([2, 22]);
  });

  it('may be a header and one record, whatever stands behind them', () => {
    const table =
      'ts,td,sa,da,sp,dp,pr,flg,ipkt,ibyt\n2017-05-17 01:02:03,1.25,192.0.2.10,198.51.100.7,1,2,TCP,......,1,40';
    for (const text of [table, `${table}\nSummary\nflows,bytes,packets\n1,40,1\n2,3,4\n`]) {
      const { format, found } = detected(text);
      expect([format.id, found.flows.length]).toEqual(['nfdump-csv', 1]);
    }
  });

  it('of SiLK: rwcut with titles and blanks, and with other fields and epoch times', () => {
    const silk = readFixture('silk.txt');
    expect(silk.format.id).toBe('silk-rwcut');
    expect(silk.found.flows.map(line)).toEqual([
      `${SPAN} ${TCP} 9/1200 0/0`,
      '01:02:09.000 01:02:09.000 198.51.100.9:3 > 192.0.2.10:1 icmp 2/112 0/0',
    ]);
    expect(silk.found.flows.map(({ tcpFlags, oneWay }) => [tcpFlags, oneWay])).toEqual([
      [0x1b, true],
      [0, true],
    ]);
    const row = (sIP: string, dIP: string) =>
      detected(`sIP|dIP|pro|sTime|dur|\n${sIP}|${dIP}|6|1494982923.125|1.25|\n`);
    for (const one of [row('192.000.002.010', '198.051.100.007'), row('3221225994', '3325256711')]) {
      expect(one.format.id).toBe('silk-rwcut');
      expect(one.found.flows.map(line)).toEqual([`${SPAN} 192.0.2.10:0 > 198.51.100.7:0 tcp 0/0 0/0`]);
    }
    const epoch = readFixture('silk-epoch.txt');
    expect(epoch.found.flows.map(line)).toEqual(silk.found.flows.map(line));
    expect(epoch.found.told).toEqual([]);
  });

  it('of AWS: VPC flow logs with header, of other versions, and without header', () => {
    const log = readFixture('vpc-v2.log');
    expect(log.format.id).toBe('vpc-flow-log');
    expect(log.found.flows.map(line)).toEqual([
      `01:02:03.000 01:03:03.000 ${TCP} 9/1200 0/0`,
      '01:02:03.000 01:03:03.000 198.51.100.7:443 > 192.0.2.10:50123 tcp 11/9000 0/0',
    ]);
    expect(log.found.told).toEqual([
      ['bytes-not-defined', 1, 2],
      ['row-passed-by', 1, 4],
      ['exporter-lost-records', 1, 5],
    ]);
    const v5 = readFixture('vpc-v5.log');
    expect(v5.found.flows).toMatchObject([{ tcpFlags: 19, initiator: [0x20010db8, 0, 0, 1], bytesOut: 1200 }]);
    const bare = readFixture('vpc-without-header.log');
    expect(bare.format.id).toBe('vpc-flow-log');
    expect(bare.found.flows.map(line)).toEqual([`01:02:03.000 01:03:03.000 ${TCP} 9/1200 0/0`]);
    expect(bare.found.told[0]).toEqual(['row-passed-by', 1, 1]);
  });

  it('of argus: counts of each direction, or of both and one', () => {
    const argus = readFixture('argus.csv');
    expect(argus.format.id).toBe('csv');
    expect(argus.found.flows.map(line)).toEqual([
      `${SPAN} ${TCP} 9/1326 11/9154`,
      '01:02:10.000 01:02:10.000 192.0.2.10:8 > 198.51.100.9:0 icmp 1/98 1/98',
      '01:02:11.000 01:02:11.000 192.0.2.10:5 > 198.51.100.9:1 icmp 1/70 0/0',
    ]);
    expect(argus.found.told).toEqual([
      ['frame-bytes', 1, 2],
      ['row-passed-by', 1, 5],
    ]);
    const totals = readFixture('argus-total.csv');
    expect(totals.found.flows.map(line)).toEqual([
      `${SPAN} ${TCP} 20/1326 0/9154`,
      '01:02:09.000 01:02:09.000 192.0.2.11:5353 > 198.51.100.9:53 udp 2/80 0/220',
    ]);
    expect(totals.found.told.map(([kind]) => kind)).toEqual([
      'time-zone-assumed',
      'count-of-both-directions',
      'frame-bytes',
    ]);
  });

  it('of pmacct, Google Cloud and Elastic', () => {
    const pmacct = readFixture('pmacct-json.txt').found.flows;
    expect(pmacct.map(line)).toEqual([`${SPAN} ${TCP} 9/1200 0/0`]);
    expect(pmacct).toMatchObject([{ sampling: 100, tcpFlags: 27 }]);
    expect(readFixture('google-cloud-vpc.txt').found.flows.map((flow) => line(flow).replaceAll(/\d{3}Z/g, ''))).toEqual(
      [`${SPAN}123Z ${TCP} 9/1200 0/0`.replaceAll(/\d{3}Z/g, '')],
    );
    const elastic = readFixture('elastic.txt').found;
    expect(elastic.flows.map(line)).toEqual([`${SPAN} ${TCP} 9/1326 11/9154`]);
    expect(elastic.flows[0]).toMatchObject({ protocol: 'tls', oneWay: false });
    expect(elastic.told.map(([kind]) => kind)).toEqual(['bytes-not-defined', 'row-passed-by']);
  });
});

describe('other text', () => {
  it('is read with a proposed mapping where that is sure, and it is told', () => {
    const { format, found } = readFixture('firewall.csv');
    expect(format).toMatchObject({ id: 'csv', origin: 'proposed' });
    expect(found.flows.map(line)).toEqual([
      '2017-05-16T16:32:03.125 2017-05-16T16:32:04.375 192.0.2.10:50123 > 198.51.100.7:443 tcp 9/1200 11/9000',
      '2017-05-16T16:32:09.000 2017-05-16T16:32:09.010 192.0.2.11:5353 > 198.51.100.9:53 udp 1/80 1/220',
    ]);
    expect(found.flows.map(({ name, nameOrigin }) => [name, nameOrigin])).toEqual([
      ['www.example.com', 'tls-sni'],
      [undefined, undefined],
    ]);
    expect(found.told).toEqual([
      ['mapping-proposed', 1, 1],
      ['bytes-not-defined', 1, 2],
    ]);
    expect(found.problems.list()[0]?.message).toContain('initiator = Source IP, responder = Destination IP');
  });

  it('is refused where it is not sure, with the columns, the doubt and a proposal to correct', () => {
    const head = readFileSync(`${FIXTURES}day-or-month.csv`);
    expect(detectText(head, null)).toBeNull();
    const refusal = explainText(head, null);
    expect(refusal?.message).toBe(
      'a table with the columns start, src, sport, dst, dport, proto, bytes: which of them make a flow is not sure enough (0.5); "start" may as well be written as %m/%d/%Y %H:%M:%S; say what they mean with --mapping FILE (docs/mappings.md)',
    );
    expect(refusal?.proposal?.why[0]).toBe('"start" may as well be written as %m/%d/%Y %H:%M:%S');
    const given = JSON.parse(JSON.stringify(refusal?.proposal?.mapping)) as { fields: { start: { type: string } } };
    given.fields.start.type = '%m/%d/%Y %H:%M:%S';
    const checked = checkMapping(given);
    if (!checked.ok) throw new Error(checked.fault);
    const format = detectText(head, checked.mapping);
    expect(format).toMatchObject({ id: 'csv', origin: 'given' });
    if (format === null) return;
    expect(readText(head, format).found.flows.map(line)[0]).toBe(
      '2017-03-04T01:02:03.000 2017-03-04T01:02:03.000 192.0.2.10:50123 > 198.51.100.7:443 tcp 0/1200 0/0',
    );
    expect(previewText(head, format, 1)).toMatchObject({
      flows: [{ locator: 2 }],
      problems: [{ kind: 'time-zone-assumed' }, { kind: 'no-end' }, { kind: 'bytes-not-defined' }],
    });
  });

  it('is refused with times that have no date, of UTF-16, and when a mapping does not fit', () => {
    const clock = Buffer.from(
      'StartTime,Proto,SrcAddr,Sport,DstAddr,Dport\n22:13:20.0,tcp,192.0.2.1,1,198.51.100.2,2\n',
    );
    expect(detectText(clock, null)).toBeNull();
    expect(explainText(clock, null)?.message).toMatch(/no column holds times with a date; say what they mean/);
    expect(explainText(Buffer.from('\ufeffa,b', 'utf16le'), null)?.message).toMatch(/UTF-16/);
    const format = detectText(readFileSync(`${FIXTURES}firewall.csv`), null);
    if (format === null) throw new Error('not recognised');
    expect(detectText(clock, format.mapping)).toBeNull();
    expect(explainText(clock, format.mapping)?.message).toMatch(/not those that the mapping "proposed" names/);
  });

  it('that is argus with names of ports is told so, with the remedy', () => {
    const head = Buffer.from(
      [
        'StartTime,LastTime,SrcAddr,DstAddr,Sport,Dport,Proto,SrcPkts,DstPkts,SrcBytes,DstBytes',
        '1700000023.000000,1700000023.000000,192.0.2.1,198.51.100.2,ntp,ntp,udp,1,0,90,0',
        '1700000024.000000,1700000024.000000,192.0.2.1,198.51.100.2,40000,https,tcp,1,0,90,0',
      ].join('\n'),
    );
    expect(detectText(head, null)).toBeNull();
    const message = explainText(head, null)?.message ?? '';
    expect(message).toMatch(/the columns are those of argus ra, .*\(line 2: initiatorPort \(Sport\) is not a number/);
    expect(message).toContain('ra -n -u');
  });

  it('of nfdump 1.7.1 whose times were stored the wrong way round is still nfdump, one record a direction', () => {
    const [header = '', row = ''] = readFileSync(`${FIXTURES}nfdump-1.7.csv`, 'utf8').split('\n');
    const wrapped = row.replace(',1.250,', ',18446744073709528.000,');
    expect(wrapped).not.toBe(row);
    const { format, found } = detected(`${header}\n${wrapped}\n${wrapped}\n`);
    expect(format).toMatchObject({ id: 'nfdump-csv', origin: 'shipped' });
    expect(found.flows.map(({ start, end, oneWay }) => [end - start, oneWay])).toEqual([
      [0, true],
      [0, true],
    ]);
    expect(found.told).toEqual([
      ['time-zone-assumed', 1, 2],
      ['end-before-start', 2, 2],
    ]);
    const absurd = detected(`${header}\n${row}\n${row.replace(',1.250,', ',9446744073709528.000,')}\n`);
    expect(absurd.found.told).toContainEqual(['bad-number', 1, 3]);
  });

  it('that is no table or no text at all has nothing to be said', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]),
      Buffer.from('Dear reader,\n\nthis is a letter.\nIt has lines, and commas, sometimes.\n'),
      Buffer.from('{"broken": '),
      Buffer.from('[1, 2, 3]'),
    ]) {
      expect(detectText(bytes, null)).toBeNull();
      expect(explainText(bytes, null)).toBeNull();
    }
    expect(detectText(Buffer.from('{"a": {"b": 1}}\n'), null)).toBeNull();
    expect(sampleText(Buffer.from('{"a": {"b": 1}}\n'))).toMatchObject({ header: ['a.b'], rows: [['1']] });
  });

  it('has a header where the first line holds no numbers, addresses or times', () => {
    const header = (text: string): readonly string[] | null | undefined => sampleText(Buffer.from(text))?.header;
    expect(header('a1,f2,dead,b:c\n1,2,3,4\n')).toEqual(['a1', 'f2', 'dead', 'b:c']);
    for (const first of ['7', '192.0.2.1', '2001:db8::1', '2017-05-17 01:02:03', '17/May/2017:01:02:03 +0000']) {
      expect([first, header(`a,b,${first}\n1,2,3\n`)]).toEqual([first, null]);
    }
    expect(header(`a,b,${'1'.repeat(50_000)}x\n1,2,3\n`)).toHaveLength(3);
  });

  it('shows names of columns without what cannot be seen', () => {
    const head = Buffer.from('a\u202eb,c\u0007,<i>d\n1,2,3\n');
    expect(explainText(head, null)).toBeNull();
    const odd = Buffer.from('a\u202eb,c\u200b,<i>d\n1,2,3\n');
    expect(explainText(odd, null)?.message).toMatch(/^a table with the columns a\\u202eb, c\\u200b, <i>d: no column/);
  });
});

/** A generator of the same numbers each time (xorshift32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe('bent text exports', () => {
  const names = [
    'nfdump-1.7.csv',
    'nfdump-json.txt',
    'silk.txt',
    'vpc-v2.log',
    'argus.csv',
    'elastic.txt',
    'eve.log',
    'eve-netflow.log',
    'firewall.csv',
    'pmacct-json.txt',
  ];
  const splices = [
    '"',
    '\n',
    '{',
    '}',
    '\\',
    ',',
    '\u0000',
    '1e308',
    '-1',
    '9'.repeat(40),
    '__proto__',
    '\u202e',
    '[',
    ':::',
    '%s',
    '\r',
  ];

  it('cost records, never the import: 20,000 inputs', () => {
    const below = random(20_171_117);
    const seeds = names.map((name) => {
      const bytes = readFileSync(`${FIXTURES}${name}`);
      const format = detectText(bytes, null);
      if (format === null) throw new Error(`${name} was not recognised`);
      return { bytes, format };
    });
    let flows = 0;
    for (let round = 0; round < 20_000; round++) {
      const { bytes, format } = seeds[round % seeds.length] ?? seeds[0] ?? { bytes: Buffer.alloc(0), format: null };
      if (format === null) continue;
      let bent = Buffer.from(bytes);
      for (let change = below(4); change >= 0; change--) {
        const at = below(bent.length);
        const until = at + below(Math.min(40, bent.length - at));
        const parts = [
          [bent.subarray(0, at), Buffer.from(splices[below(splices.length)] ?? ''), bent.subarray(until)],
          [bent.subarray(0, at), Buffer.of(below(256)), bent.subarray(at + 1)],
          [bent.subarray(0, until), bent.subarray(at)],
          [bent.subarray(0, at)],
        ][below(4)];
        bent = Buffer.concat(parts ?? []);
        if (bent.length === 0) break;
      }
      if (round % 20 === 0) {
        detectText(bent, null);
        explainText(bent, null);
      }
      const { found, reader } = readText(bent, format, 1 + below(2000));
      flows += found.flows.length;
      for (const flow of found.flows) {
        const counts = [flow.packetsOut, flow.bytesOut, flow.packetsIn, flow.bytesIn, flow.start, flow.end];
        if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0))
          throw new Error(`round ${round}: ${line(flow)}`);
        if (flow.end < flow.start || flow.initiatorPort > 65_535 || flow.responderPort > 65_535)
          throw new Error(`round ${round}`);
        if (![...flow.initiator, ...flow.responder].every((word) => word >>> 0 === word))
          throw new Error(`round ${round}`);
      }
      if (found.flows.length > reader.records) throw new Error(`round ${round}: more flows than records`);
    }
    expect(flows).toBeGreaterThan(10_000);
  }, 120_000);
});

function has(program: string): boolean {
  return ['/usr/bin/', '/usr/local/bin/'].some((folder) => existsSync(folder + program));
}

describe.skipIf(!corpusIsThere)('corpus (skipped: ../shared/corpus is not there)', () => {
  const run = (program: string, ...parameters: string[]): Buffer =>
    execFileSync(program, parameters, {
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
  const sum = ({ flows }: Collected): { flows: number; packets: number; bytes: number } => ({
    flows: flows.length,
    packets: flows.reduce((total, flow) => total + flow.packetsOut + flow.packetsIn, 0),
    bytes: flows.reduce((total, flow) => total + flow.bytesOut + flow.bytesIn, 0),
  });
  const read = (bytes: Buffer): Collected => {
    const format = detectText(bytes.subarray(0, 65_536), null);
    if (format === null) throw new Error('not recognised');
    return readText(bytes, format).found;
  };

  it.skipIf(!has('nfdump'))('nfdump csv and json of one file agree with its own summary', () => {
    const file = `${CORPUS}generated/nfcapd.v9.lzo`;
    const csv = read(run('nfdump', '-r', file, '-o', 'csv'));
    const json = read(run('nfdump', '-r', file, '-o', 'json'));
    expect(sum(csv)).toEqual({ flows: 237, packets: 2966, bytes: 1_084_271 });
    expect(sum(json)).toEqual(sum(csv));
    const ends = (found: Collected): string[] => found.flows.map((flow) => line(flow).split(' ').slice(2).join(' '));
    expect(ends(json)).toEqual(ends(csv));
    expect(csv.told).toEqual([['time-zone-assumed', 1, 2]]);
  });

  it.skipIf(!has('ra'))('argus records keep the packets of the mix', () => {
    const file = `${CORPUS}generated/mix.argus`;
    const fields = 'stime ltime dur proto saddr sport dir daddr dport spkts dpkts sbytes dbytes state'.split(' ');
    const split = read(run('ra', '-r', file, '-n', '-u', '-c', ',', '-s', ...fields));
    const plain = read(run('ra', '-r', file, '-n', '-u', '-c', ','));
    expect(sum(plain)).toEqual(sum(split));
    expect(sum(split).packets).toBe(2966);
    expect(split.told.map(([kind]) => kind)).toEqual(['row-passed-by', 'frame-bytes']);
    expect(detectText(run('ra', '-r', file, '-n', '-c', ','), null)).toBeNull();
  });
});
