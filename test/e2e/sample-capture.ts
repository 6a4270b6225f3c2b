import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateSample } from '../../electron/sample/generate-sample.ts';

const PCAP_HEADER_BYTES = 24;

/** A capture of one synthetic day (30,000 packets); its path. */
export async function sampleCapture(folder: string): Promise<string> {
  await generateSample(folder, { days: 1, captureDays: 1, scale: 2.5 });
  return join(folder, 'week-1.pcap');
}

/** The same packets again and again, so that an import takes its time. */
export function longCapture(capture: string, path: string, times: number): string {
  const bytes = readFileSync(capture);
  writeFileSync(path, bytes);
  for (let i = 1; i < times; i++) appendFileSync(path, bytes.subarray(PCAP_HEADER_BYTES));
  return path;
}
