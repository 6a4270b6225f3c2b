import { memo, type ReactNode, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric, Verdict } from '../../shared/finding.ts';
import type { TopRows } from '../../shared/jobs.ts';
import { formatAmount, formatBytes, formatCount, formatShare } from '../../shared/number-format.ts';
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
import { said, say, type Text } from '../../shared/text/say.ts';

/** The case at a glance: totals, what was done with whom, what the findings and the evidence come to. */

const SHOWN = 8;
const MORE = 60;
/** Rows of what is highlighted that are looked up. */
const MOST_MARKED = 1000;

const BAR_DIMENSIONS = ['category', 'service', 'country', 'protocol', 'host', 'range'] as const;
type BarDimension = (typeof BAR_DIMENSIONS)[number];

const TITLES = said({
  category: 'Categories',
  service: 'Services',
  protocol: 'Protocols',
  country: 'Countries of the peers',
  host: 'Hosts',
  range: 'Ranges',
});

const KINDS: Readonly<Record<BarDimension, Text>> = {
  category: 'Category',
  service: 'Service',
  protocol: 'Protocol',
  country: 'Country',
  host: 'Host',
  range: 'Range',
};

const ABSENT = said({
  category: 'none',
  service: 'no service named',
  protocol: 'none',
  country: 'not known',
  host: 'outside the ranges',
  range: 'outside the ranges',
});

function rowName(dimension: BarDimension, key: string | null): string {
  if (key === null) return ABSENT[dimension];
  if (dimension === 'country') return countryName(key) ?? visibleText(key);
  return visibleText(key);
}

/** What selects the flows of a row; its id in the inspector too. */
function filterOf(dimension: BarDimension, key: string): string {
  return `${dimension} = ${filterWord(key)}`;
}

const BarRow = memo(function BarRow(props: {
  metric: Metric;
  dimension: BarDimension;
  row: SummaryRowValue;
  highest: number;
  /** Of it, what is highlighted; null while nothing is. */
  marked: number | null;
  /** It stands in the inspector. */
  isInspected: boolean;
  onChoose: (key: string, isFilter: boolean) => void;
}): ReactNode {
  const { metric, dimension, row, highest } = props;
  const raw = row[dimension];
  const key = typeof raw === 'string' ? raw : null;
  const value = Number(row['value'] ?? 0);
  const share = typeof row['share'] === 'number' ? row['share'] : null;
  const name = rowName(dimension, key);
  const meaning =
    dimension === 'category' && key !== null && Object.hasOwn(CATEGORIES, key)
      ? `: ${say(CATEGORIES[key as keyof typeof CATEGORIES])}`
      : '';
  return (
    <li className={key === null ? 'absent' : ''}>
      <button
        type="button"
        disabled={key === null}
        aria-current={props.isInspected ? 'true' : undefined}
        title={say(
          '{name}{meaning}: {amount}, {flows} flows{highlighted}. Click to look closer, with Shift to filter.',
          {
            name,
            meaning,
            amount: formatAmount(metric, value),
            flows: formatCount(Number(row['flows'] ?? 0)),
            highlighted:
              props.marked === null
                ? ''
                : say(', {amount} highlighted', { amount: formatAmount(metric, props.marked) }),
          },
        )}
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
});

/** Kept apart: what else is answered in the view changes nothing here. */
const BarPanel = memo(function BarPanel(props: {
  dimension: BarDimension;
  value: TopRows | null;
  /** The same of what is highlighted; null while nothing is. */
  marked: TopRows | null;
  pending: boolean;
  estimated: boolean;
  /** Id of what stands in the inspector; null: nothing. */
  inspected: string | null;
  onChoose: (selection: Selection) => void;
}): ReactNode {
  const { dimension, value, pending, estimated, inspected, onChoose } = props;
  const marked = useMemo(
    () => props.marked && new Map(props.marked.rows.map((row) => [row[dimension], Number(row['value'] ?? 0)])),
    [props.marked, dimension],
  );
  const { where, setWhere, metric } = useWorkbench();
  const filterBy = useRef((_filter: string): void => undefined);
  useLayoutEffect(() => {
    filterBy.current = (filter) => setWhere(joinFilters(where, filter));
  });
  // The same from one filter to the next, so that rows are drawn when they are answered, and not when they are asked for.
  const choose = useCallback(
    (key: string, isFilter: boolean): void => {
      const filter = filterOf(dimension, key);
      if (isFilter) filterBy.current(filter);
      else onChoose({ id: filter, kind: KINDS[dimension], title: rowName(dimension, key), filter });
    },
    [dimension, onChoose],
  );
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
          {value === null || estimated ? '' : say('{all} in all', { all: formatCount(value.all) })}
          {scaled ? say(', scaled by sampling') : ''}
        </span>
      </header>
      {value?.all === 0 && <p className="quiet">{say('No flow matches the filter: clear it or widen it.')}</p>}
      <ul className="bars">
        {shown.map((row) => (
          <BarRow
            key={String(row[dimension])}
            metric={metric}
            dimension={dimension}
            row={row}
            highest={highest}
            marked={marked === null ? null : (marked.get(row[dimension]) ?? 0)}
            isInspected={typeof row[dimension] === 'string' && filterOf(dimension, row[dimension]) === inspected}
            onChoose={choose}
          />
        ))}
      </ul>
      {value !== null && value.all > SHOWN && (
        <button type="button" className="quiet small more" onClick={() => setLong(!isLong)}>
          {isLong
            ? say('Show fewer')
            : value.all > MORE
              ? say('Show the first {most}', { most: MORE })
              : say('Show all {all}', { all: value.all })}
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
  const as = estimated ? say('estimated, ') : '';
  const cards: [string, string, string][] = [
    [
      say('Flows'),
      about + formatCount(totals?.flows ?? null),
      opened === null ? '' : say('{as}{opened} opened from inside', { as, opened: formatShare(opened) }),
    ],
    [say('Bytes'), about + formatBytes(totals?.bytes ?? null), say('{as}both ways, IP layer', { as })],
    [say('Packets'), about + formatCount(totals?.packets ?? null), say('{as}both ways', { as })],
    [say('Host-hours'), formatCount(totals?.hostHours ?? null), say('a host in a clock hour')],
    [say('Hosts'), formatCount(totals?.hosts ?? null), say('addresses inside the ranges')],
    [say('Days'), formatCount(totals?.days ?? null), say('with flows')],
    [say('Evidence'), formatCount(overview.evidence.length), say('files, whole case')],
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
      <h2 id="evidence-line-title">{say('Evidence')}</h2>
      <p>
        {say('{count|file|files}', { count: evidence.length })}, {formatBytes(bytes)}
        {partial > 0 ? say(', {partial} partly read', { partial: formatCount(partial) }) : say(', read whole')}
        {flawed.length > 0
          ? say('; problems in {flawed}:', { flawed: formatCount(flawed.length) })
          : say('; no problems.')}
      </p>
      <span className="quiet">{say('whole case')}</span>
      <button type="button" className="small" onClick={() => go('evidence')}>
        {say('Look at the evidence')}
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
          {say('and in {flawed|more file|more files}: the Evidence view has them all.', {
            flawed: flawed.length - SHOWN,
          })}
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
      <h2 id="findings-line-title">{say('Findings')}</h2>
      <p>
        {claims.length > 0 && (
          <>
            {say('Of {claims} claims {tally}.', {
              claims: formatCount(claims.length),
              tally: claimTally(claims),
            })}{' '}
          </>
        )}
        {say('{findings} findings: {supported} supported, {unsupported} not supported, {untold} without enough data.', {
          findings: formatCount(value.length - claims.length),
          supported: count('supported'),
          unsupported: count('not-supported'),
          untold: count('insufficient-data'),
        })}
      </p>
      <span className="quiet">{say('whole case')}</span>
      <button type="button" className="small" onClick={() => go('findings')}>
        {say('Look at the findings')}
      </button>
    </section>
  );
}

export function OverviewView(): ReactNode {
  const { where, metric, version, selection, select } = useWorkbench();
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
              inspected={selection?.id ?? null}
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
