import { type ReactNode, useState } from 'react';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import type { CaseTotals } from '../../shared/case-totals.ts';
import type { Answer } from '../../shared/bridge.ts';
import { type CountedOwnFinding, isCounted } from '../../shared/own-finding.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { ask, useAsk } from '../bridge-access.ts';
import { figureLine } from '../state/provenance.ts';
import { recordChanged } from '../state/record-version.ts';
import { useWorkbench } from '../state/workbench.ts';
import { CopyButton } from './copy-button.tsx';
import { ErrorNotice } from './notice.tsx';
import { say, type Text, withinSentence } from '../../shared/text/say.ts';

/** The examiner's own findings among the computed ones: their place in the list, and a page each. */

export const ownId = (id: string): string => `own:${id}`;

/** The mark that no machine judged it. */
export function OwnMark(): ReactNode {
  return <span className="verdict own">{say('examiner’s own')}</span>;
}

export function OwnFindingRows(props: {
  findings: readonly CountedOwnFinding[];
  selected: string;
  onSelect: (id: string) => void;
}): ReactNode {
  const { findings, selected, onSelect } = props;
  if (findings.length === 0) return null;
  return (
    <section aria-labelledby="own-findings-title">
      <h3 id="own-findings-title">
        <OwnMark />{' '}
        <span className="quiet">
          {say('{findings} · stated by people, not computed', { findings: formatCount(findings.length) })}
        </span>
      </h3>
      <ul>
        {findings.map(({ id, title, exhibits }) => (
          <li key={id}>
            <button
              type="button"
              title={visibleText(title)}
              aria-current={ownId(id) === selected ? 'true' : undefined}
              onClick={() => onSelect(ownId(id))}
            >
              <span>{visibleText(title)}</span>
              <span className="number">
                {exhibits.length === 1 ? say('1 exhibit') : say('{exhibits} exhibits', { exhibits: exhibits.length })}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const AMOUNTS: readonly [name: keyof CaseTotals, head: Text, told: (value: number) => string][] = [
  ['flows', 'Flows', formatCount],
  ['bytes', 'Bytes', formatBytes],
  ['packets', 'Packets', formatCount],
  ['hostHours', 'Host-hours', formatCount],
  ['hosts', 'Hosts', formatCount],
  ['days', 'Days', formatCount],
];

function Exhibits({ finding }: { finding: CountedOwnFinding }): ReactNode {
  const { setWhere, go, overview, version } = useWorkbench();
  const coverage = useAsk('findings', null, version).value?.[0]?.coverage ?? null;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={say('Exhibits and their numbers')}>
      <table className="particulars exhibit-table">
        <thead>
          <tr>
            <th scope="col">{say('Exhibit')}</th>
            {AMOUNTS.map(([name, head]) => (
              <th key={name} scope="col" className="number">
                {head}
              </th>
            ))}
            <th scope="col">
              <span className="hidden">{say('Ways on')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {finding.exhibits.map((exhibit, index) => {
            const { label, where, totals } = exhibit;
            const now = finding.current[index] ?? totals;
            return (
              // Exhibits have no identity but their place.
              <tr key={`${index}/${where}`}>
                <td>
                  {visibleText(label)}
                  <span className="mono quiet">{where === '' ? say('every flow') : visibleText(where)}</span>
                </td>
                {AMOUNTS.map(([name, , told]) => (
                  <td key={name} className="number">
                    {told(totals[name])}
                    {now[name] !== totals[name] && (
                      <span className="problem">{say('now {amount}', { amount: told(now[name]) })}</span>
                    )}
                  </td>
                ))}
                <td className="nowrap">
                  <button
                    type="button"
                    className="small"
                    aria-label={say('Show the flows of exhibit {index}', { index: index + 1 })}
                    onClick={() => {
                      setWhere(where);
                      go('flows');
                    }}
                  >
                    {say('Flows')}
                  </button>{' '}
                  <CopyButton
                    isIcon
                    of={say('exhibit {index}', { index: index + 1 })}
                    text={() =>
                      figureLine(
                        {
                          subject: say('Exhibit {index} of the examiner’s own finding “{title}”, {label}', {
                            index: index + 1,
                            title: finding.title,
                            label,
                          }),
                          amounts: AMOUNTS.map(
                            ([name, head, told]) => `${told(totals[name])} ${withinSentence(say(head))}`,
                          ),
                          where,
                        },
                        overview,
                        coverage,
                      )
                    }
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function OwnFindingDetail({ finding }: { finding: CountedOwnFinding }): ReactNode {
  const { busy, overview, askOwnFinding, select } = useWorkbench();
  const [error, setError] = useState<ErrorValue | null>(null);
  const { id, title, statement, exhibits, current, inReport, examiner, madeAt, changedAt } = finding;
  const isStale = exhibits.some((exhibit, index) => !isCounted(exhibit, current[index]));
  const isFixed = busy || overview.sealed;
  const act = async (doing: Promise<Answer<unknown>>): Promise<boolean> => {
    const answer = await doing;
    setError(answer.ok ? null : answer.error);
    if (answer.ok) recordChanged();
    return answer.ok;
  };
  const time = (text: string): string => say('{time} UTC', { time: text.slice(0, 16).replace('T', ' ') });
  return (
    <article className="finding-detail panel" tabIndex={0} aria-labelledby="finding-title">
      <header>
        <div>
          <p className="quiet kind">
            {say('Stated by {examiner}, {madeAt}', { examiner: visibleText(examiner), madeAt: time(madeAt) })}
            {changedAt === null
              ? ''
              : say('; changed {changedAt}, what it said before is in the audit chain', { changedAt: time(changedAt) })}
          </p>
          <h2 id="finding-title">{visibleText(title)}</h2>
        </div>
        <OwnMark />
      </header>
      {error !== null && <ErrorNotice error={error} onDismiss={() => setError(null)} />}
      <p className="statement own-statement">{statement.split('\n').map(visibleText).join('\n')}</p>
      <div className="detail-actions">
        <button type="button" disabled={isFixed} onClick={() => askOwnFinding({ picked: null, id })}>
          {say('Change…')}
        </button>
        <button
          type="button"
          disabled={isFixed}
          onClick={() => void act(ask('removeOwnFinding', { id })).then((done) => done && select(null))}
        >
          {say('Remove')}
        </button>
        <label className="check">
          <input
            type="checkbox"
            disabled={isFixed}
            checked={inReport}
            onChange={() => void act(ask('changeOwnFinding', { id, change: { inReport: !inReport } }))}
          />{' '}
          {say('in the report')}
        </label>
      </div>
      {isStale && (
        <div className="notice" role="status">
          <p>
            {say(
              'The case has changed since these numbers were counted: other labels, evidence or profile. Read the statement again before you count anew.',
            )}
          </p>
          <button
            type="button"
            className="small"
            disabled={isFixed}
            onClick={() => {
              const picked = exhibits.map(({ label, where }) => ({ label, where }));
              void act(ask('changeOwnFinding', { id, change: { exhibits: picked } }));
            }}
          >
            {say('Count anew')}
          </button>
        </div>
      )}
      <Exhibits finding={finding} />
      <p className="quiet foot">
        {say(
          'No method and no verdict of Enclave stands behind the statement. The numbers are totals of the flows that each filter selects, scaled by sampling; days and hours in {timeZone}. “Verify the case” counts them again.',
          { timeZone: overview.profile.timeZone },
        )}
      </p>
    </article>
  );
}
