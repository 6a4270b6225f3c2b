import type { ReactNode } from 'react';
import type { CaseOverview } from '../../shared/bridge.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { localTime } from '../state/local-time.ts';
import { fileName } from '../state/names.ts';
import { useWorkbench } from '../state/workbench.ts';
import { evidenceSelection } from './evidence-inspector.tsx';
import { problemPlace } from './job-panel.tsx';
import { said, say } from '../../shared/text/say.ts';

/** The evidence files of the case, each with what is wrong with it. */

export type Evidence = CaseOverview['evidence'][number];

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

export function Files({ evidence }: { evidence: readonly Evidence[] }): ReactNode {
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
