import { useEffect, useState } from 'react';
import { type WorldShapes, loadWorld } from '../charts/world-shapes.ts';

/** The shapes of the countries, read once they are wanted. */

export function useWorld(): { world: WorldShapes | null; fault: string | null } {
  const [state, setState] = useState<{ world: WorldShapes | null; fault: string | null }>({ world: null, fault: null });
  useEffect(() => {
    let current = true;
    const load = async (): Promise<void> => {
      try {
        const world = await loadWorld();
        if (current) setState({ world, fault: null });
      } catch (error) {
        if (current) setState({ world: null, fault: error instanceof Error ? error.message : String(error) });
      }
    };
    void load();
    return () => {
      current = false;
    };
  }, []);
  return state;
}
