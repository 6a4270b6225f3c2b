import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Conversation, CONVERSATIONS, DNS_LIFETIME, httpPath, transportOf } from './conversation.ts';
import { EvidenceFile } from './evidence-file.ts';
import * as column from './flow-batch.ts';
import type { FlowWriter } from './flow-writer.ts';
import type { Openings } from './openings.ts';
import type { Population } from './population.ts';
import { SampleRandom } from './sample-random.ts';
import { lastOffset } from './traffic.ts';
import { ICMP, TCP } from '../../shared/flow.ts';

/** The four logs that Zeek 2.5 would have written of the flows, as its ASCII writer prints them. */

const ID = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p';
const ID_TYPES = 'time string addr port addr port';
type LogName = 'conn' | 'dns' | 'ssl' | 'http';
const LAYOUT: Readonly<Record<LogName, readonly [fields: string, types: string]>> = {
  conn: [
    `${ID} proto service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents`,
    `${ID_TYPES} enum string interval count count string bool bool count string count count count count set[string]`,
  ],
  dns: [
    `${ID} proto trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected`,
    `${ID_TYPES} enum count interval string count string count string count string bool bool bool bool count vector[string] vector[interval] bool`,
  ],
  ssl: [
    `${ID} version cipher curve server_name resumed last_alert next_protocol established`,
    `${ID_TYPES} string string string string bool string string bool`,
  ],
  http: [
    `${ID} trans_depth method host uri referrer version user_agent request_body_len response_body_len status_code status_msg tags`,
    `${ID_TYPES} count string string string string string string count count count string set[enum]`,
  ],
};

/** What conn.log calls the service of a conversation; `-` where Zeek has no analyzer for it. */
const SERVICES: Readonly<Record<Conversation, string>> = {
  dns: 'dns',
  'dns-tunnel': 'dns',
  ntp: 'ntp',
  ping: '-',
  tls: 'ssl',
  http: 'http',
  tanks: '-',
  source: '-',
  bittorrent: 'bittorrent',
  openvpn: 'openvpn',
  wireguard: 'wireguard',
  ssh: 'ssh',
  bitcoin: '-',
  stratum: '-',
  smtp: 'smtp',
  probe: '-',
  'refused-probe': '-',
  backscatter: '-',
  reflected: '-',
};

/** State and history of a connection (Zeek, scripts/base/protocols/conn/main.zeek). */
const ENDINGS: Partial<Record<Conversation, readonly [state: string, history: string]>> = {
  probe: ['S0', 'S'],
  'refused-probe': ['REJ', 'Sr'],
  // The first packet bears SYN and ACK: Zeek turns the ends round, and marks it.
  backscatter: ['OTH', '^h'],
  reflected: ['S0', 'D'],
  ping: ['OTH', '-'],
};
const OPEN: readonly [string, string] = ['SF', 'ShADadFf'];
const DATAGRAMS: readonly [string, string] = ['SF', 'Dd'];

function seconds(time: number): string {
  const whole = Math.floor(time / 1e6);
  return `${whole}.${String(time - whole * 1e6).padStart(6, '0')}`;
}
const dotted = (word: number): string => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

export class ZeekLogs implements FlowWriter {
  readonly #population: Population;
  readonly #openings: Openings;
  readonly #files: Partial<Record<LogName, EvidenceFile<string>>> = {};
  readonly #offset: number;
  #written = 0;

  /** @param logs which logs to write into `directory`; of names alone (`dns`), for an export that has none itself */
  constructor(
    directory: string,
    population: Population,
    openings: Openings,
    logs: readonly LogName[] = ['conn', 'dns', 'ssl', 'http'],
  ) {
    this.#population = population;
    this.#openings = openings;
    this.#offset = Math.round(population.world.clockOffsetSeconds * 1e6);
    mkdirSync(directory, { recursive: true });
    for (const log of logs) {
      const isLarge = log === 'conn';
      const file = new EvidenceFile<string>(join(directory, isLarge ? 'conn.log.gz' : `${log}.log`), isLarge);
      const [fields, types] = LAYOUT[log];
      const lines = [
        '#separator \\x09',
        '#set_separator\t,',
        '#empty_field\t(empty)',
        '#unset_field\t-',
        `#path\t${log}`,
        `#open\t${population.world.from}-00-00-00`,
        `#fields\t${fields.replaceAll(' ', '\t')}`,
        `#types\t${types.replaceAll(' ', '\t')}`,
      ];
      file.write(`${lines.join('\n')}\n`);
      this.#files[log] = file;
    }
  }

  day(values: Float64Array, order: Uint32Array): void {
    for (const at of order) this.#flow(values, at);
  }

  #flow(values: Float64Array, at: number): void {
    const kind = CONVERSATIONS[values[at + column.KIND]];
    const start = values[at + column.START] + this.#offset;
    const isTurned = kind === 'backscatter';
    const [from, to] = isTurned ? [column.SERVER, column.CLIENT] : [column.CLIENT, column.SERVER];
    const [fromPort, toPort] = isTurned
      ? [column.SERVER_PORT, column.CLIENT_PORT]
      : [column.CLIENT_PORT, column.SERVER_PORT];
    const uid = `C${(++this.#written).toString(36).padStart(7, '0')}${values[at + column.SEED].toString(36).padStart(10, '0')}`;
    const tuple = `${uid}\t${dotted(values[at + from])}\t${values[at + fromPort]}\t${dotted(values[at + to])}\t${values[at + toPort]}`;
    this.#files.conn?.write(this.#conn(values, at, kind, start, tuple, isTurned));
    const { roundTrip, heard } = timesOf(values, at, start);
    if (kind === 'dns' || kind === 'dns-tunnel') {
      const log = this.#files.dns;
      if (log === undefined) return;
      const id = new SampleRandom(values[at + column.SEED]).word() & 0xffff;
      const answers = this.#openings.answersOf(values, at).map(dotted);
      const lifetimes = answers.map(() => `${DNS_LIFETIME}.000000`).join(',');
      const name = this.#openings.nameOf(values, at);
      log.write(
        `${seconds(start)}\t${tuple}\tudp\t${id}\t${seconds(roundTrip)}\t${name}\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t${answers.join(',')}\t${lifetimes}\tF\n`,
      );
    } else if (kind === 'tls') {
      const name = this.#openings.nameOf(values, at);
      this.#files.ssl?.write(
        `${seconds(heard)}\t${tuple}\tTLSv12\tTLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\t-\t${name}\tT\t-\t-\tT\n`,
      );
    } else if (kind === 'http') {
      const log = this.#files.http;
      if (log === undefined) return;
      const path = httpPath(new SampleRandom(values[at + column.SEED]));
      const agent = this.#openings.userAgentOf(values, at);
      const name = this.#openings.nameOf(values, at);
      log.write(
        `${seconds(heard)}\t${tuple}\t1\tGET\t${name}\t${path}\t-\t1.1\t${agent}\t0\t${values[at + column.DOWN]}\t200\tOK\t(empty)\n`,
      );
    }
  }

  #conn(values: Float64Array, at: number, kind: Conversation, start: number, tuple: string, isTurned: boolean): string {
    const transport = transportOf(kind);
    const proto = transport === TCP ? 'tcp' : transport === ICMP ? 'icmp' : 'udp';
    const [state, history] = ENDINGS[kind] ?? (transport === TCP ? OPEN : DATAGRAMS);
    const last = lastOffset(values, at);
    const isAlone = last === 0;
    const [out, into] = isTurned ? [column.PACKETS_IN, column.PACKETS_OUT] : [column.PACKETS_OUT, column.PACKETS_IN];
    const [payloadOut, payloadIn] = isTurned
      ? [column.PAYLOAD_IN, column.PAYLOAD_OUT]
      : [column.PAYLOAD_OUT, column.PAYLOAD_IN];
    const payload = isAlone ? '-\t-\t-' : `${seconds(last)}\t${values[at + payloadOut]}\t${values[at + payloadIn]}`;
    const isInside = (address: number): string => (this.#population.isInside(values[at + address]) ? 'T' : 'F');
    const local = isTurned
      ? `${isInside(column.SERVER)}\t${isInside(column.CLIENT)}`
      : `${isInside(column.CLIENT)}\t${isInside(column.SERVER)}`;
    // Bytes of a direction stand right behind its packets.
    const counts = `${values[at + out]}\t${values[at + out + 1]}\t${values[at + into]}\t${values[at + into + 1]}`;
    return `${seconds(start)}\t${tuple}\t${proto}\t${SERVICES[kind]}\t${payload}\t${state}\t${local}\t0\t${history}\t${counts}\t(empty)\n`;
  }

  end(): EvidenceFile<string>[] {
    const files = Object.values(this.#files);
    for (const file of files) file.close();
    return files;
  }
}

/** When the first payload was heard, and how long the first answer took. */
function timesOf(values: Float64Array, at: number, start: number): { roundTrip: number; heard: number } {
  const roundTrip = values[at + column.ROUND_TRIP];
  return { roundTrip, heard: start + roundTrip + 3000 };
}
