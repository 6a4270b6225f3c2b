import { readFileSync } from 'node:fs';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { findingNumbers } from '../../renderer/charts/finding-numbers.ts';
import { FindingFigure, findingValue } from '../../renderer/charts/finding-figures.tsx';
import { stackByTime } from '../../renderer/charts/stack-by-time.ts';
import { TimeStackDrawing, binName } from '../../renderer/charts/time-stack-chart.tsx';
import { WeekHeatMap, weekGrid } from '../../renderer/charts/week-heat-map.tsx';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Finding, ServiceRankingFinding } from '../../shared/finding.ts';

/** Charts of answers that the engine gave about the sample case (kept in fixtures/), as SVG. */

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as T;
}

const FINDINGS = fixture<Finding[]>('findings');

/** One element a line, so that a change is readable. */
function lines(markup: string): string {
  return markup.replaceAll('><', '>\n<');
}

describe('charts', () => {
  it('stacks the first week of the sample, with a brush of two days', () => {
    const stack = stackByTime(fixture<SummaryRowValue[]>('by-day-and-category'));
    const drawing = createElement(TimeStackDrawing, {
      stack,
      metric: 'flows',
      width: 640,
      height: 240,
      brush: [1, 2],
      cursor: 3,
    });
    expect(lines(renderToStaticMarkup(createElement('svg', null, drawing)))).toMatchSnapshot();
  });

  it('draws the hour by weekday map', () => {
    const grid = weekGrid(fixture<SummaryRowValue[]>('by-weekday-and-hour'));
    const markup = renderToStaticMarkup(
      createElement(WeekHeatMap, {
        grid,
        metric: 'bytes',
        width: 640,
        height: 200,
        cell: { weekday: 1, hour: 9 },
        onCell: () => undefined,
        onChoose: () => undefined,
      }),
    );
    const cellsOf = (name: string): number =>
      [...markup.matchAll(new RegExp(`class="${name}"[^>]* d="([^"]*)"`, 'g'))].flatMap(([, d = '']) => d.match(/M/g))
        .length;
    expect(cellsOf('cell-ground')).toBe(168);
    expect(cellsOf('cell')).toBe(grid.flat().filter((value) => value > 0).length);
    expect(cellsOf('pointed')).toBe(1);
    expect(lines(markup)).toMatchSnapshot();
  });

  it.each([...new Set(FINDINGS.map((finding) => finding.kind))])('draws the figure of a %s finding', (kind) => {
    const finding = FINDINGS.find((each) => each.kind === kind);
    if (finding === undefined) throw new Error('not in the fixture');
    const markup = renderToStaticMarkup(createElement(FindingFigure, { finding, all: FINDINGS, width: 640 }));
    expect(lines(markup)).toMatchSnapshot();
    // The table behind it.
    const { heads, rows } = findingNumbers(finding, FINDINGS);
    expect(rows.length > 0 || markup === '' || kind === 'coverage').toBe(true);
    expect(rows.every((row) => row.length === heads.length)).toBe(true);
  });

  it('holds no inline style: the page’s policy may forbid them', () => {
    for (const finding of FINDINGS) {
      expect(renderToStaticMarkup(createElement(FindingFigure, { finding, all: FINDINGS, width: 640 }))).not.toContain(
        'style=',
      );
    }
  });

  it('shows hostile names as text, with control and direction characters visible', () => {
    const ranking = FINDINGS.find((each): each is ServiceRankingFinding => each.kind === 'service-ranking');
    if (ranking === undefined) throw new Error('not in the fixture');
    const hostile: Finding = {
      ...ranking,
      ranking: [{ service: '<b>\u202egnp\u0007', value: 0.5, interval: [0.4, 0.6], daysActive: 1 }],
    };
    const markup = renderToStaticMarkup(createElement(FindingFigure, { finding: hostile, all: [], width: 640 }));
    expect(markup).toContain('&lt;b&gt;\\u202egnp\\u0007');
    expect(markup).not.toContain('\u202e');
  });
});

it('tells values with their units', () => {
  expect(FINDINGS.map((finding) => findingValue(finding)).slice(0, 4)).toEqual([
    '33.7 %',
    '50.0 %',
    '47.1 %',
    '50.7 %',
  ]);
  const weekly = FINDINGS.find((each) => each.kind === 'weekly-rhythm');
  expect(weekly && findingValue(weekly)).toBe('2,731 flows per day');
});

it('names steps for people', () => {
  const bin = { from: '2017-05-17', to: '2017-05-18' };
  expect(binName('day', bin)).toBe('Wed 17 May 2017');
  expect(binName('week', bin)).toBe('week of 17 May 2017');
  expect(binName('month', bin)).toBe('May 2017');
  expect(binName('hour', { from: '2017-05-17T09:00', to: '2017-05-17T10:00' })).toBe('17 May 2017, 09:00');
});
