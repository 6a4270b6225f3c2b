/**
 * The schema of a case, one numbered step a version. `PRAGMA user_version` holds the number of the last step done.
 * The meaning of every table and column is told in docs/case-format.md.
 */

/** 'ENCL' in SQLite's application_id, so that `file` and others can tell a case from any SQLite database. */
export const APPLICATION_ID = 0x454e434c;

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE evidence (
    number INTEGER PRIMARY KEY,
    id TEXT UNIQUE,
    path TEXT NOT NULL,
    sha256 TEXT,
    bytes INTEGER NOT NULL,
    format TEXT NOT NULL,
    linkTypes TEXT NOT NULL,
    packets INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    records INTEGER NOT NULL,
    firstSeen REAL,
    lastSeen REAL,
    status TEXT NOT NULL CHECK (status IN ('importing', 'imported', 'partial')),
    problems TEXT NOT NULL,
    importedAt TEXT NOT NULL
  );
  CREATE TABLE segment (
    segment INTEGER PRIMARY KEY,
    evidence INTEGER NOT NULL REFERENCES evidence (number) ON DELETE CASCADE,
    rows INTEGER NOT NULL,
    firstStart REAL NOT NULL,
    lastStart REAL NOT NULL,
    lastEnd REAL NOT NULL,
    sha256 TEXT NOT NULL
  );
  CREATE INDEX segmentByEvidence ON segment (evidence);
  CREATE TABLE segmentFact (
    segment INTEGER NOT NULL REFERENCES segment (segment) ON DELETE CASCADE,
    column TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (segment, column)
  );
  CREATE TABLE labelVersion (
    version INTEGER PRIMARY KEY,
    madeAt TEXT NOT NULL,
    basis TEXT NOT NULL
  );
  CREATE TABLE segmentLabel (
    version INTEGER NOT NULL REFERENCES labelVersion (version) ON DELETE CASCADE,
    segment INTEGER NOT NULL REFERENCES segment (segment) ON DELETE CASCADE,
    column TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (version, segment, column)
  );
  CREATE INDEX segmentLabelBySegment ON segmentLabel (segment);
  CREATE TABLE nameChunk (
    chunk INTEGER PRIMARY KEY,
    evidence INTEGER NOT NULL REFERENCES evidence (number) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('dns-answer', 'log-name')),
    rows INTEGER NOT NULL
  );
  CREATE INDEX nameChunkByEvidence ON nameChunk (evidence);
  CREATE TABLE nameChunkColumn (
    chunk INTEGER NOT NULL REFERENCES nameChunk (chunk) ON DELETE CASCADE,
    column TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (chunk, column)
  );
  CREATE TABLE term (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
  CREATE TABLE network (asn INTEGER PRIMARY KEY, organisation TEXT NOT NULL);
  CREATE TABLE finding (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
  );
  `,
  `ALTER TABLE evidence ADD COLUMN custody TEXT NOT NULL DEFAULT '{"hashes":{},"clockOffset":0,"clockReason":""}'`,
  `
  CREATE TABLE overlay (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('services', 'list', 'geo', 'networks', 'geo+networks')),
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    date TEXT,
    addedAt TEXT NOT NULL,
    entries INTEGER NOT NULL,
    notUsed TEXT NOT NULL,
    data BLOB NOT NULL
  );
  CREATE TABLE indicatorFile (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    addedAt TEXT NOT NULL,
    indicators INTEGER NOT NULL,
    notUsed TEXT NOT NULL
  );
  CREATE TABLE indicator (
    number INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES indicatorFile (number) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('address', 'domain', 'host', 'url-host', 'ja3', 'ja4')),
    value TEXT NOT NULL,
    label TEXT NOT NULL,
    validFrom REAL,
    validUntil REAL
  );
  CREATE INDEX indicatorByFile ON indicator (file);
  `,
  `
  CREATE TABLE institution (
    match TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    country TEXT,
    class TEXT NOT NULL,
    domain TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE service (
    id TEXT PRIMARY KEY,
    subcategory TEXT,
    country TEXT
  ) WITHOUT ROWID;
  CREATE TABLE eventFile (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    addedAt TEXT NOT NULL,
    events INTEGER NOT NULL,
    notUsed TEXT NOT NULL
  );
  CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES eventFile (number) ON DELETE CASCADE,
    time REAL NOT NULL,
    label TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    uncertaintyMinutes REAL NOT NULL
  );
  CREATE INDEX eventByFile ON event (file);
  `,
  `
  CREATE TABLE note (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('note', 'decision')),
    decision TEXT CHECK (decision IN ('accept', 'reject', 'comment')),
    target TEXT NOT NULL,
    text TEXT NOT NULL,
    tags TEXT NOT NULL,
    inReport INTEGER NOT NULL CHECK (inReport IN (0, 1)),
    examiner TEXT NOT NULL,
    madeAt TEXT NOT NULL,
    changedAt TEXT,
    CHECK ((kind = 'decision') = (decision IS NOT NULL))
  );
  CREATE INDEX noteByTarget ON note (target);
  CREATE TABLE keptState (
    name TEXT PRIMARY KEY,
    filter TEXT NOT NULL,
    view TEXT NOT NULL,
    metric TEXT NOT NULL,
    examiner TEXT NOT NULL,
    savedAt TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE ownFinding (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    statement TEXT NOT NULL,
    exhibits TEXT NOT NULL,
    inReport INTEGER NOT NULL CHECK (inReport IN (0, 1)),
    examiner TEXT NOT NULL,
    madeAt TEXT NOT NULL,
    changedAt TEXT
  );
  `,
  // Format 7 has more columns of facts, which are rows of segmentFact: no table changes.
  '',
];
