import type { CaseReader } from '../casefile/case-reader.ts';
import type { FlowSelection } from '../casefile/flow-selection.ts';
import { SelectedRows } from '../casefile/selected-rows.ts';
import { MAX_TUNNEL_DEPTH } from '../decode/tunnel.ts';
import { isRecordLocator, packetOf, placeNumber } from '../flows/locators.ts';

/** The flows to be carved, by evidence: as few numbers a flow as tell its packets when the evidence is read again. */

/** Depths that a key has room for. */
const DEPTHS = 2 ** Math.ceil(Math.log2(MAX_TUNNEL_DEPTH + 1));
/** Keys are whole numbers that a float64 holds exactly; no file has so many packets. */
const LAST_PLACE = Number.MAX_SAFE_INTEGER / DEPTHS - 1;

/** The matching flows of one evidence file. */
export class MatchedFlows {
  /** Locator and depth of each flow, ascending. */
  #keys = new Float64Array(64);
  /** Packets that the case counted of it. */
  #expected = new Float64Array(64);
  /** Packets found of it. */
  #seen = new Uint32Array(0);
  #count = 0;
  /** Packet numbers of the export datagrams that carried matching records, one a record. */
  readonly #datagrams: number[] = [];
  /** Latest end of a flow whose packets are sought, microseconds since the epoch. */
  lastEnd = -Infinity;

  /** @param locator as flows have it, in its file */
  add(locator: number, depth: number, packets: number, end: number): void {
    if (isRecordLocator(locator)) {
      this.#datagrams.push(packetOf(locator));
      return;
    }
    if (locator < 1 || placeNumber(locator) > LAST_PLACE) return;
    if (this.#count === this.#keys.length) {
      this.#keys = grown(this.#keys);
      this.#expected = grown(this.#expected);
    }
    this.#keys[this.#count] = placeNumber(locator) * DEPTHS + depth;
    this.#expected[this.#count++] = packets;
    if (end > this.lastEnd) this.lastEnd = end;
  }

  /** Puts the flows in order; nothing is added afterwards. */
  close(): void {
    const keys = this.#keys.subarray(0, this.#count);
    const expected = this.#expected;
    // Sorted by themselves and looked up again: a sort by comparing takes ten times as long.
    this.#keys = keys.toSorted();
    this.#expected = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i++) this.#expected[this.#place(keys[i])] = expected[i];
    this.#seen = new Uint32Array(this.#count);
  }

  /** Flows that match, records of captured exports among them. */
  get flows(): number {
    return this.#count + this.#datagrams.length;
  }

  get datagrams(): readonly number[] {
    return this.#datagrams;
  }

  /** Packets of the flows, as the case counted them. */
  get packets(): number {
    return this.#expected.reduce((sum, packets) => sum + packets, 0);
  }

  /** Counts a packet of a flow; false when the flow is not among the matches. */
  count(locator: number, depth: number): boolean {
    const place = this.#place(placeNumber(locator) * DEPTHS + depth);
    if (place < 0) return false;
    this.#seen[place]++;
    return true;
  }

  /** Where a key stands; -1 when it is not there. */
  #place(key: number): number {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < key) low = middle + 1;
      else if (keys[middle] > key) high = middle - 1;
      else return middle;
    }
    return -1;
  }

  /** Forgets what was counted. */
  recount(): void {
    this.#seen.fill(0);
  }

  /** Every packet that the case counted was found. */
  get isComplete(): boolean {
    return this.outcome().found === this.#count;
  }

  /** Flows by what was found of their packets: as many as the case counted, none, or another number. */
  outcome(): { found: number; unseen: number; other: number } {
    let [found, unseen] = [0, 0];
    for (let i = 0; i < this.#count; i++) {
      if (this.#seen[i] === 0) unseen++;
      else if (this.#seen[i] === this.#expected[i]) found++;
    }
    return { found, unseen, other: this.#count - found - unseen };
  }
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(values.length * 2);
  longer.set(values);
  return longer;
}

/** The selected flows by evidence id, in the order of their segments. */
export function matchedFlows(reader: CaseReader, selection: FlowSelection): Map<string, MatchedFlows> {
  const matched = new Map<string, MatchedFlows>();
  const selected = new SelectedRows(selection);
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    let flows = matched.get(segment.evidence);
    if (flows === undefined) {
      flows = new MatchedFlows();
      matched.set(segment.evidence, flows);
    }
    const locators = selected.pick('locator', reader.column(segment, 'locator'));
    const depths = selected.pick('depth', reader.column(segment, 'depth'));
    const out = selected.pick('packetsOut', reader.column(segment, 'packetsOut'));
    const back = selected.pick('packetsIn', reader.column(segment, 'packetsIn'));
    const ends = selected.pick('end', reader.column(segment, 'end'));
    for (let n = 0; n < selected.rows; n++) flows.add(locators[n], depths[n], out[n] + back[n], ends[n]);
  }
  for (const flows of matched.values()) flows.close();
  return matched;
}
