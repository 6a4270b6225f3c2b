import type { CaseReader, EvidenceInfo, SegmentInfo } from '../casefile/case-reader.ts';
import { type Duplicate, DUPLICATES, ICMP, ICMP6 } from '../../shared/flow.ts';
import type { DuplicateCounts } from '../../shared/duplicate-counts.ts';

/**
 * Traffic that several evidence files of a case recorded: overlapping captures, a capture and the export made of it.
 *
 * Found by five-tuple (either orientation; ICMP by who asked), tunnel depth and time, among evidence whose time spans
 * overlap. Of two such files one comes before: captures before exports, since they tell more; then the one that begins
 * earlier, then the longer one, then the larger file, then by hash. The order of import does not matter. A flow is compared with all that a file
 * before its own holds of the same five-tuple at the same time, since exporters and timeouts cut one flow differently.
 */

/** Microseconds that two clocks may differ. */
const CLOCK_SLACK = 1e6;
/** Packets that the later file may have more: at the edges of a flow, tools differ. */
const EXTRA_PACKETS = 2;
/** Two records of the same span are of the same traffic when the smaller has at least this part of the other's volume. */
const LEAST_ALIKE = 0.25;
const MOST_PAIRS = 100;
/** Up to so many flows it is not worth to search by halves. */
const FEW = 8;

/** What bounds memory (some 45 bytes a flow at once) and time: each pass reads the overlapping segments again. */
export const DUPLICATE_LIMITS = { flowsAtOnce: 2 ** 21, passes: 32 };

export interface DuplicateFlows {
  /** Column `duplicate` by segment, of the segments where it is not all 0. */
  readonly columns: ReadonlyMap<number, Uint8Array>;
  /** Null when no evidence overlaps. */
  readonly counts: DuplicateCounts | null;
}

/** What one evidence recorded of a five-tuple: span in microseconds, packets as counted, and scaled by its sampling. */
export interface Extent {
  flows: number;
  start: number;
  end: number;
  packets: number;
  scaledPackets: number;
  scaledBytes: number;
}

/**
 * How much of a flow the evidence before it holds.
 *
 * - `same`: all of it, as far as times and counts tell: its span lies within what was seen (1 s of clock slack), it has no
 *   more packets (but 2), and where its span is that of one flow their volumes are alike (packets or bytes, a quarter at
 *   least).
 * - `part`: they overlap, and the flow is longer or has more packets.
 * - null: neither.
 */
export function compareExtents(flow: Readonly<Extent>, seen: Readonly<Extent>): Duplicate {
  const meets = flow.start <= seen.end && flow.end >= seen.start;
  const agrees = Math.abs(flow.start - seen.start) <= CLOCK_SLACK && Math.abs(flow.end - seen.end) <= CLOCK_SLACK;
  if (!meets && !agrees) return null;
  const inside = flow.start >= seen.start - CLOCK_SLACK && flow.end <= seen.end + CLOCK_SLACK;
  if (!inside || flow.packets > seen.packets + EXTRA_PACKETS) return meets ? 'part' : null;
  return agrees && seen.flows === 1 && !isAlike(flow, seen) ? null : 'same';
}

/** Offloading merges packets and sampling guesses them, so either measure may speak; 0 packets are packets not told. */
function isAlike(flow: Readonly<Extent>, seen: Readonly<Extent>): boolean {
  return (
    flow.packets === 0 ||
    flow.scaledPackets + EXTRA_PACKETS >= LEAST_ALIKE * seen.scaledPackets ||
    (flow.scaledBytes > 0 && flow.scaledBytes >= LEAST_ALIKE * seen.scaledBytes)
  );
}

interface Span {
  from: number;
  to: number;
}

type TimedEvidence = EvidenceInfo & { firstSeen: number; lastSeen: number };

function isTimed(evidence: EvidenceInfo): evidence is TimedEvidence {
  return evidence.firstSeen !== null && evidence.lastSeen !== null;
}

function firstComesBefore(x: TimedEvidence, y: TimedEvidence): number {
  return (
    Number(x.packets === 0) - Number(y.packets === 0) ||
    x.firstSeen - y.firstSeen ||
    y.lastSeen - x.lastSeen ||
    // Of one span: less may have been cut off each packet.
    y.bytes - x.bytes ||
    (x.id < y.id ? -1 : 1)
  );
}

/** Whether the spans have some time in common. Files that follow each other and share a moment at their border have none. */
function overlap(one: TimedEvidence, other: TimedEvidence): boolean {
  const common = Math.min(one.lastSeen, other.lastSeen) - Math.max(one.firstSeen, other.firstSeen);
  const shorter = Math.min(one.lastSeen - one.firstSeen, other.lastSeen - other.firstSeen);
  return common >= Math.min(CLOCK_SLACK, shorter / 2);
}

/** Spans of each evidence that another covers too, by evidence id, ascending and disjoint, widened by the clock slack. */
function overlappingSpans(evidence: readonly TimedEvidence[]): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  const add = (id: string, from: number, to: number): void => {
    const known = spans.get(id);
    const last = known?.at(-1);
    if (known === undefined) spans.set(id, [{ from, to }]);
    else if (last === undefined || from > last.to) known.push({ from, to });
    else last.to = Math.max(last.to, to);
  };
  const byStart = evidence.toSorted((x, y) => x.firstSeen - y.firstSeen);
  byStart.forEach((one, i) => {
    for (let j = i + 1; j < byStart.length; j++) {
      const other = byStart[j];
      if (other.firstSeen > one.lastSeen) break;
      if (!overlap(one, other)) continue;
      const to = Math.min(one.lastSeen, other.lastSeen);
      for (const { id } of [one, other]) add(id, other.firstSeen - CLOCK_SLACK, to + CLOCK_SLACK);
    }
  });
  return spans;
}

interface SegmentToCompare {
  readonly info: SegmentInfo;
  /** Place of its evidence in the order of who comes before. */
  readonly rank: number;
  /** Flows outside need not be compared. */
  readonly span: Span;
}

/** Segments with flows in overlapping spans, in the order of who comes before. */
function segmentsToCompare(reader: CaseReader, evidence: readonly TimedEvidence[]): SegmentToCompare[] {
  const spans = overlappingSpans(evidence);
  const ranks = new Map(evidence.map(({ id }, rank) => [id, rank]));
  const chosen = reader.segments().flatMap((info): SegmentToCompare[] => {
    const touched = (spans.get(info.evidence) ?? []).filter(
      ({ from, to }) => info.firstStart <= to && info.lastEnd >= from,
    );
    const [first, last] = [touched.at(0), touched.at(-1)];
    const rank = ranks.get(info.evidence);
    if (first === undefined || last === undefined || rank === undefined) return [];
    return [{ info, rank, span: { from: first.from, to: last.to } }];
  });
  return chosen.toSorted((x, y) => x.rank - y.rank);
}

/**
 * Finds the flows of the case that evidence before their own holds too.
 *
 * Memory is bounded by `limits`: flows are taken in passes by hash of the five-tuple. Flows beyond the bound are not
 * compared, and counted.
 *
 * @param check called once a segment and pass; throws to stop
 */
export function findDuplicateFlows(
  reader: CaseReader,
  check: () => void,
  limits: Readonly<typeof DUPLICATE_LIMITS> = DUPLICATE_LIMITS,
): DuplicateFlows {
  const evidence = reader.evidence().filter(isTimed).toSorted(firstComesBefore);
  const segments = segmentsToCompare(reader, evidence);
  const columns = new Map<number, Uint8Array>();
  if (segments.length === 0) return { columns, counts: null };
  const rows = segments.reduce((sum, { info }) => sum + info.rows, 0);
  // Hashes spread unevenly: a tenth is left free.
  const passes = Math.min(limits.passes, Math.ceil((rows * 1.1) / limits.flowsAtOnce));
  const table = new FlowsByTuple(Math.min(limits.flowsAtOnce, rows));
  const pairs = new Map<number, { same: number; part: number }>();
  let notCompared = 0;
  for (let pass = 0; pass < passes; pass++) {
    table.clear();
    const bases: number[] = [];
    for (const segment of segments) {
      check();
      bases.push(table.size);
      notCompared += table.addSegment(reader, segment, pass, passes);
    }
    check();
    const mayShare = (rank: number, before: number): boolean => overlap(evidence[rank], evidence[before]);
    table.compare(mayShare, (at, found, before) => {
      const segment = segments[segmentOf(bases, at)];
      let column = columns.get(segment.info.segment);
      if (column === undefined) columns.set(segment.info.segment, (column = new Uint8Array(segment.info.rows)));
      column[table.rowOf(at)] = DUPLICATES.indexOf(found);
      const key = segment.rank * evidence.length + before;
      const pair = pairs.get(key) ?? { same: 0, part: 0 };
      pairs.set(key, pair);
      pair[found]++;
    });
  }
  return { columns, counts: countsOf(pairs, evidence, notCompared) };
}

/** Index of the last base that is at most `at`. */
function segmentOf(bases: readonly number[], at: number): number {
  let from = 0;
  let to = bases.length;
  while (to - from > 1) {
    const middle = (from + to) >>> 1;
    if (bases[middle] <= at) from = middle;
    else to = middle;
  }
  return from;
}

function countsOf(
  pairs: ReadonlyMap<number, { same: number; part: number }>,
  evidence: readonly TimedEvidence[],
  notCompared: number,
): DuplicateCounts {
  const all = [...pairs].map(([key, { same, part }]) => {
    const [rank, before] = [Math.floor(key / evidence.length), key % evidence.length];
    return { evidence: evidence[rank].id, alsoIn: evidence[before].id, same, part, rank, before };
  });
  return {
    same: all.reduce((sum, pair) => sum + pair.same, 0),
    part: all.reduce((sum, pair) => sum + pair.part, 0),
    notCompared,
    pairsInAll: all.length,
    pairs: all
      .toSorted((x, y) => y.same - x.same || y.part - x.part || x.rank - y.rank || x.before - y.before)
      .slice(0, MOST_PAIRS)
      .map(({ rank: _rank, before: _before, ...pair }) => pair),
  };
}

type MayShare = (rank: number, before: number) => boolean;
type Tell = (at: number, found: NonNullable<Duplicate>, before: number) => void;

/** Flows of one pass, by a 64-bit hash of their five-tuple and depth. */
class FlowsByTuple {
  size = 0;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #rank: Uint32Array;
  readonly #row: Uint16Array;
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  /** Float32 rounds alike what is alike; sums are taken in float64. */
  readonly #packets: Float32Array;
  readonly #scaledPackets: Float32Array;
  readonly #scaledBytes: Float32Array;
  /** Flows with one hash, and over them: the greatest end so far, and sums before each. */
  #run = new Uint32Array(64);
  #reach = new Float64Array(64);
  #packetsBefore = new Float64Array(65);
  #scaledPacketsBefore = new Float64Array(65);
  #scaledBytesBefore = new Float64Array(65);
  /** Where in the run the flows of each evidence begin, and the end of all. */
  readonly #parts: number[] = [];
  readonly #flow: Extent = { flows: 1, start: 0, end: 0, packets: 0, scaledPackets: 0, scaledBytes: 0 };
  readonly #seen: Extent = { ...this.#flow };

  constructor(capacity: number) {
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#rank = new Uint32Array(capacity);
    this.#row = new Uint16Array(capacity);
    this.#start = new Float64Array(capacity);
    this.#end = new Float64Array(capacity);
    this.#packets = new Float32Array(capacity);
    this.#scaledPackets = new Float32Array(capacity);
    this.#scaledBytes = new Float32Array(capacity);
  }

  clear(): void {
    this.size = 0;
  }

  /** Row, in its segment, of the flow added as number `at`. */
  rowOf(at: number): number {
    return this.#row[at];
  }

  /** Adds the segment's flows of this pass. Returns how many had no room. */
  addSegment(reader: CaseReader, { info, rank, span }: SegmentToCompare, pass: number, passes: number): number {
    const [start, end] = [reader.column(info, 'start'), reader.column(info, 'end')];
    const [initiator, responder] = [reader.column(info, 'initiator'), reader.column(info, 'responder')];
    const [initiatorPort, responderPort] = [reader.column(info, 'initiatorPort'), reader.column(info, 'responderPort')];
    const [transport, depth] = [reader.column(info, 'transport'), reader.column(info, 'depth')];
    const [packetsOut, packetsIn] = [reader.column(info, 'packetsOut'), reader.column(info, 'packetsIn')];
    const [bytesOut, bytesIn] = [reader.column(info, 'bytesOut'), reader.column(info, 'bytesIn')];
    const sampling = reader.column(info, 'sampling');
    const capacity = this.#high.length;
    const hash = new TupleHash();
    let withoutRoom = 0;
    for (let row = 0; row < info.rows; row++) {
      const from = start[row];
      const to = end[row] > from ? end[row] : from;
      if (!(from <= span.to && to >= span.from)) continue;
      hash.take(initiator, responder, row * 4, initiatorPort[row], responderPort[row], transport[row], depth[row]);
      if (passes > 1 && hash.low % passes !== pass) continue;
      if (this.size === capacity) {
        withoutRoom++;
        continue;
      }
      const at = this.size++;
      const packets = packetsOut[row] + packetsIn[row];
      const rate = sampling[row] || 1;
      this.#high[at] = hash.high;
      this.#low[at] = hash.low;
      this.#rank[at] = rank;
      this.#row[at] = row;
      this.#start[at] = from;
      this.#end[at] = to;
      this.#packets[at] = packets;
      this.#scaledPackets[at] = packets * rate;
      this.#scaledBytes[at] = (bytesOut[row] + bytesIn[row]) * rate;
    }
    return withoutRoom;
  }

  /**
   * Tells each flow that evidence before its own holds too, and which (the first with all of it, else with a part).
   *
   * @param mayShare whether evidence of these ranks overlaps at all
   */
  compare(mayShare: MayShare, tell: Tell): void {
    const [low, rank] = [this.#low, this.#rank];
    const { sorted: high, places: order } = sortedWithPlaces(this.#high, this.size);
    for (let from = 0, to = 0; from < order.length; from = to) {
      for (to = from + 1; to < order.length && high[to] === high[from]; to++);
      // Flows were added evidence by evidence, and the order keeps that.
      if (to - from === 1 || rank[order[from]] === rank[order[to - 1]]) continue;
      this.#takeRun(order, from, to);
      const run = this.#run;
      for (let first = 0, next = 0; first < to - from; first = next) {
        for (next = first + 1; next < to - from && low[run[next]] === low[run[first]]; next++);
        if (rank[run[first]] !== rank[run[next - 1]]) this.#compareTuple(first, next, mayShare, tell);
      }
    }
  }

  /** Puts the flows that stand from `from` to `to` - 1 of the order into the run: by hash, evidence and start. */
  #takeRun(order: Uint32Array, from: number, to: number): void {
    const length = to - from;
    if (this.#run.length < length) {
      this.#run = new Uint32Array(length * 2);
      this.#reach = new Float64Array(length * 2);
      this.#packetsBefore = new Float64Array(length * 2 + 1);
      this.#scaledPacketsBefore = new Float64Array(length * 2 + 1);
      this.#scaledBytesBefore = new Float64Array(length * 2 + 1);
    }
    const [low, rank, start, run] = [this.#low, this.#rank, this.#start, this.#run];
    const byPlace = (x: number, y: number): number =>
      low[x] - low[y] || rank[x] - rank[y] || start[x] - start[y] || x - y;
    let isSorted = true;
    for (let i = 0; i < length; i++) {
      run[i] = order[from + i];
      if (i > 0 && byPlace(run[i - 1], run[i]) > 0) isSorted = false;
    }
    if (!isSorted) run.subarray(0, length).sort(byPlace);
  }

  /** Compares the flows of one five-tuple, which stand from `from` to `to` - 1 of the run. */
  #compareTuple(from: number, to: number, mayShare: MayShare, tell: Tell): void {
    this.#sumUp(from, to);
    const [run, rank, parts, flow, seen] = [this.#run, this.#rank, this.#parts, this.#flow, this.#seen];
    parts.length = 0;
    for (let i = from; i < to; i++) if (i === from || rank[run[i]] !== rank[run[i - 1]]) parts.push(i);
    parts.push(to);
    for (let part = 1; part + 1 < parts.length; part++) {
      for (let i = parts[part]; i < parts[part + 1]; i++) {
        const at = run[i];
        flow.start = this.#start[at];
        flow.end = this.#end[at];
        flow.packets = this.#packets[at];
        flow.scaledPackets = this.#scaledPackets[at];
        flow.scaledBytes = this.#scaledBytes[at];
        let found: Duplicate = null;
        let before = 0;
        for (let earlier = 0; earlier < part && found !== 'same'; earlier++) {
          const first = parts[earlier];
          const next = parts[earlier + 1];
          // Only where nothing was seen at the very time may a clock be off.
          const isSeen =
            mayShare(rank[at], rank[run[first]]) &&
            (this.#seenAround(first, next, 0) || this.#seenAround(first, next, CLOCK_SLACK));
          const compared = isSeen ? compareExtents(flow, seen) : null;
          if (compared === null || compared === found) continue;
          found = compared;
          before = rank[run[first]];
        }
        if (found !== null) tell(at, found, before);
      }
    }
  }

  /** Fills reach and sums, the reach anew at each evidence. */
  #sumUp(from: number, to: number): void {
    const [run, rank] = [this.#run, this.#rank];
    for (let i = from; i < to; i++) {
      const at = run[i];
      const follows = i > from && rank[at] === rank[run[i - 1]];
      this.#reach[i] = Math.max(this.#end[at], follows ? this.#reach[i - 1] : -Infinity);
      this.#packetsBefore[i + 1] = this.#packetsBefore[i] + this.#packets[at];
      this.#scaledPacketsBefore[i + 1] = this.#scaledPacketsBefore[i] + this.#scaledPackets[at];
      this.#scaledBytesBefore[i + 1] = this.#scaledBytesBefore[i] + this.#scaledBytes[at];
    }
  }

  /** Puts together what one evidence (`first` to `next` - 1 of the run) saw within `slack` of the flow; false when nothing. */
  #seenAround(first: number, next: number, slack: number): boolean {
    const [run, flow, seen] = [this.#run, this.#flow, this.#seen];
    let from = first;
    let to = next;
    if (next - first > FEW) {
      from = firstWhere(first, next, (i) => this.#reach[i] >= flow.start - slack);
      to = firstWhere(from, next, (i) => this.#start[run[i]] > flow.end + slack);
    } else {
      while (from < next && this.#reach[from] < flow.start - slack) from++;
      while (to > from && this.#start[run[to - 1]] > flow.end + slack) to--;
    }
    if (from === to) return false;
    seen.flows = to - from;
    seen.start = this.#start[run[from]];
    seen.end = this.#reach[to - 1];
    seen.packets = this.#packetsBefore[to] - this.#packetsBefore[from];
    seen.scaledPackets = this.#scaledPacketsBefore[to] - this.#scaledPacketsBefore[from];
    seen.scaledBytes = this.#scaledBytesBefore[to] - this.#scaledBytesBefore[from];
    return true;
  }
}

/** The first index from `from` to `to` - 1 for which `holds`, which holds for all after it; else `to`. */
function firstWhere(from: number, to: number, holds: (index: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first `size` numbers in ascending order, and where each stood; equal ones keep their order (radix sort). */
function sortedWithPlaces(numbers: Uint32Array, size: number): { sorted: Uint32Array; places: Uint32Array } {
  let sorted = numbers.subarray(0, size);
  let places = new Uint32Array(size).map((_, i) => i);
  for (const shift of [0, 16]) {
    const next = new Uint32Array(65_537);
    for (let i = 0; i < size; i++) next[((sorted[i] >>> shift) & 0xffff) + 1]++;
    for (let digit = 0; digit < 65_536; digit++) next[digit + 1] += next[digit];
    const [movedNumbers, movedPlaces] = [new Uint32Array(size), new Uint32Array(size)];
    for (let i = 0; i < size; i++) {
      const to = next[(sorted[i] >>> shift) & 0xffff]++;
      movedNumbers[to] = sorted[i];
      movedPlaces[to] = places[i];
    }
    [sorted, places] = [movedNumbers, movedPlaces];
  }
  return { sorted, places };
}

/**
 * Two 32-bit hashes (MurmurHash3, Appleby 2011, with different constants) of a five-tuple and its depth. Ends are hashed in
 * the order of their addresses and ports, so that both orientations give the same; of ICMP as they are, since type and
 * code belong to the flow and the type tells who asked.
 */
class TupleHash {
  high = 0;
  low = 0;

  take(
    initiator: ArrayLike<number>,
    responder: ArrayLike<number>,
    at: number,
    initiatorPort: number,
    responderPort: number,
    transport: number,
    depth: number,
  ): void {
    this.high = 0;
    this.low = 1;
    const isIcmp = transport === ICMP || transport === ICMP6;
    if (isIcmp || endsInOrder(initiator, responder, at, initiatorPort, responderPort)) {
      this.#takeEnds(initiator, responder, at);
      this.#takeWord((initiatorPort << 16) | responderPort);
    } else {
      this.#takeEnds(responder, initiator, at);
      this.#takeWord((responderPort << 16) | initiatorPort);
    }
    this.#takeWord((depth << 8) | transport);
    this.high = finished(this.high);
    this.low = finished(this.low);
  }

  #takeEnds(one: ArrayLike<number>, other: ArrayLike<number>, at: number): void {
    for (let word = at; word < at + 4; word++) this.#takeWord(one[word]);
    for (let word = at; word < at + 4; word++) this.#takeWord(other[word]);
  }

  #takeWord(word: number): void {
    this.high = mixed(this.high, word, 0xcc9e2d51, 0x1b873593);
    this.low = mixed(this.low, word, 0x85ebca77, 0x9e3779b1);
  }
}

function endsInOrder(
  one: ArrayLike<number>,
  other: ArrayLike<number>,
  at: number,
  onePort: number,
  otherPort: number,
): boolean {
  for (let word = at; word < at + 4; word++) if (one[word] !== other[word]) return one[word] < other[word];
  return onePort <= otherPort;
}

function mixed(hash: number, word: number, first: number, second: number): number {
  let k = Math.imul(word, first);
  k = Math.imul((k << 15) | (k >>> 17), second);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
