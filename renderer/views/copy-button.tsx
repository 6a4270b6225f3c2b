import { type ReactNode, useEffect, useState } from 'react';
import { say } from '../../shared/text/say.ts';

/** Copies one line of text. */

const TOLD_MS = 2000;

/** Puts text on the clipboard; false when the page may not. A copy that the user asked for needs no permission. */
export function copyText(text: string): boolean {
  const fill = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
  };
  document.addEventListener('copy', fill, { once: true, capture: true });
  try {
    return document.execCommand('copy');
  } finally {
    document.removeEventListener('copy', fill, { capture: true });
  }
}

const ICON = 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z';

/** `of`: what is copied, for those who cannot see it. With `isIcon` the button is a sign without words. */
export function CopyButton(props: { of: string; text: () => string; isIcon?: boolean }): ReactNode {
  const [told, setTold] = useState<'Copied' | 'Not copied' | null>(null);
  useEffect(() => {
    if (told === null) return undefined;
    const timer = setTimeout(() => setTold(null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const isIcon = props.isIcon === true;
  return (
    <button
      type="button"
      className={isIcon ? 'quiet icon copy' : 'small copy'}
      aria-label={`${say(told ?? 'Copy')}: ${props.of}`}
      title={say('Copy {of} in one line with unit, denominator, filter, zone and coverage', { of: props.of })}
      onClick={() => setTold(copyText(props.text()) ? 'Copied' : 'Not copied')}
    >
      {isIcon ? (
        <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
          <path
            d={told === 'Copied' ? 'M3 8.5l3.5 3.5L13 4.5' : ICON}
            fill="none"
            stroke="currentColor"
            strokeWidth="1.4"
            strokeLinejoin="round"
          />
        </svg>
      ) : (
        say(told ?? 'Copy')
      )}
    </button>
  );
}
