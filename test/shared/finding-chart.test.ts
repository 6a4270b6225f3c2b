import { expect, it } from 'vitest';
import type { ActivityShareFinding } from '../../shared/finding.ts';
import { endOfNamed } from '../../shared/finding-chart.ts';

it('the interval of a share is drawn dashed from where it ends without activity that no rule names', () => {
  expect(endOfNamed({ interval: [0.1, 0.3], namedInterval: [0.1, 0.2] })).toBe(0.2);
  expect(endOfNamed({ interval: [0.1, 0.2], namedInterval: [0.1, 0.2] })).toBeNull();
  expect(endOfNamed({ interval: [0, 0.2], namedInterval: null })).toBe(0);
  expect(endOfNamed({ interval: null, namedInterval: null })).toBeNull();
});

it('nor is it where a finding of an earlier version does not tell', () => {
  const stored = JSON.parse('{"interval":[0.1,0.3]}') as Pick<ActivityShareFinding, 'interval' | 'namedInterval'>;
  expect(endOfNamed(stored)).toBeNull();
});
