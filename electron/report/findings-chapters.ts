import { basename } from 'node:path';
import { compileFilter } from '../casefile/flow-selection.ts';
import { summarise } from '../casefile/summary.ts';
import { toSecond } from '../../shared/finding-tables.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import {
  type Caveat,
  type CoverageFinding,
  type Finding,
  FINDING_KINDS,
  type ServiceRankingFinding,
  type Verdict,
  type WeeklyRhythmFinding,
} from '../../shared/finding.ts';
import {
  formatAmount,
  formatCount,
  formatFirst,
  formatList,
  formatPValue,
  formatShare,
  formatShareInterval,
} from '../../shared/number-format.ts';
import { ALTERNATIVES } from './alternatives.ts';
import type { Chapter } from './chapter.ts';
import { profileFigure, rankingFigure, shareFigure, weekFigure, weekdayFigure } from './figures.ts';
import { commandMarkup, escapeHtml, facts, prose, shellArgument } from './markup.ts';
import type { ReportCase } from './report-case.ts';
import { capital, inWords, MOST_SUBJECTS, plain, subjectInWords, VERDICT_WORDS, VERDICTS } from './report-words.ts';
import {
  MOST_IN_FULL,
  activityOf,
  folded,
  isSerial,
  particulars,
  serialArticle,
  serialTable,
} from './serial-findings.ts';

/** The findings by verdict: each with statement, figure, numbers, limits and method. */

/** Longest lists printed; what is left out is counted. */
const MOST_SPANS = 30;
const MOST_PLACES = 5;

interface Card {
  readonly findings: readonly Finding[];
  /** Told one after the other, with what they share once. */
  readonly isInFull: boolean;
}

/**
 * Findings that are read together: the metrics of one share or rhythm, the rankings of all categories, and the subjects of
 * one kind that nothing was found of.
 */
function cards(findings: readonly Finding[], hostsApart: boolean): Card[] {
  const together = new Map<string, { findings: Finding[]; isInFull: boolean }>();
  const inFull = new Map<string, number>();
  /** One more is told in full rather than stand alone in a table. */
  const mostOf = (kind: Finding['kind']): number => {
    const supported = findings.filter((finding) => finding.kind === kind && finding.verdict === 'supported').length;
    return supported === MOST_IN_FULL + 1 ? supported : MOST_IN_FULL;
  };
  for (const finding of findings) {
    let key: string = finding.id;
    let isInFull = false;
    if (isSerial(finding)) {
      const told = inFull.get(finding.kind) ?? 0;
      const isApart = hostsApart && finding.kind === 'host-profile';
      isInFull = finding.verdict === 'supported' && told < mostOf(finding.kind) && !isApart;
      if (isInFull) inFull.set(finding.kind, told + 1);
      key = `${isInFull ? 'full' : 'list'} ${finding.kind} ${finding.verdict}`;
    }
    if (finding.kind === 'activity-share') key = `share ${finding.group}`;
    else if (isPartRanking(finding)) key = `rankings by ${partOf(finding)} ${finding.verdict}`;
    else if (finding.kind === 'daily-rhythm' || finding.kind === 'weekly-rhythm')
      key = `${finding.kind} ${finding.verdict}`;
    const card = together.get(key) ?? { findings: [], isInFull };
    card.findings.push(finding);
    together.set(key, card);
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

/** @param hostsApart hosts have pages of their own, so that a table of them is enough here */
export function findingsChapters(
  reader: ReportCase,
  findings: readonly Finding[],
  hostsApart: boolean,
): (Chapter | null)[] {
  if (findings.length === 0) {
    return [
      { title: 'Findings', ownPage: true, markup: '<p>The case has not been analysed, so it holds no finding.</p>' },
    ];
  }
  const about = findings.filter((finding) => finding.kind !== 'claim-check');
  const shared = sharedCaveats(about);
  const sharedIds = new Set(shared.map((caveat) => caveat.id));
  const activity = activityOf(about);
  const note =
    (shared.length === 0
      ? ''
      : `<div class="note"><p><strong>These limits hold for every finding about users:</strong></p>${caveatList(shared)}</div>`) +
    (activity === ''
      ? ''
      : `<p class="flows">In filters below, <code>ACTIVITY</code> stands for <code>${commandMarkup(activity)}</code>.</p>`);
  const firstVerdict = verdictOf(about);
  return VERDICTS.map((verdict): Chapter | null => {
    const own = cards(about, hostsApart).filter((card) => verdictOf(card.findings) === verdict);
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
  { findings: card, isInFull }: Card,
  shared: ReadonlySet<string>,
  activity: string,
  isFirst: boolean,
): string {
  const first = card[0];
  if (first === undefined) return '';
  const title = titleOf(card, first);
  const own = ownCaveats(card, shared);
  if (isInFull) return serialArticle(card, own, details(reader, card, true), activity, isFirst);
  return `<article class="finding${isFirst ? ' first' : ''}">
<h3>${escapeHtml(title)} ${verdictMark(verdictOf(card))}</h3>
${statements(card)}
${figures(reader, card)}
${numbersTable(card)}
${own.length === 0 ? '' : `<div class="limits"><h4>Limits</h4>${caveatList(own)}</div>`}
${details(reader, card, isList(card))}
</article>`;
}

/** The caveats of a card that are not told above; those that hold for some of its subjects name them. */
function ownCaveats(card: readonly Finding[], shared: ReadonlySet<string>): Caveat[] {
  const holding = new Map<string, { caveat: Caveat; subjects: string[] }>();
  for (const finding of card) {
    for (const caveat of finding.caveats) {
      if (shared.has(caveat.id) && finding.kind !== 'coverage') continue;
      const known = holding.get(`${caveat.id} ${caveat.text}`) ?? { caveat, subjects: [] };
      if (isPartRanking(finding) || isSerial(finding)) known.subjects.push(subjectInWords(finding));
      holding.set(`${caveat.id} ${caveat.text}`, known);
    }
  }
  const isOfAll = (subjects: readonly string[]): boolean => subjects.length === 0 || subjects.length === card.length;
  const ordered = [...holding.values()].toSorted((x, y) => Number(isOfAll(y.subjects)) - Number(isOfAll(x.subjects)));
  return ordered.map(({ caveat: { id, text }, subjects }) => {
    return { id, text: isOfAll(subjects) ? text : `${capital(formatFirst(subjects, MOST_SUBJECTS))}: ${text}` };
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

const LIST_INTRODUCTION: Readonly<Record<Verdict, string>> = {
  supported: 'Further findings of this kind that the data bear out.',
  'not-supported': 'Looked for in each of these, and not borne out.',
  'insufficient-data': 'Looked for in each of these; the data do not suffice.',
};

/** A ranking within a category or among the peers of a country. */
export function isPartRanking(finding: Finding): finding is ServiceRankingFinding {
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
  const selection = compileFilter(parseFilter(reader.originalOf(finding).where), reader.counted);
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
      `<tr><td>${escapeHtml(subjectInWords(finding))}</td><td class="number">${formatCount(finding.denominator)}</td>` +
      `<td><ul class="places">${places.join('')}</ul></td><td class="mono">${escapeHtml(finding.id)}</td></tr>`
    );
  });
  return `<table class="rankings"><thead><tr><th>${findings[0]?.country === null ? 'Category' : 'Country'}</th><th class="number">Flows</th><th>Services: share (95 % interval; days seen)</th><th>Finding id</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function coverageDetails(finding: CoverageFinding): string {
  const list = (name: string, spans: CoverageFinding['gaps']): string => {
    if (spans.length === 0) return '';
    const shown = spans.slice(0, MOST_SPANS);
    const left = spans.length - shown.length;
    const rows = shown.map(
      (span) =>
        `<tr><td class="time">${escapeHtml(toSecond(span.from))}</td><td class="time">${escapeHtml(toSecond(span.to))}</td>` +
        `<td class="number">${duration(span.from, span.to)}</td></tr>`,
    );
    const more = left > 0 ? `<p class="quiet">${formatCount(left)} further are in the case, not printed.</p>` : '';
    const table = `<table><thead><tr><th>From (UTC)</th><th>To (UTC)</th><th class="number">Length</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
    return `<h4>${name}</h4>${folded(table, rows.length)}${more}`;
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

/** What else could be behind findings that are borne out. */
function otherExplanations(card: readonly Finding[]): [string, string][] {
  const [first] = card;
  const text = first === undefined || verdictOf(card) !== 'supported' ? '' : ALTERNATIVES[first.kind];
  return text === '' ? [] : [['Other explanations', prose(text)]];
}

/** @param areTold filters and ids stand above already */
function details(reader: ReportCase, card: readonly Finding[], areTold: boolean): string {
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
      ...otherExplanations(card),
      ...(areTold
        ? []
        : ([
            ['Flows behind it', `<code class="block">${commandMarkup(command)}</code>`],
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
    return `<li><code>${commandMarkup(rest)}</code></li>`;
  });
  return facts(
    [
      ['Counted', escapeHtml(capital(first.population))],
      ['Method', `${escapeHtml(first.method.name)} <span class="quiet">(${escapeHtml(first.method.source)})</span>`],
      ['Parameters', escapeHtml(parameters.map(([name, value]) => `${inWords(name)} ${plain(value)}`).join('; '))],
      ...otherExplanations(findings),
      [
        'Flows behind the first places',
        `<ul class="places"><li><code>${commandMarkup(start)} …</code></li>${filters.join('')}</ul>`,
      ],
      [
        'Reproduce',
        `<code class="block">${commandMarkup(`enclave flows ${shellArgument(basename(reader.path))} --where ${shellArgument(`${start} and ${part} = ${part.toUpperCase()} and service = SERVICE`)}`)}</code>`,
      ],
    ],
    'details',
  );
}
