import { type ReactNode, useState } from 'react';
import type { CaseOverview } from '../../shared/bridge.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { Selection } from '../state/history.ts';
import { localTime } from '../state/local-time.ts';
import { exhibitOf } from '../state/own-finding.ts';
import { fileName } from '../state/names.ts';
import { useWorkbench } from '../state/workbench.ts';
import { CarvePacketsDialog } from './flow-files.tsx';
import { InspectorPanel } from './inspector-panel.tsx';
import { problemPlace } from './job-panel.tsx';
import { NotesPanel } from './notes-panel.tsx';
import { TopList } from './selection-inspector.tsx';
import { say } from '../../shared/text/say.ts';

/** All that the case knows of one evidence file, and the ways to its flows and packets. */

type Evidence = CaseOverview['evidence'][number];

export function evidenceSelection({ id, path }: Evidence): Selection {
  return { id: `evidence:${id}`, kind: 'Evidence', title: fileName(path), filter: `evidence = ${id}` };
}

function factsOf(file: Evidence, timeZone: string): [name: string, value: string, isMono?: boolean][] {
  const { custody } = file;
  const time = (us: number | null): string =>
    us === null ? say('none') : `${localTime(us, timeZone, 'second')} (${timeZone})`;
  return [
    [say('Path'), file.path, true],
    [say('Bytes'), `${formatCount(file.bytes)} (${formatBytes(file.bytes)})`],
    ['SHA-256', file.sha256, true],
    ...(custody.hashes.sha1 === undefined ? [] : [['SHA-1', custody.hashes.sha1, true] as [string, string, boolean]]),
    ...(custody.hashes.md5 === undefined ? [] : [['MD5', custody.hashes.md5, true] as [string, string, boolean]]),
    [say('Format'), file.format],
    [say('Link types'), file.linkTypes.length === 0 ? say('none: it holds flow records') : file.linkTypes.join(', ')],
    [say('Packets'), formatCount(file.packets)],
    [say('Records'), formatCount(file.records)],
    [say('Flows'), formatCount(file.flows)],
    [say('First'), time(file.firstSeen)],
    [say('Last'), time(file.lastSeen)],
    [
      say('Clock'),
      custody.clockOffset === 0
        ? say('as recorded, no offset stated')
        : say('{clockOffset} s added to every time, as stated: {clockReason}', {
            clockOffset: custody.clockOffset,
            clockReason: custody.clockReason,
          }),
    ],
    ...(custody.mapping === undefined
      ? []
      : [[say('Columns read by'), say('the mapping “{name}”', { name: custody.mapping.name })] as [string, string]]),
    [say('Imported'), file.importedAt],
    [say('Id'), file.id, true],
  ];
}

export function EvidenceInspector({ file }: { file: Evidence }): ReactNode {
  const { timeZone, setWhere, go, askOwnFinding, busy } = useWorkbench();
  const [isCarving, setCarving] = useState(false);
  const selection = evidenceSelection(file);
  return (
    <InspectorPanel
      id={selection.id}
      kind="Evidence"
      title={selection.title}
      contents={say('What is known of the file')}
    >
      <div className="selection-actions">
        {(['flows', 'timeline', 'hosts'] as const).map((view) => (
          <button
            key={view}
            type="button"
            className={view === 'flows' ? 'primary small' : 'small'}
            disabled={file.flows === 0}
            onClick={() => {
              setWhere(selection.filter);
              go(view);
            }}
          >
            {view === 'flows' ? say('Show its flows') : view === 'timeline' ? say('On the timeline') : say('Its hosts')}
          </button>
        ))}
        <button
          type="button"
          className="small"
          disabled={file.flows === 0 || busy}
          onClick={() => askOwnFinding({ picked: exhibitOf(selection, ''), id: null })}
        >
          {say('Add to finding…')}
        </button>
        {file.packets > 0 && (
          <button type="button" className="small" disabled={busy} onClick={() => setCarving(true)}>
            {say('Carve its packets…')}
          </button>
        )}
      </div>
      <section>
        <h3>{say('What is known of it')}</h3>
        <dl className="facts">
          {factsOf(file, timeZone).map(([name, value, isMono]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={isMono === true ? 'mono' : undefined}>{visibleText(value)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section>
        <h3>{say('Problems')}</h3>
        {file.problems.length === 0 ? (
          <p className="quiet">{say('None: it was read from beginning to end.')}</p>
        ) : (
          <ul className="evidence-problems">
            {file.problems.map((problem) => (
              <li key={problem.kind}>
                <span className="problem">{visibleText(problem.message)}</span>{' '}
                <span className="quiet">
                  {problem.kind}, {problemPlace(file.format, problem)}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      {file.flows > 0 && (
        <TopList dimension="category" title={say('Categories')} absent={say('none')} where={selection.filter} />
      )}
      <NotesPanel target={`evidence:${file.id}`} />
      {isCarving && <CarvePacketsDialog where={selection.filter} onClose={() => setCarving(false)} />}
    </InspectorPanel>
  );
}
