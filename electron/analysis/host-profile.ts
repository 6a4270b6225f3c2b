import { clockTime } from '../../shared/calendar.ts';
import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { type DeviceEvidence, devicesOf, natSuspected, type Seen } from '../../shared/devices.ts';
import type { Caveat, HostProfileFinding, Verdict } from '../../shared/finding.ts';
import { type FlowColumn, NAME_ORIGINS, SUBJECT_SIDES } from '../../shared/flow.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { Analysis } from './analysis.ts';
import type { FlowCollector } from './flow-collector.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  MINIMUM_FLOWS,
  MOST_BLOCKS,
  RESAMPLES,
  SEED,
  activityOf,
  baseOf,
  byBlock,
  seenBetween,
  sum,
  shareInterval,
  toldInterval,
} from './analysis-frame.ts';
import { activityCaveats } from './caveats.ts';
import { activeHours } from './daily-rhythm.ts';
import { SERVER_CLIENTS, type ServerCollector } from './server-inventory.ts';
import { ratioInterval } from './statistics/day-bootstrap.ts';
import { grown } from './grown-array.ts';
import { bySubject } from './subject-days.ts';

/** One host of the ranges: what it is, what it is used for, when, and the sequence of a day. */

/** Hosts told, the busiest ones. */
const MOST_HOSTS = 50;
const MOST_SERVICES = 10;
/** Stretches told of one day. */
const MOST_STRETCHES = 60;
/** Entries of host, hour and label that are kept. */
const MOST_KEPT = 1 << 21;
/** Days on which an address shows several devices from which on it is taken for a gateway (on its only day: that one). */
const GATEWAY_DAYS = 2;
/** Origins of names that a host gave itself. */
const OWN_NAMES: ReadonlySet<number> = new Set(
  (['dhcp-lease', 'mdns-announcement', 'netbios-name'] as const).map((origin) => NAME_ORIGINS.indexOf(origin)),
);

/** What the pass gathers of every host: activity flows by local hour and label, and how its clients call themselves. */
class HostCollector implements FlowCollector {
  readonly hosts = new AddressNumbers();
  /** (host, local hour) and (that, label). */
  readonly hostHours = new PairIndex();
  readonly entries = new PairIndex();
  /** Activity flows of an entry, multiplied by their sampling rate. */
  flows = new Float64Array(1024);
  readonly labels: { category: string; service: string | null }[] = [];
  readonly #labelNumbers = new PairIndex();
  /** (host, local day), and what was seen of devices on it. */
  readonly hostDays = new PairIndex();
  readonly agents = new SightCounts();
  readonly fingerprints = new SightCounts();
  readonly ttls = new SightCounts();
  readonly synOptions = new SightCounts();
  readonly via = new SightCounts();
  readonly forwardedFor = new SightCounts();
  /** Names that hosts gave themselves, by host. */
  readonly names = new SightCounts();
  readonly texts: string[] = [];
  readonly #textNumbers = new Map<string, number>();
  leftOut = 0;
  #clock: ZoneClock | null = null;

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const clock = (this.#clock ??= new ZoneClock(reader.profile.timeZone));
    const start = reader.column(segment, 'start');
    const initiator = reader.column(segment, 'initiator');
    const category = reader.column(segment, 'category');
    const service = reader.column(segment, 'service');
    const sampling = reader.column(segment, 'sampling');
    const ttl = reader.column(segment, 'initiatorTtl');
    const responder = reader.column(segment, 'responder');
    const linkedOrigin = reader.column(segment, 'linkedOrigin');
    const linkedName = reader.column(segment, 'linkedName');
    const side = reader.column(segment, 'subjectSide');
    const outside = SUBJECT_SIDES.indexOf('none');
    const fromInside = SUBJECT_SIDES.indexOf('initiator');
    const agents = this.#textColumns(reader, segment, 'userAgent', 'linkedUserAgent');
    const fingerprints = this.#textColumns(reader, segment, 'ja4', 'linkedJa4');
    const names = this.#numbers(reader.dictionary(segment, 'linkedName'));
    const further = (['synOptions', 'via', 'forwardedFor'] as const)
      .filter((name) => reader.dictionary(segment, name).length > 0)
      .map((name) => ({ counts: this[name], text: this.#textColumns(reader, segment, name, name) }));
    for (let row = 0; row < segment.rows; row++) {
      if (OWN_NAMES.has(linkedOrigin[row]) && side[row] !== outside && side[row] !== fromInside) {
        this.names.add(this.hosts.number(responder, row * 4), names[linkedName[row] - 1]);
      }
      if (activity[row] === 0 || !(start[row] >= 0)) continue;
      const host = this.hosts.number(initiator, row * 4);
      const hostDay = this.hostDays.number(host, Math.floor(clock.localHour(start[row]) / 24));
      const agent = agents(row);
      if (agent >= 0) this.agents.add(hostDay, agent);
      const fingerprint = fingerprints(row);
      if (fingerprint >= 0) this.fingerprints.add(hostDay, fingerprint);
      if (ttl[row] !== 0) this.ttls.add(hostDay, ttl[row]);
      for (const { counts, text } of further) {
        const number = text(row);
        if (number >= 0) counts.add(hostDay, number);
      }
      const label = this.#label(reader, category[row], service[row]);
      if (this.entries.size >= MOST_KEPT) {
        this.leftOut++;
        continue;
      }
      const entry = this.entries.number(this.hostHours.number(host, clock.localHour(start[row])), label);
      if (entry >= this.flows.length) this.flows = grown(this.flows);
      this.flows[entry] += sampling[row] || 1;
    }
  }

  #label(reader: CaseReader, category: number, service: number): number {
    const number = this.#labelNumbers.number(category, service);
    if (number === this.labels.length) {
      this.labels.push({ category: reader.term(category) ?? UNKNOWN, service: reader.term(service) });
    }
    return number;
  }

  /** Number of the text in one of two columns, the first that has one; -1 for none. */
  #textColumns(reader: CaseReader, segment: SegmentInfo, own: FlowColumn, linked: FlowColumn): (row: number) => number {
    const [first, second] = [reader.column(segment, own), reader.column(segment, linked)];
    const ofFirst = this.#numbers(reader.dictionary(segment, own));
    const ofSecond = this.#numbers(reader.dictionary(segment, linked));
    return (row) => (first[row] !== 0 ? ofFirst[first[row] - 1] : second[row] !== 0 ? ofSecond[second[row] - 1] : -1);
  }

  /** Numbers of texts over all segments. */
  #numbers(dictionary: readonly string[]): number[] {
    return dictionary.map((text) => {
      const known = this.#textNumbers.get(text);
      if (known !== undefined) return known;
      this.#textNumbers.set(text, this.texts.length);
      return this.texts.push(text) - 1;
    });
  }
}

/** How many flows showed what: by a numbered subject and a numbered thing. */
class SightCounts {
  readonly #pairs = new PairIndex();
  #flows = new Float64Array(256);
  /** Pairs of each subject; made when all flows were seen. */
  #of: Map<number, number[]> | null = null;

  add(subject: number, thing: number): void {
    this.#of = null;
    const pair = this.#pairs.number(subject, thing);
    if (pair === this.#flows.length) this.#flows = grown(this.#flows);
    this.#flows[pair]++;
  }

  /** What was seen of some subjects together, most flows first. */
  of(subjects: readonly number[]): { thing: number; flows: number }[] {
    const found = new Map<number, number>();
    const pairs = (this.#of ??= bySubject(this.#pairs));
    for (const pair of subjects.flatMap((subject) => pairs.get(subject) ?? [])) {
      const thing = this.#pairs.second(pair);
      found.set(thing, (found.get(thing) ?? 0) + this.#flows[pair]);
    }
    return [...found].map(([thing, flows]) => ({ thing, flows }));
  }
}

interface HostHour {
  readonly hour: number;
  readonly label: number;
  readonly flows: number;
}

/**
 * Profiles of the hosts of the ranges that opened most activity flows, the busiest 50.
 *
 * Devices: by User-Agent, JA4, names that the host gave itself, first TTL, TCP options and fields of proxies (shared/devices.ts). Role: `gateway` when that shows
 * several devices behind the address on at least two days (over days an address may pass from one to another); else `server` when it answered at least two different clients on some port and more flows than it
 * opened; else `client`. `value` is the host's share of all activity flows, its interval from the day-block bootstrap
 * (Carlstein, Ann. Statist. 14, 1986). `supported`: at least 7 days and 100 flows of the host.
 *
 * `days` holds the host's busiest day, its first, and days that a claim of the profile names. A sequence is of stretches of
 * local clock hours in which one service (or category, where no service is named) was met without a break.
 */
export function hostProfiles(servers: ServerCollector): Analysis {
  const collector = new HostCollector();
  return { collector, findings: (frame) => profiles(frame, collector, servers) };
}

function profiles(frame: AnalysisFrame, collector: HostCollector, servers: ServerCollector): HostProfileFinding[] {
  const { hosts, hostHours, entries, flows } = collector;
  const ofHost: HostHour[][] = Array.from({ length: hosts.size }, () => []);
  for (let entry = 0; entry < entries.size; entry++) {
    const hostHour = entries.first(entry);
    const host = hostHours.first(hostHour);
    ofHost[host].push({ hour: hostHours.second(hostHour), label: entries.second(entry), flows: flows[entry] });
  }
  const hostDaysOf = bySubject(collector.hostDays);
  const totals = ofHost.map((hours) => hours.reduce((total, each) => total + each.flows, 0));
  const busiest = totals
    .map((total, host) => ({ total, host }))
    .filter(({ total }) => total > 0)
    .toSorted((x, y) => y.total - x.total || hosts.compare(x.host, y.host));
  return busiest
    .slice(0, MOST_HOSTS)
    .map(({ host }) => profile(frame, collector, servers, host, ofHost[host], hostDaysOf, busiest.length));
}

/** What some days of a host show of devices. */
function deviceEvidence(
  collector: HostCollector,
  hostDays: readonly number[],
  hosts: readonly number[],
): DeviceEvidence {
  const seen = (counts: SightCounts, of: readonly number[]): Seen[] =>
    counts
      .of(of)
      .map(({ thing, flows }) => ({ value: collector.texts[thing], flows }))
      .toSorted((x, y) => y.flows - x.flows || (x.value < y.value ? -1 : 1));
  return {
    userAgents: seen(collector.agents, hostDays),
    ja4s: seen(collector.fingerprints, hostDays),
    ttls: collector.ttls
      .of(hostDays)
      .map(({ thing, flows }) => ({ value: thing, flows }))
      .toSorted((x, y) => y.flows - x.flows || x.value - y.value),
    names: seen(collector.names, hosts),
    synOptions: seen(collector.synOptions, hostDays),
    via: seen(collector.via, hostDays),
    forwardedFor: seen(collector.forwardedFor, hostDays),
  };
}

function profile(
  frame: AnalysisFrame,
  collector: HostCollector,
  servers: ServerCollector,
  host: number,
  hours: readonly HostHour[],
  hostDaysOf: ReadonlyMap<number, readonly number[]>,
  hostsInAll: number,
): HostProfileFinding {
  const address = collector.hosts.text(host);
  const { timeZone } = frame.profile;
  const hostDays = hostDaysOf.get(host) ?? [];
  const devices = devicesOf(deviceEvidence(collector, hostDays, [host]));
  const suspicions = hostDays
    .map((day) => natSuspected(deviceEvidence(collector, [day], [])))
    .filter(({ suspected }) => suspected);
  const perDay = new Map<number, HostHour[]>();
  for (const each of hours) {
    const day = Math.floor(each.hour / 24);
    const held = perDay.get(day);
    if (held === undefined) perDay.set(day, [each]);
    else held.push(each);
  }
  const flowsOn = (day: number): number => (perDay.get(day) ?? []).reduce((total, each) => total + each.flows, 0);
  const days = [...perDay.keys()].toSorted((x, y) => x - y);
  const total = hours.reduce((x, each) => x + each.flows, 0);
  const answered = servers.offers.filter((offer) => servers.addresses.text(offer.address) === address);
  const served = answered.filter(({ clients }) => clients >= SERVER_CLIENTS);
  const isGateway = suspicions.length >= Math.min(GATEWAY_DAYS, Math.max(1, hostDays.length));
  const isServer = served.length > 0 && served.reduce((x, offer) => x + offer.flows, 0) > total;
  const role = isGateway ? 'gateway' : isServer ? 'server' : 'client';

  const ofHostByBlock = byBlock(frame, (day) => flowsOn(day.day));
  const all = byBlock(frame, (day) => activityOf(day, 'flows'));
  const share = sum(all) === 0 ? null : total / sum(all);
  const interval = toldInterval(frame, 'flows', ratioInterval(frame.resamples, ofHostByBlock, all, 'share'));
  const clockProfile = Array.from({ length: 24 }, (_, hour) =>
    hours.reduce((x, each) => x + (ZoneClock.hourOfDay(each.hour) === hour ? each.flows : 0), 0),
  );
  const isEnough = days.length >= MINIMUM_DAYS && total >= MINIMUM_FLOWS;
  const services = topServices(collector, hours);
  const caveats: Caveat[] = [];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `The host opened ${formatCounted(total, 'activity flow')} on ${formatCounted(days.length, 'day')}; at least ${MINIMUM_FLOWS} on ` +
        `${MINIMUM_DAYS} days are needed to speak of habits.`,
    });
  }
  if (isGateway) {
    caveats.push({
      id: 'several-devices',
      text:
        `On ${suspicions.length} of ${hostDays.length} days this address showed several devices ` +
        `(${[...new Set(suspicions.flatMap(({ why }) => why))].toSorted().slice(0, 3).join('; ')}): translation or a proxy is ` +
        'likely, and the figures are of all devices behind it.',
    });
  }
  if (collector.leftOut > 0) {
    caveats.push({
      id: 'host-hours-full',
      text: `${formatCount(collector.leftOut)} flows came after the tables were full and are left out.`,
    });
  }
  if (hostsInAll > MOST_HOSTS) {
    caveats.push({ id: 'hosts-cut', text: `${hostsInAll - MOST_HOSTS} hosts with fewer flows have no profile.` });
  }
  caveats.push(...activityCaveats(frame));
  const verdict: Verdict = isEnough ? 'supported' : 'insufficient-data';
  const window = isEnough ? activeHours(clockProfile) : null;
  const seen = seenBetween(frame, (day) => perDay.has(day.day));
  const leading = services[0];
  const base = baseOf(frame, {
    kind: 'host-profile',
    subject: address,
    title: `Host ${address}`,
    statement:
      `Host ${address} (${role}) opened ${formatCounted(total, 'activity flow')}, ${formatShare(share)} of all (${shareInterval(interval)})` +
      (leading === undefined ? '' : `, most of those with a named service to ${leading.service}`) +
      `; activity ${seen}.`,
    verdict,
    value: share,
    interval,
    unit: 'share of activity flows',
    method: {
      name: 'Counts by host and local clock hour; role by rule; share with day-block bootstrap interval',
      source: 'Definition of host-profile in Enclave; Carlstein, Ann. Statist. 14 (1986)',
    },
    parameters: {
      host: address,
      timeZone,
      mostHosts: MOST_HOSTS,
      gatewayDays: GATEWAY_DAYS,
      serverClients: SERVER_CLIENTS,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
      minimumDays: MINIMUM_DAYS,
      minimumFlows: MINIMUM_FLOWS,
    },
    metric: 'flows',
    where: `${frame.activity} and initiator = ${address}`,
    numerator: total,
    denominator: sum(all),
    caveats,
  });
  return {
    ...base,
    kind: 'host-profile',
    host: address,
    role,
    devices: devices.map(({ kind, why }) => ({ kind, why: visibleText(why) })),
    topServices: services,
    activeHours: window === null ? null : { from: window.from, to: window.to },
    days: toldDays(frame, days, flowsOn).map((day) => ({
      date: ZoneClock.day(day * 24),
      sequence: sequence(collector, perDay.get(day) ?? []),
    })),
  };
}

function topServices(collector: HostCollector, hours: readonly HostHour[]): HostProfileFinding['topServices'] {
  const services = new Map<string, { flows: number; days: Set<number> }>();
  for (const { hour, label, flows } of hours) {
    const { service } = collector.labels[label];
    if (service === null) continue;
    const known = services.get(service) ?? { flows: 0, days: new Set() };
    known.flows += flows;
    known.days.add(Math.floor(hour / 24));
    services.set(service, known);
  }
  return [...services]
    .map(([service, { flows, days }]) => ({ service, flows, daysActive: days.size }))
    .toSorted((x, y) => y.flows - x.flows || (x.service < y.service ? -1 : 1))
    .slice(0, MOST_SERVICES);
}

/** The host's first day, its busiest, and those that a claim names, ascending. */
function toldDays(frame: AnalysisFrame, days: readonly number[], flowsOn: (day: number) => number): number[] {
  const busiest = days.toSorted((x, y) => flowsOn(y) - flowsOn(x) || x - y)[0];
  const named = new Set(
    frame.profile.claims.flatMap(({ kind, subject }) =>
      kind === 'host-profile' ? [/\bday:(\d{4}-\d{2}-\d{2})/.exec(subject)?.[1]] : [],
    ),
  );
  return days.filter((day, i) => i === 0 || day === busiest || named.has(ZoneClock.day(day * 24)));
}

/** Stretches of hours in which a label was met, by their begin; of one begin the one with more flows first. */
function sequence(
  collector: HostCollector,
  hours: readonly HostHour[],
): HostProfileFinding['days'][number]['sequence'] {
  const stretches: { from: number; to: number; label: number; flows: number }[] = [];
  const open = new Map<number, (typeof stretches)[number]>();
  for (const { hour, label, flows } of hours.toSorted((x, y) => x.hour - y.hour)) {
    const running = open.get(label);
    if (running !== undefined && running.to === hour) {
      running.to = hour + 1;
      running.flows += flows;
      continue;
    }
    const begun = { from: hour, to: hour + 1, label, flows };
    open.set(label, begun);
    stretches.push(begun);
  }
  return stretches
    .map(({ label, ...stretch }) => ({ ...stretch, ...collector.labels[label] }))
    .toSorted(
      (x, y) =>
        x.from - y.from ||
        y.flows - x.flows ||
        (x.category < y.category ? -1 : x.category > y.category ? 1 : (x.service ?? '') < (y.service ?? '') ? -1 : 1),
    )
    .slice(0, MOST_STRETCHES)
    .map(({ from, to, flows, category, service }) => ({
      from: clockTime(from % 24),
      to: clockTime(((to - 1) % 24) + 1),
      service,
      category,
      flows,
    }));
}

/** An hour of the day as `09:00`; its end as `24:00`. */
