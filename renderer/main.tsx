import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { applyTheme, storedTheme } from './state/theme.ts';
import { applyLanguage, storedLanguage } from './state/window-language.ts';

applyTheme(storedTheme());
applyLanguage(storedLanguage());
const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
