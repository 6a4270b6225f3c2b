import { isSystemFile, memberName } from './archive-member.ts';
import type { ByteQueue } from './byte-queue.ts';
import { ContainerFault } from './container-fault.ts';

/** tar (POSIX.1-2017 pax and ustar; GNU long names and sizes; V7), read as a stream. */

const BLOCK = 512;
/** Longest extended header that is read, bytes. */
const MAX_EXTENDED = 1 << 20;

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-archive', why);

/** An octal number, or a binary one of GNU tar; null when it is neither. */
function numberAt(header: Uint8Array, at: number, length: number): number | null {
  if (header[at] === 0x80) {
    let value = 0;
    for (let i = at + 1; i < at + length; i++) value = value * 256 + header[i];
    return Number.isSafeInteger(value) ? value : null;
  }
  const text = textAt(header, at, length).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === '' ? '0' : text, 8) : null;
}

function textAt(header: Uint8Array, at: number, length: number): string {
  const field = Buffer.from(header.buffer, header.byteOffset + at, length);
  const zero = field.indexOf(0);
  return field.toString('utf8', 0, zero < 0 ? length : zero);
}

/** Whether a block is a header: its checksum, unsigned or signed, fits. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK || block[0] === 0) return false;
  const stored = numberAt(block, 148, 8);
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue;
    unsigned += block[i];
    signed += (block[i] << 24) >> 24;
  }
  return stored !== null && (stored === unsigned || stored === signed);
}

export interface TarMember {
  readonly name: string;
  /** Bytes of its content, which lies next in the queue; who reads it need not read it all. */
  readonly size: number;
  /** Why it is passed by: `skipped` is a directory, link or system file, a text something that cannot be read. */
  readonly passedBy: null | 'skipped' | { readonly why: string };
  /** Where its header lies in the archive. */
  readonly offset: number;
}

/**
 * The members of an archive in their order. A header that is damaged costs the members up to the next sound one.
 *
 * @throws ContainerFault when the archive ends too early
 */
export async function* tarMembers(
  queue: ByteQueue,
  problem: (offset: number, message: string) => void,
): AsyncGenerator<TarMember> {
  let extended = new Map<string, string>();
  let searching = false;
  let ended = false;
  while (await queue.fill(BLOCK)) {
    const header = Buffer.from(queue.bytes.subarray(0, BLOCK));
    const { offset } = queue;
    if (!isTarHeader(header)) {
      if (header.every((byte) => byte === 0)) ended = true;
      else if (!searching) {
        problem(offset, 'a header of the tar archive is damaged; searching for the next sound one');
        searching = true;
      }
      queue.drop(BLOCK);
      continue;
    }
    searching = false;
    ended = false;
    const type = header[156] === 0 ? '0' : String.fromCharCode(header[156]);
    const size = sizeOf(header, extended);
    if (size === null) {
      problem(offset, 'a header of the tar archive names an impossible size; searching for the next sound one');
      searching = true;
      queue.drop(BLOCK);
      continue;
    }
    queue.drop(BLOCK);
    const end = queue.offset + Math.ceil(size / BLOCK) * BLOCK;
    if ('xgLK'.includes(type)) {
      if (size > MAX_EXTENDED) problem(offset, `an extended header of ${size} bytes was passed by`);
      else {
        if (!(await queue.fill(size))) throw damaged('the tar archive ends inside a header');
        if (type !== 'g') readExtended(type, queue.bytes.subarray(0, size), extended);
      }
    } else {
      const name = nameOf(header, extended);
      const isSparse = type === 'S' || [...extended.keys()].some((key) => key.startsWith('GNU.sparse.'));
      const isFile = '07S'.includes(type) && !name.endsWith('/');
      extended = new Map();
      yield {
        name: memberName(name),
        size,
        passedBy:
          !isFile || isSystemFile(name)
            ? 'skipped'
            : isSparse
              ? { why: 'is stored as a sparse file, which is not read' }
              : null,
        offset,
      };
    }
    if (!(await queue.skip(end - queue.offset))) {
      if (queue.offset < end - ((BLOCK - (size % BLOCK)) % BLOCK))
        throw damaged('the tar archive ends inside a member');
      return;
    }
  }
  if (!ended) throw damaged('the tar archive ends without its end mark');
}

function sizeOf(header: Uint8Array, extended: ReadonlyMap<string, string>): number | null {
  const given = extended.get('size');
  const size = given === undefined ? numberAt(header, 124, 12) : /^\d{1,16}$/.test(given) ? Number(given) : null;
  // Links and devices may name a size, but have no content.
  return '123456'.includes(String.fromCharCode(header[156])) ? 0 : size;
}

function nameOf(header: Uint8Array, extended: ReadonlyMap<string, string>): string {
  const given = extended.get('path');
  if (given !== undefined) return given;
  const prefix = textAt(header, 257, 5) === 'ustar' && header[262] === 0 ? textAt(header, 345, 155) : '';
  return prefix === '' ? textAt(header, 0, 100) : `${prefix}/${textAt(header, 0, 100)}`;
}

/** Takes what a pax header (`length key=value` lines) or a GNU long name says of the next member. */
function readExtended(type: string, data: Buffer, into: Map<string, string>): void {
  if (type !== 'x') {
    if (type === 'L') into.set('path', textAt(data, 0, data.length));
    return;
  }
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(data.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > data.length) return;
    const line = data.toString('utf8', space + 1, at + length - 1);
    const equals = line.indexOf('=');
    if (equals > 0) into.set(line.slice(0, equals), line.slice(equals + 1));
    at += length;
  }
}
