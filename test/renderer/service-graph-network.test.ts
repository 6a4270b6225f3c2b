import { describe, expect, it } from 'vitest';
import { fittingFrame, networkMarks, nodeFinder } from '../../renderer/charts/service-graph-drawing.ts';
import { ForceLayout, type LayoutRequest } from '../../renderer/charts/service-graph-layout.ts';
import {
  blocksOf,
  hostNetwork,
  MOST_MEMBERS,
  type Network,
  openedOf,
  serviceNetwork,
  sharesIn,
  type ServiceRows,
  traceLinks,
  tracePart,
} from '../../renderer/charts/service-graph-network.ts';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';

interface Group {
  range: string | null;
  host: string;
  service: string | null;
  category: string;
  country: string | null;
  asn: number | null;
  flows: number;
}

const HOSTS = 700;

/** Many hosts of one range, few of another; a country of many networks, one without. */
const GROUPS: readonly Group[] = Array.from({ length: 3000 }, (_, i) => ({
  range: i % 11 === 0 ? null : i % 3 === 0 ? 'small' : 'main',
  host: `10.0.${Math.floor((i % HOSTS) / 250)}.${i % 250}`,
  service: i % 5 === 0 ? null : `service-${i % 7}`,
  category: i % 2 === 0 ? 'streaming' : 'web',
  country: i % 13 === 0 ? null : i % 4 === 0 ? 'CN' : 'US',
  asn: i % 17 === 0 ? null : 100 + (i % 40),
  flows: 1 + (i % 23),
}));

function rowsBy(groups: readonly Group[], by: readonly (keyof Group)[]): SummaryRowValue[] {
  const rows = new Map<string, SummaryRowValue & { value: number; flows: number }>();
  for (const group of groups) {
    const keys = Object.fromEntries(by.map((name) => [name, group[name]]));
    const row = rows.get(JSON.stringify(keys)) ?? { ...keys, value: 0, flows: 0, scaled: false };
    row.value += group.flows;
    row.flows += group.flows;
    rows.set(JSON.stringify(keys), row);
  }
  return [...rows.values()];
}

function answers(groups: readonly Group[], open: ReadonlySet<string>): ServiceRows {
  const ranges = new Set<string | null>(openedOf('range', open));
  const countries = new Set<string | null>(openedOf('country', open));
  return {
    ranges: rowsBy(groups, ['range', 'service', 'category']),
    countries: rowsBy(groups, ['service', 'category', 'country']),
    hosts: rowsBy(
      groups.filter(({ range }) => ranges.has(range)),
      ['range', 'host', 'service', 'category'],
    ),
    networks: rowsBy(
      groups.filter(({ country }) => countries.has(country)),
      ['country', 'asn', 'service', 'category'],
    ),
  };
}

function networkOf(groups: readonly Group[], open: ReadonlySet<string>): Network {
  return serviceNetwork(answers(groups, open), open, false);
}

const sum = (values: readonly { amount: number }[]): number => values.reduce((all, { amount }) => all + amount, 0);
const TOTAL = GROUPS.reduce((all, { flows }) => all + flows, 0);

describe('the network of services', () => {
  it.each([[[]], [['category:streaming']], [['range:main', 'country:US', 'category:web', 'category:streaming']]])(
    'counts every flow once in each column with %j open',
    (open) => {
      const { nodes, links } = networkOf(GROUPS, new Set(open));
      for (const column of [0, 1, 2]) expect(sum(nodes.filter((node) => node.column === column))).toBe(TOTAL);
      expect(sum(links)).toBe(2 * TOTAL);
      const ids = new Set(nodes.map(({ id }) => id));
      expect(ids.size).toBe(nodes.length);
      expect(links.every(({ source, target }) => ids.has(source) && ids.has(target))).toBe(true);
      for (const node of nodes) {
        parseFilter(node.filter);
        const into = sum(links.filter(({ target }) => target === node.id));
        const outOf = sum(links.filter(({ source }) => source === node.id));
        expect(Math.max(into, outOf)).toBe(node.amount);
      }
    },
  );

  it('opens a range as its largest hosts, the rest told as one', () => {
    const open = new Set(['range:main']);
    const { nodes } = networkOf(GROUPS, open);
    const hosts = nodes.filter(({ kind }) => kind === 'host');
    expect(hosts).toHaveLength(MOST_MEMBERS);
    const [others] = nodes.filter(({ kind }) => kind === 'others');
    expect(others?.filter).toContain('not host in (');
    expect(others?.group).toBe('range:main');
    expect(Math.min(...hosts.map(({ amount }) => amount))).toBeGreaterThan(0);
  });

  it('lights what the flows through a node touch, with their amounts alone', () => {
    const open = new Set(['range:main', 'category:web']);
    const network = networkOf(GROUPS, open);
    const from = network.nodes.find(({ id }) => id === 'country:CN');
    if (from === undefined) throw new Error('no such node');
    const chinese = GROUPS.filter(({ country }) => country === 'CN');
    const part = serviceNetwork(answers(chinese, open), open, false, network.members);
    const trace = tracePart(network, part, from);
    expect(trace.nodes[0]).toMatchObject({ node: from, side: 'here', hops: 0, amount: from.amount });
    expect(trace.nodes.slice(1).every(({ side }) => side === 'upstream')).toBe(true);
    expect(sum(trace.nodes.filter(({ hops }) => hops === 2))).toBe(from.amount);
    expect(trace.nodes.every(({ amount, node }) => amount <= node.amount)).toBe(true);
    expect(trace.links.size).toBe(part.links.length);
  });

  it('tells merged host-hours as an upper bound', () => {
    const rows = answers(GROUPS, new Set());
    const { nodes } = serviceNetwork(rows, new Set(), true);
    expect(nodes.every(({ isBound }) => isBound)).toBe(true);
  });
});

describe('hosts among themselves', () => {
  const pair = (initiator: string, responder: string, value: number) => ({ initiator, responder, value, flows: value });
  const answer = (pairs: ReturnType<typeof pair>[]) => ({
    pairs,
    all: pairs.length,
    total: 0,
    flows: 0,
    scaled: false,
  });

  it('names the blocks of an address', () => {
    expect(blocksOf('10.1.2.3')).toEqual(['10.1.2.0/24', '10.1.0.0/16', '10.0.0.0/8']);
    expect(blocksOf('2001:db8::1')).toEqual(['2001:db8:0:0::/64', '2001:db8:0::/48', '2001:db8::/32']);
    expect(blocksOf('fe80::1:2:3:4')[0]).toBe('fe80:0:0:0::/64');
    for (const address of ['10.1.2.3', '2001:db8::1', '::1', '1:2:3:4:5:6:7:8']) {
      for (const block of blocksOf(address)) parseFilter(`address = ${block}`);
    }
  });

  it('follows links up and down, however far or not, and tells where it was met', () => {
    const network = hostNetwork(
      answer([
        pair('10.0.0.1', '10.0.0.2', 5),
        pair('10.0.0.2', '10.0.0.3', 4),
        pair('10.0.0.3', '10.0.0.4', 3),
        pair('10.0.0.4', '10.0.0.1', 2),
        pair('10.0.0.9', '10.0.0.3', 7),
        pair('10.0.0.8', '10.0.0.7', 1),
      ]),
      new Set(),
    );
    const from = network.nodes.find(({ name }) => name === '10.0.0.2');
    if (from === undefined) throw new Error('no such node');
    const told = (most?: number): unknown[] =>
      traceLinks(network, from, most).nodes.map(({ node, side, hops, amount }) => [node.name, side, hops, amount]);
    expect(told(1)).toEqual([
      ['10.0.0.2', 'here', 0, 9],
      ['10.0.0.1', 'upstream', 1, 5],
      ['10.0.0.3', 'downstream', 1, 4],
    ]);
    expect(told()).toEqual([
      ['10.0.0.2', 'here', 0, 9],
      // Opened flows to .3 and so lies upstream of the ring, not downstream.
      ['10.0.0.9', 'upstream', 4, 7],
      ['10.0.0.3', 'both', 1, 7],
      ['10.0.0.1', 'both', 1, 7],
      ['10.0.0.4', 'both', 2, 5],
    ]);
    expect(traceLinks(network, from).links.size).toBe(5);
  });

  it('are blocks where they are many, and hosts of those that are opened', () => {
    const pairs = Array.from({ length: 600 }, (_, i) => pair(`10.0.${i % 4}.${i % 200}`, `10.0.9.${i % 7}`, 1));
    const closed = hostNetwork(answer(pairs), new Set());
    expect(closed.nodes.map(({ kind }) => kind)).toEqual(Array(5).fill('block'));
    const open = hostNetwork(answer(pairs), new Set(['block:10.0.9.0/24']));
    expect(open.nodes.filter(({ kind }) => kind === 'host')).toHaveLength(7);
    expect(sum(open.links)).toBe(600);
  });

  it('are highlighted in the blocks they stand in, by their share of the flows', () => {
    const pairs = Array.from({ length: 600 }, (_, i) => pair(`10.0.${i % 4}.${i % 200}`, `10.0.9.${i % 7}`, 1));
    // So few that by themselves they would stand one by one.
    const marked = pairs.filter(({ initiator }) => initiator.startsWith('10.0.2.')).slice(0, 15);
    const network = hostNetwork(answer(pairs), new Set());
    const shares = sharesIn(network, hostNetwork(answer(marked), new Set(), pairs));
    expect(shares).toEqual(
      new Map([
        ['block:10.0.2.0/24', 15 / 150],
        ['block:10.0.9.0/24', 15 / 600],
      ]),
    );
    expect(sharesIn(network, network)).toEqual(new Map(network.nodes.map(({ id }) => [id, 1])));
  });

  it('stand in wider blocks where narrow ones are many too, which open step by step into hosts', () => {
    // 20 blocks /16 of 250 blocks /24 each: of ten hosts in the first, of one in the others.
    const hosts = Array.from({ length: 20 * 250 }, (_, i) => `10.${i % 20}.${Math.floor(i / 20)}.1`);
    const first = Array.from({ length: 9 }, (_, i) => `10.0.0.${i + 2}`);
    const pairs = [...hosts, ...first].map((host, i) => pair(host, hosts[(i * 7 + 1) % hosts.length] ?? host, 1));
    const shown = (...open: string[]): Network => hostNetwork(answer(pairs), new Set(open));
    const kinds = ({ nodes }: Network): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const { kind } of nodes) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    };
    const closed = shown();
    expect(closed.nodes.map(({ name }) => name).toSorted()[0]).toBe('10.0.0.0/16');
    expect(kinds(closed)).toEqual({ block: 20 });
    const once = shown('block:10.0.0.0/16');
    expect(kinds(once)).toEqual({ block: 20, host: 249 });
    const inner = once.nodes.find(({ name }) => name === '10.0.0.0/24');
    expect(inner).toMatchObject({ kind: 'block', opens: true, group: 'block:10.0.0.0/16' });
    const twice = shown('block:10.0.0.0/16', 'block:10.0.0.0/24');
    expect(kinds(twice)).toEqual({ block: 19, host: 259 });
    expect(twice.nodes.find(({ name }) => name === '10.0.0.5')?.group).toBe('block:10.0.0.0/24');
    for (const network of [closed, once, twice]) {
      const within = pairs.length - sum(network.links);
      expect(within).toBeGreaterThanOrEqual(0);
      for (const { filter } of network.nodes) parseFilter(filter);
    }
  });

  it('opens a block whose hosts all lie in one narrower block at once', () => {
    const far = Array.from({ length: 160 }, (_, i) => pair(`10.${i}.0.1`, '172.16.5.1', 1));
    const near = Array.from({ length: 9 }, (_, i) => pair(`172.16.5.${i + 1}`, '10.7.0.1', 1));
    const open = hostNetwork(answer([...far, ...near]), new Set(['block:172.0.0.0/8']));
    expect(open.nodes.filter(({ kind }) => kind === 'host').map(({ group }) => group)).toEqual(
      Array(9).fill('block:172.0.0.0/8'),
    );
  });
});

describe('the layout', () => {
  const request = (count: number): LayoutRequest => ({
    nodes: Array.from({ length: count }, (_, i) => ({ column: i % 3, radius: 4 + (i % 9) })),
    links: Array.from({ length: count }, (_, i) => ({
      source: i,
      target: (i * 7 + 1) % count,
      strength: (i % 10) / 10,
    })),
    hasColumns: true,
    width: 900,
    height: 600,
  });
  const positionsOf = (count: number, steps: number): Float32Array => {
    const layout = new ForceLayout(request(count));
    while (layout.step(steps));
    return layout.positions();
  };

  it('is the same each time, in whatever portions it is made', () => {
    expect([...positionsOf(60, 8)]).toEqual([...positionsOf(60, 1000)]);
  });

  it('puts thousands of nodes somewhere, column by column', () => {
    const positions = positionsOf(1200, 100);
    expect(positions.every(Number.isFinite)).toBe(true);
    const meanX = (column: number): number => {
      const of = Array.from({ length: 400 }, (_, i) => positions[2 * (3 * i + column)] ?? 0);
      return of.reduce((all, x) => all + x, 0) / of.length;
    };
    expect(meanX(0)).toBeLessThan(meanX(1));
    expect(meanX(1)).toBeLessThan(meanX(2));
  });

  it('is drawn with labels that cover neither each other nor a node, and every node can be pointed at', () => {
    const network = networkOf(GROUPS, new Set(['range:main']));
    const layout = new ForceLayout({
      ...request(0),
      nodes: network.nodes.map(({ column }) => ({ column, radius: 6 })),
      links: [],
    });
    layout.step(200);
    const positions = layout.positions();
    const frame = fittingFrame(positions, true, 900, 600);
    const still = { frame, width: 900, height: 600, lit: null, chosen: null, highlighted: new Map<string, number>() };
    const marks = networkMarks(network, positions, still);
    expect(marks.labels.length).toBeGreaterThan(10);
    expect(marks.labels.length).toBeLessThan(network.nodes.length);
    const rows = marks.labels.toSorted((a, b) => a.y - b.y);
    for (const [i, { x, y, anchor, text }] of rows.entries()) {
      const next = rows[i + 1];
      if (next === undefined || next.y - y >= 14 || next.anchor !== anchor) continue;
      expect(Math.abs(next.x - x)).toBeGreaterThan(Math.min(text.length, next.text.length) * 5);
    }
    const find = nodeFinder(marks.nodes);
    expect(marks.nodes.every(({ x, y }) => find(x, y) !== null)).toBe(true);
    expect(find(-500, -500)).toBeNull();
    // Of two nodes one above the other the one drawn last is meant.
    const [below, above] = marks.nodes
      .slice(0, 2)
      .map((mark, i) => ({ ...mark, x: 100 + i, y: 100, radius: 20 - 10 * i }));
    if (below === undefined || above === undefined) throw new Error('no nodes');
    const among = nodeFinder([below, above, ...marks.nodes.slice(2).map((mark) => ({ ...mark, x: mark.x + 5000 }))]);
    expect([among(100, 100), among(85, 100)]).toEqual([above, below]);
  });
});
