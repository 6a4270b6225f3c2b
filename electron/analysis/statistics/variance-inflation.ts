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

function product(residuals: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < residuals.length; i++) sum += residuals[i] * residuals[i - lag];
  return sum;
}
