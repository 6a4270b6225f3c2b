import { memo, type ReactNode, useEffect, useRef } from 'react';
import type { ErrorValue } from '../../shared/problem.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { Job } from '../state/job.ts';
import { formatDuration, localTime, offsetName } from '../state/local-time.ts';
import { hasFilter, VIEWS, VIEW_NAMES, type View, useWorkbench } from '../state/workbench.ts';
import { BrandMark } from './brand.tsx';
import { CaseTimeline } from './case-timeline.tsx';
import { EvidenceView } from './evidence-view.tsx';
import { FilterBar } from './filter-bar.tsx';
import { FindingsView } from './findings-view.tsx';
import { FlowsView } from './flows-view.tsx';
import { HostsView } from './hosts-view.tsx';
import { JobPanel } from './job-panel.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { MapView } from './map-view.tsx';
import { OverviewView } from './overview-view.tsx';
import { ReportView } from './report-view.tsx';
import { ServicesView } from './services-view.tsx';
import { TimelineView } from './timeline-view.tsx';
import { say } from '../../shared/text/say.ts';

/** Strokes of the navigation's icons, on a grid of 16. */
const ICONS: Readonly<Record<View, string>> = {
  overview: 'M2.5 2.5h4.5v5h-4.5zM9 2.5h4.5v3H9zM9 7.5h4.5v6H9zM2.5 9.5h4.5v4h-4.5z',
  timeline: 'M2 13.5h12M3.5 11V8M6.5 11V4M9.5 11V6M12.5 11V2.5',
  map: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM2 8h12M8 2c-4 4-4 8 0 12M8 2c4 4 4 8 0 12',
  services: 'M2 3.5h3v3H2zM2 9.5h3v3H2zM11 6.5h3v3h-3zM5 5c4 0 3 3 6 3M5 11c4 0 3-3 6-3',
  hosts: 'M2.5 2.5h11v7h-11zM6 13.5h4M8 9.5v4M5 6h2M9.5 6h1.5',
  flows: 'M2 4h12M2 8h12M2 12h12M5.5 2v12',
  findings: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14',
  report: 'M3.5 1.5h6l3 3v10h-9zM6 7h4M6 9.5h4M6 12h2.5',
  evidence: 'M2 4.5 8 2l6 2.5v7L8 14l-6-2.5zM2 4.5 8 7l6-2.5M8 7v7',
};

const STEPS = [
  ['go-back', 'back', 'Back', 'M9.5 3 4.5 8l5 5'],
  ['go-forward', 'forward', 'Forward', 'M6.5 3l5 5-5 5'],
  ['undo-filter', 'undo', 'Undo the last change of filter or metric', 'M5.5 3 2.5 6l3 3M2.5 6h7a3.5 3.5 0 0 1 0 7h-3'],
] as const;

/** Back, forward, undo. What cannot be done now stays where the focus may stand. */
function Steps(): ReactNode {
  const { canGo, run } = useWorkbench();
  return (
    <div className="steps" role="group" aria-label={say('History and kept states')}>
      {STEPS.map(([action, step, label, path]) => (
        <button
          key={step}
          type="button"
          className="quiet icon"
          aria-label={say(label)}
          title={say(label)}
          aria-disabled={!canGo[step]}
          onClick={() => canGo[step] && run(action)}
        >
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path
              d={path}
              fill="none"
              stroke="currentColor"
              strokeWidth="1.5"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
        </button>
      ))}
      <button
        type="button"
        className="quiet icon"
        aria-label={say('Kept states')}
        title={say('Keep this state, or show one kept')}
        onClick={() => run('kept-states')}
      >
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path
            d="M4 2.5h8v11L8 10.5l-4 3z"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinejoin="round"
          />
        </svg>
      </button>
    </div>
  );
}

function Header({ preview, themeSwitch }: { preview: boolean; themeSwitch: ReactNode }): ReactNode {
  const { overview, timeZone, profileZone, busy, run } = useWorkbench();
  const { firstSeen, lastSeen } = overview;
  return (
    <header className="case-header">
      <BrandMark size={26} />
      <Steps />
      <div className="case-title">
        <h1 title={`${visibleText(overview.title)}\n${visibleText(overview.path)}`}>
          {visibleText(overview.title) || say('Untitled case')}
        </h1>
        {preview && <span className="tag">{say('preview')}</span>}
        {overview.sealed && <span className="tag">{say('sealed, read-only')}</span>}
      </div>
      <dl className="case-facts">
        <div>
          <dt>{say('Profile')}</dt>
          <dd>{visibleText(overview.profile.name)}</dd>
        </div>
        <div>
          <dt>{say('Zone')}</dt>
          <dd>
            {timeZone} {firstSeen !== null && <span className="quiet">{offsetName(firstSeen, timeZone)}</span>}
            {profileZone !== 'UTC' && (
              <button
                type="button"
                className="tiny"
                title={say('Print times in {zone}. Days, hours and the filter stay in {profileZone}.', {
                  zone: timeZone === 'UTC' ? profileZone : 'UTC',
                  profileZone,
                })}
                onClick={() => run('switch-zone')}
              >
                {timeZone === 'UTC' ? say('Profile’s zone') : 'UTC'}
              </button>
            )}
          </dd>
        </div>
        <div className="fact-flows">
          <dt>{say('Flows')}</dt>
          <dd>{formatCount(overview.flows)}</dd>
        </div>
        <div>
          <dt>{say('Seen')}</dt>
          <dd>
            {firstSeen === null || lastSeen === null ? (
              say('nothing yet')
            ) : (
              <>
                {localTime(firstSeen, timeZone, 'minute')} – {localTime(lastSeen, timeZone, 'minute')}{' '}
                <span className="quiet">{formatDuration((lastSeen - firstSeen) / 1e6)}</span>
              </>
            )}
          </dd>
        </div>
      </dl>
      <div className="case-actions">
        <button type="button" disabled={busy || overview.sealed} onClick={() => run('add-evidence')}>
          {say('Add evidence…')}
        </button>
        {themeSwitch}
        <button type="button" className="quiet" disabled={busy} onClick={() => run('close-case')}>
          {say('Close case')}
        </button>
      </div>
    </header>
  );
}

const Navigation = memo(function Navigation(): ReactNode {
  const { view, go, overview, run } = useWorkbench();
  return (
    <nav className="views" aria-label={say('Views')}>
      {VIEWS.map((name) => (
        <button key={name} type="button" aria-current={name === view ? 'page' : undefined} onClick={() => go(name)}>
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d={ICONS[name]} fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" />
          </svg>
          {VIEW_NAMES[name]}
        </button>
      ))}
      <div className="nav-foot">
        <button type="button" className="quiet" onClick={() => run('command-palette')}>
          {say('All commands')}
        </button>
        <dl>
          <dt>{say('Examiner')}</dt>
          <dd>{visibleText(overview.examiner) || say('not given')}</dd>
          <dt>{say('Authority')}</dt>
          <dd>{visibleText(overview.authority) || say('not given')}</dd>
        </dl>
      </div>
    </nav>
  );
});

/** Kept apart, as its neighbours: news of a job changes nothing here. */
const CurrentView = memo(function CurrentView({ onMapping }: { onMapping: (path: string) => void }): ReactNode {
  const { view, overview, busy, run } = useWorkbench();
  if (view === 'evidence') return <EvidenceView onMapping={onMapping} />;
  if (overview.flows === 0) {
    return (
      <Empty title={busy ? say('The first flows are on their way') : say('This case holds no flows yet')}>
        {busy ? (
          <p>{say('The views fill while the evidence is read.')}</p>
        ) : (
          <>
            <p>{say('Drop captures, flow exports or whole folders, compressed or not, on this window, or')}</p>
            <button type="button" className="primary" onClick={() => run('add-evidence')}>
              {say('Add evidence…')}
            </button>{' '}
            <button type="button" onClick={() => run('add-folders')}>
              {say('Add folders…')}
            </button>
          </>
        )}
      </Empty>
    );
  }
  switch (view) {
    case 'overview':
      return <OverviewView />;
    case 'timeline':
      return <TimelineView />;
    case 'map':
      return <MapView />;
    case 'services':
      return <ServicesView />;
    case 'hosts':
      return <HostsView />;
    case 'flows':
      return <FlowsView />;
    case 'findings':
      return <FindingsView />;
    case 'report':
      return <ReportView />;
  }
});

export interface SavedReport {
  path: string;
  sha256: string;
}

/** The frame of an open case: header, navigation, filter, view, and the job in work below. */
export function CaseShell(props: {
  job: Job | null;
  error: ErrorValue | null;
  /** The report that was saved last; `writing` while one is made. */
  saved: SavedReport | 'writing' | null;
  preview: boolean;
  onDismissError: () => void;
  onDismissSaved: () => void;
  onDismissJob: () => void;
  /** What to know beside the work, the oldest first. */
  notices: readonly string[];
  onDismissNotice: (text: string) => void;
  onMapping: (path: string) => void;
  themeSwitch: ReactNode;
}): ReactNode {
  const { view, overview, run } = useWorkbench();
  const area = useRef<HTMLElement>(null);
  // What had the focus may be gone with the view before. Before anyone did anything, as in a case opened from the command line,
  // nothing had it, and the ring would only puzzle.
  useEffect(() => {
    if (document.activeElement === document.body && navigator.userActivation.hasBeenActive) area.current?.focus();
  }, [view]);
  const filtered = overview.flows > 0 && hasFilter(view);
  return (
    <div className="case-shell">
      <Header preview={props.preview} themeSwitch={props.themeSwitch} />
      <Navigation />
      <main ref={area} tabIndex={-1} className="view-area">
        {filtered && <FilterBar />}
        {props.error !== null && <ErrorNotice error={props.error} onDismiss={props.onDismissError} />}
        {props.notices.map((text) => (
          <div key={text} className="notice" role="status">
            <p>{visibleText(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)}</p>
            <button type="button" className="quiet small" onClick={() => props.onDismissNotice(text)}>
              {say('Dismiss')}
            </button>
          </div>
        ))}
        {props.saved === 'writing' && (
          <p className="notice" role="status">
            {say('Writing the report…')}
          </p>
        )}
        {props.saved !== null && props.saved !== 'writing' && (
          <div className="notice good" role="status">
            <div>
              <strong>{say('Report saved')}</strong>
              <p className="mono">{visibleText(props.saved.path)}</p>
              <p className="mono quiet">{say('SHA-256 {sha256}', { sha256: props.saved.sha256 })}</p>
            </div>
            <button type="button" className="quiet small" onClick={props.onDismissSaved}>
              {say('Dismiss')}
            </button>
          </div>
        )}
        <CurrentView onMapping={props.onMapping} />
      </main>
      {overview.flows > 0 && <CaseTimeline />}
      {props.job !== null && view !== 'evidence' && (
        <aside className="job-dock">
          <JobPanel
            job={props.job}
            onCancel={() => run('cancel-job')}
            onDismiss={props.onDismissJob}
            onMapping={props.onMapping}
          />
        </aside>
      )}
    </div>
  );
}
