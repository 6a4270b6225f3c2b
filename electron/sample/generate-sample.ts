import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CaptureFile } from './capture-file.ts';
import { recordRun } from './evidence.ts';
import { Openings } from './openings.ts';
import { Population } from './population.ts';
import { DPRK_2017, readWorld, scaledWorld } from './world.ts';
import { ZeekLogs } from './zeek-logs.ts';

/** Scale of the demo's evidence: enough for every kind of finding, little enough for seconds. */
export const DEMO_SCALE = 0.45;

export interface SampleOptions {
  /** Same seed, same flows. Default 2017. */
  seed?: number;
  /** Days laid out, from 1 April 2017; default all 97. */
  days?: number;
  /** Of these, the first so many become packets, the rest Zeek logs; default 7. */
  captureDays?: number;
  /** Everything is so many times as frequent as the world's file says; default 1. */
  scale?: number;
}

export interface SampleEvidence {
  /** Paths of the files written, the capture first. */
  readonly files: string[];
  readonly bytes: number;
  readonly packets: number;
  /** Flows by why they are there: `people`, `update`, `visit`, `scan`, … */
  readonly flows: Readonly<Record<string, number>>;
}

/**
 * Writes the sample evidence into `directory` (made when absent; files of the same names are replaced): the first week of the
 * world `dprk-2017` as a capture (`week-1.pcap`), the other weeks as Zeek logs (`zeek/conn.log.gz`, `dns.log`, `ssl.log`,
 * `http.log`). All of it is made up. Same options, same bytes; the gzip file on the same zlib only. Rejects with the file
 * system's error when it cannot write.
 */
export async function generateSample(directory: string, options: SampleOptions = {}): Promise<SampleEvidence> {
  const { seed = 2017, captureDays = 7, scale = 1 } = options;
  const world = scaledWorld(readWorld(DPRK_2017), scale);
  const days = Math.min(options.days ?? world.days, world.days);
  const population = new Population({ ...world, days }, seed);
  const openings = new Openings(population);
  await mkdir(directory, { recursive: true });
  const capture = new CaptureFile(join(directory, 'week-1.pcap'), population, openings);
  const logs = new ZeekLogs(join(directory, 'zeek'), population, openings);
  const { files, bytes, flows } = recordRun(population, 1, [
    { writer: capture, holds: (day) => day < captureDays },
    { writer: logs, holds: (day) => day >= captureDays },
  ]);
  return { files, bytes, packets: capture.packets, flows };
}
