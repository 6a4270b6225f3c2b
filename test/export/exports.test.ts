import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { writeTable } from '../../electron/casefile/table-writers.ts';
import { writeCaseTable, wholeCase } from '../../electron/engine/export-case.ts';
import { caseContents, EXAMINERS_OWN } from '../../electron/export/case-contents.ts';
import { caseGraph } from '../../electron/export/case-graph.ts';
import { ownFindingTable } from '../../electron/export/case-tables.ts';
import { markdownSummary, markdownText } from '../../electron/export/markdown-summary.ts';
import { stixBundle } from '../../electron/export/stix-bundle.ts';
import { uuidOf } from '../../electron/export/uuid.ts';
import type { Finding } from '../../shared/finding.ts';
import type { OwnFinding } from '../../shared/own-finding.ts';
import { visibleJson } from '../../shared/visible-text.ts';
import { type PlantedFlow, plantCase, plantWorld } from '../analysis/planted-case.ts';

const HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> \u202egnp.exe\u0007 | [x](javascript:1)\n# head";
const DNS_NAMESPACE = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

const folder = mkdtempSync(join(tmpdir(), 'enclave-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

function madeCase(): CaseReader {
  const path = join(folder, 'case.enclave');
  const WORLD = { days: 21, seed: 1, flowsPerHour: 10, hourLevel: () => 1, weekdayLevel: () => 1, entertainment: 0.4 };
  const flows: PlantedFlow[] = plantWorld(WORLD).map((flow) =>
    flow.service === 'youku' ? { ...flow, service: HOSTILE } : flow,
  );
  plantCase(path, [{ path: `/evidence/${HOSTILE}.pcap`, flows }], { meta: { title: HOSTILE, examiner: HOSTILE } });
  const before = new CaseReader(path);
  const findings = analyseCase(before);
  before.close();
  const db = new Database(path);
  const put = db.prepare('INSERT INTO finding VALUES (?, ?, ?)');
  findings.forEach((finding, position) => put.run(finding.id, position, JSON.stringify(finding)));
  db.close();
  return new CaseReader(path);
}

const reader = madeCase();
afterAll(() => reader.close());

async function written(
  what: 'findings' | 'hosts' | 'evidence' | 'notes',
  format: 'csv' | 'ndjson' | 'parquet',
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await writeCaseTable(reader, what, format, (chunk) => void chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

/** Characters that change how others are shown, or that terminals obey. */
const ACTIVE = /(?![\r\n])\p{Cc}|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u;

describe('names as UUIDs', () => {
  it('are those of RFC 9562', () => {
    expect(uuidOf(DNS_NAMESPACE, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
    expect(uuidOf(DNS_NAMESPACE, 'python.org')).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
  });
});

describe('tables', () => {
  it.each(['findings', 'hosts', 'evidence'] as const)('%s are the same rows in each format', async (what) => {
    const lines = (await written(what, 'ndjson')).toString().trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.length).toBeGreaterThan(0);
    const csv = (await written(what, 'csv')).toString();
    expect(csv.split('\r\n')).toHaveLength(rows.length + 2);
    expect(csv.split('\r\n')[0]).toBe(Object.keys(rows[0] ?? {}).join(','));
    const bytes = await written(what, 'parquet');
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const columns = (await parquetReadObjects({ file })) as Record<string, unknown>[];
    const [first] = Object.keys(rows[0] ?? {});
    expect(columns.map((row) => row[first ?? ''])).toEqual(rows.map((row) => row[first ?? '']));
  });

  it('hold each finding with what only its kind has', async () => {
    const rows = (await written('findings', 'ndjson')).toString().trimEnd().split('\n');
    const [stored] = reader.findings().filter(({ kind }) => kind === 'daily-rhythm');
    const row = rows.map((line) => JSON.parse(line) as Record<string, string>).find(({ id }) => id === stored?.id);
    const details = JSON.parse(row?.['details'] ?? '') as Record<string, unknown>;
    expect(details['profile']).toEqual(stored?.kind === 'daily-rhythm' ? stored.profile : null);
    expect(Object.keys(details)).not.toContain('statement');
  });

  it('are inert whatever the evidence is called', async () => {
    for (const format of ['csv', 'ndjson'] as const) {
      const text = (await written('evidence', format)).toString();
      expect(text).not.toMatch(ACTIVE);
      expect(text).toContain('\\u202e');
    }
    expect((await written('findings', 'csv')).toString()).not.toMatch(/(^|,|\n)[=+@]/);
  });
});

interface StixObject {
  type: string;
  id: string;
  object_refs?: string[];
  created_by_ref?: string;
}

describe('STIX', () => {
  const text = wholeCase(reader, 'stix');
  const bundle = JSON.parse(text) as { objects: StixObject[] };

  it('has ids of the form that it demands, each once, and refers to nothing outside', () => {
    const ids = bundle.objects.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, id, object_refs: references = [], created_by_ref: author } of bundle.objects) {
      expect(id).toMatch(new RegExp(`^${type}--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`));
      expect(
        [...references, ...(author === undefined ? [] : [author])].filter((other) => !ids.includes(other)),
      ).toEqual([]);
    }
    const kinds = new Set(bundle.objects.map(({ type }) => type));
    expect([...kinds].toSorted()).toEqual(['file', 'identity', 'note', 'report', 'ipv4-addr'].toSorted());
  });

  it('gives an address the id that the standard makes of it', () => {
    const [beacon] = reader.findings().filter(({ kind }) => kind === 'host-profile');
    const contents = {
      record: reader.record(),
      evidence: [],
      findings: [{ ...beacon, host: '198.51.100.3' } as Finding],
      ownFindings: [],
      notes: [],
      version: '0',
      asOf: '2026-01-01T00:00:00.000Z',
    };
    const { objects } = stixBundle(contents) as { objects: StixObject[] };
    expect(objects.map(({ id }) => id)).toContain('ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4');
  });

  it('is the same twice, and inert', () => {
    expect(wholeCase(reader, 'stix')).toBe(text);
    expect(text).not.toMatch(ACTIVE);
  });
});

describe('the CASE graph', () => {
  const text = wholeCase(reader, 'case');
  const graph = JSON.parse(text) as { '@context': Record<string, string>; '@graph': Record<string, unknown>[] };

  it('names only what it declares, and refers to nothing outside', () => {
    const ids = new Set(graph['@graph'].map((node) => node['@id']));
    const missing: unknown[] = [];
    const prefixes = new Set<string>();
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(visit);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      const names = Object.keys(value);
      if (names.length === 1 && names[0] === '@id' && !ids.has((value as { '@id': string })['@id']))
        missing.push(value);
      for (const name of names) if (!name.startsWith('@')) prefixes.add(name.split(':')[0] ?? '');
      Object.values(value).forEach(visit);
    };
    visit(graph['@graph']);
    expect(missing).toEqual([]);
    expect([...prefixes].filter((prefix) => !Object.hasOwn(graph['@context'], prefix))).toEqual([]);
    expect(graph['@graph'].filter((node) => node['@type'] === 'uco-core:Annotation')).toHaveLength(
      reader.findings().length,
    );
    expect(text).not.toMatch(ACTIVE);
  });
});

describe('Markdown', () => {
  it('lets nothing of the case be markup', () => {
    const text = wholeCase(reader, 'markdown');
    expect(text).not.toMatch(ACTIVE);
    expect(text).not.toMatch(/(?<!\\)<script/);
    expect(text).not.toMatch(/^# head/m);
    expect(text.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
    expect(markdownText('1. a *b* [c](d) <e> `f` | g\n# h')).toBe(
      '1\\. a \\*b\\* \\[c\\]\\(d\\) \\<e\\> \\`f\\` \\| g \\# h',
    );
  });
});

describe('an examiner’s own finding', () => {
  const totals = { flows: 7, outbound: 5, bytes: 900, packets: 40, hostHours: 3, hosts: 2, days: 1 };
  const own: OwnFinding = {
    id: '0123456789abcdef',
    title: HOSTILE,
    statement: `=1+1\n${HOSTILE}`,
    exhibits: [{ label: HOSTILE, where: 'port = 443', totals, basis: { labels: 1, indicators: [] } }],
    inReport: true,
    examiner: HOSTILE,
    madeAt: '2026-01-01T00:00:00.000Z',
    changedAt: null,
  };
  const contents = { ...caseContents(reader, '0'), ownFindings: [own] };

  it('is a row for each exhibit, marked as what it is', async () => {
    const { form, rows } = ownFindingTable([own]);
    expect(rows).toEqual([
      expect.objectContaining({ kind: EXAMINERS_OWN, exhibit: 1, where: 'port = 443', ...totals }),
    ]);
    let text = '';
    await writeTable<string>('csv', form, rows, (chunk) => void (text += String(chunk)));
    expect(text.split('\r\n')).toHaveLength(3);
    expect(text).not.toMatch(ACTIVE);
    expect(text).not.toMatch(/(^|,|\n)"?[=+@]/);
  });

  it('stands in Markdown, STIX and CASE as its examiner’s, with what it rests on, inert', () => {
    const texts = [markdownSummary(contents), visibleJson(stixBundle(contents)), visibleJson(caseGraph(contents))];
    for (const text of texts) {
      expect(text).toMatch(/examiner’s own|examiner-own/);
      expect(text).toMatch(/Stated by .*no method and no verdict of Enclave/);
      expect(text).toContain('7 flows, 900 B, 40 packets, 3 host');
      expect(text).not.toMatch(ACTIVE);
    }
  });
});
