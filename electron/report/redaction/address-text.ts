import { type AddressWords, formatAddress, isIpv4, parseAddress } from '../../../shared/address.ts';

/** Addresses in running text, in every form that logs and reports print them in. */

export interface FoundAddress {
  readonly words: AddressWords;
  /** Prefix length as written (0..32 or 0..128); null for a single address. */
  readonly length: number | null;
  /** Dotted or with colons; `10-1-2-3` and `10_1_2_3`; `3.2.1.10.in-addr.arpa` and `….ip6.arpa`. */
  readonly form: 'plain' | 'dashed' | 'reverse';
}

/** Numbers and groups that look like an address or a network and cannot be told apart from one. */
export const ADDRESS_LEFT_OUT = '(address left out)';
export const MAC_LEFT_OUT = '(MAC address left out)';

const REVERSE = String.raw`(?<reverse>(?:[0-9A-Fa-f*-]{1,8}\.)+(?:in-addr|ip6)\.arpa)(?![\p{L}\p{N}-])`;
const MAC = String.raw`(?<mac>(?<![0-9A-Fa-f:-])(?:(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![0-9A-Fa-f.])))`;
const IPV6 = String.raw`(?<ipv6>(?<![0-9A-Fa-f:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?<=:\d{1,3})(?:\.\d{1,3}){3}(?!\d))?)(?:%[\w.-]{1,32})?(?:/(?<length6>\d{1,3})(?!\d))?`;
const IPV4 = String.raw`(?<ipv4>(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3,}(?!\.?\d))(?:/(?<length4>\d{1,2})(?!\d))?`;
const DASHED = String.raw`(?<dashed>(?<!\d)(?<!\d[-_])\d{1,3}(?<separator>[-_])\d{1,3}(?:\k<separator>\d{1,3}){2}(?![-_]?\d))`;
const FORMS = new RegExp([REVERSE, MAC, IPV6, IPV4, DASHED].join('|'), 'gu');

/** Four decimal parts, leading zeros allowed; null when a part is above 255. */
function dotted(parts: readonly string[]): AddressWords | null {
  const numbers = parts.map(Number);
  return parts.length === 4 ? parseAddress(numbers.join('.')) : null;
}

function reversed(text: string): AddressWords | null {
  const parts = text.toLowerCase().split('.').slice(0, -2).toReversed();
  if (text.toLowerCase().endsWith('in-addr.arpa')) {
    return parts.every((part) => /^\d{1,3}$/.test(part)) ? dotted(parts) : null;
  }
  if (parts.length !== 32 || !parts.every((part) => /^[0-9a-f]$/.test(part))) return null;
  return parseAddress((parts.join('').match(/.{4}/g) ?? []).join(':'));
}

/** The part of a run of colons and hex digits that is an address: one colon of the sentence around it may hang on either end. */
function trimmed(text: string): { start: number; end: number; words: AddressWords } | null {
  for (const [start, end] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const) {
    const part = text.slice(start, text.length - end);
    if (start === 1 && text[0] !== ':') continue;
    if (end === 1 && !text.endsWith(':')) continue;
    const words = parseAddress(part);
    if (words !== null && part !== '::') return { start, end, words };
  }
  return null;
}

/**
 * The text with every address replaced. Numbers that are no address stay (`2026.11.3`, `12:34:56`); longer runs of
 * dotted numbers, parts of reverse names and MAC addresses, which cannot be mapped, give way to a fixed text.
 *
 * @param replace is told the text before the address, too
 * @param withOther whether the latter are taken out
 */
export function replaceAddresses(
  text: string,
  replace: (found: FoundAddress, before: string) => string,
  withOther = true,
): string {
  return text.replace(FORMS, (...match: unknown[]) => {
    const groups = match.at(-1) as Readonly<Record<string, string | undefined>>;
    const offset = match.at(-3) as number;
    const [whole] = match as [string];
    const { reverse, mac, ipv6, ipv4, dashed } = groups;
    const before = text.slice(0, offset);
    if (mac !== undefined) return withOther ? MAC_LEFT_OUT : whole;
    if (reverse !== undefined) {
      const words = reversed(reverse);
      if (words === null) return withOther ? ADDRESS_LEFT_OUT : whole;
      return replace({ words, length: null, form: 'reverse' }, before);
    }
    if (dashed !== undefined) {
      const words = dotted(dashed.split(/[-_]/));
      return words === null ? whole : replace({ words, length: null, form: 'dashed' }, before);
    }
    if (ipv4 !== undefined) {
      const parts = ipv4.split('.');
      if (parts.length > 4) return withOther ? ADDRESS_LEFT_OUT : whole;
      const words = dotted(parts);
      if (words === null) return whole;
      const length = groups['length4'] === undefined ? null : Number(groups['length4']);
      const isBlock = length !== null && length <= 32;
      const rest = length !== null && !isBlock ? whole.slice(ipv4.length) : '';
      return replace({ words, length: isBlock ? length : null, form: 'plain' }, before) + rest;
    }
    const found = ipv6 === undefined ? null : trimmed(ipv6);
    if (ipv6 === undefined || found === null) return whole;
    const length = found.end === 0 && groups['length6'] !== undefined ? Number(groups['length6']) : null;
    const isBlock = length !== null && length <= 128;
    const rest = isBlock ? '' : whole.slice(ipv6.length).replace(/^%[\w.-]*/, '');
    return (
      ipv6.slice(0, found.start) +
      replace({ words: found.words, length: isBlock ? length : null, form: 'plain' }, before) +
      ipv6.slice(ipv6.length - found.end) +
      rest
    );
  });
}

/** Every address of a text, in canonical form, and what else `replaceAddresses` would take out. */
export function addressesIn(text: string): { addresses: Set<string>; hasOther: boolean } {
  const addresses = new Set<string>();
  const replaced = replaceAddresses(text, ({ words }) => {
    addresses.add(formatAddress(...words));
    return '';
  });
  const count = (whole: string, part: string): number => whole.split(part).length;
  const hasOther = [ADDRESS_LEFT_OUT, MAC_LEFT_OUT].some((mark) => count(replaced, mark) > count(text, mark));
  return { addresses, hasOther };
}

/** An address in the form in which it was found. */
export function printAddress(words: AddressWords, form: FoundAddress['form']): string {
  const text = formatAddress(...words);
  if (form === 'plain') return text;
  const isShort = isIpv4(words[0], words[1], words[2]);
  if (form === 'dashed') return text.replaceAll(/[.:]/g, '-');
  if (isShort) return `${text.split('.').toReversed().join('.')}.in-addr.arpa`;
  const digits = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  return `${[...digits].toReversed().join('.')}.ip6.arpa`;
}
