import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';
import { transportNumber } from '../../shared/flow.ts';
import type { ZoneClock } from '../../shared/time.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { FlowCollector } from './flow-collector.ts';
import { LATEST } from './traffic-tally.ts';

/**
 * Day by day: at which rates flows were sampled, how much activity went through tunnels and proxies, and which way it left
 * the network, as far as flow exports say. Sums are whole numbers, multiplied by the sampling rate.
 */

/** Ways out of the network that are kept apart; with more, no way is told. */
export const MOST_PATHS = 64;

/** Columns of flow exports that tell the way out, the most telling first. */
export const PATH_FIELDS = ['nextHop', 'exporter', 'inputInterface'] as const;
export type PathField = (typeof PATH_FIELDS)[number];

const VPN_PROTOCOLS = Object.keys(PROTOCOLS)
  .filter((id) => PROTOCOLS[id] === 'vpn')
  .toSorted();
const TUNNEL_TRANSPORTS = ['ah', 'esp', 'gre', 'ipip', 'ipv6', 'l2tp'];

/** Filter expression of concealed flows: VPN, Tor, proxies and tunnels, by category, protocol or transport. */
export const CONCEALED =
  `(category = vpn or protocol in (${VPN_PROTOCOLS.join(', ')}) or ` +
  `transport in (${TUNNEL_TRANSPORTS.join(', ')}))`;

interface RecordedDay {
  /** Sampling rates of the day's flows. */
  leastRate: number;
  greatestRate: number;
  concealed: number;
  /** By field of PATH_FIELDS, by number of the way. */
  readonly paths: (Float64Array | null)[];
}

export class DailyRecording implements FlowCollector {
  readonly #clock: ZoneClock;
  readonly #days = new Map<number, RecordedDay>();
  readonly #addresses = [new AddressNumbers(), new AddressNumbers()];
  readonly #interfaces = new Map<number, number>();
  readonly #full = [false, false, false];
  /** Concealed flows as they were recorded. */
  concealedFlows = 0;

  constructor(clock: ZoneClock) {
    this.#clock = clock;
  }

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const start = reader.column(segment, 'start');
    const sampling = reader.column(segment, 'sampling');
    const category = reader.column(segment, 'category');
    const protocol = reader.column(segment, 'protocol');
    const transport = reader.column(segment, 'transport');
    const fields = PATH_FIELDS.map((field) => {
      const column = reader.column(segment, field);
      return column.some((word) => word !== 0) ? column : null;
    });
    const hasPaths = fields.some((column) => column !== null);
    const isConcealedTerm = new Set(VPN_PROTOCOLS.map((id) => reader.termNumber(id)));
    const vpn = reader.termNumber('vpn');
    const isTunnel = new Uint8Array(256);
    for (const name of TUNNEL_TRANSPORTS) isTunnel[transportNumber(name) ?? 0] = 1;
    const { rows } = segment;

    let day: RecordedDay = { leastRate: 0, greatestRate: 0, concealed: 0, paths: [] };
    let dayStart = Infinity;
    let dayEnd = -Infinity;
    let lastProtocol = -1;
    let isVpnProtocol = false;
    for (let row = 0; row < rows; row++) {
      const from = start[row];
      if (!(from >= 0 && from < LATEST)) continue;
      if (from < dayStart || from >= dayEnd) {
        const number = Math.floor(this.#clock.localHour(from) / 24);
        dayStart = this.#clock.startOfLocalHour(number * 24);
        dayEnd = this.#clock.startOfLocalHour(number * 24 + 24);
        day = this.#day(number);
      }
      const rate = sampling[row] || 1;
      if (rate < day.leastRate) day.leastRate = rate;
      if (rate > day.greatestRate) day.greatestRate = rate;
      if (activity[row] === 0) continue;
      if (protocol[row] !== lastProtocol) {
        lastProtocol = protocol[row];
        isVpnProtocol = isConcealedTerm.has(lastProtocol);
      }
      if (isVpnProtocol || category[row] === vpn || isTunnel[transport[row]] === 1) {
        day.concealed += rate;
        this.concealedFlows++;
      }
      if (hasPaths) this.#addPaths(day, fields, row, rate);
    }
  }

  #addPaths(day: RecordedDay, fields: readonly (ArrayLike<number> | null)[], row: number, rate: number): void {
    for (let field = 0; field < fields.length; field++) {
      const column = fields[field];
      if (column === null || this.#full[field]) continue;
      const number = field === 2 ? this.#interface(column[row]) : this.#address(field, column, row * 4);
      if (number < 0) continue;
      if (number >= MOST_PATHS) {
        this.#full[field] = true;
        continue;
      }
      const counts = (day.paths[field] ??= new Float64Array(MOST_PATHS));
      counts[number] += rate;
    }
  }

  #address(field: number, words: ArrayLike<number>, at: number): number {
    // An address that the export does not tell is 0, or 0.0.0.0 in its mapped form.
    if (words[at + 3] === 0 && words[at] === 0 && words[at + 1] === 0) return -1;
    return this.#addresses[field].number(words, at);
  }

  #interface(index: number): number {
    if (index === 0) return -1;
    const known = this.#interfaces.get(index);
    if (known !== undefined) return known;
    const number = this.#interfaces.size;
    if (number < MOST_PATHS) this.#interfaces.set(index, number);
    return number;
  }

  #day(number: number): RecordedDay {
    let day = this.#days.get(number);
    if (day === undefined) {
      day = { leastRate: Infinity, greatestRate: 0, concealed: 0, paths: [null, null, null] };
      this.#days.set(number, day);
    }
    return day;
  }

  /** Least and greatest sampling rate of a local day (days since 1970-01-01); null when it has no flow. */
  rates(day: number): [number, number] | null {
    const recorded = this.#days.get(day);
    return recorded === undefined || recorded.greatestRate === 0 ? null : [recorded.leastRate, recorded.greatestRate];
  }

  /** Concealed activity flows that start on a local day. */
  concealed(day: number): number {
    return this.#days.get(day)?.concealed ?? 0;
  }

  /** True when a field has more values than are kept apart. */
  isFull(field: PathField): boolean {
    return this.#full[PATH_FIELDS.indexOf(field)];
  }

  /** The ways that a field tells apart, as written in filters, in an order of their own; empty when it is full. */
  pathsOf(field: PathField): { value: string; perDay: (day: number) => number }[] {
    const at = PATH_FIELDS.indexOf(field);
    if (this.#full[at]) return [];
    const names: [string, number][] =
      field === 'inputInterface'
        ? [...this.#interfaces].toSorted(([x], [y]) => x - y).map(([index, number]) => [String(index), number])
        : Array.from({ length: this.#addresses[at].size }, (_, number) => number)
            .toSorted((x, y) => this.#addresses[at].compare(x, y))
            .map((number) => [this.#addresses[at].text(number), number]);
    return names.map(([value, number]) => ({
      value,
      perDay: (day) => this.#days.get(day)?.paths[at]?.[number] ?? 0,
    }));
  }
}
