import type { CaseReader } from '../casefile/case-reader.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { activityFilter } from '../../shared/activity.ts';
import { duplicateCountsOf, LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Finding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { ZoneClock } from '../../shared/time.ts';
import { activityShares } from './activity-share.ts';
import { type AnalysisFrame, LEVEL, RESAMPLES, SEED, SIGNIFICANCE, daysPerBlock, rounded } from './analysis-frame.ts';
import { coverageFinding, coverageOf } from './coverage.ts';
import { RHYTHM_METRICS, dailyRhythm, withoutHours } from './daily-rhythm.ts';
import { serviceRankings } from './service-ranking.ts';
import { adjustPValues } from './statistics/benjamini-hochberg.ts';
import { resampleDays } from './statistics/day-bootstrap.ts';
import { TrafficTally, stopIfCancelled } from './traffic-tally.ts';
import { weeklyRhythm, weeklyStatement } from './weekly-rhythm.ts';

/**
 * Makes every finding of a case, in a fixed order: shares of the profile's groups, rankings of services, daily and weekly
 * rhythm, coverage. Nothing is written.
 *
 * The same case gives the same findings, byte for byte, whatever the order of its segments: all sums are of whole numbers
 * over sorted days, all draws come from a fixed seed, and printed figures are rounded to nine significant digits. The
 * p-values of one run are corrected together (Benjamini and Hochberg), and only then verdicts are given. A case without
 * flows yields its coverage alone.
 *
 * @param progress called with segments done, segments in all and what is being done; `done = of` ends the reading
 * @param cancelled looked at between segments and between kinds; true ends the analysis with EnclaveError `cancelled`
 */
export function analyseCase(
  reader: CaseReader,
  progress?: (done: number, of: number, what: string) => void,
  cancelled?: () => boolean,
): Finding[] {
  const frame = gather(reader, progress, cancelled);
  if (frame.tally.flows === 0) return [coverageFinding(frame)];
  const steps: (() => Finding[])[] = [
    () => activityShares(frame),
    () => serviceRankings(frame),
    () => RHYTHM_METRICS.map((metric) => dailyRhythm(frame, metric)),
    () => RHYTHM_METRICS.map((metric) => weeklyRhythm(frame, metric)),
    () => [coverageFinding(frame)],
  ];
  const findings: Finding[] = [];
  for (const step of steps) {
    stopIfCancelled(cancelled, reader.path);
    findings.push(...step());
  }
  return settle(frame, findings);
}

function gather(
  reader: CaseReader,
  progress: ((done: number, of: number, what: string) => void) | undefined,
  cancelled: (() => boolean) | undefined,
): AnalysisFrame {
  const { profile } = reader;
  const tally = new TrafficTally(new ZoneClock(profile.timeZone), Object.values(profile.groups));
  const leaveOutDuplicates = reader.meta(LEAVE_OUT_DUPLICATES) === 'yes';
  const activity = activityFilter(profile, leaveOutDuplicates);
  const selection = compileFilter(parseFilter(activity), reader);
  const segments = reader.segments();
  const mask = new Uint8Array(SEGMENT_ROWS);
  segments.forEach((segment, i) => {
    stopIfCancelled(cancelled, reader.path);
    progress?.(i, segments.length, 'reading flows');
    selection.mark(segment, mask);
    tally.addSegment(reader, segment, mask);
  });
  progress?.(segments.length, segments.length, 'making findings');
  const days = tally.days();
  const coverage = coverageOf(tally, days);
  const blocks = Math.ceil(days.length / daysPerBlock(days.length));
  return {
    profile,
    evidence: reader.evidence(),
    tally,
    days,
    resamples: resampleDays(blocks, RESAMPLES, SEED, LEVEL),
    coverage,
    activity,
    duplicates: duplicateCountsOf(reader.labelBasis()),
    leaveOutDuplicates,
    scaled: coverage.sampling.some((rate) => rate !== 1),
  };
}

/** Corrects the p-values of the run and gives the verdicts that rest on them. */
function settle(frame: AnalysisFrame, findings: readonly Finding[]): Finding[] {
  const adjusted = adjustPValues(findings.map((finding) => finding.pValue));
  return findings.map((finding, i) => {
    const p = adjusted[i];
    if (p === null) return finding;
    const isSupported = p <= SIGNIFICANCE;
    const settled: Finding = {
      ...finding,
      pValue: finding.pValue === null ? null : rounded(finding.pValue),
      adjustedPValue: rounded(p),
      verdict: isSupported ? 'supported' : 'not-supported',
    };
    if (settled.kind === 'weekly-rhythm') return { ...settled, statement: weeklyStatement(frame, settled) };
    if (settled.kind === 'daily-rhythm' && !isSupported) return withoutHours(frame, settled);
    return settled;
  });
}
