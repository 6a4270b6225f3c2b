import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { EarlyContacts, storedFacts } from '../../electron/engine/early-contacts.ts';
import { EarlyLabels } from '../../electron/engine/early-labels.ts';
import { labelCase, type LabelTables, loadLabelTables } from '../../electron/engine/label-case.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';

/** Labels made while evidence is read must be those that a pass over the case would make. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-early-labels-'));
let tables: LabelTables;
beforeAll(() => {
  tables = loadLabelTables();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const FIELDS =
  'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration conn_state orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes';
const SERVICES = ['-', 'ssl', 'http', 'dns', 'ssh'];

/** A conn log of more than one segment: known and unknown addresses, with and without a protocol, over several years. */
function connLog(count: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const client = i % 3 === 0 ? `175.45.176.${i % 200}` : `10.0.${i % 7}.${i % 250}`;
    const server = [`31.13.${64 + (i % 60)}.${i % 250}`, `203.0.113.${i % 100}`, `175.45.178.${i % 50}`][i % 3];
    const time = Date.UTC(2015 + (i % 12), 5, 1) / 1000 + i;
    const transport = i % 11 === 0 ? 'icmp' : 'tcp';
    const ports = transport === 'icmp' ? [8, 0] : [1024 + (i % 60_000), [443, 80, 8080, 22][i % 4]];
    const row = [time, `C${i}`, client, ports[0], server, ports[1], transport, SERVICES[i % SERVICES.length]];
    return [...row, 0.5, 'SF', 4, 600, 5, 7000].join('\t');
  });
  return `#separator \\x09\n#path\tconn\n#fields\t${FIELDS.replaceAll(' ', '\t')}\n${rows.join('\n')}\n`;
}

/** Many hosts that a source seeks in vain: a behaviour. */
function scanLog(count: number): string {
  const rows = Array.from({ length: count }, (_, i) =>
    [
      1.4e9 + i / 10,
      `S${i}`,
      '198.51.100.9',
      40_000,
      `175.45.${176 + (i % 4)}.${i % 256}`,
      23,
      'tcp',
      '-',
      0,
      'S0',
      1,
      40,
      0,
      0,
    ].join('\t'),
  );
  return `#separator \\x09\n#path\tconn\n#fields\t${FIELDS.replaceAll(' ', '\t')}\n${rows.join('\n')}\n`;
}

const dnsLog =
  '#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype\tanswers\tTTLs\n' +
  '1433116800.0\tD1\t10.0.1.1\t5000\t10.0.0.53\t53\tudp\twww.facebook.com\t1\t203.0.113.1\t600000000.0\n';

interface Labelled {
  terms: unknown[];
  facts: unknown[];
  labels: unknown[];
  networks: unknown[];
  /** Segments whose early labels were taken over. */
  kept: number;
}

/**
 * A labelled case of these logs: `pass` by the pass over the case alone, `contacts` with what was gathered before, else with early labels
 * too, shown to live queries or not.
 */
async function labelled(logs: readonly string[], how: 'pass' | 'contacts' | 'early' | 'live'): Promise<Labelled> {
  const path = join(folder, `${how}-${logs.length}-${String(logs[0]?.length)}.enclave`);
  const facts = { title: '', examiner: '', authority: '', profile: readProfile('dprk-2017'), version: '0' };
  const writer = CaseWriter.create(path, facts);
  const early = how === 'pass' || how === 'contacts' ? null : new EarlyLabels(writer, tables, how === 'live');
  const contacts = new EarlyContacts();
  for (const [index, log] of logs.entries()) {
    const file = join(folder, `${index}.log`);
    writeFileSync(file, log);
    const number = writer.beginEvidence(file, statSync(file).size);
    const decoded = await decodeEvidence(file, DEFAULT_TIMEOUTS, {
      segment(segment) {
        const stored = writer.addSegment(number, segment);
        const view = storedFacts(segment);
        contacts.add(stored, view);
        early?.add(stored, segment, view);
      },
      names(chunk) {
        writer.addNameChunk(number, chunk);
        early?.giveUp();
      },
      progress: () => undefined,
    });
    const custody = { hashes: {}, clockOffset: 0, clockReason: '' };
    writer.finishEvidence(number, { ...decoded, format: decoded.format ?? 'none', status: 'imported', custody });
  }
  const taken = early === null ? null : vi.spyOn(early, 'caseNumbers');
  labelCase(writer, tables, () => undefined, undefined, false, how === 'pass' ? null : { labels: early, contacts });
  writer.close();
  const db = new Database(path, { readonly: true });
  const all = (sql: string): unknown[] => db.prepare(sql).all();
  const found = {
    terms: all('SELECT number, id FROM term ORDER BY number'),
    facts: all('SELECT segment, sha256 FROM segment ORDER BY segment'),
    labels: db
      .prepare<[], { version: number; segment: number; column: string; data: Buffer }>(
        'SELECT version, segment, column, data FROM segmentLabel ORDER BY segment, column',
      )
      .all()
      .map(({ data, ...row }) => ({ ...row, sha256: createHash('sha256').update(data).digest('hex') })),
    networks: all('SELECT asn, organisation FROM network ORDER BY asn'),
    kept: taken?.mock.calls.length ?? 0,
  };
  db.close();
  return found;
}

it('takes early labels over where nothing else can tell more, bit by bit those of the pass', async () => {
  const logs = [connLog(70_000), connLog(500)];
  const pass = await labelled(logs, 'pass');
  const early = await labelled(logs, 'early');
  expect(early).toEqual({ ...pass, kept: 3 });
  expect(pass.labels.length).toBeGreaterThan(20);
  // Numbers of terms differ then; nothing else may.
  const live = await labelled(logs, 'live');
  expect(live.kept).toBe(3);
  expect(live.networks).toEqual(pass.networks);
  expect(live.labels.length).toBe(pass.labels.length);
});

it('labels anew where names came', async () => {
  const logs = [connLog(600), dnsLog];
  const early = await labelled(logs, 'early');
  expect(early).toEqual(await labelled(logs, 'pass'));
  expect(early.kept).toBe(0);
});

it('labels anew the segments of which behaviours tell something', async () => {
  const logs = [scanLog(2000), connLog(600)];
  const pass = await labelled(logs, 'pass');
  const early = await labelled(logs, 'early');
  expect({ ...early, kept: 0 }).toEqual(pass);
  expect(await labelled(logs, 'contacts')).toEqual(pass);
  expect(early.kept).toBeLessThan(2);
  expect(pass.terms).toContainEqual(expect.objectContaining({ id: 'scan' }));
});
