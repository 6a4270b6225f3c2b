import { compileFilter } from '../casefile/flow-selection.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { activityFilter } from '../../shared/activity.ts';
import { duplicateCountsOf, LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import type { Profile } from '../../shared/profile.ts';
import type { CountryTables } from '../../shared/table-says.ts';
import { ZoneClock } from '../../shared/time.ts';
import { activityShares } from './activity-share.ts';
import type { Analysis } from './analysis.ts';
import { type AnalysisFrame, LEVEL, RESAMPLES, SEED, SIGNIFICANCE, daysPerBlock, rounded } from './analysis-frame.ts';
import { BeaconCollector, beacons } from './beacon.ts';
import { missingLabels } from './caveats.ts';
import { claimChecks } from './claim-check.ts';
import { coverageFinding, coverageOf } from './coverage.ts';
import { cryptocurrencies } from './cryptocurrency.ts';
import { DailyRecording } from './daily-recording.ts';
import { dailyRhythms } from './daily-rhythm.ts';
import { eventAssociations } from './event-association.ts';
import { DnsTunnelCollector } from './dns-tunnels.ts';
import { FirstContacts } from './first-contacts.ts';
import { foreignPresences } from './foreign-presence.ts';
import { hostProfiles } from './host-profile.ts';
import { maliciousActivity } from './malicious-activity.ts';
import { obfuscations } from './obfuscation.ts';
import { onsets } from './onset.ts';
import { outagesOf } from './outages.ts';
import { periodComparisons } from './period-comparison.ts';
import { probeHours } from './probe-hours.ts';
import { ProbeSearch, reconnaissances } from './reconnaissance.ts';
import { ServerCollector, serverInventory } from './server-inventory.ts';
import { serviceRankings } from './service-ranking.ts';
import { adjustPValues } from './statistics/benjamini-hochberg.ts';
import { resampleDays } from './statistics/day-bootstrap.ts';
import { TrafficTally, stopIfCancelled } from './traffic-tally.ts';
import { watchLists } from './watch-list.ts';
import { weeklyRhythms } from './weekly-rhythm.ts';

/** Every kind of finding, made anew for each run; the order in which findings are told is that of FINDING_KINDS. */
function analyses(profile: Profile, tables: CountryTables | null, probes: ProbeSearch): Analysis[] {
  const servers = new ServerCollector();
  const dnsTunnels = new DnsTunnelCollector();
  const regular = new BeaconCollector();
  return [
    { findings: activityShares },
    serviceRankings(),
    dailyRhythms,
    weeklyRhythms,
    eventAssociations(),
    onsets(),
    periodComparisons(),
    foreignPresences(profile, tables),
    beacons(regular),
    { collector: dnsTunnels, findings: () => [] },
    obfuscations(dnsTunnels),
    cryptocurrencies(),
    watchLists(profile),
    reconnaissances(probes),
    maliciousActivity({ probes, beacons: regular, dnsTunnels, servers }),
    serverInventory(servers),
    hostProfiles(servers),
    { findings: (frame) => [coverageFinding(frame)] },
  ];
}

/**
 * Makes every finding of a case, in a fixed order. Nothing is written. The flows are read once; each analysis gathers from
 * them what it needs.
 *
 * The same case gives the same findings, byte for byte, whatever the order of its segments: all sums are of whole numbers
 * over sorted days, all draws come from a fixed seed, and printed figures are rounded to nine significant digits. The
 * p-values of one run are corrected together (Benjamini and Hochberg), and only then verdicts are given. A case without
 * flows yields its coverage alone.
 *
 * @param tables the country tables of the case; without them presence is not scored under each
 * @param progress called with segments done, segments in all and what is being done; `done = of` ends the reading
 * @param cancelled looked at between segments and between kinds; true ends the analysis with EnclaveError `cancelled`
 */
export function analyseCase(
  reader: CaseReader,
  {
    tables = null,
    progress,
    cancelled,
  }: {
    readonly tables?: CountryTables | null;
    readonly progress?: (done: number, of: number, what: string) => void;
    readonly cancelled?: () => boolean;
  } = {},
): Finding[] {
  const probes = new ProbeSearch(new FirstContacts());
  const made = analyses(reader.profile, tables, probes);
  const frame = gather(reader, made, probes, progress, cancelled);
  if (frame.tally.flows === 0) return [coverageFinding(frame)];
  const findings: Finding[] = [];
  const makers: Analysis[] = [];
  for (const analysis of made) {
    stopIfCancelled(cancelled, reader.path);
    for (const finding of analysis.findings(frame)) {
      findings.push(finding);
      makers.push(analysis);
    }
  }
  const settled = settle(frame, findings, makers);
  return inOrderOfKinds([...claimChecks(frame, settled), ...settled]);
}

function gather(
  reader: CaseReader,
  made: readonly Analysis[],
  probes: ProbeSearch,
  progress: ((done: number, of: number, what: string) => void) | undefined,
  cancelled: (() => boolean) | undefined,
): AnalysisFrame {
  const { profile } = reader;
  const tally = new TrafficTally(new ZoneClock(profile.timeZone), Object.values(profile.groups));
  const recording = new DailyRecording(tally.clock);
  const collectors = [tally, recording, ...made.flatMap(({ collector }) => collector ?? [])];
  const leaveOutDuplicates = reader.meta(LEAVE_OUT_DUPLICATES) === 'yes';
  const activity = activityFilter(profile, leaveOutDuplicates);
  const selection = compileFilter(parseFilter(activity), reader);
  const segments = reader.segments();
  const mask = new Uint8Array(SEGMENT_ROWS);
  segments.forEach((segment, i) => {
    stopIfCancelled(cancelled, reader.path);
    progress?.(i, segments.length, 'reading flows');
    selection.mark(segment, mask);
    for (const collector of collectors) collector.addSegment(reader, segment, mask);
  });
  progress?.(segments.length, segments.length, 'making findings');
  const days = tally.days();
  const coverage = coverageOf(tally, days);
  const blocks = Math.ceil(days.length / daysPerBlock(days.length));
  return {
    profile,
    events: reader.events(),
    evidence: reader.evidence(),
    tally,
    recording,
    probes: probeHours(reader, probes, activity, tally.clock),
    days,
    resamples: resampleDays(blocks, RESAMPLES, SEED, LEVEL),
    coverage,
    outages: outagesOf(tally, days),
    activity,
    duplicates: duplicateCountsOf(reader.labelBasis()),
    leaveOutDuplicates,
    scaled: coverage.sampling.some((rate) => rate !== 1),
    missing: missingLabels(tally),
  };
}

/** Corrects the p-values of the run and gives the verdicts that rest on them. */
function settle(frame: AnalysisFrame, findings: readonly Finding[], makers: readonly Analysis[]): Finding[] {
  const adjusted = adjustPValues(findings.map((finding) => finding.pValue));
  const tests = adjusted.filter((p) => p !== null).length;
  return findings.map((finding, i) => {
    const p = adjusted[i];
    if (p === null) return finding;
    const settled: Finding = {
      ...finding,
      pValue: finding.pValue === null ? null : rounded(finding.pValue),
      adjustedPValue: rounded(p),
      verdict: p <= SIGNIFICANCE ? 'supported' : 'not-supported',
    };
    return makers[i].settle?.(frame, settled, tests) ?? settled;
  });
}

const KIND_ORDER = Object.keys(FINDING_KINDS);

function inOrderOfKinds(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((x, y) => KIND_ORDER.indexOf(x.kind) - KIND_ORDER.indexOf(y.kind));
}
