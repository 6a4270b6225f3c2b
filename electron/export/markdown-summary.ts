import { basename } from 'node:path';
import { CASE_FACTS, FACT_NAMES } from '../../shared/case-record.ts';
import { FINDING_KINDS, type Verdict } from '../../shared/finding.ts';
import { findingSubject } from '../../shared/finding-tables.ts';
import { formatBytes, formatCount, formatFirst } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { basisOf, type CaseContents } from './case-contents.ts';

const NOT_BORNE_OUT = {
  'not-supported': 'Looked for and not borne out',
  'insufficient-data': 'Too little data to tell',
} as const satisfies Partial<Record<Verdict, string>>;

/** Subjects of a kind that are named; the rest are counted. */
const MOST_SUBJECTS = 12;

/** Text in Markdown (CommonMark): what would be markup, or HTML, is escaped, and stays in one line. */
export function markdownText(text: string): string {
  return visibleText(text.replace(/\s+/g, ' '))
    .replace(/[\\`*_{}[\]()#+!|<>~&-]/g, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2');
}

/**
 * The case in short, as Markdown: facts, evidence with hashes, findings with the limits of those borne out, the examiners' own findings
 * and notes marked for the report.
 */
export function markdownSummary({
  record,
  evidence,
  findings,
  ownFindings,
  notes,
  version,
  asOf,
}: CaseContents): string {
  const lines = [`# ${markdownText(record.facts.title || 'Untitled case')}`, ''];
  for (const name of FACT_NAMES) {
    if (name !== 'title') lines.push(`- ${CASE_FACTS[name]}: ${markdownText(record.facts[name]) || 'not supplied'}`);
  }
  lines.push(
    `- Case: \`${record.id ?? 'no audit entry'}\``,
    `- Head of the audit chain: \`${record.head ?? 'none'}\``,
    `- As of ${asOf}, by Enclave ${version}`,
    '',
    'It tells what traffic was seen from and to addresses, not who sat there.',
    '',
    '## Evidence',
    '',
    '| File | Size | Flows | SHA-256 |',
    '| --- | ---: | ---: | --- |',
    ...evidence.map(
      ({ path, bytes, flows, sha256 }) =>
        `| ${markdownText(basename(path))} | ${formatBytes(bytes)} | ${formatCount(flows)} | \`${sha256}\` |`,
    ),
    '',
  );
  const supported = findings.filter(({ verdict }) => verdict === 'supported');
  if (supported.length > 0) lines.push('## Findings borne out by the data', '');
  for (const { kind, id, statement, caveats } of supported) {
    lines.push(`- **${FINDING_KINDS[kind]}** (\`${id}\`): ${markdownText(statement)}`);
    lines.push(...caveats.map(({ text }) => `  - Limit: ${markdownText(text)}`));
  }
  if (supported.length > 0) lines.push('');
  for (const [verdict, words] of Object.entries(NOT_BORNE_OUT)) {
    const others = findings.filter((finding) => finding.verdict === verdict);
    if (others.length > 0) lines.push(`## ${words}`, '');
    for (const [kind, name] of Object.entries(FINDING_KINDS)) {
      const subjects = others.filter((finding) => finding.kind === kind).map(findingSubject);
      if (subjects.length > 0) lines.push(`- ${name}: ${markdownText(formatFirst(subjects, MOST_SUBJECTS))}`);
    }
    if (others.length > 0) lines.push('');
  }
  if (ownFindings.length > 0) lines.push('## Findings of the examiner’s own', '');
  for (const finding of ownFindings) {
    lines.push(`- **${markdownText(finding.title)}** (\`${finding.id}\`): ${markdownText(finding.statement)}`);
    lines.push(...basisOf(finding).map((text) => `  - ${markdownText(text)}`));
  }
  if (ownFindings.length > 0) lines.push('');
  const printed = notes.filter(({ inReport }) => inReport);
  if (printed.length > 0) lines.push('## Notes', '');
  for (const { target, text, examiner, madeAt } of printed) {
    lines.push(`- ${markdownText(target)}: ${markdownText(text)} (${markdownText(examiner)}, ${madeAt})`);
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
