import type { EvidenceNews, TextPreview } from '../../shared/jobs.ts';
import {
  checkMapping,
  columnsOf,
  type MappedField,
  type Mapping,
  type MappingColumn,
  type TIME_TYPES,
} from '../../shared/mapping.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { said, say } from '../../shared/text/say.ts';

/** A mapping while it is made: changes of single fields, what it still lacks, and the columns to choose from. */

/** A mapping whose fields may still lack, and whose values may still be wrong. */
export interface MappingDraft extends Omit<Mapping, 'fields'> {
  readonly fields: Partial<Mapping['fields']>;
}

export const FIELD_NAMES = said({
  start: 'Start',
  end: 'End',
  duration: 'Duration',
  initiator: 'Initiator',
  initiatorPort: 'Initiator’s port',
  responder: 'Responder',
  responderPort: 'Responder’s port',
  transport: 'Transport',
  packetsOut: 'Packets out',
  packetsIn: 'Packets in',
  bytesOut: 'Bytes out',
  bytesIn: 'Bytes in',
  name: 'Host name',
  packetsTotal: 'Packets both ways',
  bytesTotal: 'Bytes both ways',
  icmpType: 'ICMP type',
  icmpCode: 'ICMP code',
  tcpFlags: 'TCP flags',
  state: 'State',
  protocol: 'Protocol',
  userAgent: 'User agent',
  ja3: 'JA3',
  ja4: 'JA4',
  sampling: 'Sampling, 1 of',
  exporter: 'Exporter',
  nextHop: 'Next hop',
  inputInterface: 'Input interface',
  outputInterface: 'Output interface',
});

/** Without these there is no flow. */
export const NEEDED = ['start', 'initiator', 'responder', 'transport'] as const satisfies readonly MappedField[];

/** Fields that are always shown; the others stand behind a fold. */
export const MAIN_FIELDS = [
  'start',
  'end',
  'duration',
  'initiator',
  'initiatorPort',
  'responder',
  'responderPort',
  'transport',
  'packetsOut',
  'bytesOut',
  'packetsIn',
  'bytesIn',
  'name',
] as const satisfies readonly MappedField[];

export const FURTHER_FIELDS = (Object.keys(FIELD_NAMES) as MappedField[]).filter(
  (field) => !(MAIN_FIELDS as readonly string[]).includes(field),
);

/** Where a field's value comes from: columns, or one value for every record. */
export type Source = { from: MappingColumn | MappingColumn[] } | { fixed: string | number };

/** A column that a field may be taken from. */
export interface ColumnChoice {
  readonly column: MappingColumn;
  readonly label: string;
  /** Its values in the first records. */
  readonly values: readonly string[];
}

const MOST_NAME = 256;

/** The columns of a file and the values of its first records, as a draft with or without header sees them. */
export function columnChoices(
  { columns, rows }: Pick<TextPreview, 'columns' | 'rows'>,
  { format, header }: Pick<Mapping, 'format' | 'header'>,
): ColumnChoice[] {
  const hasNames = header || format === 'ndjson';
  const [first = [], ...rest] = rows;
  const names = hasNames ? (columns ?? first) : null;
  const records = hasNames ? (columns === null ? rest : rows) : columns === null ? rows : [columns, ...rows];
  const width = names?.length ?? Math.max(0, ...records.map((row) => row.length));
  return Array.from({ length: width }, (_, index) => {
    const name = names?.[index] ?? '';
    // A name that is empty or stands twice tells no column.
    const isName = name !== '' && name.length <= MOST_NAME && names?.indexOf(name) === index;
    return {
      column: isName || format === 'ndjson' ? name : index + 1,
      label: isName ? visibleText(name.slice(0, 64)) : say('column {column}', { column: index + 1 }),
      values: records.map((row) => row[index] ?? ''),
    };
  });
}

/** A draft to begin with: the mapping that the preview found, or an empty one. */
export function draftOf(
  { mapping, columns, look }: Pick<TextPreview, 'mapping' | 'columns' | 'look'>,
  name: string,
): MappingDraft {
  const named = name.slice(0, 100) || 'mapping';
  if (mapping !== null) return mapping.name === 'proposed' ? { ...mapping, name: named } : mapping;
  return {
    name: named,
    ...look,
    header: columns !== null,
    fields: {},
    direction: 'one-way',
    bytes: 'unknown',
    icmp: 'ports',
  };
}

/** How times of a column may be written, told by the first that is given; null when that cannot be told. */
export function timeTypeOf(values: readonly string[]): (typeof TIME_TYPES)[number] | null {
  const text = values.map((value) => value.trim()).find((value) => value !== '' && value !== '-') ?? '';
  if (/^\d{4}[-/]\d\d[-/]\d\d[T ]\d\d/.test(text)) return 'iso8601';
  const digits = /^(\d+)(\.\d*)?$/.exec(text)?.[1]?.length ?? 0;
  if (digits === 10) return 'unix-s';
  if (digits === 13) return 'unix-ms';
  if (digits === 16) return 'unix-us';
  return digits === 19 ? 'unix-ns' : null;
}

/** Where a field of a draft comes from; null when it has none. */
export function sourceOf(draft: MappingDraft, field: MappedField): Source | null {
  const spec = draft.fields[field];
  if (spec === undefined) return null;
  return 'from' in spec ? { from: spec.from } : { fixed: spec.fixed };
}

/** The draft with a part of a field replaced, or left out where it is `undefined`. */
export function withPart(draft: MappingDraft, field: MappedField, part: Record<string, unknown>): MappingDraft {
  const spec = Object.entries({ ...draft.fields[field], ...part }).filter(([, value]) => value !== undefined);
  return { ...draft, fields: { ...draft.fields, [field]: Object.fromEntries(spec) } as MappingDraft['fields'] };
}

/** The draft with a field taken from elsewhere, or (null) from nowhere. `values`: what stands in the new column. */
export function withSource(
  draft: MappingDraft,
  field: MappedField,
  source: Source | null,
  values: readonly string[] = [],
): MappingDraft {
  if (source === null) {
    const { [field]: _, ...fields } = draft.fields;
    return { ...draft, fields };
  }
  const known = draft.fields[field];
  const { start } = draft.fields;
  if (!('from' in source)) return { ...draft, fields: { ...draft.fields, [field]: source } as MappingDraft['fields'] };
  const before = known !== undefined && 'from' in known ? known : null;
  switch (field) {
    case 'start':
    case 'end': {
      const like = before ?? start;
      const type = timeTypeOf(values) ?? (like !== undefined && 'type' in like ? like.type : 'iso8601');
      const zone = before === null ? start?.zone : undefined;
      return withPart(draft, field, { ...source, type, ...(zone === undefined ? {} : { zone }) });
    }
    case 'duration':
      return withPart(draft, field, before === null ? { ...source, type: 's' } : source);
    case 'name':
      return withPart(draft, field, before === null ? { ...source, origin: 'tls-sni' } : source);
    default:
      return withPart(draft, field, { ...source, fixed: undefined });
  }
}

/** The draft for a file with or without a line of names: its columns by number or by name. */
export function withHeader(
  draft: MappingDraft,
  header: boolean,
  preview: Pick<TextPreview, 'columns' | 'rows'>,
): MappingDraft {
  if (draft.format === 'ndjson' || header === draft.header) return draft;
  const before = columnChoices(preview, draft);
  const after = columnChoices(preview, { ...draft, header });
  const renamed = (column: MappingColumn): MappingColumn => {
    const index = typeof column === 'number' ? column - 1 : before.findIndex((choice) => choice.column === column);
    return after[index]?.column ?? column;
  };
  let changed: MappingDraft = { ...draft, header };
  for (const field of Object.keys(draft.fields) as MappedField[]) {
    const source = sourceOf(draft, field);
    if (source === null || !('from' in source)) continue;
    const columns = columnsOf(source.from).map(renamed);
    changed = withPart(changed, field, { from: columns.length === 1 ? columns[0] : columns });
  }
  return changed;
}

/** The fields that a draft takes from a column, in words. */
export function fieldsFrom(draft: MappingDraft, column: MappingColumn, index: number): string[] {
  return (Object.keys(FIELD_NAMES) as MappedField[])
    .filter((field) => {
      const source = sourceOf(draft, field);
      if (source === null || !('from' in source)) return false;
      const columns = columnsOf(source.from);
      return columns.includes(column) || (draft.format !== 'ndjson' && columns.includes(index + 1));
    })
    .map((field) => FIELD_NAMES[field]);
}

/** The mapping of a draft, or what it lacks or has wrong, in words. */
export function checkDraft(draft: MappingDraft): { ok: true; mapping: Mapping } | { ok: false; fault: string } {
  const lacking = NEEDED.filter((field) => draft.fields[field] === undefined);
  if (lacking.length > 0) {
    return {
      ok: false,
      fault: say('Choose a column for {lacking}.', { lacking: lacking.map((field) => FIELD_NAMES[field]).join(', ') }),
    };
  }
  const checked = checkMapping(draft);
  if (checked.ok) return checked;
  const [, field = '', rest = checked.fault] = /^fields\.(\w+)\.?(.*)$/s.exec(checked.fault) ?? [];
  const name = Object.hasOwn(FIELD_NAMES, field) ? `${FIELD_NAMES[field as MappedField]}: ` : '';
  return { ok: false, fault: visibleText(`${name}${rest}`) };
}

const MAPPED_FORMATS: readonly string[] = ['csv', 'tsv', 'pipe', 'space', 'ndjson', 'parquet'];
/** Of a Parquet file that is no known format: its columns were read, and do not tell enough. */
const PARQUET_LACKS: readonly string[] = ['no-mapping', 'missing-fields'];

/** Whether an import rejected a file as text or Parquet whose columns it could not tell, or whose records a mapping did not fit. */
export function lacksMapping({
  status,
  format,
  problems,
}: Pick<EvidenceNews, 'status' | 'format' | 'problems'>): boolean {
  if (status !== 'rejected') return false;
  if (format !== null && MAPPED_FORMATS.includes(format)) return true;
  if (format === null && problems.some(({ kind }) => PARQUET_LACKS.includes(kind))) return true;
  return problems.some(
    ({ kind, message }) => kind === 'not-recognised' && /^(a table with the columns|JSON with the keys) /.test(message),
  );
}
