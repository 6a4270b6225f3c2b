import { type AddressBlock, blockContains, parseAddress, parseBlock } from '../../shared/address.ts';
import { ZoneClock } from '../../shared/time.ts';
import { logNormal } from './sample-distributions.ts';
import { SampleRandom } from './sample-random.ts';
import { ALL_SITES, COUNTRY_BLOCKS, LOCAL_SITES, type Site, SITES, type Talk, WATCHED_SITES } from './sites.ts';
import type { DeviceName, Effect, World } from './world.ts';

/**
 * Who lives in a world, drawn once from its parameters and a seed: hosts with their habits, interests with their sites. All
 * that varies from run to run of the same population is drawn later, in `traffic.ts`.
 */

/** What a device tells of itself. */
export interface Device {
  readonly name: DeviceName;
  readonly userAgent: string;
  /** Number of its client profile in `sample-payloads.ts`. */
  readonly tls: number;
  /** First hop limit. */
  readonly ttl: number;
  readonly window: number;
}

export const DEVICES: readonly Device[] = [
  {
    name: 'windows-chrome',
    userAgent: 'Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/57.0.2987.133 Safari/537.36',
    tls: 0,
    ttl: 128,
    window: 8192,
  },
  {
    name: 'windows-ie',
    userAgent: 'Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko',
    tls: 1,
    ttl: 128,
    window: 8192,
  },
  {
    name: 'ipad',
    userAgent: 'Mozilla/5.0 (iPad; CPU OS 10_3_1 like Mac OS X) AppleWebKit/603.1.30 Version/10.0 Mobile/14E304',
    tls: 2,
    ttl: 64,
    window: 65_535,
  },
  {
    name: 'android',
    userAgent: 'Mozilla/5.0 (Linux; Android 6.0; HUAWEI MT7) AppleWebKit/537.36 Chrome/57.0.2987.132 Mobile',
    tls: 0,
    ttl: 64,
    window: 29_200,
  },
];

export interface Host {
  readonly address: number;
  /** Numbers in DEVICES. */
  readonly devices: readonly number[];
  readonly people: number;
  readonly alwaysOn: boolean;
  /** Hours that its day begins later than the world's. */
  readonly shift: number;
}

export interface Label {
  readonly category: string;
  readonly service: string | null;
}

/** A site as flows need it: names and addresses as numbers. */
export interface Place {
  readonly site: Site;
  readonly label: number;
  readonly country: number;
  readonly talks: readonly PlaceTalk[];
}
export interface PlaceTalk {
  readonly talk: Talk;
  /** Number in `Population.names`; -1 = peers without a name. */
  readonly name: number;
}

/** Something that people turn to: a category of sites, or what an effect adds. */
export interface Interest {
  readonly id: string;
  readonly places: readonly Place[];
  /** Weights of the places for each host, host after host. */
  readonly weights: Float64Array;
  /** From day `fromDay` on, `share` of the weight of one place belongs to another. */
  readonly shifts: readonly { fromDay: number; from: number; to: number; share: number }[];
  /** Sessions of each host on an average day. */
  readonly perDay: Float64Array;
  readonly dayFactor: Float64Array;
  /** Relative activity by hour, scaled to sum 1; weekdays, then weekend. */
  readonly hours: readonly [Float64Array, Float64Array];
  /** Monday first, mean 1. */
  readonly weekdays: Float64Array;
}

export interface Server {
  readonly address: number;
  readonly name: number;
  readonly visitsPerDay: number;
  readonly fromDay: number;
}

/** FNV-1a over the text: gives a name the same address wherever it is looked up. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

function blockOf(text: string): AddressBlock {
  const block = parseBlock(text);
  if (block === null) throw new RangeError(`not a block: ${text}`);
  return block;
}

/** The IPv4 address as a word. */
export function wordOf(address: string): number {
  const words = parseAddress(address);
  if (words === null) throw new RangeError(`not an address: ${address}`);
  return words[3];
}

/** An address of one of the blocks, neither the first nor the last; `number` chooses it. */
export function addressIn(blocks: readonly string[], number: number): number {
  const block = blockOf(blocks[number % blocks.length]);
  const size = 2 ** (128 - block.bits);
  return (block.words[3] + 1 + (Math.floor(number / blocks.length) % (size - 2))) >>> 0;
}

/** Scales to sum `total`; all alike when there is nothing to scale. */
function scaled(values: readonly number[], total: number): Float64Array {
  const sum = values.reduce((x, y) => x + y, 0);
  return Float64Array.from(values, (value) => (sum > 0 ? (value * total) / sum : total / values.length));
}

export const INFRA = 0;
export const SCAN = 1;
const UNNAMED_WEB = 2;

export class Population {
  readonly world: World;
  readonly seed: number;
  readonly clock: ZoneClock;
  /** Local days since 1970-01-01 of the first day. */
  readonly firstDay: number;
  readonly hosts: readonly Host[];
  readonly labels: Label[] = [
    { category: 'infra', service: null },
    { category: 'scan', service: null },
    { category: 'web', service: null },
  ];
  readonly names: string[] = [];
  /** Addresses of each name. */
  readonly answers: number[][] = [];
  /** User agents of programs other than browsers. */
  readonly userAgents: string[] = [];
  readonly countries: string[] = ['??'];
  readonly interests: readonly Interest[];
  readonly servers: readonly Server[];
  readonly resolvers: readonly { address: number; country: number }[];
  readonly updates: readonly Place[];
  readonly ads: Place;
  readonly #ranges: readonly AddressBlock[];
  readonly #declared: ReadonlySet<number>;
  readonly #nameNumbers = new Map<string, number>();
  readonly #places = new Map<Site, Place>();

  constructor(world: World, seed: number) {
    this.world = world;
    this.seed = seed;
    this.clock = new ZoneClock(world.timeZone);
    this.firstDay = Date.parse(`${world.from}T00:00:00Z`) / 86_400_000;
    this.#ranges = world.ranges.map(({ cidr }) => blockOf(cidr));
    this.#declared = new Set(world.servers.filter(({ declared }) => declared).map(({ address }) => wordOf(address)));
    const random = new SampleRandom(seed);
    this.resolvers = world.resolvers.map(({ address, country }) => ({
      address: wordOf(address),
      country: this.#country(country),
    }));
    const taken = new Set(world.servers.map(({ address }) => wordOf(address)));
    this.hosts = world.hosts.flatMap((group) => {
      const range = world.ranges.find(({ label }) => label === group.range);
      if (range === undefined) throw new RangeError(`the world has no range ${group.range}`);
      return Array.from({ length: group.count }, (): Host => {
        let address = 0;
        do address = addressIn([range.cidr], random.word());
        while (taken.has(address));
        taken.add(address);
        return {
          address,
          devices: group.devices.map((name) => DEVICES.findIndex((device) => device.name === name)),
          people: group.people,
          alwaysOn: random.unit() < group.alwaysOn,
          shift: random.whole(-1, 1),
        };
      });
    });
    this.servers = world.servers.map(({ address, name, visitsPerDay, from }) => ({
      address: wordOf(address),
      name: this.nameNumber(name, [wordOf(address)]),
      visitsPerDay,
      fromDay: from === undefined ? 0 : this.dayOf(from),
    }));
    this.updates = SITES.filter(({ category }) => category === 'update').map((site) => this.place(site));
    this.ads = this.place(siteOf('ads-analytics'));
    this.interests = [...this.#tastes(random), ...this.#effects(random)];
  }

  /** True when the address lies in the world's ranges. */
  isInside(address: number): boolean {
    return this.#ranges.some((block) => blockContains(block, 0, 0, 0xffff, address));
  }

  /** True for a server that the profile knows. */
  isDeclaredServer(address: number): boolean {
    return this.#declared.has(address);
  }

  /** Day of the world (from 0) of a date. */
  dayOf(date: string): number {
    return Date.parse(`${date}T00:00:00Z`) / 86_400_000 - this.firstDay;
  }

  /** The instant of a local minute (`YYYY-MM-DDTHH:MM`), microseconds since the epoch. */
  instantOf(localMinute: string): number {
    return this.clock.instantOfLocal(Date.parse(`${localMinute}:00Z`) * 1000);
  }

  nameNumber(name: string, addresses: readonly number[]): number {
    const known = this.#nameNumbers.get(name);
    if (known !== undefined) return known;
    this.#nameNumbers.set(name, this.names.length);
    this.names.push(name);
    this.answers.push([...addresses]);
    return this.names.length - 1;
  }

  #country(code: string): number {
    const at = this.countries.indexOf(code);
    return at >= 0 ? at : this.countries.push(code) - 1;
  }

  /** Number of what a program says of itself. */
  agentNumber(userAgent: string): number {
    const at = this.userAgents.indexOf(userAgent);
    return at >= 0 ? at : this.userAgents.push(userAgent) - 1;
  }

  countryNumber(code: string): number {
    return this.#country(code);
  }

  labelNumber(category: string, service: string | null): number {
    const at = this.labels.findIndex((label) => label.category === category && label.service === service);
    return at >= 0 ? at : this.labels.push({ category, service }) - 1;
  }

  /** A site made ready; the same site gives the same place. */
  place(site: Site): Place {
    const known = this.#places.get(site);
    if (known !== undefined) return known;
    const place: Place = {
      site,
      label: this.labelNumber(site.category, site.service),
      country: this.#country(site.country),
      talks: site.talks.map((talk) => ({
        talk,
        name:
          talk.name === null
            ? -1
            : this.nameNumber(
                talk.name,
                Array.from({ length: talk.addresses ?? 2 }, (_, i) =>
                  addressIn(site.blocks, hash(`${talk.name}.${i}`)),
                ),
              ),
      })),
    };
    this.#places.set(site, place);
    return place;
  }

  /** Numbers of `count` hosts, drawn without repetition. */
  drawHosts(random: SampleRandom, count: number): number[] {
    const left = this.hosts.map((_, host) => host);
    const drawn: number[] = [];
    while (drawn.length < count && left.length > 0) drawn.push(...left.splice(random.whole(0, left.length - 1), 1));
    return drawn;
  }

  /** Days of an effect, 1 where it holds. */
  during(effect: { from?: string | undefined; until?: string | undefined }): Float64Array {
    const from = effect.from === undefined ? 0 : this.dayOf(effect.from);
    const until = effect.until === undefined ? this.world.days : this.dayOf(effect.until);
    return Float64Array.from({ length: this.world.days }, (_, day) => (day >= from && day < until ? 1 : 0));
  }

  #volume(): Float64Array {
    const factor = new Float64Array(this.world.days).fill(1);
    for (const effect of this.world.effects) {
      if (effect.effect !== 'volume') continue;
      const from = this.dayOf(effect.date);
      for (let day = Math.max(0, from); day < factor.length; day++) factor[day] *= effect.ratio;
    }
    return factor;
  }

  #tastes(random: SampleRandom): Interest[] {
    const { world } = this;
    const total = Object.values(world.tastes).reduce((sum, taste) => sum + taste, 0);
    const activity = this.hosts.map(() => logNormal(random, world.variation.host));
    const sessions = world.hosts.flatMap((group) => Array.from({ length: group.count }, () => group.sessionsPerDay));
    return Object.entries(world.tastes).flatMap(([category, taste]) => {
      const sites = SITES.filter((site) => site.category === category && this.#weight(site) > 0);
      const perDay = Float64Array.from(this.hosts, ({ people }, host) => {
        const own = logNormal(random, world.variation.hostTaste);
        return ((people * sessions[host] * taste) / total) * activity[host] * own;
      });
      return sites.length === 0 || taste === 0 ? [] : [this.#interest(category, sites, perDay, this.#volume(), random)];
    });
  }

  #weight(site: Site): number {
    return (site.service === null ? undefined : this.world.weights[site.service]) ?? site.weight;
  }

  #interest(
    id: string,
    sites: readonly Site[],
    perDay: Float64Array,
    dayFactor: Float64Array,
    random: SampleRandom,
  ): Interest {
    const { world } = this;
    const category = sites[0].category;
    const hours = world.categoryHours[category];
    const favourites = new Float64Array(this.hosts.length * sites.length);
    for (let host = 0; host < this.hosts.length; host++) {
      sites.forEach((site, i) => {
        const weight = this.#weight(site);
        favourites[host * sites.length + i] = (weight > 0 ? weight : 1) * logNormal(random, world.variation.hostTaste);
      });
    }
    const shifts = world.effects.flatMap((effect) => {
      if (effect.effect !== 'substitution') return [];
      const from = sites.findIndex(({ service }) => service === effect.service);
      const to = sites.findIndex(({ service }) => service === effect.by);
      return from < 0 || to < 0 ? [] : [{ fromDay: this.dayOf(effect.date), from, to, share: effect.share }];
    });
    return {
      id,
      places: sites.map((site) => this.place(site)),
      weights: favourites,
      shifts,
      perDay,
      dayFactor,
      hours: [scaled(hours ?? world.hours, 1), scaled(hours ?? world.weekendHours ?? world.hours, 1)],
      weekdays: scaled(world.categoryWeekdays[category] ?? world.weekdays, 7),
    };
  }

  #effects(random: SampleRandom): Interest[] {
    return this.world.effects.flatMap((effect, number) => {
      const added = this.#added(effect);
      if (added === null) return [];
      const chosen = this.drawHosts(random, added.hosts);
      const perDay = new Float64Array(this.hosts.length);
      for (const host of chosen) perDay[host] = added.perDay / chosen.length;
      return [this.#interest(`${effect.effect}:${number}`, added.sites, perDay, added.days, random)];
    });
  }

  /** What an effect adds to people's interests; null when it works otherwise. */
  #added(effect: Effect): { sites: readonly Site[]; perDay: number; hosts: number; days: Float64Array } | null {
    switch (effect.effect) {
      case 'onset': {
        const sites = SITES.filter(
          ({ category, service }) =>
            (effect.category === undefined || category === effect.category) &&
            (effect.service === undefined || service === effect.service),
        );
        const chosen = sites.some((site) => this.#weight(site) > 0)
          ? sites.filter((site) => this.#weight(site) > 0)
          : sites;
        const begins = this.dayOf(effect.date);
        const ends = effect.until === undefined ? this.world.days : this.dayOf(effect.until);
        const days = Float64Array.from({ length: this.world.days }, (_, day) =>
          day >= begins && day < ends ? effect.after : effect.before,
        );
        return { sites: chosen, perDay: 1, hosts: effect.hosts, days };
      }
      case 'presence': {
        const classes: readonly string[] | undefined = effect.classes;
        const sites = LOCAL_SITES.filter(
          ({ country, local }) =>
            country === effect.country && local !== null && (classes === undefined || classes.includes(local)),
        );
        if (sites.length === 0) throw new RangeError(`no local site of ${effect.country} is known`);
        return { sites, perDay: effect.perDay, hosts: effect.hosts, days: this.during(effect) };
      }
      case 'decoy':
        return { sites: decoySites(effect), perDay: effect.perDay, hosts: effect.hosts, days: this.during(effect) };
      case 'vpn': {
        const sites = [
          {
            ...siteSpeaking('openvpn'),
            talks: [
              {
                kind: effect.technique,
                name: null,
                port: effect.technique === 'openvpn' ? 1194 : 51_820,
                down: 150_000,
                up: 0.3,
                userAgent: null,
              },
            ],
          },
        ];
        return { sites, perDay: effect.perDay, hosts: effect.hosts, days: this.during(effect) };
      }
      case 'crypto': {
        const kind = { 'node-activity': 'bitcoin', 'pool-mining': 'stratum', 'wallet-or-exchange': 'tls' } as const;
        const sites = SITES.filter(
          ({ category, talks }) => category === 'crypto' && talks.some((talk) => talk.kind === kind[effect.role]),
        );
        return { sites, perDay: effect.perDay, hosts: effect.hosts, days: this.during(effect) };
      }
      case 'watch-list':
        return {
          sites: effect.services.map(siteOf),
          perDay: effect.perDay,
          hosts: effect.hosts,
          days: this.during(effect),
        };
      default:
        return null;
    }
  }

  /** Label of a site that no catalogue names. */
  get unnamedWeb(): number {
    return UNNAMED_WEB;
  }
}

/** The site of a service. */
export function siteOf(service: string): Site {
  const found = [...SITES, ...LOCAL_SITES, ...WATCHED_SITES].find((site) => site.service === service);
  if (found === undefined) throw new RangeError(`no site of the service ${service} is known`);
  return found;
}

function siteSpeaking(kind: string): Site {
  const found = ALL_SITES.find(({ talks }) => talks.some((talk) => talk.kind === kind));
  if (found === undefined) throw new RangeError(`no site speaks ${kind}`);
  return found;
}

/** Global services of one address in the country, VPN exits there, or peers of file sharing. */
function decoySites({ country, kind }: Extract<Effect, { effect: 'decoy' }>): Site[] {
  const blocks = (COUNTRY_BLOCKS[country] ?? []).slice(-1);
  const there = (site: Site): Site => ({ ...site, country, blocks });
  if (kind === 'vpn') return [there(siteSpeaking('openvpn'))];
  if (kind === 'torrent') return [there(siteSpeaking('bittorrent'))];
  return ['instagram', 'coursera', 'sephora'].map((service) => {
    const site = siteOf(service);
    const talks = site.talks.map((talk) => ({ ...talk, name: `cdn-${country.toLowerCase()}.${talk.name ?? ''}` }));
    return { ...there(site), talks };
  });
}
