import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvidenceSink, ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { LINE_LIMIT } from '../../electron/flows/line-splitter.ts';
import { detectZeek, type ZeekFormat, ZeekReader } from '../../electron/flows/zeek/zeek.ts';
import { historyFlags } from '../../electron/flows/zeek/zeek-logs.ts';
import { decimalMicroseconds, isoMicroseconds, secondsToMicroseconds } from '../../electron/flows/zeek/zeek-record.ts';
import { serviceProtocol, ZEEK_PROTOCOLS } from '../../electron/flows/zeek/zeek-services.ts';
import { formatAddress } from '../../shared/address.ts';
import { formatTcpFlags } from '../../shared/flow.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';

interface Answer {
  client: string;
  address: string;
  name: string;
  from: number;
  until: number;
}

class Collected implements EvidenceSink {
  flows: ExportedFlow[] = [];
  answers: Answer[] = [];
  names: LogName[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    this.flows.push(flow);
  }
  answer(
    client: readonly [number, number, number, number],
    address: readonly [number, number, number, number],
    name: string,
    from: number,
    until: number,
  ): void {
    this.answers.push({ client: formatAddress(...client), address: formatAddress(...address), name, from, until });
  }
  logName(name: LogName): void {
    this.names.push(name);
  }
  problem(kind: string, offset: number, message: string): void {
    this.problems.add(kind, offset, message);
  }
  get problemCounts(): Record<string, number> {
    return Object.fromEntries(this.problems.list().map(({ kind, count }) => [kind, count]));
  }
}

const TSV: ZeekFormat = { id: 'zeek-tsv', log: '' };
const JSON_LINES: ZeekFormat = { id: 'zeek-json', log: '' };

function readBytes(format: ZeekFormat, bytes: Uint8Array, cuts: readonly number[] = []) {
  const found = new Collected();
  const reader = new ZeekReader(format, found);
  let from = 0;
  for (const cut of [...cuts].toSorted((one, other) => one - other)) {
    reader.push(bytes.subarray(from, cut));
    from = Math.max(from, Math.min(cut, bytes.length));
  }
  reader.push(bytes.subarray(from));
  reader.end();
  return { found, reader };
}

const read = (format: ZeekFormat, text: string) => readBytes(format, Buffer.from(text));

const CONN_FIELDS =
  'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents';
const header = (path: string, fields: string) =>
  `#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t${path}\n#open\t2017-05-01-00-00-00\n#fields\t${fields.replaceAll(' ', '\t')}\n#types\ttime\n`;
const tabs = (...columns: string[]) => `${columns.join('\t')}\n`;
const CONN_LINE =
  `1324071333.493287 Cuid1 192.168.1.79 51880 131.159.21.1 22 tcp ssh 6.159326 2669 2501 SF T 0 ShAdDaFf 25 3981 20 3549 (empty)\n`.replaceAll(
    ' ',
    '\t',
  );

const icmpLine = (address: string, peer: string, type: string, code: string) =>
  tabs('1.0', 'C1', address, type, peer, code, 'icmp', ...Array<string>(12).fill('-'), '(empty)');
const httpLine = (host: string, agent: string) => tabs('1.0', 'C1', '10.0.0.1', '10.0.0.2', '1', 'GET', host, agent);
const micros = (text: string) => decimalMicroseconds(Buffer.from(text), 0, text.length);
const protocol = (service: string, transport = 6, port = 1) => serviceProtocol(service, transport, port);
const flags = (history: string) => formatTcpFlags(historyFlags(history));
const detect = (text: string) => detectZeek(Buffer.from(text));

describe('a connection log', () => {
  it('becomes flows with IP-level bytes, exact times, state, flags and line', () => {
    const { found, reader } = read(TSV, `${header('conn', CONN_FIELDS)}${CONN_LINE}#close\t2017-05-01-01-00-00\n`);
    expect(found.problems.list()).toEqual([]);
    expect(found.flows).toHaveLength(1);
    const flow = found.flows[0];
    expect(flow).toMatchObject({
      start: 1_324_071_333_493_287,
      end: 1_324_071_339_652_613,
      initiator: [0, 0, 0xffff, 0xc0a8014f],
      responder: [0, 0, 0xffff, 0x839f1501],
      initiatorPort: 51_880,
      responderPort: 22,
      transport: 6,
      packetsOut: 25,
      bytesOut: 3981,
      packetsIn: 20,
      bytesIn: 3549,
      state: 'SF',
      locator: 9,
      protocol: 'ssh',
      rule: 'zeek-service',
      uid: 'Cuid1',
    });
    expect(formatTcpFlags(flow?.tcpFlags ?? 0)).toBe('...A..SF');
    expect(reader).toMatchObject({ records: 1, log: 'conn', firstSeen: flow?.start, lastSeen: flow?.end });
  });

  it('takes payload bytes where the log has no IP-level bytes, and says so', () => {
    const fields = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto duration orig_bytes resp_bytes';
    const line = tabs('1.5', 'C1', '10.0.0.1', '1', '10.0.0.2', '53', 'udp', '-', '40', '-');
    const { found } = read(TSV, header('conn', fields) + line);
    expect(found.flows[0]).toMatchObject({ start: 1_500_000, end: 1_500_000, bytesOut: 40, bytesIn: 0, packetsOut: 0 });
    expect(found.problems.list()).toMatchObject([{ kind: 'payload-bytes-only', count: 1, firstOffset: 9 }]);
  });

  it('keeps ICMP type and code: the type of the answer that Zeek writes for a pair is no code', () => {
    const { found } = read(
      TSV,
      header('conn', CONN_FIELDS) +
        icmpLine('10.0.0.1', '10.0.0.2', '8', '0') +
        icmpLine('10.0.0.1', '10.0.0.2', '3', '13') +
        icmpLine('fe80::1', 'fe80::2', '128', '129') +
        icmpLine('fe80::1', 'ff02::16', '135', '136') +
        icmpLine('10.0.0.1', '10.0.0.2', '13', '14'),
    );
    expect(
      found.flows.map(({ transport, initiatorPort, responderPort }) => [transport, initiatorPort, responderPort]),
    ).toEqual([
      [1, 8, 0],
      [1, 3, 13],
      [58, 128, 0],
      [58, 135, 0],
      [1, 13, 0],
    ]);
  });

  it('loses one record for each thing that is wrong, and tells the first line of each kind', () => {
    const bad = (at: number, value: string) => {
      const columns = CONN_LINE.trimEnd().split('\t');
      columns[at] = value;
      return tabs(...columns);
    };
    const { found, reader } = read(
      TSV,
      tabs('stray') +
        header('conn', CONN_FIELDS) +
        bad(0, '-1.0') +
        bad(0, '99999999999999.0') +
        bad(0, '1e9') +
        bad(2, '10.0.0.256') +
        bad(4, '::g') +
        bad(5, '65536') +
        bad(6, 'unknown_transport') +
        bad(8, '-5.0') +
        bad(16, '99999999999999999999') +
        bad(11, 'ODD') +
        tabs('too', 'few') +
        CONN_LINE,
    );
    expect(found.flows).toHaveLength(2);
    expect(reader.records).toBe(2);
    expect(found.problems.list().map(({ kind, count, firstOffset }) => [kind, count, firstOffset])).toEqual([
      ['no-header', 1, 1],
      ['bad-time', 3, 10],
      ['bad-address', 2, 13],
      ['bad-number', 3, 15],
      ['unknown-transport', 1, 16],
      ['unknown-conn-state', 1, 19],
      ['wrong-columns', 1, 20],
    ]);
  });

  it('loses lines that are too long or not UTF-8, and goes on', () => {
    const bytes = Buffer.concat([
      Buffer.from(header('conn', CONN_FIELDS)),
      Buffer.alloc(LINE_LIMIT + 1, 0x61),
      Buffer.from('\n'),
      Buffer.from(CONN_LINE.replace('ssh', '\u00ff'), 'latin1'),
      Buffer.from(CONN_LINE),
    ]);
    for (const cuts of [[], [100, 70_000, 600_000, LINE_LIMIT + 200]]) {
      const { found } = readBytes(TSV, bytes, cuts);
      expect(found.problems.list()).toMatchObject([
        { kind: 'line-too-long', count: 1, firstOffset: 9 },
        { kind: 'bad-utf8', count: 1, firstOffset: 10 },
      ]);
      expect(found.flows.map((flow) => flow.locator)).toEqual([11]);
    }
  });

  it('follows a header in the middle: other separators, other markers, other fields, another log', () => {
    const text = [
      header('conn', CONN_FIELDS).trimEnd(),
      CONN_LINE.trimEnd(),
      '#separator |',
      '#set_separator|;',
      '#empty_field|EMPTY',
      '#unset_field|NIL',
      '#path|dns',
      '#fields|uid|ts|id.orig_h|id.resp_p|query|qtype|answers|TTLs|rtt',
      'C2|2.000001|10.0.0.1|53|www.example.org|1|a.example.net;192.0.2.1;192.0.2.2|60.0;30.0;0.5|0.25',
      'C3|3.0|10.0.0.1|5353|NIL|NIL|EMPTY|NIL|NIL',
      '#path|weird',
      '#fields|ts|name',
      '4.0|odd',
      '',
    ].join('\r\n');
    const { found, reader } = read(TSV, text);
    expect(found.flows).toHaveLength(1);
    expect(found.names).toEqual([
      { uid: 'C2', time: 2_000_001, name: 'www.example.org', origin: 'zeek-dns', protocol: 'dns' },
      { uid: 'C3', time: 3_000_000, name: undefined, origin: 'zeek-dns', protocol: 'mdns' },
    ]);
    const asked = { client: '10.0.0.1', name: 'www.example.org', from: 2_250_001 };
    expect(found.answers).toEqual([
      { ...asked, address: '192.0.2.1', until: 32_000_001 },
      { ...asked, address: '192.0.2.2', until: 2_500_001 },
    ]);
    expect(found.problems.list()).toMatchObject([{ kind: 'unused-log', count: 1 }]);
    expect(found.problems.list()[0]?.message).toContain('"weird"');
    expect(reader).toMatchObject({ log: 'conn,dns,weird', records: 4, lastSeen: 1_324_071_339_652_613 });
  });

  it('counts the records of a log that lacks what a flow needs', () => {
    const { found } = read(TSV, `${header('conn', 'ts uid id.orig_h')}1.0\tC1\t10.0.0.1\n2.0\tC2\t10.0.0.1\n`);
    expect(found.problems.list()).toMatchObject([{ kind: 'missing-fields', count: 2, firstOffset: 9 }]);
    expect(found.problems.list()[0]?.message).toContain('id.resp_h, proto');
  });
});

describe('names', () => {
  it('undoes the escapes of the ASCII writer', () => {
    const fields = 'ts uid id.orig_h id.resp_h trans_depth method host user_agent';
    const { found } = read(
      TSV,
      header('http', fields) +
        httpLine('caf\\xc3\\xa9.example', 'tab\\x09back\\\\slash') +
        httpLine('\\x2d', '(empty)') +
        httpLine('bad\\xff\\x', '\\x5c'),
    );
    expect(found.problems.list()).toEqual([]);
    expect(found.names.map(({ name, userAgent }) => [name, userAgent])).toEqual([
      ['café.example', 'tab\tback\\slash'],
      ['-', undefined],
      ['bad\\xff\\x', '\\'],
    ]);
  });

  it('come from ssl, DTLS kept apart, and need a uid', () => {
    const { found } = read(
      TSV,
      header('ssl', 'ts uid version server_name') +
        tabs('1.0', 'C1', 'TLSv12', 'a.example') +
        tabs('1.0', 'C2', 'DTLSv12', '-') +
        tabs('1.0', '-', 'TLSv12', 'b.example'),
    );
    expect(found.names).toEqual([
      { uid: 'C1', time: 1_000_000, name: 'a.example', origin: 'zeek-ssl', protocol: 'tls' },
      { uid: 'C2', time: 1_000_000, name: undefined, origin: 'zeek-ssl', protocol: 'dtls' },
    ]);
    expect(found.problemCounts).toEqual({ 'no-uid': 1 });
  });

  it('come from the certificate in ssl where no name was asked', () => {
    const subjects = ['CN=*.A.example,O=A\\\\, Inc', 'O=B\\\\,CN=b.example', 'CN=Some CA 3', 'C=US, CN=c.example'];
    const { found } = read(
      TSV,
      header('ssl', 'ts uid server_name subject') +
        subjects.map((subject, i) => tabs('1.0', `C${i}`, '-', subject)).join('') +
        tabs('1.0', 'C9', 'asked.example', 'CN=c.example'),
    );
    expect(found.names.map(({ name, origin }) => [name, origin])).toEqual([
      ['*.a.example', 'tls-certificate'],
      [undefined, 'zeek-ssl'],
      [undefined, 'zeek-ssl'],
      ['c.example', 'tls-certificate'],
      ['asked.example', 'zeek-ssl'],
    ]);
  });

  it('come with fingerprints where a package wrote them into ssl, and only such', () => {
    const [ja3, ja4] = ['72a589da586844d7f0818ce684948eea', 't13d1516h2_8daaf6152771_e5627efa2ab1'];
    const { found } = read(
      TSV,
      header('ssl', 'ts uid version server_name ja3 ja4') +
        tabs('1.0', 'C1', 'TLSv12', '-', ja3, ja4) +
        tabs('1.0', 'C2', 'TLSv12', '-', '=cmd()', `${ja4}<b>`),
    );
    expect(found.names.map((name) => [name.ja3, name.ja4])).toEqual([
      [ja3, ja4],
      [undefined, undefined],
    ]);
  });
});

describe('JSON', () => {
  const conn = {
    uid: 'C1',
    proto: 'tcp',
    service: 'ssl',
    duration: 0.5,
    conn_state: 'S1',
    orig_ip_bytes: 10,
    resp_ip_bytes: 20,
  };
  const dotted = { 'id.orig_h': '10.0.0.1', 'id.orig_p': 1, 'id.resp_h': '::1', 'id.resp_p': 443 };

  it('reads every form of time and of the address fields', () => {
    const lines = [
      { ...conn, ...dotted, ts: 1_588_205_198.89971 },
      { ...conn, ...dotted, ts: 1_588_205_198_899 },
      { ...conn, ...dotted, ts: '2020-04-30T00:06:38.899710Z' },
      { ...conn, ...dotted, ts: '2020-04-30T08:36:38.899710+08:30' },
      { ...conn, ...dotted, ts: '1588205198.899710' },
      { ...conn, ts: 1, id_orig_h: '10.0.0.1', id_orig_p: 1, id_resp_h: '::1', id_resp_p: 443 },
      { ...conn, ts: 1, id: { orig_h: '10.0.0.1', orig_p: 1, resp_h: '::1', resp_p: 443 } },
    ];
    const { found } = read(JSON_LINES, lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(found.problems.list()).toEqual([]);
    const exact = 1_588_205_198_899_710;
    expect(found.flows.map((flow) => flow.start)).toEqual([
      exact,
      1_588_205_198_899_000,
      exact,
      exact,
      exact,
      1_000_000,
      1_000_000,
    ]);
    for (const flow of found.flows) {
      expect(flow).toMatchObject({ initiatorPort: 1, responderPort: 443, responder: [0, 0, 0, 1], protocol: 'tls' });
    }
  });

  it('loses what is no record and goes on', () => {
    const good = JSON.stringify({ ...conn, ...dotted, ts: 5 });
    const lines = [
      good,
      '{"ts":1,',
      '[1]',
      JSON.stringify({ ...conn, ...dotted, ts: '2020-13-05T00:00:00Z' }),
      JSON.stringify({ ...conn, ...dotted, ts: 5, uid: 7 }),
      JSON.stringify({ ...conn, ...dotted, ts: 5, 'id.orig_h': 7 }),
      JSON.stringify({ ...conn, ...dotted, ts: 5, 'id.resp_p': 1.5 }),
      JSON.stringify({ ...conn, ...dotted, ts: 5, duration: -1 }),
      JSON.stringify({ _path: '<script>=1+1', ts: 5 }),
      good,
    ];
    const { found } = read(JSON_LINES, lines.join('\n'));
    expect(found.flows.map((flow) => flow.locator)).toEqual([1, 10]);
    expect(found.problemCounts).toEqual({
      'bad-json': 2,
      'bad-time': 1,
      'bad-text': 1,
      'bad-address': 1,
      'bad-number': 2,
      'unused-log': 1,
    });
    expect(found.problems.list().at(-1)?.message).toContain('"?script??1?1"');
  });
});

describe('times', () => {
  it('are exact in every form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8_589_934_592_000_000 }), (time) => {
        const text = `${Math.floor(time / 1e6)}.${String(time % 1e6).padStart(6, '0')}`;
        const bytes = Buffer.from(text);
        expect(decimalMicroseconds(bytes, 0, bytes.length)).toBe(time);
        const milliseconds = new Date(Math.floor(time / 1000)).toISOString().slice(0, -1);
        expect(isoMicroseconds(`${milliseconds}${String(time % 1000).padStart(3, '0')}Z`)).toBe(time);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('are exact from floating-point seconds up to the year 2106', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 * 1_000_000 - 1 }), (time) => {
        const text = `${Math.floor(time / 1e6)}.${String(time % 1e6).padStart(6, '0')}`;
        expect(secondsToMicroseconds(Number(text))).toBe(time);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it('round to the nearest microsecond, and refuse what is no time', () => {
    expect(micros('1.0000005')).toBe(1_000_001);
    expect(micros('1.00000049')).toBe(1_000_000);
    expect(micros('0.9999999')).toBe(1_000_000);
    expect(micros('7')).toBe(7_000_000);
    const wrong = ['', '.', '1.', '.5', '-1', '1.2.3', '1e5', ' 1', '9007199254.740992', '1'.repeat(40)];
    expect(wrong.filter((text) => !Number.isNaN(micros(text)))).toEqual([]);
    const wrongIso = ['2017-02-30T00:00:00Z', '2017-01-01T24:00:00Z', '2017-01-01T00:00:00', '1969-12-31T23:59:59Z'];
    expect(wrongIso.filter((text) => !Number.isNaN(isoMicroseconds(text)))).toEqual([]);
  });
});

describe('services', () => {
  it('are protocols of the vocabulary', () => {
    expect(ZEEK_PROTOCOLS.filter((id) => !Object.hasOwn(PROTOCOLS, id))).toEqual([]);
  });

  it('of several names, the innermost that we know', () => {
    expect(protocol('krb,smb,gssapi')).toBe('smb2');
    expect(protocol('gssapi,dce_rpc,smb,ntlm')).toBe('dcerpc');
    expect(protocol('http,ssl')).toBe('tls');
    expect(protocol('quic,ssl', 17)).toBe('quic');
    expect(protocol('ssl', 17)).toBe('dtls');
    expect(protocol('smtp,ssl')).toBe('smtps');
    expect(protocol('rdp,ssl')).toBe('rdp');
    expect(protocol('http,-ssl')).toBe('http');
    expect(protocol('gssapi')).toBeUndefined();
    expect(protocol('dns', 17, 5353)).toBe('mdns');
    expect(protocol('__proto__,constructor')).toBeUndefined();
  });

  it('history proves flags', () => {
    expect(flags('S')).toBe('......S.');
    expect(flags('ShADadFf')).toBe('...A..SF');
    expect(flags('Sr')).toBe('.....RS.');
    expect(flags('^dc')).toBe('...A....');
    expect(flags('')).toBe('........');
  });
});

describe('detection', () => {
  it('knows both encodings and the log', () => {
    expect(detect(header('conn', CONN_FIELDS))).toEqual({ id: 'zeek-tsv', log: 'conn' });
    expect(detect(`#fields\t${CONN_FIELDS.replaceAll(' ', '\t')}\n`)).toEqual({ id: 'zeek-tsv', log: 'conn' });
    expect(detect('{"_path":"dns","ts":"2018-03-24T17:15:21Z"}\n{"ts"')).toEqual({ id: 'zeek-json', log: 'dns' });
    expect(detect('{"ts":1,"uid":"C","id.orig_h":"::","server_name":"a","cipher":"b"}')).toEqual({
      id: 'zeek-json',
      log: 'ssl',
    });
  });

  it('leaves the rest alone', () => {
    const others = ['', '\n\n', '{', '{}', '[]', '{"ts":1}', '{"timestamp":"x","event_type":"flow"}', 'a,b,c\n1,2,3'];
    expect(others.filter((text) => detect(text) !== null)).toEqual([]);
  });
});

describe('hostile bytes', () => {
  const line = fc.oneof(
    fc.constant(CONN_LINE),
    fc.constant(header('conn', CONN_FIELDS)),
    fc.constant(header('dns', 'ts uid id.orig_h query answers TTLs')),
    fc.constant('5.0\tC9\t10.0.0.9\tq.example\t192.0.2.9,x\t1.0\n'),
    fc.constant('{"ts":5,"uid":"C1","proto":"udp","id":{"orig_h":"::1","resp_h":"::2"},"conn_state":"S0"}\n'),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\n', '\r\n', '\t', '#fields', '#separator \\x41\n', '#unset_field\n', '\\x'),
  );
  const bytes = fc.oneof(
    fc.array(line, { maxLength: 12 }).map((lines) => Buffer.from(lines.join(''))),
    fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
  );

  it('never throws, and how the bytes are cut makes no difference', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.nat(1500), { maxLength: 6 }),
        fc.constantFrom(TSV, JSON_LINES),
        (log, cuts, format) => {
          detectZeek(log);
          const whole = readBytes(format, log);
          const cut = readBytes(format, log, cuts);
          expect(cut.found.flows).toEqual(whole.found.flows);
          expect(cut.found.names).toEqual(whole.found.names);
          expect(cut.found.answers).toEqual(whole.found.answers);
          expect(cut.found.problems.list()).toEqual(whole.found.problems.list());
          expect(cut.reader.records).toBe(whole.reader.records);
          for (const flow of whole.found.flows) {
            expect(flow.end).toBeGreaterThanOrEqual(flow.start);
            expect(Number.isSafeInteger(flow.end)).toBe(true);
          }
        },
      ),
      { seed: 2, numRuns: 400 },
    );
  });
});

const corpus = join(import.meta.dirname, '../../../shared/corpus');
const haveCorpus = existsSync(join(corpus, 'manifest.tsv'));

describe.skipIf(!haveCorpus)('the corpus (skipped when ../shared/corpus is absent)', () => {
  const rows = haveCorpus
    ? readFileSync(join(corpus, 'manifest.tsv'), 'utf8')
        .split('\n')
        .map((row) => row.split('\t'))
        .filter((row) => row[8]?.startsWith('zeek-'))
    : [];
  const results = rows.map((row) => {
    const path = row[0] ?? '';
    const raw = readFileSync(join(corpus, path));
    const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
    const format = detectZeek(bytes.subarray(0, 65_536));
    const { found, reader } = readBytes(format ?? TSV, bytes, [1000, 5000, 5001]);
    const lines = bytes
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')).length;
    return { path, expected: row[8] ?? '', format, found, reader, lines };
  });
  const of = (part: string) => {
    const result = results.find(({ path }) => path.includes(part));
    if (!result) throw new Error(`no ${part} in the manifest`);
    return result;
  };

  it('is recognised, every log', () => {
    expect(results.length).toBeGreaterThan(80);
    const wrong = results.filter(
      ({ expected, format }) => format?.id !== expected.replace('.gz', '') || format.log === '',
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('is read whole: each line is a record or a problem', () => {
    const losing = new Set<string>();
    for (const { path, found, reader, lines } of results) {
      const problems = found.problemCounts;
      const kept = ['unused-log', 'payload-bytes-only', 'unknown-conn-state', 'no-ttl'];
      const lost = Object.entries(problems).reduce((sum, [kind, count]) => sum + (kept.includes(kind) ? 0 : count), 0);
      expect([path, reader.records + lost]).toEqual([path, lines]);
      if (lost > 0) losing.add(path);
    }
    expect([...losing].toSorted()).toEqual([
      'rita/test_data/has_unknown_field/http.log',
      'rita/test_data/truncated/conn.log',
      'rita/test_data/truncated/conn_json.log',
    ]);
  });

  it('gives the flows, names and answers that the logs hold', () => {
    expect(of('open_conns/closed/conn.log').found.flows).toHaveLength(59);
    expect(of('zat/data/conn.log').found.flows.length).toBeGreaterThan(300);
    expect(of('SCRANTON_conn.log').found.flows).toHaveLength(134);
    expect(of('truncated/conn_json.log').found.problemCounts).toEqual({ 'bad-number': 1, 'bad-json': 1 });
    expect(of('UTICA-ONE-DRIVE_dns.log').found.answers).toContainEqual(
      expect.objectContaining({ client: '10.0.1.5', name: 'nexus.passport.com', address: '40.90.137.116' }),
    );
    expect(of('zat/data/http.log').found.names[0]).toMatchObject({ name: 'guyspy.com', origin: 'zeek-http' });
    expect(of('zui/sample.zeektsv').reader.log).toContain('conn');
  });
});
