import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { extractFile, getRawHeader } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { Arch, build, type CliOptions, Platform } from 'electron-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../build/build-app.ts';
import { FUSES, packConfiguration } from '../../build/electron-builder.ts';
import { writeStandinDistribution } from '../../build/electron-distribution.ts';
import type { launchOnStandin as Launch } from '../../build/electron-standin/launch.ts';
import { findChromium } from '../../electron/report/report-pdf.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';

/**
 * The compiled app and the package that is made of it. Seen here without Electron: what is inside, its fuses and entries, and
 * the compiled code at work under Node and on the stand-in. Not seen: the package being started.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Compiled inside the checkout: the stand-in gives modules of their own only to what lies there. */
const APP = path.join(ROOT, `dist/app-under-test-${process.pid}`);
const folder = mkdtempSync(path.join(tmpdir(), 'enclave-package-'));
const OUTPUT = path.join(folder, 'packages');
const UNPACKED = path.join(OUTPUT, 'linux-unpacked');
const ARCHIVE = path.join(UNPACKED, 'resources/app.asar');

const unshared = ['unshare', '-rn'];
const mayUnshare = spawnSync('unshare', ['-rn', 'true']).status === 0;

interface Entry {
  files?: Record<string, Entry>;
  unpacked?: boolean;
  integrity?: { algorithm: string; hash: string };
}

/** Files of the archive by their path in it. */
function entriesOf({ files = {} }: Entry, place = ''): Map<string, Entry> {
  const found = Object.entries(files).flatMap(([name, entry]) =>
    entry.files === undefined ? [[place + name, entry] as const] : [...entriesOf(entry, `${place}${name}/`)],
  );
  return new Map(found);
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function sourcesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).filter((file) => !/^electron\/(cli|preload)\//.test(file));
}

let entries = new Map<string, Entry>();
const inside = (): string[] => [...entries.keys()];

beforeAll(() => {
  const job = { app: APP, output: OUTPUT, args: [] };
  const script = `import { pack } from ${JSON.stringify(pathToFileURL(path.join(ROOT, 'build/pack.ts')).href)};
    await pack(${JSON.stringify(job)}, (line) => process.stdout.write(line));`;
  const command = [...(mayUnshare ? unshared : []), process.execPath, '--input-type=module', '-e', script];
  // Wherever Electron may be, the package is made of the stand-in.
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: path.join(folder, 'none') };
  const said = execFileSync(command[0] ?? '', command.slice(1), { cwd: ROOT, env, encoding: 'utf8', stdio: 'pipe' });
  if (!said.includes('made of a stand-in')) throw new Error(`not said that it is a stand-in: ${said}`);
  entries = entriesOf(getRawHeader(ARCHIVE).header);
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(APP, { recursive: true, force: true });
});

describe('compiling', () => {
  it('leaves every place of a source where it is', () => {
    const lengths = (text: string): number[] => text.split('\n').map((line) => line.length);
    const moved = ['electron', 'shared']
      .flatMap((room) => sourcesOf(`${room}/**/*.ts`))
      .filter((file) => {
        const source = readFileSync(path.join(ROOT, file), 'utf8');
        return lengths(compile(source)).join() !== lengths(source).join();
      });
    expect(moved).toEqual([]);
  });

  it('renames modules of ours, in imports and for worker threads, and nothing else', () => {
    const source =
      "import { a } from './a.ts';\nnew URL('./w-worker.ts', import.meta.url);\nconst note = 'see a.ts';\n";
    expect(compile(source)).toBe(source.replace('./a.ts', './a.js').replace('w-worker.ts', 'w-worker.js'));
  });

  it('refuses what cannot be erased', () => {
    expect(() => compile('enum Colour { Red }')).toThrow(/enum/);
  });
});

describe('what is inside the package', () => {
  it('is the app and its packages', () => {
    const top = new Set(inside().map((file) => file.split('/')[0]));
    expect([...top].toSorted()).toEqual(['dist', 'electron', 'node_modules', 'package.json', 'shared']);
    expect(inside()).toContain('dist/preload.cjs');
    expect(inside()).toContain('dist/renderer/index.html');
  });

  it('is every source of main, engine and shared, as JavaScript', () => {
    const expected = ['electron', 'shared'].flatMap((room) => sourcesOf(`${room}/**/*.ts`));
    const compiled = inside().filter((file) => /^(electron|shared)\/.*\.js$/.test(file));
    expect(compiled.toSorted()).toEqual(expected.map((file) => file.replace(/ts$/, 'js')).toSorted());
    expect(compiled.filter((file) => file.endsWith('-worker.js')).length).toBeGreaterThanOrEqual(3);
  });

  it('is every data file, byte for byte', () => {
    const data = ['electron', 'shared'].flatMap((room) => sourcesOf(`${room}/**/*.{json,br,bin}`));
    expect(data.length).toBeGreaterThan(30);
    expect(inside().filter((file) => file.endsWith('.woff2')).length).toBeGreaterThan(100);
    const differs = (file: string): boolean => !extractFile(ARCHIVE, file).equals(readFileSync(path.join(ROOT, file)));
    expect(data.filter(differs)).toEqual([]);
  });

  it('is nothing of how Enclave is made or tested', () => {
    const kinds = new Set(inside().map((file) => /\.[^./]+$/.exec(file)?.[0] ?? path.basename(file)));
    const known = ['.br', '.cjs', '.css', '.html', '.js', '.json', '.node', '.tsv', '.woff2', 'LICENSE'];
    expect([...kinds].filter((kind) => !known.includes(kind))).toEqual([]);
    const rooms = /(^|\/)(test|tests|docs|build|e2e|electron-standin|cli|preload|\.cache)\//;
    expect(inside().filter((file) => rooms.test(file))).toEqual([]);
  });

  it('is of all packages only what runs', () => {
    const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean; version: string }>;
    };
    const packed = new Set(inside().flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
    // What lies below a package is there, too: a version of its own.
    const asked = ['better-sqlite3', 'zod', 'd3-sankey', 'd3-sankey/node_modules/d3-array'];
    expect([...packed]).toEqual(expect.arrayContaining(asked.map((name) => `node_modules/${name}`)));
    for (const place of packed) {
      const { version } = JSON.parse(extractFile(ARCHIVE, `${place}/package.json`).toString()) as { version: string };
      expect(lock.packages[place]).toMatchObject({ version });
      expect(lock.packages[place]).not.toHaveProperty('dev');
      expect(inside()).toContain(`${place}/LICENSE`);
    }
    for (const name of ['electron', 'typescript', 'vite', 'playwright-core', 'react', 'd3']) {
      expect(packed).not.toContain(`node_modules/${name}`);
    }
  });

  it('is native code for this platform alone, outside the archive, and nothing else outside', () => {
    const outside = [...entries].filter(([, entry]) => entry.unpacked === true).map(([file]) => file);
    const libraries = ['better-sqlite3', 'better-sqlite3-multiple-ciphers'];
    expect(outside.toSorted()).toEqual(
      libraries.map((name) => `node_modules/${name}/prebuilds/linux-${process.arch}.node`).toSorted(),
    );
    expect(globSync('**/*.node', { cwd: path.join(UNPACKED, 'resources/app.asar.unpacked') }).toSorted()).toEqual(
      outside.toSorted(),
    );
  });

  it('has the hash of every file', () => {
    const packed = [...entries].filter(([, { unpacked }]) => unpacked !== true);
    const wrong = packed.filter(([file, { integrity }]) => integrity?.hash !== sha256(extractFile(ARCHIVE, file)));
    expect(packed.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it('names no path of the machine it was made on', () => {
    const here = path.join(ROOT, 'electron');
    expect(inside().filter((file) => extractFile(ARCHIVE, file).includes(here))).toEqual([]);
  });

  it('has licences beside the archive, one language, and no app of Electron', () => {
    const resources = readdirSync(path.join(UNPACKED, 'resources')).toSorted();
    expect(resources).toEqual(['LICENSE', 'NOTICE', 'app.asar', 'app.asar.unpacked']);
    for (const file of ['LICENSE', 'NOTICE']) {
      expect(readFileSync(path.join(UNPACKED, 'resources', file))).toEqual(readFileSync(path.join(ROOT, file)));
    }
    expect(readdirSync(UNPACKED)).toEqual(expect.arrayContaining(['LICENSE.electron.txt', 'LICENSES.chromium.html']));
    expect(readdirSync(path.join(UNPACKED, 'locales'))).toEqual(['en-US.pak']);
  });

  it.skipIf(!mayUnshare)('was made where there is no network (skipped where `unshare -rn` is not allowed)', () => {
    const devices = spawnSync('unshare', ['-rn', 'cat', '/proc/net/dev'], { encoding: 'utf8' }).stdout;
    expect(devices.match(/^ *\w+:/gm)).toEqual([expect.stringContaining('lo:')]);
  });
});

describe('fuses', () => {
  it('are set in the binary as configured', async () => {
    const wire: unknown = await getCurrentFuseWire(path.join(UNPACKED, 'enclave'));
    const states = Object.keys(FUSES).map((name) => {
      const fuse = FuseV1Options[(name[0]?.toUpperCase() + name.slice(1)) as keyof typeof FuseV1Options];
      return [name, (wire as Record<number, FuseState>)[fuse] === FuseState.ENABLE];
    });
    expect(wire).toMatchObject({ version: '1' });
    expect(Object.fromEntries(states)).toEqual(FUSES);
  });

  it('differ from those that Electron comes with', async () => {
    const standin = path.join(folder, 'standin');
    writeStandinDistribution(standin);
    const wire: unknown = await getCurrentFuseWire(path.join(standin, 'electron'));
    expect((wire as Record<number, FuseState>)[FuseV1Options.RunAsNode]).toBe(FuseState.ENABLE);
    expect((wire as Record<number, FuseState>)[FuseV1Options.OnlyLoadAppFromAsar]).toBe(FuseState.DISABLE);
  });
});

describe('the configuration', () => {
  const configuration = (): ReturnType<typeof packConfiguration> =>
    packConfiguration({ app: APP, output: path.join(folder, 'installers'), electronDist: null });

  it('is refused by electron-builder with a fault planted for each platform', async () => {
    for (const key of ['linux', 'win', 'mac', 'nsis', 'dmg', 'deb', 'appImage', 'portable'] as const) {
      // A fresh one each: electron-builder writes into what it is given.
      const sound = configuration();
      const planted = { ...sound, [key]: { ...sound[key], plantedFault: true } };
      const options = { projectDir: ROOT, publish: 'never', config: planted } as CliOptions;
      await expect(build(options)).rejects.toThrow(`configuration.${key}`);
    }
  });

  it('gives desktop entries with file types, and never a start without sandbox', async () => {
    const computed: unknown[] = [];
    const options = {
      projectDir: ROOT,
      publish: 'never',
      prepackaged: UNPACKED,
      config: configuration(),
      targets: new Map([[Platform.LINUX, new Map([[Arch.x64, ['AppImage', 'deb']]])]]),
      // Stops before tools are fetched that pack the files.
      effectiveOptionComputed: async (option: unknown) => {
        const entry = (option as unknown[])[1];
        computed.push(typeof entry === 'string' ? [option, readFileSync(entry, 'utf8')] : option);
        return true;
      },
    };
    await build(options as CliOptions);
    expect(computed).toHaveLength(2);
    const text = computed.map((one) => JSON.stringify(one));
    const types = 'application/x-enclave-case;application/vnd.tcpdump.pcap;application/x-pcapng;application/x-snoop;';
    for (const one of text) {
      expect(one).toContain(`MimeType=${types}`);
      expect(one).toContain('StartupWMClass=enclave');
      expect(one).not.toContain('no-sandbox');
    }
    expect(text.some((one) => one.includes('Exec=/opt/Enclave/enclave %F'))).toBe(true);
  });

  it('signs, publishes and updates nothing', () => {
    const { publish, nsis, win, mac } = configuration();
    expect(publish).toBeNull();
    expect(nsis).toMatchObject({ oneClick: false, perMachine: false, packElevateHelper: false });
    expect(Object.keys({ ...win, ...mac }).filter((key) => /sign|identity|notarize/i.test(key))).toEqual([]);
  });
});

describe('icons', () => {
  const icon = (file: string): Buffer => readFileSync(path.join(ROOT, 'build/icons', file));

  it('are of the sizes that they are named by', () => {
    const files = readdirSync(path.join(ROOT, 'build/icons/linux'));
    expect(files).toContain('512x512.png');
    for (const file of files) {
      const png = icon(`linux/${file}`);
      expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}.png`).toBe(file);
    }
  });

  it.each(['icon', 'case'])('%s holds 256 pixels for Windows and 1024 for macOS', (name) => {
    const ico = icon(`${name}.ico`);
    const sizes = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => ico[6 + 16 * index] ?? -1);
    expect(sizes).toContain(0);
    const icns = icon(`${name}.icns`);
    expect(icns.toString('latin1', 0, 4)).toBe('icns');
    expect(icns.readUInt32BE(4)).toBe(icns.length);
    expect(icns.includes('ic10')).toBe(true);
  });
});

describe('the compiled app at work', () => {
  it('finds what the sources find, under Node', async () => {
    const { files } = await generateSample(path.join(folder, 'evidence'), { days: 2, captureDays: 1 });
    const run = (root: string, args: readonly string[]): string =>
      execFileSync(process.execPath, [path.join(root, 'electron/cli/launch.js'), ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1 << 28,
      });
    const results = [ROOT, APP].map((root, index) => {
      const file = path.join(folder, `${index}.enclave`);
      run(root, ['new', file, '--profile', 'dprk-2017']);
      run(root, ['import', file, ...files]);
      return { flows: run(root, ['flows', file]), findings: run(root, ['findings', file, '--json']) };
    });
    expect(results[0]?.flows.split('\n').length).toBeGreaterThan(500);
    expect((JSON.parse(results[1]?.findings ?? '[]') as unknown[]).length).toBeGreaterThan(5);
    expect(results[1]).toEqual(results[0]);
  });

  const chromium = findChromium();
  it.skipIf(chromium === null)('shows the first screen on the stand-in, with engine and main compiled', async () => {
    const sourceMain = pathToFileURL(path.join(ROOT, 'electron/main/main.ts')).href;
    const compiledMain = pathToFileURL(path.join(APP, 'electron/main/main.js')).href;
    const loaded: string[] = [];
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith(sourceMain)) {
          return { url: compiledMain + specifier.slice(sourceMain.length), shortCircuit: true };
        }
        const resolved = next(specifier, context);
        loaded.push(resolved.url);
        return resolved;
      },
    });
    const { launchOnStandin } = createRequire(import.meta.url)('../../build/electron-standin/launch.ts') as {
      launchOnStandin: typeof Launch;
    };
    const documents = path.join(folder, 'documents');
    mkdirSync(documents);
    const app = await launchOnStandin(
      { appPath: APP, userData: path.join(folder, 'userData'), documents, chromium: chromium ?? '', headless: true },
      [],
    );
    try {
      const page = await app.firstPage();
      await page.getByRole('button', { name: /New case/ }).waitFor();
      expect(loaded.filter((url) => url.includes('/electron/engine/engine.'))).toEqual([
        expect.stringContaining(`${path.basename(APP)}/electron/engine/engine.js`),
      ]);
    } finally {
      app.exit();
      await app.ended;
    }
  });
});
