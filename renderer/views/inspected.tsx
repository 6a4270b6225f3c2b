import type { ReactNode } from 'react';
import { useWorkbench } from '../state/workbench.ts';
import { SelectionInspector } from './selection-inspector.tsx';

/** A view, with the inspector beside it while something is selected. */
export function Inspected({ children }: { children: ReactNode }): ReactNode {
  const { selection } = useWorkbench();
  return (
    <div className={selection === null ? 'inspected' : 'inspected open'}>
      {children}
      {selection !== null && <SelectionInspector selection={selection} />}
    </div>
  );
}
