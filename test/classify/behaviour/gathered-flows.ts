import {
  type FlowColumnsView,
  GATHERED_COLUMNS,
  type GatheredColumn,
} from '../../../electron/classify/behaviour/contacts.ts';
import { parseAddress } from '../../../shared/address.ts';
import { allocateColumn, CONN_STATES, type ConnState, FACT_COLUMNS, TCP } from '../../../shared/flow.ts';

/** Counts and times of a flow: what behaviours are told from. */
export interface GatheredFlow {
  /** Microseconds since the epoch. */
  start: number;
  end: number;
  initiator: string;
  responder: string;
  initiatorPort: number;
  responderPort: number;
  transport: number;
  packetsOut: number;
  bytesOut: number;
  packetsIn: number;
  bytesIn: number;
  tcpFlags: number;
  state: ConnState;
  sampling: number;
}

/** Noon of a day in UTC. */
export const NOON = Date.UTC(2017, 4, 17, 12) * 1000;
const PLAIN: GatheredFlow = {
  start: NOON,
  end: NOON + 1e6,
  initiator: '192.0.2.1',
  responder: '198.51.100.1',
  initiatorPort: 40_000,
  responderPort: 443,
  transport: TCP,
  packetsOut: 10,
  bytesOut: 2000,
  packetsIn: 10,
  bytesIn: 9000,
  tcpFlags: 0x1b,
  state: 'SF',
  sampling: 1,
};

/** A small answered TCP flow to port 443, with what differs. */
export function flow(different: Partial<GatheredFlow>): GatheredFlow {
  return { ...PLAIN, ...different };
}

export function columnsOf(flows: readonly GatheredFlow[]): FlowColumnsView {
  const columns = Object.fromEntries(
    GATHERED_COLUMNS.map((name) => [name, allocateColumn(FACT_COLUMNS[name], flows.length)]),
  );
  const set = (name: GatheredColumn, at: number, value: number): void => {
    const column = columns[name];
    if (column !== undefined) column[at] = value;
  };
  for (const [row, { initiator, responder, state, ...numbers }] of flows.entries()) {
    for (const [i, word] of (parseAddress(initiator) ?? []).entries()) set('initiator', row * 4 + i, word);
    for (const [i, word] of (parseAddress(responder) ?? []).entries()) set('responder', row * 4 + i, word);
    set('state', row, CONN_STATES.indexOf(state));
    for (const [name, value] of Object.entries(numbers)) set(name as keyof typeof numbers, row, value);
  }
  return { rows: flows.length, column: (name) => columns[name] ?? [] };
}
