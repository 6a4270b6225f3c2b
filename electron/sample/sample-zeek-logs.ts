import { formatAddress } from '../../shared/address.ts';
import { ICMP, TCP } from '../../shared/flow.ts';
import { type IsInside, packetsOf, type SamplePacket } from './sample-packets.ts';
import type { SampleRandom } from './sample-random.ts';
import type { SampleFlow } from './sample-traffic.ts';

/** The four logs that Zeek 2.5 would have written of the flows, as its ASCII writer prints them. */
export interface SampleLogs {
  readonly conn: string;
  readonly dns: string;
  readonly ssl: string;
  readonly http: string;
}

const ID = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p';
const ID_TYPES = 'time string addr port addr port';
const LAYOUT: Readonly<Record<keyof SampleLogs, readonly [fields: string, types: string]>> = {
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

const seconds = (time: number): string =>
  `${Math.floor(time / 1_000_000)}.${String(time % 1_000_000).padStart(6, '0')}`;
const dotted = (address: number): string => formatAddress(0, 0, 0xffff, address);
const flag = (value: boolean): string => (value ? 'T' : 'F');

function header(path: keyof SampleLogs, opened: string): string {
  const [fields, types] = LAYOUT[path];
  const lines = [
    '#separator \\x09',
    '#set_separator\t,',
    '#empty_field\t(empty)',
    '#unset_field\t-',
    `#path\t${path}`,
    `#open\t${opened}`,
    `#fields\t${fields.replaceAll(' ', '\t')}`,
    `#types\t${types.replaceAll(' ', '\t')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function historyOf(flow: SampleFlow, packets: readonly SamplePacket[]): string {
  if (flow.transport === ICMP) return '-';
  let history = '';
  const add = (letter: string, fromClient: boolean): void => {
    const cased = fromClient ? letter.toUpperCase() : letter;
    if (!history.includes(cased)) history += cased;
  };
  for (const { tcpFlags, fromClient, payload } of packets) {
    if (tcpFlags & 2) add(tcpFlags & 16 ? 'h' : 's', fromClient);
    else if (tcpFlags & 4) add('r', fromClient);
    else if (payload.length > 0) add('d', fromClient);
    else if (!(tcpFlags & 1)) add('a', fromClient);
    if (tcpFlags & 1) add('f', fromClient);
  }
  return history;
}

const STATES = { open: 'SF', refused: 'REJ', silent: 'S0' } as const;
const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Writes the logs of the flows, records in the order in which the flows begin. `lifetime`: TTL of answers, seconds. */
export function zeekLogs(
  flows: readonly SampleFlow[],
  random: SampleRandom,
  filler: Buffer,
  isInside: IsInside,
  lifetime: number,
): SampleLogs {
  const first = flows[0]?.start ?? 0;
  const opened = new Date(first / 1000).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  const lines = { conn: [header('conn', opened)], dns: [header('dns', opened)], ssl: [header('ssl', opened)] };
  const http = [header('http', opened)];
  for (const flow of flows) {
    const packets = packetsOf(flow, random, filler);
    const uid = `C${Array.from({ length: 17 }, () => LETTERS[random.whole(0, 61)] ?? '0').join('')}`;
    const tuple = [uid, dotted(flow.client), flow.clientPort, dotted(flow.server), flow.serverPort];
    lines.conn.push(connLine(flow, packets, tuple, isInside));
    const { told } = flow;
    const heard = packets.find(({ payload }) => payload.length > 0)?.time ?? flow.start;
    switch (told?.log) {
      case 'dns': {
        const alias = told.alias === undefined ? [] : [told.alias];
        const answers = [...alias, ...told.answers.map(dotted)];
        const id = packets[0]?.payload.readUInt16BE(0) ?? 0;
        const question = ['udp', id, seconds(flow.roundTrip), told.name, 1, 'C_INTERNET', 1, 'A', 0, 'NOERROR'];
        const lifetimes = answers.map(() => `${lifetime}.000000`).join(',');
        const rest = ['F', 'F', 'T', 'T', 0, answers.join(','), lifetimes, 'F'];
        lines.dns.push(row([seconds(heard), ...tuple, ...question, ...rest]));
        break;
      }
      case 'ssl': {
        const cipher = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
        lines.ssl.push(row([seconds(heard), ...tuple, 'TLSv12', cipher, '-', told.name, 'T', '-', '-', 'T']));
        break;
      }
      case 'http': {
        const request = [1, 'GET', told.name, told.path, '-', '1.1', told.userAgent];
        http.push(row([seconds(heard), ...tuple, ...request, 0, told.bodyLength, 200, 'OK', '(empty)']));
        break;
      }
      case 'conn':
      case undefined:
    }
  }
  return { conn: lines.conn.join(''), dns: lines.dns.join(''), ssl: lines.ssl.join(''), http: http.join('') };
}

function row(columns: readonly (string | number)[]): string {
  return `${columns.join('\t')}\n`;
}

function serviceOf({ told }: SampleFlow): string {
  if (told === null) return '-';
  return told.log === 'conn' ? told.service : told.log;
}

function connLine(
  flow: SampleFlow,
  packets: readonly SamplePacket[],
  tuple: readonly (string | number)[],
  isInside: IsInside,
): string {
  let [payloadOut, packetsOut, bytesOut] = [0, 0, 0];
  let [payloadIn, packetsIn, bytesIn] = [0, 0, 0];
  for (const { fromClient, payload, ipLength } of packets) {
    if (fromClient) {
      payloadOut += payload.length;
      packetsOut++;
      bytesOut += ipLength;
    } else {
      payloadIn += payload.length;
      packetsIn++;
      bytesIn += ipLength;
    }
  }
  const last = packets.at(-1)?.time ?? flow.start;
  const alone = packets.length === 1;
  return row([
    seconds(flow.start),
    ...tuple,
    flow.transport === TCP ? 'tcp' : flow.transport === ICMP ? 'icmp' : 'udp',
    serviceOf(flow),
    alone ? '-' : seconds(last - flow.start),
    alone ? '-' : payloadOut,
    alone ? '-' : payloadIn,
    flow.transport === ICMP ? 'OTH' : STATES[flow.outcome],
    flag(isInside(flow.client)),
    flag(isInside(flow.server)),
    0,
    historyOf(flow, packets),
    packetsOut,
    bytesOut,
    packetsIn,
    bytesIn,
    '(empty)',
  ]);
}
