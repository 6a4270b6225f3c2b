import { type ReactNode, useEffect, useRef } from 'react';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { useWorkOnCase } from '../state/case-work.ts';
import { useWorkbench } from '../state/workbench.ts';
import { EvidenceInspector, evidenceSelection } from './evidence-inspector.tsx';
import { JobPanel } from './job-panel.tsx';
import { say } from '../../shared/text/say.ts';
import { type Evidence, Files } from './evidence-files.tsx';
import { Correction, ProfilePanel } from './profile-panel.tsx';
import { Refused } from './refused-files.tsx';
import { Verification } from './verification-panel.tsx';

/** The files of the case and what is wrong with them, the import in work, the case's profile, and whether all is as it was. */

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
