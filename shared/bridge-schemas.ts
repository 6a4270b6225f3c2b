import { z } from 'zod';
import type { CallName, Calls } from './bridge.ts';
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
import { COUNTED_FIELDS, PAPERS } from './jobs.ts';
import { mappingSchema } from './mapping.ts';
import { redactionChoiceSchema } from './redaction.ts';

/** What the main process accepts from a window: a schema for the request of every call. Unknown fields are refused. */

/** A path as the operating system can have it. */
const path = z
  .string()
  .min(1)
  .max(32_767)
  .refine((text) => !text.includes('\0'), { message: 'a path holds no NUL' });
const where = z.string().max(20_000);

const reportSettingsSchema = redactionChoiceSchema.extend({
  form: z.enum(['full', 'brief']).exactOptional(),
  paper: z.enum(PAPERS).exactOptional(),
});

/** Rows of a page: a window shows far fewer, and a page crosses two processes. */
export const MAX_PAGE = 1000;
/** Hosts listed at most: a hundred bytes each. */
export const MAX_HOSTS = 20_000;
const MAX_PATHS = 100_000;

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
  }),
  openCase: z.strictObject({ path: path.nullable() }),
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
  summary: z.strictObject({ by: z.array(z.string().max(64)).min(1).max(4), metric: z.enum(METRICS), where }),
  totals: z.strictObject({ where }),
  hosts: z.strictObject({ where, limit: z.int().min(1).max(MAX_HOSTS) }),
  texts: z.strictObject({
    where,
    fields: z.array(z.enum(COUNTED_FIELDS)).min(1).max(COUNTED_FIELDS.length),
    limit: z.int().min(1).max(MAX_PAGE),
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
  }),
  flowPackets: z.strictObject({ flow: z.string().max(64) }),
  findings: z.null(),
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
