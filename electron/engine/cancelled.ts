import { EnclaveError } from '../../shared/problem.ts';

/** What a cancelled job ends with; exit code 130 as a shell has it for an interrupt. */
export function cancelledError(): EnclaveError {
  return new EnclaveError(
    'cancelled',
    'cancelled; what was committed before is kept',
    '',
    'run it again to go on',
    130,
  );
}
