import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';

/** Gathers something of every flow in the one pass over a case. Sums must not depend on the order of segments. */
export interface FlowCollector {
  /** @param activity 1 for every row of the segment that counts as activity */
  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void;
}
