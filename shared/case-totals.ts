/** Key numbers of the matching flows. Bytes and packets both ways, scaled by sampling; days in the profile's zone. */
export interface CaseTotals {
  flows: number;
  /** Flows opened from inside the ranges. */
  outbound: number;
  bytes: number;
  packets: number;
  /** Distinct (host, local clock hour). */
  hostHours: number;
  hosts: number;
  /** Days on which a flow starts. */
  days: number;
}
