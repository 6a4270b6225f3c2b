import { readdirSync } from 'node:fs';
import { logNormal } from '../../electron/sample/sample-distributions.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';
import { checkWorld, type Effect, readWorld, scaledWorld, type World } from '../../electron/sample/world.ts';

/**
 * Worlds by the dozen: the parameters of the worlds in `worlds/` varied from a seed. `plantedWorld` draws habits and what is
 * planted; `nullWorld` plants nothing and keeps the traps (decoys, reflection, backscatter, scans from outside, updates);
 * `eventWorld` plants a response to events of one size, for power curves.
 */

const FOLDER = new URL('./worlds/', import.meta.url);
const DAY = 86_400_000;

/** The worlds that the others are made from, by name. */
export const BASE_WORLDS: readonly World[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .toSorted()
  .map((file) => readWorld(new URL(file, FOLDER)));

const PRESENCE = ['IN', 'MY', 'NZ', 'NP', 'KE', 'MZ', 'ID'] as const;
/** Services of one category, of which the second may take the place of the first. */
const SUBSTITUTES = [
  ['facebook', 'instagram'],
  ['google', 'baidu'],
  ['gmail', 'netease-163'],
  ['youku', 'itunes'],
] as const;
const DECOYS = ['TH', 'BR', 'SE', 'FR'] as const;

const between = (random: SampleRandom, low: number, high: number): number => low + random.unit() * (high - low);

function rotated(values: readonly number[], by: number): number[] {
  return values.map((_, i) => values[(i - by + values.length) % values.length]);
}

function dateOf(world: World, day: number): string {
  return new Date(Date.parse(world.from) + day * DAY).toISOString().slice(0, 10);
}

/** Events at random times of the world's days, as many as such lists hold. */
function drawEvents(world: World, random: SampleRandom, count: number): World['events'] {
  const begin = Date.parse(world.from);
  return Array.from({ length: count }, (_, i) => ({
    time: new Date(begin + Math.floor(between(random, 3, world.days - 3) * DAY)).toISOString(),
    label: `event ${i + 1}`,
    kind: 'announcement',
  })).toSorted((x, y) => (x.time < y.time ? -1 : 1));
}

/**
 * A stretch of a few hours from some day on that nothing was recorded of, or in which only others had the network; before what
 * is planted begins, and never at the hour of probes, so that what is to be found is in the evidence.
 */
function drawOutage(from: number, days: number, random: SampleRandom, kind: 'gap' | 'network'): World['outages'] {
  if (random.unit() < 0.5) return [];
  const begin = from + random.whole(2, Math.floor(days / 4)) * DAY + random.whole(8, 14) * 3_600_000;
  return [{ from: new Date(begin).toISOString().slice(0, 16), hours: random.whole(3, 12), kind }];
}

/**
 * Habits drawn anew: amounts, tastes, hours, weekdays, how quiet the night is, how much days and hosts differ and how long what
 * differs lasts, outages.
 */
function withHabits(base: World, random: SampleRandom): World {
  const days = random.pick([28, 42, 56, 70]);
  const from = Date.parse(base.from) + random.whole(0, 6) * DAY;
  const contrast = between(random, 0.6, 1.6);
  return {
    ...base,
    from: new Date(from).toISOString().slice(0, 10),
    days,
    hosts: base.hosts.map((group) => ({
      ...group,
      count: Math.max(1, Math.round(group.count * between(random, 0.5, 1.5))),
      sessionsPerDay: group.sessionsPerDay * between(random, 0.6, 1.4),
    })),
    tastes: Object.fromEntries(Object.entries(base.tastes).map(([id, taste]) => [id, taste * logNormal(random, 0.5)])),
    hours: rotated(base.hours, random.whole(-2, 2)).map((weight) => weight ** contrast),
    weekdays: base.weekdays.map((weight) => weight * (1 + 0.15 * (random.unit() - 0.5))),
    variation: {
      day: between(random, 0.03, 0.25),
      hostDay: between(random, 0.2, 0.9),
      taste: between(random, 0.2, 0.9),
      autocorrelation: between(random, 0, 0.6),
      host: between(random, 0.2, 0.9),
      hostTaste: between(random, 0.2, 0.9),
    },
    background: { ...base.background, transitPerHour: random.pick([0, 4, 12]) },
    outages: [...drawOutage(from, days, random, 'gap'), ...drawOutage(from, days, random, 'network')],
  };
}

/** A world with things planted. Same seed, same world. */
export function plantedWorld(seed: number): World {
  const random = new SampleRandom(seed);
  const base = withHabits(BASE_WORLDS[seed % BASE_WORLDS.length], random);
  const onset = random.whole(Math.ceil(base.days * 0.3), Math.floor(base.days * 0.7));
  const effects: Effect[] = [];
  const presence = [...PRESENCE];
  for (let i = random.whole(1, 2); i > 0; i--) {
    const [country] = presence.splice(random.whole(0, presence.length - 1), 1);
    effects.push({
      effect: 'presence',
      country,
      perDay: between(random, 4, 15),
      inboundPerDay: 1,
      hosts: random.whole(3, 8),
    });
  }
  effects.push({
    effect: 'decoy',
    country: random.pick(DECOYS),
    kind: random.pick(['cdn', 'vpn', 'torrent'] as const),
    perDay: between(random, 2, 8),
    hosts: random.whole(1, 4),
  });
  const coin = (): boolean => random.unit() < 0.6;
  if (coin()) {
    const role = random.pick(['node-activity', 'pool-mining', 'wallet-or-exchange'] as const);
    effects.push({ effect: 'crypto', role, perDay: between(random, 5, 30), hosts: 1, from: dateOf(base, onset) });
  }
  if (coin()) {
    const service = random.pick(['weibo', 'bbc', 'wikipedia', 'dropbox', 'iqiyi'] as const);
    const before = random.pick([0, 1, 3]);
    const after = Math.max(5, before * 5) * between(random, 1, 2);
    effects.push({ effect: 'onset', service, date: dateOf(base, onset), before, after, hosts: random.whole(2, 6) });
  }
  if (coin()) {
    const technique = random.pick(['openvpn', 'wireguard'] as const);
    effects.push({ effect: 'vpn', technique, perDay: between(random, 0.5, 4), hosts: random.whole(1, 3) });
  }
  if (coin()) {
    const services = ['kaspersky', 'symantec', 'mcafee', 'qihoo-360'];
    effects.push({
      effect: 'watch-list',
      list: 'security-vendors',
      services,
      perDay: between(random, 0.3, 4),
      hosts: 3,
    });
  }
  if (coin()) {
    const period = random.pick([300, 600, 1200, 3600]);
    const jitter = between(random, 0, 0.1);
    effects.push({
      effect: 'beacon',
      peer: '46.246.40.12',
      country: 'SE',
      name: 'time.cdn-metrics.test',
      period,
      jitter,
    });
  }
  if (coin()) {
    effects.push({
      effect: 'reconnaissance',
      shape: random.pick(['horizontal', 'vertical', 'repeated-probe'] as const),
      first: '14.139.64.1',
      country: 'IN',
      port: random.pick([22, 445, 3389]),
      targets: random.whole(40, 200),
      gap: between(random, 0.5, 5),
      start: `${dateOf(base, random.whole(2, base.days - 8))}T03:10`,
      days: 5,
    });
  }
  if (random.unit() < 0.2)
    effects.push({
      effect: 'dns-tunnel',
      domain: 'a.relay-dns.test',
      perDay: between(random, 200, 600),
      from: dateOf(base, onset),
    });
  if (random.unit() < 0.2)
    effects.push({ effect: 'spam', perDay: between(random, 50, 200), from: dateOf(base, onset) });
  if (random.unit() < 0.2)
    effects.push({ effect: 'volume', date: dateOf(base, onset), ratio: between(random, 1.5, 3) });
  if (random.unit() < 0.4) {
    // Neither of them begins or grows by itself in the same world: who gains more than another lost is no substitute of the same size.
    const [service, by] = random.pick(SUBSTITUTES);
    effects.push({ effect: 'substitution', service, by, date: dateOf(base, onset), share: between(random, 0.5, 0.95) });
  }
  const events = drawEvents(base, random, 10);
  if (random.unit() < 0.4) {
    effects.push({
      effect: 'upstream',
      date: dateOf(base, onset),
      nextHop: '192.0.2.7',
      share: between(random, 0.3, 0.9),
    });
  }
  const clockOffsetSeconds = random.unit() < 0.3 ? 3600 * random.pick([-9, -8.5, -1, 1, 5.5, 9]) : 0;
  const misplaced =
    random.unit() < 0.3
      ? effects.flatMap((effect) =>
          effect.effect === 'presence' ? [{ country: effect.country, as: random.pick(DECOYS) }] : [],
        )
      : [];
  return checkWorld({ ...base, events, effects, clockOffsetSeconds, misplaced });
}

/** The same world, of four weeks and half as busy: judged in seconds. */
export function smallWorld(world: World): World {
  const days = 28;
  const last = Date.parse(world.from) + (days - 2) * DAY;
  return {
    ...scaledWorld(world, 0.5),
    days,
    outages: world.outages.filter(({ from }) => Date.parse(from) < last),
  };
}

/** A world without anything planted. Every second one has no rhythm of the day either. Same seed, same world. */
export function nullWorld(seed: number): World {
  const random = new SampleRandom(seed ^ 0x51ed270b);
  const { weekendHours: _weekend, ...base } = withHabits(BASE_WORLDS[seed % BASE_WORLDS.length], random);
  const isFlat = seed % 2 === 0;
  const [server] = base.servers;
  const effects: Effect[] = [];
  for (const kind of ['cdn', 'torrent'] as const) {
    if (random.unit() < 0.5) {
      effects.push({
        effect: 'decoy',
        country: random.pick(DECOYS),
        kind,
        perDay: between(random, 2, 8),
        hosts: random.whole(1, 4),
      });
    }
  }
  const flood = `${dateOf(base, random.whole(3, base.days - 3))}T10:00`;
  return checkWorld({
    ...base,
    hours: isFlat ? base.hours.map(() => 1) : base.hours,
    weekdays: base.weekdays.map(() => 1),
    events: drawEvents(base, random, random.whole(5, 12)),
    reflections: [{ target: server.address, port: 3283, start: flood, hours: 2, perHour: between(random, 50, 200) }],
    effects,
  });
}

/** A world in which all activity is `ratio` times as much in the hours around each of `events` events. */
export function eventWorld(seed: number, ratio: number, events: number): World {
  const random = new SampleRandom(seed ^ 0x2c1b3c6d);
  const drawn = withHabits(BASE_WORLDS[seed % BASE_WORLDS.length], random);
  const base = { ...drawn, days: 70 };
  const effect = { effect: 'event-response', kind: 'announcement', ratio, hoursBefore: 0, hoursAfter: 5 };
  return checkWorld({
    ...base,
    events: drawEvents(base, random, events),
    effects: ratio === 1 ? [] : [effect],
  });
}
