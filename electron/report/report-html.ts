import { basename } from 'node:path';
import type { AuditEntry, CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';
import {
  type ActivityShareFinding,
  type Caveat,
  type CoverageFinding,
  type Finding,
  FINDING_KINDS,
  type ServiceRankingFinding,
  type Verdict,
  type WeeklyRhythmFinding,
} from '../../shared/finding.ts';
import { clockTime } from '../../shared/calendar.ts';
import { countryInWords } from '../../shared/country-name.ts';
import { findingSubject } from '../../shared/finding-tables.ts';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatList,
  formatPValue,
  formatShare,
  formatShareInterval,
  weekdayName,
} from '../../shared/number-format.ts';
import type { ReportSettings } from '../../shared/jobs.ts';
import { isRedacted } from '../../shared/redaction.ts';
import { formatUtc, parseInstant } from '../../shared/time.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { summarise } from '../casefile/summary.ts';
import { activityChapter } from './activity-chapter.ts';
import { bannerMarkup, factRows, signatureRows } from './case-facts.ts';
import { type Chapter, chaptersMarkup, contentsMarkup } from './chapter.ts';
import {
  type CoverageTrack,
  weekFigure,
  coverageFigure,
  profileFigure,
  rankingFigure,
  shareFigure,
  weekdayFigure,
} from './figures.ts';
import { findingsInShort } from './findings-in-short.ts';
import { GLOSSARY } from './glossary.ts';
import { breakable, escapeHtml, hashMarkup, prose, shellArgument } from './markup.ts';
import { notesChapter } from './notes.ts';
import { redactedCase } from './redaction/redacted-case.ts';
import { type ReportCase, wholeCase } from './report-case.ts';
import { MOST_IN_FULL, claimsChapter, isSerial, particulars, serialArticle, serialTable } from './serial-findings.ts';
import { reportStyle } from './style.ts';

/** The case report: one HTML file that needs nothing else. */

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  supported: 'Supported',
  'not-supported': 'Not supported',
  'insufficient-data': 'Insufficient data',
};
const VERDICTS: readonly Verdict[] = ['supported', 'not-supported', 'insufficient-data'];

/** Longest lists printed; what is left out is counted. */
const MOST_TRACKS = 24;
const MOST_SPANS = 30;
const MOST_AUDIT = 40;
const MOST_PLACES = 5;
const MOST_SUBJECTS = 8;

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
    ...(isBrief ? [] : [basisChapter(reader, options)]),
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
<style>${reportStyle(`${title} (case ${id})`, banner)}</style>
</head>
<body>
${bannerMarkup(banner)}
${body.join('\n')}
${bannerMarkup(banner)}
</body>
</html>
`;
}

function facts(rows: readonly (readonly [string, string])[], kind = ''): string {
  const items = rows.map(([name, markup]) => `<div><dt>${escapeHtml(name)}</dt><dd>${markup}</dd></div>`);
  return `<dl class="facts ${kind}">${items.join('')}</dl>`;
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

function summaryChapter(findings: readonly Finding[], form: ReportSettings['form']): Chapter {
  const where =
    form === 'brief'
      ? 'This is the brief form; figures, method and limits of each finding stand in the full report.'
      : 'All this is told in full, with figures, method and limits, among the findings.';
  const markup = `<div class="summary"><ul>${summaryLines(findings)
    .map((text) => `<li>${prose(text)}</li>`)
    .join('')}</ul>
${summaryShares(findings)}
<p class="quiet">${where} Nothing here speaks of intent or nationality: it tells what traffic was seen from and to the address
ranges named above.</p></div>`;
  return { title: 'Summary', ownPage: true, markup };
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

/** Every group's share of activity, by each metric. */
function summaryShares(findings: readonly Finding[]): string {
  const groups = shareGroups(findings);
  const first = groups[0];
  if (first === undefined) return '';
  const heads = first.map((share) => `<th class="number">of ${share.metric}</th>`);
  const rows = groups.map((shares) => {
    const isThin = shares.some((share) => share.verdict === 'insufficient-data');
    const cells = shares.map((share) => {
      const text = share.numerator === 0 ? 'none seen' : formatShare(share.value);
      return `<td class="number">${escapeHtml(text)}</td>`;
    });
    const mark = isThin ? ' <span class="quiet">(too little data)</span>' : '';
    return `<tr><td>${escapeHtml(shares[0]?.group ?? '')}${mark}</td>${cells.join('')}</tr>`;
  });
  return `<table class="shares"><thead><tr><th>Share of activity</th>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** The findings in plain words, one line a subject. */
function summaryLines(findings: readonly Finding[]): string[] {
  const lines: string[] = [];
  for (const finding of findings) {
    if (finding.kind === 'coverage') lines.push(finding.statement);
  }
  for (const finding of findings) {
    const isOfAll = finding.kind === 'service-ranking' && finding.category === null && finding.country === null;
    const top = isOfAll ? finding.ranking[0] : undefined;
    if (top !== undefined) {
      const doubt = finding.verdict === 'supported' ? '' : ', though its first place is not certain';
      lines.push(
        `The named service with most activity flows was ${top.service} (${formatShare(top.value)} of them)${doubt}.`,
      );
    }
    if (finding.kind === 'daily-rhythm' && finding.metric === 'flows' && finding.verdict !== 'insufficient-data') {
      lines.push(
        finding.activeFrom === null || finding.activeTo === null
          ? 'Activity cannot be told from activity spread evenly over the day.'
          : `Activity follows the clock: ${formatShare(finding.value)} of flows fell between ` +
              `${clockTime(finding.activeFrom)} and ${clockTime(finding.activeTo)} local time.`,
      );
    }
    if (finding.kind === 'weekly-rhythm' && finding.metric === 'flows' && finding.verdict !== 'insufficient-data') {
      lines.push(
        finding.verdict === 'supported'
          ? `Activity was highest on ${formatList(finding.highest.map((day) => `${weekdayName(day)}s`))}` +
              `${finding.highest.length > 1 ? ', which cannot be told apart' : ''}.`
          : 'The days of the week cannot be told apart in activity.',
      );
    }
  }
  lines.push(...serialLines(findings));
  const counts = VERDICTS.map(
    (verdict) =>
      `${findings.filter((finding) => finding.verdict === verdict).length} ${VERDICT_WORDS[verdict].toLowerCase()}`,
  );
  lines.push(`Findings in all: ${findings.length}, of them ${formatList(counts)}.`);
  return lines;
}

/** What was found of claims, countries, onsets and detectors, one line each. */
function serialLines(findings: readonly Finding[]): string[] {
  const lines: string[] = [];
  const claims = findings.filter((finding) => finding.kind === 'claim-check');
  if (claims.length > 0) {
    const count = (verdict: (typeof claims)[number]['verdictOnClaim']): number =>
      claims.filter(({ verdictOnClaim }) => verdictOnClaim === verdict).length;
    lines.push(
      `Of ${claims.length} claims put to the test, ${count('holds')} hold in this evidence, ${count('refuted')} are refuted ` +
        `by it, and ${count('cannot-be-told')} cannot be told.`,
    );
  }
  const found = findings.filter(({ verdict }) => verdict === 'supported');
  const countries = found.filter((finding) => finding.kind === 'foreign-presence').map(({ country }) => country);
  if (countries.length > 0)
    lines.push(`Activity with local sites of ${formatList(countries.map(countryInWords))} stands out.`);
  const onsets = found.filter((finding) => finding.kind === 'onset');
  if (onsets.length > 0) {
    const told = onsets.map((finding) => `${findingSubject(finding)} (${finding.date ?? 'date not told'})`);
    lines.push(`Activity rose lastingly in ${formatList(firstOf(told))}.`);
  }
  for (const finding of found) if (finding.kind === 'malicious-activity') lines.push(finding.statement);
  return lines;
}

/** The first of some words, and how many more there are. */
function firstOf(words: readonly string[]): string[] {
  const left = words.length - MOST_SUBJECTS;
  return left > 0 ? [...words.slice(0, MOST_SUBJECTS), `${formatCount(left)} more`] : [...words];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function shareGroups(findings: readonly Finding[]): ActivityShareFinding[][] {
  const groups = new Map<string, ActivityShareFinding[]>();
  for (const finding of findings) {
    if (finding.kind === 'activity-share') groups.set(finding.group, [...(groups.get(finding.group) ?? []), finding]);
  }
  return [...groups.values()];
}

/**
 * Findings that are read together: the metrics of one share or rhythm, the rankings of all categories, and the subjects of
 * one kind that nothing was found of.
 */
function cards(findings: readonly Finding[]): Finding[][] {
  const together = new Map<string, Finding[]>();
  const inFull = new Map<string, number>();
  for (const finding of findings) {
    let key: string = finding.id;
    if (isSerial(finding)) {
      const told = inFull.get(finding.kind) ?? 0;
      const hasRoom = finding.verdict === 'supported' && told < MOST_IN_FULL;
      if (hasRoom) inFull.set(finding.kind, told + 1);
      key = `${hasRoom ? 'full' : 'list'} ${finding.kind} ${finding.verdict}`;
    }
    if (finding.kind === 'activity-share') key = `share ${finding.group}`;
    else if (isPartRanking(finding)) key = `rankings by ${partOf(finding)} ${finding.verdict}`;
    else if (finding.kind === 'daily-rhythm' || finding.kind === 'weekly-rhythm')
      key = `${finding.kind} ${finding.verdict}`;
    together.set(key, [...(together.get(key) ?? []), finding]);
  }
  return [...together.values()];
}

/** A card stands under the strongest verdict of its findings. */
function verdictOf(card: readonly Finding[]): Verdict {
  return VERDICTS.find((verdict) => card.some((finding) => finding.verdict === verdict)) ?? 'insufficient-data';
}

function sharedCaveats(findings: readonly Finding[]): Caveat[] {
  const about = findings.filter((finding) => finding.population.startsWith('activity:'));
  const first = about[0];
  if (first === undefined || about.length < 2) return [];
  return first.caveats.filter((caveat) =>
    about.every((finding) => finding.caveats.some((other) => other.id === caveat.id && other.text === caveat.text)),
  );
}

function findingsChapters(reader: ReportCase, findings: readonly Finding[]): (Chapter | null)[] {
  if (findings.length === 0) {
    return [
      { title: 'Findings', ownPage: true, markup: '<p>The case has not been analysed, so it holds no finding.</p>' },
    ];
  }
  const about = findings.filter((finding) => finding.kind !== 'claim-check');
  const shared = sharedCaveats(about);
  const sharedIds = new Set(shared.map((caveat) => caveat.id));
  const activity = about.find(({ kind }) => kind === 'daily-rhythm')?.where ?? '';
  const note =
    (shared.length === 0
      ? ''
      : `<div class="note"><p><strong>These limits hold for every finding about users:</strong></p>${caveatList(shared)}</div>`) +
    (activity === ''
      ? ''
      : `<p class="flows">In filters below, <code>ACTIVITY</code> stands for <code>${breakable(activity)}</code>.</p>`);
  const firstVerdict = verdictOf(about);
  return VERDICTS.map((verdict): Chapter | null => {
    const own = cards(about).filter((card) => verdictOf(card) === verdict);
    if (own.length === 0) return null;
    const isFirst = verdict === firstVerdict;
    return {
      title: `Findings: ${VERDICT_WORDS[verdict].toLowerCase()}`,
      ownPage: isFirst,
      markup:
        (isFirst ? note : '') + own.map((card, i) => cardMarkup(reader, card, sharedIds, activity, i === 0)).join(''),
    };
  });
}

function caveatList(caveats: readonly Caveat[]): string {
  return `<ul class="caveats">${caveats.map((caveat) => `<li>${prose(caveat.text)}</li>`).join('')}</ul>`;
}

function verdictMark(verdict: Verdict): string {
  return `<span class="verdict ${verdict}">${VERDICT_WORDS[verdict]}</span>`;
}

function cardMarkup(
  reader: ReportCase,
  card: readonly Finding[],
  shared: ReadonlySet<string>,
  activity: string,
  isFirst: boolean,
): string {
  const first = card[0];
  if (first === undefined) return '';
  const title = titleOf(card, first);
  const own = ownCaveats(card, shared);
  if (isInFull(card)) return serialArticle(card, own, details(reader, card), activity, isFirst);
  return `<article class="finding${isFirst ? ' first' : ''}">
<h3>${escapeHtml(title)} ${verdictMark(verdictOf(card))}</h3>
${statements(card)}
${figures(reader, card)}
${numbersTable(card)}
${own.length === 0 ? '' : `<div class="limits"><h4>Limits</h4>${caveatList(own)}</div>`}
${details(reader, card)}
</article>`;
}

/** The caveats of a card that are not told above; those of several category rankings name their categories. */
function ownCaveats(card: readonly Finding[], shared: ReadonlySet<string>): Caveat[] {
  const categoriesOf = new Map<string, { caveat: Caveat; categories: string[] }>();
  for (const finding of card) {
    for (const caveat of finding.caveats) {
      if (shared.has(caveat.id) && finding.kind !== 'coverage') continue;
      const known = categoriesOf.get(`${caveat.id} ${caveat.text}`) ?? { caveat, categories: [] };
      if (isPartRanking(finding)) known.categories.push(finding.category ?? finding.country ?? '');
      categoriesOf.set(`${caveat.id} ${caveat.text}`, known);
    }
  }
  const isOfAll = (categories: readonly string[]): boolean =>
    categories.length === 0 || categories.length === card.length;
  const ordered = [...categoriesOf.values()].toSorted(
    (x, y) => Number(isOfAll(y.categories)) - Number(isOfAll(x.categories)),
  );
  return ordered.map(({ caveat, categories }) => {
    return isOfAll(categories) ? caveat : { id: caveat.id, text: `${capital(formatList(categories))}: ${caveat.text}` };
  });
}

function titleOf(card: readonly Finding[], first: Finding): string {
  if (isList(card)) return FINDING_KINDS[first.kind];
  if (isPartRanking(first)) return `Most used services by ${partOf(first)}`;
  return card.length > 1 ? first.title.replace(/, by [a-z-]+$/, '') : first.title;
}

/** Subjects of one kind that stand in a table together: what was not found, and what goes beyond those told in full. */
function isList(card: readonly Finding[]): boolean {
  const first = card[0];
  return first !== undefined && card.length > 1 && isSerial(first);
}

/** Findings of one kind that are told one after the other, with what they share once. */
function isInFull(card: readonly Finding[]): boolean {
  const first = card[0];
  return first !== undefined && isSerial(first) && card.length <= MOST_IN_FULL && first.verdict === 'supported';
}

const LIST_INTRODUCTION: Readonly<Record<Verdict, string>> = {
  supported: 'Further findings of this kind that the data bear out.',
  'not-supported': 'Looked for in each of these, and not borne out.',
  'insufficient-data': 'Looked for in each of these; the data do not suffice.',
};

/** A ranking within a category or among the peers of a country. */
function isPartRanking(finding: Finding): finding is ServiceRankingFinding {
  return finding.kind === 'service-ranking' && (finding.category !== null || finding.country !== null);
}

function partOf(finding: ServiceRankingFinding): 'category' | 'country' {
  return finding.country === null ? 'category' : 'country';
}

/** One statement a finding, but a group's four shares begin alike: there the first stands for all, the table has the rest. */
function statements(card: readonly Finding[]): string {
  const first = card[0];
  if (first !== undefined && isPartRanking(first))
    return `<p class="statement">${RANKING_INTRODUCTION[first.verdict]}</p>`;
  if (first !== undefined && isList(card)) return `<p class="statement">${LIST_INTRODUCTION[first.verdict]}</p>`;
  const told = first?.kind === 'activity-share' ? [shareSentence(card)] : card.map((finding) => finding.statement);
  return told.map((text) => `<p class="statement">${prose(text)}</p>`).join('');
}

const RANKING_INTRODUCTION: Readonly<Record<Verdict, string>> = {
  supported:
    'Named services by their share of the activity flows (opened from inside the ranges) of each part. The first ' +
    'place of each category is certain by the rule below; later places may not be.',
  'not-supported':
    'Named services by their share of the activity flows (opened from inside the ranges) of each part. Which comes ' +
    'first cannot be told: other days might turn the order.',
  'insufficient-data':
    'Named services by their share of the activity flows (opened from inside the ranges) of each part. There are too ' +
    'few flows or days to tell which comes first; the figures are for orientation only.',
};

function shareSentence(card: readonly Finding[]): string {
  const first = card[0];
  if (first?.kind !== 'activity-share') return '';
  if (isUnseen(card)) return first.statement;
  const sides = card.map((finding) => `${formatShare(finding.value)} of the ${finding.metric ?? ''}`);
  const seen = first.statement.slice(first.statement.lastIndexOf('activity '));
  return (
    `${capital(first.group)} (${formatList(first.members)}) made up ${formatList(sides)} of activity, counting flows opened ` +
    `from inside the ranges; ${seen}`
  );
}

function isUnseen(card: readonly Finding[]): boolean {
  return card.every((finding) => finding.numerator === 0);
}

function figures(reader: ReportCase, card: readonly Finding[]): string {
  const shares = card.filter((finding) => finding.kind === 'activity-share');
  if (shares.length > 0) return isUnseen(shares) ? '' : shareFigure(shares);
  if (isList(card)) return '';
  const drawn = card.map((finding) => {
    if (
      finding.kind === 'service-ranking' &&
      finding.category === null &&
      finding.country === null &&
      finding.ranking.length > 1
    ) {
      return rankingFigure(finding);
    }
    if (finding.kind === 'daily-rhythm' && finding.profile.length > 0) return profileFigure(finding);
    if (finding.kind === 'weekly-rhythm' && finding.ranking.length > 0) return weekdayFigure(finding);
    return particulars(finding);
  });
  const weekly = card.find((finding) => finding.kind === 'weekly-rhythm');
  const rhythms = card.filter((finding) => finding.kind === 'daily-rhythm' || finding.kind === 'weekly-rhythm');
  const together = rhythms.length > 0 ? `<div class="pair">${drawn.join('')}</div>` : drawn.join('');
  return together + (weekly === undefined ? '' : week(reader, weekly));
}

/** Activity by hour of the week, counted anew from the flows behind the finding. */
function week(reader: ReportCase, finding: WeeklyRhythmFinding): string {
  const selection = compileFilter(parseFilter(reader.filterOf(finding)), reader.counted);
  const rows = summarise(reader.counted, { by: ['weekday', 'hour'], metric: 'flows', selection });
  const flows = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
  for (const row of rows) {
    const day = flows[Number(row.weekday) - 1];
    if (day !== undefined) day[Number(row.hour)] = row.value;
  }
  return weekFigure(flows, finding.timeZone);
}

function numbersTable(card: readonly Finding[]): string {
  const first = card[0];
  if (first === undefined) return '';
  if (first.kind === 'service-ranking') {
    return isPartRanking(first) ? categoryRankings(card.filter(isPartRanking)) : rankingTable(first);
  }
  if (first.kind === 'coverage') return coverageDetails(first);
  if (isSerial(first) || first.kind === 'malicious-activity') return serialTable(card);
  const isRhythm = first.kind === 'weekly-rhythm' || first.kind === 'daily-rhythm';
  const per = first.kind === 'weekly-rhythm' ? 'Days with traffic' : 'Observed hours';
  const heads = isRhythm
    ? ['Metric', 'Value', '95 % interval', 'All activity', per, 'p, adjusted', 'Verdict']
    : ['Metric', 'Share', '95 % interval', 'Of the group', 'Of all activity', 'Verdict'];
  const rows = card.map((finding) => {
    const { metric } = finding;
    const amount = (value: number | null): string =>
      metric === null ? formatCount(value) : formatAmount(metric, value);
    const isShare = finding.kind !== 'weekly-rhythm';
    const value = isShare ? formatShare(finding.value) : amount(finding.value);
    const interval = isShare
      ? formatShareInterval(finding.interval)
      : (finding.interval?.map((end) => amount(end)).join(' – ') ?? '–');
    const cells = [value, interval, amount(finding.numerator)];
    cells.push(isRhythm ? formatCount(finding.denominator) : amount(finding.denominator));
    if (isRhythm) cells.push(formatPValue(finding.adjustedPValue));
    return `<tr><td class="word">${escapeHtml(metric ?? '')}</td>${cells
      .map((cell) => `<td class="number">${escapeHtml(cell)}</td>`)
      .join('')}<td class="word">${VERDICT_WORDS[finding.verdict]}</td></tr>`;
  });
  const head = heads.map((name, i) => `<th${i > 0 && i < heads.length - 1 ? ' class="number"' : ''}>${name}</th>`);
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function rankingTable(finding: ServiceRankingFinding): string {
  if (finding.ranking.length === 0) return '';
  const rows = finding.ranking.map(
    (row, i) =>
      `<tr><td class="number">${i + 1}</td><td>${escapeHtml(row.service)}</td>` +
      `<td class="number">${formatShare(row.value)}</td><td class="number">${formatShareInterval(row.interval)}</td>` +
      `<td class="number">${formatCount(row.daysActive)}</td></tr>`,
  );
  return `<table><thead><tr><th class="number">Rank</th><th>Service</th><th class="number">Share of ${formatCount(
    finding.denominator,
  )} flows</th><th class="number">95 % interval</th><th class="number">Days seen</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** One row a category, with its first services. */
function categoryRankings(findings: readonly ServiceRankingFinding[]): string {
  const rows = findings.map((finding) => {
    const shown = finding.ranking.slice(0, MOST_PLACES);
    const left = finding.ranking.length - shown.length;
    const places = shown.map(
      (row) =>
        `<li>${escapeHtml(row.service)} ${prose(formatShare(row.value))} <span class="quiet">(${prose(
          formatShareInterval(row.interval),
        )}; on ${formatCount(row.daysActive)} days)</span></li>`,
    );
    if (left > 0) places.push(`<li class="quiet">and ${left} further ranked</li>`);
    return (
      `<tr><td>${escapeHtml(finding.category ?? finding.country ?? '')}</td><td class="number">${formatCount(finding.denominator)}</td>` +
      `<td><ul class="places">${places.join('')}</ul></td><td class="mono">${escapeHtml(finding.id)}</td></tr>`
    );
  });
  return `<table><thead><tr><th>${findings[0]?.country === null ? 'Category' : 'Country'}</th><th class="number">Flows</th><th>Services: share (95 % interval; days seen)</th><th>Finding id</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function coverageDetails(finding: CoverageFinding): string {
  const list = (name: string, spans: CoverageFinding['gaps']): string => {
    if (spans.length === 0) return '';
    const shown = spans.slice(0, MOST_SPANS);
    const left = spans.length - shown.length;
    const rows = shown.map(
      (span) =>
        `<tr><td class="mono">${escapeHtml(span.from)}</td><td class="mono">${escapeHtml(span.to)}</td>` +
        `<td class="number">${duration(span.from, span.to)}</td></tr>`,
    );
    const more = left > 0 ? `<p class="quiet">${formatCount(left)} further are in the case, not printed.</p>` : '';
    return `<h4>${name}</h4><table><thead><tr><th>From (UTC)</th><th>To (UTC)</th><th class="number">Length</th></tr></thead><tbody>${rows.join('')}</tbody></table>${more}`;
  };
  return (
    list('Gaps: no flow in any evidence for at least one clock hour', finding.gaps) +
    list('Outages: other traffic, but none from or to the ranges', finding.outages)
  );
}

function duration(from: string, to: string): string {
  const minutes = Math.round((Date.parse(to) - Date.parse(from)) / 60_000);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function details(reader: ReportCase, card: readonly Finding[]): string {
  const first = card[0];
  if (first === undefined) return '';
  // Of several findings, what holds for all.
  const parameters = Object.entries(first.parameters).filter(([name, value]) =>
    card.every((other) => JSON.stringify(other.parameters[name]) === JSON.stringify(value)),
  );
  if (isPartRanking(first)) return rankingDetails(reader, card.filter(isPartRanking));
  const selecting = first.where === '' ? '' : ` --where ${shellArgument(first.where)}`;
  const command = `enclave flows ${shellArgument(basename(reader.path))}${selecting}`;
  const ids = card.map((finding) => `<span class="mono">${escapeHtml(finding.id)}</span>`).join(', ');
  return facts(
    [
      ['Counted', escapeHtml(capital(first.population))],
      ['Method', `${escapeHtml(first.method.name)} <span class="quiet">(${escapeHtml(first.method.source)})</span>`],
      ['Parameters', escapeHtml(parameters.map(([name, value]) => `${inWords(name)} ${plain(value)}`).join('; '))],
      ...(isInFull(card) || isList(card)
        ? []
        : ([
            ['Flows behind it', `<code class="block">${escapeHtml(command)}</code>`],
            [card.length > 1 ? 'Finding ids' : 'Finding id', ids],
          ] as const)),
    ],
    'details',
  );
}

/** The details of the rankings of several categories, whose filters differ only in the category and the first service. */
function rankingDetails(reader: ReportCase, findings: readonly ServiceRankingFinding[]): string {
  const [first] = findings;
  if (first === undefined) return '';
  const part = partOf(first);
  const parameters = Object.entries(first.parameters).filter(([name]) => name !== 'category' && name !== 'country');
  const start = first.where.slice(0, first.where.lastIndexOf(` and ${part} = `));
  const filters = findings.map((finding) => {
    const rest = finding.where.startsWith(start) ? `…${finding.where.slice(start.length)}` : finding.where;
    return `<li><code>${breakable(rest)}</code></li>`;
  });
  return facts(
    [
      ['Counted', escapeHtml(capital(first.population))],
      ['Method', `${escapeHtml(first.method.name)} <span class="quiet">(${escapeHtml(first.method.source)})</span>`],
      ['Parameters', escapeHtml(parameters.map(([name, value]) => `${inWords(name)} ${plain(value)}`).join('; '))],
      [
        'Flows behind the first places',
        `<ul class="places"><li><code>${breakable(start)} …</code></li>${filters.join('')}</ul>`,
      ],
      [
        'Reproduce',
        `<code class="block">${escapeHtml(`enclave flows ${shellArgument(basename(reader.path))} --where ${shellArgument(`${start} and ${part} = ${part.toUpperCase()} and service = SERVICE`)}`)}</code>`,
      ],
    ],
    'details',
  );
}

/** `minimumDays` → `minimum days`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (value === null) return 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function evidenceChapter(evidence: readonly EvidenceInfo[], findings: readonly Finding[]): Chapter {
  const coverage = findings.find((finding) => finding.kind === 'coverage');
  const title = 'Evidence';
  if (evidence.length === 0) return { title, ownPage: true, markup: '<p>No evidence was imported.</p>' };
  const rows = evidence.map((file, i) => {
    const seen =
      file.firstSeen === null || file.lastSeen === null
        ? 'no packet or record'
        : `${formatUtc(file.firstSeen)} to ${formatUtc(file.lastSeen)}`;
    const more: [string, string][] = [
      ['SHA-256', hashMarkup(file.sha256)],
      ['Seen (UTC)', `<span class="mono">${escapeHtml(seen)}</span>`],
      [
        'Imported',
        `${escapeHtml(file.importedAt)}${file.linkTypes.length > 0 ? `; link type ${escapeHtml(file.linkTypes.join(', '))}` : ''}`,
      ],
    ];
    for (const [name, hash] of Object.entries(file.custody.hashes)) more.push([name.toUpperCase(), hashMarkup(hash)]);
    if (file.custody.clockOffset !== 0) more.push(['Clock', clockStatement(file.custody)]);
    if (file.problems.length > 0) more.push(['Problems', problemList(file)]);
    return `<tbody class="file"><tr><td class="number">${i + 1}</td><td>${breakable(file.path)}</td><td class="word">${escapeHtml(
      file.format,
    )}</td><td class="number">${formatBytes(file.bytes)}</td><td class="number">${formatCount(
      file.packets > 0 ? file.packets : file.records,
    )}</td><td class="number">${formatCount(file.flows)}</td><td class="word">${escapeHtml(
      file.status,
    )}</td></tr><tr><td></td><td colspan="6">${facts(more)}</td></tr></tbody>`;
  });
  const markup = `<p>Each file was opened for reading only and hashed whole. Sizes are of the file as given; times are those of its packets or
records.</p>
${coverageTracks(evidence, coverage)}
<table><thead><tr><th class="number">No.</th><th>File</th><th>Format</th><th class="number">Size</th><th class="number">Packets or records</th><th class="number">Flows</th><th>Status</th></tr></thead>${rows.join('')}</table>`;
  return { title, ownPage: false, markup };
}

function clockStatement({ clockOffset, clockReason }: EvidenceInfo['custody']): string {
  const sign = clockOffset > 0 ? '+' : '\u2212';
  return `${sign}${Math.abs(clockOffset)} s added to every recorded time, as stated by the examiner: ${escapeHtml(clockReason)}`;
}

function problemList(file: EvidenceInfo): string {
  const items = file.problems.map(
    (problem) =>
      `${escapeHtml(problem.message)} <span class="quiet">(${escapeHtml(problem.kind)}, ${formatCount(problem.count)} ×, first at ` +
      `${formatCount(problem.firstOffset)})</span>`,
  );
  return items.join('<br>');
}

function coverageTracks(evidence: readonly EvidenceInfo[], coverage: CoverageFinding | undefined): string {
  const timed = evidence.flatMap((file): CoverageTrack[] =>
    file.firstSeen === null || file.lastSeen === null
      ? []
      : [{ name: basename(file.path), from: file.firstSeen, to: file.lastSeen }],
  );
  const from = timed.reduce(
    (least, track) => Math.min(least, track.from),
    instant(coverage?.coverage.from) ?? Infinity,
  );
  const to = timed.reduce((most, track) => Math.max(most, track.to), instant(coverage?.coverage.to) ?? -Infinity);
  if (timed.length === 0 || !(from <= to)) return '';
  const ordered = timed.toSorted((x, y) => x.from - y.from || x.to - y.to);
  const shown = ordered.slice(0, MOST_TRACKS);
  const left = ordered.length - shown.length;
  const rest = left > 0 ? ` ${formatCount(left)} files that start later are not drawn.` : '';
  const gaps = (coverage?.gaps ?? []).map((gap) => ({ from: instant(gap.from) ?? from, to: instant(gap.to) ?? from }));
  return coverageFigure(
    shown,
    gaps,
    { from, to, fromText: `${formatUtc(from).slice(0, 16)}Z`, toText: `${formatUtc(to).slice(0, 16)}Z` },
    `When each evidence file speaks, and when any flow is seen (UTC). Hatched: gaps.${rest}`,
  );
}

/** Microseconds of an ISO 8601 time in UTC. */
function instant(text: string | null | undefined): number | null {
  return text ? parseInstant(text, 'UTC') : null;
}

const isOneOfMany = (finding: Finding): boolean => isSerial(finding) || isPartRanking(finding);

function undeterminedChapter(findings: readonly Finding[]): Chapter {
  const items: string[] = [];
  const coverage = findings.find((finding) => finding.kind === 'coverage');
  const open = findings.filter(({ verdict }) => verdict === 'insufficient-data');
  for (const finding of open) {
    if (isOneOfMany(finding)) continue;
    if (finding.kind === 'claim-check') {
      items.push(`${finding.title} ${finding.why}`);
      continue;
    }
    const reason = finding.caveats.find((caveat) => caveat.id === 'too-little-data');
    items.push(`${finding.title}: ${reason?.text ?? 'too little data.'}`);
  }
  for (const [kind, name] of Object.entries(FINDING_KINDS)) {
    const subjects = open.filter((finding) => finding.kind === kind && isOneOfMany(finding)).map(findingSubject);
    if (subjects.length > 0) items.push(`${name}: the data do not suffice for ${formatList(firstOf(subjects))}.`);
  }
  if (coverage !== undefined && coverage.encryptedShare !== null) {
    items.push(
      `The content of ${formatShare(coverage.encryptedShare)} of all flows is encrypted: whom they were for may be known, what ` +
        'was said in them is not.',
    );
  }
  if (coverage !== undefined && coverage.unknownShare !== null && coverage.unknownShare > 0) {
    items.push(`What ${formatShare(coverage.unknownShare)} of all flows were for: no rule recognised them.`);
  }
  if (coverage !== undefined && coverage.coverage.observedFraction < 1 && coverage.coverage.from !== null) {
    items.push(
      `What happened in the ${formatShare(1 - coverage.coverage.observedFraction)} of clock hours in which the evidence shows no ` +
        'flow, and before and after its window.',
    );
  }
  for (const caveat of coverage?.caveats ?? []) {
    if (caveat.id === 'outages-cannot-be-told' || caveat.id === 'no-activity') items.push(caveat.text);
  }
  items.push(
    'Who sat behind an address, why they did what they did, and what nationality they have: flows do not tell.',
    'Traffic that did not pass the point where the evidence was taken.',
  );
  const markup = `<ul>${items.map((text) => `<li>${prose(text)}</li>`).join('')}</ul>`;
  return { title: 'What was not determined', ownPage: false, markup };
}

function basisChapter(reader: ReportCase, options: ReportOptions): Chapter {
  const basis = reader.labelBasis();
  const rows: [string, string][] = [
    [
      'Enclave',
      `${escapeHtml(options.version)} printed this report; ${escapeHtml(reader.meta('version') ?? 'an unknown version')} made the case`,
    ],
    ['Label version', formatCount(reader.labelVersion)],
    [
      'Time base',
      'Times are those the capturing devices wrote, taken as UTC where the format says so; no clock error was corrected ' +
        'but what is stated as such with the evidence. ' +
        `Local hours and days follow ${escapeHtml(reader.profile.timeZone)} by the IANA rules for the date.`,
    ],
  ];
  if (basis === null) rows.push(['Labels', 'the flows have no final labels yet']);
  else
    rows.push(
      ...Object.entries(basis).map(([name, value]): [string, string] => [capital(inWords(name)), basisMarkup(value)]),
    );
  return { title: 'Versions and time base', ownPage: false, markup: facts(rows) };
}

/** A value of the label basis: lists one entry a line, objects as `name value` pairs, hashes in groups. */
function basisMarkup(value: unknown): string {
  if (Array.isArray(value)) return value.map((part) => `<div class="part">${basisMarkup(part)}</div>`).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, part]) => `<span class="quiet">${escapeHtml(inWords(name))}</span> ${basisMarkup(part)}`)
      .join(', ');
  }
  const text = String(value);
  return /^[0-9a-f]{40,128}$/.test(text) ? hashMarkup(text) : breakable(text);
}

/** @param most entries printed; 0: only the head of the chain */
function auditChapter(audit: readonly AuditEntry[], most: number): Chapter {
  const title = 'Audit log';
  const head = audit.at(-1);
  if (head === undefined) return { title, ownPage: false, markup: '<p>The case holds no audit entry.</p>' };
  const shown = audit.length <= most ? audit : most === 0 ? [] : [...audit.slice(0, 5), ...audit.slice(5 - most)];
  const left = audit.length - shown.length;
  const rows = shown.map((entry, i) => {
    const cut =
      left > 0 && i === 5
        ? `<tbody><tr><td></td><td colspan="3" class="quiet">${formatCount(left)} entries are left out here.</td></tr></tbody>`
        : '';
    const detail = auditDetail(entry.detail);
    const second = detail === '' ? '' : `<tr><td></td><td colspan="3" class="detail">${detail}</td></tr>`;
    return (
      `${cut}<tbody class="entry"><tr><td class="number">${entry.seq}</td><td class="mono time">${escapeHtml(entry.time)}</td>` +
      `<td>${escapeHtml(entry.action)}</td><td>${escapeHtml(entry.actor)}</td></tr>${second}</tbody>`
    );
  });
  const table =
    shown.length === 0
      ? ''
      : `<table class="audit"><thead><tr><th class="number">No.</th><th>Time</th><th>Action</th><th>By</th></tr></thead>${rows.join('')}</table>`;
  const markup = `<p>Every entry holds the SHA-256 of the one before it. Compare the head of the chain with one noted earlier, and check the
chain itself with <code>enclave verify</code>.</p>
${facts([
  ['Entries', formatCount(audit.length)],
  ['Head of the chain', hashMarkup(head.hash)],
  ...signatureRows(audit),
])}
${table}`;
  return { title, ownPage: false, markup };
}

/** The detail of an audit entry: an object as `name value` pairs, long lists by their length; other text as it is. */
function auditDetail(detail: string): string {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(detail);
  } catch {
    return breakable(detail);
  }
  if (typeof parsed !== 'object' || parsed === null) return breakable(detail);
  return (
    Object.entries(parsed)
      // `state` holds hashes for `enclave verify`; what a note said before it was changed was not chosen for the report.
      .filter(
        ([name, value]) =>
          name !== 'state' &&
          !(name === 'before' && typeof value === 'object') &&
          value !== '' &&
          !(Array.isArray(value) && value.length === 0),
      )
      .map(([name, value]) => {
        const told = Array.isArray(value) && value.length > 1 ? `${formatCount(value.length)} entries` : plain(value);
        return `<span class="quiet">${escapeHtml(inWords(name))}</span> ${breakable(told)}`;
      })
      .join(', ')
  );
}

function glossaryChapter(): Chapter {
  const rows = GLOSSARY.map(([term, meaning]): [string, string] => [term, escapeHtml(meaning)]);
  return { title: 'Terms', ownPage: false, markup: facts(rows, 'glossary') };
}
