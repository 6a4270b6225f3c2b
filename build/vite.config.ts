import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type InlineConfig } from 'vite';

/** How the window is built: the renderer as modules for the `app:` scheme, the preload as one CommonJS file for the sandbox. */

const root = fileURLToPath(new URL('..', import.meta.url));

/** Chromium of the Electron that we ship; the preview's is newer. */
const TARGET = 'chrome140';

export const rendererBuild = {
  configFile: false,
  root: `${root}renderer`,
  base: './',
  publicDir: false,
  plugins: [react()],
  logLevel: 'warn',
  build: {
    target: TARGET,
    outDir: `${root}dist/renderer`,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
  },
} satisfies InlineConfig;

/** @param outDir folder that preload.cjs is written to (absolute) */
export function preloadBuild(outDir = `${root}dist`): InlineConfig {
  return {
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    build: {
      target: TARGET,
      outDir,
      emptyOutDir: false,
      minify: false,
      lib: { entry: `${root}electron/preload/preload.ts`, formats: ['cjs'], fileName: () => 'preload.cjs' },
      rolldownOptions: { external: ['electron'] },
    },
  };
}

export default defineConfig(rendererBuild);
