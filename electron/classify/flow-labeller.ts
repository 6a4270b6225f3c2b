import { type AddressBlock, blockContains, isIpv4, parseBlock } from '../../shared/address.ts';
import {
  allocateColumn,
  type ColumnArray,
  DIRECTIONS,
  type FactColumn,
  LABEL_COLUMNS,
  LABEL_EVIDENCE,
  type LabelColumn,
  NAME_ORIGINS,
  SUBJECT_SIDES,
} from '../../shared/flow.ts';
import type { Profile } from '../../shared/profile.ts';
import { parseInstant } from '../../shared/time.ts';
import { type Category, PROTOCOLS, UNKNOWN } from '../../shared/vocabulary.ts';
import type { ReferenceTables } from '../reference/reference-tables.ts';
import { AddressLabels, type AddressSources } from './address-labels.ts';
import type { BehaviourLookup } from './behaviour/behaviours.ts';
import { type Catalogue, type CatalogueMatch, inOneShape, institutionOfMatch } from './catalogue.ts';
import type { Institution } from './institutions.ts';
import { CERTIFICATE } from './log-names.ts';
import { type FoundName, type NameMemory } from './name-memory.ts';
import {
  CARRIES_ENCRYPTED_DNS,
  isResolverName,
  PROTOCOL_OF_RELAYS,
  PROTOCOL_ON_PORT,
  RUNS_OVER_HTTP,
} from './refined-protocol.ts';
import { innerWebOn, type Registered, registeredOn, type Speech, speechOf, webOn } from './registered-ports.ts';
import { type RuleService, SERVICE_OF_RULE } from './service-of-rule.ts';

/**
 * The final labelling pass: from a segment's facts, the names of the case, the catalogue, the reference tables and the
 * profile to a segment's labels. Order of evidence for the service: the flow's own name, a name joined from another log,
 * a DNS answer to the same client, one to another client, an address block. Ports name nothing. What none of them labels may
 * get a category by behaviour, or, where nobody saw a payload, by the port that both ends spoke on; there a port of something else than the
 * block's service goes before the block.
 */

export interface SegmentFactsView {
  readonly rows: number;
  column(name: FactColumn): ColumnArray;
  dictionary(name: FactColumn): readonly string[];
}

export interface SegmentLabels {
  columns: Partial<Record<LabelColumn, ColumnArray>>;
  dictionaries: Partial<Record<LabelColumn, string[]>>;
}

/** Who names services: the catalogue, alone or under the overlays of a case. */
export type ServiceLookup = Pick<Catalogue, 'byName' | 'byAddress' | 'changeTimes'>;
/** Who knows addresses: the shipped tables, alone or under the overlays of a case. */
export type AddressLookup = Pick<ReferenceTables, 'country' | 'network' | 'organisation' | 'changeTimes'>;
export type NameLookup = Pick<NameMemory, 'hasAnswers' | 'hasLogNames' | 'byUid' | 'byAddress'>;

export interface LabelSources {
  catalogue: ServiceLookup;
  reference: AddressLookup;
  memory: NameLookup;
  /** What flows beside each other show; absent while the whole case is not known. */
  behaviours?: BehaviourLookup;
  profile: Profile;
  /** Number of a term in the case, made when new; and back. */
  termNumber(id: string): number;
  termId(number: number): string | null;
}

/** Confidence in percent by what a label rests on: judgement, to be replaced by measured precision. */
const CONFIDENCE = {
  serviceByOwnName: 95,
  serviceByCertificate: 70,
  serviceByClientAnswer: 80,
  serviceByOtherAnswer: 50,
  serviceByAmbiguousAnswer: 40,
  serviceByNameRecord: 40,
  serviceByDeviceName: 40,
  serviceByAddress: 60,
  serviceByFirmsAddress: 40,
  protocolByPayload: 95,
  categoryByPort: 20,
  categoryByQuestion: 10,
} as const;

/** What speaks against a service that a block of its whole firm names. */
const FIRMS_BLOCK = 'other services of the same firm are reached there, too';

const evidenceNumber = (name: (typeof LABEL_EVIDENCE)[number]): number => LABEL_EVIDENCE.indexOf(name);
const BY_PAYLOAD = evidenceNumber('payload');
const BY_HOSTNAME = evidenceNumber('hostname');
const BY_DNS = evidenceNumber('dns');
const BY_ADDRESS = evidenceNumber('address');
const BY_PORT = evidenceNumber('port');
const BY_BEHAVIOUR = evidenceNumber('behaviour');
const INITIATOR = SUBJECT_SIDES.indexOf('initiator');
const RESPONDER = SUBJECT_SIDES.indexOf('responder');
const BOTH = SUBJECT_SIDES.indexOf('both');
const DIRECTION_OF_SIDE = SUBJECT_SIDES.map((side) =>
  DIRECTIONS.indexOf(
    ({ none: 'transit', initiator: 'outbound', responder: 'inbound', both: 'internal' } as const)[side],
  ),
);
const CONFIDENCE_OF_ORIGIN: ReadonlyMap<number, number> = new Map([
  [NAME_ORIGINS.indexOf('dns-answer-client'), CONFIDENCE.serviceByClientAnswer],
  [NAME_ORIGINS.indexOf('name-record'), CONFIDENCE.serviceByNameRecord],
  [NAME_ORIGINS.indexOf('dhcp-lease'), CONFIDENCE.serviceByDeviceName],
  [NAME_ORIGINS.indexOf('mdns-announcement'), CONFIDENCE.serviceByDeviceName],
  [NAME_ORIGINS.indexOf('netbios-name'), CONFIDENCE.serviceByDeviceName],
]);

/** Protocols that IP itself names. */
const PROTOCOL_OF_TRANSPORT: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  50: 'ipsec',
  51: 'ipsec',
  58: 'icmp6',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  113: 'pgm',
  115: 'l2tp',
  132: 'sctp',
};
/** Protocols that one service alone speaks. */
const SERVICE_OF_PROTOCOL: Readonly<Record<string, string>> = {
  oicq: 'qq',
  'steam-datagram-relay': 'steam',
  'steam-wire': 'steam',
  tailscale: 'tailscale',
  'telegram-mtproto': 'telegram',
  viber: 'viber',
  'whatsapp-wire': 'whatsapp',
};
/** Protocols whose name is a question, not the far end. */
const NAME_IS_QUESTION: ReadonlySet<string> = new Set(['dns', 'mdns', 'llmnr', 'netbios']);
/** Protocols that carry anybody's service, so that an address may name it; others speak for themselves. */
const CARRIERS: ReadonlySet<string> = new Set([
  '', 'tls', 'http', 'http2', 'quic', 'dtls', 'websocket', 'encrypted-dns', 'stun', 'rtp', 'rtcp', 'srtp', 'wireguard',
]); // prettier-ignore
const ENCRYPTED_DNS = 'encrypted-dns';
/** HTTPS (RFC 8484), DoT (RFC 7858), and DoQ (RFC 9250) with its draft's ports. */
const ENCRYPTED_DNS_PORTS: ReadonlySet<number> = new Set([443, 784, 853, 8853]);
/** Terms that a case usually has at most; tables by their numbers begin so long, and do not change their kind with their length. */
const USUAL_TERMS = 1024;
const MAX_CACHED_NAMES = 200_000;
const MAX_INSTITUTIONS = 100_000;

interface DatedBlock {
  readonly block: AddressBlock;
  /** An IPv4 block, with its last word and that word's mask. */
  readonly ipv4: boolean;
  readonly word: number;
  readonly mask: number;
  readonly from: number;
  readonly to: number;
  /** Index + 1 in the profile's ranges. */
  readonly number: number;
}

/** What a protocol means for a flow's labels; numbers of terms are 0 until they are asked for. */
interface ProtocolTraits {
  readonly id: string;
  readonly isQuestion: boolean;
  readonly isCarrier: boolean;
  readonly category: Category;
  /** The service that alone speaks it. */
  readonly service: string | null;
  /** Responder's port → what is spoken over it there. */
  readonly onPort: ReadonlyMap<number, string> | null;
  readonly mayAskDns: boolean;
  term: number;
}

type LabelColumns = Record<LabelColumn, ColumnArray>;
type LabelTexts = Record<
  'linkedName' | 'linkedUserAgent' | 'linkedJa3' | 'linkedJa4' | 'match' | 'conflict',
  TextNumbers
>;

/** What the profile, the catalogue and the reference tables say of an address. */
class TablesOfAddresses implements AddressSources {
  readonly changeTimes: readonly number[];
  readonly #ranges: DatedBlock[];
  readonly #catalogue: ServiceLookup;
  readonly #reference: AddressLookup;

  constructor({ profile, catalogue, reference }: LabelSources) {
    this.#ranges = profile.ranges.flatMap((range, index) => {
      const block = parseBlock(range.cidr);
      if (block === null) return [];
      const from = range.from === undefined ? null : parseInstant(range.from, profile.timeZone);
      const to = range.to === undefined ? null : parseInstant(range.to, profile.timeZone);
      const [a, b, c, word] = block.words;
      const ipv4 = isIpv4(a, b, c) && block.bits >= 96;
      const mask = block.bits === 96 ? 0 : -1 << (128 - block.bits);
      // `to` names the last day that still counts.
      return [
        {
          block,
          ipv4,
          word,
          mask,
          from: from ?? -Infinity,
          to: to === null ? Infinity : to + 86_400e6,
          number: index + 1,
        },
      ];
    });
    // The most specific range wins.
    this.#ranges.sort((x, y) => y.block.bits - x.block.bits || x.number - y.number);
    this.#catalogue = catalogue;
    this.#reference = reference;
    const changesOfRanges = this.#ranges.flatMap(({ from, to }) => [from, to]);
    this.changeTimes = [...catalogue.changeTimes, ...reference.changeTimes, ...changesOfRanges];
  }

  range(words: ColumnArray, at: number, time: number): number {
    const a = words[at];
    const b = words[at + 1];
    const c = words[at + 2];
    const d = words[at + 3];
    const mapped = isIpv4(a, b, c);
    for (const range of this.#ranges) {
      // Most ranges are IPv4 blocks, decided by one word.
      if (range.ipv4 ? !mapped || ((d ^ range.word) & range.mask) !== 0 : !blockContains(range.block, a, b, c, d))
        continue;
      if (time >= range.from && time < range.to) return range.number;
    }
    return 0;
  }

  country(a: number, b: number, c: number, d: number, time: number): number {
    return this.#reference.country(a, b, c, d, time);
  }

  network(a: number, b: number, c: number, d: number, time: number): number {
    return this.#reference.network(a, b, c, d, time);
  }

  service(a: number, b: number, c: number, d: number, time: number): CatalogueMatch | null {
    return this.#catalogue.byAddress(a, b, c, d, time);
  }
}

export class FlowLabeller {
  readonly #sources: LabelSources;
  readonly #addresses: AddressLabels;
  readonly #protocols = new Map<string, ProtocolTraits>();
  /** By number of the protocol's term, and by transport. */
  readonly #traitsOfTerm = Array.from<ProtocolTraits | undefined>({ length: USUAL_TERMS });
  readonly #traitsOfTransport = Array.from<ProtocolTraits | undefined>({ length: 256 });
  /** By number of the rule's term; 0 is no rule. */
  readonly #serviceOfRule = Array.from<RuleService | null | undefined>({ length: USUAL_TERMS });
  readonly #termNumbers = new Map<string, number>();
  readonly #names = new Map<string, CatalogueMatch | null>();
  /** Owners of the networks met, by AS number. */
  readonly organisations = new Map<number, string>();
  /** Institutions met by name, by the text in label column `match`; the first 100,000. */
  readonly institutions = new Map<string, Institution>();
  /** Names of institutions met after these were full; their flows are labelled all the same. */
  institutionsLeftOut = 0;

  constructor(sources: LabelSources) {
    this.#sources = sources;
    this.#addresses = new AddressLabels(new TablesOfAddresses(sources));
  }

  #traitsOf(protocol: string): ProtocolTraits {
    const known = this.#protocols.get(protocol);
    if (known !== undefined) return known;
    const traits: ProtocolTraits = {
      id: protocol,
      isQuestion: NAME_IS_QUESTION.has(protocol),
      isCarrier: CARRIERS.has(protocol),
      category: PROTOCOLS[protocol] ?? UNKNOWN,
      service: SERVICE_OF_PROTOCOL[protocol] ?? null,
      onPort: PROTOCOL_ON_PORT[protocol] ?? null,
      mayAskDns: CARRIES_ENCRYPTED_DNS.has(protocol),
      term: 0,
    };
    this.#protocols.set(protocol, traits);
    return traits;
  }

  #term(id: string): number {
    let number = this.#termNumbers.get(id);
    if (number === undefined) this.#termNumbers.set(id, (number = this.#sources.termNumber(id)));
    return number;
  }

  #byName(name: string): CatalogueMatch | null {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_CACHED_NAMES) this.#names.clear();
    const found = this.#sources.catalogue.byName(name);
    const match = found === null ? null : this.#withInstitution(found, name);
    this.#names.set(name, match);
    return match;
  }

  /** The match, telling of the institution that it names no service of: `iitg.ac.in (IIT Guwahati, IN)`. */
  #withInstitution(match: CatalogueMatch, name: string): CatalogueMatch {
    const institution = institutionOfMatch(match, name);
    if (institution === null) return match;
    const { domain, country } = institution;
    const told = [institution.name === domain ? match.pattern : institution.name, country].filter(
      (part) => part !== null,
    );
    const pattern = match.service === null ? `${domain} (${told.join(', ')})` : match.pattern;
    if (!this.institutions.has(pattern)) {
      if (this.institutions.size < MAX_INSTITUTIONS) this.institutions.set(pattern, institution);
      else this.institutionsLeftOut++;
    }
    return inOneShape({ ...match, pattern });
  }

  /**
   * What is registered for a port, where it says more than the address block that names the flow (`match`): a block names what carries anybody's
   * service (TLS on the port of secure mail, too); a port of something else goes before it.
   */
  #registeredFor(
    transport: number,
    port: number,
    match: CatalogueMatch | null,
    hasName: boolean,
    side: number,
  ): Registered | null {
    const registered = registeredOn(transport, port);
    // Who comes to a controller's port from outside is mostly one of those that try all of them with whatever they speak (Mirian et al., PST 2016).
    if (registered?.category === 'industrial' && side === RESPONDER) return null;
    if (match === null) {
      if (registered !== null) return registered;
      return hasName ? webOn(transport, port) : side === BOTH ? innerWebOn(transport, port) : null;
    }
    return registered === null || registered.category === match.category || isOverTls(port) ? null : registered;
  }

  label(facts: SegmentFactsView): SegmentLabels {
    const columns = Object.fromEntries(
      (Object.keys(LABEL_COLUMNS) as LabelColumn[]).map((column) => [
        column,
        allocateColumn(LABEL_COLUMNS[column], facts.rows),
      ]),
    ) as LabelColumns;
    const texts: LabelTexts = {
      linkedName: new TextNumbers(),
      linkedUserAgent: new TextNumbers(),
      linkedJa3: new TextNumbers(),
      linkedJa4: new TextNumbers(),
      match: new TextNumbers(),
      conflict: new TextNumbers(),
    };
    this.#labelRows(facts, columns, texts);
    const kept: SegmentLabels['columns'] = {};
    for (const [column, array] of Object.entries(columns) as [LabelColumn, ColumnArray][]) {
      if (!isAllZero(array)) kept[column] = array;
    }
    const dictionaries: SegmentLabels['dictionaries'] = {};
    for (const [column, { entries }] of Object.entries(texts) as [keyof LabelTexts, TextNumbers][]) {
      if (entries.length > 1) dictionaries[column] = entries.slice(1);
    }
    return { columns: kept, dictionaries };
  }

  /** Nothing follows the loop: V8 compiles it while it runs, knows nothing of what was never reached, and throws all away there. */
  #labelRows(facts: SegmentFactsView, columns: LabelColumns, texts: LabelTexts): void {
    const { rows } = facts;
    const { reference, memory, termId } = this.#sources;
    const addresses = this.#addresses;
    const start = facts.column('start');
    const initiator = facts.column('initiator');
    const responder = facts.column('responder');
    const transport = facts.column('transport');
    const initiatorPort = facts.column('initiatorPort');
    const responderPort = facts.column('responderPort');
    const payloadProtocol = facts.column('payloadProtocol');
    const payloadRule = facts.column('payloadRule');
    const name = facts.column('name');
    const nameOrigin = facts.column('nameOrigin');
    const names = facts.dictionary('name');
    const uid = facts.column('uid');
    const initiatorTtl = facts.column('initiatorTtl');
    const responderTtl = facts.column('responderTtl');
    const packetsOut = facts.column('packetsOut');
    const packetsIn = facts.column('packetsIn');
    const bytesOut = facts.column('bytesOut');
    const bytesIn = facts.column('bytesIn');
    const tcpFlags = facts.column('tcpFlags');
    const initiatorWords = initiator instanceof Uint32Array ? initiator : Uint32Array.from(initiator);
    const responderWords = responder instanceof Uint32Array ? responder : Uint32Array.from(responder);
    const { hasAnswers, hasLogNames } = memory;

    const { subjectSide, range, direction, country, asn, protocol: protocolColumn, service, category } = columns;
    const { labelEvidence, confidence: confidenceColumn, match: matchColumn } = columns;
    const { match: matches, conflict: conflicts } = texts;
    const unknown = this.#term(UNKNOWN);
    const found: FoundName = { name: '', origin: 0, rival: '' };
    const { behaviours } = this.#sources;
    const behaviourColumns = behaviours?.columnsOf(facts) ?? null;
    const noProtocol = this.#traitsOf('');
    /** By number of the name. */
    const matchOfName = Array.from<CatalogueMatch | null | undefined>({ length: names.length + 1 });
    const isResolverOfName = Array.from<boolean | undefined>({ length: names.length + 1 });

    for (let row = 0; row < rows; row++) {
      const at = row * 4;
      const time = start[row];
      let slot = addresses.slot(initiator, at, time);
      const initiatorRange = addresses.range(slot);
      slot = addresses.slot(responder, at, time);
      const responderRange = addresses.range(slot);
      const side = initiatorRange ? (responderRange ? BOTH : INITIATOR) : responderRange ? RESPONDER : 0;
      subjectSide[row] = side;
      range[row] = initiatorRange || responderRange;
      direction[row] = DIRECTION_OF_SIDE[side] ?? 0;
      if (side !== 0) {
        if (side === RESPONDER) slot = addresses.slot(initiator, at, time);
        const known = addresses.knewPlace(slot, time);
        country[row] = addresses.country(slot);
        const number = addresses.network(slot);
        asn[row] = number;
        if (!known && number !== 0 && !this.organisations.has(number)) {
          this.organisations.set(number, reference.organisation(number, time) ?? `AS${number}`);
        }
        if (side === RESPONDER) slot = addresses.slot(responder, at, time);
      }

      const term = payloadProtocol[row];
      let protocol = term === 0 ? noProtocol : (this.#traitsOfTerm[term] ??= this.#traitsOf(termId(term) ?? ''));
      const ownName = name[row];
      let hostname = ownName === 0 ? '' : names[ownName - 1];
      let nameEvidence = hostname === '' ? 0 : BY_HOSTNAME;
      /** What speaks against the name or the service. */
      let doubt = '';
      let nameConfidence: number =
        nameOrigin[row] === CERTIFICATE ? CONFIDENCE.serviceByCertificate : CONFIDENCE.serviceByOwnName;
      const hasOwnName = hostname !== '';
      if (hasLogNames && (uid[row * 2] !== 0 || uid[row * 2 + 1] !== 0)) {
        const linked = memory.byUid(uid[row * 2], uid[row * 2 + 1]);
        if (linked !== null) {
          if (protocol.id === '' || (protocol.id === 'http' && RUNS_OVER_HTTP.has(linked.protocol))) {
            protocol = this.#traitsOf(linked.protocol);
          }
          if (hostname === '' && linked.name !== '') {
            hostname = linked.name;
            nameEvidence = BY_HOSTNAME;
            if (linked.origin === CERTIFICATE) nameConfidence = CONFIDENCE.serviceByCertificate;
            columns.linkedName[row] = texts.linkedName.number(hostname);
            columns.linkedOrigin[row] = linked.origin;
          }
          columns.linkedUserAgent[row] = texts.linkedUserAgent.number(linked.userAgent);
          columns.linkedJa3[row] = texts.linkedJa3.number(linked.ja3);
          columns.linkedJa4[row] = texts.linkedJa4.number(linked.ja4);
        }
      }
      if (protocol.id === '') {
        const number = transport[row];
        protocol = this.#traitsOfTransport[number] ??= this.#traitsOf(PROTOCOL_OF_TRANSPORT[number] ?? '');
      }
      if (
        hostname === '' &&
        hasAnswers &&
        !protocol.isQuestion &&
        memory.byAddress(initiatorWords, at, responderWords, at, time, found)
      ) {
        hostname = found.name;
        nameEvidence = BY_DNS;
        nameConfidence = CONFIDENCE_OF_ORIGIN.get(found.origin) ?? CONFIDENCE.serviceByOtherAnswer;
        columns.linkedName[row] = texts.linkedName.number(hostname);
        columns.linkedOrigin[row] = found.origin;
      }

      let match: CatalogueMatch | null = null;
      let evidence = 0;
      let confidence = 0;
      if (hostname !== '' && !protocol.isQuestion) {
        const known = hasOwnName ? matchOfName[ownName] : undefined;
        match = known === undefined ? this.#byName(hostname) : known;
        if (hasOwnName) matchOfName[ownName] = match;
        evidence = nameEvidence;
        confidence = nameConfidence;
        if (nameEvidence === BY_DNS && found.rival !== '') {
          const rival = this.#byName(found.rival)?.service ?? null;
          doubt = `DNS gave this address for ${found.rival}, too`;
          if (rival !== (match?.service ?? null)) {
            if (rival !== null) doubt += ` → ${rival}`;
            confidence = Math.min(confidence, CONFIDENCE.serviceByAmbiguousAnswer);
          }
        }
      }
      const rule = payloadRule[row];
      let form = this.#serviceOfRule[rule];
      if (form === undefined) this.#serviceOfRule[rule] = form = SERVICE_OF_RULE[termId(rule) ?? ''] ?? null;
      // The flow's own name is stronger than its form; answers and addresses are weaker.
      if (form !== null && evidence !== BY_HOSTNAME) match = null;
      if (match === null && form === null && protocol.isCarrier) {
        match = addresses.service(slot, time);
        // What else goes to a resolver (questions in the clear, pings, probes) is no encrypted DNS.
        if (match?.subcategory === ENCRYPTED_DNS && !ENCRYPTED_DNS_PORTS.has(responderPort[row])) match = null;
        evidence = BY_ADDRESS;
        confidence = CONFIDENCE.serviceByAddress;
        if (match?.isFirms === true) {
          doubt += `${doubt === '' ? '' : '; and '}${FIRMS_BLOCK}`;
          confidence = CONFIDENCE.serviceByFirmsAddress;
        }
      }
      const isSilent = protocol.id === '' && form === null;
      let registered: Registered | null = null;
      // Captures tell a TTL, logs with an analyser an id: those looked at the payload and found nothing.
      const nobodyLooked = rule === 0 && initiatorTtl[row] + responderTtl[row] + uid[row * 2] + uid[row * 2 + 1] === 0;
      let speech: Speech = 'none';
      if (isSilent && nobodyLooked && (match === null || evidence === BY_ADDRESS)) {
        registered = this.#registeredFor(transport[row], responderPort[row], match, nameEvidence !== 0, side);
        if (registered !== null) {
          speech = speechOf(registered.name, {
            transport: transport[row],
            initiatorPort: initiatorPort[row],
            responderPort: responderPort[row],
            packetsOut: packetsOut[row],
            packetsIn: packetsIn[row],
            bytesOut: bytesOut[row],
            bytesIn: bytesIn[row],
            tcpFlags: tcpFlags[row],
            isIpv6: !isIpv4(responder[at], responder[at + 1], responder[at + 2]),
            toMany: isToMany(responder, at),
          });
        }
        if (speech === 'none' || (speech === 'question' && match !== null)) registered = null;
        else if (match !== null) {
          doubt = `address block ${match.pattern} → ${match.service ?? match.category}`;
          match = null;
        }
      }
      let spoken = protocol;
      if (protocol.onPort !== null) {
        const onPort = protocol.onPort.get(responderPort[row]);
        if (onPort !== undefined) spoken = this.#traitsOf(onPort);
      }
      if (protocol.mayAskDns && nameEvidence === BY_HOSTNAME) {
        let isResolver = hasOwnName ? isResolverOfName[ownName] : undefined;
        if (isResolver === undefined) {
          isResolver = isResolverName(hostname, match?.subcategory === ENCRYPTED_DNS);
          if (hasOwnName) isResolverOfName[ownName] = isResolver;
        }
        if (isResolver) spoken = this.#traitsOf(ENCRYPTED_DNS);
        const ofRelay = match === null ? undefined : PROTOCOL_OF_RELAYS[match.pattern];
        if (ofRelay !== undefined) spoken = this.#traitsOf(ofRelay);
      }
      let flowCategory = spoken.category;
      if (match === null) {
        evidence = isSilent ? 0 : BY_PAYLOAD;
        confidence = isSilent ? 0 : CONFIDENCE.protocolByPayload;
        if (form !== null) {
          service[row] = this.#term(form.service);
          flowCategory = form.category;
        } else if (protocol.service !== null) service[row] = this.#term(protocol.service);
        const mark = isSilent && behaviourColumns !== null ? (behaviours?.markOf(behaviourColumns, row) ?? null) : null;
        if (mark !== null) {
          flowCategory = mark.category;
          evidence = BY_BEHAVIOUR;
          confidence = mark.confidence;
          matchColumn[row] = matches.number(mark.detail);
        } else if (registered !== null) {
          flowCategory = registered.category;
          evidence = BY_PORT;
          confidence = speech === 'question' ? CONFIDENCE.categoryByQuestion : CONFIDENCE.categoryByPort;
          matchColumn[row] = matches.number(
            speech === 'question' ? `${registered.name} (nobody was seen to answer)` : registered.name,
          );
        }
      } else {
        flowCategory = match.category;
        matchColumn[row] = matches.number(match.pattern);
        if (match.service !== null) {
          service[row] = this.#term(match.service);
          const other = evidence === BY_ADDRESS ? null : addresses.service(slot, time);
          if (other !== null && other.service !== null && !isOneOwner(other, match)) {
            doubt += `${doubt === '' ? '' : '; and '}address block ${other.pattern} → ${other.service}`;
          }
        }
      }
      if (protocol.id === '') protocolColumn[row] = unknown;
      else protocolColumn[row] = spoken.term ||= this.#term(spoken.id);
      category[row] = this.#term(flowCategory);
      columns.conflict[row] = conflicts.number(doubt);
      labelEvidence[row] = evidence;
      confidenceColumn[row] = confidence;
    }
  }
}

/** Whether it is TLS that carries what is registered for a port. */
function isOverTls(port: number): boolean {
  return PROTOCOL_ON_PORT['tls']?.has(port) ?? false;
}

/** Whether two entries are of one service, or of two of one firm, which may share addresses. */
function isOneOwner(x: CatalogueMatch, y: CatalogueMatch): boolean {
  return x.service === y.service || (x.owner !== undefined && x.owner === y.owner);
}

/** Whether an address is a group's, or everybody's in a network (IPv4: ends in 255). */
function isToMany(words: ColumnArray, at: number): boolean {
  if (!isIpv4(words[at], words[at + 1], words[at + 2])) return words[at] >>> 24 === 0xff;
  return words[at + 3] >>> 28 === 0xe || (words[at + 3] & 0xff) === 0xff;
}

/** For an array that has its memory for itself. */
function isAllZero({ buffer, byteLength }: ColumnArray): boolean {
  const words = new Uint32Array(buffer, 0, byteLength >>> 2);
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) return false;
  const rest = new Uint8Array(buffer, words.byteLength, byteLength & 3);
  return rest.every((byte) => byte === 0);
}

/** Texts of one label column by their number; 0 is the empty text. */
class TextNumbers {
  readonly entries = [''];
  readonly #numbers = new Map<string, number>();

  number(text: string): number {
    if (text === '') return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.entries.push(text) - 1;
    this.#numbers.set(text, number);
    return number;
  }
}
