import { type AddressWords, isIpv4, parseAddress } from '../../../shared/address.ts';
import {
  CONN_STATES,
  type ConnState,
  ICMP,
  ICMP6,
  TCP,
  transportNumber,
  UDP,
  UNASKED_CLIENTS,
} from '../../../shared/flow.ts';
import { certificateHostName, subjectHostName } from '../certificate-subject.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import { ABSENT, FIELD, secondsToMicroseconds, type ZeekRecord } from './zeek-record.ts';
import { dnsProtocol, serviceProtocol } from './zeek-services.ts';

/** The Zeek logs that we read; the others name no flow that these do not. */
export const USED_LOGS = ['conn', 'dns', 'ssl', 'http', 'quic', 'x509', 'files', 'ssh', 'smtp', 'sip', 'dhcp'] as const;
export type UsedLog = (typeof USED_LOGS)[number];

/** Why a log that one might expect to be read is not. */
const REASONS_UNUSED: ReadonlyMap<string, string> = new Map([
  ['known_certs', 'it has no uid: its certificates are of hosts, not of connections'],
  ['weird', 'it names no host and no protocol that conn does not'],
]);

/** What a person is told, once, of a log that is not read. @param name '' when the log does not name itself */
export function describeUnusedLog(name: string): string {
  const which = name === '' ? 'a log that does not name itself' : `the log "${name}"`;
  const why = REASONS_UNUSED.get(name) ?? `flows and names come from ${USED_LOGS.join(', ')}`;
  return `${which} was not used: ${why}`;
}

export function isUsedLog(path: string): path is UsedLog {
  return (USED_LOGS as readonly string[]).includes(path);
}

/** What a record gave: its time span in microseconds since the epoch, or why it is lost. */
export type RecordOutcome = { readonly from: number; readonly to: number } | { readonly lost: string; why: string };

/**
 * Fields that mark a log whose name is not stated, most telling first; every one of a set has to be there. `conn` and
 * `http` records may lack single fields, so they have several sets.
 */
const LOG_MARKS: readonly (readonly [log: string, fields: readonly string[]])[] = [
  ['conn', ['conn_state']],
  ['conn', ['proto', 'orig_pkts']],
  ['conn', ['proto', 'missed_bytes']],
  ['conn', ['proto', 'duration', 'orig_bytes']],
  ['dns', ['trans_id', 'query']],
  ['dns', ['trans_id', 'rcode']],
  ['dns', ['trans_id', 'RD']],
  ['quic', ['client_initial_dcid']],
  ['quic', ['server_scid', 'client_protocol']],
  ['ssh', ['kex_alg', 'host_key_alg']],
  ['ssh', ['auth_attempts', 'client']],
  // Before http, since they share fields with it.
  ['sip', ['trans_depth', 'call_id']],
  ['sip', ['trans_depth', 'request_path']],
  ['smtp', ['trans_depth', 'helo']],
  ['smtp', ['trans_depth', 'mailfrom']],
  ['dhcp', ['mac', 'assigned_addr']],
  ['dhcp', ['mac', 'assigned_ip']],
  ['dhcp', ['uids', 'msg_types']],
  ['http', ['trans_depth', 'method']],
  ['http', ['trans_depth', 'status_code']],
  ['http', ['trans_depth', 'host']],
  ['http', ['trans_depth', 'request_body_len']],
  ['ssl', ['server_name', 'cipher']],
  ['ssl', ['resumed', 'established']],
  ['files', ['fuid', 'source']],
  ['kerberos', ['uid', 'request_type']],
  ['ntp', ['uid', 'stratum']],
  ['packet_filter', ['node', 'filter', 'success']],
  ['stats', ['peer', 'mem', 'pkts_proc']],
  ['capture_loss', ['ts_delta', 'peer', 'gaps']],
  ['weird', ['name', 'notice', 'peer']],
  ['x509', ['certificate.serial']],
  ['x509', ['certificate_serial']],
];

/** All fields that mark a log. */
export const MARK_FIELDS: readonly string[] = [...new Set(LOG_MARKS.flatMap(([, fields]) => fields))];

/** The log whose records have these fields; '' when they mark none that we know. */
export function logByFields(has: (field: string) => boolean): string {
  return LOG_MARKS.find(([, fields]) => fields.every(has))?.[0] ?? '';
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/**
 * TCP flags that a connection's `history` proves (scripts/base/protocols/conn/main.zeek): S = SYN, H = SYN and ACK,
 * A = ACK, F = FIN, R = RST, I = FIN and RST in one packet, Q = SYN with FIN or RST (only the SYN is sure). D and T are
 * segments with data, which bear ACK (RFC 9293, 3.10.7.4); whether PSH, URG, ECE or CWR were set, a history cannot tell.
 */
export function historyFlags(history: string): number {
  let flags = 0;
  for (let at = 0; at < history.length; at++) {
    switch (history.charCodeAt(at) & ~0x20) {
      case 0x53: // S
      case 0x51: // Q
        flags |= SYN;
        break;
      case 0x48: // H
        flags |= SYN | ACK;
        break;
      case 0x41: // A
      case 0x44: // D
      case 0x54: // T
        flags |= ACK;
        break;
      case 0x46: // F
        flags |= FIN;
        break;
      case 0x52: // R
        flags |= RST;
        break;
      case 0x49: // I
        flags |= FIN | RST;
        break;
      default:
    }
  }
  return flags;
}

const STATES: ReadonlyMap<string, ConnState> = new Map(
  CONN_STATES.flatMap((state) => (state === null ? [] : [[state, state]])),
);

/**
 * Zeek puts the type of an ICMP exchange in the originator's port and, in the responder's, the code, but for the types
 * that come in pairs the type of the answer (src/analyzer/protocol/icmp/ICMP.cc, `ICMP4_counterpart`). Those pairs have
 * no code but 0.
 */
const ICMP_PAIRS: readonly (readonly [number, number])[] = [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [10, 9],
];
const ICMP6_PAIRS: readonly (readonly [number, number])[] = [
  [128, 129],
  [130, 131],
  [133, 134],
  [135, 136],
  [139, 140],
  [144, 145],
];

function icmpCode(transport: number, type: number, counterpartOrCode: number): number {
  const pairs = transport === ICMP ? ICMP_PAIRS : ICMP6_PAIRS;
  const paired = pairs.some(
    ([one, other]) => (type === one && counterpartOrCode === other) || (type === other && counterpartOrCode === one),
  );
  return paired ? 0 : counterpartOrCode;
}

function transportOf(record: ZeekRecord, initiator: AddressWords): number | null {
  const name = record.text(FIELD.transport);
  switch (name) {
    case 'tcp':
      return TCP;
    case 'udp':
      return UDP;
    case 'icmp':
      return isIpv4(initiator[0], initiator[1], initiator[2]) ? ICMP : ICMP6;
    default: {
      const number = record.count(FIELD.transportNumber);
      return number >= 0 && number < 256 ? number : transportNumber(name);
    }
  }
}

/** Most different `service` texts remembered; a hostile log can have any number of them. */
const REMEMBERED_SERVICES = 1024;

const LATEST = Number.MAX_SAFE_INTEGER;
const lost = (kind: string, why: string): RecordOutcome => ({ lost: kind, why });
const NO_TIME = lost('bad-time', 'ts is not given');
const NO_ADDRESS = lost('bad-address', 'id.orig_h or id.resp_h is not given');
const NO_UID = lost('no-uid', 'uid is not given: the record cannot be joined to its connection');
/** The record's own fault is reported by the caller. */
const FAULTY = lost('fault', '');

/** Turns records of the logs in USED_LOGS into flows, names and DNS answers. */
export class ZeekLogs {
  readonly #sink: EvidenceSink;
  readonly #services = new Map<string, string | undefined>();

  constructor(sink: EvidenceSink) {
    this.#sink = sink;
  }

  read(log: UsedLog, record: ZeekRecord, line: number): RecordOutcome {
    if (log === 'conn') return this.#conn(record, line);
    if (log === 'dhcp') return this.#dhcp(record);
    if (log === 'x509') return this.#certificate(record);
    return log === 'files' ? this.#file(record) : this.#name(log, record, line);
  }

  /**
   * conn.log: one flow a record. Bytes are `orig_ip_bytes` and `resp_ip_bytes`; where these are missing the payload
   * bytes stand in for them, counted as `payload-bytes-only`. Without a duration the flow ends when it starts.
   */
  #conn(record: ZeekRecord, line: number): RecordOutcome {
    const start = record.time(FIELD.time);
    const initiator = record.address(FIELD.initiator);
    const responder = record.address(FIELD.responder);
    if (record.fault !== null) return FAULTY;
    if (start === ABSENT) return NO_TIME;
    if (initiator === null || responder === null) return NO_ADDRESS;
    const transport = transportOf(record, initiator);
    if (transport === null) return lost('unknown-transport', 'proto is neither a name nor a number that we know');
    const initiatorPort = Math.max(0, record.count(FIELD.initiatorPort));
    let responderPort = Math.max(0, record.count(FIELD.responderPort));
    const end = start + Math.max(0, record.interval(FIELD.duration));
    let bytesOut = record.count(FIELD.bytesOut);
    let bytesIn = record.count(FIELD.bytesIn);
    const payloadOnly = bytesOut === ABSENT || bytesIn === ABSENT;
    if (bytesOut === ABSENT) bytesOut = Math.max(0, record.count(FIELD.payloadOut));
    if (bytesIn === ABSENT) bytesIn = Math.max(0, record.count(FIELD.payloadIn));
    const packetsOut = Math.max(0, record.count(FIELD.packetsOut));
    const packetsIn = Math.max(0, record.count(FIELD.packetsIn));
    const stateName = record.text(FIELD.state);
    const service = record.text(FIELD.service);
    const history = transport === TCP ? record.text(FIELD.history) : '';
    const uid = record.text(FIELD.uid);
    if (record.fault !== null) return FAULTY;
    if (initiatorPort > 65_535 || responderPort > 65_535) return lost('bad-number', 'a port is above 65535');
    if (end > LATEST) return lost('bad-time', 'the flow ends after 2255');
    if (payloadOnly) {
      const why = 'no orig_ip_bytes or resp_ip_bytes: payload bytes stand in for them, header bytes are missing';
      this.#sink.problem('payload-bytes-only', line, why);
    }
    const state = STATES.get(stateName) ?? null;
    if (state === null && stateName !== '') {
      this.#sink.problem('unknown-conn-state', line, 'conn_state is none that Zeek documents; left empty');
    }
    if (transport === ICMP || transport === ICMP6) responderPort = icmpCode(transport, initiatorPort, responderPort);
    const protocol = service === '' ? undefined : this.#protocol(service, transport, responderPort);
    const flow: ExportedFlow = {
      start,
      end,
      initiator,
      responder,
      initiatorPort,
      responderPort,
      transport,
      packetsOut,
      bytesOut,
      packetsIn,
      bytesIn,
      state,
      locator: line,
      protocol,
      rule: protocol === undefined ? undefined : 'zeek-service',
      uid: uid === '' ? undefined : uid,
    };
    if (history !== '') flow.tcpFlags = historyFlags(history);
    this.#sink.flow(flow);
    return { from: start, to: end };
  }

  #protocol(service: string, transport: number, responderPort: number): string | undefined {
    if (service === 'dns' || transport === UDP) return serviceProtocol(service, transport, responderPort);
    if (this.#services.has(service)) return this.#services.get(service);
    const protocol = serviceProtocol(service, transport, responderPort);
    if (this.#services.size < REMEMBERED_SERVICES) this.#services.set(service, protocol);
    return protocol;
  }

  #name(log: Exclude<UsedLog, 'conn' | 'dhcp' | 'x509' | 'files'>, record: ZeekRecord, line: number): RecordOutcome {
    const time = record.time(FIELD.time);
    const uid = record.text(FIELD.uid);
    if (record.fault !== null) return FAULTY;
    if (time === ABSENT) return NO_TIME;
    if (uid === '') return NO_UID;
    switch (log) {
      case 'dns':
        return this.#dns(record, line, time, uid);
      case 'ssl':
        return this.#ssl(record, time, uid);
      case 'http':
        return this.#http(record, time, uid);
      case 'quic':
        return this.#quic(record, time, uid);
      case 'ssh':
        return this.#client(record, time, uid, 'ssh', FIELD.client);
      case 'smtp':
      case 'sip':
        return this.#client(record, time, uid, log, FIELD.userAgent);
    }
  }

  /**
   * dns.log: the question as the flow's name, and one answer for each A or AAAA address, under the name that was asked
   * (so a chain of CNAMEs leads to the asked name), from the answer's arrival (`ts` + `rtt`) until `ts` + TTL.
   */
  #dns(record: ZeekRecord, line: number, time: number, uid: string): RecordOutcome {
    const query = record.text(FIELD.query);
    const responderPort = record.count(FIELD.responderPort);
    const client = record.address(FIELD.initiator);
    const type = record.count(FIELD.queryType);
    const from = time + Math.max(0, record.interval(FIELD.roundTrip));
    const answers = record.list(FIELD.answers);
    const lifetimes = record.list(FIELD.lifetimes);
    if (record.fault !== null) return FAULTY;
    if (from > LATEST) return lost('bad-time', 'the answer comes after 2255');
    this.#sink.logName({
      uid,
      time,
      name: query === '' ? undefined : query,
      origin: 'zeek-dns',
      protocol: dnsProtocol(responderPort),
    });
    if (query === '' || client === null || !ADDRESS_QUESTIONS.has(type)) return { from: time, to: from };
    for (const [at, answer] of answers.entries()) {
      const address = answer.length <= 45 ? parseAddress(answer) : null;
      if (address === null) continue;
      const lifetime = lifetimeMicroseconds(lifetimes[at] ?? '');
      if (lifetime === null) {
        this.#sink.problem('no-ttl', line, 'an answer has no usable TTL: taken as good at that moment only');
      }
      this.#sink.answer(client, address, query, from, Math.max(from, time + (lifetime ?? 0)));
    }
    return { from: time, to: from };
  }

  /** ssl.log: the server's name (SNI), else that of its certificate, and the client's fingerprints where a package wrote them. */
  #ssl(record: ZeekRecord, time: number, uid: string): RecordOutcome {
    const protocol = record.text(FIELD.version).startsWith('DTLS') ? 'dtls' : 'tls';
    return this.#hello(record, time, uid, protocol);
  }

  #hello(record: ZeekRecord, time: number, uid: string, protocol: string): RecordOutcome {
    const asked = record.text(FIELD.serverName);
    const name = asked === '' ? subjectHostName(record.text(FIELD.subject)) : asked;
    const ja3 = record.text(FIELD.ja3);
    const ja4 = record.text(FIELD.ja4);
    const chain = record.list(FIELD.chainFingerprints)[0] || record.list(FIELD.chainFiles)[0] || '';
    if (record.fault !== null) return FAULTY;
    this.#sink.logName({
      uid,
      time,
      name: name === '' ? undefined : name,
      origin: name === asked ? 'zeek-ssl' : 'tls-certificate',
      protocol,
      ja3: JA3.test(ja3) ? ja3 : undefined,
      ja4: JA4.test(ja4) ? ja4 : undefined,
      certificate: chain === '' ? undefined : certificateId(chain),
    });
    return { from: time, to: time };
  }

  /** x509.log: the name of a certificate, for the connections that ssl.log or files.log link to it (up to TLS 1.2 it is in clear). */
  #certificate(record: ZeekRecord): RecordOutcome {
    const time = record.time(FIELD.time);
    const ids = [record.text(FIELD.fingerprint), record.text(FIELD.certificateFile)].filter((id) => id !== '');
    const name = certificateHostName(record.text(FIELD.subject), record.list(FIELD.alternativeNames));
    if (record.fault !== null) return FAULTY;
    if (time === ABSENT) return NO_TIME;
    if (ids.length === 0)
      return lost('no-uid', 'neither fingerprint nor id is given: no connection can be linked to it');
    if (name !== '') {
      for (const id of ids) {
        this.#sink.logName({ uid: certificateId(id), time, name, origin: 'tls-certificate', protocol: 'tls' });
      }
    }
    return { from: time, to: time };
  }

  /**
   * files.log: the protocol of the connections that carried a file, by what it is or by the analyser that saw it, and the server's
   * certificate where the file is one.
   */
  #file(record: ZeekRecord): RecordOutcome {
    const time = record.time(FIELD.time);
    const uid = record.text(FIELD.uid);
    const uids = record.list(FIELD.uids);
    const source = record.text(FIELD.source).toLowerCase();
    const mimeType = record.text(FIELD.mimeType).toLowerCase();
    const isOfServer = mimeType === HOST_CERTIFICATE && record.text(FIELD.isFromInitiator) !== 'T';
    const file = record.text(FIELD.file);
    const sha256 = record.text(FIELD.sha256);
    if (record.fault !== null) return FAULTY;
    if (time === ABSENT) return NO_TIME;
    const protocol = MIME_PROTOCOLS.get(mimeType) ?? serviceProtocol(source.replace('_data', '-data'), TCP, 0);
    if (protocol === undefined) return { from: time, to: time };
    // By either id its certificate may stand in x509.log.
    const certificates = isOfServer ? [file, sha256].filter((id) => id !== '').map(certificateId) : [undefined];
    for (const each of uids.length === 0 ? [uid] : uids) {
      if (each === '') continue;
      for (const certificate of certificates)
        this.#sink.logName({ uid: each, time, origin: 'none', protocol, certificate });
    }
    return { from: time, to: time };
  }

  /** http.log: the Host header (Zeek has taken the port off) and the client's user agent. */
  #http(record: ZeekRecord, time: number, uid: string): RecordOutcome {
    const name = record.text(FIELD.host);
    const userAgent = record.text(FIELD.userAgent);
    if (record.fault !== null) return FAULTY;
    this.#sink.logName({
      uid,
      time,
      name: name === '' ? undefined : name,
      origin: 'zeek-http',
      protocol: 'http',
      userAgent: userAgent === '' ? undefined : userAgent,
    });
    return { from: time, to: time };
  }

  /** quic.log (Zeek 6.1 and later): the server's name (SNI) out of the client's Initial packets. */
  #quic(record: ZeekRecord, time: number, uid: string): RecordOutcome {
    return this.#hello(record, time, uid, 'quic');
  }

  /**
   * ssh.log, smtp.log, sip.log: protocol and the client's software (SIP: that of the requests). Their names of hosts are
   * what one end says of itself (HELO) or of persons (mail addresses, SIP URIs): none is the responder's name.
   */
  #client(
    record: ZeekRecord,
    time: number,
    uid: string,
    protocol: string,
    software: typeof FIELD.client | typeof FIELD.userAgent,
  ): RecordOutcome {
    const userAgent = record.text(software);
    if (record.fault !== null) return FAULTY;
    this.#sink.logName({
      uid,
      time,
      origin: 'none',
      protocol,
      userAgent: userAgent === '' ? undefined : userAgent,
    });
    return { from: time, to: time };
  }

  /**
   * dhcp.log: the protocol of its connections (`uids` of a whole exchange, `uid` of Zeek before 2.6), and the name that a
   * client gave itself (option 12) as a name of the address that it was granted, as long as the lease lasts. Nobody
   * checks that name, so only one without a dot is taken: it cannot pass for a name in the DNS.
   */
  #dhcp(record: ZeekRecord): RecordOutcome {
    const time = record.time(FIELD.time);
    const uid = record.text(FIELD.uid);
    const uids = record.list(FIELD.uids);
    const name = record.text(FIELD.hostName);
    const address = record.address(FIELD.assignedAddress);
    const lease = record.interval(FIELD.leaseTime);
    const messages = record.list(FIELD.messageTypes);
    if (record.fault !== null) return FAULTY;
    if (time === ABSENT) return NO_TIME;
    const connections = uid === '' ? uids.filter((each) => each !== '') : [uid];
    if (connections.length === 0) return NO_UID;
    for (const each of connections) this.#sink.logName({ uid: each, time, origin: 'none', protocol: 'dhcp' });
    // An address that was offered is granted by the ACK only (RFC 2131, 3.1); old logs hold nothing but ACKs.
    const granted = messages.length === 0 || messages.includes('ACK');
    if (granted && lease > 0 && address !== null && HOST_LABEL.test(name)) {
      this.#sink.answer(UNASKED_CLIENTS['dhcp-lease'], address, name, time, Math.min(time + lease, LATEST));
    }
    return { from: time, to: time };
  }
}

/** Fingerprints as their authors write them; what else a field of that name holds is none. */
const JA3 = /^[0-9a-f]{32}$/;
const JA4 = /^[tqd][0-9a-z]{9}_[0-9a-f]{12}_[0-9a-f]{12}$/i;

/** Of the server or the client itself, not of who signed it. */
const HOST_CERTIFICATE = 'application/x-x509-user-cert';
/** Kinds of files that are a protocol's own, over HTTP (RFC 6960, 8216; ISO/IEC 23009-1). */
const MIME_PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['application/ocsp-request', 'ocsp'],
  ['application/ocsp-response', 'ocsp'],
  ['application/vnd.apple.mpegurl', 'hls'],
  ['application/x-mpegurl', 'hls'],
  ['application/dash+xml', 'mpeg-dash'],
]);

/** A certificate's name among uids: a log may number a connection and a file alike. */
function certificateId(id: string): string {
  return `certificate ${id}`;
}

/** One label of a host name (RFC 1123, 2.1), underscores allowed as Windows does. */
const HOST_LABEL = /^[A-Za-z0-9_-]{1,63}$/;

/** Question types whose answers hold addresses: A, AAAA, ANY, or not told. */
const ADDRESS_QUESTIONS: ReadonlySet<number> = new Set([1, 28, 255, ABSENT]);

/** Seconds of a TTL as microseconds; one beyond 2^31 - 1 s counts as 0 (RFC 2181, 8). Null when it is no number. */
function lifetimeMicroseconds(text: string): number | null {
  if (text === '') return null;
  const seconds = Number(text);
  if (!(seconds >= 0)) return null;
  return seconds > 0x7fffffff ? 0 : secondsToMicroseconds(seconds);
}
