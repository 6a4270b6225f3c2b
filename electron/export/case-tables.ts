import type { Note } from '../../shared/case-record.ts';
import { type Finding, type FindingBase, FINDING_KINDS } from '../../shared/finding.ts';
import { findingSubject } from '../../shared/finding-tables.ts';
import type { HostActivity } from '../../shared/jobs.ts';
import { formatUtc } from '../../shared/time.ts';
import type { OwnFinding } from '../../shared/own-finding.ts';
import type { EvidenceInfo } from '../casefile/case-reader.ts';
import type { ColumnType, TableForm, TableRow } from '../casefile/table-writers.ts';
import { EXAMINERS_OWN } from './case-contents.ts';

/** Findings, own findings, hosts, evidence and notes as rows of plain columns. What has no place in a row stands in it as JSON. */

interface Table<Name extends string> {
  readonly form: TableForm<Name>;
  readonly rows: readonly TableRow<Name>[];
}

function table<Name extends string, Item>(
  name: string,
  columns: Readonly<Record<Name, ColumnType>>,
  items: readonly Item[],
  rowOf: (item: Item) => TableRow<Name>,
): Table<Name> {
  return { form: { name, columns }, rows: items.map(rowOf) };
}

export type AnyTable = ReturnType<
  typeof findingTable | typeof ownFindingTable | typeof hostTable | typeof evidenceTable | typeof noteTable
>;

/** Fields that findings of all kinds have. */
const COMMON: ReadonlySet<string> = new Set<keyof FindingBase | 'kind'>([
  ...(['id', 'kind', 'title', 'statement', 'verdict', 'value', 'interval', 'level', 'unit', 'pValue'] as const),
  ...(['adjustedPValue', 'method', 'parameters', 'population', 'metric', 'where', 'numerator'] as const),
  ...(['denominator', 'scaled', 'caveats', 'coverage'] as const),
]);

/** One row a finding, with the fields that all kinds have; `details` holds those of its kind. */
export function findingTable(findings: readonly Finding[]) {
  return table(
    'finding',
    {
      id: 'text',
      kind: 'text',
      kindInWords: 'text',
      subject: 'text',
      title: 'text',
      statement: 'text',
      verdict: 'text',
      value: 'double',
      low: 'double',
      high: 'double',
      level: 'double',
      unit: 'text',
      pValue: 'double',
      adjustedPValue: 'double',
      metric: 'text',
      population: 'text',
      numerator: 'double',
      denominator: 'double',
      scaled: 'text',
      from: 'time',
      to: 'time',
      observedFraction: 'double',
      sampling: 'text',
      method: 'text',
      source: 'text',
      where: 'text',
      caveats: 'text',
      parameters: 'text',
      details: 'text',
    },
    findings,
    (finding) => {
      const { interval, coverage, method } = finding;
      const details = Object.entries(finding).filter(([name]) => !COMMON.has(name));
      return {
        id: finding.id,
        kind: finding.kind,
        kindInWords: FINDING_KINDS[finding.kind],
        subject: findingSubject(finding),
        title: finding.title,
        statement: finding.statement,
        verdict: finding.verdict,
        value: finding.value,
        low: interval?.[0] ?? null,
        high: interval?.[1] ?? null,
        level: finding.level,
        unit: finding.unit,
        pValue: finding.pValue,
        adjustedPValue: finding.adjustedPValue,
        metric: finding.metric,
        population: finding.population,
        numerator: finding.numerator,
        denominator: finding.denominator,
        scaled: finding.scaled ? 'yes' : 'no',
        from: coverage.from,
        to: coverage.to,
        observedFraction: coverage.observedFraction,
        sampling: coverage.sampling.join(' '),
        method: method.name,
        source: method.source,
        where: finding.where,
        caveats: finding.caveats.map(({ text }) => text).join(' '),
        parameters: JSON.stringify(finding.parameters),
        details: JSON.stringify(Object.fromEntries(details)),
      };
    },
  );
}

/** One row an exhibit of an examiner's own finding: words of the examiner, totals as Enclave counted them. */
export function ownFindingTable(findings: readonly OwnFinding[]) {
  return table(
    'ownFinding',
    {
      id: 'text',
      kind: 'text',
      title: 'text',
      statement: 'text',
      examiner: 'text',
      madeAt: 'time',
      changedAt: 'time',
      inReport: 'text',
      exhibit: 'int32',
      exhibitLabel: 'text',
      where: 'text',
      flows: 'int64',
      outbound: 'int64',
      bytes: 'int64',
      packets: 'int64',
      hostHours: 'int64',
      hosts: 'int64',
      days: 'int64',
    },
    findings.flatMap((finding) => finding.exhibits.map((exhibit, i) => ({ finding, exhibit, i }))),
    ({ finding: { id, title, statement, examiner, madeAt, changedAt, inReport }, exhibit, i }) => ({
      id,
      kind: EXAMINERS_OWN,
      title,
      statement,
      examiner,
      madeAt,
      changedAt,
      inReport: inReport ? 'yes' : 'no',
      exhibit: i + 1,
      exhibitLabel: exhibit.label,
      where: exhibit.where,
      ...exhibit.totals,
    }),
  );
}

/** One row a host of the profile's ranges; bytes both ways, scaled by sampling. */
export function hostTable(hosts: readonly HostActivity[], findings: readonly Finding[]) {
  const profiles = new Map(
    findings.flatMap((finding) => (finding.kind === 'host-profile' ? [[finding.host, finding] as const] : [])),
  );
  return table(
    'host',
    {
      host: 'text',
      role: 'text',
      devices: 'text',
      flows: 'int64',
      bytes: 'int64',
      firstSeen: 'time',
      lastSeen: 'time',
      finding: 'text',
    },
    hosts,
    ({ host, flows, bytes, firstSeen, lastSeen }) => {
      const profile = profiles.get(host);
      return {
        host,
        role: profile?.role ?? null,
        devices: profile === undefined ? null : profile.devices.map(({ kind }) => kind).join('; '),
        flows,
        bytes,
        firstSeen: formatUtc(firstSeen),
        lastSeen: formatUtc(lastSeen),
        finding: profile?.id ?? null,
      };
    },
  );
}

/** One row an evidence file. */
export function evidenceTable(evidence: readonly EvidenceInfo[]) {
  return table(
    'evidence',
    {
      id: 'text',
      path: 'text',
      sha256: 'text',
      bytes: 'int64',
      format: 'text',
      linkTypes: 'text',
      packets: 'int64',
      flows: 'int64',
      records: 'int64',
      firstSeen: 'time',
      lastSeen: 'time',
      status: 'text',
      importedAt: 'time',
      clockOffset: 'double',
      clockReason: 'text',
      problems: 'text',
    },
    evidence,
    (file) => ({
      id: file.id,
      path: file.path,
      sha256: file.sha256,
      bytes: file.bytes,
      format: file.format,
      linkTypes: file.linkTypes.join(' '),
      packets: file.packets,
      flows: file.flows,
      records: file.records,
      firstSeen: file.firstSeen === null ? null : formatUtc(file.firstSeen),
      lastSeen: file.lastSeen === null ? null : formatUtc(file.lastSeen),
      status: file.status,
      importedAt: file.importedAt,
      clockOffset: file.custody.clockOffset,
      clockReason: file.custody.clockReason,
      problems: file.problems.length === 0 ? null : JSON.stringify(file.problems),
    }),
  );
}

/** One row a note or decision. */
export function noteTable(notes: readonly Note[]) {
  return table(
    'note',
    {
      id: 'text',
      kind: 'text',
      decision: 'text',
      target: 'text',
      text: 'text',
      tags: 'text',
      inReport: 'text',
      examiner: 'text',
      madeAt: 'time',
      changedAt: 'time',
    },
    notes,
    ({ tags, inReport, ...note }) => ({ ...note, tags: tags.join(' '), inReport: inReport ? 'yes' : 'no' }),
  );
}
