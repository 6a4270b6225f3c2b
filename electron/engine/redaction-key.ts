import { randomBytes } from 'node:crypto';
import { REDACTION_KEY } from '../../shared/redaction.ts';
import { isSealed } from '../casefile/case-file.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';

const KEY_BYTES = 32;

/** Job that gives a case the key of its redacted reports: made once, kept in the case, told to nobody. */
export function makeRedactionKey(
  withCase: (path: string, work: (writer: CaseWriter) => null) => Promise<null>,
): (request: { case: string }) => Promise<null> {
  return async (request) => {
    // A sealed case has one already, or none for ever.
    if (isSealed(request.case)) return null;
    return withCase(request.case, (writer) => {
      if (writer.meta(REDACTION_KEY) === null) {
        writer.changeRecord(() => {
          writer.setMeta(REDACTION_KEY, randomBytes(KEY_BYTES).toString('hex'));
          writer.audit('setting', { redactionKey: 'made' });
        });
      }
      return null;
    });
  };
}
