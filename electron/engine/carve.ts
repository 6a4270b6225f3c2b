import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { hashFile } from '../capture/evidence-file.ts';
import type { CaptureReader, PacketRecord } from '../capture/packet-sink.ts';
import type { CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { DEFAULT_TIMEOUTS, type FlowTimeouts } from '../flows/flow-table.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { CarveResult, Jobs } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { PacketChoice } from './carve-choice.ts';
import { matchedFlows, type MatchedFlows } from './carve-matches.ts';
import { evidenceRuns, filesIn, findOriginal, holdsPackets, holdsPacketsOnly } from './carve-originals.ts';
import { NanosecondsNeeded, type Origin, PcapngWriter, type PacketWriter, PcapWriter } from './carve-writer.ts';
import { type DecodedEvidence, decodeRun } from './decode-evidence.ts';
import type { PacketTaps, RecordTap } from './packet-path.ts';
import { ENCLAVE_VERSION } from './version.ts';

/**
 * The packets of the matching flows, out of the original captures. The evidence is decoded again as it was for the import, which
 * tells which packets were counted to the flows and whether the file is still the one that was imported; then it is read once
 * more and those packets are written.
 */

type Told = CarveResult['refused'][number];

/** Tells how far the work is, in bytes read so far; throws to stop. */
export type CarveProgress = (bytes: number) => void;

export interface CarveHooks {
  progress: CarveProgress;
  /** A run of files begins, the first of them at `path`; `total`: bytes to be read, of each file as often as it is. */
  file(path: string, number: number, files: number, total: number): void;
}

/** Evidence with its original. */
export interface FoundEvidence {
  readonly evidence: EvidenceInfo;
  readonly path: string;
}

/** A run of files with the packets that were chosen of them. */
interface ChosenRun {
  readonly files: readonly FoundEvidence[];
  readonly choice: PacketChoice;
}

/** A file is not the one that was imported. */
class Changed extends Error {
  readonly file: FoundEvidence;
  readonly why: string;

  constructor(file: FoundEvidence, why: string) {
    super(why);
    this.file = file;
    this.why = why;
  }
}

/** Timeouts with which the flows of the case were made. */
function timeoutsOf(reader: CaseReader): FlowTimeouts {
  const stored: unknown = JSON.parse(reader.meta('timeouts') ?? 'null');
  return typeof stored === 'object' && stored !== null ? { ...DEFAULT_TIMEOUTS, ...stored } : DEFAULT_TIMEOUTS;
}

/**
 * Decodes the files of a run again.
 *
 * @param begin a file begins; `before` packets and lines are numbered before it
 * @param progress of the run
 * @throws Changed when a file is not what the case has; whatever `progress` throws
 */
export async function decodeAgain(
  reader: CaseReader,
  files: readonly FoundEvidence[],
  taps: PacketTaps,
  begin: (file: number, before: number) => void,
  progress: CarveProgress,
): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  const { clockOffset, clockReason, mapping } = first.evidence.custody;
  let [bytesBefore, inWork] = [0, 0];
  const decoded = await decodeRun(
    files.map(({ path }) => path),
    timeoutsOf(reader),
    {
      file(file, before) {
        bytesBefore += inWork;
        inWork = files[file]?.evidence.bytes ?? 0;
        begin(file, before);
      },
      segment: () => undefined,
      names: () => undefined,
      progress: (bytes) => progress(bytesBefore + bytes),
    },
    { clockOffset, clockReason, ...(mapping === undefined ? {} : { mapping }) },
    reader.profile.mappings,
    taps,
  );
  for (const [index, file] of files.entries()) {
    const why = changeOf(decoded[index], file.evidence);
    if (why !== null) throw new Changed(file, why);
  }
}

function changeOf(decoded: DecodedEvidence | EnclaveError | undefined, evidence: EvidenceInfo): string | null {
  if (decoded === undefined) return 'not read';
  if (decoded instanceof EnclaveError) return decoded.message;
  if (decoded.sha256 === evidence.sha256) return null;
  return `refused: its SHA-256 is ${decoded.sha256}, the case has ${evidence.sha256}`;
}

/** What the comments of a carved file say of an evidence file. */
function originOf(evidence: EvidenceInfo, before: number): Origin {
  const { id, custody } = evidence;
  const name = visibleText(basename(evidence.path));
  const clock =
    custody.clockOffset === 0
      ? []
      : [
          `The case adds ${custody.clockOffset} s to the times of this evidence (${visibleText(custody.clockReason)}); here they stand as recorded.`,
        ];
  return {
    key: id,
    comments: [
      `Evidence ${id}: ${visibleText(evidence.path)}, ${evidence.bytes} bytes, SHA-256 ${evidence.sha256}`,
      ...clock,
    ],
    packetComment: (number) => `packet ${number - before} of evidence ${id} (${name})`,
  };
}

/** What names a case: its audit chain's first entry. */
function sectionComments(reader: CaseReader, where: string): string[] {
  const filter = where.trim() === '' ? 'every flow' : visibleText(where);
  return [
    `Carved by Enclave ${ENCLAVE_VERSION} from the evidence of a case: packets of the flows that match: ${filter}`,
    `Case “${visibleText(reader.meta('title') ?? '')}”, its audit chain begins with ${reader.audit()[0]?.hash ?? 'none'}`,
    'Interfaces bear the evidence with its hash, packets their number in it. Bytes, lengths and time stamps are those of the evidence.',
  ];
}

/** A record to be filled in. */
export function emptyRecord(): PacketRecord {
  return {
    high: 0,
    low: 0,
    resolution: 6,
    offset: 0,
    captured: 0,
    original: 0,
    fcsBytes: 0,
    snaplen: 0,
    interface: 0,
  };
}

/** Takes each packet of a choice with its record, which is filled anew for the next. */
export function chosenRecords(
  choice: PacketChoice,
  take: (
    record: Readonly<PacketRecord>,
    bytes: Uint8Array,
    start: number,
    time: number,
    linkType: number,
    number: number,
  ) => void,
): RecordTap {
  const record = emptyRecord();
  let from: CaptureReader | null = null;
  return {
    reader: (reading) => {
      from = reading;
    },
    packet(bytes, start, _end, _originalLength, time, linkType, number) {
      if (from === null || !choice.has(number)) return;
      from.record(bytes, start, record);
      take(record, bytes, start, time, linkType, number);
    },
  };
}

/** Reads the chosen packets of a run and writes them. */
async function writeRun(
  reader: CaseReader,
  run: ChosenRun,
  writer: PacketWriter,
  progress: CarveProgress,
): Promise<number[]> {
  const written = run.files.map(() => 0);
  const origins = run.files.map(({ evidence }, file) => originOf(evidence, run.choice.before(file)));
  let file = 0;
  const records = chosenRecords(run.choice, (record, bytes, start, time, linkType, number) => {
    writer.write(origins[file], record, bytes, start, time, linkType, number);
    written[file]++;
  });
  const begin = (index: number): void => {
    file = index;
  };
  try {
    await decodeAgain(reader, run.files, { records }, begin, progress);
  } catch (error) {
    if (!(error instanceof Changed)) throw error;
    throw new EnclaveError('evidence-changed', 'the evidence changed while it was read', error.file.path, 'try again');
  }
  return written;
}

/** Chooses the packets of a run; files that are not what the case has are told and left out. */
async function chooseRun(
  reader: CaseReader,
  run: readonly FoundEvidence[],
  matches: ReadonlyMap<string, MatchedFlows>,
  refuse: (evidence: EvidenceInfo, why: string) => void,
  progress: CarveProgress,
): Promise<ChosenRun> {
  let files = run;
  for (;;) {
    const choice = new PacketChoice(files.map(({ evidence }) => matches.get(evidence.id)));
    try {
      await decodeAgain(reader, files, { flows: choice }, (_file, before) => choice.beginFile(before), progress);
      return { files, choice };
    } catch (error) {
      if (!(error instanceof Changed)) throw error;
      refuse(error.file.evidence, error.why);
      files = files.filter((file) => file !== error.file);
    }
  }
}

/** Refuses to write over the case or its evidence. */
function refuseOver(out: string, others: readonly string[]): void {
  const identity = (path: string): string | null => {
    try {
      const { dev, ino } = statSync(path);
      return `${dev}:${ino}`;
    } catch {
      return null;
    }
  };
  const there = identity(out);
  if (there === null || others.every((path) => identity(path) !== there)) return;
  throw new EnclaveError('not-writable', 'this is the case or its evidence', out, 'choose another name', 1);
}

function unwritable(path: string, error: unknown): EnclaveError {
  const why = error instanceof Error ? error.message : String(error);
  return new EnclaveError('not-writable', `the file cannot be written (${why})`, path, 'choose another place');
}

/** Writes a file beside its place and puts it there when it is whole. */
async function writeBeside<T>(out: string, write: (fd: number) => Promise<T>): Promise<{ result: T; sha256: string }> {
  const beside = `${out}.carving-${process.pid}`;
  let fd: number;
  try {
    fd = openSync(beside, 'wx');
  } catch (error) {
    throw unwritable(out, error);
  }
  let isOpen = true;
  try {
    const result = await write(fd);
    fsyncSync(fd);
    isOpen = false;
    closeSync(fd);
    const sha256 = hashFile(beside, () => undefined);
    renameSync(beside, out);
    return { result, sha256 };
  } catch (error) {
    if (isOpen) closeSync(fd);
    rmSync(beside, { force: true });
    if (error instanceof EnclaveError || error instanceof NanosecondsNeeded) throw error;
    throw isSystemError(error) ? unwritable(out, error) : error;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** Counts what became of the matching flows. */
function outcomeOf(
  all: readonly EvidenceInfo[],
  matches: ReadonlyMap<string, MatchedFlows>,
  read: ReadonlySet<string>,
): Pick<CarveResult, 'flows' | 'carved' | 'withoutPackets' | 'otherwise' | 'unread'> {
  const counts = { flows: 0, carved: 0, withoutPackets: 0, otherwise: 0, unread: 0 };
  for (const { id, format } of all) {
    const flows = matches.get(id);
    if (flows === undefined) continue;
    counts.flows += flows.flows;
    if (!holdsPackets(format)) counts.withoutPackets += flows.flows;
    else if (!read.has(id)) counts.unread += flows.flows;
    else {
      const { found, unseen, other } = flows.outcome();
      counts.carved += found + other + flows.datagrams.length;
      counts.otherwise += other;
      // In an archive with logs a number may be that of a line.
      if (holdsPacketsOnly(format)) counts.otherwise += unseen;
      else counts.withoutPackets += unseen;
    }
  }
  return counts;
}

function nothingToCarve(counts: Pick<CarveResult, 'flows' | 'withoutPackets'>, refused: readonly Told[]): EnclaveError {
  const [first] = refused;
  if (first !== undefined) {
    const others = refused.length === 1 ? '' : `, and ${refused.length - 1} other files`;
    const remedy = 'give --evidence the folder where the original files are';
    return new EnclaveError('evidence-missing', `no evidence to carve from: ${first.why}${others}`, first.path, remedy);
  }
  if (counts.flows === 0) {
    return new EnclaveError('no-packets', 'no flow matches', '', 'look at the filter with: enclave flows CASE --where');
  }
  const why =
    counts.withoutPackets === counts.flows
      ? `all ${counts.flows} matching flows come from flow exports and have no packets`
      : 'no packet of the matching flows was found in the evidence';
  return new EnclaveError('no-packets', why, '', 'choose flows of captures');
}

/** How far all is: runs are read twice, once to choose their packets and once to write them. */
class Work {
  readonly #hooks: CarveHooks;
  #done = 0;
  #total = 0;
  #file = 0;
  #files = 0;

  constructor(hooks: CarveHooks) {
    this.#hooks = hooks;
  }

  /** These runs are to be read from now on, `times` times. */
  expect(runs: readonly (readonly FoundEvidence[])[], times = 1): void {
    const files = runs.flat();
    this.#total = this.#done + bytesOf(files) * times;
    this.#files = this.#file + files.length * times;
  }

  /** Begins a run that is not empty; gives what its progress is told to. */
  begin(run: readonly FoundEvidence[]): CarveProgress {
    const before = this.#done;
    this.#hooks.file(run[0].path, this.#file + 1, this.#files, this.#total);
    this.#file += run.length;
    this.#done += bytesOf(run);
    return (bytes) => this.#hooks.progress(before + bytes);
  }

  /** Stops if the user wants it. */
  tick(): void {
    this.#hooks.progress(this.#done);
  }
}

function bytesOf(files: readonly FoundEvidence[]): number {
  return files.reduce((sum, { evidence }) => sum + evidence.bytes, 0);
}

/** What is to be carved, and what became of the matching flows. */
interface Choice {
  readonly chosen: readonly ChosenRun[];
  readonly counts: ReturnType<typeof outcomeOf>;
  readonly refused: readonly Told[];
}

/** Finds the originals and chooses packets. @param isBroad as for `evidenceRuns` */
async function choosePackets(
  reader: CaseReader,
  request: Jobs['carve']['request'],
  matches: ReadonlyMap<string, MatchedFlows>,
  all: readonly EvidenceInfo[],
  work: Work,
  isBroad: boolean,
): Promise<Choice> {
  const refused: Told[] = [];
  const refuse = ({ id, path }: EvidenceInfo, why: string): void => {
    refused.push({ id, path, flows: matches.get(id)?.flows ?? 0, why });
  };
  const soughtEnd = ({ id, format }: EvidenceInfo): number | undefined =>
    holdsPackets(format) ? matches.get(id)?.lastEnd : undefined;
  const files = filesIn(request.evidenceDirectory);
  const runs = evidenceRuns(all, soughtEnd, isBroad)
    .map((run) =>
      run.flatMap((evidence): FoundEvidence[] => {
        const original = findOriginal(evidence, files, () => work.tick());
        if ('path' in original) return [{ evidence, path: original.path }];
        refuse(evidence, original.why);
        return [];
      }),
    )
    .filter((run) => run.length > 0);
  refuseOver(request.out, [request.case, ...runs.flat().map(({ path }) => path)]);
  work.expect(runs, 2);
  const chosen: ChosenRun[] = [];
  const read = new Set<string>();
  for (const run of runs) {
    const made = await chooseRun(reader, run, matches, refuse, work.begin(run));
    for (const { evidence } of made.files) read.add(evidence.id);
    if (made.choice.size > 0) chosen.push(made);
  }
  return { chosen, counts: outcomeOf(all, matches, read), refused };
}

/**
 * Carves the packets of the matching flows into `out`, which appears when it is whole. Evidence is taken in the order of its
 * import, packets in the order of their file, each once.
 *
 * @throws EnclaveError when nothing can be carved; whatever the hooks throw
 */
export async function carveCase(
  reader: CaseReader,
  request: Jobs['carve']['request'],
  hooks: CarveHooks,
): Promise<CarveResult> {
  const isPcapng = /\.pcapng$/i.test(request.out);
  if (!isPcapng && !/\.pcap$/i.test(request.out)) {
    throw new EnclaveError('usage', 'the name tells no format', request.out, 'name it .pcap or .pcapng', 1);
  }
  const matches = matchedFlows(reader, compileFilter(parseFilter(request.where), reader));
  const all = reader.evidence();
  const work = new Work(hooks);
  let choice = await choosePackets(reader, request, matches, all, work, false);
  if (choice.counts.otherwise > 0 && choice.refused.length === 0) {
    const broad = await choosePackets(reader, request, matches, all, work, true);
    if (broad.counts.otherwise < choice.counts.otherwise) choice = broad;
  }
  const { chosen, counts, refused } = choice;
  if (chosen.length === 0) throw nothingToCarve(counts, refused);

  const packetsOf = new Map<string, number>();
  const write = (isNanoseconds: boolean): Promise<{ result: number; sha256: string }> =>
    writeBeside(request.out, async (fd) => {
      work.expect(chosen.map(({ files }) => files));
      const writer = isPcapng
        ? new PcapngWriter(fd, sectionComments(reader, request.where), `Enclave ${ENCLAVE_VERSION}`)
        : new PcapWriter(fd, isNanoseconds);
      let packets = 0;
      for (const run of chosen) {
        const written = await writeRun(reader, run, writer, work.begin(run.files));
        for (const [file, { evidence }] of run.files.entries()) packetsOf.set(evidence.id, written[file]);
        packets += written.reduce((sum, count) => sum + count, 0);
      }
      writer.end();
      return packets;
    });
  let carved: { result: number; sha256: string };
  try {
    carved = await write(false);
  } catch (error) {
    if (!(error instanceof NanosecondsNeeded)) throw error;
    carved = await write(true);
  }
  return {
    path: request.out,
    sha256: carved.sha256,
    bytes: statSync(request.out).size,
    packets: carved.result,
    ...counts,
    evidence: all.flatMap(({ id, path }) => {
      const packets = packetsOf.get(id) ?? 0;
      return packets === 0 ? [] : [{ id, path, packets }];
    }),
    refused: [...refused],
  };
}
