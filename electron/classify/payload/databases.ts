import { TCP, UDP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type InspectionResult, type Payload, WANTS_MORE } from '../../../shared/payload.ts';
import {
  charactersOf,
  beginsWith,
  containsFolded,
  isDigit,
  isZero,
  startsWithAny,
  startsWithAnyFolded,
  textLineEnd,
  u16LE,
  u32LE,
  usesPort,
  verdict,
} from './payload-fields.ts';
import { isPrintable, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/**
 * MySQL (MySQL Internals, "Client/Server Protocol"), PostgreSQL (its manual, "Message Formats"), MongoDB ("Wire Protocol"), Redis
 * (RESP 2 and 3), Memcached (protocol.txt, protocol_binary.txt), TDS (MS-TDS), Oracle TNS (as its clients send it), Cassandra
 * (native_protocol_v3 to v5.spec), Elasticsearch (transport layer), AMQP (0-9-1; 1.0, ISO/IEC 19464), Kafka (its protocol guide), NATS (client
 * protocol), Thrift (binary and compact protocol specifications), ZeroMQ (RFC 23/ZMTP).
 */

const MAX_VERSION_TEXT = 64;

/** The server's first packet: number 0, protocol version 10, its version as text, 8 bytes of challenge and a zero. */
function mysqlGreeting({ bytes, start, end, fromInitiator }: Payload): boolean {
  if (end - start < 12 || bytes[start + 3] !== 0 || bytes[start + 2] !== 0 || fromInitiator) return false;
  const length = u16LE(bytes, start);
  if (length !== end - start - 4) return false;
  if (bytes[start + 4] === 0xff) {
    // A refusal before the greeting: error number (MySQL, server errors) and a sentence.
    const error = u16LE(bytes, start + 5);
    return error >= 1000 && error < 5000 && isPrintable(bytes, start + 7, end);
  }
  if (bytes[start + 4] !== 10 || !isDigit(bytes[start + 5])) return false;
  let at = start + 5;
  const last = Math.min(end, at + MAX_VERSION_TEXT);
  while (at < last && bytes[at] > 0x20 && bytes[at] < 0x7f) at++;
  return at + 14 <= end && bytes[at] === 0 && bytes[at + 13] === 0;
}

/** The client's answer, where the greeting was not seen: number 1, protocol 4.1, and zeros (HandshakeResponse41; MariaDB uses the last four). */
function mysqlLogin({ bytes, start, end, fromInitiator }: Payload): boolean {
  if (end - start < 36 || bytes[start + 3] !== 1 || bytes[start + 2] !== 0 || !fromInitiator) return false;
  return (
    u16LE(bytes, start) === end - start - 4 && (bytes[start + 5] & 2) !== 0 && isZero(bytes, start + 13, start + 32)
  );
}

const STARTUP_3_0 = 0x00030000;
const LAST_STARTUP = 0x0003ffff;
const CANCEL = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

/** The client's first message: its length, and a version with parameters, or a request number. */
function postgresStartup({ bytes, start, end, looks, fromInitiator }: Payload): boolean {
  if (end - start < 8 || !fromInitiator || looks > 2) return false;
  const length = u32(bytes, start);
  const code = u32(bytes, start + 4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return length === 8;
  if (code === CANCEL) return length === 16;
  if (length !== end - start || code < STARTUP_3_0 || code > LAST_STARTUP || length < 14) return false;
  return bytes[end - 1] === 0 && containsFolded(bytes, start + 8, Math.min(end, start + 200), 'USER\0');
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_COMPRESSED = 2012;
const OP_MSG = 2013;
const MAX_MONGO_MESSAGE = 48_000_000;

/** Message header: length, request, what it answers, operation, all little-endian; then flags and the kind of section. */
function mongoMessage({ bytes, start, end, fromInitiator }: Payload): boolean {
  if (end - start < 26 || bytes[start + 14] !== 0 || bytes[start + 15] !== 0) return false;
  const operation = u16LE(bytes, start + 12);
  const length = u32LE(bytes, start);
  if (length < 26 || length > MAX_MONGO_MESSAGE) return false;
  const isWhole = length === end - start;
  const body = start + 16;
  switch (operation) {
    case OP_MSG:
      // Flag bits 2 to 15 are reserved and must be zero; section kinds are 0 and 1.
      return (u16LE(bytes, body) & 0xfffc) === 0 && bytes[body + 4] <= 1 && (isWhole || bytes[body + 2] <= 1);
    case OP_COMPRESSED: {
      const original = u32LE(bytes, body);
      return (original === OP_MSG || original === OP_QUERY || original === OP_REPLY) && bytes[body + 8] <= 3;
    }
    case OP_QUERY: {
      // Flags, then a collection name `database.collection`.
      let at = body + 4;
      while (at < end && bytes[at] > 0x20 && bytes[at] < 0x7f) at++;
      return at > body + 6 && at < end && bytes[at] === 0 && bytes.subarray(body + 4, at).includes(0x2e);
    }
    case OP_REPLY:
      return isWhole && !fromInitiator && length >= 36 && u32LE(bytes, body) < 16;
    default:
      // Insert, update, delete, get more, kill cursors of old drivers: a zero word, then a name or a number.
      return isWhole && operation >= 2001 && operation <= 2007 && u32LE(bytes, body) <= 1;
  }
}

/** A command as an array of bulk strings, or answers that only Redis gives. */
function redisArray({ bytes, start, end }: Payload): boolean {
  let at = start + 1;
  while (at < end && isDigit(bytes[at]) && at - start <= 7) at++;
  if (at === start + 1 || end - at < 6 || bytes[at] !== 13 || bytes[at + 1] !== 10 || bytes[at + 2] !== 0x24)
    return false;
  at += 3;
  let length = 0;
  const digits = at;
  while (at < end && isDigit(bytes[at]) && at - digits < 3) length = length * 10 + bytes[at++] - 0x30;
  if (at === digits || length === 0 || bytes[at] !== 13 || bytes[at + 1] !== 10) return false;
  at += 2;
  const command = Math.min(end, at + length);
  return isPrintable(bytes, at, command) && (command === end || bytes[command] === 13);
}

const REDIS_REPLIES = [
  '+PONG\r\n',
  '-NOAUTH ',
  '-WRONGPASS ',
  '-DENIED Redis',
  '-MOVED ',
  '-LOADING Redis',
  '-WRONGTYPE ',
];
const REDIS_INLINE = [
  'PING\r\n',
  'INFO\r\n',
  'AUTH ',
  'GET ',
  'SET ',
  'KEYS ',
  'CONFIG ',
  'QUIT\r\n',
  'COMMAND',
  'SLAVEOF ',
];

function redisInline(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  return (
    payload.destinationPort === 6379 &&
    payload.fromInitiator &&
    startsWithAnyFolded(bytes, start, end, REDIS_INLINE) &&
    textLineEnd(bytes, start, end) > 0
  );
}

const MEMCACHED_PORT = 11211;
const STORING = ['set ', 'add ', 'replace ', 'append ', 'prepend ', 'cas '];
const ASKING = [
  'get ',
  'gets ',
  'stats',
  'version\r\n',
  'incr ',
  'decr ',
  'delete ',
  'touch ',
  'flush_all',
  'mg ',
  'ms ',
];
const MEMCACHED_REPLIES = ['STORED\r\n', 'NOT_STORED\r\n', 'STAT pid ', 'CLIENT_ERROR bad '];

/** `key flags exptime bytes`: a word and at least `numbers` numbers. */
function hasNumbers(bytes: Uint8Array, from: number, lineEnd: number, numbers: number): boolean {
  let at = from;
  while (at < lineEnd && bytes[at] !== 0x20) at++;
  if (at === from) return false;
  let found = 0;
  while (at < lineEnd && bytes[at] === 0x20) {
    at++;
    if (bytes[at] === 0x2d) at++;
    const digits = at;
    while (at < lineEnd && isDigit(bytes[at])) at++;
    if (at === digits) return found >= numbers;
    found++;
  }
  return found >= numbers;
}

function memcachedText(bytes: Uint8Array, start: number, end: number, onPort: boolean): boolean {
  const lineEnd = textLineEnd(bytes, start, end);
  if (lineEnd < 0 || bytes[lineEnd] !== 13) return false;
  for (const text of STORING) {
    if (startsWith(bytes, start, end, text)) return hasNumbers(bytes, start + text.length, lineEnd, 3);
  }
  if (startsWith(bytes, start, end, 'VALUE ')) return hasNumbers(bytes, start + 6, lineEnd, 2);
  if (startsWithAny(bytes, start, end, MEMCACHED_REPLIES)) return true;
  return onPort && startsWithAny(bytes, start, end, ASKING);
}

/** Binary header of 24 bytes: magic, an operation, data type 0, and lengths that fit each other and the rest. */
function memcachedBinary({ bytes, start, end }: Payload): boolean {
  if (end - start < 24 || bytes[start + 5] !== 0 || bytes[start + 1] > 0x50) return false;
  const body = u32(bytes, start + 8);
  if (u16(bytes, start + 2) + bytes[start + 4] > body) return false;
  // A request without body: only a few operations have none, and nothing is set in it.
  if (body === 0) return end - start === 24 && isZero(bytes, start + 2, start + 12) && isZero(bytes, start + 16, end);
  return body === end - start - 24;
}

/** A datagram begins with a request number, its own number, how many there are, and two zero bytes. */
function memcachedDatagram(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 13 || u16(bytes, start + 6) !== 0) return false;
  const number = u16(bytes, start + 2);
  const total = u16(bytes, start + 4);
  if (total === 0 || number >= total || (total > 1 && !usesPort(payload, MEMCACHED_PORT))) return false;
  return memcachedText(bytes, start + 8, end, true);
}

const TDS_PORT = 1433;
const TDS_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 8, 14, 16, 17, 18]);
const TDS_PRELOGIN = 18;
const TDS_LOGIN = 16;
const TDS_ANSWER = 4;

/** First option of a pre-login: version, its place, its length 6 (MS-TDS 2.2.6.5). */
function isPreloginBody(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 6 < end && bytes[at] === 0 && u16(bytes, at + 1) <= end - at - 6 && u16(bytes, at + 3) === 6;
}

/** A packet header (MS-TDS 2.2.3.1) with the length of the whole; elsewhere than on the port with a body that says more. */
function tdsPacket(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const type = bytes[start];
  if (end - start < 9 || !TDS_TYPES.has(type) || bytes[start + 1] > 0x1f) return false;
  if (u16(bytes, start + 2) !== end - start || bytes[start + 7] !== 0) return false;
  const body = start + 8;
  if (type === TDS_PRELOGIN || type === TDS_ANSWER) {
    if (isPreloginBody(bytes, body, end)) return true;
  } else if (type === TDS_LOGIN && end - body > 36) {
    // Length and version of the LOGIN7 structure (2.2.6.4).
    return u32LE(bytes, body) === end - body && bytes[body + 7] >= 0x70 && bytes[body + 7] <= 0x75;
  }
  return usesPort(payload, TDS_PORT) && bytes[start + 1] <= 1;
}

const TNS_PORT = 1521;
const TNS_CONNECT = 1;
const TNS_TYPES: ReadonlySet<number> = new Set([1, 2, 4, 5, 6, 11, 12]);

/** A TNS packet: length, no checksums, a type; a connect says where its `(DESCRIPTION=…` is. */
function tnsPacket(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const type = bytes[start + 4];
  if (end - start < 8 || !TNS_TYPES.has(type) || u16(bytes, start + 6) !== 0) return false;
  const length = u16(bytes, start);
  const isNarrow = length !== 0 && u16(bytes, start + 2) === 0;
  if (!(isNarrow ? length === end - start : u32(bytes, start) === end - start)) return false;
  if (type === TNS_CONNECT) {
    if (end - start < 34) return false;
    const version = u16(bytes, start + 8);
    const data = u16(bytes, start + 26);
    if (version < 0x0100 || version > 0x0200 || u16(bytes, start + 10) > version) return false;
    return u16(bytes, start + 24) > 200 || (start + data < end && bytes[start + data] === 0x28);
  }
  return usesPort(payload, TNS_PORT) && bytes[start + 5] <= 0x20;
}

const CQL_PORT = 9042;
const LAST_CQL_OPERATION = 16;
const CQL_STARTUP = 1;
const CQL_OPTIONS = 5;
const CQL_SUPPORTED = 6;

/**
 * A frame of version 3 to 5: version with direction, flags, stream, operation, length; on the port any
 * operation, elsewhere startup and supported, which name their options.
 */
function cqlFrame(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 9) return false;
  const isAnswer = (bytes[start] & 0x80) !== 0;
  const operation = bytes[start + 4];
  const length = u32(bytes, start + 5);
  if (length !== end - start - 9 || bytes[start + 1] > 0x1f) return false;
  if (usesPort(payload, CQL_PORT) && operation <= LAST_CQL_OPERATION) return true;
  if (payload.looks > 1) return false;
  if (operation === CQL_OPTIONS) return !isAnswer && length === 0 && bytes[start + 1] === 0;
  if (operation === CQL_STARTUP && !isAnswer) return containsFolded(bytes, start + 9, end, 'CQL_VERSION');
  return operation === CQL_SUPPORTED && isAnswer && containsFolded(bytes, start + 9, end, 'CQL_VERSION');
}

const ELASTIC_PING = 0xffffffff;

/**
 * How nodes of Elasticsearch 1 looked for one another by multicast (its source, MulticastZenPing): the head 1, 9, 8, 4, the version as a number of
 * 7 bits a byte, the ping's number, and the cluster's name behind its length.
 */
function zenPing({ bytes, start, end }: Payload): boolean {
  if (end - start < 24 || u32(bytes, start) !== 0x0109_0804) return false;
  let at = start + 4;
  while (at < start + 8 && bytes[at] >= 0x80) at++;
  at += 5;
  const length = bytes[at];
  return length > 0 && length < 128 && at + 1 + length <= end && isPrintable(bytes, at + 1, at + 1 + length);
}

/** `ES`, the length of the rest, the number of the request, whose upper half is zero. */
function elasticMessage({ bytes, start, end }: Payload): boolean {
  if (end - start < 6 || bytes[start + 1] !== 0x53) return false;
  const length = u32(bytes, start + 2);
  if (length === ELASTIC_PING) return end - start === 6;
  if (end - start < 19 || length < 13 || length > 1 << 30 || u16(bytes, start + 6) !== 0) return false;
  // Status flags (1 byte) and the sender's version (4 bytes), whose first byte is zero.
  return bytes[start + 14] <= 31 && bytes[start + 15] === 0 && length >= end - start - 6;
}

function amqpHeader({ bytes, start, end }: Payload): InspectionResult {
  if (end - start < 4) return 'AMQP'.startsWith(String.fromCharCode(bytes[start])) ? WANTS_MORE : NOT_RECOGNISED;
  return verdict(startsWith(bytes, start, end, 'AMQP') && (end - start < 8 || bytes[start + 4] <= 3));
}

const AMQP_FRAME_END = 0xce;
/** Classes of 0-9-1: connection, channel, access, exchange, queue, basic, confirm, tx. */
const AMQP_CLASSES: ReadonlySet<number> = new Set([10, 20, 30, 40, 50, 60, 85, 90]);
const LAST_AMQP_METHOD = 120;

/** A method frame of 0-9-1 (its specification, 2.3.5): channel, size, class, method, and the byte that ends it. */
function amqpMethod({ bytes, start, end }: Payload): boolean {
  if (end - start < 12 || !AMQP_CLASSES.has(u16(bytes, start + 7))) return false;
  const last = start + 7 + u32(bytes, start + 3);
  const method = u16(bytes, start + 9);
  return method >= 10 && method <= LAST_AMQP_METHOD && last < end && bytes[last] === AMQP_FRAME_END;
}

const KAFKA_PORT = 9092;
const LAST_KAFKA_KEY = 92;
const LAST_KAFKA_VERSION = 20;

/** Request header 1 or 2: length, key, version, correlation, and the client's id as text. */
function kafkaRequest(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 14 || !payload.fromInitiator || u32(bytes, start) !== end - start - 4) return false;
  if (u16(bytes, start + 4) > LAST_KAFKA_KEY || u16(bytes, start + 6) > LAST_KAFKA_VERSION) return false;
  const text = u16(bytes, start + 12);
  const from = start + 14;
  if (text === 0xffff || text === 0) return usesPort(payload, KAFKA_PORT);
  return (
    text <= 249 &&
    text >= (usesPort(payload, KAFKA_PORT) ? 1 : 3) &&
    from + text <= end &&
    isPrintable(bytes, from, from + text)
  );
}

const THRIFT_VERSION_1 = 0x8001;
const MAX_THRIFT_NAME = 100;

function isMethodName(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    if (!isLetter && !isDigit(byte) && byte !== 0x5f && byte !== 0x2e && byte !== 0x3a) return false;
  }
  return true;
}

/** Strict binary protocol: version, kind of message, the method's name with its length. */
function isThriftBinary(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 13 || u16(bytes, at) !== THRIFT_VERSION_1 || bytes[at + 2] !== 0) return false;
  const kind = bytes[at + 3];
  const name = u32(bytes, at + 4);
  return (
    kind >= 1 &&
    kind <= 4 &&
    name > 0 &&
    name <= MAX_THRIFT_NAME &&
    at + 8 + name <= end &&
    isMethodName(bytes, at + 8, at + 8 + name)
  );
}

/** Compact protocol: id 0x82, version 1 with the kind, sequence as varint, the method's name. */
function isThriftCompact({ bytes, start, end }: Payload): boolean {
  const kind = bytes[start + 1] >>> 5;
  if (end - start < 10 || (bytes[start + 1] & 31) !== 1 || kind < 1 || kind > 4) return false;
  let at = start + 2;
  while (at < end && (bytes[at] & 0x80) !== 0 && at - start < 7) at++;
  const name = bytes[at + 1];
  return name >= 5 && name <= MAX_THRIFT_NAME && at + 2 + name <= end && isMethodName(bytes, at + 2, at + 2 + name);
}

/** The signature: ff, eight bytes of padding or length, 7f. */
function zmtpGreeting({ bytes, start, end, looks }: Payload): boolean {
  if (end - start < 10 || looks > 1 || bytes[start + 9] !== 0x7f || bytes[start + 8] > 1) return false;
  return isZero(bytes, start + 1, start + 8) && (end - start < 11 || bytes[start + 10] <= 3);
}

export const databaseRules: readonly PayloadRule[] = [
  { id: 'mysql-greeting', protocol: 'mysql', transport: TCP, recognise: (payload) => verdict(mysqlGreeting(payload)) },
  { id: 'mysql-login', protocol: 'mysql', transport: TCP, recognise: (payload) => verdict(mysqlLogin(payload)) },
  {
    id: 'postgresql-startup',
    protocol: 'postgresql',
    transport: TCP,
    firstBytes: [0],
    recognise: (payload) => verdict(postgresStartup(payload)),
  },
  {
    id: 'mongodb-message',
    protocol: 'mongodb',
    transport: TCP,
    recognise: (payload) => verdict(mongoMessage(payload)),
  },
  {
    id: 'redis-command',
    protocol: 'redis',
    transport: TCP,
    firstBytes: charactersOf('*'),
    recognise: (payload) => verdict(redisArray(payload)),
  },
  {
    id: 'redis-reply',
    protocol: 'redis',
    transport: TCP,
    firstBytes: charactersOf('+-'),
    recognise: ({ bytes, start, end, fromInitiator }) =>
      verdict(!fromInitiator && startsWithAny(bytes, start, end, REDIS_REPLIES)),
  },
  {
    id: 'redis-inline',
    protocol: 'redis',
    transport: TCP,
    firstBytes: charactersOf('PIAGSKCQpiagskcq'),
    recognise: (payload) => verdict(redisInline(payload)),
  },
  {
    id: 'memcached-text',
    protocol: 'memcached',
    transport: TCP,
    firstBytes: charactersOf('sarpcgvidtfmVSNC'),
    recognise: (payload) =>
      verdict(memcachedText(payload.bytes, payload.start, payload.end, usesPort(payload, MEMCACHED_PORT))),
  },
  {
    id: 'memcached-binary',
    protocol: 'memcached',
    transport: TCP,
    firstBytes: [0x80, 0x81],
    recognise: (payload) => verdict(memcachedBinary(payload)),
  },
  {
    id: 'memcached-datagram',
    protocol: 'memcached',
    transport: UDP,
    recognise: (payload) => verdict(memcachedDatagram(payload)),
  },
  {
    id: 'tds-packet',
    protocol: 'tds',
    transport: TCP,
    firstBytes: [...TDS_TYPES],
    recognise: (payload) => verdict(tdsPacket(payload)),
  },
  {
    id: 'oracle-tns-packet',
    protocol: 'oracle-tns',
    transport: TCP,
    firstBytes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x20],
    recognise: (payload) => verdict(tnsPacket(payload)),
  },
  {
    id: 'cassandra-frame',
    protocol: 'cassandra',
    transport: TCP,
    firstBytes: [3, 4, 5, 0x83, 0x84, 0x85],
    recognise: (payload) => verdict(cqlFrame(payload)),
  },
  {
    id: 'elasticsearch-message',
    protocol: 'elasticsearch',
    transport: TCP,
    firstBytes: charactersOf('E'),
    recognise: (payload) => verdict(elasticMessage(payload)),
  },
  {
    id: 'elasticsearch-zen-ping',
    protocol: 'elasticsearch',
    transport: UDP,
    firstBytes: [1],
    recognise: (payload) => verdict(zenPing(payload)),
  },
  { id: 'amqp-header', protocol: 'amqp', transport: TCP, firstBytes: charactersOf('A'), recognise: amqpHeader },
  {
    id: 'amqp-method',
    protocol: 'amqp',
    transport: TCP,
    firstBytes: [1],
    recognise: (payload) => verdict(amqpMethod(payload)),
  },
  {
    id: 'kafka-request',
    protocol: 'kafka',
    transport: TCP,
    firstBytes: [0],
    recognise: (payload) => verdict(kafkaRequest(payload)),
  },
  {
    id: 'nats-greeting',
    protocol: 'nats',
    transport: TCP,
    firstBytes: charactersOf('I'),
    recognise: ({ bytes, start, end }) =>
      verdict(startsWith(bytes, start, end, 'INFO {') && containsFolded(bytes, start, end, '"SERVER_ID"')),
  },
  {
    id: 'nats-connect',
    protocol: 'nats',
    transport: TCP,
    firstBytes: charactersOf('C'),
    recognise: (payload) => beginsWith(payload, 'CONNECT {'),
  },
  {
    id: 'thrift-framed',
    protocol: 'thrift',
    transport: TCP,
    firstBytes: [0],
    recognise: ({ bytes, start, end }) => verdict(u24(bytes, start + 1) >= 13 && isThriftBinary(bytes, start + 4, end)),
  },
  {
    id: 'thrift-binary',
    protocol: 'thrift',
    transport: TCP,
    firstBytes: [0x80],
    recognise: ({ bytes, start, end }) => verdict(isThriftBinary(bytes, start, end)),
  },
  {
    id: 'thrift-compact',
    protocol: 'thrift',
    transport: TCP,
    firstBytes: [0x82],
    recognise: (payload) => verdict(isThriftCompact(payload)),
  },
  {
    id: 'thrift-datagram',
    protocol: 'thrift',
    transport: UDP,
    firstBytes: [0x80, 0x82],
    recognise: (payload) =>
      verdict(isThriftBinary(payload.bytes, payload.start, payload.end) || isThriftCompact(payload)),
  },
  {
    id: 'zeromq-greeting',
    protocol: 'zeromq',
    transport: TCP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(zmtpGreeting(payload)),
  },
];
