import type { CountryAgreement } from '../../shared/jobs.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { countryCode } from '../casefile/flow-records.ts';
import type { FlowSelection } from '../casefile/flow-selection.ts';
import { NO_PEER, type PeerPlaces } from '../casefile/peer-places.ts';
import { SelectedRows } from '../casefile/selected-rows.ts';

/** Where the dated country tables do not agree on the peers of flows. */

/** Other countries told of one. */
const MOST_OTHERS = 5;

/**
 * By the country that the labels in force give: flows of the selection whose peer two of the tables place in two different countries, and which these are. A
 * table that does not know an address does not disagree. Every table is asked, whatever the time of the flow.
 */
export function countryAgreement(reader: CaseReader, selection: FlowSelection, places: PeerPlaces): CountryAgreement {
  const selected = new SelectedRows(selection);
  const counts = new Map<number, { flows: number; disagree: number; others: Map<string, number> }>();
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const numbers = selected.pick('places', places.column(segment));
    const countries = selected.pick('country', reader.column(segment, 'country'));
    for (let i = 0; i < selected.rows; i++) {
      const number = numbers[i];
      if (number === NO_PEER) continue;
      let count = counts.get(countries[i]);
      if (count === undefined) counts.set(countries[i], (count = { flows: 0, disagree: 0, others: new Map() }));
      count.flows++;
      const named = places.place(number).countries;
      if (named.length < 2) continue;
      count.disagree++;
      const country = countryCode(countries[i]);
      for (const other of named) {
        if (other !== country) count.others.set(other, (count.others.get(other) ?? 0) + 1);
      }
    }
  }
  return {
    tables: counts.size === 0 ? [] : [...places.dates].map(([table, date]) => ({ table, date })),
    countries: [...counts].map(([packed, { flows, disagree, others }]) => ({
      country: countryCode(packed),
      flows,
      disagree,
      others: [...others]
        .map(([code, times]) => ({ country: code, flows: times }))
        .toSorted((x, y) => y.flows - x.flows || (x.country < y.country ? -1 : 1))
        .slice(0, MOST_OTHERS),
    })),
  };
}
