import { Menu, type MenuItemConstructorOptions } from 'electron';
import { type Action, type ActionId, ACTIONS, MENUS } from '../../shared/actions.ts';

/** The menu, from the action records; editing and zooming are the platform's own. */

const EDIT: MenuItemConstructorOptions = {
  label: 'Edit',
  submenu: [
    { role: 'undo' },
    { role: 'redo' },
    { type: 'separator' },
    { role: 'cut' },
    { role: 'copy' },
    { role: 'paste' },
    { role: 'selectAll' },
  ],
};

const VIEW_ROLES: MenuItemConstructorOptions[] = [
  { type: 'separator' },
  { role: 'zoomIn' },
  { role: 'zoomOut' },
  { role: 'resetZoom' },
  { role: 'togglefullscreen' },
];

/** Sets the app's menu. `hasCase`: the window in front shows a case. */
export function setMenu(hasCase: boolean, run: (id: ActionId) => void): void {
  const item = (action: Action & { id: ActionId }): MenuItemConstructorOptions[] => [
    ...(action.startsGroup === true ? [{ type: 'separator' } as const] : []),
    {
      id: action.id,
      label: action.label,
      enabled: hasCase || !action.needsCase,
      ...(action.shortcut === null ? {} : { accelerator: action.shortcut }),
      click: () => run(action.id),
    },
  ];
  const menus: MenuItemConstructorOptions[] = MENUS.map((menu) => ({
    label: menu,
    submenu: [
      ...ACTIONS.filter((action) => action.menu === menu).flatMap(item),
      ...(menu === 'View' ? VIEW_ROLES : []),
    ],
  }));
  Menu.setApplicationMenu(Menu.buildFromTemplate(menus.toSpliced(1, 0, EDIT)));
}
