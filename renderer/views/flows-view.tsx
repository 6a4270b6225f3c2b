import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useState } from 'react';
import type { FlowRecord } from '../../shared/flow.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { categoryColour } from '../category-colours.ts';
import { useFlowPages } from '../state/flow-pages.ts';
import { recordMatcher } from '../state/highlight.ts';
import { durationOf, formatDuration, localTimeOf } from '../state/local-time.ts';
import { countryName } from '../../shared/country-name.ts';
import { useSize } from '../state/use-size.ts';
import { useWorkbench } from '../state/workbench.ts';
import { FlowInspector } from './flow-inspector.tsx';
import { Empty, ErrorNotice } from './notice.tsx';

/** The matching flows, row by row; only what is in view exists. */

/** Height of a row, and of the head that stays above. */
export const ROW = 27;
/** Browsers cut elements at some 33 million pixels; beyond this height the scroll bar stands for shares, not pixels. */
const TALLEST = 12_000_000;

interface Column {
  readonly name: string;
  readonly className: string;
  readonly cell: (flow: FlowRecord, timeZone: string) => ReactNode;
}

function endpoint(address: string, port: number, transport: string): ReactNode {
  const hasPort = !transport.startsWith('icmp');
  return (
    <>
      {visibleText(address)}
      {hasPort && <span className="quiet">:{port}</span>}
    </>
  );
}

const COLUMNS: readonly Column[] = [
  { name: 'Start', className: 'c-time mono', cell: (flow, zone) => localTimeOf(flow.start, zone, 'second') },
  {
    name: 'Initiator',
    className: 'c-end mono',
    cell: (flow) => endpoint(flow.initiator, flow.initiatorPort, flow.transport),
  },
  {
    name: 'Responder',
    className: 'c-end mono',
    cell: (flow) => endpoint(flow.responder, flow.responderPort, flow.transport),
  },
  {
    name: 'Peer in',
    className: 'c-short',
    cell: (flow) =>
      flow.country === null ? '–' : <span title={countryName(flow.country) ?? ''}>{visibleText(flow.country)}</span>,
  },
  {
    name: 'Host name',
    className: 'c-name',
    cell: (flow) => (flow.hostname === null ? '–' : visibleText(flow.hostname)),
  },
  {
    name: 'Protocol',
    className: 'c-word c-extra',
    cell: (flow) => (
      <>
        {visibleText(flow.protocol)} <span className="quiet">{flow.transport}</span>
      </>
    ),
  },
  {
    name: 'Service',
    className: 'c-service',
    cell: (flow) => (flow.service === null ? '–' : visibleText(flow.service)),
  },
  {
    name: 'Category',
    className: 'c-category',
    cell: (flow) => (
      <>
        <span className="swatch" style={{ backgroundColor: categoryColour(flow.category) }} />
        {visibleText(flow.category)}
      </>
    ),
  },
  { name: 'Out', className: 'c-bytes number c-extra', cell: (flow) => formatBytes(flow.bytesOut) },
  { name: 'In', className: 'c-bytes number c-extra', cell: (flow) => formatBytes(flow.bytesIn) },
  { name: 'Lasted', className: 'c-bytes number c-extra', cell: (flow) => formatDuration(durationOf(flow)) },
];

/** Height of the scrolled content, and the first row in view, for a table of any length. */
export function scrollGeometry(
  total: number,
  viewport: number,
  scrollTop: number,
): { height: number; first: number; visible: number } {
  const visible = Math.max(1, Math.floor(viewport / ROW));
  const full = total * ROW;
  if (full <= TALLEST)
    return { height: full, first: Math.min(Math.floor(scrollTop / ROW), Math.max(0, total - 1)), visible };
  const share = Math.min(1, Math.max(0, scrollTop / (TALLEST - viewport)));
  return { height: TALLEST, first: Math.round(share * Math.max(0, total - visible)), visible };
}

function Row(props: {
  flow: FlowRecord | null;
  row: number;
  selected: boolean;
  highlighted: boolean;
  timeZone: string;
  onSelect: () => void;
}): ReactNode {
  const { flow, row, selected, timeZone, onSelect } = props;
  return (
    <div
      id={`flow-${row}`}
      role="row"
      aria-rowindex={row + 2}
      aria-selected={selected}
      className={`flow-row${selected ? ' selected' : ''}${props.highlighted ? ' highlighted' : ''}`}
      onClick={onSelect}
    >
      {COLUMNS.map(({ name, className, cell }) => (
        <span key={name} role="gridcell" className={`cell ${className}`}>
          {flow === null ? <span className="loading">…</span> : cell(flow, timeZone)}
        </span>
      ))}
    </div>
  );
}

export function FlowsView(): ReactNode {
  const { where, version, timeZone, setWhere, highlight } = useWorkbench();
  const matches = useMemo(() => (highlight === null ? null : recordMatcher(highlight.filter)), [highlight]);
  const isMarked = (record: FlowRecord | null): boolean => record !== null && matches?.(record) === true;
  const [scroller, { height: viewport }] = useSize<HTMLDivElement>();
  const [scrollTop, setScrollTop] = useState(0);
  const [selected, setSelected] = useState<number | null>(null);
  const [isOpen, setOpen] = useState(false);
  const { total, error, flow, want } = useFlowPages(where, version);
  const knownTotal = total ?? 0;
  const { height, first, visible } = scrollGeometry(knownTotal, viewport - ROW, scrollTop);
  const last = Math.min(Math.max(0, knownTotal - 1), first + visible + 4);
  useEffect(() => want(first, last), [want, first, last]);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
    setSelected(null);
    setOpen(false);
  }, [where, scroller]);

  const reveal = (row: number): void => {
    const element = scroller.current;
    if (element === null) return;
    const exact = knownTotal * ROW <= TALLEST;
    if (row >= first && row < first + visible - 1) return;
    const target = row < first ? row : Math.max(0, row - visible + 2);
    const top = exact ? target * ROW : (target / Math.max(1, knownTotal - visible)) * (TALLEST - viewport);
    element.scrollTo({ top });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: visible - 1,
      PageUp: 1 - visible,
      Home: -knownTotal,
      End: knownTotal,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const next = Math.max(0, Math.min(knownTotal - 1, (selected ?? (move > 0 ? first - 1 : first)) + move));
      setSelected(next);
      reveal(next);
    } else if (event.key === 'Enter' && selected !== null) setOpen(true);
    else if (event.key === 'Escape') setOpen(false);
    else return;
    event.preventDefault();
  };

  const rows: number[] = [];
  for (let row = first; row <= last && row < knownTotal; row++) rows.push(row);
  const shown = selected === null ? null : flow(selected);
  const exact = knownTotal * ROW <= TALLEST;
  const lastShown = exact ? Math.floor((scrollTop + viewport - ROW) / ROW) : first + visible;

  return (
    <div className={isOpen ? 'view flows inspecting' : 'view flows'}>
      {error !== null && <ErrorNotice error={error} />}
      {total === 0 ? (
        <Empty title="No flow matches the filter">
          <p>Clear the filter or widen it.</p>
          <button type="button" onClick={() => setWhere('')}>
            Clear the filter
          </button>
        </Empty>
      ) : (
        <div className="flow-table panel">
          <div
            ref={scroller}
            role="grid"
            aria-label={`Flows, times in ${timeZone}`}
            aria-rowcount={knownTotal + 1}
            aria-colcount={COLUMNS.length}
            aria-activedescendant={selected !== null && rows.includes(selected) ? `flow-${selected}` : undefined}
            tabIndex={0}
            onKeyDown={onKeyDown}
            className="flow-grid"
            onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
          >
            <div role="rowgroup" className="flow-head">
              <div role="row" className="flow-row" aria-rowindex={1}>
                {COLUMNS.map(({ name, className }) => (
                  <span key={name} role="columnheader" className={`cell ${className.replace(' mono', '')}`}>
                    {name}
                  </span>
                ))}
              </div>
            </div>
            <div role="rowgroup" className="flow-height" style={{ height: `${height}px` }}>
              <div
                role="presentation"
                className="flow-rows"
                style={{ transform: `translateY(${exact ? first * ROW : scrollTop}px)` }}
              >
                {rows.map((row) => (
                  <Row
                    key={row}
                    row={row}
                    flow={flow(row)}
                    selected={row === selected}
                    highlighted={isMarked(flow(row))}
                    timeZone={timeZone}
                    onSelect={() => {
                      setSelected(row);
                      setOpen(true);
                    }}
                  />
                ))}
              </div>
            </div>
          </div>
          <p className="foot quiet">
            {total === null
              ? 'Reading…'
              : `Rows ${formatCount(Math.min(first + 1, total))}–${formatCount(Math.min(lastShown, total))} of ${formatCount(total)}, in stored order. Start in ${timeZone} time; bytes as recorded. Arrow keys move, Enter explains a flow.${highlight !== null && matches === null ? ' What is highlighted cannot be told row by row.' : ''}`}
          </p>
        </div>
      )}
      {isOpen && shown !== null && <FlowInspector flow={shown} onClose={() => setOpen(false)} />}
    </div>
  );
}
