/** What one launch on the stand-in runs with. Every launch has its own copy of the modules of this folder, hence of this. */

export interface StandinSettings {
  /** Folder of the app: that of package.json (absolute). */
  appPath: string;
  userData: string;
  documents: string;
  chromium: string;
  headless: boolean;
}

let current: StandinSettings | null = null;

export function configure(given: StandinSettings): void {
  current = given;
}

export function settings(): StandinSettings {
  if (current === null) throw new Error('stand-in: not configured');
  return current;
}
