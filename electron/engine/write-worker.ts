import { parentPort, workerData } from 'node:worker_threads';
import type { Finding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { type Jobs, PROGRESS_PACKETS, type Relabelling } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { checkProfile, type Profile } from '../../shared/profile.ts';
import { takeKeys } from '../casefile/case-cipher.ts';
import { foldJournal, isSealed } from '../casefile/case-file.ts';
import { CaseWriter } from '../casefile/case-writer.ts';
import { LARGEST_INDICATOR_FILE, readIndicators } from '../classify/indicators.ts';
import { LARGEST_MMDB, readOverlay } from '../classify/overlays.ts';
import { DEFAULT_TIMEOUTS } from '../flows/flow-table.ts';
import { restoreCase } from '../casefile/restore-case.ts';
import { readAddedFile } from './added-file.ts';
import { changeProfile } from './change-profile.ts';
import { LARGEST_EVENT_FILE, readEvents } from './event-file.ts';
import { EarlyContacts, storedFacts } from './early-contacts.ts';
import { EarlyLabels } from './early-labels.ts';
import { changeEnteredEvents } from './entered-events.ts';
import { importEvidence } from './import-evidence.ts';
import { jobError } from './job-error.ts';
import { ownFindingChanges } from './own-finding-jobs.ts';
import { recordChanges } from './record-jobs.ts';
import {
  type EarlyWork,
  labelCase,
  type LabelTables,
  leavesOutDuplicates,
  loadLabelTables,
  stopWhen,
} from './label-case.ts';
import { makeRedactionKey } from './redaction-key.ts';
import { RollingBackup } from './rolling-backup.ts';
import { ENCLAVE_VERSION } from './version.ts';
import {
  CANCEL,
  type CloseRequest,
  type JobReply,
  type JobRequest,
  type WriteThreadOptions,
} from './worker-messages.ts';

/** The writing thread: the only one that changes cases. */

const port = parentPort;
if (port === null) throw new Error('write-worker runs as a worker thread only');
const options = workerData as WriteThreadOptions;

let tables: LabelTables | null = null;
function labelTables(): LabelTables {
  tables ??= loadLabelTables();
  return tables;
}

function reply(message: JobReply): void {
  port?.postMessage(message);
}

type Handler<Name extends keyof Jobs> = (
  request: Jobs[Name]['request'],
  job: JobRequest,
) => Promise<Jobs[Name]['response']> | Jobs[Name]['response'];

function newCase(request: Jobs['new']['request']): Jobs['new']['response'] {
  const checked = checkProfile(request.profile);
  if (!checked.ok) {
    throw new EnclaveError('profile-wrong', `the profile is wrong: ${checked.fault}`, '', 'mend the profile');
  }
  const { case: path, profile: _, cipherHeader = null, ...facts } = request;
  const begin = { ...facts, profile: checked.profile, timeouts: DEFAULT_TIMEOUTS, version: ENCLAVE_VERSION };
  CaseWriter.create(path, begin, undefined, cipherHeader).close();
  return { case: request.case };
}

/** Cases that jobs of this thread wrote to. */
const written = new Set<string>();
const backup = new RollingBackup((text) => reply({ type: 'notice', text }));

/** Opens the case for one job and closes it after, whatever happens. */
async function withCase<T>(path: string, work: (writer: CaseWriter) => Promise<T> | T): Promise<T> {
  const writer = CaseWriter.open(path, ENCLAVE_VERSION);
  written.add(path);
  backup.pause(path);
  if (writer.olderCopy !== null) {
    reply({ type: 'notice', text: `the case was of an older format; as it was, it is kept in ${writer.olderCopy}` });
  }
  try {
    return await work(writer);
  } finally {
    writer.close();
    backup.changed(path);
  }
}

function relabel(
  writer: CaseWriter,
  job: JobRequest,
  leaveOutDuplicates?: boolean,
  countChanges = false,
  early: EarlyWork | null = null,
  newProfile: Profile | null = null,
): ReturnType<typeof labelCase> {
  const control = new Int32Array(job.shared.control);
  const { id } = job;
  return labelCase(
    writer,
    labelTables(),
    stopWhen(
      () => Atomics.load(control, CANCEL) !== 0,
      () => reply({ id, type: 'progress', step: 'label', what: 'labels', file: 0, files: 0, bytesTotal: 0 }),
    ),
    leaveOutDuplicates,
    countChanges,
    early,
    newProfile,
  );
}

/** Labels anew and tells what changed. */
function reclassify(
  writer: CaseWriter,
  job: JobRequest,
  leaveOutDuplicates?: boolean,
  newProfile: Profile | null = null,
): Relabelling {
  const { flows, changes } = relabel(writer, job, leaveOutDuplicates, true, null, newProfile);
  if (changes === null) throw new Error('changes were asked for');
  return { flows, changes };
}

/** Overlays, files of indicators and files of events of a case at most, of each. */
const MOST_ADDED = 64;

const addOverlay: Handler<'addOverlay'> = (request, job) => {
  const { kind, date } = request;
  const file = readAddedFile(request.path, LARGEST_MMDB);
  const read = readOverlay(file.content, file.name, { kind, date });
  return withCase(request.case, (writer) => {
    const known = writer.overlays();
    const same = known.find(({ sha256 }) => sha256 === file.sha256);
    if (same !== undefined) return { overlay: same, added: false, relabelling: null };
    if (known.length >= MOST_ADDED) throw tooMany('overlays', request.case);
    const { data, ...told } = read;
    const facts = { ...told, name: file.name, sha256: file.sha256, bytes: file.content.length };
    writer.addOverlay(facts, data);
    let relabelling: Relabelling;
    try {
      relabelling = reclassify(writer, job);
    } catch (error) {
      // Labels and overlays belong together: the labels before stay in force.
      writer.removeOverlay(file.sha256.slice(0, 16));
      throw error;
    }
    const overlay = writer.overlays().find(({ sha256 }) => sha256 === file.sha256);
    if (overlay === undefined) throw new Error('the overlay was not stored');
    return { overlay, added: true, relabelling };
  });
};

const removeOverlay: Handler<'removeOverlay'> = (request, job) =>
  withCase(request.case, (writer) => {
    if (!writer.removeOverlay(request.id)) throw notThere('overlay', request.id);
    return reclassify(writer, job);
  });

const addIndicators: Handler<'addIndicators'> = (request) => {
  const { name, content, sha256 } = readAddedFile(request.path, LARGEST_INDICATOR_FILE);
  const { format, indicators, notUsed } = readIndicators(content, name);
  return withCase(request.case, (writer) => {
    const known = writer.indicatorFiles();
    const same = known.find((each) => each.sha256 === sha256);
    if (same === undefined && known.length >= MOST_ADDED) throw tooMany('files of indicators', request.case);
    const added = writer.addIndicators({ name, format, sha256, bytes: content.length, notUsed }, indicators);
    const file = same ?? writer.indicatorFiles().find((each) => each.sha256 === sha256);
    if (file === undefined) throw new Error('the indicators were not stored');
    return { file, added };
  });
};

const addEvents: Handler<'addEvents'> = (request) => {
  const { name, content, sha256 } = readAddedFile(request.path, LARGEST_EVENT_FILE);
  const { events, notUsed } = readEvents(content, name);
  return withCase(request.case, (writer) => {
    const known = writer.eventFiles();
    const same = known.find((each) => each.sha256 === sha256);
    if (same === undefined && known.length >= MOST_ADDED) throw tooMany('files of events', request.case);
    const added = writer.addEvents({ name, sha256, bytes: content.length, notUsed }, events);
    const file = same ?? writer.eventFiles().find((each) => each.sha256 === sha256);
    if (file === undefined) throw new Error('the events were not stored');
    return { file, added };
  });
};

function tooMany(what: string, path: string): EnclaveError {
  return new EnclaveError('too-many', `the case has ${MOST_ADDED} ${what} already`, path, 'remove one first');
}

function notThere(what: string, id: string): EnclaveError {
  return new EnclaveError('not-there', `the case has no ${what} ${id}`, '', 'see which there are without a file', 1);
}

/** Labels what an import that failed left without; the next import does it when this one cannot. */
function labelWhatIsThere(writer: CaseWriter, job: JobRequest): void {
  try {
    if (writer.lacksLabels()) relabel(writer, job);
  } catch {
    // The error that led here is the one to be told.
  }
}

const importJob: Handler<'import'> = (request, job) =>
  withCase(request.case, async (writer) => {
    const { id, shared } = job;
    const { live = false } = request;
    const counters = new Float64Array(shared.progress);
    let early: EarlyLabels | null = null;
    const contacts = new EarlyContacts();
    let isWorthwhile = true;
    const giveUp = (): void => {
      isWorthwhile = false;
      early?.giveUp();
    };
    const reading = importEvidence(writer, request.paths, DEFAULT_TIMEOUTS, {
      shared,
      custody: request.custody ?? {},
      mappings: writer.profile.mappings,
      stored(segment, facts) {
        // Captures bring DNS answers, after which all has to be labelled again.
        if (counters[PROGRESS_PACKETS] > 0) giveUp();
        const view = storedFacts(facts);
        contacts.add(segment, view);
        if (!live && !isWorthwhile) {
          // After a full segment more is to come.
          if (early === null && facts.rows === SEGMENT_ROWS) {
            early = new EarlyLabels(writer, labelTables(), live);
            early.giveUp();
            early.rehearse(facts, view);
          }
          return;
        }
        early ??= new EarlyLabels(writer, labelTables(), live);
        if (!isWorthwhile) early.giveUp();
        early.add(segment, facts, view);
      },
      storedNames: giveUp,
      evidence: ({ path, bytes, format, flows, problems, status }) =>
        reply({ id, type: 'evidence', news: { path, bytes, format, flows, problems, status } }),
      decodeWorker: options.decodeWorker === undefined ? undefined : new URL(options.decodeWorker),
      progress: (what, file, files, bytesTotal) =>
        reply({ id, type: 'progress', step: 'read', what, file, files, bytesTotal }),
    });
    // The decoder is at work by now, so the tables load while this thread has nothing else to do.
    reading.catch(() => undefined);
    labelTables();
    let summary: Jobs['import']['response'];
    try {
      summary = await reading;
    } catch (error) {
      // What was committed before the failure is labelled all the same, where the case can still be written.
      if (error instanceof EnclaveError && ['cancelled', 'disk-full'].includes(error.code)) {
        Atomics.store(new Int32Array(shared.control), CANCEL, 0);
        labelWhatIsThere(writer, job);
      }
      throw error;
    }
    const { leaveOutDuplicates = leavesOutDuplicates(writer) } = request;
    if (writer.lacksLabels() || leaveOutDuplicates !== leavesOutDuplicates(writer)) {
      relabel(writer, job, leaveOutDuplicates, false, { labels: early, contacts });
    }
    summary.peakRssBytes = process.resourceUsage().maxRSS * 1024;
    return summary;
  });

const handlers: { [Name in keyof Jobs]?: Handler<Name> } = {
  new: newCase,
  ...recordChanges(withCase),
  ...ownFindingChanges(withCase),
  import: importJob,
  reclassify: (request, job) => withCase(request.case, (writer) => reclassify(writer, job, request.leaveOutDuplicates)),
  changeProfile: (request, job) =>
    withCase(request.case, (writer) =>
      changeProfile(writer, request.profile, (profile) => reclassify(writer, job, undefined, profile)),
    ),
  addOverlay,
  removeOverlay,
  addIndicators,
  removeIndicators: (request) =>
    withCase(request.case, (writer) => {
      if (!writer.removeIndicators(request.id)) throw notThere('file of indicators', request.id);
      return null;
    }),
  addEvents,
  removeEvents: (request) =>
    withCase(request.case, (writer) => {
      if (!writer.removeEvents(request.id)) throw notThere('file of events', request.id);
      return null;
    }),
  changeEvents: (request) =>
    withCase(request.case, (writer) => {
      changeEnteredEvents(writer, writer.eventLists(), request.change);
      return null;
    }),
  makeRedactionKey: makeRedactionKey(withCase),
  restore: ({ case: path, from }) => restoreCase(path, from, ENCLAVE_VERSION, new Date()),
  saveFindings: (request) =>
    withCase(request.case, (writer) => {
      writer.saveFindings(request.findings as Finding[]);
      return null;
    }),
  audit(request) {
    // What is taken out of a sealed case leaves no trace there.
    if (isSealed(request.case)) return null;
    return withCase(request.case, (writer) => {
      writer.audit(request.action, request.detail);
      return null;
    });
  },
};

async function run(job: JobRequest): Promise<void> {
  try {
    takeKeys(job.keys);
    const handler = handlers[job.name] as ((request: unknown, job: JobRequest) => unknown) | undefined;
    if (handler === undefined) throw new Error(`the writer has no job ${job.name}`);
    reply({ id: job.id, type: 'done', response: await handler(job.request, job) });
  } catch (error) {
    reply({ id: job.id, type: 'error', error: jobError(error, job.request) });
  }
}

port.on('message', (job: JobRequest | CloseRequest) => {
  if (!('close' in job)) {
    void run(job);
    return;
  }
  backup.finish();
  for (const path of written) foldJournal(path);
  port.close();
});
