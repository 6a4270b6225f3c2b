import { basename } from 'node:path';
import type { EvidenceInfo } from '../casefile/case-reader.ts';
import type { CoverageFinding, Finding } from '../../shared/finding.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { formatUtc, parseInstant } from '../../shared/time.ts';
import type { Chapter } from './chapter.ts';
import { type CoverageTrack, coverageFigure } from './figures.ts';
import { breakable, escapeHtml, facts, hashMarkup } from './markup.ts';

/** Files with hashes, custody, problems, and when each speaks. */

/** Files drawn; the rest are counted. */
const MOST_TRACKS = 24;

export function evidenceChapter(evidence: readonly EvidenceInfo[], findings: readonly Finding[]): Chapter {
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
    `When each evidence file speaks, and when any flow is seen (UTC). Hatched: gaps, drawn as one where they lie together.${rest}`,
  );
}

/** Microseconds of an ISO 8601 time in UTC. */
function instant(text: string | null | undefined): number | null {
  return text ? parseInstant(text, 'UTC') : null;
}
