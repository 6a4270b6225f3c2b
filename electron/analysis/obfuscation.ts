import type { CaseReader, SegmentInfo, StoredService } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { filterValue } from '../../shared/activity.ts';
import type { Caveat, ObfuscationFinding } from '../../shared/finding.ts';
import { LABEL_EVIDENCE, transportName } from '../../shared/flow.ts';
import { formatAmount, formatCount, formatCounted, formatList, formatShare } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
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
  hasActivity,
  isOfRecorded,
  seenBetween,
  sum,
  verdictOf,
  shareInterval,
  toldInterval,
} from './analysis-frame.ts';
import { isTooWide, LARGEST_HALF_WIDTH, tooMuchUnnamed } from './activity-share.ts';
import { activityCaveats } from './caveats.ts';
import { DNS_TUNNEL_PARAMETERS, type DnsTunnel, type DnsTunnelCollector } from './dns-tunnels.ts';
import { ratioInterval } from './statistics/day-bootstrap.ts';
import { boundedShareInterval } from './statistics/bounded-share.ts';
import { SubjectDays } from './subject-days.ts';
import {
  isReached,
  REACH_METHOD,
  REACH_SOURCE,
  reachInWords,
  unnamedByDay,
  unnamedCaveat,
} from './unnamed-activity.ts';

/** What share of activity hides whom it is for: by technique, and all techniques together. */

export const TECHNIQUES = ['all', 'vpn', 'tor', 'proxy', 'tunnel', 'dns-tunnel'] as const;
type Technique = (typeof TECHNIQUES)[number];
const METRICS = ['flows', 'bytes'] as const;

/** Days on which a technique must be seen before it counts. */
const MINIMUM_SEEN_DAYS = 2;
/** Hosts named in the statement. */
const MOST_HOSTS = 5;

const DNS_PORT = 53;
const BY_BEHAVIOUR = LABEL_EVIDENCE.indexOf('behaviour');
const TUNNEL_TRANSPORTS: ReadonlySet<number> = new Set([4, 41, 47]);
const OF_PROTOCOL: Readonly<Record<string, Technique>> = {
  'cisco-vpn': 'vpn',
  forticlient: 'vpn',
  hamachi: 'vpn',
  ipsec: 'vpn',
  l2tp: 'vpn',
  openvpn: 'vpn',
  pptp: 'vpn',
  softether: 'vpn',
  tailscale: 'vpn',
  tinc: 'vpn',
  wireguard: 'vpn',
  tor: 'tor',
  'http-proxy': 'proxy',
  psiphon: 'proxy',
  socks: 'proxy',
  ultrasurf: 'proxy',
  teredo: 'tunnel',
};
const OF_SUBCATEGORY: Readonly<Record<string, Technique>> = {
  provider: 'vpn',
  overlay: 'vpn',
  tor: 'tor',
  proxy: 'proxy',
};
const ENCRYPTED_DNS: ReadonlySet<string> = new Set(['dnscrypt', 'encrypted-dns']);
const TLS: ReadonlySet<string> = new Set(['dtls', 'quic', 'tls']);

/** Gathers activity flows by technique. */
class ObfuscationCollector implements FlowCollector {
  readonly subjects = new SubjectDays();
  /** Of them what has no category, such as IP in IP. */
  readonly uncategorised = new SubjectDays();
  readonly hosts = new AddressNumbers();
  /** Protocols, services and transports met of each technique. */
  readonly protocols = new Map<Technique, Set<string>>(TECHNIQUES.map((name) => [name, new Set()]));
  readonly services = new Map<Technique, Set<string>>(TECHNIQUES.map((name) => [name, new Set()]));
  /** Flows that only behave like a VPN, and like a tunnel in DNS. */
  byBehaviour = 0;
  dnsByBehaviour = 0;
  encryptedDns = 0;
  tls = 0;
  activity = 0;
  #known: ReadonlyMap<string, StoredService> | null = null;
  #clock: ZoneClock | null = null;
  /** Technique of (protocol, service), -1 = none; -2 = encrypted DNS. */
  readonly #pairs = new PairIndex();
  readonly #ofPair: number[] = [];

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const clock = (this.#clock ??= new ZoneClock(reader.profile.timeZone));
    const protocol = reader.column(segment, 'protocol');
    const service = reader.column(segment, 'service');
    const category = reader.column(segment, 'category');
    const evidence = reader.column(segment, 'labelEvidence');
    const transport = reader.column(segment, 'transport');
    const port = reader.column(segment, 'responderPort');
    const initiator = reader.column(segment, 'initiator');
    const start = reader.column(segment, 'start');
    const sampling = reader.column(segment, 'sampling');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    const vpn = reader.termNumber('vpn') ?? -1;
    const unknown = reader.termNumber(UNKNOWN) ?? -1;
    const tls = new Set([...TLS].map((id) => reader.termNumber(id)));
    const all = TECHNIQUES.indexOf('all');
    for (let row = 0; row < segment.rows; row++) {
      if (activity[row] === 0 || !(start[row] >= 0)) continue;
      const rate = sampling[row] || 1;
      this.activity += rate;
      if (tls.has(protocol[row])) this.tls += rate;
      let technique = this.#technique(reader, protocol[row], service[row]);
      if (TUNNEL_TRANSPORTS.has(transport[row])) {
        technique = TECHNIQUES.indexOf('tunnel');
        this.protocols.get('tunnel')?.add(transportName(transport[row]));
      } else if (technique === -2) {
        this.encryptedDns += rate;
        continue;
      } else if (technique < 0 && evidence[row] === BY_BEHAVIOUR && category[row] === vpn) {
        const isDns = port[row] === DNS_PORT;
        technique = TECHNIQUES.indexOf(isDns ? 'dns-tunnel' : 'vpn');
        if (isDns) this.dnsByBehaviour += rate;
        else this.byBehaviour += rate;
      }
      if (technique < 0) continue;
      const day = Math.floor(clock.localHour(start[row]) / 24);
      const host = this.hosts.number(initiator, row * 4);
      const bytes = (bytesOut[row] + bytesIn[row]) * rate;
      this.subjects.add(technique, day, host, rate, bytes);
      this.subjects.add(all, day, host, rate, bytes);
      if (category[row] !== unknown) continue;
      this.uncategorised.add(technique, day, -1, rate, bytes);
      this.uncategorised.add(all, day, -1, rate, bytes);
    }
  }

  #technique(reader: CaseReader, protocol: number, service: number): number {
    const pair = this.#pairs.number(protocol, service);
    const held = this.#ofPair[pair];
    if (held !== undefined) return held;
    const known = (this.#known ??= reader.services());
    const spoken = reader.term(protocol) ?? '';
    const named = service === 0 ? null : reader.term(service);
    const subcategory = named === null ? null : (known.get(named)?.subcategory ?? null);
    let technique: Technique | undefined = OF_PROTOCOL[spoken];
    if (technique !== undefined) this.protocols.get(technique)?.add(spoken);
    else if (named !== null && subcategory !== null) {
      technique = OF_SUBCATEGORY[subcategory];
      if (technique !== undefined) this.services.get(technique)?.add(named);
    }
    const isHiddenDns = ENCRYPTED_DNS.has(spoken) || subcategory === 'encrypted-dns';
    const number = technique === undefined ? (isHiddenDns ? -2 : -1) : TECHNIQUES.indexOf(technique);
    this.#ofPair[pair] = number;
    return number;
  }
}

/**
 * One finding a technique and metric (flows, bytes): VPN, Tor, proxies, tunnels of IP in IP, data in DNS questions, and all
 * together. By protocol, and by services that provide nothing else; VPN also by behaviour, told as such. TLS and QUIC are
 * the web's own encryption and never counted here; encrypted DNS hides questions, not traffic, and is told apart.
 *
 * `value` and `share`: share of all activity, with the accelerated day-block bootstrap interval (Efron, JASA 82, 1987). When
 * none is seen, the interval reaches from 0 to the largest share that would stay unseen in 5 % of such cases, host-hours
 * taken as the units (Clopper and Pearson, Biometrika 26, 1934; the "rule of three"). Either reaches on to where all activity that no rule
 * names uses the technique (see `boundedShareInterval`). `supported`: seen on at least 2 days. `not-supported`: at least 7 days and 100
 * flows of activity, evidence with payloads, an interval that reaches at most 10 percentage points from the share, and not so.
 */
export function obfuscations(dnsTunnels: DnsTunnelCollector): Analysis {
  const collector = new ObfuscationCollector();
  return {
    collector,
    findings: (frame) => {
      const tunnels = dnsTunnels.tunnels();
      return TECHNIQUES.flatMap((technique) =>
        METRICS.map((metric) => obfuscation(frame, collector, tunnels, technique, metric)),
      );
    },
  };
}

const WORDS: Readonly<Record<Technique, string>> = {
  all: 'any technique that conceals whom it is for',
  vpn: 'virtual private networks',
  tor: 'Tor',
  proxy: 'proxies and circumvention tools',
  tunnel: 'tunnels (IP in IP, GRE, Teredo)',
  'dns-tunnel': 'tunnels in DNS questions',
};

function obfuscation(
  frame: AnalysisFrame,
  collector: ObfuscationCollector,
  tunnels: readonly DnsTunnel[],
  technique: Technique,
  metric: (typeof METRICS)[number],
): ObfuscationFinding {
  const number = TECHNIQUES.indexOf(technique);
  const series = collector.subjects.series(frame, number, metric);
  if (technique === 'dns-tunnel' || technique === 'all') {
    frame.days.forEach(({ day }, i) => {
      for (const tunnel of tunnels) {
        const amount = metric === 'flows' ? tunnel.flows : tunnel.bytes;
        // The sums of a tunnel are of the whole case; days of it share them equally.
        if (tunnel.days.has(day)) series[i] += amount / tunnel.days.size;
      }
    });
  }
  const denominators = byBlock(frame, (day) => activityOf(day, metric));
  const denominator = sum(denominators);
  const numerator = sum(series);
  const share = denominator === 0 ? null : Math.min(1, numerator / denominator);
  const activeDays = frame.days.filter(hasActivity).length;
  const daysActive = series.filter((value) => value > 0).length;
  const hostHours = frame.tally.hostHours.count;
  const numerators = byBlock(frame, (_, i) => series[i]);
  const drawn = ratioInterval(frame.resamples, numerators, denominators, 'share');
  const uncategorised = collector.uncategorised.series(frame, number, metric);
  const unnamedDays = unnamedByDay(frame, metric).map((amount, i) => Math.max(0, amount - uncategorised[i]));
  const unnamedShare = denominator === 0 ? null : sum(unnamedDays) / denominator;
  const bounded =
    unnamedShare !== null && unnamedShare > 0
      ? boundedShareInterval(
          frame.resamples,
          numerators,
          byBlock(frame, (_, i) => unnamedDays[i]),
          denominators,
        )
      : drawn;
  const unseen = 1 - (1 - LEVEL) ** (1 / Math.max(1, hostHours));
  const blind = frame.missing.payload;
  // Without payloads, or of sampled flows, what was not recognised has no bound.
  const none: [number, number] | null = blind.length > 0 || isOfRecorded(frame, metric) ? null : [0, unseen];
  const ofNone: [number, number] | null = none === null ? null : [0, Math.max(unseen, bounded?.[1] ?? 0)];
  const [namedInterval, interval] =
    share === null
      ? [null, null]
      : numerator === 0
        ? [none, ofNone]
        : [toldInterval(frame, metric, drawn), toldInterval(frame, metric, bounded)];
  const hosts = [
    ...new Set([
      ...collector.subjects.hosts(number).map((host) => collector.hosts.text(host)),
      ...(technique === 'dns-tunnel' || technique === 'all' ? tunnels.map(({ host }) => host) : []),
    ]),
  ].toSorted();
  const isSeen = daysActive >= MINIMUM_SEEN_DAYS;
  const isEnough = activeDays >= MINIMUM_DAYS && frame.tally.activityFlows >= MINIMUM_FLOWS;
  const caveats: Caveat[] = [...blind];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(frame.tally.activityFlows)} activity flows on ${formatCounted(activeDays, 'day')}; at least ` +
        `${MINIMUM_FLOWS} on ${MINIMUM_DAYS} days are needed.`,
    });
  }
  if (isEnough && !isSeen && isTooWide(share, interval)) caveats.push(tooMuchUnnamed());
  const bounds = { unnamedShare, interval, namedInterval };
  const isOpen = isReached(bounds);
  if (isOpen) caveats.push(unnamedCaveat(frame, metric, bounds, 'use the technique'));
  if (technique === 'all' && collector.activity > 0) {
    caveats.push({
      id: 'tls-apart',
      text:
        `${formatShare(collector.tls / collector.activity)} of activity flows speak TLS, DTLS or QUIC, which is how the web ` +
        'works; they are not counted as obfuscation.',
    });
  }
  if ((technique === 'all' || technique === 'vpn') && collector.byBehaviour > 0) {
    caveats.push({
      id: 'by-behaviour',
      text: `${formatCount(collector.byBehaviour)} of the flows only behave like a VPN: long, heavy, with one server.`,
    });
  }
  if (technique === 'all' && collector.encryptedDns > 0) {
    caveats.push({
      id: 'encrypted-dns-apart',
      text: `${formatCount(collector.encryptedDns)} activity flows of encrypted DNS are not counted.`,
    });
  }
  caveats.push(
    { id: 'unknown-may-hide', text: 'What is made to look like other traffic, or is not recognised, is not counted.' },
    ...activityCaveats(frame),
  );
  const named =
    hosts.length <= MOST_HOSTS ? hosts : [...hosts.slice(0, MOST_HOSTS), `${hosts.length - MOST_HOSTS} more`];
  const seen = seenBetween(frame, hasActivity);
  const base = baseOf(frame, {
    kind: 'obfuscation',
    subject: `${technique} ${metric}`,
    title: `Obfuscation by ${WORDS[technique]}, by ${metric}`,
    statement:
      numerator === 0
        ? `None of the ${formatAmount(metric, denominator)} of activity (opened from inside the ranges) was seen to use ` +
          `${WORDS[technique]}; ${interval === null ? 'how much might stay unseen cannot be told' : `a share of no more than ${formatShare(interval[1]).replace('< ', '')} might stay unseen${isOpen ? `, the ${formatShare(unnamedShare)} that no rule names among it` : ''}`}; activity ${seen}.`
        : `${formatShare(share)} of the ${metric} of activity (opened from inside the ranges; ` +
          `${shareInterval(interval)}${reachInWords(bounds)}) used ${WORDS[technique]}, on ${daysActive} of ${activeDays} days, by ` +
          `${hosts.length === 1 ? 'host' : 'hosts'} ${formatList(named)}; activity ${seen}.`,
    verdict: verdictOf(isEnough && isSeen, isEnough && blind.length === 0 && !isTooWide(share, interval)),
    value: share,
    interval,
    unit: `share of ${metric}`,
    method: {
      name:
        'Ratio of totals by protocol and providing service, with accelerated day-block bootstrap interval, widened by correlation of days; exact bound when none is seen' +
        (isOpen ? REACH_METHOD : ''),
      source:
        'Efron, JASA 82 (1987); Newey and West, Econometrica 55 (1987); Clopper and Pearson, Biometrika 26 (1934); DNS: Born and Gustafson (2010), ' +
        'Nadler et al., Computers & Security 80 (2019)' +
        (isOpen ? REACH_SOURCE : ''),
    },
    parameters: {
      technique,
      metric,
      timeZone: frame.profile.timeZone,
      minimumSeenDays: MINIMUM_SEEN_DAYS,
      minimumDays: MINIMUM_DAYS,
      minimumFlows: MINIMUM_FLOWS,
      largestHalfWidth: LARGEST_HALF_WIDTH,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
      ...(technique === 'dns-tunnel' || technique === 'all' ? DNS_TUNNEL_PARAMETERS : {}),
    },
    metric,
    where: `${frame.activity} and ${techniqueFilter(collector, tunnels, technique)}`,
    numerator,
    denominator,
    caveats,
  });
  return { ...base, kind: 'obfuscation', technique, share: base.value, hosts: hosts.length, daysActive };
}

/** Filter words for the flows of a technique as they were met. */
function techniqueFilter(collector: ObfuscationCollector, tunnels: readonly DnsTunnel[], technique: Technique): string {
  const techniques = technique === 'all' ? TECHNIQUES : [technique];
  const merged = (sets: ReadonlyMap<Technique, ReadonlySet<string>>): string[] =>
    [...new Set(techniques.flatMap((name) => [...(sets.get(name) ?? [])]))].toSorted();
  const met = merged(collector.protocols);
  const transports = met.filter((id) => !Object.hasOwn(OF_PROTOCOL, id));
  const protocols = met.filter((id) => Object.hasOwn(OF_PROTOCOL, id));
  const services = merged(collector.services).map(filterValue);
  const parts: string[] = [];
  if (protocols.length > 0) parts.push(`protocol in (${protocols.join(', ')})`);
  if (transports.length > 0) parts.push(`transport in (${transports.join(', ')})`);
  if (services.length > 0) parts.push(`service in (${services.join(', ')})`);
  if (techniques.includes('vpn') && collector.byBehaviour > 0) {
    parts.push(`(labelEvidence = behaviour and category = vpn and not responderPort = ${DNS_PORT})`);
  }
  if (techniques.includes('dns-tunnel') && collector.dnsByBehaviour > 0) {
    parts.push(`(labelEvidence = behaviour and category = vpn and responderPort = ${DNS_PORT})`);
  }
  if (techniques.includes('dns-tunnel')) {
    for (const { host, domain } of tunnels) {
      parts.push(`(protocol = dns and initiator = ${host} and hostname ~ ${filterValue(`.${domain}`)})`);
    }
  }
  return parts.length === 0 ? 'service = "none met"' : `(${parts.join(' or ')})`;
}
