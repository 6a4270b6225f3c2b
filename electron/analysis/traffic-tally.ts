import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { LABEL_EVIDENCE, SUBJECT_SIDES } from '../../shared/flow.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import { HostHours } from './host-hours.ts';
import { grown } from './grown-array.ts';

/**
 * One pass over the flows of a case that gathers what the first findings need: sums by local day and hour, by category
 * and service, and distinct host-hours. Every sum is of whole numbers (spread bytes in 1/1024), so that the order of
 * segments cannot change a digit.
 */

/** A flow that claims to last longer (31 days) counts wholly at its start: a lying end must not fill the calendar. */
export const LONGEST_FLOW_HOURS = 744;

/** 2255-01-01: later times are not exact in float64 microseconds and are taken as damage, like those before 1970. */
export const LATEST = 8_993_808_000_000_000;

/** Protocols whose content a wire tap cannot read. */
const ENCRYPTED_PROTOCOLS =
  'anydesk cisco-vpn dnscrypt dtls encrypted-dns forticlient ftps hamachi imaps ipsec openvpn pop3s psiphon quic smtps ' +
  'softether srtp ssh tailscale teamviewer telegram-mtproto tinc tls tor ultrasurf whatsapp-wire wireguard';
const ESP = 50;

/** What flows of one category and service add up to. */
export interface Label {
  readonly category: string;
  readonly service: string | null;
}

/** One local day. Arrays of 24 are by local hour; `sums` holds flows, bytes and packets of activity that start on
 * the day, label after label, multiplied by the sampling rate. */
export class DayTally {
  /** Days on the local calendar since 1970-01-01. */
  readonly day: number;
  /** 1 where the evidence shows any packet, whoever sent it. */
  readonly observed = new Uint8Array(24);
  /** Flows as they were recorded that touch the hour, whoever opened them. */
  readonly touching = new Float64Array(24);
  /** Those of them from or to the profile's ranges. */
  readonly subjectTouching = new Float64Array(24);
  /** First and last microsecond with a flow. */
  readonly firstSeen = new Float64Array(24).fill(Infinity);
  readonly lastSeen = new Float64Array(24).fill(-Infinity);
  /**
   * Activity: flows that start in the hour, and bytes spread in equal parts over the hours that a flow touches, both
   * multiplied by the sampling rate.
   */
  readonly flows = new Float64Array(24);
  readonly bytes = new Float64Array(24);
  sums = new Float64Array(3 * 8);

  constructor(day: number) {
    this.day = day;
  }

  get observedHours(): number {
    return this.observed.reduce((total, isObserved) => total + isObserved, 0);
  }
}

/** Columns of `DayTally.sums`. */
export const SUM_COLUMNS = { flows: 0, bytes: 1, packets: 2 } as const;

/** Amount of these labels in the sums of a day. */
export function sumOfLabels(
  sums: ArrayLike<number>,
  labels: readonly number[],
  metric: keyof typeof SUM_COLUMNS,
): number {
  return labels.reduce((total, label) => total + (sums[label * 3 + SUM_COLUMNS[metric]] ?? 0), 0);
}

export class TrafficTally {
  readonly clock: ZoneClock;
  readonly groups: readonly (readonly string[])[];
  readonly labels: Label[] = [];
  readonly hostHours: HostHours;
  /** Flows of the case, of activity, and of the case by kind. */
  flows = 0;
  activityFlows = 0;
  unknownFlows = 0;
  encryptedFlows = 0;
  /** Activity flows found inside a tunnel; their bytes are counted in the outer flow too. */
  tunnelledFlows = 0;
  /** Numbers of the ranges of which any flow was seen: index + 1 in the profile's. */
  readonly rangesSeen = new Set<number>();
  /** Flows with no end in the profile's ranges. */
  outsideFlows = 0;
  /** Flows left out for a time outside 1970 to 2254, and flows longer than LONGEST_FLOW_HOURS. */
  untimedFlows = 0;
  endlessFlows = 0;
  /** First start and last end, microseconds. */
  from = Infinity;
  to = -Infinity;
  readonly #rates = new Set<number>();
  readonly #days = new Map<number, DayTally>();
  readonly #labelNumbers = new Map<number, number>();
  /** Group bits of each label, `#maskWidth` words a label. */
  readonly #masks: number[] = [];
  readonly #maskWidth: number;
  /** Activity flows by label and label evidence. */
  readonly #evidence: number[] = [];

  constructor(clock: ZoneClock, groups: readonly (readonly string[])[]) {
    this.clock = clock;
    this.groups = groups;
    this.hostHours = new HostHours(groups.length + 1);
    this.#maskWidth = Math.ceil((groups.length + 1) / 32);
  }

  /** Local days with any flow, ascending. */
  days(): DayTally[] {
    return [...this.#days.values()].toSorted((x, y) => x.day - y.day);
  }

  /** Sampling rates met, ascending; 1 = unsampled. */
  sampling(): number[] {
    return [...this.#rates].toSorted((x, y) => x - y);
  }

  /** Number of the group behind the profile's: activity that no rule names. */
  get unnamedGroup(): number {
    return this.groups.length;
  }

  /** True when a label belongs to a group: its category or its service is a member. */
  inGroup(label: number, group: number): boolean {
    return (this.#masks[label * this.#maskWidth + (group >>> 5)] & (1 << (group & 31))) !== 0;
  }

  /** Activity flows of a label that rest on one kind of evidence (index in LABEL_EVIDENCE). */
  evidenceFlows(label: number, evidence: number): number {
    return this.#evidence[label * LABEL_EVIDENCE.length + evidence];
  }

  /** Adds one segment; `activity` holds 1 for every row that counts as activity. */
  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const start = reader.column(segment, 'start');
    const end = reader.column(segment, 'end');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    const packetsOut = reader.column(segment, 'packetsOut');
    const packetsIn = reader.column(segment, 'packetsIn');
    const sampling = reader.column(segment, 'sampling');
    const initiator = reader.column(segment, 'initiator');
    const transport = reader.column(segment, 'transport');
    const depth = reader.column(segment, 'depth');
    const protocol = reader.column(segment, 'protocol');
    const category = reader.column(segment, 'category');
    const service = reader.column(segment, 'service');
    const side = reader.column(segment, 'subjectSide');
    const evidence = reader.column(segment, 'labelEvidence');
    const range = reader.column(segment, 'range');
    const unknown = reader.termNumber(UNKNOWN) ?? 0;
    const encrypted = new Set(ENCRYPTED_PROTOCOLS.split(' ').map((id) => reader.termNumber(id)));
    const outside = SUBJECT_SIDES.indexOf('none');
    const { clock } = this;

    // The local hour met last: flows of a segment come nearly in order of time.
    let hour = 0;
    let hourStart = Infinity;
    let hourEnd = -Infinity;
    let tally = new DayTally(0);
    let lastRate = 0;

    for (let row = 0; row < segment.rows; row++) {
      const from = start[row];
      if (!(from >= 0 && from < LATEST)) {
        this.untimedFlows++;
        continue;
      }
      this.flows++;
      if (category[row] === unknown || category[row] === 0) this.unknownFlows++;
      if (transport[row] === ESP || (protocol[row] !== 0 && encrypted.has(protocol[row]))) this.encryptedFlows++;
      const rate = sampling[row] || 1;
      if (rate !== lastRate) {
        this.#rates.add(rate);
        lastRate = rate;
      }
      if (from < hourStart || from >= hourEnd) {
        hour = clock.localHour(from);
        hourStart = clock.startOfLocalHour(hour);
        hourEnd = clock.startOfLocalHour(hour + 1);
        tally = this.#day(Math.floor(hour / 24));
      }
      let to = end[row] > from ? end[row] : from;
      let lastHour = to < hourEnd ? hour : clock.localHour(to);
      if (!(lastHour - hour < LONGEST_FLOW_HOURS)) {
        this.endlessFlows++;
        to = from;
        lastHour = hour;
      }
      if (from < this.from) this.from = from;
      if (to > this.to) this.to = to;
      const isSubject = side[row] !== outside;
      if (isSubject) this.rangesSeen.add(range[row]);
      else this.outsideFlows++;
      const hourOfDay = ZoneClock.hourOfDay(hour);
      let bytes = 0;
      let host = -1;
      let label = 0;
      if (activity[row] === 1) {
        this.activityFlows++;
        if (depth[row] !== 0) this.tunnelledFlows++;
        label = this.#label(reader, category[row], service[row]);
        this.#evidence[label * LABEL_EVIDENCE.length + evidence[row]]++;
        const at = label * 3;
        if (at >= tally.sums.length) tally.sums = grown(tally.sums, at + 3);
        bytes = (bytesOut[row] + bytesIn[row]) * rate;
        tally.sums[at] += rate;
        tally.sums[at + 1] += bytes;
        tally.sums[at + 2] += (packetsOut[row] + packetsIn[row]) * rate;
        tally.flows[hourOfDay] += rate;
        host = this.hostHours.hostNumber(initiator, row * 4);
        if (host >= 0) this.hostHours.add(host, hour, this.#masks, label * this.#maskWidth);
      }
      seen(tally, hourOfDay, from, to < hourEnd ? to : hourEnd - 1, isSubject);
      if (lastHour === hour) {
        tally.bytes[hourOfDay] += bytes;
        continue;
      }
      // In multiples of 1/1024, so that sums are exact and do not depend on the order of flows.
      const part = Math.round((bytes * 1024) / (lastHour - hour + 1)) / 1024;
      tally.bytes[hourOfDay] += part;
      for (let h = hour + 1; h <= lastHour; h++) {
        const day = this.#day(Math.floor(h / 24));
        const of = ZoneClock.hourOfDay(h);
        day.bytes[of] += part;
        seen(day, of, clock.startOfLocalHour(h), h === lastHour ? to : clock.startOfLocalHour(h + 1) - 1, isSubject);
        if (host >= 0) this.hostHours.add(host, h, this.#masks, label * this.#maskWidth);
      }
    }
  }

  #day(day: number): DayTally {
    let tally = this.#days.get(day);
    if (tally === undefined) {
      tally = new DayTally(day);
      this.#days.set(day, tally);
    }
    return tally;
  }

  #label(reader: CaseReader, category: number, service: number): number {
    const key = category * 65_536 + service;
    const known = this.#labelNumbers.get(key);
    if (known !== undefined) return known;
    const label: Label = { category: reader.term(category) ?? UNKNOWN, service: reader.term(service) };
    const number = this.labels.length;
    this.labels.push(label);
    this.#labelNumbers.set(key, number);
    for (let word = 0; word < this.#maskWidth; word++) this.#masks.push(0);
    [...this.groups, [UNKNOWN]].forEach((members, group) => {
      if (members.includes(label.category) || (label.service !== null && members.includes(label.service))) {
        this.#masks[number * this.#maskWidth + (group >>> 5)] |= 1 << (group & 31);
      }
    });
    for (let i = 0; i < LABEL_EVIDENCE.length; i++) this.#evidence.push(0);
    return number;
  }
}

function seen(day: DayTally, hour: number, from: number, to: number, isSubject: boolean): void {
  day.observed[hour] = 1;
  day.touching[hour]++;
  if (isSubject) day.subjectTouching[hour]++;
  if (from < day.firstSeen[hour]) day.firstSeen[hour] = from;
  if (to > day.lastSeen[hour]) day.lastSeen[hour] = to;
}

/** Throws the error that ends a cancelled analysis. */
export function stopIfCancelled(cancelled: (() => boolean) | undefined, path: string): void {
  if (cancelled?.() === true) {
    throw new EnclaveError(
      'cancelled',
      'the analysis was cancelled; no finding was changed',
      path,
      'run it again',
      130,
    );
  }
}
