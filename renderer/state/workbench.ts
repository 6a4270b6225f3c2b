import { createContext, useContext } from 'react';
import type { ActionId } from '../../shared/actions.ts';
import type { CaseOverview } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';

/** What all views of a case share. */

export const VIEWS = ['overview', 'timeline', 'map', 'services', 'flows', 'findings', 'report'] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES: Readonly<Record<View, string>> = {
  overview: 'Overview',
  timeline: 'Timeline',
  map: 'Map',
  services: 'Services',
  flows: 'Flows',
  findings: 'Findings',
  report: 'Report',
};

export interface Workbench {
  readonly overview: CaseOverview;
  /** Grows with every change of the case: what was asked before is asked again. */
  readonly version: number;
  /** True while a job is in work. */
  readonly busy: boolean;
  readonly timeZone: string;
  /** A valid filter; empty = every flow. */
  readonly where: string;
  readonly setWhere: (where: string) => void;
  readonly metric: Metric;
  readonly setMetric: (metric: Metric) => void;
  readonly view: View;
  readonly go: (view: View) => void;
  readonly run: (action: ActionId) => void;
}

export const WorkbenchContext = createContext<Workbench | null>(null);

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (workbench === null) throw new Error('useWorkbench outside a case');
  return workbench;
}
