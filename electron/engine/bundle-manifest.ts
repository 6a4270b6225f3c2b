import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

/** The list of a sealed bundle: `manifest.json`, and `SHA256SUMS`, which says the same to `sha256sum -c`. */

export const MANIFEST = 'manifest.json';
export const CHECKSUMS = 'SHA256SUMS';
export const SEALED_CASE = 'case.enclave';
export const EVIDENCE_FOLDER = 'evidence';

/** The folder of the bundle when the path names one, or its manifest; null for anything else. */
export function bundleFolder(path: string): string | null {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) return path;
  return path.endsWith(MANIFEST) ? dirname(path) : null;
}

/** Names that we give, so that no tool has to escape them and none leads out of the folder. */
const filePath = z.string().regex(/^(?:evidence\/)?[A-Za-z0-9_-][A-Za-z0-9._-]*$/);

/** Whether a file of a bundle may lie there. */
export function isBundledPath(path: string): boolean {
  return filePath.safeParse(path).success;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Manifest = z.strictObject({
  bundle: z.literal(1),
  /** Of the chain in the sealed case: its last entry. */
  auditEntries: z.number(),
  case: z.strictObject({ file: filePath, format: z.number(), id: z.string(), title: z.string() }),
  chainHead: z.string(),
  /** All evidence of the case; `file` is null where only its hash is in the bundle. */
  evidence: z.array(
    z.strictObject({ bytes: z.number(), file: filePath.nullable(), id: z.string(), path: z.string(), sha256 }),
  ),
  /** All files but this one and SHA256SUMS. */
  files: z.array(z.strictObject({ bytes: z.number(), path: filePath, sha256 })),
  findings: z.number(),
  flows: z.number(),
  sealedAt: z.string(),
  sealedBy: z.string(),
  verify: z.array(z.string()),
});

export type BundleManifest = z.infer<typeof Manifest>;
export type BundledFile = BundleManifest['files'][number];

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}

/** The manifest as its file holds it: JSON with sorted names. */
export function manifestText(manifest: BundleManifest): string {
  return `${JSON.stringify(sorted(manifest), null, 2)}\n`;
}

/** Reads a manifest of any bundle; null when it is none as Enclave writes it. */
export function parseManifest(text: string): BundleManifest | null {
  try {
    const { data } = Manifest.safeParse(JSON.parse(text));
    return data !== undefined && manifestText(data) === text ? data : null;
  } catch {
    return null;
  }
}

/** `SHA256SUMS` of a bundle: every file but itself, sorted by path. @param text of the manifest */
export function checksumsText(files: readonly BundledFile[], text: string): string {
  const all = [...files, { path: MANIFEST, sha256: sha256Of(text) }];
  return all
    .toSorted((x, y) => (x.path < y.path ? -1 : 1))
    .map(({ path, sha256: hash }) => `${hash}  ${path}\n`)
    .join('');
}
