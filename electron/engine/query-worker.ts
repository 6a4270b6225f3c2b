import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { analyseCase } from '../analysis/analyse.ts';
import { comparePair } from '../analysis/period-pair.ts';
import { takeKeys } from '../casefile/case-cipher.ts';
import { foldJournal } from '../casefile/case-file.ts';
import { listBackups } from '../casefile/case-backup.ts';
import { CaseReader, PASS_CACHE_BYTES } from '../casefile/case-reader.ts';
import { CaseSample, estimate, isEstimable } from '../casefile/case-sample.ts';
import { countMatches, flowPage, type MatchCounts } from '../casefile/flow-page.ts';
import { orderedPage } from '../casefile/flow-order.ts';
import { brushedSelection, withoutBrush } from '../casefile/brushed-selection.ts';
import { compileFilter, type FlowSelection } from '../casefile/flow-selection.ts';
import { flowRecords } from '../casefile/flow-records.ts';
import { writeFlows } from '../casefile/flow-writers.ts';
import { type TableFormat, TABLE_FORMATS } from '../casefile/table-writers.ts';
import { hostList } from '../casefile/host-list.ts';
import { hostPairs } from '../casefile/host-pairs.ts';
import { minuteAmounts } from '../casefile/minute-amounts.ts';
import { isDatabaseError } from '../casefile/open-database.ts';
import { textCounts } from '../casefile/text-counts.ts';
import { totalsOf } from '../casefile/totals.ts';
import { KeptSelection } from '../casefile/selected-rows.ts';
import { DIMENSIONS, type Dimension, summarise, type SummaryRow } from '../casefile/summary.ts';
import { wholeCase, writeCaseTable } from './export-case.ts';
import { reportHtml } from '../report/report-html.ts';
import { findChromium, printPdf } from '../report/report-pdf.ts';
import { DEMO_SCALE, generateSample } from '../sample/generate-sample.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS, type Metric } from '../../shared/finding.ts';
import { type Jobs, PROGRESS_BYTES, type SummaryResult, type TopRows, WHOLE_EXPORTS } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { ReportSettings } from '../../shared/report-settings.ts';
import { makeBundle } from './bundle.ts';
import { bundleFolder } from './bundle-manifest.ts';
import { cancelledError } from './cancelled.ts';
import { overviewOf } from './case-overview.ts';
import { writeExplained } from './explain-case.ts';
import { jobError } from './job-error.ts';
import { type LabelTables, loadLabelTables, tablesOf } from './label-case.ts';
import { countedOwnFindings } from './own-finding-jobs.ts';
import { previewTextExport } from './preview-text.ts';
import { auditExport, recordQueries } from './record-jobs.ts';
import { countryAgreement } from './table-agreement.ts';
import { verifyBundle } from './verify-bundle.ts';
import { verifyCase } from './verify-case.ts';
import { ENCLAVE_VERSION } from './version.ts';
import { CANCEL, type CloseRequest, type JobReply, type JobRequest, WAITING } from './worker-messages.ts';

/** The query thread: reads cases through a connection and a column cache of its own, never writes to them. */

const port = parentPort;
if (port === null) throw new Error('query-worker runs as a worker thread only');

/** Pieces of text that may wait for whoever reads them. */
const MAX_TEXT_WAITING = 16;

let tables: LabelTables | null = null;
function labelTables(): LabelTables {
  tables ??= loadLabelTables();
  return tables;
}

let open: CaseReader | null = null;

/** The reader of a case, kept open between jobs so that its cache serves the next query. */
function readerOf(path: string, live = false): CaseReader {
  if (open?.path !== path || open.isOutgrown) {
    letGo();
    open = new CaseReader(path);
  }
  open.showInWork(live);
  open.refreshIfChanged();
  return open;
}

function letGo(): void {
  const path = open?.path;
  open?.close();
  sample?.close();
  open = null;
  sample = null;
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

function isCancelled(job: JobRequest): boolean {
  return Atomics.load(new Int32Array(job.shared.control), CANCEL) !== 0;
}

function oneOf<T extends string>(what: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found === undefined) {
    throw new EnclaveError('usage', `unknown ${what} "${text}"`, '', `use one of: ${known.join(', ')}`, 1);
  }
  return found;
}

const summary: Handler<'summary'> = (request) => {
  const { by, metric } = totalsAsked(request);
  const reader = readerOf(request.case, request.live);
  const begun = performance.now();
  const rows = summarise(reader, { by, metric, selection: selectionOf(reader, request.where).selection });
  noteTime(reader, request, begun);
  return { rows: rows as SummaryResult['rows'] };
};

const top: Handler<'top'> = (request) => {
  const { by, metric } = totalsAsked(request);
  const reader = readerOf(request.case, request.live);
  const begun = performance.now();
  const { selection } = selectionOf(reader, request.where);
  const tops = largestRows(reader, by, request.limit, (dimension) =>
    summarise(reader, { by: [dimension], metric, selection }),
  );
  noteTime(reader, request, begun);
  return tops;
};

function totalsAsked(request: { by: string[]; metric: string }): { by: Dimension[]; metric: Metric } {
  const by = request.by.map((name) => oneOf('dimension', name, DIMENSIONS));
  return { by, metric: oneOf('metric', request.metric, METRICS) };
}

function largestRows(
  reader: CaseReader,
  by: readonly Dimension[],
  limit: number,
  rowsBy: (dimension: Dimension) => SummaryRow[],
): TopRows[] {
  return by.map((dimension) => {
    const rows = rowsBy(dimension);
    const named = rows.filter((row) => row[dimension] !== null).length;
    const largest = rows.slice(0, limit) as SummaryResult['rows'];
    for (const row of largest)
      if (typeof row['asn'] === 'number') row['organisation'] = reader.organisation(row['asn']);
    return { by: dimension, rows: largest, all: rows.length, named };
  });
}

/** An answer that took longer the last time is estimated first. */
const SOON_MS = 50;
/** Flows that an estimate looks at. */
const SAMPLE_FLOWS = 150_000;
/** Milliseconds that an exact answer took last, by question and filter without its brush; for one state of the case. */
let times: { snapshot: object; took: Map<string, number> } | null = null;
let sample: CaseSample | null = null;

function timeKey({
  by,
  metric,
  where,
  limit,
}: {
  by: string[];
  metric: string;
  where: string;
  limit?: number | null;
}): string {
  return JSON.stringify([by, metric, withoutBrush(where), limit ?? null]);
}

function noteTime(reader: CaseReader, request: Parameters<typeof timeKey>[0], begun: number): void {
  if (times?.snapshot !== reader.snapshot) times = { snapshot: reader.snapshot, took: new Map() };
  times.took.set(timeKey(request), performance.now() - begun);
}

function sampleOf(reader: CaseReader): CaseSample | null {
  if (sample?.of === reader.snapshot) return sample;
  sample?.close();
  const all = reader.segments().reduce((sum, { rows }) => sum + rows, 0);
  const step = Math.floor(all / SAMPLE_FLOWS);
  sample = step > 1 ? new CaseSample(reader, step) : null;
  return sample;
}

/** An estimate promises no more digits than it can keep. */
function rounded<Row extends { value: number; flows: number }>(row: Row): Row {
  return { ...row, value: Number(row.value.toPrecision(3)), flows: Number(row.flows.toPrecision(3)) };
}

const estimated: Handler<'estimate'> = async (request, job) => {
  const { by, metric } = totalsAsked(request);
  const { limit } = request;
  const reader = readerOf(request.case, request.live);
  const took = times?.snapshot === reader.snapshot ? times.took.get(timeKey(request)) : undefined;
  const isSoon = took !== undefined && took <= SOON_MS;
  const drawn = isSoon || request.live === true || !isEstimable(metric) ? null : sampleOf(reader);
  if (drawn === null) {
    if (limit !== null) return { rows: [], tops: await top({ ...request, limit }, job), isExact: true };
    return { rows: (await summary(request, job)).rows, tops: [], isExact: true };
  }
  const selection = new KeptSelection(compileFilter(parseFilter(request.where), drawn));
  const rowsBy = (dimensions: typeof by): SummaryRow[] =>
    estimate(drawn, { by: dimensions, metric, selection }).map(rounded);
  const tops = limit === null ? [] : largestRows(reader, by, limit, (dimension) => rowsBy([dimension]));
  const rows = limit === null ? (rowsBy(by) as SummaryResult['rows']) : [];
  return { rows, tops, isExact: false };
};

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
  const write = (chunks: Parameters<typeof writeFlows>[2]): Promise<number> =>
    request.explain === true
      ? writeExplained(reader, records, labelTables(), chunks)
      : writeFlows(format, records, chunks);
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

function htmlOf(reader: CaseReader, settings: ReportSettings = {}): string {
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
  const html = htmlOf(reader, request.settings);
  const { out } = request;
  try {
    if (out.endsWith('.pdf')) {
      const chromium = findChromium();
      if (chromium === null) {
        throw new EnclaveError(
          'no-chromium',
          'a PDF needs an installed Chromium',
          out,
          'install chromium, name one in ENCLAVE_CHROMIUM, or write .html and print it',
        );
      }
      const page = `${out}.printing.html`;
      writeFileSync(page, html);
      try {
        await printPdf(chromium, page, out);
      } finally {
        rmSync(page, { force: true });
      }
    } else writeFileSync(out, html);
  } catch (error) {
    if (error instanceof EnclaveError) throw error;
    rmSync(out, { force: true });
    throw unwritable(out, error);
  }
  return { path: out, sha256: createHash('sha256').update(readFileSync(out)).digest('hex') };
};

const handlers: { [Name in keyof Jobs]?: Handler<Name> } = {
  summary,
  totals({ case: path, where, live }) {
    const reader = readerOf(path, live);
    return totalsOf(reader, selectionOf(reader, where).selection);
  },
  hosts({ case: path, where, limit, live }) {
    const reader = readerOf(path, live);
    return hostList(reader, selectionOf(reader, where).selection, limit);
  },
  texts({ case: path, where, fields, limit, live }) {
    const reader = readerOf(path, live);
    return textCounts(reader, selectionOf(reader, where).selection, fields, limit);
  },
  hostPairs({ case: path, where, metric, limit, live }) {
    const reader = readerOf(path, live);
    const counted = oneOf('metric', metric, ['flows', 'bytes', 'packets']);
    return hostPairs(reader, selectionOf(reader, where).selection, counted, limit);
  },
  top,
  estimate: estimated,
  flows,
  flowsPage,
  overview: (request) => overviewOf(readerOf(request.case, request.live)),
  previewText: ({ path, mapping }) => previewTextExport(path, mapping),
  reportHtml: (request) => htmlOf(readerOf(request.case), request.settings),
  report,
  analyse(request, job) {
    const reader = new CaseReader(request.case, PASS_CACHE_BYTES);
    try {
      const tell = (): void =>
        reply({ id: job.id, type: 'progress', step: 'analyse', what: 'findings', file: 0, files: 0, bytesTotal: 0 });
      return analyseCase(reader, tell, () => isCancelled(job));
    } finally {
      reader.close();
    }
  },
  sample: async ({ directory }) => ({ files: [...(await generateSample(directory, { scale: DEMO_SCALE })).files] }),
  overlays: (request) => readerOf(request.case).overlays(),
  indicatorFiles: (request) => readerOf(request.case).indicatorFiles(),
  eventFiles: (request) => readerOf(request.case).eventFiles(),
  eventLists: (request) => readerOf(request.case).eventLists(),
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
  comparePair: ({ case: path, by, metric, ...pair }) =>
    comparePair(readerOf(path), {
      ...pair,
      by: oneOf('dimension', by, DIMENSIONS),
      metric: oneOf('metric', metric, METRICS),
    }),
  countryAgreement({ case: path, where }) {
    const reader = readerOf(path);
    return countryAgreement(reader, selectionOf(reader, where).selection, tablesOf(reader, labelTables()).reference);
  },
  ...recordQueries(readerOf),
  async exportCase({ case: path, what, format, out }) {
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
  findings: (request) => readerOf(request.case).findings(),
  profile: (request) => readerOf(request.case).profile,
  ownFindings: (request) => countedOwnFindings(readerOf(request.case)),
  bundle(request, job) {
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
  verify(request, job) {
    const folder = bundleFolder(request.case);
    if (folder !== null) {
      return verifyBundle(folder, request.evidenceDirectory, () => {
        if (isCancelled(job)) throw cancelledError();
      });
    }
    const reader = readerOf(request.case);
    const bytesTotal = reader.evidence().reduce((sum, evidence) => sum + evidence.bytes, 0);
    const counters = new Float64Array(job.shared.progress);
    reply({ id: job.id, type: 'progress', step: 'verify', what: request.case, file: 0, files: 0, bytesTotal });
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
    reply({ id: job.id, type: 'done', response: await handler(job.request, job) });
  } catch (error) {
    reply({ id: job.id, type: 'error', error: jobError(error, job.request) });
  }
}

// Jobs of one thread run one after the other: they share the reader.
let lastJob: Promise<void> = Promise.resolve();
port.on('message', (job: JobRequest | CloseRequest) => {
  if ('close' in job) {
    letGo();
    port.close();
    return;
  }
  lastJob = lastJob.then(() => run(job));
});
