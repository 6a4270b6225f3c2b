import type { AddressWords } from '../../../shared/address.ts';
import { type CountedUnit, SequenceCount } from '../sequence-count.ts';

/**
 * What the sequence numbers of export messages tell of what never came. The number of a message is, modulo 2³²: in NetFlow v5 and
 * v7 the flow records sent before it, in v9 the messages (RFC 3954, 5.1), in IPFIX the data records, those of options included
 * (RFC 7011, 3.1). Exporters were seen that count otherwise, so each way is followed, and the one that fits best is believed.
 */

export type SequencedVersion = 5 | 7 | 9 | 10;

/** Exporters (by address, port and domain or engine) whose numbers are followed. */
export const MOST_STREAMS = 4096;

/** The messages of one exporter and domain. */
class Stream {
  messages = 0;
  /** The way that its version prescribes goes first. */
  readonly #counts: readonly [byMessages: SequenceCount, byRecords: SequenceCount, byRecordsAfter: SequenceCount] = [
    new SequenceCount('messages'),
    new SequenceCount('records'),
    new SequenceCount('records'),
  ];
  readonly #isByMessages: boolean;

  constructor(version: SequencedVersion) {
    this.#isByMessages = version === 9;
  }

  take(sequence: number, records: number, place: number): void {
    this.messages++;
    const [byMessages, byRecords, byRecordsAfter] = this.#counts;
    byMessages.take(sequence, 1, place);
    byRecords.take(sequence, records, place);
    // Of the exporters that put in the number behind the message.
    byRecordsAfter.take((sequence - Math.max(records, 0)) >>> 0, records, place);
  }

  /** The count that fits best; null when none does. */
  get count(): SequenceCount | null {
    const [byMessages, byRecords, byRecordsAfter] = this.#counts;
    const [prescribed, other] = this.#isByMessages ? [byMessages, byRecords] : [byRecords, byMessages];
    let best = prescribed;
    for (const count of [other, byRecordsAfter]) if (count.fitting > best.fitting) best = count;
    return best.isClear ? best : null;
  }
}

/** What is missing of all exporters, in one unit. */
export interface MissingExports {
  readonly unit: CountedUnit;
  missing: number;
  received: number;
  /** Exporters of which something is missing. */
  exporters: number;
  /** Place of the first message behind a gap. */
  firstGap: number;
}

export class ExportSequences {
  readonly #streams = new Map<string, Stream>();
  /** Messages of exporters beyond those followed. */
  unwatched = 0;
  #last: Stream | null = null;
  readonly #lastWords = new Float64Array(7);

  /**
   * Takes note of a message.
   *
   * @param domain source id, observation domain, or engine type and id
   * @param records records in it; -1 = that cannot be told
   * @param place packet number, or byte offset of the message in its file
   */
  message(
    version: SequencedVersion,
    exporter: AddressWords | undefined,
    port: number,
    domain: number,
    sequence: number,
    records: number,
    place: number,
  ): void {
    const stream = this.#stream(version, exporter, port, domain);
    if (stream === null) this.unwatched++;
    else stream.take(sequence, records, place);
  }

  #stream(version: SequencedVersion, exporter: AddressWords | undefined, port: number, domain: number): Stream | null {
    const [a, b, c, d] = exporter ?? [0, 0, 0, 0];
    const words = this.#lastWords;
    const isSame = words[0] === version && words[1] === domain && words[2] === port && words[3] === a && words[4] === b;
    if (isSame && words[5] === c && words[6] === d) return this.#last;
    words.set([version, domain, port, a, b, c, d]);
    const key = words.join();
    let stream = this.#streams.get(key) ?? null;
    if (stream === null && this.#streams.size < MOST_STREAMS) {
      stream = new Stream(version);
      this.#streams.set(key, stream);
    }
    this.#last = stream;
    return stream;
  }

  /** What is missing by the numbers, in each unit in which something is. */
  missing(): MissingExports[] {
    const byUnit = new Map<CountedUnit, MissingExports>();
    for (const { count } of this.#streams.values()) {
      if (count === null) continue;
      const { unit, missing, received, firstGap } = count;
      const sum = byUnit.get(unit) ?? { unit, missing: 0, received: 0, exporters: 0, firstGap: Infinity };
      byUnit.set(unit, sum);
      sum.received += received;
      if (missing === 0) continue;
      sum.missing += missing;
      sum.exporters++;
      sum.firstGap = Math.min(sum.firstGap, firstGap);
    }
    return [...byUnit.values()].filter(({ missing }) => missing > 0);
  }

  /** Messages of exporters whose numbers follow no known way to count. */
  get unclear(): number {
    let messages = 0;
    for (const stream of this.#streams.values()) if (stream.count === null) messages += stream.messages;
    return messages;
  }
}
