import type { ReactNode } from 'react';
import { dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { categoryColour } from '../category-colours.ts';
import { localTimeOf } from '../state/local-time.ts';
import { joinFilters, splitTime } from '../state/time-filter.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The flows of a host on the day that is chosen, one after another. */

/** Flows that are listed; the Flows view has all. */
const MOST = 100;

/** The day that a filter's span is, `2017-05-17`; null for another span or none. */
export function chosenDay(where: string): string | null {
  const { from, to } = splitTime(where);
  if (from?.length !== 10 || to === null) return null;
  return to === dateOfDay(dayNumber(from) + 1) ? from : null;
}

function FlowLine({ flow, timeZone }: { flow: FlowRecord; timeZone: string }): ReactNode {
  return (
    <tr>
      <td className="mono nowrap">{localTimeOf(flow.start, timeZone, 'second').slice(11)}</td>
      <td>
        <span className="swatch" style={{ backgroundColor: categoryColour(flow.category) }} />{' '}
        {visibleText(flow.service ?? flow.category)}
        <br />
        <span className="quiet">{visibleText(flow.hostname ?? flow.peer ?? flow.responder)}</span>
      </td>
      <td className="number">{formatBytes(flow.bytesOut + flow.bytesIn)}</td>
    </tr>
  );
}

/** @param filter selects the flows of the host */
export function DaySequence({ filter }: { filter: string }): ReactNode {
  const { where, version, timeZone } = useWorkbench();
  const day = chosenDay(where);
  const { value, error, pending } = useAsk(
    'flowsPage',
    { where: joinFilters(where, filter), offset: 0, limit: MOST, order: { by: 'start', descending: false } },
    version,
    day !== null,
  );
  if (day === null) return null;
  return (
    <section aria-busy={pending} aria-label={say('Its flows on {day}, in order', { day })}>
      <h3>{say('Its flows on {day}, in order', { day })}</h3>
      {error !== null && <ErrorNotice error={error} />}
      <table className="day-sequence">
        <thead className="hidden">
          <tr>
            <th scope="col">{say('Start')}</th>
            <th scope="col">{say('Service')}</th>
            <th scope="col">{say('Bytes')}</th>
          </tr>
        </thead>
        <tbody>
          {(value?.flows ?? []).map((flow) => (
            <FlowLine key={flow.id} flow={flow} timeZone={timeZone} />
          ))}
        </tbody>
      </table>
      {value !== null && (
        <p className="quiet foot">
          {value.total > MOST &&
            say('The first {most} of {all} flows; the Flows view has all. ', {
              most: MOST,
              all: formatCount(value.total),
            })}
          {say('Times in {timeZone}, bytes both ways as recorded.', { timeZone })}
        </p>
      )}
    </section>
  );
}
