import type { ReactNode } from 'react';
import { useFocusReturn } from '../state/use-focus-return.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say, type Text } from '../../shared/text/say.ts';

/**
 * The panel beside a view about what is selected. It takes the focus when it opens and whenever something else (`id`) is selected, and
 * gives it back to where it was when it closes; Escape closes it.
 *
 * @param title as it may be shown
 * @param contents says to a screen reader what the scrolled part holds
 * @param tools beside the title
 */
export function InspectorPanel({
  id,
  kind,
  title,
  contents,
  tools,
  children,
}: {
  id: string;
  kind: Text;
  title: string;
  contents: string;
  tools?: ReactNode;
  children: ReactNode;
}): ReactNode {
  const { select } = useWorkbench();
  const panel = useFocusReturn<HTMLElement>(id);
  return (
    <aside
      ref={panel}
      className="inspector selection-inspector panel"
      aria-label={`${say(kind)}: ${title}`}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        select(null);
      }}
    >
      <header>
        <h2>
          <span className="quiet">{say(kind)}</span> {title}
        </h2>
        {tools}
        <button type="button" className="quiet small" onClick={() => select(null)}>
          {say('Close')}
        </button>
      </header>
      <div className="inspector-scroll" tabIndex={0} role="group" aria-label={contents}>
        {children}
      </div>
    </aside>
  );
}
