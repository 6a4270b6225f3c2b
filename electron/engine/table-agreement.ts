import { SUBJECT_SIDES } from '../../shared/flow.ts';
import type { CountryAgreement } from '../../shared/jobs.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { countryCode } from '../casefile/flow-records.ts';
import type { FlowSelection } from '../casefile/flow-selection.ts';
import { SelectedRows } from '../casefile/selected-rows.ts';
import type { TableSays } from '../reference/reference-tables.ts';

/** Where the dated country tables do not agree on the peers of flows. */

const RESPONDER = SUBJECT_SIDES.indexOf('responder');
const NONE = SUBJECT_SIDES.indexOf('none');
/** Other countries told of one. */
const MOST_OTHERS = 5;
/** Networks remembered; beyond them all are looked up again. */
const MOST_REMEMBERED = 2_000_000;

interface Tables {
  countries(a: number, b: number, c: number, d: number, timeUs: number): TableSays[];
}

/**
 * By the country that the labels in force give: flows of the selection whose peer two of the tables place in two different countries, and which these are. A
 * table that does not know an address does not disagree. Every table is asked, whatever the time of the flow; each IPv4 address and
 * each IPv6 /64 once.
 */
export function countryAgreement(reader: CaseReader, selection: FlowSelection, tables: Tables): CountryAgreement {
  const selected = new SelectedRows(selection);
  const remembered = new Map<number | string, readonly string[]>();
  const counts = new Map<string | null, { flows: number; disagree: number; others: Map<string, number> }>();
  const told = new Map<string, string | null>();
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    const sides = selected.pick('subjectSide', reader.column(segment, 'subjectSide'));
    const countries = selected.pick('country', reader.column(segment, 'country'));
    const starts = selected.pick('start', reader.column(segment, 'start'));
    const numbers = selected.rowNumbers();
    const initiators = reader.column(segment, 'initiator');
    const responders = reader.column(segment, 'responder');
    for (let i = 0; i < rows; i++) {
      if (sides[i] === NONE) continue;
      const words = sides[i] === RESPONDER ? initiators : responders;
      const at = 4 * (numbers === null ? i : numbers[i]);
      const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]];
      const key = a === 0 && b === 0 && c === 0xffff ? d : `${a}:${b}${a >>> 16 === 0 ? `:${c}:${d}` : ''}`;
      let says = remembered.get(key);
      if (says === undefined) {
        const all = tables.countries(a, b, c, d, starts[i]);
        for (const { table, date } of all) told.set(table, date);
        says = [...new Set(all.flatMap((each) => (each.says === null ? [] : [each.says])))];
        if (remembered.size >= MOST_REMEMBERED) remembered.clear();
        remembered.set(key, says);
      }
      const country = countryCode(countries[i]);
      let count = counts.get(country);
      if (count === undefined) counts.set(country, (count = { flows: 0, disagree: 0, others: new Map() }));
      count.flows++;
      if (says.length < 2) continue;
      count.disagree++;
      for (const other of says) if (other !== country) count.others.set(other, (count.others.get(other) ?? 0) + 1);
    }
  }
  return {
    tables: [...told].map(([table, date]) => ({ table, date })),
    countries: [...counts].map(([country, { flows, disagree, others }]) => ({
      country,
      flows,
      disagree,
      others: [...others]
        .map(([code, times]) => ({ country: code, flows: times }))
        .toSorted((x, y) => y.flows - x.flows || (x.country < y.country ? -1 : 1))
        .slice(0, MOST_OTHERS),
    })),
  };
}
