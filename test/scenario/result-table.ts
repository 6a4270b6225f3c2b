import type { JudgedRow } from './judges/judged-row.ts';

/** Rows of one measure, gathered over worlds. */
export interface MeasureResult {
  readonly kind: string;
  readonly measure: string;
  readonly metric: string;
  readonly worlds: number;
  /** Rows with an interval, and those of them whose interval holds the truth. */
  readonly intervals: number;
  readonly covered: number;
  /** Mean of (estimate − truth) / truth, where the truth is not 0. */
  readonly bias: number | null;
  /** Mean half-width of the intervals, relative to the truth. */
  readonly halfWidth: number | null;
  /** Rows in which something was to be found, and was. */
  readonly planted: number;
  readonly found: number;
  /** Rows in which nothing was to be found. */
  readonly absent: number;
  /** Rows in which nothing was to be found, and something was told. */
  readonly falsehoods: number;
}

export interface WorldRows {
  readonly name: string;
  readonly rows: readonly JudgedRow[];
}

export function gatherMeasures(worlds: readonly WorldRows[]): MeasureResult[] {
  const gathered = new Map<string, { world: number; row: JudgedRow }[]>();
  worlds.forEach(({ rows }, world) => {
    for (const row of rows) {
      const key = [row.kind, row.measure, row.metric ?? ''].join('\t');
      const list = gathered.get(key) ?? [];
      list.push({ world, row });
      gathered.set(key, list);
    }
  });
  return [...gathered].map(([key, entries]) => {
    const [kind, measure, metric] = key.split('\t');
    const rows = entries.map(({ row }) => row);
    const judged = rows.filter(({ isCovered }) => isCovered !== null);
    const errors = judged.flatMap(({ truth, estimate }) =>
      truth === null || truth === 0 || estimate === null ? [] : [(estimate - truth) / truth],
    );
    const widths = judged.flatMap(({ truth, interval }) =>
      truth === null || truth === 0 || interval === null ? [] : [(interval[1] - interval[0]) / 2 / Math.abs(truth)],
    );
    const planted = rows.filter(({ isFound }) => isFound !== null);
    return {
      kind,
      measure,
      metric,
      worlds: new Set(entries.map(({ world }) => world)).size,
      intervals: judged.length,
      covered: judged.filter(({ isCovered }) => isCovered).length,
      bias: mean(errors),
      halfWidth: mean(widths),
      planted: planted.length,
      found: planted.filter(({ isFound }) => isFound).length,
      // An estimate that is told without an interval is neither.
      absent: rows.filter(({ isFound, isCovered, truth }) => isFound === null && isCovered === null && truth === 0)
        .length,
      falsehoods: rows.filter(({ isFalse }) => isFalse).length,
    };
  });
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((x, y) => x + y, 0) / values.length;
}

/** 95 % interval of a share of `of` independent trials (Wilson, JASA 22, 1927). */
export function wilson(count: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const z = 1.96;
  const share = count / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

export const percent = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(1)} %`);

/** A Markdown table, columns padded. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** Coverage of the intervals, kind by kind, with its own interval as if they were independent: those of one world are not. */
export function coverageTable(measures: readonly MeasureResult[]): string {
  const rows = measures
    .filter(({ intervals }) => intervals > 0)
    .map(({ kind, measure, metric, worlds, intervals, covered, bias, halfWidth }) => [
      kind,
      measure,
      metric,
      String(worlds),
      String(intervals),
      percent(covered / intervals),
      wilson(covered, intervals).map(percent).join(' to '),
      percent(bias),
      `± ${percent(halfWidth)}`,
    ]);
  const head = [
    'kind',
    'measure',
    'metric',
    'worlds',
    'intervals',
    'hold the truth',
    'of which 95 % interval',
    'mean error',
    'mean half-width',
  ];
  const sum = (figure: (measure: MeasureResult) => number): number => measures.reduce((x, each) => x + figure(each), 0);
  const intervals = sum((each) => each.intervals);
  const all = ['all', '', '', '', String(intervals), percent(sum((each) => each.covered) / intervals), '–', '–', '–'];
  return markdownTable(head, intervals === 0 ? rows : [...rows, all]);
}

/** What was planted and found, and what was told though it is not there. */
export function foundTable(measures: readonly MeasureResult[]): string {
  const rows = measures
    .filter(({ planted, absent }) => planted + absent > 0)
    .map(({ kind, measure, metric, worlds, planted, found, absent, falsehoods }) => [
      kind,
      measure,
      metric,
      String(worlds),
      String(planted),
      planted === 0 ? '–' : percent(found / planted),
      String(absent),
      String(falsehoods),
    ]);
  return markdownTable(
    ['kind', 'measure', 'metric', 'worlds', 'planted', 'found', 'nothing there', 'told all the same'],
    rows,
  );
}

/** Worlds in which any kind told what is not there, and which kinds did. */
export function familyTable(worlds: readonly WorldRows[]): { share: number; text: string } {
  const failing = worlds.filter(({ rows }) => rows.some(({ isFalse }) => isFalse));
  const kinds = new Map<string, number>();
  for (const { rows } of failing) {
    for (const kind of new Set(rows.filter(({ isFalse }) => isFalse).map((row) => row.kind))) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
  const [low, high] = wilson(failing.length, worlds.length);
  const share = failing.length / Math.max(1, worlds.length);
  const lines = [
    `${failing.length} of ${worlds.length} null worlds hold a false finding: ${percent(share)} (95 % interval ${percent(low)} to ${percent(high)}).`,
  ];
  const rows = [...kinds].toSorted((x, y) => y[1] - x[1]).map(([kind, count]) => [kind, String(count)]);
  if (rows.length > 0) lines.push('', markdownTable(['kind', 'null worlds with a false finding'], rows));
  return { share, text: lines.join('\n') };
}
