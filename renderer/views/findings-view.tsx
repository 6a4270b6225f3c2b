import { type ReactNode, useMemo, useState } from 'react';
import {
  type ClaimCheckFinding,
  type Finding,
  FINDING_KINDS,
  type Verdict,
  type VerdictOnClaim,
} from '../../shared/finding.ts';
import { type FindingTable, findingSubject, findingTables } from '../../shared/finding-tables.ts';
import { formatAmount, formatCount, formatPValue, formatShare } from '../../shared/number-format.ts';
import { parseInstant } from '../../shared/time.ts';
import { visibleJson, visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { FindingFigure, figureCaption, findingValue } from '../charts/finding-figures.tsx';
import { localTime } from '../state/local-time.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { Empty, ErrorNotice } from './notice.tsx';

/** The claims by verdict, the findings by verdict, and one in full. */

const VERDICTS: readonly Verdict[] = ['supported', 'not-supported', 'insufficient-data'];

const VERDICT_NAMES: Readonly<Record<Verdict, string>> = {
  supported: 'Supported',
  'not-supported': 'Not supported',
  'insufficient-data': 'Not enough data',
};

const VERDICT_MEANINGS: Readonly<Record<Verdict, string>> = {
  supported: 'the data bear it out',
  'not-supported': 'looked for, not borne out',
  'insufficient-data': 'the data cannot tell',
};

const KINDS = Object.keys(FINDING_KINDS) as Finding['kind'][];

/** The value for a list: without what it is a share of. */
function shortValue(finding: Finding): string {
  return findingValue(finding).replace(/ per .*$/, '');
}

/** What is divided by, where it is not an amount of the metric. */
const DENOMINATOR_UNITS: Partial<Record<Finding['kind'], string>> = {
  'daily-rhythm': 'observed clock hours',
  'weekly-rhythm': 'observed days',
  coverage: 'clock hours',
};

const CLAIM_VERDICTS: Readonly<Record<VerdictOnClaim, string>> = {
  holds: 'Holds',
  refuted: 'Refuted',
  'cannot-be-told': 'Cannot be told',
};

/** The word on a finding's badge. */
function verdictWord(finding: Finding): string {
  return finding.kind === 'claim-check' ? CLAIM_VERDICTS[finding.verdictOnClaim] : VERDICT_NAMES[finding.verdict];
}

function matches(finding: Finding, words: readonly string[]): boolean {
  const text = `${finding.title} ${finding.statement}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function List(props: {
  findings: readonly Finding[];
  selected: string | undefined;
  onSelect: (id: string) => void;
}): ReactNode {
  const [text, setText] = useState('');
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = props.findings.filter((finding) => matches(finding, words));
  const claims = found.filter((finding) => finding.kind === 'claim-check');
  return (
    <section className="finding-list panel" aria-labelledby="findings-title">
      <header>
        <h2 id="findings-title">Findings</h2>
        <span className="quiet">{formatCount(props.findings.length)} about the whole case</span>
      </header>
      <input
        type="search"
        aria-label="Search the findings"
        placeholder="Search"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="finding-scroll">
        {found.length === 0 && <p className="quiet">No finding holds these words.</p>}
        {claims.length > 0 && (
          <section aria-labelledby="claims-title">
            <h3 id="claims-title">
              {FINDING_KINDS['claim-check']}{' '}
              <span className="quiet">
                {Object.entries(CLAIM_VERDICTS)
                  .map(([verdict, word]) => [claims.filter((each) => each.verdictOnClaim === verdict).length, word])
                  .map(([count, word]) => `${count} ${String(word).toLowerCase()}`)
                  .join(', ')}
              </span>
            </h3>
            <ul className="claims">
              {claims.map((claim) => (
                <li key={claim.id}>
                  <button
                    type="button"
                    title={visibleText(claim.claim.text)}
                    aria-current={claim.id === props.selected ? 'true' : undefined}
                    onClick={() => props.onSelect(claim.id)}
                  >
                    <span>{visibleText(findingSubject(claim))}</span>
                    <span className={`verdict ${claim.verdict}`}>{CLAIM_VERDICTS[claim.verdictOnClaim]}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        {VERDICTS.map((verdict) => {
          const group = found.filter((finding) => finding.verdict === verdict && finding.kind !== 'claim-check');
          return group.length === 0 ? null : (
            <section key={verdict} aria-labelledby={`verdict-${verdict}`}>
              <h3 id={`verdict-${verdict}`}>
                <span className={`verdict ${verdict}`}>{VERDICT_NAMES[verdict]}</span>{' '}
                <span className="quiet">
                  {group.length} · {VERDICT_MEANINGS[verdict]}
                </span>
              </h3>
              {KINDS.filter((kind) => group.some((finding) => finding.kind === kind)).map((kind) => (
                <div key={kind} className="kind-group">
                  <h4>{FINDING_KINDS[kind]}</h4>
                  <ul>
                    {group
                      .filter((finding) => finding.kind === kind)
                      .map((finding) => (
                        <li key={finding.id}>
                          <button
                            type="button"
                            title={visibleText(finding.title)}
                            aria-current={finding.id === props.selected ? 'true' : undefined}
                            onClick={() => props.onSelect(finding.id)}
                          >
                            <span>{visibleText(findingSubject(finding))}</span>
                            <span className="number">{shortValue(finding)}</span>
                          </button>
                        </li>
                      ))}
                  </ul>
                </div>
              ))}
            </section>
          );
        })}
      </div>
    </section>
  );
}

function numbers(finding: Finding): [string, string][] {
  const amount = (value: number | null): string =>
    finding.metric === null
      ? `${formatCount(value)}${finding.kind === 'coverage' ? ' clock hours' : ''}`
      : formatAmount(finding.metric, value);
  const rows: [string, string][] = [
    ['Value', `${findingValue(finding)}${finding.unit.startsWith('share') ? ` (${finding.unit})` : ''}`],
  ];
  if (finding.interval !== null) {
    const [low, high] = finding.interval;
    rows.push([`${finding.level * 100} % interval`, `${findingValue(finding, low)} to ${findingValue(finding, high)}`]);
  }
  if (finding.pValue !== null) rows.push(['p', formatPValue(finding.pValue)]);
  if (finding.adjustedPValue !== null) rows.push(['p, adjusted', formatPValue(finding.adjustedPValue)]);
  if (finding.numerator !== null) rows.push(['Numerator', amount(finding.numerator)]);
  if (finding.denominator !== null) {
    const unit = DENOMINATOR_UNITS[finding.kind];
    rows.push([
      'Denominator',
      unit === undefined ? amount(finding.denominator) : `${formatCount(finding.denominator)} ${unit}`,
    ]);
  }
  if (finding.scaled) rows.push(['Sampling', 'counts are multiplied by the sampling rate']);
  return rows;
}

function coverageText(finding: Finding, timeZone: string): string {
  const { from, to, observedFraction, sampling } = finding.coverage;
  const us = (text: string | null): number | null => (text === null ? null : parseInstant(text, 'UTC'));
  const first = us(from);
  const last = us(to);
  if (first === null || last === null) return 'no flow in the case';
  const rates = sampling.every((rate) => rate === 1)
    ? 'unsampled'
    : `sampled ${sampling.map((rate) => `1:${rate}`).join(', ')}`;
  return `${localTime(first, timeZone, 'minute')} to ${localTime(last, timeZone, 'minute')} (${timeZone}), ${formatShare(observedFraction)} of the clock hours observed, ${rates}`;
}

/** What a claim says, why it holds or not, and the findings that it rests on. */
function ClaimReasons(props: {
  finding: ClaimCheckFinding;
  all: readonly Finding[];
  onSelect: (id: string) => void;
}): ReactNode {
  const { finding, all, onSelect } = props;
  const rests = finding.restsOn.flatMap((id) => all.find((other) => other.id === id) ?? []);
  return (
    <>
      <p className="statement">{visibleText(finding.why)}</p>
      <p className="quiet">As claimed by: {visibleText(finding.claim.source)}</p>
      {rests.length > 0 && (
        <ul className="rests-on" aria-label="Findings that it rests on">
          {rests.map((other) => (
            <li key={other.id}>
              <button type="button" onClick={() => onSelect(other.id)}>
                {visibleText(other.title)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Particulars({ caption, heads, rows }: FindingTable): ReactNode {
  return (
    <section>
      <h3>{caption}</h3>
      <div className="table-scroll">
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
  const { timeZone, setWhere, go, setMetric } = useWorkbench();
  const [box, { width }] = useSize<HTMLDivElement>();
  const figure = width > 0 ? FindingFigure({ finding, all, width: Math.min(width, 760) }) : null;
  const showFlows = (): void => {
    setWhere(finding.where);
    if (finding.metric !== null) setMetric(finding.metric);
    go('flows');
  };
  return (
    <article className="finding-detail panel" tabIndex={0} aria-labelledby="finding-title">
      <header>
        <div>
          <p className="quiet kind">{FINDING_KINDS[finding.kind]}</p>
          <h2 id="finding-title">{visibleText(finding.title)}</h2>
        </div>
        <span className={`verdict ${finding.verdict}`}>{verdictWord(finding)}</span>
      </header>
      {finding.kind === 'claim-check' ? (
        <ClaimReasons finding={finding} all={all} onSelect={onSelect} />
      ) : (
        <p className="statement">{visibleText(finding.statement)}</p>
      )}
      <div className="detail-actions">
        <button type="button" className="primary" onClick={showFlows}>
          Show the flows
        </button>
        <button
          type="button"
          onClick={() => {
            setWhere(finding.where);
            if (finding.metric !== null) setMetric(finding.metric);
            go('timeline');
          }}
        >
          Show them on the timeline
        </button>
      </div>
      <div ref={box}>
        {figure !== null && (
          <figure>
            {figure}
            <figcaption className="quiet">{visibleText(figureCaption(finding))}</figcaption>
          </figure>
        )}
      </div>
      {findingTables(finding).map((each) => (
        <Particulars key={each.caption} {...each} />
      ))}
      <div className="detail-columns">
        <section>
          <h3>Numbers</h3>
          <dl className="facts">
            {numbers(finding).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{visibleText(value)}</dd>
              </div>
            ))}
            <div>
              <dt>Counted</dt>
              <dd>{visibleText(finding.population)}</dd>
            </div>
            <div>
              <dt>Coverage</dt>
              <dd>{coverageText(finding, timeZone)}</dd>
            </div>
          </dl>
        </section>
        <section>
          <h3>Caveats</h3>
          {finding.caveats.length === 0 ? (
            <p className="quiet">None.</p>
          ) : (
            <ul className="caveats">
              {finding.caveats.map((caveat) => (
                <li key={caveat.id}>{visibleText(caveat.text)}</li>
              ))}
            </ul>
          )}
        </section>
      </div>
      <section>
        <h3>Method</h3>
        <p>{visibleText(finding.method.name)}</p>
        <p className="quiet">{visibleText(finding.method.source)}</p>
        <details>
          <summary>Parameters and filter</summary>
          <dl className="facts parameters">
            {Object.entries(finding.parameters).map(([name, value]) => (
              <div key={name}>
                <dt>{visibleText(name)}</dt>
                <dd className="mono">{typeof value === 'string' ? visibleText(value) : visibleJson(value)}</dd>
              </div>
            ))}
            <div>
              <dt>Flows</dt>
              <dd className="mono">{finding.where === '' ? 'every flow' : visibleText(finding.where)}</dd>
            </div>
            <div>
              <dt>Id</dt>
              <dd className="mono">{finding.id}</dd>
            </div>
          </dl>
        </details>
      </section>
    </article>
  );
}

export function FindingsView(): ReactNode {
  const { version, busy } = useWorkbench();
  const { value, error } = useAsk('findings', null, version);
  const [selected, setSelected] = useState<string | null>(null);
  const findings = useMemo(() => value ?? [], [value]);
  const first = VERDICTS.flatMap((verdict) => findings.filter((each) => each.verdict === verdict))[0];
  const finding = findings.find((each) => each.id === selected) ?? first;
  if (error !== null) return <ErrorNotice error={error} />;
  if (value === null) return <p className="quiet view">Reading the findings…</p>;
  if (finding === undefined) {
    return (
      <Empty title={busy ? 'Findings are made at the end of the import' : 'There are no findings yet'}>
        <p>
          {busy
            ? 'The flows read so far can be looked at in the other views.'
            : 'Add evidence: each import ends by making them.'}
        </p>
      </Empty>
    );
  }
  return (
    <div className="view findings">
      <List findings={findings} selected={finding.id} onSelect={setSelected} />
      <Detail key={finding.id} finding={finding} all={findings} onSelect={setSelected} />
    </div>
  );
}
