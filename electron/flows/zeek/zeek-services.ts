import { UDP } from '../../../shared/flow.ts';

/**
 * Zeek's service names (its analyzers, lower case) and our protocol ids, ordered from the outermost carrier to what is
 * carried inside: of several names that a connection bears, the last of this list is taken. Zeek gives them as a set
 * whose order tells nothing, so nesting has to come from the protocols themselves: TLS runs inside HTTP (CONNECT), SOCKS
 * and QUIC but below SMTP, RDP or LDAP once those have switched to it; DCE/RPC runs inside SMB, Kerberos and NTLM
 * tokens inside either. Names that only authenticate (`gssapi`, `ntlm`, `spnego`) name no protocol of ours.
 */
const SERVICES: readonly (readonly [service: string, protocol: string])[] = [
  ['teredo', 'teredo'],
  ['gtpv1', 'gtp-u'],
  ['ipsec', 'ipsec'],
  ['openvpn', 'openvpn'],
  ['wireguard', 'wireguard'],
  ['socks', 'socks'],
  ['http', 'http'],
  ['websocket', 'websocket'],
  ['ssl', 'tls'],
  ['dtls', 'dtls'],
  ['quic', 'quic'],
  ['krb', 'kerberos'],
  ['krb_tcp', 'kerberos'],
  ['krb_udp', 'kerberos'],
  // Zeek's conn.log does not tell SMB 1 from SMB 2 and 3; the newer is by far the likelier and the category is the same.
  ['smb', 'smb2'],
  ['dce_rpc', 'dcerpc'],
  ['ldap', 'ldap'],
  ['ldap_tcp', 'ldap'],
  ['ldap_udp', 'ldap'],
  ['rdp', 'rdp'],
  ['rdpeudp', 'rdp'],
  ['rfb', 'vnc'],
  ['ssh', 'ssh'],
  ['telnet', 'telnet'],
  ['rsh', 'rsh'],
  ['smtp', 'smtp'],
  ['pop3', 'pop3'],
  ['imap', 'imap'],
  ['ftp', 'ftp'],
  ['ftp-data', 'ftp-data'],
  ['tftp', 'tftp'],
  ['nfs', 'nfs'],
  ['dns', 'dns'],
  ['dhcp', 'dhcp'],
  ['ntp', 'ntp'],
  ['snmp', 'snmp'],
  ['syslog', 'syslog'],
  ['radius', 'radius'],
  ['stun', 'stun'],
  ['sip', 'sip'],
  ['irc', 'irc'],
  ['irc-dcc-data', 'irc'],
  ['irc-data', 'irc'],
  ['xmpp', 'xmpp'],
  ['mqtt', 'mqtt'],
  ['mysql', 'mysql'],
  ['postgresql', 'postgresql'],
  ['redis', 'redis'],
  ['tds', 'tds'],
  ['bittorrent', 'bittorrent'],
  ['bittorrenttracker', 'bittorrent'],
  ['gnutella', 'gnutella'],
  ['modbus', 'modbus'],
  ['dnp3', 'dnp3'],
  ['dnp3_tcp', 'dnp3'],
  ['dnp3_udp', 'dnp3'],
  ['bacnet', 'bacnet'],
  ['enip', 'ethernet-ip'],
  ['cip', 'cip'],
  ['s7comm', 's7comm'],
  ['s7comm_plus', 's7comm-plus'],
  ['opcua_binary', 'opc-ua'],
];

const RANKS: ReadonlyMap<string, number> = new Map(SERVICES.map(([service], rank) => [service, rank]));

/** Protocols that have a name of their own once they run over TLS. */
const OVER_TLS: Readonly<Record<string, string>> = { smtp: 'smtps', pop3: 'pop3s', imap: 'imaps', ftp: 'ftps' };

/** All protocol ids that a Zeek log can give. */
export const ZEEK_PROTOCOLS: readonly string[] = [
  ...new Set([...SERVICES.map(([, protocol]) => protocol), ...Object.values(OVER_TLS), 'mdns', 'llmnr', 'netbios']),
];

/**
 * Zeek reads four protocols with its DNS analyzer and tells them apart by nothing but the responder's port
 * (scripts/base/protocols/dns/main.zeek).
 */
export function dnsProtocol(responderPort: number): string {
  switch (responderPort) {
    case 137:
      return 'netbios';
    case 5353:
      return 'mdns';
    case 5355:
      return 'llmnr';
    default:
      return 'dns';
  }
}

/**
 * Protocol id for the `service` of a connection (one name or several with commas between); undefined when we know none
 * of them. A name with a leading `-` is one that Zeek took back (`DPD::track_removed_services_in_connection`).
 */
export function serviceProtocol(service: string, transport: number, responderPort: number): string | undefined {
  let best = -1;
  let tls = false;
  // Logs choose what stands between the elements of a set; names of analyzers hold none of it.
  for (const name of service.split(/[^\w-]+/)) {
    const rank = RANKS.get(name);
    if (rank === undefined) continue;
    if (rank > best) best = rank;
    if (name === 'ssl') tls = true;
  }
  const protocol = SERVICES[best]?.[1];
  if (protocol === 'dns') return dnsProtocol(responderPort);
  if (protocol === 'tls' && transport === UDP) return 'dtls';
  return tls && protocol !== undefined ? (OVER_TLS[protocol] ?? protocol) : protocol;
}
