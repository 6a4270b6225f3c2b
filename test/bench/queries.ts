import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { DIMENSIONS, summarise } from '../../electron/casefile/summary.ts';
import { activityFilter } from '../../shared/activity.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS } from '../../shared/finding.ts';
import { UDP, TCP } from '../../shared/flow.ts';
import { SYNTHETIC_PROFILE, type SyntheticFlow, buildCase } from '../casefile/synthetic-case.ts';

/** Times of the kinds of query that views and analyses ask, on an invented case. */

export interface QueryTime {
  name: string;
  /** First run on a reader just opened. */
  coldMs: number;
  warmMs: number[];
  /** Rows, or flows, that the query gave. */
  results: number;
}

const SERVICES: readonly [string, string, string][] = [
  ['facebook', 'tls', 'social'],
  ['youku', 'http', 'streaming'],
  ['steam', 'tls', 'gaming'],
  ['baidu', 'http', 'search'],
  ['gmail', 'tls', 'email'],
];
const COUNTRIES = ['CN', 'IN', 'US', 'RU', 'JP', 'DE'];

/** Mulberry32: a small generator of numbers in 0..1 that gives the same row for the same seed. */
function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` flows over 90 days in order of time: 1,000 hosts, 60,000 peers, five services, a tenth unlabelled. */
export function* inventedFlows(count: number, seed = 1): Generator<SyntheticFlow> {
  const random = seededNumbers(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  const from = Date.UTC(2017, 3, 1) * 1000;
  const step = (90 * 86_400e6) / count;
  for (let i = 0; i < count; i++) {
    const start = Math.floor(from + i * step);
    const host = pick(1000);
    const peer = pick(60_000);
    const named = SERVICES[pick(SERVICES.length)];
    const [service, protocol, category] = random() < 0.1 || named === undefined ? [] : named;
    const flow: SyntheticFlow = {
      start,
      end: start + pick(60e6),
      initiator: `175.45.${176 + (host >> 8)}.${host & 255}`,
      responder: `203.${peer >> 16}.${(peer >> 8) & 255}.${peer & 255}`,
      initiatorPort: 1024 + pick(60_000),
      responderPort: protocol === 'http' ? 80 : 443,
      transport: random() < 0.8 ? TCP : UDP,
      packetsOut: 1 + pick(50),
      bytesOut: 40 + pick(5000),
      packetsIn: pick(80),
      bytesIn: pick(90_000),
      protocol: protocol ?? 'unknown',
      category: category ?? 'unknown',
      country: COUNTRIES[peer % COUNTRIES.length] ?? 'CN',
      asn: 4000 + (peer % 500),
      subjectSide: 'initiator',
      direction: 'outbound',
    };
    if (service !== undefined) Object.assign(flow, { service, name: `${service}${pick(200)}.example` });
    yield flow;
  }
}

const FILTERED = 'category in (gaming, streaming) and not country = CN';
const ACTIVITY = activityFilter({ ...SYNTHETIC_PROFILE, servers: ['175.45.176.0/30', '175.45.177.0/28'] });

type Query = (reader: CaseReader) => number;

function records(where: string, limit: number): Query {
  return (reader) => {
    const selection = compileFilter(parseFilter(where), reader);
    let rows = 0;
    for (const record of flowRecords(reader, { selection, limit })) rows += record.id === '' ? 0 : 1;
    return rows;
  };
}

function matches(where: string): Query {
  return (reader) => {
    const selection = compileFilter(parseFilter(where), reader);
    return reader.segments().reduce((sum, segment) => sum + selection.mark(segment, new Uint8Array(segment.rows)), 0);
  };
}

function summary(options: Parameters<typeof summarise>[1], where?: string): Query {
  return (reader) => {
    const selection = where === undefined ? {} : { selection: compileFilter(parseFilter(where), reader) };
    return summarise(reader, { ...options, ...selection }).length;
  };
}

const SINGLE = DIMENSIONS.flatMap((dimension) =>
  METRICS.map((metric): [string, Query] => [`${metric} by ${dimension}`, summary({ by: [dimension], metric })]),
);

const QUERIES: readonly [string, Query][] = [
  ...SINGLE,
  ['flows by weekday, hour', summary({ by: ['weekday', 'hour'], metric: 'flows' })],
  ['bytes by category, day', summary({ by: ['category', 'day'], metric: 'bytes' })],
  ['host-hours by country, asn', summary({ by: ['country', 'asn'], metric: 'host-hours' })],
  ['host-hours by category, hour', summary({ by: ['category', 'hour'], metric: 'host-hours' })],
  ['flows by service where …', summary({ by: ['service'], metric: 'flows' }, FILTERED)],
  ['bytes by hour where …', summary({ by: ['hour'], metric: 'bytes' }, FILTERED)],
  ['host-hours by category where …', summary({ by: ['category'], metric: 'host-hours' }, FILTERED)],
  ['bytes by hour of activity', summary({ by: ['hour'], metric: 'bytes' }, ACTIVITY)],
  ['host-hours by category of activity', summary({ by: ['category'], metric: 'host-hours' }, ACTIVITY)],
  ['count by labels', matches(FILTERED)],
  ['count by time and range of addresses', matches('start >= 2017-05-17 and address = 203.0.128.0/17')],
  ['count by part of a name', matches('hostname ~ "face*7.ex"')],
  ['first 100 flows', records('packets > 0', 100)],
  ['first 1,000 flows of a name', records('hostname = steam7.example', 1000)],
];

/** Builds the case at `path` and runs every query once cold and `rounds` times warm. */
export function measureQueries(path: string, flows: number, rounds: number): QueryTime[] {
  buildCase(path, inventedFlows(flows));
  return QUERIES.map(([name, query]) => {
    const reader = new CaseReader(path);
    try {
      const times: number[] = [];
      let results = 0;
      for (let run = 0; run <= rounds; run++) {
        const begun = performance.now();
        results = query(reader);
        times.push(performance.now() - begun);
      }
      const [coldMs = 0, ...warmMs] = times;
      return { name, coldMs, warmMs, results };
    } finally {
      reader.close();
    }
  });
}
