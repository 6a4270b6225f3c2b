import type { FlowRecord } from '../../shared/flow.ts';
import { FlowRecords } from './flow-records.ts';
import { type ColumnType, type TableFormat, type Write, writeLines, writeTable } from './table-writers.ts';

/** Flow records out of the case. */

/** Writes records as `writeTable` writes rows, and returns how many. */
export function writeFlows(format: TableFormat, records: Iterable<FlowRecord>, write: Write): Promise<number> {
  return format === 'ndjson' && records instanceof FlowRecords
    ? writeLines('', records.jsonLines(), write)
    : writeTable(format, { name: 'flow', columns: FIELDS }, records, write);
}

/** Every field of a record, in order, and its column in parquet. */
const FIELDS = {
  id: 'text',
  start: 'time',
  end: 'time',
  initiator: 'text',
  initiatorPort: 'int32',
  responder: 'text',
  responderPort: 'int32',
  transport: 'text',
  packetsOut: 'int64',
  bytesOut: 'int64',
  packetsIn: 'int64',
  bytesIn: 'int64',
  tcpFlags: 'text',
  state: 'text',
  subjectSide: 'text',
  host: 'text',
  range: 'text',
  peer: 'text',
  direction: 'text',
  country: 'text',
  asn: 'int64',
  organisation: 'text',
  hostname: 'text',
  protocol: 'text',
  service: 'text',
  category: 'text',
  labelEvidence: 'text',
  labelDetail: 'text',
  confidence: 'double',
  nameAt: 'int64',
  payloadAt: 'int64',
  ja3: 'text',
  ja4: 'text',
  userAgent: 'text',
  via: 'text',
  forwardedFor: 'text',
  synOptions: 'text',
  sampling: 'int64',
  exporter: 'text',
  nextHop: 'text',
  inputInterface: 'int64',
  outputInterface: 'int64',
  assembly: 'text',
  enterpriseFields: 'text',
  duplicate: 'text',
  indicator: 'text',
  tunnel: 'text',
  evidence: 'text',
  locator: 'double',
} as const satisfies Record<keyof FlowRecord, ColumnType>;
