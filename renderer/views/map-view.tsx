import { memo, type ReactNode, useMemo, useRef, useState } from 'react';
import { formatAmount, formatBareAmount, formatCount, formatList, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { LEAST_FLOWS, deviationClass, deviations, expectationFor, ratioText } from '../charts/deviation.ts';
import type { FigureTable } from '../charts/figure-table.ts';
import { MOST_ARCS, mapArcs } from '../charts/map-arcs.ts';
import { DeviationLegend, MapLegend, WorldMap, amountBounds, shadeOf } from '../charts/world-map.tsx';
import { useMarked } from '../state/highlight.ts';
import { joinFilters } from '../state/time-filter.ts';
import { mapSettings } from '../state/map-settings.ts';
import { useEstimatedSummary } from '../state/use-estimated.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Choice } from './choice.tsx';
import { ESTIMATED, EstimateMark } from './estimate-mark.tsx';
import { FigureTools } from './figure-tools.tsx';
import { NetworkList } from './network-list.tsx';
import { ErrorNotice } from './notice.tsx';
import { SelectionInspector } from './selection-inspector.tsx';
import { say } from '../../shared/text/say.ts';
import { type CountryAmount, CountryList, amountsOf, nameOf } from './country-list.tsx';
import { useWorld } from './use-world.ts';

/** Where the peers' addresses are registered: a map of countries by amount or by deviation from expectation, and the same as a ranked list. */

/** Share of a country's flows on which the tables disagree, from which it is hatched. */
const HATCHED_FROM = 0.1;

/** The tables are compared unasked in cases of so many flows at most: every peer is looked up in each. */
const COMPARED_UNASKED = 1_000_000;

/** The test for a country; null for a code that the filter cannot name. */
function countryTest(code: string): string | null {
  return /^[A-Z]{2}$/.test(code) ? `country = ${code}` : null;
}

/** By themselves: React writes to a box whenever what it stands in is drawn. */
const MapChecks = memo(function MapChecks(props: {
  hasArcs: boolean;
  isCompared: boolean;
  isPending: boolean;
}): ReactNode {
  return (
    <>
      <label>
        <input
          type="checkbox"
          checked={props.hasArcs}
          onChange={({ target }) => mapSettings.set({ hasArcs: target.checked })}
        />{' '}
        {say('Arcs from ranges')}
      </label>
      <label
        aria-busy={props.isPending}
        title={say('Hatched: the country tables disagree on {share} or more of the flows', {
          share: formatShare(HATCHED_FROM),
        })}
      >
        <input
          type="checkbox"
          checked={props.isCompared}
          onChange={({ target }) => mapSettings.set({ hasHatching: target.checked })}
        />{' '}
        <span className="hatch-sign" aria-hidden="true" /> {say('Tables disagree')}
      </label>
    </>
  );
});

export function MapView(): ReactNode {
  const { where, setWhere, metric, version, overview, busy, selection, select: setSelection } = useWorkbench();
  const { colours, list, hasArcs, hasHatching } = mapSettings.use();
  const { value: rows, error, pending, estimated } = useEstimatedSummary({ by: ['country'], metric, where }, version);
  const expectation = useMemo(() => expectationFor(where), [where]);
  const isDeviation = colours === 'deviation' && expectation !== null;
  const others = useAsk('summary', { by: ['country'], metric, where: expectation?.where ?? '' }, version, isDeviation);
  const isCompared = hasHatching ?? overview.flows <= COMPARED_UNASKED;
  const agreement = useAsk('countryAgreement', { where }, version, isCompared && !busy);
  const arcRows = useAsk('summary', { by: ['range', 'country'], metric, where }, version, hasArcs).value;
  const markedWhere = useMarked(where);
  const asked = { by: ['country'], metric, where: markedWhere ?? '' };
  const markedRows = useAsk('summary', asked, version, markedWhere !== null).value;
  const askedArcs = { by: ['range', 'country'], metric, where: markedWhere ?? '' };
  const markedArcs = useAsk('summary', askedArcs, version, hasArcs && markedWhere !== null).value;
  const highlighted = useMemo(
    () =>
      markedWhere === null ? [] : amountsOf(markedRows ?? []).flatMap(({ code }) => (code === null ? [] : [code])),
    [markedWhere, markedRows],
  );
  const { world, fault } = useWorld();
  const [pointed, setPointed] = useState<string | null>(null);
  const figure = useRef<HTMLDivElement>(null);
  const selected = selection?.id ?? null;

  const { known, unknown, amounts, bounds } = useMemo(() => {
    const all = amountsOf(rows ?? []);
    const byCode = new Map(all.flatMap(({ code, value }) => (code === null ? [] : [[code, value] as const])));
    return {
      known: all.filter(({ code }) => code !== null),
      unknown: all.find(({ code }) => code === null) ?? null,
      amounts: byCode,
      bounds: amountBounds(byCode.values()),
    };
  }, [rows]);
  const deviating = useMemo(
    () =>
      isDeviation && others.value !== null
        ? new Map(deviations(rows ?? [], others.value).map((each) => [each.code, each] as const))
        : null,
    [isDeviation, rows, others.value],
  );
  /** With deviation also those of which flows were expected, the largest deviation first. */
  const countries = useMemo((): readonly CountryAmount[] => {
    if (deviating === null) return known;
    const byCode = new Map(known.map((country) => [country.code, country]));
    return [...deviating.values()]
      .toSorted(
        (a, b) => Math.abs(b.log2 ?? 0) - Math.abs(a.log2 ?? 0) || b.flows - a.flows || (a.code < b.code ? -1 : 1),
      )
      .map(({ code, share }) => byCode.get(code) ?? { code, value: 0, share, flows: 0 });
  }, [known, deviating]);
  const classOf = useMemo(
    () =>
      deviating === null
        ? undefined
        : (code: string): string => {
            const found = deviating.get(code);
            if (found === undefined) return 'shade-0';
            return found.log2 === null ? 'deviation-few' : `deviation-${deviationClass(found.log2)}`;
          },
    [deviating],
  );
  const arcs = useMemo(
    () =>
      hasArcs && world !== null && arcRows !== null
        ? mapArcs(arcRows, overview.profile.ranges, world, markedWhere === null ? [] : (markedArcs ?? []))
        : null,
    [hasArcs, world, arcRows, overview, markedWhere, markedArcs],
  );
  const disagreeing = useMemo(
    () => new Map((isCompared ? (agreement.value?.countries ?? []) : []).map((each) => [each.country, each] as const)),
    [isCompared, agreement.value],
  );
  const hatched = useMemo(
    () =>
      [...disagreeing.values()].flatMap(({ country, flows, disagree }) =>
        country !== null && disagree / flows >= HATCHED_FROM ? [country] : [],
      ),
    [disagreeing],
  );
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
  const disagreementText = (code: string): string | null => {
    const found = disagreeing.get(code);
    if (found === undefined || found.disagree === 0) return null;
    const names = found.others.map(({ country }) => nameOf(country));
    return say('the tables disagree on {share} of its flows (also {names})', {
      share: formatShare(found.disagree / found.flows),
      names: formatList(names),
    });
  };
  const describe = (code: string): ReactNode => {
    const row = known.find((country) => country.code === code);
    const deviation = deviating?.get(code);
    const disagreement = disagreementText(code);
    return (
      <>
        <strong>{nameOf(code)}</strong>
        {row === undefined ? (
          <span className="quiet">{say('no flow that matches')}</span>
        ) : (
          <>
            <span>
              {say('{amount}, {share} of all that match', {
                amount: formatAmount(metric, row.value),
                share: formatShare(row.share),
              })}
            </span>
            {metric !== 'flows' && (
              <span className="quiet">{say('{flows} flows', { flows: formatCount(row.flows) })}</span>
            )}
          </>
        )}
        {deviation !== undefined && (
          <span>
            {deviation.log2 === null
              ? say('fewer than {least} flows found or expected: too few to tell', { least: LEAST_FLOWS })
              : say('{ratio} the expected share of {expected}', {
                  ratio: ratioText(deviation.log2),
                  expected: formatShare(deviation.expected),
                })}
          </span>
        )}
        {disagreement !== null && <span className="quiet">{disagreement}</span>}
      </>
    );
  };

  const title = isDeviation ? say('Peers by country: deviation from expectation') : say('Peers by country');
  const table = (): FigureTable => ({
    heads: [
      say('country (ISO 3166-1)'),
      say('name'),
      say(metric),
      say('share of all that match'),
      say('flows'),
      ...(deviating === null
        ? []
        : [say('expected share'), say('expected flows'), say('log2 of share over expected share')]),
      ...(isCompared ? [say('share of flows on which tables disagree')] : []),
    ],
    rows: countries.flatMap(({ code, value, share, flows }) => {
      if (code === null) return [];
      const deviation = deviating?.get(code);
      const found = disagreeing.get(code);
      return [
        [
          code,
          nameOf(code),
          value,
          share,
          flows,
          ...(deviating === null
            ? []
            : [deviation?.expected ?? null, deviation?.expectedFlows ?? null, deviation?.log2 ?? null]),
          ...(isCompared ? [found === undefined ? null : found.disagree / found.flows] : []),
        ],
      ];
    }),
  });
  const tables = overview.countryTables
    .map(({ source, date }) => say('{source} (of {date})', { source: visibleText(source), date }))
    .join('; ');

  return (
    <div className="view map">
      <section
        className="panel map-panel"
        aria-busy={(pending && !estimated) || others.pending}
        aria-labelledby="map-title"
      >
        <header>
          <h2 id="map-title">{title}</h2>
          <EstimateMark when={estimated} />
          <FigureTools
            title={title}
            box={figure}
            table={table}
            legend={() =>
              [...document.querySelectorAll('.map-panel .map-legend li')].map((entry) => {
                const swatch = entry.querySelector('.map-swatch');
                return {
                  colour: swatch === null ? 'none' : getComputedStyle(swatch).backgroundColor,
                  name: entry.textContent,
                };
              })
            }
            facts={{
              metric: say(metric),
              filter: where === '' ? say('every flow') : where,
              ...(hatched.length > 0
                ? {
                    hatched: say('the tables disagree on {share} or more of its flows', {
                      share: formatShare(HATCHED_FROM),
                    }),
                  }
                : {}),
              ...(isDeviation ? { expected: `${expectation.words}: ${expectation.where}` } : {}),
              ...(estimated ? ESTIMATED : {}),
              tables,
              case: overview.title,
            }}
          />
        </header>
        <div className="map-controls">
          <Choice
            name={say('Colours')}
            value={isDeviation ? 'deviation' : 'amount'}
            options={[
              ['amount', say('Amount')],
              ['deviation', say('Deviation'), expectation === null],
            ]}
            {...(expectation === null
              ? {
                  title: say(
                    'Deviation compares what matches with the rest of the case: set a filter, or choose a span of time',
                  ),
                }
              : {})}
            onChange={(value) => mapSettings.set({ colours: value })}
          />
          <MapChecks hasArcs={hasArcs} isCompared={isCompared} isPending={agreement.pending} />
          {isDeviation ? <DeviationLegend /> : <MapLegend bounds={bounds} metric={metric} />}
        </div>
        {[error, others.error, agreement.error].map((each, i) => each !== null && <ErrorNotice key={i} error={each} />)}
        {fault !== null && (
          <p className="notice bad" role="alert">
            {say('The shapes of the countries cannot be read ({fault}). The list beside is whole.', {
              fault: visibleText(fault),
            })}
          </p>
        )}
        <div className="map-figure" ref={figure} aria-busy={world === null && fault === null}>
          {world === null && fault === null && <p className="quiet">{say('Drawing the countries…')}</p>}
          {world !== null && (
            <WorldMap
              world={world}
              amounts={amounts}
              bounds={bounds}
              classOf={classOf}
              pointed={pointed}
              selected={selected}
              highlighted={highlighted}
              hatched={hatched}
              arcs={arcs}
              onPoint={setPointed}
              onSelect={select}
              onFilter={filterTo}
              onEscape={unselect}
              describe={describe}
            />
          )}
        </div>
        <p className="foot quiet">
          {isDeviation &&
            say(
              'Expected is a country’s share of {metric} among {words}; colour is the ratio of the shares, half a recorded flow taken for none. No colour below {least} flows found or expected. There is no interval: flows of one host come together, and more of one country is less of others. ',
              { metric: say(metric), words: expectation.words, least: LEAST_FLOWS },
            )}
          {arcs !== null &&
            say(
              'Arcs: one for each range and country{largest}, wider for more {metric}; they are no routes.{origins} ',
              {
                largest:
                  arcs.all > arcs.arcs.length
                    ? say(', the {most} largest of {all}', { most: MOST_ARCS, all: formatCount(arcs.all) })
                    : '',
                metric: say(metric),
                origins: arcs.origins.some(({ country }) => country === null)
                  ? say(
                      ' Where the profile states no country of a range, they begin at a marked point that is no place.',
                    )
                  : '',
              },
            )}
          {hatched.length > 0 &&
            say(
              'Hatched: the country tables, overlays of the case among them, place the peer differently for {share} or more of a country’s flows. ',
              { share: formatShare(HATCHED_FROM) },
            )}
          {say(
            'A peer’s country is where its address is registered or held to be, not where a person, a server or the far end of a tunnel was',
          )}
          {tables === '' ? '' : say(', by {tables}', { tables })}.
          {metric === 'host-hours' && say(' A host-hour counts once in each country that it touched.')}
          {undrawn.length > 0 && say(' Not on the map, but in the list: {undrawn}.', { undrawn: formatList(undrawn) })}
        </p>
        <details className="map-foot foot quiet">
          <summary>{say('Which table, and the shapes')}</summary>
          {say(
            'Of the country tables the one nearest in time to the flow is asked. Shapes: Natural Earth 1:50 m, Equal Earth projection; borders are schematic and no statement on the status of any territory. Countries with flows that are too small to see are dots; what is no country of the shapes stands in the list.',
          )}
        </details>
      </section>
      <div className="map-side">
        <section className="panel map-ranking" aria-busy={pending && !estimated} aria-labelledby="ranking-title">
          <header>
            <h2 id="ranking-title">
              {list === 'networks'
                ? say('Networks')
                : rows === null
                  ? say('Countries')
                  : say('{countries} countries', { countries: formatCount(countries.length) })}
            </h2>
            <Choice
              name={say('List')}
              value={list}
              options={[
                ['countries', say('Countries')],
                ['networks', say('Networks')],
              ]}
              onChange={(value) => mapSettings.set({ list: value })}
            />
          </header>
          <p className="quiet list-note">
            {say(metric)}
            {list === 'countries' && isDeviation
              ? say(', ratio to the expected share')
              : say(', share of all that match')}
            {scaled ? say('; scaled by sampling') : ''}
          </p>
          {rows !== null && rows.length === 0 && (
            <p className="quiet">{say('No flow matches the filter: clear it or widen it.')}</p>
          )}
          {list === 'networks' ? (
            <NetworkList />
          ) : (
            <CountryList
              countries={countries}
              swatchOf={({ code, value }) =>
                classOf === undefined || code === null ? `shade-${shadeOf(bounds, value)}` : classOf(code)
              }
              isDrawn={isDrawn}
              lastOf={({ code, share }) =>
                deviating === null || code === null ? formatShare(share) : ratioText(deviating.get(code)?.log2 ?? null)
              }
              notesOf={(code) => (hatched.includes(code) ? [disagreementText(code) ?? ''] : [])}
              pointed={pointed}
              selected={selected}
              highlighted={highlighted}
              onPoint={setPointed}
              onSelect={select}
              onFilter={filterTo}
              onEscape={unselect}
            />
          )}
          {list === 'countries' && unknown !== null && (
            <p className="absent" title={say('Private and special addresses, and what no country table holds')}>
              <span>{say('Country not known')}</span>
              <span className="number">{formatBareAmount(metric, unknown.value)}</span>
              <span className="number quiet">{formatShare(unknown.share)}</span>
            </p>
          )}
        </section>
        {selection !== null && <SelectionInspector key={selection.id} selection={selection} />}
      </div>
    </div>
  );
}
