import type { FlowColumn } from '../../shared/flow.ts';
import type { CountedField, CountedTexts } from '../../shared/jobs.ts';
import type { CaseReader } from './case-reader.ts';
import type { FlowSelection } from './flow-selection.ts';
import { SelectedRows } from './selected-rows.ts';

/** Own column of each field, and the one that stands in where it is absent. */
const COLUMNS: Readonly<Record<CountedField, readonly [own: FlowColumn, linked: FlowColumn]>> = {
  hostname: ['name', 'linkedName'],
  userAgent: ['userAgent', 'linkedUserAgent'],
  ja3: ['ja3', 'linkedJa3'],
  ja4: ['ja4', 'linkedJa4'],
};

/** The texts that stand in most matching flows, field by field: the first `limit`, most flows first, ties by text. */
export function textCounts(
  reader: CaseReader,
  selection: FlowSelection,
  fields: readonly CountedField[],
  limit: number,
): CountedTexts[] {
  const selected = new SelectedRows(selection);
  const found = fields.map((field) => ({ field, columns: COLUMNS[field], counts: new Map<string, number>() }));
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    for (const { columns, counts } of found) {
      const [owns, linkeds] = columns.map((column) => reader.dictionary(segment, column));
      if (owns === undefined || linkeds === undefined || owns.length + linkeds.length === 0) continue;
      const own = selected.pick('own', reader.column(segment, columns[0]));
      const linked = selected.pick('linked', reader.column(segment, columns[1]));
      const ofOwn = new Uint32Array(owns.length + 1);
      const ofLinked = new Uint32Array(linkeds.length + 1);
      for (let i = 0; i < rows; i++) {
        if (own[i] === 0) ofLinked[linked[i]]++;
        else ofOwn[own[i]]++;
      }
      for (const [entries, amounts] of [
        [owns, ofOwn],
        [linkeds, ofLinked],
      ] as const) {
        for (const [n, text] of entries.entries()) {
          if (amounts[n + 1] > 0) counts.set(text, (counts.get(text) ?? 0) + amounts[n + 1]);
        }
      }
    }
  }
  return found.map(({ field, counts }) => ({
    field,
    all: counts.size,
    rows: [...counts]
      .map(([text, flows]) => ({ text, flows }))
      .toSorted((x, y) => y.flows - x.flows || (x.text < y.text ? -1 : 1))
      .slice(0, limit),
  }));
}
