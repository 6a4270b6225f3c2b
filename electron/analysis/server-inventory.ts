import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { filterValue } from '../../shared/activity.ts';
import type { Caveat, ServerInventoryFinding } from '../../shared/finding.ts';
import { CONN_STATES, SCTP, SUBJECT_SIDES, TCP, UDP } from '../../shared/flow.ts';
import { formatCount, formatCounted } from '../../shared/number-format.ts';
import { formatUtc } from '../../shared/time.ts';
import { PROTOCOLS, UNKNOWN } from '../../shared/vocabulary.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { Analysis } from './analysis.ts';
import type { FlowCollector } from './flow-collector.ts';
import { type AnalysisFrame, baseOf, caseWindow, verdictOf } from './analysis-frame.ts';
import { caseCaveats } from './caveats.ts';

/** Addresses inside the ranges that answered others: what is offered from there, since when, to how many. */

/** Different clients that make an answering address a server, rather than one end of one conversation. */
export const SERVER_CLIENTS = 2;
/** Servers told of one range. */
const MOST_SERVERS = 500;
/** Servers and pairs of server and client that are kept; more are counted, and told. */
const MOST_KEPT = 1 << 20;
/** States of a TCP conversation in which the responder agreed to it. */
const ANSWERED = new Set(
  (['S1', 'SF', 'S2', 'S3', 'RSTO', 'RSTR'] as const).map((state) => CONN_STATES.indexOf(state)),
);
const SYN_AND_ACK = 0x12;

/** One service that an address offers, as the pass over the flows sums it up. */
interface Offer {
  readonly address: number;
  readonly transport: number;
  readonly port: number;
  /** Number of the protocol's term; 0 = not told. */
  protocol: number;
  range: number;
  firstSeen: number;
  lastSeen: number;
  clients: number;
  flows: number;
}

/** Gathers what answered inside the ranges. */
export class ServerCollector implements FlowCollector {
  readonly addresses = new AddressNumbers();
  readonly #ports = new PairIndex();
  readonly #clients = new PairIndex();
  readonly offers: Offer[] = [];
  /** Term numbers as ids. */
  readonly protocols = new Map<number, string>();
  leftOut = 0;
  /** Flows of peer-to-peer programs, which answer anyone and serve nobody in particular. */
  peerToPeer = 0;

  addSegment(reader: CaseReader, segment: SegmentInfo): void {
    const side = reader.column(segment, 'subjectSide');
    const transport = reader.column(segment, 'transport');
    const packetsIn = reader.column(segment, 'packetsIn');
    const state = reader.column(segment, 'state');
    const flags = reader.column(segment, 'tcpFlags');
    const initiator = reader.column(segment, 'initiator');
    const responder = reader.column(segment, 'responder');
    const port = reader.column(segment, 'responderPort');
    const protocol = reader.column(segment, 'protocol');
    const category = reader.column(segment, 'category');
    const range = reader.column(segment, 'range');
    const start = reader.column(segment, 'start');
    const end = reader.column(segment, 'end');
    const inside = SUBJECT_SIDES.indexOf('responder');
    const both = SUBJECT_SIDES.indexOf('both');
    const scan = reader.termNumber('scan') ?? -1;
    const p2p = reader.termNumber('p2p') ?? -1;
    const unknown = reader.termNumber(UNKNOWN) ?? 0;
    for (let row = 0; row < segment.rows; row++) {
      if (side[row] !== inside && side[row] !== both) continue;
      if (packetsIn[row] === 0 || category[row] === scan || port[row] === 0) continue;
      const by = transport[row];
      if (by === TCP) {
        const agreed =
          state[row] === 0 ? flags[row] === 0 || (flags[row] & SYN_AND_ACK) === SYN_AND_ACK : ANSWERED.has(state[row]);
        if (!agreed) continue;
      } else if (by !== UDP && by !== SCTP) continue;
      if (category[row] === p2p) {
        this.peerToPeer++;
        continue;
      }
      const address = this.addresses.number(responder, row * 4);
      const number = this.#ports.number(address, by * 65_536 + port[row]);
      if (number === this.offers.length && number < MOST_KEPT) {
        this.offers.push({
          address,
          transport: by,
          port: port[row],
          protocol: 0,
          range: 0,
          firstSeen: Infinity,
          lastSeen: -Infinity,
          clients: 0,
          flows: 0,
        });
      }
      const offer = this.offers[number];
      if (offer === undefined) {
        this.leftOut++;
        continue;
      }
      offer.flows++;
      offer.firstSeen = Math.min(offer.firstSeen, start[row]);
      offer.lastSeen = Math.max(offer.lastSeen, start[row], end[row]);
      // Where both ends lie inside, `range` is the initiator's.
      if (side[row] === inside) offer.range = range[row];
      if (protocol[row] !== unknown && protocol[row] !== 0) this.#name(reader, offer, protocol[row]);
      const clients = this.#clients.size;
      if (clients >= MOST_KEPT) {
        this.leftOut++;
        continue;
      }
      const client = this.#clients.number(number, this.addresses.number(initiator, row * 4));
      if (client === clients) offer.clients++;
    }
  }

  /** Several protocols on one port are told by the first in alphabetical order, so that the order of flows cannot matter. */
  #name(reader: CaseReader, offer: Offer, protocol: number): void {
    const id = this.protocols.get(protocol) ?? reader.term(protocol) ?? UNKNOWN;
    this.protocols.set(protocol, id);
    const known = this.protocols.get(offer.protocol);
    if (known === undefined || id < known) offer.protocol = protocol;
  }
}

/**
 * One finding a range of the profile: addresses in it that answered flows of others (TCP: the connection was agreed to; UDP
 * and SCTP: packets came back), by transport, port and protocol, with the first and last time and the number of different
 * clients. Scans that nobody answered, and peer-to-peer programs, are left out. Counts, not estimates: no interval.
 *
 * `supported`: an address answered at least two different clients. `not-supported`: none did. `value` is the number of such
 * servers, `denominator` the addresses that answered anybody.
 */
export function serverInventory(collector = new ServerCollector()): Analysis {
  return {
    collector,
    findings: (frame) => frame.profile.ranges.map((range, i) => inventory(frame, collector, range.label, i + 1)),
  };
}

function inventory(
  frame: AnalysisFrame,
  collector: ServerCollector,
  label: string,
  range: number,
): ServerInventoryFinding {
  const { addresses } = collector;
  const answering = collector.offers.filter((offer) => offer.range === range);
  const servers = answering
    .filter((offer) => offer.clients >= SERVER_CLIENTS)
    .toSorted(
      (x, y) =>
        y.clients - x.clients ||
        addresses.compare(x.address, y.address) ||
        x.port - y.port ||
        x.transport - y.transport,
    );
  const told = servers.slice(0, MOST_SERVERS);
  const middle = (frame.tally.from + frame.tally.to) / 2;
  const late = servers.filter((offer) => offer.firstSeen > middle);
  const caveats: Caveat[] = [];
  if (servers.length > told.length) {
    caveats.push({ id: 'servers-cut', text: `${servers.length - told.length} further servers are not listed.` });
  }
  if (late.length > 0) {
    caveats.push({
      id: 'first-seen-late',
      text: `${late.length} of them ${late.length === 1 ? 'was' : 'were'} first seen in the second half of the window: new, or not called before.`,
    });
  }
  if (collector.peerToPeer > 0) {
    caveats.push({
      id: 'peer-to-peer-left-out',
      text: `${formatCount(collector.peerToPeer)} answered flows of peer-to-peer programs are left out.`,
    });
  }
  if (collector.leftOut > 0) {
    caveats.push({
      id: 'clients-not-counted',
      text: `${formatCount(collector.leftOut)} flows came after the tables were full; clients are a lower bound.`,
    });
  }
  if (frame.scaled) {
    caveats.push({
      id: 'sampled-servers',
      text: 'In sampled data a server that answers seldom, and most of its clients, are not seen.',
    });
  }
  caveats.push(...caseCaveats(frame));
  const isSeen = frame.tally.rangesSeen.has(range);
  if (!isSeen) caveats.unshift({ id: 'too-little-data', text: 'No flow of the range is in the evidence.' });
  const answered = new Set(answering.map((offer) => offer.address)).size;
  const found = new Set(servers.map((offer) => offer.address)).size;
  const base = baseOf(frame, {
    kind: 'server-inventory',
    subject: label,
    title: `Servers in range ${label}`,
    statement:
      servers.length === 0
        ? `No address of range ${label} was seen to answer at least ${SERVER_CLIENTS} different clients, in ${caseWindow(frame)}.`
        : `${found} ${found === 1 ? 'address' : 'addresses'} of range ${label} answered at least ${SERVER_CLIENTS} different clients each, on ` +
          `${formatCounted(servers.length, 'port')} in all; addresses that answered any client at all: ${answered}, in ${caseWindow(frame)}.`,
    verdict: verdictOf(servers.length > 0, isSeen),
    value: servers.length,
    interval: null,
    unit: 'servers (address and port)',
    method: {
      name: 'Count of addresses, ports and protocols that answered flows of others',
      source: 'Definition of server-inventory in Enclave',
    },
    parameters: { range: label, minimumClients: SERVER_CLIENTS, mostServers: MOST_SERVERS, mostKept: MOST_KEPT },
    population: 'flows to addresses of the range that were answered, without scans and peer-to-peer programs',
    metric: null,
    where:
      `range = ${filterValue(label)} and subjectSide = responder and packetsIn > 0 and not category in (scan, p2p)` +
      (found === 0
        ? ''
        : ` and responderPort in (${[...new Set(told.map(({ port }) => port))].toSorted((x, y) => x - y).join(', ')})`),
    numerator: found,
    denominator: answered,
    caveats,
  });
  return {
    ...base,
    kind: 'server-inventory',
    range: label,
    servers: told.map((offer) => ({
      address: addresses.text(offer.address),
      protocol: protocolOf(collector, offer),
      port: offer.port,
      firstSeen: formatUtc(offer.firstSeen),
      lastSeen: formatUtc(offer.lastSeen),
      clients: offer.clients,
    })),
  };
}

function protocolOf(collector: ServerCollector, offer: Offer): string {
  const id = collector.protocols.get(offer.protocol);
  return id !== undefined && Object.hasOwn(PROTOCOLS, id) ? id : UNKNOWN;
}
