import { describe, expect, it } from 'vitest';
import { gestureTime } from '../../renderer/state/gesture-time.ts';
import {
  FIRST_PLACE,
  type History,
  type Selection,
  back,
  canUndo,
  forward,
  historyOf,
  rememberFilter,
  undo,
  visit,
} from '../../renderer/state/history.ts';

const SELECTION: Selection = {
  id: 'category = gaming',
  kind: 'Category',
  title: 'gaming',
  filter: 'category = gaming',
};

/** Steps that are well apart. */
function walk(...changes: readonly Parameters<typeof visit>[1][]): History {
  return changes.reduce<History>(
    (history, change, i) => visit(history, change, (i + 1) * 10_000),
    historyOf(FIRST_PLACE),
  );
}

describe('history', () => {
  it('goes back and forward over views, filters, metrics and selections, and ends at both ends', () => {
    const changes = [
      { view: 'hosts' },
      { where: 'country = CN' },
      { metric: 'bytes' },
      { selection: SELECTION },
      { view: 'map', selection: null },
    ] as const;
    let history = walk(...changes);
    const places = [history.now];
    for (let i = 0; i < changes.length; i++) {
      history = back(history);
      places.unshift(history.now);
    }
    expect(places).toEqual([
      FIRST_PLACE,
      { ...FIRST_PLACE, view: 'hosts' },
      { ...FIRST_PLACE, view: 'hosts', where: 'country = CN' },
      { ...FIRST_PLACE, view: 'hosts', where: 'country = CN', metric: 'bytes' },
      { view: 'hosts', where: 'country = CN', metric: 'bytes', selection: SELECTION },
      { view: 'map', where: 'country = CN', metric: 'bytes', selection: null },
    ]);
    expect(back(history)).toBe(history);
    for (const place of places.slice(1)) {
      history = forward(history);
      expect(history.now).toEqual(place);
    }
    expect(forward(history)).toBe(history);
  });

  it('gives up what was undone when another way is taken', () => {
    const history = visit(back(walk({ where: 'country = CN' }, { view: 'map' })), { view: 'flows' }, 1e9);
    expect(history.future).toEqual([]);
    expect(back(history).now).toEqual({ ...FIRST_PLACE, where: 'country = CN' });
  });

  it('takes what one gesture changes as one step, and keeps no step to the same place', () => {
    let history = visit(historyOf(FIRST_PLACE), { where: 'country = CN' }, 5000);
    history = visit(history, { metric: 'bytes' }, 5000);
    history = visit(history, { view: 'flows' }, 5000);
    expect(history.past).toEqual([FIRST_PLACE]);
    expect(visit(history, { view: 'flows' }, 9000)).toBe(history);
    history = visit(history, FIRST_PLACE, 5000);
    expect(history.past).toEqual([]);
  });

  it('keeps two gestures apart however quickly they follow each other', () => {
    let history = visit(historyOf(FIRST_PLACE), { selection: SELECTION }, 5000);
    history = visit(history, { where: 'category = gaming' }, 5001);
    expect(back(history).now).toEqual({ ...FIRST_PLACE, selection: SELECTION });
  });

  it('gives the calls of one handler one time, those of the next another', async () => {
    const first = gestureTime();
    while (performance.now() === first);
    expect(gestureTime()).toBe(first);
    await Promise.resolve();
    expect(gestureTime()).toBeGreaterThan(first);
  });

  it('takes a brush that is moved on as one step, but not with another filter', () => {
    let history = visit(historyOf(FIRST_PLACE), { where: 'country = CN' }, 1000);
    for (let day = 1; day <= 9; day++) {
      history = visit(history, { where: `country = CN and start >= 2017-05-0${day}` }, 5000 + day * 300);
    }
    expect(history.past.map(({ where }) => where)).toEqual(['', 'country = CN']);
    history = visit(history, { where: 'country = US and start >= 2017-05-09' }, 8200);
    expect(history.past).toHaveLength(3);
  });

  it('undoes filter and metric one by one, staying in the view', () => {
    let history = walk({ where: 'country = CN' }, { metric: 'bytes' }, { view: 'map' }, { view: 'hosts' });
    history = undo(history);
    expect(history.now).toEqual({ ...FIRST_PLACE, view: 'hosts', where: 'country = CN' });
    expect(canUndo(history)).toBe(true);
    history = undo(history);
    expect(history.now).toEqual({ ...FIRST_PLACE, view: 'hosts' });
    expect(canUndo(history)).toBe(false);
    expect(undo(history)).toBe(history);
    history = forward(forward(history));
    expect(history.now).toMatchObject({ where: 'country = CN', metric: 'bytes' });
  });

  it('is bounded', () => {
    const history = walk(...Array.from({ length: 1000 }, (_, i) => ({ where: `bytes > ${i}` })));
    expect(history.past).toHaveLength(300);
    expect(history.past[0]?.where).toBe('bytes > 699');
  });
});

it('remembers filters, of those that differ by the brush the last', () => {
  const used = ['country = CN', 'start >= 2017-05-01', 'service = steam', 'country = CN and start >= 2017-05-01', ''];
  expect(used.reduce(rememberFilter, [] as readonly string[])).toEqual([
    'country = CN and start >= 2017-05-01',
    'service = steam',
  ]);
  const many = Array.from({ length: 40 }, (_, i) => `bytes > ${i}`);
  expect(many.reduce(rememberFilter, [] as readonly string[])).toHaveLength(12);
});
