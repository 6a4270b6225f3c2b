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
import { said, say } from '../../shared/text/say.ts';

/** The job in work: bar, rate, what is done and what is left, results a file, problems as they come. */

const STEPS = said({
  read: 'Reading evidence',
  label: 'Labelling flows',
  analyse: 'Making the findings',
  verify: 'Verifying',
  seal: 'Sealing',
  print: 'Printing',
});

/** False while nothing is told yet, as when the sample is made. */
function hasBegun(progress: Progress | null): progress is Progress {
  return progress !== null && (progress.step !== 'read' || progress.bytesTotal > 0);
}

const DONE = said({
  import: 'Import finished',
  sample: 'Finished',
  verify: 'Verification finished',
  profile: 'Profile in force, flows labelled and findings made anew',
  analyse: 'Findings made anew',
});

function title(job: Job): string {
  switch (job.state) {
    case 'running':
      if (job.progress?.paused === true) return say('Paused: the rest is read when you go on');
      if (hasBegun(job.progress)) return STEPS[job.progress.step];
      return job.kind === 'sample' ? say('Making the sample evidence') : say('Starting');
    case 'cancelling':
      return job.kind === 'import' ? say('Cancelling: files in work are taken back') : say('Cancelling');
    case 'cancelled':
      return say('Cancelled');
    case 'failed':
      return say('Stopped by an error');
    case 'done':
      return DONE[job.kind];
  }
}

/** Offsets of text evidence are lines, those of captures bytes. */
export function problemPlace(format: string | null, problem: Problem): string {
  return say('{count}×, first at {unit} {place}', {
    count: formatCount(problem.count),
    unit: format?.startsWith('zeek') ? say('line') : say('byte'),
    place: formatCount(problem.firstOffset),
  });
}

const STATUS = said({
  reading: 'being read',
  imported: 'imported',
  partial: 'partly read',
  rejected: 'rejected',
  duplicate: 'in the case already',
});

/** What needs a look comes first. */
const ORDER: readonly EvidenceNews['status'][] = ['reading', 'rejected', 'partial', 'imported', 'duplicate'];

function cancelledText({ kind, error }: Job, results: readonly EvidenceNews[]): string {
  if (kind === 'verify') return say('The case is as it was; nothing was entered.');
  if (kind === 'analyse') return say('The findings are as they were.');
  if (kind === 'profile') return `${error?.message ?? ''}.`;
  return results.every(({ status }) => status === 'rejected')
    ? say('No file was finished: the case is as it was.')
    : say(
        'The files finished before are in the case, but the findings do not know them: make them anew, or add any evidence.',
      );
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
    [
      say('File'),
      files > 0 ? say('{shown} of {all}', { shown: formatCount(Math.min(file, files)), all: formatCount(files) }) : '–',
    ],
    [say('Read'), say('{shown} of {all}', { shown: formatBytes(bytes), all: formatBytes(bytesTotal) })],
    [say('Rate'), `${formatBytes(bytesPerSecond)}/s`],
    [say('Packets'), `${formatCount(packets)} (${formatCount(packetsPerSecond)}/s)`],
    [say('Flows'), formatCount(flows)],
    [
      say('Remaining'),
      secondsLeft === null
        ? say('not known yet')
        : say('about {secondsLeft}', { secondsLeft: formatDuration(Math.max(1, Math.round(secondsLeft))) }),
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
    <div className="job-files" tabIndex={0} role="group" aria-label={say('Results by file')}>
      {lines.map((line) => (
        <div key={line.path} className="job-file">
          <span className="name" title={visibleText(line.path)}>
            {fileName(line.path)}
          </span>
          <span className={`status ${line.status}`}>{STATUS[line.status]}</span>
          <span className="quiet">{line.format ?? (line.status === 'duplicate' ? '' : say('format not known'))}</span>
          <span className="number">{formatBytes(line.bytes)}</span>
          <span className="number">{say('{flows} flows', { flows: formatCount(line.flows) })}</span>
          {line.problems.map((problem) => (
            <p key={problem.kind} className="problem">
              {visibleText(problem.message)} <span className="quiet">({problemPlace(line.format, problem)})</span>
            </p>
          ))}
          {onMapping !== undefined && lacksMapping(line) && (
            <button type="button" className="small" onClick={() => onMapping(line.path)}>
              {say('Say what its columns mean…')}
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
      title={
        paused ? say('Reads on where it stopped') : say('Stops reading until you go on; nothing that was read is lost')
      }
      onClick={() => void ask('pause', { paused: !paused })}
    >
      {paused ? say('Go on') : say('Pause')}
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
      aria-label={say('Job in work')}
    >
      <header>
        <h2 aria-live="polite">{title(job)}</h2>
        {job.state === 'running' && hasBegun(job.progress) && job.progress.step === 'read' && (
          <PauseButton paused={job.progress.paused} />
        )}
        {running ? (
          <button type="button" disabled={job.state === 'cancelling'} onClick={props.onCancel}>
            {say('Cancel')}
          </button>
        ) : (
          <button type="button" onClick={props.onDismiss}>
            {say('Close')}
          </button>
        )}
      </header>
      {running && (hasBegun(job.progress) ? <Bar progress={job.progress} /> : <progress aria-label={title(job)} />)}
      {running && hasBegun(job.progress) && <Figures progress={job.progress} />}
      {job.error !== null && job.state === 'failed' && <ErrorNotice error={job.error} />}
      {total !== undefined && (
        <p>
          {say('{flows} flows from {imported} of {files} files ({bytes}) in {duration}', {
            flows: formatCount(total.flows),
            imported: formatCount(total.imported + total.partial),
            files: formatCount(total.files),
            bytes: formatBytes(total.bytes),
            duration: formatDuration(total.durationMs / 1000),
          })}
          {total.rejected + total.partial > 0 &&
            say('; {rejected} rejected, {partial} partly read', {
              rejected: formatCount(total.rejected),
              partial: formatCount(total.partial),
            })}
          {total.duplicate > 0 && say('; {duplicate} in the case already', { duplicate: formatCount(total.duplicate) })}
          .
        </p>
      )}
      {job.state === 'cancelled' && <p>{cancelledText(job, results)}</p>}
      {job.state === 'running' && job.progress?.step === 'read' && job.progress.flows > 0 && (
        <p className="quiet">
          {say(
            'The views fill as flows end. Their labels are provisional until all files are read: names learnt from DNS and other logs come last.',
          )}
        </p>
      )}
      {results.length > 0 && <FileLines lines={results} onMapping={running ? undefined : props.onMapping} />}
    </section>
  );
}
