import { type FormEvent, type ReactNode, useState } from 'react';
import { type CaseFacts, type CaseRecord, FACT_NAMES, type FactChange } from '../../shared/case-record.ts';
import { formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { recordChanged, useRecordVersion } from '../state/record-version.ts';
import { FactField, FurtherFacts } from './fact-fields.tsx';
import { Modal } from './modal.tsx';
import { NoteSearch, NotesPanel } from './notes-panel.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The facts of the open case, stated anew, and who works on it. */

/** What differs from the facts as they were. */
function changeOf(before: CaseFacts, after: CaseFacts): FactChange {
  return Object.fromEntries(
    FACT_NAMES.filter((name) => after[name] !== before[name]).map((name) => [name, after[name]]),
  );
}

function Editor({ record, onClose }: { record: CaseRecord; onClose: () => void }): ReactNode {
  const [facts, setFacts] = useState(record.facts);
  const [atWork, setAtWork] = useState(record.atWork);
  const [error, setError] = useState<ErrorValue | null>(null);
  const set = (name: keyof CaseFacts, value: string): void => setFacts({ ...facts, [name]: value });
  const save = async (): Promise<void> => {
    const examiner = atWork.trim();
    if (examiner !== '' && examiner !== record.atWork) {
      const begun = await ask('beginSitting', { examiner });
      if (!begun.ok) {
        setError(begun.error);
        return;
      }
    }
    const change = changeOf(record.facts, facts);
    if (Object.keys(change).length > 0) {
      const changed = await ask('changeFacts', { change });
      if (!changed.ok) {
        setError(changed.error);
        return;
      }
    }
    recordChanged();
    onClose();
  };
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2>{say('Case facts')}</h2>
      {error !== null && <ErrorNotice error={error} />}
      <FactField
        name="title"
        value={facts.title}
        isOptional={false}
        isFirst
        onChange={(value) => set('title', value)}
      />
      <div className="pair">
        <FactField name="examiner" value={facts.examiner} onChange={(value) => set('examiner', value)} />
        <FactField name="authority" value={facts.authority} onChange={(value) => set('authority', value)} />
      </div>
      <FurtherFacts facts={facts} onChange={set} />
      <label>
        {say('At work now')}{' '}
        <span className="quiet">{say('another name begins a sitting: its holder does what follows')}</span>
        <input value={atWork} maxLength={200} onChange={(event) => setAtWork(event.target.value)} />
      </label>
      <p className="quiet">
        {say('Worked on it:')}{' '}
        {record.examiners.length === 0 ? say('nobody by name') : visibleText(record.examiners.join('; '))}
        {say('. Each change is an entry in the audit chain, with what stood before.')}
      </p>
      <footer>
        <button type="button" onClick={onClose}>
          {say('Cancel')}
        </button>
        <button type="submit" className="primary">
          {say('Save')}
        </button>
      </footer>
    </form>
  );
}

export function CaseFactsDialog({ onClose }: { onClose: () => void }): ReactNode {
  const { value, error } = useAsk('record', null, useRecordVersion());
  return (
    <Modal label={say('Case facts')} className="new-case" isFirm onClose={onClose}>
      {error !== null && <ErrorNotice error={error} />}
      {value !== null && (
        <>
          <Editor record={value} onClose={onClose} />
          <NotesPanel target="case" />
          <NoteSearch />
        </>
      )}
    </Modal>
  );
}

/** The audit chain's head, to be noted elsewhere: by it a later change of the chain is told. */
export function RecordFoot(): ReactNode {
  const { value } = useAsk('record', null, useRecordVersion());
  if (value === null || value.head === null) return null;
  return (
    <p className="record-foot quiet">
      {say('Audit chain: {entries} entries, head', { entries: formatCount(value.entries) })}{' '}
      <span className="mono">{value.head}</span>
    </p>
  );
}
