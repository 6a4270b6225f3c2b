import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { CaseOverview } from '../../shared/bridge.ts';
import type { RejectedEvidence } from '../../shared/case-overview.ts';
import type { EvidenceNews, ProfileCorrection, VerifyResult } from '../../shared/jobs.ts';
import { formatBytes, formatCount, formatCounted } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useWorkOnCase } from '../state/case-work.ts';
import { lacksMapping } from '../state/mapping-draft.ts';
import { localTime } from '../state/local-time.ts';
import { fileName } from '../state/names.ts';
import { useWorkbench } from '../state/workbench.ts';
import { EvidenceInspector, evidenceSelection } from './evidence-inspector.tsx';
import { JobPanel, problemPlace } from './job-panel.tsx';

/** The files of the case and what is wrong with them, the import in work, the case's profile, and whether all is as it was. */

type Evidence = CaseOverview['evidence'][number];

export const STATUS_WORDS: Readonly<Record<Evidence['status'], string>> = {
  imported: 'imported',
  partial: 'partly read',
};

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
        <h2 id="files-title">Files</h2>
        <span className="quiet">the whole case, whatever the filter; times in {timeZone}</span>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Evidence files">
        <table className="evidence-files">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Format, link types</th>
              <th scope="col">Status</th>
              <th scope="col" className="number">
                Size
              </th>
              <th scope="col" className="number">
                Packets
              </th>
              <th scope="col" className="number">
                Records
              </th>
              <th scope="col" className="number">
                Flows
              </th>
              <th scope="col">First to last</th>
              <th scope="col" className="number">
                Clock
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

const REFUSED_WORDS: Partial<Record<EvidenceNews['status'], string>> = {
  rejected: 'rejected',
  duplicate: 'in the case already',
};

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
        <h2 id="refused-title">Not taken in</h2>
        <span className="quiet">
          {formatCounted(files.length + earlier.length, 'file')}; nothing of them is in the case
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
              <p className="quiet">Mend or replace the file and add it again; the other files are not touched.</p>
            )}
            {lacksMapping(file) && (
              <button type="button" className="small" disabled={busy} onClick={() => onMapping(file.path)}>
                Say what its columns mean…
              </button>
            )}
          </li>
        ))}
        {earlier.map(({ path, bytes, why, at }) => (
          <li key={path}>
            <p>
              <strong title={visibleText(path)}>{fileName(path)}</strong>{' '}
              <span className="status rejected">rejected</span>{' '}
              <span className="quiet">
                {formatBytes(bytes)}, {at.slice(0, 16).replace('T', ' ')} UTC
              </span>
            </p>
            <p className="problem">{visibleText(why)}</p>
            <p className="quiet">As the audit chain has it. Add the file again to see where the fault lies.</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const RESULT_WORDS = { holds: 'holds', fails: 'fails', 'not-checked': 'not checked' } as const;

function Verification({ result }: { result: VerifyResult }): ReactNode {
  const failing = result.checks.filter((check) => check.result === 'fails').length;
  return (
    <section className="panel" aria-labelledby="verification-title">
      <header>
        <h2 id="verification-title">Verification</h2>
        <span className={result.holds ? 'status imported' : 'status rejected'} role="status">
          {result.holds ? 'No mismatch was found' : `${formatCounted(failing, 'check')} found a mismatch`}
        </span>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Checks of the verification">
        <table className="checks">
          <thead>
            <tr>
              <th scope="col">Check</th>
              <th scope="col">Result</th>
              <th scope="col">Detail</th>
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
    ['Hosts in the ranges', formatCount(before.hosts), formatCount(after.hosts)],
    ['Flows opened from inside', formatCount(before.outbound), formatCount(after.outbound)],
    ['Host-hours', formatCount(before.hostHours), formatCount(after.hostHours)],
    ['Days with flows', formatCount(before.days), formatCount(after.days)],
  ];
  return (
    <section className="notice good" aria-labelledby="correction-title">
      <div className="correction">
        <strong id="correction-title">
          {changed.length === 0 ? 'The profile is as it was' : `Profile corrected: ${changed.join(', ')}`}
        </strong>
        {relabelling !== null && (
          <p>
            {formatCount(relabelling.flows)} flows labelled anew, {formatCount(relabelling.changes.flows)} of them named
            otherwise than before; findings made anew. The hashes of both profiles are in the audit chain.
          </p>
        )}
        <table>
          <thead>
            <tr>
              <th scope="col">Whole case</th>
              <th scope="col" className="number">
                before
              </th>
              <th scope="col" className="number">
                after
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
        Dismiss
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
    ['excluded blocks', profile.excluded.length],
    ['servers', profile.servers.length],
    ['events', profile.events.length],
    ['watch lists', Object.keys(profile.watchLists).length],
    ['global services', profile.globalServices.length],
    ['groups', Object.keys(profile.groups).length],
    ['claims', profile.claims.length],
  ];
  return (
    <section className="panel" aria-labelledby="profile-title">
      <header>
        <h2 id="profile-title">
          Profile{' '}
          <span className="quiet">
            {visibleText(profile.name)}, whose traffic this case is about; {visibleText(profile.timeZone)}
          </span>
        </h2>
        <button type="button" className="small" disabled={busy || sealed} onClick={() => run('edit-profile')}>
          Correct the profile…
        </button>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Ranges of the profile">
        <table>
          <thead>
            <tr>
              <th scope="col">Range</th>
              <th scope="col">Addresses</th>
              <th scope="col">From, to</th>
              <th scope="col">Note</th>
            </tr>
          </thead>
          <tbody>
            {ranges.map((range) => (
              <tr key={`${range.label}/${range.cidr}/${range.from ?? ''}`}>
                <td className="nowrap">{visibleText(range.label)}</td>
                <td className="mono nowrap">{range.cidr}</td>
                <td className="nowrap">
                  {range.from === undefined && range.to === undefined
                    ? 'always'
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
          {isLong ? 'Show fewer' : `Show all ${profile.ranges.length} ranges`}
        </button>
      )}
      <p className="quiet foot">Also: {counts.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ')}.</p>
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
              'No evidence yet: drop captures, flow exports or whole folders anywhere on this window.'
            ) : (
              <>
                <strong>{formatCounted(evidence.length, 'file')}</strong>, {formatBytes(sum((file) => file.bytes))},{' '}
                {formatCount(sum((file) => file.packets))} packets, {formatCount(sum((file) => file.records))} records,{' '}
                {formatCount(overview.flows)} flows. <span className="quiet">Drop more anywhere on this window.</span>
              </>
            )}
          </p>
          <div className="detail-actions">
            <button type="button" className="primary small" disabled={!isIdle} onClick={() => run('add-evidence')}>
              Add evidence…
            </button>
            <button type="button" className="small" disabled={!isIdle} onClick={() => run('add-folders')}>
              Add folders…
            </button>
            <button
              type="button"
              className="small"
              disabled={!isIdle}
              title="States the clock of the files, further hashes, and what the columns of a text export mean"
              onClick={() => run('import-with-statements')}
            >
              Import with statements…
            </button>
            <button type="button" className="small" disabled={busy} onClick={() => run('verify-case')}>
              Verify the case
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
