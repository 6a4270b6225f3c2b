import { blockContains, parseBlock } from '../../shared/address.ts';
import { filterValue } from '../../shared/activity.ts';
import type { Caveat, MaliciousActivityFinding } from '../../shared/finding.ts';
import { formatCount, formatList } from '../../shared/number-format.ts';
import { formatUtc } from '../../shared/time.ts';
import type { Analysis } from './analysis.ts';
import type { FlowCollector } from './flow-collector.ts';
import { type AnalysisFrame, LEVEL, MINIMUM_FLOWS, baseOf, caseWindow, verdictOf } from './analysis-frame.ts';
import {
  type BeaconCollector,
  LARGEST_JITTER,
  MERGE_SECONDS,
  MINIMUM_CALLS,
  MINIMUM_SPAN_HOURS,
  beaconHosts,
} from './beacon.ts';
import { caseCaveats } from './caveats.ts';
import { DNS_TUNNEL_PARAMETERS, type DnsTunnelCollector, TUNNEL_NAMES } from './dns-tunnels.ts';
import { type FanOut, type FanOutRule, findFanOuts } from './fan-outs.ts';
import { MAIL_PORTS, WORM_PORTS, lookedAt } from './first-contacts.ts';
import { IndicatorCollector } from './indicator-hosts.ts';
import { LEAST_TOLD, type ProbeSearch, coarsest, leastProbe, missing, probeFilter } from './reconnaissance.ts';
import { AMPLIFICATION, REFLECTOR_FLOWS, ReflectionCollector, VICTIM_SOURCES } from './reflections.ts';
import { SERVER_CLIENTS, type ServerCollector } from './server-inventory.ts';
import { leastSeen } from './statistics/least-seen.ts';

/** What the detectors of malicious activity report of the hosts inside the ranges, and what they could not have seen. */

const MAIL_RULE: FanOutRule = { ports: MAIL_PORTS, inAnHour: 20, inADay: 30 };
const WORM_RULE: FanOutRule = { ports: WORM_PORTS, inAnHour: 50, inADay: null };
/** Hosts named of each detector, and parts of the filter expression. */
const MOST_HOSTS = 50;
const MOST_PARTS = 50;

type Detector = MaliciousActivityFinding['detectors'][number];

/** What one detector reports, with the filter expressions that select the flows behind it. */
interface Report {
  readonly id: string;
  readonly ran: boolean;
  /** Whether what it looks for may lie in the evidence where it cannot be seen. */
  readonly isBlind: boolean;
  readonly decides: boolean;
  readonly hosts: readonly string[];
  readonly filters: readonly string[];
  readonly minimumDetectable: string;
}

export interface DetectorSources {
  readonly probes: ProbeSearch;
  readonly beacons: BeaconCollector;
  readonly dnsTunnels: DnsTunnelCollector;
  readonly servers: ServerCollector;
}

/**
 * One finding about all detectors: probes out of the ranges, worm-like and mail fan-outs, indicators, reflectors, tunnels in DNS
 * questions, and, told but not deciding, regular calls. A hit is a host inside the ranges and a detector that reports it.
 *
 * `supported`: at least one hit of a detector that decides. `not-supported`: none, of at least 100 flows that tell whether they
 * were answered, and no detector was kept from looking by what the evidence does not tell; it says what the detectors could not see, never that nothing is there. Victims of reflection are a caveat: what
 * comes to an address is not its doing.
 */
export function maliciousActivity(sources: DetectorSources): Analysis {
  const reflections = new ReflectionCollector();
  const indicators = new IndicatorCollector();
  const collector: FlowCollector = {
    addSegment(reader, segment) {
      reflections.addSegment(reader, segment);
      indicators.addSegment(reader, segment);
    },
  };
  return { collector, findings: (frame) => [finding(frame, sources, reflections, indicators)] };
}

function reports(
  frame: AnalysisFrame,
  { probes, beacons, dnsTunnels, servers }: DetectorSources,
  reflections: ReflectionCollector,
  indicators: IndicatorCollector,
): Report[] {
  const { contacts } = probes;
  const { addresses } = contacts;
  const rate = coarsest(frame);
  const least = (count: number): string => formatCount(leastSeen(count, rate));
  const at = rate === 1 ? '' : ` at sampling 1:${rate} (95 % chance, one packet each)`;
  const out = 'subjectSide in (initiator, both)';
  const declared = frame.profile.servers.flatMap((cidr) => parseBlock(cidr) ?? []);
  const mailServers = new Set(
    servers.offers
      .filter(({ port, clients }) => MAIL_PORTS.includes(port) && clients >= SERVER_CLIENTS)
      .map(({ address }) => servers.addresses.text(address)),
  );
  const isMailServer = (source: number): boolean =>
    mailServers.has(addresses.text(source)) ||
    declared.some((block) => blockContains(block, ...addresses.words(source)));
  const canTell = missing(contacts.outbound) === null;
  const isDnsUntold = dnsTunnels.questions < LEAST_TOLD * dnsTunnels.flows;
  const scans = probes.probes.found.filter(({ isInbound }) => !isInbound);
  const worms = findFanOuts(contacts, WORM_RULE, () => false);
  const mails = findFanOuts(contacts, MAIL_RULE, isMailServer);
  const tunnels = dnsTunnels.tunnels();
  const reflectors = reflections.reflectors();
  const fanOutFilter = ({ source, port, from, to }: FanOut): string =>
    `(${out} and initiator = ${addresses.text(source)} and transport = tcp and responderPort = ${port} and ` +
    `start >= ${formatUtc(from * 1e6)} and start < ${formatUtc((to + 1) * 1e6)})`;
  const fanOut = (id: string, found: readonly FanOut[], minimumDetectable: string): Report => ({
    id,
    ran: contacts.outbound.failed + contacts.outbound.answered + contacts.outbound.notTold > 0,
    isBlind: false,
    decides: true,
    hosts: found.map(({ source }) => addresses.text(source)),
    filters: found.map(fanOutFilter),
    minimumDetectable,
  });
  return [
    {
      id: 'scan-out',
      ran: canTell || scans.length > 0,
      isBlind: !canTell,
      decides: true,
      hosts: scans.map(({ source }) => addresses.text(source)),
      filters: scans.map((probe) => `(${out} and ${probeFilter(contacts, probe)})`),
      minimumDetectable: canTell || scans.length > 0 ? leastProbe(frame) : (missing(contacts.outbound) ?? ''),
    },
    fanOut(
      'worm-fan-out',
      worms,
      `${least(WORM_RULE.inAnHour)} new targets of one host on one of the TCP ports ${WORM_PORTS.join(', ')} in an hour${at}.`,
    ),
    fanOut(
      'spam-fan-out',
      mails,
      `${least(MAIL_RULE.inAnHour)} new mail servers of one host in an hour, or ${least(MAIL_RULE.inADay ?? 0)} in a day, on one of ` +
        `the TCP ports ${MAIL_PORTS.join(', ')}${at}; mail servers themselves are left out.`,
    ),
    {
      id: 'indicators',
      ran: (indicators.indicators ?? 0) > 0,
      isBlind: false,
      decides: true,
      hosts: indicators.hosts(),
      filters: indicators.flows === 0 ? [] : ['(not subjectSide = none and indicator = yes)'],
      minimumDetectable:
        (indicators.indicators ?? 0) === 0
          ? 'It did not run: the case has no indicators.'
          : `One recorded flow that meets one of ${formatCount(indicators.indicators)} indicators${
              rate === 1 ? '' : `; at sampling 1:${rate} ${least(1)} packets with a chance of 95 %`
            }.`,
    },
    {
      id: 'reflection',
      ran: true,
      isBlind: false,
      decides: true,
      hosts: reflectors.map(({ address }) => address),
      filters: reflectors.map(
        ({ address, port }) =>
          `(subjectSide = responder and transport = udp and responder = ${address} and responderPort = ${port} and packetsIn > 0)`,
      ),
      minimumDetectable:
        rate === 1
          ? `${REFLECTOR_FLOWS} questions of one client to one UDP port in an hour, answered with ${AMPLIFICATION} times as many bytes.`
          : `Questions and answers are seldom sampled together at 1:${rate}: ${least(REFLECTOR_FLOWS)} packets of questions in an hour, ` +
            'if their answers were seen.',
    },
    {
      id: 'dns-tunnel',
      ran: dnsTunnels.questions > 0 && !isDnsUntold,
      isBlind: isDnsUntold,
      decides: true,
      hosts: tunnels.map(({ host }) => host),
      filters: tunnels.map(
        ({ host, domain }) => `(protocol = dns and initiator = ${host} and hostname ~ ${filterValue(`.${domain}`)})`,
      ),
      minimumDetectable:
        dnsTunnels.questions === 0 || isDnsUntold
          ? `It did not run: of ${formatCount(dnsTunnels.flows)} flows of DNS from inside, ${formatCount(dnsTunnels.questions)} tell the name that was asked for.`
          : `${TUNNEL_NAMES} different names of one host under one domain, of ${DNS_TUNNEL_PARAMETERS.meanLength} characters or more on average.`,
    },
    {
      id: 'beacon',
      ran: true,
      isBlind: false,
      decides: false,
      hosts: beaconHosts(beacons),
      filters: [],
      minimumDetectable:
        `${MINIMUM_CALLS} calls to one port of one peer over ${MINIMUM_SPAN_HOURS} hours, ${MERGE_SECONDS} s or more apart, with a ` +
        `jitter of at most ${LARGEST_JITTER}${rate === 1 ? '.' : `; at sampling 1:${rate} every call must be of some ${least(1)} packets.`}`,
    },
  ];
}

function detectorOf({ id, ran, decides, hosts, minimumDetectable }: Report): Detector {
  const distinct = [...new Set(hosts)];
  return { id, ran, hits: distinct.length, decides, minimumDetectable, hosts: distinct.slice(0, MOST_HOSTS) };
}

function finding(
  frame: AnalysisFrame,
  sources: DetectorSources,
  reflections: ReflectionCollector,
  indicators: IndicatorCollector,
): MaliciousActivityFinding {
  const made = reports(frame, sources, reflections, indicators);
  const detectors = made.map(detectorOf);
  const deciding = detectors.filter(({ decides }) => decides);
  const hits = deciding.reduce((sum, each) => sum + each.hits, 0);
  const ran = deciding.filter((each) => each.ran);
  const struck = deciding.filter((each) => each.hits > 0);
  const hosts = new Set(made.flatMap((report) => (report.decides ? report.hosts : []))).size;
  const { outbound, inbound } = sources.probes.contacts;
  const flows = outbound.failed + outbound.answered + outbound.notTold + inbound.failed + inbound.answered;
  const isEnough = flows >= MINIMUM_FLOWS;
  const isBlind = made.some((report) => report.isBlind);
  const filters = made.flatMap((report) => (report.decides ? report.filters : []));
  const rest = lookedAt(frame.profile, frame.leaveOutDuplicates);
  const base = baseOf(frame, {
    kind: 'malicious-activity',
    subject: 'all',
    title: 'What detectors of malicious activity report',
    statement:
      hits > 0
        ? `${struck.length} of ${ran.length} detectors that ran reported ${formatCount(hosts)} ${hosts === 1 ? 'host' : 'hosts'} inside the ranges ` +
          `(${formatList(struck.map(({ id, hits: count }) => `${id}: ${count}`))}), in ${caseWindow(frame)}; ` +
          'each is a shape of traffic, not proof of intent, and who is behind it cannot be told.'
        : `None of ${ran.length} detectors that ran (${formatList(ran.map(({ id }) => id))}) reported a host inside the ranges, in ` +
          `${caseWindow(frame)}; the smallest thing that each would have seen is told with it, and what is smaller, or other, is not ` +
          'ruled out.',
    verdict: verdictOf(hits > 0, isEnough && !isBlind),
    value: hits,
    interval: null,
    unit: 'detections (host and detector)',
    method: {
      name: 'Detectors with fixed thresholds: probes, fan-outs, indicators, reflectors, tunnels in DNS questions',
      source:
        'Jung et al., IEEE S&P 2004; Rossow, Amplification Hell, NDSS 2014; Born and Gustafson (2010); definitions in Enclave',
    },
    parameters: {
      mail: { ...MAIL_RULE },
      worm: { ...WORM_RULE },
      reflectorFlowsInAnHour: REFLECTOR_FLOWS,
      amplification: AMPLIFICATION,
      victimSourcesInAnHour: VICTIM_SOURCES,
      dnsTunnel: DNS_TUNNEL_PARAMETERS,
      minimumFlows: MINIMUM_FLOWS,
      level: LEVEL,
    },
    population: 'all flows with an end inside the ranges, servers and scans included',
    metric: null,
    where:
      filters.length === 0 ? `not subjectSide = none${rest}` : `(${filters.slice(0, MOST_PARTS).join(' or ')})${rest}`,
    numerator: hosts,
    denominator: null,
    caveats: caveatsOf(frame, made, reflections, filters.length, isEnough, flows),
  });
  return { ...base, kind: 'malicious-activity', detectors, hits };
}

function caveatsOf(
  frame: AnalysisFrame,
  made: readonly Report[],
  reflections: ReflectionCollector,
  filters: number,
  isEnough: boolean,
  flows: number,
): Caveat[] {
  const caveats: Caveat[] = [];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text: `There are ${formatCount(flows)} flows to look at; at least ${MINIMUM_FLOWS} are needed.`,
    });
  }
  caveats.push({
    id: 'absence-is-a-limit',
    text:
      'Each detector sees one shape of traffic above its least size. What stays below it, hides in ordinary traffic, or is done ' +
      'from elsewhere on somebody’s behalf, is not seen; nor is whether a host acts for others who took it over.',
  });
  const idle = made.filter(({ ran }) => !ran).map(({ id }) => id);
  if (idle.length > 0) {
    caveats.push({ id: 'detectors-idle', text: `Could not run: ${formatList(idle)}.` });
  }
  const beacons = made.find(({ id }) => id === 'beacon')?.hosts.length ?? 0;
  if (beacons > 0) {
    caveats.push({
      id: 'beacons-do-not-decide',
      text: `Hosts that call a peer at regular times: ${beacons}. Most programs that do so are harmless, so they do not decide.`,
    });
  }
  const victims = reflections.victims();
  const [most] = victims;
  if (most !== undefined) {
    caveats.push({
      id: 'reflected-onto',
      text:
        `Inside the ranges ${victims.length} ${victims.length === 1 ? 'address was' : 'addresses (by port) were'} sent answers not asked for (most: ` +
        `${most.address}, from UDP port ${most.port} of ${formatCount(most.most)} sources in an hour): floods by reflection or ` +
        'backscatter, of which they are the target.',
    });
  }
  if (filters > MOST_PARTS) {
    caveats.push({
      id: 'filter-cut',
      text: `The filter expression selects the flows of ${MOST_PARTS} of ${filters} detections.`,
    });
  }
  if (reflections.leftOut > 0) {
    caveats.push({
      id: 'reflections-left-out',
      text: `${formatCount(reflections.leftOut)} flows came after the table of reflection was full and were not looked at.`,
    });
  }
  return [...caveats, ...caseCaveats(frame)];
}
