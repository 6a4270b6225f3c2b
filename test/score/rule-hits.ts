import { readEvidence } from '../../electron/capture/evidence-file.ts';
import { PcapReader, PCAP_MAGICS } from '../../electron/capture/pcap.ts';
import { PcapngReader } from '../../electron/capture/pcapng.ts';
import { PacketPath } from '../../electron/engine/packet-path.ts';
import { DEFAULT_TIMEOUTS, FlowTable } from '../../electron/flows/flow-table.ts';
import { type FilledSegment, SegmentBuilder } from '../../electron/flows/segment-builder.ts';
import { formatAddress } from '../../shared/address.ts';
import { transportName } from '../../shared/flow.ts';
import type { PayloadInspector } from '../../shared/payload.ts';
import type { Tuple } from './expected.ts';

/** Which payload rule named each flow of a capture. */

export interface RuleHit {
  tuple: Tuple;
  /** Microseconds since the epoch. */
  start: number;
  /** Empty when no rule matched. */
  rule: string;
  protocol: string;
}

function hitsOf({ rows, columns, terms }: FilledSegment): RuleHit[] {
  const { initiator, responder, initiatorPort, responderPort, transport, start, payloadProtocol, payloadRule } =
    columns;
  const address = (words: ArrayLike<number> | undefined, row: number): string =>
    formatAddress(
      words?.[row * 4] ?? 0,
      words?.[row * 4 + 1] ?? 0,
      words?.[row * 4 + 2] ?? 0,
      words?.[row * 4 + 3] ?? 0,
    );
  return Array.from({ length: rows }, (_, row) => ({
    tuple: {
      transport: transportName(transport?.[row] ?? 0),
      source: address(initiator, row),
      sourcePort: initiatorPort?.[row] ?? 0,
      destination: address(responder, row),
      destinationPort: responderPort?.[row] ?? 0,
    },
    start: start?.[row] ?? 0,
    rule: terms[(payloadRule?.[row] ?? 0) - 1] ?? '',
    protocol: terms[(payloadProtocol?.[row] ?? 0) - 1] ?? '',
  }));
}

/** Shows every packet of a capture (pcap or pcapng, plain or compressed) to the inspector; empty for other files. */
export async function ruleHits(file: string, inspector: PayloadInspector): Promise<RuleHit[]> {
  const hits: RuleHit[] = [];
  const builder = new SegmentBuilder((segment) => hits.push(...hitsOf(segment)));
  const packets = new PacketPath(new FlowTable(builder, inspector, DEFAULT_TIMEOUTS), { add: () => undefined });
  await readEvidence(file, {
    choose(head) {
      const magic = head.length < 4 ? 0 : Buffer.from(head).readUInt32BE(0);
      if (PCAP_MAGICS.has(magic)) return { format: 'pcap', reader: new PcapReader(packets) };
      if (magic === 0x0a0d0d0a) return { format: 'pcapng', reader: new PcapngReader(packets, () => undefined) };
      return null;
    },
    problem: () => undefined,
    progress: () => undefined,
  });
  packets.end();
  builder.flush();
  return hits;
}
