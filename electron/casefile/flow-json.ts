import { FLOW_COLUMNS, type FlowColumn, type FlowRecord, SUBJECT_SIDES } from '../../shared/flow.ts';
import { visibleJson } from '../../shared/visible-text.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import type { SegmentDetails } from './flow-details.ts';
import { FlowTexts, TextCache } from './flow-texts.ts';
import { IndicatorMatches } from './indicator-matches.ts';

/** Fields that follow one another in a record and are the same wherever some columns are. */
class FieldRun {
  readonly #fields: readonly (keyof FlowRecord)[];
  readonly #columns: readonly FlowColumn[];
  readonly #cache: TextCache;

  constructor(fields: readonly (keyof FlowRecord)[], columns: readonly FlowColumn[]) {
    this.#fields = fields;
    this.#columns = columns;
    this.#cache = new TextCache(columns.reduce((sum, name) => sum + FLOW_COLUMNS[name].width, 1));
  }

  /** A function that gives the fields of a row as JSON, each with a comma before it. */
  of(reader: CaseReader, segment: SegmentInfo, record: (row: number) => FlowRecord): (row: number) => string {
    const columns = this.#columns.flatMap((name) => {
      const { width } = FLOW_COLUMNS[name];
      return Array.from({ length: width }, (_, word) => ({ column: reader.column(segment, name), width, word }));
    });
    const cache = this.#cache;
    const { key } = cache;
    return (row) => {
      // The dictionaries behind some columns are those of the segment.
      key[0] = segment.segment;
      for (let i = 0; i < columns.length; i++) {
        const { column, width, word } = columns[i];
        key[i + 1] = column[row * width + word];
      }
      return cache.find() ?? cache.keep(this.#text(record(row)));
    };
  }

  #text(record: FlowRecord): string {
    return this.#fields.map((name) => `,${JSON.stringify(name)}:${visibleJson(record[name])}`).join('');
  }
}

/** Flow records as lines of JSON, made from columns: the same bytes as `visibleJson` of each record. */
export class FlowJson {
  readonly #texts = new FlowTexts();
  readonly #transport = new FieldRun(['transport'], ['transport']);
  readonly #connection = new FieldRun(
    ['tcpFlags', 'state', 'subjectSide'],
    ['transport', 'tcpFlags', 'state', 'subjectSide'],
  );
  readonly #network = new FieldRun(['direction', 'country', 'asn', 'organisation'], ['direction', 'country', 'asn']);
  readonly #label = new FieldRun(
    ['hostname', 'protocol', 'service', 'category', 'labelEvidence'],
    ['name', 'linkedName', 'protocol', 'service', 'category', 'labelEvidence'],
  );
  readonly #client = new FieldRun(
    ['ja3', 'ja4', 'userAgent', 'via', 'forwardedFor', 'synOptions', 'sampling'],
    [
      'ja3',
      'linkedJa3',
      'ja4',
      'linkedJa4',
      'userAgent',
      'linkedUserAgent',
      'via',
      'forwardedFor',
      'synOptions',
      'sampling',
    ],
  );
  readonly #export = new FieldRun(
    ['exporter', 'nextHop', 'inputInterface', 'outputInterface', 'assembly', 'enterpriseFields', 'duplicate'],
    ['exporter', 'nextHop', 'inputInterface', 'outputInterface', 'assembly', 'enterpriseFields', 'duplicate'],
  );

  /** A function that gives the line of a row of the segment, with its line feed; `record` makes the row's record. */
  linesOf(
    reader: CaseReader,
    segment: SegmentInfo,
    record: (row: number) => FlowRecord,
    details: SegmentDetails,
  ): (row: number) => string {
    const texts = this.#texts;
    const evidence = visibleJson(segment.evidence).slice(1, -1);
    const labels = ['null', ...reader.profile.ranges.map(({ label }) => visibleJson(label))];
    const [start, end] = [reader.column(segment, 'start'), reader.column(segment, 'end')];
    const [initiator, responder] = [reader.column(segment, 'initiator'), reader.column(segment, 'responder')];
    const initiatorPort = reader.column(segment, 'initiatorPort');
    const responderPort = reader.column(segment, 'responderPort');
    const [packetsOut, bytesOut] = [reader.column(segment, 'packetsOut'), reader.column(segment, 'bytesOut')];
    const [packetsIn, bytesIn] = [reader.column(segment, 'packetsIn'), reader.column(segment, 'bytesIn')];
    const [locator, depth] = [reader.column(segment, 'locator'), reader.column(segment, 'depth')];
    const [tunnel, confidence] = [reader.column(segment, 'tunnel'), reader.column(segment, 'confidence')];
    const [subjectSide, range] = [reader.column(segment, 'subjectSide'), reader.column(segment, 'range')];
    const transport = this.#transport.of(reader, segment, record);
    const connection = this.#connection.of(reader, segment, record);
    const network = this.#network.of(reader, segment, record);
    const label = this.#label.of(reader, segment, record);
    const client = this.#client.of(reader, segment, record);
    const exported = this.#export.of(reader, segment, record);
    const indicator = IndicatorMatches.of(reader).ofSegment(segment);
    return (row) => {
      const from = `"${texts.address(initiator, row * 4)}"`;
      const to = `"${texts.address(responder, row * 4)}"`;
      const side = SUBJECT_SIDES[subjectSide[row]] ?? 'none';
      const [host, peer] = side === 'none' ? ['null', 'null'] : side === 'responder' ? [to, from] : [from, to];
      return (
        `{"id":"${evidence}:${locator[row]}:${depth[row]}"` +
        `,"start":"${texts.instant(start[row])}","end":"${texts.instant(end[row])}"` +
        `,"initiator":${from},"initiatorPort":${initiatorPort[row]}` +
        `,"responder":${to},"responderPort":${responderPort[row]}${transport(row)}` +
        `,"packetsOut":${jsonNumber(packetsOut[row])},"bytesOut":${jsonNumber(bytesOut[row])}` +
        `,"packetsIn":${jsonNumber(packetsIn[row])},"bytesIn":${jsonNumber(bytesIn[row])}${connection(row)}` +
        `,"host":${host},"range":${labels[range[row]] ?? 'null'},"peer":${peer}${network(row)}${label(row)}` +
        `,"labelDetail":${visibleJson(details.detail(row))},"confidence":${confidence[row] / 100}` +
        `,"nameAt":${details.nameAt(row)},"payloadAt":${details.payloadAt(row)}${client(row)}${exported(row)}` +
        `,"indicator":${jsonText(indicator(row))}` +
        `,"tunnel":${tunnel[row] === 0 ? 'null' : `"${evidence}:${tunnel[row]}:${depth[row] - 1}"`}` +
        `,"evidence":"${evidence}","locator":${jsonNumber(locator[row])}}\n`
      );
    };
  }
}

function jsonText(text: string | null): string {
  return text === null ? 'null' : visibleJson(text);
}

/** JSON has no infinity and no NaN. */
function jsonNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null';
}
