import type { AddressWords } from '../../../shared/address.ts';

/** Agents (with their sub-agents) whose counts are watched, and sources of samples of all of them together. */
export const MOST_AGENTS = 4096;
export const MOST_SOURCES = 65_536;

/** Datagrams that may come later than one sent behind them, without being taken for a new beginning. */
const LATE = 64;

interface Agent {
  sequence: number;
  uptime: number;
  readonly drops: Map<number, number>;
}

/** What the numbers in datagrams tell of what did not come: lost datagrams, and samples that an agent had to drop. */
export class SflowAgents {
  readonly #agents = new Map<string, Agent>();
  #sources = 0;
  /** Datagrams received, and those that the sequence numbers between them lack. */
  received = 0;
  missing = 0;
  /** Packet before which the first gap lay. */
  firstGap = 0;
  /** Samples that agents say they dropped between the first and the last datagram. */
  dropped = 0;
  firstDrop = 0;
  /** Datagrams of agents beyond those watched. */
  unwatched = 0;
  #current: Agent | null = null;

  /** Agents met, sub-agents counted by themselves. */
  get count(): number {
    return this.#agents.size;
  }

  /**
   * Takes note of a datagram; false when it is the last one of its agent again.
   *
   * @param uptime milliseconds since the agent began
   */
  datagram(address: AddressWords, subAgent: number, sequence: number, uptime: number, packet: number): boolean {
    const key = `${address[0]},${address[1]},${address[2]},${address[3]},${subAgent}`;
    let agent = this.#agents.get(key);
    this.#current = agent ?? null;
    if (agent === undefined) {
      this.received++;
      if (this.#agents.size >= MOST_AGENTS) {
        this.unwatched++;
        return true;
      }
      agent = { sequence, uptime, drops: new Map() };
      this.#agents.set(key, agent);
      this.#current = agent;
      return true;
    }
    if (agent.sequence === sequence && agent.uptime === uptime) return false;
    this.received++;
    const step = (sequence - agent.sequence) >>> 0;
    if (step > 2 ** 32 - LATE) return true;
    if (step > 1 && step < 2 ** 31 && uptime >= agent.uptime) {
      if (this.missing === 0) this.firstGap = packet;
      this.missing += step - 1;
    }
    agent.sequence = sequence;
    agent.uptime = uptime;
    return true;
  }

  /** Takes note of the count of dropped samples of a source of the last datagram's agent. */
  drops(source: number, drops: number, packet: number): void {
    const agent = this.#current;
    if (agent === null) return;
    const before = agent.drops.get(source);
    if (before === undefined) {
      if (this.#sources >= MOST_SOURCES) return;
      this.#sources++;
    } else {
      const more = (drops - before) >>> 0;
      // A smaller number: the agent began anew.
      if (more > 0 && more < 2 ** 31) {
        if (this.dropped === 0) this.firstDrop = packet;
        this.dropped += more;
      }
    }
    agent.drops.set(source, drops);
  }
}
