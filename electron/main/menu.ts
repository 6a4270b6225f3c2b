import { Menu, type MenuItemConstructorOptions } from 'electron';
import { type Action, type ActionId, ACTIONS, MENUS } from '../../shared/actions.ts';
import { say, type Text } from '../../shared/text/say.ts';

/** The menu, from the action records; editing and zooming are the platform's own. */

type Role = readonly [role: NonNullable<MenuItemConstructorOptions['role']>, label: Text];

const UNDOING: readonly Role[] = [
  ['undo', 'Undo'],
  ['redo', 'Redo'],
];
const EDITING: readonly Role[] = [
  ['cut', 'Cut'],
  ['copy', 'Copy'],
  ['paste', 'Paste'],
  ['selectAll', 'Select all'],
];
const ZOOMING: readonly Role[] = [
  ['zoomIn', 'Larger'],
  ['zoomOut', 'Smaller'],
  ['resetZoom', 'Actual size'],
  ['togglefullscreen', 'Full screen'],
];

const SEPARATOR: MenuItemConstructorOptions = { type: 'separator' };

const roleItems = (roles: readonly Role[]): MenuItemConstructorOptions[] =>
  roles.map(([role, label]) => ({ role, label: say(label) }));

/** Sets the app's menu. `hasCase`: the window in front shows a case. */
export function setMenu(hasCase: boolean, run: (id: ActionId) => void): void {
  const item = (action: Action & { id: ActionId }): MenuItemConstructorOptions[] => [
    ...(action.startsGroup === true ? [SEPARATOR] : []),
    {
      id: action.id,
      label: say(action.label),
      enabled: hasCase || !action.needsCase,
      ...(action.shortcut === null ? {} : { accelerator: action.shortcut }),
      click: () => run(action.id),
    },
  ];
  const menus: MenuItemConstructorOptions[] = MENUS.map((menu) => ({
    label: say(menu),
    submenu: [
      ...ACTIONS.filter((action) => action.menu === menu).flatMap(item),
      ...(menu === 'View' ? [SEPARATOR, ...roleItems(ZOOMING)] : []),
    ],
  }));
  const edit = { label: say('Edit'), submenu: [...roleItems(UNDOING), SEPARATOR, ...roleItems(EDITING)] };
  Menu.setApplicationMenu(Menu.buildFromTemplate(menus.toSpliced(1, 0, edit)));
}
