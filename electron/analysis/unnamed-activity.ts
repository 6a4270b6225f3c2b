import type { Caveat, Metric } from '../../shared/finding.ts';
import { formatShare, formatShareInterval } from '../../shared/number-format.ts';
import type { AnalysisFrame } from './analysis-frame.ts';
import { sumOfLabels } from './traffic-tally.ts';

/** Activity that no rule names: it may be for anything. */

/** Caveat of a share that is not told for what no rule names; its interval holds the share all the same. */
export const TOO_MUCH_UNNAMED = 'too-much-unnamed';

/**
 * Amount by `metric` of each day of the frame, without flows in the shape of probes, which are the use of nobody.
 *
 * @param isKnown tells of a label of the tally that it is known nevertheless what it is for
 */
export function unnamedByDay(
  { days, tally, probes }: AnalysisFrame,
  metric: Exclude<Metric, 'host-hours'>,
  isKnown: (label: number) => boolean = () => false,
): Float64Array {
  const labelsOf = (of: typeof tally): number[] =>
    [...of.labels.keys()].filter((label) => of.inGroup(label, of.unnamedGroup));
  const unnamed = labelsOf(tally).filter((label) => !isKnown(label));
  const amounts = new Float64Array(days.length);
  if (unnamed.length === 0) return amounts;
  const probed = new Map(probes.tally.days().map(({ day, sums }) => [day, sums]));
  const ofProbes = labelsOf(probes.tally);
  days.forEach(({ day, sums }, i) => {
    amounts[i] = sumOfLabels(sums, unnamed, metric) - sumOfLabels(probed.get(day) ?? [], ofProbes, metric);
  });
  return amounts;
}

/** A share, the interval of which reaches on to where all activity that no rule names belongs to it. */
export interface BoundedShare {
  /** Share of that activity; null when no share can be told. */
  readonly unnamedShare: number | null;
  readonly interval: readonly [number, number] | null;
  /** The interval if none of it belongs to the share. */
  readonly namedInterval: readonly [number, number] | null;
}

/** Whether activity that no rule names makes a difference that can be read. */
export function isReached({ interval, namedInterval }: BoundedShare): boolean {
  return interval !== null && formatShareInterval(interval) !== formatShareInterval(namedInterval);
}

/** In a statement, behind the interval of such a share; empty where it makes no difference. */
export function reachInWords(share: BoundedShare): string {
  return isReached(share) ? `, with or without the ${formatShare(share.unnamedShare)} that no rule names` : '';
}

/** Behind name and source of a method that gives such an interval. */
export const REACH_METHOD = '; from the share without activity that no rule names to that with all of it';
export const REACH_SOURCE = '; Horowitz and Manski, JASA 95 (2000)';

/** What the interval of such a share is made of. @param belong what flows do that are counted, as `belong to the group` */
export function unnamedCaveat(frame: AnalysisFrame, metric: Metric, share: BoundedShare, belong: string): Caveat {
  const { unnamedShare, namedInterval } = share;
  return {
    id: 'unnamed-activity',
    text:
      (metric === 'host-hours'
        ? `In ${formatShare(unnamedShare)} of the host-hours of activity there are flows that no rule names, and none of the group. `
        : `No rule names ${formatShare(unnamedShare)} of the ${metric} of activity` +
          `${frame.probes.filter === '' ? '' : ', without what has the shape of probes'}. `) +
      `Whether they ${belong} is not known: the share that is told counts none of them, and the interval reaches to where ` +
      `all of them do${namedInterval === null ? '' : `; without them it is ${formatShareInterval(namedInterval)}`}.`,
  };
}
