import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { checkedTarget, type Decision, DECISIONS, MAX_NOTE, type Note } from '../../shared/case-record.ts';
import { formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { Answer } from '../../shared/bridge.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { recordChanged, useRecordVersion } from '../state/record-version.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ErrorNotice } from './notice.tsx';
import { said, say } from '../../shared/text/say.ts';

/** Notes on one thing: those there are, and a field for another; and the notes of the whole case, found by their words. */

/** Notes of a search that are listed; the rest are counted. */
const MOST_FOUND = 100;

const DECISION_WORDS = said({
  accept: 'Accepted',
  reject: 'Rejected',
  comment: 'Comment',
});

/** What a note on a selection is about: a country, service or host where the filter is just that, else its flows. */
export function targetOfFilter(filter: string): string {
  const [, kind = '', value = ''] = /^(country|service|host) = "?([^"\s]+)"?$/.exec(filter) ?? [];
  return checkedTarget(`${kind}:${value}`) ?? `filter:${filter}`;
}

function tagsOf(text: string): string[] {
  return text
    .split(/[,\s]+/)
    .map((tag) => tag.replace(/^#+/, ''))
    .filter((tag) => tag !== '');
}

type Doing = (doing: Promise<Answer<unknown>>) => Promise<boolean>;

/** Does something with notes; what went wrong is told until it is dismissed. */
function useNoteChange(): { onDo: Doing; fault: ReactNode } {
  const [fault, setFault] = useState<ErrorValue | null>(null);
  const onDo: Doing = async (doing) => {
    const answer = await doing;
    setFault(answer.ok ? null : answer.error);
    if (answer.ok) recordChanged();
    return answer.ok;
  };
  return { onDo, fault: fault !== null && <ErrorNotice error={fault} onDismiss={() => setFault(null)} /> };
}

/** @param tellsTarget what it is about does not stand above */
function NoteItem(props: { note: Note; tellsTarget?: boolean; onDo: Doing }): ReactNode {
  const { note, tellsTarget = false, onDo } = props;
  const { id, decision, text, tags, examiner, madeAt, changedAt } = note;
  /** As it was chosen here, before the case has it. */
  const [chosen, setChosen] = useState<boolean | null>(null);
  const inReport = chosen ?? note.inReport;
  const choose = async (): Promise<void> => {
    setChosen(!inReport);
    if (!(await onDo(ask('changeNote', { id, change: { inReport: !inReport } })))) setChosen(null);
  };
  return (
    <li>
      {tellsTarget && <p className="quiet mono">{visibleText(note.target)}</p>}
      {decision !== null && <strong>{DECISION_WORDS[decision]}</strong>}
      {text !== '' && <p>{text.split('\n').map(visibleText).join('\n')}</p>}
      <p className="quiet">
        {say('{examiner}, {madeAt} UTC', {
          examiner: visibleText(examiner),
          madeAt: madeAt.slice(0, 16).replace('T', ' '),
        })}
        {changedAt === null ? '' : say(', changed since')}
        {tags.map((tag) => (
          <span key={tag} className="tag">
            {' '}
            #{visibleText(tag)}
          </span>
        ))}
      </p>
      <div className="note-actions">
        <label>
          <input type="checkbox" checked={inReport} onChange={() => void choose()} /> {say('in the report')}
        </label>
        <button type="button" className="quiet tiny" onClick={() => void onDo(ask('removeNote', { id }))}>
          {say('Remove')}
        </button>
      </div>
    </li>
  );
}

/** @param target as `checkedTarget` has it */
export function NotesPanel({ target }: { target: string }): ReactNode {
  const { busy } = useWorkbench();
  const { value, error } = useAsk('notes', { target, search: null }, useRecordVersion());
  const [text, setText] = useState('');
  const [tags, setTags] = useState('');
  const [decision, setDecision] = useState<Decision | ''>('');
  const { onDo, fault } = useNoteChange();
  const title = useId();
  const isFinding = target.startsWith('finding:');
  const notes = value ?? [];
  const add = async (): Promise<void> => {
    const note = { target, text, tags: tagsOf(tags), inReport: false, decision: decision === '' ? null : decision };
    if (!(await onDo(ask('addNote', { note })))) return;
    setText('');
    setTags('');
    setDecision('');
  };
  const isEmpty = text.trim() === '' && (decision === '' || decision === 'comment');
  return (
    <section className="notes" aria-labelledby={title}>
      <h3 id={title}>
        {say('Notes')}
        {notes.length > 0 && ` (${notes.length})`}
      </h3>
      {error !== null && <ErrorNotice error={error} />}
      {fault}
      {notes.length > 0 && (
        <ul>
          {notes.map((note) => (
            <NoteItem key={note.id} note={note} onDo={onDo} />
          ))}
        </ul>
      )}
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (!isEmpty) void add();
        }}
      >
        <textarea
          rows={2}
          maxLength={MAX_NOTE}
          value={text}
          aria-label={say('New note')}
          placeholder={say('What you saw, and what you make of it')}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="note-actions">
          <input
            value={tags}
            maxLength={400}
            aria-label={say('Tags')}
            placeholder={say('tags')}
            onChange={(event) => setTags(event.target.value)}
          />
          {isFinding && (
            <select
              aria-label={say('Decision')}
              value={decision}
              onChange={(event) => setDecision(DECISIONS.find((each) => each === event.target.value) ?? '')}
            >
              <option value="">{say('no decision')}</option>
              {DECISIONS.map((each) => (
                <option key={each} value={each}>
                  {DECISION_WORDS[each]}
                </option>
              ))}
            </select>
          )}
          <button type="submit" className="small" disabled={busy || isEmpty}>
            {say('Add')}
          </button>
        </div>
      </form>
    </section>
  );
}

/** The notes of the case whose text, tags, target or examiner hold some words. */
export function NoteSearch(): ReactNode {
  const [words, setWords] = useState('');
  const search = words.trim();
  const { value, error } = useAsk('notes', { target: null, search }, useRecordVersion(), search !== '');
  const { onDo, fault } = useNoteChange();
  const title = useId();
  const found = search === '' || value === null ? null : value;
  return (
    <section className="notes" aria-labelledby={title}>
      <h3 id={title}>{say('Find notes')}</h3>
      <input
        type="search"
        value={words}
        maxLength={200}
        aria-label={say('Words of a note')}
        placeholder={say('Words of text, tag, target or examiner')}
        onChange={(event) => setWords(event.target.value)}
      />
      {error !== null && <ErrorNotice error={error} />}
      {fault}
      {found !== null && (
        <p className="quiet" role="status">
          {found.length === 0
            ? say('No note of the case holds this.')
            : say('{shown} of {found} notes found', {
                shown: formatCount(Math.min(found.length, MOST_FOUND)),
                found: formatCount(found.length),
              })}
        </p>
      )}
      {found !== null && found.length > 0 && (
        <ul>
          {found.slice(0, MOST_FOUND).map((note) => (
            <NoteItem key={note.id} note={note} tellsTarget onDo={onDo} />
          ))}
        </ul>
      )}
    </section>
  );
}
