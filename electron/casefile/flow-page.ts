import type { FlowRecord } from '../../shared/flow.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { flowRecords } from './flow-records.ts';
import type { FlowSelection } from './flow-selection.ts';
import { SelectedRows } from './selected-rows.ts';

/** How many flows of each segment match, as long as the case stays as it is. */
export interface MatchCounts {
  readonly segments: readonly SegmentInfo[];
  readonly bySegment: readonly number[];
  readonly total: number;
}

export function countMatches(reader: CaseReader, selection: FlowSelection): MatchCounts {
  const selected = new SelectedRows(selection);
  const segments = reader.segments();
  const bySegment = segments.map((segment) => (selected.choose(segment) ? selected.rows : 0));
  return { segments, bySegment, total: bySegment.reduce((sum, count) => sum + count, 0) };
}

/**
 * Matching flows `offset` (from 0) to `offset + limit - 1`, in stored order. `counts` are those of the same selection: they
 * let every segment before and after the page be skipped unread.
 */
export function flowPage(
  reader: CaseReader,
  selection: FlowSelection,
  counts: MatchCounts,
  { offset, limit }: { offset: number; limit: number },
): FlowRecord[] {
  const places = new Map<SegmentInfo, { before: number; matching: number }>();
  let before = 0;
  for (const [index, segment] of counts.segments.entries()) {
    const matching = counts.bySegment[index] ?? 0;
    places.set(segment, { before, matching });
    before += matching;
  }
  const fromOffset: FlowSelection = {
    mark(segment, mask) {
      const place = places.get(segment);
      if (place === undefined || place.before + place.matching <= offset) {
        mask.fill(0, 0, segment.rows);
        return 0;
      }
      const marked = selection.mark(segment, mask);
      let toSkip = Math.max(0, offset - place.before);
      const left = marked - toSkip;
      for (let row = 0; toSkip > 0; row++) {
        toSkip -= mask[row] ?? 0;
        mask[row] = 0;
      }
      return left;
    },
  };
  return [...flowRecords(reader, { selection: fromOffset, limit })];
}
