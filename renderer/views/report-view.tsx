import { type ReactNode, useState } from 'react';
import { PAPERS } from '../../shared/report-settings.ts';
import { REDACTIONS, type Redaction } from '../../shared/redaction.ts';
import { useAsk } from '../bridge-access.ts';
import { useRecordVersion } from '../state/record-version.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ErrorNotice } from './notice.tsx';
import { ReportChoice } from './report-choice.tsx';
import { StaysEnglish } from './stays-english.tsx';
import { said, say } from '../../shared/text/say.ts';

const REDACTION_NAMES: Readonly<Record<Redaction, string>> = said({
  none: 'None',
  addresses: 'Addresses under pseudonyms',
  names: 'Names cut or left out',
  full: 'Full: aliases, no names',
});

/**
 * Begins the body of the preview: the focus can stand there, and be seen, so that keys scroll the report. A frame without
 * anything to stand on is passed over.
 */
const STANDING_PLACE =
  '<body tabindex="0"><style>body:focus-visible::before{content:"";position:fixed;inset:0;border:2px solid;pointer-events:none}</style>';

/** The report as it would be printed now, in a frame that may run nothing and load nothing. */
export function ReportView(): ReactNode {
  const { busy, run, reportSettings, setReportSettings } = useWorkbench();
  const { value, error, pending } = useAsk('reportHtml', reportSettings, useRecordVersion());
  /** The report that the frame has drawn: a long one takes a while after it came. */
  const [drawn, setDrawn] = useState<string | null>(null);
  return (
    <div className="view report">
      <header className="report-bar">
        <div>
          <h2>{say('Report')}</h2>
          <p className="quiet">
            {say('What you save is entered in the audit log.')} <StaysEnglish />
          </p>
        </div>
        <div className="detail-actions">
          <label>
            <span className="quiet">{say('Form')}</span>{' '}
            <select
              value={reportSettings.form ?? 'full'}
              onChange={({ target }) =>
                setReportSettings({ ...reportSettings, form: target.value === 'brief' ? 'brief' : 'full' })
              }
            >
              <option value="full">{say('Full report')}</option>
              <option value="brief">{say('Brief')}</option>
            </select>
          </label>
          <label>
            <span className="quiet">{say('Paper')}</span>{' '}
            <select
              value={reportSettings.paper ?? 'A4'}
              onChange={({ target }) =>
                setReportSettings({ ...reportSettings, paper: PAPERS[target.selectedIndex] ?? 'A4' })
              }
            >
              {PAPERS.map((paper) => (
                <option key={paper}>{paper}</option>
              ))}
            </select>
          </label>
          <label>
            <span className="quiet">{say('Redaction')}</span>{' '}
            <select
              value={reportSettings.redact ?? 'none'}
              onChange={({ target }) =>
                setReportSettings({ ...reportSettings, redact: REDACTIONS[target.selectedIndex] ?? 'none' })
              }
            >
              {REDACTIONS.map((level) => (
                <option key={level} value={level}>
                  {REDACTION_NAMES[level]}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            className="primary"
            disabled={busy || value === null}
            onClick={() => run('save-report-pdf')}
          >
            {say('Save as PDF…')}
          </button>
          <button type="button" disabled={busy || value === null} onClick={() => run('save-report-html')}>
            {say('Save as HTML…')}
          </button>
        </div>
      </header>
      {error !== null && <ErrorNotice error={error} />}
      <div className="report-body" aria-busy={pending || drawn !== value}>
        <ReportChoice />
        {value === null ? (
          error === null && <p className="quiet">{say('Writing the report…')}</p>
        ) : (
          <iframe
            title={say('Report preview')}
            sandbox=""
            srcDoc={value.replace('<body>', STANDING_PLACE)}
            onLoad={() => setDrawn(value)}
          />
        )}
      </div>
    </div>
  );
}
