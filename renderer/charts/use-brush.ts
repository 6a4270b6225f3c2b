import { type KeyboardEvent, type PointerEvent, type RefObject, useRef, useState } from 'react';

/** First and last bin, both inclusive. */
export type BinSpan = readonly [number, number];

export interface Brush {
  readonly svg: RefObject<SVGSVGElement | null>;
  /** The brush as it is drawn: while it is dragged, not yet the chosen one. */
  readonly shown: BinSpan | null;
  readonly handlers: {
    readonly onKeyDown: (event: KeyboardEvent) => void;
    readonly onPointerDown: (event: PointerEvent) => void;
    readonly onPointerMove: (event: PointerEvent) => void;
    readonly onPointerUp: () => void;
    readonly onPointerCancel: () => void;
    readonly onPointerLeave: () => void;
  };
}

/** A brush in whole bins: drag, or Shift and arrow keys; Escape or a click takes it away. */
export function useBrush(props: {
  readonly bins: number;
  /** Where the bins begin and end in the drawing, pixels. */
  readonly left: number;
  readonly right: number;
  readonly brush: BinSpan | null;
  readonly cursor: number | null;
  readonly onCursor: (bin: number | null) => void;
  readonly onBrush: (bins: BinSpan | null) => void;
  /** While it is dragged: where it would be let go now; null when the drag came to nothing. */
  readonly onDrag?: (bins: BinSpan | null) => void;
}): Brush {
  const { bins, left, right, brush, cursor, onCursor, onBrush, onDrag } = props;
  const [drag, setDrag] = useState<{ start: number; now: number } | null>(null);
  const svg = useRef<SVGSVGElement>(null);

  const binAt = (event: PointerEvent): number => {
    const box = svg.current?.getBoundingClientRect();
    const share = (event.clientX - (box?.left ?? 0) - left) / Math.max(1, right - left);
    return Math.max(0, Math.min(bins - 1, Math.floor(share * bins)));
  };
  const ordered = (a: number, b: number): BinSpan => [Math.min(a, b), Math.max(a, b)];

  return {
    svg,
    shown: drag === null ? brush : ordered(drag.start, drag.now),
    handlers: {
      onKeyDown(event) {
        if (event.key === 'Escape') {
          onBrush(null);
          onCursor(null);
          return;
        }
        if (event.altKey || event.ctrlKey || event.metaKey) return;
        const move = { ArrowLeft: -1, ArrowRight: 1, Home: -bins, End: bins }[event.key];
        if (move === undefined) return;
        event.preventDefault();
        const from = cursor ?? (move > 0 ? -1 : bins);
        const next = Math.max(0, Math.min(bins - 1, from + move));
        onCursor(next);
        if (!event.shiftKey) return;
        const anchor = brush === null ? Math.max(0, Math.min(bins - 1, from)) : from <= brush[0] ? brush[1] : brush[0];
        onBrush(ordered(anchor, next));
      },
      onPointerDown(event) {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const bin = binAt(event);
        setDrag({ start: bin, now: bin });
      },
      onPointerMove(event) {
        const bin = binAt(event);
        onCursor(bin);
        if (drag === null || bin === drag.now) return;
        setDrag({ ...drag, now: bin });
        onDrag?.(ordered(drag.start, bin));
      },
      onPointerUp() {
        if (drag === null) return;
        const chosen = ordered(drag.start, drag.now);
        const again = brush !== null && chosen[0] === chosen[1] && chosen[0] >= brush[0] && chosen[0] <= brush[1];
        onBrush(again ? null : chosen);
        setDrag(null);
      },
      onPointerCancel() {
        setDrag(null);
        onDrag?.(null);
      },
      onPointerLeave: () => onCursor(null),
    },
  };
}
