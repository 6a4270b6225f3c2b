import { strict } from './strict.ts';

/** `Menu`: no bar is drawn here, but every accelerator works, and tests can click an item by its label. */

interface Template {
  id?: string;
  label?: string;
  role?: string;
  type?: string;
  enabled?: boolean;
  accelerator?: string;
  click?: () => void;
  submenu?: Template[];
}

class ApplicationMenu {
  readonly items: Template[];

  constructor(template: Template[]) {
    this.items = template;
  }
}

let current: Template[] = [];
let onChange: (accelerators: readonly string[]) => void = () => undefined;

function allItems(items: readonly Template[]): Template[] {
  return items.flatMap((item) => [item, ...allItems(item.submenu ?? [])]);
}

function enabledItems(): Template[] {
  return allItems(current).filter((item) => item.click !== undefined && item.enabled !== false);
}

/** Windows learn the accelerators of every new menu. */
export function onAcceleratorsChanged(listener: (accelerators: readonly string[]) => void): void {
  onChange = listener;
}

export function menuAccelerators(): string[] {
  return enabledItems().flatMap((item) => item.accelerator ?? []);
}

export function pressAccelerator(accelerator: string): void {
  enabledItems()
    .find((item) => item.accelerator === accelerator)
    ?.click?.();
}

/** Clicks the item with this id; false when it is not there or greyed out. */
export function clickMenuItem(id: string): boolean {
  const item = enabledItems().find((each) => each.id === id);
  item?.click?.();
  return item !== undefined;
}

export const Menu = strict('Menu', {
  buildFromTemplate: (template: Template[]): ApplicationMenu => new ApplicationMenu(template),
  setApplicationMenu(menu: ApplicationMenu): void {
    current = menu.items;
    onChange(menuAccelerators());
  },
});
