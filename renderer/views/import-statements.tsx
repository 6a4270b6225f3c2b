import { type FormEvent, type ReactNode, useCallback, useState } from 'react';
import { FURTHER_HASHES, type FurtherHash, MAX_CLOCK_REASON } from '../../shared/custody.ts';
import type { Custody } from '../../shared/jobs.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask } from '../bridge-access.ts';
import { checkDraft, type MappingDraft } from '../state/mapping-draft.ts';
import { fileName } from '../state/names.ts';
import { statedClock } from '../state/stated-clock.ts';
import { MappingEditor } from './mapping-editor.tsx';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

const HASH_NAMES: Readonly<Record<FurtherHash, string>> = { sha1: 'SHA-1', md5: 'MD5' };

function FilePanel(props: {
  paths: readonly string[];
  onPaths: (paths: readonly string[]) => void;
  onError: (error: ErrorValue) => void;
}): ReactNode {
  const { paths, onPaths, onError } = props;
  const add = async (what: 'files' | 'folders'): Promise<void> => {
    const answer = await ask('chooseEvidence', { what });
    if (answer.ok) onPaths([...new Set([...paths, ...answer.value])]);
    else onError(answer.error);
  };
  return (
    <section aria-labelledby="statement-files">
      <header>
        <h3 id="statement-files">{say('Files and folders')}</h3>
        <button type="button" className="small" onClick={() => void add('files')}>
          {say('Add files…')}
        </button>
        <button type="button" className="small" onClick={() => void add('folders')}>
          {say('Add folders…')}
        </button>
      </header>
      {paths.length === 0 ? (
        <p className="quiet">{say('None yet: choose them, or drop them here.')}</p>
      ) : (
        <ul className="statement-files" aria-label={say('Files and folders to import')}>
          {paths.map((path) => (
            <li key={path}>
              <span className="clip" title={visibleText(path)}>
                {fileName(path)}
              </span>
              <button
                type="button"
                className="quiet tiny"
                aria-label={say('Leave out {path}', { path: fileName(path) })}
                onClick={() => onPaths(paths.filter((other) => other !== path))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/**
 * Asks what an examiner states of the files of an import: their clock, further hashes, and what the columns of text exports
 * mean. `withMapping`: the columns are what it was opened for.
 */
export function ImportStatements(props: {
  paths: readonly string[];
  withMapping: boolean;
  busy: boolean;
  onPaths: (paths: readonly string[]) => void;
  onImport: (custody: Custody) => void;
  onClose: () => void;
}): ReactNode {
  const { paths, busy, onPaths } = props;
  const [offset, setOffset] = useState('');
  const [reason, setReason] = useState('');
  const [hashes, setHashes] = useState<readonly FurtherHash[]>([]);
  const [hasMapping, setHasMapping] = useState(props.withMapping);
  const [draft, setDraft] = useState<MappingDraft | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const [savedTo, setSavedTo] = useState<string | null>(null);
  const clock = statedClock(offset, reason);
  const checked = draft === null ? null : checkDraft(draft);
  const looked = paths.find((path) => path === chosen) ?? paths[0];
  const isReady = paths.length > 0 && !busy && clock.fault === null && (!hasMapping || checked?.ok === true);

  const change = useCallback((next: MappingDraft): void => {
    setSavedTo(null);
    setDraft(next);
  }, []);
  const openMapping = async (): Promise<void> => {
    const answer = await ask('chooseMapping', null);
    setError(answer.ok ? null : answer.error);
    if (!answer.ok || answer.value === null) return;
    change(answer.value.mapping);
    setHasMapping(true);
  };
  const saveMapping = async (): Promise<void> => {
    if (checked?.ok !== true) return;
    const answer = await ask('saveMapping', { mapping: checked.mapping });
    setError(answer.ok ? null : answer.error);
    if (answer.ok && answer.value !== null) setSavedTo(answer.value.path);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isReady) return;
    props.onImport({
      ...clock.stated,
      ...(hashes.length > 0 ? { alsoHash: hashes } : {}),
      ...(hasMapping && checked?.ok === true ? { mapping: checked.mapping } : {}),
    });
  };

  return (
    <Modal
      label={say('Import with statements')}
      className={hasMapping ? 'statements with-mapping' : 'statements'}
      isFirm
      onClose={props.onClose}
    >
      <form
        onSubmit={submit}
        onKeyDown={(event) => {
          // Enter ends the typing of a value there, it does not yet mean that all are right.
          const isValue = event.target instanceof HTMLInputElement && event.target.closest('.mapping-editor') !== null;
          if (event.key === 'Enter' && isValue) event.preventDefault();
        }}
      >
        <h2>{say('Import with statements')}</h2>
        {error !== null && <ErrorNotice error={error} onDismiss={() => setError(null)} />}
        <p className="quiet">{say('They hold for all files of this import, and are kept with each as yours.')}</p>
        <div className="statement-panels">
          <FilePanel paths={paths} onPaths={onPaths} onError={setError} />
          <section aria-labelledby="statement-clock">
            <h3 id="statement-clock">{say('Clock')}</h3>
            <div className="statement-clock">
              <label>
                {say('Offset, seconds')}
                <input
                  inputMode="decimal"
                  placeholder="0"
                  aria-invalid={clock.fault !== null}
                  aria-describedby="clock-note"
                  value={offset}
                  onChange={(event) => setOffset(event.target.value)}
                />
              </label>
              <label>
                {say('How it is known')}
                <input
                  maxLength={MAX_CLOCK_REASON}
                  placeholder={say('compared with NTP at seizure')}
                  aria-describedby="clock-note"
                  value={reason}
                  onChange={(event) => setReason(event.target.value)}
                />
              </label>
            </div>
            <p id="clock-note" className={clock.fault === null ? 'quiet' : 'problem'} aria-live="polite">
              {clock.fault === null
                ? say('What the clock was slow (negative: fast); added to every time, and printed in the report.')
                : `${clock.fault.charAt(0).toUpperCase()}${clock.fault.slice(1)}.`}
            </p>
          </section>
          <section aria-labelledby="statement-hashes">
            <h3 id="statement-hashes">{say('Hashes beside SHA-256')}</h3>
            {FURTHER_HASHES.map((hash) => (
              <label key={hash} className="check">
                <input
                  type="checkbox"
                  checked={hashes.includes(hash)}
                  onChange={(event) =>
                    setHashes(event.target.checked ? [...hashes, hash] : hashes.filter((other) => other !== hash))
                  }
                />
                {HASH_NAMES[hash]}
              </label>
            ))}
          </section>
        </div>
        <section aria-labelledby="statement-columns" className="statement-columns">
          <header>
            <h3 id="statement-columns">{say('Columns of text exports')}</h3>
            <label className="check">
              <input type="checkbox" checked={hasMapping} onChange={(event) => setHasMapping(event.target.checked)} />
              {say('Say what they mean')}
            </label>
            {hasMapping && paths.length > 1 && looked !== undefined && (
              <label className="check">
                {say('Looking at')}
                <select value={looked} onChange={(event) => setChosen(event.target.value)}>
                  {paths.map((path) => (
                    <option key={path} value={path}>
                      {fileName(path)}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <span className="quiet">
              {hasMapping
                ? say('For every text export of this import, Zeek logs aside.')
                : say('Otherwise Enclave reads the exports that it knows or is sure of.')}
            </span>
          </header>
          {hasMapping &&
            (looked === undefined ? (
              <p className="quiet">{say('Add a file to see its columns.')}</p>
            ) : (
              <MappingEditor key={looked} path={looked} draft={draft} onDraft={change} />
            ))}
        </section>
        <footer>
          <button type="button" onClick={() => void openMapping()}>
            {say('Open mapping…')}
          </button>
          <button type="button" disabled={!hasMapping || checked?.ok !== true} onClick={() => void saveMapping()}>
            {say('Save mapping…')}
          </button>
          <span className="clip quiet" role="status">
            {savedTo === null
              ? busy
                ? say('A job is in work: wait for its end.')
                : ''
              : say('Saved: {savedTo}', { savedTo: visibleText(savedTo) })}
          </span>
          <button type="button" onClick={props.onClose}>
            {say('Cancel')}
          </button>
          <button type="submit" className="primary" disabled={!isReady}>
            {say('Import')}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
