import type { Caveat, ReconnaissanceFinding } from '../../shared/finding.ts';
import { transportName } from '../../shared/flow.ts';
import { formatCount, formatList, formatShare } from '../../shared/number-format.ts';
import { formatUtc } from '../../shared/time.ts';
import type { Analysis } from './analysis.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_FLOWS,
  baseOf,
  caseWindow,
  localMinute,
  verdictOf,
} from './analysis-frame.ts';
import { caseCaveats } from './caveats.ts';
import { type ContactCounts, type FirstContacts, lookedAt } from './first-contacts.ts';
import {
  BUSY_TARGETS,
  HORIZONTAL_TARGETS,
  LOW_PORTS,
  PROBE_PARAMETERS,
  type Probe,
  REPEATED_DAYS,
  REPEATED_FLOWS,
  type Probes,
  VERTICAL_PORTS,
  findProbes,
} from './probes.ts';
import { leastSeen, poissonInterval } from './statistics/least-seen.ts';

/** Probes out of the ranges and into them. */

/** Sources out of the ranges that have a finding of their own; and into them. */
const MOST_OUTBOUND = 50;
const MOST_INBOUND = 5;
/** Sources in the table of a direction. */
const MOST_SOURCES = 500;
const MOST_PORTS = 50;
/** Values that a filter names; of more, the span of time selects. */
const MOST_VALUES = 200;
/** Share of flows that must tell whether they were answered. */
export const LEAST_TOLD = 0.5;

const METHOD = {
  name: 'Threshold random walk over first contacts, and least numbers of failed targets, ports or flows in a time',
  source: 'Jung et al., Fast Portscan Detection, IEEE S&P 2004; Schechter et al., RAID 2004',
};

/** The probes of a run, looked for once. */
export class ProbeSearch {
  readonly contacts: FirstContacts;
  #probes: Probes | null = null;

  constructor(contacts: FirstContacts) {
    this.contacts = contacts;
  }

  get probes(): Probes {
    return (this.#probes ??= findProbes(this.contacts));
  }
}

/**
 * One finding a source and shape of probes: for sources inside the ranges (at most 50) and for those outside (the 5 largest),
 * and one that sums up each direction with a table of its sources. `horizontal`: first contacts of which at least 30 on one port fail
 * within an hour (100 within a day), and 80 % of all there; `vertical`: at least 25 ports of one target fail within a day;
 * `repeated-probe`, outbound only: at least 10 failed TCP flows to one port of one target a day, in bursts, on 3 days. Stricter on
 * ports where programs meet many hosts. The threshold random walk is passed besides.
 *
 * Ruled out first: answers that nobody was seen to ask for (SYN-ACK or RST alone, UDP out of ports that are misused for
 * reflection), questions to such ports, groups, traceroute, peers of overlays, hours in which the web failed too, retries that go on all
 * day, and targets probed by many sources at once. `value` is the number of targets; multiplied by the sampling rate, with a Poisson
 * interval, where the data is sampled.
 */
export function reconnaissances(search: ProbeSearch): Analysis {
  return {
    collector: search.contacts,
    findings: (frame) => {
      const { found } = search.probes;
      const outbound = found.filter(({ isInbound }) => !isInbound);
      const inbound = found.filter(({ isInbound }) => isInbound);
      return [
        ...outbound.slice(0, MOST_OUTBOUND).map((probe) => probeFinding(frame, search, probe)),
        ...(outbound.length === 0 || outbound.length > MOST_OUTBOUND
          ? [directionFinding(frame, search, 'outbound', outbound)]
          : []),
        directionFinding(frame, search, 'inbound', inbound),
        ...inbound.slice(0, MOST_INBOUND).map((probe) => probeFinding(frame, search, probe)),
      ];
    },
  };
}

const parametersOf = (direction: string): Record<string, unknown> => ({
  direction,
  ...PROBE_PARAMETERS,
  leastTold: LEAST_TOLD,
  minimumFlows: MINIMUM_FLOWS,
  mostOutbound: MOST_OUTBOUND,
  mostInbound: MOST_INBOUND,
  level: LEVEL,
});

const SIDES = { outbound: 'subjectSide in (initiator, both)', inbound: 'subjectSide = responder' } as const;
const POPULATIONS = {
  outbound: 'flows opened from inside the ranges, servers and scans included',
  inbound: 'flows opened from outside to the ranges, servers and scans included',
} as const;

/** Ports in words, `tcp/445`; an echo request of ICMP has none. */
function portsOf({ ports }: Probe): string[] {
  return ports
    .slice(0, MOST_PORTS)
    .map(({ transport, port }) => (port === 0 ? transportName(transport) : `${transportName(transport)}/${port}`));
}

/** Filter expression of the flows behind a probe, beside the direction. */
export function probeFilter(contacts: FirstContacts, probe: Probe): string {
  const { addresses } = contacts;
  const parts = [`initiator = ${addresses.text(probe.source)}`];
  const transports = [...new Set(probe.ports.map(({ transport }) => transportName(transport)))];
  parts.push(`transport in (${transports.join(', ')})`);
  const ports = [...new Set(probe.ports.map(({ port }) => port))];
  const isEcho = ports.length === 1 && ports[0] === 0;
  if (probe.shape !== 'vertical' && !isEcho && ports.length <= MOST_VALUES) {
    parts.push(`responderPort in (${ports.join(', ')})`);
  }
  if (probe.shape !== 'horizontal' && probe.targets.length <= MOST_VALUES) {
    parts.push(`responder in (${probe.targets.map((target) => addresses.text(target)).join(', ')})`);
  }
  parts.push(`start >= ${formatUtc(probe.from * 1e6)} and start < ${formatUtc((probe.to + 1) * 1e6)}`);
  return parts.join(' and ');
}

const SHAPES = {
  horizontal: 'many targets on the same ports',
  vertical: 'many ports of the same targets',
  'repeated-probe': 'the same port of the same targets day after day',
} as const;

function probeFinding(frame: AnalysisFrame, search: ProbeSearch, probe: Probe): ReconnaissanceFinding {
  const { contacts } = search;
  const direction = probe.isInbound ? 'inbound' : 'outbound';
  const source = contacts.addresses.text(probe.source);
  const ports = portsOf(probe);
  const rate = coarsest(frame);
  const seen = probe.targets.length;
  const isScaled = rate > 1 && probe.shape === 'horizontal';
  const [low, high] = poissonInterval(seen);
  const classes = Object.entries(probe.classes).filter(([name]) => name !== 'unknown');
  const of =
    classes.length === 0 ? '' : `; targets of known class: ${formatList(classes.map(([name, n]) => `${name} ${n}`))}`;
  const [from, to] = [formatUtc(probe.from * 1e6), formatUtc(probe.to * 1e6)];
  const told = ports.length > 5 ? `${probe.ports.length} ports` : formatList(ports);
  const targets = isScaled
    ? `about ${formatCount(seen * rate)} targets (${formatCount(seen)} seen at 1:${rate})`
    : `${formatCount(seen)} ${seen === 1 ? 'target' : 'targets'}`;
  const what = probe.shape === 'repeated-probe' ? 'flows' : 'first contacts';
  const caveats: Caveat[] = [
    {
      id: 'intent-not-seen',
      text:
        'The shape of the contacts is seen, not what for: inventories, monitors, broken programs, surveys and infected machines ' +
        'make the same one. It cannot tell intent.',
    },
  ];
  if (probe.shape === 'repeated-probe') {
    caveats.push({
      id: 'may-be-retries',
      text: 'A program or person that tries a service which is gone or blocked, a few hours a day, looks the same.',
    });
  }
  caveats.push(...sharedCaveats(frame, search, direction));
  const side = direction === 'outbound' ? 'opened from inside the ranges' : 'opened from outside to the ranges';
  const base = baseOf(frame, {
    kind: 'reconnaissance',
    subject: `${direction} ${source} ${probe.shape}`,
    title: `Possible reconnaissance ${direction === 'outbound' ? 'by' : 'from'} ${source}: ${probe.shape}`,
    statement:
      `Possible reconnaissance, ${side}: ${source} met ${targets} on ${told}, ${SHAPES[probe.shape]}; ` +
      `${formatShare(probe.failed / probe.contacts)} of ${formatCount(probe.contacts)} ${what} failed, between ${localMinute(frame, probe.from * 1e6)} and ${localMinute(frame, probe.to * 1e6)} (${frame.profile.timeZone})${of}. ` +
      'What for cannot be told.',
    verdict: 'supported',
    value: isScaled ? seen * rate : seen,
    interval: isScaled ? [low * rate, high * rate] : null,
    unit: 'targets',
    method: METHOD,
    parameters: parametersOf(direction),
    population: POPULATIONS[direction],
    metric: null,
    where: `${SIDES[direction]}${lookedAt(frame.profile, frame.leaveOutDuplicates)} and ${probeFilter(contacts, probe)}`,
    numerator: probe.failed,
    denominator: probe.contacts,
    caveats,
  });
  return {
    ...base,
    kind: 'reconnaissance',
    direction,
    source,
    targets: base.value ?? 0,
    shape: probe.shape,
    reflectionRuledOut: true,
    targetClasses: { ...probe.classes },
    targetPorts: ports,
    from,
    to,
    sources: [],
  };
}

/** One finding about all sources of a direction, with a table of them; or that there is none. */
function directionFinding(
  frame: AnalysisFrame,
  search: ProbeSearch,
  direction: 'outbound' | 'inbound',
  probes: readonly Probe[],
): ReconnaissanceFinding {
  const { contacts } = search;
  const counts = contacts[direction];
  const sources = new Set(probes.map(({ source }) => source));
  const targets = new Set(probes.flatMap((probe) => probe.targets)).size;
  const gap = missing(counts);
  const caveats: Caveat[] = [];
  if (probes.length > 0) {
    caveats.push({
      id: 'intent-not-seen',
      text: 'The shape of the contacts is seen, not what for; surveys of the whole net make the same one. It cannot tell intent.',
    });
  } else if (gap !== null) caveats.push({ id: 'too-little-data', text: gap });
  caveats.push({ id: 'least-probe', text: `The least that would have been found is ${leastProbe(frame)}` });
  if (probes.length > MOST_SOURCES) {
    caveats.push({ id: 'sources-cut', text: `${probes.length - MOST_SOURCES} further sources are not listed.` });
  }
  caveats.push(...sharedCaveats(frame, search, direction));
  const side = direction === 'outbound' ? 'opened from inside the ranges' : 'opened from outside to the ranges';
  const checked = counts.failed + counts.answered;
  const first = probes.reduce((x, probe) => Math.min(x, probe.from), Infinity) * 1e6;
  const last = probes.reduce((x, probe) => Math.max(x, probe.to), 0) * 1e6;
  const base = baseOf(frame, {
    kind: 'reconnaissance',
    subject: direction,
    title: direction === 'outbound' ? 'Possible reconnaissance out of the ranges' : 'Probes into the ranges',
    statement:
      probes.length === 0
        ? `No source was seen to probe (${side}) among ${formatCount(checked)} flows that tell whether they were answered, in ` +
          `${caseWindow(frame)}; the least that would have been found is ${leastProbe(frame)}`
        : `Possible reconnaissance, ${side}: ${formatCount(sources.size)} ${sources.size === 1 ? 'source' : 'sources'} met ${formatCount(targets)} targets in the ` +
          `shape of probes, between ${localMinute(frame, first)} and ${localMinute(frame, last)} (${frame.profile.timeZone}). What for ` +
          'cannot be told.',
    verdict: verdictOf(probes.length > 0, gap === null),
    value: sources.size,
    interval: null,
    unit: 'sources of probes',
    method: METHOD,
    parameters: parametersOf(direction),
    population: POPULATIONS[direction],
    metric: null,
    where: `${SIDES[direction]}${lookedAt(frame.profile, frame.leaveOutDuplicates)}${sourcesFilter(search, probes)}`,
    numerator: sources.size,
    denominator: null,
    caveats,
  });
  return {
    ...base,
    kind: 'reconnaissance',
    direction,
    source: null,
    targets,
    shape: null,
    reflectionRuledOut: gap === null || probes.length > 0,
    targetClasses: {},
    targetPorts: [],
    from: probes.length === 0 ? null : formatUtc(first),
    to: probes.length === 0 ? null : formatUtc(last),
    sources: probes.slice(0, MOST_SOURCES).map((probe) => ({
      source: contacts.addresses.text(probe.source),
      shape: probe.shape,
      targets: probe.targets.length,
      targetPorts: portsOf(probe),
      from: formatUtc(probe.from * 1e6),
      to: formatUtc(probe.to * 1e6),
    })),
  };
}

function sourcesFilter({ contacts }: ProbeSearch, probes: readonly Probe[]): string {
  const texts = [...new Set(probes.map(({ source }) => contacts.addresses.text(source)))].slice(0, MOST_SOURCES);
  return texts.length === 0 ? '' : ` and initiator in (${texts.join(', ')})`;
}

/** What is missing to say that there is no probe; null for nothing. */
export function missing({ failed, answered, notTold }: ContactCounts): string | null {
  const told = failed + answered;
  if (told + notTold < MINIMUM_FLOWS) {
    return `There are ${formatCount(told + notTold)} flows to look at; at least ${MINIMUM_FLOWS} are needed.`;
  }
  if (told < LEAST_TOLD * (told + notTold)) {
    return (
      `${formatShare(notTold / (told + notTold))} of the flows do not tell whether they were answered (no TCP flags or states, ` +
      'or UDP in sampled data).'
    );
  }
  return null;
}

/** The coarsest sampling of the case: one packet in so many. */
export function coarsest(frame: AnalysisFrame): number {
  return frame.coverage.sampling.reduce((x, rate) => Math.max(x, rate), 1);
}

/** The smallest probe that would have been found, in words that end a sentence. */
export function leastProbe(frame: AnalysisFrame): string {
  const rate = coarsest(frame);
  const least = (count: number): number => leastSeen(count, rate);
  const [targets, busy] = [least(HORIZONTAL_TARGETS), least(BUSY_TARGETS)];
  const [ports, flows] = [least(VERTICAL_PORTS), least(REPEATED_FLOWS)];
  const at = rate === 1 ? '' : `, at sampling 1:${rate}, with a chance of 95 % and one packet each`;
  return (
    `${formatCount(targets)} failed targets of one port in an hour ` +
    `(${formatCount(busy)} on ports of web, mail and names), ${formatCount(ports)} failed ports of one target in a day (${LOW_PORTS} ` +
    `of those seen below 1024), or ${formatCount(flows)} failed TCP flows to one port of one target on each of ${REPEATED_DAYS} days${at}.`
  );
}

function sharedCaveats(
  frame: AnalysisFrame,
  { contacts, probes }: ProbeSearch,
  direction: 'outbound' | 'inbound',
): Caveat[] {
  const counts = contacts[direction];
  const { ruledOut } = probes;
  const caveats: Caveat[] = [];
  if (counts.unasked + counts.toReflectors > 0) {
    caveats.push({
      id: 'reflection-ruled-out',
      text:
        `Left out first: ${formatCount(counts.unasked)} flows of answers that nobody was seen to ask for (backscatter, reflection), ` +
        `and ${formatCount(counts.toReflectors)} unanswered questions to UDP ports that are misused for reflection, and of traceroute.`,
    });
  }
  const out: string[] = [];
  if (direction === 'outbound') {
    if (ruledOut.outages > 0) out.push(`${ruledOut.outages} while contacts with the web failed too`);
    if (ruledOut.peers > 0) out.push(`${ruledOut.peers} of hosts in peer-to-peer networks`);
    if (ruledOut.retries > 0) out.push(`${ruledOut.retries} that retry all day`);
  } else if (ruledOut.forged > 0) out.push(`${ruledOut.forged} targets probed by many sources at once (forged)`);
  if (out.length > 0)
    caveats.push({ id: 'shapes-ruled-out', text: `Had the shape of a probe and are left out: ${formatList(out)}.` });
  if (frame.scaled) {
    caveats.push({
      id: 'sampled-probes',
      text: 'In sampled data only a lone SYN shows a failure, and most probes leave no trace.',
    });
  }
  if (contacts.leftOut > 0) {
    caveats.push({
      id: 'contacts-left-out',
      text: `${formatCount(contacts.leftOut)} flows came after the table of contacts was full and were not looked at.`,
    });
  }
  return [...caveats, ...caseCaveats(frame)];
}
