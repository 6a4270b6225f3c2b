import { describe, expect, it } from 'vitest';
import { ACTIONS, MENUS } from '../../shared/actions.ts';

describe('actions', () => {
  it('have ids, labels and shortcuts of their own', () => {
    for (const values of [
      ACTIONS.map(({ id }) => id),
      ACTIONS.map(({ label }) => label),
      ACTIONS.flatMap(({ shortcut }) => shortcut ?? []),
    ]) {
      expect(new Set(values).size).toBe(values.length);
    }
  });

  it('fill every menu, with shortcuts that Electron can read', () => {
    expect(new Set(ACTIONS.map(({ menu }) => menu))).toEqual(new Set(MENUS));
    const shortcuts = ACTIONS.flatMap(({ shortcut }) => shortcut ?? []);
    const readable = /^(CmdOrCtrl\+|Alt\+)?(Shift\+)?([A-Z0-9.]|F\d{1,2}|Backspace|Left|Right)$/;
    expect(shortcuts.filter((shortcut) => !readable.test(shortcut))).toEqual([]);
  });
});
