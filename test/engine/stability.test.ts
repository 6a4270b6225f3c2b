import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';
import { faultsOf, flowLines, flowsApartFromPlace } from '../cli/case-state.ts';

/** Flows and their labels do not depend on how the evidence was handed over. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-stability-'));
const EMPTY = join(ROOT, 'empty.enclave');
const engine = new Engine();
let files: readonly string[] = [];
let caseNumber = 0;

/** Flows of a new case into which these imports were made, one after the other. */
async function flowsOf(...imports: (readonly string[])[]): Promise<string[]> {
  const casePath = join(ROOT, `case-${++caseNumber}.enclave`);
  copyFileSync(EMPTY, casePath);
  for (const paths of imports) {
    const { totals } = await engine.run('import', { case: casePath, paths: [...paths] });
    expect(totals).toMatchObject({ rejected: 0, partial: 0, duplicate: 0 });
  }
  expect(await faultsOf(engine, casePath)).toEqual([]);
  return (await flowLines(engine, casePath)).toSorted();
}

/** The first lines of either that the other lacks: a diff of thousands helps nobody. */
function differing(one: readonly string[], other: readonly string[]): string[] {
  const [inOne, inOther] = [new Set(one), new Set(other)];
  return [...one.filter((line) => !inOther.has(line)), ...other.filter((line) => !inOne.has(line))].slice(0, 3);
}

beforeAll(async () => {
  ({ files } = await generateSample(join(ROOT, 'evidence'), { days: 5, captureDays: 1, scale: 2 }));
  const profile = readProfile('dprk-2017');
  await engine.run('new', { case: EMPTY, profile, title: '', examiner: '', authority: '' });
});

afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

describe('flows and labels', () => {
  it('are the same in whatever order the files come, in one import or several', async () => {
    const forward = await flowsOf(files);
    expect(forward.length).toBeGreaterThan(3000);
    expect(forward.filter((line) => line.includes('"labelEvidence":"hostname"')).length).toBeGreaterThan(500);
    expect(differing(await flowsOf(files.toReversed()), forward)).toEqual([]);
    expect(differing(await flowsOf(...files.map((file) => [file])), forward)).toEqual([]);
    expect(differing(await flowsOf(...files.toReversed().map((file) => [file])), forward)).toEqual([]);
  });

  it('are the same when Zeek logs are cut into pieces', async () => {
    const logs = files.filter((file) => file.includes('zeek'));
    const pieces: string[] = [];
    mkdirSync(join(ROOT, 'pieces'));
    for (const file of logs) {
      const bytes = readFileSync(file);
      const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split('\n');
      const head = lines.filter((line) => line.startsWith('#') && !line.startsWith('#close'));
      const rows = lines.filter((line) => !line.startsWith('#'));
      const cut = Math.floor(rows.length / 3);
      for (const [i, part] of [rows.slice(0, cut), rows.slice(cut, cut * 2), rows.slice(cut * 2)].entries()) {
        const piece = join(ROOT, 'pieces', `${i}-${file.split('/').at(-1)?.replace('.gz', '') ?? ''}`);
        writeFileSync(piece, `${[...head, ...part].join('\n')}\n`);
        pieces.push(piece);
      }
    }
    const whole = flowsApartFromPlace(await flowsOf(logs));
    expect(whole.length).toBeGreaterThan(2000);
    expect(differing(flowsApartFromPlace(await flowsOf(pieces)), whole)).toEqual([]);
    expect(differing(flowsApartFromPlace(await flowsOf(pieces.toReversed())), whole)).toEqual([]);
  });
});
