import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRooms } from '../../build/check-rooms.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the real tree', () => {
  it('is read, every file of it, and keeps the rule', async () => {
    const { modules, dependencies, faults } = await checkRooms(ROOT);
    expect(modules).toBeGreaterThan(10);
    expect(dependencies).toBeGreaterThan(10);
    expect(faults).toEqual([]);
  });
});

describe('planted edges', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'enclave-rooms-'));
  const plant = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const faultsOf = async (file: string, text: string): Promise<string[]> => {
    plant(file, text);
    const { faults } = await checkRooms(root).finally(() => rmSync(path.join(root, file)));
    return faults;
  };

  beforeAll(() => {
    for (const file of ['package.json', '.dependency-cruiser.cjs', 'build/rooms.json']) {
      cpSync(path.join(ROOT, file), path.join(root, file));
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    plant('shared/word.ts', 'export interface Word { text: string }\nexport const word = 1;\n');
    plant('electron/casefile/case.ts', "import type { Word } from '../../shared/word.ts';\nexport type Case = Word;\n");
    plant('electron/flows/table.ts', 'export interface Table { rows: number }\nexport const table = 1;\n');
    plant('electron/engine/worker.ts', "import { table } from '../flows/table.ts';\nexport const rows = table;\n");
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('finds nothing wrong with allowed edges', async () => {
    const classify = "import type { Table } from '../flows/table.ts';\nexport type Rows = Table;\n";
    expect(await faultsOf('electron/classify/label.ts', classify)).toEqual([]);
  });

  it.each([
    ['value', 'electron/decode/a.ts', "import { word } from '../engine/worker.ts';\nexport const a = word;\n"],
    ['type', 'electron/casefile/a.ts', "import type { Table } from '../flows/table.ts';\nexport type A = Table;\n"],
    ['re-export', 'electron/capture/a.ts', "export * from '../flows/table.ts';\n"],
    ['dynamic', 'shared/a.ts', "export const a = async () => import('../electron/flows/table.ts');\n"],
    ['inline type', 'shared/a.ts', "export type A = Array<import('../electron/flows/table.ts').Table>;\n"],
    [
      'from .tsx',
      'renderer/a.tsx',
      "import type { Case } from '../electron/casefile/case.ts';\nexport const A = (p: Case) => <b>{p.text}</b>;\n",
    ],
    ['worker URL', 'electron/cli/a.ts', "export const a = new URL('../flows/table.ts', import.meta.url);\n"],
    [
      'value where only types may go',
      'electron/classify/a.ts',
      "import { table } from '../flows/table.ts';\nexport const a = table;\n",
    ],
    ['unknown room', 'electron/misc/a.ts', "import { word } from '../../shared/word.ts';\nexport const a = word;\n"],
    ['Node in shared', 'shared/a.ts', "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n"],
    ['Node in the renderer', 'renderer/a.ts', "import { readFileSync } from 'fs';\nexport const a = readFileSync;\n"],
    ['electron in the renderer', 'renderer/a.ts', "import { app } from 'electron';\nexport const a = app;\n"],
    ['electron in the engine', 'electron/engine/a.ts', "import { app } from 'electron';\nexport const a = app;\n"],
    ['development package', 'shared/a.ts', "import fc from 'fast-check';\nexport const a = fc;\n"],
    ['missing file', 'shared/a.ts', "import { b } from './b.ts';\nexport const a = b;\n"],
  ])('sees a forbidden edge: %s', async (_name, file, text) => {
    const faults = await faultsOf(file, text);
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) expect(fault).toContain(file);
  });

  it('sees a cycle', async () => {
    plant('shared/b.ts', "import { c } from './c.ts';\nexport const b = c;\n");
    const faults = await faultsOf('shared/c.ts', "import { b } from './b.ts';\nexport const c = b;\n");
    rmSync(path.join(root, 'shared/b.ts'));
    expect(faults.join('\n')).toContain('no-circular');
  });

  it('refuses a file that does not parse', async () => {
    await expect(faultsOf('shared/a.ts', 'export const = ;\n')).rejects.toThrow('shared/a.ts');
  });
});
