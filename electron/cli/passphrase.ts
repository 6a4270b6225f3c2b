import { readFileSync } from 'node:fs';
import { EnclaveError } from '../../shared/problem.ts';
import { note } from './terminal.ts';

/** Where the passphrase of an encrypted case comes from: a file, the environment, or the keyboard. Never an argument's value. */

const FILE_OPTION = '--passphrase-file';
const VARIABLE = 'ENCLAVE_PASSPHRASE';
/** A longer file is no passphrase, bytes. */
const LONGEST_FILE = 4096;

let file: string | null = null;
// Taken away at once, so that no thread and no program that we start has it.
const given = process.env[VARIABLE] ?? '';
delete process.env[VARIABLE];

/** Takes `--passphrase-file FILE`, which every verb knows, out of the arguments; gives those that are left. */
export function takePassphraseFile(args: readonly string[]): string[] {
  const at = args.findIndex((arg) => arg === FILE_OPTION || arg.startsWith(`${FILE_OPTION}=`));
  if (at < 0) return [...args];
  const joined = args[at].slice(FILE_OPTION.length + 1);
  const isJoined = args[at] !== FILE_OPTION;
  file = isJoined ? joined : (args[at + 1] ?? '');
  if (file === '') throw new EnclaveError('usage', `${FILE_OPTION} names no file`, '', 'see: enclave --help', 1);
  return args.toSpliced(at, isJoined ? 1 : 2);
}

function fromFile(path: string): string {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('no-passphrase', `the passphrase cannot be read (${why})`, path, 'name another file');
  }
  if (content.length > LONGEST_FILE) {
    throw new EnclaveError('no-passphrase', `the file has more than ${LONGEST_FILE} bytes`, path, 'name another file');
  }
  return content.toString('utf8').replace(/\r?\n$/, '');
}

/** Keys as a terminal in raw mode sends them: end of line or of input, Ctrl-C, backspace. */
const ENTER = ['\r', '\n', '\u0004'];
const INTERRUPT = '\u0003';
const ERASE = ['\u007f', '\b'];

/** Asks on the terminal and shows nothing of what is typed. */
function typed(question: string): Promise<string> {
  const { stdin } = process;
  // First, so that nothing shows of what is typed as soon as the question stands there.
  stdin.setRawMode(true);
  note(question);
  stdin.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      note('\n');
    };
    const take = (piece: string): void => {
      for (const letter of piece) {
        if (ENTER.includes(letter)) {
          end();
          resolve(text);
          return;
        }
        if (letter === INTERRUPT) {
          end();
          reject(new EnclaveError('cancelled', 'cancelled', '', 'start again', 130));
          return;
        }
        text = ERASE.includes(letter) ? [...text].slice(0, -1).join('') : text + letter;
      }
    };
    stdin.on('data', take);
    stdin.resume();
  });
}

/**
 * The passphrase of a case. @param isNew it is chosen now, so it is typed twice
 *
 * @throws EnclaveError `no-passphrase` when there is none and nobody to ask
 */
export async function passphraseFor(casePath: string, isNew: boolean): Promise<string> {
  if (file !== null) return fromFile(file);
  if (given !== '') return given;
  if (!process.stdin.isTTY) {
    throw new EnclaveError(
      'case-encrypted',
      isNew ? 'an encrypted case needs a passphrase' : 'the case is encrypted',
      casePath,
      `give its passphrase: ${FILE_OPTION} FILE, or ${VARIABLE} in the environment`,
    );
  }
  const first = await typed(`Passphrase of ${isNew ? 'the new' : 'this'} case: `);
  if (isNew && (await typed('The same again: ')) !== first) {
    throw new EnclaveError('no-passphrase', 'the two passphrases differ', casePath, 'try again', 1);
  }
  return first;
}
