import { type FormEvent, type ReactNode, useState } from 'react';
import type { AppInfo } from '../../shared/bridge.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { fileName, profileLabel } from '../state/names.ts';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';

export interface NewCaseFacts {
  title: string;
  examiner: string;
  authority: string;
  profile: string;
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
    title: '',
    examiner: '',
    authority: '',
    profile: profiles.find((profile) => profile.name === 'default')?.name ?? profiles[0]?.name ?? 'default',
  });
  const chosen = profiles.find((profile) => profile.name === facts.profile);
  const set = (change: Partial<NewCaseFacts>): void => setFacts({ ...facts, ...change });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    props.onCreate(facts);
  };
  return (
    <Modal label="New case" className="new-case" onClose={props.onClose}>
      <form onSubmit={submit}>
        <h2>New case</h2>
        {paths.length > 0 && (
          <p className="notice">
            {paths.length === 1
              ? `${fileName(paths[0] ?? '')} is imported once the case is there.`
              : `${paths.length} dropped files and folders are imported once the case is there.`}
          </p>
        )}
        {props.error !== null && <ErrorNotice error={props.error} />}
        <label>
          Title
          <input
            autoFocus
            required
            maxLength={200}
            value={facts.title}
            onChange={(event) => set({ title: event.target.value })}
            placeholder="What the case is called in your files"
          />
        </label>
        <div className="pair">
          <label>
            Examiner <span className="quiet">(optional)</span>
            <input maxLength={200} value={facts.examiner} onChange={(event) => set({ examiner: event.target.value })} />
          </label>
          <label>
            Authority <span className="quiet">(optional)</span>
            <input
              maxLength={400}
              value={facts.authority}
              onChange={(event) => set({ authority: event.target.value })}
              placeholder="Order, warrant or consent"
            />
          </label>
        </div>
        <div className="field">
          <label htmlFor="profile">Profile</label>
          <select id="profile" value={facts.profile} onChange={(event) => set({ profile: event.target.value })}>
            {profiles.map((profile) => (
              <option key={profile.name} value={profile.name}>
                {profileLabel(profile.name)}
              </option>
            ))}
          </select>
        </div>
        {chosen !== undefined && (
          <div className="profile-facts">
            <p>
              Hours, days and weekdays are told in <strong>{chosen.timeZone}</strong> time. Activity is what was opened
              from inside these ranges:
            </p>
            <div className="table-scroll" tabIndex={0} role="group" aria-label="Ranges of the profile">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Label</th>
                    <th scope="col">Range</th>
                    <th scope="col">Note</th>
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
        )}
        <footer>
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" className="primary">
            Choose where to save…
          </button>
        </footer>
      </form>
    </Modal>
  );
}
