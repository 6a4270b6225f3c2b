import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { RecentCase } from '../../shared/bridge.ts';
import { type Language, LANGUAGES } from '../../shared/text/language.ts';

/** What the app remembers between runs: recent cases, the window's size and the language. One JSON file; a broken one is started anew. */

const MAX_RECENT = 12;

const windowStateSchema = z.object({
  width: z.int().min(200).max(20_000),
  height: z.int().min(200).max(20_000),
  /** Null until a window was closed: then the system chooses. */
  x: z.int().nullable(),
  y: z.int().nullable(),
  maximised: z.boolean(),
});

export type WindowState = z.infer<typeof windowStateSchema>;

const settingsSchema = z.object({
  recentCases: z
    .array(z.object({ path: z.string().min(1), title: z.string(), openedAt: z.iso.datetime() }))
    .max(MAX_RECENT),
  window: windowStateSchema,
  /** Absent until a window told it. */
  language: z.enum(LANGUAGES).optional(),
});

type Values = z.infer<typeof settingsSchema>;

const FIRST: Values = {
  recentCases: [],
  window: { width: 1440, height: 900, x: null, y: null, maximised: false },
};

export class Settings {
  readonly #file: string;
  #values: Values;

  constructor(file: string) {
    this.#file = file;
    this.#values = read(file);
  }

  get recentCases(): RecentCase[] {
    return this.#values.recentCases;
  }

  get window(): WindowState {
    return this.#values.window;
  }

  /** English until a window told its own. */
  get language(): Language {
    return this.#values.language ?? 'en';
  }

  /** Puts the case first. */
  addRecent(path: string, title: string): void {
    const others = this.#values.recentCases.filter((recent) => recent.path !== path);
    const openedAt = new Date().toISOString();
    this.#write({ recentCases: [{ path, title, openedAt }, ...others].slice(0, MAX_RECENT) });
  }

  removeRecent(path: string): void {
    this.#write({ recentCases: this.#values.recentCases.filter((recent) => recent.path !== path) });
  }

  keepWindow(window: WindowState): void {
    this.#write({ window });
  }

  keepLanguage(language: Language): void {
    if (language !== this.language) this.#write({ language });
  }

  #write(change: Partial<Values>): void {
    this.#values = { ...this.#values, ...change };
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      const beside = `${this.#file}.${process.pid}`;
      writeFileSync(beside, JSON.stringify(this.#values, null, 2));
      renameSync(beside, this.#file);
    } catch {
      // A disk that is full or read-only costs the memory of this run only.
    }
  }
}

function read(file: string): Values {
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return FIRST;
  }
}
