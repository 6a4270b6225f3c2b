import { visibleText } from '../../shared/visible-text.ts';
import type { BundleManifest } from './bundle-manifest.ts';

/** What a stranger who was given only the bundle reads first. */

type Told = Omit<BundleManifest, 'files'>;

function evidenceText({ evidence }: Told): string {
  if (evidence.length === 0) return '  none\n';
  return evidence
    .map(
      ({ file, path, bytes, sha256 }) =>
        `  ${sha256}  ${file ?? `not in this bundle: ${visibleText(path)}`} (${bytes.toLocaleString('en-GB')} bytes)\n`,
    )
    .join('');
}

export function bundleReadme(told: Told, hasReport: boolean): string {
  return `Sealed case: ${visibleText(told.case.title)}
Case id      ${told.case.id}
Sealed       ${told.sealedAt} by ${told.sealedBy}
Audit chain  ${told.auditEntries} entries, head ${told.chainHead}
Holds        ${told.flows.toLocaleString('en-GB')} flows, ${told.findings.toLocaleString('en-GB')} findings

Everything here can be read from a write-protected medium; nothing has to be written beside it.
Run the commands in this folder. "enclave" is the program of the version above.

1. Are these the files that were sealed? Ask the examiner for the SHA-256 of manifest.json, which
   stands in the audit chain of the case in work, and compare; then check every file.

     sha256sum manifest.json
     sha256sum -c SHA256SUMS

2. Does the case say what was put into it? This checks the files again, SQLite's structure, the
   audit chain, every flow, label and setting, the evidence, and computes each finding anew. A signature
   is told with the fingerprint of its key: compare it with the one that the examiner gave you otherwise.

     enclave verify .
${told.evidence.some(({ file }) => file === null) ? '     enclave verify . --evidence FOLDER      (evidence that is not in this bundle)\n' : ''}
3. Every number again.

     enclave findings case.enclave --json
     enclave flows case.enclave --where 'FILTER'      (a finding's "where": the flows it rests on)
     enclave summary case.enclave --by category --metric flows
     enclave summary case.enclave --by service,day --metric bytes --json
     enclave report case.enclave --out /tmp/report.html
${hasReport ? '   The report equals report.html but for the time of printing.\n' : ''}
   To compute with other settings, make a copy that can be written to:

     sqlite3 case.enclave "VACUUM INTO '/tmp/copy.enclave'"
     sqlite3 /tmp/copy.enclave 'PRAGMA journal_mode = WAL'
     enclave analyse /tmp/copy.enclave

4. Without Enclave. The case is one SQLite database; docs/case-format.md of Enclave describes it,
   with a reader in plain Python that checks the hashes of flows and the audit chain.

     sqlite3 -readonly case.enclave 'PRAGMA integrity_check'
     sqlite3 -readonly case.enclave 'SELECT seq, time, action, actor, hash FROM audit'

Evidence (SHA-256, file)
${evidenceText(told)}`;
}
