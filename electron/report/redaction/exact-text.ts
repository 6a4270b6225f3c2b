/** Known texts inside others: found as whole words, in any case of their letters, the longest first. */

export interface KnownText {
  readonly value: string;
  readonly replacement: string;
  /** What sort of text it is, for a person: `file name`. */
  readonly kind: string;
}

const WORD = /[\p{L}\p{M}\p{N}_\uD800-\uDFFF]/u;
const KEY_LENGTH = 3;

/** Lower case, unit by unit, so that places stay the same. */
function folded(text: string): string {
  const whole = text.toLowerCase();
  if (whole.length === text.length) return whole;
  let result = '';
  for (const unit of text.split('')) {
    const lower = unit.toLowerCase();
    result += lower.length === 1 ? lower : unit;
  }
  return result;
}

export class KnownTexts {
  readonly #byKey = new Map<string, { text: string; known: KnownText }[]>();

  constructor(texts: readonly KnownText[]) {
    const seen = new Set<string>();
    for (const known of texts) {
      for (const form of new Set([known.value, known.value.normalize('NFC'), known.value.normalize('NFD')])) {
        const text = folded(form);
        if (text === '' || seen.has(text)) continue;
        seen.add(text);
        const key = text.slice(0, KEY_LENGTH);
        const same = this.#byKey.get(key);
        if (same === undefined) this.#byKey.set(key, [{ text, known }]);
        else same.push({ text, known });
      }
    }
    for (const same of this.#byKey.values()) same.sort((one, other) => other.text.length - one.text.length);
  }

  /** Calls back for each place, from the left; places do not overlap. */
  #each(text: string, found: (at: number, length: number, known: KnownText) => void): void {
    const plain = folded(text);
    const isWord = (at: number): boolean => WORD.test(plain[at] ?? '');
    let wasWord = false;
    for (let at = 0; at < plain.length; at++) {
      const isInside = wasWord;
      wasWord = isWord(at);
      if (isInside && wasWord) continue;
      let length = 0;
      for (let keyLength = KEY_LENGTH; keyLength > 0 && length === 0; keyLength--) {
        const match = this.#byKey
          .get(plain.slice(at, at + keyLength))
          ?.find(
            ({ text: sought }) =>
              plain.startsWith(sought, at) && !(isWord(at + sought.length - 1) && isWord(at + sought.length)),
          );
        if (match === undefined) continue;
        length = match.text.length;
        found(at, length, match.known);
      }
      if (length > 0) {
        at += length - 1;
        wasWord = isWord(at);
      }
    }
  }

  replace(text: string): string {
    let result = '';
    let done = 0;
    this.#each(text, (at, length, { replacement }) => {
      result += text.slice(done, at) + replacement;
      done = at + length;
    });
    return result + text.slice(done);
  }

  /** The first that the text holds and where; null when it holds none. */
  first(text: string): { at: number; known: KnownText } | null {
    let result: { at: number; known: KnownText } | null = null;
    this.#each(text, (at, _length, known) => {
      result ??= { at, known };
    });
    return result;
  }
}
