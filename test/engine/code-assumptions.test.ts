import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { giveUpAssumptions } from '../../electron/engine/code-assumptions.ts';

/** Whether code over typed arrays, compiled after `before`, is still compiled after a buffer was handed on and one came from native code. */
function staysCompiled(before: string): boolean {
  const script = `
    import { brotliCompressSync } from 'node:zlib';
    function sum(words) {
      let sum = 0;
      for (let at = 0; at < words.length; at++) sum += words[at];
      return sum;
    }
    ${before}
    const words = new Uint32Array(64).fill(3);
    %PrepareFunctionForOptimization(sum);
    for (let i = 0; i < 1000; i++) sum(words);
    %OptimizeFunctionOnNextCall(sum);
    sum(words);
    structuredClone(new Uint8Array(8), { transfer: [new ArrayBuffer(8)] });
    brotliCompressSync('text');
    sum(words);
    // Bit 4 of V8's OptimizationStatus: there is optimized code.
    console.log((%GetOptimizationStatus(sum) & 16) !== 0);
  `;
  const flags = ['--allow-natives-syntax', '--input-type=module', '-e'];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, script], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return stdout.trim() === 'true';
}

it('keeps what V8 compiled when buffers are handed on', () => {
  expect(staysCompiled(`(${giveUpAssumptions.toString()})();`)).toBe(true);
  // Where V8 assumes nothing any more, there is nothing to give up.
  expect(staysCompiled('')).toBe(false);
});
