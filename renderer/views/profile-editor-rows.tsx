import { type ReactNode, useId } from 'react';
import { type DraftFaults, DRAFT_TABLES, type DraftRow, type DraftTable } from '../state/profile-draft.ts';
import { say, type Text } from '../../shared/text/say.ts';

/** Fields of the profile's editor: single ones, and tables of them, each fault below its field. */

export interface Column {
  readonly field: string;
  readonly name: Text;
  /** Share of the width. */
  readonly width: number;
  /** Several lines. */
  readonly isLong?: boolean;
  readonly hint?: string;
}

export function DraftField(props: {
  label: string;
  isHidden?: boolean;
  value: string;
  fault: string | undefined;
  rows?: number;
  hint?: string | undefined;
  list?: string;
  onChange: (value: string) => void;
}): ReactNode {
  const { label, isHidden = false, value, fault, rows, hint, list, onChange } = props;
  const id = useId();
  const field = {
    value,
    placeholder: hint ?? '',
    'aria-invalid': fault !== undefined,
    'aria-describedby': fault === undefined ? undefined : id,
    spellCheck: false,
  };
  return (
    <label className="draft-field">
      <span className={isHidden ? 'hidden' : undefined}>{label}</span>
      {rows === undefined ? (
        <input {...field} list={list} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <textarea {...field} rows={rows} onChange={(event) => onChange(event.target.value)} />
      )}
      {fault !== undefined && (
        <span id={id} className="draft-fault">
          {fault}
        </span>
      )}
    </label>
  );
}

export function DraftRows(props: {
  table: DraftTable;
  /** One of the rows, as `range`. */
  noun: Text;
  columns: readonly Column[];
  rows: readonly DraftRow[];
  faults: DraftFaults;
  onChange: (rows: readonly DraftRow[]) => void;
}): ReactNode {
  const { table, noun, columns, rows, faults, onChange } = props;
  const grid = { gridTemplateColumns: `${columns.map(({ width }) => `minmax(0, ${width}fr)`).join(' ')} 30px` };
  const change = (index: number, field: string, value: string): void =>
    onChange(rows.map((row, at) => (at === index ? { ...row, [field]: value } : row)));
  const empty = Object.fromEntries(Object.keys(DRAFT_TABLES[table]).map((field) => [field, '']));
  return (
    <>
      {rows.length > 0 && (
        <div className="draft-heads" style={grid} aria-hidden="true">
          {columns.map(({ field, name }) => (
            <span key={field}>{say(name)}</span>
          ))}
        </div>
      )}
      {rows.map((row, index) => (
        <div
          // Rows have no identity but their place.
          key={`${table}/${index}`}
          className="draft-row"
          style={grid}
          role="group"
          aria-label={`${say(noun)} ${index + 1}`}
        >
          {columns.map(({ field, name, isLong, hint }) => (
            <DraftField
              key={field}
              label={say('{name} of {noun} {index}', { name: say(name), noun: say(noun), index: index + 1 })}
              isHidden
              value={row[field] ?? ''}
              fault={faults.get(`${table}.${index}.${field}`)}
              hint={hint === 'always' || hint === 'not stated' ? say(hint) : hint}
              {...(isLong === true ? { rows: 3 } : {})}
              onChange={(value) => change(index, field, value)}
            />
          ))}
          <button
            type="button"
            className="quiet icon"
            aria-label={say('Remove {noun} {index}', { noun: say(noun), index: index + 1 })}
            title={say('Remove this {noun}', { noun: say(noun) })}
            onClick={() => onChange(rows.filter((_, at) => at !== index))}
          >
            <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
              <path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" strokeWidth="1.6" />
            </svg>
          </button>
        </div>
      ))}
      <button type="button" className="small draft-add" onClick={() => onChange([...rows, empty])}>
        {say('Add a {noun}', { noun: say(noun) })}
      </button>
    </>
  );
}
