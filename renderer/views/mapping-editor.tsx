import { type ReactNode, useEffect } from 'react';
import type { MappedField } from '../../shared/mapping.ts';
import {
  checkDraft,
  columnChoices,
  draftOf,
  FURTHER_FIELDS,
  MAIN_FIELDS,
  type MappingDraft,
} from '../state/mapping-draft.ts';
import { fileName } from '../state/names.ts';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';
import { FieldRow } from './mapping-field.tsx';
import { Counts, FileLook } from './mapping-file-look.tsx';
import { FlowsPreview, RawRows, Unasked } from './mapping-preview.tsx';
import { useTextPreview } from './use-text-preview.ts';

/** What the columns of a text export or a Parquet file mean: its first rows, a choice a field, and what comes of it while it is made. */

const DEBOUNCE_MS = 200;

/** The editor of a mapping, on one of the files that it is for. `draft`: null until the first look at the file. */
export function MappingEditor(props: {
  path: string;
  draft: MappingDraft | null;
  onDraft: (draft: MappingDraft) => void;
}): ReactNode {
  const { path, draft, onDraft } = props;
  const { preview: unasked, error } = useTextPreview(path, null, 0);
  const checked = draft === null ? null : checkDraft(draft);
  const mapping = checked?.ok === true ? checked.mapping : null;
  const shown = useTextPreview(path, mapping, DEBOUNCE_MS, mapping !== null);
  useEffect(() => {
    if (draft === null && unasked !== null) onDraft(draftOf(unasked, fileName(path)));
  }, [draft, unasked, path, onDraft]);
  if (error !== null) return <ErrorNotice error={error} />;
  if (unasked === null || draft === null)
    return <p className="quiet">{say('Looking at {path}…', { path: fileName(path) })}</p>;
  const columns = columnChoices(unasked, draft);
  const row = (field: MappedField): ReactNode => (
    <FieldRow key={field} field={field} draft={draft} columns={columns} onDraft={onDraft} />
  );
  return (
    <div className="mapping-editor">
      <Unasked preview={unasked} />
      <RawRows draft={draft} columns={columns} />
      <div className="mapping-halves">
        <div className="mapping-form">
          <FileLook draft={draft} preview={unasked} onDraft={onDraft} />
          <div className="mapping-fields">{MAIN_FIELDS.map(row)}</div>
          <details open={FURTHER_FIELDS.some((field) => draft.fields[field] !== undefined)}>
            <summary>{say('Further fields')}</summary>
            <div className="mapping-fields">{FURTHER_FIELDS.map(row)}</div>
          </details>
          <Counts draft={draft} onDraft={onDraft} />
          <datalist id="mapping-zones">
            {Intl.supportedValuesOf('timeZone').map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </div>
        <div className="mapping-preview">
          <h3>{say('What comes of it')}</h3>
          {checked?.ok === false && (
            <p className="notice" role="status">
              {checked.fault}
            </p>
          )}
          {shown.error !== null && <ErrorNotice error={shown.error} />}
          {shown.preview !== null && <FlowsPreview preview={shown.preview} isOld={shown.pending || mapping === null} />}
        </div>
      </div>
    </div>
  );
}
