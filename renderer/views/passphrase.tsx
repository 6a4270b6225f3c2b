import { type FormEvent, type ReactNode, useState } from 'react';
import { LEAST_PASSPHRASE } from '../../shared/passphrase.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The passphrases of encrypted cases: chosen for a new one, asked for when one is opened. */

/** What a new case needs of a passphrase that was typed twice; null when nothing is wrong. */
function faultOf(first: string, again: string): string | null {
  if (first.length < LEAST_PASSPHRASE)
    return say('{least} characters or more; several words are best.', { least: LEAST_PASSPHRASE });
  return first === again ? null : say('Type the same in both fields.');
}

/** Whether a new case is encrypted, and with what. `onChange` is told null for “not”, '' while the passphrase is not right. */
export function NewPassphrase({ onChange }: { onChange: (passphrase: string | null) => void }): ReactNode {
  const [isOn, setOn] = useState(false);
  const [first, setFirst] = useState('');
  const [again, setAgain] = useState('');
  const tell = (on: boolean, one: string, other: string): void => {
    setOn(on);
    setFirst(one);
    setAgain(other);
    onChange(on ? (faultOf(one, other) === null ? one : '') : null);
  };
  const fault = faultOf(first, again);
  return (
    <div className="field encrypt">
      <label className="check">
        <input type="checkbox" checked={isOn} onChange={(event) => tell(event.target.checked, '', '')} />
        {say('Encrypt the case with a passphrase')}
      </label>
      {isOn && (
        <>
          <div className="pair">
            <label>
              {say('Passphrase')}
              <input
                type="password"
                autoComplete="new-password"
                required
                value={first}
                aria-describedby="passphrase-fault"
                onChange={(event) => tell(true, event.target.value, again)}
              />
            </label>
            <label>
              {say('The same again')}
              <input
                type="password"
                autoComplete="new-password"
                required
                value={again}
                aria-invalid={again !== '' && again !== first}
                aria-describedby="passphrase-fault"
                onChange={(event) => tell(true, first, event.target.value)}
              />
            </label>
          </div>
          <p id="passphrase-fault" className="quiet" aria-live="polite">
            {fault ?? say('Who loses it loses the case: it is kept nowhere.')}{' '}
            {say('Reports, exports and carved packets are not encrypted.')}
          </p>
        </>
      )}
    </div>
  );
}

/** Asks for the passphrase of a case that is to be opened. */
export function AskPassphrase(props: {
  path: string;
  /** What was wrong with the last try. */
  error: ErrorValue | null;
  onOpen: (passphrase: string) => Promise<void>;
  onClose: () => void;
}): ReactNode {
  const [passphrase, setPassphrase] = useState('');
  const [isTrying, setTrying] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (passphrase === '' || isTrying) return;
    setTrying(true);
    await props.onOpen(passphrase);
    setTrying(false);
  };
  return (
    <Modal label={say('Open an encrypted case')} className="new-case" onClose={props.onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <h2>{say('This case is encrypted')}</h2>
        <p className="mono">{visibleText(props.path)}</p>
        {props.error !== null && <ErrorNotice error={{ ...props.error, place: '' }} />}
        <label>
          {say('Passphrase')}
          <input
            type="password"
            autoComplete="current-password"
            autoFocus
            required
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
          />
        </label>
        <footer>
          <button type="button" onClick={props.onClose}>
            {say('Cancel')}
          </button>
          <button type="submit" className="primary" disabled={isTrying}>
            {isTrying ? say('Opening…') : say('Open')}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
