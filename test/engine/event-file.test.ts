import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { MOST_EVENTS, readEvents } from '../../electron/engine/event-file.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { PLANTED_PROFILE, plantCase, plantWorld } from '../analysis/planted-case.ts';
import { runEnclave } from '../cli/run-enclave.ts';

const read = (text: string) => readEvents(Buffer.from(text), 'events.csv');

describe('a file of events', () => {
  it('is read with header, quotes, zones and uncertainty', () => {
    const { events, notUsed } = read(
      '\ufefftime,label,kind,source,uncertaintyMinutes\r\n' +
        '2017-05-14T04:57:00+08:30,"Hwasong-12, Kusong ""success""",missile-launch,"41nbc, bnonews",5\r\n' +
        '# a comment\r\n' +
        '2017-07-04T00:40:00Z,ICBM,missile-launch,NBC\r\n',
    );
    expect(notUsed).toEqual([]);
    expect(events).toEqual([
      {
        time: Date.UTC(2017, 4, 13, 20, 27) * 1000,
        label: 'Hwasong-12, Kusong "success"',
        kind: 'missile-launch',
        source: '41nbc, bnonews',
        uncertaintyMinutes: 5,
      },
      {
        time: Date.UTC(2017, 6, 4, 0, 40) * 1000,
        label: 'ICBM',
        kind: 'missile-launch',
        source: 'NBC',
        uncertaintyMinutes: 0,
      },
    ]);
  });

  it('takes columns in the order that the header gives them, and the usual order without a header', () => {
    expect(read('kind;time;source;label\nparade;2017-04-15T01:00Z;press;Parade\n').events[0]).toMatchObject({
      kind: 'parade',
      label: 'Parade',
    });
    expect(read('2017-04-15T01:00Z,Parade,parade,press\n').events[0]?.kind).toBe('parade');
  });

  it('loses one line for each fault, and tells where', () => {
    const { events, notUsed } = read(
      [
        'time,label,kind,source,uncertaintyMinutes',
        '2017-04-15T01:00Z,Parade,parade,press',
        '2017-04-15,no zone,parade,press',
        '2017-04-15T01:00,no zone,parade,press',
        '2017-02-30T01:00Z,no such day,parade,press',
        '1969-12-31T23:59Z,too early,parade,press',
        '2017-04-15T01:00Z,,parade,press',
        '2017-04-15T01:00Z,no kind,,press',
        `2017-04-15T01:00Z,long kind,${'k'.repeat(65)},press`,
        '2017-04-15T01:00Z,bad,parade,press,-5',
        '2017-04-15T01:00Z,bad,parade,press,1e9',
        '2017-04-15T01:00Z,"open,parade,press',
        '2017-04-15T01:00Z,Parade,parade,told twice',
        'x'.repeat(70_000),
      ].join('\n'),
    );
    expect(events.map(({ label }) => label)).toEqual(['Parade']);
    expect(Object.fromEntries(notUsed.map(({ kind, count, firstOffset }) => [kind, [count, firstOffset]]))).toEqual({
      'bad-time': [4, 3],
      'no-label': [1, 7],
      'bad-kind': [2, 8],
      'bad-uncertainty': [2, 10],
      'bad-quote': [1, 12],
      'stands-twice': [1, 13],
      'line-too-long': [1, 14],
    });
  });

  it('keeps a bound on how many, and refuses a file of none', () => {
    const many = Array.from({ length: MOST_EVENTS + 3 }, (_, i) => `2017-04-15T01:00Z,Event ${i},kind,press`).join(
      '\n',
    );
    const { events, notUsed } = read(many);
    expect(events).toHaveLength(MOST_EVENTS);
    expect(notUsed).toEqual([expect.objectContaining({ kind: 'too-many', count: 3, firstOffset: MOST_EVENTS + 1 })]);
    for (const text of ['', 'time,label,kind,source\n', 'nonsense\n', '\0\0\0']) {
      expect(() => read(text)).toThrow(EnclaveError);
    }
  });

  it('throws nothing but its own error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const outcome = ((): unknown => {
          try {
            return readEvents(Buffer.from(bytes), 'x').events.every(({ time }) => time >= 0);
          } catch (error) {
            return error instanceof EnclaveError;
          }
        })();
        expect(outcome).toBe(true);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('the verb', () => {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-events-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'launches.csv');
  writeFileSync(file, 'time,label,kind,source\n2017-05-01T04:00:00Z,One,launch,press\nbad line\n');
  const casePath = join(folder, 'case.enclave');

  it('adds, lists, knows the same file again, and removes; findings follow', async () => {
    const world = { days: 8, seed: 1, flowsPerHour: 10, hourLevel: () => 1, weekdayLevel: () => 1, entertainment: 0.4 };
    plantCase(casePath, [{ path: 'one.pcap', flows: plantWorld(world) }], { profile: PLANTED_PROFILE });
    const engine = new Engine();
    const findings = await engine.run('analyse', { case: casePath });
    await engine.run('saveFindings', { case: casePath, findings });
    await engine.close();

    const added = await runEnclave(['events', casePath, file, '--json']);
    expect(added.code).toBe(0);
    expect(JSON.parse(added.stdout)).toMatchObject({ added: true, file: { name: 'launches.csv', events: 1 } });
    expect(added.stderr).toContain('bad-time, at 3: ');
    const [again, listed, made] = [
      await runEnclave(['events', casePath, file]),
      await runEnclave(['events', casePath, '--json']),
      await runEnclave(['findings', casePath, '--json']),
    ];
    expect(again.stdout).toContain('in the case already');
    const [stored] = JSON.parse(listed.stdout) as { id: string; events: number }[];
    expect(stored?.events).toBe(1);
    const kinds = (stdout: string): string[] => (JSON.parse(stdout) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds(made.stdout)).toContain('event-association');
    expect((await runEnclave(['verify', casePath, '--json'])).stdout).toMatch(/"check":"audit chain","result":"holds"/);

    expect((await runEnclave(['events', casePath, '--remove', stored?.id ?? ''])).code).toBe(0);
    const after = await runEnclave(['findings', casePath, '--json']);
    expect(kinds(after.stdout)).not.toContain('event-association');
    expect(kinds(after.stdout)).toContain('coverage');
    expect((await runEnclave(['events', casePath])).stdout).toContain('no events were added');
    expect((await runEnclave(['events', casePath, '--remove', 'x'])).code).toBe(1);
    expect((await runEnclave(['events', casePath, join(folder, 'none.csv')])).code).toBe(2);
  }, 300_000);
});
