import { describe, expect, it } from 'vitest';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';

/**
 * Files whose packets the manifest and we count otherwise, with the reason. capinfos stops at damage and gives no count;
 * such files are not listed, they are only required to be told as damaged.
 */
const COUNTED_OTHERWISE: Readonly<Record<string, string>> = {
  'ndpi-fuzz/55a37dadd855887b7005fc42e6766b9665411795.pcap':
    'capinfos stops at the damaged record 13 without saying so; eight sound records lie behind it',
};

/** Captures that capinfos refuses for another reason than damage (a link type or version that it does not know). */
const REFUSED_BY_CAPINFOS: readonly string[] = [
  'gopacket/pcapgo/tests/be/test901.pcapng',
  'ntopng-fuzz/fuzz/corpus/fuzz_dissect_packet/juniper_es_oobr.pcap',
  'tcpdump/edsa-high-vid.pcap',
  'tcpdump/edsa.pcap',
  'tcpdump/juniper_es_oobr.pcap',
  'tcpdump/juniper_monitor_invalid_cookie_length.pcap',
  'wireshark-wiki/Development/PcapNg/http.bigendian.ntar',
  'wireshark-wiki/Development/PcapNg/test007.ntar',
];

const captures = corpusFiles().filter((file) => /^pcap(ng|-ns)?(\.gz)?$/.test(file.format));

describe.skipIf(!corpusIsThere)('captures of the corpus (skipped: ../shared/corpus is not there)', () => {
  it('gives as many packets as the manifest, the same hash, and tells every damage', { timeout: 600_000 }, async () => {
    expect(captures.length).toBeGreaterThan(1500);
    const differing: string[] = [];
    const silent: string[] = [];
    for (const file of captures) {
      const rows = { flows: 0 };
      const decoded = await decodeEvidence(`${CORPUS}${file.path}`, DEFAULT_TIMEOUTS, {
        segment: (segment) => {
          rows.flows += segment.rows;
        },
        names: () => undefined,
        progress: () => undefined,
      });
      expect(decoded.sha256).toBe(file.sha256);
      expect(decoded.flows).toBe(rows.flows);
      if (file.packets !== null && decoded.packets !== file.packets && !(file.path in COUNTED_OTHERWISE)) {
        differing.push(`${file.path}: ${decoded.packets} instead of ${file.packets}`);
      }
      const told = decoded.problems.some((problem) => /^(damaged|truncated|link-type)/.test(problem.kind));
      if (file.packets === null && !told && !REFUSED_BY_CAPINFOS.includes(file.path)) silent.push(file.path);
    }
    expect(differing).toEqual([]);
    expect(silent).toEqual([]);
  });
});
