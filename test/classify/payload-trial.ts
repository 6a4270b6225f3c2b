import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  Payload,
  type PayloadInspector,
  WANTS_MORE,
} from '../../shared/payload.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { ruleHits } from '../score/rule-hits.ts';

/** What the tests of payload rules have in common: rules tried alone, over conversations made by hand and over captures. */

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

/** What is said in a flow, and the rule that names it ('' = none may). */
export interface RuleCase {
  what: string;
  rule: string;
  said: readonly Said[];
  flow?: Partial<Payload>;
}

/** The same of one payload alone, over TCP unless told otherwise. */
export interface PayloadCase {
  rule: string;
  bytes: Buffer;
  /** Port of the responder. */
  port: number;
  transport?: number;
  /** Sent by the responder. */
  answer?: boolean;
  looks?: number;
}

function caseOf(one: RuleCase | PayloadCase): RuleCase {
  if ('said' in one) return one;
  const { rule, bytes, port, transport = TCP, answer = false, looks = 0 } = one;
  const what = `${bytes.toString('latin1', 0, 16)} on port ${port}`;
  return { what, rule, said: [[answer ? '<' : '>', bytes]], flow: { transport, destinationPort: port, looks } };
}

const UNDECIDED = 'wants more';
const isName = (known: string): boolean => known !== '' && known !== UNDECIDED;

/** The rule that names a conversation, or `UNDECIDED`; its bytes lie between others that are not theirs. */
function tried(trial: RuleTrial, said: readonly Said[], changes: Partial<Payload> = {}, around = 0x41): string {
  const payload = Object.assign(new Payload(), { sourcePort: 50_000, destinationPort: 50_001 }, changes);
  const { sourcePort, destinationPort } = payload;
  let result: InspectionResult = NOT_RECOGNISED;
  for (const [side, bytes, microseconds = 0] of said) {
    payload.bytes = Buffer.concat([Buffer.alloc(8, around), bytes, Buffer.alloc(64, around)]);
    payload.start = 8;
    payload.end = 8 + bytes.length;
    payload.fromInitiator = side === '>';
    payload.sourcePort = side === '>' ? sourcePort : destinationPort;
    payload.destinationPort = side === '>' ? destinationPort : sourcePort;
    payload.time = (changes.time ?? 0) + microseconds;
    result = trial.inspect(payload);
    payload.looks++;
  }
  return payload.rule === 0 && result === WANTS_MORE ? UNDECIDED : trial.rules[payload.rule].id;
}

/**
 * The rule that names a flow by its first payloads; '' when none does. TCP payloads are given as the caller says: each alone, or as a
 * stream's head grown longer.
 */
export function ruleFor(
  rules: readonly PayloadRule[],
  conversation: readonly Said[],
  changes: Partial<Payload> = {},
): string {
  const known = tried(new RuleTrial(rules), conversation, changes);
  return isName(known) ? known : '';
}

/** Bytes written in hexadecimal; blanks do not count. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
/** Bytes written as text, one a character. */
export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
export const zeros = (length: number): Buffer => Buffer.alloc(length);
/** Bytes one behind the other; texts are hexadecimal. */
export const join = (...parts: (Buffer | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)));

/** A small generator (Marsaglia, "Xorshift RNGs", 2003), so that the same bytes come every time. */
function randomBytes(seed: number): (length: number) => Buffer {
  let state = seed;
  return (length) => {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[i] = state >>> 11;
    }
    return bytes;
  };
}

const PAYLOADS = 20_000;
/** On a port that a rule takes as a hint it may ask for fewer bits: at most one false name in so many payloads. */
const ONE_IN = 4000;

/** What rules must make of conversations by hand: the names wanted, whatever bytes lie around them; and of noise nothing. */
export function describeCases(rules: readonly PayloadRule[], given: readonly (RuleCase | PayloadCase)[]): void {
  const cases = given.map(caseOf);
  const trial = new RuleTrial(rules);

  describe('by hand, from the specification', () => {
    it.each(cases.map((one) => [one.rule === '' ? 'no rule' : one.rule, one.what, one] as const))(
      '%s: %s',
      (_rule, _what, { rule, said, flow }) => {
        for (const around of [0x41, 0x00, 0xff]) {
          const known = tried(trial, said, flow, around);
          expect(isName(known) ? known : '').toBe(rule);
        }
      },
    );

    it('has an example for every rule, and near misses', () => {
      const named = new Set(cases.map(({ rule }) => rule));
      expect(rules.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
      expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
      expect(cases.filter(({ rule }) => rule === '').length).toBeGreaterThanOrEqual(rules.length / 2);
    });

    it('reads nothing beyond the payload: a cut one is seen alike, whatever follows', () => {
      for (const { said, flow } of cases) {
        const [last] = said.slice(-1);
        if (last === undefined) continue;
        const step = Math.max(1, last[1].length >>> 6);
        for (let length = 1; length <= last[1].length; length += step) {
          const cut = [...said.slice(0, -1), [last[0], last[1].subarray(0, length)]] as Said[];
          const seen = [0x00, 0x41, 0xff].map((around) => tried(trial, cut, flow, around));
          expect(new Set(seen).size, `${seen.join(' ')} after ${length} bytes`).toBe(1);
        }
      }
    });

    it('names nothing in random and compressed bytes', () => {
      const random = randomBytes(20_170_517);
      const flows = cases.map(({ flow }) => flow ?? {});
      const words = cases.map(({ said }) => Buffer.from(said[0]?.[1] ?? []).toString('latin1'));
      const named: string[] = [];
      let onPort = 0;
      for (let i = 0; i < PAYLOADS; i++) {
        const [low, high, choice, direction] = random(4);
        const bytes =
          i % 8 === 0
            ? deflateRawSync(Buffer.from(words[choice % words.length] + random(8).toString('hex').repeat(4)))
            : random(1 + ((low | (high << 8)) % 1400));
        const said: Said[] = [[direction > 127 ? '<' : '>', bytes]];
        const transport = i % 2 === 0 ? TCP : UDP;
        const rule = tried(trial, said, { transport, destinationPort: 40_000 + choice });
        if (isName(rule)) named.push(`${i} ${rule}`);
        if (isName(tried(trial, said, { ...flows[choice % flows.length], transport }))) onPort++;
      }
      expect(named).toEqual([]);
      expect(onPort).toBeLessThanOrEqual(PAYLOADS / ONE_IN);
    });
  });
}

/** Flows that each rule names in captures of the corpus; skipped where it is not. */
export function describeCaptures(
  rules: readonly PayloadRule[],
  captures: readonly (readonly [file: string, rule: string, flows: number])[],
): void {
  describe.skipIf(!corpusIsThere)('captures (skipped without the corpus beside the project)', () => {
    it.each([...Map.groupBy(captures, ([file]) => file)])('%s', async (file, wanted) => {
      const counts = new Map<string, number>();
      for (const { rule } of await ruleHits(path.join(CORPUS, file), new RuleTrial(rules))) {
        if (rule !== '') counts.set(rule, (counts.get(rule) ?? 0) + 1);
      }
      expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(wanted.map(([, rule, flows]) => [rule, flows])));
    });
  });
}
