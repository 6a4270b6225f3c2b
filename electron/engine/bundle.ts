import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { hashFile } from '../capture/evidence-file.ts';
import { CASE_VERSION } from '../casefile/case-file.ts';
import { CaseReader, type EvidenceInfo } from '../casefile/case-reader.ts';
import { reportHtml } from '../report/report-html.ts';
import { findChromium, printPdf } from '../report/report-pdf.ts';
import type { BundleResult, Jobs } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import {
  type BundledFile,
  type BundleManifest,
  CHECKSUMS,
  checksumsText,
  EVIDENCE_FOLDER,
  MANIFEST,
  manifestText,
  SEALED_CASE,
  sha256Of,
} from './bundle-manifest.ts';
import { bundleReadme } from './bundle-readme.ts';
import { isBundleTar, writeBundleTar } from './bundle-tar.ts';
import { refuseWithoutRoom } from '../casefile/disk-space.ts';
import { locateEvidence } from './verify-case.ts';
import { ENCLAVE_VERSION } from './version.ts';

/** Sealing: a folder, or an archive of it, with the case as one file, evidence or its hashes, the report, and hashes of all of it. */

const COPIED_AT_ONCE = 1 << 20;

/** What a stranger does, from inside the folder. */
const VERIFYING = ['sha256sum -c SHA256SUMS', 'enclave verify .'];

/** Name of evidence in the bundle: its id, and of its own name what every system takes; fewer than 100 characters in all. */
function bundledName({ id, path }: EvidenceInfo): string {
  return `${EVIDENCE_FOLDER}/${id}-${basename(path)
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .slice(-80)}`;
}

/** Evidence that was asked for, and where it lies. Throws when one is not there. */
function chosenEvidence(
  evidence: readonly EvidenceInfo[],
  { evidence: chosen, evidenceDirectory }: Jobs['bundle']['request'],
): Map<string, string> {
  const ids = chosen === 'all' ? evidence.map(({ id }) => id) : chosen === 'none' ? [] : chosen;
  return new Map(
    ids.map((id) => {
      const known = evidence.find((each) => each.id === id);
      if (known === undefined) {
        throw new EnclaveError('no-evidence', `the case has no evidence ${id}`, '', 'name ids of its evidence', 1);
      }
      const path = locateEvidence(known, evidenceDirectory);
      if (path !== null) return [id, path];
      throw new EnclaveError('no-evidence', 'the evidence is not there', known.path, 'name its folder with --evidence');
    }),
  );
}

/** Copies a file and hashes what passes. */
function copyHashed(from: string, to: string, progress: (bytes: number) => void): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(COPIED_AT_ONCE);
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'wx', 0o444);
    try {
      for (let got = readSync(source, piece); got > 0; got = readSync(source, piece)) {
        const part = piece.subarray(0, got);
        hash.update(part);
        for (let done = 0; done < got;) done += writeSync(target, part, done);
        progress(got);
      }
      fsyncSync(target);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
  return hash.digest('hex');
}

/** Writes HTML, and PDF where there is a Chromium; names of the files. */
async function writeReports(reader: CaseReader, folder: string): Promise<string[]> {
  const html = reportHtml(reader, { version: ENCLAVE_VERSION, printedAt: new Date().toISOString() });
  writeFileSync(join(folder, 'report.html'), html);
  const chromium = findChromium();
  if (chromium === null) return ['report.html'];
  await printPdf(chromium, html, join(folder, 'report.pdf'));
  return ['report.html', 'report.pdf'];
}

/** Brings a file to the disk; from here on it is for reading. */
function finish(path: string): void {
  chmodSync(path, 0o444);
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes one file of the folder; the case comes first. */
function writeTar(folder: string, { files, sealedAt }: BundleManifest, progress: (bytes: number) => void): string {
  const tar = `${folder}.tar`;
  const others = files.map(({ path }) => path).filter((path) => path !== SEALED_CASE);
  const fd = openSync(tar, 'wx', 0o444);
  try {
    writeBundleTar(folder, [SEALED_CASE, MANIFEST, CHECKSUMS, ...others], sealedAt, fd, progress);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return tar;
}

/** Fills the folder; what is told of it, and its manifest. */
async function fill(
  reader: CaseReader,
  request: Jobs['bundle']['request'],
  folder: string,
  progress: (bytes: number) => void,
): Promise<{ result: BundleResult; manifest: BundleManifest }> {
  const casePath = join(folder, SEALED_CASE);
  reader.sealInto(casePath);
  // From here on all is told of the sealed case: the one in work may go on.
  const sealed = new CaseReader(casePath);
  try {
    const evidence = sealed.evidence();
    const chosen = chosenEvidence(evidence, request);
    if (chosen.size > 0) mkdirSync(join(folder, EVIDENCE_FOLDER));
    const files: BundledFile[] = [];
    const add = (path: string): void => {
      const whole = join(folder, path);
      finish(whole);
      files.push({ path, bytes: statSync(whole).size, sha256: hashFile(whole, () => progress(0)) });
    };
    add(SEALED_CASE);
    for (const each of evidence) {
      const from = chosen.get(each.id);
      if (from === undefined) continue;
      const path = bundledName(each);
      const sha256 = copyHashed(from, join(folder, path), progress);
      if (sha256 !== each.sha256) {
        const why = `the evidence is not what was imported: its SHA-256 is ${sha256}, the case has ${each.sha256}`;
        throw new EnclaveError('evidence-changed', why, from, 'find the file that was imported, or leave it out');
      }
      files.push({ path, bytes: statSync(join(folder, path)).size, sha256 });
    }
    if (request.report) for (const path of await writeReports(sealed, folder)) add(path);
    const audit = sealed.audit();
    const told = {
      bundle: 1 as const,
      auditEntries: audit.length,
      case: {
        file: SEALED_CASE,
        format: CASE_VERSION,
        id: audit[0]?.hash ?? '',
        title: sealed.meta('title') ?? '',
      },
      chainHead: audit.at(-1)?.hash ?? '',
      evidence: evidence.map((each) => ({
        bytes: each.bytes,
        file: chosen.has(each.id) ? bundledName(each) : null,
        id: each.id,
        path: each.path,
        sha256: each.sha256,
      })),
      findings: sealed.findings().length,
      flows: sealed.segments().reduce((sum, { rows }) => sum + rows, 0),
      sealedAt: new Date().toISOString(),
      sealedBy: `Enclave ${ENCLAVE_VERSION}`,
      verify: VERIFYING,
    };
    writeFileSync(join(folder, 'README.txt'), bundleReadme(told, request.report));
    add('README.txt');
    files.sort((x, y) => (x.path < y.path ? -1 : 1));
    const manifest: BundleManifest = { ...told, files };
    const text = manifestText(manifest);
    for (const [path, content] of [
      [MANIFEST, text],
      [CHECKSUMS, checksumsText(files, text)],
    ] as const) {
      writeFileSync(join(folder, path), content);
      finish(join(folder, path));
    }
    const result = {
      out: request.out,
      manifestSha256: sha256Of(readFileSync(join(folder, MANIFEST))),
      files: files.length + 2,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      evidence: evidence.map(({ id }) => ({ id, included: chosen.has(id) })),
      chainHead: told.chainHead,
    };
    return { result, manifest };
  } finally {
    sealed.close();
  }
}

/**
 * Makes a sealed bundle, one file where its name ends in `.tar`: beside its place, and moved there when it is whole. Nothing is
 * written to the case.
 *
 * @param progress called with the bytes copied since the last call; throws to stop
 * @throws EnclaveError when the place is taken or too small, or evidence is missing or is not what was imported
 */
export async function makeBundle(
  reader: CaseReader,
  request: Jobs['bundle']['request'],
  progress: (bytes: number) => void,
): Promise<BundleResult> {
  const { out } = request;
  if (existsSync(out)) {
    throw new EnclaveError('bundle-exists', 'there is something of that name', out, 'choose another name');
  }
  const evidence = reader.evidence();
  const chosen = chosenEvidence(evidence, request);
  const sizes = evidence.filter(({ id }) => chosen.has(id)).map(({ bytes }) => bytes);
  refuseWithoutRoom(
    out,
    [statSync(reader.path).size, ...sizes].reduce((sum, bytes) => sum + bytes) * (isBundleTar(out) ? 2 : 1),
  );
  const folder = `${out}.making-${process.pid}`;
  try {
    mkdirSync(folder);
    const { result, manifest } = await fill(reader, request, folder, progress);
    if (isBundleTar(out)) {
      renameSync(writeTar(folder, manifest, progress), out);
      rmSync(folder, { recursive: true });
    } else renameSync(folder, out);
    return result;
  } catch (error) {
    for (const made of [folder, `${folder}.tar`]) rmSync(made, { recursive: true, force: true });
    if (error instanceof EnclaveError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('not-writable', `the bundle cannot be made (${why})`, out, 'choose another place');
  }
}
