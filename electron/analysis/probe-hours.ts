import type { CaseReader } from '../casefile/case-reader.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import type { ZoneClock } from '../../shared/time.ts';
import type { AnalysisFrame } from './analysis-frame.ts';
import { type ProbeSearch, probeFilter } from './reconnaissance.ts';
import { TrafficTally } from './traffic-tally.ts';

/** Probes whose flows are looked for; of more, the others stay in activity. */
const MOST_PROBES = 20;

/**
 * Activity in the shape of probes out of the ranges, hour by hour. Activity leaves scans out, but labels only know the fast ones; the
 * slow ones are known when all contacts were seen. One more pass over the segments that can hold them, and none without any.
 *
 * @param activity filter expression of activity
 */
export function probeHours(
  reader: CaseReader,
  { contacts, probes }: ProbeSearch,
  activity: string,
  clock: ZoneClock,
): AnalysisFrame['probes'] {
  const found = probes.found.filter(({ isInbound }) => !isInbound).slice(0, MOST_PROBES);
  const tally = new TrafficTally(clock, []);
  if (found.length === 0) return { filter: '', tally };
  const filter = `(${found.map((probe) => `(${probeFilter(contacts, probe)})`).join(' or ')})`;
  const selection = compileFilter(parseFilter(`${activity} and ${filter}`), reader);
  const from = found.reduce((x, probe) => Math.min(x, probe.from), Infinity) * 1e6;
  const to = (found.reduce((x, probe) => Math.max(x, probe.to), 0) + 1) * 1e6;
  const mask = new Uint8Array(SEGMENT_ROWS);
  for (const segment of reader.segments()) {
    if (segment.lastStart < from || segment.firstStart >= to) continue;
    if (selection.mark(segment, mask) > 0) tally.addSegment(reader, segment, mask);
  }
  return tally.activityFlows === 0 ? { filter: '', tally } : { filter, tally };
}
