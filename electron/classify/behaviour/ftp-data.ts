import type { BehaviourMark } from './behaviour-mark.ts';

/**
 * Data connections of FTP: in passive mode (RFC 959, 3.3) the client opens one for each file from an unprivileged port to another,
 * beside the control connection on port 21. Told by the relation of flows (Karagiannis, Papagiannaki, Faloutsos, BLINC, SIGCOMM 2005:
 * "auxiliary flows" of a pair).
 */

export const FTP_PORT = 21;

/** Marks TCP between unprivileged ports of a pair of which the client's control connection was answered on the same day. */
export const FTP_DATA: BehaviourMark = {
  behaviour: 'ftp-data',
  category: 'files',
  confidence: 35,
  detail: 'TCP between unprivileged ports of two hosts with an FTP control connection that day (RFC 959, BLINC 2005)',
};
