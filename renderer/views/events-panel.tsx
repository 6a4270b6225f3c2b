import { type ReactNode, useEffect, useRef, useState } from 'react';
import { type CaseEvent, ENTERED_EVENTS, profileEvents } from '../../shared/event.ts';
import type { OnsetFinding } from '../../shared/finding.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { localTime } from '../state/local-time.ts';
import { timelineSettings } from '../state/timeline-settings.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The dated events of the case by where they come from, and the onsets that findings tell; added, restated and removed here. */

/** Events of one list that are shown. */
const SHOWN = 300;

interface Group {
  readonly title: string;
  /** Of a file that can be taken out. */
  readonly id: string | null;
  readonly isEntered: boolean;
  readonly events: readonly CaseEvent[];
}

function EventRow(props: {
  event: CaseEvent;
  isShown: boolean;
  isEntered: boolean;
  isLocked: boolean;
  onShow: () => void;
  onRemove: () => void;
}): ReactNode {
  const { event, isShown, isEntered, isLocked } = props;
  const { timeZone } = useWorkbench();
  const name = visibleText(event.label);
  const within =
    event.uncertaintyMinutes > 0
      ? say(' ± {uncertaintyMinutes} min', { uncertaintyMinutes: formatCount(event.uncertaintyMinutes) })
      : '';
  return (
    <li className={isShown ? 'pointed' : ''}>
      <button
        type="button"
        className="event-name"
        title={say('{name} ({kind}); {source}. Shows it on the chart.', {
          name,
          kind: visibleText(event.kind),
          source: visibleText(event.source) || say('no source'),
        })}
        onClick={props.onShow}
      >
        <span className="number">
          {localTime(event.time, timeZone, 'minute')}
          {within}
        </span>
        <span className="clip">{name}</span>
        <span className="clip quiet">{visibleText(event.kind)}</span>
      </button>
      {isEntered && (
        <>
          <button
            type="button"
            className="quiet tiny"
            disabled={isLocked}
            aria-label={say('Restate {name}', { name })}
            onClick={() => timelineSettings.set({ stating: event })}
          >
            {say('Edit')}
          </button>
          <button
            type="button"
            className="quiet tiny"
            disabled={isLocked}
            aria-label={say('Remove {name}', { name })}
            onClick={props.onRemove}
          >
            {say('Remove')}
          </button>
        </>
      )}
    </li>
  );
}

export function EventsPanel(props: {
  onsets: readonly OnsetFinding[];
  /** What lies in the bin that was asked for. */
  shown: readonly (CaseEvent | OnsetFinding)[];
  onShow: (us: number) => void;
  onShowOnset: (onset: OnsetFinding) => void;
}): ReactNode {
  const { onsets, shown } = props;
  const { overview, version, timeZone, busy, go } = useWorkbench();
  const lists = useAsk('eventLists', null, version);
  const [fault, setFault] = useState<ErrorValue | null>(null);
  const [told, setTold] = useState('');
  const [isWorking, setWorking] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const isLocked = busy || isWorking || overview.sealed;
  useEffect(() => {
    if (shown.length > 0) box.current?.querySelector('.pointed')?.scrollIntoView({ block: 'nearest' });
  }, [shown]);

  const groups: Group[] = [
    ...(lists.value ?? [])
      .map(({ file, events }) => ({
        title: file.name === ENTERED_EVENTS ? say('Entered by hand') : visibleText(file.name),
        id: file.id,
        isEntered: file.name === ENTERED_EVENTS,
        events,
      }))
      .toSorted((a, b) => Number(b.isEntered) - Number(a.isEntered)),
    {
      title: say('Of the profile {name}', { name: visibleText(overview.profile.name) }),
      id: null,
      isEntered: false,
      events: profileEvents(overview.profile).toSorted((a, b) => a.time - b.time),
    },
  ].filter(({ events }) => events.length > 0);

  /** Does a change, after which the findings are made anew. */
  const change = async <T,>(
    work: () => Promise<{ ok: true; value: T } | { ok: false; error: ErrorValue }>,
  ): Promise<T | null> => {
    setFault(null);
    setTold(say('Findings are made anew…'));
    setWorking(true);
    const answer = await work();
    setWorking(false);
    setTold(answer.ok ? say('Findings made anew') : '');
    if (answer.ok) return answer.value;
    setFault(answer.error);
    return null;
  };
  const add = async (): Promise<void> => {
    const added = await change(() => ask('importEvents', null));
    if (added === null) setTold('');
    else if (!added.added) setTold(say('These events are in the case already'));
    else {
      const notUsed = added.file.notUsed.reduce((sum, { count }) => sum + count, 0);
      const [first] = added.file.notUsed;
      const rest =
        first === undefined
          ? ''
          : say('; {notUsed|line|lines} not used, first line {firstOffset}: {message}', {
              notUsed,
              firstOffset: first.firstOffset ?? '?',
              message: first.message,
            });
      setTold(say('{events|event|events} added{rest}', { events: added.file.events, rest }));
    }
  };

  const isInside = ({ time }: CaseEvent): boolean =>
    time >= (overview.firstSeen ?? Infinity) && time <= (overview.lastSeen ?? -Infinity);
  const rowsOf = (events: readonly CaseEvent[], isEntered: boolean): ReactNode =>
    events
      .slice(0, SHOWN)
      .map((event, i) => (
        <EventRow
          key={i}
          event={event}
          isShown={shown.some((each) => 'time' in each && each.time === event.time && each.label === event.label)}
          isEntered={isEntered}
          isLocked={isLocked}
          onShow={() => props.onShow(event.time)}
          onRemove={() => void change(() => ask('changeEvents', { change: { remove: event, add: null } }))}
        />
      ));

  return (
    <section className="panel events-panel" aria-labelledby="events-title">
      <header>
        <h2 id="events-title">{say('Events and onsets')}</h2>
        <span className="quiet clip" role="status">
          {visibleText(told)}
        </span>
        <button
          type="button"
          className="small"
          disabled={isLocked}
          onClick={() => timelineSettings.set({ stating: 'new' })}
        >
          {say('Add event…')}
        </button>
        <button type="button" className="small" id="add-events-file" disabled={isLocked} onClick={() => void add()}>
          {say('Add file…')}
        </button>
      </header>
      {fault !== null && <ErrorNotice error={fault} onDismiss={() => setFault(null)} />}
      {lists.error !== null && <ErrorNotice error={lists.error} />}
      <div className="event-lists" ref={box} tabIndex={0} role="region" aria-label={say('Events and onsets, list')}>
        {onsets.length > 0 && (
          <>
            <h3>
              <span className="pin-sign onset" aria-hidden="true" /> {say('Onsets that findings tell')}
            </h3>
            <ul>
              {onsets.map((onset) => (
                <li key={onset.id} className={shown.includes(onset) ? 'pointed' : ''}>
                  <button
                    type="button"
                    className="event-name"
                    title={onset.statement}
                    onClick={() => props.onShowOnset(onset)}
                  >
                    <span className="number">{onset.date}</span>
                    <span className="clip">{visibleText(onset.subject.replace(':', ' '))}</span>
                    <span className="clip quiet">{say('onset')}</span>
                  </button>
                  <button
                    type="button"
                    className="quiet tiny"
                    aria-label={say('Finding on {subject}', { subject: visibleText(onset.subject.replace(':', ' ')) })}
                    onClick={() =>
                      go('findings', { id: onset.id, kind: 'Finding', title: onset.title, filter: onset.where })
                    }
                  >
                    {say('Finding')}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
        {groups.map(({ title, id, isEntered, events }) => (
          <div key={id ?? 'profile'}>
            <h3>
              <span className="pin-sign" aria-hidden="true" /> {title},{' '}
              {say('{count|event|events}', { count: events.length })}
              {id !== null && !isEntered && (
                <button
                  type="button"
                  className="quiet tiny"
                  disabled={isLocked}
                  onClick={() => void change(() => ask('removeEventFile', { id }))}
                >
                  {say('Remove file')}
                </button>
              )}
            </h3>
            <ul>{rowsOf(events.filter(isInside), isEntered)}</ul>
            {!events.every(isInside) && (
              <details>
                <summary className="quiet">
                  {say('{events} outside the case’s time', {
                    events: formatCount(events.filter((event) => !isInside(event)).length),
                  })}
                </summary>
                <ul>
                  {rowsOf(
                    events.filter((event) => !isInside(event)),
                    isEntered,
                  )}
                </ul>
              </details>
            )}
            {events.length > SHOWN && (
              <p className="quiet">{say('At most {most} are listed; all are pinned and analysed.', { most: SHOWN })}</p>
            )}
          </div>
        ))}
        {groups.length === 0 && onsets.length === 0 && (
          <p className="quiet">{say('None yet. Add one, or a CSV file of time, label, kind and source.')}</p>
        )}
      </div>
      <p className="foot quiet">{say('Times in {timeZone}; analyses compare events of one kind.', { timeZone })}</p>
    </section>
  );
}
