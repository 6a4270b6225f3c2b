import { createContext, useContext } from 'react';
import type { ActionId } from '../../shared/actions.ts';
import type { CaseOverview } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import type { ReportSettings } from '../../shared/report-settings.ts';
import type { Selection } from './history.ts';
import type { OwnFindingAsked } from './own-finding.ts';
import type { View } from './views.ts';

/** What all views of a case share. */

export { hasFilter, VIEWS, VIEW_NAMES, type View } from './views.ts';

/** What is marked in all views by a second colour, without narrowing any. */
export interface Highlight {
  readonly title: string;
  /** A valid filter, not empty. */
  readonly filter: string;
}

export interface Workbench {
  readonly overview: CaseOverview;
  /** Grows with every change of the case: what was asked before is asked again. */
  readonly version: number;
  /** True while a job is in work. */
  readonly busy: boolean;
  /** IANA name of the zone that instants are printed in: the profile's or UTC, as the examiner chose. */
  readonly timeZone: string;
  /** IANA name of the profile's zone: that of days, hours and weekdays, and of times in the filter. */
  readonly profileZone: string;
  /** A valid filter; empty = every flow. */
  readonly where: string;
  readonly setWhere: (where: string) => void;
  /** Shows the views under a filter that is not chosen yet, as while the brush is dragged; null: under the chosen one again. */
  readonly preview: (where: string | null) => void;
  /** Filters used, the last one first. */
  readonly recentFilters: readonly string[];
  readonly metric: Metric;
  readonly setMetric: (metric: Metric) => void;
  readonly view: View;
  /** Goes to a view, with something selected in it or nothing. */
  readonly go: (view: View, selection?: Selection) => void;
  /** What was clicked in the view, and stands in the inspector. */
  readonly selection: Selection | null;
  readonly select: (selection: Selection | null) => void;
  readonly highlight: Highlight | null;
  readonly setHighlight: (highlight: Highlight | null) => void;
  readonly canGo: { readonly back: boolean; readonly forward: boolean; readonly undo: boolean };
  readonly run: (action: ActionId) => void;
  /** Asks for a finding of the examiner's own, or for a change of one. */
  readonly askOwnFinding: (asked: OwnFindingAsked) => void;
  /** What the report hides that is shown and saved. */
  readonly reportSettings: ReportSettings;
  readonly setReportSettings: (settings: ReportSettings) => void;
}

export const WorkbenchContext = createContext<Workbench | null>(null);

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (workbench === null) throw new Error('useWorkbench outside a case');
  return workbench;
}
