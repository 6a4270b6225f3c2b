import { existsSync, globSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import swc, { type ParseOptions } from '@swc/core';
import { type ICruiseOptions, type IFlattenedRuleSet, type IViolation, cruise } from 'dependency-cruiser';

/**
 * Checks the dependency rule (build/rooms.json, .dependency-cruiser.cjs) with dependency-cruiser, and closes its gaps:
 * it cannot read .tsx through swc, does not tell type imports from others, does not see modules named by
 * `new URL(…, import.meta.url)`, and passes without a word when it parses nothing.
 */

interface Room {
  mayImport: string[];
  /** Rooms of `mayImport` of which only types may be imported. */
  typesOnly?: string[];
}

/** What was seen and what is wrong; `faults` holds one line a fault. */
export interface RoomReport {
  modules: number;
  dependencies: number;
  faults: string[];
}

interface Import {
  specifier: string;
  kind: 'import' | 'type' | 'url';
}

const FOLDERS = ['shared', 'electron', 'renderer', 'build', 'test'];

type Node = Record<string, unknown> & { type: string };

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function stringValue(value: unknown): string | null {
  return isNode(value) && value.type === 'StringLiteral' && typeof value['value'] === 'string' ? value['value'] : null;
}

function firstArgument(node: Node): string | null {
  const list: unknown = node['arguments'];
  const first: unknown = Array.isArray(list) ? list[0] : null;
  return typeof first === 'object' && first !== null && 'expression' in first ? stringValue(first.expression) : null;
}

function importOf(node: Node): Import | null {
  const callee = node['callee'];
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const specifier = stringValue(node['source']);
      if (specifier === null) return null;
      const named: unknown[] = Array.isArray(node['specifiers']) ? node['specifiers'] : [];
      const allTypes =
        named.length > 0 && named.every((each) => isNode(each) && (each['isTypeOnly'] ?? false) === true);
      return { specifier, kind: node['typeOnly'] === true || allTypes ? 'type' : 'import' };
    }
    case 'TsImportType': {
      const specifier = stringValue(node['argument']);
      return specifier === null ? null : { specifier, kind: 'type' };
    }
    case 'CallExpression': {
      const specifier = isNode(callee) && callee.type === 'Import' ? firstArgument(node) : null;
      return specifier === null ? null : { specifier, kind: 'import' };
    }
    case 'NewExpression': {
      const specifier = isNode(callee) && callee['value'] === 'URL' ? firstArgument(node) : null;
      return specifier === null ? null : { specifier, kind: 'url' };
    }
    default:
      return null;
  }
}

function collectImports(value: unknown, found: Import[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) {
    const one = importOf(value);
    if (one?.specifier.startsWith('.')) found.push(one);
  }
  for (const child of Object.values(value)) collectImports(child, found);
}

function describe(violation: IViolation): string {
  const cycle = violation.cycle?.map((step) => step.name).join(' → ');
  return `${violation.rule.name}: ${violation.from} → ${cycle ?? violation.to}`;
}

/** Checks the tree below `root` (absolute). Throws when a file does not parse. */
export async function checkRooms(root: string): Promise<RoomReport> {
  const require = createRequire(path.join(root, 'package.json'));
  const { forbidden, options } = require('./.dependency-cruiser.cjs') as {
    forbidden: IFlattenedRuleSet['forbidden'] & object;
    options: ICruiseOptions;
  };
  const rooms = require('./build/rooms.json') as Record<string, Room>;
  const roomOf = (file: string): string | undefined => Object.keys(rooms).find((room) => file.startsWith(`${room}/`));

  const parsed = new Map<string, unknown>();
  const parseFile = swc.parseFileSync;
  Object.assign(swc, {
    parseFileSync(file: string, given: ParseOptions) {
      const tree = parseFile(file, { ...given, syntax: 'typescript', tsx: file.endsWith('.tsx') });
      parsed.set(path.relative(root, path.resolve(root, file)), tree);
      return tree;
    },
  });
  const folders = FOLDERS.filter((folder) => existsSync(path.join(root, folder)));
  const { output } = await cruise(folders, {
    ...options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden },
  }).finally(() => Object.assign(swc, { parseFileSync: parseFile }));
  if (typeof output === 'string') throw new Error('dependency-cruiser returned text instead of its result');

  const faults = output.summary.violations.map(describe);
  const modules = new Map(output.modules.map((module) => [module.source, module]));
  for (const file of globSync(
    folders.map((folder) => `${folder}/**/*.{ts,tsx}`),
    { cwd: root },
  )) {
    const tree = parsed.get(file);
    if (tree === undefined) {
      faults.push(`not-parsed: ${file}`);
      continue;
    }
    const imports: Import[] = [];
    collectImports(tree, imports);
    const seen = new Set(modules.get(file)?.dependencies.map((dependency) => dependency.module));
    const room = roomOf(file);
    const rule = room === undefined ? undefined : rooms[room];
    for (const { specifier, kind } of imports) {
      const target = path.posix.join(path.posix.dirname(file), specifier);
      const targetRoom = roomOf(target);
      if (kind !== 'url' && !seen.has(specifier)) faults.push(`not-seen: ${file} → ${target}`);
      if (rule === undefined || targetRoom === undefined || targetRoom === room) continue;
      if (kind === 'url' && !rule.mayImport.includes(targetRoom)) faults.push(`url: ${file} → ${target}`);
      if (kind !== 'type' && rule.typesOnly?.includes(targetRoom)) faults.push(`types-only: ${file} → ${target}`);
    }
  }
  const sources = output.modules.filter((module) => folders.some((folder) => module.source.startsWith(`${folder}/`)));
  const dependencies = sources.reduce((sum, module) => sum + module.dependencies.length, 0);
  if (sources.length === 0 || dependencies === 0)
    faults.push('nothing-seen: dependency-cruiser saw no module or no import');
  return { modules: sources.length, dependencies, faults };
}

if (import.meta.main) {
  const root = path.resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
  try {
    const { modules, dependencies, faults } = await checkRooms(root);
    for (const fault of faults) process.stderr.write(`${fault}\n`);
    process.stdout.write(`rooms: ${modules} modules, ${dependencies} imports seen, ${faults.length} faults\n`);
    process.exitCode = faults.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
