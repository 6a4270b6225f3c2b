import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { type DecodeReply, makeControl, MAX_WAITING, CANCEL, WAITING } from '../../electron/engine/worker-messages.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { type Progress, PROGRESS_WORDS } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { faultsOf, flowLines } from '../cli/case-state.ts';
import { conversations, pcap, singlePacketFlows } from '../fixtures/captures.ts';

/** The engine's threads: dying, cancelling, telling how far they are, and not running ahead of each other. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-threads-'));
const DYING = new URL('../fixtures/dying-decode-worker.ts', import.meta.url);
const SEGMENT_ROWS = 65_536;
const put = (name: string, content: Uint8Array): string => {
  const path = join(ROOT, name);
  writeFileSync(path, content);
  return path;
};

let engine: Engine;
let casePath = '';
let caseNumber = 0;

async function newCase(): Promise<void> {
  casePath = join(ROOT, `case-${++caseNumber}.enclave`);
  await engine.run('new', { case: casePath, profile: readProfile('default'), title: '', examiner: '', authority: '' });
}

beforeEach(() => {
  engine = new Engine({ decodeWorker: DYING });
});
afterEach(() => engine.close());
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

describe('a decoding thread that dies', () => {
  it.each(['throws', 'exits', 'midway'])('%s: costs its file only, and the next import works', async (how) => {
    await newCase();
    const first = put('first.pcap', pcap(conversations(30)));
    // Long enough for more than one segment, so that one is stored before the thread dies midway.
    const deadly = put(`${how}.pcap`, singlePacketFlows(SEGMENT_ROWS + 1000));
    const last = put('last.pcap', pcap(conversations(20, 500)));
    const { evidence, totals } = await engine.run('import', { case: casePath, paths: [first, deadly, last] });
    expect(evidence.map((each) => each.status)).toEqual(['imported', 'rejected', 'imported']);
    expect(evidence[1].problems).toEqual([
      expect.objectContaining({
        kind: 'decoder-died',
        message: expect.stringMatching(/planted|exit code 7/) as string,
      }),
    ]);
    expect(totals).toMatchObject({ imported: 2, rejected: 1, flows: 50 });
    expect(await flowLines(engine, casePath)).toHaveLength(50);
    expect(await faultsOf(engine, casePath)).toEqual([]);
    const more = put('more.pcap', pcap(conversations(7, 900)));
    const next = await engine.run('import', { case: casePath, paths: [more] });
    expect(next.totals).toMatchObject({ imported: 1, flows: 7 });
    expect(await flowLines(engine, casePath)).toHaveLength(57);
  });

  it('between two files: costs nothing', async () => {
    await newCase();
    const first = put('afterwards.pcap', pcap(conversations(30)));
    const second = put('second.pcap', pcap(conversations(20, 500)));
    const { evidence } = await engine.run('import', { case: casePath, paths: [first, second] });
    expect(evidence[0].status).toBe('imported');
    expect(await faultsOf(engine, casePath)).toEqual([]);
    const again = await engine.run('import', { case: casePath, paths: [first, second] });
    expect(again.evidence.map((each) => each.status)).not.toContain('rejected');
    expect(await flowLines(engine, casePath)).toHaveLength(50);
  });
});

describe('cancelling', () => {
  const files = (): string[] => [
    put('a.pcap', pcap(conversations(300))),
    put('b.pcap', singlePacketFlows(150_000)),
    put('c.pcap', pcap(conversations(200, 1000))),
  ];
  /** Flows after each committed step. */
  const STEPS = [0, 300, 150_300, 150_500];

  it.each([
    ['before it begins', null],
    ['while the first bytes are read', (progress: Progress) => progress.bytes > 0],
    ['in the second file', (progress: Progress) => progress.file === 2],
    ['when most is read', (progress: Progress) => progress.bytes > progress.bytesTotal * 0.6],
    ['while flows are labelled', (progress: Progress) => progress.step === 'label'],
  ])('%s leaves the case at a committed step, and the import can go on', async (_when, isTime) => {
    await newCase();
    const paths = files();
    const abort = new AbortController();
    if (isTime === null) abort.abort();
    const onProgress = (progress: Progress): void => {
      if (isTime?.(progress)) abort.abort();
    };
    const ended = engine.run('import', { case: casePath, paths }, { signal: abort.signal, onProgress });
    const outcome = await ended.then(
      () => 'done',
      (error: unknown) => (error instanceof EnclaveError ? `${error.code} ${error.exitCode}` : String(error)),
    );
    // A machine in no hurry may be done before it hears of it, but not when it was told before.
    expect(isTime === null ? ['cancelled 130'] : ['cancelled 130', 'done']).toContain(outcome);
    expect(STEPS).toContain((await flowLines(engine, casePath)).length);
    expect(await faultsOf(engine, casePath)).toEqual([]);
    await engine.run('import', { case: casePath, paths });
    const lines = await flowLines(engine, casePath);
    expect(lines).toHaveLength(150_500);
    expect(lines.filter((line) => line.includes('"protocol":"http"'))).toHaveLength(500);
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });
});

describe('a paused import', () => {
  const FLOWS = 30_000;

  /** An import that was paused as soon as it read, and what it told then and half a second later. */
  async function paused(signal?: AbortSignal) {
    await newCase();
    const path = put('paused.pcap', singlePacketFlows(FLOWS));
    const told: Progress[] = [];
    const onProgress = (progress: Progress): void => void told.push(progress);
    const ended = engine.run('import', { case: casePath, paths: [path] }, { onProgress, ...(signal && { signal }) });
    engine.pause(true);
    await expect.poll(() => told.at(-1)?.paused, { timeout: 20_000 }).toBe(true);
    const before = told.at(-1);
    await wait(500);
    return { ended, before, after: told.at(-1) };
  }

  it('reads nothing on, says so, and loses nothing when it goes on', async () => {
    const { ended, before, after } = await paused();
    expect(before).toMatchObject({ step: 'read', paused: true });
    expect(before?.bytes).toBeGreaterThan(0);
    expect(after).toEqual(before);
    engine.pause(false);
    expect((await ended).totals).toMatchObject({ imported: 1, flows: FLOWS });
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });

  it('can be cancelled', async () => {
    const abort = new AbortController();
    const { ended } = await paused(abort.signal);
    abort.abort();
    await expect(ended).rejects.toMatchObject({ code: 'cancelled' });
    expect(await flowLines(engine, casePath)).toEqual([]);
  });

  it('does not keep the engine from closing', async () => {
    const { ended } = await paused();
    const [failure] = await Promise.all([ended.catch((error: unknown) => error), engine.close()]);
    expect(failure).toMatchObject({ code: 'thread-died' });
  });
});

describe('progress', () => {
  it('arrives with these fields and no others, and goes forward to the end', async () => {
    await newCase();
    const seen: Progress[] = [];
    const path = put('long.pcap', singlePacketFlows(400_000));
    const request = { case: casePath, paths: [path] };
    const { totals } = await engine.run('import', request, { onProgress: (progress) => seen.push(progress) });
    const read = seen.filter((progress) => progress.step === 'read' && progress.bytes > 0);
    expect(read.length).toBeGreaterThan(0);
    for (const progress of seen) {
      expect(Object.keys(progress).toSorted()).toEqual([
        'bytes',
        'bytesPerSecond',
        'bytesTotal',
        'file',
        'files',
        'flows',
        'packets',
        'packetsPerSecond',
        'paused',
        'secondsLeft',
        'step',
        'what',
      ]);
    }
    for (const progress of read) {
      expect(progress).toMatchObject({ what: path, file: 1, files: 1, bytesTotal: totals.bytes });
      expect(progress.bytes).toBeLessThanOrEqual(totals.bytes);
      expect(progress.packets).toBeLessThanOrEqual(totals.packets);
      expect(progress.bytesPerSecond).toBeGreaterThan(0);
      expect(progress.secondsLeft).toBeGreaterThanOrEqual(0);
    }
    const bytes = seen.map((progress) => progress.bytes);
    expect(bytes).toEqual(bytes.toSorted((one, other) => one - other));
  });
});

describe('a slow writer', () => {
  it('has at most two segments waiting; the decoder holds one more and sleeps', async () => {
    const path = put('flood.pcap', singlePacketFlows(7 * SEGMENT_ROWS));
    const worker = new Worker(new URL('../../electron/engine/decode-worker.ts', import.meta.url));
    const shared = makeControl(PROGRESS_WORDS);
    const control = new Int32Array(shared.control);
    let received = 0;
    let taken = 0;
    let done = false;
    worker.on('message', (reply: DecodeReply) => {
      if (reply.type === 'done') done = true;
      else if (reply.type === 'segment') received++;
    });
    worker.postMessage({ paths: [path], custody: {}, timeouts: DEFAULT_TIMEOUTS, shared });
    while (Atomics.load(control, WAITING) <= MAX_WAITING) await wait(20);
    for (;;) {
      // Longer than the decoder needs for a segment, and than its sleep lasts: whatever could come has come.
      await wait(taken === 0 ? 1500 : 300);
      if (done) break;
      expect(received - taken).toBeLessThanOrEqual(MAX_WAITING);
      expect(Atomics.load(control, WAITING)).toBeLessThanOrEqual(MAX_WAITING + 1);
      taken++;
      Atomics.sub(control, WAITING, 1);
      Atomics.notify(control, WAITING);
    }
    expect(received).toBe(7);
    expect(taken).toBeGreaterThanOrEqual(7 - MAX_WAITING);
    await worker.terminate();
  });

  it('cancelling wakes a decoder that sleeps', async () => {
    const path = put('flood.pcap', singlePacketFlows(5 * SEGMENT_ROWS));
    const worker = new Worker(new URL('../../electron/engine/decode-worker.ts', import.meta.url));
    const shared = makeControl(PROGRESS_WORDS);
    const control = new Int32Array(shared.control);
    worker.postMessage({ paths: [path], custody: {}, timeouts: DEFAULT_TIMEOUTS, shared });
    while (Atomics.load(control, WAITING) <= MAX_WAITING) await wait(20);
    const ended = (async () => {
      for (;;) {
        const [reply] = (await once(worker, 'message')) as [DecodeReply];
        if (reply.type === 'error') return reply.error;
      }
    })();
    Atomics.store(control, CANCEL, 1);
    Atomics.notify(control, WAITING);
    expect(await ended).toMatchObject({ code: 'cancelled', exitCode: 130 });
    await worker.terminate();
  });
});
