import type Database from 'better-sqlite3';
import { SHORT_HASH } from '../../shared/case-record.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import {
  type CountBasis,
  type Exhibit,
  MOST_OWN_FINDINGS,
  type OwnFinding,
  type OwnFindingChange,
  type PickedExhibit,
} from '../../shared/own-finding.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { CaseReader } from './case-reader.ts';
import type { CaseWriter } from './case-writer.ts';
import { compileFilter } from './flow-selection.ts';
import { NOBODY, sha256Of, storedOwnFindings, storedRecord } from './record-tables.ts';
import { totalsOf } from './totals.ts';

/** The examiners' own findings: the counting of their exhibits, and how they are written. */

/** What totals of the case depend on now besides its evidence. */
export function countBasis(reader: CaseReader): CountBasis {
  return { labels: reader.labelVersion, indicators: reader.indicatorFiles().map(({ id }) => id) };
}

/** Counts the flows of an exhibit in the case as it is. Throws EnclaveError when the filter is wrong. */
export function countExhibit(reader: CaseReader, { label, where }: PickedExhibit): Exhibit {
  const totals = totalsOf(reader, compileFilter(parseFilter(where), reader));
  return { label, where, totals, basis: countBasis(reader) };
}

/** What the audit chain holds of an own finding as it stands: its words and exhibits by their hash. */
function inChain({ id, title, statement, exhibits, inReport, examiner, madeAt }: OwnFinding): Record<string, unknown> {
  const sha256 = sha256Of(JSON.stringify([title, statement, exhibits]));
  return { ownFinding: id, inReport, examiner, madeAt, exhibits: exhibits.length, contentSha256: sha256 };
}

function findingWith(db: Database.Database, id: string): OwnFinding {
  const found = storedOwnFindings(db).find((each) => each.id === id);
  if (found === undefined) {
    throw new EnclaveError('not-there', `the case has no own finding ${id}`, '', 'see: enclave findings --own', 1);
  }
  return found;
}

export function addOwnFinding(
  writer: CaseWriter,
  { title, statement, exhibits, inReport }: Pick<OwnFinding, 'title' | 'statement' | 'exhibits' | 'inReport'>,
): OwnFinding {
  return writer.changeRecord((db, now) => {
    if (storedOwnFindings(db).length >= MOST_OWN_FINDINGS) {
      const most = `the case has ${MOST_OWN_FINDINGS} own findings already`;
      throw new EnclaveError('too-many', most, '', 'remove one first');
    }
    const madeAt = now();
    const { head, atWork } = storedRecord(db);
    const finding: OwnFinding = {
      // Each addition moves the head of the chain, so that no two have one id.
      id: sha256Of(JSON.stringify([head, madeAt, title, statement])).slice(0, SHORT_HASH),
      title,
      statement,
      exhibits,
      inReport,
      examiner: atWork || NOBODY,
      madeAt,
      changedAt: null,
    };
    db.prepare(
      'INSERT INTO ownFinding (id, title, statement, exhibits, inReport, examiner, madeAt) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(finding.id, title, statement, JSON.stringify(exhibits), inReport ? 1 : 0, finding.examiner, madeAt);
    writer.audit('own-finding', inChain(finding));
    return finding;
  });
}

/** Changes an own finding; what it said before stays in the audit chain. @param exhibits counted anew; null: as they are */
export function changeOwnFinding(
  writer: CaseWriter,
  id: string,
  { exhibits: _picked, ...change }: OwnFindingChange,
  exhibits: Exhibit[] | null,
): OwnFinding {
  return writer.changeRecord((db, now) => {
    const before = findingWith(db, id);
    const after = { ...before, ...change, exhibits: exhibits ?? before.exhibits, changedAt: now() };
    db.prepare(
      'UPDATE ownFinding SET title = ?, statement = ?, exhibits = ?, inReport = ?, changedAt = ? WHERE id = ?',
    ).run(after.title, after.statement, JSON.stringify(after.exhibits), after.inReport ? 1 : 0, after.changedAt, id);
    writer.audit('own-finding', { ...inChain(after), changed: true, before });
    return after;
  });
}

/** Takes an own finding out; what it said stays in the audit chain. */
export function removeOwnFinding(writer: CaseWriter, id: string): void {
  writer.changeRecord((db) => {
    const before = findingWith(db, id);
    db.prepare('DELETE FROM ownFinding WHERE id = ?').run(id);
    writer.audit('own-finding', { ownFinding: id, removed: true, before });
  });
}
