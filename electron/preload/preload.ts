import { contextBridge, ipcRenderer, webUtils } from 'electron';
import {
  type Answer,
  type Bridge,
  type CallName,
  type Calls,
  DROPPED_PATHS,
  type EventName,
  type Events,
} from '../../shared/bridge.ts';

/** Puts `window.enclave` into the page: every call by its name, never a raw channel. */

function call<Name extends CallName>(name: Name) {
  return (request: Calls[Name]['request']): Promise<Answer<Calls[Name]['response']>> =>
    ipcRenderer.invoke(name, request) as Promise<Answer<Calls[Name]['response']>>;
}

const EVENTS = {
  progress: true,
  evidence: true,
  evidenceGiven: true,
  notice: true,
  caseChanged: true,
  action: true,
} satisfies Record<EventName, true>;

const bridge = {
  appInfo: call('appInfo'),
  takeEvidence: call('takeEvidence'),
  overview: call('overview'),
  newCase: call('newCase'),
  openCase: call('openCase'),
  restoreCase: call('restoreCase'),
  openSample: call('openSample'),
  closeCase: call('closeCase'),
  chooseEvidence: call('chooseEvidence'),
  importEvidence: call('importEvidence'),
  previewText: call('previewText'),
  chooseMapping: call('chooseMapping'),
  saveMapping: call('saveMapping'),
  cancel: call('cancel'),
  pause: call('pause'),
  tellLanguage: call('tellLanguage'),
  summary: call('summary'),
  totals: call('totals'),
  minutes: call('minutes'),
  comparePair: call('comparePair'),
  countryAgreement: call('countryAgreement'),
  eventLists: call('eventLists'),
  changeEvents: call('changeEvents'),
  importEvents: call('importEvents'),
  removeEventFile: call('removeEventFile'),
  saveFigure: call('saveFigure'),
  hosts: call('hosts'),
  estimateHosts: call('estimateHosts'),
  texts: call('texts'),
  estimate: call('estimate'),
  top: call('top'),
  flowsPage: call('flowsPage'),
  hostPairs: call('hostPairs'),
  estimatePairs: call('estimatePairs'),
  saveFlows: call('saveFlows'),
  carvePackets: call('carvePackets'),
  flowPackets: call('flowPackets'),
  findings: call('findings'),
  ownFindings: call('ownFindings'),
  addOwnFinding: call('addOwnFinding'),
  changeOwnFinding: call('changeOwnFinding'),
  removeOwnFinding: call('removeOwnFinding'),
  analyse: call('analyse'),
  verify: call('verify'),
  changeProfile: call('changeProfile'),
  record: call('record'),
  changeFacts: call('changeFacts'),
  beginSitting: call('beginSitting'),
  notes: call('notes'),
  addNote: call('addNote'),
  changeNote: call('changeNote'),
  removeNote: call('removeNote'),
  keptStates: call('keptStates'),
  keepState: call('keepState'),
  removeState: call('removeState'),
  reportHtml: call('reportHtml'),
  saveReport: call('saveReport'),
  on<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void {
    if (!Object.hasOwn(EVENTS, name)) throw new RangeError('no such event');
    // The page never gets Electron's event object: its sender would be a way around the bridge.
    const pass = (_event: unknown, value: Events[Name]): void => listener(value);
    ipcRenderer.on(name, pass);
    return () => {
      ipcRenderer.removeListener(name, pass);
    };
  },
  pathsOf(files: readonly File[]): string[] {
    const paths = files.map((file) => webUtils.getPathForFile(file));
    void ipcRenderer.invoke(
      DROPPED_PATHS,
      paths.filter((path) => path !== ''),
    );
    return paths;
  },
} satisfies Bridge;

contextBridge.exposeInMainWorld('enclave', bridge);
