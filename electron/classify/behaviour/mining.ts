import { TCP } from '../../../shared/flow.ts';
import { type BehaviourMark, span, told } from './behaviour-mark.ts';
import { LASTING_SERVICES, type Session } from './sessions.ts';

/**
 * Mining against a pool (Stratum), after what Russo, Šrndić, Laskov, "Detection of illicit cryptomining using network metadata"
 * (XMR-Ray), EURASIP Journal on Information Security 2021, take from flow records: one TCP connection that lasts, few packets,
 * jobs of some hundred bytes from the pool now and then, shorter shares from the miner. Push messages and chats keep connections too,
 * with emptier packets; ports that are theirs, and those of the web, are left out.
 */

const LEAST_TIME = 20 * 60e6;
/** Packets a second, both directions. */
const LEAST_PACE = 0.02;
const MOST_PACE = 3;
/** IP bytes a packet from the pool: an acknowledgement is 40 to 52, a job 250 to 1,500. */
const LEAST_MEAN_IN = 110;
const MOST_MEAN_IN = 700;
const LEAST_MEAN_OUT = 50;
const MOST_MEAN_OUT = 300;
const LEAST_COVERED = 0.7;
const WEB: ReadonlySet<number> = new Set([53, 80, 443, 8080, 8443]);

export function poolPolling(session: Session): BehaviourMark | null {
  const { transport, port, span: whole, active, bytesOut, bytesIn, packetsOut, packetsIn } = session;
  if (transport !== TCP || LASTING_SERVICES.has(port) || WEB.has(port) || active < LEAST_TIME) return null;
  if (packetsOut === 0 || packetsIn === 0 || active < LEAST_COVERED * whole) return null;
  const pace = ((packetsOut + packetsIn) * 1e6) / active;
  const [meanOut, meanIn] = [bytesOut / packetsOut, bytesIn / packetsIn];
  if (pace < LEAST_PACE || pace > MOST_PACE) return null;
  if (meanIn < LEAST_MEAN_IN || meanIn > MOST_MEAN_IN || meanOut < LEAST_MEAN_OUT || meanOut > MOST_MEAN_OUT)
    return null;
  if (bytesIn < bytesOut) return null;
  return {
    behaviour: 'pool-polling',
    category: 'crypto',
    confidence: 25,
    detail: `${told(packetsOut + packetsIn)} packets in ${span(active)}, ${meanIn.toFixed(0)} bytes each in and ${meanOut.toFixed(0)} out: jobs and shares of a mining pool, or another poll (features of XMR-Ray 2021)`,
  };
}
