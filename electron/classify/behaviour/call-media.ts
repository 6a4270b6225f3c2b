import { UDP } from '../../../shared/flow.ts';
import { registeredOn } from '../registered-ports.ts';
import type { BehaviourMark } from './behaviour-mark.ts';

/**
 * Media of calls: the ends that signalling (SIP, H.323, MGCP, Skinny) was answered at send it by UDP between ports that they agreed on there (SDP,
 * RFC 8866; RTP, RFC 3550), often to a third end. Told by what else a host did ("auxiliary flows": Karagiannis, Papagiannaki, Faloutsos, BLINC,
 * SIGCOMM 2005), and by packets of the sizes of voice.
 */

const CALL_CONTROL: ReadonlySet<string> = new Set(['sip', 'h323', 'mgcp', 'skinny']);

/** Whether calls are set up on a port. @param transport IP's number */
export function isCallControlPort(transport: number, port: number): boolean {
  const registered = registeredOn(transport, port);
  return registered !== null && CALL_CONTROL.has(registered.name);
}

/** IP bytes a packet: from compressed voice to 30 ms of G.711, with room for lower layers' tags. */
const LEAST_PACKET = 45;
const MOST_PACKET = 300;
/** Some tenths of a second of voice. */
const LEAST_PACKETS = 10;

/** Whether a flow between unregistered ports may be the voice of a call. Bytes are IP's. */
export function isCallMedia(transport: number, packets: number, bytes: number): boolean {
  return (
    transport === UDP && packets >= LEAST_PACKETS && bytes >= LEAST_PACKET * packets && bytes <= MOST_PACKET * packets
  );
}

/** Marks such flows of an end at which signalling was answered on the same day. */
export const CALL_MEDIA: BehaviourMark = {
  behaviour: 'call-media',
  category: 'comms',
  confidence: 35,
  detail:
    'UDP of the sizes of voice between unregistered ports, of an end at which signalling of calls was answered that day (RFC 3550, BLINC 2005)',
};
