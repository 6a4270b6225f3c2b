import { EnclaveError } from '../../shared/problem.ts';

/** A text of a request as one of the words that are known; throws a fault of usage for any other. */
export function oneOf<T extends string>(what: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found === undefined) {
    throw new EnclaveError('usage', `unknown ${what} "${text}"`, '', `use one of: ${known.join(', ')}`, 1);
  }
  return found;
}
