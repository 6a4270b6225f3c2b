import { z } from 'zod';
import { redactionChoiceSchema } from './redaction.ts';

/** The chapters of a report in their order, and what else is chosen of one. */

export const REPORT_CHAPTERS = {
  summary: 'Summary',
  claims: 'Claims put to the test',
  activity: 'Activity at a glance',
  services: 'Who was met',
  findings: 'Findings',
  hosts: 'Hosts one by one',
  exhibits: 'Exhibits',
  evidence: 'Evidence',
  undetermined: 'What was not determined',
  methods: 'Methods, versions and time base',
  notes: 'Notes of the examiner',
  audit: 'Audit log',
  terms: 'Terms',
  signatures: 'Signatures',
} as const;

export type ReportChapter = keyof typeof REPORT_CHAPTERS;
export const CHAPTER_IDS = Object.keys(REPORT_CHAPTERS) as ReportChapter[];

/** Left out of the brief form unless asked for by name. */
const ONLY_IN_FULL: ReadonlySet<ReportChapter> = new Set<ReportChapter>([
  'services',
  'hosts',
  'exhibits',
  'methods',
  'terms',
]);

/** The chapters of a form when none are chosen. */
export function chaptersOfForm(form: 'full' | 'brief' = 'full'): ReportChapter[] {
  return form === 'full' ? [...CHAPTER_IDS] : CHAPTER_IDS.filter((id) => !ONLY_IN_FULL.has(id));
}

export const PAPERS = ['A4', 'Letter'] as const;
export type Paper = (typeof PAPERS)[number];

/** Hosts with a page of their own where none are chosen. */
export const HOST_PAGES = 8;

/** What the user chooses of a report. */
export const reportSettingsSchema = redactionChoiceSchema.extend({
  /**
   * `brief` tells each finding that is borne out in a sentence, and of the audit log only its head. Default: `full`.
   */
  form: z.enum(['full', 'brief']).exactOptional(),
  /** Of the PDF. Default: `A4`. */
  paper: z.enum(PAPERS).exactOptional(),
  /** Default: those of the form. */
  chapters: z.array(z.enum(CHAPTER_IDS)).min(1).max(CHAPTER_IDS.length).exactOptional(),
  /** Hosts that get a page, by address. Default: the first HOST_PAGES by activity. */
  hosts: redactionChoiceSchema.shape.leaveOutHosts,
});
export type ReportSettings = z.infer<typeof reportSettingsSchema>;
