import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { analyseCase } from '../analysis/analyse.ts';
import { hashFile } from '../capture/evidence-file.ts';
import { firstBrokenEntry } from '../casefile/audit-chain.ts';
import type { AuditEntry, CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';
import { segmentHash } from '../casefile/segment-hash.ts';
import { checkOwnFindings } from './own-finding-jobs.ts';
import { countryTablesOf } from './label-case.ts';
import { signatureChecks } from './signing.ts';
import { ENCLAVE_VERSION } from './version.ts';
import type { VerifyResult } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** Checks that a case still says what was put into it: file, audit chain, flows, evidence, findings. */

export type Check = VerifyResult['checks'][number];

const holds = (check: string, detail: string): Check => ({ check, result: 'holds', detail });
const fails = (check: string, detail: string): Check => ({ check, result: 'fails', detail });
const notChecked = (check: string, detail: string): Check => ({ check, result: 'not-checked', detail });

/** Where the evidence lies now: at its path, or under the given folder by its name, or by its id as in a sealed bundle. */
export function locateEvidence(evidence: EvidenceInfo, directory: string | null): string | null {
  if (directory === null) return existsSync(evidence.path) ? evidence.path : null;
  const name = basename(evidence.path);
  const direct = join(directory, name);
  if (existsSync(direct)) return direct;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !(entry.name === name || entry.name.startsWith(evidence.id))) continue;
    const path = join(entry.parentPath, entry.name);
    if (statSync(path).size === evidence.bytes) return path;
  }
  return null;
}

function checkEvidence(reader: CaseReader, directory: string | null, progress: (bytes: number) => void): Check[] {
  return reader.evidence().map((evidence) => {
    const check = `evidence ${evidence.id}`;
    const path = locateEvidence(evidence, directory);
    if (path === null) return notChecked(check, `${evidence.path}: not found; name its folder with --evidence`);
    try {
      const sha256 = hashFile(path, progress);
      return sha256 === evidence.sha256
        ? holds(check, `${path}: SHA-256 ${sha256}`)
        : fails(check, `${path}: SHA-256 is ${sha256}, the case has ${evidence.sha256}`);
    } catch (error) {
      if (error instanceof EnclaveError && error.code === 'evidence-unreadable') {
        return notChecked(check, `${path}: ${error.message}`);
      }
      throw error;
    }
  });
}

/** What the audit entry of an import says; the digests are missing in cases of an older Enclave. */
const ImportEntry = z.object({
  evidence: z.string(),
  sha256: z.string(),
  segments: z.array(z.string()).default([]),
  row: z.unknown().optional(),
  segmentRows: z.unknown().optional(),
  names: z.unknown().optional(),
});

/** The entries that tell of what the case holds now: of one that came back from a backup, those after its restoration. */
function sinceRestored(audit: readonly AuditEntry[]): readonly AuditEntry[] {
  return audit.slice(audit.findLastIndex(({ action }) => action === 'restore') + 1);
}

const RestoreEntry = z.object({ evidence: z.array(z.object({ id: z.string() })) });

/** Of a case that came back from a backup: ids of evidence that was in it and has not been imported again. */
function notImportedAgain(reader: CaseReader): string[] {
  const entry = reader.audit().findLast(({ action }) => action === 'restore');
  if (entry === undefined) return [];
  const there = new Set(reader.evidence().map(({ id }) => id));
  return RestoreEntry.parse(JSON.parse(entry.detail))
    .evidence.map(({ id }) => id)
    .filter((id) => !there.has(id));
}

function importsOf(audit: readonly AuditEntry[]): Map<string, z.infer<typeof ImportEntry>> {
  const imports = sinceRestored(audit)
    .filter(({ action }) => action === 'import')
    .map(({ detail }) => ImportEntry.parse(JSON.parse(detail)));
  return new Map(imports.map((entry) => [entry.evidence, entry]));
}

/** Whether two values are the same as JSON. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const BEFORE_HASHES = 'made by an Enclave that kept no hash of it';

function checkFlows(reader: CaseReader): Check {
  const check = 'flows';
  const imports = importsOf(reader.audit());
  const byEvidence = new Map<string, string[]>();
  let flows = 0;
  for (const segment of reader.segments()) {
    const { sha256, columns } = reader.storedFacts(segment);
    if (segmentHash(columns) !== sha256) {
      return fails(check, `segment ${segment.segment} was changed (evidence ${segment.evidence})`);
    }
    const hashes = byEvidence.get(segment.evidence) ?? [];
    hashes.push(sha256);
    byEvidence.set(segment.evidence, hashes);
    flows += segment.rows;
  }
  const evidence = reader.evidence();
  for (const { id, sha256 } of evidence) {
    const entry = imports.get(id);
    if (entry === undefined) return fails(check, `evidence ${id} has no import entry in the audit chain`);
    if (entry.sha256 !== sha256) return fails(check, `the hash of evidence ${id} differs from its import entry`);
    if (!isSame(entry.segments, byEvidence.get(id) ?? [])) {
      return fails(check, `the segments of evidence ${id} differ from its import entry`);
    }
    if (entry.row !== undefined && !isSame(entry.row, reader.evidenceDigest(id, 'row'))) {
      return fails(check, `what the case says of evidence ${id} differs from its import entry`);
    }
    if (entry.segmentRows !== undefined && !isSame(entry.segmentRows, reader.evidenceDigest(id, 'segmentRows'))) {
      return fails(check, `row counts or times of the segments of evidence ${id} differ from its import entry`);
    }
  }
  for (const id of imports.keys()) {
    if (!evidence.some((each) => each.id === id)) return fails(check, `evidence ${id} was taken out`);
  }
  const missing = notImportedAgain(reader);
  if (missing.length > 0) {
    return notChecked(check, `the case came back from a backup; evidence to be imported again: ${missing.join(', ')}`);
  }
  return holds(check, `${flows} flows in ${reader.segments().length} segments are as imported`);
}

function checkNames(reader: CaseReader): Check {
  const check = 'names';
  const imports = [...importsOf(reader.audit()).values()];
  if (imports.some(({ names }) => names === undefined)) return notChecked(check, BEFORE_HASHES);
  const changed = imports.find(({ evidence, names }) => !isSame(names, reader.evidenceDigest(evidence, 'names')));
  return changed === undefined
    ? holds(check, 'names learnt beside the flows are as imported')
    : fails(check, `names that evidence ${changed.evidence} brought differ from its import entry`);
}

const LabelEntry = z.object({ version: z.number(), labels: z.array(z.tuple([z.number(), z.string()])).optional() });

function checkLabels(reader: CaseReader): Check {
  const check = 'labels';
  const entry = sinceRestored(reader.audit()).findLast(({ action }) => action === 'label');
  const stored = reader.labelHashes();
  if (entry === undefined) {
    return stored.length === 0
      ? notChecked(check, 'the case holds no labels')
      : fails(check, 'no audit entry knows of them');
  }
  const { version, labels } = LabelEntry.parse(JSON.parse(entry.detail));
  if (labels === undefined) return notChecked(check, `${BEFORE_HASHES}; enclave reclassify makes one`);
  if (version !== reader.labelVersion)
    return fails(check, `version ${reader.labelVersion} is in force, not ${version}`);
  if (isSame(labels, stored)) return holds(check, `version ${version} is as it was made`);
  const changed =
    stored.find((each, i) => !isSame(each, labels[i])) ?? labels.find((each, i) => !isSame(each, stored[i]));
  return fails(check, `those of segment ${changed?.[0]} are not as they were made`);
}

/** What people call the tables. */
const CALLED: ReadonlyMap<string, string> = new Map([
  ['meta', 'settings (profile and facts of the case among them)'],
  ['labelVersion', 'basis of the labels'],
  ['term', 'terms'],
  ['network', 'networks'],
  ['institution', 'institutions'],
  ['service', 'services'],
  ['overlay', 'overlays'],
  ['indicatorFile', 'files of indicators'],
  ['indicator', 'indicators'],
  ['eventFile', 'files of events'],
  ['event', 'events'],
  ['finding', 'findings'],
  ['ownFinding', 'own findings of the examiner'],
  ['note', 'notes'],
  ['keptState', 'kept states'],
]);

/** Compares everything that is no flow, name or label with the digests in the audit chain. */
function checkContent(reader: CaseReader): Check {
  const check = 'other content';
  const changed = reader.changedTables();
  if (changed === null) return notChecked(check, `${BEFORE_HASHES}; the next change of the case makes one`);
  if (changed.length === 0) return holds(check, 'settings, terms, tables and findings are as the audit chain has them');
  return fails(check, changed.map(({ table, detail }) => `${CALLED.get(table) ?? table}: ${detail}`).join('; '));
}

/** Compares what the case holds of overlays with the hashes in the audit chain. */
function checkOverlays(reader: CaseReader, audit: readonly AuditEntry[]): Check[] {
  const check = 'overlays';
  const overlays = reader.overlays();
  if (overlays.length === 0) return [];
  const hashes = new Map<string, string>();
  for (const { action, detail } of audit) {
    if (action !== 'overlay') continue;
    const { overlay, dataSha256 } = JSON.parse(detail) as { overlay?: unknown; dataSha256?: unknown };
    hashes.set(String(overlay), String(dataSha256));
  }
  for (const { id, name } of overlays) {
    const data = reader.overlayData(id);
    const sha256 = data === null ? '' : createHash('sha256').update(data).digest('hex');
    if (hashes.get(id) !== sha256) return [fails(check, `“${name}” differs from its entry in the audit chain`)];
  }
  return [holds(check, `all ${overlays.length} are as they were added`)];
}

const AnalyseEntry = z.object({ enclave: z.string().default('of another version') });

function checkFindings(reader: CaseReader): Check {
  const check = 'findings';
  const stored = reader.findings();
  if (stored.length === 0) return notChecked(check, 'the case holds no findings');
  if (!sinceRestored(reader.audit()).some(({ action }) => action === 'analyse')) {
    if (notImportedAgain(reader).length > 0)
      return notChecked(check, 'they came back from a backup, without the flows');
  }
  const again = analyseCase(reader, { tables: countryTablesOf(reader) });
  const differing = stored.filter((finding, i) => !isSame(finding, again[i]));
  if (differing.length > 0) {
    const which = `“${differing[0].title}”${differing.length === 1 ? '' : ` and ${differing.length - 1} others`}`;
    const { enclave } = AnalyseEntry.parse(
      JSON.parse(reader.audit().findLast(({ action }) => action === 'analyse')?.detail ?? '{}'),
    );
    const why = enclave === ENCLAVE_VERSION ? '' : `; Enclave ${enclave} made them, this is ${ENCLAVE_VERSION}`;
    return fails(check, `${which} come out otherwise when computed again${why}`);
  }
  if (again.length !== stored.length) return fails(check, `${again.length} come out, ${stored.length} are stored`);
  return holds(check, `all ${stored.length} come out the same when computed again`);
}

/** Runs one check; what cannot even be read fails it. Only what cancels the whole passes. */
function guarded(check: string, make: () => Check[]): Check[] {
  try {
    return make();
  } catch (error) {
    if (error instanceof EnclaveError && error.code === 'cancelled') throw error;
    return [fails(check, `it cannot be checked (${error instanceof Error ? error.message : String(error)})`)];
  }
}

function checkFile(reader: CaseReader): Check {
  const faults = reader.integrityFaults();
  return faults.length === 0
    ? holds('case file', 'SQLite finds it sound, and its schema is that of every case')
    : fails('case file', faults[0]);
}

function checkAuditChain(audit: readonly AuditEntry[]): Check {
  const broken = firstBrokenEntry(audit);
  return broken === null
    ? holds('audit chain', `${audit.length} entries, head ${audit.at(-1)?.hash ?? 'none'}`)
    : fails('audit chain', `entry ${broken} does not fit the one before`);
}

/**
 * The checks one after the other, those that read least first.
 *
 * @param evidenceDirectory where the evidence lies; null: where it was when it was imported
 * @param progress called with the bytes of the file being hashed; throws to stop
 */
export function* caseChecks(
  reader: CaseReader,
  evidenceDirectory: string | null,
  progress: (bytes: number) => void,
): Generator<Check> {
  yield* guarded('case file', () => [checkFile(reader)]);
  yield* guarded('audit chain', () => [checkAuditChain(reader.audit())]);
  yield* guarded('signatures', () => signatureChecks(reader.audit()));
  yield* guarded('flows', () => [checkFlows(reader)]);
  yield* guarded('names', () => [checkNames(reader)]);
  yield* guarded('labels', () => [checkLabels(reader)]);
  yield* guarded('other content', () => [checkContent(reader)]);
  yield* guarded('overlays', () => checkOverlays(reader, reader.audit()));
  yield* guarded('evidence', () => checkEvidence(reader, evidenceDirectory, progress));
  yield* guarded('findings', () => [checkFindings(reader)]);
  yield* guarded('own findings', () => checkOwnFindings(reader));
}

/** Verifies a case. Parameters as those of `caseChecks`. */
export function verifyCase(...of: Parameters<typeof caseChecks>): VerifyResult {
  const checks = [...caseChecks(...of)];
  return { case: of[0].path, holds: checks.every((check) => check.result !== 'fails'), checks };
}
