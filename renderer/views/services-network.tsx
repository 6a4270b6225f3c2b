import { type ReactNode, useMemo, useRef, useState } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { FigureTable } from '../charts/figure-table.ts';
import { NetworkCanvas } from '../charts/service-graph-canvas.tsx';
import { inksOf, type Marks, svgOfMarks } from '../charts/service-graph-drawing.ts';
import { KIND_NAMES, type Network, type NetworkNode, type Trace } from '../charts/service-graph-network.ts';
import type { Selection } from '../state/history.ts';
import { settingStore } from '../state/setting-store.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useSize } from '../state/use-size.ts';
import { useActions } from '../state/view-actions.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ESTIMATED, EstimateMark } from './estimate-mark.tsx';
import { FigureTools } from './figure-tools.tsx';
import { NetworkNodes, type NodeRow } from './network-nodes.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { SelectionInspector } from './selection-inspector.tsx';
import { said, say } from '../../shared/text/say.ts';
import { useHosts, useServices } from './use-network.ts';

/** The service graph as a network, or the hosts among themselves: groups that open, and the paths through a node. */

/** Ids of the groups that are opened, while the case is open. */
const opened = settingStore<{ open: ReadonlySet<string> }>({ open: new Set() });

const SIDES = said({ here: 'This node', upstream: 'Upstream', both: 'Both ways', downstream: 'Downstream' });

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
        say('filter'),
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
    heads: [say('from'), say('to'), say(metric), say('flows, as recorded')],
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
  const { network, error, note, estimated, trace, highlighted } = isHosts ? hosts : services;
  const metric = isHosts && asked === 'host-hours' ? 'flows' : asked;
  const lit = useMemo(
    () => (trace === null ? null : { nodes: new Set(trace.nodes.map(({ node }) => node.id)), links: trace.links }),
    [trace],
  );
  const from = network?.nodes.find(({ id }) => id === chosen) ?? null;
  const describe = (node: NetworkNode): string => {
    const flows =
      metric === 'flows' && network?.scaled === false ? '' : `, ${say('{count|flow|flows}', { count: node.flows })}`;
    return `${say(KIND_NAMES[node.kind])} ${visibleText(node.name)}: ${node.isBound ? say('at most ') : ''}${formatAmount(metric, node.amount)}${flows}${node.opens ? say('; opens') : ''}`;
  };

  const openGroup = ({ id }: NetworkNode): void => opened.set({ open: new Set(open).add(id) });
  const closeGroup = ({ group }: NetworkNode): void =>
    opened.set({ open: new Set([...open].filter((id) => id !== group)) });
  const turn = (node: NetworkNode): void => {
    if (node.opens) openGroup(node);
    else if (node.group !== null) closeGroup(node);
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
  const listed = useMemo(
    (): readonly NodeRow[] =>
      trace?.nodes.map((each) => ({ ...each, side: `${SIDES[each.side]}${each.hops > 0 ? `, ${each.hops}` : ''}` })) ??
      network?.nodes.map((node) => ({ ...node, node, side: null })) ??
      [],
    [trace, network],
  );

  return (
    <div className="view services network-view inspecting">
      <section className="panel" aria-labelledby="services-title">
        <header>
          <h2 id="services-title">{isHosts ? say('Hosts') : say('Services')}</h2>
          <EstimateMark when={estimated} />
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
              highlighted={highlighted}
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
              metric: say(metric),
              filter: where === '' ? say('every flow') : where,
              ...(estimated ? ESTIMATED : {}),
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
        network !== null &&
        network.nodes.length > 0 && (
          <NetworkNodes
            from={from}
            rows={listed}
            metric={metric}
            reach={isHosts ? reach : null}
            describe={describe}
            onReach={setReach}
            onChoose={setChosen}
            onExplain={(node) => select(selectionOf(node))}
            onFilter={filterTo}
            onOpen={openGroup}
            onClose={closeGroup}
          />
        )
      )}
    </div>
  );
}
