import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import { formatAmount, formatBareAmount, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { countryName } from '../../shared/country-name.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** The ranking of countries: one stop for the keyboard, in step with the map. */

/** Countries listed before the rest is asked for. */
const SHOWN = 30;

export interface CountryAmount {
  /** null: no country table holds the peer. */
  readonly code: string | null;
  readonly value: number;
  readonly share: number | null;
  readonly flows: number;
}

export function amountsOf(rows: readonly SummaryRowValue[]): CountryAmount[] {
  return rows.map((row) => ({
    code: typeof row['country'] === 'string' ? row['country'] : null,
    value: Number(row['value'] ?? 0),
    share: typeof row['share'] === 'number' ? row['share'] : null,
    flows: Number(row['flows'] ?? 0),
  }));
}

export function nameOf(code: string): string {
  return countryName(code) ?? visibleText(code);
}

/** The ranking: one stop for the keyboard, in step with the map. */
export function CountryList(props: {
  countries: readonly CountryAmount[];
  swatchOf: (country: CountryAmount) => string;
  isDrawn: (code: string) => boolean;
  /** What stands in the last column, and what more is told of a country. */
  lastOf: (country: CountryAmount) => string;
  notesOf: (code: string) => readonly string[];
  pointed: string | null;
  selected: string | null;
  highlighted: readonly string[];
  onPoint: (code: string | null) => void;
  onSelect: (code: string) => void;
  onFilter: (code: string) => void;
  onEscape: () => void;
}): ReactNode {
  const { countries, swatchOf, isDrawn, pointed, selected, onPoint, onSelect, onFilter, onEscape } = props;
  const { metric } = useWorkbench();
  const [isLong, setLong] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const shown = isLong ? countries : countries.slice(0, SHOWN);
  const idOf = (code: string | null): string => `map-country-${shown.findIndex((country) => country.code === code)}`;
  const current = shown.some(({ code }) => code === pointed) ? pointed : null;

  useEffect(() => {
    if (current !== null) list.current?.querySelector('.pointed')?.scrollIntoView({ block: 'nearest' });
  }, [current]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      onEscape();
      return;
    }
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (current !== null) onSelect(current);
      return;
    }
    const move = { ArrowUp: -1, ArrowDown: 1, Home: -shown.length, End: shown.length }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const from = shown.findIndex(({ code }) => code === (current ?? selected));
    const next = shown[Math.max(0, Math.min(shown.length - 1, from + move))];
    if (next !== undefined) onPoint(next.code);
  };

  return (
    <div className="country-list">
      <ul
        ref={list}
        role="listbox"
        aria-label={say('Countries by amount. Enter opens one.')}
        tabIndex={0}
        aria-activedescendant={current === null ? undefined : idOf(current)}
        onKeyDown={onKeyDown}
        onPointerLeave={() => onPoint(null)}
      >
        {shown.map((country) => {
          const { code, value, flows } = country;
          const notes = code === null ? [] : props.notesOf(code);
          return code === null ? null : (
            <li
              key={code}
              id={idOf(code)}
              role="option"
              aria-selected={code === selected}
              className={`${code === current ? 'pointed' : ''}${props.highlighted.includes(code) ? ' highlighted' : ''}`}
              title={[
                `${nameOf(code)}: ${formatAmount(metric, value)}, ${say('{flows} flows', { flows: formatCount(flows) })}`,
                ...notes,
              ].join('; ')}
              onPointerEnter={() => onPoint(code)}
              onClick={() => onSelect(code)}
              onDoubleClick={() => onFilter(code)}
            >
              <span className={`map-swatch ${swatchOf(country)}`} />
              <span className="code">{visibleText(code)}</span>
              <span className="clip">
                {nameOf(code)}
                {!isDrawn(code) && <span className="quiet"> {say('(not on the map)')}</span>}
                {notes.length > 0 && <span className="hatch-sign" aria-label={say('tables disagree')} role="img" />}
              </span>
              <span className="number">{formatBareAmount(metric, value)}</span>
              <span className="number quiet">{props.lastOf(country)}</span>
            </li>
          );
        })}
      </ul>
      {countries.length > SHOWN && (
        <button type="button" className="quiet small more" onClick={() => setLong(!isLong)}>
          {isLong
            ? say('Show the first {most}', { most: SHOWN })
            : say('Show all {countries}', { countries: formatCount(countries.length) })}
        </button>
      )}
    </div>
  );
}
