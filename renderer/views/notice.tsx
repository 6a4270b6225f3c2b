import type { ReactNode } from 'react';
import type { ErrorValue } from '../../shared/problem.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { say } from '../../shared/text/say.ts';

/** What went wrong, where, and what to do. */
export function ErrorNotice({
  error,
  onDismiss,
  children,
}: {
  error: ErrorValue;
  onDismiss?: () => void;
  /** What can be done about it at once. */
  children?: ReactNode;
}): ReactNode {
  return (
    <div className="notice bad" role="alert">
      <div>
        <strong>{visibleText(sentence(error.message))}</strong>
        {error.place !== '' && <p className="mono">{visibleText(error.place)}</p>}
        {error.remedy !== '' && <p>{visibleText(say('What to do: {remedy}.', { remedy: error.remedy }))}</p>}
        {children}
      </div>
      {onDismiss && (
        <button type="button" className="quiet small" onClick={onDismiss}>
          {say('Dismiss')}
        </button>
      )}
    </div>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** Says why there is nothing to see and what to do about it. */
export function Empty({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  );
}
