import type { CaseReader, SegmentInfo, StoredInstitution, StoredService } from '../casefile/case-reader.ts';
import { countryCode } from '../casefile/flow-records.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { type PeerPlace, PeerPlaces } from '../casefile/peer-places.ts';
import type { Caveat, ForeignPresenceFinding } from '../../shared/finding.ts';
import { SUBJECT_SIDES } from '../../shared/flow.ts';
import { formatCount, formatCounted, formatList, formatShare } from '../../shared/number-format.ts';
import type { Profile } from '../../shared/profile.ts';
import type { CountryTables } from '../../shared/table-says.ts';
import { ZoneClock } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
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
  rounded,
  roundedInterval,
  seenBetween,
  sum,
  verdictOf,
  shareInterval,
  toldInterval,
} from './analysis-frame.ts';
import { activityCaveats, placeCaveat } from './caveats.ts';
import { countryInWords } from './country-in-words.ts';
import { ratioInterval } from './statistics/day-bootstrap.ts';
import { SubjectDays } from './subject-days.ts';
import { LATEST } from './traffic-tally.ts';

/** Signs that people behind the ranges have to do with a country: its own institutions, not only addresses placed in it. */

/** What a flagged country needs at the least: organisations, each met on so many days; classes; organisations other than news. */
const MINIMUM_ORGANISATIONS = 4;
const MINIMUM_ORGANISATION_DAYS = 2;
const MINIMUM_CLASSES = 2;
/** Papers are read from anywhere; universities, authorities, mail and banks are dealt with by those who have to do with them. */
const MINIMUM_BESIDE_NEWS = 2;
/** Local days with such organisations: this many, and this share of the days with activity. */
const MINIMUM_LOCAL_DAYS = 5;
const MINIMUM_LOCAL_SHARE_OF_DAYS = 0.15;
/**
 * How far a country must stand out: the modified z-score of ln(1 + days on which its organisations were met, summed over them)
 * among all countries (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, who give 3.5). Where most countries are
 * alike, their spread is taken as no smaller than a factor of 1.65; countries that were not met fill up the comparison.
 */
const STANDS_OUT = 3.5;
const LEAST_SPREAD = 0.5;
const MINIMUM_COMPARED = 20;
/** Countries with fewer activity flows, and no institution of their own met, have no finding. */
const LEAST_FLOWS = 20;
const MOST_COUNTRIES = 100;
const MOST_ORGANISATIONS = 200;
/** Shares under two tables that differ by this much are told. */
const TOLD_DIFFERENCE = 0.01;
const METRICS = ['flows', 'bytes', 'packets'] as const;

/**
 * What activity with addresses placed in a country says of that country: only that of `own` counts; peers of the other
 * reasons stand where they are cheap, near, or where other users sit. `hosted-elsewhere` is with the country's institutions
 * at addresses placed in others, and counts for it.
 */
const REASONS = [
  'own',
  'global-service',
  'infrastructure',
  'vpn',
  'peers',
  'unrecognised',
  'of-another-country',
  'hosted-elsewhere',
] as const;
type Reason = (typeof REASONS)[number];
const OWN = REASONS.indexOf('own');
const OF_ANOTHER_COUNTRY = REASONS.indexOf('of-another-country');
const HOSTED_ELSEWHERE = REASONS.indexOf('hosted-elsewhere');

/** Categories whose peers say nothing of a country. */
const PLACELESS: Readonly<Record<string, Reason>> = {
  cloud: 'infrastructure',
  infra: 'infrastructure',
  update: 'infrastructure',
  vpn: 'vpn',
  p2p: 'peers',
  crypto: 'peers',
  scan: 'unrecognised',
  malware: 'unrecognised',
  unknown: 'unrecognised',
};

const REASON_WORDS: Readonly<Record<Reason, string>> = {
  own: '',
  'global-service': 'global services',
  infrastructure: 'clouds, content networks and infrastructure',
  vpn: 'VPN services',
  peers: 'peers of file sharing and coins',
  unrecognised: 'unrecognised or unsolicited',
  'of-another-country': 'services of another country that are served from there',
  'hosted-elsewhere': '',
};

interface Organisation extends StoredInstitution {
  readonly countryNumber: number;
}

/** Two letters as the number in label column `country`. */
function countryNumber(country: string): number {
  return country.length === 2 ? country.charCodeAt(0) * 256 + country.charCodeAt(1) : 0;
}

/** What a label (category and service) says of the country where its peer stands. */
interface LabelSays {
  readonly reason: number;
  /** Number of the country that the service belongs to; 0 = of none. */
  readonly country: number;
  readonly isGlobal: boolean;
}

/** Number of a country and a reason. */
const cellOf = (country: number, reason: number): number => country * REASONS.length + reason;

/** Why activity with an address counts as it does where the address lies in the country `placed`; `own`: see `addSegment`. */
function reasonAt(placed: number, own: number, label: LabelSays): number {
  const of = own === 0 ? label.country : own;
  return label.reason === OWN && of !== 0 && of !== placed ? OF_ANOTHER_COUNTRY : label.reason;
}

/** Gathers what was exchanged with each country, and with the institutions of each. */
class PresenceCollector implements FlowCollector {
  /** By number of the country times the number of reasons, plus the reason. */
  readonly byReason = new SubjectDays();
  /** By number of the organisation. */
  readonly ofOrganisation = new SubjectDays();
  readonly organisations: Organisation[] = [];
  /** 1 for each number of a country that was met. */
  readonly countries = new Uint8Array(1 << 16);
  /** Flows that the country's addresses opened to the ranges, by number of the country. */
  readonly inbound = new Map<number, number>();
  /** By country table: how many more flows (or fewer) are in each cell where that table places the peers that it knows. */
  readonly moved = new Map<string, Map<number, number>>();
  /** What the tables say; null before the first segment, and where there are none. */
  places: PeerPlaces | null = null;
  readonly #tables: CountryTables | null;
  readonly #numbers = new Map<string, number>();
  readonly #global: ReadonlySet<string>;
  readonly #clock: ZoneClock;
  #institutions: ReadonlyMap<string, StoredInstitution> | null = null;
  #services: ReadonlyMap<string, StoredService> | null = null;
  /** (category, service). */
  readonly #labels = new PairIndex();
  readonly #says: LabelSays[] = [];

  constructor(profile: Profile, tables: CountryTables | null) {
    this.#tables = tables;
    this.#global = new Set(profile.globalServices);
    this.#clock = new ZoneClock(profile.timeZone);
  }

  addSegment(reader: CaseReader, segment: SegmentInfo, activity: Uint8Array): void {
    const start = reader.column(segment, 'start');
    const country = reader.column(segment, 'country');
    const side = reader.column(segment, 'subjectSide');
    const category = reader.column(segment, 'category');
    const service = reader.column(segment, 'service');
    const match = reader.column(segment, 'match');
    const sampling = reader.column(segment, 'sampling');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    const packetsOut = reader.column(segment, 'packetsOut');
    const packetsIn = reader.column(segment, 'packetsIn');
    const inside = SUBJECT_SIDES.indexOf('responder');
    const scan = reader.termNumber('scan') ?? -1;
    const organisationOf = reader.dictionary(segment, 'match').map((text) => this.#organisation(reader, text));
    const tables = this.#tables;
    const places = tables === null ? null : PeerPlaces.of(reader, () => tables);
    this.places = places;
    const placeNumbers = places?.column(segment);
    let day = 0;
    let hourStart = Infinity;
    let hourEnd = -Infinity;
    for (let row = 0; row < segment.rows; row++) {
      const from = start[row];
      if (!(from >= 0 && from < LATEST)) continue;
      const placed = country[row];
      const rate = sampling[row] || 1;
      if (activity[row] === 0) {
        // Only what was answered: a probe shows nobody's presence.
        if (
          placed !== 0 &&
          side[row] === inside &&
          packetsOut[row] > 1 &&
          packetsIn[row] > 0 &&
          category[row] !== scan
        ) {
          this.inbound.set(placed, (this.inbound.get(placed) ?? 0) + rate);
        }
        continue;
      }
      const organisation = match[row] === 0 ? -1 : organisationOf[match[row] - 1];
      const label = this.#label(reader, category[row], service[row]);
      const own = organisation < 0 || label.isGlobal ? 0 : this.organisations[organisation].countryNumber;
      if (places !== null && placeNumbers !== undefined) {
        this.#move(places.place(placeNumbers[row]), placed, own, label, rate);
      }
      if (placed === 0 && organisation < 0) continue;
      if (from < hourStart || from >= hourEnd) {
        const hour = this.#clock.localHour(from);
        hourStart = this.#clock.startOfLocalHour(hour);
        hourEnd = this.#clock.startOfLocalHour(hour + 1);
        day = Math.floor(hour / 24);
      }
      const bytes = (bytesOut[row] + bytesIn[row]) * rate;
      const packets = (packetsOut[row] + packetsIn[row]) * rate;
      if (placed !== 0) {
        this.countries[placed] = 1;
        this.byReason.add(cellOf(placed, reasonAt(placed, own, label)), day, -1, rate, bytes, packets);
      }
      if (own === 0) continue;
      this.countries[own] = 1;
      this.ofOrganisation.add(organisation, day, -1, rate, bytes);
      if (own !== placed) this.byReason.add(cellOf(own, HOSTED_ELSEWHERE), day, -1, rate, bytes, packets);
    }
  }

  /** Counts a flow where each table places its peer, if that is elsewhere. What the profile places no table does. */
  #move({ byTable, countries }: PeerPlace, placed: number, own: number, label: LabelSays, rate: number): void {
    if (countries.length === 0 || (countries.length === 1 && countryNumber(countries[0]) === placed)) return;
    if (placed !== 0 && !countries.some((country) => countryNumber(country) === placed)) return;
    for (const [table, country] of byTable) {
      const there = countryNumber(country);
      if (there === placed) continue;
      let moved = this.moved.get(table);
      if (moved === undefined) this.moved.set(table, (moved = new Map()));
      const count = (cell: number, flows: number): unknown => moved.set(cell, (moved.get(cell) ?? 0) + flows);
      if (placed !== 0) count(cellOf(placed, reasonAt(placed, own, label)), -rate);
      count(cellOf(there, reasonAt(there, own, label)), rate);
      if (own === 0) continue;
      if (own === placed) count(cellOf(own, HOSTED_ELSEWHERE), rate);
      if (own === there) count(cellOf(own, HOSTED_ELSEWHERE), -rate);
    }
  }

  /** Flows (bytes, packets) of each day with addresses placed in a country. */
  placed(frame: AnalysisFrame, country: number, metric: (typeof METRICS)[number] = 'flows'): Float64Array {
    const total = new Float64Array(frame.days.length);
    for (let reason = 0; reason < HOSTED_ELSEWHERE; reason++) {
      const series = this.byReason.series(frame, cellOf(country, reason), metric);
      for (let i = 0; i < total.length; i++) total[i] += series[i];
    }
    return total;
  }

  /** Flows of a country by reason. @param moved see there; undefined: as the labels have it */
  reasons(frame: AnalysisFrame, country: number, moved?: ReadonlyMap<number, number>): number[] {
    return REASONS.map((_, reason) => {
      const cell = cellOf(country, reason);
      return sum(this.byReason.series(frame, cell)) + (moved?.get(cell) ?? 0);
    });
  }

  #label(reader: CaseReader, category: number, service: number): LabelSays {
    const number = this.#labels.number(category, service);
    const known = this.#says[number];
    if (known !== undefined) return known;
    const name = service === 0 ? null : reader.term(service);
    const isGlobal = name !== null && this.#global.has(name);
    const reason: Reason = isGlobal ? 'global-service' : (PLACELESS[reader.term(category) ?? 'unknown'] ?? 'own');
    const of = name === null ? null : ((this.#services ??= reader.services()).get(name)?.country ?? null);
    const says = { reason: REASONS.indexOf(reason), country: of === null ? 0 : countryNumber(of), isGlobal };
    this.#says[number] = says;
    return says;
  }

  /** Number of the institution that a match text stands for; -1 for none, or one of no known country. */
  #organisation(reader: CaseReader, text: string): number {
    const institution = (this.#institutions ??= reader.institutions()).get(text);
    if (institution === undefined || institution.country === null) return -1;
    const known = this.#numbers.get(institution.domain);
    if (known !== undefined) return known;
    const number = this.organisations.push({ ...institution, countryNumber: countryNumber(institution.country) }) - 1;
    this.#numbers.set(institution.domain, number);
    return number;
  }
}

/**
 * One finding a country: the share of activity that involves addresses placed in it (which alone shows no presence), and
 * what there is of the country itself: institutions of its own (universities, laboratories, authorities, papers, banks, mail),
 * told by name wherever they are hosted, in several classes, on many days.
 *
 * The study that this follows asked for above-average activity to and from a country, with many local resources, news and
 * government, uncharacteristic of other countries; and first took global services away. Here: `withoutGlobalServices` is
 * the country's share of the activity that is left without the profile's global services, without clouds, VPNs, torrent and coin
 * peers, infrastructure, updates and what no rule named, and without services of another country that are only served from
 * there; what is exchanged with an institution counts for its own country wherever it is hosted. `score` (0..1) is the mean
 * of five parts, each cut at 1: that share over the (lower) median of all countries; organisations / 8; classes / 3; local
 * days over a quarter of the days with activity; share of the country's activity that was with its organisations, times 4.
 *
 * `flagged` (= `supported`): at least 4 organisations met on 2 days each, of 2 classes, 2 of them other than news; on 5 days
 * and 15 % of the days with activity; a share without global services that reaches the median; and more days with its organisations,
 * summed over them, than countries usually have (modified z-score above 3.5: Iglewicz and Hoaglin 1993), so that one who
 * reads the papers of the whole world is present nowhere. All this as the labels place peers, and also where each country
 * table alone places those that it knows (`byTable`); where it holds under some of them only, the verdict is `insufficient-data`. No p-value: there is no model of a world without presence; how often
 * it errs is measured on made-up worlds. `value` is `share`, with the day-block bootstrap interval (Carlstein, Ann. Statist.
 * 14, 1986). At least 7 days and 100 flows of activity are needed, and evidence with names to say that there is none.
 */
export function foreignPresences(profile: Profile, tables: CountryTables | null): Analysis {
  const collector = new PresenceCollector(profile, tables);
  return { collector, findings: (frame) => presences(frame, collector) };
}

interface CountrySums {
  readonly number: number;
  /** Activity flows of each day with its institutions. */
  readonly local: Float64Array;
  readonly flows: number;
  readonly residual: number;
  readonly reasons: readonly number[];
  readonly organisations: readonly Met[];
  /** ln(1 + days on which its organisations were met, summed over them). */
  readonly depth: number;
}

interface Met extends Organisation {
  readonly daysActive: number;
  readonly flows: number;
}

/** The countries as the labels place peers, or as one table does. */
interface Scored {
  /** By number of the country. */
  readonly sums: ReadonlyMap<number, CountrySums>;
  /** Those with enough activity or institutions, most activity first. */
  readonly compared: readonly CountrySums[];
  readonly all: AllCountries;
}

/** The same under one country table. */
interface ScoredTable extends Scored {
  readonly table: string;
  readonly date: string | null;
}

function presences(frame: AnalysisFrame, collector: PresenceCollector): ForeignPresenceFinding[] {
  const none = new Float64Array(frame.days.length);
  /** Flows of each day with the institutions of a country, by its number. */
  const localOf = new Map<number, Float64Array>();
  const metIn = new Map<number, Met[]>();
  collector.organisations.forEach((organisation, number) => {
    const { countryNumber: country } = organisation;
    const series = collector.ofOrganisation.series(frame, number);
    const local = localOf.get(country);
    if (local === undefined) localOf.set(country, series.slice());
    else series.forEach((flows, i) => (local[i] += flows));
    const met = { ...organisation, daysActive: series.filter((flows) => flows > 0).length, flows: sum(series) };
    if (met.flows > 0) metIn.set(country, [...(metIn.get(country) ?? []), met]);
  });
  for (const met of metIn.values()) {
    met.sort((x, y) => y.daysActive - x.daysActive || y.flows - x.flows || (x.domain < y.domain ? -1 : 1));
  }
  const scored = (moved?: ReadonlyMap<number, number>): Scored => {
    const numbers = new Set([...collector.countries.keys()].filter((number) => collector.countries[number] === 1));
    for (const cell of moved?.keys() ?? []) numbers.add(Math.floor(cell / REASONS.length));
    const sums = Array.from(numbers, (number): CountrySums => {
      const reasons = collector.reasons(frame, number, moved);
      const organisations = metIn.get(number) ?? [];
      return {
        number,
        local: localOf.get(number) ?? none,
        flows: sum(reasons) - reasons[HOSTED_ELSEWHERE],
        residual: reasons[OWN] + reasons[HOSTED_ELSEWHERE],
        reasons,
        organisations,
        depth: Math.log1p(organisations.reduce((days, { daysActive }) => days + daysActive, 0)),
      };
    });
    const compared = sums
      .filter(({ flows, organisations }) => flows >= LEAST_FLOWS || organisations.length > 0)
      .toSorted((x, y) => sum(y.reasons) - sum(x.reasons) || x.number - y.number);
    return { sums: new Map(sums.map((each) => [each.number, each])), compared, all: allCountries(compared) };
  };
  const inForce = scored();
  const underTables = [...(collector.places?.dates ?? [])]
    .toSorted(([x], [y]) => (x < y ? -1 : 1))
    .map(([table, date]): ScoredTable => ({ table, date, ...scored(collector.moved.get(table)) }));
  return inForce.compared
    .slice(0, MOST_COUNTRIES)
    .map((country) => presence(frame, collector, country, inForce.all, underTables));
}

/** What a country is compared with. */
interface AllCountries {
  /** Activity that says something of some country. */
  readonly left: number;
  /** Median share of it, of all countries met and as many more as fill up the comparison. */
  readonly median: number;
  readonly countries: number;
  /** Median of `depth`, and median distance from it. */
  readonly usualDepth: number;
  readonly spread: number;
}

function allCountries(sums: readonly CountrySums[]): AllCountries {
  const left = sums.reduce((total, { residual }) => total + residual, 0);
  const others = Array.from({ length: Math.max(0, MINIMUM_COMPARED - sums.length) }, () => 0);
  const depths = [...sums.map(({ depth }) => depth), ...others];
  const usualDepth = lowerMedian(depths);
  return {
    left,
    median: lowerMedian([...sums.map(({ residual }) => (left === 0 ? 0 : residual / left)), ...others]),
    countries: sums.length,
    usualDepth,
    spread: Math.max(LEAST_SPREAD, lowerMedian(depths.map((depth) => Math.abs(depth - usualDepth)))),
  };
}

function lowerMedian(values: readonly number[]): number {
  const ascending = values.toSorted((x, y) => x - y);
  return ascending[Math.floor((ascending.length - 1) / 2)] ?? 0;
}

/** Share of a country of the activity that says something of some country. */
function shareLeft({ residual }: CountrySums, { left }: AllCountries): number {
  return left === 0 ? 0 : residual / left;
}

/** Modified z-score of a country's `depth`. 0.6745: the median distance of a normal distribution in standard deviations. */
function standingOut({ depth }: CountrySums, { usualDepth, spread }: AllCountries): number {
  return (0.6745 * (depth - usualDepth)) / spread;
}

const daysWithAny = (series: Float64Array): number => series.filter((value) => value > 0).length;

/** Whether a country meets what presence is told by. */
function isMet(country: CountrySums, all: AllCountries, activeDays: number): boolean {
  const steady = country.organisations.filter((each) => each.daysActive >= MINIMUM_ORGANISATION_DAYS);
  const neededDays = Math.max(MINIMUM_LOCAL_DAYS, Math.ceil(MINIMUM_LOCAL_SHARE_OF_DAYS * activeDays));
  return (
    steady.length >= MINIMUM_ORGANISATIONS &&
    new Set(steady.map((each) => each.class)).size >= MINIMUM_CLASSES &&
    steady.filter((each) => each.class !== 'news').length >= MINIMUM_BESIDE_NEWS &&
    standingOut(country, all) > STANDS_OUT &&
    daysWithAny(country.local) >= neededDays &&
    shareLeft(country, all) > 0 &&
    shareLeft(country, all) >= all.median
  );
}

function presence(
  frame: AnalysisFrame,
  collector: PresenceCollector,
  country: CountrySums,
  all: AllCountries,
  underTables: readonly ScoredTable[],
): ForeignPresenceFinding {
  const { number, local, flows, reasons, organisations } = country;
  const code = countryCode(number) ?? '';
  const named = countryInWords(code);
  const activeDays = frame.days.filter(hasActivity).length;
  const activityFlows = frame.days.reduce((total, day) => total + activityOf(day, 'flows'), 0);
  const series = collector.placed(frame, number);
  const daysActive = series.filter((value, i) => value > 0 || local[i] > 0).length;
  const localDays = daysWithAny(local);
  const localFlows = sum(local);
  const shareBy = Object.fromEntries(METRICS.map((metric) => [metric, shareOf(frame, collector, number, metric)]));
  const { value: share, interval } = shareOf(frame, collector, number, 'flows');
  const withoutGlobalServices = shareLeft(country, all);
  const localShare = Math.min(1, localFlows / Math.max(1, flows, localFlows));
  const classes: Record<string, number> = {};
  for (const each of organisations) classes[each.class] = (classes[each.class] ?? 0) + 1;
  const classNames = Object.keys(classes).toSorted((x, y) => classes[y] - classes[x] || (x < y ? -1 : 1));
  const parts = [
    all.median === 0 ? Number(withoutGlobalServices > 0) : withoutGlobalServices / all.median,
    organisations.length / 8,
    classNames.length / 3,
    activeDays === 0 ? 0 : (localDays * 4) / activeDays,
    localShare * 4,
  ];
  const score = parts.reduce((total, part) => total + Math.min(1, part), 0) / parts.length;
  const isEnough = activeDays >= MINIMUM_DAYS && frame.tally.activityFlows >= MINIMUM_FLOWS;
  const byTable = underTables.map(({ table, date, sums, all: under }) => {
    const there = sums.get(number) ?? { ...country, flows: 0, residual: 0 };
    return {
      table,
      date,
      share: rounded(activityFlows === 0 ? 0 : there.flows / activityFlows),
      withoutGlobalServices: rounded(shareLeft(there, under)),
      flagged: isEnough && isMet(there, under, activeDays),
    };
  });
  const shares = byTable.map((each) => each.share);
  const [lowest, highest] = [Math.min(...shares), Math.max(...shares)];
  const byTables =
    shares.length === 0
      ? ''
      : lowest === highest && lowest === share
        ? ` by each of ${formatCounted(shares.length, 'country table')}`
        : ` (${formatShare(lowest)} to ${formatShare(highest)} by single country tables)`;
  const scores = [isEnough && isMet(country, all, activeDays), ...byTable.map((each) => each.flagged)];
  const isFlagged = scores.every(Boolean);
  const tablesDecide = !isFlagged && scores.some(Boolean);
  const blind = frame.missing.names;
  const caveats: Caveat[] = [...blind];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(frame.tally.activityFlows)} activity flows on ${formatCounted(activeDays, 'day')}; at least ` +
        `${MINIMUM_FLOWS} on ${MINIMUM_DAYS} days are needed.`,
    });
  }
  caveats.push(
    {
      id: 'contact-is-not-presence',
      text:
        'Dealing with a country’s institutions is a sign of people who have to do with it, not proof that anyone is there; ' +
        'nor does it speak of that country’s authorities.',
    },
    placeCaveat(),
  );
  if (tablesDecide) {
    const [met, unmet] = [true, false].map((is) => byTable.filter(({ flagged }) => flagged === is).map(tableInWords));
    caveats.push({
      id: 'tables-decide',
      text:
        `Whether ${named} meets what presence is told by depends on the country table` +
        `${met.length === 0 ? '' : `: it does by ${formatList(met)}`}` +
        `${unmet.length === 0 ? '' : `${met.length === 0 ? ':' : ','} it does not by ${formatList(unmet)}`}.`,
    });
  } else if (highest - lowest >= TOLD_DIFFERENCE) {
    const told = byTable.map((each) => `${formatShare(each.share)} by ${tableInWords(each)}`);
    caveats.push({ id: 'tables-differ', text: `The share depends on the country table: ${formatList(told)}.` });
  }
  const placeless = reasons
    .map((of, reason) => ({ of, words: REASON_WORDS[REASONS[reason]] }))
    .filter(({ of, words }) => of > 0 && words !== '')
    .toSorted((x, y) => y.of - x.of || (x.words < y.words ? -1 : 1));
  if (flows > 0 && reasons[OWN] / flows < 0.5) {
    const told = placeless.map(({ of, words }) => `${formatShare(of / flows)} with ${words}`);
    caveats.push({
      id: 'mostly-global',
      text: `Most of the activity with addresses placed in ${named} says little of the country: ${formatList(told)}.`,
    });
  }
  const vpn = reasons[REASONS.indexOf('vpn')];
  if (vpn > 0) {
    caveats.push({
      id: 'vpn-there',
      text:
        `${formatCount(vpn)} activity flows are with VPN services placed in ${named}; they are not counted for it, but people ` +
        'who look as if they came from there may be expected.',
    });
  }
  if (organisations.length >= MINIMUM_ORGANISATIONS && standingOut(country, all) <= STANDS_OUT) {
    caveats.push({
      id: 'like-other-countries',
      text: `Institutions of ${named} were met no more than those of other countries in this evidence.`,
    });
  }
  if (organisations.length > MOST_ORGANISATIONS) {
    caveats.push({
      id: 'organisations-cut',
      text: `${formatCount(organisations.length - MOST_ORGANISATIONS)} further institutions, met on fewer days, are not listed.`,
    });
  }
  if (frame.scaled) {
    caveats.push({
      id: 'sampled-visits',
      text: 'In sampled data a short visit is mostly missed: institutions and days are lower bounds.',
    });
  }
  if (all.countries > MOST_COUNTRIES) {
    caveats.push({
      id: 'countries-cut',
      text: `${all.countries - MOST_COUNTRIES} countries with less activity are left out.`,
    });
  }
  caveats.push(...activityCaveats(frame));
  const activeDates = new Set(frame.days.filter((_, i) => series[i] > 0 || local[i] > 0));
  const seen = seenBetween(frame, (day) => activeDates.has(day));
  const inbound = collector.inbound.get(number) ?? 0;
  const driver = classNames[0];
  const counts = classNames.map((name) => `${classes[name]} ${name}`);
  const institutions =
    organisations.length === 0
      ? 'no institution of its own was met'
      : `${formatCounted(organisations.length, 'institution')} of its own (${formatList(counts)}) ${organisations.length === 1 ? 'was' : 'were'} met on ${localDays} of ${activeDays} days` +
        (driver === undefined ? '' : `, driven by ${driver}`);
  const base = baseOf(frame, {
    kind: 'foreign-presence',
    subject: code,
    title: `Activity that involves ${named}`,
    statement:
      `${formatShare(share)} of activity flows (opened from inside the ranges; ${shareInterval(interval)}) ` +
      `involved addresses placed in ${named}${byTables}; of the ${formatCount(all.left)} flows that are left without global services, clouds, VPN ` +
      `services, peers and what no rule named, ${formatShare(withoutGlobalServices)}; ` +
      `${institutions}${inbound === 0 ? '' : `; addresses there opened ${formatCount(inbound)} answered flows to the ranges`}; ` +
      `such activity ${seen}.`,
    verdict: verdictOf(isFlagged, isEnough && blind.length === 0 && !tablesDecide),
    value: share,
    interval,
    unit: 'share of activity flows',
    method: {
      name: 'Share with day-block bootstrap interval; own institutions by name, class and day; re-scored without global services, and under each country table',
      source:
        'Carlstein, Ann. Statist. 14 (1986); Iglewicz and Hoaglin (1993); criteria after the 2017 flow study, definition in ' +
        'Enclave',
    },
    parameters: {
      country: code,
      timeZone: frame.profile.timeZone,
      placeless: Object.keys(PLACELESS),
      globalServices: frame.profile.globalServices.length,
      minimumOrganisations: MINIMUM_ORGANISATIONS,
      minimumOrganisationDays: MINIMUM_ORGANISATION_DAYS,
      minimumBesideNews: MINIMUM_BESIDE_NEWS,
      standsOut: STANDS_OUT,
      leastSpread: LEAST_SPREAD,
      minimumCompared: MINIMUM_COMPARED,
      minimumClasses: MINIMUM_CLASSES,
      minimumLocalDays: MINIMUM_LOCAL_DAYS,
      minimumLocalShareOfDays: MINIMUM_LOCAL_SHARE_OF_DAYS,
      minimumDays: MINIMUM_DAYS,
      minimumFlows: MINIMUM_FLOWS,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
    },
    metric: 'flows',
    where: `${frame.activity} and country = ${code}`,
    numerator: flows,
    denominator: activityFlows,
    caveats,
  });
  return {
    ...base,
    kind: 'foreign-presence',
    country: code,
    share: base.value ?? 0,
    shareBy,
    localShare: rounded(localShare),
    localOrganisations: organisations
      .slice(0, MOST_ORGANISATIONS)
      .map((each) => ({ name: visibleText(each.name), class: each.class, daysActive: each.daysActive })),
    classes,
    daysActive,
    withoutGlobalServices: rounded(withoutGlobalServices),
    byTable,
    inboundFlows: inbound,
    score: rounded(score),
    flagged: isFlagged,
  };
}

function tableInWords({ table, date }: { table: string; date: string | null }): string {
  return date === null ? table : `${table} (of ${date})`;
}

function shareOf(
  frame: AnalysisFrame,
  collector: PresenceCollector,
  number: number,
  metric: (typeof METRICS)[number],
): { value: number; interval: [number, number] | null } {
  const series = collector.placed(frame, number, metric);
  const denominators = byBlock(frame, (day) => activityOf(day, metric));
  const total = sum(denominators);
  if (total === 0) return { value: 0, interval: null };
  const interval = ratioInterval(
    frame.resamples,
    byBlock(frame, (_, i) => series[i]),
    denominators,
    'share',
  );
  return { value: rounded(sum(series) / total), interval: roundedInterval(toldInterval(frame, metric, interval)) };
}
