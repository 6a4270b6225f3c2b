/** A span of address numbers, both ends included, with the value that a source gives it (0 = none). */
export interface AddressSpan {
  readonly first: bigint;
  readonly last: bigint;
  readonly value: number;
  /** True for spans that win over every other one, whatever their size. */
  readonly fixed?: boolean;
}

/** Disjoint runs that cover the whole number line: run i goes from `starts[i]` to before `starts[i + 1]`. */
export interface FlatRanges {
  readonly starts: bigint[];
  readonly values: number[];
}

/**
 * Resolves overlapping spans into disjoint runs. Where spans overlap the smallest wins, of equals the later one; a
 * `fixed` span wins always. Neighbouring runs of one value are joined, gaps become runs of value 0, the first run
 * starts at 0, none at or after `end`.
 */
export function flattenRanges(spans: readonly AddressSpan[], end: bigint): FlatRanges {
  const order = spans.map((span, position) => ({ span, position }));
  order.sort((x, y) => compare(x.span.first, y.span.first) || x.position - y.position);
  const points = [...new Set(spans.flatMap((span) => [span.first, span.last + 1n]))].toSorted(compare);

  const starts: bigint[] = [];
  const values: number[] = [];
  const emit = (start: bigint, value: number): void => {
    if (start >= end || values.at(-1) === value) return;
    starts.push(start);
    values.push(value);
  };
  if (points[0] !== 0n) emit(0n, 0);

  let active: { span: AddressSpan; position: number }[] = [];
  let next = 0;
  for (const point of points) {
    active = active.filter(({ span }) => span.last >= point);
    for (let entry = order[next]; entry && entry.span.first === point; entry = order[++next]) active.push(entry);
    let best = active[0];
    for (const entry of active) if (best && winsOver(entry, best)) best = entry;
    emit(point, best?.span.value ?? 0);
  }
  return { starts, values };
}

function winsOver(x: { span: AddressSpan; position: number }, y: { span: AddressSpan; position: number }): boolean {
  if ((x.span.fixed ?? false) !== (y.span.fixed ?? false)) return x.span.fixed ?? false;
  const difference = compare(x.span.last - x.span.first, y.span.last - y.span.first);
  return difference < 0 || (difference === 0 && x.position > y.position);
}

function compare(x: bigint, y: bigint): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
