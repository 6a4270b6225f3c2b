import { caseError } from '../casefile/case-file.ts';
import { isDatabaseError } from '../casefile/open-database.ts';
import { type ErrorValue, toErrorValue } from '../../shared/problem.ts';

/** What a job failed with, as a value; what the database throws midway (damage, a full disk) is told as the case's fault. */
export function jobError(error: unknown, request: unknown): ErrorValue {
  const isOfCase = isDatabaseError(error) && typeof request === 'object' && request !== null && 'case' in request;
  return toErrorValue(isOfCase ? caseError(error, String(request.case)) : error);
}
