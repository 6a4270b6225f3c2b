import type { ReactNode } from 'react';
import { ACTIONS, MENUS } from '../../shared/actions.ts';
import { shortcutName } from './command-palette.tsx';
import { Modal } from './modal.tsx';
import { say, type Text } from '../../shared/text/say.ts';

/** Every key: those of the actions, and those of charts, lists and inspectors. */

const KEYS_IN_VIEWS: readonly (readonly [keys: Text, what: Text])[] = [
  ['Tab', 'next control; with Shift, the one before'],
  ['Arrows', 'move in charts, lists and tables'],
  ['Shift + arrows', 'choose a span of time; in Services, go to a band'],
  ['Home, End', 'first and last; Page up, Page down in tables'],
  ['Enter', 'look closer; with Shift, filter'],
  ['Escape', 'close the inspector, let the span of time go'],
  ['Down in the filter', 'completions, and filters used before'],
  ['?', 'this sheet'],
];

export function ShortcutSheet({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <Modal label={say('Keyboard shortcuts')} className="shortcut-sheet" onClose={onClose}>
      <header>
        <h2>{say('Keyboard shortcuts')}</h2>
        <button type="button" className="quiet small" onClick={onClose}>
          {say('Close')}
        </button>
      </header>
      <div className="shortcut-scroll" tabIndex={0} role="group" aria-label={say('Shortcuts')}>
        <div className="shortcut-columns">
          {MENUS.map((menu) => (
            <section key={menu}>
              <h3>{say(menu)}</h3>
              <dl>
                {ACTIONS.filter((action) => action.menu === menu).map(
                  ({ id, label, shortcut }) =>
                    shortcut !== null && (
                      <div key={id}>
                        <dt>{say(label)}</dt>
                        <dd>
                          <kbd>{shortcutName(shortcut)}</kbd>
                        </dd>
                      </div>
                    ),
                )}
              </dl>
            </section>
          ))}
          <section>
            <h3>{say('In the views')}</h3>
            <dl>
              {KEYS_IN_VIEWS.map(([keys, what]) => (
                <div key={keys}>
                  <dt>{say(what)}</dt>
                  <dd>
                    <kbd>{say(keys)}</kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        </div>
      </div>
    </Modal>
  );
}
