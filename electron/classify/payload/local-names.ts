import { UDP, UNASKED_CLIENTS } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type Payload, WATCH } from '../../../shared/payload.ts';
import { type AnswerSink, wordsOf } from './dns.ts';
import { usesPort } from './payload-fields.ts';
import { latin1, type PayloadRule, u16, u32, visibleText } from './rule.ts';

/**
 * Names that a host gives itself on its own network: with a DHCP lease (RFC 2131, RFC 2132, RFC 4702) and by NetBIOS (RFC 1002).
 * Nobody checks them, so only single labels are taken, which cannot pass for a name in the DNS, and only for the sender's own
 * address or the one that a server granted it. LLMNR and SSDP are left out: the first is forged as a matter of routine by whoever
 * wants to pass for another, the second names programs, not hosts.
 */

/** One label of a host name (RFC 1123, 2.1), underscores allowed as Windows does. */
const HOST_LABEL = /^[A-Za-z0-9_-]{1,63}$/;

const DHCP_COOKIE = 0x63825363;
const OPTIONS = 240;
const OPTION_HOST_NAME = 12;
const OPTION_LEASE = 51;
const OPTION_TYPE = 53;
const OPTION_VENDOR_CLASS = 60;
const OPTION_FULL_NAME = 81;
const PAD = 0;
const END = 255;
const REQUEST = 1;
const REPLY = 2;
const ACK = 5;
/** Exchanges of which the client's name is remembered until the server grants an address. */
const MAX_EXCHANGES = 1024;

interface DhcpOptions {
  type: number;
  /** Seconds. */
  lease: number;
  /** A single label, or ''. */
  name: string;
  /** What the client's DHCP program says of itself (RFC 2132, 9.13), or ''. */
  vendorClass: string;
}

function label(bytes: Uint8Array, start: number, end: number): string {
  const text = latin1(bytes, start, end).replace(/\0+$/, '');
  return HOST_LABEL.test(text) ? text : '';
}

/** First label of a full name (RFC 4702, 2): flags, two bytes, then the name as in DNS or, of old, as text. */
function fullNameLabel(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 4) return '';
  const from = start + 3;
  if ((bytes[start] & 4) !== 0) return bytes[from] < end - from ? label(bytes, from + 1, from + 1 + bytes[from]) : '';
  const dot = bytes.subarray(from, end).indexOf(0x2e);
  return label(bytes, from, dot < 0 ? end : from + dot);
}

function readOptions(bytes: Uint8Array, start: number, end: number): DhcpOptions {
  const options = { type: 0, lease: 0, name: '', vendorClass: '' };
  let at = start;
  while (at + 1 < end && bytes[at] !== END) {
    if (bytes[at] === PAD) {
      at++;
      continue;
    }
    const from = at + 2;
    const to = from + bytes[at + 1];
    if (to > end) break;
    if (bytes[at] === OPTION_TYPE && to > from) options.type = bytes[from];
    else if (bytes[at] === OPTION_LEASE && to - from === 4) options.lease = u32(bytes, from);
    else if (bytes[at] === OPTION_HOST_NAME) options.name = label(bytes, from, to) || options.name;
    else if (bytes[at] === OPTION_VENDOR_CLASS) options.vendorClass = visibleText(bytes, from, to);
    else if (bytes[at] === OPTION_FULL_NAME) options.name ||= fullNameLabel(bytes, from, to);
    at = to;
  }
  return options;
}

/** Joins the client's name, in its request, with the address in the server's ACK, which is another flow. */
class LeaseNames {
  readonly #names = new Map<string, string>();
  readonly #answers: AnswerSink;

  constructor(answers: AnswerSink) {
    this.#answers = answers;
  }

  read(payload: Payload): void {
    const { bytes, start, end, time } = payload;
    const { type, lease, name, vendorClass } = readOptions(bytes, start + OPTIONS, end);
    // Transaction and hardware address.
    const exchange = latin1(bytes, start + 4, start + 8) + latin1(bytes, start + 28, start + 44);
    if (bytes[start] === REQUEST) {
      if (payload.fromInitiator) payload.userAgent = vendorClass;
      if (name === '') return;
      this.#names.delete(exchange);
      this.#names.set(exchange, name);
      if (this.#names.size <= MAX_EXCHANGES) return;
      const oldest = this.#names.keys().next().value;
      if (oldest !== undefined) this.#names.delete(oldest);
      return;
    }
    const granted = u32(bytes, start + 16);
    const known = this.#names.get(exchange) ?? name;
    if (type !== ACK || granted === 0 || lease === 0 || known === '') return;
    this.#names.delete(exchange);
    this.#answers(UNASKED_CLIENTS['dhcp-lease'], [0, 0, 0xffff, granted], known, time, time + lease * 1e6);
  }
}

const NAME_BYTES = 34;
const NAME_SERVICE = 137;
const DATAGRAM_SERVICE = 138;
/** Flags and operation of a registration or refresh, without the broadcast and recursion bits. */
const REGISTRATION = 5 << 11;
const REFRESH = 8 << 11;
const GROUP = 0x8000;
/** What a name is of (its 16th byte): workstation, file server. */
const HOST_KINDS: ReadonlySet<number> = new Set([0x00, 0x20]);
/** Hosts announce themselves at least every 12 minutes (MS-BRWS, 3.2.2.2). */
const ANNOUNCEMENT_SECONDS = 720;

/** A host's name in NetBIOS's coding, half a byte a letter (RFC 1001, 14.1); '' when it is none. */
function netbiosHost(bytes: Uint8Array, at: number): string {
  if (bytes[at] !== NAME_BYTES - 2) return '';
  let text = '';
  let kind = -1;
  for (let i = 0; i < 16; i++) {
    const high = bytes[at + 1 + i * 2] - 0x41;
    const low = bytes[at + 2 + i * 2] - 0x41;
    if (high < 0 || high > 15 || low < 0 || low > 15) return '';
    const byte = (high << 4) | low;
    if (i < 15) text += String.fromCharCode(byte);
    else kind = byte;
  }
  const name = text.trimEnd();
  return HOST_KINDS.has(kind) && HOST_LABEL.test(name) ? name : '';
}

/** Takes the name of a host that sends a datagram or registers its name, for its own address; false when it does neither. */
function readNetbios(payload: Payload, answers: AnswerSink): boolean {
  const { bytes, start, end, source, time } = payload;
  const own = source[3] >>> 0;
  if (usesPort(payload, DATAGRAM_SERVICE)) {
    // Direct datagrams: kind, flags, id, sender's address and port, length, offset, sender's name (RFC 1002, 4.4.2).
    if (end - start < 14 + NAME_BYTES * 2 || bytes[start] < 0x10 || bytes[start] > 0x12) return false;
    if (u16(bytes, start + 8) !== DATAGRAM_SERVICE || u32(bytes, start + 4) !== own) return false;
    const name = netbiosHost(bytes, start + 14);
    if (name === '') return false;
    answers(UNASKED_CLIENTS['netbios-name'], wordsOf(source), name, time, time + ANNOUNCEMENT_SECONDS * 1e6);
    return true;
  }
  // A question and, behind it, the address to register (RFC 1002, 4.2.2).
  if (!usesPort(payload, NAME_SERVICE) || end - start < 68) return false;
  const operation = u16(bytes, start + 2) & 0xf800;
  if (operation !== REGISTRATION && operation !== REFRESH) return false;
  if (u32(bytes, start + 4) !== 0x10000 || u32(bytes, start + 8) !== 1 || u16(bytes, start + 60) !== 6) return false;
  const name = netbiosHost(bytes, start + 12);
  const isGroup = (u16(bytes, start + 62) & GROUP) !== 0;
  if (name === '' || isGroup || u32(bytes, start + 64) !== own) return false;
  // 0 stands for no end.
  const seconds = u32(bytes, start + 56) || ANNOUNCEMENT_SECONDS;
  answers(UNASKED_CLIENTS['netbios-name'], wordsOf(source), name, time, time + seconds * 1e6);
  return true;
}

/** Rules for DHCP and NetBIOS that hand a host's own name to `answers`; to be tried before those that only tell the protocol. */
export function localNameRules(answers: AnswerSink): PayloadRule[] {
  const leases = new LeaseNames(answers);
  return [
    {
      id: 'dhcp-options',
      protocol: 'dhcp',
      transport: UDP,
      firstBytes: [REQUEST, REPLY],
      recognise(payload) {
        const { bytes, start, end } = payload;
        if (end - start <= OPTIONS || u32(bytes, start + OPTIONS - 4) !== DHCP_COOKIE || bytes[start + 2] > 16) {
          return payload.rule !== 0 ? WATCH : NOT_RECOGNISED;
        }
        leases.read(payload);
        return WATCH;
      },
    },
    {
      id: 'netbios-own-name',
      protocol: 'netbios',
      transport: UDP,
      recognise: (payload) => (readNetbios(payload, answers) || payload.rule !== 0 ? WATCH : NOT_RECOGNISED),
    },
  ];
}
