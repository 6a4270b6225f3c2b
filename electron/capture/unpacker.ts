import { visibleText } from '../../shared/visible-text.ts';
import { type ArchiveMember, memberName } from './archive-member.ts';
import { ByteQueue, type Pieces } from './byte-queue.ts';
import { bunzip2 } from './bzip2.ts';
import { type Compression, containerOf } from './container-format.ts';
import { ContainerFault } from './container-fault.ts';
import { MAX_INNER_ZIP, MAX_LAYERS, MAX_MEMBERS, OutputGuard } from './container-limits.ts';
import { unlz4 } from './lz4.ts';
import { tarMembers } from './tar.ts';
import { unxz } from './xz.ts';
import { type RandomAccess, zipContent, zipMembers, type ZipMember } from './zip.ts';
import { gunzip, unzstd } from './zlib-members.ts';

/** Opens compressed streams and archives, layer by layer, and hands on the contents. */

/** Takes contents in their order. */
export interface ContentSink {
  /**
   * Reads one content to its end. A fault of `pieces` is told through `fault`, and the content ends there.
   *
   * @returns its format; null when it is no evidence
   */
  content(pieces: Pieces, member: ArchiveMember | null, fault: (error: unknown) => void): Promise<string | null>;
}

interface ProblemSink {
  problem(kind: string, offset: number, message: string): void;
}

/** Bytes that are looked at to tell a container: those of a tar header, and skippable frames before others. */
const LOOK = 65_536;

const DECOMPRESSORS: Readonly<
  Record<Compression, (queue: ByteQueue, trailing: (offset: number) => void) => AsyncGenerator<Uint8Array>>
> = { gz: gunzip, zst: unzstd, lz4: unlz4, bz2: bunzip2, xz: unxz };

/** A member as messages name it. */
export function memberWords(member: ArchiveMember | null): string {
  return member === null ? '' : `member "${visibleText(member.name)}": `;
}

/** `pcap` in gz is `pcap.gz`, `tar(pcap)` in gz is `tar.gz(pcap)`. */
function compressedFormat(format: string, compression: Compression): string {
  const list = format.indexOf('(');
  return list < 0 ? `${format}.${compression}` : `${format.slice(0, list)}.${compression}${format.slice(list)}`;
}

/** Notes where in the compressed stream a fault was met. */
async function* placed(pieces: AsyncGenerator<Uint8Array>, compressed: ByteQueue): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    if (error instanceof ContainerFault) error.offset ??= compressed.offset + compressed.length;
    throw error;
  }
}

export class Unpacker {
  readonly #sink: ContentSink;
  readonly #problems: ProblemSink;
  readonly #guard: OutputGuard;
  /** Faults told so far. */
  #faults = 0;
  /** Set when a bound was met that ends the whole reading. */
  #stopped = false;

  /** @param input bytes of the file read so far */
  constructor(sink: ContentSink, problems: ProblemSink, input: () => number) {
    this.#sink = sink;
    this.#problems = problems;
    this.#guard = new OutputGuard(input);
  }

  /** Tells a fault once; other errors are thrown on. */
  #tell(error: unknown, offset: number, member: ArchiveMember | null): void {
    if (!(error instanceof ContainerFault)) throw error;
    if (error.kind === 'bomb') this.#stopped = true;
    if (error.told) return;
    error.told = true;
    this.#faults++;
    this.#problems.problem(error.kind, error.offset ?? offset, memberWords(member) + error.message);
  }

  /**
   * Reads a stream: opens its containers, or hands it on as it is.
   *
   * @param layers containers that were opened already
   * @returns the format; null when no evidence is in it
   * @throws whatever the sink throws
   */
  async unpack(queue: ByteQueue, member: ArchiveMember | null, layers = 0): Promise<string | null> {
    const tell = (error: unknown): void => this.#tell(error, queue.offset, member);
    try {
      try {
        await queue.fill(LOOK);
      } catch (error) {
        tell(error);
      }
      const container = containerOf(queue.bytes.subarray(0, LOOK));
      if (container === null) return await this.#sink.content(queue.pieces(), member, tell);
      if (layers >= MAX_LAYERS) {
        tell(
          new ContainerFault('nested-too-deep', `a container (${container}) inside ${MAX_LAYERS} others is not opened`),
        );
        return null;
      }
      if (container === 'zip') return await this.#innerZip(queue, member, layers + 1);
      if (container === 'tar') return await this.#tar(queue, member, layers + 1);
      const trailing = (offset: number): void => {
        const message = `${memberWords(member)}other bytes follow the compressed stream (${container})`;
        this.#problems.problem('trailing-bytes', offset, message);
      };
      const output = this.#guard.pass(placed(DECOMPRESSORS[container](queue, trailing), queue), layers);
      const inner = await this.unpack(new ByteQueue(output), member, layers + 1);
      return inner === null ? null : compressedFormat(inner, container);
    } finally {
      await queue.close();
    }
  }

  async #tar(queue: ByteQueue, outer: ArchiveMember | null, layers: number): Promise<string | null> {
    const formats = new Set<string>();
    let headers = 0;
    let number = 0;
    const damage = (offset: number, message: string): void => {
      this.#problems.problem('damaged-archive', offset, memberWords(outer) + message);
    };
    try {
      for await (const { name, size, passedBy, offset } of tarMembers(queue, damage)) {
        if (this.#isTooMany(++headers, offset)) break;
        if (passedBy !== null) {
          this.#passBy(passedBy, name, offset);
          continue;
        }
        const member = { name: nameWithin(outer, name), number: ++number };
        await this.#member(new ByteQueue(queue.pieces(size)), member, layers, offset, formats);
        if (this.#stopped) break;
      }
    } catch (error) {
      this.#tell(error, queue.offset, outer);
    }
    return archiveFormat('tar', formats);
  }

  /** A zip archive inside another container: its directory is at its end, so it is kept in memory. */
  async #innerZip(queue: ByteQueue, outer: ArchiveMember | null, layers: number): Promise<string | null> {
    let isTooLong = false;
    try {
      isTooLong = await queue.fill(MAX_INNER_ZIP + 1);
    } catch (error) {
      this.#tell(error, queue.offset, outer);
    }
    if (isTooLong) {
      const why = `a zip archive of more than ${MAX_INNER_ZIP} bytes inside another container is not opened; unpack it first`;
      this.#tell(new ContainerFault('nested-too-deep', why), queue.offset, outer);
      return null;
    }
    const { bytes } = queue;
    const archive = { size: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) };
    return this.zip(archive, () => undefined, outer, layers);
  }

  /**
   * Reads a zip archive.
   *
   * @param taken is told how many compressed bytes were read, with each piece
   * @param outer the member that the archive is; null when it is a file of its own
   * @param layers containers that were opened, this one included
   */
  async zip(
    file: RandomAccess,
    taken: (bytes: number) => void,
    outer: ArchiveMember | null = null,
    layers = 1,
  ): Promise<string | null> {
    const formats = new Set<string>();
    let number = 0;
    let ended: number | undefined;
    const members = zipMembers(file, (offset, message) =>
      this.#problems.problem('damaged-archive', offset, memberWords(outer) + message),
    );
    const next = (): ZipMember | null => {
      const { value, done } = members.next(ended);
      ended = undefined;
      return done === true || value === undefined ? null : value;
    };
    for (let headers = 1, found = next(); found !== null && !this.#stopped; headers++, found = next()) {
      const { name, passedBy, offset } = found;
      if (this.#isTooMany(headers, offset)) break;
      if (passedBy !== null) {
        this.#passBy(passedBy, name, offset);
        continue;
      }
      const member = { name: nameWithin(outer, name), number: ++number };
      const content = zipContent(file, found, taken, (position) => {
        ended = position;
      });
      const output = new ByteQueue(this.#guard.pass(content, layers - 1));
      await this.#member(output, member, layers, offset, formats);
    }
    return archiveFormat('zip', formats);
  }

  #isTooMany(headers: number, offset: number): boolean {
    if (headers <= MAX_MEMBERS) return false;
    this.#tell(new ContainerFault('bomb', `more than ${MAX_MEMBERS} members; reading stopped there`), offset, null);
    return true;
  }

  #passBy(why: NonNullable<ZipMember['passedBy']>, name: string, offset: number): void {
    if (why === 'skipped') {
      const message = 'directories, links and files of the operating system in the archive were passed by';
      this.#problems.problem('member-skipped', offset, message);
      return;
    }
    const shown = `member "${visibleText(name)}"`;
    if (why === 'encrypted')
      this.#problems.problem('member-encrypted', offset, `${shown} is encrypted and was not read`);
    else this.#problems.problem('member-unreadable', offset, `${shown} ${why.why}`);
  }

  async #member(
    queue: ByteQueue,
    member: ArchiveMember,
    layers: number,
    offset: number,
    formats: Set<string>,
  ): Promise<void> {
    const before = this.#faults;
    const format = await this.unpack(queue, member, layers);
    if (format !== null) formats.add(format);
    else if (this.#faults === before) {
      const message = `member "${visibleText(member.name)}" is no capture or flow export known to this version`;
      this.#problems.problem('member-not-evidence', offset, message);
    }
  }
}

/** Name of a member of an archive that is itself a member. */
function nameWithin(outer: ArchiveMember | null, name: string): string {
  return outer === null ? name : memberName(`${outer.name}/${name}`);
}

function archiveFormat(archive: string, formats: ReadonlySet<string>): string | null {
  return formats.size === 0 ? null : `${archive}(${[...formats].join(',')})`;
}
