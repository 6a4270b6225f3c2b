import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import sans from '@fontsource-variable/noto-sans/unicode.json' with { type: 'json' };
import arabic from '@fontsource-variable/noto-sans-arabic/unicode.json' with { type: 'json' };
import hebrew from '@fontsource-variable/noto-sans-hebrew/unicode.json' with { type: 'json' };
import korean from '@fontsource-variable/noto-sans-kr/unicode.json' with { type: 'json' };
import chinese from '@fontsource-variable/noto-sans-sc/unicode.json' with { type: 'json' };
import { LATIN_LETTERS, OTHER_LETTERS } from '../../shared/report-print.ts';

/**
 * The report's own letters: Noto Sans, in the page itself, so that it looks alike on every machine. The families come in slices
 * of some characters each; only slices whose characters a page uses go into it.
 *
 * Latin letters come in fixed weights (letters/), since Chromium writes letters of variable weight into a PDF as drawings (Type 3),
 * which readers of PDF smooth badly on a screen. Other alphabets do with that.
 */

/** Families: browsers mix no fixed weights with variable ones in one. */
const LATIN_SANS = LATIN_LETTERS;
const LATIN_MONO = 'Enclave Noto Sans Mono';
const OTHERS = OTHER_LETTERS;

/** What the style names as `font-family`; weights are 400 and 600, of fixed width 400. */
export const LETTERS = `"${LATIN_SANS}", "${OTHERS}", sans-serif`;
export const FIXED_WIDTH = `"${LATIN_MONO}", "${OTHERS}", monospace`;

interface Face {
  readonly family: string;
  /** As in CSS. */
  readonly weight: string;
  readonly file: () => string | URL;
}

interface Slice {
  readonly faces: readonly Face[];
  /** As in CSS: `U+0590-05FF,U+20AA`. */
  readonly range: string;
  readonly has: (code: number) => boolean;
}

const resolver = createRequire(import.meta.url);

const LATIN = (
  [
    [LATIN_SANS, '400', 'noto-sans-latin-400-normal.woff2'],
    [LATIN_SANS, '600', 'noto-sans-latin-600-normal.woff2'],
    [LATIN_MONO, '400', 'noto-sans-mono-latin-400-normal.woff2'],
  ] as const
).map(([family, weight, name]): Face => {
  return { family, weight, file: () => new URL(`letters/${name}`, import.meta.url) };
});

/**
 * @param isUsed names of the slices that are used
 * @param isOwn characters that are looked for in them: ranges promise some of other scripts that the font does not hold
 */
function slicesOf(
  family: string,
  ranges: Readonly<Record<string, string>>,
  isUsed = /./,
  isOwn: (code: number) => boolean = () => true,
): Slice[] {
  return Object.entries(ranges).flatMap(([name, range]) => {
    if (!isUsed.test(name)) return [];
    const spans = range.split(',').map((span): [number, number] => {
      const [first = '', last = first] = span.slice(2).split('-');
      return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
    });
    const path = `@fontsource-variable/${family}/files/${family}-${name.replace(/[[\]]/g, '')}-wght-normal.woff2`;
    const variable: Face = { family: OTHERS, weight: '100 900', file: () => resolver.resolve(path) };
    return [
      {
        faces: family === 'noto-sans' && name === 'latin' ? LATIN : [variable],
        range,
        has: (code: number) => spans.some(([first, last]) => first <= code && code <= last) && isOwn(code),
      },
    ];
  });
}

const isHangul = (code: number): boolean => /^\p{Script=Hangul}$/u.test(String.fromCodePoint(code));
/** What is neither hangul nor of an alphabet before it. */
const isHanOrKana = (code: number): boolean => code > 0x1fff && !isHangul(code);

/** The first that has a character draws it. Slices of Han, kana and hangul bear numbers; of other families only what is theirs. */
const SLICES: readonly Slice[] = [
  ...slicesOf('noto-sans', sans).toSorted((one, other) => Number(isLatin(other)) - Number(isLatin(one))),
  ...slicesOf('noto-sans-arabic', arabic, /^arabic$/),
  ...slicesOf('noto-sans-hebrew', hebrew, /^hebrew$/),
  ...slicesOf('noto-sans-sc', chinese, /^\[\d+\]$/, isHanOrKana),
  ...slicesOf('noto-sans-kr', korean, /^\[\d+\]$/, isHangul),
];

function isLatin({ faces }: Slice): boolean {
  return faces === LATIN;
}

/** The slices that a text needs, in their order. */
function slicesFor(text: string): Slice[] {
  const used = new Set<Slice>();
  for (const character of new Set(text)) {
    const code = character.codePointAt(0) ?? 0;
    const slice = SLICES.find(({ has }) => has(code));
    if (slice !== undefined) used.add(slice);
  }
  return SLICES.filter((slice) => used.has(slice));
}

/**
 * `@font-face` rules with the letters of a text as data: URIs: 50 kB for Latin, from 15 kB (Hebrew) to 220 kB (Arabic) for another
 * alphabet, about 50 kB for each slice of Han or hangul; 12 MB if a text used all. Characters that no slice has are left to the fonts
 * of the machine. The same characters give the same rules.
 */
export function letterFaces(text: string): string {
  // Of rules for one character the last counts (CSS Fonts 4, 4.5).
  return slicesFor(text)
    .toReversed()
    .flatMap(({ faces, range }) => {
      return faces.map(({ family, weight, file }) => {
        const data = readFileSync(file()).toString('base64');
        return (
          `@font-face { font-family: "${family}"; font-weight: ${weight}; unicode-range: ${range}; ` +
          `src: url(data:font/woff2;base64,${data}) format("woff2"); }\n`
        );
      });
    })
    .join('');
}
