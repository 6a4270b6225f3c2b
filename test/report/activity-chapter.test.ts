import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { activityChapter } from '../../electron/report/activity-chapter.ts';
import { type PlantedFlow, plantCase, plantWorld } from '../analysis/planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-activity-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

function chapterOf(flows: PlantedFlow[]): string | null {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: '/evidence/one.pcap', flows }]);
  const reader = new CaseReader(path);
  try {
    return activityChapter(reader, undefined)?.markup ?? null;
  } finally {
    reader.close();
  }
}

const WORLD = { days: 14, seed: 3, flowsPerHour: 12, hourLevel: () => 1, weekdayLevel: () => 1, entertainment: 0.4 };

describe('activity at a glance', () => {
  it('is left out when nothing was opened from inside', () => {
    expect(chapterOf([])).toBeNull();
  });

  it('draws bands that add up to the flows counted', () => {
    const html = chapterOf(plantWorld(WORLD)) ?? '';
    const [timeline = ''] = html.split('</figure>');
    const top = [...timeline.matchAll(/text-anchor="end" class="quiet">([\d,]+)</g)].map(([, text]) =>
      Number(text?.replaceAll(',', '')),
    );
    const most = Math.max(...top);
    const heights = [
      ...timeline.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)" fill="[^"]+"\/>/g),
    ];
    const drawn = heights.reduce((sum, [, height]) => sum + Number(height), 0);
    // The planted flows have no country: one row of the table of countries counts them all.
    const counted = /<td>not known<\/td><td class="number">([\d,]+)<\/td><td class="number">100.0 %/.exec(html)?.[1];
    const flows = Number(counted?.replaceAll(',', ''));
    expect(flows).toBeGreaterThan(1000);
    expect((drawn / 132) * most).toBeCloseTo(flows, -1);
  });

  it('stays small when times jump over centuries', () => {
    const flows = Array.from({ length: 3000 }, (_, i): PlantedFlow => ({
      start: i * 1.3 * 86_400e6 * 7,
      category: 'news',
    }));
    const html = chapterOf(flows) ?? '';
    expect(html).toContain('Activity flows of each 110 local days');
    expect(html.length).toBeLessThan(150_000);
  });
});
