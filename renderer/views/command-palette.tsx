import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { ACTIONS, type ActionId } from '../../shared/actions.ts';
import { VIEWS } from '../state/workbench.ts';
import { Modal } from './modal.tsx';
import { say } from '../../shared/text/say.ts';

/** Actions that the window itself can do now. */
function offered(hasCase: boolean): { id: ActionId; label: string; shortcut: string | null }[] {
  const mainOnly: readonly string[] = ['new-window', 'quit', 'command-palette'];
  const known: readonly string[] = VIEWS.map((view) => `view-${view}`);
  return ACTIONS.filter(
    ({ id, needsCase }) =>
      !mainOnly.includes(id) && (hasCase || !needsCase) && (!id.startsWith('view-') || known.includes(id)),
  ).map(({ id, label, shortcut }) => ({
    id,
    label: id.startsWith('view-') ? say('Go to {label}', { label: say(label) }) : say(label),
    shortcut,
  }));
}

/** A shortcut as the keyboard of this machine has it. */
export function shortcutName(shortcut: string): string {
  const mac = navigator.platform.startsWith('Mac');
  return shortcut
    .replace('CmdOrCtrl', mac ? '⌘' : 'Ctrl')
    .replace('Shift', mac ? '⇧' : 'Shift')
    .replace('Alt', mac ? '⌥' : 'Alt')
    .replace('Left', '←')
    .replace('Right', '→');
}

/** All commands: type to find, Enter to do. */
export function CommandPalette(props: {
  hasCase: boolean;
  onRun: (action: ActionId) => void;
  onClose: () => void;
}): ReactNode {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = offered(props.hasCase).filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase()));
  const active = Math.min(chosen, found.length - 1);
  const run = (index: number): void => {
    const action = found[index];
    if (action === undefined) return;
    props.onClose();
    props.onRun(action.id);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setChosen(Math.min(found.length - 1, active + 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(0, active - 1));
    else if (event.key === 'Enter') run(active);
    else return;
    event.preventDefault();
  };
  return (
    <Modal label={say('All commands')} className="palette" onClose={props.onClose}>
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${active}` : undefined}
        aria-label={say('Command')}
        placeholder={say('Type a command')}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label={say('Commands')}>
        {found.map(({ id, label, shortcut }, i) => (
          <li
            key={id}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === active}
            onPointerEnter={() => setChosen(i)}
            onClick={() => run(i)}
          >
            <span>{label}</span>
            {shortcut !== null && <kbd>{shortcutName(shortcut)}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="quiet">{say('No command has this in its name.')}</p>}
    </Modal>
  );
}
