import type { ReactNode } from 'react';
import type { TextPreview } from '../../shared/jobs.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { type MappingDraft, withHeader } from '../state/mapping-draft.ts';
import { say, type Text } from '../../shared/text/say.ts';
import type { FieldProps } from './mapping-field.tsx';

/** How a text export is written as a whole, and what its records count. */

/** Formats and delimiters that a list offers, `format delimiter`. */
const LOOKS: readonly [string, Text][] = [
  ['csv ', 'commas'],
  ['csv ;', 'semicolons'],
  ['tsv ', 'tabs'],
  ['pipe ', 'bars |'],
  ['space ', 'blanks'],
  ['ndjson ', 'none: JSON objects'],
];

export function FileLook(props: {
  draft: MappingDraft;
  preview: TextPreview;
  onDraft: (draft: MappingDraft) => void;
}): ReactNode {
  const { draft, preview, onDraft } = props;
  const look = `${draft.format} ${draft.delimiter ?? ''}`;
  const isListed = LOOKS.some(([each]) => each === look);
  const choose = (chosen: string): void => {
    const { delimiter: _, ...rest } = draft;
    const [format = 'csv', delimiter = ''] = chosen === '' ? ['csv', '^'] : chosen.split(' ');
    const isJson = format === 'ndjson';
    const header = isJson || draft.header;
    onDraft({ ...rest, header, format: format as Mapping['format'], ...(delimiter === '' ? {} : { delimiter }) });
  };
  return (
    <div className="mapping-look">
      <label>
        {say('Name of the mapping')}
        <input
          required
          maxLength={100}
          value={draft.name}
          onChange={(event) => onDraft({ ...draft, name: event.target.value })}
        />
      </label>
      {preview.kind === 'text' && (
        <>
          <label>
            {say('Columns parted by')}
            <select value={isListed ? look : ''} onChange={(event) => choose(event.target.value)}>
              {LOOKS.map(([id, label]) => (
                <option key={id} value={id}>
                  {say(label)}
                </option>
              ))}
              <option value="">{say('another character')}</option>
            </select>
          </label>
          {!isListed && (
            <label>
              {say('Character')}
              <input
                className="mono"
                maxLength={1}
                value={draft.delimiter ?? ''}
                onChange={(event) => onDraft({ ...draft, delimiter: event.target.value })}
              />
            </label>
          )}
        </>
      )}
      {preview.kind === 'text' && draft.format !== 'ndjson' && (
        <>
          <label>
            {say('Lines before the table')}
            <input
              type="number"
              min={0}
              max={10_000}
              value={draft.skipLines}
              onChange={(event) => onDraft({ ...draft, skipLines: Number(event.target.value) })}
            />
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={draft.header}
              onChange={(event) => onDraft(withHeader(draft, event.target.checked, preview))}
            />
            {say('First line names the columns')}
          </label>
        </>
      )}
    </div>
  );
}

export function Counts({ draft, onDraft }: Pick<FieldProps, 'draft' | 'onDraft'>): ReactNode {
  return (
    <div className="mapping-look">
      <label>
        {say('A record counts')}
        <select
          value={draft.direction}
          onChange={(event) => onDraft({ ...draft, direction: event.target.value as Mapping['direction'] })}
        >
          <option value="one-way">{say('one direction')}</option>
          <option value="two-way">{say('both directions')}</option>
        </select>
      </label>
      <label>
        {say('Bytes count')}
        <select
          value={draft.bytes}
          onChange={(event) => onDraft({ ...draft, bytes: event.target.value as Mapping['bytes'] })}
        >
          <option value="ip">{say('IP packets')}</option>
          <option value="frame">{say('whole frames')}</option>
          <option value="payload">{say('payload')}</option>
          <option value="unknown">{say('not known')}</option>
        </select>
      </label>
      <label>
        {say('ICMP type and code')}
        <select
          value={draft.icmp}
          onChange={(event) => onDraft({ ...draft, icmp: event.target.value as Mapping['icmp'] })}
        >
          <option value="ports">{say('in both ports')}</option>
          <option value="responder-port">{say('in the responder’s port')}</option>
          <option value="initiator-port">{say('in the initiator’s port')}</option>
        </select>
      </label>
    </div>
  );
}
