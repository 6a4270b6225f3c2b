import { TCP } from '../../../shared/flow.ts';
import { type BehaviourMark, told } from './behaviour-mark.ts';

/**
 * P2P without payload: Karagiannis, Broido, Faloutsos, claffy, "Transport Layer Identification of P2P Traffic", IMC 2004. Their first
 * heuristic: two hosts that use both TCP and UDP between them; their second, in the form that BLINC (Karagiannis, Papagiannaki,
 * Faloutsos, SIGCOMM 2005) gives it for a host: a host that has about as many distinct ports at the far ends as far ends, and
 * from one UDP port of its own if it speaks UDP. Ports that other services use so are left out, as there.
 */

/** Karagiannis 2004, table of excluded ports, those above 1023; and of services since then that use TCP and UDP or many clients. */
const NOT_PEERS: ReadonlySet<number> = new Set([
  1080, 1194, 1433, 1521, 1701, 1723, 1755, 1883, 1900, 1935, 2049, 3128, 3306, 3389, 3478, 3479, 3544, 4500, 5000,
  5001, 5004, 5060, 5061, 5222, 5223, 5228, 5353, 5355, 5432, 5900, 6112, 6379, 6667, 6868, 6899, 6970, 7000, 7070,
  7514, 8000, 8080, 8443, 8883, 9200, 11_211, 19_302, 27_017, 51_820,
]);

/** Peers spoken to by both TCP and UDP, from which on a host counts as one of P2P. */
const LEAST_BOTH = 3;
/** Peers with ports of their own, likewise, and the least share of distinct ports among them. */
const LEAST_PEERS = 10;
const LEAST_PORT_SHARE = 0.5;
/** Most of its own UDP ports for each peer. */
const MOST_OWN_PORT_SHARE = 0.2;

/** Whether a port may be that of a peer. */
export function isPeerPort(port: number): boolean {
  return port >= 1024 && !NOT_PEERS.has(port);
}

/** What a host did as initiator between ports of peers on one UTC day; scaled to all contacts. */
export interface PeerFigures {
  /** Peers that answered on TCP or UDP. */
  readonly peers: number;
  /** Distinct ports of these. */
  readonly peerPorts: number;
  /** Of them over UDP, and the host's distinct ports there. */
  readonly udpPeers: number;
  readonly ownPorts: number;
  /** Peers with both TCP and UDP, whoever began. */
  readonly both: number;
}

/** Marks a host's flows between ports of peers; null when it does not behave so. */
export function peerToPeer({ peers, peerPorts, udpPeers, ownPorts, both }: PeerFigures): BehaviourMark | null {
  const isBoth = both >= LEAST_BOTH;
  const isDiverse =
    peers >= LEAST_PEERS &&
    peerPorts >= LEAST_PORT_SHARE * peers &&
    (udpPeers < peers / 2 || ownPorts <= Math.max(MOST_OWN_PORT_SHARE * udpPeers, 2));
  if (!isBoth && !isDiverse) return null;
  const seen = [
    ...(isDiverse ? [`${told(peers)} peers on some ${told(peerPorts)} ports`] : []),
    ...(isBoth ? [`${told(both)} peers by both TCP and UDP`] : []),
  ];
  return {
    behaviour: 'peer-to-peer',
    category: 'p2p',
    confidence: isBoth && isDiverse ? 45 : 40,
    detail: `an end with ${seen.join(', ')} above 1023 that day (Karagiannis 2004, BLINC 2005)`,
  };
}

/** Default ports of P2P networks: Karagiannis 2004, table 1, and Transmission's, as far as nothing else is known by them. */
const NETWORK_PORTS: ReadonlySet<number> = new Set([
  1214, 4661, 4662, 4663, 4664, 4665, 4672, 6346, 6347, 6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889, 41_170,
  51_413,
]);
/** Default TCP ports of nodes of Bitcoin, its test networks, Monero and Ethereum (each project's chain parameters), likewise. */
const COIN_PORTS: ReadonlySet<number> = new Set([8333, 18_080, 18_333, 30_303, 38_333]);
/** Ethereum's nodes find each other by UDP on the same port (devp2p, Node Discovery Protocol v4). */
const DISCOVERY_PORT = 30_303;
/** Hosts on such a port from which on it is a network, not a server that happens to listen there. */
const LEAST_ON_PORT = 5;

export function isNetworkPort(port: number): boolean {
  return NETWORK_PORTS.has(port);
}

export function isCoinPort(transport: number, port: number): boolean {
  return transport === TCP ? COIN_PORTS.has(port) : port === DISCOVERY_PORT;
}

/** Marks flows to the default ports of P2P networks. @param peers hosts that answered the host there that day */
export function peersOnPort(peers: number): BehaviourMark | null {
  if (peers < LEAST_ON_PORT) return null;
  return {
    behaviour: 'peers-on-port',
    category: 'p2p',
    confidence: 40,
    detail: `default port of a P2P network, where ${told(peers)} hosts answered an end that day (ports of Karagiannis 2004, with many peers)`,
  };
}

/** Marks flows to the default ports of cryptocurrency nodes, likewise. */
export function coinNodes(peers: number): BehaviourMark | null {
  if (peers < LEAST_ON_PORT) return null;
  return {
    behaviour: 'coin-nodes',
    category: 'crypto',
    confidence: 40,
    detail: `default port of cryptocurrency nodes, where ${told(peers)} hosts answered an end that day (ports by chain parameters, with many peers)`,
  };
}
