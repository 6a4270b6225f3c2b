import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import type { EvidenceForm } from '../../electron/sample/evidence.ts';
import type { World } from '../../electron/sample/world.ts';
import type { Finding } from '../../shared/finding.ts';
import { type JudgedWorld, judgeWorld } from './judge-world.ts';
import { judgeActivityShares } from './judges/activity-share.ts';
import type { JudgedRow } from './judges/judged-row.ts';
import { JUDGES } from './judges/judges.ts';
import { judgeWeeklyRhythms } from './judges/weekly-rhythm.ts';
import { repeatedIntervals } from './repeated-intervals.ts';
import { gatherMeasures, wilson } from './result-table.ts';
import { profileOf } from './world-profile.ts';
import { eventWorld, nullWorld, plantedWorld, smallWorld } from './vary-world.ts';

/** A small fixed part of `npm run scenario`: judged worlds, and judges that can say no. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-scenario-test-'));
const RUNS = 12;
const engine = new Engine();
const planted: JudgedWorld[] = [];
const nulls: JudgedWorld[] = [];

beforeAll(async () => {
  for (const seed of [7, 8, 9]) {
    const options = { seed, form: 'zeek', runs: RUNS } as const;
    planted.push(await judgeWorld(engine, join(ROOT, `planted-${seed}`), smallWorld(plantedWorld(seed)), options));
    nulls.push(await judgeWorld(engine, join(ROOT, `null-${seed}`), smallWorld(nullWorld(seed)), options));
  }
}, 600_000);

afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

const rowsOf = (worlds: readonly JudgedWorld[], kind: string): JudgedRow[] =>
  worlds.flatMap(({ rows }) => rows.filter((row) => row.kind === kind));

describe('planted worlds', () => {
  it.each(['activity-share', 'service-ranking', 'daily-rhythm', 'weekly-rhythm'])(
    '%s is judged, and mostly holds',
    (kind) => {
      const intervals = rowsOf(planted, kind).filter(
        ({ isCovered, measure }) => isCovered !== null && measure !== 'share, too little data',
      );
      expect(intervals.length).toBeGreaterThan(3);
      const covered = intervals.filter(({ isCovered }) => isCovered).length;
      // Three worlds can show a fault of every second interval, not one of a few in a hundred: that is `npm run scenario`.
      expect(covered / intervals.length).toBeGreaterThan(0.7);
    },
  );

  it('finds the outages of the recording', () => {
    const outages = rowsOf(planted, 'coverage');
    expect(outages.length).toBeGreaterThan(0);
    expect(outages.filter(({ isFound }) => isFound === false)).toEqual([]);
  });
});

describe('findings of the same evidence', () => {
  /** Cuts a Zeek log, packed or not, into three with the same head. */
  function pieces(file: string, into: string): string[] {
    const bytes = readFileSync(file);
    const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split('\n');
    const head = lines.filter((line) => line.startsWith('#') && !line.startsWith('#close'));
    const rows = lines.filter((line) => !line.startsWith('#'));
    const cut = Math.ceil(rows.length / 3);
    return [0, 1, 2].map((i) => {
      const piece = join(into, `${i}-${basename(file, '.gz')}`);
      writeFileSync(piece, `${[...head, ...rows.slice(i * cut, (i + 1) * cut)].join('\n')}\n`);
      return piece;
    });
  }

  it('are the same to the last digit in whatever order, number of imports and pieces the files come', async () => {
    const evidence = join(ROOT, 'planted-7', 'evidence');
    const files = readdirSync(evidence)
      .map((file) => join(evidence, file))
      .toSorted();
    expect(files.length).toBeGreaterThan(2);
    const cut = mkdtempSync(join(ROOT, 'pieces-'));
    const inPieces = files.flatMap((file) => pieces(file, cut));
    const findingsOf = async (imports: readonly (readonly string[])[]): Promise<readonly Finding[]> => {
      const path = join(mkdtempSync(join(ROOT, 'order-')), 'case.enclave');
      const profile = profileOf(smallWorld(plantedWorld(7)));
      await engine.run('new', { case: path, profile, title: '', examiner: '', authority: '' });
      for (const paths of imports) await engine.run('import', { case: path, paths: [...paths] });
      return engine.run('analyse', { case: path });
    };
    const [world] = planted;
    for (const imports of [[files], files.toReversed().map((file) => [file]), [inPieces.toReversed()]]) {
      expect(await findingsOf(imports)).toEqual(world?.findings);
    }
  });
});

describe('intervals of shares in many runs', () => {
  it('hold what all runs come to about as often as they say, and are of groups and of services', () => {
    const { rows } = repeatedIntervals(smallWorld(plantedWorld(7)), 7, RUNS, 4);
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(['activity-share', 'service-ranking']));
    const judged = rows.filter(({ isCovered }) => isCovered !== null);
    expect(judged.length).toBeGreaterThan(100);
    expect(judged.filter(({ isCovered }) => isCovered).length / judged.length).toBeGreaterThan(0.85);
  });
});

describe('null worlds', () => {
  it.each([
    'daily-rhythm',
    'weekly-rhythm',
    'event-association',
    'onset',
    'period-comparison',
    'foreign-presence',
    'obfuscation',
    'cryptocurrency',
    'watch-list',
    'host-profile',
    'claim-check',
  ])('%s is judged, and tells nothing', (kind) => {
    const rows = rowsOf(nulls, kind);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ isFalse }) => isFalse)).toEqual([]);
  });
});

describe('what disturbs a recording', () => {
  const base = { ...smallWorld(plantedWorld(7)), clockOffsetSeconds: 0, misplaced: [] };
  const judged = (name: string, world: World, form: EvidenceForm): Promise<JudgedWorld> =>
    judgeWorld(engine, join(ROOT, name), world, { seed: 7, form, runs: 1 });
  const rhythmOf = (findings: readonly Finding[]): (number | null)[][] =>
    findings.flatMap((finding) =>
      finding.kind === 'daily-rhythm' && finding.metric === 'flows' && (finding.parameters.category ?? null) === null
        ? [[finding.activeFrom, finding.activeTo, finding.value]]
        : [],
    );
  const caveatsOf = (findings: readonly Finding[]): string[] =>
    findings.flatMap(({ kind, caveats }) => (kind === 'daily-rhythm' ? caveats.map(({ id }) => id) : []));

  it('a wrong clock: the rhythm is right again when the examiner states it, and told of the recording clock when not', async () => {
    const right = await judged('clock-right', base, 'zeek');
    const stated = await judged('clock-stated', { ...base, clockOffsetSeconds: 9 * 3600 }, 'zeek');
    const [told] = rhythmOf(right.findings);
    expect(told?.[0]).not.toBeNull();
    expect(rhythmOf(stated.findings)).toEqual([told]);
    expect(caveatsOf(stated.findings)).toContain('clock-corrected');
    const path = join(ROOT, 'clock-stated', 'unstated.enclave');
    await engine.run('new', { case: path, profile: profileOf(base), title: '', examiner: '', authority: '' });
    await engine.run('import', { case: path, paths: [join(ROOT, 'clock-stated', 'evidence')] });
    const unstated = await engine.run('analyse', { case: path });
    // Nine hours later, give or take what the cut ends of the window bring.
    const later = ((told?.[0] ?? 0) + 9) % 24;
    expect(Math.abs((rhythmOf(unstated)[0]?.[0] ?? 0) - later)).toBeLessThanOrEqual(1);
    expect(caveatsOf(unstated)).toContain('clock-as-recorded');
  }, 120_000);

  it('sampling, another way out and a table that misplaces: told, and nothing with an interval that sampling makes void', async () => {
    const presence = base.effects.flatMap((effect) => (effect.effect === 'presence' ? [effect.country] : []));
    // Either period needs fourteen days beside the one of the change.
    const date = new Date(Date.parse(base.from) + 15 * 86_400_000).toISOString().slice(0, 10);
    const world: World = {
      ...base,
      days: 32,
      effects: [
        ...base.effects.filter(({ effect }) => effect !== 'upstream'),
        { effect: 'upstream', date, nextHop: '192.0.2.7', share: 0.7 },
      ],
      sampling: 4,
      misplaced: presence.map((country) => ({ country, as: 'FR' })),
    };
    const { findings, rows } = await judged('disturbed', world, 'ipfix-and-dns');
    const relative = new Set(['period-comparison', 'event-association', 'reconnaissance', 'onset']);
    const byFlows = findings.filter(({ metric, kind }) => metric === 'flows' && !relative.has(kind));
    expect(byFlows.length).toBeGreaterThan(50);
    expect(byFlows.filter(({ interval }) => interval !== null).map(({ id }) => id)).toEqual([]);
    expect(findings.some(({ metric, interval }) => metric === 'bytes' && interval !== null)).toBe(true);
    expect(rows.find(({ measure }) => measure === 'upstream told')).toMatchObject({ isFound: true });
    const present = rows.filter(({ measure }) => measure === 'presence told');
    expect(present.map(({ item }) => item).toSorted()).toEqual(presence.toSorted());
    expect(rows.filter(({ kind, isFalse }) => kind === 'foreign-presence' && isFalse)).toEqual([]);
    expect(present.filter(({ isFound }) => !isFound)).toEqual([]);
  }, 120_000);
});

describe('judges', () => {
  const moved = (finding: Finding): Finding => ({
    ...finding,
    value: 0.9,
    interval: [0.85, 0.95],
  });

  it('see a share that is off', () => {
    const { findings, truth } = planted[0];
    const rows = judgeActivityShares(findings.map(moved), truth).filter(({ truth: share }) => (share ?? 0) < 0.8);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ isCovered }) => isCovered)).toEqual([]);
  });

  it('see a rhythm told of a flat week', () => {
    const { findings, truth } = nulls[0];
    expect(truth.isFlatWeek).toBe(true);
    const told = findings.map((finding): Finding => ({ ...finding, verdict: 'supported' }));
    const falsehoods = judgeWeeklyRhythms(told, truth).filter(({ isFalse }) => isFalse);
    expect(falsehoods.length).toBeGreaterThan(0);
    expect(judgeWeeklyRhythms(told, { ...truth, isFlatWeek: false }).filter(({ isFalse }) => isFalse)).toEqual([]);
  });

  it.each(['foreign-presence', 'obfuscation', 'cryptocurrency', 'watch-list', 'host-profile', 'claim-check'] as const)(
    'see a %s that is not there',
    (kind) => {
      const { findings, truth } = nulls[0];
      const told = findings.map((finding): Finding => {
        const supported = { ...finding, verdict: 'supported' as const };
        if (supported.kind === 'foreign-presence') return { ...supported, flagged: true };
        if (supported.kind === 'host-profile') return { ...supported, role: 'server' };
        return supported.kind === 'claim-check' ? { ...supported, verdictOnClaim: 'holds' } : supported;
      });
      expect(JUDGES[kind]?.(told, truth).filter(({ isFalse }) => isFalse).length).toBeGreaterThan(0);
    },
  );

  it('see a server that is not listed', () => {
    const { findings, truth } = planted[0];
    const emptied = findings.map((finding): Finding =>
      finding.kind === 'server-inventory' ? { ...finding, servers: [] } : finding,
    );
    const rows = JUDGES['server-inventory']?.(emptied, truth) ?? [];
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ isFound }) => isFound === false)).toBe(true);
  });

  it('gather rows into measures', () => {
    const measures = gatherMeasures(planted.map(({ rows, truth }) => ({ name: truth.world, rows })));
    const shares = measures.find(({ kind, metric }) => kind === 'activity-share' && metric === 'flows');
    expect(shares).toMatchObject({ worlds: 3 });
    expect(wilson(48, 50).map((edge) => Math.round(edge * 1000))).toEqual([865, 989]);
  });
});

describe('varied worlds', () => {
  it('are the same for the same seed, and others for others', () => {
    expect(plantedWorld(3)).toEqual(plantedWorld(3));
    expect(plantedWorld(6)).not.toEqual(plantedWorld(3));
  });

  it('hold what they say: null worlds plant only traps, event worlds one response', () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(nullWorld(seed).effects.every(({ effect }) => effect === 'decoy')).toBe(true);
      expect(new Set(nullWorld(seed).weekdays).size).toBe(1);
      expect(plantedWorld(seed).effects.length).toBeGreaterThan(2);
    }
    expect(eventWorld(1, 2, 8).effects).toMatchObject([{ effect: 'event-response', ratio: 2 }]);
    expect(eventWorld(1, 1, 8).effects).toEqual([]);
  });
});
