import { type AddressWords, parseAddress } from '../../shared/address.ts';
import { dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { Finding, HostProfileFinding } from '../../shared/finding.ts';
import type { HostList, ListedHost } from '../../shared/jobs.ts';
import type { FigureTable } from '../charts/figure-table.ts';
import { say } from '../../shared/text/say.ts';

/** The hosts of a case as rows of a table: what the flows tell, and what the findings do. Pure. */

export interface HostRow extends ListedHost {
  /** The finding about this host; the busiest hosts have one. */
  readonly profile: HostProfileFinding | null;
  /** Kinds of device, as the finding has them. */
  readonly devices: string;
}

export const HOST_ORDERS = ['host', 'role', 'devices', 'flows', 'bytes', 'firstSeen', 'lastSeen'] as const;
export type HostOrder = (typeof HOST_ORDERS)[number];

/** Findings about hosts by address. */
export function hostProfiles(findings: readonly Finding[] | null): ReadonlyMap<string, HostProfileFinding> {
  const known = new Map<string, HostProfileFinding>();
  for (const finding of findings ?? []) if (finding.kind === 'host-profile') known.set(finding.host, finding);
  return known;
}

export function hostRows(list: HostList<ListedHost>, profiles: ReadonlyMap<string, HostProfileFinding>): HostRow[] {
  return list.hosts.map((host) => {
    const profile = profiles.get(host.host) ?? null;
    return { ...host, profile, devices: (profile?.devices ?? []).map(({ kind }) => kind).join(', ') };
  });
}

/** Rows whose address, role or devices hold the text. */
export function findHosts(rows: readonly HostRow[], text: string): readonly HostRow[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return rows;
  return rows.filter(({ host, profile, devices }) =>
    [host, profile?.role ?? '', devices].some((each) => each.toLowerCase().includes(wanted)),
  );
}

/** Orders rows; addresses by number, IPv4 first. What is absent comes last either way, ties stay as they were. */
export function orderHosts(rows: readonly HostRow[], by: HostOrder, isDescending: boolean): readonly HostRow[] {
  const sign = isDescending ? -1 : 1;
  if (by === 'host') {
    const keys = new Map(rows.map(({ host }) => [host, parseAddress(host)]));
    return rows.toSorted((x, y) => sign * compareWords(keys.get(x.host) ?? null, keys.get(y.host) ?? null));
  }
  if (by === 'role' || by === 'devices') {
    const text = (row: HostRow): string => (by === 'role' ? (row.profile?.role ?? '') : row.devices);
    return rows.toSorted((x, y) => {
      const [a, b] = [text(x), text(y)];
      if (a === '' || b === '') return (a === '' ? 1 : 0) - (b === '' ? 1 : 0);
      return a === b ? 0 : sign * (a < b ? -1 : 1);
    });
  }
  return rows.toSorted((x, y) => sign * ((x[by] ?? 0) - (y[by] ?? 0)));
}

function compareWords(x: AddressWords | null, y: AddressWords | null): number {
  for (let i = 0; i < 4; i++) {
    const difference = (x?.[i] ?? 0) - (y?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Level (0..1) of each step of a host's activity. */
export function activityLevels(activity: string): number[] {
  return Array.from(activity, (digit) => Number.parseInt(digit, 36) / 35);
}

/** Hosts as a table; after the named columns the bars of `Over the case` (0..1), under the day that each begins with. */
export function hostTable(
  { firstDay, daysPerStep, steps }: HostList<ListedHost>,
  rows: readonly HostRow[],
): FigureTable {
  const first = firstDay === null ? 0 : dayNumber(firstDay);
  const days = Array.from({ length: steps }, (_, step) => dateOfDay(first + step * daysPerStep));
  const instant = (us: number | null): string | null =>
    us === null ? null : new Date(us / 1000).toISOString().slice(0, 19).replace('T', ' ');
  return {
    heads: [
      say('host'),
      say('role'),
      say('devices'),
      say('flows'),
      say('bytes both ways'),
      say('first seen (UTC)'),
      say('last seen (UTC)'),
      ...days,
    ],
    rows: rows.map((row) => [
      row.host,
      row.profile?.role ?? null,
      row.devices,
      row.flows,
      row.bytes,
      instant(row.firstSeen),
      instant(row.lastSeen),
      ...activityLevels(row.activity).map((level) => Number(level.toFixed(2))),
    ]),
  };
}
