import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  Payload,
  type PayloadInspector,
  WANTS_MORE,
} from '../../shared/payload.ts';

/** Tries some rules alone, as the recogniser tries all of them. */
export class RuleTrial implements PayloadInspector {
  readonly rules: readonly PayloadRule[];

  constructor(rules: readonly PayloadRule[]) {
    this.rules = [{ id: '', protocol: '', transport: -1, recognise: () => NOT_RECOGNISED }, ...rules];
  }

  inspect(payload: Payload): InspectionResult {
    if (payload.rule !== 0) return this.rules[payload.rule].recognise(payload);
    const first = payload.bytes[payload.start];
    let undecided: InspectionResult = NOT_RECOGNISED;
    for (const tied of [true, false]) {
      for (const [number, rule] of this.rules.entries()) {
        if (rule.transport !== payload.transport || (rule.firstBytes !== undefined) !== tied) continue;
        if (rule.firstBytes?.includes(first) === false) continue;
        const result = rule.recognise(payload);
        if (result === WANTS_MORE) undecided = WANTS_MORE;
        if (result === NOT_RECOGNISED || result === WANTS_MORE) continue;
        payload.rule = number;
        return result;
      }
    }
    return undecided;
  }
}

/** A payload of a conversation: `>` from the initiator, `<` from the responder. */
export type Said = readonly [side: '>' | '<', bytes: Uint8Array, microseconds?: number];

/**
 * The rule that names a flow by its first payloads; '' when none does. The bytes lie between others that are not theirs.
 * TCP payloads are given as the caller says: each alone, or as a stream's head grown longer.
 */
export function ruleFor(
  rules: readonly PayloadRule[],
  conversation: readonly Said[],
  changes: Partial<Payload> = {},
  around = 0x41,
): string {
  const trial = new RuleTrial(rules);
  const payload = Object.assign(new Payload(), { sourcePort: 50_000, destinationPort: 50_001 }, changes);
  const { sourcePort, destinationPort } = payload;
  for (const [side, bytes, microseconds = 0] of conversation) {
    payload.bytes = Buffer.concat([Buffer.alloc(8, around), bytes, Buffer.alloc(40, around)]);
    payload.start = 8;
    payload.end = 8 + bytes.length;
    payload.fromInitiator = side === '>';
    payload.sourcePort = side === '>' ? sourcePort : destinationPort;
    payload.destinationPort = side === '>' ? destinationPort : sourcePort;
    payload.time = (changes.time ?? 0) + microseconds;
    trial.inspect(payload);
    payload.looks++;
  }
  return trial.rules[payload.rule].id;
}

/** Bytes written in hexadecimal; blanks do not count. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
/** Bytes written as text, one a character. */
export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
