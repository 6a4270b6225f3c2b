import { ACTIONS, type ActionId } from '../../shared/actions.ts';
import type { FlowOrder, OrderField } from '../../shared/flow-order.ts';
import { type FlowColumn, moveColumn, type ShownColumn, toggleColumn } from '../state/flow-columns.ts';
import { GROUP_DIMENSIONS, type GroupDimension } from '../state/flow-groups.ts';
import { holdsFilter, joinFilters } from '../state/time-filter.ts';
import type { MenuItem } from './cell-menu.tsx';
import { shortcutName } from './command-palette.tsx';
import { say } from '../../shared/text/say.ts';

/** The menus of the flow table: what can be done with a cell, and with the head of a column. */

function keysOf(id: ActionId): string {
  return shortcutName(ACTIONS.find((action) => action.id === id)?.shortcut ?? '');
}

/** A cell, and what the table does with it. */
export interface CellChoice {
  readonly column: FlowColumn;
  /** What stands in the cell, as it is printed. */
  readonly text: string;
  /** What is copied of it. */
  readonly copied: string;
  /** The filter that the cell stands for; null: none. */
  readonly test: string | null;
  /** The filter of the views. */
  readonly where: string;
  readonly grouping: GroupDimension | null;
  readonly isMarked: boolean;
  /** False in the head of a group. */
  readonly isFlow: boolean;
  /** The flow's id; null while it is not there. */
  readonly flow: string | null;
  readonly filterTo: () => void;
  readonly exclude: () => void;
  readonly mark: () => void;
  readonly copy: () => void;
  readonly orderBy: (field: OrderField) => void;
  readonly group: (dimension: GroupDimension) => void;
  readonly explain: () => void;
  readonly exportFlows: (where: string) => void;
  readonly carve: (where: string) => void;
}

export function cellItems(cell: CellChoice): MenuItem[] {
  const { column, text, test, where, grouping, flow } = cell;
  const dimension = GROUP_DIMENSIONS.find((each) => each === column.field);
  const name = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  const what = name === '–' || name === 'none' ? say('those without') : `“${name}”`;
  const chosen = test === null ? where : joinFilters(where, test);
  const none = test === null;
  return [
    {
      id: 'filter',
      label: say('Filter to {what}', { what }),
      keys: keysOf('filter-to-cell'),
      disabled: none || holdsFilter(where, test),
      run: cell.filterTo,
    },
    {
      id: 'exclude',
      label: say('Exclude {what}', { what }),
      keys: keysOf('exclude-cell'),
      disabled: none,
      run: cell.exclude,
    },
    {
      id: 'highlight',
      label: cell.isMarked ? say('Clear the highlight') : say('Highlight {what}', { what }),
      keys: keysOf('highlight-cell'),
      disabled: none,
      run: cell.mark,
    },
    { id: 'copy', label: say('Copy'), keys: 'Ctrl C', disabled: cell.copied === '', run: cell.copy },
    ...(cell.isFlow
      ? [
          {
            id: 'sort',
            label: say('Order by {name}', { name: say(column.name) }),
            keys: keysOf('sort-flows'),
            startsGroup: true,
            run: () => cell.orderBy(column.field),
          },
          ...(dimension === undefined || dimension === grouping
            ? []
            : [
                {
                  id: 'group',
                  label: say('Group by {name}', { name: say(column.name) }),
                  run: () => cell.group(dimension),
                },
              ]),
          {
            id: 'explain',
            label: say('Explain the flow'),
            keys: 'Enter',
            startsGroup: true,
            run: cell.explain,
          },
          {
            id: 'carve',
            label: say('Carve the packets of the flow…'),
            disabled: flow === null,
            run: () => cell.carve(`id = "${flow ?? ''}"`),
          },
        ]
      : [
          {
            id: 'export',
            label: say('Export these flows…'),
            startsGroup: true,
            run: () => cell.exportFlows(chosen),
          },
          { id: 'carve', label: say('Carve their packets…'), run: () => cell.carve(chosen) },
        ]),
  ];
}

/** A column's head, and what the table does with it. */
export interface HeadChoice {
  readonly field: OrderField;
  readonly columns: readonly ShownColumn[];
  readonly isOrdered: boolean;
  readonly order: (order: FlowOrder | null) => void;
  readonly show: (columns: readonly ShownColumn[]) => void;
  readonly chooseColumns: () => void;
}

export function headItems({ field, columns, isOrdered, order, show, chooseColumns }: HeadChoice): MenuItem[] {
  const at = columns.findIndex((each) => each.field === field);
  const move = (to: number): void => show(moveColumn(columns, field, to));
  return [
    { id: 'ascending', label: say('Least first'), run: () => order({ by: field, descending: false }) },
    { id: 'descending', label: say('Largest first'), run: () => order({ by: field, descending: true }) },
    { id: 'stored', label: say('In stored order'), disabled: !isOrdered, run: () => order(null) },
    {
      id: 'left',
      label: say('Move left'),
      keys: 'Ctrl ←',
      startsGroup: true,
      disabled: at === 0,
      run: () => move(at - 1),
    },
    {
      id: 'right',
      label: say('Move right'),
      keys: 'Ctrl →',
      disabled: at === columns.length - 1,
      run: () => move(at + 1),
    },
    {
      id: 'hide',
      label: say('Hide'),
      disabled: columns.length === 1,
      run: () => show(toggleColumn(columns, field)),
    },
    { id: 'columns', label: say('Columns…'), startsGroup: true, run: chooseColumns },
  ];
}
