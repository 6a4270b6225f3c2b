import { findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/**
 * An outage is found when what is told overlaps it; one told where none is planted is false. Those of the network cannot be told where
 * nothing but the ranges is recorded, which the finding then says.
 */
export const judgeCoverage: Judge = (findings, truth) =>
  findingsOf(findings, 'coverage').flatMap(({ gaps, outages, caveats }) => [
    ...spans(
      'gap',
      truth.outages.filter(({ kind }) => kind === 'gap'),
      gaps,
    ),
    ...spans(
      'outage',
      caveats.some(({ id }) => id === 'outages-cannot-be-told')
        ? []
        : truth.outages.filter(({ kind }) => kind === 'network'),
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
  const unplanted = told.find((each) => !planted.some((span) => overlaps(each, span)));
  const rows = planted.map((span): JudgedRow => {
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
  // Where hardly anything but the ranges is recorded, what no flow shows is a gap to the eye, planted or not.
  if (measure === 'gap') return rows;
  const parts = { kind: 'coverage', subject: 'case', metric: null, item: unplanted?.from ?? '' } as const;
  return [...rows, verdictRow({ ...parts, measure: `no ${measure} that is none` }, false, unplanted !== undefined)];
}

const hours = ({ from, to }: Span): number => (Date.parse(to) - Date.parse(from)) / 3_600_000;
