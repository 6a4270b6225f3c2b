import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { HostNumbers } from '../../electron/casefile/host-numbers.ts';
import { LocalHours, LONGEST_SPAN_HOURS } from '../../electron/casefile/local-hours.ts';
import { summarise } from '../../electron/casefile/summary.ts';
import { ZoneClock } from '../../shared/time.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-derived-'));
const path = join(folder, 'varied.enclave');
buildCase(path, variedFlows(400), { profile: VARIED_PROFILE, segmentRows: 40 });
const reader = new CaseReader(path);

afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

describe('LocalHours', () => {
  it('tells the hours of every flow, and its flows by hour', () => {
    const clock = new ZoneClock(VARIED_PROFILE.timeZone);
    const spans = new Set<number>();
    for (const segment of reader.segments()) {
      const hours = LocalHours.of(reader).ofSegment(segment);
      const start = reader.column(segment, 'start');
      const end = reader.column(segment, 'end');
      expect([...hours.hours]).toEqual([...new Set(hours.hours)].toSorted((x, y) => x - y));
      for (let row = 0; row < segment.rows; row++) {
        const first = clock.localHour(start[row]);
        const last = Math.max(first, clock.localHour(end[row]));
        expect(hours.hours[hours.starts[row]]).toBe(first);
        expect(hours.spans[row]).toBe(last - first < LONGEST_SPAN_HOURS ? last - first + 1 : 0);
        spans.add(hours.spans[row]);
      }
      const { order, runs } = LocalHours.of(reader).rowsByHour(segment);
      const swept = [...hours.hours].flatMap((_, n) => {
        const rows = [...order.subarray(runs[n], runs[n + 1])];
        expect(rows.every((row) => hours.starts[row] === n)).toBe(true);
        return rows;
      });
      expect(swept.toSorted((x, y) => x - y)).toEqual([...start.keys()]);
    }
    expect(spans.size).toBeGreaterThan(5);
    expect(spans.has(0)).toBe(true);
  });

  it('knows the hour that a clock skips', () => {
    const berlin = join(folder, 'berlin.enclave');
    buildCase(berlin, [], { profile: { timeZone: 'Europe/Berlin' } });
    const other = new CaseReader(berlin);
    const midnight = Date.UTC(2017, 2, 26) / 3_600_000;
    const skipped = [0, 1, 2, 3, 4].filter((hour) => LocalHours.of(other).isSkipped(midnight + hour));
    other.close();
    expect(skipped).toEqual([2]);
  });
});

describe('what is derived from columns', () => {
  const rows = summarise(reader, { by: ['host', 'day'], metric: 'host-hours' });

  it('is numbered once a case, for all segments alike', () => {
    const hosts = HostNumbers.of(reader);
    expect(HostNumbers.of(reader)).toBe(hosts);
    const seen = new Set<number>();
    for (const segment of reader.segments()) for (const number of hosts.column(segment)) seen.add(number);
    const addresses = [...seen].map((number) => hosts.address(number));
    expect(new Set(addresses).size).toBe(seen.size);
    expect(addresses).toContain(null);
    expect(hosts.limit).toBe(seen.size);
  });

  it('is made anew when it did not fit into the cache', () => {
    const narrow = new CaseReader(path, 1000);
    expect(summarise(narrow, { by: ['host', 'day'], metric: 'host-hours' })).toEqual(rows);
    expect(summarise(narrow, { by: ['host', 'day'], metric: 'host-hours' })).toEqual(rows);
    narrow.close();
  });

  it('is kept until the case is read anew', () => {
    const [segment] = reader.segments();
    if (segment === undefined) throw new Error('no segment');
    const hosts = HostNumbers.of(reader);
    const column = hosts.column(segment);
    expect(hosts.column(segment)).toBe(column);
    reader.refreshIfChanged();
    expect(HostNumbers.of(reader)).toBe(hosts);
    reader.refresh();
    expect(HostNumbers.of(reader)).not.toBe(hosts);
    expect(HostNumbers.of(reader).column(segment)).not.toBe(column);
    expect(summarise(reader, { by: ['host', 'day'], metric: 'host-hours' })).toEqual(rows);
  });
});
