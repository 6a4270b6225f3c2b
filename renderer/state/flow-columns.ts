import { CONN_STATES, type FlowRecord } from '../../shared/flow.ts';
import type { OrderField } from '../../shared/flow-order.ts';
import { ORDER_FIELDS } from '../../shared/flow-order.ts';
import { formatBytes, formatCount, withDecimalSign } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { filterWord } from './filter-completion.ts';
import { durationOf, formatDuration, localTimeOf } from './local-time.ts';
import { type Text } from '../../shared/text/say.ts';

/** Columns of the table of flows: what each shows, how it is filtered by, and which of them this machine's analyst chose. */

export type Cell = string | number | null;

export interface FlowColumn {
  readonly field: OrderField;
  /** Head of the column. */
  readonly name: Text;
  /** What it is, in a few words. */
  readonly note: Text;
  /** CSS pixels unless the analyst chose otherwise. */
  readonly width: number;
  readonly looks?: 'number' | 'mono';
  /** The bare value; null when absent. */
  readonly value: (flow: FlowRecord) => Cell;
  /** As it stands in the table; default: the value itself. */
  readonly text?: (flow: FlowRecord, timeZone: string) => string;
  /** Filter test for flows without a value; null when the language has none. */
  readonly absent?: string;
  /** Whether the largest comes first when it is chosen to order by. */
  readonly descends?: boolean;
}

const hasPorts = ({ transport }: FlowRecord): boolean => !transport.startsWith('icmp');

function endText(address: string, port: number, flow: FlowRecord): string {
  const text = visibleText(address);
  if (!hasPorts(flow)) return text;
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

const bytes = (
  value: (flow: FlowRecord) => number,
): Pick<FlowColumn, 'value' | 'text' | 'looks' | 'descends' | 'width'> => ({
  value,
  text: (flow) => formatBytes(value(flow)),
  looks: 'number',
  descends: true,
  width: 62,
});
const count = (
  value: (flow: FlowRecord) => number | null,
): Pick<FlowColumn, 'value' | 'text' | 'looks' | 'descends' | 'width'> => ({
  value,
  text: (flow) => formatCount(value(flow)),
  looks: 'number',
  descends: true,
  width: 78,
});
const unless = (field: OrderField): string => `not ${field} ~ "*"`;

const COLUMNS: Readonly<Record<OrderField, Omit<FlowColumn, 'field'>>> = {
  start: {
    name: 'Start',
    note: 'time of the first packet',
    width: 140,
    looks: 'mono',
    value: (flow) => flow.start,
    text: (flow, zone) => localTimeOf(flow.start, zone, 'second'),
  },
  end: {
    name: 'End',
    note: 'time of the last packet',
    width: 146,
    looks: 'mono',
    value: (flow) => flow.end,
    text: (flow, zone) => localTimeOf(flow.end, zone, 'second'),
  },
  duration: {
    name: 'Lasted',
    note: 'from the first packet to the last',
    width: 62,
    looks: 'number',
    value: durationOf,
    text: (flow) => formatDuration(durationOf(flow)),
    descends: true,
  },
  initiator: {
    name: 'Initiator',
    note: 'who opened the flow, with its port',
    width: 154,
    looks: 'mono',
    value: (flow) => flow.initiator,
    text: (flow) => endText(flow.initiator, flow.initiatorPort, flow),
  },
  initiatorPort: {
    name: 'From port',
    note: 'port of the initiator; of ICMP the type',
    width: 74,
    looks: 'number',
    value: (flow) => flow.initiatorPort,
  },
  responder: {
    name: 'Responder',
    note: 'who was spoken to, with its port',
    width: 154,
    looks: 'mono',
    value: (flow) => flow.responder,
    text: (flow) => endText(flow.responder, flow.responderPort, flow),
  },
  responderPort: {
    name: 'To port',
    note: 'port of the responder; of ICMP the code',
    width: 64,
    looks: 'number',
    value: (flow) => flow.responderPort,
  },
  host: {
    name: 'Host',
    note: 'the end inside the ranges',
    width: 124,
    looks: 'mono',
    value: (flow) => flow.host,
    absent: 'subjectSide = none',
  },
  peer: {
    name: 'Peer',
    note: 'the end that is not the host',
    width: 124,
    looks: 'mono',
    value: (flow) => flow.peer,
    absent: 'subjectSide = none',
  },
  direction: { name: 'Direction', note: 'seen from the ranges', width: 82, value: (flow) => flow.direction },
  subjectSide: { name: 'Inside', note: 'which end lies in the ranges', width: 82, value: (flow) => flow.subjectSide },
  range: {
    name: 'Range',
    note: 'label of the host’s range',
    width: 96,
    value: (flow) => flow.range,
    absent: unless('range'),
  },
  country: { name: 'Peer in', note: 'country of the peer', width: 54, value: (flow) => flow.country },
  asn: {
    name: 'Network',
    note: 'number of the peer’s network',
    width: 84,
    looks: 'number',
    value: (flow) => flow.asn,
    text: (flow) => `AS${flow.asn ?? ''}`,
    absent: 'not asn >= 1',
  },
  organisation: {
    name: 'Organisation',
    note: 'who holds the peer’s network',
    width: 160,
    value: (flow) => flow.organisation,
    absent: unless('organisation'),
  },
  hostname: {
    name: 'Host name',
    note: 'name that the flow carries, or that DNS gave to its address',
    width: 116,
    value: (flow) => flow.hostname,
    absent: unless('hostname'),
  },
  transport: { name: 'Transport', note: 'tcp, udp, …', width: 78, value: (flow) => flow.transport },
  protocol: { name: 'Protocol', note: 'what is spoken', width: 84, value: (flow) => flow.protocol },
  service: {
    name: 'Service',
    note: 'who is spoken to',
    width: 100,
    value: (flow) => flow.service,
    absent: unless('service'),
  },
  category: { name: 'Category', note: 'what for', width: 92, value: (flow) => flow.category },
  bytes: { name: 'Bytes', note: 'both ways, as recorded', ...bytes((flow) => flow.bytesOut + flow.bytesIn) },
  bytesOut: { name: 'Out', note: 'bytes from initiator to responder, as recorded', ...bytes((flow) => flow.bytesOut) },
  bytesIn: { name: 'In', note: 'bytes from responder to initiator, as recorded', ...bytes((flow) => flow.bytesIn) },
  packets: { name: 'Packets', note: 'both ways, as recorded', ...count((flow) => flow.packetsOut + flow.packetsIn) },
  packetsOut: { name: 'Packets out', note: 'initiator to responder', ...count((flow) => flow.packetsOut), width: 90 },
  packetsIn: { name: 'Packets in', note: 'responder to initiator', ...count((flow) => flow.packetsIn), width: 84 },
  tcpFlags: {
    name: 'TCP flags',
    note: 'union of all packets',
    width: 82,
    looks: 'mono',
    value: (flow) => flow.tcpFlags,
    absent: unless('tcpFlags'),
  },
  state: {
    name: 'State',
    note: 'Zeek’s conn_state',
    width: 64,
    value: (flow) => flow.state,
    absent: `not state in (${CONN_STATES.filter((state) => state !== null).join(', ')})`,
  },
  labelEvidence: { name: 'Rests on', note: 'what the label rests on', width: 84, value: (flow) => flow.labelEvidence },
  confidence: {
    name: 'Confidence',
    note: 'of the label, 0 to 1',
    width: 84,
    looks: 'number',
    value: (flow) => flow.confidence,
    text: (flow) => withDecimalSign(flow.confidence.toFixed(2)),
    descends: true,
  },
  ja3: {
    name: 'JA3',
    note: 'fingerprint of the TLS client',
    width: 130,
    looks: 'mono',
    value: (flow) => flow.ja3,
    absent: unless('ja3'),
  },
  ja4: {
    name: 'JA4',
    note: 'fingerprint of the TLS client',
    width: 150,
    looks: 'mono',
    value: (flow) => flow.ja4,
    absent: unless('ja4'),
  },
  userAgent: {
    name: 'User agent',
    note: 'of HTTP, as the client states it',
    width: 180,
    value: (flow) => flow.userAgent,
    absent: unless('userAgent'),
  },
  via: {
    name: 'Via',
    note: 'proxies that the first request names',
    width: 140,
    value: (flow) => flow.via,
    absent: unless('via'),
  },
  forwardedFor: {
    name: 'Forwarded for',
    note: 'whom a proxy says it asked for',
    width: 140,
    value: (flow) => flow.forwardedFor,
    absent: unless('forwardedFor'),
  },
  synOptions: {
    name: 'TCP options of the SYN',
    note: 'their order tells families of systems apart',
    width: 180,
    looks: 'mono',
    value: (flow) => flow.synOptions,
    absent: unless('synOptions'),
  },
  sampling: { name: 'Sampling', note: '1 packet in so many', ...count((flow) => flow.sampling), width: 76 },
  exporter: {
    name: 'Exporter',
    note: 'address of the flow exporter',
    width: 124,
    looks: 'mono',
    value: (flow) => flow.exporter,
  },
  nextHop: { name: 'Next hop', note: 'as the exporter says', width: 124, looks: 'mono', value: (flow) => flow.nextHop },
  inputInterface: { name: 'Interface in', note: 'of the exporter', ...count((flow) => flow.inputInterface), width: 88 },
  outputInterface: {
    name: 'Interface out',
    note: 'of the exporter',
    ...count((flow) => flow.outputInterface),
    width: 94,
  },
  assembly: {
    name: 'Records',
    note: 'what was put together to make the flow',
    width: 104,
    value: (flow) => flow.assembly,
    absent: unless('assembly'),
  },
  enterpriseFields: {
    name: 'Fields of vendors',
    note: 'of an export, by number, in hex',
    width: 180,
    looks: 'mono',
    value: (flow) => flow.enterpriseFields,
    absent: unless('enterpriseFields'),
  },
  duplicate: {
    name: 'Also elsewhere',
    note: 'whether other evidence holds it too',
    width: 104,
    value: (flow) => flow.duplicate,
  },
  indicator: {
    name: 'Indicator',
    note: 'indicators that the flow meets',
    width: 180,
    value: (flow) => flow.indicator,
    absent: 'not indicator = yes',
  },
  tunnel: {
    name: 'Tunnel',
    note: 'flow around this one',
    width: 150,
    looks: 'mono',
    value: (flow) => flow.tunnel,
    absent: unless('tunnel'),
  },
  evidence: {
    name: 'Evidence',
    note: 'file that the flow was read from',
    width: 130,
    looks: 'mono',
    value: (flow) => flow.evidence,
  },
  locator: {
    name: 'First at',
    note: 'packet, line or record in its evidence, from 1',
    width: 80,
    looks: 'number',
    value: (flow) => flow.locator,
    text: (flow) => formatCount(flow.locator),
  },
};

/** All columns, in the order of the chooser. */
export const FLOW_COLUMNS: readonly FlowColumn[] = ORDER_FIELDS.map((field) => ({ field, ...COLUMNS[field] }));

export function flowColumn(field: OrderField): FlowColumn {
  return { field, ...COLUMNS[field] };
}

/** A cell as it is shown. */
export function cellText(column: FlowColumn, flow: FlowRecord, timeZone: string): string {
  const value = column.value(flow);
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return '–';
  return column.text?.(flow, timeZone) ?? visibleText(String(value));
}

/** The test that selects flows with the same value; null when there is none. */
export function cellTest(column: FlowColumn, flow: FlowRecord): string | null {
  const value = column.value(flow);
  if (value === null) return column.absent ?? null;
  if (typeof value === 'string') return `${column.field} = ${filterWord(value)}`;
  const text = String(value);
  return /^\d+(\.\d+)?$/.test(text) ? `${column.field} = ${text}` : null;
}

// What is shown

/** A column that is shown, and how wide (CSS pixels). */
export interface ShownColumn {
  readonly field: OrderField;
  readonly width: number;
}

export const NARROWEST = 40;
export const WIDEST = 800;

function shown(field: OrderField): ShownColumn {
  return { field, width: COLUMNS[field].width };
}

export const FIRST_COLUMNS: readonly ShownColumn[] = (
  [
    'start',
    'initiator',
    'responder',
    'country',
    'hostname',
    'protocol',
    'service',
    'category',
    'bytesOut',
    'bytesIn',
    'duration',
  ] as const
).map(shown);

/** Reads what was kept; the first columns where nothing sound was. */
export function parseColumns(text: string | null): readonly ShownColumn[] {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? '');
  } catch {
    return FIRST_COLUMNS;
  }
  if (!Array.isArray(kept)) return FIRST_COLUMNS;
  const found = new Map<OrderField, ShownColumn>();
  for (const each of kept as unknown[]) {
    if (typeof each !== 'object' || each === null) continue;
    const { field: name, width } = each as { field?: unknown; width?: unknown };
    const field = ORDER_FIELDS.find((known) => known === name);
    if (field !== undefined)
      found.set(field, { field, width: widthWithin(typeof width === 'number' ? width : Number.NaN, field) });
  }
  return found.size === 0 ? FIRST_COLUMNS : [...found.values()];
}

function widthWithin(width: number, field: OrderField): number {
  return Number.isFinite(width) ? Math.round(Math.max(NARROWEST, Math.min(WIDEST, width))) : COLUMNS[field].width;
}

/** Puts a column at another place; places beyond the ends are the ends. */
export function moveColumn(columns: readonly ShownColumn[], field: OrderField, to: number): readonly ShownColumn[] {
  const moved = columns.find((column) => column.field === field);
  if (moved === undefined) return columns;
  const rest = columns.filter((column) => column !== moved);
  const place = Math.max(0, Math.min(rest.length, to));
  return [...rest.slice(0, place), moved, ...rest.slice(place)];
}

export function resizeColumn(
  columns: readonly ShownColumn[],
  field: OrderField,
  width: number,
): readonly ShownColumn[] {
  return columns.map((column) => (column.field === field ? { field, width: widthWithin(width, field) } : column));
}

/** Shows or hides a column; the last one stays. */
export function toggleColumn(columns: readonly ShownColumn[], field: OrderField): readonly ShownColumn[] {
  const rest = columns.filter((column) => column.field !== field);
  if (rest.length === columns.length) return [...columns, shown(field)];
  return rest.length === 0 ? columns : rest;
}

const KEY = 'flow-columns';

export function storedColumns(): readonly ShownColumn[] {
  try {
    return parseColumns(localStorage.getItem(KEY));
  } catch {
    return FIRST_COLUMNS;
  }
}

export function storeColumns(columns: readonly ShownColumn[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(columns));
  } catch {
    // Not kept: the page may store nothing here.
  }
}
