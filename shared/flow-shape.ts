import { CONN_STATES, TCP, UDP } from './flow.ts';

/** What a flow without payload shows of itself: whether it was answered, and whether it is a bare probe. */

/** Neither an answer nor its absence can be told. */
export const NOT_TOLD = 0;
export const ANSWERED = 1;
/** Nobody answered, or the answer was a refusal. */
export const FAILED = 2;
export type Outcome = typeof NOT_TOLD | typeof ANSWERED | typeof FAILED;

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
/** Without the flags of congestion notification. */
const PLAIN_FLAGS = 0x3f;

/** Outcome by number of the state; Zeek's meaning of the letters. */
const OUTCOME_OF_STATE: readonly Outcome[] = CONN_STATES.map((state) => {
  if (state === null) return NOT_TOLD;
  if (['S1', 'SF', 'S2', 'S3', 'RSTO', 'RSTR'].includes(state)) return ANSWERED;
  return ['S0', 'REJ', 'RSTOS0', 'SH'].includes(state) ? FAILED : NOT_TOLD;
});

const SEEN_MIDWAY = CONN_STATES.indexOf('OTH');

/** Packets of a flow that may be a probe with its repetitions. */
const PROBE_PACKETS = 8;
/** Mean IP length of packets that carry no payload: IPv6 header, TCP header with options. */
const BARE_LENGTH = 84;
/** Longest mean IP length of UDP probes. */
const UDP_PROBE_LENGTH = 120;

/**
 * Whether the initiator was answered. Backscatter (a SYN-ACK or RST that nobody asked for) and answers that came by reflection are
 * `NOT_TOLD`, never `FAILED`: the one who sent them attempted nothing.
 *
 * @param state index in CONN_STATES
 * @param flags TCP flags of both directions together
 */
export function outcomeOf(
  transport: number,
  state: number,
  flags: number,
  initiatorPort: number,
  packetsOut: number,
  packetsIn: number,
): Outcome {
  if (transport === TCP) {
    // Of a flow seen midway (OTH) the packets tell.
    if (state !== 0 && state !== SEEN_MIDWAY) return OUTCOME_OF_STATE[state] ?? NOT_TOLD;
    if (packetsOut === 0) return NOT_TOLD;
    const plain = flags & PLAIN_FLAGS;
    if (packetsIn === 0) {
      if (plain === SYN) return FAILED;
      // The answers took another way; the initiator's own flags show that it was answered.
      return (plain & SYN) !== 0 && (plain & ACK) !== 0 && (plain & (PSH | FIN)) !== 0 && packetsOut >= 3
        ? ANSWERED
        : NOT_TOLD;
    }
    if (plain === (SYN | RST | ACK)) {
      // SYN and refusal; or SYN-ACK out of a server's port and the refusal of who had not asked.
      return initiatorPort >= 1024 && packetsOut <= PROBE_PACKETS ? FAILED : NOT_TOLD;
    }
    return (plain & ACK) !== 0 && (plain & (PSH | FIN | SYN)) !== 0 ? ANSWERED : NOT_TOLD;
  }
  if (transport !== UDP || packetsOut === 0) return NOT_TOLD;
  if (packetsIn > 0) return ANSWERED;
  // Out of a server's port to somebody who is not known to have asked: answers, perhaps reflected, or among equals.
  const isServer = initiatorPort < 1024 || REFLECTOR_PORTS.has(initiatorPort) || EQUALS_PORTS.has(initiatorPort);
  return isServer || packetsOut > PROBE_PACKETS ? NOT_TOLD : FAILED;
}

/** UDP ports of services that are misused for reflection (CISA alert TA14-017A). */
export const REFLECTOR_PORTS: ReadonlySet<number> = new Set([
  17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 520, 1434, 1900, 3283, 3389, 3702, 5093, 5353, 5683, 10_001, 11_211,
  37_810,
]);

/**
 * UDP ports above 1023 of protocols among equals, which send from the port that they listen on, and answer in another flow or not at all: LISP (RFC
 * 9300, 9301), BFD (RFC 5881 9), GTP (3GPP TS 29.274, 29.281), PFCP (TS 29.244), IPsec behind NAT (RFC 3948). Who speaks from there belongs to
 * them, where a scanner asks from a port of its own (Karagiannis et al., IMC 2004, leave out equal ports of services likewise).
 */
const EQUALS_PORTS: ReadonlySet<number> = new Set([2123, 2152, 3784, 3785, 4341, 4342, 4500, 4784, 8805]);

/** Whether a flow may be a probe: few packets, and no TCP payload in either direction. */
export function isProbe(
  transport: number,
  packetsOut: number,
  bytesOut: number,
  packetsIn: number,
  bytesIn: number,
): boolean {
  if (packetsOut > PROBE_PACKETS || packetsIn > PROBE_PACKETS) return false;
  // Probes of UDP services are as short as the service allows; a client that speaks into the void sends more.
  if (transport === UDP) return packetsIn === 0 && bytesOut <= packetsOut * UDP_PROBE_LENGTH;
  return transport === TCP && bytesOut <= packetsOut * BARE_LENGTH && bytesIn <= packetsIn * BARE_LENGTH;
}

/** Addresses of groups, and the broadcast address of IPv4: nobody there refuses. */
export function isGroupAddress(a: number, b: number, c: number, d: number): boolean {
  if (a === 0 && b === 0 && c === 0xffff) return d >>> 28 === 0xe || d >>> 0 === 0xffffffff;
  return a >>> 24 === 0xff;
}

/** Ports that UDP traceroute counts up (traceroute(8): from 33,434): looking for the way, not for a service. */
export function isTracerouteProbe(transport: number, port: number): boolean {
  return transport === UDP && port >= 33_434 && port < 33_534;
}
