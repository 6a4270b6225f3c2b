import { startTransition, useCallback, useRef, useState } from 'react';
import type { FlowRecord } from '../../shared/flow.ts';
import type { FlowOrder } from '../../shared/flow-order.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { ask } from '../bridge-access.ts';

/** The flows in view, asked for a page at a time. */

export const PAGE_ROWS = 50;
/** Pages kept, least recently used out. */
const PAGES_KEPT = 96;

/** A list of flows: those of a filter in one order and one state of the case. */
export interface FlowListing {
  readonly listed: string;
  readonly where: string;
}

export interface FlowRows {
  readonly error: ErrorValue | null;
  /** Stands for the order and the state of the case that rows are asked for in now. */
  readonly listed: string;
  /** A flow of a list, by its number from 0; null while its page is on its way. */
  readonly flow: (of: FlowListing, row: number) => FlowRecord | null;
  /** Sees to it that flows `first` to `last` of a filter come. Another function for another order or state of the case. */
  readonly want: (where: string, first: number, last: number) => void;
}

/** Keeps pages of flows of some filters, for one order (null: as stored) and one state of the case after the other. */
export function useFlowRows(order: FlowOrder | null, version: number): FlowRows {
  const listed = `${version}/${order?.by ?? ''}/${order?.descending ?? ''}`;
  const pages = useRef(new Map<string, readonly FlowRecord[]>());
  const asked = useRef(new Set<string>());
  const [state, setState] = useState<{ error: ErrorValue | null; loaded: number }>({ error: null, loaded: 0 });

  const load = useCallback(
    async (where: string, page: number): Promise<void> => {
      const name = pageName({ listed, where }, page);
      if (asked.current.has(name)) return;
      const known = pages.current.get(name);
      if (known !== undefined) {
        pages.current.delete(name);
        pages.current.set(name, known);
        return;
      }
      asked.current.add(name);
      const at = { where, offset: page * PAGE_ROWS, limit: PAGE_ROWS };
      const answer = await ask('flowsPage', order === null ? at : { ...at, order });
      asked.current.delete(name);
      if (!answer.ok) {
        setState((before) => ({ ...before, error: answer.error }));
        return;
      }
      pages.current.set(name, answer.value.flows);
      for (const oldest of pages.current.keys()) {
        if (pages.current.size <= PAGES_KEPT) break;
        pages.current.delete(oldest);
      }
      // With what else was answered meanwhile.
      startTransition(() => setState((before) => ({ error: null, loaded: before.loaded + 1 })));
    },
    // It stands for the order.
    [listed],
  );

  const want = useCallback(
    (where: string, first: number, last: number): void => {
      for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++)
        void load(where, page);
    },
    [load],
  );

  const flow = useCallback((of: FlowListing, row: number): FlowRecord | null => {
    return pages.current.get(pageName(of, Math.floor(row / PAGE_ROWS)))?.[row % PAGE_ROWS] ?? null;
  }, []);
  return { error: state.error, listed, flow, want };
}

function pageName({ listed, where }: FlowListing, page: number): string {
  return `${listed}/${page}/${where}`;
}
