import { EnclaveError, toErrorValue } from '../../shared/problem.ts';
import { ENCLAVE_VERSION } from '../engine/version.ts';
import { note, out, safe } from './terminal.ts';
import { helpText, usageError } from './usage.ts';
import { COMMANDS } from './verbs.ts';

/** The command line: finds the verb, runs it, words what went wrong and sets the exit code. */

async function run(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === undefined) throw usageError(null, 'a verb is missing');
  if (verb === '--help' || verb === '-h' || verb === 'help' || rest.includes('--help')) {
    out(helpText());
    return 0;
  }
  if (verb === '--version' || verb === '-V') {
    out(`${ENCLAVE_VERSION}\n`);
    return 0;
  }
  const command = Object.entries(COMMANDS).find(([name]) => name === verb)?.[1];
  if (command === undefined) throw usageError(null, `unknown verb "${verb}"`);
  return command(rest);
}

/** One line: what, where, what to do. */
function errorLine(error: unknown): string {
  const { message, place, remedy } = toErrorValue(error);
  const where = place === '' ? '' : ` (${place})`;
  return `enclave: ${safe(message)}${safe(where)}; ${safe(remedy)}\n`;
}

// Whoever reads our output may stop at any time (`enclave flows … | head`); that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 2);
});

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  note(errorLine(error));
  process.exitCode = error instanceof EnclaveError ? error.exitCode : 2;
}
