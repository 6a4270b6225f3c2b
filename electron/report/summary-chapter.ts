import { clockTime } from '../../shared/calendar.ts';
import { countryInWords } from '../../shared/country-name.ts';
import type { ActivityShareFinding, Finding } from '../../shared/finding.ts';
import { findingSubject } from '../../shared/finding-tables.ts';
import type { ReportSettings } from '../../shared/report-settings.ts';
import { formatFirst, formatList, formatShare, weekdayName } from '../../shared/number-format.ts';
import type { Chapter } from './chapter.ts';
import { escapeHtml, prose } from './markup.ts';
import { MOST_SUBJECTS, VERDICT_WORDS, VERDICTS } from './report-words.ts';

/** What was found, in plain words. */

export function summaryChapter(findings: readonly Finding[], form: ReportSettings['form']): Chapter {
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

/** Every group's share of activity, by each metric. */
function summaryShares(findings: readonly Finding[]): string {
  const groups = shareGroups(findings);
  const first = groups[0];
  if (first === undefined) return '';
  const heads = first.map((share) => `<th class="number">of ${share.metric}</th>`);
  const rows = groups.map((shares) => {
    const open = shares.filter((share) => share.verdict === 'insufficient-data');
    const isUnnamed = open.some(({ caveats }) => caveats.some(({ id }) => id === 'too-much-unnamed'));
    const cells = shares.map((share) => {
      const text = share.numerator === 0 ? 'none seen' : formatShare(share.value);
      return `<td class="number">${escapeHtml(text)}</td>`;
    });
    const why = isUnnamed ? 'too much is named by no rule' : 'too little data';
    const mark = open.length > 0 ? ` <span class="quiet">(${why})</span>` : '';
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
    lines.push(`Activity rose lastingly in ${formatFirst(told, MOST_SUBJECTS)}.`);
  }
  for (const finding of found) if (finding.kind === 'malicious-activity') lines.push(finding.statement);
  return lines;
}

function shareGroups(findings: readonly Finding[]): ActivityShareFinding[][] {
  const groups = new Map<string, ActivityShareFinding[]>();
  for (const finding of findings) {
    if (finding.kind === 'activity-share') groups.set(finding.group, [...(groups.get(finding.group) ?? []), finding]);
  }
  return [...groups.values()];
}
