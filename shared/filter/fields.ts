import { CONN_STATES, DIRECTIONS, DUPLICATES, LABEL_EVIDENCE, SUBJECT_SIDES, TRANSPORT_NAMES } from '../flow.ts';
import { CATEGORIES, PROTOCOLS, UNKNOWN } from '../vocabulary.ts';

/** The fields of the filter language: those of the flow record, and some derived from them. */

/** `in` tests equality with any of its values; `~` is a case-insensitive substring in which `*` stands for any run. */
export type FilterOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '~';

export type FieldType = 'number' | 'address' | 'time' | 'text' | 'choice' | 'transport' | 'country' | 'flowId';

export interface FieldSpec {
  readonly type: FieldType;
  /** The closed list of a `choice`. */
  readonly choices?: readonly string[];
  /** Letters that may stand before the number (`AS9304`). */
  readonly prefix?: string;
}

const number: FieldSpec = { type: 'number' };
const address: FieldSpec = { type: 'address' };
const time: FieldSpec = { type: 'time' };
const text: FieldSpec = { type: 'text' };
const choice = (choices: readonly string[]): FieldSpec => ({ type: 'choice', choices });

/**
 * `address` and `port` mean either end; `bytes` and `packets` both directions together, as recorded (not scaled by
 * `sampling`); `duration` is in seconds, from the first packet to the last; `hour` (0..23) and `weekday` (1 = Monday) are those of
 * `start` in the profile's zone; `confidence` is 0..1.
 */
export const FILTER_FIELDS = {
  id: { type: 'flowId' },
  start: time,
  end: time,
  duration: number,
  address,
  initiator: address,
  responder: address,
  host: address,
  peer: address,
  hour: number,
  weekday: number,
  port: number,
  initiatorPort: number,
  responderPort: number,
  transport: { type: 'transport' },
  packets: number,
  bytes: number,
  packetsOut: number,
  bytesOut: number,
  packetsIn: number,
  bytesIn: number,
  tcpFlags: text,
  state: choice(CONN_STATES.filter((state) => state !== null)),
  subjectSide: choice(SUBJECT_SIDES),
  range: text,
  direction: choice(DIRECTIONS),
  country: { type: 'country' },
  asn: { type: 'number', prefix: 'AS' },
  organisation: text,
  hostname: text,
  protocol: choice([...new Set([...Object.keys(PROTOCOLS), UNKNOWN])]),
  service: text,
  category: choice(Object.keys(CATEGORIES)),
  labelEvidence: choice(LABEL_EVIDENCE),
  confidence: number,
  ja3: text,
  ja4: text,
  userAgent: text,
  via: text,
  forwardedFor: text,
  synOptions: text,
  sampling: number,
  exporter: address,
  nextHop: address,
  inputInterface: number,
  outputInterface: number,
  assembly: text,
  enterpriseFields: text,
  duplicate: choice(DUPLICATES.filter((duplicate) => duplicate !== null)),
  /** Indicators of the case that the flow meets: `yes` for any, else a label or a text of the record. */
  indicator: text,
  tunnel: text,
  depth: number,
  evidence: text,
  locator: number,
} as const satisfies Record<string, FieldSpec>;

export type FilterField = keyof typeof FILTER_FIELDS;

export const FILTER_FIELD_NAMES = Object.keys(FILTER_FIELDS) as FilterField[];

const EQUALITY: readonly FilterOperator[] = ['=', '!=', 'in'];
const ORDER: readonly FilterOperator[] = ['=', '!=', '<', '<=', '>', '>=', 'in'];
const TEXT: readonly FilterOperator[] = ['=', '!=', 'in', '~'];

const OPERATORS: Readonly<Record<FieldType, readonly FilterOperator[]>> = {
  number: ORDER,
  time: ORDER,
  text: TEXT,
  address: EQUALITY,
  choice: EQUALITY,
  transport: EQUALITY,
  country: EQUALITY,
  flowId: EQUALITY,
};

/** Specification of a field by its exact name. */
export function fieldSpec(field: FilterField): FieldSpec {
  return FILTER_FIELDS[field];
}

/** The operators that make sense for a type. */
export function operatorsOf(type: FieldType): readonly FilterOperator[] {
  return OPERATORS[type];
}

/** The entry that equals the word but for upper and lower case. */
export function findIgnoringCase<Name extends string>(word: string, names: readonly Name[]): Name | undefined {
  const lower = word.toLowerCase();
  return names.find((name) => name === word) ?? names.find((name) => name.toLowerCase() === lower);
}

export const TRANSPORTS: readonly string[] = Object.values(TRANSPORT_NAMES);

/** What people call a field elsewhere (Wireshark, nfdump, Zeek) and how it is called here. */
const OTHER_NAMES: Readonly<Record<string, FilterField>> = {
  app: 'service',
  application: 'service',
  as: 'asn',
  client: 'initiator',
  conn_state: 'state',
  dest: 'responder',
  destination: 'responder',
  domain: 'hostname',
  dport: 'responderPort',
  dst: 'responder',
  dstip: 'responder',
  flags: 'tcpFlags',
  'id.orig_h': 'initiator',
  'id.orig_p': 'initiatorPort',
  'id.resp_h': 'responder',
  'id.resp_p': 'responderPort',
  ip: 'address',
  org: 'organisation',
  organization: 'organisation',
  proto: 'transport',
  server: 'responder',
  sni: 'hostname',
  source: 'initiator',
  sport: 'initiatorPort',
  src: 'initiator',
  srcip: 'initiator',
  time: 'start',
  ts: 'start',
};

/** The field that a wrong name may have meant. */
export function suggestField(word: string): string | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : nearest(word, FILTER_FIELD_NAMES);
}

/** The candidate at the least edit distance, when that is small enough to be a slip of the keyboard. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  if (lower.length > 40) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(lower.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
