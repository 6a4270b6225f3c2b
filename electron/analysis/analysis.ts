import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import type { Finding } from '../../shared/finding.ts';
import type { AnalysisFrame } from './analysis-frame.ts';

/** Gathers something of every flow in the one pass over a case. Sums must not depend on the order of segments. */
export interface FlowCollector {
  /** @param activity 1 for every row of the segment that counts as activity */
  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void;
}

/** One kind of analysis in one run: what it gathers, and the findings that it makes of it when all flows were seen. */
export interface Analysis {
  readonly collector?: FlowCollector;
  findings(frame: AnalysisFrame): Finding[];
  /**
   * Called with each of its findings that carries a p-value, when that was corrected for all tests of the run and `verdict`
   * was set by it: to word what follows from the verdict.
   */
  settle?(frame: AnalysisFrame, finding: Finding): Finding;
}
