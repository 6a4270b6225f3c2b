import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { importAndAnalyse, sealCase } from '../../electron/engine/case-jobs.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { bundleChecks } from '../../electron/engine/verify-bundle.ts';
import { type Check, caseChecks } from '../../electron/engine/verify-case.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { conversations, pcap } from '../fixtures/captures.ts';

/**
 * Single bits are changed at random places: of a sealed bundle every change is found, of a case in work every change after
 * which anything reads otherwise. `ENCLAVE_SLOW_TESTS=1` changes 10,000 of each in place of 300.
 */

const CHANGES = process.env['ENCLAVE_SLOW_TESTS'] === '1' ? 10_000 : 300;

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-bits-'));
const CASE = join(ROOT, 'case.enclave');
const BUNDLE = join(ROOT, 'bundle');
const engine = new Engine();

const dnsLog = `#separator \\x09
#path\tdns
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype\tanswers\tTTLs
1433116800.0\tD1\t10.0.1.1\t5000\t10.0.0.53\t53\tudp\twww.facebook.com\t1\t203.0.113.1\t600000000.0
1433116801.0\tD2\t10.0.1.2\t5000\t10.0.0.53\t53\tudp\twww.iitg.ac.in\t1\t203.0.113.2\t600000000.0
`;

const added = {
  'services.csv': 'domain,service,category\nexample.org,example,news\n',
  'events.csv': 'time,label,kind,source\n2015-06-01T01:00:00Z,Parade,parade,press\n',
  'indicators.csv': 'type,value\ndomain,example.net\nip,10.0.0.80\n',
};

beforeAll(async () => {
  const evidence = join(ROOT, 'evidence');
  mkdirSync(evidence);
  writeFileSync(join(evidence, 'small.pcap'), pcap(conversations(40)));
  writeFileSync(join(evidence, 'dns.log'), dnsLog);
  for (const [name, text] of Object.entries(added)) writeFileSync(join(ROOT, name), text);
  const profile = readProfile('default');
  await engine.run('new', { case: CASE, profile, title: 'Bits', examiner: 'A. Nother', authority: '' });
  await importAndAnalyse(engine, { case: CASE, paths: [evidence] });
  await engine.run('addEvents', { case: CASE, path: join(ROOT, 'events.csv') });
  await engine.run('addIndicators', { case: CASE, path: join(ROOT, 'indicators.csv') });
  await engine.run('addOverlay', { case: CASE, path: join(ROOT, 'services.csv'), kind: null, date: null });
  const findings = await engine.run('analyse', { case: CASE });
  await engine.run('saveFindings', { case: CASE, findings });
  await sealCase(engine, {
    case: CASE,
    out: BUNDLE,
    evidence: 'all',
    evidenceDirectory: null,
    report: true,
  });
  await engine.close();
}, 120_000);

afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** Whether verification finds a fault, or cannot even begin. */
function finds(checks: () => Iterable<Check>): boolean {
  try {
    for (const { result } of checks()) if (result === 'fails') return true;
    return false;
  } catch {
    return true;
  }
}

function* checksOf(path: string): Generator<Check> {
  const reader = new CaseReader(path);
  try {
    yield* caseChecks(reader, null, () => undefined);
  } finally {
    reader.close();
  }
}

/** Everything that can be read of a case: all rows of all tables with their types, and the flows as they are printed. */
function dump(path: string): string {
  const hash = createHash('sha256');
  const db = new Database(path, { readonly: true });
  try {
    const tables = db
      .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .all();
    for (const { name } of tables) {
      hash.update(`table ${name}\n`);
      const columns = (db.pragma(`table_info("${name}")`) as { name: string }[]).map((column) => `"${column.name}"`);
      const read = columns.map((column) => `quote(${column})`).join(', ');
      for (const row of db.prepare<[], unknown[]>(`SELECT ${read} FROM "${name}" NOT INDEXED`).raw().iterate()) {
        hash.update(`${row.join(', ')}\n`);
      }
    }
  } finally {
    db.close();
  }
  const reader = new CaseReader(path);
  try {
    for (const flow of flowRecords(reader, { selection: compileFilter(parseFilter(''), reader) })) {
      hash.update(JSON.stringify(flow));
    }
    hash.update(
      JSON.stringify([reader.evidence(), reader.findings(), reader.audit(), reader.events(), reader.labelBasis()]),
    );
  } finally {
    reader.close();
  }
  return hash.digest('hex');
}

/** A place in the bytes: every second one where something is written, since much of a small case is empty space. */
function somePlace(random: SampleRandom, bytes: Uint8Array, change: number): number {
  for (;;) {
    const place = Math.floor(random.unit() * bytes.length);
    if (change % 2 === 0 || bytes[place] !== 0) return place;
  }
}

it('undisturbed, case and bundle hold', () => {
  for (const checks of [[...checksOf(CASE)], [...bundleChecks(BUNDLE, null, () => undefined)]]) {
    expect(checks.filter(({ result }) => result !== 'holds')).toEqual([]);
  }
  expect(dump(CASE)).toBe(dump(CASE));
});

it('every changed bit of a sealed bundle is found', () => {
  const random = new SampleRandom(71);
  const files = readdirSync(BUNDLE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const changed = new Set<string>();
  const missed: string[] = [];
  for (let change = 0; change < CHANGES; change++) {
    const file = files[Math.floor(random.unit() * files.length)];
    const before = readFileSync(file);
    const after = Uint8Array.from(before);
    const place = somePlace(random, after, 0);
    const bit = Math.floor(random.unit() * 8);
    after[place] ^= 1 << bit;
    rmSync(file);
    writeFileSync(file, after);
    changed.add(file);
    if (!finds(() => bundleChecks(BUNDLE, null, () => undefined))) missed.push(`${file}: bit ${bit} of byte ${place}`);
    rmSync(file);
    writeFileSync(file, before);
  }
  expect(missed).toEqual([]);
  expect(changed.size).toBe(files.length);
  expect(finds(() => bundleChecks(BUNDLE, null, () => undefined))).toBe(false);
}, 3_600_000);

it('every changed bit of a case in work after which anything reads otherwise is found', () => {
  const random = new SampleRandom(72);
  const before = readFileSync(CASE);
  const readable = dump(CASE);
  const path = join(ROOT, 'changed.enclave');
  const missed: string[] = [];
  let found = 0;
  for (let change = 0; change < CHANGES; change++) {
    const after = Uint8Array.from(before);
    const place = somePlace(random, after, change);
    const bit = Math.floor(random.unit() * 8);
    after[place] ^= 1 << bit;
    writeFileSync(path, after);
    const isFound = finds(() => checksOf(path));
    if (isFound) found++;
    else if (dump(path) !== readable) missed.push(`bit ${bit} of byte ${place}`);
    for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(path + suffix, { force: true });
  }
  expect(missed).toEqual([]);
  // Else nothing would have been tried.
  expect(found).toBeGreaterThan(CHANGES / 4);
}, 7_200_000);

it('a table, a row or a file more is found too', () => {
  const path = join(ROOT, 'added.enclave');
  const changes = [
    'CREATE TABLE more (n)',
    "INSERT INTO network VALUES (64512, 'Nobody')",
    'DELETE FROM indicator WHERE number = 1',
    "UPDATE event SET label = 'Another'",
    "UPDATE meta SET value = 'B. Nother' WHERE key = 'examiner'",
    "UPDATE evidence SET path = '/elsewhere'",
    'UPDATE segment SET lastEnd = lastEnd + 1',
    "UPDATE nameChunkColumn SET data = CAST(replace(data, 'facebook', 'faceb00k') AS BLOB) WHERE column = 'name.dictionary'",
    "UPDATE segmentLabel SET data = zeroblob(length(data)) WHERE column = 'category'",
    "DELETE FROM segmentLabel WHERE column = 'service'",
    "UPDATE term SET id = 'netflix' WHERE id = 'http'",
    "UPDATE finding SET body = replace(body, 'supported', 'Supported')",
    "UPDATE overlay SET name = 'other.csv'",
    "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit WHERE action = 'analyse')",
  ];
  for (const sql of changes) {
    copyFileSync(CASE, path);
    const db = new Database(path);
    const { changes: rows } = sql.startsWith('CREATE') ? db.exec(sql) && { changes: 1 } : db.prepare(sql).run();
    db.close();
    expect([sql, rows > 0, finds(() => checksOf(path))]).toEqual([sql, true, true]);
  }
  const extra = join(BUNDLE, 'evidence', 'extra.txt');
  writeFileSync(extra, 'more');
  const told = [...bundleChecks(BUNDLE, null, () => undefined)].filter(({ result }) => result === 'fails');
  expect(told).toEqual([{ check: 'file evidence/extra.txt', result: 'fails', detail: 'added: no file of the bundle' }]);
  rmSync(extra);
});
