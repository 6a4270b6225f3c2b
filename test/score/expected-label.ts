import { readFileSync } from 'node:fs';
import { type ExpectedFlow } from './expected.ts';
import { OWN_SERVICE } from './kinship.ts';

/** Another tool's name for a flow, in the words of the vocabulary. */
export interface ExpectedLabel {
  /** Protocol ids. A chain runs from carrier to carried, the last being the engine's own answer. */
  protocols: string[];
  /** true: the last of `protocols` is meant; false: any of them may be. */
  chain: boolean;
  service: string | null;
  /** The engine looked and found nothing. */
  unknown: boolean;
  /** Names that the vocabulary lacks. */
  outside: string[];
}

export type VocabularyKind = 'protocol' | 'service';

/** Names of nDPI, and our own ids, to what they are. */
export interface NameTable {
  ndpi: ReadonlyMap<string, { kind: VocabularyKind; id: string }>;
  protocols: ReadonlySet<string>;
  services: ReadonlySet<string>;
}

/** Reads vocabulary.tsv: kind, id, category, nDPI name, meaning. */
export function readVocabulary(file: string): NameTable {
  const ndpi = new Map<string, { kind: VocabularyKind; id: string }>();
  const ids = { protocol: new Set<string>(), service: new Set<string>() };
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [kind, id, , name] = line.split('\t');
    if ((kind !== 'protocol' && kind !== 'service') || id === undefined) continue;
    ids[kind].add(id);
    if (name !== undefined && name !== '') ndpi.set(name, { kind, id });
  }
  return { ndpi, protocols: ids.protocol, services: ids.service };
}

/** Names of Zeek and Arkime that differ from our protocol ids; null where the name is no protocol of its own. */
const OTHER_NAMES: Readonly<Record<string, string | null>> = {
  ssl: 'tls',
  ldap_tcp: 'ldap',
  ldap_udp: 'ldap',
  dce_rpc: 'dcerpc',
  gtpv1: 'gtp',
  krb: 'kerberos',
  krb_tcp: 'kerberos',
  krb5: 'kerberos',
  isakmp: 'ipsec',
  esp: 'ipsec',
  mongo: 'mongodb',
  opcua: 'opc-ua',
  icmp: null,
  tcp: null,
  udp: null,
  gre: null,
  mpls: null,
  ntlm: null,
  'unknown-ip': null,
  'unknown-ether': null,
  'corrupt-ether': null,
  tlsrulestest: null,
};

/** nDPI's "nothing found". */
const NOTHING = 'Unknown';

/** Translates what the engine says. A DNS flow has no service, whoever is asked for (contract). */
export function expectedLabel(flow: ExpectedFlow, table: NameTable): ExpectedLabel {
  const label: ExpectedLabel = { protocols: [], chain: flow.namesAreChain, service: null, unknown: false, outside: [] };
  for (const name of flow.names) {
    if (flow.namesAreChain) addNdpiName(label, name, table);
    else addOtherName(label, name, table);
  }
  if (label.protocols.includes('dns')) label.service = null;
  return label;
}

function addNdpiName(label: ExpectedLabel, name: string, table: NameTable): void {
  const known = table.ndpi.get(name);
  if (name === NOTHING) label.unknown = true;
  else if (known === undefined) label.outside.push(name);
  else if (known.kind === 'service') label.service = known.id;
  else if (label.protocols.length > 0 && OWN_SERVICE[known.id] !== undefined)
    label.service = OWN_SERVICE[known.id] ?? null;
  else label.protocols.push(known.id);
}

function addOtherName(label: ExpectedLabel, name: string, table: NameTable): void {
  if (name === 'smb') label.protocols.push('smb1', 'smb2');
  else {
    const id = name in OTHER_NAMES ? OTHER_NAMES[name] : name;
    if (id === null || id === undefined) return;
    if (table.protocols.has(id)) label.protocols.push(id);
    else label.outside.push(name);
  }
}
