import { AxeBuilder } from '@axe-core/playwright';
import fc from 'fast-check';
import type { Page } from 'playwright-core';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  GRAPH_COLUMNS,
  type GraphAnswers,
  type GraphNode,
  type ServiceGraph,
  highlightedShares,
  serviceGraph,
  shownHosts,
} from '../../renderer/charts/service-graph-data.ts';
import { ServiceGraphChart, describe as inWords, placeServiceGraph } from '../../renderer/charts/service-graph.tsx';
import { joinFilters } from '../../renderer/state/time-filter.ts';
import { daysWithFlows } from '../../renderer/views/selection-inspector.tsx';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Metric } from '../../shared/finding.ts';
import { ask } from '../e2e/ask.ts';
import { type Launched, cannotLaunch, launch } from '../e2e/launch.ts';
import { openSample, SAMPLE_PATIENCE } from '../e2e/open-sample.ts';

/** A group of flows alike, of which both sets of rows are made. */
interface Group {
  range: string | null;
  host: string | null;
  service: string | null;
  category: string;
  country: string | null;
  flows: number;
  bytes: number;
}

/** Rows as `summary --by …` gives them, largest first. */
function rowsBy(groups: readonly Group[], by: readonly (keyof Group)[], metric: 'flows' | 'bytes'): SummaryRowValue[] {
  const rows = new Map<string, { value: number; flows: number } & SummaryRowValue>();
  for (const group of groups) {
    const keys = Object.fromEntries(by.map((name) => [name, group[name]]));
    const key = JSON.stringify(keys);
    const row = rows.get(key) ?? { ...keys, value: 0, flows: 0, scaled: false };
    row.value += group[metric];
    row.flows += group.flows;
    rows.set(key, row);
  }
  const total = groups.reduce((sum, group) => sum + group[metric], 0);
  return [...rows.values()]
    .map((row) => ({ ...row, share: total === 0 ? null : row.value / total }))
    .toSorted((a, b) => b.value - a.value);
}

function graphOf(
  groups: readonly Group[],
  left: GraphAnswers['left'],
  metric: 'flows' | 'bytes',
  most: GraphAnswers['most'],
): ServiceGraph {
  const leftTotals = rowsBy(groups, [left], metric);
  const hosts = new Set<string | null>(shownHosts(leftTotals, most.left));
  const asked = left === 'range' ? groups : groups.filter(({ host }) => host === null || hosts.has(host));
  return serviceGraph({
    left,
    metric,
    leftRows: rowsBy(asked, [left, 'service', 'category'], metric),
    rightRows: rowsBy(groups, ['service', 'category', 'country'], metric),
    leftTotals: left === 'host' ? leftTotals : null,
    serviceTotals: null,
    countryTotals: null,
    most,
  });
}

const MOST = { left: 20, service: 20, country: 20 };

const GROUPS: Group[] = [
  {
    range: 'kp-main',
    host: '175.45.178.1',
    service: 'youku',
    category: 'streaming',
    country: 'CN',
    flows: 60,
    bytes: 900_000,
  },
  {
    range: 'kp-main',
    host: '175.45.178.1',
    service: 'steam',
    category: 'gaming',
    country: 'SE',
    flows: 25,
    bytes: 40_000,
  },
  {
    range: 'cn-kptc',
    host: '210.52.109.5',
    service: 'steam',
    category: 'gaming',
    country: 'US',
    flows: 15,
    bytes: 20_000,
  },
  { range: 'cn-kptc', host: '210.52.109.5', service: null, category: 'web', country: null, flows: 10, bytes: 9000 },
  { range: 'kp-main', host: '175.45.176.8', service: null, category: 'infra', country: 'CN', flows: 8, bytes: 800 },
  { range: null, host: null, service: null, category: 'web', country: 'US', flows: 2, bytes: 200 },
  {
    range: 'kp-main',
    host: '175.45.176.9',
    service: '<b>\u202egnp',
    category: 'news',
    country: 'ZZ',
    flows: 1,
    bytes: 100,
  },
];

const group: fc.Arbitrary<Group> = fc.record({
  range: fc.constantFrom('a', 'b', 'c d', null),
  host: fc.option(
    fc.nat(40).map((low) => `10.0.0.${low}`),
    { freq: 8 },
  ),
  service: fc.option(
    fc.nat(12).map((number) => `s${number}`),
    { freq: 3 },
  ),
  category: fc.constantFrom('web', 'infra', 'gaming', 'unknown'),
  country: fc.option(fc.constantFrom('CN', 'US', 'IN', 'RU', 'JP', 'DE', 'SE', 'PL'), { freq: 6 }),
  flows: fc.integer({ min: 1, max: 50 }),
  bytes: fc.nat(1e9),
});

function sumOf(parts: readonly { amount: number; flows: number }[]): { amount: number; flows: number } {
  return {
    amount: parts.reduce((sum, { amount }) => sum + amount, 0),
    flows: parts.reduce((sum, { flows }) => sum + flows, 0),
  };
}

describe('what is highlighted', () => {
  it('is told as a share of each node, what is merged among it', () => {
    const flowsOf = (service: string | null, country: string, flows: number): Group => ({
      range: 'main',
      host: '10.0.0.1',
      service,
      category: service === null ? 'infra' : 'gaming',
      country,
      flows,
      bytes: flows,
    });
    const groups = [
      flowsOf('one', 'DE', 60),
      flowsOf('two', 'DE', 25),
      flowsOf('three', 'PL', 10),
      flowsOf(null, 'IE', 5),
    ];
    const marked = groups.filter(({ service }) => service === 'one' || service === 'three');
    const graph = graphOf(groups, 'range', 'bytes', { left: 5, service: 2, country: 2 });
    const shares = highlightedShares(graph, 'range', {
      left: rowsBy(marked, ['range'], 'flows'),
      service: rowsBy(marked, ['service', 'category'], 'flows'),
      country: rowsBy(marked, ['country'], 'flows'),
    });
    const told = graph.nodes.map(({ column, name, flows, id }) => [column, name, flows, shares.get(id) ?? 0]);
    expect(told).toEqual([
      ['left', 'main', 100, 0.7],
      ['service', 'one', 60, 1],
      ['service', expect.stringContaining('other'), 40, 0.25],
      ['country', 'Germany', 85, 60 / 85],
      ['country', expect.stringContaining('other'), 15, 10 / 15],
    ]);
  });
});

describe('the data of the service graph', () => {
  it('keeps every flow and byte: what goes into a node comes out of it, however much is merged', () => {
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 60 }),
        fc.constantFrom<GraphAnswers['left'][]>('range', 'host'),
        fc.constantFrom<('flows' | 'bytes')[]>('flows', 'bytes'),
        fc.integer({ min: 2, max: 12 }),
        (groups, left, metric, most) => {
          const graph = graphOf(groups, left, metric, { left: most, service: most, country: most });
          const total = {
            amount: groups.reduce((sum, each) => sum + each[metric], 0),
            flows: groups.reduce((sum, { flows }) => sum + flows, 0),
          };
          expect(graph.total).toEqual(total);
          for (const column of GRAPH_COLUMNS) {
            const nodes = graph.nodes.filter((node) => node.column === column);
            expect(sumOf(nodes)).toEqual(total);
            expect(nodes.length).toBeLessThanOrEqual(Math.max(3, most));
            for (const { id, amount, flows, isBound } of nodes) {
              expect(isBound).toBe(false);
              const sides = [
                graph.links.filter(({ target }) => target === id),
                graph.links.filter(({ source }) => source === id),
              ].filter((links) => links.length > 0);
              expect(sides).toHaveLength(column === 'service' ? 2 : 1);
              for (const links of sides) expect(sumOf(links)).toEqual({ amount, flows });
            }
            const merged = nodes.find(({ kind }) => kind === 'others')?.members ?? 0;
            const { shown, all } = graph.counts[column];
            expect(shown + merged).toBe(all);
          }
        },
      ),
      { seed: 20170514, numRuns: 300 },
    );
  });

  it('names what bears no service by its category, and tells what is merged', () => {
    const graph = graphOf(GROUPS, 'range', 'flows', { left: 3, service: 3, country: 3 });
    const told = graph.nodes.map(({ column, kind, name, flows, filter }) => [column, kind, name, flows, filter]);
    expect(told).toEqual([
      ['left', 'value', 'kp-main', 94, 'range = kp-main'],
      ['left', 'value', 'cn-kptc', 25, 'range = cn-kptc'],
      ['left', 'absent', 'outside the ranges', 2, 'not range ~ "*"'],
      ['service', 'value', 'youku', 60, 'service = youku'],
      ['service', 'value', 'steam', 40, 'service = steam'],
      ['service', 'others', '1 other service, 2 not named', 21, 'not (service in (youku, steam))'],
      ['country', 'value', 'China', 68, 'country = CN'],
      ['country', 'absent', 'country not known', 10, 'not country in (CN, SE, US, ZZ)'],
      ['country', 'others', '3 other countries', 43, 'country in (SE, US, ZZ)'],
    ]);
    expect(graph.nodes.find(({ kind }) => kind === 'others')?.category).toBeNull();
    for (const { filter } of graph.nodes) expect(() => parseFilter(filter)).not.toThrow();
  });

  it('tells merged host-hours as a bound, and exact ones where the totals are known', () => {
    const rows = (text: string): SummaryRowValue[] => JSON.parse(text) as SummaryRowValue[];
    // One host that spoke with one service in two countries in the same hour.
    const answers: GraphAnswers = {
      left: 'range',
      metric: 'host-hours',
      leftRows: rows('[{"range":"a","service":"x","category":"web","value":1,"share":1,"flows":2}]'),
      rightRows: rows(
        `[{"service":"x","category":"web","country":"CN","value":1,"share":1,"flows":1},
          {"service":"x","category":"web","country":"US","value":1,"share":1,"flows":1}]`,
      ),
      leftTotals: null,
      serviceTotals: null,
      countryTotals: null,
      most: MOST,
    };
    const service = ({ nodes }: ServiceGraph): GraphNode | undefined =>
      nodes.find(({ column }) => column === 'service');
    const before = serviceGraph(answers);
    expect(before.total.amount).toBeNull();
    expect(service(before)).toMatchObject({ amount: 2, isBound: true });
    const after = serviceGraph({
      ...answers,
      leftTotals: rows('[{"range":"a","value":1,"share":1,"flows":2}]'),
      serviceTotals: rows('[{"service":"x","category":"web","value":1,"share":1,"flows":2}]'),
    });
    expect(after.total.amount).toBe(1);
    expect(service(after)).toMatchObject({ amount: 1, isBound: false });
  });

  it('leaves out what answers of two states of the case do not share', () => {
    const rightRows = rowsBy(GROUPS.slice(0, 1), ['service', 'category', 'country'], 'flows');
    const leftRows = rowsBy(GROUPS, ['range', 'service', 'category'], 'flows');
    const none = { leftTotals: null, serviceTotals: null, countryTotals: null };
    const graph = serviceGraph({ left: 'range', metric: 'flows', leftRows, rightRows, ...none, most: MOST });
    expect(() => placeServiceGraph(graph, 'flows', 800, 400)).not.toThrow();
  });
});

describe('the drawing of the service graph', () => {
  const graph = graphOf(GROUPS, 'range', 'flows', MOST);
  const draw = (given: ServiceGraph, metric: Metric, marked: string | null, width = 900): string =>
    renderToStaticMarkup(
      createElement(ServiceGraphChart, {
        graph: given,
        metric,
        hasHosts: false,
        width,
        height: 320,
        marked,
        highlighted: new Map(),
        onMark: () => undefined,
        onSelect: () => undefined,
        onFilter: () => undefined,
        onEscape: () => undefined,
      }),
    ).replaceAll('><', '>\n<');

  it('draws the same picture of the same data', () => {
    expect(draw(graph, 'flows', 'service:=steam')).toMatchSnapshot();
  });

  it('keeps labels of a column apart, in every metric and down to a narrow window', () => {
    const many = Array.from({ length: 200 }, (_, i): Group => ({
      range: `range-${i % 30}`,
      host: `10.0.0.${i}`,
      service: `service-${i % 40}`,
      category: 'web',
      country: `${String.fromCharCode(65 + (i % 26))}${String.fromCharCode(65 + (i % 7))}`,
      flows: 1 + ((i * i) % 97),
      bytes: i * 1000,
    }));
    for (const metric of ['flows', 'bytes'] as const) {
      for (const [width, height, most] of [
        [1200, 600, 19],
        [700, 300, 9],
      ] as const) {
        const { nodes } = placeServiceGraph(
          graphOf(many, 'range', metric, { left: most, service: most, country: most }),
          metric,
          width,
          height,
        );
        for (const column of GRAPH_COLUMNS) {
          const middles = nodes.filter(({ node }) => node.column === column).map(({ y, height: tall }) => y + tall / 2);
          for (let i = 1; i < middles.length; i++) {
            expect((middles[i] ?? 0) - (middles[i - 1] ?? 0)).toBeGreaterThan(15);
          }
        }
        for (const { y, height: tall } of nodes) {
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y + tall).toBeLessThanOrEqual(height);
        }
      }
    }
  });

  it('shows hostile names as text and holds no inline style', () => {
    const markup = draw(graph, 'flows', null);
    expect(markup).toContain('&lt;b&gt;\\u202egnp');
    expect(markup).not.toContain('\u202e');
    expect(markup).not.toContain('style=');
  });

  it('says of each node and band what it holds', () => {
    const [node] = graph.nodes;
    const [link] = graph.links;
    if (node === undefined || link === undefined) throw new Error('an empty graph');
    expect(inWords(node, graph, 'flows')).toBe('Range kp-main: 94 flows, 77.7 % of what matches');
    expect(inWords(link, graph, 'flows')).toBe('kp-main – youku: 60 flows, 49.6 % of what matches');
  });
});

it('tells the days with flows, not those that a long flow only reaches', () => {
  const rows = [
    { day: '2017-05-02', value: 3, flows: 0 },
    { day: '2017-05-01', value: 3, flows: 2 },
    { day: '2017-04-30', value: 1, flows: 1 },
    { day: null, value: 0, flows: 5 },
  ];
  expect(daysWithFlows(rows)).toEqual({ first: '2017-04-30', last: '2017-05-01', count: 2 });
  expect(daysWithFlows([])).toBeNull();
});

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

describe.skipIf(cannotLaunch !== null)(`the service graph on the sample case${reason}`, () => {
  let launched: Launched;
  let page: Page;

  beforeAll(async () => {
    launched = await launch({ hasSample: true });
    ({ page } = launched);
    await page.setViewportSize({ width: 1440, height: 900 });
    await openSample(page);
    await page.getByRole('navigation').getByRole('button', { name: 'Services', exact: true }).click();
    await page.locator('.service-graph').waitFor();
  }, 1.5 * SAMPLE_PATIENCE);
  afterAll(() => launched.close());

  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  const rows = (by: string[], metric: Metric, where = ''): Promise<SummaryRowValue[]> =>
    ask(page, 'summary', { by, metric, where });

  it('selects with the filter of a node exactly the flows that the node counts', async () => {
    for (const left of ['range', 'host'] as const) {
      const most = { left: 8, service: 12, country: 8 };
      const leftTotals = await rows([left], 'flows');
      const hosts = `(host in (${shownHosts(leftTotals, most.left).join(', ')}) or subjectSide = none)`;
      const graph = serviceGraph({
        left,
        metric: 'flows',
        leftRows: await rows([left, 'service', 'category'], 'flows', left === 'host' ? hosts : ''),
        rightRows: await rows(['service', 'category', 'country'], 'flows'),
        leftTotals,
        serviceTotals: null,
        countryTotals: null,
        most,
      });
      expect(graph.nodes.filter(({ kind }) => kind === 'others').length).toBeGreaterThanOrEqual(2);
      const totalOf = async (where: string): Promise<number> =>
        (await ask(page, 'flowsPage', { where, offset: 0, limit: 1 })).total;
      const selected = new Map<string, number>();
      for (const { id, filter } of graph.nodes) selected.set(id, await totalOf(filter));
      expect(selected).toEqual(new Map(graph.nodes.map(({ id, flows }) => [id, flows])));
      const filters = new Map(graph.nodes.map(({ id, filter }) => [id, filter]));
      for (const { source, target, flows } of graph.links.filter((_, i) => i % 17 === 0)) {
        const where = joinFilters(filters.get(source) ?? '', filters.get(target) ?? '');
        expect({ where, flows: await totalOf(where) }).toEqual({ where, flows });
      }
    }
  }, 60_000);

  it('is walked by keyboard; Enter opens the inspector, Escape gives the focus back', async () => {
    await page.locator('.service-graph .node').first().focus();
    const first = await focused();
    expect(first).toMatch(/^Range .+: [\d,]+ flows, [\d.]+ % of what matches$/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    const service = await focused();
    await page.keyboard.press('Enter');
    const inspector = page.locator('.selection-inspector');
    await inspector.getByRole('heading', { name: 'Countries of the peers' }).waitFor();
    expect(await inspector.evaluate((panel) => panel.contains(document.activeElement))).toBe(true);
    const flows = /: ([\d,]+) flows/.exec(service)?.[1] ?? 'none';
    await expect.poll(() => inspector.locator('.selection-totals tbody tr').first().innerText()).toContain(flows);
    await page.keyboard.press('Escape');
    await expect.poll(() => inspector.count()).toBe(0);
    expect(await focused()).toBe(service);
    await page.keyboard.press('Shift+ArrowLeft');
    expect(await focused()).toMatch(/^.+ – .+: [\d,]+ flows/);
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).toMatch(/^Range /);
  });

  it('has no violation of axe’s rules with the inspector open, light or dark', async () => {
    await page.locator('.segmented').getByText('host-hours', { exact: true }).click();
    await page.locator('.service-graph .node').nth(4).focus();
    await page.keyboard.press('Enter');
    await page.locator('.selection-inspector').waitFor();
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0);
    for (const theme of ['light', 'dark']) {
      await page.evaluate((wanted) => {
        document.documentElement.dataset['theme'] = wanted;
      }, theme);
      await page.waitForTimeout(350);
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`),
      ).toEqual([]);
    }
    await page.keyboard.press('Escape');
  });

  it('filters to what is selected and shows its flows', async () => {
    await page.locator('.segmented').getByText('flows', { exact: true }).click();
    await page.locator('.service-graph .node').filter({ hasText: 'steam' }).click();
    await page.getByRole('button', { name: 'Filter to this' }).click();
    await expect.poll(() => page.getByLabel('Filter', { exact: true }).inputValue()).toBe('service = steam');
    await expect.poll(() => page.locator('.graph-heads').innerText()).toMatch(/Services\s*1\b/);
    await page.getByRole('button', { name: 'Show the flows' }).click();
    await page.getByRole('grid').waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
  });
});
