import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeUnknown } from '../../electron/engine/unknown-format.ts';
import { mappingSchema, type Mapping } from '../../shared/mapping.ts';
import {
  checkDraft,
  columnChoices,
  draftOf,
  fieldsFrom,
  lacksMapping,
  type MappingDraft,
  timeTypeOf,
  withHeader,
  withPart,
  withSource,
} from '../../renderer/state/mapping-draft.ts';
import { statedClock } from '../../renderer/state/stated-clock.ts';
import { custodySchema } from '../../shared/custody.ts';

const LOOK = { format: 'csv', delimiter: ';', skipLines: 0 } as const;
const COLUMNS = ['when', 'who', 'whom', 'whom', ''];
const ROWS = [
  ['1494980000', '192.0.2.1', '198.51.100.1', '443', 'x'],
  ['1494980001', '192.0.2.2', '198.51.100.2', '80', 'y'],
];
const PREVIEW = { columns: COLUMNS, rows: ROWS };
const CSV = { format: 'csv', header: true } as const;

function made(): MappingDraft {
  let draft = draftOf({ mapping: null, columns: COLUMNS, look: LOOK }, 'odd.csv');
  draft = withSource(draft, 'start', { from: 'when' }, ['', '1494980000']);
  draft = withSource(draft, 'initiator', { from: 'who' });
  draft = withSource(draft, 'responder', { from: 'whom' });
  return withSource(draft, 'transport', { fixed: 'tcp' });
}

describe('the columns to choose from', () => {
  it('go by name, and by number where a name is empty or stands twice', () => {
    expect(columnChoices(PREVIEW, CSV).map(({ column, label }) => [column, label])).toEqual([
      ['when', 'when'],
      ['who', 'who'],
      ['whom', 'whom'],
      [4, 'column 4'],
      [5, 'column 5'],
    ]);
    expect(columnChoices(PREVIEW, CSV)[0]?.values).toEqual(['1494980000', '1494980001']);
  });

  it('go by number without a header, whose line is then a record', () => {
    const choices = columnChoices(PREVIEW, { format: 'csv', header: false });
    expect(choices.map(({ column }) => column)).toEqual([1, 2, 3, 4, 5]);
    expect(choices[1]?.values).toEqual(['who', '192.0.2.1', '192.0.2.2']);
    const named = columnChoices({ columns: null, rows: ROWS }, CSV);
    expect(named[1]).toEqual({ column: '192.0.2.1', label: '192.0.2.1', values: ['192.0.2.2'] });
  });

  it('show no name that is not what it looks like', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 6 }), (columns) => {
        for (const { label, column } of columnChoices({ columns, rows: [] }, CSV)) {
          expect(label).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
          expect(typeof column === 'string' ? column.length : 0).toBeLessThanOrEqual(256);
        }
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

describe('a draft of a mapping', () => {
  it('becomes a mapping when every needed field has a column, and says what it lacks before', () => {
    const empty = draftOf({ mapping: null, columns: COLUMNS, look: LOOK }, 'odd.csv');
    expect(checkDraft(empty)).toEqual({
      ok: false,
      fault: 'Choose a column for Start, Initiator, Responder, Transport.',
    });
    const checked = checkDraft(made());
    expect(checked).toMatchObject({
      ok: true,
      mapping: { name: 'odd.csv', fields: { start: { from: 'when', type: 'unix-s' }, transport: { fixed: 'tcp' } } },
    });
    expect(mappingSchema.safeParse(made()).success).toBe(true);
  });

  it('tells what is wrong by the field’s name', () => {
    const wrongZone = withPart(made(), 'start', { zone: 'Mars/Olympus' });
    expect(checkDraft(wrongZone)).toEqual({ ok: false, fault: 'Start: zone: not an IANA time zone' });
    expect(checkDraft(withPart(made(), 'start', { zone: undefined }))).toMatchObject({ ok: true });
    expect(checkDraft({ ...made(), name: '' })).toMatchObject({ ok: false });
  });

  it('keeps what is known of a field when its column changes, and forgets one that is taken away', () => {
    let draft = withPart(made(), 'start', { zone: 'Asia/Pyongyang' });
    draft = withSource(draft, 'end', { from: 5 }, ['2017-05-17 01:02:03']);
    expect(draft.fields.end).toEqual({ from: 5, type: 'iso8601', zone: 'Asia/Pyongyang' });
    draft = withPart(draft, 'start', { type: '%d.%m.%Y %H:%M' });
    draft = withSource(draft, 'start', { from: 'who' }, ['17.05.2017 01:02']);
    expect(draft.fields.start).toEqual({ from: 'who', type: '%d.%m.%Y %H:%M', zone: 'Asia/Pyongyang' });
    draft = withSource(draft, 'transport', { from: 4 });
    expect(draft.fields.transport).toEqual({ from: 4 });
    expect(withSource(draft, 'end', null).fields).not.toHaveProperty('end');
  });

  it('turns names into numbers and back with the header', () => {
    const without = withHeader(made(), false, PREVIEW);
    expect(without).toMatchObject({ header: false, fields: { start: { from: 1 }, responder: { from: 3 } } });
    expect(checkDraft(without)).toMatchObject({ ok: true });
    expect(withHeader(without, true, PREVIEW)).toEqual(made());
  });

  it('says which fields a column is', () => {
    const draft = withSource(made(), 'initiatorPort', { from: 4 });
    expect(
      COLUMNS.map((_, index) => fieldsFrom(draft, columnChoices(PREVIEW, CSV)[index]?.column ?? '', index)),
    ).toEqual([['Start'], ['Initiator'], ['Responder'], ['Initiator’s port'], []]);
  });

  it('begins with what was proposed, under the file’s name', () => {
    const checked = checkDraft(made());
    const mapping: Mapping | null = checked.ok ? { ...checked.mapping, name: 'proposed' } : null;
    expect(draftOf({ mapping, columns: COLUMNS, look: LOOK }, 'odd.csv')).toEqual({ ...mapping, name: 'odd.csv' });
  });
});

it.each([
  [['', '2017-05-17T01:02:03Z'], 'iso8601'],
  [['1494980000.25'], 'unix-s'],
  [['1494980000123'], 'unix-ms'],
  [['1494980000123456'], 'unix-us'],
  [['1494980000123456789'], 'unix-ns'],
  [['17.05.2017 01:02'], null],
  [[], null],
])('times like %j are written as %s', (values, type) => {
  expect(timeTypeOf(values)).toBe(type);
});

describe('a clock as it is stated', () => {
  it('needs both, a number and a reason, or neither', () => {
    expect(statedClock(' ', '')).toEqual({ stated: {}, fault: null });
    expect(statedClock('\u22122.5', ' NTP ')).toEqual({
      stated: { clockOffset: -2.5, clockReason: 'NTP' },
      fault: null,
    });
    for (const [offset, reason] of [
      ['1', ''],
      ['', 'NTP'],
      ['1e9', 'NTP'],
      ['0x10', 'NTP'],
      ['4000000000', 'NTP'],
    ] as const) {
      expect(statedClock(offset, reason).fault).toMatch(/clock offset/);
    }
  });

  it('is checked again where it arrives', () => {
    expect(custodySchema.safeParse({ clockOffset: 3, clockReason: 'NTP', alsoHash: ['md5'] }).success).toBe(true);
    for (const wrong of [
      { clockOffset: 3 },
      { clockReason: 'NTP' },
      { clockOffset: Number.POSITIVE_INFINITY, clockReason: 'NTP' },
      { clockOffset: 4e9, clockReason: 'NTP' },
      { alsoHash: ['crc32'] },
      { mapping: {} },
      { more: 1 },
    ]) {
      expect(custodySchema.safeParse(wrong)).toMatchObject({ success: false });
    }
  });
});

describe('a file that an import rejected', () => {
  const rejected = (text: string): Parameters<typeof lacksMapping>[0] => ({
    status: 'rejected',
    format: null,
    problems: [{ kind: 'not-recognised', count: 1, firstOffset: 0, message: describeUnknown(Buffer.from(text)) }],
  });

  it('is offered a mapping when it is a table or JSON, and not otherwise', () => {
    expect(lacksMapping(rejected('a;b;c\n1;2;3\n4;5;6\n'))).toBe(true);
    expect(lacksMapping(rejected('{"a": 1}\n{"a": 2}\n'))).toBe(true);
    expect(lacksMapping(rejected('nothing\n'))).toBe(false);
    expect(lacksMapping(rejected('\0\x01\x02'))).toBe(false);
    expect(lacksMapping({ status: 'rejected', format: 'csv', problems: [] })).toBe(true);
    expect(lacksMapping({ ...rejected('a;b;c\n1;2;3\n'), status: 'imported' })).toBe(false);
  });
});
