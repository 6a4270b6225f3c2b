import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { countryName } from '../../shared/country-name.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import type { FlowOrder, OrderField } from '../../shared/flow-order.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsk } from '../bridge-access.ts';
import { categoryColour } from '../category-colours.ts';
import { cellTest, cellText, flowColumn, storeColumns, storedColumns } from '../state/flow-columns.ts';
import {
  type FlowGroup,
  groupOrder,
  GROUP_DIMENSIONS,
  GROUP_NAMES,
  type GroupDimension,
  GroupedRows,
} from '../state/flow-groups.ts';
import { type FlowListing, useFlowRows } from '../state/flow-rows.ts';
import { recordMatcher } from '../state/highlight.ts';
import { fileName } from '../state/names.ts';
import { settingStore } from '../state/setting-store.ts';
import { ROW, scrollGeometry, TALLEST } from '../state/scroll-geometry.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useSize } from '../state/use-size.ts';
import { useActions } from '../state/view-actions.ts';
import { useWorkbench } from '../state/workbench.ts';
import { CellMenu, type MenuItem, type MenuPlace } from './cell-menu.tsx';
import { copyText } from './copy-button.tsx';
import { FlowColumnsDialog } from './flow-columns-dialog.tsx';
import { CarvePacketsDialog, ExportFlowsDialog } from './flow-files.tsx';
import { FlowHeads } from './flow-heads.tsx';
import { GroupHeads, GroupRow, useGroups } from './flow-group-rows.tsx';
import { FlowFoot } from './flow-foot.tsx';
import { FlowInspector } from './flow-inspector.tsx';
import { cellItems, headItems } from './flow-menus.ts';
import { FlowRow } from './flow-row.tsx';
import { Empty, ErrorNotice } from './notice.tsx';
import { say } from '../../shared/text/say.ts';

/** The matching flows, row by row, in groups if asked for; only what is in view exists. */

/** Distance of cells and of the row's ends from the edge, in CSS pixels; as in the style sheet. */
const CELL_GAP = 12;
const ROW_EDGE = 14;

/** How flows are listed while the case is open. */
const listing = settingStore<{ order: FlowOrder | null; grouping: GroupDimension | null }>({
  order: null,
  grouping: null,
});

type Opened =
  | { readonly kind: 'columns' }
  | { readonly kind: 'export' | 'carve'; readonly where: string }
  | { readonly kind: 'cell' | 'head'; readonly place: MenuPlace; readonly field: OrderField };

const NO_GROUPS: readonly FlowGroup[] = [];

export function FlowsView(): ReactNode {
  const { where, version, timeZone, setWhere, highlight, setHighlight, overview } = useWorkbench();
  const matches = useMemo(() => (highlight === null ? null : recordMatcher(highlight.filter)), [highlight]);
  const [shownColumns, setShownColumns] = useState(storedColumns);
  const { order, grouping } = listing.use();
  const setOrder = (next: FlowOrder | null): void => listing.set({ order: next });
  const [openGroups, setOpenGroups] = useState<ReadonlySet<string | null>>(new Set());
  const [scroller, { height: viewport }] = useSize<HTMLDivElement>();
  const [scrollTop, setScrollTop] = useState(0);
  const [selected, setSelected] = useState<number | null>(null);
  const [pointed, setPointed] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const [opened, setOpened] = useState<Opened | null>(null);
  const groupField = useRef<HTMLSelectElement>(null);

  const { value: counted, error: countError, pending } = useAsk('flowsPage', { where, offset: 0, limit: 0 }, version);
  const rowsOf = useFlowRows(order, version);
  const { groups, error: groupError } = useGroups(grouping, order);
  const isGrouped = grouping !== null;
  const grouped = useMemo(
    () => new GroupedRows(groups ?? NO_GROUPS, ({ key }) => openGroups.has(key)),
    [groups, openGroups],
  );
  // Rows of the list before stay until the first in view of the next is there; groups come as a whole.
  const wanted = { listed: rowsOf.listed, where, total: counted?.total ?? null };
  const [drawn, setDrawn] = useState(wanted);
  const flowTotal = drawn.total;
  const total = isGrouped ? grouped.total : (flowTotal ?? 0);
  // Columns of flows have heads where there are flows.
  const hasFlowHeads = !isGrouped || openGroups.size > 0;
  const inView = viewport - ROW * (isGrouped && hasFlowHeads ? 2 : 1);
  const { height, first, visible } = scrollGeometry(total, inView, scrollTop);
  const last = Math.min(Math.max(0, total - 1), first + visible + 4);
  const isThere =
    !pending &&
    (isGrouped
      ? groups !== null
      : wanted.total !== null && (first >= wanted.total || rowsOf.flow(wanted, first) !== null));
  if (isThere && (drawn.listed !== wanted.listed || drawn.where !== where || drawn.total !== wanted.total))
    setDrawn(wanted);
  const columns = useMemo(() => shownColumns.map(({ field }) => flowColumn(field)), [shownColumns]);
  const column = columns[Math.min(pointed, columns.length - 1)] ?? flowColumn('start');
  const error = countError ?? groupError ?? rowsOf.error;

  /** What stands in a row: the head of a group, or a flow of a filter. */
  const placeOf = (row: number): { group: FlowGroup | null; source: (FlowListing & { row: number }) | null } => {
    if (!isGrouped) return { group: null, source: { listed: drawn.listed, where: drawn.where, row } };
    const { group: index, flow: number } = grouped.at(row);
    const group = groups?.[index] ?? null;
    if (group === null || number === null) return { group, source: null };
    return { group, source: { listed: rowsOf.listed, where: joinFilters(where, group.test), row: number } };
  };
  const flowOf = (row: number): FlowRecord | null => {
    const { source } = placeOf(row);
    return source === null ? null : rowsOf.flow(source, source.row);
  };
  const { want } = rowsOf;
  useEffect(() => {
    if (!isGrouped) {
      want(where, first, last);
      return;
    }
    // Neighbours of one group are asked for together.
    let run: { where: string; first: number; last: number } | null = null;
    for (let row = first; row <= last && row < total; row++) {
      const { source } = placeOf(row);
      if (run !== null && source?.where === run.where) run.last = source.row;
      else {
        if (run !== null) want(run.where, run.first, run.last);
        run = source === null ? null : { where: source.where, first: source.row, last: source.row };
      }
    }
    if (run !== null) want(run.where, run.first, run.last);
    // What a row holds follows from these.
  }, [want, first, last, total, where, isGrouped, groups, grouped]);
  useEffect(() => {
    // Only where it is scrolled: to ask the page where it stands makes it lay itself out.
    if (scrollTop > 0) scroller.current?.scrollTo({ top: 0 });
    setSelected(null);
    setOpen(false);
  }, [where, order, grouping, scroller]);
  useEffect(() => storeColumns(shownColumns), [shownColumns]);

  const exact = total * ROW <= TALLEST;
  const reveal = (row: number, at: number): void => {
    const element = scroller.current;
    if (element === null) return;
    if (row < first || row >= first + visible - 1) {
      const target = row < first ? row : Math.max(0, row - visible + 2);
      element.scrollTo({ top: exact ? target * ROW : (target / Math.max(1, total - visible)) * (TALLEST - viewport) });
    }
    const cell = document.getElementById(`flow-${row}-${at}`) ?? document.getElementById(`flow-${first}-${at}`);
    if (cell === null) return;
    const { offsetLeft: left, offsetWidth: width } = cell;
    if (left < element.scrollLeft) element.scrollTo({ left: left - ROW_EDGE });
    else if (left + width > element.scrollLeft + element.clientWidth)
      element.scrollTo({ left: left + width + ROW_EDGE - element.clientWidth });
  };
  const turn = (group: FlowGroup, open: boolean): void => {
    if (openGroups.has(group.key) === open) return;
    const next = new Set(openGroups);
    if (open) next.add(group.key);
    else next.delete(group.key);
    setOpenGroups(next);
  };
  const orderBy = (field: OrderField): void => {
    const descends = flowColumn(field).descends === true;
    if (order?.by !== field) setOrder({ by: field, descending: descends });
    // The third time the stored order comes back.
    else if (order.descending === descends) setOrder({ by: field, descending: !descends });
    else setOrder(null);
  };
  const group = (dimension: GroupDimension | null): void => {
    setOpenGroups(new Set());
    listing.set({ grouping: dimension });
  };

  // What is done with a cell

  const here = selected === null || selected >= total ? null : placeOf(selected);
  const shown = selected === null ? null : flowOf(selected);
  const test = here?.source === null ? here.group?.test || null : shown === null ? null : cellTest(column, shown);
  const groupName = (of: FlowGroup): string => {
    if (of.key === null) return 'none';
    if (grouping === 'evidence') {
      const file = overview.evidence.find(({ id }) => id === of.key);
      if (file !== undefined) return fileName(file.path);
    }
    const name = grouping === 'country' ? countryName(of.key) : null;
    const key = grouping === 'asn' ? `AS${of.key}` : visibleText(of.key);
    return name === null ? key : `${name} (${key})`;
  };
  const hereText =
    here?.source === null
      ? here.group === null
        ? ''
        : groupName(here.group)
      : shown === null
        ? ''
        : cellText(column, shown, timeZone);
  const copied = shown === null ? hereText : String(column.value(shown) ?? '');
  const isMarked = test !== null && highlight?.filter === test;
  const filterTo = (): void => {
    if (test !== null) setWhere(joinFilters(where, test));
  };
  const exclude = (): void => {
    if (test !== null) setWhere(joinFilters(where, `not (${test})`));
  };
  const mark = (): void => {
    if (test !== null) setHighlight(isMarked ? null : { title: hereText, filter: test });
  };

  useActions((action) => {
    switch (action) {
      case 'filter-to-cell':
        filterTo();
        return true;
      case 'exclude-cell':
        exclude();
        return true;
      case 'highlight-cell':
        mark();
        return true;
      case 'copy-cell':
        copyText(copied);
        return true;
      case 'sort-flows':
        orderBy(column.field);
        return true;
      case 'group-flows':
        groupField.current?.focus();
        return true;
      case 'choose-columns':
        setOpened({ kind: 'columns' });
        return true;
      case 'export-flows':
        setOpened({ kind: 'export', where });
        return true;
      case 'carve-packets':
        setOpened({ kind: 'carve', where });
        return true;
      default:
        return false;
    }
  });

  const openMenu = (row: number, at: number, place: MenuPlace): void => {
    setSelected(row);
    setPointed(at);
    setOpened({ kind: 'cell', place, field: columns[at]?.field ?? 'start' });
  };
  const cellMenu = (): MenuItem[] =>
    cellItems({
      column,
      text: hereText,
      copied,
      test,
      where,
      grouping,
      isMarked,
      isFlow: here?.source !== null,
      flow: shown?.id ?? null,
      filterTo,
      exclude,
      mark,
      copy: () => void copyText(copied),
      orderBy,
      group,
      explain: () => setOpen(true),
      exportFlows: (of) => setOpened({ kind: 'export', where: of }),
      carve: (of) => setOpened({ kind: 'carve', where: of }),
    });
  const headMenu = (field: OrderField): MenuItem[] =>
    headItems({
      field,
      columns: shownColumns,
      isOrdered: order !== null,
      order: setOrder,
      show: setShownColumns,
      chooseColumns: () => setOpened({ kind: 'columns' }),
    });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.altKey) return;
    const { key } = event;
    const moves: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: visible - 1,
      PageUp: 1 - visible,
      Home: -total,
      End: total,
    };
    const move = moves[key];
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    if (move !== undefined && !event.ctrlKey) {
      if (total === 0) return;
      const next = Math.max(0, Math.min(total - 1, (selected ?? (move > 0 ? first - 1 : first)) + move));
      setSelected(next);
      reveal(next, pointed);
    } else if (step !== 0 && !event.ctrlKey && !event.shiftKey) {
      if (here !== null && here.source === null && here.group !== null) turn(here.group, step > 0);
      else {
        const next = Math.max(0, Math.min(columns.length - 1, pointed + step));
        setPointed(next);
        if (selected === null && total > 0) setSelected(first);
        reveal(selected ?? first, next);
      }
    } else if (key === 'Enter' && !event.ctrlKey && !event.metaKey && here !== null) {
      if (here.source === null && here.group !== null) turn(here.group, !openGroups.has(here.group.key));
      else setOpen(true);
    } else if ((key === 'ContextMenu' || (key === 'F10' && event.shiftKey)) && selected !== null) {
      const at = here?.source === null ? 0 : Math.min(pointed, columns.length - 1);
      const box = document.getElementById(`flow-${selected}-${at}`)?.getBoundingClientRect();
      if (box !== undefined) openMenu(selected, at, { x: box.left, y: box.bottom });
    } else if (key === 'c' && (event.ctrlKey || event.metaKey) && String(getSelection()) === '') copyText(copied);
    else if (key === 'Escape') setOpen(false);
    else return;
    event.preventDefault();
  };
  const cellAt = (event: MouseEvent): { row: number; at: number } | null => {
    if (!(event.target instanceof Element)) return null;
    const row = event.target.closest<HTMLElement>('[data-row]')?.dataset['row'];
    const at = event.target.closest<HTMLElement>('[data-column]')?.dataset['column'];
    return row === undefined ? null : { row: Number(row), at: Number(at ?? 0) };
  };

  const rows: number[] = [];
  for (let row = first; row <= last && row < total; row++) rows.push(row);
  const lastShown = exact ? Math.floor((scrollTop + inView) / ROW) : first + visible;
  const rowWidth =
    shownColumns.reduce((sum, { width }) => sum + width, 0) + (columns.length - 1) * CELL_GAP + 2 * ROW_EDGE;
  const style = {
    '--row-width': `${rowWidth}px`,
    // The names take the room that is left.
    '--columns': shownColumns
      .map(({ field, width }) => (field === 'hostname' ? `minmax(${width}px, 1fr)` : `${width}px`))
      .join(' '),
  } as CSSProperties;
  const groupedBy = grouping === null ? 'flows' : groupOrder(grouping, order);
  const groupWords = groupedBy === 'key' ? say('name') : say(groupedBy);
  const orderWords =
    order === null
      ? say('in stored order')
      : say('by {name}, {which} first', {
          name: say(flowColumn(order.by).name),
          which: order.descending ? say('largest') : say('least'),
        });

  return (
    <div className={isOpen && shown !== null ? 'view flows inspecting' : 'view flows'}>
      {error !== null && <ErrorNotice error={error} />}
      {flowTotal === 0 ? (
        <Empty title={say('No flow matches the filter')}>
          <p>{say('Clear the filter or widen it.')}</p>
          <button type="button" onClick={() => setWhere('')}>
            {say('Clear the filter')}
          </button>
        </Empty>
      ) : (
        <section className="flow-table panel" aria-busy={!isThere} aria-labelledby="flows-title">
          <header>
            <h2 id="flows-title">{say('Flows')}</h2>
            <label>
              {say('Group by')}{' '}
              <select
                ref={groupField}
                value={grouping ?? ''}
                onChange={(event) => group(GROUP_DIMENSIONS.find((each) => each === event.target.value) ?? null)}
              >
                <option value="">{say('nothing')}</option>
                {GROUP_DIMENSIONS.map((each) => (
                  <option key={each} value={each}>
                    {GROUP_NAMES[each]}
                  </option>
                ))}
              </select>
            </label>
            {order !== null && (
              <button
                type="button"
                className="small"
                title={say('Back to the stored order')}
                onClick={() => setOrder(null)}
              >
                {say('By {name}', { name: say(flowColumn(order.by).name) })} {order.descending ? '↓' : '↑'} ×
              </button>
            )}
            <span className="spring" />
            <button type="button" className="small" onClick={() => setOpened({ kind: 'columns' })}>
              {say('Columns…')}
            </button>
            <button type="button" className="small" onClick={() => setOpened({ kind: 'export', where })}>
              {say('Export…')}
            </button>
            <button type="button" className="small" onClick={() => setOpened({ kind: 'carve', where })}>
              {say('Carve…')}
            </button>
          </header>
          <div
            ref={scroller}
            role={isGrouped ? 'treegrid' : 'grid'}
            aria-label={say('Flows, times in {timeZone}', { timeZone })}
            aria-rowcount={total + 1}
            aria-colcount={columns.length}
            aria-activedescendant={
              selected !== null && rows.includes(selected)
                ? `flow-${selected}-${here?.source === null ? 0 : Math.min(pointed, columns.length - 1)}`
                : undefined
            }
            tabIndex={0}
            onKeyDown={onKeyDown}
            className="flow-grid"
            style={style}
            onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
            onClick={(event) => {
              const cell = cellAt(event);
              if (cell === null) return;
              setSelected(cell.row);
              setPointed(cell.at);
              const { group: of, source } = placeOf(cell.row);
              if (source === null && of !== null) turn(of, !openGroups.has(of.key));
              else setOpen(true);
            }}
            onContextMenu={(event) => {
              const cell = cellAt(event);
              if (cell === null) return;
              event.preventDefault();
              openMenu(cell.row, cell.at, { x: event.clientX, y: event.clientY });
            }}
          >
            <div role="rowgroup" className="flow-head">
              {grouping !== null && <GroupHeads dimension={grouping} order={order} onOrder={setOrder} />}
              {hasFlowHeads && (
                <FlowHeads
                  columns={shownColumns}
                  order={order}
                  onOrder={orderBy}
                  onChange={setShownColumns}
                  onMenu={(field, place) => setOpened({ kind: 'head', field, place })}
                />
              )}
            </div>
            <div role="rowgroup" className="flow-height" style={{ height: `${height}px` }}>
              <div
                role="presentation"
                className="flow-rows"
                style={{ transform: `translateY(${exact ? first * ROW : scrollTop}px)` }}
              >
                {rows.map((row) => {
                  const { group: of, source } = placeOf(row);
                  if (source === null && of !== null) {
                    return (
                      <GroupRow
                        key={row}
                        row={row}
                        group={of}
                        name={groupName(of)}
                        share={of.flows / Math.max(1, flowTotal ?? of.flows)}
                        colour={grouping === 'category' ? categoryColour(of.key) : null}
                        isOpen={openGroups.has(of.key)}
                        selected={row === selected}
                      />
                    );
                  }
                  const flow = source === null ? null : rowsOf.flow(source, source.row);
                  return (
                    <FlowRow
                      key={row}
                      row={row}
                      flow={flow}
                      columns={columns}
                      isInGroup={isGrouped}
                      selected={row === selected}
                      pointed={row === selected ? Math.min(pointed, columns.length - 1) : null}
                      highlighted={flow !== null && matches?.(flow) === true}
                      timeZone={timeZone}
                    />
                  );
                })}
              </div>
            </div>
          </div>
          <FlowFoot
            flows={flowTotal}
            groups={isGrouped ? groups : undefined}
            groupWords={groupWords}
            orderWords={orderWords}
            first={Math.min(first + 1, total)}
            last={Math.min(lastShown, total)}
            total={total}
            timeZone={timeZone}
            isUnmarked={highlight !== null && matches === null}
          />
        </section>
      )}
      {isOpen && shown !== null && (
        <FlowInspector
          flow={shown}
          onClose={() => setOpen(false)}
          onCarve={() => setOpened({ kind: 'carve', where: `id = "${shown.id}"` })}
        />
      )}
      {(opened?.kind === 'cell' || opened?.kind === 'head') && (
        <CellMenu
          label={opened.kind === 'cell' ? hereText || say('Cell') : say(flowColumn(opened.field).name)}
          place={opened.place}
          items={opened.kind === 'cell' ? cellMenu() : headMenu(opened.field)}
          onClose={() => setOpened(null)}
        />
      )}
      {opened?.kind === 'columns' && (
        <FlowColumnsDialog columns={shownColumns} onChange={setShownColumns} onClose={() => setOpened(null)} />
      )}
      {opened?.kind === 'export' && <ExportFlowsDialog where={opened.where} onClose={() => setOpened(null)} />}
      {opened?.kind === 'carve' && <CarvePacketsDialog where={opened.where} onClose={() => setOpened(null)} />}
    </div>
  );
}
