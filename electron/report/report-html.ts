import { basename } from 'node:path';
import type { EvidenceInfo, CaseReader } from '../casefile/case-reader.ts';
import type { Finding } from '../../shared/finding.ts';
import type { ReportSettings } from '../../shared/jobs.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { isRedacted } from '../../shared/redaction.ts';
import { activityChapter } from './activity-chapter.ts';
import { auditChapter } from './audit-chapter.ts';
import { basisChapter } from './basis-chapter.ts';
import { bannerMarkup, factRows } from './case-facts.ts';
import { type Chapter, chaptersMarkup, contentsMarkup } from './chapter.ts';
import { evidenceChapter } from './evidence-chapter.ts';
import { findingsChapters } from './findings-chapters.ts';
import { findingsInShort } from './findings-in-short.ts';
import { glossaryChapter } from './glossary.ts';
import { breakable, escapeHtml, facts } from './markup.ts';
import { notesChapter } from './notes.ts';
import { redactedCase } from './redaction/redacted-case.ts';
import { type ReportCase, wholeCase } from './report-case.ts';
import { claimsChapter } from './serial-findings.ts';
import { reportStyle } from './style.ts';
import { summaryChapter } from './summary-chapter.ts';
import { undeterminedChapter } from './undetermined-chapter.ts';

/** The case report: one HTML file that needs nothing else. */

/** Audit entries printed; the rest are counted. */
const MOST_AUDIT = 40;

export interface ReportOptions extends ReportSettings {
  /** Version of Enclave that prints. */
  version: string;
  /** ISO 8601 with zone. */
  printedAt: string;
}

/**
 * Prints a case with its stored findings. Self-contained: no script, no outside reference, a Content-Security-Policy that
 * forbids both. Every text that comes from the case is escaped, with control, direction and invisible characters made
 * visible. The same case and options give the same bytes. Redacted as the options choose (docs/redaction.md); throws EnclaveError
 * `redaction-leak` when something hidden is found in what was printed.
 */
export function reportHtml(reader: CaseReader, options: ReportOptions): string {
  if (!isRedacted(options)) return printedCase(wholeCase(reader), options);
  const { told, check } = redactedCase(reader, options);
  const html = printedCase(told, options);
  check(html);
  return html;
}

function printedCase(reader: ReportCase, options: ReportOptions): string {
  const findings = reader.findings();
  const evidence = reader.evidence();
  const audit = reader.audit();
  const title = reader.meta('title') || 'Untitled case';
  const { banner } = reader.record().facts;
  const id = audit[0]?.hash.slice(0, 16) ?? 'no audit entry';
  const isBrief = options.form === 'brief';
  const chapters = [
    summaryChapter(findings, options.form),
    claimsChapter(findings),
    activityChapter(
      reader.counted,
      findings.find((finding) => finding.kind === 'coverage'),
    ),
    ...(isBrief ? [findingsInShort(findings)] : findingsChapters(reader, findings)),
    evidenceChapter(evidence, findings),
    undeterminedChapter(findings),
    ...(isBrief ? [] : [basisChapter(reader, options.version)]),
    notesChapter(reader.notes()),
    auditChapter(audit, isBrief ? 0 : MOST_AUDIT),
    ...(isBrief ? [] : [glossaryChapter()]),
  ].filter((chapter) => chapter !== null);
  const body = [cover(reader, options, title, id, findings, evidence, chapters), chaptersMarkup(chapters)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Enclave ${escapeHtml(options.version)}">
<title>${escapeHtml(title)} – Enclave report</title>
<style>${reportStyle(`${title} (case ${id})`, banner, options.paper ?? 'A4')}</style>
</head>
<body>
${bannerMarkup(banner)}
${body.join('\n')}
${bannerMarkup(banner)}
</body>
</html>
`;
}

function cover(
  reader: ReportCase,
  options: ReportOptions,
  title: string,
  id: string,
  findings: readonly Finding[],
  evidence: readonly EvidenceInfo[],
  chapters: readonly Chapter[],
): string {
  const { profile } = reader;
  const coverage = findings.find((finding) => finding.kind === 'coverage');
  const window =
    coverage?.coverage.from && coverage.coverage.to
      ? `${localTime(coverage.coverage.from, profile.timeZone)} to ${localTime(coverage.coverage.to, profile.timeZone)}`
      : 'no flow';
  const rangeNames = profile.ranges.map((range) => `${range.label} (${range.cidr})`);
  return `<section class="cover">
<div class="brand">Enclave · network traffic report</div>
<h1>${escapeHtml(title)}</h1>
<p class="subtitle">What the recorded traffic shows, and what it does not</p>
${facts([
  ['Case', `<span class="mono">${escapeHtml(id)}</span>, file ${breakable(basename(reader.path))}`],
  ...(reader.redaction === null ? [] : [['Redaction', escapeHtml(reader.redaction)] as const]),
  ...factRows(reader.record()),
  ['Network in question', `profile ${escapeHtml(profile.name)}: ${breakable(rangeNames.join(', ') || 'no ranges')}`],
  ['Time zone', `${escapeHtml(profile.timeZone)}; times marked Z or UTC are UTC`],
  ['Window', escapeHtml(window)],
  ['Evidence', escapeHtml(evidenceInWords(evidence))],
  ['Printed', `${escapeHtml(options.printedAt)} by Enclave ${escapeHtml(options.version)}`],
])}
${contentsMarkup(chapters)}
</section>`;
}

function evidenceInWords(evidence: readonly EvidenceInfo[]): string {
  const total = (value: (file: EvidenceInfo) => number): number => evidence.reduce((x, file) => x + value(file), 0);
  const files = evidence.length === 1 ? '1 file' : `${formatCount(evidence.length)} files`;
  const packets = total((file) => file.packets);
  const records = total((file) => file.records);
  const units = [
    formatBytes(total((file) => file.bytes)),
    packets > 0 ? `${formatCount(packets)} packets` : '',
    records > 0 ? `${formatCount(records)} records` : '',
    `${formatCount(total((file) => file.flows))} flows`,
  ];
  return `${files}, ${units.filter((unit) => unit !== '').join(', ')}`;
}

/** A UTC instant of a finding on the local clock, to the minute, with the zone's offset. */
function localTime(utc: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'longOffset',
  }).formatToParts(new Date(utc));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((item) => item.type === type)?.value ?? '';
  const offset = part('timeZoneName').replace('GMT', 'UTC');
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} (${offset})`;
}
