import { filterValue } from '../../shared/activity.ts';
import { LABEL_EVIDENCE } from '../../shared/flow.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { AnalysisFrame } from './analysis-frame.ts';
import { sumOfLabels } from './traffic-tally.ts';

/** What activity is followed over the days: each category and each service of it. */

/** Fewer recorded flows than this tell nothing about days. */
export const MINIMUM_SUBJECT_FLOWS = 20;

export interface ActivitySubject {
  /** `category:crypto`, `service:facebook`. */
  readonly id: string;
  /** The same in words. */
  readonly name: string;
  /** The category of a category or of a service. */
  readonly category: string | null;
  readonly isService: boolean;
  /** Filter expression within activity. */
  readonly filter: string;
  /** Label numbers of the tally. */
  readonly labels: readonly number[];
  /** Flows by index of `frame.days`, multiplied by the sampling rate. */
  readonly daily: Float64Array;
  /** Flows as they were recorded. */
  readonly recorded: number;
}

/**
 * Categories and services with at least 20 recorded flows of activity, of services the `mostServices` with most flows; sorted
 * by id, so that the order does not hang on the data. A service that stands in several categories is one subject of the one with most flows.
 *
 * @returns the subjects, and how many services were left out because there are more
 */
export function activitySubjects(
  frame: AnalysisFrame,
  mostServices: number,
): { subjects: ActivitySubject[]; leftOut: number } {
  const { tally } = frame;
  const byCategory = new Map<string, number[]>();
  const byService = new Map<string, number[]>();
  tally.labels.forEach(({ category, service }, label) => {
    byCategory.set(category, [...(byCategory.get(category) ?? []), label]);
    if (service !== null) byService.set(service, [...(byService.get(service) ?? []), label]);
  });
  const categories = [...byCategory].map(([category, labels]) =>
    subjectOf(frame, `category:${category}`, `category ${category}`, `category = ${filterValue(category)}`, labels),
  );
  const services = [...byService]
    .map(([service, labels]) =>
      subjectOf(
        frame,
        `service:${service}`,
        `service ${visibleText(service)}`,
        `service = ${filterValue(service)}`,
        labels,
      ),
    )
    .filter(({ recorded }) => recorded >= MINIMUM_SUBJECT_FLOWS)
    .toSorted((x, y) => y.recorded - x.recorded || (x.id < y.id ? -1 : 1));
  const subjects = [
    ...categories.filter(({ recorded }) => recorded >= MINIMUM_SUBJECT_FLOWS),
    ...services.slice(0, mostServices),
  ].toSorted((x, y) => (x.id < y.id ? -1 : 1));
  return { subjects, leftOut: Math.max(0, services.length - mostServices) };
}

function subjectOf(
  frame: AnalysisFrame,
  id: string,
  name: string,
  filter: string,
  labels: readonly number[],
): ActivitySubject {
  const { tally, days } = frame;
  const recordedOf = (label: number): number =>
    LABEL_EVIDENCE.reduce((x, _, evidence) => x + tally.evidenceFlows(label, evidence), 0);
  const byWeight = labels.toSorted(
    (x, y) => recordedOf(y) - recordedOf(x) || (tally.labels[x].category < tally.labels[y].category ? -1 : 1),
  );
  const daily = Float64Array.from(days, ({ sums }) => sumOfLabels(sums, labels, 'flows'));
  return {
    id,
    name,
    category: byWeight[0] === undefined ? null : tally.labels[byWeight[0]].category,
    isService: id.startsWith('service:'),
    filter,
    labels,
    daily,
    recorded: labels.reduce((x, label) => x + recordedOf(label), 0),
  };
}
