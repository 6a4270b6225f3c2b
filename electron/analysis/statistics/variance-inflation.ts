/**
 * How much more the mean of a series varies than that of independent values of the same spread. Never below 1, so that a lucky
 * alternation does not make a test bolder. Residuals are given in order of time, without their means.
 */

/** A correlation of neighbours beyond this would leave hardly any independent day. */
const GREATEST_CORRELATION = 0.9;

/**
 * 1 + 2 Σ w(k) ρ(k) with Bartlett's weights (Newey and West, Econometrica 55, 1987) up to lag ⌊4 (n / 100)^(2/9)⌋ (Newey and West, Rev. Econ.
 * Stud. 61, 1994), which follows any pattern over some days.
 */
function neweyWestInflation(residuals: Float64Array): number {
  const n = residuals.length;
  const variance = product(residuals, 0);
  if (variance === 0) return 1;
  const lags = Math.min(n - 1, Math.floor(4 * (n / 100) ** (2 / 9)));
  let inflation = 1;
  for (let lag = 1; lag <= lags; lag++) {
    inflation += (2 * (1 - lag / (lags + 1)) * product(residuals, lag)) / variance;
  }
  return Math.max(1, inflation);
}

/**
 * The greater of that and (1 + ρ) / (1 − ρ), which a first-order autoregression with the correlation of neighbours has (Andrews,
 * Econometrica 59, 1991, on such plug-ins), ρ made larger by (1 + 3ρ) / n, which short series lose (Marriott and Pope, Biometrika
 * 41, 1954); with several means by (1 + ρ) / n more for each further one, whose days lose as much.
 *
 * @param means how many stretches of the series were given a mean of their own before
 */
export function varianceInflation(residuals: Float64Array, means = 1): number {
  const variance = product(residuals, 0);
  if (variance === 0) return 1;
  const seen = product(residuals, 1) / variance;
  const neighbours = Math.min(GREATEST_CORRELATION, seen + (means + (means + 2) * seen) / residuals.length);
  return Math.max(neweyWestInflation(residuals), (1 + neighbours) / (1 - neighbours));
}

/** Blocks between the values whose differences tell the variance: far enough that what lasts some days has passed. */
const FAR_LAGS = [3, 4, 5, 6, 7];

/**
 * (1 + ρ) / (1 − ρ) with the correlation ρ of neighbours told by differences: half the mean square of those of neighbours over that of
 * values three to seven apart is 1 − ρ (Hall and Van Keilegom, J. R. Statist. Soc. B 65, 2003). A level that changes once, or drifts, adds
 * hardly anything to differences, where residuals about one mean would take it for correlation: what began in the middle of
 * the window would have an interval without end. 1 for series of fewer than nine values.
 */
export function differencedInflation(series: Float64Array): number {
  const far = FAR_LAGS.reduce((total, lag) => total + halfSquare(series, lag), 0) / FAR_LAGS.length;
  if (series.length < FAR_LAGS.length + 4 || far === 0) return 1;
  const neighbours = Math.min(GREATEST_CORRELATION, Math.max(0, 1 - halfSquare(series, 1) / far));
  return (1 + neighbours) / (1 - neighbours);
}

/** Half the mean square of the differences of values `lag` apart. */
function halfSquare(series: Float64Array, lag: number): number {
  let squares = 0;
  for (let i = lag; i < series.length; i++) squares += (series[i] - series[i - lag]) ** 2;
  return squares / (2 * Math.max(1, series.length - lag));
}

function product(residuals: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < residuals.length; i++) sum += residuals[i] * residuals[i - lag];
  return sum;
}
