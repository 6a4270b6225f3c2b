import { describe, expect, it } from 'vitest';
import { checkedTarget, factChangeSchema, MAX_FACT, newNoteSchema, newStateSchema } from '../../shared/case-record.ts';

describe('what a note is about', () => {
  it.each([
    ['case', 'case'],
    ['evidence:0123456789abcdef', 'evidence:0123456789abcdef'],
    ['flow:0123456789abcdef:12:0', 'flow:0123456789abcdef:12:0'],
    ['flow:0123456789abcdef:12.0003:1', 'flow:0123456789abcdef:12.0003:1'],
    ['host:2001:0db8:0:0::1', 'host:2001:db8::1'],
    ['host:192.0.2.7', 'host:192.0.2.7'],
    ['service:youku', 'service:youku'],
    ['country:cn', 'country:CN'],
    ['time:2017-05-01/2017-05-02T03:00:00+09:00', 'time:2017-05-01T00:00:00.000000Z/2017-05-01T18:00:00.000000Z'],
    ['filter:country = CN and bytes > 5', 'filter:country = CN and bytes > 5'],
  ])('%s is written %s', (text, target) => {
    expect(checkedTarget(text)).toBe(target);
    expect(checkedTarget(target)).toBe(target);
  });

  it.each([
    '',
    'case:',
    'case:x',
    'evidence:',
    'evidence:0123456789ABCDEF',
    'flow:0123456789abcdef',
    'host:1.2.3',
    'host:example.org',
    'finding:x',
    'service:',
    'country:CHN',
    'time:2017-05-02/2017-05-01',
    'time:2017-05-02',
    'time:2017-05-02/2017-05-03/2017-05-04',
    'filter:country =',
    'other:1',
    `service:${'a'.repeat(100)}`,
  ])('"%s" is no target', (text) => {
    expect(checkedTarget(text)).toBeNull();
  });
});

describe('what is accepted', () => {
  const note = { target: 'case', text: 'x', tags: [], inReport: false, decision: null };
  const finding = { ...note, target: 'finding:0123456789abcdef' };

  it('a note has a text, a decision is about a finding and may stand without one', () => {
    const holds = (changed: object): boolean => newNoteSchema.safeParse({ ...note, ...changed }).success;
    expect(holds({})).toBe(true);
    expect(holds({ text: ' \n' })).toBe(false);
    expect(holds({ decision: 'accept' })).toBe(false);
    expect(holds({ ...finding, decision: 'accept', text: '' })).toBe(true);
    expect(holds({ ...finding, decision: 'comment', text: '' })).toBe(false);
    expect(holds({ tags: ['a,b'] })).toBe(false);
    expect(holds({ tags: ['a\u0000'] })).toBe(false);
    expect(holds({ further: 1 })).toBe(false);
  });

  it('facts of one line hold no control characters, long ones may', () => {
    const holds = (change: object): boolean => factChangeSchema.safeParse(change).success;
    expect(holds({ scope: 'a\nb', number: '1' })).toBe(true);
    expect(holds({ number: 'a\nb' })).toBe(false);
    expect(holds({ banner: 'a\u2028b' })).toBe(false);
    expect(holds({ title: 'x'.repeat(MAX_FACT + 1) })).toBe(false);
    expect(holds({ profile: 'x' })).toBe(false);
  });

  it('kept states hold a filter that can be read', () => {
    const state = { name: 'a', filter: '', view: 'map', metric: 'flows' };
    expect(newStateSchema.safeParse(state).success).toBe(true);
    expect(newStateSchema.safeParse({ ...state, filter: 'country =' }).success).toBe(false);
    expect(newStateSchema.safeParse({ ...state, name: ' ' }).success).toBe(false);
    expect(newStateSchema.safeParse({ ...state, view: '../x' }).success).toBe(false);
  });
});
