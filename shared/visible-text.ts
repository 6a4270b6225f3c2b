/**
 * Text out of evidence, made safe to look at: names may carry control characters, direction overrides and invisible
 * characters that make one text look like another (Unicode TR 36, 2.10; "Trojan Source", CVE-2021-42574).
 */

/** Controls, format characters (direction, zero width, tags), line and paragraph separators, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function escapeUnits(text: string): string {
  let escaped = '';
  for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

/** The text on one line with every character that is not seen as itself written `\uXXXX` (UTF-16 units). */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, escapeUnits);
}

/** JSON on one line; inside strings, what is not seen as itself stands as `\uXXXX`, so that the value stays the same. */
export function visibleJson(value: unknown): string {
  return visibleText(JSON.stringify(value));
}
