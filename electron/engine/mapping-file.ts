import { readFileSync, writeFileSync } from 'node:fs';
import { checkMapping, type Mapping } from '../../shared/mapping.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** A mapping in a JSON file (docs/mappings.md). */

/** @throws EnclaveError when the file cannot be read or holds no mapping */
export function readMapping(file: string): Mapping {
  const wrong = (what: string): EnclaveError =>
    new EnclaveError('mapping-wrong', what, file, 'correct the file, see docs/mappings.md', 1);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const why = error instanceof Error ? error.message : String(error);
    throw wrong(isMissing ? 'there is no such file' : `the mapping cannot be read (${why})`);
  }
  const checked = checkMapping(value);
  if (!checked.ok) throw wrong(`the mapping is wrong at ${checked.fault}`);
  return checked.mapping;
}

/** @throws EnclaveError when the file cannot be written */
export function writeMapping(file: string, mapping: Mapping): void {
  try {
    writeFileSync(file, `${JSON.stringify(mapping, null, 2)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('not-writable', `the mapping cannot be written (${why})`, file, 'choose another place');
  }
}
