import { describe, expect, it } from 'vitest';
import {
  incompleteBeta,
  logGamma,
  normal,
  studentT,
  studentTQuantile,
} from '../../../electron/analysis/statistics/distributions.ts';

describe('distributions', () => {
  it('knows the gamma function at whole and half numbers', () => {
    expect(logGamma(1)).toBeCloseTo(0, 9);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 8);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 9);
  });

  it('agrees with closed forms of the incomplete beta function', () => {
    // I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a.
    expect(incompleteBeta(0.3, 1, 5)).toBeCloseTo(1 - 0.7 ** 5, 9);
    expect(incompleteBeta(0.8, 4, 1)).toBeCloseTo(0.8 ** 4, 9);
    expect(incompleteBeta(0.5, 7, 7)).toBeCloseTo(0.5, 9);
  });

  it("gives the tabulated quantiles of Student's t (NIST/SEMATECH e-Handbook, 1.3.6.7.2)", () => {
    const table: [number, number, number][] = [
      [0.975, 1, 12.706],
      [0.975, 2, 4.303],
      [0.975, 6, 2.447],
      [0.975, 20, 2.086],
      [0.95, 14, 1.761],
      [0.995, 30, 2.75],
      [0.975, 100, 1.984],
    ];
    for (const [p, df, t] of table) expect(studentTQuantile(p, df)).toBeCloseTo(t, 3);
    expect(studentTQuantile(0.025, 6)).toBeCloseTo(-2.447, 3);
    expect(studentT(0, 5)).toBeCloseTo(0.5, 12);
  });

  it('gives the tabulated values of the normal distribution', () => {
    expect(normal(0)).toBe(0.5);
    expect(normal(1.959963985)).toBeCloseTo(0.975, 9);
    expect(normal(-3)).toBeCloseTo(0.0013498980316, 12);
    expect(normal(40)).toBe(1);
  });
});
