import { NAME_ORIGINS } from '../../shared/flow.ts';
import { RUNS_OVER_HTTP } from './refined-protocol.ts';

/** What logs say of the flows of another log, by the flow's id. */

/** A stored chunk of log names; `uid` is two words a row. */
export interface LogNameChunk {
  rows: number;
  uid: Uint32Array;
  name: Uint32Array;
  origin: Uint8Array;
  protocol: Uint32Array;
  userAgent: Uint32Array;
  names: readonly string[];
  protocols: readonly string[];
  userAgents: readonly string[];
  /** Absent from cases of before fingerprints were kept. */
  ja3?: Uint32Array;
  ja4?: Uint32Array;
  ja3s?: readonly string[];
  ja4s?: readonly string[];
  /** Uid of the row that names the server's certificate, two words a row, 0 = none; absent from cases of before it was kept. */
  certificate?: Uint32Array;
}

export interface LinkedName {
  name: string;
  /** Index in NAME_ORIGINS. */
  origin: number;
  protocol: string;
  userAgent: string;
  /** Of this log or of another one that tells of the same flow. */
  ja3: string;
  ja4: string;
  /** The log that gave the name has one of them. */
  hasFingerprint: boolean;
}

/** A record as it stands in its log. */
interface LogRow extends LinkedName {
  /** Uid under which another log names the server's certificate; 0 = none. */
  certificate: readonly [high: number, low: number];
}

export const CERTIFICATE = NAME_ORIGINS.indexOf('tls-certificate');

/** A name and the rows that its parts stand in. */
interface Merged extends LogRow {
  best: number;
  protocolRow: number;
  ja3Row: number;
  ja4Row: number;
  certificateRow: number;
}

/**
 * Records of logs, sorted by uid; those of one uid are merged as they are loaded, and where the parts stand is kept: beside the
 * chunks, 28 bytes a uid. Nothing here is longer than the logs, whatever their ids are.
 */
export class LogNames {
  readonly #chunks: readonly LogNameChunk[];
  /** Row that each chunk begins with, counted over all chunks. */
  readonly #starts: Uint32Array;
  #size = 0;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #best: Uint32Array;
  readonly #protocol: Uint32Array;
  readonly #ja3: Uint32Array;
  readonly #ja4: Uint32Array;
  /** Row that gives the name: the best one, or that of the server's certificate where the best one has none. */
  readonly #named: Uint32Array;

  constructor(chunks: Iterable<LogNameChunk>) {
    this.#chunks = [...chunks];
    this.#starts = new Uint32Array(this.#chunks.length);
    let rows = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      this.#starts[index] = rows;
      rows += chunk.rows;
    }
    const high = new Uint32Array(rows);
    const low = new Uint32Array(rows);
    for (const [index, chunk] of this.#chunks.entries()) {
      for (let row = 0; row < chunk.rows; row++) {
        high[this.#starts[index] + row] = chunk.uid[row * 2];
        low[this.#starts[index] + row] = chunk.uid[row * 2 + 1];
      }
    }
    const order = sortedBy(
      high,
      sortedBy(
        low,
        Uint32Array.from({ length: rows }, (_, row) => row),
      ),
    );
    const isFirst = (at: number): boolean =>
      at === 0 || high[order[at]] !== high[order[at - 1]] || low[order[at]] !== low[order[at - 1]];
    let uids = 0;
    for (let at = 0; at < rows; at++) if (isFirst(at)) uids++;
    this.#high = new Uint32Array(uids);
    this.#low = new Uint32Array(uids);
    this.#best = new Uint32Array(uids);
    this.#protocol = new Uint32Array(uids);
    this.#ja3 = new Uint32Array(uids);
    this.#ja4 = new Uint32Array(uids);
    this.#named = new Uint32Array(uids);
    for (let at = 0; at < rows;) {
      const first = order[at++];
      this.#high[this.#size] = high[first];
      this.#low[this.#size] = low[first];
      if (at === rows || isFirst(at)) {
        this.#keep(first, first, first, first, first);
        continue;
      }
      let merged = this.#merged(first);
      while (at < rows && !isFirst(at)) merged = merge(merged, this.#merged(order[at++]));
      this.#keep(merged.best, merged.protocolRow, merged.ja3Row, merged.ja4Row, merged.certificateRow);
    }
    for (let at = 0; at < this.#size; at++) this.#named[at] = this.#nameRow(at);
  }

  /** Once, when all uids are there: a certificate is known to every flow that it is shown in. */
  #nameRow(at: number): number {
    const best = this.#best[at];
    if (this.#row(best).name !== '') return best;
    const certificate = this.#indexOf(...this.#row(this.#named[at]).certificate);
    return certificate < 0 ? best : this.#best[certificate];
  }

  #keep(best: number, protocol: number, ja3: number, ja4: number, certificate: number): void {
    const at = this.#size++;
    this.#best[at] = best;
    this.#protocol[at] = protocol;
    this.#ja3[at] = ja3;
    this.#ja4[at] = ja4;
    this.#named[at] = certificate;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Place of a uid; −1 when no log tells of it. */
  #indexOf(high: number, low: number): number {
    let from = 0;
    let to = this.#size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#high[middle] - high || this.#low[middle] - low) < 0) from = middle + 1;
      else to = middle;
    }
    return from < this.#size && this.#high[from] === high && this.#low[from] === low ? from : -1;
  }

  /** What logs say of the flow with this id, where they give it no name that of its certificate; null when none does. */
  find(high: number, low: number): LinkedName | null {
    const at = this.#indexOf(high, low);
    if (at < 0) return null;
    const { userAgent, hasFingerprint } = this.#row(this.#best[at]);
    const { name, origin } = this.#row(this.#named[at]);
    return {
      name,
      origin,
      userAgent,
      hasFingerprint,
      protocol: this.#row(this.#protocol[at]).protocol,
      ja3: this.#row(this.#ja3[at]).ja3,
      ja4: this.#row(this.#ja4[at]).ja4,
    };
  }

  #row(place: number): LogRow {
    let from = 0;
    let to = this.#starts.length;
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if (this.#starts[middle] <= place) from = middle;
      else to = middle;
    }
    const chunk = this.#chunks[from];
    const row = place - this.#starts[from];
    const ja3 = chunk.ja3s?.[(chunk.ja3?.[row] ?? 0) - 1] ?? '';
    const ja4 = chunk.ja4s?.[(chunk.ja4?.[row] ?? 0) - 1] ?? '';
    return {
      name: chunk.name[row] > 0 ? chunk.names[chunk.name[row] - 1] : '',
      origin: chunk.origin[row],
      protocol: chunk.protocols[chunk.protocol[row] - 1],
      userAgent: chunk.userAgent[row] > 0 ? chunk.userAgents[chunk.userAgent[row] - 1] : '',
      ja3,
      ja4,
      hasFingerprint: ja3 + ja4 !== '',
      certificate: [chunk.certificate?.[row * 2] ?? 0, chunk.certificate?.[row * 2 + 1] ?? 0],
    };
  }

  #merged(row: number): Merged {
    return { ...this.#row(row), best: row, protocolRow: row, ja3Row: row, ja4Row: row, certificateRow: row };
  }
}

/** The order of rows that sorts them by a word, rows of the same word as they stood: two passes of 16 bits. */
function sortedBy(words: Uint32Array, order: Uint32Array): Uint32Array {
  let sorted = order;
  for (const shift of [0, 16]) {
    const ends = new Uint32Array(65_537);
    for (const word of words) ends[((word >>> shift) & 0xffff) + 1]++;
    for (let digit = 1; digit <= 65_536; digit++) ends[digit] += ends[digit - 1];
    const next = new Uint32Array(order.length);
    for (const row of sorted) next[ends[(words[row] >>> shift) & 0xffff]++] = row;
    sorted = next;
  }
  return sorted;
}

/** What two records say of one flow. */
function merge(known: Merged, linked: Merged): Merged {
  const best = isBetter(linked, known) ? linked : known;
  const [closer = best] = [linked, known]
    .filter(({ protocol }) => RUNS_OVER_HTTP.has(protocol))
    .toSorted((x, y) => compareText(x.protocol, y.protocol));
  const ja3 = isFirstText(linked.ja3, known.ja3) ? linked : known;
  const ja4 = isFirstText(linked.ja4, known.ja4) ? linked : known;
  const certificate = isFirstUid(linked.certificate, known.certificate) ? linked : known;
  return {
    ...best,
    protocol: closer.protocol,
    protocolRow: closer.protocolRow,
    ja3: ja3.ja3,
    ja3Row: ja3.ja3Row,
    ja4: ja4.ja4,
    ja4Row: ja4.ja4Row,
    certificate: certificate.certificate,
    certificateRow: certificate.certificateRow,
  };
}

/** A record with a name beats one without; then the order of the text decides, so that file order cannot matter. */
function isBetter(x: LinkedName, y: LinkedName): boolean {
  if ((x.name !== '') !== (y.name !== '')) return x.name !== '';
  // A certificate names all hosts behind it.
  if ((x.origin === CERTIFICATE) !== (y.origin === CERTIFICATE)) return y.origin === CERTIFICATE;
  if (x.hasFingerprint !== y.hasFingerprint) return x.hasFingerprint;
  if ((x.userAgent !== '') !== (y.userAgent !== '')) return x.userAgent !== '';
  return compareText(x.name + x.userAgent + x.protocol, y.name + y.userAgent + y.protocol) < 0;
}

/** Whether the first is the one that is there, or of two the first by its text. */
function isFirstText(x: string, y: string): boolean {
  return y === '' || (x !== '' && x < y);
}

/** Whether the first is the one that is there, or of two the first by its words. */
function isFirstUid(x: readonly [number, number], y: readonly [number, number]): boolean {
  const isThere = x[0] !== 0 || x[1] !== 0;
  return (y[0] === 0 && y[1] === 0) || (isThere && (x[0] - y[0] || x[1] - y[1]) < 0);
}

export function compareText(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
