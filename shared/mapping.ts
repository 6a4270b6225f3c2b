import { z } from 'zod';

/** A mapping: which column (or JSON key) of a text export means what. JSON, checked with zod; docs/mappings.md explains it. */

/** How times are written, besides patterns of `strptime` (those with a `%`). */
export const TIME_TYPES = ['iso8601', 'unix-s', 'unix-ms', 'unix-us', 'unix-ns'] as const;

/** Directives that a time pattern may have: those of strptime (POSIX), and `%f` for fractions of a second, `%z` for a zone. */
export const TIME_DIRECTIVES = 'YymdbHIMSfpzFT%';

/** True when a pattern has nothing but known directives, and a whole date and hour among them. */
export function isTimePattern(text: string): boolean {
  const directives = [...text.matchAll(/%(.?)/gs)].map(([, letter]) => letter ?? '');
  const has = (letters: string): boolean => directives.some((letter) => letter !== '' && letters.includes(letter));
  const date = has('F') || (has('Yy') && has('mb') && has('d'));
  return directives.every((letter) => letter !== '' && TIME_DIRECTIVES.includes(letter)) && date && has('HIT');
}

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

/** A column by its name or its number from 1; of JSON, a path with dots. */
const column = z.union([z.string().min(1).max(256), z.int().min(1).max(4096)]);
/** One column, or several of which the first that is given counts. */
const from = z.union([column, z.array(column).min(1).max(8)]);
const given = z.strictObject({ from });
const text = z.string().min(1).max(64);
/** A column, or one value for every record. */
const valueOrFixed = z.union([given, z.strictObject({ fixed: z.union([text, z.int().nonnegative()]) })]);
const time = z.strictObject({
  from,
  type: z.string().refine((type) => (TIME_TYPES as readonly string[]).includes(type) || isTimePattern(type), {
    message: `not one of ${TIME_TYPES.join(', ')}, nor a strptime pattern with date and hour`,
  }),
  zone: zone.optional(),
});
const duration = z.strictObject({ from, type: z.enum(['s', 'ms', 'us', 'ns', 'clock']) });
const address = z.strictObject({ from, type: z.enum(['text', 'integer', 'zero-padded']).optional() });

/** Character between columns, where the mapping does not state another. */
export const DELIMITERS = { csv: ',', tsv: '\t', pipe: '|', space: ' ' } as const;

export const mappingSchema = z
  .strictObject({
    name: z.string().min(1).max(100),
    note: z.string().max(2000).optional(),
    format: z.enum(['csv', 'tsv', 'pipe', 'space', 'ndjson']),
    delimiter: z
      .string()
      .regex(/^[\t -~]$/, 'not one ASCII character')
      .refine((mark) => !/[\w."]/.test(mark), { message: 'a letter, digit, dot or quote cannot stand between columns' })
      .optional(),
    header: z.boolean().default(true),
    /** Lines before the header that are passed by. */
    skipLines: z.int().min(0).max(10_000).default(0),
    /** Lines that begin with this are passed by. */
    comment: z.string().min(1).max(8).optional(),
    /** A line of just this ends the table, until its header comes again. */
    until: z.string().min(1).max(64).optional(),
    /** Only records whose value is (is not) among these; `lost` are values that say the exporter lost records. */
    only: z
      .strictObject({
        from,
        is: z.array(z.string()).optional(),
        not: z.array(z.string()).optional(),
        lost: z.array(z.string()).optional(),
      })
      .optional(),
    fields: z.strictObject({
      start: time,
      end: time.optional(),
      /** Used where `end` is not given. */
      duration: duration.optional(),
      initiator: address,
      responder: address,
      initiatorPort: given.optional(),
      responderPort: given.optional(),
      icmpType: given.optional(),
      icmpCode: given.optional(),
      transport: valueOrFixed,
      packetsOut: given.optional(),
      bytesOut: given.optional(),
      packetsIn: given.optional(),
      bytesIn: given.optional(),
      /** Both directions together. */
      packetsTotal: given.optional(),
      bytesTotal: given.optional(),
      tcpFlags: z.strictObject({ from, type: z.enum(['letters', 'decimal', 'hex']).optional() }).optional(),
      state: given.optional(),
      sampling: valueOrFixed.optional(),
      exporter: valueOrFixed.optional(),
      nextHop: given.optional(),
      inputInterface: given.optional(),
      outputInterface: given.optional(),
      protocol: given.optional(),
      name: z.strictObject({ from, origin: z.enum(['tls-sni', 'quic-sni', 'http-host', 'dns-question']) }).optional(),
      userAgent: given.optional(),
      ja3: given.optional(),
      ja4: given.optional(),
    }),
    direction: z.enum(['one-way', 'two-way']),
    /** What the byte counts count; `unknown` where the export does not say. */
    bytes: z.enum(['ip', 'frame', 'payload', 'unknown']),
    /**
     * Where ICMP type and code stand: in the initiator's and the responder's port; in the responder's port as type × 256 +
     * code (NetFlow; RFC 7012, icmpTypeCodeIPv4); in the initiator's port as type + code × 256 (argus).
     */
    icmp: z.enum(['ports', 'responder-port', 'initiator-port']).default('ports'),
  })
  .superRefine((mapping, context) => {
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: path.split('.'), message });
    for (const [field, spec] of [...Object.entries(mapping.fields), ['only', mapping.only] as const]) {
      if (spec === undefined || !('from' in spec)) continue;
      const path = field === 'only' ? 'only.from' : `fields.${field}.from`;
      const numbers = columnsOf(spec.from).map((one) => typeof one === 'number');
      if (mapping.format === 'ndjson' && numbers.includes(true)) fault(path, 'JSON has keys, not column numbers');
      if (mapping.format !== 'ndjson' && !mapping.header && numbers.includes(false)) {
        fault(path, 'without a header, columns are numbers from 1');
      }
    }
    if (mapping.delimiter !== undefined && (mapping.format === 'ndjson' || mapping.format === 'space')) {
      fault('delimiter', `${mapping.format} has none to choose`);
    }
  });

export type Mapping = z.infer<typeof mappingSchema>;
export type MappedField = keyof Mapping['fields'];
export type MappingColumn = z.infer<typeof column>;

/** The columns of a `from`, in the order in which they are tried. */
export function columnsOf(source: z.infer<typeof from>): readonly MappingColumn[] {
  return Array.isArray(source) ? source : [source];
}

/** Checks a parsed JSON value. Returns the mapping, or the first fault as `path: message`. */
export function checkMapping(value: unknown): { ok: true; mapping: Mapping } | { ok: false; fault: string } {
  const result = mappingSchema.safeParse(value);
  if (result.success) return { ok: true, mapping: result.data };
  const issue = result.error.issues[0];
  return { ok: false, fault: issue ? `${issue.path.join('.') || 'mapping'}: ${issue.message}` : 'not a mapping' };
}
