import type { AddressWords } from '../../../shared/address.ts';
import { SequenceCount } from '../sequence-count.ts';

/** Agents (with their sub-agents) whose counts are watched, and sources of samples of all of them together. */
export const MOST_AGENTS = 4096;
export const MOST_SOURCES = 65_536;

/** Datagrams that may come later than one sent behind them, without being taken for a new beginning. */
const LATE = 64;

interface Source {
  drops: number;
  readonly samples: SequenceCount;
}

interface Agent {
  /** Number and time of the last datagram. */
  sequence: number;
  uptime: number;
  readonly datagrams: SequenceCount;
  readonly sources: Map<number, Source>;
}

/** What is missing by the numbers of all agents, of those whose numbers can be followed. */
export interface MissingNumbers {
  readonly missing: number;
  readonly received: number;
  /** Packet before which the first gap lay. */
  readonly firstGap: number;
}

/** What the numbers in datagrams tell of what did not come: datagrams and samples lost, and samples that an agent had to drop. */
export class SflowAgents {
  readonly #agents = new Map<string, Agent>();
  #sources = 0;
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

  get datagrams(): MissingNumbers {
    return sumOf([...this.#agents.values()].map(({ datagrams }) => datagrams));
  }

  get samples(): MissingNumbers {
    return sumOf(
      [...this.#agents.values()].flatMap(({ sources }) => [...sources.values()].map(({ samples }) => samples)),
    );
  }

  /**
   * Takes note of a datagram; false when it is the last one of its agent again.
   *
   * @param uptime milliseconds since the agent began
   */
  datagram(address: AddressWords, subAgent: number, sequence: number, uptime: number, packet: number): boolean {
    const key = `${address[0]},${address[1]},${address[2]},${address[3]},${subAgent}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      this.#current = null;
      if (this.#agents.size >= MOST_AGENTS) {
        this.unwatched++;
        return true;
      }
      agent = { sequence, uptime, datagrams: new SequenceCount('messages'), sources: new Map() };
      this.#agents.set(key, agent);
    } else {
      if (agent.sequence === sequence && agent.uptime === uptime) return false;
      const isLate = (agent.sequence - sequence) >>> 0 < LATE;
      if (uptime < agent.uptime && !isLate) {
        agent.datagrams.restart();
        for (const { samples } of agent.sources.values()) samples.restart();
      }
      agent.sequence = sequence;
      agent.uptime = uptime;
    }
    this.#current = agent;
    agent.datagrams.take(sequence, 1, packet);
    return true;
  }

  /** Takes note of the number of a flow sample of the last datagram's agent, and of its source's count of dropped samples. */
  sample(id: number, sequence: number, drops: number, packet: number): void {
    const agent = this.#current;
    if (agent === null) return;
    let source = agent.sources.get(id);
    if (source === undefined) {
      if (this.#sources >= MOST_SOURCES) return;
      this.#sources++;
      source = { drops, samples: new SequenceCount('messages') };
      agent.sources.set(id, source);
    }
    source.samples.take(sequence, 1, packet);
    const more = (drops - source.drops) >>> 0;
    // A smaller number: the agent began anew.
    if (more > 0 && more < 2 ** 31) {
      if (this.dropped === 0) this.firstDrop = packet;
      this.dropped += more;
    }
    source.drops = drops;
  }
}

function sumOf(counts: readonly SequenceCount[]): MissingNumbers {
  const clear = counts.filter(({ isClear }) => isClear);
  return {
    missing: clear.reduce((sum, { missing }) => sum + missing, 0),
    received: clear.reduce((sum, { received }) => sum + received, 0),
    firstGap: clear.reduce(
      (first, { missing, firstGap }) => (missing > 0 ? Math.min(first, firstGap) : first),
      Infinity,
    ),
  };
}
