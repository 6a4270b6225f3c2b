import type { ArchiveMember } from '../capture/archive-member.ts';
import { type Content, HEAD_BYTES, type RandomContent, readEvidence } from '../capture/evidence-file.ts';
import type { FurtherHash } from '../capture/evidence-hash.ts';
import { unpackLz4Block } from '../capture/lz4.ts';
import type { NameChunk } from '../casefile/case-writer.ts';
import { NO_CLIENT } from '../classify/name-memory.ts';
import { PayloadRecogniser } from '../classify/payload/recogniser.ts';
import { linkTypeName } from '../decode/link-type-names.ts';
import { FlowAssembly } from '../flows/flow-assembly.ts';
import { FlowTable, type FlowTimeouts } from '../flows/flow-table.ts';
import { type FilledSegment, SegmentBuilder } from '../flows/segment-builder.ts';
import type { AddressWords } from '../../shared/address.ts';
import type { Custody } from '../../shared/jobs.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { EnclaveError, type Problem, ProblemCounter } from '../../shared/problem.ts';
import { MemberSequence } from './member-sequence.ts';
import { ExportCollectors, ExportDatagrams } from './export-datagrams.ts';
import { ExportPath } from './export-path.ts';
import { ExportThread } from './export-thread.ts';
import { captureFormatOf, isCaptureFile } from './capture-readers.ts';
import type { ExportReader } from './export-readers.ts';
import { AnswerCollector, LogNameCollector } from './name-collectors.ts';
import { PacketPath, type PacketTaps } from './packet-path.ts';

/** One evidence file to segments of flows and chunks of names: the first half of the line, in one thread. */

export interface DecodeOutput {
  /** A file of the run begins; `before` packets and lines of the files before are numbered in. */
  file?(file: number, before: number): void;
  segment(segment: FilledSegment, file: number): void;
  names(chunk: NameChunk, file: number): void;
  /** Called every few megabytes; throws to stop. */
  progress(bytes: number, packets: number, flows: number, format: string | null, problems: ProblemCounter): void;
}

export interface DecodedEvidence {
  sha256: string;
  /** Further hashes that were asked for. */
  hashes: Partial<Record<FurtherHash, string>>;
  bytes: number;
  /**
   * `pcap`, `pcapng`, `snoop`, `zeek-tsv`, `zeek-json`, with their containers (`pcap.gz`, `zip(pcap,pcapng.gz)`); null
   * when not recognised.
   */
  format: string | null;
  linkTypes: string[];
  packets: number;
  flows: number;
  records: number;
  /** Microseconds since the epoch. */
  firstSeen: number | null;
  lastSeen: number | null;
  problems: Problem[];
}

/** Names that captures give to addresses and that one file may add. */
const MAX_NAME_RECORDS = 1_000_000;

/** Problems that say why nothing came out of a container. */
const CONTAINER_FAULTS: ReadonlySet<string> = new Set([
  'damaged-compression',
  'damaged-archive',
  'compression-not-read',
  'nested-too-deep',
  'bomb',
  'member-encrypted',
  'member-unreadable',
]);

/** Problems of the file in work. */
class CurrentProblems {
  counter = new ProblemCounter();

  add(kind: string, offset: number, message: string, count?: number): void {
    this.counter.add(kind, offset, message, count);
  }
}

function lineFeeds(piece: Uint8Array): number {
  let count = 0;
  for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) count++;
  return count;
}

/**
 * Decodes one file. Every time that comes out has the clock offset added.
 *
 * @throws EnclaveError when the file cannot be opened or read, and whatever `output` throws
 */
export async function decodeEvidence(
  path: string,
  timeouts: FlowTimeouts,
  output: DecodeOutput,
  custody: Custody = {},
): Promise<DecodedEvidence> {
  const [decoded] = await decodeRun([path], timeouts, output, custody);
  if (decoded === undefined || decoded instanceof EnclaveError) throw decoded;
  return decoded;
}

/** What reads flow exports: half of the code of a decoding thread, and of no use to captures. */
export async function loadExportCode() {
  const [{ exportFormatOf }, { isParquet, ParquetReader }, { describeUnknown }] = await Promise.all([
    import('./export-readers.ts'),
    import('../flows/parquet/parquet-file.ts'),
    import('./unknown-format.ts'),
  ]);
  return { exportFormatOf, isParquet, ParquetReader, describeUnknown };
}

/**
 * Decodes files that are, by all that is known before, one capture cut into pieces: a flow that goes on in the next piece is one
 * flow, and belongs to the piece where it began. A piece of another link type, or one that begins before the end of the last,
 * ends the flows before it.
 *
 * @param profileMappings what the case's profile knows of text exports
 * @param taps who is told of packets
 * @param isExportThread whether flow exports among the packets are read in a thread of their own; of one capture alone
 * @returns for each file what it holds, or why it cannot be read
 * @throws whatever `output` throws
 */
export async function decodeRun(
  paths: readonly string[],
  timeouts: FlowTimeouts,
  output: DecodeOutput,
  custody: Custody = {},
  profileMappings: readonly Mapping[] = [],
  taps: PacketTaps = {},
  isExportThread = false,
): Promise<(DecodedEvidence | EnclaveError)[]> {
  const { alsoHash = [], clockOffset = 0, mapping = null } = custody;
  const isRun = paths.length > 1;
  const exportCode = paths.every((path) => isCaptureFile(path) === true) ? null : await loadExportCode();
  const problems = new CurrentProblems();
  const builder = new SegmentBuilder((segment, file) => output.segment(segment, file));
  let fileNumber = 0;
  const answers = new AnswerCollector((chunk) => output.names(chunk, fileNumber));
  const logNames = new LogNameCollector((chunk) => output.names(chunk, fileNumber));
  const recogniser = new PayloadRecogniser((client, address, name, from, until) =>
    answers.add(client, address, name, from, until),
  );
  const clockOffsetUs = Math.round(clockOffset * 1e6);
  const exports = new FlowAssembly(new ExportPath(builder, answers, logNames, problems, clockOffsetUs), timeouts);
  const thread = isExportThread
    ? new ExportThread({ timeouts, clockOffsetUs }, (segment) => output.segment(segment, 0), exports)
    : null;
  const datagrams = thread ?? new ExportCollectors(exports);
  const packets = new PacketPath(
    new FlowTable(builder, recogniser, timeouts),
    problems,
    clockOffsetUs,
    new ExportDatagrams(exports, datagrams),
    taps,
  );
  const members = new MemberSequence(packets, exports);

  const flowsSoFar = (): number => builder.total + (thread?.flows ?? 0);

  const readFile = async (path: string): Promise<{ decoded: DecodedEvidence; counted: number }> => {
    const linkTypes = new Set<string>();
    let format: string | null = null;
    let unknown = 'the file is empty';
    let records = 0;
    const recordsBefore = datagrams.records;
    let firstSeen = Infinity;
    let lastSeen = -Infinity;
    let names = 0;
    const storeName = (address: AddressWords, name: string): void => {
      if (++names <= MAX_NAME_RECORDS) answers.add(NO_CLIENT, address, name, 0, Number.MAX_SAFE_INTEGER);
    };

    const note = (reader: Pick<ExportReader, 'records' | 'firstSeen' | 'lastSeen'>): void => {
      records += reader.records;
      firstSeen = Math.min(firstSeen, (reader.firstSeen ?? Infinity) + clockOffsetUs);
      lastSeen = Math.max(lastSeen, (reader.lastSeen ?? -Infinity) + clockOffsetUs);
    };

    /** Takes what the reader of a content found, once it is done; gives the packets or lines that it counted. */
    let finish = (): number => 0;

    const choose = (head: Uint8Array, member: ArchiveMember | null): Content | null => {
      const counted = finish();
      finish = () => 0;
      if (member !== null) members.begin(member, counted);
      const capture = captureFormatOf(head);
      if (capture !== null) {
        const { id } = capture;
        const reader = capture.open(member === null && !isRun ? packets : members, storeName);
        format = id;
        taps.records?.reader(reader);
        finish = () => {
          for (const linkType of reader.linkTypes) linkTypes.add(linkTypeName(linkType));
          return reader.packets;
        };
        return { format: id, reader };
      }
      if (exportCode === null) {
        throw new EnclaveError('evidence-unreadable', 'the file changed while it was read', path, 'import it again');
      }
      const known = { given: mapping, ofProfile: profileMappings };
      const found = exportCode.exportFormatOf(head.subarray(0, HEAD_BYTES), known);
      if (found === null) {
        unknown = exportCode.describeUnknown(head, mapping);
        return null;
      }
      format = found.id;
      const reader = found.open(member === null ? exports : members.log);
      let lines = 0;
      finish = () => {
        note(reader);
        return found.isText ? lines + 1 : reader.records;
      };
      return {
        format: found.id,
        reader: {
          consume(bytes, end, _base, final) {
            const piece = bytes.subarray(0, end);
            if (member !== null && found.isText) lines += lineFeeds(piece);
            if (end > 0) reader.push(piece);
            if (final) reader.end();
            return end;
          },
        },
      };
    };
    const chooseRandom = (head: Uint8Array): RandomContent | null => {
      if (exportCode?.isParquet(head) !== true) return null;
      return {
        format: 'parquet',
        read(file, progress) {
          format = 'parquet';
          const reader = new exportCode.ParquetReader(file, mapping, exports, unpackLz4Block, profileMappings);
          reader.read(progress);
          note(reader);
          if (!reader.isReadable) unknown = 'a Parquet file that cannot be read as flows';
          return reader.isReadable;
        },
      };
    };
    const whole = await readEvidence(
      path,
      {
        choose,
        chooseRandom,
        problem: (kind, offset, message) => problems.add(kind, offset, message),
        progress: (bytes) => output.progress(bytes, packets.packets, flowsSoFar(), format, problems.counter),
      },
      { alsoHash },
    );
    const counted = finish();
    thread?.end();
    answers.flush();
    logNames.flush();
    if (names > MAX_NAME_RECORDS) {
      const message = `only the first ${MAX_NAME_RECORDS} names that the capture gives to addresses were taken`;
      problems.add('names-over-budget', 0, message, names - MAX_NAME_RECORDS);
    }
    if (whole.format === null) {
      const { container } = whole;
      const fault = problems.counter.list().find(({ kind }) => CONTAINER_FAULTS.has(kind));
      if (container === 'tar' || container === 'zip')
        unknown = `a ${container} archive without anything that can be read`;
      if (fault?.kind !== 'damaged-compression') {
        problems.add(whole.bytes === 0 ? 'empty' : 'not-recognised', 0, fault?.message ?? unknown);
      }
    }

    const { sha256, hashes, bytes } = whole;
    const finite = (time: number): number | null => (Number.isFinite(time) ? time : null);
    const decoded = {
      sha256,
      hashes,
      bytes,
      format: whole.format,
      linkTypes: [...linkTypes],
      packets: packets.packets,
      flows: 0,
      records: records + datagrams.records - recordsBefore,
      firstSeen: finite(Math.min(packets.firstSeen, firstSeen, datagrams.firstSeen + clockOffsetUs)),
      lastSeen: finite(Math.max(packets.lastSeen, lastSeen, datagrams.lastSeen + clockOffsetUs)),
      problems: [],
    };
    packets.endFile(isRun ? members.before : 0);
    return { decoded, counted };
  };

  const read: { decoded: DecodedEvidence | EnclaveError; counter: ProblemCounter }[] = [];
  let counted = 0;
  for (const [index, path] of paths.entries()) {
    if (index > 0) {
      fileNumber = index;
      problems.counter = new ProblemCounter();
      members.beginFile(counted);
      builder.beginFile(members.before);
      counted = 0;
    }
    output.file?.(index, members.before);
    try {
      const file = await readFile(path);
      ({ counted } = file);
      read.push({ decoded: file.decoded, counter: problems.counter });
    } catch (error) {
      if (!(error instanceof EnclaveError) || error.code !== 'evidence-unreadable') throw error;
      packets.endFlows();
      counted = packets.packets;
      packets.endFile(members.before);
      read.push({ decoded: error, counter: problems.counter });
    } finally {
      thread?.close();
    }
  }
  packets.end();
  if (thread === null) datagrams.end();
  exports.end();
  builder.flush();
  const cutNames = builder.cutNames + answers.cutNames + logNames.cutNames + (thread?.cutNames ?? 0);
  if (cutNames > 0) problems.add('name-cut', 0, 'names longer than 4,096 characters were cut', cutNames);
  return read.map(({ decoded, counter }, file) =>
    decoded instanceof EnclaveError
      ? decoded
      : { ...decoded, flows: (builder.totals[file] ?? 0) + (thread?.flows ?? 0), problems: counter.list() },
  );
}
