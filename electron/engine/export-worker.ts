import { workerData } from 'node:worker_threads';
import { FlowAssembly } from '../flows/flow-assembly.ts';
import { type FilledSegment, SegmentBuilder } from '../flows/segment-builder.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { giveUpAssumptions } from './code-assumptions.ts';
import { ExportCollectors } from './export-datagrams.ts';
import { ExportPath } from './export-path.ts';
import { DONE, END, type ExportMemory, type ExportReply, readBatch, viewsOf } from './export-thread.ts';
import { AnswerCollector, LogNameCollector } from './name-collectors.ts';
import { BEHIND_DECODING, stepBehind } from './thread-priority.ts';
import { buffersOf } from './worker-messages.ts';

/** The thread that reads the flow exports among the packets of a large capture, batch by batch. */

giveUpAssumptions();
stepBehind(BEHIND_DECODING);

const { batches, lengths: shared, port, timeouts, clockOffsetUs } = workerData as ExportMemory;
const views = batches.map(viewsOf);
const lengths = new Int32Array(shared);

let segments: FilledSegment[] = [];
let problems = new ProblemCounter();
const builder = new SegmentBuilder((segment) => segments.push(segment));
const noNames = (): void => {
  throw new Error('datagrams of flow exports name nothing');
};
const path = new ExportPath(
  builder,
  new AnswerCollector(noNames),
  new LogNameCollector(noNames),
  { add: (kind, offset, message, count) => problems.add(kind, offset, message, count) },
  clockOffsetUs,
);
const assembly = new FlowAssembly(path, timeouts);
const collectors = new ExportCollectors(assembly);

function reply(failure: string | null): void {
  const { records, firstSeen, lastSeen } = collectors;
  const told: ExportReply = {
    segments,
    problems: problems.list(),
    records,
    firstSeen,
    lastSeen,
    flows: builder.total - builder.rows,
    cutNames: builder.cutNames,
    failure,
  };
  port.postMessage(
    told,
    segments.flatMap(({ columns }) => buffersOf(columns)),
  );
  segments = [];
  problems = new ProblemCounter();
}

let failure: string | null = null;
for (let at = 0; ; at = (at + 1) % views.length) {
  Atomics.wait(lengths, at, DONE);
  const length = Atomics.load(lengths, at);
  try {
    if (length !== END) readBatch(views[at], length, collectors);
    else {
      collectors.end();
      assembly.end();
      builder.flush();
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  reply(failure);
  Atomics.store(lengths, at, DONE);
  Atomics.notify(lengths, at);
  if (length === END) break;
}
