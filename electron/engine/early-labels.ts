import { CaseReader, PASS_CACHE_BYTES, type SegmentInfo } from '../casefile/case-reader.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import { FlowLabeller, type SegmentFactsView } from '../classify/flow-labeller.ts';
import { NameMemory } from '../classify/name-memory.ts';
import type { FilledSegment } from '../flows/segment-builder.ts';
import { type LabelsSoFar, type LabelTables, tablesOf } from './label-case.ts';

/** Flows after whose labelling the code that does it is compiled. */
const REHEARSED = 16_384;

/**
 * Labels made while evidence is still being read, when the writing thread has time: from what each segment holds in itself,
 * neither DNS answers nor other logs nor behaviours are known yet. Stored as provisional labels. The pass over the whole case
 * takes them over where nothing else came, as with flow exports; so it must not matter to the result that they were made.
 *
 * Shown to live queries they have the case's numbers of terms; else numbers of their own, so that what a catalogue says does
 * not number the terms of facts.
 */
export class EarlyLabels implements LabelsSoFar {
  readonly #writer: CaseWriter;
  readonly #labeller: FlowLabeller;
  readonly #isLive: boolean;
  /** Id of each of the case's terms that facts have, by number. */
  readonly #factTerms: string[] = [];
  /** Own numbers, from 1, in the order of first use. */
  readonly #terms: string[] = [];
  readonly #termNumbers = new Map<string, number>();
  /** Segments labelled, in their order, and how many terms were met up to each. */
  readonly #segments: number[] = [];
  readonly #termsMet: number[] = [];
  /** False once the pass over the case cannot use them. */
  #isUsable: boolean;

  /** Throws an EnclaveError when an overlay of the case is damaged. */
  constructor(writer: CaseWriter, tables: LabelTables, isLive: boolean) {
    this.#writer = writer;
    this.#isLive = isLive;
    const reader = new CaseReader(writer.path, PASS_CACHE_BYTES);
    try {
      this.#isUsable = reader.segments().length === 0;
      this.#labeller = new FlowLabeller({
        ...tablesOf(reader, tables),
        memory: new NameMemory([], []),
        profile: reader.profile,
        termNumber: (id) => (isLive ? writer.term(id) : this.#ownNumber(id)),
        termId: (number) => this.#factTerms[number] ?? null,
      });
    } finally {
      reader.close();
    }
  }

  #ownNumber(id: string): number {
    let number = this.#termNumbers.get(id);
    if (number === undefined) {
      number = this.#terms.push(id);
      this.#termNumbers.set(id, number);
    }
    return number;
  }

  /** Something came that labels depend on beside a segment itself: names, or what the case held before. */
  giveUp(): void {
    this.#isUsable = false;
  }

  /** Labels a segment that was stored under this number; term columns have the case's numbers by now. */
  add(segment: number, { terms }: FilledSegment, facts: SegmentFactsView): void {
    if (!this.#isLive && !this.#isUsable) return;
    for (const id of terms) this.#factTerms[this.#writer.term(id)] = id;
    const labels = this.#labeller.label(facts);
    this.#writer.addProvisionalLabels(segment, labels.columns, labels.dictionaries);
    this.#segments.push(segment);
    this.#termsMet.push(this.#terms.length);
  }

  /**
   * Labels flows of a stored segment for nothing. A pass over the case that has to wait for names has nobody else at work when
   * it comes; what takes it longest at first, tables decompressed and code compiled, is done by then.
   */
  rehearse({ terms }: FilledSegment, facts: SegmentFactsView): void {
    for (const id of terms) this.#factTerms[this.#writer.term(id)] = id;
    const { column, dictionary } = facts;
    this.#labeller.label({ rows: Math.min(facts.rows, REHEARSED), column, dictionary });
  }

  /** Whether these are the segments, all of them, that were labelled, and no names came that could tell more. */
  hold(segments: readonly SegmentInfo[]): boolean {
    return (
      this.#isUsable &&
      segments.length === this.#segments.length &&
      segments.every(({ segment }, at) => segment === this.#segments[at])
    );
  }

  get organisations(): FlowLabeller['organisations'] {
    return this.#labeller.organisations;
  }

  get institutions(): FlowLabeller['institutions'] {
    return this.#labeller.institutions;
  }

  /**
   * The case's number of each own number of a term that was met up to the segment at this place; null where they are the
   * same. Terms that the case lacks are made in the order in which a pass over the case would have met them.
   */
  caseNumbers(place: number): Uint16Array | null {
    if (this.#isLive) return null;
    const met = this.#terms.slice(0, this.#termsMet[place]);
    const numbers = Uint16Array.of(0, ...met.map((id) => this.#writer.term(id)));
    return numbers.every((number, own) => number === own) ? null : numbers;
  }
}
