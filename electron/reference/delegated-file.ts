import { type AddressBlock, blocksBetween, parseAddress } from '../../shared/address.ts';
import type { ProblemCounter } from '../../shared/problem.ts';
import { type AddressTableBuilder, countryOf } from './address-table.ts';

/**
 * Delegated and delegated-extended statistics of the regional Internet registries ("RIR Statistics Exchange Format", version
 * 2): which country the registry noted for the holder of a block, and since when. It is no statement on where hosts are.
 */

/** True when the text's first line that is no comment is the version line of such a file. */
export function isDelegatedFile(text: string): boolean {
  const line = text
    .slice(0, 65_536)
    .split('\n')
    .find((each) => each.trim() !== '' && !each.startsWith('#'));
  return line !== undefined && /^2(\.\d+)?\|(afrinic|apnic|arin|iana|lacnic|nro|ripencc|ripe)\|\d{8}\|/.test(line);
}

/** Reads a file into the table; the day of its data (ISO 8601). A block counts from the day it was given out. */
export function readDelegatedInto(text: string, table: AddressTableBuilder, problems: ProblemCounter): string | null {
  let date: string | null = null;
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const cells = content.split('|', 8);
    if (date === null && /^2(\.\d+)?$/.test(cells[0])) {
      date = isoDate(cells[2]);
      continue;
    }
    if (cells.at(-1) === 'summary' || cells[5] === 'summary') continue;
    const [, code, type, start, value, given, status] = cells;
    if (type === 'asn') problems.add('as-number', number, 'AS numbers say nothing of addresses');
    else if (status !== 'allocated' && status !== 'assigned') {
      problems.add('not-given-out', number, 'the block is not allocated or assigned');
    } else {
      const country = countryOf(code);
      const blocks = type === 'ipv4' || type === 'ipv6' ? blocksOf(start ?? '', value ?? '', type) : null;
      if (blocks === null) problems.add('bad-line', number, 'the line is not a block of addresses');
      else if (country === null) problems.add('no-country', number, 'the code is no country');
      else {
        const day = isoDate(given);
        const facts = { country, asn: 0, organisation: null, fromUs: day === null ? null : Date.parse(day) * 1000 };
        const known = table.value(facts);
        for (const block of blocks) table.add(block, known);
      }
    }
  }
  return date;
}

/** IPv4 is told by first address and count, which need not be a power of two; IPv6 by prefix and length. */
function blocksOf(start: string, value: string, type: 'ipv4' | 'ipv6'): AddressBlock[] | null {
  const words = parseAddress(start);
  if (words === null || !/^\d{1,10}$/.test(value) || start.includes(':') !== (type === 'ipv6')) return null;
  if (type === 'ipv6') return Number(value) <= 128 ? [{ words, bits: Number(value) }] : null;
  const count = Number(value);
  if (count === 0 || words[3] + count > 2 ** 32) return null;
  return blocksBetween(words, [words[0], words[1], words[2], words[3] + count - 1]);
}

function isoDate(digits: string | undefined): string | null {
  if (digits === undefined || !/^[12]\d{7}$/.test(digits)) return null;
  const date = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
  return Number.isNaN(Date.parse(date)) ? null : date;
}
