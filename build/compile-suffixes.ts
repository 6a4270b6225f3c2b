import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/**
 * Compiles the ICANN part of the Public Suffix List, as the installed development package tldts holds it, to
 * `electron/report/redaction/public-suffixes.tsv`. Run by hand: `node build/compile-suffixes.ts`.
 */

const ROOT = path.join(import.meta.dirname, '..');
const PACKAGE = path.join(ROOT, 'node_modules/tldts');
const ICANN = 1;

/** The flat trie of tldts: edge `e` of a node has the next `edgeLength[e]` characters of `labelText` as its label. */
const numbers = z.custom<ArrayLike<number>>((value) => ArrayBuffer.isView(value));
const Trie = z.object({
  nodeFlags: numbers,
  edgeStart: numbers,
  edgeLength: numbers,
  edgeChild: numbers,
  labelText: z.string(),
  rulesRoot: z.number(),
  exceptionsRoot: z.number(),
});
type Trie = z.infer<typeof Trie>;

/** Rules below a root, written as the list writes them. */
function rulesOf(trie: Trie, root: number, mark: string): string[] {
  const offsets: number[] = [];
  let offset = 0;
  for (let edge = 0; edge < trie.edgeLength.length; edge++) {
    offsets.push(offset);
    offset += trie.edgeLength[edge] ?? 0;
  }
  const rules: string[] = [];
  const walk = (node: number, below: string): void => {
    for (let edge = trie.edgeStart[node] ?? 0; edge < (trie.edgeStart[node + 1] ?? 0); edge++) {
      const start = offsets[edge] ?? 0;
      const label = trie.labelText.slice(start, start + (trie.edgeLength[edge] ?? 0));
      const name = below === '' ? label : `${label}.${below}`;
      const child = trie.edgeChild[edge] ?? 0;
      if (((trie.nodeFlags[child] ?? 0) & ICANN) !== 0) rules.push(mark + name);
      walk(child, name);
    }
  };
  walk(root, '');
  return rules;
}

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')));
const trie = Trie.parse(await import(pathToFileURL(path.join(PACKAGE, 'dist/es6/src/data/trie.js')).href));
const byTopLevel = new Map<string, string[]>();
for (const rule of [...rulesOf(trie, trie.rulesRoot, ''), ...rulesOf(trie, trie.exceptionsRoot, '!')]) {
  const top = rule.slice(rule.lastIndexOf('.') + 1);
  const below = byTopLevel.get(top) ?? [];
  if (rule !== top) below.push(rule.slice(0, -top.length - 1));
  byTopLevel.set(top, below);
}
const lines = [...byTopLevel]
  .map(([top, below]) => [top, ...below.toSorted()].join(' '))
  .toSorted()
  .join('\n');
writeFileSync(
  path.join(ROOT, 'electron/report/redaction/public-suffixes.tsv'),
  `# Public Suffix List, ICANN part (https://publicsuffix.org), as npm tldts ${version} holds it; compiled by build/compile-suffixes.ts.
# This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of the MPL was not distributed
# with this file, You can obtain one at https://mozilla.org/MPL/2.0/.
# A line: a top level, then what stands before it in further rules; * is any label, ! an exception.
${lines}
`,
);
