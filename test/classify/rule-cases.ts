import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import type { Payload } from '../../shared/payload.ts';
import { ruleHits } from '../score/rule-hits.ts';
import { ruleFor, RuleTrial, type Said } from './payload-trial.ts';

/** What the tests of a family of payload rules have in common. */

export const CORPUS = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));

/** What is said in a flow, and the rule that names it ('' = none may). */
export interface RuleCase {
  what: string;
  rule: string;
  said: readonly Said[];
  flow?: Partial<Payload>;
}

/** A conversation, and what other bytes before, behind and in place of it change: nothing, and nothing that throws. */
export function describeCases(rules: readonly PayloadRule[], cases: readonly RuleCase[]): void {
  describe('by hand, from the specification', () => {
    it.each(cases.map((one) => [one.rule === '' ? 'no rule' : one.rule, one.what, one] as const))(
      '%s: %s',
      (_rule, _what, { rule, said, flow }) => {
        for (const around of [0x41, 0x00, 0xff]) expect(ruleFor(rules, said, flow, around)).toBe(rule);
      },
    );

    it('has a positive and a near miss for every rule', () => {
      const named = new Set(cases.map(({ rule }) => rule));
      expect(rules.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
      expect(cases.filter(({ rule }) => rule === '').length).toBeGreaterThanOrEqual(rules.length / 2);
    });

    it('reads nothing beyond the payload: a cut one is named alike, whatever follows', () => {
      for (const { said, flow } of cases) {
        const [last] = said.slice(-1);
        if (last === undefined) continue;
        const step = Math.max(1, last[1].length >>> 6);
        for (let length = 1; length < last[1].length; length += step) {
          const cut = [...said.slice(0, -1), [last[0], last[1].subarray(0, length)]] as Said[];
          const named = [0x00, 0x41, 0xff].map((around) => ruleFor(rules, cut, flow, around));
          expect(new Set(named).size, `${named.join(' ')} after ${length} bytes`).toBe(1);
        }
      }
    });
  });
}

/** Flows that each rule names in captures of the corpus; skipped where it is not. */
export function describeCaptures(
  rules: readonly PayloadRule[],
  captures: readonly (readonly [file: string, rule: string, flows: number])[],
): void {
  describe.skipIf(!existsSync(CORPUS))('captures (skipped without the corpus beside the project)', () => {
    it.each([...Map.groupBy(captures, ([file]) => file)])('%s', async (file, wanted) => {
      const counts = new Map<string, number>();
      for (const { rule } of await ruleHits(path.join(CORPUS, file), new RuleTrial(rules))) {
        if (rule !== '') counts.set(rule, (counts.get(rule) ?? 0) + 1);
      }
      expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(wanted.map(([, rule, flows]) => [rule, flows])));
    });
  });
}
