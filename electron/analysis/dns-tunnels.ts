import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { SUBJECT_SIDES } from '../../shared/flow.ts';
import { ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import { AddressNumbers } from '../casefile/address-numbers.ts';
import type { FlowCollector } from './flow-collector.ts';

/**
 * Finds data carried in the questions of DNS: a host that asks for many different, long and irregular names under one
 * domain. After Born and Gustafson ("Detecting DNS Tunnels Using Character Frequency Analysis", 2010) and Nadler, Aminov and
 * Shabtai ("Detection of Malicious and Low Throughput Data Exfiltration Over the DNS Protocol", Computers & Security 80,
 * 2019): number and share of different names, their length and the entropy of their characters, by host and domain.
 */

const DNS_PORT = 53;
/** Different names under one domain that one host must ask for. */
export const TUNNEL_NAMES = 100;
/** Least share of different names among the questions, mean length (characters before the domain) and entropy (bits). */
const UNIQUE_SHARE = 0.8;
const MEAN_LENGTH = 30;
const ENTROPY = 3;
/** Shorter names are not looked at: a tunnel wants room. */
const SHORTEST = 16;
/** Names and pairs that are kept; beyond, counts are lower bounds. */
const MOST_NAMES = 1 << 20;

/** Domains that are asked for long names by design: reverse look-ups, reputation of addresses and files. */
const ASKED_BY_DESIGN =
  /(^|\.)(arpa|local|mcafee\.com|sophosxl\.net|spamhaus\.org|surbl\.org|uribl\.com|barracudacentral\.org|dnsbl\.\w+|trendmicro\.com|e5\.sk|avast\.com|senderbase\.org|bondedsender\.org|cymru\.com|akadns\.net|akamaiedge\.net|amazonaws\.com)$/;

/** Second levels under which a country registers names (`co.uk`, `edu.cn`). */
const SECOND_LEVELS = /^(ac|co|com|edu|gob|gov|go|ne|net|or|org|mil|res|nic)$/;

/** A tunnel: one host, one domain. */
export interface DnsTunnel {
  readonly host: string;
  readonly domain: string;
  /** Questions, and different names among them. */
  readonly questions: number;
  readonly names: number;
  readonly meanLength: number;
  readonly entropy: number;
  /** Local days with such questions, since 1970-01-01. */
  readonly days: ReadonlySet<number>;
  /** Questions and their bytes, multiplied by the sampling rate. */
  readonly flows: number;
  readonly bytes: number;
}

interface ParsedName {
  readonly number: number;
  readonly domain: number;
  readonly length: number;
  readonly entropy: number;
}

interface Questions {
  questions: number;
  names: number;
  /** Over the different names. */
  length: number;
  entropy: number;
  flows: number;
  bytes: number;
  readonly days: Set<number>;
}

/** The domain that a name is registered under, and what stands before it. */
export function registeredDomain(name: string): { domain: string; before: string } {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  const isSecond = labels.length > 2 && SECOND_LEVELS.test(labels.at(-2) ?? '') && (labels.at(-1) ?? '').length === 2;
  const kept = isSecond ? 3 : 2;
  return { domain: labels.slice(-kept).join('.'), before: labels.slice(0, -kept).join('.') };
}

/** Shannon entropy of the characters of a text, bits a character. */
export function characterEntropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / text.length) * Math.log2(count / text.length);
  return entropy;
}

export class DnsTunnelCollector implements FlowCollector {
  readonly #hosts = new AddressNumbers();
  readonly #domains = new Map<string, number>();
  readonly #names = new Map<string, ParsedName>();
  /** (host, domain), and (that, name). */
  readonly #pairs = new PairIndex();
  readonly #asked = new PairIndex();
  readonly #questions: Questions[] = [];
  #clock: ZoneClock | null = null;
  /** Questions that were not compared since the tables were full. */
  leftOut = 0;
  /** Flows from inside that are DNS by payload or, nothing better known, by port; and those whose question is told. */
  flows = 0;
  questions = 0;

  addSegment(reader: CaseReader, segment: SegmentInfo): void {
    const dns = reader.termNumber('dns') ?? -1;
    const unknown = reader.termNumber(UNKNOWN);
    const protocol = reader.column(segment, 'protocol');
    const port = reader.column(segment, 'responderPort');
    if (!protocol.includes(dns) && !port.includes(DNS_PORT)) return;
    const clock = (this.#clock ??= new ZoneClock(reader.profile.timeZone));
    const side = reader.column(segment, 'subjectSide');
    const inside = SUBJECT_SIDES.indexOf('initiator');
    const both = SUBJECT_SIDES.indexOf('both');
    const name = reader.column(segment, 'name');
    const texts = reader.dictionary(segment, 'name');
    const linked = reader.column(segment, 'linkedName');
    const linkedTexts = reader.dictionary(segment, 'linkedName');
    const parsed: (ParsedName | null | undefined)[] = [];
    const parsedLinked: (ParsedName | null | undefined)[] = [];
    const initiator = reader.column(segment, 'initiator');
    const start = reader.column(segment, 'start');
    const bytesOut = reader.column(segment, 'bytesOut');
    const bytesIn = reader.column(segment, 'bytesIn');
    const sampling = reader.column(segment, 'sampling');
    for (let row = 0; row < segment.rows; row++) {
      const isDns = protocol[row] === dns;
      if (!isDns && (port[row] !== DNS_PORT || protocol[row] !== unknown)) continue;
      if (side[row] !== inside && side[row] !== both) continue;
      this.flows++;
      if (!isDns) continue;
      // Logs of names (Zeek's dns.log) are joined with the flows that they tell of.
      const isOwn = name[row] !== 0;
      if (!isOwn && linked[row] === 0) continue;
      if (!(start[row] >= 0)) continue;
      this.questions++;
      const asked = isOwn
        ? (parsed[name[row]] ??= this.#parse(texts[name[row] - 1]))
        : (parsedLinked[linked[row]] ??= this.#parse(linkedTexts[linked[row] - 1]));
      if (asked === null) continue;
      const pair = this.#pairs.number(this.#hosts.number(initiator, row * 4), asked.domain);
      const of = (this.#questions[pair] ??= {
        questions: 0,
        names: 0,
        length: 0,
        entropy: 0,
        flows: 0,
        bytes: 0,
        days: new Set(),
      });
      of.questions++;
      const rate = sampling[row] || 1;
      of.flows += rate;
      of.bytes += (bytesOut[row] + bytesIn[row]) * rate;
      of.days.add(Math.floor(clock.localHour(start[row]) / 24));
      const known = this.#asked.size;
      if (known >= MOST_NAMES) {
        this.leftOut++;
        continue;
      }
      if (this.#asked.number(pair, asked.number) !== known) continue;
      of.names++;
      of.length += asked.length;
      of.entropy += asked.entropy;
    }
  }

  /** A name that is long enough to carry something; null for all others. */
  #parse(text: string): ParsedName | null {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const { domain, before } = registeredDomain(text);
    if (before.length < SHORTEST || ASKED_BY_DESIGN.test(domain)) return null;
    if (this.#names.size >= MOST_NAMES) {
      this.leftOut++;
      return null;
    }
    let number = this.#domains.get(domain);
    if (number === undefined) this.#domains.set(domain, (number = this.#domains.size));
    // Entropies in 1/1024 bit, so that their sum does not depend on the order of flows.
    const entropy = Math.round(characterEntropy(before) * 1024) / 1024;
    const name = { number: this.#names.size, domain: number, length: before.length, entropy };
    this.#names.set(text, name);
    return name;
  }

  /** The tunnels, most names first. */
  tunnels(): DnsTunnel[] {
    const domains = [...this.#domains.keys()];
    return this.#questions
      .map((of, pair) => ({
        host: this.#hosts.text(this.#pairs.first(pair)),
        domain: domains[this.#pairs.second(pair)] ?? '',
        questions: of.questions,
        names: of.names,
        meanLength: of.length / Math.max(1, of.names),
        entropy: of.entropy / Math.max(1, of.names),
        days: of.days,
        flows: of.flows,
        bytes: of.bytes,
      }))
      .filter(
        ({ names, questions, meanLength, entropy }) =>
          names >= TUNNEL_NAMES && names >= UNIQUE_SHARE * questions && meanLength >= MEAN_LENGTH && entropy >= ENTROPY,
      )
      .toSorted((x, y) => y.names - x.names || (`${x.host} ${x.domain}` < `${y.host} ${y.domain}` ? -1 : 1));
  }
}

/** What the detector looks for, for the parameters of findings. */
export const DNS_TUNNEL_PARAMETERS = {
  tunnelNames: TUNNEL_NAMES,
  uniqueShare: UNIQUE_SHARE,
  meanLength: MEAN_LENGTH,
  entropyBits: ENTROPY,
  shortestName: SHORTEST,
} as const;
