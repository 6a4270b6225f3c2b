import { describe, expect, it } from 'vitest';
import { bannerMarkup, factRows } from '../../electron/report/case-facts.ts';
import { notesChapter } from '../../electron/report/notes.ts';
import { type CaseFacts, FACT_NAMES, type Note } from '../../shared/case-record.ts';

/** Notes and facts of a case as the report prints them. */

const HOSTILE = '</td><script>alert(1)</script>\u202e<img src=x onerror="alert(1)">';

const NOTE: Note = {
  id: '0123456789abcdef',
  kind: 'note',
  decision: null,
  target: 'host:192.0.2.1',
  text: 'plain',
  tags: [],
  inReport: true,
  examiner: 'E',
  madeAt: '2026-11-22T12:00:00.000Z',
  changedAt: null,
};

/** Text without the tags that a chapter or row is made of. */
function tagsOf(markup: string): string[] {
  return [...new Set([...markup.matchAll(/<\/?([a-z]+)/g)].map(([, name]) => name ?? ''))].toSorted();
}

describe('notes in the report', () => {
  it('are only those chosen; without one there is no chapter', () => {
    expect(notesChapter([])).toBeNull();
    expect(notesChapter([{ ...NOTE, inReport: false }])).toBeNull();
    const chapter = notesChapter([NOTE, { ...NOTE, text: 'hidden words', inReport: false }]);
    expect(chapter?.markup).toContain('plain');
    expect(chapter?.markup).not.toContain('hidden words');
  });

  it('tell target, author, time, change and decision', () => {
    const decided = { ...NOTE, kind: 'decision', decision: 'reject', target: 'finding:0123456789abcdef' } as const;
    const markup = notesChapter([{ ...decided, changedAt: '2026-11-23T12:00:00.000Z', tags: ['a', 'b'] }])?.markup;
    for (const told of ['finding', 'rejected', '2026-11-22T12:00', 'changed 2026-11-23T12:00', 'a, b', '<td>E</td>']) {
      expect(markup).toContain(told);
    }
  });

  it('hold nothing but text, whatever was written', () => {
    const plain = notesChapter([{ ...NOTE, text: 'a\nb', tags: ['t'] }])?.markup ?? '';
    const hostile = { text: `${HOSTILE}\n${HOSTILE}`, tags: [HOSTILE], examiner: HOSTILE, target: `filter:${HOSTILE}` };
    const markup = notesChapter([{ ...NOTE, ...hostile }])?.markup ?? '';
    expect(tagsOf(markup).filter((tag) => tag !== 'wbr')).toEqual(tagsOf(plain).filter((tag) => tag !== 'wbr'));
    expect(markup).not.toContain('\u202e');
  });
});

describe('facts in the report', () => {
  const none = Object.fromEntries(FACT_NAMES.map((name) => [name, ''])) as CaseFacts;
  const record = { facts: none, id: null, head: null, entries: 0, atWork: '', examiners: [] };

  it('stand one by one, and as not supplied where they are empty', () => {
    const rows = factRows(record);
    expect(rows.map(([name]) => name)).toEqual([
      'Case number',
      'Requested by',
      'Authority',
      'Scope',
      'Questions asked',
      'Examiner',
      'Organisation',
    ]);
    expect(rows.every(([, markup]) => markup.includes('not supplied'))).toBe(true);
  });

  it('name further examiners, and hold nothing but text', () => {
    const facts = { ...none, examiner: 'A', scope: `x\n${HOSTILE}` };
    const rows = factRows({ ...record, facts, examiners: ['A', 'B', HOSTILE] });
    expect(new Map(rows).get('Also at work')).toMatch(/^B; &lt;\/td&gt;/);
    expect(tagsOf(rows.map(([, markup]) => markup).join(''))).toEqual(['br', 'span']);
    expect(bannerMarkup('')).toBe('');
    expect(tagsOf(bannerMarkup(HOSTILE))).toEqual(['div']);
  });
});
