/** Ids of shapes in the world atlas as the codes that flows carry. */

/**
 * Ids that the atlas made up, since ISO 3166-1 has no number for them: Kosovo (`XK`, as the country tables write it), and
 * territories that the United Nations show as part of a member state.
 */
const MADE_UP: Readonly<Record<string, string>> = { '-1': 'CY', '-2': 'XK', '-3': 'SO' };

/**
 * ISO 3166-1 alpha-2 code of a shape's id (ISO 3166-1 numeric, three digits); null when the shape has none of its own.
 * Numbers are aliases of codes in Unicode locale identifiers (UTS #35, canonical form; CLDR `territoryAlias`).
 */
export function countryOfNumber(id: string): string | null {
  const known = MADE_UP[id];
  if (known !== undefined) return known;
  if (!/^\d{3}$/.test(id)) return null;
  const { region } = new Intl.Locale(`und-${id}`);
  // ZZ is the alias of 999, which stands for no country.
  return region !== undefined && /^[A-Z]{2}$/.test(region) && region !== 'ZZ' ? region : null;
}
