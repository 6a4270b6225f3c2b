import type { CaseOverview } from '../../shared/bridge.ts';
import type { Coverage, Finding } from '../../shared/finding.ts';
import { formatShare } from '../../shared/number-format.ts';
import { parseInstant } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { localTime, offsetName } from './local-time.ts';
import { say } from '../../shared/text/say.ts';

/** Figures in one line of text with all that a reader needs to judge and repeat them. Pure. */

/** What evidence speaks of: from when until when, how much of it, and whether sampled. */
export function coverageText(coverage: Coverage, timeZone: string): string {
  const { from, to, observedFraction, sampling } = coverage;
  const us = (text: string | null): number | null => (text === null ? null : parseInstant(text, 'UTC'));
  const first = us(from);
  const last = us(to);
  if (first === null || last === null) return say('no flow in the case');
  const rates = sampling.every((rate) => rate === 1)
    ? say('unsampled')
    : say('sampled {sampling}', { sampling: sampling.map((rate) => `1:${rate}`).join(', ') });
  return say('{first} to {last} ({timeZone}), {observed} of the clock hours observed, {rates}', {
    first: localTime(first, timeZone, 'minute'),
    last: localTime(last, timeZone, 'minute'),
    timeZone,
    observed: formatShare(observedFraction),
    rates,
  });
}

function zoneText(overview: CaseOverview): string {
  const { timeZone } = overview.profile;
  const offset = overview.firstSeen === null ? '' : ` (${offsetName(overview.firstSeen, timeZone)})`;
  return say('days and hours in {timeZone}{offset}', { timeZone, offset });
}

function line(parts: readonly (string | null)[]): string {
  return parts
    .filter((part) => part !== null && part !== '')
    .join('; ')
    .replaceAll(/\s+/g, ' ');
}

function filterText(where: string): string {
  return where === '' ? say('filter: every flow of the case') : say('filter: {where}', { where: visibleText(where) });
}

export interface Figure {
  /** What it is of: `Category gaming`, `Flows`. */
  readonly subject: string;
  /** With units, and with the share of what where there is one. */
  readonly amounts: readonly string[];
  readonly where: string;
}

/** A figure of a view; the coverage is that of the findings, null before there are any. */
export function figureLine(figure: Figure, overview: CaseOverview, coverage: Coverage | null): string {
  const { timeZone } = overview.profile;
  return line([
    `${visibleText(figure.subject)}: ${figure.amounts.join(', ')}`,
    filterText(figure.where),
    coverage === null
      ? say('coverage not yet told')
      : say('evidence {coverage}', { coverage: coverageText(coverage, timeZone) }),
    zoneText(overview),
    say('case “{title}”', { title: visibleText(overview.title) }),
  ]);
}

/** A finding with its `numbers` (name and value as they are printed). */
export function findingLine(
  finding: Finding,
  numbers: readonly (readonly [name: string, value: string])[],
  overview: CaseOverview,
): string {
  return line([
    `${visibleText(finding.title)} (${finding.verdict.replaceAll('-', ' ')}): ${visibleText(finding.statement)}`,
    ...numbers.map(([name, value]) => `${name.toLowerCase()} ${visibleText(value)}`),
    say('counted: {population}', { population: visibleText(finding.population) }),
    filterText(finding.where),
    say('evidence {coverage}', { coverage: coverageText(finding.coverage, overview.profile.timeZone) }),
    zoneText(overview),
    finding.caveats.length === 0
      ? say('no caveat')
      : say('caveats: {caveats}', { caveats: finding.caveats.map(({ text }) => visibleText(text)).join(' ') }),
    say('method: {name}', { name: visibleText(finding.method.name) }),
    say('finding {id} of case “{title}”', { id: finding.id, title: visibleText(overview.title) }),
  ]);
}
