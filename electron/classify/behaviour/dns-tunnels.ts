import { type BehaviourMark, megabytes, span, told } from './behaviour-mark.ts';
import type { Session } from './sessions.ts';

/**
 * DNS tunnels in flows without names: Ellens, Żuraniewski, Sperotto, Schotanus, Mandjes, Meeuwissen, "Flow-Based Detection of DNS
 * Tunnels", AIMS 2013: bytes and packets a flow, and flows in a time, against what resolving names needs. The length of the query is
 * that of Born, Gustafson, "Detecting DNS Tunnels Using Character Frequency Analysis", 2010, and Nadler, Aminov, Shabtai, "Detection
 * of malicious and low throughput data exfiltration over the DNS protocol", Computers & Security 2019, as far as a flow shows it: a
 * tunnel fills the question with data, and has no use for a name asked before, so no answer comes from a cache.
 */

export const DNS_PORT = 53;
/** IP bytes a query from which on its name is some 80 characters or longer (IP, UDP and DNS headers, type and class, EDNS: 60). */
export const LONG_QUERY = 140;
const LEAST_LONG = 100;
const LEAST_LONG_SHARE = 0.5;

/** Of a pair of hosts on one UTC day: flows to port 53, and those with long queries. */
export function longQueries(flows: number, long: number): BehaviourMark | null {
  if (long < LEAST_LONG || long < LEAST_LONG_SHARE * flows) return null;
  return {
    behaviour: 'dns-tunnel',
    category: 'vpn',
    confidence: 35,
    detail: `${told(long)} of ${told(flows)} flows to this port 53 that day with queries of ${LONG_QUERY} bytes or more: DNS tunnel (Ellens 2013, Nadler 2019)`,
  };
}

const LEAST_PACKETS = 500;
/** Bytes a packet, both directions, above what a resolver sees. */
const LEAST_MEAN = 140;

/** A session with port 53: resolving names takes a packet each way and a new port. */
export function lastingQueries(session: Session): BehaviourMark | null {
  const { port, active, bytesOut, bytesIn, packetsOut, packetsIn } = session;
  const packets = packetsOut + packetsIn;
  const bytes = bytesOut + bytesIn;
  if (port !== DNS_PORT || packets < LEAST_PACKETS || bytes < packets * LEAST_MEAN || packetsIn === 0) return null;
  return {
    behaviour: 'dns-tunnel',
    category: 'vpn',
    confidence: 35,
    detail: `${told(packets)} packets and ${megabytes(bytes)} with one port 53 in ${span(active)}: DNS tunnel (Ellens 2013)`,
  };
}
