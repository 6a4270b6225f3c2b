/**
 * A session: what went between an initiator and one port of a responder on one UTC day, in flows that lasted; exporters cut
 * long flows into pieces, which are put together here.
 */
export interface Session {
  readonly transport: number;
  readonly port: number;
  /** Microseconds from the first piece's start to the last one's end, and covered by pieces. */
  readonly span: number;
  readonly active: number;
  /** IP bytes and packets, scaled by sampling. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly packetsOut: number;
  readonly packetsIn: number;
  /** Share of the initiator's bytes of that day in all its contacts, 0 to 1. */
  readonly shareOfHost: number;
}

/** Pieces shorter than this are not gathered, microseconds: short flows are no sessions. */
export const LEAST_PIECE = 30e6;

/** Ports of which the usual content lasts long without being a tunnel: shells, files, mail, databases, remote desktops. */
export const LASTING_SERVICES: ReadonlySet<number> = new Set([
  20, 21, 22, 23, 25, 110, 139, 143, 389, 445, 465, 515, 554, 587, 636, 873, 993, 995, 1433, 1521, 1883, 1935, 2049,
  3260, 3306, 3389, 5222, 5223, 5228, 5432, 5900, 6379, 6667, 8883, 9100, 9200, 27_017,
]);
