import type { Finding } from '../../shared/finding.ts';
import type { AnalysisFrame } from './analysis-frame.ts';
import type { FlowCollector } from './flow-collector.ts';

/** One kind of analysis in one run: what it gathers, and the findings that it makes of it when all flows were seen. */
export interface Analysis {
  readonly collector?: FlowCollector;
  findings(frame: AnalysisFrame): Finding[];
  /**
   * Called with each of its findings that carries a p-value, when that was corrected for all tests of the run and `verdict`
   * was set by it: to word what follows from the verdict. `tests` is the number of p-values corrected together.
   */
  settle?(frame: AnalysisFrame, finding: Finding, tests: number): Finding;
}
