import { CATEGORIES, type Category } from '../shared/vocabulary.ts';

/**
 * One fixed colour a category, in every view and both themes. The colours come from palettes made for colour-blind eyes:
 * Okabe and Ito, "Color Universal Design" (2008), and Paul Tol, "Colour Schemes", SRON/EPS/TN/09-002 (2021: bright,
 * vibrant, muted, light, medium-contrast). No palette keeps 32 colours apart for everyone: those that captures show most
 * (`COMMON`) are kept apart also under simulated red and green blindness (test/renderer/category-colours.test.ts), a chart
 * draws at most eight at a time with gaps between them, and every colour stands beside its word.
 */
export const CATEGORY_COLOURS: Readonly<Record<Category, string>> = {
  gaming: '#0072B2',
  streaming: '#D55E00',
  social: '#CC79A7',
  email: '#E69F00',
  search: '#56B4E9',
  news: '#228833',
  ecommerce: '#DDCC77',
  comms: '#44AA99',
  vpn: '#EE3377',
  p2p: '#999933',
  crypto: '#AA3377',
  cloud: '#009E73',
  adult: '#FFAABB',
  'health-beauty': '#EE99AA',
  industrial: '#997700',
  security: '#882255',
  ddos: '#CC3311',
  satellite: '#6699CC',
  education: '#AA4499',
  research: '#4477AA',
  government: '#994455',
  update: '#CCBB44',
  infra: '#6B7785',
  remote: '#EE8866',
  files: '#EECC66',
  database: '#117733',
  web: '#88CCEE',
  iot: '#BBCC33',
  reference: '#44BB99',
  scan: '#EE7733',
  malware: '#CC6677',
  unknown: '#AEB7C0',
};

/** The categories that captures show most; a chart of eight is mostly made of these. */
export const COMMON: readonly Category[] = ['gaming', 'streaming', 'social', 'web', 'cloud', 'update', 'infra'];

/** Everything that a chart does not name. */
export const OTHER_COLOUR = '#8A8F6A';

/** The colour of a category; grey for what the vocabulary does not know. */
export function categoryColour(category: string | null): string {
  return category !== null && Object.hasOwn(CATEGORIES, category)
    ? CATEGORY_COLOURS[category as Category]
    : CATEGORY_COLOURS.unknown;
}

// Between black and white one always has a contrast of 4.5 (WCAG AA); with a softer black some colours would have none.
const DARK_INK = '#000000';
const LIGHT_INK = '#ffffff';

/** Relative luminance, 0..1 (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two colours `#rrggbb`, 1..21 (WCAG 2.2). */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** The ink that is easier to read on a colour `#rrggbb`. */
export function inkOn(colour: string): string {
  return contrast(colour, DARK_INK) >= contrast(colour, LIGHT_INK) ? DARK_INK : LIGHT_INK;
}
