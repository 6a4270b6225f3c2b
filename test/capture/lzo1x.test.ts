import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressLzo1x } from '../../electron/capture/lzo1x.ts';

const END = [0x11, 0, 0];

type Step =
  | { kind: 'literals'; bytes: Uint8Array }
  | {
      kind: 'match';
      form: 'near' | 'short' | 'middle' | 'far';
      distance: number;
      length: number;
      trailing: Uint8Array;
    };

/** A length of `bits` bits after its constant was taken off, with the bytes that continue it. */
function encodeLength(length: number, bits: number): { low: number; further: number[] } {
  const largest = (1 << bits) - 1;
  if (length <= largest) return { low: length, further: [] };
  const rest = length - largest;
  const zeros = Math.floor((rest - 1) / 255);
  return { low: 0, further: [...Array<number>(zeros).fill(0), rest - zeros * 255] };
}

/** Writes the steps as instructions, and what they stand for by copying byte for byte. Steps that cannot be are left out. */
function encode(
  steps: readonly Step[],
  beginsWithByte: boolean,
): { block: Uint8Array; output: number[]; forms: Set<string> } {
  const block: number[] = [];
  const forms = new Set<string>();
  const output: number[] = [];
  /** Literals of the last instruction, as the format counts them; null before the first. */
  let state: number | null = null;
  for (const step of steps) {
    if (step.kind === 'literals') {
      const { bytes } = step;
      if (state === null && beginsWithByte && bytes.length <= 238) {
        block.push(17 + bytes.length, ...bytes);
        state = Math.min(bytes.length, 4);
      } else if ((state === null || state === 0) && bytes.length >= 4) {
        const { low, further } = encodeLength(bytes.length - 3, 4);
        block.push(low, ...further, ...bytes);
        state = 4;
      } else continue;
      output.push(...bytes);
      forms.add(beginsWithByte ? 'first byte' : 'literals');
      continue;
    }
    const { trailing } = step;
    let { length, distance } = step;
    distance = Math.min(distance, output.length);
    if (step.form === 'near' && state !== null && state > 0) {
      length = state === 4 ? 3 : 2;
      const least = state === 4 ? 2049 : 1;
      distance = Math.min(distance, least + 1023);
      if (distance < least) continue;
      block.push(((distance - least) & 3) * 4 + trailing.length, (distance - least) >>> 2);
    } else if (step.form === 'short' && distance >= 1) {
      length = 3 + (length % 6);
      distance = Math.min(distance, 2048);
      const place = (((distance - 1) & 7) << 2) + trailing.length;
      block.push(((length - 1) << 5) + place, (distance - 1) >>> 3);
    } else if (step.form === 'middle' && distance >= 1) {
      distance = Math.min(distance, 16_384);
      const { low, further } = encodeLength(length - 2, 5);
      const word = ((distance - 1) << 2) + trailing.length;
      block.push(32 + low, ...further, word & 255, word >>> 8);
    } else if (step.form === 'far' && distance > 16_384) {
      distance = Math.min(distance, 49_151);
      const { low, further } = encodeLength(length - 2, 3);
      const far = distance - 16_384;
      const word = ((far & 0x3fff) << 2) + trailing.length;
      block.push(16 + (far >>> 14) * 8 + low, ...further, word & 255, word >>> 8);
    } else continue;
    forms.add(step.form === 'near' ? `near, ${length} bytes` : step.form);
    for (let i = 0; i < length; i++) output.push(output[output.length - distance]);
    block.push(...trailing);
    output.push(...trailing);
    state = trailing.length;
  }
  return { block: Uint8Array.from([...block, ...END]), output, forms };
}

const literals = fc
  .oneof(
    { weight: 9, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 700 }) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 3000, max: 50_000 }).map((length) => new Uint8Array(length).map((_, i) => i % 251)),
    },
  )
  .map((bytes): Step => ({ kind: 'literals', bytes }));
const match = fc.record({
  kind: fc.constant('match' as const),
  form: fc.constantFrom('near', 'short', 'middle', 'far'),
  distance: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 60_000 })),
  length: fc.oneof(fc.integer({ min: 3, max: 12 }), fc.integer({ min: 3, max: 3000 })),
  trailing: fc.uint8Array({ maxLength: 3 }),
});

describe('LZO1X', () => {
  it('gives what any sequence of instructions stands for', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.oneof(literals, match), { maxLength: 60 }), fc.boolean(), (steps, beginsWithByte) => {
        const { block, output, forms } = encode(steps, beginsWithByte);
        const length = output.length;
        expect(Buffer.from(decompressLzo1x(block, length) ?? [1, 2, 3]).equals(Buffer.from(output))).toBe(true);
        expect(length === 0 || decompressLzo1x(block, length - 1) === null).toBe(true);
        for (const form of forms) met.add(form);
      }),
      { numRuns: 400, seed: 5 },
    );
    expect([...met].toSorted()).toEqual(
      ['far', 'first byte', 'literals', 'middle', 'near, 2 bytes', 'near, 3 bytes', 'short'].toSorted(),
    );
  });

  it('reaches back 16 to 48 KiB', () => {
    const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 31 + (i >>> 8)) & 255);
    for (const distance of [16_385, 32_767, 32_768, 49_151]) {
      const steps: Step[] = [
        { kind: 'literals', bytes },
        { kind: 'match', form: 'far', distance, length: 900, trailing: Uint8Array.of(7) },
      ];
      const { block, output } = encode(steps, false);
      expect(output.length).toBe(50_901);
      expect(Buffer.from(decompressLzo1x(block, 1 << 20) ?? []).equals(Buffer.from(output))).toBe(true);
    }
  });

  it('refuses what is damaged', () => {
    expect(decompressLzo1x(Uint8Array.of(), 100)).toBeNull();
    expect(decompressLzo1x(Uint8Array.of(0x11, 0, 0), 0)).toEqual(Uint8Array.of());
    expect(decompressLzo1x(Uint8Array.of(0x11, 0, 0, 9), 100)).toBeNull();
    expect(decompressLzo1x(Uint8Array.of(20, 1, 2, 3), 100)).toBeNull();
    expect(decompressLzo1x(Uint8Array.of(20, 1, 2), 100)).toBeNull();
    // A match that reaches back before the beginning.
    expect(decompressLzo1x(Uint8Array.of(20, 1, 2, 3, 64 + 12, 0, 0x11, 0, 0), 100)).toBeNull();
    // A length that never ends.
    expect(decompressLzo1x(new Uint8Array(5000), 1 << 30)).toBeNull();
  });

  it('stays within its bound on mutated blocks', () => {
    const { block } = encode(fc.sample(fc.oneof(literals, match), { numRuns: 60, seed: 11 }), true);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(block.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(block.length),
        (changes, cut) => {
          const mutated = block.slice(0, cut);
          for (const [at, value] of changes) if (at < cut) mutated[at] = value;
          expect(decompressLzo1x(mutated, 20_000)?.length ?? 0).toBeLessThanOrEqual(20_000);
        },
      ),
      { numRuns: 5000, seed: 17 },
    );
  });
});
