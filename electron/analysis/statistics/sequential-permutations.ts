/**
 * p-value of a permutation test by as many permutations as it takes: drawing ends when `enough` of them come up to what
 * was seen, since the p-value is then large and well known; a small one gets all `most` draws. Valid at any level (Besag
 * and Clifford, Biometrika 78, 1991, section 3).
 *
 * @param draw makes one permutation; true when its statistic is at least the one seen
 * @param most permutations at most, 1 or more
 * @param enough hits that end the drawing early, 1 or more
 * @returns p in (0, 1]; never below 1 / (1 + most)
 */
export function sequentialPValue(draw: () => boolean, most: number, enough: number): number {
  let hits = 0;
  for (let draws = 1; draws <= most; draws++) {
    if (draw()) hits++;
    if (hits === enough) return hits / draws;
  }
  return (1 + hits) / (1 + most);
}
