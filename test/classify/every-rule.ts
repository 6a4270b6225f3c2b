import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  type PayloadInspector,
  WANTS_MORE,
} from '../../shared/payload.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';

const FIELDS = [
  'rule',
  'memory',
  'name',
  'nameOrigin',
  'userAgent',
  'via',
  'forwardedFor',
  'ja3',
  'ja4',
] as const satisfies (keyof Payload)[];

/** Of a flow that is not named yet: memories of the recogniser and of each rule, and the rules that would have named it. */
class Undecided {
  memory: unknown = null;
  readonly memories: unknown[] = [];
  readonly claims = new Set<PayloadRule>();
}

/**
 * The recogniser, and beside it every rule alone on the same payloads: so that a rule that names another family's traffic is seen
 * though the rule that is right comes before it.
 */
export class EveryRule implements PayloadInspector {
  readonly #recogniser = new PayloadRecogniser(() => undefined);
  readonly rules = this.#recogniser.rules;
  /** Rules of different categories that claim one flow, `first second`: the first named it. */
  readonly conflicts = new Set<string>();

  inspect(payload: Payload): InspectionResult {
    if (this.rules[payload.rule].protocol !== '') return this.#recogniser.inspect(payload);
    const flow = payload.memory instanceof Undecided ? payload.memory : new Undecided();
    const before = Object.fromEntries(FIELDS.map((field) => [field, payload[field]]));
    for (const [number, rule] of this.rules.entries()) {
      if (rule.protocol === '' || rule.transport !== payload.transport) continue;
      if (rule.firstBytes?.includes(payload.bytes[payload.start]) === false) continue;
      Object.assign(payload, before, { rule: 0, memory: flow.memories[number] ?? null });
      const result = rule.recognise(payload);
      flow.memories[number] = payload.memory;
      if (result !== NOT_RECOGNISED && result !== WANTS_MORE) flow.claims.add(rule);
    }
    Object.assign(payload, before, { memory: flow.memory });
    const result = this.#recogniser.inspect(payload);
    const named = this.rules[payload.rule];
    if (named.protocol === '') {
      flow.memory = payload.memory;
      payload.memory = flow;
      return result;
    }
    for (const { id, protocol } of flow.claims) {
      if (PROTOCOLS[protocol] !== PROTOCOLS[named.protocol]) this.conflicts.add(`${named.id} ${id}`);
    }
    return result;
  }
}
