import { findingsOf, type Judge, type JudgedRow } from './judged-row.ts';

/** An outage is found when what is told overlaps it; one told where none is planted is false. */
export const judgeCoverage: Judge = (findings, truth) =>
  findingsOf(findings, 'coverage').flatMap(({ gaps, outages }) => [
    ...spans(
      'gap',
      truth.outages.filter(({ kind }) => kind === 'gap'),
      gaps,
    ),
    ...spans(
      'outage',
      truth.outages.filter(({ kind }) => kind === 'network'),
      outages,
    ),
  ]);

interface Span {
  readonly from: string;
  readonly to: string;
}

const overlaps = (one: Span, other: Span): boolean =>
  Date.parse(one.from) < Date.parse(other.to) && Date.parse(one.to) > Date.parse(other.from);

function spans(measure: string, planted: readonly Span[], told: readonly Span[]): JudgedRow[] {
  return planted.map((span) => {
    const found = told.find((each) => overlaps(each, span));
    return {
      kind: 'coverage',
      subject: 'case',
      measure,
      metric: null,
      item: span.from,
      truth: hours(span),
      estimate: found === undefined ? null : hours(found),
      interval: null,
      isCovered: null,
      isFound: found !== undefined,
      isFalse: false,
    };
  });
}

const hours = ({ from, to }: Span): number => (Date.parse(to) - Date.parse(from)) / 3_600_000;
