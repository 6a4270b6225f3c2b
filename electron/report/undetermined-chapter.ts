import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { formatFirst, formatShare } from '../../shared/number-format.ts';
import type { Chapter } from './chapter.ts';
import { isPartRanking } from './findings-chapters.ts';
import { prose } from './markup.ts';
import { MOST_SUBJECTS, subjectInWords } from './report-words.ts';
import { isSerial } from './serial-findings.ts';

/** What cannot be concluded, and why. */

const isOneOfMany = (finding: Finding): boolean => isSerial(finding) || isPartRanking(finding);

export function undeterminedChapter(findings: readonly Finding[]): Chapter {
  const items: string[] = [];
  const coverage = findings.find((finding) => finding.kind === 'coverage');
  const open = findings.filter(({ verdict }) => verdict === 'insufficient-data');
  for (const finding of open) {
    if (isOneOfMany(finding)) continue;
    if (finding.kind === 'claim-check') {
      items.push(`${finding.title} ${finding.why}`);
      continue;
    }
    const reason = finding.caveats.find(({ id }) => id === 'too-little-data' || id === 'too-much-unnamed');
    items.push(`${finding.title}: ${reason?.text ?? 'too little data.'}`);
  }
  for (const [kind, name] of Object.entries(FINDING_KINDS)) {
    const subjects = open.filter((finding) => finding.kind === kind && isOneOfMany(finding)).map(subjectInWords);
    if (subjects.length > 0)
      items.push(`${name}: the data do not suffice for ${formatFirst(subjects, MOST_SUBJECTS)}.`);
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
