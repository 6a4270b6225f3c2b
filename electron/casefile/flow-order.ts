import { type FlowRecord, SEGMENT_ROWS } from '../../shared/flow.ts';
import type { FlowOrder } from '../../shared/flow-order.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import type { MatchCounts } from './flow-page.ts';
import { flowRecords } from './flow-records.ts';
import type { FlowSelection } from './flow-selection.ts';
import { orderKeys } from './order-keys.ts';
import { SelectedRows } from './selected-rows.ts';

/** Matching flows in another order than the stored one. */

/** Rows from the top that are found without putting all in order. */
const TOP_ROWS = 1000;
/** Flows that are put in order at most: it takes 16 bytes each, and 4 as long as the order is kept. */
export const MOST_ORDERED = 16_000_000;

/** The order asked for last, by the counts of its filter: places among the matching flows. */
const kept = new WeakMap<MatchCounts, { readonly name: string; readonly places: Uint32Array }>();

/**
 * Matching flows `offset` (from 0) to `offset + limit - 1` in an order; those without the field come last, those alike in
 * stored order. The first thousand are found in one pass; for others all are put in order, which is kept for the next page
 * of the same filter.
 *
 * @throws EnclaveError `too-many-to-order` beyond the first thousand of more than MOST_ORDERED
 */
export function orderedPage(
  reader: CaseReader,
  selection: FlowSelection,
  counts: MatchCounts,
  order: FlowOrder,
  { offset, limit }: { offset: number; limit: number },
): FlowRecord[] {
  const end = Math.min(offset + limit, counts.total);
  if (offset >= end) return [];
  const name = `${order.by}/${order.descending}`;
  const known = kept.get(counts);
  let places = known?.name === name ? known.places : null;
  if (places === null && end <= TOP_ROWS) places = topPlaces(keysOf(reader, selection, order), end);
  if (places === null) {
    if (counts.total > MOST_ORDERED) {
      const remedy = 'narrow the filter, or turn the order round';
      const most = `only the first ${TOP_ROWS} of more than ${MOST_ORDERED / 1e6} million flows can be shown in order`;
      throw new EnclaveError('too-many-to-order', most, '', remedy, 1);
    }
    const keys = new Float64Array(counts.total);
    let at = 0;
    for (const piece of keysOf(reader, selection, order)) {
      keys.set(piece, at);
      at += piece.length;
    }
    places = ascendingPlaces(keys);
    kept.set(counts, { name, places });
  }
  return recordsAt(reader, selection, counts, places.subarray(offset, end));
}

/** Keys of the matching flows, segment by segment, such that the least comes first; the array is used again. */
function* keysOf(reader: CaseReader, selection: FlowSelection, { by, descending }: FlowOrder): Generator<Float64Array> {
  const read = orderKeys(reader, by);
  const selected = new SelectedRows(selection);
  const into = new Float64Array(SEGMENT_ROWS);
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const picked = selected.pick('key', read(segment));
    const { rows } = selected;
    if (descending) for (let n = 0; n < rows; n++) into[n] = -picked[n];
    else for (let n = 0; n < rows; n++) into[n] = picked[n];
    yield into.subarray(0, rows);
  }
}

/** NaN comes last. */
function comesBefore(a: number, b: number): boolean {
  return a < b || (Number.isNaN(b) && !Number.isNaN(a));
}

/** Places of the `count` least keys in their order, ties by place. */
export function topPlaces(pieces: Iterable<ArrayLike<number>>, count: number): Uint32Array {
  let best: { key: number; place: number }[] = [];
  let bound: number | null = null;
  const cut = (): void => {
    best.sort((a, b) => (comesBefore(a.key, b.key) ? -1 : comesBefore(b.key, a.key) ? 1 : a.place - b.place));
    best = best.slice(0, count);
    if (best.length === count) bound = best.at(-1)?.key ?? null;
  };
  let first = 0;
  for (const piece of pieces) {
    for (let n = 0; n < piece.length; n++) {
      const key = piece[n];
      if (bound !== null && !comesBefore(key, bound)) continue;
      best.push({ key, place: first + n });
      if (best.length >= 4 * count) cut();
    }
    first += piece.length;
  }
  cut();
  return Uint32Array.from(best, ({ place }) => place);
}

const DIGITS = 1 << 16;

/** Places by ascending key, NaN last, ties by place: a radix sort of the numbers' bits, 16 at a time. Overwrites the keys. */
export function ascendingPlaces(keys: Float64Array): Uint32Array {
  const { length } = keys;
  const words = new Uint32Array(keys.buffer, keys.byteOffset, length * 2);
  for (let i = 0; i < length; i++) {
    // One NaN and one zero each, and bits that ascend as the numbers do.
    keys[i] = Number.isNaN(keys[i]) ? Number.NaN : keys[i] + 0;
    const high = words[2 * i + 1];
    if (high >>> 31 === 1) {
      words[2 * i] = ~words[2 * i];
      words[2 * i + 1] = ~high;
    } else words[2 * i + 1] = high | 0x8000_0000;
  }
  let places = Uint32Array.from({ length }, (_, i) => i);
  let next = new Uint32Array(length);
  const starts = new Uint32Array(DIGITS);
  for (let digit = 0; digit < 4; digit++) {
    const [word, shift] = [digit >>> 1, (digit & 1) * 16];
    starts.fill(0);
    for (let i = 0; i < length; i++) starts[(words[2 * i + word] >>> shift) & 0xffff]++;
    // All alike in these bits: nothing moves.
    if (length === 0 || starts[(words[word] >>> shift) & 0xffff] === length) continue;
    let sum = 0;
    for (let value = 0; value < DIGITS; value++) {
      const count = starts[value];
      starts[value] = sum;
      sum += count;
    }
    for (let i = 0; i < length; i++) {
      const place = places[i];
      next[starts[(words[2 * place + word] >>> shift) & 0xffff]++] = place;
    }
    [places, next] = [next, places];
  }
  return places;
}

/** The flows at places among the matching ones, in the order of the places. */
function recordsAt(
  reader: CaseReader,
  selection: FlowSelection,
  counts: MatchCounts,
  places: Uint32Array,
): FlowRecord[] {
  const ascending = places.toSorted();
  const selected = new SelectedRows(selection);
  const rowsBySegment = new Map<SegmentInfo, number[]>();
  let [at, before] = [0, 0];
  for (const [index, segment] of counts.segments.entries()) {
    const after = before + (counts.bySegment[index] ?? 0);
    if (at < ascending.length && ascending[at] < after && selected.choose(segment)) {
      const chosen = selected.rowNumbers();
      const rows: number[] = [];
      for (; at < ascending.length && ascending[at] < after; at++) {
        const place = ascending[at] - before;
        rows.push(chosen === null ? place : chosen[place]);
      }
      rowsBySegment.set(segment, rows);
    }
    before = after;
  }
  const atPlaces: FlowSelection = {
    mark(segment, mask) {
      mask.fill(0, 0, segment.rows);
      const rows = rowsBySegment.get(segment) ?? [];
      for (const row of rows) mask[row] = 1;
      return rows.length;
    },
  };
  const byPlace = new Map<number, FlowRecord>();
  let n = 0;
  for (const record of flowRecords(reader, { selection: atPlaces })) byPlace.set(ascending[n++], record);
  return Array.from(places, (place) => byPlace.get(place)).filter((record) => record !== undefined);
}
