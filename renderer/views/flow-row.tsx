import { memo, type ReactNode } from 'react';
import { countryName } from '../../shared/country-name.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { categoryColour } from '../category-colours.ts';
import { cellText, type FlowColumn } from '../state/flow-columns.ts';
import { cellClass } from './flow-heads.tsx';

/** A flow as a row of the table, cell by cell. */

function Cell({ column, flow, timeZone }: { column: FlowColumn; flow: FlowRecord; timeZone: string }): ReactNode {
  const text = cellText(column, flow, timeZone);
  switch (column.field) {
    case 'category':
      return (
        <>
          <span className="swatch" style={{ backgroundColor: categoryColour(flow.category) }} />
          {text}
        </>
      );
    case 'country':
      return <span title={flow.country === null ? undefined : (countryName(flow.country) ?? undefined)}>{text}</span>;
    case 'protocol':
      return (
        <>
          {text} <span className="quiet">{flow.transport}</span>
        </>
      );
    default:
      return text;
  }
}

export const FlowRow = memo(function FlowRow(props: {
  flow: FlowRecord | null;
  row: number;
  columns: readonly FlowColumn[];
  isInGroup: boolean;
  selected: boolean;
  /** Number of the column that the keyboard is in, while the row is selected. */
  pointed: number | null;
  highlighted: boolean;
  timeZone: string;
}): ReactNode {
  const { flow, row, columns, selected, pointed, timeZone } = props;
  return (
    <div
      id={`flow-${row}`}
      role="row"
      aria-rowindex={row + 2}
      aria-selected={selected}
      {...(props.isInGroup ? { 'aria-level': 2 } : {})}
      data-row={row}
      className={`flow-row${selected ? ' selected' : ''}${props.highlighted ? ' highlighted' : ''}${props.isInGroup ? ' in-group' : ''}`}
    >
      {columns.map((column, at) => (
        <span
          key={column.field}
          id={`flow-${row}-${at}`}
          role="gridcell"
          data-column={at}
          className={`${cellClass(column)}${at === pointed ? ' pointed' : ''}`}
        >
          {flow === null ? (
            <span className="loading" aria-busy="true">
              …
            </span>
          ) : (
            <Cell column={column} flow={flow} timeZone={timeZone} />
          )}
        </span>
      ))}
    </div>
  );
});
