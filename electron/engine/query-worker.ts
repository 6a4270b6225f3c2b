import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { takeKeys } from '../casefile/case-cipher.ts';
import { foldJournal } from '../casefile/case-file.ts';
import { listBackups } from '../casefile/case-backup.ts';
import { CaseReader, PASS_CACHE_BYTES } from '../casefile/case-reader.ts';
import { countMatches, flowPage, type MatchCounts } from '../casefile/flow-page.ts';
import { orderedPage } from '../casefile/flow-order.ts';
import { brushedSelection } from '../casefile/brushed-selection.ts';
import { compileFilter, type FlowSelection } from '../casefile/flow-selection.ts';
import { flowRecords } from '../casefile/flow-records.ts';
import { writeFlows } from '../casefile/flow-writers.ts';
import { type TableFormat, TABLE_FORMATS } from '../casefile/table-writers.ts';
import { minuteAmounts } from '../casefile/minute-amounts.ts';
import { isDatabaseError } from '../casefile/open-database.ts';
import { textCounts } from '../casefile/text-counts.ts';
import { totalsOf } from '../casefile/totals.ts';
import { DIMENSIONS } from '../casefile/summary.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS } from '../../shared/finding.ts';
import { type Jobs, PROGRESS_BYTES, type SummaryResult, WHOLE_EXPORTS } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { ReportSettings } from '../../shared/report-settings.ts';
import { bundleFolder } from './bundle-manifest.ts';
import { isBundleTar } from './bundle-tar.ts';
import { cancelledError } from './cancelled.ts';
import { overviewOf } from './case-overview.ts';
import { jobError } from './job-error.ts';
import type { LabelTables } from './label-case.ts';
import { countedOwnFindings } from './own-finding-jobs.ts';
import { oneOf } from './one-of.ts';
import { auditExport, recordQueries } from './record-jobs.ts';
import { totalQueries } from './total-queries.ts';
import { ENCLAVE_VERSION } from './version.ts';
import { CANCEL, type CloseRequest, type JobReply, type JobRequest, WAITING } from './worker-messages.ts';

/**
 * The query thread: reads cases through a connection and a column cache of its own, never writes to them.
 *
 * What analyses, prints, seals or verifies is loaded when first asked for: three quarters of the code, and the command line
 * starts this thread for every query.
 */

const port = parentPort;
if (port === null) throw new Error('query-worker runs as a worker thread only');

/** Pieces of text that may wait for whoever reads them. */
const MAX_TEXT_WAITING = 16;

let tables: LabelTables | null = null;
async function labelTables(): Promise<LabelTables> {
  tables ??= (await import('./label-case.ts')).loadLabelTables();
  return tables;
}

let open: CaseReader | null = null;

/**
 * The reader of a case, kept open between jobs so that its cache serves the next query.
 *
 * @param live what is in work, too: as it was at the last look, or each query would read all flows anew while they come in
 */
function readerOf(path: string, live = false, isLook = !live): CaseReader {
  const reader = recordReaderOf(path);
  reader.showInWork(live);
  if (isLook) reader.refreshIfChanged();
  return reader;
}

/** The same for what is read anew whenever it is asked for: what is kept of the flows stays as it is. */
function recordReaderOf(path: string): CaseReader {
  if (open?.path !== path || open.isOutgrown) {
    letGo();
    open = new CaseReader(path);
  }
  return open;
}

function letGo(): void {
  const path = open?.path;
  open?.close();
  totals.letGo();
  open = null;
  last = null;
  if (path !== undefined) foldJournal(path);
}

function reply(message: JobReply): void {
  port?.postMessage(message);
}

type Handler<Name extends keyof Jobs> = (
  request: Jobs[Name]['request'],
  job: JobRequest,
) => Promise<Jobs[Name]['response']> | Jobs[Name]['response'];

/** What a job gives that makes room for another: it is begun anew after those that wait, and finds its work so far in the cache. */
const LATER = Symbol('later');
/** A job that takes longer lets others go first. */
const LET_OTHERS_AFTER_MS = 20;

type PatientHandler<Name extends keyof Jobs> = (
  request: Jobs[Name]['request'],
  job: JobRequest,
) => Promise<Jobs[Name]['response'] | typeof LATER>;

function isCancelled(job: JobRequest): boolean {
  return Atomics.load(new Int32Array(job.shared.control), CANCEL) !== 0;
}

const flows: Handler<'flows'> = async (request, job) => {
  const format: TableFormat = oneOf('format', request.format, TABLE_FORMATS);
  const filter = parseFilter(request.where);
  const reader = readerOf(request.case);
  const records = flowRecords(reader, {
    selection: compileFilter(filter, reader),
    ...(request.limit === null ? {} : { limit: request.limit }),
  });
  const { out } = request;
  if (request.explain === true && format !== 'ndjson') {
    throw new EnclaveError('usage', 'explanations come as ndjson only', '', 'leave out --format', 1);
  }
  const write = async (chunks: Parameters<typeof writeFlows>[2]): Promise<number> => {
    if (request.explain !== true) return writeFlows(format, records, chunks);
    const { writeExplained } = await import('./explain-case.ts');
    return writeExplained(reader, records, await labelTables(), chunks);
  };
  if (out === null) {
    const control = new Int32Array(job.shared.control);
    const count = await write(async (chunk) => {
      for (let waiting = Atomics.add(control, WAITING, 1) + 1; waiting > MAX_TEXT_WAITING;) {
        if (isCancelled(job)) throw cancelledError();
        await Atomics.waitAsync(control, WAITING, waiting, 1000).value;
        waiting = Atomics.load(control, WAITING);
      }
      reply({ id: job.id, type: 'text', chunk });
    });
    return { flows: count, sha256: null };
  }
  const { result, sha256 } = await writeHashed(out, (take) =>
    write((chunk) => {
      if (isCancelled(job)) throw cancelledError();
      take(chunk);
    }),
  );
  return { flows: result, sha256 };
};

/** The filter of the last query: a view asks several, and a table that is scrolled many pages. */
interface LastSelection {
  readonly where: string;
  readonly snapshot: object;
  readonly selection: FlowSelection;
  counts: MatchCounts | null;
}
let last: LastSelection | null = null;

function selectionOf(reader: CaseReader, where: string): LastSelection {
  if (last?.where !== where || last.snapshot !== reader.snapshot) {
    last = { where, snapshot: reader.snapshot, selection: brushedSelection(reader, where), counts: null };
  }
  return last;
}

const totals = totalQueries(readerOf, (reader, where) => selectionOf(reader, where).selection);

const flowsPage: Handler<'flowsPage'> = ({ case: path, where, offset, limit, order, live }) => {
  const reader = readerOf(path, live);
  const asked = selectionOf(reader, where);
  const { selection } = asked;
  const counts = (asked.counts ??= countMatches(reader, selection));
  const place = { offset, limit };
  if (limit === 0) return { flows: [], total: counts.total };
  const page =
    order === undefined
      ? flowPage(reader, selection, counts, place)
      : orderedPage(reader, selection, counts, order, place);
  return { flows: page, total: counts.total };
};

async function htmlOf(reader: CaseReader, settings: ReportSettings = {}): Promise<string> {
  const { reportHtml } = await import('../report/report-html.ts');
  return reportHtml(reader, { ...settings, version: ENCLAVE_VERSION, printedAt: new Date().toISOString() });
}

/** Writes a file as a whole: what failed midway is removed, and told. */
async function writeOut<T>(path: string, write: (fd: number) => Promise<T>): Promise<T> {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw unwritable(path, error);
  }
  try {
    const result = await write(fd);
    closeSync(fd);
    return result;
  } catch (error) {
    closeSync(fd);
    rmSync(path, { force: true });
    throw error instanceof EnclaveError || isDatabaseError(error) ? error : unwritable(path, error);
  }
}

/** Writes a file as a whole out of the pieces that come; with what `produce` gives, the file's SHA-256 and its length in bytes. */
function writeHashed<T>(
  path: string,
  produce: (take: (chunk: Uint8Array | string) => void) => Promise<T>,
): Promise<{ result: T; sha256: string; bytes: number }> {
  return writeOut(path, async (fd) => {
    const hash = createHash('sha256');
    let bytes = 0;
    const result = await produce((chunk) => {
      const data = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
      hash.update(data);
      bytes += data.length;
      for (let at = 0; at < data.length;) at += writeSync(fd, data, at);
    });
    return { result, sha256: hash.digest('hex'), bytes };
  });
}

function unwritable(path: string, error: unknown): EnclaveError {
  const why = error instanceof Error ? error.message : String(error);
  return new EnclaveError('not-writable', `the file cannot be written (${why})`, path, 'choose another place');
}

const report: Handler<'report'> = async (request) => {
  const reader = readerOf(request.case);
  const html = await htmlOf(reader, request.settings);
  const { out } = request;
  try {
    if (out.endsWith('.pdf')) {
      const { findChromium, printPdf } = await import('../report/report-pdf.ts');
      const chromium = findChromium();
      if (chromium === null) {
        throw new EnclaveError(
          'no-chromium',
          'a PDF needs an installed Chromium',
          out,
          'install chromium, name one in ENCLAVE_CHROMIUM, or write .html and print it',
        );
      }
      await printPdf(chromium, html, out);
    } else writeFileSync(out, html);
  } catch (error) {
    if (error instanceof EnclaveError) throw error;
    rmSync(out, { force: true });
    throw unwritable(out, error);
  }
  return { path: out, sha256: createHash('sha256').update(readFileSync(out)).digest('hex') };
};

const handlers: { [Name in keyof Jobs]?: Handler<Name> | PatientHandler<Name> } = {
  ...totals.answers,
  totals({ case: path, where, live }) {
    const reader = readerOf(path, live);
    return totalsOf(reader, selectionOf(reader, where).selection);
  },
  texts({ case: path, where, fields, limit, live }) {
    const reader = readerOf(path, live);
    return textCounts(reader, selectionOf(reader, where).selection, fields, limit);
  },
  flows,
  flowsPage,
  overview: (request) => overviewOf(readerOf(request.case, request.live, true)),
  previewText: async ({ path, mapping }) => (await import('./preview-text.ts')).previewTextExport(path, mapping),
  reportHtml: (request) => htmlOf(readerOf(request.case), request.settings),
  report,
  async analyse(request, job) {
    const { analyseCase } = await import('../analysis/analyse.ts');
    const reader = new CaseReader(request.case, PASS_CACHE_BYTES);
    try {
      const tell = (): void =>
        reply({ id: job.id, type: 'progress', step: 'analyse', what: 'findings', file: 0, files: 0, bytesTotal: 0 });
      const { countryTablesOf } = await import('./label-case.ts');
      return analyseCase(reader, {
        tables: countryTablesOf(reader),
        progress: tell,
        cancelled: () => isCancelled(job),
      });
    } finally {
      reader.close();
    }
  },
  async sample({ directory }) {
    const { DEMO_SCALE, generateSample } = await import('../sample/generate-sample.ts');
    return { files: [...(await generateSample(directory, { scale: DEMO_SCALE })).files] };
  },
  overlays: (request) => recordReaderOf(request.case).overlays(),
  indicatorFiles: (request) => recordReaderOf(request.case).indicatorFiles(),
  eventFiles: (request) => recordReaderOf(request.case).eventFiles(),
  eventLists: (request) => recordReaderOf(request.case).eventLists(),
  minutes({ case: path, by, metric, where, live, ...steps }) {
    const reader = readerOf(path, live);
    const rows = minuteAmounts(reader, {
      ...steps,
      by: by === null ? null : oneOf('dimension', by, DIMENSIONS),
      metric: oneOf('metric', metric, ['flows', 'bytes', 'packets']),
      selection: selectionOf(reader, where).selection,
    });
    return { rows: rows as SummaryResult['rows'] };
  },
  async comparePair({ case: path, by, metric, ...pair }) {
    const { comparePair } = await import('../analysis/period-pair.ts');
    return comparePair(readerOf(path), {
      ...pair,
      by: oneOf('dimension', by, DIMENSIONS),
      metric: oneOf('metric', metric, METRICS),
    });
  },
  async countryAgreement({ case: path, where }) {
    const reader = readerOf(path);
    const { countryAgreement } = await import('./table-agreement.ts');
    const { PeerPlaces } = await import('../casefile/peer-places.ts');
    const { countryTablesOf } = await import('./label-case.ts');
    const places = PeerPlaces.of(reader, () => countryTablesOf(reader));
    const begun = performance.now();
    for (const segment of reader.segments()) {
      places.column(segment);
      if (performance.now() - begun < LET_OTHERS_AFTER_MS) continue;
      await turn();
      if (waiting.length > 0) return LATER;
    }
    return countryAgreement(reader, selectionOf(reader, where).selection, places);
  },
  ...recordQueries(recordReaderOf),
  async exportCase({ case: path, what, format, out }) {
    const { wholeCase, writeCaseTable } = await import('./export-case.ts');
    const reader = readerOf(path);
    const { result, sha256, bytes } = await writeHashed(out, async (take) => {
      if (what !== null) return writeCaseTable(reader, what, oneOf('format', format, TABLE_FORMATS), take);
      take(wholeCase(reader, oneOf('format', format, WHOLE_EXPORTS)));
      return null;
    });
    return { sha256, bytes, rows: result };
  },
  exportAudit: ({ case: path, format, out }) => {
    const exported = auditExport(readerOf(path).audit(), format);
    if (out === null) return exported;
    return writeOut(out, async (fd) => {
      writeFileSync(fd, exported.text);
      return exported;
    });
  },
  findings: (request) => recordReaderOf(request.case).findings(),
  profile: (request) => readerOf(request.case).profile,
  ownFindings: (request) => countedOwnFindings(readerOf(request.case)),
  async bundle(request, job) {
    const { makeBundle } = await import('./bundle.ts');
    const counters = new Float64Array(job.shared.progress);
    const reader = readerOf(request.case);
    const bytesTotal = reader.evidence().reduce((sum, evidence) => sum + evidence.bytes, 0);
    reply({ id: job.id, type: 'progress', step: 'seal', what: request.out, file: 0, files: 0, bytesTotal });
    return makeBundle(reader, request, (bytes) => {
      counters[PROGRESS_BYTES] += bytes;
      if (isCancelled(job)) throw cancelledError();
    });
  },
  backups: (request) => listBackups(request.case),
  async verify(request, job) {
    const bundle = isBundleTar(request.case) ? request.case : bundleFolder(request.case);
    if (bundle !== null) {
      const { verifyBundle } = await import('./verify-bundle.ts');
      return verifyBundle(bundle, request.evidenceDirectory, () => {
        if (isCancelled(job)) throw cancelledError();
      });
    }
    const reader = readerOf(request.case);
    const bytesTotal = reader.evidence().reduce((sum, evidence) => sum + evidence.bytes, 0);
    const counters = new Float64Array(job.shared.progress);
    reply({ id: job.id, type: 'progress', step: 'verify', what: request.case, file: 0, files: 0, bytesTotal });
    const { verifyCase } = await import('./verify-case.ts');
    return verifyCase(reader, request.evidenceDirectory, (bytes) => {
      counters[PROGRESS_BYTES] = bytes;
      if (isCancelled(job)) throw cancelledError();
    });
  },
};

async function run(job: JobRequest): Promise<void> {
  try {
    takeKeys(job.keys);
    const handler = handlers[job.name] as ((request: unknown, job: JobRequest) => unknown) | undefined;
    if (handler === undefined) throw new Error(`the query thread has no job ${job.name}`);
    const response = await handler(job.request, job);
    if (response === LATER) waiting.push(job);
    else reply({ id: job.id, type: 'done', response });
  } catch (error) {
    reply({ id: job.id, type: 'error', error: jobError(error, job.request) });
  }
}

/** Jobs of one thread run one after the other: they share the reader. */
const waiting: JobRequest[] = [];
let isAtWork = false;

async function work(): Promise<void> {
  if (isAtWork) return;
  isAtWork = true;
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await run(job);
  isAtWork = false;
}

port.on('message', (message: JobRequest | CloseRequest) => {
  if ('close' in message) {
    letGo();
    port.close();
    return;
  }
  waiting.push(message);
  void work();
});
