import { formatAddress } from '../../shared/address.ts';
import {
  CONN_STATES,
  DIRECTIONS,
  type FlowColumn,
  type FlowRecord,
  LABEL_EVIDENCE,
  NAME_ORIGINS,
  SUBJECT_SIDES,
  TCP,
  formatTcpFlags,
  transportName,
} from '../../shared/flow.ts';
import { labelDetail } from '../../shared/label-detail.ts';
import { formatUtc } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import type { FlowSelection } from './flow-selection.ts';

/**
 * The flows of a case as records, in the order of its segments, made one at a time. `limit` bounds how many (default: all).
 * Texts stand as the evidence had them: who prints them makes them safe.
 */
export function* flowRecords(
  reader: CaseReader,
  { selection, limit = Infinity }: { selection?: FlowSelection; limit?: number } = {},
): Generator<FlowRecord, void, undefined> {
  const organisations = new Map<number, string | null>();
  const organisation = (asn: number): string | null => {
    if (!organisations.has(asn)) organisations.set(asn, reader.organisation(asn));
    return organisations.get(asn) ?? null;
  };
  let mask = new Uint8Array(0);
  let left = limit;
  for (const segment of reader.segments()) {
    if (left <= 0) return;
    if (selection) {
      if (mask.length < segment.rows) mask = new Uint8Array(segment.rows);
      if (selection.mark(segment, mask) === 0) continue;
    }
    const record = segmentRecords(reader, segment, organisation);
    for (let row = 0; row < segment.rows && left > 0; row++) {
      if (selection && mask[row] === 0) continue;
      left--;
      yield record(row);
    }
  }
}

/** A function that makes the record of a row of the segment. */
function segmentRecords(
  reader: CaseReader,
  segment: SegmentInfo,
  organisation: (asn: number) => string | null,
): (row: number) => FlowRecord {
  const { evidence } = segment;
  const { ranges } = reader.profile;
  const numbers = (name: FlowColumn): ((row: number) => number) => {
    const column = reader.column(segment, name);
    return (row) => column[row] ?? 0;
  };
  const addresses = (name: 'initiator' | 'responder'): ((row: number) => string) => {
    const words = reader.column(segment, name);
    return (row) =>
      formatAddress(words[row * 4] ?? 0, words[row * 4 + 1] ?? 0, words[row * 4 + 2] ?? 0, words[row * 4 + 3] ?? 0);
  };
  const texts = (name: FlowColumn): ((row: number) => string | null) => {
    const column = reader.column(segment, name);
    const entries = reader.dictionary(segment, name);
    return (row) => entries[(column[row] ?? 0) - 1] ?? null;
  };
  const terms = (name: FlowColumn): ((row: number) => string | null) => {
    const column = reader.column(segment, name);
    return (row) => reader.term(column[row] ?? 0);
  };
  const choices = <Name extends string | null>(name: FlowColumn, list: readonly [Name, ...Name[]]) => {
    const column = reader.column(segment, name);
    return (row: number): Name => list[column[row] ?? 0] ?? list[0];
  };

  const [start, end] = [numbers('start'), numbers('end')];
  const [initiatorOf, responderOf] = [addresses('initiator'), addresses('responder')];
  const [initiatorPort, responderPort] = [numbers('initiatorPort'), numbers('responderPort')];
  const [packetsOut, bytesOut] = [numbers('packetsOut'), numbers('bytesOut')];
  const [packetsIn, bytesIn] = [numbers('packetsIn'), numbers('bytesIn')];
  const [transport, tcpFlags, state] = [numbers('transport'), numbers('tcpFlags'), choices('state', CONN_STATES)];
  const [locator, depth, sampling] = [numbers('locator'), numbers('depth'), numbers('sampling')];
  const [subjectSide, direction] = [choices('subjectSide', SUBJECT_SIDES), choices('direction', DIRECTIONS)];
  const [range, country, asn] = [numbers('range'), numbers('country'), numbers('asn')];
  const [name, nameOrigin] = [texts('name'), choices('nameOrigin', NAME_ORIGINS)];
  const [linkedName, linkedOrigin] = [texts('linkedName'), choices('linkedOrigin', NAME_ORIGINS)];
  const [userAgent, linkedUserAgent] = [texts('userAgent'), texts('linkedUserAgent')];
  const [ja3, ja4, match] = [texts('ja3'), texts('ja4'), texts('match')];
  const [protocolOf, serviceOf, categoryOf] = [terms('protocol'), terms('service'), terms('category')];
  const [payloadRule, labelEvidenceOf] = [terms('payloadRule'), choices('labelEvidence', LABEL_EVIDENCE)];
  const confidence = numbers('confidence');

  return (row) => {
    const initiator = initiatorOf(row);
    const responder = responderOf(row);
    const side = subjectSide(row);
    const [host, peer] = side === 'responder' ? [responder, initiator] : [initiator, responder];
    const ownName = name(row);
    const hostname = ownName ?? linkedName(row);
    const protocol = protocolOf(row) ?? UNKNOWN;
    const service = serviceOf(row);
    const category = categoryOf(row) ?? UNKNOWN;
    const labelEvidence = labelEvidenceOf(row);
    const transportOf = transportName(transport(row));
    return {
      id: `${evidence}:${locator(row)}:${depth(row)}`,
      start: formatUtc(start(row)),
      end: formatUtc(end(row)),
      initiator,
      initiatorPort: initiatorPort(row),
      responder,
      responderPort: responderPort(row),
      transport: transportOf,
      packetsOut: packetsOut(row),
      bytesOut: bytesOut(row),
      packetsIn: packetsIn(row),
      bytesIn: bytesIn(row),
      tcpFlags: transport(row) === TCP ? formatTcpFlags(tcpFlags(row)) : null,
      state: state(row),
      subjectSide: side,
      host: side === 'none' ? null : host,
      range: ranges[range(row) - 1]?.label ?? null,
      peer: side === 'none' ? null : peer,
      direction: direction(row),
      country: countryCode(country(row)),
      asn: asn(row) === 0 ? null : asn(row),
      organisation: asn(row) === 0 ? null : organisation(asn(row)),
      hostname,
      protocol,
      service,
      category,
      labelEvidence,
      labelDetail: labelDetail({
        labelEvidence,
        hostname,
        nameOrigin: ownName === null ? linkedOrigin(row) : nameOrigin(row),
        match: match(row),
        payloadRule: payloadRule(row),
        protocol,
        service,
        category,
        transport: transportOf,
        responderPort: responderPort(row),
      }),
      confidence: confidence(row) / 100,
      ja3: ja3(row),
      ja4: ja4(row),
      userAgent: userAgent(row) ?? linkedUserAgent(row),
      sampling: sampling(row) || 1,
      exporter: null,
      nextHop: null,
      inputInterface: null,
      tunnel: null,
      evidence,
      locator: locator(row),
    };
  };
}

/** Two letters packed high byte first; null for 0. */
export function countryCode(packed: number): string | null {
  return packed === 0 ? null : String.fromCharCode(packed >>> 8, packed & 0xff);
}
