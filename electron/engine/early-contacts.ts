import type { SegmentInfo } from '../casefile/case-reader.ts';
import { type Behaviours, behavioursIn } from '../classify/behaviour/behaviours.ts';
import { ContactTables } from '../classify/behaviour/contacts.ts';
import type { SegmentFactsView } from '../classify/flow-labeller.ts';
import type { FilledSegment } from '../flows/segment-builder.ts';
import { allocateColumn, type ColumnArray, FACT_COLUMNS, type FactColumn } from '../../shared/flow.ts';

/** The facts of a segment that was just stored; term columns have the case's numbers by then. */
export function storedFacts({ rows, columns, dictionaries }: FilledSegment): SegmentFactsView {
  const zeros = new Map<FactColumn, ColumnArray>();
  const zero = (name: FactColumn): ColumnArray => {
    const column = zeros.get(name) ?? allocateColumn(FACT_COLUMNS[name], rows);
    zeros.set(name, column);
    return column;
  };
  return { rows, column: (name) => columns[name] ?? zero(name), dictionary: (name) => dictionaries[name] ?? [] };
}

/**
 * What behaviours are told from, gathered while evidence is still being read, when the writing thread has time: sums over all
 * flows of the case, to which their order does not matter.
 */
export class EarlyContacts {
  readonly #tables = new ContactTables();
  readonly #segments: number[] = [];

  /** Adds a segment that was stored under this number. */
  add(segment: number, facts: SegmentFactsView): void {
    // Where the first is not number 1 the case had others before, and all have to be read together.
    if (this.#segments.length === 0 && segment !== 1) return;
    this.#tables.add(facts);
    this.#segments.push(segment);
  }

  /** Behaviours of these segments; null when they are not the very ones that were added. */
  behaviours(segments: readonly SegmentInfo[]): Behaviours | null {
    const isAll =
      segments.length === this.#segments.length && segments.every(({ segment }, at) => segment === this.#segments[at]);
    return isAll ? behavioursIn(this.#tables) : null;
  }
}
