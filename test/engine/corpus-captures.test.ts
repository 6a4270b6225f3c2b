import { describe, expect, it } from 'vitest';
import { corpusFiles, corpusIsThere } from '../corpus.ts';
import { committedLines, decodeCorpusFile, tableLine } from './corpus-table.ts';

/**
 * Files whose packets the manifest and we count otherwise, with the reason. capinfos stops at damage and gives no count;
 * such files are not listed, they are only required to be told as damaged.
 */
const COUNTED_OTHERWISE: Readonly<Record<string, string>> = {
  'ndpi-fuzz/55a37dadd855887b7005fc42e6766b9665411795.pcap':
    'capinfos stops at the damaged record 13; eight sound records lie behind it',
  'pcapplusplus/Tests/Fuzzers/RegressionTests/regression_samples/igmplayer':
    "capinfos takes it for Nokia's variant and stops; its first records join as an ordinary pcap",
};

/**
 * Captures that capinfos refuses for another reason than damage: a link type or version that it does not know; of `test007.ntar`
 * a block of 139 bytes, which it takes to be 140.
 */
const REFUSED_BY_CAPINFOS: readonly string[] = [
  'gopacket/pcapgo/tests/be/test901.pcapng',
  'ntopng-fuzz/fuzz/corpus/fuzz_dissect_packet/juniper_es_oobr.pcap',
  'tcpdump/edsa-high-vid.pcap',
  'tcpdump/edsa.pcap',
  'tcpdump/juniper_es_oobr.pcap',
  'tcpdump/juniper_monitor_invalid_cookie_length.pcap',
  'wireshark-wiki/Development/PcapNg/http.bigendian.ntar',
  'wireshark-wiki/Development/PcapNg/test007.ntar',
  'wireshark-wiki/up/19568882943f275165a5c314f35c024f/mp4-ftyp-styp-sidx.pcap',
  'wireshark-wiki/up/74f601c1bf426836e41e6be025bce3b9/styp.pcap',
  'wireshark-wiki/up/ffedd6b9fa50190e1fd12de2b90f43a4/alp-sample1.pcap',
];

/** Formats of the manifest that are read as captures; Network Monitor and Sniffer are refused by name. */
const isCapture = (format: string): boolean => /pcap|snoop/.test(format);

describe.skipIf(!corpusIsThere)('captures of the corpus (skipped: ../shared/corpus is not there)', () => {
  it(
    'become what the table says, with the packets and the hash of the manifest, and every damage is told',
    { timeout: 600_000 },
    async () => {
      const files = corpusFiles();
      expect(files.filter(({ format }) => isCapture(format)).length).toBeGreaterThan(1500);
      const lines: string[] = [];
      const differing: string[] = [];
      const silent: string[] = [];
      for (const file of files) {
        const { decoded, rows } = await decodeCorpusFile(file);
        expect(decoded.sha256).toBe(file.sha256);
        expect(decoded.flows).toBe(rows);
        lines.push(tableLine(file, decoded));
        if (!isCapture(file.format)) continue;
        if (file.packets !== null && decoded.packets !== file.packets && !(file.path in COUNTED_OTHERWISE)) {
          differing.push(`${file.path}: ${decoded.packets} instead of ${file.packets}`);
        }
        const told = decoded.problems.some((problem) => /^(damaged|truncated|link-type)/.test(problem.kind));
        if (file.packets === null && !told && !REFUSED_BY_CAPINFOS.includes(file.path)) silent.push(file.path);
      }
      expect(differing).toEqual([]);
      expect(silent).toEqual([]);
      // After a change that is meant: node test/engine/corpus-table.ts
      const committed = new Set(committedLines());
      expect(lines.filter((line) => !committed.has(line))).toEqual([]);
      expect(committed.size).toBe(lines.length);
    },
  );
});
