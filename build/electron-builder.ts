import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Configuration, FileSet } from 'electron-builder';

/** What a package of Enclave holds and how it is made, for every platform; `build/pack.ts` runs it. */

/**
 * Switches inside Electron's binary. Cookies are not encrypted because there are none, and the fuse would make Electron ask the
 * system's key store at every start.
 * https://www.electronjs.org/docs/latest/tutorial/fuses
 */
export const FUSES = {
  runAsNode: false,
  enableCookieEncryption: false,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  grantFileProtocolExtraPrivileges: false,
} as const;

const CASE = {
  ext: 'enclave',
  name: 'Enclave case',
  description: 'Enclave case',
  mimeType: 'application/x-enclave-case',
  icon: 'case',
  role: 'Editor',
  rank: 'Owner',
};

/**
 * Captures are offered under "Open with"; whoever is their default program stays it. So not on Windows, whose installer can
 * only take them over.
 */
const CAPTURES = [
  { ext: 'pcap', name: 'Packet capture', mimeType: 'application/vnd.tcpdump.pcap' },
  // On Linux .cap is a name of the same type already.
  { ext: 'cap', name: 'Packet capture' },
  { ext: 'pcapng', name: 'Packet capture', mimeType: 'application/x-pcapng' },
  { ext: 'snoop', name: 'Packet capture', mimeType: 'application/x-snoop' },
].map((capture) => ({ ...capture, description: capture.name, role: 'Viewer', rank: 'Alternate' }));

/** What is packed of the app. SQLite is brought for eight platforms; a package holds that of its own. */
function filesFor(platform: string): (string | FileSet)[] {
  return [
    'package.json',
    'electron/**/*',
    // The command line needs Electron as plain Node, which the fuse runAsNode forbids.
    '!electron/cli/**',
    'shared/**/*',
    'dist/**/*',
    // A set of its own: patterns for the app's folder never reach its node_modules.
    {
      from: 'node_modules',
      to: 'node_modules',
      filter: ['**/*', `!better-sqlite3*/prebuilds/!(${platform}-\${arch}).node`],
    },
  ];
}

export interface PackFolders {
  /** The compiled app, as `build/build-app.ts` writes it (absolute). */
  app: string;
  /** Where packages are written to (absolute). */
  output: string;
  /** Folder of Electron's distribution for the target (absolute); null where it must be fetched. */
  electronDist: string | null;
}

/** Configuration of electron-builder. */
export function packConfiguration({ app, output, electronDist }: PackFolders): Configuration {
  return {
    appId: 'org.enclave.workbench',
    productName: 'Enclave',
    copyright: 'Licensed under the Apache License, Version 2.0',
    directories: { app, output, buildResources: 'build/icons' },
    ...(electronDist === null ? {} : { electronDist }),
    // Electron's own app, which electron-builder leaves where it takes the distribution from a folder.
    afterExtract: ({ appOutDir }) => {
      for (const resources of ['resources', 'Electron.app/Contents/Resources']) {
        rmSync(path.join(appOutDir, resources, 'default_app.asar'), { force: true });
      }
    },
    // The app brings its packages with it; electron-builder shall neither look for others nor compile any.
    beforeBuild: async () => false,
    // Worker threads load from the archive too (Electron PR 33216), so that its integrity covers the engine. Only native code
    // must lie outside.
    asar: { smartUnpack: false },
    asarUnpack: ['**/*.node'],
    electronFuses: FUSES,
    electronLanguages: ['en-US'],
    extraResources: ['LICENSE', 'NOTICE'],
    fileAssociations: [CASE],
    artifactName: '${productName}-${version}-${os}-${arch}.${ext}',
    // Nothing is published and nothing updates itself.
    publish: null,
    linux: {
      target: ['AppImage', 'deb'],
      files: filesFor('linux'),
      fileAssociations: CAPTURES,
      icon: 'linux',
      category: 'Network',
      executableName: 'enclave',
      syncDesktopName: true,
      maintainer: 'The Enclave authors <nobody@enclave.invalid>',
    },
    // Paths, not URLs.
    deb: { packageCategory: 'net', executableArgs: ['%F'] },
    // The static runtime needs no libfuse2, which an offline machine may lack; the older one starts without a sandbox.
    toolsets: { appimage: '1.0.3' },
    win: {
      target: [{ target: 'nsis' }, { target: 'portable' }],
      files: filesFor('win32'),
      icon: 'icon.ico',
    },
    nsis: {
      oneClick: false,
      perMachine: false,
      allowElevation: false,
      allowToChangeInstallationDirectory: true,
      packElevateHelper: false,
      differentialPackage: false,
      deleteAppDataOnUninstall: false,
      artifactName: '${productName}-${version}-setup-${arch}.${ext}',
    },
    portable: { artifactName: '${productName}-${version}-portable-${arch}.${ext}' },
    mac: {
      target: ['dmg'],
      files: filesFor('darwin'),
      fileAssociations: CAPTURES,
      icon: 'icon.icns',
      category: 'public.app-category.utilities',
      darkModeSupport: true,
    },
    dmg: { writeUpdateInfo: false },
  };
}
