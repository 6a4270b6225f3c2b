import { HEAD_BYTES, readEvidence } from '../capture/evidence-file.ts';
import type { PacketSink, WindowReader } from '../capture/packet-sink.ts';
import { PCAP_MAGICS, PcapReader } from '../capture/pcap.ts';
import { PcapngReader } from '../capture/pcapng.ts';
import type { NameChunk } from '../casefile/case-writer.ts';
import { uidWords } from '../classify/name-memory.ts';
import { PayloadRecogniser } from '../classify/payload/recogniser.ts';
import {
  CUT_SHORT,
  DECODED,
  decodePacket,
  HEADER_WORDS,
  LINK_UNKNOWN,
  linkTypeName,
  MALFORMED,
  NOT_IP,
} from '../decode/packet-header.ts';
import type { EvidenceSink, ExportedFlow, LogName } from '../flows/flow-sink.ts';
import { FlowTable, type FlowTimeouts } from '../flows/flow-table.ts';
import { type FilledSegment, SegmentBuilder } from '../flows/segment-builder.ts';
import { detectZeek, ZeekReader } from '../flows/zeek.ts';
import type { AddressWords } from '../../shared/address.ts';
import { CONN_STATES, NAME_ORIGINS } from '../../shared/flow.ts';
import { type Problem, ProblemCounter } from '../../shared/problem.ts';
import { AnswerCollector, LogNameCollector } from './name-collectors.ts';

/** One evidence file to segments of flows and chunks of names: the first half of the line, in one thread. */

export interface DecodeOutput {
  segment(segment: FilledSegment): void;
  names(chunk: NameChunk): void;
  /** Called every few megabytes; throws to stop. */
  progress(bytes: number, packets: number, flows: number, format: string | null, problems: ProblemCounter): void;
}

export interface DecodedEvidence {
  sha256: string;
  bytes: number;
  /** `pcap`, `pcapng`, `zeek-tsv`, `zeek-json`, with `.gz` or `.zst` when compressed; null when not recognised. */
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

/** Formats that are recognised only to say so: first bytes in hex → name. */
const OTHER_FORMATS: readonly (readonly [hex: string, name: string])[] = [
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
  ['04224d18', 'LZ4'],
  ['504b0304', 'zip'],
  ['736e6f6f70', 'snoop'],
  ['34cdb2a1', 'modified pcap'],
  ['a1b2cd34', 'modified pcap'],
  ['0ca5', 'nfdump'],
  ['a50c', 'nfdump'],
  ['53514c69746520', 'SQLite'],
];

/** What a file is that no reader takes, in words. */
export function describeUnknown(head: Uint8Array): string {
  if (head.length === 0) return 'the file is empty';
  const hex = Buffer.from(head.subarray(0, 16)).toString('hex');
  const known = OTHER_FORMATS.find(([magic]) => hex.startsWith(magic));
  if (known) return `a file of the kind ${known[1]}, which this version does not read`;
  const isText = head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  return isText
    ? 'text that is no flow export known to this version'
    : 'neither a capture nor a flow export known to this version';
}

/** Packets into the flow table, with what could not be decoded counted. */
class PacketPath implements PacketSink {
  readonly table: FlowTable;
  readonly #header = new Int32Array(HEADER_WORDS);
  readonly #problems: ProblemCounter;
  readonly #linkUnknown = new Map<number, number>();
  #cut = 0;
  #firstCut = 0;
  #malformed = 0;
  #firstMalformed = 0;
  notIp = 0;
  packets = 0;
  firstSeen = Infinity;
  lastSeen = -Infinity;

  constructor(table: FlowTable, problems: ProblemCounter) {
    this.table = table;
    this.#problems = problems;
  }

  packet(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    time: number,
    linkType: number,
    number: number,
  ): void {
    this.packets++;
    if (time < this.firstSeen) this.firstSeen = time;
    if (time > this.lastSeen) this.lastSeen = time;
    const result = decodePacket(bytes, start, end, originalLength, linkType, this.#header);
    if (result === DECODED) {
      this.table.add(this.#header, bytes, time, number);
      return;
    }
    if (result === NOT_IP) this.notIp++;
    else if (result === LINK_UNKNOWN) this.#linkUnknown.set(linkType, (this.#linkUnknown.get(linkType) ?? 0) + 1);
    else if (result === CUT_SHORT && this.#cut++ === 0) this.#firstCut = number;
    else if (result === MALFORMED && this.#malformed++ === 0) this.#firstMalformed = number;
  }

  problem(kind: string, offset: number, message: string): void {
    this.#problems.add(kind, offset, message);
  }

  /** Tells what was counted along the way. Places are packet numbers here, since headers have no offset of their own. */
  tell(): void {
    for (const [linkType, count] of this.#linkUnknown) {
      this.#problems.add('link-type-unknown', 0, `packets of ${linkTypeName(linkType)} are not decoded`, count);
    }
    if (this.#cut > 0) {
      this.#problems.add(
        'header-cut',
        this.#firstCut,
        `headers cut short, first in packet ${this.#firstCut}`,
        this.#cut,
      );
    }
    if (this.#malformed > 0) {
      const message = `malformed headers, first in packet ${this.#firstMalformed}`;
      this.#problems.add('header-malformed', this.#firstMalformed, message, this.#malformed);
    }
    const { orphanFragments, headsOverBudget } = this.table;
    if (orphanFragments > 0) {
      this.#problems.add(
        'fragment-without-first',
        0,
        'later fragments whose first one was not seen have no ports',
        orphanFragments,
      );
    }
    if (headsOverBudget > 0) {
      this.#problems.add(
        'stream-head-dropped',
        0,
        'streams whose head was not put together for want of room',
        headsOverBudget,
      );
    }
  }
}

/** Flows and names of a flow export into columns. */
class ExportPath implements EvidenceSink {
  readonly #builder: SegmentBuilder;
  readonly #answers: AnswerCollector;
  readonly #logNames: LogNameCollector;
  readonly #problems: ProblemCounter;

  constructor(builder: SegmentBuilder, answers: AnswerCollector, logNames: LogNameCollector, problems: ProblemCounter) {
    this.#builder = builder;
    this.#answers = answers;
    this.#logNames = logNames;
    this.#problems = problems;
  }

  flow(flow: ExportedFlow): void {
    const builder = this.#builder;
    const { arrays, rows: row } = builder;
    arrays.start[row] = flow.start;
    arrays.end[row] = flow.end;
    arrays.initiator.set(flow.initiator, row * 4);
    arrays.responder.set(flow.responder, row * 4);
    arrays.initiatorPort[row] = flow.initiatorPort;
    arrays.responderPort[row] = flow.responderPort;
    arrays.transport[row] = flow.transport;
    arrays.packetsOut[row] = flow.packetsOut;
    arrays.bytesOut[row] = flow.bytesOut;
    arrays.packetsIn[row] = flow.packetsIn;
    arrays.bytesIn[row] = flow.bytesIn;
    arrays.tcpFlags[row] = flow.tcpFlags ?? 0;
    arrays.state[row] = flow.state === undefined ? 0 : CONN_STATES.indexOf(flow.state);
    arrays.locator[row] = flow.locator;
    if (flow.sampling !== undefined && flow.sampling > 1) arrays.sampling[row] = flow.sampling;
    if (flow.protocol !== undefined) {
      arrays.payloadProtocol[row] = builder.term(flow.protocol);
      arrays.payloadRule[row] = builder.term(flow.rule ?? 'exporter');
    }
    if (flow.name !== undefined && flow.nameOrigin !== undefined) {
      arrays.name[row] = builder.dictionaries.name.number(flow.name);
      arrays.nameOrigin[row] = NAME_ORIGINS.indexOf(flow.nameOrigin);
    }
    if (flow.userAgent !== undefined) arrays.userAgent[row] = builder.dictionaries.userAgent.number(flow.userAgent);
    if (flow.ja3 !== undefined) arrays.ja3[row] = builder.dictionaries.ja3.number(flow.ja3);
    if (flow.ja4 !== undefined) arrays.ja4[row] = builder.dictionaries.ja4.number(flow.ja4);
    if (flow.uid !== undefined) arrays.uid.set(uidWords(flow.uid), row * 2);
    builder.commitRow();
  }

  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    this.#answers.add(client, address, name, from, until);
  }

  logName(name: LogName): void {
    this.#logNames.add(name);
  }

  problem(kind: string, offset: number, message: string): void {
    this.#problems.add(kind, offset, message);
  }
}

function magicOf(head: Uint8Array): number {
  return head.length < 4 ? 0 : ((head[0] << 24) | (head[1] << 16) | (head[2] << 8) | head[3]) >>> 0;
}

/**
 * Decodes one file.
 *
 * @throws EnclaveError when the file cannot be opened or read, and whatever `output` throws
 */
export async function decodeEvidence(
  path: string,
  timeouts: FlowTimeouts,
  output: DecodeOutput,
): Promise<DecodedEvidence> {
  const problems = new ProblemCounter();
  const builder = new SegmentBuilder((segment) => output.segment(segment));
  const answers = new AnswerCollector((chunk) => output.names(chunk));
  const logNames = new LogNameCollector((chunk) => output.names(chunk));
  const recogniser = new PayloadRecogniser((client, address, name, from, until) =>
    answers.add(client, address, name, from, until),
  );
  const packets = new PacketPath(new FlowTable(builder, recogniser, timeouts), problems);
  let capture: PcapReader | PcapngReader | null = null;
  let log: ZeekReader | null = null;
  let format: string | null = null;
  let unknown = describeUnknown(new Uint8Array(0));

  const choose = (head: Uint8Array): WindowReader | null => {
    const magic = magicOf(head);
    if (PCAP_MAGICS.has(magic)) {
      format = 'pcap';
      capture = new PcapReader(packets);
      return capture;
    }
    if (magic === 0x0a0d0d0a) {
      format = 'pcapng';
      capture = new PcapngReader(packets);
      return capture;
    }
    const zeek = detectZeek(head.subarray(0, HEAD_BYTES));
    if (zeek === null) {
      unknown = describeUnknown(head);
      return null;
    }
    format = zeek.id;
    const reader = new ZeekReader(zeek, new ExportPath(builder, answers, logNames, problems));
    log = reader;
    return {
      consume(bytes, end, _base, final) {
        if (end > 0) reader.push(bytes.subarray(0, end));
        if (final) reader.end();
        return end;
      },
    };
  };
  const reading = await readEvidence(path, {
    choose,
    problem: (kind, offset, message) => problems.add(kind, offset, message),
    progress: (bytes) => output.progress(bytes, packets.packets, builder.total, format, problems),
  });
  packets.table.endAll();
  builder.flush();
  answers.flush();
  logNames.flush();
  packets.tell();
  const cutNames = builder.cutNames + answers.cutNames + logNames.cutNames;
  if (cutNames > 0) problems.add('name-cut', 0, 'names longer than 4,096 characters were cut', cutNames);
  if (!reading.recognised && !problems.list().some(({ kind }) => kind === 'damaged-compression')) {
    problems.add(reading.bytes === 0 ? 'empty' : 'not-recognised', 0, unknown);
  }

  const { sha256, bytes, compression } = reading;
  const reader = capture as PcapReader | PcapngReader | null;
  const zeek = log as ZeekReader | null;
  const seen = zeek === null ? packets : zeek;
  const finite = (time: number | null): number | null => (time === null || !Number.isFinite(time) ? null : time);
  return {
    sha256,
    bytes,
    format: format === null ? null : compression === 'none' ? format : `${format}.${compression}`,
    linkTypes: reader?.linkTypes.map(linkTypeName) ?? [],
    packets: packets.packets,
    flows: builder.total,
    records: zeek?.records ?? 0,
    firstSeen: finite(seen.firstSeen),
    lastSeen: finite(seen.lastSeen),
    problems: problems.list(),
  };
}
