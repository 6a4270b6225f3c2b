import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cryptocurrencyRules } from '../../electron/classify/payload/cryptocurrency.ts';
import { gameRules } from '../../electron/classify/payload/games.ts';
import { mediaStreamingRules } from '../../electron/classify/payload/media-streaming.ts';
import { messagingRules } from '../../electron/classify/payload/messaging.ts';
import { peerToPeerRules } from '../../electron/classify/payload/peer-to-peer.ts';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import { voipRules } from '../../electron/classify/payload/voip.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';
import { ruleHits } from '../score/rule-hits.ts';
import { ruleFor, RuleTrial, type Said } from './payload-trial.ts';

/** The rules of calls, messengers, media, games, sharing and coins, alone, over what is theirs and what is not. */

const RULES: readonly PayloadRule[] = [
  ...voipRules,
  ...messagingRules,
  ...mediaStreamingRules,
  ...gameRules,
  ...peerToPeerRules,
  ...cryptocurrencyRules,
];
const CAPTURES = new Set(['pcap', 'pcapng', 'pcap.gz', 'pcapng.gz']);

/** Flows of a capture that each rule names. */
async function hits(path: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const { rule } of await ruleHits(path, new RuleTrial(RULES))) {
    if (rule !== '') found.set(rule, (found.get(rule) ?? 0) + 1);
  }
  return found;
}

it('have ids of their own and protocols of the vocabulary', () => {
  expect(new Set(RULES.map((rule) => rule.id)).size).toBe(RULES.length);
  for (const rule of RULES) expect([rule.id, Object.hasOwn(PROTOCOLS, rule.protocol)]).toEqual([rule.id, true]);
});

describe.skipIf(!corpusIsThere)('over ../shared/corpus (skipped where it is absent)', () => {
  it('name the flows of the committed table and no others', { timeout: 120_000 }, async () => {
    const lines = ['path\trule\tflows'];
    for (const { path, format } of corpusFiles()) {
      if (!CAPTURES.has(format)) continue;
      const found = [...(await hits(`${CORPUS}${path}`))].toSorted(([a], [b]) => (a < b ? -1 : 1));
      for (const [rule, flows] of found) lines.push(`${path}\t${rule}\t${flows}`);
    }
    const table = readFileSync(new URL('./payload-corpus.tsv', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.toSorted()).toEqual(table.toSorted());
  });
});

describe('over bytes without a form', () => {
  /** A stream of bytes from a seed. */
  const noise = (seed: number, length: number): Buffer => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) =>
      createHash('sha256').update(`${seed} ${block}`).digest(),
    );
    return Buffer.concat(blocks).subarray(0, length);
  };

  it('name nothing random, whatever the first byte and the port', () => {
    const ports = [53, 443, 1720, 1935, 2000, 3478, 4534, 4569, 5060, 8000, 8333, 27_015, 30_303];
    for (let round = 0; round < 4096; round++) {
      const bytes = noise(round, 12 + ((round * 37) % 600));
      const conversation: Said[] = [bytes, noise(-1 - round, bytes.length)].map((each, index) => {
        each[0] = round & 255;
        return [index === 0 || (round & 256) === 0 ? '>' : '<', each];
      });
      for (const transport of [TCP, UDP]) {
        const rule = ruleFor(RULES, conversation, { transport, destinationPort: ports[round % ports.length] });
        expect([round, rule]).toEqual([round, '']);
      }
    }
  });

  it('name nothing compressed, empty or uniform', () => {
    for (let round = 0; round < 256; round++) {
      const text = Buffer.from(noise(round, 200).toString('hex'));
      for (const bytes of [gzipSync(text), deflateRawSync(text), Buffer.alloc(200, round), Buffer.alloc(8, round)]) {
        for (const transport of [TCP, UDP]) {
          expect([round, ruleFor(RULES, [['>', bytes], ['<', bytes], ['>', bytes]], { transport })]).toEqual([round, '']); // prettier-ignore
        }
      }
    }
  });
});
