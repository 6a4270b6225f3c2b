import type { Text } from './text/say.ts';

/**
 * What a user can do, as data: the menu, the keyboard and the command palette read this one list. The main process does
 * `new-window` and `quit` itself and sends every other id to the window as an `action` event.
 */

export const MENUS = ['File', 'View', 'Help'] as const;
export type Menu = (typeof MENUS)[number];

export interface Action {
  id: string;
  /** As it stands in menu and palette, in English; ends with … when it asks before it does. */
  label: Text;
  /** An Electron accelerator (`CmdOrCtrl+K`), or null. */
  shortcut: string | null;
  menu: Menu;
  /** Makes sense only while the window shows a case. */
  needsCase: boolean;
  /** First of its group: the menu draws a line above. */
  startsGroup?: boolean;
}

export const ACTIONS = [
  { id: 'new-case', label: 'New case…', shortcut: 'CmdOrCtrl+N', menu: 'File', needsCase: false },
  { id: 'open-case', label: 'Open case…', shortcut: 'CmdOrCtrl+O', menu: 'File', needsCase: false },
  { id: 'open-sample', label: 'Open sample case', shortcut: null, menu: 'File', needsCase: false },
  { id: 'new-window', label: 'New window', shortcut: 'CmdOrCtrl+Shift+N', menu: 'File', needsCase: false },
  {
    id: 'add-evidence',
    label: 'Add evidence…',
    shortcut: 'CmdOrCtrl+I',
    menu: 'File',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'add-folders',
    label: 'Add folders of evidence…',
    shortcut: 'CmdOrCtrl+Shift+I',
    menu: 'File',
    needsCase: true,
  },
  {
    id: 'import-with-statements',
    label: 'Import with statements…',
    shortcut: 'CmdOrCtrl+E',
    menu: 'File',
    needsCase: true,
  },
  { id: 'case-facts', label: 'Case facts…', shortcut: null, menu: 'File', needsCase: true },
  { id: 'edit-profile', label: 'Correct the profile…', shortcut: null, menu: 'File', needsCase: true },
  { id: 'analyse-case', label: 'Make the findings anew', shortcut: null, menu: 'File', needsCase: true },
  { id: 'verify-case', label: 'Verify the case', shortcut: null, menu: 'File', needsCase: true },
  {
    id: 'pause-job',
    label: 'Pause the import, or let it go on',
    shortcut: 'CmdOrCtrl+J',
    menu: 'File',
    needsCase: false,
  },
  { id: 'cancel-job', label: 'Cancel the job in work', shortcut: 'CmdOrCtrl+.', menu: 'File', needsCase: false },
  {
    id: 'save-report-pdf',
    label: 'Save report as PDF…',
    shortcut: 'CmdOrCtrl+P',
    menu: 'File',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'save-report-html',
    label: 'Save report as HTML…',
    shortcut: 'CmdOrCtrl+Shift+P',
    menu: 'File',
    needsCase: true,
  },
  {
    id: 'export-flows',
    label: 'Export the matching flows…',
    shortcut: 'CmdOrCtrl+Shift+E',
    menu: 'File',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'carve-packets',
    label: 'Carve the packets of the matching flows…',
    shortcut: null,
    menu: 'File',
    needsCase: true,
  },
  {
    id: 'close-case',
    label: 'Close case',
    shortcut: 'CmdOrCtrl+Shift+W',
    menu: 'File',
    needsCase: true,
    startsGroup: true,
  },
  { id: 'quit', label: 'Quit', shortcut: 'CmdOrCtrl+Q', menu: 'File', needsCase: false },
  { id: 'view-overview', label: 'Overview', shortcut: 'CmdOrCtrl+1', menu: 'View', needsCase: true },
  { id: 'view-timeline', label: 'Timeline', shortcut: 'CmdOrCtrl+2', menu: 'View', needsCase: true },
  { id: 'view-map', label: 'Map', shortcut: 'CmdOrCtrl+3', menu: 'View', needsCase: true },
  { id: 'view-services', label: 'Services', shortcut: 'CmdOrCtrl+4', menu: 'View', needsCase: true },
  { id: 'view-hosts', label: 'Hosts', shortcut: 'CmdOrCtrl+5', menu: 'View', needsCase: true },
  { id: 'view-flows', label: 'Flows', shortcut: 'CmdOrCtrl+6', menu: 'View', needsCase: true },
  { id: 'view-findings', label: 'Findings', shortcut: 'CmdOrCtrl+7', menu: 'View', needsCase: true },
  { id: 'view-report', label: 'Report', shortcut: 'CmdOrCtrl+8', menu: 'View', needsCase: true },
  { id: 'view-evidence', label: 'Evidence', shortcut: 'CmdOrCtrl+9', menu: 'View', needsCase: true },
  { id: 'go-back', label: 'Back', shortcut: 'Alt+Left', menu: 'View', needsCase: true, startsGroup: true },
  { id: 'go-forward', label: 'Forward', shortcut: 'Alt+Right', menu: 'View', needsCase: true },
  {
    id: 'undo-filter',
    label: 'Undo the last change of filter or metric',
    shortcut: 'Alt+Z',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'kept-states',
    label: 'Keep this state, or show one kept…',
    shortcut: 'CmdOrCtrl+D',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'focus-filter',
    label: 'Filter…',
    shortcut: 'CmdOrCtrl+F',
    menu: 'View',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'clear-filter',
    label: 'Clear filter and brush',
    shortcut: 'CmdOrCtrl+Shift+F',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'clear-highlight',
    label: 'Clear the highlight',
    shortcut: 'CmdOrCtrl+Shift+H',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'focus-timeline',
    label: 'Choose a span of time…',
    shortcut: 'CmdOrCtrl+B',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'filter-to-cell',
    label: 'Flows: filter to the cell',
    shortcut: 'CmdOrCtrl+Shift+T',
    menu: 'View',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'exclude-cell',
    label: 'Flows: exclude the cell',
    shortcut: 'CmdOrCtrl+Shift+X',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'highlight-cell',
    label: 'Flows: highlight the cell',
    shortcut: 'CmdOrCtrl+Shift+M',
    menu: 'View',
    needsCase: true,
  },
  { id: 'copy-cell', label: 'Flows: copy the cell', shortcut: null, menu: 'View', needsCase: true },
  {
    id: 'sort-flows',
    label: 'Flows: order by the column of the cell',
    shortcut: 'CmdOrCtrl+Shift+S',
    menu: 'View',
    needsCase: true,
  },
  { id: 'group-flows', label: 'Flows: group…', shortcut: 'CmdOrCtrl+G', menu: 'View', needsCase: true },
  { id: 'choose-columns', label: 'Flows: columns…', shortcut: null, menu: 'View', needsCase: true },
  {
    id: 'switch-graph',
    label: 'Services: bands, network or hosts',
    shortcut: 'CmdOrCtrl+Shift+G',
    menu: 'View',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'trace-node',
    label: 'Services: light the paths through the node',
    shortcut: null,
    menu: 'View',
    needsCase: true,
  },
  { id: 'close-groups', label: 'Services: close all groups', shortcut: null, menu: 'View', needsCase: true },
  {
    id: 'compare-periods',
    label: 'Compare two periods',
    shortcut: null,
    menu: 'View',
    needsCase: true,
    startsGroup: true,
  },
  { id: 'add-event', label: 'Add an event…', shortcut: null, menu: 'View', needsCase: true },
  { id: 'add-events-file', label: 'Add a file of events…', shortcut: null, menu: 'View', needsCase: true },
  {
    id: 'map-deviation',
    label: 'Map: amounts or deviation from expectation',
    shortcut: null,
    menu: 'View',
    needsCase: true,
  },
  { id: 'map-arcs', label: 'Map: arcs from the ranges', shortcut: null, menu: 'View', needsCase: true },
  {
    id: 'figure-table',
    label: 'Figure as a table',
    shortcut: null,
    menu: 'View',
    needsCase: true,
    startsGroup: true,
  },
  { id: 'save-figure-svg', label: 'Save figure as SVG…', shortcut: null, menu: 'View', needsCase: true },
  { id: 'save-figure-png', label: 'Save figure as PNG…', shortcut: null, menu: 'View', needsCase: true },
  { id: 'save-figure-csv', label: 'Save figure’s numbers as CSV…', shortcut: null, menu: 'View', needsCase: true },
  {
    id: 'switch-zone',
    label: 'Print times in UTC or the profile’s zone',
    shortcut: 'CmdOrCtrl+U',
    menu: 'View',
    needsCase: true,
    startsGroup: true,
  },
  {
    id: 'copy-statement',
    label: 'Copy what is selected with its provenance',
    shortcut: 'CmdOrCtrl+Shift+C',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'own-finding',
    label: 'Finding of your own from what is selected…',
    shortcut: 'CmdOrCtrl+Shift+A',
    menu: 'View',
    needsCase: true,
  },
  {
    id: 'toggle-theme',
    label: 'Light or dark',
    shortcut: 'CmdOrCtrl+Shift+L',
    menu: 'View',
    needsCase: false,
    startsGroup: true,
  },
  { id: 'switch-language', label: 'Language: Deutsch', shortcut: null, menu: 'View', needsCase: false },
  { id: 'command-palette', label: 'All commands…', shortcut: 'CmdOrCtrl+K', menu: 'Help', needsCase: false },
  { id: 'show-shortcuts', label: 'Keyboard shortcuts', shortcut: 'F1', menu: 'Help', needsCase: false },
] as const satisfies readonly Action[];

export type ActionId = (typeof ACTIONS)[number]['id'];

/** What changes the case and nothing else: a sealed case refuses it before a dialog is filled in for nothing. */
export const CHANGES_CASE: ReadonlySet<ActionId> = new Set<ActionId>([
  'add-evidence',
  'add-folders',
  'import-with-statements',
  'case-facts',
  'edit-profile',
  'analyse-case',
  'own-finding',
  'add-event',
  'add-events-file',
]);
