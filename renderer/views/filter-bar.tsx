import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { activityFilter } from '../../shared/activity.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS } from '../../shared/finding.ts';
import { formatCount, formatShare } from '../../shared/number-format.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { type Completion, type KnownValues, completeFilter } from '../state/filter-completion.ts';
import { holdsFilter, joinFilters, withoutFilter } from '../state/time-filter.ts';
import { useWorkbench } from '../state/workbench.ts';
import { sayFilterFault } from '../../shared/text/say-filter-fault.ts';
import { say } from '../../shared/text/say.ts';

/** The one filter of all views, and the metric they count in. */

interface FilterFault {
  /** Column from 1; null when the fault has no place. */
  readonly column: number | null;
  readonly text: string;
  readonly remedy: string;
}

/** What is wrong with a filter; null when nothing is. */
export function filterFault(text: string): FilterFault | null {
  try {
    parseFilter(text);
    return null;
  } catch (error) {
    if (!(error instanceof EnclaveError)) throw error;
    const match = /^filter, column (\d+): ([^]*)$/.exec(error.message);
    return match === null
      ? { column: null, text: error.message, remedy: error.remedy }
      : { column: Number(match[1]), text: match[2] ?? '', remedy: error.remedy };
  }
}

function useKnownValues(): KnownValues {
  const { version } = useWorkbench();
  const service = useAsk('summary', { by: ['service'], metric: 'flows', where: '' }, version).value;
  const country = useAsk('summary', { by: ['country'], metric: 'flows', where: '' }, version).value;
  const category = useAsk('summary', { by: ['category'], metric: 'flows', where: '' }, version).value;
  const protocol = useAsk('summary', { by: ['protocol'], metric: 'flows', where: '' }, version).value;
  const range = useAsk('summary', { by: ['range'], metric: 'flows', where: '' }, version).value;
  return useMemo(() => {
    const column = (rows: typeof service, name: string): string[] =>
      (rows ?? []).flatMap((row) => (typeof row[name] === 'string' ? [row[name]] : []));
    return {
      service: column(service, 'service'),
      country: column(country, 'country'),
      category: column(category, 'category'),
      protocol: column(protocol, 'protocol'),
      range: column(range, 'range'),
    };
  }, [service, country, category, protocol, range]);
}

export function MetricSwitch(): ReactNode {
  const { metric, setMetric } = useWorkbench();
  return (
    <fieldset className="segmented">
      <legend className="hidden">{say('Count in')}</legend>
      {METRICS.map((name) => (
        <label key={name}>
          <input type="radio" name="metric" checked={name === metric} onChange={() => setMetric(name)} />
          <span>{say(name)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Matches(): ReactNode {
  const { where, version, overview } = useWorkbench();
  const { value, error, pending } = useAsk('flowsPage', { where, offset: 0, limit: 0 }, version);
  if (error !== null) return <span className="matches bad">{error.message}</span>;
  if (value === null) return <span className="matches" />;
  const { total } = value;
  return (
    <span className="matches" aria-busy={pending} aria-live="polite">
      <strong>{formatCount(total)}</strong>{' '}
      {say('of {flows} flows ({share})', {
        flows: formatCount(overview.flows),
        share: formatShare(total / overview.flows),
      })}
    </span>
  );
}

export const FilterBar = memo(function FilterBar(): ReactNode {
  const { where, setWhere, overview, recentFilters } = useWorkbench();
  const [text, setText] = useState(where);
  const [cursor, setCursor] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const known = useKnownValues();
  useEffect(() => setText(where), [where]);

  const fault = text === where ? null : filterFault(text);
  const isDirty = text !== where;
  const completion: Completion | null = cursor === null ? null : completeFilter(text, cursor, known, recentFilters);
  const choices = completion?.choices ?? [];
  const activity = activityFilter(overview.profile, overview.leaveOutDuplicates);
  const showsFault = fault !== null && (cursor === null || choices.length === 0);
  const onlyActivity = holdsFilter(where, activity);

  const apply = (next: string): void => {
    // Of a faulty filter the fault is told, which completions would cover.
    setCursor(null);
    setChosen(-1);
    if (filterFault(next) !== null) return;
    setWhere(next.trim());
  };
  const accept = (index: number): void => {
    const choice = choices[index];
    if (completion === null || choice === undefined) return;
    if (choice.isWhole === true) {
      setText(choice.text);
      apply(choice.text);
      return;
    }
    const after = text.slice(completion.to);
    const word = `${choice.text}${after.startsWith(' ') ? '' : ' '}`;
    const next = text.slice(0, completion.from) + word + after;
    const at = completion.from + word.length + (after.startsWith(' ') ? 1 : 0);
    setText(next);
    setChosen(-1);
    setCursor(at);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(at, at);
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' && choices.length > 0) setChosen((chosen + 1) % choices.length);
    else if (event.key === 'ArrowUp' && choices.length > 0) setChosen(chosen <= 0 ? choices.length - 1 : chosen - 1);
    else if (event.key === 'Tab' && !event.shiftKey && chosen >= 0) accept(chosen);
    else if (event.key === 'Enter') {
      if (chosen >= 0) accept(chosen);
      else apply(text);
    } else if (event.key === 'Escape') {
      if (cursor === null) setText(where);
      setCursor(null);
      setChosen(-1);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="filter-bar">
      <div className="filter-line">
        <div className={showsFault ? 'filter-field faulty' : 'filter-field'}>
          <label htmlFor="filter">{say('Filter')}</label>
          <div className="filter-input">
            <input
              ref={input}
              id="filter"
              className="mono"
              spellCheck={false}
              autoComplete="off"
              role="combobox"
              aria-expanded={choices.length > 0}
              aria-controls="filter-choices"
              aria-activedescendant={chosen >= 0 ? `filter-choice-${chosen}` : undefined}
              aria-invalid={showsFault}
              aria-describedby={showsFault ? 'filter-fault' : undefined}
              placeholder={say('every flow – for instance: category in (gaming, streaming) and country = CN')}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setCursor(event.target.selectionStart);
                setChosen(-1);
              }}
              onClick={(event) => setCursor(event.currentTarget.selectionStart)}
              onKeyDown={onKeyDown}
              onBlur={() => setCursor(null)}
            />
            {choices.length > 0 && (
              <ul id="filter-choices" role="listbox" aria-label={say('Completions')}>
                {choices.map((choice, i) => (
                  <li
                    key={`${choice.isWhole === true ? 'whole ' : ''}${choice.text}`}
                    id={`filter-choice-${i}`}
                    role="option"
                    aria-selected={i === chosen}
                    onPointerDown={(event) => {
                      event.preventDefault();
                      accept(i);
                    }}
                  >
                    <span className="mono">{choice.text}</span>
                    {choice.note !== '' && <span className="quiet">{choice.note}</span>}
                  </li>
                ))}
              </ul>
            )}
          </div>
          {isDirty && (
            <button type="button" className="primary small" disabled={fault !== null} onClick={() => apply(text)}>
              {say('Apply ⏎')}
            </button>
          )}
          {text !== '' && (
            <button
              type="button"
              className="quiet small"
              onClick={() => {
                setText('');
                apply('');
              }}
            >
              {say('Clear')}
            </button>
          )}
        </div>
        <MetricSwitch />
      </div>
      {showsFault && <FaultLine fault={fault} text={text} />}
      <div className="filter-foot">
        <Matches />
        <label className="check" title={activity}>
          <input
            type="checkbox"
            checked={onlyActivity}
            onChange={() => setWhere(onlyActivity ? withoutFilter(where, activity) : joinFilters(where, activity))}
          />
          {say('only activity')}{' '}
          <span className="quiet">{say('(opened inside the ranges, no servers, no scans: what findings count)')}</span>
        </label>
      </div>
    </div>
  );
});

function FaultLine({ fault, text }: { fault: FilterFault; text: string }): ReactNode {
  const characters = Array.from(text);
  const at = (fault.column ?? 1) - 1;
  const piece = /^\S*/u.exec(characters.slice(at).join(''))?.[0] ?? '';
  // The whole list of fields is what the completion offers.
  const isFieldList = fault.remedy.startsWith('fields are');
  return (
    <div id="filter-fault" className="filter-fault" role="status">
      {fault.column !== null && (
        <code>
          {at > 24 ? '…' : ''}
          {characters.slice(Math.max(0, at - 24), at).join('')}
          <mark>{piece === '' ? ' ' : piece.slice(0, 40)}</mark>
        </code>
      )}
      <span>
        <strong>{fault.column === null ? '' : say('Column {column}: ', { column: fault.column })}</strong>
        {sayFilterFault(fault.text)}.
        {isFieldList ? null : <span className="quiet"> {visibleText(sayFilterFault(fault.remedy))}.</span>}
      </span>
    </div>
  );
}
