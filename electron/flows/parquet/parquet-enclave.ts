import { ASSEMBLY, type NameOrigin } from '../../../shared/flow.ts';
import type { AddressWords } from '../../../shared/address.ts';
import { checkMapping, type Mapping } from '../../../shared/mapping.ts';
import type { EvidenceSink, ExportedFlow, LogName } from '../flow-sink.ts';
import type { JsonObject } from '../zeek/zeek-json.ts';

/** Flows that another case gave out (`enclave flows --format parquet`), taken in again. */

/** Columns by which our own files are known. */
const MARKS = ['id', 'start', 'initiator', 'responder', 'transport', 'subjectSide', 'labelEvidence', 'locator'];

/** Columns that are read besides those of the mapping. */
export const ENCLAVE_COLUMNS = ['hostname', 'labelEvidence', 'assembly', 'tunnel'];

export function isEnclaveExport(columns: readonly string[]): boolean {
  return MARKS.every((mark) => columns.includes(mark));
}

const same = (...fields: string[]) => Object.fromEntries(fields.map((field) => [field, { from: field }]));

/** The columns of a flow record that are facts. Labels are made anew, and so are ranges and what they say. */
const FIELDS = {
  start: { from: 'start', type: 'iso8601' },
  end: { from: 'end', type: 'iso8601' },
  tcpFlags: { from: 'tcpFlags', type: 'letters' },
  ...same('initiator', 'responder', 'initiatorPort', 'responderPort', 'transport', 'state', 'sampling'),
  ...same('packetsOut', 'bytesOut', 'packetsIn', 'bytesIn', 'exporter', 'nextHop', 'inputInterface', 'outputInterface'),
  ...same('protocol', 'userAgent', 'ja3', 'ja4'),
};

/** The mapping of our own files. */
export function enclaveMapping(): Mapping {
  const checked = checkMapping({
    name: 'Enclave',
    format: 'ndjson',
    fields: FIELDS,
    direction: 'two-way',
    bytes: 'ip',
  });
  if (!checked.ok) throw new Error(checked.fault);
  return checked.mapping;
}

/** Where the name of a flow comes from that was labelled by its own name, by its protocol. */
const ORIGINS: ReadonlyMap<string, NameOrigin> = new Map([
  ['tls', 'tls-sni'],
  ['quic', 'quic-sni'],
  ['http', 'http-host'],
]);
const QUESTIONS: ReadonlySet<string> = new Set(['dns', 'mdns', 'llmnr', 'netbios']);

const ASSEMBLY_WORDS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['paired', ASSEMBLY.paired],
  ['joined', ASSEMBLY.joined],
  ['one way', ASSEMBLY.oneWay],
  ['deduplicated', ASSEMBLY.deduplicated],
]);

/** Stands for the client where nobody was seen to ask for a name. */
const NOBODY: AddressWords = [0, 0, 0, 0];

/**
 * Adds to each flow what a mapping cannot say. A record does not tell where its `hostname` is from, so it is taken as the
 * flow's own name only where that is sure: it named the service, or it is a DNS question. Elsewhere it becomes a name of the
 * responder's address for as long as the flow lasted, which weighs least. A protocol that a port or behaviour suggested is
 * left out, since it would come back as one that was recognised.
 *
 * Told without loss: `tunnel-not-kept`.
 */
export class EnclaveRows implements EvidenceSink {
  readonly #sink: EvidenceSink;
  readonly #row: JsonObject;

  /** @param row the row that the flow handed over comes from, kept up to date by the reader */
  constructor(sink: EvidenceSink, row: JsonObject) {
    this.#sink = sink;
    this.#row = row;
  }

  flow(flow: ExportedFlow): void {
    const { hostname, labelEvidence, assembly, tunnel } = this.#row;
    const name = typeof hostname === 'string' && hostname !== '' ? hostname : undefined;
    const protocol = flow.protocol ?? '';
    if (labelEvidence === 'port' || labelEvidence === 'behaviour') {
      flow.protocol = undefined;
      flow.rule = undefined;
    }
    flow.assembly = 0;
    if (typeof assembly === 'string') {
      for (const word of assembly.split(', ', 8)) flow.assembly |= ASSEMBLY_WORDS.get(word) ?? 0;
    }
    const named = labelEvidence === 'hostname' ? ORIGINS.get(protocol) : undefined;
    flow.nameOrigin = QUESTIONS.has(protocol) ? 'dns-question' : named;
    flow.name = flow.nameOrigin === undefined ? undefined : name;
    if (typeof tunnel === 'string' && tunnel !== '') {
      const message =
        'flows inside tunnels are read as flows of their own: their link to the flow around them is not kept';
      this.#sink.problem('tunnel-not-kept', flow.locator, message);
    }
    this.#sink.flow(flow);
    if (name !== undefined && flow.name === undefined) {
      this.#sink.answer(NOBODY, flow.responder, name, flow.start, flow.end);
    }
  }

  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    this.#sink.answer(client, address, name, from, until);
  }

  logName(name: LogName): void {
    this.#sink.logName(name);
  }

  problem(kind: string, offset: number, message: string): void {
    this.#sink.problem(kind, offset, message);
  }
}
