import type { ReactNode } from 'react';
import { TIME_DIMENSIONS, type TimeDimension, timelineSettings } from '../state/timeline-settings.ts';
import { Choice } from './choice.tsx';
import { SpanForm } from './span-form.tsx';
import { say } from '../../shared/text/say.ts';

/** How the timeline is drawn, and which part of the time. */
export function TimeControls(props: {
  by: TimeDimension;
  /** As it is drawn, whatever was chosen. */
  form: 'stacked' | 'rows';
  isLog: boolean;
  isZoomed: boolean;
  /** Below 1 nearer. */
  onZoom: (factor: number) => void;
  /** By a share of what is shown, below 0 to earlier times. */
  onPan: (share: number) => void;
  onShowAll: () => void;
  /** Null while no span is brushed. */
  onZoomToSpan: (() => void) | null;
  from: string | null;
  to: string | null;
}): ReactNode {
  const { by, form, isLog, isZoomed, onZoom, onPan, onShowAll, onZoomToSpan } = props;
  return (
    <div className="time-controls">
      <label className="by-choice">
        {say('By')}
        <select
          aria-label={say('By')}
          value={by}
          onChange={({ target }) =>
            timelineSettings.set({ by: TIME_DIMENSIONS.find((name) => name === target.value) ?? 'category' })
          }
        >
          {TIME_DIMENSIONS.map((name) => (
            <option key={name} value={name}>
              {say(name)}
            </option>
          ))}
        </select>
      </label>
      <Choice
        name={say('Form')}
        value={form}
        options={[
          ['stacked', say('Stacked'), isLog],
          ['rows', say('Rows')],
        ]}
        {...(isLog
          ? { title: say('A logarithmic axis has no stack: the heights of its parts would mean nothing') }
          : {})}
        onChange={(value) => timelineSettings.set({ form: value })}
      />
      <Choice
        name={say('Axis')}
        value={isLog ? 'log' : 'linear'}
        options={[
          ['linear', say('Linear')],
          ['log', say('Log')],
        ]}
        onChange={(value) => timelineSettings.set({ isLog: value === 'log' })}
      />
      <div className="zoom-buttons" role="group" aria-label={say('Zoom in time')}>
        <button
          type="button"
          className="small"
          title={say('Zoom in (+)')}
          aria-label={say('Zoom in')}
          onClick={() => onZoom(0.5)}
        >
          +
        </button>
        <button
          type="button"
          className="small"
          title={say('Zoom out (−)')}
          aria-label={say('Zoom out')}
          disabled={!isZoomed}
          onClick={() => onZoom(2)}
        >
          −
        </button>
        {isZoomed && (
          <>
            <button
              type="button"
              className="small"
              aria-label={say('Earlier')}
              title={say('Earlier')}
              onClick={() => onPan(-0.5)}
            >
              ‹
            </button>
            <button
              type="button"
              className="small"
              aria-label={say('Later')}
              title={say('Later')}
              onClick={() => onPan(0.5)}
            >
              ›
            </button>
            <button type="button" className="small" title={say('The whole time (0)')} onClick={onShowAll}>
              {say('All')}
            </button>
          </>
        )}
        {onZoomToSpan !== null && (
          <button type="button" className="small" onClick={onZoomToSpan}>
            {say('Zoom to span')}
          </button>
        )}
      </div>
      <SpanForm from={props.from} to={props.to} />
    </div>
  );
}
