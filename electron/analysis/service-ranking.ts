import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { countryCode } from '../casefile/flow-records.ts';
import { filterValue } from '../../shared/activity.ts';
import type { Caveat, ServiceRankingFinding, Verdict } from '../../shared/finding.ts';
import { LABEL_EVIDENCE } from '../../shared/flow.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
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
  baseOf,
  byBlock,
  rounded,
  roundedInterval,
  seenBetween,
  sum,
  shareInterval,
  toldInterval,
} from './analysis-frame.ts';
import { activityCaveats, evidenceCaveats, placeCaveat, sampledFlows } from './caveats.ts';
import { countryInWords } from './country-in-words.ts';
import { ratioInterval } from './statistics/day-bootstrap.ts';
import { studentTQuantile } from './statistics/distributions.ts';
import { varianceInflation } from './statistics/variance-inflation.ts';
import { LATEST } from './traffic-tally.ts';

/** Services told in one ranking; how many more there are is said. */
const LONGEST_RANKING = 20;
/**
 * One-sided level at which the first must lead each of the others for its place to be told: a case has some fifty rankings, and
 * not one false first place in twenty cases is to be told (Bonferroni).
 */
const FIRST_PLACE_LEVEL = 0.001;
/** Countries with a ranking of their own: those with most activity flows. */
const MOST_COUNTRIES = 20;
/** Sums of a country, service and day that are kept (24 bytes each, and as much while they grow). */
const MOST_SUMS = 1 << 21;

/** Flows of one named service on each day of the frame; flows as recorded by what their label rests on (LABEL_EVIDENCE). */
interface ServiceFlows {
  readonly series: Float64Array;
  readonly evidence: number[];
}

/** What one ranking is made of. */
interface Ranked {
  readonly category: string | null;
  readonly country: string | null;
  readonly services: ReadonlyMap<string, ServiceFlows>;
  /** Activity flows of each day, named or not. */
  readonly all: Float64Array;
}

/** Gathers activity flows by the country of the peer, service and day. */
export class CountryServices implements FlowCollector {
  /** (country, service), service 0 = none. */
  readonly #pairs = new PairIndex();
  readonly #names: (string | null)[] = [];
  readonly #evidence: number[] = [];
  /** (number of the pair, day). */
  readonly #days = new PairIndex();
  #flows = new Float64Array(256);
  readonly #mostSums: number;
  /** More sums than are kept: then nothing is told of countries, whatever the order of segments. */
  isTooMuch = false;
  #clock: ZoneClock | null = null;

  constructor(mostSums: number = MOST_SUMS) {
    this.#mostSums = mostSums;
  }

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const clock = (this.#clock ??= new ZoneClock(reader.profile.timeZone));
    const start = reader.column(segment, 'start');
    const country = reader.column(segment, 'country');
    const service = reader.column(segment, 'service');
    const evidence = reader.column(segment, 'labelEvidence');
    const sampling = reader.column(segment, 'sampling');
    let day = 0;
    let hourStart = Infinity;
    let hourEnd = -Infinity;
    for (let row = 0; row < segment.rows && !this.isTooMuch; row++) {
      const from = start[row];
      if (activity[row] === 0 || country[row] === 0 || !(from >= 0 && from < LATEST)) continue;
      if (from < hourStart || from >= hourEnd) {
        const hour = clock.localHour(from);
        hourStart = clock.startOfLocalHour(hour);
        hourEnd = clock.startOfLocalHour(hour + 1);
        day = Math.floor(hour / 24);
      }
      const pair = this.#pairs.number(country[row], service[row]);
      if (pair === this.#names.length) {
        this.#names.push(reader.term(service[row]));
        for (let i = 0; i < LABEL_EVIDENCE.length; i++) this.#evidence.push(0);
      }
      this.#evidence[pair * LABEL_EVIDENCE.length + evidence[row]]++;
      const at = this.#days.number(pair, day);
      if (at === this.#flows.length) this.#grow();
      this.#flows[at] += sampling[row] || 1;
      this.isTooMuch = this.#days.size > this.#mostSums;
    }
  }

  #grow(): void {
    const larger = new Float64Array(this.#flows.length * 2);
    larger.set(this.#flows);
    this.#flows = larger;
  }

  /** The countries with most activity flows, most first, of those with a named service; ties by their letters. */
  ranked(frame: AnalysisFrame): Ranked[] {
    if (this.isTooMuch) return [];
    const dayNumbers = new Map(frame.days.map(({ day }, i) => [day, i]));
    const countries = new Map<number, { flows: number; all: Float64Array; services: Map<string, ServiceFlows> }>();
    for (let at = 0; at < this.#days.size; at++) {
      const pair = this.#days.first(at);
      const number = this.#pairs.first(pair);
      let country = countries.get(number);
      if (country === undefined) {
        country = { flows: 0, all: new Float64Array(frame.days.length), services: new Map() };
        countries.set(number, country);
      }
      const day = dayNumbers.get(this.#days.second(at)) ?? 0;
      const flows = this.#flows[at];
      country.flows += flows;
      country.all[day] += flows;
      const name = this.#names[pair] ?? null;
      if (name === null) continue;
      let service = country.services.get(name);
      if (service === undefined) {
        const first = pair * LABEL_EVIDENCE.length;
        const evidence = this.#evidence.slice(first, first + LABEL_EVIDENCE.length);
        service = { series: new Float64Array(frame.days.length), evidence };
        country.services.set(name, service);
      }
      service.series[day] += flows;
    }
    return [...countries]
      .filter(([, { services }]) => services.size > 0)
      .toSorted(([x, { flows: ofX }], [y, { flows: ofY }]) => ofY - ofX || x - y)
      .slice(0, MOST_COUNTRIES)
      .map(([number, { all, services }]) => ({ category: null, country: countryCode(number), services, all }));
  }
}

/**
 * Named services by their share of activity flows: one ranking over everything, one for each category with a named
 * service, and one for each of at most 20 countries by the flows with peers placed there. The denominator is all activity
 * flows (of the category, with the country), named or not, so shares need not sum to 1.
 *
 * `supported` is about the first place only: at least 7 days with such flows and 100 of them, and the first leads each of the
 * others by more than days differ (paired t test on days, one-sided, level 0.001; the error of the mean is widened where days
 * resemble their neighbours: Newey and West, Econometrica 55, 1987; Andrews, Econometrica 59, 1991).
 * `not-supported`: enough data, but the first cannot be told from the next. Without names
 * in the evidence (see `missingLabels`), and where it is sampled, the data do not suffice. Ties are ordered by name.
 */
export function serviceRankings(collector: CountryServices = new CountryServices()): Analysis {
  return {
    collector,
    findings: (frame) => {
      const { labels } = frame.tally;
      const categories = new Set(labels.filter((label) => label.service !== null).map((label) => label.category));
      const ranked = [null, ...[...categories].toSorted()].map((category) => rankedOf(frame, category));
      return [...ranked, ...collector.ranked(frame)].map((each) => ranking(frame, each, collector.isTooMuch));
    },
  };
}

/** Services of a category, or of all, out of the tally that every kind shares. */
function rankedOf(frame: AnalysisFrame, category: string | null): Ranked {
  const { tally, days } = frame;
  const services = new Map<string, ServiceFlows>();
  const all = new Float64Array(days.length);
  tally.labels.forEach((label, number) => {
    if (category !== null && label.category !== category) return;
    let service: ServiceFlows | undefined;
    if (label.service !== null) {
      service = services.get(label.service) ?? {
        series: new Float64Array(days.length),
        evidence: LABEL_EVIDENCE.map(() => 0),
      };
      services.set(label.service, service);
      for (let i = 0; i < LABEL_EVIDENCE.length; i++) service.evidence[i] += tally.evidenceFlows(number, i);
    }
    days.forEach((day, i) => {
      const flows = day.sums[number * 3] ?? 0;
      all[i] += flows;
      if (service !== undefined) service.series[i] += flows;
    });
  });
  return { category, country: null, services, all };
}

function ranking(frame: AnalysisFrame, ranked: Ranked, isWithoutCountries: boolean): ServiceRankingFinding {
  const { category, country, all } = ranked;
  const { resamples } = frame;
  const denominators = byBlock(frame, (_, i) => all[i]);
  const denominator = sum(denominators);
  const services = [...ranked.services]
    .map(([service, { series, evidence }]) => ({ service, series, evidence, flows: sum(series) }))
    .toSorted((x, y) => y.flows - x.flows || (x.service < y.service ? -1 : 1));
  const told = services.slice(0, LONGEST_RANKING);
  const daily = told.map(({ series }) => byBlock(frame, (_, i) => series[i]));
  const rows = told.map(({ service, series, flows }, i) => ({
    service,
    value: rounded(flows / denominator),
    interval: roundedInterval(toldInterval(frame, 'flows', ratioInterval(resamples, daily[i], denominators, 'share'))),
    daysActive: series.filter((value) => value > 0).length,
  }));

  const top = told[0];
  const topRow = rows[0];
  const days = all.filter((flows) => flows > 0).length;
  const leads = daily.slice(1).map((other) => leadOver(daily[0], other));
  const least = leads.reduce((x, y) => Math.min(x, y), Infinity);
  const needed = resamples.blocks < 2 ? Infinity : studentTQuantile(1 - FIRST_PLACE_LEVEL, resamples.blocks - 1);
  const of =
    country !== null
      ? `activity flows with peers placed in ${countryInWords(country)}`
      : category !== null
        ? `activity flows of category ${category}`
        : 'activity flows';
  const caveats = [...sampledFlows(frame, 'flows'), ...frame.missing.names];
  const suffices = caveats.length === 0;
  let verdict: Verdict = suffices ? (least >= needed ? 'supported' : 'not-supported') : 'insufficient-data';
  if (top === undefined || days < MINIMUM_DAYS || denominator < MINIMUM_FLOWS) {
    verdict = 'insufficient-data';
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(denominator)} ${of} on ${formatCounted(days, 'day')}; at least ${MINIMUM_FLOWS} on ${MINIMUM_DAYS} ` +
        'days are needed.',
    });
  }
  if (verdict === 'not-supported') {
    caveats.push({
      id: 'first-place-open',
      text:
        `${top?.service ?? ''} leads ${told[1 + leads.indexOf(least)]?.service ?? ''} by no more than days differ: ` +
        'the order at the top may be chance.',
    });
  }
  if (services.length > told.length) {
    caveats.push({
      id: 'ranking-cut',
      text: `${services.length - told.length} further services with fewer flows are not listed.`,
    });
  }
  if (isWithoutCountries && category === null) {
    caveats.push({
      id: 'countries-not-ranked',
      text: `No ranking by country was made: more than ${formatCount(MOST_SUMS)} sums of country, service and day.`,
    });
  }
  caveats.push(
    { id: 'flows-not-time', text: 'Ranked by number of flows; one visit may open one flow or hundreds.' },
    ...(country === null ? [] : [placeCaveat(), SERVED_FROM]),
    ...evidenceCaveats(top?.evidence ?? []),
    ...activityCaveats(frame),
  );
  const seenDays = new Set(frame.days.filter((_, i) => all[i] > 0));
  const seen = seenBetween(frame, (day) => seenDays.has(day));
  const place = PLACES[verdict];
  const statement =
    top === undefined || topRow === undefined
      ? `No named service was seen in the ${of}, counting flows opened from inside the ranges.`
      : `Of the ${of} (opened from inside the ranges; ${formatCount(denominator)}), ${place} ${top.service} with ` +
        `${formatShare(topRow.value)} (${formatCount(top.flows)} flows; ` +
        `${shareInterval(topRow.interval)}); such flows were ${seen}.`;
  const among =
    country !== null
      ? ` and country = ${country}`
      : category !== null
        ? ` and category = ${filterValue(category)}`
        : '';
  const base = baseOf(frame, {
    kind: 'service-ranking',
    subject: country !== null ? `country ${country}` : (category ?? 'everything'),
    title:
      country !== null
        ? `Most used services with peers in ${countryInWords(country)}`
        : category !== null
          ? `Most used services of category ${category}`
          : 'Most used services',
    statement,
    verdict,
    value: topRow?.value ?? null,
    interval: topRow?.interval ?? null,
    unit: `share of ${of}`,
    method: {
      name: 'Ranking by flows with accelerated day-block bootstrap intervals; first place by paired t test on correlated days',
      source:
        'Carlstein, Ann. Statist. 14 (1986); Efron, JASA 82 (1987); Hall and Van Keilegom, J. R. Statist. Soc. B 65 (2003); ' +
        'Newey and West, Econometrica 55 (1987); Andrews, Econometrica 59 (1991)',
    },
    parameters: {
      metric: 'flows',
      category,
      ...(country === null ? {} : { country, mostCountries: MOST_COUNTRIES }),
      timeZone: frame.profile.timeZone,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
      longestRanking: LONGEST_RANKING,
      firstPlaceLevel: FIRST_PLACE_LEVEL,
      minimumDays: MINIMUM_DAYS,
      minimumFlows: MINIMUM_FLOWS,
    },
    metric: 'flows',
    where: `${frame.activity}${among}` + (top === undefined ? '' : ` and service = ${filterValue(top.service)}`),
    numerator: top?.flows ?? 0,
    denominator,
    caveats,
  });
  return { ...base, kind: 'service-ranking', category, country, ranking: rows };
}

/** Why a ranking by place is not one by interest in that place. */
const SERVED_FROM: Caveat = {
  id: 'served-from-there',
  text:
    'Services are ranked by where their servers stand; content networks and clouds serve the services of any country from ' +
    'wherever is near, so this says nothing of interest in the country.',
};

const PLACES: Readonly<Record<Verdict, string>> = {
  supported: 'the most used named service was',
  'not-supported': 'the named service seen most, though its first place is not certain, was',
  'insufficient-data': 'the named service seen most, in data that do not suffice for a ranking, was',
};

/**
 * Standard errors by which one series leads another in the mean: of their differences day by day, the error widened where days
 * resemble their neighbours. Infinity for a lead that never changes, 0 for no difference at all.
 */
export function leadOver(first: Float64Array, other: Float64Array): number {
  const n = first.length;
  const mean = (sum(first) - sum(other)) / n;
  const residuals = first.map((value, i) => value - other[i] - mean);
  const variance = residuals.reduce((total, residual) => total + residual * residual, 0) / Math.max(1, n - 1);
  if (variance === 0) return mean > 0 ? Infinity : 0;
  return mean / Math.sqrt((variance * varianceInflation(residuals)) / n);
}
