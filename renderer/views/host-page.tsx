import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { clockTime, dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { CountedField } from '../../shared/jobs.ts';
import { formatAmount, formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { DayStrips, dayGrid } from '../charts/day-strips.tsx';
import type { HourCell } from '../charts/hour-grid.tsx';
import { filterWord } from '../state/filter-completion.ts';
import type { HostRow } from '../state/host-rows.ts';
import type { Selection } from '../state/history.ts';
import { localTime } from '../state/local-time.ts';
import { figureLine } from '../state/provenance.ts';
import { joinFilters, withTime } from '../state/time-filter.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { CopyButton } from './copy-button.tsx';
import { DaySequence } from './day-sequence.tsx';
import { FigureTools } from './figure-tools.tsx';
import { InspectorPanel } from './inspector-panel.tsx';
import { ErrorNotice } from './notice.tsx';
import { NotesPanel } from './notes-panel.tsx';
import { SelectionActions, TopList } from './selection-inspector.tsx';
import { say, type Text } from '../../shared/text/say.ts';

/** One host: when it was active, with what and whom, what it calls itself, and what the findings say of it. */

/** Texts of each field. */
const LISTED = 6;

const FIELDS: readonly { readonly field: CountedField; readonly title: Text; readonly absent: Text }[] = [
  { field: 'hostname', title: 'Names it went to or was called by', absent: 'No flow carries a name.' },
  { field: 'userAgent', title: 'User agents it sent', absent: 'It sent none that the evidence shows.' },
  { field: 'ja4', title: 'JA4 of its TLS and QUIC hellos', absent: 'No hello of it is in the evidence.' },
  { field: 'ja3', title: 'JA3 of its TLS hellos', absent: 'No hello of it is in the evidence.' },
];
const SENT: CountedField[] = ['userAgent', 'ja4', 'ja3'];

function Days({ host, filter }: { host: string; filter: string }): ReactNode {
  const { where, metric, version, profileZone, overview, setWhere } = useWorkbench();
  const asked = { by: ['day', 'hour'], metric, where: joinFilters(where, filter) };
  const { value, error, pending } = useAsk('summary', asked, version);
  const grid = useMemo(() => dayGrid(value ?? []), [value]);
  const [pointed, setPointed] = useState<HourCell | null>(null);
  const [box, { width }] = useSize<HTMLDivElement>();
  useEffect(() => {
    if (pointed !== null) box.current?.querySelector('.pointed')?.scrollIntoView({ block: 'nearest' });
  }, [pointed, box]);
  const day = pointed === null ? undefined : grid.days[pointed.row];
  const amount = pointed === null ? null : (grid.amounts[pointed.row]?.[pointed.hour] ?? 0);
  return (
    <section aria-busy={pending} aria-label={say('Hours of its days')}>
      <h3>
        {say('Hours of its days, {profileZone}', { profileZone })}
        {grid.leftOut > 0 &&
          say(' (the first {days} of {all} days)', {
            days: formatCount(grid.days.length),
            all: formatCount(grid.days.length + grid.leftOut),
          })}
      </h3>
      {error !== null && <ErrorNotice error={error} />}
      <p className="quiet foot" aria-live="polite">
        {day === undefined || pointed === null
          ? say('{metric} an hour, shade by square root; Enter or a click chooses the day', { metric: say(metric) })
          : `${day} ${clockTime(pointed.hour)}–${clockTime(pointed.hour + 1)}: ${formatAmount(metric, amount)}`}
      </p>
      {grid.days.length > 0 && (
        <FigureTools
          title={say('{host}: {metric} by hour of its days', { host: visibleText(host), metric: say(metric) })}
          box={box}
          table={() => ({
            heads: [say('day'), say('hour from'), say(metric)],
            rows: grid.days.flatMap((date, row) =>
              (grid.amounts[row] ?? []).map((held, hour) => [date, clockTime(hour), held]),
            ),
          })}
          facts={{ filter: asked.where, zone: profileZone, case: overview.title }}
        />
      )}
      <div className="day-strips">
        <div ref={box}>
          {width > 0 && grid.days.length > 0 && (
            <DayStrips
              grid={grid}
              metric={metric}
              width={width}
              cell={pointed !== null && pointed.row < grid.days.length ? pointed : null}
              onCell={setPointed}
              onChoose={({ row }) => {
                const from = grid.days[row];
                if (from !== undefined) setWhere(withTime(where, { from, to: dateOfDay(dayNumber(from) + 1) }));
              }}
            />
          )}
        </div>
      </div>
    </section>
  );
}

/** Names and fingerprints; those that a host sends are of the flows that it opened. */
function Texts({ host }: { host: string }): ReactNode {
  const { where, version, setWhere } = useWorkbench();
  const ofHost = joinFilters(where, `host = ${filterWord(host)}`);
  // The same flows as by `initiator`, which has to look at the addresses of every flow of the case.
  const ofOpened = joinFilters(ofHost, 'subjectSide in (initiator, both)');
  const names = useAsk('texts', { where: ofHost, fields: ['hostname'], limit: LISTED }, version);
  const sent = useAsk('texts', { where: ofOpened, fields: SENT, limit: LISTED }, version);
  const error = names.error ?? sent.error;
  return (
    <>
      {error !== null && <ErrorNotice error={error} />}
      {FIELDS.map(({ field, title, absent }) => {
        const asked = field === 'hostname' ? names : sent;
        const counted = asked.value?.find((each) => each.field === field) ?? null;
        return (
          <section key={field} aria-busy={asked.pending}>
            <h3>
              {say(title)}
              {counted !== null &&
                counted.all > LISTED &&
                say(': first {most} of {all}', { most: LISTED, all: formatCount(counted.all) })}
            </h3>
            {counted?.all === 0 && <p className="quiet">{say(absent)}</p>}
            <ul className="counted-texts">
              {(counted?.rows ?? []).map(({ text, flows }) => (
                <li key={text}>
                  <button
                    type="button"
                    title={say('{text}: {flows} flows. Click to add it to the filter.', {
                      text: visibleText(text),
                      flows: formatCount(flows),
                    })}
                    onClick={() => setWhere(joinFilters(where, `${field} = ${filterWord(text)}`))}
                  >
                    <span className="mono clip">{visibleText(text)}</span>
                    <span className="number quiet">{formatCount(flows)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}

/**
 * The inspector of a host. `row` is null when no flow of it matches the filter, or it is not among those listed. It takes the
 * focus when it opens; Escape closes it.
 */
export function HostPage({ selection, row }: { selection: Selection; row: HostRow | null }): ReactNode {
  const { timeZone, where, overview, version, go } = useWorkbench();
  const coverage = useAsk('findings', null, version).value?.[0]?.coverage ?? null;
  const { id: host, filter } = selection;
  const only = joinFilters(where, filter);
  const profile = row?.profile ?? null;
  const time = (us: number | null): string => (us === null ? '…' : `${localTime(us, timeZone, 'second')} ${timeZone}`);
  const isEstimate = row !== null && row.firstSeen === null;
  const about = isEstimate ? '≈ ' : '';
  return (
    <InspectorPanel
      id={host}
      kind="Host"
      title={visibleText(host)}
      contents={say('What lies behind it')}
      tools={
        row !== null &&
        !isEstimate && (
          <CopyButton
            of={say('the figures of host {host}', { host: visibleText(host) })}
            text={() =>
              figureLine(
                {
                  subject: say('Host {host}', { host }),
                  amounts: [
                    say('{flows} flows', { flows: formatCount(row.flows) }),
                    say('{bytes} both ways', { bytes: formatBytes(row.bytes) }),
                    say('first seen {firstSeen}', { firstSeen: time(row.firstSeen) }),
                    say('last seen {lastSeen}', { lastSeen: time(row.lastSeen) }),
                    ...(profile === null
                      ? []
                      : [say('role {role} by finding {id}', { role: profile.role, id: profile.id })]),
                  ],
                  where: only,
                },
                overview,
                coverage,
              )
            }
          />
        )
      }
    >
      <section>
        <SelectionActions selection={selection} />
      </section>
      {row === null ? (
        <p className="quiet">{say('No flow of this host is in the list under this filter.')}</p>
      ) : (
        <section>
          <h3>{say('Under this filter')}</h3>
          <dl className="facts">
            <div>
              <dt>{say('Flows')}</dt>
              <dd>{about + formatCount(row.flows)}</dd>
            </div>
            <div>
              <dt>{say('Bytes')}</dt>
              <dd>{about + say('{bytes} both ways', { bytes: formatBytes(row.bytes) })}</dd>
            </div>
            <div>
              <dt>{say('First seen')}</dt>
              <dd className="mono">{time(row.firstSeen)}</dd>
            </div>
            <div>
              <dt>{say('Last seen')}</dt>
              <dd className="mono">{time(row.lastSeen)}</dd>
            </div>
          </dl>
        </section>
      )}
      <section className="host-kind">
        <h3>{say('What it is, by the whole case')}</h3>
        {profile === null ? (
          <p className="quiet">{say('No finding is about this host: only the busiest hosts have one.')}</p>
        ) : (
          <>
            <p>
              <strong>{profile.role}</strong>
              {profile.activeHours !== null &&
                say(', active {from}:00 to {to}:00', { from: profile.activeHours.from, to: profile.activeHours.to })}
            </p>
            {profile.devices.length === 0 ? (
              <p className="quiet">{say('Nothing it sent names a device.')}</p>
            ) : (
              <ul className="devices">
                {profile.devices.map(({ kind, why }) => (
                  <li key={`${kind} ${why}`}>
                    <strong>{visibleText(kind)}</strong> <span className="quiet">{visibleText(why)}</span>
                  </li>
                ))}
              </ul>
            )}
            <button
              type="button"
              className="small"
              onClick={() =>
                go('findings', { id: profile.id, kind: 'Finding', title: profile.title, filter: profile.where })
              }
            >
              {say('Look at the finding')}
            </button>
          </>
        )}
      </section>
      <Days key={`days/${host}`} host={host} filter={filter} />
      <DaySequence key={`day/${host}`} filter={filter} />
      <TopList
        key={`service/${host}`}
        dimension="service"
        title={say('Services')}
        absent={say('no service named')}
        where={only}
      />
      <TopList
        key={`country/${host}`}
        dimension="country"
        title={say('Countries of its peers')}
        absent={say('not known')}
        where={only}
      />
      <Texts key={`texts/${host}`} host={host} />
      <NotesPanel key={`notes/${host}`} target={`host:${host}`} />
    </InspectorPanel>
  );
}
