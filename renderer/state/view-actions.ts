import { useEffect, useRef } from 'react';
import type { ActionId } from '../../shared/actions.ts';

/** Actions that the view in front does: the window offers them, whoever is there takes them. */

type Taker = (action: ActionId) => boolean;

const takers = new Set<{ readonly current: Taker }>();

/** Offers an action to what is shown; false when nothing takes it. */
export function offerAction(action: ActionId): boolean {
  return [...takers].toReversed().some((taker) => taker.current(action));
}

/** While a component is shown it is offered actions; `take` tells whether it did one. */
export function useActions(take: Taker): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    takers.add(latest);
    return () => {
      takers.delete(latest);
    };
  }, []);
}
