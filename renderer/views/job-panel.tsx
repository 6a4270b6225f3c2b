import type { ReactNode } from 'react';
import type { EvidenceNews, Progress } from '../../shared/jobs.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import type { Problem } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask } from '../bridge-access.ts';
import type { Job } from '../state/job.ts';
import { formatDuration } from '../state/local-time.ts';
import { lacksMapping } from '../state/mapping-draft.ts';
import { fileName } from '../state/names.ts';
import { useFocusReturn } from '../state/use-focus-return.ts';
import { ErrorNotice } from './notice.tsx';

/** The job in work: bar, rate, what is done and what is left, results a file, problems as they come. */

const STEPS: Readonly<Record<Progress['step'], string>> = {
  read: 'Reading evidence',
  label: 'Labelling flows',
  analyse: 'Making the findings',
  verify: 'Verifying',
  seal: 'Sealing',
  print: 'Printing',
};

/** False while nothing is told yet, as when the sample is made. */
function hasBegun(progress: Progress | null): progress is Progress {
  return progress !== null && (progress.step !== 'read' || progress.bytesTotal > 0);
}

const DONE: Readonly<Record<Job['kind'], string>> = {
  import: 'Import finished',
  sample: 'Finished',
  verify: 'Verification finished',
  profile: 'Profile in force, flows labelled and findings made anew',
  analyse: 'Findings made anew',
};

function title(job: Job): string {
  switch (job.state) {
    case 'running':
      if (job.progress?.paused === true) return 'Paused: the rest is read when you go on';
      if (hasBegun(job.progress)) return STEPS[job.progress.step];
      return job.kind === 'sample' ? 'Making the sample evidence' : 'Starting';
    case 'cancelling':
      return job.kind === 'import' ? 'Cancelling: files in work are taken back' : 'Cancelling';
    case 'cancelled':
      return 'Cancelled';
    case 'failed':
      return 'Stopped by an error';
    case 'done':
      return DONE[job.kind];
  }
}

/** Offsets of text evidence are lines, those of captures bytes. */
export function problemPlace(format: string | null, problem: Problem): string {
  return `${formatCount(problem.count)}×, first at ${format?.startsWith('zeek') ? 'line' : 'byte'} ${formatCount(problem.firstOffset)}`;
}

const STATUS: Readonly<Record<EvidenceNews['status'], string>> = {
  reading: 'being read',
  imported: 'imported',
  partial: 'partly read',
  rejected: 'rejected',
  duplicate: 'in the case already',
};

/** What needs a look comes first. */
const ORDER: readonly EvidenceNews['status'][] = ['reading', 'rejected', 'partial', 'imported', 'duplicate'];

function cancelledText({ kind, error }: Job, results: readonly EvidenceNews[]): string {
  if (kind === 'verify') return 'The case is as it was; nothing was entered.';
  if (kind === 'analyse') return 'The findings are as they were.';
  if (kind === 'profile') return `${error?.message ?? ''}.`;
  return results.every(({ status }) => status === 'rejected')
    ? 'No file was finished: the case is as it was.'
    : 'The files finished before are in the case, but the findings do not know them: make them anew, or add any evidence.';
}

function Bar({ progress }: { progress: Progress }): ReactNode {
  const { bytes, bytesTotal, step } = progress;
  const share = step === 'read' && bytesTotal > 0 ? Math.min(1, bytes / bytesTotal) : null;
  return share === null ? (
    <progress aria-label={STEPS[step]} />
  ) : (
    <progress aria-label={STEPS[step]} value={share} max={1} />
  );
}

function Figures({ progress }: { progress: Progress }): ReactNode {
  const { step, file, files, bytes, bytesTotal, bytesPerSecond, packets, packetsPerSecond, flows, secondsLeft } =
    progress;
  if (step !== 'read') return progress.what === '' ? null : <p className="quiet">{visibleText(progress.what)}</p>;
  const facts: [string, string][] = [
    ['File', files > 0 ? `${formatCount(Math.min(file, files))} of ${formatCount(files)}` : '–'],
    ['Read', `${formatBytes(bytes)} of ${formatBytes(bytesTotal)}`],
    ['Rate', `${formatBytes(bytesPerSecond)}/s`],
    ['Packets', `${formatCount(packets)} (${formatCount(packetsPerSecond)}/s)`],
    ['Flows', formatCount(flows)],
    [
      'Remaining',
      secondsLeft === null ? 'not known yet' : `about ${formatDuration(Math.max(1, Math.round(secondsLeft)))}`,
    ],
  ];
  return (
    <>
      <p className="mono clip" title={visibleText(progress.what)}>
        {fileName(progress.what)}
      </p>
      <dl className="inline-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function FileLines(props: {
  lines: readonly EvidenceNews[];
  onMapping: ((path: string) => void) | undefined;
}): ReactNode {
  const { lines, onMapping } = props;
  return (
    <div className="job-files" tabIndex={0} role="group" aria-label="Results by file">
      {lines.map((line) => (
        <div key={line.path} className="job-file">
          <span className="name" title={visibleText(line.path)}>
            {fileName(line.path)}
          </span>
          <span className={`status ${line.status}`}>{STATUS[line.status]}</span>
          <span className="quiet">{line.format ?? (line.status === 'duplicate' ? '' : 'format not known')}</span>
          <span className="number">{formatBytes(line.bytes)}</span>
          <span className="number">{formatCount(line.flows)} flows</span>
          {line.problems.map((problem) => (
            <p key={problem.kind} className="problem">
              {visibleText(problem.message)} <span className="quiet">({problemPlace(line.format, problem)})</span>
            </p>
          ))}
          {onMapping !== undefined && lacksMapping(line) && (
            <button type="button" className="small" onClick={() => onMapping(line.path)}>
              Say what its columns mean…
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

function PauseButton({ paused }: { paused: boolean }): ReactNode {
  return (
    <button
      type="button"
      title={paused ? 'Reads on where it stopped' : 'Stops reading until you go on; nothing that was read is lost'}
      onClick={() => void ask('pause', { paused: !paused })}
    >
      {paused ? 'Go on' : 'Pause'}
    </button>
  );
}

export function JobPanel(props: {
  job: Job;
  onCancel: () => void;
  onDismiss: () => void;
  /** Asks for a mapping of a text export that was rejected. */
  onMapping?: (path: string) => void;
}): ReactNode {
  const { job } = props;
  const panel = useFocusReturn<HTMLElement>();
  const running = job.state === 'running' || job.state === 'cancelling';
  const told: readonly EvidenceNews[] = job.summary?.evidence ?? [...job.news.values()];
  const results = (running ? told : told.filter(({ status }) => status !== 'reading')).toSorted(
    (a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status),
  );
  const total = job.summary?.totals;
  return (
    <section
      ref={panel}
      className={`job ${job.state}${total !== undefined && total.rejected + total.partial > 0 ? ' flawed' : ''}`}
      aria-label="Job in work"
    >
      <header>
        <h2 aria-live="polite">{title(job)}</h2>
        {job.state === 'running' && hasBegun(job.progress) && job.progress.step === 'read' && (
          <PauseButton paused={job.progress.paused} />
        )}
        {running ? (
          <button type="button" disabled={job.state === 'cancelling'} onClick={props.onCancel}>
            Cancel
          </button>
        ) : (
          <button type="button" onClick={props.onDismiss}>
            Close
          </button>
        )}
      </header>
      {running && (hasBegun(job.progress) ? <Bar progress={job.progress} /> : <progress aria-label={title(job)} />)}
      {running && hasBegun(job.progress) && <Figures progress={job.progress} />}
      {job.error !== null && job.state === 'failed' && <ErrorNotice error={job.error} />}
      {total !== undefined && (
        <p>
          {formatCount(total.flows)} flows from {formatCount(total.imported + total.partial)} of{' '}
          {formatCount(total.files)} files ({formatBytes(total.bytes)}) in {formatDuration(total.durationMs / 1000)}
          {total.rejected + total.partial > 0 &&
            `; ${formatCount(total.rejected)} rejected, ${formatCount(total.partial)} partly read`}
          {total.duplicate > 0 && `; ${formatCount(total.duplicate)} in the case already`}.
        </p>
      )}
      {job.state === 'cancelled' && <p>{cancelledText(job, results)}</p>}
      {job.state === 'running' && job.progress?.step === 'read' && job.progress.flows > 0 && (
        <p className="quiet">
          The views fill as flows end. Their labels are provisional until all files are read: names learnt from DNS and
          other logs come last.
        </p>
      )}
      {results.length > 0 && <FileLines lines={results} onMapping={running ? undefined : props.onMapping} />}
    </section>
  );
}
