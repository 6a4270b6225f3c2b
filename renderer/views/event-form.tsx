import { type FormEvent, type ReactNode, useState } from 'react';
import type { CaseEvent } from '../../shared/event.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { parseInstant } from '../../shared/time.ts';
import { ask } from '../bridge-access.ts';
import { localTime } from '../state/local-time.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** States an event, or restates one that was entered by hand; the findings are made anew. */

const LONGEST = { label: 300, kind: 64, source: 300 } as const;

/** @param at the time a new event begins with, as it stands in the field */
export function EventForm(props: { event: CaseEvent | null; at: string; onClose: () => void }): ReactNode {
  const { event, onClose } = props;
  const { overview, profileZone } = useWorkbench();
  const [draft, setDraft] = useState({
    time: event === null ? props.at : localTime(event.time, profileZone, 'second'),
    label: event?.label ?? '',
    kind: event?.kind ?? '',
    source: event?.source ?? '',
    uncertainty: String(event?.uncertaintyMinutes ?? 0),
  });
  const [fault, setFault] = useState<ErrorValue | null>(null);
  const [isBusy, setBusy] = useState(false);
  const time = parseInstant(draft.time.trim(), profileZone);
  const minutes = Number(draft.uncertainty);
  const isTimeWrong = draft.time.trim() !== '' && time === null;
  const isWrong = time === null || !(minutes >= 0) || draft.label.trim() === '' || draft.kind.trim() === '';
  const kinds = [...new Set(overview.events.map(({ kind }) => kind))].toSorted();

  const submit = async (submitted: FormEvent): Promise<void> => {
    submitted.preventDefault();
    if (time === null || isWrong || isBusy) return;
    setBusy(true);
    setFault(null);
    const { label, kind, source } = draft;
    const add = { time, label: label.trim(), kind: kind.trim(), source: source.trim(), uncertaintyMinutes: minutes };
    const answer = await ask('changeEvents', { change: { remove: event, add } });
    setBusy(false);
    if (answer.ok) onClose();
    else setFault(answer.error);
  };
  const field = (name: 'label' | 'kind' | 'source', title: string, hint: string, isOptional = false): ReactNode => (
    <label>
      {title} {isOptional && <span className="quiet">{say('(optional)')}</span>}
      <input
        value={draft[name]}
        required={!isOptional}
        maxLength={LONGEST[name]}
        placeholder={hint}
        list={name === 'kind' ? 'event-kinds' : undefined}
        onChange={({ target }) => setDraft({ ...draft, [name]: target.value })}
      />
    </label>
  );
  return (
    <Modal
      label={event === null ? say('Add an event') : say('Restate an event')}
      className="new-case"
      isFirm
      onClose={onClose}
    >
      <form onSubmit={(submitted) => void submit(submitted)}>
        <h2>{event === null ? say('Add an event') : say('Restate an event')}</h2>
        <div className="pair">
          <label>
            {say('Time')} <span className="quiet">{say('{profileZone}, unless it names a zone', { profileZone })}</span>
            <input
              className="mono"
              value={draft.time}
              required
              autoFocus
              placeholder="2017-05-14T04:57"
              aria-invalid={isTimeWrong}
              onChange={({ target }) => setDraft({ ...draft, time: target.value })}
            />
          </label>
          <label>
            {say('Known within')} <span className="quiet">{say('minutes')}</span>
            <input
              type="number"
              min={0}
              max={525_600}
              value={draft.uncertainty}
              onChange={({ target }) => setDraft({ ...draft, uncertainty: target.value })}
            />
          </label>
        </div>
        {field('label', say('What happened'), say('One line'))}
        <div className="pair">
          {field('kind', say('Kind'), say('Analyses compare events of one kind'))}
          {field('source', say('Source'), say('Where it is told'), true)}
        </div>
        <datalist id="event-kinds">
          {kinds.map((kind) => (
            <option key={kind} value={kind} />
          ))}
        </datalist>
        <p className="quiet">
          {say(
            'The findings are made anew with it. Each change is an entry in the audit chain; the event stands in the list “entered by hand”.',
          )}
        </p>
        {fault !== null && <ErrorNotice error={fault} />}
        <footer>
          <button type="button" onClick={onClose}>
            {say('Cancel')}
          </button>
          <button type="submit" className="primary" disabled={isWrong || isBusy}>
            {isBusy ? say('Analysing…') : event === null ? say('Add') : say('Save')}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
