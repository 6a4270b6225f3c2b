/** Longest text that is kept, and how many. */
const LONGEST = 12;
const KEPT = 1024;

/**
 * ASCII texts out of bytes. Short ones (transports, states, services) come again and again: making them anew costs more than
 * finding them.
 */
export class ShortTexts {
  readonly #kept: string[] = Array.from({ length: KEPT }, () => '');

  /** The text of bytes that are all ASCII. */
  of(bytes: Buffer, from: number, to: number): string {
    if (to - from > LONGEST) return bytes.toString('latin1', from, to);
    let hash = 0;
    for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
    const slot = hash & (KEPT - 1);
    const kept = this.#kept[slot];
    if (isText(bytes, from, to, kept)) return kept;
    return (this.#kept[slot] = bytes.toString('latin1', from, to));
  }
}

function isText(bytes: Buffer, from: number, to: number, text: string): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
