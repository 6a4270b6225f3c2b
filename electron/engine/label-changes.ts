import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import type { SegmentLabels } from '../classify/flow-labeller.ts';
import type { LabelChange, LabelChanges } from '../../shared/jobs.ts';

/** Counts what a new labelling changes, segment by segment. */

const FIELDS = ['service', 'category', 'protocol', 'country', 'asn'] as const;
/** Changes of a field that are told one by one; all are counted. */
const TOLD = 1000;

export class LabelChangeCounter {
  readonly #reader: CaseReader;
  readonly #newTerm: (number: number) => string | null;
  readonly #counts = new Map<
    string,
    { field: (typeof FIELDS)[number]; before: number; after: number; flows: number }
  >();
  #flows = 0;

  /** @param reader shows the labels before; @param newTerm id of a term of the new labels */
  constructor(reader: CaseReader, newTerm: (number: number) => string | null) {
    this.#reader = reader;
    this.#newTerm = newTerm;
  }

  /** Compares the labels in force of a segment with the new ones. */
  compare(segment: SegmentInfo, { columns }: SegmentLabels): void {
    const fields = FIELDS.map((field) => ({
      field,
      before: this.#reader.column(segment, field),
      after: columns[field] ?? new Uint8Array(segment.rows),
    }));
    for (let row = 0; row < segment.rows; row++) {
      let changed = false;
      for (const { field, before, after } of fields) {
        if (before[row] === after[row]) continue;
        changed = true;
        const key = `${field} ${before[row]} ${after[row]}`;
        const known = this.#counts.get(key);
        if (known === undefined) this.#counts.set(key, { field, before: before[row], after: after[row], flows: 1 });
        else known.flows++;
      }
      if (changed) this.#flows++;
    }
  }

  /** What changed, the most flows first. */
  changes(): LabelChanges {
    const of = (field: (typeof FIELDS)[number]): LabelChange[] =>
      [...this.#counts.values()]
        .filter((each) => each.field === field)
        .map(({ before, after, flows }) => ({
          before: this.#text(field, before, (number) => this.#reader.term(number)),
          after: this.#text(field, after, this.#newTerm),
          flows,
        }))
        .toSorted((x, y) => y.flows - x.flows || order(x.before, y.before) || order(x.after, y.after))
        .slice(0, TOLD);
    return {
      flows: this.#flows,
      service: of('service'),
      category: of('category'),
      protocol: of('protocol'),
      country: of('country'),
      asn: of('asn'),
    };
  }

  #text(field: (typeof FIELDS)[number], value: number, term: (number: number) => string | null): string | null {
    if (value === 0) return null;
    if (field === 'country') return String.fromCharCode(value >>> 8, value & 0xff);
    return field === 'asn' ? `AS${value}` : term(value);
  }
}

function order(x: string | null, y: string | null): number {
  return (x ?? '') < (y ?? '') ? -1 : (x ?? '') > (y ?? '') ? 1 : 0;
}
