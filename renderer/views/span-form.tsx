import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { periodHints } from '../state/period-hints.ts';
import { withTime } from '../state/time-filter.ts';
import { useWorkbench } from '../state/workbench.ts';
import { filterFault } from './filter-bar.tsx';
import { say } from '../../shared/text/say.ts';

/** The brush in words, for the keyboard: two times in the profile's zone. */
export function SpanForm({ from, to }: { from: string | null; to: string | null }): ReactNode {
  const { where, setWhere, profileZone, overview } = useWorkbench();
  const [hint] = periodHints(overview, profileZone);
  const [draft, setDraft] = useState({ from: from ?? '', to: to ?? '' });
  useEffect(() => setDraft({ from: from ?? '', to: to ?? '' }), [from, to]);
  const isWrong = (text: string): boolean => text.trim() !== '' && filterFault(`start >= ${text.trim()}`) !== null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isWrong(draft.from) || isWrong(draft.to)) return;
    setWhere(withTime(where, { from: draft.from.trim() || null, to: draft.to.trim() || null }));
  };
  return (
    <form className="span-form" onSubmit={submit}>
      {(['from', 'to'] as const).map((end) => (
        <label key={end}>
          {end === 'from' ? say('From') : say('to before')}
          <input
            className="mono"
            size={16}
            value={draft[end]}
            placeholder={hint[end]}
            aria-invalid={isWrong(draft[end])}
            onChange={(event) => setDraft({ ...draft, [end]: event.target.value })}
          />
        </label>
      ))}
      <button type="submit" className="small">
        {say('Set')}
      </button>
      {(from !== null || to !== null) && (
        <button
          type="button"
          className="quiet small"
          onClick={() => setWhere(withTime(where, { from: null, to: null }))}
        >
          {say('Whole time')}
        </button>
      )}
      <span className="quiet">{profileZone}</span>
    </form>
  );
}
