import type { ReactNode } from 'react';
import { said, say } from '../../shared/text/say.ts';

/** What figures that are saved say of estimates. */
export const ESTIMATED = said({ numbers: 'estimated from some of the flows' });

/** Says of the numbers beside it that they are estimated, as long as they are. */
export function EstimateMark({ when }: { when: boolean }): ReactNode {
  if (!when) return null;
  return (
    <span className="tag" title={say('Estimated from some of the flows; the exact numbers follow by themselves')}>
      {say('≈ estimated')}
    </span>
  );
}
