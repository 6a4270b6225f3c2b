import { CONVERSATIONS, type Opening, openingOf, type Subject, type Turn } from './conversation.ts';
import * as column from './flow-batch.ts';
import { DEVICES, type Population } from './population.ts';
import { SampleRandom } from './sample-random.ts';

const DNS_TUNNEL = CONVERSATIONS.indexOf('dns-tunnel');
const TUNNEL_LABEL = '0'.repeat(42);

/** What the flows of a population say first: lengths worked out once for each kind, name and device, bytes for each flow. */
export class Openings {
  readonly #population: Population;
  readonly #known = new Map<number, readonly Turn[]>();

  constructor(population: Population) {
    this.#population = population;
  }

  #subject(kind: number, name: string, answers: readonly number[], device: number, agent: number): Subject {
    return {
      kind: CONVERSATIONS[kind],
      name,
      userAgent: agent >= 0 ? this.#population.userAgents[agent] : DEVICES[device].userAgent,
      tls: DEVICES[device].tls,
      answers,
    };
  }

  turns(kind: number, name: number, device: number, agent: number): readonly Turn[] {
    const key = ((name + 1) * 64 + kind) * 64 + (agent + 1) * 8 + device;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { names, answers } = this.#population;
    const text = kind === DNS_TUNNEL ? `${TUNNEL_LABEL}.${names[name]}` : (names[name] ?? '');
    const subject = this.#subject(kind, text, answers[name] ?? [], device, agent);
    const { turns } = openingOf(subject, new SampleRandom(1), 0, 0);
    this.#known.set(key, turns);
    return turns;
  }

  /** Lengths of the opening of a record. */
  turnsOf(values: Float64Array, at: number): readonly Turn[] {
    return this.turns(
      values[at + column.KIND],
      values[at + column.NAME],
      values[at + column.DEVICE],
      values[at + column.AGENT],
    );
  }

  /** The name that a record's conversation is about; '' = none. A tunnel's question has a label of its own. */
  nameOf(values: Float64Array, at: number): string {
    const name = this.#population.names[values[at + column.NAME]] ?? '';
    if (values[at + column.KIND] !== DNS_TUNNEL) return name;
    const random = new SampleRandom(values[at + column.SEED]);
    const label = Array.from({ length: 6 }, () => random.word().toString(36).padStart(7, '0')).join('');
    return `${label}.${name}`;
  }

  userAgentOf(values: Float64Array, at: number): string {
    const agent = values[at + column.AGENT];
    return agent >= 0 ? this.#population.userAgents[agent] : DEVICES[values[at + column.DEVICE]].userAgent;
  }

  answersOf(values: Float64Array, at: number): readonly number[] {
    return this.#population.answers[values[at + column.NAME]] ?? [];
  }

  /** The bytes of a record's opening. */
  openingOf(values: Float64Array, at: number): Opening {
    const random = new SampleRandom(values[at + column.SEED]);
    const subject = this.#subject(
      values[at + column.KIND],
      this.nameOf(values, at),
      this.answersOf(values, at),
      values[at + column.DEVICE],
      values[at + column.AGENT],
    );
    return openingOf(subject, random, values[at + column.DOWN], values[at + column.START]);
  }
}
