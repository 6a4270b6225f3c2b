import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clientHello, dnsMessage } from '../classify/payload-writer.ts';
import { CORPUS, corpusFiles } from '../corpus.ts';
import { conversations, FIRST_TIME, pcap, pcapng, tcpFrame, udpFrame } from '../fixtures/captures.ts';

/** What mutants are made of: captures of our own, and the small ones of the corpus where it is there. */

const LARGEST_SEED = 24 * 1024;
const MOST_OF_CORPUS = 400;
const REGRESSIONS = fileURLToPath(new URL('./regressions/', import.meta.url));

/** Inputs that once failed, made by us, by file name. */
export function regressions(): { name: string; bytes: Buffer }[] {
  return readdirSync(REGRESSIONS)
    .filter((name) => name.endsWith('.bin'))
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(REGRESSIONS + name) }));
}

function own(): Buffer[] {
  const ends = { source: [10, 0, 0, 1], destination: [192, 0, 2, 1], sourcePort: 40_000, destinationPort: 53 };
  const hello = clientHello('www.example.org');
  const record = Buffer.concat([Buffer.from([22, 3, 1, 0, hello.length]), hello]);
  const packets = [
    { time: FIRST_TIME, frame: udpFrame(ends, dnsMessage({ name: 'www.example.org' })) },
    { time: FIRST_TIME + 1000, frame: tcpFrame({ ...ends, destinationPort: 443 }, 24, 1, record) },
    ...conversations(6),
  ];
  const zeek =
    '#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n' +
    '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\n' +
    '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\n' +
    '1494201600.5\tCabc1\t10.0.0.1\t40000\t192.0.2.1\t443\ttcp\tssl\t1.5\t300\t4000\tSF\n';
  return [pcap(packets), pcapng(packets), Buffer.from(zeek)];
}

let seeds: readonly Buffer[] | null = null;

/** The seeds, always in the same order. */
export function fuzzSeeds(): readonly Buffer[] {
  if (seeds !== null) return seeds;
  const small = corpusFiles().filter(({ bytes }) => bytes > 0 && bytes <= LARGEST_SEED);
  // Evenly over the whole corpus, whose families lie one after the other.
  const step = Math.max(1, small.length / MOST_OF_CORPUS);
  const chosen = Array.from({ length: Math.min(MOST_OF_CORPUS, small.length) }, (_, i) => small[Math.floor(i * step)]);
  seeds = [...own(), ...chosen.flatMap((file) => (file === undefined ? [] : [readFileSync(CORPUS + file.path)]))];
  return seeds;
}
