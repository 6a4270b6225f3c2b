import { TCP, UDP } from '../../shared/flow.ts';
import { type Category, PROTOCOLS, UNKNOWN } from '../../shared/vocabulary.ts';

type PortsOfProtocols = Readonly<
  Record<string, { readonly tcp?: readonly number[]; readonly udp?: readonly number[] }>
>;

/**
 * What is spoken on a port by IANA's register of service names and ports, or by its maker's manual (Steam, WireGuard, Tailscale, Zoom, …), where
 * hardly anything else uses it. It names no protocol and no service; of flows of which nobody saw a payload it gives the category, as the
 * weakest evidence there is. Left out are the ports of cryptocurrency and file sharing, of which a host's many peers tell
 * (`behaviour/peer-to-peer.ts`), but for BitTorrent's search of the local network (BEP 14).
 */
const REGISTERED: PortsOfProtocols = {
  smtp: { tcp: [25, 587] },
  smtps: { tcp: [465] },
  pop3: { tcp: [110] },
  pop3s: { tcp: [995] },
  imap: { tcp: [143] },
  imaps: { tcp: [993] },
  ssh: { tcp: [22] },
  telnet: { tcp: [23, 992] },
  rdp: { tcp: [3389], udp: [3389] },
  vnc: { tcp: [5900, 5901] },
  rsh: { tcp: [512, 513, 514] },
  radmin: { tcp: [4899] },
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
  mysql: { tcp: [3306, 33_060] },
  postgresql: { tcp: [5432] },
  tds: { tcp: [1433] },
  'oracle-tns': { tcp: [1521, 2483, 2484] },
  redis: { tcp: [6379] },
  mongodb: { tcp: [27_017] },
  cassandra: { tcp: [9042] },
  elasticsearch: { tcp: [9300] },
  thrift: { tcp: [9160] },
  memcached: { tcp: [11_211], udp: [11_211] },
  amqp: { tcp: [5671, 5672] },
  kafka: { tcp: [9092] },
  mqtt: { tcp: [1883, 8883] },
  coap: { udp: [5683, 5684] },
  ipp: { tcp: [631] },
  sip: { tcp: [5060, 5061], udp: [5060] },
  h323: { tcp: [1720], udp: [1718, 1719] },
  mgcp: { udp: [2427, 2727] },
  skinny: { tcp: [2000] },
  iax: { udp: [4569] },
  stun: { tcp: [3478, 5349], udp: [3478, 3479, 3480, 3481, 5349, 19_302, 19_305] },
  mumble: { tcp: [64_738], udp: [64_738] },
  xmpp: { tcp: [5222, 5269] },
  irc: { tcp: [6665, 6666, 6667, 6668, 6669, 6697] },
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
  'knxnet-ip': { udp: [3671] },
  'profinet-io': { udp: [34_962, 34_963, 34_964] },
  fins: { tcp: [9600], udp: [9600] },
  git: { tcp: [9418] },
  dns: { tcp: [53], udp: [53] },
  dhcp: { udp: [67, 68] },
  dhcpv6: { udp: [546, 547] },
  ntp: { udp: [123] },
  snmp: { tcp: [161], udp: [161, 162] },
  bgp: { tcp: [179] },
  ldap: { tcp: [389, 636, 3268, 3269], udp: [389] },
  kerberos: { tcp: [88, 464], udp: [88, 464] },
  dcerpc: { tcp: [135] },
  netbios: { udp: [137, 138] },
  syslog: { tcp: [6514], udp: [514] },
  collectd: { udp: [25_826] },
  munin: { tcp: [4949] },
  radius: { udp: [1645, 1646, 1812, 1813, 3799] },
  diameter: { tcp: [3868] },
  ssdp: { udp: [1900] },
  mdns: { udp: [5353] },
  llmnr: { udp: [5355] },
  wsd: { udp: [3702] },
  whois: { tcp: [43] },
  ptp: { udp: [319, 320] },
  bfd: { udp: [3784, 3785, 4784] },
  hsrp: { udp: [1985] },
  glbp: { udp: [3222] },
  dlep: { tcp: [854], udp: [854] },
  openflow: { tcp: [6653] },
  bjnp: { udp: [8611, 8612] },
  ldp: { tcp: [646], udp: [646] },
  netflow: { udp: [2055, 4739] },
  sflow: { udp: [6343] },
  rmcp: { udp: [623] },
  slp: { udp: [427] },
  'nat-pmp': { udp: [5351] },
  zabbix: { tcp: [10_050, 10_051] },
  'gtp-u': { udp: [2152] },
  'gtp-c': { udp: [2123] },
  'gtp-prime': { udp: [3386] },
  pfcp: { udp: [8805] },
  capwap: { udp: [5246, 5247] },
  lisp: { tcp: [4342], udp: [4341, 4342] },
  ipsec: { udp: [500, 4500] },
  l2tp: { udp: [1701] },
  pptp: { tcp: [1723] },
  openvpn: { tcp: [1194], udp: [1194] },
  wireguard: { udp: [51_820] },
  tailscale: { udp: [41_641] },
  tinc: { tcp: [655], udp: [655] },
  teredo: { udp: [3544] },
  socks: { tcp: [1080] },
  'encrypted-dns': { tcp: [853], udp: [784, 853, 8853] },
  armagetron: { udp: [4533, 4534] },
  'source-engine': { udp: [27_015, 27_016] },
  'steam-wire': { udp: [27_017, 27_018, 27_019] },
  bittorrent: { udp: [6771] },
};

/** Likewise of services whose forms are no protocol of the vocabulary, by IANA's names or, where there is none (Spotify, Zoom), their makers'. */
const REGISTERED_SERVICES: Readonly<Partial<Record<Category, PortsOfProtocols>>> = {
  gaming: {
    blizwow: { tcp: [3724] },
    bnetgame: { tcp: [1119] },
    minecraft: { tcp: [25_565] },
    xbox: { tcp: [3074], udp: [3074] },
  },
  cloud: { 'db-lsp': { udp: [17_500] } },
  streaming: { spotify: { tcp: [4070] }, 'spotify-lan': { udp: [57_621] } },
  comms: { zoom: { udp: [8801, 8802, 8803, 8804, 8806, 8807, 8808, 8809, 8810] } },
};

/** Behind the web's ports are everybody's services: they tell something only of an end whose name is known, and no service's. */
const WEB: PortsOfProtocols = {
  http: { tcp: [80] },
  tls: { tcp: [443] },
  quic: { udp: [443] },
};

/** Protocols whose receivers do not answer to the same flow: syslog (RFC 5426), NetFlow and IPFIX (RFC 7011), sFlow, collectd, BFD (RFC 5880), traps, GTP-U. */
const ONE_WAY: ReadonlySet<string> = new Set(['syslog', 'netflow', 'sflow', 'collectd', 'bfd', 'gtp-u']);
const SNMP_TRAP_PORT = 162;
/** Searches of the local network: on these ports nothing else than what goes to everybody. */
const SEARCHES: ReadonlySet<string> = new Set(['db-lsp', 'spotify-lan']);

/** What is registered for a port: the protocol of the vocabulary, or the name of a service's port, and what it is for. */
export interface Registered {
  readonly name: string;
  readonly category: Category;
}

const keyOf = (transport: number, port: number): number => (transport << 16) | port;

function tableOf(ports: PortsOfProtocols, category: Category | null = null): [key: number, Registered][] {
  return Object.entries(ports).flatMap(([name, { tcp = [], udp = [] }]) => {
    const registered = { name, category: category ?? PROTOCOLS[name] ?? UNKNOWN };
    const keys = [...tcp.map((port) => keyOf(TCP, port)), ...udp.map((port) => keyOf(UDP, port))];
    return keys.map((key): [number, Registered] => [key, registered]);
  });
}

const REGISTERED_ON: ReadonlyMap<number, Registered> = new Map([
  ...tableOf(REGISTERED),
  ...(Object.entries(REGISTERED_SERVICES) as [Category, PortsOfProtocols][]).flatMap(([category, ports]) =>
    tableOf(ports, category),
  ),
]);
const WEB_ON: ReadonlyMap<number, Registered> = new Map(tableOf(WEB));

/** What is registered for a port; null when nothing in the table. `transport` is IP's number. */
export function registeredOn(transport: number, port: number): Registered | null {
  return REGISTERED_ON.get(keyOf(transport, port)) ?? null;
}

/** The web's protocol of a port: it tells something of an end with a name that no catalogue knows. */
export function webOn(transport: number, port: number): Registered | null {
  return WEB_ON.get(keyOf(transport, port)) ?? null;
}

/** Likewise of an end of one's own network, where nobody's services are behind the port of plain HTTP; behind that of TLS are many things. */
export function innerWebOn(transport: number, port: number): Registered | null {
  return port === 80 ? webOn(transport, port) : null;
}

/** Bytes of IP and TCP headers with all options that a handshake carries: a packet without payload is no longer. */
const LONGEST_EMPTY_PACKET = { ipv4: 60, ipv6: 80 } as const;
/** IP and UDP headers, and the shortest message that asks for something (CoAP's ping, RFC 7252 4.3). */
const SHORTEST_QUESTION = { ipv4: 28 + 4, ipv6: 48 + 4 } as const;
/** SYN, ACK and data, of a connection of which one direction was seen. */
const LEAST_ONE_WAY = 3;
const PSH = 8;
const ACK = 16;

/** What a flow's counts tell of what was said in it. */
export interface FlowCounts {
  readonly transport: number;
  readonly initiatorPort: number;
  readonly responderPort: number;
  readonly packetsOut: number;
  readonly packetsIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Of both directions together; 0 when not known. */
  readonly tcpFlags: number;
  readonly isIpv6: boolean;
  /** Whether the responder is a group or everybody, from whom no answer comes to the same flow. */
  readonly toMany: boolean;
}

/** How much was said in a flow on a registered port. */
export type Speech = 'none' | 'question' | 'conversation';

/**
 * What was said in a flow on a registered port. A conversation is over TCP data (pushed, RFC 9293 3.9.1, or more bytes than handshakes and refusals
 * have), perhaps with the answers on another way, for who sends data was answered; over UDP an answer, or what needs none, or from a port of the same
 * protocol. A question is UDP with a message that nobody was seen to answer, as exports of one direction, sampling and firewalls leave it.
 */
export function speechOf(name: string, flow: FlowCounts): Speech {
  const { transport, initiatorPort, responderPort, packetsOut, packetsIn, bytesOut, bytesIn } = flow;
  if (transport === TCP) {
    if ((flow.tcpFlags & (PSH | ACK)) === (PSH | ACK)) return 'conversation';
    const empty = flow.isIpv6 ? LONGEST_EMPTY_PACKET.ipv6 : LONGEST_EMPTY_PACKET.ipv4;
    const carriesPayload = bytesOut > empty * packetsOut || bytesIn > empty * packetsIn;
    const isSaid = carriesPayload && ((packetsOut > 0 && packetsIn > 0) || packetsOut + packetsIn >= LEAST_ONE_WAY);
    return isSaid ? 'conversation' : 'none';
  }
  if (SEARCHES.has(name)) return flow.toMany ? 'conversation' : 'none';
  if (packetsIn > 0) return 'conversation';
  if (packetsOut === 0) return 'none';
  // Who sends from the protocol's port himself speaks it.
  const needsNoAnswer = flow.toMany || ONE_WAY.has(name) || responderPort === SNMP_TRAP_PORT;
  if (needsNoAnswer || registeredOn(transport, initiatorPort)?.name === name) return 'conversation';
  const shortest = flow.isIpv6 ? SHORTEST_QUESTION.ipv6 : SHORTEST_QUESTION.ipv4;
  return bytesOut >= shortest * packetsOut ? 'question' : 'none';
}
