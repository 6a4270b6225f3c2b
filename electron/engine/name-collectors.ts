import type { AddressWords } from '../../shared/address.ts';
import { NAME_ORIGINS } from '../../shared/flow.ts';
import type { NameChunk } from '../casefile/case-writer.ts';
import { uidWords } from '../classify/name-memory.ts';
import type { LogName } from '../flows/flow-sink.ts';
import { Dictionary } from '../flows/segment-builder.ts';

/** Collect names learnt beside the flows into column chunks for the case. */

const CHUNK_ROWS = 16_384;
const NO_UID = [0, 0] as const;

/** DNS answers. */
export class AnswerCollector {
  readonly #onChunk: (chunk: NameChunk) => void;
  // Most files hold no names: room is made at the first.
  #client = new Uint32Array(0);
  #address = new Uint32Array(0);
  #name = new Uint32Array(0);
  #from = new Float64Array(0);
  #until = new Float64Array(0);
  readonly #names = new Dictionary();
  #rows = 0;

  constructor(onChunk: (chunk: NameChunk) => void) {
    this.#onChunk = onChunk;
  }

  add(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    if (this.#name.length === 0) this.#allocate();
    const row = this.#rows++;
    this.#client.set(client, row * 4);
    this.#address.set(address, row * 4);
    this.#name[row] = this.#names.number(name);
    this.#from[row] = from;
    this.#until[row] = until;
    if (this.#rows === CHUNK_ROWS) this.flush();
  }

  #allocate(): void {
    this.#client = new Uint32Array(CHUNK_ROWS * 4);
    this.#address = new Uint32Array(CHUNK_ROWS * 4);
    this.#name = new Uint32Array(CHUNK_ROWS);
    this.#from = new Float64Array(CHUNK_ROWS);
    this.#until = new Float64Array(CHUNK_ROWS);
  }

  /** Names cut at the limit of dictionaries. */
  get cutNames(): number {
    return this.#names.cut;
  }

  flush(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    this.#onChunk({
      kind: 'dns-answer',
      rows,
      columns: {
        client: this.#client.slice(0, rows * 4),
        address: this.#address.slice(0, rows * 4),
        name: this.#name.slice(0, rows),
        from: this.#from.slice(0, rows),
        until: this.#until.slice(0, rows),
      },
      dictionaries: { name: [...this.#names.entries] },
    });
    this.#names.clear();
    this.#rows = 0;
  }
}

/** Names that a log gives to flows of another log, by the flow's id. */
export class LogNameCollector {
  readonly #onChunk: (chunk: NameChunk) => void;
  #uid = new Uint32Array(0);
  #name = new Uint32Array(0);
  #origin = new Uint8Array(0);
  #protocol = new Uint32Array(0);
  #userAgent = new Uint32Array(0);
  #ja3 = new Uint32Array(0);
  #ja4 = new Uint32Array(0);
  #certificate = new Uint32Array(0);
  readonly #names = new Dictionary();
  readonly #protocols = new Dictionary();
  readonly #userAgents = new Dictionary();
  readonly #ja3s = new Dictionary();
  readonly #ja4s = new Dictionary();
  #rows = 0;

  constructor(onChunk: (chunk: NameChunk) => void) {
    this.#onChunk = onChunk;
  }

  add(name: LogName): void {
    if (this.#name.length === 0) this.#allocate();
    const row = this.#rows++;
    this.#uid.set(uidWords(name.uid), row * 2);
    this.#name[row] = this.#names.number(name.name ?? '');
    this.#origin[row] = NAME_ORIGINS.indexOf(name.origin);
    this.#protocol[row] = this.#protocols.number(name.protocol);
    this.#userAgent[row] = this.#userAgents.number(name.userAgent ?? '');
    this.#ja3[row] = this.#ja3s.number(name.ja3 ?? '');
    this.#ja4[row] = this.#ja4s.number(name.ja4 ?? '');
    this.#certificate.set(name.certificate === undefined ? NO_UID : uidWords(name.certificate), row * 2);
    if (this.#rows === CHUNK_ROWS) this.flush();
  }

  #allocate(): void {
    this.#uid = new Uint32Array(CHUNK_ROWS * 2);
    this.#name = new Uint32Array(CHUNK_ROWS);
    this.#origin = new Uint8Array(CHUNK_ROWS);
    this.#protocol = new Uint32Array(CHUNK_ROWS);
    this.#userAgent = new Uint32Array(CHUNK_ROWS);
    this.#ja3 = new Uint32Array(CHUNK_ROWS);
    this.#ja4 = new Uint32Array(CHUNK_ROWS);
    this.#certificate = new Uint32Array(CHUNK_ROWS * 2);
  }

  /** Names, user agents and fingerprints cut at the limit of dictionaries. */
  get cutNames(): number {
    return this.#names.cut + this.#userAgents.cut + this.#ja3s.cut + this.#ja4s.cut;
  }

  flush(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    this.#onChunk({
      kind: 'log-name',
      rows,
      columns: {
        uid: this.#uid.slice(0, rows * 2),
        name: this.#name.slice(0, rows),
        origin: this.#origin.slice(0, rows),
        protocol: this.#protocol.slice(0, rows),
        userAgent: this.#userAgent.slice(0, rows),
        ja3: this.#ja3.slice(0, rows),
        ja4: this.#ja4.slice(0, rows),
        certificate: this.#certificate.slice(0, rows * 2),
      },
      dictionaries: {
        name: [...this.#names.entries],
        protocol: [...this.#protocols.entries],
        userAgent: [...this.#userAgents.entries],
        ja3: [...this.#ja3s.entries],
        ja4: [...this.#ja4s.entries],
      },
    });
    for (const each of [this.#names, this.#protocols, this.#userAgents, this.#ja3s, this.#ja4s]) each.clear();
    this.#rows = 0;
  }
}
