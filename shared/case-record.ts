import { z } from 'zod';
import { formatAddress, parseAddress } from './address.ts';
import { parseFilter } from './filter/parse-filter.ts';
import { METRICS, type Metric } from './finding.ts';
import { formatUtc, parseInstant } from './time.ts';

/** What people say of a case: its facts, who is at work, notes and decisions, kept states of the analysis. */

/** The facts of a case in the order in which they are asked for and printed, with their names. */
export const CASE_FACTS = {
  number: 'Case number',
  title: 'Title',
  requester: 'Requested by',
  authority: 'Authority',
  scope: 'Scope',
  questions: 'Questions asked',
  examiner: 'Examiner',
  organisation: 'Organisation',
  banner: 'Classification banner',
} as const;

export type FactName = keyof typeof CASE_FACTS;
export const FACT_NAMES = Object.keys(CASE_FACTS) as FactName[];

/** Empty = not supplied. */
export type CaseFacts = Record<FactName, string>;

/** Facts that may run over several lines, and characters (UTF-16 units) of a fact at most. */
export const LONG_FACTS: ReadonlySet<FactName> = new Set(['scope', 'questions']);
export const MAX_FACT = 1000;
export const MAX_LONG_FACT = 10_000;

/** No control characters, no line or paragraph separators. */
export const ONE_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u;

function factSchema(name: FactName): z.ZodString {
  return LONG_FACTS.has(name)
    ? z.string().max(MAX_LONG_FACT)
    : z.string().max(MAX_FACT).regex(ONE_LINE, 'it is one line without control characters');
}

/** What each fact may be; empty = not supplied. */
export const FACT_SCHEMAS = Object.fromEntries(FACT_NAMES.map((name) => [name, factSchema(name)])) as Record<
  FactName,
  z.ZodString
>;

/** Facts that are stated anew; the others stay. */
export const factChangeSchema = z
  .partialRecord(z.enum(FACT_NAMES as [FactName, ...FactName[]]), z.string())
  .superRefine((change, context) => {
    for (const name of FACT_NAMES) {
      const checked = FACT_SCHEMAS[name].safeParse(change[name] ?? '');
      if (!checked.success) {
        context.addIssue({ code: 'custom', path: [name], message: checked.error.issues[0]?.message ?? 'it is wrong' });
      }
    }
  });
export type FactChange = z.infer<typeof factChangeSchema>;

export const examinerSchema = FACT_SCHEMAS.examiner.refine((name) => name.trim() !== '', {
  message: 'an examiner has a name',
});

/** What the window and `enclave case` show of a case's record. */
export interface CaseRecord {
  facts: CaseFacts;
  /** Hash of the first audit entry; null when the case has none. */
  id: string | null;
  /** Hash of the last audit entry. */
  head: string | null;
  entries: number;
  /** Who is at work: the last examiner named, else the case's; empty when neither was. */
  atWork: string;
  /** All who worked on it, in the order of their first entry. */
  examiners: string[];
}

/** The part of a hash that stands for a case, an examiner's key or a note where the whole is too long. */
export const SHORT_HASH = 16;

/** One entry of the audit chain, see docs/case-format.md. */
export interface AuditEntry {
  seq: number;
  /** ISO 8601, UTC. */
  time: string;
  action: string;
  actor: string;
  /** JSON text. */
  detail: string;
  previous: string;
  hash: string;
}

export const DECISIONS = ['accept', 'reject', 'comment'] as const;
export type Decision = (typeof DECISIONS)[number];

export const MAX_NOTE = 20_000;
export const MAX_TAGS = 32;
export const MAX_TAG = 64;
const MAX_TARGET = 20_100;

export interface Note {
  /** 16 hex digits. */
  id: string;
  /** A decision is about a finding; `decision` says which, and is null of a note. */
  kind: 'note' | 'decision';
  decision: Decision | null;
  /** What it is about, see `checkedTarget`. */
  target: string;
  text: string;
  tags: string[];
  inReport: boolean;
  examiner: string;
  /** ISO 8601, UTC. */
  madeAt: string;
  changedAt: string | null;
}

/** What can be noted about, as a target begins. */
export const TARGETS = {
  case: 'the case',
  evidence: 'evidence',
  flow: 'flow',
  host: 'host',
  finding: 'finding',
  service: 'service',
  country: 'country',
  time: 'time',
  filter: 'flows',
} as const;
export type TargetKind = keyof typeof TARGETS;

const TARGET_FORMS: Readonly<Record<Exclude<TargetKind, 'case' | 'host' | 'time' | 'filter'>, RegExp>> = {
  evidence: /^[0-9a-f]{16}$/,
  flow: /^[0-9a-f]{16}:\d{1,16}(?:\.\d{1,4})?:\d$/,
  finding: /^[0-9a-f]{8,64}$/,
  service: /^[a-z0-9][a-z0-9-]{0,63}$/,
  country: /^[A-Z]{2}$/,
};

/** Kind and value of a target; the value of `case` is empty. */
export function targetParts(target: string): { kind: string; value: string } {
  const colon = target.indexOf(':');
  return colon < 0 ? { kind: target, value: '' } : { kind: target.slice(0, colon), value: target.slice(colon + 1) };
}

/**
 * A target in its one spelling: `case`, `evidence:ID`, `flow:ID`, `host:ADDRESS`, `finding:ID`, `service:ID`, `country:XX`,
 * `time:FROM/TO` (ISO 8601, from ≤ to; stored in UTC to the microsecond) or `filter:EXPRESSION`; null when it is none.
 */
export function checkedTarget(text: string): string | null {
  const { kind, value } = targetParts(text.trim());
  if (text.length > MAX_TARGET) return null;
  switch (kind) {
    case 'case':
      return value === '' && !text.includes(':') ? 'case' : null;
    case 'host': {
      const words = parseAddress(value);
      return words === null ? null : `host:${formatAddress(...words)}`;
    }
    case 'country':
      return TARGET_FORMS.country.test(value.toUpperCase()) ? `country:${value.toUpperCase()}` : null;
    case 'time': {
      const [from, to, ...rest] = value.split('/').map((instant) => parseInstant(instant, 'UTC'));
      if (from === undefined || from === null || to === undefined || to === null || rest.length > 0) return null;
      return from > to ? null : `time:${formatUtc(from)}/${formatUtc(to)}`;
    }
    case 'filter':
      return isFilter(value) ? `filter:${value}` : null;
    case 'evidence':
    case 'flow':
    case 'finding':
    case 'service':
      return TARGET_FORMS[kind].test(value) ? `${kind}:${value}` : null;
    default:
      return null;
  }
}

/** Whether the text is a right filter. */
export function isFilter(text: string): boolean {
  try {
    parseFilter(text);
    return true;
  } catch {
    return false;
  }
}

const target = z.string().transform((text, context) => {
  const checked = checkedTarget(text);
  if (checked !== null) return checked;
  context.addIssue({
    code: 'custom',
    message:
      'a target is case, evidence:ID, flow:ID, host:ADDRESS, finding:ID, service:ID, country:XX, time:FROM/TO or filter:EXPRESSION',
  });
  return z.NEVER;
});
const text = z.string().max(MAX_NOTE);
const tags = z
  .array(
    z
      .string()
      .min(1)
      .max(MAX_TAG)
      .regex(/^[^\s,][^,\p{Cc}]*$/u, 'a tag holds no comma and no control character, and begins with no blank'),
  )
  .max(MAX_TAGS);

/** A note that is to be added. A note needs a text; a decision needs a finding. */
export const newNoteSchema = z
  .strictObject({ target, text, tags, inReport: z.boolean(), decision: z.enum(DECISIONS).nullable() })
  .superRefine((note, context) => {
    const isOfFinding = note.target.startsWith('finding:');
    if (note.decision !== null && !isOfFinding) {
      context.addIssue({ code: 'custom', path: ['decision'], message: 'a decision is about finding:ID' });
    }
    const needsText = note.decision === null || note.decision === 'comment';
    if (needsText && note.text.trim() === '') {
      context.addIssue({ code: 'custom', path: ['text'], message: 'the text is empty' });
    }
  });
export type NewNote = z.infer<typeof newNoteSchema>;

/** What of a note is to be changed. */
export const noteChangeSchema = z.strictObject({
  text: text.exactOptional(),
  tags: tags.exactOptional(),
  inReport: z.boolean().exactOptional(),
});
export type NoteChange = z.infer<typeof noteChangeSchema>;

export const noteIdSchema = z.string().regex(/^[0-9a-f]{16}$/, 'no id of a note');

/** Which notes are asked for; null: of every target, with every text. `search`: part of text, tag, target or examiner. */
export interface NoteQuery {
  target: string | null;
  search: string | null;
}

/** A state of the analysis to come back to. */
export interface KeptState {
  /** Its name, unique in the case. */
  name: string;
  filter: string;
  /** A view of the window. */
  view: string;
  metric: Metric;
  examiner: string;
  /** ISO 8601, UTC. */
  savedAt: string;
}

export const stateNameSchema = z
  .string()
  .max(100)
  .refine((name) => name.trim() !== '' && ONE_LINE.test(name), { message: 'a state has a name of one line' });

export const newStateSchema = z.strictObject({
  name: stateNameSchema,
  filter: z.string().max(20_000).refine(isFilter, { message: 'the filter is wrong' }),
  view: z.string().regex(/^[a-z-]{1,32}$/, 'no view of the window'),
  metric: z.enum(METRICS),
});
export type NewState = z.infer<typeof newStateSchema>;

/** Kept states of a case at most. */
export const MOST_STATES = 1000;

/** A signature over the head of the audit chain. */
export interface SignatureFacts {
  /** Entry that was the head, and its hash. */
  seq: number;
  head: string;
  /** Hash of the first entry. */
  case: string;
  /** ISO 8601, UTC. */
  time: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo, DER), hex. */
  fingerprint: string;
}
