import { LABEL_EVIDENCE } from '../../shared/flow.ts';
import type { Caveat, Metric } from '../../shared/finding.ts';
import type { DuplicateCounts } from '../../shared/duplicate-counts.ts';
import { formatCount, formatCounted, formatList, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { type AnalysisFrame, hasActivity, type MissingLabels, sum, isOfRecorded } from './analysis-frame.ts';
import { lossInWords, lossesOf } from './evidence-losses.ts';
import { LONGEST_FLOW_HOURS, type TrafficTally } from './traffic-tally.ts';

/** What limits a finding, by rule. Ids are stable; the texts give the figures. */

const SHORT_WINDOW_DAYS = 28;
const HIGH_UNKNOWN = 0.2;
const LOW_COVERAGE = 0.95;
/** With fewer activity flows than this share labelled by what a finding goes by, nothing follows from what was not met. */
const FEW_NAMED = 0.05;
/** Categories of what nothing names. */
const NAMELESS: ReadonlySet<string> = new Set(['web', 'unknown']);
/** Pairs of evidence that a caveat names. */
const NAMED_PAIRS = 3;

/** Caveats that hold for every finding of a case. */
export function caseCaveats(frame: AnalysisFrame): Caveat[] {
  const { profile, tally, coverage, evidence, duplicates } = frame;
  const caveats: Caveat[] = [];
  const add = (id: string, text: string): void => {
    caveats.push({ id, text });
  };
  if (profile.name === 'default') {
    add(
      'default-profile',
      'No profile was given: private and link-local addresses are taken as the network in question.',
    );
  }
  if (profile.ranges.length === 0)
    add('no-ranges', 'The profile names no address range, so no flow counts as activity.');
  if (profile.ranges.length > 1) {
    add('several-ranges', `The figures pool ${profile.ranges.length} address ranges, which may serve different users.`);
  }
  if (coverage.sampling.some((rate) => rate !== 1)) {
    const rates = coverage.sampling.map((rate) => (rate === 1 ? 'unsampled' : `1:${rate}`)).join(', ');
    add(
      'sampled',
      `The data is sampled (${rates}): flows, bytes and packets are multiplied by the rate. Bytes and packets are what they were in the ` +
        'mean; flows are not: short ones are missed and long ones over-represented, so that shares, rankings and levels by flows are those of ' +
        'flows that were recorded, and no interval of them is told. Host-hours cannot be scaled: they are a lower bound.',
    );
  }
  if (coverage.observedFraction < LOW_COVERAGE) {
    add(
      'gaps',
      `The evidence shows packets in ${formatShare(coverage.observedFraction)} of the clock hours of its window; ` +
        'what happened in the other hours is not known.',
    );
  }
  const losses = lossesOf(evidence);
  if (losses.length > 0) {
    add(
      'evidence-lost',
      `By its own account the evidence is not whole: ${losses.map(lossInWords).join('; ')}. What was lost is in no figure: counts are lower ` +
        'bounds, and what is seen of a host may not be all that it did.',
    );
  }
  const partial = evidence.filter((file) => file.status === 'partial').length;
  if (partial > 0) {
    add('partial-evidence', `${partial} of ${evidence.length} evidence files could be read only in part.`);
  }
  if (duplicates && duplicates.same + duplicates.part + duplicates.notCompared > 0) {
    add('duplicate-flows', duplicateFlowsText(frame, duplicates));
  }
  if (tally.tunnelledFlows > 0) {
    add(
      'tunnelled-twice',
      `${formatCount(tally.tunnelledFlows)} activity flows lie inside tunnels; their bytes count in the outer flow too.`,
    );
  }
  if (tally.endlessFlows > 0) {
    add(
      'endless-flows',
      `${formatCount(tally.endlessFlows)} flows claim to last longer than ${LONGEST_FLOW_HOURS} hours; ` +
        'they count wholly at their start.',
    );
  }
  if (tally.untimedFlows > 0) {
    add(
      'impossible-times',
      `${formatCount(tally.untimedFlows)} flows start before 1970 or after 2254 and are left out of every figure.`,
    );
  }
  return caveats;
}

/** What of the evidence was recorded twice, where, and what the figures do about it. */
function duplicateFlowsText(frame: AnalysisFrame, counts: DuplicateCounts): string {
  const names = new Map(frame.evidence.map(({ id, path }) => [id, visibleText(path.split(/[\\/]/).at(-1) ?? path)]));
  const flows = frame.evidence.reduce((total, file) => total + file.flows, 0);
  const pairs = counts.pairs.slice(0, NAMED_PAIRS).map(({ evidence, alsoIn, same, part }) => {
    const wholly = [
      ...(same > 0 ? [`${formatCount(same)} wholly`] : []),
      ...(part > 0 ? [`${formatCount(part)} in part`] : []),
    ];
    return `${names.get(evidence) ?? evidence} in ${names.get(alsoIn) ?? alsoIn}: ${wholly.join(', ')}`;
  });
  const others = counts.pairsInAll - pairs.length;
  if (others > 0) pairs.push(`and ${formatCount(others)} more pairs of files`);
  const text = [
    `Evidence overlaps: of ${formatCount(flows)} flows of the case, ${formatCount(counts.same)} lie wholly and ` +
      `${formatCount(counts.part)} in part in other evidence too, as far as addresses, ports, times and packets tell` +
      `${pairs.length > 0 ? ` (${pairs.join('; ')})` : ''}.`,
    frame.leaveOutDuplicates
      ? 'The former are left out of activity, by the examiner’s choice; figures about all flows count them, and parts count twice.'
      : 'All of them count, so that the traffic in them counts twice.',
  ];
  if (counts.notCompared > 0) {
    text.push(
      `${formatCount(counts.notCompared)} more flows of overlapping evidence were not compared: they are too many.`,
    );
  }
  return text.join(' ');
}

/** Caveats of findings about users. */
export function activityCaveats(frame: AnalysisFrame): Caveat[] {
  const { tally } = frame;
  const caveats = caseCaveats(frame);
  const days = frame.days.filter(hasActivity).length;
  if (days < SHORT_WINDOW_DAYS) {
    caveats.push({
      id: 'short-window',
      text: `Activity was seen on ${formatCounted(days, 'day')} only; a longer or another window may show other habits.`,
    });
  }
  caveats.push(
    {
      id: 'addresses-not-people',
      text:
        'An address is not a person: many people may share one (translation, proxies, a gateway), ' +
        'and machines act without people.',
    },
    {
      id: 'geolocation-not-used',
      text: "Whose flows these are follows from the profile's ranges alone; no geolocation was used.",
    },
  );
  if (tally.activityFlows > 0) {
    const unknown = tally.labels.reduce((total, label, number) => {
      return label.category === 'unknown' ? total + sum(evidenceCounts(frame.tally, [number])) : total;
    }, 0);
    const share = unknown / tally.activityFlows;
    if (share >= HIGH_UNKNOWN) {
      caveats.push({
        id: 'unknown-high',
        text:
          `${formatShare(share)} of activity flows were recognised by no rule; ` +
          'any share of a category may be larger by as much.',
      });
    }
  }
  return caveats;
}

/**
 * Caveats of findings that go by names in evidence that has next to none (flow exports without DNS logs), and of findings that
 * go by what was spoken in evidence without payloads; else none. What such findings do not find cannot be told.
 */
export function missingLabels(tally: TrafficTally): MissingLabels {
  const flows = formatCount(tally.activityFlows);
  const counts = evidenceCounts(tally, [...tally.labels.keys()]);
  const unless = (
    id: string,
    kinds: readonly (typeof LABEL_EVIDENCE)[number][],
    text: (told: string) => string,
  ): Caveat[] => {
    const told = restingOn(counts, kinds);
    return told >= FEW_NAMED * tally.activityFlows ? [] : [{ id, text: text(formatCount(told)) }];
  };
  return {
    names: unless(
      'names-missing',
      ['payload', 'hostname', 'dns'],
      (told) =>
        `Of ${flows} activity flows, ${told} are labelled by payload, host name or DNS: whom the ` +
        'others were for is told by address or port or not at all, and that a service, site or institution was not met says nothing.',
    ),
    payload: unless(
      'payload-missing',
      ['payload', 'hostname'],
      (told) =>
        `Of ${flows} activity flows, ${told} are labelled by payload: what the others spoke is told by ` +
        'address, port or behaviour or not at all, and that a protocol was not met says nothing.',
    ),
  };
}

/**
 * The caveat of changes that may be those of the labels: most flows are labelled by behaviour, which shows only from some amount on, or,
 * in evidence without names, by not having one.
 */
export function weakLabels(frame: AnalysisFrame, labels: readonly number[]): Caveat[] {
  const counts = evidenceCounts(frame.tally, labels);
  const isBehaviour = restingOn(counts, ['behaviour']) * 2 > sum(counts);
  const isNameless =
    frame.missing.names.length > 0 && labels.some((label) => NAMELESS.has(frame.tally.labels[label].category));
  if (!isBehaviour && !isNameless) return [];
  const by = isBehaviour ? 'by how they behave, which shows only from some amount on' : 'as what nothing names';
  return [
    { id: 'labels-too-weak', text: `Most of these flows are labelled ${by}: a change may be one of the labels.` },
  ];
}

/** Why a share or an order by flows or host-hours is not told of sampled data; empty where none is. */
export function sampledFlows(frame: AnalysisFrame, metric: Metric): Caveat[] {
  if (!isOfRecorded(frame, metric)) return [];
  const text =
    `Sampled data record a flow the likelier the more packets it has: what is told by ${metric} is so of recorded flows, and of all ` +
    'flows it may be otherwise.';
  return [{ id: 'sampled-flows', text }];
}

/** The caveat of every figure by hours: whether the examiner stated that a recording clock was off. */
export function clockCaveat({ evidence }: AnalysisFrame): Caveat {
  const offsets = evidence.map(({ custody }) => custody.clockOffset).filter((seconds) => seconds !== 0);
  if (offsets.length === 0) {
    return {
      id: 'clock-as-recorded',
      text: 'No error of a recording clock was stated: hours are those of the clocks that recorded, and one that was wrong would move them all.',
    };
  }
  const words = [...new Set(offsets)].toSorted((x, y) => x - y).map((seconds) => `${formatCount(seconds)} s`);
  return {
    id: 'clock-corrected',
    text:
      `The examiner stated that the clock of ${offsets.length} of ${formatCounted(evidence.length, 'evidence file')} was wrong; ` +
      `${formatList(words)} ${words.length === 1 ? 'was' : 'were'} added to the times. Hours rest on that.`,
  };
}

/** The caveat of every figure that rests on where a peer is placed. */
export function placeCaveat(): Caveat {
  return {
    id: 'places-by-table',
    text: 'Where an address lies follows from dated tables, which err; exits of VPNs and relays stand for others.',
  };
}

/** Activity flows of some labels by the kind of evidence that they rest on, in the order of LABEL_EVIDENCE. */
function evidenceCounts(tally: TrafficTally, labels: readonly number[]): number[] {
  return LABEL_EVIDENCE.map((_, evidence) =>
    labels.reduce((total, label) => total + tally.evidenceFlows(label, evidence), 0),
  );
}

/** How many of such counts rest on one of these kinds. */
function restingOn(counts: readonly number[], kinds: readonly (typeof LABEL_EVIDENCE)[number][]): number {
  return kinds.reduce((total, kind) => total + counts[LABEL_EVIDENCE.indexOf(kind)], 0);
}

/** Caveats when most flows behind a figure were named by something weaker than their payload; else none. */
export function labelCaveats(frame: AnalysisFrame, labels: readonly number[]): Caveat[] {
  return evidenceCaveats(evidenceCounts(frame.tally, labels));
}

/** As labelCaveats, from the flows that rest on each kind of evidence (in the order of LABEL_EVIDENCE). */
export function evidenceCaveats(counts: readonly number[]): Caveat[] {
  const total = sum(counts);
  if (total === 0) return [];
  const caveats: Caveat[] = [];
  const names = restingOn(counts, ['hostname', 'dns']) / total;
  if (names >= 0.5) {
    caveats.push({
      id: 'labels-by-name',
      text:
        `${formatShare(names)} of these flows are labelled by host name only; a name tells whom a flow was for, ` +
        'not what was done there.',
    });
  }
  const weak = restingOn(counts, ['address', 'port', 'behaviour']) / total;
  if (weak >= 0.2) {
    caveats.push({
      id: 'labels-by-address-or-port',
      text: `${formatShare(weak)} of these flows are labelled by address, port or behaviour, which can mislead.`,
    });
  }
  return caveats;
}
