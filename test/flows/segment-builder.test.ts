import { describe, expect, it } from 'vitest';
import { FACT_COLUMN_NAMES, type FilledSegment, SegmentBuilder } from '../../electron/flows/segment-builder.ts';
import { FACT_COLUMNS, SEGMENT_ROWS } from '../../shared/flow.ts';

/** Fills rows with values that tell their row; gives the segments. */
function fill(rows: number): FilledSegment[] {
  const segments: FilledSegment[] = [];
  const builder = new SegmentBuilder((segment) => segments.push(segment));
  for (let i = 0; i < rows; i++) {
    const { arrays, rows: row } = builder;
    for (const name of FACT_COLUMN_NAMES) {
      const { width } = FACT_COLUMNS[name];
      const column = arrays[name];
      if (column.length < (row + 1) * width) throw new Error(`${name} has no room for row ${row}`);
      for (let word = 0; word < width; word++) {
        if (column[row * width + word] !== 0) throw new Error(`${name} is not 0 in row ${row}`);
      }
    }
    // Every column at first, later ones only the times, so that what is left of rows before would show.
    const names = i % 3 === 0 ? FACT_COLUMN_NAMES : (['start', 'end'] as const);
    for (const name of names) {
      const { width } = FACT_COLUMNS[name];
      for (let word = 0; word < width; word++) arrays[name][row * width + word] = ((i + word) % 251) + 1;
    }
    builder.commitRow();
  }
  builder.flush();
  return segments;
}

describe('segments', () => {
  it.each([1, 255, 256, 257, 1024, 5000])('of %i rows hold what was written, however often room was made', (rows) => {
    const [segment, ...others] = fill(rows);
    expect([segment.rows, others]).toEqual([rows, []]);
    for (const name of FACT_COLUMN_NAMES) {
      const { width } = FACT_COLUMNS[name];
      const isAlways = name === 'start' || name === 'end';
      const expected = Array.from({ length: rows * width }, (_, at) => {
        const row = Math.floor(at / width);
        return row % 3 === 0 || isAlways ? ((row + (at % width)) % 251) + 1 : 0;
      });
      expect([...(segment.columns[name] ?? [])]).toEqual(expected);
    }
  });

  it('are handed over when full, and the rest at the end', () => {
    const rows: number[] = [];
    const builder = new SegmentBuilder((segment) => {
      rows.push(segment.rows);
      expect(segment.columns.locator?.[0]).toBe(rows.length === 1 ? 1 : (rows.length - 1) * SEGMENT_ROWS + 1);
    });
    for (let i = 0; i < 2 * SEGMENT_ROWS + 10; i++) {
      builder.arrays.locator[builder.rows] = i + 1;
      builder.commitRow();
    }
    builder.flush();
    builder.flush();
    expect([rows, builder.total]).toEqual([[SEGMENT_ROWS, SEGMENT_ROWS, 10], 2 * SEGMENT_ROWS + 10]);
  });
});
