import { type ReactNode, useState } from 'react';
import type { ProfileCorrection } from '../../shared/jobs.ts';
import { formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** The profile of the case in short, and what its last correction changed. */

/** What the last correction of the profile changed. */
export function Correction({
  correction,
  onDismiss,
}: {
  correction: ProfileCorrection;
  onDismiss: () => void;
}): ReactNode {
  const { changed, before, after, relabelling } = correction;
  const rows: [string, string, string][] = [
    [say('Hosts in the ranges'), formatCount(before.hosts), formatCount(after.hosts)],
    [say('Flows opened from inside'), formatCount(before.outbound), formatCount(after.outbound)],
    [say('Host-hours'), formatCount(before.hostHours), formatCount(after.hostHours)],
    [say('Days with flows'), formatCount(before.days), formatCount(after.days)],
  ];
  return (
    <section className="notice good" aria-labelledby="correction-title">
      <div className="correction">
        <strong id="correction-title">
          {changed.length === 0
            ? say('The profile is as it was')
            : say('Profile corrected: {changed}', { changed: changed.join(', ') })}
        </strong>
        {relabelling !== null && (
          <p>
            {say(
              '{flows} flows labelled anew, {renamed} of them named otherwise than before; findings made anew. The hashes of both profiles are in the audit chain.',
              { flows: formatCount(relabelling.flows), renamed: formatCount(relabelling.changes.flows) },
            )}
          </p>
        )}
        <table>
          <thead>
            <tr>
              <th scope="col">{say('Whole case')}</th>
              <th scope="col" className="number">
                {say('before')}
              </th>
              <th scope="col" className="number">
                {say('after')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, was, is]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="number">{was}</td>
                <td className="number">{is}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button type="button" className="quiet small" onClick={onDismiss}>
        {say('Dismiss')}
      </button>
    </section>
  );
}

/** Ranges of the profile that are printed before the rest is folded up. */
const SHOWN_RANGES = 6;

export function ProfilePanel(): ReactNode {
  const { overview, busy, run } = useWorkbench();
  const { profile, sealed } = overview;
  const [isLong, setLong] = useState(false);
  const ranges = isLong ? profile.ranges : profile.ranges.slice(0, SHOWN_RANGES);
  const counts: [string, number][] = [
    [say('excluded blocks'), profile.excluded.length],
    [say('servers'), profile.servers.length],
    [say('events'), profile.events.length],
    [say('watch lists'), Object.keys(profile.watchLists).length],
    [say('global services'), profile.globalServices.length],
    [say('groups'), Object.keys(profile.groups).length],
    [say('claims'), profile.claims.length],
  ];
  return (
    <section className="panel" aria-labelledby="profile-title">
      <header>
        <h2 id="profile-title">
          {say('Profile')}{' '}
          <span className="quiet">
            {say('{name}, whose traffic this case is about; {timeZone}', {
              name: visibleText(profile.name),
              timeZone: visibleText(profile.timeZone),
            })}
          </span>
        </h2>
        <button type="button" className="small" disabled={busy || sealed} onClick={() => run('edit-profile')}>
          {say('Correct the profile…')}
        </button>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Ranges of the profile')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say('Range')}</th>
              <th scope="col">{say('Addresses')}</th>
              <th scope="col">{say('From, to')}</th>
              <th scope="col">{say('Note')}</th>
            </tr>
          </thead>
          <tbody>
            {ranges.map((range) => (
              <tr key={`${range.label}/${range.cidr}/${range.from ?? ''}`}>
                <td className="nowrap">{visibleText(range.label)}</td>
                <td className="mono nowrap">{range.cidr}</td>
                <td className="nowrap">
                  {range.from === undefined && range.to === undefined
                    ? say('always')
                    : `${range.from ?? '…'} – ${range.to ?? '…'}`}
                </td>
                <td>{visibleText(range.note ?? '')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {profile.ranges.length > SHOWN_RANGES && (
        <button type="button" className="quiet small more" onClick={() => setLong(!isLong)}>
          {isLong ? say('Show fewer') : say('Show all {ranges} ranges', { ranges: profile.ranges.length })}
        </button>
      )}
      <p className="quiet foot">
        {say('Also: {counts}.', { counts: counts.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ') })}
      </p>
    </section>
  );
}
