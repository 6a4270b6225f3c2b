import type { SummaryRowValue } from '../../shared/bridge.ts';
import { splitTime } from '../state/time-filter.ts';
import { withDecimalSign } from '../../shared/number-format.ts';
import { say } from '../../shared/text/say.ts';

/** Countries by their deviation from expectation. Pure. */

/** Flows, found or expected, below which a country gets no colour: its ratio would be chance. */
export const LEAST_FLOWS = 20;

export interface Expectation {
  /** Selects what expectation is made of. */
  readonly where: string;
  readonly words: string;
}

/**
 * What the flows of a filter are compared with: with a span of time, the same filter at all other times of the case; else all
 * flows that the filter leaves out. Never flows that are compared themselves. null without a filter.
 */
export function expectationFor(filter: string): Expectation | null {
  const { rest, from, to } = splitTime(filter);
  if (from !== null || to !== null) {
    const span = [from === null ? '' : `start >= ${from}`, to === null ? '' : `start < ${to}`].filter(
      (test) => test !== '',
    );
    const outside = `not (${span.join(' and ')})`;
    return {
      where: rest === '' ? outside : `(${rest}) and ${outside}`,
      words:
        rest === ''
          ? say('all flows at the other times of the case')
          : say('the same filter at all other times of the case'),
    };
  }
  return rest === '' ? null : { where: `not (${rest})`, words: say('all flows that the filter leaves out') };
}

export interface Deviation {
  readonly code: string;
  /** Share of what matches, and of what expectation is made of, 0..1. */
  readonly share: number;
  readonly expected: number;
  /** Flows that match, and those that would if the country had its expected share of flows. */
  readonly flows: number;
  readonly expectedFlows: number;
  /** log2 of share over expected share; half a recorded flow counts for none. null: too few flows to tell. */
  readonly log2: number | null;
}

interface Counted {
  readonly shares: ReadonlyMap<string, number>;
  readonly flows: ReadonlyMap<string, number>;
  readonly allFlows: number;
}

function counted(rows: readonly SummaryRowValue[]): Counted {
  const shares = new Map<string, number>();
  const flows = new Map<string, number>();
  let allFlows = 0;
  for (const { country, share, flows: count } of rows) {
    allFlows += Number(count ?? 0);
    if (typeof country !== 'string') continue;
    shares.set(country, Number(share ?? 0));
    flows.set(country, Number(count ?? 0));
  }
  return { shares, flows, allFlows };
}

/** Rows of `summary --by country` of what matches and of what expectation is made of; every country of either. */
export function deviations(found: readonly SummaryRowValue[], others: readonly SummaryRowValue[]): Deviation[] {
  const [here, there] = [counted(found), counted(others)];
  return [...new Set([...here.shares.keys(), ...there.shares.keys()])].map((code) => {
    const share = here.shares.get(code) ?? 0;
    const expected = there.shares.get(code) ?? 0;
    const flows = here.flows.get(code) ?? 0;
    const expectedFlows = there.allFlows === 0 ? 0 : ((there.flows.get(code) ?? 0) / there.allFlows) * here.allFlows;
    const isTold = here.allFlows > 0 && there.allFlows > 0 && Math.max(flows, expectedFlows) >= LEAST_FLOWS;
    const ratio = (share + 0.5 / here.allFlows) / (expected + 0.5 / there.allFlows);
    return { code, share, expected, flows, expectedFlows, log2: isTold ? Math.log2(ratio) : null };
  });
}

/** Bounds of the classes as ratios: at least so many times the expected share; their mirror images below it. */
const BOUNDS = [1.25, 2, 4] as const;

/** The classes from much less (-3) to much more (3), with what each means. */
export const DEVIATION_CLASSES: readonly (readonly [step: number, words: string])[] = [
  [-3, '≤ ¼'],
  [-2, '≤ ½'],
  [-1, '≤ ⅘'],
  [0, '≈ 1'],
  [1, '≥ 1¼'],
  [2, '≥ 2×'],
  [3, '≥ 4×'],
];

/** Class of a log2 ratio, -3..3. */
export function deviationClass(log2: number): number {
  const size = BOUNDS.filter((bound) => Math.abs(log2) >= Math.log2(bound)).length;
  return size === 0 ? 0 : Math.sign(log2) * size;
}

/** A ratio in words: `2.3×`. */
export function ratioText(log2: number | null): string {
  if (log2 === null) return say('too few');
  const ratio = 2 ** log2;
  return ratio >= 100 ? '≥ 100×' : `${withDecimalSign(ratio < 0.01 ? '< 0.01' : ratio.toPrecision(2))}×`;
}
