import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { compareFile } from '../score/compare.ts';
import { readVocabulary } from '../score/expected-label.ts';
import { readExpected } from '../score/expected.ts';
import { ownFlowSource } from '../score/own-flows.ts';

/** Engines that saw the packets themselves, so that their conversations and counts must be ours. */
const isPacketEngine = (engine: string): boolean => /^(nDPI|arkime$|zeek$|ja4-rust$)/.test(engine);

const TUNNELLED =
  'nDPI counts the 16 readable frames in the tunnel for what they carry alone (it drops ARP and WLCCP), we for the tunnel too';
const REBUILT = 'the capture was rebuilt with the first five packets of each conversation; nDPId counted the original';
const LYING_LENGTH = "nDPI drops packets whose IP length exceeds the frame; we count them by the header's own field";

/**
 * What differs, by file and engine: conversations of theirs that we do not have, conversations whose packet counts differ
 * (flows that one side splits are left out), and why. `docs/label-differences.md` tells it in words.
 */
const DIFFERENCES: readonly (readonly [path: string, engine: string, missing: number, packets: number, why: string])[] =
  [
    [
      'ja4/pcap/single-packets.pcap',
      'arkime',
      0,
      1,
      'Arkime counts the only packet, an answer, for the side that was asked',
    ],
    [
      'ndpi/pcap/ah.pcapng',
      'nDPI-dev-20250119',
      1,
      0,
      'nDPI stops at the authentication header, we give the flow its transport behind it',
    ],
    ['ndpi/pcap/capwap.pcap', 'nDPI-dev-20250119', 0, 1, TUNNELLED],
    [
      'ndpi/pcap/fuzz-2006-06-26-2594.pcap',
      'nDPI-dev-20250119',
      1,
      12,
      `${LYING_LENGTH}, in 11; in one it drops a later fragment; the missing one has an IPv4 header of 4 bytes, inside which nDPI reads ports`,
    ],
    [
      'ndpi/pcap/fuzz-2021-10-13.pcap',
      'nDPI-dev-20250119',
      1,
      0,
      'one damaged frame: behind its IPv6 header a TCP header says that it has no bytes',
    ],
    ['ndpi/pcap/ndpi_match_string_subprotocol__error.pcapng', 'nDPI-dev-20250119', 0, 1, LYING_LENGTH],
    [
      'ndpi/pcap/reasm_crash_anon.pcapng',
      'nDPI-dev-20250119',
      0,
      1,
      `${LYING_LENGTH}; it counts one whose TCP header says that it has no bytes, which we tell as malformed`,
    ],
    ['ndpid-rebuilt/pcap/armagetron.rebuilt.pcap', 'nDPId-20260610', 0, 7, REBUILT],
    ['ndpid-rebuilt/pcap/custom_rules_overwrite_domains.rebuilt.pcap', 'nDPId-20260610', 0, 3, REBUILT],
    ['ndpid-rebuilt/pcap/easyweather.rebuilt.pcap', 'nDPId-20260610', 0, 1, REBUILT],
    ['ndpid-rebuilt/pcap/ethernet_ip-cip.rebuilt.pcap', 'nDPId-20260610', 0, 1, REBUILT],
    ['ndpid-rebuilt/pcap/ethernet_ip-cip_io.rebuilt.pcap', 'nDPId-20260610', 0, 1, REBUILT],
    ['ndpid-rebuilt/pcap/gearup_booster.rebuilt.pcap', 'nDPId-20260610', 0, 8, REBUILT],
    ['ndpid-rebuilt/pcap/nordvpn.rebuilt.pcap', 'nDPId-20260610', 0, 4, REBUILT],
    ['ndpid-rebuilt/pcap/zeromq.rebuilt.pcap', 'nDPId-20260610', 0, 1, REBUILT],
    [
      'wireshark-wiki/SampleCaptures/dhcp.pcap',
      'arkime',
      0,
      1,
      "Arkime joins a DHCP server's answers to the broadcast that asked",
    ],
    [
      'zeek/Traces/tunnels/gtp/gtp1_gn_normal_incl_fragmentation.pcap',
      'zeek',
      0,
      1,
      'Zeek counts reassembled datagrams, we count their fragments',
    ],
  ];

describe.skipIf(!corpusIsThere)('conversations of the corpus (skipped: ../shared/corpus is not there)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'enclave-conversations-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'are those of the packet engines, with as many packets, but for the differences listed',
    { timeout: 300_000 },
    async () => {
      const table = readVocabulary(path.join(CORPUS, '../vocabulary.tsv'));
      const flowsOf = ownFlowSource(folder);
      const found: string[] = [];
      let conversations = 0;
      let counted = 0;
      for (const [file, all] of readExpected(path.join(CORPUS, 'expected.jsonl'))) {
        const expected = all.filter((flow) => isPacketEngine(flow.engine));
        if (expected.length === 0) continue;
        const got = await flowsOf(path.join(CORPUS, file));
        const compared = compareFile(expected, 'flows' in got ? got.flows : [], table).flows;
        for (const engine of new Set(expected.map((flow) => flow.engine))) {
          const own = compared.filter((flow) => flow.engine === engine && flow.presence !== 'not-comparable');
          const missing = own.filter((flow) => flow.presence === 'missing').length;
          const packets = own.filter((flow) => flow.verdicts.packets?.outcome === 'differ').length;
          conversations += own.length - missing;
          counted += own.filter((flow) => flow.verdicts.packets?.outcome === 'agree').length;
          if (missing + packets > 0) found.push(`${file} ${engine}: ${missing} missing, ${packets} other packets`);
        }
      }
      const listed = DIFFERENCES.map(
        ([file, engine, missing, packets]) => `${file} ${engine}: ${missing} missing, ${packets} other packets`,
      );
      expect(found.toSorted()).toEqual(listed.toSorted());
      expect(conversations).toBeGreaterThan(2100);
      expect(counted).toBeGreaterThan(1900);
    },
  );
});
