import { z } from 'zod';
import { type CallName, type Calls, FIGURE_FORMATS } from './bridge.ts';
import {
  examinerSchema,
  FACT_SCHEMAS,
  factChangeSchema,
  newNoteSchema,
  newStateSchema,
  noteChangeSchema,
  noteIdSchema,
  stateNameSchema,
} from './case-record.ts';
import { custodySchema } from './custody.ts';
import { METRICS } from './finding.ts';
import { ORDER_FIELDS } from './flow-order.ts';
import { COUNTED_FIELDS, TABLE_FORMATS } from './jobs.ts';
import { mappingSchema } from './mapping.ts';
import { newOwnFindingSchema, ownFindingChangeSchema } from './own-finding.ts';
import { profileSchema } from './profile.ts';
import { reportSettingsSchema } from './report-settings.ts';
import { LANGUAGES } from './text/language.ts';

/** What the main process accepts from a window: a schema for the request of every call. Unknown fields are refused. */

/** A path as the operating system can have it. */
const path = z
  .string()
  .min(1)
  .max(32_767)
  .refine((text) => !text.includes('\0'), { message: 'a path holds no NUL' });
const where = z.string().max(20_000);

/** A span of whole local hours, not empty. */
const timeSpan = z
  .strictObject({
    from: z.string().regex(/^\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):00)?$/, 'no whole hour'),
    to: z.string().regex(/^\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):00)?$/, 'no whole hour'),
  })
  .refine(({ from, to }) => from < to && Date.parse(to) - Date.parse(from) <= MAX_PERIOD_MS, {
    message: 'no such span',
  });

/** One line of text, as it stands in a file of events. */
const line = (longest: number): z.ZodString =>
  z
    .string()
    .trim()
    .max(longest)
    .regex(/^\P{Cc}*$/u, 'one line only');
const event = z.strictObject({
  time: z.number().min(0),
  label: line(300).min(1),
  kind: line(64).min(1),
  source: line(300),
  uncertaintyMinutes: z.number().min(0).max(525_600),
});

/** Rows of a page: a window shows far fewer, and a page crosses two processes. */
export const MAX_PAGE = 1000;
/** Hosts listed at most: a hundred bytes each. */
export const MAX_HOSTS = 20_000;
const MAX_PATHS = 100_000;
/** Steps of a chart at most. */
const MAX_STEPS = 1500;
/** Twenty years: a period's days are listed one by one. */
const MAX_PERIOD_MS = 20 * 366 * 86_400_000;
/** Characters of a saved figure. */
const MAX_FIGURE = 64 * 1024 * 1024;

/** Longer ones would only cost time. */
const passphrase = z.string().min(1).max(4096);

/** What the preload tells of dropped files. */
export const droppedPathsSchema = z.array(path).max(MAX_PATHS);

export const REQUEST_SCHEMAS = {
  appInfo: z.null(),
  takeEvidence: z.null(),
  overview: z.null(),
  newCase: z.strictObject({
    path: path.nullable(),
    title: FACT_SCHEMAS.title,
    examiner: FACT_SCHEMAS.examiner,
    authority: FACT_SCHEMAS.authority,
    number: FACT_SCHEMAS.number.exactOptional(),
    requester: FACT_SCHEMAS.requester.exactOptional(),
    scope: FACT_SCHEMAS.scope.exactOptional(),
    questions: FACT_SCHEMAS.questions.exactOptional(),
    organisation: FACT_SCHEMAS.organisation.exactOptional(),
    banner: FACT_SCHEMAS.banner.exactOptional(),
    profile: z.string().regex(/^[\w-]{1,64}$/, 'not the name of a shipped profile'),
    subject: z
      .strictObject({
        timeZone: z.string().max(64),
        ranges: z
          .array(z.strictObject({ label: z.string().min(1).max(64), cidr: z.string().max(64) }))
          .min(1)
          .max(1000)
          .nullable(),
      })
      .exactOptional(),
    passphrase: passphrase.exactOptional(),
  }),
  openCase: z.strictObject({ path: path.nullable(), passphrase: passphrase.exactOptional() }),
  restoreCase: z.strictObject({ path }),
  openSample: z.null(),
  closeCase: z.null(),
  chooseEvidence: z.strictObject({ what: z.enum(['files', 'folders']) }),
  importEvidence: z.strictObject({
    paths: z.array(path).min(1).max(MAX_PATHS),
    custody: custodySchema.exactOptional(),
  }),
  previewText: z.strictObject({ path, mapping: mappingSchema.nullable() }),
  chooseMapping: z.null(),
  saveMapping: z.strictObject({ mapping: mappingSchema }),
  cancel: z.null(),
  pause: z.strictObject({ paused: z.boolean() }),
  tellLanguage: z.strictObject({ language: z.enum(LANGUAGES) }),
  summary: z.strictObject({ by: z.array(z.string().max(64)).min(1).max(4), metric: z.enum(METRICS), where }),
  totals: z.strictObject({ where }),
  minutes: z.strictObject({
    by: z.string().max(64).nullable(),
    metric: z.enum(['flows', 'bytes', 'packets']),
    where,
    from: z.number().multipleOf(60_000_000),
    minutes: z.int().min(1).max(60),
    steps: z.int().min(1).max(MAX_STEPS),
  }),
  comparePair: z.strictObject({
    by: z.enum(['category', 'service', 'country', 'range', 'host']),
    metric: z.enum(METRICS),
    where,
    periods: z.tuple([timeSpan, timeSpan]),
  }),
  countryAgreement: z.strictObject({ where }),
  eventLists: z.null(),
  changeEvents: z.strictObject({ change: z.strictObject({ remove: event.nullable(), add: event.nullable() }) }),
  importEvents: z.null(),
  removeEventFile: z.strictObject({ id: z.string().max(64) }),
  saveFigure: z.strictObject({
    title: z.string().max(300),
    format: z.enum(FIGURE_FORMATS),
    content: z.string().max(MAX_FIGURE),
  }),
  hosts: z.strictObject({ where, limit: z.int().min(1).max(MAX_HOSTS) }),
  estimateHosts: z.strictObject({ where, limit: z.int().min(1).max(MAX_HOSTS) }),
  texts: z.strictObject({
    where,
    fields: z.array(z.enum(COUNTED_FIELDS)).min(1).max(COUNTED_FIELDS.length),
    limit: z.int().min(1).max(MAX_PAGE),
  }),
  estimate: z.strictObject({
    by: z.array(z.string().max(64)).min(1).max(12),
    metric: z.enum(METRICS),
    where,
    limit: z.int().min(1).max(MAX_PAGE).nullable(),
  }),
  top: z.strictObject({
    by: z.array(z.string().max(64)).min(1).max(12),
    metric: z.enum(METRICS),
    where,
    limit: z.int().min(1).max(MAX_PAGE),
  }),
  flowsPage: z.strictObject({
    where,
    offset: z.int().min(0),
    limit: z.int().min(0).max(MAX_PAGE),
    order: z.strictObject({ by: z.enum(ORDER_FIELDS), descending: z.boolean() }).exactOptional(),
  }),
  hostPairs: z.strictObject({
    where,
    metric: z.enum(['flows', 'bytes', 'packets']),
    limit: z.int().min(1).max(MAX_HOSTS),
  }),
  estimatePairs: z.strictObject({
    where,
    metric: z.enum(['flows', 'bytes', 'packets']),
    limit: z.int().min(1).max(MAX_HOSTS),
  }),
  saveFlows: z.strictObject({ where, format: z.enum(TABLE_FORMATS) }),
  carvePackets: z.strictObject({ where }),
  flowPackets: z.strictObject({ flow: z.string().max(64) }),
  findings: z.null(),
  ownFindings: z.null(),
  addOwnFinding: z.strictObject({ finding: newOwnFindingSchema }),
  changeOwnFinding: z.strictObject({ id: noteIdSchema, change: ownFindingChangeSchema }),
  removeOwnFinding: z.strictObject({ id: noteIdSchema }),
  analyse: z.null(),
  verify: z.null(),
  changeProfile: z.strictObject({ profile: profileSchema }),
  record: z.null(),
  changeFacts: z.strictObject({ change: factChangeSchema }),
  beginSitting: z.strictObject({ examiner: examinerSchema }),
  notes: z.strictObject({ target: z.string().max(20_100).nullable(), search: z.string().max(1000).nullable() }),
  addNote: z.strictObject({ note: newNoteSchema }),
  changeNote: z.strictObject({ id: noteIdSchema, change: noteChangeSchema }),
  removeNote: z.strictObject({ id: noteIdSchema }),
  keptStates: z.null(),
  keepState: z.strictObject({ state: newStateSchema }),
  removeState: z.strictObject({ name: stateNameSchema }),
  reportHtml: reportSettingsSchema.nullable(),
  saveReport: reportSettingsSchema.extend({ format: z.enum(['html', 'pdf']) }),
} satisfies { [Name in CallName]: z.ZodType<Calls[Name]['request']> };
