import { ContainerFault } from './container-fault.ts';

/** Bounds of what compressed streams and archives may ask of us; all of them are told when they are met. */

/** Containers that may lie in one another: a compressed archive of compressed captures, itself in an archive. */
export const MAX_LAYERS = 4;
/** Longest zip archive inside another container, bytes: it is kept in memory. */
export const MAX_INNER_ZIP = 64 << 20;
/** Output that is never questioned, bytes. */
export const RATIO_FROM = 64 << 20;
/**
 * Beyond `RATIO_FROM`, output of one layer for each byte of the file read so far. Deflate cannot exceed 1,032, and real
 * captures stay far below 500.
 */
export const MAX_RATIO = 1000;
/** Output of one layer, bytes (4 TiB), whatever its ratio. */
export const MAX_OUTPUT_BYTES = 2 ** 42;
/** Members of one archive. */
export const MAX_MEMBERS = 100_000;
/** Characters of a member's name that are kept. */
export const MAX_NAME = 255;
/** Largest dictionary of xz that is granted, bytes; `xz -9` asks for 64 MiB. */
export const MAX_DICTIONARY = 128 << 20;

/** Counts what layers put out, all members of an archive together, and stops when it is out of all proportion. */
export class OutputGuard {
  readonly #input: () => number;
  /** Bytes put out by each layer. */
  readonly #outputs: number[] = [];

  /** @param input bytes of the file read so far */
  constructor(input: () => number) {
    this.#input = input;
  }

  /**
   * Passes on what a layer puts out.
   *
   * @throws ContainerFault `bomb`
   */
  async *pass(pieces: AsyncIterable<Uint8Array>, layer: number): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      const output = (this.#outputs[layer] ?? 0) + piece.length;
      this.#outputs[layer] = output;
      const input = this.#input();
      if (output > RATIO_FROM && (output > input * MAX_RATIO || output > MAX_OUTPUT_BYTES)) {
        throw new ContainerFault(
          'bomb',
          `${output} bytes came out of the first ${input} bytes of the file (limits: ${MAX_RATIO} to 1, ` +
            `${MAX_OUTPUT_BYTES} bytes); reading stopped there`,
        );
      }
      yield piece;
    }
  }
}
