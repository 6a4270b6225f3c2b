import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_LIMIT } from '../../electron/flows/line-splitter.ts';
import { DelimitedText, type TableShape } from '../../electron/flows/text/delimited-text.ts';
import { JsonObjects } from '../../electron/flows/text/json-objects.ts';
import type { JsonObject } from '../../electron/flows/zeek/zeek-json.ts';

const CSV: TableShape = { delimiter: ',', header: true, skipLines: 0, columns: 2 };

function table(
  bytes: Buffer | string,
  shape: TableShape = CSV,
  piece = Infinity,
): { header: string[]; rows: string[][]; lines: number[]; faults: string[] } {
  const found = { header: [] as string[], rows: [] as string[][], lines: [] as number[], faults: [] as string[] };
  const text = new DelimitedText(shape, {
    header: (names) => found.header.push(...names),
    row: (row, line) => {
      found.rows.push(Array.from({ length: row.count }, (_, column) => row.text(column)));
      found.lines.push(line);
    },
    fault: (kind, line) => found.faults.push(`${kind} ${line}`),
  });
  const buffer = Buffer.from(bytes);
  for (let at = 0; at < buffer.length; at += piece) text.push(buffer.subarray(at, at + piece));
  text.end();
  return found;
}

describe('delimited text', () => {
  it('finds columns, quoted ones with delimiters, doubled quotes and line feeds too (RFC 4180)', () => {
    const found = table('a,b,c\r\n1,"x, ""y""",3\r\n"two\nlines", 5 ,6\n7,,"9"\n');
    expect(found.header).toEqual(['a', 'b', 'c']);
    expect(found.rows).toEqual([
      ['1', 'x, "y"', '3'],
      ['two\nlines', '5', '6'],
      ['7', '', '9'],
    ]);
    expect(found.lines).toEqual([2, 3, 5]);
    expect(found.faults).toEqual([]);
  });

  it('loses only the line of a stray quote, not those behind it', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `${index},b`);
    expect(table(`a,b\n"x,1\n${lines.join('\n')}\n`)).toMatchObject({
      rows: lines.map((l) => l.split(',')),
      faults: ['bad-quote 2'],
    });
    expect(table('a,b\n"x,1\n2,3\n"y,4\n5,6')).toMatchObject({
      rows: [
        ['2', '3'],
        ['5', '6'],
      ],
      faults: ['bad-quote 2', 'bad-quote 4'],
    });
    expect(table('a,b\n"x"y,1\n2,3')).toMatchObject({ rows: [['2', '3']], faults: ['bad-quote 2'] });
  });

  it('passes by lines before the header, comments, an empty column behind the last, headers that come again, and what follows the end mark', () => {
    const shape = { ...CSV, skipLines: 1, comment: '#', until: 'Summary' };
    const found = table(
      'report of today\n# made\na,b\n1,2\n# note\n3,4,\nSummary\nflows,bytes\n9,9\na,b\n5,6\n\na,b\n7,8',
      shape,
    );
    expect(found.rows.map((row) => row.join())).toEqual(['1,2', '3,4', '5,6', '7,8']);
    expect(found.faults).toEqual([]);
  });

  it('takes a header behind a hash, a byte order mark, runs of blanks and bars', () => {
    expect(table('\ufeff#: a,b\n1,2')).toMatchObject({ header: ['a', 'b'], rows: [['1', '2']] });
    expect(table('a  b c\n 1 2\t 3\n1 2\n', { ...CSV, delimiter: ' ' })).toMatchObject({
      rows: [['1', '2', '3']],
      faults: ['wrong-columns 3'],
    });
    expect(table('  a|  b|\n  1|  2|\n', { ...CSV, delimiter: '|' })).toMatchObject({
      header: ['a', 'b'],
      rows: [['1', '2']],
    });
  });

  it('tells wrong columns, bytes that are not UTF-8 and lines that are too long, each once and by its line', () => {
    const bytes = Buffer.concat([
      Buffer.from('a,b\n1\n'),
      Buffer.from('\u00ff,2\n', 'latin1'),
      Buffer.alloc(LINE_LIMIT + 1, 0x61),
      Buffer.from('\n\u00fc,4\n'),
    ]);
    for (const piece of [Infinity, 70_001]) {
      expect(table(bytes, CSV, piece)).toMatchObject({
        rows: [['\u00fc', '4']],
        lines: [5],
        faults: ['wrong-columns 2', 'bad-utf8 3', 'line-too-long 4'],
      });
    }
  });

  it('gives the same for pieces of any size', () => {
    const line = fc.array(fc.constantFrom('a', '1', ',', '"', '""', ' ', '\n', '\r\n', '\u00e9', '#', 'Summary\n'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(line, fc.integer({ min: 1, max: 9 }), (parts, piece) => {
        const text = `a,b\n${parts.join('')}`;
        const shape = { ...CSV, until: 'Summary' };
        expect(table(text, shape, piece)).toEqual(table(text, shape));
      }),
      { seed: 7, numRuns: 1500 },
    );
  });

  it('gives back every table that was written by RFC 4180', () => {
    const cell = fc
      .string({ unit: fc.constantFrom('a', ',', '"', '\n', '\u4e2d', ' x'), maxLength: 7 })
      .map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 12 }), (rows) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = ['a,b', ...rows.map((row) => row.map(quote).join(','))].join('\r\n');
        const found = table(text);
        expect(found.rows).toEqual(rows);
      }),
      { seed: 8, numRuns: 500 },
    );
  });
});

function objects(bytes: Buffer | string, piece = Infinity): { objects: [JsonObject, number][]; faults: string[] } {
  const found = { objects: [] as [JsonObject, number][], faults: [] as string[] };
  const reader = new JsonObjects({
    object: (object, line) => found.objects.push([object, line]),
    fault: (kind, line) => found.faults.push(`${kind} ${line}`),
  });
  const buffer = Buffer.from(bytes);
  for (let at = 0; at < buffer.length; at += piece) reader.push(buffer.subarray(at, at + piece));
  reader.end();
  return found;
}

describe('JSON objects', () => {
  const some = [{ a: 1 }, { a: '}{"\\', b: { c: [{ d: 2 }] } }, {}];

  it('come one a line, printed over several, in an array, or on one line, with the line of their brace', () => {
    const ways: [string, number[]][] = [
      [some.map((one) => JSON.stringify(one)).join('\r\n'), [1, 2, 3]],
      [`\ufeff${some.map((one) => JSON.stringify(one, null, 2)).join('\n')}`, [1, 4, 14]],
      [JSON.stringify(some), [1, 1, 1]],
      [JSON.stringify(some, null, 2), [2, 5, 15]],
      [JSON.stringify(some, null, '\t'), [2, 5, 15]],
    ];
    for (const [text, lines] of ways) {
      for (const piece of [Infinity, 1, 7]) {
        const found = objects(text, piece);
        expect(found.objects.map(([object]) => object)).toEqual(some);
        expect(found.objects.map(([, line]) => line)).toEqual(lines);
        expect(found.faults).toEqual([]);
      }
    }
  });

  it('are lost alone: cut in a string, cut between values, with an end missing, or no JSON', () => {
    for (const piece of [Infinity, 3]) {
      expect(objects('{"a":1}\n{"a":"x\n{"a":2}\n{"b":\n{"a":3}\nno\n{"a":4}', piece)).toMatchObject({
        objects: [
          [{ a: 1 }, 1],
          [{ a: 2 }, 3],
          [{ a: 3 }, 5],
          [{ a: 4 }, 7],
        ],
        faults: ['bad-json 2', 'bad-json 4', 'bad-json 6'],
      });
      const printed = '[\n{\n "a": {\n  "b": 1\n},\n{\n "c": 2\n},\n{\n "d": \n';
      expect(objects(printed, piece)).toMatchObject({ objects: [[{ c: 2 }, 6]], faults: ['bad-json 2', 'bad-json 9'] });
    }
  });

  it('are lost when longer than 1 MiB or not UTF-8', () => {
    const long = Buffer.from(`{"a":"${'x'.repeat(LINE_LIMIT)}"}\n{"b":1}\n`);
    const latin = Buffer.from('{"a":"\u00ff"}\n{"b":2}\n', 'latin1');
    for (const piece of [Infinity, 65_536]) {
      const found = objects(Buffer.concat([long, latin]), piece);
      expect(found.objects.map(([object]) => object)).toEqual([{ b: 1 }, { b: 2 }]);
      expect(found.faults).toEqual(['line-too-long 1', 'bad-utf8 3']);
    }
  });

  it('are the same for pieces of any size, whatever the text', () => {
    const parts = fc.array(
      fc.constantFrom('{', '}', '"', '\\', '\n', '{"a":1}', ' ', ',', '[', ']', '"k":', '1', '\n{"b":"c"}\n'),
      {
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 9 }), (text, piece) => {
        const [one, other] = [objects(text.join('')), objects(text.join(''), piece)];
        // Byte by byte, what follows a damaged object may be told differently; what is whole has to come out.
        expect(other.objects).toEqual(one.objects);
      }),
      { seed: 9, numRuns: 2000 },
    );
  });
});
