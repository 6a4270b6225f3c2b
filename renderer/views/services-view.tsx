import { type ReactNode, useMemo, useState } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { formatCount } from '../../shared/number-format.ts';
import { type Asked, useAsk } from '../bridge-access.ts';
import { categoryColour } from '../category-colours.ts';
import type { FigureTable } from '../charts/figure-table.ts';
import {
  GRAPH_COLUMNS,
  type GraphColumn,
  type GraphLink,
  type GraphNode,
  type LeftDimension,
  type ServiceGraph,
  serviceGraph,
  shownHosts,
  highlightedShares,
} from '../charts/service-graph-data.ts';
import { ServiceGraphChart, describe, heightOf, nodesThatFit } from '../charts/service-graph.tsx';
import { filterWord } from '../state/filter-completion.ts';
import { useMarked } from '../state/highlight.ts';
import type { Selection } from '../state/history.ts';
import { settingStore } from '../state/setting-store.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useEstimatedSummary } from '../state/use-estimated.ts';
import { useSize } from '../state/use-size.ts';
import { useActions } from '../state/view-actions.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ESTIMATED, EstimateMark } from './estimate-mark.tsx';
import { FigureTools } from './figure-tools.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { SelectionInspector } from './selection-inspector.tsx';
import { ServicesNetwork } from './services-network.tsx';
import { said, say, withinSentence } from '../../shared/text/say.ts';

/** Who spoke with which service in which country, as a graph of three columns. */

/** Nodes of a column that was asked to show more. */
const MORE = 60;
/** Categories that the legend names. */
const NAMED = 12;

type Most = Readonly<Record<GraphColumn, number>>;

/** The last value that was not null. */
function useLast<T>(value: T | null): T | null {
  const [kept, setKept] = useState<T | null>(value);
  if (value !== null && value !== kept) setKept(value);
  return value ?? kept;
}

/** Rows that are counted, or estimated as long as they are not; null before. */
function settled(asked: Asked<SummaryRowValue[]> & { estimated?: boolean }, when: boolean): SummaryRowValue[] | null {
  return when && (!asked.pending || asked.estimated === true) && asked.error === null ? asked.value : null;
}

/** The graph of the filter and metric; while its answers are on their way, the one before. */
function useServiceGraph(
  left: LeftDimension,
  most: Most,
): { graph: ServiceGraph | null; error: ErrorValue | null; pending: boolean; estimated: boolean } {
  const { where, metric, version } = useWorkbench();
  const overlaps = metric === 'host-hours';
  const ofHosts = left === 'host';
  const needsTotals = ofHosts || overlaps;
  // First, since hosts are asked for by what it tells.
  const totals = useEstimatedSummary({ by: [left], metric, where }, version, needsTotals);
  const right = useEstimatedSummary({ by: ['service', 'category', 'country'], metric, where }, version);
  const services = useAsk('summary', { by: ['service', 'category'], metric, where }, version, overlaps);
  const countries = useAsk('summary', { by: ['country'], metric, where }, version, overlaps);

  // Hosts may be thousands: only those shown are asked for one by one.
  const totalRows = settled(totals, true);
  const leftWhere = useMemo(() => {
    if (!ofHosts || totalRows === null || totalRows.length <= most.left) return where;
    const hosts = shownHosts(totalRows, most.left).map(filterWord);
    return joinFilters(where, `(host in (${hosts.join(', ')}) or subjectSide = none)`);
  }, [ofHosts, totalRows, most.left, where]);
  const isReady = !ofHosts || totalRows !== null;
  const lefts = useEstimatedSummary({ by: [left, 'service', 'category'], metric, where: leftWhere }, version, isReady);

  const rightRows = settled(right, true);
  const leftRows = settled(lefts, isReady);
  const leftTotals = settled(totals, needsTotals);
  const serviceTotals = settled(services, overlaps);
  const countryTotals = settled(countries, overlaps);
  const complete = leftRows !== null && rightRows !== null && !(ofHosts && overlaps && serviceTotals === null);
  const fresh = useMemo(
    () =>
      complete
        ? serviceGraph({ left, metric, leftRows, rightRows, leftTotals, serviceTotals, countryTotals, most })
        : null,
    [complete, left, metric, leftRows, rightRows, leftTotals, serviceTotals, countryTotals, most],
  );
  const error = right.error ?? lefts.error ?? totals.error ?? services.error ?? countries.error;
  const estimated = right.estimated || lefts.estimated || totals.estimated;
  return { graph: useLast(fresh), error, pending: fresh === null, estimated };
}

const NONE_HIGHLIGHTED: ReadonlyMap<string, number> = new Map();

/** Share of each node's flows that are highlighted, by its id. */
function useHighlightedShares(graph: ServiceGraph | null, left: LeftDimension): ReadonlyMap<string, number> {
  const { where, version } = useWorkbench();
  const marked = useMarked(where);
  const rowsBy = (...by: string[]): SummaryRowValue[] | null =>
    // The hooks are always called, in the same order.
    useAsk('summary', { by, metric: 'flows', where: marked ?? '' }, version, marked !== null).value;
  const [lefts, services, countries] = [rowsBy(left), rowsBy('service', 'category'), rowsBy('country')];
  return useMemo(
    () =>
      graph === null || marked === null || lefts === null || services === null || countries === null
        ? NONE_HIGHLIGHTED
        : highlightedShares(graph, left, { left: lefts, service: services, country: countries }),
    [graph, marked, left, lefts, services, countries],
  );
}

const LEFT_NAMES = said({ range: 'Ranges', host: 'Hosts' });

function ColumnHead(props: {
  name: string;
  counts: ServiceGraph['counts'][GraphColumn];
  isLong: boolean;
  onLong: (isLong: boolean) => void;
}): ReactNode {
  const { name, counts, isLong, onLong } = props;
  const { shown, all, unnamed } = counts;
  return (
    <div>
      <h3>{name}</h3>
      <span className="quiet">
        {shown < all ? say('{shown} of {all}', { shown: formatCount(shown), all: formatCount(all) }) : formatCount(all)}
        {unnamed > 0 &&
          say(', {unnamed} of them categories without a service named', { unnamed: formatCount(unnamed) })}
      </span>
      {(shown < all || isLong) && (
        <button
          type="button"
          className="quiet tiny"
          aria-label={`${isLong ? say('Fewer') : say('More')} ${withinSentence(name)}`}
          onClick={() => onLong(!isLong)}
        >
          {isLong ? say('Fewer') : say('More')}
        </button>
      )}
    </div>
  );
}

/** The colours in words: categories of the services shown, in the order of their services. */
function Colours({ graph }: { graph: ServiceGraph }): ReactNode {
  const categories = [...new Set(graph.nodes.flatMap(({ category }) => (category === null ? [] : [category])))];
  return (
    <ul className="graph-colours" aria-label={say('Colours')}>
      {categories.slice(0, NAMED).map((category) => (
        <li key={category}>
          <span className="swatch" style={{ backgroundColor: categoryColour(category) }} />
          {category}
        </li>
      ))}
      {categories.length > NAMED && (
        <li className="quiet">{say('and {categories} more', { categories: categories.length - NAMED })}</li>
      )}
    </ul>
  );
}

/** What was clicked, as it was then: it may leave the graph with the next filter. */
function selectionOf(of: GraphNode | GraphLink, graph: ServiceGraph): Selection {
  if (!('source' in of)) return { id: of.id, title: of.name, kind: of.what, filter: of.filter };
  const source = graph.nodes.find(({ id }) => id === of.source);
  const target = graph.nodes.find(({ id }) => id === of.target);
  return {
    id: of.id,
    title: `${source?.name ?? ''} – ${target?.name ?? ''}`,
    kind: 'Band',
    filter: joinFilters(source?.filter ?? '', target?.filter ?? ''),
  };
}

function bandTable(graph: ServiceGraph, metric: Metric): FigureTable {
  const names = new Map(graph.nodes.map(({ id, name }) => [id, name]));
  return {
    heads: [say('from'), say('to'), say('category'), say(metric), say('an upper bound'), say('flows, as recorded')],
    rows: graph.links.map(({ source, target, category, amount, isBound, flows }) => [
      names.get(source) ?? source,
      names.get(target) ?? target,
      category,
      amount,
      isBound ? say('yes') : say('no'),
      flows,
    ]),
  };
}

const MODES = said({ bands: 'Bands', network: 'Network', hosts: 'Host to host' });
type Mode = keyof typeof MODES;
const MODE_NAMES = Object.keys(MODES) as Mode[];

/** How the graph is drawn, while the case is open. */
const drawing = settingStore<{ mode: Mode }>({ mode: 'bands' });

export function ServicesView(): ReactNode {
  const { mode } = drawing.use();
  useActions((action) => {
    if (action !== 'switch-graph') return false;
    drawing.set({ mode: MODE_NAMES[(MODE_NAMES.indexOf(mode) + 1) % MODE_NAMES.length] ?? 'bands' });
    return true;
  });
  const modes = (
    <fieldset className="segmented">
      <legend className="hidden">{say('Drawn as')}</legend>
      {MODE_NAMES.map((name) => (
        <label key={name} title={name === 'hosts' ? say('Hosts of the ranges among themselves') : undefined}>
          <input type="radio" name="graph-mode" checked={name === mode} onChange={() => drawing.set({ mode: name })} />
          <span>{MODES[name]}</span>
        </label>
      ))}
    </fieldset>
  );
  return mode === 'bands' ? <ServiceBands modes={modes} /> : <ServicesNetwork kind={mode} modes={modes} />;
}

function ServiceBands({ modes }: { modes: ReactNode }): ReactNode {
  const { where, setWhere, metric, selection: selected, select, overview } = useWorkbench();
  const [left, setLeft] = useState<LeftDimension>('range');
  const [long, setLong] = useState<Readonly<Record<GraphColumn, boolean>>>({
    left: false,
    service: false,
    country: false,
  });
  const [marked, setMarked] = useState<string | null>(null);
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const fitting = height === 0 ? null : nodesThatFit(height);
  const most = useMemo<Most>(() => {
    const count = (column: GraphColumn): number => (long[column] ? MORE : (fitting ?? 5));
    return { left: count('left'), service: count('service'), country: count('country') };
  }, [long, fitting]);
  const { graph, error, pending, estimated } = useServiceGraph(left, most);
  const highlighted = useHighlightedShares(graph, left);

  const nodesIn = (column: GraphColumn): number => graph?.nodes.filter((node) => node.column === column).length ?? 0;
  const tall = Math.max(
    height,
    ...GRAPH_COLUMNS.filter((column) => long[column]).map((column) => heightOf(nodesIn(column))),
  );
  const find = (id: string | null): GraphNode | GraphLink | undefined =>
    graph?.nodes.find((node) => node.id === id) ?? graph?.links.find((link) => link.id === id);
  const of = find(marked);
  const again = find(selected?.id ?? null);
  // The rest of another filter is another one, though it stands in the same place.
  const isSame = graph !== null && again !== undefined && selectionOf(again, graph).filter === selected?.filter;
  const filterTo = (each: GraphNode | GraphLink): void => {
    if (graph !== null) setWhere(joinFilters(where, selectionOf(each, graph).filter));
  };

  return (
    <div className={selected === null ? 'view services' : 'view services inspecting'}>
      <section className="panel" aria-busy={pending} aria-labelledby="services-title">
        <header>
          <h2 id="services-title">{say('Services')}</h2>
          <EstimateMark when={estimated} />
          <span className="graph-readout quiet">
            {graph === null || of === undefined
              ? say('{metric} between {left}, services and the countries of the peers', {
                  metric: say(metric),
                  left: withinSentence(LEFT_NAMES[left]),
                })
              : describe(of, graph, metric)}
          </span>
          <fieldset className="segmented">
            <legend className="hidden">{say('Left column')}</legend>
            {(['range', 'host'] as const).map((dimension) => (
              <label key={dimension}>
                <input
                  type="radio"
                  name="graph-left"
                  checked={dimension === left}
                  onChange={() => setLeft(dimension)}
                />
                <span>{LEFT_NAMES[dimension]}</span>
              </label>
            ))}
          </fieldset>
          {modes}
        </header>
        {error !== null && <ErrorNotice error={error} />}
        {graph !== null && graph.nodes.length > 0 && (
          <div className="graph-heads">
            {GRAPH_COLUMNS.map((column) => (
              <ColumnHead
                key={column}
                name={{ left: LEFT_NAMES[left], service: say('Services'), country: say('Countries') }[column]}
                counts={graph.counts[column]}
                isLong={long[column]}
                onLong={(isLong) => setLong({ ...long, [column]: isLong })}
              />
            ))}
          </div>
        )}
        <div ref={box} className="graph-box">
          {graph !== null && graph.nodes.length === 0 && (
            <Empty title={say('No flow matches the filter')}>
              <p>{say('Clear the filter or widen it.')}</p>
            </Empty>
          )}
          {graph !== null && graph.nodes.length > 0 && graph.links.every(({ amount }) => amount === 0) && (
            <Empty
              title={say('The {flows} matching flows hold no {metric}', {
                flows: formatCount(graph.total.flows),
                metric: say(metric),
              })}
            >
              <p>{say('Count in flows to see them.')}</p>
            </Empty>
          )}
          {graph !== null && width > 0 && graph.links.some(({ amount }) => amount > 0) && (
            <ServiceGraphChart
              graph={graph}
              metric={metric}
              hasHosts={left === 'host'}
              width={width}
              height={tall}
              marked={marked ?? (isSame ? again.id : null)}
              highlighted={highlighted}
              onMark={setMarked}
              onSelect={(each) => select(selectionOf(each, graph))}
              onFilter={filterTo}
              onEscape={() => select(null)}
            />
          )}
        </div>
        {graph !== null && graph.nodes.length > 0 && <Colours graph={graph} />}
        {graph !== null && graph.nodes.length > 0 && (
          <FigureTools
            title={say('{left}, services and countries', { left: LEFT_NAMES[left] })}
            box={box}
            table={() => bandTable(graph, metric)}
            facts={{
              metric: say(metric),
              filter: where === '' ? say('every flow') : where,
              ...(estimated ? ESTIMATED : {}),
              case: overview.title,
            }}
          />
        )}
        <p className="foot quiet">
          {say('A band joins two columns; it does not go on through a service.')}{' '}
          {metric === 'host-hours'
            ? say(
                'A host-hour counts once in each band that it touched: bands add up to more than there are, and what is merged is told as “at most” (≤). ',
              )
            : ''}
          {graph?.scaled === true ? say('Scaled by sampling. ') : ''}
          {say('Arrow keys move, with Shift to a band; Enter or a click explains, with Shift it filters.')}
        </p>
      </section>
      {selected !== null && <SelectionInspector selection={selected} />}
    </div>
  );
}
