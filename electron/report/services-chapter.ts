import { sankey, sankeyLinkHorizontal } from 'd3-sankey';
import { countryInWords } from '../../shared/country-name.ts';
import { formatAmount, formatCount, formatShare } from '../../shared/number-format.ts';
import { REPORT_CHAPTERS } from '../../shared/report-settings.ts';
import { type SummaryRow, summarise } from '../casefile/summary.ts';
import { activitySelection } from './activity-chapter.ts';
import type { Chapter } from './chapter.ts';
import { INK, PALE, WIDTH, at, figure, label, rect, shortened, svg } from './figures.ts';
import { escapeHtml } from './markup.ts';
import type { ReportCase } from './report-case.ts';

/** Which ranges met which services in which countries: a graph of bands, and a table. */

/** Nodes of a column that are drawn apart; the rest is one. */
const MOST = { range: 6, service: 12, country: 10 } as const;
type Column = keyof typeof MOST;
const COLUMNS = Object.keys(MOST) as Column[];
const MOST_ROWS = 12;
const COUNTRIES_NAMED = 3;

interface GraphNode {
  readonly id: string;
  readonly column: Column;
  readonly name: string;
  readonly amount: number;
}

/** Null when the case holds no activity. */
export function servicesChapter(reader: ReportCase): Chapter | null {
  const { counted } = reader;
  const selection = activitySelection(counted);
  const rows = summarise(counted, { by: COLUMNS, metric: 'flows', selection });
  if (rows.length === 0) return null;
  const isScaled = rows.some((row) => row.scaled);
  const services = summarise(counted, { by: ['service'], metric: 'flows', selection });
  const bytes = summarise(counted, { by: ['service'], metric: 'bytes', selection });
  return {
    title: REPORT_CHAPTERS.services,
    ownPage: true,
    markup: `<p>Activity flows from the ranges of the profile to services, and to the countries of the addresses that were met. A country is
that of the tables named under methods: where an address is registered, not where anybody is.${isScaled ? ' Sampled counts are multiplied by their rate.' : ''}</p>
${graph(reader, rows)}
${serviceTable(rows, services, bytes)}`,
  };
}

function nameOf(reader: ReportCase, column: Column, value: unknown): string {
  if (typeof value !== 'string') return column === 'service' ? 'no named service' : 'not known';
  return column === 'country' ? countryInWords(value) : column === 'range' ? reader.range(value) : value;
}

function graph(reader: ReportCase, rows: readonly SummaryRow[]): string {
  const total = rows.reduce((sum, { value }) => sum + value, 0);
  const nodes: GraphNode[] = [];
  const idOf = new Map<string, string>();
  for (const column of COLUMNS) {
    const amounts = new Map<unknown, number>();
    for (const row of rows) amounts.set(row[column] ?? null, (amounts.get(row[column] ?? null) ?? 0) + row.value);
    const ordered = [...amounts].toSorted(([x, a], [y, b]) => Number(x === null) - Number(y === null) || b - a);
    const rest = { count: 0, amount: 0 };
    ordered.forEach(([value, amount], i) => {
      const isApart = i < MOST[column] || value === null;
      const id = `${column} ${isApart ? JSON.stringify(value) : 'rest'}`;
      idOf.set(`${column} ${JSON.stringify(value)}`, id);
      if (isApart) nodes.push({ id, column, name: nameOf(reader, column, value), amount });
      else {
        rest.count += 1;
        rest.amount += amount;
      }
    });
    if (rest.count > 0)
      nodes.push({ id: `${column} rest`, column, name: `${formatCount(rest.count)} others`, amount: rest.amount });
  }
  const amounts = new Map<string, GraphLink>();
  for (const row of rows) {
    const [range = '', service = '', country = ''] = COLUMNS.map(
      (column) => idOf.get(`${column} ${JSON.stringify(row[column] ?? null)}`) ?? '',
    );
    for (const [source, target] of [
      [range, service],
      [service, country],
    ] as const) {
      const known = amounts.get(`${source}\n${target}`);
      amounts.set(`${source}\n${target}`, { source, target, value: (known?.value ?? 0) + row.value });
    }
  }
  return figure(
    'Activity flows from ranges (left) to services and on to countries of the peers (right); bands and bars are as high as their flows.',
    drawing(nodes, [...amounts.values()], total),
  );
}

interface GraphLink {
  readonly source: string;
  readonly target: string;
  readonly value: number;
}

const BAR_WIDTH = 9;
const PITCH = 26;
const PADDING = 13;
const SIDES = { left: 104, right: 150 };
const TOP = 8;

/** Columns of bars with bands between them (a Sankey diagram); bars stand in the order of the nodes. */
function drawing(nodes: readonly GraphNode[], links: readonly GraphLink[], total: number): string {
  const longest = Math.max(...COLUMNS.map((column) => nodes.filter((node) => node.column === column).length));
  const height = Math.max(120, longest * PITCH);
  const placed = sankey<GraphNode, GraphLink>()
    .nodeId(({ id }) => id)
    .nodeAlign(({ column }) => COLUMNS.indexOf(column))
    .nodeSort(null)
    .nodeWidth(BAR_WIDTH)
    .nodePadding(PADDING)
    .extent([
      [SIDES.left, TOP],
      [WIDTH - SIDES.right, height],
    ])({ nodes: nodes.map((node) => ({ ...node })), links: links.map((link) => ({ ...link })) });
  const path = sankeyLinkHorizontal<GraphNode, GraphLink>();
  let body = '';
  for (const link of placed.links) {
    const band = (path(link) ?? '').replaceAll(/[\d.]+/g, (number) => at(Number(number)));
    body +=
      `<path d="${band}" fill="none" stroke="${PALE}" stroke-opacity="0.55" ` +
      `stroke-width="${at(Math.max(0.4, link.width ?? 0))}"/>`;
  }
  for (const { column, name, amount, x0 = 0, x1 = 0, y0 = 0, y1 = 0 } of placed.nodes) {
    body += rect(x0, y0, BAR_WIDTH, Math.max(0.8, y1 - y0), INK);
    const text = `${shortened(name, column === 'range' ? 13 : 20)} ${formatShare(amount / total)}`;
    const y = (y0 + y1) / 2 + 3.5;
    if (column === 'range') body += label(x0 - 6, y, text, 'end');
    else body += `<g class="halo">${label(x1 + 6, y, text)}</g>`;
  }
  return svg(height + 4, 'Activity flows by range, service and country of the peer', body);
}

function serviceTable(
  rows: readonly SummaryRow[],
  services: readonly SummaryRow[],
  bytes: readonly SummaryRow[],
): string {
  const bytesOf = new Map(bytes.map((row) => [row.service, row]));
  const countriesOf = new Map<unknown, Map<string, number>>();
  for (const { service, country, value } of rows) {
    const known = countriesOf.get(service) ?? new Map<string, number>();
    const name = typeof country === 'string' ? countryInWords(country) : 'not known';
    countriesOf.set(service, known.set(name, (known.get(name) ?? 0) + value));
  }
  const shown = services.slice(0, MOST_ROWS);
  const left = services.length - shown.length;
  const markup = shown.map((row) => {
    const countries = [...(countriesOf.get(row.service) ?? [])].toSorted(([, a], [, b]) => b - a);
    const named = countries
      .slice(0, COUNTRIES_NAMED)
      .map(([name, value]) => `${name} ${formatShare(value / row.value)}`);
    const further = countries.length - named.length;
    if (further > 0) named.push(`${further} more`);
    const other = bytesOf.get(row.service);
    return (
      `<tr><td>${escapeHtml(String(row.service ?? 'no named service'))}</td><td class="number">${formatCount(row.value)}</td>` +
      `<td class="number">${formatShare(row.share)}</td><td class="number">${formatAmount('bytes', other?.value ?? 0)}</td>` +
      `<td class="number">${formatShare(other?.share ?? null)}</td><td>${escapeHtml(named.join(', '))}</td></tr>`
    );
  });
  const rest =
    left > 0 ? `<p class="quiet">${formatCount(left)} further services are in the case, not printed.</p>` : '';
  return (
    `<table><thead><tr><th>Service</th><th class="number">Flows</th><th class="number">Share</th><th class="number">Bytes</th>` +
    `<th class="number">Share</th><th>Countries of its peers</th></tr></thead><tbody>${markup.join('')}</tbody></table>${rest}`
  );
}
