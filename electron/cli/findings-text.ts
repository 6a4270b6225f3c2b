import type { Finding } from '../../shared/finding.ts';
import { table, wrap } from './terminal.ts';

/** Findings as a table and their statements, for a terminal. */

const VERDICT_WORDS: Readonly<Record<Finding['verdict'], string>> = {
  supported: 'supported',
  'not-supported': 'not supported',
  'insufficient-data': 'not enough data',
};

const CLAIM_WORDS = { holds: 'holds', refuted: 'refuted', 'cannot-be-told': 'cannot be told' } as const;

/** Characters of a title in the table; the statements below are whole. */
const LONGEST_TITLE = 72;

function shortened(title: string): string {
  return title.length <= LONGEST_TITLE ? title : `${title.slice(0, LONGEST_TITLE - 1).trimEnd()}…`;
}

function figure(value: number, unit: string): string {
  const isShare = /^share\b/.test(unit);
  return isShare ? `${(value * 100).toFixed(1)} %` : value.toLocaleString('en-GB', { maximumSignificantDigits: 4 });
}

export function findingsText(findings: readonly Finding[]): string {
  const rows = findings.map((finding, i) => [
    String(i + 1),
    shortened(finding.title),
    finding.kind === 'claim-check' ? CLAIM_WORDS[finding.verdictOnClaim] : VERDICT_WORDS[finding.verdict],
    finding.value === null ? '–' : figure(finding.value, finding.unit),
    finding.interval === null ? '–' : finding.interval.map((end) => figure(end, finding.unit)).join(' … '),
  ]);
  const statements = findings.map((finding, i) => {
    const lines = wrap(`${i + 1}. ${finding.statement}`, 110, '  ');
    const caveats = finding.caveats.map((caveat) => caveat.id).join(', ');
    return caveats === '' ? lines : `${lines}     caveats: ${caveats}\n`;
  });
  return `${table(['#', 'Finding', 'Verdict', 'Value', '95 % interval'], rows, [0, 3])}\n${statements.join('')}`;
}
