import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useState } from 'react';
import type { HostList, ListedHost } from '../../shared/jobs.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { filterWord } from '../state/filter-completion.ts';
import { useMarked } from '../state/highlight.ts';
import {
  type HostOrder,
  type HostRow,
  activityLevels,
  findHosts,
  hostProfiles,
  hostRows,
  hostTable,
  orderHosts,
} from '../state/host-rows.ts';
import { localTime } from '../state/local-time.ts';
import { ROW, scrollGeometry } from '../state/scroll-geometry.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useEstimatedHosts } from '../state/use-estimated.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { ESTIMATED, EstimateMark } from './estimate-mark.tsx';
import { FigureTools } from './figure-tools.tsx';
import { HostPage } from './host-page.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { say, type Text } from '../../shared/text/say.ts';

/** The hosts of the matching flows, row by row; only what is in view exists. */

/** Hosts asked for: the busiest ones. */
const MOST_HOSTS = 5000;
/** Hosts asked for before the others: more than a screen holds. */
const FIRST_HOSTS = 80;
const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 18;

/** Flows over the days of the case, over those of the host's fullest step. */
const Spark = memo(function Spark({ activity }: { activity: string }): ReactNode {
  const levels = activityLevels(activity);
  const pitch = SPARK_WIDTH / Math.max(1, levels.length);
  const bar = Math.max(0.8, pitch - (pitch > 3 ? 1 : 0)).toFixed(2);
  const path = levels
    .map((level, i) => {
      const height = (level * SPARK_HEIGHT).toFixed(1);
      return level === 0 ? '' : `M${(i * pitch).toFixed(2)} ${SPARK_HEIGHT}v-${height}h${bar}v${height}z`;
    })
    .join('');
  return (
    <svg className="spark" width={SPARK_WIDTH} height={SPARK_HEIGHT} aria-hidden="true">
      <path d={path} />
    </svg>
  );
});

/** By itself: React writes to a field whenever what it stands in is drawn. */
const Search = memo(function Search(props: { wanted: string; onWanted: (wanted: string) => void }): ReactNode {
  return (
    <input
      type="search"
      aria-label={say('Find hosts by address, role or device')}
      placeholder={say('Address, role or device')}
      value={props.wanted}
      onChange={(event) => props.onWanted(event.target.value)}
    />
  );
});

interface Column {
  readonly name: Text;
  readonly className: string;
  readonly order: HostOrder | null;
  /** Whether the largest comes first when it is chosen. */
  readonly descends: boolean;
  readonly cell: (row: HostRow, timeZone: string) => ReactNode;
}

/** An estimate does not tell when a host was seen. */
function seenAt(time: number | null, timeZone: string): string {
  return time === null ? '…' : localTime(time, timeZone, 'minute');
}

const COLUMNS: readonly Column[] = [
  { name: 'Host', className: 'h-host mono', order: 'host', descends: false, cell: (row) => visibleText(row.host) },
  {
    name: 'Role',
    className: 'h-role',
    order: 'role',
    descends: false,
    cell: (row) => row.profile?.role ?? <span className="quiet">–</span>,
  },
  {
    name: 'Devices',
    className: 'h-devices c-extra',
    order: 'devices',
    descends: false,
    cell: (row) => (row.devices === '' ? <span className="quiet">–</span> : visibleText(row.devices)),
  },
  {
    name: 'Over the case',
    className: 'h-spark',
    order: null,
    descends: false,
    cell: (row) => <Spark activity={row.activity} />,
  },
  {
    name: 'Flows',
    className: 'h-amount number',
    order: 'flows',
    descends: true,
    cell: (row) => formatCount(row.flows),
  },
  {
    name: 'Bytes',
    className: 'h-amount number',
    order: 'bytes',
    descends: true,
    cell: (row) => formatBytes(row.bytes),
  },
  {
    name: 'First seen',
    className: 'h-time mono c-extra',
    order: 'firstSeen',
    descends: false,
    cell: (row, zone) => seenAt(row.firstSeen, zone),
  },
  {
    name: 'Last seen',
    className: 'h-time mono',
    order: 'lastSeen',
    descends: true,
    cell: (row, zone) => seenAt(row.lastSeen, zone),
  },
];

export function HostsView(): ReactNode {
  const { where, setWhere, version, timeZone, profileZone, overview, busy, selection, select } = useWorkbench();
  const [order, setOrder] = useState<{ by: HostOrder; isDescending: boolean }>({ by: 'flows', isDescending: true });
  const [wanted, setWanted] = useState('');
  const isBusiestFirst = order.by === 'flows' && order.isDescending && wanted === '';
  const firsts = useEstimatedHosts({ where, limit: FIRST_HOSTS }, version, isBusiestFirst);
  const whole = useAsk('hosts', { where, limit: MOST_HOSTS }, version);
  const isFirsts = isBusiestFirst && whole.pending && (firsts.estimated || !firsts.pending);
  const list: HostList<ListedHost> | null = isFirsts ? firsts.value : whole.value;
  const estimated = isFirsts && firsts.estimated;
  const { error, pending } = isFirsts ? firsts : whole;
  const markedWhere = useMarked(where);
  const asked = { where: markedWhere ?? '', limit: MOST_HOSTS };
  const markedList = useAsk('hosts', asked, version, markedWhere !== null).value;
  const highlighted = useMemo(
    () => new Set(markedWhere === null ? [] : (markedList?.hosts ?? []).map(({ host }) => host)),
    [markedWhere, markedList],
  );
  const findings = useAsk('findings', null, version, !busy).value;
  const [scroller, { height: viewport }] = useSize<HTMLDivElement>();
  const [scrollTop, setScrollTop] = useState(0);
  const [row, setRow] = useState<number | null>(null);
  const profiles = useMemo(() => hostProfiles(findings), [findings]);
  const all = useMemo(() => (list === null ? [] : hostRows(list, profiles)), [list, profiles]);
  const rows = useMemo(() => orderHosts(findHosts(all, wanted), order.by, order.isDescending), [all, wanted, order]);
  const total = isFirsts ? Math.min(list?.all ?? 0, MOST_HOSTS) : rows.length;
  const { height, first, visible } = scrollGeometry(total, viewport - ROW, scrollTop);
  const shown = rows.slice(first, first + visible + 4);
  useEffect(() => {
    // Only where it is scrolled: to ask the page where it stands makes it lay itself out.
    if (scrollTop > 0) scroller.current?.scrollTo({ top: 0 });
    setRow(null);
  }, [where, wanted, order, scroller]);

  const listed = (count: number, part = ''): string =>
    say('{rows} of {all} hosts listed{busiest}. ', {
      rows: formatCount(count),
      all: formatCount(list?.all ?? 0),
      busiest: part,
    });
  const open = (host: string, isFilter: boolean): void => {
    const filter = `host = ${filterWord(host)}`;
    if (isFilter) setWhere(joinFilters(where, filter));
    else select({ id: host, kind: 'Host', title: host, filter });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.altKey) return;
    const moves: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: visible - 1,
      PageUp: 1 - visible,
      Home: -rows.length,
      End: total,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const next = Math.max(0, Math.min(total - 1, (row ?? (move > 0 ? first - 1 : first)) + move));
      setRow(next);
      if (next < first) scroller.current?.scrollTo({ top: next * ROW });
      else if (next >= first + visible - 1) scroller.current?.scrollTo({ top: (next - visible + 2) * ROW });
    } else if (event.key === 'Enter' && row !== null) {
      const chosen = rows[row];
      if (chosen !== undefined) open(chosen.host, event.shiftKey);
    } else if (event.key === 'Escape') select(null);
    else return;
    event.preventDefault();
  };

  if (error !== null) return <ErrorNotice error={error} />;
  return (
    <div className={selection === null ? 'view hosts' : 'view hosts inspecting'}>
      {list?.all === 0 ? (
        <Empty title={say('No host of the ranges is in the matching flows')}>
          <p>{say('Clear the filter, or look whether the profile’s ranges are those of the evidence.')}</p>
          <button type="button" onClick={() => setWhere('')}>
            {say('Clear the filter')}
          </button>
        </Empty>
      ) : (
        <section className="flow-table panel" aria-busy={pending && !estimated} aria-labelledby="hosts-title">
          <header>
            <h2 id="hosts-title">
              {list === null || estimated ? say('Hosts') : say('{all} hosts', { all: formatCount(list.all) })}
            </h2>
            <EstimateMark when={estimated} />
            {list !== null && (
              <FigureTools
                title={say('Hosts over the case')}
                table={() => hostTable(list, rows)}
                facts={{
                  step: say('flows of {daysPerStep|day|days}, over those of the host’s fullest', {
                    daysPerStep: list.daysPerStep,
                  }),
                  filter: where === '' ? say('every flow') : where,
                  zone: profileZone,
                  ...(estimated ? ESTIMATED : {}),
                  case: overview.title,
                  ...(rows.length < list.all ? { rows: listed(rows.length).trim() } : {}),
                }}
              />
            )}
            <Search wanted={wanted} onWanted={setWanted} />
          </header>
          <div
            ref={scroller}
            role="grid"
            aria-label={say('Hosts, times in {timeZone}', { timeZone })}
            aria-rowcount={total + 1}
            aria-colcount={COLUMNS.length}
            aria-activedescendant={
              row !== null && row >= first && row < first + shown.length ? `host-${row}` : undefined
            }
            tabIndex={0}
            onKeyDown={onKeyDown}
            className="flow-grid"
            onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
          >
            <div role="rowgroup" className="flow-head">
              <div role="row" className="flow-row" aria-rowindex={1}>
                {COLUMNS.map(({ name, className, order: by, descends }) => (
                  <span
                    key={name}
                    role="columnheader"
                    className={`cell ${className.replace(' mono', '')}`}
                    aria-sort={by !== order.by ? undefined : order.isDescending ? 'descending' : 'ascending'}
                  >
                    {by === null ? (
                      say(name)
                    ) : (
                      <button
                        type="button"
                        className="quiet"
                        onClick={() =>
                          setOrder((before) => ({
                            by,
                            isDescending: before.by === by ? !before.isDescending : descends,
                          }))
                        }
                      >
                        {say(name)}
                        {by === order.by && <span aria-hidden="true">{order.isDescending ? ' ↓' : ' ↑'}</span>}
                      </button>
                    )}
                  </span>
                ))}
              </div>
            </div>
            <div role="rowgroup" className="flow-height" style={{ height: `${height}px` }}>
              <div role="presentation" className="flow-rows" style={{ transform: `translateY(${first * ROW}px)` }}>
                {shown.map((each, i) => {
                  const isChosen = each.host === selection?.id;
                  return (
                    <div
                      key={each.host}
                      id={`host-${first + i}`}
                      role="row"
                      aria-rowindex={first + i + 2}
                      aria-selected={isChosen}
                      className={`flow-row${isChosen ? ' selected' : ''}${first + i === row ? ' pointed' : ''}${highlighted.has(each.host) ? ' highlighted' : ''}`}
                      onClick={(event) => {
                        setRow(first + i);
                        open(each.host, event.shiftKey);
                      }}
                    >
                      {COLUMNS.map(({ name, className, cell }) => (
                        <span key={name} role="gridcell" className={`cell ${className}`}>
                          {cell(each, timeZone)}
                        </span>
                      ))}
                    </div>
                  );
                })}
              </div>
            </div>
          </div>
          <p className="foot quiet">
            {list === null
              ? say('Reading…')
              : say(
                  '{listed}Addresses inside the ranges; times in {timeZone}. A bar is {bar}, over the host’s fullest. Role and devices are told of the busiest hosts. Enter or a click opens a host, with Shift it filters.',
                  {
                    listed:
                      total < list.all
                        ? listed(
                            total,
                            list.all > MOST_HOSTS
                              ? say(', of the {most} busiest', { most: formatCount(MOST_HOSTS) })
                              : '',
                          )
                        : '',
                    timeZone,
                    bar:
                      list.daysPerStep === 1
                        ? say('a day')
                        : say('{daysPerStep} days', { daysPerStep: list.daysPerStep }),
                  },
                )}
          </p>
        </section>
      )}
      {selection !== null && (
        <HostPage
          key={selection.id}
          selection={selection}
          row={all.find(({ host }) => host === selection.id) ?? null}
        />
      )}
    </div>
  );
}
