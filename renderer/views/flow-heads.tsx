import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import type { FlowOrder, OrderField } from '../../shared/flow-order.ts';
import { type FlowColumn, flowColumn, moveColumn, resizeColumn, type ShownColumn } from '../state/flow-columns.ts';
import type { MenuPlace } from './cell-menu.tsx';
import { WIDTH_STEP } from './flow-columns-dialog.tsx';
import { say } from '../../shared/text/say.ts';

/** The heads of the table of flows. */

export function cellClass({ looks }: FlowColumn): string {
  return looks === undefined ? 'cell' : `cell ${looks}`;
}

/** The heads of the columns: a click orders, dragging moves, the edge widens; the same by keys, and in a menu. */
export function FlowHeads(props: {
  columns: readonly ShownColumn[];
  order: FlowOrder | null;
  onOrder: (field: OrderField) => void;
  onChange: (columns: readonly ShownColumn[]) => void;
  onMenu: (field: OrderField, place: MenuPlace) => void;
}): ReactNode {
  const { columns, order, onOrder, onChange, onMenu } = props;
  const [tabbed, setTabbed] = useState(0);
  const [over, setOver] = useState<number | null>(null);
  const dragged = useRef<OrderField | null>(null);
  const heads = useRef<HTMLDivElement>(null);
  const last = columns.length - 1;
  const focus = (at: number): void => {
    setTabbed(at);
    heads.current?.querySelectorAll<HTMLElement>('button')[at]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, { field, width }: ShownColumn, at: number): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step !== 0 && event.shiftKey) onChange(resizeColumn(columns, field, width + step * WIDTH_STEP));
    else if (step !== 0 && event.ctrlKey) {
      const to = Math.max(0, Math.min(last, at + step));
      onChange(moveColumn(columns, field, to));
      setTabbed(to);
    } else if (step !== 0 && !event.altKey) focus(Math.max(0, Math.min(last, at + step)));
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      const { left, bottom } = event.currentTarget.getBoundingClientRect();
      onMenu(field, { x: left, y: bottom });
    } else if (event.key === 'ArrowDown') heads.current?.closest<HTMLElement>('.flow-grid')?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const drop = (at: number): void => {
    if (dragged.current !== null) onChange(moveColumn(columns, dragged.current, at));
    dragged.current = null;
    setOver(null);
  };
  return (
    <div ref={heads} role="row" className="flow-row" aria-rowindex={1}>
      {columns.map((shown, at) => {
        const { field, width } = shown;
        const column = flowColumn(field);
        const isBy = order?.by === field;
        return (
          <span
            key={field}
            role="columnheader"
            className={`${cellClass(column).replace(' mono', '')}${over === at ? ' drop-here' : ''}`}
            aria-sort={isBy ? (order.descending ? 'descending' : 'ascending') : undefined}
            onDragOver={(event) => {
              if (dragged.current === null) return;
              event.preventDefault();
              setOver(at);
            }}
            onDrop={(event) => {
              event.preventDefault();
              event.stopPropagation();
              drop(at);
            }}
            onContextMenu={(event) => {
              event.preventDefault();
              event.stopPropagation();
              onMenu(field, { x: event.clientX, y: event.clientY });
            }}
          >
            <button
              type="button"
              className="quiet"
              draggable
              tabIndex={at === Math.min(tabbed, last) ? 0 : -1}
              title={say('{name}: {note}. Click to order, drag to move.', {
                name: say(column.name),
                note: say(column.note),
              })}
              onFocus={() => setTabbed(at)}
              onClick={() => onOrder(field)}
              onKeyDown={(event) => onKeyDown(event, shown, at)}
              onDragStart={(event) => {
                dragged.current = field;
                event.dataTransfer.effectAllowed = 'move';
                event.dataTransfer.setData('text/plain', column.name);
              }}
              onDragEnd={() => {
                dragged.current = null;
                setOver(null);
              }}
            >
              {say(column.name)}
              {isBy && <span aria-hidden="true">{order.descending ? ' ↓' : ' ↑'}</span>}
            </button>
            <span
              className="grip"
              aria-hidden="true"
              onPointerDown={(event) => {
                event.preventDefault();
                event.currentTarget.setPointerCapture(event.pointerId);
                event.currentTarget.dataset['from'] = String(event.clientX - width);
              }}
              onPointerMove={(event) => {
                const { from } = event.currentTarget.dataset;
                if (from !== undefined) onChange(resizeColumn(columns, field, event.clientX - Number(from)));
              }}
              onPointerUp={(event) => {
                delete event.currentTarget.dataset['from'];
              }}
            />
          </span>
        );
      })}
    </div>
  );
}
