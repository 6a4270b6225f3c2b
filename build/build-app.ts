import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { buildWhenStale } from './build-window.ts';

/**
 * Compiles the app into a folder that depends on nothing outside it: `electron/` and `shared/` as JavaScript, file for file,
 * the built renderer and preload, and the packages that run. Electron starts this folder, and packages hold it; whether
 * Electron's Node strips types in main and worker threads does not matter then.
 *
 * Types are blanked out, not removed, so a place in a stack trace has the line and column of the source.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where `npm start` has it. */
export const APP = path.join(ROOT, 'dist/app');

const SOURCES = ['electron', 'shared'];
/** Built by Vite into one file. */
const PRELOAD = 'electron/preload';

/** Dependencies of packages that serve for compiling them and are never loaded. */
const NEVER_LOADED = new Set(['node-addon-api']);
/** Of a package only what can be loaded, the letters of reports, and its licence. */
const LOADABLE = new Set(['.js', '.cjs', '.mjs', '.json', '.node']);
const LICENCE = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i;
/** Sources of SQLite, with a script that copies them. */
const NOT_COPIED = ['better-sqlite3', 'better-sqlite3-multiple-ciphers'].map((name) => `node_modules/${name}/deps`);

/** A literal that names a module of ours: in an import, or in `new URL(…, import.meta.url)`. */
const OWN_MODULE = /(['"])(\.\.?\/[^'"\n]*)\.ts\1/g;
const IMPORTED =
  /^(?:import|export)\s*(?:[\w$*{},\s]*\bfrom\s*)?['"]([^'"\n]+)['"]|\b(?:import|createRequire\(import\.meta\.url\))\(\s*['"]([^'"\n]+)['"]/gm;

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string().optional(),
  license: z.string().optional(),
  author: z.unknown().optional(),
  homepage: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
});
type Manifest = z.infer<typeof Manifest>;

function manifestOf(folder: string): Manifest {
  return Manifest.parse(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
}

/** JavaScript of one source file, its modules of ours named `.js`. Throws where the file has syntax beyond erasable types. */
export function compile(source: string): string {
  return stripTypeScriptTypes(source).replaceAll(OWN_MODULE, '$1$2.js$1');
}

/** Packages that a compiled file imports. */
function packagesOf(code: string): string[] {
  const named = [...code.matchAll(IMPORTED)].map((found) => found[1] ?? found[2] ?? '');
  return named
    .filter((name) => !/^(\.|\/|node:|electron$)/.test(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

/** Writes the compiled sources and the data files beside them; returns the packages that they import. */
function writeSources(app: string): Set<string> {
  const imported = new Set<string>();
  const files = globSync(
    SOURCES.map((folder) => `${folder}/**/*`),
    { cwd: ROOT, withFileTypes: true },
  )
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith(`${PRELOAD}/`));
  for (const file of files) {
    const target = path.join(app, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    if (!/\.[jt]s$/.test(file)) {
      copyFileSync(path.join(ROOT, file), target);
      continue;
    }
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, , named = ''] of source.matchAll(OWN_MODULE)) {
      const module = path.join(path.dirname(file), `${named}.ts`);
      if (!existsSync(path.join(ROOT, module))) throw new Error(`${file}: there is no ${module}`);
    }
    const code = compile(source);
    for (const name of packagesOf(code)) imported.add(name);
    writeFileSync(target, code);
  }
  return imported;
}

/** Where Node finds a package that is asked for from below `place`: the nearest `node_modules` on the way up. */
function placeOf(name: string, place: string): string {
  for (let above = place; ; above = path.dirname(above)) {
    const nearest = path.join(above, 'node_modules', name);
    if (existsSync(path.join(ROOT, nearest))) return nearest;
    if (above === '.') throw new Error(`${place}: ${name} is not installed`);
  }
}

/** Copies a package and what it depends on, each to the place that it has in the project. */
function copyPackage(name: string, app: string, done: Set<string>, from = '.'): void {
  if (NEVER_LOADED.has(name)) return;
  const place = placeOf(name, from);
  if (done.has(place)) return;
  done.add(place);
  const source = path.join(ROOT, place);
  cpSync(source, path.join(app, place), {
    recursive: true,
    filter: (file) => {
      if (NOT_COPIED.includes(path.relative(ROOT, file)) || file === path.join(source, 'node_modules')) return false;
      return statSync(file).isDirectory() ? holdsLoadable(file) : isKept(path.basename(file));
    },
  });
  for (const dependency of Object.keys(manifestOf(source).dependencies)) copyPackage(dependency, app, done, place);
}

function isLoadable(name: string): boolean {
  return LOADABLE.has(path.extname(name)) || name.endsWith('-wght-normal.woff2');
}

function isKept(name: string): boolean {
  return isLoadable(name) || LICENCE.test(name);
}

function holdsLoadable(folder: string): boolean {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some(isLoadable);
}

/**
 * Writes the app to `app` (absolute; what was there is removed), after building renderer and preload if they are stale.
 * Throws when a source does not compile, imports a module of ours that is not there, or a package that is no production
 * dependency.
 */
export async function buildApp(app: string): Promise<void> {
  await buildWhenStale();
  rmSync(app, { recursive: true, force: true });
  mkdirSync(path.join(app, 'dist'), { recursive: true });
  cpSync(path.join(ROOT, 'dist/renderer'), path.join(app, 'dist/renderer'), { recursive: true });
  copyFileSync(path.join(ROOT, 'dist/preload.cjs'), path.join(app, 'dist/preload.cjs'));

  const { dependencies, ...manifest } = manifestOf(ROOT);
  const done = new Set<string>();
  for (const name of writeSources(app)) {
    if (!Object.hasOwn(dependencies, name))
      throw new Error(`the app imports ${name}, which is no production dependency`);
    copyPackage(name, app, done);
  }
  const { name, version, description, license, author, homepage } = manifest;
  const written = {
    name,
    productName: 'Enclave',
    // By this name a Linux desktop finds the entry that a window belongs to.
    desktopName: `${name}.desktop`,
    version,
    description,
    license,
    author,
    homepage,
    type: 'module',
    main: 'electron/main/main.js',
  };
  writeFileSync(path.join(app, 'package.json'), `${JSON.stringify(written, null, 2)}\n`);
}

if (import.meta.main) {
  await buildApp(APP);
  process.stdout.write('dist/app is built\n');
}
