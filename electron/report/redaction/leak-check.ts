import { EnclaveError } from '../../../shared/problem.ts';
import { addressesIn } from './address-text.ts';
import { KnownTexts } from './exact-text.ts';
import type { Redactor } from './redactor.ts';
import { hostNamesIn, registrableDomain } from './registrable-domain.ts';

/** Looks in a finished redacted report for what should not be there: text, attributes, figures, style and title. */

/** A piece of the page as a reader, or a program that takes the text out of a PDF, gets it. */
export interface PagePart {
  /** `text`, `attribute aria-label`, `style`. */
  readonly what: string;
  /** The chapter's heading; these are Enclave's own. */
  readonly chapter: string;
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** Marks that keep right-to-left words apart (markup.ts). */
const ISOLATES = /[\u2068\u2069]/g;

function decoded(text: string): string {
  return text
    .replace(ISOLATES, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

/** Strings of a style sheet with escapes resolved (CSS Syntax 3, 4.3.7), without isolating marks and the letters' own bytes. */
function decodedCss(text: string): string {
  return text
    .replace(/url\(data:font\/woff2;base64,[\w+/=]*\)/g, '')
    .replace(/\\([0-9a-f]{1,6}) ?/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(ISOLATES, '');
}

/** Elements that stand inside a line: what is before and after them is read together. */
const INLINE = new Set(['a', 'bdi', 'code', 'em', 'span', 'strong', 'wbr']);
const TAG = /<(\/?)([a-z][a-z0-9]*|!doctype)([^>]*)>/gi;
const ATTRIBUTE = /([\w:-]+)="([^"]*)"/g;
/** Attributes of drawings that hold numbers only. */
const NUMERIC = new Set(['d', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'width', 'height', 'viewBox', 'transform', 'points']);

/** The parts of a page that Enclave made: no comments, no scripts, `<` and `>` only in tags. */
export function pageParts(html: string): PagePart[] {
  const parts: PagePart[] = [];
  let chapter = 'first page';
  let text = '';
  let isStyle = false;
  let isHeading = false;
  const flush = (): void => {
    const told = isStyle ? decodedCss(text) : decoded(text);
    if (isHeading) chapter = told.replace(/^\d+\s+/, '');
    if (told.trim() !== '') parts.push({ what: isStyle ? 'style' : 'text', chapter, text: told });
    text = '';
  };
  let done = 0;
  for (const match of html.matchAll(TAG)) {
    const [whole, slash = '', name = '', rest = ''] = match;
    text += html.slice(done, match.index);
    done = match.index + whole.length;
    const element = name.toLowerCase();
    if (!INLINE.has(element)) flush();
    if (element === 'style') isStyle = slash === '';
    if (element === 'h2') isHeading = slash === '';
    for (const [, attribute = '', value = ''] of rest.matchAll(ATTRIBUTE)) {
      if (!NUMERIC.has(attribute)) parts.push({ what: `attribute ${attribute}`, chapter, text: decoded(value) });
    }
  }
  text += html.slice(done);
  flush();
  return parts;
}

/**
 * The first thing in the page that the redaction should have hidden: its kind and place, never the thing itself; null when
 * there is none. Looked for are addresses that the redactor did not print, host names longer than the registered domain,
 * and every text that was to be left out.
 *
 * @param own texts of Enclave itself, which may hold what looks like an address or a name (sections of standards, sources of tables)
 */
export function findLeak(
  html: string,
  redactor: Redactor,
  own: readonly string[],
): { kind: string; place: string } | null {
  const sought = new KnownTexts(redactor.hidesNames ? redactor.secrets.sought : []);
  const alone = new Map(
    redactor.hidesNames ? redactor.secrets.alone.map(({ value, kind }) => [value.toLowerCase(), kind]) : [],
  );
  const ownText = own.join('\n');
  const harmless = addressesIn(ownText).addresses;
  const harmlessNames = new Set([...hostNamesIn(ownText), ...redactor.secrets.paths.values()]);
  for (const { what, chapter, text } of pageParts(html)) {
    const place = `${what} in “${chapter}”`;
    const { addresses, hasOther } = addressesIn(text);
    if (redactor.hidesAddresses && hasOther) return { kind: 'a MAC address or a part of an address', place };
    for (const address of addresses) {
      const isStrange = redactor.hidesAddresses && !redactor.printed.has(address) && !harmless.has(address);
      if (isStrange || redactor.leftOutHosts.has(address)) return { kind: 'an address', place };
    }
    if (!redactor.hidesNames) continue;
    for (const name of hostNamesIn(text)) {
      if (harmlessNames.has(name)) continue;
      const domain = registrableDomain(name);
      const isLonger = domain !== null && domain !== name.toLowerCase();
      if (isLonger || redactor.secrets.privateNames.has(name.toLowerCase())) return { kind: 'a host name', place };
    }
    const kind = sought.first(text)?.known.kind ?? alone.get(text.trim().toLowerCase());
    if (kind !== undefined) return { kind, place };
  }
  return null;
}

/** Throws EnclaveError `redaction-leak` when the page holds what the redaction should have hidden. */
export function refuseLeaks(html: string, redactor: Redactor, own: readonly string[]): void {
  const leak = findLeak(html, redactor, own);
  if (leak === null) return;
  throw new EnclaveError(
    'redaction-leak',
    `the report is not given out: after redaction it still held ${leak.kind} (${leak.place})`,
    '',
    'choose another redaction, leave the finding out, or report it',
  );
}
