import { type ReactNode, useMemo, useRef, useState } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount, formatBytes, formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import type { FigureTable } from '../charts/figure-table.ts';
import { NetworkCanvas } from '../charts/service-graph-canvas.tsx';
import { inksOf, type Marks, svgOfMarks } from '../charts/service-graph-drawing.ts';
import {
  hostNetwork,
  KIND_NAMES,
  type Network,
  type NetworkNode,
  openedOf,
  serviceNetwork,
  type ServiceRows,
  type Trace,
  traceLinks,
  tracePart,
} from '../charts/service-graph-network.ts';
import { filterWord } from '../state/filter-completion.ts';
import type { Selection } from '../state/history.ts';
import { settingStore } from '../state/setting-store.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useSize } from '../state/use-size.ts';
import { useActions } from '../state/view-actions.ts';
import { useWorkbench } from '../state/workbench.ts';
import { FigureTools } from './figure-tools.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { SelectionInspector } from './selection-inspector.tsx';
import { said, say, withinSentence } from '../../shared/text/say.ts';

/** The service graph as a network, or the hosts among themselves: groups that open, and the paths through a node. */

/** Pairs of hosts asked for, the largest. */
const MOST_PAIRS = 20_000;
/** Rows of the list beside the graph; the table and the CSV hold all. */
const LISTED = 200;

/** Ids of the groups that are opened, while the case is open. */
const opened = settingStore<{ open: ReadonlySet<string> }>({ open: new Set() });

/** Rows of the service network; null until all are there. */
function useServiceRows(
  where: string,
  open: ReadonlySet<string>,
  when: boolean,
): { rows: ServiceRows | null; error: ErrorValue | null } {
  const { metric, version } = useWorkbench();
  const within = (kind: 'range' | 'country'): string | null => {
    const names = openedOf(kind, open);
    return names.length === 0 ? null : joinFilters(where, `${kind} in (${names.map(filterWord).join(', ')})`);
  };
  const [inRanges, inCountries] = [within('range'), within('country')];
  const ask = (by: string[], filter: string | null) =>
    // The hooks are always called, in the same order.
    useAsk('summary', { by, metric, where: filter ?? where }, version, when && filter !== null);
  const ranges = ask(['range', 'service', 'category'], where);
  const countries = ask(['service', 'category', 'country'], where);
  const hosts = ask(['range', 'host', 'service', 'category'], inRanges);
  const networks = ask(['country', 'asn', 'service', 'category'], inCountries);
  const error = ranges.error ?? countries.error ?? hosts.error ?? networks.error;
  const isReady = when && error === null && ![ranges, countries, hosts, networks].some(({ pending }) => pending);
  const rows = useMemo(
    () =>
      !isReady || ranges.value === null || countries.value === null
        ? null
        : {
            ranges: ranges.value,
            countries: countries.value,
            hosts: inRanges === null ? [] : (hosts.value ?? []),
            networks: inCountries === null ? [] : (networks.value ?? []),
          },
    [isReady, ranges.value, countries.value, hosts.value, networks.value, inRanges, inCountries],
  );
  return { rows, error };
}

interface Shown {
  readonly network: Network | null;
  readonly error: ErrorValue | null;
  /** What the nodes are of, in words. */
  readonly note: string;
}

/** Keeps the last network while the next is on its way. */
function useKept(network: Network | null): Network | null {
  const kept = useRef<Network | null>(null);
  if (network !== null) kept.current = network;
  return kept.current;
}

function useServices(open: ReadonlySet<string>, chosen: string | null, when: boolean): Shown & { trace: Trace | null } {
  const { where, metric } = useWorkbench();
  const overlaps = metric === 'host-hours';
  const { rows, error } = useServiceRows(where, open, when);
  const fresh = useMemo(() => (rows === null ? null : serviceNetwork(rows, open, overlaps)), [rows, open, overlaps]);
  const network = useKept(fresh);
  const from = network?.nodes.find(({ id }) => id === chosen) ?? null;
  const part = useServiceRows(from === null ? where : joinFilters(where, from.filter), open, when && from !== null);
  const trace = useMemo(
    () =>
      network === null || from === null || part.rows === null
        ? null
        : tracePart(network, serviceNetwork(part.rows, open, overlaps, network.members), from),
    [network, from, part.rows, open, overlaps],
  );
  return { network, error: error ?? part.error, note: '', trace };
}

function useHosts(
  open: ReadonlySet<string>,
  chosen: string | null,
  reach: number,
  when: boolean,
): Shown & { trace: Trace | null } {
  const { where, metric, version } = useWorkbench();
  const counted = metric === 'host-hours' ? 'flows' : metric;
  const asked = useAsk('hostPairs', { where, metric: counted, limit: MOST_PAIRS }, version, when);
  const pairs = asked.pending || !when ? null : asked.value;
  const fresh = useMemo(() => (pairs === null ? null : hostNetwork(pairs, open)), [pairs, open]);
  const network = useKept(fresh);
  const from = network?.nodes.find(({ id }) => id === chosen) ?? null;
  const trace = useMemo(
    () => (network === null || from === null ? null : traceLinks(network, from, reach)),
    [network, from, reach],
  );
  const left = asked.value === null ? 0 : asked.value.all - asked.value.pairs.length;
  const note = [
    metric === 'host-hours' ? say('Counted in flows: a pair has no host-hours.') : '',
    left > 0
      ? say('The {most} largest of {all} pairs.', {
          most: formatCount(MOST_PAIRS),
          all: formatCount(asked.value?.all ?? 0),
        })
      : '',
  ]
    .map((sentence) => (sentence === '' ? '' : `${sentence} `))
    .join('');
  return { network, error: asked.error, note, trace };
}

const SIDES = said({ here: 'This node', upstream: 'Upstream', both: 'Both ways', downstream: 'Downstream' });

function amountText(metric: Metric, of: { amount: number; isBound: boolean }): string {
  return `${of.isBound ? '≤ ' : ''}${metric === 'bytes' ? formatBytes(of.amount) : formatCount(of.amount)}`;
}

function tableOf(network: Network, trace: Trace | null, metric: Metric): FigureTable {
  if (trace !== null) {
    return {
      heads: [
        say('path'),
        say('links away'),
        say('kind'),
        say('node'),
        say(metric),
        say('flows, as recorded'),
        'filter',
      ],
      rows: trace.nodes.map(({ node, side, hops, amount, flows }) => [
        SIDES[side],
        hops,
        KIND_NAMES[node.kind],
        node.name,
        amount,
        flows,
        node.filter,
      ]),
    };
  }
  const names = new Map(network.nodes.map(({ id, name }) => [id, name]));
  return {
    heads: [say('from'), say('to'), metric, say('flows, as recorded')],
    rows: network.links.map(({ source, target, amount, flows }) => [
      names.get(source) ?? source,
      names.get(target) ?? target,
      amount,
      flows,
    ]),
  };
}

export function ServicesNetwork({ kind, modes }: { kind: 'network' | 'hosts'; modes: ReactNode }): ReactNode {
  const { where, setWhere, metric: asked, selection, select, overview } = useWorkbench();
  const { open } = opened.use();
  const [chosen, setChosen] = useState<string | null>(null);
  const [reach, setReach] = useState(Infinity);
  const [pointed, setPointed] = useState<NetworkNode | null>(null);
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const marks = useRef<Marks | null>(null);
  const isHosts = kind === 'hosts';
  const services = useServices(open, chosen, !isHosts);
  const hosts = useHosts(open, chosen, reach, isHosts);
  const { network, error, note, trace } = isHosts ? hosts : services;
  const metric = isHosts && asked === 'host-hours' ? 'flows' : asked;
  const lit = useMemo(
    () => (trace === null ? null : { nodes: new Set(trace.nodes.map(({ node }) => node.id)), links: trace.links }),
    [trace],
  );
  const from = network?.nodes.find(({ id }) => id === chosen) ?? null;
  const describe = (node: NetworkNode): string =>
    `${say(KIND_NAMES[node.kind])} ${visibleText(node.name)}: ${node.isBound ? say('at most ') : ''}${formatAmount(metric, node.amount)}, ${say('{count|flow|flows}', { count: node.flows })}${node.opens ? say('; opens') : ''}`;

  const turn = (node: NetworkNode): void => {
    const id = node.opens ? node.id : node.group;
    if (id === null) return;
    const next = new Set(open);
    if (node.opens) next.add(id);
    else next.delete(id);
    opened.set({ open: next });
  };
  const filterTo = (node: NetworkNode): void => setWhere(joinFilters(where, node.filter));
  const selectionOf = (node: NetworkNode): Selection => ({
    id: node.id,
    kind: KIND_NAMES[node.kind],
    title: node.name,
    filter: node.filter,
  });
  useActions((action) => {
    const node = pointed ?? from;
    if (action === 'close-groups') opened.set({ open: new Set() });
    else if (action === 'trace-node' && node !== null) setChosen(node.id === chosen ? null : node.id);
    else return false;
    return true;
  });

  const title = isHosts ? say('Hosts among themselves') : say('Ranges, services and countries');
  /** A picture is made of what is drawn, when it is asked for. */
  const picture = useMemo(
    () => ({
      get current(): HTMLElement | null {
        const { current } = box;
        if (current === null || marks.current === null) return null;
        const holder = document.createElement('div');
        holder.className = 'hidden';
        holder.append(svgOfMarks(marks.current, inksOf(current), current.clientWidth, current.clientHeight));
        current.append(holder);
        setTimeout(() => holder.remove());
        return holder;
      },
    }),
    [box],
  );
  const listed: readonly { node: NetworkNode; side: string | null; amount: number; flows: number; isBound: boolean }[] =
    trace?.nodes.map((each) => ({ ...each, side: `${SIDES[each.side]}${each.hops > 0 ? `, ${each.hops}` : ''}` })) ??
    network?.nodes.map((node) => ({ ...node, node, side: null })) ??
    [];

  return (
    <div className="view services network-view inspecting">
      <section className="panel" aria-labelledby="services-title">
        <header>
          <h2 id="services-title">{isHosts ? say('Hosts') : say('Services')}</h2>
          <span className="graph-readout quiet">
            {pointed !== null
              ? describe(pointed)
              : network === null
                ? say('Reading…')
                : say('{nodes|node|nodes}, {links|link|links}, by {metric}', {
                    nodes: network.nodes.length,
                    links: network.links.length,
                    metric: say(metric),
                  })}
          </span>
          {open.size > 0 && (
            <button type="button" className="small" onClick={() => opened.set({ open: new Set() })}>
              {say('Close all groups')}
            </button>
          )}
          {modes}
        </header>
        {error !== null && <ErrorNotice error={error} />}
        <div ref={box} className="network-box">
          {network !== null && network.nodes.length === 0 && (
            <Empty
              title={
                isHosts ? say('No flow between two hosts of the ranges matches') : say('No flow matches the filter')
              }
            >
              <p>{where === '' ? say('The case holds none.') : say('Clear the filter or widen it.')}</p>
            </Empty>
          )}
          {network !== null && network.nodes.length > 0 && (
            <NetworkCanvas
              key={kind}
              network={network}
              hasColumns={!isHosts}
              label={`${title}, ${say(metric)}`}
              width={width}
              height={height}
              lit={lit}
              chosen={from?.id ?? null}
              describe={describe}
              onPoint={setPointed}
              onTrace={(node) => setChosen(node.id === chosen ? null : node.id)}
              onTurn={turn}
              onFilter={filterTo}
              onEscape={() => setChosen(null)}
              drawn={marks}
            />
          )}
        </div>
        {network !== null && network.nodes.length > 0 && (
          <FigureTools
            title={from === null ? title : say('{title}: paths through {name}', { title, name: from.name })}
            box={picture}
            table={() => tableOf(network, trace, metric)}
            facts={{
              metric,
              filter: where === '' ? say('every flow') : where,
              case: overview.title,
              ...(network.scaled ? { scaled: say('by sampling') } : {}),
            }}
          />
        )}
        <p className="foot quiet">
          {isHosts ? say('A link leads from who opened the flows to who answered. ') : ''}
          {note}
          {asked === 'host-hours' && !isHosts
            ? say('A host-hour counts once in each part that it touched: what is merged is told as “at most” (≤). ')
            : ''}
          {network?.scaled === true ? say('Scaled by sampling. ') : ''}
          {say('Round: hosts and ranges')}
          {isHosts ? '' : say('; square: services and categories; on edge: countries and networks')}
          {say(
            '. A click or Enter lights the paths, a double click or Space opens a group (+) and closes it, Shift filters; wheel and drag, or + − 0, move the view.',
          )}
        </p>
      </section>
      {selection !== null ? (
        <SelectionInspector selection={selection} />
      ) : (
        <aside className="inspector panel" aria-label={say('Nodes')}>
          <header>
            <h2>
              {from === null ? (
                say('Nodes')
              ) : (
                <>
                  <span className="quiet">{say('Paths through')}</span> {visibleText(from.name)}
                </>
              )}
            </h2>
          </header>
          <div className="inspector-scroll" tabIndex={0} role="group" aria-label={say('Nodes and their amounts')}>
            {from !== null && (
              <div className="selection-actions">
                <button type="button" className="primary small" onClick={() => select(selectionOf(from))}>
                  {say('Explain')}
                </button>
                <button type="button" className="small" onClick={() => filterTo(from)}>
                  {say('Filter to this')}
                </button>
                {(from.opens || from.group !== null) && (
                  <button type="button" className="small" onClick={() => turn(from)}>
                    {from.opens ? say('Open') : say('Close its group')}
                  </button>
                )}
                <button type="button" className="small" onClick={() => setChosen(null)}>
                  {say('End')}
                </button>
              </div>
            )}
            {from !== null && (
              <p className="quiet">
                {isHosts ? (
                  <>
                    {say('All from which links lead here and to which they lead on,')}{' '}
                    <select
                      aria-label={say('How far')}
                      value={reach}
                      onChange={(event) => setReach(Number(event.target.value))}
                    >
                      <option value={1}>{say('1 link')}</option>
                      <option value={2}>{say('2 links')}</option>
                      <option value={3}>{say('3 links')}</option>
                      <option value={Infinity}>{say('however')}</option>
                    </select>{' '}
                    {say('far. That links follow each other does not prove that what came in went on.')}
                  </>
                ) : (
                  say('What the flows through this node touch: amounts are of these flows alone.')
                )}
              </p>
            )}
            <table className="network-nodes">
              <thead>
                <tr>
                  {trace !== null && <th scope="col">{say('Path, links away')}</th>}
                  <th scope="col">{say('Node')}</th>
                  <th scope="col" className="number">
                    {say(metric)}
                  </th>
                </tr>
              </thead>
              <tbody>
                {listed.slice(0, LISTED).map(({ node, side, amount, isBound }) => (
                  <tr key={node.id} aria-current={node.id === chosen ? 'true' : undefined}>
                    {side !== null && <td className="quiet">{side}</td>}
                    <td>
                      <button
                        type="button"
                        className="quiet node-name"
                        title={describe(node)}
                        onClick={() => setChosen(node.id)}
                      >
                        {visibleText(node.name)}{' '}
                        <span className="quiet">{withinSentence(say(KIND_NAMES[node.kind]))}</span>
                      </button>
                      {node.opens && (
                        <button
                          type="button"
                          className="tiny"
                          aria-label={say('Open {name}', { name: visibleText(node.name) })}
                          onClick={() => turn(node)}
                        >
                          +
                        </button>
                      )}
                    </td>
                    <td className="number">{amountText(metric, { amount, isBound })}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {listed.length > LISTED && (
              <p className="quiet foot">
                {say('The first {most} of {listed}; the table and the CSV hold all.', {
                  most: formatCount(LISTED),
                  listed: formatCount(listed.length),
                })}
              </p>
            )}
          </div>
        </aside>
      )}
    </div>
  );
}
