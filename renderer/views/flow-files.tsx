import { type ReactNode, useEffect, useState } from 'react';
import { carveNotes } from '../../shared/carve-notes.ts';
import { type CarveResult, type Progress, TABLE_FORMATS, type TableFormat } from '../../shared/jobs.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { formatDuration } from '../state/local-time.ts';
import { recordChanged } from '../state/record-version.ts';
import { useWorkbench } from '../state/workbench.ts';
import { CopyButton } from './copy-button.tsx';
import { Modal } from './modal.tsx';
import { ErrorNotice } from './notice.tsx';
import { said, say } from '../../shared/text/say.ts';

/** Flows and their packets as files: what will be written, the work, and the file with its hash. */

const FORMATS = said({
  csv: 'CSV, for spreadsheets',
  ndjson: 'NDJSON, one JSON object a line',
  parquet: 'Parquet, typed columns',
});

const CANCELLED = 'cancelled';

type Work<Result> =
  | { readonly state: 'asking' }
  | { readonly state: 'working'; readonly progress: Progress | null }
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly error: ErrorValue }
  | { readonly state: 'done'; readonly result: Result };

/** A job of this window, from the question where to save to its end. */
function useFileWork<Result>(): [
  Work<Result>,
  (job: () => Promise<{ ok: true; value: Result | null } | { ok: false; error: ErrorValue }>) => Promise<void>,
] {
  const [work, setWork] = useState<Work<Result>>({ state: 'asking' });
  const isWorking = work.state === 'working';
  useEffect(() => {
    if (!isWorking) return undefined;
    return window.enclave.on('progress', (progress) =>
      setWork((before) => (before.state === 'working' ? { state: 'working', progress } : before)),
    );
  }, [isWorking]);
  return [
    work,
    async (job) => {
      setWork({ state: 'working', progress: null });
      const answer = await job();
      if (answer.ok) {
        setWork(answer.value === null ? { state: 'asking' } : { state: 'done', result: answer.value });
        if (answer.value !== null) recordChanged();
      } else if (answer.error.code === CANCELLED) setWork({ state: 'cancelled' });
      else setWork({ state: 'failed', error: answer.error });
    },
  ];
}

function Frame(props: {
  title: string;
  work: Work<unknown>;
  begin: string;
  canBegin: boolean;
  onBegin: () => void;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const { title, work, begin, canBegin, onBegin, onClose, children } = props;
  const isWorking = work.state === 'working';
  // Closing while it works would hide a job that goes on.
  const close = (): void => {
    if (!isWorking) onClose();
  };
  return (
    // A key pressed here is not for the view behind.
    <div onKeyDown={(event) => event.stopPropagation()}>
      <Modal label={title} className="flow-files" isFirm onClose={close}>
        <header>
          <h2>{title}</h2>
        </header>
        {children}
        {work.state === 'failed' && <ErrorNotice error={work.error} />}
        {work.state === 'cancelled' && <p role="status">{say('Cancelled: no file was written.')}</p>}
        {isWorking && <Bar progress={work.progress} />}
        <footer>
          {isWorking ? (
            <button type="button" onClick={() => void ask('cancel', null)}>
              {say('Cancel')}
            </button>
          ) : (
            <button type="button" onClick={onClose}>
              {say('Close')}
            </button>
          )}
          {work.state !== 'done' && (
            <button type="button" className="primary" disabled={isWorking || !canBegin} onClick={onBegin}>
              {begin}
            </button>
          )}
        </footer>
      </Modal>
    </div>
  );
}

function Bar({ progress }: { progress: Progress | null }): ReactNode {
  if (progress === null || progress.bytesTotal === 0) return <progress aria-label={say('At work')} />;
  const { bytes, bytesTotal, secondsLeft, what } = progress;
  return (
    <>
      <progress aria-label={say('At work')} value={Math.min(1, bytes / bytesTotal)} max={1} />
      <p className="quiet" role="status">
        {say('{what}: {bytes} of {bytesTotal} read', {
          what: visibleText(what),
          bytes: formatBytes(bytes),
          bytesTotal: formatBytes(bytesTotal),
        })}
        {secondsLeft !== null &&
          say(', about {secondsLeft} left', { secondsLeft: formatDuration(Math.max(1, Math.round(secondsLeft))) })}
      </p>
    </>
  );
}

function FilterLine({ where }: { where: string }): ReactNode {
  return <p className="selection-filter mono">{where === '' ? say('every flow') : visibleText(where)}</p>;
}

/** The file that was written. */
function Written({ path, sha256, children }: { path: string; sha256: string; children: ReactNode }): ReactNode {
  return (
    <div className="notice good" role="status">
      <div>
        <strong>{children}</strong>
        <p className="mono">{visibleText(path)}</p>
        <p className="mono">{say('SHA-256 {sha256}', { sha256 })}</p>
        <p>{say('Entered into the audit chain.')}</p>
      </div>
      <CopyButton of={say('the path and hash of the file')} text={() => `${path} SHA-256 ${sha256}`} />
    </div>
  );
}

export function ExportFlowsDialog({ where, onClose }: { where: string; onClose: () => void }): ReactNode {
  const { version } = useWorkbench();
  const total = useAsk('flowsPage', { where, offset: 0, limit: 0 }, version).value?.total ?? null;
  const [format, setFormat] = useState<TableFormat>('csv');
  const [work, begin] = useFileWork<{ path: string; flows: number; sha256: string }>();
  return (
    <Frame
      title={say('Export flows')}
      work={work}
      begin={say('Export…')}
      canBegin={total !== null && total > 0}
      onBegin={() => void begin(() => ask('saveFlows', { where, format }))}
      onClose={onClose}
    >
      <p>
        {total === null ? say('Counting…') : say('{count|flow|flows}', { count: total })}{' '}
        {say('of this filter, with every field, times in UTC, counts as recorded:')}
      </p>
      <FilterLine where={where} />
      <fieldset disabled={work.state === 'working' || work.state === 'done'}>
        <legend className="hidden">{say('Format')}</legend>
        {TABLE_FORMATS.toSorted().map((each) => (
          <label key={each}>
            <input type="radio" name="flow-format" checked={each === format} onChange={() => setFormat(each)} />{' '}
            {FORMATS[each]}
          </label>
        ))}
      </fieldset>
      {work.state === 'done' && (
        <Written {...work.result}>{say('{flows|flow|flows} exported', { flows: work.result.flows })}</Written>
      )}
    </Frame>
  );
}

/** Bytes that are decoded in a second on a common machine, for a first guess; the work itself tells its own rate. */
const DECODED_PER_SECOND = 100e6;

/** Whether evidence of this format (`pcap.gz`, `zip(pcap,zeek-tsv)`) holds packets. */
export function holdsPackets(format: string): boolean {
  return /(?<![\w-])(pcap|pcapng|snoop)(?![\w-])/.test(format);
}

function CarvePlan({ where }: { where: string }): ReactNode {
  const { version, overview } = useWorkbench();
  const { value: rows, error } = useAsk('summary', { by: ['evidence'], metric: 'flows', where }, version);
  if (error !== null) return <ErrorNotice error={error} />;
  if (rows === null) return <p>{say('Looking which evidence is needed…')}</p>;
  const flowsOf = new Map(rows.map((row) => [row['evidence'], Number(row['flows'] ?? 0)]));
  const needed = overview.evidence.filter(({ id, format }) => flowsOf.has(id) && holdsPackets(format));
  const bytes = needed.reduce((sum, evidence) => sum + evidence.bytes, 0);
  const flows = needed.reduce((sum, { id }) => sum + (flowsOf.get(id) ?? 0), 0);
  const others = rows.reduce((sum, row) => sum + Number(row['flows'] ?? 0), 0) - flows;
  return (
    <>
      <p>
        {say('{flows|flow|flows} of this filter lie in {needed|capture|captures}', { flows, needed: needed.length })}
        {others > 0 &&
          say('; {others|other|others} come from flow exports and logs, which hold no packets', { others })}
        :
      </p>
      <FilterLine where={where} />
      {needed.length > 0 && (
        <>
          <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Evidence that is read')}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{say('Read and hashed')}</th>
                  <th scope="col" className="number">
                    {say('Size')}
                  </th>
                  <th scope="col" className="number">
                    {say('Flows')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {needed.map(({ id, path, bytes: size }) => (
                  <tr key={id}>
                    <td className="mono">{visibleText(path)}</td>
                    <td className="number">{formatBytes(size)}</td>
                    <td className="number">{formatCount(flowsOf.get(id) ?? 0)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p>
            {say(
              'Each is read twice: once to find the packets and to compare its SHA-256 with that of the case, once to write them. What is not the file that was imported is refused. {bytes} in all: about {time} at {rate}/s; compressed files take longer. A capture that goes on in the next file needs that one too.',
              {
                bytes: formatBytes(2 * bytes),
                time: formatDuration(Math.max(1, Math.round((2 * bytes) / DECODED_PER_SECOND))),
                rate: formatBytes(DECODED_PER_SECOND),
              },
            )}
          </p>
        </>
      )}
    </>
  );
}

export function CarvePacketsDialog({ where, onClose }: { where: string; onClose: () => void }): ReactNode {
  const [work, begin] = useFileWork<CarveResult>();
  return (
    <Frame
      title={say('Carve packets')}
      work={work}
      begin={say('Carve…')}
      canBegin
      onBegin={() => void begin(() => ask('carvePackets', { where }))}
      onClose={onClose}
    >
      <CarvePlan where={where} />
      {work.state === 'done' && (
        <>
          <Written {...work.result}>
            {say('{packets|packet|packets} of {carved|flow|flows}, {bytes}', {
              packets: work.result.packets,
              carved: work.result.carved,
              bytes: formatBytes(work.result.bytes),
            })}
          </Written>
          {carveNotes(work.result).map((line) => (
            <p key={line} className="notice">
              {visibleText(line)}
            </p>
          ))}
        </>
      )}
    </Frame>
  );
}
