import type { ReactNode } from 'react';
import type { VerifyResult } from '../../shared/jobs.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { said, say } from '../../shared/text/say.ts';

/** What a verification of the case found. */

const RESULT_WORDS = said({ holds: 'holds', fails: 'fails', 'not-checked': 'not checked' });

export function Verification({ result }: { result: VerifyResult }): ReactNode {
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
