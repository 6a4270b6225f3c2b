import { compileFilter, type FlowSelection } from '../casefile/flow-selection.ts';
import type { CaseReader, SegmentInfo, StoredInstitution } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { ICMP, ICMP6, SEGMENT_ROWS, SUBJECT_SIDES, TCP, UDP } from '../../shared/flow.ts';
import {
  ANSWERED,
  FAILED,
  NOT_TOLD,
  type Outcome,
  REFLECTOR_PORTS,
  isGroupAddress,
  isTracerouteProbe,
  outcomeOf,
} from '../../shared/flow-shape.ts';
import type { Profile } from '../../shared/profile.ts';
import { ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { FlowCollector } from './flow-collector.ts';
import { grown } from './grown-array.ts';

/** Who met whom on which port for the first time, when, and with what outcome: what detectors of probes and fan-outs rest on. */

/** Contacts kept; flows after the table is full are counted, and told. */
const MOST_CONTACTS = 1 << 22;
const MOST_FAILED_HOURS = 1 << 21;

export const MAIL_PORTS: readonly number[] = [25, 465, 587];
/** Ports that worms spread over: file sharing, remote desktops, remote shells. */
export const WORM_PORTS: readonly number[] = [22, 23, 139, 445, 2323, 3389];
const FAN_OUT_PORTS: ReadonlySet<number> = new Set([...MAIL_PORTS, ...WORM_PORTS]);

const NOT_CLASSED = 0xffff;
const ECHO_REQUEST = 8;
const ECHO_REQUEST_6 = 128;
const SYN = 2;
const RST = 4;
const ACK = 16;
const PLAIN_FLAGS = 0x3f;
const INBOUND = 1 << 24;

/** Flows that could be looked at, by what they tell. */
export interface ContactCounts {
  failed: number;
  answered: number;
  /** Flows that tell no outcome: no flags, UDP without answer in sampled data. */
  notTold: number;
  udpAnswered: number;
  /** Left out first: answers that nobody was seen to ask for, and questions to ports that are misused for reflection. */
  unasked: number;
  toReflectors: number;
}

/** Flows of the ranges that the detectors look at, as a filter expression without the direction. */
export function lookedAt(profile: Profile, leaveOutDuplicates: boolean): string {
  const parts: string[] = [];
  if (profile.excluded.length > 0)
    parts.push(` and not address in (${profile.excluded.map(({ cidr }) => cidr).join(', ')})`);
  if (leaveOutDuplicates) parts.push(' and not duplicate = same');
  return parts.join('');
}

const noCounts = (): ContactCounts => ({
  failed: 0,
  answered: 0,
  notTold: 0,
  udpAnswered: 0,
  unasked: 0,
  toReflectors: 0,
});

export class FirstContacts implements FlowCollector {
  readonly addresses = new AddressNumbers();
  /** (source, direction, transport and port); and (that, target). */
  readonly approaches = new PairIndex();
  readonly contacts = new PairIndex();
  /**
   * Of each contact: second of the first flow that told an outcome, and that outcome; second of the last flow; flows by
   * outcome; class of the target.
   */
  second = new Uint32Array(1024);
  lastSecond = new Uint32Array(1024);
  outcome = new Uint8Array(1024);
  failedFlows = new Uint32Array(1024);
  answeredFlows = new Uint32Array(1024);
  targetClass = new Uint16Array(1024);
  /** Failed flows of outbound contacts by (contact, local hour). */
  readonly failedHours = new PairIndex();
  failedInHour = new Uint32Array(1024);
  /** Names of target classes; 0 = unknown. */
  readonly classes: string[] = [UNKNOWN];
  /** Sources that take part in peer-to-peer networks. */
  readonly peers = new Set<number>();
  readonly outbound = noCounts();
  readonly inbound = noCounts();
  leftOut = 0;
  readonly #classNumbers = new Map<string, number>([[UNKNOWN, 0]]);
  /** Class of each category by the number of its term. */
  readonly #ofCategory = new Uint16Array(65_536).fill(NOT_CLASSED);
  #institutions: ReadonlyMap<string, StoredInstitution> | null = null;
  #isInstitution: boolean[] = [false];
  #kept: { readonly selection: FlowSelection | null; readonly mask: Uint8Array } | null = null;
  #clock: ZoneClock | null = null;

  addSegment(reader: CaseReader, segment: SegmentInfo): void {
    const clock = (this.#clock ??= new ZoneClock(reader.profile.timeZone));
    const kept = this.#keptRows(reader, segment);
    const start = reader.column(segment, 'start');
    const side = reader.column(segment, 'subjectSide');
    const initiator = reader.column(segment, 'initiator');
    const responder = reader.column(segment, 'responder');
    const ownPort = reader.column(segment, 'initiatorPort');
    const port = reader.column(segment, 'responderPort');
    const transport = reader.column(segment, 'transport');
    const packetsOut = reader.column(segment, 'packetsOut');
    const packetsIn = reader.column(segment, 'packetsIn');
    const flags = reader.column(segment, 'tcpFlags');
    const state = reader.column(segment, 'state');
    const sampling = reader.column(segment, 'sampling');
    const category = reader.column(segment, 'category');
    const match = reader.column(segment, 'match');
    const ofMatch = reader.dictionary(segment, 'match').map((text) => this.#institutionClass(reader, text));
    const [none, inside] = [SUBJECT_SIDES.indexOf('none'), SUBJECT_SIDES.indexOf('responder')];
    const [p2p, crypto] = [reader.termNumber('p2p') ?? -1, reader.termNumber('crypto') ?? -1];
    for (let row = 0; row < segment.rows; row++) {
      if (side[row] === none || (kept !== null && kept[row] === 0)) continue;
      if (!(start[row] >= 0 && start[row] < 4_294_967_295e6)) continue;
      const by = transport[row];
      const isInbound = side[row] === inside;
      const counts = isInbound ? this.inbound : this.outbound;
      const at = row * 4;
      // Peers of overlays and of coins come and go, so that many contacts with them fail.
      if (category[row] === p2p || (category[row] === crypto && port[row] >= 1024)) {
        if (!isInbound) this.peers.add(this.addresses.number(initiator, at));
        continue;
      }
      if (isGroupAddress(responder[at], responder[at + 1], responder[at + 2], responder[at + 3])) continue;
      const [out, into] = [packetsOut[row], packetsIn[row]];
      const isEcho =
        (by === ICMP && ownPort[row] === ECHO_REQUEST) || (by === ICMP6 && ownPort[row] === ECHO_REQUEST_6);
      if (by !== TCP && by !== UDP && !isEcho) continue;
      const to = isEcho ? 0 : port[row];
      if (by === UDP && (isTracerouteProbe(by, to) || (!isInbound && REFLECTOR_PORTS.has(to)))) {
        if (into === 0) counts.toReflectors++;
        continue;
      }
      const told: Outcome = isEcho
        ? out === 0 || (into === 0 && sampling[row] > 1)
          ? NOT_TOLD
          : into > 0
            ? ANSWERED
            : FAILED
        : sampling[row] > 1
          ? sampledOutcome(by, flags[row], out, into)
          : outcomeOf(by, state[row], flags[row], ownPort[row], out, into);
      if (told === NOT_TOLD) {
        if (isUnasked(by, flags[row], ownPort[row], into)) {
          counts.unasked++;
          continue;
        }
        counts.notTold++;
        if (isInbound || by !== TCP || out === 0 || ownPort[row] < 1024 || !FAN_OUT_PORTS.has(to)) continue;
      } else if (told === FAILED) counts.failed++;
      else {
        counts.answered++;
        if (by === UDP) counts.udpAnswered++;
      }
      if (this.contacts.size >= MOST_CONTACTS) {
        this.leftOut++;
        continue;
      }
      const source = this.addresses.number(initiator, at);
      const approach = this.approaches.number(source, (isInbound ? INBOUND : 0) + by * 65_536 + to);
      const known = this.contacts.size;
      const contact = this.contacts.number(approach, this.addresses.number(responder, at));
      if (contact >= this.second.length) this.#grow();
      this.#meet(contact, contact === known, Math.floor(start[row] / 1e6), told);
      if (isInbound) continue;
      let classed = match[row] === 0 ? 0 : ofMatch[match[row] - 1];
      if (classed === 0) {
        classed = this.#ofCategory[category[row]];
        if (classed === NOT_CLASSED) {
          classed = this.#categoryClass(reader.term(category[row]) ?? UNKNOWN);
          this.#ofCategory[category[row]] = classed;
        }
      }
      if (classed !== 0 && classed !== this.targetClass[contact]) this.#classify(contact, classed);
      if (told !== FAILED) continue;
      if (this.failedHours.size >= MOST_FAILED_HOURS) {
        this.leftOut++;
        continue;
      }
      const hour = this.failedHours.number(contact, clock.localHour(start[row]));
      if (hour >= this.failedInHour.length) this.failedInHour = grown(this.failedInHour);
      this.failedInHour[hour]++;
    }
  }

  /** The first flow that tells an outcome counts; of one second the answered one, so that the order of flows cannot matter. */
  #meet(contact: number, isNew: boolean, second: number, told: Outcome): void {
    if (told === FAILED) this.failedFlows[contact]++;
    else if (told === ANSWERED) this.answeredFlows[contact]++;
    if (second > this.lastSecond[contact]) this.lastSecond[contact] = second;
    const known = this.outcome[contact];
    const isEarlier = second < this.second[contact] || (second === this.second[contact] && told === ANSWERED);
    const replaces = isNew || (told === NOT_TOLD ? known === NOT_TOLD && isEarlier : known === NOT_TOLD || isEarlier);
    if (!replaces) return;
    this.second[contact] = second;
    this.outcome[contact] = told;
  }

  #grow(): void {
    this.second = grown(this.second);
    this.lastSecond = grown(this.lastSecond);
    this.failedFlows = grown(this.failedFlows);
    this.answeredFlows = grown(this.answeredFlows);
    const outcome = new Uint8Array(this.outcome.length * 2);
    outcome.set(this.outcome);
    this.outcome = outcome;
    const targetClass = new Uint16Array(this.targetClass.length * 2);
    targetClass.set(this.targetClass);
    this.targetClass = targetClass;
  }

  /** Rows that are not of excluded addresses, nor held by other evidence where such are left out; null for all. */
  #keptRows(reader: CaseReader, segment: SegmentInfo): Uint8Array | null {
    if (this.#kept === null) {
      const rest = lookedAt(reader.profile, reader.meta(LEAVE_OUT_DUPLICATES) === 'yes').replace(/^ and /, '');
      const selection = rest === '' ? null : compileFilter(parseFilter(rest), reader);
      this.#kept = { selection, mask: new Uint8Array(SEGMENT_ROWS) };
    }
    const { selection, mask } = this.#kept;
    if (selection === null) return null;
    selection.mark(segment, mask);
    return mask;
  }

  #institutionClass(reader: CaseReader, match: string): number {
    const institution = (this.#institutions ??= reader.institutions()).get(match);
    return institution === undefined ? 0 : this.#classNumber(institution.class, true);
  }

  #categoryClass(category: string): number {
    return category === 'scan' ? 0 : this.#classNumber(category, false);
  }

  #classNumber(name: string, isInstitution: boolean): number {
    let number = this.#classNumbers.get(name);
    if (number === undefined) {
      this.#classNumbers.set(name, (number = this.classes.push(name) - 1));
      this.#isInstitution[number] = isInstitution;
    }
    return number;
  }

  #classify(contact: number, classed: number): void {
    this.targetClass[contact] = this.weightierClass(this.targetClass[contact], classed);
  }

  /**
   * Of two classes of one target the one that is told: any before unknown, of institutions before categories, then by the
   * alphabet, so that the order of flows cannot matter.
   */
  weightierClass(x: number, y: number): number {
    if (x === 0 || y === 0) return x || y;
    if (this.#isInstitution[x] !== this.#isInstitution[y]) return this.#isInstitution[x] ? x : y;
    return this.classes[x] < this.classes[y] ? x : y;
  }

  /** Source, direction, transport and port of an approach. */
  approach(number: number): { source: number; isInbound: boolean; transport: number; port: number } {
    const key = this.approaches.second(number);
    const way = key & (INBOUND - 1);
    return {
      source: this.approaches.first(number),
      isInbound: key >= INBOUND,
      transport: way >>> 16,
      port: way & 0xffff,
    };
  }

  /** Contacts of the approaches that `isWanted` picks, each approach's in order of time; of one second the answered ones first. */
  *inOrder(isWanted: (approach: number) => boolean): Generator<{ approach: number; contacts: Uint32Array }> {
    const { size } = this.contacts;
    const counts = new Uint32Array(this.approaches.size + 1);
    const wanted = new Uint8Array(this.approaches.size);
    for (let i = 0; i < wanted.length; i++) wanted[i] = isWanted(i) ? 1 : 0;
    for (let i = 0; i < size; i++) {
      const of = this.contacts.first(i);
      if (wanted[of] === 1) counts[of + 1]++;
    }
    for (let i = 1; i < counts.length; i++) counts[i] += counts[i - 1];
    const sorted = new Uint32Array(counts[wanted.length]);
    const next = counts.slice();
    for (let i = 0; i < size; i++) {
      const of = this.contacts.first(i);
      if (wanted[of] === 1) sorted[next[of]++] = i;
    }
    for (let approach = 0; approach < wanted.length; approach++) {
      const contacts = sorted.subarray(counts[approach], counts[approach + 1]);
      if (contacts.length > 0) yield { approach, contacts: this.byTime(contacts) };
    }
  }

  /** The same contacts in order of time; of one second the answered ones first. */
  byTime(contacts: Uint32Array): Uint32Array {
    return contacts.toSorted((x, y) => this.second[x] - this.second[y] || this.outcome[x] - this.outcome[y]);
  }
}

/** What a flow tells of which only some packets were seen: a lone SYN, or signs of a conversation. */
function sampledOutcome(transport: number, flags: number, packetsOut: number, packetsIn: number): Outcome {
  if (transport !== TCP) return packetsIn > 0 ? ANSWERED : NOT_TOLD;
  const plain = flags & PLAIN_FLAGS;
  if (packetsOut === 0) return NOT_TOLD;
  if (plain === SYN && packetsIn === 0) return FAILED;
  return (plain & ACK) !== 0 && (plain & (SYN | RST)) === 0 ? ANSWERED : NOT_TOLD;
}

/** An answer that nobody was seen to ask for: SYN-ACK or RST alone, or UDP out of a port that is misused for reflection. */
function isUnasked(transport: number, flags: number, ownPort: number, packetsIn: number): boolean {
  if (packetsIn > 0) return false;
  if (transport === UDP) return ownPort < 1024 || REFLECTOR_PORTS.has(ownPort);
  const plain = flags & PLAIN_FLAGS;
  return transport === TCP && (plain === (SYN | ACK) || plain === RST || plain === (RST | ACK));
}
