import { readFileSync } from 'node:fs';
import { clientHello, dnsMessage } from '../classify/payload-writer.ts';
import { CORPUS, corpusFiles } from '../corpus.ts';
import { aggregate, ipv4, subframe, UDP_PACKET } from '../decode/frames.ts';
import { conversations, FIRST_TIME, pcap, pcapng, tcpFrame, udpFrame } from '../fixtures/captures.ts';

/** What mutants of captures are made of: those of our own, and the small ones of the corpus where it is there. */

const LARGEST_SEED = 24 * 1024;
const MOST_OF_CORPUS = 400;
/** Formats of the manifest that `export-seeds.ts` takes. */
const EXPORTS = /^(zeek|suricata|nfcapd|argus|ipfix|json)/;

function own(): Buffer[] {
  const ends = { source: [10, 0, 0, 1], destination: [192, 0, 2, 1], sourcePort: 40_000, destinationPort: 53 };
  const hello = clientHello('www.example.org');
  const record = Buffer.concat([Buffer.from([22, 3, 1, 0, hello.length]), hello]);
  const packets = [
    { time: FIRST_TIME, frame: udpFrame(ends, dnsMessage({ name: 'www.example.org' })) },
    { time: FIRST_TIME + 1000, frame: tcpFrame({ ...ends, destinationPort: 443 }, 24, 1, record) },
    ...conversations(6),
  ];
  // 802.11 frames of several packets: the corpus has none.
  const radio = [1, 2].map((n) => ({
    time: FIRST_TIME + n,
    frame: aggregate(...Array.from({ length: n * 2 }, () => subframe(ipv4(UDP_PACKET)))),
  }));
  return [pcap(packets), pcapng(packets), pcap(radio, 105)];
}

let seeds: readonly Buffer[] | null = null;

/** The seeds, always in the same order. */
export function captureSeeds(): readonly Buffer[] {
  if (seeds !== null) return seeds;
  const small = corpusFiles().filter(
    ({ bytes, format }) => bytes > 0 && bytes <= LARGEST_SEED && !EXPORTS.test(format),
  );
  // Evenly over the whole corpus, whose families lie one after the other.
  const step = Math.max(1, small.length / MOST_OF_CORPUS);
  const chosen = Array.from({ length: Math.min(MOST_OF_CORPUS, small.length) }, (_, i) => small[Math.floor(i * step)]);
  seeds = [...own(), ...chosen.flatMap((file) => (file === undefined ? [] : [readFileSync(CORPUS + file.path)]))];
  return seeds;
}
