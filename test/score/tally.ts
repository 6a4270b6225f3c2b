import {
  ASPECTS,
  type Aspect,
  type FileComparison,
  type FlowComparison,
  OUTCOMES,
  type Outcome,
  type Presence,
} from './compare.ts';
import { textTable } from './text-table.ts';

/** Adds comparisons up, and prints them as tables. */

type Counts<Key extends string> = Record<Key, number>;

const PRESENCES: readonly Presence[] = ['found', 'shared', 'missing', 'not-comparable'];
const BASES = ['detected', 'guessed'] as const;
type Basis = (typeof BASES)[number];

/** Flows of one engine: how many it lists, and what became of them. `oursOnly` counts ours that it does not list. */
export interface PresenceRow extends Counts<Presence> {
  engine: string;
  files: number;
  expected: number;
  oursOnly: number;
}

/** Outcomes of one aspect for one engine. `compared` is their sum without `not-in-vocabulary`. */
export interface OutcomeRow extends Counts<Outcome> {
  engine: string;
  basis: Basis;
  aspect: Aspect;
  compared: number;
}

/** Outcomes of one name that engines gave (detected, not guessed), all engines together. */
export interface NameRow extends Counts<Outcome> {
  name: string;
  compared: number;
  /** What we said instead, most frequent first. */
  instead: [string, number][];
}

export interface Totals {
  presence: PresenceRow[];
  outcomes: OutcomeRow[];
  protocols: NameRow[];
  services: NameRow[];
}

function zeroes<Key extends string>(keys: readonly Key[]): Counts<Key> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Counts<Key>;
}

function compared(row: Counts<Outcome>): number {
  return OUTCOMES.reduce((total, outcome) => total + (outcome === 'not-in-vocabulary' ? 0 : row[outcome]), 0);
}

function nameRows(flows: readonly FlowComparison[], aspect: 'protocol' | 'service'): NameRow[] {
  const rows = new Map<string, { counts: Counts<Outcome>; instead: Map<string, number> }>();
  for (const { guessed, verdicts } of flows) {
    const one = verdicts[aspect];
    if (one === undefined || guessed) continue;
    const row = rows.get(one.expected) ?? { counts: zeroes(OUTCOMES), instead: new Map<string, number>() };
    rows.set(one.expected, row);
    row.counts[one.outcome]++;
    if (one.outcome !== 'agree') row.instead.set(one.ours, (row.instead.get(one.ours) ?? 0) + 1);
  }
  return [...rows]
    .map(([name, { counts, instead }]) => ({
      name,
      compared: compared(counts),
      ...counts,
      instead: [...instead].toSorted((x, y) => y[1] - x[1]),
    }))
    .toSorted((x, y) => y.differ + y.missing - x.differ - x.missing || (x.name < y.name ? -1 : 1));
}

/** Adds up the comparisons of many files. */
export function addUp(files: readonly FileComparison[]): Totals {
  const flows = files.flatMap((file) => file.flows);
  const presence: PresenceRow[] = [];
  const outcomes: OutcomeRow[] = [];
  for (const engine of [...new Set(flows.map((flow) => flow.engine))].toSorted()) {
    const own = flows.filter((flow) => flow.engine === engine);
    const row = { engine, files: new Set(own.map((flow) => flow.path)).size, expected: own.length, oursOnly: 0 };
    const counts = zeroes(PRESENCES);
    for (const flow of own) counts[flow.presence]++;
    for (const file of files) row.oursOnly += file.oursOnly.get(engine) ?? 0;
    presence.push({ ...row, ...counts });
    for (const aspect of ASPECTS) {
      for (const basis of BASES) {
        const tally = zeroes(OUTCOMES);
        for (const { guessed, verdicts } of own) {
          const one = verdicts[aspect];
          if (one !== undefined && guessed === (basis === 'guessed')) tally[one.outcome]++;
        }
        if (OUTCOMES.some((outcome) => tally[outcome] > 0)) {
          outcomes.push({ engine, basis, aspect, compared: compared(tally), ...tally });
        }
      }
    }
  }
  return { presence, outcomes, protocols: nameRows(flows, 'protocol'), services: nameRows(flows, 'service') };
}

/** Share of `part` in `whole` as a percentage with its denominator; a dash without one. */
export function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} % of ${whole}`;
}

function nameTable(title: string, rows: readonly NameRow[], most: number): string {
  const wanting = rows.filter((row) => row.differ + row.missing > 0);
  const body = wanting.slice(0, most).map((row) => [
    row.name,
    row.compared,
    row.agree,
    row['more-specific'],
    row['less-specific'],
    row.differ,
    row.missing,
    row.instead
      .slice(0, 4)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  ]);
  const rest = wanting.length > most ? `\n(${wanting.length - most} more names in the file of --json)` : '';
  const heads = [title, 'flows', 'agree', 'more', 'less', 'differ', 'missing', 'we said'];
  return `${textTable(heads, body)}${rest}`;
}

/** The report on stdout: flows, then labels and counts by engine, then the names with most disagreement. */
export function printTotals(totals: Totals): string {
  const presence = totals.presence.map((row) => [
    row.engine,
    row.files,
    row.expected,
    share(row.found, row.expected - row['not-comparable']),
    row.shared,
    row.missing,
    row['not-comparable'],
    row.oursOnly,
  ]);
  const outcomes = totals.outcomes.map((row) => [
    row.engine,
    row.basis,
    row.aspect,
    share(row.agree, row.compared),
    row['more-specific'],
    row['less-specific'],
    row['other-form'],
    row.differ,
    row.missing,
    row['not-in-vocabulary'],
  ]);
  return [
    'FLOWS (by five-tuple in either direction, then closest start; shared: ours is paired already; ours only: not listed there)',
    textTable(['engine', 'files', 'flows', 'found', 'shared', 'missing', 'not IP', 'ours only'], presence),
    'LABELS AND COUNTS (agree: share of the flows found of which the engine or we state it; more, less: more or less specific)',
    textTable(
      ['engine', 'basis', 'aspect', 'agree', 'more', 'less', 'other form', 'differ', 'missing', 'not in vocabulary'],
      outcomes,
    ),
    'Bytes: IP bytes must be equal; frame bytes (nDPI, Arkime, argus) must exceed ours by 0 to 48 a packet, tunnels left out.',
    'Guessed: the engine had ports or addresses only. No engine is ground truth.',
    'NAMES WITH DISAGREEMENT (detected by the engine, most first)',
    nameTable('protocol', totals.protocols, 60),
    nameTable('service', totals.services, 60),
  ].join('\n\n');
}
