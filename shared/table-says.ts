/** What one dated table says of an address. */
export interface TableSays {
  readonly table: string;
  /** Day that the table describes (ISO 8601); null when not told. */
  readonly date: string | null;
  /** A country code (ISO 3166-1 alpha-2), or an AS number as `AS64496`; null when the table does not know. */
  readonly says: string | null;
}

/** The country tables of a case: those shipped, and those that the examiner laid over them. */
export interface CountryTables {
  /** What each table says of an address (its four words) at a time in microseconds, the one in force first. */
  countries(a: number, b: number, c: number, d: number, timeUs: number): readonly TableSays[];
}
