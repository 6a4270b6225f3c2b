import type { ReactNode } from 'react';
import { language } from '../../shared/text/language.ts';
import { say } from '../../shared/text/say.ts';

/** Says, where the window is not English, why what findings and report state is. */
export function StaysEnglish(): ReactNode {
  if (language() === 'en') return null;
  return (
    <span className="quiet">
      {say('Findings, statements, caveats and the report stay in English: they are evidence.')}
    </span>
  );
}
