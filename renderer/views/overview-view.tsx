import { type ReactNode, useMemo, useState } from 'react';
import type { CaseOverview, SummaryRowValue } from '../../shared/bridge.ts';
import type { Verdict } from '../../shared/finding.ts';
import type { TopRows } from '../../shared/jobs.ts';
import { formatAmount, formatBytes, formatCount, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { CATEGORIES } from '../../shared/vocabulary.ts';
import { useAsk } from '../bridge-access.ts';
import { categoryColour } from '../category-colours.ts';
import { filterWord } from '../state/filter-completion.ts';
import { useMarked } from '../state/highlight.ts';
import type { Selection } from '../state/history.ts';
import { localTime } from '../state/local-time.ts';
import { countryName } from '../../shared/country-name.ts';
import { fileName } from '../state/names.ts';
import { figureLine } from '../state/provenance.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useEstimatedTop } from '../state/use-estimated.ts';
import { useWorkbench } from '../state/workbench.ts';
import { RecordFoot } from './case-facts.tsx';
import { CopyButton } from './copy-button.tsx';
import { EstimateMark } from './estimate-mark.tsx';
import { Inspected } from './inspected.tsx';
import { problemPlace } from './job-panel.tsx';
import { ErrorNotice } from './notice.tsx';
import { claimsOf, claimTally } from './verdicts.tsx';

/** The case at a glance: totals, what was done with whom, and the evidence. */

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

function BarPanel(props: {
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
}

function KeyNumbers(): ReactNode {
  const { where, version, overview } = useWorkbench();
  const { value: totals, pending } = useAsk('totals', { where }, version);
  const coverage = useAsk('findings', null, version).value?.[0]?.coverage ?? null;
  const opened = totals === null || totals.flows === 0 ? null : totals.outbound / totals.flows;
  const cards: [string, string, string][] = [
    ['Flows', formatCount(totals?.flows ?? null), opened === null ? '' : `${formatShare(opened)} opened from inside`],
    ['Bytes', formatBytes(totals?.bytes ?? null), 'both ways, IP layer'],
    ['Packets', formatCount(totals?.packets ?? null), 'both ways'],
    ['Host-hours', formatCount(totals?.hostHours ?? null), 'a host in a clock hour'],
    ['Hosts', formatCount(totals?.hosts ?? null), 'addresses inside the ranges'],
    ['Days', formatCount(totals?.days ?? null), 'with flows'],
    ['Evidence', formatCount(overview.evidence.length), 'files, whole case'],
  ];
  return (
    <dl className="key-numbers" aria-busy={pending}>
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

function EvidenceTable({ evidence, timeZone }: { evidence: CaseOverview['evidence']; timeZone: string }): ReactNode {
  return (
    <section className="panel" aria-labelledby="evidence-title">
      <header>
        <h2 id="evidence-title">Evidence</h2>
        <span className="quiet">the whole case, whatever the filter; times in {timeZone}</span>
      </header>
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Evidence files">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Format</th>
              <th scope="col">Status</th>
              <th scope="col" className="number">
                Size
              </th>
              <th scope="col" className="number">
                Packets, records
              </th>
              <th scope="col" className="number">
                Flows
              </th>
              <th scope="col">First to last packet</th>
              <th scope="col">SHA-256</th>
            </tr>
          </thead>
          {evidence.map((file) => (
            <tbody key={file.id}>
              <tr>
                <td title={visibleText(file.path)}>
                  <strong>{fileName(file.path)}</strong>
                </td>
                <td>{visibleText(file.format)}</td>
                <td>
                  <span className={`status ${file.status}`}>
                    {file.status === 'partial' ? 'partly read' : 'imported'}
                  </span>
                </td>
                <td className="number">{formatBytes(file.bytes)}</td>
                <td className="number">{formatCount(file.packets + file.records)}</td>
                <td className="number">{formatCount(file.flows)}</td>
                <td className="nowrap">
                  {file.firstSeen === null || file.lastSeen === null
                    ? '–'
                    : `${localTime(file.firstSeen, timeZone, 'minute')} – ${localTime(file.lastSeen, timeZone, 'minute')}`}
                </td>
                <td className="mono hash">{file.sha256}</td>
              </tr>
              {file.problems.map((problem) => (
                <tr key={problem.kind} className="problem-row">
                  <td colSpan={8}>
                    <span className="problem">
                      {visibleText(problem.message)}{' '}
                      <span className="quiet">({problemPlace(file.format, problem)})</span>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
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
    <section className="panel findings-line" aria-labelledby="findings-line-title">
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
  const { overview, timeZone, where, metric, version, select } = useWorkbench();
  // One question for all panels, so that they change together.
  const {
    value: tops,
    error,
    pending,
    estimated,
  } = useEstimatedTop({ by: [...BAR_DIMENSIONS], metric, where, limit: MORE }, version);
  const markedWhere = useMarked(where);
  const asked = { by: [...BAR_DIMENSIONS], metric, where: markedWhere ?? '', limit: MOST_MARKED };
  const markedTops = useAsk('top', asked, version, markedWhere !== null).value;
  return (
    <Inspected>
      <div className="view overview">
        <KeyNumbers />
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
        <EvidenceTable evidence={overview.evidence} timeZone={timeZone} />
        <RecordFoot />
      </div>
    </Inspected>
  );
}
