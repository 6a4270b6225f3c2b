import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import type { Caveat, HostProfileFinding, Verdict } from '../../shared/finding.ts';
import { formatCount, formatShare, formatShareInterval } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import { AddressNumbers } from './address-numbers.ts';
import type { Analysis, FlowCollector } from './analysis.ts';
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
} from './analysis-frame.ts';
import { activityCaveats } from './caveats.ts';
import { activeHours } from './daily-rhythm.ts';
import { SERVER_CLIENTS, type ServerCollector } from './server-inventory.ts';
import { ratioInterval, resampledTotals } from './statistics/day-bootstrap.ts';

/** One host of the ranges: what it is, what it is used for, when, and the sequence of a day. */

/** Hosts told, the busiest ones. */
const MOST_HOSTS = 50;
const MOST_SERVICES = 10;
/** Stretches told of one day. */
const MOST_STRETCHES = 60;
/** Entries of host, hour and label that are kept. */
const MOST_KEPT = 1 << 21;
/** Different user agents or client fingerprints of one address from which on it is taken for several devices. */
const GATEWAY_AGENTS = 8;
const GATEWAY_FINGERPRINTS = 12;

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
  /** (host, text) of user agents and of JA4 fingerprints. */
  readonly agents = new PairIndex();
  readonly fingerprints = new PairIndex();
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
    const userAgent = reader.column(segment, 'userAgent');
    const ja4 = reader.column(segment, 'ja4');
    const agents = this.#numbers(reader.dictionary(segment, 'userAgent'));
    const fingerprints = this.#numbers(reader.dictionary(segment, 'ja4'));
    for (let row = 0; row < segment.rows; row++) {
      if (activity[row] === 0 || !(start[row] >= 0)) continue;
      const host = this.hosts.number(initiator, row * 4);
      const agent = userAgent[row];
      if (agent !== 0) this.agents.number(host, agents[agent - 1]);
      const fingerprint = ja4[row];
      if (fingerprint !== 0) this.fingerprints.number(host, fingerprints[fingerprint - 1]);
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

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

interface HostHour {
  readonly hour: number;
  readonly label: number;
  readonly flows: number;
}

/**
 * Profiles of the hosts of the ranges that opened most activity flows, the busiest 50.
 *
 * Role: `gateway` when the address shows at least 8 different user agents or 12 different TLS client fingerprints (JA4), which
 * one device hardly does; else `server` when it answered at least two different clients on some port and more flows than it
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
  const totals = ofHost.map((hours) => hours.reduce((total, each) => total + each.flows, 0));
  const busiest = totals
    .map((total, host) => ({ total, host }))
    .filter(({ total }) => total > 0)
    .toSorted((x, y) => y.total - x.total || hosts.compare(x.host, y.host));
  return busiest
    .slice(0, MOST_HOSTS)
    .map(({ host }) => profile(frame, collector, servers, host, ofHost[host], busiest.length));
}

function textsOf(pairs: PairIndex, host: number, texts: readonly string[]): string[] {
  const found: string[] = [];
  for (let pair = 0; pair < pairs.size; pair++) if (pairs.first(pair) === host) found.push(texts[pairs.second(pair)]);
  return found.toSorted();
}

function profile(
  frame: AnalysisFrame,
  collector: HostCollector,
  servers: ServerCollector,
  host: number,
  hours: readonly HostHour[],
  hostsInAll: number,
): HostProfileFinding {
  const address = collector.hosts.text(host);
  const { timeZone } = frame.profile;
  const agents = textsOf(collector.agents, host, collector.texts);
  const fingerprints = textsOf(collector.fingerprints, host, collector.texts);
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
  const isGateway = agents.length >= GATEWAY_AGENTS || fingerprints.length >= GATEWAY_FINGERPRINTS;
  const isServer = served.length > 0 && served.reduce((x, offer) => x + offer.flows, 0) > total;
  const role = isGateway ? 'gateway' : isServer ? 'server' : 'client';

  const ofHostByBlock = byBlock(frame, (day) => flowsOn(day.day));
  const all = byBlock(frame, (day) => activityOf(day, 'flows'));
  const share = sum(all) === 0 ? null : total / sum(all);
  const interval = ratioInterval(
    frame.resamples,
    resampledTotals(frame.resamples, ofHostByBlock),
    resampledTotals(frame.resamples, all),
  );
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
        `The host opened ${formatCount(total)} activity flows on ${days.length} days; at least ${MINIMUM_FLOWS} on ` +
        `${MINIMUM_DAYS} days are needed to speak of habits.`,
    });
  }
  if (isGateway) {
    caveats.push({
      id: 'several-devices',
      text:
        `${agents.length} different user agents and ${fingerprints.length} different TLS client fingerprints came from this ` +
        'address: several devices behind one address (translation or a proxy) are likely, and the figures are of all of them.',
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
      `Host ${address} (${role}) opened ${formatCount(total)} activity flows, ${formatShare(share)} of all (95 % interval ` +
      `${formatShareInterval(interval)})` +
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
      gatewayUserAgents: GATEWAY_AGENTS,
      gatewayFingerprints: GATEWAY_FINGERPRINTS,
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
    devices: [],
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
function clockTime(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
