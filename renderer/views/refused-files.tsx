import type { ReactNode } from 'react';
import type { RejectedEvidence } from '../../shared/case-overview.ts';
import type { EvidenceNews } from '../../shared/jobs.ts';
import { formatBytes } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { lacksMapping } from '../state/mapping-draft.ts';
import { fileName } from '../state/names.ts';
import { useWorkbench } from '../state/workbench.ts';
import { problemPlace } from './job-panel.tsx';
import { said, say } from '../../shared/text/say.ts';

/** Files that were offered and not taken in, each with the reason and what can be done. */

const REFUSED_WORDS: Readonly<Partial<Record<EvidenceNews['status'], string>>> = said({
  rejected: 'rejected',
  duplicate: 'in the case already',
});

/** Files that were offered and not taken in, each with the reason and what can be done. */
export function Refused({
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
