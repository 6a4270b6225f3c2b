import { said } from '../../shared/text/say.ts';
/** The views of a case, in the order of the navigation. */

export const VIEWS = [
  'overview',
  'timeline',
  'map',
  'services',
  'hosts',
  'flows',
  'findings',
  'report',
  'evidence',
] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES = said({
  overview: 'Overview',
  timeline: 'Timeline',
  map: 'Map',
  services: 'Services',
  hosts: 'Hosts',
  flows: 'Flows',
  findings: 'Findings',
  report: 'Report',
  evidence: 'Evidence',
});

/** Whether the filter narrows what the view shows; the others are about the whole case. */
export function hasFilter(view: View): boolean {
  return view !== 'findings' && view !== 'report' && view !== 'evidence';
}
