import { useEffect, useState } from 'react';
import type { TextPreview } from '../../shared/jobs.ts';
import type { Mapping } from '../../shared/mapping.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { ask } from '../bridge-access.ts';

/** What comes of a text export or a Parquet file under a mapping, asked for while the mapping is made. */

interface Previewed {
  readonly preview: TextPreview | null;
  readonly error: ErrorValue | null;
  readonly pending: boolean;
}

/** Asks what comes of a file, a while after path or mapping changed last. `when` false asks nothing. */
export function useTextPreview(path: string, mapping: Mapping | null, delay: number, when = true): Previewed {
  const key = JSON.stringify([path, mapping]);
  const [state, setState] = useState<{ key: string; preview: TextPreview | null; error: ErrorValue | null }>({
    key: '',
    preview: null,
    error: null,
  });
  useEffect(() => {
    if (!when) return undefined;
    let current = true;
    const load = async (): Promise<void> => {
      const answer = await ask('previewText', { path, mapping });
      if (!current) return;
      setState(answer.ok ? { key, preview: answer.value, error: null } : { key, preview: null, error: answer.error });
    };
    const timer = setTimeout(() => void load(), delay);
    return () => {
      current = false;
      clearTimeout(timer);
    };
    // The key stands for path and mapping.
  }, [key, delay, when]);
  return { preview: state.preview, error: state.error, pending: when && state.key !== key };
}
