/**
 * p-values corrected for how many tests were made: the step-up procedure that holds the false discovery rate (Benjamini
 * and Hochberg, J. R. Statist. Soc. B 57, 1995; adjusted values after Yekutieli and Benjamini, 1999). Null stays null and
 * does not count as a test. Same order as given.
 */
export function adjustPValues(pValues: readonly (number | null)[]): (number | null)[] {
  const tested = pValues
    .map((p, at) => ({ p, at }))
    .filter((test): test is { p: number; at: number } => test.p !== null)
    .toSorted((x, y) => y.p - x.p || y.at - x.at);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let least = 1;
  tested.forEach(({ p, at }, i) => {
    least = Math.min(least, (p * tested.length) / (tested.length - i));
    adjusted[at] = least;
  });
  return adjusted;
}
