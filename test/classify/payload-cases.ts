import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { NOT_RECOGNISED, Payload, WANTS_MORE } from '../../shared/payload.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';
import { readVocabulary, expectedLabel } from '../score/expected-label.ts';
import { type ExpectedFlow, readExpected } from '../score/expected.ts';
import { type RecognisedFlow, recogniseFlows, RuleInspector } from './rules-over-captures.ts';

/** One payload made by hand from a specification, and the rule that must recognise it; '' = none may. */
export interface PayloadCase {
  rule: string;
  bytes: Buffer;
  /** Port of the responder. */
  port: number;
  transport?: number;
  /** Sent by the responder. */
  answer?: boolean;
  looks?: number;
}

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
export const zeros = (length: number): Buffer => Buffer.alloc(length);
export const join = (...parts: (Buffer | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)));

/** A port of the initiator that no rule knows. */
const CLIENT_PORT = 49_737;

function show(inspector: RuleInspector, one: PayloadCase, around = 0x41): { rule: string; wantsMore: boolean } {
  const payload = Object.assign(new Payload(), {
    bytes: Buffer.concat([Buffer.alloc(8, around), one.bytes, Buffer.alloc(64, around)]),
    start: 8,
    end: 8 + one.bytes.length,
    transport: one.transport ?? TCP,
    fromInitiator: one.answer !== true,
    sourcePort: one.answer === true ? one.port : CLIENT_PORT,
    destinationPort: one.answer === true ? CLIENT_PORT : one.port,
    looks: one.looks ?? 0,
  });
  const result = inspector.inspect(payload);
  return {
    rule: result === NOT_RECOGNISED || payload.rule === 0 ? '' : inspector.rules[payload.rule].id,
    wantsMore: result === WANTS_MORE,
  };
}

/** A small generator (Marsaglia, "Xorshift RNGs", 2003), so that the same bytes come every time. */
function randomBytes(seed: number): (length: number) => Buffer {
  let state = seed;
  return (length) => {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[i] = state >>> 11;
    }
    return bytes;
  };
}

const PAYLOADS = 20_000;
/** On a port that a rule takes as a hint it may ask for fewer bits: at most one false name in so many payloads. */
const ONE_IN = 4000;

/** By ports and transport, in either direction: enough within one small capture. */
function isSameFlow(ours: RecognisedFlow, { tuple }: ExpectedFlow): boolean {
  if (tuple === null || tuple.transport !== (ours.transport === TCP ? 'tcp' : 'udp')) return false;
  const ports = [tuple.sourcePort, tuple.destinationPort].toSorted((a, b) => a - b);
  const own = [ours.initiatorPort, ours.responderPort].toSorted((a, b) => a - b);
  return ports[0] === own[0] && ports[1] === own[1];
}

/** The tests that the rules of every family must pass. `kin`: expected protocol → names of ours that mean the same flow. */
export function testRules(
  family: string,
  rules: readonly PayloadRule[],
  cases: readonly PayloadCase[],
  kin: Readonly<Record<string, readonly string[]>> = {},
): void {
  const inspector = new RuleInspector(rules);

  describe(`payload rules: ${family}`, () => {
    it('have an example each', () => {
      const named = new Set(cases.map((one) => one.rule));
      expect(rules.map((rule) => rule.id).filter((id) => !named.has(id))).toEqual([]);
      expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
    });

    it.each(cases.map((one, index) => ({ ...one, index, head: one.bytes.toString('latin1', 0, 16) })))(
      '$index: $rule from $head',
      (one) => {
        expect(show(inspector, one).rule).toBe(one.rule);
      },
    );

    it('do not look beyond the payload', () => {
      for (const one of cases) {
        for (let length = 1; length <= one.bytes.length && length <= 300; length++) {
          const cut = { ...one, bytes: one.bytes.subarray(0, length) };
          const seen = show(inspector, cut, 0x00);
          expect(show(inspector, cut, 0x41)).toEqual(seen);
          expect(show(inspector, cut, 0xff)).toEqual(seen);
        }
      }
    });

    it('name nothing in random and compressed bytes', () => {
      const random = randomBytes(20_170_517);
      const ports = [...new Set(cases.map((one) => one.port))];
      const words = cases.map((one) => one.bytes.toString('latin1'));
      let onPort = 0;
      for (let i = 0; i < PAYLOADS; i++) {
        const [low, high, choice, direction] = random(4);
        const length = 1 + ((low | (high << 8)) % 1400);
        const isCompressed = i % 8 === 0;
        const bytes = isCompressed
          ? deflateRawSync(Buffer.from(words[choice % words.length] + random(8).toString('hex').repeat(4)))
          : random(length);
        const one = { rule: '', bytes, transport: i % 2 === 0 ? TCP : UDP, answer: direction > 127 };
        expect([i, show(inspector, { ...one, port: 40_000 + choice }).rule]).toEqual([i, '']);
        if (show(inspector, { ...one, port: ports[choice % ports.length] }).rule !== '') onPort++;
      }
      expect(onPort).toBeLessThanOrEqual(PAYLOADS / ONE_IN);
    });

    it.runIf(corpusIsThere)(
      'contradict no other tool in real captures',
      async () => {
        const table = readVocabulary(`${CORPUS}../vocabulary.tsv`);
        const protocolOf = new Map(rules.map((rule) => [rule.id, rule.protocol]));
        const expected = readExpected(`${CORPUS}expected.jsonl`);
        const differing: string[] = [];
        let agreeing = 0;
        for (const file of corpusFiles()) {
          const theirs = expected.get(file.path);
          if (theirs === undefined || file.bytes > 2e6 || !file.format.startsWith('pcap')) continue;
          for (const flow of await recogniseFlows(CORPUS + file.path, new RuleInspector(rules))) {
            const protocol = protocolOf.get(flow.rule);
            if (protocol === undefined) continue;
            for (const other of theirs) {
              if (other.guessed || !isSameFlow(flow, other)) continue;
              const label = expectedLabel(other, table);
              const names = label.protocols.flatMap((name) => [name, ...(kin[name] ?? [])]);
              if (names.length === 0) continue;
              if (names.includes(protocol)) agreeing++;
              else differing.push(`${file.path} ${label.protocols.join('.')} ${flow.rule}`);
            }
          }
        }
        expect(differing).toEqual([]);
        process.stdout.write(`${family}: ${agreeing} flows named as other tools name them\n`);
      },
      120_000,
    );
  });
}
