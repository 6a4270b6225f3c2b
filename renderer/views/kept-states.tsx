import { type FormEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { KeptState } from '../../shared/case-record.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { recordChanged, useRecordVersion } from '../state/record-version.ts';
import { VIEWS, VIEW_NAMES, useWorkbench } from '../state/workbench.ts';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** States of the analysis that the case keeps by name: filter, view and metric. Keeps the present one, shows one kept before. */

const LONGEST_NAME = 100;

function StateRow(props: { state: KeptState; onShow: () => void; onRemove: () => void }): ReactNode {
  const { name, filter, view, metric, examiner, savedAt } = props.state;
  const viewName = VIEWS.find((each) => each === view);
  const by = examiner === '' ? '' : say(', by {examiner}', { examiner: visibleText(examiner) });
  return (
    <li>
      <button type="button" className="kept-state" onClick={props.onShow}>
        <strong>{visibleText(name)}</strong>
        <span className="mono clip">{filter === '' ? say('every flow') : visibleText(filter)}</span>
        <span className="quiet">
          {viewName === undefined ? visibleText(view) : VIEW_NAMES[viewName]}
          {say(', {metric}; kept {savedAt} UTC{by}', {
            metric: say(metric),
            savedAt: savedAt.slice(0, 16).replace('T', ' '),
            by,
          })}
        </span>
      </button>
      <button
        type="button"
        className="quiet small"
        aria-label={say('Remove the state {name}', { name: visibleText(name) })}
        onClick={props.onRemove}
      >
        {say('Remove')}
      </button>
    </li>
  );
}

export function KeptStates(props: { onShow: (state: KeptState) => void; onClose: () => void }): ReactNode {
  const { where, view, metric } = useWorkbench();
  const { value, error } = useAsk('keptStates', null, useRecordVersion());
  const [name, setName] = useState('');
  const [fault, setFault] = useState<ErrorValue | null>(null);
  const field = useRef<HTMLInputElement>(null);
  // A dialog gives the focus to its first control. Before it is seen: what is typed at once is not lost.
  useLayoutEffect(() => field.current?.focus(), []);
  const told = fault ?? error;
  const replaces = value?.some((state) => state.name === name.trim()) === true;

  const keep = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const answer = await ask('keepState', { state: { name: name.trim(), filter: where, view, metric } });
    setFault(answer.ok ? null : answer.error);
    if (!answer.ok) return;
    setName('');
    recordChanged();
  };
  const remove = async (state: KeptState): Promise<void> => {
    const answer = await ask('removeState', { name: state.name });
    setFault(answer.ok ? null : answer.error);
    if (answer.ok) recordChanged();
  };

  return (
    <Modal label={say('Kept states')} className="kept-states" onClose={props.onClose}>
      <header>
        <h2>{say('Kept states')}</h2>
        <button type="button" className="quiet small" onClick={props.onClose}>
          {say('Close')}
        </button>
      </header>
      <form onSubmit={(event) => void keep(event)}>
        <label>
          {say('Keep this as')}
          <input
            ref={field}
            value={name}
            maxLength={LONGEST_NAME}
            placeholder={say('A name for filter, view and metric')}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <button type="submit" className="primary" disabled={name.trim() === ''}>
          {replaces ? say('Replace') : say('Keep')}
        </button>
      </form>
      <p className="quiet foot">
        {VIEW_NAMES[view]}, {say(metric)},{' '}
        <span className="mono">{where === '' ? say('every flow') : visibleText(where)}</span>
      </p>
      {told !== null && <ErrorNotice error={told} />}
      {value !== null && value.length === 0 && <p className="quiet">{say('None is kept in this case yet.')}</p>}
      <ul>
        {(value ?? []).map((state) => (
          <StateRow
            key={state.name}
            state={state}
            onShow={() => {
              props.onClose();
              props.onShow(state);
            }}
            onRemove={() => void remove(state)}
          />
        ))}
      </ul>
    </Modal>
  );
}
