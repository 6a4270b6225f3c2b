import type { ReactNode } from 'react';
import { formatAmount, formatShare, formatBareAmount } from '../../shared/number-format.ts';
import { layerColour } from '../charts/layer-colours.ts';
import type { TimeLayer } from '../charts/stack-by-time.ts';
import { binName, layerName } from '../charts/time-stack-chart.tsx';
import { filterWord } from '../state/filter-completion.ts';
import type { Selection } from '../state/history.ts';
import { joinFilters } from '../state/time-filter.ts';
import type { TimeDimension } from '../state/timeline-settings.ts';
import { useWorkbench } from '../state/workbench.ts';
import type { ShownStack } from './use-time-stack.ts';
import { say, type Text } from '../../shared/text/say.ts';

const KINDS: Readonly<Record<TimeDimension, Text>> = {
  category: 'Category',
  service: 'Service',
  country: 'Country',
  range: 'Range',
  host: 'Host',
};

/** Amounts of the bin under the cursor, else of the brushed span, else of the whole chart. */
export function TimeLegend(props: {
  onChoose: (selection: Selection) => void;
  shown: ShownStack;
  cursor: number | null;
  brush: readonly [number, number] | null;
}): ReactNode {
  const { cursor, brush } = props;
  const { stack, by } = props.shown;
  const { metric, where, setWhere } = useWorkbench();
  const bin = cursor === null ? undefined : stack.bins[cursor];
  const amountOf = (layer: TimeLayer): number => {
    if (cursor !== null) return layer.values[cursor] ?? 0;
    return brush === null ? layer.total : layer.values.slice(brush[0], brush[1] + 1).reduce((a, b) => a + b, 0);
  };
  const first = brush === null ? undefined : stack.bins[brush[0]];
  const last = brush === null ? undefined : stack.bins[brush[1]];
  const total = stack.layers.reduce((sum, layer) => sum + amountOf(layer), 0);
  const span =
    first === undefined || last === undefined
      ? say('Whole chart')
      : `${binName(stack.step, first)} – ${binName(stack.step, last)}`;
  return (
    <div className="legend">
      <h3>{bin === undefined ? span : binName(stack.step, bin)}</h3>
      <ul>
        {stack.layers.map((layer, place) => {
          const value = amountOf(layer);
          const name = layerName(layer, by);
          const content = (
            <>
              <span className="swatch" style={{ backgroundColor: layerColour(layer, by, place) }} />
              <span className="clip">{name}</span>
              <span className="number">{formatBareAmount(metric, value)}</span>
              <span className="number quiet">{formatShare(total === 0 ? null : value / total)}</span>
            </>
          );
          return (
            <li key={name}>
              {layer.name === null ? (
                <span className="legend-row">{content}</span>
              ) : (
                <button
                  type="button"
                  className="legend-row"
                  title={say('Look closer at {name}; with Shift, show it only', { name })}
                  onClick={(event) => {
                    const filter = `${by} = ${filterWord(layer.name ?? '')}`;
                    if (event.shiftKey) setWhere(joinFilters(where, filter));
                    else props.onChoose({ id: filter, kind: KINDS[by], title: name, filter });
                  }}
                >
                  {content}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <p className="legend-total">
        <span>{metric === 'host-hours' && by !== 'host' ? say('Sum of these') : say('Total')}</span>
        <strong>{formatAmount(metric, total)}</strong>
      </p>
    </div>
  );
}
