import { readEvidence } from '../../electron/capture/evidence-file.ts';
import { PCAP_MAGICS, PcapReader } from '../../electron/capture/pcap.ts';
import { PcapngReader } from '../../electron/capture/pcapng.ts';
import type { CaptureReader } from '../../electron/capture/packet-sink.ts';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import { PacketPath } from '../../electron/engine/packet-path.ts';
import { FlowTable } from '../../electron/flows/flow-table.ts';
import { SegmentBuilder } from '../../electron/flows/segment-builder.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  type PayloadInspector,
  WANTS_MORE,
} from '../../shared/payload.ts';
import { ProblemCounter } from '../../shared/problem.ts';

/** Rules alone, without the project's registry: so that a test of a family says what its own rules do. */
export class RuleInspector implements PayloadInspector {
  readonly rules: readonly PayloadRule[];
  /** Rules of different protocols that claim one payload: `first second`, and how often. */
  readonly conflicts = new Map<string, number>();

  constructor(rules: readonly PayloadRule[]) {
    this.rules = [{ id: '', protocol: '', transport: -1, recognise: () => NOT_RECOGNISED }, ...rules];
  }

  inspect(payload: Payload): InspectionResult {
    if (payload.rule !== 0) return this.rules[payload.rule].recognise(payload);
    let found: InspectionResult = NOT_RECOGNISED;
    let wantsMore = false;
    for (const [number, rule] of this.rules.entries()) {
      if (rule.transport !== payload.transport) continue;
      if (rule.firstBytes?.includes(payload.bytes[payload.start]) === false) continue;
      const result = rule.recognise(payload);
      if (result === NOT_RECOGNISED) continue;
      if (result === WANTS_MORE) wantsMore = true;
      else if (payload.rule === 0) {
        payload.rule = number;
        found = result;
      } else if (this.rules[payload.rule].protocol !== rule.protocol) {
        const key = `${this.rules[payload.rule].id} ${rule.id}`;
        this.conflicts.set(key, (this.conflicts.get(key) ?? 0) + 1);
      }
    }
    return payload.rule === 0 && wantsMore ? WANTS_MORE : found;
  }
}

export interface RecognisedFlow {
  transport: number;
  initiatorPort: number;
  responderPort: number;
  packets: number;
  locator: number;
  depth: number;
  /** Empty when no rule recognised the flow. */
  rule: string;
}

/** Flows of a capture and what the inspector's rules make of them; none when the file is no capture. */
export async function recogniseFlows(file: string, inspector: PayloadInspector): Promise<RecognisedFlow[]> {
  const flows: RecognisedFlow[] = [];
  const builder = new SegmentBuilder((segment) => {
    const { columns, rows } = segment;
    for (let row = 0; row < rows; row++) {
      const term = columns.payloadRule?.[row] ?? 0;
      flows.push({
        transport: columns.transport?.[row] ?? 0,
        initiatorPort: columns.initiatorPort?.[row] ?? 0,
        responderPort: columns.responderPort?.[row] ?? 0,
        packets: (columns.packetsOut?.[row] ?? 0) + (columns.packetsIn?.[row] ?? 0),
        locator: columns.locator?.[row] ?? 0,
        depth: columns.depth?.[row] ?? 0,
        rule: term === 0 ? '' : (segment.terms[term - 1] ?? ''),
      });
    }
  });
  const problems = new ProblemCounter();
  const packets = new PacketPath(new FlowTable(builder, inspector), problems);
  const reader = (head: Uint8Array): { format: string; reader: CaptureReader } | null => {
    const magic = head.length < 4 ? 0 : Buffer.from(head.subarray(0, 4)).readUInt32BE();
    if (PCAP_MAGICS.has(magic)) return { format: 'pcap', reader: new PcapReader(packets) };
    return magic === 0x0a0d0d0a ? { format: 'pcapng', reader: new PcapngReader(packets, () => undefined) } : null;
  };
  await readEvidence(file, {
    choose: (head) => reader(head),
    problem: () => undefined,
    progress: () => undefined,
  });
  packets.end();
  builder.flush();
  return flows;
}
