import { type ReactNode, useEffect, useId, useState } from 'react';
import type { PreviewedFlow, TextPreview } from '../../shared/jobs.ts';
import { columnsOf, isTimePattern, type MappedField, type Mapping, TIME_TYPES } from '../../shared/mapping.ts';
import { formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask } from '../bridge-access.ts';
import {
  checkDraft,
  type ColumnChoice,
  columnChoices,
  draftOf,
  FIELD_NAMES,
  fieldsFrom,
  FURTHER_FIELDS,
  MAIN_FIELDS,
  type MappingDraft,
  NEEDED,
  type Source,
  sourceOf,
  withHeader,
  withPart,
  withSource,
} from '../state/mapping-draft.ts';
import { fileName } from '../state/names.ts';
import { ErrorNotice } from './notice.tsx';
import { said, say, type Text } from '../../shared/text/say.ts';

/** What the columns of a text export or a Parquet file mean: its first rows, a choice a field, and what comes of it while it is made. */

const DEBOUNCE_MS = 200;
const RAW_ROWS = 5;

interface Previewed {
  readonly preview: TextPreview | null;
  readonly error: ErrorValue | null;
  readonly pending: boolean;
}

/** Asks what comes of a file, a while after path or mapping changed last. `when` false asks nothing. */
function useTextPreview(path: string, mapping: Mapping | null, delay: number, when = true): Previewed {
  const key = JSON.stringify([path, mapping]);
  const [state, setState] = useState<{ key: string; preview: TextPreview | null; error: ErrorValue | null }>({
    key: '',
    preview: null,
    error: null,
  });
  useEffect(() => {
    if (!when) return undefined;
    let current = true;
    const load = async (): Promise<void> => {
      const answer = await ask('previewText', { path, mapping });
      if (!current) return;
      setState(answer.ok ? { key, preview: answer.value, error: null } : { key, preview: null, error: answer.error });
    };
    const timer = setTimeout(() => void load(), delay);
    return () => {
      current = false;
      clearTimeout(timer);
    };
    // The key stands for path and mapping.
  }, [key, delay, when]);
  return { preview: state.preview, error: state.error, pending: when && state.key !== key };
}

/** Sources by themselves, to tell whether two are the same. */
const keyOf = (source: Source | null): string => JSON.stringify(source);

const FIXED_TRANSPORTS = ['tcp', 'udp', 'icmp'];

interface SourceChoice {
  readonly source: Source | null;
  readonly label: string;
  readonly values: readonly string[];
}

/** What a field may be taken from, with what it is taken from now among it. */
function sourceChoices(field: MappedField, now: Source | null, columns: readonly ColumnChoice[]): SourceChoice[] {
  const choices: SourceChoice[] = [
    { source: null, label: '–', values: [] },
    ...columns.map(({ column, label, values }) => ({ source: { from: column }, label, values })),
  ];
  if (field === 'transport') {
    choices.push(
      ...FIXED_TRANSPORTS.map((fixed) => ({
        source: { fixed },
        label: say('every record: {fixed}', { fixed: fixed.toUpperCase() }),
        values: [],
      })),
    );
  }
  if (choices.some(({ source }) => keyOf(source) === keyOf(now)) || now === null) return choices;
  const label =
    'fixed' in now
      ? say('every record: {fixed}', { fixed: visibleText(String(now.fixed)) })
      : columnsOf(now.from)
          .map((column) =>
            typeof column === 'number' ? say('column {column}', { column }) : visibleText(column.slice(0, 64)),
          )
          .join(say(', else ')) + (columnsOf(now.from).length === 1 ? say(' (not in this file)') : '');
  return [...choices, { source: now, label, values: [] }];
}

interface FieldProps {
  readonly field: MappedField;
  readonly draft: MappingDraft;
  readonly columns: readonly ColumnChoice[];
  readonly onDraft: (draft: MappingDraft) => void;
}

const TIME_TYPE_NAMES = said({
  iso8601: 'ISO 8601',
  'unix-s': 'Unix, seconds',
  'unix-ms': 'Unix, milliseconds',
  'unix-us': 'Unix, microseconds',
  'unix-ns': 'Unix, nanoseconds',
});

const FIRST_PATTERN = '%d/%m/%Y %H:%M:%S';

function TimeParts({ field, draft, onDraft }: FieldProps & { field: 'start' | 'end' }): ReactNode {
  const spec = draft.fields[field];
  if (spec === undefined) return null;
  const name = FIELD_NAMES[field];
  const isPattern = !(TIME_TYPES as readonly string[]).includes(spec.type);
  return (
    <>
      <select
        aria-label={say('{name}: written as', { name })}
        value={isPattern ? '' : spec.type}
        onChange={(event) => onDraft(withPart(draft, field, { type: event.target.value || FIRST_PATTERN }))}
      >
        {TIME_TYPES.map((type) => (
          <option key={type} value={type}>
            {TIME_TYPE_NAMES[type]}
          </option>
        ))}
        <option value="">{say('pattern')}</option>
      </select>
      <input
        aria-label={say('{name}: time zone', { name })}
        list="mapping-zones"
        placeholder={say('zone: UTC')}
        value={spec.zone ?? ''}
        onChange={(event) => onDraft(withPart(draft, field, { zone: event.target.value.trim() || undefined }))}
      />
      {isPattern && (
        <input
          className="mono wide"
          aria-label={say('{name}: pattern', { name })}
          title={say('Directives of strptime: %Y %y %m %d %b %H %I %M %S %f %p %z %F %T %%')}
          aria-invalid={!isTimePattern(spec.type)}
          value={spec.type}
          onChange={(event) => onDraft(withPart(draft, field, { type: event.target.value }))}
        />
      )}
    </>
  );
}

/** Further choices of the fields that have one. */
const PARTS: Readonly<Partial<Record<MappedField, { part: string; name: Text; values: readonly [string, Text][] }>>> = {
  duration: {
    part: 'type',
    name: 'unit',
    values: [
      ['s', 'seconds'],
      ['ms', 'milliseconds'],
      ['us', 'microseconds'],
      ['ns', 'nanoseconds'],
      ['clock', 'h:mm:ss'],
    ],
  },
  initiator: {
    part: 'type',
    name: 'written as',
    values: [
      ['text', 'address'],
      ['integer', 'one number'],
      ['zero-padded', 'with zeros, 010.002…'],
    ],
  },
  name: {
    part: 'origin',
    name: 'what it is',
    values: [
      ['tls-sni', 'TLS server name'],
      ['quic-sni', 'QUIC server name'],
      ['http-host', 'HTTP Host'],
      ['dns-question', 'DNS question'],
    ],
  },
  tcpFlags: {
    part: 'type',
    name: 'written as',
    values: [
      ['letters', 'letters'],
      ['decimal', 'decimal'],
      ['hex', 'hexadecimal'],
    ],
  },
};

function FieldParts(props: FieldProps): ReactNode {
  const { field, draft, onDraft } = props;
  if (field === 'start' || field === 'end') return <TimeParts {...props} field={field} />;
  const parts = PARTS[field === 'responder' ? 'initiator' : field];
  const spec: Readonly<Record<string, unknown>> | undefined = draft.fields[field];
  if (parts === undefined || spec === undefined) return null;
  const value = spec[parts.part];
  return (
    <select
      aria-label={`${FIELD_NAMES[field]}: ${say(parts.name)}`}
      value={typeof value === 'string' ? value : parts.values[0]?.[0]}
      onChange={(event) => onDraft(withPart(draft, field, { [parts.part]: event.target.value }))}
    >
      {parts.values.map(([id, label]) => (
        <option key={id} value={id}>
          {say(label)}
        </option>
      ))}
    </select>
  );
}

function FieldRow(props: FieldProps): ReactNode {
  const { field, draft, columns, onDraft } = props;
  const id = useId();
  const now = sourceOf(draft, field);
  const choices = sourceChoices(field, now, columns);
  const isLacking = now === null && (NEEDED as readonly string[]).includes(field);
  return (
    <div className="mapping-field">
      <label htmlFor={id}>{FIELD_NAMES[field]}</label>
      <select
        id={id}
        aria-invalid={isLacking}
        value={choices.findIndex(({ source }) => keyOf(source) === keyOf(now))}
        onChange={(event) => {
          const choice = choices[Number(event.target.value)];
          if (choice !== undefined) onDraft(withSource(draft, field, choice.source, choice.values));
        }}
      >
        {choices.map(({ label }, index) => (
          <option key={index} value={index}>
            {isLacking && index === 0 ? say('choose a column') : label}
          </option>
        ))}
      </select>
      <div className="mapping-parts">
        <FieldParts {...props} />
      </div>
    </div>
  );
}

/** Formats and delimiters that a list offers, `format delimiter`. */
const LOOKS: readonly [string, Text][] = [
  ['csv ', 'commas'],
  ['csv ;', 'semicolons'],
  ['tsv ', 'tabs'],
  ['pipe ', 'bars |'],
  ['space ', 'blanks'],
  ['ndjson ', 'none: JSON objects'],
];

function FileLook(props: {
  draft: MappingDraft;
  preview: TextPreview;
  onDraft: (draft: MappingDraft) => void;
}): ReactNode {
  const { draft, preview, onDraft } = props;
  const look = `${draft.format} ${draft.delimiter ?? ''}`;
  const isListed = LOOKS.some(([each]) => each === look);
  const choose = (chosen: string): void => {
    const { delimiter: _, ...rest } = draft;
    const [format = 'csv', delimiter = ''] = chosen === '' ? ['csv', '^'] : chosen.split(' ');
    const isJson = format === 'ndjson';
    const header = isJson || draft.header;
    onDraft({ ...rest, header, format: format as Mapping['format'], ...(delimiter === '' ? {} : { delimiter }) });
  };
  return (
    <div className="mapping-look">
      <label>
        {say('Name of the mapping')}
        <input
          required
          maxLength={100}
          value={draft.name}
          onChange={(event) => onDraft({ ...draft, name: event.target.value })}
        />
      </label>
      {preview.kind === 'text' && (
        <>
          <label>
            {say('Columns parted by')}
            <select value={isListed ? look : ''} onChange={(event) => choose(event.target.value)}>
              {LOOKS.map(([id, label]) => (
                <option key={id} value={id}>
                  {say(label)}
                </option>
              ))}
              <option value="">{say('another character')}</option>
            </select>
          </label>
          {!isListed && (
            <label>
              {say('Character')}
              <input
                className="mono"
                maxLength={1}
                value={draft.delimiter ?? ''}
                onChange={(event) => onDraft({ ...draft, delimiter: event.target.value })}
              />
            </label>
          )}
        </>
      )}
      {preview.kind === 'text' && draft.format !== 'ndjson' && (
        <>
          <label>
            {say('Lines before the table')}
            <input
              type="number"
              min={0}
              max={10_000}
              value={draft.skipLines}
              onChange={(event) => onDraft({ ...draft, skipLines: Number(event.target.value) })}
            />
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={draft.header}
              onChange={(event) => onDraft(withHeader(draft, event.target.checked, preview))}
            />
            {say('First line names the columns')}
          </label>
        </>
      )}
    </div>
  );
}

function Counts({ draft, onDraft }: Pick<FieldProps, 'draft' | 'onDraft'>): ReactNode {
  return (
    <div className="mapping-look">
      <label>
        {say('A record counts')}
        <select
          value={draft.direction}
          onChange={(event) => onDraft({ ...draft, direction: event.target.value as Mapping['direction'] })}
        >
          <option value="one-way">{say('one direction')}</option>
          <option value="two-way">{say('both directions')}</option>
        </select>
      </label>
      <label>
        {say('Bytes count')}
        <select
          value={draft.bytes}
          onChange={(event) => onDraft({ ...draft, bytes: event.target.value as Mapping['bytes'] })}
        >
          <option value="ip">{say('IP packets')}</option>
          <option value="frame">{say('whole frames')}</option>
          <option value="payload">{say('payload')}</option>
          <option value="unknown">{say('not known')}</option>
        </select>
      </label>
      <label>
        {say('ICMP type and code')}
        <select
          value={draft.icmp}
          onChange={(event) => onDraft({ ...draft, icmp: event.target.value as Mapping['icmp'] })}
        >
          <option value="ports">{say('in both ports')}</option>
          <option value="responder-port">{say('in the responder’s port')}</option>
          <option value="initiator-port">{say('in the initiator’s port')}</option>
        </select>
      </label>
    </div>
  );
}

function RawRows({ draft, columns }: Pick<FieldProps, 'draft' | 'columns'>): ReactNode {
  const rows = Math.min(RAW_ROWS, Math.max(0, ...columns.map(({ values }) => values.length)));
  return (
    <div className="table-scroll raw-rows" tabIndex={0} role="group" aria-label={say('First rows of the file')}>
      <table>
        <thead>
          <tr>
            {columns.map(({ column, label }, index) => (
              <th key={index} scope="col">
                {label}
                <span className="mapped">{fieldsFrom(draft, column, index).join(', ') || '\u00a0'}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <tr key={row}>
              {columns.map(({ values }, index) => (
                <td key={index} className="mono">
                  {visibleText((values[row] ?? '').slice(0, 64))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A moment of a preview without what it has not: `2017-05-17 01:02:03.5`. */
function shownMoment(time: string): string {
  return time.replace('T', ' ').replace(/(\.\d*?)0*Z$/, (_, fraction: string) => (fraction === '.' ? '' : fraction));
}

/** The end; without its day when that is the day of the start. */
function shownEnd({ start, end }: PreviewedFlow): string {
  const moment = shownMoment(end);
  return end.slice(0, 10) === start.slice(0, 10) ? moment.slice(11) : moment;
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function FlowRow({ flow }: { flow: PreviewedFlow }): ReactNode {
  return (
    <tr>
      <td className="nowrap">{shownMoment(flow.start)}</td>
      <td className="nowrap">{shownEnd(flow)}</td>
      <td className="mono">{endpoint(flow.initiator, flow.initiatorPort)}</td>
      <td className="mono">{endpoint(flow.responder, flow.responderPort)}</td>
      <td>{flow.transport}</td>
      <td className="number">
        {formatCount(flow.packetsOut)} / {formatCount(flow.packetsIn)}
      </td>
      <td className="number">
        {formatCount(flow.bytesOut)} / {formatCount(flow.bytesIn)}
      </td>
      <td>{visibleText(flow.name ?? '')}</td>
    </tr>
  );
}

function FlowsPreview({ preview, isOld }: { preview: TextPreview; isOld: boolean }): ReactNode {
  const { flows, problems } = preview;
  return (
    <div className="flows-preview" aria-busy={isOld}>
      <p aria-live="polite">
        {flows.length === 0
          ? say('No flow comes of the beginning of the file.')
          : say('{which}; times in UTC, packets and bytes out / in.', {
              which:
                flows.length === 1 ? say('The first flow') : say('The first {flows} flows', { flows: flows.length }),
            })}
      </p>
      {problems.length > 0 && (
        <ul className="mapping-problems">
          {problems.map(({ kind, count, line, message }) => (
            <li key={kind} className="problem">
              {visibleText(message)}{' '}
              <span className="quiet">
                {say('({kind}, {count}×, first at', { kind, count: formatCount(count) })}{' '}
                {preview.kind === 'parquet' ? say('row') : say('line')} {formatCount(line)})
              </span>
            </li>
          ))}
        </ul>
      )}
      {flows.length > 0 && (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Flows as they would be imported')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say('Start')}</th>
                <th scope="col">{say('End')}</th>
                <th scope="col">{say('Initiator')}</th>
                <th scope="col">{say('Responder')}</th>
                <th scope="col">{say('Transport')}</th>
                <th scope="col" className="number">
                  {say('Packets')}
                </th>
                <th scope="col" className="number">
                  {say('Bytes')}
                </th>
                <th scope="col">{say('Name')}</th>
              </tr>
            </thead>
            <tbody>
              {flows.map((flow, index) => (
                <FlowRow key={index} flow={flow} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

const UNASKED: Readonly<Record<TextPreview['origin'], string>> = {
  shipped: 'Enclave knows this export and reads it without a mapping.',
  proposed: 'Enclave would read the columns as proposed here.',
  refused: 'Enclave is not sure what the columns mean, and would refuse the file.',
  given: '',
};

function Unasked({ preview }: { preview: TextPreview }): ReactNode {
  const { origin, mapping, confidence, why } = preview;
  return (
    <div className="mapping-unasked">
      <p>
        {UNASKED[origin]}{' '}
        {origin === 'shipped'
          ? ''
          : mapping === null
            ? say('It has no proposal.')
            : say('Confidence of the proposal: {confidence} of 1.', { confidence })}
      </p>
      {why.length > 0 && (
        <details>
          <summary>{say('Reasons')}</summary>
          <ul>
            {why.map((reason) => (
              <li key={reason}>{visibleText(reason)}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** The editor of a mapping, on one of the files that it is for. `draft`: null until the first look at the file. */
export function MappingEditor(props: {
  path: string;
  draft: MappingDraft | null;
  onDraft: (draft: MappingDraft) => void;
}): ReactNode {
  const { path, draft, onDraft } = props;
  const { preview: unasked, error } = useTextPreview(path, null, 0);
  const checked = draft === null ? null : checkDraft(draft);
  const mapping = checked?.ok === true ? checked.mapping : null;
  const shown = useTextPreview(path, mapping, DEBOUNCE_MS, mapping !== null);
  useEffect(() => {
    if (draft === null && unasked !== null) onDraft(draftOf(unasked, fileName(path)));
  }, [draft, unasked, path, onDraft]);
  if (error !== null) return <ErrorNotice error={error} />;
  if (unasked === null || draft === null)
    return <p className="quiet">{say('Looking at {path}…', { path: fileName(path) })}</p>;
  const columns = columnChoices(unasked, draft);
  const row = (field: MappedField): ReactNode => (
    <FieldRow key={field} field={field} draft={draft} columns={columns} onDraft={onDraft} />
  );
  return (
    <div className="mapping-editor">
      <Unasked preview={unasked} />
      <RawRows draft={draft} columns={columns} />
      <div className="mapping-halves">
        <div className="mapping-form">
          <FileLook draft={draft} preview={unasked} onDraft={onDraft} />
          <div className="mapping-fields">{MAIN_FIELDS.map(row)}</div>
          <details open={FURTHER_FIELDS.some((field) => draft.fields[field] !== undefined)}>
            <summary>{say('Further fields')}</summary>
            <div className="mapping-fields">{FURTHER_FIELDS.map(row)}</div>
          </details>
          <Counts draft={draft} onDraft={onDraft} />
          <datalist id="mapping-zones">
            {Intl.supportedValuesOf('timeZone').map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </div>
        <div className="mapping-preview">
          <h3>{say('What comes of it')}</h3>
          {checked?.ok === false && (
            <p className="notice" role="status">
              {checked.fault}
            </p>
          )}
          {shown.error !== null && <ErrorNotice error={shown.error} />}
          {shown.preview !== null && <FlowsPreview preview={shown.preview} isOld={shown.pending || mapping === null} />}
        </div>
      </div>
    </div>
  );
}
