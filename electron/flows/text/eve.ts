import { type AddressWords, parseAddress } from '../../../shared/address.ts';
import { ASSEMBLY, ICMP, ICMP6, TCP } from '../../../shared/flow.ts';
import { visibleText } from '../../../shared/visible-text.ts';
import { subjectHostName } from '../certificate-subject.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import {
  type EventKey,
  type FlowEvent,
  type FlowKind,
  ParsedFlow,
  PlainFlow,
  scratchBytes,
  type ToldKey,
} from './eve-flow.ts';
import { JsonObjects } from './json-objects.ts';
import { RecentFlows, RecentIds, REMEMBERED_FLOWS } from './recent-flows.ts';
import { type AddressBuffer, IsoTimes, LocalTimes, readAddress, Transports } from './text-values.ts';
import type { JsonObject } from '../zeek/zeek-json.ts';
import { dnsProtocol } from '../zeek/zeek-services.ts';

/** Suricata's EVE JSON (Suricata user guide, EVE JSON format): events of many kinds, held together by `flow_id`. */

/** Suricata's names of application protocols (src/app-layer-protos.c) that are not ours too → our protocol id. */
const APPLICATION_PROTOCOLS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    http: 'http',
    http1: 'http',
    http2: 'http2',
    doh2: 'encrypted-dns',
    ftp: 'ftp',
    'ftp-data': 'ftp-data',
    smtp: 'smtp',
    tls: 'tls',
    ssh: 'ssh',
    imap: 'imap',
    pop3: 'pop3',
    irc: 'irc',
    jabber: 'xmpp',
    // Suricata says `smb` of every version; the newer is by far the likelier and the category is the same.
    smb: 'smb2',
    dcerpc: 'dcerpc',
    dns: 'dns',
    mdns: 'mdns',
    modbus: 'modbus',
    enip: 'ethernet-ip',
    dnp3: 'dnp3',
    nfs: 'nfs',
    ntp: 'ntp',
    tftp: 'tftp',
    ike: 'ipsec',
    ikev2: 'ipsec',
    krb5: 'kerberos',
    quic: 'quic',
    dhcp: 'dhcp',
    snmp: 'snmp',
    sip: 'sip',
    rfb: 'vnc',
    mqtt: 'mqtt',
    pgsql: 'postgresql',
    telnet: 'telnet',
    websocket: 'websocket',
    ldap: 'ldap',
    rdp: 'rdp',
    'bittorrent-dht': 'bittorrent',
  }),
);

/** All protocol ids that an EVE log can give. */
export const EVE_PROTOCOLS: readonly string[] = [
  ...new Set([...APPLICATION_PROTOCOLS.values(), 'dns', 'mdns', 'llmnr', 'netbios', 'tls', 'quic', 'http']),
];

const LATEST = Number.MAX_SAFE_INTEGER;

/** netflow events that may wait for the way back. */
const WAITING_FLOWS = 256;

/** Kinds of events that are told apart when none of them is used. */
const TOLD_KINDS = 32;

/** Text of a key; '' when it is none. */
function textOf(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value.toWellFormed() : '';
}

function objectOf(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

function objectsOf(value: unknown): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.map((element: unknown) => objectOf(element)).filter((element) => element !== null);
}

/** An EVE event: as logged, or wrapped by AWS Network Firewall. Null when the object is none. */
export function eveEvent(object: JsonObject): JsonObject | null {
  if (typeof object.event_type === 'string' && typeof object.timestamp === 'string') return object;
  const inner = objectOf(object.event);
  return inner !== null && typeof inner.event_type === 'string' && typeof inner.timestamp === 'string' ? inner : null;
}

function isWayBack(there: ExportedFlow, back: ExportedFlow): boolean {
  const same = (one: AddressWords, other: AddressWords): boolean => one.every((word, at) => word === other[at]);
  if (there.transport !== back.transport || !same(there.initiator, back.responder)) return false;
  if (!same(there.responder, back.initiator)) return false;
  if (there.transport === ICMP || there.transport === ICMP6) return true;
  return there.initiatorPort === back.responderPort && there.responderPort === back.initiatorPort;
}

class LostEvent {
  readonly kind: string;
  readonly why: string;

  constructor(kind: string, why: string) {
    this.kind = kind;
    this.why = why;
  }
}

function timeOf(event: FlowEvent, key: ToldKey): number {
  const time = event.time(key);
  if (Number.isNaN(time)) throw new LostEvent('bad-time', `${key} is not a time between 1970 and 2255`);
  return time;
}

function addressOf(event: FlowEvent, key: EventKey): AddressWords {
  const words = event.address(key);
  if (words === null) throw new LostEvent('bad-address', `${key} is not an IP address`);
  return words;
}

function countOf(event: FlowEvent, key: EventKey | ToldKey, most = LATEST): number {
  const count = event.count(key);
  if (!(count <= most)) throw new LostEvent('bad-number', `${key} is not a number in range`);
  return count;
}

/**
 * Reads an EVE log. `flow` events become flows; `netflow` events too, both directions of one put together, unless a `flow` event told of the same
 * flow; `dns`, `tls`, `quic` and `http` names, DNS answers, user agents and, for flows told later in the file, fingerprints.
 * Other events are counted. Whatever is wrong with an event costs that event and is counted under its line.
 *
 * Kinds of problems: `line-too-long`, `bad-utf8`, `bad-json`, `not-an-event`, `bad-time`, `bad-number`, `bad-address`,
 * `no-uid`, `unknown-transport` (each one event lost); `alert-event`, `unused-event`, `netflow-beside-flow`, `end-before-start` (each
 * time), `frame-bytes`, `time-zone-assumed`, `no-flow-event`, `flows-over-budget` (once; none lost).
 */
export class EveReader {
  records = 0;
  readonly #sink: EvidenceSink;
  readonly #objects: JsonObjects;
  readonly #local = new LocalTimes('UTC');
  readonly #times = new IsoTimes(this.#local);
  readonly #transports = new Transports();
  readonly #plain = new PlainFlow(this.#times, this.#transports);
  /** Flows that events of a kind told of. */
  readonly #toldBy = { flow: new RecentIds(), netflow: new RecentIds() };
  readonly #fingerprints = new RecentFlows<{ ja3: string; ja4: string }>();
  /** netflow events whose way back may follow. */
  readonly #waiting = new Map<string, ExportedFlow>();
  readonly #unused = new Map<string, number>();
  #unusedLine = 0;
  #flows = 0;
  #line = 0;
  #from = Infinity;
  #to = -Infinity;

  constructor(sink: EvidenceSink) {
    this.#sink = sink;
    this.#objects = new JsonObjects({
      line: (buffer, from, to, line) => this.#plainLine(buffer, from, to, line),
      object: (object, line) => this.#event(object, line),
      fault: (kind, line, message) => sink.problem(kind, line, message),
    });
  }

  /** Earliest and latest moment that a used event tells of, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return Number.isFinite(this.#from) ? this.#from : null;
  }

  get lastSeen(): number | null {
    return Number.isFinite(this.#to) ? this.#to : null;
  }

  push(chunk: Uint8Array): void {
    this.#objects.push(chunk);
  }

  end(): void {
    this.#objects.end();
    for (const [uid, flow] of this.#waiting) this.#giveOneWay(uid, flow);
    if (this.#unused.size > 0) {
      const kinds = [...this.#unused].map(([kind, count]) => `${count} ${kind}`).join(', ');
      this.#sink.problem('unused-event', this.#unusedLine, `events that name no flow that others do not: ${kinds}`);
    }
    if (this.#local.used) {
      this.#sink.problem('time-zone-assumed', 1, 'times of this log carry no zone and were read as UTC');
    }
    if (this.#flows === 0 && this.records > 0) {
      const message = 'the log has no flow or netflow event: names of its events wait for flows of other evidence';
      this.#sink.problem('no-flow-event', 1, message);
    } else if (this.#flows > 0) {
      this.#sink.problem('frame-bytes', 1, 'bytes of this log count whole frames, link headers included');
    }
    if (this.#toldBy.flow.hasForgotten || this.#toldBy.netflow.hasForgotten || this.#fingerprints.hasForgotten) {
      const message = `only the last ${REMEMBERED_FLOWS} flows were remembered: later events of older ones may lack a fingerprint, or tell a flow twice`;
      this.#sink.problem('flows-over-budget', 1, message);
    }
  }

  #event(object: JsonObject, line: number): void {
    this.#line = line;
    const event = eveEvent(object);
    if (event === null) {
      this.#sink.problem('not-an-event', line, 'the object has no event_type or no timestamp');
      return;
    }
    this.#count(() => this.#use(event));
  }

  /** Takes a line that tells of a flow and need not be parsed. */
  #plainLine(buffer: Buffer, from: number, to: number, line: number): boolean {
    const kind = this.#plain.read(buffer, from, to);
    if (kind === null) return false;
    this.#line = line;
    this.#count(() => this.#flow(this.#plain, kind));
    return true;
  }

  #count(use: () => void): void {
    try {
      use();
      this.records++;
    } catch (error) {
      if (!(error instanceof LostEvent)) throw error;
      this.#sink.problem(error.kind, this.#line, error.why);
    }
  }

  #parsedFlow(event: JsonObject, kind: FlowKind): ParsedFlow {
    const told = objectOf(event[kind]);
    if (told === null) throw new LostEvent('bad-json', `the event has no object "${kind}"`);
    return new ParsedFlow(event, told, this.#times, this.#transports);
  }

  #use(event: JsonObject): void {
    const kind = textOf(event, 'event_type');
    switch (kind) {
      case 'flow':
      case 'netflow':
        this.#flow(this.#parsedFlow(event, kind), kind);
        break;
      case 'dns':
        this.#dns(event);
        break;
      case 'tls':
        this.#tls(event);
        break;
      case 'quic':
        this.#quic(event);
        break;
      case 'http':
        this.#http(event);
        break;
      case 'alert':
        this.#sink.problem('alert-event', this.#line, 'alerts are counted only; their signatures are not imported');
        break;
      default: {
        const shown = visibleText(kind.slice(0, 32));
        if (this.#unused.size === 0) this.#unusedLine = this.#line;
        const key = this.#unused.has(shown) || this.#unused.size < TOLD_KINDS ? shown : 'of other kinds';
        this.#unused.set(key, (this.#unused.get(key) ?? 0) + 1);
      }
    }
  }

  #time(object: JsonObject, key: string): number {
    const { bytes, to } = scratchBytes(object[key]);
    const time = this.#times.read(bytes, 0, to);
    if (Number.isNaN(time)) throw new LostEvent('bad-time', `${key} is not a time between 1970 and 2255`);
    return time;
  }

  #address(event: JsonObject, key: string): AddressWords {
    const words: AddressBuffer = [0, 0, 0, 0];
    const { bytes, to } = scratchBytes(event[key]);
    if (readAddress(bytes, 0, to, words)) return words;
    throw new LostEvent('bad-address', `${key} is not an IP address`);
  }

  /** The flow's id; '' when it has none. */
  #uid(event: JsonObject): string {
    const id = event.flow_id;
    if (typeof id === 'number' && Number.isFinite(id)) return String(id);
    return typeof id === 'string' ? id.slice(0, 64) : '';
  }

  #saw(from: number, to: number): void {
    if (from < this.#from) this.#from = from;
    if (to > this.#to) this.#to = to;
  }

  #flow(event: FlowEvent, kind: FlowKind): void {
    const transport = event.transport();
    if (Number.isNaN(transport)) {
      throw new LostEvent('unknown-transport', 'proto is neither a name nor a number that we know');
    }
    const icmp = transport === ICMP || transport === ICMP6;
    const start = timeOf(event, 'start');
    let end = event.has('end') ? timeOf(event, 'end') : start;
    const oneWay = kind === 'netflow';
    const uid = event.uid();
    const flow: ExportedFlow = {
      start,
      end,
      initiator: addressOf(event, 'src_ip'),
      responder: addressOf(event, 'dest_ip'),
      initiatorPort: icmp ? countOf(event, 'icmp_type', 255) : countOf(event, 'src_port', 65_535),
      responderPort: icmp ? countOf(event, 'icmp_code', 255) : countOf(event, 'dest_port', 65_535),
      transport,
      packetsOut: countOf(event, oneWay ? 'pkts' : 'pkts_toserver'),
      bytesOut: countOf(event, oneWay ? 'bytes' : 'bytes_toserver'),
      packetsIn: oneWay ? 0 : countOf(event, 'pkts_toclient'),
      bytesIn: oneWay ? 0 : countOf(event, 'bytes_toclient'),
      locator: this.#line,
      oneWay,
      uid: uid === '' ? undefined : uid,
    };
    if (end < start) {
      this.#sink.problem(
        'end-before-start',
        this.#line,
        'the flow ends before it starts: taken as ending when it starts',
      );
      end = flow.end = start;
    }
    if (uid !== '') {
      if (this.#toldBy[oneWay ? 'flow' : 'netflow'].has(uid)) {
        const message = 'the log has flow and netflow events of one flow: the kind that came first was taken';
        this.#sink.problem('netflow-beside-flow', this.#line, message);
        return;
      }
      this.#toldBy[kind].add(uid);
      const fingerprint = this.#fingerprints.get(uid);
      if (fingerprint !== undefined) {
        if (fingerprint.ja3 !== '') flow.ja3 = fingerprint.ja3;
        if (fingerprint.ja4 !== '') flow.ja4 = fingerprint.ja4;
        if (!oneWay) this.#fingerprints.delete(uid);
      }
    }
    const flags = transport === TCP ? event.tcpFlags() : '';
    if (/^[\da-f]{1,4}$/i.test(flags)) flow.tcpFlags = Number.parseInt(flags, 16) & 0xff;
    const protocol = APPLICATION_PROTOCOLS.get(event.applicationProtocol());
    if (protocol !== undefined) {
      flow.protocol = protocol === 'dns' ? dnsProtocol(flow.responderPort) : protocol;
      flow.rule = 'suricata-app-proto';
    }
    this.#saw(start, end);
    if (oneWay && uid !== '') this.#pair(uid, flow);
    else this.#give(flow);
  }

  #give(flow: ExportedFlow): void {
    this.#flows++;
    this.#sink.flow(flow);
  }

  /** Puts the two netflow events of a flow together: Suricata writes that of the way to the server first, the other right after. */
  #pair(uid: string, flow: ExportedFlow): void {
    const first = this.#waiting.get(uid);
    if (first !== undefined && isWayBack(first, flow)) {
      this.#waiting.delete(uid);
      first.start = Math.min(first.start, flow.start);
      first.end = Math.max(first.end, flow.end);
      first.packetsIn = flow.packetsOut;
      first.bytesIn = flow.bytesOut;
      first.oneWay = false;
      first.assembly = ASSEMBLY.paired;
      if (flow.tcpFlags !== undefined) first.tcpFlags = (first.tcpFlags ?? 0) | flow.tcpFlags;
      this.#give(first);
      return;
    }
    if (first !== undefined) this.#giveOneWay(uid, first);
    for (const [oldest, waiting] of this.#waiting) {
      if (this.#waiting.size < WAITING_FLOWS) break;
      this.#giveOneWay(oldest, waiting);
    }
    this.#waiting.set(uid, flow);
  }

  #giveOneWay(uid: string, flow: ExportedFlow): void {
    this.#waiting.delete(uid);
    flow.assembly = ASSEMBLY.oneWay;
    this.#give(flow);
  }

  /** Time and id of an event that tells of a flow. */
  #named(event: JsonObject): { time: number; uid: string } {
    const time = this.#time(event, 'timestamp');
    const uid = this.#uid(event);
    if (uid === '') throw new LostEvent('no-uid', 'flow_id is not given: the event cannot be joined to its flow');
    this.#saw(time, time);
    return { time, uid };
  }

  /** Fingerprints that a `tls` or `quic` object tells of; kept for a flow event that follows. */
  #fingerprintsOf(uid: string, told: JsonObject): { ja3?: string; ja4?: string } {
    const ja3 = textOf(objectOf(told.ja3) ?? {}, 'hash');
    const ja4 = textOf(told, 'ja4');
    if (ja3 !== '' || ja4 !== '') this.#fingerprints.set(uid, { ja3, ja4 });
    return { ...(ja3 !== '' && { ja3 }), ...(ja4 !== '' && { ja4 }) };
  }

  #tls(event: JsonObject): void {
    const { time, uid } = this.#named(event);
    const tls = objectOf(event.tls) ?? {};
    const sni = textOf(tls, 'sni');
    const name = sni === '' ? subjectHostName(textOf(tls, 'subject')) : sni;
    const protocol = textOf(event, 'proto').toLowerCase() === 'udp' ? 'dtls' : 'tls';
    const fingerprints = this.#fingerprintsOf(uid, tls);
    this.#sink.logName({
      uid,
      time,
      name: name === '' ? undefined : name,
      origin: name === sni ? 'tls-sni' : 'tls-certificate',
      protocol,
      ...fingerprints,
    });
  }

  #quic(event: JsonObject): void {
    const { time, uid } = this.#named(event);
    const quic = objectOf(event.quic) ?? {};
    const name = textOf(quic, 'sni');
    const userAgent = textOf(quic, 'ua');
    this.#sink.logName({
      uid,
      time,
      name: name === '' ? undefined : name,
      origin: 'quic-sni',
      protocol: 'quic',
      userAgent: userAgent === '' ? undefined : userAgent,
      ...this.#fingerprintsOf(uid, quic),
    });
  }

  #http(event: JsonObject): void {
    const { time, uid } = this.#named(event);
    const http = objectOf(event.http) ?? {};
    const name = textOf(http, 'hostname');
    const userAgent = textOf(http, 'http_user_agent');
    this.#sink.logName({
      uid,
      time,
      name: name === '' ? undefined : name,
      origin: 'http-host',
      protocol: textOf(http, 'version') === '2' ? 'http2' : 'http',
      userAgent: userAgent === '' ? undefined : userAgent,
    });
  }

  /**
   * dns events: the question as the flow's name; each A and AAAA answer under the name that was asked, good from the event's
   * time for its TTL. Versions 1 (one answer an event), 2 (`answers`) and 3 (`queries`, `answers`). Which end asked is told
   * by the ports: logs have written answers in either direction.
   */
  #dns(event: JsonObject): void {
    const { time, uid } = this.#named(event);
    const dns = objectOf(event.dns) ?? {};
    const question =
      textOf(objectsOf(dns.queries)[0] ?? {}, 'rrname') || textOf(objectsOf(dns.query)[0] ?? {}, 'rrname');
    const name = question || textOf(dns, 'rrname');
    const fromServer = isDnsPort(event.src_port) && !isDnsPort(event.dest_port);
    const serverPort = fromServer ? event.src_port : event.dest_port;
    this.#sink.logName({
      uid,
      time,
      name: name === '' ? undefined : name,
      origin: 'dns-question',
      protocol: dnsProtocol(typeof serverPort === 'number' ? serverPort : 0),
    });
    if (name === '') return;
    const kind = textOf(dns, 'type');
    const answers = objectsOf(dns.answers);
    if (answers.length === 0 && kind === 'answer' && typeof dns.rdata === 'string') answers.push(dns);
    if (answers.length === 0) return;
    const client = this.#address(event, fromServer ? 'dest_ip' : 'src_ip');
    for (const answer of answers) {
      const type = textOf(answer, 'rrtype');
      if (type !== 'A' && type !== 'AAAA') continue;
      const address = parseAddress(textOf(answer, 'rdata').slice(0, 64));
      if (address === null) continue;
      // A TTL beyond 2^31 - 1 s counts as 0 (RFC 2181, 8).
      const seconds = typeof answer.ttl === 'number' && answer.ttl >= 0 && answer.ttl <= 0x7fffffff ? answer.ttl : 0;
      this.#sink.answer(client, address, name, time, Math.min(LATEST, time + Math.round(seconds * 1e6)));
    }
  }
}

function isDnsPort(port: unknown): boolean {
  return port === 53 || port === 5353 || port === 5355 || port === 137;
}
