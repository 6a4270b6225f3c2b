import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Settings } from '../../electron/main/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('Settings', () => {
  it('keeps the last cases, newest first and each once, and the window', () => {
    const file = join(folder, 'deep/settings.json');
    const settings = new Settings(file);
    for (let n = 0; n < 20; n++) settings.addRecent(`/cases/${n}`, `Case ${n}`);
    settings.addRecent('/cases/15', 'Case 15 again');
    settings.removeRecent('/cases/19');
    settings.keepWindow({ width: 1000, height: 700, x: 5, y: -3, maximised: true });
    const again = new Settings(file);
    expect(again.recentCases.map(({ path }) => path)).toEqual(
      [15, 18, 17, 16, 14, 13, 12, 11, 10, 9, 8].map((n) => `/cases/${n}`).slice(0, again.recentCases.length),
    );
    expect(again.recentCases).toHaveLength(11);
    expect(again.recentCases[0]?.title).toBe('Case 15 again');
    expect(again.window).toEqual({ width: 1000, height: 700, x: 5, y: -3, maximised: true });
  });

  it.each(['', '{', '{"recentCases":7}', '{"recentCases":[],"window":{"width":-1}}', 'null'])(
    'starts anew from a broken file: %s',
    (text) => {
      const file = join(folder, 'broken.json');
      writeFileSync(file, text);
      const settings = new Settings(file);
      expect(settings.recentCases).toEqual([]);
      settings.addRecent('/cases/1', 'One');
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ recentCases: [{ path: '/cases/1' }] });
    },
  );

  it('does without its file where it cannot be written', () => {
    writeFileSync(join(folder, 'a-file'), '');
    const settings = new Settings(join(folder, 'a-file/settings.json'));
    settings.addRecent('/cases/1', 'One');
    expect(settings.recentCases).toHaveLength(1);
  });
});
