import type { ReactNode } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import { METRICS, type Metric } from '../../shared/finding.ts';
import { formatAmount, formatBytes, formatCount, formatShare } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { type Asked, useAsk } from '../bridge-access.ts';
import { categoryColour } from '../category-colours.ts';
import { filterWord } from '../state/filter-completion.ts';
import type { Selection } from '../state/history.ts';
import { countryName } from '../../shared/country-name.ts';
import { exhibitOf } from '../state/own-finding.ts';
import { figureLine } from '../state/provenance.ts';
import { holdsFilter, joinFilters } from '../state/time-filter.ts';
import { useWorkbench } from '../state/workbench.ts';
import { CopyButton } from './copy-button.tsx';
import { InspectorPanel } from './inspector-panel.tsx';
import { NotesPanel, targetOfFilter } from './notes-panel.tsx';
import { ErrorNotice } from './notice.tsx';
import { say, type Text } from '../../shared/text/say.ts';

/** What lies behind something that was clicked in a chart: its totals, its days, and what it is made of. */

/** Rows of each list. */
const LISTED = 5;

type ListDimension = 'category' | 'service' | 'country' | 'host';

const LISTS: readonly { dimension: ListDimension; title: Text; absent: Text }[] = [
  { dimension: 'category', title: 'Categories', absent: 'none' },
  { dimension: 'service', title: 'Services', absent: 'no service named' },
  { dimension: 'country', title: 'Countries of the peers', absent: 'not known' },
  { dimension: 'host', title: 'Hosts', absent: 'outside the ranges' },
];

function sumOf(rows: readonly SummaryRowValue[] | null): number | null {
  return rows === null ? null : rows.reduce((sum, row) => sum + Number(row['value'] ?? 0), 0);
}

/** First and last day with flows, and how many there are; null without any. Rows are of `summary --by day`. */
export function daysWithFlows(
  rows: readonly SummaryRowValue[],
): { readonly first: string; readonly last: string; readonly count: number } | null {
  const days = rows.flatMap(({ day, flows }) => (typeof day === 'string' && Number(flows) > 0 ? [day] : [])).toSorted();
  const [first] = days;
  const last = days.at(-1);
  return first === undefined || last === undefined ? null : { first, last, count: days.length };
}

/** Totals of a filter in each metric. Days divide the host-hours: none is counted twice. */
function useTotals(where: string): {
  readonly flows: Asked<SummaryRowValue[]>;
  readonly bytes: Asked<SummaryRowValue[]>;
  readonly packets: Asked<SummaryRowValue[]>;
  readonly 'host-hours': Asked<SummaryRowValue[]>;
} {
  const { version } = useWorkbench();
  const by = ['direction'];
  return {
    flows: useAsk('summary', { by, where, metric: 'flows' }, version),
    bytes: useAsk('summary', { by, where, metric: 'bytes' }, version),
    packets: useAsk('summary', { by, where, metric: 'packets' }, version),
    'host-hours': useAsk('summary', { by: ['day'], where, metric: 'host-hours' }, version),
  };
}

/** Copies the totals of what is selected; nothing while they are on their way. */
function CopySelection({ selection }: { selection: Selection }): ReactNode {
  const { where, overview, version } = useWorkbench();
  const only = joinFilters(where, selection.filter);
  const here = useTotals(only);
  const whole = useTotals(where);
  const coverage = useAsk('findings', null, version).value?.[0]?.coverage ?? null;
  if (METRICS.some((metric) => here[metric].value === null || here[metric].pending || whole[metric].pending))
    return null;
  const amounts = METRICS.map((metric) => {
    const [value, total] = [sumOf(here[metric].value), sumOf(whole[metric].value)];
    const share = value === null || total === null || total === 0 ? null : value / total;
    const of = where === '' ? say('the case') : say('what matches {where}', { where });
    return say('{amount} ({share} of the {total} of {of})', {
      amount: formatAmount(metric, value),
      share: formatShare(share),
      total: formatAmount(metric, total),
      of,
    });
  });
  const subject = `${say(selection.kind)} ${selection.title}`;
  return (
    <CopyButton
      of={say('the totals of {subject}', { subject: visibleText(subject) })}
      text={() => figureLine({ subject, amounts, where: only }, overview, coverage)}
    />
  );
}

function Totals({ where }: { where: string }): ReactNode {
  const workbench = useWorkbench();
  const here = useTotals(where);
  const whole = useTotals(workbench.where);
  const error = METRICS.map((metric) => here[metric].error).find((each) => each !== null) ?? null;
  const pending = METRICS.some((metric) => here[metric].pending || whole[metric].pending);
  const scaled = METRICS.some((metric) => here[metric].value?.some((row) => row['scaled'] === true) === true);
  const dayRows = here['host-hours'].value;
  const days = dayRows === null ? null : daysWithFlows(dayRows);
  const line = (metric: Metric): ReactNode => {
    const value = sumOf(here[metric].value);
    const total = sumOf(whole[metric].value);
    return (
      <tr key={metric}>
        <th scope="row">{say(metric)}</th>
        <td className="number">{metric === 'bytes' ? formatBytes(value) : formatCount(value)}</td>
        <td className="number">
          {formatShare(value === null || total === null || total === 0 ? null : value / total)}
        </td>
      </tr>
    );
  };
  return (
    <section aria-busy={pending}>
      {error !== null && <ErrorNotice error={error} />}
      <table className="selection-totals">
        <thead>
          <tr>
            <th scope="col">{say('Totals')}</th>
            <th scope="col" className="number">
              {say('here')}
            </th>
            <th scope="col" className="number">
              {workbench.where === '' ? say('of the case') : say('of the filter')}
            </th>
          </tr>
        </thead>
        <tbody>{METRICS.map(line)}</tbody>
      </table>
      {scaled && <p className="quiet foot">{say('Scaled by sampling.')}</p>}
      <dl className="facts">
        <div>
          <dt>{say('First day')}</dt>
          <dd>{days === null ? '–' : days.first}</dd>
        </div>
        <div>
          <dt>{say('Last day')}</dt>
          <dd>{days === null ? '–' : days.last}</dd>
        </div>
        <div>
          <dt>{say('Days')}</dt>
          <dd>
            <span>
              {days === null ? '–' : formatCount(days.count)}{' '}
              <span className="quiet">{say('with flows, {profileZone}', { profileZone: workbench.profileZone })}</span>
            </span>
          </dd>
        </div>
      </dl>
    </section>
  );
}

export function TopList(props: { dimension: ListDimension; title: string; absent: string; where: string }): ReactNode {
  const { dimension, title, absent, where } = props;
  const { metric, version, setWhere } = useWorkbench();
  const { value: tops, error, pending } = useAsk('top', { by: [dimension], metric, where, limit: LISTED }, version);
  const value = tops?.[0] ?? null;
  const shown = value?.rows ?? [];
  const highest = Math.max(...shown.map((row) => Number(row['value'] ?? 0)), 0);
  const nameOf = (key: string | null): string => {
    if (key === null) return absent;
    return dimension === 'country' ? `${countryName(key) ?? ''} (${visibleText(key)})`.trim() : visibleText(key);
  };
  const colourOf = (key: string | null): object =>
    dimension === 'category' ? { backgroundColor: categoryColour(key) } : {};
  return (
    <section aria-busy={pending}>
      <h3>
        {title}
        {value !== null &&
          value.all > LISTED &&
          say(': first {most} of {all}', { most: LISTED, all: formatCount(value.all) })}
      </h3>
      {error !== null && <ErrorNotice error={error} />}
      {value?.all === 0 && <p className="quiet">{say('No flow.')}</p>}
      <ul className="bars">
        {shown.map((row) => {
          const raw = row[dimension];
          const key = typeof raw === 'string' ? raw : null;
          const amount = Number(row['value'] ?? 0);
          const share = typeof row['share'] === 'number' ? row['share'] : null;
          const test = key === null ? '' : `${dimension} = ${filterWord(key)}`;
          return (
            <li key={String(key)} className={key === null ? 'absent' : ''}>
              <button
                type="button"
                disabled={key === null}
                title={`${nameOf(key)}: ${formatAmount(metric, amount)}.${key === null ? '' : say(' Click to add it to the filter.')}`}
                onClick={() => setWhere(joinFilters(where, test))}
              >
                <span className="bar-name">
                  <span className="clip">{nameOf(key)}</span>
                </span>
                <span className="bar-track" aria-hidden="true">
                  <span
                    className="bar-fill"
                    style={{ width: `${highest > 0 ? (amount / highest) * 100 : 0}%`, ...colourOf(key) }}
                  />
                </span>
                <span className="bar-value">{metric === 'bytes' ? formatBytes(amount) : formatCount(amount)}</span>
                <span className="bar-share">{formatShare(share)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What can be done with what is selected. */
export function SelectionActions({ selection }: { selection: Selection }): ReactNode {
  const { where, setWhere, go, select, highlight, setHighlight, askOwnFinding } = useWorkbench();
  const { title, filter } = selection;
  const isMarked = highlight?.filter === filter;
  const only = joinFilters(where, filter);
  const isFilter = holdsFilter(where, only);
  return (
    <div className="selection-actions">
      <button
        type="button"
        className="primary small"
        onClick={() => {
          setWhere(only);
          go('flows');
        }}
      >
        {say('Show the flows')}
      </button>
      <button type="button" className="small" disabled={isFilter} onClick={() => setWhere(only)}>
        {isFilter ? say('This is the filter') : say('Filter to this')}
      </button>
      <button
        type="button"
        className="small"
        disabled={isFilter || filter === ''}
        onClick={() => {
          setWhere(joinFilters(where, `not (${filter})`));
          select(null);
        }}
      >
        {say('Exclude')}
      </button>
      <button
        type="button"
        className="small"
        aria-pressed={isMarked}
        disabled={filter === ''}
        title={say('Marks it in all views by a second colour, and narrows none')}
        onClick={() => setHighlight(isMarked ? null : { title, filter })}
      >
        {say('Highlight')}
      </button>
      <button
        type="button"
        className="small"
        onClick={() => askOwnFinding({ picked: exhibitOf(selection, where), id: null })}
      >
        {say('Add to finding…')}
      </button>
    </div>
  );
}

/** The inspector of what is selected, within the filter. */
export function SelectionInspector({ selection }: { selection: Selection }): ReactNode {
  const { title, kind, filter } = selection;
  const where = joinFilters(useWorkbench().where, filter);
  return (
    <InspectorPanel
      id={`${kind}: ${title}`}
      kind={kind}
      title={visibleText(title)}
      contents={say('What lies behind it')}
      tools={<CopySelection selection={selection} />}
    >
      <section>
        <h3>{say('Filter')}</h3>
        <p className="selection-filter mono">{where === '' ? say('every flow') : visibleText(where)}</p>
        <SelectionActions selection={selection} />
      </section>
      {/* Numbers of what was selected before would stand under the wrong name. */}
      <Totals key={`totals/${kind}/${title}`} where={where} />
      {LISTS.map(({ dimension, title: heading, absent }) => (
        <TopList
          key={`${dimension}/${kind}/${title}`}
          dimension={dimension}
          title={say(heading)}
          absent={say(absent)}
          where={where}
        />
      ))}
      <NotesPanel key={`notes/${filter}`} target={targetOfFilter(filter)} />
      <details>
        <summary>{say('Why these labels')}</summary>
        <p>{say('Each flow tells its own “Why this label” in the Flows view: choose “Show the flows”, then a row.')}</p>
      </details>
    </InspectorPanel>
  );
}
