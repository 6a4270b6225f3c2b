import type { Caveat, Coverage, CoverageFinding } from '../../shared/finding.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import { formatUtc } from '../../shared/time.ts';
import { type AnalysisFrame, baseOf, localMinute, rounded, sum } from './analysis-frame.ts';
import { caseCaveats, clockCaveat } from './caveats.ts';
import { lossInWords, lossesOf } from './evidence-losses.ts';
import { shareOfSilence } from './observed-days.ts';
import { MOST_BY_CHANCE, SHORTEST_OUTAGE_MINUTES, type Span } from './outages.ts';
import type { DayTally, TrafficTally } from './traffic-tally.ts';

/** Gaps and outages are told when they hold at least one whole clock hour; at most this many of each, the longest. */
const MOST_SPANS = 1000;
const SHORTEST_GAP_HOURS = 1;

interface ObservedHour {
  /** Local clock hour since the epoch. */
  readonly hour: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

function observedHours(days: readonly DayTally[]): ObservedHour[] {
  const hours: ObservedHour[] = [];
  for (const day of days) {
    for (let h = 0; h < 24; h++) {
      if (day.observed[h] === 0) continue;
      hours.push({
        hour: day.day * 24 + h,
        firstSeen: day.firstSeen[h],
        lastSeen: day.lastSeen[h],
      });
    }
  }
  return hours;
}

/**
 * What the evidence can speak of: its window, and in how many clock hours of it any flow is seen. An hour that a flow
 * covers counts, since a flow is closed when it falls silent for long.
 */
export function coverageOf(tally: TrafficTally, days: readonly DayTally[]): Coverage {
  if (tally.flows === 0) return { from: null, to: null, observedFraction: 0, sampling: [] };
  const hours = days.reduce((total, day) => total + day.observedHours, 0);
  return {
    from: formatUtc(tally.from),
    to: formatUtc(tally.to),
    observedFraction: rounded(hours / windowHours(tally)),
    sampling: tally.sampling(),
  };
}

function windowHours(tally: TrafficTally): number {
  return tally.clock.localHour(tally.to) - tally.clock.localHour(tally.from) + 1;
}

/** Stretches of at least one whole clock hour without any flow: from the last flow before to the first after. */
function gapsBetween(hours: readonly ObservedHour[]): Span[] {
  const gaps: Span[] = [];
  for (let i = 1; i < hours.length; i++) {
    const before = hours[i - 1];
    const after = hours[i];
    if (after.hour - before.hour > SHORTEST_GAP_HOURS) gaps.push({ from: before.lastSeen, to: after.firstSeen });
  }
  return gaps;
}

function longest(spans: readonly Span[]): { from: string; to: string }[] {
  return spans
    .toSorted((x, y) => y.to - y.from - (x.to - x.from) || x.from - y.from)
    .slice(0, MOST_SPANS)
    .toSorted((x, y) => x.from - y.from)
    .map((span) => ({ from: formatUtc(span.from), to: formatUtc(span.to) }));
}

/**
 * What the evidence covers, where it is silent, and how much of it is named or encrypted. Counts, not estimates, so no
 * interval and no minimum of days: `supported` whenever the case holds a flow. `value` is the observed fraction of clock
 * hours, `numerator` the observed and `denominator` all clock hours of the window. `unknownShare` and `encryptedShare` are
 * of all flows of the case.
 *
 * An outage is a stretch of hours in which other flows are seen and none of the profile's ranges, though such hours are hardly ever without
 * (outages.ts). When the evidence holds flows of the ranges only, silence of the network and silence of the tap look alike: then no
 * outage is told, and a caveat says so.
 */
export function coverageFinding(frame: AnalysisFrame): CoverageFinding {
  const { tally, days, coverage } = frame;
  const hours = observedHours(days);
  const gaps = gapsBetween(hours);
  const canTellOutages = tally.outsideFlows > 0;
  const outages = frame.outages.spans;
  const caveats: Caveat[] = [];
  if (tally.flows > 0 && !canTellOutages) {
    caveats.push({
      id: 'outages-cannot-be-told',
      text:
        'The evidence holds flows of the profile’s ranges only, so an outage of the network cannot be told from a gap ' +
        'in the capture.',
    });
  }
  const silence = shareOfSilence(days);
  const unseen = days.reduce((total, day) => total + 24 - day.observedHours, 0);
  const silent = Math.floor(
    sum(days.map(({ observed }) => sum(silence.map((share, h) => (observed[h] === 1 ? 0 : share))))),
  );
  if (silent > 0) {
    caveats.push({
      id: 'gaps-may-be-silence',
      text:
        `A gap may be silence. Of ${formatCounted(unseen, 'clock hour')} without any flow, on days with some, at least ${formatCount(silent)} ` +
        'are silence, as hours of the same time of day with one and with two flows tell.',
    });
  }
  if (frame.outages.asExpected > 0) {
    caveats.push({
      id: 'silence-as-expected',
      text:
        `${formatCounted(frame.outages.asExpected, 'further silence')} of the ranges while other flows are seen ` +
        `${frame.outages.asExpected === 1 ? 'is' : 'are'} told as no outage: such hours of other weeks or days make them likely enough. ` +
        'An outage in quiet hours cannot be told from them.',
    });
  }
  if (gaps.length > MOST_SPANS || outages.length > MOST_SPANS) {
    caveats.push({
      id: 'spans-cut',
      text: `There are ${formatCounted(gaps.length, 'gap')} and ${formatCounted(outages.length, 'outage')}; the ${MOST_SPANS} longest of each are listed.`,
    });
  }
  if (tally.flows > 0 && tally.activityFlows === 0) {
    caveats.push({
      id: 'no-activity',
      text: 'No flow was opened from inside the ranges, so nothing is said about users.',
    });
  }
  caveats.push(clockCaveat(frame), ...caseCaveats(frame));
  const losses = lossesOf(frame.evidence);
  const windowLength = tally.flows === 0 ? 0 : windowHours(tally);
  const unknownShare = tally.flows === 0 ? null : rounded(tally.unknownFlows / tally.flows);
  const encryptedShare = tally.flows === 0 ? null : rounded(tally.encryptedFlows / tally.flows);
  const statement =
    tally.flows === 0
      ? 'The case holds no flow, so nothing can be said about the network.'
      : `The evidence shows ${formatCount(tally.flows)} flows between ${localMinute(frame, tally.from)} and ` +
        `${localMinute(frame, tally.to)} (${frame.profile.timeZone}), in ${formatCount(hours.length)} of ${formatCount(windowLength)} clock hours ` +
        `(${formatShare(coverage.observedFraction)}), with ${formatCounted(gaps.length, 'gap')} of at least one clock hour without any flow; ` +
        `${formatShare(unknownShare)} of the flows were recognised by no rule, and ` +
        `${formatShare(encryptedShare)} speak an encrypted protocol` +
        (losses.length === 0 ? '.' : `; by its own account it lost ${losses.map(lossInWords).join(', and ')}.`);
  const base = baseOf(frame, {
    kind: 'coverage',
    subject: 'case',
    title: 'What the evidence covers',
    statement,
    verdict: tally.flows === 0 ? 'insufficient-data' : 'supported',
    value: tally.flows === 0 ? null : coverage.observedFraction,
    interval: null,
    unit: 'share of clock hours',
    method: {
      name: 'Count of clock hours with any flow; outages by the probability of none in hours like them',
      source: 'Definition of coverage in Enclave; McCullagh and Nelder, Generalized Linear Models (1989), ch. 6',
    },
    parameters: {
      timeZone: frame.profile.timeZone,
      shortestGapHours: SHORTEST_GAP_HOURS,
      shortestOutageMinutes: SHORTEST_OUTAGE_MINUTES,
      mostOutagesByChance: MOST_BY_CHANCE,
      mostSpans: MOST_SPANS,
    },
    population: 'all flows of the case, whoever opened them',
    metric: null,
    where: '',
    numerator: hours.length,
    denominator: windowLength,
    caveats,
  });
  return {
    ...base,
    kind: 'coverage',
    gaps: longest(gaps),
    outages: longest(outages),
    unknownShare,
    encryptedShare,
    sampling: coverage.sampling,
    losses: losses.map((loss) => ({ ...loss, share: loss.share === null ? null : rounded(loss.share) })),
  };
}
