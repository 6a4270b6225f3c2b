import type { LabelEvidence, NameOrigin } from './flow.ts';
import { visibleText } from './visible-text.ts';

/** What a label rests on, told in one line. */

export interface LabelBasis {
  readonly labelEvidence: LabelEvidence;
  /** The flow's name (its own or the linked one) and where that came from. */
  readonly hostname: string | null;
  readonly nameOrigin: NameOrigin;
  /** The catalogue's pattern or block that named the service. */
  readonly match: string | null;
  readonly payloadRule: string | null;
  readonly protocol: string;
  readonly service: string | null;
  readonly category: string;
  readonly transport: string;
  readonly responderPort: number;
  /** Where the flow's own name stood, or the payload that decided (`packet 4`); null when not known. */
  readonly seenIn: string | null;
  /** The tables that `match` is from (`catalogue 2026.11.5`); null when not known. */
  readonly tables: string | null;
}

const ORIGINS: Readonly<Record<NameOrigin, string>> = {
  none: 'name',
  'tls-sni': 'TLS SNI',
  'quic-sni': 'QUIC SNI',
  'http-host': 'HTTP Host',
  'dns-question': 'DNS question',
  'zeek-ssl': 'TLS SNI (Zeek ssl log)',
  'zeek-http': 'HTTP Host (Zeek http log)',
  'zeek-dns': 'DNS question (Zeek dns log)',
  'dns-answer-client': 'DNS answer to this client:',
  'dns-answer-other-client': 'DNS answer to another client:',
  'name-record': 'name that the capture file gives to the address, without time or source:',
  'tls-sni-ech': 'TLS SNI (ECH offered, which may hide another name)',
  'quic-sni-ech': 'QUIC SNI (ECH offered, which may hide another name)',
  'tls-certificate': "name in the server's TLS certificate, no SNI seen:",
  'http-authority': 'HTTP/2 authority',
  'http-connect': 'HTTP CONNECT to',
  'dtls-sni': 'DTLS SNI',
  'dhcp-lease': 'name that the host gave itself when it was leased the address:',
  'mdns-announcement': 'name that the host announced for itself (mDNS):',
  'netbios-name': 'name that the host announced for itself (NetBIOS):',
  'stun-realm': 'realm that the relay names itself by (STUN):',
};

const PORT_TRANSPORTS: readonly string[] = ['tcp', 'udp', 'sctp', 'dccp', 'udplite'];

/** Longest name shown; of longer ones the head, with an ellipsis. */
const SHOWN = 255;

/**
 * One plain line that says why a flow bears its label, evidence first, label last:
 * `TLS SNI edge-mqtt.facebook.com in packet 4 → facebook.com → facebook; catalogue 2026.11.5`. What evidence wrote is made
 * visible (`visibleText`).
 */
export function labelDetail(basis: LabelBasis): string {
  const { labelEvidence, hostname, match, payloadRule, protocol, service, category, tables } = basis;
  const source = match === null || tables === null ? '' : `; ${tables}`;
  switch (labelEvidence) {
    case 'payload':
      return chain(
        (payloadRule === null ? 'payload' : `payload rule ${shown(payloadRule)}`) + seen(basis),
        service ?? protocol,
      );
    case 'hostname':
    case 'dns': {
      const pattern = match === null || match === hostname ? [] : [shown(match)];
      return chain(namedBy(basis) ?? labelEvidence, ...pattern, service ?? category) + source;
    }
    case 'address':
      return (
        chain(match === null ? 'address of the peer' : `address block ${shown(match)}`, service ?? category) + source
      );
    case 'port':
      return chain(
        portHint(basis) ?? 'port hint',
        ...(match === null ? [] : [`registered for ${shown(match)}, no payload was seen`]),
        category,
      );
    case 'behaviour':
      return chain(match === null ? 'behaviour' : `behaviour: ${shown(match)}`, service ?? category);
    case 'none':
      return [unrecognised(payloadRule), namedBy(basis), portHint(basis)].filter((part) => part !== null).join('; ');
  }
}

/** The payload rule of flows that none recognised, but whose first payload is encrypted throughout. */
const ENCRYPTED_RULE = 'encrypted-unclassified';

function unrecognised(payloadRule: string | null): string {
  return payloadRule === ENCRYPTED_RULE
    ? 'encrypted, unclassified: the first payload seen is random throughout, without greeting or text (Wu 2023; compressed data may look so)'
    : 'no rule matched';
}

function chain(...links: string[]): string {
  return links.join(' → ');
}

function namedBy(basis: LabelBasis): string | null {
  return basis.hostname === null ? null : `${ORIGINS[basis.nameOrigin]} ${shown(basis.hostname)}${seen(basis)}`;
}

function seen({ seenIn }: LabelBasis): string {
  return seenIn === null ? '' : ` in ${seenIn}`;
}

function portHint({ transport, responderPort }: LabelBasis): string | null {
  return PORT_TRANSPORTS.includes(transport) ? `port hint ${responderPort} (${transport})` : null;
}

function shown(text: string): string {
  return visibleText(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

/** The detail with what speaks against it, as the label column `conflict` holds it. */
export function withConflict(detail: string, conflict: string | null): string {
  return conflict === null ? detail : `${detail}; but ${shown(conflict)}`;
}
