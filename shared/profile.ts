import { z } from 'zod';
import { type AddressBlock, parseBlock } from './address.ts';
import { mappingSchema } from './mapping.ts';

/** A profile: what network a case is about, its clock, its events and the claims to be tested. JSON, checked with zod. */

const block = z.string().refine((text) => parseBlock(text) !== null, { message: 'not an address or CIDR block' });
const zone = z.string().refine(
  (name) => {
    try {
      Intl.DateTimeFormat('en', { timeZone: name });
      return true;
    } catch {
      return false;
    }
  },
  { message: 'not an IANA time zone' },
);
const instant = z.string().refine((text) => /(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)), {
  message: 'not an ISO 8601 time with zone',
});
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'not a date (YYYY-MM-DD)');

/** What a claim states, by one or several of these; how each is compared, electron/analysis/claim-rules.ts tells. */
const expected = z.looseObject({
  /** A share (0..1), a number, or the name that comes first. */
  value: z.union([z.number(), z.string()]).optional(),
  /** Half the width that a stated number may be off by; without it, half a unit of its last digit. */
  tolerance: z.number().nonnegative().optional(),
  /** Two numbers, hours of the day or dates. */
  interval: z.union([z.tuple([z.number(), z.number()]), z.tuple([date, date])]).optional(),
  date: date.optional(),
  list: z.array(z.string()).optional(),
  verdict: z.enum(['supported', 'not-supported', 'insufficient-data']).optional(),
});

export const profileSchema = z.strictObject({
  name: z.string().min(1),
  timeZone: zone,
  ranges: z.array(
    z.strictObject({
      label: z.string().min(1),
      cidr: block,
      from: date.optional(),
      to: date.optional(),
      note: z.string().optional(),
      source: z.string().optional(),
      /** Where its users are held to be: ISO 3166-1 alpha-2, stated by the examiner; arcs of the map begin there. */
      country: z
        .string()
        .regex(/^[A-Z]{2}$/, 'not a country code of two capital letters')
        .optional(),
    }),
  ),
  excluded: z.array(z.strictObject({ cidr: block, why: z.string() })).default([]),
  servers: z.array(block).default([]),
  events: z
    .array(
      z.strictObject({
        time: instant,
        label: z.string(),
        kind: z.string(),
        source: z.string(),
        uncertaintyMinutes: z.number().nonnegative().optional(),
      }),
    )
    .default([]),
  watchLists: z.record(z.string(), z.array(z.string())).default({}),
  globalServices: z.array(z.string()).default([]),
  groups: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  claims: z
    .array(
      z.strictObject({
        id: z.string(),
        text: z.string(),
        source: z.string(),
        kind: z.string(),
        subject: z.string(),
        metric: z.string().optional(),
        expected,
      }),
    )
    .default([]),
  /** What the columns of text exports mean that this network's exporters write. */
  mappings: z.array(mappingSchema).default([]),
});

export type Profile = z.infer<typeof profileSchema>;
export type Claim = Profile['claims'][number];

/** Something wrong in a profile: where (names of fields, numbers of entries from 0), and what. */
export interface ProfileFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** All that is wrong with a parsed JSON value as a profile that an examiner states: form, and ranges that end before they begin. */
export function profileFaults(value: unknown): ProfileFault[] {
  const result = profileSchema.safeParse(value);
  if (!result.success) {
    return result.error.issues.map(({ path, message }) => ({
      path: path.filter((part) => typeof part !== 'symbol'),
      message,
    }));
  }
  return result.data.ranges.flatMap(({ from, to }, index) =>
    from !== undefined && to !== undefined && to < from
      ? [{ path: ['ranges', index, 'to'], message: 'it ends before it begins' }]
      : [],
  );
}

/** Checks a parsed JSON value. Returns the profile, or the first fault as `path: message`. */
export function checkProfile(value: unknown): { ok: true; profile: Profile } | { ok: false; fault: string } {
  const result = profileSchema.safeParse(value);
  if (result.success) return { ok: true, profile: result.data };
  const issue = result.error.issues[0];
  return { ok: false, fault: issue ? `${issue.path.join('.') || 'profile'}: ${issue.message}` : 'not a profile' };
}

/** Blocks of CIDR strings that the schema has checked already. */
export function blocksOf(cidrs: readonly string[]): AddressBlock[] {
  return cidrs.map((cidr) => {
    const parsed = parseBlock(cidr);
    if (parsed === null) throw new RangeError(`not a block: ${cidr}`);
    return parsed;
  });
}
