import type { Caveat } from '../../shared/finding.ts';
import { type ActivitySubject, MINIMUM_SUBJECT_FLOWS, activitySubjects } from './activity-subjects.ts';
import { type AnalysisFrame, activityOf, sum } from './analysis-frame.ts';
import { CONCEALED, PATH_FIELDS } from './daily-recording.ts';

/** What is compared between two periods: volume, categories and services, concealed traffic, ways out. */

/** Services compared, those with most flows; and ways out of the network. */
export const MOST_SERVICES = 40;
export const MOST_UPSTREAMS = 8;

/** What is compared, day by day; `filter` is empty for all activity, `category` null where no single one is meant. */
export interface Subject extends Omit<ActivitySubject, 'recorded'> {
  readonly metric: 'flows' | 'bytes';
  /** What one recorded flow adds. */
  readonly unit: number;
}

/** All activity by flows and by bytes. */
export function volumes(frame: AnalysisFrame): Subject[] {
  const { tally, days } = frame;
  const unit = Math.max(1, ...frame.coverage.sampling);
  return (['flows', 'bytes'] as const).map((metric) => {
    const daily = Float64Array.from(days, (day) => activityOf(day, metric));
    const perFlow = metric === 'flows' ? unit : sum(daily) / Math.max(1, tally.activityFlows);
    return {
      id: 'volume',
      name: 'all activity',
      category: null,
      isService: false,
      filter: '',
      labels: [],
      metric,
      daily,
      unit: perFlow || 1,
    };
  });
}

/** Everything that is compared, the volumes first; and how many services are not. */
export function subjectsOf(frame: AnalysisFrame): { subjects: Subject[]; servicesLeftOut: number } {
  const { recording, days } = frame;
  const unit = Math.max(1, ...frame.coverage.sampling);
  const { subjects, leftOut } = activitySubjects(frame, MOST_SERVICES);
  const plain = { category: null, isService: false, labels: [], metric: 'flows', unit } as const;
  const concealed: Subject = {
    ...plain,
    id: 'technique:all',
    name: 'traffic through VPN, Tor, proxies and tunnels',
    filter: CONCEALED,
    daily: Float64Array.from(days, ({ day }) => recording.concealed(day)),
  };
  return {
    subjects: [
      ...volumes(frame),
      ...(recording.concealedFlows >= MINIMUM_SUBJECT_FLOWS ? [concealed] : []),
      ...subjects.map((subject): Subject => ({ ...subject, metric: 'flows', unit })),
      ...upstreams(frame).map(({ field, value, daily }): Subject => ({
        ...plain,
        id: `upstream:${field}=${value}`,
        name: `activity by ${field} ${value}`,
        filter: `${field} = ${value}`,
        daily,
      })),
    ],
    servicesLeftOut: leftOut,
  };
}

/** The ways out by the most telling field that knows two or more; those with most flows. */
function upstreams(frame: AnalysisFrame): { field: string; value: string; daily: Float64Array }[] {
  const { recording, days } = frame;
  const least = MINIMUM_SUBJECT_FLOWS * Math.max(1, ...frame.coverage.sampling);
  for (const field of PATH_FIELDS) {
    // Interface numbers mean something at one exporter only.
    if (field === 'inputInterface' && recording.pathsOf('exporter').length > 1) continue;
    const paths = recording
      .pathsOf(field)
      .map(({ value, perDay }) => ({ field, value, daily: Float64Array.from(days, ({ day }) => perDay(day)) }))
      .filter(({ daily }) => sum(daily) >= least);
    if (paths.length < 2) continue;
    const heaviest = paths.toSorted((x, y) => sum(y.daily) - sum(x.daily)).slice(0, MOST_UPSTREAMS);
    return paths.filter((path) => heaviest.includes(path));
  }
  return [];
}

/** What the evidence lacks of what a subject goes by; empty when it has it. */
export function missingFor(frame: AnalysisFrame, { labels, filter }: Subject): readonly Caveat[] {
  const { names, payload } = frame.missing;
  return labels.length > 0 ? names : filter === CONCEALED ? payload : [];
}
