/** The views of a case, in the order of the navigation. */

export const VIEWS = ['overview', 'timeline', 'map', 'services', 'hosts', 'flows', 'findings', 'report'] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES: Readonly<Record<View, string>> = {
  overview: 'Overview',
  timeline: 'Timeline',
  map: 'Map',
  services: 'Services',
  hosts: 'Hosts',
  flows: 'Flows',
  findings: 'Findings',
  report: 'Report',
};
