import type { ReactNode } from 'react';

export function SelectionInspector(_props: {
  /** What was clicked, as it stands on the screen. */
  title: string;
  /** What kind of thing it is: `Country`, `Service`, `Host`, … */
  kind: string;
  /** The filter of the view and of what was clicked together. */
  where: string;
  onClose: () => void;
}): ReactNode {
  return null;
}
