import type { ReactNode } from 'react';
import type { AppInfo } from '../../shared/bridge.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { Job } from '../state/job.ts';
import { BrandMark } from './brand.tsx';
import { JobPanel } from './job-panel.tsx';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** Faults of a case of which there may be a backup beside it. */
const MAY_BE_RESTORED: ReadonlySet<string> = new Set(['case-damaged', 'not-a-case', 'no-case']);

/** Before a case is open: what Enclave is for, and the ways in. */
export function FirstScreen(props: {
  info: AppInfo | null;
  error: ErrorValue | null;
  job: Job | null;
  onDismiss: () => void;
  onSample: () => void;
  onNew: () => void;
  onOpen: (path: string | null) => void;
  onRestore: (path: string) => void;
  onCancel: () => void;
  themeSwitch: ReactNode;
}): ReactNode {
  const { info, error, job } = props;
  const atWork = job?.state === 'running';
  const recent = info?.recentCases ?? [];
  return (
    <main className="first-screen">
      <div className="first-top">{props.themeSwitch}</div>
      <div className="first-body">
        <header>
          <BrandMark size={52} />
          <div>
            <h1>{say('Enclave')}</h1>
            <p className="lead">
              {say(
                'An offline workbench for network captures and flow logs: what was done, when, and how sure that is.',
              )}
            </p>
          </div>
        </header>
        {error !== null && (
          <ErrorNotice error={error} onDismiss={props.onDismiss}>
            {MAY_BE_RESTORED.has(error.code) && (
              <p>
                <button type="button" onClick={() => props.onRestore(error.place)}>
                  {say('Bring it back from its newest backup')}
                </button>
              </p>
            )}
          </ErrorNotice>
        )}
        {atWork ? (
          <JobPanel job={job} onCancel={props.onCancel} onDismiss={props.onDismiss} />
        ) : (
          <div className="ways">
            <button type="button" className="way primary" onClick={props.onNew}>
              <strong>{say('New case…')}</strong>
              <span>{say('Name it, choose the network’s ranges and clock, then add evidence.')}</span>
            </button>
            <button type="button" className="way" onClick={() => props.onOpen(null)}>
              <strong>{say('Open case…')}</strong>
              <span>{say('An .enclave file of yours.')}</span>
            </button>
            <button type="button" className="way" onClick={props.onSample}>
              <strong>{say('Open sample case')}</strong>
              <span>{say('Fourteen weeks of synthetic traffic, ready in about ten seconds.')}</span>
            </button>
          </div>
        )}
        <p className="drop-line">
          <span className="drop-glyph" aria-hidden="true">
            ⤓
          </span>
          {say('Or drop captures, flow exports, whole folders or a case anywhere on this window.')}
        </p>
        <section aria-labelledby="recent-title">
          <h2 id="recent-title">{say('Recent cases')}</h2>
          {recent.length === 0 ? (
            <p className="quiet">{say('None yet. Cases that you open will stand here.')}</p>
          ) : (
            <ul className="recent">
              {recent.map((entry) => (
                <li key={entry.path}>
                  <button type="button" disabled={atWork} onClick={() => props.onOpen(entry.path)}>
                    <strong>{visibleText(entry.title) || say('Untitled case')}</strong>
                    <span className="mono">{visibleText(entry.path)}</span>
                    <time dateTime={entry.openedAt}>
                      {say('{time} UTC', { time: entry.openedAt.slice(0, 16).replace('T', ' ') })}
                    </time>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </section>
        <footer className="quiet">
          {info !== null && (
            <>
              {say('Version {version}', { version: info.version })}
              {info.preview && (
                <>
                  {' '}
                  · <span className="tag">{say('preview')}</span> {say('runs in a browser’s window, not in Electron')}
                </>
              )}{' '}
              {say('· nothing leaves this machine')}
            </>
          )}
        </footer>
      </div>
    </main>
  );
}
