import { createHash } from 'node:crypto';
import type { StoredInstitution, StoredService } from '../../electron/casefile/case-reader.ts';
import { createCaseFile } from '../../electron/casefile/case-file.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import {
  type ColumnArray,
  FACT_COLUMNS,
  FLOW_COLUMNS,
  type FlowColumn,
  LABEL_EVIDENCE,
  SEGMENT_ROWS,
  SUBJECT_SIDES,
  type SubjectSide,
  allocateColumn,
} from '../../shared/flow.ts';
import { parseAddress } from '../../shared/address.ts';
import type { Profile } from '../../shared/profile.ts';

/** A case written straight into its tables, so that tests know exactly what lies in it. */

export interface PlantedFlow {
  /** Microseconds since the epoch. */
  start: number;
  end?: number;
  initiator?: string;
  responder?: string;
  bytes?: number;
  packets?: number;
  sampling?: number;
  subjectSide?: SubjectSide;
  category?: string;
  service?: string | null;
  protocol?: string;
  labelEvidence?: (typeof LABEL_EVIDENCE)[number];
  /** Numbers of further columns, or instead of those above (`responderPort`, `state`, `country`). */
  columns?: Partial<Record<FlowColumn, number>>;
  /** Texts of columns with a dictionary (`name`, `userAgent`, `ja4`, `match`). */
  texts?: Partial<Record<FlowColumn, string>>;
}

export interface PlantedFile {
  path: string;
  flows: PlantedFlow[];
  status?: 'imported' | 'partial';
  problems?: { kind: string; count: number; firstOffset: number; message: string }[];
}

export const PLANTED_PROFILE: Profile = {
  name: 'planted',
  timeZone: 'Asia/Pyongyang',
  ranges: [{ label: 'kp-main', cidr: '175.45.176.0/22' }],
  excluded: [],
  servers: [],
  events: [],
  watchLists: {},
  globalServices: [],
  groups: { 'gaming-and-streaming': ['gaming', 'streaming'], 'social-sites': ['facebook', 'social'] },
  claims: [],
  mappings: [],
};

/** Writes a case; `rows` flows a segment at most, so that tests can cut the same flows differently. */
export function plantCase(
  path: string,
  files: readonly PlantedFile[],
  options: {
    profile?: Profile;
    rows?: number;
    meta?: Record<string, string>;
    /** By the text in label column `match`. */
    institutions?: Readonly<Record<string, StoredInstitution>>;
    /** By the service's id. */
    services?: Readonly<Record<string, StoredService>>;
  } = {},
): void {
  const db = createCaseFile(path);
  const meta: Record<string, string> = {
    title: 'Planted case',
    examiner: 'Test',
    created: '2017-06-01T00:00:00Z',
    labelVersion: '1',
    profile: JSON.stringify(options.profile ?? PLANTED_PROFILE),
    ...options.meta,
  };
  const putMeta = db.prepare('INSERT INTO meta VALUES (?, ?)');
  for (const [key, value] of Object.entries(meta)) putMeta.run(key, value);
  db.prepare('INSERT INTO labelVersion VALUES (1, ?, ?)').run(
    '2017-06-01T00:00:00Z',
    JSON.stringify({
      catalogue: { version: '2017.1', sha256: 'c'.repeat(64) },
      tables: [{ name: 'country-2017-07', kind: 'country', date: '2017-07-04', sha256: 'd'.repeat(64) }],
    }),
  );
  const putInstitution = db.prepare('INSERT INTO institution VALUES (?, ?, ?, ?, ?)');
  for (const [match, of] of Object.entries(options.institutions ?? {})) {
    putInstitution.run(match, of.name, of.country, of.class, of.domain);
  }
  const putService = db.prepare('INSERT INTO service VALUES (?, ?, ?)');
  for (const [id, of] of Object.entries(options.services ?? {})) putService.run(id, of.subcategory, of.country);
  const terms = new Map<string, number>();
  const term = (id: string): number => {
    const known = terms.get(id);
    if (known !== undefined) return known;
    terms.set(id, terms.size + 1);
    db.prepare('INSERT INTO term VALUES (?, ?)').run(terms.size, id);
    return terms.size;
  };
  let segment = 0;
  files.forEach((file, index) => {
    const sha256 = createHash('sha256').update(file.path).digest('hex');
    const starts = file.flows.map((flow) => flow.start);
    db.prepare(
      `INSERT INTO evidence (number, id, path, sha256, bytes, format, linkTypes, packets, flows, records, firstSeen, lastSeen,
         status, problems, importedAt) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
    ).run(
      index + 1,
      sha256.slice(0, 16),
      file.path,
      sha256,
      file.flows.length * 1000,
      'pcap',
      '["ethernet"]',
      file.flows.reduce((total, flow) => total + (flow.packets ?? 10), 0),
      file.flows.length,
      0,
      starts.length === 0 ? null : starts.reduce((x, y) => (y < x ? y : x)),
      starts.length === 0 ? null : starts.reduce((x, y) => (y > x ? y : x)),
      file.status ?? 'imported',
      JSON.stringify(file.problems ?? []),
      '2017-06-01T00:00:00Z',
    );
    const rows = options.rows ?? SEGMENT_ROWS;
    for (let from = 0; from < file.flows.length; from += rows) {
      const flows = file.flows.slice(from, from + rows);
      segment++;
      db.prepare('INSERT INTO segment VALUES (?,?,?,?,?,?,?)').run(
        segment,
        index + 1,
        flows.length,
        flows.reduce((x, flow) => (flow.start < x ? flow.start : x), Infinity),
        flows.reduce((x, flow) => (flow.start > x ? flow.start : x), -Infinity),
        flows.reduce((x, flow) => ((flow.end ?? flow.start) > x ? (flow.end ?? flow.start) : x), -Infinity),
        '',
      );
      const columns: Record<string, ColumnArray | Uint8Array> = { ...columnsOf(flows, from, term), ...textsOf(flows) };
      for (const [name, column] of Object.entries(columns)) {
        const data = Buffer.from(column.buffer, column.byteOffset, column.byteLength);
        if (Object.hasOwn(FACT_COLUMNS, name.replace('.dictionary', ''))) {
          db.prepare('INSERT INTO segmentFact VALUES (?, ?, ?)').run(segment, name, data);
        } else {
          db.prepare('INSERT INTO segmentLabel VALUES (1, ?, ?, ?)').run(segment, name, data);
        }
      }
    }
  });
  db.close();
}

const words = new Map<string, readonly number[]>();

function wordsOf(address: string): readonly number[] {
  let known = words.get(address);
  if (known === undefined) {
    known = parseAddress(address) ?? [0, 0, 0, 0];
    words.set(address, known);
  }
  return known;
}

function columnsOf(
  flows: readonly PlantedFlow[],
  offset: number,
  term: (id: string) => number,
): Partial<Record<FlowColumn, ColumnArray>> {
  const columns: Partial<Record<FlowColumn, ColumnArray>> = {};
  const fill = (name: FlowColumn, value: (flow: PlantedFlow, row: number) => number): void => {
    columns[name] = allocateColumn(FLOW_COLUMNS[name], flows.length).map((_, row) =>
      value(flows[row] ?? flows[0], row),
    );
  };
  const fillAddress = (name: FlowColumn, address: (flow: PlantedFlow) => string): void => {
    const column = allocateColumn(FLOW_COLUMNS[name], flows.length);
    flows.forEach((flow, row) => column.set(wordsOf(address(flow)), row * 4));
    columns[name] = column;
  };
  fill('start', (flow) => flow.start);
  fill('end', (flow) => flow.end ?? flow.start);
  fillAddress('initiator', (flow) => flow.initiator ?? '175.45.176.10');
  fillAddress('responder', (flow) => flow.responder ?? '8.8.8.8');
  fill('transport', () => 6);
  fill('packetsOut', (flow) => Math.ceil((flow.packets ?? 10) / 2));
  fill('packetsIn', (flow) => Math.floor((flow.packets ?? 10) / 2));
  fill('bytesOut', (flow) => Math.ceil((flow.bytes ?? 1000) / 4));
  fill('bytesIn', (flow) => (flow.bytes ?? 1000) - Math.ceil((flow.bytes ?? 1000) / 4));
  fill('sampling', (flow) => flow.sampling ?? 0);
  fill('locator', (_, row) => offset + row + 1);
  fill('protocol', (flow) => term(flow.protocol ?? 'tls'));
  fill('category', (flow) => term(flow.category ?? 'web'));
  fill('service', (flow) => (flow.service ? term(flow.service) : 0));
  fill('labelEvidence', (flow) => LABEL_EVIDENCE.indexOf(flow.labelEvidence ?? 'hostname'));
  fill('subjectSide', (flow) => SUBJECT_SIDES.indexOf(flow.subjectSide ?? 'initiator'));
  fill('range', (flow) => (flow.subjectSide === 'none' ? 0 : 1));
  const further = new Set(flows.flatMap((flow) => Object.keys(flow.columns ?? {}) as FlowColumn[]));
  for (const name of further) {
    const usual = columns[name];
    fill(name, (flow, row) => flow.columns?.[name] ?? usual?.[row] ?? 0);
  }
  return columns;
}

/** Columns of texts with their dictionaries (`name`, `name.dictionary`). */
function textsOf(flows: readonly PlantedFlow[]): Record<string, ColumnArray | Uint8Array> {
  const columns: Record<string, ColumnArray | Uint8Array> = {};
  const names = new Set(flows.flatMap((flow) => Object.keys(flow.texts ?? {}) as FlowColumn[]));
  for (const name of names) {
    const entries = [...new Set(flows.flatMap((flow) => flow.texts?.[name] ?? []))];
    columns[name] = Uint32Array.from(flows, (flow) => entries.indexOf(flow.texts?.[name] ?? '') + 1);
    columns[`${name}.dictionary`] = new TextEncoder().encode(JSON.stringify(entries));
  }
  return columns;
}

const HOUR = 3_600_000_000;
/** 2017-04-24T00:00 in Pyongyang (UTC+8:30), a Monday. */
export const FIRST_MONDAY = Date.UTC(2017, 3, 23, 15, 30) * 1000;

export interface PlantedWorld {
  days: number;
  seed: number;
  flowsPerHour: number;
  /** Relative activity of a local hour (0..23). */
  hourLevel: (hour: number) => number;
  /** Relative activity of a weekday, 1 = Monday. */
  weekdayLevel: (weekday: number) => number;
  /** Chance of category gaming or streaming. */
  entertainment: number;
  /** Hours (since the first Monday) without any flow in the evidence. */
  silent?: (hour: number) => boolean;
  /** Flows of other networks beside them, each hour. */
  others?: number;
}

const SERVICES: [string, string, number][] = [
  ['facebook', 'social', 30],
  ['baidu', 'search', 14],
  ['163-mail', 'email', 12],
  ['gmail', 'email', 9],
  ['alibaba', 'ecommerce', 6],
  ['amazon', 'ecommerce', 5],
  ['xinhua', 'news', 4],
];

/** Flows of a small network with the planted habits, in order of start. */
export function plantWorld(world: PlantedWorld): PlantedFlow[] {
  const random = Random.seeded(world.seed);
  const uniform = (): number => random.next() / 2 ** 32;
  const flows: PlantedFlow[] = [];
  for (let hour = 0; hour < world.days * 24; hour++) {
    if (world.silent?.(hour)) continue;
    const begins = FIRST_MONDAY + hour * HOUR;
    const level = world.hourLevel(hour % 24) * world.weekdayLevel((Math.floor(hour / 24) % 7) + 1);
    const mood = 0.7 + 0.6 * uniform();
    const count = Math.round(world.flowsPerHour * level * mood);
    for (let i = 0; i < count; i++) flows.push(userFlow(world, begins, uniform));
    for (let i = 0; i < (world.others ?? 0); i++) {
      flows.push({ start: begins + Math.floor(uniform() * HOUR), initiator: '9.9.9.9', subjectSide: 'none' });
    }
    flows.push({
      start: begins + Math.floor(uniform() * HOUR),
      initiator: '198.51.100.7',
      responder: '175.45.176.1',
      subjectSide: 'responder',
      category: 'scan',
      protocol: 'unknown',
      labelEvidence: 'behaviour',
      bytes: 40,
      packets: 1,
    });
  }
  return flows.toSorted((x, y) => x.start - y.start);
}

function userFlow(world: PlantedWorld, begins: number, uniform: () => number): PlantedFlow {
  const start = begins + Math.floor(uniform() * HOUR);
  const flow: PlantedFlow = {
    start,
    end: start + Math.floor(uniform() * uniform() * HOUR),
    initiator: `175.45.${176 + Math.floor(uniform() * 2)}.${10 + Math.floor(uniform() * 15)}`,
    bytes: 200 + Math.floor(50_000 * uniform() ** 3),
    packets: 2 + Math.floor(60 * uniform()),
  };
  if (uniform() < world.entertainment) {
    const isGame = uniform() < 0.4;
    flow.category = isGame ? 'gaming' : 'streaming';
    flow.service = isGame ? 'steam' : uniform() < 0.6 ? 'youku' : 'itunes';
    flow.bytes = (flow.bytes ?? 0) * 8;
    return flow;
  }
  let draw = uniform() * 100;
  for (const [service, category, weight] of SERVICES) {
    draw -= weight;
    if (draw < 0) return { ...flow, service, category };
  }
  if (draw < 10) return { ...flow, category: 'unknown', protocol: 'unknown', labelEvidence: 'none' };
  return flow;
}
