import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount, formatBytes, formatCount, formatList, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { MapLegend, WorldMap, amountBounds, shadeOf } from '../charts/world-map.tsx';
import { type WorldShapes, loadWorld } from '../charts/world-shapes.ts';
import { useMarked } from '../state/highlight.ts';
import { countryName } from '../../shared/country-name.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ErrorNotice } from './notice.tsx';
import { SelectionInspector } from './selection-inspector.tsx';

/** Where the peers' addresses are registered: a map of countries, and the same as a ranked list. */

/** Countries listed before the rest is asked for. */
const SHOWN = 30;

interface CountryAmount {
  /** null: no country table holds the peer. */
  readonly code: string | null;
  readonly value: number;
  readonly share: number | null;
  readonly flows: number;
}

function amountsOf(rows: readonly SummaryRowValue[]): CountryAmount[] {
  return rows.map((row) => ({
    code: typeof row['country'] === 'string' ? row['country'] : null,
    value: Number(row['value'] ?? 0),
    share: typeof row['share'] === 'number' ? row['share'] : null,
    flows: Number(row['flows'] ?? 0),
  }));
}

function nameOf(code: string): string {
  return countryName(code) ?? visibleText(code);
}

/** The test for a country; null for a code that the filter cannot name. */
function countryTest(code: string): string | null {
  return /^[A-Z]{2}$/.test(code) ? `country = ${code}` : null;
}

function amountText(metric: Metric, value: number): string {
  return metric === 'bytes' ? formatBytes(value) : formatCount(value);
}

function useWorld(): { world: WorldShapes | null; fault: string | null } {
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

/** The ranking: one stop for the keyboard, in step with the map. */
function CountryList(props: {
  countries: readonly CountryAmount[];
  bounds: readonly number[];
  isDrawn: (code: string) => boolean;
  pointed: string | null;
  selected: string | null;
  highlighted: readonly string[];
  onPoint: (code: string | null) => void;
  onSelect: (code: string) => void;
  onFilter: (code: string) => void;
  onEscape: () => void;
}): ReactNode {
  const { countries, bounds, isDrawn, pointed, selected, onPoint, onSelect, onFilter, onEscape } = props;
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
        aria-label="Countries by amount. Enter opens one."
        tabIndex={0}
        aria-activedescendant={current === null ? undefined : idOf(current)}
        onKeyDown={onKeyDown}
        onPointerLeave={() => onPoint(null)}
      >
        {shown.map(({ code, value, share, flows }) =>
          code === null ? null : (
            <li
              key={code}
              id={idOf(code)}
              role="option"
              aria-selected={code === selected}
              className={`${code === current ? 'pointed' : ''}${props.highlighted.includes(code) ? ' highlighted' : ''}`}
              title={`${nameOf(code)}: ${formatAmount(metric, value)}, ${formatCount(flows)} flows`}
              onPointerEnter={() => onPoint(code)}
              onClick={() => onSelect(code)}
              onDoubleClick={() => onFilter(code)}
            >
              <span className={`map-swatch shade-${shadeOf(bounds, value)}`} />
              <span className="code">{visibleText(code)}</span>
              <span className="clip">
                {nameOf(code)}
                {!isDrawn(code) && <span className="quiet"> (not on the map)</span>}
              </span>
              <span className="number">{amountText(metric, value)}</span>
              <span className="number quiet">{formatShare(share)}</span>
            </li>
          ),
        )}
      </ul>
      {countries.length > SHOWN && (
        <button type="button" className="quiet small more" onClick={() => setLong(!isLong)}>
          {isLong ? `Show the first ${SHOWN}` : `Show all ${formatCount(countries.length)}`}
        </button>
      )}
    </div>
  );
}

export function MapView(): ReactNode {
  const { where, setWhere, metric, version, overview, selection, select: setSelection } = useWorkbench();
  const { value: rows, error, pending } = useAsk('summary', { by: ['country'], metric, where }, version);
  const markedWhere = useMarked(where);
  const asked = { by: ['country'], metric, where: markedWhere ?? '' };
  const markedRows = useAsk('summary', asked, version, markedWhere !== null).value;
  const highlighted = useMemo(
    () =>
      markedWhere === null ? [] : amountsOf(markedRows ?? []).flatMap(({ code }) => (code === null ? [] : [code])),
    [markedWhere, markedRows],
  );
  const { world, fault } = useWorld();
  const [pointed, setPointed] = useState<string | null>(null);
  const selected = selection?.id ?? null;

  const { countries, unknown, amounts, bounds } = useMemo(() => {
    const all = amountsOf(rows ?? []);
    const known = new Map(all.flatMap(({ code, value }) => (code === null ? [] : [[code, value] as const])));
    return {
      countries: all.filter(({ code }) => code !== null),
      unknown: all.find(({ code }) => code === null) ?? null,
      amounts: known,
      bounds: amountBounds(known.values()),
    };
  }, [rows]);
  const drawn = useMemo(() => new Set((world?.countries ?? []).map(({ code }) => code)), [world]);
  const isDrawn = (code: string): boolean => world === null || drawn.has(code);
  const undrawn = countries.flatMap(({ code }) => (code === null || isDrawn(code) ? [] : [nameOf(code)]));
  const scaled = (rows ?? []).some((row) => row['scaled'] === true);

  const filterTo = (code: string): void => {
    const test = countryTest(code);
    if (test !== null) setWhere(joinFilters(where, test));
  };
  const select = (code: string): void => {
    const filter = countryTest(code);
    setSelection(filter === null ? null : { id: code, kind: 'Country', title: nameOf(code), filter });
  };
  const unselect = (): void => {
    setSelection(null);
    setPointed(null);
  };
  const describe = (code: string): ReactNode => {
    const row = countries.find((country) => country.code === code);
    return (
      <>
        <strong>{nameOf(code)}</strong>
        {row === undefined ? (
          <span className="quiet">no flow that matches</span>
        ) : (
          <>
            <span>
              {formatAmount(metric, row.value)}, {formatShare(row.share)} of all that match
            </span>
            {metric !== 'flows' && <span className="quiet">{formatCount(row.flows)} flows</span>}
          </>
        )}
      </>
    );
  };

  return (
    <div className="view map">
      <section className={pending ? 'panel map-panel pending' : 'panel map-panel'} aria-labelledby="map-title">
        <header>
          <h2 id="map-title">Peers by country</h2>
          <MapLegend bounds={bounds} metric={metric} />
        </header>
        {error !== null && <ErrorNotice error={error} />}
        {fault !== null && (
          <p className="notice bad" role="alert">
            The shapes of the countries cannot be read ({visibleText(fault)}). The list beside is whole.
          </p>
        )}
        {world !== null && (
          <WorldMap
            world={world}
            amounts={amounts}
            bounds={bounds}
            pointed={pointed}
            selected={selected}
            highlighted={highlighted}
            onPoint={setPointed}
            onSelect={select}
            onFilter={filterTo}
            onEscape={unselect}
            describe={describe}
          />
        )}
        <p className="foot quiet">
          A peer’s country is the one that the country table nearest in time to the flow gives its address: where the
          address is registered or held to be, not where a person, a server or the far end of a tunnel was.{' '}
          {overview.countryTables.length > 0 &&
            `Tables: ${overview.countryTables.map(({ source, date }) => `${visibleText(source)} (of ${date})`).join('; ')}. `}
          Shapes: Natural Earth 1:50 m, Equal Earth projection; borders are schematic and no statement on the status of
          any territory. Countries with flows that are too small to see are dots.
          {metric === 'host-hours' && ' A host-hour counts once in each country that it touched.'}
          {undrawn.length > 0 && ` Not on the map, but in the list: ${formatList(undrawn)}.`}
        </p>
      </section>
      <div className="map-side">
        <section
          className={pending ? 'panel map-ranking pending' : 'panel map-ranking'}
          aria-labelledby="ranking-title"
        >
          <header>
            <h2 id="ranking-title">{rows === null ? 'Countries' : `${formatCount(countries.length)} countries`}</h2>
            <span className="quiet">
              {metric}, share of all that match{scaled ? '; scaled by sampling' : ''}
            </span>
          </header>
          {rows !== null && rows.length === 0 && (
            <p className="quiet">No flow matches the filter: clear it or widen it.</p>
          )}
          <CountryList
            countries={countries}
            bounds={bounds}
            isDrawn={isDrawn}
            pointed={pointed}
            selected={selected}
            highlighted={highlighted}
            onPoint={setPointed}
            onSelect={select}
            onFilter={filterTo}
            onEscape={unselect}
          />
          {unknown !== null && (
            <p className="absent" title="Private and special addresses, and what no country table holds">
              <span>Country not known</span>
              <span className="number">{amountText(metric, unknown.value)}</span>
              <span className="number quiet">{formatShare(unknown.share)}</span>
            </p>
          )}
        </section>
        {selection !== null && <SelectionInspector key={selection.id} selection={selection} />}
      </div>
    </div>
  );
}
