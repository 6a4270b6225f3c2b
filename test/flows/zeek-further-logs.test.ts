import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { EvidenceSink, ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { detectZeek, ZeekReader } from '../../electron/flows/zeek/zeek.ts';
import { USED_LOGS } from '../../electron/flows/zeek/zeek-logs.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';

class Collected implements EvidenceSink {
  flows: ExportedFlow[] = [];
  answers: unknown[] = [];
  names: LogName[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    this.flows.push({ ...flow });
  }
  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    this.answers.push({ client: formatAddress(...client), address: formatAddress(...address), name, from, until });
  }
  logName(name: LogName): void {
    this.names.push(name);
  }
  problem(kind: string, offset: number, message: string): void {
    this.problems.add(kind, offset, message);
  }
}

/** Reads a log by its content alone, as the import does. */
function read(log: string | Uint8Array) {
  const bytes = Buffer.from(log);
  const format = detectZeek(bytes.subarray(0, 65_536));
  if (format === null) throw new Error('not recognised');
  const found = new Collected();
  const reader = new ZeekReader(format, found);
  reader.push(bytes);
  reader.end();
  return { format, found, reader };
}

const HEADER = '#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n';
const tsv = (path: string, fields: string, ...records: string[][]) =>
  `${HEADER}#path\t${path}\n#fields\t${fields.replaceAll(' ', '\t')}\n${records.map((columns) => `${columns.join('\t')}\n`).join('')}`;
const json = (...records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

const TUPLE = { 'id.orig_h': '192.0.2.1', 'id.orig_p': 50_000, 'id.resp_h': '198.51.100.7', 'id.resp_p': 443 };
const ends = (port: string) => ['192.0.2.1', '50000', '198.51.100.7', port];
const ENDS = 'id.orig_h id.orig_p id.resp_h id.resp_p';

describe('quic.log', () => {
  const fields = `ts uid ${ENDS} version client_initial_dcid client_scid server_scid server_name client_protocol history`;

  it('gives the server name of the connection', () => {
    const { found, reader } = read(
      tsv(
        'quic',
        fields,
        ['1.5', 'C1', ...ends('443'), '1', '5c2a', '-', '01ff', 'video.example', 'h3', 'ISisHh'],
        ['2.5', 'C2', ...ends('443'), '1', '5c2b', '-', '01fe', '-', '-', 'I'],
      ),
    );
    expect(found.problems.list()).toEqual([]);
    expect(found.names).toEqual([
      { uid: 'C1', time: 1_500_000, name: 'video.example', origin: 'zeek-ssl', protocol: 'quic' },
      { uid: 'C2', time: 2_500_000, name: undefined, origin: 'zeek-ssl', protocol: 'quic' },
    ]);
    expect(reader).toMatchObject({ records: 2, firstSeen: 1_500_000, lastSeen: 2_500_000 });
  });

  it('is told in JSON by its fields, with no _path', () => {
    const { format, found } = read(
      json({ ts: 1.5, uid: 'C1', ...TUPLE, version: '1', client_initial_dcid: '5c2a', server_name: 'video.example' }),
    );
    expect(format).toEqual({ id: 'zeek-json', log: 'quic' });
    expect(found.names).toMatchObject([{ uid: 'C1', name: 'video.example', protocol: 'quic' }]);
  });
});

describe('logs of protocols with software names', () => {
  it('ssh: the client, never the server', () => {
    const fields = `ts uid ${ENDS} version auth_success auth_attempts direction client server kex_alg host_key_alg`;
    const columns = ['2', 'T', '1', '-', 'SSH-2.0-OpenSSH_9.6', 'SSH-2.0-dropbear_2022.83', 'curve25519-sha256', 'rsa'];
    const { found } = read(tsv('ssh', fields, ['1.0', 'C1', ...ends('22'), ...columns]));
    expect(found.names).toEqual([
      { uid: 'C1', time: 1_000_000, origin: 'none', protocol: 'ssh', userAgent: 'SSH-2.0-OpenSSH_9.6' },
    ]);
  });

  it('smtp: neither HELO nor mail addresses become host names', () => {
    const record = { helo: 'www.facebook.com', mailfrom: 'a@example.org', user_agent: 'Mail 1.0', trans_depth: 1 };
    const { format, found } = read(json({ ts: 1, uid: 'C1', ...TUPLE, ...record }));
    expect(format.log).toBe('smtp');
    expect(found.names).toEqual([
      { uid: 'C1', time: 1_000_000, origin: 'none', protocol: 'smtp', userAgent: 'Mail 1.0' },
    ]);
  });

  it('sip: told apart from http, whose fields it shares', () => {
    const sip = { method: 'INVITE', trans_depth: 0, uri: 'sip:b@example.org', call_id: 'x', status_code: 200 };
    const { format, found } = read(json({ ts: 1, uid: 'C1', ...TUPLE, ...sip, user_agent: 'softphone <3>' }));
    expect(format.log).toBe('sip');
    expect(found.names).toMatchObject([{ protocol: 'sip', userAgent: 'softphone <3>' }]);
    const http = { method: 'GET', trans_depth: 1, host: 'a.example', status_code: 200 };
    expect(read(json({ ts: 1, uid: 'C1', ...TUPLE, ...http })).format.log).toBe('http');
  });

  it('gives protocols of the vocabulary only', () => {
    for (const protocol of ['quic', 'ssh', 'smtp', 'sip', 'dhcp'])
      expect(Object.hasOwn(PROTOCOLS, protocol)).toBe(true);
  });

  it('needs a uid', () => {
    const { found } = read(tsv('sip', 'ts uid user_agent', ['1.0', '-', 'x']) + tsv('smtp', 'ts helo', ['1.0', 'x']));
    expect(found.names).toEqual([]);
    expect(found.problems.list()).toMatchObject([
      { kind: 'no-uid', count: 1, firstOffset: 7 },
      { kind: 'missing-fields', count: 1, firstOffset: 14 },
    ]);
  });
});

describe('dhcp.log', () => {
  const fields = 'ts uids client_addr server_addr mac host_name client_fqdn assigned_addr lease_time msg_types';
  const lease = (name: string, address: string, seconds: string, messages: string) =>
    tsv('dhcp', fields, ['10.0', 'C1,C2', '-', '-', '00:00:5e:00:53:01', name, '-', address, seconds, messages]);

  it('names all connections of an exchange as dhcp', () => {
    const { found } = read(lease('laptop-7', '192.168.1.9', '3600.0', 'DISCOVER,OFFER,REQUEST,ACK'));
    expect(found.names).toEqual([
      { uid: 'C1', time: 10_000_000, origin: 'none', protocol: 'dhcp' },
      { uid: 'C2', time: 10_000_000, origin: 'none', protocol: 'dhcp' },
    ]);
  });

  it('gives the name of the client to the address it was granted, as long as the lease lasts', () => {
    const { found } = read(lease('laptop-7', '192.168.1.9', '3600.0', 'REQUEST,ACK'));
    expect(found.answers).toEqual([
      { client: '0.0.0.0', address: '192.168.1.9', name: 'laptop-7', from: 10_000_000, until: 3_610_000_000 },
    ]);
  });

  it('takes no name that was not granted, could pass for a DNS name, or is no name', () => {
    for (const log of [
      lease('laptop-7', '192.168.1.9', '3600.0', 'DISCOVER,OFFER'),
      lease('www.facebook.com', '192.168.1.9', '3600.0', 'ACK'),
      lease('<b>x', '192.168.1.9', '3600.0', 'ACK'),
      lease('laptop-7', '-', '3600.0', 'ACK'),
      lease('laptop-7', '192.168.1.9', '-', 'ACK'),
    ]) {
      const { found } = read(log);
      expect(found.answers).toEqual([]);
      expect(found.names).toHaveLength(2);
      expect(found.problems.list()).toEqual([]);
    }
  });

  it('of Zeek before 2.6: one uid, and endless leases with an exponent', () => {
    const old = `ts uid ${ENDS} mac assigned_ip lease_time trans_id`;
    const columns = ['00:00:5e:00:53:01', '192.168.33.10', '4.294967e+09', '2218089335'];
    const { found } = read(tsv('dhcp', old, ['1.0', 'C1', ...ends('67'), ...columns]));
    expect(found.names).toMatchObject([{ uid: 'C1', protocol: 'dhcp' }]);
    expect(found.problems.list()).toEqual([]);
  });

  it('in JSON', () => {
    const record = { mac: '00:00:5e:00:53:01', host_name: 'tv', assigned_addr: '192.168.1.8', lease_time: 60.0 };
    const { format, found } = read(json({ ts: 1, uids: ['C9'], ...record, msg_types: ['REQUEST', 'ACK'] }));
    expect(format.log).toBe('dhcp');
    expect(found.names).toMatchObject([{ uid: 'C9' }]);
    expect(found.answers).toMatchObject([{ address: '192.168.1.8', name: 'tv', until: 61_000_000 }]);
  });
});

describe('certificates', () => {
  const x509 = 'ts fingerprint certificate.subject san.dns';

  it('x509: the name in the subject, else the first alternative name that is a host', () => {
    const { found } = read(
      tsv(
        'x509',
        x509,
        ['1.0', 'ab', 'CN=www.example.org,O=Example\\, Inc', 'other.example'],
        ['2.0', 'cd', 'CN=Example Device', 'Device,*.EXAMPLE.net,b.example'],
        ['3.0', 'ef', 'CN=Example CA', '-'],
        ['4.0', '-', 'CN=a.example', '-'],
      ),
    );
    expect(found.names).toMatchObject([
      { uid: 'certificate ab', time: 1_000_000, name: 'www.example.org', origin: 'tls-certificate' },
      { uid: 'certificate cd', name: '*.example.net' },
    ]);
    expect(found.problems.list()).toMatchObject([{ kind: 'no-uid', count: 1 }]);
  });

  it('x509 of before 4.1, in JSON: by the id of its file', () => {
    const record = { id: 'F1', certificate_serial: '01', certificate_subject: 'CN=a.example', san_dns: ['b.example'] };
    const { format, found } = read(json({ ts: 1, ...record, basic_constraints_ca: true }));
    expect(format.log).toBe('x509');
    expect(found.names).toMatchObject([{ uid: 'certificate F1', name: 'a.example' }]);
  });

  it('ssl: linked by the first of the chain, by fingerprint or by file', () => {
    const hello = { ts: 1, ...TUPLE, version: 'TLSv12', cipher: 'x' };
    const { found } = read(
      json(
        { ...hello, _path: 'ssl', uid: 'C1', cert_chain_fps: ['ab', 'ca'] },
        { ...hello, _path: 'ssl', uid: 'C2', cert_chain_fuids: ['F1', 'F2'] },
        { ...hello, _path: 'ssl', uid: 'C3', cert_chain_fuids: [] },
      ),
    );
    expect(found.names.map(({ certificate }) => certificate)).toEqual(['certificate ab', 'certificate F1', undefined]);
  });

  it('files: the protocol of every connection; the certificate of the server, not of client or authority', () => {
    const file = (mime_type: string, source: string, conn_uids: string[], is_orig = false) =>
      ({ _path: 'files', ts: 1, fuid: 'F1', source, mime_type, conn_uids, is_orig }) as const;
    const { found, reader } = read(
      json(
        file('text/html', 'HTTP', ['C1', 'C2']),
        file('application/x-x509-user-cert', 'SSL', ['C3']),
        file('application/x-x509-user-cert', 'SSL', ['C4'], true),
        file('application/x-x509-ca-cert', 'SSL', ['C5']),
        file('application/ocsp-response', 'HTTP', ['C6']),
        file('text/plain', 'Input', ['C7']),
        { ...file('text/plain', 'FTP_DATA', []), uid: 'C8' },
      ),
    );
    expect(reader.records).toBe(7);
    expect(found.problems.list()).toEqual([]);
    expect(found.names.map(({ uid, protocol, certificate }) => [uid, protocol, certificate])).toEqual([
      ['C1', 'http', undefined],
      ['C2', 'http', undefined],
      ['C3', 'tls', 'certificate F1'],
      ['C4', 'tls', undefined],
      ['C5', 'tls', undefined],
      ['C6', 'ocsp', undefined],
      ['C8', 'ftp-data', undefined],
    ]);
  });
});

describe('logs that are not used', () => {
  it('are told once each, with the reason', () => {
    const certificates = tsv('known_certs', 'ts host serial', ['1.0', '192.0.2.1', '01'], ['2.0', '192.0.2.1', '02']);
    const weird = tsv('weird', 'ts uid name', ['1.0', 'C1', 'bad_TCP_checksum']);
    const { found, reader } = read(`${certificates}${weird}${certificates}`);
    expect(reader.records).toBe(5);
    expect(found.names).toEqual([]);
    const [problem] = found.problems.list();
    expect(problem).toMatchObject({ kind: 'unused-log', count: 2 });
    expect(problem?.message).toContain('no uid');
    expect(read(tsv('stats', 'ts peer', ['1.0', 'zeek'])).found.problems.list()[0]?.message).toContain(
      USED_LOGS.join(', '),
    );
  });
});

describe('rotated logs', () => {
  it('are known by their content, whatever they are called, compressed or not', () => {
    const hour = tsv('ssh', 'ts uid client', ['1.0', 'C1', 'SSH-2.0-a']);
    expect(read(gunzipSync(gzipSync(`${hour}#close\t2017-05-01-09-00-00\n`))).format).toEqual({
      id: 'zeek-tsv',
      log: 'ssh',
    });
  });
});

const corpus = join(import.meta.dirname, '../../../shared/corpus');

describe.skipIf(!existsSync(corpus))('the corpus (skipped when ../shared/corpus is absent)', () => {
  const log = (path: string) => {
    const raw = readFileSync(join(corpus, path));
    return read(path.endsWith('.gz') ? gunzipSync(raw) : raw);
  };

  it('ssh, smtp and dhcp logs are read whole', () => {
    const ssh = log('zed-sample-data/zeek-default/ssh.log.gz');
    expect(ssh.found.problems.list()).toEqual([]);
    expect(ssh.found.names).toHaveLength(ssh.reader.records);
    expect(ssh.found.names[0]).toMatchObject({
      uid: 'C2MugGdsn3ZVI1wn6',
      protocol: 'ssh',
      userAgent: 'SSH-2.0-OpenSSH_7.6',
    });
    expect(log('zat/data/smtp.log').found.names).toHaveLength(3);
    expect(log('zat/data/dhcp.log').found.names).toHaveLength(2);
    const smtp = log('zed-sample-data/zeek-json/smtp.json.gz');
    expect(smtp.format.log).toBe('smtp');
    expect(smtp.found.names).toHaveLength(smtp.reader.records);
  });

  it('every rotated log is recognised', () => {
    const rita = join(corpus, 'rita/test_data');
    const rotated = readdirSync(rita, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /\.\d\d[_:]\d\d[_:]\d\d-.*\.log\.gz$/.test(path),
    );
    expect(rotated.length).toBeGreaterThan(5);
    for (const path of rotated) {
      const name = /([a-z0-9_]+)\.\d\d[_:]/.exec(path)?.[1];
      expect([path, log(join('rita/test_data', path)).format.log]).toEqual([path, name]);
    }
  });
});
