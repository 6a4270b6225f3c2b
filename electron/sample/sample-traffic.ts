import { parseAddress, parseBlock } from '../../shared/address.ts';
import { ICMP, TCP, UDP } from '../../shared/flow.ts';
import * as payload from './sample-payloads.ts';
import { SampleRandom } from './sample-random.ts';
import type { Device, SampleHost, SampleService, SampleWorld, Talk } from './sample-world.ts';

/** One piece of payload that one side sends. */
export interface Turn {
  readonly fromClient: boolean;
  /** Pause before it, microseconds. */
  readonly pause: number;
  /** Begins with these bytes; the rest up to `length` is filler. */
  readonly head: Buffer;
  readonly length: number;
  /** `records`: the rest is encrypted TLS records; `raw`: anything. */
  readonly filler: 'records' | 'raw';
}

/** What the logs of a monitor would say of the payload: a record of its own, or a service in conn.log alone. */
export type Told =
  | { readonly log: 'dns'; readonly name: string; readonly alias: string | undefined; readonly answers: number[] }
  | { readonly log: 'ssl'; readonly name: string }
  | { readonly log: 'conn'; readonly service: string }
  | {
      readonly log: 'http';
      readonly name: string;
      readonly path: string;
      readonly userAgent: string;
      readonly bodyLength: number;
    };

/** One flow of the made-up world. Addresses are IPv4 words; times microseconds since the epoch. */
export interface SampleFlow {
  readonly start: number;
  readonly client: number;
  readonly server: number;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly transport: typeof TCP | typeof UDP | typeof ICMP;
  /** Microseconds from the vantage point to the server and back. */
  readonly roundTrip: number;
  readonly turns: readonly Turn[];
  /** TCP: does the far side answer the SYN? */
  readonly outcome: 'open' | 'refused' | 'silent';
  readonly told: Told | null;
  /** What it was planted as (`scan`, `inbound`, or the service's category; `infra` for names and times). */
  readonly planted: string;
}

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const SEGMENT = 1460;

function word(address: string): number {
  const words = parseAddress(address);
  if (words === null) throw new RangeError(`not an address: ${address}`);
  return words[3];
}

/** FNV-1a over the text: gives a name the same address wherever it is looked up. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

function addressIn(block: string, number: number): number {
  const parsed = parseBlock(block);
  if (parsed === null) throw new RangeError(`not a block: ${block}`);
  const size = 2 ** (128 - parsed.bits);
  return (parsed.words[3] + 1 + (number % (size - 2))) >>> 0;
}

/** Lays out all flows of the world, in no particular order. */
export class SampleTraffic {
  readonly flows: SampleFlow[] = [];
  readonly #world: SampleWorld;
  readonly #random: SampleRandom;
  readonly #days: number;
  readonly #ports = new Map<number, number>();
  readonly #lookups = new Map<string, number>();
  readonly #boundary: number;

  /** `days`: how many of the world's days to lay out. `boundary`: no flow lives across it (end of the capture). */
  constructor(world: SampleWorld, seed: number, days: number, boundary: number) {
    this.#world = world;
    this.#random = new SampleRandom(seed);
    this.#days = days;
    this.#boundary = boundary;
    for (let day = 0; day < days; day++) {
      for (const host of world.hosts) this.#hostDay(host, day);
      this.#visits(day);
      this.#vpn(day);
      this.#bitcoin(day);
    }
    this.#scans();
  }

  /** Begin of a local day (and hour of it), microseconds since the epoch. */
  #at(day: number, hour: number): number {
    return this.#world.begin + day * DAY + Math.round(hour * HOUR);
  }

  /** A moment of the day, drawn from the world's hours. */
  #moment(day: number): number {
    const { hours } = this.#world;
    const hour = this.#random.pick([...hours.keys()], (key) => hours[key] ?? 0);
    return this.#at(day, hour + this.#random.unit());
  }

  #hostDay(host: SampleHost, day: number): void {
    const random = this.#random;
    const world = this.#world;
    const mean = host.sessions * (world.weekdays[day % 7] ?? 1);
    const sessions = Math.floor(mean * (0.75 + 0.5 * random.unit()) + random.unit());
    for (let session = 0; session < sessions; session++) {
      const services: readonly SampleService[] = random.unit() < host.play ? world.play : world.rest;
      const service = random.pick(services, ({ weight }) => weight);
      this.#use(host, service, this.#moment(day), random.whole(world.connections[0], world.connections[1]));
    }
    if (!host.alwaysOn) return;
    const client = word(host.address);
    const offset = (client % 50) / 60;
    for (let hour = 0; hour < 24; hour += world.timeCheckEvery) this.#timeCheck(client, this.#at(day, hour + offset));
    for (let hour = client % world.updateEvery; hour < 24; hour += world.updateEvery) {
      for (const service of world.background) this.#use(host, service, this.#at(day, hour + offset) + 5 * SECOND, 1);
    }
    this.#ping(client, this.#at(day, 9 + offset));
  }

  /** A session: `count` connections to a service, names looked up before. */
  #use(host: SampleHost, service: SampleService, start: number, count: number): void {
    const random = this.#random;
    const device: Device = random.pick<Device>(host.devices);
    const client = word(host.address);
    let time = start;
    for (let connection = 0; connection < count; connection++) {
      const talk = random.pick(service.talks);
      let server = addressIn(service.block, random.word());
      if (talk.name !== null) {
        const addresses = [addressIn(service.block, hash(talk.name)), addressIn(service.block, hash(`${talk.name}.`))];
        server = random.pick(addresses);
        time = this.#lookUp(client, talk.name, talk.alias, addresses, time);
      }
      this.#talk(client, server, talk, device, service.category, time);
      time += random.whole(1, 40) * SECOND;
    }
  }

  /** Asks for a name unless the host still knows it; returns when the answer is there. */
  #lookUp(client: number, name: string, alias: string | undefined, answers: number[], time: number): number {
    const key = `${client} ${name}`;
    if ((this.#lookups.get(key) ?? 0) > time) return time;
    this.#lookups.set(key, time + this.#world.dnsLifetime * SECOND);
    const random = this.#random;
    const id = random.whole(0, 65_535);
    const question = payload.dnsQuestion(id, name);
    const answer = payload.dnsAnswer(id, name, alias, answers, this.#world.dnsLifetime);
    const roundTrip = random.whole(40, 180) * 1000;
    this.#add({
      start: time,
      client,
      server: word(this.#world.resolvers[client % this.#world.resolvers.length] ?? this.#world.resolvers[0]),
      clientPort: this.#port(client),
      serverPort: 53,
      transport: UDP,
      roundTrip,
      turns: [turn(true, question), turn(false, answer)],
      outcome: 'open',
      told: { log: 'dns', name, alias, answers },
      planted: 'infra',
    });
    return time + roundTrip + 3000;
  }

  /** Ports go round from 49152, so that no two flows of one host share one within minutes. */
  #port(client: number): number {
    const port = this.#ports.get(client) ?? 49_152 + (client % 9000);
    this.#ports.set(client, port === 65_535 ? 49_152 : port + 1);
    return port;
  }

  #talk(client: number, server: number, talk: Talk, device: Device, planted: string, start: number): void {
    const udp = talk.kind === 'tanks' || talk.kind === 'source' || talk.kind === 'openvpn';
    const segments = this.#random.whole(talk.segments[0], talk.segments[1]);
    const { turns, told } = this.#conversation(talk, device, segments, start);
    this.#add({
      start,
      client,
      server,
      clientPort: this.#port(client),
      serverPort: talk.port,
      transport: udp ? UDP : TCP,
      roundTrip: this.#random.whole(50, 320) * 1000,
      turns,
      outcome: 'open',
      told,
      planted,
    });
  }

  #conversation(talk: Talk, device: Device, segments: number, start: number): { turns: Turn[]; told: Told | null } {
    const random = this.#random;
    const bulk = segments * SEGMENT - random.whole(0, SEGMENT - 200);
    const name = talk.name ?? '';
    switch (talk.kind) {
      case 'tls': {
        const session = random.bytes(32);
        const turns = [
          turn(true, payload.clientHello(random, name, device.tls, session)),
          turn(false, payload.serverHello(random, session)),
          turn(true, payload.clientFinish(random, random.whole(180, 420))),
          { ...turn(false, Buffer.alloc(0), bulk), filler: 'records' as const },
        ];
        return { turns, told: { log: 'ssl', name } };
      }
      case 'http': {
        const userAgent = talk.userAgent ?? device.userAgent;
        const type = segments > 4 ? 'application/octet-stream' : 'text/html';
        const path = segments > 4 ? `/content/${random.word().toString(16)}` : '/';
        const head = payload.httpResponseHead(bulk, type);
        const turns = [turn(true, payload.httpRequest(name, path, userAgent)), turn(false, head, head.length + bulk)];
        return { turns, told: { log: 'http', name, path, userAgent, bodyLength: bulk } };
      }
      case 'tanks':
        return { turns: this.#datagrams(segments, random.bytes(12), 40, 120, 200, 12), told: null };
      case 'source': {
        const opening = [turn(true, payload.SOURCE_QUERY), turn(false, payload.SOURCE_ANSWER)];
        return { turns: [...opening, ...this.#datagrams(segments, Buffer.alloc(0), 50, 180, 100, 8)], told: null };
      }
      case 'bittorrent': {
        const infoHash = random.bytes(20);
        const turns = [
          turn(true, payload.bittorrentHandshake(random, infoHash)),
          turn(false, payload.bittorrentHandshake(random, infoHash)),
          turn(true, Buffer.from([0, 0, 0, 1, 2])),
          turn(false, Buffer.from([0, 0, 0x40, 9, 7]), bulk),
        ];
        return { turns, told: null };
      }
      case 'openvpn': {
        const sessions = [random.bytes(8), random.bytes(8)] as const;
        const filler = random.bytes(1200);
        const opening = [
          turn(true, payload.openvpnReset(sessions[0], null)),
          turn(false, payload.openvpnReset(sessions[0], sessions[1])),
        ];
        const data = Array.from({ length: segments }, (_, at) => ({
          ...turn(at % 3 === 0, payload.openvpnData(filler, random.whole(120, 1200))),
          pause: random.whole(1, 12) * SECOND,
        }));
        return { turns: [...opening, ...data], told: null };
      }
      case 'ssh': {
        const turns = [
          turn(true, payload.sshBanner('PuTTY_Release_0.67')),
          turn(false, payload.sshBanner('OpenSSH_7.2p2 Ubuntu-4ubuntu2.1')),
          turn(true, random.bytes(200)),
          turn(false, random.bytes(200), bulk),
        ];
        return { turns, told: { log: 'conn', service: 'ssh' } };
      }
      case 'bitcoin': {
        const version = payload.bitcoinMessage('version', payload.bitcoinVersion(random, Math.floor(start / SECOND)));
        const ready = payload.bitcoinMessage('verack', Buffer.alloc(0));
        const turns = [turn(true, version), turn(false, Buffer.concat([version, ready])), turn(true, ready)];
        return { turns: [...turns, turn(false, payload.bitcoinMessage('inv', random.bytes(37)), bulk)], told: null };
      }
    }
  }

  /** Small datagrams to and fro, `least` to `most` bytes, pauses of up to `pauses` seconds. */
  #datagrams(count: number, head: Buffer, least: number, most: number, step: number, pauses: number): Turn[] {
    const random = this.#random;
    return Array.from({ length: count }, (_, at) => ({
      ...turn(at % 2 === 0, at === 0 ? head : Buffer.alloc(0), random.whole(least, most)),
      pause: step * 1000 + random.whole(0, pauses * SECOND),
    }));
  }

  #timeCheck(client: number, time: number): void {
    const random = this.#random;
    this.#add({
      start: time,
      client,
      server: word(random.pick(this.#world.timeServers)),
      clientPort: this.#port(client),
      serverPort: 123,
      transport: UDP,
      roundTrip: random.whole(60, 200) * 1000,
      turns: [turn(true, payload.ntpPacket(random, 3)), turn(false, payload.ntpPacket(random, 4))],
      outcome: 'open',
      told: null,
      planted: 'infra',
    });
  }

  #ping(client: number, time: number): void {
    const body = this.#random.bytes(32);
    const turns = Array.from({ length: 8 }, (_, at) => ({
      ...turn(at % 2 === 0, body),
      pause: at % 2 === 0 ? SECOND : 0,
    }));
    this.#add({
      start: time,
      client,
      server: word(this.#world.resolvers[0]),
      clientPort: 8,
      serverPort: 0,
      transport: ICMP,
      roundTrip: 60_000,
      turns,
      outcome: 'open',
      told: null,
      planted: 'infra',
    });
  }

  #visits(day: number): void {
    const random = this.#random;
    const { server } = this.#world;
    for (let visit = 0; visit < server.visitsADay; visit++) {
      const client = addressIn(random.pick(server.visitorBlocks), random.word());
      const host = random.pick<SampleHost>(this.#world.hosts);
      const talk: Talk = { kind: 'http', name: server.name, port: 80, segments: [1, 4] };
      const start = this.#at(day, 24 * random.unit());
      this.#talk(client, word(server.address), talk, random.pick<Device>(host.devices), 'inbound', start);
    }
  }

  #vpn(day: number): void {
    const { host, service, uses } = this.#world.vpn;
    const owner = this.#world.hosts.find(({ address }) => address === host);
    for (const [onDay, hour] of uses) {
      if (onDay === day && owner) this.#use(owner, service, this.#at(day, hour + this.#random.unit() / 2), 1);
    }
  }

  #bitcoin(day: number): void {
    const { host, firstDay, connectionsADay, service, seeds } = this.#world.bitcoin;
    const owner = this.#world.hosts.find(({ address }) => address === host);
    if (day < firstDay || !owner) return;
    const client = word(host);
    for (const seed of seeds) {
      const answers = [addressIn(service.block, hash(seed)), addressIn(service.block, hash(`${seed}.`))];
      this.#lookUp(client, seed, undefined, answers, this.#at(day, 8));
    }
    const connections = connectionsADay[day - firstDay] ?? connectionsADay.at(-1) ?? 0;
    for (let connection = 0; connection < connections; connection++) {
      this.#use(owner, service, this.#at(day, 8.01 + 15.5 * this.#random.unit()), 1);
    }
  }

  #scans(): void {
    const known = new Set(this.#world.hosts.map(({ address }) => word(address)));
    for (const scan of this.#world.scans) {
      if (scan.day >= this.#days) continue;
      for (let target = 0; target < scan.targets; target++) {
        const server = word(scan.first) + target;
        this.#add({
          start: this.#at(scan.day, scan.hour) + Math.round(target * scan.gap * SECOND),
          client: word(scan.source),
          server,
          clientPort: 40_000 + target,
          serverPort: scan.port,
          transport: TCP,
          roundTrip: 2000,
          turns: [],
          outcome: known.has(server) ? 'refused' : 'silent',
          told: null,
          planted: 'scan',
        });
      }
    }
  }

  /** Keeps a flow unless an outage, the end of the capture or the end of the world cuts it. */
  #add(flow: SampleFlow): void {
    const end = flow.start + lifetime(flow);
    const cuts = this.#world.outages.map(({ day, hour, hours }) => [this.#at(day, hour), this.#at(day, hour + hours)]);
    for (const [from = 0, to = 0] of [...cuts, [this.#boundary, this.#boundary], [this.#at(this.#days, 0), Infinity]]) {
      if (flow.start < to && end >= from) return;
      if (flow.start <= from && end >= from) return;
    }
    this.flows.push(flow);
  }
}

function turn(fromClient: boolean, head: Buffer, length = head.length): Turn {
  return { fromClient, pause: 0, head, length, filler: 'raw' };
}

/** Longer than the flow lasts, microseconds: pauses, a round trip for each turn, segments at their pace. */
function lifetime(flow: SampleFlow): number {
  const turns = flow.turns.reduce((sum, { pause, length }) => sum + pause + 20_000 * (1 + length / SEGMENT), 0);
  return turns + (flow.turns.length + 4) * flow.roundTrip;
}
