import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import type { TimeSpan } from '../../shared/bridge.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { useRecordVersion } from '../state/record-version.ts';
import { splitTime } from '../state/time-filter.ts';
import { wholeHours } from '../state/whole-hours.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** The dates of one of two periods: typed, of the chosen span or of a kept state. */

export const NAMES = ['A', 'B'] as const;

export function PeriodForm(props: {
  side: 0 | 1;
  period: TimeSpan | null;
  /** What could be typed. */
  hint: TimeSpan;
  onSet: (period: TimeSpan | null) => void;
}): ReactNode {
  const { side, period, hint, onSet } = props;
  const { where } = useWorkbench();
  const states = useAsk('keptStates', null, useRecordVersion()).value ?? [];
  const [draft, setDraft] = useState({ from: period?.from ?? '', to: period?.to ?? '' });
  useEffect(() => setDraft({ from: period?.from ?? '', to: period?.to ?? '' }), [period]);
  const chosen = wholeHours(splitTime(where));
  const stated = wholeHours(draft);
  const isWrong = (draft.from !== '' || draft.to !== '') && stated === null;
  const kept = states.flatMap(({ name, filter }) => {
    const span = wholeHours(splitTime(filter));
    return span === null ? [] : [{ name, span }];
  });
  const field = (name: 'from' | 'to', title: string): ReactNode => (
    <label>
      {title}
      <input
        className="mono"
        size={14}
        value={draft[name]}
        placeholder={hint[name]}
        aria-label={say('Period {side} {title}', { side: NAMES[side], title })}
        aria-invalid={isWrong}
        onChange={({ target }) => setDraft({ ...draft, [name]: target.value.trim() })}
        onBlur={() => {
          if (stated !== null) onSet(stated);
        }}
      />
    </label>
  );
  return (
    <form
      className="span-form"
      aria-label={say('Period {side}', { side: NAMES[side] })}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (stated !== null) onSet(stated);
      }}
    >
      <strong>{NAMES[side]}</strong>
      {field('from', say('from'))}
      {field('to', say('to before'))}
      <button type="submit" hidden>
        {say('Set')}
      </button>
      <button
        type="button"
        className="small"
        disabled={chosen === null}
        title={say('The span that is chosen on the timeline, in whole hours')}
        onClick={() => onSet(chosen)}
      >
        {say('Chosen span')}
      </button>
      {kept.length > 0 && (
        <select
          aria-label={say('Period {side} of a kept state', { side: NAMES[side] })}
          value=""
          onChange={({ target }) => onSet(kept.find(({ name }) => name === target.value)?.span ?? null)}
        >
          <option value="">{say('Kept state…')}</option>
          {kept.map(({ name }) => (
            <option key={name} value={name}>
              {visibleText(name)}
            </option>
          ))}
        </select>
      )}
    </form>
  );
}
