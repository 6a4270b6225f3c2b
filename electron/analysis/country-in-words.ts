import { countryName } from '../../shared/country-name.ts';

/** A country as statements tell it: `India (IN)`; the code alone where it has no name. */
export function countryInWords(code: string): string {
  const name = countryName(code);
  return name === null ? code : `${name} (${code})`;
}
