import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { filterWord } from '../state/filter-completion.ts';
import { countryName } from '../../shared/country-name.ts';
import { say, type Text } from '../../shared/text/say.ts';

/** Who spoke with which service in which country, as two sets of pairs: (range or host, service) and (service, country). */

export type LeftDimension = 'range' | 'host';
export const GRAPH_COLUMNS = ['left', 'service', 'country'] as const;
export type GraphColumn = (typeof GRAPH_COLUMNS)[number];

/** How much of a metric, of how many flows (not scaled by `sampling`). */
interface Amount {
  readonly amount: number;
  readonly flows: number;
  /** True when host-hours were added up that may be the same ones: the true value is `amount` or less. */
  readonly isBound: boolean;
}

export interface GraphNode extends Amount {
  readonly id: string;
  readonly column: GraphColumn;
  /** `unnamed`: flows of one category without a service; `absent`: without any value; `others`: all that are not shown. */
  readonly kind: 'value' | 'unnamed' | 'absent' | 'others';
  /** Safe to show. */
  readonly name: string;
  /** What kind of thing it is, in words. */
  readonly what: Text;
  /** Of a service: the category of most of it. Null elsewhere, and of services that are merged. */
  readonly category: string | null;
  /** Values merged here; 1 when none are. */
  readonly members: number;
  /** Filter that selects its flows among those of the view. */
  readonly filter: string;
}

export interface GraphLink extends Amount {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Of the service at either end. */
  readonly category: string | null;
}

export interface ServiceGraph {
  /** Column by column, largest first, what is absent and what is merged last. */
  readonly nodes: readonly GraphNode[];
  readonly links: readonly GraphLink[];
  /** All matching flows and their amount; `amount` is null while the distinct host-hours are not known. */
  readonly total: { readonly amount: number | null; readonly flows: number };
  /** By column: how many values stand alone, how many there are, and how many of these are categories without a service. */
  readonly counts: Readonly<Record<GraphColumn, { shown: number; all: number; unnamed: number }>>;
  /** True when counts were multiplied by a sampling rate. */
  readonly scaled: boolean;
}

export interface GraphAnswers {
  readonly left: LeftDimension;
  readonly metric: Metric;
  /** `summary --by LEFT,service,category`, of the hosts of `shownHosts` and of flows without a host alone for `host`. */
  readonly leftRows: readonly SummaryRowValue[];
  /** `summary --by service,category,country`. */
  readonly rightRows: readonly SummaryRowValue[];
  /** `summary --by LEFT`. Needed for `host`, and for exact host-hours. */
  readonly leftTotals: readonly SummaryRowValue[] | null;
  /** `summary --by service,category`. Needed for host-hours of hosts, and for exact host-hours. */
  readonly serviceTotals: readonly SummaryRowValue[] | null;
  /** `summary --by country`, for exact host-hours. */
  readonly countryTotals: readonly SummaryRowValue[] | null;
  /** Nodes a column may have, at least 2. */
  readonly most: Readonly<Record<GraphColumn, number>>;
}

/** Adds amounts up. */
class Sum implements Amount {
  amount = 0;
  flows = 0;
  #parts = 0;
  readonly #overlaps: boolean;

  constructor(overlaps: boolean) {
    this.#overlaps = overlaps;
  }

  get isBound(): boolean {
    return this.#overlaps && this.#parts > 1;
  }

  add(amount: number, flows: number): void {
    this.amount += amount;
    this.flows += flows;
    this.#parts++;
  }

  told(): Amount {
    return { amount: this.amount, flows: this.flows, isBound: this.isBound };
  }
}

class Sums {
  readonly #overlaps: boolean;
  readonly #sums = new Map<string, Sum>();

  /** @param overlaps what is added up may be the same host-hours */
  constructor(overlaps: boolean) {
    this.#overlaps = overlaps;
  }

  add(key: string, amount: number, flows: number): void {
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = new Sum(this.#overlaps);
      this.#sums.set(key, sum);
    }
    sum.add(amount, flows);
  }

  get(key: string): Sum {
    return this.#sums.get(key) ?? new Sum(this.#overlaps);
  }

  /** Largest first, ties by key. */
  ranked(): [string, Sum][] {
    return [...this.#sums].toSorted(
      ([a, x], [b, y]) => y.amount - x.amount || y.flows - x.flows || (a < b ? -1 : Number(a > b)),
    );
  }
}

/** What a row says of one column: `=` and a value, `?` and a category (a service that is not named), or nothing. */
type Key = string;
const ABSENT: Key = '';
const OTHERS: Key = '*';

function plainKey(row: SummaryRowValue, dimension: LeftDimension | 'country'): Key {
  const value = row[dimension];
  return typeof value === 'string' ? `=${value}` : ABSENT;
}

function serviceKey(row: SummaryRowValue): Key {
  const { service, category } = row;
  return typeof service === 'string' ? `=${service}` : `?${typeof category === 'string' ? category : 'unknown'}`;
}

function amountOf(row: SummaryRowValue): [amount: number, flows: number] {
  return [Number(row['value'] ?? 0), Number(row['flows'] ?? 0)];
}

/** Keys that get a node of their own: the largest, and always what is absent (there is but one). */
function shownKeys(ranked: readonly Key[], most: number): Set<Key> {
  if (ranked.length <= most) return new Set(ranked);
  const absent = ranked.filter((key) => key === ABSENT);
  const present = ranked.filter((key) => key !== ABSENT);
  return new Set([...present.slice(0, Math.max(1, most - absent.length - 1)), ...absent]);
}

/** The hosts that get a node of their own, of rows of `summary --by host`. */
export function shownHosts(rows: readonly SummaryRowValue[], most: number): string[] {
  const shown = shownKeys(
    rows.map((row) => plainKey(row, 'host')),
    most,
  );
  return [...shown].filter((key) => key !== ABSENT).map((key) => key.slice(1));
}

function valuesOf(keys: Iterable<Key>, mark: '=' | '?'): string[] {
  return [...keys].filter((key) => key.startsWith(mark)).map((key) => key.slice(1));
}

function oneOf(field: string, values: readonly string[]): string {
  const [first] = values;
  if (first === undefined) return '';
  return values.length === 1 ? `${field} = ${filterWord(first)}` : `${field} in (${values.map(filterWord).join(', ')})`;
}

const NAMED = 'service ~ "*"';
const UNNAMED = `not ${NAMED}`;

/** Test for a node of ranges or hosts. Absence is told by what no value has. */
function leftFilter(key: Key, left: LeftDimension, shown: ReadonlySet<Key>): string {
  const absent = left === 'host' ? 'subjectSide = none' : 'not range ~ "*"';
  const present = left === 'host' ? 'not subjectSide = none' : 'range ~ "*"';
  if (key === ABSENT) return absent;
  if (key === OTHERS) return `not ${oneOf(left, valuesOf(shown, '='))} and ${present}`;
  return oneOf(left, [key.slice(1)]);
}

function serviceFilter(key: Key, shown: ReadonlySet<Key>): string {
  if (key === OTHERS) {
    const named = oneOf('service', valuesOf(shown, '='));
    const unnamed = oneOf('category', valuesOf(shown, '?'));
    const tests = [...(named === '' ? [] : [named]), ...(unnamed === '' ? [] : [`(${UNNAMED} and ${unnamed})`])];
    return `not (${tests.join(' or ')})`;
  }
  return key.startsWith('?') ? `${UNNAMED} and ${oneOf('category', [key.slice(1)])}` : oneOf('service', [key.slice(1)]);
}

/** Countries have no test for any value, so the ones met are listed. */
function countryFilter(key: Key, shown: ReadonlySet<Key>, met: readonly Key[]): string {
  if (key === ABSENT) {
    const known = oneOf('country', valuesOf(met, '='));
    return known === '' ? '' : `not ${known}`;
  }
  if (key !== OTHERS) return oneOf('country', [key.slice(1)]);
  return oneOf(
    'country',
    valuesOf(met, '=').filter((code) => !shown.has(`=${code}`)),
  );
}

const NAMES = { range: 'Range', host: 'Host', service: 'Service', country: 'Country' } as const;
const OTHER = {
  range: '{count|other range|other ranges}',
  host: '{count|other host|other hosts}',
  service: '{count|other service|other services}',
  country: '{count|other country|other countries}',
} as const;

function othersName(merged: readonly Key[], dimension: keyof typeof NAMES): string {
  const unnamed = valuesOf(merged, '?').length;
  const count = merged.length - unnamed;
  const others = say(OTHER[dimension], { count });
  return unnamed === 0 ? others : say('{others}, {unnamed} not named', { others, unnamed: formatCount(unnamed) });
}

function nameOf(key: Key, dimension: keyof typeof NAMES): string {
  if (key === ABSENT) return dimension === 'country' ? say('country not known') : say('outside the ranges');
  const value = key.slice(1);
  if (key.startsWith('?')) return say('{value} (no service named)', { value: visibleText(value) });
  return dimension === 'country' ? (countryName(value) ?? visibleText(value)) : visibleText(value);
}

/** Category of most of each service. */
function categoriesOf(rows: readonly SummaryRowValue[]): Map<Key, string> {
  const amounts = new Map<Key, Map<string, number>>();
  for (const row of rows) {
    const { category } = row;
    if (typeof category !== 'string') continue;
    const key = serviceKey(row);
    const ofService = amounts.get(key) ?? new Map<string, number>();
    amounts.set(key, ofService);
    ofService.set(category, (ofService.get(category) ?? 0) + amountOf(row)[0]);
  }
  return new Map(
    [...amounts].flatMap(([key, ofService]) => {
      const [first] = [...ofService].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
      return first === undefined ? [] : [[key, first[0]] as const];
    }),
  );
}

/** The distinct host-hours of all rows, of which their shares are told. */
function distinctOf(rows: readonly SummaryRowValue[] | null): number | null {
  if (rows === null) return null;
  const row = rows.find(({ share, value }) => Number(share ?? 0) > 0 && Number(value ?? 0) > 0);
  return row === undefined ? 0 : Math.round(Number(row['value']) / Number(row['share']));
}

/** How a column is divided into nodes. */
interface Division {
  /** Keys met, largest first. */
  readonly met: readonly Key[];
  readonly shown: ReadonlySet<Key>;
  /** The key of the node that holds a key. */
  readonly nodeOf: (key: Key) => Key;
}

function divide(met: readonly Key[], most: number): Division {
  const shown = shownKeys(met, most);
  return { met, shown, nodeOf: (key) => (shown.has(key) ? key : OTHERS) };
}

/**
 * The graph of what a summary told. What goes into a service comes out of it, for flows, bytes and packets; host-hours do
 * not add up, since one host may speak with many services and countries in an hour.
 */
export function serviceGraph(answers: GraphAnswers): ServiceGraph {
  const { left, metric, leftRows, rightRows, most } = answers;
  const overlaps = metric === 'host-hours';
  const sumBy = (rows: readonly SummaryRowValue[], keyOf: (row: SummaryRowValue) => Key): Sums => {
    const sums = new Sums(overlaps);
    for (const row of rows) sums.add(keyOf(row), ...amountOf(row));
    return sums;
  };
  const leftKey = (row: SummaryRowValue): Key => plainKey(row, left);
  const countryKey = (row: SummaryRowValue): Key => plainKey(row, 'country');

  const sums: Record<GraphColumn, Sums> = {
    left: sumBy(answers.leftTotals ?? leftRows, leftKey),
    service: sumBy(answers.serviceTotals ?? rightRows, serviceKey),
    country: sumBy(answers.countryTotals ?? rightRows, countryKey),
  };
  const keysOf = (column: GraphColumn): Key[] => sums[column].ranked().map(([key]) => key);
  const divisions: Record<GraphColumn, Division> = {
    left: divide(keysOf('left'), most.left),
    service: divide(keysOf('service'), most.service),
    country: divide(keysOf('country'), most.country),
  };
  const { nodeOf: ofService } = divisions.service;

  const pairs = { left: new Sums(overlaps), country: new Sums(overlaps) };
  const pair = (first: Key, second: Key): string => JSON.stringify([first, second]);
  const named = new Sums(overlaps);
  for (const row of leftRows) {
    named.add(serviceKey(row), ...amountOf(row));
    pairs.left.add(pair(divisions.left.nodeOf(leftKey(row)), ofService(serviceKey(row))), ...amountOf(row));
  }
  if (left === 'host') {
    // The hosts that were not asked for one by one are what is left of each service: hosts share no flow and no host-hour.
    for (const [key, all] of sums.service.ranked()) {
      const known = named.get(key);
      const flows = all.flows - known.flows;
      if (flows > 0) pairs.left.add(pair(OTHERS, ofService(key)), Math.max(0, all.amount - known.amount), flows);
    }
  }
  for (const row of rightRows) {
    pairs.country.add(pair(ofService(serviceKey(row)), divisions.country.nodeOf(countryKey(row))), ...amountOf(row));
  }

  const categories = categoriesOf(rightRows);
  const nodes = GRAPH_COLUMNS.flatMap((column) =>
    nodesOf(column, column === 'left' ? left : column, divisions[column], sums[column], overlaps, categories),
  );
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const links: GraphLink[] = [];
  for (const [side, ofSide] of Object.entries(pairs)) {
    for (const [key, sum] of ofSide.ranked()) {
      const [first, second] = JSON.parse(key) as [Key, Key];
      const source = nodeId(side === 'left' ? 'left' : 'service', first);
      const target = nodeId(side === 'left' ? 'service' : 'country', second);
      // Answers given while an import went on may not fit together; the next ones will.
      if (!byId.has(source) || !byId.has(target)) continue;
      const service = byId.get(side === 'left' ? target : source);
      links.push({ id: `${source}>${target}`, source, target, category: service?.category ?? null, ...sum.told() });
    }
  }
  const flows = rightRows.reduce((sum, row) => sum + amountOf(row)[1], 0);
  const amount = overlaps ? distinctOf(answers.leftTotals) : rightRows.reduce((sum, row) => sum + amountOf(row)[0], 0);
  const countsOf = ({ met, shown }: Division): ServiceGraph['counts'][GraphColumn] => ({
    shown: [...shown].filter((key) => key !== ABSENT).length,
    all: met.filter((key) => key !== ABSENT).length,
    unnamed: valuesOf(met, '?').length,
  });
  return {
    nodes,
    links,
    total: { amount, flows },
    counts: {
      left: countsOf(divisions.left),
      service: countsOf(divisions.service),
      country: countsOf(divisions.country),
    },
    scaled: rightRows.some((row) => row['scaled'] === true),
  };
}

/** Rows of what is highlighted: `summary --by LEFT`, `--by service,category` and `--by country`. */
export interface HighlightedRows {
  readonly left: readonly SummaryRowValue[];
  readonly service: readonly SummaryRowValue[];
  readonly country: readonly SummaryRowValue[];
}

/** Share of each node's recorded flows that are highlighted, 0..1, by node id; nodes without any are absent. */
export function highlightedShares(
  graph: ServiceGraph,
  dimension: LeftDimension,
  rows: HighlightedRows,
): ReadonlyMap<string, number> {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const flows = new Map<string, number>();
  const add = (column: GraphColumn, keyOf: (row: SummaryRowValue) => Key): void => {
    for (const row of rows[column]) {
      const own = nodeId(column, keyOf(row));
      const id = nodes.has(own) ? own : nodeId(column, OTHERS);
      flows.set(id, (flows.get(id) ?? 0) + amountOf(row)[1]);
    }
  };
  add('left', (row) => plainKey(row, dimension));
  add('service', serviceKey);
  add('country', (row) => plainKey(row, 'country'));
  const shares = new Map<string, number>();
  for (const [id, marked] of flows) {
    const all = nodes.get(id)?.flows ?? 0;
    if (marked > 0 && all > 0) shares.set(id, Math.min(1, marked / all));
  }
  return shares;
}

function nodeId(column: GraphColumn, key: Key): string {
  return `${column}:${key}`;
}

function nodesOf(
  column: GraphColumn,
  dimension: keyof typeof NAMES,
  { met, shown, nodeOf }: Division,
  sums: Sums,
  overlaps: boolean,
  categories: ReadonlyMap<Key, string>,
): GraphNode[] {
  // Hosts, and ranges, share no host-hour.
  const merged = new Sums(overlaps && column !== 'left');
  const bounds = new Set<Key>();
  const members = new Map<Key, Key[]>();
  for (const key of met) {
    const { amount, flows, isBound } = sums.get(key);
    const node = nodeOf(key);
    merged.add(node, amount, flows);
    // What was a bound before stays one, and takes the sum with it.
    if (isBound) bounds.add(node);
    const alike = members.get(node);
    if (alike === undefined) members.set(node, [key]);
    else alike.push(key);
  }
  const filterOf = (key: Key): string => {
    if (dimension === 'service') return serviceFilter(key, shown);
    return dimension === 'country' ? countryFilter(key, shown, met) : leftFilter(key, dimension, shown);
  };
  // Absent keys and merged ones stand below the others.
  const last = (key: Key): number => (key === OTHERS ? 2 : key === ABSENT ? 1 : 0);
  return merged
    .ranked()
    .map(([key]) => key)
    .toSorted((a, b) => last(a) - last(b))
    .map((key) => ({
      id: nodeId(column, key),
      column,
      kind: key === OTHERS ? 'others' : key === ABSENT ? 'absent' : key.startsWith('?') ? 'unnamed' : 'value',
      name: key === OTHERS ? othersName(members.get(key) ?? [], dimension) : nameOf(key, dimension),
      what: key === ABSENT || key.startsWith('?') ? 'Flows' : key === OTHERS ? 'Rest' : NAMES[dimension],
      category: column === 'service' ? (categories.get(key) ?? null) : null,
      members: members.get(key)?.length ?? 0,
      filter: filterOf(key),
      ...merged.get(key).told(),
      ...(bounds.has(key) ? { isBound: true } : {}),
    }));
}
