import { type Profile, profileFaults, profileSchema } from '../../shared/profile.ts';
import { say } from '../../shared/text/say.ts';

/** A profile as it is being typed: every value a text, lists of single values one a line. Pure. */

export type DraftRow = Readonly<Record<string, string>>;

/** Parts of a profile that are tables: the fields of a row, those that may be left empty marked. */
export const DRAFT_TABLES = {
  ranges: { label: true, cidr: true, from: false, to: false, note: false, source: false, country: false },
  excluded: { cidr: true, why: true },
  events: { time: true, label: true, kind: true, source: true, uncertaintyMinutes: false },
  watchLists: { name: true, members: true },
  groups: { name: true, members: true },
  claims: { id: true, text: true, source: true, kind: true, subject: true, metric: false, expected: true },
} as const;
export type DraftTable = keyof typeof DRAFT_TABLES;

/** Parts that are lists of single values. */
export type DraftList = 'servers' | 'globalServices';

export type ProfileDraft = {
  readonly name: string;
  readonly timeZone: string;
} & { readonly [Table in DraftTable]: readonly DraftRow[] } & { readonly [List in DraftList]: string };

function rowsOf(of: Readonly<Record<string, readonly string[]>>): DraftRow[] {
  return Object.entries(of).map(([name, members]) => ({ name, members: members.join('\n') }));
}

export function draftOf(profile: Profile): ProfileDraft {
  return {
    name: profile.name,
    timeZone: profile.timeZone,
    ranges: profile.ranges.map(({ label, cidr, from = '', to = '', note = '', source = '', country = '' }) => ({
      label,
      cidr,
      from,
      to,
      note,
      source,
      country,
    })),
    excluded: profile.excluded,
    servers: profile.servers.join('\n'),
    events: profile.events.map(({ uncertaintyMinutes, ...event }) => ({
      ...event,
      uncertaintyMinutes: uncertaintyMinutes === undefined ? '' : String(uncertaintyMinutes),
    })),
    watchLists: rowsOf(profile.watchLists),
    globalServices: profile.globalServices.join('\n'),
    groups: rowsOf(profile.groups),
    claims: profile.claims.map(({ metric = '', expected, ...claim }) => ({
      ...claim,
      metric,
      expected: JSON.stringify(expected),
    })),
  };
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Blanks around a value are no part of it; what may be left empty is left out. */
function valuesOf(table: DraftTable, row: DraftRow): Record<string, string> {
  const entries = Object.entries(DRAFT_TABLES[table]).map(([field, isNeeded]) => [
    field,
    (row[field] ?? '').trim(),
    isNeeded,
  ]) as [string, string, boolean][];
  return Object.fromEntries(entries.filter(([, value, isNeeded]) => isNeeded || value !== ''));
}

function membersByName(table: 'watchLists' | 'groups', draft: ProfileDraft): Record<string, string[]> {
  return Object.fromEntries(draft[table].map((row) => [(row['name'] ?? '').trim(), linesOf(row['members'] ?? '')]));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What was typed as a value that may be a profile. @param before has the parts that are not edited here */
function profileValue(draft: ProfileDraft, before: Profile): unknown {
  const values = (table: DraftTable): Record<string, string>[] => draft[table].map((row) => valuesOf(table, row));
  return {
    ...before,
    name: draft.name.trim(),
    timeZone: draft.timeZone.trim(),
    ranges: values('ranges'),
    excluded: values('excluded'),
    servers: linesOf(draft.servers),
    events: values('events').map(({ uncertaintyMinutes, ...event }) => ({
      ...event,
      ...(uncertaintyMinutes === undefined ? {} : { uncertaintyMinutes: Number(uncertaintyMinutes) }),
    })),
    watchLists: membersByName('watchLists', draft),
    globalServices: linesOf(draft.globalServices),
    groups: membersByName('groups', draft),
    claims: values('claims').map((claim) => ({ ...claim, expected: parsedJson(claim['expected'] ?? '') })),
  };
}

/** Where a fault stands: `ranges.2.cidr`, `servers`, `timeZone`; lists by name are found by their row. */
function fieldOf(path: readonly (string | number)[], draft: ProfileDraft): { field: string; line: number | null } {
  const [part = '', second, third] = path;
  if ((part === 'watchLists' || part === 'groups') && typeof second === 'string') {
    const row = draft[part].findIndex(({ name }) => name?.trim() === second);
    return { field: `${part}.${row}.members`, line: typeof third === 'number' ? third + 1 : null };
  }
  if (part === 'servers' || part === 'globalServices') {
    return { field: part, line: typeof second === 'number' ? second + 1 : null };
  }
  return { field: path.slice(0, 3).join('.'), line: null };
}

/** Empty fields that must not be, rows of one name, and texts that are no JSON: what the schema tells less well. */
function ownFaults(draft: ProfileDraft): [field: string, message: string][] {
  const faults: [string, string][] = [];
  if (draft.name.trim() === '') faults.push(['name', say('it is missing')]);
  for (const table of Object.keys(DRAFT_TABLES) as DraftTable[]) {
    const names = new Set<string>();
    draft[table].forEach((row, index) => {
      for (const [field, isNeeded] of Object.entries(DRAFT_TABLES[table])) {
        if (isNeeded && (row[field] ?? '').trim() === '')
          faults.push([`${table}.${index}.${field}`, say('it is missing')]);
      }
      const name = row['name']?.trim() ?? '';
      if (name !== '' && names.has(name)) faults.push([`${table}.${index}.name`, say('another one bears this name')]);
      names.add(name);
      if (table === 'claims' && parsedJson(row['expected'] ?? '') === undefined) {
        faults.push([`claims.${index}.expected`, `${say('it is no JSON, such as')} {"value": 0.65}`]);
      }
      if (table === 'events' && Number.isNaN(Number(row['uncertaintyMinutes']))) {
        faults.push([`events.${index}.uncertaintyMinutes`, say('it is no number of minutes')]);
      }
    });
  }
  return faults;
}

/** What is wrong, by field (`ranges.2.cidr`); the first fault of each. */
export type DraftFaults = ReadonlyMap<string, string>;

/** The profile that was typed, or what is wrong with it. @param before has the parts that are not edited here */
export function checkDraft(
  draft: ProfileDraft,
  before: Profile,
): { readonly profile: Profile | null; readonly faults: DraftFaults } {
  const faults = new Map<string, string>();
  const tell = (field: string, message: string): void => {
    if (!faults.has(field)) faults.set(field, message);
  };
  for (const [field, message] of ownFaults(draft)) tell(field, message);
  const value = profileValue(draft, before);
  for (const { path, message } of profileFaults(value)) {
    const { field, line } = fieldOf(path, draft);
    tell(field, line === null ? message : say('line {line}: {message}', { line, message }));
  }
  return { profile: faults.size === 0 ? profileSchema.parse(value) : null, faults };
}
