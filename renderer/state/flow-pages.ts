import { useCallback, useRef, useState } from 'react';
import type { FlowRecord } from '../../shared/flow.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { ask } from '../bridge-access.ts';

/** The flows in view, asked for a page at a time. */

export const PAGE_ROWS = 200;
/** Pages kept, least recently used out. */
const PAGES_KEPT = 24;

export interface FlowPages {
  /** Flows that match, of the filter before until the first page of this one is there; null before any. */
  readonly total: number | null;
  readonly error: ErrorValue | null;
  /** The flow of a row; null while its page is on its way. */
  readonly flow: (row: number) => FlowRecord | null;
  /** Sees to it that rows `first` to `last` come. Another function for another filter or state of the case. */
  readonly want: (first: number, last: number) => void;
}

/** Keeps pages of flows, for one filter and one state of the case. */
export function useFlowPages(where: string, version: number): FlowPages {
  const key = `${version}/${where}`;
  const pages = useRef(new Map<number, readonly FlowRecord[]>());
  const asked = useRef(new Set<number>());
  const current = useRef(key);
  const [state, setState] = useState<{ key: string; total: number | null; error: ErrorValue | null; loaded: number }>({
    key,
    total: null,
    error: null,
    loaded: 0,
  });

  const load = useCallback(
    async (page: number): Promise<void> => {
      if (pages.current.has(page) || asked.current.has(page)) return;
      asked.current.add(page);
      const answer = await ask('flowsPage', { where, offset: page * PAGE_ROWS, limit: PAGE_ROWS });
      if (current.current !== key) return;
      asked.current.delete(page);
      if (!answer.ok) {
        setState((before) => ({ ...before, key, error: answer.error }));
        return;
      }
      const { flows, total } = answer.value;
      pages.current.set(page, flows);
      for (const oldest of pages.current.keys()) {
        if (pages.current.size <= PAGES_KEPT) break;
        pages.current.delete(oldest);
      }
      setState((before) => ({ key, total, error: null, loaded: before.loaded + 1 }));
    },
    [key, where],
  );

  const want = useCallback(
    (first: number, last: number): void => {
      if (current.current !== key) {
        current.current = key;
        pages.current.clear();
        asked.current.clear();
      }
      for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++) void load(page);
    },
    [key, load],
  );

  const flow = useCallback((row: number): FlowRecord | null => {
    return pages.current.get(Math.floor(row / PAGE_ROWS))?.[row % PAGE_ROWS] ?? null;
  }, []);
  return { total: state.total, error: state.error, flow, want };
}
