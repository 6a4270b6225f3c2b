import { TCP, UDP } from '../../../shared/flow.ts';
import { type BehaviourMark, megabytes, span } from './behaviour-mark.ts';
import { LASTING_SERVICES, type Session } from './sessions.ts';

/**
 * Media. One way: Rao, Lim, Barakat, Legout, Towsley, Dabbous, "Network Characteristics of Video Streaming Traffic", CoNEXT 2011: the
 * server paces what it sends at about 1.25 times the rate of the video, for minutes, in full packets; a download that is not paced
 * goes as fast as the path and ends. Both ways: packets at the pace of a codec (RFC 3551: 20 ms a packet, 10 to 60 ms in use), small,
 * and as many in either direction.
 */

const LEAST_TIME = 60e6;
/** Bit/s: from audio to video of high resolution, 1.25 times. */
const LEAST_RATE = 0.1e6;
const MOST_RATE = 20e6;
const LEAST_BYTES = 3e6;
/** IP bytes a packet. */
const FULL_PACKET = 1000;
const LEAST_RATIO = 15;

export function pacedStream(session: Session): BehaviourMark | null {
  const { transport, port, active, bytesOut, bytesIn, packetsIn } = session;
  if (transport !== TCP && transport !== UDP) return null;
  const rate = (bytesIn * 8e6) / active;
  if (LASTING_SERVICES.has(port) || active < LEAST_TIME || bytesIn < LEAST_BYTES) return null;
  if (rate < LEAST_RATE || rate > MOST_RATE) return null;
  if (bytesIn < LEAST_RATIO * bytesOut || bytesIn < packetsIn * FULL_PACKET) return null;
  return {
    behaviour: 'paced-stream',
    category: 'streaming',
    confidence: 30,
    detail: `${megabytes(bytesIn)} received in full packets over ${span(active)}, ${(rate / 1e6).toFixed(1)} Mbit/s, ${(bytesIn / Math.max(bytesOut, 1)).toFixed(0)} times what was sent: paced as media are, or a slow download (Rao 2011)`,
  };
}

/** Packets a second. */
const LEAST_PACE = 12;
const MOST_PACE = 110;
const MOST_IMBALANCE = 1.5;
const LEAST_CALL_PACKET = 45;
const MOST_CALL_PACKET = 450;

export function pacedCall(session: Session): BehaviourMark | null {
  const { transport, port, active, bytesOut, bytesIn, packetsOut, packetsIn } = session;
  if (transport !== UDP || port < 1024 || active < LEAST_TIME / 2) return null;
  const [paceOut, paceIn] = [(packetsOut * 1e6) / active, (packetsIn * 1e6) / active];
  const [least, most] = paceOut < paceIn ? [paceOut, paceIn] : [paceIn, paceOut];
  if (least < LEAST_PACE || most > MOST_PACE || most > MOST_IMBALANCE * least) return null;
  const [meanOut, meanIn] = [bytesOut / packetsOut, bytesIn / packetsIn];
  if (Math.min(meanOut, meanIn) < LEAST_CALL_PACKET || Math.max(meanOut, meanIn) > MOST_CALL_PACKET) return null;
  return {
    behaviour: 'paced-call',
    category: 'comms',
    confidence: 35,
    detail: `${paceOut.toFixed(0)} packets out and ${paceIn.toFixed(0)} in a second, ${meanOut.toFixed(0)} and ${meanIn.toFixed(0)} bytes each, for ${span(active)}: pace of a voice call, or of a game (RFC 3551)`,
  };
}
