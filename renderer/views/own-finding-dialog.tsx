import { type FormEvent, type ReactNode, useState } from 'react';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import type { CountedOwnFinding, PickedExhibit } from '../../shared/own-finding.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import type { OwnFindingAsked } from '../state/own-finding.ts';
import { recordChanged, useRecordVersion } from '../state/record-version.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** Asks for a finding of the examiner's own: its words, and the flows that it rests on. */

/** What one exhibit comes to, counted while it is looked at; the engine counts again when it is saved. */
function ExhibitLine({ exhibit, onRemove }: { exhibit: PickedExhibit; onRemove: (() => void) | null }): ReactNode {
  const { version } = useWorkbench();
  const { value, error } = useAsk('totals', { where: exhibit.where }, version);
  return (
    <li>
      <strong>{visibleText(exhibit.label)}</strong>
      {onRemove !== null && (
        <button
          type="button"
          className="quiet tiny"
          aria-label={say('Take out {label}', { label: exhibit.label })}
          onClick={onRemove}
        >
          ×
        </button>
      )}
      <span className="mono">{exhibit.where === '' ? say('every flow') : visibleText(exhibit.where)}</span>
      <span className="quiet">
        {error !== null
          ? visibleText(error.message)
          : value === null
            ? say('counting…')
            : say('{flows} flows, {bytes}, {hostHours} host-hours, {hosts} hosts, {days} days', {
                flows: formatCount(value.flows),
                bytes: formatBytes(value.bytes),
                hostHours: formatCount(value.hostHours),
                hosts: formatCount(value.hosts),
                days: formatCount(value.days),
              })}
      </span>
    </li>
  );
}

const pickedOf = ({ exhibits }: CountedOwnFinding): PickedExhibit[] =>
  exhibits.map(({ label, where }) => ({ label, where }));

function Form(props: {
  asked: OwnFindingAsked;
  findings: readonly CountedOwnFinding[];
  onClose: () => void;
}): ReactNode {
  const { asked, findings, onClose } = props;
  const { busy, go } = useWorkbench();
  const added = asked.picked === null ? [] : [asked.picked];
  const of = (id: string | null): CountedOwnFinding | undefined => findings.find((each) => each.id === id);
  const start = of(asked.id);
  const [id, setId] = useState(asked.id);
  const [title, setTitle] = useState(start?.title ?? '');
  const [statement, setStatement] = useState(start?.statement ?? '');
  const [exhibits, setExhibits] = useState<readonly PickedExhibit[]>([
    ...(start === undefined ? [] : pickedOf(start)),
    ...added,
  ]);
  const [inReport, setInReport] = useState(start?.inReport ?? true);
  const [error, setError] = useState<ErrorValue | null>(null);
  const choose = (chosen: string): void => {
    const next = of(chosen);
    setId(next?.id ?? null);
    setTitle(next?.title ?? '');
    setStatement(next?.statement ?? '');
    setExhibits([...(next === undefined ? [] : pickedOf(next)), ...added]);
    setInReport(next?.inReport ?? true);
  };
  const isReady = title.trim() !== '' && statement.trim() !== '' && exhibits.length > 0 && !busy;
  const save = async (): Promise<void> => {
    const finding = { title: title.trim(), statement: statement.trim(), exhibits: [...exhibits], inReport };
    const answer =
      id === null ? await ask('addOwnFinding', { finding }) : await ask('changeOwnFinding', { id, change: finding });
    if (!answer.ok) {
      setError(answer.error);
      return;
    }
    recordChanged();
    onClose();
    go('findings', { id: `own:${answer.value.id}`, kind: 'Own finding', title: finding.title, filter: '' });
  };
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (isReady) void save();
      }}
    >
      <h2>{asked.id === null ? say('Finding of your own') : say('Change your finding')}</h2>
      {error !== null && <ErrorNotice error={error} onDismiss={() => setError(null)} />}
      <p className="quiet">
        {say(
          'It stands beside the computed findings, marked as the examiner’s own, without a verdict of Enclave. Its numbers are counted by Enclave and can be recounted.',
        )}
      </p>
      {asked.picked !== null && findings.length > 0 && (
        <label>
          {say('Add to')}
          <select value={id ?? ''} onChange={(event) => choose(event.target.value)}>
            <option value="">{say('a new finding')}</option>
            {findings.map((each) => (
              <option key={each.id} value={each.id}>
                {visibleText(each.title)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {say('Title')}
        <input value={title} maxLength={200} autoFocus onChange={(event) => setTitle(event.target.value)} />
      </label>
      <label>
        {say('Statement')}
        <textarea
          rows={4}
          maxLength={20_000}
          placeholder={say('What you state, in your own words')}
          value={statement}
          onChange={(event) => setStatement(event.target.value)}
        />
      </label>
      <section aria-labelledby="exhibits-title">
        <h3 id="exhibits-title">{say('Flows that it rests on')}</h3>
        {exhibits.length === 0 && <p className="problem">{say('None: a finding rests on flows.')}</p>}
        <ul className="exhibits">
          {exhibits.map((exhibit, index) => (
            <ExhibitLine
              key={`${index}/${exhibit.where}`}
              exhibit={exhibit}
              onRemove={() => setExhibits(exhibits.filter((_, at) => at !== index))}
            />
          ))}
        </ul>
      </section>
      <label className="check">
        <input type="checkbox" checked={inReport} onChange={(event) => setInReport(event.target.checked)} />{' '}
        {say('in the report')}
      </label>
      <footer>
        <button type="button" onClick={onClose}>
          {say('Cancel')}
        </button>
        <button type="submit" className="primary" disabled={!isReady}>
          {say('Save')}
        </button>
      </footer>
    </form>
  );
}

export function OwnFindingDialog({ asked, onClose }: { asked: OwnFindingAsked; onClose: () => void }): ReactNode {
  const { value, error } = useAsk('ownFindings', null, useRecordVersion());
  return (
    <Modal label={say('Finding of your own')} className="own-finding" isFirm onClose={onClose}>
      {error !== null && <ErrorNotice error={error} />}
      {value !== null && <Form asked={asked} findings={value} onClose={onClose} />}
    </Modal>
  );
}
