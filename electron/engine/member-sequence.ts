import type { ArchiveMember } from '../capture/archive-member.ts';
import type { PacketSink } from '../capture/packet-sink.ts';
import { memberWords } from '../capture/unpacker.ts';
import type { EvidenceSink } from '../flows/flow-sink.ts';
import type { PacketPath } from './packet-path.ts';

/**
 * The members of an archive as one evidence, or the files of a run of captures: packets and lines are numbered on from member to member, problems name
 * their member, and flows end between members unless a capture goes on where the one before stopped.
 */
export class MemberSequence implements PacketSink {
  readonly #packets: PacketPath;
  /** Where a member that is a log goes. */
  readonly log: EvidenceSink;
  /** Packets and lines in the members before. */
  #before = 0;
  #words = '';
  #isFirstPacket = true;
  #linkType = -1;
  #lastTime = -Infinity;

  constructor(packets: PacketPath, exports: EvidenceSink) {
    this.#packets = packets;
    this.log = {
      flow: (flow) => exports.flow({ ...flow, locator: this.#before + flow.locator }),
      answer: (client, address, name, from, until) => exports.answer(client, address, name, from, until),
      logName: (name) => exports.logName(name),
      problem: (kind, offset, message, count) => exports.problem(kind, offset, this.#words + message, count),
    };
  }

  /** @param counted packets or lines of the member before */
  begin(member: ArchiveMember, counted: number): void {
    this.#before += counted;
    this.#words = memberWords(member);
    this.#isFirstPacket = true;
  }

  /** A file of its own in a run of captures. @param counted packets of the file before */
  beginFile(counted: number): void {
    this.#before += counted;
    this.#isFirstPacket = true;
  }

  /** Packets and lines before the member or file in work. */
  get before(): number {
    return this.#before;
  }

  packet(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    time: number,
    linkType: number,
    number: number,
  ): void {
    if (this.#isFirstPacket) {
      this.#isFirstPacket = false;
      if (linkType !== this.#linkType || time < this.#lastTime) this.#packets.endFlows();
    }
    this.#linkType = linkType;
    this.#lastTime = time;
    this.#packets.packet(bytes, start, end, originalLength, time, linkType, this.#before + number);
  }

  problem(kind: string, offset: number, message: string, count?: number): void {
    this.#packets.problem(kind, offset, this.#words + message, count);
  }
}
