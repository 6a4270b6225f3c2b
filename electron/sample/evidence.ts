import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureFile } from './capture-file.ts';
import * as column from './flow-batch.ts';
import { CAUSES } from './flow-batch.ts';
import type { FlowWriter } from './flow-writer.ts';
import { IpfixFile } from './ipfix-file.ts';
import { Observation } from './observation.ts';
import { Openings } from './openings.ts';
import { Population } from './population.ts';
import { Tally } from './tally.ts';
import { Traffic } from './traffic.ts';
import { expectedTally, truthOf, type WorldTruth } from './truth.ts';
import type { World } from './world.ts';
import { ZeekLogs } from './zeek-logs.ts';

/** The forms in which the same flows can be written. */
export const FORMS = ['zeek', 'ipfix', 'ipfix-and-dns', 'pcap'] as const;
export type EvidenceForm = (typeof FORMS)[number];

export interface RunResult {
  readonly files: string[];
  readonly bytes: number;
  /** Flows by why they are there (CAUSES), after outages. */
  readonly flows: Readonly<Record<string, number>>;
  readonly actorOf: (effect: number) => number;
}

/**
 * Simulates one run and hands the flows of each day to the writers that `writersOf` names for it, in order of start and
 * without what outages hid. The last day that a writer got is followed by its end.
 *
 * @param days lay out no more than so many days
 * @param tally is given the same flows
 */
export function recordRun(
  population: Population,
  run: number,
  writers: readonly { readonly writer: FlowWriter; readonly holds: (day: number) => boolean }[],
  tally: Tally | null = null,
): RunResult {
  const observation = new Observation(population);
  const traffic = new Traffic(population, run);
  const flows: Record<string, number> = {};
  traffic.run(({ values }, all, day) => {
    const order = observation.seen(values, all);
    for (const at of order) {
      const cause = CAUSES[values[at + column.CAUSE]];
      flows[cause] = (flows[cause] ?? 0) + 1;
    }
    tally?.addDay(values, order, day);
    for (const { writer, holds } of writers) if (holds(day)) writer.day(values, order);
  });
  tally?.nextRun();
  const files = writers.flatMap(({ writer }) => writer.end());
  return {
    files: files.map(({ path }) => path),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    flows,
    actorOf: (effect) => traffic.actorOf(effect),
  };
}

/** Writers of a form into a directory. Throws RangeError for a sampled world in a form that cannot say so. */
export function writersOf(form: EvidenceForm, directory: string, population: Population, run: number): FlowWriter[] {
  const openings = new Openings(population);
  if (population.world.sampling > 1 && !form.startsWith('ipfix')) {
    throw new RangeError(`evidence of the form ${form} is not sampled; write an export`);
  }
  switch (form) {
    case 'zeek':
      return [new ZeekLogs(directory, population, openings)];
    case 'ipfix':
      return [new IpfixFile(directory, population, openings, population.seed + run)];
    case 'ipfix-and-dns':
      return [
        new IpfixFile(directory, population, openings, population.seed + run),
        new ZeekLogs(directory, population, openings, ['dns']),
      ];
    case 'pcap':
      return [new CaptureFile(join(directory, 'capture.pcap'), population, openings)];
  }
}

export interface WorldEvidence extends RunResult {
  readonly truth: WorldTruth;
}

/**
 * Writes one run of a world in one form into `directory`, with its truth: evidence in `evidence/`, truth in `truth.json`
 * beside it, where no import finds it.
 *
 * @param seed draws hosts and habits; @param run what happens to them
 * @param runs simulated runs behind every expected value, at least 1
 */
export function writeWorld(
  directory: string,
  world: World,
  { seed, run, form, runs }: { seed: number; run: number; form: EvidenceForm; runs: number },
): WorldEvidence {
  const population = new Population(world, seed);
  const groups = Object.values(world.groups);
  const realised = new Tally(population, groups);
  const writers = writersOf(form, join(directory, 'evidence'), population, run);
  const result = recordRun(
    population,
    run,
    writers.map((writer) => ({ writer, holds: () => true })),
    realised,
  );
  const truth = truthOf(population, run, realised, expectedTally(population, runs, groups), runs, result.actorOf);
  writeFileSync(join(directory, 'truth.json'), `${JSON.stringify(truth, null, 1)}\n`);
  return { ...result, truth };
}
