import { CaseReader, PASS_CACHE_BYTES } from '../casefile/case-reader.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import {
  addOwnFinding,
  changeOwnFinding,
  countBasis,
  countExhibit,
  removeOwnFinding,
} from '../casefile/own-findings.ts';
import type { Jobs, VerifyResult } from '../../shared/jobs.ts';
import {
  type CountedOwnFinding,
  type Exhibit,
  isCounted,
  newOwnFindingSchema,
  ownFindingChangeSchema,
  type PickedExhibit,
} from '../../shared/own-finding.ts';
import { formatCounted } from '../../shared/number-format.ts';
import { checked } from './record-jobs.ts';

/** The jobs about the examiners' own findings, and the check that their exhibits come to what was counted. */

type Changes<Names extends keyof Jobs> = {
  [Name in Names]: (request: Jobs[Name]['request']) => Promise<Jobs[Name]['response']>;
};

/** The jobs that write, done in the writing thread: numbers are counted there, never taken from who asks. */
export function ownFindingChanges(
  withCase: <T>(path: string, work: (writer: CaseWriter) => T) => Promise<T>,
): Changes<'addOwnFinding' | 'changeOwnFinding' | 'removeOwnFinding'> {
  const counted = (path: string, picked: readonly PickedExhibit[]): Exhibit[] => {
    const reader = new CaseReader(path, PASS_CACHE_BYTES);
    try {
      return picked.map((exhibit) => countExhibit(reader, exhibit));
    } finally {
      reader.close();
    }
  };
  return {
    addOwnFinding: async ({ case: path, finding }) =>
      withCase(path, (writer) => {
        const asked = checked(newOwnFindingSchema, finding);
        return addOwnFinding(writer, { ...asked, exhibits: counted(path, asked.exhibits) });
      }),
    changeOwnFinding: async ({ case: path, id, change }) =>
      withCase(path, (writer) => {
        const asked = checked(ownFindingChangeSchema, change);
        const exhibits = asked.exhibits === undefined ? null : counted(path, asked.exhibits);
        return changeOwnFinding(writer, id, asked, exhibits);
      }),
    removeOwnFinding: async ({ case: path, id }) =>
      withCase(path, (writer) => {
        removeOwnFinding(writer, id);
        return null;
      }),
  };
}

/** The own findings of a case with what their exhibits come to now. */
export function countedOwnFindings(reader: CaseReader): CountedOwnFinding[] {
  return reader.ownFindings().map((finding) => ({
    ...finding,
    current: finding.exhibits.map((exhibit) => countExhibit(reader, exhibit).totals),
  }));
}

/** Counts the exhibits again, those that were counted by other labels or indicators only where they come to the same. */
export function checkOwnFindings(reader: CaseReader): VerifyResult['checks'] {
  const check = 'own findings';
  const findings = countedOwnFindings(reader);
  if (findings.length === 0) return [];
  const basis = JSON.stringify(countBasis(reader));
  let exhibits = 0;
  let older = 0;
  for (const { title, exhibits: stored, current } of findings) {
    for (const [index, exhibit] of stored.entries()) {
      exhibits++;
      if (isCounted(exhibit, current[index])) continue;
      if (JSON.stringify(exhibit.basis) === basis) {
        const detail = `exhibit ${index + 1} of “${title}” comes to other totals when counted again`;
        return [{ check, result: 'fails', detail }];
      }
      older++;
    }
  }
  const detail =
    older === 0
      ? `all ${formatCounted(exhibits, 'exhibit')} of ${formatCounted(findings.length, 'finding')} come to the same when counted again`
      : `${formatCounted(older, 'exhibit')} were counted by labels, evidence or indicators of before and come to something else now: count them anew`;
  return [{ check, result: older === 0 ? 'holds' : 'not-checked', detail }];
}
