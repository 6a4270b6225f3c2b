import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from 'react';

/** A menu at a point of the window: what can be done with what lies there. */

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  /** Keys that do the same, as people write them. */
  readonly keys?: string;
  readonly disabled?: boolean;
  /** A line is drawn above. */
  readonly startsGroup?: boolean;
  readonly run: () => void;
}

export interface MenuPlace {
  readonly x: number;
  readonly y: number;
}

/** Distance that the menu keeps from the edges of the window, in CSS pixels. */
const EDGE = 8;

/** Closes by Escape, Tab, a click outside and each choice; the focus goes back to where it was. */
export function CellMenu(props: {
  label: string;
  place: MenuPlace;
  items: readonly MenuItem[];
  onClose: () => void;
}): ReactNode {
  const { label, place, items, onClose } = props;
  const menu = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const { current } = menu;
    const before = document.activeElement;
    if (current === null) return undefined;
    const { width, height } = current.getBoundingClientRect();
    current.style.left = `${Math.max(EDGE, Math.min(place.x, innerWidth - width - EDGE))}px`;
    current.style.top = `${Math.max(EDGE, Math.min(place.y, innerHeight - height - EDGE))}px`;
    current.querySelector<HTMLElement>('[role=menuitem]:not(:disabled)')?.focus();
    const outside = (event: Event): void => {
      if (!(event.target instanceof Node && current.contains(event.target))) close.current();
    };
    addEventListener('pointerdown', outside, true);
    addEventListener('blur', outside);
    return () => {
      removeEventListener('pointerdown', outside, true);
      removeEventListener('blur', outside);
      if (before instanceof HTMLElement && current.contains(document.activeElement)) before.focus();
    };
  }, [place]);
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else {
      const all = [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? [])];
      const at = all.findIndex((item) => item === document.activeElement);
      const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
      const to = moves[event.key];
      if (to === undefined) return;
      all.at(to % all.length)?.focus();
    }
    event.preventDefault();
  };
  return (
    <div ref={menu} role="menu" aria-label={label} className="cell-menu" onKeyDown={onKeyDown}>
      {items.map(({ id, label: name, keys, disabled, startsGroup, run }) => (
        <button
          key={id}
          type="button"
          role="menuitem"
          tabIndex={-1}
          disabled={disabled === true}
          className={startsGroup === true ? 'starts-group' : ''}
          onClick={() => {
            onClose();
            run();
          }}
        >
          <span className="clip">{name}</span>
          {keys !== undefined && <kbd>{keys}</kbd>}
        </button>
      ))}
    </div>
  );
}
