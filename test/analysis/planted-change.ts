import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Finding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { FIRST_MONDAY, type PlantedFile, type PlantedFlow, type PlantedWorld, plantCase } from './planted-case.ts';

/** Cases in which something changes over the days, and what the analyses make of them. */

export const HOUR = 3_600_000_000;

/** Six weeks of a small network with a rhythm of day and week. */
export const SIX_WEEKS: PlantedWorld = {
  days: 42,
  seed: 1,
  flowsPerHour: 8,
  hourLevel: (hour) => (hour >= 9 && hour < 21 ? 1 : 0.25),
  weekdayLevel: (weekday) => (weekday >= 6 ? 0.7 : 1),
  entertainment: 0.3,
};

/** Flows on each of the days `from` to `to` - 1 since the first Monday, `perDay` give or take a third, at any hour. */
export function flowsOn(from: number, to: number, perDay: number, flow: Partial<PlantedFlow>, seed = 1): PlantedFlow[] {
  const random = Random.seeded(seed);
  const flows: PlantedFlow[] = [];
  for (let day = from; day < to; day++) {
    const count = Math.round(perDay * (0.67 + random.below(1000) / 1500));
    for (let i = 0; i < count; i++) {
      flows.push({ start: FIRST_MONDAY + day * 24 * HOUR + random.below(1 << 20) * 82_000, ...flow });
    }
  }
  return flows;
}

/** Day of the window (0 = first Monday) on which a flow starts. */
export function dayOf(flow: PlantedFlow): number {
  return Math.floor((flow.start - FIRST_MONDAY) / HOUR / 24);
}

/** Local date of a day of the window. */
export function dateOf(day: number): string {
  return new Date((FIRST_MONDAY + day * 24 * HOUR) / 1000 + 8.5 * 3_600_000).toISOString().slice(0, 10);
}

/** Cases in a folder of their own. */
export class PlantedCases {
  readonly #folder = mkdtempSync(join(tmpdir(), 'enclave-change-'));
  #cases = 0;

  open(files: PlantedFile[], options: Parameters<typeof plantCase>[2] = {}): CaseReader {
    const path = join(this.#folder, `${this.#cases++}.enclave`);
    plantCase(path, files, options);
    return new CaseReader(path);
  }

  findings(files: PlantedFile[], options: Parameters<typeof plantCase>[2] = {}): Finding[] {
    const reader = this.open(files, options);
    try {
      return analyseCase(reader);
    } finally {
      reader.close();
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

export function ofKind<Kind extends Finding['kind']>(
  findings: readonly Finding[],
  kind: Kind,
): Extract<Finding, { kind: Kind }>[] {
  return findings.filter((finding): finding is Extract<Finding, { kind: Kind }> => finding.kind === kind);
}

/** Flows of a case that a filter selects. */
export function matching(reader: CaseReader, where: string): number {
  const mask = new Uint8Array(SEGMENT_ROWS);
  const selection = compileFilter(parseFilter(where), reader);
  return reader.segments().reduce((x, segment) => x + selection.mark(segment, mask), 0);
}

/** The same flows in two files, cut in the middle and turned round, in small segments. */
export function cutDifferently(flows: readonly PlantedFlow[]): PlantedFile[] {
  const middle = Math.floor(flows.length / 2);
  return [
    { path: 'b.pcap', flows: flows.slice(middle) },
    { path: 'a.pcap', flows: flows.slice(0, middle).toReversed() },
  ];
}
