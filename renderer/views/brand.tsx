import type { ReactNode } from 'react';

/** The mark: an enclosed area with one way in. */
export function BrandMark({ size }: { size: number }): ReactNode {
  return (
    <svg className="brand-mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 2.5 27.7 9.25v13.5L16 29.5 4.3 22.75V9.25Z" fill="none" strokeWidth="2.4" strokeLinejoin="round" />
      <path d="M16 10.5v11M11.2 13.3l9.6 5.5M20.8 13.3l-9.6 5.5" strokeWidth="2" strokeLinecap="round" />
      <circle cx="16" cy="16" r="3.4" />
    </svg>
  );
}
