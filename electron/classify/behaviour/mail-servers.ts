import { TCP } from '../../../shared/flow.ts';
import { type BehaviourMark, told } from './behaviour-mark.ts';

/**
 * Mail servers by fan-in and fan-out on port 25 (the communities of mail servers in BLINC: Karagiannis, Papagiannaki, Faloutsos,
 * SIGCOMM 2005): users do not speak to port 25 of many hosts, nor many hosts to a user's. Who sends much by himself may be a
 * server or send unasked mail; this says only that it is mail.
 */

export const SMTP_PORT = 25;
/** Submission, and what users read mail with; of a host that takes part in SMTP. */
const MAIL_PORTS: ReadonlySet<number> = new Set([SMTP_PORT, 110, 143, 465, 587, 993, 995]);
const LEAST_ONE_WAY = 10;
const LEAST_BOTH_WAYS = 3;

export function isMailPort(transport: number, port: number): boolean {
  return transport === TCP && MAIL_PORTS.has(port);
}

/** @param outPeers hosts whose port 25 answered the host on the day @param inPeers hosts that its own answered */
export function mailServer(outPeers: number, inPeers: number): BehaviourMark | null {
  const isServer =
    outPeers >= LEAST_ONE_WAY ||
    inPeers >= LEAST_ONE_WAY ||
    (outPeers >= LEAST_BOTH_WAYS && inPeers >= LEAST_BOTH_WAYS);
  if (!isServer) return null;
  return {
    behaviour: 'mail-server',
    category: 'email',
    confidence: 45,
    detail: `mail port of an end that sent to ${told(outPeers)} hosts on port 25 and heard ${told(inPeers)} that day (fan-in and fan-out, BLINC 2005)`,
  };
}
