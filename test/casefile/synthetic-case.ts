import { parseAddress } from '../../shared/address.ts';
import {
  allocateColumn,
  type ColumnArray,
  CONN_STATES,
  type ConnState,
  type Direction,
  DIRECTIONS,
  type Duplicate,
  DUPLICATES,
  FACT_COLUMNS,
  FLOW_COLUMNS,
  type FlowColumn,
  LABEL_EVIDENCE,
  type LabelEvidence,
  NAME_ORIGINS,
  type NameOrigin,
  SEGMENT_ROWS,
  SUBJECT_SIDES,
  type SubjectSide,
  TCP,
} from '../../shared/flow.ts';
import type { Indicator } from '../../shared/indicator.ts';
import type { Profile } from '../../shared/profile.ts';
import { createCaseFile } from '../../electron/casefile/case-file.ts';

/** Cases made from invented flows, without evidence, import or labelling. */

/** A flow with its labels as given; what is left out is absent, a count 0, the end the start, the transport TCP. */
export interface SyntheticFlow {
  /** Evidence id (16 hex digits); a change of it starts a new segment. */
  evidence?: string;
  /** Microseconds since the epoch. */
  start: number;
  end?: number;
  initiator: string;
  responder: string;
  initiatorPort?: number;
  responderPort?: number;
  transport?: number;
  packetsOut?: number;
  bytesOut?: number;
  packetsIn?: number;
  bytesIn?: number;
  tcpFlags?: number;
  state?: ConnState;
  /** Default: the number of the flow, from 1. */
  locator?: number;
  depth?: number;
  tunnel?: number;
  sampling?: number;
  payloadProtocol?: string;
  payloadRule?: string;
  name?: string;
  nameOrigin?: NameOrigin;
  nameAt?: number;
  payloadAt?: number;
  userAgent?: string;
  via?: string;
  forwardedFor?: string;
  synOptions?: string;
  enterpriseFields?: string;
  ja3?: string;
  ja4?: string;
  exporter?: string;
  nextHop?: string;
  inputInterface?: number;
  outputInterface?: number;
  /** Bits of ASSEMBLY. */
  assembly?: number;
  protocol?: string;
  service?: string;
  category?: string;
  labelEvidence?: LabelEvidence;
  /** Percent. */
  confidence?: number;
  match?: string;
  conflict?: string;
  linkedName?: string;
  linkedOrigin?: NameOrigin;
  linkedUserAgent?: string;
  linkedJa3?: string;
  linkedJa4?: string;
  country?: string;
  asn?: number;
  subjectSide?: SubjectSide;
  /** Index + 1 in the profile's ranges. */
  range?: number;
  direction?: Direction;
  duplicate?: Duplicate;
}

export interface SyntheticCase {
  profile?: Partial<Profile>;
  /** Rows of a segment; default 65,536. */
  segmentRows?: number;
  /** Owners of networks by AS number. */
  organisations?: Record<number, string>;
  meta?: Record<string, string>;
  /** Listed in a file `indicators.json`. */
  indicators?: readonly Indicator[];
}

export const SYNTHETIC_PROFILE: Profile = {
  name: 'synthetic',
  timeZone: 'Asia/Pyongyang',
  ranges: [{ label: 'kp-main', cidr: '175.45.176.0/22' }],
  excluded: [],
  servers: [],
  events: [],
  watchLists: {},
  globalServices: [],
  groups: {},
  claims: [],
  mappings: [],
};

export const SYNTHETIC_EVIDENCE = '00000000000000e1';

const COLUMN_NAMES = Object.keys(FLOW_COLUMNS) as FlowColumn[];
const ENUMS: Partial<Record<FlowColumn, readonly (string | null)[]>> = {
  state: CONN_STATES,
  nameOrigin: NAME_ORIGINS,
  linkedOrigin: NAME_ORIGINS,
  labelEvidence: LABEL_EVIDENCE,
  subjectSide: SUBJECT_SIDES,
  direction: DIRECTIONS,
  duplicate: DUPLICATES,
};

/**
 * Writes a case at `path` with these flows, in their order; segments end at `segmentRows` and where the evidence changes.
 * Returns the number of flows written.
 */
export function buildCase(path: string, flows: Iterable<SyntheticFlow>, options: SyntheticCase = {}): number {
  const db = createCaseFile(path);
  const profile = { ...SYNTHETIC_PROFILE, ...options.profile };
  const meta = { profile: JSON.stringify(profile), labelVersion: '1', ...options.meta };
  const insertMeta = db.prepare('INSERT INTO meta VALUES (?, ?)');
  for (const [key, value] of Object.entries(meta)) insertMeta.run(key, value);
  db.prepare('INSERT INTO labelVersion VALUES (1, ?, ?)').run('2017-07-01T00:00:00Z', '{}');
  const insertNetwork = db.prepare('INSERT INTO network VALUES (?, ?)');
  for (const [asn, owner] of Object.entries(options.organisations ?? {})) insertNetwork.run(Number(asn), owner);

  db.prepare("INSERT INTO indicatorFile VALUES (1, 'f1', 'indicators.json', 'stix', '', 0, '', 0, '[]')").run();
  const insertIndicator = db.prepare('INSERT INTO indicator VALUES (NULL, 1, ?, ?, ?, ?, ?)');
  for (const { kind, value, label, validFrom, validUntil } of options.indicators ?? []) {
    insertIndicator.run(kind, value, label, validFrom, validUntil);
  }

  const terms = new Map<string, number>();
  const term = (id: string): number => {
    if (!terms.has(id)) terms.set(id, terms.size + 1);
    return terms.get(id) ?? 0;
  };

  const evidence = new Map<string, { number: number; flows: number; firstSeen: number; lastSeen: number }>();
  const insertEvidence = db.prepare(
    `INSERT INTO evidence (number, id, path, sha256, bytes, format, linkTypes, packets, flows, records, firstSeen, lastSeen,
       status, problems, importedAt)
     VALUES (?, ?, ?, ?, 0, 'pcap', '["ethernet"]', 0, 0, 0, NULL, NULL, 'imported', '[]', '')`,
  );
  const insertSegment = db.prepare(`INSERT INTO segment VALUES (NULL, ?, ?, ?, ?, ?, '')`);
  const insertFact = db.prepare('INSERT INTO segmentFact VALUES (?, ?, ?)');
  const insertLabel = db.prepare('INSERT INTO segmentLabel VALUES (1, ?, ?, ?)');
  const limit = options.segmentRows ?? SEGMENT_ROWS;
  let columns = new Map<FlowColumn, ColumnArray>();
  let dictionaries = new Map<FlowColumn, Map<string, number>>();
  let bounds = { firstStart: Infinity, lastStart: -Infinity, lastEnd: -Infinity };
  let rows = 0;
  let current = '';
  let total = 0;

  const flush = (): void => {
    const source = evidence.get(current);
    if (rows === 0 || source === undefined) return;
    const [first, last, lastEnd] = [bounds.firstStart, bounds.lastStart, bounds.lastEnd];
    bounds = { firstStart: Infinity, lastStart: -Infinity, lastEnd: -Infinity };
    source.flows += rows;
    source.firstSeen = Math.min(source.firstSeen, first);
    source.lastSeen = Math.max(source.lastSeen, lastEnd);
    const segment = Number(insertSegment.run(source.number, rows, first, last, lastEnd).lastInsertRowid);
    for (const name of COLUMN_NAMES) {
      const used = columns.get(name)?.subarray(0, rows * FLOW_COLUMNS[name].width);
      if (used === undefined || !used.some((value) => value !== 0)) continue;
      const insert = Object.hasOwn(FACT_COLUMNS, name) ? insertFact : insertLabel;
      insert.run(segment, name, Buffer.from(used.buffer, used.byteOffset, used.byteLength));
      const dictionary = dictionaries.get(name);
      if (dictionary) insert.run(segment, `${name}.dictionary`, Buffer.from(JSON.stringify([...dictionary.keys()])));
    }
    columns = new Map();
    dictionaries = new Map();
    rows = 0;
  };

  const put = (name: FlowColumn, value: string | number | undefined | null): void => {
    if (value === undefined || value === null) return;
    const spec = FLOW_COLUMNS[name];
    let column = columns.get(name);
    if (column === undefined) columns.set(name, (column = allocateColumn(spec, limit)));
    if (name === 'country') {
      const text = String(value);
      column[rows] = text.charCodeAt(0) * 256 + text.charCodeAt(1);
    } else if (spec.coding === 'address') {
      const words = parseAddress(String(value));
      if (words === null) throw new Error(`not an address: ${value}`);
      column.set(words, rows * 4);
    } else if (spec.coding === 'term') {
      column[rows] = term(String(value));
    } else if (spec.coding === 'enum') {
      column[rows] = (ENUMS[name] ?? []).indexOf(String(value));
    } else if (spec.coding === 'dictionary') {
      const dictionary = dictionaries.get(name) ?? new Map<string, number>();
      dictionaries.set(name, dictionary);
      const text = String(value);
      if (!dictionary.has(text)) dictionary.set(text, dictionary.size + 1);
      column[rows] = dictionary.get(text) ?? 0;
    } else {
      column[rows] = Number(value);
    }
  };

  db.transaction(() => {
    for (const flow of flows) {
      const { evidence: id = SYNTHETIC_EVIDENCE, ...given } = flow;
      if (id !== current || rows === limit) flush();
      current = id;
      if (!evidence.has(id)) {
        const number = evidence.size + 1;
        evidence.set(id, { number, flows: 0, firstSeen: Infinity, lastSeen: -Infinity });
        insertEvidence.run(number, id, `synthetic-${number}.pcap`, id.padEnd(64, '0'));
      }
      total++;
      const filled = { end: flow.start, transport: TCP, locator: total, ...given };
      for (const [name, value] of Object.entries(filled)) put(name as FlowColumn, value);
      bounds = {
        firstStart: Math.min(bounds.firstStart, filled.start),
        lastStart: Math.max(bounds.lastStart, filled.start),
        lastEnd: Math.max(bounds.lastEnd, filled.end),
      };
      rows++;
    }
    flush();
    const finish = db.prepare('UPDATE evidence SET flows = ?, firstSeen = ?, lastSeen = ? WHERE number = ?');
    for (const { number, flows: count, firstSeen, lastSeen } of evidence.values())
      finish.run(count, firstSeen, lastSeen, number);
    const insertTerm = db.prepare('INSERT INTO term VALUES (?, ?)');
    for (const [id, number] of terms) insertTerm.run(number, id);
  })();
  db.close();
  return total;
}
