import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { flowLines } from '../cli/case-state.ts';

/** Fingerprints that a log gives to a flow of another log: in the flow, its filters and its indicators. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-fingerprints-'));
const engine = new Engine();

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const JA3 = '6734f37431670b3ab4292b8f60f29984';
const OTHER_JA3 = 'bd0bf25947d4a37404f0424edf4db9ad';
const JA4 = 't13d1516h2_8daaf6152771_b186095e22b6';

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** A Zeek log of tab-separated values. */
function zeekLog(path: string, fields: string, types: string, ...rows: readonly string[]): string {
  const tabs = (text: string): string => text.replaceAll(' ', '\t');
  const head = ['#separator \\x09', '#set_separator\t,', '#empty_field\t(empty)', '#unset_field\t-', `#path\t${path}`];
  return file(`${path}.log`, [...head, tabs(`#fields ${fields}`), tabs(`#types ${types}`), ...rows.map(tabs)]);
}

const ENDS = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p';
const END_TYPES = 'time string addr port addr port';

async function importAll(name: string, paths: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.enclave`);
  const profile = shippedProfile('default');
  await engine.run('new', { case: path, profile, title: '', examiner: '', authority: '' });
  const { evidence } = await engine.run('import', { case: path, paths: [...paths] });
  expect(evidence.map(({ status }) => status)).toEqual(paths.map(() => 'imported'));
  return path;
}

async function flowsOf(casePath: string): Promise<FlowRecord[]> {
  return (await flowLines(engine, casePath)).map((line) => JSON.parse(line) as FlowRecord);
}

const flowsWhere = async (casePath: string, where: string): Promise<number> =>
  (await engine.run('totals', { case: casePath, where })).flows;

describe('fingerprints of another log', () => {
  const conn = zeekLog(
    'conn',
    `${ENDS} proto service duration orig_bytes resp_bytes conn_state`,
    `${END_TYPES} enum string interval count count string`,
    '1494982923.1 Ca 10.0.0.1 50001 198.51.100.1 443 tcp ssl 1.0 100 200 SF',
    '1494982924.1 Cb 10.0.0.2 50002 198.51.100.2 443 tcp ssl 1.0 100 200 SF',
    '1494982925.1 Cc 10.0.0.3 50003 198.51.100.3 3128 tcp http,ssl 1.0 100 200 SF',
    '1494982926.1 Cd 10.0.0.4 50004 198.51.100.4 80 tcp - 1.0 100 200 SF',
  );
  const ssl = zeekLog(
    'ssl',
    `${ENDS} version server_name ja3 ja4`,
    `${END_TYPES} string string string string`,
    `1494982923.2 Ca 10.0.0.1 50001 198.51.100.1 443 TLSv12 a.example.com ${JA3} ${JA4}`,
    `1494982924.2 Cb 10.0.0.2 50002 198.51.100.2 443 TLSv12 - ${OTHER_JA3} -`,
    `1494982925.2 Cc 10.0.0.3 50003 198.51.100.3 3128 TLSv12 - ${JA3} -`,
  );
  const http = zeekLog(
    'http',
    `${ENDS} method host uri user_agent`,
    `${END_TYPES} string string string string`,
    '1494982925.2 Cc 10.0.0.3 50003 198.51.100.3 3128 CONNECT c.example.com c.example.com:443 curl/7',
  );

  it.each([
    ['first', [ssl, http, conn]],
    ['last', [conn, http, ssl]],
  ])('reach the flow, its filters and its indicators, the fingerprints read %s', async (order, paths) => {
    const casePath = await importAll(order, paths);
    const told = (await flowsOf(casePath)).map(({ initiator, hostname, ja3, ja4, userAgent }) => [
      initiator,
      hostname,
      ja3,
      ja4,
      userAgent,
    ]);
    // A name from one log and a fingerprint from another belong to the same flow.
    expect(told.toSorted()).toEqual([
      ['10.0.0.1', 'a.example.com', JA3, JA4, null],
      ['10.0.0.2', null, OTHER_JA3, null, null],
      ['10.0.0.3', 'c.example.com', JA3, null, 'curl/7'],
      ['10.0.0.4', null, null, null, null],
    ]);
    expect(await flowsWhere(casePath, `ja3 = ${JA3}`)).toBe(2);
    expect(await flowsWhere(casePath, `ja3 != ${JA3}`)).toBe(2);
    expect(await flowsWhere(casePath, 'ja4 ~ t13d1516h2')).toBe(1);
    expect(await flowsWhere(casePath, 'indicator = yes')).toBe(0);
    const path = file('indicators.csv', ['ja3,label', `${OTHER_JA3},bad`, `${JA4},worse`]);
    await engine.run('addIndicators', { case: casePath, path });
    expect(await flowsWhere(casePath, 'indicator = yes')).toBe(2);
  });

  it('are in the flow that Suricata tells of behind its TLS event', async () => {
    const ends = { src_ip: '10.0.0.1', src_port: 50_001, dest_ip: '198.51.100.1', dest_port: 443, proto: 'TCP' };
    const at = '2017-05-17T01:02:03.000000+0000';
    const tls = { sni: 'a.example.com', ja3: { hash: JA3 }, ja4: JA4 };
    const flow = { pkts_toserver: 4, pkts_toclient: 4, bytes_toserver: 400, bytes_toclient: 400, start: at, end: at };
    const events = [
      { timestamp: at, flow_id: 7, event_type: 'tls', ...ends, tls },
      { timestamp: at, flow_id: 7, event_type: 'flow', ...ends, app_proto: 'tls', flow },
    ];
    const lines = events.map((event) => JSON.stringify(event));
    for (const [name, paths] of [
      ['eve', [file('eve.json', lines)]],
      ['eve-parts', [file('eve-1.json', lines.slice(1)), file('eve-2.json', lines.slice(0, 1))]],
    ] as const) {
      const casePath = await importAll(name, paths);
      expect(await flowsOf(casePath)).toMatchObject([{ hostname: 'a.example.com', ja3: JA3, ja4: JA4 }]);
      expect(await flowsWhere(casePath, `ja3 = ${JA3} and ja4 = ${JA4}`)).toBe(1);
    }
  });

  it.skipIf(!corpusIsThere)('of real Zeek logs (skipped without ../shared/corpus)', async () => {
    const logs = ['conn', 'ssl'].map((log) => `${CORPUS}rita/test_data/open_conns/closed/${log}.log`);
    const casePath = join(folder, 'rita.enclave');
    const profile = shippedProfile('default');
    await engine.run('new', { case: casePath, profile, title: '', examiner: '', authority: '' });
    await engine.run('import', { case: casePath, paths: logs });
    const printed = await flowsOf(casePath);
    const withJa3 = printed.filter(({ ja3 }) => ja3 !== null);
    expect(withJa3.length).toBeGreaterThan(0);
    expect(withJa3.every(({ protocol }) => protocol === 'tls')).toBe(true);
    expect(await flowsWhere(casePath, 'ja3 ~ "*"')).toBe(withJa3.length);
  });
});
