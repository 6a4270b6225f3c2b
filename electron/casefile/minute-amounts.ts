import type { CaseReader } from './case-reader.ts';
import { ratesOf } from './cell-tally.ts';
import { type Dimension, Groups, type Value, plainDimensionsOf } from './flow-groups.ts';
import type { FlowSelection } from './flow-selection.ts';
import { LONGEST_SPAN_HOURS } from './local-hours.ts';
import { SelectedRows } from './selected-rows.ts';

/** Flows, bytes or packets of a short time in steps of minutes. */

export interface MinuteQuestion {
  /** A dimension other than time; null: all flows together. */
  readonly by: Dimension | null;
  readonly metric: 'flows' | 'bytes' | 'packets';
  readonly selection: FlowSelection;
  /** Microseconds since the epoch: a whole minute. */
  readonly from: number;
  /** Length of a step in minutes, 1 or more. */
  readonly minutes: number;
  readonly steps: number;
}

/** `step` counts from 0; `value` is scaled by sampling, `flows` are those that start in the step, not scaled. */
export type MinuteRow = {
  step: number;
  value: number;
  flows: number;
  scaled: boolean;
} & { [Name in Dimension]?: Value };

const MINUTE_US = 60_000_000;

/**
 * Amounts of the matching flows in each step that has any, by group and step. A flow counts at its start; bytes and packets are
 * spread in equal parts over the minutes from its first packet to its last, of which those outside the steps are left out. Flows that claim more than LONGEST_SPAN_HOURS count wholly at their start.
 */
export function minuteAmounts(reader: CaseReader, question: MinuteQuestion): MinuteRow[] {
  const { by, metric, selection, from, minutes, steps } = question;
  const groups = new Groups(by === null ? [] : plainDimensionsOf([by]), reader);
  const selected = new SelectedRows(selection);
  const until = from + steps * minutes * MINUTE_US;
  const found: { values: Float64Array; flows: Float64Array; isScaled: boolean }[] = [];
  for (const segment of reader.segments()) {
    if (segment.firstStart >= until || segment.lastEnd < from || !selected.choose(segment)) continue;
    const { rows } = selected;
    const ofRows = groups.read(segment, selected);
    const starts = selected.pick('start', reader.column(segment, 'start'));
    const ends = selected.pick('end', reader.column(segment, 'end'));
    const rates = ratesOf(reader, segment, selected);
    const outward = metric === 'bytes' ? 'bytesOut' : 'packetsOut';
    const inward = metric === 'bytes' ? 'bytesIn' : 'packetsIn';
    const out = metric === 'flows' ? null : selected.pick('out', reader.column(segment, outward));
    const back = metric === 'flows' ? null : selected.pick('back', reader.column(segment, inward));
    for (let i = 0; i < rows; i++) {
      const first = Math.floor((starts[i] - from) / MINUTE_US);
      const last = ends[i] > starts[i] ? Math.floor((ends[i] - from) / MINUTE_US) : first;
      if (last < 0 || first >= steps * minutes) continue;
      const group = (found[ofRows[i]] ??= {
        values: new Float64Array(steps),
        flows: new Float64Array(steps),
        isScaled: false,
      });
      const rate = rates === null ? 1 : rates[i] || 1;
      if (rate > 1) group.isScaled = true;
      if (first >= 0) group.flows[Math.floor(first / minutes)]++;
      const amount = out === null || back === null ? rate : (out[i] + back[i]) * rate;
      if (out === null || last === first || last - first >= LONGEST_SPAN_HOURS * 60) {
        if (first >= 0) group.values[Math.floor(first / minutes)] += amount;
        continue;
      }
      const each = amount / (last - first + 1);
      const end = Math.min(last, steps * minutes - 1);
      for (let minute = Math.max(0, first); minute <= end;) {
        const step = Math.floor(minute / minutes);
        const next = Math.min(end + 1, (step + 1) * minutes);
        group.values[step] += each * (next - minute);
        minute = next;
      }
    }
  }
  const numbers = Uint32Array.from(Object.keys(found), Number);
  const told = by === null ? undefined : groups.tell(numbers).get(by);
  return [...numbers].flatMap((number, place) => {
    const { values, flows, isScaled } = found[number];
    const key = by === null || told === undefined ? {} : { [by]: told.values[told.ranks[place]] };
    const rows: MinuteRow[] = [];
    for (let step = 0; step < steps; step++) {
      if (values[step] > 0 || flows[step] > 0)
        rows.push({ ...key, step, value: values[step], flows: flows[step], scaled: isScaled });
    }
    return rows;
  });
}
