import type { Metric } from '../../shared/finding.ts';
import { FIRST_UPSTREAM } from './ipfix-file.ts';
import { Observation } from './observation.ts';
import type { Label, Population } from './population.ts';
import { MOST_LABELS, Tally } from './tally.ts';
import { Traffic } from './traffic.ts';
import type { Effect, World } from './world.ts';

/**
 * What is true in a made-up world: written beside its evidence, never read by the program, only by those who judge it.
 *
 * A quantity has two values. `expected` is that of the generating process: hosts and habits held fixed, days drawn anew; found
 * by simulating the same population many times (`runs`), so it has an error of its own (1 / √runs of a run's spread).
 * `realised` is that of the one run which became evidence, before sampling. Both leave out what an outage of the network
 * prevented; only `realised` also leaves out what a gap in the recording hid.
 */
export interface WorldTruth {
  readonly world: string;
  readonly seed: number;
  readonly run: number;
  readonly runs: number;
  readonly timeZone: string;
  readonly from: string;
  readonly days: number;
  readonly hosts: readonly string[];
  /** Those of them with several people behind one address, and those with one person and one device. */
  readonly gateways: readonly string[];
  readonly singles: readonly string[];
  readonly flows: number;
  readonly sampling: number;
  readonly quantities: readonly PlantedQuantity[];
  readonly effects: readonly PlantedEffect[];
  readonly outages: readonly { readonly from: string; readonly to: string; readonly kind: 'gap' | 'network' }[];
  readonly servers: readonly { readonly address: string; readonly firstDay: string; readonly declared: boolean }[];
  /** Countries of flows: what is planted there, or none. */
  readonly countries: Readonly<Record<string, 'presence' | 'decoy' | 'none'>>;
  /** Countries whose flows an examiner's table places elsewhere, and where it places them. */
  readonly misplaced: readonly string[];
  /** True when no weekday, and no hour, differs from another by the parameters. */
  readonly isFlatWeek: boolean;
  readonly isFlatDay: boolean;
}

export interface PlantedQuantity {
  /** Kind of finding that tells it. */
  readonly kind: string;
  /** As the finding names its subject: a group, a category, a country, … */
  readonly subject: string;
  /** Which part of the finding: a service, an hour, a weekday, `before`; '' = its value. */
  readonly item: string;
  readonly metric: Metric | null;
  readonly expected: number;
  readonly realised: number;
}

/**
 * An effect of the world's file, with who does it, and the first day on which what begins on a date was carried out, the date itself or
 * one soon after: people do not do everything every day; null without a date, or when it never was.
 */
export type PlantedEffect = Effect & { readonly host: string | null; readonly firstSeen: string | null };

const METRICS = ['flows', 'bytes', 'packets'] as const;

/** Simulates the population `runs` times over and adds it up; the runs are others than those of evidence. */
export function expectedTally(population: Population, runs: number, groups: readonly (readonly string[])[]): Tally {
  const tally = new Tally(population, groups);
  const observation = new Observation(population, ['network']);
  for (let run = 0; run < runs; run++) {
    new Traffic(population, -1 - run).run(({ values }, order, day) =>
      tally.addDay(values, observation.seen(values, order), day),
    );
    tally.nextRun();
  }
  return tally;
}

export function truthOf(
  population: Population,
  run: number,
  realised: Tally,
  expected: Tally,
  runs: number,
  actorOf: (effect: number) => number,
): WorldTruth {
  const { world } = population;
  const quantities: PlantedQuantity[] = [];
  const add = (
    kind: string,
    subject: string,
    item: string,
    metric: Metric | null,
    figure: (tally: Tally, runs: number) => number,
  ): void => {
    quantities.push({ kind, subject, item, metric, expected: figure(expected, runs), realised: figure(realised, 1) });
  };
  const all = (): boolean => true;
  Object.keys(world.groups).forEach((name, group) => {
    const inGroup = memberOf(population, world.groups[name]);
    METRICS.forEach((metric, number) =>
      add('activity-share', name, '', metric, (tally) =>
        ratio(tally.total(number as 0 | 1 | 2, inGroup), tally.total(number as 0 | 1 | 2, all)),
      ),
    );
    add('activity-share', name, '', 'host-hours', (tally) => ratio(tally.hostHours[group + 1], tally.hostHours[0]));
  });
  rankings(population, add);
  for (let hour = 0; hour < 24; hour++) {
    const profile = (values: Float64Array): number =>
      ratio(
        values[hour],
        values.reduce((x, y) => x + y, 0),
      );
    add('daily-rhythm', 'flows', String(hour), 'flows', (tally) => profile(tally.hourFlows));
    add('daily-rhythm', 'bytes', String(hour), 'bytes', (tally) => profile(tally.hourBytes));
  }
  for (let weekday = 1; weekday <= 7; weekday++) {
    const days = Array.from({ length: world.days }, (_, day) => day).filter(
      (day) => ((population.firstDay + day + 3) % 7) + 1 === weekday,
    );
    if (days.length === 0) continue;
    const item = String(weekday);
    add(
      'weekly-rhythm',
      'flows',
      item,
      'flows',
      (tally, of) => days.reduce((sum, day) => sum + tally.total(0, all, day, day + 1), 0) / days.length / of,
    );
    add(
      'weekly-rhythm',
      'bytes',
      item,
      'bytes',
      (tally, of) => days.reduce((sum, day) => sum + tally.dayBytes[day], 0) / days.length / of,
    );
  }
  perDay(population, add);
  countries(population, add);
  return {
    world: world.name,
    seed: population.seed,
    run,
    runs,
    timeZone: world.timeZone,
    from: world.from,
    days: world.days,
    hosts: population.hosts.map(({ address }) => dotted(address)),
    gateways: population.hosts.filter(({ people }) => people > 1).map(({ address }) => dotted(address)),
    singles: population.hosts
      .filter(({ people, devices }) => people === 1 && devices.length === 1)
      .map(({ address }) => dotted(address)),
    flows: realised.flows,
    sampling: world.sampling,
    quantities,
    effects: world.effects.map((effect, number) => ({
      ...effect,
      host: ACTED.has(effect.effect) ? dotted(population.hosts[actorOf(number)].address) : null,
      firstSeen: firstSeen(population, effect, realised),
    })),
    outages: world.outages.map(({ from, hours, kind }) => {
      const begin = population.instantOf(from);
      return { from: iso(begin), to: iso(begin + hours * 3600e6), kind };
    }),
    servers: world.servers.map(({ address, from, declared }) => ({ address, firstDay: from ?? world.from, declared })),
    countries: plantedCountries(population),
    misplaced: world.misplaced.flatMap(({ country, as }) => [country, as]),
    isFlatWeek:
      isFlat(world.weekdays) && Object.values(world.categoryWeekdays).every(isFlat) && isWeekLikeWeekend(world),
    isFlatDay: isFlat(world.hours) && isWeekLikeWeekend(world) && Object.values(world.categoryHours).every(isFlat),
  };
}

/** First day, from the date of a beginning on, with flows of what begins; date (YYYY-MM-DD). */
function firstSeen(population: Population, effect: Effect, realised: Tally): string | null {
  const begun = begins(effect);
  if (begun === null) return null;
  const counts = (label: number): boolean => begun.counts(population.labels[label]);
  for (let day = Math.max(0, population.dayOf(begun.date)); day < realised.days; day++) {
    if (realised.total(0, counts, day, day + 1) === 0) continue;
    return new Date((population.firstDay + day) * 86_400_000).toISOString().slice(0, 10);
  }
  return null;
}

/** What begins on a date, and its flows. */
function begins(effect: Effect): { date: string; counts: (label: Label) => boolean } | null {
  switch (effect.effect) {
    case 'onset':
      return {
        date: effect.date,
        counts: ({ category, service }) =>
          effect.service === undefined ? category === effect.category : service === effect.service,
      };
    case 'crypto':
      return effect.from === undefined ? null : { date: effect.from, counts: ({ category }) => category === 'crypto' };
    case 'spam':
      return effect.from === undefined
        ? null
        : { date: effect.from, counts: ({ category, service }) => category === 'email' && service === null };
    default:
      return null;
  }
}

/** Effects that one host carries out. */
const ACTED: ReadonlySet<string> = new Set(['reconnaissance', 'beacon', 'dns-tunnel', 'spam', 'itinerary']);

type Add = (
  kind: string,
  subject: string,
  item: string,
  metric: Metric | null,
  figure: (tally: Tally, runs: number) => number,
) => void;

function memberOf(population: Population, members: readonly string[]): (label: number) => boolean {
  return (label) => {
    const { category, service } = population.labels[label];
    return members.includes(category) || (service !== null && members.includes(service));
  };
}

/** Share of each named service in the activity flows, of all and of its category. */
function rankings(population: Population, add: Add): void {
  const { labels } = population;
  labels.forEach(({ category, service }, label) => {
    if (service === null) return;
    const own = (of: number): boolean => of === label;
    const inCategory = (of: number): boolean => labels[of].category === category;
    add('service-ranking', 'everything', service, 'flows', (tally) =>
      ratio(
        tally.total(0, own),
        tally.total(0, () => true),
      ),
    );
    add('service-ranking', category, service, 'flows', (tally) =>
      ratio(tally.total(0, own), tally.total(0, inCategory)),
    );
  });
}

/** Activity flows a day before and after what begins at a date, and of what goes on. */
function perDay(population: Population, add: Add): void {
  const { world, labels } = population;
  const mean = (counts: (label: number) => boolean, from: number, until: number) => (tally: Tally, runs: number) =>
    ratio(tally.total(0, counts, from, until), (until - from) * runs);
  for (const effect of world.effects) {
    if (effect.effect === 'onset' || effect.effect === 'crypto') {
      const from = effect.effect === 'onset' ? effect.date : effect.from;
      if (from === undefined) continue;
      const category = effect.effect === 'crypto' ? 'crypto' : effect.category;
      const service = effect.effect === 'crypto' ? undefined : effect.service;
      const subject = service === undefined ? `category:${category ?? ''}` : `service:${service}`;
      const counts = (label: number): boolean =>
        service === undefined ? labels[label].category === category : labels[label].service === service;
      const day = population.dayOf(from);
      const until = effect.until === undefined ? world.days : population.dayOf(effect.until);
      add('onset', subject, 'before', 'flows', mean(counts, 0, day));
      add('onset', subject, 'after', 'flows', mean(counts, day, until));
    }
    if (effect.effect === 'volume' || effect.effect === 'substitution') {
      const day = population.dayOf(effect.date);
      const change = (subject: string, counts: (label: number) => boolean): void =>
        add(
          'period-comparison',
          subject,
          'change',
          'flows',
          (tally, runs) => ratio(mean(counts, day, world.days)(tally, runs), mean(counts, 0, day)(tally, runs)) - 1,
        );
      if (effect.effect === 'volume') change('volume', () => true);
      else
        for (const id of [effect.service, effect.by]) change(`service:${id}`, (label) => labels[label].service === id);
    }
    if (effect.effect === 'upstream') {
      const day = population.dayOf(effect.date);
      const all = (): boolean => true;
      add('period-comparison', `upstream:nextHop=${FIRST_UPSTREAM}`, 'change', 'flows', (tally, runs) => {
        const volume = ratio(mean(all, day, world.days)(tally, runs), mean(all, 0, day)(tally, runs));
        return volume * (1 - effect.share) - 1;
      });
    }
    if (effect.effect === 'crypto') {
      const counts = (label: number): boolean => labels[label].category === 'crypto';
      add('cryptocurrency', effect.role, 'perDay', 'flows', mean(counts, 0, world.days));
    }
  }
  const isVpn = (label: number): boolean => labels[label].category === 'vpn';
  add('obfuscation', 'all', 'share', 'flows', (tally) =>
    ratio(
      tally.total(0, isVpn),
      tally.total(0, () => true),
    ),
  );
}

/** Share of activity flows whose far end lies in a country. */
function countries(population: Population, add: Add): void {
  population.countries.forEach((code, country) => {
    if (country === 0) return;
    const sum = (values: Float64Array): number => {
      let flows = 0;
      for (let day = 0; day < population.world.days; day++) flows += values[day * MOST_LABELS + country];
      return flows;
    };
    add('foreign-presence', code, 'share', 'flows', (tally) =>
      ratio(
        sum(tally.countryFlows),
        tally.total(0, () => true),
      ),
    );
  });
}

function plantedCountries(population: Population): Record<string, 'presence' | 'decoy' | 'none'> {
  const planted: Record<string, 'presence' | 'decoy' | 'none'> = {};
  for (const code of population.countries.slice(1)) planted[code] = 'none';
  for (const effect of population.world.effects) {
    if (effect.effect === 'decoy') planted[effect.country] = 'decoy';
    if (effect.effect === 'presence') planted[effect.country] = 'presence';
  }
  return planted;
}

const isFlat = (values: readonly number[]): boolean => values.every((value) => value === values[0]);

function isWeekLikeWeekend({ hours, weekendHours }: World): boolean {
  return weekendHours === undefined || weekendHours.every((value, hour) => value === hours[hour]);
}

const ratio = (numerator: number, denominator: number): number => (denominator === 0 ? 0 : numerator / denominator);
const iso = (us: number): string => new Date(us / 1000).toISOString();
const dotted = (word: number): string => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
