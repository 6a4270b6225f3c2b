import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseAddress, parseBlock } from '../../shared/address.ts';
import { ALL_SITES, COUNTRY_BLOCKS } from './sites.ts';

/**
 * The parameters of a made-up world: who is there, what they like, when they are awake, and what is planted. One JSON file
 * a world. Nothing in a world was measured; only address ranges and names of public services are such as could have
 * been met.
 */

const block = z.string().refine((text) => parseBlock(text) !== null, { message: 'not an address block' });
const address = z.string().refine((text) => parseAddress(text)?.[2] === 0xffff, { message: 'not an IPv4 address' });
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'not a date (YYYY-MM-DD)');
/** Minutes on the clock of the world's zone. */
const localMinute = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/, 'not a local time (YYYY-MM-DDTHH:MM)');
const share = z.number().min(0).max(1);
const amount = z.number().min(0);
const country = z
  .string()
  .refine((code) => Object.hasOwn(COUNTRY_BLOCKS, code), { message: 'no blocks are known for it' });
const hours = z.array(amount).length(24);
const weekdays = z.array(amount).length(7);
const CATEGORIES = new Set(ALL_SITES.map((site) => site.category));
const SERVICES = new Set(ALL_SITES.flatMap(({ service }) => service ?? []));
const category = z.string().refine((id) => CATEGORIES.has(id), { message: 'no site has this category' });
const service = z.string().refine((id) => SERVICES.has(id), { message: 'no site has this service' });
/** Numbers of hosts that do it: the first so many hosts that have room, spread over the groups. */
const hosts = z.int().min(1);
/** From this day on (included), up to that one (excluded); default the whole time. */
const during = { from: date.optional(), until: date.optional() };

const effectSchema = z.discriminatedUnion('effect', [
  /** Sessions with sites of one category or service, `before` a day until `date` and `after` a day from then on. */
  z.strictObject({
    effect: z.literal('onset'),
    category: category.optional(),
    service: service.optional(),
    date,
    until: date.optional(),
    before: amount,
    after: amount,
    hosts,
  }),
  /** Sessions a day with local institutions of a country, and visits from there to the world's servers. */
  z.strictObject({
    effect: z.literal('presence'),
    country,
    perDay: amount,
    inboundPerDay: amount.default(0),
    hosts,
    classes: z.array(z.enum(['news', 'government', 'education', 'mail', 'bank', 'research'])).optional(),
    ...during,
  }),
  /** Volume with a country that is no presence: names of global services served from there, VPN exits, or peers. */
  z.strictObject({
    effect: z.literal('decoy'),
    country,
    kind: z.enum(['cdn', 'vpn', 'torrent']),
    perDay: amount,
    hosts,
    ...during,
  }),
  z.strictObject({
    effect: z.literal('vpn'),
    technique: z.enum(['openvpn', 'wireguard']),
    perDay: amount,
    hosts,
    ...during,
  }),
  z.strictObject({
    effect: z.literal('crypto'),
    role: z.enum(['node-activity', 'pool-mining', 'wallet-or-exchange']),
    perDay: amount,
    hosts,
    ...during,
  }),
  /** Visits a day to sites of these services, by people; `list` is the profile's name for them. */
  z.strictObject({
    effect: z.literal('watch-list'),
    list: z.string(),
    services: z.array(service).min(1),
    perDay: amount,
    hosts,
    ...during,
  }),
  /**
   * Probes from inside. `horizontal`: one port of `targets` neighbours of `first`, each `gap` seconds apart; `vertical`: ports
   * 1 to `targets` of `first`; `repeated-probe`: one port of `first`, `targets` times a day on each of `days` days.
   */
  z.strictObject({
    effect: z.literal('reconnaissance'),
    shape: z.enum(['horizontal', 'vertical', 'repeated-probe']),
    first: address,
    /** Where `first` lies, as geographic tables tell it. */
    country: z.string().default('??'),
    port: z.int().min(1).max(65_535).default(445),
    targets: z.int().min(1).max(65_536),
    gap: z.number().positive().default(1),
    start: localMinute,
    days: z.int().min(1).default(1),
  }),
  /** One host calls one peer every `period` seconds, give or take `jitter` (standard deviation as a share of it). */
  z.strictObject({
    effect: z.literal('beacon'),
    peer: address,
    /** Where `peer` lies, as geographic tables tell it. */
    country: z.string().default('??'),
    name: z.string(),
    period: z.number().positive(),
    jitter: share,
    ...during,
  }),
  /** All sessions are `ratio` times as many in the hours around each event of `kind`. */
  z.strictObject({
    effect: z.literal('event-response'),
    kind: z.string(),
    ratio: amount,
    hoursBefore: amount,
    hoursAfter: amount,
  }),
  /** From `date` on, `share` of the sessions with one service go to another of the same category. */
  z.strictObject({ effect: z.literal('substitution'), service, by: service, date, share }),
  /** All sessions are `ratio` times as many from `date` on. */
  z.strictObject({ effect: z.literal('volume'), date, ratio: amount }),
  z.strictObject({ effect: z.literal('dns-tunnel'), domain: z.string(), perDay: amount, ...during }),
  /** What one host does on one day, at times on the clock of the world's zone. */
  z.strictObject({
    effect: z.literal('itinerary'),
    date,
    visits: z.array(z.strictObject({ at: z.string().regex(/^\d{2}:\d{2}$/), service })).min(1),
  }),
  /** From `date` on, `share` of what leaves the ranges goes to another router; flow exports tell of it. */
  z.strictObject({ effect: z.literal('upstream'), date, nextHop: address, share }),
  /** Mail to `perDay` servers a day, each another one. */
  z.strictObject({ effect: z.literal('spam'), perDay: amount, ...during }),
]);

export type Effect = z.infer<typeof effectSchema>;

const worldSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  note: z.string(),
  timeZone: z.string(),
  from: date,
  days: z.int().min(1).max(400),
  ranges: z.array(z.strictObject({ label: z.string(), cidr: block })).min(1),
  hosts: z
    .array(
      z.strictObject({
        range: z.string(),
        count: z.int().min(1).max(1000),
        /** People behind each address; more than one is a gateway that translates addresses. */
        people: z.int().min(1).default(1),
        devices: z.array(z.enum(['windows-chrome', 'windows-ie', 'ipad', 'android'])).min(1),
        /** Sessions of one person on an average day. */
        sessionsPerDay: amount,
        /** Share of the hosts that never sleep: they ask for the time and for updates. */
        alwaysOn: share.default(0),
      }),
    )
    .min(1),
  servers: z
    .array(
      z.strictObject({
        address,
        name: z.string(),
        visitsPerDay: amount,
        from: date.optional(),
        /** Whether the profile knows it for a server. */
        declared: z.boolean().default(true),
      }),
    )
    .default([]),
  resolvers: z
    .array(z.strictObject({ address, country: z.string() }))
    .min(1)
    .prefault([
      { address: '8.8.8.8', country: 'US' },
      { address: '114.114.114.114', country: 'CN' },
    ]),
  /** Relative activity by local hour (midnight first) and by weekday (Monday first); a category may keep hours of its own. */
  hours,
  weekendHours: hours.optional(),
  weekdays,
  categoryHours: z.record(category, hours).default({}),
  categoryWeekdays: z.record(category, weekdays).default({}),
  /** Share of sessions by category; scaled to sum 1. */
  tastes: z.record(category, amount),
  /** Weights of sites that replace those of the table. */
  weights: z.record(service, amount).default({}),
  /** Connections of one session: fewest and most. */
  connections: z.tuple([z.int().min(1), z.int().min(1)]).default([1, 4]),
  /** Payloads are so many times as large as the table says. */
  volume: z.number().positive().default(1),
  /** Coefficients of variation around the habits. */
  variation: z
    .strictObject({
      /** Of a day, for all hosts alike. */
      day: amount,
      /** Of a host from day to day. */
      hostDay: amount,
      /** Of a host's share of each category from day to day. */
      taste: amount,
      /** Correlation of either from one day to the next. */
      autocorrelation: z.number().min(0).max(0.95),
      /** Between hosts: of activity, and of the share of each category; fixed over the whole time. */
      host: amount,
      hostTaste: amount,
    })
    .prefault({ day: 0.1, hostDay: 0.4, taste: 0.4, autocorrelation: 0.2, host: 0.4, hostTaste: 0.5 }),
  background: z
    .strictObject({
      /** Hours between two update checks of a host that never sleeps; 0 = none. */
      updateEvery: amount.default(6),
      /** Hours between two time checks. */
      timeCheckEvery: amount.default(2),
      /** Share of sessions that also load advertising. */
      ads: share.default(0.1),
      /** Strangers that sweep a block of the ranges: how many a day, and addresses met by each. */
      scansPerDay: amount.default(0.3),
      scanTargets: z.int().min(1).default(60),
      /** Answers to packets that somebody sent in the name of the ranges. */
      backscatterPerDay: amount.default(5),
      /** Flows an hour between outsiders. */
      transitPerHour: amount.default(0),
    })
    .prefault({}),
  /** Floods of UDP answers, asked for by others, to a server of the world. */
  reflections: z
    .array(
      z.strictObject({
        target: address,
        port: z.int(),
        start: localMinute,
        hours: z.number().positive(),
        perHour: amount,
      }),
    )
    .default([]),
  /** `gap`: nothing at all was recorded; `network`: no flow of the ranges, while others go on. */
  outages: z
    .array(z.strictObject({ from: localMinute, hours: z.number().positive(), kind: z.enum(['gap', 'network']) }))
    .default([]),
  /** Packets are sampled at 1:N; flow exports only. */
  sampling: z.int().min(1).default(1),
  /** Seconds that the recording clock is ahead. */
  clockOffsetSeconds: z.number().default(0),
  /** A table of the examiner's places the addresses of one country in another, against the shipped ones. */
  misplaced: z.array(z.strictObject({ country, as: country })).default([]),
  /** ISO 8601 with zone. */
  events: z.array(z.strictObject({ time: z.string(), label: z.string(), kind: z.string() })).default([]),
  /** Shares to be told, as in a profile: categories and services. */
  groups: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  effects: z.array(effectSchema).default([]),
});

export type World = z.infer<typeof worldSchema>;
export type HostGroup = World['hosts'][number];
export type DeviceName = HostGroup['devices'][number];

/** Checks a world given as a parsed JSON value. Throws RangeError that names the first fault and its place. */
export function checkWorld(value: unknown): World {
  const result = worldSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new RangeError(`the world is wrong at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** A world from a JSON file. Throws RangeError for a wrong world, and the file system's error. */
export function readWorld(file: URL | string): World {
  return checkWorld(JSON.parse(readFileSync(file, 'utf8')));
}

/** The world behind the sample evidence: mirrors the flow study of 2017 (see its note). */
export const DPRK_2017 = new URL('./worlds/dprk-2017.json', import.meta.url);

/** The same world with everything `factor` times as frequent: sessions, visits, what is planted. */
export function scaledWorld(world: World, factor: number): World {
  const background = world.background;
  return {
    ...world,
    hosts: world.hosts.map((group) => ({ ...group, sessionsPerDay: group.sessionsPerDay * factor })),
    servers: world.servers.map((server) => ({ ...server, visitsPerDay: server.visitsPerDay * factor })),
    background: {
      ...background,
      backscatterPerDay: background.backscatterPerDay * factor,
      transitPerHour: background.transitPerHour * factor,
    },
    reflections: world.reflections.map((flood) => ({ ...flood, perHour: flood.perHour * factor })),
    effects: world.effects.map((effect): Effect => {
      if (effect.effect === 'onset') return { ...effect, before: effect.before * factor, after: effect.after * factor };
      return 'perDay' in effect ? { ...effect, perDay: effect.perDay * factor } : effect;
    }),
  };
}
