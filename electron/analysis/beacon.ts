import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import type { BeaconFinding, Caveat, Verdict } from '../../shared/finding.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import { UDP } from '../../shared/flow.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { Analysis } from './analysis.ts';
import type { FlowCollector } from './flow-collector.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  SIGNIFICANCE,
  baseOf,
  caseWindow,
  hasActivity,
} from './analysis-frame.ts';
import { activityCaveats } from './caveats.ts';
import { incompleteBeta } from './statistics/distributions.ts';
import { grown } from './grown-array.ts';

/** Programs that call one peer at regular times. */

/** Calls closer than this (s) to the one before belong to it: one visit opens several flows. */
export const MERGE_SECONDS = 10;
/** Calls that a pair needs to be looked at, and the hours that they must span. */
export const MINIMUM_CALLS = 20;
export const MINIMUM_SPAN_HOURS = 6;
/** Largest jitter of a beacon. */
export const LARGEST_JITTER = 0.25;
/** A gap counts as regular within this share of the median gap. */
const REGULAR = 0.2;
/** Least share of gaps that are regular: below it, chance meetings of several timers look alike. */
const LEAST_REGULAR = 0.6;
/** Beacons told, the most certain first. */
const MOST_BEACONS = 50;
/** Calls kept, 8 bytes each. */
const MOST_CALLS = 1 << 24;

/** Categories whose programs are known to call at regular times. */
const REGULAR_BY_DESIGN: readonly string[] = ['infra', 'update', 'p2p', 'scan'];
/** UDP ports of name and time service, for flows that nothing labels. */
const REGULAR_PORTS: readonly number[] = [53, 123];

/** A host that calls one port of one peer. */
interface Pair {
  readonly host: number;
  readonly peer: number;
  readonly port: number;
  readonly transport: number;
  readonly category: string;
  readonly service: string | null;
}

export class BeaconCollector implements FlowCollector {
  readonly addresses = new AddressNumbers();
  /** Host and peer; that and the port with its transport. */
  readonly #ends = new PairIndex();
  readonly #pairs = new PairIndex();
  /** Term numbers of the label of each pair, category × 65,536 + service: millions of pairs, and not an object for any. */
  #labels = new Uint32Array(1024);
  #terms: CaseReader | null = null;
  /** Seconds since the epoch, and the number of the pair, of each call. */
  seconds = new Uint32Array(1024);
  ofPair = new Uint32Array(1024);
  calls = 0;
  leftOut = 0;
  #search: Search | null = null;

  /** What is found in all calls; worked out once, when all flows were seen. */
  search(): Search {
    return (this.#search ??= search(this));
  }

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    this.#terms = reader;
    const start = reader.column(segment, 'start');
    const initiator = reader.column(segment, 'initiator');
    const responder = reader.column(segment, 'responder');
    const port = reader.column(segment, 'responderPort');
    const transport = reader.column(segment, 'transport');
    const category = reader.column(segment, 'category');
    const service = reader.column(segment, 'service');
    for (let row = 0; row < segment.rows; row++) {
      if (activity[row] === 0 || !(start[row] >= 0 && start[row] < 4_294_967_295e6)) continue;
      if (this.calls >= MOST_CALLS) {
        this.leftOut++;
        continue;
      }
      const host = this.addresses.number(initiator, row * 4);
      const peer = this.addresses.number(responder, row * 4);
      const known = this.#pairs.size;
      const number = this.#pairs.number(this.#ends.number(host, peer), transport[row] * 65_536 + port[row]);
      const label = category[row] * 65_536 + service[row];
      if (number === known) {
        if (number === this.#labels.length) this.#labels = grown(this.#labels);
        this.#labels[number] = label;
      } else if (label !== this.#labels[number] && comesBefore(reader, label, this.#labels[number])) {
        this.#labels[number] = label;
      }
      if (this.calls === this.seconds.length) {
        this.seconds = grown(this.seconds);
        this.ofPair = grown(this.ofPair);
      }
      this.seconds[this.calls] = Math.floor(start[row] / 1e6);
      this.ofPair[this.calls++] = number;
    }
  }

  #pair(number: number): Pair {
    const ends = this.#pairs.first(number);
    const port = this.#pairs.second(number);
    const label = this.#labels[number];
    return {
      host: this.#ends.first(ends),
      peer: this.#ends.second(ends),
      port: port & 0xffff,
      transport: port >>> 16,
      category: this.#terms?.term(label >>> 16) ?? UNKNOWN,
      service: this.#terms?.term(label & 0xffff) ?? null,
    };
  }

  /** The calls of each pair that has enough of them, ascending. */
  *callsByPair(): Generator<{ pair: Pair; seconds: Uint32Array }> {
    const pairs = this.#pairs.size;
    const counts = new Uint32Array(pairs + 1);
    for (let i = 0; i < this.calls; i++) counts[this.ofPair[i] + 1]++;
    for (let i = 1; i < counts.length; i++) counts[i] += counts[i - 1];
    const sorted = new Uint32Array(this.calls);
    const next = counts.slice();
    for (let i = 0; i < this.calls; i++) sorted[next[this.ofPair[i]]++] = this.seconds[i];
    for (let number = 0; number < pairs; number++) {
      if (counts[number + 1] - counts[number] < MINIMUM_CALLS) continue;
      yield { pair: this.#pair(number), seconds: sorted.subarray(counts[number], counts[number + 1]).toSorted() };
    }
  }
}

/** Whether the first of two labels stands before the other in alphabetical order, so that the order of flows cannot matter. */
function comesBefore(reader: CaseReader, label: number, other: number): boolean {
  const [category, otherCategory] = [reader.term(label >>> 16) ?? UNKNOWN, reader.term(other >>> 16) ?? UNKNOWN];
  if (category !== otherCategory) return category < otherCategory;
  return (reader.term(label & 0xffff) ?? '') < (reader.term(other & 0xffff) ?? '');
}

/** How regular the calls of a pair are. */
export interface Regularity {
  /** Calls after those close together were merged. */
  readonly calls: number;
  /** Median gap, s, and its 95 % interval by order statistics. */
  readonly period: number;
  readonly interval: [number, number];
  /** Median absolute deviation of the gaps from their median, over the median. */
  readonly jitter: number;
  /** Share of the gaps within 20 % of the median. */
  readonly regular: number;
  /** Chance of as many regular gaps if calls came at random times. */
  readonly pValue: number;
}

/**
 * Regularity of calls at ascending times (s); null when too few are left after merging, or their span is too short.
 *
 * Gaps are judged by their median and median absolute deviation, as RITA's beacon analysis does (Active Countermeasures,
 * after Hu et al., "BAYWATCH: Robust Beaconing Detection", DSN 2016, for the need to bear gaps and sleep). Under calls at random
 * times gaps are exponential beyond the merging time; the number of gaps within 20 % of the median is then binomial, and
 * its upper tail is the p-value.
 */
export function regularityOf(seconds: ArrayLike<number>): Regularity | null {
  const calls: number[] = [];
  for (let i = 0; i < seconds.length; i++) {
    const last = calls.at(-1);
    if (last === undefined || seconds[i] - last >= MERGE_SECONDS) calls.push(seconds[i]);
  }
  const first = calls[0];
  const last = calls.at(-1);
  if (calls.length < MINIMUM_CALLS || first === undefined || last === undefined) return null;
  if (last - first < MINIMUM_SPAN_HOURS * 3600) return null;
  const gaps = calls.slice(1).map((time, i) => time - calls[i]);
  const ascending = gaps.toSorted((x, y) => x - y);
  const period = middle(ascending);
  const deviations = gaps.map((gap) => Math.abs(gap - period)).toSorted((x, y) => x - y);
  const hits = gaps.filter((gap) => Math.abs(gap - period) <= REGULAR * period).length;
  // Gap = merging time + exponential, with the median that was seen.
  const scale = Math.max(1e-9, (period - MERGE_SECONDS) / Math.LN2);
  const beyond = (gap: number): number => Math.exp(-Math.max(0, gap - MERGE_SECONDS) / scale);
  const chance = Math.min(1, beyond((1 - REGULAR) * period) - beyond((1 + REGULAR) * period));
  const half = (1.96 * Math.sqrt(gaps.length)) / 2;
  const at = (rank: number): number => ascending[Math.min(gaps.length - 1, Math.max(0, Math.round(rank)))] ?? period;
  return {
    calls: calls.length,
    period,
    interval: [at(gaps.length / 2 - half - 1), at(gaps.length / 2 + half)],
    jitter: middle(deviations) / period,
    regular: hits / gaps.length,
    pValue: hits === 0 ? 1 : incompleteBeta(chance, hits, gaps.length - hits + 1),
  };
}

function middle(ascending: readonly number[]): number {
  const half = Math.floor(ascending.length / 2);
  const upper = ascending[half] ?? 0;
  return ascending.length % 2 === 1 ? upper : (upper + (ascending[half - 1] ?? upper)) / 2;
}

interface Found extends Regularity {
  readonly pair: Pair;
}

/**
 * One finding a pair of host and peer port that calls at regular times, at most 50, or one that says that there is none. A pair
 * is tested when it has at least 20 calls (those within 10 s of the one before merged) over at least 6 hours; its p-value is
 * multiplied by the number of pairs tested (Bonferroni) before it joins the tests of the run. Told are pairs with a jitter of at most
 * 0.25 and at least 60 % of the gaps within 20 % of the median. Name and time service, updates and peer-to-peer programs call at regular times by design: such pairs are counted, not told.
 */
export function beacons(collector = new BeaconCollector()): Analysis {
  return { collector, findings: (frame) => beaconFindings(frame, collector) };
}

/** What a search through all pairs of host and peer port found. */
interface Search {
  readonly tested: number;
  /** Regular pairs of categories that call at regular times by design. */
  readonly byDesign: number;
  /** Regular pairs, the most certain first. */
  readonly ordered: readonly Found[];
}

/** Hosts that call a peer at regular times not by design, each once, the most certain first. */
export function beaconHosts(collector: BeaconCollector): string[] {
  return [...new Set(collector.search().ordered.map(({ pair }) => collector.addresses.text(pair.host)))];
}

function isByDesign({ category, transport, port }: Pair): boolean {
  return REGULAR_BY_DESIGN.includes(category) || (transport === UDP && REGULAR_PORTS.includes(port));
}

function search(collector: BeaconCollector): Search {
  let tested = 0;
  let byDesign = 0;
  const found: Found[] = [];
  for (const { pair, seconds } of collector.callsByPair()) {
    const regularity = regularityOf(seconds);
    if (regularity === null) continue;
    tested++;
    if (regularity.jitter > LARGEST_JITTER || regularity.regular < LEAST_REGULAR) continue;
    if (regularity.pValue > SIGNIFICANCE) continue;
    if (isByDesign(pair)) byDesign++;
    else found.push({ ...regularity, pair });
  }
  const { addresses } = collector;
  const ordered = found
    .filter(({ pValue }) => pValue * tested <= SIGNIFICANCE)
    .toSorted(
      (x, y) =>
        x.pValue - y.pValue ||
        addresses.compare(x.pair.host, y.pair.host) ||
        addresses.compare(x.pair.peer, y.pair.peer) ||
        x.pair.port - y.pair.port ||
        x.pair.transport - y.pair.transport,
    );
  return { tested, byDesign, ordered };
}

function beaconFindings(frame: AnalysisFrame, collector: BeaconCollector): BeaconFinding[] {
  const { tested, byDesign, ordered } = collector.search();
  const told = ordered.slice(0, MOST_BEACONS);
  const shared: Caveat[] = [];
  if (byDesign > 0) {
    shared.push({
      id: 'regular-by-design',
      text: `${byDesign} further pairs call at regular times by design (categories ${REGULAR_BY_DESIGN.join(', ')}; UDP ports ${REGULAR_PORTS.join(', ')}) and are not told.`,
    });
  }
  if (ordered.length > told.length) {
    shared.push({ id: 'beacons-cut', text: `${ordered.length - told.length} further pairs are not told.` });
  }
  if (collector.leftOut > 0) {
    shared.push({
      id: 'calls-left-out',
      text: `${formatCount(collector.leftOut)} flows came after the table of calls was full and were not looked at.`,
    });
  }
  if (frame.scaled) {
    shared.push({ id: 'sampled-calls', text: 'In sampled data most calls are missed, and with them the regularity.' });
  }
  if (told.length === 0) return [none(frame, tested, shared)];
  return told.map((each) => beacon(frame, collector, each, tested, shared));
}

const METHOD = {
  name: 'Median and median absolute deviation of gaps; binomial test of regular gaps against calls at random times, Bonferroni over pairs',
  source: 'RITA (Active Countermeasures); Hu et al., BAYWATCH, DSN 2016',
};

const PARAMETERS = {
  mergeSeconds: MERGE_SECONDS,
  minimumCalls: MINIMUM_CALLS,
  minimumSpanHours: MINIMUM_SPAN_HOURS,
  largestJitter: LARGEST_JITTER,
  regularWithin: REGULAR,
  leastRegular: LEAST_REGULAR,
  regularByDesign: REGULAR_BY_DESIGN,
  regularPorts: REGULAR_PORTS,
  mostBeacons: MOST_BEACONS,
  significance: SIGNIFICANCE,
  level: LEVEL,
};

function beacon(
  frame: AnalysisFrame,
  collector: BeaconCollector,
  { pair, calls, period, interval, jitter, regular, pValue }: Found,
  tested: number,
  shared: readonly Caveat[],
): BeaconFinding {
  const host = collector.addresses.text(pair.host);
  const peer = collector.addresses.text(pair.peer);
  const who = pair.service ?? pair.category;
  const base = baseOf(frame, {
    kind: 'beacon',
    subject: `${host} ${peer} ${pair.transport} ${pair.port}`,
    title: `Regular calls of ${host} to ${peer} port ${pair.port}`,
    statement:
      `Host ${host} called ${peer} port ${pair.port} (${who}) ${formatCount(calls)} times, every ${formatCount(period)} s ` +
      `(median; jitter ${formatShare(jitter)}; ${formatShare(regular)} of the gaps within 20 % of it), in ${caseWindow(frame)}.`,
    verdict: 'not-supported',
    value: period,
    // Gaps of sampled calls are of several periods.
    interval: frame.scaled ? null : interval,
    unit: 'seconds between calls',
    pValue: Math.min(1, pValue * tested),
    method: METHOD,
    parameters: PARAMETERS,
    metric: null,
    where:
      `${frame.activity} and initiator = ${host} and responder = ${peer} and responderPort = ${pair.port} and ` +
      `transport = ${pair.transport}`,
    numerator: calls,
    denominator: null,
    caveats: [
      {
        id: 'regular-is-not-malicious',
        text: 'Mail clients, messengers, monitors and many other programs call at regular times; regularity alone shows no malice.',
      },
      { id: 'pairs-tested', text: `Tested: ${formatCounted(tested, 'pair')} of host and peer port.` },
      ...shared,
      ...activityCaveats(frame),
    ],
  });
  return {
    ...base,
    kind: 'beacon',
    host,
    peer,
    period: base.value,
    jitter: Number(jitter.toPrecision(9)),
    count: calls,
  };
}

function none(frame: AnalysisFrame, tested: number, shared: readonly Caveat[]): BeaconFinding {
  const days = frame.days.filter(hasActivity).length;
  const isEnough = days >= MINIMUM_DAYS;
  const caveats: Caveat[] = [];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text: `Activity was seen on ${formatCounted(days, 'day')}; at least ${MINIMUM_DAYS} are needed to say that none calls regularly.`,
    });
  }
  caveats.push(
    {
      id: 'least-beacon',
      text:
        `A program that calls fewer than ${MINIMUM_CALLS} times, over less than ${MINIMUM_SPAN_HOURS} hours, more often than every ` +
        `${MERGE_SECONDS} s, or with a jitter above ${formatShare(LARGEST_JITTER)} or fewer regular gaps than ${formatShare(LEAST_REGULAR)}, would not have been found.`,
    },
    ...shared,
    ...activityCaveats(frame),
  );
  const verdict: Verdict = isEnough ? 'not-supported' : 'insufficient-data';
  const base = baseOf(frame, {
    kind: 'beacon',
    subject: 'none',
    title: 'Regular calls to one peer',
    statement:
      tested === 0
        ? `No host called one peer port ${MINIMUM_CALLS} times or more, so none could be tested for regular calls, in ${caseWindow(frame)}.`
        : `None of ${formatCounted(tested, 'pair')} of host and peer port with at least ${MINIMUM_CALLS} calls was found ` +
          `to call at regular times, in ${caseWindow(frame)}.`,
    verdict,
    value: 0,
    interval: null,
    unit: 'beacons',
    method: METHOD,
    parameters: PARAMETERS,
    metric: null,
    where: frame.activity,
    numerator: 0,
    denominator: tested,
    caveats,
  });
  return { ...base, kind: 'beacon', host: null, peer: null, period: null, jitter: null, count: 0 };
}
