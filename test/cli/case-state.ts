import type { Engine } from '../../electron/engine/engine.ts';
import type { VerifyResult } from '../../shared/jobs.ts';

/** What a case holds, looked at through the engine in the test's own process. */

/** Every flow of the case that matches the filter, as the command line prints it, one JSON text a flow. */
export async function flowLines(engine: Engine, casePath: string, where = ''): Promise<string[]> {
  let text = '';
  const request = { case: casePath, where, limit: null, format: 'ndjson', out: null };
  await engine.run('flows', request, {
    onText: (chunk) => {
      text += String(chunk);
    },
  });
  return text === '' ? [] : text.trimEnd().split('\n');
}

/** Checks of `verify` that do not hold; empty when all is well. */
export async function faultsOf(engine: Engine, casePath: string): Promise<VerifyResult['checks']> {
  const { checks, holds } = await engine.run('verify', { case: casePath, evidenceDirectory: null });
  const faults = checks.filter((check) => check.result === 'fails');
  if (holds !== (faults.length === 0)) throw new Error('verify contradicts itself');
  return faults;
}

/** Flows without what differs between files of the same content: evidence and places in it. In a fixed order. */
export function flowsApartFromPlace(lines: readonly string[]): string[] {
  const places = new Set(['id', 'evidence', 'locator', 'nameAt', 'payloadAt']);
  return lines
    .map((line) => {
      const flow = Object.entries(JSON.parse(line) as Record<string, unknown>).filter(([field]) => !places.has(field));
      const detail = (value: unknown): string => String(value).replace(/ in (packet|line|record) \d+/, '');
      return JSON.stringify(flow.map(([field, value]) => [field, field === 'labelDetail' ? detail(value) : value]));
    })
    .toSorted();
}
