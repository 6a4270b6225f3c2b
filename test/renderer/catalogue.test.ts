import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';
import { afterEach, describe, expect, it } from 'vitest';
import { filterFault } from '../../renderer/views/filter-bar.tsx';
import { countryName } from '../../shared/country-name.ts';
import { formatAmount, formatBytes, formatCount, formatShare, weekdayName } from '../../shared/number-format.ts';
import { CATALOGUE } from '../../shared/text/catalogue.ts';
import { filterText } from '../../shared/text/filter.ts';
import { languageFor, setLanguage } from '../../shared/text/language.ts';
import { sayFilterFault } from '../../shared/text/say-filter-fault.ts';
import { say, withinSentence } from '../../shared/text/say.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

type Node = Record<string, unknown> & { readonly type: string; readonly start: number };

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Goes through a syntax tree; `leave` true: not into this node. */
function walk(value: unknown, visit: (node: Node) => boolean | void): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  else if (isNode(value) && visit(value) !== true) for (const each of Object.values(value)) walk(each, visit);
}

function treeOf(file: string, source: string): unknown {
  return parseAst(source, { lang: file.endsWith('x') ? 'tsx' : 'ts' });
}

/** What is read out or shown of an element. */
const TOLD = new Set(['title', 'aria-label', 'placeholder', 'label', 'alt', 'absent', 'contents']);
const HAS_WORD = /\p{L}{2}/u;
/** Examples of what is typed, and names that are the same everywhere. */
const NO_TEXT = /^(UTC|AS|A4|\d[-\d:.T/]*|192\.0\.2\.0\/24 .*)$/s;

/** Texts that a component shows and that do not come from the catalogue, each with its line. */
function looseTexts(file: string, source: string): string[] {
  const found: string[] = [];
  const tell = (node: Node, text: unknown): void => {
    if (typeof text !== 'string' || !HAS_WORD.test(text) || NO_TEXT.test(text.trim())) return;
    found.push(`${file}:${source.slice(0, node.start).split('\n').length} ${text.trim()}`);
  };
  /** A text itself, or either of two. */
  const shown = (value: unknown): void => {
    if (!isNode(value)) return;
    if (value.type === 'Literal') tell(value, value['value']);
    else if (value.type === 'JSXExpressionContainer') shown(value['expression']);
    else if (value.type === 'ConditionalExpression') [value['consequent'], value['alternate']].forEach(shown);
    else if (value.type === 'LogicalExpression') shown(value['right']);
    else if (value.type === 'TemplateLiteral') {
      walk(value['quasis'], (quasi) => tell(quasi, (quasi['value'] as { cooked?: string }).cooked));
    }
  };
  walk(treeOf(file, source), (node) => {
    if (node.type === 'JSXElement' || node.type === 'JSXFragment') {
      const opening = node['openingElement'];
      const name = isNode(opening) && isNode(opening['name']) ? opening['name']['name'] : '';
      if (name === 'code') return true;
      walk(node['children'], (child) => {
        if (child.type === 'JSXText') tell(child, child['value']);
        else shown(child);
        return true;
      });
    } else if (node.type === 'JSXAttribute' && isNode(node['name']) && TOLD.has(String(node['name']['name']))) {
      shown(node['value']);
    }
    return false;
  });
  return found;
}

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)/g)].map(([, name = '']) => name).toSorted();
const edges = (text: string): string => `${/^\s*/.exec(text)?.[0] ?? ''}|${/\s*$/.exec(text)?.[0] ?? ''}`;

describe('the catalogue', () => {
  it('has the values and the spaces of the English in the German', () => {
    for (const [english, german] of Object.entries({ ...CATALOGUE, ...filterText })) {
      expect([...new Set(places(german))], `the German of ${english}`).toEqual([...new Set(places(english))]);
      expect(edges(german), `the German of ${english}`).toBe(edges(english));
    }
  });

  it('holds each sentence once, and none that nothing says', () => {
    const keys = globSync('shared/text/*.ts', { cwd: ROOT, exclude: ['**/say*.ts', '**/language.ts'] }).flatMap(
      (file) => {
        const held: string[] = [];
        walk(treeOf(file, readFileSync(`${ROOT}${file}`, 'utf8')), (node) => {
          if (node.type !== 'Property' || !isNode(node['key'])) return;
          held.push(String(node['key']['value'] ?? node['key']['name']));
        });
        return held.filter((key) => Object.hasOwn(CATALOGUE, key));
      },
    );
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    const said = new Set<unknown>();
    for (const file of globSync(['renderer/**/*.{ts,tsx}', 'electron/main/*.ts', 'shared/*.ts'], { cwd: ROOT })) {
      walk(treeOf(file, readFileSync(`${ROOT}${file}`, 'utf8')), (node) => {
        if (node.type === 'Literal') said.add(node['value']);
      });
    }
    expect(Object.keys(CATALOGUE).filter((key) => !said.has(key))).toEqual([]);
  });

  it('holds every text that a component shows', () => {
    const files = globSync('renderer/**/*.tsx', { cwd: ROOT });
    expect(files.length).toBeGreaterThan(60);
    expect(files.flatMap((file) => looseTexts(file, readFileSync(`${ROOT}${file}`, 'utf8')))).toEqual([]);
  });

  it('finds texts that a component holds itself', () => {
    const source = `<p title="One text">Two {n > 1 ? 'three' : say('Four')} <b aria-label={\`five \${n}\`} className="six" /><code>seven</code></p>`;
    expect(looseTexts('a.tsx', source).toSorted()).toEqual([
      'a.tsx:1 One text',
      'a.tsx:1 Two',
      'a.tsx:1 five',
      'a.tsx:1 three',
    ]);
  });
});

describe('sayFilterFault', () => {
  afterEach(() => setLanguage('en'));

  it('says in German whatever the parser finds wrong', () => {
    setLanguage('de');
    const wrong = [
      'port =',
      'port ~ 5',
      'port = x',
      'porf = 5',
      'zzz = 1',
      'and',
      'host',
      'host 5',
      '(port = 5',
      'port = 5)',
      'port = 5 6',
      'port in (5',
      'port in (5 6)',
      'port = 9-5',
      'port < 5-9',
      'host = x',
      'host = 1.2.3.4-::1',
      'host = 9.9.9.9-1.1.1.1',
      'start > x',
      'start > last x',
      'country = XYZ',
      'direction = outbond',
      'transport = q',
      'id = x',
      'service = "x',
      'service = not',
      String.raw`service = "\q"`,
      `${'('.repeat(200)}port = 5`,
      `service = ${'x'.repeat(200_000)}`,
    ];
    for (const filter of wrong) {
      const fault = filterFault(filter);
      expect(fault, `${filter.slice(0, 40)} is wrong`).not.toBeNull();
      // The list of fields is not shown: the completion offers them.
      const told = [fault?.text ?? '', fault?.remedy ?? ''].filter((text) => !text.startsWith('fields are'));
      expect(told.map(sayFilterFault).filter((text) => told.includes(text))).toEqual([]);
    }
    expect(sayFilterFault(filterFault('porf = 5')?.text ?? '')).toBe('unbekanntes Feld "porf" (gemeint: "port"?)');
    expect(sayFilterFault(filterFault('port = x')?.text ?? '')).toBe('"x" ist keine Zahl (Feld port)');
  });
});

describe('say', () => {
  afterEach(() => setLanguage('en'));

  it('puts values in, and the noun that the count asks for', () => {
    const told = (): string[] => [1, 2, 1234].map((count) => say('{count|file|files}', { count }));
    expect(told()).toEqual(['1 file', '2 files', '1,234 files']);
    setLanguage('de');
    expect(told()).toEqual(['1 Datei', '2 Dateien', '1.234 Dateien']);
    expect(say('Go to {label}', { label: '{label} $& Ü' })).toBe('Gehe zu {label} $& Ü');
  });

  it('formats numbers, days and countries as the language does', () => {
    const told = (): string[] => [
      formatCount(1234.5),
      formatCount(3.25),
      formatShare(0.1234),
      formatShare(0.00001),
      formatBytes(1_234_567),
      formatAmount('host-hours', 12_839),
      weekdayName(3),
      countryName('VC') ?? '',
      withinSentence('Hosts'),
    ];
    expect(told()).toEqual(
      '1,235|3.25|12.3 %|< 0.01 %|1.23 MB|12,839 host-hours|Wednesday|St. Vincent & Grenadines|hosts'.split('|'),
    );
    setLanguage('de');
    expect(told()).toEqual(
      '1.235|3,25|12,3 %|< 0,01 %|1,23 MB|12.839 Host-Stunden|Mittwoch|St. Vincent und die Grenadinen|Hosts'.split('|'),
    );
  });

  it('follows the system where it speaks the language, else is English', () => {
    expect(['de-AT', 'DE', 'en-US', 'ko', ''].map(languageFor)).toEqual(['de', 'de', 'en', 'en', 'en']);
  });
});
