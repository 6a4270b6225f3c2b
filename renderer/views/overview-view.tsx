import { memo, type ReactNode, useMemo, useState } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Verdict } from '../../shared/finding.ts';
import type { TopRows } from '../../shared/jobs.ts';
import { formatAmount, formatBytes, formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { CATEGORIES } from '../../shared/vocabulary.ts';
import { useAsk } from '../bridge-access.ts';
import { categoryColour } from '../category-colours.ts';
import { filterWord } from '../state/filter-completion.ts';
import { useMarked } from '../state/highlight.ts';
import type { Selection } from '../state/history.ts';
import { countryName } from '../../shared/country-name.ts';
import { fileName } from '../state/names.ts';
import { figureLine } from '../state/provenance.ts';
import { joinFilters } from '../state/time-filter.ts';
import { type Estimated, type EstimatedTotals, useEstimatedTop, useEstimatedTotals } from '../state/use-estimated.ts';
import { useWorkbench } from '../state/workbench.ts';
import { RecordFoot } from './case-facts.tsx';
import { CopyButton } from './copy-button.tsx';
import { EstimateMark } from './estimate-mark.tsx';
import { Inspected } from './inspected.tsx';
import { problemPlace } from './job-panel.tsx';
import { ErrorNotice } from './notice.tsx';
import { claimsOf, claimTally } from './verdicts.tsx';

/** The case at a glance: totals, what was done with whom, what the findings and the evidence come to. */

const SHOWN = 8;
const MORE = 60;
/** Rows of what is highlighted that are looked up. */
const MOST_MARKED = 1000;

const BAR_DIMENSIONS = ['category', 'service', 'country', 'protocol', 'host', 'range'] as const;
type BarDimension = (typeof BAR_DIMENSIONS)[number];

const TITLES: Readonly<Record<BarDimension, string>> = {
  category: 'Categories',
  service: 'Services',
  protocol: 'Protocols',
  country: 'Countries of the peers',
  host: 'Hosts',
  range: 'Ranges',
};

const KINDS: Readonly<Record<BarDimension, string>> = {
  category: 'Category',
  service: 'Service',
  protocol: 'Protocol',
  country: 'Country',
  host: 'Host',
  range: 'Range',
};

const ABSENT: Readonly<Record<BarDimension, string>> = {
  category: 'none',
  service: 'no service named',
  protocol: 'none',
  country: 'not known',
  host: 'outside the ranges',
  range: 'outside the ranges',
};

function rowName(dimension: BarDimension, key: string | null): string {
  if (key === null) return ABSENT[dimension];
  if (dimension === 'country') return countryName(key) ?? visibleText(key);
  return visibleText(key);
}

function BarRow(props: {
  dimension: BarDimension;
  row: SummaryRowValue;
  highest: number;
  /** Of it, what is highlighted; null while nothing is. */
  marked: number | null;
  onChoose: (key: string, isFilter: boolean) => void;
}): ReactNode {
  const { metric } = useWorkbench();
  const { dimension, row, highest } = props;
  const raw = row[dimension];
  const key = typeof raw === 'string' ? raw : null;
  const value = Number(row['value'] ?? 0);
  const share = typeof row['share'] === 'number' ? row['share'] : null;
  const name = rowName(dimension, key);
  const meaning =
    dimension === 'category' && key !== null && Object.hasOwn(CATEGORIES, key)
      ? `: ${CATEGORIES[key as keyof typeof CATEGORIES]}`
      : '';
  return (
    <li className={key === null ? 'absent' : ''}>
      <button
        type="button"
        disabled={key === null}
        title={`${name}${meaning}: ${formatAmount(metric, value)}, ${formatCount(Number(row['flows'] ?? 0))} flows${props.marked === null ? '' : `, ${formatAmount(metric, props.marked)} highlighted`}. Click to look closer, with Shift to filter.`}
        onClick={(event) => key !== null && props.onChoose(key, event.shiftKey)}
      >
        <span className="bar-name">
          {dimension === 'country' && key !== null && <span className="code">{visibleText(key)}</span>}
          <span className="clip">{name}</span>
        </span>
        <span className="bar-track" aria-hidden="true">
          <span
            className="bar-fill"
            style={{
              width: `${Math.max(highest > 0 ? (value / highest) * 100 : 0, value > 0 ? 0.6 : 0)}%`,
              ...(dimension === 'category' ? { backgroundColor: categoryColour(key) } : {}),
            }}
          />
          {props.marked !== null && props.marked > 0 && (
            <span className="bar-mark" style={{ width: `${highest > 0 ? (props.marked / highest) * 100 : 0}%` }} />
          )}
        </span>
        <span className="bar-value">{metric === 'bytes' ? formatBytes(value) : formatCount(value)}</span>
        <span className="bar-share">{formatShare(share)}</span>
      </button>
    </li>
  );
}

/** Kept apart: what else is answered in the view changes nothing here. */
const BarPanel = memo(function BarPanel(props: {
  dimension: BarDimension;
  value: TopRows | null;
  /** The same of what is highlighted; null while nothing is. */
  marked: TopRows | null;
  pending: boolean;
  estimated: boolean;
  onChoose: (selection: Selection) => void;
}): ReactNode {
  const { dimension, value, pending, estimated, onChoose } = props;
  const marked = useMemo(
    () => props.marked && new Map(props.marked.rows.map((row) => [row[dimension], Number(row['value'] ?? 0)])),
    [props.marked, dimension],
  );
  const { where, setWhere } = useWorkbench();
  const [isLong, setLong] = useState(false);
  const rows = value?.rows ?? [];
  const shown = rows.slice(0, isLong ? MORE : SHOWN);
  const highest = Math.max(...shown.map((row) => Number(row['value'] ?? 0)), 0);
  const scaled = rows.some((row) => row['scaled'] === true);
  return (
    <section className="panel" aria-busy={pending && !estimated} aria-labelledby={`bars-${dimension}`}>
      <header>
        <h2 id={`bars-${dimension}`}>{TITLES[dimension]}</h2>
        <span className="quiet">
          <EstimateMark when={estimated} />
          {value === null || estimated ? '' : `${formatCount(value.all)} in all`}
          {scaled ? ', scaled by sampling' : ''}
        </span>
      </header>
      {value?.all === 0 && <p className="quiet">No flow matches the filter: clear it or widen it.</p>}
      <ul className="bars">
        {shown.map((row) => (
          <BarRow
            key={String(row[dimension])}
            dimension={dimension}
            row={row}
            highest={highest}
            marked={marked === null ? null : (marked.get(row[dimension]) ?? 0)}
            onChoose={(key, isFilter) => {
              const filter = `${dimension} = ${filterWord(key)}`;
              if (isFilter) setWhere(joinFilters(where, filter));
              else onChoose({ id: filter, kind: KINDS[dimension], title: rowName(dimension, key), filter });
            }}
          />
        ))}
      </ul>
      {value !== null && value.all > SHOWN && (
        <button type="button" className="quiet small more" onClick={() => setLong(!isLong)}>
          {isLong ? 'Show fewer' : value.all > MORE ? `Show the first ${MORE}` : `Show all ${value.all}`}
        </button>
      )}
    </section>
  );
});

function KeyNumbers({ value: totals, pending, estimated }: Estimated<EstimatedTotals>): ReactNode {
  const { where, version, overview } = useWorkbench();
  const coverage = useAsk('findings', null, version).value?.[0]?.coverage ?? null;
  const opened = totals?.flows && totals.outbound !== null ? totals.outbound / totals.flows : null;
  const about = estimated ? '≈ ' : '';
  const as = estimated ? 'estimated, ' : '';
  const cards: [string, string, string][] = [
    [
      'Flows',
      about + formatCount(totals?.flows ?? null),
      opened === null ? '' : `${as}${formatShare(opened)} opened from inside`,
    ],
    ['Bytes', about + formatBytes(totals?.bytes ?? null), `${as}both ways, IP layer`],
    ['Packets', about + formatCount(totals?.packets ?? null), `${as}both ways`],
    ['Host-hours', formatCount(totals?.hostHours ?? null), 'a host in a clock hour'],
    ['Hosts', formatCount(totals?.hosts ?? null), 'addresses inside the ranges'],
    ['Days', formatCount(totals?.days ?? null), 'with flows'],
    ['Evidence', formatCount(overview.evidence.length), 'files, whole case'],
  ];
  return (
    <dl className="key-numbers" aria-busy={pending && !estimated}>
      {cards.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong>
            <span className="quiet">{note}</span>
            <CopyButton
              isIcon
              of={name}
              text={() =>
                figureLine(
                  {
                    subject: name,
                    amounts: [note === '' ? value : `${value} (${note})`],
                    where: name === 'Evidence' ? '' : where,
                  },
                  overview,
                  coverage,
                )
              }
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What the evidence comes to and what is wrong with it, and the way to it. */
function EvidenceLine(): ReactNode {
  const { overview, go } = useWorkbench();
  const { evidence } = overview;
  const flawed = evidence.filter(({ problems }) => problems.length > 0);
  const bytes = evidence.reduce((sum, file) => sum + file.bytes, 0);
  const partial = evidence.filter(({ status }) => status === 'partial').length;
  return (
    <section className="panel summary-line" aria-labelledby="evidence-line-title">
      <h2 id="evidence-line-title">Evidence</h2>
      <p>
        {formatCounted(evidence.length, 'file')}, {formatBytes(bytes)}
        {partial > 0 ? `, ${formatCount(partial)} partly read` : ', read whole'}
        {flawed.length > 0 ? `; problems in ${formatCount(flawed.length)}:` : '; no problems.'}
      </p>
      <span className="quiet">whole case</span>
      <button type="button" className="small" onClick={() => go('evidence')}>
        Look at the evidence
      </button>
      {flawed.slice(0, SHOWN).flatMap((file) =>
        file.problems.map((problem) => (
          <p key={`${file.id} ${problem.kind}`} className="problem">
            <strong>{fileName(file.path)}</strong>: {visibleText(problem.message)}{' '}
            <span className="quiet">({problemPlace(file.format, problem)})</span>
          </p>
        )),
      )}
      {flawed.length > SHOWN && (
        <p className="quiet">
          and in {formatCounted(flawed.length - SHOWN, 'more file')}: the Evidence view has them all.
        </p>
      )}
    </section>
  );
}

/** What the claims and findings come to, and the way to them; nothing before there are any. */
function FindingsLine(): ReactNode {
  const { version, go } = useWorkbench();
  const { value } = useAsk('findings', null, version);
  if (value === null || value.length === 0) return null;
  const claims = claimsOf(value);
  const count = (verdict: Verdict): string =>
    formatCount(value.filter((each) => each.kind !== 'claim-check' && each.verdict === verdict).length);
  return (
    <section className="panel summary-line" aria-labelledby="findings-line-title">
      <h2 id="findings-line-title">Findings</h2>
      <p>
        {claims.length > 0 && (
          <>
            Of {formatCount(claims.length)} claims {claimTally(claims)}.{' '}
          </>
        )}
        {formatCount(value.length - claims.length)} findings: {count('supported')} supported, {count('not-supported')}{' '}
        not supported, {count('insufficient-data')} without enough data.
      </p>
      <span className="quiet">whole case</span>
      <button type="button" className="small" onClick={() => go('findings')}>
        Look at the findings
      </button>
    </section>
  );
}

export function OverviewView(): ReactNode {
  const { where, metric, version, select } = useWorkbench();
  // One question for all panels, so that they change together.
  const {
    value: tops,
    error,
    pending,
    estimated,
  } = useEstimatedTop({ by: [...BAR_DIMENSIONS], metric, where, limit: MORE }, version);
  // Asked for after the bars, which are drawn while these are counted.
  const totals = useEstimatedTotals(where, version);
  const markedWhere = useMarked(where);
  const asked = { by: [...BAR_DIMENSIONS], metric, where: markedWhere ?? '', limit: MOST_MARKED };
  const markedTops = useAsk('top', asked, version, markedWhere !== null).value;
  return (
    <Inspected>
      <div className="view overview">
        <KeyNumbers {...totals} />
        <FindingsLine />
        {error !== null && <ErrorNotice error={error} />}
        <div className="bar-panels">
          {BAR_DIMENSIONS.map((dimension) => (
            <BarPanel
              key={dimension}
              dimension={dimension}
              value={tops?.find(({ by }) => by === dimension) ?? null}
              marked={markedWhere === null ? null : (markedTops?.find(({ by }) => by === dimension) ?? null)}
              pending={pending}
              estimated={estimated}
              onChoose={select}
            />
          ))}
        </div>
        <EvidenceLine />
        <RecordFoot />
      </div>
    </Inspected>
  );
}
