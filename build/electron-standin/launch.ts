import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MakeControl, StandinControl } from './control.ts';
import type { StandinSettings } from './settings.ts';

/**
 * Runs the unchanged main process of the app on the stand-in for Electron: Node here, an installed Chromium over a pipe. For
 * preview and tests, where Electron's own binary cannot be had; never packaged. Not real: Electron's sandbox flags, fuses,
 * asar, native menus and dialogs, the hand-over between instances.
 */

const ELECTRON = new URL('./electron.ts', import.meta.url).href;

/** Modules loaded for a launch carry its number, so that every launch starts with modules of its own. */
const LAUNCH = /\?launch=\d+$/;

let launches = 0;

function numberModules(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const launch = LAUNCH.exec(context.parentURL ?? '')?.[0];
      if (launch === undefined) return next(specifier, context);
      if (specifier === 'electron') return { url: ELECTRON + launch, shortCircuit: true };
      const resolved = next(specifier, context);
      const isOurs = resolved.url.startsWith('file:') && !resolved.url.includes('/node_modules/');
      return isOurs ? { ...resolved, url: resolved.url + launch } : resolved;
    },
  });
}

/** The module that the app's package.json names, as Electron finds it. */
function mainOf(appPath: string): string {
  const { main } = JSON.parse(readFileSync(join(appPath, 'package.json'), 'utf8')) as { main: string };
  return pathToFileURL(join(appPath, main)).href;
}

/** Starts the app. `args` are those of the command line after the program's name. */
export async function launchOnStandin(settings: StandinSettings, args: readonly string[]): Promise<StandinControl> {
  if (launches === 0) numberModules();
  const launch = `?launch=${++launches}`;
  const controlUrl = new URL(`./control.ts${launch}`, import.meta.url).href;
  const { control } = (await import(controlUrl)) as { control: MakeControl };
  const controls = control(settings);
  const { argv } = process;
  process.argv = [process.execPath, settings.appPath, ...args];
  try {
    await import(mainOf(settings.appPath) + launch);
  } finally {
    process.argv = argv;
  }
  return controls;
}
