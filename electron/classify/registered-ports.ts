import { TCP, UDP } from '../../shared/flow.ts';

type PortsOfProtocols = Readonly<
  Record<string, { readonly tcp?: readonly number[]; readonly udp?: readonly number[] }>
>;

/**
 * What is spoken on a port by IANA's register of service names and ports, or by its maker's manual (Steam), where hardly anything else uses
 * it. It names no protocol and no service; of conversations of which nobody saw a payload it gives the category, as the weakest evidence there
 * is. Left out are the ports of cryptocurrency and file sharing, of which a host's many peers tell (`behaviour/peer-to-peer.ts`).
 */
const REGISTERED: PortsOfProtocols = {
  smtp: { tcp: [25, 587] },
  smtps: { tcp: [465] },
  pop3: { tcp: [110] },
  pop3s: { tcp: [995] },
  imap: { tcp: [143] },
  imaps: { tcp: [993] },
  ssh: { tcp: [22] },
  telnet: { tcp: [23] },
  rdp: { tcp: [3389], udp: [3389] },
  vnc: { tcp: [5900] },
  rsh: { tcp: [514] },
  citrix: { tcp: [1494, 2598] },
  teamviewer: { tcp: [5938], udp: [5938] },
  xdmcp: { udp: [177] },
  ftp: { tcp: [21] },
  'ftp-data': { tcp: [20] },
  ftps: { tcp: [989, 990] },
  tftp: { udp: [69] },
  smb1: { tcp: [139] },
  smb2: { tcp: [445] },
  nfs: { tcp: [2049], udp: [2049] },
  rsync: { tcp: [873] },
  afp: { tcp: [548] },
  iscsi: { tcp: [3260] },
  mysql: { tcp: [3306] },
  postgresql: { tcp: [5432] },
  tds: { tcp: [1433] },
  'oracle-tns': { tcp: [1521] },
  redis: { tcp: [6379] },
  mongodb: { tcp: [27_017] },
  cassandra: { tcp: [9042] },
  memcached: { tcp: [11_211], udp: [11_211] },
  amqp: { tcp: [5672] },
  kafka: { tcp: [9092] },
  mqtt: { tcp: [1883, 8883] },
  coap: { udp: [5683, 5684] },
  ipp: { tcp: [631] },
  sip: { tcp: [5060, 5061], udp: [5060] },
  h323: { tcp: [1720] },
  mgcp: { udp: [2427, 2727] },
  skinny: { tcp: [2000] },
  iax: { udp: [4569] },
  stun: { tcp: [3478], udp: [3478] },
  xmpp: { tcp: [5222, 5269] },
  irc: { tcp: [6667] },
  rtsp: { tcp: [554, 8554] },
  rtmp: { tcp: [1935] },
  modbus: { tcp: [502] },
  s7comm: { tcp: [102] },
  dnp3: { tcp: [20_000], udp: [20_000] },
  'ethernet-ip': { tcp: [44_818], udp: [44_818] },
  cip: { udp: [2222] },
  bacnet: { udp: [47_808] },
  iec104: { tcp: [2404] },
  'opc-ua': { tcp: [4840] },
  dns: { tcp: [53], udp: [53] },
  dhcp: { udp: [67, 68] },
  dhcpv6: { udp: [546, 547] },
  ntp: { udp: [123] },
  snmp: { tcp: [161], udp: [161, 162] },
  bgp: { tcp: [179] },
  ldap: { tcp: [389, 636, 3268], udp: [389] },
  kerberos: { tcp: [88], udp: [88] },
  dcerpc: { tcp: [135] },
  netbios: { udp: [137, 138] },
  syslog: { udp: [514] },
  radius: { udp: [1812, 1813] },
  diameter: { tcp: [3868] },
  ssdp: { udp: [1900] },
  mdns: { udp: [5353] },
  llmnr: { udp: [5355] },
  wsd: { udp: [3702] },
  whois: { tcp: [43] },
  ptp: { udp: [319, 320] },
  ldp: { tcp: [646], udp: [646] },
  netflow: { udp: [2055, 4739] },
  sflow: { udp: [6343] },
  rmcp: { udp: [623] },
  slp: { udp: [427] },
  'nat-pmp': { udp: [5351] },
  zabbix: { tcp: [10_050, 10_051] },
  'gtp-u': { udp: [2152] },
  'gtp-c': { udp: [2123] },
  capwap: { udp: [5246, 5247] },
  lisp: { udp: [4342] },
  ipsec: { udp: [500, 4500] },
  l2tp: { udp: [1701] },
  pptp: { tcp: [1723] },
  openvpn: { tcp: [1194], udp: [1194] },
  teredo: { udp: [3544] },
  socks: { tcp: [1080] },
  'encrypted-dns': { tcp: [853], udp: [853] },
  armagetron: { udp: [4534] },
  'source-engine': { udp: [27_015, 27_016] },
  'steam-wire': { udp: [27_017, 27_018, 27_019] },
};

/** Behind the web's ports are everybody's services: they tell something only of an end whose name is known, and no service's. */
const WEB: PortsOfProtocols = {
  http: { tcp: [80] },
  tls: { tcp: [443] },
  quic: { udp: [443] },
};

/** Protocols whose receivers do not answer to the same flow: syslog (RFC 5426), NetFlow and IPFIX (RFC 7011), sFlow, traps, GTP-U. */
const ONE_WAY: ReadonlySet<string> = new Set(['syslog', 'netflow', 'sflow', 'gtp-u']);
const SNMP_TRAP_PORT = 162;

function tableOf(of: PortsOfProtocols, transport: 'tcp' | 'udp'): ReadonlyMap<number, string> {
  return new Map(
    Object.entries(of).flatMap(([protocol, ports]) =>
      (ports[transport] ?? []).map((port): [number, string] => [port, protocol]),
    ),
  );
}

type ByTransport = ReadonlyMap<number, ReadonlyMap<number, string>>;
const byTransport = (of: PortsOfProtocols): ByTransport =>
  new Map([
    [TCP, tableOf(of, 'tcp')],
    [UDP, tableOf(of, 'udp')],
  ]);
const REGISTERED_ON = byTransport(REGISTERED);
const WEB_ON = byTransport(WEB);

/**
 * Id of the protocol that is registered for a port; null when none is in the table. `transport` is IP's number.
 * @param isNamed the end has a name that no catalogue knows: then the web's ports count too
 */
export function registeredOn(transport: number, port: number, isNamed: boolean): string | null {
  return REGISTERED_ON.get(transport)?.get(port) ?? (isNamed ? (WEB_ON.get(transport)?.get(port) ?? null) : null);
}

/** Bytes of IP and TCP headers with all options that a handshake carries: a packet without payload is no longer. */
const LONGEST_EMPTY_PACKET = { ipv4: 60, ipv6: 80 } as const;
/** SYN, ACK and data, of a connection of which one direction was seen. */
const LEAST_ONE_WAY = 3;

/** What a flow's counts tell of whether both ends spoke. */
export interface FlowCounts {
  readonly transport: number;
  readonly initiatorPort: number;
  readonly responderPort: number;
  readonly packetsOut: number;
  readonly packetsIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly isIpv6: boolean;
  /** Whether the responder is a group or everybody, from whom no answer comes to the same flow. */
  readonly toMany: boolean;
}

/**
 * Whether something was said in a flow on a registered port: over TCP more than handshakes and refusals, perhaps with the answers on another
 * way (who sends data was answered); over UDP a datagram each, or what needs no answer, or from the same port.
 */
export function isConversation(protocol: string, flow: FlowCounts): boolean {
  const { transport, initiatorPort, responderPort, packetsOut, packetsIn, bytesOut, bytesIn, isIpv6, toMany } = flow;
  const isBothWays = packetsOut > 0 && packetsIn > 0;
  if (transport === TCP) {
    const empty = isIpv6 ? LONGEST_EMPTY_PACKET.ipv6 : LONGEST_EMPTY_PACKET.ipv4;
    const carriesPayload = bytesOut > empty * packetsOut || bytesIn > empty * packetsIn;
    return carriesPayload && (isBothWays || packetsOut + packetsIn >= LEAST_ONE_WAY);
  }
  const needsNoAnswer = toMany || ONE_WAY.has(protocol) || responderPort === SNMP_TRAP_PORT;
  // Who sends from the port himself speaks the protocol.
  return isBothWays || (packetsOut > 0 && (needsNoAnswer || initiatorPort === responderPort));
}
