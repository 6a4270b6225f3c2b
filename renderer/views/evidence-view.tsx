import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { CaseOverview } from '../../shared/bridge.ts';
import type { RejectedEvidence } from '../../shared/case-overview.ts';
import type { EvidenceNews, ProfileCorrection, VerifyResult } from '../../shared/jobs.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useWorkOnCase } from '../state/case-work.ts';
import { lacksMapping } from '../state/mapping-draft.ts';
import { localTime } from '../state/local-time.ts';
import { fileName } from '../state/names.ts';
import { useWorkbench } from '../state/workbench.ts';
import { EvidenceInspector, evidenceSelection } from './evidence-inspector.tsx';
import { JobPanel, problemPlace } from './job-panel.tsx';
import { said, say } from '../../shared/text/say.ts';

/** The files of the case and what is wrong with them, the import in work, the case's profile, and whether all is as it was. */

type Evidence = CaseOverview['evidence'][number];

export const STATUS_WORDS = said({
  imported: 'imported',
  partial: 'partly read',
});

function clockText({ custody }: Evidence): string {
  const { clockOffset } = custody;
  return clockOffset === 0 ? '–' : `${clockOffset > 0 ? '+' : '−'}${Math.abs(clockOffset)} s`;
}

function Problems({ file, columns }: { file: Evidence; columns: number }): ReactNode {
  return file.problems.map((problem) => (
    <tr key={problem.kind} className="problem-row">
      <td colSpan={columns}>
        <span className="problem">
          {visibleText(problem.message)} <span className="quiet">({problemPlace(file.format, problem)})</span>
        </span>
      </td>
    </tr>
  ));
}

const COLUMNS = 9;

function Files({ evidence }: { evidence: readonly Evidence[] }): ReactNode {
  const { timeZone, selection, select } = useWorkbench();
  return (
    <section className="panel" aria-labelledby="files-title">
      <header>
        <h2 id="files-title">{say('Files')}</h2>
        <span className="quiet">{say('the whole case, whatever the filter; times in {timeZone}', { timeZone })}</span>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Evidence files')}>
        <table className="evidence-files">
          <thead>
            <tr>
              <th scope="col">{say('File')}</th>
              <th scope="col">{say('Format, link types')}</th>
              <th scope="col">{say('Status')}</th>
              <th scope="col" className="number">
                {say('Size')}
              </th>
              <th scope="col" className="number">
                {say('Packets')}
              </th>
              <th scope="col" className="number">
                {say('Records')}
              </th>
              <th scope="col" className="number">
                {say('Flows')}
              </th>
              <th scope="col">{say('First to last')}</th>
              <th scope="col" className="number">
                {say('Clock')}
              </th>
            </tr>
          </thead>
          {evidence.map((file) => {
            const chosen = evidenceSelection(file);
            const isChosen = selection?.id === chosen.id;
            return (
              <tbody key={file.id} className={isChosen ? 'chosen' : undefined}>
                <tr>
                  <td title={visibleText(file.path)}>
                    <button
                      type="button"
                      className="link"
                      aria-current={isChosen}
                      onClick={() => select(isChosen ? null : chosen)}
                    >
                      {fileName(file.path)}
                    </button>
                  </td>
                  <td>{visibleText([file.format, ...file.linkTypes].join(', '))}</td>
                  <td>
                    <span className={`status ${file.status}`}>{STATUS_WORDS[file.status]}</span>
                  </td>
                  <td className="number">{formatBytes(file.bytes)}</td>
                  <td className="number">{formatCount(file.packets)}</td>
                  <td className="number">{formatCount(file.records)}</td>
                  <td className="number">{formatCount(file.flows)}</td>
                  <td className="nowrap">
                    {file.firstSeen === null || file.lastSeen === null
                      ? '–'
                      : `${localTime(file.firstSeen, timeZone, 'minute')} – ${localTime(file.lastSeen, timeZone, 'minute')}`}
                  </td>
                  <td className="number">{clockText(file)}</td>
                </tr>
                <Problems file={file} columns={COLUMNS} />
              </tbody>
            );
          })}
        </table>
      </div>
    </section>
  );
}

const REFUSED_WORDS: Readonly<Partial<Record<EvidenceNews['status'], string>>> = said({
  rejected: 'rejected',
  duplicate: 'in the case already',
});

/** Files that were offered and not taken in, each with the reason and what can be done. */
function Refused({
  files,
  earlier,
  onMapping,
}: {
  files: readonly EvidenceNews[];
  earlier: readonly RejectedEvidence[];
  onMapping: (path: string) => void;
}): ReactNode {
  const { busy } = useWorkbench();
  return (
    <section className="panel" aria-labelledby="refused-title">
      <header>
        <h2 id="refused-title">{say('Not taken in')}</h2>
        <span className="quiet">
          {say('{files|file|files}; nothing of them is in the case', { files: files.length + earlier.length })}
        </span>
      </header>
      <ul className="refused-files">
        {files.map((file) => (
          <li key={file.path}>
            <p>
              <strong title={visibleText(file.path)}>{fileName(file.path)}</strong>{' '}
              <span className={`status ${file.status}`}>{REFUSED_WORDS[file.status]}</span>{' '}
              <span className="quiet">{formatBytes(file.bytes)}</span>
            </p>
            {file.problems.map((problem) => (
              <p key={problem.kind} className="problem">
                {visibleText(problem.message)} <span className="quiet">({problemPlace(file.format, problem)})</span>
              </p>
            ))}
            {file.status === 'rejected' && (
              <p className="quiet">
                {say('Mend or replace the file and add it again; the other files are not touched.')}
              </p>
            )}
            {lacksMapping(file) && (
              <button type="button" className="small" disabled={busy} onClick={() => onMapping(file.path)}>
                {say('Say what its columns mean…')}
              </button>
            )}
          </li>
        ))}
        {earlier.map(({ path, bytes, why, at }) => (
          <li key={path}>
            <p>
              <strong title={visibleText(path)}>{fileName(path)}</strong>{' '}
              <span className="status rejected">{say('rejected')}</span>{' '}
              <span className="quiet">
                {say('{bytes}, {at} UTC', { bytes: formatBytes(bytes), at: at.slice(0, 16).replace('T', ' ') })}
              </span>
            </p>
            <p className="problem">{visibleText(why)}</p>
            <p className="quiet">{say('As the audit chain has it. Add the file again to see where the fault lies.')}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const RESULT_WORDS = said({ holds: 'holds', fails: 'fails', 'not-checked': 'not checked' });

function Verification({ result }: { result: VerifyResult }): ReactNode {
  const failing = result.checks.filter((check) => check.result === 'fails').length;
  return (
    <section className="panel" aria-labelledby="verification-title">
      <header>
        <h2 id="verification-title">{say('Verification')}</h2>
        <span className={result.holds ? 'status imported' : 'status rejected'} role="status">
          {result.holds ? say('No mismatch was found') : say('{failing|check|checks} found a mismatch', { failing })}
        </span>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Checks of the verification')}>
        <table className="checks">
          <thead>
            <tr>
              <th scope="col">{say('Check')}</th>
              <th scope="col">{say('Result')}</th>
              <th scope="col">{say('Detail')}</th>
            </tr>
          </thead>
          <tbody>
            {result.checks.map((check) => (
              <tr key={check.check}>
                <td className="nowrap">{visibleText(check.check)}</td>
                <td className="nowrap">
                  <span className={`check-result ${check.result}`}>{RESULT_WORDS[check.result]}</span>
                </td>
                <td className="detail">{visibleText(check.detail)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What the last correction of the profile changed. */
function Correction({ correction, onDismiss }: { correction: ProfileCorrection; onDismiss: () => void }): ReactNode {
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

function ProfilePanel(): ReactNode {
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

export function EvidenceView({ onMapping }: { onMapping: (path: string) => void }): ReactNode {
  const { overview, busy, run, selection } = useWorkbench();
  const caseWork = useWorkOnCase();
  const { evidence, sealed } = overview;
  const { job, refused, verification, correction } = caseWork;
  const chosen = evidence.find((file) => evidenceSelection(file).id === selection?.id) ?? null;
  const sum = (of: (file: Evidence) => number): number => evidence.reduce((total, file) => total + of(file), 0);
  const isIdle = !busy && !sealed;
  // What came of these stands in panels of its own.
  const shownJob = job?.state === 'done' && (job.kind === 'verify' || job.kind === 'profile') ? null : job;
  useEffect(() => {
    if (job !== null && shownJob === null) caseWork.dismissJob();
  }, [job, shownJob, caseWork]);
  const told = new Set((shownJob?.summary?.evidence ?? [...(shownJob?.news.values() ?? [])]).map(({ path }) => path));
  const notTaken = [...refused.values()].filter(({ path }) => !told.has(path));
  const earlier = overview.rejected.filter(({ path }) => !told.has(path) && !refused.has(path));
  const view = useRef<HTMLDivElement>(null);
  // What came of the work stands at the top.
  useEffect(() => {
    if (view.current !== null) view.current.scrollTop = 0;
  }, [job?.state, correction, verification]);
  return (
    <div className={chosen === null ? 'inspected' : 'inspected open'}>
      <div ref={view} className="view evidence">
        <header className="evidence-head">
          <p>
            {evidence.length === 0 ? (
              say('No evidence yet: drop captures, flow exports or whole folders anywhere on this window.')
            ) : (
              <>
                <strong>{say('{count|file|files}', { count: evidence.length })}</strong>
                {say(', {size}, {packets} packets, {records} records, {flows} flows.', {
                  size: formatBytes(sum((file) => file.bytes)),
                  packets: formatCount(sum((file) => file.packets)),
                  records: formatCount(sum((file) => file.records)),
                  flows: formatCount(overview.flows),
                })}{' '}
                <span className="quiet">{say('Drop more anywhere on this window.')}</span>
              </>
            )}
          </p>
          <div className="detail-actions">
            <button type="button" className="primary small" disabled={!isIdle} onClick={() => run('add-evidence')}>
              {say('Add evidence…')}
            </button>
            <button type="button" className="small" disabled={!isIdle} onClick={() => run('add-folders')}>
              {say('Add folders…')}
            </button>
            <button
              type="button"
              className="small"
              disabled={!isIdle}
              title={say('States the clock of the files, further hashes, and what the columns of a text export mean')}
              onClick={() => run('import-with-statements')}
            >
              {say('Import with statements…')}
            </button>
            <button type="button" className="small" disabled={busy} onClick={() => run('verify-case')}>
              {say('Verify the case')}
            </button>
          </div>
        </header>
        {shownJob !== null && (
          <JobPanel
            job={shownJob}
            onCancel={() => run('cancel-job')}
            onDismiss={caseWork.dismissJob}
            onMapping={onMapping}
          />
        )}
        {correction !== null && <Correction correction={correction} onDismiss={caseWork.dismissCorrection} />}
        {verification !== null && <Verification result={verification} />}
        {notTaken.length + earlier.length > 0 && <Refused files={notTaken} earlier={earlier} onMapping={onMapping} />}
        {evidence.length > 0 && <Files evidence={evidence} />}
        <ProfilePanel />
      </div>
      {chosen !== null && <EvidenceInspector key={chosen.id} file={chosen} />}
    </div>
  );
}
