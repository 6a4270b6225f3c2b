import { Random } from './random.ts';

/**
 * Does activity follow the clock? A test against a flat 24-hour profile that respects how traffic clusters.
 *
 * Activity of neighbouring hours hangs together, so a chi-square on flows would call any burst a rhythm. Instead each
 * day's 24 hours are turned round the clock by its own random number of hours: the shape of every day stays, only the
 * common phase is lost. This is the toroidal shift of Lotwick and Silverman (J. R. Statist. Soc. B 44, 1982) on a circle.
 * Statistic: variance of the mean profile, each day scaled to mean 1 so that no single day carries the result.
 * p = (1 + hits) / (1 + shifts), never 0 (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010).
 *
 * @param activity day × 24 values, row after row
 * @param observed day × 24, 1 where the evidence shows any packet in that hour
 * @returns p in (0, 1]; null when no day has activity
 */
export function circularShiftTest(
  activity: Float64Array,
  observed: Uint8Array,
  shifts: number,
  seed: number,
): number | null {
  const rows: { scaled: Float64Array; seen: Uint8Array }[] = [];
  for (let start = 0; start < activity.length; start += 24) {
    const values = activity.subarray(start, start + 24);
    const seen = observed.subarray(start, start + 24);
    let total = 0;
    let hours = 0;
    for (let h = 0; h < 24; h++) {
      if (seen[h] === 0) continue;
      total += values[h];
      hours++;
    }
    if (total === 0) continue;
    rows.push({ scaled: values.map((value, h) => (seen[h] === 0 ? 0 : (value * hours) / total)), seen });
  }
  if (rows.length === 0) return null;
  const sums = new Float64Array(24);
  const counts = new Float64Array(24);
  const random = Random.seeded(seed);
  const statistic = (shifted: boolean): number => {
    sums.fill(0);
    counts.fill(0);
    for (const row of rows) {
      let to = shifted ? random.below(24) : 0;
      for (let h = 0; h < 24; h++) {
        sums[to] += row.scaled[h];
        counts[to] += row.seen[h];
        to = to === 23 ? 0 : to + 1;
      }
    }
    return profileVariance(sums, counts);
  };
  const seenStatistic = statistic(false);
  let hits = 0;
  for (let i = 0; i < shifts; i++) if (statistic(true) >= seenStatistic * (1 - 1e-12)) hits++;
  return (1 + hits) / (1 + shifts);
}

function profileVariance(sums: Float64Array, counts: Float64Array): number {
  let n = 0;
  let mean = 0;
  let squares = 0;
  for (let h = 0; h < 24; h++) {
    const count = counts[h];
    if (count === 0) continue;
    const rate = sums[h] / count;
    n++;
    const difference = rate - mean;
    mean += difference / n;
    squares += difference * (rate - mean);
  }
  return n === 0 ? 0 : squares / n;
}
