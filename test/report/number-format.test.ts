import { describe, expect, it } from 'vitest';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatList,
  formatPValue,
  formatQuantity,
  formatShare,
  formatShareInterval,
  weekdayName,
} from '../../shared/number-format.ts';

describe('numbers as people read them', () => {
  it('groups counts and keeps small fractions', () => {
    expect([formatCount(1_234_567), formatCount(3.257), formatCount(0), formatCount(null)]).toEqual([
      '1,234,567',
      '3.26',
      '0',
      '–',
    ]);
  });

  it('gives shares one decimal, two below 1 %, and never rounds something to nothing', () => {
    expect([0.4211, 0, 0.0025, 0.00994, 0.00996, 0.0003, 0.00004, 1].map(formatShare)).toEqual([
      '42.1 %',
      '0.0 %',
      '0.25 %',
      '0.99 %',
      '1.0 %',
      '0.03 %',
      '< 0.01 %',
      '100.0 %',
    ]);
    expect(formatShareInterval([0.1, 0.25])).toBe('10.0–25.0 %');
    expect(formatShareInterval([0.0084, 0.012])).toBe('0.84–1.2 %');
  });

  it('gives bytes decimal units', () => {
    expect([999, 1000, 999_499, 999_500, 1_230_000_000, 5e18].map(formatBytes)).toEqual([
      '999 B',
      '1.00 kB',
      '999 kB',
      '1.00 MB',
      '1.23 GB',
      '5.00e+3 PB',
    ]);
  });

  it('writes the numbers of one column with as many decimals', () => {
    expect([2, 17, 21.984, 588, null].map((value) => formatQuantity('flows per day', value, true))).toEqual([
      '2.00',
      '17.00',
      '21.98',
      '588',
      '–',
    ]);
    expect([formatQuantity('targets', 2), formatQuantity('share of flows', 0.5, true)]).toEqual(['2', '50.0 %']);
  });

  it('names metrics, weekdays and lists', () => {
    expect(formatAmount('host-hours', 1200)).toBe('1,200 host-hours');
    expect([weekdayName(1), weekdayName(7), weekdayName(8)]).toEqual(['Monday', 'Sunday', '–']);
    expect([formatList([]), formatList(['a']), formatList(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
    expect([formatPValue(0.0005), formatPValue(0.0312), formatPValue(null)]).toEqual(['< 0.001', '0.031', '–']);
  });
});
