import type { InspectionResult, Payload } from '../../../shared/payload.ts';

/** One way to recognise a protocol in a payload. Ids are stable: they are stored with each flow. */
export interface PayloadRule {
  readonly id: string;
  readonly protocol: string;
  /** IP protocol number. */
  readonly transport: number;
  /** First bytes a payload can begin with; tried only then. Absent: tried on every payload. */
  readonly firstBytes?: readonly number[];
  recognise(payload: Payload): InspectionResult;
}

/** Stands in a flow's memory when what came later tells it closer than the rule that recognised it: the flow then belongs to this rule. */
export class CloserRule {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/** Of a rule whose form is no protocol of the vocabulary. */
export const NO_PROTOCOL = '';

/** Bytes as text, one character a byte; only for bytes that were checked to be printable or are shown escaped. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** True when every byte is a visible ASCII character or a space. */
export function isPrintable(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] < 0x20 || bytes[i] > 0x7e) return false;
  return true;
}

/** Text that a header or extension gives: printable as it is, other bytes as \xNN. */
export function visibleText(bytes: Uint8Array, start: number, end: number): string {
  const text = latin1(bytes, start, end);
  if (isPrintable(bytes, start, end)) return text;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\x00-\x1f\x7f-\xff]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** True when `text` (ASCII) stands at `start`. */
export function startsWith(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
