/** Bytes as people read them: place, hexadecimal, and the letters of ASCII. */

const BYTES_A_LINE = 16;

/** Lines of a dump. @param hex two digits a byte */
export function hexDump(hex: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < hex.length; at += BYTES_A_LINE * 2) {
    const bytes = hex.slice(at, at + BYTES_A_LINE * 2).match(/../g) ?? [];
    const left = bytes.slice(0, 8).join(' ');
    const right = bytes.slice(8).join(' ');
    const letters = bytes
      .map((byte) => Number.parseInt(byte, 16))
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('');
    const place = (at / 2).toString(16).padStart(4, '0');
    lines.push(`${place}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${letters}`);
  }
  return lines;
}
