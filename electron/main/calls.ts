import { basename, dirname, extname, join } from 'node:path';
import { app, dialog, type FileFilter, ipcMain, type IpcMainInvokeEvent } from 'electron';
import { type Answer, type CallName, type Calls, DROPPED_PATHS } from '../../shared/bridge.ts';
import { droppedPathsSchema, REQUEST_SCHEMAS } from '../../shared/bridge-schemas.ts';
import { type JobName, type Jobs, MAX_FLOW_PACKETS } from '../../shared/jobs.ts';
import { EnclaveError, toErrorValue } from '../../shared/problem.ts';
import { isRedacted } from '../../shared/redaction.ts';
import { setLanguage } from '../../shared/text/language.ts';
import { say, type Text } from '../../shared/text/say.ts';
import { carvePackets, exportFlows } from '../engine/audited-exports.ts';
import { importAndAnalyse, makeSampleCase } from '../engine/case-jobs.ts';
import { analyseAndSave, correctProfile } from '../engine/change-profile.ts';
import { enterVerification } from '../engine/enter-verification.ts';
import { importWarning } from '../engine/free-space.ts';
import { isEncrypted } from '../engine/keyring.ts';
import { readMapping, writeMapping } from '../engine/mapping-file.ts';
import { shippedProfile, shippedProfiles } from '../engine/shipped-profiles.ts';
import { ENCLAVE_VERSION } from '../engine/version.ts';
import { type AppState, CaseWindow } from './case-window.ts';
import { give, refuseUnlessGiven } from './given-paths.ts';
import { mayCall } from './guards.ts';
import { printReport } from './print-report.ts';
import { timelineCalls } from './timeline-calls.ts';

/** What a window may ask for, call by call: checks, dialogs, and jobs of the engine. */

const caseFiles = (): FileFilter[] => [{ name: say('Enclave cases'), extensions: ['enclave'] }];
const mappingFiles = (): FileFilter[] => [{ name: say('Mappings'), extensions: ['json'] }];

type Handler<Name extends CallName> = (
  window: CaseWindow,
  request: Calls[Name]['request'],
) => Promise<Calls[Name]['response']>;

type Handlers = { readonly [Name in CallName]: Handler<Name> };

/** A file name from a title. */
function fileName(title: string): string {
  const plain = title.replaceAll(/[^\p{L}\p{N} ._-]+/gu, ' ').replaceAll(/^[ .]+|[ .]+$/gu, '');
  return plain.slice(0, 80) || 'case';
}

/** Asks where to write a file; it gets the first ending unless it has one of them. Null when the user thought better of it. */
async function askOut(
  window: CaseWindow,
  title: Text,
  name: string,
  endings: readonly [string, ...string[]],
): Promise<string | null> {
  window.refuseWhileAtWork();
  const { canceled, filePath } = await dialog.showSaveDialog(window.browser, {
    title: say(title),
    defaultPath: join(dirname(window.openCasePath), `${name}.${endings[0]}`),
    filters: endings.map((ending) => ({ name: ending.toUpperCase(), extensions: [ending] })),
  });
  if (canceled || filePath === '') return null;
  const isNamed = endings.some((ending) => extname(filePath).toLowerCase() === `.${ending}`);
  return isNamed ? filePath : `${filePath}.${endings[0]}`;
}

/** A small change of the case, which waits for no one: refused while a job is at work. */
async function write<Name extends JobName>(
  window: CaseWindow,
  name: Name,
  request: Jobs[Name]['request'],
): Promise<Jobs[Name]['response']> {
  window.refuseWhileAtWork();
  return window.query(name, request);
}

function handlers(state: AppState): Handlers {
  return {
    appInfo: async (window) => ({
      version: ENCLAVE_VERSION,
      preview: state.preview,
      recentCases: state.settings.recentCases,
      profiles: shippedProfiles().map(({ name, timeZone, ranges }) => ({ name, timeZone, ranges })),
      lockedCase: window.lockedCase,
    }),

    async takeEvidence(window) {
      const paths = [...window.evidenceGiven];
      window.evidenceGiven = [];
      give(window, paths);
      return paths;
    },

    overview: async (window) =>
      window.casePath === null ? null : window.query('overview', { case: window.casePath, live: window.atWork }),

    async newCase(window, { path, profile, subject, passphrase, ...facts }) {
      const { title } = facts;
      window.refuseWhileAtWork();
      let casePath = path;
      if (casePath === null) {
        const defaultPath = join(app.getPath('documents'), `${fileName(title)}.enclave`);
        const { canceled, filePath } = await dialog.showSaveDialog(window.browser, {
          title: say('New case'),
          defaultPath,
          filters: caseFiles(),
        });
        if (canceled || filePath === '') return null;
        casePath = extname(filePath) === '' ? `${filePath}.enclave` : filePath;
      }
      const shipped = shippedProfile(profile);
      const timeZone = subject?.timeZone ?? shipped.timeZone;
      const ownRanges = subject?.ranges
        ? { name: 'own ranges', ranges: subject.ranges, servers: [], excluded: [] }
        : {};
      await window.query('new', {
        case: casePath,
        profile: { ...shipped, timeZone, ...ownRanges },
        ...(passphrase === undefined ? {} : { cipherHeader: await window.makeKey(passphrase) }),
        ...facts,
        title: title === '' ? basename(casePath, '.enclave') : title,
      });
      return window.open(casePath, passphrase);
    },

    async openCase(window, { path, passphrase }) {
      window.refuseWhileAtWork();
      window.lockedCase = null;
      if (path !== null) return window.open(path, passphrase);
      const { canceled, filePaths } = await dialog.showOpenDialog(window.browser, {
        title: say('Open case'),
        properties: ['openFile'],
        filters: caseFiles(),
      });
      const [chosen] = filePaths;
      return canceled || chosen === undefined ? null : window.open(chosen);
    },

    async restoreCase(window, { path }) {
      window.refuseWhileAtWork();
      const [newest] = await window.query('backups', { case: path });
      if (newest === undefined) {
        throw new EnclaveError('no-backup', 'there is no backup of this case', path, 'find a copy of the file itself');
      }
      if (isEncrypted(newest.path)) {
        throw new EnclaveError(
          'no-backup',
          'the backup is encrypted',
          path,
          'on the command line: enclave restore CASE',
        );
      }
      const { backup, evidence } = await window.query('restore', { case: path, from: newest.path });
      return { backup, evidence: evidence.length };
    },

    async openSample(window) {
      const directory = join(app.getPath('documents'), 'Enclave sample');
      const casePath = await window.work((engine, options) => makeSampleCase(engine, directory, options));
      const overview = await window.open(casePath);
      if (overview === null) {
        throw new EnclaveError('open-elsewhere', 'another window shows this case', casePath, 'go to that window', 1);
      }
      return overview;
    },

    async closeCase(window) {
      await window.closeCase();
      return null;
    },

    async chooseEvidence(window, { what }) {
      const { canceled, filePaths } = await dialog.showOpenDialog(window.browser, {
        title: what === 'files' ? say('Add evidence') : say('Add folders of evidence'),
        properties: [what === 'files' ? 'openFile' : 'openDirectory', 'multiSelections'],
      });
      if (canceled) return [];
      give(window, filePaths);
      return filePaths;
    },

    async previewText(window, { path, mapping }) {
      refuseUnlessGiven(window, path);
      return window.query('previewText', { path, mapping });
    },

    async chooseMapping(window) {
      const { canceled, filePaths } = await dialog.showOpenDialog(window.browser, {
        title: say('Open mapping'),
        properties: ['openFile'],
        filters: mappingFiles(),
      });
      const [path] = filePaths;
      return canceled || path === undefined ? null : { path, mapping: readMapping(path) };
    },

    async saveMapping(window, { mapping }) {
      const { canceled, filePath } = await dialog.showSaveDialog(window.browser, {
        title: say('Save mapping'),
        defaultPath: join(app.getPath('documents'), `${fileName(mapping.name)}.json`),
        filters: mappingFiles(),
      });
      if (canceled || filePath === '') return null;
      const path = extname(filePath) === '' ? `${filePath}.json` : filePath;
      writeMapping(path, mapping);
      return { path };
    },

    async importEvidence(window, { paths, custody = {} }) {
      const request = { case: window.openCasePath, paths, custody, live: true };
      for (const path of paths) refuseUnlessGiven(window, path);
      const warning = importWarning(request.case, paths);
      if (warning !== null) window.send('notice', warning);
      try {
        return await window.work((engine, options) => importAndAnalyse(engine, request, options));
      } finally {
        // What was committed before a failure or a cancel is there all the same.
        window.send('caseChanged', null);
      }
    },

    async cancel(window) {
      window.cancel();
      return null;
    },

    async tellLanguage(_window, { language }) {
      state.settings.keepLanguage(language);
      setLanguage(language);
      state.frontChanged();
      return null;
    },

    async pause(window, { paused }) {
      window.pause(paused);
      return null;
    },

    async summary(window, { by, metric, where }) {
      const request = { case: window.openCasePath, by, metric, where, live: window.atWork };
      return (await window.query('summary', request)).rows;
    },

    ...timelineCalls(fileName),

    totals: async (window, { where }) =>
      window.query('totals', { case: window.openCasePath, where, live: window.atWork }),

    hosts: async (window, asked) => window.query('hosts', { case: window.openCasePath, live: window.atWork, ...asked }),
    estimateHosts: async (window, asked) =>
      window.query('estimateHosts', { case: window.openCasePath, live: window.atWork, ...asked }),

    texts: async (window, asked) => window.query('texts', { case: window.openCasePath, live: window.atWork, ...asked }),

    estimate: async (window, asked) =>
      window.query('estimate', { case: window.openCasePath, live: window.atWork, ...asked }),

    top: async (window, asked) => window.query('top', { case: window.openCasePath, live: window.atWork, ...asked }),

    flowsPage: async (window, page) =>
      window.query('flowsPage', { case: window.openCasePath, live: window.atWork, ...page }),

    hostPairs: async (window, asked) =>
      window.query('hostPairs', { case: window.openCasePath, live: window.atWork, ...asked }),
    estimatePairs: async (window, asked) =>
      window.query('estimatePairs', { case: window.openCasePath, live: window.atWork, ...asked }),

    async saveFlows(window, { where, format }) {
      const casePath = window.openCasePath;
      const out = await askOut(window, 'Export flows', `${basename(casePath, '.enclave')} flows`, [format]);
      if (out === null) return null;
      const request = { case: casePath, where, limit: null, format, out };
      const result = await window.work((engine, options) =>
        exportFlows({ run: (name, asked) => engine.run(name, asked, options) }, request),
      );
      return { path: out, flows: result.flows, sha256: result.sha256 ?? '' };
    },

    async carvePackets(window, { where }) {
      const casePath = window.openCasePath;
      const name = `${basename(casePath, '.enclave')} packets`;
      const out = await askOut(window, 'Carve packets', name, ['pcapng', 'pcap']);
      if (out === null) return null;
      const request = { case: casePath, where, out, evidenceDirectory: null };
      return window.work((engine, options) =>
        carvePackets({ run: (job, asked) => engine.run(job, asked, options) }, request),
      );
    },

    flowPackets: async (window, { flow }) =>
      window.query('flowPackets', {
        case: window.openCasePath,
        flow,
        limit: MAX_FLOW_PACKETS,
        evidenceDirectory: null,
      }),

    findings: async (window) => window.query('findings', { case: window.openCasePath }),

    ownFindings: async (window) => window.query('ownFindings', { case: window.openCasePath }),

    addOwnFinding: (window, { finding }) => write(window, 'addOwnFinding', { case: window.openCasePath, finding }),

    changeOwnFinding: (window, asked) => write(window, 'changeOwnFinding', { case: window.openCasePath, ...asked }),

    removeOwnFinding: (window, { id }) => write(window, 'removeOwnFinding', { case: window.openCasePath, id }),

    async analyse(window) {
      const casePath = window.openCasePath;
      return window.work((engine, options) => analyseAndSave(engine, casePath, options));
    },

    async verify(window) {
      const casePath = window.openCasePath;
      return window.work(async (engine, options) => {
        const result = await engine.run('verify', { case: casePath, evidenceDirectory: null }, options);
        await enterVerification((entry) => engine.run('audit', entry), casePath, result);
        return result;
      });
    },

    async changeProfile(window, { profile }) {
      const request = { case: window.openCasePath, profile };
      return window.work((engine, options) => correctProfile(engine, request, options));
    },

    record: async (window) => window.query('record', { case: window.openCasePath }),

    async changeFacts(window, { change }) {
      const record = await write(window, 'changeFacts', { case: window.openCasePath, change });
      window.send('caseChanged', null);
      return record;
    },

    beginSitting: (window, { examiner }) => write(window, 'beginSitting', { case: window.openCasePath, examiner }),

    notes: async (window, asked) => window.query('notes', { case: window.openCasePath, ...asked }),

    addNote: (window, { note }) => write(window, 'addNote', { case: window.openCasePath, note }),

    changeNote: (window, asked) => write(window, 'changeNote', { case: window.openCasePath, ...asked }),

    removeNote: (window, { id }) => write(window, 'removeNote', { case: window.openCasePath, id }),

    keptStates: async (window) => window.query('keptStates', { case: window.openCasePath }),

    keepState: (window, asked) => write(window, 'keepState', { case: window.openCasePath, ...asked }),

    removeState: (window, { name }) => write(window, 'removeState', { case: window.openCasePath, name }),

    async reportHtml(window, choice) {
      const request = { case: window.openCasePath, settings: choice ?? {} };
      try {
        return await window.query('reportHtml', request);
      } catch (error) {
        if (!(error instanceof EnclaveError) || error.code !== 'no-redaction-key') throw error;
        await write(window, 'makeRedactionKey', { case: window.openCasePath });
        return window.query('reportHtml', request);
      }
    },

    async saveReport(window, { format, ...settings }) {
      const casePath = window.openCasePath;
      window.refuseWhileAtWork();
      const { canceled, filePath } = await dialog.showSaveDialog(window.browser, {
        title: say('Save report'),
        defaultPath: join(dirname(casePath), `${basename(casePath, '.enclave')} report.${format}`),
        filters: [{ name: format.toUpperCase(), extensions: [format] }],
      });
      if (canceled || filePath === '') return null;
      const path = extname(filePath).toLowerCase() === `.${format}` ? filePath : `${filePath}.${format}`;
      return window.work(async (engine) => {
        if (isRedacted(settings)) await engine.run('makeRedactionKey', { case: casePath });
        const sha256 =
          format === 'pdf'
            ? await printReport(await engine.run('reportHtml', { case: casePath, settings }), path)
            : (await engine.run('report', { case: casePath, out: path, settings })).sha256;
        const detail = { file: basename(path), sha256, ...settings };
        await engine.run('audit', { case: casePath, action: 'report', detail });
        return { path, sha256 };
      });
    },
  };
}

/** Answers one call; whatever goes wrong becomes an error value. */
async function answer(
  state: AppState,
  name: CallName,
  handle: Handler<CallName>,
  event: IpcMainInvokeEvent,
  request: unknown,
): Promise<Answer<unknown>> {
  try {
    const window = mayCall(event.senderFrame) ? CaseWindow.of(state.windows, event.sender) : null;
    if (window === null) {
      throw new EnclaveError('refused', 'the call does not come from a window of Enclave', '', 'please report it');
    }
    const checked = REQUEST_SCHEMAS[name].safeParse(request);
    if (!checked.success) {
      const issue = checked.error.issues[0];
      const what = issue === undefined ? '' : `: ${[name, ...issue.path].join('.')}: ${issue.message}`;
      throw new EnclaveError('bad-request', `the window asked wrongly${what}`, '', 'please report it');
    }
    return { ok: true, value: await handle(window, checked.data) };
  } catch (error) {
    return { ok: false, error: toErrorValue(error) };
  }
}

export function handleCalls(state: AppState): void {
  ipcMain.handle(DROPPED_PATHS, (event, paths: unknown) => {
    const window = mayCall(event.senderFrame) ? CaseWindow.of(state.windows, event.sender) : null;
    const checked = droppedPathsSchema.safeParse(paths);
    if (window !== null && checked.success) give(window, checked.data);
  });
  for (const [name, handle] of Object.entries(handlers(state)) as [CallName, Handler<CallName>][]) {
    ipcMain.handle(name, (event, request: unknown) => answer(state, name, handle, event, request));
  }
}
