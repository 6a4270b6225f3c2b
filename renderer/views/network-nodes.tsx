import type { ReactNode } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { KIND_NAMES, type NetworkNode } from '../charts/service-graph-network.ts';
import { say, withinSentence } from '../../shared/text/say.ts';

/** The nodes of a network as a list, or those on the paths through one of them, and what can be done with it. */

/** Rows of the list beside the graph; the table and the CSV hold all. */
const LISTED = 200;

export interface NodeRow {
  readonly node: NetworkNode;
  /** On which side of the traced node it lies and how far away, in words; null without one. */
  readonly side: string | null;
  readonly amount: number;
  readonly isBound: boolean;
}

function amountText(metric: Metric, of: { amount: number; isBound: boolean }): string {
  return `${of.isBound ? '≤ ' : ''}${metric === 'bytes' ? formatBytes(of.amount) : formatCount(of.amount)}`;
}

/**
 * @param from the node whose paths are traced; null: none
 * @param reach most links away that are traced, of hosts among themselves; null: paths have an end of their own
 */
export function NetworkNodes(props: {
  from: NetworkNode | null;
  rows: readonly NodeRow[];
  metric: Metric;
  reach: number | null;
  describe: (node: NetworkNode) => string;
  onReach: (reach: number) => void;
  onChoose: (id: string | null) => void;
  onExplain: (node: NetworkNode) => void;
  onFilter: (node: NetworkNode) => void;
  onOpen: (node: NetworkNode) => void;
  onClose: (node: NetworkNode) => void;
}): ReactNode {
  const { from, rows, metric, reach, describe, onReach, onChoose, onExplain, onFilter, onOpen, onClose } = props;
  return (
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
            <button type="button" className="primary small" onClick={() => onExplain(from)}>
              {say('Explain')}
            </button>
            <button type="button" className="small" onClick={() => onFilter(from)}>
              {say('Filter to this')}
            </button>
            {from.opens && (
              <button type="button" className="small" onClick={() => onOpen(from)}>
                {say('Open')}
              </button>
            )}
            {from.group !== null && (
              <button type="button" className="small" onClick={() => onClose(from)}>
                {say('Close its group')}
              </button>
            )}
            <button type="button" className="small" onClick={() => onChoose(null)}>
              {say('End')}
            </button>
          </div>
        )}
        {from !== null && (
          <p className="quiet">
            {reach !== null ? (
              <>
                {say('All from which links lead here and to which they lead on,')}{' '}
                <select
                  aria-label={say('How far')}
                  value={reach}
                  onChange={(event) => onReach(Number(event.target.value))}
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
              {rows.some(({ side }) => side !== null) && <th scope="col">{say('Path, links away')}</th>}
              <th scope="col">{say('Node')}</th>
              <th scope="col" className="number">
                {say(metric)}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, LISTED).map(({ node, side, amount, isBound }) => (
              <tr key={node.id} aria-current={node.id === from?.id ? 'true' : undefined}>
                {side !== null && <td className="quiet">{side}</td>}
                <td>
                  <button
                    type="button"
                    className="quiet node-name"
                    title={describe(node)}
                    onClick={() => onChoose(node.id)}
                  >
                    {visibleText(node.name)} <span className="quiet">{withinSentence(say(KIND_NAMES[node.kind]))}</span>
                  </button>
                  {node.opens && (
                    <button
                      type="button"
                      className="tiny"
                      aria-label={say('Open {name}', { name: visibleText(node.name) })}
                      onClick={() => onOpen(node)}
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
        {rows.length > LISTED && (
          <p className="quiet foot">
            {say('The first {most} of {listed}; the table and the CSV hold all.', {
              most: formatCount(LISTED),
              listed: formatCount(rows.length),
            })}
          </p>
        )}
      </div>
    </aside>
  );
}
