import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { HostPairs } from '../../shared/jobs.ts';
import { countryName } from '../../shared/country-name.ts';
import { filterWord } from '../state/filter-completion.ts';
import { say, type Text } from '../../shared/text/say.ts';

/**
 * The service graph as a network: nodes that stand for groups (ranges, categories, countries, blocks of addresses) until they
 * are opened, links between them, and what lies on the paths through a node. Pure.
 */

export type NodeKind =
  | 'range'
  | 'host'
  | 'category'
  | 'service'
  | 'country'
  | 'network'
  | 'block'
  /** Members of an opened group that have no node of their own. */
  | 'others';

export const KIND_NAMES: Readonly<Record<NodeKind, Text>> = {
  range: 'Range',
  host: 'Host',
  category: 'Category',
  service: 'Service',
  country: 'Country',
  network: 'Network',
  block: 'Block',
  others: 'Others',
};

export interface NetworkNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  /** 0: hosts and ranges, 1: services, 2: countries; all 1 among hosts. */
  readonly column: 0 | 1 | 2;
  /** What selects its flows within the filter of the view. */
  readonly filter: string;
  readonly category: string | null;
  /** The group that it was opened out of: its id; null for a group and what has none. */
  readonly group: string | null;
  /** It stands for several and can be opened. */
  readonly opens: boolean;
  readonly amount: number;
  readonly flows: number;
  /** The amount is an upper bound: parts of it may be one. */
  readonly isBound: boolean;
}

export interface NetworkLink {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly amount: number;
  readonly flows: number;
  readonly isBound: boolean;
}

export interface Network {
  /** Largest first, ties by id. */
  readonly nodes: readonly NetworkNode[];
  readonly links: readonly NetworkLink[];
  /** Amounts were multiplied by a sampling rate. */
  readonly scaled: boolean;
  /** Members that have a node, by the id of their opened group. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What amounts are added up of: a node, its place, and the filter that selects it. */
type Place = Omit<NetworkNode, 'amount' | 'flows' | 'isBound'>;

class Sums {
  readonly #overlaps: boolean;
  readonly #places = new Map<string, Place>();
  readonly #links = new Map<string, { source: string; target: string }>();
  readonly #amounts = new Map<string, { amount: number; flows: number; parts: number }>();

  /** @param overlaps parts may hold the same, as host-hours do */
  constructor(overlaps: boolean) {
    this.#overlaps = overlaps;
  }

  #add(id: string, amount: number, flows: number): void {
    const sum = this.#amounts.get(id);
    if (sum === undefined) this.#amounts.set(id, { amount, flows, parts: 1 });
    else {
      sum.amount += amount;
      sum.flows += flows;
      sum.parts++;
    }
  }

  node(place: Place, amount: number, flows: number): void {
    if (!this.#places.has(place.id)) this.#places.set(place.id, place);
    this.#add(place.id, amount, flows);
  }

  link(source: Place, target: Place, amount: number, flows: number): void {
    const id = `${source.id}>${target.id}`;
    if (!this.#links.has(id)) this.#links.set(id, { source: source.id, target: target.id });
    this.#add(id, amount, flows);
  }

  #of(id: string): { amount: number; flows: number; isBound: boolean } {
    const { amount, flows, parts } = this.#amounts.get(id) ?? { amount: 0, flows: 0, parts: 0 };
    return { amount, flows, isBound: this.#overlaps && parts > 1 };
  }

  network(scaled: boolean, members: Network['members']): Network {
    const largestFirst = (a: { id: string; amount: number }, b: { id: string; amount: number }): number =>
      b.amount - a.amount || (a.id < b.id ? -1 : 1);
    return {
      nodes: [...this.#places.values()].map((place) => ({ ...place, ...this.#of(place.id) })).toSorted(largestFirst),
      links: [...this.#links].map(([id, ends]) => ({ id, ...ends, ...this.#of(id) })).toSorted(largestFirst),
      scaled,
      members,
    };
  }
}

function textOf(value: SummaryRowValue[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** Members that an opened group shows at most, the largest ones. */
export const MOST_MEMBERS = 300;

/** By group its largest members. */
function largestMembers(
  rows: readonly SummaryRowValue[],
  groupOf: (row: SummaryRowValue) => string,
  memberOf: (row: SummaryRowValue) => string | null,
): Map<string, Set<string>> {
  const amounts = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const member = memberOf(row);
    if (member === null) continue;
    const group = groupOf(row);
    const known = amounts.get(group) ?? new Map<string, number>();
    amounts.set(group, known);
    known.set(member, (known.get(member) ?? 0) + Number(row['value'] ?? 0));
  }
  return new Map(
    [...amounts].map(([group, known]) => {
      const ranked = [...known].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
      return [group, new Set(ranked.slice(0, MOST_MEMBERS).map(([member]) => member))];
    }),
  );
}

export interface ServiceRows {
  /** `summary --by range,service,category`, and of the opened ranges `--by range,host,service,category`. */
  readonly ranges: readonly SummaryRowValue[];
  readonly hosts: readonly SummaryRowValue[];
  /** `summary --by service,category,country`, and of the opened countries `--by country,asn,service,category`. */
  readonly countries: readonly SummaryRowValue[];
  readonly networks: readonly SummaryRowValue[];
}

const rangeId = (range: string | null): string => (range === null ? 'no range' : `range:${range}`);
const countryId = (country: string | null): string => (country === null ? 'no country' : `country:${country}`);

/** The names of opened groups of a kind, in alphabetical order: what has to be asked for. */
export function openedOf(kind: 'range' | 'country', open: ReadonlySet<string>): string[] {
  return [...open].flatMap((id) => (id.startsWith(`${kind}:`) ? [id.slice(kind.length + 1)] : [])).toSorted();
}

function othersOf(
  group: Place,
  members: ReadonlySet<string>,
  field: 'host' | 'asn',
  noun: 'hosts' | 'networks',
): Place {
  const listed = members.size === 0 ? '' : `not ${field} in (${[...members].map(filterWord).join(', ')})`;
  const present = field === 'host' ? 'not subjectSide = none' : '';
  return {
    ...group,
    id: `${group.id}/others`,
    kind: 'others',
    name: say('other {noun} of {name}', { noun: say(noun), name: group.name }),
    filter: [group.filter, listed, present].filter((test) => test !== '').join(' and '),
    group: group.id,
    opens: false,
  };
}

/**
 * Ranges, categories and countries, those in `open` (ids of nodes) as their hosts, services and networks. Rows of one filter;
 * for a part of it (`memberOf` of the whole) the same members have nodes.
 */
export function serviceNetwork(
  rows: ServiceRows,
  open: ReadonlySet<string>,
  overlaps: boolean,
  members: Network['members'] | null = null,
): Network {
  const shown =
    members ??
    new Map([
      ...largestMembers(
        rows.hosts,
        (row) => rangeId(textOf(row['range'])),
        (row) => textOf(row['host']),
      ),
      ...largestMembers(
        rows.networks,
        (row) => countryId(textOf(row['country'])),
        (row) => textOf(row['asn']),
      ),
    ]);
  const sums = new Sums(overlaps);
  const places = new Map<string, Place>();
  const placed = (id: string, make: () => Omit<Place, 'id'>): Place => {
    const known = places.get(id);
    if (known !== undefined) return known;
    const place = { ...make(), id };
    places.set(id, place);
    return place;
  };
  const met = [
    ...new Set(rows.countries.map((row) => textOf(row['country'])).filter((country) => country !== null)),
  ].toSorted();

  const rangeOf = (row: SummaryRowValue): Place => {
    const range = textOf(row['range']);
    return placed(rangeId(range), () => ({
      kind: 'range',
      name: range ?? say('outside the ranges'),
      column: 0,
      filter: range === null ? 'not range ~ "*"' : `range = ${filterWord(range)}`,
      category: null,
      group: null,
      opens: range !== null,
    }));
  };
  const hostOf = (row: SummaryRowValue): Place => {
    const range = rangeOf(row);
    const host = textOf(row['host']);
    const own = shown.get(range.id) ?? new Set();
    if (host === null || !own.has(host)) {
      return placed(`${range.id}/others`, () => othersOf(range, own, 'host', 'hosts'));
    }
    return placed(`${range.id}/${host}`, () => ({
      ...range,
      kind: 'host',
      name: host,
      filter: `${range.filter} and host = ${filterWord(host)}`,
      group: range.id,
      opens: false,
    }));
  };
  const serviceOf = (row: SummaryRowValue): Place => {
    const category = textOf(row['category']) ?? 'unknown';
    const id = `category:${category}`;
    const group = placed(id, () => ({
      kind: 'category',
      name: category,
      column: 1,
      filter: `category = ${filterWord(category)}`,
      category,
      group: null,
      opens: true,
    }));
    if (!open.has(id)) return group;
    const service = textOf(row['service']);
    return placed(`${id}/${service ?? ''}`, () => ({
      ...group,
      kind: service === null ? 'others' : 'service',
      name: service ?? say('{category}, no service named', { category }),
      filter: `${group.filter} and ${service === null ? 'not service ~ "*"' : `service = ${filterWord(service)}`}`,
      group: id,
      opens: false,
    }));
  };
  const countryOf = (row: SummaryRowValue): Place => {
    const country = textOf(row['country']);
    return placed(countryId(country), () => ({
      kind: 'country',
      name: country === null ? say('country not known') : (countryName(country) ?? country),
      column: 2,
      filter:
        country !== null
          ? `country = ${filterWord(country)}`
          : met.length === 0
            ? ''
            : `not country in (${met.map(filterWord).join(', ')})`,
      category: null,
      group: null,
      opens: country !== null,
    }));
  };
  const networkOf = (row: SummaryRowValue): Place => {
    const country = countryOf(row);
    const asn = textOf(row['asn']);
    const own = shown.get(country.id) ?? new Set();
    if (asn === null || !own.has(asn)) {
      return placed(`${country.id}/others`, () => othersOf(country, own, 'asn', 'networks'));
    }
    return placed(`${country.id}/${asn}`, () => ({
      ...country,
      kind: 'network',
      name: `AS${asn}`,
      filter: `${country.filter} and asn = ${asn}`,
      group: country.id,
      opens: false,
    }));
  };

  const amounts = (row: SummaryRowValue): [number, number] => [Number(row['value'] ?? 0), Number(row['flows'] ?? 0)];
  const addLeft = (row: SummaryRowValue, left: Place): void => {
    const service = serviceOf(row);
    const [amount, flows] = amounts(row);
    sums.node(left, amount, flows);
    sums.node(service, amount, flows);
    sums.link(left, service, amount, flows);
  };
  const addRight = (row: SummaryRowValue, right: Place): void => {
    const [amount, flows] = amounts(row);
    sums.node(right, amount, flows);
    sums.link(serviceOf(row), right, amount, flows);
  };
  for (const row of rows.ranges) {
    const range = rangeOf(row);
    if (!open.has(range.id)) addLeft(row, range);
  }
  for (const row of rows.hosts) addLeft(row, hostOf(row));
  for (const row of rows.countries) {
    const country = countryOf(row);
    if (!open.has(country.id)) addRight(row, country);
  }
  for (const row of rows.networks) addRight(row, networkOf(row));
  const all = [...rows.ranges, ...rows.countries];
  return sums.network(
    all.some((row) => row['scaled'] === true),
    shown,
  );
}

// Hosts among themselves

/** Lengths of the blocks that hosts are told with, narrowest first; each holds at most 256 of the next, of IPv6 65,536. */
const PREFIXES = { ipv4: [24, 16, 8], ipv6: [64, 48, 32] } as const;

/** The blocks of addresses that hold a host, narrowest first: /24, /16 and /8, of IPv6 /64, /48 and /32. */
export function blocksOf(address: string): string[] {
  if (!address.includes(':')) {
    const octets = address.split('.');
    return PREFIXES.ipv4.map((length) => {
      const kept = octets.slice(0, length / 8);
      return `${[...kept, ...Array.from({ length: 4 - kept.length }, () => '0')].join('.')}/${length}`;
    });
  }
  const [head = '', tail] = address.split('::', 2);
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return PREFIXES.ipv6.map((length) => `${groups.slice(0, length / 16).join(':')}::/${length}`);
}

/** Nodes that can be told apart at one glance: so many hosts stand one by one, else so many of the narrowest blocks. */
const FEW_NODES = 150;

/** The blocks of all hosts: of each its hosts, and from which width on blocks are few. */
function blocksOfHosts(hosts: ReadonlySet<string>): {
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly sizes: ReadonlyMap<string, number>;
  readonly widest: number;
} {
  const chains = new Map([...hosts].map((host) => [host, blocksOf(host)] as const));
  const sizes = new Map<string, number>();
  const counts = PREFIXES.ipv4.map(() => 0);
  for (const chain of chains.values()) {
    for (const [width, block] of chain.entries()) {
      const size = sizes.get(block) ?? 0;
      if (size === 0) counts[width] = (counts[width] ?? 0) + 1;
      sizes.set(block, size + 1);
    }
  }
  const few = counts.findIndex((count) => count <= FEW_NODES);
  return { chains, sizes, widest: few < 0 ? counts.length - 1 : few };
}

/**
 * Pairs of hosts, a link from who opened the flows to who answered. Where hosts are many they stand in the narrowest blocks of
 * addresses that are few; a block opens into narrower ones, the narrowest into hosts, and one that holds a single host is that host.
 *
 * @param among all pairs that are shown, where `pairs` are a part of them: what they stand in is the same then
 */
export function hostNetwork(
  { pairs, scaled }: Pick<HostPairs, 'pairs' | 'scaled'>,
  open: ReadonlySet<string>,
  among: HostPairs['pairs'] = pairs,
): Network {
  const sums = new Sums(false);
  const hosts = new Set(among.flatMap(({ initiator, responder }) => [initiator, responder]));
  const { chains, sizes, widest } = blocksOfHosts(hosts);
  const placeOf = (host: string): Place => {
    const common = { column: 1, category: null } as const;
    const chain = chains.get(host) ?? [];
    let group: string | null = null;
    let inside = hosts.size;
    for (let width = widest; width >= 0 && hosts.size > FEW_NODES; width--) {
      const block = chain[width] ?? '';
      const id = `block:${block}`;
      const size = sizes.get(block) ?? 0;
      if (size <= 1) break;
      // A block that holds all of the one around it would have to be opened twice.
      if (group !== null && size === inside) continue;
      if (!open.has(id)) {
        const filter = `direction = internal and address = ${block}`;
        return { ...common, id, kind: 'block', name: block, filter, group, opens: true };
      }
      [group, inside] = [id, size];
    }
    const filter = `direction = internal and address = ${filterWord(host)}`;
    return { ...common, id: `host:${host}`, kind: 'host', name: host, filter, group, opens: false };
  };
  const places = new Map([...hosts].map((host) => [host, placeOf(host)] as const));
  for (const { initiator, responder, value, flows } of pairs) {
    const [from, to] = [places.get(initiator), places.get(responder)];
    if (from === undefined || to === undefined) continue;
    sums.node(from, value, flows);
    if (from === to) continue;
    sums.node(to, value, flows);
    sums.link(from, to, value, flows);
  }
  return sums.network(scaled, new Map());
}

/** Share of each node's flows that are in the same network of highlighted flows, by its id; those without any are absent. */
export function sharesIn(network: Network, highlighted: Network): ReadonlyMap<string, number> {
  const all = new Map(network.nodes.map(({ id, flows }) => [id, flows]));
  return new Map(
    highlighted.nodes.flatMap(({ id, flows }) => {
      const whole = all.get(id) ?? 0;
      return flows > 0 && whole > 0 ? [[id, Math.min(1, flows / whole)] as const] : [];
    }),
  );
}

// Paths

export interface TracedNode {
  readonly node: NetworkNode;
  /** `both`: there are paths to the node and from it. */
  readonly side: 'upstream' | 'downstream' | 'both' | 'here';
  /** Links on the shortest path. */
  readonly hops: number;
  readonly amount: number;
  readonly flows: number;
  readonly isBound: boolean;
}

export interface Trace {
  /** By side, nearest first, then largest. */
  readonly nodes: readonly TracedNode[];
  /** Ids of the links that are lit. */
  readonly links: ReadonlySet<string>;
}

const SIDES = ['here', 'upstream', 'both', 'downstream'];

function sorted(nodes: readonly TracedNode[]): TracedNode[] {
  return nodes.toSorted(
    (a, b) => SIDES.indexOf(a.side) - SIDES.indexOf(b.side) || a.hops - b.hops || b.amount - a.amount,
  );
}

/**
 * What the flows through a node of the service network touch: `part` is the same network of these flows alone, so that the
 * amounts are exact.
 */
export function tracePart(network: Network, part: Network, from: NetworkNode): Trace {
  const all = new Map(network.nodes.map((node) => [node.id, node]));
  const nodes = part.nodes.flatMap(({ id, amount, flows, isBound }): TracedNode[] => {
    const node = all.get(id);
    if (node === undefined) return [];
    const hops = Math.abs(node.column - from.column);
    const side = id === from.id ? 'here' : node.column <= from.column ? 'upstream' : 'downstream';
    return [{ node, side, hops, amount, flows, isBound }];
  });
  return { nodes: sorted(nodes), links: new Set(part.links.map(({ id }) => id)) };
}

/**
 * All nodes from which links lead to a node, and all to which they lead from it; the amount is that of the links
 * by which a node is reached from those one step nearer.
 *
 * @param most links that are followed one after the other
 */
export function traceLinks(network: Network, from: NetworkNode, most = Infinity): Trace {
  const all = new Map(network.nodes.map((node) => [node.id, node]));
  const lit = new Set<string>();
  const walk = (near: 'source' | 'target', far: 'source' | 'target'): Map<string, TracedNode> => {
    const found = new Map<string, TracedNode>();
    const linksOf = Map.groupBy(network.links, (link) => link[near]);
    let ring = [from.id];
    const seen = new Set(ring);
    for (let hops = 1; ring.length > 0 && hops <= most; hops++) {
      const next = new Map<string, { amount: number; flows: number }>();
      for (const id of ring) {
        for (const link of linksOf.get(id) ?? []) {
          lit.add(link.id);
          if (seen.has(link[far])) continue;
          const sum = next.get(link[far]) ?? { amount: 0, flows: 0 };
          next.set(link[far], { amount: sum.amount + link.amount, flows: sum.flows + link.flows });
        }
      }
      for (const [id, sum] of next) {
        seen.add(id);
        const node = all.get(id);
        const side = near === 'source' ? 'downstream' : 'upstream';
        if (node !== undefined) found.set(id, { node, side, hops, ...sum, isBound: false });
      }
      ring = [...next.keys()];
    }
    return found;
  };
  const down = walk('source', 'target');
  const up = walk('target', 'source');
  const nodes = [...new Set([...down.keys(), ...up.keys()])].flatMap((id): TracedNode[] => {
    const [above, below] = [up.get(id), down.get(id)];
    if (above === undefined || below === undefined) return [above ?? below].filter((each) => each !== undefined);
    return [
      {
        ...below,
        side: 'both',
        hops: Math.min(above.hops, below.hops),
        amount: above.amount + below.amount,
        flows: above.flows + below.flows,
      },
    ];
  });
  const here: TracedNode = {
    node: from,
    side: 'here',
    hops: 0,
    amount: from.amount,
    flows: from.flows,
    isBound: false,
  };
  return { nodes: sorted([here, ...nodes]), links: lit };
}
