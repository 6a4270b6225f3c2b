import { describe, expect, it } from 'vitest';
import { leastSeen, poissonInterval } from '../../../electron/analysis/statistics/least-seen.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';
import {
  BENIGN_SUCCESS,
  SCANNER_SUCCESS,
  contactsUntilScanner,
} from '../../../electron/analysis/statistics/threshold-random-walk.ts';

describe('threshold random walk', () => {
  const fails = (text: string): boolean[] => Array.from(text, (letter) => letter === 'f');

  it('takes 4 failures in a row with the errors of the paper, 6 with a success between', () => {
    // "4 or 5 in practice" (abstract): ln(0.99 / 0.01) / ln 4 = 3.3.
    expect(contactsUntilScanner(fails('ffff'), 0.01, 0.01)).toBe(4);
    expect(contactsUntilScanner(fails('fff'), 0.01, 0.01)).toBeNull();
    expect(contactsUntilScanner(fails('fsffffff'), 0.01, 0.01)).toBe(6);
  });

  it('needs as many contacts of a scanner as Wald’s equation gives, 5.4 and the overshoot', () => {
    const random = Random.seeded(3);
    let contacts = 0;
    for (let run = 0; run < 4000; run++) {
      const outcomes = Array.from({ length: 200 }, () => random.next() / 2 ** 32 >= SCANNER_SUCCESS);
      contacts += contactsUntilScanner(outcomes, 0.01, 0.01) ?? 200;
    }
    // Restarting at 0 saves the way back from below it; steps overshoot the bound by up to one.
    expect(contacts / 4000).toBeGreaterThan(5.0);
    expect(contacts / 4000).toBeLessThan(6.7);
  });

  it('seldom takes a benign source for a scanner', () => {
    const random = Random.seeded(4);
    let alarms = 0;
    for (let run = 0; run < 500; run++) {
      const outcomes = Array.from({ length: 100 }, () => random.next() / 2 ** 32 >= BENIGN_SUCCESS);
      if (contactsUntilScanner(outcomes, 1e-4, 1e-2) !== null) alarms++;
    }
    expect(alarms / 500).toBeLessThan(0.01);
  });

  it('sees a scan behind a thousand successes', () => {
    expect(contactsUntilScanner(fails('s'.repeat(1000) + 'f'.repeat(10)), 1e-4, 1e-2)).toBe(1007);
  });
});

describe('least seen', () => {
  it('is what must be sent so that enough is seen', () => {
    expect(leastSeen(30, 1)).toBe(30);
    // 8,986 packets for one at 1:3,000, 29,956 at 1:10,000: 1 - (1 - 1/N)^n = 0.95.
    expect(leastSeen(1, 3000)).toBe(8986);
    expect(leastSeen(1, 10_000)).toBe(29_956);
    expect(leastSeen(2, 10)).toBe(46);
  });

  it('has an interval as the exact one', () => {
    // Garwood: 10 → 4.795 … 18.39; 40 → 28.58 … 54.47; 0 → 0 … 3.689.
    const [low, high] = poissonInterval(10);
    expect(low).toBeCloseTo(4.795, 1);
    expect(high).toBeCloseTo(18.39, 1);
    expect(poissonInterval(40)[0]).toBeCloseTo(28.58, 1);
    expect(poissonInterval(40)[1]).toBeCloseTo(54.47, 1);
    expect(poissonInterval(0)[1]).toBeCloseTo(3.689, 1);
  });
});
