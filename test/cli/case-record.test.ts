import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, CaseRecord, Note } from '../../shared/case-record.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { type EnclaveRun, linesOf, runEnclave } from './run-enclave.ts';

/** Facts, notes, audit chain and signatures by the command line, as one examiner after the other uses it. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-record-cli-'));
const CASE = join(ROOT, 'case.enclave');
const KEY = join(ROOT, 'key.pem');
const HOSTILE = '=HYPERLINK("x")<script>alert(1)</script>\u202e"\'';

async function enclave(...args: string[]): Promise<EnclaveRun> {
  const run = await runEnclave(args);
  expect(run.stderr).not.toContain('    at ');
  return run;
}

async function json<T>(...args: string[]): Promise<T> {
  const run = await enclave(...args, '--json');
  expect([run.code, run.stderr.replaceAll(/^\{.*\}\n/gm, '')]).toEqual([0, '']);
  return JSON.parse(run.stdout) as T;
}

const actions = async (): Promise<string[]> =>
  (await json<AuditEntry[]>('audit', CASE)).map(({ action, actor }) => `${action} by ${actor}`);

beforeAll(async () => {
  writeFileSync(join(ROOT, 'a.pcap'), pcap(conversations(10)));
  const facts = [
    '--number',
    '17/26',
    '--banner',
    `SECRET ${HOSTILE}`,
    '--examiner',
    'Ada',
    '--questions',
    'Who?\nWhen?',
  ];
  for (const args of [
    ['new', CASE, ...facts],
    ['import', CASE, join(ROOT, 'a.pcap')],
  ]) {
    const run = await runEnclave(args);
    if (run.code !== 0) throw new Error(run.stderr);
  }
});
afterAll(() => rmSync(ROOT, { recursive: true }));

describe('the facts of a case', () => {
  it('are shown, and changed by whoever is named', async () => {
    const before = await json<CaseRecord>('case', CASE);
    expect(before.facts).toMatchObject({ number: '17/26', title: 'case', examiner: 'Ada', scope: '' });
    const after = await json<CaseRecord>('case', CASE, '--set', 'scope=a=b', '--set', 'title=T', '--examiner', 'Bob');
    expect(after).toMatchObject({ facts: { scope: 'a=b', title: 'T' }, atWork: 'Bob', examiners: ['Ada', 'Bob'] });
    expect((await actions()).slice(-2)).toEqual(['sitting by Bob', 'facts by Bob']);
    expect((await enclave('case', CASE)).stdout).toContain('Scope                  a=b\n');
  });

  it('with a wrong name or form are refused as wrong use', async () => {
    for (const set of ['colour=red', 'number=a\nb']) {
      expect((await enclave('case', CASE, '--set', set)).code).toBe(1);
    }
    expect((await enclave('new', join(ROOT, 'b.enclave'), '--banner', 'x'.repeat(2000))).code).toBe(1);
  });
});

describe('notes', () => {
  it('are made, found, changed and removed; reading them is no sitting', async () => {
    const made = await json<Note>('note', CASE, '--on', 'country:cn', '--text', `${HOSTILE}\nx`, '--tag', 'odd, new');
    expect(made).toMatchObject({ target: 'country:CN', tags: ['odd', 'new'], inReport: false, examiner: 'Bob' });
    expect(await json<Note[]>('notes', CASE, '--search', 'ODD', '--examiner', 'Cid')).toEqual([made]);
    expect(await json<Note[]>('notes', CASE, '--search', 'even')).toEqual([]);
    const shown = await enclave('notes', CASE);
    expect(shown.stdout).not.toContain('\u202e');
    await json('note', CASE, '--edit', made.id, '--in-report', '--examiner', 'Cid');
    expect((await actions()).slice(-3)).toEqual(['note by Bob', 'sitting by Cid', 'note by Cid']);
    const other = await json<Note>('note', CASE, '--on', 'host:192.0.2.9', '--text', 'never printed');
    await json('notes', CASE, '--remove', other.id);
    expect((await json<Note[]>('notes', CASE)).map(({ id }) => id)).toEqual([made.id]);
  });

  it('about nothing, or of nothing, are refused as wrong use', async () => {
    for (const args of [
      ['--on', 'x:1', '--text', 'x'],
      ['--on', 'case', '--text', 'x', '--decide', 'accept'],
      ['--text', 'x'],
    ]) {
      expect([args, (await enclave('note', CASE, ...args)).code]).toEqual([args, 1]);
    }
  });

  it('chosen for the report stand in it with banner and facts, as inert text', async () => {
    const out = join(ROOT, 'report.html');
    expect((await enclave('report', CASE, '--out', out)).code).toBe(0);
    const html = readFileSync(out, 'utf8');
    expect(html).toContain('Notes of the examiner');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u202e');
    expect(html).not.toContain('<script');
    expect(html).not.toContain('\u202e');
    expect(html.match(/<div class="banner">SECRET =HYPERLINK/g)).toHaveLength(2);
    expect(html).toContain('<dt>Case number</dt><dd>17/26</dd>');
    expect(html).toContain('Who?<br>When?');
    expect(html).not.toContain('never printed');
    expect(html).toMatch(/<dt>Organisation<\/dt><dd><span class="quiet">not supplied/);
  });
});

describe('the audit chain', () => {
  it('goes out whole as ndjson, and as csv that no spreadsheet runs; the file is entered with its hash', async () => {
    await json('case', CASE, '--set', 'requester=R', '--examiner', '=1+1');
    const out = join(ROOT, 'audit.ndjson');
    expect((await enclave('audit', CASE, '--format', 'ndjson', '--out', out)).code).toBe(0);
    const entries = await json<AuditEntry[]>('audit', CASE);
    const text = readFileSync(out, 'utf8');
    expect(linesOf(text).map((line) => JSON.parse(line) as AuditEntry)).toEqual(entries.slice(0, -1));
    const sha256 = createHash('sha256').update(text).digest('hex');
    expect(entries.at(-1)?.action).toBe('export');
    expect(JSON.parse(entries.at(-1)?.detail ?? '')).toMatchObject({
      what: 'audit',
      head: entries.at(-2)?.hash,
      sha256,
    });
    const csv = await enclave('audit', CASE, '--format', 'csv');
    expect(csv.stdout.split('\r\n')[0]).toBe('seq,time,action,actor,detail,previous,hash');
    expect(csv.stdout).toContain(",'=1+1,");
    expect(csv.stdout).not.toMatch(/(^|,)=1/m);
  });

  it('is signed with a key made here, and a verification tells by which, and is entered itself', async () => {
    const { fingerprint } = await json<{ fingerprint: string }>('key', 'new', KEY);
    expect((await enclave('key', 'new', KEY)).code).toBe(2);
    expect(await json<{ fingerprint: string }>('key', 'show', KEY)).toMatchObject({ fingerprint });
    expect(await json('sign', CASE, '--key', KEY)).toMatchObject({ fingerprint });
    const verified = await enclave('verify', CASE);
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain(fingerprint);
    const last = (await json<AuditEntry[]>('audit', CASE)).at(-1);
    expect(last?.action).toBe('verify');
    expect(JSON.parse(last?.detail ?? '')).toMatchObject({ holds: true, failed: [] });
    expect((await enclave('verify', CASE)).code).toBe(0);
    expect((await enclave('sign', CASE, '--key', join(ROOT, 'a.pcap'))).code).toBe(2);
  });
});
