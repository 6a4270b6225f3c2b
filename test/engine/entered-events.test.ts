import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { type CaseEvent, ENTERED_EVENTS } from '../../shared/event.ts';

/** Events that are entered one by one, beside files of events. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-entered-'));
const casePath = join(folder, 'case.enclave');
const engine = new Engine();
beforeAll(() => engine.run('new', { case: casePath, profile: shippedProfile('default') }));
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

function event(label: string, time: string): CaseEvent {
  return { time: Date.parse(time) * 1000, label, kind: 'test', source: 'a "book", p. 3', uncertaintyMinutes: 2.5 };
}
const change = (remove: CaseEvent | null, add: CaseEvent | null) =>
  engine.run('changeEvents', { case: casePath, change: { remove, add } });
const lists = () => engine.run('eventLists', { case: casePath });

describe('entered events', () => {
  const first = event('Gate closed, 3 lamps', '2017-05-17T04:57:00.25Z');
  const second = event('=SUM(A1)', '2016-01-01T00:00:00Z');

  it('stand in one list, in order of time, word for word, and are the case’s', async () => {
    await change(null, first);
    await change(null, second);
    const [list] = await lists();
    expect(list?.file).toMatchObject({ name: ENTERED_EVENTS, events: 2 });
    expect(list?.events).toEqual([second, first]);
    expect((await engine.run('overview', { case: casePath })).events).toEqual([second, first]);
  });

  it('are restated in one step of the audit chain’s two entries, and refused when they are wrong', async () => {
    const entries = async () => (await engine.run('auditEntries', { case: casePath })).map(({ action }) => action);
    const before = (await entries()).length;
    const later = { ...first, time: first.time + 60e6 };
    await change(first, later);
    expect((await entries()).slice(before)).toEqual(['events', 'events']);
    expect((await lists())[0]?.events).toEqual([second, later]);
    await expect(change(first, null)).rejects.toMatchObject({ code: 'not-there' });
    await expect(change(null, later)).rejects.toMatchObject({ code: 'event-wrong' });
    await expect(change(null, { ...first, kind: '' })).rejects.toMatchObject({ code: 'event-wrong' });
    await expect(change(null, { ...first, label: 'two\nlines' })).rejects.toMatchObject({ code: 'event-wrong' });
    expect((await lists())[0]?.events).toEqual([second, later]);
    await change(later, null);
  });

  it('stay as they are when a change of them cannot be made', async () => {
    const path = join(folder, 'same.csv');
    const quoted = '"a ""book"", p. 3"';
    const lines = [
      'time,label,kind,source,uncertaintyMinutes',
      `2016-01-01T00:00:00.000000Z,"=SUM(A1)","test",${quoted},2.5`,
    ];
    const third = event('Third', '2018-01-01T00:00:00Z');
    writeFileSync(path, [...lines, `2018-01-01T00:00:00.000000Z,"Third","test",${quoted},2.5`, ''].join('\n'));
    const { file } = await engine.run('addEvents', { case: casePath, path });
    await expect(change(null, third)).rejects.toMatchObject({ code: 'event-wrong' });
    expect((await lists())[0]?.events).toEqual([second]);
    await engine.run('removeEvents', { case: casePath, id: file.id });
  });

  it('are apart from files, which cannot take their place', async () => {
    const path = join(folder, 'entered by hand');
    writeFileSync(path, 'time,label,kind,source\n2017-01-01T00:00:00Z,Of a file,test,\n');
    await engine.run('addEvents', { case: casePath, path });
    expect((await lists()).map(({ file }) => file.name)).toEqual([ENTERED_EVENTS, 'entered by hand']);
    const [, fromFile] = await lists();
    await expect(change(fromFile?.events[0] ?? null, null)).rejects.toMatchObject({ code: 'not-there' });
    await change(second, null);
    expect((await lists()).map(({ file }) => file.name)).toEqual(['entered by hand']);
  });
});
