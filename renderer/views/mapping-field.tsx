import { type ReactNode, useId } from 'react';
import { columnsOf, isTimePattern, type MappedField, TIME_TYPES } from '../../shared/mapping.ts';
import { visibleText } from '../../shared/visible-text.ts';
import {
  type ColumnChoice,
  FIELD_NAMES,
  type MappingDraft,
  NEEDED,
  type Source,
  sourceOf,
  withPart,
  withSource,
} from '../state/mapping-draft.ts';
import { said, say, type Text } from '../../shared/text/say.ts';

/** A field of a mapping: which column it is taken from, and how that is written. */

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

export interface FieldProps {
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

export function FieldRow(props: FieldProps): ReactNode {
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
