import { basename } from 'node:path';
import { visibleText } from '../../shared/visible-text.ts';
import { type CaseContents, EXAMINERS_OWN, addressesOf, basisOf } from './case-contents.ts';
import { uuidOf } from './uuid.ts';

/**
 * The case as a graph in the CASE ontology (1.5.0, on UCO 1.5.0) as JSON-LD: an investigation; evidence files with their hashes,
 * each the object of an import by Enclave and an exhibit of a provenance record; addresses; findings, and the examiners' own, as
 * annotations of what they rest on. Ids are made from names, so that the same case gives the same graph.
 */

const NAMESPACE = '6ba7b812-9dad-11d1-80b4-00c04fd430c8';

const CONTEXT = {
  kb: 'urn:enclave:',
  'case-investigation': 'https://ontology.caseontology.org/case/investigation/',
  'uco-action': 'https://ontology.unifiedcyberontology.org/uco/action/',
  'uco-core': 'https://ontology.unifiedcyberontology.org/uco/core/',
  'uco-observable': 'https://ontology.unifiedcyberontology.org/uco/observable/',
  'uco-tool': 'https://ontology.unifiedcyberontology.org/uco/tool/',
  'uco-types': 'https://ontology.unifiedcyberontology.org/uco/types/',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
} as const;

interface Node {
  readonly '@id': string;
  readonly '@type': string;
  readonly [property: string]: unknown;
}

/** The graph, ready for `JSON.stringify`. */
export function caseGraph(contents: CaseContents): object {
  const caseName = contents.record.id ?? '';
  const idOf = (type: string, name: string): string => `kb:${type}-${uuidOf(NAMESPACE, `${caseName} ${type} ${name}`)}`;
  const reference = (id: string): object => ({ '@id': id });
  const time = (value: string): object => ({ '@type': 'xsd:dateTime', '@value': value });
  const tool: Node = {
    '@id': idOf('tool', contents.version),
    '@type': 'uco-tool:Tool',
    'uco-core:name': 'Enclave',
    'uco-tool:version': contents.version,
  };
  const nodes: Node[] = [tool];
  const files = new Map<string, string>();
  for (const { id, path, sha256, bytes, importedAt } of contents.evidence) {
    const file = idOf('file', id);
    files.set(id, file);
    const record = idOf('provenance-record', id);
    nodes.push(
      {
        '@id': file,
        '@type': 'uco-observable:File',
        'uco-core:hasFacet': [
          {
            '@id': idOf('file-facet', id),
            '@type': 'uco-observable:FileFacet',
            'uco-observable:fileName': visibleText(basename(path)),
            'uco-observable:sizeInBytes': { '@type': 'xsd:integer', '@value': String(bytes) },
          },
          {
            '@id': idOf('content-data-facet', id),
            '@type': 'uco-observable:ContentDataFacet',
            'uco-observable:hash': {
              '@id': idOf('hash', id),
              '@type': 'uco-types:Hash',
              'uco-types:hashMethod': 'SHA256',
              'uco-types:hashValue': { '@type': 'xsd:hexBinary', '@value': sha256 },
            },
          },
        ],
      },
      {
        '@id': record,
        '@type': 'case-investigation:ProvenanceRecord',
        'case-investigation:exhibitNumber': id,
        'uco-core:object': reference(file),
      },
      {
        '@id': idOf('import', id),
        '@type': 'case-investigation:InvestigativeAction',
        'uco-core:name': 'import',
        'uco-action:endTime': time(importedAt),
        'uco-action:instrument': reference(tool['@id']),
        'uco-action:object': reference(file),
        'uco-action:result': reference(record),
      },
    );
  }
  const addresses = new Map<string, string>();
  for (const address of contents.findings.flatMap(addressesOf)) {
    if (addresses.has(address)) continue;
    const id = idOf('address', address);
    addresses.set(address, id);
    const [type, facet] = address.includes(':')
      ? ['IPv6Address', 'IPv6AddressFacet']
      : ['IPv4Address', 'IPv4AddressFacet'];
    nodes.push({
      '@id': id,
      '@type': `uco-observable:${type}`,
      'uco-core:hasFacet': [
        {
          '@id': idOf('address-facet', address),
          '@type': `uco-observable:${facet}`,
          'uco-observable:addressValue': address,
        },
      ],
    });
  }
  for (const finding of contents.findings) {
    const own = addressesOf(finding).flatMap((address) => addresses.get(address) ?? []);
    const about = own.length > 0 ? own : [...files.values()];
    if (about.length === 0) continue;
    nodes.push({
      '@id': idOf('finding', finding.id),
      '@type': 'uco-core:Annotation',
      'uco-core:name': visibleText(finding.title),
      'uco-core:statement': visibleText(finding.statement),
      'uco-core:description': finding.caveats.map(({ text }) => visibleText(text)),
      'uco-core:tag': [finding.kind, finding.verdict],
      'uco-core:object': about.map(reference),
    });
  }
  // An annotation is of something (UCO core): without evidence there is nothing that it could be of.
  for (const finding of files.size === 0 ? [] : contents.ownFindings) {
    nodes.push({
      '@id': idOf(EXAMINERS_OWN, finding.id),
      '@type': 'uco-core:Annotation',
      'uco-core:name': visibleText(finding.title),
      'uco-core:statement': visibleText(finding.statement),
      'uco-core:description': basisOf(finding).map(visibleText),
      'uco-core:tag': [EXAMINERS_OWN],
      'uco-core:object': [...files.values()].map(reference),
    });
  }
  const { title, scope } = contents.record.facts;
  const investigation: Node = {
    '@id': idOf('investigation', ''),
    '@type': 'case-investigation:Investigation',
    'uco-core:name': visibleText(title || 'Untitled case'),
    ...(scope === '' ? {} : { 'uco-core:description': visibleText(scope) }),
    'uco-core:objectCreatedTime': time(contents.asOf),
    'uco-core:object': nodes.map((node) => reference(node['@id'])),
  };
  return { '@context': CONTEXT, '@graph': [investigation, ...nodes] };
}
