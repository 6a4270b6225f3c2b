import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { dialog } from 'electron';
import type { Calls } from '../../shared/bridge.ts';
import type { JobName, Jobs } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { analyseAndSave } from '../engine/change-profile.ts';
import type { CaseWindow } from './case-window.ts';
import { say } from '../../shared/text/say.ts';

/** What the timeline and the map ask for: short steps of time, periods side by side, events, agreement of tables; and saved figures. */

const EVENT_FILES = ['csv', 'txt', 'tsv'];

/** Does a change of the case's events, and makes the findings anew; cancelled meanwhile, there are none until the next analysis. */
async function changeEvents<Name extends JobName>(
  window: CaseWindow,
  name: Name,
  request: Jobs[Name]['request'],
  isChanged: (response: Jobs[Name]['response']) => boolean = () => true,
): Promise<Jobs[Name]['response']> {
  const casePath = window.openCasePath;
  return window.work(async (engine, options) => {
    const response = await engine.run(name, request, options);
    if (!isChanged(response)) return response;
    try {
      await analyseAndSave(engine, casePath, options);
    } finally {
      window.send('caseChanged', null);
    }
    return response;
  });
}

type TimelineCall =
  | 'minutes'
  | 'comparePair'
  | 'countryAgreement'
  | 'eventLists'
  | 'changeEvents'
  | 'importEvents'
  | 'removeEventFile'
  | 'saveFigure';

type Handlers = {
  readonly [Name in TimelineCall]: (
    window: CaseWindow,
    request: Calls[Name]['request'],
  ) => Promise<Calls[Name]['response']>;
};

/** @param fileName makes a name for a file out of a title */
export function timelineCalls(fileName: (title: string) => string): Handlers {
  return {
    async minutes(window, asked) {
      const request = { case: window.openCasePath, live: window.atWork, ...asked };
      return (await window.query('minutes', request)).rows;
    },

    comparePair: async (window, asked) => window.query('comparePair', { case: window.openCasePath, ...asked }),

    countryAgreement: async (window, { where }) =>
      window.query('countryAgreement', { case: window.openCasePath, where }),

    eventLists: async (window) => window.query('eventLists', { case: window.openCasePath }),

    changeEvents: async (window, { change }) =>
      changeEvents(window, 'changeEvents', { case: window.openCasePath, change }),

    async importEvents(window) {
      const casePath = window.openCasePath;
      window.refuseWhileAtWork();
      const { canceled, filePaths } = await dialog.showOpenDialog(window.browser, {
        title: say('Add a file of events'),
        properties: ['openFile'],
        filters: [{ name: say('Events (CSV)'), extensions: EVENT_FILES }],
      });
      const [path] = filePaths;
      if (canceled || path === undefined) return null;
      return changeEvents(window, 'addEvents', { case: casePath, path }, ({ added }) => added);
    },

    removeEventFile: async (window, { id }) => changeEvents(window, 'removeEvents', { case: window.openCasePath, id }),

    async saveFigure(window, { title, format, content }) {
      const casePath = window.openCasePath;
      window.refuseWhileAtWork();
      const { canceled, filePath } = await dialog.showSaveDialog(window.browser, {
        title: say('Save figure'),
        defaultPath: join(dirname(casePath), `${fileName(title)}.${format}`),
        filters: [{ name: format.toUpperCase(), extensions: [format] }],
      });
      if (canceled || filePath === '') return null;
      const path = extname(filePath).toLowerCase() === `.${format}` ? filePath : `${filePath}.${format}`;
      const data = Buffer.from(content, format === 'png' ? 'base64' : 'utf8');
      try {
        writeFileSync(path, data);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new EnclaveError('not-writable', `the file cannot be written (${why})`, path, 'choose another place');
      }
      const sha256 = createHash('sha256').update(data).digest('hex');
      const detail = { what: 'figure', title, format, file: basename(path), sha256 };
      await window.query('audit', { case: casePath, action: 'export', detail });
      return { path, sha256 };
    },
  };
}
