import type { ReactNode } from 'react';
import { isDark, type Theme } from '../state/theme.ts';
import { say } from '../../shared/text/say.ts';

/** The button that makes a dark window light, and a light one dark. */
export function ThemeSwitch({ theme, onSwitch }: { theme: Theme; onSwitch: () => void }): ReactNode {
  return (
    <button
      type="button"
      className="quiet icon"
      aria-label={isDark(theme) ? say('Light theme') : say('Dark theme')}
      title={isDark(theme) ? say('Light theme') : say('Dark theme')}
      onClick={onSwitch}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" />
      </svg>
    </button>
  );
}
