import { EnclaveError, toErrorValue } from '../../shared/problem.ts';
import { ENCLAVE_VERSION } from '../engine/version.ts';
import { takePassphraseFile } from './passphrase.ts';
import { faultLine, note, out } from './terminal.ts';
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

// Whoever reads our output may stop at any time (`enclave flows … | head`); that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 2);
});
// Nobody is left to tell it to.
process.stderr.on('error', () => undefined);

try {
  process.exitCode = await run(takePassphraseFile(process.argv.slice(2)));
} catch (error) {
  const { message, place, remedy } = toErrorValue(error);
  note(faultLine(message, place, remedy));
  process.exitCode = error instanceof EnclaveError ? error.exitCode : 2;
}
