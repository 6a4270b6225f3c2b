import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashFile } from '../capture/evidence-file.ts';
import { CaseReader } from '../casefile/case-reader.ts';
import type { VerifyResult } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import {
  type BundledFile,
  type BundleManifest,
  CHECKSUMS,
  checksumsText,
  EVIDENCE_FOLDER,
  MANIFEST,
  parseManifest,
  SEALED_CASE,
} from './bundle-manifest.ts';
import { isBundleTar, unpackBundleTar } from './bundle-tar.ts';
import { refuseWithoutRoom } from '../casefile/disk-space.ts';
import { caseChecks, type Check } from './verify-case.ts';

/** Checks a sealed bundle by what lies in it: every file first, then the case. Nothing is written to it. */

const holds = (check: string, detail: string): Check => ({ check, result: 'holds', detail });
const fails = (check: string, detail: string): Check => ({ check, result: 'fails', detail });

/** Files of the manifest; where that cannot be read, those of SHA256SUMS. */
function listedFiles(manifest: BundleManifest | null, checksums: string): Omit<BundledFile, 'bytes'>[] {
  if (manifest !== null) return manifest.files;
  return [...checksums.matchAll(/^([0-9a-f]{64}) {2}((?:evidence\/)?[A-Za-z0-9_-][A-Za-z0-9._-]*)$/gm)].map((line) => ({
    sha256: line[1],
    path: line[2],
  }));
}

/** Everything that lies in the folder, by path; what is neither file nor folder of ours is told as it is. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !(entry.isDirectory() && entry.parentPath === folder && entry.name === EVIDENCE_FOLDER))
    .map((entry) =>
      entry.parentPath === folder ? entry.name : `${entry.parentPath.slice(folder.length + 1)}/${entry.name}`,
    )
    .toSorted();
}

function readText(path: string): string | null {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}

function* fileChecks(
  folder: string,
  manifest: BundleManifest | null,
  progress: (bytes: number) => void,
): Generator<Check> {
  const checksums = readText(join(folder, CHECKSUMS));
  if (manifest !== null && checksums !== checksumsText(manifest.files, readText(join(folder, MANIFEST)) ?? '')) {
    yield fails(CHECKSUMS, `it and ${MANIFEST} do not fit each other: one of them was changed`);
  }
  const listed = listedFiles(manifest, checksums ?? '');
  let sound = 0;
  for (const { path, sha256 } of listed) {
    const whole = join(folder, path);
    const found = lstatSync(whole, { throwIfNoEntry: false });
    if (found === undefined) yield fails(`file ${path}`, 'missing');
    else if (!found.isFile()) yield fails(`file ${path}`, 'not a plain file');
    else {
      const now = hashFile(whole, progress);
      if (now === sha256) sound++;
      else yield fails(`file ${path}`, `changed: its SHA-256 is ${now}, it was sealed with ${sha256}`);
    }
  }
  const known = new Set([MANIFEST, CHECKSUMS, ...listed.map(({ path }) => path)]);
  const added = filesIn(folder).filter((path) => !known.has(path));
  for (const path of added) yield fails(`file ${path}`, 'added: no file of the bundle');
  if (sound === listed.length && sound > 0 && added.length === 0) {
    yield holds('files', `all ${sound} are as they were sealed`);
  }
}

/** Whether the manifest tells of the case that lies beside it. */
function checkTold(manifest: BundleManifest, reader: CaseReader): Check {
  const check = 'manifest and case';
  const audit = reader.audit();
  if (manifest.chainHead !== audit.at(-1)?.hash || manifest.auditEntries !== audit.length) {
    return fails(check, 'the manifest names another head of the audit chain');
  }
  const told = (evidence: readonly { id: string; sha256: string }[]): string =>
    JSON.stringify(evidence.map(({ id, sha256 }) => [id, sha256]));
  return told(manifest.evidence) === told(reader.evidence())
    ? holds(check, `sealed ${manifest.sealedAt} by ${manifest.sealedBy}`)
    : fails(check, 'the manifest names other evidence');
}

/** The checks one after the other. Parameters as those of `caseChecks`, but for the folder. */
export function* bundleChecks(
  folder: string,
  evidenceDirectory: string | null,
  progress: (bytes: number) => void,
): Generator<Check> {
  const text = readText(join(folder, MANIFEST));
  const manifest = text === null ? null : parseManifest(text);
  if (manifest === null) {
    yield fails(MANIFEST, text === null ? 'missing' : 'not as Enclave writes it: it was changed');
  }
  yield* fileChecks(folder, manifest, progress);
  let reader: CaseReader;
  try {
    reader = new CaseReader(join(folder, SEALED_CASE));
  } catch (error) {
    yield fails('case file', error instanceof Error ? error.message : String(error));
    return;
  }
  try {
    if (manifest !== null) yield checkTold(manifest, reader);
    const inside = join(folder, EVIDENCE_FOLDER);
    yield* caseChecks(reader, evidenceDirectory ?? (existsSync(inside) ? inside : null), progress);
  } finally {
    reader.close();
  }
}

/**
 * Verifies a sealed bundle; one that is a single file is unpacked into the folder of temporary files for the while.
 *
 * @throws EnclaveError when there is none, or no room for what is in it
 */
export function verifyBundle(path: string, ...how: [evidenceDirectory: string | null, () => void]): VerifyResult {
  if (!isBundleTar(path)) {
    if (!holdsBundle(path)) throw noBundle(path);
    return resultOf(join(path, SEALED_CASE), [...bundleChecks(path, ...how)]);
  }
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === undefined) throw noBundle(path);
  const folder = mkdtempSync(join(tmpdir(), 'enclave-bundle-'));
  try {
    refuseWithoutRoom(join(folder, SEALED_CASE), bytes);
    const fault =
      unpackBundleTar(path, folder, how[1]) ?? (holdsBundle(folder) ? null : 'no file of a sealed bundle is in it');
    const archive = fault === null ? holds('archive', 'every byte is as Enclave writes it') : fails('archive', fault);
    const inside = holdsBundle(folder) ? [...bundleChecks(folder, ...how)] : [];
    // Files are named as they lie in the archive.
    const named = inside.map((check) => ({ ...check, detail: check.detail.replaceAll(`${folder}/`, '') }));
    return resultOf(path, [archive, ...named]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(casePath: string, checks: Check[]): VerifyResult {
  return { case: casePath, holds: checks.every(({ result }) => result !== 'fails'), checks };
}

function holdsBundle(folder: string): boolean {
  return [MANIFEST, CHECKSUMS, SEALED_CASE].some((name) => existsSync(join(folder, name)));
}

function noBundle(path: string): EnclaveError {
  return new EnclaveError('no-case', 'there is no case and no sealed bundle', path, 'name a .enclave file or a bundle');
}
