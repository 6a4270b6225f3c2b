import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { hostList } from '../../electron/casefile/host-list.ts';
import { KeptSelection } from '../../electron/casefile/selected-rows.ts';
import { textCounts } from '../../electron/casefile/text-counts.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { COUNTED_FIELDS } from '../../shared/jobs.ts';
import { ZoneClock, parseInstant } from '../../shared/time.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-hosts-'));
const path = join(folder, 'varied.enclave');
const varied = variedFlows(600).map((flow) => ({ ...flow, bytesOut: 400, bytesIn: 150 }));
buildCase(path, varied, { profile: VARIED_PROFILE, segmentRows: 64 });
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

function selectionOf(where: string): KeptSelection {
  return new KeptSelection(compileFilter(parseFilter(where), reader));
}

function recordsOf(where: string): FlowRecord[] {
  return [...flowRecords(reader, { selection: selectionOf(where) })];
}

const us = (text: string): number => parseInstant(text, 'UTC') ?? Number.NaN;

it.each(['', 'transport = tcp', 'country = CN', 'bytes < 0'])(
  'lists what the records tell of each host: %s',
  (where) => {
    const list = hostList(reader, selectionOf(where), 1000);
    const byHost = new Map<string, FlowRecord[]>();
    for (const flow of recordsOf(where)) {
      if (flow.host !== null) byHost.set(flow.host, [...(byHost.get(flow.host) ?? []), flow]);
    }
    expect(list.all).toBe(byHost.size);
    expect(list.hosts.length > 0).toBe(where !== 'bytes < 0');
    const clock = new ZoneClock(VARIED_PROFILE.timeZone);
    const dayOf = (text: string): number => Date.parse(ZoneClock.day(clock.localHour(us(text)))) / 86_400_000;
    const firstDay = Date.parse(list.firstDay ?? '') / 86_400_000;
    for (const told of list.hosts) {
      const flows = byHost.get(told.host) ?? [];
      expect(told).toMatchObject({
        flows: flows.length,
        bytes: flows.reduce((sum, flow) => sum + (flow.bytesOut + flow.bytesIn) * flow.sampling, 0),
        firstSeen: Math.min(...flows.map(({ start }) => us(start))),
        lastSeen: Math.max(...flows.map(({ end }) => us(end))),
      });
      const counts = Array.from({ length: list.steps }, () => 0);
      for (const { start } of flows) {
        const step = Math.floor((dayOf(start) - firstDay) / list.daysPerStep);
        counts[step] = (counts[step] ?? 0) + 1;
      }
      const highest = Math.max(...counts);
      expect(told.activity).toBe(counts.map((count) => Math.ceil((count / highest) * 35).toString(36)).join(''));
    }
    const order = list.hosts.map(({ flows }) => flows);
    expect(order).toEqual(order.toSorted((a, b) => b - a));
  },
);

it('cuts the list at its limit and tells how many there are', () => {
  const whole = hostList(reader, selectionOf(''), 1000);
  const cut = hostList(reader, selectionOf(''), 3);
  expect(cut).toEqual({ ...whole, hosts: whole.hosts.slice(0, 3) });
  expect(whole.all).toBeGreaterThan(3);
});

it.each(['', 'transport = udp'])('counts the texts of flows as the records have them: %s', (where) => {
  const records = recordsOf(where);
  const counted = textCounts(reader, selectionOf(where), COUNTED_FIELDS, 1000);
  expect(counted.map(({ field }) => field)).toEqual([...COUNTED_FIELDS]);
  for (const { field, rows, all } of counted) {
    const wanted = new Map<string, number>();
    for (const record of records) {
      const text = record[field];
      if (text !== null) wanted.set(text, (wanted.get(text) ?? 0) + 1);
    }
    expect(new Map(rows.map(({ text, flows }) => [text, flows]))).toEqual(wanted);
    expect(all).toBe(wanted.size);
  }
  expect(counted.some(({ rows }) => rows.length > 1)).toBe(true);
  const [first] = textCounts(reader, selectionOf(where), ['hostname'], 1);
  expect(first?.rows).toEqual(counted[0]?.rows.slice(0, 1));
});
