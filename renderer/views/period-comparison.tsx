import { type ReactNode, useMemo } from 'react';
import { periodHints } from '../state/period-hints.ts';
import { splitTime } from '../state/time-filter.ts';
import { timelineSettings } from '../state/timeline-settings.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';
import { PeriodForm } from './period-form.tsx';
import { Pair } from './period-pair.tsx';

/** Two periods side by side: on one scale, by the timeline's dimension, per day or hour, with what the evidence covers of each. */

export function PeriodComparison(): ReactNode {
  const { where, overview, profileZone } = useWorkbench();
  const { periods, by } = timelineSettings.use();
  const [a, b] = periods;
  const rest = useMemo(() => splitTime(where).rest, [where]);
  const [hintA, hintB] = periodHints(overview, profileZone);
  return (
    <section className="panel period-comparison" aria-labelledby="pair-title">
      <header>
        <h2 id="pair-title">{say('Two periods side by side')}</h2>
        <button type="button" className="quiet small" onClick={() => timelineSettings.set({ isComparing: false })}>
          {say('Close')}
        </button>
      </header>
      <div className="pair-forms">
        <PeriodForm
          side={0}
          period={a}
          hint={hintA}
          onSet={(period) => timelineSettings.set({ periods: [period, b] })}
        />
        <PeriodForm
          side={1}
          period={b}
          hint={hintB}
          onSet={(period) => timelineSettings.set({ periods: [a, period] })}
        />
      </div>
      {a === null || b === null ? (
        <p className="quiet">
          {say(
            'Choose a span on the chart above and take it for A, then another for B; or type dates, or take those of a kept state.',
          )}
        </p>
      ) : (
        <Pair periods={[{ ...a }, { ...b }]} by={by} rest={rest} />
      )}
    </section>
  );
}
