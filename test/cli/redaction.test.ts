import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../shared/case-record.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { type EnclaveRun, runEnclave } from './run-enclave.ts';

/** Redacted reports by the command line. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-redaction-cli-'));
const CASE = join(ROOT, 'whitefinch.enclave');

async function report(name: string, ...options: string[]): Promise<EnclaveRun & { html: string }> {
  const out = join(ROOT, name);
  const run = await runEnclave(['report', CASE, '--out', out, ...options]);
  return { ...run, html: run.code === 0 ? readFileSync(out, 'utf8') : '' };
}

beforeAll(async () => {
  writeFileSync(join(ROOT, 'finch.pcap'), pcap(conversations(10)));
  for (const args of [
    ['new', CASE, '--title', 'Whitefinch', '--examiner', 'Ada Mueller'],
    ['import', CASE, join(ROOT, 'finch.pcap')],
  ]) {
    const run = await runEnclave(args);
    if (run.code !== 0) throw new Error(run.stderr);
  }
}, 60_000);
afterAll(() => rmSync(ROOT, { recursive: true }));

describe('enclave report --redact', () => {
  it('hides what the level says, and enters it into the audit log', async () => {
    const whole = await report('whole.html');
    expect(whole.html).toContain('Whitefinch');
    expect(whole.html).not.toContain('<dt>Redaction</dt>');
    for (const level of ['addresses', 'names', 'full']) {
      const { code, html, stderr } = await report(`${level}.html`, '--redact', level);
      expect([code, stderr.replaceAll(/^\{.*\}\n/gm, '')]).toEqual([0, '']);
      expect(html).toContain('<dt>Redaction</dt>');
      expect(/whitefinch|mueller|finch\.pcap/i.test(html)).toBe(level === 'addresses');
    }
    const { stdout } = await runEnclave(['audit', CASE, '--json']);
    const entries = JSON.parse(stdout) as AuditEntry[];
    const details = entries
      .filter(({ action }) => action === 'report')
      .map(({ detail }) => JSON.parse(detail) as unknown);
    expect(details).toMatchObject([
      { file: 'whole.html' },
      { file: 'addresses.html', redact: 'addresses' },
      { file: 'names.html', redact: 'names' },
      { file: 'full.html', redact: 'full' },
    ]);
    expect(details[0]).not.toHaveProperty('redact');
    expect(entries.filter(({ detail }) => detail.includes('redactionKey'))).toHaveLength(1);
    expect(stdout).not.toMatch(/"redactionKey[^,]*[0-9a-f]{64}/);
  });

  it('says what is wrong with its options', async () => {
    for (const [option, value] of [
      ['--redact', 'some'],
      ['--leave-out-host', '10.1.2.3,example.com'],
      ['--leave-out-finding', 'the first'],
      ['--leave-out-finding', '0123456789abcdef'],
      ['--chapters', 'summary,apendix'],
      ['--hosts', 'example.com'],
      ['--paper', 'A9'],
    ] as const) {
      const { code, stderr } = await report('never.html', option, value);
      expect(code).toBe(1);
      expect(stderr).not.toContain('    at ');
      expect(stderr).toMatch(/redact|leave-out|no finding|--chapters|--hosts|--paper/);
    }
  });

  it('prints the chapters that were chosen, and enters all that was chosen into the audit log', async () => {
    const chosen = await report(
      'some.html',
      '--brief',
      '--chapters',
      'audit,summary',
      '--hosts',
      '10.0.0.1',
      '--paper',
      'letter',
    );
    expect([...chosen.html.matchAll(/<h2>([^<]+)</g)].map(([, title]) => title)).toEqual([
      '1  Summary',
      '2  Audit log',
    ]);
    const { stdout } = await runEnclave(['audit', CASE, '--json']);
    const entries = JSON.parse(stdout) as AuditEntry[];
    expect(JSON.parse(entries.at(-1)?.detail ?? '')).toMatchObject({
      file: 'some.html',
      form: 'brief',
      chapters: ['audit', 'summary'],
      hosts: ['10.0.0.1'],
      paper: 'Letter',
    });
  });

  it('leaves a case that verifies', async () => {
    const { code, stdout } = await runEnclave(['verify', CASE]);
    expect([code, stdout.includes('FAILS')]).toEqual([0, false]);
  });
});
