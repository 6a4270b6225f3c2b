import {
  type Conversation,
  CONVERSATIONS,
  type Course,
  eachPacket,
  isExchange,
  messagesFor,
  type PacketVisitor,
  type Turn,
} from './conversation.ts';
import { Openings } from './openings.ts';
import * as column from './flow-batch.ts';
import { CAUSES, type Cause, FlowBatch } from './flow-batch.ts';
import {
  addressIn,
  DEVICES,
  INFRA,
  type Interest,
  type Place,
  type PlaceTalk,
  type Population,
  SCAN,
  siteOf,
  wordOf,
} from './population.ts';
import { CorrelatedFactor, gamma, logNormal, normal, poisson } from './sample-distributions.ts';
import { SampleRandom } from './sample-random.ts';
import { COUNTRY_BLOCKS } from './sites.ts';
import type { Effect } from './world.ts';

const SECOND = 1e6;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Conversations end before the flow table's active timeout (30 minutes), so that a flow is one in every form. */
const LONGEST = 25 * MINUTE;
/** Shorter than the lifetime of answers, by a session's length. */
const DNS_KEPT = 300 * SECOND;
/** Payload transfers vary by this standard deviation of the logarithm, and stop here. */
const TRANSFER_SPREAD = 0.9;
const LARGEST_TRANSFER = 20_000_000;

/** Numbers by name, so that the code below reads. */
const KINDS: Readonly<Record<Conversation, number>> = Object.fromEntries(
  CONVERSATIONS.map((kind, number) => [kind, number]),
) as Record<Conversation, number>;
export const CAUSE_NUMBERS: Readonly<Record<Cause, number>> = Object.fromEntries(
  CAUSES.map((cause, number) => [cause, number]),
) as Record<Cause, number>;

type Planted<Name extends Effect['effect']> = Extract<Effect, { effect: Name }>;

/** What the simulation hands out: records of one local day, in order of start. */
export type DayVisitor = (batch: FlowBatch, order: Uint32Array, day: number) => void;

/**
 * One run of a population: all flows of the world's days, a day at a time. Same population and `run`, same flows. Hosts and
 * habits belong to the population; what differs from run to run is what a day brings: the chance of the process whose
 * expectation the truth tells.
 */
export class Traffic {
  readonly #population: Population;
  readonly #random: SampleRandom;
  readonly #batch = new FlowBatch();
  readonly #later = new FlowBatch();
  readonly #ports = new Map<number, number>();
  readonly #lookups = new Map<number, number>();
  readonly #openings: Openings;
  readonly #measure = new Measure();
  readonly #course: Course = { up: 0, down: 0, count: 0, pace: 0, roundTrip: 0 };
  /** Chosen once: who does what is planted. */
  readonly #actors: number[];
  readonly #eventFactors: ReadonlyMap<number, number>;
  readonly #weights = new Float64Array(256);

  constructor(population: Population, run: number) {
    this.#population = population;
    this.#random = new SampleRandom(Math.imul(population.seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b));
    this.#openings = new Openings(population);
    const actors = new SampleRandom(population.seed ^ 0x5bd1e995);
    this.#actors = population.world.effects.map(() => population.drawHosts(actors, 1)[0]);
    this.#eventFactors = eventFactors(population);
  }

  /** Host that does what effect `number` of the world says (beacons, probes, tunnels, mail). */
  actorOf(number: number): number {
    return this.#actors[number];
  }

  /** Lays out the days one after the other. Records are measured. A conversation belongs to the day on which it begins. */
  run(visit: DayVisitor): void {
    const { world, firstDay, clock, hosts, interests } = this.#population;
    const random = this.#random;
    const { variation } = world;
    const day = new CorrelatedFactor(random, variation.day, variation.autocorrelation);
    const hostDays = hosts.map(() => new CorrelatedFactor(random, variation.hostDay, variation.autocorrelation));
    for (let d = 0; d < world.days; d++) {
      const starts = Float64Array.from({ length: 25 }, (_, hour) => clock.startOfLocalHour((firstDay + d) * 24 + hour));
      const factor = day.next();
      const events = this.#eventsOf(starts);
      for (let host = 0; host < hosts.length; host++) {
        const own = factor * hostDays[host].next();
        for (const interest of interests) {
          if (interest.perDay[host] > 0) this.#pursue(interest, host, d, own, starts, events);
        }
        if (hosts[host].alwaysOn) this.#keepUp(host, d, starts[0]);
      }
      this.#background(d, starts);
      world.effects.forEach((effect, number) => this.#effect(effect, number, d, starts));
      this.#hand(visit, d, starts[24]);
    }
  }

  /** Hands out what begins before `end`; the rest waits for its day, or is dropped after the last. */
  #hand(visit: DayVisitor, day: number, end: number): void {
    const batch = this.#batch;
    const later = this.#later;
    const order = batch.inOrder();
    let today = order.length;
    while (today > 0 && batch.values[order[today - 1] + column.START] >= end) today--;
    visit(batch, order.subarray(0, today), day);
    later.clear();
    for (let i = today; i < order.length; i++) later.copy(batch, order[i]);
    batch.clear();
    for (let i = 0; i < later.count; i++) batch.copy(later, i * column.STRIDE);
  }

  /** Factor of each hour of the day by the events near it; null when there is none. */
  #eventsOf(starts: Float64Array): Float64Array | null {
    if (this.#eventFactors.size === 0) return null;
    return Float64Array.from({ length: 24 }, (_, h) => this.#eventFactors.get(Math.floor(starts[h] / HOUR)) ?? 1);
  }

  /** A host's sessions of one day with one interest. */
  #pursue(
    interest: Interest,
    host: number,
    day: number,
    factor: number,
    starts: Float64Array,
    events: Float64Array | null,
  ): void {
    const { world, firstDay, hosts } = this.#population;
    const random = this.#random;
    const weekday = (((firstDay + day + 3) % 7) + 7) % 7;
    const base = interest.perDay[host] * interest.dayFactor[day] * interest.weekdays[weekday];
    if (base === 0) return;
    const hours = interest.hours[weekday >= 5 ? 1 : 0];
    const { shift } = hosts[host];
    let reach = 1;
    if (events !== null) {
      reach = 0;
      for (let h = 0; h < 24; h++) reach += hours[(h - shift + 24) % 24] * events[h];
    }
    const mean = base * factor * gamma(random, world.variation.taste) * reach;
    const sessions = poisson(random, mean);
    for (let session = 0; session < sessions; session++) {
      let left = random.unit() * reach;
      let hour = 0;
      for (; hour < 23; hour++) {
        left -= hours[(hour - shift + 24) % 24] * (events === null ? 1 : events[hour]);
        if (left < 0) break;
      }
      const start = Math.floor(starts[hour] + random.unit() * (starts[hour + 1] - starts[hour]));
      this.#session(interest, host, day, start);
    }
  }

  #session(interest: Interest, host: number, day: number, start: number): void {
    const { world, hosts, ads } = this.#population;
    const random = this.#random;
    const place = this.#choose(interest, host, day);
    const device = random.pick(hosts[host].devices);
    const connections = random.whole(world.connections[0], world.connections[1]);
    let time = start;
    for (let connection = 0; connection < connections; connection++) {
      time = this.#visit(host, place, device, time, 'people');
      time += random.whole(1, 40) * SECOND;
    }
    if (world.background.ads > 0 && random.unit() < world.background.ads) {
      this.#visit(host, ads, device, start + 2 * SECOND, 'people');
    }
  }

  #choose(interest: Interest, host: number, day: number): Place {
    const { places, shifts } = interest;
    const weights = this.#weights.subarray(0, places.length);
    for (let i = 0; i < places.length; i++) weights[i] = interest.weights[host * places.length + i];
    for (const { fromDay, from, to, share } of shifts) {
      if (day < fromDay) continue;
      weights[to] += weights[from] * share;
      weights[from] *= 1 - share;
    }
    let sum = 0;
    for (const weight of weights) sum += weight;
    let left = this.#random.unit() * sum;
    for (let i = 0; i < places.length; i++) {
      left -= weights[i];
      if (left < 0) return places[i];
    }
    return places[places.length - 1];
  }

  /** One connection with a site, its name looked up before; gives when the connection begins. */
  #visit(host: number, place: Place, device: number, start: number, cause: Cause): number {
    const random = this.#random;
    const { answers } = this.#population;
    const talk = place.talks.length === 1 ? place.talks[0] : random.pick(place.talks);
    let time = start;
    let server: number;
    if (talk.name >= 0) {
      server = random.pick(answers[talk.name]);
      time = this.#lookUp(host, talk.name, time);
    } else server = addressIn(place.site.blocks, random.word());
    const client = this.#population.hosts[host].address;
    this.#converse(client, server, talk, device, place, host, time, cause);
    return time;
  }

  #converse(
    client: number,
    server: number,
    { talk, name }: PlaceTalk,
    device: number,
    place: Place,
    host: number,
    start: number,
    cause: Cause,
  ): void {
    const random = this.#random;
    const { volume } = this.#population.world;
    const drawn = talk.down * volume * logNormal(random, TRANSFER_SPREAD);
    const down = Math.min(LARGEST_TRANSFER, Math.max(200, Math.round(drawn)));
    const count = isExchange(talk.kind) ? messagesFor(talk.kind, down) : 0;
    const roundTrip = random.whole(40, 320) * 1000;
    const slowest = isExchange(talk.kind) ? 12 * SECOND : 60_000;
    const room = (LONGEST - 30 * roundTrip) / Math.max(1, isExchange(talk.kind) ? count : down / 1460);
    const pace = Math.max(2000, Math.min(random.whole(4000, slowest), Math.floor(room - roundTrip)));
    this.#add(
      start,
      client,
      server,
      this.#port(client),
      talk.port,
      talk.kind,
      name,
      device,
      roundTrip,
      pace,
      count,
      Math.round(down * talk.up),
      down,
      place.label,
      host,
      place.country,
      cause,
      talk.userAgent === null ? -1 : this.#population.agentNumber(talk.userAgent),
    );
  }

  /** Asks for a name unless the host still knows it; gives when the answer is there. */
  #lookUp(host: number, name: number, time: number): number {
    const key = host * 65_536 + name;
    const since = time - (this.#lookups.get(key) ?? -Infinity);
    // Sessions of a day are laid out in no order: a look-up that comes later is none.
    if (since >= 0 && since < DNS_KEPT) return time;
    this.#lookups.set(key, time);
    const { hosts, resolvers } = this.#population;
    const { address: client } = hosts[host];
    const resolver = resolvers[client % resolvers.length];
    const roundTrip = this.#random.whole(40, 180) * 1000;
    this.#simple(
      time,
      client,
      resolver.address,
      this.#port(client),
      53,
      'dns',
      name,
      roundTrip,
      INFRA,
      host,
      resolver.country,
      'people',
    );
    return time + roundTrip + 3000;
  }

  /** A conversation without transfer. */
  #simple(
    start: number,
    client: number,
    server: number,
    clientPort: number,
    serverPort: number,
    kind: Conversation,
    name: number,
    roundTrip: number,
    label: number,
    host: number,
    country: number,
    cause: Cause,
    count = 0,
    pace = 0,
  ): void {
    const time = Math.floor(start);
    // A host's own device, so that one with a single device does not look like several.
    const device = host < 0 ? 0 : this.#population.hosts[host].devices[0];
    this.#add(
      time,
      client,
      server,
      clientPort,
      serverPort,
      kind,
      name,
      device,
      roundTrip,
      pace,
      count,
      0,
      0,
      label,
      host,
      country,
      cause,
      -1,
    );
  }

  /** Ports go round from 49152, so that no two flows of one address share one within minutes. */
  #port(client: number): number {
    const port = this.#ports.get(client) ?? 49_152 + (client % 9000);
    this.#ports.set(client, port === 65_535 ? 49_152 : port + 1);
    return port;
  }

  #add(
    start: number,
    client: number,
    server: number,
    clientPort: number,
    serverPort: number,
    kind: Conversation,
    name: number,
    device: number,
    roundTrip: number,
    pace: number,
    count: number,
    up: number,
    down: number,
    label: number,
    host: number,
    country: number,
    cause: Cause,
    agent: number,
  ): void {
    const batch = this.#batch;
    const at = batch.add();
    const { values } = batch;
    values[at + column.START] = start;
    values[at + column.CLIENT] = client;
    values[at + column.SERVER] = server;
    values[at + column.CLIENT_PORT] = clientPort;
    values[at + column.SERVER_PORT] = serverPort;
    values[at + column.KIND] = KINDS[kind];
    values[at + column.NAME] = name;
    values[at + column.DEVICE] = device;
    values[at + column.SEED] = this.#random.word();
    values[at + column.ROUND_TRIP] = roundTrip;
    values[at + column.PACE] = pace;
    values[at + column.COUNT] = count;
    values[at + column.UP] = up;
    values[at + column.DOWN] = down;
    values[at + column.LABEL] = label;
    values[at + column.HOST] = host;
    values[at + column.COUNTRY] = country;
    values[at + column.CAUSE] = CAUSE_NUMBERS[cause];
    values[at + column.AGENT] = agent;
    const course = this.#course;
    course.up = up;
    course.down = down;
    course.count = count;
    course.pace = pace;
    course.roundTrip = roundTrip;
    const turns = this.#openings.turns(KINDS[kind], name, device, agent);
    this.#measure.into(values, at, kind, turns, course);
  }

  /**
   * Time checks and updates of a host that never sleeps: evenly spaced, from a phase that each day draws anew, so that machines
   * alone make no rhythm of the day.
   */
  #keepUp(host: number, day: number, midnight: number): void {
    const { world, hosts, updates, resolvers } = this.#population;
    const random = this.#random;
    const { address, devices } = hosts[host];
    const { updateEvery, timeCheckEvery } = world.background;
    for (const hour of hoursEvery(timeCheckEvery, random)) {
      const server = TIME_SERVERS[random.whole(0, TIME_SERVERS.length - 1)];
      this.#simple(
        midnight + hour * HOUR,
        address,
        wordOf(server.address),
        this.#port(address),
        123,
        'ntp',
        -1,
        random.whole(60, 200) * 1000,
        INFRA,
        host,
        this.#population.countryNumber(server.country),
        'time',
      );
    }
    for (const hour of hoursEvery(updateEvery, random)) {
      for (const place of updates) {
        this.#visit(host, place, devices[0], Math.floor(midnight + hour * HOUR + random.unit() * MINUTE), 'update');
      }
    }
    if (day % 2 === 0) {
      const start = midnight + random.unit() * 23 * HOUR;
      const { address: server, country } = resolvers[0];
      this.#simple(start, address, server, 8, 0, 'ping', -1, 60_000, INFRA, host, country, 'time', 4, SECOND);
    }
  }

  #background(day: number, starts: Float64Array): void {
    const { world, servers, hosts } = this.#population;
    const random = this.#random;
    const length = starts[24] - starts[0];
    const somewhen = (): number => Math.floor(starts[0] + random.unit() * length);
    for (const server of servers) {
      if (day < server.fromDay) continue;
      for (let visits = poisson(random, server.visitsPerDay); visits > 0; visits--) {
        this.#comeIn(server.address, server.name, random.pick(VISITORS), somewhen());
      }
    }
    const { background } = world;
    for (let scans = poisson(random, background.scansPerDay); scans > 0; scans--) {
      const country = random.pick(SCANNERS);
      const source = addressIn(COUNTRY_BLOCKS[country], random.word());
      const port = random.pick([22, 23, 445, 3389, 5060]);
      const range = random.pick(world.ranges).cidr;
      const first = random.word();
      const begin = somewhen();
      for (let target = 0; target < background.scanTargets; target++) {
        const server = addressIn([range], first + target);
        const isThere = hosts.some(({ address }) => address === server);
        const start = begin + target * Math.round((0.5 + random.unit()) * SECOND);
        this.#simple(
          start,
          source,
          server,
          40_000 + (target % 20_000),
          port,
          isThere ? 'refused-probe' : 'probe',
          -1,
          2000,
          SCAN,
          -1,
          this.#population.countryNumber(country),
          'scan',
        );
      }
    }
    for (let answers = poisson(random, background.backscatterPerDay); answers > 0; answers--) {
      const country = random.pick(VISITORS);
      const source = addressIn(COUNTRY_BLOCKS[country], random.word());
      const target = addressIn([random.pick(world.ranges).cidr], random.word());
      this.#simple(
        somewhen(),
        source,
        target,
        80,
        random.whole(1024, 65_535),
        'backscatter',
        -1,
        0,
        SCAN,
        -1,
        this.#population.countryNumber(country),
        'backscatter',
      );
    }
    for (let flows = poisson(random, background.transitPerHour * 24); flows > 0; flows--) {
      const client = addressIn(COUNTRY_BLOCKS.JP, random.word());
      const server = addressIn(COUNTRY_BLOCKS.FR, random.word());
      this.#simple(
        somewhen(),
        client,
        server,
        random.whole(1024, 65_535),
        123,
        'ntp',
        -1,
        50_000,
        INFRA,
        -1,
        0,
        'transit',
      );
    }
    for (const flood of world.reflections) {
      const from = this.#population.instantOf(flood.start);
      const to = from + flood.hours * HOUR;
      if (from < starts[0] || from >= starts[24]) continue;
      for (let flows = poisson(random, flood.hours * flood.perHour); flows > 0; flows--) {
        const country = random.pick(VISITORS);
        const source = addressIn(COUNTRY_BLOCKS[country], random.word());
        const start = from + random.unit() * (to - from);
        this.#simple(
          start,
          source,
          wordOf(flood.target),
          flood.port,
          random.whole(1024, 65_535),
          'reflected',
          -1,
          0,
          SCAN,
          -1,
          this.#population.countryNumber(country),
          'reflection',
          random.whole(2, 8),
          20_000,
        );
      }
    }
  }

  /** A visitor from a country opens a page of a server inside. */
  #comeIn(server: number, name: number, country: string, start: number): void {
    const random = this.#random;
    const client = addressIn(COUNTRY_BLOCKS[country], random.word());
    const device = random.whole(0, DEVICES.length - 1);
    const down = Math.round(8000 * this.#population.world.volume * logNormal(random, TRANSFER_SPREAD)) + 200;
    const { unnamedWeb } = this.#population;
    const far = this.#population.countryNumber(country);
    this.#add(
      start,
      client,
      server,
      random.whole(20_000, 60_000),
      80,
      'http',
      name,
      device,
      random.whole(2, 9) * 1000,
      9000,
      0,
      0,
      down,
      unnamedWeb,
      -1,
      far,
      'visit',
      -1,
    );
  }

  #effect(effect: Effect, number: number, day: number, starts: Float64Array): void {
    const random = this.#random;
    switch (effect.effect) {
      case 'presence': {
        const { servers } = this.#population;
        if (servers.length === 0 || this.#population.during(effect)[day] === 0) return;
        for (let visits = poisson(random, effect.inboundPerDay); visits > 0; visits--) {
          const start = Math.floor(starts[0] + random.unit() * (starts[24] - starts[0]));
          this.#comeIn(servers[0].address, servers[0].name, effect.country, start);
        }
        return;
      }
      case 'reconnaissance':
        this.#probe(effect, number, starts);
        return;
      case 'beacon':
        this.#beacon(effect, number, day, starts);
        return;
      case 'dns-tunnel':
        this.#tunnel(effect, number, day, starts);
        return;
      case 'spam':
        this.#spam(effect, number, day, starts);
        return;
      case 'itinerary':
        this.#itinerary(effect, number, starts);
        return;
      default:
    }
  }

  #itinerary(effect: Planted<'itinerary'>, number: number, starts: Float64Array): void {
    const host = this.#actors[number];
    const [device] = this.#population.hosts[host].devices;
    for (const { at, service } of effect.visits) {
      const time = this.#population.instantOf(`${effect.date}T${at}`);
      if (time < starts[0] || time >= starts[24]) continue;
      for (let connection = 0; connection < 3; connection++) {
        this.#visit(host, this.#population.place(siteOf(service)), device, time + connection * 20 * SECOND, 'people');
      }
    }
  }

  #probe(effect: Planted<'reconnaissance'>, number: number, starts: Float64Array): void {
    const { hosts } = this.#population;
    const random = this.#random;
    const host = this.#actors[number];
    const client = hosts[host].address;
    const first = this.#population.instantOf(effect.start);
    const days = effect.shape === 'repeated-probe' ? effect.days : 1;
    for (let day = 0; day < days; day++) {
      const begin = first + day * 24 * HOUR;
      if (begin < starts[0] || begin >= starts[24]) continue;
      for (let target = 0; target < effect.targets; target++) {
        const server = wordOf(effect.first) + (effect.shape === 'horizontal' ? target : 0);
        const port = effect.shape === 'vertical' ? 1 + target : effect.port;
        const start = begin + target * effect.gap * SECOND * (0.8 + 0.4 * random.unit());
        const kind = random.unit() < 0.1 ? 'refused-probe' : 'probe';
        this.#simple(
          start,
          client,
          server >>> 0,
          this.#port(client),
          port,
          kind,
          -1,
          150_000,
          SCAN,
          host,
          this.#population.countryNumber(effect.country),
          'reconnaissance',
        );
      }
    }
  }

  #beacon(effect: Planted<'beacon'>, number: number, day: number, starts: Float64Array): void {
    if (this.#population.during(effect)[day] === 0) return;
    const { hosts, unnamedWeb } = this.#population;
    const random = this.#random;
    const host = this.#actors[number];
    const client = hosts[host].address;
    const server = wordOf(effect.peer);
    const name = this.#population.nameNumber(effect.name, [server]);
    const period = effect.period * SECOND;
    // Calls keep to the beat of the first day, so that days join without a step.
    const beat = this.#population.clock.startOfLocalHour(this.#population.firstDay * 24);
    for (let call = Math.ceil((starts[0] - beat) / period); beat + call * period < starts[24]; call++) {
      const start = Math.floor(beat + call * period + effect.jitter * period * normal(random));
      if (start < starts[0] || start >= starts[24]) continue;
      this.#add(
        start,
        client,
        server,
        this.#port(client),
        443,
        'tls',
        name,
        hosts[host].devices[0],
        180_000,
        9000,
        0,
        0,
        500,
        unnamedWeb,
        host,
        this.#population.countryNumber(effect.country),
        'beacon',
        -1,
      );
    }
  }

  #tunnel(effect: Planted<'dns-tunnel'>, number: number, day: number, starts: Float64Array): void {
    if (this.#population.during(effect)[day] === 0) return;
    const { hosts, resolvers } = this.#population;
    const random = this.#random;
    const host = this.#actors[number];
    const client = hosts[host].address;
    const resolver = resolvers[client % resolvers.length];
    const begin = starts[9] + random.unit() * 6 * HOUR;
    const name = this.#population.nameNumber(effect.domain, [wordOf('203.0.113.9')]);
    // Two hours a day, questions close behind each other, each with a label of its own.
    for (let queries = poisson(random, effect.perDay); queries > 0; queries--) {
      const start = begin + random.unit() * 2 * HOUR;
      this.#simple(
        start,
        client,
        resolver.address,
        this.#port(client),
        53,
        'dns-tunnel',
        name,
        90_000,
        INFRA,
        host,
        resolver.country,
        'dns-tunnel',
      );
    }
  }

  #spam(effect: Planted<'spam'>, number: number, day: number, starts: Float64Array): void {
    if (this.#population.during(effect)[day] === 0) return;
    const { hosts } = this.#population;
    const random = this.#random;
    const host = this.#actors[number];
    const client = hosts[host].address;
    const label = this.#population.labelNumber('email', null);
    for (let mails = poisson(random, effect.perDay); mails > 0; mails--) {
      const country = random.pick(VISITORS);
      const server = addressIn(COUNTRY_BLOCKS[country], random.word());
      const start = Math.floor(starts[0] + random.unit() * (starts[24] - starts[0]));
      const far = this.#population.countryNumber(country);
      this.#add(
        start,
        client,
        server,
        this.#port(client),
        25,
        'smtp',
        -1,
        0,
        200_000,
        9000,
        0,
        2500,
        0,
        label,
        host,
        far,
        'spam',
        -1,
      );
    }
  }
}

const TIME_SERVERS = [
  { address: '52.173.193.166', country: 'US' },
  { address: '120.25.108.11', country: 'CN' },
] as const;
const VISITORS = ['US', 'KR', 'JP', 'DE', 'CN', 'FR', 'BR'] as const;
const SCANNERS = ['CN', 'NL', 'BR'] as const;

/** Hours of a day, `every` so many one, from a drawn phase; none for 0. */
function hoursEvery(every: number, random: SampleRandom): number[] {
  if (every <= 0) return [];
  const first = random.unit() * every;
  return Array.from({ length: Math.ceil((24 - first) / every) }, (_, i) => first + i * every);
}

/** Factor of each UTC clock hour near an event that the world responds to. */
function eventFactors({ world }: Population): ReadonlyMap<number, number> {
  const factors = new Map<number, number>();
  for (const effect of world.effects) {
    if (effect.effect !== 'event-response') continue;
    for (const { time, kind } of world.events) {
      if (kind !== effect.kind) continue;
      const hour = Math.floor((Date.parse(time) * 1000) / HOUR);
      for (let h = hour - effect.hoursBefore; h <= hour + effect.hoursAfter; h++) factors.set(h, effect.ratio);
    }
  }
  return factors;
}

/** Counts what a flow's packets add up to. */
class Measure implements PacketVisitor {
  #values: Float64Array = new Float64Array(0);
  #at = 0;

  into(values: Float64Array, at: number, kind: Conversation, turns: readonly Turn[], course: Course): void {
    this.#values = values;
    this.#at = at;
    for (let to = column.PACKETS_OUT; to <= column.BYTES_IN; to++) values[at + to] = 0;
    values[at + column.PAYLOAD_OUT] = 0;
    values[at + column.PAYLOAD_IN] = 0;
    values[at + column.LAST_OUT] = -1;
    values[at + column.FIRST_IN] = -1;
    values[at + column.LAST_IN] = -1;
    eachPacket(kind, turns, course, this);
  }

  packet(offset: number, fromClient: boolean, _flags: number, payload: number, ipLength: number): void {
    const values = this.#values;
    const at = this.#at;
    if (fromClient) {
      values[at + column.PACKETS_OUT]++;
      values[at + column.BYTES_OUT] += ipLength;
      values[at + column.PAYLOAD_OUT] += payload;
      values[at + column.LAST_OUT] = offset;
    } else {
      values[at + column.PACKETS_IN]++;
      values[at + column.BYTES_IN] += ipLength;
      values[at + column.PAYLOAD_IN] += payload;
      if (values[at + column.FIRST_IN] < 0) values[at + column.FIRST_IN] = offset;
      values[at + column.LAST_IN] = offset;
    }
  }
}

/** Microseconds from the first packet of a measured record to its last. */
export function lastOffset(values: Float64Array, at: number): number {
  return Math.max(values[at + column.LAST_OUT], values[at + column.LAST_IN]);
}
