import { useCallback, useRef, useState } from 'react';
import type { FlowRecord } from '../../shared/flow.ts';
import type { FlowOrder } from '../../shared/flow-order.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { ask } from '../bridge-access.ts';

/** The flows in view, asked for a page at a time. */

export const PAGE_ROWS = 200;
/** Pages kept, least recently used out. */
const PAGES_KEPT = 24;

export interface FlowRows {
  readonly error: ErrorValue | null;
  /** A flow of a filter, by its number from 0; null while its page is on its way. */
  readonly flow: (where: string, row: number) => FlowRecord | null;
  /** Sees to it that flows `first` to `last` of a filter come. Another function for another order or state of the case. */
  readonly want: (where: string, first: number, last: number) => void;
}

/** Keeps pages of flows of some filters, for one order (null: as stored) and one state of the case. */
export function useFlowRows(order: FlowOrder | null, version: number): FlowRows {
  const key = `${version}/${order?.by ?? ''}/${order?.descending ?? ''}`;
  const pages = useRef(new Map<string, readonly FlowRecord[]>());
  const asked = useRef(new Set<string>());
  const current = useRef(key);
  const [state, setState] = useState<{ error: ErrorValue | null; loaded: number }>({ error: null, loaded: 0 });

  const load = useCallback(
    async (where: string, page: number): Promise<void> => {
      const name = `${page}/${where}`;
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
      if (current.current !== key) return;
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
      setState((before) => ({ error: null, loaded: before.loaded + 1 }));
    },
    // The key stands for the order.
    [key],
  );

  const want = useCallback(
    (where: string, first: number, last: number): void => {
      if (current.current !== key) {
        current.current = key;
        pages.current.clear();
        asked.current.clear();
      }
      for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++)
        void load(where, page);
    },
    [key, load],
  );

  const flow = useCallback((where: string, row: number): FlowRecord | null => {
    return pages.current.get(`${Math.floor(row / PAGE_ROWS)}/${where}`)?.[row % PAGE_ROWS] ?? null;
  }, []);
  return { error: state.error, flow, want };
}
