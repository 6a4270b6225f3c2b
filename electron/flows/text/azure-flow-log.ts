import { type AddressWords, parseAddress } from '../../../shared/address.ts';
import { TCP, UDP } from '../../../shared/flow.ts';
import type { EvidenceSink } from '../flow-sink.ts';

/**
 * Flow logs of Azure, of network security groups (versions 1 and 2) and of virtual networks (version 4): JSON in which each
 * flow is a text of columns in a list `flowTuples`, see "Flow logging for network security groups" and "Virtual network
 * flow logs" of Azure Network Watcher.
 */

const LIST = 'flowTuples';
/** Longest tuple: 13 columns, two of them IPv6 addresses. */
const LONGEST = 256;
/** Seconds from here on are milliseconds, those of virtual networks: as seconds they would be the year 5138. */
const MILLISECONDS_FROM = 1e11;
const LATEST = Number.MAX_SAFE_INTEGER;
/** Columns of version 1 of network security groups, which has no counts; of all others. */
const WITHOUT_COUNTS = 8;
const COLUMNS = 13;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COLON = 0x3a;
const SPACE = 0x20;

/** Whether a file that begins so is a flow log of Azure. */
export function detectAzureFlowLog(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  return /^(\xef\xbb\xbf)?\s*[[{]/.test(text) && new RegExp(String.raw`"${LIST}"\s*:\s*\[`).test(text);
}

/** A whole number from 0 to `most`, of an empty text 0; NaN for anything else. */
function whole(text: string, most = LATEST): number {
  const value = /^\d{0,16}$/.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : Number.NaN;
}

function transportOf(text: string): number {
  return text === 'T' ? TCP : text === 'U' ? UDP : text === '' ? Number.NaN : whole(text, 255);
}

/**
 * Reads such a log in pieces of any size. A tuple tells a moment in the life of a flow (begun, going on, ended, denied) and
 * what was counted since the tuple before; they are put together by the assembly. Locators count tuples from 1, places are
 * byte offsets. Kinds of problems, each one tuple lost: `wrong-columns`, `bad-time`, `bad-address`, `bad-number`,
 * `unknown-transport`.
 */
export class AzureFlowLogReader {
  records = 0;
  readonly #sink: EvidenceSink;
  readonly #text = Buffer.alloc(LONGEST);
  #length = 0;
  /** The text that was read last, as long as no value stood behind it: the key that a list belongs to. */
  #key = '';
  #inText = false;
  #isEscaped = false;
  #inList = false;
  #offset = 0;
  #tuples = 0;
  #from = Infinity;
  #to = -Infinity;

  constructor(sink: EvidenceSink) {
    this.#sink = sink;
  }

  /** Earliest and latest moment, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return this.#from === Infinity ? null : this.#from;
  }

  get lastSeen(): number | null {
    return this.#to === -Infinity ? null : this.#to;
  }

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      this.#offset++;
      if (this.#inText) this.#inside(byte);
      else if (byte === QUOTE) {
        this.#inText = true;
        this.#length = 0;
      } else if (byte === OPEN) this.#inList = this.#key === LIST;
      else if (byte === CLOSE) this.#inList = false;
      else if (byte !== COLON && byte > SPACE) this.#key = '';
    }
  }

  end(): void {
    if (this.#inText || this.#inList)
      this.#sink.problem('bad-json', this.#offset, 'the file ends inside a list of flows');
  }

  #inside(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#inText = false;
      // A longer text is no key of ours, and no tuple.
      const text = this.#length > LONGEST ? '' : this.#text.toString('latin1', 0, this.#length);
      if (this.#inList) this.#tuple(text);
      else this.#key = text;
      return;
    }
    if (this.#length < LONGEST) this.#text[this.#length] = byte;
    this.#length++;
  }

  #tuple(text: string): void {
    this.#tuples++;
    const lost = (kind: string, why: string): void => this.#sink.problem(kind, this.#offset - this.#length - 1, why);
    const columns = text.split(',');
    if (columns.length !== WITHOUT_COUNTS && columns.length !== COLUMNS) {
      lost('wrong-columns', `a flow has ${COLUMNS} columns, or ${WITHOUT_COUNTS} in version 1`);
      return;
    }
    const [moment = '', source = '', destination = '', from = '', to = '', protocol = ''] = columns;
    const [packetsOut, bytesOut, packetsIn, bytesIn] = [9, 10, 11, 12].map((column) => whole(columns[column] ?? ''));
    const [initiator, responder] = [source, destination].map((address): AddressWords | null => parseAddress(address));
    const [initiatorPort, responderPort] = [whole(from, 65_535), whole(to, 65_535)];
    const transport = transportOf(protocol);
    const number = whole(moment);
    const start = number * (number >= MILLISECONDS_FROM ? 1e3 : 1e6);
    if (moment === '' || !(start <= LATEST)) lost('bad-time', 'the time is not one between 1970 and 2255');
    else if (!initiator || !responder) lost('bad-address', 'source or destination is not an IP address');
    else if (Number.isNaN(transport)) lost('unknown-transport', 'the protocol is neither T, U nor a number');
    else if (Number.isNaN(initiatorPort + responderPort + packetsOut + bytesOut + packetsIn + bytesIn)) {
      lost('bad-number', 'a port or a count is not a number in range');
    } else {
      this.records++;
      this.#from = Math.min(this.#from, start);
      this.#to = Math.max(this.#to, start);
      const counts = { packetsOut, bytesOut, packetsIn, bytesIn };
      const ends = { initiator, responder, initiatorPort, responderPort };
      this.#sink.flow({ start, end: start, ...ends, transport, ...counts, locator: this.#tuples });
    }
  }
}
