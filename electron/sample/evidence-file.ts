import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const CHUNK = 1 << 20;
/** Logs shrink to a fifth at the least effort, and to a sixth at ten times it. */
const EFFORT = { level: 2 };

/** A file that grows by pieces, all of text or all of bytes; about 1 MiB waits in memory. Throws the file system's error. */
export class EvidenceFile<Piece extends string | Buffer> {
  readonly path: string;
  readonly #descriptor: number;
  readonly #compress: boolean;
  #waiting: Piece[] = [];
  #waitingLength = 0;
  /** Bytes on the disk so far. */
  bytes = 0;

  /** @param compress writes gzip, one member a piece (RFC 1952, 2.2) */
  constructor(path: string, compress = false) {
    this.path = path;
    this.#compress = compress;
    this.#descriptor = openSync(path, 'w');
  }

  write(piece: Piece): void {
    this.#waiting.push(piece);
    this.#waitingLength += piece.length;
    if (this.#waitingLength >= CHUNK) this.#flush();
  }

  #flush(): void {
    if (this.#waitingLength === 0) return;
    const isText = typeof this.#waiting[0] === 'string';
    const plain = isText ? Buffer.from(this.#waiting.join('')) : Buffer.concat(this.#waiting as Buffer[]);
    const piece = this.#compress ? gzipSync(plain, EFFORT) : plain;
    for (let at = 0; at < piece.length;) at += writeSync(this.#descriptor, piece, at);
    this.bytes += piece.length;
    this.#waiting = [];
    this.#waitingLength = 0;
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }
}
