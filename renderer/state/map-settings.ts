import { settingStore } from './setting-store.ts';

/** How the map shows countries. */

export interface MapSettings {
  readonly colours: 'amount' | 'deviation';
  readonly list: 'countries' | 'networks';
  readonly hasArcs: boolean;
  /** Whether the tables are compared; null: as the size of the case suggests. */
  readonly hasHatching: boolean | null;
}

export const mapSettings = settingStore<MapSettings>({
  colours: 'amount',
  list: 'countries',
  hasArcs: false,
  hasHatching: null,
});
