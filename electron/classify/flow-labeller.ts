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
import { type Catalogue, type CatalogueMatch, institutionOfMatch } from './catalogue.ts';
import type { Institution } from './institutions.ts';
import type { NameMemory } from './name-memory.ts';

/**
 * The final labelling pass: from a segment's facts, the names of the case, the catalogue, the reference tables and the
 * profile to a segment's labels. Order of evidence for the service: the flow's own name, a name joined from another log,
 * a DNS answer to the same client, one to another client, an address block. Ports name nothing.
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
export type ServiceLookup = Pick<Catalogue, 'byName' | 'byAddress'>;
/** Who knows addresses: the shipped tables, alone or under the overlays of a case. */
export type AddressLookup = Pick<ReferenceTables, 'country' | 'network' | 'organisation'>;
export type NameLookup = Pick<NameMemory, 'hasAnswers' | 'hasLogNames' | 'byUid' | 'byAddress'>;

export interface LabelSources {
  catalogue: ServiceLookup;
  reference: AddressLookup;
  memory: NameLookup;
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
  serviceByNameRecord: 40,
  serviceByDeviceName: 40,
  serviceByAddress: 60,
  protocolByPayload: 95,
} as const;

const evidenceNumber = (name: (typeof LABEL_EVIDENCE)[number]): number => LABEL_EVIDENCE.indexOf(name);
const BY_PAYLOAD = evidenceNumber('payload');
const BY_HOSTNAME = evidenceNumber('hostname');
const BY_DNS = evidenceNumber('dns');
const BY_ADDRESS = evidenceNumber('address');
const INITIATOR = SUBJECT_SIDES.indexOf('initiator');
const RESPONDER = SUBJECT_SIDES.indexOf('responder');
const BOTH = SUBJECT_SIDES.indexOf('both');
const DIRECTION_OF_SIDE = new Map([
  [SUBJECT_SIDES.indexOf('none'), DIRECTIONS.indexOf('transit')],
  [INITIATOR, DIRECTIONS.indexOf('outbound')],
  [RESPONDER, DIRECTIONS.indexOf('inbound')],
  [BOTH, DIRECTIONS.indexOf('internal')],
]);
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
/** A certificate names all hosts behind it, the SNI the one that was asked. */
const CERTIFICATE = NAME_ORIGINS.indexOf('tls-certificate');
/** Protocols whose name is a question, not the far end. */
const NAME_IS_QUESTION: ReadonlySet<string> = new Set(['dns', 'mdns', 'llmnr', 'netbios']);
/** Protocols that carry anybody's service, so that an address may name it; others speak for themselves. */
const CARRIERS: ReadonlySet<string> = new Set(['', 'tls', 'http', 'http2', 'quic', 'dtls', 'websocket']);
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

export class FlowLabeller {
  readonly #sources: LabelSources;
  readonly #ranges: DatedBlock[];
  readonly #names = new Map<string, CatalogueMatch | null>();
  /** Owners of the networks met, by AS number. */
  readonly organisations = new Map<number, string>();
  /** Institutions met by name, by the text in label column `match`; the first 100,000. */
  readonly institutions = new Map<string, Institution>();
  /** Names of institutions met after these were full; their flows are labelled all the same. */
  institutionsLeftOut = 0;

  constructor(sources: LabelSources) {
    this.#sources = sources;
    const { profile } = sources;
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
  }

  #rangeOf(words: ColumnArray, at: number, time: number): number {
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
    return { ...match, pattern };
  }

  label(facts: SegmentFactsView): SegmentLabels {
    const { rows } = facts;
    const { catalogue, reference, memory, termNumber, termId } = this.#sources;
    const start = facts.column('start');
    const initiator = facts.column('initiator');
    const responder = facts.column('responder');
    const transport = facts.column('transport');
    const payloadProtocol = facts.column('payloadProtocol');
    const name = facts.column('name');
    const nameOrigin = facts.column('nameOrigin');
    const names = facts.dictionary('name');
    const uid = facts.column('uid');
    const initiatorWords = initiator instanceof Uint32Array ? initiator : Uint32Array.from(initiator);
    const responderWords = responder instanceof Uint32Array ? responder : Uint32Array.from(responder);

    const columns = Object.fromEntries(
      (Object.keys(LABEL_COLUMNS) as LabelColumn[]).map((column) => [
        column,
        allocateColumn(LABEL_COLUMNS[column], rows),
      ]),
    ) as Record<LabelColumn, ColumnArray>;
    const linkedNames = new TextNumbers();
    const linkedUserAgents = new TextNumbers();
    const matches = new TextNumbers();
    const conflicts = new TextNumbers();
    const unknown = termNumber(UNKNOWN);
    const found = { name: '', origin: 0 };

    for (let row = 0; row < rows; row++) {
      const at = row * 4;
      const time = start[row];
      const initiatorRange = this.#rangeOf(initiator, at, time);
      const responderRange = this.#rangeOf(responder, at, time);
      const side = initiatorRange ? (responderRange ? BOTH : INITIATOR) : responderRange ? RESPONDER : 0;
      columns.subjectSide[row] = side;
      columns.range[row] = initiatorRange || responderRange;
      columns.direction[row] = DIRECTION_OF_SIDE.get(side) ?? 0;
      if (side !== 0) {
        const peer = side === RESPONDER ? initiator : responder;
        columns.country[row] = reference.country(peer[at], peer[at + 1], peer[at + 2], peer[at + 3], time);
        const asn = reference.network(peer[at], peer[at + 1], peer[at + 2], peer[at + 3], time);
        columns.asn[row] = asn;
        if (asn !== 0 && !this.organisations.has(asn)) {
          this.organisations.set(asn, reference.organisation(asn, time) ?? `AS${asn}`);
        }
      }

      let protocol = payloadProtocol[row] === 0 ? '' : (termId(payloadProtocol[row]) ?? '');
      let hostname = name[row] === 0 ? '' : names[name[row] - 1];
      let nameEvidence = hostname === '' ? 0 : BY_HOSTNAME;
      let nameConfidence: number =
        nameOrigin[row] === CERTIFICATE ? CONFIDENCE.serviceByCertificate : CONFIDENCE.serviceByOwnName;
      if (memory.hasLogNames && (uid[row * 2] !== 0 || uid[row * 2 + 1] !== 0)) {
        const linked = memory.byUid(uid[row * 2], uid[row * 2 + 1]);
        if (linked !== null) {
          if (protocol === '') protocol = linked.protocol;
          if (hostname === '' && linked.name !== '') {
            hostname = linked.name;
            nameEvidence = BY_HOSTNAME;
            columns.linkedName[row] = linkedNames.number(hostname);
            columns.linkedOrigin[row] = linked.origin;
          }
          columns.linkedUserAgent[row] = linkedUserAgents.number(linked.userAgent);
        }
      }
      if (protocol === '') protocol = PROTOCOL_OF_TRANSPORT[transport[row]] ?? '';
      const isQuestion = NAME_IS_QUESTION.has(protocol);
      if (
        hostname === '' &&
        !isQuestion &&
        memory.hasAnswers &&
        memory.byAddress(initiatorWords, at, responderWords, at, time, found)
      ) {
        hostname = found.name;
        nameEvidence = BY_DNS;
        nameConfidence = CONFIDENCE_OF_ORIGIN.get(found.origin) ?? CONFIDENCE.serviceByOtherAnswer;
        columns.linkedName[row] = linkedNames.number(hostname);
        columns.linkedOrigin[row] = found.origin;
      }

      let match: CatalogueMatch | null = null;
      let evidence = 0;
      let confidence = 0;
      if (hostname !== '' && !isQuestion) {
        match = this.#byName(hostname);
        evidence = nameEvidence;
        confidence = nameConfidence;
      }
      if (match === null && CARRIERS.has(protocol)) {
        match = catalogue.byAddress(responder[at], responder[at + 1], responder[at + 2], responder[at + 3], time);
        evidence = BY_ADDRESS;
        confidence = CONFIDENCE.serviceByAddress;
      }
      let category: Category = PROTOCOLS[protocol] ?? UNKNOWN;
      if (match === null) {
        evidence = protocol === '' ? 0 : BY_PAYLOAD;
        confidence = protocol === '' ? 0 : CONFIDENCE.protocolByPayload;
        const own = SERVICE_OF_PROTOCOL[protocol];
        if (own !== undefined) columns.service[row] = termNumber(own);
      } else {
        category = match.category;
        columns.match[row] = matches.number(match.pattern);
        if (match.service !== null) columns.service[row] = termNumber(match.service);
        if (match.service !== null && evidence !== BY_ADDRESS) {
          const other = catalogue.byAddress(
            responder[at],
            responder[at + 1],
            responder[at + 2],
            responder[at + 3],
            time,
          );
          if (other !== null && other.service !== null && other.service !== match.service) {
            columns.conflict[row] = conflicts.number(`${other.pattern} → ${other.service}`);
          }
        }
      }
      columns.protocol[row] = protocol === '' ? unknown : termNumber(protocol);
      columns.category[row] = termNumber(category);
      columns.labelEvidence[row] = evidence;
      columns.confidence[row] = confidence;
    }

    const kept: SegmentLabels['columns'] = {};
    for (const [column, array] of Object.entries(columns) as [LabelColumn, ColumnArray][]) {
      if (array.some((value) => value !== 0)) kept[column] = array;
    }
    const dictionaries: SegmentLabels['dictionaries'] = {};
    if (linkedNames.entries.length > 0) dictionaries.linkedName = linkedNames.entries;
    if (linkedUserAgents.entries.length > 0) dictionaries.linkedUserAgent = linkedUserAgents.entries;
    if (matches.entries.length > 0) dictionaries.match = matches.entries;
    if (conflicts.entries.length > 0) dictionaries.conflict = conflicts.entries;
    return { columns: kept, dictionaries };
  }
}

/** Texts of one label column, numbered from 1; 0 is the empty text. */
class TextNumbers {
  readonly entries: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(text: string): number {
    if (text === '') return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.entries.push(text);
    this.#numbers.set(text, this.entries.length);
    return this.entries.length;
  }
}
