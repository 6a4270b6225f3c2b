import { IndicatorMatches } from '../casefile/indicator-matches.ts';
import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { SEGMENT_ROWS, SUBJECT_SIDES } from '../../shared/flow.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { FlowCollector } from './flow-collector.ts';

/** Hosts inside the ranges of which flows meet indicators of the case. */
export class IndicatorCollector implements FlowCollector {
  readonly #hosts = new AddressNumbers();
  readonly #mask = new Uint8Array(SEGMENT_ROWS);
  #flowsOf: number[] = [];
  /** Indicators of the case; null before any flow was seen. */
  indicators: number | null = null;
  flows = 0;

  addSegment(reader: CaseReader, segment: SegmentInfo): void {
    this.indicators ??= reader.indicators().length;
    if (this.indicators === 0) return;
    if (IndicatorMatches.of(reader).mark(segment, () => true, this.#mask) === 0) return;
    const side = reader.column(segment, 'subjectSide');
    const initiator = reader.column(segment, 'initiator');
    const responder = reader.column(segment, 'responder');
    const none = SUBJECT_SIDES.indexOf('none');
    const inside = SUBJECT_SIDES.indexOf('responder');
    for (let row = 0; row < segment.rows; row++) {
      if (this.#mask[row] === 0 || side[row] === none) continue;
      this.flows++;
      const host = this.#hosts.number(side[row] === inside ? responder : initiator, row * 4);
      this.#flowsOf[host] = (this.#flowsOf[host] ?? 0) + 1;
    }
  }

  /** Most flows first. */
  hosts(): string[] {
    return this.#flowsOf
      .map((flows, host) => ({ flows, host }))
      .toSorted((x, y) => y.flows - x.flows || this.#hosts.compare(x.host, y.host))
      .map(({ host }) => this.#hosts.text(host));
  }
}
