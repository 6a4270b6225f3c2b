import { type ReactNode, useMemo } from 'react';
import type { FlowOrder } from '../../shared/flow-order.ts';
import { formatBytes, formatCount, formatShare } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { useAsk } from '../bridge-access.ts';
import { type FlowGroup, flowGroups, groupOrder, GROUP_NAMES, type GroupDimension } from '../state/flow-groups.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** The groups of the table of flows: their heads, and a row for each. */

/** Heads of groups: a click orders the groups; by flows they go when no order is chosen. */
export function GroupHeads(props: {
  dimension: GroupDimension;
  order: FlowOrder | null;
  onOrder: (order: FlowOrder | null) => void;
}): ReactNode {
  const { dimension, order, onOrder } = props;
  const by = groupOrder(dimension, order);
  const descends = by === 'flows' || order?.descending === true;
  const head = (name: string, of: ReturnType<typeof groupOrder>, field: FlowOrder['by'] | null): ReactNode => (
    <span
      role="columnheader"
      className={of === 'key' ? 'cell' : 'cell number'}
      aria-sort={of === by ? (descends ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        className="quiet"
        title={say('Order the groups by {column}', { column: of === 'key' ? 'name' : of })}
        onClick={() => onOrder(field === null ? null : { by: field, descending: of === by ? !descends : of !== 'key' })}
      >
        {name}
        {of === by && <span aria-hidden="true">{descends ? ' ↓' : ' ↑'}</span>}
      </button>
    </span>
  );
  return (
    <div role="row" className="flow-row group-heads">
      {head(GROUP_NAMES[dimension], 'key', dimension)}
      {head(say('Flows'), 'flows', null)}
      <span role="columnheader" className="cell number">
        {say('Share')}
      </span>
      {head(say('Bytes'), 'bytes', 'bytes')}
      {head(say('Packets'), 'packets', 'packets')}
    </div>
  );
}

export function GroupRow(props: {
  group: FlowGroup;
  name: string;
  row: number;
  share: number;
  colour: string | null;
  isOpen: boolean;
  selected: boolean;
}): ReactNode {
  const { group, name, row, isOpen, colour } = props;
  const times = group.scaled ? say(' (scaled)') : '';
  return (
    <div
      id={`flow-${row}`}
      role="row"
      aria-rowindex={row + 2}
      aria-level={1}
      aria-expanded={isOpen}
      aria-selected={props.selected}
      data-row={row}
      className={`flow-row group${props.selected ? ' selected' : ''}`}
    >
      <span id={`flow-${row}-0`} role="gridcell" className="cell">
        <span className="turn" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        {colour !== null && <span className="swatch" style={{ backgroundColor: colour }} />}
        <strong>{name}</strong>
      </span>
      <span role="gridcell" className="cell number">
        {formatCount(group.flows)}
      </span>
      <span role="gridcell" className="cell number quiet">
        {formatShare(props.share)}
      </span>
      <span role="gridcell" className="cell number">
        {formatBytes(group.bytes) + times}
      </span>
      <span role="gridcell" className="cell number">
        {formatCount(group.packets) + times}
      </span>
    </div>
  );
}

/** The groups of the filter by a dimension; null while they are on their way. */
export function useGroups(
  dimension: GroupDimension | null,
  order: FlowOrder | null,
): { groups: readonly FlowGroup[] | null; error: ErrorValue | null } {
  const { where, version } = useWorkbench();
  const by = [dimension ?? 'category'];
  const isAsked = dimension !== null;
  const flows = useAsk('summary', { by, metric: 'flows', where }, version, isAsked);
  const bytes = useAsk('summary', { by, metric: 'bytes', where }, version, isAsked);
  const packets = useAsk('summary', { by, metric: 'packets', where }, version, isAsked);
  const isReady = isAsked && !flows.pending && !bytes.pending && !packets.pending;
  const groups = useMemo(
    () =>
      !isReady || dimension === null || flows.value === null || bytes.value === null || packets.value === null
        ? null
        : flowGroups(dimension, { flows: flows.value, bytes: bytes.value, packets: packets.value }, order),
    [isReady, dimension, flows.value, bytes.value, packets.value, order],
  );
  return { groups, error: isAsked ? (flows.error ?? bytes.error ?? packets.error) : null };
}
