import { type FormEvent, type ReactNode, useState } from 'react';
import { parseBlock } from '../../shared/address.ts';
import type { AppInfo, Subject } from '../../shared/bridge.ts';
import { type CaseFacts, FACT_NAMES } from '../../shared/case-record.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { fileName, profileLabel } from '../state/names.ts';
import { FactField, FurtherFacts } from './fact-fields.tsx';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { NewPassphrase } from './passphrase.tsx';
import { say } from '../../shared/text/say.ts';

export interface NewCaseFacts extends CaseFacts {
  profile: string;
  subject?: Subject;
  passphrase?: string;
}

const NO_FACTS = Object.fromEntries(FACT_NAMES.map((name) => [name, ''])) as CaseFacts;

/** Stands in the list of profiles for ranges that the user types. */
const OWN = ' own';

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

type TypedRange = NonNullable<Subject['ranges']>[number];

/** Ranges typed one a line, `address/length label`; without a label the range is its own. Empty lines do not count. */
export function typedRanges(text: string): { readonly ranges: TypedRange[]; readonly fault: string | null } {
  const ranges: TypedRange[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [cidr = '', ...label] = line.trim().split(/\s+/);
    if (cidr === '') continue;
    if (parseBlock(cidr) === null) {
      return {
        ranges,
        fault: say('Line {index}: {cidr} is no address and no address/length.', {
          index: index + 1,
          cidr: visibleText(cidr),
        }),
      };
    }
    ranges.push({ cidr, label: label.join(' ').slice(0, 64) || cidr });
  }
  return { ranges, fault: null };
}

/** Asks for the facts of a new case. `paths`: evidence that was dropped and is imported once the case is there. */
export function NewCase(props: {
  profiles: AppInfo['profiles'];
  paths: readonly string[];
  error: ErrorValue | null;
  onCreate: (facts: NewCaseFacts) => void;
  onClose: () => void;
}): ReactNode {
  const { profiles, paths } = props;
  const [facts, setFacts] = useState<NewCaseFacts>({
    ...NO_FACTS,
    profile: profiles.find((profile) => profile.name === 'default')?.name ?? profiles[0]?.name ?? 'default',
  });
  const chosen = profiles.find((profile) => profile.name === facts.profile);
  const [isOwn, setOwn] = useState(false);
  const [ownText, setOwnText] = useState('');
  const own = typedRanges(ownText);
  const [timeZone, setTimeZone] = useState(chosen?.timeZone ?? 'UTC');
  const [passphrase, setPassphrase] = useState<string | null>(null);
  const choose = (name: string): void => {
    setOwn(name === OWN);
    const profile = profiles.find((each) => each.name === (name === OWN ? 'default' : name));
    if (profile === undefined) return;
    set({ profile: profile.name });
    if (name !== OWN) setTimeZone(profile.timeZone);
  };
  const set = (change: Partial<NewCaseFacts>): void => setFacts({ ...facts, ...change });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (passphrase === '') return;
    if (!isTimeZone(timeZone) || (isOwn && (own.fault !== null || own.ranges.length === 0))) return;
    const isAsShipped = !isOwn && timeZone === chosen?.timeZone;
    props.onCreate({
      ...facts,
      ...(isAsShipped ? {} : { subject: { timeZone, ranges: isOwn ? own.ranges : null } }),
      ...(passphrase === null ? {} : { passphrase }),
    });
  };
  return (
    <Modal label={say('New case')} className="new-case" onClose={props.onClose}>
      <form onSubmit={submit}>
        <h2>{say('New case')}</h2>
        {paths.length > 0 && (
          <p className="notice">
            {paths.length === 1
              ? say('{paths} is imported once the case is there.', { paths: fileName(paths[0] ?? '') })
              : say('{paths} dropped files and folders are imported once the case is there.', { paths: paths.length })}
          </p>
        )}
        {props.error !== null && <ErrorNotice error={props.error} />}
        <FactField name="title" value={facts.title} isOptional={false} isFirst onChange={(title) => set({ title })} />
        <div className="pair">
          <FactField name="examiner" value={facts.examiner} onChange={(examiner) => set({ examiner })} />
          <FactField name="authority" value={facts.authority} onChange={(authority) => set({ authority })} />
        </div>
        <details>
          <summary>{say('More about the case')}</summary>
          <FurtherFacts facts={facts} onChange={(name, value) => set({ [name]: value })} />
        </details>
        <div className="pair">
          <div className="field">
            <label htmlFor="profile">{say('Profile')}</label>
            <select id="profile" value={isOwn ? OWN : facts.profile} onChange={(event) => choose(event.target.value)}>
              {profiles.map((profile) => (
                <option key={profile.name} value={profile.name}>
                  {profileLabel(profile.name)}
                </option>
              ))}
              <option value={OWN}>{say('Ranges of my own')}</option>
            </select>
          </div>
          <label>
            {say('Time zone')}
            <input
              list="time-zones"
              required
              value={timeZone}
              aria-invalid={!isTimeZone(timeZone)}
              onChange={(event) => setTimeZone(event.target.value.trim())}
            />
          </label>
          <datalist id="time-zones">
            {Intl.supportedValuesOf('timeZone').map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </div>
        {isOwn ? (
          <div className="field">
            <label htmlFor="own-ranges">
              {say('Ranges')}{' '}
              <span className="quiet">{say('one a line: address/length, then a label if you like')}</span>
            </label>
            <textarea
              id="own-ranges"
              className="mono"
              rows={6}
              required
              value={ownText}
              placeholder={'192.0.2.0/24 office\n2001:db8::/32 office-v6'}
              aria-invalid={own.fault !== null}
              aria-describedby="own-ranges-fault"
              onChange={(event) => setOwnText(event.target.value)}
            />
            <p id="own-ranges-fault" className={own.fault === null ? 'quiet' : 'bad'} aria-live="polite">
              {own.fault ??
                say('Activity is what was opened from inside {ranges}.', {
                  ranges: own.ranges.length === 1 ? say('this range') : say('these ranges'),
                })}
            </p>
          </div>
        ) : (
          chosen !== undefined && (
            <div className="profile-facts">
              <p>{say('Activity is what was opened from inside these ranges:')}</p>
              <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Ranges of the profile')}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{say('Label')}</th>
                      <th scope="col">{say('Range')}</th>
                      <th scope="col">{say('Note')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {chosen.ranges.map((range) => (
                      <tr key={range.label + range.cidr}>
                        <td>{visibleText(range.label)}</td>
                        <td className="mono">{visibleText(range.cidr)}</td>
                        <td className="quiet">{visibleText(range.note ?? '')}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </div>
          )
        )}
        <NewPassphrase onChange={setPassphrase} />
        <footer>
          <button type="button" onClick={props.onClose}>
            {say('Cancel')}
          </button>
          <button type="submit" className="primary">
            {say('Choose where to save…')}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
