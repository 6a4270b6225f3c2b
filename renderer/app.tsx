import { type ReactNode, startTransition, useCallback, useEffect, useMemo, useState } from 'react';
import { flushSync } from 'react-dom';
import { ACTIONS, type ActionId, CHANGES_CASE } from '../shared/actions.ts';
import type { AppInfo, CaseOverview } from '../shared/bridge.ts';
import type { Metric } from '../shared/finding.ts';
import type { Custody } from '../shared/jobs.ts';
import type { ReportSettings } from '../shared/report-settings.ts';
import type { ErrorValue } from '../shared/problem.ts';
import type { Profile } from '../shared/profile.ts';
import { ask, forgetAnswers } from './bridge-access.ts';
import { CaseWorkContext, useCaseWork } from './state/case-work.ts';
import {
  back,
  canUndo,
  FIRST_PLACE,
  forward,
  historyOf,
  type Place,
  rememberFilter,
  type Selection,
  undo,
  visit,
} from './state/history.ts';
import { gestureTime } from './state/gesture-time.ts';
import { mapSettings } from './state/map-settings.ts';
import { forgetSettings } from './state/setting-store.ts';
import { type Job, startedJob } from './state/job.ts';
import { doOnPage } from './state/page-actions.ts';
import { useFileDrop } from './state/use-file-drop.ts';
import { offerAction } from './state/view-actions.ts';
import { exhibitOf, type OwnFindingAsked } from './state/own-finding.ts';
import type { ProfileDraft } from './state/profile-draft.ts';
import { applyTheme, isDark, storedTheme } from './state/theme.ts';
import { applyLanguage } from './state/window-language.ts';
import { timelineSettings } from './state/timeline-settings.ts';
import { hasFilter, type Highlight, VIEWS, type View, type Workbench, WorkbenchContext } from './state/workbench.ts';
import { CaseFactsDialog } from './views/case-facts.tsx';
import { CaseShell, type SavedReport } from './views/case-shell.tsx';
import { CommandPalette } from './views/command-palette.tsx';
import { FirstScreen } from './views/first-screen.tsx';
import { ImportStatements } from './views/import-statements.tsx';
import { KeptStates } from './views/kept-states.tsx';
import { NewCase, type NewCaseFacts } from './views/new-case.tsx';
import { AskPassphrase } from './views/passphrase.tsx';
import { OwnFindingDialog } from './views/own-finding-dialog.tsx';
import { ProfileEditor } from './views/profile-editor.tsx';
import { ShortcutSheet } from './views/shortcut-sheet.tsx';
import { ThemeSwitch } from './views/theme-switch.tsx';
import { language } from '../shared/text/language.ts';
import { say } from '../shared/text/say.ts';

/** The window: the first screen or one case, dropped files, the job in work, and the actions of menu and keyboard. */

const CANCELLED = 'cancelled';
/** Notices shown at once. */
const MAX_NOTICES = 3;

const OF_GRAPH: readonly ActionId[] = ['switch-graph', 'trace-node', 'close-groups'];

export function App(): ReactNode {
  const [info, setInfo] = useState<AppInfo | null>(null);
  const [overview, setOverview] = useState<CaseOverview | null>(null);
  const [ready, setReady] = useState(false);
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<ErrorValue | null>(null);
  const [job, setJob] = useState<Job | null>(null);
  /** Evidence that waits for the new case; null while no new case is asked for. */
  const [newCasePaths, setNewCasePaths] = useState<readonly string[] | null>(null);
  /** Evidence of which something is to be stated before it is imported; null while nothing is. */
  const [statements, setStatements] = useState<{ paths: readonly string[]; withMapping: boolean } | null>(null);
  const [isPalette, setPalette] = useState(false);
  const [isFactsOpen, setFactsOpen] = useState(false);
  const [isProfileOpen, setProfileOpen] = useState(false);
  const [askedFinding, setAskedFinding] = useState<OwnFindingAsked | null>(null);
  /** A profile that was typed, and whose saving has not ended well. */
  const [unsaved, setUnsaved] = useState<{ path: string; draft: ProfileDraft } | null>(null);
  const [theme, setTheme] = useState(storedTheme);
  const [shownLanguage, setShownLanguage] = useState(language);
  const [history, setHistory] = useState(() => historyOf(FIRST_PLACE));
  const [recentFilters, setRecentFilters] = useState<readonly string[]>([]);
  /** A filter that is shown and not chosen yet. */
  const [previewed, setPreviewed] = useState<string | null>(null);
  const [isUtc, setUtc] = useState(false);
  const [highlight, setHighlight] = useState<Highlight | null>(null);
  const [isSheet, setSheet] = useState(false);
  const [isKeptOpen, setKeptOpen] = useState(false);
  const [notices, setNotices] = useState<readonly string[]>([]);
  /** An encrypted case whose passphrase is asked for, and what was wrong with the last. */
  const [locked, setLocked] = useState<{ path: string; error: ErrorValue | null } | null>(null);
  const busy = job?.state === 'running' || job?.state === 'cancelling';

  const refresh = useCallback(async (): Promise<void> => {
    const answer = await ask('overview', null);
    if (answer.ok) {
      startTransition(() => {
        setOverview(answer.value);
        setVersion((before) => before + 1);
      });
    } else setError(answer.error);
    setReady(true);
  }, []);

  const show = useCallback((opened: CaseOverview): void => {
    forgetAnswers();
    forgetSettings();
    setHistory(historyOf(FIRST_PLACE));
    setRecentFilters([]);
    setUtc(false);
    setHighlight(null);
    setError(null);
    setOverview(opened);
    setVersion((before) => before + 1);
  }, []);

  useEffect(() => {
    void ask('appInfo', null).then((answer) => (answer.ok ? setInfo(answer.value) : setError(answer.error)));
    void refresh();
    return window.enclave.on('caseChanged', () => void refresh());
  }, [refresh]);

  const lockedAtStart = info?.lockedCase ?? null;
  useEffect(() => setLocked(lockedAtStart === null ? null : { path: lockedAtStart, error: null }), [lockedAtStart]);

  useEffect(() => {
    const ends = [
      window.enclave.on('progress', (progress) =>
        startTransition(() => setJob((before) => (before?.state === 'running' ? { ...before, progress } : before))),
      ),
      window.enclave.on('notice', (text) =>
        setNotices((before) => [...before.filter((each) => each !== text), text].slice(-MAX_NOTICES)),
      ),
      window.enclave.on('evidence', (news) =>
        setJob((before) => before && { ...before, news: new Map(before.news).set(news.path, news) }),
      ),
    ];
    return () => ends.forEach((end) => end());
  }, []);

  const fail = useCallback((kind: Job['kind'], fault: ErrorValue): void => {
    const cancelled = fault.code === CANCELLED;
    setJob((before) => ({
      ...(before ?? startedJob(kind)),
      progress: null,
      state: cancelled ? 'cancelled' : 'failed',
      error: fault,
    }));
  }, []);

  const caseWork = useCaseWork(overview?.path ?? null, job, setJob, fail, refresh);
  const { verify, analyse, changeProfile } = caseWork;

  const importPaths = useCallback(
    async (paths: readonly string[], custody: Custody = {}): Promise<void> => {
      if (paths.length === 0) return;
      setJob(startedJob('import'));
      const answer = await ask('importEvidence', { paths: [...paths], custody });
      if (answer.ok) setJob({ ...startedJob('import'), state: 'done', summary: answer.value });
      else fail('import', answer.error);
      await refresh();
    },
    [fail, refresh],
  );

  const openCase = useCallback(
    async (path: string | null, passphrase?: string): Promise<void> => {
      const answer = await ask('openCase', passphrase === undefined ? { path } : { path, passphrase });
      if (answer.ok) {
        setLocked(null);
        if (answer.value === null) return;
        setJob(null);
        show(answer.value);
      } else if (answer.error.code === 'case-encrypted') setLocked({ path: answer.error.place, error: null });
      else if (passphrase !== undefined) setLocked((before) => before && { ...before, error: answer.error });
      else setError(answer.error);
    },
    [show],
  );

  const restoreCase = async (path: string): Promise<void> => {
    const answer = await ask('restoreCase', { path });
    if (!answer.ok) {
      setError(answer.error);
      return;
    }
    const { backup, evidence } = answer.value;
    const files = evidence === 1 ? say('the evidence file') : say('the {evidence} evidence files', { evidence });
    const flows =
      evidence === 0
        ? ''
        : say('; its flows come again when you add {files} again, which the audit log names', { files });
    setNotices([say('the case is back from {backup}{flows}', { backup, flows })]);
    await openCase(path);
  };

  const openSample = useCallback(async (): Promise<void> => {
    setError(null);
    setJob(startedJob('sample'));
    const answer = await ask('openSample', null);
    if (answer.ok) {
      setJob(null);
      show(answer.value);
    } else {
      setJob(null);
      if (answer.error.code !== CANCELLED) setError(answer.error);
    }
  }, [show]);

  const createCase = async (facts: NewCaseFacts): Promise<void> => {
    const answer = await ask('newCase', { path: null, ...facts });
    if (!answer.ok) setError(answer.error);
    else if (answer.value !== null) {
      const paths = newCasePaths ?? [];
      setNewCasePaths(null);
      setJob(null);
      show(answer.value);
      await importPaths(paths);
    }
  };

  const closeCase = useCallback(async (): Promise<void> => {
    const answer = await ask('closeCase', null);
    if (!answer.ok) {
      setError(answer.error);
      return;
    }
    forgetAnswers();
    forgetSettings();
    setOverview(null);
    setJob(null);
    setNotices([]);
    const news = await ask('appInfo', null);
    if (news.ok) setInfo(news.value);
  }, []);

  const addEvidence = useCallback(
    async (what: 'files' | 'folders'): Promise<void> => {
      const answer = await ask('chooseEvidence', { what });
      if (answer.ok) await importPaths(answer.value);
      else setError(answer.error);
    },
    [importPaths],
  );

  const cancel = useCallback((): void => {
    setJob((before) => (before?.state === 'running' ? { ...before, state: 'cancelling' } : before));
    void ask('cancel', null);
  }, []);

  const [saved, setSaved] = useState<SavedReport | 'writing' | null>(null);
  // A report of one case says nothing of the next.
  const casePath = overview?.path;
  useEffect(() => setSaved(null), [casePath]);
  const [reportSettings, setReportSettings] = useState<ReportSettings>({});
  const saveReport = useCallback(
    async (format: 'html' | 'pdf'): Promise<void> => {
      setSaved('writing');
      const answer = await ask('saveReport', { format, ...reportSettings });
      setSaved(answer.ok ? answer.value : null);
      if (!answer.ok) setError(answer.error);
    },
    [reportSettings],
  );

  const step = useCallback((change: Partial<Place>): void => {
    const at = gestureTime();
    setHistory((before) => visit(before, change, at));
    setPreviewed(null);
  }, []);
  const stateMapping = useCallback((path: string): void => setStatements({ paths: [path], withMapping: true }), []);
  const setWhere = useCallback(
    (where: string): void => {
      step({ where });
      setRecentFilters((before) => rememberFilter(before, where));
    },
    [step],
  );
  const setMetric = useCallback((metric: Metric): void => step({ metric }), [step]);
  const select = useCallback((selection: Selection | null): void => step({ selection }), [step]);
  // What was selected belongs to the view.
  const go = useCallback(
    (view: View, selection: Selection | null = null): void => startTransition(() => step({ view, selection })),
    [step],
  );

  const saveProfile = async (profile: Profile, draft: ProfileDraft): Promise<void> => {
    setProfileOpen(false);
    setUnsaved({ path: overview?.path ?? '', draft });
    go('evidence');
    if (await changeProfile(profile)) setUnsaved(null);
  };

  const hasNoFilter = !hasFilter(history.now.view);
  const run = useCallback(
    (action: ActionId): void => {
      const target = VIEWS.find((name) => action === `view-${name}`);
      if (target !== undefined) {
        go(target);
        return;
      }
      if (overview?.sealed === true && CHANGES_CASE.has(action)) {
        setError({
          code: 'case-sealed',
          message: say('the case is sealed and can only be read'),
          place: overview.path,
          remedy: say('work in the case that it was made from'),
          exitCode: 2,
        });
        return;
      }
      switch (action) {
        case 'new-case':
          setError(null);
          setNewCasePaths([]);
          break;
        case 'open-case':
          void openCase(null);
          break;
        case 'open-sample':
          void openSample();
          break;
        case 'add-evidence':
          void addEvidence('files');
          break;
        case 'add-folders':
          void addEvidence('folders');
          break;
        case 'import-with-statements':
          setStatements((before) => before ?? { paths: [], withMapping: false });
          break;
        case 'case-facts':
          setFactsOpen(overview !== null);
          break;
        case 'edit-profile':
          setProfileOpen(overview !== null && !busy);
          break;
        case 'own-finding': {
          const { selection, where } = history.now;
          if (overview !== null) setAskedFinding({ picked: exhibitOf(selection, where), id: null });
          break;
        }
        case 'verify-case':
          go('evidence');
          if (!busy) void verify();
          break;
        case 'analyse-case':
          if (!busy) void analyse();
          break;
        case 'cancel-job':
          cancel();
          break;
        case 'pause-job':
          void ask('pause', { paused: job?.progress?.paused !== true });
          break;
        case 'save-report-html':
          void saveReport('html');
          break;
        case 'save-report-pdf':
          void saveReport('pdf');
          break;
        case 'close-case':
          void closeCase();
          break;
        case 'clear-filter':
          setWhere('');
          break;
        case 'focus-filter':
          // The field may only come with the view.
          if (hasNoFilter) flushSync(() => step({ view: 'overview', selection: null }));
          document.getElementById('filter')?.focus();
          break;
        case 'toggle-theme':
          setTheme((before) => {
            const next = isDark(before) ? 'light' : 'dark';
            applyTheme(next);
            return next;
          });
          break;
        case 'switch-language': {
          // What is being typed in a dialog is not thrown away.
          if (document.querySelector('dialog:modal:not(.palette)') !== null) break;
          const next = language() === 'en' ? 'de' : 'en';
          applyLanguage(next);
          setShownLanguage(next);
          break;
        }
        case 'go-back':
          startTransition(() => setHistory(back));
          break;
        case 'go-forward':
          startTransition(() => setHistory(forward));
          break;
        case 'undo-filter':
          setHistory(undo);
          break;
        case 'compare-periods':
          timelineSettings.set({ isComparing: true });
          go('timeline');
          break;
        case 'add-event':
          timelineSettings.set({ stating: 'new' });
          go('timeline');
          break;
        case 'add-events-file':
          flushSync(() => step({ view: 'timeline', selection: null }));
          document.getElementById('add-events-file')?.click();
          break;
        case 'map-deviation':
          mapSettings.set({ colours: mapSettings.get().colours === 'amount' ? 'deviation' : 'amount' });
          go('map');
          break;
        case 'map-arcs':
          mapSettings.set({ hasArcs: !mapSettings.get().hasArcs });
          go('map');
          break;
        case 'kept-states':
          setKeptOpen(overview !== null);
          break;
        case 'clear-highlight':
          setHighlight(null);
          break;
        case 'switch-zone':
          setUtc((before) => !before);
          break;
        case 'command-palette':
          setPalette(true);
          break;
        case 'show-shortcuts':
          setSheet(true);
          break;
        case 'export-flows':
        case 'carve-packets':
        case 'filter-to-cell':
        case 'exclude-cell':
        case 'highlight-cell':
        case 'copy-cell':
        case 'sort-flows':
        case 'group-flows':
        case 'choose-columns':
        case 'switch-graph':
        case 'trace-node':
        case 'close-groups':
          if (offerAction(action) || overview === null) break;
          flushSync(() => step({ view: OF_GRAPH.includes(action) ? 'services' : 'flows', selection: null }));
          offerAction(action);
          break;
        default:
          doOnPage(action);
          break;
      }
    },
    [
      addEvidence,
      analyse,
      busy,
      cancel,
      closeCase,
      job?.progress?.paused,
      go,
      hasNoFilter,
      history.now,
      openCase,
      openSample,
      overview,
      saveReport,
      setWhere,
      step,
      verify,
    ],
  );

  useEffect(
    () =>
      window.enclave.on('action', (id) => {
        const action = ACTIONS.find((each) => each.id === id);
        if (action !== undefined) run(action.id);
      }),
    [run],
  );

  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== '?' || event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      const types =
        target instanceof HTMLElement &&
        target.matches('input:not([type="radio"], [type="checkbox"]), textarea, select');
      if (types || document.querySelector('dialog:modal') !== null) return;
      event.preventDefault();
      setSheet(true);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  const take = useCallback(
    (paths: readonly string[], hasCase: boolean): void => {
      if (paths.length === 0) return;
      if (hasCase) void importPaths(paths);
      else {
        setError(null);
        setNewCasePaths(paths);
      }
    },
    [importPaths],
  );

  useEffect(() => {
    const takeGiven = async (): Promise<void> => {
      const given = await ask('takeEvidence', null);
      const shown = await ask('overview', null);
      if (given.ok && shown.ok) take(given.value, shown.value !== null);
    };
    void takeGiven();
    return window.enclave.on('evidenceGiven', (paths) => take(paths, true));
  }, [take]);

  const { isOver, dropTarget } = useFileDrop((paths) => {
    if (statements !== null) {
      setStatements({ ...statements, paths: [...new Set([...statements.paths, ...paths])] });
      return;
    }
    if (busy) return;
    const [first] = paths;
    if (paths.length === 1 && first !== undefined && first.endsWith('.enclave')) void openCase(first);
    else take(paths, overview !== null);
  });

  const themeSwitch = <ThemeSwitch theme={theme} onSwitch={() => run('toggle-theme')} />;

  const workbench = useMemo<Workbench | null>(
    () =>
      overview === null
        ? null
        : {
            overview,
            version,
            busy,
            timeZone: isUtc ? 'UTC' : overview.profile.timeZone,
            profileZone: overview.profile.timeZone,
            ...history.now,
            where: previewed ?? history.now.where,
            setWhere,
            preview: setPreviewed,
            recentFilters,
            setMetric,
            go,
            select,
            highlight,
            setHighlight,
            canGo: { back: history.past.length > 0, forward: history.future.length > 0, undo: canUndo(history) },
            run,
            askOwnFinding: setAskedFinding,
            reportSettings,
            setReportSettings,
          },
    [
      overview,
      version,
      busy,
      isUtc,
      highlight,
      history,
      previewed,
      setWhere,
      recentFilters,
      setMetric,
      go,
      select,
      run,
      reportSettings,
    ],
  );

  return (
    <div
      // Everything that is shown is made anew in another language.
      key={shownLanguage}
      className={`window${isOver ? ' dropping' : ''}${busy ? ' at-work' : ''}`}
      {...dropTarget}
    >
      {!ready ? null : workbench === null ? (
        <FirstScreen
          info={info}
          error={newCasePaths === null ? error : null}
          job={job}
          onDismiss={() => setError(null)}
          onSample={() => run('open-sample')}
          onNew={() => run('new-case')}
          onOpen={(path) => void openCase(path)}
          onRestore={(path) => void restoreCase(path)}
          onCancel={cancel}
          themeSwitch={themeSwitch}
        />
      ) : (
        <WorkbenchContext value={workbench}>
          <CaseWorkContext value={caseWork}>
            <CaseShell
              job={job}
              error={newCasePaths === null ? error : null}
              saved={saved}
              preview={info?.preview ?? false}
              onDismissError={() => setError(null)}
              onDismissSaved={() => setSaved(null)}
              notices={notices}
              onDismissNotice={(text) => setNotices((before) => before.filter((each) => each !== text))}
              onDismissJob={() => setJob(null)}
              onMapping={stateMapping}
              themeSwitch={themeSwitch}
            />
          </CaseWorkContext>
          {isFactsOpen && <CaseFactsDialog onClose={() => setFactsOpen(false)} />}
          {askedFinding !== null && <OwnFindingDialog asked={askedFinding} onClose={() => setAskedFinding(null)} />}
          {isProfileOpen && (
            <ProfileEditor
              profile={workbench.overview.profile}
              draft={unsaved?.path === workbench.overview.path ? unsaved.draft : null}
              onSave={(profile, draft) => void saveProfile(profile, draft)}
              onClose={() => {
                setUnsaved(null);
                setProfileOpen(false);
              }}
            />
          )}
          {isKeptOpen && (
            <KeptStates
              onShow={({ filter, view, metric }) => {
                const known = VIEWS.find((name) => name === view) ?? 'overview';
                startTransition(() => step({ where: filter, view: known, metric, selection: null }));
              }}
              onClose={() => setKeptOpen(false)}
            />
          )}
        </WorkbenchContext>
      )}
      {locked !== null && (
        <AskPassphrase
          path={locked.path}
          error={locked.error}
          onOpen={(passphrase) => openCase(locked.path, passphrase)}
          onClose={() => setLocked(null)}
        />
      )}
      {newCasePaths !== null && info !== null && (
        <NewCase
          profiles={info.profiles}
          paths={newCasePaths}
          error={error}
          onCreate={(facts) => void createCase(facts)}
          onClose={() => {
            setNewCasePaths(null);
            setError(null);
          }}
        />
      )}
      {statements !== null && overview !== null && (
        <ImportStatements
          paths={statements.paths}
          withMapping={statements.withMapping}
          busy={busy}
          onPaths={(paths) => setStatements({ ...statements, paths })}
          onImport={(custody) => {
            setStatements(null);
            void importPaths(statements.paths, custody);
          }}
          onClose={() => setStatements(null)}
        />
      )}
      {isPalette && <CommandPalette hasCase={overview !== null} onRun={run} onClose={() => setPalette(false)} />}
      {isSheet && <ShortcutSheet onClose={() => setSheet(false)} />}
      {isOver && (
        <div className="drop-veil">
          <p>
            {statements !== null
              ? say('Drop to add this to the files of the import')
              : busy
                ? say('A job is in work: wait for its end, or cancel it, before adding more.')
                : overview === null
                  ? say('Drop to make a new case of these, or to open a case')
                  : say('Drop to add this evidence to the case')}
          </p>
        </div>
      )}
    </div>
  );
}
