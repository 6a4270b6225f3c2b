/** Two periods side by side, as the engine compares them for the window. */

export interface ComparedPeriod {
  /** `YYYY-MM-DD` or `YYYY-MM-DDTHH:00` in the profile's zone; `to` is exclusive. */
  readonly from: string;
  readonly to: string;
  /** Clock hours of its length, and those of them in which the evidence shows a flow from or to the ranges. */
  readonly hours: number;
  readonly observedHours: number;
  /** What rates are divided by: observed days, or hours. */
  readonly compared: number;
  /** Days left out of rates because the evidence shows too little of them. */
  readonly daysLeftOut: number;
}

export interface PairRow {
  /** null: absent, or all rows together. */
  readonly value: string | null;
  readonly totals: readonly [number, number];
  /** Flows that start there, not scaled. */
  readonly flows: readonly [number, number];
  readonly scaled: boolean;
  /** Per observed day or per hour; null where nothing can be compared. */
  readonly rates: readonly [number | null, number | null];
  /** Second over first, minus 1, half a recorded flow added to either; null where it cannot be told. */
  readonly change: number | null;
  readonly interval: readonly [number, number] | null;
}

export interface PeriodPair {
  /** What rates are per. */
  readonly unit: 'day' | 'hour';
  readonly periods: readonly [ComparedPeriod, ComparedPeriod];
  readonly overlap: boolean;
  readonly all: PairRow;
  /** The largest first. */
  readonly rows: readonly PairRow[];
  readonly rowsInAll: number;
}
