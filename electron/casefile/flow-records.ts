import {
  type ColumnArray,
  CONN_STATES,
  DIRECTIONS,
  DUPLICATES,
  type FlowColumn,
  type FlowRecord,
  LABEL_EVIDENCE,
  SUBJECT_SIDES,
  TCP,
  formatAssembly,
  formatTcpFlags,
  isGivenAddress,
  outerFlowId,
  transportName,
} from '../../shared/flow.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { FlowDetails, type SegmentDetails } from './flow-details.ts';
import { FlowJson } from './flow-json.ts';
import type { FlowSelection } from './flow-selection.ts';
import { FlowTexts } from './flow-texts.ts';
import { IndicatorMatches } from './indicator-matches.ts';

/**
 * The flows of a case as records, in the order of its segments, made one at a time. `limit` bounds how many (default: all).
 * Texts stand as the evidence had them: who prints them makes them safe.
 */
export function flowRecords(
  reader: CaseReader,
  { selection, limit = Infinity }: { selection?: FlowSelection; limit?: number } = {},
): FlowRecords {
  return new FlowRecords(reader, selection, limit);
}

export class FlowRecords implements Iterable<FlowRecord> {
  readonly #reader: CaseReader;
  readonly #selection: FlowSelection | undefined;
  readonly #limit: number;
  readonly #details: FlowDetails;
  readonly #organisations = new Map<number, string | null>();

  constructor(reader: CaseReader, selection: FlowSelection | undefined, limit: number) {
    this.#reader = reader;
    this.#selection = selection;
    this.#limit = limit;
    this.#details = new FlowDetails(reader);
  }

  *[Symbol.iterator](): Generator<FlowRecord, void, undefined> {
    const texts = new FlowTexts();
    for (const { segment, rows } of this.#chosen()) {
      const record = this.#recordsOf(segment, texts);
      for (const row of rows) yield record(row);
    }
  }

  /** The records as lines of JSON, each the same bytes as `visibleJson` of the record and a line feed. */
  *jsonLines(): Generator<string, void, undefined> {
    const texts = new FlowTexts();
    const json = new FlowJson();
    for (const { segment, rows } of this.#chosen()) {
      const details = this.#details.ofSegment(segment);
      const line = json.linesOf(this.#reader, segment, this.#recordsOf(segment, texts, details), details);
      for (const row of rows) yield line(row);
    }
  }

  /** Chosen rows segment by segment, with a function that makes the record of a row. */
  *segments(): Generator<
    { segment: SegmentInfo; rows: Uint32Array; record(row: number): FlowRecord },
    void,
    undefined
  > {
    const texts = new FlowTexts();
    for (const { segment, rows } of this.#chosen()) yield { segment, rows, record: this.#recordsOf(segment, texts) };
  }

  #recordsOf(
    segment: SegmentInfo,
    texts: FlowTexts,
    details = this.#details.ofSegment(segment),
  ): (row: number) => FlowRecord {
    const organisation = (asn: number): string | null => {
      let known = this.#organisations.get(asn);
      if (known === undefined) {
        known = this.#reader.organisation(asn);
        this.#organisations.set(asn, known);
      }
      return known;
    };
    return segmentRecords(this.#reader, segment, organisation, texts, details);
  }

  /** Segments with chosen rows, ascending, until the limit. */
  *#chosen(): Generator<{ segment: SegmentInfo; rows: Uint32Array }, void, undefined> {
    let mask = new Uint8Array(0);
    let left = this.#limit;
    for (const segment of this.#reader.segments()) {
      if (left <= 0) return;
      if (mask.length < segment.rows) mask = new Uint8Array(segment.rows).fill(1);
      if (this.#selection?.mark(segment, mask) === 0) continue;
      const rows: number[] = [];
      for (let row = 0; row < segment.rows && left > 0; row++) {
        if (mask[row] === 0) continue;
        rows.push(row);
        left--;
      }
      yield { segment, rows: Uint32Array.from(rows) };
    }
  }
}

/** A function that makes the record of a row of the segment. */
function segmentRecords(
  reader: CaseReader,
  segment: SegmentInfo,
  organisation: (asn: number) => string | null,
  texts: FlowTexts,
  details: SegmentDetails,
): (row: number) => FlowRecord {
  const { evidence } = segment;
  const labels = reader.profile.ranges.map(({ label }) => label);
  const column = (name: FlowColumn): ColumnArray => reader.column(segment, name);
  const dictionary = (name: FlowColumn): readonly (string | null)[] => [null, ...reader.dictionary(segment, name)];

  const [start, end] = [column('start'), column('end')];
  const [initiators, responders] = [column('initiator'), column('responder')];
  const [initiatorPort, responderPort] = [column('initiatorPort'), column('responderPort')];
  const [packetsOut, bytesOut, packetsIn, bytesIn] = [
    column('packetsOut'),
    column('bytesOut'),
    column('packetsIn'),
    column('bytesIn'),
  ];
  const [transport, tcpFlags, state] = [column('transport'), column('tcpFlags'), column('state')];
  const [locator, depth, tunnel] = [column('locator'), column('depth'), column('tunnel')];
  const [sampling, assembly] = [column('sampling'), column('assembly')];
  const [exporter, nextHop] = [column('exporter'), column('nextHop')];
  const [inputInterface, outputInterface] = [column('inputInterface'), column('outputInterface')];
  const [subjectSide, direction, duplicate] = [column('subjectSide'), column('direction'), column('duplicate')];
  const [range, country, asn] = [column('range'), column('country'), column('asn')];
  const [name, linkedName] = [column('name'), column('linkedName')];
  const [userAgent, linkedUserAgent] = [column('userAgent'), column('linkedUserAgent')];
  const [ja3, ja4, linkedJa3, linkedJa4] = [column('ja3'), column('ja4'), column('linkedJa3'), column('linkedJa4')];
  const [protocol, service, category] = [column('protocol'), column('service'), column('category')];
  const [labelEvidence, confidence] = [column('labelEvidence'), column('confidence')];
  const [names, linkedNames] = [dictionary('name'), dictionary('linkedName')];
  const textOf = (of: FlowColumn): ((row: number) => string | null) => {
    const [numbers, entries] = [column(of), dictionary(of)];
    return (row) => entries[numbers[row]] ?? null;
  };
  const further = {
    via: textOf('via'),
    forwardedFor: textOf('forwardedFor'),
    synOptions: textOf('synOptions'),
    enterpriseFields: textOf('enterpriseFields'),
  };
  const indicator = IndicatorMatches.of(reader).ofSegment(segment);
  const [userAgents, linkedUserAgents] = [dictionary('userAgent'), dictionary('linkedUserAgent')];
  const [ja3s, ja4s] = [dictionary('ja3'), dictionary('ja4')];
  const [linkedJa3s, linkedJa4s] = [dictionary('linkedJa3'), dictionary('linkedJa4')];

  return (row) => {
    const initiator = texts.address(initiators, row * 4);
    const responder = texts.address(responders, row * 4);
    const side = SUBJECT_SIDES[subjectSide[row]] ?? 'none';
    const [host, peer] = side === 'responder' ? [responder, initiator] : [initiator, responder];
    return {
      id: `${evidence}:${locator[row]}:${depth[row]}`,
      start: texts.instant(start[row]),
      end: texts.instant(end[row]),
      initiator,
      initiatorPort: initiatorPort[row],
      responder,
      responderPort: responderPort[row],
      transport: transportName(transport[row]),
      packetsOut: packetsOut[row],
      bytesOut: bytesOut[row],
      packetsIn: packetsIn[row],
      bytesIn: bytesIn[row],
      tcpFlags: transport[row] === TCP ? (TCP_FLAGS[tcpFlags[row]] ?? null) : null,
      state: CONN_STATES[state[row]] ?? null,
      subjectSide: side,
      host: side === 'none' ? null : host,
      range: labels[range[row] - 1] ?? null,
      peer: side === 'none' ? null : peer,
      direction: DIRECTIONS[direction[row]] ?? 'transit',
      country: countryCode(country[row]),
      asn: asn[row] === 0 ? null : asn[row],
      organisation: asn[row] === 0 ? null : organisation(asn[row]),
      hostname: names[name[row]] ?? linkedNames[linkedName[row]] ?? null,
      protocol: reader.term(protocol[row]) ?? UNKNOWN,
      service: reader.term(service[row]),
      category: reader.term(category[row]) ?? UNKNOWN,
      labelEvidence: LABEL_EVIDENCE[labelEvidence[row]] ?? 'none',
      labelDetail: details.detail(row),
      confidence: confidence[row] / 100,
      nameAt: details.nameAt(row),
      payloadAt: details.payloadAt(row),
      ja3: ja3s[ja3[row]] ?? linkedJa3s[linkedJa3[row]] ?? null,
      ja4: ja4s[ja4[row]] ?? linkedJa4s[linkedJa4[row]] ?? null,
      userAgent: userAgents[userAgent[row]] ?? linkedUserAgents[linkedUserAgent[row]] ?? null,
      via: further.via(row),
      forwardedFor: further.forwardedFor(row),
      synOptions: further.synOptions(row),
      sampling: sampling[row] || 1,
      exporter: isGivenAddress(exporter, row) ? texts.address(exporter, row * 4) : null,
      nextHop: isGivenAddress(nextHop, row) ? texts.address(nextHop, row * 4) : null,
      inputInterface: inputInterface[row] || null,
      outputInterface: outputInterface[row] || null,
      assembly: ASSEMBLIES[assembly[row]] ?? null,
      enterpriseFields: further.enterpriseFields(row),
      duplicate: DUPLICATES[duplicate[row]] ?? null,
      indicator: indicator(row),
      tunnel: outerFlowId(evidence, tunnel[row], depth[row]),
      evidence,
      locator: locator[row],
    };
  };
}

const ASSEMBLIES = Array.from({ length: 256 }, (_, bits) => formatAssembly(bits));
const TCP_FLAGS = Array.from({ length: 256 }, (_, flags) => formatTcpFlags(flags));

/** Two letters packed high byte first; null for 0. */
export function countryCode(packed: number): string | null {
  return packed === 0 ? null : String.fromCharCode(packed >>> 8, packed & 0xff);
}
