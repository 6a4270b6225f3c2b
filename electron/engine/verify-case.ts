import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { analyseCase } from '../analysis/analyse.ts';
import { hashFile } from '../capture/evidence-file.ts';
import { firstBrokenEntry } from '../casefile/audit-chain.ts';
import type { AuditEntry, CaseReader, EvidenceInfo } from '../casefile/case-reader.ts';
import { segmentHash } from '../casefile/segment-hash.ts';
import type { VerifyResult } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** Checks that a case still says what was put into it: file, audit chain, flows, evidence, findings. */

type Check = VerifyResult['checks'][number];

const holds = (check: string, detail: string): Check => ({ check, result: 'holds', detail });
const fails = (check: string, detail: string): Check => ({ check, result: 'fails', detail });
const notChecked = (check: string, detail: string): Check => ({ check, result: 'not-checked', detail });

/** Where the evidence lies now: at its path, or under the given folder by its name. */
function locate(evidence: EvidenceInfo, directory: string | null): string | null {
  if (directory === null) return existsSync(evidence.path) ? evidence.path : null;
  const name = basename(evidence.path);
  const direct = join(directory, name);
  if (existsSync(direct)) return direct;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name !== name) continue;
    const path = join(entry.parentPath, entry.name);
    if (statSync(path).size === evidence.bytes) return path;
  }
  return null;
}

function checkEvidence(reader: CaseReader, directory: string | null, progress: (bytes: number) => void): Check[] {
  return reader.evidence().map((evidence) => {
    const check = `evidence ${evidence.id}`;
    const path = locate(evidence, directory);
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

interface ImportDetail {
  evidence?: unknown;
  sha256?: unknown;
  segments?: unknown;
}

function importsOf(audit: readonly AuditEntry[]): Map<string, { sha256: string; segments: string[] }> {
  const imports = new Map<string, { sha256: string; segments: string[] }>();
  for (const entry of audit) {
    if (entry.action !== 'import') continue;
    const detail = JSON.parse(entry.detail) as ImportDetail;
    const segments = Array.isArray(detail.segments) ? detail.segments.map(String) : [];
    imports.set(String(detail.evidence), { sha256: String(detail.sha256), segments });
  }
  return imports;
}

function checkFlows(reader: CaseReader, imports: ReadonlyMap<string, { sha256: string; segments: string[] }>): Check {
  const check = 'flows';
  const byEvidence = new Map<string, string[]>();
  let flows = 0;
  for (const segment of reader.segments()) {
    const { sha256, columns } = reader.storedFacts(segment);
    if (segmentHash(columns) !== sha256) return fails(check, `segment ${segment.segment} was changed`);
    const hashes = byEvidence.get(segment.evidence) ?? [];
    byEvidence.set(segment.evidence, [...hashes, sha256]);
    flows += segment.rows;
  }
  for (const { id, sha256 } of reader.evidence()) {
    const entry = imports.get(id);
    if (entry === undefined) return fails(check, `evidence ${id} has no import entry in the audit chain`);
    if (entry.sha256 !== sha256) return fails(check, `the hash of evidence ${id} differs from its import entry`);
    if (entry.segments.join() !== (byEvidence.get(id) ?? []).join()) {
      return fails(check, `the segments of evidence ${id} differ from its import entry`);
    }
  }
  for (const id of imports.keys()) {
    if (!reader.evidence().some((evidence) => evidence.id === id)) return fails(check, `evidence ${id} was taken out`);
  }
  return holds(check, `${flows} flows in ${reader.segments().length} segments are as imported`);
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

function checkFindings(reader: CaseReader): Check {
  const check = 'findings';
  const stored = reader.findings();
  if (stored.length === 0) return notChecked(check, 'the case holds no findings');
  const again = analyseCase(reader);
  const differing = stored.find((finding, i) => JSON.stringify(finding) !== JSON.stringify(again[i]));
  if (differing) return fails(check, `“${differing.title}” comes out otherwise when it is computed again`);
  if (again.length !== stored.length) return fails(check, `${again.length} come out, ${stored.length} are stored`);
  return holds(check, `all ${stored.length} come out the same when computed again`);
}

/** Runs one check; what cannot even be read fails it. Errors with a code of their own (cancelled) pass. */
function guarded(check: string, make: () => Check[]): Check[] {
  try {
    return make();
  } catch (error) {
    if (error instanceof EnclaveError) throw error;
    return [fails(check, `it cannot be checked (${error instanceof Error ? error.message : String(error)})`)];
  }
}

function checkFile(reader: CaseReader): Check {
  const faults = reader.integrityFaults();
  return faults.length === 0 ? holds('case file', 'SQLite finds it sound') : fails('case file', faults[0]);
}

function checkAuditChain(audit: readonly AuditEntry[]): Check {
  const broken = firstBrokenEntry(audit);
  return broken === null
    ? holds('audit chain', `${audit.length} entries, head ${audit.at(-1)?.hash ?? 'none'}`)
    : fails('audit chain', `entry ${broken} does not fit the one before`);
}

/** @param progress called with the bytes of the file being hashed; throws to stop */
export function verifyCase(
  reader: CaseReader,
  evidenceDirectory: string | null,
  progress: (bytes: number) => void,
): VerifyResult {
  const checks = [
    ...guarded('case file', () => [checkFile(reader)]),
    ...guarded('audit chain', () => [checkAuditChain(reader.audit())]),
    ...guarded('flows', () => [checkFlows(reader, importsOf(reader.audit()))]),
    ...guarded('overlays', () => checkOverlays(reader, reader.audit())),
    ...guarded('evidence', () => checkEvidence(reader, evidenceDirectory, progress)),
    ...guarded('findings', () => [checkFindings(reader)]),
  ];
  return { case: reader.path, holds: checks.every((check) => check.result !== 'fails'), checks };
}
