import { createCipheriv } from 'node:crypto';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ENCRYPTED_UNCLASSIFIED } from '../../electron/classify/payload/circumvention.ts';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { SERVICE_OF_RULE } from '../../electron/classify/service-of-rule.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { Payload, type PayloadInspector } from '../../shared/payload.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';
import { type JudgedHit, judgeCorpus, precisionTable } from '../score/precision.ts';
import { ruleHits } from '../score/rule-hits.ts';
import { EveryRule } from './every-rule.ts';

/** No rule may name what is not its protocol: neither noise nor other families' traffic. */

const FLOWS = 100_000;
const LONGEST = 1400;
/** Payloads of a flow, from either side in turn: so that rules that remember the first one are tried too. */
const PAYLOADS = 3;
const PORTS = [
  21, 22, 23, 25, 53, 69, 80, 88, 102, 110, 111, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 443, 445, 500, 502,
  514, 631, 853, 993, 1080, 1194, 1433, 1521, 1701, 1723, 1812, 1883, 1900, 2049, 2123, 2152, 2222, 2404, 3128, 3260,
  3306, 3389, 3478, 3544, 3784, 4500, 4569, 4672, 4840, 5004, 5060, 5222, 5353, 5355, 5432, 5683, 5900, 6346, 6379,
  6667, 6881, 8080, 8333, 9001, 9092, 9600, 10_000, 11_211, 18_080, 20_000, 25_565, 27_015, 27_017, 30_303, 44_818,
  47_808, 51_820, 1502, 7500, 10_005, 11_095, 17_771, 17_788,
];

/** Flows of noise that a rule of fewer than 32 bits of evidence may name, of 100,000. Absent: none. */
const MOST_FALSE: Readonly<Record<string, number>> = {};

/** Numbers below 2^32 with a fixed seed (Marsaglia, "Xorshift RNGs", 2003). */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const ciphertext = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(Buffer.alloc(1 << 22));

const WORDS = 'the of packet flow and to in status value id name temperature 0.1 17 2017-05-17 {"a":1} <p> \r\n'.split(
  ' ',
);

/** Beginnings of compressed texts: their heads are what a payload would begin with. */
const compressed = ((): Buffer[] => {
  const random = xorshift(7);
  return Array.from({ length: 1500 }, (_, number) => {
    const text = Array.from({ length: 900 }, () => WORDS[random() % WORDS.length]).join(' ');
    return number % 4 === 0 ? gzipSync(text) : deflateRawSync(text, { level: 1 + (number % 9) });
  });
})();

type Noise = (length: number, random: () => number) => Uint8Array;

const NOISE: Readonly<Record<string, Noise>> = {
  random(length, random) {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = random() >>> 11;
    return bytes;
  },
  AES(length, random) {
    const at = random() % (ciphertext.length - length);
    return ciphertext.subarray(at, at + length);
  },
  deflate(length, random) {
    const whole = compressed[random() % compressed.length] ?? ciphertext;
    // Half from the head, half from within.
    const at = random() % 2 === 0 ? 0 : random() % whole.length;
    return whole.subarray(at, at + Math.min(length, whole.length - at));
  },
};

/** Noise looks encrypted: that is no name. */
function isNamed(inspector: PayloadInspector, payload: Payload): boolean {
  return inspector.rules[payload.rule]?.protocol !== '';
}

/** Rules that named flows of noise, with how many. */
function namedNoise(inspector: PayloadInspector, noise: Noise, flows: number): Map<string, number> {
  const random = xorshift(20_170_517);
  const named = new Map<string, number>();
  const payload = new Payload();
  const port = (): number => (random() % 2 === 0 ? (PORTS[random() % PORTS.length] ?? 0) : random() & 0xffff);
  for (let flow = 0; flow < flows; flow++) {
    const ends: [number, number] = [port(), port()];
    Object.assign(payload, { rule: 0, memory: null, transport: flow % 2 === 0 ? TCP : UDP, time: 1_495_000_000e6 });
    for (payload.looks = 0; payload.looks < PAYLOADS && !isNamed(inspector, payload); payload.looks++) {
      const isOut = payload.looks % 2 === 0;
      // Short ones as often as long ones, for there are rules of two bytes.
      const limit = random() % 2 === 0 ? LONGEST : 32;
      payload.bytes = noise(1 + (random() % limit), random);
      payload.start = 0;
      payload.end = payload.bytes.length;
      payload.fromInitiator = isOut;
      payload.sourcePort = ends[isOut ? 0 : 1];
      payload.destinationPort = ends[isOut ? 1 : 0];
      inspector.inspect(payload);
    }
    if (!isNamed(inspector, payload)) continue;
    const { id } = inspector.rules[payload.rule] ?? { id: '' };
    named.set(id, (named.get(id) ?? 0) + 1);
  }
  return named;
}

describe('noise', () => {
  it.each(Object.keys(NOISE))(`is not named: ${FLOWS} flows of %s bytes`, (kind) => {
    const noise = NOISE[kind];
    if (noise === undefined) throw new Error(kind);
    const named = namedNoise(new PayloadRecogniser(() => undefined), noise, FLOWS);
    expect(Object.fromEntries([...named].filter(([rule, flows]) => flows > (MOST_FALSE[rule] ?? 0)))).toEqual({});
  });

  it('would be seen if a rule named it', () => {
    const careless: PayloadInspector = {
      rules: [
        { protocol: '', id: '' },
        { protocol: 'tls', id: 'careless' },
      ],
      inspect: (payload) => (payload.bytes[payload.start] === 22 ? ((payload.rule = 1), 1) : 0),
    };
    for (const noise of Object.values(NOISE)) {
      expect(namedNoise(careless, noise, 10_000).get('careless')).toBeGreaterThan(10);
    }
  });
});

describe('rules', () => {
  const { rules } = new PayloadRecogniser(() => undefined);

  it('have ids of their own, and protocols of the vocabulary', () => {
    const ids = rules.slice(1).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    // A form that is no protocol of the vocabulary names a service.
    const others = rules.slice(1).filter(({ id }) => SERVICE_OF_RULE[id] === undefined);
    expect(others.filter(({ protocol }) => PROTOCOLS[protocol] === undefined)).toEqual([ENCRYPTED_UNCLASSIFIED]);
    expect(ids.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)+$/.test(id))).toEqual([]);
  });
});

/** Protocols that one flow carries both of, so that either name is right: what the bytes say first, what others say, why. */
const AGREED: readonly (readonly [ours: string, theirs: string, why: string])[] = [
  ['stun', 'dtls', 'media paths share one pair of ports (RFC 7983)'],
  ['dtls', 'stun', 'media paths share one pair of ports (RFC 7983)'],
];

/** Flows that other engines name otherwise, looked at one by one: file, rule, their name, and what the bytes are. */
const LOOKED_AT: readonly (readonly [path: string, rule: string, theirs: string, why: string])[] = [
  [
    'ndpi/pcap/ossfuzz_seed_fake_traces_1.pcapng',
    'tls-handshake',
    'gnutella',
    'a ClientHello by its bytes, made up and mostly zeros',
  ],
];

/** Whether a name that others do not share was agreed to, or looked at. */
function isExplained(hit: JudgedHit): boolean {
  return (
    hit.theirs.every((theirs) =>
      AGREED.some(([ours, also]) => ours === hit.protocol && theirs.split('.').includes(also)),
    ) ||
    LOOKED_AT.some(([path, rule, theirs]) => path === hit.path && rule === hit.rule && hit.theirs.join() === theirs)
  );
}

/** Rules that look into what another one names too, and come before it: first the closer name, then the wider. */
const CLOSER: readonly string[] = [
  'avast-certificate-question dns-message',
  'encrypted-dns-over-tls tls-handshake',
  'encrypted-dns-over-tls tls-record',
  'hls-playlist-request http-request',
  'http-proxy-request http-request',
  'ocsp-request http-request',
  'tor-made-up-name tls-handshake',
];

describe.skipIf(!corpusIsThere)('other families’ traffic (skipped without the corpus beside the project)', () => {
  it('is claimed by no rule, were it asked alone', { timeout: 120_000 }, async () => {
    const inspector = new EveryRule();
    let flows = 0;
    for (const { path, bytes, format } of corpusFiles()) {
      if (!format.startsWith('pcap') || bytes > 2e6) continue;
      flows += (await ruleHits(CORPUS + path, inspector)).filter(({ protocol }) => protocol !== '').length;
    }
    expect(flows).toBeGreaterThan(2000);
    expect([...inspector.conflicts].filter((pair) => !CLOSER.includes(pair)).toSorted()).toEqual([]);
  });

  it('is not named', { timeout: 600_000 }, async () => {
    const judged = await judgeCorpus(CORPUS, new PayloadRecogniser(() => undefined));
    expect(judged.length).toBeGreaterThan(500);
    process.stdout.write(`\n${precisionTable(judged)}\n`);
    const falseNames = judged
      .filter((hit) => hit.judgement === 'other-family' && !isExplained(hit))
      .map(({ path, rule, flow, theirs }) => `${path}: ${flow}: ${rule}, others say ${theirs.join(', ')}`);
    expect(falseNames).toEqual([]);
  });
});
