// The dependency rule of ARCHITECTURE.md: which room may import which. The table is build/rooms.json.
// `npm run check` runs it through build/check-rooms.ts, which also reads .tsx and proves that every file was parsed.
const ROOMS = require('./build/rooms.json');

const OUTSIDE = ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'unknown'];
const folder = (room) => `^${room}/`;

const rooms = Object.entries(ROOMS).map(([room, { mayImport }]) => ({
  name: `rooms-${room.replaceAll('/', '-')}`,
  comment: `${room} may import ${mayImport.length === 0 ? 'nothing of ours' : mayImport.join(', ')}`,
  severity: 'error',
  from: { path: folder(room) },
  to: { pathNot: [room, ...mayImport].map(folder), dependencyTypesNot: OUTSIDE },
}));

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: 'rooms-known',
      comment: 'every folder below electron/ is a room of build/rooms.json',
      severity: 'error',
      from: { path: '^electron/', pathNot: Object.keys(ROOMS).map(folder) },
      to: {},
    },
    {
      name: 'no-circular',
      comment: 'one direction, one step a room',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-node-in-shared-or-renderer',
      comment: 'shared and renderer run without Node',
      severity: 'error',
      from: { path: '^(shared|renderer)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'electron-only-in-main-and-preload',
      comment: 'only main and preload import the module electron',
      severity: 'error',
      from: { pathNot: '^(electron/(main|preload)|build|test)/' },
      to: { path: '(^|/)node_modules/electron/|^electron$', dependencyTypesNot: ['local'] },
    },
    {
      name: 'resolvable',
      comment: 'what is imported is there, and named in package.json',
      severity: 'error',
      from: { pathNot: '^(electron/(main|preload)|build|test)/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'shipped-on-shipped',
      comment: 'what ships runs on production packages alone (the renderer is bundled; electron is the runtime)',
      severity: 'error',
      from: { path: '^(shared|electron)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '(^|/)node_modules/electron/|^electron$',
      },
    },
  ],
  options: {
    // TypeScript 7 has no parser that dependency-cruiser knows; without this line it sees no .ts file and passes.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '(^|/)dist/' },
  },
};
