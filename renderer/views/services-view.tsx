import type { ReactNode } from 'react';

export function ServicesView(): ReactNode {
  return null;
}
