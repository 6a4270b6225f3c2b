import { TCP } from '../../shared/flow.ts';
import type { FirstContacts } from './first-contacts.ts';

/** Hosts that meet many new servers of one kind in a short time, whether these answer or not: mass mail, worms. */

export interface FanOutRule {
  readonly ports: readonly number[];
  /** New servers within an hour, and within a day, from which on it is told; null = not looked at. */
  readonly inAnHour: number;
  readonly inADay: number | null;
}

export interface FanOut {
  /** Numbers of the contacts' addresses. */
  readonly source: number;
  readonly port: number;
  readonly servers: number;
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

const HOUR = 3600;

/** Fan-outs of hosts inside, most servers first. Sources that `isServer` names meet many by trade and are left out. */
export function findFanOuts(
  contacts: FirstContacts,
  rule: FanOutRule,
  isServer: (source: number) => boolean,
): FanOut[] {
  const isWanted = (approach: number): boolean => {
    const { isInbound, transport, port } = contacts.approach(approach);
    return !isInbound && transport === TCP && rule.ports.includes(port);
  };
  const found: FanOut[] = [];
  for (const { approach, contacts: ordered } of contacts.inOrder(isWanted)) {
    const { source, port } = contacts.approach(approach);
    const seconds = Array.from(ordered, (contact) => contacts.second[contact]).toSorted((x, y) => x - y);
    const isMany =
      holds(seconds, HOUR, rule.inAnHour) || (rule.inADay !== null && holds(seconds, 24 * HOUR, rule.inADay));
    if (!isMany || isServer(source)) continue;
    found.push({ source, port, servers: seconds.length, from: seconds[0] ?? 0, to: seconds.at(-1) ?? 0 });
  }
  return found.toSorted(
    (x, y) => y.servers - x.servers || contacts.addresses.compare(x.source, y.source) || x.port - y.port,
  );
}

/** Whether any stretch of `length` seconds holds so many of ascending times. */
function holds(seconds: readonly number[], length: number, many: number): boolean {
  return seconds.some((second, i) => i >= many - 1 && second - (seconds[i - many + 1] ?? -Infinity) < length);
}
