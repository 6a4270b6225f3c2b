import { isIpv4 } from '../../shared/address.ts';
import {
  type ColumnArray,
  CONN_STATES,
  DIRECTIONS,
  DUPLICATES,
  type FlowColumn,
  formatAssembly,
  formatTcpFlags,
  isGivenAddress,
  LABEL_EVIDENCE,
  outerFlowId,
  SUBJECT_SIDES,
  TCP,
  transportName,
} from '../../shared/flow.ts';
import type { OrderField } from '../../shared/flow-order.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { IndicatorMatches } from './indicator-matches.ts';

/** Numbers that flows are ordered by, whatever the field: texts and long addresses by their rank in the case. */

/** The key of every row of a segment, NaN where the field is absent; the array may be used again for the next segment. */
export type OrderKeys = (segment: SegmentInfo) => ArrayLike<number>;

export function orderKeys(reader: CaseReader, field: OrderField): OrderKeys {
  switch (field) {
    case 'start':
    case 'end':
    case 'initiatorPort':
    case 'responderPort':
    case 'packetsOut':
    case 'packetsIn':
    case 'bytesOut':
    case 'bytesIn':
    case 'confidence':
    case 'locator':
      return (segment) => reader.column(segment, field);
    case 'duration':
      return computed(reader, 'end', 'start', (end, start) => end - start);
    case 'bytes':
      return computed(reader, 'bytesOut', 'bytesIn', (out, back) => out + back);
    case 'packets':
      return computed(reader, 'packetsOut', 'packetsIn', (out, back) => out + back);
    case 'sampling':
      return computed(reader, 'sampling', 'sampling', (rate) => rate || 1);
    case 'asn':
    case 'country':
    case 'inputInterface':
    case 'outputInterface':
      // Two letters packed high byte first go by the alphabet.
      return computed(reader, field, field, (value) => value || Number.NaN);
    case 'initiator':
    case 'responder':
    case 'host':
    case 'peer':
    case 'exporter':
    case 'nextHop':
      return addressKeys(reader, field);
    case 'protocol':
    case 'category':
      return codedKeys(reader, field, (code) => reader.term(code) ?? UNKNOWN);
    case 'service':
      return codedKeys(reader, field, (code) => (code === 0 ? null : reader.term(code)));
    case 'transport':
      return codedKeys(reader, field, transportName);
    case 'state':
      return codedKeys(reader, field, (code) => CONN_STATES[code] ?? null);
    case 'subjectSide':
      return codedKeys(reader, field, (code) => SUBJECT_SIDES[code] ?? null);
    case 'direction':
      return codedKeys(reader, field, (code) => DIRECTIONS[code] ?? null);
    case 'duplicate':
      return codedKeys(reader, field, (code) => DUPLICATES[code] ?? null);
    case 'labelEvidence':
      return codedKeys(reader, field, (code) => LABEL_EVIDENCE[code] ?? null);
    case 'assembly':
      return codedKeys(reader, field, formatAssembly);
    case 'range': {
      const { ranges } = reader.profile;
      return codedKeys(reader, field, (code) => ranges[code - 1]?.label ?? null);
    }
    case 'organisation':
      return textKeys(reader, (segment) => {
        const asns = reader.column(segment, 'asn');
        const known = new Map<number, string | null>([[0, null]]);
        return (row) => {
          const asn = asns[row];
          let name = known.get(asn);
          if (name === undefined) known.set(asn, (name = reader.organisation(asn)));
          return name;
        };
      });
    case 'tcpFlags':
      return textKeys(reader, (segment) => {
        const flags = reader.column(segment, 'tcpFlags');
        const transports = reader.column(segment, 'transport');
        return (row) => (transports[row] === TCP ? TCP_FLAGS[flags[row]] : null);
      });
    case 'hostname':
      return dictionaryKeys(reader, 'name', 'linkedName');
    case 'userAgent':
      return dictionaryKeys(reader, 'userAgent', 'linkedUserAgent');
    case 'via':
    case 'forwardedFor':
    case 'synOptions':
    case 'enterpriseFields':
      return dictionaryKeys(reader, field, field);
    case 'ja3':
      return dictionaryKeys(reader, 'ja3', 'linkedJa3');
    case 'ja4':
      return dictionaryKeys(reader, 'ja4', 'linkedJa4');
    case 'indicator':
      return textKeys(reader, (segment) => IndicatorMatches.of(reader).ofSegment(segment));
    case 'tunnel':
      return textKeys(reader, (segment) => {
        const [tunnels, depths] = [reader.column(segment, 'tunnel'), reader.column(segment, 'depth')];
        return (row) => outerFlowId(segment.evidence, tunnels[row], depths[row]);
      });
    case 'evidence': {
      const ids = [...new Set(reader.segments().map(({ evidence }) => evidence))];
      return ({ evidence, rows }) => new Uint32Array(rows).fill(ids.indexOf(evidence));
    }
  }
}

const TCP_FLAGS = Array.from({ length: 256 }, (_, flags) => formatTcpFlags(flags));

function scratchKeys(): (rows: number) => Float64Array {
  let scratch = new Float64Array(0);
  return (rows) => (scratch = scratch.length < rows ? new Float64Array(rows) : scratch);
}

function computed(
  reader: CaseReader,
  first: FlowColumn,
  second: FlowColumn,
  compute: (a: number, b: number) => number,
): OrderKeys {
  const scratch = scratchKeys();
  return (segment) => {
    const [a, b, into] = [reader.column(segment, first), reader.column(segment, second), scratch(segment.rows)];
    for (let row = 0; row < segment.rows; row++) into[row] = compute(a[row], b[row]);
    return into;
  };
}

/** Rank of each text; NaN stands for none. */
function ranksOf(texts: Iterable<string>): Map<string | null, number> {
  const sorted = [...new Set(texts)].toSorted((a, b) => (a < b ? -1 : 1));
  return new Map<string | null, number>([[null, Number.NaN], ...sorted.map((text, rank) => [text, rank] as const)]);
}

/** A column of codes below 65,536. */
function codedKeys(reader: CaseReader, column: FlowColumn, meaning: (code: number) => string | null): OrderKeys {
  const scratch = scratchKeys();
  const met = new Uint8Array(65_536);
  for (const segment of reader.segments()) {
    const codes = reader.column(segment, column);
    for (let row = 0; row < segment.rows; row++) met[codes[row]] = 1;
  }
  const texts = Array.from(met, (isMet, code) => (isMet === 1 ? meaning(code) : null));
  const ranks = ranksOf(texts.filter((text) => text !== null));
  const table = Float64Array.from(texts, (text) => ranks.get(text) ?? Number.NaN);
  return (segment) => {
    const [codes, into] = [reader.column(segment, column), scratch(segment.rows)];
    for (let row = 0; row < segment.rows; row++) into[row] = table[codes[row]];
    return into;
  };
}

/** The text of the first column or, where that is absent, of the second. */
function dictionaryKeys(reader: CaseReader, own: FlowColumn, linked: FlowColumn): OrderKeys {
  const scratch = scratchKeys();
  const ranks = ranksOf(
    (function* () {
      for (const segment of reader.segments()) {
        yield* reader.dictionary(segment, own);
        yield* reader.dictionary(segment, linked);
      }
    })(),
  );
  const tableOf = (segment: SegmentInfo, column: FlowColumn): Float64Array =>
    Float64Array.from([null, ...reader.dictionary(segment, column)], (text) => ranks.get(text) ?? Number.NaN);
  return (segment) => {
    const [ofOwn, ofLinked] = [tableOf(segment, own), tableOf(segment, linked)];
    const [numbers, linkedNumbers] = [reader.column(segment, own), reader.column(segment, linked)];
    const into = scratch(segment.rows);
    for (let row = 0; row < segment.rows; row++) {
      into[row] = numbers[row] === 0 ? ofLinked[linkedNumbers[row]] : ofOwn[numbers[row]];
    }
    return into;
  };
}

/** Texts made row by row. */
function textKeys(
  reader: CaseReader,
  texts: (segment: SegmentInfo) => (row: number) => string | null | undefined,
): OrderKeys {
  const scratch = scratchKeys();
  const met = new Set<string>();
  for (const segment of reader.segments()) {
    const textOf = texts(segment);
    for (let row = 0; row < segment.rows; row++) {
      const text = textOf(row) ?? null;
      if (text !== null) met.add(text);
    }
  }
  const ranks = ranksOf(met);
  return (segment) => {
    const [textOf, into] = [texts(segment), scratch(segment.rows)];
    for (let row = 0; row < segment.rows; row++) into[row] = ranks.get(textOf(row) ?? null) ?? Number.NaN;
    return into;
  };
}

// Addresses

type AddressField = 'initiator' | 'responder' | 'host' | 'peer' | 'exporter' | 'nextHop';

const FIRST_IPV6 = 2 ** 32;
const PORTS = 65_536;

function wordsKey(words: ArrayLike<number>, at: number): string {
  return String.fromCharCode(
    words[at] >>> 16,
    words[at] & 0xffff,
    words[at + 1] >>> 16,
    words[at + 1] & 0xffff,
    words[at + 2] >>> 16,
    words[at + 2] & 0xffff,
    words[at + 3] >>> 16,
    words[at + 3] & 0xffff,
  );
}

/** IPv4 by its number, then IPv6 by its rank in the case; the ends of a flow go on by port. */
function addressKeys(reader: CaseReader, field: AddressField): OrderKeys {
  const scratch = scratchKeys();
  const withPort = field === 'initiator' || field === 'responder';
  const columnOf = (segment: SegmentInfo, name: FlowColumn): ColumnArray => reader.column(segment, name);
  /** Calls with the words of every row that has the address. */
  const each = (segment: SegmentInfo, take: (row: number, words: ColumnArray) => void): void => {
    if (field === 'host' || field === 'peer') {
      const [initiators, responders] = [columnOf(segment, 'initiator'), columnOf(segment, 'responder')];
      const sides = columnOf(segment, 'subjectSide');
      const ofResponder = SUBJECT_SIDES.indexOf('responder');
      for (let row = 0; row < segment.rows; row++) {
        if (sides[row] === 0) continue;
        take(row, (sides[row] === ofResponder) === (field === 'host') ? responders : initiators);
      }
      return;
    }
    const words = columnOf(segment, field);
    const isOptional = field === 'exporter' || field === 'nextHop';
    for (let row = 0; row < segment.rows; row++) {
      if (!isOptional || isGivenAddress(words, row)) take(row, words);
    }
  };
  const longer = new Set<string>();
  for (const segment of reader.segments()) {
    each(segment, (row, words) => {
      const at = row * 4;
      if (!isIpv4(words[at], words[at + 1], words[at + 2])) longer.add(wordsKey(words, at));
    });
  }
  // UTF-16 code units compare as the words do.
  const ranks = ranksOf(longer);
  return (segment) => {
    const into = scratch(segment.rows).fill(Number.NaN, 0, segment.rows);
    const ports = withPort ? columnOf(segment, field === 'initiator' ? 'initiatorPort' : 'responderPort') : null;
    each(segment, (row, words) => {
      const at = row * 4;
      const key = isIpv4(words[at], words[at + 1], words[at + 2])
        ? words[at + 3]
        : FIRST_IPV6 + (ranks.get(wordsKey(words, at)) ?? 0);
      into[row] = ports === null ? key : key * PORTS + ports[row];
    });
    return into;
  };
}
