import type { ReactNode } from 'react';
import type { OrderField } from '../../shared/flow-order.ts';
import {
  FIRST_COLUMNS,
  FLOW_COLUMNS,
  flowColumn,
  moveColumn,
  resizeColumn,
  type ShownColumn,
  toggleColumn,
} from '../state/flow-columns.ts';
import { Modal } from './modal.tsx';
import { say } from '../../shared/text/say.ts';

/** Chooses the columns of the table of flows, their order and widths. */

/** Step of a width, in CSS pixels. */
export const WIDTH_STEP = 16;

export function FlowColumnsDialog(props: {
  columns: readonly ShownColumn[];
  onChange: (columns: readonly ShownColumn[]) => void;
  onClose: () => void;
}): ReactNode {
  const { columns, onChange, onClose } = props;
  const isShown = (field: OrderField): boolean => columns.some((column) => column.field === field);
  return (
    <Modal label={say('Columns of the flows')} className="flow-columns" onClose={onClose}>
      <header>
        <h2>{say('Columns')}</h2>
        <button type="button" className="quiet small" onClick={() => onChange(FIRST_COLUMNS)}>
          {say('As at first')}
        </button>
        <button type="button" className="quiet small" onClick={onClose}>
          {say('Close')}
        </button>
      </header>
      <p className="quiet foot">{say('Kept on this machine, for every case.')}</p>
      <h3>{say('Shown, from the left')}</h3>
      <ol>
        {columns.map(({ field, width }, at) => {
          const { note } = flowColumn(field);
          const name = say(flowColumn(field).name);
          return (
            <li key={field}>
              <span>
                {name} <span className="quiet">{say(note)}</span>
              </span>
              <label className="quiet">
                <span className="hidden">{say('Width of {name}', { name })}</span>
                <input
                  type="number"
                  step={WIDTH_STEP}
                  value={width}
                  onChange={(event) => onChange(resizeColumn(columns, field, event.target.valueAsNumber))}
                />{' '}
                {say('px')}
              </label>
              <button
                type="button"
                className="small"
                aria-label={say('Move {name} to the left', { name })}
                disabled={at === 0}
                onClick={() => onChange(moveColumn(columns, field, at - 1))}
              >
                ↑
              </button>
              <button
                type="button"
                className="small"
                aria-label={say('Move {name} to the right', { name })}
                disabled={at === columns.length - 1}
                onClick={() => onChange(moveColumn(columns, field, at + 1))}
              >
                ↓
              </button>
              <button
                type="button"
                className="quiet small"
                aria-label={say('Hide {name}', { name })}
                disabled={columns.length === 1}
                onClick={() => onChange(toggleColumn(columns, field))}
              >
                {say('Hide')}
              </button>
            </li>
          );
        })}
      </ol>
      <h3>{say('Not shown')}</h3>
      <ul>
        {FLOW_COLUMNS.filter(({ field }) => !isShown(field)).map(({ field, name, note }) => (
          <li key={field}>
            <span>
              {say(name)} <span className="quiet">{say(note)}</span>
            </span>
            <button
              type="button"
              className="small"
              aria-label={say('Show {name}', { name: say(name) })}
              onClick={() => onChange(toggleColumn(columns, field))}
            >
              {say('Show')}
            </button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
