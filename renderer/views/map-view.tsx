import type { ReactNode } from 'react';

export function MapView(): ReactNode {
  return null;
}
