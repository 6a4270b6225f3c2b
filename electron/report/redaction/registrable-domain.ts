import { readFileSync } from 'node:fs';

/** Where registrable domains begin: the ICANN part of the Public Suffix List, compiled by build/compile-suffixes.ts. */

/** What stands before a top level in its rules: `ac`, `*.kawasaki`, `!city.kawasaki`. */
type Rules = ReadonlySet<string>;

let list: Map<string, Rules> | null = null;

function topLevels(): Map<string, Rules> {
  if (list === null) {
    const text = readFileSync(new URL('./public-suffixes.tsv', import.meta.url), 'utf8');
    list = new Map();
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [top = '', ...rules] = line.split(' ');
      list.set(top, new Set(rules));
    }
  }
  return list;
}

/** Whether names end so in the public DNS. */
export function isTopLevel(label: string): boolean {
  return topLevels().has(label.toLowerCase());
}

/**
 * The domain that was registered of a host name, in lower case: `www.cs.otago.ac.nz` → `otago.ac.nz`; a name that is a public
 * suffix itself stays. Null when the name does not end in a top level of the public DNS.
 */
export function registrableDomain(name: string): string | null {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  const rules = topLevels().get(labels.at(-1) ?? '');
  if (rules === undefined) return null;
  const below = labels.slice(0, -1);
  let suffix = 0;
  for (let taken = 1; taken <= below.length; taken++) {
    const rest = below.slice(-taken);
    const text = rest.join('.');
    if (rules.has(`!${text}`)) {
      suffix = taken - 1;
      break;
    }
    if (rules.has(text) || rules.has(['*', ...rest.slice(1)].join('.'))) suffix = taken;
  }
  return [...below.slice(-(suffix + 1)), labels.at(-1)].join('.');
}

/** A word with dots in it, each part of letters, digits, `-`, `_` or `*`. */
const DOTTED = /(?<![\p{L}\p{M}\p{N}_-])[\p{L}\p{M}\p{N}_*-]+(?:\.[\p{L}\p{M}\p{N}_*-]+)+/gu;

/** The text with words that may be host names replaced; `replace` returns null for what it leaves alone. */
export function replaceHostNames(text: string, replace: (name: string) => string | null): string {
  return text.replace(DOTTED, (name) => replace(name) ?? name);
}

/** Words that may be host names. */
export function hostNamesIn(text: string): string[] {
  return text.match(DOTTED) ?? [];
}
