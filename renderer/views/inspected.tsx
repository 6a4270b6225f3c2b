import type { ReactNode } from 'react';
import { SelectionInspector } from './selection-inspector.tsx';

/** Something that was clicked in a view. */
export interface Selection {
  /** What kind of thing it is: `Category`, `Host`, … */
  readonly kind: string;
  /** What was clicked, as it stands on the screen. */
  readonly title: string;
  /** The filter of the view and of what was clicked together. */
  readonly where: string;
}

/** A view, with the inspector beside it while something is selected. */
export function Inspected(props: { selection: Selection | null; onClose: () => void; children: ReactNode }): ReactNode {
  const { selection } = props;
  return (
    <div className={selection === null ? 'inspected' : 'inspected open'}>
      {props.children}
      {selection !== null && <SelectionInspector {...selection} onClose={props.onClose} />}
    </div>
  );
}
