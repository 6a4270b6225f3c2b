import { basename } from 'node:path';
import type { EvidenceInfo, CaseReader } from '../casefile/case-reader.ts';
import type { Finding } from '../../shared/finding.ts';
import {
  CHAPTER_IDS,
  REPORT_CHAPTERS,
  type ReportChapter,
  type ReportSettings,
  chaptersOfForm,
} from '../../shared/report-settings.ts';
import { formatBytes, formatCount, formatList } from '../../shared/number-format.ts';
import { isRedacted } from '../../shared/redaction.ts';
import { activityChapter } from './activity-chapter.ts';
import { auditChapter } from './audit-chapter.ts';
import { basisChapter } from './basis-chapter.ts';
import { bannerMarkup, factRows } from './case-facts.ts';
import { type Chapter, chaptersMarkup, contentsMarkup } from './chapter.ts';
import { evidenceChapter } from './evidence-chapter.ts';
import { exhibitsChapter } from './exhibits-chapter.ts';
import { findingsChapters } from './findings-chapters.ts';
import { findingsInShort } from './findings-in-short.ts';
import { glossaryChapter } from './glossary.ts';
import { breakable, commandMarkup, escapeAttribute, escapeHtml, facts } from './markup.ts';
import { hostsChapter } from './hosts-chapter.ts';
import { letterFaces } from './letters.ts';
import { notesChapter } from './notes.ts';
import { ownFindingsChapter } from './own-findings-chapter.ts';
import { redactedCase } from './redaction/redacted-case.ts';
import { type ReportCase, wholeCase } from './report-case.ts';
import { claimsChapter } from './serial-findings.ts';
import { servicesChapter } from './services-chapter.ts';
import { signaturesChapter } from './signatures-chapter.ts';
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
  const coverage = findings.find((finding) => finding.kind === 'coverage');
  const chosen = new Set(options.chapters ?? chaptersOfForm(options.form));
  const make: Readonly<Record<ReportChapter, () => Chapter | null | (Chapter | null)[]>> = {
    summary: () => summaryChapter(findings, options.form),
    claims: () => claimsChapter(findings),
    activity: () => activityChapter(reader.counted, coverage),
    services: () => servicesChapter(reader),
    findings: () => [
      ...(isBrief ? [findingsInShort(findings)] : findingsChapters(reader, findings, chosen.has('hosts'))),
      ownFindingsChapter(reader.ownFindings()),
    ],
    hosts: () => hostsChapter(reader, findings, options.hosts),
    exhibits: () => exhibitsChapter(reader, findings, evidence),
    evidence: () => evidenceChapter(evidence, findings),
    undetermined: () => undeterminedChapter(findings),
    methods: () => basisChapter(reader, findings, options.version),
    notes: () => notesChapter(reader.notes()),
    audit: () => auditChapter(audit, isBrief ? 0 : MOST_AUDIT),
    terms: () => glossaryChapter(),
    signatures: () => signaturesChapter(reader, audit.at(-1)?.hash ?? null),
  };
  const chapters = CHAPTER_IDS.filter((name) => chosen.has(name))
    .flatMap((name) => make[name]())
    .filter((chapter) => chapter !== null);
  const body = `${bannerMarkup(banner)}
${cover(reader, options, title, id, findings, evidence, chapters)}
${chaptersMarkup(chapters)}
${bannerMarkup(banner)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Enclave ${escapeAttribute(options.version)}">
<title>${escapeAttribute(title)} – Enclave report</title>
<style>${reportStyle(title, id, banner, options.paper ?? 'A4')}${letterFaces(body + title + banner)}</style>
</head>
<body>
${body}
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
  const left = CHAPTER_IDS.filter((each) => !(options.chapters ?? chaptersOfForm(options.form)).includes(each));
  // Every finding tells the window of the case, also where that of coverage is left out.
  const { from, to } = findings[0]?.coverage ?? { from: null, to: null };
  const window =
    from === null || to === null
      ? 'no flow'
      : `${localTime(from, profile.timeZone)} to ${localTime(to, profile.timeZone)}`;
  const rangeNames = profile.ranges.map((range) => `${range.label} (${range.cidr})`);
  return `<section class="cover">
<div class="brand">Enclave · network traffic report</div>
<h1>${escapeHtml(title)}</h1>
<p class="subtitle">What the recorded traffic shows, and what it does not</p>
${facts([
  ['Case', `<span class="mono">${escapeHtml(id)}</span>, file ${breakable(basename(reader.path))}`],
  ...(reader.redaction === null ? [] : [['Redaction', escapeHtml(reader.redaction)] as const]),
  ...factRows(reader.record()),
  [
    'Network in question',
    `profile ${escapeHtml(profile.name)}: ${commandMarkup(rangeNames.join(', ') || 'no ranges')}`,
  ],
  ['Time zone', `${escapeHtml(profile.timeZone)}; times marked Z or UTC are UTC`],
  ['Window', escapeHtml(window)],
  ['Evidence', escapeHtml(evidenceInWords(evidence))],
  ...(left.length === 0
    ? []
    : [
        [
          'Form',
          `${options.form ?? 'full'}, without the chapters ${escapeHtml(formatList(left.map((each) => `“${REPORT_CHAPTERS[each]}”`)))}`,
        ] as const,
      ]),
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
