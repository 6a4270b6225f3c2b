import { type BehaviourMark, megabytes, span } from './behaviour-mark.ts';
import { LASTING_SERVICES, type Session } from './sessions.ts';

/**
 * Tunnels to a single server: a least time and a least volume, as in the VPN rule of Flowmon ADS, the server being nearly all that the
 * host speaks to, and an outer header's worth of bytes in the smallest packets: an acknowledgement of 40 to 52 bytes becomes 100 or
 * more inside ESP (RFC 4303), OpenVPN or WireGuard (Donenfeld, NDSS 2017), over UDP or TLS.
 */

const LEAST_TIME = 10 * 60e6;
const LEAST_BYTES = 5e6;
/** Of the host's bytes that day. */
const LEAST_SHARE = 0.8;
/** IP bytes a packet, in the mean of each direction. */
const LEAST_MEAN = 100;
/** The same in the direction of larger packets: what is carried has full packets too. */
const LEAST_LARGER_MEAN = 300;
/** Of the time from beginning to end. */
const LEAST_COVERED = 0.5;
/** Of the bytes of both directions, in the lesser one. */
const LEAST_LESSER = 0.02;
const NOT_TUNNELS: ReadonlySet<number> = new Set([...LASTING_SERVICES, 53, 80, 123, 161, 514]);

export function singleServerTunnel(session: Session): BehaviourMark | null {
  const { port, span: whole, active, bytesOut, bytesIn, packetsOut, packetsIn, shareOfHost } = session;
  const bytes = bytesOut + bytesIn;
  if (NOT_TUNNELS.has(port) || active < LEAST_TIME || bytes < LEAST_BYTES || shareOfHost < LEAST_SHARE) return null;
  if (bytesOut < packetsOut * LEAST_MEAN || bytesIn < packetsIn * LEAST_MEAN) return null;
  if (Math.max(bytesOut / packetsOut, bytesIn / packetsIn) < LEAST_LARGER_MEAN) return null;
  if (Math.min(bytesOut, bytesIn) < LEAST_LESSER * bytes || active < LEAST_COVERED * whole) return null;
  return {
    behaviour: 'single-server-tunnel',
    category: 'vpn',
    confidence: 35,
    detail: `${megabytes(bytes)} in ${span(active)} with one port of one server, ${(shareOfHost * 100).toFixed(0)} % of the host's bytes that day, no small packets: tunnel (least time and volume, Flowmon ADS)`,
  };
}
