import { type ReactNode, useMemo } from 'react';
import { type ClaimCheckFinding, type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { type FindingTable, findingTables } from '../../shared/finding-tables.ts';
import { formatAmount, formatCount, formatPValue } from '../../shared/number-format.ts';
import { visibleJson, visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { FindingFigure, figureCaption, findingValue } from '../charts/finding-figures.tsx';
import { findingNumbers } from '../charts/finding-numbers.ts';
import { coverageText, findingLine } from '../state/provenance.ts';
import { useSize } from '../state/use-size.ts';
import { useRecordVersion } from '../state/record-version.ts';
import { useWorkbench, type View } from '../state/workbench.ts';
import { CopyButton } from './copy-button.tsx';
import { FigureTools } from './figure-tools.tsx';
import { FindingList } from './finding-list.tsx';
import { NotesPanel } from './notes-panel.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { OwnFindingDetail, ownId } from './own-findings.tsx';
import { VerdictBadge, VERDICTS } from './verdicts.tsx';
import { say, type Text } from '../../shared/text/say.ts';

/** The list of claims and findings, and one of them in full. */

/** What numerator and denominator count, where it is not an amount of the metric, by how the finding's unit begins. */
const COUNTED: readonly (readonly [unit: RegExp, numerator: Text | null, denominator: Text | null])[] = [
  [/^share of clock hours/, 'clock hours', 'clock hours'],
  [/^share of days/, 'days', 'days with activity'],
  [/ in the active hours$/, null, 'observed clock hours'],
  [/^\w+ per day/, null, 'observed days'],
  [/^activity flows a day/, null, 'days with activity'],
  [/^targets/, 'failed first contacts', 'first contacts'],
  [/^sources/, 'sources', null],
  [/^detections/, 'hosts', null],
  [/^seconds between calls/, 'calls', 'pairs tested'],
  [/^servers/, 'servers', 'addresses that answered'],
];

function numbers(finding: Finding): [string, string][] {
  const [, above = null, below = null] = COUNTED.find(([unit]) => unit.test(finding.unit)) ?? [];
  const amount = (value: number, unit: Text | null): string =>
    unit === null && finding.metric !== null
      ? formatAmount(finding.metric, value)
      : unit === null
        ? formatCount(value)
        : `${formatCount(value)} ${say(unit)}`;
  const rows: [string, string][] = [];
  if (finding.value !== null) {
    const isNamed = !/^(share|ratio|relative)/.test(finding.unit);
    rows.push([say('Value'), `${findingValue(finding)}${isNamed ? '' : ` (${finding.unit})`}`]);
  }
  if (finding.interval !== null) {
    const [low, high] = finding.interval.map((end) => findingValue(finding, end));
    rows.push([
      say('{level} % interval', { level: finding.level * 100 }),
      say('{low} to {high}', { low: low?.replace(` ${finding.unit}`, ''), high }),
    ]);
  }
  if (finding.pValue !== null) rows.push(['p', formatPValue(finding.pValue)]);
  if (finding.adjustedPValue !== null) rows.push([say('p, adjusted'), formatPValue(finding.adjustedPValue)]);
  if (finding.numerator !== null) rows.push([say('Numerator'), amount(finding.numerator, above)]);
  if (finding.denominator !== null) {
    const expected = finding.unit.startsWith('ratio') ? say(' expected') : '';
    const earlier = finding.unit.startsWith('relative') ? say(' in the earlier period') : '';
    rows.push([say('Denominator'), `${amount(finding.denominator, below)}${expected}${earlier}`]);
  }
  if (finding.scaled) rows.push([say('Sampling'), say('counts are multiplied by the sampling rate')]);
  return rows;
}

/** Text with no break between a number and its percent sign. */
function prose(text: string): string {
  return visibleText(text).replaceAll(' %', '\u00a0%');
}

/** Why a claim holds or not, and the findings that it rests on. */
function ClaimReasons(props: {
  finding: ClaimCheckFinding;
  restsOn: readonly Finding[];
  onSelect: (id: string) => void;
}): ReactNode {
  const { finding, restsOn, onSelect } = props;
  return (
    <>
      <p className="statement">{prose(finding.why)}</p>
      <p className="quiet">{say('As claimed by: {source}', { source: visibleText(finding.claim.source) })}</p>
      {restsOn.length > 0 && (
        <section aria-labelledby="rests-on-title">
          <h3 id="rests-on-title">{say('Rests on')}</h3>
          <ul className="rests-on">
            {restsOn.map((other) => (
              <li key={other.id}>
                <button type="button" onClick={() => onSelect(other.id)}>
                  {visibleText(other.title)}
                </button>
                <VerdictBadge finding={other} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** A table with more rows than this scrolls in itself. */
const MOST_ROWS = 12;

function Particulars({ caption, heads, rows }: FindingTable): ReactNode {
  return (
    <section>
      <h3>
        {caption} {rows.length > MOST_ROWS && <span>({formatCount(rows.length)})</span>}
      </h3>
      <div
        className="table-scroll"
        {...(rows.length > MOST_ROWS ? { tabIndex: 0, role: 'group', 'aria-label': caption } : {})}
      >
        <table className="particulars">
          <thead>
            <tr>
              {heads.map(({ name, isNumber }) => (
                <th key={name} scope="col" className={isNumber ? 'number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.join('\t')}>
                {row.map((cell, i) => (
                  <td key={heads[i]?.name ?? i} className={heads[i]?.isNumber === true ? 'number' : undefined}>
                    {visibleText(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Detail(props: { finding: Finding; all: readonly Finding[]; onSelect: (id: string) => void }): ReactNode {
  const { finding, all, onSelect } = props;
  const { timeZone, overview, setWhere, go, setMetric, askOwnFinding } = useWorkbench();
  const [box, { width }] = useSize<HTMLDivElement>();
  const restsOn =
    finding.kind === 'claim-check' ? finding.restsOn.flatMap((id) => all.find((other) => other.id === id) ?? []) : [];
  // A claim has no figure of its own: it shows that of the first finding that it rests on.
  const drawn = finding.kind === 'claim-check' ? restsOn[0] : finding;
  const figure =
    width > 0 && drawn !== undefined ? FindingFigure({ finding: drawn, all, width: Math.min(width, 760) }) : null;
  const show = (where: string, view: View): void => {
    setWhere(where);
    if (finding.metric !== null) setMetric(finding.metric);
    go(view);
  };
  return (
    <article className="finding-detail panel" tabIndex={0} aria-labelledby="finding-title">
      <header>
        <div>
          <p className="quiet kind">{say(FINDING_KINDS[finding.kind])}</p>
          <h2 id="finding-title">{visibleText(finding.title)}</h2>
        </div>
        <VerdictBadge finding={finding} />
      </header>
      {finding.kind === 'claim-check' ? (
        <ClaimReasons finding={finding} restsOn={restsOn} onSelect={onSelect} />
      ) : (
        <p className="statement">{prose(finding.statement)}</p>
      )}
      <div className="detail-actions">
        <button type="button" className="primary" onClick={() => show(finding.where, 'flows')}>
          {say('Show the flows')}
        </button>
        {finding.kind === 'period-comparison' && (
          <button type="button" onClick={() => show(finding.whereEarlier, 'flows')}>
            {say('Show those of the earlier period')}
          </button>
        )}
        <button type="button" onClick={() => show(finding.where, 'timeline')}>
          {say('Show them on the timeline')}
        </button>
        <button
          type="button"
          onClick={() =>
            askOwnFinding({ picked: { label: finding.title.slice(0, 200), where: finding.where }, id: null })
          }
        >
          {say('Add to finding…')}
        </button>
        <CopyButton
          of={say('the finding {title}', { title: visibleText(finding.title) })}
          text={() => findingLine(finding, numbers(finding), overview)}
        />
      </div>
      <div ref={box} className="figure-place">
        {figure !== null && drawn !== undefined && (
          <figure>
            {figure}
            <figcaption className="quiet">
              {drawn === finding ? '' : `${visibleText(drawn.title)}. `}
              {visibleText(figureCaption(drawn))}
            </figcaption>
            <FigureTools
              title={drawn.title}
              box={box}
              table={() => findingNumbers(drawn, all)}
              legend={() =>
                [...(box.current?.querySelectorAll<HTMLElement>('.strip-legend li') ?? [])].map((entry) => ({
                  colour: entry.querySelector<HTMLElement>('.swatch')?.style.backgroundColor ?? 'none',
                  name: entry.textContent,
                }))
              }
              facts={{
                figure: figureCaption(drawn),
                counted: drawn.population,
                coverage: coverageText(drawn.coverage, timeZone),
                finding: drawn.id,
                filter: drawn.where === '' ? say('every flow') : drawn.where,
                case: overview.title,
              }}
            />
          </figure>
        )}
      </div>
      {findingTables(finding).map((each) => (
        <Particulars key={each.caption} {...each} />
      ))}
      <div className="detail-columns">
        <section>
          <h3>{say('Numbers')}</h3>
          <dl className="facts">
            {numbers(finding).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{visibleText(value)}</dd>
              </div>
            ))}
            <div>
              <dt>{say('Counted')}</dt>
              <dd>{visibleText(finding.population)}</dd>
            </div>
            <div>
              <dt>{say('Coverage')}</dt>
              <dd>{coverageText(finding.coverage, timeZone)}</dd>
            </div>
          </dl>
        </section>
        <section>
          <h3>{say('Caveats')}</h3>
          {finding.caveats.length === 0 ? (
            <p className="quiet">{say('None.')}</p>
          ) : (
            <ul className="caveats">
              {finding.caveats.map((caveat) => (
                <li key={caveat.id}>{prose(caveat.text)}</li>
              ))}
            </ul>
          )}
        </section>
      </div>
      <NotesPanel target={`finding:${finding.id}`} />
      <section>
        <h3>{say('Method')}</h3>
        <p>{visibleText(finding.method.name)}</p>
        <p className="quiet">{visibleText(finding.method.source)}</p>
        <details>
          <summary>{say('Parameters and filter')}</summary>
          <dl className="facts parameters">
            {Object.entries(finding.parameters).map(([name, value]) => (
              <div key={name}>
                <dt>{visibleText(name)}</dt>
                <dd className="mono">{typeof value === 'string' ? visibleText(value) : visibleJson(value)}</dd>
              </div>
            ))}
            <div>
              <dt>{say('Flows')}</dt>
              <dd className="mono">{finding.where === '' ? say('every flow') : visibleText(finding.where)}</dd>
            </div>
            <div>
              <dt>{say('Id')}</dt>
              <dd className="mono">{finding.id}</dd>
            </div>
          </dl>
        </details>
      </section>
    </article>
  );
}

export function FindingsView(): ReactNode {
  const { version, busy, selection, select, run } = useWorkbench();
  const { value, error } = useAsk('findings', null, version);
  const own = useAsk('ownFindings', null, useRecordVersion());
  const findings = useMemo(() => value ?? [], [value]);
  const ownFindings = own.value ?? [];
  const first = VERDICTS.flatMap((verdict) => findings.filter((each) => each.verdict === verdict))[0];
  const chosen = findings.find((each) => each.id === selection?.id);
  const chosenOwn = ownFindings.find((each) => ownId(each.id) === selection?.id);
  const finding = chosen ?? first;
  const shownOwn = chosenOwn ?? (finding === undefined ? ownFindings[0] : undefined);
  const choose = (id: string): void => {
    const next = findings.find((each) => each.id === id);
    const nextOwn = ownFindings.find((each) => ownId(each.id) === id);
    if (next !== undefined) select({ id, kind: 'Finding', title: next.title, filter: next.where });
    else if (nextOwn !== undefined) {
      const filter = nextOwn.exhibits.length === 1 ? (nextOwn.exhibits[0]?.where ?? '') : '';
      select({ id, kind: 'Own finding', title: nextOwn.title, filter });
    }
  };
  if (error !== null) return <ErrorNotice error={error} />;
  if (own.error !== null) return <ErrorNotice error={own.error} />;
  if (value === null || own.value === null) return <p className="quiet view">{say('Reading the findings…')}</p>;
  const selected = shownOwn === undefined ? finding?.id : ownId(shownOwn.id);
  if (selected === undefined) {
    return (
      <Empty title={busy ? say('Findings are made at the end of the import') : say('There are no findings yet')}>
        {busy ? (
          <p>{say('The flows read so far can be looked at in the other views.')}</p>
        ) : (
          <>
            <p>{say('Each import ends by making them. They are also made anew by')}</p>
            <button type="button" className="primary" onClick={() => run('analyse-case')}>
              {say('Make the findings')}
            </button>
          </>
        )}
      </Empty>
    );
  }
  return (
    <div className="view findings">
      <FindingList findings={findings} own={ownFindings} selected={selected} onSelect={choose} />
      {shownOwn !== undefined ? (
        <OwnFindingDetail key={shownOwn.id} finding={shownOwn} />
      ) : (
        finding !== undefined && <Detail key={finding.id} finding={finding} all={findings} onSelect={choose} />
      )}
    </div>
  );
}
