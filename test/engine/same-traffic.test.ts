import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { FilledSegment } from '../../electron/flows/segment-builder.ts';
import { formatAddress } from '../../shared/address.ts';
import { ICMP, ICMP6, transportName } from '../../shared/flow.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { textTable } from '../score/text-table.ts';

/** One mix of traffic as a capture and as what six exporters told of it. */

interface Amount {
  packets: number;
  bytes: number;
}

/** Scaled totals by conversation: the five-tuple in either order, of ICMP the addresses. Flows in tunnels are left out. */
async function conversationsOf(file: string): Promise<Map<string, Amount>> {
  const found = new Map<string, Amount>();
  const add = ({ rows, columns }: FilledSegment): void => {
    const at = (name: keyof typeof columns, row: number): number => columns[name]?.[row] ?? 0;
    const end = (side: 'initiator' | 'responder', row: number): string => {
      const words = columns[side]?.subarray(row * 4, row * 4 + 4) ?? [];
      return formatAddress(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
    };
    for (let row = 0; row < rows; row++) {
      if (at('depth', row) > 0) continue;
      const transport = at('transport', row);
      const hasPorts = transport !== ICMP && transport !== ICMP6;
      const ends = (['initiator', 'responder'] as const).map(
        (side) => end(side, row) + (hasPorts ? ` ${at(`${side}Port`, row)}` : ''),
      );
      const key = `${transportName(transport)} ${ends.toSorted().join(' ')}`;
      const known = found.get(key) ?? { packets: 0, bytes: 0 };
      const rate = at('sampling', row) || 1;
      known.packets += (at('packetsOut', row) + at('packetsIn', row)) * rate;
      known.bytes += (at('bytesOut', row) + at('bytesIn', row)) * rate;
      found.set(key, known);
    }
  };
  const output = { segment: add, names: () => undefined, progress: () => undefined };
  await decodeEvidence(join(CORPUS, 'generated', file), DEFAULT_TIMEOUTS, output);
  return found;
}

const CAPTURE = 'mix.pcap';
const CARRIER = 'the datagrams of the export are a conversation of the capture themselves';
const PADDING = 'softflowd counts the padding of short frames';

/** What each format cannot tell as the capture does, and why. */
const EXPRESSED: Readonly<Record<string, { missing?: number; extra?: number; bytesOff?: number; why: string }>> = {
  'mix.argus': {
    missing: 1,
    extra: 1,
    bytesOff: 0.001,
    why: 'argus takes GRE for the SIP that it carries; it counts frames, and the padding of short ones stays in',
  },
  'nfcapd.v5.none': { missing: 6, bytesOff: 0.001, why: `NetFlow v5 has no IPv6; ${PADDING}` },
  'nfcapd.v9.lzo': { bytesOff: 0.001, why: PADDING },
  'nfcapd.ipfix.lz4': { bytesOff: 0.001, why: PADDING },
  'softflowd.ipfix': { bytesOff: 0.001, why: PADDING },
  'softflowd-v5.pcap': { missing: 6, extra: 1, bytesOff: 0.001, why: `no IPv6; ${CARRIER}` },
  'softflowd-v9.pcap': { extra: 1, bytesOff: 0.001, why: CARRIER },
  'softflowd-ipfix.pcap': { extra: 1, bytesOff: 0.001, why: CARRIER },
  'nfpcapd.bz2.nfcapd.202311140000': {
    missing: 3,
    extra: 12,
    why: "nfpcapd tells the ten flows in a 6in4 tunnel instead of the tunnel, gives GRE PPTP's call number as a port, and MLD the hop-by-hop options as transport",
  },
};

describe.skipIf(!corpusIsThere)('the same traffic in every format (skipped: ../shared/corpus is not there)', () => {
  it('gives the same conversations with the same packets, up to what each format can express', async () => {
    const capture = await conversationsOf(CAPTURE);
    const table: string[][] = [];
    for (const [file, { missing = 0, extra = 0, bytesOff = 0, why }] of Object.entries(EXPRESSED)) {
      const exported = await conversationsOf(file);
      const absent = [...capture.keys()].filter((key) => !exported.has(key));
      const further = [...exported.keys()].filter((key) => !capture.has(key));
      const common = [...exported].flatMap(([key, amount]) => {
        const whole = capture.get(key);
        return whole === undefined ? [] : [{ key, amount, whole }];
      });
      const otherPackets = common.filter(({ amount, whole }) => amount.packets !== whole.packets);
      const bytes = common.reduce((sum, { amount }) => sum + amount.bytes, 0);
      const wholeBytes = common.reduce((sum, { whole }) => sum + whole.bytes, 0);
      const off = bytes / wholeBytes - 1;
      table.push([
        file,
        ...[exported.size, absent.length, further.length].map(String),
        `${(off * 100).toFixed(3)} %`,
        why,
      ]);
      expect({ file, absent: absent.length, further: further.length }).toEqual({
        file,
        absent: missing,
        further: extra,
      });
      expect(otherPackets.map(({ key }) => `${file}: ${key}`)).toEqual([]);
      expect(Math.abs(off)).toBeLessThanOrEqual(bytesOff);
    }
    const header = ['format', 'conversations', 'missing', 'further', 'bytes', 'why'];
    process.stdout.write(`${CAPTURE}: ${capture.size} conversations\n${textTable(header, table)}\n`);
  });

  it('sampled by sFlow, gives only conversations of the capture, and totals within what sampling allows', async () => {
    const capture = await conversationsOf(CAPTURE);
    const sampled = await conversationsOf('pmacct-sflow5.pcap');
    const carriers = [...sampled].filter(([key]) => !capture.has(key));
    expect(carriers.length).toBe(1);
    for (const [key] of carriers) sampled.delete(key);
    const sumOf = (flows: Map<string, Amount>): number =>
      [...flows.values()].reduce((sum, { packets }) => sum + packets, 0);
    const packets = sumOf(capture);
    // One packet in ten: the estimate of a total of n packets has a standard deviation of about sqrt(9 n).
    expect(Math.abs(sumOf(sampled) - packets)).toBeLessThan(4 * Math.sqrt(9 * packets));
  });
});
