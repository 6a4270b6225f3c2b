import { basename } from 'node:path';
import type { EvidenceInfo } from '../casefile/case-reader.ts';
import { isIpv4, parseAddress } from '../../shared/address.ts';
import type { Finding } from '../../shared/finding.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { type CaseContents, EXAMINERS_OWN, addressesOf, basisOf } from './case-contents.ts';
import { uuidOf } from './uuid.ts';

/**
 * A STIX 2.1 bundle (OASIS Standard, 10 June 2021): evidence as files, hosts and peers as addresses, each finding as a note
 * about them with verdict and kind as labels, examiners' own findings as notes with their authors, and a report over all. Ids are
 * made from names, so that the same case gives the same bundle. A finding is no indicator: it tells what was seen, not what should be looked for.
 */

/** Namespace of deterministic ids of observables (STIX 2.1, 2.9). */
const OBSERVABLES = '00abedb4-aa42-466c-9c01-fed23315a9b7';

type StixObject = Readonly<Record<string, unknown>> & { readonly type: string; readonly id: string };

/** The bundle, ready for `JSON.stringify`. */
export function stixBundle(contents: CaseContents): object {
  const caseId = uuidOf(OBSERVABLES, contents.record.id ?? '');
  const own = (type: string, name: string): string => `${type}--${uuidOf(caseId, `${type} ${name}`)}`;
  const { organisation, examiner } = contents.record.facts;
  const identity: StixObject = {
    type: 'identity',
    spec_version: '2.1',
    id: own('identity', 'author'),
    created: contents.asOf,
    modified: contents.asOf,
    name: visibleText(organisation || examiner || 'Enclave'),
    identity_class: organisation !== '' ? 'organization' : examiner !== '' ? 'individual' : 'system',
  };
  const common = {
    spec_version: '2.1',
    created_by_ref: identity.id,
    created: contents.asOf,
    modified: contents.asOf,
  };
  const files = contents.evidence.map(fileObject);
  const observables = new Map<string, StixObject>([...files].map((file) => [file.id, file]));
  const notes = contents.findings.map((finding): StixObject => {
    const addresses = addressesOf(finding).flatMap(addressObject);
    for (const address of addresses) observables.set(address.id, address);
    const subjects = addresses.length > 0 ? addresses : files;
    return {
      type: 'note',
      id: own('note', finding.id),
      ...common,
      abstract: visibleText(finding.title),
      content: contentOf(finding),
      labels: [finding.kind, finding.verdict],
      external_references: [{ source_name: 'enclave-finding', external_id: finding.id }],
      object_refs: subjects.length > 0 ? subjects.map(({ id }) => id) : [identity.id],
    };
  });
  for (const finding of contents.ownFindings) {
    notes.push({
      type: 'note',
      id: own('note', `${EXAMINERS_OWN} ${finding.id}`),
      ...common,
      abstract: visibleText(finding.title),
      content: [finding.statement, ...basisOf(finding)].map(visibleText).join('\n'),
      authors: [visibleText(finding.examiner)],
      labels: [EXAMINERS_OWN],
      external_references: [{ source_name: 'enclave-own-finding', external_id: finding.id }],
      object_refs: files.length > 0 ? files.map(({ id }) => id) : [identity.id],
    });
  }
  const about = [...observables.keys(), ...notes.map(({ id }) => id)];
  const report: StixObject = {
    type: 'report',
    id: own('report', 'case'),
    ...common,
    name: visibleText(contents.record.facts.title || 'Untitled case'),
    description: `Case ${contents.record.id ?? 'without audit entry'}, made by Enclave ${contents.version}; times in UTC. Activity seen at addresses; it does not say who sat there.`,
    report_types: ['observed-data'],
    published: contents.asOf,
    object_refs: about,
  };
  const objects = [identity, ...observables.values(), ...notes];
  // A report refers to one object at least; a case without any has only its author to show.
  if (about.length > 0) objects.push(report);
  return { type: 'bundle', id: own('bundle', contents.asOf), objects };
}

function contentOf(finding: Finding): string {
  const lines = [finding.statement, `Method: ${finding.method.name} (${finding.method.source}).`];
  if (finding.where !== '') lines.push(`Flows: ${finding.where}`);
  lines.push(...finding.caveats.map(({ text }) => `Limit: ${text}`));
  return lines.map(visibleText).join('\n');
}

/** Its id is made of name and hash (STIX 2.1, 6.7), in canonical JSON (RFC 8785). */
function fileObject({ path, sha256, bytes }: EvidenceInfo): StixObject {
  const name = visibleText(basename(path));
  const key = JSON.stringify({ hashes: { 'SHA-256': sha256 }, name });
  return {
    type: 'file',
    spec_version: '2.1',
    id: `file--${uuidOf(OBSERVABLES, key)}`,
    hashes: { 'SHA-256': sha256 },
    name,
    size: bytes,
  };
}

function addressObject(value: string): StixObject[] {
  const words = parseAddress(value);
  if (words === null) return [];
  const type = isIpv4(words[0], words[1], words[2]) ? 'ipv4-addr' : 'ipv6-addr';
  return [{ type, spec_version: '2.1', id: `${type}--${uuidOf(OBSERVABLES, JSON.stringify({ value }))}`, value }];
}
